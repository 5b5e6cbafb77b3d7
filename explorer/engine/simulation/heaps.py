"""Heaps of times, the earliest first, in functions that run both compiled and as plain Python.

Numba caches the machine code of `kernel` until that file changes: touch it after a change here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Numbers: TypeAlias = "list[float] | NDArray[np.float64]"  # an array if the code is compiled
Counts: TypeAlias = "list[int] | NDArray[np.int64]"


def push(heap: Numbers, size: int, value: float) -> None:
    """Add `value` to a min-heap of `size` values."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        if heap[above] <= value:
            break
        heap[at] = heap[above]
        at = above
    heap[at] = value


def pop(heap: Numbers, size: int) -> None:
    """Remove the least value from a min-heap of `size` values."""
    last = heap[size - 1]
    at, below = 0, 1
    while below < size - 1:
        if below + 1 < size - 1 and heap[below + 1] < heap[below]:
            below += 1
        if last <= heap[below]:
            break
        heap[at] = heap[below]
        at, below = below, 2 * below + 1
    heap[at] = last


def plan(ahead: Numbers, rows: Counts, size: int, t: float) -> None:
    """Add an attempt at `t`, in the first free row, to the heap of `size` attempts, soonest first."""
    at = size
    row = rows[at]
    while at > 0:
        above = (at - 1) >> 1
        if ahead[above] <= t:
            break
        ahead[at], rows[at] = ahead[above], rows[above]
        at = above
    ahead[at], rows[at] = t, row


def unplan(ahead: Numbers, rows: Counts, size: int) -> None:
    """Remove the soonest attempt, which leaves `size` of them; its row becomes the first free one."""
    last, row, free = ahead[size], rows[size], rows[0]
    at, below = 0, 1
    while below < size:
        if below + 1 < size and ahead[below + 1] < ahead[below]:
            below += 1
        if last <= ahead[below]:
            break
        ahead[at], rows[at] = ahead[below], rows[below]
        at, below = below, 2 * below + 1
    ahead[at], rows[at] = last, row
    rows[size] = free
