"""Lambda's reports in a log: REPORT lines and platform.report events, a block of lines at a time.

Polars finds the report lines and extracts their figures for a whole block, on all processors. Lines that
it cannot parse are read one by one, by `reported`.
"""

from __future__ import annotations

import io
from collections import Counter
from typing import TYPE_CHECKING, Any

from explorer.ingest.frame import INVOCATION, KEY, RUNTIME_DONE, Part
from explorer.ingest.lambda_report import (
    FLAT,
    LONGEST_MS,
    METRICS,
    events_in,
    failure_kind,
    flat_event,
    parse,
)
from explorer.ingest.sources import lines_of
from explorer.ingest.timestamps import moments, seconds

if TYPE_CHECKING:
    import polars as pl

OTHERS = "lines that are no report: START, END, and what the function itself wrote"
EVENTS = r"platform\.(?:report|runtimeDone)"
LONGEST_HEAD = 48  # the most characters before a report; its time is among them
MARKS = r"REPORT RequestId|platform\.|Task timed out after|INIT_REPORT"
CUT = "REPORT RequestId: "
FIELDS = {  # fields of a REPORT line in Lambda's order, separated by tabs
    "duration_ms": ("Duration: ", " ms"),
    "billed_ms": ("Billed Duration: ", " ms"),
    "memory_mb": ("Memory Size: ", " MB"),
    "used_mb": ("Max Memory Used: ", " MB"),
}
GAP = r"(?:[\t ]|\\+t)+"  # a tab after copying, or its escape in JSON
LOOSE = (
    rf"REPORT RequestId: ([^\t \\]+){GAP}(?:Init Duration: ([0-9.]+) ms{GAP})?Duration: ([0-9.]+) ms{GAP}"
    rf"Billed Duration: ([0-9.]+) ms{GAP}Memory Size: ([0-9]+) MB{GAP}Max Memory Used: ([0-9]+) MB([^\n]*)$"
)
NAMES = ("id", "init_ms", *FIELDS, "rest")
REST = {
    "late_ms": r"Init Duration: ([0-9.]+) ms",
    "restore_ms": rf"(?:^(?:{GAP})?|[^d\t ]{GAP})Restore Duration: ([0-9.]+) ms",
    "status": r"Status: ([A-Za-z]+)",
    "kind": r"Error Type: ([^\t \\\"]+)",
}
TIMED_OUT = r"([0-9a-f]{8}-[0-9a-f-]{27}) Task timed out after"
INIT_REPORT = r"INIT_REPORT Init Duration: [0-9.]+ ms.*?Status: (\w+)(?:.*?Error Type: ([\w.]+))?"


def read(block: bytes) -> list[Part]:
    """The invocations reported in a block of complete lines."""
    import polars as pl

    lines = lines_of(block)
    part = Part(INVOCATION, read=lines.height)
    marked = lines.filter(pl.col("line").str.contains(MARKS))
    if not marked.height:
        part.ignored_lines = +Counter({OTHERS: lines.height})
        return [part]
    is_text = marked["line"].str.contains(CUT.rstrip(), literal=True)
    others = marked.filter(~is_text)["line"] if not is_text.all() else marked["line"].clear()
    part.timed_out = others.str.extract(TIMED_OUT).drop_nulls().to_list()
    part.failed_inits = _failed_inits(others.filter(others.str.contains("INIT_REPORT", literal=True)))
    events = others.filter(others.str.contains(EVENTS))
    texts = marked["line"] if is_text.all() else marked["line"].filter(is_text)
    frames = [_text(texts, part)] if texts.len() else []
    runtime_done = Part(RUNTIME_DONE)
    if events.len():
        reported, runtime_done.rows = _events(events, part)
        frames += [reported] if reported.height else []
        runtime_done.used_lines = runtime_done.rows.height
    if frames:
        part.rows = pl.concat(frames, how="diagonal")
        starts = [name for name in ("init_ms", "restore_ms") if name in part.rows.columns]
        part.rows = part.rows.with_columns(  # 0 ms is not a cold start: the environment existed
            pl.when(pl.col(name) > 0).then(name).alias(name) for name in starts
        )
        part.used_lines += part.rows.height
    failures = len(part.timed_out) + part.failed_inits.total()
    part.ignored_lines = +Counter(
        {OTHERS: part.read - part.used_lines - runtime_done.used_lines - part.unreadable - failures}
    )
    return [part, runtime_done] if runtime_done.used_lines else [part]


