"""What Step Functions says of machines, executions and invoked functions, beyond the emulator."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Any

from .hook import Wrap, hook
from .limits import Limits

SETTINGS = {
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
}
STATES = "arn:aws:states:::"
INVOKE = f"{STATES}lambda:invoke"
FORMS = {  # the content types of the services whose answers a machine shows with their headers
    "dynamodb:": "application/x-amz-json-1.0",
    "sqs:": "application/x-amz-json-1.0",
    "states:": "application/x-amz-json-1.0",
}


def install(limits: Limits) -> None:
    """Complete the answers of the Step Functions of the emulator that is loaded in this process."""
    from ministack.services import stepfunctions

    for name in ("_describe_state_machine", "_describe_state_machine_for_execution"):
        hook(stepfunctions, name, "data", _complete(lambda answer: {**SETTINGS, **answer}))
    hook(stepfunctions, "_describe_execution", "data", _complete(_with_redrive))
    hook(stepfunctions, "_list_executions", "data", _complete(_with_counts))
    hook(stepfunctions, "_update_state_machine", "data", _with_revision(stepfunctions))
    hook(stepfunctions, "_invoke_resource", "resource input_data", _complete_result)


def _complete(change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Wrap:
    """Change a JSON answer that is no refusal."""

    def wrap(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def answer(data: Any) -> Any:
            status, headers, body = original(data)
            if status == 200:
                body = json.dumps(change(json.loads(body)), ensure_ascii=False).encode()
            return status, headers, body

        return answer

    return wrap


def _with_redrive(execution: Mapping[str, Any]) -> Mapping[str, Any]:
    """An execution with its redrives: there are none, and whether there may be."""
    status, redrive = execution["status"], {"redriveCount": 0}
    if status in {"FAILED", "TIMED_OUT", "ABORTED"}:
        return {**execution, **redrive, "redriveStatus": "REDRIVABLE"}
    why = f"Execution is {status} and cannot be redriven"
    return {**execution, **redrive, "redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": why}


def _with_counts(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**answer, "executions": [{**each, "redriveCount": 0} for each in answer["executions"]]}


def _with_revision(service: Any) -> Wrap:
    """The revision that an update made."""

    def wrap(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def update(data: Any) -> Any:
            status, headers, body = original(data)
            if status == 200:
                revision = service._state_machines[data["stateMachineArn"]]["revisionId"]
                body = json.dumps({"revisionId": revision, **json.loads(body)}).encode()
            return status, headers, body

        return update

    return wrap


def _complete_result(original: Callable[..., Any]) -> Callable[..., Any]:
    """The answer of a service as the SDK has it: with its headers and request id."""

    def invoke(resource: str, input_data: Any) -> Any:
        result = original(resource, input_data)
        if resource == INVOKE:
            return _invocation(result, input_data)
        form = next((form for name, form in FORMS.items() if resource.startswith(f"{STATES}{name}")), None)
        if form is None or not isinstance(result, dict) or ".sync" in resource or "SdkHttpMetadata" in result:
            return result
        length = len(json.dumps(result, separators=(",", ":"), ensure_ascii=False).encode())
        keep_alive = {"Server": "Server", "Connection": "keep-alive"} if ":dynamodb:" in resource else {}
        checksum = {"x-amz-crc32": "0"} if ":dynamodb:" in resource else {}
        request_id = str(uuid.uuid4())
        headers = {
            **(keep_alive or {"connection": "keep-alive"}),
            "x-amzn-RequestId": request_id,
            **checksum,
            "Content-Length": str(length),
            "Date": formatdate(usegmt=True),
            "Content-Type": form,
        }
        return {**result, **_metadata(headers, request_id)}

    return invoke


def _metadata(headers: Mapping[str, str], request_id: str) -> dict[str, Any]:
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": dict(headers),
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": request_id},
    }


def _invocation(result: Mapping[str, Any], input_data: Any) -> dict[str, Any]:
    """The answer of Lambda itself around what a function returned: its version, headers and request id."""
    payload = json.dumps(result["Payload"], separators=(",", ":"), ensure_ascii=False).encode()
    arn = str(input_data.get("FunctionName", ""))
    version = arn.split(":")[7] if arn.count(":") == 7 else "$LATEST"
    request_id = str(uuid.uuid4())
    headers = {
        "Connection": "keep-alive",
        "Content-Length": str(len(payload)),
        "Content-Type": "application/json",
        "Date": formatdate(usegmt=True),
        "X-Amz-Executed-Version": input_data.get("Qualifier", version),
        "x-amzn-Remapped-Content-Length": "0",
        "x-amzn-RequestId": request_id,
        "X-Amzn-Trace-Id": f"root=1-{request_id[:8]}-{request_id.replace('-', '')[8:]};sampled=0",
    }
    return {
        "ExecutedVersion": headers["X-Amz-Executed-Version"],
        "Payload": result["Payload"],
        **_metadata(headers, request_id),
        "StatusCode": 200,
    }
