"""Lambda functions on EC2 instances of the account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from explorer.facts import catalogue
from explorer.facts.records import InstanceType
from explorer.facts.units import Number
from explorer.options.base.conditions import MB, Conditions
from explorer.options.base.limit_uses import FixedUse, LimitUse
from explorer.options.base.mask import Mask
from explorer.options.base.option import Exclusion
from explorer.options.base.paths import Paths
from explorer.options.base.private_network import nat_gateways
from explorer.options.base.request_path import Actor, Billing, BodyIn, Compute, Phase, Start, Step
from explorer.options.base.sizes import ARCHITECTURES
from explorer.options.base.usage import StepQuantity, UsageLines
from explorer.options.base.usage_lines import logs
from explorer.workload.kinds import ANY

from .base import Execution

INSTANCE = Compute(
    "managed instance", "function on\nmanaged instances", Start.ALWAYS_ON, Billing.STANDING, function=True
)


class ManagedInstance(Execution):
    """Lambda on EC2 instances that run all the time, sized for the peak."""

    id = "managed-instance"
    summary = "Lambda Managed Instances"
    phrase = "Lambda Managed Instances"
    parts = ("capacity provider", "instances to size and pay for")
    missing_for_template = "its capacity provider needs subnets and a security group of the account"
    provides = {"compute": INSTANCE}
    hand_over_limit = "lambda.async.payload"
    repeats = "an asynchronous event may reach the function twice"
    region_feature = "managed-instances"
    runtime_use = "managed_instance"

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        fits = np.logical_or.reduce([holds for _, _, holds in self._kinds_that_hold(load)])
        if not np.all(fits):
            why = "no instance has room for such an environment"
            yield Exclusion("runtime.memory", why, where=~fits)

    def sells(self, load: Conditions) -> Mask:
        """The sizes of functions from its minimum up; a stated size below it gets the minimum."""
        is_open = np.bool_(load.workload.runtime.memory == ANY and "runtime.memory" not in load.axes)
        small = np.asarray(load.memory_mb) < load.limit("lmi.memory.min")
        return super().sells(load) & ~(is_open & small)

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield FixedUse("lambda.memory.model", load.memory_mb, is_setting=True)
        yield from self.downstream(load, path)
        if not path.asynchronous.all():
            yield load.time_limit("lambda.timeout", path, ~path.asynchronous)
        if path.asynchronous.any():
            yield load.time_limit("lambda.timeout.lmi", path, path.asynchronous)
            yield from self.offloaded_uses(load, path)
            inbound = path.body_in.is_(BodyIn.DOOR) * load.request.mean
            yield FixedUse("lmi.async", load.peak_rps * np.minimum(inbound, MB) / MB, path.asynchronous)
        yield FixedUse(
            "lmi.environments.max", StepQuantity([self._environments(load, path)], np.ceil).value()
        )

    def _environment(self, load: Conditions) -> tuple[Number, Number]:
        """The vCPUs and memory [GB] of an execution environment: at least 1 and 2, with 4 GB per vCPU."""
        gb = np.maximum(load.memory_gb, load.limit("lmi.memory.min") / 1024)
        smallest = catalogue.instance_types(ARCHITECTURES[0])[0]
        vcpu = np.ceil(gb / (smallest.gb / smallest.vcpu) * (1 - 1e-9))
        return np.maximum(vcpu, np.ceil(load.used_vcpu * (1 - 1e-9))), gb

    def _environments(self, load: Conditions, path: Paths) -> list[Number]:
        """The environments for the peak, not rounded up: terms with one driver each."""
        vcpu, _ = self._environment(load)
        most = load.limit("lmi.concurrency.environment")
        each = np.clip(np.floor(load.per_vcpu * vcpu * (1 + 1e-9)), 1.0, most)
        return [load.peak_rps * seconds / each * (1 - 1e-12) for seconds in load.held_s(path)]

    def _kinds_that_hold(self, load: Conditions) -> Sequence[tuple[InstanceType, int, Mask]]:
        """The instance types with the environments that each carries, and where each is used.

        The smallest type is used that has room for an environment besides the system's overhead: with many
        small instances, losing one costs least.
        """
        return load.memo("kinds that hold", lambda: list(self._kinds_by_size(load)))

    def _kinds_by_size(self, load: Conditions) -> Iterable[tuple[InstanceType, int, Mask]]:
        vcpu, gb = self._environment(load)
        for architecture in ARCHITECTURES:
            passed_over: Mask = ~(load.arm if architecture == ARCHITECTURES[0] else ~load.arm)
            for kind in catalogue.instance_types(architecture):
                by_vcpu = np.floor((kind.vcpu - load.limit("lmi.overhead.vcpu")) / vcpu * (1 + 1e-9))
                by_memory = np.floor((kind.gb - load.limit("lmi.overhead.memory")) / gb * (1 + 1e-9))
                capacity = np.minimum(by_vcpu, by_memory)
                free = ~passed_over & (capacity >= 1)  # broadcast shape of both
                for count in np.unique(np.broadcast_to(capacity, np.shape(free))[free]):
                    yield kind, int(count), free & (capacity == count)
                passed_over = passed_over | free

    def instances(self, load: Conditions, path: Paths) -> Iterable[tuple[InstanceType, StepQuantity]]:
        """The instances for the peak by type, with a buffer of 50 % as in AWS's calculator."""
        environments = self._environments(load, path)
        least, buffer = load.constant("instance.count_min"), load.constant("lmi.buffer")
        for kind, capacity, holds in self._kinds_that_hold(load):

            def count(need: Number, capacity: int = capacity) -> Number:
                return np.ceil(buffer * np.maximum(np.ceil(np.ceil(need) / capacity), least))

            yield kind, StepQuantity([environments], count, holds * 1.0)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield "lambda.managed_instances_request", load.requests
        for kind, count in self.instances(load, path):
            hours = count.scale_by(load.hours)
            yield kind.price_id, hours
            # the fee is a share of the instances' on-demand price
            yield "lambda.managed_instances_management_fee", hours.scale_by(load.list_price(kind.price_id))
        yield from logs(load, load.requests)
        yield from self.by_reference(load, path)
        exchanged = load.internet_bytes() if load.workload.network.internet else []
        yield from nat_gateways(load, [*exchanged, load.constant("lambda.log_bytes")])

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        if path.asynchronous.any():
            seconds, who = load.time("async.to_lambda"), (Actor.FRONT, Actor.WORKER)
            yield Step(Phase.QUEUE, "hand the job over", who, seconds, where=path.asynchronous)
        yield from super().steps(load, path)
