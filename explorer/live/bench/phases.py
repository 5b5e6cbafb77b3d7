"""The phases of each job, from the client's clock and the endpoint's.

The cuts stand on the client's clock, one after another, so that the phases add up: what the endpoint
does while the client still waits for its 202 belongs to the submission.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from .row import Row


def clock_offset_s(rows: Iterable[Row], zero: float) -> float:
    """How much the endpoint's clock is ahead of the client's [s], as little as it can be.

    Each job was noted between its being sent and its 202: that bounds the offset from both sides. 0 if
    that is possible, else the nearest bound.
    """
    jobs = [row for row in rows if not math.isnan(row.submitted) and row.accepted]
    least = max((row.submitted - zero - row.accepted_s for row in jobs), default=0.0)
    most = min((row.submitted - zero - row.sent_s for row in jobs), default=0.0)
    return (least + most) / 2 if least > most else min(max(0.0, least), most)


def split(rows: Iterable[Row], zero: float) -> float:
    """Fill in `queue_s`, `cold_start_s`, `work_s` and `poll_s`; return the clocks' offset [s].

    Parameters
    ----------
    zero : the start of the run in epoch seconds

    A row's `cold_start_s` is what its function reported; where no log says, it is within `queue_s`.
    """
    rows = list(rows)
    offset = clock_offset_s(rows, zero)
    for row in rows:
        if math.isnan(row.seen_s) or not row.id:
            continue
        started = _within(row.started - zero - offset, row.accepted_s, row.seen_s)
        ended = _within(row.ended - zero - offset, started, row.seen_s)
        row.queue_s = started - row.accepted_s
        if not math.isnan(row.cold_start_s):
            row.cold_start_s = min(row.cold_start_s, row.queue_s)
            row.queue_s -= row.cold_start_s
        row.work_s, row.poll_s = ended - started, row.seen_s - ended
    return offset


def _within(value: float, least: float, most: float) -> float:
    return value if math.isnan(value) else min(max(value, least), most)
