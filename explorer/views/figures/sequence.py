"""The sequence picture: the steps of one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from explorer.analysis.choice import complete_design
from explorer.analysis.phrases import name_design
from explorer.analysis.recommendation import Recommendation
from explorer.engine.designs import Design
from explorer.engine.sizing import sized_conditions
from explorer.facts.units import format_time
from explorer.options.base.conditions import Conditions
from explorer.options.base.request_path import LEVELS, Actor
from explorer.workload.workload import Workload

from .architecture import drawn_steps, front_name, step_ends
from .bars import PHASE_COLOURS
from .style import (
    FAINT,
    INK,
    RULE,
    WIDTH_IN,
    Picture,
    canvas,
    in_house_style,
    subtitle,
)

ROW_IN = 0.42
SILENT_IN = 0.24
NO_TIME = "adds no time"  # such as a stream that ends with the work
ORDER = ("client", "edge", "door", "front", "worker", "table", "bucket")  # then the stores that are read


@dataclass(frozen=True)
class Arrow:
    """One step between two columns; both are the same if an actor works or waits."""

    start: str
    end: str
    title: str
    phase: str
    p50_s: float
    p99_s: float
    silent: bool = False  # a hand-over whose time is part of the neighbouring steps


@in_house_style
def sequence(
    subject: Recommendation | Workload | tuple[Workload, str | Mapping[str, str | None] | Design],
    design: str | Mapping[str, str | None] | Design | None = None,
) -> Picture:
    """The steps of one request in order, their actors, and their time at the p50 [s].

    Parameters
    ----------
    subject : a recommendation, or a workload with `design`
    design : the design to show; missing concerns are filled with the best options
    """
    workload, subject_design = _sequence_subject(subject, design)
    arrows = timed_steps(sized_conditions(workload, subject_design), subject_design)
    actors = actors_of(arrows)
    title = f"One request: {workload.name}"
    spent = [f"{a.title} {format_time(a.p50_s)}" for a in arrows if not a.silent]
    places = -np.cumsum([SILENT_IN if arrow.silent else ROW_IN for arrow in arrows])
    depth = -float(places[-1]) if arrows else 0.0
    picture, axes = canvas(1.47 + depth, title, f"{title}: {'; '.join(spent)}", 0.0, 1.0, 0.1)
    note = "; seconds at the p50, and at the p99 where they differ"
    subtitle(picture, name_design(subject_design), end=note)
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH_IN)
    axes.set_ylim(-depth - 0.15, 0.6)
    columns = _actor_columns(axes, actors, subject_design, depth)
    for arrow, y in zip(arrows, places, strict=True):
        _draw_sequence(axes, arrow, columns, float(y) + 0.08)
    return picture


def _sequence_subject(subject: object, design: object) -> tuple[Workload, Design]:
    if isinstance(subject, Recommendation):
        return subject.workload, subject.nearest
    workload, subject_design = subject if isinstance(subject, tuple) else (subject, design)
    return workload, complete_design(workload, subject_design or {})


def timed_steps(load: Conditions, design: Design) -> list[Arrow]:
    """The steps that are drawn, and the hand-over from door to worker if no step has it."""
    arrows: list[Arrow] = []
    at = "client"
    for step in drawn_steps(load, design):
        seconds = np.broadcast_to(step.seconds, (len(LEVELS),))
        start, end = step_ends(step, design)
        if {"door", "edge"} & {at, start} and at not in (start, "client") and start != "client":
            arrows.append(Arrow(at, start, "", step.phase, 0.0, 0.0, silent=True))
        arrows.append(Arrow(start, end, step.title, step.phase, float(seconds[0]), float(seconds[-1])))
        at = end
    return arrows


def actors_of(arrows: Sequence[Arrow]) -> list[str]:
    """The actors, in their order from left to right."""
    actors = [actor for arrow in arrows for actor in (arrow.start, arrow.end)]
    stores = [actor for actor in dict.fromkeys(actors) if actor not in ORDER]
    return [actor for actor in ORDER if actor in actors] + stores


def _actor_columns(axes: Axes, actors: Sequence[str], design: Design, depth: float) -> dict[str, float]:
    """Draw a name and a lifeline for each actor; returns their positions [inches]."""
    gap = min(WIDTH_IN / max(len(actors), 1), 2.6)
    left = (WIDTH_IN - gap * len(actors)) / 2
    places = {actor: left + gap * (index + 0.5) for index, actor in enumerate(actors)}
    for actor, x in places.items():
        box: dict[str, Any] = {"boxstyle": "round,pad=0.4", "facecolor": "#f6f8fa", "edgecolor": RULE}
        axes.text(
            x, 0.3, actor_name(actor, design), ha="center", va="center", size=9.5, weight="bold", bbox=box
        )
        axes.plot([x, x], [0.06, -depth - 0.1], color=RULE, lw=1.2, zorder=1)
    return places


def actor_name(actor: str, design: Design) -> str:
    """The name of an actor in this design."""
    if actor == "edge":
        return design.option("edge").name
    if actor == "door":
        return design.option("door").name
    if actor == Actor.STORE:
        return design.option("configuration").name
    if actor == "worker":
        return design.flow.compute.column
    if actor == "front":
        return front_name(design)
    return actor


def _draw_sequence(axes: Axes, arrow: Arrow, places: Mapping[str, float], y: float) -> None:
    start, end = places[arrow.start], places[arrow.end]
    colour = "#8c959f" if arrow.silent else PHASE_COLOURS[arrow.phase]
    back: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.92}
    if arrow.silent:
        dotted: dict[str, Any] = {"arrowstyle": "->", "color": colour, "lw": 1.0, "ls": (0, (3, 3))}
        axes.annotate("", (end, y), (start, y), arrowprops=dotted)
        return
    text = f"{arrow.title}"
    seconds_text = _step_seconds(arrow)
    if start == end:
        axes.plot([start, start], [y - 0.1, y + 0.2], color=colour, lw=7, solid_capstyle="butt", zorder=3)
        x, side = (start + 0.12, "left") if start < WIDTH_IN * 0.72 else (start - 0.12, "right")
        axes.text(x, y + 0.12, text, ha=side, va="center", size=8.5, bbox=back, zorder=4)
        axes.text(x, y - 0.06, seconds_text, ha=side, va="center", size=8, color=FAINT, bbox=back, zorder=4)
        return
    style: dict[str, Any] = {"arrowstyle": "-|>", "color": colour, "lw": 2.0, "shrinkA": 0, "shrinkB": 1}
    axes.annotate("", (end, y), (start, y), arrowprops=style, zorder=3)
    _step_label(axes, (start + end) / 2, y, text, seconds_text)


def _step_label(axes: Axes, x: float, y: float, text: str, seconds_text: str) -> None:
    """Write the step's text above its arrow and its seconds below, inside the picture."""
    half = 0.5 * max(len(text) * 0.068, len(seconds_text) * 0.064)
    x = min(max(x, half + 0.1), WIDTH_IN - half - 0.1)
    back: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.92}
    axes.text(x, y + 0.11, text, ha="center", va="center", size=8.5, color=INK, bbox=back, zorder=4)
    axes.text(x, y - 0.12, seconds_text, ha="center", va="center", size=8, color=FAINT, bbox=back, zorder=4)


def _step_seconds(arrow: Arrow) -> str:
    p50, p99 = format_time(arrow.p50_s), format_time(arrow.p99_s)
    if not arrow.p99_s:
        return NO_TIME
    return p50 if p50 == p99 else f"{p50}, p99 {p99}"
