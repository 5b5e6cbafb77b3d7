"""Paths, expressions and variables of a state machine, as Step Functions evaluates them.

The emulator keeps variables of JSONata states only, takes a path that leads nowhere for null, and names
neither the state nor the field of an expression that fails.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from .execution_events import add_evaluation_failure, event_before, last_event, note_variables
from .hook import Wrap, hook
from .limits import Limits

RUNTIME, QUERY = "States.Runtime", "States.QueryEvaluationError"
OWN_ERRORS = (RUNTIME, QUERY)  # of the machine, not of what a task calls
JSONATA = "JSONata"
VARIABLE = re.compile(r"\$([A-Za-z_]\w*)(.*)", re.DOTALL)
STEP = re.compile(r"\.?\[(-?\d*):(-?\d*)\]|\.?\[(-\d+)\]|(\.?\[[^\[\]]*\]|\.[^.\[]+)")
INTERNAL = ("QueryLanguage", "variables")  # entries of the emulator's context that are not AWS's
STATES = {"execution": "Task Parallel Map", "": "Pass Choice Wait"}  # by what their handlers get besides
NUMBERS = {
    "MaxConcurrency": "integer",
    "ToleratedFailureCount": "integer",
    "ToleratedFailurePercentage": "float",
}

Template = Mapping[str, Any]


@dataclass
class Place:
    """The state that is executed, and what is known of it so far."""

    name: str
    entered: int  # the id of the event that it was entered with
    before: int  # the id of the event before that one
    context: Any
    result: Any = None  # what its variables are assigned from
    choice: Template | None = None  # the rule of a Choice state that holds
    is_caught: bool = False
    is_choice: bool = False
    location: list[str] = field(default_factory=list)  # the field of the expression that is evaluated


_place: ContextVar[Place | None] = ContextVar("place", default=None)


def install(limits: Limits) -> None:
    """Evaluate states as AWS does in the Step Functions of the emulator that is loaded in this process."""
    from ministack.services import stepfunctions as service

    for execution, kinds in STATES.items():
        for kind in kinds.split():
            parameters = f"state_def raw_input {execution} ctx"
            hook(service, f"_execute_{kind.lower()}", " ".join(parameters.split()), _execute(service, kind))
    hook(service, "_fail_state_error", "state_def raw_input ctx", _fail_in_place(service))
    hook(service, "_resolve_path", "path data", _resolve_path(service))
    hook(service, "_resolve_ctx_path", "path ctx", _resolve_context)
    hook(service, "_resolve_path_or_ctx", "path data ctx", _refuse_missing(service))
    hook(service, "_resolve_params_obj", "template data ctx", lambda _: _payload(service))
    hook(service, "_apply_result_selector", "state_def data", _note_result)
    hook(service, "_evaluate_rule", "rule data ctx", _note_choice)
    hook(
        service,
        "_apply_catcher",
        "catcher raw_input ctx query_language error_output",
        _assign_caught(service),
    )
    hook(
        service,
        "_apply_state_assign",
        "state_def raw_input ctx result error_output",
        lambda _: _assign(service),
    )
    template = "value raw_input ctx result error_output"
    hook(service, "_apply_jsonata_template", template, lambda _: _template(service))
    hook(service, "_apply_jsonata_arguments", "state_def raw_input ctx", _at_field("Arguments"))
    output = "state_def raw_input ctx result error_output default"
    hook(service, "_apply_jsonata_output", output, _at_field("Output"))
    hook(
        service,
        "_jsonata_state_field",
        "state_def field expected raw_input ctx",
        lambda _: _field_of_type(service),
    )
    expression = "expression raw_input ctx result error_output"
    hook(service, "_evaluate_jsonata", expression, _evaluate(service))
    hook(service, "_run_map_items", "state_def raw_input execution ctx", _check_map(service))
    hook(service, "_error_matches", "error_equals error", _match)


# States


def _execute(service: Any, kind: str) -> Wrap:
    """Execute a state with its place known, and assign its variables."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def execute(state_def: Template, raw_input: Any, *rest: Any) -> Any:
            context = rest[-1]
            with _at(context, is_choice=kind == "Choice") as place:
                if kind == "Wait":
                    _check_wait(service, state_def, raw_input, context)
                try:
                    result = original(state_def, raw_input, *rest)
                except service._ExecutionError as error:
                    note_failure(service, error, rest[0] if len(rest) > 1 else None)
                    raise
                if service._state_query_language(state_def, context) != JSONATA and not place.is_caught:
                    _assign_variables(service, state_def, raw_input, kind, place)
            return result

        return execute

    return wrap


