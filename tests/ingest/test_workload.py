"""`explorer ingest`: the workload it writes, the questions it leaves, its exit codes and its JSON."""

import base64
import gzip
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("polars")

from explorer import Workload
from explorer.cli.commands import ingest
from explorer.cli.console import Commands

SAMPLES = Path(__file__).parent / "ingest_samples"
HOUR = 3600
CONTRACT = {"read", "used", "unreadable", "examples", "invocations", "errors", "duration_ms", "billed_ms",
            "init_ms", "max_memory_mb", "cold_start_share", "missing"}  # fmt: skip
app = typer.Typer(cls=Commands)
app.callback()(lambda: None)
app.command()(ingest.ingest)


def run(*arguments, text=None):
    return CliRunner().invoke(app, ["ingest", *map(str, arguments)], input=text)


def answer(*arguments, text=None):
    result = run(*arguments, "--json", text=text)
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout, parse_constant=pytest.fail)


def refused(*arguments, text=None):
    """The one line of a command that cannot use its input."""
    result = run(*arguments, text=text)
    assert result.exit_code == 2 and result.stdout == "" and result.stderr.count("\n") == 1
    return result.stderr


def log(durations, every_s=60.0, start=1_780_000_000, memory=512):
    """A log of invocations, one after another."""
    stamps = np.datetime_as_string(
        np.array(start + np.arange(len(durations)) * every_s).astype("datetime64[s]")
    )
    return "".join(
        f"{stamp}.000Z REPORT RequestId: 0b1e-{n}\tDuration: {duration} ms\tBilled Duration: "
        f"{np.ceil(duration):.0f} ms\tMemory Size: {memory} MB\tMax Memory Used: 99 MB\t\n"
        for n, (stamp, duration) in enumerate(zip(stamps, durations, strict=True))
    )


@pytest.fixture
def days(tmp_path):
    """Two days of 2,880 invocations, one a minute."""
    durations = np.random.default_rng(7).lognormal(5, 1, 2880).round(2)
    (tmp_path / "app.log").write_text(log(durations))
    return tmp_path / "app.log", durations


def test_the_workload_has_the_quantiles_of_the_log(days, tmp_path):
    path, durations = days
    toml = tmp_path / "w.toml"
    figures = answer(path, "-o", toml, "--set", "response=40KB")
    w = Workload.load(toml)
    for level in (0.5, 0.9, 0.99, 0.999):
        assert w.runtime.spread.quantile(level) == pytest.approx(
            np.quantile(durations, level) / 1000, rel=5e-4
        )  # to four digits
    assert durations.max() / 1000 <= w.runtime.spread.quantile(1) <= durations.max() / 1000 * 1.001
    assert w.runtime.memory == 512 and w.response.spread.median == 40 * 1024
    assert figures["duration_ms"]["p99"] == np.quantile(durations, 0.99)


def test_a_month_and_a_peak_are_told_from_a_span_of_a_day_and_more(days, tmp_path):
    figures = answer(days[0], "-o", tmp_path / "w.toml")
    assert figures["requests_per_month"] == round(2880 / (2879 * 60) * 730 * HOUR)
    assert figures["peak_rps"] == pytest.approx(1 / 60, rel=1e-3) and figures["busiest_second_rps"] == 1
    text = (tmp_path / "w.toml").read_text()
    assert "extended to 730 h" in text and "busiest minute" in text


@pytest.mark.parametrize(("count", "is_missing"), [(1440, True), (1441, False)])
def test_a_span_of_less_than_a_day_is_no_month(count, is_missing, tmp_path):
    (tmp_path / "a.log").write_text(log([5.0] * count))  # 1,441 of them: a day from the first to the last
    assert ("requests_per_month" in answer(tmp_path / "a.log")["missing"]) == is_missing


def test_what_the_input_does_not_hold_is_asked_for_and_never_invented(days, tmp_path):
    toml = tmp_path / "w.toml"
    figures = answer(days[0], "-o", toml)
    assert {"region", "request", "response", "runtime.architecture", "client.waits"} <= set(
        figures["missing"]
    )
    assert not {"requests_per_month", "runtime", "runtime.memory"} & set(figures["missing"])
    text, fields = toml.read_text(), tomllib.loads(toml.read_text())
    assert fields.keys() == {"name", "requests_per_month", "peak_rps", "runtime"}
    for name in figures["missing"]:
        assert figures["questions"][name] in text
    with pytest.raises(Exception, match="response is missing"):
        Workload.load(toml)


