"""A CSV file read with every field checked: what is refused names the file, the line and the field.

A check gives the value of a field, or raises ValueError with what is accepted.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from explorer.errors import FactsError

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


def read(path: Path, checks: Mapping[str, Check]) -> list[Row]:
    """The lines of a table, each a dict of the columns in `checks` as the checks give them.

    Its further key "place" says where the line stands, for errors that more than one field makes.

    Raises FactsError if there is no such table or column, or a check refuses a field.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.reader(file)
            header = next(lines, [])
            numbered = [(f"{path.name} line {lines.line_num}", line) for line in lines]
    except (OSError, UnicodeDecodeError) as error:
        raise FactsError(f"{path} cannot be read: {error}: expected a table in UTF-8") from None
    if missing := [column for column in checks if column not in header]:
        accepted = ",".join(checks)
        raise FactsError(f"{path.name} line 1: no column {missing[0]}: expected {accepted}")
    fields = [(header.index(column), column, check) for column, check in checks.items()]
    for place, line in numbered:
        if len(line) != len(header):
            raise FactsError(f"{place}: has {len(line)} fields: expected {len(header)}")
    return [_row(place, line, fields) for place, line in numbered]


def _row(place: str, line: list[str], fields: list[tuple[int, str, Check]]) -> Row:
    row: Row = {"place": place}
    for index, column, check in fields:
        try:
            row[column] = check(line[index])
        except ValueError as error:
            raise refused(place, column, line[index], str(error)) from None
    return row
