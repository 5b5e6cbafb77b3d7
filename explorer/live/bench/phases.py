"""The phases of each job, from the client's clock and the endpoint's.

The boundaries follow one another on the client's clock, so that the phases add up. The endpoint's work while
the client still waits for its 202 belongs to the submission.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from .row import Row


def clock_offset_s(rows: Iterable[Row], zero: float) -> float:
    """The lead of the endpoint's clock over the client's [s], as small as possible.

    The endpoint records each job between the client's request and its 202, which bounds the offset on both
    sides. The result is 0 if the bounds allow it, otherwise the nearest bound.
    """
    jobs = [row for row in rows if not math.isnan(row.submitted) and row.accepted]
    least = max((row.submitted - zero - row.accepted_s for row in jobs), default=0.0)
    most = min((row.submitted - zero - row.sent_s for row in jobs), default=0.0)
    return (least + most) / 2 if least > most else min(max(0.0, least), most)


def split(rows: Iterable[Row], zero: float) -> float:
    """Fill in `queue_s`, `cold_start_s`, `work_s` and `poll_s`; return the offset of the clocks [s].

    Parameters
    ----------
    rows : of the run
    zero : the start of the run in epoch seconds

    A row's `cold_start_s` is what its function reported; without a log it is part of `queue_s`.
    """
    rows = list(rows)
    offset = clock_offset_s(rows, zero)
    for row in rows:
        if math.isnan(row.seen_s) or not row.id:
            continue
        started = _clamp(row.started - zero - offset, row.accepted_s, row.seen_s)
        ended = _clamp(row.ended - zero - offset, started, row.seen_s)
        row.queue_s = started - row.accepted_s
        if not math.isnan(row.cold_start_s):
            row.cold_start_s = min(row.cold_start_s, row.queue_s)
            row.queue_s -= row.cold_start_s
        row.work_s, row.poll_s = ended - started, row.seen_s - ended
    return offset


def _clamp(value: float, least: float, most: float) -> float:
    return value if math.isnan(value) else min(max(value, least), most)
