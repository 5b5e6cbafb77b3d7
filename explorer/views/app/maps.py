"""The decision map as the browser paints it: cells as bytes, names, ticks; kept while they still hold.

What wins where does not depend on the values along the map's own axes: turning those moves the cross
alone. A map is worked out anew when anything else is turned.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from explorer.analysis.decision_map import LEVELS, DecisionMap, Line, unit_of
from explorer.analysis.phrases import name_design
from explorer.analysis.sweep.sweep import sweep
from explorer.engine.designs import Design
from explorer.engine.ranking import NOTHING
from explorer.views.figures.style import FINE, FORMATS, TICKS, WORDINGS
from explorer.workload.axes import BOUNDS, REACH, axis_unit
from explorer.workload.fields import SPREADS
from explorer.workload.workload import Workload

from .controls import DIALS
from .history import State

COARSE, FINE_POINTS = 48, 160  # along each axis: while a slider turns, and when it rests
MOST_MAPS = 48  # maps
COLOURS = 10  # that the browser tells apart
NARROWEST = 1.5  # times its low end, the high end of a window that was zoomed
EMPTY = 255  # of a cell: nothing is feasible
EDGE = 3.0  # times: nearer than this to the edge, the window moves
AXES = {
    dial.field: dial.name.removesuffix(", median").removesuffix(" a month") for dial in DIALS if dial.axis
}
Window = tuple[float, float]
Place = tuple[str, Window]


@dataclass
class Palette:
    """A colour number for each design, the same as long as the screen is open.

    A design keeps its number off the map too; where two that meet on a map have the same, the newer changes.
    """

    numbers: dict[Design, int] = field(default_factory=dict)

    def colours(self, designs: list[Design]) -> list[int]:
        """A number for each of these, no two the same."""
        in_use: set[int] = set()
        older = [design for design in self.numbers if design in designs]  # the oldest first
        for design in [*older, *(design for design in designs if design not in self.numbers)]:
            number = self.numbers.get(design)
            if number is None or number in in_use:
                numbers_so_far = set(self.numbers.values()) | in_use
                free = (n for n in range(COLOURS) if n not in numbers_so_far)
                number = next(free, next(n for n in range(len(designs)) if n not in in_use))
            self.numbers[design] = number
            in_use.add(number)
        return [self.numbers[design] for design in designs]


class Maps:
    """The maps of one screen."""

    def __init__(self) -> None:
        self.x, self.y = "response", "runtime"
        self._windows: dict[str, Window] = {}
        self._chosen_windows: dict[str, Window] = {}  # by zooming: they stay whatever is turned
        self._cache: OrderedDict[Hashable, DecisionMap] = OrderedDict()
        self._palette = Palette()

    def begin(self) -> None:
        """Another workload: the windows are its own, and nothing that was worked out holds."""
        self._windows.clear()
        self._chosen_windows.clear()
        self._cache.clear()

    def zoom(self, windows: Mapping[str, Sequence[float]]) -> None:
        """Show these windows of the axes, as far as they go; none: those about the workload again."""
        self._chosen_windows.clear()
        for axis, ends in windows.items():
            if axis in AXES and len(ends) == 2:
                least, most = BOUNDS[unit_of(axis)]
                low = min(max(float(ends[0]), least), most / NARROWEST)
                self._chosen_windows[axis] = (low, min(max(float(ends[1]), low * NARROWEST), most))

    def choose(self, x: str, y: str) -> None:
        """Other axes, if both are known and differ."""
        if x in AXES and y in AXES and x != y:
            self.x, self.y = x, y

    def _window(self, axis: str, now: float) -> Window:
        """From where to where the axis goes: it stays until today comes near its edge."""
        if axis in self._chosen_windows:
            return self._chosen_windows[axis]
        window = self._windows.get(axis)
        low, high = BOUNDS[unit_of(axis)]
        middle = min(max(now, low * EDGE), high / EDGE)
        if window is None or not window[0] * EDGE <= middle <= window[1] / EDGE:
            window = self._windows[axis] = (max(middle / REACH, low), min(middle * REACH, high))
        return window

    def places(self, workload: Workload) -> tuple[Place, Place]:
        """The two axes with their windows, for this workload."""
        x, y = ((axis, self._window(axis, now_of(workload, axis))) for axis in (self.x, self.y))
        return x, y

    def key(self, state: State, places: tuple[Place, Place], points: int) -> Hashable:
        """What a map depends on."""
        along = {"requests_per_month": state.base.peak_rps, "configuration": state.base.configuration.largest}
        axes = {
            axis for axis, _ in places if along.get(axis) is None
        }  # what grows with an axis does not on a map
        values = frozenset((name, value) for name, value in state.values.items() if name not in axes)
        return values, places, points

    def map_in_store(self, state: State, workload: Workload, points: int) -> DecisionMap | None:
        """The map of a state, if it is there already."""
        key = self.key(state, self.places(workload), points)
        decisions = self._cache.get(key)
        if decisions is not None:
            self._cache.move_to_end(key)
        return decisions

    def compute_map(self, state: State, workload: Workload, points: int) -> DecisionMap:
        """The map of a state."""
        places = self.places(workload)
        decisions = self.map_in_store(state, workload, points)
        if decisions is None:
            decisions = map_over_windows(workload, places, points)
            self.keep(self.key(state, places, points), decisions)
        return decisions

    def keep(self, key: Hashable, decisions: DecisionMap) -> None:
        """Keep a map, the oldest give way."""
        self._cache[key] = decisions
        while len(self._cache) > MOST_MAPS:
            self._cache.popitem(last=False)

    def message(self, decisions: DecisionMap, *, fine: bool) -> tuple[dict[str, Any], list[bytes]]:
        """A map as the browser takes it: words and places; the cells and the money as bytes."""
        designs = decisions.designs
        colours = self._palette.colours(designs)
        place = {index: number for number, index in enumerate(decisions.winner_indices)} | {NOTHING: EMPTY}
        kinds, inverse = np.unique(decisions.winner, return_inverse=True)
        cells = np.array([place[int(kind)] for kind in kinds], dtype=np.uint8)[inverse]
        usd = np.ascontiguousarray(decisions.sweep.monthly_usd.T, dtype=np.float32)
        names = [
            {"text": " + ".join(decisions.label(design)), "label": decisions.label(design)}
            | {"colour": colour, "design": str(design)}
            for design, colour in zip(designs, colours, strict=True)
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
            "rings": f"rings: {', '.join(f'{level:.0%}' for level in sorted(LEVELS))} of requests",
            "zoomed": bool(self._chosen_windows),
            "common": _common_choices(decisions),
            "axes": list(AXES.items()),
            "fine": fine,
        }
        return spec, [cells.tobytes(), usd.tobytes() if fine else b""]  # money is told at rest


def now_of(workload: Workload, axis: str) -> float:
    """Where a workload stands on an axis."""
    return next(dial for dial in DIALS if dial.field == axis).read(workload)


def map_over_windows(workload: Workload, places: tuple[Place, Place], points: int) -> DecisionMap:
    """The winners over two windows, `points` values each."""
    axes = {axis: np.geomspace(*window, points) for axis, window in places}
    x, y = axes
    flat = [axis for axis in axes if axis in SPREADS and not now_of(workload, axis) > 0]
    workload = workload.replace(
        {axis: axes[axis][0] for axis in flat}
    )  # what is always 0 has nothing to scale
    return DecisionMap(workload, x, y, sweep(workload, axes))


def _axis_message(decisions: DecisionMap, name: str, most: int) -> dict[str, Any]:
    values = decisions.across if name == decisions.x else decisions.up
    low, high = float(values[0]), float(values[-1])
    ticks = axis_ticks(unit_of(name), low, high, most)
    return {
        "field": name,
        "name": AXES[name],
        "unit": axis_unit(name),
        "low": low,
        "high": high,
        "ticks": ticks,
    }


def axis_ticks(unit: str, low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Round values between two ends, as people say them."""
    wording = FORMATS.get(unit, WORDINGS[unit])
    values = [tick for tick in TICKS[unit] if low <= tick <= high]
    if len(values) < 4 and unit in FINE:
        values = [tick for tick in FINE[unit] if low <= tick <= high]
    if len(values) < 3:  # zoomed: values of two digits
        values = sorted({float(f"{value:.2g}") for value in np.geomspace(low, high, 5)[1:-1]})
    step = -(-len(values) // most) or 1
    return [(tick, wording(tick)) for tick in values[::step]]


def _border_line_message(line: Line) -> dict[str, Any]:
    return {"x": line.at[0], "y": line.at[1], "text": line.text, "steep": line.steep}


def _common_choices(decisions: DecisionMap) -> str:
    """What all designs of the map have in common."""
    if not decisions.designs:
        return "No design is feasible anywhere here."
    if len(decisions.designs) == 1:
        return "The same design everywhere: " + name_design(decisions.designs[0])
    where = "Wherever one is feasible" if (decisions.winner == NOTHING).any() else "Everywhere"
    options = name_design(decisions.common)
    return f"{where}: {options}" if options else ""
