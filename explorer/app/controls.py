"""What can be turned: a slider a field on a log scale of round values, and switches."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets
import numpy as np

from ..distribution import Samples
from ..spread import QUANTILE, Spread
from ..units import BYTES, format_number, format_size, format_time
from ..workload import Workload

STEPS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)  # of a decade
MINUTES = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 45)
HOURS, DAYS = (1, 1.5, 2, 3, 4, 6, 9, 12, 18), (1, 2, 3, 5, 7)


def _decades(low: int, high: int) -> list[float]:
    return [step * 10.0**power for power in range(low, high) for step in STEPS]


def _sizes(least: float, most: float) -> list[float]:
    every = [hundred * step for hundred in (1, 10, 100) for step in STEPS]
    sizes = [unit * n for unit in (1.0, *(BYTES[u] for u in ("KB", "MB", "GB"))) for n in every]
    return [size for size in sizes if least <= size <= most]


def _times(least: float, most: float) -> list[float]:
    seconds = [s for s in _decades(-3, 2) if s < 60]
    seconds += [60.0 * n for n in MINUTES] + [3600.0 * n for n in HOURS] + [86400.0 * n for n in DAYS]
    return [s for s in seconds if least <= s <= most]


def _monthly(usd: float) -> str:
    return f"${usd:,g} a month"


@dataclass(frozen=True)
class Dial:
    """A field that a slider turns: its name on the screen, its round values, how a value is said."""

    field: str
    name: str
    marks: Sequence[float]
    said: Callable[[float], str]

    def read(self, workload: Workload) -> float:
        """The field's value; of a distribution its median, of the configuration its total."""
        found: Any = workload
        for part in self.field.split("."):
            found = getattr(found, part)
        if isinstance(found, Spread):
            return float(found.spread.median)
        return float(found.total if self.field == "configuration" else found)


DIALS = (
    Dial("response", "Response, median", _sizes(100, 5 * BYTES["GB"]), format_size),
    Dial("request", "Request, median", _sizes(100, 5 * BYTES["GB"]), format_size),
    Dial("runtime", "Run time, median", _times(1e-3, 7 * 86400), format_time),
    Dial("requests_per_month", "Requests a month", _decades(2, 11), format_number),
    Dial("configuration", "Configuration", [0.0, *_sizes(100, 4 * BYTES["MB"])], format_size),
    Dial("client.waits", "Client waits", _times(0.1, 3600), format_time),
    Dial("preferences.part_usd", "A moving part is worth", [0.0, *_decades(0, 3)], _monthly),
)
SWITCHES = {  # field: its name on the screen
    "client.polls": "client can poll",
    "client.uploads": "client can upload to S3",
    "response.divisible": "response can be paged",
    "runtime.divisible": "work can be cut into steps",
}


def turned(base: Workload, values: Mapping[str, float | bool]) -> Workload:
    """`base` with other values; a distribution is scaled so that its median is the value.

    A peak grows with its mean. Raises WorkloadError for a value that the workload cannot have.
    """
    given = tomllib.loads(base.to_toml()) if values else {}
    changes: dict[str, Any] = {}
    for field, value in values.items():
        if field in SWITCHES:
            changes[field] = value
        elif field == "configuration":
            changes |= _configured(base, value)
        elif field == "requests_per_month":
            changes[field] = value
            if base.peak_rps is not None:
                changes["peak_rps"] = base.peak_rps * value / base.requests_per_month
        else:
            found = getattr(base, field, None)
            changes[field] = _scaled(given.get(field), found, value) if isinstance(found, Spread) else value
    # A section is replaced before one of its fields is.
    return base.replace(dict(sorted(changes.items(), key=lambda change: "." in change[0])))


def _configured(base: Workload, total: float) -> dict[str, Any]:
    """The configuration at another total: its largest entry grows with it."""
    section = base.configuration
    fields: dict[str, Any] = {"total": total, "entries": section.entries}
    if section.largest is not None:
        fields["largest"] = min(section.largest * total / section.total, total) if section.total else None
    return {"configuration": {name: value for name, value in fields.items() if value is not None}}


def _scaled(given: Any, found: Spread, median: float) -> Any:
    """What was given of a distribution, scaled to a median; one value where it has none to scale."""
    today = float(found.spread.median)
    spread = found.spread
    if not isinstance(given, Mapping) or today <= 0:
        return median
    if isinstance(spread, Samples) and "samples" in given:
        return {"samples": spread.values * spread.scale * (median / today)}
    kept = {name: text for name, text in given.items() if QUANTILE.fullmatch(name) or name == "max"}
    return _times_of(found, kept, median / today) or median


def _times_of(found: Spread, given: Mapping[str, Any], factor: float) -> dict[str, Any]:
    """Each quantile times a factor; TOML's bare p99.9 is a table of its own."""
    return {
        name: _times_of(found, text, factor) if isinstance(text, Mapping) else found.parse(text) * factor
        for name, text in given.items()
    }


class Slider:
    """A slider over round values and today's, which says its value as people do."""

    def __init__(self, dial: Dial, on_turn: Callable[[str, float], None]) -> None:
        self.dial, self._on_turn, self._quiet = dial, on_turn, False
        self.widget = ipywidgets.SelectionSlider(
            options=self._options(dial.marks[0]),
            description=dial.name,
            style={"description_width": "initial"},
        )
        self.widget.observe(self._turned, names="index")

    def _options(self, today: float) -> list[tuple[str, float]]:
        near = [m for m in self.dial.marks if not np.isclose(m, today, rtol=1e-6, atol=0)]
        return [(self.dial.said(mark), mark) for mark in sorted([*near, today])]

    def show(self, value: float) -> None:
        """Set the slider, without turning anything."""
        options = self._options(value)
        index = next(i for i, (_, mark) in enumerate(options) if mark == value)
        self._quiet = True
        try:
            if list(self.widget.options) != options:
                self.widget.options = options
            self.widget.index = index
        finally:
            self._quiet = False

    def _turned(self, _: Any) -> None:
        if not self._quiet:
            self._on_turn(self.dial.field, float(self.widget.value))


class Switch:
    """A box to tick for a true-or-false field."""

    def __init__(self, field: str, on_turn: Callable[[str, bool], None]) -> None:
        self.field, self._on_turn, self._quiet = field, on_turn, False
        self.widget = ipywidgets.Checkbox(description=SWITCHES[field], indent=False)
        self.widget.observe(self._turned, names="value")

    def show(self, workload: Workload) -> None:
        """Set the box, without turning anything."""
        section, name = self.field.split(".")
        self._quiet = True
        try:
            self.widget.value = getattr(getattr(workload, section), name)
        finally:
            self._quiet = False

    def _turned(self, change: Any) -> None:
        if not self._quiet:
            self._on_turn(self.field, bool(change["new"]))
