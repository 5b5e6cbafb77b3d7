"""Results of load tests that do not list requests: quantiles and counts from their reports."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from explorer.ingest.frame import INVOCATION, Part, StatedResult, excerpt

from .exchanges import CLIENT_NOTE, LOAD_NOTE, UNITS

LARGEST = 64 << 20  # the largest result [bytes]
STATED_NOTE = "{} states quantiles and not the requests: what lies between them is not known"
MEAN_NOTE = "{}: a response has {:,.0f} bytes on average, headers included; how they spread is not known"
LEVELS = {
    "p50": ("p50", "50", "50th", "med", "median", "p(50)", "50%", "50.0%"),
    "p90": ("p90", "90", "90th", "p(90)", "90%"),
    "p99": ("p99", "99", "99th", "p(99)", "99%"),
    "p99_9": ("p999", "p99_9", "p99.9", "99.9", "p(99.9)", "99.9%", "99_9"),
    "max": ("max", "p100", "100", "100%", "p(100)"),
}
PERCENT = re.compile(
    r"^\s*(\d{1,3}(?:\.\d+)?)%{1,2}\s+(?:in\s+|<=?\s*)?([\d.]+)\s*(us|µs|ms|s|m|secs?)?\b(?!\S)", re.M
)
SLOWEST = re.compile(r"^\s*(?:Slowest|Longest transaction):\s*([\d.]+)\s*(ms|secs?|s)?", re.M)
WRK_MAX = re.compile(r"^\s*Latency\s+\S+\s+\S+\s+([\d.]+)(us|ms|s|m)\s", re.M)
COUNTS = re.compile(
    r"^\s*(\d+) requests in |^Complete requests:\s+(\d+)|^\s*Transactions:\s+(\d+) hits"
    r"|^\s*\[\d{3}\]\s+(\d+) responses",
    re.M,
)
BY_STATUS = re.compile(r"^\s*\[(\d{3})\]\s+(\d+) responses", re.M)
FAILED = re.compile(
    r"^Non-2xx(?: or 3xx)? responses:\s+(\d+)|^Failed requests:\s+(\d+)|^Failed transactions:\s+(\d+)", re.M
)
READ = re.compile(r" requests in [\d.]+\w+, ([\d.]+)([KMGT]?B) read|^HTML transferred:\s+(\d+) bytes", re.M)
SCALE = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
TEXTS = {  # tool names by a pattern of their report
    "wrk": re.compile(r"^Running .+ test @ ", re.M),
    "ApacheBench": re.compile(r"This is ApacheBench|^Concurrency Level:", re.M),
    "hey": re.compile(r"^Summary:\s*$[\s\S]{0,400}^\s*Slowest:", re.M),
    "bombardier": re.compile(r"^Bombarding ", re.M),
    "Vegeta": re.compile(r"^Latencies\s+\[min, mean, 50,", re.M),
    "k6": re.compile(r"^\s*http_req_duration\.*:\s+avg=", re.M),
    "artillery": re.compile(r"^http\.response_time:\s*$[\s\S]{0,200}^\s+median:", re.M),
    "siege": re.compile(r"^\s*\"?Transactions\"?:\s+\d+ hits", re.M | re.I),
}
TIME = r"((?:[\d.]+(?:h|ms|µs|us|ns|m|s))+)"  # in Go's form: 1m0.5s
QUANTILE_PATTERNS: dict[str, dict[str, Any]] = {  # labels of times in a report, by quantile
    "Vegeta": {"p50": 2, "p90": 3, "p99": 5, "max": 6},  # positions in the list of latencies
    "k6": {"p50": rf"med={TIME}",
           "p90": rf"p\(90\)={TIME}", "p99": rf"p\(99\)={TIME}", "max": rf"max={TIME}"},
    "artillery": {"p50": r"median:\D*([\d.]+)", "p90": r"p90:\D*([\d.]+)", "p99": r"p99:\D*([\d.]+)",
                  "max": r"max:\D*([\d.]+)"},
}  # fmt: skip
QUANTILE_LINES = {"Vegeta": r"^Latencies.*\]\s+(.*)$", "k6": r"^\s*http_req_duration\.*:\s*(.*)$",
            "artillery": r"^http\.response_time:\s*\n((?:\s+\w+:.*\n?)+)"}  # fmt: skip
COUNT_PATTERNS = {"Vegeta": r"^Requests\s+\[.*?\]\s+(\d+)", "k6": r"^\s*http_reqs\.*:\s+(\d+)",
               "artillery": r"^http\.requests:\D*(\d+)"}  # fmt: skip
CODES = re.compile(r"\b([45]\d\d):(?:\s*\.+\s*)?(\d+)|^http\.codes\.([45]\d\d):\D*(\d+)", re.M)
STATISTIC = re.compile(
    r"(avg|min|max|sum|count|pct|median|stddev)\(\s*(@\w+|\*)\s*(?:,\s*([\d.]+)\s*)?\)", re.I
)
INSIGHTS = {"@duration": "duration_ms", "@billedDuration": "billed_ms", "@initDuration": "init_ms"}
MEMORY = {"@maxMemoryUsed": "max_memory_mb"}


def tool(head: bytes) -> str:
    """The tool that wrote a text; "" if it is no result."""
    text = head.decode("utf-8", "replace")
    return next((name for name, pattern in TEXTS.items() if pattern.search(text)), "")


def read_text(content: bytes, name: str) -> Part:
    """The result of a tool that prints its result."""
    text = content.decode("utf-8", "replace")
    if name in QUANTILE_PATTERNS:
        return _read_named_quantiles(text, name)
    levels: dict[str, float] = {}
    factor = 1.0 if name == "ApacheBench" else 1e3  # of a number without a unit
    for share, value, unit in PERCENT.findall(text):
        level = _level(f"{float(share):g}")
        if level:
            levels[level] = float(value) * _unit(unit, factor)
    if match := SLOWEST.search(text) or WRK_MAX.search(text):
        levels["max"] = float(match[1]) * _unit(match[2] or "", 1e3)
    counts = [int(next(filter(None, groups))) for groups in COUNTS.findall(text)]
    errors = {f"HTTP {status}": int(n) for status, n in BY_STATUS.findall(text) if int(status) >= 400}
    failed = sum(int(next(filter(None, groups))) for groups in FAILED.findall(text))
    if failed:
        errors = {"failed": failed}
    part = _stated_part(name, sum(counts), levels, errors)
    part.read = text.count("\n") + (not text.endswith("\n"))
    part.used_lines = min(part.read, len(levels) + 1) if part.stated_results else 0
    part.ignored_lines["lines of the report without a quantile or a count"] = part.read - part.used_lines
    if match := READ.search(text):
        total = float(match[1]) * SCALE[match[2]] if match[1] else float(match[3])
        part.notes.append(MEAN_NOTE.format(name, total / max(sum(counts), 1)))
    if not part.stated_results:
        part.count_unreadable(excerpt(content))
    return part


def _read_named_quantiles(text: str, name: str) -> Part:
    """The result of a tool whose report names its quantiles."""
    line_match = re.search(QUANTILE_LINES[name], text, re.M)
    times_text = line_match[1] if line_match else ""
    levels: dict[str, float] = {}
    for level, pattern in QUANTILE_PATTERNS[name].items():
        if isinstance(pattern, int):
            times = times_text.split(", ")
            span = times[pattern] if len(times) > pattern else ""
        else:
            span = match[1] if (match := re.search(pattern, times_text)) else ""
        parts = re.findall(r"([\d.]+)(h|ms|µs|us|ns|m|s)?", span)
        if parts:
            levels[level] = sum(float(value) * UNITS.get(unit or "ms", 3.6e6) for value, unit in parts)
    count = re.search(COUNT_PATTERNS[name], text, re.M)
    errors = {f"HTTP {a or c}": int(b or d) for a, b, c, d in CODES.findall(text)}
    part = _stated_part(name, float(count[1]) if count else 0.0, levels, errors)
    part.read = text.count("\n") + (not text.endswith("\n"))
    part.used_lines = min(part.read, 2) if part.stated_results else 0
    part.ignored_lines["lines of the report without a quantile or a count"] = part.read - part.used_lines
    if not part.stated_results:
        part.count_unreadable(text)
    return part


def read_json(document: Any) -> Part | None:
    """The result of a load test in JSON; None for any other document."""
    if isinstance(document, list):
        return _locust(document)
    if not isinstance(document, dict):
        return None
    for reader in (_k6, _artillery, _vegeta, _autocannon, _oha, _gatling):
        part = reader(document)
        if part:
            part.read, part.used_lines = 1, 1 if part.stated_results else 0
            return part
    return None


def document(content: bytes) -> Any:
    """A complete JSON document; None if the text is not JSON."""
    try:
        return json.loads(content[:LARGEST])
    except (ValueError, RecursionError):
        return None


def _table(value: Any, *path: str) -> dict[str, Any]:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _k6(document: dict[str, Any]) -> Part | None:
    trend = _table(document, "metrics", "http_req_duration")
    if not trend:
        return None
    counter = _table(document, "metrics", "http_reqs")
    count = _first(_table(counter, "values") or counter, "count")
    failed = _table(document, "metrics", "http_req_failed")
    share = _first(_table(failed, "values") or failed, "passes", "fails_count")
    part = _stated_part("k6", count, _levels(_table(trend, "values") or trend), {"failed": int(share or 0)})
    received = _table(document, "metrics", "data_received")
    total = _first(_table(received, "values") or received, "count")
    if total and count:
        part.notes.append(MEAN_NOTE.format("k6", total / count))
    return part


def _artillery(document: dict[str, Any]) -> Part | None:
    aggregate = _table(document, "aggregate")
    summary = _table(aggregate, "summaries", "http.response_time") or _table(aggregate, "latency")
    if not summary:
        return None
    counters = _table(aggregate, "counters")
    codes = {name.rpartition(".")[2]: n for name, n in counters.items() if name.startswith("http.codes.")}
    codes = codes or _table(aggregate, "codes")
    errors = {f"HTTP {code}": int(n) for code, n in codes.items() if code >= "400" and _number(n)}
    count = (
        _first(counters, "http.requests")
        or _first(aggregate, "requestsCompleted")
        or _first(summary, "count")
    )
    return _stated_part("artillery", count, _levels(summary), errors)


def _vegeta(document: dict[str, Any]) -> Part | None:
    latencies = _table(document, "latencies")
    if not latencies or "requests" not in document:
        return None
    codes = _table(document, "status_codes")
    errors = {
        f"HTTP {code}": int(n) for code, n in codes.items() if (code >= "400" or code == "0") and _number(n)
    }
    part = _stated_part("Vegeta", _number(document["requests"]), _levels(latencies, 1e-6), errors)
    if mean := _first(_table(document, "bytes_in"), "mean"):
        part.notes.append(MEAN_NOTE.format("Vegeta", mean))
    return part


def _autocannon(document: dict[str, Any]) -> Part | None:
    latency, requests = _table(document, "latency"), _table(document, "requests")
    if not latency or "total" not in requests:
        return None
    errors = {name: int(n) for name in ("errors", "timeouts", "non2xx") if (n := _number(document.get(name)))}
    return _stated_part("autocannon", _number(requests["total"]), _levels(latency), errors)


def _oha(document: dict[str, Any]) -> Part | None:
    percentiles = _table(document, "latencyPercentiles")
    if not percentiles:
        return None
    codes = _table(document, "statusCodeDistribution")
    count = sum(_number(n) or 0 for n in codes.values())
    errors = {f"HTTP {code}": int(n) for code, n in codes.items() if code >= "400" and _number(n)}
    slowest = _first(_table(document, "summary"), "slowest")
    levels = _levels(percentiles, 1e3) | ({"max": slowest * 1e3} if slowest else {})
    return _stated_part("oha", count, levels, errors)


def _gatling(document: dict[str, Any]) -> Part | None:
    stats = _table(document, "stats") or document
    names = {"p50": "percentiles1", "p99": "percentiles4", "max": "maxResponseTime"}
    totals = {level: _first(_table(stats, name), "total") for level, name in names.items()}
    if "percentiles1" not in stats:
        return None
    count = _first(_table(stats, "numberOfRequests"), "total")
    failed = _first(_table(stats, "numberOfRequests"), "ko")
    levels = {level: value for level, value in totals.items() if value is not None}
    return _stated_part("Gatling", count, levels, {"failed": int(failed or 0)})


def _locust(rows: list[Any]) -> Part | None:
    """Locust's --json: number of requests by response time, rounded to two digits."""
    times: dict[float, float] = {}
    for row in rows:
        for duration, count in _table(row, "response_times").items():
            number, many = _number(duration), _number(count)
            if number is not None and many:
                times[number] = times.get(number, 0) + many
    if not times:
        return None
    values = np.array(sorted(times))
    upto = np.cumsum([times[value] for value in values.tolist()])
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999, "max": 1.0}
    levels = {
        level: float(values[np.searchsorted(upto, share * upto[-1])]) for level, share in shares.items()
    }
    failed = sum(_number(row.get("num_failures")) or 0 for row in rows if isinstance(row, dict))
    part = _stated_part("Locust", float(upto[-1]), levels, {"failed": int(failed)})
    part.read = part.used_lines = len(rows)
    return part


