"""The entry of a container that does one job and ends: its event is in the environment."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
import uuid
from collections.abc import Mapping
from typing import Any

import handing
import jobs
import log
import slices
from clients import code, platform_errors
from context import Stopped
from settings import SETTINGS

TRIES = 5  # of a job while AWS fails, or another holds it


def main() -> int:
    """Do the job; the exit code says whether it came to an end.

    A platform that ends the task, as Spot does, gives it time: the job is let go, and another task begun.
    """
    event = json.loads(os.environ["EVENT"])
    signal.signal(signal.SIGTERM, _stop)
    try:
        return _tried(event)
    except Stopped:
        handing.begin_again(os.environ["EVENT"].encode())
        return 1


def _stop(*_: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Stopped


def _tried(event: Mapping[str, Any]) -> int:
    return 0 if any(_try(event, number) for number in range(TRIES)) else 1


def _try(event: Mapping[str, Any], number: int) -> bool:
    """Try once, after a lease if an earlier try failed."""
    if number:
        time.sleep(SETTINGS.lease_s)
    with log.invocation("work", uuid.uuid4().hex):
        try:
            slices.advance(event, lambda: math.inf)
        except jobs.Busy:
            log.note(did="left to another")
            return False
        except platform_errors() as error:
            log.note(failed=log.where(error), code=code(error))
            return False
        return True


if __name__ == "__main__":
    sys.exit(main())
