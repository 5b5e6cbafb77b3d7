"""Parquet: rows of this package's benchmark, CloudFront's logs, or samples with column names of the frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from explorer.ingest.frame import EXCHANGE, INVOCATION, LARGEST, NUMBERS, Part

from . import w3c
from .exchanges import plain

MAGIC = b"PAR1"
METADATA = "explorer.bench"
BENCH = {  # columns of a benchmark [s] for columns of the frame [ms]
    "work_s": "duration_ms",
    "cold_start_s": "init_ms",
    "latency_s": "latency_ms",
}
SIZES = {"bytes": "response_bytes", "request_bytes": "request_bytes", "submitted": "time_s"}
ROWS = 1 << 18  # rows read at a time
NOTE = "from a benchmark: the load was asked for, so its rate says nothing of the real one"


def read(path: Path) -> Iterator[Part]:
    """The parts of a Parquet file; a file of another kind counts as one unreadable line."""
    import polars as pl

    try:
        scan = pl.scan_parquet(path)
        names = scan.collect_schema().names()
        metadata = pl.read_parquet_metadata(path)
        rows = int(scan.select(pl.len()).collect().item())
        for at in range(0, rows, ROWS):
            piece = scan.slice(at, ROWS).collect()
            yield from _bench(piece) if METADATA in metadata else _read_columns(piece, names, path)
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        part = Part()
        part.count_unreadable(f"{path}: {str(error).splitlines()[0]}")
        yield part


def _bench(rows: Any) -> Iterator[Part]:
    import polars as pl

    names = set(rows.columns)
    counted = rows.filter(~pl.col("warm_up")) if "warm_up" in names else rows
    good = counted.filter(pl.col("status") == "succeeded") if "status" in names else counted
    scaled = [
        (pl.col(old).cast(pl.Float64, strict=False) * 1000).alias(new)
        for old, new in BENCH.items()
        if old in names
    ]
    plain = [
        pl.col(old).cast(pl.Float64, strict=False).alias(new) for old, new in SIZES.items() if old in names
    ]
    frame = good.select(*scaled, *plain).with_columns(pl.all().fill_nan(None))
    if "init_ms" in frame.columns:
        frame = frame.with_columns(pl.when(pl.col("init_ms") > 0).then("init_ms").alias("init_ms"))
    invocations = frame.drop(name for name in ("latency_ms", "time_s") if name in frame.columns)
    bad = counted.filter(pl.col("status") != "succeeded") if "status" in names else counted.clear()
    failed = bad.select(
        error=pl.when(pl.col("error") != "").then("error").otherwise("status")
        if "error" in names
        else "status"
    )
    whole = pl.concat([invocations, failed], how="diagonal")
    yield Part(INVOCATION, whole, rows.height, counted.height, notes=[NOTE])
    sizes = [name for name in ("request_bytes", "response_bytes", "latency_ms") if name in frame.columns]
    yield Part(EXCHANGE, frame.select(sizes))


def _read_columns(rows: Any, names: list[str], path: Path) -> Iterator[Part]:
    import polars as pl

    numbers = [name for name in NUMBERS if name in names]
    columns = {w3c.COLUMNS[plain(name)]: name for name in names if plain(name) in w3c.COLUMNS}
    if not numbers and {"status", "duration_ms", "response_bytes"} & columns.keys():
        yield w3c.of_columns(rows, names, columns)
        return
    part = Part(INVOCATION if "duration_ms" in numbers else EXCHANGE, read=rows.height)
    if not numbers:
        part.count_unreadable(f"{path}: no column of {', '.join(NUMBERS)}")
    else:
        part.rows = rows.select(
            pl.when(pl.col(name).cast(pl.Float64, strict=False).is_between(0, LARGEST))
            .then(pl.col(name).cast(pl.Float64, strict=False))
            .alias(name)
            for name in numbers
        )
        part.used_lines = rows.height
    yield part
