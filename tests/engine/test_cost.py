"""Bills against published ones, and the way from a workload to what is billed, worked by hand."""

import json
from decimal import Decimal
from math import ceil, log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import explorer as ex
from explorer.engine.cost import cost, tariffs, usage
from explorer.engine.evaluation import Evaluation
from explorer.errors import PriceError, UnknownIdError
from explorer.facts import catalogue
from explorer.options.base.conditions import Conditions
from explorer.workload.workload import Workload
from tests.support.designs import whole
from tests.support.examples import each_example

BILLS = json.loads((Path(__file__).parent / "golden" / "worked_bills.json").read_text(encoding="utf-8"))
KB, MB, GB = 1024, 1024**2, 1024**3
HOURS = 730
N = 100_000

# Bills ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("published", BILLS, ids=[bill["case"] for bill in BILLS])
def test_a_published_bill_to_its_last_digit(published):
    bill = ex.bill(published["usage"], published["region"], published["free_tier"])
    usd = Decimal(published["usd"])
    assert round(bill.total_usd, -usd.as_tuple().exponent) == usd


@pytest.mark.parametrize(
    ("usage", "usd"),
    [  # us-east-1: a tier ends before its bound, what is beyond costs the next price
        ({"transfer.internet_out": 10_240}, "921.60"),
        ({"transfer.internet_out": 10_241}, "921.685"),
        ({"transfer.internet_out": 51_200}, "4403.20"),
        ({"transfer.internet_out": 51_201}, "4403.27"),
        ({"transfer.internet_out": 153_600}, "11571.20"),
        ({"transfer.internet_out": 153_601}, "11571.25"),
        ({"s3.standard_storage": 51_200}, "1177.60"),
        ({"s3.standard_storage": 51_201}, "1177.622"),
        ({"lambda.duration_arm": 7_500_000_000}, "100000.50"),
        ({"lambda.duration_arm": 7_500_000_001}, "100000.5000120001"),
        ({"lambda.duration_x86": 6_000_000_001}, "100000.200015"),
        ({"cloudwatch.custom_metric": 250_000}, "27000.00"),
        ({"transfer.internet_out": 0}, "0"),
        ({}, "0"),
        ({"transfer.internet_out": "0.1"}, "0.009"),
        ({"lambda.request_arm": 1}, "0.0000002"),
    ],
)
def test_tiers_are_marginal_and_nothing_is_rounded(usage, usd):
    assert ex.bill(usage).total_usd == Decimal(usd)


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        ({"lambda.request_arm": 1_000_000}, "0"),
        ({"lambda.request_arm": 1_000_001}, "0.0000002"),
        ({"lambda.request_arm": 700_000, "lambda.request_x86": 700_000}, "0.08"),  # one pool
        ({"lambda.duration_arm": 400_000, "lambda.duration_x86": 1}, "0.0000166667"),
        ({"sqs.standard_request": 600_000, "sqs.fifo_request": 400_000}, "0"),
        ({"states.standard_transition": 4_001}, "0.000025"),
        ({"transfer.internet_out": 10_340}, "921.60"),  # off the first tier
        ({"lambda.provisioned_duration_arm": 1000}, str(Decimal("0.0000077778") * 1000)),
        ({"kms.symmetric_request": 10_000}, "0.03"),  # never applied
        ({"apigateway.http_request": 1_000_000}, "1.00"),  # the 12-month tier never
    ],
)
def test_the_free_tier_is_one_pool_taken_off_first(usage, usd):
    assert ex.bill(usage, free_tier=True).total_usd == Decimal(usd)


def test_without_the_free_tier_nothing_is_free():
    assert ex.bill({"lambda.request_arm": 1_000_000}).total_usd == Decimal("0.2")


def test_a_line_says_what_was_taken_off():
    lines = ex.bill({"lambda.request_arm": 700_000, "lambda.request_x86": 700_000}, free_tier=True).lines
    assert [line.free for line in lines] == [700_000, 300_000]
    assert [line.quantity for line in lines] == [700_000, 700_000]


