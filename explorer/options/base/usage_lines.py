"""Usage lines and steps that several options share."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explorer.facts.units import Number

from .conditions import GB, Conditions
from .containers import smallest_task, task_hours, uses_spot
from .paths import Paths
from .request_path import Actor, Behind, Billing, Initialization, Phase, Step
from .usage import UsageLines


def compute(load: Conditions, path: Paths, seconds: Number) -> UsageLines:
    """The lines for a mean of `seconds` of additional work per request, on any compute."""
    by_duration = path.compute.has(billing=Billing.DURATION)
    if by_duration.any():
        yield from function_seconds(load, path, by_duration * (load.requests * seconds))
    by_task = path.compute.has(billing=Billing.TASK_TIME)
    if by_task.any():
        yield from job_hours(load, by_task * (load.requests * seconds / 3600))


def function_seconds(load: Conditions, path: Paths, seconds: Number) -> UsageLines:
    """The lines for `seconds` a month of the function that does the work, provisioned or not."""
    gb_s = seconds * load.memory_gb
    ready = path.initialization.is_(Initialization.PROVISIONED)
    if not ready.any():
        yield load.by_architecture("lambda.duration"), gb_s
        return
    beyond = np.where(ready, load.beyond_ready_share, 1.0)
    yield load.by_architecture("lambda.duration"), gb_s * beyond
    yield load.by_architecture("lambda.provisioned_duration"), gb_s * (1 - beyond)


def job_hours(load: Conditions, hours: Number) -> UsageLines:
    """The lines for `hours` of tasks started per job, on Spot capacity where that keeps the promises."""
    spot, size = uses_spot(load), smallest_task(load)
    if not spot.all():
        yield from task_hours(load, ~spot * hours, *size)
    if spot.any():
        yield from task_hours(load, spot * hours, *size, spot=True)


def to_clients(load: Conditions, path: Paths, sent_bytes: Number) -> UsageLines:
    """The lines for data sent to the clients, a mean of `sent_bytes` per client request [B].

    A cache at the edge sends as many bytes as the origin would have.
    """
    if load.public:
        for price_id, on in path.egress.each():
            yield price_id, on * (load.clients.requests * sent_bytes / GB)


def front(load: Conditions, path: Paths, calls: Number, time_id: str) -> UsageLines:
    """The lines for `calls` a month of a small front function; a container does this work itself."""
    function = path.behind.is_(Behind.FUNCTION)
    if not function.any():
        return
    calls = function * calls
    seconds = load.typical_s(time_id)
    memory = load.constant("handler.memory_mb") / 1024
    yield load.by_architecture("lambda.request"), calls
    yield load.by_architecture("lambda.duration"), calls * seconds * memory
    yield from logs(load, calls)


def logs(load: Conditions, invocations: Number) -> UsageLines:
    """The line for the logs of `invocations` of a function."""
    size = load.constant("lambda.log_bytes")
    yield "cloudwatch.logs_ingest_vended_standard", invocations * size / GB


def container_logs(load: Conditions) -> UsageLines:
    """The line for the logs of the work in a container, which have a price id of their own."""
    yield "cloudwatch.logs_ingest_custom_standard", load.requests * load.constant("lambda.log_bytes") / GB


def front_cold(load: Conditions, path: Paths, phase: Phase, time_id: str, order: int = 0) -> Iterable[Step]:
    """The cold start of a small front function that the client waits for."""
    function = path.behind.is_(Behind.FUNCTION)
    if function.any():
        seconds, who = load.cold_start(load.typical_s(time_id), time_id), (Actor.FRONT, Actor.FRONT)
        yield Step(phase, "cold start of the front function", who, seconds, order=order, where=function)
