"""Flat rates: a monthly price that would replace lines of a bill, where that is cheaper."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from explorer.facts import catalogue
from explorer.facts.units import Money, format_rough_usd

if TYPE_CHECKING:
    from explorer.engine.cost import Bill
    from explorer.engine.designs import Design
    from explorer.options.base.usage import FlatRate


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
    rates = [rate for option in design.options for rate in option.flat_rates]
    offers = [(usd, rate) for rate in rates if (usd := _price(rate, bill)) is not None]
    if not offers:
        return ""
    usd, rate = min(offers, key=lambda offer: offer[0])
    lines = sum((line.usd for line in bill.lines if line.id in rate.replaces), Decimal(0))
    return (
        f"CloudFront's flat-rate plan {_plan_name(rate.price)} would cost {money(float(usd))} a month "
        f"in place of {money(float(lines))} of the bill."
    )


def _plan_name(price_id: str) -> str:
    """The plan as AWS names it.

    >>> _plan_name("cloudfront.plan_premium_75tb")
    'Premium 75TB'
    """
    name, _, size = price_id.partition("plan_")[2].partition("_")
    return f"{name.title()} {size.upper()}".strip()


def _price(rate: FlatRate, bill: Bill) -> Decimal | None:
    """The price of the flat rate, if it covers the bill and is less than the lines that it replaces."""
    quantities = {line.id: line.quantity for line in bill.lines}
    most = {line: Decimal(catalogue.constant(constant).value) for line, constant in rate.allows}
    if any(quantities.get(line, Decimal(0)) > allowed for line, allowed in most.items()):
        return None
    usd = Decimal(catalogue.tariff(rate.price, bill.region).tiers[0].usd)
    lines = sum((line.usd for line in bill.lines if line.id in rate.replaces), Decimal(0))
    return usd if usd < lines else None
