"""The workload in a document: given values, defaults, and its file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from explorer.analysis.phrases import sentence
from explorer.options.base.conditions import Conditions
from explorer.workload.distribution_field import Spread
from explorer.workload.field_record import Field
from explorer.workload.fields import FIELDS, SPREADS, by_path
from explorer.workload.kinds import ANY, show_memory
from explorer.workload.run_time import FULL_VCPU_MB
from explorer.workload.workload import Workload

from .blocks import Cell, Table, table

QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)
DEFAULT = Cell("default", kind="default")
LONGEST = 40_000  # characters of a file that a notebook contains
LONGEST_LIST = 2000  # characters of samples that are printed with the workload


def sizes_table(w: Workload) -> Table:
    """Sizes and times by quantile."""
    rows = []
    for name in SPREADS:
        distribution, record = getattr(w, name).spread, by_path()[name]
        values = [record.kind.show(float(distribution.quantile(p))) for p in QUANTILES]
        rows.append(
            (record.label, *values, distribution.tail if w.is_given(name) else "not given: the default")
        )
    head = "One request | >p50 | >p90 | >p95 | >p99 | >p99.9 | Largest values"
    caption = "Sizes before any encoding, times of the work when warm"
    if w.runtime.memory == ANY:
        caption += f", at {show_memory(FULL_VCPU_MB)}"
    return table(caption, head, rows)


def workload_tables(w: Workload) -> list[Table]:
    """All other fields of the workload, and the defaults it uses."""
    rows = [record for record in FIELDS if record.label and record.path not in SPREADS]
    carried_rows = [record for record in rows if not record.within or by_path()[record.within].is_carried]
    promise_rows = [record for record in rows if record not in carried_rows]
    promise_rows.sort(key=lambda record: by_path()[record.within].report_order)
    return [
        _fields_table("What is carried", w, carried_rows),
        _fields_table("For whom, and what is promised", w, promise_rows),
    ]


def _fields_table(caption: str, w: Workload, records: Iterable[Field]) -> Table:
    wordings = ((record, field_wording(w, record)) for record in records)
    rows = [(r.label, text, DEFAULT if not w.is_given(r.path) else "given") for r, text in wordings if text]
    return table(caption, "Field | Value | From", rows)


def field_label(path: str) -> str:
    """The plain name of a field, "" if it has none."""
    record = by_path().get(path)
    return sentence(record.label or record.noun, "") if record else ""


def field_wording(w: Workload, record: Field) -> str:
    """The value in words; "" if there are none."""
    if record.phrase_of_table is not None:
        return record.phrase_of_table(_field_value(w, record.section) if record.section else w)
    value = _field_value(w, record.path)
    if not value and record.absent is not None:
        return record.absent
    if isinstance(value, bool):
        return record.words[not value]
    if isinstance(value, Spread):
        p50, p99 = (record.kind.show(float(value.spread.quantile(p))) for p in (0.5, 0.99))
        return p50 if p50 == p99 else f"{p50}, p99 {p99}"
    return (
        record.phrase.format(record.kind.show(value))
        if isinstance(record.phrase, str)
        else record.phrase(value)
    )


def _field_value(w: Workload, path: str) -> Any:
    """The value of a field; for a missing peak, the value used in its place."""
    if path == "peak_rps":
        return float(Conditions(w).peak_rps)
    value: Any = w
    for part in path.split("."):
        value = getattr(value, part)
    return value


def file_text(w: Workload) -> str:
    """The workload's file without comments; long lists of samples are replaced by their count."""
    return re.sub(r"^samples = \[[^\]]*\]", _samples_count, w.to_toml(), flags=re.M).strip()


def is_long(w: Workload) -> bool:
    """Whether its file is too long for a notebook, or has its samples in another file."""
    text = w.to_toml()
    return len(text) > LONGEST or re.search(r'^samples = "', text, flags=re.M) is not None


def _samples_count(match: re.Match[str]) -> str:
    if len(match[0]) <= LONGEST_LIST:
        return match[0]
    return f"samples = []  # {match[0].count(','):,} values: too many to print"
