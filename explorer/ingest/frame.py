"""The one frame that every format becomes, and what is kept of it: exact, and flat in memory.

A row is an invocation as Lambda reports it, an exchange as a door logs it, or a size alone. A column
that a format does not hold is left out; a value that a line does not hold is null.
"""

from __future__ import annotations

import tempfile
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import polars as pl

INVOCATION, EXCHANGE, SIZE = "invocation", "exchange", "size"
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
TEXTS = ("error", "id")  # how it failed, and the request that a time-out was of
LARGEST = 1e17  # no figure of a log is larger: milliseconds of a year, bytes of 50 TB, epoch seconds
EXAMPLES, EXAMPLE = 5, 160  # lines, and characters of each
IN_MEMORY = 8 << 20  # bytes of a column that are kept before it goes to a file
AT_ONCE = 1 << 17  # numbers read back at a time
EXACT = 1000  # figures of a log have three decimals at most


@dataclass
class Part:
    """What became of some lines: rows of one kind, and what was said beside them."""

    kind: str = INVOCATION
    rows: pl.DataFrame | None = None
    read: int = 0
    used: int = 0
    unreadable: int = 0
    examples: list[str] = field(default_factory=list)
    timed_out: list[str] = field(default_factory=list)  # requests, from "Task timed out"
    failed_inits: Counter[str] = field(default_factory=Counter)
    facts: dict[str, Any] = field(default_factory=dict)  # of the workload, known for certain
    notes: list[str] = field(default_factory=list)

    def bad(self, line: str | bytes) -> None:
        """Count a line that cannot be read, and keep the first few."""
        self.unreadable += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(shown(line))


def shown(line: str | bytes) -> str:
    """A line as an example: one line, cut, without what would move a terminal about."""
    text = line[: 4 * EXAMPLE].decode("utf-8", "replace") if isinstance(line, bytes) else line[:EXAMPLE]
    text = "".join(c if c.isprintable() else " " for c in text[:EXAMPLE]).strip()
    return text + " ..." if len(line) > EXAMPLE else text


