"""The jobs of a service that have not ended: the event of each, where every task finds it.

The task that accepts a job puts its event into S3 before it answers, and does the job itself as soon as it
can. One that another task has left, because it died or has more than it can do, is found there again. Two
tasks never work on one job: the lease in its row decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from clients import client
from settings import variable

PREFIX = "bodies/jobs/"

_taken_here: list[Callable[[str, bytes], None]] = []


def taken_by(take: Callable[[str, bytes], None]) -> None:
    """Let `take` have each job that is accepted in this process."""
    _taken_here[:] = [take]


def keep(id: str, payload: bytes) -> None:
    """Put a job's event where it is found, and let this process begin."""
    client("s3").put_object(Bucket=variable("RESULTS"), Key=PREFIX + id, Body=payload)
    for take in _taken_here:
        take(id, payload)


def find(older_s: float) -> Iterator[str]:
    """The ids of the jobs that are kept and older than `older_s` [s]: what is newer is just being done."""
    pages = client("s3").get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=variable("RESULTS"), Prefix=PREFIX):
        at = datetime.now(UTC)
        for each in page.get("Contents", ()):
            if (at - each["LastModified"]).total_seconds() > older_s:
                yield each["Key"].removeprefix(PREFIX)


def event_of(id: str) -> bytes:
    """A job's event. Raises what the SDK raises, for one that has ended meanwhile too."""
    answer: dict[str, Any] = client("s3").get_object(Bucket=variable("RESULTS"), Key=PREFIX + id)
    return bytes(answer["Body"].read())


def forget(id: str) -> None:
    """Take the event of a job away that has ended."""
    client("s3").delete_object(Bucket=variable("RESULTS"), Key=PREFIX + id)
