"""GET /jobs/{id}."""

from __future__ import annotations

import math
from typing import Any

import jobs
import log
from clients import client
from problems import Answer, accepted, no_such_job
from request import Request
from row import Row, now
from settings import HOUR_S, SETTINGS, variable

PUBLIC_FIELDS = ("id", "status", "progress", "attempts", "submitted", "updated", "started", "ended", "error")


def show(request: Request, owner: str, id: str) -> Answer:
    """A job as it is now, its result's URL signed for a while."""
    row = jobs.read(id, owner)
    if row is None:
        raise no_such_job()
    log.note(job=id)
    body = {name: row[name] for name in PUBLIC_FIELDS if name in row}
    if row["status"] == "succeeded":
        body["result"] = _result(row)
    headers = {} if row["status"] in jobs.ENDED else {"Retry_After": str(again_s(row))}
    return accepted(200, body, **headers)


def again_s(row: Row) -> int:
    """After how many seconds it is worth asking again: later and later, as long jobs last longer."""
    return math.ceil(max(SETTINGS.poll_first_s, SETTINGS.poll_growth * (now() - row["submitted"])))


def _result(row: Row) -> dict[str, Any]:
    stored, at = dict(row["result"]), now()
    lasts_s = max(1, int(min(HOUR_S, row["expires"] - at)))
    where = {"Bucket": variable("RESULTS"), "Key": stored.pop("key")}
    url = client("s3").generate_presigned_url("get_object", Params=where, ExpiresIn=lasts_s)
    return {"url": url, **stored, "expires": int(at) + lasts_s}
