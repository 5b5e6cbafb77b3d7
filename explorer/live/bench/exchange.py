"""One HTTP request: sent, answered, and how long each took.

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

from .endpoint import Sign

if TYPE_CHECKING:
    import aiohttp

CHUNK_BYTES = 1 << 18  # hashed at once: a fraction of a millisecond, so that no other request waits
KEPT_BYTES = 1 << 20  # a body that is read as JSON is never larger


class ExchangeError(Exception):
    """A request without a usable answer; `kind` is what the result counts it as."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass
class Answer:
    """What came back, and when: `..._at` are monotonic times [s]."""

    status: int
    headers: Mapping[str, str]
    sent_at: float
    head_at: float = 0.0  # the head of the answer was here
    end_at: float = 0.0
    bytes: int = 0  # as they came
    whole_bytes: int = 0  # once gzip is undone
    sha256: str = ""  # of what came
    content_sha256: str = ""  # once gzip is undone; of the pages before it too
    body: bytearray = field(default_factory=bytearray)  # the first `KEPT_BYTES` of it, gzip undone

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises ExchangeError if it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise ExchangeError(f"{self.status} without JSON")
        return value

    def retry_after_s(self, otherwise: float) -> float:
        """What its Retry-After says [s]; a date, or none, is taken as `otherwise`."""
        value = self.headers.get("Retry-After", "")
        return float(value) if value.isdigit() else otherwise


class Exchanges:
    """HTTP requests to one endpoint over connections that are kept open, as many as are needed."""

    def __init__(self, session: aiohttp.ClientSession, sign: Sign | None) -> None:
        self._session, self._sign = session, sign
        self.request_count = 0  # through the door
        self.last_s = time.monotonic()  # when the last answer came, of any kind
        self._pending, self._failed = 0, False

    @property
    def is_waiting(self) -> bool:
        """Whether a request is pending, or failed, and nothing has answered since."""
        return self._pending > 0 or self._failed

    async def answers(self, url: str, within_s: float) -> bool:
        """Whether the endpoint answers at all, with any status."""
        import aiohttp

        try:
            async with self._session.get(url, timeout=aiohttp.ClientTimeout(total=within_s)):
                self._heard()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return False
        return True

    def _heard(self) -> None:
        self.last_s, self._failed = time.monotonic(), False

    async def ask(
        self, method: str, url: str, body: bytes = b"", content: Any = None, **headers: str
    ) -> Answer:
        """One signed request to the endpoint; `content` is a hash to which the body is added.

        Raises ExchangeError if nothing comes back.
        """
        self.request_count += 1
        all_headers: dict[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}
        if body:
            all_headers.setdefault("Content-Type", "application/json")
        signed = dict(self._sign(method, url, all_headers, body)) if self._sign else all_headers
        return await self._exchange(method, url, signed, body, content)

    async def fetch(self, url: str) -> Answer:
        """What lies at a signed URL, read to its end and hashed."""
        return await self._exchange("GET", url, {}, b"")

    async def _exchange(
        self, method: str, url: str, headers: dict[str, str], body: bytes, content: Any = None
    ) -> Answer:
        self._pending += 1
        try:
            return await self._send(method, url, headers, body, content)
        except ExchangeError:
            self._failed = True
            raise
        finally:
            self._pending -= 1

    async def _send(
        self, method: str, url: str, headers: dict[str, str], body: bytes, content: Any
    ) -> Answer:
        import aiohttp
        from yarl import URL

        sent_at = time.monotonic()
        try:
            # the address as it was signed: not quoted again
            target = URL(url, encoded=True)
            async with self._session.request(
                method,
                target,
                data=body or None,
                headers=headers,
                allow_redirects=False,
                auto_decompress=False,  # a stored result's size and digest are of what is downloaded
            ) as response:
                answer = Answer(response.status, response.headers, sent_at, time.monotonic())
                self._heard()
                await _read(response, answer, content)
        except TimeoutError:
            raise ExchangeError("time-out") from None
        except (aiohttp.ClientConnectorError, ConnectionError, aiohttp.ServerDisconnectedError):
            raise ExchangeError("connection") from None
        except (aiohttp.ClientError, OSError, ValueError, zlib.error) as error:
            raise ExchangeError(type(error).__name__) from None
        return answer


async def _read(response: aiohttp.ClientResponse, answer: Answer, content: Any) -> None:
    digest, packed = hashlib.sha256(), response.headers.get("Content-Encoding") == "gzip"
    gzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16) if packed else None
    content = content or (hashlib.sha256() if packed else digest)
    async for chunk in response.content.iter_chunked(CHUNK_BYTES):
        digest.update(chunk)
        answer.bytes += len(chunk)
        whole = gzip.decompress(chunk) if gzip else chunk
        answer.whole_bytes += len(whole)
        if content is not digest:
            content.update(whole)
        if len(answer.body) < KEPT_BYTES:
            answer.body += whole
    answer.sha256, answer.content_sha256 = digest.hexdigest(), content.hexdigest()
    answer.end_at = time.monotonic()


@asynccontextmanager
async def exchanges(sign: Sign | None, timeout_s: float) -> AsyncIterator[Exchanges]:
    """Exchanges of which none may take longer than `timeout_s` [s]."""
    require("explorer bench", "aiohttp")
    import aiohttp

    limit = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(timeout_s, 10.0))
    # no proxy of the environment, no cookies: what is sent is what was asked for
    connector = aiohttp.TCPConnector(limit=0)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=limit,
        cookie_jar=jar,
        read_bufsize=CHUNK_BYTES,
        headers={"Accept-Encoding": "gzip"},  # the one encoding that is undone here
    ) as session:
        yield Exchanges(session, sign)
    await asyncio.sleep(0)  # let the transports close


async def round_trips(url: str, count: int = 20) -> list[float]:
    """How long a round trip takes [s], by opening `count` connections; fewer where some fail."""
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
