"""The two best designs at every point: of one workload, of a list of varied workloads, or of a grid.

Few designs are priced. The axes are cut into cells of neighbouring points. For each placement and cell one
number is computed: the least that the placement adds to a score anywhere in the cell. The sum of these
numbers over the placements of a design is a lower bound of the design's score in the cell. Then, in rounds
and in all cells at once, the designs with the lowest bounds are priced, until every bound that is left in a
cell exceeds what the second best costs there. Where designs and points are few, all are priced.

Promises and limits. Where a placement breaks a limit at every point of a cell, its number is infinite.
Whether a design is in time is checked only for designs that are cheap enough. A point is closed where
certainly no design is feasible: every option of some concern breaks a limit there, or the least seconds of
all concerns together exceed a promise. A design that is cheap enough only at closed points is not priced.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.usage import total

from .answers import BAD, EXCHANGE, P95, WORK, Answers
from .cell_bounds import SLACK, CellBounds
from .designs import Table
from .grid import Grid
from .point_bounds import PointBounds
from .ranking import NOTHING, best_of
from .sums import Cells, Sums

CELLS = 64  # approximate number of cells, each with one lower bound per design
CELL = 128  # the most points of a cell
PRICED = 2**17  # designs x points x sizes that are priced together: their arrays fit into the CPU's cache
FEW = 4096  # up to so many designs x points x sizes, all are priced
NO_DESIGN = {"index": NOTHING, "size": 0, "score": np.inf, "usd": np.nan, "p95": np.inf}
NO_SECOND = float(np.finfo(float).max)  # the score where fewer than two designs are feasible
FIRST = 6  # designs priced in each cell in the first round
NARROWED = 4 * FIRST  # designs per round from which on bounds at points are used
MANY = 2**17  # pairs of a design and a point from which on they save time


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
    contest = Contest(answers, answers.table if designs is None else designs)
    if len(contest.table):
        contest.run()
    names = (field.name for field in fields(TopTwo))
    return TopTwo(**{name: contest.grid.join(contest.best[name]) for name in names})


class ClosedPoints:
    """The points where certainly no design is feasible, computed from placements alone.

    Synchronous designs (the response waits for the work) and asynchronous ones are checked separately,
    because what makes synchronous designs late need not make the others late. A quantity of any design is at
    least the sum over the concerns of the least that an option of the concern adds.
    """

    def __init__(self, answers: Answers, table: Table) -> None:
        self.answers, self.load, self.table = answers, answers.load, table

    def mask(self) -> np.ndarray:
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

    def __init__(self, answers: Answers, table: Table) -> None:
        self.answers, self.table = answers, table
        points = math.prod(answers.axes_shape)
        self.grid = Grid(answers.axes_shape, max(1, min(CELL, points // CELLS)))
        self.in_cells = CellBounds(answers, table, self.grid)
        self.cells = Cells(answers, self.grid)
        shape = (2, self.grid.cells, *self.grid.side)
        self.best = {name: np.full(shape, nothing) for name, nothing in NO_DESIGN.items()}
        self.points = math.prod(self.grid.side) * answers.sizes
        everything = len(table.rows) * self.grid.cells * self.points
        self.bounded = everything > FEW  # else the bounds would cost more time than they save
        self.closed_points = self._by_cell(np.broadcast_to(False, answers.axes_shape))
        self.at_points: PointBounds | None = None

    def _by_cell(self, values: np.ndarray) -> np.ndarray:
        """Reshape values along the axes to (cells, *sides)."""
        parts = self.grid.split(np.broadcast_to(values, self.answers.axes_shape))
        return parts.reshape(self.grid.cells, *self.grid.side)

    def run(self) -> None:
        """Run all rounds."""
        cells, count = np.arange(self.grid.cells), len(self.table.rows)
        if not self.bounded:
            designs = np.repeat(np.arange(count)[:, None], self.grid.cells, axis=1)
            self._price(designs, cells, np.ones(designs.shape, dtype=bool))
            return
        self.closed_points = self._by_cell(ClosedPoints(self.answers, self.table).mask())
        least, each = self.in_cells.least.copy(), FIRST  # infinite for designs already priced
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
        if self.answers.sizes > 1 or len(number) * self.points < MANY:
            return
        self.at_points = self.at_points or PointBounds(self.in_cells)
        at_once = max(1, PRICED // self.points)
        for start in range(0, len(number), at_once):
            designs, cell = number[start : start + at_once], cells[place[start : start + at_once]]
            score = np.where(self.closed_points[cell], -np.inf, self.best["score"][1, cell])
            over = ~self.at_points.may_compete(designs, cell, score)
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
            np.where(self.closed_points[cells], -np.inf, self.best["score"][1, cells])
            .reshape(len(cells), -1)
            .max(axis=1)
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
        """Price designs of the shape (count, cells) where they are open, and keep those among the two best.

        What is cheap to rule out comes first: designs that are late all over their cell, then broken limits,
        then money. Whether the rest is in time is computed last.
        """
        number, place = np.nonzero(open_to)  # pairs of a design and a cell
        design, cell = designs[number, place], cells[place]
        if self.bounded:
            fine = ~self.in_cells.surely_late(design, cell)
            number, place, design, cell = number[fine], place[fine], design[fine], cell[fine]
        if not len(design):
            return
        table = self.table
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
        open_here = holds & (score <= self.best["score"][1, cell][:, None] * (1 + SLACK))
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
        every = {}
        for (name, old), new in zip(self.best.items(), (index, *values), strict=True):
            entered = np.full(size, NO_DESIGN[name], dtype=old.dtype)
            entered[number, place] = new
            every[name] = np.concatenate([old[:, cells], entered])
        parts = self.table.parts[every["index"]]  # where no design is, arbitrary: the score is infinite
        score = every["score"].copy()
        for rank in (0, 1):
            first = best_of(score, parts, every["p95"], every["index"])
            none, at = first == NOTHING, np.maximum(first, 0)[None]
            for name, candidates in every.items():
                winner = np.take_along_axis(candidates, at, 0)[0]
                self.best[name][rank, cells] = np.where(none, NO_DESIGN[name], winner)
            np.put_along_axis(score, at, np.inf, 0)
