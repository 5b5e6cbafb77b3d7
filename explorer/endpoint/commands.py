"""`explorer deploy`, `destroy`, `stacks` and `export`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import typer

from ..console import NO, Json, WorkloadFile, loaded, out
from .manners import ask, interruptible, must_be_asked, says_what_became, warned, watched
from .options import (
    Chosen,
    CloudName,
    Handler,
    Hours,
    NewFolder,
    Place,
    Planned,
    StackName,
    Stood,
    Where,
    Yes,
)

if TYPE_CHECKING:
    from explorer.live.deployment.deploy import Plan


def deploy(
    context: typer.Context,
    workload: WorkloadFile,
    design: Chosen = None,
    target: Place = "local",
    handler: Handler = None,
    region: Planned = None,
    cloud: CloudName = "default",
    hours: Hours = 24.0,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Put a design up as a live endpoint: on this machine, without an account, or on AWS.

    On AWS, what it costs is told and asked about first. What fails or is interrupted is taken down again.
    """
    from datetime import timedelta

    from explorer.live.deployment import deploy

    began = time.monotonic()
    interruptible(context)
    if target == "aws":
        must_be_asked(yes, as_json, "--target aws makes what costs money")
    planned = _planned(loaded(workload, region), design, handler, as_json)
    name = deploy.stacks_of.named(planned.workload)
    place = deploy.target(target, planned.workload.region, cloud)
    before = {}
    if isinstance(place, deploy.Aws):
        before = _told_before(name, planned, place, hours, as_json)
        if not yes:
            ask("Go on?")
    with watched("Deploying") as told, says_what_became(f"explorer destroy {name}{place.options}"):
        standing = deploy.up(planned, place, name, timedelta(hours=hours), told)
        credentials = standing.credentials()
    answer = {**before, **standing.to_dict(), "seconds": time.monotonic() - began}
    if credentials:
        answer["credentials"] = dict(credentials)
    out(answer, as_json, "deployed", answer, place.options)


def _planned(workload: Any, design: str | None, handler: str | None, as_json: bool) -> Plan:
    """What would be put up; a design that cannot be is answered with the nearest that can."""
    from explorer.live.deployment import deploy

    try:
        return deploy.plan(workload, design, handler)
    except deploy.NotDeployableError as error:
        answer = {
            "deployable": False,
            "design": error.design.ids,
            "because": list(error.design.undeployable),
            "nearest": error.nearest.ids,
        }
        out(answer, as_json, "not_deployable", answer)
        raise typer.Exit(NO) from None


def _told_before(name: str, planned: Plan, place: Any, hours: float, as_json: bool) -> dict[str, Any]:
    """Tell what is about to be made on AWS; what is told."""
    warned(place)
    told = {
        "stack": name,
        "account": place.account(),
        "region": place.region,
        "design": planned.design.ids,
        **planned.estimate,
    }
    if not as_json:
        out(told, False, "before_deploy", told, hours)
    return told


def destroy(
    context: typer.Context,
    stack: StackName,
    target: Where = None,
    region: Stood = None,
    cloud: CloudName = "default",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Remove a stack and everything that it made: what it holds, its logs, its code, its values."""
    from explorer.live.deployment import deploy

    interruptible(context)
    if target == "aws":
        must_be_asked(yes, as_json, f"{stack} stands on AWS")
    found = deploy.there(stack, target, region, cloud)
    warned(found.target)
    if target == "aws" and not yes:
        ask(f"Remove {stack} ({found.state}) from {found.target.place}, with all that it holds?")
    again = f"explorer destroy {stack}{found.target.options}"
    with watched("Removing") as told, says_what_became(again):
        seconds = deploy.destroy(found, told)
    answer = {"stack": stack, "destroyed": True, "seconds": seconds}
    out(answer, as_json, "destroyed", answer)


def stacks(
    target: Where = None, region: Stood = None, cloud: CloudName = "default", as_json: Json = False
) -> None:
    """List what stands, what has expired, and what is half made; on AWS, in one region."""
    from explorer.live.deployment import deploy

    where = deploy.places(target, region, cloud)
    for place in where[:1]:
        warned(place)
    found = [stack.to_dict() for stack in deploy.all_on(where)]
    out({"stacks": found}, as_json, "standing", found, where[0].place if where else "the local cloud")


def export(
    workload: WorkloadFile,
    output: NewFolder,
    design: Chosen = None,
    handler: Handler = None,
    region: Planned = None,
    as_json: Json = False,
) -> None:
    """Write a design as a template, its functions' code and a client, ready to own."""
    from explorer.live.deployment import deploy

    planned = _planned(loaded(workload, region), design, handler, as_json)
    written = deploy.export(planned, output)
    answer = {"design": planned.design.ids, "files": written}
    out(answer, as_json, "exported", output, len(written))
