"""Sizes, times and rates as people write them: "9 MB", "4 s", "20 Mbit/s".

AWS counts 1 KB = 1,024 B and 1 MB = 1,024 KB in every limit; so does this module. Bit rates are
decimal, as networks are sold.
"""

from __future__ import annotations

import math
import re
from typing import Any

from explorer.errors import ExplorerError

BYTES = {
    "B": 1,
    "BYTE": 1,
    "BYTES": 1,
    **{
        prefix + suffix: 1024**power for power, prefix in enumerate("KMGT", start=1) for suffix in ("B", "IB")
    },
}
SECONDS = {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1,
    "sec": 1,
    "second": 1,
    "seconds": 1,
    "min": 60,
    "minute": 60,
    "minutes": 60,
    "h": 3600,
    "hour": 3600,
    "hours": 3600,
    "d": 86400,
    "day": 86400,
    "days": 86400,
}
BITS_PER_S = {"bit/s": 1, "kbit/s": 1e3, "mbit/s": 1e6, "gbit/s": 1e9}
BYTES_PER_S = {"b/s": 1, "kb/s": 1024, "mb/s": 1024**2, "gb/s": 1024**3}

NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d[\d_]*)(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+"  # commas part thousands
_QUANTITY = re.compile(rf"\s*({NUMBER})\s*([A-Za-z/]*)\s*", re.ASCII)


def _split(given: object, accepted: str) -> tuple[float, str]:
    """The number and the unit of `given`; a bare number has the unit ""."""
    match = _QUANTITY.fullmatch(given) if isinstance(given, str) else None
    if match:
        number, unit = float(match[1].replace("_", "").replace(",", "")), match[2]
    elif isinstance(given, int | float) and not isinstance(given, bool):
        number, unit = _float(given), ""
    else:
        raise ExplorerError(f"is {shown(given)}: expected {accepted}")
    if not math.isfinite(number) or number < 0:
        raise ExplorerError(f"is {shown(given)}: expected {accepted}")
    return number, unit


def _float(given: int | float) -> float:
    try:
        return float(given)
    except OverflowError:
        return math.inf


def shown(given: object) -> str:
    """`given` as the file has it, cut where it is long."""
    if isinstance(given, str):
        text = f'"{given}"'
    elif isinstance(given, bool):
        text = str(given).lower()
    else:
        try:
            text = repr(given)
        except ValueError:  # an integer of more digits than Python prints
            text = "a very large number"
    return text if len(text) < 60 else text[:57] + "..."


def _in(table: dict[str, float], given: object, accepted: str) -> float:
    number, unit = _split(given, accepted)
    factor = 1 if unit == "" else table.get(unit)
    if factor is None:
        raise ExplorerError(f"is {shown(given)}: expected {accepted}")
    return number * factor


def parse_size(given: object) -> float:
    """Bytes of a size such as "9 MB", "512KiB" or 9437184 [B].

    Raises ExplorerError if `given` is negative, not finite or not a size.
    """
    text = given.upper() if isinstance(given, str) else given
    try:
        return _in(BYTES, text, "")
    except ExplorerError:
        accepted = 'a size such as "9 MB" or 9437184'
        raise ExplorerError(f"is {shown(given)}: expected {accepted}") from None


def parse_time(given: object) -> float:
    """Seconds of a time such as "250 ms", "4 s", "2h", "7 days" or 4 [s]."""
    return _in(SECONDS, given, 'a time such as "250 ms", "4 s", "2 h", "7 days" or 4')


def parse_bandwidth(given: object) -> float:
    """Bytes a second of a rate such as "20 Mbit/s", "2 MB/s" or 2500000 [B/s]."""
    accepted = 'a bandwidth such as "20 Mbit/s" or "2 MB/s"'
    number, unit = _split(given, accepted)
    if unit.endswith(("b/s", "bps")):  # as networks are sold; bytes have a capital B
        unit = f"{unit[:-3]}bit/s"
    bits = BITS_PER_S.get(unit.lower())
    if bits is not None:
        return number * bits / 8
    if unit == "" or unit.lower() in BYTES_PER_S:
        return number * BYTES_PER_S.get(unit.lower(), 1)
    raise ExplorerError(f"is {shown(given)}: expected {accepted}")


def _scaled(value: float, steps: list[tuple[float, str]], digits: int) -> str:
    """`value` in the largest unit that it fills once, to `digits` significant digits."""
    factor, unit = next((step for step in steps if value >= step[0] * (1 - 1e-9)), steps[-1])
    return f"{_short(value / factor, digits)} {unit}"


def _short(number: float, digits: int) -> str:
    """`number` to `digits` significant digits, thousands parted, without trailing zeros."""
    if number == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(number))))
    text = f"{number:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_size(size_bytes: float, digits: int = 3) -> str:
    """`size_bytes` [B] as people say it: "4.5 MB"."""
    steps = [(1024.0**power, f"{prefix}B") for power, prefix in ((4, "T"), (3, "G"), (2, "M"), (1, "K"))]
    return _scaled(size_bytes, [*steps, (1.0, "B")], digits)


def format_time(seconds: float, digits: int = 3) -> str:
    """`seconds` [s] as people say it: "250 ms", "2 min"."""
    steps = [(86400.0, "days"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms")]
    if 86400 * (1 - 1e-9) <= seconds < 86400 * 1.005:
        return "1 day"
    return _scaled(seconds, steps, digits)


def format_bandwidth(bytes_per_s: float) -> str:
    """`bytes_per_s` [B/s] as "20 Mbit/s"."""
    return _scaled(bytes_per_s * 8, [(1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s"), (1.0, "bit/s")], 3)


def format_usd(usd: float) -> str:
    """`usd` [USD] with as many places as its size deserves: "$1,234", "$12.34", "$0.0042"."""
    if abs(usd) >= 1000:
        return f"${usd:,.0f}"
    if abs(usd) >= 0.01 or usd == 0:
        return f"${usd:,.2f}"
    return f"${_short(usd, 2)}"


def format_number(number: float) -> str:
    """A count or rate: "3 million", "12,500", "0.45"."""
    for factor, word in ((1e9, " billion"), (1e6, " million")):
        if number >= factor:
            return _short(number / factor, 3) + word
    return _short(number, 3)


FORMATS = {"bytes": format_size, "seconds": format_time, "s": format_time}
SEVERAL = re.compile(r"^1 ([a-z]{3,})s\b")  # one thing is named in the singular
LARGE = {"GB": BYTES["GB"], "TiB": BYTES["TIB"]}  # units of sizes in the tables


def format_quantity(value: float, unit: str) -> str:
    """`value` with its `unit` as `data/limits.csv` names it."""
    if unit in FORMATS:
        return FORMATS[unit](value)
    if unit in LARGE:
        return format_size(value * LARGE[unit], 4)
    return SEVERAL.sub(r"1 \1", f"{format_number(value)} {unit}")


def format_share(share: float) -> str:
    """A probability for people: "0", "0.04 %", "1 in 12 million", "100 %"."""
    if share <= 0:
        return "0"
    if share < 1e-9:
        return "less than 1 in a billion"
    if share < 1e-5:
        return f"1 in {format_number(1 / share)}"
    if 0.99995 <= share < 1:
        return "nearly all"
    return f"{_short(100 * share, 2 if share < 0.1 else 3)} %"


Number = Any  # a float, or an array of them: the same expressions serve both
