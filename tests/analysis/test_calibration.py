"""Measured times put back: what was solved for predicts runs that it did not see."""

import numpy as np
import pandas as pd
import pytest

from explorer import ExplorerError, Workload
from explorer.analysis.calibration.calibrate import calibrate
from explorer.analysis.calibration.prediction import RunConditions, predict_run
from explorer.engine.latency import latency
from explorer.errors import DesignError
from explorer.live.bench.endpoint import Endpoint, Work
from explorer.live.bench.jobs import Polling
from explorer.live.bench.row import Row
from explorer.live.bench.run import bench
from explorer.live.bench.schedule import ClosedLoop, poisson
from tests.support.designs import plain
from tests.support.fake_endpoint import running

STORED = plain("http-api", "inline", "stored", "single", "environment")
AT_ONCE = plain("http-api", "inline", "buffered", "single", "environment")
W = Workload(requests_per_month=1e6, response="1 MB", runtime={"p50": "1 s", "p99": "9 s"})
TAKES = {
    "submit_s": 0.06,
    "queue_s": 0.12,
    "store_s": 0.08,
    "bytes_per_s": 2e6,
    "status_s": 0.04,
    "result_s": 0.04,
}  # long beside what a busy machine adds
FAST = Polling(0.05)  # what is seen one poll late is then still near


def run(url, schedule, runtime_s, response_bytes, polling=None):
    endpoint = Endpoint(url, design=STORED, workload=W)
    return bench(endpoint, schedule, Work.sample(runtime_s, response_bytes), polling=polling)


@pytest.fixture(scope="module")
def runs():
    """Two runs to calibrate on, three that it does not see: other sizes, times, rates and polls."""
    with running(**TAKES) as url:
        measurement = [
            run(url, poisson(10, 1.6, 1), 0.2, 10_000, FAST),
            run(url, poisson(8, 1.6, 2), 0.5, 300_000),
        ]
        unseen = [
            run(url, poisson(10, 1.2, 3), 1.3, 100_000),
            run(url, ClosedLoop(9, 3), 0.25, 200_000, FAST),
            run(url, poisson(10, 1.0, 4), 0.7, 50_000, FAST),
        ]
    return measurement, unseen


def off(workload, result):
    prediction, measurement = (
        predict_run(workload, STORED, result.conditions)["total"],
        result.measured["total"],
    )
    return [abs(prediction[name] / measurement[name] - 1) for name in ("p50", "p95")]


def test_runs_that_it_did_not_see_are_within_15_percent(runs):
    measurement, unseen = runs
    calibrated = calibrate(W, measurement).workload
    for result in unseen:
        assert max(off(calibrated, result)) < 0.15
    assert max(max(off(W, result)) for result in unseen) > 0.3  # as assumed, it was far off


def test_it_says_how_far_the_prediction_was_off(runs):
    table = calibrate(W, runs[0]).off
    assert {"submit", "queue", "work", "poll", "download", "total"} <= {*table.loc[0].index}
    total = table.loc[(1, "total")]
    assert total["predicted_off_p50"] == pytest.approx(total["predicted_p50_s"] / total["measured_p50_s"] - 1)
    assert abs(total["calibrated_off_p50"]) < 0.05 < abs(total["predicted_off_p50"])


def test_the_workload_keeps_what_it_says_of_the_work_itself(runs):
    calibrated = calibrate(W, runs[0]).workload
    assert calibrated.runtime.spread.median == W.runtime.spread.median
    assert calibrated.response.spread.median == W.response.spread.median
    assert Workload(**_stated_fields(calibrated)).to_toml() == calibrated.to_toml()
    assert calibrated.times["async.to_lambda"].spread.median == pytest.approx(0.12, abs=0.03)
    assert 1e6 < calibrated.runtime.network < 4e6
    assert latency(calibrated, STORED)["queue"]["p50"] == pytest.approx(0.12, abs=0.03)


def _stated_fields(workload):
    import tomllib

    return tomllib.loads(workload.to_toml())


def test_a_file_a_frame_and_a_result_are_the_same(runs, tmp_path):
    result = runs[0][0]
    result.write(tmp_path / "run.parquet")
    calibrated_rows = [
        calibrate(W, one).workload.to_toml() for one in (result, result.frame(), tmp_path / "run.parquet")
    ]
    assert calibrated_rows[0] == calibrated_rows[1] == calibrated_rows[2]


def test_a_frame_of_rows_alone_needs_a_design(runs):
    rows = pd.DataFrame(runs[0][1].frame())
    rows.attrs = {}
    with pytest.raises(DesignError, match=r"lacks edge, door.*all eight"):
        calibrate(W, rows)
    calibrated = calibrate(W, rows, STORED).workload
    assert max(off(calibrated, runs[0][1])) < 0.15


