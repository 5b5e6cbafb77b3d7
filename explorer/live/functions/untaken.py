"""A mark in S3 for a job that a worker could not take because the table of jobs did not answer.

The worker cannot write this to the table. Without the mark, its event, which disappears after its retries,
would look like one that still waits for room, for as long as the platform keeps it. The mark is for one hop:
a repeated event of an earlier hop does not concern the event that is expected.
"""

from __future__ import annotations

from contextlib import suppress

from clients import client, platform_errors
from settings import variable


def note(id: str, hop: int) -> None:
    """Record that an attempt of this hop has failed; if S3 fails too, the next attempt may."""
    with suppress(*platform_errors()):
        client("s3").put_object(Bucket=variable("RESULTS"), Key=_key(id, hop), Body=b"")


def last_s(id: str, hop: int) -> float | None:
    """When the last attempt of this hop failed [s since the epoch]; None if none did or S3 fails."""
    with suppress(*platform_errors()):
        mark = client("s3").head_object(Bucket=variable("RESULTS"), Key=_key(id, hop))
        return float(mark["LastModified"].timestamp())
    return None


def _key(id: str, hop: int) -> str:
    return f"results/{id}-untaken-{hop}"  # no result has this key: after the id it has hex digits
