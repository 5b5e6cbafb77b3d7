"""The structure of a design: one box for each component, with its parts, and the steps between boxes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from explorer.engine.designs import Design
from explorer.engine.latency import steps as steps_of
from explorer.options.base.conditions import Conditions
from explorer.options.base.design_part import DesignPart
from explorer.options.base.option import Option
from explorer.options.base.request_path import Actor, Behind, BodyIn, Step

LEAST_IN, TITLE_IN, LINE_IN = 0.62, 0.175, 0.145  # heights: least box, title, other lines
WRAP = 21  # characters per line in a box
TITLE_WRAP = 14  # characters per line of its title
# upper row, from left to right
ACROSS = (
    Actor.CLIENT,
    Actor.EDGE,
    Actor.DOOR,
    Actor.FRONT,
    Actor.HANDS,
    Actor.WORKER,
    Actor.STORE,
)
UNDER = {Actor.TABLE: Actor.FRONT, Actor.BUCKET: Actor.WORKER}  # lower row, and the box above each


@dataclass
class Box:
    """One component, the parts of the design in it, and its place [inches]."""

    title: str
    parts: list[str] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0

    @property
    def lines(self) -> list[str]:
        """Its parts as wrapped bullets."""
        every = (textwrap.wrap(f"· {part}", WRAP, subsequent_indent="  ") for part in self.parts)
        return [line for lines in every for line in lines]

    @property
    def title_lines(self) -> list[str]:
        """Its title, wrapped."""
        return textwrap.wrap(self.title, TITLE_WRAP)

    @property
    def height(self) -> float:
        """The height [inches]."""
        return max(LEAST_IN, 0.24 + TITLE_IN * len(self.title_lines) + LINE_IN * len(self.lines))


@dataclass(frozen=True)
class Talk:
    """A numbered step between two boxes; both are the same if one box works or waits."""

    number: int
    start: str
    end: str
    title: str
    phase: str


def boxes_by_role(load: Conditions, design: Design) -> dict[str, Box]:
    """The boxes by role; each part of the design is in one of them."""
    flow = design.flow
    boxes: dict[str, Box] = {Actor.CLIENT: Box("client"), Actor.DOOR: Box(design.option("door").name)}
    if flow.distribution:
        boxes[Actor.EDGE] = Box(design.option("edge").name)
    if flow.asynchronous or flow.body_in is BodyIn.S3:
        boxes[Actor.FRONT] = Box(front_name(design))
    boxes[Actor.WORKER] = Box(flow.compute.box)
    for option, parts in design.parts_by_option(load).items():
        for part in parts:
            role, title = _role_and_title(part, option, boxes)
            boxes.setdefault(role, Box(title)).parts.append(part)
    if any(Actor.BUCKET in step.actors for step in drawn_steps(load, design)):
        boxes.setdefault(Actor.BUCKET, Box("S3 bucket"))  # for results too large to return directly
    for box in boxes.values():  # do not repeat a title that is the only part
        box.parts = [part for part in box.parts if part != box.title]
    return {role.value: boxes[role] for role in (*ACROSS, *UNDER) if role in boxes}


def front_name(design: Design) -> str:
    """The name of the small functions beside the worker, or of the container that replaces them."""
    return "front function" if design.flow.behind is Behind.FUNCTION else "front container"


def _role_and_title(part: str, option: Option, boxes: Mapping[str, Box]) -> tuple[Actor, str]:
    """The role of a part, and the title of this role's box."""
    design_part = part if isinstance(part, DesignPart) else DesignPart(part)
    if design_part.role is None or (design_part.role is Actor.FRONT and Actor.FRONT not in boxes):
        return option.role, option.name
    return design_part.role, design_part.box or design_part


def step_ends(step: Step, design: Design) -> tuple[str, str]:
    """The two ends of a step. Behind a distribution, door and results reach clients only through it."""
    start, end = step.actors
    if not design.flow.distribution or step.past_door:
        return start, end
    if start is Actor.CLIENT and end not in (Actor.CLIENT, Actor.EDGE, Actor.BUCKET):
        return Actor.EDGE, end
    return (Actor.EDGE, end) if end is Actor.CLIENT and start is not Actor.CLIENT else (start, end)


def drawn_steps(load: Conditions, design: Design) -> list[Step]:
    """The steps that pictures show: those that take time, and what brings the client its answer."""
    return [step for step in steps_of(load, design) if step.delivers or np.any(np.asarray(step.seconds) > 0)]


def numbered_talks(load: Conditions, design: Design, boxes: Mapping[str, Box]) -> Iterator[Talk]:
    """The numbered steps of one request between the existing boxes."""
    for number, step in enumerate(drawn_steps(load, design), 1):
        ends = [_role(actor, boxes) for actor in step_ends(step, design)]
        if set(ends) & {"client", "edge"} and set(ends) & {"worker", "front"} and not step.past_door:
            ends = ["door" if end in ("worker", "front") else end for end in ends]
        yield Talk(number, ends[0], ends[1], step.title, step.phase)


def _role(actor: str, boxes: Mapping[str, Box]) -> str:
    if actor == "front" and "front" not in boxes:
        return "worker"
    return actor if actor in boxes else "store"


def talks_between_boxes(talks: list[Talk], boxes: Mapping[str, Box]) -> dict[tuple[str, str], list[Talk]]:
    """The steps grouped by pair of boxes, and the hand-overs without a step of their own."""
    talks_by_boxes: dict[tuple[str, str], list[Talk]] = {}
    for talk in talks:
        if talk.start != talk.end:
            talks_by_boxes.setdefault((talk.start, talk.end), []).append(talk)
    inner = "front" if "front" in boxes else "worker"
    talks_by_boxes.setdefault(("door", inner), [])
    if "hands" in boxes:
        before = "front" if "front" in boxes else "door"
        notes = talks_by_boxes.pop((before, "worker"), [])
        talks_by_boxes |= {(before, "hands"): notes, ("hands", "worker"): []}
    if inner == "front" and ("front", "worker") not in talks_by_boxes and "hands" not in boxes:
        talks_by_boxes[("door", "worker")] = []
    if "store" in boxes:
        talks_by_boxes.setdefault(("worker", "store"), [])
    return talks_by_boxes


def goes_over(start: str, end: str, boxes: Mapping[str, Box]) -> bool:
    """Whether another box is in the way of a line, so that it goes over the box."""
    return (start, end) == ("front", "client") or ({start, end} == {"door", "worker"} and "front" in boxes)
