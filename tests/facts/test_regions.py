"""Any region and runtime of AWS is served; what is not known is taken from what is near, and marked."""

import csv
from datetime import date
from decimal import Decimal

import pytest

import explorer as ex
from explorer.analysis.recommendation import recommend
from explorer.errors import FactsError, UnknownIdError
from explorer.facts import catalogue
from explorer.facts.catalogue import Facts
from explorer.workload.workload import Workload

REGIONS = tuple(catalogue.DEFAULT._regions)
RUNTIMES = tuple(catalogue.DEFAULT._runtimes)
SMALL = {"requests_per_month": 1e5, "request": "10 KB", "response": "10 KB", "runtime": "1 s"}


def facts_with(folder, name: str, text: str) -> Facts:
    (folder / name).write_text(text, encoding="utf-8")
    return Facts(folder)


# Regions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("region", [*REGIONS, "eu-west-9", "th-central-1", "us-gov-central-1"])
def test_every_region_is_served_and_what_is_not_its_own_is_marked(region):
    own = catalogue.DEFAULT._prices
    for id in catalogue.price_ids():
        tariff = catalogue.tariff(id, region)
        note = catalogue.DEFAULT._notes.get(id)
        assert tariff.region == region and tariff.tiers
        assert tariff.assumed == (not own.has(id, region) and not (note and note.is_global)), id
        assert bool(tariff.assumed_from) == tariff.assumed


@pytest.mark.parametrize(
    "region", ["ap-east-1", "mx-central-1", "us-gov-west-1", "ap-southeast-6", "eu-west-9"]
)
def test_a_workload_is_answered_in_a_region_that_no_price_list_of_0_1_0_had(region):
    answer = recommend(Workload(**SMALL, region=region))
    assert answer.feasible and answer.workload.region == region


def test_a_region_that_is_not_known_has_no_row():
    assert catalogue.region("eu-west-9") is None
    assert catalogue.region("eu-central-1").name == "Europe (Frankfurt)"
    assert "function-url" in catalogue.region("il-central-1").lacks
    assert catalogue.region("eusc-de-east-1").lacks is None  # nobody says


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("Frankfurt", "eu-central-1"),
        ("frankfurt", "eu-central-1"),
        ("EU-WEST-1", "eu-west-1"),
        ("eu_west_1", "eu-west-1"),
        ("eu west 1", "eu-west-1"),
        ("us-east1", "us-east-1"),
        ("eu-west-1a", "eu-west-1"),
        ("ue-west-1", "eu-west-1"),
        ("Virginia", "us-east-1"),
        ("N. California", "us-west-1"),
        ("Tokio", "ap-northeast-1"),
        ("Sao Paulo", "sa-east-1"),
        ("us east (ohio)", "us-east-2"),
        ("Oregon", "us-west-2"),
    ],
)
def test_a_place_or_a_slip_is_told_the_region_that_was_meant(text, region):
    with pytest.raises(UnknownIdError, match=f": did you mean {region}, ") as error:
        catalogue.check_region(text)
    assert str(error.value).startswith(f'region is "{text}": ') and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "among"),
    [
        ("eu-wset-1", "eu-west-1"),
        ("us-east", "us-east-1, us-east-2"),
        ("GovCloud", "us-gov-east-1, us-gov-west-1"),
        ("mars", "us-east-1, eu-west-1"),
        ("", "us-east-1, eu-west-1"),
        ("eu-west-0", "eu-west-1"),
    ],
)
def test_what_is_no_region_is_told_some(text, among):
    with pytest.raises(
        UnknownIdError, match=f'^region is "{text}": (expected a region|did you mean) '
    ) as error:
        catalogue.check_region(text)
    assert among in str(error.value) and "\n" not in str(error.value)


def test_a_workload_and_a_bill_say_it_as_well():
    with pytest.raises(ex.ExplorerError, match='region is "Frankfurt": did you mean eu-central-1'):
        Workload(requests_per_month=1, region="Frankfurt")
    with pytest.raises(ex.ExplorerError, match='region is "Frankfurt": did you mean eu-central-1'):
        ex.bill({"lambda.request_arm": 1}, "Frankfurt")


def test_a_price_of_a_region_reads_no_table_that_it_does_not_need(copy):
    assert not copy.tariff("lambda.request_arm", "eu-central-2").assumed
    assert not {"_regions", "_runtimes", "_rules", "_notes", "_limits"} & vars(copy).keys()


# What takes the place of a price ------------------------------------------------------------------


def test_a_gigabyte_of_a_nat_gateway_costs_what_its_hour_does():
    both = [region for region in catalogue.regions() if catalogue.DEFAULT._prices.has("nat.nat_data", region)]
    assert len(both) == 12
    for region in catalogue.regions():
        data, hour = catalogue.tariff("nat.nat_data", region), catalogue.tariff("nat.nat_hour", region)
        assert [tier.usd for tier in data.tiers] == [tier.usd for tier in hour.tiers], region
        assert data.assumed == (region not in both) and data.unit == "GB"
    assert catalogue.tariff("nat.nat_data", "eu-north-1").assumed_from == "nat.nat_hour in eu-north-1"
    assert catalogue.tariff("nat.nat_data", "eu-west-9").assumed_from == "us-east-1"


