"""A workload to an endpoint that stands, what it will cost, and back to nothing."""

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

from . import create as stacks_of
from . import teardown
from .create import KEPT_FOR
from .handler_import import imported
from .interrupts import OnStep
from .package import files, user_handler, with_settings
from .registry import DeployedStack, Standing, all_standing, standing
from .target import TARGETS, Aws, Local, Target, local_regions, target
from .template import Stack, stack_of

SAMPLE_REQUESTS = 1000  # whose cost is shown before anything is made


class NotDeployableError(ExplorerError):
    """A design that no target can put up, why, and the nearest that one can."""

    def __init__(self, design: Design, nearest: Design) -> None:
        self.design, self.nearest = design, nearest
        why = "; ".join(design.undeployable)
        super().__init__(f"design {design} cannot be put up: {why}. The nearest that can: {nearest}")


@dataclass(frozen=True)
class Plan:
    """What is about to be put up: nothing of it stands yet."""

    stack: Stack
    shipped: Mapping[str, bytes]
    packages: tuple[str, ...] = ()  # that the work imports, and that no one ships

    def __repr__(self) -> str:
        return f"Plan({self.workload.name!r}, {self.design}, {len(self.shipped)} files)"

    def must_work_on(self, target_name: str) -> None:
        """Raise ExplorerError if the design or its work needs what this target does not have."""
        if target_name == "local" and self.stack.provisioned > MOST:
            raise ExplorerError(
                f"the design keeps {self.stack.provisioned} environments ready, and the local cloud at most "
                f"{MOST}: expected --target aws, or a lower peak_rps"
            )
        if target_name == "aws" and self.stack.missing:
            raise ExplorerError(
                f"the design asks for {' and '.join(self.stack.missing)}, which its owner alone has: "
                "expected --target local; or `explorer export`, whose README says how it is put up"
            )
        if target_name == "aws" and self.packages:
            raise ExplorerError(
                f"handler imports {', '.join(self.packages)}: Lambda has no copy, and the one file alone is "
                "shipped: expected what Python and boto3 bring along; or `explorer export`, and put it "
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
        """What so many requests in a month cost, and the standing of the stack with them [USD]."""
        rate = {"requests_per_month": max(requests, 1.0), "peak_rps": max(requests, 1.0) / 3600}
        if self.stack.provisioned:  # as many as the workload's own peak needs
            rate["peak_rps"] = float(Conditions(self.workload).peak_rps)
        return float(bill_of(self.workload.without_current().replace(rate), self.design).total_usd)

    @cached_property
    def estimate(self) -> Mapping[str, float]:
        """What is shown before anything is made: USD a month of standing, and of so many requests."""
        stands = self.usd(1)
        return {"standing_usd_month": stands, "usd_per_1000_requests": self.usd(SAMPLE_REQUESTS) - stands}


def plan(
    workload: Workload,
    design: Any = None,
    handler: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Plan:
    """What would be put up for a workload.

    Parameters
    ----------
    design : as `explorer.assess` takes it; the recommended one, or else the nearest miss, if none
    handler : "FILE.py:function" of the user's own work; the sample work if none
    settings : of the code that is shipped, other than the model's, such as {"slice_steps": 1}

    Raises NotDeployableError, ExplorerError for a handler that could not work: it is imported here.

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
    shipped = files(stack, path, function, settings)
    if not handler or path is None:
        return Plan(stack, shipped)
    work = imported(handler, path.stem, function, shipped, _seen_by_work(stack))
    if not work.has_check:
        shipped = with_settings(shipped, check="")
    return Plan(replace(stack, handler=f"{path.stem}:{function}"), shipped, work.packages)


def _seen_by_work(stack: Stack) -> dict[str, str]:
    """The environment of the work, what only a stack that stands has named by itself."""
    variables = {each.name: each.value for each in stack.of(Variable) if each.part == "work"}
    own = {name: value if isinstance(value, str) else name for name, value in variables.items()}
    region = dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), stack.workload.region)
    return {**region, "AWS_LAMBDA_FUNCTION_NAME": "stack-work", **own, **stack.environment_entries()}


def nearest_deployable(workload: Workload, design: Design) -> Design:
    """The deployable design that differs least: a feasible one if there is any, then the cheapest."""
    answer = Choice(workload.without_current())
    evaluation = answer.evaluation
    score = evaluation.score_usd(answer.part_usd)
    able = [
        (not np.isfinite(score[i]), other.differs_from(design), score[i], i)
        for i, other in enumerate(evaluation.designs)
        if other.deployable
    ]
    if able:
        return evaluation.designs[min(able)[-1]]
    return min((d for d in table().designs if d.deployable), key=design.differs_from)


def deploy(
    workload: Workload,
    design: Any = None,
    target: str | Target = "local",
    handler: str | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    cloud: str = "default",
    kept_for: timedelta = KEPT_FOR,
    on_step: OnStep = lambda _: None,
) -> Standing:
    """Put the recommended, or a given, design up as a live endpoint.

    Parameters
    ----------
    workload, design, handler, settings : see `plan`
    target : "local" (the embedded local cloud, started if it does not run) or "aws"
    cloud : the local cloud's name
    kept_for : after which time the stack counts as expired
    on_step : is called with each thing that is begun

    Raises NotDeployableError, CloudError with what the cloud said; an interruption leaves nothing.
    """
    planned = plan(workload, design, handler, settings)
    return up(planned, _target(target, workload.region, cloud), kept_for=kept_for, on_step=on_step)


def up(
    planned: Plan,
    place: Target,
    name: str | None = None,
    kept_for: timedelta = KEPT_FOR,
    on_step: OnStep = lambda _: None,
) -> Standing:
    """Put a plan up: see `deploy`."""
    planned.must_work_on(place.name)
    try:
        return stacks_of.up(planned.stack, planned.shipped, place, name, kept_for, on_step)
    except BaseException:
        with suppress(ExplorerError):
            place.leave()
        raise


def _target(place: str | Target, region: str, cloud: str) -> Target:
    return target(place, region, cloud) if isinstance(place, str) else place


def find_standing(
    name: str, on: str | None = None, region: str | None = None, cloud: str = "default"
) -> Standing:
    """The stack of a name that stands: on the local cloud, or on AWS if it is asked for.

    Raises ExplorerError if there is none, or if it is not whole.

    Examples
    --------
    >>> ex.live.find_standing("orders", cloud="not-started")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    explorer.errors.ExplorerError: stack is "orders": there is none on the local cloud; ...
    """
    stack = there(name, on, region, cloud)
    if isinstance(stack, Standing):
        return stack
    raise ExplorerError(
        f'stack is "{name}": it is {stack.state} on {stack.target.place}, and cannot be used: expected one '
        f"that stands and was put up by this version. To remove it: explorer destroy {name}"
        f"{stack.target.options}"
    )


def there(
    name: str, on: str | None = None, region: str | None = None, cloud: str = "default"
) -> DeployedStack:
    """The stack of a name, whole or not. Raises ExplorerError if there is none."""
    many = places(on, region, cloud)
    for place in many:
        stack = standing(name, place)
        if stack:
            return stack
    if on != "aws" and name in (ended := supervisor.status(cloud)).lost_stacks:
        raise CloudError(f'stack is "{name}": it went with the local cloud "{ended.name}", which crashed')
    if on == "aws":
        where = f"{many[0].place}; elsewhere: --region"
    else:
        where = "the local cloud; if it is on AWS: --target aws"
    raise ExplorerError(f'stack is "{name}": there is none on {where}')


def stacks(on: str | None = None, region: str | None = None, cloud: str = "default") -> list[DeployedStack]:
    """The stacks that are there on a target, whole or not, oldest first.

    Examples
    --------
    >>> ex.live.stacks(cloud="not-started")
    []
    """
    return all_on(places(on, region, cloud))


def all_on(where: Iterable[Target]) -> list[DeployedStack]:
    """The stacks that are there on several targets."""
    return [stack for place in where for stack in all_standing(place)]


def places(on: str | None, region: str | None, cloud: str) -> list[Target]:
    """Where a stack may be: the local cloud if it runs, or AWS in the region that is given or configured."""
    if on == "aws":
        return [Aws(region)]
    if on not in {None, "local"}:
        raise ExplorerError(f'target is "{on}": {expected_one_of(TARGETS)}')
    running = supervisor.status(cloud)
    regions = (region,) if region else local_regions(running)
    return [Local(each, running) for each in regions] if running.running else []


def destroy(stack: str | DeployedStack, on_step: OnStep = lambda _: None, **where: Any) -> float:
    """Remove a stack and all that it made; the seconds that it took.

    Raises ExplorerError if there is none of this name, CloudError with what the cloud said.

    Examples
    --------
    >>> ex.live.destroy("orders", cloud="not-started")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    explorer.errors.ExplorerError: stack is "orders": there is none on the local cloud; ...
    """
    deployed = there(stack, **where) if isinstance(stack, str) else stack
    began = time.monotonic()
    teardown.down(deployed.name, deployed.target, on_step)
    return time.monotonic() - began


def export(planned: Plan, folder: Path, alarms: bool = False) -> list[Path]:
    """Write a plan as files: the template, the functions, a client, and how to put them up.

    The template has access logs and throttles, and with `alarms` those for errors and lost jobs.

    Raises ExplorerError if the folder holds something already.

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
