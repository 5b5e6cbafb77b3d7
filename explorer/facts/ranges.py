"""The accepted values of template properties: bounds, whole numbers, patterns, lists of values."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from .csv_table import Check, Row, cell_one_of, cell_or_blank, date_cell, refusal, text_cell, url_cell

NUMBER, LENGTH, COUNT = "number", "length", "count"


@dataclass(frozen=True, slots=True)
class Range:
    """The accepted values of one property.

    Parameters
    ----------
    types
        The resource types that have the property.
    path
        The path of names to the property; "[]" stands for each entry of a list.
    what
        The property in words, as the subject of a sentence.
    kind
        "number" for a setting, "length" for a text [characters, or bytes by the limit's unit], "count" for a
        list.
    limit, lower
        The ids of the limits that are its upper and lower bound; `lower` is the same id if the lower bound
        has no row of its own.
    least
        The lower bound if no row states it, in the limit's unit.
    has_upper
        Whether the upper bound is checked here; otherwise a separate rule checks it.
    factor
        Conversion factor from the property's unit to the limit's.
    pattern, values
        A pattern for the whole text, and the accepted texts; empty if not specified.
    model, shape
        The place in the AWS SDK's service models; empty if they state it only in words.
    as_of, source_url
        Date and address of the source.
    """

    types: tuple[str, ...]
    path: tuple[str, ...]
    what: str
    kind: str
    limit: str
    lower: str
    least: float | None
    has_upper: bool
    factor: float
    pattern: str
    values: tuple[str, ...]
    model: str
    shape: str
    as_of: str
    source_url: str


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("a number") from None


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error:
        raise ValueError("a regular expression") from None
    return text


RANGE: dict[str, Check] = {
    **dict.fromkeys(("property", "what", "limit"), text_cell),
    **dict.fromkeys(("lower", "model", "shape", "note"), str),
    **dict.fromkeys(("least", "factor"), cell_or_blank(_number)),
    **dict.fromkeys(("type", "values"), _words),
    "kind": cell_one_of(NUMBER, LENGTH, COUNT),
    "upper": cell_one_of("yes", "no"),
    "pattern": _pattern,
    "as_of": date_cell,
    "source_url": url_cell,
}


def ranges_of(rows: Iterable[Row], limits: Collection[str]) -> tuple[Range, ...]:
    """The ranges; raises FactsError for a limit without a row, or a repeated property."""
    table: list[Range] = []
    keys: set[tuple[str, str]] = set()
    for row in rows:
        for column in ("limit", "lower"):
            if row[column] and row[column] not in limits:
                raise refusal(row["place"], column, row[column], "an id of limits.csv")
        for kind in row["type"]:
            if (kind, row["property"]) in keys:
                raise refusal(row["place"], "property", row["property"], "one line a property of a type")
            keys.add((kind, row["property"]))
        table.append(
            Range(
                row["type"],
                tuple(row["property"].split(".")),
                row["what"],
                row["kind"],
                row["limit"],
                row["lower"] or row["limit"],
                row["least"],
                row["upper"] == "yes",
                row["factor"] or 1.0,
                row["pattern"],
                row["values"],
                row["model"],
                row["shape"],
                row["as_of"],
                row["source_url"],
            )
        )
    return tuple(table)
