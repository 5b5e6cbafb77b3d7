"""The share of requests above each value of a distribution, and the limits that cut some off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from scipy.special import ndtr

from explorer.analysis.phrases import limit_name, option_name
from explorer.engine.designs import CONCERNS, OPTIONS, Design, Placement, table
from explorer.engine.limits import binding_uses
from explorer.errors import ExplorerError
from explorer.facts import catalogue
from explorer.facts.suggestions import expected_one_of
from explorer.facts.units import NEVER, format_chance
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import PerRequest
from explorer.workload.distribution import Distribution, Quantiles, Samples
from explorer.workload.workload import Workload

from .style import BLUE, FAINT, VERMILION, WORDINGS, Picture, canvas, in_house_style, log_ticks, subtitle

FIELDS = {"request": "bytes", "response": "bytes", "runtime": "seconds"}
NAMES = {"request": "Request", "response": "Response", "runtime": "Run time"}
LEAST = 1e-5  # the smallest share of requests that is drawn
FAR = 300.0  # multiple of the largest value; a limit beyond it is named and not drawn
NEAR = 1.03  # limits within this factor share one line
LABEL_IN = 0.21
LETTER = 0.0069  # of the width of a picture, for a letter of a label


@dataclass(frozen=True)
class LimitLine:
    """The largest value of a field that a limit lets through, and the share of requests above it."""

    names: tuple[str, ...]
    limit: str
    value: float  # of the field, before encoding
    stated: float  # as the limit states it
    over: float


@in_house_style
def distribution(
    workload: Workload,
    field: str = "response",
    limits: Sequence[str] = (),
    door: str | None = None,
) -> Picture:
    """The share of requests larger than each value, and the limits that cut some of them off.

    Parameters
    ----------
    workload : what the API has to carry
    field : request, response or runtime
    limits : ids of limits to draw; None: the tightest limit of each door
    door : draw the limits of this door, for a body passed straight through it

    A payload limit is drawn at the largest body that fits after base64 and envelope are added.
    Raises ExplorerError for another field, or an unknown limit or door.
    """
    if field not in FIELDS:
        raise ExplorerError(f'field is "{field}": {expected_one_of(FIELDS)}')
    spread: Distribution = getattr(workload, field).spread
    lines = _merge_lines(_limit_lines(workload, field, limits, door))
    low, high = _curve_span(spread)
    near = [line for line in lines if low / FAR <= line.value <= high * FAR]
    unit = FIELDS[field]
    title = f"{NAMES[field]} of {workload.name}"
    height = 4.1 + LABEL_IN * len(near)
    picture, axes = canvas(height, title, _spread_alt(title, spread, unit, lines), 0.085, 0.975)
    subtitle(picture, "share of requests over a value; beside each limit, the share that breaks it")
    _label_room(picture, axes, LABEL_IN * len(near))
    values = [low, high, *(line.value * factor for line in near for factor in (0.7, 1.4))]
    _spread_axes(axes, min(values), max(values), unit)
    _draw_curve(axes, spread, unit)
    _draw_lines(picture, axes, near, unit)
    _far_note(picture, [line for line in lines if line not in near], unit)
    return picture


def _curve_span(spread: Distribution) -> tuple[float, float]:
    """The range of values of the curve; both ends are above 0."""
    low, high = float(spread.quantile(0.005)), float(spread.quantile(1 - LEAST))
    if high <= 0:
        return 1.0, 10.0
    low = max(low, high * 1e-9)
    return (low, high) if high > low * 1.2 else (low / 3, high * 3)


def _label_room(picture: Picture, axes: Axes, inches: float) -> None:
    """The room above the plot for labels."""
    box = axes.get_position()
    height = picture.get_size_inches()[1]
    axes.set_position((box.x0, box.y0 + 0.1 / height, box.width, box.height - (inches + 0.1) / height))


def _spread_axes(axes: Axes, low: float, high: float, unit: str) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low * 0.9, high * 1.1)
    axes.set_ylim(LEAST, 1.25)
    axes.grid(True)
    log_ticks(axes.xaxis, unit)
    log_ticks(axes.yaxis, "share")


def _draw_curve(axes: Axes, spread: Distribution, unit: str) -> None:
    """Draw the share above each value, with the given points."""
    low, high = axes.get_xlim()
    values = np.geomspace(low, high, 600)
    if isinstance(spread, Samples):
        steps = np.unique(spread.quantile(np.linspace(0, 1, 400)))
        values = np.sort(np.concatenate([values, steps, steps * (1 + 1e-9)]))
    share = np.asarray(spread.exceed(values))
    axes.plot(values, np.maximum(share, LEAST / 10), color=BLUE, lw=2.2, zorder=4)
    axes.fill_between(values, LEAST / 10, np.maximum(share, LEAST / 10), color=BLUE, alpha=0.07)
    _mark_points(axes, spread, unit)


def _mark_points(axes: Axes, spread: Distribution, unit: str) -> None:
    """Label the given points; a label that would overlap the previous one moves further down."""
    low, high = axes.get_xlim()
    back: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
    before = np.zeros(2)
    for name, value, over in _quantile_points(spread):
        if not low <= value <= high or over < LEAST:
            continue
        axes.plot(value, over, "o", ms=6, color=BLUE, mec="white", zorder=6)
        place = axes.transData.transform((value, over))
        close = abs(place[0] - before[0]) < 90 and abs(place[1] - before[1]) < 16
        text = f"{name} {WORDINGS[unit](value)}"
        style: dict[str, Any] = {"ha": "right", "va": "top", "size": 8.5, "zorder": 6, "bbox": back}
        offset = (-7, -22 if close else -7)
        axes.annotate(text, (value, over), offset, textcoords="offset points", **style)
        before = place


def _quantile_points(spread: Distribution) -> list[tuple[str, float, float]]:
    """(name, value, share above it) of the given quantiles or single value; for samples, p50 and p99."""
    if isinstance(spread, Quantiles):
        shares = ndtr(-spread.z)
        inner = list(range(1, spread.z.size - 1))
        flat = spread.log[-1] == spread.log[-2]
        names = ["max" if flat and i == inner[-1] else f"p{100 * (1 - shares[i]):.4g}" for i in inner]
        values = np.exp(spread.log[inner]) * spread.scale
        return list(zip(names, values.tolist(), shares[inner].tolist(), strict=True))
    if float(spread.quantile(0.001)) == float(spread.quantile(0.999)):
        return [("every request:", float(spread.quantile(0.5)), 0.5)]
    return [(f"p{100 * p:g}", float(spread.quantile(p)), 1 - p) for p in (0.5, 0.9, 0.99)]


def _limit_lines(workload: Workload, field: str, limits: Sequence[str], door: str | None) -> list[LimitLine]:
    load = Conditions(workload)
    if door is not None:
        lines = list(_lines_of(load, _plain_design(door), field))
        return [w for w in lines if w.limit in limits] if limits else lines
    if limits:
        return [_tightest_line(load, field, limit) for limit in limits]
    doors = []
    for name in OPTIONS["door"]:
        lines = list(_lines_of(load, _plain_design(name), field))
        if lines:
            tight = min(lines, key=lambda line: line.value)
            doors.append(
                LimitLine((option_name("door", name),), tight.limit, tight.value, tight.stated, tight.over)
            )
    return doors


def _plain_design(door: str) -> Design:
    """The simplest design with this door: the first option of each other concern."""
    first_options = {concern: next(iter(OPTIONS[concern])) for concern in CONCERNS}
    if door not in OPTIONS["door"]:
        raise ExplorerError(f'door is "{door}": {expected_one_of(OPTIONS["door"])}')
    return Design(**{**first_options, "door": door})


def _lines_of(load: Conditions, design: Design, field: str) -> Iterator[LimitLine]:
    """The limits on `field` in a design, each at the largest value that fits."""
    for option in design.options:
        yield from _limit_label(Placement.of(option, design.flow), load, field)


def _limit_label(placement: Placement, load: Conditions, field: str) -> Iterator[LimitLine]:
    for use in binding_uses(placement, load):
        if isinstance(use, PerRequest) and use.driver == field:
            limit_value = load.limit(use.limit)
            room = float(use.measure.room(limit_value))
            yield LimitLine(
                (limit_name(use.limit),), use.limit, room, limit_value, float(load.spread(field).exceed(room))
            )


def _tightest_line(load: Conditions, field: str, limit: str) -> LimitLine:
    """The tightest position of a limit over all designs in which it applies."""
    every = (line for each in table().placements for line in _limit_label(each, load, field))
    lines = [line for line in every if line.limit == limit]
    if lines:
        return min(lines, key=lambda line: line.value)
    value = catalogue.limit(limit).value or 0.0
    return LimitLine((limit_name(limit),), limit, value, value, float(load.spread(field).exceed(value)))


def _merge_lines(lines: Sequence[LimitLine]) -> list[LimitLine]:
    """Merge limits at nearly the same value; the tightest of them stays."""
    out: list[LimitLine] = []
    for line in sorted(lines, key=lambda line: line.value):
        if out and line.value <= out[-1].value * NEAR:
            last = out[-1]
            names = (*last.names, *(name for name in line.names if name not in last.names))
            out[-1] = LimitLine(names, last.limit, last.value, last.stated, last.over)
        elif np.isfinite(line.value) and line.value > 0:
            out.append(line)
    return out


def _line_label(line: LimitLine, unit: str) -> str:
    """The label of a limit: "HTTP API: 4.5 MB (6 MB as counted), 3.4 % over"."""
    value, limit_text = WORDINGS[unit](line.value), WORDINGS[unit](line.stated)
    limit_note = f" ({limit_text} as counted)" if unit == "bytes" and value != limit_text else ""
    over = "none over" if line.over < NEVER else f"{format_chance(line.over)} over"
    return f"{', '.join(line.names)}: {value}{limit_note}, {over}"


def _draw_lines(picture: Picture, axes: Axes, lines: Sequence[LimitLine], unit: str) -> None:
    """Draw a vertical line to each label; the leftmost label is highest."""
    top = axes.get_position().y1
    height = picture.get_size_inches()[1]
    for row, line in enumerate(lines):
        level = top + LABEL_IN / height * (len(lines) - row - 0.45)
        is_over = line.over >= NEVER
        colour = VERMILION if is_over else FAINT
        x = picture.transFigure.inverted().transform(axes.transData.transform((line.value, 1.0)))[0]
        stroke: dict[str, Any] = {"color": colour, "lw": 1.5, "clip_on": False, "zorder": 3}
        bottom = axes.get_position().y0
        axes.plot([x, x], [bottom, level + 0.06 / height], transform=picture.transFigure, **stroke)
        if line.over >= LEAST:
            axes.plot(line.value, line.over, "o", ms=6, color=VERMILION, mec="white", zorder=7)
        text = _line_label(line, unit)
        side, gap = ("left", 0.006) if x + LETTER * len(text) < 0.98 else ("right", -0.006)
        ink = "#a84300" if is_over else FAINT
        back: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        picture.text(x + gap, level, text, ha=side, va="center", size=9, color=ink, bbox=back)


def _far_note(picture: Picture, lines: Sequence[LimitLine], unit: str) -> None:
    if lines:
        text = f"far off: {'; '.join(_line_label(line, unit) for line in lines[:3])}"
        picture.text(0.012, 0.07 / picture.get_size_inches()[1], text, size=8.5, color=FAINT)


def _spread_alt(title: str, spread: Distribution, unit: str, lines: Sequence[LimitLine]) -> str:
    p50, p99 = (WORDINGS[unit](float(spread.quantile(p))) for p in (0.5, 0.99))
    lines_text = "".join(f"; {_line_label(line, unit)}" for line in lines)
    return f"{title}: p50 {p50}, p99 {p99}{lines_text}"
