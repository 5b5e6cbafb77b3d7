"""What a caller learns of a job, as its status and as a notice over a WebSocket."""

from __future__ import annotations

from typing import Any

from clients import client
from row import Row, now
from settings import HOUR_S, variable

PUBLIC_FIELDS = ("id", "status", "progress", "attempts", "submitted", "updated", "started", "ended", "error")


def describe(row: Row) -> dict[str, Any]:
    """The job's fields for its caller, with a signed URL of its result."""
    body = {name: row[name] for name in PUBLIC_FIELDS if name in row}
    return {**body, "result": _signed_result(row)} if row["status"] == "succeeded" else body


def _signed_result(row: Row) -> dict[str, Any]:
    location, now_s = dict(row["result"]), now()
    lasts_s = max(1, int(min(HOUR_S, row["expires"] - now_s)))
    target = {"Bucket": variable("RESULTS"), "Key": location.pop("key")}
    url = client("s3").generate_presigned_url("get_object", Params=target, ExpiresIn=lasts_s)
    return {"url": url, **location, "expires": int(now_s) + lasts_s}