def test_the_users_own_work_gives_its_run_time_and_its_response(runs):
    rows = pd.DataFrame(runs[0][1].frame()).assign(runtime_s=np.nan)
    rows.attrs = {}
    own = calibrate(W, rows, STORED).workload
    assert 0.5 <= own.runtime.spread.median < 0.75
    assert own.response.spread.median == 300_000


def test_cold_starts_are_told_apart_from_warm_work(runs):
    rows = runs[0][0].frame()
    rows["cold"] = [number < 4 for number in range(len(rows))]
    rows["cold_start_s"] = np.where(rows["cold"], 0.4, 0.0)
    rows.loc[rows["cold"], "work_s"] += 0.3  # the first work in an environment is slower
    calibrated = calibrate(W, rows).workload
    assert calibrated.runtime.init.spread.median == pytest.approx(0.7, abs=0.03)
    work = predict_run(calibrated, STORED, runs[0][0].conditions)["work"]
    assert work["p95"] < 0.4


def test_an_answer_at_once_has_no_phases():
    with running(sends_per_s=5e6) as url:
        endpoint = Endpoint(url, stored=False, design=AT_ONCE, workload=W)
        small, large = (
            bench(endpoint, poisson(20, 0.6), Work.sample(0.4, size)) for size in (1000, 2_000_000)
        )
    calibration = calibrate(W, [small, large])
    assert [*calibration.off.index] == [(0, "total"), (1, "total")]
    assert calibration.off["calibrated_off_p50"].abs().max() < 0.15


@pytest.mark.parametrize(
    ("elapsed_s", "polls", "seen_s"),
    [
        (0.99, {}, 1.0),
        (1.01, {}, 2.0),  # one poll later
        (9.5, {}, 10.0),
        (10.5, {}, 12.0),  # from ten seconds on a tenth of the time, in whole seconds
        (0.99, {"poll_every_s": 0.5, "poll_growth": 0.0}, 1.0),
        (10.5, {"poll_every_s": 0.5, "poll_growth": 0.1}, 10.72),
    ],
)
def test_the_end_is_seen_at_the_next_poll(elapsed_s, polls, seen_s):
    nothing = {"times": dict.fromkeys(_times(), 1e-6), "runtime.network": 1e12, "client.bandwidth": 1e12}
    run = RunConditions(1.0, elapsed_s, 1, 1, {"work": 0, "handler.submit": 0}, **polls)
    assert predict_run(W.replace(nothing), STORED, run)["total"]["p50"] == pytest.approx(seen_s, abs=0.15)


def _times():
    from explorer.facts import catalogue

    return catalogue.times()


@pytest.mark.parametrize(
    ("measurements", "message"),
    [
        ("nowhere.parquet", "^nowhere.parquet: no such file; expected the Parquet file of a benchmark$"),
        (pd.DataFrame({"x": [1]}), "expected the result of a benchmark"),
        (3, "expected the result of a benchmark"),
    ],
)
def test_what_is_no_measurement_is_refused_in_one_line(measurements, message):
    with pytest.raises(ExplorerError, match=message):
        calibrate(W, measurements)


def test_a_run_without_a_success_says_nothing(runs):
    rows = runs[0][0].frame()
    rows["status"] = "failed"
    with pytest.raises(ExplorerError, match="no job that succeeded"):
        calibrate(W, rows)


def test_jobs_without_the_times_of_their_parts_are_refused_in_one_line():
    rows = [Row(number, number / 10, status="succeeded", latency_s=1.4) for number in range(9)]
    with pytest.raises(ExplorerError, match="the whole time of each job and none of its parts"):
        calibrate(W, pd.DataFrame(rows), AT_ONCE)


def test_what_every_job_took_longer_is_put_into_the_times():
    times = {"latency_s": 1.4, "service_s": 1.4, "first_byte_s": 1.3, "runtime_s": 1.0, "bytes": 102_400}
    rows = [Row(number, number / 10, status="succeeded", **times) for number in range(9)]
    work = W.replace({"response": "100 KB", "runtime": "1 s"})
    answer = calibrate(work, pd.DataFrame(rows), AT_ONCE)
    assert answer.off["predicted_off_p50"].item() < -0.1
    assert answer.off["calibrated_p50_s"].item() == pytest.approx(1.4, rel=1e-3)


@pytest.mark.parametrize(("ready", "counts"), [("on-demand", True), ("snap-start", False)])
def test_a_restore_from_a_snapshot_is_no_initialisation(ready, counts):
    w = Workload(requests_per_month=1e6, response="100 KB", runtime="1 s")
    took = {"latency_s": 1.4, "service_s": 1.4, "first_byte_s": 1.3, "runtime_s": 1.0}
    frame = pd.DataFrame([Row(n, n / 10, status="succeeded", bytes=102_400, **took) for n in range(9)])
    frame.attrs["bench"] = {"init_s": {"p50": 0.7, "p95": 0.8, "p99": 0.9}}
    design = plain("http-api", "inline", "buffered", "single", "environment", initialization=ready)
    workload = calibrate(w, frame, design=design).workload
    assert (workload.runtime.init is not None) == counts
