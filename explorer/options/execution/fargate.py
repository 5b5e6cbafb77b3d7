"""A container task for each job."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explorer.options.base.conditions import Conditions
from explorer.options.base.containers import interrupted_share, smallest_task, sold_tasks, spot_s, uses_spot
from explorer.options.base.limit_uses import FixedUse, LimitUse, PeakDemand
from explorer.options.base.mask import Mask
from explorer.options.base.option import Exclusion
from explorer.options.base.paths import Paths
from explorer.options.base.private_network import CONTAINER_CALLS, interface_endpoints, work_network
from explorer.options.base.public_network import (
    SUBNETS,
    TASK_GROUP,
    public_network,
    task_group,
    unbuilt_network,
)
from explorer.options.base.request_path import (
    Actor,
    Billing,
    Compute,
    HandOver,
    Phase,
    RequestPath,
    Start,
    Step,
)
from explorer.options.base.resources import (
    RESULTS,
    TASK,
    Allow,
    Resource,
    Setting,
    TaskRole,
    TemplatePiece,
    Variable,
    attribute,
    objects,
    own_arn,
    own_name,
    ref,
    statement,
    statement_of,
)
from explorer.options.base.usage import UsageLines
from explorer.options.base.usage_lines import container_logs, job_hours

from .base import Execution, too_large

TASKS = Compute("container task", "container task", Start.PER_JOB, Billing.TASK_TIME)


class Fargate(Execution):
    """A container task for each job, started when the job arrives."""

    id = "fargate"
    deployable = True
    jobs_only = True
    summary = "a Fargate task for each job"
    phrase = "a Fargate task for each job"
    parts = ("cluster", "task definition and image", "network", "task roles")
    provides = {"compute": TASKS}
    hand_over_limit = "ecs.overrides"

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        yield from too_large(load)

    def sells(self, load: Conditions) -> Mask:
        return sold_tasks(load)

    def task_size(self, load: Conditions) -> tuple[float, float]:
        vcpu, gb = smallest_task(load)
        return float(vcpu), float(gb)

    def unbuilt(self, load: Conditions, flow: RequestPath) -> Iterable[str]:
        yield from unbuilt_network(load)

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield from self.offloaded_uses(load, path)
        yield FixedUse("fargate.task", load.memory_gb, is_setting=True)
        yield from self.downstream(load, path)
        seconds, (vcpu, _) = load.runtime.mean + load.typical_s("ecs.start"), smallest_task(load)
        for quota, here in (("fargate.vcpu", ~uses_spot(load)), ("fargate.spot.vcpu", uses_spot(load))):
            if here.any():
                yield PeakDemand(quota, [load.peak_rps * seconds], vcpu, where=here)
        yield PeakDemand("ecs.runtask.rate", [load.peak_rps])
        # task launches use a token bucket: while it refills once, at most its capacity may start
        rate, burst = load.limit("fargate.launch.rate"), load.limit("fargate.launch.burst")
        yield FixedUse("fargate.launch.rate", load.peak_rps)
        yield PeakDemand("fargate.launch.burst", [load.peak_rps * burst / rate])

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        start, least = load.typical_s("ecs.start"), load.constant("fargate.billed_min_s")
        billed = least + load.runtime.excess(least - start)
        if (spot := uses_spot(load)).any():
            billed = billed + spot * (spot_s(load) - load.runtime.mean)
        yield from job_hours(load, load.requests * billed / 3600)
        yield from container_logs(load)
        yield from self.by_reference(load, path)
        yield from work_network(load)
        yield from interface_endpoints(load, *CONTAINER_CALLS)

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        yield Step(Phase.QUEUE, "start a task", (Actor.FRONT, Actor.WORKER), load.time("ecs.start"))
        yield from super().steps(load, path)
        if (spot := uses_spot(load)).any():
            again = load.time("ecs.start") + load.at_levels("runtime")
            seconds = spot * load.when_cold(interrupted_share(load), again)
            yield Step(
                Phase.WORK, "begin again what was stopped", (Actor.WORKER, Actor.WORKER), seconds, order=1
            )

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        vcpu, gb = self.task_size(load)
        yield from public_network()
        yield task_group()
        providers = {"CapacityProviders": ["FARGATE", "FARGATE_SPOT"]}
        yield Resource("Cluster", "AWS::ECS::Cluster", providers)
        yield TaskRole("work", TASK, vcpu, gb)
        yield Setting("hand_over", HandOver.TASK.value)
        yield Setting("hand_bytes", int(load.limit(self.hand_over_limit)))
        yield Setting("lease_s", load.constant("job.lease_s"))
        # a failed task is not restarted, and a task that has not started by then never will
        yield Setting("attempts", 1)
        for setting in ("retry_s", "wait_s"):
            yield Setting(setting, load.constant("task.starts_within_s"))
        yield Setting("capacity", "FARGATE_SPOT" if np.all(uses_spot(load)) else "FARGATE")
        bodies = objects(RESULTS, "bodies/")
        yield Allow("submit", ("s3:PutObject",), bodies)
        yield Allow("work", ("s3:GetObject",), bodies)
        yield from _runs_tasks()


def _runs_tasks() -> Iterable[TemplatePiece]:
    """The permission for a part to start tasks of this stack, and where they run."""
    for part in ("submit", "work"):
        yield Variable(part, "HAND_TO", own_name("work"))
        yield Variable(part, "CLUSTER", ref("Cluster"))
        yield Variable(part, "SUBNETS", {"Fn::Join": [",", list(SUBNETS)]})
        yield Variable(part, "SECURITY_GROUP", attribute(TASK_GROUP, "GroupId"))
    in_cluster = {"ArnEquals": {"ecs:cluster": attribute("Cluster")}}
    to_tasks = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    roles = [attribute("WorkTaskRole"), attribute("WorkStartRole")]
    allowed = [
        Allow("submit", ("ecs:RunTask",), own_arn("ecs", "task-definition/~-work:*"), in_cluster),
        Allow("submit", ("iam:PassRole",), roles, to_tasks),
    ]
    yield from allowed
    # of the task's own role it is a policy beside it: a role cannot name itself
    again = {
        "PolicyName": "again",
        "Roles": [ref("WorkTaskRole")],
        "PolicyDocument": statement_of(statement(each) for each in allowed),
    }
    yield Resource("WorkAgain", "AWS::IAM::Policy", again)
