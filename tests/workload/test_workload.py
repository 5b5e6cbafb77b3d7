"""Workload files: what they say, and one clear line for each mistake."""

import datetime
import json
import string
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import explorer as ex
from explorer.errors import WorkloadError
from explorer.facts.locations import workloads_dir
from explorer.workload.workload import Workload

LEAST = {"requests_per_month": 1e6, "response": "2 MB", "runtime": "120 ms"}
EXAMPLE = """
name = "Account statements"
region = "eu-west-1"
requests_per_month = 3_000_000
peak_rps = 6
[request]
p50 = "40 KB"
p99 = "900 KB"
[response]
p50 = "800 KB"
p99 = "9 MB"
binary = true
compression = 1.0
divisible = false
kept = "7 days"
[runtime]
p50 = "4 s"
p99 = "40 s"
"p99.9" = "90 s"
memory = "1769 MB"
architecture = "arm64"
language = "python3.13"
divisible = true
steps = 10
state = "300 KB"
[configuration]
total = "12 KB"
entries = 40
largest = "3 KB"
secrets = 3
rotation = true
changes_without_deploy = false
[client]
waits = "25 s"
polls = true
uploads = true
receives_callbacks = false
bandwidth = "20 Mbit/s"
auth = "iam"
needs = []
[targets]
success = 0.999
latency_p95 = "90 s"
[preferences]
part_usd = 10
free_tier = false
month_hours = 730
discount = 0
[current]
door = "rest-api"
response = "buffered"
"""


