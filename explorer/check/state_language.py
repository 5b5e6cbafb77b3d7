"""Validate state machines against Amazon States Language, as ValidateStateMachineDefinition does.

The rules and texts are AWS's: from its documentation of the diagnostics, from the recorded answers in
LocalStack's tests, and from reports of answers. AWS says that its wording may change: rely on the
verdict and the code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .json_errors import json_problem

ERROR, WARNING = "ERROR", "WARNING"
SCHEMA, TRANSITION, NO_END = "SCHEMA_VALIDATION_FAILED", "MISSING_TRANSITION_TARGET", "MISSING_END_STATE"
NOT_JSON, STATE_NAME, TWICE = "INVALID_JSON_DESCRIPTION", "INVALID_STATE_NAME", "DUPLICATE_STATE_NAME"
JSON_PATH, JSONATA = "JSONPath", "JSONata"
STANDARD, EXPRESS = "STANDARD", "EXPRESS"
LONGEST_NAME = 80

_FLOW = "Next End"
_PATHS = "InputPath OutputPath"
_RESULT = "ResultPath ResultSelector Parameters"
_EVALUATED = "Assign Output"
_FAULTS = "Retry Catch"
FIELDS: Mapping[str, frozenset[str]] = {
    kind: frozenset(f"Type Comment QueryLanguage {fields}".split())
    for kind, fields in {
        "Task": f"{_FLOW} {_PATHS} {_RESULT} {_EVALUATED} {_FAULTS} Resource Arguments Credentials "
        "TimeoutSeconds TimeoutSecondsPath HeartbeatSeconds HeartbeatSecondsPath",
        "Wait": f"{_FLOW} {_PATHS} {_EVALUATED} Seconds SecondsPath Timestamp TimestampPath",
        "Pass": f"{_FLOW} {_PATHS} {_RESULT} {_EVALUATED} Result",
        "Succeed": f"{_PATHS} {_EVALUATED}",
        "Fail": "Error ErrorPath Cause CausePath",
        "Choice": f"{_PATHS} {_EVALUATED} Choices Default",
        "Parallel": f"{_FLOW} {_PATHS} {_RESULT} {_EVALUATED} {_FAULTS} Branches Arguments",
        "Map": f"{_FLOW} {_PATHS} {_RESULT} {_EVALUATED} {_FAULTS} ItemProcessor Iterator Items ItemsPath "
        "ItemSelector ItemReader ItemBatcher ResultWriter MaxConcurrency MaxConcurrencyPath Label "
        "ToleratedFailurePercentage ToleratedFailurePercentagePath ToleratedFailureCount "
        "ToleratedFailureCountPath",
    }.items()
}
OF_JSON_PATH = frozenset(
    [
        "InputPath",
        "OutputPath",
        "ResultPath",
        "ResultSelector",
        "Parameters",
        "ItemsPath",
        "TimeoutSecondsPath",
        "SecondsPath",
        "HeartbeatSecondsPath",
        "TimestampPath",
        "ErrorPath",
        "CausePath",
        "MaxConcurrencyPath",
        "ToleratedFailureCountPath",
        "ToleratedFailurePercentagePath",
    ]
)
OF_JSONATA = frozenset(["Arguments", "Output", "Items"])
REQUIRED = {"Task": ("Resource",), "Choice": ("Choices",), "Parallel": ("Branches",)}
EITHER = (  # pairs of alternative fields
    ("Seconds", "SecondsPath", "Timestamp", "TimestampPath"),
    ("TimeoutSeconds", "TimeoutSecondsPath"),
    ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ("MaxConcurrency", "MaxConcurrencyPath"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ("ItemProcessor", "Iterator"),
    ("Error", "ErrorPath"),
    ("Cause", "CausePath"),
    ("End", "Next"),
)
LEAST = {"TimeoutSeconds": 1, "HeartbeatSeconds": 1, "Seconds": 0, "MaxConcurrency": 0}
GOES_ON = frozenset(kind for kind, fields in FIELDS.items() if "Next" in fields)
ENDS = frozenset({"Succeed", "Fail"})
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
ARN = re.compile(r"arn:[^:]*:[^:]+:[^:]*:[^:]*:.+")
ACTIVITY = re.compile(r"arn:[^:]*:states:[^:]+:\d*:activity:.+")
INTEGRATION = re.compile(r"arn:[^:]*:states:::.+?(\.sync(?::\d+)?|\.waitForTaskToken)?")
INTRINSIC = re.compile(r"States\.\w+\(.*\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One diagnostic on a definition; `location` is None if AWS gives none."""

    code: str
    message: str
    location: str | None = None
    severity: str = ERROR


