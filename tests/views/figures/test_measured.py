"""Pictures of a benchmark hold its numbers, and say whose times they are."""

import re

import numpy as np
import pytest
from matplotlib.colors import to_hex

from explorer import ExplorerError, Workload
from explorer.analysis.calibration.prediction import RunConditions, predict_run
from explorer.live import Result
from explorer.live.bench.endpoint import Endpoint
from explorer.live.bench.row import Row
from explorer.live.bench.schedule import poisson, rate_steps
from explorer.views import figures
from explorer.views.figures import measured
from tests.support.designs import plain

STORED = plain("http-api", "inline", "stored", "single", "environment")
W = Workload(name="Invoices", requests_per_month=1e6, response="1 MB", runtime={"p50": "1 s", "p99": "9 s"})
SLOW = W.replace(runtime={"p50": "3 s", "p99": "20 s"})


def rows(schedule, slow_from_rps=1e9):
    """Jobs that take about 0.4 s, and those above a rate the longer the later they come."""
    chance = np.random.default_rng(7)
    for number, (due, k) in enumerate(zip(schedule.at_s, schedule.stretch_of, strict=True)):
        stretch = schedule.stretches[k]
        late = (due - stretch.start_s) * 3 if stretch.rate_rps >= slow_from_rps else 0.0
        phases = dict(zip(
            ("submit_s", "queue_s", "work_s", "poll_s", "fetch_s"),
            0.08 * chance.lognormal(0, 0.6, 5) * (0.5, 0.0, 3, 1, 0.5), strict=True))  # fmt: skip
        phases |= {"cold_start_s": 0.9 if number % 11 == 0 else 0.0, "queue_s": late}
        took = sum(phases.values())
        more_columns = {"status": "succeeded", "cold": number % 11 == 0, "id": str(number), "stretch": int(k)}
        yield Row(
            number, float(due), latency_s=took, service_s=took, ended_s=due + took, **phases, **more_columns
        )


def result(schedule, target="local", design=STORED, failed=(), **more):
    endpoint = Endpoint("http://localhost", design=design, workload=W, target=target)
    jobs = list(rows(schedule, **more))
    for number in failed:
        jobs[number].fail("lost", "never ended")
    return Result(jobs, schedule, endpoint, RunConditions(schedule.rate_rps, 0.3, 1e5), 0.0, 1.0)


@pytest.fixture(scope="module")
def run():
    return result(poisson(10, 30))


@pytest.fixture(scope="module")
def stairs():
    return result(rate_steps([5, 10, 20, 40], 10), slow_from_rps=40)


DRAW = {
    "predictions": lambda run, stairs: figures.predictions(run),
    "calibrated": lambda run, stairs: figures.predictions(run, SLOW),
    "latencies": lambda run, stairs: figures.latencies(run),
    "served": lambda run, stairs: figures.served(stairs),
}


def texts(picture):
    inside = [text.get_text() for axes in picture.axes for text in axes.texts]
    return inside + [text.get_text() for text in picture.texts]


@pytest.mark.parametrize("name", DRAW)
def test_it_is_drawn_inside_its_picture_and_twice_the_same(name, run, stairs):
    one, other = DRAW[name](run, stairs), DRAW[name](run, stairs)
    assert one.png() == other.png() and one.svg() == other.svg() and "0x" not in repr(one)
    renderer = one.canvas.get_renderer()
    for text in [*(text for axes in one.axes for text in axes.texts), *one.texts]:
        box = text.get_window_extent(renderer)
        assert box.x0 >= -1 and box.x1 <= one.bbox.width + 1, text.get_text()


@pytest.mark.parametrize("name", DRAW)
def test_it_says_that_the_times_of_the_local_cloud_are_not_those_of_aws(name, run, stairs):
    assert any(measured.LOCAL in text for text in texts(DRAW[name](run, stairs)))
    there = result(poisson(10, 2), target="aws")
    assert not any(measured.LOCAL in text for text in texts(figures.latencies(there)))


def test_predictions_stand_where_the_numbers_are(run):
    picture = figures.predictions(run, SLOW)
    starts = [float(line.get_xdata()[0]) for line in picture.axes[0].lines if line.get_marker() == "o"]
    calibrated_s = predict_run(SLOW, STORED, run.conditions)["total"]["p50"]
    for seconds in (run.measured["total"]["p50"], run.predicted["total"]["p50"], calibrated_s):
        assert min(abs(start / seconds - 1) for start in starts) < 1e-9
    assert {"measured", "predicted", "calibrated", "in all", "work"} <= set(texts(picture))


def test_dots_are_the_requests_and_colours_tell_cold_ones(run):
    dots = {to_hex(line.get_color()): line for line in figures.latencies(run).axes[0].lines[:2]}
    cold = [row.latency_s for row in run.rows_that_count if row.cold]
    assert sorted(dots[measured.KINDS["work met a cold start"].lower()].get_ydata()) == sorted(cold)


def test_a_percentile_is_named_if_enough_jobs_stand_behind_it(run):
    def percentiles(result):
        return {text.split()[0] for text in texts(figures.latencies(result)) if re.match(r"p\d|max", text)}

    assert percentiles(run) == {"p50", "p90", "p99", "max"}
    assert percentiles(result(poisson(1, 5))) == {"p50", "max"}


def test_lost_jobs_are_counted_and_drawn_apart():
    picture = figures.latencies(result(poisson(10, 3), failed=(2, 5)))
    assert any("2 lost" in text for text in texts(picture)) and "2 lost" in picture.alt
    assert "not succeeded (2)" in texts(picture)


def test_the_rate_that_is_not_served_is_named(stairs):
    picture = figures.served(stairs)
    assert stairs.to_dict()["knee_rps"] == 40 and "gives in at 40 a second" in picture.alt
    assert figures.served(result(rate_steps([5, 10], 10))).alt.endswith("serves all, to 10 a second")


@pytest.mark.parametrize(
    ("draw", "result_of_run", "says"),
    [
        (figures.served, result(poisson(10, 1)), "has one rate: expected several"),
        (figures.predictions, result(poisson(2, 1), design=None), "nothing is predicted"),
        (figures.predictions, result(poisson(2, 1), failed=range(2)), "no job of the benchmark succeeded"),
    ],
)
def test_what_cannot_be_drawn_is_one_clear_line(draw, result_of_run, says):
    with pytest.raises(ExplorerError, match=says):
        draw(result_of_run)


def test_a_run_without_a_success_is_drawn():
    lost = result(poisson(3, 2))
    for row in lost.rows:
        row.fail("lost", "never ended")
    assert "0 of" in figures.latencies(lost).alt and figures.latencies(lost).png()
