"""Sizes, times and rates as people write them: "9 MB", "4 s", "20 Mbit/s".

As in all AWS limits, 1 KB = 1,024 B and 1 MB = 1,024 KB. Bit rates are decimal, as for networks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, TypeAlias

from explorer.errors import ExplorerError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# a number for one workload, or an array along the axes of a grid; the same expressions serve both
Number: TypeAlias = "float | NDArray[np.float64]"
Money: TypeAlias = Callable[[float], str]  # how an amount [USD] is written: roughly, or as in a table

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
ENDLESS, WITHOUT_END = "endless", "without end"  # briefly, and for a document
NEVER = 1e-9  # lower chances are written as "never": less than once in a billion requests
BITS_PER_S = {"bit/s": 1, "kbit/s": 1e3, "mbit/s": 1e6, "gbit/s": 1e9}
BYTES_PER_S = {"b/s": 1, "kb/s": 1024, "mb/s": 1024**2, "gb/s": 1024**3}

NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d[\d_]*)(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+"  # commas separate thousands
_QUANTITY = re.compile(rf"\s*({NUMBER})\s*([A-Za-z/]*)\s*", re.ASCII)


def _split_quantity(value: object, accepted: str) -> tuple[float, str]:
    """The number and the unit of `value`; a bare number has the unit ""."""
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match:
        number, unit = float(match[1].replace("_", "").replace(",", "")), match[2]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number, unit = _float(value), ""
    else:
        raise ExplorerError(f"is {quote_value(value)}: expected {accepted}")
    if not math.isfinite(number) or number < 0:
        raise ExplorerError(f"is {quote_value(value)}: expected {accepted}")
    return number, unit


def _float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def quote_value(value: object) -> str:
    """`value` as in the file, truncated if it is long."""
    if isinstance(value, str):
        text = f'"{value}"'
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        try:
            text = repr(value)
        except ValueError:  # an integer with more digits than Python prints
            text = "a very large number"
    return text if len(text) < 60 else text[:57] + "..."


def _in_base_unit(table: dict[str, float], value: object, accepted: str) -> float:
    number, unit = _split_quantity(value, accepted)
    factor = 1 if unit == "" else table.get(unit)
    if factor is None:
        raise ExplorerError(f"is {quote_value(value)}: expected {accepted}")
    return number * factor


def parse_size(value: object) -> float:
    """The bytes of a size such as "9 MB", "512KiB" or 9437184 [B].

    Raises ExplorerError if `value` is negative, not finite or not a size.
    """
    text = value.upper() if isinstance(value, str) else value
    try:
        return _in_base_unit(BYTES, text, "")
    except ExplorerError:
        accepted = 'a size such as "9 MB" or 9437184'
        raise ExplorerError(f"is {quote_value(value)}: expected {accepted}") from None


def parse_time(value: object) -> float:
    """The seconds of a time such as "250 ms", "4 s", "2h", "7 days" or 4 [s]."""
    return _in_base_unit(SECONDS, value, 'a time such as "250 ms", "4 s", "2 h", "7 days" or 4')


def parse_bandwidth(value: object) -> float:
    """The bytes per second of a rate such as "20 Mbit/s", "2 MB/s" or 2500000 [B/s]."""
    accepted = 'a bandwidth such as "20 Mbit/s" or "2 MB/s"'
    number, unit = _split_quantity(value, accepted)
    if unit.endswith(("b/s", "bps")):  # bits; bytes have a capital B
        unit = f"{unit[:-3]}bit/s"
    bits = BITS_PER_S.get(unit.lower())
    if bits is not None:
        return number * bits / 8
    if unit == "" or unit.lower() in BYTES_PER_S:
        return number * BYTES_PER_S.get(unit.lower(), 1)
    raise ExplorerError(f"is {quote_value(value)}: expected {accepted}")


def _in_largest_unit(value: float, steps: list[tuple[float, str]], digits: int) -> str:
    """`value` in the largest unit in which it is at least 1, to `digits` significant digits."""
    factor, unit = next((step for step in steps if value >= step[0] * (1 - 1e-9)), steps[-1])
    return f"{_significant_digits(value / factor, digits)} {unit}"


def _significant_digits(number: float, digits: int) -> str:
    """`number` to `digits` significant digits, with separated thousands, without trailing zeros."""
    if number == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(number))))
    text = f"{number:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_size(size_bytes: float, digits: int = 3) -> str:
    """`size_bytes` [B] as text: "4.5 MB"."""
    steps = [(1024.0**power, f"{prefix}B") for power, prefix in ((4, "T"), (3, "G"), (2, "M"), (1, "K"))]
    return _in_largest_unit(size_bytes, [*steps, (1.0, "B")], digits)


def format_time(seconds: float, digits: int = 3) -> str:
    """`seconds` [s] as text: "250 ms", "2 min"."""
    steps = [(86400.0, "days"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms")]
    if 86400 * (1 - 1e-9) <= seconds < 86400 * 1.005:
        return "1 day"
    return _in_largest_unit(seconds, steps, digits)


def format_times_apart(seconds: float, other: float) -> tuple[str, str]:
    """Two different times [s] to as many digits as tell them apart, three at least.

    >>> format_times_apart(2.0004, 2), format_times_apart(470.2, 2)
    (('2.0004 s', '2 s'), ('7.84 min', '2 s'))
    """
    texts = (format_time(seconds), format_time(other))
    for digits in range(4, 16):
        if texts[0] != texts[1] or seconds == other:
            break
        texts = (format_time(seconds, digits), format_time(other, digits))
    return texts


def format_bandwidth(bytes_per_s: float) -> str:
    """`bytes_per_s` [B/s] as "20 Mbit/s"."""
    return _in_largest_unit(
        bytes_per_s * 8, [(1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s"), (1.0, "bit/s")], 3
    )


def format_usd(usd: float) -> str:
    """`usd` [USD] with decimals by size: "$1,234", "$12.34", "$0.0042"."""
    if abs(usd) >= 1000:
        return f"${usd:,.0f}"
    if abs(usd) >= 0.01 or usd == 0:
        return f"${_cents(usd):,}"
    return f"${_significant_digits(usd, 2)}"


def _cents(usd: float | Decimal) -> Decimal:
    """`usd` [USD] to the cent, half up, as on an invoice."""
    return Decimal(str(usd)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def format_rough_usd(usd: float) -> str:
    """`usd` [USD] for a summary, to three digits: "$13,600", "$661", "$2.23", "less than a cent".

    >>> format_rough_usd(13_642.2), format_rough_usd(660.82), format_rough_usd(0.0002), format_rough_usd(0)
    ('$13,600', '$661', 'less than a cent', 'nothing')
    """
    if usd == 0:
        return "nothing"
    if abs(usd) < 0.01:
        return "less than a cent"
    rounded = float(Context(prec=3, rounding=ROUND_HALF_UP).create_decimal(str(usd)))
    places = 0 if rounded == round(rounded) else min(2, 2 - math.floor(math.log10(abs(usd))))
    return f"${rounded:,.{places}f}"


def format_usd_in_words(usd: float) -> str:
    """`usd` [USD] for a sentence beside tables and pictures, rounded as there.

    >>> format_usd_in_words(13_642.2), format_usd_in_words(660.82), format_usd_in_words(0.0002)
    ('$13,642', '$660.82', 'less than a cent')
    >>> format_usd_in_words(0)
    'nothing'
    """
    return "nothing" if usd == 0 else "less than a cent" if abs(usd) < 0.01 else format_usd(usd)


def format_usd_briefly(usd: float) -> str:
    """`usd` [USD] for a bar of a picture or a tile: "$660.82", "under $0.01".

    >>> format_usd_briefly(660.824), format_usd_briefly(8e-05), format_usd_briefly(0)
    ('$660.82', 'under $0.01', '$0.00')
    """
    return "under $0.01" if 0 < usd < 0.005 else format_usd(usd) if usd >= 1000 else f"${_cents(usd):,}"


def format_cents(usd: float | Decimal) -> str:
    """`usd` [USD] to the cent, half up as on an invoice: "1,234.57"; lower amounts are "under 0.01"."""
    cents = _cents(usd)
    return f"{cents:,}" if cents or not usd else "under 0.01"


def format_signed_cents(usd: float) -> str:
    """A difference for a column [USD], always with a sign: "+1,234.57", "−0.50"."""
    return f"{'−' if usd < 0 else '+'}{_cents(abs(usd)):,}"


def format_signed_usd(usd: float) -> str:
    """A difference for a line [USD], always with a sign: "+$1,235", "-$0.50", "+$0.00"."""
    return f"{'-' if usd < 0 else '+'}{format_usd(abs(usd))}"


def format_usd_difference(usd: float, money: Money = format_rough_usd) -> str:
    """A difference for a sentence [USD a month]; less than a cent is "as much".

    >>> format_usd_difference(12.341), format_usd_difference(-5), format_usd_difference(-0.004)
    ('$12.3 a month more', '$5 a month less', 'as much')
    >>> format_usd_difference(12.341, format_usd_in_words)
    '$12.34 a month more'
    """
    if abs(usd) < 0.01:
        return "as much"
    return f"{money(abs(usd))} a month {'more' if usd > 0 else 'less'}"


def format_usd_a_month(usd: float) -> str:
    """`usd` [USD a month] for a sentence: "nothing", "less than a cent", "$5.00 a month"."""
    return format_usd_in_words(usd) + (" a month" if abs(usd) >= 0.01 else "")


def format_unit_price(usd: float) -> str:
    """The price of one unit [USD], for small prices of a million: "$0.09", "$0.2 per million"."""
    if usd >= 0.01:
        return f"${usd:.4g}"
    return f"${usd * 1e6:.4g} per million" if usd else "$0"


def plural(count: int, thing: str) -> str:
    """The word for `count` things: "part" for 1, else "parts"."""
    return thing if count == 1 else f"{thing}s"


def format_count(count: int, thing: str, none: str = "0") -> str:
    """The number of things, `none` for 0: "1 part", "1,200 parts", "no parts"."""
    return f"{f'{count:,}' if count else none} {plural(count, thing)}"


def format_billed_quantity(quantity: Decimal) -> str:
    """A billed quantity with enough decimals to check by hand: "3,000,000", "12.50", "0.0042"."""
    if quantity >= 10**6 or quantity == quantity.to_integral_value():
        return f"{quantity:,.0f}"
    return f"{quantity:,.2f}" if quantity >= 1 else format_number(float(quantity))


def split_unit(unit: str) -> tuple[str, str]:
    """A billed unit and how it is counted: "requests (64 KB each)" gives "requests" and "64 KB each"."""
    name, _, counting = unit.removesuffix(")").partition(" (")
    return name, counting


def format_number(number: float, endless: str = ENDLESS) -> str:
    """A count or rate: "3 million", "12,500", "0.45"; `endless` if it is infinite."""
    if not math.isfinite(number):
        return endless
    for factor, word in ((1e9, " billion"), (1e6, " million")):
        if number >= factor:
            return _significant_digits(number / factor, 3) + word
    return _significant_digits(number, 3)


def format_multiple(factor: float) -> str:
    """A multiple of today's value, before "today's": "3 times", "1/3 of"."""
    return f"{format_number(factor)} times" if factor >= 0.095 else f"1/{format_number(1 / factor)} of"


