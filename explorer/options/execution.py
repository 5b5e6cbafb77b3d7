"""Executions: what does the work, and how a job is handed to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from ..distribution import Number
from ..encoding import Codec
from ..option import (
    GB,
    MB,
    Amount,
    Demand,
    Exclusion,
    Flow,
    Linear,
    Lines,
    Load,
    Option,
    Over,
    Slices,
    Spill,
    Step,
    Use,
    logs,
    task_hours,
)


def asynchronous_only(option: str, flow: Flow) -> str | None:
    """Why an execution that only takes jobs cannot answer at once."""
    return None if flow.asynchronous else f"{option} needs a stored or callback response"


MOST = 32  # slices that are counted one by one


def started_chunks(load: Load, spill: Spill, starts: np.ndarray) -> Number:
    """How many of the chunks that begin at `starts` [B] a body reaches that is handed over, on average."""
    body, gone = load.spread(spill.driver), spill.share(load)
    total: Number = 0.0
    for start in starts:
        total = total + np.maximum(body.exceed(spill.measure.room(start)) - gone, 0)
    return total


def waiting(load: Load, age: str) -> Iterable[Use]:
    """Jobs wait where all environments are busy: how many they need at once, and how old they get."""
    needed = load.concurrency_needed(load.limit(age))
    yield Amount("lambda.concurrency", needed)
    yield Amount(age, load.backlog_age(np.maximum(needed, load.limit("lambda.concurrency"))))


class Execution(Option):
    """What does the work. The body of a job goes to it as `handed` says, or through S3."""

    concern = "execution"
    reads: ClassVar[tuple[str, ...]] = ("asynchronous", "body_in", "streamed")
    handed: ClassVar[str] = ""  # the limit on what can be handed over; above it the body goes through S3

    def spills(self, load: Load) -> Iterable[Spill]:
        """The limit on handing over a body; none where there is no body to hand over."""
        if load.flow.asynchronous and load.flow.body_in == "door":
            binary = load.workload.request.binary
            escape = 1.0 if binary else load.constant("encoding.json_escape")
            yield Spill(self.handed, "request", Codec(binary, escape))

    def by_reference(self, load: Load) -> Lines:
        """The lines for bodies that are too large to hand over: a PUT, a GET, a day in the bucket."""
        for spill in self.spills(load):
            spilled = load.requests * spill.share(load)
            yield "s3.standard_tier1_request", spilled
            yield "s3.standard_tier2_request", spilled
            kept = load.constant("upload.kept_s") / load.month_s
            yield "s3.standard_storage", spilled * load.request.mean / GB * kept

    def slices(self, load: Load) -> Number:
        """Invocations that a job's work takes, on average."""
        return 1.0


class LambdaExecution(Execution):
    """Work in a function: its memory, time, concurrency and cold starts."""

    def limits(self, load: Load) -> Iterable[Use]:
        yield Amount("lambda.memory", load.memory_mb)
        yield Amount("lambda.init", load.init_p99_s)
        if load.flow.asynchronous:
            yield from self.spills(load)
            yield from waiting(load, "lambda.async.age")
        else:
            # an environment answers so many requests a second and no more, however short they are
            shortest = 1 / load.limit("lambda.rps.sync")
            yield Demand("lambda.concurrency", load.peak_rps * np.maximum(load.held_s, shortest))
            yield Demand("lambda.scaling", load.new_environments(10.0))

    def usage(self, load: Load) -> Lines:
        invocations = load.requests * self.slices(load)
        yield load.by_architecture("lambda.request"), invocations
        duration = load.by_architecture("lambda.duration")
        increment = load.constant("lambda.billing_s")
        billed = load.memo("billed", lambda: load.runtime.mean_ceil(increment) * increment)
        yield duration, load.requests * billed * load.memory_gb
        cold = load.requests * load.work_cold_share
        yield duration, cold * load.init_mean_s * load.memory_gb
        yield from logs(load, invocations)
        yield from self.by_reference(load)

    def more_events(self, load: Load) -> Lines:
        """The line for large asynchronous events: each started chunk over the free size is a request."""
        free, chunk = (
            load.constant("lambda.async.free_bytes"),
            load.constant("lambda.async.chunk_bytes"),
        )
        for spill in self.spills(load):
            chunks = started_chunks(load, spill, np.arange(free, load.limit(spill.limit), chunk))
            yield load.by_architecture("lambda.request"), load.requests * chunks

    def steps(self, load: Load) -> Iterable[Step]:
        yield from self._arrival(load)
        start = load.cold_start(load.runtime.mean, "work")
        yield Step("cold start", "start an environment", ("worker", "worker"), start)
        yield Step("work", "the work", ("worker", "worker"), load.at_levels("runtime"), "runtime")

    def _arrival(self, load: Load) -> Iterable[Step]:
        if load.flow.asynchronous:
            handed = load.time("async.to_lambda")
            yield Step("queue", "hand the job over", ("front", "worker"), handed)


