"""A mark, in S3, for a job that a worker could not take because the table of jobs did not answer.

The worker cannot say so in the table. Without the mark, its event, whose tries end without a trace, would
look like one that waits for room, as it may for as long as the platform keeps it. The mark is of one hop: an
event of an earlier one, which comes twice, says nothing of the one that is waited for.
"""

from __future__ import annotations

from contextlib import suppress

from clients import client, platform_errors
from settings import variable


def note(id: str, hop: int) -> None:
    """Mark that a try of this hop has failed now; if S3 fails too, the next try may."""
    with suppress(*platform_errors()):
        client("s3").put_object(Bucket=variable("RESULTS"), Key=_key(id, hop), Body=b"")


def last_s(id: str, hop: int) -> float | None:
    """When the last try of this hop failed [s since the epoch]; None if none did, or S3 does not answer."""
    with suppress(*platform_errors()):
        mark = client("s3").head_object(Bucket=variable("RESULTS"), Key=_key(id, hop))
        return float(mark["LastModified"].timestamp())
    return None


def _key(id: str, hop: int) -> str:
    return f"results/{id}-untaken-{hop}"  # no result is called so: what follows the id there is of hex digits
