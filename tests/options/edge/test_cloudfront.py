"""A distribution in front of the door: bills, limits and latency worked by hand from the tables.

Prices of us-east-1: 1e-6 USD a request, 0.085 USD a GB out, 0.02 USD a GB to the origin.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

import explorer as ex
from explorer.analysis.choice import Choice
from explorer.analysis.flat_rates import cheaper_at_flat_rate, cheaper_flat_rate
from explorer.analysis.one_design import design_assessment
from explorer.engine.designs import Design
from explorer.engine.latency import latency as seconds_of
from explorer.options.base.conditions import Conditions
from explorer.workload.workload import Workload
from tests.support.workloads import workloads

KB, MB, GB = 1024, 1024**2, 1024**3
PLAIN = {
    "edge": "cloudfront",
    "door": "function-url",
    "request": "inline",
    "response": "buffered",
    "compression": "none",
    "execution": "single",
    "initialization": "on-demand",
    "configuration": "environment",
}
TIMES = {"exchange.rtt": 0.05, "door.function-url": 0.005, "edge.cloudfront": 0.01}


def design(**others) -> dict:
    return {**PLAIN, **others}


def workload(**fields) -> Workload:
    least = {"requests_per_month": 10e6, "request": "1 KB", "response": "1 MB", "runtime": "100 ms"}
    all_fields = {**least, "client": {"auth": "none", **fields.pop("client", {})}, **fields}
    return Workload(**all_fields)


def lines(w: Workload, choices: dict) -> dict[str, float]:
    return {line.id: float(line.quantity) for line in ex.cost(w, choices).lines}


def cached(share: float, **fields) -> Workload:
    return workload(response={"value": "1 MB", "cacheable": share}, **fields)


# Money --------------------------------------------------------------------------------------------------


def test_the_edge_carries_every_request_and_byte_and_the_function_a_tenth():
    bill = {line.id: float(line.usd) for line in ex.cost(cached(0.9), design()).lines}
    assert bill["cloudfront.https_request"] == pytest.approx(10.00)
    assert bill["cloudfront.data_out"] == pytest.approx(10e6 / 1024 * 0.085)  # 9,765.6 GB: 830.08
    assert bill["cloudfront.data_to_origin"] == pytest.approx(1e6 * KB / GB * 0.02)  # of those it hands on
    assert bill["lambda.request_arm"] == pytest.approx(0.20)
    assert "transfer.internet_out" not in bill


def test_in_europe_requests_cost_a_fifth_more():
    w = workload(requests_per_month=50e6, response="10 KB", region="eu-west-1")
    bill = {line.id: float(line.usd) for line in ex.cost(w, design()).lines}
    assert bill["cloudfront.https_request"] == pytest.approx(60.00)
    assert bill["cloudfront.data_out"] == pytest.approx(50e6 * 10 * KB / GB * 0.085)  # 476.8 GB: 40.53


def test_polls_and_the_download_are_requests_to_it():
    # work of 5 s is polled at 0, 1, 2, 3, 4 and 5 s; submitting and fetching are two more
    usage = lines(workload(runtime="5 s"), design(response="stored"))
    assert usage["cloudfront.https_request"] == pytest.approx(10e6 * 8)
    assert usage["cloudfront.data_out"] == pytest.approx(10e6 * (MB + 6 * 500) / GB)
    assert "transfer.internet_out" not in usage


def test_a_page_is_a_request():
    # of 6,291,556 bytes three quarters are filled: pages of 4,369,065 bytes of text, as it grows by 8 %
    w = workload(response={"value": "12 MB", "divisible": True})
    usage = lines(w, design(response="paged"))
    assert usage["cloudfront.https_request"] == pytest.approx(10e6 * 3)


def test_a_call_back_leaves_by_another_way():
    w = workload(client={"receives_callbacks": True})
    usage = lines(w, design(response="callback"))
    assert usage["transfer.internet_out"] == pytest.approx(10e6 * 500 / GB)
    assert usage["cloudfront.data_out"] == pytest.approx(10e6 * MB / GB)


def test_an_uploaded_body_does_not_pass_through_it():
    usage = lines(workload(), design(request="presigned-upload"))
    assert usage["cloudfront.https_request"] == pytest.approx(10e6 * 2)  # for the URL, and for the work
    assert "cloudfront.data_to_origin" not in usage


def test_what_is_behind_costs_what_so_few_requests_would():
    # a tenth of the requests and of the peak, without an edge: the same invocations and cold starts
    behind = lines(cached(0.9, peak_rps=20), design())
    alone = lines(workload(requests_per_month=1e6, peak_rps=2), design(edge="none"))
    for line in ("lambda.request_arm", "lambda.duration_arm", "cloudwatch.logs_ingest_vended_standard"):
        assert behind[line] == pytest.approx(alone[line], rel=1e-9)


@pytest.mark.parametrize("response", ["stored", "callback"])
def test_jobs_are_not_cached(response):
    client = {"receives_callbacks": True}
    choices = design(response=response)
    assert lines(cached(0.9, client=client), choices) == lines(cached(0.0, client=client), choices)


def test_without_a_distribution_nothing_is_cached():
    assert lines(cached(0.9), design(edge="none")) == lines(cached(0.0), design(edge="none"))


def test_many_workloads_at_once_cost_what_each_does():
    shares = np.array([0.0, 0.3, 0.9, 1.0])
    sweep = ex.sweep(workload(), {"response.cacheable": shares}, designs=[design()])
    single = [float(ex.cost(cached(share), design()).total_usd) for share in shares]
    assert sweep.monthly_usd.ravel() == pytest.approx(single, rel=1e-9)
    assert np.all(np.diff(single) < 0)


@given(workloads(), st.lists(st.floats(0, 1), min_size=2, max_size=2))
@settings(max_examples=25)
def test_more_cache_never_costs_more(w, shares):
    less, more = sorted(shares)
    for response in ("buffered", "streamed"):
        bills = [
            float(ex.cost(w.replace({"response.cacheable": share}), design(response=response)).total_usd)
            for share in (less, more)
        ]
        assert bills[1] <= bills[0] * (1 + 1e-9)


# Parts, and whom it cannot serve --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("others", "needs", "parts"),
    [
        ({}, [], 2),  # the distribution, and the client's SHA-256
        ({"request": "presigned-upload"}, [], 1 + 2),
        ({"door": "http-api"}, [], 1 + 1),
        ({"door": "http-api"}, ["custom-domain"], 1 + 1 + 1),
        ({}, ["custom-domain", "waf"], 2 + 2),
        ({"edge": "none"}, [], 0),
    ],
)
def test_parts(others, needs, parts):
    w = workload(client={"needs": needs})
    assert len(Design(**design(**others)).parts_for(Conditions(w))) == parts


def excluding_limits(w: Workload, **others) -> set[str]:
    frame = ex.assess(w, design(**others))
    return set(frame[frame.verdict == "excluded"].limit)


def test_a_callers_signature_does_not_pass_through():
    assert excluding_limits(workload(client={"auth": "iam"})) == {"client.auth"}
    assert excluding_limits(workload(client={"auth": "none"})) == set()


def test_it_is_never_private():
    w = workload(client={"needs": ["private"]})
    assert excluding_limits(w, door="rest-api") == {"client.needs"}
    assert excluding_limits(w, door="rest-api", edge="none") == set()


@pytest.mark.parametrize(
    ("edge", "door", "needs", "because"),
    [
        ("none", "function-url", ["waf"], {"client.needs"}),
        ("cloudfront", "function-url", ["waf"], set()),
        ("none", "function-url", ["custom-domain"], {"client.needs"}),
        ("cloudfront", "function-url", ["custom-domain"], set()),
        ("none", "http-api", ["waf"], {"client.needs"}),
        ("cloudfront", "http-api", ["waf", "throttling"], set()),
        ("cloudfront", "function-url", ["waf", "throttling"], {"client.needs"}),
        ("cloudfront", "http-api", ["usage-plans"], {"client.needs"}),
    ],
)
def test_it_gives_any_door_a_domain_and_a_waf_and_nothing_else(edge, door, needs, because):
    assert excluding_limits(workload(client={"needs": needs}), edge=edge, door=door) == because


def test_it_gives_a_function_url_no_credentials():
    assert excluding_limits(workload(client={"auth": "jwt"})) == {"client.auth"}


# Limits ---------------------------------------------------------------------------------------------


def finding(w: Workload, limit: str, **others):
    return ex.assess(w, design(**others)).set_index("limit").loc[limit]


JOB = {"response": "stored"}
PAIRS = [  # limit, other choices, at the limit, one over
    ("cf.origin.timeout", {}, {"runtime": 120}, {"runtime": 120.001}),
    ("cf.origin.timeout", {"door": "alb", "execution": "service"}, {"runtime": 120}, {"runtime": 120.001}),
    ("cf.request.body", {}, {"request": 64 * GB}, {"request": 64 * GB + 100}),
    ("cf.object", JOB, {"response": 50 * GB}, {"response": 50 * GB + 100}),
    ("cf.object", {"response": "streamed"}, {"response": {"value": 50 * GB, "cacheable": 0.5}},
     {"response": {"value": 50 * GB + 100, "cacheable": 0.5}}),
    ("cf.headers", {}, {"client": {"headers": 32_768}}, {"client": {"headers": 32_769}}),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "others", "at", "over"), PAIRS)
def test_at_the_limit_nothing_breaks_and_one_over_everything_does(limit, others, at, over):
    least = {"requests_per_month": 1000, "response": "1 KB"}
    within = finding(workload(**{**least, **at}), limit, **others)
    beyond = finding(workload(**{**least, **over}), limit, **others)
    assert (within.breach_probability, beyond.breach_probability) == (0, 1)
    assert within.used_p99 <= within.limit_value < beyond.used_p99


def test_a_rate_breaks_by_poisson_demand():
    row = finding(workload(requests_per_month=1e9, response="1 KB", peak_rps=249_000), "cf.rps")
    assert row.breach_probability == pytest.approx(poisson.sf(250_000, 249_000), rel=1e-6)


def test_bandwidth_counts_both_ways():
    # 1 KB in and 1 MB out, 8 bits a byte: 17,000 requests/s are 142,745 Mbit/s
    row = finding(workload(requests_per_month=1e9, peak_rps=17_000), "cf.bandwidth")
    assert row.used_p50 == pytest.approx(17_000 * (MB + KB) * 8 / 1e6, rel=1e-3)


def test_where_nothing_answers_at_once_the_origin_is_not_waited_for():
    frame = ex.assess(workload(runtime="200 s"), design(response="stored"))
    assert "cf.origin.timeout" not in set(frame.limit)


def test_without_headers_given_their_limit_does_not_bind():
    assert "cf.headers" not in set(ex.assess(workload(), design()).limit)


def test_a_size_breaks_as_if_nothing_were_cached_and_a_rate_for_what_is_left():
    sizes = {"p50": "1 MB", "p99": "5 MB", "max": "7 MB"}
    plain = workload(response=sizes, peak_rps=10_000, requests_per_month=1e9)
    cacheable = plain.replace({"response.cacheable": 0.9})
    size = finding(cacheable, "lambda.furl.response")
    assert size.breach_probability == finding(plain, "lambda.furl.response").breach_probability > 0
    assert size.broken_per_month == pytest.approx(size.breach_probability * 1e9)
    assert finding(plain, "lambda.concurrency").used_p50 == pytest.approx(1000, rel=0.01)  # 10,000 x 0.1 s
    assert finding(cacheable, "lambda.concurrency").used_p50 == pytest.approx(100, rel=0.01)


# Latency --------------------------------------------------------------------------------------------


def latency(w: Workload, choices: dict | None = None) -> np.ndarray:
    return np.array(list(seconds_of(w, Design(**(choices or design())))["total"].values()))


def timed(share: float = 0.0, **runtime) -> Workload:
    spread = runtime or {"value": 1.0}
    return cached(share, runtime=spread, requests_per_month=100e6, peak_rps=100, times=TIMES)


TRANSFER = 1024 / 2.5e6, MB / 2.5e6  # of the request and the response, at 20 Mbit/s


def test_its_hop_comes_on_top():
    alone = 0.05 + 0.005 + 1.0 + sum(TRANSFER)
    assert latency(timed(), design(edge="none")) == pytest.approx([alone] * 3)
    assert latency(timed()) == pytest.approx([alone + 0.01] * 3)


@pytest.mark.parametrize(("share", "hits"), [(0.49, 0), (0.5, 1), (0.94, 1), (0.95, 2), (0.99, 3), (1.0, 3)])
def test_a_hit_is_a_round_trip_and_the_transfer(share, hits):
    hit = 0.05 + sum(TRANSFER)
    miss = hit + 0.01 + 0.005 + 1.0
    assert latency(timed(share)) == pytest.approx([hit] * hits + [miss] * (3 - hits), abs=1e-9)


def test_the_slowest_of_all_are_the_slowest_of_the_rest():
    # with nine of ten answered, the p95 of all is the median of the rest
    seconds = latency(timed(0.9, p50=1.0, p99=4.0))
    assert seconds[1] == pytest.approx(0.05 + 0.015 + 1.0 + sum(TRANSFER))
    # with four of five it is their p75: z = 0.67449 of 2.32635, 4 ** 0.289935 = 1.494715
    seconds = latency(timed(0.8, p50=1.0, p99=4.0))
    assert seconds[1] == pytest.approx(0.05 + 0.015 + 1.494715 + sum(TRANSFER), abs=1e-5)


def test_patience_is_held_to_what_no_cache_answers():
    # a miss has its first byte after 0.05 + 0.015 + 1 s, and the request on its way 0.0004 s more
    waits = np.array([1.06, 1.07])
    sweep = ex.sweep(timed(0.99), {"client.waits": waits}, designs=[design()])
    assert sweep.winner.ravel().tolist() == [-1, 0]


# A flat-rate plan -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requests", "size", "plan"),
    [
        (10_000_000, "100 KB", "Pro"),  # 954 GB and ten million: 15 USD in place of 91
        (10_000_001, "100 KB", None),  # one over: the plan Business costs 200
        (10_000_001, "1 MB", "Business"),  # 9,766 GB: in place of 840
        (1_000_000, "100 KB", "Free"),
        (1_000_001, "100 KB", None),  # 95 GB: 9 USD, and the plan Pro costs 15
        (1_000_000, "103 KB", "Free"),
        (1_050_000, "100 KB", None),
    ],
)
def test_a_flat_rate_plan_is_named_where_it_would_be_cheaper(requests, size, plan):
    w = workload(requests_per_month=requests, response=size)
    text = cheaper_flat_rate(ex.cost(w, design()), Design(**design()))
    assert (f"flat-rate plan {plan} would cost" in text) if plan else text == ""


def test_a_design_without_it_has_no_flat_rate():
    alone = design(edge="none")
    assert cheaper_flat_rate(ex.cost(workload(), alone), Design(**alone)) == ""


# In eu-central-1 a function URL with 1,965 GB out costs 205.47 USD: 176.87 of it transfer, 28.60 the function
# with its logs. With CloudFront in front, the plan Pro at 15 USD replaces the transfer: 43.60, 161.87 less
# for two more parts, so it is the best design while a part counts as 80.93 USD or less.
INVOICES = {
    "name": "Invoices",
    "region": "eu-central-1",
    "requests_per_month": 600_000,
    "response": {"p50": "3 MB", "p99": "9 MB", "binary": True},
    "runtime": {"p50": "1.5 s", "p99": "8 s", "cpu": 0.8},
}
BUILT_WITH = (
    "Built with CloudFront in front, it would cost $43.6 a month with 3 moving parts, on CloudFront's"
    " flat-rate plan Pro at $15 a month."
)


@pytest.mark.parametrize(("part_usd", "says"), [(10, BUILT_WITH), (80.9, BUILT_WITH), (81.0, "")])
def test_another_design_is_named_where_a_flat_rate_makes_it_the_best(part_usd, says):
    r = Choice(ex.Workload(**INVOICES, preferences={"part_usd": part_usd}))
    assert (r.design.edge, round(r.monthly_usd, 2)) == ("none", 205.47)
    assert cheaper_at_flat_rate(r) == says


def test_a_design_with_flat_rates_of_its_own_is_not_held_against_others():
    r = Choice(ex.Workload(**INVOICES | {"requests_per_month": 6_000_000}))
    assert r.design.edge == "cloudfront" and cheaper_at_flat_rate(r) == ""
    assert "flat-rate plan Pro would cost $15 a month in place of" in cheaper_flat_rate(r.bill, r.design)


def test_an_assessment_names_the_flat_rate():
    answer = design_assessment(ex.Workload(**INVOICES), "edge=cloudfront")
    text = "CloudFront's flat-rate plan Pro would cost $15 a month in place of $168 of the bill."
    assert answer["flat_rate"] == text
    assert design_assessment(ex.Workload(**INVOICES), "edge=none")["flat_rate"] == ""
