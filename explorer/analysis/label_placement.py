"""Places names on a map without overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WIDE = 3  # width of a name divided by its height


@dataclass(frozen=True)
class Box:
    """The area of a name on the map: its middle and half its height and width [shares of the map]."""

    middle: tuple[float, float]
    half: tuple[float, float]

    def meets(self, other: Box) -> bool:
        """Whether two names overlap."""
        both = zip(self.middle, other.middle, self.half, other.half, strict=True)
        return all(abs(one - two) < a + b for one, two, a, b in both)

    @property
    def inside(self) -> bool:
        """Whether the whole name is on the map."""
        return all(half <= at <= 1 - half for at, half in zip(self.middle, self.half, strict=True))

    def covered_cells(self, shape: tuple[int, ...]) -> tuple[slice, ...]:
        """The cells that the name covers."""
        ends = zip(self.middle, self.half, shape, strict=True)
        return tuple(
            slice(max(0, round((at - half) * n)), max(0, round((at + half) * n))) for at, half, n in ends
        )


def roomiest_label_cell(inside: np.ndarray) -> tuple[int, int, tuple[float, float]]:
    """The cell of a region with most room for a name: row, column, and the room beside and above it.

    Among the cells that are about farthest from the edge, this is the one nearest to their mean.
    """
    from scipy.ndimage import distance_transform_edt

    depth = distance_transform_edt(np.pad(inside, 1), sampling=(WIDE, 1))[1:-1, 1:-1]
    deepest = np.argwhere(depth >= 0.85 * depth.max())
    away = np.abs(deepest - deepest.mean(axis=0)).sum(axis=1)
    row, column = deepest[int(np.argmin(away))].tolist()
    return row, column, (_free_share_around(inside[row], column), _free_share_around(inside[:, column], row))


def _free_share_around(along: np.ndarray, at: int) -> float:
    """How far a line of cells stays inside the region on both sides of one cell [share of the line]."""
    outside = np.flatnonzero(~along)
    return float(abs(outside - at).min(initial=min(at, len(along) - at - 1) + 1) / len(along))
