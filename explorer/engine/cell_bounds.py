"""Lower bounds of scores in the cells of a grid, from placements alone.

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
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from .answers import BAD, EXCHANGE, P95, USD, WORK, Answers
from .designs import Table
from .grid import Grid

SLACK = 1e-9  # relative margin for the rounding of sums


class CellBounds:
    """The lower bounds of the scores of designs in the cells of a grid."""

    def __init__(self, answers: Answers, table: Table, grid: Grid) -> None:
        self.answers, self.load, self.table, self.grid = answers, answers.load, table, grid
        self.shape = answers.axes_shape
        self.placements = table.placement_rows

    # Minima and maxima in each cell, shape (placements, sizes, *cells) ----------------------------

    def extremes(self, name: str, how: np.ufunc) -> np.ndarray:
        """The least (`np.minimum`) or most (`np.maximum`) that each placement adds to a quantity."""
        a = self.answers
        constant = a.constant[a.quantities.index(name)][self.placements]
        result: np.ndarray = constant.reshape(*constant.shape, *(1,) * len(self.shape))
        for along in a.along.get(name, ()):
            cell_ends = self.reduce_cells(along.values, how)
            result = result + cell_ends[along.row_of[self.placements]]
        steps = self.step_extremes(name, how)
        return result if steps is None else result + steps

    def step_extremes(self, name: str, how: np.ufunc) -> np.ndarray | None:
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
        sure = self.extremes(BAD, np.minimum) > 0
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
        money, beside = self.extremes(USD, np.minimum), np.zeros((1, 1))
        for name in self.answers.tiered_ids:
            slope, offset = self.chord(name)
            money = money + slope * self.extremes(name, np.minimum)
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
        extremes = how.reduce(self.extremes(name, how), axis=1, keepdims=True)
        total = 0.0
        for placements in self._of_concerns:
            total = total + how.reduce(extremes[placements], axis=0, keepdims=True)
        return np.asarray(total)

    @cached_property
    def _of_concerns(self) -> list[np.ndarray]:
        """The placements of each concern, as indices into `self.placements`."""
        return [np.unique(column) for column in self.rows.T]

    @cached_property
    def exchange(self) -> np.ndarray:
        """The least time until the request is accepted [s], shape (placements, *cells or 1)."""
        result: np.ndarray = self.extremes(EXCHANGE, np.minimum).min(axis=1)
        return result

    @cached_property
    def work(self) -> np.ndarray:
        """The least time of the work without the run time [s], shape (placements, *cells or 1)."""
        result: np.ndarray = self.extremes(WORK, np.minimum).min(axis=1)
        return result

    @cached_property
    def p95(self) -> np.ndarray:
        """The least p95 [s], shape (placements, *cells or 1)."""
        result: np.ndarray = self.extremes(P95, np.minimum).min(axis=1)
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
        extremes = {
            name: here(how.reduce(self._end(value, how), axis=1), np.zeros_like(cell))  # over all sizes
            for name, value, how in (
                ("edge", edge, np.minimum),
                ("begun", begun, np.minimum),
                ("waits", load.waits, np.maximum),
                ("p95", np.inf if load.latency_p95 is None else load.latency_p95, np.maximum),
            )
        }
        answer = np.where(self.table.streams[designs], extremes["begun"], extremes["edge"])
        before = sum_here(self.exchange) + np.where(at_once, sum_here(self.work) + answer, 0.0)
        late = before * (1 - SLACK) > extremes["waits"]
        if load.latency_p95 is not None:
            late = late | (sum_here(self.p95) * (1 - SLACK) > extremes["p95"])
        return np.asarray(late)
