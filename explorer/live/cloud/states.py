"""AWS's limit on what a Step Functions execution carries: its input, and what each state hands on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .hook import Wrap, hook
from .limits import TEXTS, Limits, Refusal, invalid
from .limits_inside import json_bytes, refuse_if


def install(limits: Limits) -> None:
    """Compare the input of an execution, and what its states hand on, with the limit."""
    from ministack.services import stepfunctions

    started = refuse_if(lambda data: _input_refusal(limits, data), Refusal.json_1_1)
    hook(stepfunctions, "_start_execution", "data", started)
    hook(stepfunctions, "_start_sync_execution", "data", started)
    limited = _limited(limits, stepfunctions._ExecutionError)
    hook(stepfunctions, "_invoke_resource", "resource input_data", limited)
    hook(stepfunctions, "_invoke_with_callback", "resource input_data token state_def", limited)
    hook(stepfunctions, "_execute_pass", "state_def raw_input ctx", limited)
    for name in ("_execute_task", "_execute_parallel", "_execute_map"):
        hook(stepfunctions, name, "state_def raw_input execution ctx", limited)
    hook(stepfunctions, "_error_matches", "error_equals error", _named_to_be_caught(limits))


def _input_refusal(limits: Limits, data: Mapping[str, Any]) -> Refusal | None:
    most = limits["sfn.payload"]
    if len(data.get("input", "").encode("utf-8", "surrogatepass")) <= most:
        return None
    return invalid("", "input", f"have length less than or equal to {most}")


def _data_limit(limits: Limits) -> str:
    breach = limits.facts.breach_at_door("sfn.payload", "*")
    return breach.code if breach else "States.DataLimitExceeded"


def _limited(limits: Limits, failure: type[Exception]) -> Wrap:
    """What one state hands to the next, the name of the state after it left out."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            result = original(*args)
            output = result[0] if isinstance(result, tuple) else result
            if json_bytes(output) > limits["sfn.payload"]:
                raise failure(_data_limit(limits), TEXTS["sfn.payload"])
            return result

        return run

    return wrap


def _named_to_be_caught(limits: Limits) -> Wrap:
    """The error of a payload is caught by its own name alone, not by States.ALL."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def matches(error_equals: Any, error: str) -> Any:
            if error == _data_limit(limits):
                return error in error_equals
            return original(error_equals, error)

        return matches

    return wrap
