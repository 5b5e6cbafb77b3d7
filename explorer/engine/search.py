"""The two best designs at every point of a grid, without pricing those that cannot be among them.

Each option answers for the whole grid at once, along the axes that its answer depends on. Designs that two
others beat everywhere are left out. Then, block by block, the others are taken in the order of the least
that they can cost, and those are priced that may cost less than the second best in a cell of the block:
`recommend`'s answer, in a fraction of the work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions

from .bounds import Block, Grid, Stacked, cut
from .evaluation import Evaluation
from .latency import over_patience
from .limits import DRIVERS, Exceedances, breach_probability, fits

NOTHING = -1  # where no design is feasible
BLOCK = 8192  # points that are priced together: what they need fits into a cache
CELL = 128  # points over which the least that a design can cost is taken
ENOUGH = 2  # better designs, of which the worse is the second best
SLACK = 1e-9  # by which a sum has to be less, of itself: far more than rounding


@dataclass
class TopTwo:
    """The best and the second best at the points of a block, so far."""

    score: np.ndarray  # (2, *block)
    index: np.ndarray
    usd: np.ndarray
    tie: np.ndarray  # parts and p95 by which equal scores are told apart, (2, 2, *block)


class Contest:
    """The designs of an evaluation against each other."""

    def __init__(self, evaluation: Evaluation, load_of: Callable[[Block], Conditions]) -> None:
        self.evaluation, self.load_of = evaluation, load_of
        load = evaluation.load
        self.grid, self.cells = Grid(load.shape, BLOCK), Grid(load.shape, CELL)
        self.rows, self.parts = evaluation.table.rows, evaluation.table.parts
        self.linear = self._stacked(money.linear_usd for money in evaluation.money)
        self.ids = [sorted(money.tiered) for money in evaluation.money]
        self.tiered = {
            price_id: self._stacked(money.tiered.get(price_id, 0.0) for money in evaluation.money)
            for price_id in sorted({price_id for ids in self.ids for price_id in ids})
        }
        self.fits = self._stacked(self._fits(evaluation))
        totals = [np.asarray(seconds.total) for seconds in evaluation.seconds]
        self.p95 = self._stacked(total[1] if total.ndim else total for total in totals)
        self.exchange = self._stacked(seconds.exchange for seconds in evaluation.seconds)
        self.work = self._stacked(seconds.work for seconds in evaluation.seconds)
        self.cold = self._stacked(self._cold(evaluation))
        self.part_usd = load.number("preferences.part_usd")
        self.kept = 1 - load.number("preferences.discount")
        self.may_be_excluded = np.array([free is not True for free in self.free])
        self.designs = Pairs(self).undominated()

    @cached_property
    def always(self) -> np.ndarray:
        """Which contexts break no limit anywhere."""
        return np.asarray(self.fits.ends[0] > 0)

    @cached_property
    def least(self) -> np.ndarray:
        """The least score of each design in each cell; infinite where it surely breaks or is late."""
        rows, parts = self.rows[self.designs], self.parts[self.designs]
        column = (slice(None), *[None] * len(self.grid.shape))
        quantities = {price_id: stacked.at_least(rows) for price_id, stacked in self.tiered.items()}
        usd = self.linear.at_least(rows) + self.evaluation.book.tiered_usd(quantities)
        kept, part_usd = (self._stacked([value]).least[0] for value in (self.kept, self.part_usd))
        score = usd * kept * (1 - SLACK) + part_usd * parts[column]
        able = (self.fits.most > 0)[rows].all(axis=1)
        return np.where(able & ~self._late(rows, column), score, np.inf)

    def _late(self, rows: np.ndarray, column: tuple[slice | None, ...]) -> np.ndarray:
        """Where designs surely miss `client.waits` or `targets.latency_p95`, whatever rounding does."""
        load, answers = self.evaluation.load, self.evaluation.table.answers[self.designs][column]
        patience = self._stacked([load.runtime.quantile(1 - load.tolerance)]).least[0]
        before = self.exchange.at_least(rows) + np.where(answers, self.work.at_least(rows) + patience, 0.0)
        late = before * (1 - SLACK) > self._stacked([load.waits]).most[0]
        if load.latency_p95 is None:
            return np.asarray(late)
        return np.asarray(
            late | (self.p95.at_least(rows) * (1 - SLACK) > self._stacked([load.latency_p95]).most[0])
        )

    def _stacked(self, values: Iterable[Number]) -> Stacked:
        return Stacked(list(values), self.cells)

    def places(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Winner and runner-up (-1: nobody), and the winner's money [USD a month]."""
        shape = self.grid.shape
        winner, runner_up, usd = np.empty(shape, np.int32), np.empty(shape, np.int32), np.empty(shape)
        for block in self.grid:
            best = Round(self, block).best
            winner[block], runner_up[block], usd[block] = *best.index, best.usd[0]
        return winner, runner_up, usd

    def chance(self, winner: np.ndarray) -> np.ndarray:
        """The winner's chance that a request breaks any limit as quotas are today."""
        chance = np.full(winner.shape, np.nan)
        for block in self.grid:
            load, of_block = self.load_of(block), winner[block]
            for index in np.unique(of_block[of_block != NOTHING]):
                here = of_block == index
                chance[block][here] = np.broadcast_to(self._chance(load, self.rows[index]), load.shape)[here]
            load.forget()
        return chance

    def _chance(self, load: Conditions, rows: np.ndarray) -> np.ndarray:
        contexts = [self.evaluation.table.contexts[row] for row in rows]
        today = [
            found.today
            for found in load.asked(
                "limits", contexts, lambda option, view: Exceedances.of(option.limits(view), view)
            )
        ]
        worst: list[Number] = []
        for driver in DRIVERS:
            most: Number = 0.0
            for chances in today:
                most = np.maximum(most, chances.get(driver, 0.0))
            worst.append(most)
        return np.asarray(breach_probability(worst))

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

    @staticmethod
    def _cold(evaluation: Evaluation) -> list[Number]:
        """Of each context, the share of requests whose work waits for a cold start."""
        return [
            evaluation.load.under(c.flow).work_cold_share if c.option.concern == "execution" else 0.0
            for c in evaluation.table.contexts
        ]


