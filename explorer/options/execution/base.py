"""What executions have in common: handing jobs over, work in a function, and slicing long work."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from explorer.facts import catalogue
from explorer.facts.encoding import Codec
from explorer.facts.units import Number
from explorer.options.base.conditions import GB, Conditions
from explorer.options.base.containers import some_task_fits
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
from explorer.options.base.mask import Mask
from explorer.options.base.option import Exclusion, Option
from explorer.options.base.paths import Paths
from explorer.options.base.private_network import network_parts, work_network
from explorer.options.base.request_path import (
    Actor,
    Behind,
    BodyIn,
    BodyOut,
    HandOver,
    Initialization,
    Phase,
    RequestPath,
    Step,
)
from explorer.options.base.resources import (
    ACCEPTED_WORK,
    BODIES,
    RESULTS,
    WORK,
    Allow,
    Resource,
    Setting,
    TemplatePiece,
    Variable,
    attribute,
    log_group,
    objects,
    own_arn,
    own_name,
    queue,
    ref,
    statement_of,
    trust_policy,
    work_arn,
    work_part,
    work_target,
)
from explorer.options.base.usage import UsageLines
from explorer.options.base.usage_lines import compute, function_seconds, logs


def started_chunks(load: Conditions, spill: Offloaded, starts: np.ndarray) -> Number:
    """The mean number of the chunks starting at `starts` [B] that a handed-over body reaches."""
    body, offload = load.spread(spill.driver), spill.share(load)
    rooms = spill.measure.room(starts.reshape((-1,) + (1,) * len(load.shape)))
    chunks: Number = np.maximum(np.asarray(body.exceed(rooms)) - offload, 0).sum(axis=0)
    return chunks


def waiting(load: Conditions, age: str, where: Mask, most: Number = np.inf) -> Iterable[LimitUse]:
    """The limits for jobs that wait for one of at most `most` environments: concurrency needed, and age."""
    need = load.concurrency_needed(load.limit(age))
    mean, peak = load.runtime.mean * load.mean_rps, load.runtime.mean * load.peak_rps
    yield Backlogged("lambda.concurrency", need, where, mean, np.minimum(peak, most))
    yield FixedUse(age, backlog_age(load, age, most), where)


def backlog_age(load: Conditions, age: str, most: Number = np.inf) -> Number:
    """The age of a waiting job at the end of a peak [s], with the concurrency needed, at most `most`."""
    need = load.concurrency_needed(load.limit(age))
    return load.backlog_age(np.minimum(np.maximum(need, load.limit("lambda.concurrency")), most))


def backlog(load: Conditions, age: str, where: Mask, most: Number = np.inf) -> Iterable[Step]:
    """The wait for an environment in a peak: 0 up to the median, rising to the longest wait."""
    longest = backlog_age(load, age, most)
    if np.any(np.asarray(longest) > 0):
        seconds, who = np.where(load.levels > 0.5, load.levels * longest, 0.0), (Actor.FRONT, Actor.WORKER)
        yield Step(Phase.QUEUE, "wait for an environment", who, seconds, order=1, where=where)


def scaling_window_s() -> float:
    """The time window in which the scaling limit counts new environments [s]."""
    return catalogue.constant("lambda.scaling.window_s").value


def _offloaded_bytes(load: Conditions, spill: Offloaded) -> Number:
    """The mean bytes per request that go through S3, over all requests."""

    def mean() -> Number:
        room = np.maximum(spill.measure.room(load.limit(spill.limit)), 0)
        return load.request.excess(room) + room * spill.share(load)

    return load.memo((spill.limit, "offloaded bytes"), mean)


class Execution(Option):
    """The compute that does the work; a job's body is handed over with the job, or goes through S3."""

    concern = "execution"
    clash_fields: ClassVar[tuple[str, ...]] = ("asynchronous",)
    depends_on: ClassVar[tuple[str, ...]] = (
        "asynchronous",
        "body_in",
        "body_out",
        "gzip",
        "added_times",
        "initialization",
    )
    jobs_only: ClassVar[bool] = False  # whether it cannot respond synchronously
    hand_over_limit: ClassVar[str] = ""  # id of the limit on a handed-over body; larger bodies go through S3
    orchestrates: ClassVar[bool] = False  # whether it retries and shows each step of several services
    acknowledges: ClassVar[bool] = False  # whether it has a template for requests that are only acknowledged
    repeats: ClassVar[str] = ""  # why asynchronous work may run twice; "" if it may not

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        region = catalogue.region(load.workload.region)
        if region and not region.has_lambda and self.provides.get("behind") is not Behind.CONTAINER:
            yield Exclusion("region", f"{region.region} has no Lambda", is_whole=True)
        if load.workload.runtime.once and self.repeats:
            yield Exclusion("runtime.once", self.repeats, on={"asynchronous": True})
        if load.workload.runtime.orchestrated and not self.orchestrates:
            why = f"{self.words} does not retry and show each step of several services by itself"
            yield Exclusion("runtime.orchestrated", why, is_whole=True)

    def sells(self, load: Conditions) -> Mask:
        """The sizes of functions; where none is stated, container tasks have sizes of their own."""
        return ~load.of_task

    def clashes(self, flow: RequestPath) -> str | None:
        jobs = self.jobs_only and not flow.asynchronous
        return f"{self.words} needs a response that nobody waits for" if jobs else None

    def undeployable(self, flow: RequestPath) -> str | None:
        if self.deployable and flow.body_out is BodyOut.NOTHING and not self.acknowledges:
            return f"{self.id} has a template only where a result is collected"
        return super().undeployable(flow)

    def offloaded_uses(self, load: Conditions, path: Paths) -> Iterable[Offloaded]:
        """The limit on handing over a body, on the paths that hand one over."""
        if not self.hand_over_limit:
            return
        where = path.asynchronous & path.body_in.is_(BodyIn.DOOR)
        if where.any():
            binary = load.workload.request.binary
            escape = 1.0 if binary else load.constant("encoding.json_escape")
            yield Offloaded(self.hand_over_limit, "request", Codec(binary, escape), where)

    def by_reference(self, load: Conditions, path: Paths) -> UsageLines:
        """The lines for bodies too large to hand over: a PUT, a GET, and a day in the bucket."""
        for spill in self.offloaded_uses(load, path):
            spilled = spill.where * (load.requests * spill.share(load))
            yield "s3.standard_tier1_request", spilled
            yield "s3.standard_tier2_request", spilled
            month_share = load.constant("upload.kept_s") / load.month_s
            body_bytes = _offloaded_bytes(load, spill)
            yield "s3.standard_storage", spill.where * (load.requests * body_bytes / GB * month_share)
            read = spill.share(load) * load.typical_s("s3.request") + body_bytes / load.network
            yield from compute(load, path, spill.where * read)

    def fetch_steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        """The step that reads a body too large to hand over, for the share of such requests."""
        for spill in self.offloaded_uses(load, path):
            read = load.time("s3.request") + load.at_levels("request") / load.network
            seconds = np.where(spill.share(load) > 1 - load.levels, read, 0.0)
            if np.any(seconds > 0):
                what, who = "read the large body", (Actor.WORKER, Actor.BUCKET)
                yield Step(Phase.WORK, what, who, seconds, order=-1, where=spill.where)

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        """The work, and before it the read of a large body."""
        yield from self.fetch_steps(load, path)
        seconds, who = load.at_levels("runtime"), (Actor.WORKER, Actor.WORKER)
        first = load.first_byte_at_levels(path.body_out.is_(BodyOut.STREAM))
        yield Step(Phase.WORK, "the work", who, seconds, "runtime", before_first_byte=first)

    def slices(self, load: Conditions, path: Paths) -> Number:
        """The mean number of invocations for a job's work."""
        return 1.0

    def more_parts(self, load: Conditions, path: Paths) -> Iterable[tuple[str, Mask]]:
        yield from network_parts(load)

    def holds_back(self, path: Paths) -> Mask:
        """The paths on which jobs wait while the downstream system is at its limit."""
        return np.False_

    def downstream(self, load: Conditions, path: Paths, age: str = "") -> Iterable[LimitUse]:
        """The limit on concurrent calls of the downstream system.

        Where jobs are held back, they wait during a peak, up to the limit `age`; only the mean demand must
        fit.
        """
        if load.workload.downstream.concurrency is None:
            return
        waits = self.holds_back(path) & path.asynchronous
        mean, peak = load.runtime.mean * load.mean_rps, load.runtime.mean * load.peak_rps
        if waits.any():
            at_peak = np.maximum(mean, np.minimum(peak, load.downstream_concurrency))
            yield Backlogged("downstream.concurrency", mean, waits, mean, at_peak)
        if not waits.all():
            yield PeakDemand("downstream.concurrency", [peak], where=~waits)


