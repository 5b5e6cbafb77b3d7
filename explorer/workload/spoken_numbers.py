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
TRAILS = {  # what may stand behind a number, and says no more than the field does
    *("a month", "per month", "/month", "a second", "per second", "/s", "rps", "requests", "usd", "hours"),
    *("usd a month", "requests a month", "requests a second", "vcpu", "entries", "x", "×", "times"),
    *("x median", "× median", "times the median", "calls"),
}
SPOKEN = re.compile(rf"\$?\s*({NUMBER})\s*(.*)", re.ASCII)


def spoken_number(text: str) -> float | None:
    """The number of "3.14 million", "80 %", "$12 a month" or "22.5 × median"; None if it is none.

    >>> spoken_number("3.14 million"), spoken_number("80 %"), spoken_number("2,000 a month")
    (3140000.0, 0.8, 2000.0)
    >>> spoken_number("12 bananas") is None
    True
    """
    match = SPOKEN.fullmatch(text.strip())
    if match is None:
        return None
    number, rest = float(match[1].replace("_", "").replace(",", "")), match[2].strip().casefold()
    if rest in PER_CENT:
        return float(f"{number / 100:.12g}")
    word, _, trail = rest.partition(" ")
    if word in MULTIPLES and (not trail or trail.strip() in TRAILS):
        return float(f"{number * MULTIPLES[word]:.15g}")
    return number if rest in TRAILS else None
