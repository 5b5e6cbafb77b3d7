"""Limits held against the service models of the AWS SDK that is installed, and of small ones made here.

`golden/service_models.csv` holds what botocore 1.44.8 of 20 November 2026 says at each probe, in the unit of
the row: whichever release is installed, a row that is changed by hand differs from it.
"""

import csv
import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from explorer.errors import FactsError, MissingExtraError
from explorer.facts import catalogue
from explorer.facts.catalogue import Facts
from explorer.facts.refresh import service_models, summary
from explorer.facts.refresh.quotas import refresh_limits
from explorer.facts.refresh.service_models import (
    STATES,
    ServiceModels,
    compare_limits_with_models,
    count_states,
    number_in,
)

pytest.importorskip("botocore")
GOLDEN = Path(__file__).parent / "golden" / "service_models.csv"
TODAY = date(2026, 12, 1)


def sentences(states: set[str]) -> list[str]:
    """What the installed SDK says of the rows in those states, a line each."""
    return [
        f"{row.id} is {row.value} {row.unit}, {row.where} says {row.says}: {row.sentence}"
        for row in compare_limits_with_models(catalogue.DEFAULT)
        if row.state in states
    ]


def test_no_limit_moved_in_the_installed_sdk():
    assert sentences({"moved", "gone", "new"}) == []


def test_a_row_that_the_installed_sdk_does_not_confirm_is_of_a_later_release():
    models = ServiceModels()
    for row in compare_limits_with_models(catalogue.DEFAULT, models):
        if row.state == "older":
            release = service_models.RELEASE.search(row.evidence)[1]
            assert service_models._version(models.release) < service_models._version(release), row.id


def test_every_row_with_a_probe_has_the_number_of_the_newest_release_that_was_read():
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        says = {(row["limit"], row["column"]): float(row["says"]) for row in csv.DictReader(file)}
    probes = {(probe.limit, probe.column) for probe in catalogue.DEFAULT.probes()}
    assert says.keys() == probes
    rows = {(limit, column): getattr(catalogue.limit(limit), column) for limit, column in probes}
    assert {key: value for key, value in rows.items() if value != pytest.approx(says[key], rel=1e-9)} == {}


def test_a_limit_without_a_probe_is_silent_and_none_is_forgotten():
    rows = compare_limits_with_models(catalogue.DEFAULT)
    assert {row.id for row in rows} == set(catalogue.limits())
    silent = {row.id for row in rows if row.state == "silent"}
    assert silent == set(catalogue.limits()) - {probe.limit for probe in catalogue.DEFAULT.probes()}
    assert sum(count_states(rows).values()) == len(rows) and [row.state for row in rows] == sorted(
        (row.state for row in rows), key=STATES.index
    )


# A table and a model made here --------------------------------------------------------------------

SENTENCE = "<p>The default is 3 seconds, and the maximum allowed value is {} seconds. More.</p>"
PROBES = """limit,column,model,shape,read,pattern,factor
lambda.timeout,value,lambda,Request.Timeout,text,"maximum allowed value is ([\\d,]+ seconds)",1
lambda.memory,value,lambda,MemorySize,max,,1
"""


@pytest.fixture
def tables(tmp_path) -> Facts:
    folder = tmp_path / "data"
    folder.mkdir()
    for path in catalogue.DEFAULT.folder.glob("*.csv"):
        shutil.copy(path, folder)
    (folder / "probes.csv").write_text(PROBES, encoding="utf-8")
    return Facts(folder)


def models(
    folder: Path, seconds: object = "1,800", memory: object = 10240, release="1.45.0"
) -> ServiceModels:
    """Service models of a release with one sentence and one bound; None leaves one out."""
    shapes: dict = {"Request": {"members": {"Timeout": {}}}, "MemorySize": {}}
    if seconds is not None:
        shapes["Request"]["members"]["Timeout"]["documentation"] = SENTENCE.format(seconds)
    if memory is not None:
        shapes["MemorySize"]["max"] = memory
    path = folder / "models" / "lambda" / "2015-03-31" / "service-2.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"shapes": shapes, "operations": {}}), encoding="utf-8")
    return ServiceModels(folder / "models", release)


def states(tables: Facts, models: ServiceModels) -> dict[str, str]:
    return {row.id: row.state for row in compare_limits_with_models(tables, models) if row.state != "silent"}


