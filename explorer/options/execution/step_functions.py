"""Work in a Standard workflow: Step Functions around the function."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from explorer.options.base.conditions import Conditions
from explorer.options.base.design_part import DesignPart
from explorer.options.base.limit_uses import LimitUse, PeakDemand, PerRequest
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import FUNCTION, Actor, BodyOut, HandOver, RequestPath
from explorer.options.base.resources import TemplatePiece
from explorer.options.base.usage import UsageLines

from .base import PUT_ASIDE, SlicedExecution, handed_to_workflow, retries, retry_then_queue


class StepFunctions(SlicedExecution):
    id = "step-functions"
    deployable = True
    acknowledges = True
    hand_over = HandOver.MACHINE
    entry = "workflow_work"
    accepted_entry = "accepted_workflow"
    jobs_only = True
    summary = "a Standard workflow around the function"
    phrase = "a Step Functions workflow"
    parts = (DesignPart("state machine", Actor.HANDS, "state machine"), "workflow role and log")
    provides = {"compute": FUNCTION}
    hand_over_limit = "sfn.payload"
    orchestrates = True
    state_limit = "sfn.payload"
    handover = "sfn.to_lambda"
    age_limit = "sfn.duration.std"  # the task is retried while the function is throttled

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield PeakDemand("sfn.start", [load.peak_rps])
        yield PerRequest("sfn.duration.std", "runtime")
        yield PerRequest(
            "sfn.history", "runtime", self.per_slice(load.constant("sfn.events_per_hop"), 2.0, load)
        )
        yield from super().limits(load, path)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        fixed, each = (
            load.constant("sfn.transitions_fixed"),
            load.constant("sfn.transitions_per_hop"),
        )
        yield "states.standard_transition", load.requests * (fixed + each * self.slices(load, path))
        yield from self.state_moves(load, path)

    def _hand_over(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield from handed_to_workflow(load, path, "STANDARD", workflow(load, path))


def workflow(load: Conditions, path: RequestPath) -> Mapping[str, Any]:
    """The states of a job: slices of the work, until none is left."""
    again_s = int(load.constant("job.lease_s")) + 1
    every = {"IntervalSeconds": again_s, "BackoffRate": 1.0}  # a job is given up soon after its lease
    busy = {  # an invocation whose response was lost may still run, up to the timeout
        "ErrorEquals": ["Busy"],
        "MaxAttempts": math.ceil(load.limit("lambda.timeout") / again_s),
        **every,
    }
    failed = {"ErrorEquals": ["States.ALL"], "MaxAttempts": int(load.constant("job.receives")) - 1, **every}
    collected = path.body_out is not BodyOut.NOTHING
    errors = {"Retry": [busy, failed]} if collected else retry_then_queue(1 + retries(load))
    slice_of_work = {"Type": "Task", "Resource": "${Work}", **errors, "Next": "Done?"}
    is_done = {"Variable": "$.done", "BooleanEquals": True, "Next": "Ended"}
    return {
        "StartAt": "Work",
        "TimeoutSeconds": int(load.limit("sfn.duration.std")),
        "States": {
            "Work": slice_of_work,
            "Done?": {"Type": "Choice", "Choices": [is_done], "Default": "Work"},
            "Ended": {"Type": "Succeed"},
            **({} if collected else PUT_ASIDE),
        },
    }
