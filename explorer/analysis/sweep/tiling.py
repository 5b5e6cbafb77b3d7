"""Cuts a grid into tiles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

Axes = Mapping[str, np.ndarray]
Block = tuple[slice, ...]


class Tiles:
    """The tiles of a grid, by number: each is a run of points in grid order, all of nearly the same size.

    A tile spans as many of the last axes completely as there is room for, so that the rows of one tile follow
    those of another. Tiles are computed on access: a grid may have more tiles than fit into memory.
    """

    def __init__(self, shape: tuple[int, ...], points: int) -> None:
        self.shape = shape
        side, room = [], points
        for length in reversed(shape):
            pieces = math.ceil(length / room)
            side.append(math.ceil(length / pieces))
            room = 1 if pieces > 1 else room // length
        self.side = tuple(reversed(side))
        self.counts = [math.ceil(length / each) for length, each in zip(shape, self.side, strict=True)]

    def __len__(self) -> int:
        return math.prod(self.counts)

    def __getitem__(self, number: int) -> Block:
        corner = []
        for count in reversed(self.counts):
            number, at = divmod(number, count)
            corner.append(at)
        return tuple(
            slice(at * each, min((at + 1) * each, length))
            for at, each, length in zip(reversed(corner), self.side, self.shape, strict=True)
        )

    def points(self, number: int) -> int:
        """The number of points in a tile."""
        return math.prod(part.stop - part.start for part in self[number])

    def axes(self, number: int, grid: Axes) -> dict[str, np.ndarray]:
        """The values of each axis in a tile."""
        return {axis: values[part] for (axis, values), part in zip(grid.items(), self[number], strict=True)}

    def jobs(self, grid: Axes, numbers: Iterable[int]) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """Tiles by number, each with the values of its axes."""
        return ((number, self.axes(number, grid)) for number in numbers)
