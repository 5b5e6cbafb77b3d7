"""What executions share: jobs handed over, work in a function, and long work cut into invocations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from explorer.facts import catalogue
from explorer.facts.encoding import Codec
from explorer.facts.units import Number
from explorer.options.base.conditions import GB, Conditions
from explorer.options.base.limit_uses import (
    Backlogged,
    FixedUse,
    LimitUse,
    Linear,
    Offloaded,
    PeakDemand,
    PerRequest,
    Slices,
)
from explorer.options.base.option import Exclusion, Option
from explorer.options.base.request_path import (
    Actor,
    Behind,
    BodyIn,
    HandOver,
    Phase,
    RequestPath,
    Step,
    UsageLines,
)
from explorer.options.base.resources import (
    WORK,
    Allow,
    Resource,
    Setting,
    TemplatePiece,
    Variable,
    attribute,
    objects,
    own_arn,
    queue,
    ref,
    work_part,
)
from explorer.options.base.usage_lines import compute, logs


def started_chunks(load: Conditions, spill: Offloaded, starts: np.ndarray) -> Number:
    """How many of the chunks that begin at `starts` [B] a body reaches that is handed over, on average."""
    body, gone = load.spread(spill.driver), spill.share(load)
    total: Number = 0.0
    for start in starts:
        total = total + np.maximum(body.exceed(spill.measure.room(start)) - gone, 0)
    return total


def waiting(load: Conditions, age: str) -> Iterable[LimitUse]:
    """Jobs wait where all environments are busy: how many they need at once, and how old they get."""
    needed = load.concurrency_needed(load.limit(age))
    demand = load.runtime.mean * load.mean_rps, load.runtime.mean * load.peak_rps
    yield Backlogged("lambda.concurrency", needed, *demand)
    yield FixedUse(age, backlog_age(load, age))


def backlog_age(load: Conditions, age: str) -> Number:
    """How old a waiting job gets by the end of a peak, with the concurrency that is needed [s]."""
    needed = load.concurrency_needed(load.limit(age))
    return load.backlog_age(np.maximum(needed, load.limit("lambda.concurrency")))


def backlog(load: Conditions, age: str) -> Iterable[Step]:
    """The wait for an environment in a peak: none for half of the jobs, the longest for the last."""
    longest = backlog_age(load, age)
    if np.any(np.asarray(longest) > 0):
        seconds = np.where(load.levels > 0.5, load.levels * longest, 0.0)
        yield Step(Phase.QUEUE, "wait for an environment", (Actor.FRONT, Actor.WORKER), seconds, order=1)


def scaling_window_s() -> float:
    """The time in which the limit on scaling counts new environments [s]."""
    return catalogue.constant("lambda.scaling.window_s").value


class Execution(Option):
    """What does the work. The body of a job goes to it as `handed` says, or through S3."""

    concern = "execution"
    depends_on: ClassVar[tuple[str, ...]] = ("asynchronous", "body_in", "body_out", "added_times")
    jobs_only: ClassVar[bool] = False  # whether it cannot answer at once
    handed: ClassVar[str] = ""  # the limit on what can be handed over; above it the body goes through S3

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        region = catalogue.region(load.workload.region)
        if region and not region.has_lambda and self.provides.get("behind") is not Behind.CONTAINER:
            yield Exclusion("region", f"{region.region} has no Lambda", is_whole=True)

    def clashes(self, flow: RequestPath) -> str | None:
        jobs = self.jobs_only and not flow.asynchronous
        return f"{self.id} needs a stored or callback response" if jobs else None

    def spills(self, load: Conditions) -> Iterable[Offloaded]:
        """The limit on handing over a body; none where there is no body to hand over."""
        if self.handed and load.flow.asynchronous and load.flow.body_in is BodyIn.DOOR:
            binary = load.workload.request.binary
            escape = 1.0 if binary else load.constant("encoding.json_escape")
            yield Offloaded(self.handed, "request", Codec(binary, escape))

    def by_reference(self, load: Conditions) -> UsageLines:
        """The lines for bodies that are too large to hand over: a PUT, a GET, a day in the bucket."""
        for spill in self.spills(load):
            spilled = load.requests * spill.share(load)
            yield "s3.standard_tier1_request", spilled
            yield "s3.standard_tier2_request", spilled
            kept = load.constant("upload.kept_s") / load.month_s
            room = np.maximum(spill.measure.room(load.limit(spill.limit)), 0)
            carried = load.request.excess(room) + room * spill.share(load)  # of all, on average
            yield "s3.standard_storage", load.requests * carried / GB * kept
            read = spill.share(load) * load.typical_s("s3.request") + carried / load.network
            yield from compute(load, read)

    def fetched(self, load: Conditions) -> Iterable[Step]:
        """Reading a body that was too large to hand over, for the share of requests that it is."""
        for spill in self.spills(load):
            read = load.time("s3.request") + load.at_levels("request") / load.network
            seconds = np.where(spill.share(load) > 1 - load.levels, read, 0.0)
            if np.any(seconds > 0):
                yield Step(Phase.WORK, "read the large body", (Actor.WORKER, Actor.BUCKET), seconds, order=-1)

    def steps(self, load: Conditions) -> Iterable[Step]:
        """The work itself, and before it the body that it is about."""
        yield from self.fetched(load)
        yield Step(Phase.WORK, "the work", (Actor.WORKER, Actor.WORKER), load.at_levels("runtime"), "runtime")

    def slices(self, load: Conditions) -> Number:
        """Invocations that a job's work takes, on average."""
        return 1.0


