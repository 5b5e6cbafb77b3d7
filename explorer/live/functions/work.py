"""The entry of the work that jobs are handed to: by an asynchronous call or a queue; and recursion."""

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
from clients import client, code, platform_errors
from row import Refused
from settings import SETTINGS


def handler(event: Mapping[str, Any], lambda_context: Any) -> None:
    """Work on the job of an event, or on those of messages, until the slice ends.

    What it raises sends the event back to where it came from, which sends it again.
    """
    with log.invocation("work", lambda_context.aws_request_id):
        for job_event, also in _job_events(event):
            also()  # before the claim, so that an event that finds its job held comes back soon
            following = slices.advance(job_event, slices.remaining(lambda_context), also)
            if following:
                _hand_on(following, lambda_context.invoked_function_arn)


def _hand_on(following: Mapping[str, Any], function: str) -> None:
    """Invoke the next hop; if that fails, this one is done again and no worker is counted as dead."""
    try:
        with log.timed("hand_s"):
            handing.hand_on(following, function)
    except platform_errors() as error:
        log.note(failed=log.where(error), code=code(error))
        with suppress(Refused, *platform_errors()):
            jobs.release(following["id"], following["token"], following["hop"] - 1)
        raise
    with suppress(Refused, *platform_errors()):  # it has begun; or this one is done again
        jobs.confirm_hand_on(following["id"], following["token"], following["hop"])


def _job_events(event: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Callable[[], None]]]:
    """Each job's event, and what is to be renewed with its lease."""
    if "Records" not in event:
        return [(event, lambda: None)]
    return [(json.loads(message["body"]), _hiding(message)) for message in event["Records"]]


def _queue(arn: str) -> str:
    """The address of a queue."""
    *_, account, name = arn.split(":")
    return f"{client('sqs').meta.endpoint_url}/{account}/{name}"


def _hiding(message: Mapping[str, Any]) -> Callable[[], None]:
    """Keep a message out of sight while its worker lives, and no longer: a dead one's comes back soon."""

    def hide() -> None:
        with suppress(*platform_errors()):  # then it comes back later, at the queue's own time
            client("sqs").change_message_visibility(
                QueueUrl=_queue(message["eventSourceARN"]),
                ReceiptHandle=message["receiptHandle"],
                VisibilityTimeout=math.ceil(SETTINGS.lease_s) + 1,  # back when the lease is over, not before
            )

    return hide
