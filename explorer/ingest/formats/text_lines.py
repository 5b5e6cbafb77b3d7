"""Access logs with fields in fixed positions: load balancers, S3, web servers and proxies."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from explorer.ingest.frame import Part
from explorer.ingest.sources import lines_of

from .exchanges import ALB_NOTE, WAIT_NOTE, WHOLE_NOTE, Layout, rows

if TYPE_CHECKING:
    import polars as pl

Reader = Callable[[bytes], list[Part]]
SAMPLED = 200  # lines from which a format is recognised
FEWEST = 0.05  # the least share of lines with the form; other lines are counted
QUOTED = r'"((?:[^"\\]|\\.)*)"'
REQUEST = r'"(?:[A-Z]+ )?(?P<path>(?:[^"\\ ]|\\.)*)(?:[^"\\]|\\.)*"'
ISO = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.,]+(?:Z|[+-][0-9:]+)?"
CLF = r"[0-9]{2}/[A-Za-z]{3}/[0-9]{4}[: ][0-9:.]+(?: [+-][0-9]{4})?"
COUNT = r"[0-9]+|-"
WAITED = r"-?[0-9.]+"
CONNECTION_NOTE = "each line is a connection, which may have carried many requests"
UNIT_NOTE = "the number {} is taken for {}"
MOST_MS = 2000.0  # numbers without a unit at the end of lines: ms up to this median, else us
MOST_S = 30.0


@dataclass(frozen=True)
class Form:
    """A line format: named groups are columns of the frame, `layout` says how to read them."""

    pattern: str
    layout: Layout

    def count(self, lines: list[str]) -> int:
        """The number of lines with this form."""
        return sum(re.search(self.pattern, line) is not None for line in lines)


ELB_UNUSED = ("client", "TLS cipher and protocol", "times to and from the target")
FORMS = (
    Form(
        rf"(?:^|\s)(?:https?|h2|grpcs?|wss?) (?P<at>{ISO}) \S+ \S+ \S+ {WAITED} (?P<duration_ms>{WAITED}) "
        rf"{WAITED} (?P<status>{COUNT}) (?:{COUNT}) (?P<request_bytes>[0-9]+) (?P<response_bytes>[0-9]+) "
        rf"{REQUEST}"
        rf"(?: (?P<agent>{QUOTED}))?",
        Layout("Application Load Balancer", {"duration_ms": 1e3}, (WAIT_NOTE, ALB_NOTE), ELB_UNUSED),
    ),
    Form(
        rf"(?:^|\s)(?P<at>{ISO}) \S+ \S+ \S+ {WAITED} (?P<duration_ms>{WAITED}) {WAITED} (?P<status>{COUNT}) "
        rf"(?:{COUNT}) (?P<request_bytes>[0-9]+) (?P<response_bytes>[0-9]+) {REQUEST}"
        rf"(?: (?P<agent>{QUOTED}))?",
        Layout("Classic Load Balancer", {"duration_ms": 1e3}, (WAIT_NOTE, ALB_NOTE), ELB_UNUSED),
    ),
    Form(
        rf"(?:^|\s)tls [0-9.]+ (?P<at>{ISO}) \S+ \S+ \S+ \S+ (?P<duration_ms>{WAITED}) {WAITED} "
        r"(?P<request_bytes>[0-9]+) (?P<response_bytes>[0-9]+) ",
        Layout(
            "Network Load Balancer", {}, (CONNECTION_NOTE,), ("client", "TLS handshake, cipher and protocol")
        ),
    ),
    Form(
        rf"^\S+ (?:\S+ )?\[(?P<at>{CLF})\] \S+ \S+ (?P<id>\S+) [A-Z0-9]+\.\S+ \S+ {REQUEST} "
        rf"(?P<status>{COUNT}) \S+ (?P<response_bytes>{COUNT}) (?:{COUNT}) (?P<duration_ms>{COUNT}) "
        rf"(?:{COUNT})",
        Layout(
            "S3 access log",
            {},
            (WHOLE_NOTE,),
            ("requester", "operation", "object size", "turn-around time", "user agent"),
            is_of_files=True,
        ),
    ),
    Form(
        rf"\[(?P<at>{ISO})\] {REQUEST} (?P<status>[0-9]+) \S+ (?:\S+ \S+ {QUOTED} )?"
        rf"(?P<request_bytes>{COUNT}) (?P<response_bytes>{COUNT}) (?P<latency_ms>{COUNT}) "
        rf"(?P<duration_ms>{COUNT})(?: {QUOTED} "
        rf'(?P<agent>{QUOTED}))?(?: "(?P<id>[^"]*)")?',
        Layout("Envoy", {}, (WAIT_NOTE,), ("response flags", "forwarded-for", "authority", "upstream host")),
    ),
    Form(
        rf"\[(?P<at>{CLF})\] \S+ \S+ (?:-?[0-9]+/){{3}}(?P<duration_ms>-?[0-9]+)/\+?(?P<latency_ms>[0-9]+) "
        rf"(?P<status>-1|[0-9]+) \+?(?P<response_bytes>[0-9]+) .*?{REQUEST}",
        Layout("HAProxy", {}, (WAIT_NOTE,), ("times in queues and of connecting", "connections", "cookies")),
    ),
    Form(
        rf"\[(?P<at>{CLF})\] \S+ \S+ -?[0-9]+/-?[0-9]+/\+?(?P<duration_ms>[0-9]+) "
        r"\+?(?P<response_bytes>[0-9]+) [-A-Za-z]{2,4} ",
        Layout("HAProxy, TCP", {}, (CONNECTION_NOTE,), ("times in queues and of connecting",)),
    ),
    Form(
        r"\[GIN\] (?P<at>[0-9/]+ - [0-9:]+) \|\D*(?P<status>[0-9]{3})\D*\|\s*"
        r"(?P<duration_ms>[0-9.]+\s?(?:s|ms|µs|ns|m))\s*\|"
        r'[^|]*\|[^"]*"(?P<path>[^"]*)"',
        Layout("Gin", {}, (WHOLE_NOTE,), ("client",)),
    ),
    Form(
        r"^\s*(?P<at>[0-9]{10}\.[0-9]{3})\s+(?P<duration_ms>[0-9]+) \S+ [A-Z_]+/(?P<status>[0-9]{3}) "
        r"(?P<response_bytes>[0-9]+) [A-Z]+ (?P<path>\S+)",
        Layout("Squid", {}, (WHOLE_NOTE,), ("client", "peer", "content type")),
    ),
    Form(
        r"^\S*(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (?P<path>\S+) \S*?(?P<status>[0-9]{3})\S* "
        r"(?P<duration_ms>[0-9.]+ ms)"
        rf"(?: - (?P<response_bytes>{COUNT}))?",
        Layout("Morgan", {}, (WHOLE_NOTE,)),
    ),
    Form(
        r"(?:^|\s)[^,\s]*,[^,]*,[^,]*,(?P<at>[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]+ [+-][0-9]{4}),[^,]*,"
        r"(?P<path>[^,]*),[^,]*,"
        r"(?P<status>[0-9]{3}|-),(?P<response_bytes>[0-9]+|-)(?:,|\s|$)",
        Layout("API Gateway, CSV", {}, (), ("client", "caller", "protocol")),
    ),
)
COMMON = (  # the common and the combined log format, with possible extra fields
    rf"\[(?P<at>{CLF})\] {REQUEST} (?P<status>[0-9]{{3}}|-) (?P<response_bytes>{COUNT})"
    rf"(?P<quoted>(?: {QUOTED})?(?: (?P<agent>{QUOTED}))?)(?P<rest>.*)$"
)
COMMON_LAYOUT = Layout("common log format", {}, (), ("client", "user", "referer"))
COMMON_FORM = Form(COMMON, COMMON_LAYOUT)
INGRESS = (
    rf"^ (?P<request_bytes>[0-9]+) (?P<latency_ms>[0-9.]+) \[[^\]]*\] \[[^\]]*\] (?:\S+(?:, \S+)*) "
    rf"(?:{COUNT}(?:, [0-9-]+)*) "
    r"(?P<duration_ms>[0-9.]+|-)"
)
TIME_BY_NAME = r"(?:^|[\s,;])\"?(?:{names})[=:]\"?([0-9.]+|-)"
UPSTREAM = "urt|upstream_response_time|uresp|upstream_time|ut"
WHOLE = "rt|request_time|req_time|time|response_time|duration"
PAIR = r"\*\*([0-9]+)/([0-9]+)\*\*"


def reader(lines: list[str]) -> Reader | None:
    """A reader for such lines; None if they have none of these forms."""
    lines = lines[:SAMPLED]
    form = max((*FORMS, COMMON_FORM), key=lambda form: form.count(lines))
    if form.count(lines) < max(FEWEST * len(lines), 1):
        return None
    if form is COMMON_FORM:
        tail = _tail(lines)
        return lambda block: [_common(block, tail)]
    return lambda block: [_read(block, form.pattern, form.layout)]


def _read(block: bytes, pattern: str, layout: Layout) -> Part:
    return rows(_groups(lines_of(block), "line", pattern), layout)


def _groups(frame: pl.DataFrame, column: str, pattern: str) -> pl.DataFrame:
    """Add the named groups of a pattern as columns; `whole` says whether it matched."""
    import polars as pl

    names = list(re.compile(pattern).groupindex)
    groups = pl.col(column).str.extract_groups(_only_named(pattern))
    return frame.with_columns(groups.struct.rename_fields(names).struct.unnest()).with_columns(
        whole=pl.any_horizontal(pl.col(name).is_not_null() for name in names)
    )


def _only_named(pattern: str) -> str:
    """The pattern with unnamed groups not captured, which saves time."""
    return re.sub(r"(?<!\\)\((?!\?)", "(?:", pattern)


# After the common log format -------------------------------------------------------------------------


@dataclass(frozen=True)
class Tail:
    """The content of the rest of a line: a pattern and a unit by column."""

    patterns: tuple[tuple[str, str], ...] = ()
    layout: Layout = COMMON_LAYOUT


def _tail(lines: list[str]) -> Tail:
    """The content of the rests of lines: numbers are recognised by form, position and size."""
    matches = [match for match in (re.search(COMMON, line) for line in lines) if match]
    rests = [match["rest"] for match in matches]
    plain = Tail()
    if _share(INGRESS, rests) > 0.5:
        return _add_times(
            plain, {"inner": (INGRESS, 1e3), "whole": (INGRESS, 1e3)}, (("request_bytes", INGRESS),)
        )
    times = {
        which: (TIME_BY_NAME.format(names=names), 1e3)
        for which, names in (("inner", UPSTREAM), ("whole", WHOLE))
        if _share(TIME_BY_NAME.format(names=names), rests) > 0.5
    }
    if times:
        return _add_times(plain, times)
    if _share(PAIR, rests) > 0.5:
        return _add_times(plain, {"whole": (r"\*\*[0-9]+/(?P<latency_ms>[0-9]+)\*\*", 1e-3)})
    if _share(r" ([0-9.]+(?:ms|µs|us|s))\s*$", rests) > 0.5:
        return _add_times(plain, {"whole": (r" ([0-9.]+(?:ms|µs|us|s))\s*$", 1.0)})
    return _bare(plain, matches, rests)


def _share(pattern: str, texts: list[str]) -> float:
    return sum(re.search(pattern, text) is not None for text in texts) / max(len(texts), 1)


def _add_times(
    tail: Tail, times: dict[str, tuple[str, float]], more: tuple[tuple[str, str], ...] = (), note: str = ""
) -> Tail:
    """Add the times: the server's own time first, then that of the whole request."""
    inner, whole = times.get("inner"), times.get("whole")
    columns = [("duration_ms", inner or whole), ("latency_ms", whole if inner else None)]
    patterns = tuple((column, source[0]) for column, source in columns if source)
    factor = {column: source[1] for column, source in columns if source}
    notes = (WAIT_NOTE if inner else WHOLE_NOTE, *([note] if note else []))
    return Tail((*patterns, *more), replace(tail.layout, factor=factor, notes=notes))


