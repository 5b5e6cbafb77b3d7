"""What the functions reported: REPORT lines, and their own JSON lines that name a job."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from explorer.ingest import lambda_report

from .row import Row

BILLING_S = 0.001  # billed times are rounded up to this
MARGIN_S = 2.0  # for a clock that is off, and because a line is stamped when it is written
PAUSE_S = 1.0
REPORT_FIGURES = frozenset({"duration_ms", "billed_ms", "memory_mb"})


@dataclass(frozen=True)
class Invocation:
    """One invocation as Lambda reported it."""

    part: str
    request_id: str
    duration_s: float
    billed_s: float
    memory_mb: float
    used_mb: float = 0.0
    init_s: float | None = None  # of the start or the restore; None: the environment was warm
    job: str = ""  # the job that it worked on, if the function reported it

    @property
    def billed_gb_s(self) -> float:
        """The billed GB seconds [GB s]."""
        return self.billed_s * self.memory_mb / 1024


def parse(part: str, lines: Iterable[str]) -> Iterator[Invocation]:
    """The invocations in the lines of one log stream, in their order.

    The function's own line names its request and its job, and its part where one function has several.
    """
    notes_by_request: dict[str, dict[str, Any]] = {}
    for line in lines:
        entry = _json(line)
        if "request" in entry:
            notes_by_request[str(entry["request"])] = entry
        elif (figures := lambda_report.parse(line)) and figures.keys() >= REPORT_FIGURES:
            notes = notes_by_request.pop(str(figures["id"]), {})
            yield _invocation(str(notes.get("part", part)), figures, str(notes.get("job", "")))


def _json(line: str) -> dict[str, Any]:
    if not line.startswith("{"):
        return {}
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _invocation(part: str, figures: Mapping[str, Any], job: str) -> Invocation:
    init_ms = figures.get("init_ms", figures.get("restore_ms"))
    return Invocation(
        part,
        str(figures["id"]),
        figures["duration_ms"] / 1000,
        figures["billed_ms"] / 1000,
        figures["memory_mb"],
        figures.get("used_mb", 0.0),
        None if init_ms is None else init_ms / 1000,
        job,
    )


def without_early_starts(invocations: Iterable[Invocation]) -> list[Invocation]:
    """The invocations without the starts of provisioned environments.

    The first REPORT line of such an environment tells its start, for which no invocation waited: it is not
    billed with the invocation.
    """
    return [
        one if one.billed_s > one.duration_s + (one.init_s or 0.0) - BILLING_S else replace(one, init_s=None)
        for one in invocations
    ]


def read(
    session: Any, functions: Mapping[str, str], since: float, until: float, expected: int, wait_s: float
) -> list[Invocation]:
    """The invocations of a stack's functions between two times of day.

    Parameters
    ----------
    session : a boto3 session
    functions : their names by part
    since, until : epoch seconds
    expected : the least number of invocations of the work; the logs are read again until they are there
    wait_s : the longest time to wait for them [s]: log lines arrive late

    Raises botocore's ClientError if the logs cannot be read.
    """
    client = session.client("logs")
    deadline = time.monotonic() + wait_s
    while True:
        invocations: list[Invocation] = []
        for part, name in functions.items():
            invocations += _read_function(client, part, name, since, until)
        is_complete = sum(one.part == "work" for one in invocations) >= expected
        if is_complete or time.monotonic() + PAUSE_S > deadline:
            return invocations
        time.sleep(PAUSE_S)


def _read_function(client: Any, part: str, function: str, since: float, until: float) -> Iterator[Invocation]:
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{function}",
        startTime=int((since - MARGIN_S) * 1000),
        endTime=int((until + MARGIN_S) * 1000),
    )
    streams: dict[str, list[str]] = {}
    try:
        for page in pages:
            for event in page["events"]:
                streams.setdefault(event["logStreamName"], []).extend(event["message"].splitlines())
    except client.exceptions.ResourceNotFoundException:
        return  # never invoked
    for lines in streams.values():
        yield from parse(part, lines)


def mark_cold_starts(rows: Iterable[Row], invocations: Iterable[Invocation]) -> None:
    """Record in each row whether its job met a cold start, and how long that took [s]."""
    starts: dict[str, float] = {}
    for one in invocations:
        if one.job and one.part == "work":
            starts[one.job] = starts.get(one.job, 0.0) + (one.init_s or 0.0)
    for row in rows:
        if row.id in starts:
            row.cold_start_s = starts[row.id]
            row.cold = row.cold_start_s > 0
