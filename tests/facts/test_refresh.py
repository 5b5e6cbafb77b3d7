"""What `prices --refresh` and `limits --refresh` take from AWS, and that they take it whole or not at all.

No network: the answers of `refresh_samples/`, and price lists made from the tables themselves.
"""

import copy
import csv
import json
import os
import re
import shutil
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.errors import CloudError, ExplorerError, FactsError
from explorer.facts import catalogue, records
from explorer.facts.catalogue import Facts
from explorer.facts.refresh import append, aws_calls, quotas, summary
from explorer.facts.refresh.prices import refresh_prices
from explorer.facts.refresh.products import MARKS, products_by_price_id
from explorer.facts.refresh.quotas import refresh_limits

boto3 = pytest.importorskip("boto3")
from botocore import exceptions  # noqa: E402
from botocore.stub import Stubber  # noqa: E402

PRODUCTS = products_by_price_id(catalogue.DEFAULT)
SAMPLES = Path(__file__).parent / "refresh_samples"
TODAY = date(2026, 11, 23)
THREE = ("us-east-1", "eu-west-1", "ap-south-1")


def sample(name: str):
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


def table(tables: Facts, name: str = "prices") -> Path:
    return tables.folder / f"{name}.csv"


def copied(folder: Path) -> Facts:
    """All tables as they stood before `TODAY`, in a folder where they may be written."""
    folder.mkdir(exist_ok=True)
    for path in catalogue.DEFAULT.folder.glob("*.csv"):
        shutil.copy(path, folder)
    for name in ("prices.csv", "limits.csv"):
        header, *rows = (folder / name).read_text(encoding="utf-8").splitlines(keepends=True)
        column = header.split(",").index("as_of")
        older = [row for row in rows if next(csv.reader([row]))[column] < TODAY.isoformat()]
        (folder / name).write_text("".join([header, *older]), encoding="utf-8")
    return Facts(folder)


@pytest.fixture
def tables(tmp_path: Path) -> Facts:
    return copied(tmp_path / "data")


def with_prices_of(tables: Facts, *starts: str) -> Facts:
    """The same tables with the prices of those ids alone."""
    for name in ("prices", "billing_notes"):
        path = table(tables, name)
        header, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text(header + "".join(line for line in lines if line.startswith(starts)), encoding="utf-8")
    return Facts(tables.folder)


class Session:
    """A session whose clients give the recorded answers in turn, held to AWS's own models of them."""

    def __init__(self, answers: dict[str, list]) -> None:
        self.answers, self.stubs = answers, []

    def client(self, service: str, region_name: str, config) -> object:
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        client = boto3.client(service, region_name=region_name, config=config, **keys)
        stub = Stubber(client)
        answers = self.answers.get(f"{service} {region_name}", self.answers.get(service, []))
        for operation, answer, *expected in answers:
            if isinstance(answer, str):
                stub.add_client_error(operation, answer, "as AWS says\nit")
            else:
                stub.add_response(operation, answer, *expected)
        stub.activate()
        self.stubs.append(stub)
        return client


def product_pages(*pages: list) -> list:
    """Answers of GetProducts, page by page."""
    answers = [
        {"FormatVersion": "aws_v1", "PriceList": [json.dumps(offer) for offer in page]} for page in pages
    ]
    for number, answer in enumerate(answers[:-1]):
        answer["NextToken"] = f"page {number + 1}"
    return [("get_products", answer) for answer in answers]


# The price list ------------------------------------------------------------------------------------


def test_prices_of_the_query_api(tables):
    tables = with_prices_of(
        tables, "lambda.duration", "lambda.request", "lambda.managed", "lambda.provisioned_d"
    )
    offers = sample("lambda.eu-west-1.json")
    session = Session({"pricing": product_pages(offers[:3], offers[3:])})
    result = refresh_prices(["eu-west-1"], session, TODAY, tables=tables)
    session.stubs[0].assert_no_pending_responses()
    changes = [(row["id"], row["tier_from"], str(row["old_usd"]), str(row["usd"])) for row in result.changed]
    assert changes == [
        ("lambda.duration_x86", 0, "0.0000166667", "0.0000170000"),
        ("lambda.managed_instances_request", 0, "2E-7", "2.000E-7"),  # us-east-1's own until now
        ("lambda.provisioned_duration_x86", 0, "0.0000108407", "0.0000097222"),
    ]
    assert {row["id"] for row in result.unlisted} == {"lambda.provisioned_duration_arm", "lambda.request_arm"}
    assert (result.confirmed, result.unchanged, result.added) == (2, 0, 9)
    tariff = tables.tariff("lambda.duration_x86", "eu-west-1")
    assert [(t.start, t.end, t.usd) for t in tariff.tiers] == [
        (0, 6_000_000_000, Decimal("0.000017")),
        (6_000_000_000, 15_000_000_000, Decimal("0.000015")),
        (15_000_000_000, None, Decimal("0.0000133334")),
    ]
    assert (tariff.as_of, tariff.stale, tariff.source) == (
        "2026-11-23",
        False,
        "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AWSLambda/current/index.json",
    )
    assert not tables.tariff("lambda.managed_instances_request", "eu-west-1").assumed


