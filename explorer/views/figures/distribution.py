"""The share of requests above each value of a distribution, and the limits that cut some off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
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
from explorer.options.base.limit_uses import PerRequest, SumPerRequest
from explorer.options.base.request_path import Behind
from explorer.workload.distribution import Distribution, Quantiles, Samples
from explorer.workload.workload import Workload

from .style import (
    BLUE,
    FAINT,
    VERMILION,
    WORDINGS,
    Picture,
    around,
    canvas,
    in_house_style,
    log_ticks,
    settle,
    subtitle,
    text_width,
)

FIELDS = {"request": "bytes", "response": "bytes", "runtime": "seconds"}
NAMES = {"request": "Request", "response": "Response", "runtime": "Run time"}
CONCERN = {"request": "request", "response": "response", "runtime": "response"}  # a door waits for the answer
LEAST = 1e-5  # the smallest share of requests that is drawn
FAR = 300.0  # multiple of the largest value; a limit beyond it is named and not drawn
NEAR = 1.03  # limits within this factor share one line
LABEL_IN = 0.21
GAP, EDGE = 0.006, 0.985  # between a line and its label, and the end of a label [shares of the width]


@dataclass(frozen=True)
class LimitLine:
    """The largest value of a field that a limit lets through, and the share of requests above it."""

    names: tuple[str, ...]
    limit: str
    value: float  # of the field, before encoding
    stated: float  # as the limit states it
    over: float
    way: str = ""  # what it is for, where the design has something else


@in_house_style
def distribution(
    workload: Workload,
    field: str = "response",
    limits: Sequence[str] = (),
    door: str | None = None,
    design: Design | None = None,
) -> Picture:
    """The share of requests larger than each value, and the limits that cut some of them off.

    Parameters
    ----------
    workload : what the API has to carry
    field : request, response or runtime
    limits : ids of limits to draw; None: the tightest limit of each door
    door : draw the limits of this door, for a body passed straight through it
    design : draw its own tightest limit too, if it has one on the field

    A door's limit is that of one exchange with a function: the body inline, the answer buffered. Where
    `design` has another way, the labels say so. A payload limit is drawn at the largest body that fits after
    base64 and envelope are added.
    Raises ExplorerError for another field, or an unknown limit or door.
    """
    if field not in FIELDS:
        raise ExplorerError(f'field is "{field}": {expected_one_of(FIELDS)}')
    spread: Distribution = getattr(workload, field).spread
    own, own_text = _own_lines(workload, field, design) if design is not None else ([], "")
    way = _way_of_doors(field, design) if design is not None else ""
    door_lines = [replace(line, way=way) for line in _limit_lines(workload, field, limits, door)]
    lines = _with_services(_merge_lines([*door_lines, *own]))
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
    _draw_curve(axes, spread)
    _draw_lines(picture, axes, near, unit)
    _mark_points(axes, spread, unit)
    _far_note(picture, [line for line in lines if line not in near], own_text, unit)
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


def _draw_curve(axes: Axes, spread: Distribution) -> None:
    """Draw the share above each value."""
    low, high = axes.get_xlim()
    values = np.geomspace(low, high, 600)
    if isinstance(spread, Samples):
        steps = np.unique(spread.quantile(np.linspace(0, 1, 400)))
        values = np.sort(np.concatenate([values, steps, steps * (1 + 1e-9)]))
    share = np.asarray(spread.exceed(values))
    axes.plot(values, np.maximum(share, LEAST / 10), color=BLUE, lw=2.2, zorder=4)
    axes.fill_between(values, LEAST / 10, np.maximum(share, LEAST / 10), color=BLUE, alpha=0.07)


def _mark_points(axes: Axes, spread: Distribution, unit: str) -> None:
    """Mark the given points, each with a label beside it, off every line."""
    low, high = axes.get_xlim()
    points = [point for point in _quantile_points(spread) if low <= point[1] <= high and point[2] >= LEAST]
    for _, value, over in points:
        axes.plot(value, over, "o", ms=6, color=BLUE, mec="white", zorder=6)
    for name, value, over in points:
        text = f"{name} {WORDINGS[unit](value)}"
        style: dict[str, Any] = {"textcoords": "offset points", "size": 8.5, "zorder": 6}
        settle(axes, axes.annotate(text, (value, over), (0, 0), **style), around())


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


def _way_of_doors(field: str, design: Design) -> str:
    """What the limits of doors are for, where it is not what the design has: "Lambda, buffered"."""
    concern = CONCERN[field]
    choice = next(iter(OPTIONS[concern]))  # the plain one, for which the limits of doors are
    compute = "Lambda" if design.flow.behind is Behind.CONTAINER else ""
    return ", ".join(filter(None, [compute, choice if design.ids[concern] != choice else ""]))


def _own_lines(workload: Workload, field: str, design: Design) -> tuple[list[LimitLine], str]:
    """The tightest limit on `field` in a design; without one a text: what counts until the first byte."""
    load = Conditions(workload)
    lines, texts = [], []
    for option in design.options:
        for use in binding_uses(Placement.of(option, design.flow), load):
            if isinstance(use, PerRequest) and use.driver == field:
                lines.append(_line_of_use(use, load, field))
            elif isinstance(use, SumPerRequest) and field == "runtime":
                if use.measures[0].driver == field:
                    lines.append(_line_of_sum(use, load))
                else:
                    value = WORDINGS["seconds"](load.limit(use.limit))
                    texts.append(f"this design: {limit_name(use.limit)} {value}, until the first byte")
    tightest = sorted((line for line in lines if np.isfinite(line.value)), key=lambda line: line.value)[:1]
    text = "" if tightest else "; ".join(texts) or "this design has no limit on it"
    return [replace(line, names=("this design",)) for line in tightest], text


def _line_of_sum(use: SumPerRequest, load: Conditions) -> LimitLine:
    """The line of a limit on the run time and what an option adds to it: where their sum is the limit."""
    limit_value, spread = load.limit(use.limit), load.spread("runtime")
    over = float(use.exceed(load, limit_value))
    extra = float(use.used_at(load, 0.99)) - float(spread.quantile(0.99))
    value = min(float(spread.quantile(1 - over)), limit_value) if over >= NEVER else limit_value - extra
    return LimitLine((limit_name(use.limit),), use.limit, value, limit_value, over)


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
            yield _line_of_use(use, load, field)


def _line_of_use(use: PerRequest, load: Conditions, field: str) -> LimitLine:
    limit_value = load.limit(use.limit)
    room = float(use.measure.room(limit_value))
    over = float(load.spread(field).exceed(room))
    return LimitLine((limit_name(use.limit),), use.limit, room, limit_value, over)


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
            out[-1] = replace(last, names=names, way=last.way if last.way == line.way else "")
        elif np.isfinite(line.value) and line.value > 0:
            out.append(line)
    return out


def _with_services(lines: Sequence[LimitLine]) -> list[LimitLine]:
    """The lines, where two limits have one name each with its service: "function timeout (Lambda)"."""
    every = [line.names for line in lines]
    return [
        replace(line, names=tuple(f"{name} ({catalogue.limit(line.limit).service})" for name in line.names))
        if every.count(line.names) > 1
        else line
        for line in lines
    ]


def _line_label(line: LimitLine, unit: str) -> str:
    """The label of a limit: "HTTP API (buffered): 4.5 MB (6 MB as counted), 3.4 % over"."""
    value, limit_text = WORDINGS[unit](line.value), WORDINGS[unit](line.stated)
    limit_note = f" ({limit_text} as counted)" if unit == "bytes" and value != limit_text else ""
    over = "none over" if line.over < NEVER else f"{format_chance(line.over)} over"
    way = f" ({line.way})" if line.way else ""
    return f"{', '.join(line.names)}{way}: {value}{limit_note}, {over}"


def _draw_lines(picture: Picture, axes: Axes, lines: Sequence[LimitLine], unit: str) -> None:
    """Draw a vertical line to each label, so that none crosses another one's label."""
    top, bottom = axes.get_position().y1, axes.get_position().y0
    height = picture.get_size_inches()[1]
    inks = ["#a84300" if line.over >= NEVER else FAINT for line in lines]
    labels = [
        picture.text(0, 0, _line_label(line, unit), va="center", size=9, color=ink)
        for line, ink in zip(lines, inks, strict=True)
    ]
    pixels = axes.transData.transform([(line.value, 1.0) for line in lines] or np.empty((0, 2)))
    places = [float(x) for x in picture.transFigure.inverted().transform(pixels)[:, 0]]
    rows = label_rows(places, [text_width(picture, label) + GAP for label in labels])
    for line, x, label, (row, is_right) in zip(lines, places, labels, rows, strict=True):
        level = top + LABEL_IN / height * (len(lines) - row - 0.45)
        colour = VERMILION if line.over >= NEVER else FAINT
        stroke: dict[str, Any] = {"color": colour, "lw": 1.5, "clip_on": False, "zorder": 3}
        axes.plot([x, x], [bottom, level + 0.06 / height], transform=picture.transFigure, **stroke)
        if line.over >= LEAST:
            axes.plot(line.value, line.over, "o", ms=6, color=VERMILION, mec="white", zorder=7)
        side, gap = ("left", GAP) if is_right else ("right", -GAP)
        label.set(position=(x + gap, level), ha=side)


