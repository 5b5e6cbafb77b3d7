"""What TestState shows of a state that it executes: its data after each step of its processing."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from .hook import Wrap, hook
from .limits import Limits

Answer = tuple[int, Any, bytes]

_steps: ContextVar[dict[str, str] | None] = ContextVar("steps", default=None)


def install(limits: Limits) -> None:
    """Show the steps in the Step Functions of the emulator that is loaded in this process."""
    from ministack.services import stepfunctions as service

    hook(service, "_test_state", "data", _inspect)
    hook(service, "_apply_input_path", "state_def data ctx", _note("afterInputPath"))
    hook(service, "_apply_parameters", "state_def data ctx", _note("afterParameters"))
    hook(service, "_apply_result_selector", "state_def data", _note("afterResultSelector"))
    hook(service, "_apply_result_path", "state_def original result", _note("afterResultPath"))


def _note(name: str) -> Wrap:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def apply(state_def: Any, *rest: Any) -> Any:
            result, steps = original(state_def, *rest), _steps.get()
            if steps is not None and (state_def.get("Type") != "Choice" or name == "afterInputPath"):
                if name == "afterResultSelector" and (state_def["Type"] == "Task" or "Result" in state_def):
                    steps["result"] = _text(rest[0])
                steps[name] = _text(result)
            return result

        return apply

    return wrap


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _inspect(original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    def test(data: Any) -> Answer:
        steps: dict[str, str] = {}
        token = _steps.set(steps)
        try:
            status, headers, body = original(data)
        finally:
            _steps.reset(token)
        if status != 200 or data.get("inspectionLevel", "INFO") == "INFO":
            return status, headers, body
        if _is_result_given(data):
            steps.pop("afterInputPath", None)
            steps.pop("afterParameters", None)
        answer = json.loads(body)
        answer["inspectionData"] = {**answer.get("inspectionData", {}), **steps}
        return status, headers, json.dumps(answer, ensure_ascii=False).encode()

    return test


def _is_result_given(data: Any) -> bool:
    """Whether the state is a Pass state that states its own result, whatever it gets."""
    definition = json.loads(data["definition"])
    state = definition.get("States", {}).get(data.get("stateName") or definition.get("StartAt"), definition)
    return state.get("Type") == "Pass" and "Result" in state