def test_the_query_names_service_and_region(tables):
    asked_for = {
        "ServiceCode": "AWSQueueService",
        "Filters": [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-east-1"}],
        "FormatVersion": "aws_v1",
        "MaxResults": 100,
    }
    answers = [(*product_pages(sample("sqs.us-east-1.json"))[0], asked_for)]
    refresh_prices(["us-east-1"], Session({"pricing": answers}), TODAY, tables=with_prices_of(tables, "sqs."))


def test_a_price_that_more_than_doubled_is_told_and_not_taken_without_yes(tables):
    tables = with_prices_of(tables, "sqs.")
    before = table(tables).read_bytes()
    session = Session({"pricing": product_pages(sample("sqs.us-east-1.json"))})
    result = refresh_prices(["us-east-1"], session, TODAY, tables=tables)
    assert [(row["id"], row["tier_from"]) for row in result.suspicious] == [("sqs.fifo_request", 0)]
    assert result.changed == [] and b"0.0000015," not in table(tables).read_bytes().removeprefix(before)
    result = refresh_prices(["us-east-1"], session, TODAY, yes=True, tables=tables)
    assert result.suspicious == [] and [row["id"] for row in result.changed] == ["sqs.fifo_request"]
    assert tables.tariff("sqs.fifo_request", "us-east-1").tiers[0].usd == Decimal("0.0000015")


def test_what_is_free_each_month_is_no_tier(tables):
    tables = with_prices_of(tables, "dynamodb.storage")
    session = Session({"pricing": product_pages(sample("dynamodb.eu-central-1.json"))})
    result = refresh_prices(["eu-central-1"], session, TODAY, tables=tables)
    assert (result.confirmed, [row["id"] for row in result.changed]) == (1, ["dynamodb.storage_ia"])


def test_prices_of_the_public_offer_files(tables, tmp_path):
    shutil.copy(SAMPLES / "AWSLambda.eu-west-1.index.json", tmp_path / "index.json")
    folder = tmp_path / "lists"
    folder.mkdir()
    shutil.copy(SAMPLES / "AWSLambda.eu-west-1.index.json", folder / "lambda.json")
    result = refresh_prices(["eu-west-1"], None, TODAY, offers=folder, tables=tables)
    assert "lambda.duration_x86" in {row["id"] for row in result.changed}
    assert {row["id"].split(".")[0] for row in result.unlisted} == {
        "lambda"
    }  # of services without a file: nothing


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"products": {"A": 1}, "terms": []}', "\xff"])
def test_what_is_no_offer_file_is_named(tables, tmp_path, text):
    (tmp_path / "index.json").write_text(text, encoding="latin-1")
    with pytest.raises(ExplorerError, match=r"index\.json: is no offer file: expected"):
        refresh_prices(["eu-west-1"], None, TODAY, offers=tmp_path, tables=tables)


@pytest.mark.parametrize("product", [1, {"attributes": 1}, {"attributes": {"usagetype": []}}])
def test_an_offer_file_of_another_form_gives_no_price(tables, tmp_path, product):
    file = {"offerCode": "AWSLambda", "products": {"A": product}, "terms": {"OnDemand": {"A": {"B": 1}}}}
    folder = write_lists(tmp_path / "lists", {"odd": file})
    result = refresh_prices(["eu-west-1"], None, TODAY, offers=folder, tables=tables)
    assert result.added == 0 and (result.unknown or result.unlisted)


def test_a_folder_without_offer_files_is_named(tables, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ExplorerError, match=r"empty: holds no \.json file"):
        refresh_prices(["eu-west-1"], None, TODAY, offers=tmp_path / "empty", tables=tables)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pricePerUnit": {"CNY": "0.0001"}}, "its price is in CNY: expected USD"),
        ({"pricePerUnit": {}}, "its price is in no currency: expected USD"),
        ({"pricePerUnit": {"USD": "free"}}, 'its price list says "free"'),
        ({"pricePerUnit": {"USD": "-1"}}, 'its price list says "-1"'),
        ({"pricePerUnit": {"USD": "NaN"}}, 'its price list says "NaN"'),
        ({"unit": "1M Requests"}, 'its price is for "1M Requests"'),
        ({"unit": "1000 Requests"}, 'its price is for "1000 Requests"'),
        ({"beginRange": "5"}, "its tiers do not join"),
        ({"endRange": "0"}, "its last tier ends at 0"),
    ],
)
def test_a_price_that_cannot_be_compared_says_why_and_is_not_taken(tables, change, says):
    tables, offers = with_prices_of(tables, "lambda.request_x86"), sample("lambda.eu-west-1.json")[2:3]
    before = table(tables).read_bytes()
    (term,) = offers[0]["terms"]["OnDemand"].values()
    next(iter(term["priceDimensions"].values())).update(change)
    result = refresh_prices(
        ["eu-west-1"], Session({"pricing": product_pages(offers)}), TODAY, yes=True, tables=tables
    )
    assert says in result.unknown[0]["why"] and result.changed == []
    assert table(tables).read_bytes() == before


