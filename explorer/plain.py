""""""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.facts.csv_table import decimal, first_day, refused, text

from .errors import ExplorerError
from .facts import catalogue

if TYPE_CHECKING:
    import pandas as pd

    from explorer.analysis.sweep.sweep import Sweep
    from explorer.analysis.sweep.sweep_file import SweepFile


COLUMNS = ("id", "quantity")


def plain(value: Any) -> Any:
    """`value` as JSON has it; what is not a number is null."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Path):
        return str(value)
    number = float(value)
    return number if abs(number) < float("inf") else None


def usage(source: str) -> dict[str, Decimal]:
    """The quantities of a table with the columns id,quantity by id; an id given twice adds up.

    Parameters: `source`, a file in CSV, or "-" for standard input.
    Raises ExplorerError naming the file, the line, the field, the value and what is accepted.
    """
    name, content = _content(source)
    lines = csv.reader(io.StringIO(content, newline=""), strict=True)
    total: dict[str, Decimal] = {}
    try:
        header = [field.strip() for field in next(lines, [])]
        if missing := [column for column in COLUMNS if column not in header]:
            raise ExplorerError(f"{name} line 1: no column {missing[0]}: expected {','.join(COLUMNS)}")
        for line in filter(None, lines):
            price_id, quantity = _quantity(f"{name} line {lines.line_num}", header, line)
            total[price_id] = total.get(price_id, Decimal(0)) + quantity
    except csv.Error as error:
        raise ExplorerError(f"{name} line {lines.line_num}: is not CSV: {error}") from None
    return total


def _content(source: str) -> tuple[str, str]:
    """What messages call the source, and its text."""
    if source == "-":
        return "standard input", sys.stdin.read().removeprefix("\ufeff")
    try:
        return source, Path(source).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ExplorerError(
            f"{source}: no such file; expected a table with the columns id,quantity"
        ) from None
    except UnicodeDecodeError:
        raise ExplorerError(
            f"{source}: is not UTF-8; expected a table with the columns id,quantity"
        ) from None


def _quantity(place: str, header: list[str], line: list[str]) -> tuple[str, Decimal]:
    if len(line) != len(header):
        raise ExplorerError(f"{place}: has {len(line)} fields: expected {len(header)}")
    row = {column: field.strip() for column, field in zip(header, line, strict=True)}
    try:
        catalogue.free(text(row["id"]))
    except (ExplorerError, ValueError) as error:
        accepted = str(error).partition("expected ")[2] or "an id of a price"
        raise refused(place, "id", row["id"], accepted) from None
    try:
        return row["id"], decimal(row["quantity"])
    except ValueError as error:
        raise refused(place, "quantity", row["quantity"], str(error)) from None


def rows(frame: pd.DataFrame, text: str, columns: Iterable[str]) -> list[dict[str, Any]]:
    """The rows of a frame in which one of the `columns` contains `text`, in any case."""
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [r for r in records if any(text.lower() in str(r[c]).lower() for c in columns)]  # type: ignore[misc]


def prices_in(region: str) -> pd.DataFrame:
    """The prices in force in one region, a row a tier; `assumed` are those of us-east-1."""
    from datetime import date

    import pandas as pd

    tariffs = [catalogue.tariff(price_id, region) for price_id in catalogue.price_ids()]
    return pd.DataFrame(
        {
            "id": tariff.id,
            "region": region,
            "unit": tariff.unit,
            "tier_from": float(tier.start),
            "tier_to": None if tier.end is None else float(tier.end),
            "price_usd": float(tier.usd),
            "as_of": tariff.as_of,
            "source": tariff.source,
            "age_days": (date.today() - first_day(tariff.as_of)).days,
            "stale": tariff.stale,
            "assumed": tariff.assumed,
        }
        for tariff in tariffs
        for tier in tariff.tiers
    )


def forecast(found: Any) -> dict[str, Any]:
    """A forecast as JSON has it; `found` is what `explorer.forecast` returns."""
    first = found.first_breach
    return {
        "design": found.design.ids,
        "first_breach": {"month": first[0], "limit": first[1]} if first else None,
        "months": found.to_dict("records"),
        "design_changes": found.design_changes.to_dict("records"),
    }


def swept(found: Sweep | SweepFile, output: Path | None) -> dict[str, Any]:
    """A sweep as JSON has it: its axes, and at how many points each design wins."""
    return {
        "axes": {
            name: {"from": values[0], "to": values[-1], "count": len(values)}
            for name, values in found.axes.items()
        },
        "points": math.prod(found.shape),
        "winners": [
            {"design": design.ids if design else None, "points": points} for design, points in found.wins()
        ],
        "file": output,
    }