def format_multiple_briefly(factor: float) -> str:
    """A multiple of today's value under the heading "times today's": "3 ×", "0.34 ×", "1/158"."""
    return format_multiple(factor).replace(" times", " ×").removesuffix(" of")


def format_factor(factor: float, sign: str = " ×") -> str:
    """A multiple of today's value, briefly: "3 ×", "1/3"; "1.003 ×" beside it, and "today's" for 1."""
    if factor == 1:
        return "today's"
    return f"{_number_beside_1(factor)}{sign}" if factor >= 1 else f"1/{_number_beside_1(1 / factor)}"


def _number_beside_1(number: float) -> str:
    """A multiple to three digits, or as many as tell it from 1."""
    texts = (_significant_digits(number, digits) for digits in range(3, 9))
    return format_number(number) if abs(number - 1) > 0.01 else next((t for t in texts if t != "1"), "1")


SYMBOLS = {"seconds": "s"}  # symbols of units that fields and limits spell out
FORMATS: dict[str, Callable[[float], str]] = {"bytes": format_size, "seconds": format_time, "s": format_time}
SEVERAL = re.compile(r"^1 ([a-z]{3,})s\b")  # the singular for one
LARGE = {"GB": BYTES["GB"], "TiB": BYTES["TIB"]}  # size units in the tables
LARGER_SIZES = {"GB": BYTES["GB"], "GiB": BYTES["GIB"], "TiB": BYTES["TIB"]}  # above those of memory
SIZES = {"MB": BYTES["MB"], **LARGER_SIZES}  # all size units


