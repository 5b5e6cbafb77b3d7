"""A function that invokes itself until the work is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from explorer.facts.encoding import async_requests
from explorer.options.base.conditions import Conditions
from explorer.options.base.design_part import DesignPart
from explorer.options.base.limit_uses import LimitUse, PerRequest
from explorer.options.base.option import Exclusion
from explorer.options.base.paths import Paths
from explorer.options.base.private_network import interface_endpoints
from explorer.options.base.request_path import FUNCTION, Actor, RequestPath
from explorer.options.base.resources import (
    Allow,
    TemplatePiece,
    Variable,
    attribute,
    work_arn,
    work_target,
)
from explorer.options.base.usage import UsageLines

from .base import SlicedExecution, dead_letters, event_settings


class Recursion(SlicedExecution):
    """A function that invokes itself; it counts its own hops and may exceed 16 of them."""

    id = "recursion"
    deployable = True
    acknowledges = True
    jobs_only = True
    summary = "a function that invokes itself until the work is done"
    phrase = "a function that invokes itself"
    parts = (
        DesignPart("state bucket", Actor.BUCKET, "S3 bucket"),
        "hop budget",
        "dead-letter target",
        "recursion config",
    )
    provides = {"compute": FUNCTION}
    hand_over_limit = "lambda.async.payload"
    repeats = "an asynchronous event may reach the function twice"
    state_limit = "lambda.async.payload"

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        if not load.workload.runtime.divisible:
            yield Exclusion("runtime.divisible", "the work cannot be cut into steps")

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield PerRequest("lambda.recursion", "runtime", self.per_slice(1.0, 0.0, load))
        yield from super().limits(load, path)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        hops = load.requests * (self.slices(load, path) - 1)
        free, chunk = load.constant("lambda.async.free_bytes"), load.constant("lambda.async.chunk_bytes")
        state_bytes = np.where(load.state_bytes <= load.limit(self.state_limit), load.state_bytes, 0.0)
        chunks = async_requests(state_bytes, free, chunk) - 1
        yield load.by_architecture("lambda.request"), hops * chunks
        yield from self.more_events(load, path)
        yield "dynamodb.ondemand_wru", hops
        yield from self.state_moves(load, path)
        yield from interface_endpoints(load, "lambda", "sqs")

    def properties(self, load: Conditions, path: RequestPath) -> Mapping[str, Any]:
        return {"RecursiveLoop": "Allow"}  # it counts its own hops

    def _hand_over(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        function = work_arn(path)
        yield dead_letters(load)
        yield Variable("submit", "HAND_TO", work_target(path).arn)
        yield Allow("submit", ("lambda:InvokeFunction",), function)
        yield Allow("work", ("lambda:InvokeFunction",), function)
        yield Allow("work", ("sqs:SendMessage",), attribute("DeadLetters"))
        yield event_settings(load, path, attribute("DeadLetters"))
