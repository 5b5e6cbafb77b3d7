"""The entry of work whose result nobody collects, as a task of a state machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import accepted_work
import log
import slices


def handler(event: Mapping[str, Any], lambda_context: Any) -> dict[str, Any]:
    """Do a slice; the machine calls again with this answer until it is `done`, and puts aside what fails."""
    with log.invocation("work", lambda_context.aws_request_id):
        following = accepted_work.advance(event, slices.remaining(lambda_context))
        return {**following, "done": False} if following else {"id": event["id"], "done": True}