def diagnostics(definition: str, kind: str = STANDARD) -> list[Diagnostic]:
    """All errors in the definition of a state machine.

    Parameters
    ----------
    definition
        The Amazon States Language, as JSON.
    kind
        STANDARD or EXPRESS.

    Returns
    -------
    The diagnostics that AWS would give, in the order of the states; empty if the definition is valid.

    Examples
    --------
    >>> [one] = diagnostics('{"StartAt": "A"}')
    >>> one.message, one.location
    ('These fields are required: [States]', '/')
    """
    if not definition.strip():
        return [Diagnostic(SCHEMA, "Definition must be a valid JSON object")]
    problem = json_problem(definition)
    if problem:
        message, line, column = problem
        place = f'[Source: (String)"{definition}"; line: {line}, column: {column}]'
        return [Diagnostic(NOT_JSON, f"{message}\n at {place}", place)]
    machine = json.loads(definition)
    if not isinstance(machine, dict):
        return [Diagnostic(SCHEMA, "Definition must be a valid JSON object")]
    return of_machine(machine, kind)


def of_machine(machine: Mapping[str, Any], kind: str = STANDARD) -> list[Diagnostic]:
    """All errors in a parsed definition; see `diagnostics`."""
    language = machine.get("QueryLanguage", JSON_PATH)
    problems = [*_query_language(machine, ""), *_container(machine, "", language, kind)]
    names = [name for container, _ in _containers(machine, "") for name in _states(container)]
    twice = dict.fromkeys(name for name in names if names.count(name) > 1)
    problems += [Diagnostic(TWICE, f"Duplicate State name: {name}", f"/States/{name}") for name in twice]
    if problems:
        return problems
    return [one for container, at in _containers(machine, "") for one in _graph(container, at)]


def refusal_text(problems: Iterable[Diagnostic]) -> str:
    """The errors as CreateStateMachine words them."""
    errors = ", ".join(
        f"{one.code}: {one.message} at {one.location or 'null'}" for one in problems if one.severity == ERROR
    )
    return f"Invalid State Machine Definition: '{errors}'"


def _states(container: Mapping[str, Any]) -> Mapping[str, Any]:
    states = container.get("States")
    return states if isinstance(states, dict) else {}