def test_two_products_at_different_prices_are_not_guessed_between(tables):
    tables, offers = with_prices_of(tables, "lambda.request_x86"), sample("lambda.eu-west-1.json")[2:3]
    twin = json.loads(json.dumps(offers[0]).replace("0.0000002000", "0.0000003000"))
    result = refresh_prices(
        ["eu-west-1"], Session({"pricing": product_pages([*offers, twin])}), TODAY, tables=tables
    )
    assert "2 products of AWSLambda fit" in result.unknown[0]["why"]


def test_a_price_from_next_month_does_not_count_yet(tables):
    tables, offers = with_prices_of(tables, "lambda.request_x86"), sample("lambda.eu-west-1.json")[2:3]
    later = json.loads(json.dumps(offers[0]).replace("0.0000002000", "0.0000003000"))
    (term,) = later["terms"]["OnDemand"].values()
    offers[0]["terms"]["OnDemand"]["later"] = {**term, "effectiveDate": "2026-12-01T00:00:00Z"}
    result = refresh_prices(["eu-west-1"], Session({"pricing": product_pages(offers)}), TODAY, tables=tables)
    assert (result.changed, result.confirmed) == ([], 1)


@pytest.mark.parametrize(
    ("id", "region", "usage", "fits"),
    [
        ("lambda.duration_x86", "eu-west-1", "EU-Lambda-GB-Second", True),
        ("lambda.duration_x86", "eu-west-1", "EUW1-Lambda-GB-Second", True),
        ("lambda.duration_x86", "eu-west-1", "EUC1-Lambda-GB-Second", False),
        ("lambda.duration_x86", "eu-west-1", "Lambda-GB-Second", False),
        ("lambda.duration_x86", "us-east-1", "Lambda-GB-Second", True),
        ("lambda.duration_x86", "us-east-1", "USE1-Lambda-GB-Second", True),
        ("lambda.duration_x86", "us-east-1", "USE1-Lambda-GB-Second-ARM", False),
        ("lambda.duration_x86", "eu-central-1", "EUC1-Lambda-GB-Second", True),
        ("lambda.duration_x86", "ap-northeast-1", "APN1-Lambda-GB-Second", True),
        ("lambda.duration_x86", "ap-south-1", "APS3-Lambda-GB-Second", True),
        ("lambda.duration_x86", "ap-south-1", "APS1-Lambda-GB-Second", False),
        ("kms.symmetric_request", "eu-west-1", "eu-west-1-KMS-Requests", True),
        ("kms.symmetric_request", "eu-west-1", "eu-west-2-KMS-Requests", False),
        ("cloudfront.http_request", "eu-central-1", "EU-Requests-Tier1", True),
        ("cloudfront.http_request", "eu-central-1", "US-Requests-Tier1", False),
        ("cloudfront.http_request", "il-central-1", "EU-Requests-Tier1", True),
        ("cloudfront.http_request", "ap-northeast-3", "JP-Requests-Tier1", True),
        ("cloudfront.http_request", "ap-northeast-2", "AP-Requests-Tier1", True),
        ("cloudfront.http_request", "ap-south-1", "IN-Requests-Tier1", True),
        ("cloudfront.http_request", "ap-southeast-1", "AU-Requests-Tier1", False),
        ("cloudfront.http_request", "us-gov-west-1", "US-Requests-Tier1", False),
        ("cloudfront.http_request", "us-east-1", "US-Requests-Tier1", True),
        ("cloudfront.origin_shield_request", "ap-northeast-2", "APN2-Requests-OriginShield", True),
        ("sns.http_delivery", "eu-central-1", "EU-DeliveryAttempts-HTTP", False),  # that is Ireland's
    ],
)
def test_a_usage_type_carries_the_mark_of_its_region(id, region, usage, fits):
    product = PRODUCTS[id]
    attributes = {**product.where, "usagetype": usage}
    assert product.fits("", attributes, region) == fits
    assert not product.fits("", {**attributes, "regionCode": "mx-central-1"}, region)


@pytest.mark.parametrize(
    ("id", "others"),
    [
        ("xray.trace_scanned", {"operation": "XRay-Traces-Retrieved"}),
        ("s3.lifecycle_to_standard_ia", {"operation": "S3-GIRTransition"}),
        ("eventbridge.custom_event", {"operation": "PutPartnerEvents"}),
        ("efs.ia_write", {"accessType": "Read", "storageClass": "Infrequent Access"}),
        ("route53.query", {"routingType": "Latency Based", "routingTarget": "External"}),
        ("route53.query", {}),  # those of a resolver inside a network
    ],
)
def test_products_of_one_usage_type_are_told_apart(id, others):
    product = PRODUCTS[id]
    attributes = {"usagetype": product.usage[0], "regionCode": "us-east-1"}
    assert product.fits("", {**attributes, **product.where}, "us-east-1")
    assert not product.fits("", {**attributes, **others}, "us-east-1")


