"""What a person is told of a refresh: sentences, and tables of old beside new."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from explorer.facts.units import format_count, format_quantity

from .result import Refreshed, Row

Part = tuple[str, str, tuple[str, ...], list[tuple[str, ...]]]  # heading, note, columns, rows

PARTS = {  # a list of Refreshed: its heading and note
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
COLUMNS = {  # of a row: its heading; a leading > stands to the right
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


def sentences(found: Refreshed) -> list[str]:
    """What was done, and how much was left as it was."""
    done = (
        f"Added {format_count(found.added, 'row')} to {found.path}, as of {found.as_of}; none was taken away."
    )
    if not found.added:
        done = f"Nothing to add to {found.path}."
    again = f"; {found.confirmed} stale ones cost the same and are dated anew" if found.confirmed else ""
    left = f"{found.unchanged} {found.table} are as they were{again}."
    models: list[str] = []
    if found.models:
        confirmed, silent = found.held["confirmed"], len(found.silent)
        models.append(
            f"The service models of botocore {found.models} confirm {confirmed}; {silent} have no probe."
        )
    if found.not_asked:
        models.append(f"Service Quotas were not asked: {found.not_asked}.")
        return [done, *models]
    beyond = f"{len(found.beyond)} have no match in AWS's answers here: read them at their sources."
    if found.why_beyond:
        reasons = Counter(found.why_beyond.values()).most_common()
        beyond += " Why: " + "; ".join(f"{why} ({count})" for why, count in reasons) + "."
    return [done, *models, left, beyond] if found.beyond else [done, *models, left]


def parts(found: Refreshed) -> list[Part]:
    """A table for each list that is not empty, with the columns that its rows fill."""
    return [
        (heading, note, *_table(getattr(found, name)))
        for name, (heading, note) in PARTS.items()
        if getattr(found, name)
    ]


def _table(rows: list[Row]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    used = [key for key in COLUMNS if any(row.get(key) not in (None, "") for row in rows)]
    return tuple(COLUMNS[key] for key in used), [tuple(_cell(row, key) for key in used) for row in rows]


def _cell(row: Row, key: str) -> str:
    value: Any = row.get(key)
    if value is None:
        return "none" if key in ("old_usd", "usd") else ""
    if key in ("value", "old_value", "there", "yours"):
        return format_quantity(value, row.get("unit", ""))
    return f"{value.normalize():,f}" if isinstance(value, Decimal) else str(value)
