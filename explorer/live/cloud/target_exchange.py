"""One HTTP/1.1 exchange with a target of a load balancer; the answer is streamed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

CONNECT_S = 10.0  # a load balancer's time-out for a connection
CHUNK_BYTES = 64 * 1024
MOST_HEADER_BYTES = 32 * 1024  # of an answer
Headers = Sequence[tuple[str, str]]


class ExchangeError(Exception):
    """A target did not answer or did not answer in HTTP; `timed_out` says whether it was too slow."""

    def __init__(self, reason: str, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.timed_out = timed_out


class Answer:
    """The answer of a target: `status` and `headers` once the head has been read, and a streamed body.

    Parameters
    ----------
    parser : h11's connection, after the request
    reader, writer : of the connection to the target
    idle_s : longest time without a byte [s]
    """

    def __init__(
        self, parser: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, idle_s: float
    ) -> None:
        self._parser, self._reader, self._writer, self._idle_s = parser, reader, writer, idle_s
        self.status, self.headers = 0, list[tuple[str, str]]()

    async def head(self) -> None:
        """Read the status and the headers. Raises ExchangeError."""
        import h11

        while True:
            event = await self._next()
            if isinstance(event, h11.InformationalResponse):
                continue
            if not isinstance(event, h11.Response):
                raise ExchangeError("the target closed the connection before it answered")
            self.status = event.status_code
            self.headers = [
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers
            ]
            return

    async def body(self) -> AsyncIterator[bytes]:
        """The parts of the body. Raises ExchangeError if it is incomplete or no byte comes in time."""
        import h11

        while True:
            event = await self._next()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return
            else:
                raise ExchangeError("the target closed the connection within its answer")

    async def _next(self) -> Any:
        import h11

        while True:
            try:
                event = self._parser.next_event()
            except h11.RemoteProtocolError as error:
                raise ExchangeError(f"the target's answer is malformed: {error}") from None
            if event is not h11.NEED_DATA:
                return event
            try:
                async with asyncio.timeout(self._idle_s):
                    self._parser.receive_data(await self._reader.read(CHUNK_BYTES))
            except TimeoutError:
                raise ExchangeError("the target sent nothing in time", timed_out=True) from None
            except OSError as error:
                raise ExchangeError(f"the connection was lost: {error}") from None
            except h11.RemoteProtocolError as error:
                raise ExchangeError(f"the target's answer is malformed: {error}") from None

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


async def exchange(
    address: str, port: int, method: str, path: str, headers: Headers, body: bytes, idle_s: float
) -> Answer:
    """Send a request to a target and wait for the head of its answer.

    Parameters
    ----------
    address, port : of the target
    method, path, headers : of the request; `path` includes the query
    body : of the request [bytes]; may be empty
    idle_s : longest time without a byte from the target [s]

    Returns
    -------
    The answer, with its head read. The caller closes it.

    Raises ExchangeError if the target cannot be reached, is too slow or does not answer in HTTP.
    """
    import h11

    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(address, port)
    except TimeoutError:
        raise ExchangeError("the target accepted no connection in time", timed_out=True) from None
    except OSError as error:
        raise ExchangeError(f"the target accepted no connection: {error}") from None
    parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEADER_BYTES)
    answer = Answer(parser, reader, writer, idle_s)
    try:
        all_headers = [*headers, ("content-length", str(len(body)))] if body else headers
        request = h11.Request(method=method, target=path, headers=list(all_headers))
        writer.write((parser.send(request) or b"") + (parser.send(h11.Data(data=body)) or b""))
        writer.write(parser.send(h11.EndOfMessage()) or b"")
        await answer.head()
    except h11.LocalProtocolError as error:
        answer.close()
        raise ExchangeError(f"the request cannot be passed on: {error}") from None
    except BaseException:
        answer.close()
        raise
    return answer