@pytest.mark.parametrize(
    ("changes", "timeout", "memory"),
    [
        ({}, "confirmed", "confirmed"),
        ({"seconds": "3,600"}, "moved", "confirmed"),
        ({"seconds": "900"}, "moved", "confirmed"),  # a later release that goes back
        ({"seconds": "900", "release": "1.44.6"}, "older", "confirmed"),
        ({"seconds": "600", "release": "1.44.6"}, "moved", "confirmed"),  # no row ever said so
        ({"seconds": None}, "gone", "confirmed"),
        ({"seconds": None, "release": "1.44.6"}, "older", "confirmed"),
        ({"memory": 20480}, "confirmed", "moved"),
        ({"memory": None}, "confirmed", "gone"),
    ],
)
def test_a_limit_is_confirmed_moved_gone_or_of_a_later_release(tables, tmp_path, changes, timeout, memory):
    states_of_limits = states(tables, models(tmp_path, **changes))
    assert states_of_limits == {"lambda.timeout": timeout, "lambda.memory": memory}


def test_a_number_where_the_table_has_none_is_new(tables, tmp_path):
    with (tables.folder / "probes.csv").open("a", encoding="utf-8") as file:
        file.write("web.payload,value,lambda,MemorySize,max,,1024\n")
    (row,) = (row for row in compare_limits_with_models(tables, models(tmp_path)) if row.state == "new")
    assert (row.id, row.value, row.says) == ("web.payload", None, 10240 * 1024)


def test_the_sentence_stands_beside_what_it_says(tables, tmp_path):
    (row,) = (
        row for row in compare_limits_with_models(tables, models(tmp_path, "3,600")) if row.state == "moved"
    )
    assert row.sentence == "The default is 3 seconds, and the maximum allowed value is 3,600 seconds."
    assert (row.where, row.says, row.value) == ("lambda Request.Timeout", 3600, 1800)


class NoNetwork:
    def client(self, *args, **more):
        from botocore.exceptions import NoCredentialsError

        raise NoCredentialsError


@pytest.fixture
def later_sdk(tables, tmp_path, monkeypatch):
    service_models = models(tmp_path, "3,600", None)
    monkeypatch.setattr("explorer.facts.refresh.quotas.ServiceModels", lambda: service_models)
    return tables


def test_a_refresh_without_a_network_adds_what_moved_as_not_verified(later_sdk):
    result = refresh_limits(["eu-west-1"], NoNetwork(), TODAY, tables=later_sdk)
    assert [row["id"] for row in result.moved] == ["lambda.timeout"] and result.added == 1
    assert [row["id"] for row in result.gone] == ["lambda.memory"]
    row = later_sdk.limit("lambda.timeout")
    assert (row.value, row.verified, row.as_of) == (3600, False, "2026-12-01")
    assert row.evidence == "botocore 1.45.0 service model" and "1.45.0" in row.source_url
    assert [limit.value for limit in later_sdk.limit_history("lambda.timeout")] == [900, 1800, 3600]
    headings = [part[0] for part in summary.refresh_tables(result)]
    assert headings[:2] == ["Moved in the SDK's service models", "No longer in the SDK's service models"]
    again = refresh_limits(["eu-west-1"], NoNetwork(), TODAY, tables=Facts(later_sdk.folder))
    assert (again.moved, again.added) == ([], 0)


def test_a_limit_that_more_than_doubled_waits_for_yes(tables, tmp_path, monkeypatch):
    service_models = models(tmp_path, "7,200")
    monkeypatch.setattr("explorer.facts.refresh.quotas.ServiceModels", lambda: service_models)
    result = refresh_limits(["eu-west-1"], NoNetwork(), TODAY, tables=tables)
    assert ([row["id"] for row in result.suspicious], result.added) == (["lambda.timeout"], 0)
    result = refresh_limits(["eu-west-1"], NoNetwork(), TODAY, yes=True, tables=tables)
    assert tables.limit("lambda.timeout").value == 7200 and result.added == 1


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("6 MB", "bytes", 6 * 1024**2),
        ("256 KiB", "bytes", 256 * 1024),
        ("4 KB", "characters", 4096),
        ("6MB", "bytes", 6 * 1024**2),
        ("29,000 milliseconds", "seconds", 29),
        ("one hour", "seconds", 3600),
        ("5400", "seconds", 5400),
        ("10,240 MB", "MB", 10240),
        ("10,000", "requests/s", 10000),
    ],
)
def test_a_number_is_read_in_the_unit_of_the_row(text, unit, number):
    assert number_in(text, unit) == number


@pytest.mark.parametrize("text", ["", "many", "a few seconds"])
def test_what_is_no_number(text):
    with pytest.raises(ValueError, match="is no number"):
        number_in(text, "seconds")


