"""The entry of work whose result nobody collects: what fails is tried again, then put aside in a queue."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import configuration
import log
import results
import slices
from context import Context
from problems import type_and_detail


class WorkFailed(Exception):
    """The work raised; its own text, which may hold what a caller sent, stays out of the log."""


def handler(event: Mapping[str, Any], lambda_context: Any) -> None:
    """Do the work of an event, or that of messages. What it raises sends the event back for another try."""
    with log.invocation("work", lambda_context.aws_request_id):
        for job_event in _job_events(event):
            log.note(job=job_event["id"])
            body = job_event["body"] if "body" in job_event else results.read_body(job_event["body_at"])
            context = Context(configuration.entries(), slices.remaining(lambda_context))
            with log.timed("slice_s"):
                _do(body, context)
            log.note(did="succeeded")


def _do(body: Any, context: Context) -> None:
    try:
        slices.handler()(body, context)
    except (Exception, SystemExit) as error:
        log.note(did="failed")
        raise WorkFailed(type_and_detail(error)[0]) from None


def _job_events(event: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    if "Records" not in event:
        return [event]
    return [json.loads(message["body"]) for message in event["Records"]]
