"""The frame that all formats become, and the tally of it: exact, with bounded memory.

A row is an invocation from Lambda's report, the end of an invocation from its runtime, an exchange logged by
a door, or a request of a load test. A column that the format does not have is absent; a missing value is
null.
"""

from __future__ import annotations

import re
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .selection import HEALTH, STATIC, Selection

if TYPE_CHECKING:
    import polars as pl

INVOCATION = "invocation"
RUNTIME_DONE = "runtime done"  # counts as an invocation if there is no report
EXCHANGE = "exchange"
LOAD = "load"  # a request of a load test: the tester chose its rate
ASIDE = (HEALTH, STATIC)
NUMBERS = (  # columns of numbers; `time_s` is epoch seconds
    "time_s",
    "duration_ms",
    "billed_ms",
    "init_ms",
    "restore_ms",
    "memory_mb",
    "used_mb",
    "latency_ms",
    "request_bytes",
    "response_bytes",
)
TEXTS = ("error", "id")  # the error, and the request id of a time-out
KEY = "key"  # hash of a log record with a request id, to recognise repeats
SELECTED = ("path", "status", "aside")  # columns for the selection of rows, not kept
LARGEST = 1e17  # the largest plausible figure: a year [ms], 50 TB [bytes], epoch seconds
EXAMPLES, EXAMPLE = 5, 160  # lines, and characters of each
IN_MEMORY = 8 << 20  # bytes of a column kept in memory before it goes to a file
AT_ONCE = 1 << 17  # numbers read back from the file at a time
EXACT = 1000  # figures of logs have at most three decimals
MEMORY_SIZES = 64  # the most memory sizes with separate durations
DELIVERED_TWICE = "lines delivered twice, of the same request with the same figures"


@dataclass(frozen=True)
class StatedResult:
    """Figures of a result that does not list its requests: count, quantiles by column, failures.

    Quantiles are named as in the answer: p50, p90, p99, p99_9, max.
    """

    source: str
    count: int
    quantiles: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)
    kind: str = LOAD


