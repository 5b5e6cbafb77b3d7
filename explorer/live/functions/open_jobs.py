"""The unfinished jobs of a service: the event of each is in S3, where every task finds it.

The task that accepts a job stores its event before it answers, and runs the job as soon as it can. If it dies
or has too many jobs, another task finds the event. Two tasks never work on one job: the lease in its row
decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from clients import client
from settings import variable

PREFIX = "bodies/jobs/"

_takers: list[Callable[[str, bytes], None]] = []


def set_taker(take: Callable[[str, bytes], None]) -> None:
    """Pass each job that this process accepts to `take`."""
    _takers[:] = [take]


def keep(id: str, payload: bytes) -> None:
    """Store a job's event, and let this process begin."""
    client("s3").put_object(Bucket=variable("RESULTS"), Key=PREFIX + id, Body=payload)
    for take in _takers:
        take(id, payload)


def find(older_s: float) -> Iterator[str]:
    """The ids of the stored jobs that are older than `older_s` [s]: newer ones are probably running."""
    pages = client("s3").get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=variable("RESULTS"), Prefix=PREFIX):
        now = datetime.now(UTC)
        for each in page.get("Contents", ()):
            if (now - each["LastModified"]).total_seconds() > older_s:
                yield each["Key"].removeprefix(PREFIX)


def event_of(id: str) -> bytes:
    """A job's event. Raises what the SDK raises, also if the job has ended meanwhile."""
    answer: dict[str, Any] = client("s3").get_object(Bucket=variable("RESULTS"), Key=PREFIX + id)
    return bytes(answer["Body"].read())


def forget(id: str) -> None:
    """Remove the event of a job that has ended."""
    client("s3").delete_object(Bucket=variable("RESULTS"), Key=PREFIX + id)
