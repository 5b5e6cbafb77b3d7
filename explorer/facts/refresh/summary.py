"""The report of a refresh: sentences, and tables of old and new values."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from explorer.facts.units import format_count, format_quantity

from .result import RefreshResult, Row

Part = tuple[str, str, tuple[str, ...], list[tuple[str, ...]]]  # heading, note, columns, rows

PARTS = {  # by list of RefreshResult: its heading and note
    "changed": ("What changed", "added with today's date; the old rows stay as history"),
    "suspicious": ("Changed by more than a factor of 2", "not taken; --yes takes them"),
    "yours": ("Yours", "this account's own values, never stored as AWS's default"),
    "elsewhere": ("Other defaults", "regions that do not have what the table says"),
    "moved": ("Moved in the SDK's service models", "added as not verified; the old rows stay as history"),
    "gone": ("No longer in the SDK's service models", "the rows stay: read them again at their sources"),
    "new": ("In the SDK's service models alone", "the table has no number for them"),
    "older": (
        "Of a later release than the installed SDK",
        "it has what stood before, or nothing",
    ),
    "unlisted": ("Not found at AWS", "the rows stay as they are"),
    "unknown": ("Could not be compared", "left as they are"),
}
COLUMNS = {  # by key of a row: the heading; a leading > aligns the column to the right
    "id": "id",
    "region": "region",
    "tier_from": ">from",
    "old_usd": ">old USD",
    "usd": ">new USD",
    "old_value": ">old",
    "value": ">AWS's",
    "there": ">there",
    "yours": ">yours",
    "old_as_of": ">old as of",
    "as_of": ">as of",
    "note": "note",
    "why": "why",
    "where": "where",
    "sentence": "as it says",
}


def refresh_sentences(result: RefreshResult) -> list[str]:
    """How many rows were added, and how many did not change, in sentences."""
    addition = (
        f"Added {format_count(result.added, 'row')} to {result.path}, as of {result.as_of}; "
        "none was taken away."
    )
    if not result.added:
        addition = f"Nothing to add to {result.path}."
    again = f"; {result.confirmed} stale ones cost the same and are dated anew" if result.confirmed else ""
    unchanged_text = f"{result.unchanged} {result.table} are as they were{again}."
    models: list[str] = []
    if result.models:
        confirmed_count, silent = result.held["confirmed"], len(result.silent)
        models.append(
            f"The service models of botocore {result.models} confirm {confirmed_count}; "
            f"{silent} have no probe."
        )
    if result.not_asked:
        models.append(f"Service Quotas were not asked: {result.not_asked}.")
        return [addition, *models]
    beyond = f"{len(result.beyond)} have no match in AWS's answers here: read them at their sources."
    if result.why_beyond:
        reasons = Counter(result.why_beyond.values()).most_common()
        beyond += " Why: " + "; ".join(f"{why} ({count})" for why, count in reasons) + "."
    return [addition, *models, unchanged_text, *([beyond] if result.beyond else [])]


def refresh_tables(result: RefreshResult) -> list[Part]:
    """A table for each list that is not empty, with the columns that its rows fill."""
    return [
        (heading, note, *_refresh_table(getattr(result, name)))
        for name, (heading, note) in PARTS.items()
        if getattr(result, name)
    ]


def _refresh_table(rows: list[Row]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    columns = [key for key in COLUMNS if any(row.get(key) not in (None, "") for row in rows)]
    return tuple(COLUMNS[key] for key in columns), [
        tuple(_refresh_cell(row, key) for key in columns) for row in rows
    ]


def _refresh_cell(row: Row, key: str) -> str:
    value: Any = row.get(key)
    if value is None:
        return "none" if key in ("old_usd", "usd") else ""
    if key in ("value", "old_value", "there", "yours"):
        return format_quantity(value, row.get("unit", ""))
    return f"{value.normalize():,f}" if isinstance(value, Decimal) else str(value)
