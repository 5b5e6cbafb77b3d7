"""An API Gateway REST API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from explorer.options.base.api_gateway import may_call, may_invoke, rest_proxy
from explorer.options.base.conditions import GB, Conditions
from explorer.options.base.limit_uses import FixedUse, LimitUse, PeakDemand
from explorer.options.base.mask import EVERYWHERE, Mask
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import BodyOut, RequestPath
from explorer.options.base.resources import (
    Resource,
    Route,
    Target,
    TemplatePiece,
    Value,
    attribute,
    own_name,
    ref,
    substitute,
)
from explorer.options.base.usage import UsageLines
from explorer.options.base.web_acl import WEB_ACL_RESOURCE, web_acl_resource

from .base import Door


class RestApi(Door):
    id = "rest-api"
    summary = "an API Gateway REST API"
    phrase = "a REST API"
    parts = ("REST API",)
    offers = ("custom-domain", "waf", "throttling", "usage-plans", "private")
    request_limits = (("lambda.sync.request", True), ("apigw.rest.payload", False))
    response_limits = (("lambda.sync.response", True), ("apigw.rest.payload", False))
    waits = "apigw.rest.timeout"
    header_limit = "apigw.rest.headers"
    exchange = "apigateway.rest_request"
    provides = {
        "door_time": "door.rest-api",
        "request_envelope": "encoding.envelope.request.v1",
        "response_envelope": "encoding.envelope.response",
        "response_limits": ("lambda.sync.response",),
        "streams": True,
        "streams_in_vpc": True,
        "door_waits": waits,
        "starts_workflows": True,
    }

    def wiring(
        self, load: Conditions, path: RequestPath, routes: Mapping[Route, Target]
    ) -> Iterable[TemplatePiece]:
        encoded = load.workload.response.binary or path.gzip
        media = {"BinaryMediaTypes": ["*/*"]} if encoded else {}
        yield Resource("Api", "AWS::ApiGateway::RestApi", {"Name": own_name("api"), **media})
        other = Route("", "ANY", "/{proxy+}")  # unknown paths: an error
        every = {**routes, other: next(iter(routes.values()))}
        yield from self._paths(every)
        for target in sorted(set(routes.values())):
            yield may_invoke(target, "Api")
        methods = {"DependsOn": [f"Method{number}" for number in range(1, len(every) + 1)]}
        yield Resource("Deployment", "AWS::ApiGateway::Deployment", {"RestApiId": ref("Api")}, methods)
        stage = {"RestApiId": ref("Api"), "DeploymentId": ref("Deployment"), "StageName": "live"}
        yield Resource("Stage", "AWS::ApiGateway::Stage", stage)
        yield may_call("Api", "live", routes, "*/*")
        if "waf" in load.workload.client.needs and not path.distribution:
            yield web_acl_resource(load, "REGIONAL")
            stage = substitute(
                "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${Api}/stages/${Stage}"
            )
            guards = {"ResourceArn": stage, "WebACLArn": attribute(WEB_ACL_RESOURCE)}
            yield Resource("StageWebAcl", "AWS::WAFv2::WebACLAssociation", guards)

    def _paths(self, routes: Mapping[Route, Target]) -> Iterable[TemplatePiece]:
        """A resource for each segment of each path, and a method for each route."""
        parents: dict[str, Value] = {"": attribute("Api", "RootResourceId")}
        for number, (route, target) in enumerate(routes.items(), 1):
            path = ""
            for part in route.path.strip("/").split("/"):
                above, path = path, f"{path}/{part}"
                if path not in parents:
                    logical = f"Path{len(parents)}"
                    under = {"RestApiId": ref("Api"), "ParentId": parents[above], "PathPart": part}
                    yield Resource(logical, "AWS::ApiGateway::Resource", under)
                    parents[path] = ref(logical)
            method = {
                "RestApiId": ref("Api"),
                "ResourceId": parents[path],
                "HttpMethod": route.method,
                "AuthorizationType": "AWS_IAM",
                "Integration": rest_proxy(target),
            }
            yield Resource(f"Method{number}", "AWS::ApiGateway::Method", method)

    def address(self) -> Value:
        return substitute("https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live")

    def more_parts(self, load: Conditions, path: Paths) -> Iterable[tuple[str, Mask]]:
        yield from super().more_parts(load, path)
        if "usage-plans" in load.workload.client.needs:
            yield "usage plan with API keys", EVERYWHERE
        if not load.public:
            yield "interface endpoint", EVERYWHERE

    def unbuilt(self, load: Conditions, flow: RequestPath) -> Iterable[str]:
        yield from super().unbuilt(load, flow)
        if "usage-plans" in load.workload.client.needs:
            yield "client.needs usage-plans: whom an API key is for is not known, and the client sends none"
        if not load.public:
            yield "client.needs private: the network of the callers is not of this stack"

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield from super().limits(load, path)
        if load.headers is not None and not load.public:
            yield FixedUse("apigw.rest.headers.private", load.headers)
        yield PeakDemand("apigw.throttle", [load.peak_rps * term for term in load.exchanges(path)])

    def _waits(self, load: Conditions, path: Paths, at_once: Mask) -> Iterable[LimitUse]:
        stream = path.body_out.is_(BodyOut.STREAM)
        yield from super()._waits(load, path, at_once & ~stream)
        if stream.any():  # the connection is idle until the first byte
            yield from load.answer_limit("apigw.stream.idle", path, stream)
            yield load.time_limit("apigw.stream.duration", path, stream)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        for exchanges in load.exchanges(path):
            yield self.exchange, load.requests * exchanges
        if not load.public:
            yield "vpc.interface_endpoint_hour", load.constant("alb.zones") * load.hours
            for term in self.door_bytes(load, path):
                yield "vpc.interface_endpoint_data", load.requests * term / GB
        stream = path.body_out.is_(BodyOut.STREAM)
        if stream.any():
            increment = load.constant("rest_api.stream_increment_bytes")
            more = load.response.mean_ceil(increment / load.body_factor("response", path)) - 1
            yield self.exchange, stream * (load.requests * np.maximum(more, 0))
