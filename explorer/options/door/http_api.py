"""An API Gateway HTTP API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from explorer.options.base.api_gateway import may_call, may_invoke, proxy, token_check
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import LimitUse, PeakDemand
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import RequestPath
from explorer.options.base.resources import (
    Resource,
    Route,
    Target,
    TemplatePiece,
    Value,
    own_name,
    ref,
    substitute,
)
from explorer.options.base.usage import UsageLines

from .base import Door


class HttpApi(Door):
    id = "http-api"
    summary = "an API Gateway HTTP API"
    phrase = "an HTTP API"
    parts = ("HTTP API",)
    offers = ("custom-domain", "throttling")
    request_limits = (("lambda.sync.request", True), ("apigw.http.payload", False))
    response_limits = (("lambda.sync.response", True), ("apigw.http.payload", False))
    waits = "apigw.http.timeout"
    header_limit = "apigw.http.headers"
    checks_tokens = True
    exchange = "apigateway.http_request"
    provides = {
        "door_time": "door.http-api",
        "request_envelope": "encoding.envelope.request.v2",
        "response_envelope": "encoding.envelope.response",
        "response_limits": ("lambda.sync.response",),
        "door_waits": waits,
        "starts_workflows": True,
    }

    def wiring(
        self, load: Conditions, path: RequestPath, routes: Mapping[Route, Target]
    ) -> Iterable[TemplatePiece]:
        api = {"ApiId": ref("Api")}
        yield Resource("Api", "AWS::ApiGatewayV2::Api", {"Name": own_name("api"), "ProtocolType": "HTTP"})
        stage = {**api, "StageName": "$default", "AutoDeploy": True}
        yield Resource("Stage", "AWS::ApiGatewayV2::Stage", stage)
        for target in sorted(set(routes.values())):
            integration = f"{target.function}Integration"
            yield Resource(integration, "AWS::ApiGatewayV2::Integration", proxy(target))
            yield may_invoke(target, "Api")
        signed: Mapping[str, Value] = {"AuthorizationType": "AWS_IAM"}
        if load.workload.client.auth == "jwt":
            yield from token_check()
            signed = {"AuthorizationType": "JWT", "AuthorizerId": ref("Tokens")}
        for number, (route, target) in enumerate(routes.items(), 1):
            yield self._route(f"Route{number}", f"{route.method} {route.path}", target, signed)
        other = next(iter(routes.values()))
        yield self._route("OtherRoute", "$default", other, signed)  # unknown paths: an error
        if "AuthorizerId" not in signed:
            yield may_call("Api", "$default", routes, "$default")

    def _route(self, logical: str, key: str, target: Target, signed: Mapping[str, Value]) -> Resource:
        integration = {"Target": substitute(f"integrations/${{{target.function}Integration}}")}
        properties = {"ApiId": ref("Api"), "RouteKey": key, **signed, **integration}
        return Resource(logical, "AWS::ApiGatewayV2::Route", properties)

    def address(self) -> Value:
        return substitute("https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}")

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield from super().limits(load, path)
        yield PeakDemand("apigw.throttle", [load.peak_rps * term for term in load.exchanges(path)])

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        increment = load.constant("http_api.increment_bytes")
        for units in self.request_units(load, path, increment):
            yield self.exchange, load.requests * units