def _inner(state: Mapping[str, Any], at: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The state machines inside a state, each with its location."""
    branches = state.get("Branches")
    for number, branch in enumerate(branches if isinstance(branches, list) else ()):
        if isinstance(branch, dict):
            yield branch, f"{at}/Branches[{number}]"
    for field in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(field), dict):
            yield state[field], f"{at}/{field}"


def _containers(machine: Mapping[str, Any], at: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The machine and all machines inside its states."""
    yield machine, at
    for name, state in _states(machine).items():
        if isinstance(state, dict):
            for container, place in _inner(state, f"{at}/States/{name}"):
                yield from _containers(container, place)


# The fields


def _missing(body: Mapping[str, Any], fields: Iterable[str], at: str) -> Iterator[Diagnostic]:
    missing = [field for field in fields if field not in body]
    if missing:
        yield Diagnostic(SCHEMA, f"These fields are required: [{', '.join(missing)}]", at or "/")


def _query_language(body: Mapping[str, Any], at: str) -> Iterator[Diagnostic]:
    if body.get("QueryLanguage", JSON_PATH) not in (JSON_PATH, JSONATA):
        values = f"[{JSON_PATH}, {JSONATA}]"
        message = f"The field 'QueryLanguage' should have one of these values: {values}"
        yield Diagnostic(SCHEMA, message, f"{at}/QueryLanguage")


def _container(machine: Mapping[str, Any], at: str, language: str, kind: str) -> Iterator[Diagnostic]:
    yield from _missing(machine, ("States", "StartAt"), at)
    if "States" not in machine:
        return
    if not isinstance(machine["States"], dict):
        yield Diagnostic(SCHEMA, "Expected value of type Object", f"{at}/States")
    elif not machine["States"]:
        yield Diagnostic(SCHEMA, "Value cannot be empty", f"{at}/States")
    if "StartAt" in machine and not isinstance(machine["StartAt"], str):
        yield Diagnostic(SCHEMA, "Expected value of type String", f"{at}/StartAt")
    for name, state in _states(machine).items():
        place = f"{at}/States/{name}"
        if len(name) > LONGEST_NAME:
            message = f"State name exceeds the maximum length of {LONGEST_NAME} characters"
            yield Diagnostic(STATE_NAME, message, place)
        if isinstance(state, dict):
            yield from _state(state, place, language, kind)
        else:
            yield Diagnostic(SCHEMA, "Expected value of type Object", place)


def _state(state: Mapping[str, Any], at: str, language: str, kind: str) -> Iterator[Diagnostic]:
    yield from _missing(state, ("Type",), at)
    if "Type" not in state:
        return
    fields = FIELDS.get(state["Type"]) if isinstance(state["Type"], str) else None
    if fields is None:
        message = f"The field 'Type' should have one of these values: [{', '.join(FIELDS)}]"
        yield Diagnostic(SCHEMA, message, f"{at}/Type")
        return
    for field in state:
        if field not in fields:
            yield Diagnostic(SCHEMA, f"Field '{field}' is not supported", at)
    yield from _missing(state, REQUIRED.get(state["Type"], ()), at)
    yield from _check_query_language(state, at, language)
    yield from _alternatives(state, at)
    yield from _values(state, at)
    if state["Type"] == "Task":
        yield from _task(state, at, kind)
    if state["Type"] == "Choice":
        yield from _choices(state, at)
    for container, place in _inner(state, at):
        if "QueryLanguage" in container:
            yield Diagnostic(SCHEMA, "Field 'QueryLanguage' is not supported", place)
        yield from _container(container, place, language, kind)


def _check_query_language(state: Mapping[str, Any], at: str, language: str) -> Iterator[Diagnostic]:
    """The query language of a state, and fields that belong to the other one."""
    yield from _query_language(state, at)
    own = state.get("QueryLanguage", language)
    if language == JSONATA and own == JSON_PATH:
        message = f"'QueryLanguage' can not be '{JSON_PATH}' if set to '{JSONATA}' for whole state machine"
        yield Diagnostic(SCHEMA, message, at)
        return
    mine, other = (JSON_PATH, JSONATA) if own == JSON_PATH else (JSONATA, JSON_PATH)
    for field in state:
        if field in (OF_JSONATA if mine == JSON_PATH else OF_JSON_PATH):
            message = (
                f"The QueryLanguage is set to '{mine}', but field '{field}' is only supported for the "
                f"'{other}' QueryLanguage"
            )
            yield Diagnostic(SCHEMA, message, at)


def _alternatives(state: Mapping[str, Any], at: str) -> Iterator[Diagnostic]:
    for fields in EITHER:
        present_fields = [field for field in fields if field in state]
        if len(present_fields) > 1:
            message = f"There should only be one of the following fields: [{', '.join(present_fields)}]"
            yield Diagnostic(SCHEMA, message, at)
    kind = state["Type"]
    if kind in GOES_ON and "Next" not in state and state.get("End") is not True:
        yield Diagnostic(SCHEMA, "These fields are required: [Next]", at)
    if kind == "Wait" and not any(field in state for field in EITHER[0]):
        yield Diagnostic(SCHEMA, f"One of these fields is required: [{', '.join(EITHER[0])}]", at)
    if kind == "Map" and not any(field in state for field in ("ItemProcessor", "Iterator")):
        yield Diagnostic(SCHEMA, "These fields are required: [ItemProcessor]", at)


def _values(state: Mapping[str, Any], at: str) -> Iterator[Diagnostic]:
    for field, least in LEAST.items():
        value = state.get(field)
        if isinstance(value, int | float) and not isinstance(value, bool) and value < least:
            yield Diagnostic(SCHEMA, f"Minimum value is {least}", f"{at}/{field}")
    time = state.get("Timestamp")
    if isinstance(time, str) and not time.startswith("{%") and not TIMESTAMP.fullmatch(time):
        yield Diagnostic(SCHEMA, "String does not match RFC3339 timestamp", f"{at}/Timestamp")
    for field in ("Branches", "Choices"):
        if state.get(field) == []:
            yield Diagnostic(SCHEMA, "Value cannot be empty", f"{at}/{field}")
    for field in ("InputPath", "OutputPath", "ResultPath"):
        path = state.get(field)
        if path is not None and not (isinstance(path, str) and (path.startswith("$") or _intrinsic(path))):
            yield Diagnostic(SCHEMA, "Value is not a valid JSONPath", f"{at}/{field}")
    for field in ("Parameters", "ResultSelector", "ItemSelector"):
        yield from _template(state.get(field), f"{at}/{field}")
    for field, required in (("Retry", ("ErrorEquals",)), ("Catch", ("ErrorEquals", "Next"))):
        rules = state.get(field)
        for number, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, dict):
                yield from _missing(rule, required, f"{at}/{field}[{number}]")


