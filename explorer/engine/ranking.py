"""The best of several designs: lowest score; ties by fewer parts, then lower p95, then table order."""

from __future__ import annotations

import numpy as np

NOTHING = -1  # where no design is feasible
TIE = 1e-13  # relative: sums that differ by less are equal; the order of additions alone causes that much


def best_of(
    score: np.ndarray, parts: np.ndarray, p95: np.ndarray, place: np.ndarray | None = None
) -> np.ndarray:
    """The index of the best along the first axis; -1 where no score is finite.

    Parameters
    ----------
    score
        [USD a month], infinite where a design is not feasible; shape (designs, *axes).
    parts
        Number of moving parts; broadcast.
    p95
        [s]; broadcast.
    place
        Index in the table, the last tie-breaker; without it, the order along the first axis.
    """
    best = score.min(axis=0)
    feasible = np.isfinite(best)
    tied = score <= np.where(feasible, best + np.abs(best) * TIE, -np.inf)
    if (tied.sum(axis=0) > 1).any():
        for values in (parts, p95) if place is None else (parts, p95, place):
            among = np.where(tied, values, np.inf)
            tied &= among <= among.min(axis=0) * (1 + TIE)
    return np.where(feasible, tied.argmax(axis=0), NOTHING)
