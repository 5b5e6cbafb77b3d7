"""Entry of a container that serves: the endpoint as an ASGI application, and its server.

The work of requests runs in threads, as many at a time as the task has room for. Requests that only read or
accept have separate threads and never wait for the work.
"""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import threading
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import clients
import front
import open_jobs
from job_pool import JobPool
from problems import Answer, Problem
from request import ANYONE, Request
from settings import SETTINGS

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HEALTH, WORK = "/health", "/run"
FRONT_THREADS = 16
STOP_S = 25.0  # less than the platform gives an ending task
# by this a connection outlives the load balancer's idle time-out, so that it never meets a closed one
IDLE_MARGIN_S = 5
MOST_HEADER_BYTES = 128 * 1024  # more than the load balancer lets through
MB, MEMORY_SHARE = 1024**2, 4  # share of a task's memory for one body: 1 in 4
LONGEST_MS = 10**12  # no platform ends a task's work


class Invocation:
    """A function's invocation context, for a request to a container."""

    def __init__(self, id: str) -> None:
        self.aws_request_id = id

    def get_remaining_time_in_millis(self) -> int:
        """The work has no time limit."""
        return LONGEST_MS


class Service:
    """The ASGI application."""

    def __init__(self) -> None:
        self.pool = JobPool(SETTINGS.at_once)
        self._work = ThreadPoolExecutor(SETTINGS.at_once, thread_name_prefix="work")
        self._front = ThreadPoolExecutor(FRONT_THREADS, thread_name_prefix="front")
        self.stopping = False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request; a WebSocket is refused."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["path"] == HEALTH:
            await _send(send, {"statusCode": 503 if self.stopping else 200, "headers": {}, "body": ""})
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await _body(receive, most_body_bytes())
        if body is None:
            problem = Problem(413, f"at most {most_body_bytes()} bytes are taken at once")
            return await _send(send, problem.answer())
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        request = Request(scope["method"].upper(), scope["path"], query, headers, body, ANYONE)
        invocation = Invocation(headers.get("x-amzn-trace-id") or uuid.uuid4().hex)
        threads = self._work if scope["path"] == WORK else self._front
        respond = partial(front.answer_to, lambda: request, invocation)
        await _send(send, await asyncio.get_running_loop().run_in_executor(threads, respond))


def most_body_bytes() -> int:
    """The largest body that this container accepts [B]."""
    return int(os.environ.get("MEMORY_MB", "512")) * MB // MEMORY_SHARE


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


async def _body(receive: Receive, most_bytes: int) -> bytes | None:
    """The body of a request; None if it is too large: it is then read to its end and discarded."""
    parts, size = [], 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        parts = [*parts, message.get("body", b"")] if size <= most_bytes else []
        if message["type"] != "http.request" or not message.get("more_body"):
            return b"".join(parts) if size <= most_bytes else None


async def _send(send: Send, answer: Answer) -> None:
    text: str = answer.get("body") or ""
    body = base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode()
    headers: Mapping[str, str] = {**answer["headers"], "Content-Length": str(len(body))}
    header_pairs = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
    ]
    await send({"type": "http.response.start", "status": answer["statusCode"], "headers": header_pairs})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve until SIGTERM, then finish what has begun."""
    services = ("dynamodb", "s3") if SETTINGS.hand_over else ("s3",)
    for name in services:
        clients.client(name)  # created here: two threads may not create one at once
    service = Service()
    if SETTINGS.hand_over:
        open_jobs.set_taker(service.pool.take)
        threading.Thread(target=service.pool.look_for_jobs, daemon=True).start()
    asyncio.run(_serve(service))
    service.pool.stop(STOP_S)
    os._exit(0)  # at once, whatever threads are still running


async def _serve(service: Service) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config, stop = Config(), asyncio.Event()

    def end() -> None:
        service.stopping = True
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    config.bind = [f"{os.environ.get('ADDRESS', '0.0.0.0')}:{os.environ['PORT']}"]  # noqa: S104 - in a container of its own
    config.keep_alive_timeout = SETTINGS.idle_s + IDLE_MARGIN_S
    config.h11_max_incomplete_size = MOST_HEADER_BYTES
    config.graceful_timeout = STOP_S
    config.loglevel = "ERROR"
    config.include_server_header = False
    application: Any = service
    await serve(application, config, shutdown_trigger=stop.wait)


if __name__ == "__main__":
    main()
