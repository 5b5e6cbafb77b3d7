"""Parquet: our own benchmark's rows, CloudFront's logs, or samples with a column of the frame's names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from explorer.ingest.frame import EXCHANGE, INVOCATION, LARGEST, NUMBERS, Part

from . import w3c
from .exchanges import plain

MAGIC = b"PAR1"
METADATA = "explorer.bench"
BENCH = {  # of a benchmark's row, in seconds: of the frame, in milliseconds
    "work_s": "duration_ms",
    "cold_start_s": "init_ms",
    "latency_s": "latency_ms",
}
SIZES = {"bytes": "response_bytes", "request_bytes": "request_bytes", "submitted": "time_s"}
ROWS = 1 << 18  # of a file at a time
NOTE = "from a benchmark: the load was asked for, so its rate says nothing of the real one"


def read(path: Path) -> Iterator[Part]:
    """The parts of a Parquet file; one that is none of the two kinds is a line that cannot be read."""
    import polars as pl

    try:
        scan = pl.scan_parquet(path)
        names = scan.collect_schema().names()
        metadata = pl.read_parquet_metadata(path)
        rows = int(scan.select(pl.len()).collect().item())
        for at in range(0, rows, ROWS):
            piece = scan.slice(at, ROWS).collect()
            yield from _bench(piece) if METADATA in metadata else _named(piece, names, path)
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        part = Part()
        part.bad(f"{path}: {str(error).splitlines()[0]}")
        yield part


def _bench(rows: Any) -> Iterator[Part]:
    import polars as pl

    known = set(rows.columns)
    counted = rows.filter(~pl.col("warm_up")) if "warm_up" in known else rows
    good = counted.filter(pl.col("status") == "succeeded") if "status" in known else counted
    scaled = [
        (pl.col(old).cast(pl.Float64, strict=False) * 1000).alias(new)
        for old, new in BENCH.items()
        if old in known
    ]
    plain = [
        pl.col(old).cast(pl.Float64, strict=False).alias(new) for old, new in SIZES.items() if old in known
    ]
    found = good.select(*scaled, *plain).with_columns(pl.all().fill_nan(None))
    if "init_ms" in found.columns:
        found = found.with_columns(pl.when(pl.col("init_ms") > 0).then("init_ms").alias("init_ms"))
    kept = found.drop(name for name in ("latency_ms", "time_s") if name in found.columns)
    bad = counted.filter(pl.col("status") != "succeeded") if "status" in known else counted.clear()
    failed = bad.select(
        error=pl.when(pl.col("error") != "").then("error").otherwise("status")
        if "error" in known
        else "status"
    )
    whole = pl.concat([kept, failed], how="diagonal")
    yield Part(INVOCATION, whole, rows.height, counted.height, notes=[NOTE])
    sizes = [name for name in ("request_bytes", "response_bytes", "latency_ms") if name in found.columns]
    yield Part(EXCHANGE, found.select(sizes))


def _named(rows: Any, names: list[str], path: Path) -> Iterator[Part]:
    import polars as pl

    held = [name for name in NUMBERS if name in names]
    columns = {w3c.COLUMNS[plain(name)]: name for name in names if plain(name) in w3c.COLUMNS}
    if not held and {"status", "duration_ms", "response_bytes"} & columns.keys():
        yield w3c.of_columns(rows, names, columns)
        return
    part = Part(INVOCATION if "duration_ms" in held else EXCHANGE, read=rows.height)
    if not held:
        part.bad(f"{path}: no column of {', '.join(NUMBERS)}")
    else:
        part.rows = rows.select(
            pl.when(pl.col(name).cast(pl.Float64, strict=False).is_between(0, LARGEST))
            .then(pl.col(name).cast(pl.Float64, strict=False))
            .alias(name)
            for name in held
        )
        part.used = rows.height
    yield part
