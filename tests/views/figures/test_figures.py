"""Pictures hold the numbers of the answer, whatever the workload, and are the same at every run."""

import re
from base64 import b64decode
from functools import cache

import numpy as np
import pytest
from matplotlib.colors import to_hex

import explorer as ex
from explorer.analysis.choice import complete_design
from explorer.engine.designs import CONCERNS, table
from explorer.engine.latency import latency as seconds_of
from explorer.errors import ExplorerError
from explorer.facts import locations
from explorer.facts.units import format_time, format_usd
from explorer.options.base.conditions import at_stated_size
from explorer.options.base.request_path import Phase
from explorer.views import figures
from explorer.views.figures.architecture import boxes_by_role, numbered_talks
from explorer.views.figures.sequence import timed_steps
from explorer.views.figures.style import VERDICTS
from tests.support.examples import FILES

PNG = b"\x89PNG\r\n\x1a\n"
DRAW = {
    "limits_used": lambda r: figures.limits_used(r),
    "costs": lambda r: figures.costs(r),
    "latency": lambda r: figures.latency(r),
    "response": lambda r: figures.distribution(r.workload),
    "runtime": lambda r: figures.distribution(r.workload, "runtime"),
    "request": lambda r: figures.distribution(r.workload, "request", door="http-api"),
    "cost_by_rate": lambda r: figures.cost_by_rate(r.workload, [r.nearest, "execution=service"]),
    "sequence": lambda r: figures.sequence(r),
}
UNUSUAL = {
    "one value": {"response": "2 MB", "runtime": "1 s"},
    "nothing but a rate": {"response": 0, "runtime": 0, "request": 0, "configuration": 0},
    "one request": {"response": "1 KB", "runtime": "1 s", "requests_per_month": 1},
    "nothing feasible": {"response": "2 MB", "runtime": "5 h", "client": {"polls": False, "waits": "1 s"}},
    "samples": {"response": {"samples": [1e3, 2e3, 5e7]}, "runtime": {"samples": [0.1, 0.2, 900.0]}},
    "a thousandfold over": {"response": "40 TB", "runtime": "300 days"},
}


def workload(**fields) -> ex.Workload:
    return ex.Workload(**{"requests_per_month": 1e6, "response": "100 KB", "runtime": "1 s", **fields})


@pytest.fixture(scope="module")
def statements() -> ex.Recommendation:
    return ex.recommend(ex.Workload.load(locations.workloads_dir() / "statements.toml"))


def texts(picture: figures.Picture) -> list[str]:
    """Every text that is drawn, those in the margins too."""
    inside = [text.get_text() for axes in picture.axes for text in axes.texts]
    return inside + [text.get_text() for text in picture.texts]


def bars(picture: figures.Picture) -> list[tuple[float, float, float, str]]:
    """(row, start, end, colour) of each bar."""
    every = [(bar.get_bbox(), to_hex(bar.get_facecolor())) for bar in picture.axes[0].patches]
    return [((box.y0 + box.y1) / 2, box.x0, box.x1, colour) for box, colour in every]


@cache
def answer_of_file(path) -> ex.Recommendation:
    return ex.recommend(ex.Workload.load(path))


@cache
def unusual_answer(case: str) -> ex.Recommendation:
    return ex.recommend(workload(**UNUSUAL[case]))


@pytest.mark.parametrize("name", DRAW)
@pytest.mark.parametrize("path", FILES)
def test_every_example_is_drawn_inside_its_picture(path, name):
    picture = DRAW[name](answer_of_file(path))
    assert picture.png().startswith(PNG)
    width, renderer = picture.bbox.width, picture.canvas.get_renderer()
    labels = [
        text
        for axes in picture.axes
        for text in [*axes.texts, *(axes.get_xticklabels() if axes.axison else [])]
    ]
    for text in [*labels, *picture.texts]:
        box = text.get_window_extent(renderer)
        assert box.width == 0 or (box.x0 >= -1 and box.x1 <= width + 1), text.get_text()


