"""`explorer sweep`: every design at every point of a grid."""

from __future__ import annotations

import math
import signal
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType

from explorer.cli.console import (
    INTERRUPTED,
    Fields,
    Json,
    Region,
    WorkloadFile,
    load_workload,
    out,
)
from explorer.cli.manners import is_watched, note
from explorer.cli.tables import Row, SideNote, table
from explorer.errors import ExplorerError
from explorer.facts.extras import require
from explorer.facts.units import format_share

if TYPE_CHECKING:
    import numpy as np

    from explorer.analysis.sweep.sweep import Sweep
    from explorer.analysis.sweep.sweep_file import SweepFile
    from explorer.workload.workload import Workload


def sweep(
    workload: WorkloadFile,
    axis: Annotated[
        list[str],
        typer.Option(metavar="FIELD=FROM:TO:COUNT", help="Such as response=1KB:200MB:200; up to six."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE.parquet",
            help="A row a point, written as it goes: stopped, the same command goes on.",
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=256, help="Processes that share the work of a large grid.")
    ] = 1,
    region: Region = None,
    fields: Fields = None,
    as_json: Json = False,
) -> None:
    """Every design at every point of a grid: which one wins where."""
    from explorer.analysis.sweep.sweep import sweep as over

    if output and output.suffix != ".parquet":
        raise ExplorerError(f"-o is {output}: expected a name that ends in .parquet")
    if output:
        require("explorer sweep -o", "pyarrow")
    base = load_workload(workload, region, fields)
    with _stoppable(output), _processes(workers) as executor:
        watch = _quiet if as_json else _follow
        result = over(base, _axes(base, axis), executor=executor, to=output, watch=watch)
    answer = sweep_to_dict(result, output)
    out(answer, as_json, sweep_table, answer, what_an_axis_moves(base, answer["axes"]))


def _axes(base: Workload, texts: list[str]) -> dict[str, np.ndarray]:
    from explorer.workload.axes import parse_axis

    axes = dict(parse_axis(base, text) for text in texts)
    if len(axes) < len(texts):
        raise ExplorerError("an axis is named twice: expected each once")
    return axes


def _quiet(steps: Iterable[Any], total: int, completed: int) -> Iterable[Any]:
    return steps


def _follow(steps: Iterable[Any], total: int, completed: int) -> Iterator[Any]:
    """Iterate over the tiles, with a progress bar on standard error if it is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    if completed:
        note(f"Going on: {completed:,} of {total:,} tiles are there")
    screen = Console(stderr=True)
    with Progress(console=screen, transient=True, disable=not is_watched()) as bar:
        task = bar.add_task("Sweeping", total=total, completed=completed)
        for step in steps:
            yield step
            bar.advance(task)


@contextmanager
def _stoppable(output: Path | None) -> Iterator[None]:
    """After Ctrl-C, report how far the sweep got; also report a worker that died."""
    from explorer.analysis.sweep.checkpoint import progress_in_words

    try:
        yield
    except KeyboardInterrupt:
        if output:
            print(f"{output}: {progress_in_words(output)}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    except BrokenExecutor:
        rest = f"; {progress_in_words(output)}" if output else ""
        raise ExplorerError(f"a worker was ended from outside, perhaps for want of memory{rest}") from None


@contextmanager
def _processes(count: int) -> Iterator[Executor | None]:
    """A pool of this many processes, none for one; only the main process handles Ctrl-C."""
    if count == 1:
        yield None
        return
    import multiprocessing

    fresh = multiprocessing.get_context("spawn")  # a fork would copy the threads of Arrow and NumPy
    pool = ProcessPoolExecutor(count, fresh, signal.signal, (signal.SIGINT, signal.SIG_IGN))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def sweep_to_dict(result: Sweep | SweepFile, output: Path | None) -> dict[str, Any]:
    """A sweep as a dict for JSON: its axes, and the number of points that each design wins."""
    return {
        "axes": {
            name: {"from": values[0], "to": values[-1], "count": len(values)}
            for name, values in result.axes.items()
        },
        "points": math.prod(result.shape),
        "winners": [
            {"design": design.ids if design else None, "points": points} for design, points in result.wins()
        ],
        "file": output,
    }


def what_an_axis_moves(base: Workload, axes: Iterable[str]) -> str:
    """Which other figures move along the axes and which stay, in a sentence; "" if there are none."""
    from explorer.analysis.break_evens import RATE, what_moves_along

    stays = RATE in axes and "peak_rps" not in axes and base.peak_rps is not None
    moves = what_moves_along(base, [axis for axis in axes if axis != RATE])
    return " ".join(filter(None, [moves, "The peak stays as stated." if stays else ""]))


def sweep_table(answer: Row, moves: str) -> Iterator[RenderableType]:
    """The answer of `sweep`: the number of points that each design wins, and what `moves` along the axes."""
    from explorer.analysis.phrases import name_design, sentence

    points = answer["points"]
    yield f"{points:,} points"
    rows = [
        (
            "nothing is feasible" if row["design"] is None else sentence(name_design(row["design"]), ""),
            f"{row['points']:,}",
            format_share(row["points"] / points),
        )
        for row in answer["winners"]
    ]
    yield table(("recommended", ">points", ">share"), rows)
    if moves:
        yield SideNote(moves)
    if answer["file"]:
        yield SideNote(f"Wrote {answer['file']}")