# CSV ------------------------------------------------------------------------------------------------


def is_csv(head: bytes) -> bool:
    """Whether a file begins as a table of statistics of Locust or Logs Insights."""
    first = head.lstrip().split(b"\n", 1)[0].decode("utf-8", "replace")
    lower = first.lower()
    if "median response time" in lower or ("# samples" in lower and "average" in lower):
        return True
    return ("User Count" in first and "Requests/s" in first) or (
        STATISTIC.search(first) is not None and "{" not in first
    )  # fmt: skip


def read_csv(content: bytes) -> Part:
    """A table of statistics."""
    text = content.decode("utf-8", "replace").replace("\0", "").lstrip()
    first, _, rest = text.partition("\n")
    names = None
    if '"' not in first:  # pct(@duration, 99) contains a comma
        names, text = [name.strip() for name in re.split(r",(?![^()]*\))", first)], rest
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), fieldnames=names))
    except csv.Error:
        rows = []
    if rows and any(STATISTIC.search(name or "") for name in rows[0]):
        return statistics(rows)
    part = _locust_table(rows)
    part.read = len(rows)
    return part


ALL = ("Aggregated", "Total", "TOTAL")  # names of the row of all requests
TITLES = {  # column titles in lower case
    "p50": ("median response time", "total median response time", "median"),
    "p90": ("90% line",),
    "p99": ("99% line",),
    "max": ("max response time", "total max response time", "maximum", "max"),
}


