"""Growth: the first month in which a limit breaks, and how the recommended design changes over time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.engine.answers import Answers
from explorer.engine.designs import Design, Table, allowed_designs, choices, table
from explorer.engine.evaluation import Evaluation
from explorer.engine.limits import Finding, findings
from explorer.engine.search import TopTwo, best_two
from explorer.engine.sizing import at_best_size
from explorer.errors import ExplorerError, WorkloadError
from explorer.facts.key_value import parse_pairs
from explorer.facts.units import format_share, quote_value
from explorer.facts.verdict import Verdict
from explorer.options.base.conditions import Conditions
from explorer.workload.axes import check_growth, scale_axis
from explorer.workload.workload import Workload

from .choice import Choice, complete_design

if TYPE_CHECKING:
    import pandas as pd

MOST_MONTHS = 600
RATE = re.compile(r"\s*([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(%?)\s*(?:(?:/|a|per)\s*(month|year))?\s*", re.I)
LEAST_WITH_SIGN = 1.0  # a share in text from this value on is probably a percentage without its "%"
ACCEPTED = 'a rate such as "3 %", "30 %/year" or 0.03'
COLUMNS = ("month", "limit", "used", "limit_value", "unit", "breach_probability", "verdict")
WORTH_A_CHANGE = 0.02  # share of its score by which another design must be better before it replaces one:
# two whose bills rise by steps and are about equal would otherwise take turns month by month
CHANGES = ("month", "design", "monthly_usd", "added", "removed", "changed")


def change_rule() -> str:
    """When another design is recommended as it grows, as a sentence.

    >>> change_rule()
    'A design is kept until another costs over 2 % less, the price of the parts of both included.'
    """
    least = format_share(WORTH_A_CHANGE)
    return f"A design is kept until another costs over {least} less, the price of the parts of both included."


def growth_rate(value: Any, field: str) -> float:
    """Growth per month as a share: from "3 %", "3%/month", "30 %/year" (compounded) or 0.03.

    Raises ExplorerError naming the field, the value and what is accepted.
    """
    value = value.item() if isinstance(value, np.number) else value
    match = RATE.fullmatch(value) if isinstance(value, str) else None
    accepted = f"{ACCEPTED}, and more than -100 %"
    if match:
        share = float(match[1]) / (100 if match[2] else 1)
        if share >= LEAST_WITH_SIGN and not match[2]:
            accepted = f'{ACCEPTED}; a share of 1 or more takes its sign, such as "{100 * share:g} %"'
        elif -1 < share < np.inf:
            return (1 + share) ** (1 / 12) - 1 if (match[3] or "").lower() == "year" else share
    elif isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value) and value > -1:
        return float(value)
    raise ExplorerError(f"growth of {field} is {quote_value(value)}: expected {accepted}")


def parse_growth(texts: list[str]) -> dict[str, str]:
    """Growth by field from texts such as "response=3%/month"; raises ExplorerError for any other text."""
    return parse_pairs(texts, "growth", "FIELD=RATE, such as response=3%/month")


def forecast(workload: Workload, growth: Mapping[str, Any], months: int = 36, design: Any = None) -> Any:
    """The effect of months of growth on a design and on the recommendation.

    Parameters
    ----------
    workload
        As it is now, month 0.
    growth
        Rate per month by numeric field, such as {"response": "3 %"}; the peak grows with the requests.
    months
        Number of months, 1 to 600.
    design
        The design to check; by default today's if the workload states it, else the recommended one.

    Returns
    -------
    pandas.DataFrame
        A row for each month and limit: month, limit, used (at the p99), limit_value, unit,
        breach_probability [share of requests], verdict. Attributes: `first_breach`, the first month in which
        a limit breaks and that limit, or None; `design_changes`, a DataFrame of the recommended design
        whenever it changes: month, design, monthly_usd, and the parts added and removed. A design is kept
        until it is no longer feasible or another scores better by more than `WORTH_A_CHANGE`. `bills`, a
        DataFrame with a row for each month: month, requests, monthly_usd of the design, best_usd of the
        design that is recommended for that month by itself [USD a month], NaN where nothing is feasible.

    Raises
    ------
    ExplorerError
        For a field that is not numeric, or an invalid rate or number of months.

    Examples
    --------
    >>> w = ex.Workload.load(ex.examples()["statements"])
    >>> f = ex.forecast(w, {"response": "3 %"}, months=24)
    >>> f.first_breach
    (0, 'lambda.sync.response')
    """
    if not isinstance(workload, Workload):
        raise WorkloadError(
            f"workload is {quote_value(workload)}: expected a Workload, such as Workload.load(FILE)"
        )
    months = _check_months(months)
    axes = _growth_axes(workload, growth, months)
    subject = _forecast_design(workload, design)
    rows, first = [], None
    for month in range(months + 1):
        now = Conditions(workload, {field: values[month] for field, values in axes.items()})
        for finding in findings(workload, subject, at_best_size(now, subject)):
            rows.append((month, *_forecast_row(finding)))
            if first is None and finding.verdict == Verdict.BREACH:
                first = (month, finding.limit)
    frame = _forecast_class()(rows, columns=list(COLUMNS))
    load = Conditions(workload.without_current(), axes)
    best_usd, frame.design_changes = _best_in_each_month(load)
    frame.first_breach, frame.bills = first, _bills_frame(load, subject, months, best_usd)
    frame.design = subject
    return frame


def _forecast_row(finding: Finding) -> tuple[Any, ...]:
    used_p99 = finding.used_p99
    return (
        finding.limit,
        used_p99,
        finding.limit_value,
        finding.unit,
        finding.breach_probability,
        finding.verdict.value,
    )


def _check_months(value: Any) -> int:
    value = value.item() if isinstance(value, np.number) else value
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_MONTHS:
        raise ExplorerError(f"months is {quote_value(value)}: expected 1 to {MOST_MONTHS}")
    return value


def _growth_axes(workload: Workload, growth: Mapping[str, Any], months: int) -> dict[str, np.ndarray]:
    """The values of each growing field, shape (months + 1,)."""
    if not isinstance(growth, Mapping) or not growth:
        raise ExplorerError(
            f'growth is {quote_value(growth)}: expected rates by field, such as {{"response": "3 %"}}'
        )
    powers, axes_by_field = np.arange(months + 1.0), {}
    with np.errstate(over="ignore", under="ignore"):  # checked below
        for field, value in growth.items():
            axes_by_field[field] = scale_axis(workload, field, (1 + growth_rate(value, field)) ** powers)
    axes = {name: values for field_axes in axes_by_field.values() for name, values in field_axes.items()}
    axes |= {
        field: field_axes[field] for field, field_axes in axes_by_field.items()
    }  # an explicit field overrides a derived one
    check_growth(workload, axes)
    return axes


def _forecast_design(workload: Workload, design: Any) -> Design:
    """The design of the argument, else today's, else the recommended one."""
    if design is None and workload.current:
        design = choices(workload.current.model_dump())
    return complete_design(workload, design) if design else Choice(workload).nearest


