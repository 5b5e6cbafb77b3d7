"""Predicted times beside measured ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from explorer.analysis.calibration.prediction import predict_run as predicted_by
from explorer.errors import ExplorerError
from explorer.facts.units import format_time
from explorer.workload.workload import Workload

from .bars import PHASE_COLOURS
from .measured import name_of, whose_times
from .style import FAINT, INK, OTHER, RULE, WIDTH_IN, Picture, canvas, in_house_style, log_ticks, subtitle

if TYPE_CHECKING:
    from explorer.live import Result

LEAST_S = 1e-3  # shorter times are drawn at the edge
ROW_IN = 0.56
COLUMN_IN = 1.3  # width of a column of numbers beside the bars
Quantiles = Mapping[str, Mapping[str, float]]


@in_house_style
def predictions(result: Result, calibrated: Workload | None = None) -> Picture:
    """By phase and in total: measured times, and below them predicted ones, from the p50 to the p95.

    Parameters
    ----------
    result : of a benchmark
    calibrated : a workload from `calibrate`, whose prediction for this run is drawn too

    Percentiles of phases do not add up to those of the total: a job is seldom slow in all phases.
    Raises ExplorerError if no job succeeded, or there is no prediction.
    """
    quantiles_by_name = _conditions_note(result, calibrated)
    phases = [
        name for name in PHASE_COLOURS if any(name in quantiles for quantiles in quantiles_by_name.values())
    ]
    title = f"Measured and predicted: {name_of(result)}"
    alt = f"{title}: " + "; ".join(
        f"{name} p50 {_seconds_text(total, 'total', 'p50')}, p95 {_seconds_text(total, 'total', 'p95')}"
        for name, total in quantiles_by_name.items()
    )
    right = 0.985 - len(quantiles_by_name) * COLUMN_IN / WIDTH_IN
    picture, axes = canvas(1.18 + ROW_IN * len(phases), title, alt, 0.105, right)
    subtitle(picture, f"from the dot at the p50 to the p95, both as numbers beside it{whose_times(result)}")
    _seconds_axis(axes, quantiles_by_name, len(phases))
    for row, phase in enumerate(phases):
        _phase_row(axes, len(phases) - 1 - row, phase, quantiles_by_name)
    return picture


def _conditions_note(result: Result, calibrated: Workload | None) -> dict[str, Quantiles]:
    design, before = result.endpoint.design, result.predicted
    if not result.measured:
        raise ExplorerError("no job of the benchmark succeeded: expected one at least")
    if before is None or design is None:
        raise ExplorerError("nothing is predicted: the benchmark was not told which design it measured")
    quantiles_by_name: dict[str, Quantiles] = {"measured": result.measured, "predicted": before}
    if calibrated is not None:
        quantiles_by_name["calibrated"] = predicted_by(calibrated, design, result.conditions)
    return quantiles_by_name


def _seconds_axis(axes: Axes, quantiles_by_name: Mapping[str, Quantiles], rows: int) -> None:
    every = [
        quantiles[name]
        for one in quantiles_by_name.values()
        for quantiles in one.values()
        for name in ("p50", "p95")
    ]
    positive = [seconds for seconds in every if seconds > LEAST_S]
    axes.set_xscale("log")
    low = min(positive, default=0.1) * 0.6
    axes.set_xlim(low if low > 4 * LEAST_S else LEAST_S, max(positive, default=1.0) * 1.4)
    axes.set_ylim(-0.55, rows - 0.35)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    log_ticks(axes.xaxis, "seconds")
    inch = 1 / WIDTH_IN / axes.get_position().width
    for column, name in enumerate(quantiles_by_name):
        end = _column_end(axes, column)
        axes.text(end, rows - 0.38, name, ha="right", **_numbers_beside(axes, 8.5, weight="bold"))
        place = (end - 1.02 * inch, end - 0.82 * inch)
        _draw_range(axes, rows - 0.38, place, INK, name, transform=axes.get_yaxis_transform())


def _column_end(axes: Axes, number: int) -> float:
    """The right end of a column of numbers [share of the plot's width]."""
    box = axes.get_position()
    return 1.0 + (number + 1) * COLUMN_IN / WIDTH_IN / box.width


def _numbers_beside(axes: Axes, size: float, **more: Any) -> dict[str, Any]:
    return {"transform": axes.get_yaxis_transform(), "size": size, "va": "center", **more}


def _phase_row(axes: Axes, y: int, phase: str, quantiles_by_name: Mapping[str, Quantiles]) -> None:
    whole = phase == "total"
    if whole:
        axes.plot([-0.2, 2], [y + 0.5] * 2, color=RULE, lw=0.8, transform=axes.get_yaxis_transform(),
                  clip_on=False)  # fmt: skip
    axes.text(-0.015, y, "in all" if whole else phase, ha="right",
              **_numbers_beside(axes, 9.5, weight="bold" if whole else "normal"))  # fmt: skip
    lanes = np.linspace(0.2, -0.2, len(quantiles_by_name))
    looks = {"measured": INK if whole else PHASE_COLOURS[phase], "predicted": OTHER, "calibrated": INK}
    for column, (name, quantiles) in enumerate(quantiles_by_name.items()):
        if phase in quantiles:
            _draw_range(
                axes, y + float(lanes[column]), _range_ends(axes, quantiles[phase]), looks[name], name
            )
        ink = INK if name == "measured" else FAINT
        numbers_text = (
            f"{_seconds_text(quantiles, phase, 'p50')} · {_seconds_text(quantiles, phase, 'p95')}"
            if phase in quantiles
            else "-"
        )
        axes.text(_column_end(axes, column), y, numbers_text, ha="right", color=ink,
                  **_numbers_beside(axes, 8.5, weight="bold" if whole else "normal"))  # fmt: skip


def _range_ends(axes: Axes, seconds: Mapping[str, float]) -> tuple[float, float]:
    """The p50 and the p95, limited to the plot."""
    low, high = axes.get_xlim()
    start, end = (min(max(seconds[level], low), high) for level in ("p50", "p95"))
    return start, end


def _draw_range(axes: Axes, y: float, ends: tuple[float, float], colour: str, name: str, **more: Any) -> None:
    """Draw a dot with a line to the other end: thick if measured, dashed if calibrated."""
    thick, size = (4.2, 8.0) if name == "measured" else (1.6, 5.5)
    style = (0, (2, 1.2)) if name == "calibrated" else "-"
    face = "white" if name == "calibrated" else colour
    axes.plot(ends, [y, y], color=colour, lw=thick, ls=style, zorder=3, solid_capstyle="butt",
              clip_on=False, **more)  # fmt: skip
    axes.plot(ends[0], y, "o", ms=size, mfc=face, mec=colour, mew=1.2, zorder=4, clip_on=False, **more)


def _seconds_text(quantiles: Quantiles, phase: str, level: str) -> str:
    seconds = quantiles.get(phase, {}).get(level, 0.0)
    return format_time(seconds) if seconds >= 1e-4 else "0"
