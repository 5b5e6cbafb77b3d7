"""Keeps a job claimed while it runs: renews the lease, detects cancellation, watches the time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import jobs
from clients import client, platform_errors
from context import Cancelled, ClaimLost
from row import Refused
from settings import SETTINGS

TIME_OUT_MARGIN_S = 1.0  # before the end of an invocation: a job that still runs is ended as timed out
RENEWAL_PAUSE_S = 1.0  # between two renewals at checkpoints


class Heartbeat:
    """A thread beside the work, for the duration of the `with` block.

    Parameters
    ----------
    claim : the job
    remaining_s : time that is left of the invocation [s]
    renew_also : renews something else with the lease, such as a message's visibility timeout
    """

    def __init__(
        self,
        claim: jobs.Claim,
        remaining_s: Callable[[], float],
        renew_also: Callable[[], None] = lambda: None,
    ) -> None:
        self.claim, self.progress = claim, float(claim.row.get("progress", 0))
        self._remaining_s, self._renew_also = remaining_s, renew_also
        self._stop, self._is_lost, self._is_cancelled = threading.Event(), False, bool(claim.row["cancel"])
        self._renewed_s = time.monotonic()
        self._thread = threading.Thread(target=self._run, daemon=True)
        client("dynamodb")  # created here: two threads may not create one at once

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stop.set()
        self._thread.join()

    def check(self, progress: float | None) -> None:
        """At a checkpoint: raise Cancelled or ClaimLost if the work is to stop."""
        if progress is not None:
            self.progress = min(1.0, max(self.progress, float(progress)))
        if time.monotonic() - self._renewed_s >= min(RENEWAL_PAUSE_S, SETTINGS.lease_s / 3):
            self._renew()
        if self._is_lost:
            raise ClaimLost
        if self._is_cancelled:
            raise Cancelled

    def _run(self) -> None:
        while not self._stop.wait(self._pause_s()):
            if self._remaining_s() <= TIME_OUT_MARGIN_S:
                self._time_out()
                return
            self._renew()
            self._renew_also()

    def _pause_s(self) -> float:
        return max(0.0, min(SETTINGS.lease_s / 3, self._remaining_s() - TIME_OUT_MARGIN_S))

    def _renew(self) -> None:
        """Renew the lease; it outlasts three renewals, so that a failed one does no harm."""
        self._renewed_s = time.monotonic()
        with suppress(*platform_errors()):
            try:
                self._is_cancelled = bool(jobs.renew(self.claim, self.progress)["cancel"])
            except Refused:
                self._is_lost = True

    def _time_out(self) -> None:
        detail = "the work was not done when the time of its invocation was over"
        with suppress(*platform_errors()):
            jobs.end(self.claim, "failed", error={"type": "TimedOut", "detail": detail})
