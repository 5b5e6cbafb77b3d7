"""The doors as on AWS: who called, the answer to a caller without permission, and what has to be signed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .hook import checked, hook
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
URL_ACTIONS = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")  # AWS wants both since October 2025
Reply = tuple[int, Mapping[str, str], bytes]
NOBODY: Reply = (403, JSON, b"{}")


def install(limits: Limits) -> None:
    """Make the doors of the emulator in this process answer as on AWS."""
    from ministack import app
    from ministack.services import apigateway, apigateway_v1, lambda_svc, s3

    checked(apigateway, "_iam_caller_identity_v2", "headers query_params")
    event = "url_id account_id region method path headers body query_params source_ip anonymous trace_root"
    hook(lambda_svc, "_build_function_url_event", event, _with_the_caller)
    hook(apigateway_v1, "_media_type_matches", "media_type binary_media_types", _json_unless_said)
    signature = "service iam_action headers query_params request_id resource_arn service_context "
    hook(app, "_enforce_data_plane", signature + "auth_error_response named_resource", _refused_as_on_aws)
    signature = "method path headers body query_params signed_path enforce_bucket_region internal "
    hook(s3, "handle_request", signature + "access_point_region access_point", _hiding_what_is_not_there)


def _with_the_caller(original: Callable[..., Any]) -> Callable[..., Any]:
    """A function behind its own URL sees who called, as one behind an API does."""
    from ministack.services import apigateway

    def build(*args: Any, anonymous: bool = False, **kwargs: Any) -> Any:
        event = original(*args, anonymous=anonymous, **kwargs)
        headers, query = args[5], args[7]
        caller = None if anonymous else apigateway._iam_caller_identity_v2(headers, query)
        if caller:
            event["requestContext"]["authorizer"] = {"iam": {"cognitoIdentity": None, **caller}}
        return event

    return build


def _json_unless_said(original: Callable[..., Any]) -> Callable[..., Any]:
    """A REST API takes what names no media type for JSON."""

    def matches(media_type: Any, binary_media_types: Any) -> Any:
        return original(media_type or "application/json", binary_media_types)

    return matches


def _refused_as_on_aws(original: Callable[..., Any]) -> Callable[..., Any]:
    from ministack.services import apigateway_v1, lambda_svc

    def enforce(service: str, iam_action: str, *args: Any, **kwargs: Any) -> Any:
        refusal = original(service, iam_action, *args, **kwargs)
        if iam_action == URL_ACTIONS[0]:
            if not refusal and kwargs["service_context"].get("lambda:FunctionUrlAuthType") == "AWS_IAM":
                through = {**kwargs, "service_context": {"lambda:InvokedViaFunctionUrl": "true"}}
                unsigned = not lambda_svc._function_url_is_signed(*args[:2])
                refusal = NOBODY if unsigned else original(service, URL_ACTIONS[1], *args, **through)
            return _of_a_url(refusal) if refusal else refusal
        if not refusal:
            return refusal
        if iam_action != "execute-api:Invoke":
            return refusal
        api = kwargs["resource_arn"].split(":")[-1].partition("/")[0]
        return _of_an_api(refusal, apigateway_v1.find_api_scope(api) is not None, kwargs["resource_arn"])

    return enforce


def _of_an_api(refusal: Reply, rest: bool, resource: str) -> Reply:
    """An HTTP API gives no reason; a REST API says who may not do what."""
    status, _, body = refusal
    if not rest:
        return status, dict(JSON), FORBIDDEN["http-api"]
    error = json.loads(body or "{}")
    if "__type" not in error:
        return refusal
    message = error.get("message", "").partition(" because ")[0]
    text = f"{message} on resource: {resource}" if "not authorized" in message else message
    return status, {**JSON, "x-amzn-ErrorType": error["__type"]}, json.dumps({"Message": text}).encode()


def _of_a_url(refusal: Reply) -> Reply:
    status, _, body = refusal
    error = json.loads(body or "{}")
    kind = error.get("__type", "AccessDeniedException")
    if kind == "AccessDeniedException":
        body = FORBIDDEN["function-url"]
    else:
        body = json.dumps({"message": error.get("message", "")}).encode()
    return status, {**JSON, "x-amzn-ErrorType": kind}, body


def _hiding_what_is_not_there(original: Callable[..., Any]) -> Callable[..., Any]:
    """To who may not list a bucket, a missing key is denied."""
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