@pytest.mark.parametrize("region", ["eu-west-1", "ap-south-1", "sa-east-1"])
@pytest.mark.parametrize(
    "id", ["lambda.durable_operation", "lambda.tenant_isolation_environment", "ssm.standard_parameter"]
)
def test_a_price_known_at_home_alone_is_used_elsewhere_and_marked(id, region):
    (there,), (home,) = ex.bill({id: 7}, region).lines, ex.bill({id: 7}).lines
    assert (there.usd, there.assumed, home.assumed) == (home.usd, True, False)


def test_a_regions_own_price_is_used():
    assert ex.bill({"apigateway.http_request": 1}, "sa-east-1").lines[0].assumed is False
    assert ex.bill({"alb.alb_hour": 1}, "sa-east-1").total_usd > ex.bill({"alb.alb_hour": 1}).total_usd


def test_a_stale_price_says_so():
    (line,) = ex.bill({"ssm.higher_throughput_api_interaction": 1}).lines
    assert (line.stale, line.as_of) == (True, "2025-06-05")


def test_beyond_the_last_known_tier_no_price_is_known():
    with pytest.raises(PriceError, match="no price is known beyond 250000"):
        ex.bill({"cloudwatch.custom_metric": 250_001})


@pytest.mark.parametrize("quantity", [-1, float("nan"), float("inf"), "many", None, True, [], "1,000"])
def test_a_quantity_is_a_number_of_0_or_more(quantity):
    with pytest.raises(PriceError, match=r"lambda\.request_arm has the quantity"):
        ex.bill({"lambda.request_arm": quantity})


@pytest.mark.parametrize(
    ("id", "region"), [("lambda.requests", "us-east-1"), ("lambda.request_arm", "mars-1")]
)
def test_an_unknown_id_or_region_is_named(id, region):
    with pytest.raises(
        UnknownIdError, match=f'is "{id if id != "lambda.request_arm" else region}": expected'
    ):
        ex.bill({id: 1}, region)


@given(st.dictionaries(st.sampled_from(catalogue.price_ids()), st.floats(0, 1e5), max_size=6), st.booleans())
def test_a_bill_is_the_sum_of_its_lines(usage, free_tier):
    bill = ex.bill(usage, free_tier=free_tier)
    assert bill.total_usd == sum(line.usd for line in bill.lines)
    assert len(bill.lines) == len(usage)


@given(
    st.dictionaries(st.sampled_from(catalogue.price_ids()), st.floats(0, 2e5), max_size=6),
    st.sampled_from(catalogue.regions()),
    st.booleans(),
)
def test_floats_price_as_decimals_do(usage, region, free_tier):
    book = tariffs(region, free_tier)
    linear = {price_id: quantity for price_id, quantity in usage.items() if book.is_linear(price_id)}
    usd = sum(book.price(price_id) * quantity for price_id, quantity in linear.items())
    tiered = {price_id: quantity for price_id, quantity in usage.items() if price_id not in linear}
    total = float(ex.bill(usage, region, free_tier).total_usd)
    assert usd + book.tiered_usd(tiered) == pytest.approx(total, rel=1e-9, abs=1e-9)


@given(st.sampled_from(catalogue.price_ids()), st.floats(0, 1e5), st.floats(0, 1e5), st.booleans())
def test_more_of_a_dimension_never_costs_less(id, one, other, free_tier):
    less, more = sorted((one, other))
    assert (
        ex.bill({id: less}, free_tier=free_tier).total_usd
        <= ex.bill({id: more}, free_tier=free_tier).total_usd
    )


# From a workload to what is billed -------------------------------------------------------------------

SINGLE = "request=inline, response=buffered, execution=single, configuration=bundled"
LEAST = {"requests_per_month": N, "request": "1 KB", "response": "1 KB", "runtime": "1 s"}


