"""The decision map: the design that wins over two axes, and the cause of each border between two designs.

This module holds only numbers and words; `explorer.views.figures.decision_map` and the app draw the map.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from explorer.analysis.sweep.sweep import Sweep, sweep
from explorer.engine.designs import Design, table
from explorer.engine.evaluation import Evaluation
from explorer.engine.limits import findings
from explorer.engine.ranking import NOTHING
from explorer.errors import ExplorerError, WorkloadError
from explorer.facts.units import quote_value
from explorer.facts.verdict import Verdict
from explorer.options.base.conditions import Conditions
from explorer.workload.axes import BOUNDS as BOUNDS
from explorer.workload.axes import REACH as REACH
from explorer.workload.axes import axis_ends, axis_unit, check_axis, value_now
from explorer.workload.fields import SPREADS
from explorer.workload.workload import Workload

from .label_placement import Box, roomiest_label_cell
from .phrases import cause_in_words, distinct_names, varying_concerns

POINTS = 140  # along each axis
LEAST_ROOM = 0.008  # share of the map's height above and below a name; a region with less has no name
LEAST_LINE = 0.10  # share of an axis: a shorter line has no name
ACROSS, STEEP, TODAY = (0.025, 0.09), (0.13, 0.012), (0.045, 0.12)  # half the height and width of a name
LEVELS = (0.98, 0.8, 0.5)  # share of the workload's own requests within a ring of the cloud, along one axis
AROUND = 48  # points of a ring

Cell = tuple[int, int, tuple[int, int]]  # row, column, and the cell beyond the border


@dataclass(frozen=True)
class Region:
    """The area where one design wins: its index in the sweep (-1: nothing is feasible) and its name."""

    index: int
    label: tuple[str, ...]  # the options that distinguish it from the others
    share: float  # of the map
    at: tuple[float, float] | None  # place with most room for the name; None: too little room
    room: tuple[float, float]  # free to both sides, and above and below [share of the map's width, height]


@dataclass(frozen=True)
class Line:
    """A border, and why the design loses beyond it: a limit's id, a promise ("client.waits") or "cost"."""

    between: tuple[int, int]
    because: str
    at: tuple[float, float]  # place for the name, clear of the others and of today
    steep: bool  # whether it runs vertically

    @property
    def text(self) -> str:
        """The limit with its value, or the promise, or "cost"."""
        return cause_in_words(self.because)


