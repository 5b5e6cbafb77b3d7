"""The wiring that all APIs of API Gateway have in common: who may invoke whom."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .resources import (
    CALLER,
    TOKEN_AUDIENCE,
    TOKEN_ISSUER,
    Allow,
    Parameter,
    Resource,
    Route,
    Target,
    TemplatePiece,
    Value,
    own_name,
    ref,
    substitute,
)

API_ARN = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}"
INVOKED = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"


def proxy(target: Target) -> Mapping[str, Value]:
    """The integration of an HTTP API with a function."""
    return {
        "ApiId": ref("Api"),
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": target.arn,
        "PayloadFormatVersion": "2.0",
    }


def may_invoke(target: Target, api: str, use: str = "") -> Resource:
    """The permission for an API to invoke a function; `use` tells a second API of a stack from the first."""
    properties = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": target.arn,
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": substitute(f"{API_ARN}:${{{api}}}/*"),
    }
    return Resource(f"{target.function}{use}Permission", "AWS::Lambda::Permission", properties)


def rest_proxy(target: Target) -> Mapping[str, Value]:
    """The integration of a method of a REST API with a function."""
    return {
        "Type": "AWS_PROXY",
        "IntegrationHttpMethod": "POST",
        "Uri": invoke_uri(target),
    }


def token_check() -> Iterable[TemplatePiece]:
    """The authorizer of an HTTP API that checks tokens, and what it asks the user for."""
    yield Parameter(TOKEN_ISSUER, "The issuer of the tokens: the URL that is their claim iss.")
    yield Parameter(TOKEN_AUDIENCE, "The audience of the tokens: their claim aud, or client_id without one.")
    properties = {
        "ApiId": ref("Api"),
        "AuthorizerType": "JWT",
        "Name": own_name("tokens"),
        "IdentitySource": ["$request.header.Authorization"],
        "JwtConfiguration": {"Issuer": ref(TOKEN_ISSUER), "Audience": [ref(TOKEN_AUDIENCE)]},
    }
    yield Resource("Tokens", "AWS::ApiGatewayV2::Authorizer", properties)


def invoke_uri(target: Target) -> Value:
    """The address of a function for an integration, in the form that every kind of API takes."""
    return substitute(f"{INVOKED}/{target.arn_text}/invocations")


def may_call(api: str, stage: str, routes: Iterable[Route], other: str) -> Allow:
    """The permission for callers to use only these routes of an API, and to get an error on `other` paths."""
    paths = [f"{route.method}{re.sub(r'{.*?}', '*', route.path)}" for route in routes]
    called = [substitute(f"{API_ARN}:${{{api}}}/{stage}/{path}") for path in (*paths, other)]
    return Allow(CALLER, ("execute-api:Invoke",), called)