def stored(execution: str, response: str = "stored") -> str:
    return f"door=http-api, request=inline, response={response}, execution={execution}, configuration=bundled"


def workload(**fields) -> Workload:
    return Workload(**{**LEAST, **fields})


def usage_of(design: str, **fields) -> dict[str, float]:
    w = workload(**fields)
    return usage(Conditions(w), whole(design))


# Rows of data/cold_starts.csv: python3.13, zip, 1024 MB, p50 to p99 [s]
ARM, X86 = (0.08045, 0.08634, 0.09398, 0.11346), (0.08308, 0.09546, 0.10369, 0.13178)


def mean_init_s(row: tuple[float, ...]) -> float:
    """The mean of a measured cold start [s], by brute force."""
    from scipy.stats import norm

    z, at = norm.ppf([0.5, 0.9, 0.95, 0.99]), np.log(row)
    p = norm.ppf((np.arange(400_000) + 0.5) / 400_000)
    below = at[0] + (p - z[0]) * (at[1] - at[0]) / (z[1] - z[0])
    above = at[3] + (p - z[3]) * (at[3] - at[2]) / (z[3] - z[2])
    inside = np.interp(p, z, at)
    return float(np.mean(np.exp(np.where(p < z[0], below, np.where(p > z[3], above, inside)))))


def test_three_million_requests_of_120_ms_at_1536_mb():
    runtime = {"p50": "120 ms", "memory": "1536 MB", "architecture": "x86_64"}
    got = usage_of(f"door=function-url, {SINGLE}", requests_per_month=3e6, runtime=runtime, response="10 KB")
    assert got["lambda.request_x86"] == 3e6
    init = got["lambda.duration_x86"] - 540_000  # 3,000,000 x 0.12 s x 1.5 GB
    # 1.1416 a second and 0.13699 busy on average. The (k + 1)-th environment is needed where k are busy,
    # P(k) of the time; idle for longer than 600 s it is gone, with the chance exp(-600 x 1.1416 x
    # P(k) / P(k or fewer)): nothing for k = 0 and 1, 0.0037 x 0.008181 for 2, 0.7742 x 0.00037358 for 3,
    # 0.9913 x 0.000012794 for 4 and 0.9998 x 0.00000035 for 5: 332.4 in a million start cold
    assert init == pytest.approx(3e6 * 332.36e-6 * mean_init_s(X86) * 1.5, rel=1e-4)
    assert got["transfer.internet_out"] == pytest.approx(3e6 * 10 / 1024**2)
    assert got["cloudwatch.logs_ingest_vended_standard"] == pytest.approx(3e6 * 1000 / GB)
    assert set(got) == {
        "lambda.request_x86",
        "lambda.duration_x86",
        "transfer.internet_out",
        "cloudwatch.logs_ingest_vended_standard",
    }


def test_init_is_billed_for_every_cold_start():
    # 100 requests a month: a gap of 600 s before nearly each
    got = usage_of(
        f"door=function-url, {SINGLE}", requests_per_month=100, runtime={"p50": "10 ms", "memory": 1024}
    )
    cold = 100 * np.exp(-600 * 100 / (HOURS * 3600))
    assert got["lambda.duration_arm"] == pytest.approx(100 * 0.010 + cold * mean_init_s(ARM), rel=2e-3)


@pytest.mark.parametrize(
    ("seconds", "billed_s"), [(0.001, 0.001), (0.0011, 0.002), (0.1205, 0.121), (0.12, 0.12), (2.0, 2.0)]
)
def test_duration_is_billed_by_the_started_millisecond(seconds, billed_s):
    fields = {"requests_per_month": 1e9, "runtime": {"p50": seconds, "memory": 1024}}
    busy = usage_of(f"door=function-url, {SINGLE}", **fields)["lambda.duration_arm"]
    assert busy == pytest.approx(1e9 * billed_s, rel=1e-3)


BASE = usage_of(stored("single"))


