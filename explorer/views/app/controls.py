"""The controls: a slider for each numeric field, with round values on a log scale; switches and choices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.errors import ExplorerError
from explorer.facts.units import BYTES, Number, quote_value
from explorer.workload.distribution import Distribution, Samples
from explorer.workload.distribution_field import QUANTILE, Spread
from explorer.workload.field_record import Field, Menu, Slider, Toggle
from explorer.workload.fields import SPREADS, fields_with
from explorer.workload.kinds import ANY, MEMORY_OR_ANY, SIZE, Kind
from explorer.workload.workload import Workload

from .drawer import ENTRIES, GENERAL, content_of, value_at
from .field_text import ratio_of_text, value_of_text, with_unit

STEPS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)  # in each decade
MINUTES = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 45)
MEMORY = [128, 256, 512, 1024, 1769, 2048, 3072, 4096, 5120, 6144, 8192, 10240, 16384, 32768, 65536, 122880]
NONE = 366 * 86400.0  # values of sliders whose last stop is a word, such as no promise or any memory
HOURS, DAYS = (1, 1.5, 2, 3, 4, 6, 9, 12, 18), (1, 2, 3, 5, 7)

TAIL = ".p99"  # ending of the field for a distribution's tail: the ratio of p99 to median

Value = float | bool | str | tuple[str, ...] | None  # None: the field has no value


def _decade_marks(low: int, high: int) -> list[float]:
    return [step * 10.0**power for power in range(low, high) for step in STEPS]


RATIOS = [*_decade_marks(0, 3), 1000.0]


def _size_marks(least: float, most: float) -> list[float]:
    every = [hundred * step for hundred in (1, 10, 100) for step in STEPS]
    sizes = [unit * n for unit in (1.0, *(BYTES[u] for u in ("KB", "MB", "GB"))) for n in every]
    return [size for size in sizes if least <= size <= most]


def _time_marks(least: float, most: float) -> list[float]:
    seconds = [s for s in _decade_marks(-3, 2) if s < 60]
    seconds += [60.0 * n for n in MINUTES] + [3600.0 * n for n in HOURS] + [86400.0 * n for n in DAYS]
    return [s for s in seconds if least <= s <= most]


def _memory_marks(megabytes: float) -> str:
    whole = megabytes / 1024
    return f"{whole:g} GB" if whole == int(whole) else f"{megabytes:,g} MB"


def _ratio_marks(ratio: float) -> str:
    return f"{ratio:.3g} × median" if ratio < 1000 else f"{ratio:,.0f} × median"


def _monthly_rate_marks(usd: float) -> str:
    return f"${usd:,g} a month"


WORDINGS: dict[str, Callable[[float], str]] = {
    "MB": _memory_marks,
    "USD/month": _monthly_rate_marks,
}  # display units of sliders by base unit


@dataclass(frozen=True)
class Dial:
    """A field with a slider: its name on the screen, its round values, the form of its values."""

    field: str
    name: str
    marks: Sequence[float]
    wording: Callable[[float], str]
    record: Field
    axis: bool = True  # usable as an axis of the map
    word: str = ""  # label of the last stop, which is not a number

    @property
    def group(self) -> str:
        """The group in the drawer; "" for the main screen."""
        slider = self.record.control
        return self.record.within or GENERAL if isinstance(slider, Slider) and slider.in_drawer else ""

    def read(self, workload: Workload) -> float:
        """The value in a workload: a distribution's median, a tail's ratio, the configuration's total."""
        value: Any = value_at(workload, self.field.removesuffix(TAIL))
        if self.field.endswith(TAIL):
            return ratio_of(value.spread)
        if value in (None, ANY):
            return NONE
        if isinstance(value, Spread):
            return float(value.spread.median)
        return float(value.total if self.field == "configuration" else value)

    def options(self, today: float) -> list[float]:
        """The stops of the slider: round values and the current value."""
        near = [float(mark) for mark in self.marks if not np.isclose(mark, today, rtol=1e-6, atol=0)]
        return sorted([*near, today])

    def text_with_unit(self, text: str, workload: Workload) -> str:
        """A typed number in the unit of the present value, if it has none of its own."""
        if self.field.endswith(TAIL):
            return text.strip()
        return with_unit(self.kind, text, self.wording(self.read(workload)))

    def value_of_text(self, text: str, workload: Workload) -> float:
        """Parse a value typed by the user, to the base unit.

        Raises ExplorerError with the slider's name, the text and what is accepted.
        """
        plain = text.strip().casefold()
        if self.word and plain in (self.word, "none", ANY, ""):
            return NONE
        if self.field.endswith(TAIL):
            spread: Spread = value_at(workload, self.field.removesuffix(TAIL))
            return ratio_of_text(spread.kind, self.name, text, float(spread.spread.median))
        return float(value_of_text(self.kind, self.name, text, self.record.unit))

    @property
    def kind(self) -> Kind:
        """The kind of the value; for a distribution or total, the kind of each value."""
        table = self.record.table
        if table is None:
            return self.record.kind
        return table.kind if issubclass(table, Spread) else SIZE


