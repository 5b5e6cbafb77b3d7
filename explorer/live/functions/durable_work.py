"""Entry of the work as a durable function: each slice is a step, and Lambda stores its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jobs
import log
import slices
from aws_durable_execution_sdk_python import DurableContext, StepContext, durable_execution
from aws_durable_execution_sdk_python.config import Duration, StepConfig
from aws_durable_execution_sdk_python.retries import RetryDecision
from settings import SETTINGS

TRIES = 5


Advance = Callable[[Mapping[str, Any], Callable[[], float]], dict[str, Any] | None]


@durable_execution
def handler(event: Mapping[str, Any], durable: DurableContext) -> dict[str, Any]:
    """Do slice after slice; slices of earlier invocations are not repeated."""
    return do_slices(event, durable, slices.advance)


def do_slices(event: Mapping[str, Any], durable: DurableContext, advance: Advance) -> dict[str, Any]:
    """Do the remaining slices, each by `advance`, as a step."""
    config, hops = StepConfig(retry_strategy=_retry_decision), 0
    body = {name: event[name] for name in ("body", "body_at") if name in event}
    hop_event: Mapping[str, Any] = event
    while True:
        step = partial(_slice, {**hop_event, **body}, durable.lambda_context, advance)
        outcome = durable.step(step, name=f"slice-{hops}", config=config)
        hops += 1
        if outcome["done"]:
            return {"id": event["id"], "hops": hops}
        if outcome["pause"]:  # from the step's outcome, since a replay has another time left
            durable.wait(Duration.from_seconds(1), name=f"pause-{hops}")
        hop_event = outcome["next"]


def _slice(
    hop_event: Mapping[str, Any], lambda_context: Any, advance: Advance, step: StepContext
) -> dict[str, Any]:
    remaining_s = slices.remaining_time(lambda_context)
    with log.invocation("work", lambda_context.aws_request_id):
        next_event = advance(hop_event, remaining_s)
    if next_event is None:
        return {"done": True}
    next_event = {name: value for name, value in next_event.items() if name not in ("body", "body_at")}
    return {"done": False, "pause": remaining_s() < SETTINGS.slice_margin_s, "next": next_event}


def _retry_decision(error: Exception, tries: int) -> RetryDecision:
    """A slice raises if AWS failed, or if another worker holds the job; the latter is always retried."""
    if tries >= TRIES and not isinstance(error, jobs.Busy):
        return RetryDecision.no_retry()
    return RetryDecision.retry(Duration.from_seconds(max(1, round(SETTINGS.lease_s))))
