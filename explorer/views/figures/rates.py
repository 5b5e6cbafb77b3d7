"""Costs over the request rate: one line per design, and where the cheapest design changes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from explorer.analysis.choice import complete_design
from explorer.analysis.phrases import label_designs
from explorer.engine.designs import Design, table
from explorer.engine.evaluation import Evaluation
from explorer.facts.units import format_usd_briefly
from explorer.options.base.conditions import Conditions
from explorer.views.colours import colours_of
from explorer.workload.workload import Workload

from .style import (
    DPI,
    FAINT,
    GREY,
    Picture,
    canvas,
    in_house_style,
    log_ticks,
    short_number,
    spread_places,
    subtitle,
)


@in_house_style
def cost_by_rate(
    workload: Workload,
    designs: Sequence[str | Mapping[str, str | None] | Design],
    rates: Sequence[float] | np.ndarray | None = None,
) -> Picture:
    """The monthly cost of designs over the request rate, and where another one becomes cheaper.

    Parameters
    ----------
    workload : the workload; its peak grows with its rate
    designs : designs to compare; missing concerns are filled with the best options
    rates : requests a month, ascending; by default from a thousandth to a thousand times today's

    A line is thin where its design is not feasible. Dots mark where the cheapest design changes.
    """
    designs_to_draw = list(dict.fromkeys(complete_design(workload, design) for design in designs))
    today = workload.requests_per_month
    span = np.geomspace(max(today / 1000, 1), today * 1000, 181) if rates is None else np.asarray(rates)
    evaluation = _costs_over_rates(workload, designs_to_draw, span)
    order = [evaluation.designs.index(design) for design in designs_to_draw]
    usd, feasible = evaluation.monthly_usd[order], evaluation.feasible[order]
    labels = label_designs(designs_to_draw)
    turns = list(_cheapest_turns(span, usd, feasible))
    colours = [colours_of(design).line for design in designs_to_draw]
    title = f"Monthly cost by rate: {workload.name}"
    picture, axes = canvas(4.8, title, _rate_alt(title, labels, turns), 0.085, 0.695, 0.62)
    note = "bills without a price for parts; thin where not feasible; dots where the cheapest bill changes"
    subtitle(picture, note)
    _rate_axes(axes, span, usd)
    _rate_lines(axes, span, usd, feasible, colours)
    _line_labels(axes, usd[:, -1], labels, colours)
    _mark_today_rate(axes, today)
    for rate, cost, index in turns:
        _mark_rate_turn(axes, rate, cost, colours[index])
    return picture


def _costs_over_rates(workload: Workload, designs: Sequence[Design], rates: np.ndarray) -> Evaluation:
    axes = {"requests_per_month": rates}
    if workload.peak_rps is not None:
        axes["peak_rps"] = workload.peak_rps * rates / workload.requests_per_month
    is_drawn = np.array([design in designs for design in table().designs])
    return Evaluation(Conditions(workload, axes), table().only(is_drawn))


def _cheapest_turns(
    rates: np.ndarray, usd: np.ndarray, feasible: np.ndarray
) -> Iterator[tuple[float, float, int]]:
    """(rate, cost, cheapest design from there) at each change of the cheapest feasible design."""
    usd = np.where(feasible, usd, np.inf)
    cheapest = np.argmin(usd, axis=0)
    has_design = np.isfinite(usd.min(axis=0))
    for i in np.flatnonzero(np.diff(cheapest)):
        if has_design[i] and has_design[i + 1]:
            before, after = cheapest[i], cheapest[i + 1]
            share = _crossing_share(usd[before, i : i + 2], usd[after, i : i + 2])
            log_rate = np.interp(share, [0, 1], np.log(rates[i : i + 2]))
            log_cost = np.interp(share, [0, 1], np.log(usd[after, i : i + 2]))
            yield float(np.exp(log_rate)), float(np.exp(log_cost)), int(after)


def _crossing_share(before: np.ndarray, after: np.ndarray) -> float:
    """The crossing of two lines between two points, from 0 to 1; 1 where one of them begins or ends."""
    if not np.isfinite([*before, *after]).all():
        return 1.0
    gap = np.log(before) - np.log(after)
    return float(gap[0] / (gap[0] - gap[1])) if gap[0] != gap[1] else 0.5


def _rate_axes(axes: Axes, rates: np.ndarray, usd: np.ndarray) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(rates[0], rates[-1])
    positive = usd[usd > 0]
    axes.set_ylim(max(positive.min(initial=1.0) * 0.7, 0.01), max(positive.max(initial=1.0), 1.0) * 1.5)
    axes.grid(True)
    log_ticks(axes.xaxis, "requests")
    log_ticks(axes.yaxis, "usd")
    axes.set_xlabel("requests a month", size=9)


def _rate_lines(
    axes: Axes, rates: np.ndarray, usd: np.ndarray, feasible: np.ndarray, colours: Sequence[str]
) -> None:
    """Draw a line for each design; where two have one colour, the later one is dashed."""
    for index, (cost, serves, colour) in enumerate(zip(usd, feasible, colours, strict=True)):
        dashes: Any = {"ls": (0, (5, 1.5))} if colour in colours[:index] else {}
        axes.plot(rates, cost, color=colour, lw=1.0, zorder=3, **dashes)
        axes.plot(rates, np.where(serves, cost, np.nan), color=colour, lw=2.6, zorder=4, **dashes)


def _line_labels(axes: Axes, ends: np.ndarray, labels: Sequence[str], colours: Sequence[str]) -> None:
    """Label the right ends of the lines, moved apart where they would touch."""
    box = axes.get_window_extent()
    ends = np.clip(ends, *axes.get_ylim())
    shares = axes.transAxes.inverted().transform(axes.transData.transform([(1.0, end) for end in ends]))[:, 1]
    labels = [textwrap.fill(label, 40, break_on_hyphens=False) for label in labels]
    rows = 1 + max(label.count("\n") for label in labels)
    gap = 0.18 * rows * DPI / box.height
    places = spread_places(shares.tolist(), gap)
    low, high = gap / 2 - min(places), max(places) + gap / 2 - 1  # into the ticks below, into the title above
    places = [place + (low if low > 0 else -max(high, 0.0)) for place in places]
    share_of: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "axes fraction"}
    style: dict[str, Any] = {"va": "center", "size": 8.5, "annotation_clip": False, **share_of}
    for share, place, label, colour in zip(shares, places, labels, colours, strict=True):
        arrow: dict[str, Any] = {"arrowstyle": "-", "lw": 1.6, "relpos": (0, 0.5), "shrinkA": 1, "shrinkB": 0}
        arrow["color"] = colour
        axes.annotate(label, (1.0, share), (1.025, place), arrowprops=arrow, **style)


def _mark_today_rate(axes: Axes, rate: float) -> None:
    low, high = axes.get_xlim()
    if low <= rate <= high:
        axes.axvline(rate, color=GREY, lw=1.2, ls=(0, (4, 3)), zorder=2)
        place = axes.get_xaxis_transform()
        text = f" today: {short_number(rate)} a month"
        axes.text(rate, 0.985, text, transform=place, va="top", size=8.5, color=FAINT)


def _mark_rate_turn(axes: Axes, rate: float, cost: float, colour: str) -> None:
    axes.plot(rate, cost, "o", ms=8, mfc="white", mec=colour, mew=2, zorder=6)
    text = f"{short_number(rate)} a month, {format_usd_briefly(cost)}"
    is_left = axes.transAxes.inverted().transform(axes.transData.transform((rate, cost)))[0] > 0.7
    offset, side = ((-8, 8), "right") if is_left else ((8, -13), "left")
    place: dict[str, Any] = {"textcoords": "offset points", "ha": side, "zorder": 7}
    axes.annotate(text, (rate, cost), offset, size=8.5, **place)


def _rate_alt(title: str, labels: Sequence[str], turns: Sequence[tuple[float, float, int]]) -> str:
    turns_text = [f"{labels[i]} is cheapest above {short_number(rate)} a month" for rate, _, i in turns]
    return f"{title}: {' beside '.join(labels)}; {'; '.join(turns_text) or 'the cheapest does not change'}"