@contextmanager
def _at(context: Any, **settings: Any) -> Iterator[Place]:
    entered = last_event()
    execution = context["Execution"]
    place = Place(
        context["State"]["Name"], entered, event_before(execution["Id"], entered), context, **settings
    )
    token = _place.set(place)
    try:
        yield place
    finally:
        _place.reset(token)


def _fail_in_place(service: Any) -> Wrap:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def fail(state_def: Template, raw_input: Any, ctx: Any = None) -> Any:
            with _at(ctx):
                return original(state_def, raw_input, ctx)

        return fail

    return wrap


def failure(service: Any, message: str, error: str = RUNTIME) -> Any:
    """The error of a state that cannot be evaluated: its cause names the state."""
    place = _place.get()
    if place:
        message = (
            f"An error occurred while executing the state '{place.name}' "
            f"(entered at the event id #{place.entered}). {message}"
        )
    return service._ExecutionError(error, message)


def note_failure(service: Any, error: Any, execution: Any) -> None:
    """Add the event of an evaluation that failed, once."""
    place = _place.get()
    if place is None or error.error != QUERY or getattr(error, "is_noted", False):
        return
    error.is_noted = True
    location = getattr(error, "location", "")
    details = {"cause": error.cause, "error": error.error, **({"location": location} if location else {})}
    execution = execution or service._executions.get(place.context["Execution"]["Id"])
    add_evaluation_failure(service, execution, {**details, "state": place.name}, place.entered, place.before)


def _match(original: Callable[..., Any]) -> Callable[..., Any]:
    """No catcher or retrier takes an error of the machine itself."""
    return lambda error_equals, error: error != RUNTIME and original(error_equals, error)


# Variables


def _variables() -> Mapping[str, Any]:
    place = _place.get()
    return place.context.get("variables", {}) if place else {}


def _note_result(original: Callable[..., Any]) -> Callable[..., Any]:
    def select(state_def: Template, data: Any) -> Any:
        if place := _place.get():
            place.result = data
        return original(state_def, data)

    return select


def _note_choice(original: Callable[..., Any]) -> Callable[..., Any]:
    def evaluate(rule: Template, data: Any, ctx: Any = None) -> Any:
        holds, place = original(rule, data, ctx), _place.get()
        if holds and place:
            place.choice = rule
        return holds

    return evaluate


def _assign_variables(service: Any, state_def: Template, raw_input: Any, kind: str, place: Place) -> None:
    source, value = state_def, place.result
    if kind in {"Choice", "Wait"}:
        value = service._apply_input_path(state_def, raw_input, place.context)
    if kind == "Choice" and any(each is place.choice for each in state_def.get("Choices", [])):
        source = place.choice or {}
    _keep(place.context, service._resolve_params_obj(source.get("Assign") or {}, value, place.context))


def _keep(context: Any, values: Mapping[str, Any]) -> None:
    if values:
        context["variables"] = {**context.get("variables", {}), **values}
        note_variables(values)


def _assign(service: Any) -> Callable[..., Any]:
    """Assign the variables of a JSONata state: all of them see the values before."""

    def assign(
        state_def: Template, raw_input: Any, ctx: Any, result: Any = None, error_output: Any = None
    ) -> None:
        if not ctx or service._state_query_language(state_def, ctx) != JSONATA:
            return
        values = {}
        for name, template in (state_def.get("Assign") or {}).items():
            with _location(f"Assign/{name}"):
                values[name] = service._apply_jsonata_template(template, raw_input, ctx, result, error_output)
        _keep(ctx, values)

    return assign


