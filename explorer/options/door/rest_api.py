"""An API Gateway REST API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from explorer.options.base.conditions import GB, Conditions
from explorer.options.base.limit_uses import LimitUse, PeakDemand, PerRequest
from explorer.options.base.request_path import BodyOut, UsageLines
from explorer.options.base.resources import (
    Resource,
    Route,
    TemplatePiece,
    Value,
    attribute,
    joined,
    own_name,
    ref,
)

from .api_gateway import may_call, may_invoke, rest_proxy
from .base import Door


class RestApi(Door):
    id = "rest-api"
    summary = "an API Gateway REST API"
    parts = ("REST API",)
    offers = ("custom-domain", "waf", "throttling", "usage-plans", "private")
    request_limits = (("lambda.sync.request", True), ("apigw.rest.payload", False))
    response_limits = (("lambda.sync.response", True), ("apigw.rest.payload", False))
    waits = "apigw.rest.timeout"
    exchange = "apigateway.rest_request"
    provides = {
        "door_time": "door.rest-api",
        "request_envelope": "encoding.envelope.request.v1",
        "response_envelope": "encoding.envelope.response",
        "response_limits": ("lambda.sync.response",),
        "streams": True,
        "door_waits": waits,
    }

    def wiring(self, load: Conditions, routes: Mapping[Route, str]) -> Iterable[TemplatePiece]:
        encoded = load.workload.response.binary or load.flow.body_out is BodyOut.COMPRESSED
        media = {"BinaryMediaTypes": ["*/*"]} if encoded else {}
        yield Resource("Api", "AWS::ApiGateway::RestApi", {"Name": own_name("api"), **media})
        other = Route("", "ANY", "/{proxy+}")  # it says what is wrong
        every = {**routes, other: next(iter(routes.values()))}
        yield from self._paths(every)
        for function in sorted(set(routes.values())):
            yield may_invoke(function, "Api")
        methods = {"DependsOn": [f"Method{number}" for number in range(1, len(every) + 1)]}
        yield Resource("Deployment", "AWS::ApiGateway::Deployment", {"RestApiId": ref("Api")}, methods)
        stage = {"RestApiId": ref("Api"), "DeploymentId": ref("Deployment"), "StageName": "live"}
        yield Resource("Stage", "AWS::ApiGateway::Stage", stage)
        yield may_call("Api", "live", routes, "*/*")

    def _paths(self, routes: Mapping[Route, str]) -> Iterable[TemplatePiece]:
        """A resource for each part of each path, and a method for each route."""
        made: dict[str, Value] = {"": attribute("Api", "RootResourceId")}
        for number, (route, function) in enumerate(routes.items(), 1):
            path = ""
            for part in route.path.strip("/").split("/"):
                above, path = path, f"{path}/{part}"
                if path not in made:
                    logical = f"Path{len(made)}"
                    under = {"RestApiId": ref("Api"), "ParentId": made[above], "PathPart": part}
                    yield Resource(logical, "AWS::ApiGateway::Resource", under)
                    made[path] = ref(logical)
            method = {
                "RestApiId": ref("Api"),
                "ResourceId": made[path],
                "HttpMethod": route.method,
                "AuthorizationType": "AWS_IAM",
                "Integration": rest_proxy(function),
            }
            yield Resource(f"Method{number}", "AWS::ApiGateway::Method", method)

    def address(self) -> Value:
        return joined("https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live")

    def limits(self, load: Conditions) -> Iterable[LimitUse]:
        yield from super().limits(load)
        yield PeakDemand("apigw.throttle", load.peak_rps * load.exchanges)

    def _patience(self, load: Conditions) -> Iterable[LimitUse]:
        if load.flow.body_out is not BodyOut.STREAM:
            yield from super()._patience(load)
            return
        yield PerRequest("apigw.stream.idle", "runtime")  # nothing is sent before the work is done
        yield load.time_limit("apigw.stream.duration")

    def usage(self, load: Conditions) -> UsageLines:
        yield self.exchange, load.requests * load.exchanges
        if not load.public:
            yield "vpc.interface_endpoint_hour", load.constant("alb.zones") * load.hours
            yield "vpc.interface_endpoint_data", load.requests * self.carried(load) / GB
        if load.flow.body_out is BodyOut.STREAM:
            increment = load.constant("rest_api.stream_increment_bytes")
            more = load.response.mean_ceil(increment) - 1
            yield self.exchange, load.requests * np.maximum(more, 0)
