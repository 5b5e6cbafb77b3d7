"""The load generator and the benchmark, held against an endpoint of which everything is known."""

import asyncio
import hashlib
import itertools
import json
import math
import os
import random
import signal
import time
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest

from explorer import ExplorerError, Workload
from explorer.analysis.calibration.measurements import read_benchmark
from explorer.cli.commands.bench import has_failed
from explorer.live.bench.contents import sample_digest
from explorer.live.bench.endpoint import Endpoint, Work
from explorer.live.bench.jobs import Polling
from explorer.live.bench.knee import knee_rps, stretches
from explorer.live.bench.logs import Invocation, parse
from explorer.live.bench.logs import read as read_logs
from explorer.live.bench.measure import plan_load
from explorer.live.bench.percentiles import intervals, percentiles
from explorer.live.bench.phases import split
from explorer.live.bench.result import LATE_S
from explorer.live.bench.row import Row
from explorer.live.bench.run import Caps, bench
from explorer.live.bench.schedule import ClosedLoop, constant, poisson, rate_steps
from explorer.live.bench.watch import Meter, Usage
from tests.support.designs import plain
from tests.support.fake_endpoint import result_content, running
from tests.support.slow_cases import slow_but

pytestmark = pytest.mark.live

SPIN_S = 0.02  # of `spin_s` where the generator was promised to hold 1,000 requests a second
FAST = Polling(0.03, timeout_s=2)
PHASES = ["submit_s", "queue_s", "work_s", "poll_s", "fetch_s"]
DESIGN = plain("http-api", "inline", "stored", "single", "environment")


@pytest.fixture(scope="module")
def quick():
    """An endpoint that does what it is asked at once."""
    with running() as url:
        yield url


def answered(url, schedule, runtime_s=0.0, response_bytes=100, **more):
    return bench(Endpoint(url, stored=False), schedule, Work.sample(runtime_s, response_bytes), **more)


def stored(url, schedule, runtime_s=0.0, response_bytes=100, **more):
    return bench(Endpoint(url), schedule, Work.sample(runtime_s, response_bytes), polling=FAST, **more)


# When requests are sent


def test_evenly_spaced_requests():
    assert constant(4, 1).at_s.tolist() == [0, 0.25, 0.5, 0.75]


def test_chance_is_the_same_for_the_same_seed_and_has_the_rate():
    at_s = poisson(1000, 10, 7).at_s
    assert np.array_equal(at_s, poisson(1000, 10, 7).at_s) and len(at_s) != len(poisson(1000, 10, 8).at_s)
    assert abs(len(at_s) - 10_000) < 5 * 100 and (np.diff(at_s) >= 0).all()
    assert np.diff(at_s).std() == pytest.approx(np.diff(at_s).mean(), rel=0.1)  # as an exponential's


def test_one_rate_after_another():
    steps = rate_steps([10, 30], 2)
    assert np.bincount(steps.stretch_of).tolist() == [20, 60] and steps.duration_s == 4
    assert steps.at_s[steps.stretch_of == 1].min() == 2


@pytest.mark.parametrize(
    "make", [lambda: constant(0, 1), lambda: poisson(1, -1), lambda: rate_steps([], 1),
             lambda: ClosedLoop(0, 1), lambda: constant(1e6, 1e5),
             lambda: constant(0.1, 1), lambda: ClosedLoop(3, 4)],
)  # fmt: skip
def test_a_schedule_that_cannot_be_is_refused(make):
    with pytest.raises(ExplorerError, match="expected"):
        make()


def spin_s():
    """CPU time of some work [s], whatever else the machine does, and the share of a core that it got."""
    began, cpu_s = time.monotonic(), time.process_time()
    sum(number * number for number in range(200_000))
    took, cpu_s = time.monotonic() - began, time.process_time() - cpu_s
    return cpu_s, cpu_s / took


def test_a_thousand_a_second_are_sent_when_they_are_due(quick):
    """Fewer on a machine that is slower than the one on which these were promised."""
    rate, busy = round(1000 * min(1.0, SPIN_S / min(spin_s()[0] for _ in range(5)))), []
    for _ in range(5):  # a busy machine is no failure, a slow generator is
        summary = answered(quick, constant(rate, 0.8)).to_dict()
        assert summary["jobs"] == summary["succeeded"] == round(rate * 0.8)
        assert summary["valid"] == (summary["lateness_s"]["p99"] <= LATE_S)
        if summary["valid"]:
            return
        busy.append(os.getloadavg()[0] > os.cpu_count() or min(spin_s()[1] for _ in range(5)) < 0.8)
    if any(busy):
        pytest.skip(f"the machine is busy: {summary['lateness_s']} at {rate}/s")
    pytest.fail(f"never in time: {summary['lateness_s']} at {rate}/s")