def test_the_json_is_the_contract_s():
    figures = answer(SAMPLES / "reports.txt")
    assert figures.keys() >= CONTRACT
    for name in ("duration_ms", "billed_ms", "init_ms", "max_memory_mb"):
        assert figures[name].keys() >= {"p50", "p90", "p99", "max"}


def test_an_access_log_gives_sizes_and_says_whose_time_it_is(tmp_path):
    toml = tmp_path / "w.toml"
    answer(SAMPLES / "alb.txt", "-o", toml, "--set", "requests_per_month=1e6")
    w = Workload.load(toml)
    assert w.response.spread.quantile(1) == pytest.approx(2084) and w.request.spread.median == pytest.approx(
        34
    )
    assert "with the headers" in toml.read_text() and "how long the door waited" in toml.read_text()


def test_logs_and_access_logs_together_make_one_workload(days, tmp_path):
    figures = answer(
        days[0], SAMPLES / "alb.txt", "-o", tmp_path / "w.toml", "--set", "requests_per_month=1e6"
    )
    assert figures["invocations"] == 2880 and figures["duration_ms"]["max"] == days[1].max()
    assert Workload.load(tmp_path / "w.toml").response.spread.quantile(1) == pytest.approx(2084)


def test_samples_stand_beside_the_workload(days, tmp_path):
    toml = tmp_path / "w.toml"
    figures = answer(days[0], "-o", toml, "--samples", "--set", "response=1KB")
    assert [Path(path).name for path in figures["written"]] == ["w.toml", "w.runtime.parquet"]
    spread = Workload.load(toml).runtime.spread
    assert spread.values == pytest.approx(np.sort(days[1]) / 1000, rel=1e-12)


def test_durations_of_zero_are_left_out_and_said(tmp_path):
    (tmp_path / "a.log").write_text(log([0.0] * 60 + [8.0] * 40))
    answer(
        tmp_path / "a.log", "-o", tmp_path / "w.toml", "--set", "requests_per_month=9", "--set", "response=1"
    )
    assert "p50 is 0 and left out" in (tmp_path / "w.toml").read_text()
    assert Workload.load(tmp_path / "w.toml").runtime.spread.quantile(0.99) == pytest.approx(0.008)


def test_time_outs_are_said_to_be_a_lower_bound(tmp_path):
    answer(SAMPLES / "reports.txt", "-o", tmp_path / "w.toml")
    assert "lower bound" in (tmp_path / "w.toml").read_text()
    assert "lower bound" in run(SAMPLES / "reports.txt").stdout


@pytest.mark.parametrize(("used_mb", "expected"), [("1023", 1023), ("1024", 1024), ("1093", 1024)])
def test_memory_used_beyond_the_size_of_most_is_cut_at_it_and_said(tmp_path, used_mb, expected):
    """A report may count past its own size: a workload whose work needs more than it has is refused."""
    text = (SAMPLES / "reports.txt").read_text().replace("Used: 1024 MB", "Used: 900 MB")
    (tmp_path / "a.log").write_text(text.replace("Used: 1093 MB", f"Used: {used_mb} MB"))
    answer(tmp_path / "a.log", "-o", tmp_path / "w.toml")
    runtime = Workload.load(tmp_path / "w.toml").runtime
    assert (runtime.memory, runtime.used) == (1024, expected)
    assert ("the most that was used is 1093 MB" in (tmp_path / "w.toml").read_text()) == (used_mb == "1093")


def test_a_file_that_is_there_is_not_overwritten(days, tmp_path):
    toml = tmp_path / "w.toml"
    toml.write_text("mine")
    assert "is there already" in refused(days[0], "-o", toml) and toml.read_text() == "mine"
    answer(days[0], "-o", toml, "--force")
    assert toml.read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "nothing to read"),
        (("absent.log",), "absent.log: no such file"),
        (("-",), "no invocation in 1 lines"),
        ((SAMPLES / "reports.txt", "--samples"), "expected -o"),
        ((SAMPLES / "reports.txt", "-o", "no/such/folder.toml"), "no such folder"),
        ((SAMPLES / "reports.txt", "--set", "runtime.memory=9KB", "-o", "{tmp}/w.toml"), "runtime.memory"),
        (("--function", "f", "--target", "moon"), "expected one of local, aws"),
    ],
)
def test_a_wrong_request_is_answered_with_what_would_be_accepted(arguments, says, tmp_path):
    words = [str(argument).replace("{tmp}", str(tmp_path)) for argument in arguments]
    assert says in refused(*words, text="not a log\n")
    assert not list(tmp_path.iterdir())


