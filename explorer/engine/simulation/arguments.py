"""Checks the arguments of a simulation; an error names the argument in one line."""

from __future__ import annotations

import numpy as np

from explorer.errors import ExplorerError
from explorer.facts.units import parse_time, quote_value


def numbers(name: str, value: object) -> np.ndarray:
    """`value` as an array of at least one number of 0 or more."""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise ExplorerError(f"{name}: expected numbers of 0 or more") from None
    if array.ndim != 1 or array.size == 0:
        raise ExplorerError(f"{name} has the shape {array.shape}: expected one row of numbers")
    bad = array[~(np.isfinite(array) & (array >= 0))]
    if bad.size:
        raise ExplorerError(f"{name} has {bad[0]:g}: expected numbers of 0 or more")
    return array


def above_0(name: str, value: object) -> None:
    """Raise `ExplorerError` unless the value is a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ExplorerError(f"{name} is {value!r}: expected a number above 0")


def number(
    name: str, number_or_text: object, least: float, most: float = float("inf"), above: bool = False
) -> float:
    """`number_or_text` as a number from `least` (exclusive if `above`) to `most`."""
    accepted_range = f"{'above' if above else 'of at least'} {least:g}"
    accepted_range += f", at most {most:g}" if most < float("inf") else ""
    value = number_or_text.item() if isinstance(number_or_text, np.number) else number_or_text
    if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most:
        is_endless, is_least = value == float("inf"), above and value == least
        if not is_endless and not is_least:
            return float(value)
    raise ExplorerError(f"{name} is {quote_value(value)}: expected a number {accepted_range}")


def whole(name: str, number_or_text: object, least: int, most: int | None = None) -> int:
    """`number_or_text` as a whole number from `least` to `most`."""
    value = number_or_text.item() if isinstance(number_or_text, np.number) else number_or_text
    is_over = most is not None and isinstance(value, int) and value > most
    if isinstance(value, int) and not isinstance(value, bool) and least <= value and not is_over:
        return value
    accepted_range = f"of at least {least}" if most is None else f"from {least} to {most:,}"
    raise ExplorerError(f"{name} is {quote_value(value)}: expected a whole number {accepted_range}")


def time(name: str, number_or_text: object, endless: bool = False) -> float:
    """`number_or_text` [s], or text such as "10 min", in seconds; "inf" is accepted if `endless`."""
    value = number_or_text.item() if isinstance(number_or_text, np.number) else number_or_text
    if endless and isinstance(value, str | float) and value in (float("inf"), "inf"):
        return float("inf")
    try:
        return parse_time(value)
    except ExplorerError as error:
        raise ExplorerError(f"{name} {error}") from None
