"""Calibrates a workload with measured times, and reports the error of the prediction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from explorer.engine.designs import CONCERNS, Design, choices
from explorer.errors import DesignError, ExplorerError
from explorer.options.base.request_path import Initialization
from explorer.workload.workload import Workload

from .measurements import MeasuredRun, load_runs
from .prediction import NAMES, by_quantile, predict_run
from .solve import LEAST_S, RATES, assumed_times, run_equations, solve_equations

if TYPE_CHECKING:
    import pandas as pd

LEAST_BPS, MOST_BPS = 1.0, 1e12


class Calibration(NamedTuple):
    """A workload with measured times, and the error of the prediction.

    `off` has a row for each run and phase. Columns: measured, predicted and calibrated seconds at p50 and
    p95, and the relative errors of the two predictions (0.1: 10 % too long).
    """

    workload: Workload
    off: pd.DataFrame


def calibrate(workload: Workload, measurements: Any, design: Any = None) -> Calibration:
    """The workload with measured times: `w, off = ex.calibrate(w, "run.parquet")`.

    Its `times`, `runtime.init`, `runtime.network` and `client.bandwidth` are replaced by measured values; if
    the endpoint ran the user's own code, also its run time and response. On the local cloud these are times
    of this machine: they test the structure of the model, but say nothing about AWS.

    Parameters
    ----------
    workload
        The workload of the measured endpoint.
    measurements
        The result of a benchmark, its Parquet file, its frame, or a list of these; runs that differ in size
        and run time separate the times that one run measures only as a sum.
    design
        The measured design; None: as the measurements state.

    Raises
    ------
    ExplorerError
        If a measurement cannot be read, has no job that succeeded, or has only total times.
    DesignError
        If the measured design is not stated.

    Examples
    --------
    These jobs took 0.3 s longer than predicted; after calibration the error is 0.

    >>> import pandas as pd
    >>> from explorer.live.bench.row import Row
    >>> w = ex.Workload(requests_per_month=1e6, response="100 KB", runtime="1 s")
    >>> took = {"latency_s": 1.4, "service_s": 1.4, "first_byte_s": 1.3, "runtime_s": 1.0}
    >>> rows = [Row(n, n / 10, status="succeeded", bytes=102_400, **took) for n in range(9)]
    >>> answer = ex.calibrate(w, pd.DataFrame(rows), design=ex.recommend(w).design)
    >>> [round(float(answer.off[f"{which}_off_p50"].item()), 2) for which in ("predicted", "calibrated")]
    [-0.22, -0.0]
    """
    runs = load_runs(measurements)
    designs = [_design_of_run(design, run) for run in runs]
    before = [predict_run(workload, one, run.conditions) for one, run in zip(designs, runs, strict=True)]
    started = [
        run
        for one, run in zip(designs, runs, strict=True)
        if one.flow.initialization is not Initialization.SNAPSHOT  # a restore is no initialisation
    ]
    base = _with_cold_starts(workload, started)
    for one, run in zip(designs, runs, strict=True):
        base = _with_measured_work(base, one, run)
    workload_after = _with_solved_times(base, designs, runs)
    after = [predict_run(workload_after, one, run.conditions) for one, run in zip(designs, runs, strict=True)]
    return Calibration(workload_after, _prediction_errors(runs, before, after))


def _design_of_run(design: Any, run: MeasuredRun) -> Design:
    if design is None and run.design is not None:
        return run.design
    choice_ids = choices(design or {})
    if len(choice_ids) < len(CONCERNS):
        missing = ", ".join(concern for concern in CONCERNS if concern not in choice_ids)
        raise DesignError(f"design of the measurements lacks {missing}: expected all eight concerns")
    return Design(**choice_ids)


def _with_cold_starts(w: Workload, runs: list[MeasuredRun]) -> Workload:
    """The workload with its measured cold starts, before the other times are solved for."""
    inits = [run.init for run in runs if run.init is not None]
    if not inits:
        return w
    return w.replace({"runtime.init": _rising_quantiles(np.median(inits, axis=0))})


def _with_measured_work(w: Workload, design: Design, run: MeasuredRun) -> Workload:
    """The workload with the measured run time and response, if the endpoint ran the user's own code."""
    if run.conditions.runtime_s is not None or "work" not in run.seconds:
        return w
    whole = run.seconds["work"]
    idle = predict_run(w, design, replace(run.conditions, runtime_s=0.0)).get("work", {})
    beside = np.minimum([idle.get(name, 0.0) for name in NAMES], whole / 2)
    return w.replace(
        {"runtime": _rising_quantiles(whole - beside), "response": by_quantile(np.maximum(run.response, 1.0))}
    )


def _rising_quantiles(seconds: np.ndarray) -> dict[str, float]:
    rising = np.maximum.accumulate(np.maximum(np.round(seconds, 7), LEAST_S))
    return by_quantile(rising)


def _with_solved_times(w: Workload, designs: list[Design], runs: list[MeasuredRun]) -> Workload:
    prior: dict[str, np.ndarray] = {}
    for design, run in zip(designs, runs, strict=True):
        prior |= assumed_times(w, design, run.conditions)
    every = [
        equation
        for design, run in zip(designs, runs, strict=True)
        for equation in run_equations(w, design, run, list(prior))
    ]
    if not every:
        raise ExplorerError(
            "measurements hold the whole time of each job and none of its parts: expected the rows that a "
            "benchmark writes, with first_byte_s or submit_s"
        )
    answer = solve_equations(every, prior)
    times = {name: _rising_quantiles(seconds) for name, seconds in answer.items() if name not in RATES}
    changes: dict[str, Any] = {"times": times}
    for rate in RATES:
        if rate in answer:
            changes[rate] = float(np.clip(1 / max(answer[rate][0], 1e-300), LEAST_BPS, MOST_BPS))
    return w.replace(changes)


def _prediction_errors(
    runs: list[MeasuredRun], before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for number, (run, first, second) in enumerate(zip(runs, before, after, strict=True)):
        for phase, seconds in run.phases.items():
            row: dict[str, Any] = {"run": number, "phase": phase}
            for level, name in enumerate(NAMES[:2]):
                real = float(seconds[level])
                row[f"measured_{name}_s"] = real
                for label, prediction in (("predicted", first), ("calibrated", second)):
                    value = prediction.get(phase, {}).get(name, 0.0)
                    row[f"{label}_{name}_s"] = value
                    row[f"{label}_off_{name}"] = value / real - 1 if real > 0 else np.nan
            rows.append(row)
    return pd.DataFrame(rows).set_index(["run", "phase"])
