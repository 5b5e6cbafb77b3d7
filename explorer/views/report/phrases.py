"""Numbers, limits and reasons as a document says them."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

from explorer.analysis.rejections import Reason
from explorer.engine.cost import BillLine
from explorer.engine.designs import Design
from explorer.engine.limits import Finding
from explorer.facts import catalogue
from explorer.facts.units import format_number, format_quantity, format_share, format_size
from explorer.options.base.option import Option
from explorer.workload.fields import NEEDS as EVERY_NEED

IN_BYTES = {"MB": 1024**2, "GB": 1024**3, "GiB": 1024**3, "TiB": 1024**4}  # units of limits that are sizes
UNBOUNDED = "without end"
NEEDS = {  # what a client may need of a door, as a sentence has it
    "custom-domain": "custom domain",
    "waf": "WAF",
    "usage-plans": "usage plans",
    "private": "private access",
}


def quantity(value: float, unit: str) -> str:
    """A limit's value or use, a size in the unit that fits it."""
    if not math.isfinite(value):
        return UNBOUNDED
    return format_size(value * IN_BYTES[unit]) if unit in IN_BYTES else format_quantity(value, unit)


def used_share(found: Finding) -> float:
    """The share of its limit that the p99 uses."""
    if not found.limit_value:
        return math.inf if found.used_p99 else 0.0
    return found.used_p99 / found.limit_value


def named_limit(limit_id: str) -> str:
    """ "integration timeout of 30 s (API Gateway HTTP API)"."""
    row = catalogue.limit(limit_id)
    word = row.name.split()[0]
    name = row.name[:1].lower() + row.name[1:] if word[1:].islower() else row.name
    return f"{name} of {quantity(row.value or 0.0, row.unit)} ({row.service})"


def used_of(found: Finding) -> str:
    """ "4 MB of 6 MB"."""
    return f"{quantity(found.used_p99, found.unit)} of {quantity(found.limit_value, found.unit)}"


def percent(share: float) -> str:
    """A share of a limit for people: "16 %", "23 times"."""
    if not math.isfinite(share):
        return UNBOUNDED
    if share >= 2:
        return f"{format_number(share)} times"
    return f"{100 * share:.0f} %" if share >= 0.01 or not share else "under 1 %"


def amount(quantity: Decimal) -> str:
    """A billed quantity with the places that a check by hand needs."""
    if quantity >= 10**6 or quantity == quantity.to_integral_value():
        return f"{quantity:,.0f}"
    return f"{quantity:,.2f}" if quantity >= 1 else format_number(float(quantity))


def cents(usd: float | Decimal) -> str:
    """USD to the cent, halves up as on an invoice."""
    rounded = Decimal(str(usd)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{rounded:,}" if rounded or not usd else "under 0.01"


def signed(usd: float) -> str:
    """A difference in USD, always with its sign."""
    return f"{'−' if usd < 0 else '+'}{abs(usd):,.2f}"


def counted(count: int, what: str) -> str:
    """ "no parts", "1 part", "3 parts"."""
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def priced(line: BillLine, region: str) -> tuple[str, str]:
    """The price of one; of several tiers the first and the last, and what falls into each."""
    billed = line.quantity - line.free
    reached = [
        tier for tier in catalogue.tariff(line.id, region).tiers if billed > tier.start or not tier.start
    ]
    prices = [f"{tier.usd.normalize():f}" for tier in reached]
    if len(reached) == 1:
        return prices[0], ""
    widths = [(billed if tier.end is None else min(billed, tier.end)) - tier.start for tier in reached]
    terms = (f"{amount(width)} × {price}" for width, price in zip(widths, prices, strict=True))
    return f"{prices[0]} to {prices[-1]}", " + ".join(terms)


def ruled_out(reason: Reason, chosen: Design) -> str:
    """The options that a reason rules out; what makes it bind beside those that it binds."""
    listed: dict[str, str] = {}
    for option in reason.options:
        concern, _, name = option.partition("=")
        listed[concern] = f"{listed[concern]}, {name}" if concern in listed else name
    bodies = ", ".join(listed.pop(concern) for concern in ("request", "response") if concern in listed)
    if bodies and "door" in listed:
        bodies = f"{bodies} behind {listed.pop('door')}"
    work = listed.pop("execution", "")
    if chosen.configuration in listed.get("configuration", "").split(", "):
        work = f"{work} with {listed.pop('configuration')}" if work else listed.pop("configuration")
    elif "configuration" in listed:
        work = ""
    return "; ".join(filter(None, (bodies, work, *listed.values()))) or "several together"


def because(reason: Reason, chosen: Design) -> str:
    """What a reason rules out, and why."""
    if reason.kind != "limit":
        return f"{ruled_out(reason, chosen)}: {reason.why}"
    chance = format_share(reason.breach_probability or 0.0)
    return f"{ruled_out(reason, chosen)}: {chance} of the requests exceed the {named_limit(reason.because)}"


def lacks(door: Option) -> str:
    """What a door does not offer of all that a client may need; "" if it offers all."""
    lacking = [NEEDS.get(need, need) for need in EVERY_NEED if need not in getattr(door, "offers", ())]
    if not lacking:
        return ""
    *most, last = lacking
    listed = f"{', '.join(most)} or {last}" if most else last
    return sentence(f"{door.summary} has no {listed} of its own")


def sentence(text: str, end: str = ".") -> str:
    """`text` with a capital and, unless it has one, an end."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "`")) else end)


def one_line(text: str) -> str:
    """`text` on one line, without what cannot be printed."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())
