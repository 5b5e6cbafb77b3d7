"""The plain evaluation: every design against a load, its limits, money and seconds, none left out.

One workload is a load without axes; a sweep is the same with them. It judges the search (`search.py`), which
finds the same best designs without pricing all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import LimitUse

from .answers import P50, P95, P99, Answers
from .bounds import Grid
from .designs import Design, Table, allowed_designs
from .limits import DRIVERS, breach_probability, raised_limit
from .ranking import best_of
from .sums import Cells, Sums

FAR_USD = 1e18  # more than any bill: a size that breaks a limit, or is late, comes after all others


class Evaluation:
    """Designs against one load. Arrays have the shape (designs, *axes).

    Without `designs`, those that can be built and that nothing in the workload excludes.
    """

    def __init__(
        self, load: Conditions, designs: Table | None = None, answers: Answers | None = None
    ) -> None:
        self.load = load
        self.table = allowed_designs(load) if designs is None else designs
        self.answers = Answers(load, self.table) if answers is None else answers
        every, whole = np.arange(len(self.table.rows)), Cells(self.answers, Grid(load.shape))
        self._sums = Sums(whole, self.table, every, np.zeros_like(every))

    @property
    def designs(self) -> tuple[Design, ...]:
        """The designs, fewest parts first."""
        return self.table.designs

    def column(self, values: np.ndarray) -> np.ndarray:
        """One value a design, to broadcast against the axes."""
        return values.reshape((-1,) + (1,) * len(self.load.shape))

    def _whole(self, values: np.ndarray) -> np.ndarray:
        """Of the shape (designs, sizes, *axes or 1), each at its best size: the shape (designs, *axes)."""
        shape = (len(self.table.rows), *self.load.shape)
        if values.shape[1] == 1:
            return np.broadcast_to(values[:, 0], shape)
        values = np.broadcast_to(values, (shape[0], values.shape[1], *shape[1:]))
        return np.take_along_axis(values, self.size[:, None], axis=1)[:, 0]

    @cached_property
    def size(self) -> np.ndarray:
        """The size that each design takes, an index into the load's sizes: shape (designs, *axes).

        The cheapest at which it is feasible; where there is none, of those that miss the least.
        """
        sizes, shape = self.answers.sizes, (len(self.table.rows), *self.load.shape)
        if sizes == 1:
            return np.zeros(shape, dtype=int)
        usd, breaks, in_time = (
            np.broadcast_to(values, (shape[0], sizes, *shape[1:]))
            for values in (self._usd, self._breaks, self._in_time)
        )
        return np.asarray((usd + FAR_USD * (2.0 * breaks + ~in_time)).argmin(axis=1))

    @cached_property
    def monthly_usd(self) -> np.ndarray:
        """The bill [USD a month]."""
        return self._whole(self._usd)

    @cached_property
    def _usd(self) -> np.ndarray:
        return self._sums.usd()

    @cached_property
    def _breaks(self) -> np.ndarray:
        return self._sums.breaks()

    @cached_property
    def _in_time(self) -> np.ndarray:
        return self._sums.in_time()

    @cached_property
    def latency_s(self) -> np.ndarray:
        """From submitting to the whole result in hand, shape (designs, 3, *axes) for p50, p95, p99."""
        totals = (self._sums.total(name) for name in (P50, P95, P99))
        return np.stack([self._whole(total) for total in totals], axis=1)

    @cached_property
    def late(self) -> np.ndarray:
        """The chance that the first byte of an answer comes after `client.waits`."""
        return self._whole(self._sums.late())

    @cached_property
    def in_time(self) -> np.ndarray:
        """Whether the p95 is within `targets.latency_p95`, if that is given."""
        target = self.load.latency_p95
        if target is None:
            return np.ones((len(self.designs), *self.load.shape), dtype=bool)
        result: np.ndarray = self.latency_s[:, 1] <= target
        return result

    @cached_property
    def begins_in_time(self) -> np.ndarray:
        """Whether the first byte's p95 is within `targets.first_byte_p95`, if that is given."""
        target = self.load.first_byte_p95
        if target is None:
            return np.ones((len(self.designs), *self.load.shape), dtype=bool)
        result: np.ndarray = self.first_byte_p95_s <= target
        return result

    @cached_property
    def first_byte_p95_s(self) -> np.ndarray:
        """The p95 of the first byte of the result [s]; worked out where it is promised alone."""
        return self._whole(self._sums.first_byte())

    @cached_property
    def feasible(self) -> np.ndarray:
        """Nothing excluded, no breach, within `client.waits` and what `targets` promise."""
        result: np.ndarray = self._whole(self._in_time) & ~self.breaks
        return result

    @cached_property
    def breaks(self) -> np.ndarray:
        """Where an option is excluded, or a limit breaks for more requests than may fail."""
        return self._whole(self._breaks)

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
        return best_of(self.score_usd(part_usd), self.column(self.table.parts), self.latency_s[:, 1])

    # Chances, which are shown; what is feasible is decided without them ----------------------------

    @cached_property
    def raised_chances(self) -> dict[tuple[str, str], np.ndarray]:
        """By limit and driver, the chance that it breaks with its quota raised: shape (placements, *axes).

        Of a placement that has several uses of a limit, the worst counts; of several sizes, the best.
        """
        return {key: chance.min(axis=1) for key, chance in self._raised_by_size.items()}

    @cached_property
    def _raised_by_size(self) -> dict[tuple[str, str], np.ndarray]:
        return self._chances(lambda use: raised_limit(use, self.answers.load))

    @cached_property
    def _today(self) -> dict[tuple[str, str], np.ndarray]:
        return self._chances(lambda use: self.answers.load.limit(use.limit))

    def _chances(self, value: Callable[[LimitUse], float]) -> dict[tuple[str, str], np.ndarray]:
        """By limit and driver, shape (placements, sizes, *axes)."""
        chances: dict[tuple[str, str], np.ndarray] = {}
        shape = (len(self.table.placements), self.answers.sizes, *self.load.shape)
        for rows, use in self.answers.uses:
            chance = np.asarray(use.exceed(self.answers.load, value(use)))
            if not chance.any():
                continue
            chance = chance.reshape((1,) * (2 + len(self.load.shape) - chance.ndim) + chance.shape)
            whole = chances.setdefault((use.limit, use.driver), np.zeros(shape))
            whole[rows] = np.maximum(whole[rows], chance)
        return chances

    def _worst(self, chances: Iterable[np.ndarray]) -> np.ndarray:
        """One row a design: the largest among its placements."""
        stacked = np.zeros((len(self.table.placements), self.answers.sizes, *self.load.shape))
        for chance in chances:
            stacked = np.maximum(stacked, chance)
        return self._whole(stacked[self.table.rows].max(axis=1))

    @cached_property
    def breach_probability(self) -> np.ndarray:
        """The chance that a request breaks any limit as quotas are today."""
        by_driver = [
            self._worst(chance for (_, of), chance in self._today.items() if of == driver)
            for driver in DRIVERS
        ]
        return np.asarray(breach_probability(by_driver))

    @cached_property
    def hard_breach(self) -> np.ndarray:
        """The chance that a request breaks the worst single limit, with quotas raised."""
        return self._worst(self._raised_by_size.values())
