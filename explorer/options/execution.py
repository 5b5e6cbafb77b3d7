"""Executions: what does the work, and how a job is handed to it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explorer.facts.units import Number
from explorer.option import (
    MB,
    TASK_VCPU,
    Amount,
    Demand,
    Flow,
    Lines,
    Load,
    Piece,
    Step,
    Use,
    container_logs,
    logs,
    task_hours,
)
from explorer.pieces import Allow, Resource, Variable, attribute, queue, ref
from explorer.work import Execution, LambdaExecution, backlog, dead_letters, started_chunks


class Single(LambdaExecution):
    id = "single"
    deployable = True
    summary = "one invocation"
    says = {"compute": "lambda"}
    handed = "lambda.async.payload"

    def limits(self, load: Load) -> Iterable[Use]:
        yield load.time_limit("lambda.timeout")
        yield from super().limits(load)

    def usage(self, load: Load) -> Lines:
        yield from super().usage(load)
        yield from self.more_events(load)


class Queued(LambdaExecution):
    id = "queued"
    deployable = True
    hand_over = "queue"
    jobs_only = True
    summary = "an SQS queue between submit and worker"
    parts = ("queue", "dead-letter queue")
    says = {"compute": "lambda"}
    handed = "sqs.message"
    age_limit = "sqs.retention"

    def limits(self, load: Load) -> Iterable[Use]:
        yield load.time_limit("lambda.timeout")
        yield from super().limits(load)

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
        yield from backlog(load, self.age_limit)

    def _handing(self, load: Load) -> Iterable[Piece]:
        yield dead_letters(load)
        # the worker shortens the time for which its message is hidden to its lease
        tries = {
            "deadLetterTargetArn": attribute("DeadLetters"),
            "maxReceiveCount": load.constant("job.receives"),
        }
        hidden = {"VisibilityTimeout": int(load.limit("lambda.timeout"))}
        yield queue("Queue", {**hidden, "RedrivePolicy": tries})
        yield Variable("submit", "HAND_TO", ref("Queue"))
        yield Allow("submit", ("sqs:SendMessage",), attribute("Queue"))
        actions = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
        yield Allow("work", (*actions, "sqs:ChangeMessageVisibility"), attribute("Queue"))
        source = {"EventSourceArn": attribute("Queue"), "FunctionName": ref("Work"), "BatchSize": 1}
        yield Resource("WorkSource", "AWS::Lambda::EventSourceMapping", source)


class ManagedInstance(Execution):
    """Lambda on EC2 instances that run all the time, sized for the peak."""

    id = "managed-instance"
    summary = "Lambda Managed Instances"
    parts = ("capacity provider", "instances to size and pay for")
    says = {"compute": "instance"}
    handed = "lambda.async.payload"

    def limits(self, load: Load) -> Iterable[Use]:
        yield Amount("lambda.memory.model", load.memory_mb)
        if not load.flow.asynchronous:
            yield load.time_limit("lambda.timeout")
            return
        yield load.time_limit("lambda.timeout.lmi")
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
        yield from super().steps(load)


class Fargate(Execution):
    """A container task for each job, started when it comes."""

    id = "fargate"
    jobs_only = True
    summary = "a Fargate task for each job"
    parts = ("cluster", "task definition and image", "network", "task roles")
    says = {"compute": "task"}
    handed = "ecs.overrides"

    def limits(self, load: Load) -> Iterable[Use]:
        yield from self.spills(load)
        yield Amount("fargate.task", load.memory_gb)
        seconds = load.runtime.mean + load.typical_s("ecs.start")
        yield Demand("fargate.vcpu", load.peak_rps * seconds, load.task_vcpu)

    def usage(self, load: Load) -> Lines:
        start, least = load.typical_s("ecs.start"), load.constant("fargate.billed_min_s")
        billed = least + load.runtime.excess(least - start)
        yield from task_hours(load, load.requests * billed / 3600, load.task_vcpu, load.task_gb)
        yield from container_logs(load)
        yield from self.by_reference(load)

    def steps(self, load: Load) -> Iterable[Step]:
        yield Step("queue", "start a task", ("front", "worker"), load.time("ecs.start"))
        yield from super().steps(load)


class Service(Execution):
    """Containers that are always on, sized for the peak with headroom: no limit of Lambda binds."""

    id = "service"
    summary = "an always-on container service"
    parts = ("cluster", "service and scaling", "task definition and image", "network", "task roles")
    says = {"compute": "service", "behind": "container"}
    reads = ()

    def clashes(self, flow: Flow) -> str | None:
        return None if flow.fronts_containers else "a service stands behind an alb"

    def fleet(self, load: Load) -> tuple[Number, Number, Number]:
        """Containers for the peak with headroom, their vCPU and their GB: of the sizes, the cheapest.

        A container carries as many requests at once as it has shares, one share being the CPU and the
        memory that the workload asks for one request.
        """
        return load.memo("fleet", lambda: self._fleet(load))

    def _fleet(self, load: Load) -> tuple[Number, Number, Number]:
        shares = load.peak_rps * load.runtime.mean / load.constant("service.requests_per_share")
        busy = shares * load.constant("service.headroom")
        best: tuple[Number, Number, Number] = (0.0, 0.0, 0.0)
        cheapest: Number = np.inf
        for vcpu in TASK_VCPU:
            most_gb = load.constant("fargate.gb_per_vcpu_max") * vcpu
            carried = np.floor(np.minimum(vcpu / load.vcpu, most_gb / load.memory_gb) * (1 + 1e-9))
            least_gb = load.constant("fargate.gb_per_vcpu_min") * vcpu
            gb = np.maximum(np.ceil(carried * load.memory_gb), least_gb)
            tasks = np.maximum(np.ceil(busy / np.maximum(carried, 1)), load.constant("service.tasks_min"))
            usd = tasks * sum(load.price(line) * each for line, each in task_hours(load, 1.0, vcpu, gb))
            better = (carried >= 1) & (usd < cheapest)
            best = (
                np.where(better, tasks, best[0])[()],
                np.where(better, vcpu, best[1])[()],
                np.where(better, gb, best[2])[()],
            )
            cheapest = np.where(better, usd, cheapest)
        return best

    def limits(self, load: Load) -> Iterable[Use]:
        tasks, vcpu, _ = self.fleet(load)
        yield Amount("fargate.task", load.memory_gb)
        yield Amount("fargate.vcpu", tasks * vcpu)

    def usage(self, load: Load) -> Lines:
        tasks, vcpu, gb = self.fleet(load)
        yield from task_hours(load, tasks * load.hours, vcpu, gb)
        yield from container_logs(load)


OPTIONS = (Single(), Queued(), ManagedInstance(), Fargate(), Service())
