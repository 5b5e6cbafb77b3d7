"""Lambda's own reports in a log: REPORT lines and platform.report events, a block of lines at a time.

Polars finds the lines that matter and takes their figures out of all of them at once, on every
processor. What it cannot take apart is read line by line, by `reported`.
"""

from __future__ import annotations

import io
from collections import Counter
from typing import TYPE_CHECKING

from .frame import INVOCATION, SIZE, Part
from .lambda_report import LONGEST_MS, METRICS, failed, parse
from .timestamps import seconds

if TYPE_CHECKING:
    import polars as pl

MARKS = r"REPORT RequestId|platform\.|Task timed out after|INIT_REPORT"
CUT = "REPORT RequestId: "
FIELDS = {  # of a REPORT line as Lambda writes it, in order and with tabs between them
    "duration_ms": ("Duration: ", " ms"),
    "billed_ms": ("Billed Duration: ", " ms"),
    "memory_mb": ("Memory Size: ", " MB"),
    "used_mb": ("Max Memory Used: ", " MB"),
}
GAP = r"(?:[\t ]|\\+t)+"  # what a copy made of a tab, or its escape within JSON
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


def lines_of(block: bytes) -> pl.DataFrame:
    """The lines of a block, in the column `line`; bytes that are no text are replaced."""
    import polars as pl

    try:
        return pl.read_lines(io.BytesIO(block))
    except pl.exceptions.ComputeError:
        return pl.read_lines(io.BytesIO(block.decode("utf-8", "replace").encode()))


def read(block: bytes) -> list[Part]:
    """The invocations that a block of whole lines reports."""
    import polars as pl

    lines = lines_of(block)
    part = Part(INVOCATION, read=lines.height)
    marked = lines.filter(pl.col("line").str.contains(MARKS))
    if not marked.height:
        return [part]
    is_text = marked["line"].str.contains(CUT.rstrip(), literal=True)
    others = marked.filter(~is_text)["line"] if not is_text.all() else marked["line"].clear()
    part.timed_out = others.str.extract(TIMED_OUT).drop_nulls().to_list()
    part.failed_inits = _failed_inits(others.filter(others.str.contains("INIT_REPORT", literal=True)))
    events = others.filter(others.str.contains("platform.report", literal=True))
    texts = marked["line"] if is_text.all() else marked["line"].filter(is_text)
    frames = [_text(texts, part)] if texts.len() else []
    frames += [_json(events, part)] if events.len() else []
    if frames:
        part.rows = pl.concat(frames, how="diagonal")
        part.used += part.rows.height
    sizes = (
        others.str.extract(r'"producedBytes\\*"\s*:\s*([0-9]+)').cast(pl.Float64, strict=False).drop_nulls()
    )
    more = [Part(SIZE, pl.DataFrame({"response_bytes": sizes}), used=sizes.len())] if sizes.len() else []
    return [part, *more]


def _failed_inits(lines: pl.Series) -> Counter[str]:
    import polars as pl

    found = lines.str.extract_groups(INIT_REPORT).struct.unnest() if lines.len() else pl.DataFrame()
    return Counter(filter(None, (failed(status, kind) for status, kind in found.rows())))


def _text(lines: pl.Series, part: Part) -> pl.DataFrame:
    """Rows of REPORT lines: as they are written today, as they were, then whatever can be read."""
    import polars as pl

    halves = lines.to_frame("line").with_columns(
        pl.col("line").str.splitn(CUT, 2).struct.rename_fields(["head", "body"]).struct.unnest()
    )
    fields = pl.col("body").str.splitn("\t", 6).struct.rename_fields(["id", *FIELDS, "rest"])
    found = halves.with_columns(fields.struct.unnest()).with_columns(
        pl.col(name).str.strip_prefix(label).str.strip_suffix(unit).cast(pl.Float64, strict=False)
        for name, (label, unit) in FIELDS.items()
    )
    found = found.with_columns(init_ms=pl.lit(None, pl.Float64)).select("line", "head", *NAMES)
    odd = ~_is_whole(found)
    if odd.any():
        groups = pl.col("line").str.extract_groups(LOOSE).struct.rename_fields(list(NAMES))
        again = found.filter(odd).select("line", groups.struct.unnest(), head="line")
        numbers = pl.col("init_ms", *FIELDS).cast(pl.Float64, strict=False)
        found = pl.concat([found.filter(~odd), again.with_columns(numbers).select(found.columns)])
        odd = ~_is_whole(found)
    return _mended(_rest(found), odd, part)


