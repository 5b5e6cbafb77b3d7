"""How much is said beside an answer: notes and progress on standard error, hints on standard output."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass
class Manners:
    """How much a command says beside its answer, for one run of the command line."""

    quiet: bool = False

    def set_quiet(self, quiet: bool) -> None:
        """The callback of `-q`, which may stand before the command or after it."""
        self.quiet = self.quiet or quiet


manners = Manners()


def note(line: str) -> None:
    """Say on standard error what a person may want to know; `-q` leaves it out."""
    if not manners.quiet:
        print(visible(line), file=sys.stderr)


def visible(text: str) -> str:
    """A text with nothing in it that a terminal would obey; line breaks and tabs stay."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in text)


def is_watched() -> bool:
    """Whether a person looks at standard error, and wants progress shown there."""
    return sys.stderr.isatty() and not manners.quiet
