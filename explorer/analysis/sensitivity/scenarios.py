"""A list of scenarios as options see it, and the designs that matter in them."""

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

from .tail import stretch

TILE = 2**14  # scenarios evaluated together: bounds the memory use
TAILS = {f"{name}.p99": name for name in SPREADS}
REQUESTS, PEAK = "requests_per_month", "peak_rps"


class Scenarios(Conditions):
    """A load whose axes all vary along one dimension, including tails (`response.p99`)."""

    def _with_tail(self, name: str, spread: Distribution) -> Distribution:
        if f"{name}.p99" not in self.axes:
            return spread
        today = getattr(self.workload, name).spread.median
        return stretch(spread, self.axes[f"{name}.p99"] / today)


def along(workload: Workload, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values by field, plus the peak scaled with the mean rate unless it is stated."""
    axes = dict(values)
    if REQUESTS in axes and PEAK not in axes:
        axes[PEAK] = (
            float(Conditions(workload).peak_rps) * np.asarray(axes[REQUESTS]) / workload.requests_per_month
        )
    return axes


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Designs evaluated in scenarios; arrays have the shape (designs, scenarios)."""

    designs: tuple[Design, ...]
    parts: np.ndarray  # (designs,)
    usd: np.ndarray  # [USD a month]
    score: np.ndarray  # bill plus parts; infinite where a design is not feasible
    breach: np.ndarray  # share of requests that break a limit with today's quotas
    breaks: np.ndarray  # whether it is excluded, or a limit breaks for more requests than may fail
    overdue: np.ndarray  # whether more requests than may fail get the first byte after client.waits
    behind: np.ndarray  # whether the p95 exceeds targets.latency_p95
    begins_behind: np.ndarray  # whether the first byte's p95 exceeds targets.first_byte_p95
    winner: np.ndarray  # (scenarios,): index of the best design, -1 where none is feasible

    @property
    def holds(self) -> np.ndarray:
        """Whether a design is feasible."""
        result: np.ndarray = ~(self.breaks | self.overdue | self.behind | self.begins_behind)
        return result

    @property
    def late(self) -> np.ndarray:
        """Whether a design is within its limits, but late."""
        result: np.ndarray = ~self.breaks & ~self.holds
        return result


@dataclass(frozen=True, eq=False)
class ScenarioList:
    """Scenarios: a workload, and for each varying field one value per scenario."""

    workload: Workload
    axes: Mapping[str, np.ndarray]

    @cached_property
    def _whole(self) -> Scenarios:
        return Scenarios(self.workload, self.axes)

    def loads(self) -> Iterator[Scenarios]:
        """The scenarios, tile by tile; a single tile is kept, with the answers of the options."""
        count = len(next(iter(self.axes.values())))
        if count <= TILE:
            yield self._whole
            return
        for start in range(0, count, TILE):
            part = {axis: values[start : start + TILE] for axis, values in self.axes.items()}
            yield Scenarios(self.workload, part)

    def outcomes(self, designs: set[Design]) -> Outcomes:
        """The outcomes of these designs in every scenario."""
        rows = table().only(np.array([design in designs for design in table().designs]))
        rows = rows.with_parts_for(Conditions(self.workload))
        answers = [_answers(Evaluation(load, rows)) for load in self.loads()]
        return Outcomes(
            rows.designs,
            rows.parts,
            *(np.concatenate(parts, axis=-1) for parts in zip(*answers, strict=True)),
        )

    def best(self) -> tuple[list[Design | None], set[Design]]:
        """The recommended design of each scenario, and all designs that are best or second best in one."""
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
    """The conditions of one scenario."""
    return Scenarios(workload, {axis: np.asarray(value) for axis, value in values.items()})