class Round:
    """The contest in one block."""

    def __init__(self, contest: Contest, block: Block) -> None:
        self.contest, self.block = contest, block
        self.load = contest.load_of(block)
        self.shape = shape = self.load.shape
        self.inside = contest.cells.within(block)
        self.cuts: dict[tuple[str, int], np.ndarray] = {}
        self.best = TopTwo(
            np.full((2, *shape), np.inf),
            np.full((2, *shape), NOTHING),
            np.full((2, *shape), np.nan),
            np.full((2, 2, *shape), np.inf),
        )
        self._compete()

    def _compete(self) -> None:
        """Price the designs in the order of their least, where it is less than what the second best costs."""
        least = self.contest.least[(slice(None), *self.inside)].reshape(len(self.contest.designs), -1)
        second = self._second()
        for number in least.min(axis=1).argsort(kind="stable"):
            if (least[number] <= second).any() and self._enter(int(self.contest.designs[number])):
                second = self._second()
        self.load.forget()

    def _second(self) -> np.ndarray:
        """The most that the second best costs in each cell of the block, finite."""
        score = self.best.score[1]
        for axis, starts in enumerate(self.contest.cells.starts):
            score = np.maximum.reduceat(score, starts[starts < score.shape[axis]], axis=axis)
        return np.minimum(score.ravel(), np.finfo(float).max)

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

    def _enter(self, index: int) -> bool:
        """Let one design compete, where it may still win; whether it is the best or second best anywhere."""
        contexts = self.contest.rows[index].tolist()
        usd = self._usd(contexts)
        score = usd + cut(self.contest.part_usd, self.block) * self.contest.parts[index]
        open_to = self._fits(contexts) & (score <= self.best.score[1])
        if not open_to.any():
            return False
        open_to = open_to & self._in_time(index, contexts)
        score = np.where(open_to, score, np.inf)
        return self._place(index, contexts, score, np.broadcast_to(usd, self.shape))

    def _fits(self, contexts: Sequence[int]) -> np.ndarray:
        """Where no limit breaks and nothing is excluded."""
        fits = np.ones(self.shape, dtype=bool)
        for context in contexts:
            if not self.contest.always[context]:
                fits &= self._cut("fits", context, self.contest.fits.values) > 0
            if self.contest.may_be_excluded[context]:
                fits = fits & self._cut("free", context, self.contest.free)
        return fits

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
        exchange = self._sum("exchange", contexts, c.exchange.values)
        if c.evaluation.table.answers[index]:
            work, cold = (
                self._sum(kind, contexts, stacked.values)
                for kind, stacked in (("work", c.work), ("cold", c.cold))
            )
            within = over_patience(load, exchange, work, cold, True) <= load.tolerance
        else:
            within = load.waits - exchange >= 0
        return within if load.latency_p95 is None else within & (self._p95(contexts) <= load.latency_p95)

    def _p95(self, contexts: Sequence[int]) -> np.ndarray:
        return self._sum("p95", contexts, self.contest.p95.values)

    def _place(self, index: int, contexts: Sequence[int], score: np.ndarray, usd: np.ndarray) -> bool:
        """Put a design where it belongs, if anywhere; equal scores go to fewer parts, then lower p95."""
        placed = False
        for place in (0, 1):
            ahead = score < self.best.score[place]
            equal = (score == self.best.score[place]) & np.isfinite(score)
            tie = None
            if equal.any():
                tie = self._tie(index, contexts)
                ahead = ahead | (equal & _before(tie, index, self.best.tie[place], self.best.index[place]))
            if not ahead.any():
                continue
            placed = True
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
        return placed

    def _tie(self, index: int, contexts: Sequence[int]) -> np.ndarray:
        parts = np.full(self.shape, float(self.contest.parts[index]))
        return np.stack([parts, np.broadcast_to(self._p95(contexts), self.shape)])


