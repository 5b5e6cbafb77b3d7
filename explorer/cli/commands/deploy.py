"""`explorer deploy`, `destroy`, `stacks` and `export`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from explorer.cli.console import CLOUD_FAILED, NO, Fields, Json, WorkloadFile, load_workload, out
from explorer.cli.manners import note
from explorer.cli.prompts import (
    Alarms,
    CloudName,
    DesignChoice,
    Handler,
    Hours,
    JwtAudience,
    JwtIssuer,
    NewFolder,
    NewStackRegion,
    Place,
    StackName,
    StackRegion,
    Where,
    Yes,
    ask,
    interruptible,
    must_be_asked,
    note_endpoint,
    require_cloud,
    says_what_became,
    step_display,
)
from explorer.cli.tables import Row, SideNote, UnwrappedLine, table
from explorer.facts.key_value import format_pairs

if TYPE_CHECKING:
    from explorer.live.deployment.deploy import Plan


def deploy(
    context: typer.Context,
    workload: WorkloadFile,
    design: DesignChoice = None,
    target: Place = "local",
    handler: Handler = None,
    region: NewStackRegion = None,
    fields: Fields = None,
    cloud: CloudName = "default",
    hours: Hours = 24.0,
    jwt_issuer: JwtIssuer = None,
    jwt_audience: JwtAudience = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Deploy a design as a live endpoint: on this machine, without an account, or on AWS.

    On AWS it states the cost and asks first. A deployment that fails or is interrupted is removed again.
    """
    from datetime import timedelta

    require_cloud("explorer deploy", target)
    from explorer.live.deployment import create, deploy
    from explorer.live.deployment.target import Aws
    from explorer.live.deployment.target import target as place_of

    began = time.monotonic()
    interruptible(context)
    if target == "aws":
        must_be_asked(yes, as_json, "--target aws makes what costs money")
    tokens = (jwt_issuer, jwt_audience)
    planned = _plan(load_workload(workload, region, fields), design, handler, as_json, tokens)
    planned.check_target(target)
    name = create.new_name(planned.workload)
    place = place_of(target, planned.workload.region, cloud)
    before = {}
    if isinstance(place, Aws):
        before = _announce_stack(name, planned, place, hours, as_json)
        if not yes:
            ask("Go on?")
    with step_display("Deploying") as show_step, says_what_became(f"explorer destroy {name}{place.options}"):
        stack = deploy.deploy_plan(planned, place, name, timedelta(hours=hours), show_step)
        credentials = stack.credentials()
    answer = {**before, **stack.to_dict(), "seconds": time.monotonic() - began}
    if credentials:
        answer["credentials"] = dict(credentials)
    elif not stack.is_signed and not stack.tokens:
        answer["credentials"] = False  # the way a client takes it
    out(answer, as_json, deployment_lines, answer, place.options)


def _plan(
    workload: Any,
    design: str | None,
    handler: str | None,
    as_json: bool,
    tokens: tuple[str | None, str | None],
) -> Plan:
    """The deployment plan; for a design that cannot be deployed, name the nearest that can."""
    from explorer.analysis.answer import Answer
    from explorer.analysis.summary import nearest_miss_sentence, nothing_feasible_sentence
    from explorer.live.deployment import deploy

    answer = None if design else Answer(workload)
    if answer and not answer.feasible:
        note(f"{nothing_feasible_sentence(answer)} {nearest_miss_sentence(answer)} That design is taken.")
    try:
        return deploy.plan(workload, answer.nearest if answer else design, handler, None, *tokens)
    except deploy.NotDeployableError as error:
        refusal = {
            "deployable": False,
            "design": error.design.ids,
            "because": list(error.design.undeployable),
            "nearest": error.nearest.ids,
        }
        out(refusal, as_json, not_deployable, refusal)
        raise typer.Exit(NO) from None


def _announce_stack(name: str, planned: Plan, place: Any, hours: float, as_json: bool) -> dict[str, Any]:
    """Print the planned AWS resources, unless the answer is JSON; return them."""
    note_endpoint(place)
    announcement = {
        "stack": name,
        "account": place.account(),
        "region": place.region,
        "design": planned.design.ids,
        **planned.estimate,
    }
    if not as_json:
        out(announcement, False, before_deploy, announcement, hours)
    return announcement


