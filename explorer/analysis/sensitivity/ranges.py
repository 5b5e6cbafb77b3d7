"""The range of each uncertain input: as stated, or as assumed if none is stated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.errors import ExplorerError
from explorer.facts.units import format_percent_briefly, quote_value
from explorer.options.base.conditions import Conditions
from explorer.workload.axes import AXES, TOTAL, check_axis, replace_axis_value, value_now
from explorer.workload.fields import FIELDS
from explorer.workload.kinds import Kind
from explorer.workload.workload import Workload

from .scenarios import PEAK, TAILS
from .tail import can_stretch, is_single_value, largest

FACTOR = 2.0  # up and down, where no range is stated
TAIL = 4.0  # upper end of a p99 in medians, where no tail is stated
FAR_OFF = 1000.0  # multiple of today's value: a bare number farther off was probably meant as a factor
TIMES = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(?:x|times)\s*")
ACCEPTED = (
    'low..high such as "400KB..2MB", factors of today\'s value such as "0.5x..3x", or "2x" for both ways'
)

UNCERTAIN = {record.path: record for record in FIELDS if record.origin}
WHOLES = [path for path, record in UNCERTAIN.items() if "." not in path and path != TOTAL]
MEASURED = (
    *WHOLES,
    *TAILS,
    TOTAL,
    *(path for path, record in UNCERTAIN.items() if record.origin == "measured" and "." in path),
)
DECISIONS = tuple(path for path, record in UNCERTAIN.items() if record.origin == "chosen")


def noun_of(field: str) -> str:
    """The name of an input in a sentence."""
    if field in TAILS:
        label = AXES[TAILS[field]].label
        return f"p99 of the {label[:1].lower()}{label[1:]}"
    record = AXES.get(field)
    if record is None:
        return field.replace("_", " ")
    label = f"{record.label[:1].lower()}{record.label[1:]}"
    return record.noun or label or field.replace("_", " ")


def kind_of(field: str) -> Kind:
    """The kind of an input's values; for a tail, that of its distribution."""
    return AXES[TAILS.get(field, field)].kind


@dataclass(frozen=True)
class Range:
    """The range of one input, in the field's base unit."""

    field: str
    now: float
    low: float
    high: float
    why: str = "given"

    @property
    def label(self) -> str:
        """The name of the input in a sentence."""
        return noun_of(self.field)

    @property
    def unit(self) -> str:
        """The unit of its values."""
        return kind_of(self.field).short

    def format_value(self, value: float) -> str:
        """A value of the input with its unit, as text."""
        kind = kind_of(self.field)
        return format_percent_briefly(value) if kind.is_share else kind.show(value)

    def spaced_values(self, count: int) -> np.ndarray:
        """`count` values from end to end, evenly spaced on a logarithmic scale."""
        return np.geomspace(self.low, self.high, count)


def names(field: str) -> str:
    """The field, if it may have a range; raises ExplorerError with the accepted names otherwise."""
    return field if field in TAILS else check_axis(field)


def today(workload: Workload, field: str) -> float:
    """Today's value of an input; raises ExplorerError for a tail that cannot be stretched."""
    if field == PEAK:
        return float(Conditions(workload).peak_rps)
    if field not in TAILS:
        return value_now(workload, field)
    spread = getattr(workload, TAILS[field]).spread
    if not can_stretch(spread):
        raise ExplorerError(
            f"range of {field}: the {TAILS[field]} is samples or has no tail: expected its median"
        )
    return float(spread.quantile(0.99))


def ranges_of(workload: Workload, stated: Mapping[str, Any] | None, fields: tuple[str, ...]) -> list[Range]:
    """The stated ranges; if none are stated, assumed ranges of `fields`.

    Raises ExplorerError naming the field, the value and what is accepted.
    """
    if stated is None:
        return list(_default_ranges(workload, fields))
    if not isinstance(stated, Mapping) or not stated:
        raise ExplorerError(f"ranges is {quote_value(stated)}: expected (low, high) by field, such as"
                            ' {"response": ("400 KB", "2 MB")}')  # fmt: skip
    return [_stated_range(workload, names(field), value) for field, value in stated.items()]


