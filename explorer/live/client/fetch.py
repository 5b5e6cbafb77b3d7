"""A download that continues where it broke off, by a new address where the old one has run out."""

from __future__ import annotations

from typing import Protocol

from .bodies import Sink
from .exchange import (
    TRANSIENT,
    Answer,
    Backoff,
    DownloadError,
    Job,
    Lost,
    Pause,
    Request,
    Result,
    Steps,
    UnreachableError,
    asked_s,
    plain,
    refusal,
)


class StatusSource(Protocol):
    """What says where a job's result lies now, and how long to wait between attempts."""

    @property
    def backoff(self) -> Backoff:
        """The pauses between attempts."""

    def status(self, job: str) -> Steps[Job]:
        """The steps that read a job's status."""


def fill(id: str, place: Result, sink: Sink, source: StatusSource) -> Steps[None]:
    """Get what is missing, and once more from the beginning if a continued part proves wrong."""
    taken_up = sink.size_bytes > 0
    yield from _fetch(id, place, sink, source)
    if taken_up and not sink.matches:
        sink.restart()
        yield from _fetch(id, place, sink, source)
    if not sink.matches:
        sink.restart()
        raise DownloadError(f"the result of job {id} differs from its sha256; nothing was kept")


def _fetch(id: str, place: Result, sink: Sink, source: StatusSource) -> Steps[None]:
    furthest, idle = sink.size_bytes, 0  # bytes had, tries since that got no further
    while not sink.complete:
        if idle > 1:
            yield Pause(source.backoff.jitter(idle))
        ranged = {"range": f"bytes={sink.size_bytes}-"} if sink.size_bytes else {}
        headers = {"accept-encoding": "identity", **ranged}
        request = Request("GET", place.url, headers, signed=False, into=sink)
        answer = yield request
        if sink.overrun:
            sink.restart()
            raise DownloadError(f"the result of job {id} is longer than its {place.bytes} bytes")
        idle = 0 if sink.size_bytes > furthest else idle + 1
        furthest = max(furthest, sink.size_bytes)
        place = yield from _onward(id, place, request, answer, idle, source)


def _onward(
    id: str, place: Result, request: Request, answer: Answer | Lost, idle: int, source: StatusSource
) -> Steps[Result]:
    """Where to go on after an answer that may not have brought all."""
    if idle >= source.backoff.tries:
        if isinstance(answer, Lost):
            raise UnreachableError(f"{request.name}: {plain(answer.why)} ({idle} tries)")
        raise refusal(request, answer, f"given up after {idle} tries")
    if isinstance(answer, Lost) or answer.status in (200, 206, 416):
        if isinstance(answer, Answer) and idle and request.into:
            request.into.restart()  # another range than was asked for, or none
        return place
    if answer.status in TRANSIENT:
        yield Pause(source.backoff.again(idle, asked_s(answer)))
        return place
    if answer.status not in (400, 403) or idle > 2:
        raise refusal(request, answer)
    fresh = (yield from source.status(id)).result  # the signature has run out
    if fresh is None or fresh.sha256 != place.sha256:
        raise DownloadError(f"the result of job {id} is no longer the one that was begun with")
    return fresh
