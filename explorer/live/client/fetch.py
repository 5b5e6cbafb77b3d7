"""A download that continues after an interruption, with a new URL if the old one has expired."""

from __future__ import annotations

from typing import Protocol

from .bodies import Sink
from .exchange import (
    TRANSIENT,
    Answer,
    Backoff,
    DownloadError,
    Job,
    NoAnswer,
    Pause,
    Request,
    Result,
    Steps,
    UnreachableError,
    one_line,
    refusal,
    retry_after_s,
)


class StatusSource(Protocol):
    """What reads the status of a job, with its current URL, and sets the pauses between attempts."""

    @property
    def backoff(self) -> Backoff:
        """The pauses between attempts."""

    def status(self, job: str) -> Steps[Job]:
        """The steps that read a job's status."""


def download_result(id: str, result: Result, sink: Sink, source: StatusSource) -> Steps[None]:
    """Download the missing bytes, and all of them once more if a continued part turns out to be wrong.

    Raises DownloadError if the result does not match its size or sha256.
    """
    resumed = sink.size_bytes > 0
    yield from _fetch(id, result, sink, source)
    if resumed and not sink.matches:
        sink.restart()
        yield from _fetch(id, result, sink, source)
    if not sink.matches:
        sink.restart()
        raise DownloadError(f"the result of job {id} differs from its sha256, and was discarded")


def _fetch(id: str, result: Result, sink: Sink, source: StatusSource) -> Steps[None]:
    furthest_bytes, futile_tries = sink.size_bytes, 0  # bytes received, attempts since then without progress
    while not sink.complete:
        if futile_tries > 1:
            yield Pause(source.backoff.jitter(futile_tries))
        range_header = {"range": f"bytes={sink.size_bytes}-"} if sink.size_bytes else {}
        headers = {"accept-encoding": "identity", **range_header}
        request = Request("GET", result.url, headers, signed=False, into=sink)
        answer = yield request
        if sink.overrun:
            sink.restart()
            raise DownloadError(f"the result of job {id} is longer than its {result.bytes} bytes")
        futile_tries = 0 if sink.size_bytes > furthest_bytes else futile_tries + 1
        furthest_bytes = max(furthest_bytes, sink.size_bytes)
        result = yield from _next_result(id, result, request, answer, futile_tries, source)


def _next_result(
    id: str,
    result: Result,
    request: Request,
    answer: Answer | NoAnswer,
    futile_tries: int,
    source: StatusSource,
) -> Steps[Result]:
    """The location to continue from after an answer that may be incomplete."""
    if futile_tries >= source.backoff.tries:
        if isinstance(answer, NoAnswer):
            raise UnreachableError(f"{request.name}: {one_line(answer.why)} ({futile_tries} tries)")
        raise refusal(request, answer, f"stopped after {futile_tries} attempts without progress")
    if isinstance(answer, NoAnswer) or answer.status in (200, 206, 416):
        if isinstance(answer, Answer) and futile_tries and request.into:
            request.into.restart()  # the answer has another range, or none
        return result
    if answer.status in TRANSIENT:
        yield Pause(source.backoff.retry(futile_tries, retry_after_s(answer)))
        return result
    if answer.status not in (400, 403) or futile_tries > 2:
        raise refusal(request, answer)
    fresh = (yield from source.status(id)).result  # the signature has expired
    if fresh is None or fresh.sha256 != result.sha256:
        raise DownloadError(f"the result of job {id} has changed during the download")
    return fresh
