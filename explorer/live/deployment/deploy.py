"""The entry of deployments: plan and price a stack, deploy it, find it, and remove it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from explorer.analysis.choice import Choice, complete_design
from explorer.engine.cost import cost as bill_of
from explorer.engine.designs import Design, table
from explorer.engine.sizing import sized_conditions
from explorer.errors import CloudError, ExplorerError
from explorer.facts.atomic_write import atomic_folder
from explorer.facts.suggestions import expected_one_of
from explorer.live.cloud import supervisor
from explorer.live.cloud.provisioned import MOST
from explorer.options.base.conditions import Conditions
from explorer.options.base.resources import Variable
from explorer.workload.workload import Workload

from . import create, teardown
from .create import KEPT_FOR
from .handler_import import import_handler
from .interrupts import OnStep
from .package import shipped_files, user_handler, with_settings
from .registry import DeployedStack, Standing, find_stack, list_stacks
from .target import TARGETS, Aws, Local, Target, local_regions, target
from .template import Stack, stack_of
from .token_source import check_issuer, token_values

SAMPLE_REQUESTS = 1000  # requests whose cost is shown before anything is created


class NotDeployableError(ExplorerError):
    """A design that no target can deploy, with the reason and the nearest deployable design."""

    def __init__(self, design: Design, nearest: Design) -> None:
        self.design, self.nearest = design, nearest
        why = "; ".join(design.undeployable)
        super().__init__(f"design {design} cannot be deployed: {why}. The nearest that can: {nearest}")


@dataclass(frozen=True)
class Plan:
    """A deployment before it is carried out: nothing of it exists yet."""

    stack: Stack
    shipped: Mapping[str, bytes]
    packages: tuple[str, ...] = ()  # packages that the work imports and nobody ships

    def __repr__(self) -> str:
        return f"Plan({self.workload.name!r}, {self.design}, {len(self.shipped)} files)"

    def check_target(self, target_name: str) -> None:
        """Raise ExplorerError if the design or its work needs what this target does not have."""
        ready = self.stack.provisioned_environments
        if self.stack.takes_tokens:
            check_issuer(self.stack.values, target_name)
        if target_name == "local" and ready > MOST:
            raise ExplorerError(
                f"the design keeps {ready} environments ready, and the local cloud at most {MOST}: "
                "expected --target aws, or a lower peak_rps"
            )
        if target_name == "local" and self.design.flow.distribution:
            raise ExplorerError(
                "the design has a distribution in front of a function URL, and the local cloud serves none: "
                "expected --target aws, or edge=none"
            )
        if target_name == "aws" and self.stack.missing:
            raise ExplorerError(
                f"the design asks for {' and '.join(self.stack.missing)}, which only the owner of an account "
                "can give: expected --target local; or `explorer export`, whose README says how to deploy"
            )
        if target_name == "aws" and self.packages:
            raise ExplorerError(
                f"handler imports {', '.join(self.packages)}: Lambda has no copy, and the one file alone is "
                "shipped: expected only the standard library and boto3; or `explorer export`, and put it "
                "beside the functions"
            )

    @property
    def design(self) -> Design:
        """The design that is deployed."""
        return self.stack.design

    @property
    def workload(self) -> Workload:
        """The workload that it is deployed for."""
        return self.stack.workload

    def usd(self, requests: float) -> float:
        """The cost of this many requests in a month, including the fixed monthly cost [USD]."""
        rate = {"requests_per_month": max(requests, 1.0), "peak_rps": max(requests, 1.0) / 3600}
        if self.stack.provisioned_environments:  # as many as the workload's own peak needs
            rate["peak_rps"] = float(Conditions(self.workload).peak_rps)
        return float(bill_of(self.workload.without_current().replace(rate), self.design).total_usd)

    @cached_property
    def estimate(self) -> Mapping[str, float]:
        """The costs shown in advance: fixed [USD/month], and of 1,000 requests [USD]."""
        standing_usd = self.usd(1)
        return {
            "standing_usd_month": standing_usd,
            "usd_per_1000_requests": self.usd(SAMPLE_REQUESTS) - standing_usd,
        }


def plan(
    workload: Workload,
    design: Any = None,
    handler: str | None = None,
    settings: Mapping[str, Any] | None = None,
    jwt_issuer: str | None = None,
    jwt_audience: str | None = None,
) -> Plan:
    """The deployment of a workload, before it is carried out.

    Parameters
    ----------
    workload
        What it is deployed for.
    design
        As `explorer.assess` takes it (default: the recommended design, or the nearest to feasible).
    handler
        "FILE.py:function" of the user's own work (default: the sample work).
    settings
        Of the shipped code, in place of the model's, such as {"slice_steps": 1}.
    jwt_issuer, jwt_audience
        Of the tokens, where `client.auth` is jwt.

    Returns
    -------
    Plan
        The plan, to deploy or to export.

    Raises
    ------
    NotDeployableError
        For a design that cannot be deployed.
    ExplorerError
        For a handler that could not work (it is imported here), or for an issuer or audience without a door
        that checks tokens.

    Examples
    --------
    >>> w = ex.Workload.load(ex.examples()["statements"])
    >>> ex.live.plan(w).design.response
    'stored'
    """
    complete = complete_design(workload, design) if design else Choice(workload).nearest
    if complete.undeployable:
        raise NotDeployableError(complete, nearest_deployable(workload, complete))
    path, function = user_handler(handler) if handler else (None, "")
    stack = stack_of(workload, complete, sized_conditions(workload, complete))
    stack = replace(stack, values=token_values(stack, jwt_issuer, jwt_audience))
    shipped = shipped_files(stack, path, function, settings)
    if not handler or path is None:
        return Plan(stack, shipped)
    work = import_handler(handler, path.stem, function, shipped, _work_environment(stack))
    if not work.has_check:
        shipped = with_settings(shipped, check="")
    return Plan(replace(stack, handler=f"{path.stem}:{function}"), shipped, work.packages)


def _work_environment(stack: Stack) -> dict[str, str]:
    """The environment of the work; a value that only an existing stack has is replaced by its name."""
    variables = {each.name: each.value for each in stack.of(Variable) if each.part == "work"}
    values = {name: value if isinstance(value, str) else name for name, value in variables.items()}
    region = dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), stack.workload.region)
    return {**region, "AWS_LAMBDA_FUNCTION_NAME": "stack-work", **values, **stack.environment_entries()}


def nearest_deployable(workload: Workload, design: Design) -> Design:
    """The deployable design that differs least, preferably a feasible one, then the cheapest."""
    answer = Choice(workload.without_current())
    evaluation = answer.evaluation
    score = evaluation.score_usd(answer.part_usd)
    deployable = [
        (not np.isfinite(score[i]), other.differs_from(design), score[i], i)
        for i, other in enumerate(evaluation.designs)
        if other.deployable
    ]
    if deployable:
        return evaluation.designs[min(deployable)[-1]]
    return min((d for d in table().designs if d.deployable), key=design.differs_from)


def deploy(
    workload: Workload,
    design: Any = None,
    target: str | Target = "local",
    handler: str | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    jwt_issuer: str | None = None,
    jwt_audience: str | None = None,
    cloud: str = "default",
    kept_for: timedelta = KEPT_FOR,
    on_step: OnStep = lambda _: None,
) -> Standing:
    """Deploy the recommended design, or the given one, as a live endpoint.

    An interruption leaves nothing.

    Parameters
    ----------
    workload, design, handler, settings, jwt_issuer, jwt_audience
        See `plan`.
    target
        "local" (the embedded local cloud, started if it does not run) or "aws".
    cloud
        Name of the local cloud.
    kept_for
        After this time the stack counts as expired.
    on_step
        Called with the name of each step that begins.

    Returns
    -------
    Standing
        The deployed stack.

    Raises
    ------
    NotDeployableError
        For a design that cannot be deployed.
    CloudError
        With the message of the cloud.
    """
    planned = plan(workload, design, handler, settings, jwt_issuer, jwt_audience)
    return deploy_plan(planned, _target(target, workload.region, cloud), kept_for=kept_for, on_step=on_step)


def deploy_plan(
    planned: Plan,
    place: Target,
    name: str | None = None,
    kept_for: timedelta = KEPT_FOR,
    on_step: OnStep = lambda _: None,
) -> Standing:
    """Deploy a plan: see `deploy`."""
    planned.check_target(place.name)
    try:
        return create.create_stack(planned.stack, planned.shipped, place, name, kept_for, on_step)
    except BaseException:
        with suppress(ExplorerError):
            place.stop_if_last()
        raise


def _target(place: str | Target, region: str, cloud: str) -> Target:
    return target(place, region, cloud) if isinstance(place, str) else place


def find_standing(
    name: str, on: str | None = None, region: str | None = None, cloud: str = "default"
) -> Standing:
    """The deployed stack with this name, on the local cloud or on AWS.

    Parameters
    ----------
    name
        Of the stack.
    on
        "local" or "aws" (default: local).
    region
        Of the stack (default: on AWS, the configured region).
    cloud
        Name of the local cloud.

    Raises
    ------
    ExplorerError
        If there is none, or if it is not complete.

    Examples
    --------
    >>> ex.live.find_standing("orders", cloud="not-started")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    explorer.errors.ExplorerError: stack is "orders": there is none on the local cloud; ...
    """
    stack = find_deployed(name, on, region, cloud)
    if isinstance(stack, Standing):
        return stack
    raise ExplorerError(
        f'stack is "{name}": it is {stack.state} on {stack.target.place}, and cannot be used: expected a '
        f"complete one of this version. To remove it: explorer destroy {name}"
        f"{stack.target.options}"
    )


def find_deployed(
    name: str, on: str | None = None, region: str | None = None, cloud: str = "default"
) -> DeployedStack:
    """The stack with this name, complete or not. Raises ExplorerError if there is none."""
    targets = targets_of(on, region, cloud)
    for place in targets:
        stack = find_stack(name, place)
        if stack:
            return stack
    if on != "aws" and name in (cloud_status := supervisor.status(cloud)).lost_stacks:
        raise CloudError(
            f'stack is "{name}": it was lost with the local cloud "{cloud_status.name}", which crashed'
        )
    if on == "aws":
        location = f"{targets[0].place}; elsewhere: --region"
    else:
        location = "the local cloud; if it is on AWS: --target aws"
    raise ExplorerError(f'stack is "{name}": there is none on {location}')


def stacks(on: str | None = None, region: str | None = None, cloud: str = "default") -> list[DeployedStack]:
    """The stacks on a target, complete or not, oldest first.

    Parameters
    ----------
    on
        "local" or "aws" (default: local).
    region
        Of the stacks (default: on AWS, the configured region).
    cloud
        Name of the local cloud.

    Examples
    --------
    >>> ex.live.stacks(cloud="not-started")
    []
    """
    return stacks_on(targets_of(on, region, cloud))


def stacks_on(where: Iterable[Target]) -> list[DeployedStack]:
    """The stacks on several targets."""
    return [stack for place in where for stack in list_stacks(place)]


def targets_of(on: str | None, region: str | None, cloud: str) -> list[Target]:
    """Where a stack may be: the local cloud if it runs, or AWS in the given or configured region."""
    if on == "aws":
        return [Aws(region)]
    if on not in {None, "local"}:
        raise ExplorerError(f'target is "{on}": {expected_one_of(TARGETS)}')
    running = supervisor.status(cloud)
    regions = (region,) if region else local_regions(running)
    return [Local(each, running) for each in regions] if running.running else []


def destroy(stack: str | DeployedStack, on_step: OnStep = lambda _: None, **where: Any) -> float:
    """Remove a stack and all that it made.

    Parameters
    ----------
    stack
        The stack, or its name.
    on_step
        Called with the name of each step that begins.
    **where
        `on`, `region` and `cloud`, as for `find_standing`.

    Returns
    -------
    float
        The time that it took [s].

    Raises
    ------
    ExplorerError
        If there is none of this name.
    CloudError
        With the message of the cloud.

    Examples
    --------
    >>> ex.live.destroy("orders", cloud="not-started")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    explorer.errors.ExplorerError: stack is "orders": there is none on the local cloud; ...
    """
    deployed = find_deployed(stack, **where) if isinstance(stack, str) else stack
    began_s = time.monotonic()
    teardown.remove_stack(deployed.name, deployed.target, on_step)
    return time.monotonic() - began_s


def export(planned: Plan, folder: Path, alarms: bool = False) -> list[Path]:
    """Write a plan as files: the template, the functions, a client, and a README on how to deploy them.

    Parameters
    ----------
    planned
        The plan.
    folder
        A new or empty folder.
    alarms
        Whether to add alarms for errors and lost jobs; access logs and throttles are always there.

    Returns
    -------
    list[Path]
        The paths of the files.

    Raises
    ------
    ExplorerError
        If the folder is not empty.

    Examples
    --------
    >>> w = ex.Workload.load(ex.examples()["statements"])
    >>> files = ex.live.export(ex.live.plan(w), Path("statements"))
    >>> sorted({path.parts[1] for path in files})
    ['README.md', 'client', 'functions', 'template.json']
    """
    from .export import contents

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExplorerError(f"{folder}: is there already: expected a new or empty folder")
    files = contents(planned.stack, planned.shipped, alarms)
    with atomic_folder(folder) as part:
        for name, content in files.items():
            path = part / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return [folder / name for name in files]
