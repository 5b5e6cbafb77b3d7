"""The figures of a tally: the answer of `explorer ingest` as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .frame import DELIVERED_TWICE, EXCHANGE, INVOCATION, LOAD, RUNTIME_DONE, Column, StatedResult, Tally

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999, "max": 1.0}
DAY_S, MINUTE_S = 86400.0, 60.0
BLOCK = 1 << 20
STRAY = 0.01  # the largest share of lines with a wrong clock
FAR, FAR_S = 3.0, 2 * DAY_S  # their least distance: times the span of the others, and in seconds
FIRST_S = 1_388_534_400.0  # 2014, the first year of Lambda: earlier times come from a wrong clock
FEWEST = 10  # the fewest invocations of a memory size for a median


@dataclass(frozen=True, eq=False)
class Summary:
    """The figures of a tally; None if the input does not contain a figure."""

    tally: Tally

    @cached_property
    def kind(self) -> str:
        """The kind of rows that count as requests: the kind with more times of day."""
        return EXCHANGE if self._times(EXCHANGE) > self._times(INVOCATION) else INVOCATION

    def _times(self, kind: str) -> int:
        column = self.tally.columns.get((kind, "time_s"))
        return column.size if column else 0

    @property
    def invocations(self) -> int:
        """The number of invocations, also failed ones; without Lambda's reports, of requests."""
        rows = self.tally.rows
        stated = self.largest_result.count if self.largest_result else 0
        return rows[INVOCATION] or rows[EXCHANGE] or rows[LOAD] or stated

    @cached_property
    def largest_result(self) -> StatedResult | None:
        """The result with the most requests; figures of several results cannot be combined."""
        return max(self.tally.stated_results, key=lambda one: one.count, default=None)

    def column(self, name: str, *kinds: str) -> Column | None:
        """The column of the first kind that contains numbers."""
        for kind in kinds or (INVOCATION,):
            column = self.tally.columns.get((kind, name))
            if column and column.size:
                return column
        return None

    @cached_property
    def runtime(self) -> Column | None:
        """Durations of invocations; without them, the waits of callers."""
        return self.column("duration_ms", INVOCATION, EXCHANGE, LOAD) or self.column(
            "latency_ms", EXCHANGE, LOAD
        )

    @cached_property
    def response(self) -> Column | None:
        """Sizes of responses [bytes]."""
        return self.column("response_bytes", EXCHANGE, INVOCATION, RUNTIME_DONE, LOAD)

    @cached_property
    def request(self) -> Column | None:
        """Sizes of requests [bytes]."""
        return self.column("request_bytes", EXCHANGE, INVOCATION, LOAD)

    @cached_property
    def times(self) -> Column | None:
        """The times of the requests; those of a load test only if there are no others."""
        return self.column("time_s", self.kind, EXCHANGE, INVOCATION, LOAD)

    @property
    def is_load_alone(self) -> bool:
        """Whether all times come from load tests."""
        return self.times is not None and self.times is self.tally.columns.get((LOAD, "time_s"))

    @property
    def is_of_load_test(self) -> bool:
        """Whether the durations come from a load test."""
        rows = self.tally.rows
        return not (rows[INVOCATION] or rows[EXCHANGE]) and bool(rows[LOAD] or self.largest_result)

    @cached_property
    def clock(self) -> Clock | None:
        """The period of the requests, without lines with a wrong clock."""
        return Clock.of(self.times) if self.times else None

    @property
    def span_s(self) -> float | None:
        """The time between the first and the last request [s]."""
        return self.clock.last - self.clock.first if self.clock else None

    @cached_property
    def minutes(self) -> dict[int, int]:
        """Requests per minute, by minute since the epoch."""
        if not self.clock or self.is_load_alone:
            return {}
        least, most = self.clock.first // 60, self.clock.last // 60
        counted: Mapping[int, int] = self.tally.minutes.get(self.kind, {})
        return {minute: count for minute, count in counted.items() if least <= minute <= most}

    @property
    def busiest_minute_rps(self) -> float | None:
        """Requests per second in the busiest minute; None if the period is too short."""
        is_long = (self.span_s or 0) >= MINUTE_S and self.minutes
        return max(self.minutes.values()) / MINUTE_S if is_long else None

    @cached_property
    def busiest_second_rps(self) -> float | None:
        """The most requests within one second; None if the period is too short."""
        is_long = self.times and (self.span_s or 0) >= MINUTE_S and not self.is_load_alone
        return float(_longest_run(self.times, self.clock)) if is_long and self.times and self.clock else None

    @property
    def days_without(self) -> tuple[int, int]:
        """The number of days in the period without log lines, and of all its days."""
        days = {minute // 1440 for minute in self.minutes}
        of = max(days) - min(days) + 1 if days else 0
        return of - len(days), of

    @property
    def cold_start_share(self) -> float | None:
        """The share of the invocations with a cold start."""
        invocations = self.tally.rows[INVOCATION]
        return self.tally.cold / invocations if invocations else None

    @property
    def memory_mb(self) -> float | None:
        """The memory size of most invocations [MB]."""
        return (
            self.tally.memory.most_common(1)[0][0] if self.tally.memory else self.tally.facts.get("memory_mb")
        )

    @cached_property
    def quantiles(self) -> dict[str, Mapping[str, float | None] | None]:
        """Quantiles of every column of the answer: measured, or stated by a result."""
        columns = {
            "duration_ms": self.runtime,
            "billed_ms": self.column("billed_ms"),
            "init_ms": self.column("init_ms"),
            "restore_ms": self.column("restore_ms"),
            "max_memory_mb": self.column("used_mb"),
            "request_bytes": self.request,
            "response_bytes": self.response,
        }
        stated = self.largest_result.quantiles if self.largest_result else {}
        return {
            name: quantiles(column) if column else _of_stated(stated.get(name))
            for name, column in columns.items()
        }

    @property
    def errors(self) -> dict[str, int]:
        """Failed invocations by kind; from a door's log alone, responses with a status of 5xx."""
        if self.tally.rows[INVOCATION]:
            return self.tally.failures
        stated = self.largest_result.errors if self.largest_result and not self.tally.rows[LOAD] else {}
        failed = Counter(self.tally.refusals.get(EXCHANGE, {})) + Counter(self.tally.refusals.get(LOAD, {}))
        counts = (failed + Counter(stated)).most_common()
        return {kind: n for kind, n in counts if not kind.startswith("HTTP ") or kind.startswith("HTTP 5")}

    @property
    def http_errors(self) -> dict[str, int]:
        """Responses with a status of 4xx and 5xx."""
        stated = self.largest_result.errors if self.largest_result and not self.tally.rows[LOAD] else {}
        counts = Counter(stated)
        for kind in (EXCHANGE, LOAD):
            counts += Counter(self.tally.refusals.get(kind, {}))
        return {kind: n for kind, n in counts.most_common() if kind.startswith("HTTP ")}

    @cached_property
    def times_by_memory(self) -> list[dict[str, float]]:
        """The median duration [ms] by memory size [MB]: from a sweep, or from the sizes in a log."""
        sweep = self.tally.facts.get("sweep", [])
        if sweep:
            return [{"memory_mb": row["memory_mb"], "p50_ms": row["duration_ms"]} for row in sweep]
        medians = {
            size: column.quantiles([0.5])[0]
            for size, column in sorted(self.tally.by_memory.items())
            if column.size >= FEWEST
        }
        return (
            [{"memory_mb": size, "p50_ms": p50} for size, p50 in medians.items()] if len(medians) > 1 else []
        )

    @property
    def cpu(self) -> float | None:
        """The share of the time spent computing; None without traces that show waits for calls."""
        waited, total = self.tally.waits
        return round(1 - min(waited / total, 1.0), 3) if total > 0 else None

    @cached_property
    def ignored_lines(self) -> list[dict[str, Any]]:
        """Unused content: what it is, and on how many lines."""
        counts = Counter(self.tally.ignored_lines)
        if self.clock and self.clock.strays:
            counts["times of a clock that was wrong, left out of the rate"] = self.clock.strays
        for one in self.tally.stated_results:
            if one is not self.largest_result or self.tally.rows[INVOCATION] or self.tally.rows[EXCHANGE]:
                counts[f"what {one.source} states, beside requests or a larger result"] += max(one.count, 1)
        return [{"what": what, "lines": count} for what, count in counts.most_common()]

    @property
    def notes(self) -> list[str]:
        """Notes on the figures."""
        notes = list(self.tally.notes)
        if self.clock and self.clock.strays:
            n = self.clock.strays
            notes.append(
                f"{n:,} {'line has' if n == 1 else 'lines have'} a clock that was wrong, such as"
                f" {_date(self.clock.example)}: left out of the rate"
            )
        if twice := self.tally.ignored_lines.get(DELIVERED_TWICE):
            notes.append(f"{twice:,} lines were delivered twice: each request counts once")
        return notes

    def to_dict(self) -> dict[str, Any]:
        """The summary as a dict for JSON."""
        tally = self.tally
        return {
            "read": tally.read,
            "used": tally.used_lines,
            "unreadable": tally.unreadable,
            "examples": tally.examples,
            "invocations": self.invocations,
            "errors": self.errors,
            "failed_inits": dict(tally.failed_inits.most_common()),
            "http_errors": self.http_errors,
            "cold_start_share": self.cold_start_share,
            **self.quantiles,
            "memory_mb": {f"{size:g}": count for size, count in tally.memory.most_common()},
            "span_s": self.span_s,
            "busiest_minute_rps": self.busiest_minute_rps,
            "busiest_second_rps": self.busiest_second_rps,
            "tuned": self.times_by_memory,
            "cpu": self.cpu,
            "ignored": self.ignored_lines,
            "notes": self.notes,
        }


@dataclass(frozen=True)
class Clock:
    """The first and the last time [epoch s], without those of wrong clocks."""

    first: float
    last: float
    strays: int = 0
    example: float = 0.0

    @classmethod
    def of(cls, times: Column) -> Clock:
        """The period that contains nearly all times.

        A few lines far from all others, or from before Lambda existed, come from a wrong clock.
        """
        values, scale = times.in_order()
        at = int(np.searchsorted(values, FIRST_S * scale))
        begin, end = (
            (at if at < values.size else 0),
            values.size,
        )  # but the clock of an all-old log is right
        few = max(int(STRAY * values.size), 1)
        for _ in range(2):  # outliers on one side hide those on the other
            begin += _count_strays(values[begin:end].astype(float), few, FAR_S * scale)
            end -= _count_strays(-values[begin:end][::-1].astype(float), few, FAR_S * scale)
        count = begin + values.size - end
        example = float(values[0] if begin else values[-1]) / scale if count else 0.0
        return cls(float(values[begin]) / scale, float(values[end - 1]) / scale, count, example)


def _count_strays(times: np.ndarray, few: int, far: float) -> int:
    """The number of first times, a few at most, that are far before all others; times in order."""
    some = min(few, times.size - 2)
    if some < 1:
        return 0
    count = int(np.argmax(np.diff(times[: some + 1]))) + 1
    return count if times[count] - times[count - 1] > max(FAR * (times[-1] - times[count]), far) else 0


def _date(seconds: float) -> str:
    return str(np.datetime64(int(seconds), "s")) if abs(seconds) < 1e11 else f"{seconds:g}"


def _of_stated(levels: Mapping[str, float] | None) -> dict[str, float | None] | None:
    """The quantiles stated by a result; None for each that it does not state."""
    return {name: levels.get(name) for name in QUANTILES} if levels else None


def quantiles(column: Column) -> dict[str, float]:
    """The quantiles of a column, by their names in a workload."""
    return dict(zip(QUANTILES, column.quantiles(QUANTILES.values()), strict=True))


def _longest_run(times: Column, clock: Clock) -> int:
    """The largest number of equal times, within the period of a clock."""
    times_in_span, scale = times.in_order()
    times_in_span = times_in_span[
        np.searchsorted(times_in_span, clock.first * scale) : np.searchsorted(
            times_in_span, clock.last * scale, "right"
        )
    ]
    longest, last_count, last = 0, 0, None
    for at in range(0, times_in_span.size, BLOCK):
        values, counts = np.unique(times_in_span[at : at + BLOCK], return_counts=True)
        if last is not None and values[0] == last:
            counts[0] += last_count
        longest, last_count, last = max(longest, int(counts.max())), int(counts[-1]), values[-1]
    return longest


def most_frequent(counts: Iterable[tuple[str, int]], few: int = 3) -> str:
    """The most frequent kinds with their counts, as text."""
    return ", ".join(f"{count:,} x {kind}" for kind, count in list(counts)[:few])
