"""Logs into figures: every form of a report, whatever wraps it, and what cannot be read."""

import base64
import csv
import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("polars")

from explorer.errors import ExplorerError
from explorer.ingest import lambda_report
from explorer.ingest.formats import reports
from explorer.ingest.reader import read_inputs
from explorer.ingest.result import Summary

SAMPLES = Path(__file__).parent / "ingest_samples"
TEXT = (SAMPLES / "reports.txt").read_text()
LEVELS = (0.5, 0.9, 0.99, 0.999, 1.0)
NAMES = ("p50", "p90", "p99", "p99_9", "max")
PLAIN = (
    "REPORT RequestId: 0b1e6a52\tDuration: {} ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 9 MB\t"
)


def summary(*paths):
    return Summary(read_inputs([str(path) for path in paths]))


def read(tmp_path, content, name="a.log"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return summary(path).to_dict()


def independent(pattern, text=TEXT):
    """Figures taken out of a text by other means."""
    return np.array([float(figure) for figure in re.findall(pattern, text, re.M)])


def test_quantiles_are_those_that_numpy_gives():
    answer = summary(SAMPLES / "reports.txt").to_dict()
    text = r"REPORT RequestId: \S+?(?:\\t|\s)+(?:Init Duration: \S+ ms\s+)?Duration: ([\d.]+) ms"
    events = r'"durationMs": ?([\d.]+)[^\n]*platform\.report|platform\.report[^\n]*"durationMs": ?([\d.]+)'
    durations = [float(x or y) for x, y in re.findall(events, TEXT)] + list(independent(text))
    assert answer["invocations"] == len(durations) == 17
    for name, level in zip(NAMES, LEVELS):
        assert answer["duration_ms"][name] == np.quantile(durations, level)
    inits = [*independent(r"REPORT RequestId.*Init Duration: ([\d.]+)"), 463.512]
    assert answer["init_ms"]["p50"] == np.quantile(inits, 0.5) and len(inits) == 6
    assert answer["restore_ms"]["max"] == 789.64 and answer["restore_ms"]["p50"] == (789.64 + 422.92) / 2
    assert answer["cold_start_share"] == 8 / 17
    assert answer["response_bytes"]["max"] == 8190


def test_failures_are_counted_by_kind_and_a_time_out_once():
    answer = summary(SAMPLES / "reports.txt").to_dict()
    # two of one request that was tried again, one that only the line beside its report shows, one in JSON
    assert answer["errors"] == {"timeout": 4, "Runtime.OutOfMemory": 1, "Runtime.ImportModuleError": 1}
    assert answer["failed_inits"] == {"Runtime.ImportModuleError": 1, "timeout": 1}
    assert answer["duration_ms"]["max"] == 600_000  # theirs are among the durations


def test_what_cannot_be_read_is_counted_and_shown():
    answer = summary(SAMPLES / "reports.txt").to_dict()
    assert (answer["read"], answer["used"], answer["unreadable"]) == (TEXT.count("\n"), 18, 1)
    assert answer["examples"] == [
        "REPORT RequestId: 0b1e6a52-0016-4000-8000-000000000016 Duration: n/a ms Billed"
    ]


def test_public_lines_give_the_figures_that_stand_in_them():
    answer = summary(SAMPLES / "public.jsonl").to_dict()
    lines = [json.loads(line)["message"] for line in (SAMPLES / "public.jsonl").read_text().splitlines()]
    durations = [lambda_report.parse(line)["duration_ms"] for line in lines]
    assert answer["invocations"] == len(lines) and answer["unreadable"] == 0
    assert answer["duration_ms"]["p90"] == np.quantile(durations, 0.9)


@pytest.mark.parametrize(
    ("line", "figures"),
    [
        ("Init Duration: 250.2 ms\tDuration: 132.8 ms\tBilled Duration: 400 ms", (132.8, 400, 250.2, None)),
        ("Duration: 1.00 ms Billed Duration: 2 ms Init Duration: 3 ms", (1, 2, 3, None)),
        ("Duration: 5.00 ms\tBilled Duration: 9 ms\tRestore Duration: 7 ms\tBilled Restore Duration: 4 ms",
         (5, 9, None, 7)),
        ("Runtime Duration: 0.00 ms Post Runtime Duration: 1.00 ms Duration: 8.00 ms", (8, None, None, None)),
    ],
)  # fmt: skip
def test_no_duration_is_taken_for_another(line, figures):
    answer = lambda_report.parse(f"REPORT RequestId: e7ce {line}")
    assert (
        tuple(answer.get(name) for name in ("duration_ms", "billed_ms", "init_ms", "restore_ms")) == figures
    )


decimals = st.decimals(0, 900_000, places=2)


@given(
    decimals,
    decimals | st.none(),
    decimals | st.none(),
    st.sampled_from(["", "Status: timeout", "Status: error\tError Type: Runtime.OutOfMemory"]),
    st.sampled_from(["\t", " ", "\\t", "      ", " \t"]),
)
def test_all_lines_at_once_give_what_one_line_gives(duration, init, restore, status, gap):
    fields = [f"REPORT RequestId: 0b1e{gap}Duration: {duration} ms", "Billed Duration: 7 ms",
              "Memory Size: 128 MB", "Max Memory Used: 66 MB"]  # fmt: skip
    fields += [f"Init Duration: {init} ms"] if init is not None else []
    fields += (
        [f"Restore Duration: {restore} ms", "Billed Restore Duration: 3 ms"] if restore is not None else []
    )
    line = gap.join([*fields, *filter(None, [status.replace("\t", gap)])])
    row = reports.read(line.encode())[0].rows.to_dicts()[0]
    alone = lambda_report.parse(line)
    for name in (*lambda_report.TEXT, "error"):
        assert row.get(name) == alone.get(name), name


WRAPS = {
    "filter-log-events": lambda events: json.dumps({"events": events, "searchedLogStreams": []}, indent=4),
    "events on one line": lambda events: json.dumps({"events": events}),
    "get-query-results": lambda events: json.dumps({"results": [
        [{"field": "@timestamp", "value": "2026-07-02 11:43:54"},
         {"field": "@message", "value": e["message"]}]
        for e in events], "status": "Complete"}),
    "console's JSON": lambda events: json.dumps([{"@message": e["message"]} for e in events]),
    "subscription": lambda events: json.dumps({"messageType": "DATA_MESSAGE", "logEvents": events}),
    "two of Firehose": lambda events: "".join(
        json.dumps({"messageType": "DATA_MESSAGE", "logEvents": e}) for e in (events[::2], events[1::2])),
    "Lambda's event": lambda events: json.dumps({"awslogs": {"data": packed({"logEvents": events})}}),
    "Kinesis' event": lambda events: json.dumps(
        {"Records": [{"kinesis": {"data": packed({"logEvents": events})}}]}),
    "S3 export": lambda events: gzip.compress(
        "".join(f"2026-07-02T11:43:54.056Z {e['message']}\n" for e in events).encode()),
    "UTF-16": lambda events: "\r\n".join(e["message"] for e in events).encode("utf-16"),
    "JSON lines": lambda events: "\n".join(json.dumps(e) for e in events),
}  # fmt: skip


def packed(record):
    return base64.b64encode(gzip.compress(json.dumps(record).encode())).decode()


@pytest.mark.parametrize("wrap", WRAPS)
def test_what_wraps_a_log_changes_no_figure(wrap, tmp_path):
    messages = [line for line in TEXT.splitlines() if line]
    events = [{"timestamp": 1_780_000_000_000 + 60_000 * n, "message": m} for n, m in enumerate(messages)]
    answer = read(tmp_path, WRAPS[wrap](events))
    plain = summary(SAMPLES / "reports.txt").to_dict()
    for name in ("invocations", "used", "unreadable", "errors", "duration_ms", "init_ms", "max_memory_mb"):
        assert answer[name] == plain[name], name


def test_logs_insights_counts_memory_in_millions_of_bytes(tmp_path):
    columns = "@timestamp,@requestId,@duration,@billedDuration,@memorySize,@maxMemoryUsed,@initDuration"
    rows = ["2026-07-02 11:43:54.056,a,12.5,13,1024000000,119000000,", "2026-07-02 11:43:56.056,b,,,,,",
            "2026-07-02 11:43:58.056,c,20.5,21,1024000000,120000000,101.5"]  # fmt: skip
    answer = read(tmp_path, "\n".join([columns, *rows]))
    assert answer["memory_mb"] == {"1024": 2} and answer["max_memory_mb"]["max"] == 120
    assert (
        answer["duration_ms"]["p50"] == 16.5 and answer["init_ms"]["max"] == 101.5 and answer["span_s"] == 4
    )


def test_logs_insights_csv_with_messages(tmp_path):
    with (tmp_path / "a.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [["@timestamp", "@message"], *(["2026-07-02 11:43:54", m] for m in TEXT.split("\n") if m)]
        )
    assert summary(tmp_path / "a.csv").invocations == 17


def test_a_row_of_csv_that_cannot_be_read_says_why_and_a_record_is_shown_as_it_is_written(tmp_path):
    row = f"2026-07-02 11:43:54,{'x' * 200_000}"  # longer than the reader of CSV takes
    answer = read(tmp_path, f"@timestamp,@message\n2026-07-02 11:43:54,{PLAIN.format(1)}\n{row}")
    assert answer["examples"] == ["a row of CSV: field larger than field limit (131072)"]
    events = json.dumps([{"timestamp": 1, "message": PLAIN.format(1)}, None, {"a": None}][:2])
    assert read(tmp_path, events)["examples"] == ["null"]


@pytest.mark.parametrize(
    ("stamp", "second"),
    [
        ("2026-05-15T08:47:01.034Z ", 1778834821),
        ("2026-05-15T08:47:01.034000+00:00 ", 1778834821),
        ("2026-05-15T10:47:01+02:00 ", 1778834821),
        ("2026-05-15 01:17:01,5 -0730 ", 1778834821),
        ("2026/05/15/[$LATEST]2079e8 2026-05-15T08:47:01.034000 ", 1778834821),
        ('{"timestamp": 1778834821034, "message": "', 1778834821.034),
        ("", None),
    ],
)
def test_a_time_of_day_is_read_in_every_form(stamp, second):
    assert reports.read((stamp + PLAIN.format(1)).encode())[0].rows["time_s"].to_list() == [second]


def test_a_broken_gzip_gives_what_it_held_before(tmp_path):
    whole = gzip.compress("".join(PLAIN.format(n) + "\n" for n in range(50_000)).encode())
    answer = read(tmp_path, whole[: len(whole) // 2])
    assert 1_000 < answer["used"] < 50_000 and answer["unreadable"] == 1
    assert "gzip" in answer["examples"][0]


@pytest.mark.parametrize("torn", ['{"events": [', '{"awslogs": {"data": "H4sI'])
def test_a_file_that_is_cut_off_before_its_first_record_is_unreadable(torn, tmp_path):
    assert read(tmp_path, torn)["unreadable"] == 1
    assert read(tmp_path, '{"events": []}')["unreadable"] == 0


def test_a_line_of_json_before_lines_with_a_level_is_a_line_of_the_log(tmp_path):
    log = '{"level": "info"}\n[INFO] a line\n' + PLAIN.format(3) + "\n"
    assert read(tmp_path, log)["invocations"] == 1


def test_a_line_that_never_ends_is_cut(tmp_path):
    answer = read(tmp_path, b"x" * 40_000_000 + b"\n" + PLAIN.format(3).encode())
    assert answer["used"] == 1


def test_time_outs_beside_their_reports_are_not_counted_twice(tmp_path):
    timeout_line = (
        "2026-05-15T08:47:01.034Z 0b1e6a52-0001-4000-8000-000000000001 Task timed out after 3.00 seconds\n"
    )
    line = PLAIN.format(3000).replace("0b1e6a52", "0b1e6a52-0001-4000-8000-000000000001")
    assert read(tmp_path, timeout_line + line)["errors"] == {"timeout": 1}
    assert read(tmp_path, timeout_line + line + "Status: timeout\n")["errors"] == {"timeout": 1}


def test_access_logs_of_a_load_balancer():
    answer = summary(SAMPLES / "alb.txt").to_dict()
    assert (answer["invocations"], answer["unreadable"]) == (4, 1)
    assert answer["duration_ms"]["max"] == 52 and answer["request_bytes"]["max"] == 589
    assert answer["response_bytes"]["p50"] == np.quantile([366, 2084, 366, 272], 0.5)
    assert answer["errors"] == {"HTTP 502": 1} and answer["http_errors"] == {"HTTP 502": 1, "HTTP 400": 1}
    assert answer["cold_start_share"] is None


@pytest.mark.parametrize(
    ("name", "sizes"), [("apigw.jsonl", [49, 26, 1049]), ("apigw_clf.txt", [49, 36]), ("apigw.csv", [49, 36])]
)
def test_access_logs_of_an_api(name, sizes):
    answer = summary(SAMPLES / name).to_dict()
    assert answer["invocations"] == len(sizes)
    assert answer["response_bytes"]["p90"] == np.quantile(sizes, 0.9)


def test_an_api_s_own_columns_are_found_by_their_names(tmp_path):
    log = 'requestTime,status,responseLength,integrationLatency\n10/Jun/2026:15:36:28 +0000,200,"7",-\n'
    answer = read(tmp_path, log + "10/Jun/2026:15:36:29 +0000,502,9,33\n")
    assert (
        answer["response_bytes"]["max"] == 9 and answer["duration_ms"]["p50"] == 33 and answer["span_s"] == 1
    )


def test_xml_lines(tmp_path):
    line = '<request id="1"><status>200</status><responseLength>7</responseLength></request>\n'
    assert read(tmp_path, line * 3)["response_bytes"]["p50"] == 7


def test_an_applications_own_json_is_no_access_log(tmp_path):
    own = '{"status": 200, "latency": 7, "level": "INFO", "results": [1, 2]}\n'
    report = (
        '{"time":"2026-10-08T07:30:29Z","type":"platform.report","record":{"metrics":{"durationMs":1.5}}}\n'
    )
    answer = read(tmp_path, own * 5 + report)
    assert answer["invocations"] == 1 and answer["unreadable"] == 0 and answer["duration_ms"]["max"] == 1.5


def test_a_folder_a_glob_and_files_are_one_input(tmp_path):
    for n in range(3):
        (tmp_path / f"{n}.log").write_text(PLAIN.format(n + 1) + "\n")
    assert summary(tmp_path).invocations == 3
    assert summary(tmp_path / "*.log").invocations == 3
    assert summary(tmp_path / "[01].log", tmp_path / "0.log").invocations == 2  # a file counts once
    with pytest.raises(ExplorerError, match="no such file"):
        summary(tmp_path / "absent.log")


@pytest.mark.parametrize("scale", [1, 0.5, 1e5])
def test_a_column_is_exact_whatever_its_numbers(scale, tmp_path):
    from explorer.ingest.frame import Column

    numbers = np.random.default_rng(1).lognormal(4, 2, 300_000).round(2) * scale
    column = Column()
    for piece in np.split(numbers, 10):
        column.add(piece)
    assert column.quantiles(LEVELS) == pytest.approx(np.quantile(numbers, LEVELS), rel=1e-14)
