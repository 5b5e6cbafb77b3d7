"""The assumptions of an answer: values not stated or not measured, and whether each decides the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from explorer.engine.cost import usage
from explorer.engine.latency import steps
from explorer.engine.limits import findings
from explorer.engine.sizing import sized_conditions
from explorer.errors import ExplorerError
from explorer.facts import catalogue
from explorer.facts.units import format_number, format_quantity_at_length, format_time, split_unit
from explorer.facts.verdict import Verdict
from explorer.options.base.conditions import Conditions
from explorer.options.base.request_path import Behind
from explorer.workload.field_record import DefaultAssumption, Field
from explorer.workload.fields import SPREADS, fields_with
from explorer.workload.kinds import SWITCH
from explorer.workload.workload import Workload

from .variations import variations, winners

if TYPE_CHECKING:
    from .choice import Choice


class AssumptionKind(StrEnum):
    """The kind of an assumption."""

    DEFAULT = "default"
    TAIL = "tail"
    CONSTANT = "constant"
    TIME = "time"
    LIMIT = "limit"
    FEATURE = "feature"
    PRICE = "price"


@dataclass(frozen=True)
class Assumption:
    """One assumption of the answer."""

    id: str
    kind: AssumptionKind
    value: str
    why: str
    decides: bool = False  # whether half or twice the value changes the recommended design
    as_of: str = ""
    source_url: str = ""


@dataclass(frozen=True)
class FactsRead:
    """The ids of the facts that the limits, usage and steps of a design read, sorted."""

    limits: list[str]
    constants: list[str]
    times: list[str]
    prices: list[str]  # only those with a quantity above 0


def assumptions(r: Choice) -> list[Assumption]:
    """The defaults (those that decide first), then tails, constants, times, limits, features and prices."""
    load = sized_conditions(r.workload, r.nearest)
    facts = _facts_read(load, r)
    defaults = sorted(_defaults(r), key=lambda row: not row.decides)
    return [
        *defaults,
        *_tails(r.workload),
        *_constants(facts),
        *_times(facts),
        *_limits(facts),
        *_quotas(r),
        *_cold_start(load),
        *_region(r.workload),
        *_prices(r.workload, facts),
    ]


def _facts_read(load: Conditions, r: Choice) -> FactsRead:
    """The facts of the design, and of the bill of the first always-on service among the candidates."""
    findings(r.workload, r.nearest, load)
    quantities = usage(load, r.nearest)
    steps(load, r.nearest)
    service = next(
        (design for design in r.candidates.designs if design.flow.behind is Behind.CONTAINER), None
    )
    if service:
        usage(load, service)
    prices = [price_id for price_id in sorted(quantities) if quantities[price_id]]
    return FactsRead(sorted(load.limits), sorted(load.constants), sorted(load.times), prices)


def _defaults(r: Choice) -> Iterator[Assumption]:
    load = Conditions(r.workload)
    rows: list[tuple[Field, Any]] = []
    changes: list[tuple[Field, dict[str, Any], Workload]] = []
    for record in sorted(fields_with("assumption"), key=_nature):
        field, assumption = record.path, record.assumption
        if assumption is None or r.workload.is_given(field):
            continue
        if field == "configuration.entries" and not r.workload.configuration.total:
            continue
        value = _default(load, field)
        rows.append((record, value))
        others = ({field: other} for other in _others(record, assumption, value))
        changes += [(record, other, varied) for other in others if (varied := _vary(r.workload, other))]
    decides = _deciding(r, changes)
    for record, value in rows:
        why = record.assumption.why if record.assumption else ""
        yield Assumption(
            record.path, AssumptionKind.DEFAULT, record.kind.state(value), why, record.path in decides
        )


def _vary(workload: Workload, change: dict[str, Any]) -> Workload | None:
    """The workload with other values; None where it rejects them (half a default may be invalid)."""
    try:
        return workload.replace(change)
    except ExplorerError:
        return None


def _deciding(r: Choice, changes: list[tuple[Field, dict[str, Any], Workload]]) -> set[str]:
    """The fields for which another value changes the recommended design; all numbers in one evaluation."""
    numbers = [(record.path, change) for record, change, _ in changes if record.is_axis]
    winning = winners(variations(r.workload, [change for _, change in numbers])) if numbers else []
    decides = {path for (path, _), design in zip(numbers, winning, strict=True) if design != r.design}
    for record, _, varied in changes:
        if not record.is_axis and record.path not in decides:
            (design,) = winners(Conditions(varied))
            if design != r.design:
                decides.add(record.path)
    return decides


def _nature(record: Field) -> int:
    """The sort key of a field: numbers first, then switches, then lists."""
    return 2 if record.is_list else int(record.kind is SWITCH)


def _others(record: Field, assumption: DefaultAssumption, value: Any) -> Iterator[Any]:
    """The values that the field might have in place of its default."""
    if record.is_list:
        yield from ([choice] for choice in record.choices)
    elif record.kind is SWITCH:
        yield not value
    else:
        yield from (value * factor for factor in assumption.factors)


def _default(load: Conditions, field: str) -> Any:
    if field == "peak_rps":
        return float(load.peak_rps)
    if field == "request":
        return float(load.request.median)
    if field == "configuration.entries":
        return load.workload.configuration.entry_count
    return load.workload.field_value(field)


def _tails(w: Workload) -> Iterator[Assumption]:
    for name in SPREADS:
        spread = getattr(w, name).spread
        if w.is_given(name) and spread.tail:
            yield Assumption(name, AssumptionKind.TAIL, spread.tail, "how its largest values are taken")


def _constants(facts: FactsRead) -> Iterator[Assumption]:
    for constant_id in facts.constants:
        row = catalogue.constant(constant_id)
        if row.kind == "assumption":
            yield Assumption(
                row.id,
                AssumptionKind.CONSTANT,
                format_quantity_at_length(row.value, row.unit),
                row.note,
                False,
                row.as_of,
                row.source_url,
            )


def _times(facts: FactsRead) -> Iterator[Assumption]:
    for time_id in facts.times:
        time = catalogue.time(time_id)
        if time.kind == "assumption":
            value = f"p50 {format_time(time.p50_s)}, p99 {format_time(time.p99_s)}"
            yield Assumption(
                time.id, AssumptionKind.TIME, value, time.note, False, time.as_of, time.source_url
            )


def _cold_start(load: Conditions) -> Iterator[Assumption]:
    cold = load.init
    if cold.assumed and load.workload.runtime.init is None:
        value = f"p50 {format_time(cold.p50_s)}, p99 {format_time(cold.p99_s)}"
        why = f"no cold start of {load.workload.runtime.language} is known: that of {cold.language} is used"
        yield Assumption(
            "runtime.language", AssumptionKind.TIME, value, why, False, cold.as_of, cold.source_url
        )


def _region(w: Workload) -> Iterator[Assumption]:
    region = catalogue.region(w.region)
    if region is None or region.lacks is None:
        why = f"no source says what {w.region} lacks: it is assumed to have all features of other regions"
        source = (region.as_of, region.source_url) if region else ("", "")
        yield Assumption("region", AssumptionKind.FEATURE, "all", why, False, *source)


def _limits(facts: FactsRead) -> Iterator[Assumption]:
    for limit_id in facts.limits:
        row = catalogue.limit(limit_id)
        if not row.verified:
            value = format_quantity_at_length(row.value, row.unit) if row.value is not None else ""
            yield Assumption(
                row.id,
                AssumptionKind.LIMIT,
                value,
                "not verified: " + row.notes,
                False,
                row.as_of,
                row.source_url,
            )


def _quotas(r: Choice) -> Iterator[Assumption]:
    """How far the quotas that must be raised can be raised, where AWS names no exact maximum."""
    to_raise = [catalogue.limit(each.limit) for each in r.findings if each.verdict is Verdict.RAISE]
    for row in to_raise:
        if row.raised_to is not None and row.max_if_raised and not any(map(str.isdigit, row.max_if_raised)):
            value = f"raised to {format_quantity_at_length(row.raised_to, row.unit)} at most"
            why = f"AWS names no exact maximum: {row.max_if_raised}"
            yield Assumption(row.id, AssumptionKind.LIMIT, value, why, False, row.as_of, row.source_url)
    if any(row.raised_to is None for row in to_raise):
        constant = catalogue.constant("quota.raise_factor")
        value = f"{format_number(constant.value)} times the default"
        yield Assumption(constant.id, AssumptionKind.CONSTANT, value, constant.note, as_of=constant.as_of)


def _prices(w: Workload, facts: FactsRead) -> Iterator[Assumption]:
    for price_id in facts.prices:
        tariff = catalogue.tariff(price_id, w.region)
        value = f"{tariff.tiers[0].usd.normalize():f} USD per {split_unit(tariff.unit)[0]}"
        if tariff.assumed:
            why = f"no price is known in {w.region}: that of {tariff.assumed_from} is used"
            yield Assumption(price_id, AssumptionKind.PRICE, value, why, False, tariff.as_of, tariff.source)
        elif tariff.stale:
            yield Assumption(
                price_id,
                AssumptionKind.PRICE,
                value,
                f"seen {tariff.as_of}, not confirmed since",
                False,
                tariff.as_of,
                tariff.source,
            )