def offer(usage: str, prices: dict[str, str], region: str = "", **attributes: str) -> dict:
    """An offer with a price from each quantity on."""
    starts, ends = list(prices), [*list(prices)[1:], "Inf"]
    bands = {
        start: {"unit": "unit", "beginRange": start, "endRange": end, "pricePerUnit": {"USD": prices[start]}}
        for start, end in zip(starts, ends, strict=True)
    }
    all_attributes = {"usagetype": usage, "regionCode": region, **attributes}
    term = {"effectiveDate": "2026-11-01T00:00:00Z", "priceDimensions": bands}
    return {"product": {"attributes": all_attributes}, "terms": {"OnDemand": {"term": term}}}


def test_what_is_sold_worldwide_is_asked_for_once_and_found_by_the_edges(tables):
    tables = with_prices_of(tables, "cloudfront.http_request")
    offers = [
        offer("US-Requests-Tier1", {"0": "0.00000075"}),
        offer("EU-Requests-Tier1", {"0": "0.00000095"}),
        offer("IN-Requests-Tier1", {"0": "0.0000009"}),
    ]
    asked_for = {
        "ServiceCode": "AmazonCloudFront",
        "Filters": [],
        "FormatVersion": "aws_v1",
        "MaxResults": 100,
    }
    answers = [(*product_pages(offers)[0], asked_for)]
    session = Session({"pricing": answers})
    regions = ["us-east-1", "us-east-2", "eu-central-1", "ap-south-1"]
    result = refresh_prices(regions, session, TODAY, tables=tables)
    session.stubs[0].assert_no_pending_responses()
    assert [(row["region"], float(row["usd"])) for row in result.changed] == [("eu-central-1", 9.5e-7)]
    assert result.confirmed == 3 and result.unlisted == []


def test_what_is_free_with_another_product_stays_a_tier(tables):
    tables = with_prices_of(tables, "waf.bot_control")
    offers = [
        offer("USE2-AMR-BotControl", {"0": "10"}, "us-east-2"),
        offer("USE2-AMR-BotControl-Request", {"0": "0", "10000000": "0.0000011"}, "us-east-2"),
    ]
    result = refresh_prices(["us-east-2"], Session({"pricing": product_pages(offers)}), TODAY, tables=tables)
    changes = [(row["id"], row["tier_from"], float(row["usd"])) for row in result.changed]
    assert changes == [("waf.bot_control_request", 10_000_000, 1.1e-6)]
    assert tables.tariff("waf.bot_control_request", "us-east-2").tiers[0].usd == 0


def test_every_region_of_the_tables_has_its_mark_and_every_product_an_id():
    assert set(MARKS) >= set(catalogue.regions())
    assert set(PRODUCTS) <= set(catalogue.price_ids())
    assert all(catalogue.source(f"offer.{product.service}") for product in PRODUCTS.values())
    keys = [(p.service, p.usage, tuple(sorted(p.where.items()))) for p in PRODUCTS.values()]
    assert len(set(keys)) == len(keys)


def test_every_price_id_is_found_in_the_list_or_says_why_not():
    rows = catalogue.products()
    assert set(rows) == set(catalogue.price_ids())
    assert {id for id, row in rows.items() if not row.not_listed} == set(PRODUCTS)
    assert PRODUCTS["ec2.c8g.4xlarge_linux_on_demand"].usage == ("BoxUsage:c8g.4xlarge",)


def test_what_is_not_refreshed_is_told_with_its_reason(tables, tmp_path):
    result = refreshed(tables, write_lists(tmp_path / "lists", price_list(tables, THREE)))
    assert set(result.why_beyond) == set(result.beyond) and all(result.why_beyond.values())
    assert "savings plans have a list of their own" in summary.refresh_sentences(result)[-1]


# Whole price lists, made from the tables -----------------------------------------------------------


def price_list(tables: Facts, regions: Iterable[str], change=lambda tariff: tariff.tiers) -> dict:
    """Offer files in which every known product costs what the tables say, or what `change` makes of it."""
    files: dict = {}
    for region in regions:
        for id, product in PRODUCTS.items():
            tariff = tables.tariff(id, region)
            tiers = () if tariff.assumed else change(tariff)
            if not tiers:
                continue
            file = files.setdefault(
                product.service, {"offerCode": product.service, "products": {}, "terms": {"OnDemand": {}}}
            )
            sku, where = f"{region} {id}", dict(product.where)
            family = where.pop("family", "")
            usage = product.usage_types_in_region(region)[:1]
            attributes = {"regionCode": region, "usagetype": usage[0] if usage else id, **where}
            file["products"][sku] = {"sku": sku, "productFamily": family, "attributes": attributes}
            dimensions = {
                str(number): {
                    "unit": "unit",
                    "beginRange": f"{tier.start:f}",
                    "endRange": "Inf" if tier.end is None else f"{tier.end:f}",
                    "pricePerUnit": {"USD": f"{tier.usd:.13f}"},
                }
                for number, tier in enumerate(tiers)
            }
            term = {"effectiveDate": "2026-11-01T00:00:00Z", "priceDimensions": dimensions}
            file["terms"]["OnDemand"][sku] = {"term": term}
    return files


