"""Lower bounds of scores at every point of a cell, from placements alone.

The bound of a whole cell (`CellBounds.least`) compares the lowest cost of a design anywhere in the cell with
the highest cost of the second best there. Both rise together from one corner of the cell to the other, so
this bound admits many designs that are nowhere close to the second best at the same point. Most terms of a
placement vary along one axis only. They are stored by axis, the quantity of each price id multiplied by the
slope of its chord in the cell (`CellBounds.chord`):

    bound(x, y) = offset + sum over the placements of c + f(x) + g(y)

Each term is at most its exact cost at the point, so the sum is a lower bound there. One vector for each
concern and axis gives the bound at all points of a cell. In a cell of 16 x 8 points with 25 price ids, 8
concerns x 24 numbers replace 25 x 128 quantities and their tiers. A term that varies along several axes
enters with its minimum in the cell, which is still a lower bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .answers import USD

if TYPE_CHECKING:
    from .cell_bounds import CellBounds


class PointBounds:
    """The lower bounds at the points of every cell, for a load with one size.

    Parameters
    ----------
    in_cells
        The lower bounds of whole cells, whose chords are used.
    """

    def __init__(self, in_cells: CellBounds) -> None:
        self.in_cells, self.grid = in_cells, in_cells.grid
        cells, placements = self.grid.cells, len(in_cells.placements)
        self.fixed = np.zeros((cells, placements))  # terms that do not vary within a cell
        self.along = [np.zeros((cells, placements, side)) for side in self.grid.side]  # along one axis each
        self.offset = np.zeros(cells)
        self._add(USD, np.ones(cells))
        for name in in_cells.answers.tiered_ids:
            slope, offset = (self._by_cell(values[0])[:, 0] for values in in_cells.chord(name))
            self._add(name, slope)
            self.offset += offset
        self.fixed[self._by_cell(in_cells.breaks[:, 0])] = np.inf
        self.share, self.part_usd = (
            self._by_cell(values[0])[:, 0] for values in (in_cells.share, in_cells.part_usd)
        )

    def _by_cell(self, rows: np.ndarray) -> np.ndarray:
        """Reshape rows of the shape (rows, *cells), 1 along an axis without variation, to (cells, rows)."""
        whole = np.broadcast_to(rows, (len(rows), *self.grid.counts))
        return whole.reshape(len(rows), self.grid.cells).T

    def _add(self, name: str, slope: np.ndarray) -> None:
        """Add a quantity of each placement, priced by the slope in each cell."""
        answers, placements = self.in_cells.answers, self.in_cells.placements
        self.fixed += slope[:, None] * answers.constant[answers.quantities.index(name), placements, 0]
        for along in answers.along.get(name, ()):
            rows = along.row_of[placements]
            own = np.flatnonzero(rows < len(along.values) - 1)  # the last row means no term
            if sum(along.axes) > 1:
                least = self.in_cells.reduce_cells(along.values, np.minimum)[rows[own], 0]
                self.fixed[:, own] += slope[:, None] * self._by_cell(least)
                continue
            axis = along.axes.index(True)
            parts = self.grid.split(along.values).reshape(self.grid.counts[axis], len(along.values), -1)
            terms = parts[self.grid.places(np.arange(self.grid.cells))[axis][:, None], rows[own]]
            self.along[axis][:, own] += slope[:, None, None] * terms
        steps = self.in_cells.step_extremes(name, np.minimum)
        if steps is not None:
            self.fixed += slope[:, None] * self._by_cell(steps[:, 0])

    def may_compete(self, designs: np.ndarray, cell: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether each design may score at most as much as the second best at some point of its cell.

        Parameters
        ----------
        designs, cell
            Pairs of a design and a cell, shape (pairs,).
        second
            The score of the second best so far [USD a month], shape (pairs, *sides of a cell).
        """
        rows, axes = self.in_cells.rows[designs], len(self.along)
        least = self._column(self._sum(self.fixed, cell, rows) + self.offset[cell])
        for axis, terms in enumerate(self.along):
            shape = [-1 if i == axis else 1 for i in range(axes)]
            least = least + self._sum(terms, cell, rows).reshape(len(designs), *shape)
        parts_usd = self.part_usd[cell] * self.in_cells.table.parts[designs]
        score = least * self._column(self.share[cell]) + self._column(parts_usd)
        return np.asarray((score <= second).reshape(len(designs), -1).any(axis=1))

    def _column(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(-1, *(1,) * len(self.along))

    @staticmethod
    def _sum(values: np.ndarray, cell: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The sum over the placements of the design in each pair."""
        total: np.ndarray = values[cell, rows[:, 0]]
        for concern in range(1, rows.shape[1]):
            total = total + values[cell, rows[:, concern]]
        return total
