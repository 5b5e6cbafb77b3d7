"""Requests as CSV: logs of doors, Application Insights, results of hey, JMeter, k6 and Vegeta."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from explorer.ingest.frame import EXCHANGE, LOAD, Part

from .exchanges import CLIENT_NOTE, LOAD_NOTE, WHOLE_NOTE, Layout, rows
from .fields import Path, choose
from .json_records import MOST_UNUSED, complete_columns, notes

if TYPE_CHECKING:
    import polars as pl

Reader = Callable[[bytes], list[Part]]
SAMPLED = 50
SEPARATORS = ",;\t|"
FEWEST = 3  # columns
VEGETA = re.compile(r"^1\d{18},\d{1,3},\d+,\d+,\d+,")
VEGETA_COLUMNS = (
    *("timestamp", "code", "latency", "bytes_out", "bytes_in", "error", "body", "attack", "seq", "method"),
    *("url", "headers"),
)


@dataclass(frozen=True)
class TableFormat:
    """A table whose column names do not state their units."""

    name: str
    marks: tuple[str, ...]
    columns: Mapping[str, str]
    factor: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = (CLIENT_NOTE, LOAD_NOTE)
    kind: str = LOAD
    only: tuple[str, str] = ("", "")


TABLE_FORMATS = (
    TableFormat(
        "hey",
        ("response-time", "status-code", "offset"),
        {"duration_ms": "response-time", "status": "status-code"},
        {"duration_ms": 1e3},
        (CLIENT_NOTE, LOAD_NOTE, "hey gives no sizes"),
    ),
    TableFormat(
        "JMeter",
        ("timeStamp", "elapsed", "responseCode"),
        {
            "at": "timeStamp", "duration_ms": "elapsed", "status": "responseCode", "response_bytes": "bytes",
            "request_bytes": "sentBytes", "path": "URL",
        },
    ),
    TableFormat(
        "k6",
        ("metric_name", "timestamp", "metric_value"),
        {
            "at": "timestamp", "duration_ms": "metric_value", "status": "status", "path": "url",
            "error": "error",
        },
        only=("metric_name", "http_req_duration"),
    ),
    TableFormat(
        "Vegeta",
        ("latency", "bytes_out", "bytes_in", "code"),
        {
            "at": "timestamp", "duration_ms": "latency", "status": "code", "response_bytes": "bytes_in",
            "request_bytes": "bytes_out", "path": "url", "error": "error",
        },
        {"duration_ms": 1e-6},
    ),
    TableFormat(
        "Application Insights",
        ("resultCode", "duration", "success"),
        {
            "at": "timestamp", "duration_ms": "duration", "status": "resultCode", "path": "url name",
            "id": "id",
        },
        {},
        (WHOLE_NOTE, "Application Insights gives no sizes"),
        EXCHANGE,
    ),
)  # fmt: skip


def reader(head: bytes) -> Reader | None:
    """A reader for a table, chosen from its header; None if it has no requests."""
    text = head.decode("utf-8", "replace")
    first = next((line for line in text.splitlines() if line.strip()), "")
    if VEGETA.match(first):
        names, separator = list(VEGETA_COLUMNS), ","
    else:
        separator = max(SEPARATORS, key=first.count)
        names = [name.strip() for name in _fields(first, separator)]
        if len(names) < FEWEST or any(re.search(r"[{\[=]|^\d+([.:]\d+)*$", name) for name in names):
            return None
    samples = [_fields(line, separator) for line in text.splitlines()[1 : SAMPLED + 1]]
    for form in TABLE_FORMATS:
        if set(form.marks) <= set(names):
            columns = {
                column: next(name for name in options.split() if name in names)
                for column, options in form.columns.items()
                if any(name in names for name in options.split())
            }
            used_names = {*columns.values(), form.only[0]}
            unused = [name for name in names if name and name not in used_names][:MOST_UNUSED]
            layout = Layout(form.name, form.factor, form.notes, unused, form.kind)
            return lambda block: [_read(block, names, separator, columns, layout, form.only)]
    values_by_path: dict[Path, list[str]] = {
        (name,): [row[at] for row in samples if at < len(row)] for at, name in enumerate(names)
    }
    fields = choose(values_by_path)
    if not fields.is_access:
        return None
    columns = {column: path[0] for column, path in fields.paths.items()}
    layout = Layout("CSV", fields.factor, notes(fields), fields.unused[:MOST_UNUSED])
    return lambda block: [_read(block, names, separator, columns, layout)]


def _fields(line: str, separator: str = ",") -> list[str]:
    """The fields of a line; empty if it cannot be parsed."""
    try:
        return next(csv.reader([line.replace("\0", "")], delimiter=separator), [])
    except csv.Error:
        return []


def _read(
    block: bytes,
    names: list[str],
    separator: str,
    columns: Mapping[str, str],
    layout: Layout,
    only: tuple[str, str] = ("", ""),
) -> Part:
    import polars as pl

    table = _table(block, len(names), separator)
    table = table.filter(pl.col("column_1").fill_null("").str.strip_chars() != names[0])  # the header itself
    read = table.height
    places = {column: f"column_{names.index(name) + 1}" for column, name in columns.items()}
    part = Part(layout.kind)
    if only[0]:
        counted = table.filter(pl.col(f"column_{names.index(only[0]) + 1}") == only[1])
        part.ignored_lines["points of other metrics"] += table.height - counted.height
        table = counted
    line = pl.concat_str(pl.all().fill_null(""), separator=separator)
    frame = table.select(
        line.alias("line"), *(pl.col(place).alias(column) for column, place in places.items())
    )
    result = rows(complete_columns(frame), layout, read)
    result.ignored_lines.update(+part.ignored_lines)
    return result


def _table(block: bytes, count: int, separator: str) -> pl.DataFrame:
    """The fields of a block as text; a block that is not valid CSV is parsed line by line."""
    import polars as pl

    schema = {f"column_{n + 1}": pl.String for n in range(count)}
    try:
        return pl.read_csv(
            io.BytesIO(block), has_header=False, schema=schema, separator=separator,
            truncate_ragged_lines=True,
            encoding="utf8-lossy", raise_if_empty=False,
        )  # fmt: skip
    except pl.exceptions.PolarsError:
        pass
    split = [
        _fields(line, separator) for line in block.decode("utf-8", "replace").splitlines() if line.strip()
    ]
    return pl.DataFrame(
        [(row + [None] * count)[:count] for row in split], schema=schema, orient="row", strict=False
    )