def write_lists(folder: Path, files: dict) -> Path:
    folder.mkdir(exist_ok=True)
    for name, file in files.items():
        (folder / f"{name}.json").write_text(json.dumps(file), encoding="utf-8")
    return folder


def refreshed(tables: Facts, folder: Path, today: date = TODAY, **more):
    return refresh_prices(THREE, None, today, offers=folder, tables=tables, **more)


def in_force(tables: Facts) -> dict:
    return {(id, r): tables.tariff(id, r).tiers for id in tables.price_ids() for r in tables.regions()}


def test_a_list_that_says_what_the_tables_say_changes_no_price_and_dates_the_stale_ones_anew(
    tables, tmp_path
):
    before, prices = table(tables).read_bytes(), in_force(tables)
    result = refreshed(tables, write_lists(tmp_path / "lists", price_list(tables, THREE)))
    assert (result.changed, result.suspicious, result.unlisted, result.unknown) == ([], [], [], [])
    assert (
        result.confirmed
        and result.unchanged
        and len(result.beyond) == len(catalogue.price_ids()) - len(PRODUCTS)
    )
    assert table(tables).read_bytes().startswith(before) and in_force(Facts(tables.folder)) == prices
    for region in THREE:
        tariffs = [tables.tariff(id, region) for id in PRODUCTS]
        assert not [t for t in tariffs if t.stale and not t.assumed]


