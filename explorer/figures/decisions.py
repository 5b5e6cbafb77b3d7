"""The decision map: which design wins over two axes, and what draws the line between them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from ..assess import findings
from ..axes import SPREADS, checked, value_now
from ..design import Design, table
from ..evaluate import Evaluation
from ..option import Load
from ..sweep import NOTHING, Sweep, sweep
from ..workload import Workload
from .look import (
    BLUE,
    FAINT,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    Picture,
    canvas,
    log_ticks,
    styled,
    subtitle,
)

COLOURS = ("#a9cde6", "#f7dca0", "#a3d9c6", "#ecc9dc", "#f3bf9c", "#d5ebf8", "#f6f0a8", "#c9c9e6", "#dcdcdc")
EDGES = (BLUE, ORANGE, GREEN, PURPLE, VERMILION, SKY, YELLOW, INK, GREY)
EMPTY = "#f3f4f6"
POINTS = 140  # along each axis
REACH = 300.0  # times today's median, to both sides
BOUNDS = {"bytes": (100.0, 5e10), "seconds": (1e-3, 4e5), "requests": (1.0, 1e12), "share": (1e-3, 1.0)}
UNITS = {"runtime": "seconds", "client.waits": "seconds", "targets.latency_p95": "seconds"}
NAMES = {"response": "median response", "request": "median request", "runtime": "median run time"}
LEAST_LABEL = 0.012  # of the map: a smaller region has no name in it
LEAST_LINE = 0.10  # of an axis: a shorter boundary is not named
APART = 6  # cells between the names of two boundaries


def unit_of(axis: str) -> str:
    """The unit of an axis, as ticks know it."""
    if axis in UNITS:
        return UNITS[axis]
    if axis in {"request", "response", "configuration", "runtime.state", "configuration.largest"}:
        return "bytes"
    return "requests"


def ends(workload: Workload, axis: str) -> tuple[float, float]:
    """From where to where a map goes: as far below today's value as above, unless it meets a bound."""
    now = max(value_now(workload, axis), 1e-6)
    low, high = BOUNDS[unit_of(axis)]
    return max(now / REACH, low), min(now * REACH, high)


@styled
def decision_map(
    workload: Workload, x: str = "response", y: str = "runtime", swept: Sweep | None = None
) -> Picture:
    """Which design wins where, and which limit or cost draws each line.

    Parameters
    ----------
    workload : in the middle of the map, with its own spread from the p1 to the p99
    x, y : two numeric fields, as `explorer.sweep` takes them; a distribution is scaled to its median
    swept : a sweep over these two, to draw again without asking again
    """
    if swept is None:
        axes = {checked(axis): np.geomspace(*ends(workload, axis), POINTS) for axis in (x, y)}
        swept = sweep(workload, axes)
    winner = swept.winner.T  # rows are y
    ranked = _ranked(winner)
    designs = [swept.designs[index] for index in ranked]
    picture, axes_ = canvas(
        6.4, f"What to build for {workload.name}", _alt(designs, x, y), 0.085, 0.985, 0.62
    )
    subtitle(picture, _shared(designs))
    _areas(axes_, swept, winner, ranked)
    _names(axes_, swept, winner, ranked, designs)
    _reasons(axes_, swept, winner, workload)
    _today(axes_, workload, x, y)
    for axis, name in ((axes_.xaxis, x), (axes_.yaxis, y)):
        log_ticks(axis, unit_of(name))
        axis.set_label_text(NAMES.get(name, name.replace("_", " ")))
    return picture


def _ranked(winner: np.ndarray) -> list[int]:
    """The designs that win anywhere, those that win most first."""
    index, points = np.unique(winner[winner != NOTHING], return_counts=True)
    return [int(each) for each in index[np.argsort(-points, kind="stable")]]


def _varying(designs: list[Design]) -> list[str]:
    """The concerns in which the designs are not all the same."""
    if not designs:
        return []
    return [concern for concern in designs[0].ids if len({design.ids[concern] for design in designs}) > 1]


def _label(design: Design, varying: list[str]) -> str:
    """What tells a design from the others, two options a line."""
    options = [design.ids[concern] for concern in varying] or [design.response]
    return "\n".join(" + ".join(options[at : at + 2]) for at in range(0, len(options), 2))


def _shared(designs: list[Design]) -> str:
    """What all designs of the map have in common."""
    if not designs:
        return "no design is feasible anywhere here"
    varying = _varying(designs)
    common = [f"{name} {option}" for name, option in designs[0].ids.items() if name not in varying]
    return f"everywhere: {', '.join(common)}" if common else "the least money and parts at every point"


def _alt(designs: list[Design], x: str, y: str) -> str:
    varying = _varying(designs)
    said = "; ".join(_label(design, varying).replace("\n", " + ") for design in designs)
    return f"A map over {x} and {y} of the design that wins at each point: {said or 'none'}."


def _areas(axes: Axes, swept: Sweep, winner: np.ndarray, ranked: list[int]) -> None:
    across, up = swept.axes.values()
    place = {index: number for number, index in enumerate(ranked)}
    shown = np.vectorize(lambda index: place.get(int(index), -1), otypes=[int])(winner)
    colours = [COLOURS[number % len(COLOURS)] for number in range(len(ranked))]
    picture = ListedColormap([EMPTY, *colours])
    axes.pcolormesh(
        across, up, shown, cmap=picture, vmin=-1.5, vmax=len(ranked) - 0.5, shading="nearest", rasterized=True
    )
    for number in range(-1, len(ranked)):
        if (shown == number).any() and not (shown == number).all():
            axes.contour(across, up, (shown == number) * 1.0, levels=[0.5], colors="white", linewidths=1.6)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(across[0], across[-1])
    axes.set_ylim(up[0], up[-1])


