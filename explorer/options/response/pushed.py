"""The asynchronous endpoint that notifies the client over a WebSocket when the work is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from explorer.facts.units import Number
from explorer.options.base.api_gateway import API_ARN, invoke_uri, may_invoke
from explorer.options.base.conditions import Conditions
from explorer.options.base.design_part import DesignPart
from explorer.options.base.limit_uses import FixedUse, LimitUse, PeakDemand
from explorer.options.base.mask import EVERYWHERE, Mask
from explorer.options.base.option import Exclusion
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Actor, Behind, BodyOut, Phase, RequestPath, Step
from explorer.options.base.resources import (
    CALLER,
    Allow,
    Resource,
    Route,
    Target,
    TemplatePiece,
    Variable,
    objects,
    own_name,
    ref,
    substitute,
)
from explorer.options.base.usage import UsageLines
from explorer.options.base.usage_lines import front, to_clients

from .stored import Stored

MINUTE_S = 60.0  # connections are billed per started minute
API, STAGE = "SocketApi", "live"
NOTICES = substitute(f"{API_ARN}:${{{API}}}/{STAGE}/POST/@connections/*")


class Pushed(Stored):
    """Like stored, but a WebSocket API sends the client a notice with the URL of the result.

    The client keeps a connection open from submitting until the notice. It pings, which keeps the connection
    from being closed as idle and repeats a lost notice, and connects again after the maximum duration of a
    connection. The connection function also answers the status, for clients whose connection fails.
    """

    id = "pushed"
    summary = "the result stored in S3; the client is told over a WebSocket"
    phrase = "an asynchronous endpoint with a notice by WebSocket"
    short_name = "asynchronous, by WebSocket"
    parts: ClassVar[tuple[str, ...]] = (
        DesignPart("submit function", Actor.FRONT),
        DesignPart("WebSocket API", Actor.FRONT),
        DesignPart("connection function", Actor.FRONT),
        DesignPart("status table", Actor.TABLE, "DynamoDB table"),
        DesignPart("results bucket", Actor.BUCKET, "S3 bucket"),
        DesignPart("client keeps a WebSocket", Actor.CLIENT),
    )
    provides = {"body_out": BodyOut.JOB, "asynchronous": True, "socket": True}
    depends_on: ClassVar[tuple[str, ...]] = (*Stored.depends_on, "distribution")

    def undeployable(self, flow: RequestPath) -> str | None:
        if flow.behind is Behind.CONTAINER:
            return f"{self.id} has a template only where functions answer the requests"
        return super().undeployable(flow)

    def unbuilt(self, load: Conditions, flow: RequestPath) -> Iterable[str]:
        if load.workload.client.auth == "jwt":
            yield f"client.auth jwt: {self.id} has no template with the function that checks its connections"

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super(Stored, self).excludes(load)  # no polling
        client = load.workload.client
        if not client.sockets:
            yield Exclusion("client.sockets", "the client cannot keep a WebSocket open")
        if "private" in client.needs:
            yield Exclusion("client.needs", "a WebSocket API is never private")
        if "waf" in client.needs:
            why = "a WebSocket API has no WAF of its own"
            yield Exclusion("client.needs", why, on={"distribution": False})

    def more_parts(self, load: Conditions, path: Paths) -> Iterable[tuple[str, Mask]]:
        yield from super().more_parts(load, path)
        if load.workload.client.auth == "jwt":  # a WebSocket API does not check these itself
            yield DesignPart("authorizer function", Actor.FRONT), EVERYWHERE

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield from super().limits(load, path)
        yield FixedUse("apigw.ws.message", load.constant("status.bytes"))
        yield PeakDemand("apigw.ws.connect.rate", [load.peak_rps * load.connections])

    def _front_s(self, load: Conditions) -> list[Number]:
        opened = load.connections * load.typical_s("handler.status")
        return [load.typical_s("handler.submit"), opened]

    def _notice_usage(self, load: Conditions, path: Paths) -> UsageLines:
        connections = load.requests * load.connections
        pings = load.requests * (load.runtime.mean_ceil(load.constant("websocket.ping_s")) - 1)
        for calls in (connections, pings):  # each reads the job; a connection is then written into it
            yield from front(load, path, calls, "handler.status")
            yield "dynamodb.ondemand_rru", calls
        if load.workload.client.auth == "jwt":
            yield from front(load, path, connections, "handler.status")
        yield "dynamodb.ondemand_wru", connections
        yield "apigateway.websocket_connection_minute", load.requests * load.runtime.mean_ceil(MINUTE_S)
        yield "apigateway.websocket_message", load.requests
        yield "apigateway.websocket_message", pings
        yield from to_clients(load, path, load.constant("status.bytes"))

    def _notice(self, load: Conditions, path: Paths) -> Iterable[Step]:
        seconds, who = load.time("handler.status") + load.time("exchange.rtt"), (Actor.FRONT, Actor.CLIENT)
        yield Step(Phase.POLL, "send the notice", who, seconds, past_door=True)

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield from super().pieces(load, path)
        yield Resource(
            API,
            "AWS::ApiGatewayV2::Api",
            {
                "Name": own_name("sockets"),
                "ProtocolType": "WEBSOCKET",
                "RouteSelectionExpression": "$request.body.action",
            },
        )
        stage = {"ApiId": ref(API), "StageName": STAGE, "AutoDeploy": True}
        yield Resource("SocketStage", "AWS::ApiGatewayV2::Stage", stage)
        address = substitute(f"wss://${{{API}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{STAGE}")
        for part in ("submit", "status", "work"):  # each may end a job
            yield Variable(part, "SOCKET", address)
            yield Allow(part, ("execute-api:ManageConnections",), NOTICES)
        # a notice of success contains the signed URL of the result
        yield Allow("work", ("s3:GetObject",), objects("ResultsBucket", "results/"))
        yield Allow(CALLER, ("execute-api:Invoke",), substitute(f"{API_ARN}:${{{API}}}/{STAGE}/$connect"))

    def wiring(
        self, load: Conditions, path: RequestPath, routes: Mapping[Route, Target]
    ) -> Iterable[TemplatePiece]:
        """The routes of the WebSocket API: connections, and messages, which are pings."""
        target = next(target for route, target in routes.items() if route.part == "status")
        yield may_invoke(target, API, "Socket")
        integration = {"IntegrationType": "AWS_PROXY", "IntegrationUri": invoke_uri(target)}
        yield Resource(
            "SocketIntegration", "AWS::ApiGatewayV2::Integration", {"ApiId": ref(API), **integration}
        )
        for key, name, auth in (("$connect", "Connect", "AWS_IAM"), ("$default", "Message", "NONE")):
            route = {"ApiId": ref(API), "RouteKey": key, "AuthorizationType": auth}
            to = {"Target": substitute("integrations/${SocketIntegration}")}
            yield Resource(f"Socket{name}", "AWS::ApiGatewayV2::Route", {**route, **to})
