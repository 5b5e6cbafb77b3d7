"""Requests as names and values: Heroku's router, logfmt, Rails' lograge, XML, JMeter's XML results."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from explorer.ingest.frame import LOAD, Part
from explorer.ingest.sources import lines_of

from .exchanges import CLIENT_NOTE, LOAD_NOTE, Layout, rows
from .fields import Fields, Path, choose
from .json_records import MOST_UNUSED, complete_columns, notes

if TYPE_CHECKING:
    import polars as pl

Reader = Callable[[bytes], list[Part]]
SAMPLED = 50
PAIR = re.compile(r'(?:^|[\s,;(])([A-Za-z_][\w.@-]*)=("(?:[^"\\]|\\.)*"|[^\s,;"]*)')
TAG = re.compile(r"<([A-Za-z][\w.-]{0,60})>([^<]*)</")
VALUE = r'(?:^|[\s,;(]){}=(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*))'
ELEMENT = r"<{}>([^<]*)</"
FEWEST = 3  # the fewest pairs on a line
SHARE = 0.2  # of the lines that must have them
JMETER = re.compile(r"<(?:httpSample|sample)\s")
OF_JMETER = {
    "at": "ts", "duration_ms": "t", "status": "rc", "response_bytes": "by", "request_bytes": "sby",
    "path": "lb",
}  # fmt: skip


def reader(lines: list[str]) -> Reader | None:
    """A reader for such lines; None if they are not requests."""
    if any(JMETER.search(line) for line in lines[:SAMPLED]):
        patterns = {column: VALUE.format(name) for column, name in OF_JMETER.items()}
        layout = Layout("JMeter", {}, (CLIENT_NOTE, LOAD_NOTE), ("thread, latency and connect time",), LOAD)
        return lambda block: [_read(block, patterns, layout, r"<(?:httpSample|sample)\s")]
    for find, form in ((PAIR, VALUE), (TAG, ELEMENT)):
        values_by_name = _values_by_name(lines[:SAMPLED], find)
        fields = _choose_fields(values_by_name) if values_by_name else None
        if fields and fields.is_access:
            patterns = {column: form.format(re.escape(path[0])) for column, path in fields.paths.items()}
            layout = Layout("key=value", fields.factor, notes(fields), fields.unused[:MOST_UNUSED])
            return partial(_read_all, patterns, layout)
    return None


def _read_all(patterns: Mapping[str, str], layout: Layout, block: bytes) -> list[Part]:
    return [_read(block, patterns, layout)]


def _values_by_name(lines: list[str], find: re.Pattern[str]) -> dict[Path, list[str]]:
    """The values of each name, if enough lines have any."""
    values: dict[Path, list[str]] = {}
    several = 0
    for line in lines:
        pairs = find.findall(line)
        several += len(pairs) >= FEWEST or (find is TAG and len(pairs) > 1)
        for name, value in pairs:
            values.setdefault((name,), []).append(value.strip('"'))
    return values if several >= max(SHARE * len(lines), 1) else {}


def _choose_fields(values: Mapping[Path, list[str]]) -> Fields:
    fields = choose(values)
    if {("controller",), ("action",), ("duration",)} <= values.keys():  # Rails writes milliseconds
        fields.factor["duration_ms"], fields.notes = 1.0, []
    return fields


def _read(block: bytes, patterns: Mapping[str, str], layout: Layout, which: str = "") -> Part:
    import polars as pl

    lines = lines_of(block)
    line = pl.col("line")
    matching = lines.filter(line.str.contains(which)) if which else lines
    frame = matching.with_columns(_value(line, pattern).alias(column) for column, pattern in patterns.items())
    if "at" not in patterns:
        frame = frame.with_columns(at=line.str.extract(r"^(.*?)[\s(]\S+=", 1))
    part = rows(complete_columns(frame), layout, lines.height)
    if which:
        part.ignored_lines["lines between the samples"] += lines.height - matching.height
        part.ignored_lines = +part.ignored_lines
    return part


def _value(line: pl.Expr, pattern: str) -> pl.Expr:
    import polars as pl

    if pattern.endswith("</"):
        return line.str.extract(pattern, 1)
    return pl.coalesce(line.str.extract(pattern, 1), line.str.extract(pattern, 2))
