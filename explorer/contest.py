"""The two best designs at every point of a grid, without pricing those that cannot be among them.

Each option answers for the whole grid at once, along the axes that its answer depends on. Then, block by
block, designs are taken in the order of the least that they can cost anywhere in the block, until that is
more than the second best costs everywhere: `recommend`'s answer, in a fraction of the work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .assess import DRIVERS, Exceedances, breach_probability, fits
from .distribution import Number
from .evaluate import Evaluation
from .latency import over_patience
from .option import Load

Block = tuple[slice, ...]
NOTHING = -1  # where no design is feasible


def cut(values: Number, block: Block) -> np.ndarray:
    """The part of an array that lies in a block; along an axis on which it does not depend, all of it."""
    values = np.asarray(values)
    lead = values.ndim - len(block)
    if values.ndim == 0:
        return values
    if lead < 0:  # it lacks leading axes
        block, lead = block[-values.ndim :], 0
    along = [
        whole if length == 1 else part
        for whole, length, part in zip([slice(None)] * len(block), values.shape[lead:], block, strict=True)
    ]
    return values[(slice(None),) * lead + tuple(along)]


class Stacked:
    """One array a context, and the least of each in a block, for those of the same shape together."""

    def __init__(self, values: Sequence[Number], ndim: int) -> None:
        self.values = [np.asarray(value, dtype=float) for value in values]
        by_shape: dict[tuple[int, ...], list[int]] = {}
        for index, value in enumerate(self.values):
            by_shape.setdefault((1,) * (ndim - value.ndim) + value.shape, []).append(index)
        self.groups = [
            (np.array(indices), np.stack([self.values[index].reshape(shape) for index in indices]))
            for shape, indices in by_shape.items()
        ]
        self.axes = tuple(range(1, ndim + 1))

    def reduced(self, block: Block, how: Callable[..., np.ndarray]) -> np.ndarray:
        """The least, or the most, of each context in the block."""
        found = np.zeros(len(self.values))
        for indices, stack in self.groups:
            found[indices] = how(cut(stack, block), axis=self.axes)
        return found


@dataclass
class Places:
    """The best and the second best at the points of a block, so far."""

    score: np.ndarray  # (2, *block)
    index: np.ndarray
    usd: np.ndarray
    tie: np.ndarray  # parts and p95 by which equal scores are told apart, (2, 2, *block)


class Contest:
    """The designs of an evaluation against each other, block by block."""

    def __init__(self, evaluation: Evaluation, load_of: Callable[[Block], Load]) -> None:
        self.evaluation, self.load_of = evaluation, load_of
        load, shape = evaluation.load, evaluation.load.shape
        self.tolerance = load.tolerance
        self.rows, self.parts = evaluation.table.rows, evaluation.table.parts
        self.linear = Stacked([money.linear_usd for money in evaluation.money], len(shape))
        ids = {price_id for money in evaluation.money for price_id in money.tiered}
        self.tiered = {
            price_id: Stacked([money.tiered.get(price_id, 0.0) for money in evaluation.money], len(shape))
            for price_id in sorted(ids)
        }
        self.fits = Stacked(self._fits(evaluation), len(shape))
        self.exchange = [seconds.exchange for seconds in evaluation.seconds]
        self.work = [seconds.work for seconds in evaluation.seconds]
        totals = [np.asarray(seconds.total) for seconds in evaluation.seconds]
        self.p95 = [total[1] if total.ndim else total for total in totals]
        self.ids = [sorted(money.tiered) for money in evaluation.money]
        self.part_usd = np.asarray(load.number("preferences.part_usd"), dtype=float)
        self.kept = 1 - np.asarray(load.number("preferences.discount"), dtype=float)

    @staticmethod
    def _fits(evaluation: Evaluation) -> list[Number]:
        """Of each context, where it breaks no limit."""
        load, contexts = evaluation.load, evaluation.table.contexts
        return load.asked("fits", contexts, lambda option, view: fits(option.limits(view), view))

    @cached_property
    def free(self) -> list[Number]:
        """Of each context, where the workload does not exclude it."""
        exclusions = self.evaluation.table.exclusions(self.evaluation.load)
        found: list[Number] = []
        for context in self.evaluation.table.contexts:
            free: Number = True
            for exclusion in exclusions[context.option]:
                free = free & ~np.asarray(exclusion.where)
            found.append(free)
        return found

    @cached_property
    def cold(self) -> list[Number]:
        """Of each context, the share of requests whose work waits for a cold start."""
        return [
            self.evaluation.load.under(c.flow).work_cold_share if c.option.concern == "execution" else 0.0
            for c in self.evaluation.table.contexts
        ]

    def block(self, block: Block) -> tuple[np.ndarray, ...]:
        """Winner and runner-up (-1: nobody), the winner's money and breach probability in a block."""
        return Round(self, block).result()


