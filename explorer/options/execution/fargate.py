"""A container task for each job."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import FixedUse, LimitUse, PeakDemand
from explorer.options.base.paths import Paths
from explorer.options.base.private_network import CONTAINER_CALLS, interface_endpoints, work_network
from explorer.options.base.request_path import Actor, Billing, Compute, Phase, Start, Step
from explorer.options.base.usage import UsageLines
from explorer.options.base.usage_lines import container_logs, task_hours

from .base import Execution

TASK = Compute("container task", "container task", Start.PER_JOB, Billing.TASK_TIME)


class Fargate(Execution):
    """A container task for each job, started when it comes."""

    id = "fargate"
    jobs_only = True
    summary = "a Fargate task for each job"
    parts = ("cluster", "task definition and image", "network", "task roles")
    provides = {"compute": TASK}
    handed = "ecs.overrides"

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield from self.spills(load, path)
        yield FixedUse("fargate.task", load.memory_gb, is_setting=True)
        seconds = load.runtime.mean + load.typical_s("ecs.start")
        yield from self.downstream(load, path)
        yield PeakDemand("fargate.vcpu", [load.peak_rps * seconds], load.task_vcpu)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        start, least = load.typical_s("ecs.start"), load.constant("fargate.billed_min_s")
        billed = least + load.runtime.excess(least - start)
        yield from task_hours(load, load.requests * billed / 3600, load.task_vcpu, load.task_gb)
        yield from container_logs(load)
        yield from self.by_reference(load, path)
        yield from work_network(load)
        yield from interface_endpoints(load, *CONTAINER_CALLS)

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        yield Step(Phase.QUEUE, "start a task", (Actor.FRONT, Actor.WORKER), load.time("ecs.start"))
        yield from super().steps(load, path)
