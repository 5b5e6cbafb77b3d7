"""AWS's limits inside the emulator: where its doors and its CloudFormation call Lambda in process."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from explorer.errors import CloudError
from explorer.facts.encoding import environment_size, escapes_non_ascii

from .hook import Wrap, checked, hook
from .limits import Limits, Refusal, event_reason, invalid
from .limits_at_door import DOOR
from .proxy_answers import MalformedError, answer_of

KB = 1024
GATEWAYS = ("http-api", "rest-api", "function-url")
INTERNAL = {  # what a door says of a function that failed
    "http-api": ({"Content-Type": "application/json"}, '{"message":"Internal Server Error"}'),
    "rest-api": ({"Content-Type": "application/json"}, "Internal server error"),
    "function-url": ({"Content-Type": "text/plain"}, "Internal Server Error"),
}
BUSY = {  # and of one that has no room
    "http-api": '{"message":"Service Unavailable"}',
    "rest-api": '{"message":"Internal server error"}',
    "function-url": '{"Reason":"ConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}',
}
Verdict = Callable[..., Refusal | None]


def install(limits: Limits) -> None:
    """Put the limits into the emulator that is loaded in this process."""
    from ministack.services import lambda_svc, secretsmanager, ssm

    configured = refusing(lambda data: function_refusal(limits, data), Refusal.rest_json)
    hook(lambda_svc, "_create_function", "data", configured)
    hook(lambda_svc, "_update_config", "name data", configured)
    dispatch = "func config event request_id started"
    hook(lambda_svc, "_execute_function_dispatch", dispatch, _sized(limits))
    shaper = "lambda_execute_result_to_api_proxy_response"
    hook(lambda_svc, shaper, "exec_result", _through_the_door(limits))
    hook(ssm, "_put_parameter", "data", refusing(_parameter(limits), Refusal.json_1_1))
    if not isinstance(getattr(lambda_svc, "MAX_INVOKE_DEPTH", None), int):
        raise CloudError("ministack: lambda_svc.MAX_INVOKE_DEPTH is missing: expected a number")
    lambda_svc.MAX_INVOKE_DEPTH = int(limits["lambda.recursion"])
    for name in ("_create_secret", "_update_secret", "_put_secret_value"):
        stored = refusing(lambda data: secret_refusal(limits, data), Refusal.json_1_1)
        hook(secretsmanager, name, "data", stored)
    _install_in_cloudformation(limits)


def refusing(verdict: Verdict, form: Callable[[Refusal], Any]) -> Wrap:
    """Ask first; `verdict` sees the last argument, what the caller sent."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def handle(*args: Any) -> Any:
            refusal = verdict(args[-1])
            return form(refusal) if refusal else original(*args)

        return handle

    return wrap


# What is configured


def function_refusal(limits: Limits, function: Mapping[str, Any]) -> Refusal | None:
    """Why AWS would not take this function's environment, None if it would."""
    variables = (function.get("Environment") or {}).get("Variables") or {}
    # AWS's own text repeats the values; here the names alone, so that no secret ends in a log
    texts = {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in variables.items()
    }
    if environment_size(texts) <= limits["lambda.env"]:
        return None
    names = json.dumps(dict.fromkeys(texts, "***"), separators=(",", ":"))
    text = (
        "Lambda was unable to configure your environment variables because the environment variables you "
        f"have provided exceeded the {limits['lambda.env'] / KB:g}KB limit. String measured: {names}"
    )
    return Refusal(*_first(limits, "lambda.env"), text)


def _first(limits: Limits, id: str) -> tuple[int, str]:
    breach = limits.facts.breach_at_door(id, "invoke")
    return (breach.status or 400, breach.code) if breach else (400, "ValidationException")


def _parameter(limits: Limits) -> Verdict:
    """Parameter Store counts characters, more of them in the advanced tier."""
    from ministack.services import ssm

    default_tier = checked(ssm, "_default_tier", "data value existing")

    def verdict(data: Mapping[str, Any]) -> Refusal | None:
        value = data.get("Value", "")
        tier = data.get("Tier") or default_tier(data, value, ssm._parameters.get(data.get("Name")))
        id = "ssm.std" if tier == "Standard" else "ssm.adv"
        return limits.refusal(id) if len(value) > limits[id] else None

    return verdict


def secret_refusal(limits: Limits, data: Mapping[str, Any]) -> Refusal | None:
    """Why AWS would not store this secret, None if it would."""
    text, binary = data.get("SecretString"), data.get("SecretBinary")
    sizes = {
        "secretString": len(text.encode()) if isinstance(text, str) else 0,
        "secretBinary": len(base64.b64decode(binary)) if isinstance(binary, str) else 0,
    }
    most = limits["sm.value"]
    over = [field for field, size in sizes.items() if size > most]
    return invalid("", over[0], f"have length less than or equal to {most}") if over else None