class LambdaExecution(Execution):
    """Work in a function: its memory, time, concurrency and cold starts."""

    age_limit: ClassVar[str] = "lambda.async.age"  # how old a job may get that waits

    def limits(self, load: Conditions) -> Iterable[LimitUse]:
        yield FixedUse("lambda.memory", load.memory_mb)
        yield FixedUse("lambda.init", load.init_p99_s)
        if load.flow.asynchronous:
            yield from self.spills(load)
            yield from waiting(load, self.age_limit)
        else:
            # an environment answers so many requests a second and no more, however short they are
            shortest = 1 / load.limit("lambda.rps.sync")
            yield PeakDemand("lambda.concurrency", load.peak_rps * np.maximum(load.held_s, shortest))
            yield PeakDemand("lambda.scaling", load.new_environments(scaling_window_s()))

    def usage(self, load: Conditions) -> UsageLines:
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

    def more_events(self, load: Conditions) -> UsageLines:
        """The line for large asynchronous events: each started chunk over the free size is a request."""
        free, chunk = load.constant("lambda.async.free_bytes"), load.constant("lambda.async.chunk_bytes")
        for spill in self.spills(load):
            chunks = started_chunks(load, spill, np.arange(free, load.limit(spill.limit), chunk))
            yield load.by_architecture("lambda.request"), load.requests * chunks

    def steps(self, load: Conditions) -> Iterable[Step]:
        yield from self._arrival(load)
        start = load.cold_start(load.runtime.mean, "work")
        yield Step(Phase.COLD_START, "start an environment", (Actor.WORKER, Actor.WORKER), start)
        yield from super().steps(load)

    def _arrival(self, load: Conditions) -> Iterable[Step]:
        if load.flow.asynchronous:
            handed = load.time("async.to_lambda")
            yield Step(Phase.QUEUE, "hand the job over", (Actor.FRONT, Actor.WORKER), handed)
            yield from backlog(load, self.age_limit)

    entry: ClassVar[str] = WORK  # of the code that is shipped, where jobs are handed to the work
    hand_over: ClassVar[HandOver] = HandOver.EVENT  # how they are
    versioned: ClassVar[bool] = False  # whether a published version does the work

    def properties(self, load: Conditions) -> Mapping[str, Any]:
        """What is peculiar to the function that does the work."""
        return {}

    def pieces(self, load: Conditions) -> Iterable[TemplatePiece]:
        yield work_part(load, self.entry, self.properties(load), self.versioned)
        if not load.flow.asynchronous:
            return
        yield Setting("hand_over", self.hand_over.value)
        yield Setting("hand_bytes", int(load.limit(self.handed)))
        for setting in ("job.lease_s", "job.attempts"):
            yield Setting(setting.removeprefix("job."), load.constant(setting))
        yield Allow("submit", ("s3:PutObject",), objects("ResultsBucket", "bodies/"))
        yield Allow("work", ("s3:GetObject",), objects("ResultsBucket", "bodies/"))
        yield from self._handing(load)

    def _handing(self, load: Conditions) -> Iterable[TemplatePiece]:
        """What hands a job to the work."""
        function = own_arn("lambda", "function:~-work")
        yield Variable("submit", "HAND_TO", attribute("Work"))
        yield Allow("submit", ("lambda:InvokeFunction",), function)
        yield event_settings(load)


