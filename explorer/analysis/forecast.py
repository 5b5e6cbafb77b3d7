"""Growth: the first month in which a limit breaks, and how the recommended design changes over time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.engine.answers import Answers
from explorer.engine.designs import Design, Table, allowed, choices
from explorer.engine.limits import Finding, findings
from explorer.engine.search import TopTwo, best_two
from explorer.errors import ExplorerError, WorkloadError
from explorer.facts.key_value import parse_pairs
from explorer.facts.units import shown
from explorer.options.base.conditions import Conditions
from explorer.workload.axes import check_grown, scaled
from explorer.workload.workload import Workload

from .choice import completed
from .recommendation import Recommendation

if TYPE_CHECKING:
    import pandas as pd

MOST_MONTHS = 600
RATE = re.compile(r"\s*([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(%?)\s*(?:(?:/|a|per)\s*(month|year))?\s*", re.I)
ACCEPTED = 'a rate such as "3 %", "30 %/year" or 0.03'
COLUMNS = ("month", "limit", "used", "limit_value", "unit", "breach_probability", "verdict")
CHANGES = ("month", "design", "monthly_usd", "added", "removed", "changed")


def rate(given: Any, field: str) -> float:
    """Growth a month as a share: "3 %", "3%/month", "30 %/year" (compounded) or 0.03.

    Raises ExplorerError naming the field, the value and what is accepted.
    """
    given = given.item() if isinstance(given, np.number) else given
    found = RATE.fullmatch(given) if isinstance(given, str) else None
    if found:
        share = float(found[1]) / (100 if found[2] else 1)
        if -1 < share < np.inf:
            return (1 + share) ** (1 / 12) - 1 if (found[3] or "").lower() == "year" else share
    elif isinstance(given, int | float) and not isinstance(given, bool) and np.isfinite(given) and given > -1:
        return float(given)
    raise ExplorerError(f"growth of {field} is {shown(given)}: expected {ACCEPTED}, and more than -100 %")


def parsed(texts: list[str]) -> dict[str, str]:
    """The growth of "response=3%/month" and the like, by field. Raises ExplorerError for any other text."""
    return parse_pairs(texts, "growth", "FIELD=RATE, such as response=3%/month")


def forecast(workload: Workload, growth: Mapping[str, Any], months: int = 36, design: Any = None) -> Any:
    """What months of growth do to a design, and to which design should be chosen.

    Parameters
    ----------
    workload : as it is now, month 0
    growth : rate a month by numeric field, such as {"response": "3 %"}; requests take their peak along
    months : how far to look, 1 to 600
    design : whose limits are held against it; today's if the workload names it, else the recommended one

    Returns a DataFrame, a row a month and limit: month, limit, used (at the p99), limit_value, unit,
    breach_probability [share of requests], verdict. Its `first_breach` is the first month in which a limit
    breaks and that limit, or None; its `design_changes` a DataFrame of the recommended design whenever it
    changes: month, design, monthly_usd, and the parts that are added and removed.
    Raises ExplorerError for a field that is not numeric, a rate, or months that cannot be.
    """
    if not isinstance(workload, Workload):
        raise WorkloadError(
            f"workload is {shown(workload)}: expected a Workload, such as Workload.load(FILE)"
        )
    months = _months(months)
    axes = _axes(workload, growth, months)
    held = _design(workload, design)
    rows, first = [], None
    for month in range(months + 1):
        now = Conditions(workload, {field: values[month] for field, values in axes.items()})
        for found in findings(workload, held, now):
            rows.append((month, *_row(found)))
            if first is None and found.verdict == "breach":
                first = (month, found.limit)
    frame = _frames()(rows, columns=list(COLUMNS))
    frame.first_breach, frame.design_changes = first, _changes(workload, axes)
    frame.design = held
    return frame


def _row(found: Finding) -> tuple[Any, ...]:
    used = found.used_p99
    return found.limit, used, found.limit_value, found.unit, found.breach_probability, found.verdict


def _months(given: Any) -> int:
    given = given.item() if isinstance(given, np.number) else given
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MOST_MONTHS:
        raise ExplorerError(f"months is {shown(given)}: expected 1 to {MOST_MONTHS}")
    return given


def _axes(workload: Workload, growth: Mapping[str, Any], months: int) -> dict[str, np.ndarray]:
    """The values of each field that grows, shape (months + 1,)."""
    if not isinstance(growth, Mapping) or not growth:
        raise ExplorerError(
            f'growth is {shown(growth)}: expected rates by field, such as {{"response": "3 %"}}'
        )
    powers, grown = np.arange(months + 1.0), {}
    with np.errstate(over="ignore", under="ignore"):  # refused below
        for field, given in growth.items():
            grown[field] = scaled(workload, field, (1 + rate(given, field)) ** powers)
    axes = {name: values for taken in grown.values() for name, values in taken.items()}
    axes |= {field: taken[field] for field, taken in grown.items()}  # what is named goes its own way
    check_grown(workload, axes)
    return axes


def _design(workload: Workload, given: Any) -> Design:
    """The design that is asked about, or today's, or the recommended one."""
    if given is None and workload.current:
        given = choices(workload.current.model_dump())
    return completed(workload, given) if given else Recommendation(workload).nearest


def _changes(workload: Workload, axes: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """The recommended design in month 0 and whenever it changes, and the step from one to the next."""
    import pandas as pd

    load = Conditions(workload.without_current(), axes)
    designs = allowed(load)
    best = best_two(Answers(load, designs))
    return pd.DataFrame(list(_steps(load, designs, best)), columns=list(CHANGES))


def _steps(load: Conditions, designs: Table, best: TopTwo) -> Iterator[tuple[Any, ...]]:
    before: Design | None = None
    winner = best.winner
    for month in range(len(winner)):
        if month and winner[month] == winner[month - 1]:
            continue
        index = winner[month]
        now = designs.designs[index] if index >= 0 else None
        usd = float(best.usd[0, month])
        parts, had = (design.parts_for(load) if design else () for design in (now, before))
        added = [part for part in parts if part not in had] if before else []
        removed = [part for part in had if part not in parts] if now else []
        other = [c for c in now.ids if now.ids[c] != before.ids[c]] if now and before else []
        yield month, str(now) if now else None, usd, added, removed, other
        before = now or before


@cache
def _frames() -> Any:
    """The class of the answer: a frame that also tells of the first breach and the changes."""
    import pandas as pd

    class Forecast(pd.DataFrame):
        _metadata = ("first_breach", "design_changes", "design")

        @property
        def _constructor(self) -> Any:
            return pd.DataFrame

    return Forecast