@pytest.mark.parametrize(
    ("size", "more"),
    [  # text: 8 % of escapes, so 1.08 x is what travels
        (242_725, 0),  # 262,143 B of 262,144
        (242_726, 1),  # 262,145 B
        (284_444, 1),  # 300 KB
        (303_407, 1),  # 327,680 B: five quarters of 256 KB exactly
        (303_408, 2),
        (970_903, 12),  # 1 MB: (1,024 - 256) / 64
    ],
)
def test_an_asynchronous_event_over_256_kb_counts_one_more_for_each_started_64_kb(size, more):
    for design in ("single", "recursion"):
        runtime = {"p50": "1 s", "divisible": True}
        small = usage_of(stored(design), runtime=runtime)["lambda.request_arm"]
        assert (
            usage_of(stored(design), request=size, runtime=runtime)["lambda.request_arm"] - small == more * N
        )


def test_an_event_over_1_mb_goes_through_s3_and_counts_once():
    got = usage_of(stored("single"), request=970_904)
    assert got["lambda.request_arm"] == BASE["lambda.request_arm"]
    assert got["s3.standard_tier1_request"] - BASE["s3.standard_tier1_request"] == N
    assert got["s3.standard_tier2_request"] - BASE["s3.standard_tier2_request"] == N
    day = got["s3.standard_storage"] - BASE["s3.standard_storage"]
    assert day == pytest.approx(N * 970_904 / GB * 24 / HOURS)


@pytest.mark.parametrize(
    ("request_kb", "response_kb", "calls"),
    [(0, 0, 1), (1, 1, 1), (512, 1, 1), (513, 1, 2), (1, 512, 1), (1, 513, 2), (1025, 1, 3), (513, 513, 3)],
)
def test_an_http_api_counts_each_started_512_kb(request_kb, response_kb, calls):
    got = usage_of(f"door=http-api, {SINGLE}", request=request_kb * KB, response=response_kb * KB)
    assert got["apigateway.http_request"] == N * calls


@pytest.mark.parametrize(("megabytes", "calls"), [(5, 1), (10, 1), (10.000001, 2), (25, 3), (200, 20)])
def test_a_streamed_rest_api_counts_each_started_10_mb(megabytes, calls):
    got = usage_of(f"door=rest-api, {SINGLE.replace('buffered', 'streamed')}", response=megabytes * MB)
    assert got["apigateway.rest_request"] == N * calls


def test_a_rest_api_counts_a_buffered_call_once():
    assert (
        usage_of(f"door=rest-api, {SINGLE}", request="5 MB", response="5 MB")["apigateway.rest_request"] == N
    )


@pytest.mark.parametrize(("megabytes", "over"), [(1, 0), (6, 0), (16, 10), (206, 200)])
def test_a_stream_bills_what_is_over_6_mb_and_the_time_it_takes(megabytes, over):
    streamed = SINGLE.replace("buffered", "streamed")
    got = usage_of(
        f"door=function-url, {streamed}", response=megabytes * MB, runtime={"p50": 1, "memory": 1024}
    )
    assert got["lambda.response_streaming_arm"] == pytest.approx(N * over / 1024)
    cold = got["lambda.duration_arm"] - N * (1 + over / 2)  # 2 MB a second
    assert 0 <= cold < N * 0.1
    assert got["transfer.internet_out"] == pytest.approx(N * megabytes / 1024)


@pytest.mark.parametrize(
    ("size", "requests"),
    [(1000, 3), (60_681, 3), (60_682, 5), (121_362, 5), (121_363, 7), (970_903, 33)],
)  # send and receive for each started 64 KB of 1.08 x the text, delete once
def test_a_queued_message_counts_each_started_64_kb_in_and_out(size, requests):
    got = usage_of(stored("queued"), request=size)["sqs.standard_request"]
    assert got - 0.25 * HOURS * 3600 == pytest.approx(N * requests)  # five pollers wait 20 s each