@pytest.mark.parametrize("name", DRAW)
@pytest.mark.parametrize("case", UNUSUAL)
def test_unusual_workloads_are_drawn(case, name):
    assert DRAW[name](unusual_answer(case)).png().startswith(PNG)


@pytest.mark.parametrize("name", DRAW)
def test_the_same_input_gives_the_same_bytes(name, statements):
    one, other = DRAW[name](statements), DRAW[name](statements)
    assert one.svg() == other.svg() and one.png() == other.png()
    assert repr(one) == repr(other) and "0x" not in repr(one)
    assert "<dc:date>" not in one.svg()


def test_a_picture_shows_itself_in_a_notebook(statements):
    formats, size = figures.limits_used(statements)._repr_mimebundle_()
    assert b64decode(formats["image/png"]).startswith(PNG)
    assert formats["text/plain"].startswith("Picture(Limits used")
    assert size["image/png"]["width"] == 1050


def test_bars_of_limits_end_at_their_share(statements):
    picture = figures.limits_used(statements)
    axes, frame = picture.axes[0], statements.findings
    assert axes.get_xscale() == "log"
    assert any(list(line.get_xdata()) == [1.0, 1.0] for line in axes.lines), "the limit is marked"
    for name in ("lambda.furl.request", "lambda.async.payload", "lambda.timeout"):
        row = frame[frame["limit"] == name].iloc[0]
        light = VERDICTS[row.verdict][1]
        ends = [end for _, _, end, colour in bars(picture) if colour == light]
        assert min(abs(end - row.used_p99 / row.limit_value) for end in ends) < 1e-9


def test_limits_say_their_verdict_and_use(statements):
    labels = texts(figures.limits_used(statements))
    assert "974 KB of 6 MB" in labels and "p50 45.3 KB" in labels and "tight" in labels
    assert "0.011 % break it" in labels


def test_limits_are_drawn_of_the_frame_of_assess(statements):
    frame = ex.assess(statements.workload, "door=rest-api,response=buffered,execution=single,request=inline")
    labels = texts(figures.limits_used(frame))
    assert "breach" in labels and any("of 29 s" in text for text in labels)


def test_stacked_costs_add_up_to_the_bill(statements):
    picture = figures.costs(statements)
    rows = bars(picture)
    top = max(y for y, *_ in rows)
    first = [(start, end) for y, start, end, _ in rows if y == top]
    assert sum(end - start for start, end in first) == pytest.approx(statements.monthly_usd)
    assert format_usd(statements.monthly_usd) in texts(picture)


def test_alternatives_bring_something_new(statements):
    labels = texts(figures.costs(statements))
    assert {"with a queue before the worker", "behind an HTTP API", "with SnapStart"} <= set(labels)
    assert "with a function that invokes itself" not in labels  # the same money and seconds, with more parts
    few = figures.costs(statements, most=1)
    assert len({y for y, *_ in bars(few)}) == 2


def test_phases_add_up_to_the_latency(statements):
    picture = figures.latency(statements)
    seconds = seconds_of(statements.workload, statements.nearest)["total"]
    ends = {}
    for y, _, end, _ in bars(picture):
        ends[y] = max(end, ends.get(y, 0.0))
    assert sorted(ends.values()) == pytest.approx(sorted(seconds.values()))
    assert format_time(seconds["p99"]) in texts(picture)
    assert any("promised p95: 1.5 min" in text for text in texts(picture))


def test_a_payload_limit_stands_at_the_largest_body_that_fits(statements):
    labels = texts(figures.distribution(statements.workload, "response", door="http-api"))
    wall = next(text for text in labels if "response payload" in text)
    assert wall.startswith("synchronous buffered response payload: 4.5 MB (6 MB as counted), ")
    over = 100 * statements.workload.response.spread.exceed(4.5 * 2**20)
    assert float(wall.rpartition(", ")[2].split()[0]) == pytest.approx(over, rel=0.02)


