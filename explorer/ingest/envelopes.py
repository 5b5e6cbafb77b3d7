"""Formats that wrap log lines: filter-log-events, Logs Insights as JSON and CSV, subscription records.

Each wrapped line becomes a plain line with its time in front, for the readers of lines. Rows of Logs Insights
with figures and no line become rows of the frame directly.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .formats import load_tests
from .frame import Part, rows_of
from .json_stream import decode, elements, texts
from .sources import BLOCK, LOG_GROUP, LONGEST_LINE, Stream
from .timestamps import moments, seconds

RECORD = re.compile(rb'"(?:events|logEvents|results)"\s*:\s*\[|"data"\s*:\s*"H4sI')
MESSAGES = ("message", "@message", "Message")
OF_EVENTS = {"id", "eventId", "timestamp", "ingestionTime", "logStreamName", "logGroup", *MESSAGES}
TIMES = ("timestamp", "@timestamp", "Timestamp", "time")
WRAPS = (
    "log",
    "message",
    "@message",
    "msg",
    "line",
    "MESSAGE",
    "textPayload",
)  # fields of a JSON line that hold the log line
STAMPS = ("time", "timestamp", "@timestamp", "ts", "date", "__REALTIME_TIMESTAMP")
FEW = 20_000  # records held in memory at a time
INSIGHTS = {  # in milliseconds and bytes, where 1 MB is 1,000,000 bytes
    "duration_ms": ("@duration", 1.0),
    "billed_ms": ("@billedDuration", 1.0),
    "init_ms": ("@initDuration", 1.0),
    "memory_mb": ("@memorySize", 1e6),
    "used_mb": ("@maxMemoryUsed", 1e6),
}
SAMPLED = 50  # lines from which the wrapped format is recognised
Reader = Callable[[bytes], list[Part]]


@dataclass(frozen=True)
class Unreadable:
    """Stands in for a record that cannot be read."""

    text: str


def is_json(head: bytes) -> bool:
    """Whether a file begins as wrapped JSON or is compressed; false for a log of JSON lines."""
    text = head.lstrip()
    if text.startswith(b"["):
        return _is_array(text)
    if not text.startswith(b"{"):
        return text.startswith(b"H4sI")
    try:
        first = json.loads(text.split(b"\n", 1)[0])
    except (ValueError, RecursionError):  # the JSON spans several lines, or one line longer than the head
        return RECORD.search(head) is not None
    return isinstance(first, dict) and any(_holds(key, value) for key, value in first.items())


def _is_array(text: bytes) -> bool:
    """Whether an array holds events with lines, or rows of Logs Insights."""
    inner = text[1:].lstrip()
    if not inner.startswith(b"{"):
        return inner.startswith((b"[", b'"'))
    try:
        first, _ = decode(inner.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return re.match(rb'\{\s*"@?(?:message|timestamp)"', inner) is not None
    if not isinstance(first, dict):
        return False
    return any(key.startswith("@") for key in first) or (
        isinstance(first.get("message"), str) and "status" not in first
    )


def _holds(key: str, value: Any) -> bool:
    """Whether a field of a one-line record holds its events."""
    one = value[0] if isinstance(value, list) and value else value
    return (
        (key in ("events", "logEvents") and (value == [] or (isinstance(one, dict) and "message" in one)))
        or (key == "results" and isinstance(one, list) and isinstance(value, list))
        or (key == "Records" and isinstance(one, dict) and "kinesis" in one)
        or (key == "awslogs" and isinstance(one, dict) and "data" in one)
        or (key == "data" and isinstance(one, str) and one.startswith("H4sI"))
    )


def is_csv(head: bytes) -> bool:
    """Whether a file begins as CSV of Logs Insights or the CloudWatch Logs console."""
    first = head.lstrip().split(b"\n", 1)[0].strip()
    if re.match(rb'"?@\w+"?[,\r]|.*,"?@\w+', first) and b"{" not in first:
        return True
    names = [name.strip(b'" ').lower() for name in first.split(b",")]
    return b"message" in names and bool({b"timestamp", b"time"} & set(names)) and b"status" not in names


def read_json(stream: Stream, reader: Callable[[bytes], Reader]) -> Iterator[Part]:
    """The parts of a JSON file; `reader` chooses the reader of the wrapped lines from a few of them.

    A truncated file without any record counts as one unreadable line.
    """
    read_any = False
    for part in parts(elements(texts(stream)), reader):
        read_any |= part.read > 0
        yield part
    if not read_any and not _is_whole(stream.head):
        part = Part(read=1)
        part.count_unreadable(stream.head[:1000])
        yield part


def _is_whole(text: bytes) -> bool:
    """Whether a text is complete JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def find_wrapped_reader(head: bytes, reader: Callable[[bytes], Reader | None]) -> Reader | None:
    """A reader for JSON lines that wrap one log line each, such as Docker's; None for other lines.

    `reader` chooses the reader of the wrapped lines, or gives None.
    """
    records = [record for record in _objects(head) if record]
    for name in WRAPS:
        wrapping_records = [record for record in records if isinstance(record.get(name), str)]
        if 2 * len(wrapping_records) <= len(records) or not wrapping_records:
            continue
        stamp = next((key for key in STAMPS if key in wrapping_records[0]), "")
        inside = "\n".join(str(record[name]).rstrip() for record in wrapping_records).encode(
            "utf-8", "replace"
        )
        inner = reader(inside)
        if inner:
            return lambda block: _within(block, name, stamp, inner)
    return None


