"""Text output of the AWS CLI: log events with the message between tabs and the time after it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from explorer.ingest.frame import Part

Reader = Callable[[bytes], list[Part]]
EVENT = re.compile(rb"^EVENTS\t([^\n]*?)\s*\t(1\d{12})[ \t\r]*$", re.M)  # the message has no line break
OPENS = re.compile(rb"^EVENTS\t", re.M)
COLUMNS = re.compile(rb"^(?:\d{20,}\t)?1\d{12}\t(?:\S*\[[^\]\t]*\]\S*\t)?")  # event id, ingestion, stream


def is_events(head: bytes) -> bool:
    """Whether lines are such events."""
    return OPENS.match(head) is not None


def reader(head: bytes, find_reader: Callable[[bytes], Reader | None]) -> Reader | None:
    """A reader for the messages; `find_reader` recognises their format from the first ones."""
    read = find_reader(OPENS.sub(b"", plain(head)))  # only torn lines still begin with EVENTS here
    return (lambda block: read(plain(block))) if read else None


def plain(block: bytes) -> bytes:
    """The messages as lines, each with its time in front."""

    def line(match: re.Match[bytes]) -> bytes:
        at = datetime.fromtimestamp(int(match[2]) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ ")
        return at.encode() + COLUMNS.sub(b"", match[1])

    return EVENT.sub(line, block.replace(b"\n\t1", b"\t1"))
