"""An always-on container service."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.options.base.conditions import GB, Conditions
from explorer.options.base.containers import Fleet, fleet, requests_per_task, sold_tasks, task_hours
from explorer.options.base.limit_uses import FixedUse, LimitUse
from explorer.options.base.mask import Mask
from explorer.options.base.option import Exclusion
from explorer.options.base.paths import Paths
from explorer.options.base.private_network import CONTAINER_CALLS, interface_endpoints, work_network
from explorer.options.base.public_network import PORT, public_network, task_network, unbuilt_network
from explorer.options.base.request_path import Behind, Billing, Compute, HandOver, RequestPath, Start
from explorer.options.base.resources import (
    RESULTS,
    SERVICE,
    Allow,
    Resource,
    Setting,
    TaskRole,
    TemplatePiece,
    attribute,
    objects,
    ref,
)
from explorer.options.base.task_scaling import scaling
from explorer.options.base.usage import UsageLines
from explorer.options.base.usage_lines import container_logs

from .base import Execution, too_large

JOBS = "bodies/jobs/"  # prefix of the events of unfinished jobs
CONTAINERS = Compute("container", "container", Start.ALWAYS_ON, Billing.STANDING)


class Service(Execution):
    """Containers that are always on, as many as the load needs at each hour; no Lambda limit binds."""

    id = "service"
    deployable = True
    summary = "an always-on container service"
    phrase = "an always-on container service"
    short_name = "container service"
    parts = ("cluster", "service and scaling", "task definition and image", "network", "task roles")
    provides = {"compute": CONTAINERS, "behind": Behind.CONTAINER}
    depends_on = ("asynchronous", "body_out")
    clash_fields = ("fronts_containers",)

    def clashes(self, flow: RequestPath) -> str | None:
        needs = "a container service needs a load balancer in front of it (door=alb)"
        return None if flow.fronts_containers else needs

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        yield from too_large(load)

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        tasks = fleet(load)
        yield FixedUse("fargate.task", load.memory_gb, is_setting=True)
        yield FixedUse("fargate.vcpu", tasks.most * tasks.vcpu)
        yield from self.downstream(load, path)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        tasks = fleet(load)
        yield from task_hours(load, tasks.mean * load.hours, tasks.vcpu, tasks.gb)
        yield from container_logs(load)
        yield from work_network(load)
        yield from interface_endpoints(load, *CONTAINER_CALLS)

    def sells(self, load: Conditions) -> Mask:
        return sold_tasks(load)

    def task_size(self, load: Conditions) -> tuple[float, float]:
        tasks = fleet(load)
        return float(tasks.vcpu), float(tasks.gb)

    def unbuilt(self, load: Conditions, flow: RequestPath) -> Iterable[str]:
        yield from unbuilt_network(load)

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        tasks = fleet(load)
        vcpu, gb = self.task_size(load)
        yield from public_network()
        yield TaskRole("work", SERVICE, vcpu, gb, serves=True)
        yield Setting("at_once", int(requests_per_task(load, vcpu, gb)))
        yield from _service(load, tasks)
        if path.asynchronous:
            yield from _jobs(load)


def _service(load: Conditions, tasks: Fleet) -> Iterable[Resource]:
    """The always-on tasks behind the load balancer, and their scaling with the load."""
    yield Resource("Cluster", "AWS::ECS::Cluster", {})
    breaker = {"DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}}
    service = {
        "Cluster": ref("Cluster"),
        "TaskDefinition": ref("WorkTask"),
        "DesiredCount": int(tasks.ready),
        "LaunchType": "FARGATE",
        "NetworkConfiguration": task_network(),
        "LoadBalancers": [{"ContainerName": "work", "ContainerPort": PORT, "TargetGroupArn": ref("Targets")}],
        "DeploymentConfiguration": breaker,
        "HealthCheckGracePeriodSeconds": int(load.longest_s("ecs.start")),
    }
    yield Resource("Service", "AWS::ECS::Service", service, {"DependsOn": "Listener"})
    yield from scaling("Service", tasks, load.constant("service.busy_share"))


def _jobs(load: Conditions) -> Iterable[TemplatePiece]:
    """The pieces that keep a job while tasks come and go: its event, where every task finds it."""
    yield Setting("hand_over", HandOver.FLEET.value)
    yield Setting("hand_bytes", int(load.limit("s3.put") * GB))
    for setting in ("job.lease_s", "job.attempts"):
        yield Setting(setting.removeprefix("job."), load.constant(setting))
    handles = ("s3:PutObject", "s3:GetObject", "s3:DeleteObject")
    yield Allow("work", handles, objects(RESULTS, JOBS))
    in_folder = {"StringLike": {"s3:prefix": f"{JOBS}*"}}
    yield Allow("work", ("s3:ListBucket",), attribute(RESULTS), in_folder)
