"""The client of an endpoint: submit, wait, download, and all of it in one call.

`with ex.live.Client(url, credentials) as client: statement = client.run({"account": 7})`
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from .bodies import Progress, writable
from .caller import Caller, answer_of, lost, sending
from .exchange import Answer, EndpointError, Job, Lost, Pause, Request, Steps
from .protocol import Watch

T = TypeVar("T")


class Client(Caller):  # noqa: D101 - documented below
    __doc__ = Caller.__doc__

    _library = httpx2.Client
    _http: httpx2.Client

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def submit(
        self,
        body: Any,
        idempotency_key: str | None = None,
        *,
        content_type: str | None = None,
        on_progress: Progress | None = None,
    ) -> Job:
        """Hand a job over.

        Parameters
        ----------
        body : what JSON can say; bytes, sent as they are; a path or an open binary file, streamed
        idempotency_key : the same key and body again is the same job (default: one a call)
        content_type : of bytes or a file (default: application/json, or by the file's name); what is
            not JSON, or too large for a request, is uploaded first
        on_progress : called with bytes uploaded and bytes in all

        Raises EndpointError if it is refused, UnreachableError if no answer comes.
        """
        payload = sending(body, content_type, on_progress, idempotency_key)
        return self._drive(self._protocol.submit(payload, idempotency_key))

    def status(self, id: str | Job) -> Job:
        """A job as the endpoint reports it now."""
        return self._drive(self._protocol.status(id))

    def wait(self, id: str | Job, timeout: float | None = None, on_progress: Watch | None = None) -> Job:
        """The job when it has ended, well or not.

        Parameters
        ----------
        timeout : how long to wait at most [s] (default: for ever)
        on_progress : called with the job each time its status is read

        Raises WaitTimeoutError after `timeout`; the job goes on.
        """
        return self._drive(self._protocol.wait(id, timeout, on_progress))

    def cancel(self, id: str | Job) -> Job:
        """Ask for its end: a running job stops at its next step. Raises EndpointError if it has ended."""
        return self._drive(self._protocol.cancel(id))

    def result(self, id: str | Job, timeout: float | None = None) -> Any:
        """What a job came to, once it has ended: JSON read, text as text, all else as bytes.

        Raises JobFailedError if it failed or was cancelled, DownloadError if it differs from its sha256.
        """
        return self._drive(self._protocol.result(id, timeout))

    def download(
        self,
        id: str | Job,
        path: str | os.PathLike[str],
        timeout: float | None = None,
        on_progress: Progress | None = None,
    ) -> Path:
        """A job's result in a file, which is there only once it is whole and its sha256 is right.

        An interrupted download is continued. `on_progress` is called with bytes done and
        bytes in all, as they are downloaded: gzip is undone at the end. Raises as `result` does.
        """
        return self._drive(self._protocol.download(id, writable(path), timeout, on_progress))

    def run(
        self,
        body: Any,
        idempotency_key: str | None = None,
        *,
        content_type: str | None = None,
        timeout: float | None = None,
        on_progress: Watch | None = None,
    ) -> Any:
        """All steps from a body to its result, whether the endpoint makes jobs or answers `POST /run`.

        Pages are joined, gzip is undone. Work that may have begun is asked for again only where a job
        stands for it: `POST /run` is repeated only if it surely did not run. Raises as `submit`,
        `wait` and `result` do.
        """
        payload = sending(body, content_type, None, idempotency_key)
        return self._drive(self._protocol.run(payload, idempotency_key, timeout, on_progress))

    def _drive(self, steps: Steps[T]) -> T:
        answer: Answer | Lost | None = None
        with closing(steps):
            while True:
                try:
                    action = steps.send(answer)
                except StopIteration as end:
                    result: T = end.value
                    return result
                except EndpointError as error:
                    raise self._explained(error) from None
                if isinstance(action, Pause):
                    time.sleep(action.seconds)
                    answer = None
                else:
                    answer = self._send(action)

    def _send(self, request: Request) -> Answer | Lost:
        arguments = self._arguments(request)
        try:
            with self._http.stream(**arguments, content=_content(request)) as response:
                if not request.into or not request.into.takes(response.status_code, response.headers):
                    return answer_of(response, response.read())
                # pieces as they come: gathered to larger ones, the last would be lost with the connection
                for chunk in response.iter_raw():
                    if not request.into.write(chunk):
                        break
                return answer_of(response)
        except httpx2.RequestError as error:
            return lost(request, error)


def _content(request: Request) -> bytes | Iterable[bytes] | None:
    if not request.body:
        return None
    return request.body.read() if request.signed else request.body.chunks(request.on_sent)
