"""The axes of a workload: its numeric fields, which sweeps and forecasts vary.

An axis named after a distribution scales the distribution so that its median is the value.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np

from explorer.errors import ExplorerError, WorkloadError
from explorer.facts.suggestions import suggest
from explorer.facts.units import quote_value

from .fields import FIELDS, SPREADS, by_path, synonyms
from .kinds import LARGEST_SIZE
from .workload import Workload

TOTAL = "configuration"
ENDS_AND_COUNT, MOST = 3, 100_000
MOST_AXES = 6
REACH = 300.0  # range of a map: today's value times and divided by this factor
LEAST_REACH = 5.0  # minimum range, if a bound is nearer
BOUNDS = {"bytes": (100.0, 5e10), "seconds": (1e-3, 4e5), "requests": (1.0, 1e12)}
LEAST = 1e-9  # lower bound of scaled values, against underflow
MOST_GROWTH = 1e28  # the largest value after 50 years at 8 % a month
AXES = {record.path: record for record in FIELDS if record.is_axis}


@cache
def axis_names() -> tuple[str, ...]:
    """The names of all axes."""
    return (*SPREADS, TOTAL, *(axis for axis in AXES if axis not in (*SPREADS, TOTAL)))


def axis_unit(axis: str) -> str:
    """The unit of an axis' values; "" for counts and shares."""
    return AXES[check_axis(axis)].unit


def check_axis(axis: str) -> str:
    """The axis, if the name is one; raises ExplorerError with the accepted names otherwise."""
    if axis in axis_names():
        return axis
    raise ExplorerError(
        f'"{axis}" is not a numeric field{suggest(axis, axis_names(), synonyms(axis_names()))}'
    )


def value_now(workload: Workload, axis: str) -> float:
    """The present value of a field; for a distribution, its median.

    Raises ExplorerError for a name that is not an axis, or a field that the workload does not state.
    """
    if check_axis(axis) in SPREADS:
        return float(getattr(workload, axis).spread.median)
    value = workload.field_value(f"{TOTAL}.total" if axis == TOTAL else axis)
    if not isinstance(value, int | float):
        raise ExplorerError(f"{workload.origin} gives no {axis}: expected a value to begin from")
    return float(value)


def scale_axis(workload: Workload, axis: str, factors: np.ndarray) -> dict[str, np.ndarray]:
    """The axis at these multiples of its present value; a stated peak is scaled with its mean."""
    axes = {axis: value_now(workload, axis) * factors}
    if axis == "requests_per_month" and workload.peak_rps is not None:
        axes["peak_rps"] = workload.peak_rps * factors
    return axes


def parse_axis(workload: Workload, text: str) -> tuple[str, np.ndarray]:
    """The axis and the values of "response=1KB:200MB:200", evenly spaced on a logarithmic scale.

    The ends are parsed as in a workload file. Raises ExplorerError naming the fault.
    """
    axis, equals, values = (part.strip() for part in text.partition("="))
    parts = [part.strip() for part in values.split(":")]
    if not equals or len(parts) != ENDS_AND_COUNT or not parts[2].isdigit() or not 1 <= int(parts[2]) <= MOST:
        raise ExplorerError(f'axis is "{text}": expected FIELD=FROM:TO:COUNT, such as response=1KB:200MB:200')
    try:
        low, high = (_parse_axis_value(workload, check_axis(axis), part) for part in parts[:2])
    except WorkloadError as error:
        raise ExplorerError(f'axis is "{text}": {str(error).removeprefix(f"{workload.origin}: ")}') from None
    if not 0 < low <= high:
        raise ExplorerError(f'axis is "{text}": expected a first value above 0 that is not above the last')
    return axis, np.geomspace(low, high, int(parts[2]))


def _parse_axis_value(workload: Workload, axis: str, text: str) -> float:
    """A value, parsed like the field itself."""
    value: str | float = text
    with suppress(ValueError):
        value = float(text)
    if axis == TOTAL:
        return float(type(workload.configuration).model_validate(value).total)
    return value_now(replace_axis_value(workload, axis, value), axis)


def replace_axis_value(workload: Workload, axis: str, value: object) -> Workload:
    """The workload with another value of a field; raises WorkloadError if the field rejects it."""
    other: dict[str, object] = {}  # peak and mean must not contradict each other here
    if axis == "requests_per_month":
        other = {"peak_rps": None}
    elif axis == "peak_rps":
        other = {"requests_per_month": 1}
    return workload.replace({**other, axis: value})


