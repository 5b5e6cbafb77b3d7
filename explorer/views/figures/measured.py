"""Figures of a benchmark: the latency of its requests, and the rate at which an endpoint saturates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from explorer.errors import ExplorerError
from explorer.facts.units import format_time

from .style import (
    BLUE,
    FAINT,
    GREY,
    INK,
    OTHER,
    VERMILION,
    Picture,
    canvas,
    colour_key,
    in_house_style,
    log_ticks,
    short_number,
    spread_places,
    subtitle,
)

if TYPE_CHECKING:
    from explorer.live import Result

LOCAL = "this machine's times, not AWS's"
LEAST_S = 1e-4
KEY_IN = 0.2  # row of colour names
KINDS = {"work was warm": BLUE, "work met a cold start": VERMILION, "not succeeded": INK}
PERCENTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999}
NAMES = {"p99_9": "p99.9", "max": "max"}
SERVED, OVER = BLUE, VERMILION


def name_of(result: Result) -> str:
    """The workload that was measured."""
    workload = result.endpoint.workload
    return workload.name if workload is not None else "endpoint"


def whose_times(result: Result) -> str:
    """A note shown with all times of the local cloud."""
    return f"; {LOCAL}" if result.endpoint.target == "local" else ""


@in_house_style
def latencies(result: Result) -> Picture:
    """The latency of each request over its due time, and the share of slower requests.

    Latency counts from the time a request was due, not from when it could be sent, so it includes delays by
    stalls. Bars beside the percentiles are 95 % confidence intervals.
    """
    summary = result.to_dict()
    title = f"Latency: {name_of(result)}"
    levels = _percentile_levels(summary)
    percentiles_text = ", ".join(f"{name} {format_time(s)}" for name, (_, s) in levels.items())
    counts = f"{summary['succeeded']} of {summary['jobs']} succeeded, {summary['lost']} lost"
    picture, axes = canvas(
        4.3,
        title,
        f"{title}: {counts}{'; ' + percentiles_text if percentiles_text else ''}",
        0.07,
        0.575,
        0.62,
    )
    subtitle(picture, f"{counts}; counted from when each was due{whose_times(result)}")
    box = axes.get_position()
    height = box.height - KEY_IN / picture.get_size_inches()[1]
    axes.set_position((box.x0, box.y0, box.width, height))
    beside = picture.add_axes((0.60, box.y0, 0.235, height), sharey=axes)
    _request_dots(axes, result)
    _slower_share_curve(beside, result)
    intervals = summary["latency_interval_s"]
    _percentile_lines(axes, beside, levels, intervals)
    count_by_kind = {
        kind: sum(_request_kind(row) == kind for row in result.rows_that_count) for kind in KINDS
    }
    colour_key(
        picture, [(f"{kind} ({n})", KINDS[kind]) for kind, n in count_by_kind.items() if n], 0.07, 0.68
    )
    return picture


def _percentile_levels(summary: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """(share of slower requests, seconds) of the p50, percentiles with slower requests, and the maximum."""
    seconds, count = summary["latency_s"], summary["succeeded"]
    if not count:
        return {}
    levels = {
        NAMES.get(name, name): (1 - level, seconds[name])
        for name, level in PERCENTILES.items()
        if count * (1 - level) >= 1 or name == "p50"
    }
    return {**levels, "max": (1 / count, seconds["max"])}


def _request_kind(row: Any) -> str:
    if row.status != "succeeded":
        return "not succeeded"
    return "work met a cold start" if row.cold else "work was warm"


def _request_dots(axes: Axes, result: Result) -> None:
    axes.set_yscale("log")
    seconds = [row.latency_s for row in result.rows_that_count if row.status == "succeeded"]
    low, high = min(seconds, default=0.1), max(seconds, default=1.0)
    axes.set_ylim(max(low * 0.7, LEAST_S), high * 1.6)
    axes.grid(True)
    log_ticks(axes.yaxis, "seconds")
    axes.set_xlabel("seconds from the start of the run", size=9)
    for kind, colour in KINDS.items():
        rows = [row for row in result.rows_that_count if _request_kind(row) == kind]
        took = [row.latency_s if row.status == "succeeded" else high * 1.4 for row in rows]
        mark = "x" if kind == "not succeeded" else "o"
        axes.plot([row.scheduled_s for row in rows], took, mark, ms=5, color=colour, alpha=0.75, zorder=4,
                  mew=1.6 if mark == "x" else 0)  # fmt: skip


def _slower_share_curve(axes: Axes, result: Result) -> None:
    """Draw the share of the jobs that took longer than each value."""
    took = np.sort([row.latency_s for row in result.rows_that_count if row.status == "succeeded"])
    least = 0.7 / max(took.size, 2)
    axes.set_xscale("log")
    axes.set_xlim(1.0, least)
    longer = 1 - np.arange(took.size) / max(took.size, 1)
    axes.step(longer, took, where="post", color=BLUE, lw=2.0, zorder=4)
    axes.grid(True)
    log_ticks(axes.xaxis, "share")
    axes.tick_params(labelleft=False)
    axes.set_xlabel("share that took longer", size=9)
    before = (result.predicted or {}).get("total", {})
    points = [(share, before[name]) for name, share in (("p50", 0.5), ("p95", 0.05), ("p99", 0.01))
              if name in before and share > least]  # fmt: skip
    low, high = axes.get_ylim()
    for share, seconds in points:
        if low < seconds < high:
            axes.plot(share, seconds, "D", ms=5.5, mfc="white", mec=OTHER, mew=1.4, zorder=6)
    if points:
        axes.plot([], [], "D", ms=5.5, mfc="white", mec=OTHER, mew=1.4, label="predicted")
        axes.legend(loc="upper left", frameon=False, fontsize=8.5, handletextpad=0.2, borderpad=0.1)


def _percentile_lines(
    axes: Axes,
    beside: Axes,
    levels: Mapping[str, tuple[float, float]],
    intervals: Mapping[str, Sequence[float]],
) -> None:
    """Draw a line for each percentile through both plots, with its name and value at the right."""
    if not levels:
        return
    low, high = axes.get_ylim()
    height = beside.get_window_extent().height
    shares = [float(np.log(s / low) / np.log(high / low)) for _, s in levels.values()]
    places = spread_places(shares, 0.34 * beside.figure.dpi / height)
    for (name, (share, seconds)), place in zip(levels.items(), places, strict=True):
        for each in (axes, beside):
            each.axhline(seconds, color=GREY, lw=0.8, ls=(0, (4, 3)), zorder=2)
        ends = intervals.get(name.replace(".", "_"), ())
        if len(ends) == 2:
            beside.plot([share, share], ends, color=BLUE, lw=5, alpha=0.25, zorder=3, solid_capstyle="butt")
        text = beside.transAxes
        beside.text(1.03, place, f"{name}  {format_time(seconds)}", transform=text, va="center",
                    size=9, weight="bold")  # fmt: skip
        if len(ends) == 2 and ends[1] > ends[0]:
            between = f"{format_time(ends[0])} to {format_time(ends[1])}"
            beside.text(1.03, place - 0.045, between, transform=text, va="center", size=7.5, color=FAINT)


# Rates ------------------------------------------------------------------------------------------


@in_house_style
def served(result: Result) -> Picture:
    """Requested rate and achieved rate at each step of a benchmark, and the latency.

    Raises ExplorerError if the benchmark had only one rate.
    """
    summary = result.to_dict()
    steps = summary["steps"]
    if len(steps) < 2:
        raise ExplorerError('the benchmark has one rate: expected several, as rate="5,10,20" gives')
    knee = summary["knee_rps"]
    title = f"Rates served: {name_of(result)}"
    end = f"gives in at {knee:g} a second" if knee else f"serves all, to {steps[-1]['rate_rps']:g} a second"
    picture, axes = canvas(4.0, title, f"{title}: {end}", 0.075, 0.475, 0.62)
    subtitle(picture, f"{end}{whose_times(result)}")
    box = axes.get_position()
    beside = picture.add_axes((0.565, box.y0, 0.40, box.height))
    for each in (axes, beside):
        _rate_axis(each, [step["rate_rps"] for step in steps], knee)
    _rate_curves(axes, steps)
    _latency_curves(beside, steps)
    return picture


def _rate_axis(axes: Axes, rates: Sequence[float], knee: float | None) -> None:
    axes.set_xscale("log")
    axes.set_xlim(min(rates) * 0.7, max(rates) * 1.4)
    axes.set_yscale("log")
    axes.grid(True)
    labelled_rates = rates if len(rates) <= 8 else rates[:: -(-len(rates) // 8)]
    axes.xaxis.set_major_locator(FixedLocator(list(labelled_rates)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda rate, _: short_number(rate))
    axes.set_xlabel("asked for, requests a second", size=9)
    if knee:
        axes.axvline(knee, color=OVER, lw=1.2, ls=(0, (4, 3)), zorder=2)


def _rate_curves(axes: Axes, steps: Sequence[Mapping[str, Any]]) -> None:
    offered = np.array([step["offered_rps"] for step in steps])
    throughputs = np.array([step["throughput_rps"] for step in steps])
    positive = throughputs[throughputs > 0]
    low, high = axes.get_xlim()
    axes.set_ylim(min(low, positive.min(initial=low) * 0.7), high)
    axes.yaxis.set_major_locator(FixedLocator([step["rate_rps"] for step in steps]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda rate, _: short_number(rate))
    axes.set_ylabel("served a second", size=9)
    axes.plot([low, high], [low, high], color=GREY, lw=1.0, zorder=2)
    axes.plot(offered, np.maximum(throughputs, low / 10), color=BLUE, lw=2.0, zorder=3)
    for step, x, y in zip(steps, offered, throughputs, strict=True):
        axes.plot(x, y, "o", ms=8, color=SERVED if step["served"] else OVER, mec="white", zorder=5)
        if not step["served"]:
            axes.annotate(f"{short_number(y)} of {short_number(x)}", (x, y), (-6, -15), size=8.5,
                          textcoords="offset points", ha="right", zorder=6)  # fmt: skip


def _latency_curves(axes: Axes, steps: Sequence[Mapping[str, Any]]) -> None:
    steps_with_jobs = [step for step in steps if step["p50_s"]]
    ends = [step[name] for step in steps_with_jobs for name in ("p50_s", "p99_s")]
    axes.set_ylim(min(ends, default=0.1) * 0.6, max(ends, default=1.0) * 1.7)
    log_ticks(axes.yaxis, "seconds")
    axes.set_ylabel("p50 to p99", size=9)
    for step in steps_with_jobs:
        x, colour = step["rate_rps"], SERVED if step["served"] else OVER
        axes.plot([x, x], [step["p50_s"], step["p99_s"]], color=colour, lw=4.2, zorder=3,
                  solid_capstyle="butt")  # fmt: skip
        axes.plot(x, step["p50_s"], "o", ms=8, color=colour, zorder=4)
        place: dict[str, Any] = {"textcoords": "offset points", "size": 8, "ha": "center", "zorder": 5}
        place["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.9}
        axes.annotate(format_time(step["p50_s"]), (x, step["p50_s"]), (0, -15), **place)
        axes.annotate(format_time(step["p99_s"]), (x, step["p99_s"]), (0, 6), **place)
