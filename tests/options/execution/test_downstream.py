"""What the work calls bears so many calls at once: who exceeds it, and who waits."""

import pytest

import explorer as ex
from explorer.workload.workload import Workload

PLAIN = "edge=none,door=function-url,request=inline,compression=none,configuration=environment"
AT_PEAK = 50  # requests a second, of 2 s each: 100 at once


def findings(concurrency, requests=500_000, execution="single", response="buffered"):
    w = Workload(
        requests_per_month=requests,
        peak_rps=AT_PEAK,
        response="50 bytes",
        runtime={"value": "2 s", "memory": "512 MB"},
        client={"collects": False},
        downstream={"concurrency": concurrency},
    )
    design = f"{PLAIN},response={response},execution={execution},initialization=on-demand"
    return w, design, ex.assess(w, design).set_index("limit")


@pytest.mark.parametrize("execution", ["single", "managed-instance"])
def test_work_that_is_waited_for_exceeds_it(execution):
    row = findings(20, execution=execution)[2].loc["downstream.concurrency"]
    assert (row.used_p50, row.verdict) == (100, "breach")
    assert row.breach_probability == pytest.approx(1.0)


def test_what_bears_enough_is_no_wall():
    assert findings(5000)[2].loc["downstream.concurrency"].verdict == "fits"


def test_it_binds_nothing_where_nothing_is_said():
    assert "downstream.concurrency" not in findings(None)[2].index


@pytest.mark.parametrize(("execution", "age"), [("queued", "sqs.retention"), ("single", "lambda.async.age")])
def test_jobs_are_held_back_and_wait(execution, age):
    # a day's 16,438 requests come in 328.77 s at 50 a second; 100 at once on 20 calls: four times that
    w, design, rows = findings(20, execution=execution, response="accepted")
    assert rows.loc["downstream.concurrency"].used_p99 == 20
    assert rows.loc["downstream.concurrency"].verdict != "breach"
    assert rows.loc[age].used_p99 == pytest.approx(1315.068, rel=1e-5)
    steps = ex.latency(w, design)
    assert steps.loc["total", "p95"] == pytest.approx(0.95 * 1315.068 + 2, abs=1)


def test_a_task_for_each_job_holds_nothing_back():
    rows = findings(20, execution="fargate", response="accepted")[2]
    assert rows.loc["downstream.concurrency"].verdict == "breach"


# 2 s of work on 20 calls at once: 10 a second on average, 26,280,000 in 730 hours
@pytest.mark.parametrize(("requests", "verdict"), [(26_280_000, False), (26_280_100, True)])
def test_work_that_exceeds_it_on_average_never_ends(requests, verdict):
    rows = findings(20, requests, execution="queued", response="accepted")[2]
    assert (rows.loc["downstream.concurrency"].verdict == "breach") is verdict
