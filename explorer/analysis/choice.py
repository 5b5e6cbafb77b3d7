"""The choice for one workload: the design, its bill, parts and latency, beside those of today's design."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from explorer.engine.answers import Answers
from explorer.engine.cost import Bill
from explorer.engine.cost import cost as bill_of
from explorer.engine.designs import CONCERNS, OPTIONS, Design, allowed_designs, choices, table
from explorer.engine.evaluation import Evaluation
from explorer.engine.latency import first_byte_s
from explorer.engine.limits import Finding, findings
from explorer.engine.misses import miss_factors
from explorer.engine.search import best_two
from explorer.engine.sizing import at_best_size, bought_memory_mb
from explorer.errors import DesignError, WorkloadError
from explorer.facts.units import quote_value
from explorer.options.base.conditions import Conditions
from explorer.options.base.request_path import LEVELS
from explorer.workload.kinds import ANY
from explorer.workload.workload import Workload

from .answer_rows import Rows

SAME = 1e-6  # relative difference below which two bills or times count as equal
TRADES = (0.0, 10.0, 100.0)  # prices of a part [USD a month] for which the winner is shown


def complete_design(
    workload: Workload, design: str | Mapping[str, str | None] | Design, best: Design | None = None
) -> Design:
    """The design with these choices; the other concerns are filled by the best for this workload.

    If none of these designs is feasible, the other concerns are filled from `best`, or from the recommended
    design. Raises DesignError for an unknown concern or option, or options that cannot be combined.
    """
    choice_ids = choices(design)
    if len(choice_ids) == len(CONCERNS):
        return Design(**choice_ids)
    load, candidates = Conditions(workload), table().where(choice_ids)
    possible = candidates.only(candidates.allows(load)).with_parts_for(load)
    index = int(best_two(Answers(load, possible)).winner)
    if index >= 0:
        return possible.design(index)
    return candidates.nearest_to(best or Choice(workload.without_current()).nearest)


def nearest_miss(evaluation: Evaluation) -> int:
    """The index of the design with the smallest miss factor, to 1 %; ties by score."""
    miss = np.round(np.log(miss_factors(evaluation)) / np.log(1.01))
    part_usd = evaluation.load.workload.preferences.part_usd
    score = evaluation.monthly_usd + part_usd * evaluation.table.parts
    return int(np.lexsort((evaluation.latency_s[:, 1], score, miss))[0])


def _today_choices(workload: Workload) -> dict[str, str]:
    """The options of today's design that the workload states; raises DesignError naming its file."""
    try:
        return choices(workload.current.model_dump()) if workload.current else {}
    except DesignError as error:
        raise DesignError(f"{workload.origin}: current: {error}") from None


@dataclass(frozen=True)
class Alternative:
    """Another feasible design."""

    design: dict[str, str]
    monthly_usd: float
    parts: int
    score_usd: float
    latency_p50_s: float
    latency_p95_s: float
    deployable: bool


@dataclass(frozen=True)
class PartPriceChange:
    """A price of a part at which another design wins."""

    part_usd: float  # [USD a month]
    above: bool  # whether the design wins above this price, else below it
    design: dict[str, str]


def _next_on_envelope(
    usd: np.ndarray, parts: np.ndarray, index: int, above: bool
) -> tuple[int, float] | None:
    """The design that next wins over that at `index` as the price of a part rises or falls, and the price.

    Parameters
    ----------
    usd : (designs,), the bill [USD a month]; infinite where a design is not feasible
    parts : (designs,), the number of moving parts
    """
    fewer = parts[index] - parts if above else parts - parts[index]
    others = np.flatnonzero((fewer > 0) & np.isfinite(usd))
    if not len(others):
        return None
    dearer = usd[others] - usd[index] if above else usd[index] - usd[others]
    prices = dearer / fewer[others]
    best = prices.min() if above else prices.max()
    at_best = others[np.isclose(prices, best, rtol=SAME, atol=0)]
    return int(at_best[np.argmax(fewer[at_best])]), float(best)


