"""The history of an execution, as Step Functions records it.

The emulator notes the states of a machine and the outcome of its tasks. AWS also links each event to the one
before it, notes the states inside a Parallel or Map state, and names what a task calls.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from threading import RLock
from typing import Any

from . import evaluation
from .execution_events import assigned, previous
from .hook import Wrap, hook
from .limits import Limits

WHOLE = {"truncated": False}
TIMEOUT = "States.Timeout"
STATE_HANDLERS = {
    "Pass": "_execute_pass",
    "Task": "_execute_task",
    "Choice": "_execute_choice",
    "Wait": "_execute_wait",
    "Parallel": "_execute_parallel",
    "Map": "_execute_map",
}
TOLERATED = ("ToleratedFailureCount", "ToleratedFailurePercentage")
WITH_EXECUTION = ("Task", "Parallel", "Map")  # handlers that also take the execution

Details = dict[str, Any]


@dataclass
class Task:
    """A task that runs: its state, and its input after its parameters are applied."""

    state: Mapping[str, Any]
    input: Any = None


@dataclass
class Branches:
    """The branches of a Parallel state, or the iterations of a Map state, which has a name here."""

    name: str | None = None
    last_inside: int | None = None  # the last event of the branch that ended last
    last: int = 0


_task: ContextVar[Task | None] = ContextVar("task", default=None)
_branches: ContextVar[Branches | None] = ContextVar("branches", default=None)
_failure: ContextVar[tuple[Any, str] | None] = ContextVar("failure", default=None)  # not retried so far
_lock = RLock()


def install(limits: Limits) -> None:
    """Record histories as AWS does in the Step Functions of the emulator that is loaded in this process."""
    from ministack.services import stepfunctions as service

    branches = "state_def raw_input execution ctx"
    distributed = "state_def raw_input effective iterator execution ctx"
    hook(service, "_run_execution", "exec_arn", _start(service))
    hook(service, "_add_event", "execution event_type details", _add)
    hook(service, "_execute_task", branches, _note_task)
    hook(service, "_apply_parameters", "state_def data ctx", _note_input)
    hook(service, "_apply_jsonata_arguments", "state_def raw_input ctx", _note_input)
    hook(service, "_run_parallel_branches", branches, _add_branches(service, "Parallel"))
    hook(service, "_run_map_items", branches, _add_branches(service, "Map"))
    hook(service, "_run_distributed_map", distributed, _add_map_run(service))
    hook(service, "_find_matching_catcher", "catchers error", _add_failure(service))
    hook(service, "_run_sub_machine", "states start_at input_data execution ctx", _run_branch(service))


def _start(service: Any) -> Wrap:
    """Begin a history: no event comes before the first two."""

    def wrap(original: Callable[[str], Any]) -> Callable[[str], Any]:
        def run(exec_arn: str) -> Any:
            previous.set(0)
            for variable in (_task, _branches, _failure, assigned):
                variable.set(None)
            if exec_arn in service._executions:
                event = service._executions[exec_arn]["events"][0]
                event["previousEventId"] = 0
                event["executionStartedEventDetails"].setdefault("inputDetails", WHOLE)
            return original(exec_arn)

        return lambda exec_arn: copy_context().run(run, exec_arn)

    return wrap


def _add(original: Callable[..., Details]) -> Callable[..., Details]:
    def add(execution: Details, event_type: str, details: Details | None = None) -> Details:
        task, event = _task.get(), Details()
        with _lock:
            for kind, own in (
                _task_events(event_type, details or {}, task, execution)
                if task and event_type in {"TaskScheduled", "TaskSucceeded", "TaskFailed"}
                else [(event_type, details)]
            ):
                event = original(execution, kind, _complete(kind, own, execution))
                event["previousEventId"] = previous.get()
                previous.set(event["id"])
        return event

    return add


def _complete(kind: str, details: Details | None, execution: Details) -> Details | None:
    """The details of an event with what AWS states besides."""
    for name, own in (details or {}).items():
        for part in ("input", "output"):
            if part in own:
                own |= {part: _text(json.loads(own[part]), execution), f"{part}Details": WHOLE}
        for part in ("error", "cause"):
            if own.get(part) == "":
                del own[part]
        if kind.endswith("StateExited") and (variables := assigned.get()):
            own["assignedVariables"] = {each: _compact(value) for each, value in variables.items()}
            own["assignedVariablesDetails"] = WHOLE
            assigned.set(None)
        if name == "executionSucceededEventDetails":
            execution["output"] = own["output"]
        elif name == "executionFailedEventDetails":
            execution["output"] = None
    return details


def _task_events(
    event_type: str, details: Details, task: Task, execution: Details
) -> Iterator[tuple[str, Details | None]]:
    """The events of a task in place of the emulator's: those of a function, an activity or a service."""
    resource = str(task.state.get("Resource", ""))
    called: Details = {}
    if ":states:::" in resource:
        kind, parts = "Task", resource.split(":states:::")[1].split(":")
        if parts[0] == "aws-sdk":
            parts = [":".join(parts[:2]), *parts[2:]]
        called = {"resourceType": parts[0], "resource": ":".join(parts[1:])}
    else:
        kind = "Activity" if ":activity:" in resource else "LambdaFunction"
    own = details[f"{event_type[0].lower()}{event_type[1:]}EventDetails"]
    if event_type == "TaskScheduled":
        waits = {"TimeoutSeconds": "timeoutInSeconds", "HeartbeatSeconds": "heartbeatInSeconds"}
        times = {name: task.state[field] for field, name in waits.items() if field in task.state}
        if called:
            region = execution["executionArn"].split(":")[3]
            scheduled = {"parameters": _compact(task.input), "region": region, **called, **times}
        else:
            scheduled = {"input": _compact(task.input), "resource": resource, **times}
        yield _event(f"{kind}Scheduled", scheduled)
        if called:
            yield _event("TaskStarted", called)
        elif kind == "LambdaFunction":
            yield "LambdaFunctionStarted", None
    elif event_type == "TaskSucceeded":
        yield _event(f"{kind}Succeeded", {"output": own["output"], **called})
    elif own["error"] in evaluation.OWN_ERRORS:
        return  # no task failed: its state could not be evaluated
    elif own["error"] == TIMEOUT:
        yield _event(f"{kind}TimedOut", {"error": TIMEOUT, **called})
    else:
        yield _event(f"{kind}Failed", {"error": own["error"], "cause": own["cause"], **called})


