"""AWS's limit on the payload of a Step Functions execution: its input and the output of each state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .hook import Wrap, hook
from .limits import TEXTS, Limits, Refusal, invalid
from .limits_inside import json_bytes, refuse_if


def install(limits: Limits) -> None:
    """Enforce the payload limit in the Step Functions of the emulator that is loaded in this process."""
    from ministack.services import stepfunctions

    check_input = refuse_if(lambda data: _input_refusal(limits, data), Refusal.json_1_1)
    hook(stepfunctions, "_start_execution", "data", check_input)
    hook(stepfunctions, "_start_sync_execution", "data", check_input)
    limit_output = _limit_output(limits, stepfunctions._ExecutionError)
    hook(stepfunctions, "_invoke_resource", "resource input_data", limit_output)
    hook(stepfunctions, "_invoke_with_callback", "resource input_data token state_def", limit_output)
    hook(stepfunctions, "_execute_pass", "state_def raw_input ctx", limit_output)
    for name in ("_execute_task", "_execute_parallel", "_execute_map"):
        hook(stepfunctions, name, "state_def raw_input execution ctx", limit_output)
    hook(stepfunctions, "_error_matches", "error_equals error", _match_only_by_name(limits))


def _input_refusal(limits: Limits, data: Mapping[str, Any]) -> Refusal | None:
    most = limits["sfn.payload"]
    if len(data.get("input", "").encode("utf-8", "surrogatepass")) <= most:
        return None
    return invalid("", "input", f"have length less than or equal to {most}")


def _data_limit(limits: Limits) -> str:
    breach = limits.facts.breach_at_door("sfn.payload", "*")
    return breach.code if breach else "States.DataLimitExceeded"


def _limit_output(limits: Limits, failure: type[Exception]) -> Wrap:
    """Fail a state whose output is over the limit; the name of the next state does not count."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            result = original(*args)
            output = result[0] if isinstance(result, tuple) else result
            if json_bytes(output) > limits["sfn.payload"]:
                raise failure(_data_limit(limits), TEXTS["sfn.payload"])
            return result

        return run

    return wrap


def _match_only_by_name(limits: Limits) -> Wrap:
    """Let only its own name catch the error of a payload over the limit: States.ALL does not."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def matches(error_equals: Any, error: str) -> Any:
            if error == _data_limit(limits):
                return error in error_equals
            return original(error_equals, error)

        return matches

    return wrap
