"""The variables that each state of a state machine refers to, in its description as on AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .hook import hook
from .limits import Limits

Answer = tuple[int, Mapping[str, str], bytes]
Template = Mapping[str, Any]

VARIABLE = re.compile(r"(?<!\$)\$(\w+)")  # in a JSONPath: neither the input `$.a` nor the context `$$.a`
TEXT = re.compile(r"'(?:\\.|[^'\\])*'")
QUERY = re.compile(r"\{%(.*)%\}", re.DOTALL)
QUERY_TEXT = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
QUERY_VARIABLE = re.compile(r"\$(\w+)(?!\w|\s*\()")  # not a function
LOCAL = re.compile(r"\$(\w+)\s*:=|function\s*\(([^)]*)\)")
PATHS = ("Path", "Variable")  # the fields whose name ends so hold a path
MACHINES = ("ItemProcessor", "Iterator", "Branches")
RESERVED = "states"


def install(limits: Limits) -> None:
    """Complete descriptions in the Step Functions of the emulator that is loaded in this process."""
    from ministack.services import stepfunctions

    hook(stepfunctions, "_describe_state_machine", "data", _describe)
    hook(stepfunctions, "_describe_state_machine_for_execution", "data", _describe)


def _describe(original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    def describe(data: Any) -> Answer:
        status, headers, body = original(data)
        if status != 200:
            return status, headers, body
        answer = json.loads(body)
        if references := variable_references(json.loads(answer["definition"])):
            answer["variableReferences"] = references
        return status, headers, json.dumps(answer).encode()

    return describe


def variable_references(machine: Template) -> dict[str, list[str]]:
    """The names of the variables that each state refers to, sorted; states without any are left out.

    Parameters
    ----------
    machine : definition of a state machine; states inside Map and Parallel states count by their own names

    Examples
    --------
    >>> state = {"Type": "Pass", "InputPath": "$order", "End": True}
    >>> variable_references({"StartAt": "Ship", "States": {"Ship": state}})
    {'Ship': ['order']}
    """
    return dict(_references(machine, machine.get("QueryLanguage", "JSONPath")))


def _references(machine: Template, language: str) -> Iterator[tuple[str, list[str]]]:
    for name, state in machine.get("States", {}).items():
        own_language = state.get("QueryLanguage", language)
        of_language = _in_queries if own_language == "JSONata" else _in_paths
        own_fields = {field: value for field, value in state.items() if field not in MACHINES}
        if names := sorted(set(of_language(own_fields))):
            yield name, names
        for field in MACHINES:
            machines = state.get(field, [])
            for inner in machines if isinstance(machines, list) else [machines]:
                yield from _references(inner, own_language)


def _in_paths(value: Any) -> Iterator[str]:
    """The variables in the paths and intrinsic functions of a part of a state."""
    if isinstance(value, dict):
        for field, inner in value.items():
            if isinstance(inner, str) and (field.endswith(PATHS) or field.endswith(".$")):
                yield from VARIABLE.findall(TEXT.sub("''", inner))
            else:
                yield from _in_paths(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _in_paths(inner)


def _in_queries(value: Any) -> Iterator[str]:
    """The variables in the JSONata expressions of a part of a state, without those of an expression's own."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _in_queries(inner)
    elif isinstance(value, str) and (match := QUERY.fullmatch(value)):
        query = QUERY_TEXT.sub('""', match[1])
        local = set(re.findall(r"\w+", " ".join(f"{one} {more}" for one, more in LOCAL.findall(query))))
        yield from (name for name in QUERY_VARIABLE.findall(query) if name not in local | {RESERVED})