def _event(kind: str, details: Mapping[str, Any]) -> tuple[str, Details]:
    return kind, {f"{kind[0].lower()}{kind[1:]}EventDetails": dict(details)}


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _text(value: Any, execution: Details) -> str:
    """A value as JSON text: without spaces, except for the input of the execution, which stays as it came."""
    text = _compact(value)
    try:
        is_input = _compact(json.loads(execution["input"])) == text
    except ValueError:
        is_input = False
    return str(execution["input"]) if is_input else text


def _note_task(original: Callable[..., Any]) -> Callable[..., Any]:
    def execute(state_def: Mapping[str, Any], raw_input: Any, execution: Any, ctx: Any) -> Any:
        token = _task.set(Task(state_def))
        try:
            return original(state_def, raw_input, execution, ctx)
        finally:
            _task.reset(token)

    return execute


def _note_input(original: Callable[..., Any]) -> Callable[..., Any]:
    def apply(state_def: Mapping[str, Any], data: Any, ctx: Any = None) -> Any:
        result, task = original(state_def, data, ctx), _task.get()
        if task and task.state is state_def:
            task.input = result
        return result

    return apply


def _add_branches(service: Any, kind: str) -> Wrap:
    """Add the events around the branches of a Parallel state or the iterations of a Map state."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def run(state_def: Mapping[str, Any], raw_input: Any, execution: Any, ctx: Any) -> Any:
            _failure.set(None)
            branches, details = Branches(), None
            if kind == "Map":
                is_read = _is_distributed(state_def) and "ItemReader" in state_def
                try:
                    evaluation.map_numbers(service, state_def, raw_input, ctx, ("MaxConcurrency",))
                    length = 0 if is_read else len(_items(service, state_def, raw_input, ctx))
                except service._ExecutionError as error:
                    evaluation.note_failure(service, error, execution)
                    if error.error != evaluation.RUNTIME:
                        _failure.set((execution, f"{kind}StateFailed"))
                    raise
                details = {"mapStateStartedEventDetails": {"length": length}}
                branches.name = None if _is_distributed(state_def) else ctx["State"]["Name"]
            service._add_event(execution, f"{kind}StateStarted", details)
            branches.last = previous.get()
            if kind == "Map":
                evaluation.map_numbers(service, state_def, raw_input, ctx, TOLERATED)
            token = _branches.set(branches)
            try:
                result = original(state_def, raw_input, execution, ctx)
            except service._ExecutionError as error:
                previous.set(getattr(error, "last_event", branches.last))
                _failure.set((execution, f"{kind}StateFailed"))
                raise
            finally:
                _branches.reset(token)
            previous.set(branches.last)
            service._add_event(execution, f"{kind}StateSucceeded")
            previous.set(branches.last)  # what follows does not follow from this event
            return result

        return run

    return wrap


def _add_map_run(service: Any) -> Wrap:
    """Add the events of a distributed map: it has a run of its own, and its items have other histories."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            execution: Details = arguments[4]
            branches, failed = _branches.get() or Branches(), None
            _branches.set(None)
            try:
                result = original(*arguments)
            except service._ExecutionError as error:
                failed = {"error": error.error, "cause": error.cause}
                raise
            finally:
                arn = execution["executionArn"]
                if runs := [each for each in service._map_runs.values() if each["executionArn"] == arn]:
                    details = {"mapRunArn": runs[-1]["mapRunArn"]}
                    event = service._add_event(execution, *_event("MapRunStarted", details))
                    event["timestamp"] = runs[-1]["startDate"]
                    kind = f"MapRun{runs[-1]['status'].title()}"
                    service._add_event(execution, *(_event(kind, failed) if failed else (kind,)))
                branches.last = previous.get()
            return result

        return run

    return wrap


