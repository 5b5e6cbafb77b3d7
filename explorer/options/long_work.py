"""Executions of long work: cut into invocations, with its state between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from explorer.facts.encoding import async_requests
from explorer.facts.units import Number

from ..option import (
    MB,
    Amount,
    Demand,
    Exclusion,
    Flow,
    Lines,
    Load,
    Over,
    Piece,
    Step,
    Use,
)
from ..pieces import (
    Allow,
    Variable,
    attribute,
    own_arn,
    ref,
)
from ..slices import Sliced
from ..work import dead_letters, event_settings


class Recursion(Sliced):
    """The function invokes itself; it counts its own hops and may do so more than 16 times."""

    id = "recursion"
    deployable = True
    jobs_only = True
    summary = "a function that invokes itself until the work is done"
    parts = ("state bucket", "hop budget", "dead-letter target", "recursion config")
    says = {"compute": "lambda"}
    handed = "lambda.async.payload"
    state_limit = "lambda.async.payload"

    def excludes(self, load: Load) -> Iterable[Exclusion]:
        if not load.workload.runtime.divisible:
            yield Exclusion("runtime.divisible", "the work cannot be cut into steps")

    def limits(self, load: Load) -> Iterable[Use]:
        yield Over("lambda.recursion", "runtime", self.per_slice(1.0, 0.0, load))
        yield from super().limits(load)

    def usage(self, load: Load) -> Lines:
        yield from super().usage(load)
        hops = load.requests * (self.slices(load) - 1)
        free, chunk = load.constant("lambda.async.free_bytes"), load.constant("lambda.async.chunk_bytes")
        handed = np.where(load.state_bytes <= load.limit(self.state_limit), load.state_bytes, 0.0)
        chunks = async_requests(handed, free, chunk) - 1
        yield load.by_architecture("lambda.request"), hops * chunks
        yield from self.more_events(load)
        yield "dynamodb.ondemand_wru", hops
        yield from self.state_moves(load)

    def properties(self, load: Load) -> Mapping[str, Any]:
        return {"RecursiveLoop": "Allow"}  # it counts its own hops

    def _handing(self, load: Load) -> Iterable[Piece]:
        function = own_arn("lambda", "function:~-work")
        yield dead_letters(load)
        yield Variable("submit", "HAND_TO", attribute("Work"))
        yield Allow("submit", ("lambda:InvokeFunction",), function)
        yield Allow("work", ("lambda:InvokeFunction",), function)
        yield Allow("work", ("sqs:SendMessage",), attribute("DeadLetters"))
        yield event_settings(load, attribute("DeadLetters"))


class Durable(Sliced):
    """A durable function: steps are checkpointed, and the work goes on where it was."""

    id = "durable"
    deployable = True
    hand_over = "durable"
    entry = "durable_work"
    versioned = True
    summary = "a durable function that checkpoints its steps"
    parts = ("durable execution",)
    says = {"compute": "lambda"}
    handed = "durable.payload"
    state_limit = "durable.payload"

    def limits(self, load: Load) -> Iterable[Use]:
        if not load.flow.asynchronous:
            yield load.time_limit("durable.sync")
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

    def undeployable(self, flow: Flow) -> str | None:
        return None if flow.asynchronous else "durable has a template with stored only"

    def properties(self, load: Load) -> Mapping[str, Any]:
        kept = int(load.constant("durable.retention_days"))
        longest = int(load.limit("durable.duration"))
        return {"DurableConfig": {"ExecutionTimeout": longest, "RetentionPeriodInDays": kept}}

    def _handing(self, load: Load) -> Iterable[Piece]:
        function = own_arn("lambda", "function:~-work")
        qualified = own_arn("lambda", "function:~-work:*")
        yield Variable("submit", "HAND_TO", ref("WorkLive"))
        yield Allow("submit", ("lambda:InvokeFunction",), qualified)
        checkpoints = ("lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState")
        yield Allow("work", checkpoints, [function, qualified])


OPTIONS = (Recursion(), Durable())
