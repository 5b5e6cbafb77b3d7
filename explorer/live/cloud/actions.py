"""What a request asks leave for, where the emulator names the action or the resource otherwise than AWS."""

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

    named = "service method path headers body query_params"
    hook(iam_actions, "extract_iam_action", named, _with_durable_executions)
    hook(iam_actions, "extract_resource_arn", f"{named} region account_id", _as_named)


def _with_durable_executions(original: Callable[..., Any]) -> Callable[..., Any]:
    def action(service: str, method: str, path: str, *given: Any) -> Any:
        asked = (
            (DURABLE.fullmatch(unquote(path)) or CALLBACK.fullmatch(path)) if service == "lambda" else None
        )
        if asked:
            return f"lambda:{ACTIONS[asked[asked.re.groups]]}"
        if service.startswith("appconfig") and path.rstrip("/") in SESSIONS:
            return f"appconfig:{SESSIONS[path.rstrip('/')]}"
        return original(service, method, path, *given)

    return action


def _as_named(original: Callable[..., Any]) -> Callable[..., Any]:
    def resource(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str, account: str
    ) -> Any:
        found = original(service, method, path, headers, body, query, region, account)
        if service == "lambda":
            execution = DURABLE.fullmatch(unquote(path))
            return execution[1] if execution else _qualified(found, path, query)
        if service.startswith("appconfig") and path.rstrip("/") in SESSIONS:
            return f"arn:aws:appconfig:{region}:{account}:{_profile(body, query)}"
        if service == "ssm" and headers.get("x-amz-target") in (BY_PATH, BY_NAMES):
            asked = json.loads(body or b"{}")
            names = asked.get("Names") or [asked.get("Path", "")]
            own = [f"arn:aws:ssm:{region}:{account}:parameter/{str(name).lstrip('/')}" for name in names]
            return _first_denied(own, headers, query, region)
        return found

    return resource


def _profile(body: bytes, query: Mapping[str, Any]) -> str:
    """The configuration that a session is for, whether it is begun or polled."""
    from ministack.services import appconfig

    token = query.get("configuration_token") or ""
    asked = appconfig._sessions.get(token[0] if isinstance(token, list) else token) if token else None
    asked = asked or json.loads(body or b"{}")
    of = [
        asked.get(f"{name}Identifier", "*") for name in ("Application", "Environment", "ConfigurationProfile")
    ]
    return "application/{}/environment/{}/configuration/{}".format(*of)


def _first_denied(resources: list[str], headers: Any, query: Any, region: str) -> str:
    """AWS asks leave for each parameter; the emulator for one: so it is for one without, if there is any."""
    from ministack.core import iam_evaluator, router

    if len(resources) > 1:
        caller = router.extract_access_key_id(headers, query)
        for resource in resources:
            asked = (caller, "ssm:GetParameters", "ssm", region, resource)
            # in a context of its own: the emulator checks a signature once, and that is still to come
            if copy_context().run(iam_evaluator.enforce, *asked) is not None:
                return resource
    return resources[0]


def _qualified(function: str, path: str, query: Mapping[str, Any]) -> str:
    """The version or alias that is to be invoked; without one it is the function."""
    given = query.get("Qualifier") or ""
    qualifier = given[0] if isinstance(given, list) else given
    unqualified = 7  # parts of the ARN of a function
    if not qualifier or "/invocations" not in path or function.count(":") >= unqualified:
        return function
    return f"{function}:{qualifier}"
