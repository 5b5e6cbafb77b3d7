"""An always-on container service."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explorer.facts import catalogue
from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import FixedUse, LimitUse
from explorer.options.base.paths import Paths
from explorer.options.base.private_network import CONTAINER_CALLS, interface_endpoints, work_network
from explorer.options.base.request_path import Behind, Billing, Compute, RequestPath, Start
from explorer.options.base.usage import UsageLines
from explorer.options.base.usage_lines import container_logs, task_hours

from .base import Execution

CONTAINERS = Compute("container", "container", Start.ALWAYS_ON, Billing.STANDING)


class Service(Execution):
    """Containers that are always on, sized for the peak with headroom: no limit of Lambda binds."""

    id = "service"
    summary = "an always-on container service"
    parts = ("cluster", "service and scaling", "task definition and image", "network", "task roles")
    provides = {"compute": CONTAINERS, "behind": Behind.CONTAINER}
    depends_on = ("asynchronous",)

    def clashes(self, flow: RequestPath) -> str | None:
        return None if flow.fronts_containers else "a service stands behind an alb"

    def fleet(self, load: Conditions) -> tuple[Number, Number, Number]:
        """Containers for the peak with headroom, their vCPU and their GB: of the sizes, the cheapest.

        A container carries as many requests at once as it has shares, one share being the CPU and the
        memory that the workload asks for one request.
        """
        return load.memo("fleet", lambda: self._fleet(load))

    def _fleet(self, load: Conditions) -> tuple[Number, Number, Number]:
        shares = load.peak_rps * load.runtime.mean / load.constant("service.requests_per_share")
        busy = shares * load.constant("service.headroom")
        vcpu = np.reshape(catalogue.task_sizes(), (-1,) + (1,) * len(load.shape))
        most_gb = load.constant("fargate.gb_per_vcpu_max") * vcpu
        carried = np.floor(np.minimum(vcpu / load.vcpu, most_gb / load.memory_gb) * (1 + 1e-9))
        least_gb = load.constant("fargate.gb_per_vcpu_min") * vcpu
        gb = np.maximum(np.ceil(carried * load.memory_gb), least_gb)
        tasks = np.maximum(np.ceil(busy / np.maximum(carried, 1)), load.constant("service.tasks_min"))
        usd = tasks * sum(load.price(line) * each for line, each in task_hours(load, 1.0, vcpu, gb))
        usd = np.where(carried >= 1, usd, np.inf)
        cheapest = np.argmin(usd, axis=0)[None]
        fleet = [
            np.take_along_axis(np.broadcast_to(each, usd.shape), cheapest, axis=0)[0]
            for each in (tasks, vcpu, gb)
        ]
        none = np.isinf(usd.min(axis=0))  # no size has one share
        tasks, vcpu, gb = (np.where(none, 0.0, each)[()] for each in fleet)
        return tasks, vcpu, gb

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        tasks, vcpu, _ = self.fleet(load)
        yield FixedUse("fargate.task", load.memory_gb, is_setting=True)
        yield FixedUse("fargate.vcpu", tasks * vcpu)
        yield from self.downstream(load, path)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        tasks, vcpu, gb = self.fleet(load)
        yield from task_hours(load, tasks * load.hours, vcpu, gb)
        yield from container_logs(load)
        yield from work_network(load)
        yield from interface_endpoints(load, *CONTAINER_CALLS)
