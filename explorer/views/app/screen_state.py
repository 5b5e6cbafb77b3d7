"""The state of the controls and the toolbar, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import numpy as np

from explorer.workload.workload import Workload

from .controls import CHOICES, CONTROLS, DIALS, SWITCHES, Dial
from .drawer import ENTRIES, GENERAL, QUANTILES, content_of, group_title, search_words, value_at
from .history import History

FOLLOWED = ("name", "peak_rps", *(key for key in ENTRIES if key.endswith(QUANTILES)))  # by sliders
NEAR = 1e-6  # relative distance at which a value counts as a slider's stop
Stops = dict[str, list[float]]
Difference = tuple[str, str, str]  # a field's name, its value there, its value here


def slider_stops(workload: Workload, base: Workload, stops_before: Stops) -> Stops:
    """The stops of each slider: round values, the base and current value; the previous stops if these fit."""
    stops = {}
    for dial in DIALS:
        now, first = dial.read(workload), dial.read(base)
        values = stops_before.get(dial.field, [])
        if not (_has(values, now) and _has(values, first)):
            values = dial.options(first)
            values = values if _has(values, now) else sorted([*values, now])
        stops[dial.field] = values
    return stops


def _has(values: list[float], value: float) -> bool:
    return any(abs(value - each) <= NEAR * abs(each) for each in values)


def _index(values: list[float], value: float) -> int:
    return int(np.argmin(np.abs(np.array(values) - value)))


def controls_message(stops: Stops, stops_before: Stops, workload: Workload) -> dict[str, Any]:
    """The sliders with new stops, the switches and the choices."""
    new = [dial for dial in DIALS if stops[dial.field] != stops_before.get(dial.field)]
    return {
        "dials": [_slider_message(dial, stops[dial.field], workload) for dial in new],
        "switches": [
            {
                "field": field,
                "name": name,
                "on": bool(value_at(workload, field)),
                "group": drawer_group(field),
                "words": search_words(CONTROLS[field]),
            }
            for field, name in SWITCHES.items()
        ],
        "choices": [
            {"field": field, "name": name, "options": options, "value": value_at(workload, field)}
            | {"group": drawer_group(field), "words": search_words(CONTROLS[field])}
            for field, (name, options) in CHOICES.items()
        ],
    }


def drawer_message() -> dict[str, Any]:
    """The drawer's groups, and the fields that only the drawer has."""
    groups = dict.fromkeys(
        [
            *(entry.group for entry in ENTRIES.values()),
            *filter(None, (drawer_group(path) for path in CONTROLS)),
        ]
    )
    return {
        "groups": [(group, *group_title(group)) for group in groups],
        "fields": [{**entry.to_dict(), "group": entry.group} for entry in ENTRIES.values()],
    }


def drawer_group(path: str) -> str:
    """The drawer's group of a control; "" for the main screen."""
    record = CONTROLS[path]
    return (record.section or GENERAL) if record.control and record.control.in_drawer else ""


def _slider_message(dial: Dial, values: list[float], workload: Workload) -> dict[str, Any]:
    return {
        "field": dial.field,
        "name": dial.name,
        "group": dial.group,
        "words": search_words(dial.record),
        "values": values,
        "said": [dial.wording(value) for value in values],
        "index": _index(values, dial.read(workload)),
    }


def control_positions(stops: Stops, workload: Workload) -> dict[str, Any]:
    """The positions of all controls: sliders by index, others by value."""
    choice_keys = [key for key, entry in ENTRIES.items() if entry.shape in ("switch", "menu", "several")]
    return {
        "dials": {dial.field: _index(stops[dial.field], dial.read(workload)) for dial in DIALS},
        "others": {
            field: _choice_message(value_at(workload, field)) for field in (*SWITCHES, *CHOICES, *choice_keys)
        },
    }


def _choice_message(value: Any) -> Any:
    return "" if value is None else list(value) if isinstance(value, tuple) else value


def texts_of(workload: Workload) -> dict[str, str]:
    """The text of each typed field of the drawer; "" if it has no value."""
    content = content_of(workload)
    typed = (entry for entry in ENTRIES.values() if entry.shape in ("text", "quantiles", "toml"))
    return {entry.key: entry.text_of(workload, content) for entry in typed}


def toolbar_state(history: History, name: str, pinned: bool, scenarios: int) -> dict[str, Any]:
    """The state of the toolbar buttons."""
    return {
        "preset": name,
        "undo": history.can_undo,
        "redo": history.can_redo,
        "changed": bool(history.now.values),
        "pinned": pinned,
        "scenarios": scenarios,
    }


def workload_differences(workload: Workload, other: Workload) -> str:
    """The fields in which two workloads differ, as HTML."""
    rows = workload_difference_rows(workload, other)
    return difference_html(rows) or "the same workload so far: change something"


def difference_html(rows: Iterable[Difference]) -> str:
    """Differences in one line."""
    return "; ".join(f"{escape(n)} {escape(a)} → <b>{escape(b)}</b>" for n, a, b in rows)


def workload_difference_rows(workload: Workload, other: Workload) -> list[Difference]:
    """The fields in which two workloads differ: name, value there, value here."""
    rows = [
        (
            dial.name.removesuffix(", median"),
            dial.wording(dial.read(other)),
            dial.wording(dial.read(workload)),
        )
        for dial in DIALS
        if not np.isclose(dial.read(other), dial.read(workload), rtol=NEAR)
    ]
    names: Mapping[str, str] = {
        **SWITCHES,
        **{field: name for field, (name, _) in CHOICES.items()},
        **{key: entry.name for key, entry in ENTRIES.items() if entry.shape in ("switch", "menu", "several")},
    }
    for field, name in names.items():
        before, now = value_at(other, field), value_at(workload, field)
        if before != now:
            rows.append((name, _word(before), _word(now)))
    before_texts, texts = texts_of(other), texts_of(workload)
    rows += [
        (ENTRIES[key].name, before_texts[key] or "not given", text or "not given")
        for key, text in texts.items()
        if text != before_texts[key] and key not in FOLLOWED
    ]
    return rows


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (
        (", ".join(value) or "none")
        if isinstance(value, tuple)
        else "not given"
        if value is None
        else str(value)
    )
