"""Known records in noise, in wrappings and packed: all of them are found, or reported as unread."""

import base64
import bz2
import gzip
import io
import json
import lzma
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("polars")

from explorer.ingest.reader import read_inputs
from explorer.ingest.result import Summary
from tests.support.example_count import example_count

REPORT = (
    "REPORT RequestId: 81e74ef5-36f6-4099-a160-{n:012d}\tDuration: {n}.25 ms\tBilled Duration: 9 ms\t"
    "Memory Size: 512 MB\tMax Memory Used: 99 MB\t"
)
PLATFORM = (
    '{{"time": "2026-11-02T08:00:00.218Z", "type": "platform.report", "record": {{"requestId": "r-{n:012d}", '
    '"metrics": {{"durationMs": {n}.25, "billedDurationMs": 9, "memorySizeMB": 512}}, "status": "success"}}}}'
)
ACCESS = (
    '{{"requestTime": "02/Nov/2026:08:00:00 +0000", "status": "200", "responseLength": "9", '
    '"integrationLatency": "{n}.25"}}'
)
CLF = '192.0.2.1 - - [02/Nov/2026:08:00:00 +0000] "GET /a HTTP/1.1" 200 {n}'
AT = 1793606400000  # milliseconds
NOISE = {  # what else stands in such a file, and is no request
    REPORT: [
        "START RequestId: x Version: $LATEST",
        "[INFO] a {b} ]",
        "",
        "Duration: 3 ms",
        '{"level": "info"}',
    ],
    PLATFORM: [
        '{"time": "x", "type": "platform.start", "record": {}}',
        '{"level": "info", "message": "}{ \\" ["}',
    ],
    ACCESS: ['{"level": "info", "message": "}{ \\" ["}'],
    CLF: [""],
}
LINES = {
    "lines": lambda rows: "\n".join(rows),
    "CRLF": lambda rows: "\r\n".join(rows) + "\r\n",
    "BOM": lambda rows: "\ufeff" + "\n".join(rows),
    "Docker": lambda rows: "\n".join(
        json.dumps({"log": row + "\n", "time": "2026-11-02T09:00:00Z"}) for row in rows),
    "JSON lines": lambda rows: "\n".join(json.dumps({"timestamp": AT, "message": row}) for row in rows),
    "filter-log-events": lambda rows: json.dumps({"events": [{"timestamp": AT, "message": r} for r in rows]}),
    "subscription": lambda rows: json.dumps({"logEvents": [{"message": r} for r in rows]}) * 1,
    "packed record": lambda rows: json.dumps({"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(
        {"logEvents": [{"message": r} for r in rows]}).encode())).decode()}}),
}  # fmt: skip
RECORDS = {
    "array": lambda rows: f"[{','.join(rows)}]",
    "array on lines": lambda rows: "[\n" + ",\n".join(rows) + "\n]",
    "one after another": lambda rows: "".join(rows),
    "on many lines": lambda rows: "\n".join(json.dumps(json.loads(row), indent=2) for row in rows),
}
PACKS = {
    "plain": lambda content: content,
    "gzip": gzip.compress,
    "two gzip members": lambda content: gzip.compress(content[:99]) + gzip.compress(content[99:]),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda content: zipped(content),
}


def zipped(content):
    archive_bytes = io.BytesIO()
    with zipfile.ZipFile(archive_bytes, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.log", content)
    return archive_bytes.getvalue()


@st.composite
def files(draw):
    """A file, and how many requests it holds."""
    form = draw(st.sampled_from(list(NOISE)))
    count = draw(st.integers(1, 40))
    rows = [form.format(n=n) for n in range(1, count + 1)]
    for _ in range(draw(st.integers(0, 10))):
        rows.insert(draw(st.integers(0, len(rows))), draw(st.sampled_from(NOISE[form])))
    wraps = dict(LINES)
    if form in (PLATFORM, ACCESS):
        wraps |= RECORDS
        rows = [row for row in rows if row]
    text = draw(st.sampled_from(list(wraps.values())))(rows)
    return draw(st.sampled_from(list(PACKS.values())))(text.encode()), count, form


def answer_of(content, folder):
    path = folder / "mixed.log"
    path.write_bytes(content)
    return Summary(read_inputs([str(path)])).to_dict()


@given(files())
@settings(max_examples=example_count(120), deadline=None)
def test_every_request_is_found_whatever_is_around_it(tmp_path_factory, file):
    content, count, form = file
    answer = answer_of(content, tmp_path_factory.getbasetemp())
    assert answer["invocations"] == count, answer["examples"]
    values = answer["response_bytes"] if form == CLF else answer["duration_ms"]
    assert values["max"] == count + (0 if form == CLF else 0.25)


@given(files(), st.data())
@settings(max_examples=example_count(80), deadline=None)
def test_what_a_tear_takes_away_is_said(tmp_path_factory, file, data):
    content, count, _ = file
    cut = content[: data.draw(st.integers(1, len(content)))]
    answer = answer_of(cut, tmp_path_factory.getbasetemp())
    assert answer["invocations"] <= count
    if answer["invocations"] == 0:  # nothing was there to be found, or what was there is reported
        assert (
            answer["unreadable"] or answer["ignored"] or answer["read"] or not cut.strip(b"\xef\xbb\xbf\r\n ")
        )


@given(st.integers(2, 30), st.integers(0, 29), st.sampled_from(["", "\n", ",\n"]))
@settings(max_examples=example_count(60), deadline=None)
def test_a_record_that_is_torn_takes_no_other_with_it(tmp_path_factory, count, which, between):
    rows = [PLATFORM.format(n=n) for n in range(1, count + 1)]
    torn = which % count
    rows[torn] = rows[torn][:60]
    answer = answer_of(between.join(rows).encode(), tmp_path_factory.getbasetemp())
    lost = count - answer["invocations"]
    assert lost <= 2 and (answer["unreadable"] or answer["ignored"] or lost == 0)