def _names(axes: Axes, swept: Sweep, winner: np.ndarray, ranked: list[int], designs: list[Design]) -> None:
    """The name of each region at its widest place."""
    from scipy.ndimage import distance_transform_edt

    across, up = swept.axes.values()
    labels = dict(zip(ranked, (_label(design, _varying(designs)) for design in designs), strict=True))
    for index, text in {**labels, NOTHING: "no design is feasible"}.items():
        region = winner == index
        if region.mean() < LEAST_LABEL:
            continue
        row, column = _widest(distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1])
        axes.text(across[column], up[row], text, ha="center", va="center", size=8.5, color=INK, clip_on=True)


def _widest(depth: np.ndarray) -> tuple[int, int]:
    """The cell among the deepest of a region that is nearest to their middle."""
    deepest = np.argwhere(depth >= 0.85 * depth.max())
    away = np.abs(deepest - deepest.mean(axis=0)).sum(axis=1)
    row, column = deepest[int(np.argmin(away))]
    return int(row), int(column)


def _reasons(axes: Axes, swept: Sweep, winner: np.ndarray, workload: Workload) -> None:
    """What draws each line of some length: the limit that the one design breaks beyond it, or the cost."""
    across, up = swept.axes.values()
    told: list[tuple[int, int]] = []
    for (one, _), cells in _borders(winner).items():
        row, column, beyond = cells[len(cells) // 2]
        crowded = any(abs(row - r) < APART and abs(column - c) < APART for r, c in told)
        if len(cells) < LEAST_LINE * max(winner.shape) or one == NOTHING or crowded:
            continue
        told.append((row, column))
        point = dict(zip(swept.axes, (across[beyond[1]], up[beyond[0]]), strict=True))
        text = reason(workload, swept.designs[one], point)
        steep = _steep(cells)
        axes.text(
            across[column],
            up[row],
            text,
            size=7.5,
            color=FAINT,
            ha="center",
            va="center",
            rotation=90 if steep else 0,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.2},
            clip_on=True,
            zorder=5,
        )


Cell = tuple[int, int, tuple[int, int]]  # row, column, and the cell beyond the border


def _borders(winner: np.ndarray) -> dict[tuple[int, int], list[Cell]]:
    """The cells along each border, by the design on the near side and that on the far side."""
    found: dict[tuple[int, int], list[Cell]] = {}
    for step in ((0, 1), (1, 0)):
        near = winner[: winner.shape[0] - step[0], : winner.shape[1] - step[1]]
        far = winner[step[0] :, step[1] :]
        for row, column in zip(*np.nonzero(near != far), strict=True):
            pair = (int(near[row, column]), int(far[row, column]))
            beyond = (int(row) + step[0], int(column) + step[1])
            found.setdefault(pair, []).append((int(row), int(column), beyond))
    return found


def _steep(cells: list[Cell]) -> bool:
    """Whether a border goes up rather than across."""
    rows, columns = (len({cell[at] for cell in cells}) for at in (0, 1))
    return rows > columns


def reason(workload: Workload, design: Design, point: Mapping[str, float]) -> str:
    """Why a design does not win at a point: a limit that it breaks, a promise that it misses, or cost."""
    load = Load(workload, {axis: np.asarray(value) for axis, value in point.items()})
    worst = findings(workload, design, load)[0]
    if worst.verdict == "breach":
        return worst.limit
    only = table().only(np.array([other == design for other in table().designs]))
    evaluation = Evaluation(load, only)
    if not bool(np.all(evaluation.late <= load.tolerance)):
        return "client.waits"
    if not bool(np.all(evaluation.in_time)):
        return "targets.latency_p95"
    return "cost"


def _today(axes: Axes, workload: Workload, x: str, y: str) -> None:
    """The workload as it is: its medians, and from the p1 to the p99 where it has a spread."""
    at = [value_now(workload, axis) for axis in (x, y)]
    cloud = [_quantiles(workload, axis) for axis in (x, y)]
    for level, nxt in pairwise(range(len(LEVELS))):
        for number, quantiles in enumerate(cloud):
            if quantiles is None:
                continue
            ends_ = [quantiles[level], quantiles[nxt]]
            line: Any = (ends_, [at[1]] * 2) if number == 0 else ([at[0]] * 2, ends_)
            axes.plot(*line, color=INK, lw=WIDTHS[level], alpha=0.55, solid_capstyle="butt", zorder=6)
    axes.plot(*at, "o", ms=7, color="white", mec=INK, mew=1.6, zorder=7)
    axes.annotate(
        "today",
        (at[0], at[1]),
        xytext=(9, 8),
        textcoords="offset points",
        size=8.5,
        weight="bold",
        color=INK,
        zorder=7,
    )


LEVELS = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
WIDTHS = (0.8, 1.8, 3.2, 3.2, 1.8, 0.8)


def _quantiles(workload: Workload, axis: str) -> list[float] | None:
    if axis not in SPREADS:
        return None
    spread = getattr(workload, axis).spread
    return [float(spread.quantile(level)) for level in LEVELS]