def label_rows(places: Sequence[float], widths: Sequence[float]) -> list[tuple[int, bool]]:
    """The row of each label, 0 at the top, and whether it is to the right of its line.

    A line reaches up to its own label: a label that spans the place of another line is above that line's.

    Parameters
    ----------
    places
        Of the lines, in ascending order [share of the width].
    widths
        Of the labels [share of the width].
    """
    if not places:
        return []
    fits_right = [place + width < EDGE for place, width in zip(places, widths, strict=True)]
    fits_left = [place - width > 1 - EDGE for place, width in zip(places, widths, strict=True)]
    sides = (
        (True, False) if has_both else (is_right,)
        for has_both, is_right in zip(np.logical_and(fits_right, fits_left), fits_right, strict=True)
    )
    for side in product(*sides):
        ends = [
            place + (width if right else -width)
            for place, width, right in zip(places, widths, side, strict=True)
        ]
        if (order := _from_the_top(places, ends)) is not None:
            return [(order.index(i), right) for i, right in enumerate(side)]
    return list(enumerate(fits_right))


def _from_the_top(places: Sequence[float], ends: Sequence[float]) -> list[int] | None:
    """The labels from the top down, each above the lines that it spans; None if there is no such order."""
    order: list[int] = []
    rest = list(range(len(places)))
    while rest:
        spanned = {
            line
            for label in rest
            for line in rest
            if line != label
            and min(places[label], ends[label]) <= places[line] <= max(places[label], ends[label])
        }
        free = next((label for label in rest if label not in spanned), None)
        if free is None:
            return None
        order.append(free)
        rest.remove(free)
    return order


def _far_note(picture: Picture, lines: Sequence[LimitLine], own: str, unit: str) -> None:
    """Name what has no line: limits of the design that are not on the axis, then limits that are far off."""
    far = [_line_label(line, unit) for line in lines[:3]]
    note = picture.text(0.012, 0.07 / picture.get_size_inches()[1], "", size=8.5, color=FAINT)
    for count in range(len(far), -1, -1):
        note.set_text("; ".join(filter(None, [own, f"far off: {'; '.join(far[:count])}" if count else ""])))
        if text_width(picture, note) < EDGE - 0.012:
            return


def _spread_alt(title: str, spread: Distribution, unit: str, lines: Sequence[LimitLine]) -> str:
    p50, p99 = (WORDINGS[unit](float(spread.quantile(p))) for p in (0.5, 0.99))
    lines_text = "".join(f"; {_line_label(line, unit)}" for line in lines)
    return f"{title}: p50 {p50}, p99 {p99}{lines_text}"
