"""AWS's limits in front of the emulator: an ASGI application around its own.

Sizes and times are checked here, where requests arrive; `limits_inside` checks what happens inside. A
caller without a key is refused here, and once more inside by `authentication`: the emulator would take
it for the owner of the account.
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

from . import load_balancer, task_credentials
from .hook import checked
from .limits import Answer, Limits, Refusal
from .tokens import are_keys

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


@dataclass
class Call:
    """One request to Invoke: its id is that of the function's invocation too, on each attempt."""

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function: str = ""  # the ARN of the one that was called first


CALL: ContextVar[Call | None] = ContextVar("explorer_call", default=None)  # that this request is
DOOR: ContextVar[str] = ContextVar("explorer_door", default="")  # by which this request came in
OPEN = ("/_ministack/health", "/_ministack/ready")
METADATA = "/v4/"  # what a task is told of itself
TOKENS = (
    "/_ministack/cfn-response/",
    "/_ministack/cfn-signal/",
    METADATA,
)  # paths that carry their own secret
MOST_HEADER_BYTES = 16 * 1024  # of a request that is not a load balancer's

SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request")
INVOKE = re.compile(r"/2015-03-31/functions/[^/]+/invocations/?")
STREAM = re.compile(r"/2021-11-15/functions/[^/]+/response-streaming-invocations/?")
OLD_ASYNC = re.compile(r"/2014-11-13/functions/[^/]+/invoke-async/?")
CONFIGURE = re.compile(r"/2015-03-31/functions/[^/]+/configuration/?")


@dataclass(frozen=True, slots=True)
class Route:
    """What a request is: its door, the limit on its body, the limit on the time of its answer."""

    door: str = ""
    size: str = ""
    time: str = ""
    data_plane: bool = False  # has its own authorisation, which may be none
    region: str = ""  # where the door stands
    tells_why: bool = True  # of a caller that it does not let in


