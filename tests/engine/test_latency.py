"""Seconds from the steps, and how long a client keeps one exchange open."""

import numpy as np
import pytest

import explorer as ex
from explorer.engine.evaluation import Evaluation
from explorer.engine.latency import latency, steps
from explorer.options.base.conditions import Conditions
from explorer.options.base.request_path import PHASES
from explorer.workload.workload import Workload
from tests.support.designs import whole

SINGLE = "request=inline, response=buffered, execution=single, configuration=bundled"
FURL = f"door=function-url, {SINGLE}"
BUSY = {"requests_per_month": 1e9, "response": "1 KB", "runtime": "1 s", "peak_rps": 400}
RARE = {"requests_per_month": 100, "response": "1 KB", "runtime": "1 s"}


def workload(**fields) -> Workload:
    return Workload(**{**BUSY, **fields})


def seconds(design: str, base=BUSY, **fields) -> dict:
    w = Workload(**{**base, **fields})
    return latency(w, whole(design))


def test_a_plain_call_is_a_round_trip_the_door_the_work_and_the_download():
    got = seconds(FURL, request="10 KB", response="1 MB", client={"bandwidth": "2 MB/s"})
    submit = 0.040 + 0.005 + 10 / 2048  # rows exchange.rtt and door.function-url of data/times.csv
    assert got["submit"]["p50"] == pytest.approx(submit)
    assert (got["work"]["p50"], got["download"]["p50"]) == (1.0, 0.5)
    assert got["total"]["p50"] == pytest.approx(submit + 1.5)
    assert "cold start" not in got and "poll" not in got


def test_quantiles_of_a_sum_are_sums_of_quantiles():
    got = seconds(FURL, runtime={"p50": 1, "p99": 10}, response={"p50": "1 MB", "p99": "4 MB"})
    for level in ("p50", "p95", "p99"):
        assert got["total"][level] == pytest.approx(
            sum(row[level] for name, row in got.items() if name != "total")
        )
    assert got["work"]["p99"] == pytest.approx(10)


def test_a_rare_call_starts_cold_and_a_busy_one_does_not():
    # python3.13, arm64, zip, 1024 MB in data/cold_starts.csv. Of 100 requests a month exp(-100 / 4380),
    # 97.74 %, come more than the 600 s after the last that an environment is kept: the p50 is the cold
    # start's own 1 - 0.5 / 0.9774 = p48.85, the p95 its p94.88, the p99 its p98.98
    cold = seconds(FURL, RARE)["cold start"]
    p50 = 0.08045 * (0.08634 / 0.08045) ** (-0.02892 / 1.28155)
    p95 = 0.08634 * (0.09398 / 0.08634) ** ((1.6337 - 1.28155) / (1.64485 - 1.28155))
    p99 = 0.09398 * (0.11346 / 0.09398) ** ((2.3177 - 1.64485) / (2.32635 - 1.64485))
    assert [cold["p50"], cold["p95"], cold["p99"]] == pytest.approx([p50, p95, p99], rel=1e-4)
    assert "cold start" not in seconds(FURL)


def test_a_cold_start_is_seen_at_the_quantiles_that_it_reaches():
    # requests that take no time start cold after 600 s of 2,628,000 s in which none came: with n a month
    # a share of exp(-n / 4380). At the p50, p95 and p99 that is seen where it is over 0.5, 0.05 and 0.01
    shares = np.array([0.6, 0.51, 0.49, 0.051, 0.049, 0.0101, 0.0099])
    load = Conditions(workload(peak_rps=None, runtime=1e-6), {"requests_per_month": -4380 * np.log(shares)})
    extra = load.cold_start(load.runtime.mean, "work")
    assert [(seconds > 0).sum() for seconds in extra] == [2, 4, 6]
    assert (np.diff((extra > 0).astype(int), axis=1) <= 0).all()  # those of the largest shares


def test_a_job_is_submitted_worked_on_polled_and_fetched():
    got = seconds("door=http-api, request=inline, response=stored, execution=single, configuration=bundled",
                  runtime=100, response="10 MB", client={"bandwidth": "1 MB/s"})  # fmt: skip
    assert [phase for phase in PHASES if phase in got] == ["submit", "queue", "work", "poll", "download"]
    assert got["queue"]["p50"] == pytest.approx(0.043)  # async.to_lambda in data/times.csv
    assert got["work"]["p50"] == pytest.approx(100 + 0.1 + 10 * 1024**2 / 78.125e6)
    # the poll that sees it comes on average half a wait later: a wait is a tenth of what has passed
    assert got["poll"]["p50"] == pytest.approx(5, rel=0.05)
    assert got["download"]["p50"] == pytest.approx(10 + 0.1 + 0.04)


def test_a_callback_does_not_wait_for_a_poll():
    design = "door=http-api, request=inline, response={}, execution=single, configuration=bundled"
    fields = {"runtime": 100, "client": {"receives_callbacks": True}}
    called, polled = (seconds(design.format(way), **fields)["total"]["p50"] for way in ("callback", "stored"))
    assert polled - called == pytest.approx(5, rel=0.1)


