"""The commands of the live endpoint, and of the local cloud that it runs on."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import NO, Commands, Json, Region, WorkloadFile, designs, loaded, out
from .errors import ExplorerError

if TYPE_CHECKING:
    from .live.deploying import Plan
    from .live.stack import Told

Chosen = Annotated[
    str | None,
    typer.Option(
        "--design",
        metavar="CONCERN=OPTION,...",
        help="The recommended one if not given; what is left out is filled by the best.",
        autocompletion=designs,
    ),
]
Handler = Annotated[
    str | None,
    typer.Option(metavar="FILE.py:function", help="Your work, as handle(body, context); else a sample's."),
]
Place = Annotated[str, typer.Option("--target", metavar="local|aws", help="Where it is put up.")]
Where = Annotated[str | None, typer.Option("--target", metavar="local|aws", help="Where it stands.")]
CloudName = Annotated[str, typer.Option("--cloud", help="The local cloud, of several side by side.")]
StackName = Annotated[str, typer.Argument(metavar="STACK", help="As `deploy` and `stacks` name it.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Go on without asking.")]


def add_to(app: typer.Typer) -> None:
    """Make these commands commands of `app`."""
    for command in (deploy, bench, destroy, stacks, export):
        app.command()(command)
    app.add_typer(local, name="cloud")


def deploy(
    workload: WorkloadFile,
    design: Chosen = None,
    target: Place = "local",
    handler: Handler = None,
    region: Region = None,
    cloud: CloudName = "default",
    hours: Annotated[float, typer.Option(min=0.01, help="After which it counts as expired.")] = 24.0,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Put a design up as a live endpoint: here, without an account, or on AWS."""
    from datetime import timedelta

    from .live import deploying

    began = time.monotonic()
    planned = _planned(loaded(workload, region), design, handler, as_json)
    place = deploying.target(target, planned.workload.region, cloud)
    if target == "aws":
        _ask_before(planned, place, yes, as_json)
    with _watched("Deploying") as told:
        standing = deploying.stacks_of.up(
            planned.stack, planned.shipped, place, kept_for=timedelta(hours=hours), told=told
        )
        credentials = standing.credentials()
    answer = {**standing.to_dict(), "seconds": time.monotonic() - began}
    if credentials:
        answer["credentials"] = dict(credentials)
    out(answer, as_json, "deployed", answer)


def _planned(workload: Any, design: str | None, handler: str | None, as_json: bool) -> Plan:
    """What would be put up; a design that cannot be is answered with the nearest that can."""
    from .live import deploying

    try:
        return deploying.plan(workload, design, handler)
    except deploying.NotDeployableError as error:
        answer = {
            "deployable": False,
            "design": error.design.ids,
            "because": list(error.design.undeployable),
            "nearest": error.nearest.ids,
        }
        out(answer, as_json, "not_deployable", answer)
        raise typer.Exit(NO) from None


def _ask_before(planned: Plan, place: Any, yes: bool, as_json: bool) -> None:
    """Tell what is about to be made on AWS, and wait for a yes."""
    from .live.said import spoken

    with spoken("find the account"):
        account = place.account()
    told = {"account": account, "region": place.region, "design": planned.design.ids, **planned.estimate}
    if not as_json:
        out(told, False, "before_deploy", told)
    if not yes:
        if as_json or not sys.stdin.isatty():
            raise ExplorerError("--target aws makes what costs money: expected --yes to go on without asking")
        typer.confirm("Go on?", abort=True)


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