def _bare(plain: Tail, matches: list[re.Match[str]], rests: list[str]) -> Tail:
    """Numbers without a name: Apache's %D and %T, nginx's request time, the bytes counted by mod_logio."""
    words = [re.sub(QUOTED, '""', rest).split() for rest in rests]
    columns = []
    for place in range(min(map(len, words), default=0)):
        texts = [row[place] for row in words]
        if all(re.fullmatch(r"[0-9]+(?:\.[0-9]+)?|-", text) for text in texts):
            columns.append((place, [float(text) for text in texts if text != "-"], texts))
    columns = [column for column in columns if column[1]]
    sizes = _byte_columns(matches, columns)
    request: tuple[tuple[str, str], ...] = ()
    if sizes:
        request = (("request_bytes", _at(sizes[0])),)
        columns = [column for column in columns if column[0] not in sizes]
    seconds = [column for column in columns if any("." in text for text in column[2])]
    if seconds:
        times = {"whole": (_at(seconds[0][0]), 1e3)}
        if len(seconds) > 1:
            times["inner"] = (_at(seconds[1][0]), 1e3)
        return _add_times(plain, times, request)
    if not columns:
        return replace(plain, patterns=request) if request else plain
    place, numbers, _ = max(columns, key=lambda column: median(column[1]))
    factor, unit = _unit(numbers)
    note = UNIT_NOTE.format("behind each line", unit)
    return _add_times(plain, {"whole": (_at(place), factor)}, request, note)


