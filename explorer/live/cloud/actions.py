"""The action and resource of a request, where the emulator names them otherwise than AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Any
from urllib.parse import unquote

from .hook import hook
from .limits import Limits

DURABLE = re.compile(r"/2025-12-01/durable-executions/(arn:.+?)(?:/(checkpoint|state|history|stop))?/?")
CALLBACK = re.compile(r"/2025-12-01/durable-execution-callbacks/[^/]+/(succeed|fail|heartbeat)/?")
ACTIONS = {
    "checkpoint": "CheckpointDurableExecution",
    "state": "GetDurableExecutionState",
    "history": "GetDurableExecutionHistory",
    "stop": "StopDurableExecution",
    None: "GetDurableExecution",
    "succeed": "SendDurableExecutionCallbackSuccess",
    "fail": "SendDurableExecutionCallbackFailure",
    "heartbeat": "SendDurableExecutionCallbackHeartbeat",
}
SESSIONS = {"/configurationsessions": "StartConfigurationSession", "/configuration": "GetLatestConfiguration"}
BY_PATH, BY_NAMES = "AmazonSSM.GetParametersByPath", "AmazonSSM.GetParameters"


def install(limits: Limits) -> None:
    """Name things as AWS does in the emulator that is loaded in this process."""
    from ministack.core import iam_actions

    signature = "service method path headers body query_params"
    hook(iam_actions, "extract_iam_action", signature, _with_durable_executions)
    hook(iam_actions, "extract_resource_arn", f"{signature} region account_id", _as_named)


def _with_durable_executions(original: Callable[..., Any]) -> Callable[..., Any]:
    def action(service: str, method: str, path: str, *args: Any) -> Any:
        match = (
            (DURABLE.fullmatch(unquote(path)) or CALLBACK.fullmatch(path)) if service == "lambda" else None
        )
        if match:
            return f"lambda:{ACTIONS[match[match.re.groups]]}"
        if service.startswith("appconfig") and path.rstrip("/") in SESSIONS:
            return f"appconfig:{SESSIONS[path.rstrip('/')]}"
        return original(service, method, path, *args)

    return action


def _as_named(original: Callable[..., Any]) -> Callable[..., Any]:
    def resource(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> Any:
        arn = original(service, method, path, headers, body, query, region, account)
        if service == "lambda":
            execution = DURABLE.fullmatch(unquote(path))
            return execution[1] if execution else _qualified(arn, path, query)
        if service.startswith("appconfig") and path.rstrip("/") in SESSIONS:
            return f"arn:aws:appconfig:{region}:{account}:{_profile(body, query)}"
        if service == "ssm" and headers.get("x-amz-target") in (BY_PATH, BY_NAMES):
            request = json.loads(body or b"{}")
            names = request.get("Names") or [request.get("Path", "")]
            own = [f"arn:aws:ssm:{region}:{account}:parameter/{str(name).lstrip('/')}" for name in names]
            return _first_denied(own, headers, query, region)
        return arn

    return resource


def _profile(body: bytes, query: Mapping[str, Any]) -> str:
    """The configuration that a session is for, whether it is begun or polled."""
    from ministack.services import appconfig

    token = query.get("configuration_token") or ""
    identifiers = appconfig._sessions.get(token[0] if isinstance(token, list) else token) if token else None
    identifiers = identifiers or json.loads(body or b"{}")
    kinds = ("Application", "Environment", "ConfigurationProfile")
    names = [identifiers.get(f"{kind}Identifier", "*") for kind in kinds]
    return "application/{}/environment/{}/configuration/{}".format(*names)


def _first_denied(resources: list[str], headers: Any, query: Any, region: str) -> str:
    """AWS checks the permission for each parameter, the emulator for one: the first that is denied."""
    from ministack.core import iam_evaluator, router

    if len(resources) > 1:
        caller = router.extract_access_key_id(headers, query)
        for resource in resources:
            arguments = (caller, "ssm:GetParameters", "ssm", region, resource)
            # in a context of its own: the emulator checks a signature once, and that is still to come
            if copy_context().run(iam_evaluator.enforce, *arguments) is not None:
                return resource
    return resources[0]


def _qualified(function: str, path: str, query: Mapping[str, Any]) -> str:
    """The version or alias that is to be invoked; without one it is the function."""
    value = query.get("Qualifier") or ""
    qualifier = value[0] if isinstance(value, list) else value
    unqualified = 7  # parts of the ARN of a function
    if not qualifier or "/invocations" not in path or function.count(":") >= unqualified:
        return function
    return f"{function}:{qualifier}"
