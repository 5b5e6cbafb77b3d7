"""Doors as on AWS: the caller's identity, the answer to a caller without permission, required signatures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from .hook import hook, require
from .limits import Limits

JSON = {"Content-Type": "application/json"}
FORBIDDEN = {
    "http-api": b'{"message":"Forbidden"}',
    "function-url": json.dumps(
        {
            "Message": "Forbidden. For troubleshooting Function URL authorization issues, see: "
            "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
        }
    ).encode(),
}
URL_ACTIONS = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")  # AWS requires both since October 2025
Reply = tuple[int, Mapping[str, str], bytes]
UNSIGNED_REPLY: Reply = (403, JSON, b"{}")

_ends_in_slash: ContextVar[bool] = ContextVar("explorer_ends_in_slash", default=False)  # the request's path


def install(limits: Limits) -> None:
    """Make the doors of the emulator in this process answer as on AWS."""
    from ministack import app
    from ministack.services import apigateway, apigateway_v1, lambda_svc, s3

    require(apigateway, "_iam_caller_identity_v2", "headers query_params")
    event = "url_id account_id region method path headers body query_params source_ip anonymous trace_root"
    hook(lambda_svc, "_build_function_url_event", event, _add_caller)
    hook(app, "_parse_execute_api_url", "host path", _note_last_slash)
    hook(app, "_resolve_stage_and_path", "api_id tentative_stage execute_path", _keep_last_slash)
    hook(apigateway_v1, "_media_type_matches", "media_type binary_media_types", _default_to_json)
    signature = "service iam_action headers query_params request_id resource_arn service_context "
    hook(app, "_enforce_data_plane", signature + "auth_error_response named_resource", _refuse_as_aws)
    signature = "method path headers body query_params signed_path enforce_bucket_region internal "
    hook(s3, "handle_request", signature + "access_point_region access_point", _hide_missing_keys)


def _add_caller(original: Callable[..., Any]) -> Callable[..., Any]:
    """Add the caller's identity to the event of a function URL, as in the event of an API."""
    from ministack.services import apigateway

    def build(*args: Any, anonymous: bool = False, **kwargs: Any) -> Any:
        event = original(*args, anonymous=anonymous, **kwargs)
        headers, query = args[5], args[7]
        caller = None if anonymous else apigateway._iam_caller_identity_v2(headers, query)
        if caller:
            event["requestContext"]["authorizer"] = {"iam": {"cognitoIdentity": None, **caller}}
        return event

    return build


def _note_last_slash(original: Callable[..., Any]) -> Callable[..., Any]:
    def parse(host: str, path: str) -> Any:
        _ends_in_slash.set(path.endswith("/"))
        return original(host, path)

    return parse


def _keep_last_slash(original: Callable[..., Any]) -> Callable[..., Any]:
    """Keep the slash at the end of a path of one segment, where the API has no stage in its path."""

    def resolve(api: str, first_segment: str, rest: str) -> Any:
        stage, path = original(api, first_segment, rest)
        is_cut = stage == "$default" and rest == "/" and first_segment and _ends_in_slash.get()
        return stage, f"{path}/" if is_cut and path == f"/{first_segment}" else path

    return resolve


def _default_to_json(original: Callable[..., Any]) -> Callable[..., Any]:
    """Treat a request to a REST API without a media type as JSON."""

    def matches(media_type: Any, binary_media_types: Any) -> Any:
        return original(media_type or "application/json", binary_media_types)

    return matches


def _refuse_as_aws(original: Callable[..., Any]) -> Callable[..., Any]:
    from ministack.services import apigateway_v1, lambda_svc

    def enforce(service: str, iam_action: str, *args: Any, **kwargs: Any) -> Any:
        refusal = original(service, iam_action, *args, **kwargs)
        if iam_action == URL_ACTIONS[0]:
            if not refusal and kwargs["service_context"].get("lambda:FunctionUrlAuthType") == "AWS_IAM":
                via_url = {**kwargs, "service_context": {"lambda:InvokedViaFunctionUrl": "true"}}
                unsigned = not lambda_svc._function_url_is_signed(*args[:2])
                refusal = UNSIGNED_REPLY if unsigned else original(service, URL_ACTIONS[1], *args, **via_url)
            return _url_refusal(refusal) if refusal else refusal
        if not refusal:
            return refusal
        if iam_action != "execute-api:Invoke":
            return refusal
        api = kwargs["resource_arn"].split(":")[-1].partition("/")[0]
        return _api_refusal(refusal, apigateway_v1.find_api_scope(api) is not None, kwargs["resource_arn"])

    return enforce


def _api_refusal(refusal: Reply, rest: bool, resource: str) -> Reply:
    """The refusal of an API: an HTTP API gives no reason, a REST API names caller, action and resource."""
    status, _, body = refusal
    if not rest:
        return status, dict(JSON), FORBIDDEN["http-api"]
    error = json.loads(body or "{}")
    if "__type" not in error:
        return refusal
    message = error.get("message", "").partition(" because ")[0]
    text = f"{message} on resource: {resource}" if "not authorized" in message else message
    return status, {**JSON, "x-amzn-ErrorType": error["__type"]}, json.dumps({"Message": text}).encode()


def _url_refusal(refusal: Reply) -> Reply:
    status, _, body = refusal
    error = json.loads(body or "{}")
    kind = error.get("__type", "AccessDeniedException")
    if kind == "AccessDeniedException":
        body = FORBIDDEN["function-url"]
    else:
        body = json.dumps({"message": error.get("message", "")}).encode()
    return status, {**JSON, "x-amzn-ErrorType": kind}, body


def _hide_missing_keys(original: Callable[..., Any]) -> Callable[..., Any]:
    """Answer 403 for a missing key to a caller that may not list the bucket."""
    from ministack.core import iam_evaluator, router

    async def handle(method: str, path: str, headers: Any, *args: Any, **kwargs: Any) -> Any:
        answer = await original(method, path, headers, *args, **kwargs)
        bucket, _, key = path.lstrip("/").partition("/")
        if answer[0] != 404 or method not in ("GET", "HEAD") or not key or kwargs.get("internal"):
            return answer
        query = kwargs.get("query_params", args[1] if len(args) > 1 else {})
        caller = router.extract_access_key_id(headers, query)
        region, bucket_arn = router.extract_region(headers, query), f"arn:aws:s3:::{bucket}"
        if iam_evaluator.enforce(caller, "s3:ListBucket", "s3", region, resource_arn=bucket_arn) is None:
            return answer
        body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        return 403, {"Content-Type": "application/xml"}, b"" if method == "HEAD" else body

    return handle
