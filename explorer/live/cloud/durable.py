"""Durable executions as AWS drives them, for every way to call a function.

The emulator stores their state and answers their checkpoints, but it resumes only executions that a
synchronous Invoke started, one at a time. Here the thread that starts an execution drives it to its end.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any

from .hook import Wrap, hook, require
from .limits import Limits, Refusal

FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 60.0  # AWS documents exponential backoff, but no figures
Record = MutableMapping[str, Any]
Answer = dict[str, Any]

_new_executions: ContextVar[list[Record] | None] = ContextVar("explorer_begun", default=None)
_execution_name: ContextVar[str | None] = ContextVar("explorer_name", default=None)  # from its caller
_wake_events: dict[str, threading.Event] = {}  # by execution ARN: set when what it waits for has changed


def install(limits: Limits) -> None:
    """Drive the durable executions of the emulator that is loaded in this process."""
    from ministack.services import lambda_durable, lambda_svc

    create_parameters = "function_arn version input_payload name trace_id execution_timeout"
    require(lambda_durable, "create_execution_for_invoke", create_parameters)
    require(lambda_durable, "mark_execution_completed", "arn result_payload error")
    require(lambda_durable, "record_invocation_completed", "arn start_ts request_id error")
    require(lambda_durable, "_serialize_operations", "operations for_event")
    require(lambda_durable, "_time_out_execution", "rec")
    hook(lambda_durable, "_apply_update", "rec upd", _count_attempts)
    hook(lambda_durable, "_resume_execution", "arn account_id region", _wake_driver)
    hook(lambda_svc, "_execute_function", "func event", _drive_executions(limits))
    hook(lambda_svc, "_invoke", "name event headers path_qualifier query_params", _require_qualifier)


def is_durable(function: Mapping[str, Any]) -> bool:
    """Whether the function, as the emulator records it, has a DurableConfig."""
    return bool((function.get("config") or function).get("DurableConfig"))


def begin(function: Mapping[str, Any], event: Any) -> Record:
    """Create the record of a new execution; the answer to an asynchronous call contains its ARN."""
    from ministack.services import lambda_durable

    config = function.get("config") or function
    name = config["FunctionName"]
    arn = config["FunctionArn"].partition(f":function:{name}")
    record: Record = lambda_durable.create_execution_for_invoke(
        function_arn=arn[0] + arn[1],
        version=config.get("Version", "$LATEST"),
        input_payload=json.dumps(event),
        name=_execution_name.get(),
        execution_timeout=config["DurableConfig"].get("ExecutionTimeout"),
    )
    new_records = _new_executions.get()
    if new_records is not None:
        new_records.append(record)
    return record


# Calls


def _require_qualifier(original: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse a call of a durable function without a qualifier; add the execution's ARN to the answer."""
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
        requested_name = fields.get("x-amz-durable-execution-name")
        if (
            requested_name
            and fields.get("x-amz-invocation-type") == "Event"
            and (same_name := _execution_of(name, requested_name))
        ):
            return _repeated_start(same_name, event)
        new_records: list[Record] = []
        token, name_token = _new_executions.set(new_records), _execution_name.set(requested_name)
        try:
            status, reply_headers, body = await original(name, event, headers, path_qualifier, query_params)
        finally:
            _new_executions.reset(token)
            _execution_name.reset(name_token)
        if new_records:
            reply_headers = {
                **reply_headers,
                "X-Amz-Durable-Execution-Arn": new_records[0]["DurableExecutionArn"],
            }
        return status, reply_headers, body

    return invoke


def _execution_of(function: str, name: str) -> Record | None:
    """The function's execution of this name, None if there is none."""
    from ministack.services import lambda_durable

    arn = f":function:{function}"
    for record in list(lambda_durable._executions.values()):
        if record["DurableExecutionName"] == name and record["FunctionArn"].endswith(arn):
            return dict(record)
    return None


def _repeated_start(record: Record, event: Any) -> Any:
    """The answer to a name in use: its execution for the same payload, a refusal for another."""
    if record["InputPayload"] != json.dumps(event):
        text = f"Durable execution with name {record['DurableExecutionName']} has already been started."
        return Refusal(409, "DurableExecutionAlreadyStartedException", text).rest_json()
    return 202, {"X-Amz-Durable-Execution-Arn": record["DurableExecutionArn"]}, b""


def _drive_executions(limits: Limits) -> Wrap:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        from ministack.services import lambda_svc

        def execute(function: Any, event: Any) -> Any:
            if not is_durable(function) or lambda_svc._durable_ctx.get():
                return original(function, event)
            config = function.get("config") or function
            if lambda_svc._function_config_scope_mismatch(config):
                return lambda_svc._run_with_function_config_scope(config, execute, function, event)
            # an asynchronous call has a record already: its execution waits for capacity, and no caller waits
            records = _new_executions.get() or []
            return _drive(original, function, records[0] if records else begin(function, event), not records)

        return execute

    return wrap


