"""The plain evaluation: limits, cost and latency of every design for a load, without leaving any out.

One workload is a load without axes; a sweep has axes. Tests compare the search (`search.py`) with it, which
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
from .designs import Design, Table, allowed_designs
from .grid import Grid
from .limits import DRIVERS, breach_probability, raised_limit
from .ranking import best_of
from .sums import Cells, Sums

FAR_USD = 1e18  # more than any bill: a size that breaks a limit or is late ranks last


class Evaluation:
    """Designs evaluated for one load; arrays have the shape (designs, *axes).

    Without `designs`: those that can be built and that the workload does not exclude.
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
        """One value per design, shaped to broadcast against the axes."""
        return values.reshape((-1,) + (1,) * len(self.load.shape))

    def _whole(self, values: np.ndarray) -> np.ndarray:
        """The values at each design's best size: (designs, sizes, *axes or 1) becomes (designs, *axes)."""
        shape = (len(self.table.rows), *self.load.shape)
        if values.shape[1] == 1:
            return np.broadcast_to(values[:, 0], shape)
        values = np.broadcast_to(values, (shape[0], values.shape[1], *shape[1:]))
        return np.take_along_axis(values, self.size[:, None], axis=1)[:, 0]

    @cached_property
    def size(self) -> np.ndarray:
        """The index of the size that each design takes, into the sizes of the load: shape (designs, *axes).

        A size that breaks no limit ranks before one that does, then one in time before a late one, then the
        cheapest.
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
        """From submitting until the whole result arrives [s]: p50, p95 and p99, shape (designs, 3, *axes)."""
        totals = (self._sums.total(name) for name in (P50, P95, P99))
        return np.stack([self._whole(total) for total in totals], axis=1)

    @cached_property
    def late(self) -> np.ndarray:
        """The chance that the first byte of the response arrives after `client.waits`."""
        return self._whole(self._sums.late())

    @cached_property
    def in_time(self) -> np.ndarray:
        """Whether the p95 is at most `targets.latency_p95`; true where no target is set."""
        target = self.load.latency_p95
        if target is None:
            return np.ones((len(self.designs), *self.load.shape), dtype=bool)
        result: np.ndarray = self.latency_s[:, 1] <= target
        return result

    @cached_property
    def begins_in_time(self) -> np.ndarray:
        """Whether the first byte's p95 is at most `targets.first_byte_p95`; true where no target is set."""
        target = self.load.first_byte_p95
        if target is None:
            return np.ones((len(self.designs), *self.load.shape), dtype=bool)
        result: np.ndarray = self.first_byte_p95_s <= target
        return result

    @cached_property
    def first_byte_p95_s(self) -> np.ndarray:
        """The p95 of the first byte of the result [s]; valid only where `targets.first_byte_p95` is set."""
        return self._whole(self._sums.first_byte())

    @cached_property
    def feasible(self) -> np.ndarray:
        """Whether no option is excluded, no limit breaks, and `client.waits` and `targets` are met."""
        result: np.ndarray = self._whole(self._in_time) & ~self.breaks
        return result

    @cached_property
    def breaks(self) -> np.ndarray:
        """Whether an option is excluded or a limit breaks for more requests than may fail."""
        return self._whole(self._breaks)

    def score_usd(self, part_usd: Number) -> np.ndarray:
        """The bill plus the price of the parts [USD a month]; infinite where a design is not feasible."""
        parts = self.column(self.table.parts)
        return np.where(self.feasible, self.monthly_usd + part_usd * parts, np.inf)

    def winner(self, part_usd: Number | None = None) -> np.ndarray:
        """The index of the recommended design; -1 where none is feasible.

        The lowest score wins; ties go to fewer parts, then to the lower p95.
        """
        if part_usd is None:
            part_usd = self.load.number("preferences.part_usd")
        return best_of(self.score_usd(part_usd), self.column(self.table.parts), self.latency_s[:, 1])

    # Chances, for display only; feasibility is decided without them -------------------------------

    @cached_property
    def raised_chances(self) -> dict[tuple[str, str], np.ndarray]:
        """By limit and driver, the chance of a breach with the quota raised: shape (placements, *axes).

        If a placement has several uses of a limit, the worst counts; of the sizes that its option sells, the
        best.
        """
        unsold = self.answers.unsold & ~self.answers.unsold.all(axis=1, keepdims=True)
        here = unsold.reshape(*unsold.shape, *(1,) * len(self.load.shape))
        return {key: np.where(here, 1.0, chance).min(axis=1) for key, chance in self._raised_by_size.items()}

    @cached_property
    def _raised_by_size(self) -> dict[tuple[str, str], np.ndarray]:
        return self._chances(lambda use: raised_limit(use, self.answers.load))

    @cached_property
    def _today(self) -> dict[tuple[str, str], np.ndarray]:
        return self._chances(lambda use: self.answers.load.limit(use.limit))

    def _chances(self, value: Callable[[LimitUse], float]) -> dict[tuple[str, str], np.ndarray]:
        """The chance of a breach by limit and driver: shape (placements, sizes, *axes)."""
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
        """The largest chance among the placements of each design, one row per design."""
        stacked = np.zeros((len(self.table.placements), self.answers.sizes, *self.load.shape))
        for chance in chances:
            stacked = np.maximum(stacked, chance)
        return self._whole(stacked[self.table.rows].max(axis=1))

    @cached_property
    def breach_probability(self) -> np.ndarray:
        """The chance that a request breaks any limit with today's quotas."""
        by_driver = [
            self._worst(chance for (_, of), chance in self._today.items() if of == driver)
            for driver in DRIVERS
        ]
        return np.asarray(breach_probability(by_driver))

    @cached_property
    def hard_breach(self) -> np.ndarray:
        """The chance that a request breaks the worst single limit with quotas raised."""
        return self._worst(self._raised_by_size.values())