def _default_ranges(workload: Workload, fields: tuple[str, ...]) -> Iterator[Range]:
    for field in fields:
        if (now := _worth(workload, field)) is None:
            continue
        low, high = now / FACTOR, now * FACTOR
        if field in AXES and AXES[field].ends:  # a field with both ends
            low, high = max(low, kind_of(field).least), min(high, kind_of(field).most)
        why = f"assumed: {FACTOR:g} times either way"
        if field in TAILS:
            spread = getattr(workload, TAILS[field]).spread
            low, high = max(low, spread.median), min(high, largest(spread))
            if is_single_value(spread):
                low, high = now, now * TAIL
                why = f"assumed: no tail was given, up to {TAIL:g} times the median"
        try:
            _check_ends(workload, field, low, high)
        except ExplorerError:  # today's value is at the edge of the accepted values
            continue
        yield Range(field, now, low, high, why)


def _worth(workload: Workload, field: str) -> float | None:
    """Today's value of a field, None if it has none that can vary."""
    if field == "runtime.state" and not workload.runtime.divisible:
        return None
    if field == "response.compression" and workload.response.compression == 1:
        return None
    try:
        now = today(workload, field)
    except ExplorerError:
        return None
    return now if now > 0 else None


def _stated_range(workload: Workload, field: str, value: Any) -> Range:
    now = today(workload, field)
    ends = _ends(field, value)
    if len(ends) == 1:
        factor = _factor(ends[0])
        if factor is None or factor < 1:
            raise ExplorerError(f"range of {field} is {quote_value(value)}: expected {ACCEPTED}")
        low, high = now / factor, now * factor
    else:
        low, high = (_end(workload, field, end, now) for end in ends)
    if not 0 < low <= high < np.inf:
        raise ExplorerError(f"range of {field} is {quote_value(value)}: expected a low end above 0 that is"
                            " not above the high end")  # fmt: skip
    bare = not any(isinstance(end, str) and re.search("[A-Za-z]", end) for end in ends)
    if bare and (high < now / FAR_OFF or low > now * FAR_OFF):
        words = Range(field, now, low, high).format_value
        raise ExplorerError(f"range of {field} is {quote_value(value)}, {words(low)} to {words(high)}, and"
                            f" today's is {words(now)}: expected {ACCEPTED}")  # fmt: skip
    _check_ends(workload, field, low, high)
    return Range(field, now, low, high)


def _ends(field: str, value: Any) -> list[Any]:
    """The two stated ends, or the one factor."""
    if isinstance(value, str):
        ends: list[Any] = [end.strip() for end in value.split("..")]
    elif isinstance(value, list | tuple):
        ends = list(value)
    else:
        ends = []
    if not 1 <= len(ends) <= 2 or (len(ends) == 1 and not isinstance(value, str)):
        raise ExplorerError(f"range of {field} is {quote_value(value)}: expected {ACCEPTED}")
    return ends


def _factor(end: Any) -> float | None:
    match = TIMES.fullmatch(end) if isinstance(end, str) else None
    return float(match[1]) if match else None


def _end(workload: Workload, field: str, end: Any, now: float) -> float:
    """One end: a factor of today's value, or a value parsed like the field itself."""
    factor = _factor(end)
    return now * factor if factor is not None else _read(workload, field, end)


def _read(workload: Workload, field: str, end: Any) -> float:
    with suppress(ValueError, TypeError):
        end = float(end)
    try:
        if field in TAILS:
            return float(getattr(workload, TAILS[field]).parse(end))
        if field == TOTAL:
            few = Workload(requests_per_month=1, response=1, runtime=1, configuration=end)
            return value_now(few, TOTAL)
        return value_now(replace_axis_value(workload, field, end), field)
    except ExplorerError as error:
        raise ExplorerError(f"range of {field} is {str(error).partition('is ')[2] or error}") from None


def _check_ends(workload: Workload, field: str, low: float, high: float) -> None:
    """Raise ExplorerError if the field rejects one of the ends."""
    if field in TAILS:
        spread = getattr(workload, TAILS[field]).spread
        words = Range(field, 0, low, high).format_value
        least, most = float(spread.median), largest(spread)
        if low < least * (1 - 1e-12) or high > most * (1 + 1e-12):
            upto = f" to its largest value of {words(most)}" if most < np.inf else ""
            raise ExplorerError(f"range of {field} is {words(low)} to {words(high)}: expected from its median"
                                f" of {words(least)}{upto}")  # fmt: skip
        return
    for end in (low, high):
        _read(workload, field, end)
