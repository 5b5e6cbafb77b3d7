"""Peaks: what comes in them, what has to wait, and what has to start, worked by hand.

A peak lasts an hour and comes once a day (`peak.hours`). A month of 730 h has 730 / 24 = 30.4167 of
them, which are 30.4167 x 3600 s = 109,500 s. The mean rate of n requests a month is n / 2,628,000 s.
"""

import numpy as np
import pytest
from scipy.stats import poisson

import explorer as ex
from explorer.engine.designs import Design
from explorer.options.base.conditions import Conditions
from explorer.options.base.paths import Paths
from explorer.options.configuration.appconfig import AppConfig
from explorer.workload.workload import Workload
from tests.support.designs import plain

MONTH_S = 2_628_000
FURL = plain("function-url", "inline", "buffered", "single", "bundled")
MB = 1024**2


def stored(execution: str) -> Design:
    return plain("http-api", "inline", "stored", execution, "bundled")


def workload(**fields) -> Workload:
    return Workload(**{"requests_per_month": MONTH_S, "response": "1 KB", "runtime": "1 s", **fields})


def finding(design: Design, limit: str, **fields):
    frame = ex.assess(workload(**fields), design).set_index("limit")
    return frame.loc[limit]


# Requests within peaks ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requests", "peak", "hours", "within"),
    [
        (MONTH_S, 5.0, 730, 547_500),  # 5 x 109,500 s of a mean of one a second
        (MONTH_S, 10.0, 730, 1_095_000),
        (MONTH_S, 24.0, 730, 2_628_000),  # all that there is comes in 24 times the mean for an hour a day
        (MONTH_S, 25.0, 730, 2_628_000),  # and there is no more than that
        (1_095_000, 10.0, 730, 1_095_000),
        (1_094_999, 10.0, 730, 1_094_999),
        (MONTH_S, 10.0, 720, 1_080_000),  # 30 days of 3,600 s
        # Left out, the peak is five times the mean: an hour of it a day is 5 / 24 of all
        (2_400_000, None, 730, 500_000),
        (2_400_000, None, 672, 500_000),
        # At the mean rate an hour a day is 1 / 24
        (2_628_000, 1.0, 730, 109_500),
    ],
)
def test_what_comes_in_peaks_is_an_hour_a_day_of_the_peak_rate_and_never_more_than_all(
    requests, peak, hours, within
):
    w = workload(requests_per_month=requests, peak_rps=peak, preferences={"month_hours": hours})
    assert float(Conditions(w).in_peaks) == pytest.approx(within, rel=1e-12)


def test_along_an_axis_a_peak_is_never_below_the_mean():
    load = Conditions(workload(), {"peak_rps": np.array([0.1, 1.0, 2.0])})
    assert load.in_peaks == pytest.approx([109_500, 109_500, 219_000])


@pytest.mark.parametrize(
    ("requests", "within"),
    [
        (1e9, 1000 * 109_500),  # a ninth of all
        (109_500_001, 109_500_000),
        (109_500_000, 109_500_000),
        (1e8, 1e8),
    ],
)
def test_a_rate_breaks_for_requests_in_peaks_alone(requests, within):
    # 1,000 at once are Poisson at the peak, and the quota is 1,000: more than that comes 49 % of the time
    row = finding(FURL, "lambda.concurrency", requests_per_month=requests, peak_rps=1000)
    chance = poisson.sf(1000, 1000)
    assert 0.49 < chance < 0.5
    assert row.breach_probability == pytest.approx(chance, rel=1e-9)
    assert row.broken_per_month == pytest.approx(chance * within, rel=1e-9)


def test_a_size_breaks_for_requests_of_the_whole_month():
    row = finding(FURL, "lambda.furl.response", response="7 MB", peak_rps=1.5)
    assert (row.breach_probability, row.broken_per_month) == (1.0, MONTH_S)


# Jobs that wait -----------------------------------------------------------------------------------


def longest_wait_s(rate: float, seconds: float, at_once: int) -> float:
    """What the last job of an hour's peak waits: jobs one by one, first come first served."""
    count, ended = int(rate * 3600), []
    wait = 0.0
    for number in range(count):
        arrives = number / rate
        starts = arrives if number < at_once else max(arrives, ended[number - at_once])
        ended.append(starts + seconds)
        wait = starts - arrives
    return wait


