"""Reads CSV files and checks every field; an error names the file, the line and the field.

A check returns the value of a field, or raises ValueError with what is accepted.
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


def text_cell(cell: str) -> str:
    """The text of a cell that is not blank."""
    if not cell.strip():
        raise ValueError("a text")
    return cell


@lru_cache(maxsize=4096)
def decimal_cell(cell: str) -> Decimal:
    """A number of at least 0, exactly as written."""
    try:
        value = Decimal(cell)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise ValueError("a number, 0 or more")
    return value


def number_cell(cell: str) -> float:
    """A number of at least 0."""
    return float(decimal_cell(cell))


def cell_or_blank(check: Callable[[str], T]) -> Callable[[str], T | None]:
    """A check that accepts what `check` accepts, or a blank cell, which becomes None."""

    def check_cell(cell: str) -> T | None:
        try:
            return None if cell == "" else check(cell)
        except ValueError as error:
            raise ValueError(f"{error}, or blank") from None

    return check_cell


def cell_one_of(*accepted: str) -> Check:
    """A check that accepts only these words."""

    def check_cell(cell: str) -> str:
        if cell not in accepted:
            raise ValueError("one of " + ", ".join(accepted))
        return cell

    return check_cell


def cell_yes_or_no(cell: str) -> bool:
    """Whether a cell is "yes"; the only other accepted word is "no"."""
    result: bool = cell_one_of("yes", "no")(cell) == "yes"
    return result


def cell_list(separator: str, within: str = "") -> Check:
    """A check for a list with this separator, whose items each contain `within`."""

    def check_cell(cell: str) -> tuple[str, ...]:
        pieces = tuple(cell.split(separator)) if cell else ()
        if not all(piece and within in piece for piece in pieces):
            example = f"name{within}value" if within else "names"
            raise ValueError(f'{example}, with "{separator}" between two')
        return pieces

    return check_cell


def url_cell(cell: str) -> str:
    """The address of a source."""
    if not cell.startswith("https://"):
        raise ValueError("an address that starts with https://")
    return cell


@lru_cache(maxsize=1024)
def first_day(as_of: str) -> date:
    """The first day of "2026", "2026-08" or "2026-08-07"; raises ValueError for anything else."""
    if match := _DATE.fullmatch(as_of):
        try:
            return date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
        except ValueError:  # a month of 13, a day of 31 in June
            pass
    raise ValueError("a date: YYYY, YYYY-MM or YYYY-MM-DD")


def date_cell(cell: str) -> str:
    """A day, month or year, as written."""
    first_day(cell)
    return cell


def refusal(place: str, field: str, value: object, accepted: str) -> FactsError:
    """The error for a field at `place`, the file and the line."""
    return FactsError(f'{place}: {field} is "{value}": expected {accepted}')


@dataclass(frozen=True, eq=False)
class Columns:
    """A table by columns of checked values; `lines` are the line numbers in the file."""

    name: str
    lines: Sequence[int]
    values: dict[str, list[Any]]

    def __len__(self) -> int:
        return len(self.lines)

    def row(self, index: int) -> Row:
        """One line as a dict; the additional key "place" names file and line, for errors."""
        row = {column: values[index] for column, values in self.values.items()}
        return {"place": f"{self.name} line {self.lines[index]}", **row}


def read_rows(path: Path, checks: Mapping[str, Check]) -> list[Row]:
    """The lines of a table: each a dict of the columns in `checks` with checked values, and its "place".

    Raises FactsError if a table or column is missing, or if a check rejects a field.
    """
    columns = read_columns(path, checks)
    return [columns.row(index) for index in range(len(columns))]


def read_columns(path: Path, checks: Mapping[str, Check]) -> Columns:
    """The columns in `checks`; a repeated text is checked once. Raises FactsError like `read_rows`."""
    try:
        content = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FactsError(f"{path} cannot be read: {error}: expected a table in UTF-8") from None
    header, numbers, texts = _split_csv(path.name, content)
    if missing := [column for column in checks if column not in header]:
        accepted = ",".join(checks)
        raise FactsError(f"{path.name} line 1: no column {missing[0]}: expected {accepted}")
    columns: dict[str, list[Any]] = {}
    refusals: list[tuple[int, str, str, str]] = []
    for column, check in checks.items():
        cells = texts[header.index(column)]
        values, errors = _check_cells(set(cells), check)
        if errors:
            first = next(index for index, text in enumerate(cells) if text in errors)
            refusals.append((first, column, cells[first], errors[cells[first]]))
        else:
            columns[column] = list(map(values.__getitem__, cells))
    if refusals:
        first, column, refused_text, accepted = min(refusals, key=lambda refusal: refusal[0])
        raise refusal(f"{path.name} line {numbers[first]}", column, refused_text, accepted)
    return Columns(path.name, numbers, columns)


def _check_cells(texts: Iterable[str], check: Check) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of the texts that `check` accepts, and the errors of the others."""
    values, errors = {}, {}
    for cell in texts:
        try:
            values[cell] = check(cell)
        except ValueError as error:
            errors[cell] = str(error)
    return values, errors


def _split_csv(name: str, content: str) -> tuple[list[str], Sequence[int], list[Sequence[str]]]:
    """The header, the numbers of the other lines, and the texts of each column."""
    if '"' not in content and "\r" not in content:  # without quotes, as in the long table: four times as fast
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


def table_entry(table: Mapping[str, T], id: str, what: str) -> T:
    """The entry `id`; raises UnknownIdError naming similar ids."""
    if id in table:
        return table[id]
    names = {each: getattr(row, "name", "") for each, row in table.items()}
    raise UnknownIdError(f'{what} is "{id}": {expected_id(id, names)}')


def age_days(as_of: str) -> int:
    """The days since a date; a month or year counts from its start."""
    return (date.today() - first_day(as_of)).days


def frame_with_age(rows: list[Row] | dict[str, list[Any]]) -> pd.DataFrame:
    """Rows, or columns by name, as a frame with `age_days` since their `as_of`."""
    import pandas as pd

    frame = pd.DataFrame(rows)
    return frame.assign(age_days=[age_days(as_of) for as_of in frame["as_of"]])
