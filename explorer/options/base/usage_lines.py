"""Lines and steps that several options share, worked out where the load says."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.facts.units import Number

from .conditions import GB, Conditions
from .request_path import Actor, Behind, Billing, Phase, Step, UsageLines


def compute(load: Conditions, seconds: Number) -> UsageLines:
    """The lines for `seconds` of work more a request, on average, wherever the work runs."""
    if load.flow.compute.billing is Billing.DURATION:
        price = load.by_architecture("lambda.duration")
        yield price, load.requests * seconds * load.memory_gb
    elif load.flow.compute.billing is Billing.TASK_TIME:
        yield from task_hours(load, load.requests * seconds / 3600, load.task_vcpu, load.task_gb)


def task_hours(load: Conditions, hours: Number, vcpu: Number, gb: Number) -> UsageLines:
    """The lines for `hours` of a container of this size, with its public address."""
    suffix = "arm" if load.architecture == "arm64" else "x86"
    yield f"fargate.vcpu_linux_{suffix}", hours * vcpu
    yield f"fargate.memory_linux_{suffix}", hours * gb
    yield "vpc.public_ipv4_in_use", hours


def front(load: Conditions, calls: Number, time_id: str) -> UsageLines:
    """The lines for `calls` a month of a small function beside the worker."""
    if load.flow.behind is Behind.CONTAINER:
        return
    seconds = load.typical_s(time_id)
    memory = load.constant("handler.memory_mb") / 1024
    yield load.by_architecture("lambda.request"), calls
    yield load.by_architecture("lambda.duration"), calls * seconds * memory
    yield from logs(load, calls)


def logs(load: Conditions, invocations: Number) -> UsageLines:
    """The line for the log of `invocations` of a function."""
    size = load.constant("lambda.log_bytes")
    yield "cloudwatch.logs_ingest_vended_standard", invocations * size / GB


def container_logs(load: Conditions) -> UsageLines:
    """The line for the log of the work in a container, which is not billed as a function's is."""
    yield "cloudwatch.logs_ingest_custom_standard", load.requests * load.constant("lambda.log_bytes") / GB


def front_cold(load: Conditions, phase: Phase, time_id: str, order: int = 0) -> Iterable[Step]:
    """The cold start of a small function that the client waits for."""
    if load.flow.behind is Behind.CONTAINER:
        return
    seconds = load.cold_start(load.typical_s(time_id), time_id)
    yield Step(phase, "cold start of the front function", (Actor.FRONT, Actor.FRONT), seconds, order=order)
