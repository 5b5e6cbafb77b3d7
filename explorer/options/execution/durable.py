"""A durable function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import MB, Conditions
from explorer.options.base.limit_uses import FixedUse, LimitUse, PeakDemand, PerRequest
from explorer.options.base.paths import Paths
from explorer.options.base.private_network import interface_endpoints
from explorer.options.base.request_path import FUNCTION, Actor, BodyOut, HandOver, Phase, RequestPath, Step
from explorer.options.base.resources import (
    Allow,
    TemplatePiece,
    Variable,
    attribute,
    own_arn,
    work_target,
)
from explorer.options.base.usage import UsageLines

from .base import SlicedExecution, dead_letters


class Durable(SlicedExecution):
    """A durable function: its steps are checkpointed, and the work resumes at the last checkpoint."""

    id = "durable"
    deployable = True
    acknowledges = True
    hand_over = HandOver.DURABLE
    entry = "durable_work"
    accepted_entry = "accepted_durable"
    region_feature = "durable"
    runtime_use = "durable"
    summary = "a durable function that checkpoints its steps"
    phrase = "a durable function"
    parts = ("durable execution",)
    provides = {"compute": FUNCTION, "versioned": True}
    hand_over_limit = "durable.payload"
    orchestrates = True
    state_limit = "durable.payload"

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        if not path.asynchronous.all():
            yield load.time_limit("durable.sync", path, ~path.asynchronous)
        yield PerRequest("durable.duration", "runtime")
        yield FixedUse("durable.ops", self._operations(load))
        yield FixedUse("durable.storage", load.steps * self._state(load) / MB)
        yield PeakDemand("durable.start", [load.peak_rps])
        yield PeakDemand("durable.running", [load.peak_rps * load.runtime.mean])
        yield PeakDemand("durable.checkpoint", [load.peak_rps * self._operations(load)])
        yield from super().limits(load, path)

    def _operations(self, load: Conditions) -> Number:
        return load.steps + load.constant("durable.ops_fixed")

    def _state(self, load: Conditions) -> Number:
        """The bytes that one step stores: its state if it fits into a checkpoint, else a reference."""
        return np.where(load.state_bytes <= load.limit(self.state_limit), load.state_bytes, 0.0)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        yield "lambda.durable_operation", load.requests * self._operations(load)
        state_gb = load.requests * load.steps * self._state(load) / 1e9  # metered in decimal GB
        yield "lambda.durable_data_written", state_gb
        yield (
            "lambda.durable_data_retained",
            state_gb * load.constant("durable.retention_days") * 86400 / load.month_s,
        )
        yield from self.state_moves(load, path)
        yield from interface_endpoints(load, "lambda")

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        yield from super().steps(load, path)
        seconds = load.steps * load.time("durable.checkpoint")
        yield Step(Phase.WORK, "checkpoint the steps", (Actor.WORKER, Actor.WORKER), seconds, order=1)

    def undeployable(self, flow: RequestPath) -> str | None:
        return (
            super().undeployable(flow)
            if flow.asynchronous
            else "durable has a template only where nobody waits"
        )

    def properties(self, load: Conditions, path: RequestPath) -> Mapping[str, Any]:
        days = int(load.constant("durable.retention_days"))
        longest = int(load.limit("durable.duration"))
        durable = {"DurableConfig": {"ExecutionTimeout": longest, "RetentionPeriodInDays": days}}
        if path.body_out is not BodyOut.NOTHING:
            return durable
        return {**durable, "DeadLetterConfig": {"TargetArn": attribute("DeadLetters")}}

    def _hand_over(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        function = own_arn("lambda", "function:~-work")
        qualified = own_arn("lambda", "function:~-work:*")
        yield Variable("submit", "HAND_TO", work_target(path).arn)
        yield Allow("submit", ("lambda:InvokeFunction",), qualified)
        checkpoints = ("lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState")
        yield Allow("work", checkpoints, [function, qualified])
        if path.body_out is BodyOut.NOTHING:
            yield dead_letters(load)
            yield Allow("work", ("sqs:SendMessage",), attribute("DeadLetters"))
