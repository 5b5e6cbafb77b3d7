"""What the tables of `data/` promise, and what a broken one is told."""

import csv
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from explorer.errors import FactsError, UnknownIdError
from explorer.facts import catalogue, locations, records
from explorer.facts.catalogue import Facts
from explorer.facts.csv_table import first_day

DATA = catalogue.DEFAULT.folder
DOORS = ("function-url", "http-api", "rest-api", "alb")
LOADS = {
    "limits.csv": lambda f: f.limits(),
    "prices.csv": lambda f: f.price_ids(),
    "billing_notes.csv": lambda f: f.free("lambda.request_arm"),
    "breaches.csv": lambda f: f.breach_at_door("lambda.env", "alb"),
    "times.csv": lambda f: f.times(),
    "constants.csv": lambda f: f.constants(),
    "cold_starts.csv": lambda f: f.languages(),
    "products.csv": lambda f: f.products(),
    "services.csv": lambda f: f.services(),
    "task_sizes.csv": lambda f: f.task_sizes(),
    "instance_types.csv": lambda f: f.instance_types("arm64"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Facts:
    """The tables in a folder where they may be broken."""
    for table in DATA.glob("*.csv"):
        shutil.copy(table, tmp_path)
    return Facts(tmp_path)


def raw(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_column_of_every_table_is_explained():
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    for table in DATA.glob("*.csv"):
        section = readme.split(f"## {table.name}")[1].split("\n## ")[0]
        missing = [column for column in raw(table.name)[0] if f"`{column}`" not in section]
        assert missing == [], table.name


@pytest.mark.parametrize("name", LOADS)
def test_the_tables_as_they_are_pass(name):
    assert LOADS[name](Facts(DATA)) is not None


@pytest.mark.parametrize("name", ["limits.csv", "breaches.csv", "times.csv", "constants.csv"])
def test_every_row_has_a_source_or_says_that_it_is_assumed(name):
    for row in raw(name):
        explained = row.get("kind") == "assumption" and row["note"]
        assert row["source_url"].startswith("https://") or explained


@pytest.mark.parametrize(
    ("id", "value", "unit"),
    [
        ("lambda.sync.request", 6 * 1024**2, "bytes"),
        ("lambda.sync.response", 6 * 1024**2 + 100, "bytes"),
        ("lambda.async.payload", 1024**2, "bytes"),
        ("lambda.env", 4096, "bytes"),
        ("lambda.timeout", 1800, "seconds"),
        ("apigw.rest.timeout", 29, "seconds"),
        ("web.payload", None, "bytes"),
        ("ddb.ttl", None, "seconds"),
    ],
)
def test_limits(id, value, unit):
    limit = catalogue.limit(id)
    assert (limit.value, limit.unit) == (value, unit)


@pytest.mark.parametrize(
    ("id", "raisable", "raised_to"),
    [
        ("apigw.rest.timeout", True, 300),
        ("lambda.concurrency", True, 10_000),
        ("apigw.throttle", True, None),  # nobody says how far
        ("lambda.timeout", False, None),
        ("lambda.async.age", False, None),  # a setting at its end
    ],
)
def test_what_can_be_raised_and_how_far(id, raisable, raised_to):
    assert (catalogue.limit(id).raisable, catalogue.limit(id).raised_to) == (raisable, raised_to)


def test_raised_is_more_than_the_limit_and_needs_a_raisable_one():
    for limit in catalogue.limits().values():
        if limit.raised_to is not None:
            assert limit.raisable and limit.raised_to > limit.value, limit.id


def test_an_unverified_limit_says_so():
    assert not catalogue.limit("s3.presign.role").verified and catalogue.limit("lambda.env").verified


@pytest.mark.parametrize("door", ["invoke", "async", *DOORS])
@pytest.mark.parametrize("id", ["lambda.timeout", "lambda.sync.request", "lambda.env", "ssm.tps"])
def test_a_breach_is_described_at_every_door(id, door):
    assert catalogue.breach_at_door(id, door).seen


@pytest.mark.parametrize(
    ("id", "door", "status"),
    [
        ("lambda.sync.response", "invoke", 200),
        ("lambda.sync.response", "http-api", 500),
        ("lambda.sync.response", "rest-api", 502),
        ("lambda.timeout", "invoke", 200),
        ("lambda.timeout", "async", None),
        ("apigw.rest.timeout", "rest-api", 504),
        ("apigw.http.timeout", "http-api", 503),
        ("alb.lambda.request", "alb", 413),
        ("lambda.async.age", "alb", None),  # any door's
        ("lambda.async.payload", "invoke", 413),
    ],
)
def test_the_status_a_breach_arrives_with(id, door, status):
    assert catalogue.breach_at_door(id, door).status == status


def test_a_limit_without_a_description_has_none():
    assert catalogue.breach_at_door("lambda.layers", "alb") is None


@pytest.mark.parametrize(
    ("id", "region", "usd", "assumed", "stale"),
    [
        ("lambda.request_arm", "us-east-1", "0.0000002", False, True),
        ("lambda.durable_operation", "us-east-1", "0.000008", False, False),
        ("lambda.durable_operation", "sa-east-1", "0.000008", True, False),
        ("transfer.internet_out", "sa-east-1", "0.15", False, True),
    ],
)
def test_prices(id, region, usd, assumed, stale):
    tariff = catalogue.tariff(id, region)
    assert tariff.tiers[0].usd == Decimal(usd)
    assert (tariff.region, tariff.assumed, tariff.stale) == (region, assumed, stale)


def test_every_price_is_known_in_every_region_with_tiers_that_join():
    for id in catalogue.price_ids():
        for region in catalogue.regions():
            tiers = catalogue.tariff(id, region).tiers
            assert tiers[0].start == 0
            assert [tier.end for tier in tiers[:-1]] == [tier.start for tier in tiers[1:]]


def test_a_price_list_may_end():
    assert catalogue.tariff("cloudwatch.custom_metric", "eu-west-1").tiers[-1].end == 250_000


def test_what_is_free_is_shared_by_a_pool():
    arm, x86 = catalogue.free("lambda.duration_arm"), catalogue.free("lambda.duration_x86")
    assert arm == x86 == records.Free("lambda.duration", Decimal(400_000))
    assert catalogue.free("secretsmanager.secret") is None


def test_p95_lies_between_the_median_and_p99_on_the_log_normal_line():
    time = catalogue.time("async.to_lambda")
    assert (time.p50_s, time.p99_s) == (0.043, 0.063)
    assert time.p95_s == pytest.approx(0.043 * (0.063 / 0.043) ** (1.644854 / 2.326348), rel=1e-6)


@pytest.mark.parametrize(
    ("memory_mb", "row_mb"),
    [(64, 128), (128, 128), (511, 256), (512, 512), (1769, 1024), (10240, 1024)],
)
def test_a_cold_start_is_of_the_most_memory_that_is_not_over(memory_mb, row_mb):
    assert catalogue.cold_start("python3.13", "arm64", memory_mb).memory_mb == row_mb


@pytest.mark.parametrize(
    ("language", "means"),
    [("go", "go"), ("rust", "rust"), ("graalvm", "graalvm java23"), ("dotnet10", "dotnet10")],
)
def test_a_word_names_the_newest_runtime_of_a_language(language, means):
    assert catalogue.cold_start(language, "x86_64", 512).language == means


def test_a_language_measured_on_one_architecture_is_answered_with_it():
    assert catalogue.cold_start("bun layer", "arm64", 512).architecture == "x86_64"


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: catalogue.limit("lambda.enw"), ['limit is "lambda.enw"', "lambda.env"]),
        (lambda: catalogue.tariff("lambda.request", "us-east-1"), ["lambda.request_arm"]),
        (
            lambda: catalogue.tariff("lambda.request_arm", "eu-wset-1"),
            ['region is "eu-wset-1"', "eu-west-1"],
        ),
        (lambda: catalogue.free("lambda.request"), ["lambda.request_arm"]),
        (lambda: catalogue.time("sqs.lambda"), ["sqs.to_lambda"]),
        (lambda: catalogue.constant("ddb.write"), ["ddb.write_bytes"]),
        (lambda: catalogue.cold_start("cobol", "arm64", 512), ['language is "cobol"', "python3."]),
    ],
)
def test_an_unknown_id_is_told_what_comes_near(ask, words):
    with pytest.raises(UnknownIdError) as error:
        ask()
    assert all(word in str(error.value) for word in words)


