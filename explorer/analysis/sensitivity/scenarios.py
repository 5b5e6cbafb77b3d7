"""A list of scenarios as options see it, and the designs that matter among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from explorer.engine.answers import Answers
from explorer.engine.designs import Design, allowed_designs, table
from explorer.engine.evaluation import Evaluation
from explorer.engine.search import best_two
from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.workload.distribution import Distribution
from explorer.workload.fields import SPREADS
from explorer.workload.workload import Workload

from .tail import stretched

TILE = 2**14  # scenarios that options answer for together: what bounds the memory
TAILS = {f"{name}.p99": name for name in SPREADS}
REQUESTS, PEAK = "requests_per_month", "peak_rps"


class Scenarios(Conditions):
    """A load whose axes all vary along the same dimension, tails (`response.p99`) among them."""

    def _scaled(self, name: str) -> Distribution:
        spread = super()._scaled(name)
        if f"{name}.p99" not in self.axes:
            return spread
        today = getattr(self.workload, name).spread.median
        return stretched(spread, self.axes[f"{name}.p99"] / today)


def along(workload: Workload, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values by field, with the peak going along with its mean unless it is named."""
    axes = dict(values)
    if REQUESTS in axes and PEAK not in axes:
        axes[PEAK] = (
            float(Conditions(workload).peak_rps) * np.asarray(axes[REQUESTS]) / workload.requests_per_month
        )
    return axes


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Designs held against scenarios; arrays have the shape (designs, scenarios)."""

    designs: tuple[Design, ...]
    parts: np.ndarray  # (designs,)
    usd: np.ndarray  # [USD a month]
    score: np.ndarray  # with the parts; infinite where a design is not feasible
    breach: np.ndarray  # share of requests that break a limit as quotas are today
    breaks: np.ndarray  # whether it cannot be built, or a limit breaks for more than may fail
    overdue: np.ndarray  # whether the first byte comes after client.waits for more than may fail
    behind: np.ndarray  # whether the p95 is over targets.latency_p95
    begins_behind: np.ndarray  # whether the first byte's p95 is over targets.first_byte_p95
    winner: np.ndarray  # (scenarios,): index of the best of them, -1 where none is feasible

    @property
    def holds(self) -> np.ndarray:
        """Whether a design is feasible."""
        result: np.ndarray = ~(self.breaks | self.overdue | self.behind | self.begins_behind)
        return result

    @property
    def late(self) -> np.ndarray:
        """Whether it is within its limits, but not in time."""
        result: np.ndarray = ~self.breaks & ~self.holds
        return result


@dataclass(frozen=True, eq=False)
class ScenarioList:
    """Scenarios: a workload, and of each field that varies a value a scenario."""

    workload: Workload
    axes: Mapping[str, np.ndarray]

    @cached_property
    def _whole(self) -> Scenarios:
        return Scenarios(self.workload, self.axes)

    def loads(self) -> Iterator[Scenarios]:
        """The scenarios, tile by tile; if there is but one, it is kept, with what options answered."""
        count = len(next(iter(self.axes.values())))
        if count <= TILE:
            yield self._whole
            return
        for start in range(0, count, TILE):
            part = {axis: values[start : start + TILE] for axis, values in self.axes.items()}
            yield Scenarios(self.workload, part)

    def outcomes(self, designs: set[Design]) -> Outcomes:
        """These designs in every scenario."""
        rows = table().only(np.array([design in designs for design in table().designs]))
        rows = rows.with_parts_for(Conditions(self.workload))
        answers = [_answers(Evaluation(load, rows)) for load in self.loads()]
        return Outcomes(
            rows.designs,
            rows.parts,
            *(np.concatenate(parts, axis=-1) for parts in zip(*answers, strict=True)),
        )

    def best(self) -> tuple[list[Design | None], set[Design]]:
        """The recommended design of each scenario, and all those that are best or second best in one."""
        winners: list[Design | None] = []
        either: set[Design | None] = set()
        for load in self.loads():
            designs = allowed_designs(load)
            names, best = (*designs.designs, None), best_two(Answers(load, designs))
            winners += [names[index] for index in best.winner]
            either |= {names[index] for index in np.unique(best.index)}
        return winners, {design for design in either if design}


def _answers(e: Evaluation) -> tuple[np.ndarray, ...]:
    tolerance = e.load.tolerance
    breaks = e.breaks
    score = e.score_usd(e.load.number("preferences.part_usd"))
    late = e.late > tolerance, ~e.in_time, ~e.begins_in_time
    return e.monthly_usd, score, e.breach_probability, breaks, *late, e.winner()


def at(workload: Workload, values: Mapping[str, Number]) -> Conditions:
    """One scenario."""
    return Scenarios(workload, {axis: np.asarray(value) for axis, value in values.items()})
