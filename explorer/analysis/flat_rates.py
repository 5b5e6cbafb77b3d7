"""Flat rates: a monthly price that would replace lines of a bill, where that is cheaper."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from explorer.engine.cost import cost
from explorer.engine.designs import OPTIONS, Design
from explorer.engine.sizing import at_best_size
from explorer.facts import catalogue
from explorer.facts.units import Money, format_count, format_rough_usd

from .phrases import change_in_words

if TYPE_CHECKING:
    from explorer.engine.cost import Bill
    from explorer.options.base.usage import FlatRate

    from .choice import Choice


@dataclass(frozen=True)
class Offer:
    """A flat rate that covers a bill and costs less than the lines that it replaces."""

    name: str
    usd: Decimal  # [USD a month]
    replaced_usd: Decimal  # [USD a month], of the lines that it replaces

    @property
    def saved_usd(self) -> float:
        """What the flat rate saves [USD a month]."""
        return float(self.replaced_usd - self.usd)


def cheapest_offer(bill: Bill, design: Design) -> Offer | None:
    """The cheapest flat rate of the design's options that covers the bill and costs less; None if none does.

    Parameters
    ----------
    bill : the bill of the design
    design : the design whose options state flat rates for their lines
    """
    offers = (_offer(rate, bill) for option in design.options for rate in option.flat_rates)
    return min(filter(None, offers), key=lambda offer: offer.usd, default=None)


def cheaper_flat_rate(bill: Bill, design: Design, money: Money = format_rough_usd) -> str:
    """A sentence on the cheapest flat rate that covers the bill and costs less; "" if there is none.

    A flat rate is not part of the bill: it is agreed separately, and beyond its allowance AWS may throttle
    the service.

    Parameters
    ----------
    bill : the bill of the design
    design : the design whose options state flat rates for their lines
    money : how the amounts [USD] are written
    """
    offer = cheapest_offer(bill, design)
    if offer is None:
        return ""
    usd, replaced_usd = (money(float(amount)) for amount in (offer.usd, offer.replaced_usd))
    return f"{offer.name} would cost {usd} a month in place of {replaced_usd} of the bill."


def cheaper_at_flat_rate(r: Choice, money: Money = format_rough_usd) -> str:
    """A sentence on another feasible design that is better at its flat rate; "" if there is none.

    It is the best of those with an option that states flat rates, held against the recommended design by the
    bill with the price of the parts. `money` writes the amounts [USD].
    """
    if not r.feasible or any(option.flat_rates for option in r.nearest.options):
        return ""
    pairs = [
        (concern, key) for concern in OPTIONS for key, each in OPTIONS[concern].items() if each.flat_rates
    ]
    has_rate = (other for other in r.alternatives if any(other.design[c] == key for c, key in pairs))
    other = next(has_rate, None)
    if other is None:
        return ""
    design = Design(**other.design)
    offer = cheapest_offer(cost(r.workload, design, at_best_size(r.load, design)), design)
    if offer is None or other.score_usd - offer.saved_usd >= r.score_usd:
        return ""
    usd, flat_usd = (money(amount) for amount in (other.monthly_usd - offer.saved_usd, float(offer.usd)))
    parts = format_count(other.parts, "moving part", "no")
    change = change_in_words(design, r.nearest)
    return f"Built {change}, it would cost {usd} a month with {parts}, on {offer.name} at {flat_usd} a month."


def _offer(rate: FlatRate, bill: Bill) -> Offer | None:
    """The flat rate, if it covers the bill and is less than the lines that it replaces."""
    quantities = {line.id: line.quantity for line in bill.lines}
    most = {line: Decimal(catalogue.constant(constant).value) for line, constant in rate.allows}
    if any(quantities.get(line, Decimal(0)) > allowed for line, allowed in most.items()):
        return None
    usd = Decimal(catalogue.tariff(rate.price, bill.region).tiers[0].usd)
    lines = sum((line.usd for line in bill.lines if line.id in rate.replaces), Decimal(0))
    return Offer(rate.name, usd, lines) if usd < lines else None
