"""Every picture at extremes: its texts are within it and on nothing else, its numbers as people say them."""

import re
from functools import cache

import pytest

import explorer as ex
from explorer.views import figures
from explorer.views.figures.distribution import label_rows
from explorer.views.figures.style import canvas, spread_places
from explorer.views.report.pictures import _designs_over_rates
from tests.support.documents import example_answer
from tests.support.examples import each_example
from tests.support.picture_reader import PictureReader

EXTREMES = {
    "fast": {
        "requests_per_month": 2.6e11,
        "peak_rps": 100_000,
        "response": "1 KB",
        "runtime": "10 ms",
    },
    "open": {  # the answer chooses the size
        "requests_per_month": 9e5,
        "response": {"p50": "600 KB", "p99": "8 MB"},
        "runtime": {"p50": "2 s", "p99": "30 s", "memory": "any", "architecture": "any"},
    },
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


def _equal_costs(r):
    """A design beside itself from a bundled file: without settings that costs the same."""
    ids = {**r.nearest.ids, "configuration": "environment"}
    return figures.cost_by_rate(r.workload, [ids, {**ids, "configuration": "bundled"}])


DRAWINGS = {
    "distribution": lambda r: figures.distribution(r.workload, "response"),
    "run_time_of_the_design": lambda r: figures.distribution(r.workload, "runtime", design=r.nearest),
    "response_of_the_design": lambda r: figures.distribution(r.workload, "response", design=r.nearest),
    "limits_used": lambda r: figures.limits_used(r),
    "costs": lambda r: figures.costs(r),
    "latency": lambda r: figures.latency(r),
    "sequence": lambda r: figures.sequence(r),
    "resources": lambda r: figures.resources(r),
    "cost_by_rate": _rates,
    "one_design_by_rate": lambda r: figures.cost_by_rate(r.workload, [r.nearest]),
    "equal_costs_by_rate": _equal_costs,
    "decision_map": lambda r: figures.decision_map(r.workload, "response", "runtime"),
    "tornado": lambda r: figures.tornado(ex.sensitivity(r.workload, design=r.nearest)),
    "growth": _growth,
    "price_of_being_wrong": lambda r: figures.price_of_being_wrong(r.workload),
}
MAPS = ("decision_map", "price_of_being_wrong")
every_picture = pytest.mark.parametrize(
    ("extreme", "kind"),
    [  # every point of a map at every size takes a minute
        pytest.param(extreme, kind, marks=pytest.mark.slow if extreme == "open" and kind in MAPS else ())
        for extreme in EXTREMES
        for kind in DRAWINGS
    ],
)


@cache
def read_picture(kind, extreme):
    """A picture of an extreme, read back."""
    return PictureReader(DRAWINGS[kind](answer(extreme)))


@every_picture
def test_no_text_leaves_a_picture_or_lies_on_another_or_on_a_line(extreme, kind):
    assert faults(read_picture(kind, extreme)) == {}


def faults(picture):
    """What cannot be read in a picture, by kind."""
    by_kind = {
        "outside": picture.outside(),
        "on one another": picture.on_one_another(),
        "on lines": picture.on_lines(),
        "out of shape": picture.out_of_shape(),
    }
    return {kind: texts for kind, texts in by_kind.items() if texts}


def test_the_reader_of_pictures_sees_each_fault():
    """A text over the edge, two on one another, one on a line, one in a bar that is too narrow."""
    picture, axes = canvas(3.0, "Faults", "Faults", 0.1, 0.9)
    axes.set(xlim=(0, 10), ylim=(0, 10))
    picture.text(0.98, 0.5, "over the edge")
    axes.text(1, 8, "one")
    axes.text(1, 8.2, "another")
    axes.plot([0, 10], [5, 5])
    axes.text(3, 5, "crossed", va="center")
    axes.text(6, 5, "hidden", va="center", zorder=5, bbox={"facecolor": "white", "alpha": 0.95})
    axes.barh(2, 0.1, left=4, height=1.5)
    axes.text(4.05, 2, "too wide for its bar", ha="center", va="center")
    assert faults(PictureReader(picture)) == {
        "outside": ["over the edge"],
        "on one another": [("one", "another")],
        "on lines": ["crossed"],
        "out of shape": ["too wide for its bar"],
    }


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
    picture = PictureReader(figures.cost_by_rate(w, designs))
    assert sum("a month, $" in text for text in picture.words) >= 3 and faults(picture) == {}


@each_example
def test_the_pictures_of_an_example_are_readable(path):
    r = example_answer(path.stem)
    pictures = {
        "rates": figures.cost_by_rate(r.workload, _designs_over_rates(r)),
        **{
            name: figures.distribution(r.workload, name, design=r.nearest)
            for name in ("request", "response", "runtime")
        },
    }
    assert {name: faults(PictureReader(picture)) for name, picture in pictures.items()} == {
        name: {} for name in pictures
    }


@pytest.mark.parametrize(
    ("places", "widths", "rows"),
    [
        ([0.2, 0.5], [0.1, 0.1], [(0, True), (1, True)]),
        (
            [0.2, 0.3],
            [0.4, 0.4],
            [(0, True), (1, True)],
        ),  # the first label spans the second line: it is above
        ([0.6, 0.9], [0.5, 0.6], [(1, False), (0, False)]),  # no room to the right: the last one is above
        ([], [], []),
    ],
)
def test_no_line_of_a_limit_crosses_the_label_of_another(places, widths, rows):
    assert label_rows(places, widths) == rows


@pytest.mark.parametrize(
    ("ideal", "gap", "ends", "places"),
    [
        ([0.1, 0.5], 0.2, (0, 1), [0.1, 0.5]),
        ([0.5, 0.5], 0.2, (0, 1), [0.4, 0.6]),
        ([1.0, 1.0, 0.0], 0.2, (0, 1), [0.8, 1.0, 0.0]),
        ([0.5, 0.5, 0.5], 0.8, (0, 1), [0.0, 0.5, 1.0]),  # no room: evenly
        ([], 0.2, (0, 1), []),
    ],
)
def test_labels_are_spread_as_little_as_they_must_and_stay_within_their_ends(ideal, gap, ends, places):
    assert spread_places(ideal, gap, *ends) == pytest.approx(places)


@every_picture
def test_every_number_is_one_that_people_say(extreme, kind):
    assert [
        text for text in read_picture(kind, extreme).words if re.search(r"\d+e[+-]?\d|\bnan\b|\binf\b", text)
    ] == []