def test_standard_input_is_read_gzip_or_not(tmp_path):
    content = (SAMPLES / "reports.txt").read_bytes()
    for stdin in (content, gzip.compress(content)):
        command = [sys.executable, "-m", "explorer", "ingest", "-", "--json"]
        result = subprocess.run(command, input=stdin, capture_output=True, check=True)
        assert json.loads(result.stdout)["invocations"] == 17 and result.stderr == b""


TUNED = {"power": "512", "cost": 2.1e-6, "duration": 91.25}
SWEEP = ([128, 512, 1024], [400.5, 91.25, 60.0], [3e-6, 2.1e-6, 2.5e-6])


def picture():
    """The address of the picture that Power Tuning gives."""
    kinds = ("<i2", "<f4", "<f4")
    packed = [base64.b64encode(np.array(c, k).tobytes()).decode() for c, k in zip(SWEEP, kinds, strict=True)]
    return {"stateMachine": {"visualization": f"https://lambda-power-tuning.show/#{';'.join(packed)}"}}


@pytest.mark.parametrize(
    "more",
    [picture(), {"stateMachine": {}, "stats": [
        {"value": m, "averageDuration": d, "averagePrice": c} for m, d, c in zip(*SWEEP, strict=True)]}],
)  # fmt: skip
def test_power_tuning_gives_a_memory_sweep(more, tmp_path):
    (tmp_path / "tuned.json").write_text(json.dumps(TUNED | more))
    figures = answer(tmp_path / "tuned.json", "-o", tmp_path / "w.toml", "--set", "response=1KB",
                   "--set", "requests_per_month=3e6")  # fmt: skip
    assert [(row["memory_mb"], row["duration_ms"]) for row in figures["sweep"]] == list(
        zip(*SWEEP[:2], strict=True)
    )
    w = Workload.load(tmp_path / "w.toml")
    assert w.runtime.memory == 512 and w.runtime.spread.median == pytest.approx(0.09125)
    assert "no tail" in (tmp_path / "w.toml").read_text()
    least = min(figures["sweep"], key=lambda row: row["score_usd"])
    assert least["memory_mb"] == 512 and least["design"]["door"]  # each size is a choice, priced as a design


def test_a_benchmark_of_our_own_gives_its_work_and_sizes(tmp_path):
    pd = pytest.importorskip("pandas")
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    frame = pd.DataFrame({
        "status": ["succeeded", "succeeded", "lost", "succeeded"], "error": ["", "", "timeout", ""],
        "work_s": [0.5, 1.5, np.nan, 9.0], "cold_start_s": [0.2, 0.0, np.nan, 0.0], "bytes": [100, 300, 0, 9],
        "request_bytes": [10, 10, 10, 10], "latency_s": [1.0, 2.0, 3.0, 4.0], "submitted": [1.78e9] * 4,
        "warm_up": [False, False, False, True],
    })  # fmt: skip
    table = pa.Table.from_pandas(frame).replace_schema_metadata({b"explorer.bench": b"{}"})
    pq.write_table(table, tmp_path / "bench.parquet")
    figures = answer(tmp_path / "bench.parquet")
    assert figures["invocations"] == 3 and figures["errors"] == {"timeout": 1}
    assert figures["duration_ms"]["p50"] == 1000 and figures["response_bytes"]["p50"] == 200
    assert figures["init_ms"]["max"] == 200 and "requests_per_month" in figures["missing"]


def test_what_was_written_before_can_be_read_again(days, tmp_path):
    import polars as pl

    pl.DataFrame({"duration_ms": days[1], "time_s": [1.78e9] * 2880}).write_parquet(tmp_path / "a.parquet")
    assert answer(tmp_path / "a.parquet")["duration_ms"]["p90"] == np.quantile(days[1], 0.9)


ACCESS = (
    '192.0.2.1 - - [02/Nov/2026:{hour:02d}:{minute:02d}:00 +0000] "GET {path} HTTP/1.1" {status} {size}\n'
)