def _at(place: int) -> str:
    """A pattern of the word at a position; quoted text is one word."""
    return rf'^\s*(?:(?:"(?:[^"\\]|\\.)*"|[^"\s]+)\s+){{{place}}}([0-9.]+)(?:\s|$)'


def _byte_columns(
    matches: list[re.Match[str]], columns: list[tuple[int, list[float], list[str]]]
) -> list[int]:
    """The positions of mod_logio's bytes in and out; bytes out include the headers."""
    bodies = [float(match["response_bytes"]) if match["response_bytes"] != "-" else 0.0 for match in matches]
    for (first, _, _), (second, numbers, _) in pairwise(columns):
        if len(numbers) == len(bodies) and all(
            0 < n - body < 8192 for n, body in zip(numbers, bodies, strict=True)
        ):
            return [first, second]
    return []


def _unit(numbers: list[float]) -> tuple[float, str]:
    """The unit of whole numbers, by their size: seconds are mostly 0, microseconds are thousands."""
    middle = median(numbers)
    if middle > MOST_MS:
        return 1e-3, "microseconds, as %D gives them"
    if 3 * sum(number == 0 for number in numbers) >= len(numbers) or (
        middle < MOST_S and max(numbers) < 10 * MOST_S
    ):
        return 1e3, "seconds, as %T gives them"
    return 1.0, "milliseconds"