def _best_in_each_month(load: Conditions) -> tuple[np.ndarray, pd.DataFrame]:
    """The bill of the design recommended in each month, and a frame of that design when it changes."""
    import pandas as pd

    designs = allowed_designs(load)
    best = best_two(Answers(load, designs))
    winner, usd = _kept_designs(load, designs, best)
    return usd, pd.DataFrame(list(_design_changes(load, designs, winner, usd)), columns=list(CHANGES))


def _bills_frame(load: Conditions, design: Design, months: int, best_usd: np.ndarray) -> pd.DataFrame:
    """The bill of each month: of the design, and of the design recommended then."""
    import pandas as pd

    every = np.arange(months + 1)
    usd = Evaluation(load, table().where(design.ids)).monthly_usd[0]
    requests, usd, best_usd = (
        np.broadcast_to(values, every.shape) for values in (load.requests, usd, best_usd)
    )
    return pd.DataFrame({"month": every, "requests": requests, "monthly_usd": usd, "best_usd": best_usd})


def _kept_designs(load: Conditions, designs: Table, best: TopTwo) -> tuple[np.ndarray, np.ndarray]:
    """The recommended design of each month, kept while none is clearly better: its index and its bill."""
    winners = np.unique(best.winner[best.winner >= 0])
    if len(winners) < 2:
        return best.winner, np.where(best.winner >= 0, best.usd[0], np.nan)
    evaluation = Evaluation(load, designs.only(winners))
    score = evaluation.score_usd(load.number("preferences.part_usd"))
    choice = best.winner.copy()
    for month in range(1, len(choice)):
        before = choice[month - 1]
        if before >= 0 and choice[month] >= 0:
            own = score[np.searchsorted(winners, before), month]  # infinite where it is not feasible
            if own <= best.score[0, month] * (1 + WORTH_A_CHANGE):
                choice[month] = before
    usd = evaluation.monthly_usd[np.searchsorted(winners, choice) % len(winners), np.arange(len(choice))]
    return choice, np.where(choice >= 0, usd, np.nan)


def _design_changes(
    load: Conditions, designs: Table, winner: np.ndarray, best_usd: np.ndarray
) -> Iterator[tuple[Any, ...]]:
    before: Design | None = None
    for month in range(len(winner)):
        if month and winner[month] == winner[month - 1]:
            continue
        index = winner[month]
        now = designs.designs[index] if index >= 0 else None
        usd = float(best_usd[month])
        parts, had = (design.parts_for(load) if design else () for design in (now, before))
        parts_added = [part for part in parts if part not in had] if before else []
        parts_removed = [part for part in had if part not in parts] if now else []
        other = [c for c in now.ids if now.ids[c] != before.ids[c]] if now and before else []
        yield month, str(now) if now else None, usd, parts_added, parts_removed, other
        before = now or before


@cache
def _forecast_class() -> Any:
    """The class of the result: a DataFrame with the first breach and the design changes as attributes."""
    import pandas as pd

    class Forecast(pd.DataFrame):
        _metadata = ("first_breach", "design_changes", "bills", "design")

        @property
        def _constructor(self) -> Any:
            return pd.DataFrame

    return Forecast
