"""The jobs that one task of a service runs, a fixed number at a time, and its search for abandoned ones."""

from __future__ import annotations

import json
import math
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import jobs
import log
import open_jobs
import row as rows
import slices
from clients import error_code, platform_errors
from settings import SETTINGS

POLL_S = 0.05
LEASES_PER_LOOK = 2  # how rarely a task looks for abandoned jobs: S3 bills each look


class JobPool:
    """Runs the jobs that it takes, `at_once` of them at a time; the others wait.

    A job that this task cannot do, because another holds it or AWS fails, stays where every task finds it.
    """

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="job")
        self._ids: set[str] = set()  # running, or waiting here
        self._running = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def take(self, id: str, payload: bytes) -> None:
        """Take a job, unless this task has it already."""
        with self._lock:
            if id in self._ids or self._stopping.is_set():
                return
            self._ids.add(id)
        self._threads.submit(self._do, id, payload)

    def look_for_jobs(self) -> None:
        """Take abandoned jobs, as long as this task lasts."""
        while not self._stopping.wait(SETTINGS.lease_s * LEASES_PER_LOOK * random.uniform(0.8, 1.2)):  # noqa: S311 - a wait
            with suppress(*platform_errors()):
                self._look_once()

    def stop(self, patience_s: float) -> None:
        """Take no more jobs, and wait up to `patience_s` [s] for running ones; other tasks take the rest."""
        self._stopping.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        deadline = time.monotonic() + patience_s
        while self._running and time.monotonic() < deadline:
            time.sleep(POLL_S)

    def _look_once(self) -> None:
        for id in open_jobs.find(SETTINGS.lease_s):
            if len(self._ids) >= self.at_once:
                return
            if id not in self._ids and _is_abandoned(id):
                with suppress(*platform_errors()):
                    self.take(id, open_jobs.event_of(id))

    def _do(self, id: str, payload: bytes) -> None:
        with self._lock:
            self._running += 1
        try:
            with log.invocation("work", uuid.uuid4().hex):
                self._advance(id, payload)
        finally:
            with self._lock:
                self._ids.discard(id)
                self._running -= 1

    def _advance(self, id: str, payload: bytes) -> None:
        try:
            slices.advance(json.loads(payload), lambda: math.inf)
            open_jobs.forget(id)
        except jobs.Busy:
            log.note(did="left to another")
        except platform_errors() as error:
            log.note(failed=log.where(error), code=error_code(error))


def _is_abandoned(id: str) -> bool:
    """Whether nobody works on a job; the event of an ended job is removed."""
    row = rows.get(id)
    if row is None or row["status"] in jobs.ENDED:
        open_jobs.forget(id)
        return False
    return bool(row["lease"] < rows.now())  # 0 for a job that nobody has begun