class Single(LambdaExecution):
    id = "single"
    summary = "one invocation"
    says = {"compute": "lambda", "handover": "event"}
    handed = "lambda.async.payload"

    def limits(self, load: Load) -> Iterable[Use]:
        yield Over("lambda.timeout", "runtime")
        yield from super().limits(load)

    def usage(self, load: Load) -> Lines:
        yield from super().usage(load)
        yield from self.more_events(load)


class Queued(LambdaExecution):
    id = "queued"
    summary = "an SQS queue between submit and worker"
    parts = ("queue", "dead-letter queue")
    says = {"compute": "lambda", "handover": "queue"}
    handed = "sqs.message"

    def clashes(self, flow: Flow) -> str | None:
        return asynchronous_only(self.id, flow)

    def limits(self, load: Load) -> Iterable[Use]:
        yield Over("lambda.timeout", "runtime")
        yield Amount("lambda.memory", load.memory_mb)
        yield Amount("lambda.init", load.init_p99_s)
        yield from self.spills(load)
        yield from waiting(load, "sqs.retention")

    def usage(self, load: Load) -> Lines:
        yield from super().usage(load)
        # a message is sent and received in chunks of 64 KB, and deleted once
        chunk, each = load.constant("sqs.chunk_bytes"), load.constant("sqs.requests_per_message")
        yield "sqs.standard_request", load.requests * each
        for spill in self.spills(load):
            more = started_chunks(load, spill, np.arange(chunk, load.limit(spill.limit), chunk))
            yield "sqs.standard_request", load.requests * (each - 1) * more
        yield "sqs.standard_request", load.constant("sqs.idle_receives_per_s") * load.month_s

    def _arrival(self, load: Load) -> Iterable[Step]:
        yield Step("queue", "through the queue", ("front", "worker"), load.time("sqs.to_lambda"))


class Sliced(LambdaExecution):
    """Long work cut into invocations, with its state between them."""

    state_limit: ClassVar[str] = ""  # what is larger goes through S3

    def budget_s(self, load: Load) -> float:
        """How much work one invocation takes on: its time-out less a margin [s]."""
        return load.limit("lambda.timeout") - load.constant("hop.margin_s")

    def divides(self, load: Load) -> bool:
        """Whether the work may go on in another invocation."""
        return load.workload.runtime.divisible and load.flow.asynchronous

    def slices(self, load: Load) -> Number:
        if not self.divides(load):
            return 1.0
        return load.memo("slices", lambda: self._slices(load))

    def _slices(self, load: Load) -> Number:
        """The mean as the sum over k of P(more than k slices), and beyond `MOST` as an integral."""
        measure = self.per_slice(1.0, 0.0, load)
        total: Number = 1.0
        for k in range(1, MOST):
            total = total + load.runtime.exceed(measure.room(k))
        rest = np.minimum(measure.room(MOST), 1e300)
        return total + load.runtime.exceed(rest) / 2 + load.runtime.excess(rest) / self.budget_s(load)

    def limits(self, load: Load) -> Iterable[Use]:
        if self.divides(load):  # a step is not cut: it has to fit into one invocation
            yield Over("lambda.timeout", "runtime", Linear(1 / load.steps))
        else:
            yield Over("lambda.timeout", "runtime")
        yield from super().limits(load)

    def per_slice(self, each: float, offset: float, load: Load) -> Slices:
        """A use that grows with each invocation that the work takes."""
        return Slices(self.budget_s(load), load.steps, each, offset)

    def state_moves(self, load: Load) -> Lines:
        """The lines for keeping the state in S3 between invocations, where it is too large to hand over."""
        moved = np.where(
            load.state_bytes > load.limit(self.state_limit),
            load.requests * (self.slices(load) - 1),
            0.0,
        )
        yield "s3.standard_tier1_request", moved
        yield "s3.standard_tier2_request", moved

    def _handover(self, load: Load) -> str:
        return "async.to_lambda"

    def _arrival(self, load: Load) -> Iterable[Step]:
        if not load.flow.asynchronous:
            return
        hops = 1.0
        if self.divides(load):
            hops = self.per_slice(1.0, 0.0, load).size(load.at_levels("runtime"))
        seconds = hops * load.time(self._handover(load))
        yield Step("queue", "hand the job over", ("front", "worker"), seconds)


