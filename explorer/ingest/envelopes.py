"""What wraps log lines: filter-log-events, Logs Insights as JSON and CSV, subscription records.

Each becomes the plain lines that it holds, a time of day before each, for the reader of lines; rows of
Logs Insights that have figures in place of a line become rows at once.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from .frame import Part, rows_of
from .json_stream import elements, texts
from .sources import BLOCK, LONGEST_LINE, Stream
from .timestamps import seconds

RECORD = re.compile(rb'"(?:events|logEvents|results)"\s*:\s*\[|"data"\s*:\s*"H4sI')
FEW = 20_000  # records that are held at a time
INSIGHTS = {  # in milliseconds and bytes, a megabyte being 1,000,000 of them
    "duration_ms": ("@duration", 1.0),
    "billed_ms": ("@billedDuration", 1.0),
    "init_ms": ("@initDuration", 1.0),
    "memory_mb": ("@memorySize", 1e6),
    "used_mb": ("@maxMemoryUsed", 1e6),
}
Reader = Callable[[bytes], list[Part]]


def is_json(head: bytes) -> bool:
    """Whether a file begins as one of the JSON forms, or packed; JSON lines of a log are none of them."""
    text = head.lstrip()
    if not text.startswith(b"{"):
        return re.match(rb"H4sI|\[\s*[\[{]", text) is not None
    try:
        first = json.loads(text.split(b"\n", 1)[0])
    except (ValueError, RecursionError):  # on several lines, or on one that is longer
        return RECORD.search(head) is not None
    return isinstance(first, dict) and any(_holds(key, value) for key, value in first.items())


def _holds(key: str, value: Any) -> bool:
    """Whether a field of a record that stands on one line is what holds its events."""
    one = value[0] if isinstance(value, list) and value else value
    return (
        (key in ("events", "logEvents") and (value == [] or (isinstance(one, dict) and "message" in one)))
        or (key == "results" and isinstance(one, list) and isinstance(value, list))
        or (key == "Records" and isinstance(one, dict) and "kinesis" in one)
        or (key == "awslogs" and isinstance(one, dict) and "data" in one)
        or (key == "data" and isinstance(one, str) and one.startswith("H4sI"))
    )


def is_csv(head: bytes) -> bool:
    """Whether a file begins as Logs Insights writes CSV."""
    first = head.lstrip().split(b"\n", 1)[0]
    return bool(re.match(rb'"?@\w+"?[,\r]|.*,"?@\w+', first)) and b"{" not in first


def read_json(stream: Stream, reader: Callable[[bytes], Reader]) -> Iterator[Part]:
    """The parts of a JSON file; `reader` tells by a few lines how the rest of them is read."""
    yield from parts(elements(texts(stream)), reader)


def read_csv(stream: Stream, reader: Callable[[bytes], Reader]) -> Iterator[Part]:
    """The parts of Logs Insights' CSV."""
    yield from parts(csv.DictReader(_whole_lines(stream)), reader)


def _whole_lines(stream: Stream) -> Iterator[str]:
    rest = ""
    for text in texts(stream):
        *lines, rest = (rest + text).replace("\0", "").split("\n")
        yield from (line + "\n" for line in lines)
        rest = rest[:LONGEST_LINE]
    yield rest


def parts(found: Iterator[Any], reader: Callable[[bytes], Reader]) -> Iterator[Part]:
    """The parts of records: events that hold a line each, or rows of Logs Insights."""
    lines: list[str] = []
    records: list[dict[str, Any]] = []
    read: Reader | None = None
    size, part = 0, Part()
    for element in _safely(found):
        record = _record(element)
        if record is None:
            part.read += 1
            part.bad(str(element)[:1000])
        elif isinstance(record, str):
            lines.append(record)
            size += len(record)
        else:
            part.read += 1
            if record:
                records.append(record)
        if size > BLOCK or len(lines) > FEW:
            block = "\n".join(lines).encode("utf-8", "replace")
            read = read or reader(block)
            yield from read(block)
            lines, size = [], 0
        if len(records) > FEW:
            yield _figures(records)
            records = []
    if lines:
        block = "\n".join(lines).encode("utf-8", "replace")
        yield from (read or reader(block))(block)
    yield _figures(records)
    yield part


def _safely(found: Iterator[Any]) -> Iterator[Any]:
    """The elements up to where the CSV can be read no further."""
    try:
        yield from found
    except csv.Error:
        yield None


def _record(element: Any) -> str | dict[str, Any] | None:
    """The line that a record holds, with its time before it; its figures; None if it has neither."""
    if isinstance(element, list):  # a row of get-query-results
        pairs = [pair for pair in element if isinstance(pair, dict)]
        element = {str(pair.get("field")): pair.get("value") for pair in pairs}
    if not isinstance(element, dict):
        return None
    message = element.get("message", element.get("@message"))
    at = element.get("timestamp", element.get("@timestamp"))
    if message:
        text = message if isinstance(message, str) else json.dumps(message)
        return f"{_time(at)}{text.rstrip()}"
    if not any(isinstance(key, str) and key.startswith("@") for key in element):
        return None
    figures = {name: _scaled(element.get(key), unit) for name, (key, unit) in INSIGHTS.items()}
    if figures["duration_ms"] is None:
        return None if element.get("@duration") else {}
    return figures | {"at": str(at or ""), "id": None, "error": None}


def _time(at: Any) -> str:
    """Epoch milliseconds, or a time as text, as what stands before a line."""
    try:
        moment = datetime.fromtimestamp(float(at) / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return f"{at.replace(' ', 'T', 1)}Z " if isinstance(at, str) and re.match(r"\d{4}-", at) else ""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ ") if moment.year >= 2014 else ""


def _scaled(value: Any, unit: float) -> float | None:
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
    return Part(rows=rows, used=rows.height)
