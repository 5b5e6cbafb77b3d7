"""A Compute Savings Plan: what it lowers, by how much, and what it leaves."""

from decimal import Decimal

import pytest

from explorer.engine.cost import bill, tariffs
from explorer.facts import catalogue

REGION = "us-east-1"


def share(price_id: str, plan: str) -> float:
    """What is paid under a plan of what is paid without."""
    at_plan, at_list = (
        bill({price_id: 1000}, REGION, savings_plan=each).total_usd for each in (plan, "none")
    )
    return float(at_plan / at_list)


@pytest.mark.parametrize(
    ("price_id", "one_year", "three_years"),
    [
        ("fargate.vcpu_linux_arm", 0.0255 / 0.03238, 0.01749 / 0.03238),
        ("fargate.memory_linux_arm", 0.0028 / 0.00356, 0.00192 / 0.00356),
        ("fargate.vcpu_linux_x86", 0.8, 0.55),
        ("lambda.duration_x86", 0.0000147 / 0.0000166667, 0.0000147 / 0.0000166667),
        ("lambda.duration_arm", 0.0000147 / 0.0000166667, 0.0000147 / 0.0000166667),  # as x86
        ("lambda.provisioned_concurrency_arm", 0.0000147 / 0.0000166667, 0.0000147 / 0.0000166667),
        ("ec2.m7g.xlarge_linux_on_demand", 0.0599 / 0.0816, 0.0414 / 0.0816),
        ("ec2.m7i.xlarge_linux_on_demand", 0.0599 / 0.0816, 0.0414 / 0.0816),  # as m7g
    ],
)
def test_what_it_covers_costs_its_share(price_id, one_year, three_years):
    assert share(price_id, "compute-1y") == pytest.approx(one_year)
    assert share(price_id, "compute-3y") == pytest.approx(three_years)


@pytest.mark.parametrize(
    "price_id",
    [
        "lambda.request_arm",
        "lambda.managed_instances_management_fee",
        "fargate.spot_vcpu_linux_arm",
        "alb.alb_hour",
        "transfer.internet_out",
        "cloudwatch.logs_ingest_custom_standard",
        "s3.standard_storage",
        "secretsmanager.secret",
    ],
)
def test_all_else_it_leaves(price_id):
    assert share(price_id, "compute-3y") == 1


@pytest.mark.parametrize(
    ("price_id", "assumed"),
    [
        ("lambda.duration_x86", False),
        ("lambda.duration_arm", True),
        ("lambda.provisioned_duration_x86", True),
        ("ec2.m7g.2xlarge_linux_on_demand", False),
        ("ec2.m7i.2xlarge_linux_on_demand", True),
    ],
)
def test_the_share_of_another_is_marked_as_assumed(price_id, assumed):
    assert catalogue.tariff(price_id, REGION, "compute-1y").assumed is assumed


def test_every_tier_is_lowered():
    at_list = catalogue.tariff("lambda.duration_x86", REGION)
    under = catalogue.tariff("lambda.duration_x86", REGION, "compute-1y")
    assert [tier.start for tier in under.tiers] == [tier.start for tier in at_list.tiers]
    shares = [float(u.usd / tier.usd) for u, tier in zip(under.tiers, at_list.tiers, strict=True)]
    assert shares == pytest.approx([0.882, 0.882, 0.882], abs=1e-5)


def test_the_discount_is_taken_off_what_is_left():
    usage = {"fargate.vcpu_linux_arm": 1000, "alb.alb_hour": 730}
    whole = bill(usage, REGION, discount=0.1, savings_plan="compute-1y").total_usd
    assert whole == Decimal("0.9") * (1000 * Decimal("0.0255") + 730 * Decimal("0.0225"))


def test_floats_are_lowered_as_decimals_are():
    book = tariffs(REGION, False, "compute-1y")
    assert book.price("fargate.vcpu_linux_arm") == 0.0255
    quantity = {"lambda.duration_x86": 2e10}
    assert book.tiered_usd(quantity) == pytest.approx(
        float(bill(quantity, REGION, savings_plan="compute-1y").total_usd)
    )


@pytest.mark.parametrize("plan", ["compute-1y", "compute-3y"])
def test_no_price_rises(plan):
    for price_id in catalogue.price_ids():
        at_list, at_plan = (catalogue.tariff(price_id, "eu-west-1", each) for each in ("none", plan))
        assert all(p.usd <= tier.usd for p, tier in zip(at_plan.tiers, at_list.tiers, strict=True)), price_id
