"""The request path: what the choices of a design mean for each other, and the steps of a request."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from explorer.facts.units import Number

from .added_time import AddedTime
from .mask import EVERYWHERE, Mask

LEVELS = (0.5, 0.95, 0.99)  # the quantiles of latencies


class Phase(StrEnum):
    """The phases of a request, in order of time."""

    SUBMIT = "submit"
    QUEUE = "queue"
    COLD_START = "cold start"
    WORK = "work"
    POLL = "poll"
    DOWNLOAD = "download"


PHASES = tuple(phase.value for phase in Phase)


class Actor(StrEnum):
    """Who takes part in a step, and in whose box a picture shows a part."""

    CLIENT = "client"
    EDGE = "edge"
    DOOR = "door"
    FRONT = "front"  # the small functions in front of the worker, or the container in their place
    HANDS = "hands"  # the service that hands a job over: a queue, a workflow
    WORKER = "worker"
    STORE = "store"  # of the configuration
    TABLE = "table"
    BUCKET = "bucket"


class Behind(StrEnum):
    """What responds behind the door."""

    FUNCTION = "function"
    CONTAINER = "container"


class BodyIn(StrEnum):
    """How the request body enters."""

    DOOR = "door"
    S3 = "s3"


class BodyOut(StrEnum):
    """How the response body leaves. The shipped code reads these names from its settings."""

    WHOLE = "whole"
    PAGE = "page"
    STREAM = "stream"
    JOB = "job"
    NOTHING = "nothing"  # the request is only acknowledged


class HandOver(StrEnum):
    """How a job reaches the worker. The shipped code reads these names from its settings."""

    EVENT = "event"
    QUEUE = "queue"
    MACHINE = "machine"
    DURABLE = "durable"
    TASK = "task"
    FLEET = "fleet"


class Start(StrEnum):
    """When the compute that does the work is started."""

    ON_DEMAND = "on demand"  # a new environment when a request finds none free: cold starts
    PER_JOB = "per job"
    ALWAYS_ON = "always on"


class Initialization(StrEnum):
    """How an environment of the function that does the work becomes ready."""

    ON_DEMAND = "on demand"  # by a cold start, when a request finds none free
    PROVISIONED = "provisioned"  # some are kept ready; beyond these, on demand
    SNAPSHOT = "snapshot"  # restored from a snapshot, when a request finds none free


class Billing(StrEnum):
    """How additional seconds of work are billed."""

    DURATION = "duration"  # function duration, besides a price per request
    TASK_TIME = "task time"  # container time, for as long as the work takes
    STANDING = "standing"  # nothing: it is paid for whether it is busy or not


@dataclass(frozen=True)
class Compute:
    """The compute that does the work, as the other choices see it, and its names in pictures."""

    box: str  # title of its box in the picture of resources
    column: str  # title of its column in the sequence diagram
    start: Start
    billing: Billing
    function: bool = False  # whether the work runs in a function, whose limits bind


FUNCTION = Compute("Lambda function", "function", Start.ON_DEMAND, Billing.DURATION, function=True)


@dataclass(frozen=True)
class RequestPath:
    """What the choices of a design mean for each other."""

    distribution: bool = False  # a CloudFront distribution is in front of the door
    egress: str = "transfer.internet_out"  # price id of data sent to the clients
    origin_access: bool = False  # the door accepts only requests signed by a distribution
    socket: bool = False  # the client keeps a WebSocket open while the work runs
    gzip: bool = False  # the worker compresses the response
    compute: Compute = FUNCTION
    initialization: Initialization = Initialization.ON_DEMAND
    versioned: bool = False  # a published version does the work, and is invoked through its alias
    behind: Behind = Behind.FUNCTION
    asynchronous: bool = False  # the response is a job id; the result is stored
    polls: bool = False  # the client polls the status of the job
    body_in: BodyIn = BodyIn.DOOR
    body_out: BodyOut = BodyOut.WHOLE
    added_times: tuple[AddedTime, ...] = ()  # of all options, in the order of the concerns
    door_waits: str = ""  # id of the limit on how long the door waits for a response
    run_limit: str = ""  # id of the limit on the run time of a function behind the door
    door_time: str = ""  # id of the time that the door adds to an exchange
    request_envelope: str = ""  # ids of the bytes that the door adds around a body
    response_envelope: str = ""
    response_limits: tuple[str, ...] = ()  # limits on a body that the door returns from Lambda
    streams: bool = False  # the door can stream a function's response
    streams_in_vpc: bool = False  # and also for a function in a VPC
    streaming: bool = False  # and the response is streamed
    fronts_containers: bool = False
    starts_workflows: bool = False  # the door can start an Express workflow and wait for it

    @property
    def can_cache(self) -> bool:
        """Whether the edge can answer from its cache."""
        return self.distribution and self.body_out in (BodyOut.WHOLE, BodyOut.STREAM, BodyOut.PAGE)


DERIVED = {"can_cache": ("distribution", "body_out")}  # derived fields, with the fields that they follow from


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a request, with its seconds at each of `LEVELS`."""

    phase: Phase
    title: str
    actors: tuple[Actor, Actor]
    seconds: Number  # shape (3, ...)
    driver: str = ""  # "runtime" for the work itself
    before_first_byte: Number | None = None  # the part before the result's first byte; None: all
    for_hits: bool = False  # also for requests that a cache at the edge answers
    order: int = 0  # within the phase: below 0 early, above 0 late
    past_door: bool = False  # between the client and the services behind the door, but not through the door
    delivers: bool = False  # it brings the client its answer: pictures show it even if it adds no time
    where: Mask = EVERYWHERE  # the paths on which it happens
