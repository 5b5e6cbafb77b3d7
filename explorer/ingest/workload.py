"""Make a workload file from measurements: fields that the input determines, and questions for the rest."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import ExplorerError
from explorer.facts.atomic_write import write_atomically
from explorer.facts.units import BYTES, format_number, format_time, parse_size
from explorer.workload.fields import FIELDS, SPREADS, by_path
from explorer.workload.kinds import LARGEST_SIZE, LONGEST_TIME
from explorer.workload.workload import Workload

from .frame import INVOCATION, Column
from .result import DAY_S, Summary, most_frequent

if TYPE_CHECKING:
    from datetime import date

SPREAD = re.compile(r"p\d.*|max|value|samples")
MONTH_S = 730 * 3600.0
MB = BYTES["MB"]
DIGITS = 4  # significant digits of a quantile
MONTH_DIGITS = 5
SIZES = ((1024.0**3, 1024.0**3, "GB"), (1024.0**2, 1024.0**2, "MB"), (1e4, 1024.0, "KB"), (0.0, 1.0, "B"))
TIMES = (
    (7200e3, 3600e3, "h"),
    (300e3, 60e3, "min"),
    (1e3, 1e3, "s"),
    (0.0, 1.0, "ms"),
)  # from which time [ms], length of the unit [ms], unit
FEW = 100  # invocations; with fewer, a p99 is hardly more than the maximum
TOP = {"p50": "p50", "p90": "p90", "p99": "p99", "p99_9": '"p99.9"', "max": "max"}
QUESTIONS = {  # for fields that the input does not determine, in the order of the file
    record.path: record.if_unknown for record in FIELDS if record.if_unknown
}
PLACEHOLDERS: dict[str, Any] = {"requests_per_month": 1, "response": "1 KB", "runtime": "1 s"}
SECTIONS = ("", "request", "response", "runtime", "runtime.init", "configuration", "client")


@dataclass
class Draft:
    """A draft of a workload file: known values by dotted field, their reasons, and open questions."""

    values: dict[str, Any] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    head: list[str] = field(default_factory=list)
    samples: dict[str, Column] = field(default_factory=dict)  # by section
    tuned: list[dict[str, str]] = field(default_factory=list)

    def set(self, name: str, value: Any, why: str = "") -> None:
        """Set a field, with the reason for its value."""
        self.values[name] = value
        if why:
            self.why[name] = why

    def set_if_there(self, name: str, value: Any, why: str = "") -> None:
        """Set a field if the workload file has it."""
        if name in by_path():
            self.set(name, value, why)

    def drop(self, section: str) -> None:
        """Remove the distribution of a section."""
        own = {name for name in self.values if _section(name) == section and SPREAD.fullmatch(_last(name))}
        self.values = {name: value for name, value in self.values.items() if name not in {section, *own}}

    @property
    def missing(self) -> dict[str, str]:
        """The open questions, by field."""
        names = {*self.values, *(name.partition(".")[0] for name in self.values if "." in name)}
        names -= {name for name in ("runtime",) if not self._has_spread(name)}
        return {name: question for name, question in QUESTIONS.items() if name not in names}

    def _has_spread(self, section: str) -> bool:
        own = (name.partition(".")[2] for name in self.values if name.startswith(f"{section}."))
        return section in self.values or any(SPREAD.fullmatch(name) for name in own)

    def as_tables(self) -> dict[str, Any]:
        """The known values, as the tables of a workload."""
        tables: dict[str, Any] = {}
        for name, value in self.values.items():
            *path, last = re.split(r"\.(?!\d)", name)
            table = tables
            for part in path:
                table = table.setdefault(part, {})
            table[last] = value
        return tables

    def check(self, name: str, folder: Path) -> None:
        """Raise WorkloadError if the known values, with answers to the questions, are no valid workload."""
        tables = self.as_tables()
        for missing, value in PLACEHOLDERS.items():
            if missing not in tables:
                tables[missing] = value
            elif missing in self.missing and isinstance(tables[missing], Mapping):
                tables[missing] = {**tables[missing], "value": value}
        Workload(name, folder, **tables)

    def to_toml(self) -> str:
        """The text of the file: each field with its reason, each open question as a comment."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield from (f"# {line}".rstrip() for line in self.head)
        for section in dict.fromkeys((*SECTIONS, *map(_section, self.values))):  # users' own last
            questions = [name for name in self.missing if self._place(name) == section]
            own = [name for name in self.values if _section(name) == section]
            if section and not own and not questions:
                continue
            if section:
                yield ""
                yield f"[{section}]" if own else f"# [{section}]"
            for name in own:
                why = self.why.get(name, "")
                line = f"{_key(name)} = {_toml(self.values[name])}"
                yield f"{line:<36}# {why}" if why else line
            for name in questions:
                last = name.rpartition(".")[2] if "." in name else name
                key = "p50" if name in SPREADS else last
                key = "total" if name == "configuration" else key
                yield f"# {key} = ".ljust(20) + f"# {QUESTIONS[name]}"

    def _place(self, name: str) -> str:
        return name.partition(".")[0] if "." in name or name in SECTIONS else ""