@pytest.mark.parametrize(
    ("rate", "at_once", "age_s"),
    [
        (20.0, 1000, 3600),  # twice what 1,000 environments of 100 s work off: 72,000 come, 36,000 are left
        (15.0, 1000, 1800),
        (10.01, 1000, 3.6),  # a thousandth more than they work off
        (10.0, 1000, 0),
        (9.0, 1000, 0),
        (20.0, 1500, 1200),
    ],
)
def test_a_backlog_grows_by_what_is_over_the_capacity_for_an_hour(rate, at_once, age_s):
    # at the end rate x 3600 - at_once / 100 x 3600 jobs are left, and at_once / 100 end each second
    load = Conditions(workload(peak_rps=rate, runtime=100))
    assert float(load.backlog_age(at_once)) == pytest.approx(age_s, abs=1e-6)
    # jobs come and end one by one, and not as a flow: up to one run time and one hour's last job
    assert longest_wait_s(rate, 100, at_once) == pytest.approx(age_s, abs=101)


@pytest.mark.parametrize(
    ("rate", "mean", "age_s", "concurrency"),
    [
        # Waiting for an hour is allowed: half of the peak can wait, and 20 x 100 s / 2 = 1,000 work
        (20.0, 1.0, 3600, 1000),
        # Six hours: the seven hours that the peak of one hour may take need a seventh
        (70.0, 3.0, 6 * 3600, 1000),
        # A day of one a second has 86,400 jobs, which come within 86,400 / 70 = 1,234 s at 70 a second: with
        # six hours more there are 22,834 s for 86,400 x 100 s
        (70.0, 1.0, 6 * 3600, 8_640_000 / (86_400 / 70 + 21_600)),
        # No waiting: all of the peak
        (20.0, 1.0, 0, 2000),
        # Over a day all has to be done: 8 a second x 100 s, though 20 x 100 / 7 = 286 would do for the peak
        (20.0, 8.0, 6 * 3600, 800),
    ],
)
def test_the_environments_that_keep_jobs_young_enough_and_drain_them(rate, mean, age_s, concurrency):
    load = Conditions(workload(requests_per_month=mean * MONTH_S, peak_rps=rate, runtime=100))
    assert float(load.concurrency_needed(age_s)) == pytest.approx(concurrency)
    if rate / concurrency * 100 > 1:  # with so many the last job is just as old as it may be
        assert float(load.backlog_age(concurrency)) <= age_s * (1 + 1e-12)


@pytest.mark.parametrize(("peak", "chance"), [(10.0, 0.0), (10.01, 1.0)])
def test_where_a_latency_is_promised_no_job_may_wait(peak, chance):
    # 10 a second of 100 s are the 1,000 of the quota; without the promise 70 a second could wait
    row = finding(
        stored("single"),
        "lambda.concurrency",
        peak_rps=peak,
        runtime=100,
        targets={"latency_p95": "1 h"},
    )
    assert row.breach_probability == chance
    calm = finding(stored("single"), "lambda.concurrency", peak_rps=peak, runtime=100)
    assert calm.breach_probability == 0


@pytest.mark.parametrize(
    ("peak", "waits"),
    [
        (10.0, [0, 0, 0]),
        # The last of the peak waits for an hour; those at p95 and p99 for so much of it
        (20.0, [0, 0.95 * 3600, 0.99 * 3600]),
        (12.5, [0, 0.95 * 900, 0.99 * 900]),
    ],
)
def test_a_job_in_a_backlog_waits_by_its_place_in_it(peak, waits):
    seconds = ex.latency(workload(peak_rps=peak, runtime=100), stored("single"))
    wait_s = seconds.reindex(["wait for an environment"]).fillna(0.0).iloc[0]  # no step where nobody waits
    assert [wait_s[p] for p in ("p50", "p95", "p99")] == pytest.approx(waits, abs=1e-9)


# Environments that start --------------------------------------------------------------------------


def new_environments(seconds: float, **fields) -> float:
    """Those that start within `seconds` of the rise, each request held for its run time alone."""
    load = Conditions(workload(peak_ramp=60.0, **fields))
    most, ramp_s = load.new_requests(seconds)
    return float(min(most, most * load.runtime.mean / ramp_s))


