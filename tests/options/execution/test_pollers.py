"""The pollers of a queue in a rise: how late they come, and those kept ready where a latency is promised."""

import pytest

import explorer as ex
from explorer.workload.workload import Workload

DESIGN = (
    "edge=none, door=http-api, request=inline, response=accepted, compression=none, execution=queued,"
    " initialization=on-demand, configuration=environment"
)


def workload(peak=20.0, ramp="1 minute", **fields) -> Workload:
    """60 s of work each: 60 at once on average, 1,200 at 20 a second."""
    return Workload(
        requests_per_month=730 * 3600,
        peak_rps=peak,
        peak_ramp=ramp,
        response="1 KB",
        runtime={"value": "60 s"},
        client={"collects": False},
        account={"lambda.concurrency": 5000},
        **fields,
    )


def wait(w: Workload) -> float:
    """The p95 of the wait for pollers [s]."""
    p95 = ex.latency(w, DESIGN)["p95"]
    return float(p95.get("wait for pollers in a rise", 0.0))


@pytest.mark.parametrize(
    ("ramp", "longest"),
    [
        # 300 a minute: from 60 to 1,200 in 228 s, 168 s after the rise; the longest wait is half of it
        ("1 minute", 84),
        ("226 s", 1),
        ("228 s", 0),
        ("1 hour", 0),
    ],
)
def test_jobs_wait_where_the_load_rises_faster_than_pollers_are_added(ramp, longest):
    # until then come 228 s x 20 of the day's 86,400: 5.3 %, more than a p95 leaves
    assert wait(workload(ramp=ramp)) == pytest.approx(longest, abs=1e-4)


def test_a_short_rise_is_no_matter_of_the_p95():
    """At 19 a second they are as many after 216 s: 216 x 19 of 86,400 are 4.75 %."""
    assert wait(workload(19)) == pytest.approx(0, abs=1e-4)


def lines(w: Workload) -> dict[str, float]:
    return {line.id: float(line.quantity) for line in ex.cost(w, DESIGN).lines}


def test_where_a_latency_is_promised_what_cannot_be_added_in_time_is_kept_ready():
    """1,000 a minute are added in provisioned mode, and ten at once are a poller: 200 / 10 are missing."""
    w = workload(targets={"latency_p95": "90 s"})
    assert lines(w)["lambda.esm_event_poller_unit_sqs"] == pytest.approx(20 * 730)
    assert wait(w) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    ("peak", "pollers"),
    [(17, 2), (20.1, 21), (50, 200), (60, 200)],  # two at least, 200 at most
)
def test_pollers_that_are_kept_ready(peak, pollers):
    w = workload(peak, targets={"latency_p95": "90 s"})
    assert lines(w)["lambda.esm_event_poller_unit_sqs"] == pytest.approx(pollers * 730)


def test_without_a_promise_none_are():
    assert "lambda.esm_event_poller_unit_sqs" not in lines(workload())


@pytest.mark.parametrize(("peak", "verdict"), [(20.8, ("fits", "tight")), (21, ("raise", "breach"))])
def test_a_mapping_lets_so_many_through_at_once(peak, verdict):
    """1,250 of 60 s each are 20.83 a second, where nothing may wait."""
    w = workload(peak, "1 hour", targets={"latency_p95": "90 s"})
    rows = ex.assess(w, DESIGN).set_index("limit")
    assert rows.loc["lambda.esm.sqs.concurrency"].verdict in verdict


def test_jobs_that_may_wait_break_no_limit_of_a_mapping():
    rows = ex.assess(workload(40, "1 hour"), DESIGN).set_index("limit")
    row = rows.loc["lambda.esm.sqs.concurrency"]
    assert row.breach_probability == 0 and row.verdict != "breach"
