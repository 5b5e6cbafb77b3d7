"""Where names stand on a map, out of each other's way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WIDE = 3  # times as wide as high a name is


@dataclass(frozen=True)
class Box:
    """What a name takes of the map: its middle and half its height and width [shares of the map]."""

    middle: tuple[float, float]
    half: tuple[float, float]

    def meets(self, other: Box) -> bool:
        """Whether two names would overlap."""
        both = zip(self.middle, other.middle, self.half, other.half, strict=True)
        return all(abs(one - two) < a + b for one, two, a, b in both)

    @property
    def inside(self) -> bool:
        """Whether all of it is on the map."""
        return all(half <= at <= 1 - half for at, half in zip(self.middle, self.half, strict=True))

    def covered_cells(self, shape: tuple[int, ...]) -> tuple[slice, ...]:
        """The cells that it covers."""
        ends = zip(self.middle, self.half, shape, strict=True)
        return tuple(
            slice(max(0, round((at - half) * n)), max(0, round((at + half) * n))) for at, half, n in ends
        )


def roomiest_label_cell(inside: np.ndarray) -> tuple[int, int, tuple[float, float]]:
    """Where a name has most room in a region: row, column, and the room beside it and above it.

    Of the cells that are about the farthest from the edge, the one nearest to their middle.
    """
    from scipy.ndimage import distance_transform_edt

    depth = distance_transform_edt(np.pad(inside, 1), sampling=(WIDE, 1))[1:-1, 1:-1]
    deepest = np.argwhere(depth >= 0.85 * depth.max())
    away = np.abs(deepest - deepest.mean(axis=0)).sum(axis=1)
    row, column = deepest[int(np.argmin(away))].tolist()
    return row, column, (_free_share_around(inside[row], column), _free_share_around(inside[:, column], row))


def _free_share_around(along: np.ndarray, at: int) -> float:
    """How far a line of cells stays inside to both sides of one [share of the line]."""
    outside = np.flatnonzero(~along)
    return float(abs(outside - at).min(initial=min(at, len(along) - at - 1) + 1) / len(along))
