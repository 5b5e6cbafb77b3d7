"""Doors: what a client's request enters by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from explorer.doors import Door
from explorer.gateway import may_call, may_invoke, proxy, rest_proxy
from explorer.option import (
    GB,
    Demand,
    Lines,
    Load,
    Over,
    Piece,
    Use,
)
from explorer.pieces import CALLER, Allow, Resource, Route, Value, attribute, joined, own_name, ref


class FunctionUrl(Door):
    id = "function-url"
    summary = "a URL of the function itself"
    auth = ("none", "iam")
    request_limits = (("lambda.furl.request", True),)
    response_limits = (("lambda.furl.response", True),)
    says = {
        "door_time": "door.function-url",
        "request_envelope": "encoding.envelope.request.v2",
        "response_envelope": "encoding.envelope.response",
        "response_limits": ("lambda.furl.response",),
        "streams": True,
    }
    one_function = True

    def wiring(self, load: Load, routes: Mapping[Route, str]) -> Iterable[Piece]:
        (function,) = set(routes.values())
        url = {"TargetFunctionArn": attribute(function), "AuthType": "AWS_IAM"}
        yield Resource("Url", "AWS::Lambda::Url", url)
        yield Allow(CALLER, ("lambda:InvokeFunctionUrl",), attribute(function))
        by_url = {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}  # else a caller could make the event up
        yield Allow(CALLER, ("lambda:InvokeFunction",), attribute(function), by_url)

    def address(self) -> Value:
        return attribute("Url", "FunctionUrl")


class HttpApi(Door):
    id = "http-api"
    summary = "an API Gateway HTTP API"
    parts = ("HTTP API",)
    offers = ("custom-domain", "throttling")
    request_limits = (("lambda.sync.request", True), ("apigw.http.payload", False))
    response_limits = (("lambda.sync.response", True), ("apigw.http.payload", False))
    waits = "apigw.http.timeout"
    says = {
        "door_time": "door.http-api",
        "request_envelope": "encoding.envelope.request.v2",
        "response_envelope": "encoding.envelope.response",
        "response_limits": ("lambda.sync.response",),
        "door_waits": waits,
    }

    def wiring(self, load: Load, routes: Mapping[Route, str]) -> Iterable[Piece]:
        api = {"ApiId": ref("Api")}
        yield Resource("Api", "AWS::ApiGatewayV2::Api", {"Name": own_name("api"), "ProtocolType": "HTTP"})
        stage = {**api, "StageName": "$default", "AutoDeploy": True}
        yield Resource("Stage", "AWS::ApiGatewayV2::Stage", stage)
        for function in sorted(set(routes.values())):
            yield Resource(f"{function}Integration", "AWS::ApiGatewayV2::Integration", proxy(function))
            yield may_invoke(function, "Api")
        for number, (route, function) in enumerate(routes.items(), 1):
            yield self._route(f"Route{number}", f"{route.method} {route.path}", function)
        yield self._route("OtherRoute", "$default", next(iter(routes.values())))  # it says what is wrong
        yield may_call("Api", "$default", routes, "$default")

    def _route(self, logical: str, key: str, function: str) -> Resource:
        target = {"Target": joined(f"integrations/${{{function}Integration}}")}
        signed = {"RouteKey": key, "AuthorizationType": "AWS_IAM", **target}
        return Resource(logical, "AWS::ApiGatewayV2::Route", {"ApiId": ref("Api"), **signed})

    def address(self) -> Value:
        return joined("https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}")

    def limits(self, load: Load) -> Iterable[Use]:
        yield from super().limits(load)
        yield Demand("apigw.throttle", load.peak_rps * load.exchanges)

    def usage(self, load: Load) -> Lines:
        increment = load.constant("http_api.increment_bytes")
        yield "apigateway.http_request", load.requests * self.request_units(load, increment)


class RestApi(Door):
    id = "rest-api"
    summary = "an API Gateway REST API"
    parts = ("REST API",)
    offers = ("custom-domain", "waf", "throttling", "usage-plans", "private")
    request_limits = (("lambda.sync.request", True), ("apigw.rest.payload", False))
    response_limits = (("lambda.sync.response", True), ("apigw.rest.payload", False))
    waits = "apigw.rest.timeout"
    says = {
        "door_time": "door.rest-api",
        "request_envelope": "encoding.envelope.request.v1",
        "response_envelope": "encoding.envelope.response",
        "response_limits": ("lambda.sync.response",),
        "streams": True,
        "door_waits": waits,
    }

    def wiring(self, load: Load, routes: Mapping[Route, str]) -> Iterable[Piece]:
        encoded = load.workload.response.binary or load.flow.body_out == "compressed"
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

    def _paths(self, routes: Mapping[Route, str]) -> Iterable[Piece]:
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

    def limits(self, load: Load) -> Iterable[Use]:
        yield from super().limits(load)
        yield Demand("apigw.throttle", load.peak_rps * load.exchanges)

    def _patience(self, load: Load) -> Iterable[Use]:
        if load.flow.body_out != "stream":
            yield from super()._patience(load)
            return
        yield Over("apigw.stream.idle", "runtime")  # nothing is sent before the work is done
        yield load.time_limit("apigw.stream.duration")

    def usage(self, load: Load) -> Lines:
        yield "apigateway.rest_request", load.requests * load.exchanges
        if not load.public:
            yield "vpc.interface_endpoint_hour", load.constant("alb.zones") * load.hours
            yield "vpc.interface_endpoint_data", load.requests * self.carried(load) / GB
        if load.flow.body_out == "stream":
            increment = load.constant("rest_api.stream_increment_bytes")
            more = load.response.mean_ceil(increment) - 1
            yield "apigateway.rest_request", load.requests * np.maximum(more, 0)


class Alb(Door):
    id = "alb"
    summary = "an Application Load Balancer"
    parts = ("load balancer", "VPC with public subnets")
    auth = ("none", "jwt")
    offers = ("custom-domain", "waf", "private")
    request_limits = (("lambda.sync.request", True), ("alb.lambda.request", False))
    response_limits = (("lambda.sync.response", True), ("alb.lambda.response", True))
    waits = "alb.idle.timeout"
    deployable = False
    says = {
        "door_time": "door.alb",
        "request_envelope": "encoding.envelope.request.alb",
        "response_envelope": "encoding.envelope.response",
        "response_limits": ("alb.lambda.response",),
        "fronts_containers": True,
    }

    def usage(self, load: Load) -> Lines:
        yield "alb.alb_hour", load.hours
        if load.public:
            yield "vpc.public_ipv4_in_use", load.constant("alb.zones") * load.hours
        per_hour = load.requests * self.carried(load) / GB / load.hours
        target = "alb.lcu.gb_per_hour" if load.flow.behind == "container" else "alb.lcu.lambda_gb_per_hour"
        connections = load.mean_rps * load.exchanges / load.constant("alb.lcu.connections_per_s")
        yield "alb.lcu_hour", load.hours * np.maximum(per_hour / load.constant(target), connections)


OPTIONS = (FunctionUrl(), HttpApi(), RestApi(), Alb())
