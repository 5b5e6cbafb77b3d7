"""Durable executions as AWS drives them, however the function is called.

The emulator keeps their state and answers their checkpoints; it resumes only what a synchronous Invoke
began, one at a time. Here each execution is driven to its end where it was called.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any

from .hook import Wrap, checked, hook
from .limits import Limits, Refusal

FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 60.0  # AWS: exponential backoff, without figures
Record = MutableMapping[str, Any]
Answer = dict[str, Any]

_begun: ContextVar[list[Record] | None] = ContextVar("explorer_begun", default=None)
_name: ContextVar[str | None] = ContextVar("explorer_name", default=None)  # that its caller gives it
_moved: dict[str, threading.Event] = {}  # by execution: someone has changed what it waits for


def install(limits: Limits) -> None:
    """Drive the durable executions of the emulator that is loaded in this process."""
    from ministack.services import lambda_durable, lambda_svc

    created = "function_arn version input_payload name trace_id execution_timeout"
    checked(lambda_durable, "create_execution_for_invoke", created)
    checked(lambda_durable, "mark_execution_completed", "arn result_payload error")
    checked(lambda_durable, "record_invocation_completed", "arn start_ts request_id error")
    checked(lambda_durable, "_serialize_operations", "operations for_event")
    checked(lambda_durable, "_time_out_execution", "rec")
    hook(lambda_durable, "_apply_update", "rec upd", _retried)
    hook(lambda_durable, "_resume_execution", "arn account_id region", _woken)
    hook(lambda_svc, "_execute_function", "func event", _driven(limits))
    hook(lambda_svc, "_invoke", "name event headers path_qualifier query_params", _qualified)


def is_durable(function: Mapping[str, Any]) -> bool:
    """Whether the function, as the emulator records it, has a DurableConfig."""
    return bool((function.get("config") or function).get("DurableConfig"))


def begin(function: Mapping[str, Any], event: Any) -> Record:
    """A new execution; the answer to an asynchronous call names it."""
    from ministack.services import lambda_durable

    config = function.get("config") or function
    name = config["FunctionName"]
    arn = config["FunctionArn"].partition(f":function:{name}")
    record: Record = lambda_durable.create_execution_for_invoke(
        function_arn=arn[0] + arn[1],
        version=config.get("Version", "$LATEST"),
        input_payload=json.dumps(event),
        name=_name.get(),
        execution_timeout=config["DurableConfig"].get("ExecutionTimeout"),
    )
    begun = _begun.get()
    if begun is not None:
        begun.append(record)
    return record


# Who calls


def _qualified(original: Callable[..., Any]) -> Callable[..., Any]:
    """AWS takes no call of a durable function that does not say which version; it names the execution."""
    from ministack.services import lambda_svc

    async def invoke(
        name: str, event: Any, headers: Any, path_qualifier: Any = None, query_params: Any = None
    ) -> Any:
        function = lambda_svc._functions.get(name)
        if function is None or not is_durable(function):
            return await original(name, event, headers, path_qualifier, query_params)
        if not (path_qualifier or lambda_svc._qp_first(query_params or {}, "Qualifier")):
            text = "You cannot invoke a durable function using an unqualified ARN."
            return Refusal(400, "InvalidParameterValueException", text).rest_json()
        fields = {key.lower(): value for key, value in headers.items()}
        own = fields.get("x-amz-durable-execution-name")
        if (
            own
            and fields.get("x-amz-invocation-type") == "Event"
            and (earlier := _execution_of_name(name, own))
        ):
            return _started_before(earlier, event)
        begun: list[Record] = []
        token, name_token = _begun.set(begun), _name.set(own)
        try:
            status, answered, body = await original(name, event, headers, path_qualifier, query_params)
        finally:
            _begun.reset(token)
            _name.reset(name_token)
        if begun:
            answered = {**answered, "X-Amz-Durable-Execution-Arn": begun[0]["DurableExecutionArn"]}
        return status, answered, body

    return invoke


def _execution_of_name(function: str, name: str) -> Record | None:
    """The execution of a function that has this name already."""
    from ministack.services import lambda_durable

    arn = f":function:{function}"
    for record in list(lambda_durable._executions.values()):
        if record["DurableExecutionName"] == name and record["FunctionArn"].endswith(arn):
            return dict(record)
    return None


def _started_before(record: Record, event: Any) -> Any:
    """A name begins one execution: the same payload finds it, another is refused."""
    if record["InputPayload"] != json.dumps(event):
        text = f"Durable execution with name {record['DurableExecutionName']} has already been started."
        return Refusal(409, "DurableExecutionAlreadyStartedException", text).rest_json()
    return 202, {"X-Amz-Durable-Execution-Arn": record["DurableExecutionArn"]}, b""


def _driven(limits: Limits) -> Wrap:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        from ministack.services import lambda_svc

        def execute(function: Any, event: Any) -> Any:
            if not is_durable(function) or lambda_svc._durable_ctx.get():
                return original(function, event)
            config = function.get("config") or function
            if lambda_svc._function_config_scope_mismatch(config):
                return lambda_svc._run_with_function_config_scope(config, execute, function, event)
            accepted = _begun.get() or []  # as an event: it waits for room, no caller waits
            return _drive(
                original, function, accepted[0] if accepted else begin(function, event), not accepted
            )

        return execute

    return wrap


# How it goes on


def _drive(run: Callable[..., Any], function: Any, record: Record, waited_for: bool) -> Answer:
    """Invoke the function until its execution has ended; a broken invocation is tried again, as on AWS."""
    retry_s = FIRST_RETRY_S
    moved = _moved.setdefault(record["DurableExecutionArn"], threading.Event())
    try:
        while True:
            moved.clear()
            answer = _invoked(run, function, record)
            if answer.get("throttle") and waited_for and len(record["Operations"]) == 1:
                return _never_begun(record, answer)
            if _ended(record, answer):
                return _result(record, answer)
            if answer.get("error"):
                pause_s, retry_s = retry_s, min(2 * retry_s, LONGEST_RETRY_S)
            else:
                pause_s, retry_s = _until_due(record), FIRST_RETRY_S
            moved.wait(max(0.0, min(pause_s, _remaining_s(record))))
            _settle(record)
            if _ended(record, {"error": True}):
                return _result(record, answer)
    finally:
        _moved.pop(record["DurableExecutionArn"], None)


def _never_begun(record: Record, answer: Answer) -> Answer:
    """There was no room for the first invocation, and the caller hears of it."""
    from ministack.services import lambda_durable

    lambda_durable._executions.pop(record["DurableExecutionArn"], None)
    return answer


def _invoked(run: Callable[..., Any], function: Any, record: Record) -> Answer:
    from ministack.services import lambda_durable, lambda_svc

    arn, token = record["DurableExecutionArn"], record["CheckpointToken"]
    operations = lambda_durable._serialize_operations(record["Operations"], for_event=True)
    state = {"Operations": operations, "NextMarker": ""}
    event = {"DurableExecutionArn": arn, "CheckpointToken": token, "InitialExecutionState": state}
    context = {"arn": arn, "token": token, "name": record["DurableExecutionName"]}
    reset, began = lambda_svc._durable_ctx.set(context), time.time()
    try:
        answer: Answer = run(function, event)
    finally:
        lambda_svc._durable_ctx.reset(reset)
    error = answer.get("body") if answer.get("error") else None
    lambda_durable.record_invocation_completed(arn, began, lambda_svc.new_uuid(), error)
    return answer


def _ended(record: Record, answer: Answer) -> bool:
    """Whether the execution is over, by what its last invocation answered or by time; its record says so."""
    from ministack.services import lambda_durable

    output = _sdk_output(answer)
    if record["Status"] == "RUNNING" and _remaining_s(record) <= 0:
        lambda_durable._time_out_execution(record)
    elif output.get("Status") in ("SUCCEEDED", "FAILED"):
        error = output.get("Error") or {"ErrorMessage": "", "ErrorType": "Error"}
        failed = error if output["Status"] == "FAILED" else None
        lambda_durable.mark_execution_completed(record["DurableExecutionArn"], output.get("Result"), failed)
    return bool(record["Status"] != "RUNNING")


def _sdk_output(answer: Answer) -> Mapping[str, Any]:
    """What the SDK returned, nothing if the invocation broke."""
    if answer.get("error"):
        return {}
    body = answer.get("body")
    if isinstance(body, str | bytes):
        body = json.loads(body or "{}")
    return body if isinstance(body, Mapping) else {}


def _result(record: Record, answer: Answer) -> Answer:
    """As a caller sees it that waited for the end."""
    log_fields = {key: value for key, value in answer.items() if key in ("log", "log_source")}
    if record["Status"] == "SUCCEEDED":
        return {**log_fields, "body": json.loads(record.get("Result") or "null")}
    error = record.get("Error") or {"ErrorType": record["Status"], "ErrorMessage": ""}
    body = {"errorType": error.get("ErrorType"), "errorMessage": error.get("ErrorMessage")}
    return {**log_fields, "error": True, "function_error": "Unhandled", "body": body}


def _remaining_s(record: Record) -> float:
    """Seconds until the execution has no time left."""
    return float(record.get("_TimeoutDeadline") or float("inf")) - time.time()


def _due(operation: Mapping[str, Any]) -> float | None:
    """When the operation that is waited for is over, None if nothing but a call can end it."""
    details: Mapping[str, Any] = {}
    if operation["Type"] == "WAIT" and operation["Status"] == "STARTED":
        details = operation.get("WaitDetails") or {}
    elif operation["Type"] == "STEP" and operation["Status"] == "PENDING":
        details = operation.get("StepDetails") or {}
    return details.get("ScheduledEndTimestamp") or details.get("NextAttemptTimestamp")


def _until_due(record: Record) -> float:
    """Seconds until the first operation is due."""
    due = [at for at in map(_due, record["Operations"]) if at is not None]
    return min(due) - time.time() if due else float(LONGEST_RETRY_S)


def _settle(record: Record) -> None:
    """End the waits that are over and let the steps try again whose time has come."""
    from ministack.services import lambda_durable

    now = time.time()
    for operation in record["Operations"]:
        due = _due(operation)
        if due is None or due > now:
            continue
        if operation["Type"] == "STEP":
            operation["Status"] = "READY"
            continue
        operation |= {"Status": "SUCCEEDED", "EndTimestamp": now}
        ids = {"name": operation.get("Name"), "event_id": operation["Id"]}
        waited = {"Duration": round(now - operation["StartTimestamp"])}
        lambda_durable._emit_history_event(record, "WaitSucceeded", "WaitSucceededDetails", waited, **ids)


def _woken(original: Callable[..., Any]) -> Callable[..., Any]:
    """The emulator's own timer and its callbacks do not invoke: they wake the driver."""

    def resume(arn: str, *scope: Any) -> None:
        if moved := _moved.get(arn):
            moved.set()

    return resume


def _retried(original: Callable[..., Any]) -> Callable[..., Any]:
    """A step that is to be tried again waits for it, and its attempts are counted."""

    def apply(record: Any, update: Any) -> None:
        original(record, update)
        if (update.get("Type"), update.get("Action")) == ("STEP", "RETRY"):
            step = next(one for one in record["Operations"] if one["Id"] == update["Id"])
            step["Status"] = "PENDING"
            step["StepDetails"]["Attempt"] += 1

    return apply
