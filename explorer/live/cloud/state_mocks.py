"""AWS's refusals of TestState: of the state, and of the mock that stands for the call of a service."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from explorer.check import state_language

from .limits import Limits, Refusal
from .request_models import model

Parameters = Mapping[str, Any]
State = Mapping[str, Any]

INVALID_DEFINITION = "InvalidDefinition"
STATE_NAME = "StateName"  # of a state that is given without a machine
NEED_MOCK = ("Map", "Parallel")
TAKE_MOCK = ("Task", *NEED_MOCK)
NEEDS_MOCK_TEXT = (
    "TestState API does not support Map or Parallel states. "
    "Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]"
)
CALL = re.compile(r"arn:[\w-]+:states:::(?:aws-sdk:)?([\w-]+):(\w+)")  # neither .sync nor .waitForTaskToken
SDK_NAMES = {"sfn": "stepfunctions", "states": "stepfunctions"}  # of Step Functions: botocore's
JSON_MEMBERS = {("lambda", "Payload")}  # bytes in the model, any JSON as the result of a task
TYPES: Mapping[str, tuple[Any, str]] = {
    "structure": (dict, "an object"),
    "map": (dict, "an object"),
    "list": (list, "an array"),
    "boolean": (bool, "a boolean"),
    **dict.fromkeys(("integer", "long", "float", "double"), ((int, float), "a number")),
    **dict.fromkeys(("string", "blob", "timestamp"), (str, "a string")),
}


def mocked_state(limits: Limits, parameters: Parameters) -> Refusal | None:
    """TestState: refuse a state that cannot be tested, and a mock that does not fit it."""
    try:
        definition = json.loads(parameters.get("definition", ""))
    except ValueError:
        return None
    state, machine = definition, {"StartAt": STATE_NAME, "States": {STATE_NAME: definition}}
    name = STATE_NAME
    if "States" in definition:
        name, machine = parameters.get("stateName") or definition.get("StartAt"), definition
        if name not in definition["States"]:
            return _invalid(f"State '{name}' not found in definition")
        state = definition["States"][name]
    problems = [
        one
        for one in state_language.diagnostics(json.dumps(machine))
        if one.code == state_language.SCHEMA and f"{one.location}/".startswith(f"/States/{name}/")
    ]
    if problems:
        return Refusal(400, INVALID_DEFINITION, state_language.refusal_text(problems))
    return _mock_refusal(state, parameters)


def _invalid(text: str) -> Refusal:
    return Refusal(400, "ValidationException", text)


def _mock_refusal(state: State, parameters: Parameters) -> Refusal | None:
    mock, kind = parameters.get("mock"), state["Type"]
    if mock is None:
        if kind in NEED_MOCK:
            return Refusal(400, INVALID_DEFINITION, NEEDS_MOCK_TEXT)
        if kind == "Task" and not parameters.get("roleArn"):
            return _invalid("RoleArn must be specified when testing a Task state")
        return None
    if kind not in TAKE_MOCK:
        return _invalid(f"State type '{kind}' is not supported when a mock is specified")
    if parameters.get("revealSecrets"):
        return _invalid("TestState does not support RevealSecrets when a mock is specified.")
    if "result" in mock and "errorOutput" in mock:
        return _invalid("A test mock should have only one of the following fields: [result, errorOutput].")
    return _result_refusal(state, mock) if "result" in mock else None


def _result_refusal(state: State, mock: Mapping[str, Any]) -> Refusal | None:
    try:
        result = json.loads(mock["result"])
    except ValueError:
        return _invalid("Mocked result must be valid JSON")
    if state["Type"] == "Task":
        problem = next(_task_problems(state, result, mock.get("fieldValidationMode", "STRICT")), "")
        return _invalid(f"Mock result schema validation error: {problem}") if problem else None
    if "ResultWriter" in state:
        return None if isinstance(result, dict) else _invalid("Mocked result must be a JSON object.")
    if not isinstance(result, list):
        return _invalid("Mocked result must be an array.")
    if state["Type"] == "Parallel" and len(result) != len(state["Branches"]):
        return _invalid("Mocked result must contain the same number of items as number of Parallel branches.")
    return None


def _task_problems(state: State, result: Any, mode: str) -> Iterator[str]:
    """Where the result of a task is not one of the operation that it calls.

    Parameters
    ----------
    mode : STRICT; PRESENT, which lets required fields be absent; NONE, which checks nothing
    """
    match = CALL.fullmatch(str(state.get("Resource")))
    if mode == "NONE" or match is None:
        return
    service = SDK_NAMES.get(match[1], match[1])
    shape = _output_shape(service, match[2][:1].upper() + match[2][1:])
    if shape is not None and isinstance(result, dict):
        yield from _problems(service, shape, result, mode == "STRICT")


@cache
def _output_shape(service: str, operation: str) -> Any:
    """The shape of an operation's answer, None if the SDK does not know it."""
    from botocore.exceptions import UnknownServiceError
    from botocore.model import OperationNotFoundError

    try:
        return model(service).operation_model(operation).output_shape
    except (UnknownServiceError, OperationNotFoundError):
        return None


def _problems(service: str, shape: Any, value: Any, strict: bool, field: str = "") -> Iterator[str]:
    """The problems of a part of a result, whose fields have the names of the SDK for Java."""
    kinds, words = TYPES[shape.type_name]
    if not isinstance(value, kinds) or (isinstance(value, bool) and shape.type_name != "boolean"):
        yield f"Field '{field}' must be {words}"
    elif shape.type_name == "structure":
        own_names = {name[:1].upper() + name[1:]: name for name in shape.members}
        for own, name in own_names.items():
            if own in value and (service, name) not in JSON_MEMBERS:
                yield from _problems(service, shape.members[name], value[own], strict, own)
            elif strict and own not in value and name in shape.required_members:
                yield f"Required field '{own}' is missing"
    elif isinstance(value, list):
        for each in value:
            yield from _problems(service, shape.member, each, strict, field)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _problems(service, shape.value, each, strict, field)
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"Field '{field}' is not an expected value"