def _intrinsic(text: str) -> bool:
    return INTRINSIC.fullmatch(text.strip()) is not None


def _template(value: Any, at: str) -> Iterator[Diagnostic]:
    """A field whose name ends with `.$` holds a path or an intrinsic function."""
    if isinstance(value, list):
        for inner in value:
            yield from _template(inner, at)
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        if name.endswith(".$"):
            if not (isinstance(inner, str) and (inner.startswith("$") or _intrinsic(inner))):
                message = (
                    f"The value for the field '{name}' must be a valid JSONPath or a valid intrinsic "
                    "function call"
                )
                yield Diagnostic(SCHEMA, message, at)
        else:
            yield from _template(inner, f"{at}/{name}")


def _task(state: Mapping[str, Any], at: str, kind: str) -> Iterator[Diagnostic]:
    resource, credentials = state.get("Resource"), state.get("Credentials")
    if isinstance(credentials, dict) and not {"RoleArn", "RoleArn.$"} & set(credentials):
        message = "The field 'RoleArn' is required but was missing"
        yield Diagnostic(SCHEMA, message, f"{at}/Credentials")
    if not isinstance(resource, str):
        return
    if not ARN.fullmatch(resource):
        yield Diagnostic(SCHEMA, "Value is not a valid resource ARN", f"{at}/Resource")
    elif kind == EXPRESS:
        integration = INTEGRATION.fullmatch(resource)
        pattern = integration[1] if integration else None
        feature = None
        if pattern == ".waitForTaskToken":
            feature = "'.waitForTaskToken' service integration "
        elif pattern:
            feature = f"'{pattern.partition(':')[0]}' service integration"
        elif ACTIVITY.fullmatch(resource):
            feature = "Activity ARN"
        if feature:
            message = f"Express state machine does not support {feature}"
            yield Diagnostic(SCHEMA, message, f"{at}/Resource")


def _choices(state: Mapping[str, Any], at: str) -> Iterator[Diagnostic]:
    choices = state.get("Choices")
    for number, choice in enumerate(choices if isinstance(choices, list) else ()):
        if isinstance(choice, dict):
            yield from _missing(choice, ("Next",), f"{at}/Choices[{number}]")


# The graph


def _graph(machine: Mapping[str, Any], at: str) -> Iterator[Diagnostic]:
    """Transitions: every target exists, every state can be reached, and there is an end."""
    states = _states(machine)
    targets = [(machine.get("StartAt"), f"{at}/StartAt")]
    targets += [target for name, state in states.items() for target in _targets(state, f"{at}/States/{name}")]
    for target, place in targets:
        if target not in states:
            yield Diagnostic(TRANSITION, f"Missing 'Next' target: {target}", place)
    if not any(state.get("End") is True or state["Type"] in ENDS for state in states.values()):
        yield Diagnostic(NO_END, "Workflow has no terminal state")
        return
    reached: set[str] = set()
    waiting = [machine.get("StartAt")]
    while waiting:
        name = waiting.pop()
        if isinstance(name, str) and name in states and name not in reached:
            reached.add(name)
            waiting += [target for target, _ in _targets(states[name], "")]
    for name in states:
        if name not in reached:
            yield Diagnostic(TRANSITION, f'State "{name}" is not reachable.', f"{at}/States/{name}")


def _targets(state: Mapping[str, Any], at: str) -> Iterator[tuple[Any, str]]:
    for field in ("Next", "Default"):
        if field in state:
            yield state[field], f"{at}/{field}"
    for field in ("Choices", "Catch"):
        rules = state.get(field)
        for number, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, dict) and "Next" in rule:
                yield rule["Next"], f"{at}/{field}[{number}]/Next"