def test_a_stall_is_charged_to_all_that_came_meanwhile():
    with running(stall_at=30, stall_s=0.5) as url:
        open_loop = answered(url, constant(50, 1.5))
    with running(stall_at=30, stall_s=0.5) as url:
        closed_loop = answered(url, ClosedLoop(75, 1))
    slow_counts = [sum(row.latency_s > 0.15 for row in result.rows) for result in (open_loop, closed_loop)]
    assert slow_counts[0] >= 15 > 5 > slow_counts[1] >= 1  # 0.35 s of 50 a second; one in all saw it
    closed_loop = closed_loop.to_dict()
    assert any("stall" in line for line in closed_loop["cannot_vouch_for"])


def test_what_is_more_than_the_cap_in_flight_is_dropped_and_said(quick):
    summary = answered(quick, constant(50, 0.5), 0.4, caps=Caps(in_flight=3)).to_dict()
    assert summary["errors"].keys() == {"in-flight cap"} and not summary["valid"]
    assert summary["jobs"] == 25 == summary["succeeded"] + summary["errors"]["in-flight cap"]
    assert any("dropped" in why for why in summary["why_not_valid"])  # a busy machine is late as well


# What became of them


def test_a_job_is_split_into_phases_that_add_up():
    with running(submit_s=0.06, queue_s=0.12, status_s=0.02, result_s=0.05) as url:
        rows = stored(url, constant(10, 1), 0.2, 5000).rows
    for row in rows:
        assert math.isclose(
            row.lateness_s + sum(getattr(row, phase) for phase in PHASES), row.latency_s, abs_tol=0.005
        )
        assert (row.bytes, row.attempts, row.status) == (5000, 1, "succeeded")
    quickest = {phase: min(getattr(row, phase) for row in rows) for phase in PHASES}  # when least disturbed
    least_s = {"submit_s": 0.06, "queue_s": 0.12, "work_s": 0.2, "fetch_s": 0.05}
    for phase, least in least_s.items():
        assert least - 0.02 < quickest[phase] < least + 0.06, phase
    assert 0.0 < quickest["poll_s"] < 0.16


@pytest.mark.parametrize("ahead_s", [-30.0, 30.0])
def test_a_clock_that_is_off_moves_no_phase(ahead_s):
    with running(clock_s=ahead_s, submit_s=0.02, queue_s=0.1) as url:
        result = stored(url, constant(10, 0.5), 0.1)
    assert abs(result.clock_offset_s - ahead_s) < 5  # a sixth of it: a slow machine is no such clock
    assert all(0.05 < row.queue_s < 5 and 0.05 < row.work_s < 5 for row in result.rows)


@pytest.mark.parametrize(
    ("fault", "error", "lost"),
    [
        ("refuses", "submit: 503", 0),
        ("fails", "failed: ValueError", 0),
        ("forgets", "status: 404", 2),
        ("hangs", "not ended in time: running", 2),
        ("corrupts", "result: other bytes than the status says", 2),
        ("lost_results", "result: 404", 2),
        ("flaky", "", 0),
    ],
)
def test_every_kind_of_failure_is_counted_as_what_it_is(fault, error, lost):
    with running(**{fault: 5}) as url:
        summary = stored(url, constant(20, 0.5)).to_dict()
    assert summary["errors"] == ({error: 2} if error else {})
    assert (summary["lost"], summary["succeeded"], summary["duplicated"]) == (lost, 8 if error else 10, 0)


def test_nobody_there_is_an_error_and_no_loss():
    with running() as url:
        pass
    summary = stored(url, constant(10, 0.3)).to_dict()
    assert summary["errors"] == {"submit: connection": 3}
    assert summary["lost"] == 0 and summary["latency_s"] == {}


