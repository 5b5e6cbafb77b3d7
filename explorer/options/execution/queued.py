"""Jobs in a queue before the function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.design_part import DesignPart
from explorer.options.base.limit_uses import LimitUse
from explorer.options.base.mask import EVERYWHERE, Mask
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import FUNCTION, Actor, HandOver, Phase, RequestPath, Step
from explorer.options.base.resources import (
    Allow,
    Resource,
    TemplatePiece,
    Variable,
    attribute,
    queue,
    ref,
    work_timeout_s,
)
from explorer.options.base.usage import UsageLines

from .base import LambdaExecution, backlog, dead_letters, started_chunks

LEAST_AT_ONCE = 2  # that a mapping can be set to: one at once needs reserved concurrency


class Queued(LambdaExecution):
    id = "queued"
    deployable = True
    hand_over = HandOver.QUEUE
    jobs_only = True
    summary = "an SQS queue between submit and worker"
    parts = (
        DesignPart("queue", Actor.HANDS, "queue"),
        DesignPart("dead-letter queue", Actor.HANDS, "queue"),
    )
    provides = {"compute": FUNCTION}
    handed = "sqs.message"
    repeats = "a queue may deliver a message twice"
    age_limit = "sqs.retention"

    def holds_back(self, path: Paths) -> Mask:
        """The mapping's maximum concurrency, or reserved concurrency where that cannot be as low."""
        return EVERYWHERE

    def most_at_once(self, load: Conditions, path: Paths) -> Number:
        """The mapping's setting, where what the work calls bears only so much."""
        if load.workload.downstream.concurrency is None:
            return np.inf
        return np.minimum(load.bears, load.limit("lambda.esm.sqs.max_concurrency"))

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield load.time_limit("lambda.timeout", path)
        yield from super().limits(load, path)

    def properties(self, load: Conditions, path: RequestPath) -> Mapping[str, Any]:
        single = self.most_at_once(load, Paths.of(path)) < LEAST_AT_ONCE
        return {"ReservedConcurrentExecutions": 1} if single else {}

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        # a message is sent and received in chunks of 64 KB, and deleted once
        chunk, each = load.constant("sqs.chunk_bytes"), load.constant("sqs.requests_per_message")
        yield "sqs.standard_request", load.requests * each
        for spill in self.spills(load, path):
            more = started_chunks(load, spill, np.arange(chunk, load.limit(spill.limit), chunk))
            yield "sqs.standard_request", spill.where * (load.requests * (each - 1) * more)
        yield "sqs.standard_request", load.constant("sqs.idle_receives_per_s") * load.month_s

    def _arrival(self, load: Conditions, path: Paths) -> Iterable[Step]:
        yield Step(Phase.QUEUE, "through the queue", (Actor.FRONT, Actor.WORKER), load.time("sqs.to_lambda"))
        yield from backlog(load, self.age_limit, EVERYWHERE, self.most_at_once(load, path))

    def _handing(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield dead_letters(load)
        # the worker shortens the time for which its message is hidden to its lease
        tries = {
            "deadLetterTargetArn": attribute("DeadLetters"),
            "maxReceiveCount": load.constant("job.receives"),
        }
        hidden = {"VisibilityTimeout": int(work_timeout_s(load, path))}
        yield queue("Queue", {**hidden, "RedrivePolicy": tries})
        yield Variable("submit", "HAND_TO", ref("Queue"))
        yield Allow("submit", ("sqs:SendMessage",), attribute("Queue"))
        actions = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
        yield Allow("work", (*actions, "sqs:ChangeMessageVisibility"), attribute("Queue"))
        source = {"EventSourceArn": attribute("Queue"), "FunctionName": ref("Work"), "BatchSize": 1}
        if (most := self.most_at_once(load, Paths.of(path))) >= LEAST_AT_ONCE and np.isfinite(most):
            source["ScalingConfig"] = {"MaximumConcurrency": int(most)}
        yield Resource("WorkSource", "AWS::Lambda::EventSourceMapping", source)
