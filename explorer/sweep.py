"""Many workloads at once: every design at every point of a grid."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .axes import checked, replaced
from .contest import NOTHING, Block, Contest
from .design import CONCERNS, Design, choices, table
from .errors import DesignError, ExplorerError
from .evaluate import Evaluation, possible
from .fields import LARGEST_SIZE
from .option import Load
from .units import shown
from .workload import Workload

if TYPE_CHECKING:
    import pandas as pd

MOST_AXES = 6
TILE = 2**18  # points that options answer for together: what bounds the memory
BLOCK = 4096  # of those, points that are compared together: what they need fits into a cache
POSITION = {design: index for index, design in enumerate(table().designs)}


@dataclass(frozen=True)
class Sweep:
    """The answer at every point of a grid.

    Arrays have the shape of the axes, in their order. `winner` and `runner_up` index `designs`, -1 where
    nothing is feasible. `monthly_usd` [USD a month] and `breach_probability` [share of requests] are the
    winner's, NaN where there is none; where designs were given, theirs, with the designs as first axis.
    """

    workload: Workload
    axes: Mapping[str, np.ndarray]
    designs: tuple[Design, ...]
    winner: np.ndarray = field(repr=False)
    runner_up: np.ndarray = field(repr=False)
    monthly_usd: np.ndarray = field(repr=False)
    breach_probability: np.ndarray = field(repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has."""
        return tuple(len(values) for values in self.axes.values())

    def to_frame(self) -> pd.DataFrame:
        """A row a point: the axes, the winner's five options, the runner-up, money and breach probability.

        Where designs were given, a row a point and design.
        """
        import pandas as pd

        names = np.array([*map(str, self.designs), None], dtype=object)
        grid = np.meshgrid(*self.axes.values(), indexing="ij")
        columns = {name: values.ravel() for name, values in zip(self.axes, grid, strict=True)}
        winner = self.winner.ravel()
        for concern in CONCERNS:
            ids = np.array([*(design.ids[concern] for design in self.designs), None], dtype=object)
            columns[concern] = ids[winner]
        columns["runner_up"] = names[self.runner_up.ravel()]
        if self.monthly_usd.ndim == self.winner.ndim:
            columns["monthly_usd"] = self.monthly_usd.ravel()
            columns["breach_probability"] = self.breach_probability.ravel()
        else:
            for number, design in enumerate(self.designs):
                columns[f"monthly_usd: {design}"] = self.monthly_usd[number].ravel()
                columns[f"breach_probability: {design}"] = self.breach_probability[number].ravel()
        return pd.DataFrame(columns)

    def write(self, path: str | Path) -> None:
        """The frame as Parquet."""
        frame = self.to_frame()
        for name in (*CONCERNS, "runner_up"):
            frame[name] = frame[name].astype("category")
        frame.to_parquet(path, index=False)


def sweep(
    workload: Workload,
    axes: Mapping[str, Any],
    designs: Sequence[Any] | None = None,
    executor: Executor | None = None,
) -> Sweep:
    """Hold every design against every point of a grid.

    Parameters
    ----------
    workload : what does not vary
    axes : values by numeric field, at most 6; a distribution is scaled so that its median is the value
    designs : only these, with the money and breach probability of each
    executor : any `concurrent.futures.Executor`, to work out blocks of the grid elsewhere

    Raises ExplorerError for a field that is not numeric, values that cannot be, more than 6 axes.
    """
    grid = _grid(workload, axes)
    given = None if designs is None else tuple(_design(each) for each in designs)
    shape = tuple(len(values) for values in grid.values())
    tiles = list(_blocks(shape, TILE))
    work = partial(_answers, workload.without_current(), grid)
    if given is not None:
        work = partial(_compared, workload.without_current(), grid, given)
    answers = executor.map(work, tiles) if executor else map(work, tiles)
    every = table().designs if given is None else given
    lead = () if given is None else (len(given),)
    winner, runner_up = (np.full(shape, NOTHING, dtype=np.int32) for _ in range(2))
    money, chance = (np.full((*lead, *shape), np.nan) for _ in range(2))
    for block, answer in zip(tiles, answers, strict=True):
        winner[block], runner_up[block] = answer[:2]
        everywhere: Any = (..., *block)
        money[everywhere], chance[everywhere] = answer[2:]
    return Sweep(workload, grid, every, winner, runner_up, money, chance)


def _design(given: Any) -> Design:
    chosen = choices(given)
    if len(chosen) < len(CONCERNS):
        missing = [concern for concern in CONCERNS if concern not in chosen]
        raise DesignError(
            f"design {shown(given)} names no {', '.join(missing)}: a sweep's designs name all five"
        )
    return Design(**chosen)


