"""Layout of answers: Rich in a terminal, the same as plain text in a pipe."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from .manners import is_watched, manners, visible

Row = dict[str, Any]

PROSE = 90  # columns at most
PIPED = 10_000  # columns; in a pipe, no row is wrapped
GAP = 2  # between two columns of a table
LEAST_PROSE = 16  # columns of a sentence in a table


class _Screen(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The printed text; control characters in foreign texts are removed."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


def show(parts: Iterable[RenderableType]) -> None:
    """Print to standard output."""
    colours: Any = None if os.environ.get("NO_COLOR") else "auto"
    screen = _Screen(markup=False, highlight=False, emoji=False, color_system=colours)
    if not screen.is_terminal:
        screen.width = PIPED
    for part in parts:
        if isinstance(part, SideNote) and manners.quiet:
            continue
        if isinstance(part, UnwrappedLine):
            screen.print(part, soft_wrap=True)
        else:
            prose = isinstance(part, str | Padding | Prose)
            screen.print(part, width=min(PROSE, screen.width) if prose else None)


class UnwrappedLine(Text):
    """A line that is not wrapped, so that it can be copied."""


class Prose(Text):
    """A paragraph, no wider than is easy to read."""


class SideNote(UnwrappedLine):
    """A line besides the answer: what was written, what comes next. `-q` suppresses it."""


def title(text: str, note: str = "", first: bool = False) -> Text:
    """A heading, after an empty line except for the first."""
    return Text.assemble("" if first else "\n", (text, "bold"), f"  {note}" if note else "")


class Fitted:
    """A table for any width: words wrap, spare columns are dropped, numbers are never broken."""

    def __init__(
        self, columns: Sequence[str], rows: Iterable[Sequence[str | Text]], spared: Sequence[str]
    ) -> None:
        self.names = [name.lstrip(">~") for name in columns]
        self.right = [name.startswith(">") for name in columns]
        self.wraps = [not name.startswith(">") or name.startswith(">~") for name in columns]
        self.rows = [[Text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
        self.spared = [self.names.index(name) for name in spared]
        cells = [[row[i].plain for row in self.rows] for i in range(len(columns))]
        heads = [_longest_word(name) for name in self.names]
        words = [max(map(_longest_word, column), default=0) for column in cells]
        whole = [max(map(cell_len, column), default=0) for column in cells]
        self.least = [
            max(head, max(word, min(most, LEAST_PROSE)) if wraps else most)
            for head, word, most, wraps in zip(heads, words, whole, self.wraps, strict=True)
        ]
        self.most = [max(cell_len(name), most) for name, most in zip(self.names, whole, strict=True)]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table, fitted to the available width."""
        widths = self._widths(options.max_width)
        table = Table(
            box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True, header_style="bold"
        )
        for i, width in widths.items():
            justify: JustifyMethod = "right" if self.right[i] else "left"
            table.add_column(self.names[i], justify=justify, width=width, overflow="fold")
        for row in self.rows:
            table.add_row(*(row[i] for i in widths))
        yield table

    def _widths(self, room: int) -> dict[int, int]:
        """The width of each column that is kept."""
        columns = list(range(len(self.names)))
        for spared in self.spared:
            if sum(self.least[i] for i in columns) + GAP * (len(columns) - 1) > room:
                columns.remove(spared)
        widths, room = {i: self.most[i] for i in columns}, room - GAP * (len(columns) - 1)
        for least in (self.least, [LEAST_PROSE // 2] * len(self.names)):  # then break words
            while sum(widths.values()) > room:
                wide = [i for i in columns if widths[i] > (least[i] if self.wraps[i] else self.least[i])]
                if not wide:
                    break
                widths[max(wide, key=widths.__getitem__)] -= 1
        return widths


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]], spared: Sequence[str] = ()) -> Fitted:
    """A table; a column name with a leading ">" is right-aligned and not wrapped.

    With ">~" it is right-aligned and wrapped. Narrow screens drop the `spared` columns in this order.
    """
    return Fitted(columns, rows, spared)


def indented_lines(lines: Iterable[str]) -> Iterator[RenderableType]:
    """The lines, each indented."""
    for line in lines:
        yield Padding(Text(line), (0, 0, 0, 2), expand=False)


def price_marks(row: Row) -> Text:
    """The weaknesses of a price as a note."""
    return Text(", ".join(mark for mark in ("assumed", "stale") if row.get(mark)), "yellow")


T = TypeVar("T")


def with_progress(jobs: Sequence[T], doing: str = "Writing") -> Iterable[T]:
    """Iterate over jobs, with progress on standard error if it is a terminal."""
    if len(jobs) == 1 or not is_watched():
        return jobs
    from rich.progress import track

    return track(jobs, doing, console=Console(stderr=True), transient=True)


def written_files(*paths: Path) -> Iterator[RenderableType]:
    """The files that were written."""
    return (SideNote(f"Wrote {path}") for path in paths)
