"""Output besides an answer: notes and progress on standard error, hints on standard output."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass
class Manners:
    """How much a command prints besides its answer, for one run of the command line."""

    quiet: bool = False

    def set_quiet(self, quiet: bool) -> None:
        """The callback of `-q`, valid before or after the command."""
        self.quiet = self.quiet or quiet


manners = Manners()


def note(line: str) -> None:
    """Print a note on standard error; `-q` suppresses it."""
    if not manners.quiet:
        print(visible(line), file=sys.stderr)


def visible(text: str) -> str:
    """A text without terminal control characters; line breaks and tabs stay."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in text)


def is_watched() -> bool:
    """Whether standard error is a terminal, and progress is wanted."""
    return sys.stderr.isatty() and not manners.quiet
