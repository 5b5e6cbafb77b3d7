"""What can be turned: a slider a field on a log scale of round values, switches and choices."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from explorer.facts import catalogue
from explorer.facts.units import BYTES, Number, format_number, format_size, format_time
from explorer.workload.axes import SPREADS
from explorer.workload.distribution import Distribution, Samples
from explorer.workload.distribution_field import QUANTILE, Spread
from explorer.workload.workload import Workload

STEPS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)  # of a decade
MINUTES = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 45)
MEMORY = [128, 256, 512, 1024, 1769, 2048, 3072, 4096, 5120, 6144, 8192, 10240, 16384, 32768, 65536, 122880]
PROMISE, NONE = "targets.latency_p95", 366 * 86400.0  # a promise that is none
HOURS, DAYS = (1, 1.5, 2, 3, 4, 6, 9, 12, 18), (1, 2, 3, 5, 7)

TAIL = ".p99"  # of a distribution's field: how many times its median its p99 is

Value = float | bool | str


def _decades(low: int, high: int) -> list[float]:
    return [step * 10.0**power for power in range(low, high) for step in STEPS]


RATIOS = [*_decades(0, 3), 1000.0]


def _sizes(least: float, most: float) -> list[float]:
    every = [hundred * step for hundred in (1, 10, 100) for step in STEPS]
    sizes = [unit * n for unit in (1.0, *(BYTES[u] for u in ("KB", "MB", "GB"))) for n in every]
    return [size for size in sizes if least <= size <= most]


def _times(least: float, most: float) -> list[float]:
    seconds = [s for s in _decades(-3, 2) if s < 60]
    seconds += [60.0 * n for n in MINUTES] + [3600.0 * n for n in HOURS] + [86400.0 * n for n in DAYS]
    return [s for s in seconds if least <= s <= most]


def _promised(seconds: float) -> str:
    return "none" if seconds >= NONE else format_time(seconds)


def _memory(megabytes: float) -> str:
    whole = megabytes / 1024
    return f"{whole:g} GB" if whole == int(whole) else f"{megabytes:,g} MB"


def _ratio(ratio: float) -> str:
    return f"{ratio:.3g} × median" if ratio < 1000 else f"{ratio:,.0f} × median"


def _monthly(usd: float) -> str:
    return f"${usd:,g} a month"


@dataclass(frozen=True)
class Dial:
    """A field that a slider turns: its name on the screen, its round values, how a value is said."""

    field: str
    name: str
    marks: Sequence[float]
    said: Callable[[float], str]
    axis: bool = True  # of the map

    def read(self, workload: Workload) -> float:
        """The value: a distribution's median, a tail's ratio, the configuration's total."""
        found: Any = workload
        for part in self.field.removesuffix(TAIL).split("."):
            found = getattr(found, part)
        if self.field.endswith(TAIL):
            return ratio_of(found.spread)
        if found is None:
            return NONE
        if isinstance(found, Spread):
            return float(found.spread.median)
        return float(found.total if self.field == "configuration" else found)

    def options(self, today: float) -> list[float]:
        """The stops of the slider: round values, and today's."""
        near = [float(mark) for mark in self.marks if not np.isclose(mark, today, rtol=1e-6, atol=0)]
        return sorted([*near, today])


DIALS = (
    Dial("requests_per_month", "Requests a month", _decades(2, 11), format_number),
    Dial("response", "Response, median", _sizes(100, 5 * BYTES["GB"]), format_size),
    Dial("response.p99", "Response, p99", RATIOS, _ratio, axis=False),
    Dial("request", "Request, median", _sizes(100, 5 * BYTES["GB"]), format_size),
    Dial("request.p99", "Request, p99", RATIOS, _ratio, axis=False),
    Dial("runtime", "Run time, median", _times(1e-3, 7 * 86400), format_time),
    Dial("runtime.p99", "Run time, p99", RATIOS, _ratio, axis=False),
    Dial("runtime.memory", "Memory", MEMORY, _memory, axis=False),
    Dial("configuration", "Configuration", [0.0, *_sizes(100, 4 * BYTES["MB"])], format_size),
    Dial("client.waits", "Client waits", _times(0.1, 3600), format_time),
    Dial(PROMISE, "Promised p95", [*_times(0.1, 7 * 86400), NONE], _promised),
    Dial("preferences.part_usd", "One part is worth", [0.0, *_decades(0, 3)], _monthly, axis=False),
)
SWITCHES = {  # field: its name on the screen
    "client.polls": "Client can poll",
    "client.uploads": "Client can upload to S3",
    "client.receives_callbacks": "Client can be called back",
    "response.divisible": "Response can be paged",
    "runtime.divisible": "Work can be cut into steps",
}
CHOICES: dict[str, tuple[str, tuple[str, ...]]] = {  # field: its name, and what can be chosen
    "region": ("Region", tuple(sorted(catalogue.regions()))),
    "runtime.architecture": ("Processor", ("arm64", "x86_64")),
}