def _one_a_line(lines: pl.Series, part: Part) -> pl.Series:
    """Lines with one REPORT each: some deliveries drop line breaks."""
    import polars as pl

    several = lines.str.count_matches(CUT, literal=True) > 1
    if not several.any():
        return lines
    single_reports = []
    for line in lines.filter(several).to_list():
        before, *reports = line.split(CUT)
        for report in reports:
            single_reports.append(before[-LONGEST_HEAD:] + CUT + report)
            before = report
    part.read += len(single_reports) - int(several.sum())
    return pl.concat([lines.filter(~several), pl.Series(lines.name, single_reports, dtype=pl.String)])


def _failed_inits(lines: pl.Series) -> Counter[str]:
    import polars as pl

    groups = lines.str.extract_groups(INIT_REPORT).struct.unnest() if lines.len() else pl.DataFrame()
    return Counter(filter(None, (failure_kind(status, kind) for status, kind in groups.rows())))


def _text(lines: pl.Series, part: Part) -> pl.DataFrame:
    """Rows of REPORT lines: in today's form, then in the older one, then as far as they can be read."""
    import polars as pl

    halves = _split_reports(lines)
    if halves["body"].str.contains(CUT, literal=True).any():
        halves = _split_reports(_one_a_line(lines, part))
    fields = pl.col("body").str.splitn("\t", 6).struct.rename_fields(["id", *FIELDS, "rest"])
    frame = halves.with_columns(fields.struct.unnest()).with_columns(
        pl.col(name).str.strip_prefix(label).str.strip_suffix(unit).cast(pl.Float64, strict=False)
        for name, (label, unit) in FIELDS.items()
    )
    frame = frame.with_columns(init_ms=pl.lit(None, pl.Float64)).select("line", "head", *NAMES)
    odd = ~_is_whole(frame)
    if odd.any():
        groups = pl.col("line").str.extract_groups(LOOSE).struct.rename_fields(list(NAMES))
        again = frame.filter(odd).select("line", groups.struct.unnest(), head="line")
        numbers = pl.col("init_ms", *FIELDS).cast(pl.Float64, strict=False)
        frame = pl.concat([frame.filter(~odd), again.with_columns(numbers).select(frame.columns)])
        odd = ~_is_whole(frame)
    return _complete_rows(_add_rare_columns(frame), odd, part)


def _split_reports(lines: pl.Series) -> pl.DataFrame:
    """Lines, split into the text before a report and the report itself."""
    import polars as pl

    return lines.to_frame("line").with_columns(
        pl.col("line").str.splitn(CUT, 2).struct.rename_fields(["head", "body"]).struct.unnest()
    )


def _is_whole(frame: pl.DataFrame) -> pl.Series:
    """Whether all figures that every report has are present."""
    import polars as pl

    there = [pl.col(name).is_between(0, LONGEST_MS) for name in FIELDS]
    return frame.select(pl.all_horizontal(there).fill_null(False)).to_series()


