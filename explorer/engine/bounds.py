"""A grid cut into cells and blocks of cells, and the least and the most of an array in each cell."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

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
        """The least (`np.minimum`) or the most (`np.maximum`) in each block.

        The last axes of `values` are those of the grid; one along which it does not vary stays 1.
        """
        before = values.ndim - len(self.shape)
        for axis, (starts, side) in enumerate(zip(self.starts, self.side, strict=True), before):
            if values.shape[axis] > 1 and side > 1:
                values = how.reduceat(values, starts, axis=axis)
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
