"""Executions of long work: cut into invocations, with its state between them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from ..distribution import Number
from ..encoding import async_requests
from ..option import MB, Amount, Demand, Exclusion, Linear, Lines, Load, Over, Slices, Step, Use
from ..work import LambdaExecution, backlog

MOST = 32  # slices that are counted one by one


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
            yield load.time_limit("lambda.timeout")
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
        yield from backlog(load, self.age_limit)


class Recursion(Sliced):
    """The function invokes itself; it counts its own hops and may do so more than 16 times."""

    id = "recursion"
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


class Durable(Sliced):
    """A durable function: steps are checkpointed, and the work goes on where it was."""

    id = "durable"
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


class StepFunctions(Sliced):
    id = "step-functions"
    jobs_only = True
    summary = "a Standard workflow around the function"
    parts = ("state machine", "workflow role and log")
    says = {"compute": "lambda"}
    handed = "sfn.payload"
    state_limit = "sfn.payload"
    age_limit = "sfn.duration.std"  # the task is tried again while the function is throttled

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


OPTIONS = (Recursion(), Durable(), StepFunctions())
