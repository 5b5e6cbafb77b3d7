"""AWS's limits inside the emulator: where its doors and its CloudFormation call Lambda in process."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from explorer.errors import CloudError
from explorer.facts.encoding import environment_size, escapes_non_ascii

from .hook import Wrap, hook, require
from .limits import Limits, Refusal, event_reason, invalid
from .limits_at_door import DOOR
from .proxy_answers import MalformedError, answer_of

KB = 1024
GATEWAYS = ("http-api", "rest-api", "function-url")
FAILURE_ANSWERS = {  # a door's answer when its function failed: headers and text
    "http-api": ({"Content-Type": "application/json"}, '{"message":"Internal Server Error"}'),
    "rest-api": ({"Content-Type": "application/json"}, "Internal server error"),
    "function-url": ({"Content-Type": "text/plain"}, "Internal Server Error"),
}
THROTTLE_BODIES = {  # a door's answer when its function was throttled
    "http-api": '{"message":"Service Unavailable"}',
    "rest-api": '{"message":"Internal server error"}',
    "function-url": '{"Reason":"ConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}',
}
Verdict = Callable[..., Refusal | None]


def install(limits: Limits) -> None:
    """Enforce the limits in the emulator that is loaded in this process."""
    from ministack.services import lambda_svc, secretsmanager, ssm

    check_function = refuse_if(lambda data: function_refusal(limits, data), Refusal.rest_json)
    hook(lambda_svc, "_create_function", "data", check_function)
    hook(lambda_svc, "_update_config", "name data", check_function)
    dispatch = "func config event request_id started"
    hook(lambda_svc, "_execute_function_dispatch", dispatch, _limit_sizes(limits))
    shaper = "lambda_execute_result_to_api_proxy_response"
    hook(lambda_svc, shaper, "exec_result", _shape_answers(limits))
    hook(ssm, "_put_parameter", "data", refuse_if(_parameter_verdict(limits), Refusal.json_1_1))
    if not isinstance(getattr(lambda_svc, "MAX_INVOKE_DEPTH", None), int):
        raise CloudError("ministack: lambda_svc.MAX_INVOKE_DEPTH is missing: expected a number")
    lambda_svc.MAX_INVOKE_DEPTH = int(limits["lambda.recursion"])
    for name in ("_create_secret", "_update_secret", "_put_secret_value"):
        check_secret = refuse_if(lambda data: secret_refusal(limits, data), Refusal.json_1_1)
        hook(secretsmanager, name, "data", check_secret)
    _install_in_cloudformation(limits)


def refuse_if(verdict: Verdict, form: Callable[[Refusal], Any]) -> Wrap:
    """A wrapper that answers a refusal, or calls the original if there is none.

    Parameters
    ----------
    verdict : gets the last argument, which is what the caller sent; returns a refusal or None
    form : turns a refusal into the answer of the wrapped function
    """

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def handle(*args: Any) -> Any:
            refusal = verdict(args[-1])
            return form(refusal) if refusal else original(*args)

        return handle

    return wrap


# Configurations


def function_refusal(limits: Limits, function: Mapping[str, Any]) -> Refusal | None:
    """AWS's refusal of a function's environment that is too large, None if it fits."""
    variables = (function.get("Environment") or {}).get("Variables") or {}
    # AWS's own text repeats the values; this one only the names, so that no secret gets into a log
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
    return Refusal(*_status_and_code(limits, "lambda.env"), text)


def _status_and_code(limits: Limits, id: str) -> tuple[int, str]:
    breach = limits.facts.breach_at_door(id, "invoke")
    return (breach.status or 400, breach.code) if breach else (400, "ValidationException")


def _parameter_verdict(limits: Limits) -> Verdict:
    """A verdict on a parameter's value: Parameter Store counts characters, with a limit for each tier."""
    from ministack.services import ssm

    default_tier = require(ssm, "_default_tier", "data value existing")

    def verdict(data: Mapping[str, Any]) -> Refusal | None:
        value = data.get("Value", "")
        tier = data.get("Tier") or default_tier(data, value, ssm._parameters.get(data.get("Name")))
        id = "ssm.std" if tier == "Standard" else "ssm.adv"
        return limits.refusal(id) if len(value) > limits[id] else None

    return verdict


