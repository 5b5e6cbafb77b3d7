"""Numbers as people say them: "3.14 million", "80 %", "$12 a month"."""

from __future__ import annotations

import re

from explorer.facts.units import NUMBER

MULTIPLES = {
    "": 1.0,
    **dict.fromkeys(("k", "thousand"), 1e3),
    **dict.fromkeys(("m", "million", "millions"), 1e6),
    **dict.fromkeys(("b", "bn", "billion", "billions"), 1e9),
    "trillion": 1e12,
}
PER_CENT = ("%", "percent", "per cent")
TRAILS = {  # words behind a number that say no more than the field does
    *("requests", "usd", "hours", "vcpu", "entries", "calls", "x", "×", "times"),
    *("x median", "× median", "times the median"),
}
RATE_TRAILS = {  # the same for a field that is a rate, by the period in its unit
    "month": {"a month", "per month", "/month", "usd a month", "requests a month", "requests per month"},
    "s": {"a second", "per second", "/s", "rps", "requests a second", "requests per second"},
}
SPOKEN = re.compile(rf"\$?\s*({NUMBER})\s*(.*)", re.ASCII)


def spoken_number(text: str, unit: str = "") -> float | None:
    """The number of "3.14 million", "80 %", "$12 a month" or "22.5 × median"; None if it is none.

    Parameters
    ----------
    text
        As a user types it.
    unit
        Of the field, such as "requests/month"; a text with another period ("10 a second") is no number.

    Examples
    --------
    >>> spoken_number("3.14 million"), spoken_number("80 %"), spoken_number("2,000 a month", "requests/month")
    (3140000.0, 0.8, 2000.0)
    >>> spoken_number("12 bananas") is None, spoken_number("10 a second", "requests/month") is None
    (True, True)
    """
    match = SPOKEN.fullmatch(text.strip())
    if match is None:
        return None
    number, rest = float(match[1].replace("_", "").replace(",", "")), match[2].strip().casefold()
    if rest in PER_CENT:
        return float(f"{number / 100:.12g}")
    trails = TRAILS | RATE_TRAILS.get(unit.partition("/")[2], set())
    word, _, trail = rest.partition(" ")
    if word in MULTIPLES and (not trail or trail.strip() in trails):
        return float(f"{number * MULTIPLES[word]:.15g}")
    return number if rest in trails else None
