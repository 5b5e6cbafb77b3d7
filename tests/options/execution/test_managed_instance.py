"""Managed instances as AWS's own calculator counts them, whose answers are taken over here."""

import pytest

import explorer as ex
from explorer.workload.workload import Workload

DESIGN = (
    "edge=none, door=function-url, request=inline, response=buffered, compression=none,"
    " execution=managed-instance, initialization=on-demand, configuration=environment"
)
HOUR_USD, FEE, REQUEST_USD = 0.1632, 1.15, 0.2e-6  # m7g.xlarge


def bill(rps, peak, seconds, mb, cpu, language="nodejs22.x", **fields):
    w = Workload(
        requests_per_month=rps * 730 * 3600,
        peak_rps=peak,
        request="1 KB",
        response="1 KB",
        runtime={
            "value": seconds,
            "memory": f"{mb} MB",
            "cpu": cpu,
            "language": language,
            **fields.pop("runtime", {}),
        },
        client={"waits": "120 s"},
        **fields,
    )
    return {line.id: line for line in ex.cost(w, DESIGN).lines}


def instances(*args, kind="m7g.xlarge", **fields) -> float:
    return float(bill(*args, **fields)[f"ec2.{kind}_linux_on_demand"].quantity) / 730


# sample-aws-lambda-managed-instances, tools/pricing-calculator, March 2026: m7g.xlarge, nodejs, 4 GB a vCPU
CALCULATED = [
    # requests/s, at the peak, s, MB, share that computes, instances, USD a month
    (50, 62.5, 0.2, 512, 0.125, 5, 711.31),
    (1000, 1250, 0.1, 1769, 0.25, 17, 2854.71),
    (1000, 1250, 0.5, 1769, 0.125, 41, 6142.86),
    (100, 125, 1.0, 1769, 0.5, 32, 4436.76),
    (100, 125, 1.0, 3008, 0.5, 32, 4436.76),
    (5, 6.25, 60.0, 1024, 0.125, 24, 3290.78),
    (300, 375, 0.05, 256, 0.125, 5, 842.71),
    (500, 625, 0.5, 512, 0.125, 21, 3139.93),
]


@pytest.mark.parametrize(("rps", "peak", "seconds", "mb", "cpu", "count", "usd"), CALCULATED)
def test_as_the_calculator_of_aws_has_it(rps, peak, seconds, mb, cpu, count, usd):
    lines = bill(rps, peak, seconds, mb, cpu)
    assert float(lines["ec2.m7g.xlarge_linux_on_demand"].quantity) == pytest.approx(count * 730)
    counted = [line for name, line in lines.items() if name.startswith(("ec2.", "lambda.managed"))]
    assert float(sum(line.usd for line in counted)) == pytest.approx(usd, abs=0.01)


# Two requests share a vCPU and three environments an instance: six at once each, and half as much again
@pytest.mark.parametrize(("peak", "count"), [(18, 5), (18.1, 6), (24, 6), (24.1, 8)])
def test_never_fewer_than_three_before_the_half_that_is_added(peak, count):
    assert instances(1, peak, 1.0, 1769, 0.5) == count


@pytest.mark.parametrize(("cpu", "count"), [(0.5, 9), (0.51, 18), (0.34, 9), (0.33, 6)])
def test_so_many_share_a_vcpu_as_wait_for_others_in_whole_numbers(cpu, count):
    """36 at once: 18, 36, 18 and 12 environments, three an instance."""
    assert instances(1, 36, 1.0, 1769, cpu) == count


@pytest.mark.parametrize(
    ("language", "count"), [("nodejs22.x", 5), ("java21", 6), ("dotnet8", 6), ("python3.13", 12)]
)
def test_the_language_bounds_what_a_vcpu_bears(language, count):
    """Of work that computes a hundredth, 384 at once: 64, 32, 16 a vCPU are 6, 12 and 24 environments."""
    assert instances(1, 384, 1.0, 1769, 0.01, language) == count


@pytest.mark.parametrize(
    ("mb", "kind", "count"),
    [
        # 16 at once, two a vCPU. An environment of 4 GB has one vCPU: 8 of them, three an instance
        (4096, "m7g.xlarge", 5),
        # of more two: four each, 4 of them, one an instance, whose third vCPU stays idle
        (4097, "m7g.xlarge", 6),
        # 15 GB are left of 16: four vCPU, eight each
        (15_360, "m7g.2xlarge", 5),
        (32_768, "m7g.4xlarge", 5),
    ],
)
def test_an_environment_has_a_vcpu_for_each_4_gb_on_the_smallest_instance_that_holds_it(mb, kind, count):
    assert instances(1, 16, 1.0, mb, 0.5, kind=kind) == count


def test_x86_has_instances_of_its_own():
    assert instances(1, 18, 1.0, 1769, 0.5, kind="m7i.xlarge", runtime={"architecture": "x86_64"}) == 5


def test_under_a_plan_the_fee_stays_on_the_list_price():
    plain, plan = (
        bill(100, 125, 1.0, 1769, 0.5, preferences={"savings_plan": plan}) for plan in ("none", "compute-1y")
    )
    ec2, fee = "ec2.m7g.xlarge_linux_on_demand", "lambda.managed_instances_management_fee"
    assert float(plan[ec2].usd / plain[ec2].usd) == pytest.approx(0.0599 / 0.0816)
    assert plan[fee].usd == plain[fee].usd


def test_the_cheaper_architecture_is_taken_where_times_and_concurrency_are_bounded():
    """A whole answer, in which architectures are an axis and the environments of a path are not."""
    fields = {
        "requests_per_month": 2_540_000,
        "response": "2 KB",
        "downstream": {"concurrency": 1},
    }
    runtime = {"p50": "329 ms", "p99": "720 ms", "cpu": 0.8}
    usd = {
        architecture: ex.recommend(
            ex.Workload(**fields, runtime={**runtime, "architecture": architecture})
        ).monthly_usd
        for architecture in ("any", "arm64", "x86_64")
    }
    assert usd["any"] == pytest.approx(min(usd["arm64"], usd["x86_64"]), rel=1e-12)
