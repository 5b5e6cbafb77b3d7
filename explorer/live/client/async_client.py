"""The client of an endpoint for asynchronous programs: the same steps as `client`, many at once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from .bodies import Body, Progress, writable_path
from .caller import Caller, answer_of, failure_of, make_payload, ssl_context
from .exchange import Answer, EndpointError, Job, Listen, NoAnswer, Pause, Request, Steps
from .listening import listen_async
from .protocol import Watch

T = TypeVar("T")


class AsyncClient(Caller):  # noqa: D101 - documented below
    __doc__ = Caller.__doc__

    _http_class = httpx2.AsyncClient
    _http: httpx2.AsyncClient

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def submit(
        self,
        body: Any,
        idempotency_key: str | None = None,
        *,
        content_type: str | None = None,
        on_progress: Progress | None = None,
    ) -> Job:
        """As `Client.submit`."""
        payload = make_payload(body, content_type, on_progress, idempotency_key)
        return await self._drive(self._protocol.submit(payload, idempotency_key))

    async def status(self, id: str | Job) -> Job:
        """As `Client.status`."""
        return await self._drive(self._protocol.status(id))

    async def wait(
        self, id: str | Job, timeout: float | None = None, on_progress: Watch | None = None
    ) -> Job:
        """As `Client.wait`."""
        return await self._drive(self._protocol.wait(id, timeout, on_progress))

    async def cancel(self, id: str | Job) -> Job:
        """As `Client.cancel`."""
        return await self._drive(self._protocol.cancel(id))

    async def result(self, id: str | Job, timeout: float | None = None) -> Any:
        """As `Client.result`."""
        return await self._drive(self._protocol.result(id, timeout))

    async def download(
        self,
        id: str | Job,
        path: str | os.PathLike[str],
        timeout: float | None = None,
        on_progress: Progress | None = None,
    ) -> Path:
        """As `Client.download`."""
        return await self._drive(self._protocol.download(id, writable_path(path), timeout, on_progress))

    async def run(
        self,
        body: Any,
        idempotency_key: str | None = None,
        *,
        content_type: str | None = None,
        timeout: float | None = None,
        on_progress: Watch | None = None,
    ) -> Any:
        """As `Client.run`."""
        payload = make_payload(body, content_type, None, idempotency_key)
        return await self._drive(self._protocol.run(payload, idempotency_key, timeout, on_progress))

    async def _drive(self, steps: Steps[T]) -> T:
        answer: Answer | NoAnswer | None = None
        with closing(steps):
            while True:
                try:
                    action = steps.send(answer)
                except StopIteration as end:
                    result: T = end.value
                    return result
                except EndpointError as error:
                    raise self._add_region_hint(error) from None
                if isinstance(action, Pause):
                    await asyncio.sleep(action.seconds)
                    answer = None
                elif isinstance(action, Listen):
                    answer = await self._listen(action)
                else:
                    answer = await self._send(action)

    async def _listen(self, action: Listen) -> Answer | NoAnswer:
        if self._may_block:
            headers = await asyncio.to_thread(self._handshake, action.url)
        else:
            headers = self._handshake(action.url)
        return await listen_async(action, headers, ssl_context())

    async def _send(self, request: Request) -> Answer | NoAnswer:
        if request.signed and self._may_block:
            arguments = await asyncio.to_thread(self._arguments, request)
        else:
            arguments = self._arguments(request)
        try:
            async with self._http.stream(**arguments, content=_content(request)) as response:
                if not request.into or not request.into.takes(response.status_code, response.headers):
                    return answer_of(response, await response.aread())
                # write each piece as it arrives, as in `client`
                async for chunk in response.aiter_raw():
                    if not request.into.write(chunk):
                        break
                return answer_of(response)
        except httpx2.RequestError as error:
            return failure_of(request, error)


def _content(request: Request) -> bytes | AsyncIterator[bytes] | None:
    if not request.body:
        return None
    return request.body.read() if request.signed else _chunks(request.body, request.on_sent)


async def _chunks(body: Body, on_sent: Progress | None) -> AsyncIterator[bytes]:
    for chunk in body.chunks(on_sent):
        yield chunk
