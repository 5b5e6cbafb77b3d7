"""Traces: JSON of OpenTelemetry, and X-Ray segments. They separate waiting from computing.

A server span is a request. Its time within its own client spans is waiting; in spans with such client
spans, the rest counts as computing.
"""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.ingest.frame import EXCHANGE, INVOCATION, Part, rows_of
from explorer.ingest.json_stream import decode
from explorer.ingest.record_stream import objects

from .exchanges import Layout, rows

if TYPE_CHECKING:
    import polars as pl

SERVER, CALLS = ("2", "SPAN_KIND_SERVER"), ("3", "4", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER")
SPAN_NOTE = "durations are those of spans: what is not instrumented is within"
SAMPLED_NOTE = "traces are often sampled: their rate may be less than that of the requests"
ATTRIBUTES = {
    "status": ("http.response.status_code", "http.status_code"),
    "response_bytes": ("http.response.body.size", "http.response_content_length"),
    "request_bytes": ("http.request.body.size", "http.request_content_length"),
    "path": ("url.path", "http.target", "http.route", "http.url", "url.full"),
    "agent": ("user_agent.original", "http.user_agent"),
}
UNUSED = ("names, events and other attributes of spans",)
EXPORT_LEVEL = 6  # depth of a span in an export line [objects and arrays]
OF_FUNCTION = "AWS::Lambda::Function"


def is_otlp(head: bytes) -> bool:
    """Whether records come from OpenTelemetry's exporters."""
    return b'"scopeSpans"' in head or b'"instrumentationLibrarySpans"' in head


def is_xray(head: bytes) -> bool:
    """Whether records come from X-Ray: traces, summaries, or segments."""
    return (b'"Segments"' in head and b'"Document"' in head) or (
        b'"trace_id"' in head and b'"start_time"' in head
    )


# OpenTelemetry --------------------------------------------------------------------------------------


def read_otlp(block: bytes) -> list[Part]:
    """The requests of a block of lines; a line is an export, or the spans of one resource."""
    import polars as pl

    spans, read, bad = _spans(block)
    part = Part(EXCHANGE)
    if spans.height:
        spans = spans.with_columns(
            begin=pl.col("startTimeUnixNano").cast(pl.Int64, strict=False),
            end=pl.col("endTimeUnixNano").cast(pl.Int64, strict=False),
        ).with_row_index("row")
        server = spans.filter(pl.col("kind").is_in(SERVER))
        outer = server.join(spans.select(parentSpanId="spanId"), on="parentSpanId", how="anti")
        part = rows(_describe(outer), Layout("OpenTelemetry", {}, (SPAN_NOTE, SAMPLED_NOTE), UNUSED))
        part.ignored_lines["spans within a request, and spans of other kinds"] += spans.height - outer.height
        part.ignored_lines = +part.ignored_lines
        calls = spans.filter(pl.col("kind").is_in(CALLS))
        part.waits = _waits(outer, calls)
    part.read = read + len(bad)
    for line in bad:
        part.count_unreadable(line)
    part.used_lines = min(part.used_lines, read) if part.used_lines else 0
    return [part]


def _spans(block: bytes) -> tuple[pl.DataFrame, int, list[str]]:
    """The spans of a block of lines, the number of lines with spans, and torn lines.

    Spans are found by their depth: inside an export, a resource, its spans, a scope.
    """
    import polars as pl

    whole: list[bytes] = []
    bad: list[str] = []
    for line in block.splitlines():
        content = line.strip()
        if content.startswith(b"{") and content.endswith(b"}"):
            whole.append(content)
        elif content:
            bad.append(line.decode("utf-8", "replace"))
    span_texts: list[bytes] = []
    for level, is_export in ((EXPORT_LEVEL, True), (EXPORT_LEVEL - 2, False)):
        own = [line for line in whole if (b'"resourceSpans"' in line) == is_export]
        span_texts += [one for one in objects(b"\n".join(own), level) if b'"spanId"' in one] if own else []
    texts = (
        "traceId",
        "spanId",
        "parentSpanId",
        "kind",
        "startTimeUnixNano",
        "endTimeUnixNano",
        "attributes",
    )
    schema = dict.fromkeys(texts, pl.String)
    try:
        spans = (
            pl.read_ndjson(io.BytesIO(b"\n".join(span_texts)), schema=schema, ignore_errors=True)
            if span_texts
            else None
        )
    except pl.exceptions.PolarsError:
        good = []
        for one in span_texts:
            try:
                good.append(json.dumps(json.loads(one), allow_nan=False))
            except (ValueError, RecursionError):
                bad.append(one.decode("utf-8", "replace"))
        spans = (
            pl.read_ndjson(io.StringIO("\n".join(good)), schema=schema, ignore_errors=True) if good else None
        )
    return pl.DataFrame() if spans is None else spans, len(whole), bad


def _describe(spans: pl.DataFrame) -> pl.DataFrame:
    """Spans with their times and the attributes that are used."""
    import polars as pl

    text = pl.col("attributes")
    took = (pl.col("end") - pl.col("begin")) / 1e6
    return spans.with_columns(
        *(text.str.extract(_attribute(names), 1).alias(column) for column, names in ATTRIBUTES.items()),
        at=pl.col("begin"),
        duration_ms=pl.when(took >= 0).then(took.round(3)),
        id=pl.col("traceId") + pl.col("spanId"),
    )


def _attribute(names: tuple[str, ...]) -> str:
    either = "|".join(map(re.escape, names))
    return rf'"key": ?"(?:{either})", ?"value": ?\{{ ?"[a-zA-Z]+": ?"?([^"}}]*)'


def _waits(requests: pl.DataFrame, calls: pl.DataFrame) -> tuple[float, float]:
    """Total waiting time of requests for calls, and total time of these requests [ms]."""
    import polars as pl

    if not calls.height:
        return 0.0, 0.0
    within = requests.select("row", "traceId", "begin", "end").join(
        calls.select("traceId", first="begin", last="end"), on="traceId"
    )
    within = within.filter((pl.col("first") >= pl.col("begin")) & (pl.col("last") <= pl.col("end")))
    waited = total = 0.0
    for _, group in within.group_by("row"):
        spans = group.select("first", "last").to_numpy()
        waited += _union(spans)
        total += float(group["end"][0] - group["begin"][0])
    return waited / 1e6, total / 1e6


def _union(spans: np.ndarray) -> float:
    """The length of the union of intervals, of shape (n, 2)."""
    spans = spans[np.argsort(spans[:, 0])]
    reached = np.maximum.accumulate(spans[:, 1])
    begins = np.maximum(spans[:, 0], np.concatenate((spans[:1, 0], reached[:-1])))
    return float(np.maximum(spans[:, 1] - begins, 0).sum())


# X-Ray ----------------------------------------------------------------------------------------------


def read_xray(block: bytes) -> list[Part]:
    """The requests of a block of lines; a line is a segment, or a trace with its segments as text."""
    part = Part(EXCHANGE, notes=[SPAN_NOTE, SAMPLED_NOTE])
    segments: list[dict[str, Any]] = []
    for line in block.decode("utf-8", "replace").splitlines():
        if line.strip():
            part.read += 1
            line_segments = _segments(line)
            if line_segments is None:
                part.count_unreadable(line)
            else:
                segments += line_segments
    functions = [one for one in segments if one.get("origin") == OF_FUNCTION]
    counted = functions or [
        one for one in segments if not one.get("parent_id") and one.get("type") != "subsegment"
    ]
    records = [record for record in map(_request, counted) if record]
    part.kind = INVOCATION if functions else EXCHANGE
    part.rows, part.used_lines = rows_of(records), min(len(records), part.read)
    for one in counted:
        spans = np.array(list(_calls(one))).reshape(-1, 2)
        if spans.size and _duration_ms(one) > 0:
            waited, total = part.waits
            part.waits = waited + min(_union(spans) * 1e3, _duration_ms(one)), total + _duration_ms(one)
    part.ignored_lines["segments of other services, and annotations"] += len(segments) - len(counted)
    part.ignored_lines = +part.ignored_lines
    return [part]


def _segments(line: str) -> list[dict[str, Any]] | None:
    at = line.find("{")
    try:
        value, _ = decode(line, max(at, 0))
        if isinstance(value, dict) and isinstance(value.get("Segments"), list):
            documents = [one.get("Document") for one in value["Segments"] if isinstance(one, dict)]
            entries = [json.loads(one) if isinstance(one, str) else one for one in documents]
        else:
            entries = [value]
    except (ValueError, RecursionError):
        return None
    return [one for one in entries if isinstance(one, dict)]


def _request(segment: dict[str, Any]) -> dict[str, Any] | None:
    parts = {one.get("name"): one for one in _children(segment)}
    took = _duration_ms(parts.get("Invocation") or segment)
    if took < 0:
        return None
    answer = _table(_table(segment.get("http")).get("response"))
    status = answer.get("status")
    failed = f"HTTP {status}" if isinstance(status, int) and status >= 400 else None
    record = {
        "time_s": np.floor(_time(segment.get("start_time"))),
        "duration_ms": round(took, 3),
        "response_bytes": answer.get("content_length"),
        "error": failed or ("fault" if segment.get("fault") else "error" if segment.get("error") else None),
    }
    init = _duration_ms(parts["Initialization"]) if "Initialization" in parts else -1.0
    return record | ({"init_ms": round(init, 3)} if init > 0 else {})


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _children(segment: dict[str, Any]) -> list[dict[str, Any]]:
    subsegments = segment.get("subsegments")
    return [one for one in subsegments if isinstance(one, dict)] if isinstance(subsegments, list) else []


def _calls(segment: dict[str, Any]) -> Any:
    """The begin and end of each call of a segment, without the calls inside it."""
    for one in _children(segment):
        if one.get("namespace") in ("aws", "remote"):
            begin, end = _time(one.get("start_time")), _time(one.get("end_time"))
            if end >= begin > 0:
                yield begin, end
        else:
            yield from _calls(one)


def _duration_ms(segment: dict[str, Any]) -> float:
    """The duration of a segment [ms]; negative if it has not ended."""
    begin, end = _time(segment.get("start_time")), _time(segment.get("end_time"))
    return (end - begin) * 1e3 if end and begin else -1.0


def _time(value: Any) -> float:
    return (
        float(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12
        else 0.0
    )