@pytest.mark.parametrize(
    ("as_jobs", "number"),
    slow_but(
        [(True, signal.SIGKILL), (False, signal.SIGSTOP)],
        itertools.product((True, False), (signal.SIGKILL, signal.SIGSTOP)),
    ),
)
def test_an_endpoint_that_goes_is_noticed_within_seconds_and_what_it_had_is_lost(as_jobs, number):
    schedule = constant(10, 120)
    with running(with_process=True) as (url, child):
        went = []

        def after_five(count, *_):
            if count == 5:
                went.append(time.monotonic())
                child.send_signal(number)

        run = partial(stored, url, schedule, 0.5) if as_jobs else partial(answered, url, schedule)
        result = run(progress=after_five)
        took_s = time.monotonic() - went[0]
    summary = result.to_dict()
    assert took_s < 10
    assert 0 < summary["succeeded"] < summary["jobs"] and not summary["valid"]
    assert summary["jobs"] + summary["not_sent"] == schedule.requests
    assert any("the endpoint is gone" in why for why in summary["why_not_valid"])
    accepted = [row for row in result.rows if row.accepted and row.status != "succeeded"]
    assert summary["lost"] == len(accepted) and (summary["lost"] > 0) == as_jobs


def test_an_endpoint_that_is_slow_is_not_gone():
    with running(submit_s=8.5) as url:
        summary = bench(Endpoint(url), ClosedLoop(1, 1), Work.sample(0, 100), polling=FAST).to_dict()
    assert (summary["succeeded"], summary["not_sent"], summary["valid"]) == (1, 0, True)


@pytest.mark.parametrize(
    ("fault", "error"),
    [("swaps", "result: another job's"), ("damages", "result: not what was asked for"), ("gzips", "")],
)
def test_a_result_of_the_right_length_is_held_against_its_seed(fault, error):
    def digest(number):
        return hashlib.sha256(result_content({"seed": number + 1, "response_bytes": 5000})).hexdigest()

    work = replace(Work.sample(0, 5000), digest=digest)
    with running(**{fault: 5}) as url:
        summary = bench(Endpoint(url), constant(20, 0.5), work, polling=FAST).to_dict()
    assert summary["errors"] == ({error: 2} if error else {})
    assert (summary["corrupted"], summary["lost"]) == (2 if error else 0, 0)
    assert summary["succeeded"] == 10 - summary["corrupted"]
    assert summary["latency_of"] == f"the {summary['succeeded']} of 10 jobs that succeeded"


def test_all_pages_are_held_against_the_seed():
    def digest(number):
        return hashlib.sha256(result_content({"seed": number + 1, "response_bytes": 2500})).hexdigest()

    for good, expected in ((digest, 3), (lambda number: digest(number + 1), 0)):
        work = replace(Work.sample(0, 2500), digest=good)
        with running(page_bytes=1000, gzips=True) as url:
            summary = bench(Endpoint(url, stored=False), constant(10, 0.3), work).to_dict()
        assert summary["succeeded"] == expected


def test_what_the_sample_answers_is_known_without_asking_it():
    """By the test's own arithmetic: random base64 and its filler, block by block."""
    settings = {"binary": True, "compression": 0.25, "json_escape": 1.08, "gzip": False}
    noise = random.Random(7).randbytes(3 * 1024)
    blocks = [noise[1024 * k : 1024 * (k + 1)] + b"\0" * 3072 for k in range(3)]
    expected = hashlib.sha256(b"".join(blocks)[:9000]).hexdigest()
    assert sample_digest(settings, 9000)(7) == expected != sample_digest(settings, 9000)(8)


@pytest.mark.parametrize(
    ("own", "cores", "why"),
    [
        (0.91, 0.2, "the generator is the bottleneck"),
        (0.2, 0.91, "2 cores were 91% busy: what is slow is the machine"),
        (0.89, 0.89, None),
        (0.2, None, None),
    ],
)
def test_a_machine_that_gave_in_is_named(own, cores, why):
    reason = Usage(2, cores, own).bottleneck(is_local=True)
    assert (why is None and reason is None) or why in reason


def test_what_burns_on_this_machine_is_seen():
    meter, began = Meter(), time.monotonic()
    until_s = time.process_time() + 0.3
    while time.process_time() < until_s:
        pass
    usage = meter.usage()
    burnt = 0.3 / (time.monotonic() - began)  # of a core: on a busy machine it is little
    assert 0.9 * burnt < usage.generator <= 1.05 and (usage.busy is None or usage.busy > 0.1)


def test_pages_are_followed_to_the_last():
    with running(page_bytes=1000) as url:
        rows = answered(url, constant(10, 0.3), 0.0, 2500).rows
    assert [(row.bytes, row.status) for row in rows] == [(2500, "succeeded")] * 3