def _before(tie: np.ndarray, index: int, other: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Where a design goes before one of the same score: fewer parts, lower p95, earlier in the table."""
    fewer, as_many = tie[0] < other[0], tie[0] == other[0]
    sooner, as_soon = tie[1] < other[1], tie[1] == other[1]
    return fewer | (as_many & (sooner | (as_soon & (index < held))))


class Pairs:
    """Designs against each other, a row for each and a column for each."""

    def __init__(self, contest: Contest) -> None:
        self.contest, self.rows = contest, contest.rows
        self.shared = self.rows[:, None] == self.rows  # (designs, designs, concerns)

    def undominated(self) -> np.ndarray:
        """The designs that may be among the two best anywhere."""
        better = self._serves() & self._never_later() & self._cheaper()
        return np.flatnonzero(better.sum(axis=0) < ENOUGH)

    def _more(self, stacked: Stacked) -> np.ndarray:
        """The most by which each concern of a row's design may exceed that of a column's."""
        low, high = (each[self.rows] for each in stacked.ends)
        return np.where(self.shared, 0.0, high[:, None] - low)

    def _cheaper(self) -> np.ndarray:
        c = self.contest
        usd = self._more(c.linear).sum(axis=-1)
        for price_id, stacked in c.tiered.items():
            quantity = self._more(stacked).sum(axis=-1)
            least, most = c.evaluation.book.unit_prices(price_id)
            usd += _times(quantity, least, most)
        parts = c.parts
        apart = (parts[:, None] - parts).astype(float)
        kept, part_usd = np.asarray(c.kept), np.asarray(c.part_usd)
        score = _times(usd, kept.min(), kept.max()) + _times(apart, part_usd.min(), part_usd.max())
        scale = c.linear.ends[1][self.rows].sum(axis=-1) + part_usd.max() * parts
        return np.asarray(score < -SLACK * (1 + scale[:, None]))

    def _never_later(self) -> np.ndarray:
        """Whether a row's design keeps every promise that a column's keeps."""
        c = self.contest
        answers = c.evaluation.table.answers
        fine = answers[:, None] <= answers
        for stacked in (c.exchange, c.p95):
            fine &= _no_more(self._more(stacked))
        for stacked in (c.work, c.cold):
            fine &= _no_more(self._more(stacked)) | ~answers[:, None]
        return np.asarray(fine)

    def _serves(self) -> np.ndarray:
        """Whether whatever may break or exclude a row's design is part of the column's too."""
        doubtful = ~self.contest.always | self.contest.may_be_excluded
        return np.asarray((self.shared | ~doubtful[self.rows][:, None]).all(axis=-1))


def _times(values: np.ndarray, least: float, most: float) -> np.ndarray:
    """The most that values can be, times a factor between these."""
    return values * np.where(values > 0, most, least)


def _no_more(terms: np.ndarray) -> np.ndarray:
    """Whether a sum is surely not above zero, rounding or not."""
    return np.asarray((terms <= 0).all(axis=-1) | (terms.sum(axis=-1) < -SLACK))
