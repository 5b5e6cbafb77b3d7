"""`explorer bench`: a stack under load."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..console import NO, Json, out
from ..errors import ExplorerError
from .manners import warned
from .options import CloudName, StackName, Stood, Where

if TYPE_CHECKING:
    from ..live.standing import Standing


def bench(
    stack: StackName,
    rate: Annotated[
        str | None,
        typer.Option(
            metavar="R[,R...]", help="Requests a second, the workload's peak if not given; several are steps."
        ),
    ] = None,
    duration: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Of the load, or of each step: 20 if not given.")
    ] = None,
    arrivals: Annotated[
        str, typer.Option(metavar="poisson|constant", help="At random, as clients come, or evenly.")
    ] = "poisson",
    jobs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="So many in all, in place of a rate.")
    ] = None,
    concurrency: Annotated[int, typer.Option(metavar="C", min=1, help="With --jobs: so many at a time.")] = 1,
    runtime_s: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0, help="Of the sample work; else the p50.")
    ] = None,
    response_bytes: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Of the sample work's result; else the p50.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.parquet", help="A row a request.")
    ] = None,
    repeat: Annotated[int, typer.Option(metavar="N", min=1, help="Runs, for intervals of confidence.")] = 1,
    warm_up: Annotated[int, typer.Option(metavar="N", min=0, help="Requests before that do not count.")] = 0,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the arrivals.")] = 1,
    max_requests: Annotated[int, typer.Option(metavar="N", min=1, help="More is refused.")] = 100_000,
    max_usd: Annotated[
        float, typer.Option(metavar="USD", min=0, help="On AWS: what would cost more is refused.")
    ] = 10.0,
    target: Where = None,
    region: Stood = None,
    cloud: CloudName = "default",
    as_json: Json = False,
) -> None:
    """Put a stack under load: what was served, how fast, what was lost, what it cost.

    By a rate, as clients come whether or not it keeps up, or by a number of jobs, so many at a time.
    """
    from ..live import deploying
    from ..live.bench.run import Caps
    from ..live.measuring import measure

    if output:
        _must_be_written(output)
    if jobs is not None and (rate is not None or duration is not None):
        raise ExplorerError("--jobs is given with --rate or --duration: expected one of the two ways")
    found = deploying.found(stack, target, region, cloud)
    expected = {}
    if found.target.name == "aws":
        requests = _requests(found, rate, duration, jobs) * repeat + warm_up
        expected["expected_usd"] = deploying.load_usd(found, requests, runtime_s, response_bytes)
        warned(found.target)
        if not as_json:
            out(expected, False, "before_load", requests, expected["expected_usd"], max_usd, found.target)
    with watched_load() as progress:
        result = measure(
            found,
            rate=rate,
            duration=duration,
            arrivals=arrivals,
            seed=seed,
            repeat=repeat,
            jobs=jobs,
            concurrency=concurrency,
            runtime=runtime_s,
            response=response_bytes,
            caps=Caps(requests=max_requests, usd=max_usd),
            warm_up=warm_up,
            progress=progress,
        )
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


def _requests(stack: Standing, rate: str | None, duration: float | None, jobs: int | None) -> float:
    """How many requests a run will have, about."""
    from ..live.measuring import DURATION_S, LEAST_RATE_RPS

    if jobs is not None:
        return jobs
    w = stack.workload
    try:
        rates = [float(each) for each in rate.split(",")] if rate else [w.peak_rps or w.mean_rps]
    except ValueError:
        return 0.0  # refused as soon as it is looked at
    return sum(rates if rate else [max(rates[0], LEAST_RATE_RPS)]) * (duration or DURATION_S)


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
