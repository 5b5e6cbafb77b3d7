"""A grid divided into cells with equal sides, and arrays of the grid by cell."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


class Grid:
    """A grid divided into cells of at most `points` points, with sides as equal as possible.

    The last cell along an axis may extend beyond the grid; the points there repeat the edge.
    """

    def __init__(self, shape: tuple[int, ...], points: float = math.inf) -> None:
        self.shape, self.side = shape, _sides(shape, points)
        self.counts = tuple(-(-length // side) for length, side in zip(shape, self.side, strict=True))
        self.cells = math.prod(self.counts)

    def split(self, values: np.ndarray) -> np.ndarray:
        """Reshape (..., *axes) to (*counts, ..., *sides).

        Both lengths are 1 along an axis on which the values do not vary.
        """
        before = values.ndim - len(self.shape)
        shape = list(values.shape[:before])
        for axis, (side, count) in enumerate(zip(self.side, self.counts, strict=True), before):
            if values.shape[axis] == 1:
                shape += [1, 1]
                continue
            if missing := count * side - values.shape[axis]:
                edge = np.take(values, [-1], axis=axis)
                values = np.concatenate([values, np.repeat(edge, missing, axis=axis)], axis=axis)
            shape += [count, side]
        parts = values.reshape(shape)
        counts, sides = (range(before + i, len(shape), 2) for i in (0, 1))
        return np.ascontiguousarray(parts.transpose(*counts, *range(before), *sides))

    def join(self, values: np.ndarray) -> np.ndarray:
        """Reshape (..., cells, *sides) to (..., *shape)."""
        before = values.ndim - len(self.shape) - 1
        parts = values.reshape(*values.shape[:before], *self.counts, *self.side)
        number = len(self.shape)
        order = [before + i + j * number for i in range(number) for j in (0, 1)]
        whole = parts.transpose(*range(before), *order)
        lengths = [count * side for count, side in zip(self.counts, self.side, strict=True)]
        whole = whole.reshape(*values.shape[:before], *lengths)
        inside: Any = (..., *map(slice, self.shape))
        return np.asarray(whole[inside])

    def reduce_cells(self, how: np.ufunc, values: np.ndarray) -> np.ndarray:
        """The minimum (`np.minimum`) or maximum (`np.maximum`) in each cell of values of shape (..., *axes).

        An axis of length 1, on which the values do not vary, keeps length 1.
        """
        before = values.ndim - len(self.shape)
        for axis, side in enumerate(self.side, before):
            if values.shape[axis] > 1 and side > 1:
                values = how.reduceat(values, np.arange(0, values.shape[axis], side), axis=axis)
        return values

    def places(self, cell: np.ndarray) -> tuple[np.ndarray, ...]:
        """The index of each cell along each axis."""
        return np.unravel_index(cell, self.counts) if self.shape else ()


def _sides(shape: tuple[int, ...], points: float) -> tuple[int, ...]:
    """The sides of a cell: the shortest side is doubled in turn while a cell has at most `points` points."""
    side = [1] * len(shape)
    while True:
        room = [axis for axis in range(len(shape)) if side[axis] < shape[axis]]
        if not room or math.prod(side) * 2 > points:
            return tuple(side)
        axis = min(room, key=lambda each: side[each])
        side[axis] = min(2 * side[axis], shape[axis])
