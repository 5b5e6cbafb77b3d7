"""WebSocket APIs as on AWS: who may connect, sizes of messages, idle and long connections, answers.

The emulator accepts connections and forwards messages. This module adds the caller's identity, the permission
of the API to call its functions, and the limits on messages and connections.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from .grants import policy_allows
from .hook import hook, require
from .limits import Limits

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

GOING_AWAY, TOO_BIG = 1001, 1009  # close codes
MESSAGE, IDLE, DURATION = "apigw.ws.message", "apigw.ws.idle", "apigw.ws.duration"  # ids of limits
JSON = {"Content-Type": "application/json"}

_refusal: ContextVar[int | None] = ContextVar("explorer_socket_refusal", default=None)
_caller: ContextVar[Mapping[str, Any] | None] = ContextVar("explorer_socket_caller", default=None)


def install(limits: Limits) -> None:
    """Make WebSocket APIs of the emulator in this process behave as on AWS."""
    from ministack.services import apigateway, lambda_svc

    require(apigateway, "_iam_caller_identity_v2", "headers query_params")
    require(apigateway, "_extract_lambda_ref_from_integration_uri", "uri")
    require(lambda_svc, "_get_func_record_for_ref_in_scope", "function_ref account_id region")
    context = "api_id route_key stage connection_id event_type request_id source_ip headers"
    hook(apigateway, "_ws_request_context", context, _add_caller)
    signature = "api_id account_id region route stage connection_id event_type message_id body_text "
    signature += "source_ip headers query_params kwargs"
    hook(apigateway, "_invoke_ws_lambda", signature, _invoke_as_aws)
    hook(
        apigateway,
        "handle_connections_api",
        "method api_id stage connection_id body headers",
        _limit_notices(limits),
    )


def is_socket_api(api: str) -> bool:
    """Whether an API is one for WebSockets."""
    from ministack.services import apigateway

    return bool(apigateway._api_protocol(api) == "WEBSOCKET")


async def serve(
    inner: Application,
    limits: Limits,
    scope: Message,
    receive: Receive,
    send: Send,
    caller: Mapping[str, Any] | None,
) -> None:
    """Serve a connection of a WebSocket API within its limits; `caller` is who has signed it."""
    _caller.set(caller)
    _refusal.set(None)
    connection = _Connection(limits, scope, receive, send)
    await inner(scope, connection.receive, connection.send)


async def refuse(scope: Message, send: Send, status: int, message: str) -> None:
    """Answer a handshake with an HTTP status, as API Gateway does."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        return await send({"type": "websocket.close", "code": 1008})
    headers = [(name.lower().encode(), value.encode()) for name, value in JSON.items()]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": json.dumps({"message": message}).encode()})


class _Connection:
    """The messages of one connection, which ends when a limit is exceeded."""

    def __init__(self, limits: Limits, scope: Message, receive: Receive, send: Send) -> None:
        self._limits, self._scope, self._receive, self._send = limits, scope, receive, send
        self._began = self._last_s = math.inf  # until it is accepted
        self._is_closed = False
        self._pending: asyncio.Future[Message] | None = None

    async def receive(self) -> Message:
        """The next message from the client, or the end of the connection."""
        while True:
            # one that was not received in time is still awaited: it must not be lost
            self._pending = self._pending or asyncio.ensure_future(self._receive())
            left_s = self._left_s()
            try:
                await asyncio.wait({self._pending}, timeout=None if math.isinf(left_s) else max(left_s, 0.0))
            except asyncio.CancelledError:
                self._pending.cancel()
                raise
            if self._pending.done():
                message, self._pending = self._pending.result(), None
                self._last_s = max(self._last_s, time.monotonic())
                size = len(message.get("bytes") or (message.get("text") or "").encode())
                return await self._close(TOO_BIG) if size > self._limits[MESSAGE] else message
            if self._left_s() <= 0:
                self._pending.cancel()
                return await self._close(GOING_AWAY)

    async def send(self, message: Message) -> None:
        """Send a message to the client, unless the connection is closed."""
        if self._is_closed:
            return
        if message["type"] == "websocket.close" and math.isinf(self._began) and (status := _refusal.get()):
            return await refuse(self._scope, self._send, status, HTTPStatus(status).phrase)
        if message["type"] == "websocket.accept":
            self._began = time.monotonic()
        if message["type"] in ("websocket.accept", "websocket.send"):
            self._last_s = time.monotonic()
        await self._send(message)

    def _left_s(self) -> float:
        """The time until the connection is idle for too long, or too old [s]."""
        ends = (self._last_s + self._limits[IDLE], self._began + self._limits[DURATION])
        return min(ends) - time.monotonic()

    async def _close(self, code: int) -> Message:
        await self._send({"type": "websocket.close", "code": code})
        self._is_closed = True
        return {"type": "websocket.disconnect", "code": code}


