"""Entry of the work for jobs from an asynchronous call or a queue, also for recursion."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import handing
import jobs
import log
import slices
from clients import client, error_code, platform_errors
from row import Refused
from settings import SETTINGS


def handler(event: Mapping[str, Any], lambda_context: Any) -> None:
    """Work on the job of an event, or of each message, until the slice ends.

    An exception returns the event to its source, which sends it again.
    """
    with log.invocation("work", lambda_context.aws_request_id):
        for job_event, renew_also in _job_events(event):
            renew_also()  # before the claim, so that the event of a job that is held comes back soon
            next_event = slices.advance(job_event, slices.remaining_time(lambda_context), renew_also)
            if next_event:
                _hand_on(next_event, lambda_context.invoked_function_arn)


def _hand_on(next_event: Mapping[str, Any], function: str) -> None:
    """Invoke the next hop; if that fails, this hop is repeated and no worker counts as dead."""
    try:
        with log.timer("hand_s"):
            handing.hand_on(next_event, function)
    except platform_errors() as error:
        log.note(failed=log.where(error), code=error_code(error))
        with suppress(Refused, *platform_errors()):
            jobs.release(next_event["id"], next_event["token"], next_event["hop"] - 1)
        raise
    with suppress(Refused, *platform_errors()):  # the hop has begun, or this one is repeated
        jobs.confirm_hand_on(next_event["id"], next_event["token"], next_event["hop"])


def _job_events(event: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Callable[[], None]]]:
    """Each job's event, and what to renew with its lease."""
    if "Records" not in event:
        return [(event, lambda: None)]
    return [(json.loads(message["body"]), _message_hider(message)) for message in event["Records"]]


def _queue(arn: str) -> str:
    """The URL of a queue."""
    *_, account, name = arn.split(":")
    return f"{client('sqs').meta.endpoint_url}/{account}/{name}"


def _message_hider(message: Mapping[str, Any]) -> Callable[[], None]:
    """A function that hides a message while its worker lives; a dead worker's message comes back soon."""

    def hide() -> None:
        with suppress(*platform_errors()):  # then it comes back later, at the queue's own time-out
            client("sqs").change_message_visibility(
                QueueUrl=_queue(message["eventSourceARN"]),
                ReceiptHandle=message["receiptHandle"],
                VisibilityTimeout=math.ceil(SETTINGS.lease_s) + 1,  # back when the lease is over, not before
            )

    return hide
