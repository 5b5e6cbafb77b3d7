"""Whatever a file holds, `ingest` reads it to its end: no reader of a format ever raises."""

import base64
import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("polars")

from explorer.errors import ExplorerError, WorkloadError
from explorer.ingest import function, lambda_report
from explorer.ingest.reader import lines_reader, read_inputs
from explorer.ingest.result import Summary
from explorer.ingest.workload import draft
from tests.ingest.test_formats import FORMS, RESULTS
from tests.support.example_count import example_count

REPORT = (
    "REPORT RequestId: {id}\tDuration: {d} ms\tBilled Duration: {b} ms\t"
    "Memory Size: {m} MB\tMax Memory Used: {u} MB\t"
)
SEEDS = (
    REPORT.format(id="a-1", d="2.46", b=3, m=1024, u=95) + "Init Duration: 413.61 ms\tStatus: timeout",
    "2026-05-15T08:47:01.034Z " + REPORT.format(id="b", d="9.1", b=10, m=128, u=66),
    '{"time":"2026-10-08T07:30:29.470Z","type":"platform.report","record":{"requestId":"79b5","metrics":'
    '{"durationMs":1233.96,"billedDurationMs":1698,"memorySizeMB":256,"maxMemoryUsedMB":123},"status":"error"}}',
    '{"events":[{"timestamp":1780000000000,"message":"REPORT RequestId: x\\tDuration: 1.00 ms"}]}',
    '{"results":[[{"field":"@timestamp","value":"2026-07-02 11:43:54"},'
    '{"field":"@duration","value":"12.5"}]]}',
    "@timestamp,@duration,@billedDuration,@memorySize,@maxMemoryUsed\n"
    "2026-07-02 11:43:54.056,12.5,13,128000000,66000000",
    "http 2026-07-02T22:23:00.186641Z app/lb/50 192.0.2.1:2817 - 0.000 0.001 0.000 502 - 34 366 "
    '"GET http://a/ HTTP/1.1" "-"',
    '{"status":"200","responseLength":"49","integrationLatency":"-","requestTimeEpoch":"1782992634056"}',
    '192.0.2.1 - - [10/Jun/2026:15:36:28 +0000] "GET /a HTTP/1.1" 200 49 c6af9ac6',
    "status,responseLength,requestTime\n200,12,10/Jun/2026:15:36:28 +0000",
    '{"power":"512","cost":2.1e-6,"duration":91.2,"stateMachine":{"visualization":"https://x/#gAA=;AABhRA==;AACAPw=="}}',
    "<request><status>200</status><responseLength>7</responseLength></request>",
)
OTHERS = tuple(text[0][:1500].encode() for text in FORMS.values()) + tuple(map(str.encode, RESULTS.values()))
PACKED = gzip.compress(json.dumps({"logEvents": [{"timestamp": 1, "message": SEEDS[0]}]}).encode())
BYTES = (
    *(seed.encode() for seed in SEEDS),
    *OTHERS,
    PACKED,
    base64.b64encode(PACKED),
    b"PAR1",
    "REPORT".encode("utf-16"),
)


@st.composite
def torn(draw):
    """A real beginning, cut, repeated, with bytes put in, taken out and turned."""
    seeds = draw(st.sampled_from([BYTES, OTHERS]))
    pieces = draw(st.lists(st.sampled_from(seeds), min_size=1, max_size=3))
    content = draw(st.sampled_from([b"\n", b"\r\n", b"", b",", b"\0"])).join(pieces)
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(content)))
        cut = draw(st.integers(0, 12))
        put = draw(
            st.one_of(
                st.binary(max_size=6),
                st.sampled_from([b'"', b"{", b"]", b"99999999999999999999", b"-", b"1e999", b"NaN"]),
            )
        )
        content = content[:at] + put + content[at + cut :]
    return content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content


def survives(content, path):
    path.write_bytes(content)
    tally = read_inputs([str(path)])
    assert tally.used_lines >= 0 and tally.unreadable >= 0 and len(tally.examples) <= 5
    summary = Summary(tally)
    json.dumps(summary.to_dict(), allow_nan=False)
    workload_draft = draft(summary, "fuzz", "today")
    try:
        workload_draft.check("fuzz.toml", path.parent)
    except WorkloadError as error:
        raise AssertionError(f"{error}\n{workload_draft.to_toml()}") from None


@given(torn())
@settings(max_examples=example_count(150))
def test_a_torn_file_is_read_to_its_end(tmp_path_factory, content):
    survives(content, tmp_path_factory.getbasetemp() / "torn.log")


@given(st.binary(max_size=3000))
@settings(max_examples=example_count(60))
def test_any_bytes_are_read_to_their_end(tmp_path_factory, content):
    survives(content, tmp_path_factory.getbasetemp() / "any.log")


@given(st.lists(st.sampled_from(SEEDS)), st.text(max_size=200))
@settings(max_examples=example_count(60))
def test_any_text_is_read_by_every_reader_of_lines(lines, text):
    block = "\n".join([*lines, text]).encode("utf-8", "replace")
    heads = [*SEEDS, *(text[0] for text in FORMS.values())]
    for head in heads[:: max(len(lines), 1)]:
        for part in lines_reader(head.encode())(block):
            assert part.read >= part.used_lines >= 0


@given(st.text(max_size=300) | st.builds("{}{}".format, st.sampled_from(SEEDS), st.text(max_size=50)))
def test_a_line_is_parsed_or_it_is_not(text):
    figures = lambda_report.parse(text)
    assert figures is None or figures["duration_ms"] >= 0


@given(st.text(max_size=30))
def test_a_time_is_read_or_refused(text):
    from datetime import UTC, datetime

    try:
        function.moment(text, datetime(2026, 11, 23, tzinfo=UTC))
    except ExplorerError as error:
        assert "expected" in str(error)