def ratio_of(spread: Distribution) -> float:
    """How many times the median the p99 is."""
    median = float(spread.median)
    return float(spread.quantile(0.99)) / median if median > 0 else 1.0


def turned(base: Workload, values: Mapping[str, Value]) -> Workload:
    """`base` with other values; a distribution is scaled so that its median is the value.

    For its p99 the quantiles above the median are stretched, in the logarithm. A peak grows with its mean.
    Raises WorkloadError for a value that the workload cannot have.
    """
    changes: dict[str, Any] = {}
    for field, value in values.items():
        name = field.removesuffix(TAIL)
        if name in SPREADS:
            changes[name] = _shaped(base, name, values)
        elif field == "configuration":
            changes |= _configured(base, float(value))
        elif field == "requests_per_month":
            changes[field] = value
            if base.peak_rps is not None:
                changes["peak_rps"] = base.peak_rps * float(value) / base.requests_per_month
        elif field == PROMISE:
            changes[field] = None if float(value) >= NONE else value
        else:
            changes[field] = value
    # A section is replaced before one of its fields is.
    return base.replace(dict(sorted(changes.items(), key=lambda change: "." in change[0])))


@lru_cache(maxsize=4)
def _read(toml: str) -> dict[str, Any]:
    return tomllib.loads(toml)


def _given(base: Workload) -> dict[str, Any]:
    """What a workload was given, as TOML has it."""
    return _read(base.to_toml())


def _configured(base: Workload, total: float) -> dict[str, Any]:
    """The configuration at another total: its largest entry grows with it."""
    section = base.configuration
    fields: dict[str, Any] = {"total": total, "entries": section.entries}
    if section.largest is not None:
        fields["largest"] = min(section.largest * total / section.total, total) if section.total else None
    return {"configuration": {name: value for name, value in fields.items() if value is not None}}


def _shaped(base: Workload, name: str, values: Mapping[str, Value]) -> Any:
    """What was given of a distribution, at another median, p99 or both; one value where it has one."""
    found: Spread = getattr(base, name)
    spread, given = found.spread, _given(base).get(name)
    today, tail = float(spread.median), ratio_of(spread)
    median, ratio = float(values.get(name, today)), float(values.get(name + TAIL, tail))
    if today <= 0 or median <= 0:
        return median
    if tail <= 1 < ratio:  # nothing to stretch
        return {"p50": median, "p99": median * ratio}
    power = np.log(ratio) / np.log(tail) if tail > 1 else 1.0

    def moved(value: Number) -> Any:
        times = np.asarray(value) / today
        return median * np.where(times > 1, np.maximum(times, 1.0) ** power, times)

    given = given if isinstance(given, Mapping) else {}
    if isinstance(spread, Samples) and "samples" in given:
        return {"samples": moved(spread.values * spread.scale)}
    kept = {key: text for key, text in given.items() if QUANTILE.fullmatch(key) or key == "max"}
    return {"p50": median, **_moved(found, kept, lambda value: float(moved(value)))} if kept else median


def _moved(found: Spread, given: Mapping[str, Any], moved: Callable[[float], float]) -> dict[str, Any]:
    """Each quantile moved; TOML's bare p99.9 is a table of its own."""
    return {
        name: _moved(found, text, moved) if isinstance(text, Mapping) else moved(found.parse(text))
        for name, text in given.items()
    }