@pytest.mark.parametrize(
    ("table", "old", "new", "says"),
    [
        (
            "limits.csv",
            ",6291456,bytes",
            ",abc,bytes",
            'limits.csv line 2: value is "abc": expected a',
        ),
        ("limits.csv", ",6291456,bytes", ",-1,bytes", "expected a number, 0 or more, or blank"),
        ("limits.csv", ",6291456,bytes", ",6,byte", 'unit is "byte": expected a unit of'),
        ("limits.csv", "request,no,", "request,perhaps,", "expected one of yes, partly, no"),
        ("limits.csv", "https://", "see ", "expected an address that starts with https://"),
        ("limits.csv", ",2026,", ",2026-13,", 'as_of is "2026-13": expected a date: YYYY'),
        ("limits.csv", ",2026-08,", ",lately,", 'as_of is "lately": expected a date'),
        ("limits.csv", "lambda.sync.response,", "lambda.sync.request,", "line 3: id is "),
        ("limits.csv", ",unit,", ",units,", "limits.csv line 1: no column unit: expected id,"),
        ("limits.csv", "lambda.env,Lambda,", "lambda.env,", "fields: expected 16"),
        ("times.csv", "exchange.rtt,40,150", "exchange.rtt,40,30", 'p99_ms is "30": expected'),
        ("times.csv", "exchange.rtt,40,150", "exchange.rtt,,150", 'p50_ms is "": expected'),
        ("times.csv", ",assumption,", ",guess,", "expected one of measured, documented"),
        ("times.csv", ",assumption,", ",measured,", 'source_url is "": expected'),
        ("constants.csv", ",measured,", ",measurd,", 'kind is "measurd"'),
        ("prices.csv", "hour,0,,0.0225,", "hour,0,,-0.0225,", 'price_usd is "-0.0225"'),
        (
            "prices.csv",
            "west-2,state transition,0,",
            "west-2,state transition,1,",
            'tier_from is "1": expected 0',
        ),
        ("prices.csv", "hour,0,,0.0225,", "hour,3,3,0.0225,", 'tier_to is "3": expected more'),
        (
            "prices.csv",
            "durable_operation,us-east-1,",
            "durable_operation,us-moon-1,",
            "no price in us-east-1",
        ),
        ("billing_notes.csv", "alb.alb_hour,", "alb.hour,", "expected an id of prices"),
        ("billing_notes.csv", ",400000,", ",500000,", "expected one quantity a pool"),
        ("breaches.csv", "lambda.env,*", "lambda.envy,*", 'limit is "lambda.envy"'),
        ("breaches.csv", "lambda.env,*", "lambda.env,side", "expected one of function-url"),
        ("breaches.csv", ",200,", ",OK,", 'status is "OK": expected an HTTP status, or blank'),
        ("breaches.csv", "scaling,alb", "scaling,async", "expected one line a limit and door"),
        ("cold_starts.csv", ",arm64,", ",arm,", "expected one of arm64, x86_64"),
        ("products.csv", "alb.lcu_hour,", "alb.alb_hour,", 'id is "alb.alb_hour": expected one line an id'),
        ("products.csv", ",family=Load", ",family Load", "expected name=value, with "),
        ("services.csv", "lambda,", "lamda,", "expected the first part of an id of prices.csv"),
        (
            "services.csv",
            "Lambda,0,",
            "Lambda,orange,",
            'shade is "orange": expected a number, 0 or more, or blank',
        ),
        ("task_sizes.csv", "0.25,", "-0.25,", 'vcpu is "-0.25": expected a number'),
        ("task_sizes.csv", "0.5 1 2", "1 0.5 2", 'gb is "1 0.5 2": expected rising numbers'),
        ("instance_types.csv", "m7g.xlarge", "m7q.xlarge", "expected one with a price in prices.csv"),
    ],
)
def test_a_broken_table_is_refused_in_one_line(copy, table, old, new, says):
    path = copy.folder / table
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FactsError) as error:
        LOADS[table](copy)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(FactsError, match=r"limits\.csv cannot be read"):
        Facts(tmp_path).limits()