# Through CloudFormation


def _install_in_cloudformation(limits: Limits) -> None:
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    checked(provisioners, "_lambda_create", "logical_id props stack_name")
    checked(provisioners, "_lambda_update", "physical_id old_props new_props stack_name logical_id")
    for action, at in (("create", 1), ("update", 2)):
        handlers[action] = _provisioned(limits, handlers[action], at)
    hook(provisioners, "_sm_secret_string", "props", _secret_of_template(limits))


def _provisioned(limits: Limits, original: Callable[..., Any], at: int) -> Callable[..., Any]:
    def provision(*args: Any, **kwargs: Any) -> Any:
        refusal = function_refusal(limits, args[at])
        if refusal:
            raise ValueError(event_reason(refusal, "Lambda"))
        return original(*args, **kwargs)

    return provision


def _secret_of_template(limits: Limits) -> Wrap:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def secret_string(props: Any) -> Any:
            text = original(props)
            refusal = secret_refusal(limits, {"SecretString": text})
            if refusal:
                raise ValueError(event_reason(refusal, "SecretsManager"))
            return text

        return secret_string

    return wrap


# In an invocation


def _sized(limits: Limits) -> Wrap:
    """Events and results of every execution, whatever called it."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def dispatch(func: Any, config: Any, event: Any, request_id: str, started: float) -> Any:
            door = DOOR.get()
            if door in GATEWAYS and _event_is_over(event, limits[_event_limit(door)]):
                return {"error": True, "too_large": True, "body": {}, "log": ""}
            result = original(func, config, event, request_id, started)
            if result.get("error") or not _result_is_over(result, config, limits["lambda.sync.response"]):
                return result
            refusal = limits.refusal("lambda.sync.response")
            error = {"errorType": refusal.code, "errorMessage": refusal.message}
            return {"error": True, "body": error, "log": result.get("log", "")}

        return dispatch

    return wrap


def _event_limit(door: str) -> str:
    return "lambda.furl.request" if door == "function-url" else "lambda.sync.request"


def _event_is_over(event: Any, limit: float) -> bool:
    """Whether an API's event is larger; most are so small that they need not be written out."""
    longest_escape, around = 6, 64 * KB
    body = event.get("body") if isinstance(event, dict) else None
    if len(body or "") * longest_escape + around < limit:
        return False
    return json_bytes(event) > limit


def json_bytes(value: Any) -> int:
    """Bytes of `value` as compact JSON."""
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _result_is_over(result: Mapping[str, Any], config: Mapping[str, Any], limit: float) -> bool:
    """Whether what the runtime would post is larger; Python's runtimes write JSON with their defaults."""
    body = result.get("body")
    if isinstance(body, bytes) or result.get("raw_payload"):
        return len(body or b"") > limit
    text = json.dumps(body, ensure_ascii=escapes_non_ascii(config.get("Runtime", "")))
    return len(text.encode("utf-8", "surrogatepass")) > limit


def _through_the_door(limits: Limits) -> Wrap:
    """What each door makes of a function that failed: the caller never sees the function's own error."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def shape(exec_result: dict[str, Any]) -> Any:
            door = DOOR.get()
            if door not in GATEWAYS:
                return original(exec_result)
            if exec_result.get("error"):
                return _failed(limits, door, exec_result), None
            if exec_result.get("raw_payload") or isinstance(exec_result.get("body"), bytes):
                return original(exec_result)
            try:
                return answer_of(exec_result.get("body"), door == "rest-api"), None
            except MalformedError:
                return _malformed(limits, door), None

        return shape

    return wrap


def _malformed(limits: Limits, door: str) -> dict[str, Any]:
    """What the caller sees of a function whose answer is none that the door takes."""
    headers, text = INTERNAL[door]
    body = json.dumps({"message": text}) if door == "rest-api" else text
    return {"statusCode": limits.status("lambda.sync.response", door), "headers": headers, "body": body}


def _failed(limits: Limits, door: str, result: Mapping[str, Any]) -> dict[str, Any]:
    if result.get("too_large"):
        refusal = limits.refusal(_event_limit(door), door=door)
        if door != "function-url":
            refusal = Refusal(refusal.status, "", "Request Entity Too Large")
        status, headers, body = refusal.door()
        return {"statusCode": status, "headers": headers, "body": body.decode()}
    if result.get("throttle"):
        headers = {"Content-Type": "application/json"}
        return {
            "statusCode": limits.status("lambda.concurrency", door),
            "headers": headers,
            "body": BUSY[door],
        }
    headers, text = INTERNAL[door]
    return {"statusCode": limits.status("lambda.sync.response", door), "headers": headers, "body": text}