@dataclass(frozen=True)
class DecisionMap:
    """The winners over two axes; `winner` has one row per value of y, and places are values of x and y."""

    workload: Workload
    x: str
    y: str
    sweep: Sweep

    @cached_property
    def winner(self) -> np.ndarray:
        """The index of the winning design, by y and x; -1 where nothing is feasible."""
        return self.sweep.winner.T

    @property
    def across(self) -> np.ndarray:
        """The values of x."""
        return self.sweep.axes[self.x]

    @property
    def up(self) -> np.ndarray:
        """The values of y."""
        return self.sweep.axes[self.y]

    @cached_property
    def winner_indices(self) -> list[int]:
        """The designs that win anywhere, by falling area."""
        return winners_by_area(self.winner)

    @cached_property
    def designs(self) -> list[Design]:
        """The designs of `winner_indices`."""
        return [self.sweep.designs[index] for index in self.winner_indices]

    @cached_property
    def varying(self) -> list[str]:
        """The concerns in which the winners differ."""
        return varying_concerns(self.designs)

    @property
    def common(self) -> dict[str, str]:
        """The options that all winners share, by concern."""
        first = self.designs[0].ids if self.designs else {}
        return {name: option for name, option in first.items() if name not in self.varying}

    def label(self, design: Design) -> tuple[str, ...]:
        """The options that distinguish a design on the map, without "none"."""
        return distinct_names(design, self.varying or ["response"])

    @cached_property
    def winner_regions(self) -> list[Region]:
        """The region of each design, the largest first, and the region where nothing is feasible."""
        labels = {index: self.label(self.sweep.designs[index]) for index in self.winner_indices}
        regions = [self._winner_region(index, label) for index, label in labels.items()]
        empty = self._winner_region(NOTHING, ("no design is feasible",))
        return [*regions, empty] if empty.share else regions

    def _winner_region(self, index: int, label: tuple[str, ...]) -> Region:
        inside = self.winner == index
        label_boxes = [
            Box(self._map_share(line.at), STEEP if line.steep else ACROSS) for line in self.border_lines
        ]
        free = inside.copy()
        free[self.cells_of_today(inside.shape)] = False
        for box in label_boxes:
            free[box.covered_cells(inside.shape)] = False
        row, column, room = roomiest_label_cell(free)
        at = (float(self.across[column]), float(self.up[row])) if room[1] >= LEAST_ROOM else None
        return Region(index, label, float(inside.mean()), at, room)

    def cells_of_today(self, shape: tuple[int, ...]) -> tuple[slice, ...]:
        """The cells around today that no other name may cover."""
        return Box(self._map_share(self.today), TODAY).covered_cells(shape)

    def _map_share(self, place: tuple[float, float]) -> tuple[float, float]:
        """The position of a place on the map, as shares of its height and width."""
        axes = (self.up, self.across)
        up, across = (
            np.log(value / axis[0]) / np.log(axis[-1] / axis[0])
            for axis, value in zip(axes, place[::-1], strict=True)
        )
        return float(up), float(across)

    @cached_property
    def border_lines(self) -> list[Line]:
        """The cause of each long border, the longest first, with a place for its name without overlap."""
        lines: list[Line] = []
        occupied = [Box(self._map_share(self.today), TODAY)]
        shape = self.winner.shape
        for (near, far), cells in sorted(border_cells(self.winner).items(), key=lambda item: -len(item[1])):
            size = STEEP if _is_steep(cells) else ACROSS
            boxes = [Box((cell[0] / shape[0], cell[1] / shape[1]), size) for cell in cells]
            free = [at for at, box in enumerate(boxes) if box.inside and not any(map(box.meets, occupied))]
            if near == NOTHING or len(cells) < LEAST_LINE * max(shape) or not free:
                continue
            middle = free[len(free) // 2]
            row, column, beyond = cells[middle]
            point = {self.x: self.across[beyond[1]], self.y: self.up[beyond[0]]}
            because = why_design_loses(self.workload, self.sweep.designs[near], point)
            at = (float(self.across[column]), float(self.up[row]))
            lines.append(Line((near, far), because, at, size == STEEP))
            occupied.append(boxes[middle])
        return lines

    @cached_property
    def today(self) -> tuple[float, float]:
        """The place of the workload itself, clipped to the map."""
        x, y = (
            float(np.clip(value_now(self.workload, axis), values[0], values[-1]))  # a 0 is moved to the edge
            for axis, values in ((self.x, self.across), (self.y, self.up))
        )
        return x, y

    @cached_property
    def request_cloud(self) -> list[np.ndarray]:
        """Rings around today, one for each of `LEVELS`: (48, 2) places each.

        They show the spread of single requests, as if the two fields were independent. Along a field without
        a distribution a ring has no width.
        """
        turn = np.linspace(0, 2 * np.pi, AROUND)
        sides = (np.cos(turn), np.sin(turn))
        rings = []
        for level in LEVELS:
            along = [
                at
                * np.exp(
                    np.where(side > 0, *np.log(_request_range(self.workload, axis, level, at)[::-1] / at))
                    * abs(side)
                )
                for axis, at, side in zip((self.x, self.y), self.today, sides, strict=True)
            ]
            rings.append(np.stack(along, axis=1))
        return rings


def map_decisions(
    workload: Workload, x: str = "response", y: str = "runtime", points: int | Sequence[int] = POINTS
) -> DecisionMap:
    """The winners over two numeric fields, `points` values each, with today's value in the middle.

    Raises ExplorerError for a name that is not an axis, or a field that the workload does not state.
    """
    if not isinstance(workload, Workload):
        raise WorkloadError(
            f"workload is {quote_value(workload)}: expected a Workload, such as Workload.load(FILE)"
        )
    if x == y:
        raise ExplorerError(f"x and y are both {quote_value(x)}: expected two fields")
    counts = (points, points) if isinstance(points, int) else points
    axes = {
        check_axis(axis): np.geomspace(*axis_ends(workload, axis), n)
        for axis, n in zip((x, y), counts, strict=True)
    }
    return DecisionMap(workload, x, y, sweep(workload, axes))


def cost_above_best(decisions: DecisionMap, design: Design) -> np.ndarray:
    """The cost of a design above the best, parts included, by y and x [USD a month].

    Infinite where the design is not feasible but another is, NaN where none is.
    """
    only = sweep(decisions.workload, decisions.sweep.axes, designs=[design])
    load = Conditions(decisions.workload, _map_axes(decisions))
    part_usd = np.asarray(load.number("preferences.part_usd"))
    parts = np.array([len(each.parts_for(load)) for each in decisions.sweep.designs])
    best = decisions.sweep.monthly_usd.T + part_usd * parts[decisions.winner]
    its = only.monthly_usd[0].T + part_usd * len(design.parts_for(load))
    its = np.where(only.winner.T == NOTHING, np.inf, its)
    is_best = [each == design for each in decisions.sweep.designs]
    above = np.where(np.array(is_best)[decisions.winner], 0.0, np.maximum(its - best, 0.0))
    return np.where(decisions.winner == NOTHING, np.nan, above)


def _map_axes(decisions: DecisionMap) -> dict[str, np.ndarray]:
    return {decisions.x: decisions.across[None, :], decisions.y: decisions.up[:, None]}


def unit_of(axis: str) -> str:
    """The unit of an axis: bytes, seconds or plain numbers ("requests")."""
    return axis_unit(axis) if axis_unit(axis) in BOUNDS else "requests"


def winners_by_area(winner: np.ndarray) -> list[int]:
    """The designs that win anywhere, by falling area."""
    index, points = np.unique(winner[winner != NOTHING], return_counts=True)
    return [int(each) for each in index[np.argsort(-points, kind="stable")]]


def border_cells(winner: np.ndarray) -> dict[tuple[int, int], list[Cell]]:
    """The cells along each border, by the pair of designs on its near and far side."""
    cells_by_border: dict[tuple[int, int], list[Cell]] = {}
    for step in ((0, 1), (1, 0)):
        near = winner[: winner.shape[0] - step[0], : winner.shape[1] - step[1]]
        far = winner[step[0] :, step[1] :]
        for row, column in np.argwhere(near != far).tolist():
            pair = (int(near[row, column]), int(far[row, column]))
            cells_by_border.setdefault(pair, []).append((row, column, (row + step[0], column + step[1])))
    return cells_by_border


def _is_steep(cells: list[Cell]) -> bool:
    rows, columns = (len({cell[at] for cell in cells}) for at in (0, 1))
    return rows > columns


def why_design_loses(workload: Workload, design: Design, point: Mapping[str, float]) -> str:
    """Why a design does not win at a point: a limit that breaks, a promise that it misses, or "cost"."""
    load = Conditions(workload, {axis: np.asarray(value) for axis, value in point.items()})
    worst = findings(workload, design, load)[0]
    if worst.verdict == Verdict.BREACH:
        return worst.limit
    evaluation = Evaluation(load, table().where(design.ids))
    if not bool(np.all(evaluation.late <= load.tolerance)):
        return "client.waits"
    if not bool(np.all(evaluation.in_time)):
        return "targets.latency_p95"
    return "cost" if bool(np.all(evaluation.begins_in_time)) else "targets.first_byte_p95"


def _request_range(workload: Workload, axis: str, level: float, at: float) -> np.ndarray:
    """The ends of the middle `level` of the requests along a field; `at` twice if it has no distribution."""
    if axis not in SPREADS:
        return np.full(2, at)
    spread = getattr(workload, axis).spread
    return np.array([float(spread.quantile(p)) for p in ((1 - level) / 2, (1 + level) / 2)])
