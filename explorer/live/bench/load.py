"""Requests sent when they are due, whatever became of those before.

One that could not be sent in time is sent late, and how late is recorded: the latency counts from when
it was due. So a server that stalls is charged for all that came meanwhile.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

from .row import Row
from .schedule import Closed, Schedule

INTERRUPTED = "interrupted"  # the error of a job that was under way when its run was ended
GRACE_S = 5.0  # how long an interrupted run waits for what is under way
LEAD_S = 0.05  # from the start of a run to its first request
Job = Callable[[Row], Awaitable[None]]
Progress = Callable[[int, int, int], None]  # (done, in flight, of)


class Clock:
    """Seconds since the start of a run."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """The run starts in `LEAD_S`."""
        self._zero = time.monotonic() + LEAD_S
        self.epoch = time.time() + LEAD_S  # the start in epoch seconds

    def now(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._zero


class Run:
    """One run under way: its rows, and what is in flight.

    Parameters
    ----------
    clock : of the run
    job : does one request and fills its row
    in_flight_cap : requests at a time; one that is due beyond it is dropped, and the run not valid
    progress : called for each request that ends
    """

    def __init__(
        self, clock: Clock, job: Job, in_flight_cap: int = 20_000, progress: Progress | None = None
    ) -> None:
        self.rows: list[Row] = []
        self.dropped = 0
        self.interrupted = False
        self.outage = ""  # why the endpoint answers no more
        self._clock, self._job = clock, job
        self._cap, self._progress = in_flight_cap, progress
        self._flying: set[asyncio.Task[None]] = set()
        self._ended = self._of = 0
        self._failure: Exception | None = None

    async def go(self, schedule: Schedule | Closed) -> list[Row]:
        """Send all of it, and wait until each request has ended.

        When it is cancelled, as by Ctrl-C, it sends no more, waits `GRACE_S` for what is under way and
        returns what there is. After an `outage`, it waits for nothing: what was accepted is lost.
        """
        self._of = schedule.requests
        with _quiet_collector():
            self._clock.start()
            try:
                sending = self._closed(schedule) if isinstance(schedule, Closed) else self._open(schedule)
                await sending
                while self._flying:
                    await asyncio.wait(self._flying)
            except asyncio.CancelledError:
                self.interrupted = not self.outage
                await self._wind_down()
        if self._failure:
            raise self._failure
        return self.rows

    async def _open(self, schedule: Schedule) -> None:
        due, stretch = schedule.at_s.tolist(), schedule.stretch_of.tolist()
        for number, at_s in enumerate(due):
            if (wait := at_s - self._clock.now()) > 0:
                await asyncio.sleep(wait)
            elif number % 64 == 0:  # behind: what has come back is not left waiting
                await asyncio.sleep(0)
            if self._failure:
                return
            row = Row(number, at_s, self._clock.now(), stretch=stretch[number])
            self.rows.append(row)
            if len(self._flying) >= self._cap:
                self.dropped += 1
                row.fail("dropped", "in-flight cap")
                continue
            task = asyncio.create_task(self._one(row))
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)

    async def _closed(self, closed: Closed) -> None:
        numbers = iter(range(closed.jobs))
        clients = [asyncio.create_task(self._client(numbers)) for _ in range(closed.concurrency)]
        self._flying.update(clients)
        await asyncio.gather(*clients)
        self._flying.clear()

    async def _client(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            if self._failure:
                return
            row = Row(number, self._clock.now())
            self.rows.append(row)
            await self._one(row)

    async def _one(self, row: Row) -> None:
        row.sent_s = self._clock.now()
        row.lateness_s = row.sent_s - row.scheduled_s
        try:
            await self._job(row)
        except Exception as error:  # a signer without credentials, say: the others would fail as well
            self._failure = error
            row.fail("unknown", type(error).__name__)
        row.ended_s = self._clock.now()
        row.latency_s, row.service_s = row.ended_s - row.scheduled_s, row.ended_s - row.sent_s
        self._ended += 1
        if self._progress:
            self._progress(self._ended, len(self._flying), self._of)

    async def _wind_down(self) -> None:
        flying = set(self._flying)
        if flying and not self.outage:
            with suppress(asyncio.CancelledError):  # asked again: at once
                await asyncio.wait(flying, timeout=GRACE_S)
        for task in flying:
            task.cancel()
        await asyncio.gather(*flying, return_exceptions=True)
        for row in self.rows:
            if not row.status and self.outage:
                row.fail("lost" if row.accepted else "unknown", "the endpoint is gone")
            elif not row.status:
                row.fail("unknown", INTERRUPTED)


@contextmanager
def _quiet_collector() -> Iterator[None]:
    """Nothing that was there before is looked through by the garbage collector meanwhile."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