# Driving an execution


def _drive(run: Callable[..., Any], function: Any, record: Record, is_synchronous: bool) -> Answer:
    """Invoke the function until its execution has ended; retry a failed invocation, as AWS does."""
    retry_s = FIRST_RETRY_S
    wake = _wake_events.setdefault(record["DurableExecutionArn"], threading.Event())
    try:
        while True:
            wake.clear()
            answer = _invoke_once(run, function, record)
            if answer.get("throttle") and is_synchronous and len(record["Operations"]) == 1:
                return _drop_execution(record, answer)
            if _has_ended(record, answer):
                return _result(record, answer)
            if answer.get("error"):
                pause_s, retry_s = retry_s, min(2 * retry_s, LONGEST_RETRY_S)
            else:
                pause_s, retry_s = _time_to_due(record), FIRST_RETRY_S
            wake.wait(max(0.0, min(pause_s, _remaining_s(record))))
            _complete_due(record)
            if _has_ended(record, {"error": True}):
                return _result(record, answer)
    finally:
        _wake_events.pop(record["DurableExecutionArn"], None)


def _drop_execution(record: Record, answer: Answer) -> Answer:
    """Remove an execution whose first invocation was throttled; the caller gets that answer."""
    from ministack.services import lambda_durable

    lambda_durable._executions.pop(record["DurableExecutionArn"], None)
    return answer


def _invoke_once(run: Callable[..., Any], function: Any, record: Record) -> Answer:
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


def _has_ended(record: Record, answer: Answer) -> bool:
    """Whether the execution has ended, by its last invocation's answer or by time-out; updates its record."""
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
    """The SDK's return value, empty if the invocation failed."""
    if answer.get("error"):
        return {}
    body = answer.get("body")
    if isinstance(body, str | bytes):
        body = json.loads(body or "{}")
    return body if isinstance(body, Mapping) else {}


def _result(record: Record, answer: Answer) -> Answer:
    """The answer to a caller that waited for the end."""
    log_fields = {key: value for key, value in answer.items() if key in ("log", "log_source")}
    if record["Status"] == "SUCCEEDED":
        return {**log_fields, "body": json.loads(record.get("Result") or "null")}
    error = record.get("Error") or {"ErrorType": record["Status"], "ErrorMessage": ""}
    body = {"errorType": error.get("ErrorType"), "errorMessage": error.get("ErrorMessage")}
    return {**log_fields, "error": True, "function_error": "Unhandled", "body": body}


def _remaining_s(record: Record) -> float:
    """Time until the execution times out [s]; infinite without a time-out."""
    return float(record.get("_TimeoutDeadline") or float("inf")) - time.time()


def _due_time(operation: Mapping[str, Any]) -> float | None:
    """When a wait or a step's retry is due [s since the epoch], None if only a call can end it."""
    details: Mapping[str, Any] = {}
    if operation["Type"] == "WAIT" and operation["Status"] == "STARTED":
        details = operation.get("WaitDetails") or {}
    elif operation["Type"] == "STEP" and operation["Status"] == "PENDING":
        details = operation.get("StepDetails") or {}
    return details.get("ScheduledEndTimestamp") or details.get("NextAttemptTimestamp")


def _time_to_due(record: Record) -> float:
    """Time until the first operation is due [s]."""
    due = [at for at in map(_due_time, record["Operations"]) if at is not None]
    return min(due) - time.time() if due else float(LONGEST_RETRY_S)


def _complete_due(record: Record) -> None:
    """End the waits that are due and mark the steps ready whose retry is due."""
    from ministack.services import lambda_durable

    now = time.time()
    for operation in record["Operations"]:
        due = _due_time(operation)
        if due is None or due > now:
            continue
        if operation["Type"] == "STEP":
            operation["Status"] = "READY"
            continue
        operation |= {"Status": "SUCCEEDED", "EndTimestamp": now}
        ids = {"name": operation.get("Name"), "event_id": operation["Id"]}
        details = {"Duration": round(now - operation["StartTimestamp"])}
        lambda_durable._emit_history_event(record, "WaitSucceeded", "WaitSucceededDetails", details, **ids)


def _wake_driver(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wake the driver in place of the invocation that the emulator's timer and callbacks would make."""

    def resume(arn: str, *scope: Any) -> None:
        if wake := _wake_events.get(arn):
            wake.set()

    return resume


def _count_attempts(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make a step pending until its retry and count its attempts."""

    def apply(record: Any, update: Any) -> None:
        original(record, update)
        if (update.get("Type"), update.get("Action")) == ("STEP", "RETRY"):
            step = next(one for one in record["Operations"] if one["Id"] == update["Id"])
            step["Status"] = "PENDING"
            step["StepDetails"]["Attempt"] += 1

    return apply
