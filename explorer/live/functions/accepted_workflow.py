"""Entry of acknowledged work, whose result nobody fetches, as a task of a state machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import accepted_work
import log
import slices


def handler(event: Mapping[str, Any], lambda_context: Any) -> dict[str, Any]:
    """Do a slice; the machine calls again with this answer until `done`, and keeps what fails."""
    with log.invocation("work", lambda_context.aws_request_id):
        next_event = accepted_work.advance(event, slices.remaining_time(lambda_context))
        return {**next_event, "done": False} if next_event else {"id": event["id"], "done": True}
