"""Sends requests when they are due, whatever became of earlier ones.

A request that could not be sent in time is sent late, and its lateness is recorded: the latency counts from
the time when it was due. A stalled server is thus charged for all requests that come during the stall.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

from .row import Row
from .schedule import ClosedLoop, Schedule

INTERRUPTED = "interrupted"  # the error of a job that was in progress when its run was interrupted
GRACE_S = 5.0  # wait of an interrupted run for requests in flight
LEAD_S = 0.05  # from the start of a run to its first request
Job = Callable[[Row], Awaitable[None]]
Progress = Callable[[int, int, int], None]  # (done, in flight, total)


class Clock:
    """Seconds since the start of a run."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Set the start to `LEAD_S` from now."""
        self._start = time.monotonic() + LEAD_S
        self.epoch = time.time() + LEAD_S  # the start in epoch seconds

    def now(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start


class Run:
    """One run: its rows, and its requests in flight.

    Parameters
    ----------
    clock : of the run
    job : sends one request and fills its row
    in_flight_cap : requests at a time; one that is due beyond it is dropped, and the run is not valid
    progress : called for each request that ends
    """

    def __init__(
        self, clock: Clock, job: Job, in_flight_cap: int = 20_000, progress: Progress | None = None
    ) -> None:
        self.rows: list[Row] = []
        self.dropped = 0
        self.interrupted = False
        self.outage = ""  # why the endpoint no longer answers
        self._clock, self._job = clock, job
        self._cap, self._progress = in_flight_cap, progress
        self._in_flight: set[asyncio.Task[None]] = set()
        self._ended_count = self._total = 0
        self._failure: Exception | None = None

    async def send_all(self, schedule: Schedule | ClosedLoop) -> list[Row]:
        """Send all requests, wait until each has ended, and return their rows.

        If it is cancelled, for example by Ctrl-C, it sends no more, waits `GRACE_S` for requests in flight
        and returns the rows so far. After an `outage` it waits for nothing: accepted jobs are lost.
        """
        self._total = schedule.requests
        with _freeze_garbage():
            self._clock.start()
            try:
                sender = (
                    self._send_closed(schedule)
                    if isinstance(schedule, ClosedLoop)
                    else self._send_open(schedule)
                )
                await sender
                while self._in_flight:
                    await asyncio.wait(self._in_flight)
            except asyncio.CancelledError:
                self.interrupted = not self.outage
                await self._stop_in_flight()
        if self._failure:
            raise self._failure
        return self.rows

    async def _send_open(self, schedule: Schedule) -> None:
        due, stretch = schedule.at_s.tolist(), schedule.stretch_of.tolist()
        for number, at_s in enumerate(due):
            if (wait_s := at_s - self._clock.now()) > 0:
                await asyncio.sleep(wait_s)
            elif number % 64 == 0:  # behind schedule: let the answers that have arrived be read
                await asyncio.sleep(0)
            if self._failure:
                return
            row = Row(number, at_s, self._clock.now(), stretch=stretch[number])
            self.rows.append(row)
            if len(self._in_flight) >= self._cap:
                self.dropped += 1
                row.fail("dropped", "in-flight cap")
                continue
            task = asyncio.create_task(self._run_job(row))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)

    async def _send_closed(self, closed: ClosedLoop) -> None:
        numbers = iter(range(closed.jobs))
        clients = [asyncio.create_task(self._client(numbers)) for _ in range(closed.concurrency)]
        self._in_flight.update(clients)
        await asyncio.gather(*clients)
        self._in_flight.clear()

    async def _client(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            if self._failure:
                return
            row = Row(number, self._clock.now())
            self.rows.append(row)
            await self._run_job(row)

    async def _run_job(self, row: Row) -> None:
        row.sent_s = self._clock.now()
        row.lateness_s = row.sent_s - row.scheduled_s
        try:
            await self._job(row)
        except Exception as error:  # such as a signer without credentials: every other request would fail
            self._failure = error
            row.fail("unknown", type(error).__name__)
        row.ended_s = self._clock.now()
        row.latency_s, row.service_s = row.ended_s - row.scheduled_s, row.ended_s - row.sent_s
        self._ended_count += 1
        if self._progress:
            self._progress(self._ended_count, len(self._in_flight), self._total)

    async def _stop_in_flight(self) -> None:
        tasks = set(self._in_flight)
        if tasks and not self.outage:
            with suppress(asyncio.CancelledError):  # a second cancellation ends the wait at once
                await asyncio.wait(tasks, timeout=GRACE_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for row in self.rows:
            if not row.status and self.outage:
                row.fail("lost" if row.accepted else "unknown", "the endpoint is gone")
            elif not row.status:
                row.fail("unknown", INTERRUPTED)


@contextmanager
def _freeze_garbage() -> Iterator[None]:
    """Keep the garbage collector from scanning existing objects during a run."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