class Recursion(Sliced):
    """The function invokes itself; it counts its own hops and may do so more than 16 times."""

    id = "recursion"
    summary = "a function that invokes itself until the work is done"
    parts = ("state bucket", "hop budget", "dead-letter target", "recursion config")
    says = {"compute": "lambda", "handover": "event"}
    handed = "lambda.async.payload"
    state_limit = "lambda.async.payload"

    def clashes(self, flow: Flow) -> str | None:
        return asynchronous_only(self.id, flow)

    def excludes(self, load: Load) -> Iterable[Exclusion]:
        if not load.workload.runtime.divisible:
            yield Exclusion("runtime.divisible", "the work cannot be cut into steps")

    def limits(self, load: Load) -> Iterable[Use]:
        yield Over("lambda.recursion", "runtime", self.per_slice(1.0, 0.0, load))
        yield from super().limits(load)

    def usage(self, load: Load) -> Lines:
        yield from super().usage(load)
        hops = load.requests * (self.slices(load) - 1)
        free, chunk = (
            load.constant("lambda.async.free_bytes"),
            load.constant("lambda.async.chunk_bytes"),
        )
        fits = load.state_bytes <= load.limit(self.state_limit)
        chunks = np.where(fits, np.ceil(np.maximum(load.state_bytes - free, 0) / chunk), 0.0)
        yield load.by_architecture("lambda.request"), hops * chunks
        yield from self.more_events(load)
        yield "dynamodb.ondemand_wru", hops
        yield from self.state_moves(load)


class Durable(Sliced):
    """A durable function: steps are checkpointed, and the work goes on where it was."""

    id = "durable"
    summary = "a durable function that checkpoints its steps"
    parts = ("durable execution",)
    says = {"compute": "lambda", "handover": "event"}
    handed = "durable.payload"
    state_limit = "durable.payload"

    def limits(self, load: Load) -> Iterable[Use]:
        if not load.flow.asynchronous:
            yield Over("durable.sync", "runtime")
        yield Over("durable.duration", "runtime")
        yield Amount("durable.ops", self._operations(load))
        yield Amount("durable.storage", load.steps * self._state(load) / MB)
        yield Demand("durable.start", load.peak_rps)
        yield Demand("durable.running", load.peak_rps * load.runtime.mean)
        yield Demand("durable.checkpoint", load.peak_rps * self._operations(load))
        yield from super().limits(load)

    def _operations(self, load: Load) -> Number:
        return load.steps + load.constant("durable.ops_fixed")

    def _state(self, load: Load) -> Number:
        """Bytes that one step keeps: its state, if that fits into a checkpoint, else a reference."""
        return np.where(load.state_bytes <= load.limit(self.state_limit), load.state_bytes, 0.0)

    def usage(self, load: Load) -> Lines:
        yield from super().usage(load)
        yield "lambda.durable_operation", load.requests * self._operations(load)
        written = load.requests * load.steps * self._state(load) / 1e9  # metered in decimal GB
        yield "lambda.durable_data_written", written
        yield (
            "lambda.durable_data_retained",
            written * load.constant("durable.retention_days") * 86400 / load.month_s,
        )
        yield from self.state_moves(load)

    def steps(self, load: Load) -> Iterable[Step]:
        yield from super().steps(load)
        seconds = load.steps * load.time("durable.checkpoint")
        yield Step("work", "checkpoint the steps", ("worker", "worker"), seconds, order=1)


class StepFunctions(Sliced):
    id = "step-functions"
    summary = "a Standard workflow around the function"
    parts = ("state machine", "workflow role and log")
    says = {"compute": "lambda", "handover": "workflow"}
    handed = "sfn.payload"
    state_limit = "sfn.payload"

    def clashes(self, flow: Flow) -> str | None:
        return asynchronous_only(self.id, flow)

    def limits(self, load: Load) -> Iterable[Use]:
        yield Demand("sfn.start", load.peak_rps)
        yield Over("sfn.duration.std", "runtime")
        yield Over("sfn.history", "runtime", self.per_slice(load.constant("sfn.events_per_hop"), 2.0, load))
        yield from super().limits(load)

    def usage(self, load: Load) -> Lines:
        yield from super().usage(load)
        fixed, each = (
            load.constant("sfn.transitions_fixed"),
            load.constant("sfn.transitions_per_hop"),
        )
        yield "states.standard_transition", load.requests * (fixed + each * self.slices(load))
        yield from self.state_moves(load)

    def _handover(self, load: Load) -> str:
        return "sfn.to_lambda"