@pytest.fixture
def access(tmp_path):
    """An hour of an access log: an order, a report, an image and a health check a minute; one fails."""
    requests = (
        ("/v1/orders/{}", 200, 700),
        ("/v1/report", 200, 90_000),
        ("/a.png", 200, 5_000_000),
        ("/health", 200, 2),
    )
    text = "".join(
        ACCESS.format(hour=8, minute=minute, path=path.format(minute), status=status, size=size)
        for minute in range(60)
        for path, status, size in requests
    )
    text += ACCESS.format(hour=9, minute=0, path="/v1/orders/x", status=502, size=150)
    (tmp_path / "access.log").write_text(text)
    return tmp_path / "access.log"


@pytest.mark.parametrize(
    ("options", "count", "largest"),
    [
        ((), 121, 90_000),
        (("--include", "/v1/orders"), 61, 700),
        (("--include", "/v1/*", "--exclude", "*report"), 61, 700),
        (("--exclude", "^/v1/(report|x)$"), 61, 700),
        (("--exclude", "5xx", "--exclude", "/v1/report"), 60, 700),
        (("--include", "502"), 1, 150),
        (("--include", "*.png"), 60, 5_000_000),  # what is asked for by name counts, static or not
        (("--since", "2026-11-02T08:30:00"), 61, 90_000),
        (("--until", "2026-11-02T08:30:00"), 60, 90_000),
        (("--since", "2026-11-02T08:10:00", "--until", "2026-11-02T08:20:00"), 20, 90_000),
    ],
)
def test_requests_are_selected_by_path_status_and_time_and_the_others_are_counted(
    options, count, largest, access
):
    figures = answer(access, *options)
    assert figures["used"] == count and figures["response_bytes"]["max"] == largest
    assert figures["read"] == 241 and figures["unreadable"] == 0
    reasons = [row for row in figures["ignored"] if " " in row["what"]]
    assert count + sum(row["lines"] for row in reasons) == 241


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--include", "("), '--include is "(": expected a status (404, 5xx), or a path'),
        (("--since", "soon"), 'the time is "soon": expected now, 14d'),
        (("--since", "1h", "--until", "2h"), "expected a time before --until"),
        (("--include", "/v2"), "no request is left"),
    ],
)
def test_a_selection_that_cannot_be_used_is_refused(options, says, access):
    assert says in refused(access, *options)