def rows_of(records: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """A frame of records, whatever of the columns they hold."""
    import polars as pl

    held = list(records)
    return pl.DataFrame(
        {name: [_number(one.get(name)) for one in held] for name in NUMBERS}
        | {name: [_text(one.get(name)) for one in held] for name in TEXTS},
        schema={name: pl.Float64 for name in NUMBERS} | {name: pl.String for name in TEXTS},
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
    """Numbers as they come, in a temporary file when there are many."""

    def __init__(self) -> None:
        self.size, self._exact = 0, True
        self.least, self.largest = np.inf, 0.0
        self._file: Any = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def add(self, values: np.ndarray) -> None:
        """Keep the numbers of an array of shape (n,)."""
        if values.size:
            self.size += values.size
            self.least = min(self.least, float(values.min()))
            self.largest = max(self.largest, float(values.max()))
            scaled = values * EXACT
            self._exact = self._exact and bool(np.all(np.abs(scaled - np.rint(scaled)) < 1e-4))
            self._file.write(np.ascontiguousarray(values, dtype=float).tobytes())

    def pieces(self) -> Iterator[np.ndarray]:
        """The numbers in the order in which they came, some at a time."""
        self._file.seek(0)
        while piece := self._file.read(8 * AT_ONCE):
            yield np.frombuffer(piece)
        self._file.seek(0, 2)

    @property
    def is_small(self) -> bool:
        """Whether thousandths of every number fit in 32 bits, exactly."""
        return self._exact and self.largest * EXACT < 2**32 - 1

    def sorted(self) -> tuple[np.ndarray, float]:
        """The numbers in order and what they are to be divided by."""
        scale = EXACT if self.is_small else 1
        kept = np.empty(self.size, np.uint32 if self.is_small else float)
        at = 0
        for piece in self.pieces():
            kept[at : at + piece.size] = np.rint(piece * scale) if self.is_small else piece
            at += piece.size
        kept.sort()
        return kept, scale

    def quantiles(self, shares: Iterable[float]) -> list[float]:
        """The quantiles as NumPy's own default has them, linear between the two nearest values."""
        kept, scale = self.sorted()
        found = []
        for share in shares:
            place = share * (kept.size - 1)
            low = int(place)
            least, most = (float(kept[i]) / scale for i in (low, min(low + 1, kept.size - 1)))
            found.append(_between(least, most, place - low))
        return found


def _between(least: float, most: float, share: float) -> float:
    """As NumPy rounds it."""
    if share < 0.5:
        return least + (most - least) * share
    return most - (most - least) * (1 - share)


@dataclass
class Tally:
    """All that is kept of the frames: columns of numbers by kind, and counts."""

    read: int = 0
    used: int = 0
    unreadable: int = 0
    examples: list[str] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)  # by kind
    errors: Counter[str] = field(default_factory=Counter)  # of invocations, by kind of error
    refused: Counter[str] = field(default_factory=Counter)  # exchanges, by status
    failed_inits: Counter[str] = field(default_factory=Counter)
    cold: int = 0
    memory: Counter[float] = field(default_factory=Counter)
    minutes: dict[str, Counter[int]] = field(default_factory=dict)  # rows a minute, by kind
    columns: dict[tuple[str, str], Column] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _late: Counter[str] = field(default_factory=Counter)  # time-outs by request: as reported
    _told: Counter[str] = field(default_factory=Counter)  # and as told beside the report

    def add(self, part: Part) -> None:
        """Take a part in."""
        self.read += part.read
        self.used += part.used
        self.unreadable += part.unreadable
        self.examples += part.examples[: EXAMPLES - len(self.examples)]
        self.failed_inits.update(part.failed_inits)
        self._told.update(part.timed_out)
        self.facts.update(part.facts)
        self.notes += [note for note in part.notes if note not in self.notes]
        if part.rows is not None and part.rows.height:
            self._take(part.kind, part.rows)

    def _take(self, kind: str, rows: pl.DataFrame) -> None:
        self.rows[kind] += rows.height
        for name in NUMBERS:
            if name in rows.columns and name != "memory_mb":
                values = rows[name].drop_nulls().to_numpy()
                self.column(kind, name).add(values)
                if name == "time_s" and values.size:
                    self._count_minutes(kind, values)
        if "memory_mb" in rows.columns:
            sizes, counts = np.unique(rows["memory_mb"].drop_nulls().to_numpy(), return_counts=True)
            self.memory.update(dict(zip(sizes.tolist(), counts.tolist(), strict=True)))
        if kind == INVOCATION:
            starts = [name for name in ("init_ms", "restore_ms") if name in rows.columns]
            cold = np.zeros(rows.height, dtype=bool)
            for name in starts:
                cold |= rows[name].is_not_null().to_numpy()
            self.cold += int(cold.sum())
        if "error" in rows.columns and rows["error"].null_count() < rows.height:
            failed = rows.select(c for c in TEXTS if c in rows.columns).filter(rows["error"].is_not_null())
            (self.errors if kind == INVOCATION else self.refused).update(failed["error"].to_list())
            if "id" in failed.columns:
                late = failed.filter(failed["error"] == "timeout")["id"].drop_nulls()
                self._late.update(late.to_list())

    def _count_minutes(self, kind: str, times: np.ndarray) -> None:
        minutes, counts = np.unique((times // 60).astype(np.int64), return_counts=True)
        self.minutes.setdefault(kind, Counter()).update(
            dict(zip(minutes.tolist(), counts.tolist(), strict=True))
        )

    def column(self, kind: str, name: str) -> Column:
        """The numbers of one column of one kind of row."""
        return self.columns.setdefault((kind, name), Column())

    @cached_property
    def failures(self) -> dict[str, int]:
        """Failed invocations by kind; a time-out is one, whether its report or a line beside it says so."""
        told_alone = sum((self._told - self._late).values())
        found = Counter(self.errors)
        room = max(self.rows[INVOCATION] - sum(found.values()), 0)
        if late := min(told_alone, room):
            found["timeout"] += late
        return dict(found.most_common())