def event_settings(load: Conditions, on_failure: Mapping[str, Any] | None = None) -> Resource:
    """How often and how long an asynchronous event is tried."""
    settings = {
        "FunctionName": ref("Work"),
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": int(load.limit("lambda.async.retries")),
        "MaximumEventAgeInSeconds": int(load.limit("lambda.async.age")),
    }
    if on_failure:
        settings["DestinationConfig"] = {"OnFailure": {"Destination": on_failure}}
    return Resource("WorkEvents", "AWS::Lambda::EventInvokeConfig", settings)


def dead_letters(load: Conditions) -> Resource:
    """A queue for what could not be done, kept as long as may be."""
    return queue("DeadLetters", {"MessageRetentionPeriod": int(load.limit("sqs.retention"))})


MOST = 32  # slices that are counted one by one


class Sliced(LambdaExecution):
    """Long work cut into invocations, with its state between them."""

    state_limit: ClassVar[str] = ""  # what is larger goes through S3

    def budget_s(self, load: Conditions) -> float:
        """How much work one invocation takes on: its time-out less a margin [s]."""
        return load.limit("lambda.timeout") - load.constant("hop.margin_s")

    def divides(self, load: Conditions) -> bool:
        """Whether the work may go on in another invocation."""
        return load.workload.runtime.divisible and load.flow.asynchronous

    def slices(self, load: Conditions) -> Number:
        if not self.divides(load):
            return 1.0
        return load.memo("slices", lambda: self._slices(load))

    def _slices(self, load: Conditions) -> Number:
        """The mean as the sum over k of P(more than k slices), and beyond `MOST` as an integral."""
        measure = self.per_slice(1.0, 0.0, load)
        total: Number = 1.0
        for k in range(1, MOST):
            total = total + load.runtime.exceed(measure.room(k))
        rest = np.minimum(measure.room(MOST), 1e300)
        return total + load.runtime.exceed(rest) / 2 + load.runtime.excess(rest) / self.budget_s(load)

    def limits(self, load: Conditions) -> Iterable[LimitUse]:
        if self.divides(load):  # a step is not cut: it has to fit into one invocation
            yield PerRequest("lambda.timeout", "runtime", Linear(1 / load.steps))
        else:
            yield load.time_limit("lambda.timeout")
        yield from super().limits(load)

    def per_slice(self, each: float, offset: float, load: Conditions) -> Slices:
        """A use that grows with each invocation that the work takes."""
        return Slices(self.budget_s(load), load.steps, each, offset)

    def state_moves(self, load: Conditions) -> UsageLines:
        """The lines for keeping the state in S3 between invocations, where it is too large to hand over."""
        moved = np.where(
            load.state_bytes > load.limit(self.state_limit),
            load.requests * (self.slices(load) - 1),
            0.0,
        )
        yield "s3.standard_tier1_request", moved
        yield "s3.standard_tier2_request", moved

    def _handover(self, load: Conditions) -> str:
        return "async.to_lambda"

    def _arrival(self, load: Conditions) -> Iterable[Step]:
        if not load.flow.asynchronous:
            return
        hops = 1.0
        if self.divides(load):
            hops = self.per_slice(1.0, 0.0, load).size(load.at_levels("runtime"))
        seconds = hops * load.time(self._handover(load))
        yield Step(Phase.QUEUE, "hand the job over", (Actor.FRONT, Actor.WORKER), seconds)
        yield from backlog(load, self.age_limit)

    def pieces(self, load: Conditions) -> Iterable[TemplatePiece]:
        yield from super().pieces(load)
        yield Setting("slice_margin_s", load.constant("hop.margin_s"))
        yield Setting("state_bytes", int(load.limit(self.state_limit)))
        yield Setting("hops", int(load.constant("job.hops")) if self.divides(load) else 1)
        yield Allow("work", ("s3:GetObject", "s3:PutObject"), objects("ResultsBucket", "state/"))
