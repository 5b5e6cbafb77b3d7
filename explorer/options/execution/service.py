"""An always-on container service."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.options.base.conditions import Conditions
from explorer.options.base.containers import fleet, task_hours
from explorer.options.base.limit_uses import FixedUse, LimitUse
from explorer.options.base.option import Exclusion
from explorer.options.base.paths import Paths
from explorer.options.base.private_network import CONTAINER_CALLS, interface_endpoints, work_network
from explorer.options.base.request_path import Behind, Billing, Compute, RequestPath, Start
from explorer.options.base.usage import UsageLines
from explorer.options.base.usage_lines import container_logs

from .base import Execution, too_large

CONTAINERS = Compute("container", "container", Start.ALWAYS_ON, Billing.STANDING)


class Service(Execution):
    """Containers that are always on, as many as the load needs at each hour; no Lambda limit binds."""

    id = "service"
    summary = "an always-on container service"
    phrase = "an always-on container service"
    parts = ("cluster", "service and scaling", "task definition and image", "network", "task roles")
    provides = {"compute": CONTAINERS, "behind": Behind.CONTAINER}
    depends_on = ("asynchronous", "body_out")
    clash_fields = ("fronts_containers",)

    def clashes(self, flow: RequestPath) -> str | None:
        return None if flow.fronts_containers else "a service stands behind an alb"

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