def _section(name: str) -> str:
    parts = re.split(r"\.(?!\d)", name)
    return ".".join(parts[:-1])


def _last(name: str) -> str:
    return re.split(r"\.(?!\d)", name)[-1]


def _key(name: str) -> str:
    last = _last(name)
    return last if re.fullmatch(r"[A-Za-z0-9_-]+", last) else json.dumps(last)


def _toml(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(name)} = {_toml(one)}" for name, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def draft(summary: Summary, name: str, today: date, samples: bool = False) -> Draft:
    """The draft of a workload file from measurements.

    Parameters: `name` of the workload; `today`, the date in the file; `samples`, write the numbers to Parquet
    files instead of quantiles.
    """
    tally, workload_draft = summary.tally, Draft()
    workload_draft.head = [
        f"Measured, not asked: by `explorer ingest` on {today}, from {tally.read:,} lines:"
        f" {tally.used_lines:,} used, {tally.unreadable:,} unreadable.",
        *(f"Note: {note}." for note in summary.notes),
        *_failures(summary),
    ]
    workload_draft.set("name", name)
    facts = tally.facts
    for field_name in ("region", "runtime.architecture", "runtime.language"):
        if field_name in facts:
            workload_draft.set(field_name, facts[field_name], "of the function")
    _traffic(workload_draft, summary)
    for section, column in (("request", summary.request), ("response", summary.response)):
        if column:
            _spread(workload_draft, section, column, samples, 1.0, LARGEST_SIZE)
    _runtime(workload_draft, summary, samples)
    for field_name, value in facts.items():
        if field_name.startswith("configuration."):
            workload_draft.set(field_name, value, "counted, not stored")
        elif field_name.startswith(("client.", "current.")):
            workload_draft.set_if_there(field_name, value, "of the template")
    return workload_draft


def tune(workload_draft: Draft, summary: Summary) -> None:
    """Set the times at several memory sizes, after the memory size itself is set.

    A load test gives the time at its own memory size, if the template, function or user states that size.
    """
    tuned = summary.times_by_memory
    why = "the median at each memory size"
    memory = workload_draft.values.get("runtime.memory")
    p50 = (summary.quantiles["duration_ms"] or {}).get("p50")
    if not tuned and memory and summary.is_of_load_test and p50:
        tuned, why = [{"memory_mb": parse_size(memory) / MB, "p50_ms": p50}], "as the load test saw it"
    if tuned:
        rows = [
            {"memory": f"{row['memory_mb']:g} MB", "p50": format_amount(row["p50_ms"], 1e-3)} for row in tuned
        ]
        workload_draft.tuned = rows
        workload_draft.set_if_there("runtime.tuned", rows, why)


def _failures(summary: Summary) -> Iterator[str]:
    failures = summary.tally.failures
    if failures:
        failed = sum(failures.values()) / max(summary.invocations, 1)
        kinds = most_frequent(failures.items())
        yield f"Failed: {kinds} ({failed:.2%} of the invocations); their durations count."
    if "timeout" in failures:
        yield "A time-out's duration is a lower bound: the work was cut off, and would have taken longer."
    if summary.http_errors:
        yield f"Refused or failed at the door: {most_frequent(summary.http_errors.items())}."
    if summary.tally.failed_inits:
        yield f"Initialisations that failed: {most_frequent(summary.tally.failed_inits.items())}."
    share = summary.cold_start_share
    if share is not None and summary.tally.rows[INVOCATION]:
        yield f"Cold starts: {share:.2%} of the invocations."


