"""What is sent to an endpoint and how its answers are read, by either client.

The steps of the client (`protocol`) are generators that give out a `Request` or a `Pause` and are
handed an `Answer` or, when none came, `Lost`. A client that drives them only sends and sleeps.
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
ACCEPTED = "accepted"  # of a job of which the endpoint keeps nothing: what to know of it is known
ENDED = frozenset({*STATUSES[2:], ACCEPTED})
LINE = 300  # the longest text of another's that an error repeats [characters]


class EndpointError(CloudError):
    """The endpoint refused a request, or answered what it should not.

    `status` is HTTP's; `title` and `detail` are those of its problem+json, where it sent one.
    """

    def __init__(self, line: str, status: int = 0, title: str = "", detail: str = "") -> None:
        super().__init__(line)
        self.status, self.title, self.detail = status, title, detail


class UnreachableError(CloudError):
    """No answer came, however often it was tried."""


class JobFailedError(CloudError):
    """The job ended without a result; `job` says how."""

    def __init__(self, line: str, job: Job) -> None:
        super().__init__(line)
        self.job = job


class WaitTimeoutError(CloudError):
    """The job had not ended in time; it goes on, and can be waited for again."""


class DownloadError(CloudError):
    """What was downloaded is not what the endpoint said it would be."""


@dataclass(frozen=True)
class Request:
    """One request: signed for the endpoint, or to an address that is signed already.

    `into` takes the body of the answer as it arrives, if it is what was asked for.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None
    signed: bool = True
    into: Sink | None = None
    patience_s: float = 60.0
    on_sent: Callable[[int, int], None] | None = None

    @property
    def name(self) -> str:
        """Who is asked for what, without a query: it may hold a signature."""
        parts = urlsplit(self.url)
        way = re.search(r"/(jobs|uploads|run)(/.*)?$", parts.path) if self.signed else None
        return f"{parts.hostname}: {self.method} {way[0] if way else ''}".rstrip()


@dataclass(frozen=True)
class Pause:
    """So long nothing is sent [s]."""

    seconds: float


@dataclass(frozen=True)
class Answer:
    """What came back; of a body that went into a `Sink`, nothing. `tries` counts requests for it."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    content: bytes = b""
    tries: int = 1

    @property
    def kind(self) -> str:
        """The type of its content, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """Its content, None if it is no JSON."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None


@dataclass(frozen=True)
class Lost:
    """No answer came, or not all of it; `may_have_arrived` is whether the endpoint may have the request."""

    why: str
    may_have_arrived: bool = True
    tries: int = 1


Action = Request | Pause
T = TypeVar("T")
Steps = Generator[Action, Any, T]


@dataclass(frozen=True)
class Backoff:
    """How long to wait before trying again: exponential, with full jitter, or as the other side asks.

    `tries` bounds what goes wrong in a row; polling has no such bound. A Retry-After counts up to
    `asked_cap_s`.
    """

    first_s: float = 0.2
    growth: float = 2.0
    cap_s: float = 20.0
    asked_cap_s: float = 900.0
    tries: int = 6
    draw: Callable[[], float] = random.random  # of 0 to 1

    def jitter(self, n: int) -> float:
        """Before the try after the n-th, n from 0 [s]."""
        factor = math.exp(min(n * math.log(self.growth), 700.0))  # what a float can hold
        return self.draw() * min(self.cap_s, self.first_s * factor)

    def poll(self, n: int, asked_s: float | None) -> float:
        """Before the next look at a job [s]."""
        return self.jitter(n) if asked_s is None else min(asked_s, self.asked_cap_s)

    def again(self, n: int, asked_s: float | None) -> float:
        """Before a refused or lost request is sent again: not with all others at the same moment [s]."""
        return min(asked_s or 0.0, self.asked_cap_s) + self.jitter(n)


@dataclass(frozen=True)
class Result:
    """Where a job's result lies; the address is a key to it and is not shown.

    Size and checksum are of what lies there: compressed, if `content_encoding` is gzip.
    """

    url: str = field(repr=False)
    bytes: int
    sha256: str
    content_type: str
    expires: Any = None
    content_encoding: str = ""


@dataclass(frozen=True)
class Job:
    """A job as the endpoint last reported it; `poll_after_s` is its Retry-After [s]."""

    id: str
    status: str
    progress: float | None = None
    attempts: int | None = None
    submitted: Any = None
    updated: Any = None
    result: Result | None = None
    error: Mapping[str, Any] | None = None
    poll_after_s: float | None = field(default=None, repr=False, compare=False)

    @property
    def ended(self) -> bool:
        """Whether it will not change any more."""
        return self.status in ENDED

    @classmethod
    def of(cls, request: Request, answer: Answer) -> Job:
        """Read from an answer. Raises EndpointError if it holds no job."""
        document = answer.json()
        if not isinstance(document, dict) or not isinstance(document.get("id"), str) or not document["id"]:
            raise EndpointError(f"{request.name}: {answer.status}, but its body is no job", answer.status)
        if document.get("status") not in STATUSES:
            line = f"{request.name}: status is {plain(str(document.get('status')))!r}: expected one of "
            raise EndpointError(line + ", ".join(STATUSES), answer.status)
        details = {name: document.get(name) for name in ("progress", "attempts", "submitted", "updated")}
        details["error"] = _visible(document.get("error"))
        result = _result(request, document.get("result"))
        return cls(document["id"], document["status"], **details, result=result, poll_after_s=asked_s(answer))


def _visible(content: Any) -> Any:
    """The error of a job, with nothing in it that a terminal would obey."""
    if isinstance(content, dict):
        return {visible(str(name)): _visible(value) for name, value in content.items()}
    return visible(content) if isinstance(content, str) else content


def visible(text: str) -> str:
    """A text with nothing in it that a terminal would obey: line breaks and tabs stay."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in text)