def test_a_related_price_stands_in_the_ratio_of_both_at_home():
    zone = catalogue.tariff("efs.one_zone_storage", "ap-east-2")
    whole = catalogue.tariff("efs.standard_storage", "ap-east-2")
    ratio = Decimal("0.16") / Decimal("0.3")
    assert zone.assumed and zone.tiers[0].usd == round(whole.tiers[0].usd * ratio, 10)


@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1", "eu-west-9"])
@pytest.mark.parametrize("id", ["route53.query", "cloudfront.plan_pro", "cloudfront.function_invocation"])
def test_a_global_price_is_nowhere_assumed(id, region):
    (line,), (home,) = ex.bill({id: 1000}, region).lines, ex.bill({id: 1000}).lines
    assert (line.usd, line.assumed) == (home.usd, False)


@pytest.mark.parametrize(
    ("id", "region", "free"),
    [
        ("dynamodb.storage_standard", "eu-west-1", True),
        ("dynamodb.storage_standard", "us-gov-west-1", False),
        ("dynamodb.streams_read", "us-gov-east-1", False),
        ("lambda.request_arm", "us-gov-west-1", True),  # the one that GovCloud has
        ("transfer.internet_out", "us-gov-west-1", False),
        ("transfer.internet_out", "cn-north-1", False),
        ("transfer.internet_out", "af-south-1", True),
        ("secretsmanager.secret", "us-east-1", False),
    ],
)
def test_what_is_free_belongs_to_a_region(id, region, free):
    assert bool(catalogue.free(id, region)) == free
    (line,) = ex.bill({id: 10}, region, free_tier=True).lines
    assert (line.free > 0) == free


# Sources ------------------------------------------------------------------------------------------


def test_no_price_is_of_a_later_day_than_its_source_and_every_source_is_used_or_refreshed():
    keys = catalogue.DEFAULT._price_columns.values["source"]
    unused = set(catalogue.DEFAULT._sources) - set(keys)
    assert all(key.startswith("offer.") for key in unused)  # what a refresh writes


def test_what_cannot_be_opened_again_has_no_address_and_is_shown_by_its_title():
    for source in catalogue.DEFAULT._sources.values():
        assert (source.reopens == "no") == (source.url == "")
    line = next(line for line in ex.bill({"lambda.microvm_vcpu_arm": 1}).lines)
    assert line.source == "AWS Price List, offer AWSLambda, as public documents quote it"


@pytest.fixture
def copy(tmp_path) -> Facts:
    for path in catalogue.DEFAULT.folder.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return Facts(tmp_path)


@pytest.mark.parametrize(
    ("table", "line", "says", "load"),
    [
        ("prices", "a.b,us-east-1,GB,0,,1,2025-06-19,watcher.s3", "expected 2025-06-18 or earlier", "prices"),
        (
            "prices",
            "a.b,us-east-1,GB,0,,1,2026,hearsay",
            "expected a key of sources.csv, or an address",
            "prices",
        ),
        ("sources", "table,Again,,,no,quotation", "expected one line a source", "prices"),
        ("sources", "x,X,https://a.b,,yes,extract", "expected a date where reopens is yes", "prices"),
        ("sources", "x,X,https://a.b,2026,no,extract", "expected no without a url", "prices"),
        ("sources", "x,X,https://a.b,,moves,rumour", "expected one of price list, AWS page", "prices"),
        (
            "regions",
            "eu-west-1,aws,Twice,yes,yes,,2026,https://a.b,",
            "expected one line a region",
            "regions",
        ),
        ("regions", "moon-base,aws,Moon,yes,yes,,2026,https://a.b,", "expected a region such as", "regions"),
        ("regions", "eu-west-7,aws,X,yes,no,dsql,2026,https://a.b,", "blank where features_known", "regions"),
        ("runtimes", "java21,,,,,yes,yes,yes,2026,https://a.b,", "expected one line a runtime", "runtimes"),
        ("runtimes", "cobol,,,,,yes,yes,yes,2026,https://a.b,", "expected a runtime such as", "runtimes"),
        (
            "runtimes",
            "java31,,,,,yes,maybe,yes,2026,https://a.b,",
            "expected one of yes, no, unknown",
            "runtimes",
        ),
        ("rules", "alb,base64,,again,yes,2026,https://a.b,", "expected one line a subject", "rules"),
        ("billing_notes", "kms.customer_managed_key,key-month,moon,,,,,,", "one of region, global", "notes"),
        (
            "billing_notes",
            "alb.lcu_hour,LCU-hour,region,alb.hours,,,,,",
            "expected an id of prices.csv",
            "notes",
        ),
        (
            "billing_notes",
            "alb.lcu_hour,LCU-hour,region,,1,x,US?,,",
            'expected regions such as "us-gov',
            "notes",
        ),
    ],
)
def test_a_broken_row_is_refused_in_one_line(copy, table, line, says, load):
    with (copy.folder / f"{table}.csv").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    with pytest.raises(FactsError) as error:
        getattr(copy, f"_{load}")
    assert says in str(error.value) and f"{table}.csv line " in str(error.value)
    assert "\n" not in str(error.value)