def file(folder: Path, text: str, name: str = "statements.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def mistake(**fields) -> str:
    with pytest.raises(WorkloadError) as error:
        Workload(**{**LEAST, **fields})
    return str(error.value)


def test_the_shortest_wait_is_a_millisecond():
    w = Workload(**LEAST).replace({"client.waits": "1 ms", "targets.latency_p95": 0.001})
    assert w.client.waits == w.targets.latency_p95 == 0.001


def test_every_field_of_the_contract_is_read(tmp_path):
    w = Workload.load(file(tmp_path, EXAMPLE))
    assert (w.name, w.region, w.requests_per_month, w.peak_rps) == ("Account statements", "eu-west-1", 3e6, 6)
    assert w.request.spread.quantile(0.99) == pytest.approx(900 * 1024)
    assert w.response.spread.quantile(0.5) == pytest.approx(800 * 1024)
    assert (w.response.binary, w.response.kept) == (True, 7 * 86400)
    assert w.runtime.spread.quantile(0.999) == pytest.approx(90)
    assert (w.runtime.memory, w.runtime.steps, w.runtime.state) == (1769, 10, 300 * 1024)
    assert (w.configuration.total, w.configuration.largest) == (12 * 1024, 3 * 1024)
    assert (w.client.waits, w.client.bandwidth, w.client.auth) == (25, 2.5e6, "iam")
    assert (w.targets.success, w.targets.latency_p95) == (0.999, 90)
    assert (w.current.door, w.current.request) == ("rest-api", None)


def test_defaults_are_those_of_the_contract():
    w = Workload(**LEAST)
    assert (w.region, w.peak_rps) == ("us-east-1", None)
    assert (w.response.binary, w.response.compression, w.response.divisible) == (False, 1.0, False)
    assert w.response.kept == 86400
    assert (w.runtime.memory, w.runtime.architecture, w.runtime.language) == (1769, "arm64", "python3.13")
    assert w.preferences.model_dump() == {
        "part_usd": 10,
        "free_tier": False,
        "month_hours": 730,
        "discount": 0,
        "savings_plan": "none",
    }
    assert (w.peak_ramp, w.response.cacheable) == (3600, 0)
    assert (w.runtime.cpu, w.runtime.threads, w.runtime.used, w.runtime.tuned) == (0.5, 1, 512, ())
    assert (w.runtime.first_byte, w.runtime.interruptible, w.runtime.once, w.runtime.orchestrated) == (
        None,
        False,
        False,
        False,
    )
    assert (w.client.collects, w.client.sockets, w.client.headers) == (True, False, None)
    assert w.network.model_dump() == {"vpc": False, "internet": False, "per_request": None}
    assert (w.downstream.concurrency, w.account, w.targets.first_byte_p95) == (None, {}, None)
    assert (w.client.auth, w.targets.latency_p95, w.current) == (None, None, None)


def test_the_largest_value_is_the_mean_unless_given():
    w = Workload(**LEAST, configuration={"total": "4 KB", "entries": 4})
    assert w.configuration.largest is None
    assert Workload(**LEAST, configuration={"total": 100, "largest": 60}).configuration.largest == 60


@pytest.mark.parametrize(
    ("spread", "p", "value"),
    [
        ("2 MB", 0.99, 2097152),
        (5000, 0.99, 5000),
        ({"p50": "1 KB", "p99.9": "1 MB"}, 0.999, 1048576),
        ({"p50": "1 KB", "p99_9": "1 MB"}, 0.999, 1048576),
        ({"p50": "1 KB", "p99": {"9": "1 MB"}}, 0.999, 1048576),  # as TOML reads p99.9 = ...
        ({"p1": "1 KB", "p99": "1 MB"}, 0.01, 1024),
        ({"p50": "1 KB", "max": "1 MB"}, 1 - 1e-9, 1048576),
        ({"max": "1 MB"}, 0.5, 1048576),
        ({"samples": [1, 2, 3]}, 0.5, 2),
        (np.float64(7.0), 0.5, 7),
    ],
)
def test_a_spread_is_one_value_quantiles_or_samples(spread, p, value):
    w = Workload(**{**LEAST, "response": spread})
    assert w.response.spread.quantile(p) == pytest.approx(value)


MISTAKES = {  # what is given: (the field, the value, what is accepted)
    "response not a size": ({"response": "9 MBB"}, 'response is "9 MBB"', 'a size such as "9 MB"'),
    "response empty": ({"response": ""}, 'response is ""', "a size such as"),
    "response a list": ({"response": [1]}, "response is [1]", "a size such as"),
    "response true": ({"response": True}, "response is true", "a size such as"),
    "response a date": ({"response": datetime.date(2026, 1, 1)}, "response is", "a size such as"),
    "response negative": ({"response": -5}, "response is -5", "a size such as"),
    "response NaN": ({"response": float("nan")}, "response is nan", "a size such as"),
    "response absurd": ({"response": "51 TB"}, 'response is "51 TB"', "at most 50 TB"),
    "response beyond floats": ({"response": 10**400}, "response is 1000", "expected a size"),
    "runtime not a time": ({"runtime": "4 MB"}, 'runtime is "4 MB"', 'a time such as "250 ms"'),
    "runtime absurd": ({"runtime": "367 days"}, 'runtime is "367 days"', "at most 366 days"),
    "quantile not a size": ({"response": {"p50": "x"}}, 'response.p50 is "x"', "a size such as"),
    "quantile a list": ({"response": {"p50": [1]}}, "response.p50 is [1]", "a size such as"),
    "quantile a table": ({"response": {"p50": {"a": 1}}}, "response.p50", "expected"),
    "quantiles fall": ({"response": {"p50": "2 MB", "p99": "1 MB"}}, "response.p99 is", "at least p50"),
    "quantile zero": ({"response": {"p50": 0, "p99": 5}}, "response.p50 is 0", "more than 0"),
    "quantile p0": ({"response": {"p0": 1}}, "response.p0 is", "p1 to p99.9"),
    "quantile p100": ({"response": {"p100": 1}}, "response.p100 is", "p1 to p99.9"),
    "quantile p0.9": ({"response": {"p0.9": 1}}, "response.p0.9 is", "p1 to p99.9"),
    "quantile p99.91": ({"response": {"p50": 1, "p99.91": 2}}, "response.p99.91 is", "p1 to p99.9"),
    "quota text": ({"account": {"lambda.concurrency": "9"}}, '"lambda.concurrency" is "9"', "a number above"),
    "quantile too fine": ({"response": {"p50": 1, "p99.99999999999": 2}}, "response.p99", "expected"),
    "maximum under p50": ({"response": {"p50": "3 MB", "max": "1 MB"}}, "response.max is", "at least p50"),
    "maximum not a size": ({"response": {"p50": 1, "max": "big"}}, 'response.max is "big"', "a size such as"),
    "no quantiles": ({"response": {"binary": True}}, "response has no quantiles", "one value, quantiles"),
    "samples and p50": ({"response": {"p50": 1, "samples": [1]}}, "response has several", "one of them"),
    "samples missing": (
        {"response": {"samples": "no.csv"}},
        'response.samples is "no.csv"',
        ".parquet, .csv or .txt",
    ),
    "samples negative": ({"response": {"samples": [1, -2]}}, "response has the sample -2", "0 or more"),
    "samples NaN": ({"response": {"samples": [1, float("nan")]}}, "response has the sample nan", "numbers"),
    "samples none": ({"response": {"samples": []}}, "response has no samples", "at least one"),
    "samples text": ({"response": {"samples": ["a"]}}, "response.samples", "numbers"),
    "samples ragged": ({"response": {"samples": [[1, 2], [3]]}}, "response.samples", "numbers"),
    "samples nested": ({"response": {"samples": [[1, 2], [3, 4]]}}, "response.samples", "numbers"),
    "samples a table": ({"response": {"samples": {"a": 1}}}, "response.samples", "numbers"),
    "samples true": ({"response": {"samples": True}}, "response.samples is true", "expected"),
    "samples too long a name": (
        {"response": {"samples": "x" * 5000}},
        'response.samples is "xxx',
        "expected",
    ),
    "column without samples": ({"response": {"p50": 1, "column": "x"}}, "response.column", "expected"),
    "unknown field": ({"responze": 1}, "responze is not a field", 'did you mean "response"'),
    "unknown in response": (
        {"response": {"p50": 1, "compresion": 1}},
        "response.compresion is not a",
        "compression",
    ),
    "unknown in request": ({"request": {"p50": 1, "kept": 1}}, "request.kept is not a field", "binary"),
    "unknown in runtime": ({"runtime": {"p50": 1, "memry": 1}}, "runtime.memry is not a field", "memory"),
    "unknown in configuration": (
        {"configuration": {"size": 1}},
        "configuration.size is not a field",
        "total",
    ),
    "unknown in client": ({"client": {"wait": 1}}, "client.wait is not a field", "waits"),
    "unknown in targets": ({"targets": {"p95": 1}}, "targets.p95 is not a field", "latency_p95"),
    "unknown in preferences": ({"preferences": {"usd": 1}}, "preferences.usd is not a field", "part_usd"),
    "unknown in current": ({"current": {"gate": 1}}, "current.gate is not a field", "door"),
    "a dot in a name": ({"request": {".": 1}}, "request..", "binary"),
    "dots in a name": ({"client": {"a.b": 1}}, "client.a.b is not a field", "waits"),
    "inner name": ({"response": {"p50": 1, "spread": 3}}, "response.spread is not a field", "compression"),
    "binary a word": (
        {"response": {"p50": 1, "binary": "maybe"}},
        'response.binary is "maybe"',
        "true or false",
    ),
    "binary a number": ({"response": {"p50": 1, "binary": 7}}, "response.binary is 7", "true or false"),
    "compression over 1": (
        {"response": {"p50": 1, "compression": 1.1}},
        "response.compression is 1.1",
        "to 1",
    ),
    "compression zero": ({"response": {"p50": 1, "compression": 0}}, "response.compression is 0", "to 1"),
    "kept not a time": (
        {"response": {"p50": 1, "kept": "1 MB"}},
        'response.kept is "1 MB"',
        "a time such as",
    ),
    "memory too small": (
        {"runtime": {"p50": 1, "memory": "64 MB"}},
        'runtime.memory is "64 MB"',
        "128 MB to",
    ),
    "memory too large": ({"runtime": {"p50": 1, "memory": "2 TB"}}, 'runtime.memory is "2 TB"', "120 GB"),
    "architecture": (
        {"runtime": {"p50": 1, "architecture": "mips"}},
        'architecture is "mips"',
        "arm64, x86_64 or any",
    ),
    "language": ({"runtime": {"p50": 1, "language": "cobol"}}, 'runtime.language is "cobol"', "python3.14"),
    "language a list": ({"runtime": {"p50": 1, "language": ["go"]}}, "runtime.language is ['go']", "text"),
    "steps zero": ({"runtime": {"p50": 1, "steps": 0}}, "runtime.steps is 0", "1 or more"),
    "state negative": ({"runtime": {"p50": 1, "state": "-1"}}, 'runtime.state is "-1"', "a size such as"),
    "total": ({"configuration": {"total": "4 s"}}, 'configuration.total is "4 s"', "a size such as"),
    "entries text": (
        {"configuration": {"total": 9, "entries": "4"}},
        'configuration.entries is "4"',
        "a number",
    ),
    "entries negative": ({"configuration": {"entries": -1}}, "configuration.entries is -1", "0 or more"),
    "secrets over entries": (
        {"configuration": {"total": 9, "entries": 1, "secrets": 2}},
        "secrets is 2",
        "at most",
    ),
    "largest over total": (
        {"configuration": {"total": 9, "largest": 10}},
        "configuration.largest is 10",
        "at most",
    ),
    "configuration true": ({"configuration": True}, "configuration is true", "table"),
    "configuration a list": ({"configuration": [1]}, "configuration is [1]", "table"),
    "dotenv missing": ({"configuration": {"dotenv": "no.env"}}, 'dotenv is "no.env"', "NAME=value"),
    "dotenv a number": ({"configuration": {"dotenv": 5}}, "configuration.dotenv is 5", "text"),
    "dotenv too long a name": (
        {"configuration": {"dotenv": "x" * 5000}},
        "configuration.dotenv is",
        "expected",
    ),
    "waits": ({"client": {"waits": "soon"}}, 'client.waits is "soon"', "a time such as"),
    "waits no time": ({"client": {"waits": 0}}, "client.waits is 0", "a time from 1 ms to 366 days"),
    "promised at once": ({"targets": {"latency_p95": "0.9 ms"}}, 'latency_p95 is "0.9 ms"', "from 1 ms"),
    "begun at once": ({"targets": {"first_byte_p95": 0}}, "targets.first_byte_p95 is 0", "from 1 ms"),
    "polls": ({"client": {"polls": "often"}}, 'client.polls is "often"', "true or false"),
    "bandwidth": ({"client": {"bandwidth": "20 MB"}}, 'client.bandwidth is "20 MB"', "a bandwidth such as"),
    "bandwidth zero": ({"client": {"bandwidth": 0}}, "client.bandwidth is 0", "more than 0"),
    "auth": ({"client": {"auth": "basic"}}, 'client.auth is "basic"', "none, iam or jwt"),
    "needs a word": ({"client": {"needs": "waf"}}, 'client.needs is "waf"', "a list"),
    "needs unknown": ({"client": {"needs": ["wafff"]}}, '"wafff"', "custom-domain, waf"),
    "client a list": ({"client": []}, "client is []", "table"),
    "success a percentage": ({"targets": {"success": 99.9}}, "targets.success is 99.9", "0.5 to 1"),
    "success NaN": ({"targets": {"success": float("nan")}}, "targets.success is nan", "0.5 to 1"),
    "latency": ({"targets": {"latency_p95": "x"}}, 'targets.latency_p95 is "x"', "a time such as"),
    "part_usd": ({"preferences": {"part_usd": -1}}, "preferences.part_usd is -1", "0 USD"),
    "month": ({"preferences": {"month_hours": 24}}, "preferences.month_hours is 24", "672 to 744"),
    "discount": ({"preferences": {"discount": 1}}, "preferences.discount is 1", "0 to 0.99"),
    "free_tier": ({"preferences": {"free_tier": "maybe"}}, 'free_tier is "maybe"', "true or false"),
    "requests text": ({"requests_per_month": "many"}, 'requests_per_month is "many"', "a number"),
    "requests true": ({"requests_per_month": True}, "requests_per_month is true", "a number"),
    "requests zero": ({"requests_per_month": 0}, "requests_per_month is 0", "1 to 10 trillion requests"),
    "requests absurd": (
        {"requests_per_month": 1.01e13},
        "requests_per_month is 1",
        "1 to 10 trillion requests",
    ),
    "requests beyond floats": ({"requests_per_month": 10**400}, "requests_per_month is 1000", "expected"),
    "peak under the mean": ({"peak_rps": 0.1}, "peak_rps is 0.1", "at least the mean rate"),
    "region": ({"region": "mars-1"}, 'region is "mars-1"', "us-east-1"),
    "region a number": ({"region": 5}, "region is 5", "text"),
    "name a list": ({"name": []}, "name is []", "text"),
    "current a number": ({"current": {"door": 5}}, "current.door is 5", "text"),
}


@pytest.mark.parametrize(("fields", "says", "accepted"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_with_field_value_and_what_is_accepted(fields, says, accepted):
    message = mistake(**fields)
    assert message.startswith("workload: ") and "\n" not in message
    assert says in message and accepted in message
    assert "Input should" not in message and "Value error" not in message  # the parser's own words


@pytest.mark.parametrize("field", LEAST)
def test_a_field_that_has_no_default_is_asked_for_by_name(field):
    with pytest.raises(WorkloadError, match=rf"workload: {field} is missing: expected a "):
        Workload(**{name: value for name, value in LEAST.items() if name != field})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("requests_per_month = ", "is not TOML"),
        ("a = 1\na = 2", "is not TOML"),
        ('[response]\np99 = "1 MB"\np99.9 = "2 MB"', 'write "p99.9" in quotes'),
        ("requests_per_month = 1" + "0" * 5000, "expected"),
        (
            'requests_per_month = 1\nresponse = "9 MBB"\nruntime = 1',
            'bad.toml: response is "9 MBB": expected a size',
        ),
        ("", "bad.toml: requests_per_month is missing: expected a number of requests"),
        (
            'requests_per_month=1\nresponse=1\nruntime=1\nconfiguration.dotenv="x.env"',
            'configuration.dotenv is "x.env"',
        ),
        (
            'requests_per_month=1\nruntime=1\nresponse={samples="x.csv"}',
            'response.samples is "x.csv": no such file',
        ),
    ],
)
def test_a_bad_file_is_one_line_that_names_it(tmp_path, text, says):
    with pytest.raises(WorkloadError) as error:
        Workload.load(file(tmp_path, text, "bad.toml"))
    assert "bad.toml: " in str(error.value) and says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["none.toml", ".", "binary.toml", "x" * 5000, "nul\0"])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path, name):
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(WorkloadError, match="expected a workload in TOML"):
        Workload.load(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"# only a comment\n", b"\xff\xfe=\x00"])
