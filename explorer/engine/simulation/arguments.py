"""What a simulation may be given, each refused in one line that names it."""

from __future__ import annotations

from typing import Any

import numpy as np

from explorer.errors import ExplorerError
from explorer.facts.units import parse_time, quote_value


def numbers(name: str, given: Any) -> np.ndarray:
    """`given` as numbers of 0 or more, at least one."""
    try:
        found = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        raise ExplorerError(f"{name}: expected numbers of 0 or more") from None
    if found.ndim != 1 or found.size == 0:
        raise ExplorerError(f"{name} has the shape {found.shape}: expected one row of numbers")
    bad = found[~(np.isfinite(found) & (found >= 0))]
    if bad.size:
        raise ExplorerError(f"{name} has {bad[0]:g}: expected numbers of 0 or more")
    return found


def above_0(name: str, given: Any) -> None:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given < float("inf"):
        raise ExplorerError(f"{name} is {given!r}: expected a number above 0")


def number(name: str, given: Any, least: float, most: float = float("inf"), above: bool = False) -> float:
    """`given` as a number from `least` (`above` it) to `most`."""
    said = f"{'above' if above else 'of at least'} {least:g}"
    said += f", at most {most:g}" if most < float("inf") else ""
    value = given.item() if isinstance(given, np.number) else given
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not least <= value <= most or (above and value == least) or value == float("inf"):
        raise ExplorerError(f"{name} is {quote_value(value)}: expected a number {said}")
    return float(value)


def whole(name: str, given: Any, least: int, most: int | None = None) -> int:
    """`given` as a whole number of at least `least`, and of at most `most`."""
    value = given.item() if isinstance(given, np.number) else given
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or value < least or (most is not None and value > most):
        said = f"of at least {least}" if most is None else f"from {least} to {most:,}"
        raise ExplorerError(f"{name} is {quote_value(value)}: expected a whole number {said}")
    return value


def time(name: str, given: Any, endless: bool = False) -> float:
    """`given` [s] or such as "10 min"; infinite where `endless`."""
    value = given.item() if isinstance(given, np.number) else given
    if endless and isinstance(value, str | float) and value in (float("inf"), "inf"):
        return float("inf")
    try:
        return parse_time(value)
    except ExplorerError as error:
        raise ExplorerError(f"{name} {error}") from None