def test_named_limits_alone_are_drawn(statements):
    labels = texts(figures.distribution(statements.workload, "runtime", ["lambda.timeout"]))
    assert "function timeout: 30 min, none over" in labels
    assert not any("REST API" in text for text in labels)


def test_given_quantiles_are_marked(statements):
    labels = texts(figures.distribution(statements.workload))
    assert {"p50 400 KB", "p90 2.2 MB", "p99 8.8 MB"} <= set(labels)
    one = texts(figures.distribution(workload(response="2 MB")))
    assert "every request: 2 MB" in one


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"field": "size"}, 'field is "size": expected one of request, response, runtime'),
        ({"door": "window"}, 'door is "window": expected one of function-url'),
        ({"limits": ["lambda.nothing"]}, "lambda.nothing"),
    ],
)
def test_a_wrong_name_is_one_clear_line(statements, arguments, says):
    with pytest.raises(ExplorerError, match=re.escape(says)):
        figures.distribution(statements.workload, **arguments)


def test_lines_of_cost_are_the_bills(statements):
    w = statements.workload
    rates = np.array([w.requests_per_month, 2 * w.requests_per_month])
    picture = figures.cost_by_rate(w, ["execution=single,response=stored", "execution=service"], rates)
    first = picture.axes[0].lines[0].get_ydata()
    design = {concern: statements.nearest.ids[concern] for concern in CONCERNS}
    doubled = w.replace(requests_per_month=rates[1], peak_rps=2 * w.peak_rps)
    assert first[0] == pytest.approx(float(ex.cost(w, design).total_usd), rel=1e-9)
    assert first[1] == pytest.approx(float(ex.cost(doubled, design).total_usd), rel=1e-9)


def test_a_crossing_is_where_both_cost_the_same():
    w = ex.Workload.load(locations.workloads_dir() / "questions.toml")
    designs = ["execution=service", "door=alb,execution=single"]
    picture = figures.cost_by_rate(w, designs)
    rings = [float(line.get_xdata()[0]) for line in picture.axes[0].lines if line.get_marker() == "o"]
    assert any(_apart(w, designs, rate) < 0.05 for rate in rings)


def test_lines_to_labels_do_not_cross():
    w = ex.Workload.load("satellite")
    asynchronous = "edge=none,door=function-url,response=stored,execution="
    designs = [asynchronous + "managed-instance", "edge=none,door=alb,response=stored,execution=service"]
    axes = figures.cost_by_rate(w, [asynchronous + "fargate", *designs]).axes[0]
    dots = sorted(
        (float(line.get_ydata()[0]) for line in axes.lines if line.get_marker() == "o"), reverse=True
    )
    labels = [text for text in axes.texts if text.get_text().count(" a month, $")]
    labels.sort(key=lambda label: -label.get_window_extent().y0)
    assert len(dots) == 2 and [label.xy[1] for label in labels] == pytest.approx(dots)


def test_two_limits_of_one_name_are_told_apart_by_their_service():
    limits = ["lambda.timeout", "lambda.timeout.lmi"]
    labels = texts(figures.distribution(ex.Workload.load("satellite"), "runtime", limits))
    assert any(label.startswith("function timeout (Lambda): 30 min") for label in labels)
    assert any(label.startswith("function timeout (Lambda Managed Instances): 1.5 h") for label in labels)


def _apart(w: ex.Workload, designs: list[str], rate: float) -> float:
    """By which share the bills of two designs differ at a rate."""
    at = w.replace(requests_per_month=rate, peak_rps=w.peak_rps * rate / w.requests_per_month)
    one, other = (float(ex.cost(at, design).total_usd) for design in designs)
    return abs(one - other) / other


