"""The steps of the endpoint's protocol, shared by the blocking and the asynchronous client.

Each step is a generator of requests and pauses (`exchange`); it sends nothing itself.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlencode

from ...errors import ExplorerError
from .bodies import JSON, Body, MemorySink, NotGzip, PartFile, Progress, Sink
from .exchange import (
    ACCEPTED,
    Answer,
    Backoff,
    DownloadError,
    EndpointError,
    Job,
    JobFailedError,
    Listen,
    NoAnswer,
    Pause,
    Request,
    Result,
    Steps,
    WaitTimeoutError,
    is_transient,
    never_ran,
    one_line,
    refusal,
    require_status,
    send_with_retries,
)
from .fetch import download_result
from .listening import may_listen
from .reading import (
    decode_result,
    join_pages,
    may_have_other_route,
    next_link,
    no_route,
    resolve_link,
    upload_target,
    with_deadline,
)

Answers = Literal["job", "run"]
Watch = Callable[[Job], None]
LASTING_S = 60.0  # a connection that ends sooner has failed: the status is polled from then on
RUN_TIMEOUT_S = 905.0  # a function may work 900 s before the first byte of its answer


@dataclass
class Payload:
    """A body to send; once it is uploaded, `token` refers to it."""

    body: Body
    on_sent: Progress | None = None
    token: str | None = None


@dataclass
class Protocol:
    """The protocol of the endpoint at `base`; `answers` is detected if it is None."""

    base: str
    inline_bytes: int
    backoff: Backoff
    answers: Answers | None = None

    def url(self, *parts: str, **query: str) -> str:
        """A URL below that of the endpoint. Raises ExplorerError for a part that would leave its place."""
        if any(not isinstance(part, str) or not part.strip(".") for part in parts):
            raise ExplorerError(f"{one_line(str(parts[-1]))!r} is no id of a job")
        path = "/".join(quote(part, safe="") for part in parts)
        query_string = urlencode(query, quote_via=quote, safe="")
        return f"{self.base}/{path}" + (f"?{query_string}" if query_string else "")

    # Jobs ----------------------------------------------------------------------------------------

    def submit(self, payload: Payload, key: str | None) -> Steps[Job]:
        """Submit a job. The idempotency key ensures that repeated requests make only one job."""
        if self.answers == "run":
            raise ExplorerError("the endpoint makes no jobs, it answers POST /run: use run")
        request, answer = yield from self._post("jobs", payload, key or uuid.uuid4().hex)
        if no_route(answer):
            raise refusal(request, answer, "if the endpoint answers POST /run: call run")
        return self._read_submission(request, answer)

    def _read_submission(self, request: Request, answer: Answer) -> Job:
        require_status(request, answer, 200, 201, 202)
        self.answers = "job"
        document = answer.json()
        if isinstance(document, dict) and isinstance(document.get("id"), str) and "status" not in document:
            return Job(document["id"], ACCEPTED)
        return Job.of(request, answer)

    def status(self, job: str | Job) -> Steps[Job]:
        """The job as the endpoint reports it now."""
        request = Request("GET", self.url("jobs", _id(job)))
        answer = yield from send_with_retries(request, self.backoff)
        return Job.of(request, require_status(request, answer, 200))

    def cancel(self, job: str | Job) -> Steps[Job]:
        """Cancel the job and return it as it is afterwards."""
        request = Request("DELETE", self.url("jobs", _id(job)))
        answer = yield from send_with_retries(request, self.backoff)
        # an earlier attempt may have cancelled it, with its answer lost
        if answer.status == 409 and answer.tries > 1:
            current = yield from self.status(job)
            if current.status == "cancelled":
                return current
        require_status(request, answer, 200, 202, 204)
        if isinstance(answer.json(), dict) and "status" in answer.json():
            return Job.of(request, answer)
        return (yield from self.status(job))

    def wait(self, job: str | Job, timeout_s: float | None = None, watch: Watch | None = None) -> Steps[Job]:
        """Wait until the job has ended. Raises WaitTimeoutError if it has not after `timeout_s` [s]."""
        text = f"job {_id(job)} has not ended after {timeout_s} s; it continues, and can be waited for again"
        return (
            yield from with_deadline(self._wait_until_ended(job, watch), timeout_s, WaitTimeoutError(text))
        )

    def _wait_until_ended(self, job: str | Job, watch: Watch | None) -> Steps[Job]:
        """Wait for the notice if the endpoint sends one, and read the status where none comes."""
        current = job if isinstance(job, Job) else (yield from self.status(job))
        default_polls, listens = 0, True
        while True:
            if watch:
                watch(current)
            if current.ended:
                return current
            if listens and current.socket and may_listen(self.base, current.socket):
                began = time.monotonic()
                notice = yield from self._notice(current, current.socket)
                listens = time.monotonic() - began >= LASTING_S
                current = notice or (yield from self.status(current.id))
                continue
            yield Pause(self.backoff.poll(default_polls, current.poll_after_s))
            default_polls = default_polls + 1 if current.poll_after_s is None else 0
            current = yield from self.status(current.id)

    def _notice(self, job: Job, socket: str) -> Steps[Job | None]:
        """The job as its notice describes it, None if none comes."""
        answer = yield Listen(socket, json.dumps({"job": job.id}))
        if isinstance(answer, NoAnswer):
            return None
        try:
            notice = Job.of(Request("GET", self.url("jobs", job.id)), answer)
        except EndpointError:
            return None
        return notice if notice.id == job.id and notice.ended else None

    # Bodies that are too large -------------------------------------------------------------------

    def _post(
        self,
        path: str,
        payload: Payload,
        key: str | None = None,
        may_repeat: Callable[[Answer | NoAnswer], bool] = is_transient,
        timeout_s: float = 60.0,
    ) -> Steps[tuple[Request, Answer]]:
        """Send a body: in the request if it fits, otherwise after an upload."""
        body = payload.body
        headers = {"idempotency-key": key} if key else {}
        if payload.token is None and body.content_type == JSON and body.size_bytes <= self.inline_bytes:
            headers["content-type"] = body.content_type
            snapshot = Body(body.read(), body.content_type)  # a file might change between signing and sending
            request = Request("POST", self.url(path), headers, snapshot, timeout_s=timeout_s)
            answer = yield from send_with_retries(request, self.backoff, may_repeat)
            if answer.status != 413:
                return request, answer
        if payload.token is None:
            payload.token = yield from self.upload(body, payload.on_sent)
        headers.pop("content-type", None)
        request = Request("POST", self.url(path, upload=payload.token), headers, timeout_s=timeout_s)
        return request, (yield from send_with_retries(request, self.backoff, may_repeat))

    def upload(self, body: Body, on_sent: Progress | None = None) -> Steps[str]:
        """Upload a body to the URL that the endpoint gives; the token that refers to it."""
        declaration: dict[str, Any] = {"bytes": body.size_bytes, "content_type": body.content_type}
        for _ in range(2):  # the URL may have expired during the upload
            request = Request("POST", self.url("uploads"), {"content-type": JSON}, Body(declaration))
            answer = yield from send_with_retries(request, self.backoff)
            if no_route(answer):
                hint = f"the body has {body.size_bytes} bytes, and the endpoint takes no uploads"
                raise refusal(request, answer, hint)
            url, headers, token = upload_target(request, require_status(request, answer, 200, 201))
            put = Request("PUT", url, headers, body, signed=False, on_sent=on_sent)
            answer = yield from send_with_retries(put, self.backoff)
            if answer.status != 403:
                break
        require_status(put, answer, 200, 201, 204)
        return token

    # Results -------------------------------------------------------------------------------------

    def result(self, job: str | Job, timeout_s: float | None = None) -> Steps[Any]:
        """The result of a job: JSON decoded, text as str, anything else as bytes."""
        ended_job, result = yield from self._wait_for_result(job, timeout_s)
        sink = MemorySink(result.bytes, result.sha256, None, result.content_encoding)
        yield from download_result(ended_job.id, result, sink, self)
        with _explain_not_gzip(ended_job.id, sink):
            content = sink.finish()
        return decode_result(result.content_type, content)

    def download(
        self, job: str | Job, path: Path, timeout_s: float | None, on_progress: Progress | None
    ) -> Steps[Path]:
        """Download the result of a job to a file."""
        ended_job, result = yield from self._wait_for_result(job, timeout_s)
        part = PartFile(path, result.bytes, result.sha256, on_progress, result.content_encoding)
        with closing(part) as sink:
            yield from download_result(ended_job.id, result, sink, self)
            with _explain_not_gzip(ended_job.id, sink):
                return sink.finish()

    def _wait_for_result(self, job: str | Job, timeout_s: float | None) -> Steps[tuple[Job, Result]]:
        ended_job = yield from self.wait(job, timeout_s)
        if ended_job.status == ACCEPTED:
            raise EndpointError(f"job {ended_job.id} was accepted; the endpoint keeps no results")
        if ended_job.status != "succeeded":
            reasons = [one_line(str((ended_job.error or {}).get(name) or "")) for name in ("type", "detail")]
            line = ": ".join([f"job {ended_job.id} was cancelled" if ended_job.status == "cancelled" else
                              f"job {ended_job.id} failed", *filter(None, reasons)])  # fmt: skip
            raise JobFailedError(line, ended_job)
        if ended_job.result is None:  # the answer to a repeated submission has fewer fields than the status
            ended_job = yield from self.status(ended_job.id)
        if ended_job.result is None:
            raise EndpointError(f"job {ended_job.id} has succeeded, but its status contains no result")
        return ended_job, ended_job.result

    # Either way ----------------------------------------------------------------------------------

    def run(
        self, payload: Payload, key: str | None, timeout_s: float | None, watch: Watch | None
    ) -> Steps[Any]:
        """Send a body and return the result, by a job or by `POST /run`, whichever the endpoint has."""
        first_refusal = None
        if self.answers != "run":
            request, answer = yield from self._post("jobs", payload, key or uuid.uuid4().hex)
            if self.answers == "job" or not may_have_other_route(answer):
                job = yield from self.wait(self._read_submission(request, answer), timeout_s, watch)
                return None if job.status == ACCEPTED else (yield from self.result(job))
            first_refusal = refusal(request, answer)
        timeout_s = RUN_TIMEOUT_S if timeout_s is None else timeout_s
        request, answer = yield from self._post("run", payload, None, never_ran, timeout_s)
        if first_refusal and may_have_other_route(answer):
            raise first_refusal
        pages = yield from self._pages(request, answer)
        self.answers = "run"
        return join_pages(request, pages)

    def _pages(self, request: Request, answer: Answer) -> Steps[list[Answer]]:
        pages, urls = [require_status(request, answer, 200)], {request.url}
        while link := next_link(answer):
            request = replace(request, url=resolve_link(self.base, request.url, link))
            if request.url in urls:
                raise EndpointError(f"{request.name}: a page links back to an earlier one", answer.status)
            urls.add(request.url)
            answer = yield from send_with_retries(request, self.backoff, never_ran)
            pages.append(require_status(request, answer, 200))
        return pages


@contextmanager
def _explain_not_gzip(id: str, sink: Sink) -> Iterator[None]:
    try:
        yield
    except NotGzip:
        sink.restart()
        raise DownloadError(f"the result of job {id} cannot be decompressed, and was discarded") from None


def _id(job: str | Job) -> str:
    return job.id if isinstance(job, Job) else job
