"""`explorer bench`: a stack under load."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from explorer.cli.console import NO, Json, out
from explorer.cli.manners import is_watched
from explorer.cli.prompts import (
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
    StackRegion,
    Success,
    WarmUp,
    Where,
    interruptible,
    note_endpoint,
)
from explorer.cli.tables import Row, SideNote, UnwrappedLine, table, title
from explorer.errors import ExplorerError
from explorer.facts.extras import require

if TYPE_CHECKING:
    from explorer.live.bench.measure import LoadPlan
    from explorer.live.deployment.registry import Standing
    from explorer.live.deployment.target import Target


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
    success: Success = 0.99,
    output: Rows = None,
    repeat: Repeat = 1,
    warm_up: WarmUp = 0,
    seed: Seed = 1,
    max_requests: MostRequests = 100_000,
    max_usd: MostUsd = 10.0,
    target: Where = None,
    region: StackRegion = None,
    cloud: CloudName = "default",
    as_json: Json = False,
) -> None:
    """Run load against a deployed stack: requests served, latency, losses and cost.

    By a rate, as clients come whether or not it keeps up, or by a number of jobs, so many at a time.
    Interrupted, it reports on the load up to then.
    """
    require("explorer bench", "aiohttp", "boto3", "httpx2", *(["pyarrow"] if output else []), extra="aws")
    from explorer.live.bench import measure
    from explorer.live.bench.run import Caps
    from explorer.live.deployment import deploy

    interruptible(context)
    if output:
        _must_be_written(output)
    live_stack = deploy.find_standing(stack, target, region, cloud)
    load = measure.plan_load(
        live_stack.workload,
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
    expected = _announce_cost(live_stack, load, max_usd, as_json) if live_stack.target.name == "aws" else {}
    with watched_load() as progress:
        result = measure.run_load(live_stack, load, caps=Caps(max_requests, max_usd), progress=progress)
    if output:
        result.write(output)
    answer = {**result.to_dict(), **expected, "success": success}
    out(answer, as_json, benchmark, answer, output)
    raise typer.Exit(NO if has_failed(answer) else 0)


def has_failed(answer: Row) -> bool:
    """Whether a job was lost, not sent or got another's result, or too few uninterrupted jobs succeeded."""
    from explorer.live.bench.load import INTERRUPTED

    ended = answer["jobs"] - answer["errors"].get(INTERRUPTED, 0)
    too_few = answer["succeeded"] < answer["success"] * ended or not answer["jobs"]
    return bool(answer["lost"] or answer["corrupted"] or answer["not_sent"] or too_few)


def _must_be_written(output: Path) -> None:
    """Reject, before the load, an output file that could not be written after it."""
    if output.suffix != ".parquet":
        raise ExplorerError(f"-o is {output}: expected a name that ends in .parquet")
    if not output.parent.is_dir():
        raise ExplorerError(f"-o is {output}: there is no folder {output.parent}")


def _announce_cost(stack: Standing, load: LoadPlan, most_usd: float, as_json: bool) -> dict[str, float]:
    """Print the expected cost of a load on AWS, unless the answer is JSON; return it."""
    note_endpoint(stack.target)
    estimate = {"expected_usd": load.usd(stack)}
    if not as_json:
        out(estimate, False, before_load, load.requests, estimate["expected_usd"], most_usd, stack.target)
    return estimate


@contextmanager
def watched_load() -> Iterator[Any]:
    """Show the progress of a load on standard error if it is a terminal."""
    if not is_watched():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Under load", total=None)
        yield lambda completed, in_flight, of: bar.update(
            task, completed=completed, total=of, description=f"{in_flight} in flight"
        )


def before_load(requests: float, usd: float, most_usd: float, place: Target) -> Iterator[RenderableType]:
    """The expected cost of a load on AWS, before it starts."""
    yield UnwrappedLine(
        f"About {requests:,.0f} requests on {place.place}, for about {usd:.4f} USD; at most {most_usd:g} USD"
    )


def benchmark(answer: Row, output: Path | None) -> Iterator[RenderableType]:
    """The result of a load: jobs first, then seconds, predicted beside measured."""
    lost, errors = answer["lost"], answer["errors"]
    yield Text.assemble(
        f"{answer['jobs']:,} jobs, {answer['succeeded']:,} succeeded, ",
        (f"{lost:,} lost", "bold red" if lost else ""),
        (f", {answer['corrupted']:,} corrupted" if answer["corrupted"] else "", "bold red"),
        f", {answer['throughput_rps']:.3g} a second",
    )
    if answer["succeeded"] < answer["success"] * answer["jobs"]:
        yield Text(f"Fewer than {answer['success']:.4g} of them succeeded", "bold red")
    yield from (Padding(f"- {count:,} x {kind}", (0, 0, 0, 2)) for kind, count in errors.items())
    if not answer["valid"]:
        yield Text("This run proves nothing about latency: " + "; ".join(answer["why_not_valid"]), "yellow")
    if bottleneck := answer["machine"].get("bottleneck"):
        yield Text(f"The bottleneck: {bottleneck}", "yellow")
    yield title("Seconds", f"of {answer['latency_of']}")
    yield table(("", ">p50", ">p90", ">p99", ">p99.9", ">max"), _latencies(answer))
    if answer["predicted"]:
        yield title("Predicted beside measured", "seconds")
        yield table(
            ("", ">predicted p50", ">measured p50", ">predicted p95", ">measured p95"), _beside(answer)
        )
    if answer["knee_rps"]:
        where = ", where this machine gave in" if answer["machine"].get("bottleneck") else ""
        yield f"It gives in at {answer['knee_rps']:g} requests a second{where}."
    cold, usd = answer["cold_starts"], answer["cost_usd"]
    yield UnwrappedLine(
        f"Cold starts: {'not known' if cold is None else cold}."
        + ("" if usd is None else f" At AWS's prices this run costs {usd:.6f} USD.")
    )
    if answer["cannot_vouch_for"]:
        yield title("What this cannot show")
        from explorer.live.cloud.vouch import about_a_run

        yield from (Padding(f"- {line}", (0, 0, 0, 2)) for line in about_a_run(answer["cannot_vouch_for"]))
    if output:
        yield SideNote(f"Wrote {output}")


def _latencies(answer: Row) -> Iterator[tuple[str, ...]]:
    for name, key in (("latency, from when it was due", "latency_s"), ("submit", "submit_s")):
        yield name, *(_seconds(answer[key].get(at)) for at in ("p50", "p90", "p99", "p99_9", "max"))


def _beside(answer: Row) -> Iterator[tuple[str, ...]]:
    for phase, predicted in answer["predicted"].items():
        measured = answer["measured"].get(phase, {})
        pairs = [(predicted.get(at), measured.get(at)) for at in ("p50", "p95")]
        yield phase, *(_seconds(value) for pair in pairs for value in pair)


def _seconds(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.3g}"