def format_quantity(value: float, unit: str) -> str:
    """`value` with its `unit` as in `data/limits.csv`: "9 MB", "1 request", "5 TB"."""
    if unit in FORMATS:
        return FORMATS[unit](value)
    if unit in LARGE:
        return format_size(value * LARGE[unit])
    return SEVERAL.sub(r"1 \1", f"{format_number(value)} {unit}")


def format_quantity_at_length(value: float, unit: str) -> str:
    """`value` with its `unit` for a document: every size in the unit that fits it, to three digits.

    Memory stays in MB, as AWS and workload files state it.

    >>> format_quantity_at_length(6291456, "bytes"), format_quantity_at_length(1769, "MB")
    ('6 MB', '1,769 MB')
    >>> format_quantity_at_length(48.8, "TiB"), format_quantity_at_length(40e6, "bytes/s")
    ('48.8 TB', '38.1 MB/s')
    >>> format_quantity_at_length(1.3, "factor")
    'a factor of 1.3'
    """
    if not math.isfinite(value):
        return WITHOUT_END
    if unit == "bytes/s":
        return f"{format_size(value)}/s"
    if unit == "factor":
        return f"a factor of {format_number(value)}"
    return format_size(value * LARGER_SIZES[unit]) if unit in LARGER_SIZES else format_quantity(value, unit)


