"""GET /jobs/{id}."""

from __future__ import annotations

import math
from typing import Any

import jobs
import log
from clients import client
from problems import Answer, json_answer, no_such_job
from request import Request
from row import Row, now
from settings import HOUR_S, SETTINGS, variable

PUBLIC_FIELDS = ("id", "status", "progress", "attempts", "submitted", "updated", "started", "ended", "error")


def show(request: Request, owner: str, id: str) -> Answer:
    """The job now, with a signed URL of its result."""
    row = jobs.read(id, owner)
    if row is None:
        raise no_such_job()
    log.note(job=id)
    body = {name: row[name] for name in PUBLIC_FIELDS if name in row}
    if row["status"] == "succeeded":
        body["result"] = _signed_result(row)
    headers = {} if row["status"] in jobs.ENDED else {"Retry_After": str(retry_after_s(row))}
    return json_answer(200, body, **headers)


def retry_after_s(row: Row) -> int:
    """When to ask again [s]: the intervals grow with the age of the job."""
    return math.ceil(max(SETTINGS.poll_first_s, SETTINGS.poll_growth * (now() - row["submitted"])))


def _signed_result(row: Row) -> dict[str, Any]:
    location, now_s = dict(row["result"]), now()
    lasts_s = max(1, int(min(HOUR_S, row["expires"] - now_s)))
    target = {"Bucket": variable("RESULTS"), "Key": location.pop("key")}
    url = client("s3").generate_presigned_url("get_object", Params=target, ExpiresIn=lasts_s)
    return {"url": url, **location, "expires": int(now_s) + lasts_s}