class ManagedInstance(Execution):
    """Lambda on EC2 instances that run all the time, sized for the peak."""

    id = "managed-instance"
    summary = "Lambda Managed Instances"
    parts = ("capacity provider", "instances to size and pay for")
    says = {"compute": "instance", "handover": "event"}
    handed = "lambda.async.payload"

    def limits(self, load: Load) -> Iterable[Use]:
        yield Amount("lambda.memory.model", load.memory_mb)
        if not load.flow.asynchronous:
            yield Over("lambda.timeout", "runtime")
            return
        yield Over("lambda.timeout.lmi", "runtime")
        yield from self.spills(load)
        carried = load.request.mean if load.flow.body_in == "door" else 0.0
        yield Amount("lmi.async", load.peak_rps * np.minimum(carried, MB) / MB)

    def instances(self, load: Load) -> Number:
        """Instances for the peak with headroom, by vCPU and by memory."""
        busy = load.peak_rps * load.held_s * load.constant("instance.headroom")
        by_vcpu = busy * load.vcpu / load.constant("instance.vcpu")
        by_memory = busy * load.memory_mb / load.constant("instance.memory_mb")
        needed = np.ceil(np.maximum(by_vcpu, by_memory))
        return np.maximum(needed, load.constant("instance.count_min"))

    def usage(self, load: Load) -> Lines:
        yield "lambda.managed_instances_request", load.requests
        hours = self.instances(load) * load.hours
        yield "ec2.m7g.xlarge_linux_on_demand", hours
        # the fee is a share of what the instances cost on demand
        ec2_usd = hours * load.price("ec2.m7g.xlarge_linux_on_demand")
        yield "lambda.managed_instances_management_fee", ec2_usd
        yield from logs(load, load.requests)
        yield from self.by_reference(load)

    def steps(self, load: Load) -> Iterable[Step]:
        if load.flow.asynchronous:
            handed = load.time("async.to_lambda")
            yield Step("queue", "hand the job over", ("front", "worker"), handed)
        yield Step("work", "the work", ("worker", "worker"), load.at_levels("runtime"), "runtime")


class Fargate(Execution):
    """A container task for each job, started when it comes."""

    id = "fargate"
    summary = "a Fargate task for each job"
    parts = ("cluster", "task definition and image", "network", "task roles")
    says = {"compute": "task", "handover": "override"}
    handed = "ecs.overrides"

    def clashes(self, flow: Flow) -> str | None:
        return asynchronous_only(self.id, flow)

    def limits(self, load: Load) -> Iterable[Use]:
        yield from self.spills(load)
        yield Amount("fargate.task", load.memory_gb)
        seconds = load.runtime.mean + load.typical_s("ecs.start")
        yield Demand("fargate.vcpu", load.peak_rps * seconds, load.task_vcpu)

    def usage(self, load: Load) -> Lines:
        start, least = load.typical_s("ecs.start"), load.constant("fargate.billed_min_s")
        billed = least + load.runtime.excess(least - start)
        yield from task_hours(load, load.requests * billed / 3600)
        size = load.constant("lambda.log_bytes")
        yield "cloudwatch.logs_ingest_custom_standard", load.requests * size / GB
        yield from self.by_reference(load)

    def steps(self, load: Load) -> Iterable[Step]:
        yield Step("queue", "start a task", ("front", "worker"), load.time("ecs.start"))
        yield Step("work", "the work", ("worker", "worker"), load.at_levels("runtime"), "runtime")


class Service(Execution):
    """Containers that are always on, sized for the peak with headroom: no limit of Lambda binds."""

    id = "service"
    summary = "an always-on container service"
    parts = ("cluster", "service and scaling", "task definition and image", "network", "task roles")
    says = {"compute": "service", "behind": "container", "handover": "own"}
    reads = ()

    def clashes(self, flow: Flow) -> str | None:
        return None if flow.fronts_containers else "a service stands behind an alb"

    def tasks(self, load: Load) -> Number:
        """Containers for the peak with headroom: each carries one request per share of its CPU."""
        busy = load.peak_rps * load.runtime.mean * load.constant("service.headroom")
        each = np.maximum(np.floor(load.task_gb / load.memory_gb * (1 + 1e-9)), 1.0)
        by_vcpu = np.maximum(np.floor(load.task_vcpu / load.vcpu * (1 + 1e-9)), 1.0)
        needed = np.ceil(busy / np.minimum(each, by_vcpu))
        return np.maximum(needed, load.constant("service.tasks_min"))

    def limits(self, load: Load) -> Iterable[Use]:
        yield Amount("fargate.task", load.memory_gb)
        yield Amount("fargate.vcpu", self.tasks(load) * load.task_vcpu)

    def usage(self, load: Load) -> Lines:
        yield from task_hours(load, self.tasks(load) * load.hours)
        size = load.constant("lambda.log_bytes")
        yield "cloudwatch.logs_ingest_custom_standard", load.requests * size / GB

    def steps(self, load: Load) -> Iterable[Step]:
        yield Step("work", "the work", ("worker", "worker"), load.at_levels("runtime"), "runtime")


OPTIONS = (
    Single(),
    Queued(),
    Recursion(),
    Durable(),
    StepFunctions(),
    ManagedInstance(),
    Fargate(),
    Service(),
)
