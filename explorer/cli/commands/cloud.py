"""`explorer cloud`: the local cloud."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.padding import Padding

from explorer.cli.console import Command, Commands, Json, known_region, out, regions
from explorer.cli.tables import Row, UnwrappedLine, title
from explorer.facts.extras import require

local = typer.Typer(
    cls=Commands, add_completion=False, help="The local cloud, for this machine only: start, stop, status."
)
Name = Annotated[str, typer.Option("--name", help="One of several side by side.")]
Every = Annotated[bool, typer.Option("--all", help="Everything that it can and cannot vouch for.")]
FIRST = 3  # lines of each list: the answer fits on one screen
CloudRegion = Annotated[
    str | None,
    typer.Option(
        "--region",
        metavar="REGION",
        help="The region of AWS that it stands for.",
        autocompletion=regions,
        callback=known_region,
    ),
]


@local.command("start", cls=Command, epilog="Example: explorer cloud start")
def cloud_start(
    name: Name = "default", region: CloudRegion = None, every: Every = False, as_json: Json = False
) -> None:
    """Start the local cloud, or find it running; print its address and its administrator's key."""
    require("explorer cloud", "boto3", "hypercorn", "ministack", extra="cloud")
    from explorer.facts.catalogue import HOME_REGION
    from explorer.live.cloud import supervisor

    answer = supervisor.start(name, region or HOME_REGION).to_dict()
    out(answer, as_json, cloud, answer, every)


@local.command("stop", cls=Command, epilog="Example: explorer cloud stop")
def cloud_stop(name: Name = "default", as_json: Json = False) -> None:
    """End the local cloud and remove all that it holds."""
    from explorer.live.cloud import supervisor

    answer = {"running": False, "stopped": supervisor.stop(name)}
    out(answer, as_json, cloud_ended, answer["stopped"])


@local.command("status", cls=Command, epilog="Example: explorer cloud status --all")
def cloud_status(name: Name = "default", every: Every = False, as_json: Json = False) -> None:
    """Whether the local cloud runs, where, and what it can and cannot vouch for."""
    from explorer.live.cloud import supervisor

    answer = supervisor.status(name).to_dict()
    out(answer, as_json, cloud, answer, every)


def cloud(answer: Row, every: bool = True) -> Iterator[RenderableType]:
    """The local cloud: how to reach it, and what it can and cannot reproduce, the first lines or all."""
    if not answer["running"]:
        if answer.get("crashed"):
            lost_stacks = ", ".join(answer["gone"]) or "no stack"
            yield UnwrappedLine(f"The local cloud crashed or was killed. With it went {lost_stacks}.")
        yield "The local cloud is not running. Start it: explorer cloud start"
    else:
        key, url = answer["credentials"], answer["endpoint_url"]
        yield UnwrappedLine(f"The local cloud runs at {url}, for this machine only. For any AWS SDK:")
        region = answer["region"]  # SDKs differ in the name that they read
        yield UnwrappedLine(
            f"  export AWS_ENDPOINT_URL={url} AWS_REGION={region} AWS_DEFAULT_REGION={region}"
        )
        yield UnwrappedLine(f"  export AWS_ACCESS_KEY_ID={key['access_key_id']}")
        yield UnwrappedLine(f"  export AWS_SECRET_ACCESS_KEY={key['secret_access_key']}")
    for heading, part in (("It vouches for", "vouches_for"), ("It cannot vouch for", "cannot_vouch_for")):
        lines = answer[part] if every else answer[part][:FIRST]
        yield title(heading)
        yield from (Padding(f"- {line}", (0, 0, 0, 2)) for line in lines)
        if rest := len(answer[part]) - len(lines):
            yield f"  and {rest} more: explorer cloud status --all"


def cloud_ended(stopped: bool) -> Iterator[RenderableType]:
    """Whether there was a local cloud to stop."""
    yield "The local cloud is gone, with all that it held" if stopped else "No local cloud was running"
