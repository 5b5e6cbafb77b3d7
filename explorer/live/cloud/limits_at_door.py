"""AWS's limits in front of the emulator: an ASGI application that wraps the emulator's own.

Sizes and times of requests are checked here on arrival; `limits_inside` checks calls inside the emulator. A
caller without a key is refused here, and again inside by `authentication`: the emulator would treat it as
the owner of the account.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from . import load_balancer, sockets, task_credentials
from .hook import require
from .limits import Answer, Limits, Refusal
from .tokens import is_key_request

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


@dataclass
class Call:
    """One request to Invoke; its id is also the request id of the function's invocation, at each attempt."""

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function: str = ""  # ARN of the function that it calls; set at its first invocation


CALL: ContextVar[Call | None] = ContextVar("explorer_call", default=None)  # of this request
DOOR: ContextVar[str] = ContextVar("explorer_door", default="")  # of this request
OPEN = ("/_ministack/health", "/_ministack/ready")
METADATA = "/v4/"  # ECS's metadata of a task
TOKENS = (
    "/_ministack/cfn-response/",
    "/_ministack/cfn-signal/",
    METADATA,
)  # paths that contain a secret of their own
MOST_HEADER_BYTES = 16 * 1024  # of a request to any door but a load balancer

SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request")
INVOKE = re.compile(r"/2015-03-31/functions/[^/]+/invocations/?")
STREAM = re.compile(r"/2021-11-15/functions/[^/]+/response-streaming-invocations/?")
OLD_ASYNC = re.compile(r"/2014-11-13/functions/[^/]+/invoke-async/?")
CONFIGURE = re.compile(r"/2015-03-31/functions/[^/]+/configuration/?")


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes and which limits apply to it: ids of limits on its body and on its time."""

    door: str = ""
    size: str = ""
    time: str = ""
    data_plane: bool = False  # the door has its own authorisation, or none
    region: str = ""  # of the door
    gives_reason: bool = True  # to a caller that it refuses


class LimitsAtDoor:
    """The ASGI application in front of the emulator, which answers as AWS where a limit is exceeded.

    Parameters
    ----------
    inner : the emulator's application
    limits : to enforce
    """

    def __init__(self, inner: Application, limits: Limits) -> None:
        from ministack import app
        from ministack.core import iam_evaluator, router
        from ministack.services import apigateway, apigateway_v1, lambda_svc

        self.inner, self.limits = inner, limits
        self.api_of = require(app, "_parse_execute_api_url", "host path")
        self.is_balancer = require(app, "_is_potential_alb_request", "host path")
        self.function_of = require(app, "_parse_lambda_url", "host path")
        self.http_scope = require(apigateway, "find_api_scope", "api_id")
        self.url_of = require(lambda_svc, "resolve_function_url", "url_id")
        self.caller_of = require(apigateway, "_iam_caller_identity_v2", "headers query_params")
        self.rest_scope = require(apigateway_v1, "find_api_scope", "api_id")
        self.key_of = require(router, "extract_access_key_id", "headers query_params")
        self.is_root = require(iam_evaluator, "is_root_access_key", "access_key_id")
        self.timed_out_tasks: set[asyncio.Task[None]] = set()  # requests whose caller has had a time-out

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve a request or a WebSocket within the limits of its door."""
        if scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
        elif scope["type"] != "http":
            await self.inner(scope, receive, send)
        else:
            await self._serve_http(scope, receive, send)

    async def _serve_socket(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve a connection to a WebSocket API; every other place refuses it."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        api, query = self.api_of(headers.get("host", ""), scope["path"]), scope.get("query_string", b"")
        route = self._route("GET", scope["path"], headers)
        if api is None or not sockets.is_socket_api(api[0]):
            return await send({"type": "websocket.close", "code": 1008})
        if self._header_refusal({**scope, "method": "GET"}, route):
            return await sockets.refuse(scope, send, 400, "Bad Request")
        if _credential_scope_refusal(route, headers, query):
            return await sockets.refuse(scope, send, 403, "Forbidden")
        caller = self.caller_of(headers, parse_qs(query.decode("latin-1"), keep_blank_values=True))
        await sockets.serve(self.inner, self.limits, scope, receive, send, caller)

    async def _serve_http(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if not scope["path"].startswith("/"):  # such as `OPTIONS *`, which is about no door
            await _drain(receive)
            return await _answer(send, (400, {}, b""))
        if scope["path"].startswith(task_credentials.PATH):
            return await _answer(send, task_credentials.answer(scope["path"], headers))
        route = self._route(scope["method"], scope["path"], headers)
        if too_large := self._header_refusal(scope, route):
            await _drain(receive)
            return await _answer(send, too_large)
        admitted_scope = self._admit(scope, headers, route)
        if admitted_scope is None:
            await _drain(receive)
            return await _answer(send, _missing_token_answer(headers, scope["path"]))
        if unsigned_refusal := _unsigned_header_refusal(scope.get("query_string", b""), headers):
            await _drain(receive)
            return await _answer(send, unsigned_refusal)
        if (
            route.data_plane
            and route.door != "balancer"
            and (scope_refusal := _credential_scope_refusal(route, headers, scope["query_string"]))
        ):
            await _drain(receive)
            return await _answer(send, scope_refusal)
        DOOR.set(route.door)
        if route.door == "invoke":
            call = Call()
            CALL.set(call)
            send = _with_request_id(send, call.id)
        if route.size:
            limit = self.limits[route.size]
            size, messages = await _body(receive, limit)
            if size > limit:
                refusal = self.limits.refusal(route.size, size)
                return await _answer(send, refusal.door() if route.data_plane else refusal.rest_json())
            receive = _replay(messages, receive)
        if route.time:
            return await self._answer_in_time(route.time, admitted_scope, receive, send)
        return await self.inner(admitted_scope, receive, send)

    def _header_refusal(self, scope: Message, route: Route) -> Answer | None:
        """The refusal of a request whose request line and headers are too large, None if they are not."""
        line = len(scope["method"]) + len(scope["path"]) + len(scope.get("query_string", b""))
        size = line + sum(len(name) + len(value) + len(": \r\n") for name, value in scope["headers"])
        if route.door == "balancer":
            return load_balancer.page(400) if size > self.limits["alb.headers"] else None
        return (400, {}, b"") if size > MOST_HEADER_BYTES else None

    def _route(self, method: str, path: str, headers: dict[str, str]) -> Route:
        host = headers.get("host", "")
        api = self.api_of(host, path)
        if api is not None:
            kind = "http" if self.rest_scope(api[0]) is None else "rest"
            api_scope = self.rest_scope(api[0]) or self.http_scope(api[0])
            limits = (f"apigw.{kind}.payload", f"apigw.{kind}.timeout")
            region = api_scope[1] if api_scope else ""
            return Route(f"{kind}-api", *limits, data_plane=True, region=region, gives_reason=kind == "rest")
        if self.is_balancer(host, path):
            return Route("balancer", data_plane=True)
        function = self.function_of(host, path)
        if function is not None:
            url = self.url_of(function[0])
            region = url[1] if url else ""
            return Route("function-url", "lambda.furl.request", data_plane=True, region=region)
        if method == "PUT" and CONFIGURE.fullmatch(path):
            return Route(size="lambda.updatecfg.request")
        if method != "POST":
            return Route()
        event = headers.get("x-amz-invocation-type", "").lower() == "event"
        if OLD_ASYNC.fullmatch(path) or (event and INVOKE.fullmatch(path)):
            return Route("invoke", "lambda.async.payload")
        if INVOKE.fullmatch(path) or STREAM.fullmatch(path):
            return Route("invoke", "lambda.sync.request")
        return Route()

    def _admit(self, scope: Message, headers: dict[str, str], route: Route) -> Message | None:
        """The ASGI scope for the emulator, marked as TLS; None if the request has no valid key."""
        path, query = scope["path"], scope.get("query_string", b"")
        key = self.key_of(headers, parse_qs(query.decode("latin-1"), keep_blank_values=True))
        if scope["method"] == "OPTIONS" or path in OPEN or path.startswith(TOKENS):
            return scope
        if "/.well-known/" in path and is_key_request(scope["method"], path):
            return scope
        if path.startswith("/_ministack") or (not route.data_plane and self.is_root(key)):
            return None
        if "x-forwarded-proto" in headers:  # the caller states the protocol itself
            return scope
        return {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}

    async def _answer_in_time(self, id: str, scope: Message, receive: Receive, send: Send) -> None:
        """Answer within the limit `id` [s] or with a time-out; the work continues, as on AWS."""
        gate = _Gate(send)
        task = asyncio.create_task(self._call_inner(scope, receive, gate))
        await asyncio.wait({task}, timeout=self.limits[id])
        if task.done() or gate.has_started:
            return await task
        gate.is_closed = True
        self.timed_out_tasks.add(task)
        task.add_done_callback(self._discard)
        return await _answer(send, self.limits.refusal(id).door())

    async def _call_inner(self, scope: Message, receive: Receive, send: Send) -> None:
        await self.inner(scope, receive, send)

    def _discard(self, task: asyncio.Task[None]) -> None:
        self.timed_out_tasks.discard(task)
        if not task.cancelled():
            task.exception()  # read here, or asyncio warns of it


class _Gate:
    """Forwards the messages of an answer until it is closed."""

    def __init__(self, send: Send) -> None:
        self.send, self.has_started, self.is_closed = send, False, False

    async def __call__(self, message: Message) -> None:
        if not self.is_closed:
            self.has_started = True
            await self.send(message)


def _with_request_id(send: Send, id: str) -> Send:
    """Set the answer's request id to that of the invocation, which the function has in its context."""

    async def send_with_id(message: Message) -> None:
        if message["type"] == "http.response.start":
            others = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"x-amzn-requestid"]
            message = {**message, "headers": [*others, (b"x-amzn-requestid", id.encode())]}
        await send(message)

    return send_with_id


async def _body(receive: Receive, limit: float) -> tuple[int, list[Message]]:
    """The size of a body [B] and its messages; a body over `limit` [B] is read to its end, but not kept."""
    size, messages = 0, []
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if size <= limit:
            messages.append(message)
        if message["type"] != "http.request" or not message.get("more_body"):
            return size, messages


async def _drain(receive: Receive) -> None:
    await _body(receive, -1)


def _replay(messages: list[Message], receive: Receive) -> Receive:
    remaining = iter(messages)

    async def next_message() -> Message:
        return next(remaining, None) or await receive()

    return next_message


def _unsigned_header_refusal(query: bytes, headers: dict[str, str]) -> Answer | None:
    """S3's refusal of a signed URL with `x-amz-` headers that the signature does not cover, else None."""
    signed = parse_qs(query.decode("latin-1")).get("X-Amz-SignedHeaders")
    if signed is None:
        return None
    names = [name for name in headers if name.startswith("x-amz-") and name not in signed[0].split(";")]
    text = "There were headers present in the request which were not signed"
    body = f"<Error><Code>AccessDenied</Code><Message>{text}</Message>"
    body += f"<HeadersNotSigned>{', '.join(names)}</HeadersNotSigned></Error>"
    return (403, {"Content-Type": "application/xml"}, body.encode()) if names else None


def _credential_scope_refusal(route: Route, headers: dict[str, str], query: bytes) -> Answer | None:
    """A door's refusal of a signature for another service or region, else None."""
    credential = parse_qs(query.decode("latin-1")).get("X-Amz-Credential", [""])[0]
    signed = SCOPE.search(headers.get("authorization", "") or f"Credential={credential}")
    if signed is None:
        return None
    service = "lambda" if route.door == "function-url" else "execute-api"
    if signed[2] != service:
        text = f"Credential should be scoped to correct service: '{service}'. "
    elif route.region and signed[1] != route.region:
        text = f"Credential should be scoped to a valid region, not '{signed[1]}'. "
    else:
        return None
    if not route.gives_reason:
        return 403, {"Content-Type": "application/json"}, b'{"message":"Forbidden"}'
    return Refusal(403, "InvalidSignatureException", text).authorization_error()


def _missing_token_answer(headers: dict[str, str], path: str) -> Answer:
    """The answer to a caller without credentials, in the form of the service that it called."""
    text = "Missing Authentication Token"
    if "x-amz-target" in headers or path.startswith("/20"):
        refusal = Refusal(403, "MissingAuthenticationTokenException", text)
        return refusal.json_1_1() if "x-amz-target" in headers else refusal.rest_json()
    if path == "/":
        code = "<Error><Type>Sender</Type><Code>MissingAuthenticationToken</Code>"
        body = f"<ErrorResponse>{code}<Message>{text}</Message></Error></ErrorResponse>"
    else:
        body = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    return 403, {"Content-Type": "application/xml"}, body.encode()


async def _answer(send: Send, answer: Answer) -> None:
    status, headers, body = answer
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
