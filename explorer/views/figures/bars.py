"""Pictures of bars: limits used, seconds by phase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from explorer.analysis.phrases import limit_name, use_of_limit_briefly
from explorer.analysis.recommendation import Recommendation
from explorer.engine.latency import latency as seconds_of
from explorer.facts import catalogue
from explorer.facts.units import FORMATS, format_bare_quantity, format_chance, format_time
from explorer.facts.verdict import Verdict
from explorer.options.base.request_path import Phase

from .style import (
    BLUE,
    FAINT,
    GREEN,
    GREY,
    INK,
    PURPLE,
    ROW_IN,
    SKY,
    VERDICTS,
    VERMILION,
    YELLOW,
    Picture,
    canvas,
    colour_key,
    in_house_style,
    log_ticks,
    shorten,
    stack_piece,
    subtitle,
)

if TYPE_CHECKING:
    import pandas as pd

SMALL = 1e-3  # of a limit; lower uses are not drawn
MOST_LIMITS = 12
PHASE_COLOURS = {
    Phase.SUBMIT: SKY,
    Phase.QUEUE: YELLOW,
    Phase.COLD_START: VERMILION,
    Phase.WORK: BLUE,
    Phase.POLL: PURPLE,
    Phase.DOWNLOAD: GREEN,
    "total": GREY,
}


@in_house_style
def limits_used(r_or_findings: Recommendation | pd.DataFrame) -> Picture:
    """The use of each limit, worst first, as a share of the limit on a log axis.

    Parameters
    ----------
    r_or_findings : a recommendation, or the frame of `assess`

    Returns
    -------
    A picture: for each limit, a bar to the p99 and a darker one to the p50, the limit marked at
    100 %, the verdict as colour and word. Limits with a use below 0.1 % are only counted.
    """
    frame = r_or_findings.findings if isinstance(r_or_findings, Recommendation) else r_or_findings
    shares = _used_shares(frame)
    is_worth_showing = (shares[:, 1] >= SMALL) | (frame["verdict"] != Verdict.FITS).to_numpy()
    is_worth_showing &= np.cumsum(is_worth_showing) <= MOST_LIMITS
    rows, shares = frame[is_worth_showing], shares[is_worth_showing]
    title = "Limits used"
    if isinstance(r_or_findings, Recommendation):
        title += f": {r_or_findings.workload.name}"
        title += "" if r_or_findings.feasible else " (nothing is feasible; this is the nearest miss)"
    height = 1.18 + ROW_IN * max(len(rows), 1)
    picture, axes = canvas(height, title, _limits_alt(rows), 0.30, 0.655)
    subtitle(picture, "dark to the p50, light to the p99 of all requests")
    _limit_axis(axes, shares)
    for row, (finding, (p50, p99)) in enumerate(zip(rows.itertuples(), shares, strict=True)):
        _draw_limit_bar(axes, len(rows) - 1 - row, finding, p50, p99)
    _rest_note(picture, len(frame) - len(rows))
    return picture


def _used_shares(frame: pd.DataFrame) -> np.ndarray:
    """The use divided by the limit at the p50 and the p99, shape (limits, 2)."""
    uses = frame[["used_p50", "used_p99"]].to_numpy(dtype=float)
    limit = frame["limit_value"].to_numpy(dtype=float)[:, None]
    full = np.where(uses > 0, np.inf, 0.0)
    shares: np.ndarray = np.divide(uses, limit, out=full, where=limit > 0)
    return shares


def _limit_axis(axes: Axes, shares: np.ndarray) -> None:
    most = np.max(shares[np.isfinite(shares)], initial=1.0)
    axes.set_xscale("log")
    axes.set_xlim(SMALL, max(2.5, most * 1.5, 20 if np.isinf(shares).any() else 0))
    axes.set_ylim(-0.6, max(len(shares), 1) - 0.4)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    log_ticks(axes.xaxis, "share")
    axes.axvline(1.0, color=INK, lw=1.6, zorder=4)
    place = axes.get_xaxis_transform()
    axes.text(1.0, 1.015, "limit", transform=place, ha="center", va="bottom", size=8.5, weight="bold")


def _draw_limit_bar(axes: Axes, y: int, finding: Any, p50: float, p99: float) -> None:
    dark, light, word = VERDICTS[finding.verdict]
    start, end = axes.get_xlim()
    for share, colour, thick in ((p99, light, 0.56), (p50, dark, 0.26)):
        reach = min(max(share, start), end)
        axes.barh(y, reach - start, left=start, height=thick, color=colour, zorder=3)
    limit = catalogue.limit(finding.limit)
    place = axes.get_yaxis_transform()
    small: dict[str, Any] = {"transform": place, "size": 7.5, "color": FAINT, "va": "center"}
    name = shorten(limit.short_name, 42)
    axes.text(-0.025, y + 0.15, name, transform=place, ha="right", va="center", size=9)
    whose = limit.service if len(limit.service) < 24 else limit.service.split()[0]
    axes.text(-0.025, y - 0.22, whose, ha="right", **small)
    use, also = _use_label(finding)
    axes.text(1.03, y + 0.15, use, transform=place, va="center", size=9)
    axes.text(1.03, y - 0.22, also, **small)
    bold: dict[str, Any] = {"weight": "bold", "color": word, "va": "center", "transform": place}
    axes.text(1.60, y + 0.15, finding.verdict, size=9, **bold)
    axes.text(1.60, y - 0.22, _breach_label(finding.breach_probability), **small)


MOST_OF_USE = 28  # letters of a use beside its bar; a longer one goes without its unit, which stands below


def _use_label(finding: Any) -> tuple[str, str]:
    """The use as text, such as "9 MB of 6 MB", with the p50 below; a long unit is written as a phrase."""
    p50 = f"p50 {format_bare_quantity(finding.used_p50, finding.unit)}"
    also = p50 if finding.unit in FORMATS else shorten(f"{finding.unit}; {p50}", 38)
    use = use_of_limit_briefly(finding)
    if len(use) > MOST_OF_USE:
        of = (format_bare_quantity(each, finding.unit) for each in (finding.used_p99, finding.limit_value))
        use = " of ".join(of)
    return use, also


def _breach_label(chance: float) -> str:
    chance_text = format_chance(chance)
    return (
        "never breaks"
        if chance_text == "never"
        else f"{chance_text} break it"
        if chance < 1
        else "always breaks"
    )


def _rest_note(picture: Picture, more: int) -> None:
    if more:
        limits = "limit uses" if more == 1 else "limits use"
        text = f"{more} more {limits} little (mostly less than 0.1 %) and fit."
        picture.text(0.30, 0.1 / picture.get_size_inches()[1], text, size=8.5, color=FAINT)


def _limits_alt(limit_rows: pd.DataFrame) -> str:
    if limit_rows.empty:
        return "Limits used: none binds"
    rows = [
        f"{limit_name(str(row.limit))} {_use_label(row)[0]} at the p99 ({row.verdict})"
        for row in limit_rows.itertuples()
    ]
    return f"Limits used: {'; '.join(rows[:6])}"


# Latency ----------------------------------------------------------------------------------------


@in_house_style
def latency(r: Recommendation) -> Picture:
    """Seconds from submission to the complete result, by phase, at the p50, p95 and p99."""
    phases = dict(seconds_of(r.workload, r.nearest, r.answer.sized_load))
    totals = phases.pop("total")
    title = f"Time to the whole result: {r.workload.name}"
    alt = f"{title}: " + ", ".join(f"{level} {format_time(s)}" for level, s in totals.items())
    picture, axes = canvas(1.18 + 0.62 * len(totals), title, alt, 0.075, 0.90)
    target = r.workload.targets.latency_p95
    most = max(totals.values()) or 1.0
    reach = max(most, target) if target and target <= 2.5 * most else most
    _time_axis(axes, reach * 1.01, len(totals))
    for row, (level, total) in enumerate(totals.items()):
        y = len(totals) - 1 - row
        _phase_stack(axes, y, {name: seconds[level] for name, seconds in phases.items()})
        place = axes.get_yaxis_transform()
        axes.text(-0.012, y, level, transform=place, ha="right", va="center", size=10, weight="bold")
        axes.text(1.012, y, format_time(total), transform=place, va="center", size=10, weight="bold")
    if target and target <= reach:
        _promise_line(axes, target)
    colour_key(picture, [(name, PHASE_COLOURS[name]) for name in phases], 0.075)
    return picture


def _time_axis(axes: Axes, reach: float, rows: int) -> None:
    axes.set_xlim(0, reach)
    axes.set_ylim(-0.6, rows - 0.4)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    unit = next((u for u in (86400.0, 3600.0, 60.0, 1.0) if reach >= u), 1e-3)
    steps = [1, 2, 5, 10] if unit <= 1 else [1, 2.5, 5, 10]  # a quarter of an hour, not a fifth
    places = MaxNLocator(7, steps=steps).tick_values(0, reach / unit)
    axes.set_xticks([place * unit for place in places if place * unit <= reach])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda s, _: format_time(s) if s else "0"))


def _phase_stack(axes: Axes, y: int, seconds: Mapping[str, float]) -> None:
    start = 0.0
    for phase, length in seconds.items():
        seconds_text = format_time(length)
        stack_piece(axes, y, start, length, PHASE_COLOURS[phase], f"{phase} {seconds_text}", seconds_text)
        start += length


def _promise_line(axes: Axes, target: float) -> None:
    axes.axvline(target, color=INK, lw=1.4, zorder=4)
    near_end = target > 0.7 * axes.get_xlim()[1]
    text = f" promised p95: {format_time(target)} "
    style: dict[str, Any] = {"ha": "right" if near_end else "left", "va": "top", "size": 8.5}
    axes.text(target, 0.99, text, transform=axes.get_xaxis_transform(), **style)