def _objects(head: bytes) -> Iterator[dict[str, Any]]:
    for line in head.decode("utf-8", "replace").splitlines()[:SAMPLED]:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record


def _within(block: bytes, name: str, stamp: str, reader: Reader) -> list[Part]:
    """The parts of JSON lines that wrap one line each; lines without one, or not JSON, are counted."""
    import polars as pl

    schema = {name: pl.String} | ({stamp: pl.String} if stamp else {})
    beside = Part()
    try:
        frame = pl.read_ndjson(io.BytesIO(block), schema=schema, ignore_errors=True)
    except pl.exceptions.PolarsError:
        rows = []
        for line in block.decode("utf-8", "replace").split("\n"):
            try:
                record = json.loads(line) if line.strip() else {}
            except (ValueError, RecursionError):
                record = None
            if isinstance(record, dict):
                rows += [{key: _as_text(record.get(key)) for key in schema}] if record else []
            else:
                beside.read += 1
                beside.count_unreadable(line)
        frame = pl.DataFrame(rows, schema=schema)
    there = frame.filter(pl.col(name).is_not_null())
    beside.read += frame.height - there.height
    beside.ignored_lines = +Counter({"records without a line of a log": frame.height - there.height})
    lines = pl.col(name).str.strip_chars_end().str.replace_all("\n", " ", literal=True)
    if stamp:
        at = moments(there[stamp]).cast(pl.Int64)
        clock = pl.from_epoch(pl.Series(at), time_unit="s").dt.strftime("%Y-%m-%dT%H:%M:%SZ ")
        there = there.with_columns(clock=clock)
        own = pl.col(name).str.contains(r"^\[?[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:")
        lines = pl.when(own).then(lines).otherwise(pl.col("clock").fill_null("") + lines)
    text = "\n".join(there.select(lines.alias("line"))["line"].to_list())
    return [*(reader(text.encode()) if there.height else []), beside]


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value if value is None else value.encode("utf-8", "replace").decode()
    return json.dumps(value)


def read_csv(stream: Stream, reader: Callable[[bytes], Reader]) -> Iterator[Part]:
    """The parts of a CSV file of Logs Insights."""
    yield from parts(csv.DictReader(_whole_lines(stream)), reader)


def _whole_lines(stream: Stream) -> Iterator[str]:
    rest = ""
    for text in texts(stream):
        *lines, rest = (rest + text).replace("\0", "").split("\n")
        yield from (line + "\n" for line in lines)
        rest = rest[:LONGEST_LINE]
    yield rest


