"""What the five choices of a design mean for each other, and the steps that a request goes through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from explorer.facts.units import Number

LEVELS = (0.5, 0.95, 0.99)  # the quantiles at which latency is worked out
PHASES = ("submit", "queue", "cold start", "work", "poll", "download")
Lines = Iterable[tuple[str, Number]]  # (price id, quantity a month)


@dataclass(frozen=True)
class Flow:
    """What the five choices of a design mean for each other."""

    compute: str = "lambda"  # lambda, instance (Lambda on managed EC2), task, service
    behind: str = "function"  # what answers the door: function or container
    asynchronous: bool = False  # the answer is a job; its result is stored
    polls: bool = False  # the client asks for the job's status
    body_in: str = "door"  # the request's way in: door, or s3
    body_out: str = "whole"  # the response's way out: whole, compressed, page, stream or job
    door_waits: str = ""  # id of the limit on how long the door waits for an answer
    door_time: str = ""  # id of the time that the door adds to an exchange
    request_envelope: str = ""  # ids of the bytes that the door puts around a body
    response_envelope: str = ""
    response_limits: tuple[str, ...] = ()  # limits on a body that the door hands back from Lambda
    streams: bool = False  # the door can stream a function's response
    streaming: bool = False  # and the response is streamed
    fronts_containers: bool = False


@dataclass(frozen=True, eq=False)
class Step:
    """One thing that happens to a request, and the seconds it takes at each of `LEVELS`."""

    phase: str
    title: str
    actors: tuple[str, str]
    seconds: Number  # shape (3, ...)
    driver: str = ""  # "runtime" for the work itself
    order: int = 0  # within the phase: before the middle of it (below 0) or after