@pytest.mark.parametrize(
    ("execution", "p50", "p95", "p99"),
    [  # p50 and p99 are rows of data/times.csv; the p95 lies 1.64485 / 2.32635 of the way in the logarithm
        ("single", 0.043, 0.0563312, 0.063),  # async.to_lambda
        ("queued", 0.0162, 0.0607313, 0.105),  # sqs.to_lambda
        ("step-functions", 0.0991, 0.190640, 0.250),  # sfn.to_lambda
        ("fargate", 35.0, 51.23627, 60.0),  # ecs.start
        ("recursion", 0.043, 0.0563312, 0.063),
    ],
)
def test_a_job_waits_for_its_worker(execution, p50, p95, p99):
    design = f"door=http-api, request=inline, response=stored, execution={execution}, configuration=bundled"
    got = seconds(design, runtime={"p50": 1, "divisible": True})
    assert [got["queue"][p] for p in ("p50", "p95", "p99")] == pytest.approx([p50, p95, p99], rel=1e-5)


def test_each_invocation_of_long_work_is_handed_over():
    design = "door=http-api, request=inline, response=stored, execution=recursion, configuration=bundled"
    got = seconds(design, runtime={"p50": 4800, "divisible": True, "steps": 30})
    assert got["queue"]["p50"] == pytest.approx(3 * 0.043)


def test_a_stream_is_held_to_2_mb_a_second_after_6_mb():
    design = "door=function-url, request=inline, response=streamed, execution=single, configuration=bundled"
    fast = seconds(design, response="46 MB", client={"bandwidth": "100 MB/s"})
    assert fast["download"]["p50"] == pytest.approx(20)
    slow = seconds(design, response="46 MB", client={"bandwidth": "1 MB/s"})
    assert slow["download"]["p50"] == pytest.approx(46)


def test_pages_repeat_the_round_trip_and_the_work():
    design = "door=http-api, request=inline, response=paged, execution=single, configuration=bundled"
    got = seconds(design, response={"p50": 10_000_000, "divisible": True}, client={"bandwidth": 1e9})
    assert got["download"]["p50"] == pytest.approx(0.01 + 2 * (1 + 0.04 + 0.01))


def test_compression_shortens_the_download():
    design = f"{FURL}, compression=gzip"
    got = seconds(design, response={"p50": "4 MB", "compression": 0.25}, client={"bandwidth": "1 MB/s"})
    assert got["download"]["p50"] == pytest.approx(1)
    assert got["work"]["p50"] == pytest.approx(1 + 4 * 1024**2 / 40e6)


def test_an_upload_takes_the_clients_bandwidth_once():
    design = f"door=http-api, {SINGLE.replace('inline', 'presigned-upload')}"
    got = seconds(design, request="10 MB", client={"bandwidth": "1 MB/s"})
    assert 10 < got["submit"]["p50"] < 10.5


@pytest.mark.parametrize("bandwidth", ["1 Mbit/s", "20 Mbit/s", "1 Gbit/s"])
def test_more_bandwidth_is_never_slower(bandwidth):
    slower = seconds(FURL, response="3 MB", client={"bandwidth": "500 kbit/s"})["total"]["p95"]
    assert seconds(FURL, response="3 MB", client={"bandwidth": bandwidth})["total"]["p95"] < slower


def test_steps_come_in_the_order_in_which_they_happen():
    w = workload(runtime={"p50": 1, "divisible": True}, client={"receives_callbacks": True})
    for design in ex.recommend(w).answer.evaluation.designs[::23]:
        order = [PHASES.index(step.phase) for step in steps(Conditions(w), design)]
        assert order == sorted(order)


# client.waits -------------------------------------------------------------------------------------


def late(design: str, **fields) -> float:
    w = workload(**fields)
    evaluation = Evaluation(Conditions(w))
    return float(evaluation.late[evaluation.designs.index(whole(design))])


@pytest.mark.parametrize(("waits", "chance"), [("4.9 s", 1), ("5.0 s", 1), ("5.06 s", 0), ("6 s", 0)])
def test_a_client_that_waits_for_5_s_of_work_and_the_door(waits, chance):
    # 40 ms and 5 ms on the way; 1 in 20,000 meets a cold start
    assert late(FURL, runtime=5, client={"waits": waits}) == pytest.approx(chance, abs=1e-4)


def test_a_share_of_run_times_is_over_the_clients_patience():
    got = late(FURL, runtime={"p50": 1, "p90": 10}, client={"waits": 10.05})
    assert got == pytest.approx(0.1, rel=0.01)


def test_a_job_answers_before_its_work():
    stored = "door=http-api, request=inline, response=stored, execution=single, configuration=bundled"
    assert late(stored, runtime=800, client={"waits": "1 s"}) == 0
    assert late(stored, runtime=800, client={"waits": "1 ms"}) == 1


def test_a_design_that_answers_late_is_not_feasible():
    w = workload(runtime=60, client={"waits": "50 s"})
    evaluation = Evaluation(Conditions(w))
    feasible = [design for design, ok in zip(evaluation.designs, evaluation.feasible, strict=True) if ok]
    assert {design.response for design in feasible} == {"stored"}


@pytest.mark.parametrize(("target", "feasible"), [("1.0 s", False), ("1.3 s", True)])
def test_the_promised_latency_decides(target, feasible):
    w = workload(targets={"latency_p95": target}, client={"auth": "none"})
    assert ex.recommend(w).feasible == feasible


def test_a_frame_of_phases():
    frame = ex.latency(workload(), FURL)
    assert list(frame.columns) == ["p50", "p95", "p99"] and frame.index[-1] == "total"
    assert (np.diff(frame.to_numpy(), axis=1) >= 0).all()