def destroy(
    context: typer.Context,
    stack: StackName,
    target: Where = None,
    region: StackRegion = None,
    cloud: CloudName = "default",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Remove a stack with everything that it created: data, logs, code and stored values."""
    require_cloud("explorer destroy", target)
    from explorer.live.deployment import deploy

    interruptible(context)
    if target == "aws":
        must_be_asked(yes, as_json, f"{stack} stands on AWS")
    existing = deploy.find_deployed(stack, target, region, cloud)
    note_endpoint(existing.target)
    if target == "aws" and not yes:
        ask(f"Remove {stack} ({existing.state}) from {existing.target.place}, with all that it holds?")
    again = f"explorer destroy {stack}{existing.target.options}"
    with step_display("Removing") as show_step, says_what_became(again):
        seconds = deploy.destroy(existing, show_step)
    answer = {"stack": stack, "destroyed": True, "seconds": seconds}
    out(answer, as_json, removal_lines, answer)


def stacks(
    target: Where = None, region: StackRegion = None, cloud: CloudName = "default", as_json: Json = False
) -> None:
    """List the deployed, expired and half-made stacks; on AWS, of one region."""
    if target == "aws":
        require_cloud("explorer stacks", target)
    from explorer.live.cloud import supervisor
    from explorer.live.deployment import deploy

    where = deploy.targets_of(target, region, cloud)
    for place in where[:1]:
        note_endpoint(place)
    rows = [stack.to_dict() for stack in deploy.stacks_on(where)]
    ended = None if where else supervisor.status(cloud)
    if ended and ended.crashed:
        answer = {"stacks": rows, "crashed": True, "gone": list(ended.lost_stacks)}
        out(answer, as_json, crash_lines, ended.name, ended.lost_stacks)
        raise typer.Exit(CLOUD_FAILED)
    out({"stacks": rows}, as_json, stacks_table, rows, where[0].place if where else "the local cloud")


def export(
    workload: WorkloadFile,
    output: NewFolder,
    design: DesignChoice = None,
    handler: Handler = None,
    region: NewStackRegion = None,
    fields: Fields = None,
    alarms: Alarms = False,
    jwt_issuer: JwtIssuer = None,
    jwt_audience: JwtAudience = None,
    as_json: Json = False,
) -> None:
    """Write a design as a template, with its functions' code and a client, for your own repository.

    The template logs each request of an API and throttles beyond the workload's peak.
    """
    require_cloud("explorer export", None)
    from explorer.live.deployment import deploy

    tokens = (jwt_issuer, jwt_audience)
    planned = _plan(load_workload(workload, region, fields), design, handler, as_json, tokens)
    files = deploy.export(planned, output, alarms)
    answer = {"design": planned.design.ids, "files": files}
    out(answer, as_json, export_lines, output, len(files))


def deployment_lines(answer: Row, options: str) -> Iterator[RenderableType]:
    """A deployed endpoint: its address, and how to use it."""
    yield UnwrappedLine(f"{answer['stack']} stands on {_place(answer)}, up in {answer['seconds']:.1f} s:")
    yield UnwrappedLine(f"  {answer['url']}")
    yield UnwrappedLine(f"  design   {format_pairs(answer['design'])}")
    yield UnwrappedLine(f"  expires  {answer['expires']}")
    credentials = answer.get("credentials")
    for name, value in (credentials or {}).items():
        yield UnwrappedLine(f"  export {'AWS_' + name.upper()}={value}")
    if credentials is False:
        yield "Nobody signs: a load balancer does not ask who calls, and everyone on this machine may."
    elif jwt := answer.get("jwt"):
        yield UnwrappedLine(
            f"  tokens   of {jwt['issuer']} for {jwt['audience']}, in the header authorization"
        )
    elif credentials:
        yield "The key is a caller's: it opens this endpoint and nothing else, on this machine alone."
    yield SideNote(f"Next: explorer bench {answer['stack']} --jobs 20 --concurrency 4{options}")
    yield SideNote(f"Then: explorer destroy {answer['stack']}{options}")


def _place(answer: Row) -> str:
    return f"AWS in {answer['region']}" if answer["target"] == "aws" else "this machine's local cloud"


def not_deployable(answer: Row) -> Iterator[RenderableType]:
    """A design that cannot be deployed, and the nearest that can."""
    yield UnwrappedLine(f"Cannot be deployed: {format_pairs(answer['design'])}")
    yield from (Padding(f"- {why}", (0, 0, 0, 2)) for why in answer["because"])
    yield UnwrappedLine(f"The nearest that can: --design {format_pairs(answer['nearest'], ',')}")


def before_deploy(answer: Row, hours: float) -> Iterator[RenderableType]:
    """The planned AWS resources, and their cost."""
    yield UnwrappedLine(f"Stack    {answer['stack']}")
    yield UnwrappedLine(f"Account  {answer['account']}, {answer['region']}")
    yield UnwrappedLine(f"Design   {format_pairs(answer['design'])}")
    stands, each = answer["standing_usd_month"], answer["usd_per_1000_requests"]
    yield UnwrappedLine(
        f"Cost     about {stands:.2f} USD a month to stand, {each:.4f} USD for 1,000 requests"
    )
    yield UnwrappedLine(
        f"Expires  after {hours:g} hours: `stacks` will say so, and nothing but `destroy` removes it"
    )


def removal_lines(answer: Row) -> Iterator[RenderableType]:
    """A stack that was removed."""
    yield UnwrappedLine(f"{answer['stack']} is gone, with all that it made ({answer['seconds']:.1f} s)")


def crash_lines(name: str, lost_stacks: Sequence[str]) -> Iterator[RenderableType]:
    """A local cloud that crashed, and the stacks lost with it."""
    stood = ", ".join(lost_stacks) or "no stack"
    yield UnwrappedLine(f'The local cloud "{name}" crashed or was killed. With it went {stood}.')
    yield SideNote(
        "Put up again what is needed: explorer deploy. To clear what it wrote: explorer cloud stop"
    )


def stacks_table(rows: list[Row], place: str) -> Iterator[RenderableType]:
    """The existing stacks, and their problems."""
    if not rows:
        yield UnwrappedLine(f"No stack stands on {place}")
        return
    if rows[0]["target"] == "aws":
        yield UnwrappedLine(f"On {place}:")
    columns = ("stack", "target", "region", "created", "expires", "url")
    yield table(columns, map(_standing, rows), ("created", "region"))


def _standing(row: Row) -> tuple[str | Text, ...]:
    """The address of a stack, or its state if it cannot be called."""
    expires = Text(row["expires"] or "", "yellow" if row["expired"] else "")
    if row["expired"]:
        expires.append(", expired")
    reached = row["url"] or Text(row["state"].lower().replace("_", " "), "yellow")
    return row["stack"], row["target"], row["region"], row["created"] or "", expires, reached


def export_lines(folder: Path, files: int) -> Iterator[RenderableType]:
    """A design that was written to files."""
    yield SideNote(f"Wrote {files} files to {folder}. Next: {folder / 'README.md'}")
