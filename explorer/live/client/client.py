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

from .bodies import Progress, writable_path
from .caller import Caller, answer_of, failure_of, make_payload, ssl_context
from .exchange import Answer, EndpointError, Job, Listen, NoAnswer, Pause, Request, Steps
from .listening import listen
from .protocol import Watch

T = TypeVar("T")


class Client(Caller):  # noqa: D101 - documented below
    __doc__ = Caller.__doc__

    _http_class = httpx2.Client
    _http: httpx2.Client

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def submit(
        self,
        body: Any,
        idempotency_key: str | None = None,
        *,
        content_type: str | None = None,
        on_progress: Progress | None = None,
    ) -> Job:
        """Submit a job.

        Parameters
        ----------
        body
            A value that JSON can represent; bytes, sent as they are; a path or an open binary file, streamed.
        idempotency_key
            The same key with the same body is the same job (default: a new key for each call).
        content_type
            Of bytes or a file (default: application/json, or derived from the file's name); a body that is
            not JSON, or too large for a request, is uploaded first.
        on_progress
            Called with the bytes uploaded and the bytes in total.

        Returns
        -------
        Job
            The job as the endpoint accepted it.

        Raises
        ------
        EndpointError
            If the job is refused.
        UnreachableError
            If no answer comes.
        """
        payload = make_payload(body, content_type, on_progress, idempotency_key)
        return self._drive(self._protocol.submit(payload, idempotency_key))

    def status(self, id: str | Job) -> Job:
        """The job as the endpoint reports it now.

        Parameters
        ----------
        id
            Of the job, or the job.

        Raises
        ------
        EndpointError
            If there is no such job.
        UnreachableError
            If no answer comes.
        """
        return self._drive(self._protocol.status(id))

    def wait(self, id: str | Job, timeout: float | None = None, on_progress: Watch | None = None) -> Job:
        """Wait until the job has ended, successfully or not.

        Parameters
        ----------
        id
            Of the job, or the job.
        timeout
            The longest time to wait [s] (default: no limit).
        on_progress
            Called with the job each time its status is read.

        Returns
        -------
        Job
            The job as it ended.

        Raises
        ------
        WaitTimeoutError
            After `timeout`; the job continues.
        """
        return self._drive(self._protocol.wait(id, timeout, on_progress))

    def cancel(self, id: str | Job) -> Job:
        """Cancel the job: a running one stops at its next step.

        Parameters
        ----------
        id
            Of the job, or the job.

        Raises
        ------
        EndpointError
            If it has ended.
        """
        return self._drive(self._protocol.cancel(id))

    def result(self, id: str | Job, timeout: float | None = None) -> Any:
        """The result of the job, once it has ended: JSON decoded, text as str, anything else as bytes.

        Parameters
        ----------
        id
            Of the job, or the job.
        timeout
            The longest time to wait for the job [s] (default: no limit).

        Raises
        ------
        JobFailedError
            If it failed or was cancelled.
        DownloadError
            If the result differs from its sha256.
        WaitTimeoutError
            After `timeout`.
        """
        return self._drive(self._protocol.result(id, timeout))

    def download(
        self,
        id: str | Job,
        path: str | os.PathLike[str],
        timeout: float | None = None,
        on_progress: Progress | None = None,
    ) -> Path:
        """Write the result of the job to a file, which exists only once it is complete and checked.

        An interrupted download is continued.

        Parameters
        ----------
        id
            Of the job, or the job.
        path
            Of the file; its folder must exist.
        timeout
            The longest time to wait for the job [s] (default: no limit).
        on_progress
            Called with the bytes downloaded and the bytes in total, both before decompression.

        Returns
        -------
        Path
            The path of the file.

        Raises
        ------
        JobFailedError
            If it failed or was cancelled.
        DownloadError
            If the result differs from its sha256.
        WaitTimeoutError
            After `timeout`.
        """
        return self._drive(self._protocol.download(id, writable_path(path), timeout, on_progress))

    def run(
        self,
        body: Any,
        idempotency_key: str | None = None,
        *,
        content_type: str | None = None,
        timeout: float | None = None,
        on_progress: Watch | None = None,
    ) -> Any:
        """Send a body and return its result, whether the endpoint makes jobs or answers `POST /run`.

        Pages are joined and gzip is decompressed. A request that may have started the work is repeated only
        where the endpoint makes jobs; `POST /run` is repeated only if the work certainly did not start.
        Raises what `submit`, `wait` and `result` raise.

        Parameters
        ----------
        body, idempotency_key, content_type
            As for `submit`.
        timeout
            The longest time to wait for the result [s] (default: no limit).
        on_progress
            Called with the job each time its status is read.
        """
        payload = make_payload(body, content_type, None, idempotency_key)
        return self._drive(self._protocol.run(payload, idempotency_key, timeout, on_progress))

    def _drive(self, steps: Steps[T]) -> T:
        answer: Answer | NoAnswer | None = None
        with closing(steps):
            while True:
                try:
                    action = steps.send(answer)
                except StopIteration as end:
                    result: T = end.value
                    return result
                except EndpointError as error:
                    raise self._add_region_hint(error) from None
                if isinstance(action, Pause):
                    time.sleep(action.seconds)
                    answer = None
                elif isinstance(action, Listen):
                    answer = listen(action, self._handshake(action.url), ssl_context())
                else:
                    answer = self._send(action)

    def _send(self, request: Request) -> Answer | NoAnswer:
        arguments = self._arguments(request)
        try:
            with self._http.stream(**arguments, content=_content(request)) as response:
                if not request.into or not request.into.takes(response.status_code, response.headers):
                    return answer_of(response, response.read())
                # each piece as it arrives: a larger buffer would be lost with the connection
                for chunk in response.iter_raw():
                    if not request.into.write(chunk):
                        break
                return answer_of(response)
        except httpx2.RequestError as error:
            return failure_of(request, error)


def _content(request: Request) -> bytes | Iterable[bytes] | None:
    if not request.body:
        return None
    return request.body.read() if request.signed else request.body.chunks(request.on_sent)
