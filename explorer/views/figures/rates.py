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
    around,
    canvas,
    in_house_style,
    log_ticks,
    settle,
    short_number,
    spread_places,
    subtitle,
    uncross,
)

NEAR_PT = 8  # a label within it needs no line to its dot
AIR = 0.008  # between the line of today and its label [share of the axis]


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
    low, high = axes.get_xlim()
    if low <= today <= high:
        axes.axvline(today, color=GREY, lw=1.2, ls=(0, (4, 3)), zorder=2)
    _mark_rate_turns(axes, turns, colours)
    if low <= today <= high:
        _label_today_rate(axes, today)
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
    low, high = (positive.min(), positive.max()) if positive.size else (0.01, 1.0)
    axes.set_ylim(low * 0.7, max(high, low * 20) * 1.5)
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
    places = spread_places(shares.tolist(), gap, gap / 2, 1 - gap / 2)
    share_of: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "axes fraction"}
    style: dict[str, Any] = {"va": "center", "size": 8.5, "annotation_clip": False, **share_of}
    for share, place, label, colour in zip(shares, places, labels, colours, strict=True):
        arrow: dict[str, Any] = {"arrowstyle": "-", "lw": 1.6, "relpos": (0, 0.5), "shrinkA": 1, "shrinkB": 0}
        arrow["color"] = colour
        axes.annotate(label, (1.0, share), (1.025, place), arrowprops=arrow, **style)


def _label_today_rate(axes: Axes, rate: float) -> None:
    low, high = axes.get_xlim()
    text = f"today: {short_number(rate)} a month"
    label = axes.text(rate, 0.985, text, transform=axes.get_xaxis_transform(), size=8.5, color=FAINT)
    gap = (high / low) ** AIR
    before, after = {"x": rate / gap, "ha": "right"}, {"x": rate * gap, "ha": "left"}
    heights = ((0.985, "top"), (0.02, "bottom"), *((up / 20, "center") for up in range(18, 1, -1)))
    settle(axes, label, [{"y": y, "va": va, **side} for y, va in heights for side in (after, before)])


def _mark_rate_turns(axes: Axes, turns: Sequence[tuple[float, float, int]], colours: Sequence[str]) -> None:
    """Dots where the cheapest design changes, each with a label beside it, or at the end of a thin line."""
    for rate, cost, index in turns:
        axes.plot(rate, cost, "o", ms=8, mfc="white", mec=colours[index], mew=2, zorder=6)
    leader: dict[str, Any] = {"arrowstyle": "-", "color": FAINT, "lw": 0.8, "shrinkA": 0, "shrinkB": 5}
    labels = []
    for rate, cost, _ in turns:
        text = f"{short_number(rate)} a month, {format_usd_briefly(cost)}"
        style: dict[str, Any] = {"arrowprops": leader, "size": 8.5, "zorder": 7}
        label = axes.annotate(text, (rate, cost), (0, 0), textcoords="offset points", **style)
        settle(axes, label, around())
        labels.append(label)
    uncross(axes, labels)
    for label in labels:
        if label.arrow_patch is not None:
            label.arrow_patch.set_visible(max(map(abs, label.get_position())) > NEAR_PT)


def _rate_alt(title: str, labels: Sequence[str], turns: Sequence[tuple[float, float, int]]) -> str:
    turns_text = [f"{labels[i]} is cheapest above {short_number(rate)} a month" for rate, _, i in turns]
    return f"{title}: {' beside '.join(labels)}; {'; '.join(turns_text) or 'the cheapest does not change'}"