def test_without_an_sdk_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(service_models.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"botocore, which is not installed: .*pip install .*\[aws\]"):
        ServiceModels()


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (
            "lambda.timeot,value,lambda,Timeout,max,,1",
            'limit is "lambda.timeot": expected an id of limits.csv',
        ),
        ("lambda.tmp,worth,lambda,Timeout,max,,1", "expected one of value, raised_to"),
        ("lambda.tmp,value,lambda,Timeout,most,,1", "expected one of max, min, text"),
        ("lambda.tmp,value,lambda,Timeout,text,,1", "expected a pattern where read is text, else blank"),
        ("lambda.tmp,value,lambda,Timeout,text,[0-9]+,1", "expected a regular expression with one group"),
        ("lambda.tmp,value,lambda,Timeout,text,(,1", "expected a regular expression with one group"),
        ("lambda.tmp,value,lambda,Timeout,max,,much", 'factor is "much"'),
    ],
)
def test_a_broken_probe_is_refused_in_one_line(tables, row, says):
    with (tables.folder / "probes.csv").open("a", encoding="utf-8") as file:
        file.write(row + "\n")
    with pytest.raises(FactsError) as error:
        tables.probes()
    assert says in str(error.value) and "probes.csv line 4" in str(error.value)


def test_a_row_that_is_changed_by_hand_no_longer_agrees(tables):
    row = replace(catalogue.limit("lambda.sync.request"), value=6_291_457)
    shutil.copy(catalogue.DEFAULT.folder / "probes.csv", tables.folder)
    path = tables.folder / "limits.csv"
    text = path.read_text(encoding="utf-8").replace(
        ",6291456,bytes,request,no", f",{row.value},bytes,request,no", 1
    )
    path.write_text(text, encoding="utf-8")
    moved = [row.id for row in compare_limits_with_models(Facts(tables.folder)) if row.state == "moved"]
    assert moved == ["lambda.sync.request"]


# cfn-lint's schemas, the second witness --------------------------------------------------------------

SCHEMAS = {  # a limit: the schema's property, and which of its bounds
    "lambda.timeout.lmi": ("AWS::Lambda::Function", "Timeout", "maximum"),
    "lambda.timeout.min": ("AWS::Lambda::Function", "Timeout", "minimum"),
    "lambda.memory.min": ("AWS::Lambda::Function", "MemorySize", "minimum"),
    "lambda.memory.model": ("AWS::Lambda::Function", "MemorySize", "maximum"),
    "lambda.description": ("AWS::Lambda::Function", "Description", "maxLength"),
    "lambda.handler": ("AWS::Lambda::Function", "Handler", "maxLength"),
    "lambda.esm.batch_size": ("AWS::Lambda::EventSourceMapping", "BatchSize", "maximum"),
    "lambda.esm.window": ("AWS::Lambda::EventSourceMapping", "MaximumBatchingWindowInSeconds", "maximum"),
    "lambda.esm.parallel": ("AWS::Lambda::EventSourceMapping", "ParallelizationFactor", "maximum"),
    "lambda.esm.retries": ("AWS::Lambda::EventSourceMapping", "MaximumRetryAttempts", "maximum"),
    "lambda.esm.age": ("AWS::Lambda::EventSourceMapping", "MaximumRecordAgeInSeconds", "maximum"),
    "lambda.esm.tumbling": ("AWS::Lambda::EventSourceMapping", "TumblingWindowInSeconds", "maximum"),
    "lambda.async.age": ("AWS::Lambda::EventInvokeConfig", "MaximumEventAgeInSeconds", "maximum"),
    "lambda.async.age.min": ("AWS::Lambda::EventInvokeConfig", "MaximumEventAgeInSeconds", "minimum"),
    "lambda.async.retries": ("AWS::Lambda::EventInvokeConfig", "MaximumRetryAttempts", "maximum"),
}


def schema(kind: str) -> dict:
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    return PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema["properties"]


@pytest.mark.parametrize("limit", SCHEMAS)
def test_the_template_schemas_of_cfn_lint_say_the_same(limit):
    pytest.importorskip("cfnlint")
    kind, name, bound_name = SCHEMAS[limit]
    assert schema(kind)[name][bound_name] == catalogue.limit(limit).value


def test_the_runtimes_of_cfn_lint_have_the_same_dates():
    resources = pytest.importorskip("cfnlint.data.AdditionalSpecs")
    path = Path(resources.__file__).with_name("LmbdRuntimeLifecycle.json")
    for name, dates in json.loads(path.read_text(encoding="utf-8")).items():
        runtime = catalogue.DEFAULT._runtimes.get(name)
        if runtime:
            schema_dates = [
                dates.get(key) or "" for key in ("deprecated", "create-block", "update-block", "successor")
            ]
            own = [runtime.deprecated, runtime.create_blocked, runtime.update_blocked, runtime.successor]
            assert own == schema_dates, name