class Round:
    """The contest in one block."""

    def __init__(self, contest: Contest, block: Block) -> None:
        self.contest, self.block = contest, block
        load = contest.load_of(block)
        self.load, self.shape = load, load.shape
        self.cached: dict[object, np.ndarray] = {}
        self.cuts: dict[tuple[str, int], np.ndarray] = {}
        self.best = Places(
            np.full((2, *self.shape), np.inf),
            np.full((2, *self.shape), NOTHING),
            np.full((2, *self.shape), np.nan),
            np.full((2, 2, *self.shape), np.inf),
        )

    def result(self) -> tuple[np.ndarray, ...]:
        for index, least in self._order():
            if least > self.best.score[1].max():
                break
            self._enter(index, least)
        winner = self.best.index[0]
        return winner, self.best.index[1], self.best.usd[0], self._chance(winner)

    def _order(self) -> list[tuple[int, float]]:
        """The designs that break no limit everywhere, by the least that they can cost."""
        c = self.contest
        rows = c.rows
        able = (c.fits.reduced(self.block, np.max) > 0)[rows].all(axis=1)
        self.always = c.fits.reduced(self.block, np.min) > 0
        usd = c.linear.reduced(self.block, np.min)[rows].sum(axis=1)
        quantities = {
            price_id: stacked.reduced(self.block, np.min)[rows].sum(axis=1)
            for price_id, stacked in c.tiered.items()
        }
        usd = (usd + c.evaluation.book.tiered_usd(quantities)) * cut(c.kept, self.block).min()
        least = usd * (1 - 1e-12) + cut(c.part_usd, self.block).min() * c.parts
        order = np.argsort(np.where(able, least, np.inf), kind="stable")
        return [(int(index), float(least[index])) for index in order[: int(able.sum())]]

    def _cut(self, kind: str, context: int, values: Sequence[Number]) -> np.ndarray:
        """A context's array in this block, remembered."""
        key = (kind, context)
        if key not in self.cuts:
            self.cuts[key] = cut(values[context], self.block)
        return self.cuts[key]

    def _sum(self, kind: str, contexts: Sequence[int], values: Sequence[Number]) -> np.ndarray:
        """The sum over the contexts of a design, in the order of the concerns."""
        total = self._cut(kind, contexts[0], values)
        for context in contexts[1:]:
            total = total + self._cut(kind, context, values)
        return total

    def _enter(self, index: int, least: float) -> None:
        """Let one design compete, where it may still win."""
        contexts = self.contest.rows[index].tolist()
        open_to = self._fits(contexts)
        if not np.any(open_to & (self.best.score[1] >= least)):
            return
        usd = self._usd(contexts)
        score = usd + cut(self.contest.part_usd, self.block) * self.contest.parts[index]
        score = np.where(open_to, np.broadcast_to(score, self.shape), np.inf)
        if not np.any(score <= self.best.score[1]):
            return
        score = np.where(self._in_time(index, contexts), score, np.inf)
        self._place(index, contexts, score, np.broadcast_to(usd, self.shape))

    def _fits(self, contexts: Sequence[int]) -> np.ndarray:
        """Where no limit breaks and nothing is excluded."""
        doubtful = tuple(context for context in contexts if not self.always[context])
        fits = self._remembered(("fits", doubtful), lambda: self._hard_fits(doubtful))
        for context in contexts:
            if self.contest.free[context] is not True:
                fits = fits & self._cut("free", context, self.contest.free)
        return fits

    def _hard_fits(self, doubtful: Sequence[int]) -> np.ndarray:
        fits = np.ones(self.shape, dtype=bool)
        for context in doubtful:
            fits &= self._cut("fits", context, self.contest.fits.values) > 0
        return fits

    def _remembered(self, key: object, make: Callable[[], np.ndarray]) -> np.ndarray:
        if key not in self.cached:
            self.cached[key] = make()
        return self.cached[key]

    def _usd(self, contexts: Sequence[int]) -> np.ndarray:
        c = self.contest
        usd = self._sum("linear", contexts, c.linear.values)
        by_id: dict[str, list[int]] = {}
        for context in contexts:
            for price_id in c.ids[context]:
                by_id.setdefault(price_id, []).append(context)
        quantities = {
            price_id: self._sum(price_id, those, c.tiered[price_id].values)
            for price_id, those in by_id.items()
        }
        usd = usd + c.evaluation.book.tiered_usd(quantities)
        return np.asarray(usd * cut(c.kept, self.block))

    def _in_time(self, index: int, contexts: Sequence[int]) -> Number:
        """Within `client.waits` and `targets.latency_p95`."""
        c, load = self.contest, self.load
        exchange = self._sum("exchange", contexts, c.exchange)
        if c.evaluation.table.answers[index]:
            work, cold = self._sum("work", contexts, c.work), self._sum("cold", contexts, c.cold)
            within = over_patience(load, exchange, work, cold, True) <= c.tolerance
        else:
            within = load.waits - exchange >= 0
        return within if load.latency_p95 is None else within & (self._p95(contexts) <= load.latency_p95)

    def _p95(self, contexts: Sequence[int]) -> np.ndarray:
        return self._sum("p95", contexts, self.contest.p95)

    def _place(self, index: int, contexts: Sequence[int], score: np.ndarray, usd: np.ndarray) -> None:
        """Put a design where it belongs; equal scores go to fewer parts, then to the lower p95."""
        for place in (0, 1):
            ahead = score < self.best.score[place]
            equal = (score == self.best.score[place]) & np.isfinite(score)
            tie = None
            if equal.any():
                tie = self._tie(index, contexts)
                ahead = ahead | (equal & _before(tie, index, self.best.tie[place], self.best.index[place]))
            if not ahead.any():
                continue
            tie = self._tie(index, contexts) if tie is None else tie
            if place == 0:
                for kept in (self.best.score, self.best.index, self.best.usd):
                    kept[1] = np.where(ahead, kept[0], kept[1])
                self.best.tie[1] = np.where(ahead, self.best.tie[0], self.best.tie[1])
            self.best.score[place] = np.where(ahead, score, self.best.score[place])
            self.best.index[place] = np.where(ahead, index, self.best.index[place])
            self.best.usd[place] = np.where(ahead, usd, self.best.usd[place])
            self.best.tie[place] = np.where(ahead, tie, self.best.tie[place])
            if place == 0:
                score = np.where(ahead, np.inf, score)

    def _tie(self, index: int, contexts: Sequence[int]) -> np.ndarray:
        parts = np.full(self.shape, float(self.contest.parts[index]))
        return np.stack([parts, np.broadcast_to(self._p95(contexts), self.shape)])

    def _chance(self, winner: np.ndarray) -> np.ndarray:
        """The winner's chance that a request breaks any limit as quotas are today."""
        chance = np.full(self.shape, np.nan)
        for index in np.unique(winner[winner >= 0]):
            rows = self.contest.rows[index]
            contexts = [self.contest.evaluation.table.contexts[row] for row in rows]
            today = [
                found.today
                for found in self.load.asked(
                    "limits", contexts, lambda option, view: Exceedances.of(option.limits(view), view)
                )
            ]
            worst: list[Number] = []
            for driver in DRIVERS:
                most: Number = 0.0
                for chances in today:
                    most = np.maximum(most, chances.get(driver, 0.0))
                worst.append(most)
            chance = np.where(winner == index, breach_probability(worst), chance)
        return chance


def _before(tie: np.ndarray, index: int, other: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Where a design goes before one of the same score: fewer parts, lower p95, earlier in the table."""
    fewer, as_many = tie[0] < other[0], tie[0] == other[0]
    sooner, as_soon = tie[1] < other[1], tie[1] == other[1]
    return fewer | (as_many & (sooner | (as_soon & (index < held))))