def test_a_bad_dotenv_is_one_line_that_names_it(tmp_path, content):
    (tmp_path / "bad.env").write_bytes(content)
    with pytest.raises(WorkloadError, match=r'configuration\.dotenv is "bad\.env"') as error:
        Workload("w.toml", tmp_path, **LEAST, configuration={"dotenv": "bad.env"})
    assert "Value error" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("s.csv", "a,b\n1,2\n"),  # which column?
        ("s.csv", "a\nx\n"),
        ("s.csv", ""),
        ("s.parquet", "no parquet"),
        ("s.json", "[1]"),
        ("s.csv", "a\n-1\n"),
    ],
)
def test_a_bad_file_of_samples_is_one_line(tmp_path, name, content):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(WorkloadError, match=r"w\.toml: response") as error:
        Workload("w.toml", tmp_path, **{**LEAST, "response": {"samples": name}})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "samples"),
    [
        ("s.csv", "size\n1\n2\n3\n", {"samples": "s.csv"}),
        ("s.txt", "1\n2\n3\n", {"samples": "s.txt"}),
        ("s.csv", "size,other\n1,7\n2,7\n3,7\n", {"samples": "s.csv", "column": "size"}),
    ],
)
def test_samples_come_from_a_file_beside_the_workload(tmp_path, name, content, samples):
    (tmp_path / name).write_text(content, encoding="utf-8")
    w = Workload("w.toml", tmp_path, **{**LEAST, "response": samples})
    assert w.response.spread.mean == 2


