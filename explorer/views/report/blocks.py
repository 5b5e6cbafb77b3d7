"""What a document is made of: cells, tables, and the sources that it cites."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from explorer.facts.csv_table import first_day


@dataclass(frozen=True)
class Cell:
    """One field of a table. Text between backticks is code."""

    text: str
    note: str = ""  # in small type beneath
    kind: str = ""  # code, source, or a verdict: how it is shown
    share: float | None = None  # 0 to 1, drawn as a bar
    url: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under a caption; `numbers` are the columns that are aligned to the right."""

    caption: str
    head: tuple[str, ...]
    rows: list[list[Cell]]
    numbers: frozenset[int]
    total: list[Cell]
    look: str = ""  # wide: many columns; bill: figures in small type


def table(
    caption: str,
    head: str,
    rows: Iterable[Sequence[Cell | str]],
    total: Sequence[Cell | str] = (),
    look: str = "",
) -> Table:
    """A table; `head` names the columns, parted by " | ", those of numbers after a ">"."""
    names = head.split(" | ")
    numbers = frozenset(i for i, name in enumerate(names) if name.startswith(">"))
    cells = [_row_cells(row) for row in rows]
    return Table(caption, tuple(name.lstrip(">") for name in names), cells, numbers, _row_cells(total), look)


def _row_cells(row: Sequence[Cell | str]) -> list[Cell]:
    return [cell if isinstance(cell, Cell) else Cell(cell) for cell in row]


@dataclass
class Source:
    """One place where facts were read: when, and which."""

    number: int
    place: str
    days: set[str] = field(default_factory=set)
    facts: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Its address; "" where it is the name of a price list."""
        return self.place if self.place.startswith("https://") else ""

    @property
    def dates(self) -> str:
        """When it was seen, oldest first."""
        return ", ".join(sorted(self.days))


class Sources:
    """The places that a document cites, numbered as they come, and the dates of all its facts."""

    def __init__(self) -> None:
        self._by_place: dict[str, Source] = {}
        self._dates: set[str] = set()

    def cite(self, place: str | None, as_of: str, fact: str) -> Cell:
        """The cell that cites `place` for a fact; its date alone if it has none."""
        if as_of:
            self._dates.add(as_of)
        if not place:
            return Cell(as_of)
        source = self._by_place.setdefault(place, Source(len(self._by_place) + 1, place))
        source.days.add(as_of)
        source.facts.add(fact)
        return Cell(f"[{source.number}]", as_of, "source", url=source.url)

    def __iter__(self) -> Iterator[Source]:
        return iter(self._by_place.values())

    @property
    def newest(self) -> str:
        """The newest date among the facts that were used."""
        return max(self._dates, key=lambda as_of: (first_day(as_of), as_of))