def _common(block: bytes, tail: Tail) -> Part:
    """The requests of a block in the common or combined log format.

    Most lines are split at their quotes; lines with an escaped quote are matched as a whole.
    """
    import polars as pl

    lines = lines_of(block)
    names = ["before", "request", "answer", "referer", "between", "agent", "rest"]
    cut = lines.with_columns(pl.col("line").str.splitn('"', 7).struct.rename_fields(names).struct.unnest())
    answer = pl.col("answer").str.strip_chars(" ").str.splitn(" ", 2).struct.rename_fields(["status", "size"])
    cut = cut.with_columns(answer.struct.unnest()).with_columns(
        at=pl.col("before").str.splitn("[", 2).struct.field("field_1").str.strip_chars_end("] "),
        path=pl.col("request").str.splitn(" ", 3).struct.field("field_1").fill_null(pl.col("request")),
    )
    is_plain = (
        ~pl.col("line").str.contains('\\"', literal=True)
        & pl.col("size").str.contains(r"^(?:[0-9]+|-)$")
        & pl.col("status").str.contains(r"^(?:[0-9]{3}|-)$")
        & (pl.col("between").is_null() | (pl.col("between") == " "))
        & pl.col("rest").is_not_null()
    )
    cut = cut.with_columns(whole=is_plain.fill_null(False))
    frame = cut.filter("whole").rename({"size": "response_bytes"})
    frame = frame.select("line", "at", "path", "status", "response_bytes", "agent", "rest", "whole")
    if frame.height < lines.height:
        odd = _groups(cut.filter(~pl.col("whole")).select("line"), "line", COMMON)
        frame = pl.concat([frame, odd.select(frame.columns)])
    values = []
    for column, own in tail.patterns:
        index = re.compile(own).groupindex.get(column, 1)
        values.append(pl.col("rest").str.extract(own, index).alias(column))
    frame = frame.with_columns(*values) if values else frame
    return rows(frame, tail.layout)
