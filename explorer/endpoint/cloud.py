"""`explorer cloud`: the local cloud."""

from __future__ import annotations

from typing import Annotated

import typer

from ..console import Commands, Json, Region, out

local = typer.Typer(cls=Commands, help="The local cloud, for this machine only: start, stop, status.")
Name = Annotated[str, typer.Option("--name", help="One of several side by side.")]


@local.command("start")
def cloud_start(name: Name = "default", region: Region = None, as_json: Json = False) -> None:
    """Start the local cloud, or find it running; print its address and its administrator's key."""
    from explorer.facts.catalogue import HOME_REGION
    from explorer.live.cloud import supervisor

    answer = supervisor.start(name, region or HOME_REGION).to_dict()
    out(answer, as_json, "cloud", answer)


@local.command("stop")
def cloud_stop(name: Name = "default", as_json: Json = False) -> None:
    """End the local cloud and remove all that it holds."""
    from explorer.live.cloud import supervisor

    answer = {"running": False, "stopped": supervisor.stop(name)}
    out(answer, as_json, "cloud_ended", answer["stopped"])


@local.command("status")
def cloud_status(name: Name = "default", as_json: Json = False) -> None:
    """Whether the local cloud runs, where, and what it can and cannot vouch for."""
    from explorer.live.cloud import supervisor

    answer = supervisor.status(name).to_dict()
    out(answer, as_json, "cloud", answer)
