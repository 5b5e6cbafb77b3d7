"""Ways out where nothing is feasible: single changes that make a design feasible, and how large they must be.

A change is an ability (the client polls), a promise (it waits longer), a quota (the account has more), or a
size (the response is smaller). For a number, the least sufficient change is searched: over factors up to
`REACH` in one evaluation, then between the last factor that is too small and the first that suffices, to less
than 1 %. If no single change suffices, pairs are tried: an ability or a promise given up completely, and one
further change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.engine.answers import Answers
from explorer.engine.designs import allowed_designs
from explorer.engine.evaluation import Evaluation
from explorer.engine.limits import highest_quota
from explorer.engine.search import best_two
from explorer.errors import ExplorerError
from explorer.facts import catalogue
from explorer.facts.units import SYMBOLS, format_multiple, format_number, parse_size, parse_time
from explorer.options.base.conditions import Conditions
from explorer.workload.field_record import Field
from explorer.workload.fields import SPREADS, by_path, fields_with
from explorer.workload.kinds import SWITCH
from explorer.workload.workload import Workload

if TYPE_CHECKING:
    from .choice import Choice

REACH = 1000.0  # largest multiple of today's value
COARSE, FINE = 49, 25  # points from 1 to REACH, then between two of these in each further round
ROUNDS = 3  # to steps of 0.03 %, as for the break-evens
PARSERS = {"bytes": parse_size, "seconds": parse_time}  # of texts that show three significant digits
TEXT_REACH = 0.01  # a text is within this share of its value
BISECTIONS = 11  # halvings of the interval from 1 to REACH, to less than 1 %


class WayKind(StrEnum):
    """The kind of change, the least demanding first."""

    ABILITY = "ability"
    PROMISE = "promise"
    QUOTA = "quota"
    SIZE = "size"


@dataclass(frozen=True)
class WayOut:
    """One change that makes a design feasible; rows with the same `with` belong together."""

    kind: WayKind
    field: str
    today: Any
    value: Any  # on the feasible side, within 1 % of the edge
    unit: str
    factor: float | None  # for a number, at least 1
    design: dict[str, str]  # the cheapest feasible design after the change
    memory_mb: float
    architecture: str
    monthly_usd: float
    parts: int
    text: str
    pair: int | None = None


def ways_out(r: Choice) -> list[WayOut]:
    """The single changes that make a design feasible, the smallest first; else the smallest pair.

    Empty if a design is feasible already.
    """
    if r.feasible:
        return []
    single = sorted(_changes(r.workload), key=_effort)
    return single or _least_pair(r.workload)


def _effort(way: WayOut) -> tuple[bool, float, int, float]:
    """The sort key of a change: abilities first, then the smallest factor, then `WayKind`, then the bill."""
    return way.kind is not WayKind.ABILITY, way.factor or 1.0, list(WayKind).index(way.kind), way.monthly_usd


def _changes(workload: Workload) -> Iterator[WayOut]:
    """The single changes that suffice."""
    yield from _abilities(workload)
    yield from _numbers(workload)


def _abilities(workload: Workload) -> Iterator[WayOut]:
    """The abilities that suffice."""
    for record in fields_with("relaxation"):
        if record.kind is SWITCH and (way := _ability(workload, record)):
            yield way


def _numbers(workload: Workload) -> Iterator[WayOut]:
    """The changes of one number that suffice: a promise, a quota or a size."""
    for record in fields_with("relaxation"):
        if record.kind is not SWITCH and (way := _promise(workload, record)):
            yield way
    for limit_id in _quotas_that_break(workload):
        if way := _quota(workload, limit_id):
            yield way
    for field in SPREADS:
        if way := _smaller(workload, field):
            yield way


def _ability(workload: Workload, record: Field) -> WayOut | None:
    if workload.field_value(record.path):
        return None
    return _way(workload, WayKind.ABILITY, record, False, True, None)


def _promise(workload: Workload, record: Field) -> WayOut | None:
    """A promise, or an ability with a number, relaxed as little as suffices."""
    today = workload.field_value(record.path)
    if not isinstance(today, int | float) or not today:
        return None
    factor = _least_factor(workload, record.path, float(today), 1)
    if factor is None:
        return None
    value = float(np.ceil(today * factor)) if record.kind.is_whole else today * factor
    value = _as_shown(workload, record, value, 1)
    return _way(workload, WayKind.PROMISE, record, today, value, value / float(today))


def _smaller(workload: Workload, field: str) -> WayOut | None:
    """A size or a time, scaled down as a whole as little as suffices."""
    record = by_path()[field]
    today = float(getattr(workload, field).spread.median)
    factor = _least_factor(workload, field, today, -1) if today > 0 else None
    if factor is None:
        return None
    value = _as_shown(workload, record, today / factor, -1)
    return _way(workload, WayKind.SIZE, record, today, value, today / value)


def _as_shown(workload: Workload, record: Field, edge: float, sign: int) -> float:
    """The least change whose text suffices: who types the text gets a feasible design.

    Parameters
    ----------
    workload : as it is today
    record : the field, whose kind shows three significant digits
    edge : the least change that suffices, as searched
    sign : 1 if larger values suffice, -1 if smaller ones do
    """
    parse = PARSERS.get(record.unit)
    if parse is None:
        return edge
    near = edge * (1 + sign * np.linspace(-TEXT_REACH, TEXT_REACH, 41))
    values = np.array(list(dict.fromkeys(parse(record.kind.show(value)) for value in near)))
    values = values[values <= record.kind.most]
    enough = np.flatnonzero(_feasible_at(workload, record.path, values))
    return float(values[enough[0]]) if enough.size else edge


def _feasible_at(workload: Workload, field: str, values: np.ndarray) -> np.ndarray:
    """Whether any design is feasible, at each value of a field."""
    load = Conditions(workload, {field: values})
    return np.atleast_1d(best_two(Answers(load, allowed_designs(load))).winner) >= 0


def _least_factor(workload: Workload, field: str, today: float, sign: int) -> float | None:
    """The smallest factor (at least 1) with which a design is feasible; None if not even `REACH` suffices."""
    low, high, count = 1.0, REACH, COARSE
    for _ in range(ROUNDS):
        factors = np.geomspace(low, high, count)
        most = by_path()[field].kind.most
        values = today * factors**sign
        factors, values = factors[values <= most], values[values <= most]
        if not factors.size:
            return None
        enough = np.flatnonzero(_feasible_at(workload, field, values))
        if not enough.size:
            return None
        first = int(enough[0])
        if first == 0:
            return float(factors[0])
        low, high, count = float(factors[first - 1]), float(factors[first]), FINE
    return high


def _quotas_that_break(workload: Workload) -> list[str]:
    """The quotas that AWS raises, and that some design breaks even when raised as far as possible."""
    load = Conditions(workload)
    evaluation = Evaluation(load, allowed_designs(load))
    limits = {
        limit for (limit, _), chances in evaluation.raised_chances.items() if (chances > load.tolerance).any()
    }
    return sorted(limit for limit in limits if highest_quota(limit) is not None)


def _quota(workload: Workload, limit_id: str) -> WayOut | None:
    """A quota of the account beyond what AWS is known to grant; the factor is found by bisection."""
    today = max(highest_quota(limit_id) or 0.0, workload.account.get(limit_id, 0.0))

    def with_factor(factor: float) -> Workload:
        return workload.replace({"account": {**workload.account, limit_id: today * factor}})

    if not _is_feasible(with_factor(REACH)):
        return None
    low, high = 1.0, REACH
    for _ in range(BISECTIONS):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if _is_feasible(with_factor(middle)) else (middle, high)
    row = catalogue.limit(limit_id)
    unit = "" if row.unit.lower() in row.short_name.lower() else f" {row.unit}"
    text = (
        f"AWS raised {row.short_name} to {format_number(today * high)}{unit},"
        f" {format_multiple(high)} the most that is counted on"
    )
    return _of(with_factor(high), WayKind.QUOTA, limit_id, today, today * high, row.unit, high, text)


def _is_feasible(workload: Workload) -> bool:
    load = Conditions(workload)
    return int(best_two(Answers(load, allowed_designs(load))).winner) >= 0


def _way(
    workload: Workload, kind: WayKind, record: Field, today: Any, value: Any, factor: float | None
) -> WayOut | None:
    """The change of one field; None where the workload rejects it or it does not suffice."""
    try:
        eased = _with(workload, kind, record.path, value, factor)
    except ExplorerError:
        return None
    relaxation = record.relaxation
    words = record.kind.show(value)
    noun = record.noun or record.label or record.path
    text = relaxation.sentence.format(words) if relaxation else f"the {noun} were {words}"
    return _of(eased, kind, record.path, today, value, record.unit, factor, text)


def _of(
    eased: Workload,
    kind: WayKind,
    field: str,
    today: Any,
    value: Any,
    unit: str,
    factor: float | None,
    text: str,
) -> WayOut | None:
    from .choice import Choice

    choice = Choice(eased.without_current())
    if choice.design is None:
        return None
    return WayOut(
        kind,
        field,
        today,
        value,
        SYMBOLS.get(unit, unit),
        factor,
        choice.design.ids,
        choice.memory_mb,
        choice.architecture,
        choice.monthly_usd,
        choice.parts,
        f"feasible if {text}",
    )


def _least_pair(workload: Workload) -> list[WayOut]:
    """The pair with the smallest second change; the first is an ability or a promise given up completely.

    The promise is then relaxed only as far as the second change needs it. Numbers are searched only where no
    ability suffices, as every ability is the smaller change.
    """
    pairs = list(_pairs(workload, _abilities)) or list(_pairs(workload, _numbers))
    if not pairs:
        return []
    second, record = min(pairs, key=lambda pair: _effort(pair[0]))
    whole = _with(workload, second.kind, second.field, second.value, second.factor)
    way = _ability(whole, record) if record.kind is SWITCH else _promise(whole, record)
    if way is None:
        return []
    together = {
        name: getattr(way, name) for name in ("design", "memory_mb", "architecture", "monthly_usd", "parts")
    }
    return [replace(way, pair=1), replace(second, **together, pair=1)]


def _pairs(
    workload: Workload, changes: Callable[[Workload], Iterator[WayOut]]
) -> Iterator[tuple[WayOut, Field]]:
    """Each second change that suffices, with the field of the first."""
    for record, change in _full_relaxations(workload):
        try:
            eased = workload.replace({record.path: change})
        except ExplorerError:
            continue
        yield from ((second, record) for second in changes(eased) if second.field != record.path)


def _with(workload: Workload, kind: WayKind, field: str, value: Any, factor: float | None) -> Workload:
    """The workload with one change, a size scaled as a whole; raises ExplorerError for an invalid value."""
    if kind is WayKind.SIZE and factor is not None:
        return workload.scale_by(field, 1 / factor)
    if kind is WayKind.QUOTA:
        return workload.replace({"account": {**workload.account, field: value}})
    return workload.replace({field: value})


def _full_relaxations(workload: Workload) -> Iterator[tuple[Field, Any]]:
    """Each ability that the client does not have, and each promise relaxed as far as possible."""
    for record in fields_with("relaxation"):
        today = workload.field_value(record.path)
        if record.kind is SWITCH:
            if not today:
                yield record, True
        elif isinstance(today, int | float) and today:
            yield record, min(float(today) * REACH, record.kind.most)
