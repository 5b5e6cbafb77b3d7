"""Evaluates every design at every point of a grid."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from explorer.engine.answers import Answers
from explorer.engine.chances import chances
from explorer.engine.designs import CONCERNS, Design, allowed_designs, choices, table, table_index
from explorer.engine.evaluation import Evaluation
from explorer.engine.ranking import NOTHING, best_of
from explorer.engine.search import best_two
from explorer.errors import DesignError, ExplorerError
from explorer.facts.units import quote_value
from explorer.options.base.conditions import Conditions
from explorer.workload.axes import grid_axes
from explorer.workload.workload import Workload

from .checkpoint import Checkpoint, write
from .executor import Watch, without_progress, work_out
from .manifest import manifest
from .rows import Answer, Legend
from .sweep_file import SweepFile, count_points
from .tiling import Axes, Block, Tiles

if TYPE_CHECKING:
    import pandas as pd

TILE = 2**18  # points evaluated together: bounds the memory use
LEAST_TILE = 1024  # lower bound of these, where each point holds the bills of many designs


@dataclass(frozen=True)
class Sweep:
    """The answer at every point of a grid.

    Arrays have the shape of the axes, in their order. `winner` and `runner_up` index `designs`, -1 where
    nothing is feasible. `monthly_usd` [USD a month] and `breach_probability` [share of requests] are those of
    the winner, NaN where there is none; with explicit designs, those of each design, with the designs as
    first axis.

    Examples
    --------
    >>> s = ex.sweep(ex.Workload.load(ex.examples()["statements"]), {"response": [1e3, 1e8]})
    >>> s.winner.shape
    (2,)
    >>> [s.designs[index].response for index in s.winner]
    ['stored', 'pushed']
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
        """The number of values of each axis."""
        return tuple(len(values) for values in self.axes.values())

    def to_frame(self) -> pd.DataFrame:
        """One row per point: the axes, the winner and its options, the runner-up, bill, breach probability.

        Designs are categories whose codes are their indices in `designs`. With explicit designs there is one
        row per point and `design`, with that design's bill and breach probability.
        """
        return self._legend.frame(self.axes, self._answer())

    def write(self, path: str | Path) -> SweepFile:
        """Write the frame as Parquet, the same file as `sweep(..., to=path)` makes; raises ExplorerError."""
        tiles = _tiles(self.shape, self._legend)
        tables = (
            self._legend.arrow(tiles.axes(number, self.axes), self._answer(tiles[number]))
            for number in range(len(tiles))
        )
        write(_parquet(path), tables, manifest(self.workload, self.axes, self._legend, tiles))
        return SweepFile(path)

    def wins(self) -> list[tuple[Design | None, int]]:
        """The number of points at which each design wins, most first; None: nothing is feasible."""
        return count_points(
            self.designs, np.bincount(self.winner.ravel() + 1, minlength=len(self.designs) + 1)
        )

    @property
    def _legend(self) -> Legend:
        return Legend(self.designs, self.monthly_usd.ndim > self.winner.ndim)

    def _answer(self, block: Block | tuple[Any, ...] = ()) -> Answer:
        everywhere: Any = (..., *block)
        index = tuple(each[block] for each in (self.winner, self.runner_up))
        return (*index, self.monthly_usd[everywhere], self.breach_probability[everywhere])


@overload
def sweep(
    workload: Workload,
    axes: Mapping[str, Any],
    designs: Sequence[Any] | None = None,
    executor: Executor | None = None,
    to: None = None,
    watch: Watch = without_progress,
) -> Sweep: ...
@overload
def sweep(
    workload: Workload,
    axes: Mapping[str, Any],
    designs: Sequence[Any] | None = None,
    executor: Executor | None = None,
    *,
    to: str | Path,
    watch: Watch = without_progress,
) -> SweepFile: ...
def sweep(
    workload: Workload,
    axes: Mapping[str, Any],
    designs: Sequence[Any] | None = None,
    executor: Executor | None = None,
    to: str | Path | None = None,
    watch: Watch = without_progress,
) -> Sweep | SweepFile:
    """Evaluate every design at every point of a grid.

    Parameters
    ----------
    workload
        The values that do not vary.
    axes
        Values by numeric field, at most 6; a distribution is scaled so that its median is the value.
    designs
        Only these designs, with the bill and breach probability of each.
    executor
        Any `concurrent.futures.Executor` that evaluates tiles of the grid; the results are the same bits.
    to
        A Parquet file, written tile by tile: memory does not grow with the grid, and the same call resumes a
        stopped sweep.
    watch
        Receives the tiles as they finish, their total number and the number finished earlier; passes them on.

    Returns
    -------
    Sweep | SweepFile
        A Sweep, or with `to` a SweepFile, which reads the same arrays from the file on access.

    Raises
    ------
    ExplorerError
        For a field that is not numeric, invalid values or more than 6 axes; for a file that cannot be
        written, or parts of another sweep in its place.

    Examples
    --------
    >>> w = ex.Workload.load(ex.examples()["statements"])
    >>> s = ex.sweep(w, {"response": [1e3, 1e8], "runtime": [1, 1000]})
    >>> s.winner.shape, s.monthly_usd.shape
    ((2, 2), (2, 2))
    """
    grid = grid_axes(workload, axes)
    compared = None if designs is None else _designs(designs)
    if executor is not None and not hasattr(executor, "submit"):
        raise ExplorerError(f"executor is {quote_value(executor)}: expected a concurrent.futures.Executor")
    legend = Legend(table().designs if compared is None else compared, compared is not None)
    work = _Work(workload.without_current(), compared)
    tiles = _tiles(tuple(map(len, grid.values())), legend)
    if to is None:
        answers = work_out(work, tiles.jobs(grid, range(len(tiles))), executor)
        return _join_tiles(workload, grid, legend, tiles, watch(answers, len(tiles), 0))
    request = manifest(work.workload, grid, legend, tiles)
    rows = len(legend.designs) if legend.compared else 1
    with Checkpoint(_parquet(to), request, tiles, rows) as parts:
        answers = work_out(work, tiles.jobs(grid, parts.missing()), executor)
        with closing(answers):
            for number, answer in watch(answers, len(tiles), len(parts.ready)):
                parts.keep(number, legend.arrow(tiles.axes(number, grid), answer))
        parts.join()
    return SweepFile(to)


