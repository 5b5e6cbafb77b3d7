"""One HTTP request: sent, answered, and the time that each step took.

The client is aiohttp: at 1,000 requests/s against a trivial server it takes 27 % of a core
(pyreqwest 34 %), both with requests at most 1.2 ms late at the p99; above 3,000/s pyreqwest is ahead.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import time
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from explorer.facts.extras import require

from .endpoint import Sign, SignSocket

if TYPE_CHECKING:
    import aiohttp

CHUNK_BYTES = 1 << 18  # hashed at once: it takes a fraction of a millisecond, so that no other request waits
LARGEST_JSON_BYTES = 1 << 20  # no body that is read as JSON is larger


class ExchangeError(Exception):
    """A request without a usable answer; the result counts it as `kind`."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass
class Answer:
    """An answer and its times: `..._at` are monotonic times [s]."""

    status: int
    headers: Mapping[str, str]
    sent_at: float
    head_at: float = 0.0  # arrival of the head of the answer
    end_at: float = 0.0
    bytes: int = 0  # as received
    whole_bytes: int = 0  # decompressed
    sha256: str = ""  # of the bytes received
    content_sha256: str = ""  # decompressed; includes the pages before it
    body: bytearray = field(default_factory=bytearray)  # the first `LARGEST_JSON_BYTES` of it, decompressed

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises ExchangeError if it is not one."""
        try:
            value = json.loads(self.body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise ExchangeError(f"{self.status} without JSON")
        return value

    def retry_after_s(self, otherwise: float) -> float:
        """The wait that Retry-After asks for [s]; `otherwise` if it is a date or missing."""
        value = self.headers.get("Retry-After", "")
        return float(value) if value.isdigit() else otherwise


class Exchanges:
    """HTTP requests to one endpoint over as many open connections as are needed."""

    def __init__(
        self, session: aiohttp.ClientSession, sign: Sign | None, sign_socket: SignSocket | None = None
    ) -> None:
        self._session, self._sign, self._sign_socket = session, sign, sign_socket
        self.request_count = 0  # of requests through the door
        self.last_s = time.monotonic()  # the time of the last answer of any kind
        self._pending_count, self._last_failed = 0, False

    @property
    def is_waiting(self) -> bool:
        """Whether a request is pending, or the last one failed and nothing has answered since."""
        return self._pending_count > 0 or self._last_failed

    async def answers(self, url: str, timeout_s: float) -> bool:
        """Whether the endpoint answers at all within `timeout_s` [s], with any status."""
        import aiohttp

        try:
            async with self._session.get(url, timeout=aiohttp.ClientTimeout(total=timeout_s)):
                self._note_answer()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return False
        return True

    def _note_answer(self) -> None:
        self.last_s, self._last_failed = time.monotonic(), False

    async def ask(
        self, method: str, url: str, body: bytes = b"", content: Any = None, **headers: str
    ) -> Answer:
        """Send one signed request to the endpoint.

        Parameters
        ----------
        method, url, body : of the request
        content : a hash to which the decompressed body of the answer is added
        headers : with "_" for "-"

        Raises ExchangeError if no answer comes.
        """
        self.request_count += 1
        all_headers: dict[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}
        if body:
            all_headers.setdefault("Content-Type", "application/json")
        signed_headers = dict(self._sign(method, url, all_headers, body)) if self._sign else all_headers
        return await self._exchange(method, url, signed_headers, body, content)

    async def fetch(self, url: str) -> Answer:
        """Read the content of a signed URL to its end, with its hash."""
        return await self._exchange("GET", url, {}, b"")

    async def notice(self, url: str, ping: str, ping_s: float, timeout_s: float) -> dict[str, Any] | None:
        """The notice that arrives at a WebSocket within `timeout_s` [s]; None if the connection ends before.

        `ping` is sent each `ping_s` [s].
        """
        import aiohttp

        headers = dict(self._sign_socket(url)) if self._sign_socket else {}
        until = time.monotonic() + timeout_s
        try:
            async with self._session.ws_connect(
                url, headers=headers, max_msg_size=LARGEST_JSON_BYTES
            ) as line:
                while (left_s := until - time.monotonic()) > 0:
                    try:
                        text = await line.receive_str(timeout=min(ping_s, left_s))
                    except TimeoutError:
                        await line.send_str(ping)
                        continue
                    self._note_answer()
                    notice = json.loads(text)
                    return notice if isinstance(notice, dict) else None
        except (aiohttp.ClientError, aiohttp.WSMessageTypeError, OSError, ValueError):
            return None  # refused, or ended before a notice: the status is read
        return None

    async def _exchange(
        self, method: str, url: str, headers: dict[str, str], body: bytes, content: Any = None
    ) -> Answer:
        self._pending_count += 1
        try:
            return await self._send(method, url, headers, body, content)
        except ExchangeError:
            self._last_failed = True
            raise
        finally:
            self._pending_count -= 1

    async def _send(
        self, method: str, url: str, headers: dict[str, str], body: bytes, content: Any
    ) -> Answer:
        import aiohttp
        from yarl import URL

        sent_at = time.monotonic()
        try:
            # the URL as it was signed, without quoting it again
            target = URL(url, encoded=True)
            async with self._session.request(
                method,
                target,
                data=body or None,
                headers=headers,
                allow_redirects=False,
                auto_decompress=False,  # size and digest of a stored result are those of the downloaded bytes
            ) as response:
                answer = Answer(response.status, response.headers, sent_at, time.monotonic())
                self._note_answer()
                await _read(response, answer, content)
        except TimeoutError:
            raise ExchangeError("time-out") from None
        except (aiohttp.ClientConnectorError, ConnectionError, aiohttp.ServerDisconnectedError):
            raise ExchangeError("connection") from None
        except (aiohttp.ClientError, OSError, ValueError, zlib.error) as error:
            raise ExchangeError(type(error).__name__) from None
        return answer


async def _read(response: aiohttp.ClientResponse, answer: Answer, content: Any) -> None:
    digest, is_gzip = hashlib.sha256(), response.headers.get("Content-Encoding") == "gzip"
    gzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16) if is_gzip else None
    content = content or (hashlib.sha256() if is_gzip else digest)
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        digest.update(chunk)
        answer.bytes += len(chunk)
        whole = gzip.decompress(chunk) if gzip else chunk
        answer.whole_bytes += len(whole)
        if content is not digest:
            content.update(whole)
        if len(answer.body) < LARGEST_JSON_BYTES:
            answer.body += whole
    answer.sha256, answer.content_sha256 = digest.hexdigest(), content.hexdigest()
    answer.end_at = time.monotonic()


@asynccontextmanager
async def exchanges(
    sign: Sign | None, timeout_s: float, sign_socket: SignSocket | None = None
) -> AsyncIterator[Exchanges]:
    """Open the connections to one endpoint; no request takes longer than `timeout_s` [s]."""
    require("explorer bench", "aiohttp")
    import aiohttp

    limit = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(timeout_s, 10.0))
    # no proxy of the environment and no cookies, so that nothing is added to a request
    connector = aiohttp.TCPConnector(limit=0)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=limit,
        cookie_jar=jar,
        read_bufsize=CHUNK_BYTES,
        headers={"Accept-Encoding": "gzip"},  # the only encoding that is decoded here
    ) as session:
        yield Exchanges(session, sign, sign_socket)
    await asyncio.sleep(0)  # let the transports close


async def round_trips(url: str, count: int = 20) -> list[float]:
    """The time of a round trip [s], measured by opening `count` connections; fewer values if some fail."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    seconds: list[float] = []
    with suppress(OSError):
        loop = asyncio.get_running_loop()
        addresses = await loop.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
        for _ in range(count):
            began = time.monotonic()
            async with asyncio.timeout(5):
                _, writer = await asyncio.open_connection(*addresses[0][4][:2])
            seconds.append(time.monotonic() - began)
            writer.close()
    return seconds
