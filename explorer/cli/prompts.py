"""Questions and notes of commands, and the options of commands that use a cloud."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.errors import ExplorerError

from .console import NO, Region, designs
from .manners import is_watched, note

if TYPE_CHECKING:
    from explorer.live.deployment.interrupts import OnStep
    from explorer.live.deployment.target import Target


def note_endpoint(place: Target) -> None:
    """Print the endpoint if the environment or the profile redirects calls from AWS to elsewhere."""
    address = getattr(place, "custom_endpoint", None)
    if address:
        note(f"--target aws goes to {address}, as AWS_ENDPOINT_URL or the profile says")


def must_be_asked(yes: bool, as_json: bool, why: str) -> None:
    """Raise if nobody can answer a question."""
    if not yes and (as_json or not someone_answers()):
        raise ExplorerError(f"{why}: expected --yes to go on without asking")


def require_cloud(user: str, target: str | None) -> None:
    """Raise, before anything is created, if the libraries of the target are not installed."""
    from explorer.facts.extras import require

    if target == "local":
        require(user, "boto3", "httpx2", "hypercorn", "ministack", extra="aws,cloud")
    else:
        require(user, "boto3", "httpx2", extra="aws")


def someone_answers() -> bool:
    """Whether a person can answer a question."""
    return sys.stdin.isatty()


def ask(question: str) -> None:
    """Ask a question; any answer but yes ends the command."""
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:  # Ctrl-C, or the end of the input
        agreed = False
    if not agreed:
        print("Nothing was changed", file=sys.stderr)
        raise typer.Exit(NO)


def interruptible(context: typer.Context) -> None:
    """Handle SIGTERM and SIGHUP like Ctrl-C: work that has begun is undone or reported."""
    from explorer.live.deployment.interrupts import treat_signals_as_ctrl_c

    context.find_root().call_on_close(treat_signals_as_ctrl_c())


@contextmanager
def says_what_became(remedy: str) -> Iterator[None]:
    """After an interruption, print the state of a stack, or the command that removes it if it is not known.

    From then on, and after the work has ended or failed, signals do not stop the command before its answer.
    """
    from explorer.live.deployment.interrupts import ignore_signals

    try:
        yield
    except KeyboardInterrupt as error:
        became = getattr(error, "__notes__", [f"What is left of it goes by: {remedy}"])
        print(f"Interrupted. {became[-1]}", file=sys.stderr)
        raise
    finally:
        ignore_signals()


@contextmanager
def step_display(doing: str) -> Iterator[OnStep]:
    """Show the current step on standard error if it is a terminal."""
    if not is_watched():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{doing} ...") as status:
        yield lambda step: status.update(f"{doing}: {step} ...")


def _region(says: str) -> Any:
    """The option --region for commands where it affects more than prices."""
    option = copy(Region.__metadata__[0])  # type: ignore[attr-defined]
    option.help = says
    return option


DesignChoice = Annotated[
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
    typer.Option(
        metavar="FILE.py:function",
        help="Your own work, as def handle(body, context); a sample that waits and answers if not given.",
    ),
]
Place = Annotated[
    str,
    typer.Option("--target", metavar="local|aws", help="local: on this machine, no account, no charge."),
]
Where = Annotated[
    str | None,
    typer.Option("--target", metavar="local|aws", help="Where it stands: the local cloud if not given."),
]
NewStackRegion = Annotated[str | None, _region("The region of the stack; the workload's own if not given.")]
StackRegion = Annotated[
    str | None,
    _region("Where it stands. On AWS the one of AWS_REGION, AWS_DEFAULT_REGION or the profile if not given."),
]
CloudName = Annotated[
    str, typer.Option("--cloud", metavar="NAME", help="The local cloud, where there are several.")
]
StackName = Annotated[
    str, typer.Argument(metavar="STACK", help="Its name, which `deploy` gave and `stacks` lists.")
]
Alarms = Annotated[
    bool,
    typer.Option(
        "--alarms", help="Also alarms for errors, throttles and lost jobs, and the topic they tell."
    ),
]
JwtIssuer = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Where client.auth is jwt: whose tokens count, as in their claim iss. On the local target the "
        "issuer must be reachable on this machine.",
    ),
]
JwtAudience = Annotated[
    str | None, typer.Option(metavar="TEXT", help="And whom they are for, as in their claim aud.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Go on without asking.")]
Hours = Annotated[
    float,
    typer.Option(
        metavar="HOURS",
        min=0.01,
        max=87_600,
        help="After which `stacks` calls it expired; nothing removes it.",
    ),
]
NewFolder = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="A new or empty folder.")]

# Options of a load.

Rate = Annotated[
    str | None,
    typer.Option(
        metavar="R[,R...]", help="Requests a second, the workload's peak if not given; several are steps."
    ),
]
Duration = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Of the load, or of each step: 20 if not given.")
]
Arrivals = Annotated[
    str, typer.Option(metavar="poisson|constant", help="At random, as clients come, or evenly.")
]
Jobs = Annotated[int | None, typer.Option(metavar="N", min=1, help="So many in all, in place of a rate.")]
Concurrency = Annotated[int, typer.Option(metavar="C", min=1, help="With --jobs: so many at a time.")]
Runtime = Annotated[
    float | None, typer.Option(metavar="SECONDS", min=0, help="Of the sample work; else the p50.")
]
Response = Annotated[
    int | None, typer.Option(metavar="N", min=0, help="Of the sample work's result; else the p50.")
]
Success = Annotated[
    float, typer.Option(metavar="SHARE", min=0, max=1, help="Of the jobs: exit 1 where fewer succeed.")
]
Rows = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE.parquet", help="A row a request.")]
Repeat = Annotated[int, typer.Option(metavar="N", min=1, help="Runs, for intervals of confidence.")]
WarmUp = Annotated[int, typer.Option(metavar="N", min=0, help="Requests before that do not count.")]
Seed = Annotated[int, typer.Option(metavar="N", help="Of the arrivals.")]
MostRequests = Annotated[int, typer.Option(metavar="N", min=1, help="More is refused.")]
MostUsd = Annotated[
    float, typer.Option(metavar="USD", min=0, help="On AWS: what would cost more is refused.")
]


def has_browser() -> bool:
    """Whether a graphical browser exists: a text browser would hide this terminal."""
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True