@pytest.mark.parametrize("by_pages", [False, True])
@pytest.mark.parametrize("as_jobs", [False, True])
def test_a_result_that_is_gzipped_counts_whole_and_is_paid_for_as_sent(as_jobs, by_pages):
    with running(gzips=True, page_bytes=1000 if by_pages else 0) as url:
        run = stored if as_jobs else answered
        rows = run(url, constant(10, 0.3), 0.0, 2500).rows
    assert [(row.bytes, row.status) for row in rows] == [(2500, "succeeded")] * 3
    assert all(0 < row.received_bytes < 300 for row in rows)  # 32 bytes again and again


def test_another_size_than_was_asked_for_is_no_success(quick):
    work = Work(json.dumps({"runtime_s": 0, "response_bytes": 99}).encode(), 0.0, 100)
    summary = bench(Endpoint(quick, stored=False), constant(5, 0.4), work).to_dict()
    assert summary["errors"] == {"result: other bytes than were asked for": 2}


def test_what_goes_through_the_door_is_signed_and_a_signed_url_is_not(quick):
    signed = []

    def sign(method, url, headers, body):
        signed.append((method, url.removeprefix(quick), bool(body)))
        return {**headers, "Authorization": "as asked"}

    bench(Endpoint(quick, sign=sign), constant(2, 0.5), polling=FAST)
    assert signed[0] == ("POST", "/jobs", True) and {method for method, *_ in signed[1:]} == {"GET"}
    assert all(url.startswith("/jobs") for _, url, _ in signed)


def test_a_signer_that_fails_ends_the_run(quick):
    def sign(*_):
        raise ExplorerError("no credentials")

    with pytest.raises(ExplorerError, match="no credentials"):
        bench(Endpoint(quick, sign=sign), constant(10, 5))


def test_retry_after_is_honoured(quick):
    row = bench(Endpoint(quick), constant(1, 1), Work.sample(0.1)).rows[0]
    assert row.polls == 1 and row.seen_s - row.accepted_s > 0.99


def test_some_at_a_time_and_those_that_warm_it_up(quick):
    result = stored(quick, ClosedLoop(12, 3), 0.1, warm_up=2)
    summary = result.to_dict()
    assert (summary["jobs"], summary["succeeded"], len(result.rows)) == (12, 12, 14)
    at_once = [
        sum(other.sent_s <= row.sent_s < other.ended_s for other in result.rows_that_count)
        for row in result.rows_that_count
    ]
    assert max(at_once) == 3  # the fourth waits for one of three
    assert summary["schedule"]["loop"] == "closed"


def test_progress_is_told_of_each(quick):
    calls = []
    answered(quick, constant(20, 0.5), progress=lambda *counts: calls.append(counts))
    assert [count for count, _, _ in calls] == list(range(1, 11)) and {of for *_, of in calls} == {10}


# What may not be


def test_what_exceeds_a_cap_is_refused_before_anything_is_sent():
    with pytest.raises(ExplorerError, match="51 requests: expected at most 50"):
        answered("http://127.0.0.1:9", constant(50, 1), warm_up=1, caps=Caps(requests=50))
    w = Workload(requests_per_month=1, response="100 MB", runtime="60 s")
    dear = Endpoint("http://127.0.0.1:9", target="aws", workload=w, design=DESIGN)
    with pytest.raises(ExplorerError, match="USD: expected at most 0"):
        bench(dear, constant(10, 10), Work.sample(60, 10**8), caps=Caps(usd=0.01))


@pytest.mark.parametrize(
    ("load", "why"),
    [
        ({"runtime": 86_400}, None),
        ({"runtime": 86_401}, "runtime_s is 86401: expected a number from 0 to 86400"),
        ({"response": 200 * 1024**2}, None),
        ({"response": 200 * 1024**2 + 1}, "response_bytes is 209715201"),
        ({"response": 10**12}, "response_bytes is 1000000000000"),
    ],
)
def test_what_the_sample_work_would_refuse_is_refused_before_the_load(load, why):
    w = Workload(requests_per_month=1e6, response="1 KB", runtime="100 ms")
    if why is None:
        assert plan_load(w, **load).requests > 0
        return
    with pytest.raises(ExplorerError, match=f"the sample work would refuse each request: {why}"):
        plan_load(w, **load)


