"""Event source mappings: batches and their windows, conflicting settings, and reserved concurrency."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.facts import catalogue

from .event_sources import event_sources, kind_of
from .findings import BREACH, TIGHT, Finding, Judge, amount
from .nodes import Unknown, text
from .stack import Resource, Stack

QUEUE = "AWS::SQS::Queue"
WINDOWLESS, FIFO = "lambda.esm.batch_size.windowless", "lambda.esm.batch_size.fifo"
AGE, CONCURRENCY = "lambda.esm.age", "lambda.esm.sqs.max_concurrency"
LEAST_AGE = 60  # s; -1 means no maximum age, values between are refused: see the notes of lambda.esm.age


def event_source_rules(judge: Judge, stack: Stack) -> Iterator[Finding]:
    """Each mapping against the limits of its service."""
    reserved: dict[str, list[tuple[Resource, float]]] = {}
    for one in event_sources(stack):
        kind = kind_of(one, stack)
        if kind == "SQS":
            yield from _queue(judge, one, stack)
        yield from _age(judge, one)
        most = one.get("ScalingConfig", "MaximumConcurrency")
        if most.number is not None and one.get("ProvisionedPollerConfig").value is not None:
            message = "MaximumConcurrency and provisioned pollers exclude each other: the mapping is refused"
            yield judge.make(CONCURRENCY, one, most.line, most.number, None, BREACH, message)
        function = stack.function(one.raw("FunctionName"))
        if function and most.number is not None:
            reserved.setdefault(function.id, []).append((function, most.number))
    for mappings in reserved.values():
        yield from _reserved_concurrency(judge, mappings[0][0], sum(most for _, most in mappings))


def _queue(judge: Judge, one: Resource, stack: Stack) -> Iterator[Finding]:
    """The batch size of a queue: above 10 messages it needs a window; FIFO queues allow at most 10."""
    batch, window = one.get("BatchSize"), one.get("MaximumBatchingWindowInSeconds")
    if _is_fifo(one, stack):
        finding = judge.hold(FIFO, one, batch, "The batch size for a FIFO queue")
        if finding.verdict == BREACH:
            yield finding
        if (window.number or 0) > 0:
            message = "A mapping of a FIFO queue has no batching window, and this one has"
            message = f"{message} {amount(window.number, 's')}: it is refused"
            yield judge.make("lambda.esm.window", one, window.line, window.number, 0, BREACH, message)
    elif batch.number is not None and not isinstance(window.value, Unknown) and not window.number:
        over = "Set MaximumBatchingWindowInSeconds to 1 or more"
        finding = judge.hold(WINDOWLESS, one, batch, "The batch size without a batching window", over=over)
        if finding.verdict == BREACH:
            yield finding


def _is_fifo(one: Resource, stack: Stack) -> bool:
    queue = stack.find_resource(one.raw("EventSourceArn"), QUEUE)
    if queue is None:
        return (text(one.get("EventSourceArn").value) or "").endswith(".fifo")
    name = text(queue.get("QueueName").value) or ""
    return text(queue.get("FifoQueue").value) == "true" or name.endswith(".fifo")


def _age(judge: Judge, one: Resource) -> Iterator[Finding]:
    age = one.get("MaximumRecordAgeInSeconds")
    if age.number is not None and 0 <= age.number < LEAST_AGE:
        message = f"The age of a record of {amount(age.number, 's')} is refused: expected -1, for no end, or"
        message = f"{message} {LEAST_AGE} s and more"
        yield judge.make(AGE, one, age.line, age.number, LEAST_AGE, BREACH, message)


def _reserved_concurrency(judge: Judge, function: Resource, most: float) -> Iterator[Finding]:
    """The reserved concurrency of a function against the total that its queues may use."""
    reservation = function.get("ReservedConcurrentExecutions")
    if reservation.number is not None and most > reservation.number:
        unit = catalogue.limit(CONCURRENCY).unit
        message = f"The mappings of its queues may run {amount(most, unit)} at once, and"
        message = f"{message} {amount(reservation.number, unit)} are reserved: messages are throttled and"
        message = f"{message} received again"
        yield judge.make(CONCURRENCY, function, reservation.line, most, reservation.number, TIGHT, message)
