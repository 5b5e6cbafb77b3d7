"""A grid cut into cells and blocks of cells, and the least and the most of many arrays in each."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from explorer.facts.units import Number

Block = tuple[slice, ...]


class Grid:
    """A grid in blocks of at most so many points, as even along the axes as may be."""

    def __init__(self, shape: tuple[int, ...], points: int) -> None:
        self.shape, self.side = shape, _sides(shape, points)
        self.starts = [np.arange(0, length, side) for length, side in zip(shape, self.side, strict=True)]
        self.counts = tuple(map(len, self.starts))

    def __iter__(self) -> Iterator[Block]:
        for corner in itertools.product(*(starts.tolist() for starts in self.starts)):
            ends = zip(corner, self.side, self.shape, strict=True)
            yield tuple(slice(at, min(at + side, length)) for at, side, length in ends)

    def within(self, block: Block) -> Block:
        """The blocks of this grid that lie in a block of a coarser one."""
        return tuple(
            slice(part.start // side, -(-part.stop // side))
            for part, side in zip(block, self.side, strict=True)
        )

    def reduced(self, how: np.ufunc, values: np.ndarray) -> np.ndarray:
        """The least (`np.minimum`) or the most (`np.maximum`) in each block; one along an axis stays one."""
        for axis, starts in enumerate(self.starts):
            if values.shape[axis] > 1:
                values = how.reduceat(values, starts[starts < values.shape[axis]], axis=axis)
        return values


def _sides(shape: tuple[int, ...], points: int) -> list[int]:
    """Each side is doubled in turn: those of fewer points divide those of more."""
    side = [1] * len(shape)
    while True:
        room = [axis for axis in range(len(shape)) if side[axis] < shape[axis]]
        if not room or math.prod(side) * 2 > points:
            return side
        axis = min(room, key=lambda each: side[each])
        side[axis] = min(2 * side[axis], shape[axis])


class Stacked:
    """One array a context, and its least and most in each cell of a grid."""

    def __init__(self, values: Sequence[Number], cells: Grid) -> None:
        ndim = len(cells.shape)
        arrays = [np.asarray(value, dtype=float) for value in values]
        self.values = [array.reshape((1,) * (ndim - array.ndim) + array.shape) for array in arrays]
        self.cells = cells

    @cached_property
    def least(self) -> np.ndarray:
        """Shape (contexts, *cells)."""
        return self._reduced(np.minimum)

    @cached_property
    def most(self) -> np.ndarray:
        """Shape (contexts, *cells)."""
        return self._reduced(np.maximum)

    def _reduced(self, how: np.ufunc) -> np.ndarray:
        found = np.empty((len(self.values), *self.cells.counts))
        for number, array in enumerate(self.values):
            found[number] = array if array.size == 1 else self.cells.reduced(how, array)
        return found

    @cached_property
    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """The least and the most of each context anywhere."""
        low, high = ([how(array) for array in self.values] for how in (np.min, np.max))
        return np.array(low), np.array(high)

    def at_least(self, rows: np.ndarray) -> np.ndarray:
        """The least sum of each row of contexts, shape (rows, *cells)."""
        total = self.least[rows[:, 0]]
        for contexts in rows.T[1:]:
            total = total + self.least[contexts]
        return np.asarray(total)


def cut(values: Number, block: Block) -> np.ndarray:
    """The part of an array that lies in a block; along an axis on which it does not depend, all of it."""
    values = np.asarray(values)
    if values.ndim == 0:
        return values
    block = block[-values.ndim :]
    return values[tuple(slice(None) if n == 1 else part for n, part in zip(values.shape, block, strict=True))]
