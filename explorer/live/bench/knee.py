"""The rate at which an endpoint no longer keeps up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .percentiles import percentiles
from .row import Row
from .schedule import Schedule

SERVED = 0.95  # share of the offered rate
SLOWER = 5.0  # factor over the p99 of the first stretch
EDGE = 0.05  # share of the completions at each end that is left out


def stretches(rows: Sequence[Row], schedule: Schedule) -> list[dict[str, Any]]:
    """A row for each rate: offered and served [requests/s], p50 and p99 [s], and whether it was served.

    The served rate is counted between the 5th and the 95th percentile of the completion times: a latency
    shifts all of them, a growing queue spreads them.
    """
    table: list[dict[str, Any]] = []
    for k, stretch in enumerate(schedule.stretches):
        stretch_rows = [row for row in rows if row.stretch == k and not row.warm_up]
        succeeded_rows = [row for row in stretch_rows if row.status == "succeeded"]
        latency = percentiles([row.latency_s for row in succeeded_rows])
        offered_rps = _rate([row.scheduled_s for row in stretch_rows], stretch.rate_rps)
        share = len(succeeded_rows) / len(stretch_rows) if stretch_rows else 0.0
        served_rps = min(_rate([row.ended_s for row in succeeded_rows], offered_rps) * share, offered_rps)
        first = (table[0]["p99_s"] if table else None) or np.inf
        slow = latency.get("p99", 0.0) > SLOWER * first
        table.append(
            {
                "rate_rps": stretch.rate_rps,
                "offered_rps": offered_rps,
                "throughput_rps": served_rps,
                "p50_s": latency.get("p50"),
                "p99_s": latency.get("p99"),
                "served": served_rps >= SERVED * offered_rps and not slow,
            }
        )
    return table


def knee_rps(table: Sequence[dict[str, Any]]) -> float | None:
    """The first rate that is not served [requests/s]; None if all are."""
    return next((row["rate_rps"] for row in table if not row["served"]), None)


def _rate(times_s: Sequence[float], otherwise: float) -> float:
    """Events a second in the middle of these times [s]; `otherwise` if they are too few."""
    times = np.sort(np.asarray(times_s, dtype=float))
    cut = int(times.size * EDGE)
    middle = times[cut : times.size - cut]
    if middle.size < 3 or middle[-1] <= middle[0]:
        return otherwise if times.size else 0.0
    return float((middle.size - 1) / (middle[-1] - middle[0]))
