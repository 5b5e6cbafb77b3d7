"""Every picture at extremes: no text leaves it, none lies on another, and numbers stay numbers for people."""

import itertools
import re
from functools import cache

import pytest
from matplotlib.text import Text

import explorer as ex
from explorer.views import figures

EXTREMES = {
    "tiny": {"requests_per_month": 1, "request": "1 B", "response": "1 B", "runtime": "1 ms"},
    "huge": {
        "requests_per_month": 5e10,
        "request": {"p50": "900 KB", "p99": "40 MB"},
        "response": {"p50": "30 MB", "p99": "4 GB"},
        "runtime": {"p50": "40 s", "p99": "2 h"},
        "configuration": {"total": "900 KB", "entries": 400, "secrets": 40, "rotation": True},
    },
    "dear": {
        "requests_per_month": 1e9,
        "response": "20 KB",
        "runtime": "100 ms",
        "client": {"auth": "jwt", "needs": ["waf", "custom-domain"]},
        "targets": {"latency_p95": "1 s"},
    },
    "infeasible": {
        "requests_per_month": 1e6,
        "response": "90 MB",
        "runtime": {"p50": "2000 s", "p99": "5000 s"},
        "client": {"polls": False, "waits": "10 s"},
        "targets": {"latency_p95": "60 s"},
    },
    "long": {
        "name": "A name that is as long as a name of a workload can reasonably be before it is cut off",
        "requests_per_month": 2e4,
        "response": {"p50": "2 MB", "p99": "90 MB", "compression": 0.3},
        "runtime": {"p50": "3 min", "p99": "50 min", "divisible": True, "steps": 40, "state": "2 MB"},
        "client": {"auth": "iam"},
    },
}


@cache
def answer(name):
    return ex.recommend(ex.Workload(**EXTREMES[name]))


def _growth(r):
    frame = ex.forecast(r.workload, {"requests_per_month": "25 %", "response": "10 %"}, 24, r.nearest)
    return figures.growth(frame, name=r.workload.name)


def _rates(r):
    other = "edge=none,door=http-api,request=inline,response=buffered,compression=none"
    return figures.cost_by_rate(r.workload, [r.nearest, f"{other},execution=single"])


DRAWINGS = {
    "distribution": lambda r: figures.distribution(r.workload, "response"),
    "limits_used": lambda r: figures.limits_used(r),
    "costs": lambda r: figures.costs(r),
    "latency": lambda r: figures.latency(r),
    "sequence": lambda r: figures.sequence(r),
    "resources": lambda r: figures.resources(r),
    "cost_by_rate": _rates,
    "decision_map": lambda r: figures.decision_map(r.workload, "response", "runtime"),
    "tornado": lambda r: figures.tornado(ex.sensitivity(r.workload, design=r.nearest)),
    "growth": _growth,
}
every_extreme = pytest.mark.parametrize("extreme", EXTREMES)


def texts(picture):
    """Each text that is seen, with its box in pixels."""
    renderer = picture.canvas.get_renderer()
    picture.draw(renderer)
    owners = [picture, *picture.axes]
    all_texts = [text for owner in owners for text in owner.findobj(Text)]
    visible = {}
    for text in all_texts:
        if text.get_visible() and text.get_text().strip() and text.get_alpha() != 0:
            box = Text.get_window_extent(text, renderer)  # of an annotation without its arrow
            if box.width > 1 and not _is_clipped(text, box):
                visible[id(text)] = (text.get_text(), box)
    return list(visible.values())


def _is_clipped(text, box):
    """Whether a text lies outside of what it is clipped to, as ticks beyond an axis do."""
    clip = text.get_clip_box()
    return text.get_clip_on() and clip is not None and not clip.overlaps(box)


def overlaps(one, other):
    """Whether two boxes share more than a hair: a pixel of padding is left out on every side."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return width > 1.5 and height > 2.5


@cache
def drawn_texts(kind, extreme):
    """The texts of a picture of an extreme, and the picture's width and height."""
    picture = DRAWINGS[kind](answer(extreme))
    return texts(picture), picture.bbox.width, picture.bbox.height


@pytest.mark.parametrize("kind", DRAWINGS)
@every_extreme
def test_no_text_leaves_a_picture_or_lies_on_another(extreme, kind):
    labels, width, height = drawn_texts(kind, extreme)
    outside = [t for t, b in labels if b.x0 < -1 or b.y0 < -1 or b.x1 > width + 1 or b.y1 > height + 1]
    assert outside == []
    pairs = [(a, b) for (a, one), (b, other) in itertools.combinations(labels, 2) if overlaps(one, other)]
    assert pairs == []


def test_changes_at_close_rates_have_labels_apart():
    """The cheapest of these three designs changes at 4.07, 5.46 and 5.81 million requests a month."""
    w = ex.Workload.load("statements")
    base = "edge=none,request=inline,response=stored,compression=none,configuration=secrets-manager"
    choices = ("door=function-url,execution=single", "door=alb,execution=service")
    starts = ("on-demand", "on-demand", "snap-start")
    designs = [
        f"{base},{choice},initialization={start}"
        for choice, start in zip((*choices, choices[0]), starts, strict=True)
    ]
    labels = texts(figures.cost_by_rate(w, designs))
    assert sum("a month, $" in text for text, _ in labels) >= 3
    assert [(a, b) for (a, x), (b, y) in itertools.combinations(labels, 2) if overlaps(x, y)] == []


@pytest.mark.parametrize("kind", DRAWINGS)
@every_extreme
def test_every_number_is_one_that_people_say(extreme, kind):
    labels, _, _ = drawn_texts(kind, extreme)
    assert [text for text, _ in labels if re.search(r"\d+e[+-]?\d|\bnan\b|\binf\b", text)] == []
