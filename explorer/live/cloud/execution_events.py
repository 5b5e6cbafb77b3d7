"""The order of the events of an execution, and the variables that a state assigned."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

Details = dict[str, Any]

previous: ContextVar[int] = ContextVar("previous", default=0)  # the event before the next, in each branch
assigned: ContextVar[Mapping[str, Any] | None] = ContextVar("assigned", default=None)  # by this state


def last_event() -> int:
    """The id of the last event of this branch."""
    return previous.get()


def event_before(execution_arn: str, event: int) -> int:
    """The id of the event that the one with this id follows; 0 if there is none."""
    from ministack.services import stepfunctions as service

    events = (service._executions.get(execution_arn) or {}).get("events", [])
    return int(next((each.get("previousEventId", 0) for each in events if each["id"] == event), 0))


def note_variables(values: Mapping[str, Any]) -> None:
    """Let the end of this state name the variables that it assigned."""
    assigned.set(values)


def add_evaluation_failure(
    service: Any, execution: Details, details: Details, entered: int, before: int
) -> None:
    """Add the event of an expression that fails; next to the entry of its state, not after it."""
    if previous.get() == entered:
        previous.set(before)
    service._add_event(execution, "EvaluationFailed", {"evaluationFailedEventDetails": details})
