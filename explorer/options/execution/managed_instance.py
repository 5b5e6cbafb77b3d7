"""Functions on instances of one's own."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import MB, Conditions
from explorer.options.base.limit_uses import FixedUse, LimitUse
from explorer.options.base.request_path import Actor, Billing, BodyIn, Compute, Phase, Start, Step, UsageLines
from explorer.options.base.usage_lines import logs

from .base import Execution

INSTANCE = Compute(
    "managed instance", "function on\nmanaged instances", Start.ALWAYS_ON, Billing.STANDING, function=True
)


class ManagedInstance(Execution):
    """Lambda on EC2 instances that run all the time, sized for the peak."""

    id = "managed-instance"
    summary = "Lambda Managed Instances"
    parts = ("capacity provider", "instances to size and pay for")
    provides = {"compute": INSTANCE}
    handed = "lambda.async.payload"
    region_feature = "managed-instances"
    runtime_use = "managed_instance"

    def limits(self, load: Conditions) -> Iterable[LimitUse]:
        yield FixedUse("lambda.memory.model", load.memory_mb)
        if not load.flow.asynchronous:
            yield load.time_limit("lambda.timeout")
            return
        yield load.time_limit("lambda.timeout.lmi")
        yield from self.spills(load)
        carried = load.request.mean if load.flow.body_in is BodyIn.DOOR else 0.0
        yield FixedUse("lmi.async", load.peak_rps * np.minimum(carried, MB) / MB)

    def instances(self, load: Conditions) -> Number:
        """Instances for the peak with headroom, by vCPU and by memory."""
        busy = load.peak_rps * load.held_s * load.constant("instance.headroom")
        by_vcpu = busy * load.vcpu / load.constant("instance.vcpu")
        by_memory = busy * load.memory_mb / load.constant("instance.memory_mb")
        needed = np.ceil(np.maximum(by_vcpu, by_memory))
        return np.maximum(needed, load.constant("instance.count_min"))

    def usage(self, load: Conditions) -> UsageLines:
        yield "lambda.managed_instances_request", load.requests
        hours = self.instances(load) * load.hours
        yield "ec2.m7g.xlarge_linux_on_demand", hours
        # the fee is a share of what the instances cost on demand
        ec2_usd = hours * load.price("ec2.m7g.xlarge_linux_on_demand")
        yield "lambda.managed_instances_management_fee", ec2_usd
        yield from logs(load, load.requests)
        yield from self.by_reference(load)

    def steps(self, load: Conditions) -> Iterable[Step]:
        if load.flow.asynchronous:
            handed = load.time("async.to_lambda")
            yield Step(Phase.QUEUE, "hand the job over", (Actor.FRONT, Actor.WORKER), handed)
        yield from super().steps(load)
