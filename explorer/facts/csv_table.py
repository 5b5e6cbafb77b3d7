"""A CSV file read with every field checked: what is refused names the file, the line and the field.

A check gives the value of a field, or raises ValueError with what is accepted.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from explorer.errors import FactsError, UnknownIdError

from .suggestions import expected_id

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
Check = Callable[[str], Any]
Row = dict[str, Any]
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")


def text(given: str) -> str:
    """Any text but none."""
    if not given.strip():
        raise ValueError("a text")
    return given


@lru_cache(maxsize=4096)
def decimal(given: str) -> Decimal:
    """A number of 0 or more, as it is written."""
    try:
        value = Decimal(given)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise ValueError("a number, 0 or more")
    return value


def number(given: str) -> float:
    """A number of 0 or more."""
    return float(decimal(given))


def or_blank(check: Callable[[str], T]) -> Callable[[str], T | None]:
    """What `check` accepts, or nothing: None."""

    def checked(given: str) -> T | None:
        try:
            return None if given == "" else check(given)
        except ValueError as error:
            raise ValueError(f"{error}, or blank") from None

    return checked


def one_of(*accepted: str) -> Check:
    """One of a few words."""

    def checked(given: str) -> str:
        if given not in accepted:
            raise ValueError("one of " + ", ".join(accepted))
        return given

    return checked


def listed(separator: str, within: str = "") -> Check:
    """What stands between separators, each with `within` in it."""

    def checked(given: str) -> tuple[str, ...]:
        pieces = tuple(given.split(separator)) if given else ()
        if not all(piece and within in piece for piece in pieces):
            example = f"name{within}value" if within else "names"
            raise ValueError(f'{example}, with "{separator}" between two')
        return pieces

    return checked


def url(given: str) -> str:
    """The address of a source."""
    if not given.startswith("https://"):
        raise ValueError("an address that starts with https://")
    return given


@lru_cache(maxsize=1024)
def first_day(as_of: str) -> date:
    """The day at which "2026", "2026-08" or "2026-08-07" starts; ValueError for anything else."""
    match = _DATE.fullmatch(as_of)
    try:
        return date(int(match[1]), int(match[2] or 1), int(match[3] or 1))  # type: ignore[index]
    except (TypeError, ValueError):
        raise ValueError("a date: YYYY, YYYY-MM or YYYY-MM-DD") from None


def dated(given: str) -> str:
    """A day, a month or a year, as it is written."""
    first_day(given)
    return given


def refused(place: str, field: str, given: object, accepted: str) -> FactsError:
    """The error for a field that stands at `place`."""
    return FactsError(f'{place}: {field} is "{given}": expected {accepted}')


@dataclass(frozen=True, eq=False)
class Columns:
    """A table by columns, each value as its check gives it; `lines` are the lines in the file."""

    name: str
    lines: Sequence[int]
    values: dict[str, list[Any]]

    def __len__(self) -> int:
        return len(self.lines)

    def row(self, index: int) -> Row:
        """One line as a dict; its further key "place" says where it stands, for errors of several fields."""
        row = {column: values[index] for column, values in self.values.items()}
        return {"place": f"{self.name} line {self.lines[index]}", **row}


def read(path: Path, checks: Mapping[str, Check]) -> list[Row]:
    """The lines of a table, each a dict of the columns in `checks` as the checks give them, and its "place".

    Raises FactsError if there is no such table or column, or a check refuses a field.
    """
    columns = read_columns(path, checks)
    return [columns.row(index) for index in range(len(columns))]


def read_columns(path: Path, checks: Mapping[str, Check]) -> Columns:
    """The columns in `checks`; what stands in one many times is checked once. Raises as `read`."""
    try:
        content = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FactsError(f"{path} cannot be read: {error}: expected a table in UTF-8") from None
    header, numbers, texts = _parsed(path.name, content)
    if missing := [column for column in checks if column not in header]:
        accepted = ",".join(checks)
        raise FactsError(f"{path.name} line 1: no column {missing[0]}: expected {accepted}")
    columns: dict[str, list[Any]] = {}
    refusals: list[tuple[int, str, str, str]] = []
    for column, check in checks.items():
        given = texts[header.index(column)]
        values, errors = _checked(set(given), check)
        if errors:
            first = next(index for index, text in enumerate(given) if text in errors)
            refusals.append((first, column, given[first], errors[given[first]]))
        else:
            columns[column] = list(map(values.__getitem__, given))
    if refusals:
        first, column, refused_text, accepted = min(refusals, key=lambda refusal: refusal[0])
        raise refused(f"{path.name} line {numbers[first]}", column, refused_text, accepted)
    return Columns(path.name, numbers, columns)


def _checked(texts: Iterable[str], check: Check) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of the texts that `check` accepts, and what it says of the others."""
    values, errors = {}, {}
    for given in texts:
        try:
            values[given] = check(given)
        except ValueError as error:
            errors[given] = str(error)
    return values, errors


def _parsed(name: str, content: str) -> tuple[list[str], Sequence[int], list[Sequence[str]]]:
    """The header, the number of each further line, and the texts of each column."""
    if '"' not in content and "\r" not in content:  # the long table has no quotes: this is four times as fast
        lines = content.removesuffix("\n").split("\n")
        width = lines[0].count(",") + 1
        if all(line.count(",") == width - 1 for line in lines):
            flat = content.removesuffix("\n").replace("\n", ",").split(",")
            columns: list[Sequence[str]] = [flat[width + place :: width] for place in range(width)]
            return flat[:width], range(2, len(lines) + 1), columns
    reader = csv.reader(io.StringIO(content, newline=""))
    header = next(reader, [])
    numbered = [(reader.line_num, line) for line in reader]
    for number, line in numbered:
        if len(line) != len(header):
            raise FactsError(f"{name} line {number}: has {len(line)} fields: expected {len(header)}")
    columns = [[line[place] for _, line in numbered] for place in range(len(header))]
    return header, [number for number, _ in numbered], columns


def entry(table: Mapping[str, T], wanted: str, what: str) -> T:
    """The entry `wanted`. Raises UnknownIdError naming what comes near."""
    if wanted in table:
        return table[wanted]
    raise UnknownIdError(f'{what} is "{wanted}": {expected_id(wanted, table)}')


def age_days(as_of: str) -> int:
    """Days since something was seen, from the start of a month or year."""
    return (date.today() - first_day(as_of)).days


def frame_of(rows: list[Row] | dict[str, list[Any]]) -> pd.DataFrame:
    """Rows, or columns by name, with `age_days` since their `as_of`, from the start of a month or year."""
    import pandas as pd

    frame = pd.DataFrame(rows)
    return frame.assign(age_days=[age_days(as_of) for as_of in frame["as_of"]])