def _traffic(workload_draft: Draft, summary: Summary) -> None:
    facts, span, times = summary.tally.facts, summary.span_s, summary.times
    if "requests_per_month" in facts:
        workload_draft.set("requests_per_month", facts["requests_per_month"], facts["requests_why"])
    elif summary.is_load_alone or not (span and times and summary.clock):
        pass  # the tester chose the rate of a load test
    elif span >= DAY_S:
        count = times.size - summary.clock.strays
        month = _round(count / span * MONTH_S, MONTH_DIGITS)
        without, days = summary.days_without
        gap = f"; on {without} of these {days} days nothing is logged" if without else ""
        why = f"{count:,} in {format_time(span)}, extended to 730 h{gap}"
        workload_draft.set("requests_per_month", max(round(month), 1), why)
    else:
        workload_draft.head.append(
            f"The log spans {format_time(span)}: too short to tell a month or its peak from "
            f"({times.size:,} requests)."
        )
    rate = summary.busiest_minute_rps
    if "peak_rps" in facts:
        workload_draft.set("peak_rps", facts["peak_rps"], facts["peak_why"])
    elif rate and span:
        second = f"the busiest second had {format_number(summary.busiest_second_rps or 0)}"
        if span < DAY_S:
            workload_draft.head.append(
                f"Its busiest minute had {format_number(rate)} requests a second; {second}."
            )
        else:
            least = workload_draft.values.get("requests_per_month", 0) / MONTH_S * (1 + 1e-6)
            why = f"the busiest minute of {format_time(span)}; {second}"
            workload_draft.set("peak_rps", _round(max(rate, least), DIGITS, up=True), why)


def _runtime(workload_draft: Draft, summary: Summary, samples: bool) -> None:
    facts, column = summary.tally.facts, summary.runtime
    stated = (summary.largest_result.quantiles if summary.largest_result else {}).get("duration_ms", {})
    if column:
        _spread(workload_draft, "runtime", column, samples, 1e-3, LONGEST_TIME)
    elif summary.largest_result and "p50" in stated:
        _stated_spread(
            workload_draft, "runtime", stated, f"as {summary.largest_result.source} states it", LONGEST_TIME
        )
    elif "mean_ms" in facts:
        workload_draft.set("runtime.value", format_amount(facts["mean_ms"], 1e-3), "a mean: no tail is known")
    memory = summary.memory_mb
    if memory and 128 <= memory <= 122880:
        others = [f"{size:g} MB" for size, _ in summary.tally.memory.most_common()[1:5]]
        why = f"of most invocations; others had {', '.join(others)}" if others else ""
        workload_draft.set("runtime.memory", f"{memory:g} MB", why)
    elif memory:
        workload_draft.head.append(
            f"The memory size of {memory:g} MB is none that Lambda sells: it is left out."
        )
    used_memory = summary.column("used_mb")
    if used_memory and 0 < used_memory.largest <= 122880:
        most_mb, why = float(math.ceil(used_memory.largest)), "the most that was used"
        if memory and 128 <= memory < most_mb:  # other sizes used more, or the report overcounts
            most_mb, why = memory, f"the whole memory size: the most that was used is {most_mb:g} MB"
        workload_draft.set_if_there("runtime.used", f"{most_mb:g} MB", why)
    if summary.cpu is not None:
        workload_draft.set_if_there(
            "runtime.cpu", summary.cpu, "what spans of its calls leave: the rest waited"
        )
    init = summary.column("init_ms") or summary.column("restore_ms")
    if init and workload_draft._has_spread("runtime"):
        _spread(workload_draft, "runtime.init", init, False, 1e-3, LONGEST_TIME)
    if "timeout_s" in facts and workload_draft._has_spread("runtime"):
        workload_draft.head.append(f"The function's time-out is {format_time(facts['timeout_s'])}.")


