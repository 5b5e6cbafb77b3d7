"""The extra cost of today's choice if the workload turns out different."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from explorer.analysis.decision_map import DecisionMap, cost_above_best, map_decisions
from explorer.analysis.label_placement import roomiest_label_cell
from explorer.analysis.phrases import name_design
from explorer.analysis.recommendation import recommend
from explorer.engine.designs import Design
from explorer.workload.workload import Workload

from .decisions import EMPTY, frame_map, mark_today, name_fits
from .style import BESIDE_OTHER, FAINT, INK, Picture, canvas, in_house_style, subtitle

STEPS = (0.005, 1, 10, 100, 1_000, 10_000)  # USD a month, lower ends of the colours
COLOURS = ("#ffffff", "#fff3dc", "#fbdfa8", "#f2bf6a", "#dd9434", "#b5651d", "#7a3e0c")
BREAKS = "#d8d3e4"  # it breaks a limit or promise, and another design does not
DARK = 5  # from this colour on, text is white


@in_house_style
def price_of_being_wrong(workload: Workload, x: str = "response", y: str = "runtime") -> Picture:
    """The extra cost of today's recommended design over the best one, elsewhere on the map.

    Parameters
    ----------
    workload : at the middle of the map
    x, y : two numeric fields, as `explorer.sweep` takes them; a distribution is scaled to its median

    Hatched where it is not feasible and another design is.

    Raises ExplorerError for an unknown axis.
    """
    r, decisions = recommend(workload), map_decisions(workload, x, y)
    title = f"The price of being wrong about {workload.name}"
    if not r.feasible:
        picture, axes = canvas(6.4, title, f"{title}: no design is feasible today.", 0.085, 0.985, 0.62)
        subtitle(picture, "no design is feasible today, so there is no choice to be wrong about")
        frame_map(axes, decisions)
        return picture
    extra = cost_above_best(decisions, r.nearest)
    picture, axes = canvas(6.4, title, _price_alt(extra, r.nearest), 0.085, 0.985, 0.62)
    subtitle(picture, f"what it costs above the best: {name_design(r.nearest)}", room=BESIDE_OTHER)
    subtitle(picture, "USD a month, parts and all", 0.985, ha="right")
    frame_map(axes, decisions)
    classes = _cost_classes(extra)
    _draw_cost_areas(axes, decisions, classes)
    _draw_class_names(picture, axes, decisions, classes)
    mark_today(axes, decisions)
    return picture


def _price_alt(extra: np.ndarray, design: Design) -> str:
    serves = np.isfinite(extra).sum() / max(1, (~np.isnan(extra)).sum())
    best = (extra < STEPS[0]).sum() / max(1, (~np.isnan(extra)).sum())
    return (
        f"A map of what {name_design(design)} costs above the best design: it serves on {serves:.0%} "
        f"of what can be served, and is the best on {best:.0%}."
    )


def _cost_classes(extra: np.ndarray) -> np.ndarray:
    """The colour of each cell: -1 nothing is feasible, 0 the best, then by `STEPS`, last: not feasible."""
    classes = np.searchsorted(STEPS, np.nan_to_num(extra, nan=0.0, posinf=0.0), side="right")
    classes = np.where(np.isposinf(extra), len(COLOURS), classes)
    return np.where(np.isnan(extra), -1, classes)


def _draw_cost_areas(axes: Axes, decisions: DecisionMap, classes: np.ndarray) -> None:
    shades: Any = {
        "cmap": ListedColormap([EMPTY, *COLOURS, BREAKS]),
        "vmin": -1.5,
        "vmax": len(COLOURS) + 0.5,
    }
    axes.pcolormesh(decisions.across, decisions.up, classes, shading="nearest", rasterized=True, **shades)
    breaks = classes == len(COLOURS)
    if breaks.any():
        hatch: Any = {"levels": [0.5, 1.5], "colors": "none", "hatches": ["////"]}
        axes.contourf(decisions.across, decisions.up, breaks * 1.0, **hatch)
    line: Any = {"levels": [0.5], "colors": FAINT, "linewidths": 0.5, "alpha": 0.6}
    for number in decisions.winner_indices:
        its = decisions.winner == number
        if not its.all():
            axes.contour(decisions.across, decisions.up, its * 1.0, **line)


def _draw_class_names(picture: Picture, axes: Axes, decisions: DecisionMap, classes: np.ndarray) -> None:
    """Label each colour at its widest place, if there is room."""
    names = ["no design is feasible", "it is the best", *_class_spans(), "it breaks or is late"]
    shades = [EMPTY, *COLOURS, BREAKS]
    cells_of_today = decisions.cells_of_today(classes.shape)
    for index in np.unique(classes):
        inside = classes == index
        inside[cells_of_today] = False
        row, column, room = roomiest_label_cell(inside)
        ink = "white" if DARK <= index < len(COLOURS) else INK
        at = (decisions.across[column], decisions.up[row])
        text = axes.text(*at, "", ha="center", va="center", size=8.5, color=ink, zorder=7)
        if not name_fits(picture, axes, text, names[index + 1], room):
            text.remove()
        else:  # the colour behind it hides hatches and borders between designs
            text.set_bbox({"facecolor": shades[index + 1], "edgecolor": "none", "pad": 2})


def _class_spans() -> list[str]:
    bounds_text = [f"${step:,g}" for step in STEPS[1:]]
    between = [f"{low} to {high} more" for low, high in pairwise(bounds_text)]
    return [f"less than {bounds_text[0]} more", *between, f"over {bounds_text[-1]} more"]