def test_a_price_of_ones_own_may_name_an_address(copy):
    with (copy.folder / "prices.csv").open("a", encoding="utf-8") as file:
        file.write("a.b,us-east-1,GB,0,,1,2026-11-29,https://example.com/mine\n")
    assert copy.tariff("a.b", "us-east-1").source == "https://example.com/mine"


def test_a_table_with_quotes_and_ends_of_lines_in_fields_names_its_lines(copy):
    path = copy.folder / "limits.csv"
    text = path.read_text(encoding="utf-8")
    two = text.replace("sits just above", "sits").replace('"Counts', '"Counts,\n', 1)
    path.write_text(two + "x\n", encoding="utf-8")
    with pytest.raises(FactsError, match=rf"line {len(two.splitlines()) + 1}: has 1 fields"):
        copy.limits()


# Runtimes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_runtime_of_aws_has_a_cold_start(runtime):
    row = catalogue.cold_start(runtime, "arm64", 512)
    assert row.assumed == (row.language != runtime) and row.p50_s > 0


@pytest.mark.parametrize(
    ("runtime", "nearest"),
    [
        ("python3.15", "python3.14"),
        ("python3.6", "python3.9"),
        ("nodejs26.x", "nodejs24.x"),
        ("nodejs18.x", "nodejs20.x"),
        ("ruby4.0", "ruby3.4"),
        ("java17.al2023", "java17"),
        ("java8", "java8.al2"),
        ("java19", "java21"),  # of two as near the newer
        ("dotnet6", "dotnet8"),
        ("dotnetcore3.1", "dotnet8"),
        ("provided.al2023", "go"),
        ("go1.x", "go"),
        ("python", "python3.14"),
    ],
)
def test_a_runtime_that_nobody_measured_takes_the_nearest(runtime, nearest):
    row = catalogue.cold_start(runtime, "x86_64", 512)
    assert (row.language, row.assumed) == (nearest, True)


def test_an_assumed_cold_start_is_among_the_assumptions():
    answer = recommend(Workload(**SMALL | {"runtime": {"p50": "1 s", "language": "python3.15"}}))
    rows = [row for row in answer.answer.assumptions if row.id == "runtime.language"]
    assert len(rows) == 1 and "python3.14" in rows[0].why
    certain = recommend(Workload(**SMALL | {"runtime": {"p50": "1 s", "language": "python3.14"}}))
    assert [row for row in certain.answer.assumptions if row.id == "runtime.language"] == []


def test_what_is_no_runtime_is_told_what_was_measured():
    with pytest.raises(UnknownIdError, match='language is "cobol": expected a language such as dotnet'):
        catalogue.cold_start("cobol", "arm64", 512)


def test_a_runtime_without_a_row_counts_as_the_newest_of_its_family():
    assert catalogue.runtime("python3.15").snap_start is True  # its row leaves it open
    assert catalogue.runtime("python3.99").durable is True
    assert catalogue.runtime("ruby3.4").snap_start is False
    assert catalogue.runtime("provided.al2023").managed_instance is True
    assert catalogue.runtime("java11").durable is False and catalogue.runtime("java17").durable is True
    assert catalogue.runtime("cobol") is None


@pytest.mark.parametrize(
    ("runtime", "day", "over"),
    [
        ("python3.10", "2026-10-31", True),
        ("python3.10", "2026-10-30", False),
        ("python3.15", "2030-01-01", False),
    ],
)
def test_a_runtime_is_deprecated_from_its_day_on(runtime, day, over):
    assert catalogue.runtime(runtime).is_deprecated(date.fromisoformat(day)) == over


# Rules --------------------------------------------------------------------------------------------


def test_rules_say_which_bodies_are_text_and_who_may_call():
    assert "application/json" in catalogue.rule("alb", "base64").values
    assert catalogue.rule("rest-api", "authorizer").values == ("iam", "lambda", "cognito", "jwt")
    assert "AWS_REGION" in catalogue.rule("template", "reserved names").values
    assert catalogue.rule("alb", "colour") is None


def test_regions_without_function_urls_are_those_of_the_rule():
    lacking = {
        row.region for row in catalogue.DEFAULT._regions.values() if "function-url" in (row.lacks or ())
    }
    assert set(catalogue.rule("function-url", "regions").values) <= lacking


def test_every_table_names_its_sources():
    for name in ("regions", "runtimes", "rules"):
        with (catalogue.DEFAULT.folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert all(row["source_url"].startswith("https://") for row in csv.DictReader(file))
