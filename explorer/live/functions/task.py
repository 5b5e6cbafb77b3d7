"""Entry of a container that does one job and ends; its event is in the environment."""

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
from clients import error_code, platform_errors
from context import Stopped
from settings import SETTINGS

ATTEMPTS = 5  # attempts while AWS fails or another worker holds the job


def main() -> int:
    """Do the job; the exit code is 0 if it was brought to an end.

    A platform that ends the task, such as Spot, allows time for this: the job is released and another task
    started.
    """
    event = json.loads(os.environ["EVENT"])
    signal.signal(signal.SIGTERM, _stop)
    try:
        return _run_job(event)
    except Stopped:
        handing.start_another_task(os.environ["EVENT"].encode())
        return 1


def _stop(*_: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Stopped


def _run_job(event: Mapping[str, Any]) -> int:
    return 0 if any(_try(event, number) for number in range(ATTEMPTS)) else 1


def _try(event: Mapping[str, Any], number: int) -> bool:
    """Try once; after a failure, wait for a lease first."""
    if number:
        time.sleep(SETTINGS.lease_s)
    with log.invocation("work", uuid.uuid4().hex):
        try:
            slices.advance(event, lambda: math.inf)
        except jobs.Busy:
            log.note(did="left to another")
            return False
        except platform_errors() as error:
            log.note(failed=log.where(error), code=error_code(error))
            return False
        return True


if __name__ == "__main__":
    sys.exit(main())
