"""AWS rules without a number: which bodies arrive as base64, who may call, what excludes what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .csv_table import Check, Row, cell_yes_or_no, date_cell, refusal, text_cell, url_cell


@dataclass(frozen=True, slots=True)
class Rule:
    """One AWS rule.

    `applies_to` is a door, an option, "template" or "limit"; `values` are its words if it is a list; `rule`
    is the rule as a sentence.
    """

    applies_to: str
    subject: str
    values: tuple[str, ...]
    rule: str
    verified: bool
    as_of: str
    source_url: str
    notes: str


def _words_of_cell(cell: str) -> tuple[str, ...]:
    return tuple(cell.split())


RULE: dict[str, Check] = {
    **dict.fromkeys(("applies_to", "subject", "rule"), text_cell),
    "values": _words_of_cell,
    "verified": cell_yes_or_no,
    "as_of": date_cell,
    "source_url": url_cell,
    "notes": str,
}


def rules_of(rows: Iterable[Row]) -> dict[tuple[str, str], Rule]:
    """The rules by what they apply to and their subject; raises FactsError for a repeated pair."""
    table: dict[tuple[str, str], Rule] = {}
    for row in rows:
        key = row["applies_to"], row["subject"]
        if key in table:
            raise refusal(row["place"], "subject", row["subject"], "one line a subject of each")
        table[key] = Rule(**{name: row[name] for name in RULE})
    return table