def _stated_spread(
    workload_draft: Draft, section: str, levels: Mapping[str, float], why: str, limit: float
) -> None:
    if max(levels.values()) * 1e-3 > limit:
        workload_draft.head.append(
            f"The {section} reaches {max(levels.values()):g} ms, which nothing does: it is left out."
        )
        return
    least = 0.0
    for name in TOP:
        value = levels.get(name)
        if value is None or not value:
            continue
        if value < least:  # truncated, or in another unit
            workload_draft.head.append(
                f"The {name} of the {section} is stated below a lower quantile: it is left out."
            )
            continue
        least = value
        workload_draft.set(
            f"{section}.{name.replace('_', '.')}", format_amount(value, 1e-3, name == "max"), why
        )
        why = ""


def _spread(
    workload_draft: Draft, section: str, column: Column, samples: bool, unit: float, limit: float
) -> None:
    """Set the quantiles of a column, or its samples; zero quantiles are left out (they have no logarithm)."""
    if column.largest * unit > limit:
        workload_draft.head.append(
            f"The {section} reaches {column.largest:g}, which nothing does: it is left out."
        )
        return
    if samples:
        workload_draft.samples[section] = column
        return
    levels = dict(zip(TOP, column.quantiles((0.5, 0.9, 0.99, 0.999, 1.0)), strict=True))
    why = f"of {column.size:,}"
    if column.size < FEW:
        why += ": too few for a p99"
    if not column.largest:
        workload_draft.set(f"{section}.value", format_amount(0.0, unit), why)
        return
    zero = [TOP[name] for name, value in levels.items() if not value]
    if zero:
        why += f"; {', '.join(zero)} is 0 and left out"
    for name, value in levels.items():
        if value:
            workload_draft.set(
                f"{section}.{name.replace('_', '.')}", format_amount(value, unit, name == "max"), why
            )
            why = ""


def format_amount(value: float, unit: float, up: bool = False) -> str:
    """A size [B] or, with a unit of 1e-3, a time [ms], rounded to the known digits.

    The largest value is rounded up, so that rounding does not hide a broken limit.
    """
    steps = SIZES if unit == 1.0 else TIMES
    factor, name = next((size, name) for least, size, name in steps if value >= least)
    number = _round(value / factor, DIGITS, up)
    return f"{number:.12g} {name}"


def _round(number: float, digits: int, up: bool = False) -> float:
    """A number rounded to significant digits."""
    if number <= 0:
        return 0.0
    places = digits - 1 - math.floor(math.log10(number))
    scaled = number * 10.0**places
    whole = math.ceil(scaled - 1e-9 * scaled) if up else round(scaled)
    return float(f"{whole / 10.0**places:.12g}")


def write(workload_draft: Draft, path: Path, force: bool) -> list[Path]:
    """Write the file and its sample files; all or none.

    Raises ExplorerError if one exists already and `force` is not set.
    """
    files = {section: path.with_name(f"{path.stem}.{section}.parquet") for section in workload_draft.samples}
    refuse(path, force)
    for file in files.values():
        refuse(file, force)
    for section, column in workload_draft.samples.items():
        unit = 1e-3 if section == "runtime" else 1.0
        _write_samples(column, unit, files[section])
        workload_draft.set(f"{section}.samples", files[section].name, f"{column.size:,}")
    workload_draft.check(path.name, path.parent)
    write_atomically(path, workload_draft.to_toml())
    return [path, *files.values()]


def _write_samples(column: Column, unit: float, path: Path) -> None:
    import polars as pl

    values, scale = column.in_order()
    factor = unit / scale
    pl.DataFrame({"value": pl.Series(values).cast(pl.Float64) * factor}).write_parquet(path)


def refuse(path: Path, force: bool) -> None:
    """Raise ExplorerError if the file may not be written."""
    if path.exists() and (not force or path.is_dir()):
        raise ExplorerError(f"{path}: is there already; expected another name, or --force")
    if not path.parent.is_dir():
        raise ExplorerError(f"{path}: no such folder; expected one that is there")