def test_a_sequence_tells_the_steps_in_order(statements):
    labels = texts(figures.sequence(statements))
    for early, late in [("the work", "store the result"), ("store the result", "wait for the next poll")]:
        assert labels.index(early) < labels.index(late)
    assert {"client", "function URL", "front function", "function", "table", "bucket"} <= set(labels)
    assert "2.5 s, p99 40 s" in labels


def test_a_sequence_is_drawn_of_any_design(statements):
    design = "door=alb,execution=service,response=buffered"
    picture = figures.sequence(statements.workload, design)
    assert "container" in texts(picture)
    assert figures.sequence((statements.workload, design)).svg() == picture.svg()


def test_pictures_leave_the_notebooks_own_settings_alone(statements):
    from matplotlib import rcParams

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(rcParams, "font.size", 30.0)
        patch.setitem(rcParams, "axes.facecolor", "red")
        loud = figures.limits_used(statements).png()
        assert rcParams["font.size"] == 30.0
    assert loud == figures.limits_used(statements).png()


def test_every_design_shows_how_the_client_gets_its_answer():
    """A stream that ends with the work adds no time, and a 202 is in the round trip: both have their arrow.

    The stream begins after 1 s and takes 40 KB / 2.5 MB/s = 16 ms, while the work takes 90 s.
    """
    times = {"p50": "90 s", "first_byte": "1 s", "divisible": True}
    load = at_stated_size(workload(response="40 KB", runtime=times, client={"bandwidth": "20 Mbit/s"}))
    concerns = ("edge", "door", "request", "response", "execution")
    designs = {tuple(design.ids[concern] for concern in concerns): design for design in table().designs}
    assert len({ids[3:] for ids in designs}) > 30
    for ids, design in designs.items():
        arrows = [arrow for arrow in timed_steps(load, design) if not arrow.silent]
        talks = list(numbered_talks(load, design, boxes_by_role(load, design)))
        if ids[3] == "accepted":  # the client has its answer before the work
            arrows = [arrow for arrow in arrows if arrow.phase == Phase.SUBMIT]
            talks = [talk for talk in talks if talk.phase == Phase.SUBMIT]
        back = "bucket" if ids[0] == "none" and ids[3] in ("stored", "callback", "pushed") else "door"
        back = "edge" if ids[0] == "cloudfront" else back
        assert (arrows[-1].start, arrows[-1].end) == (talks[-1].start, talks[-1].end) == (back, "client"), ids
    assert designs["none", "alb", "inline", "streamed", "service"]


def test_a_limit_of_the_design_is_drawn_as_it_applies():
    """A door's 60 s and 6 MB are for buffered answers of functions: a stream of a container has neither.

    A stream of a function has 200 MB, and 15 min at its URL: a run time of 20 min breaks that.
    """
    w = workload(response="5 MB", runtime={"p50": "90 s", "p99": "3 min", "first_byte": "1 s"})
    container = complete_design(w, "door=alb,execution=service,response=streamed,request=inline,edge=none")
    url = "door=function-url,execution=single,request=inline,edge=none,compression=none"
    labels = texts(figures.distribution(w, "runtime", design=container))
    assert "this design: idle timeout 1 min, until the first byte" in labels
    assert any(text.startswith("load balancer (Lambda, buffered): 1 min, ") for text in labels)
    assert "this design has no limit on it" in texts(figures.distribution(w, "response", design=container))
    streamed = complete_design(w, f"{url},response=streamed")
    assert "this design: 200 MB, none over" in texts(figures.distribution(w, design=streamed))
    slow = w.model_copy(update={"runtime": workload(runtime="20 min").runtime})
    labels = texts(figures.distribution(slow, "runtime", design=streamed))
    assert "function URL, this design: 15 min, 100 % over" in labels
    labels = texts(figures.distribution(w, design=complete_design(w, f"{url},response=buffered")))
    assert not any("(buffered)" in text for text in labels)
    assert any("this design" in text and "6 MB" in text for text in labels)
