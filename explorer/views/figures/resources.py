"""The resources of a design: components to deploy, parts to operate, and connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyBboxPatch

from explorer.analysis.choice import complete_design
from explorer.analysis.phrases import name_design
from explorer.analysis.recommendation import Recommendation
from explorer.engine.designs import Design
from explorer.engine.sizing import sized_conditions
from explorer.options.base.request_path import Actor
from explorer.workload.workload import Workload

from .architecture import (
    ACROSS,
    LINE_IN,
    TITLE_IN,
    UNDER,
    Box,
    Talk,
    boxes_by_role,
    goes_over,
    numbered_talks,
    talks_between_boxes,
)
from .bars import PHASE_COLOURS
from .style import INK, WIDTH_IN, Picture, canvas, in_house_style, ink_on, subtitle

BOX_IN, GAP_IN, LANE_IN = 1.38, 0.5, 0.42
LEGEND_IN, NUMBER_IN = 0.215, 0.21
ARROW = "#8c959f"  # hand-overs without time of their own
FILLS = {"client": "#eef1f4", "edge": "#e6f1fa", "door": "#e6f1fa"}
FILLS |= dict.fromkeys(("table", "bucket", "store"), "#e9f5ef")
MOST_ACROSS = 6  # boxes of the upper row; with one more, the store moves below the box that hands over


@in_house_style
def resources(
    subject: Recommendation | Workload, design: str | Mapping[str, str | None] | Design | None = None
) -> Picture:
    """The structure of a design: a box for each component with its parts, an arrow for each connection.

    Parameters
    ----------
    subject : a recommendation, or a workload with `design`
    design : the design to show; missing concerns are filled with the best options

    Numbers give the order of the steps; colours are the phases as in the sequence picture.
    """
    workload, subject_design = _resources_subject(subject, design)
    load = sized_conditions(workload, subject_design)
    boxes = boxes_by_role(load, subject_design)
    talks = list(numbered_talks(load, subject_design, boxes))
    lines = talks_between_boxes(talks, boxes)
    over = any(goes_over(*pair, boxes) for pair in lines)
    height, legend_in = _place_boxes(boxes, over), LEGEND_IN * -(-len(talks) // 3) + 0.12
    title = f"Resources: {workload.name}"
    picture, axes = canvas(
        height + legend_in + 1.05, title, _resources_alt(title, boxes, talks), 0.0, 1.0, 0.08
    )
    note = "; under each name the parts that someone must know exist"
    subtitle(picture, name_design(subject_design), end=note)
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH_IN)
    axes.set_ylim(-legend_in - 0.1, height + 0.25)
    for role, box in boxes.items():
        _draw_resources(axes, box, FILLS.get(role, "#fdf3e3"))
    for (start, end), talks_of_line in lines.items():
        _connect_boxes(axes, boxes, start, end, talks_of_line)
    _draw_own_steps(axes, boxes, talks)
    _resources_legend(axes, talks)
    return picture


def _resources_subject(
    subject: Recommendation | Workload, design: str | Mapping[str, str | None] | Design | None
) -> tuple[Workload, Design]:
    if isinstance(subject, Recommendation):
        return subject.workload, subject.nearest
    return subject, complete_design(subject, design or {})


def _place_boxes(boxes: dict[str, Box], over: bool) -> float:
    """Place each box; returns the total height [inches]."""
    upper = [role for role in ACROSS if role in boxes]
    stands_under = dict(UNDER)
    if len(upper) > MOST_ACROSS:
        upper.remove(Actor.STORE)
        stands_under[Actor.STORE] = Actor.HANDS
    gap = min((WIDTH_IN - 0.3 - BOX_IN) / max(len(upper) - 1, 1), 2.6)
    left = (WIDTH_IN - gap * (len(upper) - 1)) / 2
    under = [role for role in stands_under if role in boxes]
    low = max((boxes[role].height for role in under), default=0.0)
    lane = LANE_IN if "bucket" in boxes else 0.0  # for the line between client and bucket
    high = max(boxes[role].height for role in upper)
    middle = lane + low + (GAP_IN if under else 0.0) + high / 2
    for number, role in enumerate(upper):
        boxes[role].x, boxes[role].y = left + gap * number, middle
    for role in under:
        above = boxes.get(stands_under[role], boxes["worker"])
        boxes[role].x, boxes[role].y = above.x, lane + low - boxes[role].height / 2
    return middle + high / 2 + (LANE_IN if over else 0.0)


def _draw_resources(axes: Axes, box: Box, fill: str) -> None:
    corner = (box.x - BOX_IN / 2, box.y - box.height / 2)
    style: Any = {
        "boxstyle": "round,pad=0,rounding_size=0.07",
        "facecolor": fill,
        "edgecolor": ARROW,
        "lw": 1,
    }
    axes.add_patch(FancyBboxPatch(corner, BOX_IN, box.height, zorder=3, **style))
    titled = box.title_lines
    rest = LINE_IN * len(box.lines)
    top = box.y + (TITLE_IN * len(titled) + rest + (0.06 if rest else 0)) / 2
    for number, line in enumerate(titled):
        y = top - TITLE_IN * (number + 0.5)
        axes.text(box.x, y, line, ha="center", va="center", size=9.5, weight="bold", zorder=4)
    top -= TITLE_IN * len(titled) + 0.06
    for number, line in enumerate(box.lines):
        y = top - LINE_IN * (number + 0.5)
        axes.text(box.x - BOX_IN / 2 + 0.09, y, line, va="center", size=7.6, color=INK, zorder=4)


def _connect_boxes(axes: Axes, boxes: Mapping[str, Box], start: str, end: str, talks: list[Talk]) -> None:
    """Draw an arrow with the numbers of its steps; arrows between bucket and client go around other boxes."""
    a, b = boxes[start], boxes[end]
    if "bucket" in (start, end) and {start, end} & {"client", "edge"}:
        shift = 0.24 if start == "client" else 0.0
        points = _path_around(a, b, below=0.16 + shift / 2, shift=shift)
    elif goes_over(start, end, boxes):
        top = max(box.y + box.height / 2 for box in boxes.values())
        points = _path_around(a, b, below=-(top + 0.22), shift=0.0)
    elif abs(a.x - b.x) < 0.1:
        side = 1 if a.y < b.y else -1
        points = [(a.x, a.y + side * a.height / 2), (b.x, b.y - side * b.height / 2)]
    else:
        side = 1 if a.x < b.x else -1
        back = 0.0 if side > 0 else -0.2
        points = [(a.x + side * BOX_IN / 2, a.y + back), (b.x - side * BOX_IN / 2, b.y + back)]
    _draw_box_arrow(axes, points, talks)


def _path_around(a: Box, b: Box, below: float, shift: float) -> list[tuple[float, float]]:
    """A path through a lane below the boxes, or above them if `below` is negative."""
    side, y = (-1, below) if below > 0 else (1, -below)
    return [(a.x - shift, a.y + side * a.height / 2), (a.x - shift, y), (b.x - shift, y),
            (b.x - shift, b.y + side * b.height / 2)]  # fmt: skip


def _draw_box_arrow(axes: Axes, points: list[tuple[float, float]], talks: list[Talk]) -> None:
    colour = PHASE_COLOURS[talks[0].phase] if talks else ARROW
    style: Any = {"color": colour, "lw": 1.8 if talks else 1.1, "zorder": 2}
    if len(points) > 2:
        axes.plot(*zip(*points[:-1]), solid_joinstyle="round", **style)
    arrow = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0, **style}
    arrow.pop("zorder")
    axes.annotate("", points[-1], points[-2], arrowprops=arrow, zorder=2)
    (x0, y0), (x1, y1) = (points[1], points[2]) if len(points) > 2 else points
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    for place, talk in enumerate(talks):
        centred = NUMBER_IN * (place - (len(talks) - 1) / 2)
        if abs(x0 - x1) < 0.1:
            across, up = 0.0, -centred
        elif NUMBER_IN * len(talks) < abs(x0 - x1):
            across, up = centred, 0.0
        else:  # too many for the gap between two boxes: a column that begins on the line
            across, up = 0.0, NUMBER_IN * (place if x0 < x1 else -place)
        _draw_step_number(axes, middle[0] + across, middle[1] + up, talk)


def _draw_step_number(axes: Axes, x: float, y: float, talk: Talk) -> None:
    colour = PHASE_COLOURS[talk.phase]
    axes.add_patch(Circle((x, y), 0.098, facecolor=colour, edgecolor="white", lw=1, zorder=5))
    ink = ink_on(colour)
    axes.text(
        x, y - 0.005, str(talk.number), ha="center", va="center", size=7.2, weight="bold", color=ink, zorder=6
    )


def _draw_own_steps(axes: Axes, boxes: Mapping[str, Box], talks: list[Talk]) -> None:
    """Draw the numbers of a box's own steps at its upper right corner."""
    for role, box in boxes.items():
        own = [talk for talk in talks if talk.start == talk.end == role]
        for place, talk in enumerate(reversed(own)):
            _draw_step_number(axes, box.x + BOX_IN / 2 - 0.06 - 0.21 * place, box.y + box.height / 2, talk)


def _resources_legend(axes: Axes, talks: list[Talk]) -> None:
    rows = -(-len(talks) // 3)
    for place, talk in enumerate(talks):
        column, row = divmod(place, max(rows, 1))
        x, y = 0.25 + column * 3.45, -0.22 - LEGEND_IN * row
        _draw_step_number(axes, x, y, talk)
        axes.text(x + 0.17, y, talk.title, va="center", size=8.3)


def _resources_alt(title: str, boxes: Mapping[str, Box], talks: list[Talk]) -> str:
    things = "; ".join(
        box.title + (f" ({', '.join(box.parts)})" if box.parts else "") for box in boxes.values()
    )
    talks_text = ", ".join(f"{talk.number} {talk.title}" for talk in talks)
    return f"{title}: {things}. Steps: {talks_text}"
