"""One job as a client runs it: submit, poll, fetch; or one request that is answered directly."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from explorer.live.client.exchange import Listen
from explorer.live.client.protocol import LASTING_S

from .endpoint import Endpoint, Work
from .exchange import Answer, ExchangeError, Exchanges
from .load import Clock
from .row import NAN, Row

ENDED = {"succeeded", "failed", "cancelled"}
DEFAULT_POLL_S = 1.0  # wait between two polls without a Retry-After
FETCH_ATTEMPTS = 3  # requests for a result before the job counts as lost
MOST_PAGES = 10_000
NEXT = re.compile(r'<([^>]+)>\s*;[^,]*\brel="?next"?')


class LostJob(Exception):
    """An accepted job whose end or result cannot be read."""


@dataclass(frozen=True)
class Polling:
    """How a client polls the status of a job.

    Parameters
    ----------
    every_s : wait before the first polls [s]; None: as Retry-After says
    growth : each later wait is at least this share of the time since the submission
    timeout_s : a job that has not ended by then counts as lost [s]
    """

    every_s: float | None = None
    growth: float = 0.1
    timeout_s: float = 900.0

    def wait_s(self, answer: Answer, since_s: float) -> float:
        """The wait after this answer, `since_s` [s] after the submission [s]."""
        if self.every_s is None:
            return answer.retry_after_s(DEFAULT_POLL_S)
        return max(self.every_s, self.growth * since_s)


class SubmittedJob:
    """Submits, polls until the job ends, fetches the result by its signed URL and checks its digest."""

    def __init__(
        self, clock: Clock, exchanges: Exchanges, endpoint: Endpoint, work: Work, polling: Polling
    ) -> None:
        self._now, self._exchanges, self._work, self._polling = clock.now, exchanges, work, polling
        self._base = endpoint.url.rstrip("/")

    async def __call__(self, row: Row) -> None:
        """Run the whole job; the row records every failure."""
        try:
            answer = await self._submit(row)
            if answer is None:
                return
            if "status" not in answer.json():  # only acknowledged: there is nothing to wait for
                row.seen_s, row.status = row.accepted_s, "succeeded"
                return
            status = await self._poll_until_ended(row, answer)
            row.attempts = int(status.get("attempts") or 0)
            _copy_times(row, status)
            if status["status"] == "succeeded":
                await self._fetch(row, status)
            else:
                error = status.get("error") or {}
                row.fail(str(status["status"]), f"{status['status']}: {error.get('type', 'no reason')}")
        except LostJob as error:
            row.fail("lost", str(error))

    async def _submit(self, row: Row) -> Answer | None:
        body = self._work.body_of(row.number)
        row.request_bytes = len(body)
        try:
            answer = await self._exchanges.ask("POST", f"{self._base}/jobs", body)
        except ExchangeError as error:
            # it is unknown whether the job was accepted
            row.fail("unknown", f"submit: {error.kind}")
            return None
        row.accepted_s, row.http_status = self._now(), answer.status
        row.submit_s = row.accepted_s - row.sent_s
        if answer.status != 202:
            row.fail("refused", f"submit: {answer.status}")
            return None
        try:
            row.id = str(answer.json()["id"])
        except (ExchangeError, KeyError):
            raise LostJob("submit: 202 without an id") from None
        return answer

    async def _poll_until_ended(self, row: Row, answer: Answer) -> dict[str, Any]:
        """The status that reports the end of the job. Raises LostJob if none does in time."""
        url = urljoin(self._base + "/", f"jobs/{row.id}")
        last_status, listens = "no answer", True
        socket = answer.json().get("socket")
        while True:
            since_s = self._now() - row.accepted_s
            if isinstance(socket, str) and listens:
                notice = await self._notice(row, socket, self._polling.timeout_s - since_s)
                if notice:
                    row.seen_s = self._now()
                    return notice
                listens = self._now() - row.accepted_s - since_s >= LASTING_S
            else:
                wait_s = self._polling.wait_s(answer, since_s)
                if since_s + wait_s > self._polling.timeout_s:
                    raise LostJob(f"not ended in time: {last_status}")
                await asyncio.sleep(wait_s)
            row.polls += 1
            try:
                answer = await self._exchanges.ask("GET", url)
                if answer.status == 404:
                    raise LostJob("status: 404")
                if answer.status != 200:
                    raise ExchangeError(str(answer.status))
                status = answer.json()
            except ExchangeError as error:
                row.poll_errors += 1
                last_status = f"status: {error.kind}"
                continue
            last_status = str(status.get("status"))
            if last_status in ENDED:
                row.seen_s, row.status_s = self._now(), answer.end_at - answer.sent_at
                return status

    async def _notice(self, row: Row, socket: str, timeout_s: float) -> dict[str, Any] | None:
        """The notice of the job's end; None if the connection ends before it."""
        listen = Listen(socket, json.dumps({"job": row.id}))
        notice = await self._exchanges.notice(socket, listen.ping, listen.ping_s, timeout_s)
        return notice if notice and notice.get("id") == row.id and notice.get("status") in ENDED else None

    async def _fetch(self, row: Row, status: dict[str, Any]) -> None:
        result = status.get("result")
        if not isinstance(result, dict) or not result.get("url"):
            raise LostJob("succeeded without a result")
        kind = ""
        for _ in range(FETCH_ATTEMPTS):
            try:
                answer = await self._exchanges.fetch(str(result["url"]))
            except ExchangeError as error:
                kind = error.kind
                continue
            if answer.status == 200:
                break
            kind = str(answer.status)
        else:
            raise LostJob(f"result: {kind}")
        row.fetch_s, row.first_byte_s = self._now() - row.seen_s, answer.head_at - answer.sent_at
        row.bytes, row.received_bytes, row.sha256 = answer.whole_bytes, answer.bytes, answer.sha256
        row.content_sha256 = answer.content_sha256
        if (answer.bytes, answer.sha256) != (result.get("bytes"), result.get("sha256")):
            raise LostJob("result: other bytes than the status says")
        _check_size(row, self._work)