def _field_dials(record: Field, slider: Slider) -> Iterator[Dial]:
    """The slider of a field; a distribution has a second one for its tail."""
    kind, name = record.kind, slider.name or record.label
    wording: Callable[[float], str] = WORDINGS.get(kind.unit, kind.show)
    if record.path in SPREADS:
        yield Dial(
            record.path, f"{name}, median", _slider_marks(kind, slider), wording, record, slider.on_map
        )
        yield Dial(record.path + TAIL, f"{name}, p99", RATIOS, _ratio_marks, record, axis=False)
        return
    word = ANY if kind is MEMORY_OR_ANY else slider.absent
    marks = [*[0.0] * slider.zero, *_slider_marks(kind, slider), *[NONE] * bool(word)]

    def say(value: float) -> str:
        return word if word and value >= NONE else wording(value)

    yield Dial(record.path, name, marks, say, record, slider.on_map, word)


def _slider_marks(kind: Kind, slider: Slider) -> list[float]:
    """Round values in the slider's range, in the steps of its kind."""
    if kind.unit == "MB":
        return [float(size) for size in MEMORY if slider.least <= size <= slider.most]
    if kind.unit == "bytes":
        return _size_marks(slider.least, slider.most)
    if kind.unit == "seconds":
        return _time_marks(slider.least, slider.most)
    marks = _decade_marks(round(np.log10(slider.least)), round(np.log10(slider.most)))
    return sorted({float(round(mark)) for mark in marks}) if kind.is_whole else marks


CONTROLS = {record.path: record for record in fields_with("control")}
DIALS = tuple(
    dial for r in CONTROLS.values() if isinstance(r.control, Slider) for dial in _field_dials(r, r.control)
)
SWITCHES = {  # field: its name on the screen
    path: r.control.name for path, r in CONTROLS.items() if isinstance(r.control, Toggle)
}
CHOICES = {  # field: its name, and its options
    path: (r.control.name, r.choices) for path, r in CONTROLS.items() if isinstance(r.control, Menu)
}
WORDS = {
    dial.field: ANY if dial.word == ANY and dial.record.kind is MEMORY_OR_ANY else None
    for dial in DIALS
    if dial.word
}  # value in the file for the last stop of a slider


def ratio_of(distribution: Distribution) -> float:
    """The ratio of p99 to median."""
    median = float(distribution.median)
    return float(distribution.quantile(0.99)) / median if median > 0 else 1.0


