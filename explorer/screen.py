"""How answers look: Rich in a terminal, the same as plain text in a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

T = TypeVar("T")
Row = dict[str, Any]

PROSE = 100  # columns at most
PIPED = 10_000  # columns: no row is broken where no one looks


class _Screen(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def show(shown: Iterable[RenderableType]) -> None:
    """Print to standard output."""
    screen = _Screen(markup=False, highlight=False, emoji=False)
    if not screen.is_terminal:
        screen.width = PIPED
    for part in shown:
        if isinstance(part, Whole):
            screen.print(part, soft_wrap=True)
        else:
            prose = isinstance(part, str | Padding)
            screen.print(part, width=min(PROSE, screen.width) if prose else None)


class Whole(Text):
    """A line that is not broken, so that it can be copied."""


def title(text: str, note: str = "") -> Text:
    return Text.assemble("\n", (text, "bold"), f"  {note}" if note else "")


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    """A table; columns named with a leading ">" stand to the right, the first is never broken."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for name in columns:
        first, justify = name is columns[0], "right" if name.startswith(">") else "left"
        table.add_column(name.lstrip(">"), justify=justify, no_wrap=first, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*row)
    return table


def listed(lines: Iterable[str]) -> Iterator[RenderableType]:
    for line in lines:
        yield Padding(Text(line), (0, 0, 0, 2), expand=False)


def doubt(row: Row) -> Text:
    """What a price leaves to be desired."""
    return Text(", ".join(mark for mark in ("assumed", "stale") if row.get(mark)), "yellow")
