"""Rows of requests from any log: convert texts to numbers, and count what cannot be used."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from explorer.ingest.frame import EXCHANGE, KEY, LARGEST, Part
from explorer.ingest.selection import aside
from explorer.ingest.timestamps import moments

if TYPE_CHECKING:
    import polars as pl

WAIT_NOTE = "durations are how long the door waited: cold starts and the way to the function are within"
WHOLE_NOTE = "durations are those of whole requests: the door and the way to the client are within"
CLIENT_NOTE = "durations are what the client of a load test saw: the network and the door are within"
LOAD_NOTE = "from a load test: the load was asked for, so its rate says nothing of the real one"
ALB_NOTE = "sizes are those that the load balancer counted, with the headers"
NO_REQUEST = "records that are no request"
FAILED = 400  # HTTP
SHORTEST_ID = 8  # characters; a shorter id, such as 1, does not identify a request
UNITS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "min": 6e4}  # in ms
WITH_UNIT = r"^\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*(ns|us|µs|μs|ms|s|m|min)\s*$"
CLOCK = r"^(?:([0-9]+)\.)?([0-9]+):([0-9]{2}):([0-9]{2}(?:\.[0-9]+)?)$"  # of .NET: days.hours:minutes:seconds
PERIOD = r"^PT(?:([0-9]+)M)?([0-9.]+)S$"
SEVERAL = r"[0-9.]+ *[,:] +[0-9.-]"  # nginx: one time for each upstream server that it tried
NUMBERS = ("request_bytes", "response_bytes", "duration_ms", "latency_ms", "init_ms", "used_mb", "memory_mb")


@dataclass(frozen=True)
class Layout:
    """How to read the rows of a format, whatever its lines look like.

    `name` is its usual name; `factor`, by column, converts a number without a unit to the frame's unit;
    `unused` are the names of fields that are not used.
    """

    name: str
    factor: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unused: Collection[str] = ()
    kind: str = EXCHANGE
    is_of_files: bool = False  # it serves static files


def rows(frame: pl.DataFrame, layout: Layout, read: int | None = None) -> Part:
    """The part of rows whose values are still text.

    A row without status and figures is unreadable if its line is not empty; without lines, it is a record of
    another kind, and ignored.

    Parameters
    ----------
    frame
        Of shape (n, columns): any of `at` (a time), `status`, `path`, `agent`, `id`, `whole` (whether the
        line was parsed), `line` (the text of each) and the numbers of the frame.
    layout
        How to read the format.
    read
        Number of lines read; n if it is not set.
    """
    import polars as pl

    part = Part(layout.kind, read=frame.height if read is None else read, notes=list(layout.notes))
    if not frame.height:
        return part
    names = [name for name in NUMBERS if name in frame.columns]
    values = [_number(frame[name], name, layout.factor.get(name, 1.0)) for name in names]
    status = frame["status"] if "status" in frame.columns else pl.Series([None], dtype=pl.String)
    code = status.cast(pl.Float64, strict=False)
    time = moments(frame["at"]) if "at" in frame.columns else frame.get_column("time_s", default=None)
    frame = frame.with_columns(
        *values, (code if code.len() == frame.height else pl.lit(None, pl.Float64)).alias("code")
    )
    if time is not None:
        frame = frame.with_columns(time.alias("time_s"))
    is_usable = pl.col("code").is_between(100, 599) | (pl.col("code") == 0)
    if status.dtype == pl.String and "status" in frame.columns:
        is_usable = is_usable.fill_null(False) | pl.col("status").is_in(["-", "000"])
    is_usable = pl.any_horizontal(is_usable.fill_null(False), *(pl.col(name).is_not_null() for name in names))
    good = is_usable & (pl.col("whole").fill_null(False) if "whole" in frame.columns else True)
    requests = frame.filter(good)
    if requests.height < frame.height and "line" in frame.columns:
        for line in frame.filter(~good & (pl.col("line").str.strip_chars() != ""))["line"].to_list():
            part.count_unreadable(line)
    elif requests.height < frame.height:
        part.ignored_lines[NO_REQUEST] += frame.height - requests.height
    if layout.unused and requests.height:
        part.ignored_lines.update(dict.fromkeys(layout.unused, requests.height))
    part.rows = requests.select(*_columns(requests, names, layout))
    part.used_lines = part.rows.height
    return part


def _columns(requests: pl.DataFrame, names: list[str], layout: Layout) -> list[pl.Expr]:
    import polars as pl

    available = set(requests.columns)
    code = pl.col("code").cast(pl.Int64, strict=False).cast(pl.String)
    failed = pl.when(pl.col("code") >= FAILED).then("HTTP " + code).otherwise(None)
    if "error" in available:
        failed = pl.coalesce(failed, pl.when(pl.col("error").is_in(["", "-"])).then(None).otherwise("error"))
    columns = [
        *(pl.when(pl.col(name).is_between(0, LARGEST)).then(name).alias(name) for name in names),
        failed.alias("error"),
        pl.col("code").alias("status"),
    ]
    if "time_s" in available:
        columns.append(pl.col("time_s"))
    if "path" in available:
        path = pl.col("path").str.extract(r"^(?:https?://[^/ ]*)?([^? ]*)", 1)
        columns.append(path.alias("path"))
        if not layout.is_of_files:
            columns.append(aside(path, pl.col("agent") if "agent" in available else None).alias("aside"))
    if "id" in available:
        has_id = pl.col("id").str.len_bytes() >= SHORTEST_ID
        same = pl.struct(name for name in ("id", "at", "code", *names) if name in available)
        columns.append(pl.when(has_id).then(same.hash()).alias(KEY))
    return columns


def _number(texts: pl.Series, name: str, factor: float) -> pl.Series:
    """The numbers of a text column: times `factor` if they have no unit, else in milliseconds."""
    import polars as pl

    numbers = texts.cast(pl.Float64, strict=False)
    scaled = (numbers * factor).round(6) if factor != 1.0 else numbers
    odd = numbers.is_null() & texts.is_not_null() & (texts.dtype == pl.String)
    if texts.dtype != pl.String or not odd.any() or not texts.filter(odd).str.contains(r"[0-9]").any():
        return scaled.alias(name)
    text = pl.col("text")
    unit = text.str.extract(WITH_UNIT, 2).replace_strict(UNITS, default=None, return_dtype=pl.Float64)
    days, hours, minutes, seconds = (
        text.str.extract(CLOCK, at).cast(pl.Float64, strict=False) for at in range(1, 5)
    )
    clock = (((days.fill_null(0) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1e3
    period = text.str.extract(PERIOD, 1).cast(pl.Float64, strict=False).fill_null(0) * 6e4 + (
        text.str.extract(PERIOD, 2).cast(pl.Float64, strict=False) * 1e3
    )
    several = (
        text.str.extract_all(r"[0-9.]+").list.eval(pl.element().cast(pl.Float64, strict=False)).list.sum()
    )
    several = pl.when(text.str.contains(SEVERAL)).then(several * factor)
    bare = text.str.extract(r"^\s*([0-9][0-9,]*)\s*(?:B|bytes)?\s*$", 1).str.replace_all(",", "")
    read = pl.coalesce(
        (text.str.extract(WITH_UNIT, 1).cast(pl.Float64, strict=False) * unit).round(9),
        clock.round(6),
        period.round(6),
        several.round(6),
        bare.cast(pl.Float64, strict=False) * factor,
    )
    result = pl.DataFrame({"text": texts, "scaled": scaled}).select(pl.coalesce("scaled", read).alias(name))
    return result[name]


def plain(name: str) -> str:
    """A name in lower case without punctuation: "sc-bytes" and "scBytes" become "scbytes"."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