def workload_with(base: Workload, values: Mapping[str, Value]) -> Workload:
    """`base` with other values; a distribution is scaled to the new median.

    For a new p99, the quantiles above the median are stretched on a log scale. The peak grows with the mean.
    Raises ExplorerError if the workload cannot have a value.
    """
    base = _with_texts(base, values)
    changes: dict[str, Any] = {}
    for field, value in values.items():
        name = field.removesuffix(TAIL)
        if value is None or (isinstance(value, str) and field in ENTRIES and _is_text(field)):
            continue
        if name in SPREADS:
            changes[name] = _reshaped_distribution(base, name, values)
        elif field == "configuration":
            changes |= _scaled_configuration(base, _number(value))
        elif field == "requests_per_month":
            changes[field] = value
            if base.peak_rps is not None and "peak_rps" not in values:
                changes["peak_rps"] = base.peak_rps * _number(value) / base.requests_per_month
        elif field in WORDS:
            changes[field] = WORDS[field] if _number(value) >= NONE else value
        else:
            changes[field] = value
    # Replace a section before its fields.
    return base.replace(dict(sorted(changes.items(), key=lambda change: "." in change[0])))


def _number(value: Value) -> float:
    """Check the value from a slider."""
    if not isinstance(value, int | float):
        raise ExplorerError(f"a slider is turned to {quote_value(value)}: expected a number")
    return float(value)


def _is_text(field: str) -> bool:
    return ENTRIES[field].shape in ("quantiles", "toml")


def _with_texts(base: Workload, values: Mapping[str, Value]) -> Workload:
    """`base` without fields that were cleared, and with fields that were typed as text."""
    texts = {field: value for field, value in values.items() if field in ENTRIES and _is_text(field)}
    removed = [ENTRIES[field].record.path for field, value in values.items() if value is None]
    removed += [path for path in (ENTRIES[field].record.path for field in texts) if path not in SPREADS]
    if removed:
        base = base.without(*(path for path in removed if path not in SPREADS))
    contents = {
        ENTRIES[field].record.path: ENTRIES[field].content_of_text(str(text))
        for field, text in texts.items()
        if text is not None
    }
    return base.replace(contents) if contents else base


def _scaled_configuration(base: Workload, total: float) -> dict[str, Any]:
    """The configuration with another total: only its largest entry changes."""
    section = base.configuration
    fields: dict[str, Any] = {"total": total, "entries": section.entries}
    if section.largest is not None:
        fields["largest"] = min(section.largest * total / section.total, total) if section.total else None
    return {"configuration": {name: value for name, value in fields.items() if value is not None}}


def _reshaped_distribution(base: Workload, name: str, values: Mapping[str, Value]) -> Any:
    """The given values of a distribution for another median, p99 or both; a single value if it has one."""
    distribution: Spread = getattr(base, name)
    shape, content = distribution.spread, content_of(base).get(name)
    today, tail = float(shape.median), ratio_of(shape)
    median, ratio = _number(values.get(name, today)), _number(values.get(name + TAIL, tail))
    if today <= 0 or median <= 0:
        return median
    if tail <= 1 < ratio:  # cannot be stretched
        return {"p50": median, "p99": median * ratio}
    power = np.log(ratio) / np.log(tail) if tail > 1 else 1.0

    def moved(value: Number) -> Any:
        times = np.asarray(value) / today
        return median * np.where(times > 1, np.maximum(times, 1.0) ** power, times)

    content = content if isinstance(content, Mapping) else {}
    if isinstance(shape, Samples) and "samples" in content:
        return {"samples": moved(shape.values * shape.scale)}
    quantiles = {key: text for key, text in content.items() if QUANTILE.fullmatch(key) or key == "max"}
    return (
        {"p50": median, **_scaled_quantile(distribution, quantiles, lambda value: float(moved(value)))}
        if quantiles
        else median
    )


def _scaled_quantile(
    distribution: Spread, content: Mapping[str, Any], scale: Callable[[float], float]
) -> dict[str, Any]:
    """Scale each quantile; TOML parses an unquoted p99.9 as a nested table."""
    return {
        name: _scaled_quantile(distribution, text, scale)
        if isinstance(text, Mapping)
        else scale(distribution.parse(text))
        for name, text in content.items()
    }
