"""Prices usage: a Bill in Decimal for one design, and the same tariffs in floats for many designs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.errors import PriceError
from explorer.facts import catalogue, records
from explorer.facts.savings_plans import NO_PLAN
from explorer.facts.units import Number

if TYPE_CHECKING:  # pricing bare quantities needs only the prices
    import pandas as pd

    from explorer.options.base.conditions import Conditions
    from explorer.workload.workload import Workload

    from .designs import Design


ZERO = Decimal(0)
WEIGHTLESS = Decimal("1e-10")  # share of a bill below which a line is left out
LARGEST = Decimal(10) ** 18  # a larger quantity is taken for a mistake


@dataclass(frozen=True)
class BillLine:
    """One billing dimension: a quantity and what it costs in a month."""

    id: str
    quantity: Decimal  # before any free quantity
    unit: str
    usd: Decimal
    assumed: bool  # the region has no price: a related price or that of us-east-1 is used
    free: Decimal = ZERO  # subtracted by the free tier
    stale: bool = False  # last confirmed before 2026
    as_of: str = ""
    source: str = ""

    def to_dict(self) -> dict[str, str | float | bool]:
        """The line as plain values."""
        return {
            **asdict(self),
            "quantity": float(self.quantity),
            "usd": float(self.usd),
            "free": float(self.free),
        }


@dataclass(frozen=True, repr=False)
class Bill:
    """Priced usage of a month; `total_usd` is the sum of its lines.

    Examples
    --------
    >>> bill = ex.bill({"lambda.request_arm": 1_000_000, "lambda.duration_arm": 2_000})
    >>> [(line.id, float(line.usd)) for line in bill.lines]
    [('lambda.duration_arm', 0.0266668), ('lambda.request_arm', 0.2)]
    """

    lines: tuple[BillLine, ...]
    region: str

    @property
    def total_usd(self) -> Decimal:
        """The sum of the lines [USD]."""
        return sum((line.usd for line in self.lines), ZERO)

    def __repr__(self) -> str:
        return f"Bill({self.total_usd:,.2f} USD a month, {len(self.lines)} lines, {self.region})"

    def to_frame(self) -> pd.DataFrame:
        """The lines, most expensive first: id, quantity, unit, usd, assumed, free, stale, as_of, source."""
        import pandas as pd

        rows = [line.to_dict() for line in self.lines]
        frame = pd.DataFrame(rows, columns=list(BillLine.__dataclass_fields__))
        return frame.sort_values("usd", ascending=False, ignore_index=True)

    def _repr_html_(self) -> str:
        return str(self.to_frame()._repr_html_())  # type: ignore[operator]


def bill(
    usage: Mapping[str, float | Decimal],
    region: str = "us-east-1",
    free_tier: bool = False,
    discount: float = 0.0,
    savings_plan: str = NO_PLAN,
) -> Bill:
    """The bill for billable quantities by price id, in Decimal, without rounding.

    Free quantities are subtracted first, from their pool, in the order of the ids. Tiers are marginal. Where
    a region has no price of its own, a related price or that of us-east-1 is used and the line is marked
    `assumed`; a global price applies everywhere.

    Parameters
    ----------
    usage
        Quantities a month by price id, in the unit of the price.
    region
        An AWS region.
    free_tier
        Whether the free quantities are subtracted.
    discount
        Share that is taken off each price [0 to below 1].
    savings_plan
        "none", "compute-1y" or "compute-3y"; it lowers the prices that it covers, before the discount.

    Raises
    ------
    UnknownIdError
        For an unknown id or region.
    PriceError
        For a quantity that is negative or beyond the last tier with a known price.

    Examples
    --------
    >>> float(ex.bill({"lambda.request_arm": 5_000_000}).total_usd)
    1.0
    """
    if not isinstance(usage, Mapping):
        raise PriceError(f"usage is {type(usage).__name__}: expected quantities by price id")
    pools: dict[str, Decimal] = {}
    if not 0 <= discount < 1:
        raise PriceError(f"discount is {discount}: expected a share from 0 to below 1")
    keep = 1 - Decimal(str(discount))
    lines = []
    for price_id in sorted(usage, key=str):
        tariff = catalogue.tariff(price_id, region, savings_plan)
        quantity = _quantity(price_id, usage[price_id])
        free = catalogue.free(price_id, region) if free_tier else None
        free_part = ZERO
        if free:
            rest = pools.setdefault(free.pool, free.quantity)
            free_part = min(rest, quantity)
            pools[free.pool] = rest - free_part
        usd = _price_tiers(tariff, quantity - free_part) * keep
        lines.append(
            BillLine(
                price_id,
                quantity,
                tariff.unit,
                usd,
                tariff.assumed,
                free_part,
                tariff.stale,
                tariff.as_of,
                tariff.source,
            )
        )
    return Bill(tuple(lines), region)


def _quantity(price_id: str, value: float | Decimal) -> Decimal:
    try:
        quantity = Decimal(str(value))
    except ArithmeticError:
        raise PriceError(f'{price_id} has the quantity "{value}": expected a number of 0 or more') from None
    if not quantity.is_finite() or not 0 <= quantity <= LARGEST:
        raise PriceError(f"{price_id} has the quantity {value}: expected a number from 0 to {LARGEST:.0e}")
    return quantity


def _price_tiers(tariff: records.Tariff, quantity: Decimal) -> Decimal:
    last = tariff.tiers[-1].end
    if last is not None and quantity > last:
        raise PriceError(
            f"{tariff.id} has the quantity {quantity}: no price is known beyond {last} {tariff.unit}"
        )
    usd = ZERO
    for tier in tariff.tiers:
        end = quantity if tier.end is None else min(quantity, tier.end)
        usd += max(end - tier.start, ZERO) * tier.usd
    return usd


@dataclass(frozen=True, eq=False)
class Tariffs:
    """The prices of one region as floats, for many designs and workloads at once."""

    region: str
    free_tier: bool
    savings_plan: str = NO_PLAN

    def is_linear(self, price_id: str) -> bool:
        """Whether lines of this id can be priced one by one: one tier, no free pool."""
        return self.tiers(price_id) is None

    @cache  # noqa: B019  (one instance per region, kept for the process)
    def tiers(self, price_id: str) -> tuple[tuple[float, float, float], ...] | None:
        """(from, width, price) of each tier; None for a linear tariff."""
        tiers = catalogue.tariff(price_id, self.region, self.savings_plan).tiers
        if len(tiers) == 1 and tiers[0].end is None and self.free(price_id) is None:
            return None
        return tuple(
            (
                float(t.start),
                float("inf") if t.end is None else float(t.end - t.start),
                float(t.usd),
            )
            for t in tiers
        )

    @cache  # noqa: B019
    def free(self, price_id: str) -> tuple[str, float] | None:
        """The free pool of an id and its quantity; None where there is none or no free tier is used."""
        free = catalogue.free(price_id, self.region) if self.free_tier else None
        return (free.pool, float(free.quantity)) if free else None

    @cache  # noqa: B019
    def price(self, price_id: str) -> float:
        """The price of a linear tariff [USD a unit]."""
        return float(catalogue.tariff(price_id, self.region, self.savings_plan).tiers[0].usd)

    @cache  # noqa: B019
    def knots(self, price_id: str) -> tuple[float, ...]:
        """The quantities at which the price of one more unit changes, counted with the free pool first."""
        free = self.free(price_id)
        first = free[1] if free else 0.0
        return tuple(sorted({first, *(first + start for start, _, _ in self.tiers(price_id) or ())} - {0.0}))

    def least_usd(self, price_id: str, quantity: Number) -> Number:
        """A lower bound of what a quantity of one id costs [USD]: the id gets the whole of its free pool."""
        return self.tiered_usd({price_id: quantity})

    def tiered_usd(self, quantities: Mapping[str, Number]) -> Number:
        """What summed quantities by id cost [USD], with tiers and free pools."""
        usd: Number = 0.0
        pools: dict[str, Number] = {}
        for price_id in sorted(quantities):
            quantity, free = quantities[price_id], self.free(price_id)
            if free:
                rest = pools.get(free[0], free[1])
                free_part = np.minimum(rest, quantity)
                pools[free[0]], quantity = rest - free_part, quantity - free_part
            usd = usd + self._marginal_usd(self.tiers(price_id) or (), quantity)
        return usd

    @staticmethod
    def _marginal_usd(tiers: Iterable[tuple[float, ...]], quantity: Number) -> Number:
        """The sum of each tier's price times the quantity in the tier [USD].

        A tier that every quantity fills, or none reaches, is handled as a plain number, without an array.
        """
        usd: Number = 0.0
        least, most = np.min(quantity), np.max(quantity)
        for start, width, price in tiers:
            if start and most <= start:
                break
            if least >= start + width:
                usd = usd + price * width
                continue
            within = quantity - start if start else quantity
            within = np.maximum(within, 0.0) if least < start else within
            usd = usd + price * (np.minimum(within, width) if most > start + width else within)
        return usd


@cache
def tariffs(region: str, free_tier: bool, savings_plan: str = NO_PLAN) -> Tariffs:
    """The tariffs of a region, kept for the process."""
    return Tariffs(region, free_tier, savings_plan)


def usage(load: Conditions, design: Design) -> dict[str, float]:
    """The billable quantities of one design in a month, summed by price id, in the order of the concerns."""
    from explorer.options.base.usage import amount

    from .designs import Placement

    total: dict[str, float] = {}
    for option in design.options:
        placement = Placement.of(option, design.flow)
        for price_id, quantity in option.usage(placement.load(load), placement.path):
            total[price_id] = total.get(price_id, 0.0) + float(amount(quantity))
    return total


def cost(workload: Workload, design: Design, load: Conditions | None = None) -> Bill:
    """The bill of one design, without lines that have no quantity or a negligible share of the total."""
    from explorer.options.base.conditions import at_stated_size

    quantities = {name: q for name, q in usage(load or at_stated_size(workload), design).items() if q}
    preferences = workload.preferences
    whole = bill(
        quantities,
        workload.region,
        preferences.free_tier,
        preferences.discount,
        preferences.savings_plan,
    )
    least = whole.total_usd * WEIGHTLESS
    return replace(whole, lines=tuple(line for line in whole.lines if line.usd >= least or not line.usd))


def bill_to_dict(bill: Bill) -> dict[str, Any]:
    """A bill as plain values."""
    return {"total_usd": float(bill.total_usd), "lines": [line.to_dict() for line in bill.lines]}
