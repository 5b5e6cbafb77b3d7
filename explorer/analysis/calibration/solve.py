"""Solves for times and bandwidths, so that the steps of a design sum to the measured seconds.

A phase is linear in the times that its steps use and in the seconds per byte. Each coefficient is found by
evaluating the steps with one of these set to 1 and the others to 0. Several unknowns that are only measured
as a sum share it in proportion to their assumed values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from explorer.engine.designs import Design
from explorer.engine.latency import steps
from explorer.options.base.request_path import LEVELS, PHASES, Phase
from explorer.workload.workload import Workload

from .measurements import MeasuredRun
from .prediction import PredictionConditions, RunConditions, phase_sums

RATES = ("runtime.network", "client.bandwidth")  # fields of a workload [B/s]
LEAN = 1e-3  # weight of the assumed proportions relative to the measurements
LEAST_S = 1e-6  # lower bound of a step's seconds, and of a difference that counts
Sums = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Equation:
    """One measured sum of steps, at each of `LEVELS`."""

    coefficients: Mapping[str, np.ndarray]  # by time id or rate
    constant: np.ndarray  # seconds that follow from the workload itself
    measured_s: np.ndarray


def assumed_times(w: Workload, design: Design, run: RunConditions) -> dict[str, np.ndarray]:
    """The assumed values of all times that the steps of a design use: [s] by id, [s/B] by rate."""
    probe = PredictionConditions(w, run, {})
    steps(probe, design)
    plain = PredictionConditions(w, run)
    rates = {"runtime.network": plain.network, "client.bandwidth": plain.bandwidth}
    times = {time_id: seconds.ravel() for time_id, seconds in probe.times.items()}
    return times | {rate: np.full(3, 1 / speed) for rate, speed in rates.items()}


def run_equations(w: Workload, design: Design, run: MeasuredRun, names: Sequence[str]) -> Iterator[Equation]:
    """The equations from one run."""
    base = _measured_sums(
        phase_sums(steps(PredictionConditions(w, run.conditions, {}), design)), run.is_stored
    )
    ones = {
        name: _measured_sums(
            phase_sums(steps(PredictionConditions(w, run.conditions, {name: 1.0}), design)), run.is_stored
        )
        for name in names
    }
    for group, constant in base.items():
        column = {name: sums_with_one[group] - constant for name, sums_with_one in ones.items()}
        yield from _group_equations(group, column, constant, run)
    if "rtt" in run.seconds:
        yield Equation({"exchange.rtt": np.ones(3)}, np.zeros(3), run.seconds["rtt"])


def _measured_sums(sums: Sums, is_stored: bool) -> dict[str, np.ndarray]:
    """The sums of steps that a run measures."""
    if not is_stored:
        return {"answer": np.sum([sums[phase] for phase in PHASES], axis=0)}
    phases = (Phase.SUBMIT, Phase.QUEUE, Phase.WORK, Phase.DOWNLOAD, "front submit", "front poll")
    return {"status": sums[Phase.POLL], **{name: sums[name] for name in phases}}


def _group_equations(
    group: str, column: Mapping[str, np.ndarray], constant: np.ndarray, run: MeasuredRun
) -> Iterator[Equation]:
    """One equation; two if the first byte of a response and the bytes after it were measured."""
    names = {"front submit": "front submit", "front poll": "front status"}
    if group not in {Phase.DOWNLOAD, "answer"}:
        measured_s = run.seconds.get(names.get(group, group))
        if measured_s is not None:
            yield Equation(column, constant, measured_s)
        return
    if "first byte" not in run.seconds:
        return
    bytes_alone = {name: value for name, value in column.items() if name == "client.bandwidth"}
    before = {name: value for name, value in column.items() if name != "client.bandwidth"}
    yield Equation(before, constant, run.seconds["first byte"])
    yield Equation(bytes_alone, np.zeros(3), run.seconds["transfer"])


def solve_equations(system: Sequence[Equation], prior: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The times [s] and rates [s/B] at each of `LEVELS`, for the names that occur in an equation.

    Rates are solved for at the p50 and used unchanged at the other levels.
    """
    names = [name for name in prior if any(np.any(one.coefficients.get(name, 0)) for one in system)]
    at_median = _solve_level(system, {name: prior[name][0] for name in names}, 0, {})
    fixed_rates = {name: value for name, value in at_median.items() if name in RATES}
    levels = [at_median]
    for level in range(1, len(LEVELS)):
        free = {name: prior[name][level] for name in names if name not in fixed_rates}
        levels.append({**_solve_level(system, free, level, fixed_rates), **fixed_rates})
    return {name: np.maximum.accumulate([level[name] for level in levels]) for name in names}


def _solve_level(
    system: Sequence[Equation], prior: Mapping[str, float], level: int, fixed_rates: Mapping[str, float]
) -> dict[str, float]:
    """The solution at one level by non-negative least squares, in units of the assumed values.

    The last unknown is a common factor. Each time is pulled towards this factor with the small weight `LEAN`,
    so that times that are only measured as a sum keep their assumed proportions.
    """
    from scipy.optimize import nnls

    names = list(prior)
    rows, values = [], []
    for one in system:
        fixed_part = sum(
            one.coefficients[name][level] * value
            for name, value in fixed_rates.items()
            if name in one.coefficients
        )
        remainder = one.measured_s[level] - one.constant[level] - fixed_part
        weight = 1 / max(abs(remainder), 1000 * LEAST_S)
        row = [one.coefficients.get(name, np.zeros(3))[level] * prior[name] * weight for name in names]
        if any(row):
            rows.append([*row, 0.0])
            values.append(remainder * weight)
    for k, name in enumerate(names):
        lean = [0.0] * (len(names) + 1)
        lean[k], lean[-1] = LEAN, 0.0 if name in RATES else -LEAN
        rows.append(lean)
        values.append(LEAN if name in RATES else 0.0)
    answer, _ = nnls(np.array(rows), np.array(values))
    return {name: float(answer[k] * prior[name]) for k, name in enumerate(names)}