class DirectRequest:
    """One POST /run, and the further pages that the answer links to."""

    def __init__(self, clock: Clock, exchanges: Exchanges, endpoint: Endpoint, work: Work) -> None:
        self._now, self._exchanges, self._work = clock.now, exchanges, work
        self._base = endpoint.url.rstrip("/")

    async def __call__(self, row: Row) -> None:
        """Run the whole request; the row records every failure."""
        body = self._work.body_of(row.number)
        row.request_bytes, url, content = len(body), f"{self._base}/run", hashlib.sha256()
        try:
            for _ in range(MOST_PAGES):
                answer = await self._exchanges.ask("POST", url, body, content, Accept_Encoding="gzip")
                row.http_status = answer.status
                if answer.status != 200:
                    return row.fail("refused", f"run: {answer.status}")
                if not row.bytes:
                    row.first_byte_s, row.sha256 = answer.head_at - answer.sent_at, answer.sha256
                row.bytes += answer.whole_bytes
                row.received_bytes += answer.bytes
                link = NEXT.search(answer.headers.get("Link", ""))
                if link is None:
                    break
                url, row.sha256 = urljoin(url, link[1]), ""
        except ExchangeError as error:
            return row.fail("unknown", f"run: {error.kind}")
        row.content_sha256 = content.hexdigest()
        row.accepted_s = row.seen_s = self._now()
        row.submit_s = row.accepted_s - row.sent_s
        _check_size(row, self._work)


def _check_size(row: Row, work: Work) -> None:
    """Mark the row as succeeded if the result has the requested size."""
    if work.response_bytes is not None and row.bytes != work.response_bytes:
        return row.fail("failed", "result: other bytes than were asked for")
    row.status = "succeeded"


def _copy_times(row: Row, status: dict[str, Any]) -> None:
    """Copy the endpoint's times of day, if present; "updated" of an ended job is its end."""
    row.submitted = _epoch_s(status.get("submitted"))
    row.started = _epoch_s(status.get("started"))
    ended_s = _epoch_s(status.get("ended"))
    row.ended = _epoch_s(status.get("updated")) if math.isnan(ended_s) else ended_s


def _epoch_s(value: object) -> float:
    """A time of day in epoch seconds, from a number or ISO 8601 text."""
    from datetime import datetime

    if isinstance(value, int | float):
        return float(value)
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        return NAN