def _locust_table(rows: list[dict[str, Any]]) -> Part:
    rows = [{name.strip().lower(): value for name, value in row.items() if name} for row in rows]
    names = ("name", "label")
    last = [row for row in rows if any(row.get(name) in ALL for name in names)] or rows[-1:]
    part = Part()
    if last:
        row = last[-1]
        count = _first(row, "request count", "total request count", "# requests", "# samples")
        failed = _first(row, "failure count", "total failure count", "# failures")
        levels = _levels(row) | {
            level: value for level, names in TITLES.items() if (value := _first(row, *names)) is not None
        }
        name = "JMeter" if "# samples" in row else "Locust"
        part = _stated_part(name, count, levels, {"failed": int(failed or 0)})
        part.used_lines = len(rows) if part.stated_results else 0
        if mean := _first(row, "average content size", "total average content size"):
            part.notes.append(MEAN_NOTE.format("Locust", mean).replace(", headers included", ""))
    if not part.stated_results:
        part.count_unreadable("Locust: no row has a request")
    return part


def statistics(rows: list[dict[str, Any]]) -> Part:
    """Statistics of Logs Insights: all of a single row; of several rows only counts and maxima."""
    part = Part(read=len(rows))
    levels_by_column: dict[str, dict[str, float]] = {}
    count = 0.0
    ignored = set()
    for row in rows:
        for name, text in row.items():
            match, value = STATISTIC.search(name or ""), _number(text)
            if not match:
                ignored.add(name)
                continue
            kind, of, share = match[1].lower(), match[2], match[3]
            if value is None:
                continue
            if kind == "count":
                count += value
                continue
            column = INSIGHTS.get(of) or MEMORY.get(of)
            level = "max" if kind == "max" else "p50" if kind == "median" else _level(share or "")
            scale = 1e-6 if of in MEMORY else 1.0
            if not column or not level or (level != "max" and len(rows) > 1):
                ignored.add(name)
                continue
            levels = levels_by_column.setdefault(column, {})
            levels[level] = max(levels.get(level, 0.0), value * scale)
    part.ignored_lines.update(dict.fromkeys(filter(None, ignored), len(rows)))
    if levels_by_column or count:
        part.used_lines = len(rows)
        part.stated_results = [StatedResult("Logs Insights", int(count), levels_by_column, kind=INVOCATION)]
        part.notes = [STATED_NOTE.format("Logs Insights")]
        if len(rows) > 1:
            part.notes.append("quantiles of several periods cannot be put together: counts and maxima can")
    else:
        part.count_unreadable(json.dumps(rows[0])[:200] if rows else "no row")
    return part


# Shared functions -----------------------------------------------------------------------------------


def _stated_part(
    name: str, count: float | None, levels: Mapping[str, float], errors: Mapping[str, int]
) -> Part:
    part = Part(notes=[STATED_NOTE.format(name), CLIENT_NOTE, LOAD_NOTE])
    if levels:
        failed = {kind: n for kind, n in errors.items() if n}
        part.stated_results = [StatedResult(name, int(count or 0), {"duration_ms": dict(levels)}, failed)]
    return part


def _level(share: str) -> str:
    return next((level for level, names in LEVELS.items() if share in names), "")


def _levels(table: Mapping[str, Any], factor: float = 1.0) -> dict[str, float]:
    levels = {}
    for level, names in LEVELS.items():
        value = _first(table, *names)
        if value is not None:
            levels[level] = value * factor
    return levels


def _first(table: Mapping[str, Any], *names: str) -> float | None:
    return next((value for name in names if (value := _number(table.get(name))) is not None), None)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number < 1e15 else None


def _unit(text: str, bare: float) -> float:
    return UNITS.get("s" if text.startswith("sec") else text, bare)
