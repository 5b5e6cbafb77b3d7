"""Every design held against a load at once: limits, money, seconds, and which design wins.

One workload is a load without axes; a sweep is the same with them. Each option answers once for each
context in which it stands; a design is the sum of five contexts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .assess import DRIVERS, Exceedances, breach_probability
from .cost import Tariffs, tariffs
from .design import Context, Design, Table, table
from .distribution import Number
from .latency import Seconds, over_patience
from .option import Load


@dataclass(frozen=True, eq=False)
class Answers:
    """What one option says in one context about a load."""

    exceedances: Exceedances
    linear_usd: Number
    tiered: dict[str, Number]
    seconds: Seconds
    cold: Number  # the share of requests that wait for a cold start; only of an execution

    @classmethod
    def of(cls, context: Context, load: Load, book: Tariffs) -> Answers:
        """The answers of an option in one context."""
        view, option = load.under(context.flow), context.option
        usd, tiered = book.split(option.usage(view))
        return cls(
            Exceedances.of(option.limits(view), view),
            usd,
            tiered,
            Seconds.of(option.steps(view)),
            view.work_cold_share if option.concern == "execution" else 0.0,
        )


class Evaluation:
    """Designs against one load. Arrays have the shape (designs, *axes).

    Without `designs`, those that can be built and that nothing in the workload excludes.
    """

    def __init__(self, load: Load, designs: Table | None = None) -> None:
        self.load = load
        self.table = table().only(table().allowed(load)) if designs is None else designs
        preferences = load.workload.preferences
        self.book = tariffs(load.workload.region, preferences.free_tier, preferences.discount)
        self.answers = [Answers.of(context, load, self.book) for context in self.table.contexts]

    @property
    def designs(self) -> tuple[Design, ...]:
        """The designs, fewest parts first."""
        return self.table.designs

    def _stacked(self, values: list[Number], lead: tuple[int, ...] = ()) -> np.ndarray:
        """One row a context, of shape (contexts, *lead, *axes)."""
        stacked = np.zeros((len(values), *lead, *self.load.shape))
        for row, value in enumerate(values):
            stacked[row] = value
        return stacked

    def _summed(self, values: list[Number], lead: tuple[int, ...] = ()) -> np.ndarray:
        """One row a design: the sum over its contexts, in the order of the concerns."""
        stacked, rows = self._stacked(values, lead), self.table.rows
        total = stacked[rows[:, 0]]
        for concern in range(1, rows.shape[1]):
            total = total + stacked[rows[:, concern]]
        return total

    def _worst(self, values: list[Number]) -> np.ndarray:
        """One row a design: the largest among its contexts."""
        stacked, rows = self._stacked(values), self.table.rows
        worst = stacked[rows[:, 0]]
        for concern in range(1, rows.shape[1]):
            worst = np.maximum(worst, stacked[rows[:, concern]])
        return worst

    def _column(self, values: np.ndarray) -> np.ndarray:
        """One value a design, to broadcast against the axes."""
        return values.reshape((-1,) + (1,) * len(self.load.shape))

    @cached_property
    def breach_probability(self) -> np.ndarray:
        """The chance that a request breaks any limit as quotas are today."""
        answers = [a.exceedances.today for a in self.answers]
        worst = [self._worst([today.get(d, 0.0) for today in answers]) for d in DRIVERS]
        return np.asarray(breach_probability(worst))

    @cached_property
    def hard_breach(self) -> np.ndarray:
        """The chance that a request breaks the worst single limit, with quotas raised."""
        chances = []
        for answers in self.answers:
            worst: Number = 0.0
            for _, _, chance in answers.exceedances.raised:
                worst = np.maximum(worst, chance)
            chances.append(worst)
        return self._worst(chances)

    @cached_property
    def monthly_usd(self) -> np.ndarray:
        """The bill [USD a month]."""
        usd = self._summed([answers.linear_usd for answers in self.answers])
        ids = sorted({price_id for answers in self.answers for price_id in answers.tiered})
        quantities = {
            price_id: self._summed([answers.tiered.get(price_id, 0.0) for answers in self.answers])
            for price_id in ids
        }
        return usd + self.book.tiered_usd(quantities)

    @cached_property
    def latency_s(self) -> np.ndarray:
        """From submitting to the whole result in hand, shape (designs, 3, *axes) for p50, p95, p99."""
        return self._summed([answers.seconds.total for answers in self.answers], (3,))

    @cached_property
    def late(self) -> np.ndarray:
        """The chance that the first byte of an answer comes after `client.waits`."""
        seconds = [answers.seconds for answers in self.answers]
        exchange = self._summed([s.exchange for s in seconds])
        work = self._summed([s.work for s in seconds])
        cold = self._summed([answers.cold for answers in self.answers])
        return over_patience(self.load, exchange, work, cold, self._column(self.table.answers))

    @cached_property
    def in_time(self) -> np.ndarray:
        """Whether the p95 is within `targets.latency_p95`, if that is given."""
        target = self.load.latency_p95
        if target is None:
            return np.ones_like(self.late, dtype=bool)
        return self.latency_s[:, 1] <= target

    @cached_property
    def feasible(self) -> np.ndarray:
        """No breach, within `client.waits` and `targets.latency_p95`."""
        tolerance = self.load.tolerance + 1e-12
        return (self.hard_breach <= tolerance) & (self.late <= tolerance) & self.in_time

    def score_usd(self, part_usd: Number) -> np.ndarray:
        """Money and parts together; infinite where a design is not feasible."""
        parts = self._column(self.table.parts)
        return np.where(self.feasible, self.monthly_usd + part_usd * parts, np.inf)

    def winner(self, part_usd: Number | None = None) -> np.ndarray:
        """The index of the recommended design, -1 where none is feasible.

        Least score; ties go to fewer parts, then to the lower p95.
        """
        if part_usd is None:
            part_usd = self.load.number("preferences.part_usd")
        score = self.score_usd(part_usd)
        best = np.min(score, axis=0)
        tied = score == best
        parts = self._column(self.table.parts)
        fewest = np.min(np.where(tied, parts, np.iinfo(int).max), axis=0)
        tied = tied & (parts == fewest)
        index = np.argmin(np.where(tied, self.latency_s[:, 1], np.inf), axis=0)
        return np.where(np.isfinite(best), index, -1)
