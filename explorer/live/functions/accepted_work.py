"""Entry of acknowledged work, whose result nobody fetches: a failure is retried, then kept in a queue."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import configuration
import handing
import jobs
import log
import results
import slices
from context import Context, SliceEnds
from problems import type_and_detail
from settings import SETTINGS


class WorkFailed(Exception):
    """The work raised; its text, which may contain the caller's input, is kept out of the log."""


def handler(event: Mapping[str, Any], lambda_context: Any) -> None:
    """Do the work of an event or of messages. An exception makes the platform send the event again."""
    with log.invocation("work", lambda_context.aws_request_id):
        for job_event in _job_events(event):
            next_event = advance(job_event, slices.remaining_time(lambda_context))
            if next_event:
                with log.timer("hand_s"):
                    handing.hand_on(next_event, lambda_context.invoked_function_arn)


def advance(event: slices.Event, remaining_s: Callable[[], float]) -> dict[str, Any] | None:
    """Do the next slice of the work.

    Returns the event of the slice after it, None if the work is done. Raises WorkFailed.
    """
    log.note(job=event["id"], hop=event["hop"])
    body = event["body"] if "body" in event else results.read_body(event["body_at"])
    context = Context(
        configuration.entries(), remaining_s, results.state_of(event), slices.checkpoint_hook(remaining_s)
    )
    try:
        with log.timer("slice_s"):
            slices.work_function()(body, context)
    except SliceEnds as end:
        return _next_event(event, end.state)
    except (Exception, SystemExit) as error:
        log.note(did="failed")
        raise WorkFailed(type_and_detail(error)[0]) from None
    log.note(did="succeeded")
    return None


def _next_event(event: slices.Event, state: Any) -> dict[str, Any]:
    """The event of the next hop. There is no row, so the event carries all that is known of the work."""
    hop = event["hop"] + 1
    try:
        if hop >= SETTINGS.hops:
            raise WorkFailed("OutOfHops")
        payload = results.hop_payload(jobs.Claim(event["id"], jobs.random_name(), hop - 1, {}), event, state)
    except (TypeError, ValueError, RecursionError) as error:  # the state is not JSON
        log.note(did="failed")
        raise WorkFailed(type_and_detail(error)[0]) from None
    log.note(did="handed on")
    return {"id": event["id"], "token": "", "hop": hop, **payload}


def _job_events(event: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    if "Records" not in event:
        return [event]
    return [json.loads(message["body"]) for message in event["Records"]]
