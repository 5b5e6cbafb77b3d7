"""One request, step by step, for the browser: who does what for whom, and the seconds."""

from __future__ import annotations

from typing import Any

from explorer.analysis.recommendation import Recommendation
from explorer.engine.designs import Design
from explorer.facts.units import format_time
from explorer.options.base.conditions import Conditions
from explorer.views.figures.sequence import NO_TIME, Arrow, actor_name, actors_of, timed_steps

LEAST_S = 5e-4  # a shorter time is shown as under a millisecond


def sequence_message(r: Recommendation) -> dict[str, Any]:
    """The actors, and one row per step: from, to, title, phase, seconds at the p50."""
    return sequence_of(r.answer.sized_load, r.nearest)


def sequence_of(load: Conditions, design: Design) -> dict[str, Any]:
    """The same message for any design."""
    arrows = timed_steps(load, design)
    names = actors_of(arrows)
    place = {name: index for index, name in enumerate(names)}
    steps = [
        {
            "key": index,
            "from": place[arrow.start],
            "to": place[arrow.end],
            "title": arrow.title[:1].upper() + arrow.title[1:],
            "phase": arrow.phase.replace(" ", "-"),
            "seconds": arrow.p50_s,
            "said": _seconds_text(arrow),
            "silent": arrow.silent,
        }
        for index, arrow in enumerate(arrows)
    ]
    alt_text = "; ".join(f"{step['title']} {step['said']}" for step in steps if not step["silent"])
    return {
        "actors": [actor_name(name, design).replace("\n", " ") for name in names],
        "steps": steps,
        "total": sum(arrow.p50_s for arrow in arrows),
        "alt": f"One request: {alt_text}",
    }


def _seconds_text(arrow: Arrow) -> str:
    if not arrow.p99_s:
        return NO_TIME
    return "< 1 ms" if arrow.p50_s < LEAST_S else format_time(arrow.p50_s)
