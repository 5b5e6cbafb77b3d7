"""The two best designs at every point: of one workload, of a list of varied workloads, or of a grid.

Few designs are priced. The axes are cut into cells of neighbouring points. For each placement and cell one
number is computed: the least that the placement adds to a score anywhere in the cell. The sum of these
numbers over the placements of a design is a lower bound of the design's score in the cell. Then, in rounds
and in all cells at once, the designs with the lowest bounds are priced, until every bound that is left in a
cell exceeds what the second best costs there. Where designs and points are few, all are priced.

Lower bound of a sum. min (f + g) >= min f + min g, because f and g are at least their own minima everywhere.
So the minima of the terms in a cell may be summed. Where the terms vary along different axes, both sides are
equal: a cell is a product of intervals, so there is a point where both terms are least. Example: let f = 3, 1
and g = 2, 5. Along one axis f + g = 5, 6 and the bound is 1 + 2 = 3 < 5. Along two axes f + g takes the
values 5, 8, 3 and 6, and the bound 3 is reached.

Tiers. The cost T(q) of a price id with tiers is not a sum over placements, because the price of a tier
applies to the sum q over all placements. Let [a, b] contain every q in a cell. For any slope s >= 0,

    T(q) = s q + (T(q) - s q) >= s q + c   with   c = min of T(x) - s x over a <= x <= b,

where s q is a sum over placements again. T(x) - s x is linear within a tier, so its minimum is at a, at b, or
at the start of a tier between them. With the slope of the chord, s = (T(b) - T(a)) / (b - a), the bound is
exact if [a, b] lies within one tier. Example: a unit costs 1 USD up to 10 units and 0.5 USD beyond, and
[a, b] is [5, 15]. Then T(5) = 5, T(15) = 12.5 and s = 0.75. T(x) - s x is 1.25 at 5, 2.5 at 10 and 1.25 at
15, so T(q) >= 0.75 q + 1.25. Where several ids share a free pool, each id gets the whole pool, which only
lowers the bound.

Promises and limits. Where a placement breaks a limit at every point of a cell, its number is infinite.
Whether a design is in time is checked only for designs that are cheap enough. A point is closed where
certainly no design is feasible: every option of some concern breaks a limit there, or the least seconds of
all concerns together exceed a promise. A design that is cheap enough only at closed points is not priced.
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
from .point_bounds import PointBounds
from .ranking import NOTHING, best_of
from .sums import Cells, Sums

CELLS = 64  # approximate number of cells, each with one lower bound per design
CELL = 128  # the most points of a cell
PRICED = 2**17  # designs x points x sizes that are priced together: their arrays fit into the CPU's cache
FEW = 4096  # up to so many designs x points x sizes, all are priced
NO_SECOND = float(np.finfo(float).max)  # the score where fewer than two designs are feasible
FIRST = 6  # designs priced in each cell in the first round
NARROWED = 4 * FIRST  # designs per round from which on bounds at points are used
MANY = 2**17  # pairs of a design and a point from which on they save time
SLACK = 1e-9  # relative margin for the rounding of sums


@dataclass(frozen=True, eq=False)
class TopTwo:
    """The best and the second best at each point; arrays of shape (2, *axes)."""

    index: np.ndarray  # into the designs of the table, -1 where there is none
    size: np.ndarray  # into the sizes of the load
    score: np.ndarray  # [USD a month], with the price of the parts; infinite where there is none
    usd: np.ndarray  # [USD a month], NaN where there is none

    @property
    def winner(self) -> np.ndarray:
        """The index of the best design."""
        result: np.ndarray = self.index[0]
        return result

    @property
    def runner_up(self) -> np.ndarray:
        """The index of the second best design."""
        result: np.ndarray = self.index[1]
        return result


def best_two(answers: Answers, designs: Table | None = None) -> TopTwo:
    """The two best designs at every point of the axes; without `designs`, of all designs in `answers`.

    The lowest score wins; ties go to fewer parts, then to the lower p95, then to the first in the table. Each
    design is taken at its best size, so two sizes of one design never take both places.
    """
    return Search(answers, answers.table if designs is None else designs).best_two()


class Search:
    """The lower bounds of designs in the cells of all axes, and the contest that uses them."""

    def __init__(self, answers: Answers, table: Table) -> None:
        self.answers, self.load, self.table = answers, answers.load, table
        self.shape = answers.axes_shape
        points = math.prod(self.shape)
        self.grid = Grid(self.shape, max(1, min(CELL, points // CELLS)))
        self.placements = table.placement_rows

    def best_two(self) -> TopTwo:
        """Run the contest in every cell and return the two best at every point."""
        contest = Contest(self)
        if len(self.table.rows):
            contest.run()
        return TopTwo(*(self.grid.join(values) for values in contest.best[:-1]))

    # Minima and maxima in each cell, shape (placements, sizes, *cells) ----------------------------

    def ends(self, name: str, how: np.ufunc) -> np.ndarray:
        """The least (`np.minimum`) or most (`np.maximum`) that each placement adds to a quantity."""
        a = self.answers
        constant = a.constant[a.quantities.index(name)][self.placements]
        result: np.ndarray = constant.reshape(*constant.shape, *(1,) * len(self.shape))
        for along in a.along.get(name, ()):
            cell_ends = self.reduce_cells(along.values, how)
            result = result + cell_ends[along.row_of[self.placements]]
        steps = self.steps_ends(name, how)
        return result if steps is None else result + steps

    def steps_ends(self, name: str, how: np.ufunc) -> np.ndarray | None:
        """The least or the most that the lines with steps add to a quantity; None if it has no such lines."""
        result = None
        for steps in self.answers.steps:
            if steps.quantity == name:
                rows = steps.row_of[self.placements]
                sums = [
                    self._sum_terms([self.reduce_cells(t, how) for t in terms], rows) for terms in steps.sums
                ]
                times = self._sum_terms([self.reduce_cells(steps.times, how)], rows)
                line = times * steps.function(*sums)
                line = np.where((rows >= 0).reshape(-1, *(1,) * (line.ndim - 1)), line, 0.0)
                result = line if result is None else result + line
        return result

    def reduce_cells(self, values: np.ndarray, how: np.ufunc) -> np.ndarray:
        """The minimum or maximum of each row in each cell, shape (rows, sizes, *cells)."""
        return self.grid.reduce_cells(how, values)

    @staticmethod
    def _sum_terms(terms: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
        """The sum of the terms, one row per placement."""
        own = [term[rows if len(term) > 1 else np.zeros_like(rows)] for term in terms]
        result: np.ndarray = np.sum(np.broadcast_arrays(*own), axis=0) if len(own) > 1 else own[0]
        return result

    @cached_property
    def breaks(self) -> np.ndarray:
        """Whether each placement certainly breaks a limit or is excluded at every point of a cell."""
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
        """A lower bound of each design's score in each cell, at any size: shape (designs, cells)."""
        money, beside = self.ends(USD, np.minimum), np.zeros((1, 1))
        for name in self.answers.tiered_ids:
            slope, offset = self.chord(name)
            money = money + slope * self.ends(name, np.minimum)
            beside = beside + offset
        score = self._designs(np.where(self.breaks, np.inf, money * self.share)) + beside * self.share
        score = score.min(axis=1) + self.part_usd[:, 0] * self._column(self.table.parts)
        return np.broadcast_to(score, (len(self.table.rows), *self.grid.counts)).reshape(len(score), -1)

    @cached_property
    def share(self) -> np.ndarray:
        """The lowest share of the list prices that is paid in each cell, shape (1, 1, *cells or 1)."""
        return (1 - self._end(self.load.number("preferences.discount"), np.maximum)) * (1 - SLACK)

    @cached_property
    def part_usd(self) -> np.ndarray:
        """The lowest price of a part in each cell [USD a month], shape (1, 1, *cells or 1)."""
        return self._end(self.load.number("preferences.part_usd"), np.minimum)

    def _column(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(-1, *(1,) * len(self.shape))

    def _end(self, value: object, how: np.ufunc) -> np.ndarray:
        """The minimum or maximum of a quantity of the load in each cell, shape (1, 1, *cells or 1)."""
        values = np.asarray(value, dtype=float)
        missing = 2 + len(self.shape) - values.ndim
        return self.reduce_cells(values.reshape((1,) * missing + values.shape), how)

    @cached_property
    def rows(self) -> np.ndarray:
        """The placements of each design, as indices into `self.placements`: shape (designs, concerns)."""
        place = np.zeros(len(self.table.placements), dtype=int)
        place[self.placements] = np.arange(len(self.placements))
        result: np.ndarray = place[self.table.rows]
        return result

    def _designs(self, values: np.ndarray) -> np.ndarray:
        """The sum of `values` over the placements of each design."""
        total: np.ndarray = values[self.rows[:, 0]]
        for concern in range(1, self.rows.shape[1]):
            total = total + values[self.rows[:, concern]]
        return total

    def chord(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """In each cell, a slope s and an offset c: a quantity q of the id costs at least s q + c."""
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
        """The least or the most that any design can use of one id in each cell, shape (1, 1, *cells)."""
        ends = how.reduce(self.ends(name, how), axis=1, keepdims=True)
        total = 0.0
        for placements in self._of_concerns:
            total = total + how.reduce(ends[placements], axis=0, keepdims=True)
        return np.asarray(total)

    @cached_property
    def _of_concerns(self) -> list[np.ndarray]:
        """The placements of each concern, as indices into `self.placements`."""
        return [np.unique(column) for column in self.rows.T]

    @cached_property
    def exchange(self) -> np.ndarray:
        """The least time until the request is accepted [s], shape (placements, *cells or 1)."""
        result: np.ndarray = self.ends(EXCHANGE, np.minimum).min(axis=1)
        return result

    @cached_property
    def work(self) -> np.ndarray:
        """The least time of the work without the run time [s], shape (placements, *cells or 1)."""
        result: np.ndarray = self.ends(WORK, np.minimum).min(axis=1)
        return result

    @cached_property
    def p95(self) -> np.ndarray:
        """The least p95 [s], shape (placements, *cells or 1)."""
        result: np.ndarray = self.ends(P95, np.minimum).min(axis=1)
        return result

    def surely_late(self, designs: np.ndarray, cell: np.ndarray) -> np.ndarray:
        """Whether each design certainly misses `client.waits` or `targets.latency_p95` all over its cell."""
        rows, places = self.rows[designs], self.grid.places(cell)

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
            name: here(how.reduce(self._end(value, how), axis=1), np.zeros_like(cell))  # over all sizes
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
    """The points where certainly no design is feasible, computed from placements alone.

    Synchronous designs (the response waits for the work) and asynchronous ones are checked separately,
    because what makes synchronous designs late need not make the others late. A quantity of any design is at
    least the sum over the concerns of the least that an option of the concern adds.
    """

    def __init__(self, answers: Answers, table: Table) -> None:
        self.answers, self.load, self.table = answers, answers.load, table

    def closed(self) -> np.ndarray:
        """Whether each point is closed: the shape of the axes, or 1 along axes on which nothing varies."""
        closed: np.ndarray = np.ones((1,) * len(self.answers.axes_shape), dtype=bool)
        for at_once in (False, True):
            designs = self.table.only(self.table.answers == at_once)
            if len(designs):
                closed = closed & (self._break(designs) | self._late(designs, at_once))
        return closed

    def _break(self, designs: Table) -> np.ndarray:
        """Where, at each size, every placement of some concern breaks a limit or is excluded."""
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
        """Where even the least seconds exceed `client.waits` or the promised latency."""
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
        """The sum over the concerns of the least of a quantity, at every point."""
        a = self.answers
        constant = a.constant[a.quantities.index(name)].min(axis=1)
        result = np.full((1,) * len(a.axes_shape), sum(constant[rows].min() for rows in designs.of_concerns))
        for along in a.along.get(name, ()):
            values = along.values.min(axis=1)
            for rows in designs.of_concerns:
                result = result + values[np.unique(along.row_of[rows])].min(axis=0)
        return result

    def _end(self, value: Number, how: np.ufunc) -> np.ndarray:
        """The minimum or maximum over all sizes of a quantity of the load."""
        values = np.asarray(value, dtype=float)
        return values if values.ndim == 0 else how.reduce(values, axis=(0, 1))


class Contest:
    """The two best designs in each cell so far.

    In each round, the designs with the lowest bounds of those left in a cell are priced, in all cells at
    once, until every bound that is left exceeds what the second best costs in its cell.
    """

    def __init__(self, search: Search) -> None:
        self.search, self.grid = search, search.grid
        self.cells = Cells(search.answers, search.grid)
        shape = (2, self.grid.cells, *self.grid.side)
        fills = (NOTHING, 0, np.inf, np.nan, np.inf)  # index, size, score, usd, p95
        self.best = [np.full(shape, fill) for fill in fills]
        self.points = math.prod(self.grid.side) * search.answers.sizes
        everything = len(search.table.rows) * self.grid.cells * self.points
        self.bounded = everything > FEW  # else the bounds would cost more time than they save
        self.closed = self._by_cell(np.broadcast_to(False, search.shape))
        self.bounds: PointBounds | None = None

    def _by_cell(self, values: np.ndarray) -> np.ndarray:
        """Reshape values along the axes to (cells, *sides)."""
        parts = self.grid.split(np.broadcast_to(values, self.search.shape))
        return parts.reshape(self.grid.cells, *self.grid.side)

    def run(self) -> None:
        """Run all rounds."""
        cells, count = np.arange(self.grid.cells), len(self.search.table.rows)
        if not self.bounded:
            designs = np.repeat(np.arange(count)[:, None], self.grid.cells, axis=1)
            self._price(designs, cells, np.ones(designs.shape, dtype=bool))
            return
        self.closed = self._by_cell(ClosedPoints(self.search.answers, self.search.table).closed())
        least, each = self.search.least.copy(), FIRST  # infinite for designs already priced
        while len(cells):
            if each >= NARROWED:
                self._narrow(least, cells)
            designs = self._lowest(least, cells, max(1, min(each, len(least))))
            open_to = np.take_along_axis(least[:, cells], designs, 0) <= self._second(cells)
            least[designs, cells] = np.inf
            self._price(designs, cells, open_to)
            cells = cells[(least[:, cells] <= self._second(cells)).any(axis=0)]
            each *= 2

    def _narrow(self, least: np.ndarray, cells: np.ndarray) -> None:
        """Skip designs whose bound exceeds the second best at each point of their cell."""
        second = self._second(cells)
        cells, second = cells[second < NO_SECOND], second[second < NO_SECOND]
        number, place = np.nonzero(least[:, cells] <= second)
        if self.search.answers.sizes > 1 or len(number) * self.points < MANY:
            return
        self.bounds = self.bounds or PointBounds(self.search)
        at_once = max(1, PRICED // self.points)
        for start in range(0, len(number), at_once):
            designs, cell = number[start : start + at_once], cells[place[start : start + at_once]]
            score = np.where(self.closed[cell], -np.inf, self.best[2][1, cell])
            over = ~self.bounds.may_compete(designs, cell, score)
            least[designs[over], cell[over]] = np.inf

    @staticmethod
    def _lowest(least: np.ndarray, cells: np.ndarray, count: int) -> np.ndarray:
        """The designs with the lowest bounds in each cell: shape (count, cells)."""
        here = least[:, cells]
        if count >= len(here):
            return np.broadcast_to(np.arange(len(here))[:, None], here.shape)
        return np.argpartition(here, count - 1, axis=0)[:count]

    def _second(self, cells: np.ndarray) -> np.ndarray:
        """The highest score of the second best in each of these cells, finite; closed points are ignored."""
        score = (
            np.where(self.closed[cells], -np.inf, self.best[2][1, cells]).reshape(len(cells), -1).max(axis=1)
        )
        result: np.ndarray = np.minimum(score, NO_SECOND)
        return result

    def _price(self, designs: np.ndarray, cells: np.ndarray, open_to: np.ndarray) -> None:
        """Let designs compete, in as many cells at a time as fit into the CPU's cache."""
        at_once = max(1, PRICED // (self.points * len(designs)))
        for start in range(0, len(cells), at_once):
            part = slice(start, start + at_once)
            self._enter(designs[:, part], cells[part], open_to[:, part])

    def _enter(self, designs: np.ndarray, cells: np.ndarray, open_to: np.ndarray) -> None:
        number, place = np.nonzero(open_to)  # pairs of a design and a cell
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
        if len(some) < len(design):  # designs that break a limit at every point of their cell need no price
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
        """Size, score, cost and p95 of each design at its best size: shape (designs, *sides)."""
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
        """Merge the new candidates into the two best, in the cells where one of them competes."""
        here, place = np.unique(place, return_inverse=True)
        cells = cells[here]
        size = (shape[0], len(cells), *self.grid.side)
        index = np.broadcast_to(design.reshape(-1, *(1,) * len(self.grid.side)), values[0].shape)
        every = []
        for old, new, fill in zip(self.best, (index, *values), (0, 0, np.inf, np.nan, np.inf), strict=True):
            entered = np.full(size, fill, dtype=old.dtype)
            entered[number, place] = new
            every.append(np.concatenate([old[:, cells], entered]))
        parts = self.search.table.parts[every[0]]  # where no design is, arbitrary: the score is infinite
        score = every[2].copy()
        for rank in (0, 1):
            first = best_of(score, parts, every[4], every[0])
            none, at = first == NOTHING, np.maximum(first, 0)[None]
            for best, all_, fill in zip(self.best, every, (NOTHING, 0, np.inf, np.nan, np.inf), strict=True):
                best[rank, cells] = np.where(none, fill, np.take_along_axis(all_, at, 0)[0])
            np.put_along_axis(score, at, np.inf, 0)