def _grid(workload: Workload, axes: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The axes as arrays. Raises ExplorerError naming the axis, what is wrong, and what is accepted."""
    if not isinstance(axes, Mapping) or not 1 <= len(axes) <= MOST_AXES:
        count = len(axes) if isinstance(axes, Mapping) else shown(axes)
        raise ExplorerError(f"axes: {count}: expected 1 to {MOST_AXES}, values by field")
    grid = {}
    for axis, given in axes.items():
        checked(axis)
        try:
            values = np.asarray(given, dtype=float)
        except (TypeError, ValueError):
            raise ExplorerError(f"axis {axis} is {shown(given)}: expected numbers") from None
        if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
            raise ExplorerError(f"axis {axis} is {shown(given)}: expected a list of finite numbers")
        for end in (values.min(), values.max()):  # what a workload refuses, an axis refuses too
            _with(workload, axis, float(end))
        grid[axis] = values
    return grid


def _with(workload: Workload, axis: str, value: float) -> None:
    """Refuse a value that the field cannot have."""
    if axis in {"request", "response", "runtime"}:
        if not 0 < value <= LARGEST_SIZE:
            raise ExplorerError(f"axis {axis} has {value:g}: expected more than 0")
        return
    if axis != "configuration":
        replaced(workload, axis, value)
    elif value < 0:
        raise ExplorerError(f"axis {axis} has {value:g}: expected 0 or more")


def _blocks(shape: tuple[int, ...], points: int) -> Iterator[Block]:
    """Blocks of the grid of at most so many points, as even along the axes as may be."""
    side = [1] * len(shape)
    while True:
        room = [axis for axis in range(len(shape)) if side[axis] < shape[axis]]
        if not room or math.prod(side) * 2 > points:
            break
        axis = min(room, key=lambda each: side[each])
        side[axis] = min(2 * side[axis], shape[axis])
    starts = [range(0, length, each) for length, each in zip(shape, side, strict=True)]
    for corner in itertools.product(*starts):
        yield tuple(
            slice(at, min(at + each, length)) for at, each, length in zip(corner, side, shape, strict=True)
        )


def _load(workload: Workload, grid: Mapping[str, np.ndarray], block: Block | None = None) -> Load:
    """A block of the grid, or all of it, each axis along a dimension of its own."""
    axes = {}
    for number, (axis, values) in enumerate(grid.items()):
        along = [1] * len(grid)
        along[number] = -1
        axes[axis] = (values[block[number]] if block else values).reshape(along)
    return Load(workload, axes)


def _compared(
    workload: Workload, grid: Mapping[str, np.ndarray], given: tuple[Design, ...], tile: Block
) -> tuple[np.ndarray, ...]:
    """Winner and runner-up among the given designs in a tile, and each one's money and breach probability."""
    load = _load(workload, grid, tile)
    evaluation = Evaluation(
        load, table().only(np.isin(np.arange(len(POSITION)), [POSITION[d] for d in given]))
    )
    order = [evaluation.designs.index(design) for design in given]
    score = evaluation.score_usd(load.number("preferences.part_usd"))[order]
    winner = _ranked(evaluation, order, score)
    second = np.where(np.arange(len(given)).reshape(-1, *[1] * winner.ndim) == winner, np.inf, score)
    money, chance = evaluation.monthly_usd[order], evaluation.breach_probability[order]
    return winner, _ranked(evaluation, order, second), money, chance


def _ranked(evaluation: Evaluation, order: Sequence[int], score: np.ndarray) -> np.ndarray:
    """The least score; equal ones go to fewer parts, then to the lower p95; -1 where all are infinite."""
    parts = np.broadcast_to(evaluation.column(evaluation.table.parts)[order], score.shape)
    best = np.lexsort((evaluation.latency_s[order][:, 1], parts, score), axis=0)[0]
    return np.where(np.isfinite(score.min(axis=0)), best, NOTHING)


def _answers(workload: Workload, grid: Mapping[str, np.ndarray], tile: Block) -> tuple[np.ndarray, ...]:
    """Winner, runner-up, money and breach probability of a tile."""
    whole = {axis: values[part] for (axis, values), part in zip(grid.items(), tile, strict=True)}
    load = _load(workload, whole)
    evaluation = Evaluation(load, possible(load))
    contest = Contest(evaluation, lambda block: _load(workload, whole, block))
    index = np.array([*map(POSITION.__getitem__, evaluation.designs), NOTHING], dtype=np.int32)
    found = [np.empty(load.shape, dtype=kind) for kind in (np.int32, np.int32, float, float)]
    for block in _blocks(load.shape, BLOCK):
        answer = contest.block(block)
        for array, values in zip(found, (index[answer[0]], index[answer[1]], *answer[2:]), strict=True):
            array[block] = values
    return tuple(found)
