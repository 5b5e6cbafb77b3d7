"""Access logs of a door: API Gateway's as JSON, XML, CLF or CSV, and an Application Load Balancer's.

A row is one exchange. `duration_ms` is how long the door waited for what is behind it, cold starts and
the way there included. Sizes of API Gateway are those of the body; an ALB counts the headers as well.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from .frame import EXCHANGE, LARGEST, Part
from .reports import lines_of
from .timestamps import seconds

if TYPE_CHECKING:
    import polars as pl

NAMES = {  # of a field of $context as users name it, in small letters without other signs
    "response_bytes": ("responselength", "contextresponselength", "responsesize", "bytes", "bytessent"),
    "request_bytes": ("requestlength", "requestsize", "contentlength", "bytesreceived"),
    "duration_ms": ("integrationlatency", "contextintegrationlatency", "integrationlatencyms"),
    "latency_ms": ("responselatency", "contextresponselatency", "latency", "responselatencyms"),
    "status": ("status", "contextstatus", "statuscode", "httpstatus"),
}
KEY = re.compile(r'"([\w.@$-]{1,60})\\*"\s*:|<([A-Za-z][\w.-]{0,60})>')
API_CLF = r'\[[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9: +-]+\] "[^"]*" ([0-9]{3}|-) ([0-9]+|-)(?:[\s]|$)'
API_CSV = (
    r"(?:^|\s)[^,\s]*,[^,]*,[^,]*,[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]+ [+-][0-9]{4},[^,]*,[^,]*,[^,]*,"
    r"([0-9]{3}|-),([0-9]+|-)(?:,|\s|$)"
)
ALB = (
    r"(?:^|\s)(?:https?|h2|grpcs|wss?) [0-9]{4}-[0-9]{2}-[0-9]{2}T[^ ]+ [^ ]+ [^ ]+ [^ ]+ "
    r'(?:-1|[0-9.]+) (-1|[0-9.]+) (?:-1|[0-9.]+) ([0-9]{3}|-) (?:[0-9]{3}|-) ([0-9]+) ([0-9]+) "'
)
ALB_NOTE = "sizes are those that the load balancer counted, with the headers"
WAIT_NOTE = "durations are how long the door waited: cold starts and the way to the function are within"
FAILED = 400  # HTTP
SAMPLED = 50  # lines by which the fields are told
Reader = Callable[[bytes], list[Part]]


def reader(head: bytes) -> Reader | None:
    """How the lines of an access log are read, told by its first ones; None if it is none."""
    lines = [line for line in head.decode("utf-8", "replace").splitlines()[:SAMPLED] if line.strip()]
    if not lines:
        return None
    for pattern, names, note in (
        (ALB, ("wait_s", "status", "request_bytes", "response_bytes"), ALB_NOTE),
        (API_CLF, ("status", "response_bytes"), ""),
        (API_CSV, ("status", "response_bytes"), ""),
    ):
        if 2 * sum(re.search(pattern, line) is not None for line in lines) > len(lines):
            return lambda block: [_positions(block, pattern, names, note)]
    if fields := _header(lines[0]):
        return lambda block: [_columns(block, fields)]
    if keys := _keys(lines):
        return lambda block: [_named(block, keys)]
    return None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _chosen(names: list[str]) -> dict[str, str]:
    """Of the names that a log uses, which holds what."""
    by_plain = {_plain(name): name for name in names}
    found = {}
    for what, spellings in NAMES.items():
        known = [by_plain[spelling] for spelling in spellings if spelling in by_plain]
        if known:
            found[what] = known[0]
    return found


def _keys(lines: list[str]) -> dict[str, str]:
    """The keys of JSON or XML lines: a status and something beside it that can be used."""
    likely = [line for line in lines if "{" in line or "<" in line]
    if 2 * len(likely) < len(lines):
        return {}
    found = _chosen([key or tag for line in likely for key, tag in KEY.findall(line)])
    return found if "status" in found and len(found) > 1 else {}


def _fields(line: str) -> list[str]:
    """The fields of one line of CSV; none if it is not."""
    try:
        return next(csv.reader([line.replace("\0", "")]), [])
    except csv.Error:
        return []


def _header(line: str) -> dict[str, str]:
    """The columns of a CSV by what they hold."""
    names = _fields(line)
    found = _chosen([name.strip() for name in names])
    return (
        {what: str(names.index(name)) for what, name in found.items() if name in names}
        if ("status" in found and len(found) > 1 and len(names) > 2 and "{" not in line)
        else {}
    )


def _named(block: bytes, keys: dict[str, str]) -> Part:
    import polars as pl

    line = pl.col("line")
    values = {
        what: line.str.extract(rf'(?:"{re.escape(key)}\\*"\s*:\s*\\*"?|<{re.escape(key)}>)([0-9.]+|-)')
        for what, key in keys.items()
    }
    lines = lines_of(block)
    ends = line.str.strip_chars_end().str.contains(r'(?:[}>]|\}\\*")[,\]]?$')
    return _part(lines.with_columns(**values, whole=ends), "")


def _positions(block: bytes, pattern: str, names: tuple[str, ...], note: str) -> Part:
    import polars as pl

    groups = pl.col("line").str.extract_groups(pattern).struct.rename_fields(list(names))
    found = lines_of(block).with_columns(groups.struct.unnest())
    if "wait_s" in names:
        wait = pl.col("wait_s").cast(pl.Float64, strict=False)
        found = found.with_columns(duration_ms=(pl.when(wait >= 0).then(wait * 1000).round(3)))
    return _part(found.with_columns(whole=pl.col("status").is_not_null()), note)


def _columns(block: bytes, fields: dict[str, str]) -> Part:
    """Rows of a CSV; quotes are taken off, a comma within quotes is no end of a field."""
    import polars as pl

    lines = lines_of(block)
    split = [_fields(line) for line in lines["line"].to_list()]
    values = {
        what: pl.Series([row[int(at)] if int(at) < len(row) else None for row in split], dtype=pl.String)
        for what, at in fields.items()
    }
    found = lines.with_columns(**values)
    names = pl.col("status").str.contains("[A-Za-z]")  # the header itself
    return _part(found.filter(~names.fill_null(False)).with_columns(whole=pl.lit(True)), "", lines.height)


def _part(found: pl.DataFrame, note: str, read: int | None = None) -> Part:
    """The rows that can be used; a line that is not empty and gives no status is unreadable."""
    import polars as pl

    waited = [WAIT_NOTE] if "duration_ms" in found.columns else []
    part = Part(
        EXCHANGE, read=found.height if read is None else read, notes=waited + ([note] if note else [])
    )
    numbers = [name for name in (*NAMES, "duration_ms") if name in found.columns and name != "status"]
    status = pl.col("status").cast(pl.Float64, strict=False)
    found = found.with_columns(
        status.alias("code"),
        *(pl.col(name).cast(pl.Float64, strict=False) for name in dict.fromkeys(numbers)),
    )
    good = pl.col("whole").fill_null(False) & (pl.col("code").is_not_null() | (pl.col("status") == "-"))
    kept = found.filter(good.fill_null(False))
    for line in found.filter(~good.fill_null(False) & (pl.col("line").str.strip_chars() != ""))[
        "line"
    ].to_list():
        part.bad(line)
    code = pl.col("code").cast(pl.Int64, strict=False).cast(pl.String)
    within = [pl.when(pl.col(n).is_between(0, LARGEST)).then(n).alias(n) for n in dict.fromkeys(numbers)]
    part.rows = kept.select(
        seconds(kept["line"]), *within, error=pl.when(pl.col("code") >= FAILED).then("HTTP " + code)
    )
    part.used = part.rows.height
    return part