def _is_whole(found: pl.DataFrame) -> pl.Series:
    """Whether every figure that each report has is there."""
    import polars as pl

    there = [pl.col(name).is_between(0, LONGEST_MS) for name in FIELDS]
    return found.select(pl.all_horizontal(there).fill_null(False)).to_series()


def _rest(found: pl.DataFrame) -> pl.DataFrame:
    """With the columns that only few lines have: cold starts and failures."""
    import polars as pl

    found = found.with_row_index("row")
    few = found.filter(pl.col("rest").str.contains_any(["Duration: ", "Status: "]))
    took = few.select(
        "row", *(pl.col("rest").str.extract(pattern).alias(name) for name, pattern in REST.items())
    ).with_columns(pl.col("late_ms", "restore_ms").cast(pl.Float64, strict=False))
    found = found.join(took, on="row", how="left", maintain_order="left").drop("row", "rest")
    return found.with_columns(init_ms=pl.coalesce("init_ms", "late_ms"), error=_failure()).drop("late_ms")


def _failure() -> pl.Expr:
    import polars as pl

    status = pl.col("status")
    well = status.is_null() | (status == "success")
    kind = pl.when(status == "timeout").then(status).otherwise(pl.coalesce("kind", status))
    return pl.when(well).then(None).otherwise(kind)


def _mended(found: pl.DataFrame, odd: pl.Series, part: Part) -> pl.DataFrame:
    """The rows with their times; those that are not whole are read one by one."""
    import polars as pl

    kept = found.filter(~odd) if odd.any() else found
    kept = kept.with_columns(seconds(kept["head"]), id=pl.when(pl.col("error").is_not_null()).then("id"))
    kept = kept.drop("line", "head", "status", "kind")
    records = []
    for line in found["line"].filter(odd).to_list() if odd.any() else ():
        figures = parse(line)
        if figures is None:
            part.bad(line)
        else:
            records.append({"head": str(figures.get("time", line)), **figures})
    if not records:
        return kept
    schema = {name: kept.schema[name] for name in kept.columns if name != "time_s"} | {"head": pl.String}
    mended = pl.DataFrame(records, schema=schema)
    return pl.concat([kept, mended.with_columns(seconds(mended["head"])).drop("head")], how="diagonal")


def _json(lines: pl.Series, part: Part) -> pl.DataFrame:
    """Rows of platform.report events, whether a line is one, or holds one as escaped text."""
    import polars as pl

    line = pl.col("line")
    found = lines.to_frame("line").with_columns(
        *(
            line.str.extract(rf'"{key}\\*"\s*:\s*([0-9.]+)').cast(pl.Float64, strict=False).alias(name)
            for name, key in METRICS.items()
        ),
        head=line,
        id=line.str.extract(r'"requestId\\*"\s*:\s*\\*"([^"\\]+)'),
        status=line.str.extract(r'"status\\*"\s*:\s*\\*"([A-Za-z]+)'),
        kind=line.str.extract(r'"errorType\\*"\s*:\s*\\*"([^"\\]+)'),
    )
    found = found.with_columns(error=_failure())
    ends = line.str.strip_chars_end().str.ends_with("}") | line.str.contains(r'\}\\*[nrt]?"')
    whole = pl.col("duration_ms").is_between(0, LONGEST_MS) & ends
    return _mended(found, ~found.select(whole.fill_null(False)).to_series(), part)