@dataclass(frozen=True)
class _Work:
    """The function that evaluates a tile, from the values of each axis in it."""

    workload: Workload
    designs: tuple[Design, ...] | None

    def __call__(self, axes: Axes) -> Answer:
        if self.designs is None:
            return _answers(self.workload, axes)
        return _compare_designs(self.workload, axes, self.designs)


def _join_tiles(
    workload: Workload, grid: Axes, legend: Legend, tiles: Tiles, answers: Iterable[tuple[int, Answer]]
) -> Sweep:
    """The results of all tiles in arrays."""
    shape = tiles.shape
    lead = (len(legend.designs),) if legend.compared else ()
    try:
        winner, runner_up = (np.full(shape, NOTHING, dtype=np.int32) for _ in range(2))
        money, chance = (np.full((*lead, *shape), np.nan) for _ in range(2))
    except (MemoryError, ValueError):
        points = math.prod(shape)
        raise ExplorerError(f"{points:,} points do not fit into memory: expected to=FILE.parquet") from None
    for number, answer in answers:
        block = tiles[number]
        winner[block], runner_up[block] = answer[:2]
        everywhere: Any = (..., *block)
        money[everywhere], chance[everywhere] = answer[2:]
    return Sweep(workload, grid, legend.designs, winner, runner_up, money, chance)


def _tiles(shape: tuple[int, ...], legend: Legend) -> Tiles:
    """Tiles of as many points as fit into memory with their designs."""
    return Tiles(shape, max(LEAST_TILE, TILE // len(legend.designs)) if legend.compared else TILE)


def _parquet(path: str | Path) -> Path:
    if Path(path).suffix != ".parquet":
        raise ExplorerError(f"file is {quote_value(str(path))}: expected a name that ends in .parquet")
    return Path(path)


def _designs(designs: Any) -> tuple[Design, ...]:
    if isinstance(designs, str | Mapping | Design) or not isinstance(designs, Iterable):
        raise DesignError(f"designs is {quote_value(designs)}: expected a list of designs")
    whole = tuple(_design(each) for each in designs)
    if not whole:
        raise DesignError("designs is empty: expected one at least, or none named for every design")
    return whole


def _design(design: Any) -> Design:
    choice_ids = choices(design)
    if len(choice_ids) < len(CONCERNS):
        missing = [concern for concern in CONCERNS if concern not in choice_ids]
        raise DesignError(
            f"design {quote_value(design)} names no {', '.join(missing)}: a sweep's designs name all eight"
        )
    return Design(**choice_ids)


def _load(workload: Workload, grid: Mapping[str, np.ndarray]) -> Conditions:
    """The conditions of the grid, each axis along its own dimension."""
    axes = {}
    for number, (axis, values) in enumerate(grid.items()):
        along = [1] * len(grid)
        along[number] = -1
        axes[axis] = values.reshape(along)
    return Conditions(workload, axes)


def _compare_designs(
    workload: Workload, grid: Mapping[str, np.ndarray], designs: tuple[Design, ...]
) -> tuple[np.ndarray, ...]:
    """Winner and runner-up among these designs in a tile, and each design's bill and breach probability."""
    load = _load(workload, grid)
    whole = table().only(np.unique([table_index(design) for design in designs]))
    evaluation = Evaluation(load, whole)
    order = [evaluation.designs.index(design) for design in designs]
    score = evaluation.score_usd(load.number("preferences.part_usd"))[order]
    parts, p95 = evaluation.column(whole.parts[order]), evaluation.latency_s[order][:, 1]
    winner = best_of(score, parts, p95)
    second = np.where(np.arange(len(designs)).reshape(-1, *[1] * winner.ndim) == winner, np.inf, score)
    money, chance = evaluation.monthly_usd[order], evaluation.breach_probability[order]
    return winner, best_of(second, parts, p95), money, chance


def _answers(workload: Workload, grid: Mapping[str, np.ndarray]) -> tuple[np.ndarray, ...]:
    """Winner, runner-up, bill and breach probability of a tile."""
    load = _load(workload, grid)
    designs = allowed_designs(load)
    answers = Answers(load, designs)
    best = best_two(answers)
    index = np.append(designs.number, NOTHING).astype(np.int32)
    chance = chances(answers.load, designs, best.winner, best.size[0])
    return index[best.winner], index[best.runner_up], best.usd[0], chance
