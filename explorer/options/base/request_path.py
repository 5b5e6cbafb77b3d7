"""What the choices of a design mean for each other, and the steps that a request goes through."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from explorer.facts.units import Number

from .added_time import AddedTime
from .mask import EVERYWHERE, Mask

LEVELS = (0.5, 0.95, 0.99)  # the quantiles at which latency is worked out


class Phase(StrEnum):
    """The phases of a request, in the order in which they come."""

    SUBMIT = "submit"
    QUEUE = "queue"
    COLD_START = "cold start"
    WORK = "work"
    POLL = "poll"
    DOWNLOAD = "download"


PHASES = tuple(phase.value for phase in Phase)


class Actor(StrEnum):
    """Who takes part in a step, and whose box a part of the design stands in."""

    CLIENT = "client"
    EDGE = "edge"
    DOOR = "door"
    FRONT = "front"  # the small functions beside the worker, or the container in their place
    HANDS = "hands"  # what hands a job over: a queue, a workflow
    WORKER = "worker"
    STORE = "store"  # of the configuration
    TABLE = "table"
    BUCKET = "bucket"


class Behind(StrEnum):
    """What answers the door."""

    FUNCTION = "function"
    CONTAINER = "container"


class BodyIn(StrEnum):
    """The request's way in."""

    DOOR = "door"
    S3 = "s3"


class BodyOut(StrEnum):
    """The response's way out. The code that is shipped reads these names from its settings."""

    WHOLE = "whole"
    PAGE = "page"
    STREAM = "stream"
    JOB = "job"
    NOTHING = "nothing"  # the request is only acknowledged


class HandOver(StrEnum):
    """How a job reaches the work. The code that is shipped reads these names from its settings."""

    EVENT = "event"
    QUEUE = "queue"
    MACHINE = "machine"
    DURABLE = "durable"
    TASK = "task"
    FLEET = "fleet"


class Start(StrEnum):
    """When what does the work is started."""

    ON_DEMAND = "on demand"  # an environment, where a request finds none free: cold starts
    PER_JOB = "per job"
    ALWAYS_ON = "always on"


class Initialization(StrEnum):
    """How an environment of the function that does the work comes to be ready."""

    ON_DEMAND = "on demand"  # by a cold start, where a request finds none free
    PROVISIONED = "provisioned"  # some are kept ready; beyond them as on demand
    SNAPSHOT = "snapshot"  # restored from one, where a request finds none free


class Billing(StrEnum):
    """What more seconds of work add to the bill."""

    DURATION = "duration"  # of a function, which also pays for each of its requests
    TASK_TIME = "task time"  # of a container that stands for as long as the work takes
    STANDING = "standing"  # nothing: it is paid for whether it works or not


@dataclass(frozen=True)
class Compute:
    """What does the work, as the other choices meet it, and its name in pictures."""

    box: str  # over the box of the resources
    column: str  # over the column of the sequence
    start: Start
    billing: Billing
    function: bool = False  # whether the work runs in a function, whose limits bind


FUNCTION = Compute("Lambda function", "function", Start.ON_DEMAND, Billing.DURATION, function=True)


@dataclass(frozen=True)
class RequestPath:
    """What the choices of a design mean for each other."""

    distribution: bool = False  # a distribution stands in front of the door
    egress: str = "transfer.internet_out"  # id of the price of what goes out to the clients
    origin_access: bool = False  # the door takes what a distribution signs, and nothing else
    socket: bool = False  # the client keeps a WebSocket open while the work runs
    gzip: bool = False  # the response is compressed where the work is done
    compute: Compute = FUNCTION
    initialization: Initialization = Initialization.ON_DEMAND
    behind: Behind = Behind.FUNCTION
    asynchronous: bool = False  # the answer is a job; its result is stored
    polls: bool = False  # the client asks for the job's status
    body_in: BodyIn = BodyIn.DOOR
    body_out: BodyOut = BodyOut.WHOLE
    added_times: tuple[AddedTime, ...] = ()  # of all options, in the order of the concerns
    door_waits: str = ""  # id of the limit on how long the door waits for an answer
    run_limit: str = ""  # id of the limit on how long a function behind the door may take
    door_time: str = ""  # id of the time that the door adds to an exchange
    request_envelope: str = ""  # ids of the bytes that the door puts around a body
    response_envelope: str = ""
    response_limits: tuple[str, ...] = ()  # limits on a body that the door hands back from Lambda
    streams: bool = False  # the door can stream a function's response
    streams_in_vpc: bool = False  # of a function in a VPC too
    streaming: bool = False  # and the response is streamed
    fronts_containers: bool = False
    starts_workflows: bool = False  # the door can start an Express workflow and wait for it

    @property
    def cached(self) -> bool:
        """Whether an edge can answer in place of all that is behind it."""
        return self.distribution and self.body_out in (BodyOut.WHOLE, BodyOut.STREAM, BodyOut.PAGE)


DERIVED = {"cached": ("distribution", "body_out")}  # what follows from other fields, by its own name


@dataclass(frozen=True, eq=False)
class Step:
    """One thing that happens to a request, and the seconds it takes at each of `LEVELS`."""

    phase: Phase
    title: str
    actors: tuple[Actor, Actor]
    seconds: Number  # shape (3, ...)
    driver: str = ""  # "runtime" for the work itself
    before_first_byte: Number | None = None  # what of it passes before the result's first byte; None: all
    for_hits: bool = False  # a request that a cache at the edge answers takes it too
    order: int = 0  # within the phase: before the middle of it (below 0) or after
    past_door: bool = False  # it goes between the client and what is behind the door, but not through it
    where: Mask = EVERYWHERE  # on which paths it happens
