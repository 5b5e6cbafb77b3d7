"""Requests as JSON lines: of proxies, gateways, frameworks and load tests, recognised by field names.

Polars parses a whole block, only the fields that are used. A block with an invalid line, or with several
records on a line, is read line by line.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from explorer.ingest.frame import EXCHANGE, LOAD, Part
from explorer.ingest.json_stream import decode
from explorer.ingest.sources import lines_of

from .exchanges import CLIENT_NOTE, LOAD_NOTE, NO_REQUEST, WAIT_NOTE, WHOLE_NOTE, Layout, rows
from .fields import Fields, Path, choose, leaves

if TYPE_CHECKING:
    import polars as pl

Reader = Callable[[bytes], list[Part]]
SAMPLED = 50  # records from which the fields are recognised
MOST_UNUSED = 25  # unused field names in an answer


HAR_NOTE = "from one browser: its rate says nothing of the real one"


@dataclass(frozen=True)
class RecordFormat:
    """A format whose field names do not state their units: its marker fields, the field of each column."""

    name: str
    marks: tuple[str, ...]  # fields of every record
    columns: Mapping[str, str]  # by column of the frame; alternatives separated by spaces
    factor: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = (WHOLE_NOTE,)
    kind: str = EXCHANGE
    only: tuple[str, str] = ("", "")  # a field and its value in the records that count


RECORD_FORMATS = (
    RecordFormat(
        "Caddy",
        ("request.uri", "duration", "size", "status"),
        {
            "at": "ts time", "status": "status", "duration_ms": "duration", "response_bytes": "size",
            "request_bytes": "bytes_read", "path": "request.uri", "agent": "request.headers.User-Agent",
        },
        {"duration_ms": 1e3},
    ),
    RecordFormat(
        "Traefik",
        ("DownstreamContentSize", "Duration"),
        {
            "at": "StartUTC StartLocal time", "status": "DownstreamStatus OriginStatus",
            "duration_ms": "OriginDuration Duration", "latency_ms": "Duration",
            "response_bytes": "DownstreamContentSize", "request_bytes": "RequestContentSize",
            "path": "RequestPath", "agent": "request_User-Agent",
        },
        {"duration_ms": 1e-6, "latency_ms": 1e-6},
        (WAIT_NOTE,),
    ),
    RecordFormat(
        "Vegeta",
        ("latency", "bytes_in", "bytes_out", "code", "seq"),
        {
            "at": "timestamp", "status": "code", "duration_ms": "latency", "response_bytes": "bytes_in",
            "request_bytes": "bytes_out", "path": "url", "error": "error",
        },
        {"duration_ms": 1e-6},
        (CLIENT_NOTE, LOAD_NOTE),
        LOAD,
    ),
    RecordFormat(
        "k6",
        ("metric", "type", "data"),
        {
            "at": "data.time", "status": "data.tags.status", "duration_ms": "data.value",
            "path": "data.tags.url data.tags.name", "error": "data.tags.error",
        },
        {},
        (CLIENT_NOTE, LOAD_NOTE, "k6 gives no size of a single response"),
        LOAD,
        ("metric", "http_req_duration"),
    ),
    RecordFormat(
        "Envoy",
        ("response_code", "bytes_sent", "bytes_received", "duration"),
        {
            "at": "start_time timestamp", "status": "response_code", "response_bytes": "bytes_sent",
            "duration_ms": "upstream_service_time x-envoy-upstream-service-time duration",
            "latency_ms": "duration", "request_bytes": "bytes_received", "path": "path",
            "agent": "user_agent", "id": "request_id",
        },
        {},
        (WAIT_NOTE,),
    ),
    RecordFormat(
        "Kong",
        ("latencies.request", "response.status"),
        {
            "at": "started_at", "status": "response.status", "duration_ms": "latencies.proxy",
            "latency_ms": "latencies.request", "response_bytes": "response.size",
            "request_bytes": "request.size", "path": "request.uri", "agent": "request.headers.user-agent",
        },
        {},
        (WAIT_NOTE,),
    ),
    RecordFormat(
        "HAR",
        ("startedDateTime", "timings.wait", "response.status"),
        {
            "at": "startedDateTime", "status": "response.status", "duration_ms": "timings.wait",
            "latency_ms": "time", "response_bytes": "response.content.size",
            "request_bytes": "request.bodySize", "path": "request.url",
        },
        {},
        ("durations are how long a browser waited: the network and the door are within", HAR_NOTE),
        LOAD,
    ),
    RecordFormat(
        "Zipkin",
        ("traceId", "kind", "duration", "timestamp", "localEndpoint"),
        {
            "at": "timestamp", "status": "tags.http.status_code", "duration_ms": "duration",
            "path": "tags.http.path",
        },
        {"duration_ms": 1e-3},
        (WHOLE_NOTE,),
        EXCHANGE,
        ("kind", "SERVER"),
    ),
    RecordFormat(
        "oha",
        ("requestPayloadSize", "responseSize", "duration"),
        {"duration_ms": "duration", "status": "status", "response_bytes": "responseSize"},
        {"duration_ms": 1e3},
        (CLIENT_NOTE, LOAD_NOTE),
        LOAD,
    ),
)  # fmt: skip


def reader(head: bytes) -> Reader | None:
    """A reader for lines, chosen from the first ones; None if they are not requests."""
    records = [record for record in samples(head) if isinstance(record, dict)]
    if not records:
        return None
    layout, paths, only = of(records)
    return (lambda block: read(block, layout, paths, only)) if layout else None


def samples(head: bytes) -> Iterator[Any]:
    """The first records of the lines; a truncated last line gives none."""
    for line in head.decode("utf-8", "replace").splitlines()[:SAMPLED]:
        yield from values(line)[0]


def values(line: str) -> tuple[list[Any], bool]:
    """The JSON records on a line, and whether a part of the line is not JSON."""
    records: list[Any] = []
    at = line.find("{")
    while at >= 0:
        try:
            value, at = decode(line, at)
        except (ValueError, RecursionError):
            return records, True
        records.append(value)
        at = line.find("{", at)
    return records, not records


def of(records: list[dict[str, Any]]) -> tuple[Layout | None, dict[str, Path], tuple[Path, str]]:
    """The layout of records, the field of each column, and which records count."""
    values_by_path: dict[Path, list[Any]] = {}
    for record in records:
        for path, value in leaves(record).items():
            values_by_path.setdefault(path, []).append(value)
    flat = {".".join(path): path for path in values_by_path}
    heads = {path[:n] for path in values_by_path for n in range(1, len(path) + 1)}
    for form in RECORD_FORMATS:
        if all(mark in flat or tuple(mark.split(".")) in heads for mark in form.marks):
            paths = {
                column: next(flat[name] for name in names.split() if name in flat)
                for column, names in form.columns.items()
                if any(name in flat for name in names.split())
            }
            if "duration_ms" not in paths:
                continue
            used_paths = {*paths.values(), flat.get(form.only[0], ())}
            unused = [name for name, path in flat.items() if path not in used_paths][:MOST_UNUSED]
            layout = Layout(form.name, form.factor, form.notes, unused, form.kind)
            return layout, paths, (flat.get(form.only[0], ()), form.only[1])
    fields = choose(values_by_path)
    if not fields.is_access:
        return None, {}, ((), "")
    return Layout("JSON", fields.factor, notes(fields), fields.unused[:MOST_UNUSED]), fields.paths, ((), "")


def notes(fields: Fields) -> tuple[str, ...]:
    """Notes on the durations in these fields."""
    if "duration_ms" not in fields.paths:
        return ()
    return (*([WHOLE_NOTE] if fields.is_whole_time else [WAIT_NOTE]), *fields.notes)


def read(
    block: bytes, layout: Layout, paths: Mapping[str, Path], only: tuple[Path, str] = ((), "")
) -> list[Part]:
    """The requests of a block of complete lines."""
    import polars as pl

    columns = {**paths, **({"only": only[0]} if only[0] else {})}
    bad: list[str] = []
    frame = _at_once(block, columns)
    if frame is None:
        frame, bad = _line_by_line(block, columns)
    read = frame.height + len(bad)
    others = 0
    if only[0]:
        counted = frame.filter(pl.col("only") == only[1])
        others, frame = frame.height - counted.height, counted
    part = rows(complete_columns(frame), layout, read)
    part.ignored_lines[NO_REQUEST] += others
    part.ignored_lines = +part.ignored_lines
    for line in bad:
        part.count_unreadable(line)
    return [part]


def complete_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """Complete columns from two fields or a part of one: date and clock, or the path in a request line."""
    import polars as pl

    if "clock" in frame.columns:
        frame = frame.with_columns(at=pl.col("date") + "T" + pl.col("clock") + "Z").drop("date", "clock")
    if "path" in frame.columns:
        within = pl.col("path").str.extract(r"^\[?\"?[A-Z]+ (\S+)", 1)
        frame = frame.with_columns(
            path=pl.coalesce(within, pl.col("path").str.extract(r'^\["?([^"]*)', 1), "path")
        )
    if "agent" in frame.columns:
        frame = frame.with_columns(pl.col("agent").cast(pl.String))
    return frame


def _at_once(block: bytes, columns: Mapping[str, Path]) -> pl.DataFrame | None:
    """The fields of JSON lines as text; None if a line is not JSON."""
    import polars as pl

    before: pl.Series | None = None
    if not block.lstrip().startswith(b"{"):  # a time or a name comes before each record
        lines = lines_of(block)["line"]
        lines = lines.filter(lines.str.strip_chars() != "")
        before = lines.str.extract(r"^([^{]*)\{", 1)
        block = "\n".join(lines.str.replace(r"^[^{]*", "").to_list()).encode()
    try:
        frame = pl.read_ndjson(io.BytesIO(block), schema=_schema(columns.values()), ignore_errors=True)
    except pl.exceptions.PolarsError:
        return None
    expressions = []
    for column, path in columns.items():
        value = pl.col(path[0])
        for name in path[1:]:
            value = value.struct.field(name)
        expressions.append(value.alias(column))
    texts = frame.select(expressions)
    if before is not None and "at" not in columns:
        if before.len() != texts.height:
            return None
        texts = texts.with_columns(before.alias("at"))
    return texts


def _schema(paths: Iterable[Path]) -> dict[str, Any]:
    """The Polars types of the fields: structs around strings."""
    import polars as pl

    nested: dict[str, Any] = {}
    for path in paths:
        table = nested
        for name in path[:-1]:
            table[name] = table = table.get(name) or {}
        table.setdefault(path[-1], None)

    def types_of(table: dict[str, Any]) -> dict[str, Any]:
        return {n: pl.Struct(types_of(inner)) if inner else pl.String() for n, inner in table.items()}

    return types_of(nested)


def _line_by_line(block: bytes, columns: Mapping[str, Path]) -> tuple[pl.DataFrame, list[str]]:
    """The fields of lines with invalid JSON or several records, and the invalid lines."""
    import polars as pl

    texts: dict[str, list[str | None]] = {column: [] for column in columns}
    before: list[str] = []
    bad = []
    for line in block.decode("utf-8", "replace").split("\n"):
        if not line.strip():
            continue
        records, torn = values(line)
        if torn:
            bad.append(line)
        for record in records:
            for column, path in columns.items():
                texts[column].append(_text(record, path))
            before.append(line[: line.find("{")])
    if "at" not in columns and any(before):
        texts["at"] = list(before)
    return pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String)), bad


def _text(record: Any, path: Path) -> str | None:
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    if record is None or isinstance(record, str):
        return record if record is None else record.encode("utf-8", "replace").decode()
    return json.dumps(record)
