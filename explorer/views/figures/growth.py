"""The use of each limit under growth, month by month."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from explorer.analysis.phrases import limit_name
from explorer.facts import catalogue
from explorer.facts.units import label_rough_share

from .style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    Picture,
    around,
    canvas,
    in_house_style,
    settle,
    spread_places,
    subtitle,
)
from .style import log_ticks as ticks

if TYPE_CHECKING:
    import pandas as pd

LINES = (BLUE, ORANGE, GREEN, PURPLE, SKY, INK, "#882255", "#5b5b5b")
LEAST = 1e-3  # of a limit; lower uses are drawn at the edge
LETTERS = 47  # characters of a label: a limit's name and its use
LABEL_IN = 0.36  # least distance between labels


@in_house_style
def growth(frame: pd.DataFrame, limits: Sequence[str] | None = None, name: str = "") -> Picture:
    """The use of each limit at the p99, month by month, and where the first limit breaks.

    Parameters
    ----------
    frame : the result of `explorer.forecast`
    limits : ids of the limits to draw; None: the eight that are used most in the last month
    name : of the workload, for the title
    """
    limits_to_draw = list(limits) if limits is not None else _fullest_limits(frame)
    lines = {limit: _limit_shares(frame, limit) for limit in limits_to_draw}
    months = int(frame["month"].max())
    title = f"Limits as it grows{': ' + name if name else ''}"
    picture, axes = canvas(
        max(3.4, 1.3 + LABEL_IN * len(lines)), title, _growth_alt(title, frame, lines), 0.075, 0.66, 0.55
    )
    note = "the share of each limit that the p99 uses; it breaks when more requests exceed it than promised"
    subtitle(picture, note)
    every = np.concatenate([np.maximum(shares, LEAST) for shares in lines.values()] or [np.array([0.1])])
    axes.set_yscale("log")
    axes.set_ylim(every.min() * 0.7, max(every.max() * 1.4, 2.0))
    axes.set_xlim(0, months)
    axes.set_xlabel("months from today")
    axes.grid(True)
    ticks(axes.yaxis, "share")
    axes.axhspan(1, axes.get_ylim()[1], color=VERMILION, alpha=0.08, lw=0)
    axes.axhline(1, color=VERMILION, lw=1.6)
    for colour, shares in zip(LINES, lines.values()):
        axes.plot(range(months + 1), np.maximum(shares, LEAST), color=colour, lw=2)
    _limit_line_names(picture, axes, lines)
    _mark_first_breach(axes, frame, lines)
    return picture


def _fullest_limits(frame: pd.DataFrame) -> list[str]:
    last = frame[frame["month"] == frame["month"].max()]
    share = last["used"] / last["limit_value"].where(last["limit_value"] > 0)
    return list(last["limit"][share.sort_values(ascending=False, kind="stable").index][: len(LINES)])


def _limit_shares(frame: pd.DataFrame, limit: str) -> np.ndarray:
    rows = frame[frame["limit"] == limit].sort_values("month")
    return np.asarray(rows["used"] / rows["limit_value"], dtype=float)


def _limit_line_names(picture: Picture, axes: Axes, lines: dict[str, np.ndarray]) -> None:
    """Label the end of each limit's line, without overlaps."""
    low, high = np.log10(axes.get_ylim())
    height_in = axes.get_position().height * picture.get_size_inches()[1]
    ends = [(np.log10(max(shares[-1], LEAST)) - low) / (high - low) for shares in lines.values()]
    places = spread_places(ends, LABEL_IN / height_in, 0.02, 1.02)
    for colour, (limit, shares), end, y in zip(LINES, lines.items(), ends, places):
        row = catalogue.limit(limit)
        line: Any = {"color": colour, "lw": 1, "transform": axes.transAxes, "clip_on": False}
        axes.plot([1.0, 1.02], [end, y], **line)
        first, last = (label_rough_share(shares[at]) for at in (0, -1))
        use = f"{first} → {last}"
        label = f"{shorten(row.short_name, LETTERS - len(use), placeholder='...')}: {use}"
        axes.text(1.027, y + 0.09 / height_in, label, size=8.5, va="center", transform=axes.transAxes)
        axes.text(
            1.027,
            y - 0.07 / height_in,
            row.service,
            size=7.5,
            va="center",
            color=FAINT,
            transform=axes.transAxes,
        )


def _mark_first_breach(axes: Axes, frame: pd.DataFrame, lines: dict[str, np.ndarray]) -> None:
    """Mark where the first limit breaks."""
    first = getattr(frame, "first_breach", None)
    if first is None or first[1] not in lines:
        return
    month, limit = first
    at = (month, max(lines[limit][month], LEAST))
    axes.plot(*at, "o", ms=8, color="white", mec=VERMILION, mew=2, zorder=5, clip_on=False)
    text = f"breaks in month {month}" if month else "breaks today"
    style: dict[str, Any] = {"size": 8.5, "weight": "bold", "color": "#a84300", "zorder": 6}
    settle(axes, axes.annotate(text, at, (0, 0), textcoords="offset points", **style), around())


def _growth_alt(title: str, frame: pd.DataFrame, lines: dict[str, np.ndarray]) -> str:
    first = getattr(frame, "first_breach", None)
    label = f"first broken: {limit_name(first[1])} in month {first[0]}" if first else "no limit breaks"
    fills = "; ".join(
        f"{limit_name(limit)} from {label_rough_share(s[0])} to {label_rough_share(s[-1])}"
        for limit, s in lines.items()
    )
    return f"{title}, over {int(frame['month'].max())} months: {label}{'; ' + fills if fills else ''}"
