"""Measured times put back into a workload, and how far the prediction was off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from explorer.engine.designs import CONCERNS, Design, choices
from explorer.errors import DesignError
from explorer.workload.workload import Workload

from .measurements import METADATA as METADATA
from .measurements import Measured, runs
from .measurements import read as read
from .prediction import NAMES, named
from .prediction import predicted as predicted
from .solve import LEAST_S, RATES, assumed, equations, solved

if TYPE_CHECKING:
    import pandas as pd

LEAST_BPS, MOST_BPS = 1.0, 1e12


class Calibration(NamedTuple):
    """A workload whose times are the measured ones, and how far the prediction was off.

    `off` has a row a run and phase. Columns: measured, predicted and calibrated seconds at p50 and p95,
    and by which share the two predictions are off (0.1: 10 % too long).
    """

    workload: Workload
    off: pd.DataFrame


def calibrate(workload: Workload, measurements: Any, design: Any = None) -> Calibration:
    """Put measured times into a workload: `w, off = ex.calibrate(w, "run.parquet")`.

    Its `times`, `runtime.init`, `runtime.network` and `client.bandwidth` become the measured ones; where
    the work was the user's own, also its run time and response. On the local cloud these are this
    machine's times: they prove the model's structure, and say nothing about AWS's.

    Parameters
    ----------
    workload : that the measured endpoint was put up for
    measurements : the result of a benchmark, its Parquet file, its frame, or a list of these; runs that
        differ in size and run time tell apart what one run measures only together
    design : what was measured; None: as the measurements say

    Raises ExplorerError if a measurement cannot be read or has no job that succeeded, DesignError if
    nobody says which design was measured.
    """
    found = runs(measurements)
    designs = [_design(design, seen) for seen in found]
    before = [predicted(workload, one, seen.run) for one, seen in zip(designs, found, strict=True)]
    started = _with_starts(workload, found)
    for one, seen in zip(designs, found, strict=True):
        started = _as_worked(started, one, seen)
    calibrated = _calibrated(started, designs, found)
    after = [predicted(calibrated, one, seen.run) for one, seen in zip(designs, found, strict=True)]
    return Calibration(calibrated, _off(found, before, after))


def _design(given: Any, seen: Measured) -> Design:
    if given is None and seen.design is not None:
        return seen.design
    chosen = choices(given or {})
    if len(chosen) < len(CONCERNS):
        missing = ", ".join(concern for concern in CONCERNS if concern not in chosen)
        raise DesignError(f"design of the measurements lacks {missing}: expected all five concerns")
    return Design(**chosen)


def _with_starts(w: Workload, found: list[Measured]) -> Workload:
    """The workload with its cold starts as measured, before the rest is solved for."""
    inits = [seen.init for seen in found if seen.init is not None]
    if not inits:
        return w
    return w.replace({"runtime.init": _spread(np.median(inits, axis=0))})


def _as_worked(w: Workload, design: Design, seen: Measured) -> Workload:
    """The workload with run time and response of the user's own work, which nobody asked it to have."""
    if seen.run.runtime_s is not None or "work" not in seen.seconds:
        return w
    whole = seen.seconds["work"]
    idle = predicted(w, design, replace(seen.run, runtime_s=0.0)).get("work", {})
    beside = np.minimum([idle.get(name, 0.0) for name in NAMES], whole / 2)
    return w.replace({"runtime": _spread(whole - beside), "response": named(np.maximum(seen.response, 1.0))})


def _spread(seconds: np.ndarray) -> dict[str, float]:
    rising = np.maximum.accumulate(np.maximum(np.round(seconds, 7), LEAST_S))
    return named(rising)


def _calibrated(w: Workload, designs: list[Design], found: list[Measured]) -> Workload:
    prior: dict[str, np.ndarray] = {}
    for design, seen in zip(designs, found, strict=True):
        prior |= assumed(w, design, seen.run)
    every = [
        equation
        for design, seen in zip(designs, found, strict=True)
        for equation in equations(w, design, seen, list(prior))
    ]
    answer = solved(every, prior)
    times = {name: _spread(seconds) for name, seconds in answer.items() if name not in RATES}
    changes: dict[str, Any] = {"times": times}
    for rate in RATES:
        if rate in answer:
            changes[rate] = float(np.clip(1 / max(answer[rate][0], 1e-300), LEAST_BPS, MOST_BPS))
    return w.replace(changes)


def _off(found: list[Measured], before: list[dict[str, Any]], after: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for number, (seen, first, second) in enumerate(zip(found, before, after, strict=True)):
        for phase, seconds in seen.phases.items():
            row: dict[str, Any] = {"run": number, "phase": phase}
            for level, name in enumerate(NAMES[:2]):
                real = float(seconds[level])
                row[f"measured_{name}_s"] = real
                for label, told in (("predicted", first), ("calibrated", second)):
                    value = told.get(phase, {}).get(name, 0.0)
                    row[f"{label}_{name}_s"] = value
                    row[f"{label}_off_{name}"] = value / real - 1 if real > 0 else np.nan
            rows.append(row)
    return pd.DataFrame(rows).set_index(["run", "phase"])