PRICED = "new.dimension,us-east-1,request,{},https://example.com"


@pytest.mark.parametrize(
    ("lines", "tiers"),
    [
        (["0,,1,2025", "0,,2,2026"], [(0, None, 2)]),
        (["0,,2,2026-03", "0,,1,2026"], [(0, None, 2)]),  # the date counts, not the place
        (["0,10,3,2025", "10,,2,2025", "10,,1,2026"], [(0, 10, 3), (10, None, 1)]),
        (["0,10,3,2025", "10,,2,2025", "0,,1,2026"], [(0, None, 1)]),  # tiers given up
        (["0,,3,2025", "0,5,2,2026", "5,,1,2026"], [(0, 5, 2), (5, None, 1)]),  # tiers taken up
    ],
)
def test_the_newest_price_counts_and_the_older_stays(copy, lines, tiers):
    append(copy, lines)
    current = copy.tariff("new.dimension", "us-east-1").tiers
    assert [(tier.start, tier.end, tier.usd) for tier in current] == tiers


@pytest.mark.parametrize(
    "lines",
    [
        ["0,,1,2026", "0,,2,2026"],  # twice on one day
        ["0,10,1,2026", "11,,2,2026"],  # a gap
        ["0,10,1,2026", "9,,2,2026"],  # an overlap
        ["0,10,3,2025", "10,,2,2025", "0,5,1,2026"],  # a newer tier that joins nothing
        ["1,,1,2026"],
    ],
)
def test_tiers_that_do_not_join_are_refused(copy, lines):
    append(copy, lines)
    with pytest.raises(FactsError, match=r"prices\.csv line \d+: tier_from is"):
        copy.price_ids()