def _is_distributed(state_def: Mapping[str, Any]) -> bool:
    iterator = state_def.get("Iterator") or state_def.get("ItemProcessor") or {}
    return (iterator.get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED"


def _items(service: Any, state_def: Mapping[str, Any], raw_input: Any, ctx: Any) -> list[Any]:
    """The items of a Map state, as the emulator takes them."""
    if service._state_query_language(state_def, ctx) == "JSONata" and "Items" in state_def:
        items = service._jsonata_state_field(state_def, "Items", "array", raw_input, ctx)
    else:
        effective = service._apply_input_path(state_def, raw_input, ctx)
        items = service._resolve_path_or_ctx(state_def.get("ItemsPath", "$"), effective, ctx)
        evaluation.check_items(service, state_def, items, ctx)
    return items if isinstance(items, list) else [items]


def _add_failure(service: Any) -> Wrap:
    """Add the failure of a Parallel or Map state that is not tried again."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def find(catchers: Any, error: str) -> Any:
            if failure := _failure.get():
                _failure.set(None)
                service._add_event(*failure)
            return original(catchers, error)

        return find

    return wrap


def _run_branch(service: Any) -> Wrap:
    """Run a branch or an iteration, with the events of its states."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def run(states: Any, start_at: str, input_data: Any, execution: Details, ctx: Any) -> Any:
            branches = _branches.get() or Branches()
            _branches.set(None)
            ctx = {**ctx, "State": dict(ctx["State"])}  # its variables and states are its own
            name = branches.name
            if not execution["events"]:  # the execution of one item of a distributed map
                previous.set(0)
            if name and branches.last_inside:
                previous.set(branches.last_inside)
            about = {"index": ctx["Map"]["Item"]["Index"], "name": name} if name else {}
            if name:
                service._add_event(execution, *_event("MapIterationStarted", about))
            try:
                output = _walk(service, states, start_at, input_data, execution, ctx)
            except service._ExecutionError as error:
                error.last_event = previous.get()
                if name:
                    service._add_event(execution, *_event("MapIterationFailed", about))
                raise
            branches.last_inside = previous.get()
            if name:
                service._add_event(execution, *_event("MapIterationSucceeded", about))
            branches.last = max(branches.last, previous.get())
            return output

        return run

    return wrap


def _walk(service: Any, states: Any, start_at: str, value: Any, execution: Details, ctx: Any) -> Any:
    """The output of the states of a branch."""
    name: str | None = start_at
    while name:
        state = states.get(name)
        if not state:
            raise service._ExecutionError("States.Runtime", f"State '{name}' not found")
        kind, entered = state.get("Type"), name
        ctx["State"] = {"Name": name, "EnteredTime": service.now_iso(), "RetryCount": 0}
        details = {"name": name, "input": _compact(value)}
        service._add_event(execution, f"{kind}StateEntered", {"stateEnteredEventDetails": details})
        if kind == "Fail":
            raise service._ExecutionError(*service._fail_state_error(state, value, ctx))
        if kind == "Succeed":
            value = service._apply_output_path(state, service._apply_input_path(state, value, ctx), ctx)
            name = None
        elif kind in STATE_HANDLERS:
            handler = getattr(service, STATE_HANDLERS[kind])
            value, name = handler(state, value, *([execution] if kind in WITH_EXECUTION else []), ctx)
        else:
            raise service._ExecutionError("States.Runtime", f"Unknown state type: {kind}")
        details = {"name": entered, "output": _compact(value)}
        service._add_event(execution, f"{kind}StateExited", {"stateExitedEventDetails": details})
    return value
