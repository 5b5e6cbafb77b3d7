"""The places in the AWS SDK's service models that state a limit: a bound, or a sentence with a number."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from .csv_table import Check, Row, cell_one_of, number_cell, refusal, text_cell


@dataclass(frozen=True, slots=True)
class Probe:
    """One place in a service model; `factor` converts its number to the row's unit.

    `column` is the column of `limits.csv` to compare. `read` is "max" or "min" for a bound of the shape, or
    "text": then `pattern` finds the number in its documentation.
    """

    limit: str
    column: str
    model: str
    shape: str
    read: str
    pattern: str
    factor: float


def _probe_pattern(cell: str) -> str:
    try:
        groups = re.compile(cell).groups
    except re.error:
        groups = -1
    if cell and groups != 1:
        raise ValueError("a regular expression with one group, or blank")
    return cell


PROBE: dict[str, Check] = {
    **dict.fromkeys(("limit", "model", "shape"), text_cell),
    "column": cell_one_of("value", "raised_to"),
    "read": cell_one_of("max", "min", "text"),
    "pattern": _probe_pattern,
    "factor": number_cell,
}


def probes_of(rows: Iterable[Row], limits: Collection[str]) -> tuple[Probe, ...]:
    """The probes; raises FactsError for a limit without a row, or a sentence without a pattern."""
    table: list[Probe] = []
    for row in rows:
        if row["limit"] not in limits:
            raise refusal(row["place"], "limit", row["limit"], "an id of limits.csv")
        if (row["read"] == "text") != bool(row["pattern"]):
            raise refusal(row["place"], "pattern", row["pattern"], "a pattern where read is text, else blank")
        table.append(Probe(**{name: row[name] for name in PROBE}))
    return tuple(table)