@pytest.mark.parametrize(
    ("more", "no"),
    [
        ({"succeeded": 99}, False),
        ({"succeeded": 98}, True),
        ({"succeeded": 98, "success": 0.98}, False),
        ({"lost": 1}, True),
        ({"corrupted": 1}, True),
        ({"not_sent": 1}, True),
        ({"jobs": 0, "succeeded": 0}, True),
        # ended by its user: what was under way then had no time to succeed
        ({"succeeded": 97, "errors": {"interrupted": 3}}, False),
        ({"succeeded": 95, "errors": {"interrupted": 3, "503": 2}}, True),
    ],
)
def test_the_answer_is_no_where_a_job_is_lost_or_too_few_succeed(more, no):
    answer = {"jobs": 100, "succeeded": 100, "lost": 0, "corrupted": 0, "not_sent": 0, "success": 0.99}
    answer["errors"] = {}
    assert has_failed(answer | more) == no


def test_ctrl_c_returns_what_there_is(quick):
    def interrupt(count, *_):
        if count == 5:
            os.kill(os.getpid(), signal.SIGINT)

    schedule = constant(20, 60)
    result = answered(quick, schedule, progress=interrupt)
    summary = result.to_dict()
    assert summary["interrupted"] and not summary["valid"] and result.seconds < schedule.duration_s / 2
    assert 5 <= summary["succeeded"] == summary["jobs"] < schedule.requests


def test_a_notebook_has_a_loop_of_its_own(quick):
    async def cell():
        return answered(quick, constant(20, 0.5))

    assert asyncio.run(cell()).succeeded == 10


# What it says


def test_percentiles_are_those_of_hdrhistogram():
    hdrh = pytest.importorskip("hdrh.histogram")
    values = np.random.default_rng(1).lognormal(3, 1, 20_000)
    histogram = hdrh.HdrHistogram(1, 3_600_000_000, 3)
    for value in values:
        histogram.record_value(round(value * 1e6))
    quantiles = percentiles(values)
    for name, level in {"p50": 50, "p90": 90, "p99": 99, "p99_9": 99.9, "max": 100}.items():
        assert quantiles[name] == pytest.approx(histogram.get_value_at_percentile(level) / 1e6, rel=2e-3)


@pytest.mark.parametrize(("size", "p50", "p99"), [(1, 1, 1), (2, 1, 2), (100, 50, 99), (101, 51, 100)])
def test_a_percentile_is_the_least_value_that_enough_do_not_exceed(size, p50, p99):
    quantiles = percentiles(range(1, size + 1))
    assert (quantiles["p50"], quantiles["p99"], quantiles["max"]) == (p50, p99, size)


