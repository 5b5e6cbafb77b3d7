"""How much of a bill rests on old prices, and from when they are: said in one way everywhere."""

from __future__ import annotations

from explorer.engine.cost import Bill
from explorer.facts.csv_table import first_day
from explorer.facts.units import format_rough_share

MATTERS = 0.01  # share of a bill below which old prices are not mentioned, and their dates do not count


def old_prices_sentence(bill: Bill) -> str:
    """The share of a bill that rests on prices not seen since 2026 began, and when they were; "" if none.

    Of lines under 1 % of the bill the money counts, but not the date.

    >>> from explorer.analysis.recommendation import recommend
    >>> from explorer.workload.workload import Workload
    >>> old_prices_sentence(recommend(Workload.load("photos")).bill)
    '90 % of the bill rests on prices last seen in June 2025.'
    """
    total = float(bill.total_usd)
    old = [line for line in bill.lines if line.stale and line.usd]
    share = sum(float(line.usd) for line in old) / total if total else 0.0
    if share < MATTERS:
        return ""
    weighty = [line for line in old if float(line.usd) >= MATTERS * total] or old
    months = list(dict.fromkeys(map(_month, sorted((line.as_of for line in weighty), key=first_day))))
    when = f"in {months[0]}" if len(months) == 1 else f"between {months[0]} and {months[-1]}"
    return f"{format_rough_share(share)} of the bill rests on prices last seen {when}."


def _month(day: str) -> str:
    """The month of a date, a month or a year: "June 2025"."""
    return first_day(day).strftime("%B %Y") if len(day) > 4 else day