@contextmanager
def _watched(doing: str) -> Iterator[Told]:
    """Show on standard error what is being done, where a person looks."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{doing} ...") as status:
        yield lambda step: status.update(f"{doing}: {step} ...")


def bench(
    stack: StackName,
    rate: Annotated[
        str | None, typer.Option(metavar="R[,R...]", help="Requests a second; several are steps.")
    ] = None,
    duration: Annotated[float | None, typer.Option(help="Of the load, or of each step [s].")] = None,
    arrivals: Annotated[str, typer.Option(metavar="poisson|constant")] = "poisson",
    jobs: Annotated[int | None, typer.Option(min=1, help="So many in all, instead of a rate.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="With --jobs: so many at a time.")] = 1,
    runtime_s: Annotated[float | None, typer.Option(min=0, help="Of the work; else the p50.")] = None,
    response_bytes: Annotated[int | None, typer.Option(min=0, help="Of the result; else the p50.")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.parquet", help="A row a request.")
    ] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Runs, for intervals of confidence.")] = 1,
    warm_up: Annotated[int, typer.Option(min=0, help="Requests beforehand that do not count.")] = 0,
    seed: Annotated[int, typer.Option(help="Of the arrivals.")] = 1,
    max_requests: Annotated[int, typer.Option(min=1, help="More is refused.")] = 100_000,
    max_usd: Annotated[float, typer.Option(min=0, help="On AWS: what would cost more is refused.")] = 10.0,
    target: Where = None,
    region: Region = None,
    cloud: CloudName = "default",
    as_json: Json = False,
) -> None:
    """Put a stack under load: what was served, how fast, what was lost, what it cost."""
    from .live import deploying
    from .live.bench.run import Caps
    from .live.measuring import measure

    if output and output.suffix != ".parquet":
        raise ExplorerError(f"-o is {output}: expected a name that ends in .parquet")
    found = deploying.found(stack, target, region, cloud)
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
    answer = result.to_dict()
    out(answer, as_json, "benchmark", answer, output)
    raise typer.Exit(NO if answer["lost"] else 0)


def destroy(
    stack: StackName,
    target: Where = None,
    region: Region = None,
    cloud: CloudName = "default",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Remove a stack and everything that it made."""
    from .live import deploying

    found = deploying.found(stack, target, region, cloud)
    if found.target.name == "aws" and not yes:
        if as_json or not sys.stdin.isatty():
            raise ExplorerError(f"{stack} stands on AWS: expected --yes to remove it without asking")
        typer.confirm(
            f"Remove {stack} from AWS in {found.target.region}, with all that it holds?", abort=True
        )
    with _watched("Removing") as told:
        seconds = deploying.destroy(found, told)
    answer = {"stack": stack, "destroyed": True, "seconds": seconds}
    out(answer, as_json, "destroyed", answer)


def stacks(
    target: Where = None, region: Region = None, cloud: CloudName = "default", as_json: Json = False
) -> None:
    """List what stands, and what has expired."""
    from .live import deploying

    found = [standing.to_dict() for standing in deploying.stacks(target, region, cloud)]
    out({"stacks": found}, as_json, "standing", found)


def export(
    workload: WorkloadFile,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="A new or empty folder.")],
    design: Chosen = None,
    handler: Handler = None,
    region: Region = None,
    as_json: Json = False,
) -> None:
    """Write a design as a template, its functions' code and a client, ready to own."""
    from .live import deploying

    planned = _planned(loaded(workload, region), design, handler, as_json)
    written = deploying.export(planned, output)
    answer = {"design": planned.design.ids, "files": written}
    out(answer, as_json, "exported", output, len(written))


local = typer.Typer(cls=Commands, help="The local cloud, for this machine only: start, stop, status.")
Name = Annotated[str, typer.Option("--name", help="One of several side by side.")]


@local.command("start")
def cloud_start(name: Name = "default", region: Region = None, as_json: Json = False) -> None:
    """Start the local cloud, or find it running; print its address and its administrator's key."""
    from .facts import HOME_REGION
    from .live import cloud

    answer = cloud.start(name, region or HOME_REGION).to_dict()
    out(answer, as_json, "cloud", answer)


@local.command("stop")
def cloud_stop(name: Name = "default", as_json: Json = False) -> None:
    """End the local cloud and remove all that it holds."""
    from .live import cloud

    answer = {"running": False, "stopped": cloud.stop(name)}
    out(answer, as_json, "cloud_ended", answer["stopped"])


@local.command("status")
def cloud_status(name: Name = "default", as_json: Json = False) -> None:
    """Whether the local cloud runs, where, and what it can and cannot vouch for."""
    from .live import cloud

    answer = cloud.status(name).to_dict()
    out(answer, as_json, "cloud", answer)
