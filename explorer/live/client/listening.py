"""Waiting at a WebSocket for the notice that a job has ended."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .exchange import Answer, Listen, NoAnswer
from .signing import Bearer, Scope, Signer, is_local, is_service_host

CONNECT_S, CLOSE_S = 10.0, 1.0
NOT_INSTALLED = NoAnswer("the package websockets is not installed", may_have_arrived=False)


def may_listen(base: str, url: str) -> bool:
    """Whether the endpoint at `base` may name this address: a signature must not go to any other host."""
    parts, home = urlsplit(url), urlsplit(base)
    if is_local(base):
        return parts.scheme == "ws" and parts.netloc == home.netloc
    return parts.scheme == "wss" and is_service_host(url, "execute-api")


def signed_headers(url: str, signer: Signer | Bearer | None) -> dict[str, str]:
    """The headers of the handshake, signed for an API whatever the door of the endpoint is."""
    if not isinstance(signer, Signer):  # a WebSocket API checks signatures alone
        return {}
    request_url = url.replace("ws", "http", 1)  # a handshake is an HTTP request
    own_signer = Signer(Scope.of(request_url, "execute-api", signer.scope.region), signer.credentials)
    headers = own_signer.sign("GET", request_url, {})
    return {name: value for name, value in headers.items() if name != "host"}


def listen(action: Listen, headers: Mapping[str, str], context: ssl.SSLContext) -> Answer | NoAnswer:
    """The notice as an answer; no answer if the connection is refused, fails or ends before it."""
    try:
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect
    except ImportError:
        return NOT_INSTALLED
    until = time.monotonic() + action.timeout_s
    try:
        with connect(action.url, **_arguments(action, headers, context)) as connection:
            while (left_s := until - time.monotonic()) > 0:
                try:
                    return _answer(connection.recv(timeout=min(left_s, action.ping_s)))
                except TimeoutError:
                    connection.send(action.ping)
    except (WebSocketException, OSError) as error:
        return NoAnswer(f"no notice: {type(error).__name__}")
    return NoAnswer(f"no notice within {action.timeout_s:g} s")


async def listen_async(
    action: Listen, headers: Mapping[str, str], context: ssl.SSLContext
) -> Answer | NoAnswer:
    """As `listen`."""
    try:
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException
    except ImportError:
        return NOT_INSTALLED
    until = time.monotonic() + action.timeout_s
    try:
        async with connect(action.url, **_arguments(action, headers, context)) as connection:
            while (left_s := until - time.monotonic()) > 0:
                try:
                    return _answer(await asyncio.wait_for(connection.recv(), min(left_s, action.ping_s)))
                except TimeoutError:
                    await connection.send(action.ping)
    except (WebSocketException, OSError) as error:
        return NoAnswer(f"no notice: {type(error).__name__}")
    return NoAnswer(f"no notice within {action.timeout_s:g} s")


def _arguments(action: Listen, headers: Mapping[str, str], context: ssl.SSLContext) -> dict[str, Any]:
    local = is_local(action.url)
    return {
        "additional_headers": dict(headers),
        "open_timeout": min(CONNECT_S, max(action.timeout_s, 1.0)),
        "close_timeout": CLOSE_S,
        "ping_interval": None,  # API Gateway counts messages as traffic
        "compression": None,
        "proxy": None if local else True,
        "ssl": None if local else context,
    }


def _answer(notice: str | bytes) -> Answer:
    return Answer(200, {}, notice.encode() if isinstance(notice, str) else notice)