def test_a_stored_result_bills_the_submission_the_polls_and_the_store():
    got = usage_of(stored("single"), runtime="100 s", response={"p50": "2 MB", "kept": "73 h"})
    assert got["dynamodb.ondemand_wru"] == 3 * N  # submitted, running, ended
    polls = got["dynamodb.ondemand_rru"] / N
    # after 1, 2, ... 10 s, then each wait 10 % longer; the job takes a little more than its run time
    assert 1 + 10 + log(10) / log(1.1) == pytest.approx(polls, rel=0.02)
    assert got["apigateway.http_request"] == pytest.approx(N * (1 + polls))
    assert got["lambda.request_arm"] == pytest.approx(N * (1 + 1 + polls))
    assert (got["s3.standard_tier1_request"], got["s3.standard_tier2_request"]) == (N, N)
    assert got["s3.standard_storage"] == pytest.approx(N * 2 / 1024 * 0.1)  # 73 of 730 h
    assert got["transfer.internet_out"] == pytest.approx(N * (2 / 1024 + polls * 500 / GB))


def test_a_stored_result_bills_the_time_to_store_it():
    got = usage_of(
        stored("single"), requests_per_month=1e8, runtime={"p50": "1 s", "memory": 1024}, response="50 MB"
    )
    work = 1e8 * (1 + 0.1 + 50 * MB / 78.125e6)  # S3's 100 ms and 625 Mbit/s
    front = 1e8 * (0.030 + got["dynamodb.ondemand_rru"] / 1e8 * 0.015) * 0.25
    assert got["lambda.duration_arm"] == pytest.approx(work + front, rel=1e-3)


def test_a_callback_bills_a_delivery_and_no_polls():
    got = usage_of(stored("single", "callback"), client={"receives_callbacks": True})
    assert got["eventbridge.api_destination"] == N
    assert got["apigateway.http_request"] == N and "dynamodb.ondemand_rru" not in got


def test_a_presigned_upload_bills_two_exchanges_and_a_day_in_the_bucket():
    got = usage_of(f"door=http-api, {SINGLE.replace('inline', 'presigned-upload')}", request="100 MB")
    assert got["apigateway.http_request"] == 2 * N
    assert got["lambda.request_arm"] == 2 * N
    assert (got["s3.standard_tier1_request"], got["s3.standard_tier2_request"]) == (N, N)
    assert got["s3.standard_storage"] == pytest.approx(N * 100 / 1024 * 24 / HOURS)


def test_pages_repeat_the_work():
    page = int((6_291_556 - 102) / 1.08 * 0.75)
    pages = ceil(10_000_000 / page)
    design = f"door=http-api, {SINGLE.replace('buffered', 'paged')}"
    got = usage_of(
        design, response={"p50": 10_000_000, "divisible": True}, runtime={"p50": "1 s", "memory": 1024}
    )
    assert pages == 3 and got["lambda.request_arm"] == 3 * N
    assert got["lambda.duration_arm"] == pytest.approx(3 * N, rel=0.01)
    assert got["apigateway.http_request"] == N * ceil(10_000_000 / (512 * KB))  # 20, in three answers


def test_compression_saves_transfer_and_takes_time():
    design = f"door=function-url, {SINGLE}, compression=gzip"
    plain = usage_of(f"door=function-url, {SINGLE}", response="4 MB")
    got = usage_of(design, response={"p50": "4 MB", "compression": 0.25})
    assert got["transfer.internet_out"] == pytest.approx(plain["transfer.internet_out"] / 4)
    # 40 MB a second on the one vCPU that comes with 1,769 MB
    more = got["lambda.duration_arm"] - plain["lambda.duration_arm"]
    assert more == pytest.approx(N * 4 * MB / 40e6 * 1769 / 1024)


DIVISIBLE = {"p50": "4800 s", "divisible": True, "steps": 30, "memory": 1024}  # 160 s a step, ten in 1,740 s