def grid_axes(workload: Workload, axes: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The axes as arrays; raises ExplorerError naming the axis, the fault and what is accepted."""
    if not isinstance(workload, Workload):
        raise WorkloadError(
            f"workload is {quote_value(workload)}: expected a Workload, such as Workload.load(FILE)"
        )
    if not isinstance(axes, Mapping) or not 1 <= len(axes) <= MOST_AXES:
        count = len(axes) if isinstance(axes, Mapping) else quote_value(axes)
        raise ExplorerError(f"axes: {count}: expected 1 to {MOST_AXES}, values by field")
    grid = {}
    for axis, content in axes.items():
        check_axis(axis)
        try:
            values = np.asarray(_axis_numbers(workload, axis, content), dtype=float)
        except (TypeError, ValueError, OverflowError):
            raise ExplorerError(f"axis {axis} is {quote_value(content)}: expected numbers") from None
        if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
            raise ExplorerError(f"axis {axis} is {quote_value(content)}: expected a list of finite numbers")
        for end in (values.min(), values.max()):  # an axis accepts only values that a workload accepts
            _check_axis_value(workload, axis, float(end))
        grid[axis] = values
    return grid


def _check_axis_value(workload: Workload, axis: str, value: float) -> None:
    """Raise ExplorerError for a value that the field cannot have."""
    if axis in SPREADS:
        if not LEAST <= value <= LARGEST_SIZE:
            raise ExplorerError(
                f"axis {axis} has {value:g}: expected more than 0, from {LEAST:g} to {LARGEST_SIZE:g}"
            )
        if not value_now(workload, axis):
            raise ExplorerError(f"axis {axis}: its median is 0 in {workload.origin}: expected one to scale")
        return
    if axis != TOTAL:
        replace_axis_value(workload, axis, value)
    elif not 0 <= value <= LARGEST_SIZE:
        raise ExplorerError(f"axis {axis} has {value:g}: expected 0 or more, to {LARGEST_SIZE:g}")


def _axis_numbers(workload: Workload, axis: str, values: Any) -> Any:
    """The values; texts such as "800 KB" or "4 s" are parsed like the field itself."""
    if not isinstance(values, list | tuple) or not any(isinstance(value, str | bool) for value in values):
        return values
    if any(isinstance(value, bool) for value in values):
        raise TypeError
    return [_parse_axis_value(workload, axis, value) if isinstance(value, str) else value for value in values]


def check_growth(workload: Workload, axes: Mapping[str, np.ndarray]) -> None:
    """Raise ExplorerError if growth takes a field beyond its accepted values.

    Sizes, times and rates have wide bounds of their own; other fields those of a workload.
    """
    last_values = {axis: float(values[-1]) for axis, values in axes.items()}
    last: dict[str, object] = {}
    for axis, value in last_values.items():
        if "." in axis:
            last[axis] = round(value) if by_path()[axis].kind.is_whole else value
        elif (value or axis != TOTAL) and not LEAST <= value <= MOST_GROWTH:
            where = f"reaches {value:g} in month {len(axes[axis]) - 1}"
            raise ExplorerError(f"growth of {axis}: {where}: expected {LEAST:g} to {MOST_GROWTH:g}")
    if TOTAL in last_values:  # its contents may grow with it
        last[f"{TOTAL}.total"] = min(max(last_values[TOTAL], value_now(workload, TOTAL)), LARGEST_SIZE)
    try:
        workload.replace(last)
    except ExplorerError as error:
        raise ExplorerError(f"growth of {', '.join(last_values)}: {error}") from None


def axis_ends(workload: Workload, axis: str) -> tuple[float, float]:
    """The ends of a map: as far below today's value as above it, within the bounds."""
    now = max(value_now(workload, axis), 1e-6)
    if within := _narrow_ends(workload, axis):
        if not within[0] < within[1]:
            raise ExplorerError(
                f"{axis} can only be {within[0]:g} in {workload.origin}: expected another axis"
            )
        return within
    low, high = BOUNDS.get(axis_unit(axis), BOUNDS["requests"])
    return max(now / REACH, min(low, now / LEAST_REACH)), min(now * REACH, max(high, now * LEAST_REACH))


def _narrow_ends(workload: Workload, axis: str) -> tuple[float, float] | None:
    """The ends of a field with a narrow range, which may depend on the rest of the configuration."""
    if not axis.startswith(f"{TOTAL}."):
        return AXES[axis].ends
    configuration = workload.configuration
    fewest = max(1.0, float(configuration.secrets))
    return {
        "configuration.entries": (fewest, REACH * max(fewest, float(configuration.entries or 1))),
        "configuration.secrets": (1.0, float(configuration.entries or 1)),
    }.get(axis, (1.0, float(configuration.total)))