def too_large(load: Conditions) -> Iterable[Exclusion]:
    """The exclusion where no container task holds one request."""
    fits = some_task_fits(load)
    if not np.all(fits):
        why = "no container task has the memory and the vCPU that one request takes"
        yield Exclusion("runtime.memory", why, where=~fits, is_whole=True)


class LambdaExecution(Execution):
    """Work in a function: its memory, time, concurrency and cold starts."""

    age_limit: ClassVar[str] = "lambda.async.age"  # id of the limit on the age of a waiting job

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield FixedUse("lambda.memory", load.memory_mb, is_setting=True)
        if path.asynchronous.any():
            yield from self.offloaded_uses(load, path)
            yield from waiting(load, self.age_limit, path.asynchronous, self.most_at_once(load, path))
            reserved = np.asarray(self.reserved_concurrency(load))
            if reserved.any():  # this much must remain for all other functions
                with_rest = np.where(
                    reserved > 0, reserved + load.limit("lambda.concurrency.unreserved"), 0.0
                )
                yield FixedUse("lambda.concurrency", with_rest, path.asynchronous, is_setting=True)
        yield from self.downstream(load, path)
        at_once = ~path.asynchronous
        if at_once.any():
            held_s = load.held_s(path)
            # an environment serves a limited rate of requests, however short they are
            least = load.peak_rps / load.limit("lambda.rps.sync")
            busy = [load.peak_rps * seconds for seconds in held_s]
            yield PeakDemand("lambda.concurrency", busy, least=least, where=at_once)
            # provisioned environments need no start
            cold = at_once & ~path.initialization.is_(Initialization.PROVISIONED)
            most, ramp_s = load.new_requests(scaling_window_s())
            started = [most / ramp_s * seconds for seconds in held_s]
            yield PeakDemand("lambda.scaling", started, most=most, where=cold)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        invocations = load.requests * self.slices(load, path)
        yield load.by_architecture("lambda.request"), invocations
        increment = load.constant("lambda.billing_s")
        billed = load.memo("billed", lambda: load.runtime.mean_ceil(increment) * increment)
        yield from function_seconds(load, path, load.requests * billed)
        yield from logs(load, invocations)
        yield from self.by_reference(load, path)
        yield from work_network(load)

    def unbuilt(self, load: Conditions, flow: RequestPath) -> Iterable[str]:
        yield from super().unbuilt(load, flow)
        reserved = self.properties(load, flow).get("ReservedConcurrentExecutions")
        if reserved is None or flow.initialization is not Initialization.PROVISIONED:
            return
        ready = int(load.provisioned_environments(Paths.of(flow)).value())
        if ready > reserved:
            yield (
                f"downstream.concurrency: it reserves a concurrency of {reserved}, and AWS provisions "
                f"no more than is reserved, here {ready}"
            )

    def reserved_concurrency(self, load: Conditions) -> Number:
        """The reserved concurrency, which limits concurrent jobs; 0 if there is none.

        If the downstream system tolerates the whole concurrency of the account, none is reserved.
        """
        return 0.0

    def most_at_once(self, load: Conditions, path: Paths) -> Number:
        """The concurrent jobs that may call the downstream system; infinite where none are held back."""
        waits = self.holds_back(path)
        return np.where(waits, load.downstream_concurrency, np.inf)[()] if waits.any() else np.inf

    def more_events(self, load: Conditions, path: Paths) -> UsageLines:
        """The line for large asynchronous events: each started chunk beyond the free size is one request."""
        free, chunk = load.constant("lambda.async.free_bytes"), load.constant("lambda.async.chunk_bytes")
        for spill in self.offloaded_uses(load, path):
            chunks = started_chunks(load, spill, np.arange(free, load.limit(spill.limit), chunk))
            yield load.by_architecture("lambda.request"), spill.where * (load.requests * chunks)

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        yield from self._arrival(load, path)
        yield from super().steps(load, path)

    def _arrival(self, load: Conditions, path: Paths) -> Iterable[Step]:
        if path.asynchronous.any():
            seconds, who = load.time("async.to_lambda"), (Actor.FRONT, Actor.WORKER)
            yield Step(Phase.QUEUE, "hand the job over", who, seconds, where=path.asynchronous)
            most = self.most_at_once(load, path)
            yield from backlog(load, self.age_limit, path.asynchronous, most)

    entry: ClassVar[str] = WORK  # the shipped module that receives jobs
    accepted_entry: ClassVar[str] = ACCEPTED_WORK  # and the module if no client collects the result
    hand_over: ClassVar[HandOver] = HandOver.EVENT  # how jobs reach it

    def properties(self, load: Conditions, path: RequestPath) -> Mapping[str, Any]:
        """Special properties of the function that does the work."""
        return {}

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        collected = path.body_out is not BodyOut.NOTHING
        entry = self.entry if collected else self.accepted_entry
        yield work_part(load, path, entry, self.properties(load, path))
        if not path.asynchronous:
            return
        yield Setting("hand_over", self.hand_over.value)
        yield Setting("hand_bytes", int(load.limit(self.hand_over_limit)))
        for setting in ("job.lease_s", "job.attempts"):
            yield Setting(setting.removeprefix("job."), load.constant(setting))
        bodies = objects(RESULTS if collected else BODIES, "bodies/")
        yield Allow("submit", ("s3:PutObject",), bodies)
        yield Allow("work", ("s3:GetObject",), bodies)
        yield from self._hand_over(load, path)

    def _hand_over(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        """The pieces that hand a job to the worker."""
        yield Variable("submit", "HAND_TO", work_target(path).arn)
        yield Allow("submit", ("lambda:InvokeFunction",), work_arn(path))
        if path.body_out is not BodyOut.NOTHING:
            yield event_settings(load, path)
            return
        yield dead_letters(load)
        yield Allow("work", ("sqs:SendMessage",), attribute("DeadLetters"))
        yield event_settings(load, path, attribute("DeadLetters"))


def event_settings(
    load: Conditions, path: RequestPath, on_failure: Mapping[str, Any] | None = None
) -> Resource:
    """The retries and the maximum age of an asynchronous event."""
    target = work_target(path)
    settings = {
        "FunctionName": ref(target.function),
        "Qualifier": target.qualifier,
        "MaximumRetryAttempts": retries(load),
        "MaximumEventAgeInSeconds": int(load.limit("lambda.async.age")),
    }
    if on_failure:
        settings["DestinationConfig"] = {"OnFailure": {"Destination": on_failure}}
    return Resource("WorkEvents", "AWS::Lambda::EventInvokeConfig", settings, target.after)


def dead_letters(load: Conditions) -> Resource:
    """A queue for failed jobs, kept as long as possible."""
    return queue("DeadLetters", {"MessageRetentionPeriod": int(load.limit("sqs.retention"))})


MOST = 32  # number of slices that are counted one by one
STEPS = 128  # beyond `MOST` slices, whole steps per invocation are counted up to this number


class SlicedExecution(LambdaExecution):
    """Long work cut into invocations, which hand over the state."""

    state_limit: ClassVar[str] = ""  # id of the limit on the state; a larger state goes through S3

    def budget_s(self, load: Conditions) -> float:
        """The work that one invocation does: its timeout minus a margin [s]."""
        return load.limit("lambda.timeout") - load.constant("hop.margin_s")

    def divides(self, load: Conditions, path: Paths) -> Mask:
        """The paths on which the work may continue in another invocation."""
        result: Mask = path.asynchronous & np.bool_(load.workload.runtime.divisible)
        return result

    def slices(self, load: Conditions, path: Paths) -> Number:
        divides = self.divides(load, path)
        if not divides.any():
            return 1.0
        slices = load.memo("slices", lambda: self._slices(load))
        return slices if divides.all() else np.where(divides, slices, 1.0)

    def _slices(self, load: Conditions) -> Number:
        """The mean number of slices N: E[N] = sum over k >= 0 of P(N > k), one by one up to `MOST`."""
        measure = self.per_slice(1.0, 0.0, load)
        few = np.arange(1.0, MOST).reshape((-1,) + (1,) * len(load.shape))
        chances = np.asarray(load.runtime.exceed(measure.room(few)))
        few_of_them: Number = chances.sum(axis=0)
        return 1.0 + few_of_them + self._chance_beyond(load, measure)

    def _chance_beyond(self, load: Conditions, measure: Slices) -> Number:
        """The sum over k >= `MOST` of P(N > k), for the number of slices N.

        An invocation with the budget B runs f = floor(B S / w) of the S steps of work w, so N = ceil(S / f).
        As w grows past B S / (f + 1), f + 1 steps no longer fit and N jumps from ceil(S / (f + 1)) to ceil(S
        / f). The sum is the mean of max(N - `MOST`, 0), which is the sum over f of this jump (above `MOST`)
        times P(w > B S / (f + 1)). Jumps are added one by one for f = 1 to `STEPS`. For larger f, N is close
        to w / B, and the sum is an integral of P(w > x) / B plus half of its ends (trapezoidal rule).
        Example: S = 40 steps and B = 900 s; work of 4.5 h runs f = 2 steps per invocation, in 20 slices.
        """
        budget, steps, work = self.budget_s(load), load.steps, load.runtime
        fit = np.arange(1.0, STEPS + 1).reshape((-1,) + (1,) * len(load.shape))
        jumps = np.maximum(np.ceil(steps / fit), MOST) - np.maximum(np.ceil(steps / (fit + 1)), MOST)
        jumped = (jumps * work.exceed(budget * steps / (fit + 1))).sum(axis=0)
        first = np.minimum(measure.room(MOST), 1e300)
        last = budget * steps / (STEPS + 1)
        ends = (work.exceed(first) - work.exceed(last)) / 2
        straight = ends + (work.excess(first) - work.excess(last)) / budget
        beyond: Number = jumped + np.where(last > first, straight, 0.0)
        return beyond

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        divides = self.divides(load, path)
        if divides.any():  # a step is not divided: it must fit into one invocation
            yield PerRequest("lambda.timeout", "runtime", Linear(1 / load.steps), divides)
        if not divides.all():
            yield load.time_limit("lambda.timeout", path, ~divides)
        yield from super().limits(load, path)

    def per_slice(self, each: float, offset: float, load: Conditions) -> Slices:
        """A use that grows with each invocation of the work."""
        return Slices(self.budget_s(load), load.steps, each, offset)

    def state_moves(self, load: Conditions, path: Paths) -> UsageLines:
        """The lines for a state too large to hand over, which S3 stores between invocations."""
        hops = load.requests * (self.slices(load, path) - 1)
        moved = np.where(load.state_bytes > load.limit(self.state_limit), hops, 0.0)
        yield "s3.standard_tier1_request", moved
        yield "s3.standard_tier2_request", moved

    handover: ClassVar[str] = "async.to_lambda"  # id of the time of a hand-over

    def _arrival(self, load: Conditions, path: Paths) -> Iterable[Step]:
        if not path.asynchronous.any():
            return
        seconds, divides = load.time(self.handover), self.divides(load, path)
        if divides.any():
            hops = self.per_slice(1.0, 0.0, load).size(load.at_levels("runtime"))
            seconds = seconds * np.where(divides, hops, 1.0)
        who = (Actor.FRONT, Actor.WORKER)
        yield Step(Phase.QUEUE, "hand the job over", who, seconds, where=path.asynchronous)
        yield from backlog(load, self.age_limit, path.asynchronous)

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield from super().pieces(load, path)
        yield Setting("slice_margin_s", load.constant("hop.margin_s"))
        yield Setting("state_bytes", int(load.limit(self.state_limit)))
        divides = self.divides(load, Paths.of(path))
        yield Setting("hops", int(load.constant("job.hops")) if divides else 1)
        states = RESULTS if path.body_out is not BodyOut.NOTHING else BODIES
        yield Allow("work", ("s3:GetObject", "s3:PutObject"), objects(states, "state/"))


AGAIN_S = 2  # seconds until the first retry of a task whose result no client collects
LOG_DELIVERY = tuple(
    f"logs:{action}"
    for action in (
        "CreateLogDelivery",
        "GetLogDelivery",
        "UpdateLogDelivery",
        "DeleteLogDelivery",
        "ListLogDeliveries",
        "PutResourcePolicy",
        "DescribeResourcePolicies",
        "DescribeLogGroups",
    )
)


def handed_to_workflow(
    load: Conditions, path: RequestPath, kind: str, definition: Mapping[str, Any]
) -> Iterable[TemplatePiece]:
    """The pieces that hand a job to a state machine whose tasks are the function that does the work.

    Parameters
    ----------
    load, path
        The workload, and the request path of the design.
    kind
        STANDARD or EXPRESS.
    definition
        The states of the machine; ${Work} stands for the function and, where no client collects the result,
        ${DeadLetters} for the queue of failed jobs.
    """
    machine = own_arn("states", "stateMachine:~-workflow")
    yield Variable("submit", "HAND_TO", machine)
    yield Allow("submit", ("states:StartExecution",), machine)
    yield Resource("WorkflowLog", "AWS::Logs::LogGroup", log_group("/aws/vendedlogs/states/~-workflow"))
    work = work_target(path).arn
    invoke = {"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": work}
    logs = {"Effect": "Allow", "Action": list(LOG_DELIVERY), "Resource": "*"}  # they accept no other
    statements, names = [invoke, logs], {"Work": work}
    if path.body_out is BodyOut.NOTHING:
        yield dead_letters(load)
        letters = attribute("DeadLetters")
        statements.append({"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": letters})
        names["DeadLetters"] = ref("DeadLetters")
    policy = {"PolicyName": "workflow", "PolicyDocument": statement_of(statements)}
    role = {"AssumeRolePolicyDocument": trust_policy("states"), "Policies": [policy]}
    yield Resource("WorkflowRole", "AWS::IAM::Role", role)
    destination = {"CloudWatchLogsLogGroup": {"LogGroupArn": attribute("WorkflowLog")}}
    properties = {
        "StateMachineName": own_name("workflow"),
        "StateMachineType": kind,
        "RoleArn": attribute("WorkflowRole"),
        "LoggingConfiguration": {
            "Level": "ERROR",
            "IncludeExecutionData": False,
            "Destinations": [destination],
        },
        "DefinitionString": json.dumps(definition),
        "DefinitionSubstitutions": names,
    }
    yield Resource("Workflow", "AWS::StepFunctions::StateMachine", properties)


PUT_ASIDE: Mapping[str, Any] = {  # states of a machine: a failed input goes to the queue, with its error
    "PutAside": {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": "${DeadLetters}", "MessageBody.$": "States.JsonToString($)"},
        "Next": "Failed",
    },
    "Failed": {"Type": "Fail", "Error": "WorkFailed"},
}


def retries(load: Conditions) -> int:
    """The number of retries after a failure, the same as for an asynchronous event."""
    return int(load.limit("lambda.async.retries"))


def retry_then_queue(tries: int) -> Mapping[str, Any]:
    """The attributes of a task state that is tried `tries` times and then hands its input to the queue."""
    again = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": AGAIN_S, "BackoffRate": 2.0}
    return {
        **({"Retry": [{**again, "MaxAttempts": tries - 1}]} if tries > 1 else {}),
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "PutAside"}],
    }
