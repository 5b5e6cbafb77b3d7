"""Functions on instances of one's own."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explorer.options.base.conditions import MB, Conditions
from explorer.options.base.limit_uses import FixedUse, LimitUse
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Actor, Billing, BodyIn, Compute, Phase, Start, Step
from explorer.options.base.usage import StepQuantity, UsageLines
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

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield FixedUse("lambda.memory.model", load.memory_mb)
        if not path.asynchronous.all():
            yield load.time_limit("lambda.timeout", path, ~path.asynchronous)
        if path.asynchronous.any():
            yield load.time_limit("lambda.timeout.lmi", path, path.asynchronous)
            yield from self.spills(load, path)
            carried = path.body_in.is_(BodyIn.DOOR) * load.request.mean
            yield FixedUse("lmi.async", load.peak_rps * np.minimum(carried, MB) / MB, path.asynchronous)

    def instances(self, load: Conditions, path: Paths) -> StepQuantity:
        """Instances for the peak with headroom, by vCPU and by memory."""
        busy = load.peak_rps * load.constant("instance.headroom")
        by_vcpu = busy * load.vcpu / load.constant("instance.vcpu")
        by_memory = busy * load.memory_mb / load.constant("instance.memory_mb")
        each, least = np.maximum(by_vcpu, by_memory), load.constant("instance.count_min")
        return StepQuantity(
            [[each * seconds for seconds in load.held_s(path)]],
            lambda needed: np.maximum(np.ceil(needed), least),
        )

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield "lambda.managed_instances_request", load.requests
        hours = self.instances(load, path).scale(load.hours)
        yield "ec2.m7g.xlarge_linux_on_demand", hours
        # the fee is a share of what the instances cost on demand
        ec2_usd = hours.scale(load.price("ec2.m7g.xlarge_linux_on_demand"))
        yield "lambda.managed_instances_management_fee", ec2_usd
        yield from logs(load, load.requests)
        yield from self.by_reference(load, path)

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        if path.asynchronous.any():
            handed, who = load.time("async.to_lambda"), (Actor.FRONT, Actor.WORKER)
            yield Step(Phase.QUEUE, "hand the job over", who, handed, where=path.asynchronous)
        yield from super().steps(load, path)
