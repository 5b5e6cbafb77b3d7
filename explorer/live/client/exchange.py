"""Requests to an endpoint and how its answers are read, the same for both clients.

The steps of the client (`protocol`) are generators: they yield a `Request`, a `Pause` or a `Listen` and
receive an `Answer`, or `NoAnswer`. The client that drives them only sends and sleeps.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ...errors import CloudError
from .bodies import Body, Sink

TRANSIENT = frozenset({429, 500, 502, 503, 504})
STATUSES = ("queued", "running", "succeeded", "failed", "cancelled")
ACCEPTED = "accepted"  # the endpoint keeps nothing of such a job: its status cannot change
ENDED = frozenset({*STATUSES[2:], ACCEPTED})
LONGEST_LINE = 300  # the longest text of the endpoint that an error repeats [characters]


class EndpointError(CloudError):
    """The endpoint refused a request or gave an answer that is not valid.

    `status` is the HTTP status; `title` and `detail` are those of its problem+json, or empty.
    """

    def __init__(self, line: str, status: int = 0, title: str = "", detail: str = "") -> None:
        super().__init__(line)
        self.status, self.title, self.detail = status, title, detail


class UnreachableError(CloudError):
    """No answer came, after all retries."""


class JobFailedError(CloudError):
    """The job ended without a result; `job` holds its status and error."""

    def __init__(self, line: str, job: Job) -> None:
        super().__init__(line)
        self.job = job


class WaitTimeoutError(CloudError):
    """The job had not ended in time. It continues, and can be waited for again."""


class DownloadError(CloudError):
    """The downloaded bytes are not those that the endpoint announced."""


@dataclass(frozen=True)
class Request:
    """One request: signed for the endpoint, or to an address that already contains a signature.

    `into` receives the body of the answer as it arrives, if it is the expected one.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    signed: bool = True
    into: Sink | None = None
    timeout_s: float = 60.0
    on_sent: Callable[[int, int], None] | None = None

    @property
    def name(self) -> str:
        """Host, method and path, without the query, which may contain a signature."""
        parts = urlsplit(self.url)
        route = re.search(r"/(jobs|uploads|run)(/.*)?$", parts.path) if self.signed else None
        return f"{parts.hostname}: {self.method} {route[0] if route else ''}".rstrip()


@dataclass(frozen=True)
class Pause:
    """A time during which nothing is sent [s]."""

    seconds: float


@dataclass(frozen=True)
class Listen:
    """A WebSocket that is kept open until a notice arrives on it, up to `timeout_s` [s].

    `ping` is sent each `ping_s` [s]: it keeps the connection, and asks for a notice that was lost.
    """

    url: str = field(repr=False)
    ping: str
    ping_s: float = 300.0
    timeout_s: float = math.inf


@dataclass(frozen=True)
class Answer:
    """An answer; `content` is empty if a `Sink` received it. `tries` counts the requests that it took."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    content: bytes = b""
    tries: int = 1

    @property
    def kind(self) -> str:
        """The media type of its content, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """Its content, None if it is not JSON."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None


@dataclass(frozen=True)
class NoAnswer:
    """No complete answer came; `may_have_arrived` is whether the endpoint may have received the request."""

    why: str
    may_have_arrived: bool = True
    tries: int = 1


Action = Request | Pause | Listen
T = TypeVar("T")
Steps = Generator[Action, Any, T]


@dataclass(frozen=True)
class Backoff:
    """How long to wait before a retry: exponential with full jitter, or as the endpoint asks.

    `tries` limits consecutive failures; polling has no such limit. A Retry-After counts up to
    `retry_after_cap_s` [s].
    """

    first_s: float = 0.2
    growth: float = 2.0
    cap_s: float = 20.0
    retry_after_cap_s: float = 900.0
    tries: int = 6
    draw: Callable[[], float] = random.random  # a number from 0 to 1

    def jitter(self, n: int) -> float:
        """The wait before the retry after attempt n, n from 0 [s]."""
        factor = math.exp(min(n * math.log(self.growth), 700.0))  # the largest exponent that a float can hold
        return self.draw() * min(self.cap_s, self.first_s * factor)

    def poll(self, n: int, retry_after_s: float | None) -> float:
        """The wait before the next status read [s]."""
        return self.jitter(n) if retry_after_s is None else min(retry_after_s, self.retry_after_cap_s)

    def retry(self, n: int, retry_after_s: float | None) -> float:
        """The wait before a failed request is sent again [s]; the jitter keeps clients apart."""
        return min(retry_after_s or 0.0, self.retry_after_cap_s) + self.jitter(n)


@dataclass(frozen=True)
class Result:
    """The location of a job's result. The URL grants access to it and is not shown.

    Size and checksum are those of the stored bytes, which are compressed if `content_encoding` is gzip.
    """

    url: str = field(repr=False)
    bytes: int
    sha256: str
    content_type: str
    expires: Any = None
    content_encoding: str = ""


@dataclass(frozen=True)
class Job:
    """A job as the endpoint last reported it; `poll_after_s` is its Retry-After [s].

    `socket` is the address of a WebSocket on which its end is announced, None if there is none.
    """

    id: str
    status: str
    progress: float | None = None
    attempts: int | None = None
    submitted: Any = None
    updated: Any = None
    result: Result | None = None
    error: Mapping[str, Any] | None = None
    poll_after_s: float | None = field(default=None, repr=False, compare=False)
    socket: str | None = field(default=None, repr=False, compare=False)

    @property
    def ended(self) -> bool:
        """Whether its status is final."""
        return self.status in ENDED

    @classmethod
    def of(cls, request: Request, answer: Answer) -> Job:
        """Read a job from an answer. Raises EndpointError if it contains none."""
        document = answer.json()
        if not isinstance(document, dict) or not isinstance(document.get("id"), str) or not document["id"]:
            raise EndpointError(
                f"{request.name}: {answer.status}, but its body contains no job", answer.status
            )
        if document.get("status") not in STATUSES:
            line = f"{request.name}: status is {one_line(str(document.get('status')))!r}: expected one of "
            raise EndpointError(line + ", ".join(STATUSES), answer.status)
        fields = {name: document.get(name) for name in ("progress", "attempts", "submitted", "updated")}
        fields["error"] = _printable_error(document.get("error"))
        result = _read_result(request, document.get("result"))
        socket = document.get("socket")
        return cls(
            document["id"],
            document["status"],
            **fields,
            result=result,
            poll_after_s=retry_after_s(answer),
            socket=socket if isinstance(socket, str) else None,
        )


def _printable_error(content: Any) -> Any:
    """The error of a job, without control characters."""
    if isinstance(content, dict):
        return {replace_unprintable(str(name)): _printable_error(value) for name, value in content.items()}
    return replace_unprintable(content) if isinstance(content, str) else content


def replace_unprintable(text: str) -> str:
    """A text without control characters, which a terminal might execute; line breaks and tabs stay."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else "\ufffd" for character in text
    )


