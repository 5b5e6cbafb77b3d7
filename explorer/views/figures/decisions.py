"""The decision map: the best design over two axes, and the reason for each border."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.text import Text

from explorer.analysis.decision_map import DecisionMap, map_decisions, unit_of
from explorer.analysis.phrases import name_design
from explorer.analysis.sweep.sweep import Sweep
from explorer.engine.ranking import NOTHING
from explorer.facts.units import format_percent
from explorer.views.colours import colours_of
from explorer.workload.axes import AXES
from explorer.workload.fields import SPREADS
from explorer.workload.workload import Workload

from .style import BESIDE_OTHER, FAINT, INK, Picture, canvas, in_house_style, log_ticks, subtitle

EMPTY = "#f3f4f6"
A_LINE = 150  # characters per line of small print below the map
RINGS = "rings around today: 50, 80 and 98 % of its requests"
AT_THE_EDGE = 0.92  # of an axis; beyond it, the label is on the other side of its point


@in_house_style
def decision_map(
    workload: Workload, x: str = "response", y: str = "runtime", swept: Sweep | None = None
) -> Picture:
    """The best design at each point, and the limit or cost behind each border.

    Parameters
    ----------
    workload
        At the middle of the map, with its own range from the p1 to the p99.
    x, y
        Two numeric fields, as `explorer.sweep` takes them; a distribution is scaled to its median.
    swept
        An existing sweep over these two axes, to draw it again without computing.

    Examples
    --------
    >>> w = ex.Workload.load(ex.examples()["statements"])
    >>> "asynchronous" in ex.decision_map(w).alt
    True
    """
    decisions = map_decisions(workload, x, y) if swept is None else DecisionMap(workload, x, y, swept)
    picture, axes = canvas(
        6.4, f"What to build for {workload.name}", _decision_map_alt(decisions), 0.085, 0.985, 0.84
    )
    subtitle(picture, _common_choices_note(decisions), room=BESIDE_OTHER)
    if {x, y} & set(SPREADS):
        subtitle(picture, RINGS, 0.985, ha="right")
    frame_map(axes, decisions)
    _draw_areas(axes, decisions)
    _draw_region_names(picture, axes, decisions)
    _draw_border_reasons(axes, decisions)
    mark_today(axes, decisions)
    return picture


def frame_map(axes: Axes, decisions: DecisionMap) -> None:
    """Set up two log axes over the whole map, with readable units."""
    axes.set(xscale="log", yscale="log", xlim=decisions.across[[0, -1]], ylim=decisions.up[[0, -1]])
    for axis, name in ((axes.xaxis, decisions.x), (axes.yaxis, decisions.y)):
        log_ticks(axis, unit_of(name))
        if AXES[name].kind.is_share:
            low, high = axis.get_view_interval()
            ticks = [share for share in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.7, 1) if low <= share <= high]
            axis.set_ticks(ticks, labels=list(map(format_percent, ticks)))
        axis.set_label_text(AXES[name].noun if name in SPREADS else name.replace("_", " "))


def _common_choices_note(decisions: DecisionMap) -> str:
    """Note the options that all designs of the map share."""
    if not decisions.designs:
        return "no design is feasible anywhere here"
    common = name_design(decisions.common)
    return f"everywhere: {common}" if common else "the least money and parts at every point"


def _decision_map_alt(decisions: DecisionMap) -> str:
    names_text = "; ".join(" + ".join(decisions.label(design)) for design in decisions.designs)
    axes = f"{decisions.x} and {decisions.y}"
    return f"A map over {axes} of the design that wins at each point: {names_text or 'none'}."


def _draw_areas(axes: Axes, decisions: DecisionMap) -> None:
    place = {index: number for number, index in enumerate(decisions.winner_indices)}
    places = np.vectorize(lambda index: place.get(int(index), NOTHING), otypes=[int])(decisions.winner)
    colours = ListedColormap([EMPTY, *(colours_of(design).area for design in decisions.designs)])
    across, up = decisions.across, decisions.up
    level: Any = {"vmin": -1.5, "vmax": len(place) - 0.5}
    axes.pcolormesh(across, up, places, cmap=colours, shading="nearest", rasterized=True, **level)
    for number in range(-1, len(place)):
        if (places == number).any() and not (places == number).all():
            axes.contour(across, up, (places == number) * 1.0, levels=[0.5], colors="white", linewidths=0.8)


def _draw_region_names(picture: Picture, axes: Axes, decisions: DecisionMap) -> None:
    """Draw the name of each region at its widest place; names that do not fit get a letter and a legend."""
    letters_text: list[str] = []
    for region in decisions.winner_regions:
        if region.at is None:
            continue
        text = axes.text(*region.at, "", ha="center", va="center", size=8.5, color=INK, zorder=7)
        area = decisions.winner == region.index
        if not any(
            name_fits(picture, axes, text, lines, region.room) and _is_within(axes, text, area)
            for lines in _wrapped_name(region.label)
        ):
            letter = "abcdefghijklmnopqrstuvwxyz"[len(letters_text)]
            text.set(text=letter, weight="bold")
            if _is_within(axes, text, area):
                letters_text.append(f"{letter}: {' + '.join(region.label)}")
            else:
                text.remove()
    small = "   ".join(each.replace(" ", "\N{NO-BREAK SPACE}") for each in letters_text)
    lines = textwrap.wrap(small, A_LINE, break_on_hyphens=False)
    picture.text(0.5, 0.012, "\n".join(lines[:2]), size=8, color=FAINT, ha="center", va="bottom")


def _wrapped_name(label: tuple[str, ...]) -> Iterator[str]:
    """Candidate line breaks of a name: one line, two lines, or one line per option."""
    for a_line in dict.fromkeys((2, len(label), 1)):
        pairs = (label[at : at + a_line] for at in range(0, len(label), a_line))
        yield "\n".join(" + ".join(pair) for pair in pairs)


def name_fits(picture: Picture, axes: Axes, text: Text, lines: str, room: tuple[float, float]) -> bool:
    """Set the lines of a name; returns whether they fit the room to each side [shares of the map]."""
    text.set_text(lines)
    extent = text.get_window_extent()
    return bool(
        1.04 * extent.width < 2 * room[0] * axes.bbox.width and extent.height < 2 * room[1] * axes.bbox.height
    )


def _is_within(axes: Axes, text: Text, area: np.ndarray) -> bool:
    """Whether a text covers only cells of `area`, of shape (rows, columns), and no border of it."""
    low, high = axes.transAxes.inverted().transform(text.get_window_extent())
    if (low < 0).any() or (high > 1).any():
        return False
    rows, columns = (
        slice(int(start * (count - 1)), int(np.ceil(end * (count - 1))) + 1)
        for start, end, count in zip(low[::-1], high[::-1], area.shape, strict=True)
    )
    return bool(area[rows, columns].all())


def _draw_border_reasons(axes: Axes, decisions: DecisionMap) -> None:
    """Label each long border with its reason: the limit that one design breaks beyond it, or the cost."""
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.92, "pad": 1.2}
    style: Any = {"size": 7.5, "color": FAINT, "ha": "center", "va": "center", "bbox": box}
    for line in decisions.border_lines:
        axes.text(*line.at, line.text, rotation=90 if line.steep else 0, clip_on=True, zorder=5, **style)


def mark_today(axes: Axes, decisions: DecisionMap) -> None:
    """Mark today's workload: its medians, and the range of its requests."""
    for ring in decisions.request_cloud:
        axes.fill(*ring.T, facecolor=INK, edgecolor=INK, alpha=0.09, lw=1.2, zorder=4)
    axes.plot(*decisions.today, "o", ms=7, color="white", mec=INK, mew=1.6, zorder=7)
    text: Any = {"size": 8.5, "weight": "bold", "color": INK, "zorder": 7}
    right, above = (
        at > AT_THE_EDGE for at in axes.transLimits.transform(axes.transScale.transform(decisions.today))
    )
    text |= {"ha": "right" if right else "left", "va": "top" if above else "bottom"}
    beside = (-9 if right else 9, -8 if above else 8)
    axes.annotate("today", decisions.today, xytext=beside, textcoords="offset points", **text)