@pytest.mark.parametrize(
    ("peak", "runtime", "started"),
    [
        # The rate rises evenly within 60 s, by 96 / 6 = 16 a second in ten seconds: 16 x 6 s more are busy
        (97.0, 6, 96),
        (97.0, 30, 480),
        (97.0, 59.9, 958.4),
        # From 60 s on nothing ends before the peak: each of the 96 a second more starts one
        (97.0, 60, 960),
        (97.0, 120, 960),
        (1.0, 60, 0),  # no peak over the mean: nothing starts
    ],
)
def test_environments_that_start_within_ten_seconds_of_a_rising_rate(peak, runtime, started):
    assert new_environments(10.0, peak_rps=peak, runtime=runtime) == pytest.approx(started)
    row = finding(FURL, "lambda.scaling", peak_rps=peak, runtime=runtime, peak_ramp=60)
    assert row.breach_probability == pytest.approx(poisson.sf(1000, started), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(
    ("seconds", "started"),
    [
        (30, 96 * 30 * 20 / 60),  # within the rise
        (60, 96 * 20),  # all of it: 20 s of 96 a second
        (120, 96 * 120 * 20 / 120),  # it takes no longer than the rise
    ],
)
def test_the_rise_is_over_after_a_minute(seconds, started):
    assert new_environments(seconds, peak_rps=97.0, runtime=20) == pytest.approx(started)


@pytest.mark.parametrize(
    ("runtime", "started"),
    [(0.25, 25), (0.999, 99.9), (1.0, 100), (2.0, 100)],  # one a request, unless it ends within the second
)
def test_environments_that_start_in_a_second_where_all_are_new(runtime, started):
    # each of them reads the configuration; what has been warm reads it again every 5 minutes
    load = Conditions(workload(peak_rps=100, runtime=runtime))
    path = Paths.of(FURL.flow)
    reads = AppConfig().peak_reads(load, path).mean - load.environments / 300
    assert float(reads) == pytest.approx(started)


@pytest.mark.parametrize(
    ("entry", "response", "execution", "seconds"),
    [
        ("inline", "buffered", "single", 2.0),
        # S3 is read and written with 625 Mbit/s = 78,125,000 bytes a second
        ("presigned-upload", "buffered", "single", 2.0 + 10),
        ("inline", "stored", "single", 2.0 + 4),
        ("presigned-upload", "stored", "single", 2.0 + 14),
        # the client takes 2 MB a second at most; 6 MB come at once
        ("inline", "streamed", "single", 2.0 + (312_500_000 - 6 * MB) / (2 * MB)),
        # a container is not a function: its work alone
        ("presigned-upload", "stored", "fargate", 2.0),
    ],
)
def test_a_request_holds_its_environment_while_bodies_move(entry, response, execution, seconds):
    path = Paths.of(plain("function-url", entry, response, execution, "environment").flow)
    w = workload(request=781_250_000, response=312_500_000, runtime=2, client={"bandwidth": 2 * MB})
    assert float(sum(Conditions(w).held_s(path))) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("kind", "headers", "envelope"),
    [
        # of the measured events 1,200 bytes are headers, of that of a load balancer 850;
        # format 1.0 has each header twice
        ("request.v2", None, 2150),
        ("request.v2", 1200, 2150),
        ("request.v2", 2000, 2150 + 800),
        ("request.v1", 2000, 3994 + 2 * 800),
        ("request.alb", 2000, 1200 + 1150),
        ("request.v2", 0, 2150 - 1200),
        ("response", 2000, 102),  # what comes back has headers of its own
    ],
)
def test_headers_take_the_place_of_those_in_the_measured_event(kind, headers, envelope):
    load = Conditions(workload(client={} if headers is None else {"headers": headers}))
    assert load.envelope(f"encoding.envelope.{kind}") == envelope


# Several requests at once -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("runtime", "requests"),
    [
        ({"cpu": 0.5}, 2),  # each computes for half of its time
        ({"cpu": 0.4}, 2),  # there is no room for half a third one
        ({"cpu": 1.0}, 1),
        ({"cpu": 1.0, "threads": 2, "memory": 3538}, 0.5),  # one request keeps both of its vCPUs busy
        ({"cpu": 0.02}, 16),  # AWS's most for Python, not 50
    ],
)
def test_as_many_requests_share_a_vcpu_as_it_has_time_for(runtime, requests):
    assert float(Conditions(workload(runtime={"value": "1 s", **runtime})).per_vcpu) == requests


@pytest.mark.parametrize(("waits", "environments"), [("3 s", 6), ("2.99 s", 9)])
def test_where_a_cold_start_comes_too_late_fewer_may_find_no_environment_ready(waits, environments):
    # 1.2 requests/s of 2 s keep 2.4 environments busy. P(N >= 6) = 3.6 %, below the 5 % that a p95 bears;
    # P(N >= 8) = 0.33 % and P(N >= 9) = 0.086 %, below the 0.1 % that may fail. A start takes 1 s.
    runtime = {"value": "2 s", "init": "1 s"}
    c = Conditions(
        workload(peak_rps=1.2, runtime=runtime, client={"waits": waits}, targets={"success": 0.999})
    )
    assert float(c.ready_environments([c.peak_rps * c.runtime.mean]).value()) == environments
