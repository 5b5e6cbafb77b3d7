"""What it is worth to measure an input before the choice is made.

Everything measured: in each scenario the best design is built. One input measured: the scenarios are
parted into bins of that input, and in each bin the design is chosen that is the best there. It is chosen
on one half of the scenarios and judged on the other, so that noise does not flatter it: what is told
errs low, by what the choice within a bin could still gain. Standard errors are those of independent
draws; the draws are stratified, so that they err high.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

BINS, CELL = 20, 250  # bins at most, and scenarios in a half of one at least
SURE = 3.0  # standard errors from which on a difference is told from noise
EVERYTHING = "everything"


@dataclass(frozen=True)
class Measured:
    """What it is worth to know one input, or all, before the choice.

    Beside the design of least regret that is chosen without knowing.
    """

    input: str
    saves_usd: float  # on average, in the scenarios in which both choices are feasible [USD a month]
    saves_se: float  # standard error of that
    averts: float  # by how much less often the choice breaks or is late [share of scenarios]
    averts_se: float
    changes: float  # share of scenarios in which another design is chosen
    significant: bool  # whether saves_usd or averts is told from noise


def best_choice(holds: np.ndarray, regret: np.ndarray, risk: float) -> int:
    """The design of least mean regret among those that fail in at most `risk` more than the safest.

    `holds` and `regret` have the shape (designs, scenarios). -1 where nothing is ever feasible.
    """
    if not holds.any():
        return -1
    sums = np.where(holds, regret, 0.0).sum(axis=1)
    return int(_least(holds.sum(axis=1), sums, holds.shape[1], risk))


def _least(hold_count: np.ndarray, sums: np.ndarray, count: np.ndarray | int, risk: float) -> np.ndarray:
    """Index of the design to choose, along the first axis, from how often each holds and its regret."""
    fails = 1 - hold_count / np.maximum(count, 1)
    allowed = (fails <= fails.min(axis=0) + risk + 1e-12) & (hold_count > 0)
    mean = np.where(allowed, sums / np.maximum(hold_count, 1), np.inf)
    result: np.ndarray = np.argmin(mean, axis=0)
    return result


def worth(
    inputs: Mapping[str, np.ndarray],
    holds: np.ndarray,
    regret: np.ndarray,
    winner: np.ndarray,
    choice: int,
    risk: float,
) -> Iterator[Measured]:
    """A row for everything, then one an input: those that avert most, then those that save most, first."""
    if choice < 0:
        return
    informed_choice = np.where(winner >= 0, winner, choice)
    yield _against(EVERYTHING, holds, regret, choice, informed_choice)
    rows = [
        _against(name, holds, regret, choice, _informed(values, holds, regret, choice, risk))
        for name, values in inputs.items()
    ]
    yield from sorted(rows, key=lambda row: (not row.significant, -round(row.averts, 2), -row.saves_usd))


def _informed(
    values: np.ndarray, holds: np.ndarray, regret: np.ndarray, choice: int, risk: float
) -> np.ndarray:
    """The design chosen in each scenario when one input is known, each half judged by the other's choice."""
    count = values.size
    if values.min() == values.max():
        return np.full(count, choice)
    bins = max(2, min(BINS, count // (2 * CELL)))
    rank = np.empty(count, dtype=int)
    rank[np.argsort(values, kind="stable")] = np.arange(count)
    cell = 2 * (rank * bins // count) + np.arange(count) % 2  # scenarios are in no order: any half will do
    sums = np.where(holds, regret, 0.0)
    held_in = np.array([np.bincount(cell, row, 2 * bins) for row in holds.astype(float)])
    sums_in = np.array([np.bincount(cell, row, 2 * bins) for row in sums])
    best = _least(held_in, sums_in, np.bincount(cell, minlength=2 * bins), risk)
    best = np.where(held_in.any(axis=0), best, choice)
    return np.asarray(best[cell ^ 1])


def _against(name: str, holds: np.ndarray, regret: np.ndarray, choice: int, other: np.ndarray) -> Measured:
    """The designs of `other`, one a scenario, beside one design everywhere."""
    each = np.arange(other.size)
    one, two = holds[choice], holds[other, each]
    saves = np.where(one & two, regret[choice] - regret[other, each], 0.0)
    averts = two.astype(float) - one
    saved, averted = float(saves.mean()), float(averts.mean())
    errors = [float(row.std() / np.sqrt(row.size)) for row in (saves, averts)]
    sure = abs(saved) > SURE * errors[0] or abs(averted) > SURE * errors[1]
    return Measured(name, saved, errors[0], averted, errors[1], float((other != choice).mean()), sure)
