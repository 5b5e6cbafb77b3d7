"""GET /jobs/{id}."""

from __future__ import annotations

import math

import jobs
import log
import sockets
from description import describe
from problems import Answer, json_answer, no_such_job
from request import Request
from row import Row, now
from settings import SETTINGS


def show(request: Request, owner: str, id: str) -> Answer:
    """The job now, with a signed URL of its result."""
    row = jobs.read(id, owner)
    if row is None:
        raise no_such_job()
    log.note(job=id)
    if row["status"] in jobs.ENDED:
        return json_answer(200, describe(row))
    return json_answer(200, {**describe(row), **sockets.address_of(id)}, Retry_After=str(retry_after_s(row)))


def retry_after_s(row: Row) -> int:
    """When to ask again [s]: the intervals grow with the age of the job."""
    return math.ceil(max(SETTINGS.poll_first_s, SETTINGS.poll_growth * (now() - row["submitted"])))