def _result(request: Request, fields: Any) -> Result | None:
    if fields is None:
        return None
    types = {"url": str, "bytes": int, "sha256": str}
    if not isinstance(fields, dict) or not all(isinstance(fields.get(n), t) for n, t in types.items()):
        raise EndpointError(f"{request.name}: a result without {', '.join(types)}")
    if urlsplit(fields["url"]).scheme not in ("http", "https"):
        raise EndpointError(f"{request.name}: the result's url is no http address")
    kind = str(fields.get("content_type") or "application/octet-stream")
    encoding = str(fields.get("content_encoding") or "")
    url, size, digest = (fields[name] for name in types)
    return Result(url, size, digest.lower(), kind, fields.get("expires"), encoding)


def asked_s(answer: Answer | Lost, now: datetime | None = None) -> float | None:
    """What Retry-After asks for [s], in seconds or as a date; None where it says nothing."""
    header = answer.headers.get("retry-after", "").strip() if isinstance(answer, Answer) else ""
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        until = parsedate_to_datetime(header)
    except (ValueError, TypeError, IndexError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((until - (now or datetime.now(UTC))).total_seconds(), 0.0)


def is_transient(answer: Answer | Lost) -> bool:
    """Whether the same request may fare better a little later."""
    if isinstance(answer, Lost) or answer.status in TRANSIENT:
        return True
    return answer.status == 409 and asked_s(answer) is not None  # the same key, at the same moment


def never_ran(answer: Answer | Lost) -> bool:
    """Whether what was asked for was surely not begun: to ask again repeats no work."""
    if isinstance(answer, Lost):
        return not answer.may_have_arrived
    return answer.status == 429 or (answer.status == 503 and asked_s(answer) is not None)


def persist(
    request: Request, backoff: Backoff, may_repeat: Callable[[Answer | Lost], bool] = is_transient
) -> Steps[Answer]:
    """Send until something other than a passing failure comes back, or it has been tried enough.

    Raises UnreachableError if the last try brought no answer at all.
    """
    for tries in range(1, backoff.tries + 1):
        answer: Answer | Lost = yield request
        if not may_repeat(answer) or tries == backoff.tries:
            break
        yield Pause(backoff.again(tries - 1, asked_s(answer)))
    if isinstance(answer, Lost):
        times = f" ({tries} tries)" if tries > 1 else ""
        raise UnreachableError(f"{request.name}: {plain(answer.why)}{times}")
    return Answer(answer.status, answer.headers, answer.content, tries)


def expect(request: Request, answer: Answer, *statuses: int) -> Answer:
    """The answer, if its status is one of these. Raises EndpointError with its problem."""
    if answer.status in statuses:
        return answer
    raise refusal(request, answer)


def refusal(request: Request, answer: Answer, hint: str = "") -> EndpointError:
    """What an answer refuses, in one line."""
    title, detail = problem(answer)
    reason = ": ".join(text for text in (title, detail) if text)
    line = f"{request.name}: {answer.status} {reason}".rstrip()
    return EndpointError(f"{line}; {hint}" if hint else line, answer.status, title, detail)


def problem(answer: Answer) -> tuple[str, str]:
    """Title and detail of a problem+json; else the message of a door of AWS, or of S3."""
    document = answer.json()
    if isinstance(document, dict):
        title = document.get("title") or document.get("message") or document.get("Message") or ""
        return plain(str(title)), plain(str(document.get("detail") or ""))
    text = answer.content[:4096].decode(errors="replace")
    matches = [re.search(rf"<{tag}>([^<]*)</{tag}>", text) for tag in ("Code", "Message")]
    return plain(matches[0][1] if matches[0] else ""), plain(matches[1][1] if matches[1] else "")


def plain(text: str) -> str:
    """A text of another's, fit for one line: no query of an address, no signature, no novel.

    AWS repeats what it would have signed, a session token among it, after the first line.
    """
    lines = text.strip().splitlines()
    line = re.split(r"\s*The (?:Canonical String|String-to-Sign)", lines[0] if lines else "")[0]
    line = re.sub(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*", r"\1?...", line)
    line = re.sub(r"(?i)(x-amz-[a-z0-9-]+|signature|credential)\s*[=:]\s*[^\s,;&]+", r"\1=...", line)
    line = "".join(sign if sign.isprintable() else " " for sign in line)
    return line if len(line) <= LINE else line[: LINE - 3] + "..."