@pytest.mark.parametrize(
    ("state", "more", "moves"), [("256 KB", 0, 0), ("300 KB", 1, 0), ("1 MB", 12, 0), ("1025 KB", 0, 1)]
)
def test_recursion_hands_its_state_on_twice_in_three_invocations(state, more, moves):
    got = usage_of(stored("recursion"), runtime={**DIVISIBLE, "state": state})
    polls = got["dynamodb.ondemand_rru"]
    assert got["lambda.request_arm"] == pytest.approx(N * (3 + 1 + 2 * more) + polls)
    assert got["dynamodb.ondemand_wru"] == pytest.approx(N * (3 + 2))
    assert got["s3.standard_tier1_request"] == pytest.approx(N * (1 + 2 * moves))


@pytest.mark.parametrize(("runtime", "transitions"), [("1 s", 4), (DIVISIBLE, 8)])
def test_a_workflow_bills_two_transitions_and_two_an_invocation(runtime, transitions):
    got = usage_of(stored("step-functions"), runtime=runtime)
    assert got["states.standard_transition"] == pytest.approx(N * transitions)


def test_a_durable_function_bills_operations_and_decimal_gb():
    got = usage_of(stored("durable"), runtime={**DIVISIBLE, "state": "1 MB"})
    assert got["lambda.durable_operation"] == N * 32  # 30 steps, a start, an end
    assert got["lambda.durable_data_written"] == pytest.approx(N * 30 * MB / 1e9)
    assert got["lambda.durable_data_retained"] == pytest.approx(N * 30 * MB / 1e9 * 14 * 24 / HOURS)


@pytest.mark.parametrize(("seconds", "billed_s"), [(1, 60), (25, 60), (26, 61), (600, 635)])
def test_a_task_is_billed_from_its_start_and_for_a_minute_at_least(seconds, billed_s):
    design = stored("fargate")
    got = usage_of(design, runtime=seconds, response=0)
    start_to_end_h = N * billed_s / 3600 + N * 0.1 / 3600  # and S3's 100 ms to store the result
    assert got["fargate.vcpu_linux_arm"] == pytest.approx(start_to_end_h, rel=2e-3)
    assert got["fargate.memory_linux_arm"] == pytest.approx(2 * start_to_end_h, rel=2e-3)  # 2 GB at least
    assert got["vpc.public_ipv4_in_use"] == pytest.approx(start_to_end_h, rel=2e-3)


def test_a_service_pays_for_tasks_and_their_addresses_and_for_no_function():
    # a fraction of a request at once: two tasks, one in each of two zones
    design = "door=alb, request=inline, response=buffered, execution=service, configuration=bundled"
    got = usage_of(design, peak_rps=N / HOURS / 3600)
    assert got["fargate.vcpu_linux_arm"] == 2 * HOURS
    assert got["fargate.memory_linux_arm"] == 2 * 2 * HOURS
    assert got["alb.alb_hour"] == HOURS
    assert got["vpc.public_ipv4_in_use"] == (2 + 2) * HOURS  # one a task, and the load balancer's two
    assert not [id for id in got if id.startswith("lambda.")]


@pytest.mark.parametrize(("execution", "gb_per_hour"), [("service", 1.0), ("single", 0.4)])
def test_a_load_balancer_bills_the_dearer_of_bytes_and_connections(execution, gb_per_hour):
    design = f"door=alb, request=inline, response=buffered, execution={execution}, configuration=bundled"
    heavy = usage_of(design, request="100 KB", response="900 KB")
    assert heavy["alb.lcu_hour"] == pytest.approx(N * 1000 * KB / GB / gb_per_hour)
    light = usage_of(design, request=0, response=0)
    assert light["alb.lcu_hour"] == pytest.approx(HOURS * N / (HOURS * 3600) / 25)