def _is_no_better(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether one outcome has the same cost and times as the other, and at least as many parts."""
    return bool(np.allclose(one[:-1], other[:-1], rtol=SAME, atol=0)) and one[-1] >= other[-1]


class Choice:
    """The design with the lowest score for one workload, or the nearest miss if nothing is feasible."""

    def __init__(self, workload: Workload) -> None:
        if not isinstance(workload, Workload):
            value = quote_value(workload)
            raise WorkloadError(f"workload is {value}: expected a Workload, such as Workload.load({value})")
        self.workload = workload
        self._today = _today_choices(workload)
        self.load = Conditions(workload)
        self.candidates = allowed_designs(self.load)
        self.answers = Answers(self.load, self.candidates)
        self._winner = int(best_two(self.answers).winner)
        self.feasible = self._winner >= 0
        self.design = self.candidates.design(self._winner) if self.feasible else None

    @cached_property
    def index(self) -> int:
        """The index of `nearest` among the candidates."""
        return self._winner if self.feasible else nearest_miss(self.evaluation)

    @cached_property
    def evaluation(self) -> Evaluation:
        """The evaluation of every candidate."""
        return Evaluation(self.load, self.candidates, self.answers)

    @cached_property
    def _alone(self) -> Evaluation:
        """The evaluation of `nearest` alone."""
        return Evaluation(self.load, self.candidates.only(np.array([self.index])), self.answers)

    @property
    def nearest(self) -> Design:
        """The recommended design, or the nearest miss if nothing is feasible."""
        return self.candidates.design(self.index)

    @property
    def monthly_usd(self) -> float:
        """The bill of `nearest` [USD a month]."""
        return float(self._alone.monthly_usd[0])

    @property
    def parts(self) -> int:
        """The number of moving parts of `nearest`."""
        return int(self.candidates.parts[self.index])

    @cached_property
    def sized_load(self) -> Conditions:
        """The workload at the size that `nearest` takes."""
        return at_best_size(self.load, self.nearest)

    @property
    def memory_mb(self) -> float:
        """The memory of the compute that does the work [MB]; if no size is stated, that which is bought."""
        return bought_memory_mb(self.sized_load, self.nearest)

    @property
    def architecture(self) -> str:
        """The processor architecture of the compute that does the work."""
        return self.sized_load.architecture

    @cached_property
    def first_byte_p95_s(self) -> float:
        """The p95 from submitting to the first byte of the result [s]."""
        return float(first_byte_s(self.sized_load, self.nearest)[1])

    @cached_property
    def given_size(self) -> dict[str, Any] | None:
        """The answer at the sizes that the workload states; None if it states neither of them."""
        runtime = self.workload.runtime
        if runtime.memory == ANY and runtime.architecture == ANY:
            return None
        return {
            "memory_mb": self.memory_mb,
            "architecture": self.architecture,
            "monthly_usd": self.monthly_usd,
            "feasible": self.feasible,
        }

    @property
    def part_usd(self) -> float:
        """The price of one more part [USD a month]."""
        return self.workload.preferences.part_usd

    @property
    def score_usd(self) -> float:
        """The bill plus the price of the parts [USD a month]."""
        return self.monthly_usd + self.part_usd * self.parts

    @property
    def latency_s(self) -> dict[str, float]:
        """The time from submitting until the whole result arrives [s], at the p50, p95 and p99."""
        seconds = self._alone.latency_s[0]
        return {f"p{100 * level:g}": float(s) for level, s in zip(LEVELS, seconds, strict=True)}

    @cached_property
    def bill(self) -> Bill:
        """The bill of `nearest`, line by line."""
        return bill_of(self.workload, self.nearest, self.sized_load)

    @cached_property
    def findings(self) -> Rows[Finding]:
        """The findings on every limit that binds `nearest`, worst first."""
        return Rows(tuple(findings(self.workload, self.nearest, self.sized_load)), Finding)

    @cached_property
    def alternatives(self) -> Rows[Alternative]:
        """Every other feasible design, lowest score first."""
        e = self.evaluation
        score = e.score_usd(self.part_usd)
        order = np.lexsort((e.latency_s[:, 1], e.table.parts, score))
        order = order[np.isfinite(score[order]) & (order != self.index)]
        columns = (e.monthly_usd, e.table.parts, score, e.latency_s[:, 0], e.latency_s[:, 1])
        designs = [e.table.design(index) for index in order.tolist()]
        rows = (
            Alternative(design.ids, usd, parts, score_usd, p50, p95, design.deployable)
            for design, usd, parts, score_usd, p50, p95 in zip(
                designs, *(each[order].tolist() for each in columns), strict=True
            )
        )
        return Rows(tuple(rows), Alternative, {"design": CONCERNS})

    def distinct_alternatives(self, most: int) -> Rows[Alternative]:
        """The best alternatives that differ in a relevant way, lowest score first, at most `most` of them.

        Each has an option that neither the design nor the alternatives before it have. Skipped are
        alternatives with the same cost and times as one of those and no fewer parts, and alternatives that
        differ from the design in an option that this workload does not need.
        """
        options = set(self.nearest.ids.items())
        idle = {*self._options_without_a_task} - options
        outcomes = [(self.monthly_usd, self.latency_s["p50"], self.latency_s["p95"], self.parts)]
        distinct: list[Alternative] = []
        for other in self.alternatives:
            if len(distinct) == most:
                break
            outcome = (other.monthly_usd, other.latency_p50_s, other.latency_p95_s, other.parts)
            if options.issuperset(other.design.items()) or not idle.isdisjoint(other.design.items()):
                continue
            if any(_is_no_better(outcome, another) for another in outcomes):
                continue
            options.update(other.design.items())
            outcomes.append(outcome)
            distinct.append(other)
        return Rows(tuple(distinct), Alternative, {"design": CONCERNS})

    def distinct_designs(self, most: int) -> list[Design]:
        """The designs of `distinct_alternatives`."""
        return [Design(**other.design) for other in self.distinct_alternatives(most)]

    @property
    def _options_without_a_task(self) -> Iterator[tuple[str, str]]:
        """Concern and id of each option that this workload does not need."""
        for concern, options in OPTIONS.items():
            yield from ((concern, key) for key, each in options.items() if not each.is_needed(self.load))

    @cached_property
    def current(self) -> Design | None:
        """Today's design, concerns left out filled by the best; None if the workload does not state it."""
        return complete_design(self.workload, self._today, self.nearest) if self._today else None

    @cached_property
    def at_part_usd(self) -> dict[float, dict[str, Any]]:
        """The winner at 0, 10 and 100 USD per part: design, bill, parts; None where nothing is feasible."""
        return {usd: self._winner_at_part_usd(usd) for usd in TRADES}

    @cached_property
    def part_price_changes(self) -> list[PartPriceChange]:
        """The prices of a part at which another design wins, between today's price and 0 or 100 USD.

        The score of a design is a line over the price of a part, with the parts as its slope, so the winners
        form the lower envelope of these lines. Upwards from today's price, then downwards.
        """
        if not self.feasible:
            return []
        usd, parts = self.evaluation.score_usd(0.0), self.evaluation.table.parts
        changes = []
        for above, last in ((True, max(TRADES)), (False, min(TRADES))):
            index, price = self.index, self.part_usd
            while (step := _next_on_envelope(usd, parts, index, above)) is not None:
                index, price = step
                if (price > last) if above else (price <= last):
                    break
                changes.append(PartPriceChange(price, above, self.candidates.design(index).ids))
        return changes

    def _winner_at_part_usd(self, part_usd: float) -> dict[str, Any]:
        index = int(self.evaluation.winner(part_usd)) if self.feasible else -1
        if index < 0:
            return {"design": None, "monthly_usd": None, "parts": None}
        design = self.candidates.design(index)
        usd = float(self.evaluation.monthly_usd[index])
        return {"design": design.ids, "monthly_usd": usd, "parts": int(self.evaluation.table.parts[index])}