def _assign_caught(service: Any) -> Wrap:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def catch(catcher: Template, raw_input: Any, ctx: Any, query_language: str, error_output: Any) -> Any:
            if place := _place.get():
                place.is_caught = True
            if query_language == JSONATA:
                catcher = {**catcher, "QueryLanguage": JSONATA}
            output = original(catcher, raw_input, ctx, query_language, error_output)
            if query_language != JSONATA:
                _keep(ctx, service._resolve_params_obj(catcher.get("Assign") or {}, error_output, ctx))
            return output

        return catch

    return wrap


# JSONPath


def _resolve_path(service: Any) -> Wrap:
    """A path into the data, into a variable, or with a slice."""

    def wrap(original: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
        def resolve(path: str, data: Any) -> Any:
            if path and (match := VARIABLE.fullmatch(path)):
                name, rest = match.groups()
                return resolve(f"${rest}", _variables().get(name))
            if not path or not re.search(r"\[-?\d*:-?\d*\]|\[-\d+\]", path):
                return original(path, data)
            values, is_list = [data], False
            for step in STEP.finditer(path, 1):
                start, end, index, other = step.groups()
                lists = [one for one in values if isinstance(one, list)]
                if other:
                    values = [original(f"${other}", one) for one in values if _has(original, other, one)]
                    if "*" in other:
                        values, is_list = [each for one in values for each in one], True
                elif index:
                    values = [one[int(index)] for one in lists if -len(one) <= int(index)]
                else:
                    part = slice(int(start) if start else None, int(end) if end else None)
                    values, is_list = [each for one in lists for each in one[part]], True
            return values if is_list else (values[0] if values else None)

        return resolve

    return wrap


def _has(original: Callable[[str, Any], Any], step: str, value: Any) -> bool:
    name = step.lstrip(".").strip("[]'\"")
    return (
        "*" in step or (isinstance(value, dict) and name in value) or original(f"${step}", value) is not None
    )


def _resolve_context(original: Callable[..., Any]) -> Callable[..., Any]:
    """A path into the context object, which has no entry of the emulator's own."""

    def resolve(path: str, ctx: Any) -> Any:
        if not path.startswith("$$"):
            return original(path, ctx)
        return (
            original("$$." + path[2:].lstrip("."), context_object(ctx))
            if path != "$$"
            else context_object(ctx)
        )

    return resolve


def context_object(ctx: Any) -> dict[str, Any]:
    """The context of a state as AWS shows it."""
    visible = {name: value for name, value in (ctx or {}).items() if name not in INTERNAL}
    if "Execution" in visible:
        from ministack.services import stepfunctions as service

        machine = service._state_machines.get(visible.get("StateMachine", {}).get("Id")) or {}
        visible["Execution"] = {
            **visible["Execution"],
            "RoleArn": machine.get("roleArn", ""),
            "RedriveCount": 0,
        }
    if "State" in visible and not visible["State"].get("RetryCount"):
        visible["State"] = {name: each for name, each in visible["State"].items() if name != "RetryCount"}
    return visible


def _is_missing(service: Any, path: str, data: Any) -> str:
    """Why a definite path leads nowhere; empty if it leads somewhere."""
    if not isinstance(path, str) or not path.startswith("$") or path in {"$", "$$"}:
        return ""
    if re.search(r"[*?:@]|\.\.", path):
        return ""
    tokens = service._parse_jsonpath_tokens(path)
    for at, (_, name) in enumerate(tokens or []):
        inside = isinstance(data, dict) and name in data
        inside |= isinstance(data, list) and isinstance(name, int) and name < len(data)
        if not inside:
            before = "".join(
                f"['{each}']" if isinstance(each, str) else f"[{each}]" for _, each in tokens[: at + 1]
            )
            is_last = at == len(tokens) - 1
            return f"No results for path: ${before}" if is_last else f"Missing property in path ${before}"
        data = data[name]
    return ""


def _split(path: str, data: Any, ctx: Any) -> tuple[str, Any]:
    """A path from its own root: the data, the context object or a variable."""
    if path.startswith("$$"):
        return path[1:], context_object(ctx)
    if match := VARIABLE.fullmatch(path):
        return f"${match[2]}", _variables().get(match[1])
    return path, data


def _refuse_missing(service: Any) -> Wrap:
    """Refuse a path that leads nowhere, except in the rules of a Choice state."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def resolve(path: str, data: Any, ctx: Any) -> Any:
            place = _place.get()
            if path == "$$":
                return context_object(ctx)
            if place and not place.is_choice and (why := _is_missing(service, *_split(path, data, ctx))):
                raise failure(service, f"Invalid path '{path}' : {why}")
            return original(path, data, ctx)

        return resolve

    return wrap


def _payload(service: Any) -> Callable[..., Any]:
    """A payload template with its paths and functions evaluated."""

    def resolve(template: Any, data: Any, ctx: Any = None) -> Any:
        if isinstance(template, list):
            return [resolve(each, data, ctx) for each in template]
        if not isinstance(template, dict):
            return template
        return dict(entry(name, value, data, ctx) for name, value in template.items())

    def entry(name: str, value: Any, data: Any, ctx: Any) -> tuple[str, Any]:
        if not name.endswith(".$") or not isinstance(value, str):
            return name, resolve(value, data, ctx)
        if value.startswith("States."):
            return name[:-2], service._evaluate_intrinsic(value, data, ctx)
        if _place.get() and _is_missing(service, *_split(value, data, ctx)):
            text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
            path = f"The JSONPath '{value}' specified for the field '{name}'"
            raise failure(service, f"{path} could not be found in the input '{text}'")
        if value.startswith("$$"):
            return name[:-2], service._resolve_ctx_path(value, ctx or {})
        return name[:-2], service._resolve_path(value, data)

    return resolve


# JSONata


@contextmanager
def _location(name: str) -> Iterator[None]:
    place = _place.get()
    if place is None:
        yield
        return
    place.location.append(name)
    try:
        yield
    finally:
        place.location.pop()


def _at_field(name: str) -> Wrap:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def apply(*arguments: Any, **options: Any) -> Any:
            with _location(name):
                return original(*arguments, **options)

        return apply

    return wrap


def _template(service: Any) -> Callable[..., Any]:
    def apply(
        value: Any, raw_input: Any, ctx: Any = None, result: Any = None, error_output: Any = None
    ) -> Any:
        if isinstance(value, dict | list):
            parts = value.items() if isinstance(value, dict) else enumerate(value)
            values = {}
            for name, each in parts:
                with _location(f"/{name}" if isinstance(value, dict) else f"[{name}]"):
                    values[name] = apply(each, raw_input, ctx, result, error_output)
            return values if isinstance(value, dict) else list(values.values())
        if isinstance(value, str) and value.startswith("{%") and value.endswith("%}"):
            return service._evaluate_jsonata(value[2:-2].strip(), raw_input, ctx, result, error_output)
        return value

    return apply


def _field_of_type(service: Any) -> Callable[..., Any]:
    """A field of a state that has to be of one type."""

    def read(state_def: Template, field: str, expected: str, raw_input: Any, ctx: Any) -> Any:
        with _location(field):
            value = service._apply_jsonata_template(state_def[field], raw_input, ctx)
            if service._json_type(value) != expected:
                text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
                raise _query_failure(
                    service,
                    state_def[field],
                    "returned an unexpected result type. "
                    f"Expected '{expected}', but was '{service._json_type(value)}' for value: {text}",
                )
        return value

    return read


def _query_failure(service: Any, expression: str, what: str) -> Any:
    place = _place.get()
    location = "".join(place.location) if place else ""
    text = str(expression).removeprefix("{%").removesuffix("%}").strip()
    error = failure(
        service, f"The JSONata expression '{text}' specified for the field '{location}' {what}", QUERY
    )
    error.location = location
    return error


def _evaluate(service: Any) -> Wrap:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def evaluate(
            expression: str, raw_input: Any, ctx: Any = None, result: Any = None, error_output: Any = None
        ) -> Any:
            visible = {**context_object(ctx), "variables": (ctx or {}).get("variables", {})}
            try:
                return original(expression, raw_input, visible, result, error_output)
            except service._ExecutionError as error:
                if error.cause.startswith("JSONata expression did not return"):
                    raise _query_failure(service, expression, "returned nothing (undefined).") from None
                raise _query_failure(
                    service, expression, f"threw an error during evaluation. {error.cause}"
                ) from None

        return evaluate

    return wrap


# Wait and Map


def _check_wait(service: Any, state_def: Template, raw_input: Any, ctx: Any) -> None:
    path = state_def.get("SecondsPath")
    if not path:
        return
    seconds = service._resolve_path_or_ctx(path, service._apply_input_path(state_def, raw_input, ctx), ctx)
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        text = json.dumps(seconds)
        raise failure(
            service, f"The SecondsPath parameter cannot be parsed as a long value: {path} == {text}"
        )
    if seconds < 0:
        raise failure(service, f"The SecondsPath parameter references a negative value: {path} == {seconds}")


def _check_map(service: Any) -> Wrap:
    """Take the numbers of a Map state from their paths."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def run(state_def: Template, raw_input: Any, execution: Any, ctx: Any) -> Any:
            values = map_numbers(service, state_def, raw_input, ctx, ("MaxConcurrency",))
            return original({**state_def, **values}, raw_input, execution, ctx)

        return run

    return wrap


def map_numbers(
    service: Any, state_def: Template, raw_input: Any, ctx: Any, names: tuple[str, ...]
) -> dict[str, Any]:
    """The numbers of a Map state that paths select; raises the emulator's error of a state."""
    values = {}
    for name in names:
        if path := state_def.get(f"{name}Path"):
            effective = service._apply_input_path(state_def, raw_input, ctx)
            value = service._resolve_path_or_ctx(path, effective, ctx)
            try:
                values[name] = _number(value, NUMBERS[name])
            except (TypeError, ValueError):
                text = value if isinstance(value, str) else json.dumps(value)
                why = f'refers to value "{text}" which is not a valid {NUMBERS[name]}: {path}'
                raise failure(service, f"The {name}Path field {why}") from None
        elif isinstance(state_def.get(name), str):
            values[name] = service._jsonata_state_field(state_def, name, "number", raw_input, ctx)
    tolerated = {**state_def, **values}
    if "ToleratedFailureCount" in names and (tolerated.get("ToleratedFailureCount") or 0) < 0:
        raise failure(service, "ToleratedFailureCount cannot be negative.")
    if (
        "ToleratedFailurePercentage" in names
        and not 0 <= (tolerated.get("ToleratedFailurePercentage") or 0) <= 100
    ):
        raise failure(service, "ToleratedFailurePercentage must be between 0 and 100.")
    return values


def _number(value: Any, kind: str) -> float:
    """A number, or a text that is one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    if kind != "integer":
        return float(value)
    if isinstance(value, float):
        raise TypeError
    return int(value)


def check_items(service: Any, state_def: Template, items: Any, ctx: Any) -> None:
    """Raise the error of a JSONata Map state whose input is no array."""
    is_input = service._state_query_language(state_def, ctx) == JSONATA and "Items" not in state_def
    if is_input and not isinstance(items, list):
        text = json.dumps(items, separators=(",", ":"), ensure_ascii=False)
        raise failure(service, f"Map state input must be an array but was: {text}", QUERY)