class Enforce:
    """The emulator's application `inner`, answering as AWS does where `limits` break."""

    def __init__(self, inner: Application, limits: Limits) -> None:
        from ministack import app
        from ministack.core import iam_evaluator, router
        from ministack.services import apigateway, apigateway_v1, lambda_svc

        self.inner, self.limits = inner, limits
        self.api_of = checked(app, "_parse_execute_api_url", "host path")
        self.is_balancer = checked(app, "_is_potential_alb_request", "host path")
        self.function_of = checked(app, "_parse_lambda_url", "host path")
        self.http_scope = checked(apigateway, "find_api_scope", "api_id")
        self.url_of = checked(lambda_svc, "resolve_function_url", "url_id")
        self.rest_scope = checked(apigateway_v1, "find_api_scope", "api_id")
        self.key_of = checked(router, "extract_access_key_id", "headers query_params")
        self.is_root = checked(iam_evaluator, "is_root_access_key", "access_key_id")
        self.unawaited: set[asyncio.Task[None]] = set()  # answers that nobody waits for any more

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve a request within the limits of its door; a WebSocket is refused."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] != "http":
            await self.inner(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["path"].startswith(task_credentials.PATH):
            return await _answer(send, task_credentials.answer(scope["path"], headers))
        route = self._route(scope["method"], scope["path"], headers)
        if refused := self._headers_refused(scope, route):
            await _drained(receive)
            return await _answer(send, refused)
        admitted = self._admitted(scope, headers, route)
        if admitted is None:
            await _drained(receive)
            return await _answer(send, _no_token(headers, scope["path"]))
        if unsigned := _not_signed(scope.get("query_string", b""), headers):
            await _drained(receive)
            return await _answer(send, unsigned)
        if (
            route.data_plane
            and route.door != "balancer"
            and (elsewhere := _meant_elsewhere(route, headers, scope["query_string"]))
        ):
            await _drained(receive)
            return await _answer(send, elsewhere)
        DOOR.set(route.door)
        if route.door == "invoke":
            call = Call()
            CALL.set(call)
            send = _identified(send, call.id)
        if route.size:
            limit = self.limits[route.size]
            size, messages = await _body(receive, limit)
            if size > limit:
                refusal = self.limits.refusal(route.size, size)
                return await _answer(send, refusal.door() if route.data_plane else refusal.rest_json())
            receive = _replay(messages, receive)
        if route.time:
            return await self._within(route.time, admitted, receive, send)
        return await self.inner(admitted, receive, send)

    def _headers_refused(self, scope: Message, route: Route) -> Answer | None:
        """What a door says to a request whose line and headers are too large for it."""
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
            place = self.rest_scope(api[0]) or self.http_scope(api[0])
            limits = (f"apigw.{kind}.payload", f"apigw.{kind}.timeout")
            region = place[1] if place else ""
            return Route(f"{kind}-api", *limits, data_plane=True, region=region, tells_why=kind == "rest")
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

    def _admitted(self, scope: Message, headers: dict[str, str], route: Route) -> Message | None:
        """The request as the emulator is to see it, the loopback taken for TLS; None if it has no key."""
        path, query = scope["path"], scope.get("query_string", b"")
        key = self.key_of(headers, parse_qs(query.decode("latin-1"), keep_blank_values=True))
        if scope["method"] == "OPTIONS" or path in OPEN or path.startswith(TOKENS):
            return scope
        if "/.well-known/" in path and are_keys(scope["method"], path):
            return scope
        if path.startswith("/_ministack") or (not route.data_plane and self.is_root(key)):
            return None
        if "x-forwarded-proto" in headers:  # one that says that it came without TLS is taken at its word
            return scope
        return {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}

    async def _within(self, id: str, scope: Message, receive: Receive, send: Send) -> None:
        """Answer in time or say that it was too late; the work goes on, as it does on AWS."""
        gate = _Gate(send)
        task = asyncio.create_task(self._inside(scope, receive, gate))
        await asyncio.wait({task}, timeout=self.limits[id])
        if task.done() or gate.opened:
            return await task
        gate.shut = True
        self.unawaited.add(task)
        task.add_done_callback(self._forget)
        return await _answer(send, self.limits.refusal(id).door())

    async def _inside(self, scope: Message, receive: Receive, send: Send) -> None:
        await self.inner(scope, receive, send)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self.unawaited.discard(task)
        if not task.cancelled():
            task.exception()  # its caller has gone: read here, or asyncio warns of it


class _Gate:
    """Passes an answer on until it is shut."""

    def __init__(self, send: Send) -> None:
        self.send, self.opened, self.shut = send, False, False

    async def __call__(self, message: Message) -> None:
        if not self.shut:
            self.opened = True
            await self.send(message)


def _identified(send: Send, id: str) -> Send:
    """The answer under the id of the invocation, which the function sees in its context."""

    async def tell(message: Message) -> None:
        if message["type"] == "http.response.start":
            others = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"x-amzn-requestid"]
            message = {**message, "headers": [*others, (b"x-amzn-requestid", id.encode())]}
        await send(message)

    return tell


async def _body(receive: Receive, limit: float) -> tuple[int, list[Message]]:
    """The size of the body [B] and what brought it; past `limit` it is read to its end, not kept."""
    size, messages = 0, []
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if size <= limit:
            messages.append(message)
        if message["type"] != "http.request" or not message.get("more_body"):
            return size, messages


async def _drained(receive: Receive) -> None:
    await _body(receive, -1)


def _replay(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def again() -> Message:
        return next(waiting, None) or await receive()

    return again


def _not_signed(query: bytes, headers: dict[str, str]) -> Answer | None:
    """What S3 says to a signed URL with headers of its own that the signature does not cover."""
    signed = parse_qs(query.decode("latin-1")).get("X-Amz-SignedHeaders")
    if signed is None:
        return None
    more = [name for name in headers if name.startswith("x-amz-") and name not in signed[0].split(";")]
    text = "There were headers present in the request which were not signed"
    body = f"<Error><Code>AccessDenied</Code><Message>{text}</Message>"
    body += f"<HeadersNotSigned>{', '.join(more)}</HeadersNotSigned></Error>"
    return (403, {"Content-Type": "application/xml"}, body.encode()) if more else None


def _meant_elsewhere(route: Route, headers: dict[str, str], query: bytes) -> Answer | None:
    """What a door says to a signature for another service or region than its own."""
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
    if not route.tells_why:
        return 403, {"Content-Type": "application/json"}, b'{"message":"Forbidden"}'
    return Refusal(403, "InvalidSignatureException", text).at_door()


def _no_token(headers: dict[str, str], path: str) -> Answer:
    """The answer to a caller without credentials, in the form of the service that it meant."""
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
