"""Which of several designs is the best: least score, ties to fewer parts, then to the lower p95, then as listed."""

from __future__ import annotations

import numpy as np

NOTHING = -1  # where no design is feasible
TIE = 1e-13  # relative: sums that differ by less are equal, and differ by the order of their additions alone


def ranked(score: np.ndarray, parts: np.ndarray, p95: np.ndarray) -> np.ndarray:
    """The index of the best along the first axis, -1 where no score is finite.

    Parameters
    ----------
    score : [USD a month], infinite where a design is not feasible; shape (designs, *axes)
    parts : moving parts; to broadcast
    p95 : [s]; to broadcast
    """
    best = score.min(axis=0)
    feasible = np.isfinite(best)
    tied = score <= np.where(feasible, best + np.abs(best) * TIE, -np.inf)
    if (tied.sum(axis=0) > 1).any():
        tied = _least(tied, parts)
        tied = _least(tied, p95)
    return np.where(feasible, tied.argmax(axis=0), NOTHING)


def _least(tied: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Of the tied ones, those with the least value."""
    among = np.where(tied, values, np.inf)
    return tied & (among <= among.min(axis=0) * (1 + TIE))