def append(copy: Facts, lines: list[str]) -> None:
    with (copy.folder / "prices.csv").open("a", encoding="utf-8") as file:
        file.writelines(PRICED.format(line) + "\n" for line in lines)


def test_a_tariff_is_as_old_as_its_oldest_tier(copy):
    append(copy, ["0,10,1,2025-06", "10,,1,2026-02"])
    tariff = copy.tariff("new.dimension", "us-east-1")
    assert (tariff.as_of, tariff.stale) == ("2025-06", True)


@pytest.mark.parametrize("as_of", ["2026", "2026-01", "2026-01-01"])
def test_a_month_or_a_year_counts_from_its_first_day(as_of):
    assert first_day(as_of).isoformat() == "2026-01-01"


@pytest.mark.parametrize("as_of", ["", "26", "2026-1", "2026-02-30", "2026-00", "2026-01-01T00"])
def test_what_is_no_date(as_of):
    with pytest.raises(ValueError, match="YYYY-MM-DD"):
        first_day(as_of)


def test_the_frames_have_the_columns_of_the_tables_and_their_age():
    limits, prices = catalogue.limits_frame(), catalogue.prices_frame()
    assert list(limits.columns) == [*raw("limits.csv")[0], "age_days"]
    assert list(prices.columns) == [*raw("prices.csv")[0], "age_days", "stale"]
    assert len(prices) == len(raw("prices.csv"))
    assert prices["price_usd"].dtype == float
    ages = dict(zip(prices["as_of"], prices["age_days"]))
    assert ages["2026"] - ages["2026-08-07"] == (first_day("2026-08-07") - first_day("2026")).days
    assert prices["stale"].sum() == sum(row["as_of"] < "2026" for row in raw("prices.csv"))


def test_a_table_is_read_when_first_asked_for(copy):
    (copy.folder / "prices.csv").unlink()
    assert copy.limit("lambda.env").value == 4096


def test_the_folders_of_workloads_and_notebooks_stand_beside_the_tables():
    assert locations.workloads_dir() == DATA / "workloads"
    assert locations.notebooks_dir().name == "notebooks"


@pytest.mark.parametrize(
    ("id", "value"),
    [
        ("lambda.scaling.window_s", 10),
        ("lambda.timeout.unset_s", 3),
        ("lambda.memory.unset_mb", 128),
        ("sqs.visibility.unset_s", 30),
        ("sqs.visibility.advised", 6),
        ("log.kept_days", 14),
    ],
)
def test_what_aws_takes_unset_and_counts_by(id, value):
    assert catalogue.constant(id).value == value


def test_the_sizes_that_fargate_sells():
    sizes = {size.vcpu: size.gb for size in catalogue.task_sizes()}
    assert list(sizes) == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0]
    assert (sizes[0.25], sizes[0.5]) == ((0.5, 1, 2), (1, 2, 3, 4))
    assert {vcpu: (gb[0], gb[-1]) for vcpu, gb in sizes.items() if vcpu > 0.5} == {
        1: (2, 8),
        2: (4, 16),
        4: (8, 30),
        8: (16, 60),
        16: (32, 120),
    }
    assert (sizes[8][1], sizes[16][1]) == (20, 40)  # in steps of 4 and of 8 GB


def test_of_the_instances_of_an_architecture_the_smallest_comes_first():
    assert next(each.instance for each in catalogue.instance_types("arm64")) == "m7g.xlarge"
    assert {each.gb / each.vcpu for each in catalogue.instance_types("x86_64")} == {4.0}


def test_an_unknown_limit_is_answered_by_what_is_called_so():
    with pytest.raises(UnknownIdError, match=r"such as apigw\.throttle, apigw\.ws\.connect\.rate"):
        catalogue.limit("apigw.rate")
    with pytest.raises(UnknownIdError, match=r"such as lambda\.timeout"):
        catalogue.limit("lambda.timeot")