def test_several_functions_in_a_folder_become_several_workloads(tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    for name, size, memory in (("orders", 3, 512), ("export", 2, 1024)):
        for part in range(size):
            text = log([50.0 + part] * 720, start=1_780_000_000 + part * 43_200, memory=memory)
            (logs / f"{name}-2026-11-0{part + 1}.log").write_text(text.replace("0b1e", f"{name}-{part}"))
    out = tmp_path / "out"
    out.mkdir()
    figures = answer(logs, "-o", out)
    assert [(one["name"], one["invocations"]) for one in figures["workloads"]] == [
        ("export", 1440),
        ("orders", 2160),
    ]
    assert {path.name for path in out.iterdir()} == {"export.toml", "orders.toml"}
    fields = tomllib.loads((out / "export.toml").read_text())
    assert fields["runtime"]["memory"] == "1024 MB" and fields["name"] == "export"
    assert figures["invocations"] == 3600
    answer(logs, "-o", tmp_path / "w.toml")  # or beside one name
    assert {path.name for path in tmp_path.glob("*.toml")} == {"w-export.toml", "w-orders.toml"}


def test_the_log_groups_of_delivered_records_are_told_apart(tmp_path):
    record = {"messageType": "DATA_MESSAGE", "logGroup": "", "logEvents": []}
    text = ""
    for name in ("orders", "export"):
        events = [{"timestamp": 1_780_000_000_000 + n, "message": line} for n, line in
                  enumerate(log([9.0] * 12).replace("0b1e", name).splitlines())]  # fmt: skip
        text += json.dumps(record | {"logGroup": f"/aws/lambda/{name}", "logEvents": events})
    (tmp_path / "a.json").write_text(text)
    figures = answer(tmp_path / "a.json")
    assert [(one["name"], one["invocations"]) for one in figures["workloads"]] == [
        ("export", 12),
        ("orders", 12),
    ]


TEMPLATE = """
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Api: {Type: AWS::Serverless::Api, Properties: {StageName: live, EndpointConfiguration: {Type: PRIVATE},
        Auth: {DefaultAuthorizer: AWS_IAM}}}
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      MemorySize: 1024
      Timeout: 25
      Architectures: [arm64]
      Environment: {Variables: {TABLE: orders, API_KEY: hush-hush}}
      Events: {Get: {Type: Api, Properties: {Path: /orders, Method: get, RestApiId: !Ref Api}}}
"""


def test_a_template_fills_what_it_says_and_no_value_of_it_is_shown(days, tmp_path):
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    toml = tmp_path / "w.toml"
    figures = answer(days[0], tmp_path / "template.yaml", "-o", toml, "--set", "response=40KB")
    text = toml.read_text()
    w = Workload.load(toml)
    assert w.current.door == "rest-api" and w.current.response == "buffered"
    assert (w.runtime.memory, w.runtime.architecture, w.runtime.language) == (
        512,
        "arm64",
        "python3.13",
    )  # as logged
    assert w.client.needs == ("private",) and w.client.auth == "iam"
    assert (w.configuration.entries, w.configuration.secrets, w.configuration.largest) == (2, 1, 9)
    assert w.configuration.total == 5 + 6 + 7 + 9  # TABLE orders API_KEY hush-hush
    assert "hush" not in text and "time-out is 25 s" in text
    assert figures["invocations"] == 2880


def test_a_template_that_cannot_be_read_is_named_and_not_quoted(tmp_path):
    (tmp_path / "template.yaml").write_text(TEMPLATE + "  Bad: *hush-hush\n")
    message = refused(tmp_path / "template.yaml")
    assert "cannot be read as a template or a plan" in message and "hush" not in message


def test_a_load_test_tells_the_time_at_the_memory_that_is_given(tmp_path):
    rows = "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n"
    (tmp_path / "hey.csv").write_text(rows + "0.4,0,0,0,0,0,200,0.1\n" * 100)
    from explorer.ingest.reader import read_inputs
    from explorer.ingest.result import Summary
    from explorer.ingest.workload import draft, tune

    summary = Summary(read_inputs([str(tmp_path / "hey.csv")]))
    workload_draft = draft(summary, "w", "today")
    tune(workload_draft, summary)
    assert workload_draft.tuned == []  # no one said at which size it ran
    workload_draft.set("runtime.memory", "512 MB")
    tune(workload_draft, summary)
    assert workload_draft.tuned == [{"memory": "512 MB", "p50": "400 ms"}]


def test_a_field_that_the_workload_has_is_written_and_no_other(monkeypatch):
    from explorer.ingest import workload

    workload_draft = workload.Draft()
    workload_draft.set_if_there("runtime.of_tomorrow", 0.5)
    assert workload_draft.values == {}
    monkeypatch.setattr(workload, "by_path", lambda: {"runtime.of_tomorrow": None})
    workload_draft.set_if_there("runtime.of_tomorrow", [{"memory": "512 MB", "p50": "9 s"}])
    assert tomllib.loads("\n".join(workload_draft._lines()))["runtime"]["of_tomorrow"][0]["p50"] == "9 s"


@pytest.mark.parametrize(
    ("value", "unit", "up", "text"),
    [
        (220744.5, 1.0, False, "215.6 KB"),
        (9999.0, 1.0, False, "9999 B"),
        (10_000.0, 1.0, False, "9.766 KB"),
        (6_291_556.0, 1.0, True, "6.001 MB"),  # over 6 MB: a rounding does not bring it back
        (6_291_456.0, 1.0, True, "6 MB"),
        (586.625, 1e-3, False, "586.6 ms"),
        (1784.32, 1e-3, False, "1.784 s"),
        (1784.32, 1e-3, True, "1.785 s"),
        (600_000.0, 1e-3, True, "10 min"),
    ],
)
def test_figures_are_written_in_the_units_and_to_the_digits_of_people(value, unit, up, text):
    from explorer.ingest.workload import format_amount

    assert format_amount(value, unit, up) == text


def test_what_the_user_sets_in_a_section_of_its_own_is_written():
    from explorer.ingest.workload import Draft

    workload_draft = Draft()
    workload_draft.set("targets.latency_p95", "90 s", "as you said")
    workload_draft.set("current.door", "rest-api")
    lines = list(workload_draft._lines())
    assert lines[lines.index("[targets]") + 1].startswith('latency_p95 = "90 s"')
    assert lines[lines.index("[current]") + 1] == 'door = "rest-api"'