def _add_rare_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the columns that only few lines have: cold starts and failures."""
    import polars as pl

    frame = frame.with_row_index("row")
    few = frame.filter(pl.col("rest").str.contains_any(["Duration: ", "Status: "]))
    took = few.select(
        "row", *(pl.col("rest").str.extract(pattern).alias(name) for name, pattern in REST.items())
    ).with_columns(pl.col("late_ms", "restore_ms").cast(pl.Float64, strict=False))
    frame = frame.join(took, on="row", how="left", maintain_order="left").drop("row", "rest")
    return frame.with_columns(init_ms=pl.coalesce("init_ms", "late_ms"), error=_failure()).drop("late_ms")


def _failure() -> pl.Expr:
    import polars as pl

    status = pl.col("status")
    well = status.is_null() | (status == "success")
    kind = pl.when(status == "timeout").then(status).otherwise(pl.coalesce("kind", status))
    return pl.when(well).then(None).otherwise(kind)


def _complete_rows(frame: pl.DataFrame, odd: pl.Series, part: Part) -> pl.DataFrame:
    """The rows with their times; incomplete rows are parsed one by one."""
    import polars as pl

    whole_rows = frame.filter(~odd) if odd.any() else frame
    whole_rows = _with_keys(whole_rows.with_columns(seconds(whole_rows["head"])))
    whole_rows = whole_rows.drop("line", "head", "status", "kind")
    records = []
    for line in frame["line"].filter(odd).to_list() if odd.any() else ():
        figures = parse(line)
        if figures is None:
            part.count_unreadable(line)
        else:
            records.append({"head": str(figures.get("time", line)), **figures})
    if not records:
        return whole_rows
    others = ("time_s", KEY)
    schema = {name: whole_rows.schema[name] for name in whole_rows.columns if name not in others} | {
        "head": pl.String
    }
    mended = pl.DataFrame(records, schema=schema)
    mended = _with_keys(mended.with_columns(seconds(mended["head"])).drop("head"))
    return pl.concat([whole_rows, mended], how="diagonal")


def _with_keys(rows: pl.DataFrame) -> pl.DataFrame:
    """Add a hash of each row: equal reports of the same second are one report, delivered twice.

    The same request id with other figures, or at another time, is a retry.
    """
    import polars as pl

    same = [name for name in ("id", "time_s", "duration_ms", "billed_ms", "used_mb") if name in rows.columns]
    return rows.with_columns(
        pl.when(pl.col("id").is_not_null()).then(pl.struct(same).hash()).alias(KEY),
        pl.when(pl.col("error").is_not_null()).then("id").alias("id"),
    )


def _events(lines: pl.Series, part: Part) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of platform.report and platform.runtimeDone events."""
    import polars as pl

    frame = _at_once(lines)
    if frame is None:
        records = []
        for line in lines.to_list():
            events, torn = events_in(line)
            records += [flat_event(event) for event in events]
            if torn:
                part.count_unreadable(line)
            part.read += max(len(events) - 1, 0)
        frame = pl.DataFrame(records, schema=dict.fromkeys(FLAT, pl.String), orient="row")
    numbers = [pl.col(name).cast(pl.Float64, strict=False) for name in (*METRICS, "response_bytes")]
    frame = frame.with_columns(*numbers, error=_failure(), time_s=moments(frame["at"]))
    good = pl.col("duration_ms").is_between(0, LONGEST_MS).fill_null(False)
    report = pl.col("type") == "platform.report"
    for row in frame.filter(report & ~good).rows(named=True):
        part.count_unreadable(f"platform.report of {row['id']}: durationMs is {row['duration_ms']}")
    limits = [pl.when(pl.col(name).is_between(0, LONGEST_MS)).then(name).alias(name) for name in METRICS]
    reported = frame.filter(report & good).with_columns(limits)
    reported = _with_keys(reported).drop("at", "type", "status", "kind", "response_bytes")
    runtime_done = frame.filter(pl.col("type") == "platform.runtimeDone")
    runtime_done = runtime_done.with_columns(duration_ms=pl.when(good).then("duration_ms"))
    return reported, _with_keys(runtime_done).select(
        "time_s", "duration_ms", "response_bytes", "error", "id", KEY
    )


def _at_once(lines: pl.Series) -> pl.DataFrame | None:
    """The figures of lines with one event each; None if any line is different."""
    import polars as pl

    objects = lines.str.strip_chars()
    if not objects.str.starts_with("{").all():
        objects = objects.str.extract(r"^[^{]*(\{.*\})$", 1)
        if objects.null_count():
            return None
    figures_of: dict[str, Any] = dict.fromkeys((*METRICS.values(), "producedBytes"), pl.String)
    metrics = pl.Struct(figures_of)
    record: dict[str, Any] = {
        "requestId": pl.String,
        "status": pl.String,
        "errorType": pl.String,
        "metrics": metrics,
    }
    schema: dict[str, Any] = {"time": pl.String, "type": pl.String, "record": pl.Struct(record)}
    try:
        block = "\n".join(objects.to_list()).encode("utf-8", "replace")
        frame = pl.read_ndjson(io.BytesIO(block), schema=schema, ignore_errors=True)
    except pl.exceptions.PolarsError:
        return None
    within = pl.col("record").struct
    figures = within.field("metrics").struct
    frame = frame.select(
        pl.col("time").alias("at"),
        "type",
        within.field("requestId").alias("id"),
        within.field("status"),
        within.field("errorType").alias("kind"),
        *(figures.field(key).alias(name) for name, key in METRICS.items()),
        figures.field("producedBytes").alias("response_bytes"),
    )
    is_ours = frame.height == lines.len() and not frame["type"].null_count()
    return frame if is_ours else None  # events inside other records have no type
