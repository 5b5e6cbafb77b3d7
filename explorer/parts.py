"""The functions of a stack, sized as the model assumes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .load import Load
from .pieces import Part

DAY_S = 86400
FRONT, WORK = "front", "work"  # modules of the code that is shipped; each has a `handler`


def front_part(load: Load, part: str) -> Part:
    """A small function beside the worker, which waits for other services and does no work itself."""
    return Part(part, FRONT, load.constant("handler.memory_mb"), load.constant("handler.timeout_s"))


def work_part(
    load: Load, entry: str = WORK, properties: Mapping[str, Any] | None = None, versioned: bool = False
) -> Part:
    """The function that does the work: behind the door, or handed its jobs."""
    timeout_s = load.limit("lambda.timeout")
    if load.flow.asynchronous:
        return Part("work", entry, load.memory_mb, timeout_s, properties or {}, versioned)
    if load.flow.door_waits:  # no longer than the door waits for it, or it would work for nobody
        timeout_s = min(timeout_s, load.limit(load.flow.door_waits) - 1)
    return Part("work", FRONT, load.memory_mb, timeout_s, properties or {}, versioned)


def days(seconds: Any) -> int:
    """Whole days that hold as many seconds: what a bucket counts in."""
    return max(math.ceil(float(seconds) / DAY_S), 1)
