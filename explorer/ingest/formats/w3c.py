"""W3C extended logs: IIS, CloudFront's standard log. A line with #Fields names the columns after it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from explorer.ingest.frame import Part
from explorer.ingest.sources import lines_of

from .exchanges import WHOLE_NOTE, Layout, plain, rows

if TYPE_CHECKING:
    import polars as pl

Reader = Callable[[bytes], list[Part]]
MARK = b"#Fields:"
HEADER = re.compile(rb"^#Fields:[ \t]*(.*?)[ \t\r]*$", re.M)
COLUMNS = {
    "date": "date",
    "time": "clock",
    "timestamp": "at",
    "timestampms": "at",
    "scstatus": "status",
    "scbytes": "response_bytes",
    "csbytes": "request_bytes",
    "timetaken": "duration_ms",
    "csuristem": "path",
    "csuseragent": "agent",
    "xedgerequestid": "id",
}
MOST_UNUSED = 40


def is_w3c(head: bytes) -> bool:
    """Whether a file begins as a W3C log."""
    return head.startswith(b"#") and HEADER.search(head) is not None


def pieces(blocks: Iterator[bytes]) -> Iterator[tuple[Reader, bytes]]:
    """Blocks of lines with the same fields, and their readers."""
    fields: list[str] = []
    software = ""
    for block in blocks:
        at = 0
        for match in _headers(block):
            software_line = re.search(rb"^#Software:\s*(.*?)\s*$", block[at : match.start()], re.M)
            software = software_line[1].decode("utf-8", "replace") if software_line else software
            again = re.split(r"[ \t]+", match[1].decode("utf-8", "replace").strip())
            if again == fields:
                continue
            if block[at : match.start()].strip():
                yield _reader(fields, software), block[at : match.start()]
            fields, at = again, match.end()
        if block[at:].strip():
            yield _reader(fields, software), block[at:]


def _headers(block: bytes) -> Iterator[re.Match[bytes]]:
    """The #Fields lines."""
    at = block.find(MARK)
    while at >= 0:
        if (at == 0 or block[at - 1] == 10) and (match := HEADER.match(block, at)):
            yield match
        at = block.find(MARK, at + 1)


def of_columns(table: pl.DataFrame, names: list[str], columns: dict[str, str]) -> Part:
    """The requests of a table with the column names of such a log, as in CloudFront's Parquet."""
    import polars as pl

    frame = table.select(pl.col(name).cast(pl.String).alias(column) for column, name in columns.items())
    if "at" not in columns and {"date", "clock"} <= columns.keys():
        frame = frame.with_columns(at=pl.col("date") + "T" + pl.col("clock") + "Z")
    unused = [name for name in names if name not in columns.values()][:MOST_UNUSED]
    notes = (WHOLE_NOTE,) if "duration_ms" in columns else ()
    return rows(frame, Layout("CloudFront", {"duration_ms": 1e3}, notes, unused, is_of_files=True))


def _reader(fields: list[str], software: str) -> Reader:
    names = [plain(name) for name in fields]
    columns = {COLUMNS[name]: at for at, name in enumerate(names) if name in COLUMNS}
    is_iis = "scwin32status" in names or "Internet Information" in software
    unused = [name for name, flat in zip(fields, names, strict=True) if flat not in COLUMNS][:MOST_UNUSED]
    layout = Layout(
        "IIS" if is_iis else "CloudFront",
        {} if is_iis else {"duration_ms": 1e3},
        (WHOLE_NOTE,) if "duration_ms" in columns else (),
        unused,
        is_of_files=not is_iis,
    )
    return lambda block: [_read(block, columns, len(fields), layout)]


def _read(block: bytes, columns: dict[str, int], count: int, layout: Layout) -> Part:
    import polars as pl

    lines = lines_of(block)
    records = lines.filter(~pl.col("line").str.starts_with("#") & (pl.col("line").str.strip_chars() != ""))
    if not columns:
        part = Part(layout.kind, read=records.height)
        for line in records["line"].to_list():
            part.count_unreadable(line)
        return part
    tabs = records.height and "\t" in records["line"][0]
    fields = pl.col("line").str.strip_chars_end("\r\n ").str.splitn("\t" if tabs else " ", count)
    names = [f"field_{n}" for n in range(count)]
    frame = records.with_columns(fields.struct.rename_fields(names).struct.unnest())
    last = pl.col(names[-1])
    frame = frame.select(
        "line",
        *(pl.col(names[at]).alias(name) for name, at in columns.items()),
        whole=last.is_not_null() & ~last.str.contains("\t" if tabs else " ", literal=True),
    )
    if "at" not in columns and {"date", "clock"} <= columns.keys():
        frame = frame.with_columns(at=pl.col("date") + "T" + pl.col("clock") + "Z")
    return rows(frame, layout)