def secret_refusal(limits: Limits, data: Mapping[str, Any]) -> Refusal | None:
    """AWS's refusal of a secret that is too large, None if it fits."""
    text, binary = data.get("SecretString"), data.get("SecretBinary")
    sizes = {
        "secretString": len(text.encode()) if isinstance(text, str) else 0,
        "secretBinary": len(base64.b64decode(binary)) if isinstance(binary, str) else 0,
    }
    most = limits["sm.value"]
    too_long = [field for field, size in sizes.items() if size > most]
    return invalid("", too_long[0], f"have length less than or equal to {most}") if too_long else None


# Through CloudFormation


def _install_in_cloudformation(limits: Limits) -> None:
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    require(provisioners, "_lambda_create", "logical_id props stack_name")
    require(provisioners, "_lambda_update", "physical_id old_props new_props stack_name logical_id")
    for action, position in (("create", 1), ("update", 2)):
        handlers[action] = _check_function_resource(limits, handlers[action], position)
    hook(provisioners, "_sm_secret_string", "props", _check_template_secret(limits))


def _check_function_resource(
    limits: Limits, original: Callable[..., Any], position: int
) -> Callable[..., Any]:
    def provision(*args: Any, **kwargs: Any) -> Any:
        refusal = function_refusal(limits, args[position])
        if refusal:
            raise ValueError(event_reason(refusal, "Lambda"))
        return original(*args, **kwargs)

    return provision


def _check_template_secret(limits: Limits) -> Wrap:
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


def _limit_sizes(limits: Limits) -> Wrap:
    """Limit the sizes of events and results of every invocation, whatever called it."""

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
    """Whether an API's event is over `limit` [B]; most are so small that they need not be serialised."""
    longest_escape, overhead_bytes = 6, 64 * KB
    body = event.get("body") if isinstance(event, dict) else None
    if len(body or "") * longest_escape + overhead_bytes < limit:
        return False
    return json_bytes(event) > limit


def json_bytes(value: Any) -> int:
    """Bytes of `value` as compact JSON."""
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _result_is_over(result: Mapping[str, Any], config: Mapping[str, Any], limit: float) -> bool:
    """Whether the runtime's answer is over `limit` [B], as JSON with the defaults of Python's runtimes."""
    body = result.get("body")
    if isinstance(body, bytes) or result.get("raw_payload"):
        return len(body or b"") > limit
    text = json.dumps(body, ensure_ascii=escapes_non_ascii(config.get("Runtime", "")))
    return len(text.encode("utf-8", "surrogatepass")) > limit


def _shape_answers(limits: Limits) -> Wrap:
    """Answer as each door does; the caller never sees the error of a function that failed."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def shape(exec_result: dict[str, Any]) -> Any:
            door = DOOR.get()
            if door not in GATEWAYS:
                return original(exec_result)
            if exec_result.get("error"):
                return _failure_answer(limits, door, exec_result), None
            if exec_result.get("raw_payload") or isinstance(exec_result.get("body"), bytes):
                return original(exec_result)
            try:
                return answer_of(exec_result.get("body"), door == "rest-api"), None
            except MalformedError:
                return _malformed_answer(limits, door), None

        return shape

    return wrap


def _malformed_answer(limits: Limits, door: str) -> dict[str, Any]:
    """The door's answer when the function's answer is malformed."""
    headers, text = FAILURE_ANSWERS[door]
    body = json.dumps({"message": text}) if door == "rest-api" else text
    return {"statusCode": limits.status("lambda.sync.response", door), "headers": headers, "body": body}


def _failure_answer(limits: Limits, door: str, result: Mapping[str, Any]) -> dict[str, Any]:
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
            "body": THROTTLE_BODIES[door],
        }
    headers, text = FAILURE_ANSWERS[door]
    return {"statusCode": limits.status("lambda.sync.response", door), "headers": headers, "body": text}