def parts(entries: Iterator[Any], reader: Callable[[bytes], Reader]) -> Iterator[Part]:
    """The parts of records: events with a line each, or rows of Logs Insights."""
    lines: dict[str, list[str]] = {}
    records: list[dict[str, Any]] = []
    readers: dict[str, Reader] = {}
    statistics: list[dict[str, Any]] = []
    size, part = 0, Part()
    for element in _safely(entries):
        if row := _statistics(element):
            statistics.append(row)
            continue
        record = _record(element)
        if record is None:
            part.read += 1
            part.count_unreadable(
                element.text if isinstance(element, Unreadable) else json.dumps(element)[:1000]
            )
        elif isinstance(record, str):
            lines.setdefault(_function(element), []).append(record)
            size += len(record) + 200  # approximate size of the rest of the record
        else:
            part.read += 1
            if record:
                records.append(record)
        if size > BLOCK:
            yield from _parts_by_function(lines, readers, reader)
            lines, size = {}, 0
        if len(records) > FEW:
            yield _figures(records)
            records = []
    yield from _parts_by_function(lines, readers, reader)
    yield _figures(records)
    if statistics:
        yield load_tests.statistics(statistics)
    yield part


def _statistics(element: Any) -> dict[str, Any] | None:
    """A row of Logs Insights if it is a statistic of many invocations, else None."""
    row = _row(element)
    return row if row and any(load_tests.STATISTIC.search(str(name)) for name in row) else None


def _row(element: Any) -> dict[str, Any] | None:
    """A record, or a row of get-query-results, as a dict by field name."""
    if isinstance(element, list):
        pairs = [pair for pair in element if isinstance(pair, dict)]
        return {str(pair.get("field")): pair.get("value") for pair in pairs}
    return element if isinstance(element, dict) else None


def _parts_by_function(
    lines: dict[str, list[str]], readers: dict[str, Reader], reader: Callable[[bytes], Reader]
) -> Iterator[Part]:
    """The parts of lines, each with the name of its function."""
    for group, own in lines.items():
        block = "\n".join(own).encode("utf-8", "replace")
        read = readers.setdefault(group, reader(block))
        for part in read(block):
            part.group = group
            yield part


def _function(element: Any) -> str:
    """The function whose log a record comes from; empty if it is not known."""
    group = element.get("logGroup") or element.get("@log") if isinstance(element, dict) else None
    match = LOG_GROUP.search(group) if isinstance(group, str) else None
    return match[1] if match else ""


def _safely(entries: Iterator[Any]) -> Iterator[Any]:
    """The elements up to the first CSV error."""
    try:
        yield from entries
    except csv.Error as error:
        yield Unreadable(f"a row of CSV: {error}")


def _record(element: Any) -> str | dict[str, Any] | None:
    """The line of a record with its time in front, or its figures; None if it has neither."""
    if isinstance(element, str):
        return element.rstrip()
    element = _row(element)
    if element is None:
        return None
    message = next((element[name] for name in MESSAGES if element.get(name)), None)
    at = next((element[name] for name in TIMES if element.get(name)), None)
    if message:
        text = message if isinstance(message, str) else json.dumps(message)
        return f"{_time(at)}{text.rstrip()}"
    if any(name in element for name in MESSAGES) and element.keys() <= OF_EVENTS:
        return ""  # an event without text
    if not any(isinstance(key, str) and key.startswith("@") for key in element):
        return json.dumps(element) if element else None  # a different kind of record
    figures = {name: _to_unit(element.get(key), unit) for name, (key, unit) in INSIGHTS.items()}
    if figures["duration_ms"] is None:
        return None if element.get("@duration") else {}
    return figures | {"at": str(at or ""), "id": None, "error": None}


def _time(at: Any) -> str:
    """Epoch milliseconds or a time as text, as a prefix for a line."""
    try:
        moment = datetime.fromtimestamp(float(at) / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return f"{at.replace(' ', 'T', 1)}Z " if isinstance(at, str) and re.match(r"\d{4}-", at) else ""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ ") if moment.year >= 2014 else ""


def _to_unit(value: Any, unit: float) -> float | None:
    try:
        return float(value) / unit
    except (TypeError, ValueError, OverflowError):
        return None


def _figures(records: list[dict[str, Any]]) -> Part:
    rows = rows_of(records)
    if records:
        import polars as pl

        rows = rows.with_columns(seconds(pl.Series([record["at"] for record in records])))
        rows = rows.filter(pl.col("duration_ms").is_not_null())
    return Part(rows=rows, used_lines=rows.height)
