"""What a property of a template may be: the least and the most, whole numbers, patterns, lists of values."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from .csv_table import Check, Row, cell_one_of, cell_or_blank, date_cell, refusal, text_cell, url_cell

NUMBER, LENGTH, COUNT = "number", "length", "count"


@dataclass(frozen=True, slots=True)
class Range:
    """What one property may be.

    Parameters
    ----------
    types
        The resource types that have it.
    path
        The names that lead to it; "[]" stands for each entry of a list.
    what
        It in words, as the subject of a sentence.
    kind
        "number" for a setting, "length" for a text [characters, or bytes by the limit's unit], "count" for
        a list.
    limit, lower
        The ids of the limits at its upper and its lower end; `lower` is the same where the lower end has
        no row of its own.
    least
        Its lower end where no row says it, in the limit's unit.
    has_upper
        Whether the upper end is held as well; else a rule of its own does that.
    factor
        From the property's unit to the limit's.
    pattern, values
        What a text must match as a whole, and all that are accepted; empty where nothing is laid down.
    model, shape
        Where the AWS SDK's service models say so; empty where they do in words alone.
    as_of, source_url
        When and where it was read.
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
    """The ranges. Raises FactsError for a limit without a row, and for a property that stands twice."""
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
