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
INVOKE = "arn:aws:states:::lambda:invoke"


def install(limits: Limits) -> None:
    """Complete the answers of the Step Functions of the emulator that is loaded in this process."""
    from ministack.services import stepfunctions

    for name in ("_describe_state_machine", "_describe_state_machine_for_execution"):
        hook(stepfunctions, name, "data", _complete(lambda answer: {**SETTINGS, **answer}))
    hook(stepfunctions, "_describe_execution", "data", _complete(_with_redrive))
    hook(stepfunctions, "_list_executions", "data", _complete(_with_counts))
    hook(stepfunctions, "_invoke_resource", "resource input_data", _complete_invocation)


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


def _complete_invocation(original: Callable[..., Any]) -> Callable[..., Any]:
    """The answer of Lambda itself around what a function returned: its version, headers and request id."""

    def invoke(resource: str, input_data: Any) -> Any:
        result = original(resource, input_data)
        if resource != INVOKE:
            return result
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
            "SdkHttpMetadata": {
                "AllHttpHeaders": {name: [value] for name, value in headers.items()},
                "HttpHeaders": headers,
                "HttpStatusCode": 200,
            },
            "SdkResponseMetadata": {"RequestId": request_id},
            "StatusCode": 200,
        }

    return invoke
