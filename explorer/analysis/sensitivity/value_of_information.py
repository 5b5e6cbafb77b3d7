"""The value of measuring an input before choosing a design.

If everything is measured, the best design is built in each scenario. If one input is measured, the scenarios
are divided into bins of that input, and in each bin the best design for the bin is chosen. It is chosen with
one half of the scenarios in the bin and evaluated on the other half, so that noise does not inflate its
value: the result is a low estimate. Standard errors assume independent draws; the draws are stratified, so
the errors are upper estimates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

BINS, CELL = 20, 250  # at most so many bins; at least so many scenarios in half a bin
SURE = 3.0  # standard errors beyond which a difference is significant
EVERYTHING = "everything"


@dataclass(frozen=True)
class MeasurementValue:
    """The value of knowing one input, or all, before choosing.

    It is compared with the choice of lowest mean regret without that knowledge.
    """

    input: str
    saves_usd: float  # mean over all scenarios; 0 where one of the choices is not feasible [USD a month]
    saves_se: float  # standard error of the mean
    averts: float  # reduction of failures (broken limits, lateness) [share of scenarios]
    averts_se: float
    changes: float  # share of scenarios in which another design is chosen
    significant: bool  # whether saves_usd or averts differs significantly from 0


def best_choice(holds: np.ndarray, regret: np.ndarray, risk: float) -> int:
    """The design with the lowest mean regret among those that fail at most `risk` more often than the safest.

    `holds` and `regret` have the shape (designs, scenarios). -1 where nothing is ever feasible.
    """
    if not holds.any():
        return -1
    sums = np.where(holds, regret, 0.0).sum(axis=1)
    return int(_least(holds.sum(axis=1), sums, holds.shape[1], risk))


def _least(hold_count: np.ndarray, sums: np.ndarray, count: np.ndarray | int, risk: float) -> np.ndarray:
    """The index of the design to choose, along the first axis, from feasible counts and regrets."""
    fails = 1 - hold_count / np.maximum(count, 1)
    allowed = (fails <= fails.min(axis=0) + risk + 1e-12) & (hold_count > 0)
    mean = np.where(allowed, sums / np.maximum(hold_count, 1), np.inf)
    result: np.ndarray = np.argmin(mean, axis=0)
    return result


def measurement_values(
    inputs: Mapping[str, np.ndarray],
    holds: np.ndarray,
    regret: np.ndarray,
    winner: np.ndarray,
    choice: int,
    risk: float,
) -> Iterator[MeasurementValue]:
    """One row for everything, then one per input: significant ones first, then by failures averted."""
    if choice < 0:
        return
    informed_choice = np.where(winner >= 0, winner, choice)
    yield _against(EVERYTHING, holds, regret, choice, informed_choice)
    if len(inputs) == 1:  # it is everything
        yield from (_against(name, holds, regret, choice, informed_choice) for name in inputs)
        return
    rows = [
        _against(name, holds, regret, choice, _choose_with_knowledge(values, holds, regret, choice, risk))
        for name, values in inputs.items()
    ]
    yield from sorted(rows, key=lambda row: (not row.significant, -round(row.averts, 2), -row.saves_usd))


def _choose_with_knowledge(
    values: np.ndarray, holds: np.ndarray, regret: np.ndarray, choice: int, risk: float
) -> np.ndarray:
    """The design chosen in each scenario when one input is known; each half uses the other half's choice."""
    count = values.size
    if values.min() == values.max():
        return np.full(count, choice)
    bins = max(2, min(BINS, count // (2 * CELL)))
    rank = np.empty(count, dtype=int)
    rank[np.argsort(values, kind="stable")] = np.arange(count)
    cell = 2 * (rank * bins // count) + np.arange(count) % 2  # the order is random: any half will do
    sums = np.where(holds, regret, 0.0)
    held_in = np.array([np.bincount(cell, row, 2 * bins) for row in holds.astype(float)])
    sums_in = np.array([np.bincount(cell, row, 2 * bins) for row in sums])
    best = _least(held_in, sums_in, np.bincount(cell, minlength=2 * bins), risk)
    best = np.where(held_in.any(axis=0), best, choice)
    return np.asarray(best[cell ^ 1])


def _against(
    name: str, holds: np.ndarray, regret: np.ndarray, choice: int, other: np.ndarray
) -> MeasurementValue:
    """The design `other` of each scenario compared with the design `choice` in all scenarios."""
    each = np.arange(other.size)
    one, two = holds[choice], holds[other, each]
    saves = np.where(one & two, regret[choice] - regret[other, each], 0.0)
    averts = two.astype(float) - one
    saved, averted = float(saves.mean()), float(averts.mean())
    errors = [float(row.std() / np.sqrt(row.size)) for row in (saves, averts)]
    sure = abs(saved) > SURE * errors[0] or abs(averted) > SURE * errors[1]
    return MeasurementValue(name, saved, errors[0], averted, errors[1], float((other != choice).mean()), sure)
