"""A URL of the function itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from explorer.options.base.conditions import Conditions
from explorer.options.base.request_path import RequestPath
from explorer.options.base.resources import (
    CALLER,
    DISTRIBUTION,
    Allow,
    Resource,
    Route,
    Target,
    TemplatePiece,
    Value,
    attribute,
    substitute,
)

from .base import Door


class FunctionUrl(Door):
    id = "function-url"
    summary = "a URL of the function itself"
    phrase = "a function URL"
    auth = ("none", "iam")
    request_limits = (("lambda.furl.request", True),)
    response_limits = (("lambda.furl.response", True),)
    run_limit = "lambda.furl.timeout"
    header_limit = "lambda.request.headers"
    provides = {
        "run_limit": run_limit,
        "door_time": "door.function-url",
        "request_envelope": "encoding.envelope.request.v2",
        "response_envelope": "encoding.envelope.response",
        "response_limits": ("lambda.furl.response",),
        "streams": True,
        "origin_access": True,
    }
    one_function = True
    region_feature = "function-url"

    def wiring(
        self, load: Conditions, path: RequestPath, routes: Mapping[Route, Target]
    ) -> Iterable[TemplatePiece]:
        (target,) = set(routes.values())
        url = {"TargetFunctionArn": attribute(target.function), "AuthType": "AWS_IAM"}
        alias = {"Qualifier": target.qualifier} if target.versioned else {}
        yield Resource("Url", "AWS::Lambda::Url", {**url, **alias}, target.after)
        if path.distribution:
            yield from may_be_reached_by(DISTRIBUTION, target)
            return
        yield Allow(CALLER, ("lambda:InvokeFunctionUrl",), target.arn)
        by_url = {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}  # else a caller could forge the event
        yield Allow(CALLER, ("lambda:InvokeFunction",), target.arn, by_url)

    def address(self) -> Value:
        return attribute("Url", "FunctionUrl")


def may_be_reached_by(distribution: str, target: Target) -> Iterable[Resource]:
    """The permissions for only this distribution to call a function by its URL."""
    source = substitute(
        f"arn:${{AWS::Partition}}:cloudfront::${{AWS::AccountId}}:distribution/${{{distribution}}}"
    )
    called = {
        "FunctionName": target.arn,
        "Principal": "cloudfront.amazonaws.com",
        "SourceArn": source,
    }
    by_url = {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "AWS_IAM", **called}
    yield Resource(f"{target.function}EdgeUrl", "AWS::Lambda::Permission", by_url)
    invoked = {"Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True, **called}
    yield Resource(f"{target.function}Edge", "AWS::Lambda::Permission", invoked)
