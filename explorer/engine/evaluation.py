"""Every design held against a load at once: limits, money, seconds, and which design wins.

One workload is a load without axes; a sweep is the same with them. Each option answers once for each
context in which it stands; a design is the sum of five contexts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions

from .cost import tariffs
from .designs import Design, Table, table
from .latency import Seconds, over_patience
from .limits import DRIVERS, Exceedances, breach_probability

T = TypeVar("T")


def allowed(load: Conditions) -> Table:
    """The designs that can be built and that nothing in the workload excludes."""
    return table().only(_anywhere(table().allowed(load)))


def possible(load: Conditions) -> Table:
    """The designs that can be built, less those that something excludes at every point."""
    free = np.array(
        [
            not any(
                np.all(exclusion.where) for exclusion in context.option.excludes(load.under(context.flow))
            )
            for context in table().contexts
        ]
    )
    return table().only(free[table().rows].all(axis=1))


def _anywhere(holds: np.ndarray) -> np.ndarray:
    """Which designs hold at one point of the axes at least."""
    return np.asarray(holds.reshape(len(holds), -1).any(axis=1))


@dataclass(frozen=True, eq=False)
class Money:
    """What one option's usage costs: the linear lines as money, the others as quantities by id."""

    linear_usd: Number
    tiered: dict[str, Number]


class Evaluation:
    """Designs against one load. Arrays have the shape (designs, *axes).

    Without `designs`, those that can be built and that nothing in the workload excludes. What an
    option answers is remembered by the load, so that another evaluation of it asks only once.
    """

    def __init__(self, load: Conditions, designs: Table | None = None) -> None:
        self.load = load
        self.table = allowed(load) if designs is None else designs
        preferences = load.workload.preferences
        self.book = tariffs(load.workload.region, preferences.free_tier)

    @cached_property
    def exceedances(self) -> list[Exceedances]:
        """How the limits of each context hold."""
        return self.load.asked(
            "limits", self.table.contexts, lambda option, view: Exceedances.of(option.limits(view), view)
        )

    @cached_property
    def money(self) -> list[Money]:
        """What each context costs."""
        return self.load.asked(
            "usage", self.table.contexts, lambda option, view: Money(*self.book.split(option.usage(view)))
        )

    @cached_property
    def seconds(self) -> list[Seconds]:
        """What the steps of each context take."""
        return self.load.asked(
            "steps", self.table.contexts, lambda option, view: Seconds.of(option.steps(view))
        )

    def unbroken(self) -> Evaluation:
        """Of the designs, those that break no limit at any point: only they need to be priced."""
        holds = self.hard_breach <= self.load.tolerance
        return Evaluation(self.load, self.table.only(_anywhere(holds)))

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

    def column(self, values: np.ndarray) -> np.ndarray:
        """One value a design, to broadcast against the axes."""
        return values.reshape((-1,) + (1,) * len(self.load.shape))

    @cached_property
    def breach_probability(self) -> np.ndarray:
        """The chance that a request breaks any limit as quotas are today."""
        today = [exceedances.today for exceedances in self.exceedances]
        worst = [self._worst([chances.get(driver, 0.0) for chances in today]) for driver in DRIVERS]
        return np.asarray(breach_probability(worst))

    @cached_property
    def hard_breach(self) -> np.ndarray:
        """The chance that a request breaks the worst single limit, with quotas raised."""
        chances = []
        for exceedances in self.exceedances:
            worst: Number = 0.0
            for _, _, chance in exceedances.raised:
                worst = np.maximum(worst, chance)
            chances.append(worst)
        return self._worst(chances)

    @cached_property
    def monthly_usd(self) -> np.ndarray:
        """The bill [USD a month]."""
        usd = self._summed([money.linear_usd for money in self.money])
        ids = sorted({price_id for money in self.money for price_id in money.tiered})
        quantities = {
            price_id: self._summed([money.tiered.get(price_id, 0.0) for money in self.money])
            for price_id in ids
        }
        usd = usd + self.book.tiered_usd(quantities)
        return usd * (1 - self.load.number("preferences.discount"))

    @cached_property
    def latency_s(self) -> np.ndarray:
        """From submitting to the whole result in hand, shape (designs, 3, *axes) for p50, p95, p99."""
        return self._summed([seconds.total for seconds in self.seconds], (3,))

    @cached_property
    def late(self) -> np.ndarray:
        """The chance that the first byte of an answer comes after `client.waits`."""
        exchange = self._summed([seconds.exchange for seconds in self.seconds])
        work = self._summed([seconds.work for seconds in self.seconds])
        cold = [
            self.load.under(c.flow).work_cold_share if c.option.concern == "execution" else 0.0
            for c in self.table.contexts
        ]
        answers = self.column(self.table.answers)
        return over_patience(self.load, exchange, work, self._summed(cold), answers)

    @cached_property
    def in_time(self) -> np.ndarray:
        """Whether the p95 is within `targets.latency_p95`, if that is given."""
        target = self.load.latency_p95
        if target is None:
            return np.ones_like(self.late, dtype=bool)
        return self.latency_s[:, 1] <= target

    @cached_property
    def feasible(self) -> np.ndarray:
        """Nothing excluded, no breach, within `client.waits` and `targets.latency_p95`."""
        tolerance = self.load.tolerance
        within = (self.hard_breach <= tolerance) & (self.late <= tolerance) & self.in_time
        return within & self.table.allowed(self.load)

    def score_usd(self, part_usd: Number) -> np.ndarray:
        """Money and parts together; infinite where a design is not feasible."""
        parts = self.column(self.table.parts)
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
        parts = self.column(self.table.parts)
        fewest = np.min(np.where(tied, parts, np.iinfo(int).max), axis=0)
        tied = tied & (parts == fewest)
        index = np.argmin(np.where(tied, self.latency_s[:, 1], np.inf), axis=0)
        return np.where(np.isfinite(best), index, -1)
