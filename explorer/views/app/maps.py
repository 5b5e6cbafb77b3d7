"""The decision map for the browser: cells as bytes, names, ticks; cached while valid.

The winners on the map do not depend on the workload's values along its axes: changing those only moves the
cross. Any other change computes a new map.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from explorer.analysis.decision_map import LEVELS, DecisionMap, Line, unit_of
from explorer.analysis.phrases import name_design
from explorer.analysis.sweep.sweep import Sweep, sweep
from explorer.engine.ranking import NOTHING
from explorer.views.colours import colours_of
from explorer.views.figures.style import FINE, FORMATS, TICKS, WORDINGS
from explorer.workload.axes import AXES as WORKLOAD_AXES
from explorer.workload.axes import BOUNDS, REACH, axis_unit
from explorer.workload.fields import SPREADS
from explorer.workload.kinds import ANY
from explorer.workload.workload import Workload

from .controls import DIALS, NONE
from .history import State

COARSE, FINE_POINTS = 48, 160  # points along each axis: during a change, and at rest
BANDS = 16  # of a map with an open memory size, which takes as long as a dozen others
MOST_MAPS = 48  # maps in the cache
NARROWEST = 1.5  # least ratio of the ends of a zoomed axis
EMPTY = 255  # value of a cell where nothing is feasible
EDGE = 3.0  # the window moves if the workload is nearer to its edge than this factor
AXES = {
    dial.field: dial.name.removesuffix(", median").removesuffix(" a month") for dial in DIALS if dial.axis
}
USUAL_AXES = ("response", "runtime")
SHARES = [step * 10.0**power for power in range(-3, 0) for step in (1, 2, 5)] + [1.0]  # ticks
ARRAYS = ("winner", "runner_up", "monthly_usd", "breach_probability")  # of a sweep
Window = tuple[float, float]
Place = tuple[str, Window]


class Maps:
    """The maps of one screen."""

    def __init__(self) -> None:
        self._chosen_axes = USUAL_AXES
        self._windows: dict[str, Window] = {}
        self._chosen_windows: dict[str, Window] = {}  # from zooming; fixed under changes
        self._cache: OrderedDict[Hashable, DecisionMap] = OrderedDict()

    def begin(self) -> None:
        """Start with another workload: reset windows and cached maps."""
        self._windows.clear()
        self._chosen_windows.clear()
        self._cache.clear()

    def zoom(self, windows: Mapping[str, Sequence[float]]) -> None:
        """Zoom to these windows of the axes, within bounds; none: back to those around the workload."""
        self._chosen_windows.clear()
        for axis, ends in windows.items():
            if axis in AXES and len(ends) == 2:
                least, most = _bounds(axis)
                low = min(max(float(ends[0]), least), most / NARROWEST)
                self._chosen_windows[axis] = (low, min(max(float(ends[1]), low * NARROWEST), most))

    def choose(self, x: str, y: str) -> None:
        """Choose other axes, if both are known and differ."""
        if x in AXES and y in AXES and x != y:
            self._chosen_axes = (x, y)

    def axes(self, workload: Workload) -> tuple[str, str]:
        """The chosen axes, or the usual ones if the workload has no value on one of them."""
        return self._chosen_axes if set(self._chosen_axes) <= offered_axes(workload).keys() else USUAL_AXES

    def _window(self, axis: str, now: float) -> Window:
        """The range of an axis: it stays until the current value comes near its edge."""
        if axis in self._chosen_windows:
            return self._chosen_windows[axis]
        window = self._windows.get(axis)
        low, high = _bounds(axis)
        middle = min(max(now, low * EDGE), high / EDGE)
        if window is None or not window[0] * EDGE <= middle <= window[1] / EDGE:
            return (max(middle / REACH, low), min(middle * REACH, high))
        return window

    def arrive(self, workload: Workload) -> None:
        """Move the windows to the workload that is shown; one that is only foreseen leaves them."""
        for axis in self.axes(workload):
            if axis not in self._chosen_windows:
                self._windows[axis] = self._window(axis, now_of(workload, axis))

    def places(self, workload: Workload) -> tuple[Place, Place]:
        """The two axes with their windows, for this workload."""
        x, y = ((axis, self._window(axis, now_of(workload, axis))) for axis in self.axes(workload))
        return x, y

    def key(self, state: State, places: tuple[Place, Place], points: int) -> Hashable:
        """The values on which a map depends."""
        along = {"requests_per_month": state.base.peak_rps, "configuration": state.base.configuration.largest}
        axes = {
            axis for axis, _ in places if along.get(axis) is None
        }  # fields that change with an axis do not affect a map
        values = frozenset((name, value) for name, value in state.values.items() if name not in axes)
        return values, places, points

    def map_in_store(self, state: State, workload: Workload, points: int) -> DecisionMap | None:
        """The map of a state, if it is cached."""
        key = self.key(state, self.places(workload), points)
        decisions = self._cache.get(key)
        if decisions is not None:
            self._cache.move_to_end(key)
        return decisions

    def compute_map(self, state: State, workload: Workload, points: int) -> DecisionMap:
        """The map of a state; computed if it is not cached."""
        places = self.places(workload)
        decisions = self.map_in_store(state, workload, points)
        if decisions is None:
            decisions = map_over_windows(workload, places, points)
            self.keep(self.key(state, places, points), decisions)
        return decisions

    def computations(self, state: State, workload: Workload, points: int) -> Iterator[Callable[[], Any]]:
        """The computations of a map with its borders, each short: a change drops those that remain."""
        places = self.places(workload)
        if workload.runtime.memory == ANY and self.map_in_store(state, workload, points) is None:
            bands: list[DecisionMap] = []

            def add(rows: np.ndarray) -> None:
                bands.append(map_over_windows(workload, places, points, rows))

            for rows in np.array_split(np.arange(points), min(BANDS, points)):
                yield partial(add, rows)
            yield lambda: self.keep(self.key(state, places, points), _join_bands(bands))
        yield lambda: self.compute_map(state, workload, points).border_lines

    def keep(self, key: Hashable, decisions: DecisionMap) -> None:
        """Cache a map; the oldest maps are dropped."""
        self._cache[key] = decisions
        while len(self._cache) > MOST_MAPS:
            self._cache.popitem(last=False)

    def message(self, decisions: DecisionMap, *, fine: bool) -> tuple[dict[str, Any], list[bytes]]:
        """The message with a map: words and positions; cells and costs as bytes."""
        designs = decisions.designs
        place = np.full(len(decisions.sweep.designs) + 1, EMPTY, dtype=np.uint8)
        place[decisions.winner_indices] = np.arange(len(designs))
        cells = place[decisions.winner]  # NOTHING, -1, is the last place
        usd = np.ascontiguousarray(decisions.sweep.monthly_usd.T, dtype=np.float32)
        names = [
            {"text": " + ".join(decisions.label(design)), "label": decisions.label(design)}
            | {"light": colours_of(design).area, "dark": colours_of(design).dark_area, "design": str(design)}
            for design in designs
        ]
        spec = {
            "x": _axis_message(decisions, decisions.x, 9),
            "y": _axis_message(decisions, decisions.y, 9),
            "nx": len(decisions.across),
            "ny": len(decisions.up),
            "names": names,
            "nothing": "no design is feasible",
            "lines": [_border_line_message(line) for line in decisions.border_lines] if fine else [],
            "cloud": [(ring / decisions.today).round(5).tolist() for ring in decisions.request_cloud],
            "rings": f"rings: {', '.join(f'{100 * level:.0f}' for level in sorted(LEVELS))} % of requests",
            "levels": [round(100 * level) for level in LEVELS],
            "zoomed": bool(self._chosen_windows),
            "common": _common_choices(decisions),
            "axes": list(offered_axes(decisions.workload).items()),
            "fine": fine,
        }
        return spec, [cells.tobytes(), usd.tobytes() if fine else b""]  # costs are sent only at rest


def _bounds(axis: str) -> Window:
    """The least and the largest value on a map."""
    return WORKLOAD_AXES[axis].ends or BOUNDS[unit_of(axis)]


def offered_axes(workload: Workload) -> dict[str, str]:
    """The axes on which a workload has a place, and their names: none for a promise that is not made."""
    absent = {dial.field for dial in DIALS if dial.word and dial.read(workload) >= NONE}
    return {axis: name for axis, name in AXES.items() if axis not in absent}


def now_of(workload: Workload, axis: str) -> float:
    """The position of a workload on an axis."""
    return next(dial for dial in DIALS if dial.field == axis).read(workload)


def map_over_windows(
    workload: Workload, places: tuple[Place, Place], points: int, rows: np.ndarray | None = None
) -> DecisionMap:
    """The winners over two windows, with `points` values along each axis; of the second only some `rows`."""
    axes = {axis: np.geomspace(*window, points) for axis, window in places}
    x, y = axes
    flat = [axis for axis in axes if axis in SPREADS and not now_of(workload, axis) > 0]
    workload = workload.replace(
        {axis: axes[axis][0] for axis in flat}
    )  # a field that is always 0 cannot be scaled
    if rows is not None:
        axes[y] = axes[y][rows]
    return DecisionMap(workload, x, y, sweep(workload, axes))


def _join_bands(bands: Sequence[DecisionMap]) -> DecisionMap:
    """One map of bands of rows, the lowest first."""
    first = bands[0]
    axes = {first.x: first.across, first.y: np.concatenate([band.up for band in bands])}
    arrays = (np.concatenate([getattr(band.sweep, name) for band in bands], axis=1) for name in ARRAYS)
    return replace(first, sweep=Sweep(first.workload, axes, first.sweep.designs, *arrays))


def _axis_message(decisions: DecisionMap, name: str, most: int) -> dict[str, Any]:
    values = decisions.across if name == decisions.x else decisions.up
    low, high = float(values[0]), float(values[-1])
    unit = "share" if WORKLOAD_AXES[name].kind.is_share else unit_of(name)
    ticks = axis_ticks(unit, low, high, most)
    return {
        "field": name,
        "name": AXES[name],
        "unit": axis_unit(name),
        "low": low,
        "high": high,
        "ticks": ticks,
    }


def axis_ticks(unit: str, low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Round values between two ends, with readable labels."""
    wording = FORMATS.get(unit, WORDINGS[unit])
    values = [tick for tick in (SHARES if unit == "share" else TICKS[unit]) if low <= tick <= high]
    if len(values) < 4 and unit in FINE:
        values = [tick for tick in FINE[unit] if low <= tick <= high]
    if len(values) < 3:  # when zoomed: values of two digits
        values = sorted({float(f"{value:.2g}") for value in np.geomspace(low, high, 5)[1:-1]})
    step = -(-len(values) // most) or 1
    return [(tick, wording(tick)) for tick in values[::step]]


def _border_line_message(line: Line) -> dict[str, Any]:
    return {"x": line.at[0], "y": line.at[1], "text": line.text, "steep": line.steep}


def _common_choices(decisions: DecisionMap) -> str:
    """The options that all designs of the map share."""
    if not decisions.designs:
        return "No design is feasible anywhere here."
    if len(decisions.designs) == 1:
        return "The same design everywhere: " + name_design(decisions.designs[0])
    where = "Where feasible" if (decisions.winner == NOTHING).any() else "Everywhere"
    options = name_design(decisions.common)
    return f"{where}: {options}" if options else ""
