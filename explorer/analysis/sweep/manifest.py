"""The manifest of a sweep: it identifies the sweep of a file, and detects parts of another one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from explorer.facts import catalogue
from explorer.facts.units import quote_value
from explorer.facts.version import __version__
from explorer.workload.axes import axis_unit
from explorer.workload.distribution import Distribution
from explorer.workload.field_record import Section
from explorer.workload.workload import Workload

from .rows import Legend
from .tiling import Axes, Tiles

FORM = 1  # version of the file format


def manifest(workload: Workload, grid: Axes, legend: Legend, tiles: Tiles) -> dict[str, Any]:
    """The definition of a sweep as plain values: workload, axes, designs, and the edition of the facts."""
    return {
        "explorer": __version__,
        "form": FORM,
        "facts": catalogue.edition(),
        "workload": dict(_flat_fields(workload)),
        "axes": {axis: {"unit": axis_unit(axis), "values": values.tolist()} for axis, values in grid.items()},
        "designs": list(legend.names) if legend.compared else None,
        "tile": list(tiles.side),
        "tiles": len(tiles),
    }


def other(old: Any, new: Mapping[str, Any]) -> str | None:
    """The first difference between two manifests, in words; None if there is none."""
    if not isinstance(old, Mapping):
        return "question, which cannot be read"
    for key, now in new.items():
        was = old.get(key)
        if key in {"workload", "axes"} and isinstance(was, Mapping):
            name = next((n for n in {**was, **now} if was.get(n) != now.get(n)), None)
            if name is not None:
                what = f"{'axis' if key == 'axes' else key} {name}"
                return f"{what} ({_short(was.get(name))}; now {_short(now.get(name))})"
            if key == "axes" and list(was) != list(now):
                return f"order of axes ({', '.join(was)}; now {', '.join(now)})"
        elif was != now:
            return f"{key} ({_short(was)}; now {_short(now)})"
    return None


def _short(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, Mapping):
        value = value.get("values")
    if isinstance(value, list) and len(value) > 1 and all(isinstance(each, float) for each in value):
        return f"{len(value)} values from {value[0]:g} to {value[-1]:g}"
    return "none" if value is None else quote_value(value)


def _flat_fields(section: Section, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of a workload with its value; for a distribution its digest, as samples may be many."""
    for name in type(section).model_fields:
        if before == "" and name == "current":
            continue
        yield from _field(before + name, getattr(section, name))


def _field(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Section):
        yield from _flat_fields(value, f"{name}.")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _field(f"{name}.{key}", inner)
    elif isinstance(value, Distribution):
        yield name.removesuffix(".spread"), _digest(value)
    else:
        yield name, list(value) if isinstance(value, tuple) else value


def _digest(spread: Distribution) -> str:
    """The median of a distribution and a digest of its numbers."""
    digest = hashlib.sha256(type(spread).__name__.encode())
    for each in fields(spread):
        value = getattr(spread, each.name)
        digest.update(value.encode() if isinstance(value, str) else np.asarray(value, dtype=float).tobytes())
    return f"median {float(spread.median):g}, {digest.hexdigest()[:12]}"