def format_quantity_as_listed(value: float, unit: str) -> str:
    """`value` with its `unit`, briefly; only sizes and times change the table's unit: "1 requests"."""
    if not math.isfinite(value):
        return ENDLESS
    return FORMATS[unit](value) if unit in FORMATS else f"{format_number(value)} {unit}"


def format_bare_quantity(value: float, unit: str) -> str:
    """`value` where the unit is shown elsewhere: "9 MB", but "1,000" requests."""
    return FORMATS[unit](value) if unit in FORMATS and math.isfinite(value) else format_number(value)


def format_share(share: float) -> str:
    """A probability as text: "0", "0.04 %", "1 in 12 million", "100 %"."""
    if share <= 0:
        return "0"
    if share < 1e-9:
        return "less than 1 in a billion"
    if share < 1e-5:
        return f"1 in {format_number(float(f'{1 / share:.2g}'))}"
    if 0.99995 <= share < 1:
        return "nearly all"
    return f"{_significant_digits(100 * share, 2 if share < 0.1 else 3)} %"


def format_chance(chance: float) -> str:
    """A chance as text: "never" if it is less than once in a billion requests."""
    return "never" if chance < NEVER else format_share(chance)


def format_chance_briefly(chance: float) -> str:
    """A chance, briefly: "" for never, "< 0.001 %", "0.04 %", "100 %"."""
    if chance < 1e-5:
        return "" if chance < NEVER else "< 0.001 %"
    return format_share(chance) if chance < 0.9995 else "100 %"


def format_part(share: float) -> str:
    """A share of several things for a sentence: "none", "4 %", "all"."""
    return "none" if share == 0 else "all" if share == 1 else format_share(share)


def format_percent(share: float) -> str:
    """A chosen share, exactly: "99.9 %"."""
    return f"{100 * share:.6g} %"


def format_percent_briefly(share: float) -> str:
    """A computed share to three digits; near 1, three digits of the difference to 1: "50 %", "99.87 %"."""
    missing = 1 - share
    return format_percent(float(f"{share:.3g}") if share < 0.9 else 1 - float(f"{missing:.3g}"))


def format_rough_share(share: float) -> str:
    """The share of a limit that is used: "16 %", "23 times", "under 1 %"."""
    if not math.isfinite(share):
        return WITHOUT_END
    if share >= 2:
        return f"{format_number(float(f'{share:.3g}'))} times"
    return f"{100 * share:.0f} %" if share >= 0.01 or not share else "under 1 %"


def label_rough_share(share: float) -> str:
    """The share of a limit, for a line of a picture: three digits, "over 10,000 times", "under 1 %"."""
    if share >= 1e4:
        return "over 10,000 times"
    if share >= 2:
        return f"{format_number(float(f'{share:.3g}'))} times"
    return f"{100 * share:.0f} %" if share >= 0.01 else "under 1 %"
