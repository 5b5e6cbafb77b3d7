"""Entry of the work as a task of a state machine: one slice, and what the machine passes to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import log
import slices


def handler(event: Mapping[str, Any], lambda_context: Any) -> dict[str, Any]:
    """Do a slice; the machine calls again with this answer until it is `done`."""
    with log.invocation("work", lambda_context.aws_request_id):
        next_event = slices.advance(event, slices.remaining_time(lambda_context))
        return {**next_event, "done": False} if next_event else {"id": event["id"], "done": True}
