"""The first byte of a streamed response, before the work ends: limits and seconds, worked by hand."""

import numpy as np
import pytest

import explorer as ex
from explorer.engine.designs import Design
from explorer.engine.latency import first_byte_s, latency
from explorer.options.base.conditions import Conditions
from explorer.workload.workload import Workload

PLAIN = {
    "edge": "none",
    "door": "rest-api",
    "request": "inline",
    "response": "streamed",
    "compression": "none",
    "execution": "single",
    "initialization": "on-demand",
    "configuration": "environment",
}
TIMES = {"exchange.rtt": 0.05, "door.function-url": 0.005, "edge.cloudfront": 0.01}


def design(**others) -> dict:
    return {**PLAIN, **others}


def workload(runtime: dict, **fields) -> Workload:
    least = {"requests_per_month": 1e8, "peak_rps": 100, "request": "1 KB", "response": "1 MB"}
    return Workload(**{**least, "runtime": runtime, "times": TIMES, **fields})


# The driver -----------------------------------------------------------------------------------------


def test_omitted_it_is_the_run_time():
    load = Conditions(workload({"p50": 1.0, "p99": 4.0}))
    assert load.first_byte is load.runtime


def test_it_is_never_later_than_the_run_time():
    # at the median 0.5 s and at the p99 8 s: the run time has 1 s and 4 s
    load = Conditions(workload({"p50": 1.0, "p99": 4.0, "first_byte": {"p50": 0.5, "p99": 8.0}}))
    assert load.first_byte.quantile(np.array([0.5, 0.99])) == pytest.approx([0.5, 4.0])
    assert load.first_byte.exceed(4.0) == pytest.approx(0.01)
    assert load.first_byte.exceed(0.5) == pytest.approx(0.5)


def test_it_moves_in_proportion_to_the_run_time():
    load = Conditions(workload({"value": 4.0, "first_byte": 1.0}), {"runtime": np.array([2.0, 4.0, 8.0])})
    assert load.first_byte.quantile(0.5) == pytest.approx([0.5, 1.0, 2.0])


# Limits ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "others", "most", "runtime"),
    [
        ("apigw.stream.idle", {}, 300, 800),
        ("cf.origin.timeout", {"edge": "cloudfront"}, 120, 800),
        ("alb.idle.timeout", {"door": "alb", "execution": "service"}, 60, 800),
    ],
)
def test_patience_ends_with_the_first_byte(limit, others, most, runtime):
    for first, chance in ((most, 0), (most * 1.001, 1)):
        w = workload({"value": runtime, "first_byte": first})
        row = ex.assess(w, design(**others)).set_index("limit").loc[limit]
        assert (row.breach_probability, row.used_p50) == (chance, pytest.approx(first))
    whole = ex.assess(workload({"value": runtime}), design(**others)).set_index("limit").loc[limit]
    assert whole.breach_probability == 1


def test_what_is_not_streamed_waits_for_all_of_the_work():
    w = workload({"value": 40.0, "first_byte": 1.0})
    row = ex.assess(w, design(response="buffered")).set_index("limit").loc["apigw.rest.timeout"]
    assert row.breach_probability == 1


# Seconds --------------------------------------------------------------------------------------------


def seconds(w: Workload, **others) -> tuple[float, float]:
    """To the last and to the first byte, at the p50."""
    whole_design = Design(**design(door="function-url", **others))
    return latency(w, whole_design)["total"]["p50"], float(first_byte_s(Conditions(w), whole_design)[0])


RECEIVED = 1024**2 / 2.5e6  # 0.419 s at 20 Mbit/s
BEFORE = 0.05 + 0.005 + 1024 / 2.5e6  # the exchange


@pytest.mark.parametrize(
    ("response", "first_byte", "last", "first"),
    [
        ("buffered", None, 2.0 + RECEIVED, 2.0),  # after the work
        ("buffered", 0.5, 2.0 + RECEIVED, 2.0),
        ("streamed", None, 2.0 + RECEIVED, 2.0),
        ("streamed", 0.5, 2.0, 0.5),  # the transfer ends before the work does
        ("streamed", 1.9, 1.9 + RECEIVED, 1.9),
    ],
)
def test_to_the_last_byte_and_to_the_first(response, first_byte, last, first):
    runtime = {"value": 2.0} if first_byte is None else {"value": 2.0, "first_byte": first_byte}
    to_last, to_first = seconds(workload(runtime), response=response)
    assert (to_last - BEFORE, to_first - BEFORE) == (pytest.approx(last), pytest.approx(first))


def test_a_stored_result_begins_with_its_download():
    times = {**TIMES, "s3.request": 0.1}
    w = workload({"value": 2.0}, times=times)
    last, first = seconds(w, response="stored")
    assert last - first == pytest.approx(RECEIVED)


def test_of_a_request_that_is_only_acknowledged_it_is_the_202():
    times = {**TIMES, "handler.submit": 0.03, "async.to_lambda": 0.04}
    w = workload({"value": 2.0}, times=times, client={"collects": False})
    last, first = seconds(w, response="accepted")
    assert first == pytest.approx(BEFORE + 0.03)
    assert last == pytest.approx(BEFORE + 0.03 + 0.04 + 2.0)  # the end of the work


def test_of_pages_the_first_counts():
    # 12 MB come in three pages of at most 4,369,065 bytes
    w = workload({"value": 2.0}, response={"value": "12 MB", "divisible": True})
    last, first = seconds(w, response="paged")
    assert first == pytest.approx(BEFORE + 2.0 + 4_369_065 / 2.5e6)
    assert last == pytest.approx(BEFORE + 2.0 + 12 * RECEIVED + 2 * (0.055 + 2.0))


def test_compressing_a_stream_does_not_hold_its_first_byte_back():
    w = workload({"value": 2.0, "first_byte": 0.5}, response={"value": "40 MB", "compression": 0.1})
    _, first = seconds(w, compression="gzip")
    assert first == pytest.approx(BEFORE + 0.5)
    _, buffered = seconds(w, compression="gzip", response="buffered")
    assert buffered == pytest.approx(BEFORE + 2.0 + 40 * 1024**2 / 40e6)