@pytest.mark.parametrize(("peak", "instances"), [(1, 5), (18, 5), (24, 6), (100, 26)])
def test_managed_instances_run_for_the_peak_and_cost_a_fee(peak, instances):
    # two requests a vCPU, three of them an instance, half as much again, five at least: 17 x 1.5 of 100
    design = f"door=function-url, {SINGLE.replace('single', 'managed-instance')}"
    got = usage_of(design, peak_rps=peak)
    assert got["ec2.m7g.xlarge_linux_on_demand"] == instances * HOURS
    assert got["lambda.managed_instances_management_fee"] == pytest.approx(instances * HOURS * 0.1632)
    assert got["lambda.managed_instances_request"] == N and "lambda.duration_arm" not in got


@pytest.mark.parametrize(
    ("configuration", "id", "quantity"),
    [
        ("secrets-manager", "secretsmanager.secret", 3),
        ("parameter-store-advanced", "ssm.advanced_parameter", 3 * HOURS),
    ],
)
def test_secrets_alone_go_to_the_store_while_the_rest_fits_the_environment(configuration, id, quantity):
    design = f"door=function-url, {SINGLE.replace('bundled', configuration)}"
    got = usage_of(design, configuration={"total": 4000, "entries": 10, "secrets": 3})
    assert got[id] == quantity


def test_what_does_not_fit_the_environment_goes_to_the_same_store():
    design = "door=function-url, request=inline, response=buffered, execution=single, configuration="
    fields = {"configuration": {"total": "12 KB", "entries": 40, "secrets": 3}}
    assert usage_of(design + "parameter-store-advanced", **fields)["ssm.advanced_parameter"] == 40 * HOURS
    # 37 plain entries of 307 bytes are one secret more
    assert usage_of(design + "secrets-manager", **fields)["secretsmanager.secret"] == 4


def test_standard_parameters_are_free_until_their_rate_is_raised():
    design = f"door=function-url, {SINGLE.replace('bundled', 'parameter-store')}"
    calm = usage_of(design, configuration={"total": 500, "entries": 5})
    assert calm["ssm.higher_throughput_api_interaction"] == 0
    busy = usage_of(design, configuration={"total": 500, "entries": 5}, peak_rps=500)
    assert busy["ssm.higher_throughput_api_interaction"] > 0


# A design's bill ---------------------------------------------------------------------------------


@each_example
@pytest.mark.parametrize("free_tier", [False, True])
def test_decimals_and_floats_agree_to_the_cent_for_every_design(path, free_tier):
    w = Workload.load(path).replace({"preferences.free_tier": free_tier})
    evaluation = Evaluation(Conditions(w))
    for design, usd in zip(evaluation.designs, evaluation.monthly_usd, strict=True):
        total = float(cost(w, design, evaluation.load).total_usd)
        assert usd == pytest.approx(total, rel=1e-9, abs=0.005), design


def test_a_discount_is_taken_off_every_line():
    design = whole(f"door=http-api, {SINGLE}")
    full, less = (cost(workload(preferences={"discount": d}), design) for d in (0, 0.25))
    for before, after in zip(full.lines, less.lines, strict=True):
        assert after.usd == before.usd * Decimal("0.75")


def test_the_length_of_a_month_is_a_setting():
    design = "door=alb, request=inline, response=buffered, execution=service, configuration=bundled"
    assert usage_of(design, preferences={"month_hours": 720})["alb.alb_hour"] == 720


def test_a_design_elsewhere_marks_what_is_assumed():
    w = workload(region="sa-east-1", runtime={"p50": "1 s", "divisible": True})
    lines = {line.id: line.assumed for line in cost(w, whole(stored("durable"))).lines}
    assert lines["lambda.durable_operation"] and not lines["lambda.request_arm"]


def test_a_bill_as_a_frame_is_dearest_first():
    frame = ex.cost(workload(), f"door=http-api, {SINGLE}").to_frame()
    assert list(frame["usd"]) == sorted(frame["usd"], reverse=True)
    assert {"id", "quantity", "unit", "usd", "assumed"} <= set(frame.columns)
