"""The elements of a document: cells, tables, and cited sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from explorer.facts.csv_table import first_day

AWS = r"https://([\w.-]+\.)?(aws\.amazon|amazonaws|awsstatic)\.com/|https://github\.com/(aws|awslabs|boto)/"


@dataclass(frozen=True)
class Cell:
    """One field of a table. Text between backticks is code."""

    text: str
    note: str = ""  # in small type beneath
    kind: str = ""  # code, source, or a verdict: selects its style
    share: float | None = None  # 0 to 1, drawn as a bar
    url: str = ""


@dataclass(frozen=True)
class Table:
    """Rows with a caption; `numbers` are the right-aligned columns."""

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
    """A table; `head` has the column names separated by " | ", with ">" before columns of numbers."""
    names = head.split(" | ")
    numbers = frozenset(i for i, name in enumerate(names) if name.startswith(">"))
    cells = [_row_cells(row) for row in rows]
    return Table(caption, tuple(name.lstrip(">") for name in names), cells, numbers, _row_cells(total), look)


def _row_cells(row: Sequence[Cell | str]) -> list[Cell]:
    return [cell if isinstance(cell, Cell) else Cell(cell) for cell in row]


@dataclass
class Source:
    """One source of facts: its dates, and the facts."""

    number: int
    place: str
    days: set[str] = field(default_factory=set)
    facts: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Its URL; "" if it is the name of a price list."""
        return self.place if self.place.startswith("https://") else ""

    @property
    def is_aws(self) -> bool:
        """Whether it is from AWS: its pages, its price list, or the service models of its SDK."""
        return re.match(AWS, self.place) is not None

    @property
    def dates(self) -> str:
        """Its access dates, oldest first."""
        return ", ".join(sorted(self.days))


class Sources:
    """The sources that a document cites, numbered in order, and the dates of all its facts."""

    def __init__(self, before: Iterable[Source] = ()) -> None:
        """An empty list; sources of `before` keep their numbers, AWS's own first."""
        places = sorted(before, key=lambda source: not source.is_aws)
        self._by_place = {s.place: Source(number, s.place) for number, s in enumerate(places, 1)}
        self._dates: set[str] = set()

    def cite(self, place: str | None, as_of: str, fact: str) -> Cell:
        """A cell that cites `place` for a fact; only the date if there is no place."""
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
        """The newest date among the cited facts."""
        return max(self._dates, key=lambda as_of: (first_day(as_of), as_of))