@pytest.mark.parametrize("runs", [1, 5])
def test_an_interval_holds_the_true_median_as_often_as_it_says(runs):
    chance, hits = np.random.default_rng(3), 0
    for _ in range(40):
        low, high = intervals([chance.exponential(1.0, 200 // runs) for _ in range(runs)])["p50"]
        hits += low <= math.log(2) <= high
    assert hits >= 30  # of 38 expected; few repetitions promise a little too much


def test_runs_that_differ_widen_the_interval():
    alike = [np.linspace(1, 2, 50)] * 4
    apart = [np.linspace(1, 2, 50) + shift for shift in (0, 1, 2, 3)]
    width = [high - low for low, high in (intervals(runs)["p50"] for runs in (alike, apart))]
    assert width[1] > 0.5 > width[0]


def test_the_knee_is_the_first_rate_that_is_not_served():
    with running(workers=2) as url:  # 40 a second of 50 ms
        for _ in range(3):  # a machine that stops for a moment serves less
            summary = answered(url, rate_steps([10, 25, 80], 1), 0.05).to_dict()
            assert not summary["steps"][2]["served"] and summary["steps"][2]["throughput_rps"] < 60
            if summary["knee_rps"] == 80:
                break
    assert summary["knee_rps"] == 80 and [row["served"] for row in summary["steps"]] == [True, True, False]


@pytest.mark.parametrize(("slow_s", "knee"), [(0.49, None), (0.51, 20)])
def test_five_times_the_first_p99_is_the_edge(slow_s, knee):
    schedule = rate_steps([10, 20], 5)
    rows = [Row(k, at, at, ended_s=at + 0.1, latency_s=0.1, status="succeeded", stretch=of)
            for k, (at, of) in enumerate(zip(schedule.at_s, schedule.stretch_of))]  # fmt: skip
    for row in rows[-3:]:
        row.latency_s = slow_s
    assert knee_rps(stretches(rows, schedule)) == knee


REPORTS = [
    (
        "Duration: 3.21 ms\tBilled Duration: 104 ms\tMemory Size: 512 MB\tMax Memory Used: 40 MB\t"
        "Init Duration: 100.50 ms\t",
        (0.00321, 0.104, 512, 40, 0.1005),
    ),
    (
        "Duration: 3 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\t",
        (0.003, 0.003, 128, 40, None),
    ),
]


@pytest.mark.parametrize(("text", "expected"), REPORTS)
def test_a_report_line_with_and_without_initialisation_and_decimals(text, expected):
    own = json.dumps({"part": "work", "request": "r-1", "job": "j-1", "cold": True})
    (one,) = parse("front", [own, "END RequestId: r-1", f"REPORT RequestId: r-1\t{text}"])
    assert one == Invocation("work", "r-1", *expected, job="j-1")


def test_a_report_as_json_and_lines_that_are_none():
    metrics = {"durationMs": 1.5, "billedDurationMs": 2, "memorySizeMB": 128, "initDurationMs": 9}
    line = json.dumps({"type": "platform.report", "record": {"requestId": "r", "metrics": metrics}})
    (one,) = parse("status", ["{", "[1]", "REPORT RequestId: x\tcut off", "null", line])
    assert (one.part, one.billed_s, one.init_s, one.job) == ("status", 0.002, 0.009, "")


def test_logs_are_read_through_boto3(request):
    client = request.getfixturevalue("bench").client
    logs = client("logs")
    logs.create_log_group(logGroupName="/aws/lambda/demo-work")
    logs.create_log_stream(logGroupName="/aws/lambda/demo-work", logStreamName="s")
    messages = [
        json.dumps({"part": "work", "request": "r", "job": "j"}),
        f"REPORT RequestId: r\t{REPORTS[0][0]}",
    ]
    events = [{"timestamp": 1_700_000_000_000 + k, "message": text} for k, text in enumerate(messages)]
    logs.put_log_events(logGroupName="/aws/lambda/demo-work", logStreamName="s", logEvents=events)
    functions = {"work": "demo-work", "uploads": "demo-uploads"}
    (one,) = read_logs(SimpleNamespace(client=client), functions, 1.7e9, 1.7e9 + 1, 1, 0)
    assert (one.job, one.init_s) == ("j", 0.1005)
    assert read_logs(SimpleNamespace(client=client), functions, 1.6e9, 1.6e9 + 1, 1, 0) == []


def test_a_cold_start_stands_between_acceptance_and_work():
    row = Row(0, 0.0, 0.0, accepted_s=1.0, seen_s=5.0, submitted=100.5, started=102.0, ended=103.0, id="j")
    row.cold_start_s, row.http_status = 0.4, 202
    assert split([row], 100.0) == 0
    assert (row.cold_start_s, row.queue_s, row.work_s, row.poll_s) == pytest.approx((0.4, 0.6, 1.0, 2.0))


def test_the_result_says_what_the_contract_says_and_is_read_again(quick, tmp_path):
    w = Workload(requests_per_month=1e6, response="1 KB", runtime="100 ms")
    endpoint = Endpoint(quick, stack="demo", design=DESIGN, workload=w)
    schedules = [poisson(20, 0.5, seed) for seed in (1, 2, 3)]
    result = bench(endpoint, schedules, Work.sample(0.1, 1000), polling=FAST)
    summary = result.to_dict()
    names = """jobs succeeded lost errors latency_s submit_s cold_starts throughput_rps lateness_s predicted
    measured cost_usd stack target cannot_vouch_for"""
    assert {*names.split()} <= summary.keys() and {"p50", "p90", "p99", "p99_9", "max"} <= summary[
        "latency_s"
    ].keys()
    assert summary["jobs"] == sum(one.requests for one in schedules) and summary["cost_usd"] > 0
    assert summary["predicted"]["total"].keys() == summary["measured"]["total"].keys()
    assert set(result.frame()["repetition"]) == {0, 1, 2}
    result.write(tmp_path / "run.parquet")
    again = read_benchmark(tmp_path / "run.parquet")
    assert again.drop(columns="cold").equals(result.frame().drop(columns="cold"))
    assert (
        json.loads(pq.read_schema(tmp_path / "run.parquet").metadata[b"explorer.bench"])["summary"] == summary
    )
    assert again.attrs["bench"]["summary"]["jobs"] == summary["jobs"]
