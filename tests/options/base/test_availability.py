"""What a region or a runtime lacks excludes the options that rest on it; what nobody knows does not."""

import pytest

import explorer as ex
from explorer.engine.designs import OPTIONS
from explorer.facts import catalogue
from explorer.options.base.conditions import Conditions
from explorer.workload.workload import Workload

LEAST = {"requests_per_month": 1000, "request": "1 KB", "response": "1 KB", "runtime": {"p50": "1 s"}}


def excluded_options(region="us-east-1", language="python3.13") -> dict[str, set[str]]:
    """The options that are excluded for lack of something, by the field that says so."""
    runtime = {"p50": "1 s", "language": language}
    load = Conditions(Workload(**{**LEAST, "runtime": runtime, "region": region}))
    option_ids: dict[str, set[str]] = {}
    for option in (option for options in OPTIONS.values() for option in options.values()):
        for exclusion in option.excludes(load):
            if exclusion.because in {"region", "runtime.language"}:
                option_ids.setdefault(exclusion.because, set()).add(option.id)
    return option_ids


@pytest.mark.parametrize(
    ("region", "lacking"),
    [
        ("us-east-1", None),
        ("eu-central-1", None),
        ("eu-central-2", {"function-url"}),
        ("me-central-1", {"function-url", "managed-instance"}),
        ("us-gov-west-1", {"function-url", "managed-instance"}),
        ("cn-north-1", {"managed-instance"}),
        ("me-south-1", None),  # nobody says what it lacks
        ("th-central-1", None),  # a name of the form that nobody knows
    ],
)
def test_what_a_region_lacks_excludes_the_options_that_rest_on_it(region, lacking):
    assert excluded_options(region) == ({"region": lacking} if lacking else {})


def test_without_lambda_only_a_container_is_left():
    work = {"single", "queued", "recursion", "durable", "step-functions", "express"}
    work |= {"managed-instance", "fargate"}
    assert excluded_options("me-west-1") == {"region": work}


@pytest.mark.parametrize(
    ("language", "lacking"),
    [
        ("python3.12", {"durable", "managed-instance"}),
        ("python3.13", None),
        ("python3.15", None),  # not known: as the newest of its family
        ("python3.99", None),
        ("java17", {"managed-instance"}),
        ("java21", None),
        ("nodejs20.x", {"durable", "managed-instance", "snap-start"}),
        ("nodejs22.x", {"snap-start"}),  # which Java, Python 3.12 and .NET 8 have
        ("go", {"durable", "snap-start"}),  # a program on provided.al2023
        ("rust", {"durable", "snap-start"}),
    ],
)
def test_what_a_runtime_lacks_excludes_the_options_that_need_it(language, lacking):
    assert excluded_options(language=language) == ({"runtime.language": lacking} if lacking else {})


def test_the_reason_names_each_feature_and_each_option():
    rows = ex.recommend(Workload(**{**LEAST, "region": "me-central-1"})).rejected.set_index("because")
    why = "me-central-1 has no function-url; me-central-1 has no managed-instances"
    assert rows.loc["region", "why"] == why
    assert rows.loc["region", "options"] == ("door=function-url", "execution=managed-instance")


def test_every_feature_of_an_option_is_one_that_the_tables_know():
    options = [option for options in OPTIONS.values() for option in options.values()]
    lacks = {feature for region in catalogue.DEFAULT._regions.values() for feature in region.lacks or ()}
    assert {option.region_feature for option in options} - {"", "durable"} <= lacks  # durable: in all of them
    uses = {option.runtime_use for option in options} - {""}
    assert all(hasattr(catalogue.runtime("python3.13"), use) for use in uses)


def test_what_nobody_knows_of_a_region_is_an_assumption():
    rows = ex.recommend(Workload(**{**LEAST, "region": "th-central-1"})).assumptions
    (row,) = rows[rows["kind"] == "feature"].to_dict("records")
    assert row["id"] == "region" and "th-central-1" in row["why"]
    elsewhere = ex.recommend(Workload(**{**LEAST, "region": "eu-central-2"})).assumptions
    assert "feature" not in set(elsewhere["kind"])
