"""The IAM action and resource of a request, where the emulator names them differently from AWS."""

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
    """Make the emulator in this process name actions and resources as AWS does."""
    from ministack.core import iam_actions

    signature = "service method path headers body query_params"
    hook(iam_actions, "extract_iam_action", signature, _name_actions)
    hook(iam_actions, "extract_resource_arn", f"{signature} region account_id", _name_resources)


def _name_actions(original: Callable[..., Any]) -> Callable[..., Any]:
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


def _name_resources(original: Callable[..., Any]) -> Callable[..., Any]:
    def resource(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> Any:
        arn = original(service, method, path, headers, body, query, region, account)
        if service == "lambda":
            execution = DURABLE.fullmatch(unquote(path))
            return execution[1] if execution else _qualified_arn(arn, path, query)
        if service.startswith("appconfig") and path.rstrip("/") in SESSIONS:
            return f"arn:aws:appconfig:{region}:{account}:{_profile(body, query)}"
        if service == "ssm" and headers.get("x-amz-target") in (BY_PATH, BY_NAMES):
            request = json.loads(body or b"{}")
            names = request.get("Names") or [request.get("Path", "")]
            arns = [f"arn:aws:ssm:{region}:{account}:parameter/{str(name).lstrip('/')}" for name in names]
            return _first_denied(arns, headers, query, region)
        return arn

    return resource


def _profile(body: bytes, query: Mapping[str, Any]) -> str:
    """The resource part of the ARN of an AppConfig session's configuration, at its start or at a poll."""
    from ministack.services import appconfig

    token = query.get("configuration_token") or ""
    identifiers = appconfig._sessions.get(token[0] if isinstance(token, list) else token) if token else None
    identifiers = identifiers or json.loads(body or b"{}")
    kinds = ("Application", "Environment", "ConfigurationProfile")
    names = [identifiers.get(f"{kind}Identifier", "*") for kind in kinds]
    return "application/{}/environment/{}/configuration/{}".format(*names)


def _first_denied(resources: list[str], headers: Any, query: Any, region: str) -> str:
    """The first resource that is denied: AWS checks every parameter, the emulator only one."""
    from ministack.core import iam_evaluator, router

    if len(resources) > 1:
        caller = router.extract_access_key_id(headers, query)
        for resource in resources:
            arguments = (caller, "ssm:GetParameters", "ssm", region, resource)
            # in a copied context: the emulator checks a signature once, and that check is still to come
            if copy_context().run(iam_evaluator.enforce, *arguments) is not None:
                return resource
    return resources[0]


def _qualified_arn(function: str, path: str, query: Mapping[str, Any]) -> str:
    """The ARN of the version or alias to invoke; without a qualifier, that of the function."""
    value = query.get("Qualifier") or ""
    qualifier = value[0] if isinstance(value, list) else value
    unqualified_parts = 7  # parts of the ARN of a function without a qualifier
    if not qualifier or "/invocations" not in path or function.count(":") >= unqualified_parts:
        return function
    return f"{function}:{qualifier}"