@dataclass
class Part:
    """The content of some lines: rows of one kind, and notes."""

    kind: str = INVOCATION
    rows: pl.DataFrame | None = None
    read: int = 0
    used_lines: int = 0
    unreadable: int = 0
    examples: list[str] = field(default_factory=list)
    timed_out: list[str] = field(default_factory=list)  # request ids from lines with "Task timed out"
    failed_inits: Counter[str] = field(default_factory=Counter)
    facts: dict[str, Any] = field(default_factory=dict)  # certain values of workload fields
    stated_results: list[StatedResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ignored_lines: Counter[str] = field(default_factory=Counter)  # unused content and the number of its lines
    waits: tuple[float, float] = (0.0, 0.0)  # waiting for calls, and in total [ms]
    group: str = ""  # the function it belongs to, if the input names it

    def count_unreadable(self, line: str | bytes) -> None:
        """Count an unreadable line, and keep the first few as examples."""
        self.unreadable += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(excerpt(line))


def excerpt(line: str | bytes) -> str:
    """The beginning of a line for display, without control characters."""
    text = line[: 4 * EXAMPLE].decode("utf-8", "replace") if isinstance(line, bytes) else line[:EXAMPLE]
    text = "".join(c if c.isprintable() else " " for c in text[:EXAMPLE]).strip()
    return text + " ..." if len(line) > EXAMPLE else text


def rows_of(records: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """A frame of records that may lack some columns."""
    import polars as pl

    rows = list(records)
    return pl.DataFrame(
        {name: [_number(one.get(name)) for one in rows] for name in NUMBERS}
        | {name: [_text(one.get(name)) for one in rows] for name in TEXTS},
        schema=dict.fromkeys(NUMBERS, pl.Float64) | dict.fromkeys(TEXTS, pl.String),
    )


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number < LARGEST else None


def _text(value: Any) -> str | None:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None


class Column:
    """A list of numbers, moved to a temporary file when it is long."""

    def __init__(self) -> None:
        self.size, self._exact = 0, True
        self.least, self.largest = np.inf, 0.0
        self._file: Any = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def add(self, values: np.ndarray) -> None:
        """Append an array of shape (n,)."""
        if values.size:
            self.size += values.size
            self.least = min(self.least, float(values.min()))
            self.largest = max(self.largest, float(values.max()))
            scaled = values * EXACT
            self._exact = self._exact and bool(np.all(np.abs(scaled - np.rint(scaled)) < 1e-4))
            self._file.write(np.ascontiguousarray(values, dtype=float).tobytes())

    def pieces(self) -> Iterator[np.ndarray]:
        """The numbers in the order of arrival, in pieces."""
        self._file.seek(0)
        while piece := self._file.read(8 * AT_ONCE):
            yield np.frombuffer(piece)
        self._file.seek(0, 2)

    @property
    def is_small(self) -> bool:
        """Whether all numbers are exact in thousandths that fit in 32 bits."""
        return self._exact and self.largest * EXACT < 2**32 - 1

    def in_order(self) -> tuple[np.ndarray, float]:
        """The sorted numbers, and the divisor to apply to them."""
        scale = EXACT if self.is_small else 1
        values = np.empty(self.size, np.uint32 if self.is_small else float)
        at = 0
        for piece in self.pieces():
            values[at : at + piece.size] = np.rint(piece * scale) if self.is_small else piece
            at += piece.size
        values.sort()
        return values, scale

    def quantiles(self, shares: Iterable[float]) -> list[float]:
        """The quantiles, interpolated linearly between the two nearest values (NumPy's default)."""
        values, scale = self.in_order()
        results = []
        for share in shares:
            place = share * (values.size - 1)
            low = int(place)
            least, most = (float(values[i]) / scale for i in (low, min(low + 1, values.size - 1)))
            results.append(_between(least, most, place - low))
        return results


def _between(least: float, most: float, share: float) -> float:
    """Linear interpolation, rounded as NumPy does."""
    if share < 0.5:
        return least + (most - least) * share
    return most - (most - least) * (1 - share)


class RequestKeys:
    """The request keys seen so far, 8 bytes each, in sorted runs that are merged as they grow."""

    def __init__(self) -> None:
        self._runs: list[np.ndarray] = []

    def are_new(self, keys: np.ndarray) -> np.ndarray:
        """Whether each of the keys, of shape (n,), is new: booleans of the same shape."""
        values, places = np.unique(keys, return_index=True)
        is_old = np.zeros(values.size, dtype=bool)
        for run in self._runs:
            is_old |= run[np.minimum(np.searchsorted(run, values), run.size - 1)] == values
        is_first = np.zeros(keys.size, dtype=bool)
        is_first[places[~is_old]] = True
        run = values[~is_old]
        while run.size and self._runs and self._runs[-1].size <= 2 * run.size:
            run = np.sort(np.concatenate((self._runs.pop(), run)), kind="stable")
        if run.size:
            self._runs.append(run)
        return is_first


@dataclass
class Tally:
    """Everything kept from the frames: columns of numbers by kind, and counts."""

    selection: Selection = field(default_factory=Selection)
    read: int = 0
    used_lines: int = 0
    unreadable: int = 0
    examples: list[str] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)  # by kind
    errors: Counter[str] = field(default_factory=Counter)  # of invocations, by kind of error
    refusals: dict[str, Counter[str]] = field(
        default_factory=dict
    )  # failed exchanges by kind, then by status
    failed_inits: Counter[str] = field(default_factory=Counter)
    cold: int = 0
    memory: Counter[float] = field(default_factory=Counter)
    minutes: dict[str, Counter[int]] = field(default_factory=dict)  # rows per minute, by kind
    columns: dict[tuple[str, str], Column] = field(default_factory=dict)
    by_memory: dict[float, Column] = field(default_factory=dict)  # durations [ms]
    facts: dict[str, Any] = field(default_factory=dict)
    stated_results: list[StatedResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    ignored_lines: Counter[str] = field(default_factory=Counter)  # unused content and the number of its lines
    waits: tuple[float, float] = (0.0, 0.0)  # requests' waiting for calls, and total time [ms]
    groups: dict[str, Tally] = field(default_factory=dict)  # by function, if the inputs name several
    _keys: RequestKeys = field(default_factory=RequestKeys)
    _timeout_reports: Counter[str] = field(default_factory=Counter)  # time-outs by request id: from reports
    _timeout_lines: Counter[str] = field(default_factory=Counter)  # and from separate lines

    def add(self, part: Part) -> None:
        """Add a part."""
        self.read += part.read
        self.used_lines += part.used_lines
        self.unreadable += part.unreadable
        self.examples += part.examples[: EXAMPLES - len(self.examples)]
        self.failed_inits.update(part.failed_inits)
        self._timeout_lines.update(part.timed_out)
        if not part.group:  # facts of one function do not apply to the others
            self.facts.update(part.facts)
        self.stated_results += part.stated_results
        self.waits = self.waits[0] + part.waits[0], self.waits[1] + part.waits[1]
        self.ignored_lines.update(part.ignored_lines)
        self.notes += [note for note in part.notes if note not in self.notes]
        if part.group and (part.rows is not None or part.facts):
            alone = replace(part, group="", rows=part.rows)
            self.groups.setdefault(part.group, Tally(self.selection)).add(alone)
        if part.rows is not None and part.rows.height:
            rows, left_out = self.selection.select(part.rows)
            rows = self._without_repetitions(rows, left_out)
            self.ignored_lines.update(left_out)
            self.used_lines -= sum(left_out.values())
            for kind, some in _by_kind(part.kind, rows):
                self._take(kind, some)

    def _without_repetitions(self, rows: pl.DataFrame, left_out: Counter[str]) -> pl.DataFrame:
        """The rows without repeated deliveries."""
        if KEY not in rows.columns:
            return rows
        import polars as pl

        keys = rows[KEY].to_numpy() if not rows[KEY].null_count() else rows[KEY].fill_null(0).to_numpy()
        first = self._keys.are_new(keys) | (keys == 0)
        if twice := int(first.size - first.sum()):
            left_out[DELIVERED_TWICE] += twice
            rows = rows.filter(pl.Series(first))
        return rows

    def _take(self, kind: str, rows: pl.DataFrame) -> None:
        self.rows[kind] += rows.height
        for name in NUMBERS:
            if name in rows.columns and name != "memory_mb":
                values = rows[name].drop_nulls().to_numpy()
                self.column(kind, name).add(values)
                if name == "time_s" and values.size:
                    self._count_minutes(kind, values)
        if "memory_mb" in rows.columns:
            self._take_memory(rows)
        if kind == INVOCATION:
            starts = [name for name in ("init_ms", "restore_ms") if name in rows.columns]
            cold = np.zeros(rows.height, dtype=bool)
            for name in starts:
                cold |= rows[name].is_not_null().to_numpy()
            self.cold += int(cold.sum())
        if "error" in rows.columns and rows["error"].null_count() < rows.height:
            failed = rows.select(c for c in TEXTS if c in rows.columns).filter(rows["error"].is_not_null())
            counts = self.errors if kind == INVOCATION else self.refusals.setdefault(kind, Counter())
            counts.update(failed["error"].to_list())
            if "id" in failed.columns and kind == INVOCATION:
                late = failed.filter(failed["error"] == "timeout")["id"].drop_nulls()
                self._timeout_reports.update(late.to_list())

    def _take_memory(self, rows: pl.DataFrame) -> None:
        sizes, counts = np.unique(rows["memory_mb"].drop_nulls().to_numpy(), return_counts=True)
        self.memory.update(dict(zip(sizes.tolist(), counts.tolist(), strict=True)))
        if "duration_ms" not in rows.columns:
            return
        for size in sizes.tolist():
            if size in self.by_memory or len(self.by_memory) < MEMORY_SIZES:
                own = rows if len(sizes) == 1 else rows.filter(rows["memory_mb"] == size)
                self.by_memory.setdefault(size, Column()).add(own["duration_ms"].drop_nulls().to_numpy())

    def _count_minutes(self, kind: str, times: np.ndarray) -> None:
        minutes, counts = np.unique((times // 60).astype(np.int64), return_counts=True)
        self.minutes.setdefault(kind, Counter()).update(
            dict(zip(minutes.tolist(), counts.tolist(), strict=True))
        )

    def column(self, kind: str, name: str) -> Column:
        """The numbers of one column of one kind of row."""
        return self.columns.setdefault((kind, name), Column())

    def settle(self) -> None:
        """Decide at the end which rows count, since that depends on which other rows exist.

        Ends of invocations count as invocations if there are no reports. Health checks and static files are
        left out if there are other requests, and count as requests if there are none.
        """
        self._match_groups()
        for group in self.groups.values():
            group.settle()
        if self.rows[RUNTIME_DONE] and not self.rows[INVOCATION]:
            self.errors.update(self.refusals.pop(RUNTIME_DONE, Counter()))
            self._rename(RUNTIME_DONE, INVOCATION)
        if not self.rows[EXCHANGE] and not self.rows[INVOCATION]:
            most = max(ASIDE, key=self.rows.__getitem__)
            if self.rows[most]:
                self._rename(most, EXCHANGE)
        for kind in ASIDE:
            if count := self.rows.pop(kind, 0):
                self.ignored_lines[kind] += count
                self.used_lines -= count

    def _match_groups(self) -> None:
        """Assign the facts that a template states on a function to the log of that function."""
        logged = [name for name, group in self.groups.items() if group.rows.total()]
        for name in [name for name in self.groups if name not in logged]:
            same = [
                other for other in logged if _plain(name) in _plain(other) or _plain(other) in _plain(name)
            ]
            if len(same) == 1:
                self.groups[same[0]].facts |= self.groups.pop(name).facts
        if len(self.groups) == 1 and not (self.rows[EXCHANGE] or self.rows[LOAD]):
            self.facts |= self.groups.popitem()[1].facts
        for group in self.groups.values():
            group.facts = {**self.facts, **group.facts}

    def _rename(self, old: str, new: str) -> None:
        self.rows[new] += self.rows.pop(old)
        for kind, name in list(self.columns):
            if kind == old:
                self.columns[new, name] = self.columns.pop((kind, name))
        if old in self.minutes:
            self.minutes[new] = self.minutes.pop(old)
        if old in self.refusals:
            self.refusals[new] = self.refusals.pop(old)

    @cached_property
    def failures(self) -> dict[str, int]:
        """Failed invocations by kind; a time-out counts once, from its report or from a separate line."""
        alone = sum((self._timeout_lines - self._timeout_reports).values())
        counts = Counter(self.errors)
        room = max(self.rows[INVOCATION] - sum(counts.values()), 0)
        if late := min(alone, room):
            counts["timeout"] += late
        return dict(counts.most_common())


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]|function|lambda|handler", "", name.lower())


def _by_kind(kind: str, rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Split rows: health checks, static files, and the others."""
    import polars as pl

    if "aside" not in rows.columns or rows["aside"].null_count() == rows.height:
        yield kind, rows
        return
    for one in (*ASIDE, None):
        some = rows.filter(pl.col("aside").eq_missing(one))
        if some.height:
            yield one or kind, some