def test_samples_come_from_parquet(tmp_path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    pd.DataFrame({"size": [1.0, 2.0, 3.0]}).to_parquet(tmp_path / "s.parquet")
    w = Workload("w.toml", tmp_path, **{**LEAST, "response": {"samples": "s.parquet"}})
    assert w.response.spread.quantile(1.0) == 3


# A dotenv is counted, never stored ------------------------------------------------------------

SECRET = "hunter2-and-more"
VARIABLES = {"URL": "https://example.org/ü", "TOKEN": SECRET, "QUOTED": 'a "b"', "EMPTY": ""}


@pytest.fixture
def secretive(tmp_path) -> Workload:
    lines = [f"{name}='{value}'" for name, value in VARIABLES.items()]
    (tmp_path / "prod.env").write_text("\n".join(lines), encoding="utf-8")
    text = 'requests_per_month = 1000\nresponse = "2 KB"\nruntime = "1 s"\n'
    text += '[configuration]\ndotenv = "prod.env"\nsecrets = 1\n'
    return Workload.load(file(tmp_path, text))


def test_a_dotenv_is_counted_as_lambda_counts_it(secretive):
    total = secretive.configuration.total + 6 * secretive.configuration.entries + 1
    assert total == ex.environment_size(VARIABLES)
    assert secretive.configuration.entries == 4
    assert secretive.configuration.largest == len("https://example.org/ü".encode())


def test_a_value_of_a_dotenv_appears_nowhere(secretive):
    r = ex.recommend(secretive)
    texts = [repr(secretive), str(secretive), secretive.to_toml(), secretive.model_dump_json(), r.summary]
    texts += [json.dumps(r.to_dict(), default=str), repr(r), r.assumptions.to_csv(), r.findings.to_csv()]
    assert not [text for text in texts if "hunter2" in text]


@pytest.mark.parametrize(
    "more", ["total = 5", "entries = 5", "largest = 5", "secrets = 99", "bogus = 1", "rotation = 5"]
)
def test_no_mistake_beside_a_dotenv_shows_its_values(tmp_path, more):
    (tmp_path / "prod.env").write_text(f"TOKEN={SECRET}\n'broken {SECRET}\n", encoding="utf-8")
    text = 'requests_per_month = 1000\nresponse = "2 KB"\nruntime = "1 s"\n'
    with pytest.raises(WorkloadError) as error:
        Workload.load(file(tmp_path, text + f'[configuration]\ndotenv = "prod.env"\n{more}\n'))
    chain, messages = error.value, ""
    while chain:
        messages, chain = messages + str(chain) + repr(chain), chain.__cause__
    assert "hunter2" not in messages


# As given, and changed ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(workloads_dir().glob("*.toml")), ids=lambda path: path.stem)
def test_an_example_written_and_read_again_is_the_same(path, tmp_path):
    w = Workload.load(path)
    again = Workload.load(file(tmp_path, w.to_toml()))
    assert tomllib.loads(again.to_toml()) == tomllib.loads(w.to_toml())
    assert ex.recommend(again).monthly_usd == ex.recommend(w).monthly_usd


def test_a_spread_replaced_by_one_value_keeps_its_other_fields():
    w = Workload(**{**LEAST, "response": {"p50": "1 MB", "p99": "2 MB", "binary": True}})
    replaced = w.replace(response="3 MB")
    assert (replaced.response.spread.quantile(0.99), replaced.response.binary) == (3 * 1024**2, True)
    assert w.response.spread.quantile(0.99) == pytest.approx(2 * 1024**2)


def test_a_dotted_field_is_replaced():
    w = Workload(**LEAST).replace({"client.waits": "5 s", "response.binary": True}, region="eu-west-1")
    assert (w.client.waits, w.response.binary, w.region) == (5, True, "eu-west-1")
    assert w.response.spread.mean == 2 * 1024**2


def test_a_replaced_field_is_checked():
    with pytest.raises(WorkloadError, match=r"client\.waits is -1"):
        Workload(**LEAST).replace({"client.waits": -1})


def test_a_workload_knows_what_was_given():
    w = Workload(**{**LEAST, "runtime": {"p50": "1 s", "memory": 1769}})
    assert w.is_given("runtime.memory") and not w.is_given("runtime.language")
    assert w.is_given("response") and not w.is_given("peak_rps")


def test_a_request_without_a_size_has_the_default_whatever_else_its_table_says():
    alone, stated = Workload(**LEAST), Workload(**LEAST, request={"binary": True})
    assert stated.request.binary and not alone.request.binary
    assert float(stated.request.spread.median) == float(alone.request.spread.median) == 1024
    assert stated.is_given("request.binary") and not stated.is_given("request")
    assert stated.to_toml().endswith("[request]\nbinary = true\n")  # no size that nobody stated


@pytest.mark.parametrize("size", [{"p50": "3 KB"}, {"value": "3 KB"}, {"samples": [3072]}, {"max": "3 KB"}])
def test_a_request_with_a_size_has_that_size(size):
    w = Workload(**LEAST, request={"binary": True, **size})
    assert w.is_given("request") and float(w.request.spread.quantile(0.999)) == 3072


def test_a_default_size_is_scaled_and_replaced_as_a_stated_one():
    w = Workload(**LEAST, request={"binary": True})
    assert float(w.scale_by("request", 2).request.spread.median) == 2048
    assert w.scale_by("request", 2).request.binary and w.replace(request="5 KB").request.binary
    switched = Workload(**LEAST).replace({"request.binary": True})  # as the app's switch does
    assert switched.request.binary and not switched.is_given("request")


def test_a_workload_is_not_changed_by_what_made_it():
    quantiles = {"p50": "1 s", "p99": "2 s"}
    w = Workload(**{**LEAST, "runtime": quantiles})
    quantiles["p99"] = "3 s"
    assert "3 s" not in w.to_toml()


# Whatever is given: a workload or one clear line ---------------------------------------------------

NAMES = ["p50", "p99", "max", "samples", "column", "binary", "memory", "total", "entries", "waits", "needs"]
NAMES += [
    "secrets",
    "dotenv",
    "success",
    "month_hours",
    "language",
    "steps",
    "door",
    "spread",
    "p99.9",
    "value",
]
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(string.printable, max_size=8),
    st.sampled_from(["1 MB", "4 s", "20 Mbit/s", "none", "jwt", "http-api", "us-east-1", "go"]),
    st.dates(),
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*Workload.model_fields, "bogus"]), values, max_size=4))
def test_whatever_is_given_is_a_workload_or_a_workload_error(fields):
    try:
        w = Workload(**{**LEAST, **fields})
    except WorkloadError as error:
        assert "\n" not in str(error) and str(error).startswith("workload: ")
    else:
        assert w.response.spread.quantile(0.5) >= 0


@given(st.binary(max_size=200))
def test_whatever_bytes_a_file_has_it_is_a_workload_or_a_workload_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "any.toml"
    path.write_bytes(content)
    with pytest.raises(WorkloadError):
        Workload.load(path)


def test_a_whole_number_is_written_without_a_decimal_point():
    w = Workload(
        requests_per_month=8e6, response="1 KB", runtime={"p50": 1.5}, preferences={"part_usd": 10.0}
    )
    assert "requests_per_month = 8000000\n" in w.to_toml() and "part_usd = 10\n" in w.to_toml()
    assert "p50 = 1.5\n" in w.to_toml()


@pytest.mark.parametrize(
    ("runtime", "words"),
    [
        ({}, "no"),
        ({"divisible": True}, "yes"),
        ({"divisible": True, "steps": 10}, "yes, into 10 steps"),
        ({"divisible": True, "state": "300 KB"}, "yes, with 300 KB of state"),
        ({"divisible": True, "steps": 10, "state": "300 KB"}, "yes, into 10 steps with 300 KB of state"),
    ],
)
def test_the_division_of_the_work_in_words(runtime, words):
    assert Workload(**{**LEAST, "runtime": {"value": "1 s", **runtime}}).runtime.division == words