FACTORS = st.dictionaries(
    st.sampled_from(sorted(PRODUCTS)),
    st.sampled_from([Decimal("0.3"), Decimal("0.6"), Decimal("0.9"), Decimal("1.25"), 2, 3, None]),
    max_size=12,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(factors=FACTORS, yes=st.booleans())
def test_every_old_row_stays_and_a_second_refresh_changes_nothing(tmp_path_factory, factors, yes):
    home = tmp_path_factory.mktemp("data")
    tables = copied(home)

    def change(tariff):
        factor = factors.get(tariff.id, 1)
        tiers = [] if factor is None else tariff.tiers
        return tuple(records.Tier(t.start, t.end, t.usd * factor) for t in tiers)

    before = table(tables).read_bytes()
    folder = write_lists(tmp_path_factory.mktemp("lists"), price_list(tables, THREE[:2], change))
    first = refresh_prices(THREE[:2], None, TODAY, offers=folder, tables=tables, yes=yes)
    after = table(tables).read_bytes()
    assert after.startswith(before) and after.count(b"\n") == before.count(b"\n") + first.added
    suspicious_ids = {row["id"] for row in first.suspicious}
    assert suspicious_ids <= {id for id, factor in factors.items() if factor in (Decimal("0.3"), 3)} and not (
        yes and suspicious_ids
    )
    for again in (tables, Facts(home)):
        second = refresh_prices(THREE[:2], None, TODAY, offers=folder, tables=again, yes=yes)
        assert (second.added, second.changed, second.confirmed) == (0, [], 0)
    assert table(tables).read_bytes() == after


def test_tiers_that_change_are_written_down_whole(tables, tmp_path):
    def flat(tariff):
        last = tariff.tiers[0]
        return (
            (records.Tier(last.start, None, last.usd),)
            if tariff.id == "s3.standard_storage"
            else tariff.tiers
        )

    result = refreshed(tables, write_lists(tmp_path / "lists", price_list(tables, THREE, flat)))
    without_price = [row for row in result.changed if row["usd"] is None]
    assert {row["id"] for row in result.changed} == {"s3.standard_storage"} and len(without_price) == 2 * len(
        THREE
    )
    assert len(tables.tariff("s3.standard_storage", "eu-west-1").tiers) == 1
    third = refreshed(
        tables,
        write_lists(tmp_path / "lists", price_list(copied(tmp_path / "old"), THREE)),
        date(2026, 11, 24),
    )
    assert len(third.changed) == 3 * len(THREE)  # and back again
    ours, theirs = (
        facts.tariff("s3.standard_storage", "eu-west-1") for facts in (tables, copied(tmp_path / "old"))
    )
    assert ours.tiers == theirs.tiers


def test_a_second_price_on_one_day_waits_for_the_next(tables, tmp_path):
    def dearer(tariff):
        return tuple(records.Tier(t.start, t.end, t.usd * Decimal("1.5")) for t in tariff.tiers)

    same, more = price_list(tables, THREE), price_list(tables, THREE, dearer)
    refreshed(tables, write_lists(tmp_path / "same", same))
    result = refreshed(tables, write_lists(tmp_path / "more", more))
    assert any("refresh on a later day" in row["why"] for row in result.unknown)
    result = refreshed(tables, tmp_path / "more", date(2026, 11, 24))
    assert result.unknown == [] and result.changed


# All or nothing --------------------------------------------------------------------------------------


def untouched(tables: Facts, before: dict) -> bool:
    return {path.name: path.read_bytes() for path in tables.folder.iterdir()} == before


@pytest.fixture
def before(tables) -> dict:
    return {path.name: path.read_bytes() for path in tables.folder.iterdir()}


def test_a_list_that_fails_half_way_changes_nothing(tables):
    tables, offers = with_prices_of(tables, "lambda.duration"), sample("lambda.eu-west-1.json")
    before = {path.name: path.read_bytes() for path in tables.folder.iterdir()}
    session = Session(
        {"pricing": [product_pages(offers[:3], offers[3:])[0], ("get_products", "InternalErrorException")]}
    )
    with pytest.raises(
        CloudError, match=r"pricing refused GetProducts: InternalErrorException: as AWS says it$"
    ):
        refresh_prices(["eu-west-1"], session, TODAY, tables=tables)
    assert untouched(tables, before)


def test_rows_that_the_reader_refuses_are_not_written(tables, before):
    with pytest.raises(FactsError, match=r"prices\.csv line \d+: price_usd is"):
        append.append(tables, "prices", [row_of(tables), {**row_of(tables), "price_usd": "-1"}])
    assert untouched(tables, before)


def test_a_table_that_changed_meanwhile_is_left_alone(tables, monkeypatch):
    check = append._check_tables

    def meddle(staged):
        check(staged)
        with table(tables).open("a", encoding="utf-8") as file:
            file.write("meddled\n")

    monkeypatch.setattr(append, "_check_tables", meddle)
    with pytest.raises(FactsError, match="was changed by another program meanwhile"):
        append.append(tables, "prices", [row_of(tables)])
    assert table(tables).read_bytes().endswith(b"meddled\n")


def row_of(tables: Facts) -> dict:
    with table(tables).open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    return {**row, "as_of": "2026-11-23", "source": "offer.AWSELB"}


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_a_row_is_added_as_the_file_ends_its_own(tables, end):
    path = table(tables)
    before = path.read_bytes().rstrip(b"\n").replace(b"\n", (end or "\n").encode()) + end.encode()
    path.write_bytes(before)
    append.append(tables, "prices", [row_of(tables)])
    after = path.read_bytes()
    assert after.startswith(before) and after.endswith((end or "\n").encode())
    assert tables.tariff("alb.alb_hour", "us-east-1").as_of == "2026-11-23"
    assert sorted(p.name for p in path.parent.iterdir()) == sorted(
        p.name for p in catalogue.DEFAULT.folder.glob("*.csv")
    )


@pytest.mark.parametrize("refresh", [refresh_prices, refresh_limits])
def test_a_folder_that_cannot_be_written_is_named_before_anything_is_asked(tables, refresh, monkeypatch):
    def read_only(dir):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(append.tempfile, "TemporaryFile", read_only)
    with pytest.raises(FactsError) as error:
        refresh(["eu-west-1"], Session({}), TODAY, tables=tables)
    assert str(tables.folder) in str(error.value) and "cannot be written: Permission denied" in str(
        error.value
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_cannot_be_written_is_named(tables):
    table(tables).chmod(0o444)
    with pytest.raises(FactsError, match="cannot be written"):
        refresh_prices(["eu-west-1"], Session({}), TODAY, tables=tables)


# The cloud says no -----------------------------------------------------------------------------------


class Failing:
    """A session whose clients raise what botocore raises."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def client(self, *args, **more):
        raise self.error


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (exceptions.NoCredentialsError(), "no AWS credentials to refresh with: Unable to locate credentials"),
        (
            exceptions.PartialCredentialsError(provider="env", cred_var="x"),
            "no AWS credentials to refresh with",
        ),
        (exceptions.ProfileNotFound(profile="nobody"), r"no AWS credentials .*\(nobody\)"),
        (
            exceptions.EndpointConnectionError(endpoint_url="https://x"),
            "gave no answer .*: expected a network",
        ),
        (exceptions.ConnectTimeoutError(endpoint_url="https://x"), "gave no answer .*: expected a network"),
    ],
)
def test_without_credentials_or_network_one_line(tables, before, error, says):
    with pytest.raises(CloudError, match=says) as caught:
        refresh_prices(["eu-west-1"], Failing(error), TODAY, tables=tables)
    assert "\n" not in str(caught.value) and untouched(tables, before)
    result = refresh_limits(["eu-west-1"], Failing(error), TODAY, tables=tables)
    assert re.search(says, result.not_asked) and "\n" not in result.not_asked and untouched(tables, before)
    assert summary.refresh_sentences(result)[-1].startswith("Service Quotas were not asked: ")


def test_no_credentials_when_the_call_is_made(tables, monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(CloudError, match="no AWS credentials to refresh with"):
        refresh_prices(["eu-west-1"], None, TODAY, tables=tables)


def test_a_refusal_names_the_permission(tables, before):
    session = Session({"pricing": [("get_products", "AccessDeniedException")]})
    with pytest.raises(CloudError, match=r"expected credentials that may pricing:GetProducts$"):
        refresh_prices(["eu-west-1"], session, TODAY, tables=tables)
    assert untouched(tables, before)


def test_a_region_without_a_billing_code_is_told_which_have_one(tables):
    with pytest.raises(ExplorerError, match='region is "eu-west-9": expected one of af-south-1, '):
        refresh_prices(["eu-west-9"], Session({}), TODAY, tables=tables)


def test_an_unknown_region_is_told_which_was_meant(tables):
    with pytest.raises(ExplorerError, match='region is "Frankfurt": did you mean eu-central-1'):
        refresh_limits(["Frankfurt"], Session({}), TODAY, tables=tables)


# Quotas ----------------------------------------------------------------------------------------------

ORDER = ("apigateway", "appconfig", "events", "fargate", "lambda", "secretsmanager", "ssm")


def quota_session(
    changes: dict[str, float] | None = None, applied: dict[str, float] | None = None
) -> Session:
    """The recorded quotas, some of AWS's defaults and of the account's values set to others."""
    recorded, answers = sample("quotas.json"), []
    for service in ORDER:
        for operation, other in (
            ("list_aws_default_service_quotas", changes or {}),
            ("list_service_quotas", {**(changes or {}), **(applied or {})}),
        ):
            quotas_of_service = copy.deepcopy(recorded.get(service, []))
            for quota in quotas_of_service:
                quota["Value"] = other.get(quota["QuotaCode"], quota["Value"])
            answers.append((operation, {"Quotas": quotas_of_service}, {"ServiceCode": service}))
    account = [("get_account_settings", sample("account_settings.json"))]
    return Session({"service-quotas": answers, "lambda": account})


TWO = ["us-east-1", "eu-west-1"]


def history(tables: Facts) -> bool:
    """Whether the reader takes a second, later row of a limit."""
    row = table(tables, "limits").read_text(encoding="utf-8").splitlines()[1]
    try:
        with table(tables, "limits").open("a", encoding="utf-8") as file:
            file.write(row.replace(",2026,", ",2026-11-20,") + "\n")
        Facts(tables.folder).limits()
        return True
    except FactsError:
        return False


@pytest.fixture
def dated(tables, tmp_path_factory) -> Facts:
    copied = tmp_path_factory.mktemp("probe") / "data"
    shutil.copytree(tables.folder, copied)
    if not history(Facts(copied)):
        pytest.skip("facts.py takes one line a limit: its history patch is not in")
    return tables


def test_quotas_as_they_are_change_nothing_and_this_accounts_own_are_told(tables, before):
    result = refresh_limits(TWO, quota_session(), TODAY, tables=tables)
    assert result.changed == [] and untouched(tables, before)
    yours = {(row["id"], row["region"]): (row["value"], row["yours"]) for row in result.yours}
    assert yours == {("lambda.concurrency", region): (1000, 3000) for region in TWO}
    assert [(row["id"], row["value"]) for row in result.suspicious] == [
        ("lambda.storage", 75)
    ]  # AWS's pages disagree
    assert result.unchanged == 4 and "lambda.sync.request" in result.beyond
    assert {row["id"] for row in result.unlisted} >= {"sm.value", "fargate.vcpu"}


def test_a_raised_quota_is_told_and_does_not_touch_the_default(tables, before):
    result = refresh_limits(TWO, quota_session(applied={"L-E5AE38E3": 120_000}), TODAY, tables=tables)
    rows = [row for row in result.yours if row["id"] == "apigw.rest.timeout"]
    assert [(row["value"], row["yours"]) for row in rows] == [(29, 120)] * 2
    assert untouched(tables, before)


def test_a_default_that_changed_is_a_new_row(dated):
    before = table(dated, "limits").read_bytes()
    result = refresh_limits(TWO, quota_session({"L-E5AE38E3": 45_000}), TODAY, tables=dated)
    assert [(row["id"], row["old_value"], row["value"]) for row in result.changed] == [
        ("apigw.rest.timeout", 29, 45)
    ]
    assert table(dated, "limits").read_bytes().startswith(before) and result.added == 1
    new, old = dated.limit("apigw.rest.timeout"), catalogue.limit("apigw.rest.timeout")
    assert (new.value, new.as_of, new.raised_to, new.notes) == (45, "2026-11-23", old.raised_to, old.notes)
    again = refresh_limits(TWO, quota_session({"L-E5AE38E3": 45_000}), TODAY, tables=Facts(dated.folder))
    assert (again.changed, again.added) == ([], 0)


def test_a_default_that_more_than_doubled_waits_for_yes(dated):
    changes = {"L-8A5B8E43": 25_000}
    result = refresh_limits(TWO, quota_session(changes), TODAY, tables=dated)
    assert "apigw.throttle" in {row["id"] for row in result.suspicious} and result.changed == []
    result = refresh_limits(TWO, quota_session(changes), TODAY, yes=True, tables=dated)
    assert dated.limit("apigw.throttle").value == 25_000 and result.suspicious == []


def test_a_height_that_is_reached_is_no_longer_one_to_raise_to(dated):
    refresh_limits(TWO, quota_session({"L-B99A9384": 10_000}), TODAY, yes=True, tables=dated)
    assert (dated.limit("lambda.concurrency").value, dated.limit("lambda.concurrency").raised_to) == (
        10_000,
        None,
    )


def test_a_default_that_some_regions_still_have_stands_and_the_others_are_told(tables, before):
    session, other = quota_session(), quota_session({"L-8A5B8E43": 8_000})
    for region in ("eu-west-1", "eu-west-2"):
        session.answers[f"service-quotas {region}"] = other.answers["service-quotas"]
    result = refresh_limits([*TWO, "eu-west-2"], session, TODAY, yes=False, tables=tables)
    rows = [row for row in result.elsewhere if row["id"] == "apigw.throttle"]
    assert [(row["region"], row["there"]) for row in rows] == [("eu-west-1", 8_000), ("eu-west-2", 8_000)]
    assert result.changed == [] and untouched(tables, before)


def test_one_region_alone_does_not_speak_for_all(tables, before):
    result = refresh_limits(["eu-west-1"], quota_session({"L-8A5B8E43": 8_000}), TODAY, tables=tables)
    rows = [row for row in result.elsewhere if row["id"] == "apigw.throttle"]
    assert [(row["value"], row["there"]) for row in rows] == [(10_000, 8_000)] and result.changed == []
    assert untouched(tables, before)


@pytest.mark.parametrize(
    ("value", "theirs", "name", "unit", "ours"),
    [
        (4, "Kilobytes", "Environment variable size", "bytes", 4096),
        (4, "Kilobytes", "Standard parameter", "characters", 4096),
        (29000, "Milliseconds", "", "seconds", 29),
        (29000, "None", "Maximum integration timeout in milliseconds", "seconds", 29),
        (29000, None, "Maximum integration timeout", "seconds", None),
        (75, "Gigabytes", "", "GB unzipped", 75),
        (1, "Terabytes", "", "GB", 1024),
        (1000, "None", "Concurrent executions", "executions", 1000),
        (1000, None, "Concurrent executions", "executions", 1000),
        (5, "Count", "", "vCPU", 5),
        (5, "Megabytes", "", "executions", None),
        (5, "None", "Async invoke throughput", "MB/s", None),
        (5, "Kilobytes", "", "seconds", None),
    ],
)
def test_a_quota_is_read_in_the_unit_of_the_table(value, theirs, name, unit, ours):
    quota = {"Value": value, "QuotaName": name} | ({} if theirs is None else {"Unit": theirs})
    assert quotas.quota_in_unit(quota, unit) == ours


@pytest.mark.parametrize(
    "unit", sorted({limit.unit for limit in catalogue.limits().values() if limit.quota_code})
)
def test_every_unit_with_a_quota_code_has_a_dimension_or_counts(unit):
    counts = {
        "connections/s",
        "executions",
        "per second",
        "requests/s",
        "resources",
        "routes",
        "vCPU",
        "values",
    }
    assert unit in quotas.OURS or unit in counts


def test_a_service_that_quotas_do_not_know_there_is_no_failure(tables):
    session = quota_session()
    session.answers["service-quotas"][2:4] = [
        ("list_aws_default_service_quotas", "NoSuchResourceException"),
        ("list_service_quotas", "NoSuchResourceException"),
    ]
    assert refresh_limits(TWO, session, TODAY, tables=tables).changed == []


def test_quotas_that_fail_half_way_change_nothing(tables, before):
    session = quota_session({"L-E5AE38E3": 45_000})
    session.answers["lambda"] = [("get_account_settings", "AccessDeniedException")]
    with pytest.raises(CloudError, match="expected credentials that may lambda:GetAccountSettings"):
        refresh_limits(TWO, session, TODAY, tables=tables)
    assert untouched(tables, before)


def test_what_was_found_is_plain(tables):
    result = refresh_limits(TWO, quota_session(), TODAY, tables=tables).to_dict()
    assert json.loads(json.dumps(result))["as_of"] == "2026-11-23"
    assert aws_calls.CREDENTIALS & {"NoCredentialsError"}


# What a person is told -------------------------------------------------------------------------------


def test_old_and_new_stand_side_by_side(tables):
    tables = with_prices_of(tables, "lambda.duration_x86", "lambda.request")
    session = Session({"pricing": product_pages(sample("lambda.eu-west-1.json"))})
    result = refresh_prices(["eu-west-1"], session, TODAY, tables=tables)
    table_of_changes, unlisted = summary.refresh_tables(result)
    assert table_of_changes[0] == "What changed"
    assert table_of_changes[2] == ("id", "region", ">from", ">old USD", ">new USD", ">old as of", ">as of")
    row = ("lambda.duration_x86", "eu-west-1", "0", "0.0000166667", "0.000017", "2025-06-17", "2026-11-23")
    assert table_of_changes[3] == [row] and unlisted[3][0][0] == "lambda.request_arm"
    assert summary.refresh_sentences(result)[0].startswith(
        f"Added 4 rows to {table(tables)}, as of 2026-11-23"
    )


def test_a_quota_is_told_in_its_unit(tables):
    result = refresh_limits(TWO, quota_session(applied={"L-E5AE38E3": 120_000}), TODAY, tables=tables)
    yours = next(part for part in summary.refresh_tables(result) if part[0] == "Yours")
    assert ("apigw.rest.timeout", "eu-west-1", "29 s", "2 min") in yours[3]
    assert summary.refresh_sentences(result)[0] == f"Nothing to add to {table(tables, 'limits')}."