def _add_caller(original: Callable[..., Any]) -> Callable[..., Any]:
    """Add the signer of a connection to its event, under the names that REST APIs use.

    A route that requires no signature has none: nobody has checked the key that the caller states.
    """
    from ministack.services import apigateway

    def context(api: str, key: str, stage: str, connection: str, event_type: str, *args: Any) -> Any:
        result, caller = original(api, key, stage, connection, event_type, *args), _caller.get()
        route = apigateway._match_ws_route(api, key) or {}
        if event_type == "CONNECT" and caller and route.get("authorizationType") == "AWS_IAM":
            names = {"accountId": "accountId", "caller": "callerId", "user": "userId", "userArn": "userArn"}
            result["identity"] |= {name: caller.get(other) for name, other in names.items()}
            result["identity"]["accessKey"] = caller.get("accessKey")
        return result

    return context


def _invoke_as_aws(original: Callable[..., Any]) -> Callable[..., Any]:
    """Call a route's function as other doors do: with permission, a log, throttles; answer where asked."""
    from ministack.core.concurrency import run_reentrant
    from ministack.services import apigateway, lambda_svc

    async def invoke(
        api: str,
        account: str,
        region: str,
        route: Mapping[str, Any],
        stage: str,
        connection: str,
        event_type: str,
        message_id: str,
        body: str,
        source_ip: str,
        headers: Mapping[str, str],
        **more: Any,
    ) -> Any:
        integration = _integration(api, route)
        if integration is None or integration.get("integrationType") not in ("AWS", "AWS_PROXY"):
            answer = await original(
                api, account, region, route, stage, connection, event_type, message_id, body, source_ip,
                headers, **more,
            )  # fmt: skip
            return _answer_for_client(route, event_type, answer)
        reference = apigateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
        function, config, _ = lambda_svc._get_func_record_for_ref_in_scope(
            reference, account_id=account, region=region
        )
        key = route.get("routeKey", "$default")
        source = f"arn:aws:execute-api:{region}:{account}:{api}/{stage}/{key}"
        if function is None or not policy_allows(function, source, reference):
            _refusal.set(500)
            return {"statusCode": 500}
        context = apigateway._ws_request_context(
            api, key, stage, connection, event_type, message_id, source_ip, headers
        )
        if more.get("authorizer") is not None:
            context["authorizer"] = more["authorizer"]
        event = {"requestContext": context, "body": body or "", "isBase64Encoded": False}
        if event_type == "CONNECT":
            event |= apigateway._ws_connect_fields(headers, more.get("query_params"))
        elif event_type == "MESSAGE":
            context["messageId"] = message_id
        else:
            context["disconnectReason"] = more.get("disconnect_reason", "")
            context["disconnectStatusCode"] = int(more.get("disconnect_code", 1005))
        record = lambda_svc._execution_record_for_config(function, config)
        result = await run_reentrant(lambda_svc._execute_function_with_config_scope, record, event)
        answer, _ = lambda_svc.lambda_execute_result_to_api_proxy_response(result)
        if event_type == "CONNECT":  # a client sees the status with which the function refuses it
            _refusal.set(_status_of(answer))
        return _answer_for_client(route, event_type, answer)

    return invoke


def _status_of(answer: Any) -> int | None:
    """The status of a refused connection: the function's, or 500 where it has none; None if admitted."""
    status = answer.get("statusCode", 200) if isinstance(answer, dict) else 200
    try:
        status = HTTPStatus(int(status))
    except (TypeError, ValueError):
        status = HTTPStatus.INTERNAL_SERVER_ERROR
    return None if 200 <= status < 300 else int(status)


def _integration(api: str, route: Mapping[str, Any]) -> Mapping[str, Any] | None:
    from ministack.services import apigateway

    id = str(route.get("target", "")).rpartition("/")[2]
    integration: Mapping[str, Any] | None = apigateway._integrations.get(api, {}).get(id)
    return integration


def _answer_for_client(route: Mapping[str, Any], event_type: str, answer: Any) -> Any:
    """The answer without its body, where the route has no response: AWS then sends the client nothing."""
    if event_type == "MESSAGE" and isinstance(answer, dict) and not _responds(route):
        return {**answer, "body": ""}
    return answer


def _responds(route: Mapping[str, Any]) -> bool:
    return bool(route.get("routeResponseSelectionExpression"))


def _limit_notices(limits: Limits) -> Callable[..., Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        async def handle(
            method: str, api: str, stage: str, connection: str, body: bytes, headers: Any
        ) -> Any:
            if method == "POST" and len(body) > limits[MESSAGE]:
                text = b'{"message":"Payload is too large"}'
                return 413, {**JSON, "x-amzn-ErrorType": "PayloadTooLargeException"}, text
            return await original(method, api, stage, connection, body, headers)

        return handle

    return wrap