def _read_result(request: Request, fields: Any) -> Result | None:
    if fields is None:
        return None
    types = {"url": str, "bytes": int, "sha256": str}
    if not isinstance(fields, dict) or not all(isinstance(fields.get(n), t) for n, t in types.items()):
        raise EndpointError(f"{request.name}: a result without {', '.join(types)}")
    if urlsplit(fields["url"]).scheme not in ("http", "https"):
        raise EndpointError(f"{request.name}: the result's url is not an http address")
    kind = str(fields.get("content_type") or "application/octet-stream")
    encoding = str(fields.get("content_encoding") or "")
    url, size, digest = (fields[name] for name in types)
    return Result(url, size, digest.lower(), kind, fields.get("expires"), encoding)


def retry_after_s(answer: Answer | NoAnswer, now: datetime | None = None) -> float | None:
    """The wait that Retry-After asks for, as seconds or as a date [s]; None if there is none."""
    header = answer.headers.get("retry-after", "").strip() if isinstance(answer, Answer) else ""
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        until = parsedate_to_datetime(header)
    except (ValueError, TypeError, IndexError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((until - (now or datetime.now(UTC))).total_seconds(), 0.0)


def is_transient(answer: Answer | NoAnswer) -> bool:
    """Whether the same request may succeed a little later."""
    if isinstance(answer, NoAnswer) or answer.status in TRANSIENT:
        return True
    # a 409 with Retry-After: another request with the same key is in progress
    return answer.status == 409 and retry_after_s(answer) is not None


def never_ran(answer: Answer | NoAnswer) -> bool:
    """Whether the work certainly did not start, so that a retry repeats no work."""
    if isinstance(answer, NoAnswer):
        return not answer.may_have_arrived
    return answer.status == 429 or (answer.status == 503 and retry_after_s(answer) is not None)


def send_with_retries(
    request: Request, backoff: Backoff, may_repeat: Callable[[Answer | NoAnswer], bool] = is_transient
) -> Steps[Answer]:
    """Send until the answer is not a transient failure, or the last attempt is used.

    Raises UnreachableError if the last attempt brought no answer at all.
    """
    for tries in range(1, backoff.tries + 1):
        answer: Answer | NoAnswer = yield request
        if not may_repeat(answer) or tries == backoff.tries:
            break
        yield Pause(backoff.retry(tries - 1, retry_after_s(answer)))
    if isinstance(answer, NoAnswer):
        times = f" ({tries} tries)" if tries > 1 else ""
        raise UnreachableError(f"{request.name}: {one_line(answer.why)}{times}")
    return Answer(answer.status, answer.headers, answer.content, tries)


def require_status(request: Request, answer: Answer, *statuses: int) -> Answer:
    """The answer, if its status is one of these. Raises EndpointError with its problem otherwise."""
    if answer.status in statuses:
        return answer
    raise refusal(request, answer)


def refusal(request: Request, answer: Answer, hint: str = "") -> EndpointError:
    """The error for an answer that refuses a request, in one line."""
    title, detail = problem(answer)
    reason = ": ".join(text for text in (title, detail) if text)
    line = f"{request.name}: {answer.status} {reason}".rstrip()
    return EndpointError(f"{line}; {hint}" if hint else line, answer.status, title, detail)


def problem(answer: Answer) -> tuple[str, str]:
    """Title and detail of a problem+json, or the message of an AWS service."""
    document = answer.json()
    if isinstance(document, dict):
        title = document.get("title") or document.get("message") or document.get("Message") or ""
        return one_line(str(title)), one_line(str(document.get("detail") or ""))
    text = answer.content[:4096].decode(errors="replace")
    matches = [re.search(rf"<{tag}>([^<]*)</{tag}>", text) for tag in ("Code", "Message")]
    return one_line(matches[0][1] if matches[0] else ""), one_line(matches[1][1] if matches[1] else "")


def one_line(text: str) -> str:
    """A text of the endpoint in one short line, without the query of a URL and without signatures.

    After its first line, AWS repeats the string that it would have signed, including a session token.
    """
    lines = text.strip().splitlines()
    line = re.split(r"\s*The (?:Canonical String|String-to-Sign)", lines[0] if lines else "")[0]
    line = re.sub(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*", r"\1?...", line)
    line = re.sub(r"(?i)(x-amz-[a-z0-9-]+|signature|credential)\s*[=:]\s*[^\s,;&]+", r"\1=...", line)
    line = "".join(character if character.isprintable() else " " for character in line)
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 3] + "..."
