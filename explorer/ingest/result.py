"""What a tally says: the answer of `explorer ingest` as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .frame import EXCHANGE, INVOCATION, SIZE, Column, Tally

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99_9": 0.999, "max": 1.0}
DAY_S, MINUTE_S = 86400.0, 60.0
BLOCK = 1 << 20


@dataclass(frozen=True, eq=False)
class Summary:
    """The figures of a tally; a figure that the input does not hold is None."""

    tally: Tally

    @cached_property
    def kind(self) -> str:
        """The rows that requests are counted by: those of which there are more with a time of day."""
        return EXCHANGE if self._timed(EXCHANGE) > self._timed(INVOCATION) else INVOCATION

    def _timed(self, kind: str) -> int:
        column = self.tally.columns.get((kind, "time_s"))
        return column.size if column else 0

    @property
    def invocations(self) -> int:
        """Invocations, failed ones among them; without Lambda's own reports, the exchanges of a door."""
        return self.tally.rows[INVOCATION] or self.tally.rows[EXCHANGE]

    def column(self, name: str, *kinds: str) -> Column | None:
        """The column of the first kind that has numbers in it."""
        for kind in kinds or (INVOCATION,):
            column = self.tally.columns.get((kind, name))
            if column and column.size:
                return column
        return None

    @cached_property
    def runtime(self) -> Column | None:
        return self.column("duration_ms", INVOCATION, EXCHANGE)

    @cached_property
    def response(self) -> Column | None:
        return self.column("response_bytes", EXCHANGE, SIZE, INVOCATION)

    @cached_property
    def request(self) -> Column | None:
        return self.column("request_bytes", EXCHANGE, INVOCATION)

    @cached_property
    def times(self) -> Column | None:
        return self.column("time_s", self.kind)

    @property
    def span_s(self) -> float | None:
        """From the first to the last time of day [s]."""
        return self.times.largest - self.times.least if self.times else None

    @cached_property
    def minutes(self) -> dict[int, int]:
        return self.tally.minutes.get(self.kind, {})

    @property
    def busiest_minute_rps(self) -> float | None:
        """Requests a second in the busiest minute, if the input is that long."""
        return max(self.minutes.values()) / MINUTE_S if (self.span_s or 0) >= MINUTE_S else None

    @cached_property
    def busiest_second_rps(self) -> float | None:
        return float(_longest_run(self.times)) if self.times and (self.span_s or 0) >= MINUTE_S else None

    @property
    def days_without(self) -> tuple[int, int]:
        """Days within the span on which nothing is logged, and days of the span."""
        held = {minute // 1440 for minute in self.minutes}
        of = max(held) - min(held) + 1 if held else 0
        return of - len(held), of

    @property
    def cold_start_share(self) -> float | None:
        """Share of the invocations that began with a cold start."""
        held = self.tally.rows[INVOCATION]
        return self.tally.cold / held if held else None

    @property
    def memory_mb(self) -> float | None:
        """The memory size of most invocations."""
        return (
            self.tally.memory.most_common(1)[0][0] if self.tally.memory else self.tally.facts.get("memory_mb")
        )

    @cached_property
    def quantiles(self) -> dict[str, dict[str, float] | None]:
        """Quantiles of every column that the answer tells of."""
        columns = {
            "duration_ms": self.runtime,
            "billed_ms": self.column("billed_ms"),
            "init_ms": self.column("init_ms"),
            "restore_ms": self.column("restore_ms"),
            "max_memory_mb": self.column("used_mb"),
            "request_bytes": self.request,
            "response_bytes": self.response,
        }
        return {name: quantiles(column) if column else None for name, column in columns.items()}

    @property
    def errors(self) -> dict[str, int]:
        """Failed invocations by kind; where only a door is seen, the answers with a status of 5xx."""
        if self.tally.rows[INVOCATION]:
            return self.tally.failures
        return {kind: n for kind, n in self.tally.refused.most_common() if kind.startswith("HTTP 5")}

    def to_dict(self) -> dict[str, Any]:
        tally = self.tally
        return {
            "read": tally.read,
            "used": tally.used,
            "unreadable": tally.unreadable,
            "examples": tally.examples,
            "invocations": self.invocations,
            "errors": self.errors,
            "failed_inits": dict(tally.failed_inits.most_common()),
            "http_errors": dict(tally.refused.most_common()),
            "cold_start_share": self.cold_start_share,
            **self.quantiles,
            "memory_mb": {f"{size:g}": count for size, count in tally.memory.most_common()},
            "span_s": self.span_s,
            "busiest_minute_rps": self.busiest_minute_rps,
            "busiest_second_rps": self.busiest_second_rps,
            "notes": tally.notes,
        }


def quantiles(column: Column) -> dict[str, float]:
    return dict(zip(QUANTILES, column.quantiles(QUANTILES.values()), strict=True))


def _longest_run(times: Column) -> int:
    """The most numbers that are equal, among numbers in order."""
    kept, _ = times.sorted()
    longest, carried, last = 0, 0, None
    for at in range(0, kept.size, BLOCK):
        values, counts = np.unique(kept[at : at + BLOCK], return_counts=True)
        if last is not None and values[0] == last:
            counts[0] += carried
        longest, carried, last = max(longest, int(counts.max())), int(counts[-1]), values[-1]
    return longest


def most(counts: Iterable[tuple[str, int]], few: int = 3) -> str:
    """The first few kinds with their counts, as a person says them."""
    return ", ".join(f"{count:,} x {kind}" for kind, count in list(counts)[:few])
