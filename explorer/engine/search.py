"""The two best designs at every point: of one workload, of a list of varied ones, or of a grid.

Few designs are priced. First each placement gets one number in each cell of the axes: the least that it adds
to a score there. A design's sum of these is no more than its score anywhere in the cell. Then, block by block,
designs are priced in the order of how near their sums come to the best, until those left cannot be among the
two best in any cell of the block.

The least of a sum. min sum f >= sum min f: in a cell, the least of each placement's terms may be summed. With
terms along different axes this is even the least of their sum, since a cell is a product of intervals.

Tiers. The money T(q) of a tiered id is not a sum of what placements add, because each tier's price holds for
the sum q of all. On the interval [a, b] of what q can be in a cell, T(q) >= s q + min (T - s q) for any slope
s >= 0, and T - s q is linear between tiers, so its least is at a, at b or at the start of a tier between them.
With the chord's slope s = (T(b) - T(a)) / (b - a) this is exact where [a, b] lies within one tier. Of a free
pool, which several ids share, each id is given the whole.

Promises and limits. A limit that surely breaks all over a cell makes the number infinite. Whether a design is
in time is asked only of those that are cheap enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .answers import BAD, EXCHANGE, P95, USD, WORK, Answers
from .bounds import Block, Grid
from .designs import Table
from .ranking import NOTHING, ranked
from .sums import Sums

BLOCK = 8192  # points that are priced together: what they need fits into a cache
CELLS = 512  # cells over which the least that a design can cost is taken, about, and
CELL = 128  # the most points of one
PRICED = 2**16  # designs x points x sizes that are priced at once
FIRST = 24  # designs that are priced first, at a single point
SLACK = 1e-9  # by which a sum has to be less, of itself: far more than rounding


@dataclass(frozen=True, eq=False)
class TopTwo:
    """The best and the second best at each point; arrays of shape (2, *axes)."""

    index: np.ndarray  # into the table's designs, -1 where there is none
    size: np.ndarray  # of the sizes
    score: np.ndarray  # [USD a month] with the parts, infinite where there is none
    usd: np.ndarray  # [USD a month], NaN where there is none

    @property
    def winner(self) -> np.ndarray:
        """The index of the best."""
        return self.index[0]

    @property
    def runner_up(self) -> np.ndarray:
        """The index of the second best."""
        return self.index[1]


def best_two(answers: Answers, designs: Table | None = None) -> TopTwo:
    """The two best of these designs at every point of the axes; without any, of those that were asked.

    Least score; ties go to fewer parts, then to the lower p95, then to the first in the table. Sizes of one
    design are one design: each is taken at its best size.
    """
    return Search(answers, answers.table if designs is None else designs).best_two()


class Search:
    """The bounds of designs in the cells of all axes, and the contest in each block."""

    def __init__(self, answers: Answers, table: Table) -> None:
        self.answers, self.load, self.table = answers, answers.load, table
        self.shape = answers.axes_shape
        points = int(np.prod(self.shape))
        self.blocks = Grid(self.shape, BLOCK)
        self.cells = Grid(self.shape, max(1, min(CELL, points // CELLS)))
        self.placements = table.used

    def best_two(self) -> TopTwo:
        """The contest in every block."""
        found = _nobody(self.shape)
        if len(self.table.rows):
            for block in self.blocks:
                part = Contest(self, block).best_two()
                for whole, own in zip(_arrays(found), _arrays(part), strict=True):
                    whole[(slice(None), *block)] = own
        return found

    # The least and the most in each cell, of shape (placements, sizes, *cells) ------------------------

    def ends(self, name: str, how: np.ufunc) -> np.ndarray:
        """The least (`np.minimum`) or the most (`np.maximum`) that each placement adds to a quantity."""
        a = self.answers
        constant = a.constant[a.quantities.index(name)][self.placements]
        result = constant.reshape(*constant.shape, *(1,) * len(self.shape))
        for along in a.along.get(name, ()):
            reduced = self.reduced(along.values, how)
            result = result + reduced[along.row_of[self.placements]]
        for steps in a.steps:
            if steps.quantity == name:
                rows = steps.row_of[self.placements]
                sums = [self._summed([self.reduced(t, how) for t in terms], rows) for terms in steps.sums]
                times = self._summed([self.reduced(steps.times, how)], rows)
                has = (rows >= 0).reshape(-1, *(1,) * (result.ndim - 1))
                result = result + np.where(has, times * steps.function(*sums), 0.0)
        return result

    def reduced(self, values: np.ndarray, how: np.ufunc) -> np.ndarray:
        """The ends of each row, of shape (rows, sizes, *cells)."""
        return self.cells.reduced(how, values)

    @staticmethod
    def _summed(terms: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
        """The sum of terms, a row a placement."""
        own = [term[rows if len(term) > 1 else np.zeros_like(rows)] for term in terms]
        return np.sum(np.broadcast_arrays(*own), axis=0) if len(own) > 1 else own[0]

    @cached_property
    def breaks(self) -> np.ndarray:
        """Where each placement surely breaks a limit or is excluded, all over a cell."""
        broken = self.ends(BAD, np.minimum) > 0
        for test in self.answers.tests:
            rows = test.row_of[self.placements]
            least = self._summed([self.reduced(term, np.minimum) for term in test.terms], rows)
            most = self._summed([self.reduced(test.most, np.maximum)], rows)
            has = (rows >= 0).reshape(-1, *(1,) * (least.ndim - 1))
            broken = broken | (has & (least * (1 - SLACK) > most))
        return broken

    @cached_property
    def least(self) -> np.ndarray:
        """No more than the score of each design in each cell, whatever its size: shape (designs, cells)."""
        added, beside = self.ends(USD, np.minimum), np.zeros((1, 1))
        for name in self.answers.tiered:
            slope, offset = self._chord(name)
            added = added + slope * self.ends(name, np.minimum)
            beside = beside + offset
        added = np.where(self.breaks, np.inf, added)
        kept = 1 - self._end(self.load.number("preferences.discount"), np.maximum)
        part_usd = self._end(self.load.number("preferences.part_usd"), np.minimum)
        score = (self._designs(added) + beside) * kept * (1 - SLACK)
        score = score.min(axis=1) + part_usd[:, 0] * self._column(self.table.parts)
        return np.broadcast_to(score, (len(self.table.rows), *self.cells.counts)).reshape(len(score), -1)

    def _column(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(-1, *(1,) * len(self.shape))

    def _end(self, value: object, how: np.ufunc) -> np.ndarray:
        """The end of a quantity of the load in each cell, shape (1, 1, *cells or 1)."""
        values = np.asarray(value, dtype=float)
        missing = 2 + len(self.shape) - values.ndim
        return self.reduced(values.reshape((1,) * missing + values.shape), how)

    @cached_property
    def _rows(self) -> np.ndarray:
        """The rows of the designs among the placements that are used."""
        place = np.zeros(len(self.table.placements), dtype=int)
        place[self.placements] = np.arange(len(self.placements))
        return place[self.table.rows]

    def _designs(self, values: np.ndarray) -> np.ndarray:
        """Sums over the placements of each design."""
        summed = values[self._rows[:, 0]]
        for concern in range(1, self._rows.shape[1]):
            summed = summed + values[self._rows[:, concern]]
        return summed

    def _chord(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """A slope and an offset so that slope x quantity + offset is no more than its money, in each cell."""
        low, high = self._range(name, np.minimum), self._range(name, np.maximum)
        book = self.answers.book
        slope = book.least_usd(name, high) - book.least_usd(name, low)
        slope = np.where(high > low, slope / np.where(high > low, high - low, 1.0), 0.0)
        offset = np.minimum(
            book.least_usd(name, low) - slope * low, book.least_usd(name, high) - slope * high
        )
        for start in book.knots(name):
            between = (low < start) & (start < high)
            if between.any():
                offset = np.where(
                    between, np.minimum(offset, book.least_usd(name, start) - slope * start), offset
                )
        return slope, offset

    def _range(self, name: str, how: np.ufunc) -> np.ndarray:
        """The least or the most that any design can sum up to, shape (1, 1, *cells)."""
        ends = how.reduce(self.ends(name, how), axis=1, keepdims=True)
        total = 0.0
        for concern in range(self._rows.shape[1]):
            total = total + how.reduce(ends[np.unique(self._rows[:, concern])], axis=0, keepdims=True)
        return np.asarray(total)

    @cached_property
    def exchange(self) -> np.ndarray:
        """The least seconds until the request is accepted: shape (placements, *cells or 1)."""
        return self.ends(EXCHANGE, np.minimum).min(axis=1)

    @cached_property
    def work(self) -> np.ndarray:
        """The least seconds of work beside the run time."""
        return self.ends(WORK, np.minimum).min(axis=1)

    @cached_property
    def p95(self) -> np.ndarray:
        """The least p95."""
        return self.ends(P95, np.minimum).min(axis=1)

    def surely_late(self, designs: np.ndarray) -> np.ndarray:
        """Where these designs miss `client.waits` or `targets.latency_p95` all over a cell: (designs, cells)."""
        rows = self._rows[designs]

        def summed(values: np.ndarray) -> np.ndarray:
            total = values[rows[:, 0]]
            for concern in range(1, rows.shape[1]):
                total = total + values[rows[:, concern]]
            return total

        load, at_once = self.load, self._column(self.table.answers[designs])
        edge = self._end(load.edge("runtime"), np.minimum).min(axis=1)
        before = summed(self.exchange) + np.where(at_once, summed(self.work) + edge, 0.0)
        late = before * (1 - SLACK) > self._end(load.waits, np.maximum)[:, 0]
        if load.latency_p95 is not None:
            promised = self._end(load.latency_p95, np.maximum)[:, 0]
            late = late | (summed(self.p95) * (1 - SLACK) > promised)
        return np.broadcast_to(late, (len(designs), *self.cells.counts)).reshape(len(designs), -1)


class Contest:
    """The two best in one block."""

    def __init__(self, search: Search, block: Block) -> None:
        self.search, self.sums = search, Sums(search.answers, block)
        inside = np.arange(int(np.prod(search.cells.counts))).reshape(search.cells.counts)
        self.least = search.least[:, inside[search.cells.within(block)].ravel()]
        self.cells = inside[search.cells.within(block)].ravel()
        self.shape = self.sums.shape
        self.best = _nobody(self.shape)
        self.p95 = np.full((2, *self.shape), np.inf)

    def best_two(self) -> TopTwo:
        """Price designs, the most promising first, while any of the rest may be among the two best."""
        waiting = np.flatnonzero(np.isfinite(self.least).any(axis=1))
        if not len(waiting):
            return self.best
        least = self.least[waiting]
        with np.errstate(invalid="ignore"):  # nothing is possible in a cell: infinite less infinite
            order = np.nanmin(least - least.min(axis=0), axis=1).argsort(kind="stable")
        waiting, least = waiting[order], least[order]
        points = max(int(np.prod(self.shape)), 1) * self.search.answers.sizes
        at_once = FIRST if points < PRICED // FIRST else max(1, PRICED // points)
        while len(waiting):
            alive = (least <= self._second()).any(axis=1)
            waiting, least = waiting[alive], least[alive]
            some, waiting = waiting[:at_once], waiting[at_once:]
            open_to, least = least[:at_once] <= self._second(), least[at_once:]
            if len(some):
                open_to &= ~self.search.surely_late(some)[:, self.cells]
                some = some[open_to.any(axis=1)]
                if len(some):
                    self._enter(some)
            at_once = min(at_once * 2, max(at_once, PRICED // points))
        return self.best

    def _second(self) -> np.ndarray:
        """The most that the second best costs in each cell of the block, finite."""
        score = self.best.score[1]
        for axis, starts in enumerate(self.search.cells.starts):
            score = np.maximum.reduceat(score, starts[starts < score.shape[axis]], axis=axis)
        return np.minimum(score.ravel(), np.finfo(float).max)

    def _enter(self, designs: np.ndarray) -> None:
        """Let designs compete with the two best so far."""
        search, sums = self.search, self.sums
        rows, parts = search.table.rows[designs], search.table.parts[designs]
        constants = sums.constants(rows)
        usd = sums.usd(rows, constants)
        score = usd + sums.cut(search.load.number("preferences.part_usd")) * sums.column(parts)
        open_to = (score <= self.best.score[1] * (1 + SLACK)) & ~sums.broken(rows, constants)
        some = open_to.reshape(len(designs), -1).any(axis=1)
        if not some.any():
            return
        if not some.all():
            designs, rows, parts, constants = designs[some], rows[some], parts[some], constants[some]
            usd, score, open_to = (each[some] for each in (usd, score, open_to))
        open_to = open_to & sums.in_time(rows, search.table.answers[designs], constants)
        score = np.where(open_to, score, np.inf)
        if not np.isfinite(score).any():
            return
        p95 = sums.total(P95, rows, constants)
        self._place(designs, *self._sized(score, usd, p95))

    def _sized(self, *values: np.ndarray) -> tuple[np.ndarray, ...]:
        """Score, money and p95 of each design at its best size, and that size: shape (designs, *block)."""
        shape = np.broadcast_shapes(*(each.shape for each in values), (1, 1, *self.shape))
        size = np.broadcast_to(values[0], shape).argmin(axis=1)
        if shape[1] == 1:
            return (*(np.broadcast_to(each, shape)[:, 0] for each in values), size)
        picked = (np.take_along_axis(np.broadcast_to(each, shape), size[:, None], 1)[:, 0] for each in values)
        return (*picked, size)

    def _place(
        self, designs: np.ndarray, score: np.ndarray, usd: np.ndarray, p95: np.ndarray, size: np.ndarray
    ) -> None:
        """The two best of those so far and these, in the order of the table, so that ties fall as there."""
        best, count = self.best, len(designs)
        column = designs.reshape(-1, *(1,) * len(self.shape))
        index = np.concatenate([best.index, np.broadcast_to(column, (count, *self.shape))])
        every = [
            index,
            np.concatenate([best.size, size]),
            np.concatenate([best.score, score]),
            np.concatenate([best.usd, usd]),
            np.concatenate([self.p95, p95]),
        ]
        parts = np.append(self.search.table.parts, 0)[index]  # nobody has none, at an infinite score
        order = _order(index)
        if order is not None:
            every = [np.take_along_axis(each, order, 0) for each in every]
            parts = np.take_along_axis(parts, order, 0)
        score = every[2].copy()
        for place in (0, 1):
            first = ranked(score, parts, every[4])
            at = np.maximum(first, 0)[None]
            none = first == NOTHING
            fills = (NOTHING, 0, np.inf, np.nan, np.inf)
            for kept, values, fill in zip((*_arrays(best), self.p95), every, fills, strict=True):
                kept[place] = np.where(none, fill, np.take_along_axis(values, at, 0)[0])
            np.put_along_axis(score, at, np.inf, 0)


def _order(index: np.ndarray) -> np.ndarray | None:
    """How to sort designs by their place in the table; None if they are sorted at every point."""
    if (index[:-1] <= index[1:]).all():
        return None
    return index.argsort(axis=0, kind="stable")


def _nobody(shape: tuple[int, ...]) -> TopTwo:
    two = (2, *shape)
    return TopTwo(np.full(two, NOTHING), np.zeros(two, int), np.full(two, np.inf), np.full(two, np.nan))


def _arrays(two: TopTwo) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return two.index, two.size, two.score, two.usd
