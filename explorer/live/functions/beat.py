"""Holds a job while it is worked on: renews the lease, learns of cancellation, watches the time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import jobs
from clients import client, platform_errors
from context import Cancelled, Lost
from row import Refused
from settings import SETTINGS

LAST_S = 1.0  # of an invocation: a job that still runs then is ended as timed out
LEAST_S = 1.0  # between two writes for checkpoints


class Beat:
    """A thread beside the work, for as long as the `with` lasts.

    Parameters
    ----------
    held : the job
    remaining_s : what is left of the invocation
    also : what else is to be renewed with the lease: a message's visibility timeout
    """

    def __init__(
        self, claim: jobs.Claim, remaining_s: Callable[[], float], also: Callable[[], None] = lambda: None
    ) -> None:
        self.claim, self.progress = claim, float(claim.row.get("progress", 0))
        self._remaining_s, self._also = remaining_s, also
        self._over, self._lost, self._cancelled = threading.Event(), False, bool(claim.row["cancel"])
        self._renewed = time.monotonic()
        self._thread = threading.Thread(target=self._run, daemon=True)
        client("dynamodb")  # made here: making one is not for two threads at once

    def __enter__(self) -> Beat:
        self._thread.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._over.set()
        self._thread.join()

    def check(self, progress: float | None) -> None:
        """At a checkpoint: raise Cancelled or Lost if the work is not to go on."""
        if progress is not None:
            self.progress = min(1.0, max(self.progress, float(progress)))
        if time.monotonic() - self._renewed >= min(LEAST_S, SETTINGS.lease_s / 3):
            self._renew()
        if self._lost:
            raise Lost
        if self._cancelled:
            raise Cancelled

    def _run(self) -> None:
        while not self._over.wait(self._pause_s()):
            if self._remaining_s() <= LAST_S:
                self._time_out()
                return
            self._renew()
            self._also()

    def _pause_s(self) -> float:
        return max(0.0, min(SETTINGS.lease_s / 3, self._remaining_s() - LAST_S))

    def _renew(self) -> None:
        """One that fails is made good by the next: a lease outlasts three."""
        self._renewed = time.monotonic()
        with suppress(*platform_errors()):
            try:
                self._cancelled = bool(jobs.renew(self.claim, self.progress)["cancel"])
            except Refused:
                self._lost = True

    def _time_out(self) -> None:
        detail = "the work was not done when the time of its invocation was over"
        with suppress(*platform_errors()):
            jobs.end(self.claim, "failed", error={"type": "TimedOut", "detail": detail})
