"""The steps of the endpoint's protocol, once for the client that blocks and the one that awaits.

Each is a generator of what is to be sent and how long to pause (`exchange`); it sends nothing itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlencode

from ...errors import ExplorerError
from .bodies import JSON, Body, Memory, NotGzip, PartFile, Progress, Sink
from .exchange import (
    ACCEPTED,
    Answer,
    Backoff,
    DownloadError,
    EndpointError,
    Job,
    JobFailedError,
    Lost,
    Pause,
    Request,
    Result,
    Steps,
    WaitTimeoutError,
    expect,
    is_transient,
    never_ran,
    persist,
    plain,
    refusal,
)
from .fetch import fill
from .reading import followed, joined, next_link, no_route, not_this_way, parsed, upload_place, within

Answers = Literal["job", "run"]
Watch = Callable[[Job], None]
RUN_S = 905.0  # a function may work 900 s before the first byte of its answer


@dataclass
class Sending:
    """A body on its way; once it is uploaded, `token` stands for it."""

    body: Body
    on_sent: Progress | None = None
    token: str | None = None


@dataclass
class Protocol:
    """How to talk to the endpoint at `base`; `answers` is found out where it is not stated."""

    base: str
    inline_bytes: int
    backoff: Backoff
    answers: Answers | None = None

    def url(self, *parts: str, **query: str) -> str:
        """An address below the endpoint's; a part cannot leave its place in it."""
        if any(not isinstance(part, str) or not part.strip(".") for part in parts):
            raise ExplorerError(f"{plain(str(parts[-1]))!r} is no id of a job")
        path = "/".join(quote(part, safe="") for part in parts)
        query_string = urlencode(query, quote_via=quote, safe="")
        return f"{self.base}/{path}" + (f"?{query_string}" if query_string else "")

    # Jobs ----------------------------------------------------------------------------------------

    def submit(self, sending: Sending, key: str | None) -> Steps[Job]:
        """Hand a job over; under one key it is made once, however often it has to be sent."""
        if self.answers == "run":
            raise ExplorerError("the endpoint makes no jobs, it answers POST /run: use run")
        request, answer = yield from self._post("jobs", sending, key or uuid.uuid4().hex)
        if no_route(answer):
            raise refusal(request, answer, "an endpoint that answers POST /run is used by run")
        return self._accepted(request, answer)

    def _accepted(self, request: Request, answer: Answer) -> Job:
        expect(request, answer, 200, 201, 202)
        self.answers = "job"
        document = answer.json()
        if isinstance(document, dict) and isinstance(document.get("id"), str) and "status" not in document:
            return Job(document["id"], ACCEPTED)
        return Job.of(request, answer)

    def status(self, job: str | Job) -> Steps[Job]:
        """A job as the endpoint reports it now."""
        request = Request("GET", self.url("jobs", _id(job)))
        answer = yield from persist(request, self.backoff)
        return Job.of(request, expect(request, answer, 200))

    def cancel(self, job: str | Job) -> Steps[Job]:
        """Ask for its end, and say what has become of it."""
        request = Request("DELETE", self.url("jobs", _id(job)))
        answer = yield from persist(request, self.backoff)
        if answer.status == 409 and answer.tries > 1:  # an earlier try may have done it, its answer lost
            now = yield from self.status(job)
            if now.status == "cancelled":
                return now
        expect(request, answer, 200, 202, 204)
        if isinstance(answer.json(), dict) and "status" in answer.json():
            return Job.of(request, answer)
        return (yield from self.status(job))

    def wait(self, job: str | Job, timeout_s: float | None = None, watch: Watch | None = None) -> Steps[Job]:
        """Until it has ended. Raises WaitTimeoutError if it has not after `timeout_s` [s]."""
        late = f"job {_id(job)} has not ended after {timeout_s} s; it goes on, and can be waited for again"
        return (yield from within(self._polled(job, watch), timeout_s, WaitTimeoutError(late)))

    def _polled(self, job: str | Job, watch: Watch | None) -> Steps[Job]:
        now = job if isinstance(job, Job) else (yield from self.status(job))
        unasked = 0
        while True:
            if watch:
                watch(now)
            if now.ended:
                return now
            yield Pause(self.backoff.poll(unasked, now.poll_after_s))
            unasked = unasked + 1 if now.poll_after_s is None else 0
            now = yield from self.status(now.id)

    # Bodies that are too large -------------------------------------------------------------------

    def _post(
        self,
        path: str,
        sending: Sending,
        key: str | None = None,
        may_repeat: Callable[[Answer | Lost], bool] = is_transient,
        patience_s: float = 60.0,
    ) -> Steps[tuple[Request, Answer]]:
        """Send a body: in the request where it fits, else uploaded first."""
        body = sending.body
        headers = {"idempotency-key": key} if key else {}
        if sending.token is None and body.content_type == JSON and body.size_bytes <= self.inline_bytes:
            headers["content-type"] = body.content_type
            snapshot = Body(body.read(), body.content_type)  # a file might change between signing and sending
            request = Request("POST", self.url(path), headers, snapshot, patience_s=patience_s)
            answer = yield from persist(request, self.backoff, may_repeat)
            if answer.status != 413:
                return request, answer
        if sending.token is None:
            sending.token = yield from self.upload(body, sending.on_sent)
        headers.pop("content-type", None)
        request = Request("POST", self.url(path, upload=sending.token), headers, patience_s=patience_s)
        return request, (yield from persist(request, self.backoff, may_repeat))

    def upload(self, body: Body, on_sent: Progress | None = None) -> Steps[str]:
        """Put a body where the endpoint says; the token that stands for it."""
        declaration: dict[str, Any] = {"bytes": body.size_bytes, "content_type": body.content_type}
        for _ in range(2):  # the address may have run out while the body was on its way
            request = Request("POST", self.url("uploads"), {"content-type": JSON}, Body(declaration))
            answer = yield from persist(request, self.backoff)
            if no_route(answer):
                hint = f"the body has {body.size_bytes} bytes, and the endpoint takes no uploads"
                raise refusal(request, answer, hint)
            url, headers, token = upload_place(request, expect(request, answer, 200, 201))
            put = Request("PUT", url, headers, body, signed=False, on_sent=on_sent)
            answer = yield from persist(put, self.backoff)
            if answer.status != 403:
                break
        expect(put, answer, 200, 201, 204)
        return token

    # Results -------------------------------------------------------------------------------------

    def result(self, job: str | Job, timeout_s: float | None = None) -> Steps[Any]:
        """What a job came to: JSON read, text as text, all else as bytes."""
        ended_job, place = yield from self._succeeded(job, timeout_s)
        sink = Memory(place.bytes, place.sha256, None, place.content_encoding)
        yield from fill(ended_job.id, place, sink, self)
        with _decompressed(ended_job.id, sink):
            content = sink.finish()
        return parsed(place.content_type, content)

    def download(
        self, job: str | Job, path: Path, timeout_s: float | None, on_progress: Progress | None
    ) -> Steps[Path]:
        """Its result in a file."""
        ended_job, place = yield from self._succeeded(job, timeout_s)
        part = PartFile(path, place.bytes, place.sha256, on_progress, place.content_encoding)
        with closing(part) as sink:
            yield from fill(ended_job.id, place, sink, self)
            with _decompressed(ended_job.id, sink):
                return sink.finish()

    def _succeeded(self, job: str | Job, timeout_s: float | None) -> Steps[tuple[Job, Result]]:
        ended_job = yield from self.wait(job, timeout_s)
        if ended_job.status == ACCEPTED:
            raise EndpointError(f"job {ended_job.id} was accepted; the endpoint keeps no results")
        if ended_job.status != "succeeded":
            why = [plain(str((ended_job.error or {}).get(name) or "")) for name in ("type", "detail")]
            line = ": ".join([f"job {ended_job.id} was cancelled" if ended_job.status == "cancelled" else
                              f"job {ended_job.id} failed", *filter(None, why)])  # fmt: skip
            raise JobFailedError(line, ended_job)
        if ended_job.result is None:  # a submission that found its job done says less than its status
            ended_job = yield from self.status(ended_job.id)
        if ended_job.result is None:
            raise EndpointError(f"job {ended_job.id} has succeeded, but no result is named")
        return ended_job, ended_job.result

    # Either way ----------------------------------------------------------------------------------

    def run(
        self, sending: Sending, key: str | None, timeout_s: float | None, watch: Watch | None
    ) -> Steps[Any]:
        """From a body to the result, by a job or by `POST /run`, whichever the endpoint has."""
        refused = None
        if self.answers != "run":
            request, answer = yield from self._post("jobs", sending, key or uuid.uuid4().hex)
            if self.answers == "job" or not not_this_way(answer):
                job = yield from self.wait(self._accepted(request, answer), timeout_s, watch)
                return None if job.status == ACCEPTED else (yield from self.result(job))
            refused = refusal(request, answer)
        patience_s = RUN_S if timeout_s is None else timeout_s
        request, answer = yield from self._post("run", sending, None, never_ran, patience_s)
        if refused and not_this_way(answer):
            raise refused
        pages = yield from self._pages(request, answer)
        self.answers = "run"
        return joined(request, pages)

    def _pages(self, request: Request, answer: Answer) -> Steps[list[Answer]]:
        pages, urls = [expect(request, answer, 200)], {request.url}
        while link := next_link(answer):
            request = replace(request, url=followed(self.base, request.url, link))
            if request.url in urls:
                raise EndpointError(f"{request.name}: its pages go round in a circle", answer.status)
            urls.add(request.url)
            answer = yield from persist(request, self.backoff, never_ran)
            pages.append(expect(request, answer, 200))
        return pages


@contextmanager
def _decompressed(id: str, sink: Sink) -> Iterator[None]:
    try:
        yield
    except NotGzip:
        sink.restart()
        raise DownloadError(f"the result of job {id} cannot be decompressed; nothing was kept") from None


def _id(job: str | Job) -> str:
    return job.id if isinstance(job, Job) else job
