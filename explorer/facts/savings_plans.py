"""The prices that a Compute Savings Plan covers, and the share of the list price under it.

The share is the ratio of two known prices: the price under the plan and its list price. Prices without such a
pair use the nearest one and are marked `assumed`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fnmatch import fnmatchcase

from .csv_table import Check, Row, cell_one_of, refusal, text_cell
from .records import Tariff

NO_PLAN = "none"
TERM = "{term}"  # placeholder for the plan's years in a price id


@dataclass(frozen=True, slots=True)
class CoveredPrice:
    """The prices that a plan discounts, as a pattern of ids, and the two prices whose ratio is the share."""

    covers: str
    plan_price: str
    list_price: str
    kind: str
    note: str


COVERED: dict[str, Check] = {
    **dict.fromkeys(("covers", "plan_price", "list_price"), text_cell),
    "kind": cell_one_of("documented", "assumption"),
    "note": str,
}


def covered_prices(rows: Iterable[Row]) -> tuple[CoveredPrice, ...]:
    """The rows in order, of which the first that matches an id applies; raises FactsError without a term."""
    table = []
    for row in rows:
        if TERM not in row["plan_price"]:
            raise refusal(row["place"], "plan_price", row["plan_price"], f"a price id with {TERM}")
        table.append(CoveredPrice(**{name: row[name] for name in COVERED}))
    return tuple(table)


def covering_row(id: str, table: Iterable[CoveredPrice]) -> CoveredPrice | None:
    """The row that covers a price id; None if the plan does not cover it."""
    return next((row for row in table if fnmatchcase(id, row.covers)), None)


def tariff_under_plan(
    tariff: Tariff, row: CoveredPrice, plan: Tariff, full_tariff: Tariff, covered: Decimal
) -> Tariff:
    """A tariff under a plan that covers the share `covered` of the usage.

    >>> from explorer.facts import catalogue
    >>> catalogue.tariff("fargate.vcpu_linux_arm", "us-east-1", "compute-1y").tiers[0].usd
    Decimal('0.025500')
    """
    plan_usd, full = plan.tiers[0].usd, full_tariff.tiers[0].usd
    price = plan_usd * covered + full * (1 - covered)
    tiers = tuple(replace(tier, usd=tier.usd * price / full) for tier in tariff.tiers)
    assumed = tariff.assumed or row.kind == "assumption"
    source = tariff.assumed_from or (row.list_price if assumed else "")
    return replace(tariff, tiers=tiers, assumed=assumed, assumed_from=source)
