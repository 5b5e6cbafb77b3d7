"""The best of several designs: least score, ties to fewer parts, then to the lower p95, then as listed."""

from __future__ import annotations

import numpy as np

NOTHING = -1  # where no design is feasible
TIE = 1e-13  # relative: sums that differ by less are equal, and differ by the order of their additions alone


def best_of(
    score: np.ndarray, parts: np.ndarray, p95: np.ndarray, place: np.ndarray | None = None
) -> np.ndarray:
    """The index of the best along the first axis, -1 where no score is finite.

    Parameters
    ----------
    score : [USD a month], infinite where a design is not feasible; shape (designs, *axes)
    parts : moving parts; to broadcast
    p95 : [s]; to broadcast
    place : in the table, by which what is equal in all else is told apart; as they come without
    """
    best = score.min(axis=0)
    feasible = np.isfinite(best)
    tied = score <= np.where(feasible, best + np.abs(best) * TIE, -np.inf)
    if (tied.sum(axis=0) > 1).any():
        for values in (parts, p95) if place is None else (parts, p95, place):
            among = np.where(tied, values, np.inf)
            tied &= among <= among.min(axis=0) * (1 + TIE)
    return np.where(feasible, tied.argmax(axis=0), NOTHING)
