"""What a design is made of: a box a thing, with its parts in it, and the steps that go between them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from explorer.engine.designs import OPTIONS, Design
from explorer.engine.latency import steps as steps_of
from explorer.options.base.conditions import Load

LEAST_IN, TITLE_IN, LINE_IN = 0.62, 0.175, 0.145  # of a box: its least height, and that of its lines
WRAP = 21  # characters of a line in a box
ACROSS = ("client", "door", "front", "hands", "worker", "store")  # of the upper row, from left to right
UNDER = {"table": "front", "bucket": "worker"}  # of the lower row, and what they stand under
NAMED = {  # the part that a role has by name, and what else it takes along
    "hands": ("queue", "state machine"),
    "table": ("status table",),
    "bucket": ("results bucket", "uploads bucket", "state bucket"),
    "front": ("submit function", "status function", "callback delivery"),
}
WORKERS = {"lambda": "Lambda function", "instance": "managed instance", "task": "container task"}
FILLS = {"client": "#eef1f4", "door": "#e6f1fa", "table": "#e9f5ef", "bucket": "#e9f5ef", "store": "#e9f5ef"}


@dataclass
class Box:
    """One thing, the parts of the design that are in it, and where it stands [inches]."""

    title: str
    parts: list[str] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0

    @property
    def lines(self) -> list[str]:
        """Its parts, a bullet each, broken to fit."""
        every = (textwrap.wrap(f"· {part}", WRAP, subsequent_indent="  ") for part in self.parts)
        return [line for lines in every for line in lines]

    @property
    def height(self) -> float:
        """Inches."""
        return max(LEAST_IN, 0.24 + TITLE_IN * len(self.title.split("\n")) + LINE_IN * len(self.lines))


@dataclass(frozen=True)
class Talk:
    """A numbered step between two boxes; both the same where one works or waits."""

    number: int
    start: str
    end: str
    title: str
    phase: str


def boxes_of(design: Design) -> dict[str, Box]:
    """The boxes by role; each part of the design stands in one of them."""
    flow, configuration = design.flow, design.options[-1]
    boxes = {"client": Box("client"), "door": Box(design.door)}
    fronted = flow.asynchronous or flow.body_in == "s3"
    if fronted:
        boxes["front"] = Box("front function" if flow.behind == "function" else "front container")
    worker = "container" if flow.compute == "service" else WORKERS.get(flow.compute, flow.compute)
    boxes["worker"] = Box(worker)
    for option in design.options:
        for part in option.parts:
            boxes.setdefault(*_home(part, option.concern, configuration.id, fronted))
            boxes[_home(part, option.concern, configuration.id, fronted)[0]].parts.append(part)
    for box in boxes.values():  # a title that is the only part is not said twice
        box.parts = [part for part in box.parts if part != box.title]
    return {role: boxes[role] for role in (*ACROSS, *UNDER) if role in boxes}


def _home(part: str, concern: str, store: str, fronted: bool) -> tuple[str, Box]:
    """The role that a part belongs to, and the box of this role."""
    if part.startswith("client"):
        return "client", Box("client")
    for role, names in NAMED.items():
        if part in names and (fronted or role != "front"):
            return role, Box({"hands": part, "table": "DynamoDB table", "bucket": "S3 bucket"}.get(role, ""))
    if part == "dead-letter queue":
        return "hands", Box("queue")
    roles = {"door": "door", "configuration": "store"}
    return roles.get(concern, "worker"), Box(
        store.replace("-", "\n", 1) if concern == "configuration" else ""
    )


def talks_of(load: Load, design: Design, boxes: Mapping[str, Box]) -> Iterator[Talk]:
    """The steps of one request, numbered, between the boxes that are there."""
    doors, number = {"door", *OPTIONS["door"]}, 0
    for step in steps_of(load, design):
        if not np.any(np.asarray(step.seconds) > 0):
            continue
        ends = [_role(actor, doors, boxes) for actor in step.actors]
        if set(ends) in ({"client", "worker"}, {"client", "front"}) and step.title != "call the client back":
            ends = ["door" if end in ("worker", "front") else end for end in ends]
        number += 1
        yield Talk(number, ends[0], ends[1], step.title, step.phase)


def _role(actor: str, doors: set[str], boxes: Mapping[str, Box]) -> str:
    if actor in doors:
        return "door"
    if actor == "front" and "front" not in boxes:
        return "worker"
    return actor if actor in boxes else "store"


def lines_of(talks: list[Talk], boxes: Mapping[str, Box]) -> dict[tuple[str, str], list[Talk]]:
    """The steps by the boxes between which they go, and the hand-overs that no step says."""
    found: dict[tuple[str, str], list[Talk]] = {}
    for talk in talks:
        if talk.start != talk.end:
            found.setdefault((talk.start, talk.end), []).append(talk)
    inner = "front" if "front" in boxes else "worker"
    found.setdefault(("door", inner), [])
    if "hands" in boxes:
        handed = found.pop(("front", "worker"), [])
        found |= {("front", "hands"): handed, ("hands", "worker"): []}
    if inner == "front" and ("front", "worker") not in found and "hands" not in boxes:
        found[("door", "worker")] = []
    if "store" in boxes:
        found.setdefault(("worker", "store"), [])
    return found


def goes_over(start: str, end: str, boxes: Mapping[str, Box]) -> bool:
    """Whether a line has a box in its way, and goes over it."""
    return (start, end) == ("front", "client") or ({start, end} == {"door", "worker"} and "front" in boxes)
