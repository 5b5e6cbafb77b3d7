"""The two best designs at every point: of one workload, of a list of varied ones, or of a grid.

Few designs are priced. The axes are cut into cells of neighbouring points. First each placement gets one
number in each cell: the least that it adds to a score there. A design's sum of these is no more than its
score anywhere in the cell. Then, in rounds and in all cells at once, those designs are priced whose sums are
the lowest in a cell, until none is left whose sum is no more than what the second best costs there. Where
designs and points are few, all are priced.

The least of a sum. min sum f >= sum min f: in a cell, the least of each placement's terms may be summed. With
terms along different axes this is even the least of their sum, since a cell is a product of intervals.

Tiers. The money T(q) of a tiered id is not a sum of what placements add, because each tier's price holds
for the sum q of all. On the interval [a, b] of what q can be in a cell, T(q) >= s q + min (T - s q) for any
slope s >= 0, and T - s q is linear between tiers, so its least is at a, at b or at the start of a tier
between them. With the chord's slope s = (T(b) - T(a)) / (b - a) this is exact where [a, b] lies within one
tier. Of a free pool, which several ids share, each id is given the whole.

Promises and limits. A limit that surely breaks all over a cell makes the number infinite. Whether a design is
in time is asked only of those that are cheap enough. A point is closed where surely no design is feasible:
where each option of some concern breaks a limit there, or even the least seconds of every concern are too
many. What is cheap enough for a closed point alone is not priced.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.usage import total

from .answers import BAD, EXCHANGE, P95, USD, WORK, Answers
from .bounds import Grid
from .designs import Table
from .ranking import NOTHING, best_of
from .sums import Cells, Sums

CELLS = 64  # cells over which the least that a design can cost is taken, about, and
CELL = 128  # the most points of one
PRICED = 2**17  # designs x points x sizes that are priced together: what they need fits into a cache
FEW = 4096  # of designs x points x sizes, all are priced
FIRST = 6  # designs that are priced first in each cell
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
        result: np.ndarray = self.index[0]
        return result

    @property
    def runner_up(self) -> np.ndarray:
        """The index of the second best."""
        result: np.ndarray = self.index[1]
        return result


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
        points = math.prod(self.shape)
        self.grid = Grid(self.shape, max(1, min(CELL, points // CELLS)))
        self.placements = table.placement_rows

    def best_two(self) -> TopTwo:
        """The contest in every cell."""
        contest = Contest(self)
        if len(self.table.rows):
            contest.run()
        return TopTwo(*(self.grid.join(values) for values in contest.best[:-1]))

    # The least and the most in each cell, of shape (placements, sizes, *cells) ------------------------

    def ends(self, name: str, how: np.ufunc) -> np.ndarray:
        """The least (`np.minimum`) or the most (`np.maximum`) that each placement adds to a quantity."""
        a = self.answers
        constant = a.constant[a.quantities.index(name)][self.placements]
        result: np.ndarray = constant.reshape(*constant.shape, *(1,) * len(self.shape))
        for along in a.along.get(name, ()):
            cell_ends = self.reduce_cells(along.values, how)
            result = result + cell_ends[along.row_of[self.placements]]
        for steps in a.steps:
            if steps.quantity == name:
                rows = steps.row_of[self.placements]
                sums = [
                    self._sum_terms([self.reduce_cells(t, how) for t in terms], rows) for terms in steps.sums
                ]
                times = self._sum_terms([self.reduce_cells(steps.times, how)], rows)
                has = (rows >= 0).reshape(-1, *(1,) * (result.ndim - 1))
                result = result + np.where(has, times * steps.function(*sums), 0.0)
        return result

    def reduce_cells(self, values: np.ndarray, how: np.ufunc) -> np.ndarray:
        """The ends of each row, of shape (rows, sizes, *cells)."""
        return self.grid.reduce_cells(how, values)

    @staticmethod
    def _sum_terms(terms: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
        """The sum of terms, a row a placement."""
        own = [term[rows if len(term) > 1 else np.zeros_like(rows)] for term in terms]
        result: np.ndarray = np.sum(np.broadcast_arrays(*own), axis=0) if len(own) > 1 else own[0]
        return result

    @cached_property
    def breaks(self) -> np.ndarray:
        """Where each placement surely breaks a limit or is excluded, all over a cell."""
        sure = self.ends(BAD, np.minimum) > 0
        for test in self.answers.tests:
            rows = test.row_of[self.placements]
            least = self._sum_terms([self.reduce_cells(term, np.minimum) for term in test.terms], rows)
            most = self._sum_terms([self.reduce_cells(test.most, np.maximum)], rows)
            has = (rows >= 0).reshape(-1, *(1,) * (least.ndim - 1))
            sure = sure | (has & (least * (1 - SLACK) > most))
        return sure

    @cached_property
    def least(self) -> np.ndarray:
        """No more than the score of each design in each cell, whatever its size: shape (designs, cells)."""
        money, beside = self.ends(USD, np.minimum), np.zeros((1, 1))
        for name in self.answers.tiered_ids:
            slope, offset = self._chord(name)
            money = money + slope * self.ends(name, np.minimum)
            beside = beside + offset
        share = (1 - self._end(self.load.number("preferences.discount"), np.maximum)) * (1 - SLACK)
        part_usd = self._end(self.load.number("preferences.part_usd"), np.minimum)
        score = self._designs(np.where(self.breaks, np.inf, money * share)) + beside * share
        score = score.min(axis=1) + part_usd[:, 0] * self._column(self.table.parts)
        return np.broadcast_to(score, (len(self.table.rows), *self.grid.counts)).reshape(len(score), -1)

    def _column(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(-1, *(1,) * len(self.shape))

    def _end(self, value: object, how: np.ufunc) -> np.ndarray:
        """The end of a quantity of the load in each cell, shape (1, 1, *cells or 1)."""
        values = np.asarray(value, dtype=float)
        missing = 2 + len(self.shape) - values.ndim
        return self.reduce_cells(values.reshape((1,) * missing + values.shape), how)

    @cached_property
    def _rows(self) -> np.ndarray:
        """The rows of the designs among the placements that are used."""
        place = np.zeros(len(self.table.placements), dtype=int)
        place[self.placements] = np.arange(len(self.placements))
        result: np.ndarray = place[self.table.rows]
        return result

    def _designs(self, values: np.ndarray) -> np.ndarray:
        """Sums over the placements of each design."""
        total: np.ndarray = values[self._rows[:, 0]]
        for concern in range(1, self._rows.shape[1]):
            total = total + values[self._rows[:, concern]]
        return total

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
        for placements in self._of_concerns:
            total = total + how.reduce(ends[placements], axis=0, keepdims=True)
        return np.asarray(total)

    @cached_property
    def _of_concerns(self) -> list[np.ndarray]:
        """The placements of each concern."""
        return [np.unique(column) for column in self._rows.T]

    @cached_property
    def exchange(self) -> np.ndarray:
        """The least seconds until the request is accepted: shape (placements, *cells or 1)."""
        result: np.ndarray = self.ends(EXCHANGE, np.minimum).min(axis=1)
        return result

    @cached_property
    def work(self) -> np.ndarray:
        """The least seconds of work beside the run time."""
        result: np.ndarray = self.ends(WORK, np.minimum).min(axis=1)
        return result

    @cached_property
    def p95(self) -> np.ndarray:
        """The least p95."""
        result: np.ndarray = self.ends(P95, np.minimum).min(axis=1)
        return result

    def surely_late(self, designs: np.ndarray, cell: np.ndarray) -> np.ndarray:
        """Whether designs miss `client.waits` or `targets.latency_p95` all over a cell: one each."""
        rows, places = self._rows[designs], self.grid.places(cell)

        def here(values: np.ndarray, row: np.ndarray) -> np.ndarray:
            where = [place if n > 1 else 0 for place, n in zip(places, values.shape[1:], strict=True)]
            result: np.ndarray = values[(row if len(values) > 1 else np.zeros_like(row), *where)]
            return result

        def sum_here(values: np.ndarray) -> np.ndarray:
            total = here(values, rows[:, 0])
            for concern in range(1, rows.shape[1]):
                total = total + here(values, rows[:, concern])
            return total

        load, at_once = self.load, self.table.answers[designs]
        begun, edge = (load.edge(driver) for driver in ("first_byte", "runtime"))
        ends = {
            name: here(how.reduce(self._end(value, how), axis=1), np.zeros_like(cell))  # of all sizes
            for name, value, how in (
                ("edge", edge, np.minimum),
                ("begun", begun, np.minimum),
                ("waits", load.waits, np.maximum),
                ("p95", np.inf if load.latency_p95 is None else load.latency_p95, np.maximum),
            )
        }
        answer = np.where(self.table.streams[designs], ends["begun"], ends["edge"])
        before = sum_here(self.exchange) + np.where(at_once, sum_here(self.work) + answer, 0.0)
        late = before * (1 - SLACK) > ends["waits"]
        if load.latency_p95 is not None:
            late = late | (sum_here(self.p95) * (1 - SLACK) > ends["p95"])
        return np.asarray(late)


class ClosedPoints:
    """Where surely no design is feasible, worked out from placements alone.

    Those that answer at once and those that do not are looked at apart: what makes the ones late leaves the
    others be. A quantity of a design is no less than the sum of the least of each concern.
    """

    def __init__(self, answers: Answers, table: Table) -> None:
        self.answers, self.load, self.table = answers, answers.load, table

    def closed(self) -> np.ndarray:
        """Whether each point is closed: shape of the axes, or 1 along those on which nothing varies."""
        closed: np.ndarray = np.ones((1,) * len(self.answers.axes_shape), dtype=bool)
        for at_once in (False, True):
            designs = self.table.only(self.table.answers == at_once)
            if len(designs):
                closed = closed & (self._break(designs) | self._late(designs, at_once))
        return closed

    def _break(self, designs: Table) -> np.ndarray:
        """Where every placement of some concern breaks a limit or is excluded, at each size."""
        breaks = np.zeros((1,) * (1 + len(self.answers.axes_shape)), dtype=bool)
        for placements in designs.of_concerns:
            each = (self._breaks(placement) for placement in placements.tolist())
            first = next(each)
            for other in each:
                if not first.any():
                    break
                first = first & other
            breaks = breaks | first
        return np.asarray(breaks.all(axis=0))

    def _breaks(self, placement: int) -> np.ndarray:
        """Where one placement breaks a limit or is excluded: shape (sizes, *axes), or 1."""
        a = self.answers
        constant = a.constant[a.quantities.index(BAD), placement]
        bad = constant.reshape(-1, *(1,) * len(a.axes_shape)) > 0
        for along in a.along.get(BAD, ()):
            bad = bad | (along.values[along.row_of[placement]] > 0)
        for test in a.tests:
            if (row := test.row_of[placement]) >= 0:
                own = [term[row if len(term) > 1 else 0] for term in test.terms]
                bad = bad | (total(own) > test.most[row if len(test.most) > 1 else 0])
        return np.asarray(bad)

    def _late(self, designs: Table, at_once: bool) -> np.ndarray:
        """Where even the least seconds are too many for the client, or for the promised latency."""
        load, before = self.load, self._least(designs, EXCHANGE)
        if at_once:
            edge = self._end(load.edge("runtime"), np.minimum)
            if designs.streams.any():
                edge = np.minimum(edge, self._end(load.edge("first_byte"), np.minimum))
            before = before + self._least(designs, WORK) + edge
        late = before * (1 - SLACK) > self._end(load.waits, np.maximum)
        if load.latency_p95 is not None:
            least = self._least(designs, P95) * (1 - SLACK)
            late = late | (least > self._end(load.latency_p95, np.maximum))
        return np.asarray(late)

    def _least(self, designs: Table, name: str) -> np.ndarray:
        """The sum of the least of each concern, at every point."""
        a = self.answers
        constant = a.constant[a.quantities.index(name)].min(axis=1)
        result = np.full((1,) * len(a.axes_shape), sum(constant[rows].min() for rows in designs.of_concerns))
        for along in a.along.get(name, ()):
            values = along.values.min(axis=1)
            for rows in designs.of_concerns:
                result = result + values[np.unique(along.row_of[rows])].min(axis=0)
        return result

    def _end(self, value: Number, how: np.ufunc) -> np.ndarray:
        """A quantity of the load, of all sizes the least or the most."""
        values = np.asarray(value, dtype=float)
        return values if values.ndim == 0 else how.reduce(values, axis=(0, 1))


class Contest:
    """The two best in each cell, so far.

    In rounds: those designs are priced whose least is the lowest of those that are left in their cell, in
    all cells at once, until none is left whose least is no more than what the second best costs there.
    """

    def __init__(self, search: Search) -> None:
        self.search, self.grid = search, search.grid
        self.cells = Cells(search.answers, search.grid)
        shape = (2, self.grid.cells, *self.grid.side)
        fills = (NOTHING, 0, np.inf, np.nan, np.inf)  # index, size, score, usd, p95
        self.best = [np.full(shape, fill) for fill in fills]
        self.points = math.prod(self.grid.side) * search.answers.sizes
        everything = len(search.table.rows) * self.grid.cells * self.points
        self.bounded = everything > FEW  # else bounds would cost more than they save
        self.closed = self._by_cell(np.broadcast_to(False, search.shape))

    def _by_cell(self, values: np.ndarray) -> np.ndarray:
        """From the axes to (cells, *sides)."""
        parts = self.grid.split(np.broadcast_to(values, self.search.shape))
        return parts.reshape(self.grid.cells, *self.grid.side)

    def run(self) -> None:
        """All rounds."""
        cells, count = np.arange(self.grid.cells), len(self.search.table.rows)
        if not self.bounded:
            designs = np.repeat(np.arange(count)[:, None], self.grid.cells, axis=1)
            self._price(designs, cells, np.ones(designs.shape, dtype=bool))
            return
        self.closed = self._by_cell(ClosedPoints(self.search.answers, self.search.table).closed())
        least, each = self.search.least.copy(), FIRST  # infinite of those that were priced
        while len(cells):
            designs = self._lowest(least, cells, max(1, min(each, len(least))))
            open_to = np.take_along_axis(least[:, cells], designs, 0) <= self._second(cells)
            least[designs, cells] = np.inf
            self._price(designs, cells, open_to)
            cells = cells[(least[:, cells] <= self._second(cells)).any(axis=0)]
            each *= 2

    @staticmethod
    def _lowest(least: np.ndarray, cells: np.ndarray, count: int) -> np.ndarray:
        """The designs of the lowest least in each cell: shape (count, cells)."""
        here = least[:, cells]
        if count >= len(here):
            return np.broadcast_to(np.arange(len(here))[:, None], here.shape)
        return np.argpartition(here, count - 1, axis=0)[:count]

    def _second(self, cells: np.ndarray) -> np.ndarray:
        """The most that the second best costs in each of these cells, finite; closed points left out."""
        score = (
            np.where(self.closed[cells], -np.inf, self.best[2][1, cells]).reshape(len(cells), -1).max(axis=1)
        )
        result: np.ndarray = np.minimum(score, np.finfo(float).max)
        return result

    def _price(self, designs: np.ndarray, cells: np.ndarray, open_to: np.ndarray) -> None:
        """Let designs compete, in so many cells at a time that what they need fits into a cache."""
        at_once = max(1, PRICED // (self.points * len(designs)))
        for start in range(0, len(cells), at_once):
            part = slice(start, start + at_once)
            self._enter(designs[:, part], cells[part], open_to[:, part])

    def _enter(self, designs: np.ndarray, cells: np.ndarray, open_to: np.ndarray) -> None:
        number, place = np.nonzero(open_to)  # one each: a design in a cell
        design, cell = designs[number, place], cells[place]
        if self.bounded:
            fine = ~self.search.surely_late(design, cell)
            number, place, design, cell = number[fine], place[fine], design[fine], cell[fine]
        if not len(design):
            return
        table = self.search.table
        sums = Sums(self.cells, table, design, cell)
        holds = ~sums.breaks()
        some = np.flatnonzero(holds.reshape(len(design), -1).any(axis=1))
        if len(some) < len(design):  # what breaks all over its cell need not be priced
            sums, number, place, design = sums.only(some), number[some], place[some], design[some]
            holds, cell = holds[some], cell[some]
        if not len(design):
            return
        usd = sums.usd()
        score = sums.score(usd, table.parts[design])
        open_here = holds & (score <= self.best[2][1, cell][:, None] * (1 + SLACK))
        some = np.flatnonzero(open_here.reshape(len(design), -1).any(axis=1))
        if not len(some):
            return
        if len(some) < len(design):
            sums, number, place, design = sums.only(some), number[some], place[some], design[some]
            usd, score, open_here = usd[some], score[some], open_here[some]
        score = np.where(open_here & sums.in_time(), score, np.inf)
        if np.isfinite(score).any():
            values = self._at_best_size(score, usd, sums.total(P95))
            self._place(number, place, design, values, designs.shape, cells)

    def _at_best_size(self, *values: np.ndarray) -> tuple[np.ndarray, ...]:
        """Size, score, money and p95 of each design at its best size: shape (designs, *sides)."""
        shape = np.broadcast_shapes(*(each.shape for each in values), (1, 1, *self.grid.side))
        size = np.broadcast_to(values[0], shape).argmin(axis=1)
        if shape[1] == 1:
            return (size, *(np.broadcast_to(each, shape)[:, 0] for each in values))
        at_size = (
            np.take_along_axis(np.broadcast_to(each, shape), size[:, None], 1)[:, 0] for each in values
        )
        return (size, *at_size)

    def _place(
        self,
        number: np.ndarray,
        place: np.ndarray,
        design: np.ndarray,
        values: tuple[np.ndarray, ...],
        shape: tuple[int, ...],
        cells: np.ndarray,
    ) -> None:
        """The two best of those so far and these, in the cells where one of these competes."""
        here, place = np.unique(place, return_inverse=True)
        cells = cells[here]
        size = (shape[0], len(cells), *self.grid.side)
        index = np.broadcast_to(design.reshape(-1, *(1,) * len(self.grid.side)), values[0].shape)
        every = []
        for old, new, fill in zip(self.best, (index, *values), (0, 0, np.inf, np.nan, np.inf), strict=True):
            entered = np.full(size, fill, dtype=old.dtype)
            entered[number, place] = new
            every.append(np.concatenate([old[:, cells], entered]))
        parts = self.search.table.parts[every[0]]  # of nobody those of any design, at an infinite score
        score = every[2].copy()
        for rank in (0, 1):
            first = best_of(score, parts, every[4], every[0])
            none, at = first == NOTHING, np.maximum(first, 0)[None]
            for best, all_, fill in zip(self.best, every, (NOTHING, 0, np.inf, np.nan, np.inf), strict=True):
                best[rank, cells] = np.where(none, fill, np.take_along_axis(all_, at, 0)[0])
            np.put_along_axis(score, at, np.inf, 0)
