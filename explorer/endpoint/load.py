"""`explorer bench`: a stack under load."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..console import NO, Json, out
from ..errors import ExplorerError
from .manners import interruptible, warned
from .options import (
    Arrivals,
    CloudName,
    Concurrency,
    Duration,
    Jobs,
    MostRequests,
    MostUsd,
    Rate,
    Repeat,
    Response,
    Rows,
    Runtime,
    Seed,
    StackName,
    Stood,
    WarmUp,
    Where,
)

if TYPE_CHECKING:
    from explorer.live.bench.measure import Asked
    from explorer.live.deployment.registry import Standing


def bench(
    context: typer.Context,
    stack: StackName,
    rate: Rate = None,
    duration: Duration = None,
    arrivals: Arrivals = "poisson",
    jobs: Jobs = None,
    concurrency: Concurrency = 1,
    runtime_s: Runtime = None,
    response_bytes: Response = None,
    output: Rows = None,
    repeat: Repeat = 1,
    warm_up: WarmUp = 0,
    seed: Seed = 1,
    max_requests: MostRequests = 100_000,
    max_usd: MostUsd = 10.0,
    target: Where = None,
    region: Stood = None,
    cloud: CloudName = "default",
    as_json: Json = False,
) -> None:
    """Put a stack under load: what was served, how fast, what was lost, what it cost.

    By a rate, as clients come whether or not it keeps up, or by a number of jobs, so many at a time.
    Interrupted, it tells what came of the load until then.
    """
    from explorer.live.bench import measure
    from explorer.live.deployment import deploy

    from ..live.bench.run import Caps

    interruptible(context)
    if output:
        _must_be_written(output)
    found = deploy.found(stack, target, region, cloud)
    load = measure.asked(
        found.workload,
        rate=rate,
        duration=duration,
        arrivals=arrivals,
        seed=seed,
        repeat=repeat,
        jobs=jobs,
        concurrency=concurrency,
        runtime=runtime_s,
        response=response_bytes,
        warm_up=warm_up,
    )
    expected = _told_before(found, load, max_usd, as_json) if found.target.name == "aws" else {}
    with watched_load() as progress:
        result = measure.under(found, load, caps=Caps(max_requests, max_usd), progress=progress)
    if output:
        result.write(output)
    answer = {**result.to_dict(), **expected}
    out(answer, as_json, "benchmark", answer, output)
    raise typer.Exit(NO if answer["lost"] else 0)


def _must_be_written(output: Path) -> None:
    """Refuse, before the load, a file that could not be written after it."""
    if output.suffix != ".parquet":
        raise ExplorerError(f"-o is {output}: expected a name that ends in .parquet")
    if not output.parent.is_dir():
        raise ExplorerError(f"-o is {output}: there is no folder {output.parent}")


def _told_before(stack: Standing, load: Asked, most_usd: float, as_json: bool) -> dict[str, float]:
    """Tell what a load on AWS is expected to cost; what is told."""
    warned(stack.target)
    told = {"expected_usd": load.usd(stack)}
    if not as_json:
        out(told, False, "before_load", load.requests, told["expected_usd"], most_usd, stack.target)
    return told


@contextmanager
def watched_load() -> Iterator[Any]:
    """Show on standard error how far a load is, where a person looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Under load", total=None)
        yield lambda done, in_flight, of: bar.update(
            task, completed=done, total=of, description=f"{in_flight} in flight"
        )
