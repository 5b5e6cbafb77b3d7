"""Work in an Express workflow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from explorer.options.base.conditions import Conditions
from explorer.options.base.design_part import DesignPart
from explorer.options.base.limit_uses import LimitUse, PeakDemand, PerRequest
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import (
    FUNCTION,
    Actor,
    BodyIn,
    BodyOut,
    HandOver,
    Phase,
    RequestPath,
    Step,
)
from explorer.options.base.resources import Setting, TemplatePiece
from explorer.options.base.usage import UsageLines

from .base import (
    AGAIN_S,
    PUT_ASIDE,
    LambdaExecution,
    handed_to_workflow,
    retries,
    retry_then_queue,
)


class Express(LambdaExecution):
    """An Express workflow around the function: at most five minutes, cheap for many requests.

    Behind an API, the door itself can start it and wait for its response.
    """

    id = "express"
    deployable = True
    acknowledges = True
    hand_over = HandOver.MACHINE
    entry = "workflow_work"
    accepted_entry = "accepted_workflow"
    summary = "an Express workflow around the function"
    phrase = "an Express workflow"
    parts = (DesignPart("state machine", Actor.HANDS, "state machine"), "workflow role and log")
    provides = {"compute": FUNCTION}
    depends_on = (*LambdaExecution.depends_on, "starts_workflows")
    clash_fields = ("asynchronous", "starts_workflows", "body_out")
    hand_over_limit = "sfn.payload"
    orchestrates = True
    repeats = "an Express workflow that nobody waits for may run twice"
    age_limit = "sfn.duration.exp"  # the task is retried while the function is throttled

    def clashes(self, flow: RequestPath) -> str | None:
        if flow.asynchronous or (flow.starts_workflows and flow.body_out is BodyOut.WHOLE):
            return None
        return (
            "an Express workflow needs a response that nobody waits for, or a buffered one behind "
            "an HTTP API or a REST API (door=http-api, door=rest-api)"
        )

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield load.time_limit("sfn.duration.exp", path)
        yield PeakDemand("sfn.start.express", [load.peak_rps])
        at_once = ~path.asynchronous
        if at_once.any():  # the bodies are the input and output of the workflow
            inline = at_once & path.body_in.is_(BodyIn.DOOR)
            yield PerRequest("sfn.payload", "request", load.event_codec("request", path), inline)
            yield PerRequest("sfn.payload", "response", load.event_codec("response", path), at_once)
        yield load.time_limit("lambda.timeout", path)
        yield from super().limits(load, path)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        yield "states.express_request", load.requests
        memory_gb = load.constant("sfn.express.memory_mb") / 1024
        increment = load.constant("sfn.express.billing_s")
        lasted = load.runtime.mean_ceil(increment) * increment + load.typical_s("sfn.express.to_lambda")
        yield "states.express_duration", load.requests * lasted * memory_gb

    def _arrival(self, load: Conditions, path: Paths) -> Iterable[Step]:
        who = (Actor.HANDS, Actor.WORKER)
        at_once, later = ~path.asynchronous, path.asynchronous
        if at_once.any():
            seconds = load.time("sfn.express.to_lambda")
            yield Step(Phase.QUEUE, "through the workflow", who, seconds, where=at_once)
        if later.any():
            seconds = load.time("sfn.express.to_lambda.async")
            yield Step(Phase.QUEUE, "hand the job over", who, seconds, where=later)

    def undeployable(self, flow: RequestPath) -> str | None:
        if not flow.asynchronous:
            return "express has a template only where nobody waits for the answer"
        return super().undeployable(flow)

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield from super().pieces(load, path)
        # an ended workflow starts no further work
        yield Setting("wait_s", load.limit("sfn.duration.exp") + load.constant("job.lease_s"))

    def _hand_over(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        collected = path.body_out is not BodyOut.NOTHING
        yield from handed_to_workflow(
            load, path, "EXPRESS", workflow(load) if collected else workflow_without_result(load)
        )


def workflow(load: Conditions) -> Mapping[str, Any]:
    """The states of a job: the work, retried after its lease until the workflow's time ends."""
    again_s, lasts_s = int(load.constant("job.lease_s")) + 1, int(load.limit("sfn.duration.exp"))
    retried = {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": again_s,
        "MaxAttempts": lasts_s // again_s,
        "BackoffRate": 1.0,
    }
    work = {"Type": "Task", "Resource": "${Work}", "Retry": [retried], "End": True}
    return {"StartAt": "Work", "TimeoutSeconds": lasts_s, "States": {"Work": work}}


def workflow_without_result(load: Conditions) -> Mapping[str, Any]:
    """The states of a job without a collected result, with as many tries as fit into the workflow's time.

    A workflow that runs out of its own time cannot put the input aside, so the tries share that time. Only as
    many tries are used as let the longest expected work take at most half of one share; there is always at
    least one. Example: with 290 s, pauses of 2 and 4 s and three tries, a share is (290 - 6) / 3 = 94.7 s, so
    the work may take 47 s.
    """
    lasts_s = load.limit("sfn.duration.exp") - load.constant("sfn.express.margin_s")
    longest_s = float(np.max(load.at_levels("runtime")))
    most = 1 + retries(load)
    shares = {tries: (lasts_s - AGAIN_S * (2 ** (tries - 1) - 1)) / tries for tries in range(1, most + 1)}
    tries = max(tries for tries in shares if tries == 1 or 2 * longest_s <= shares[tries])
    work = {"Type": "Task", "Resource": "${Work}", "TimeoutSeconds": int(shares[tries]), "End": True}
    return {
        "StartAt": "Work",
        "TimeoutSeconds": int(load.limit("sfn.duration.exp")),
        "States": {"Work": {**work, **retry_then_queue(tries)}, **PUT_ASIDE},
    }
