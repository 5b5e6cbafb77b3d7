"""What an answer rests on that was not given or not measured, and whether it decides the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from explorer.engine.cost import usage
from explorer.engine.evaluation import Evaluation
from explorer.engine.latency import steps
from explorer.engine.limits import findings
from explorer.facts import catalogue
from explorer.facts.units import format_bandwidth, format_number, format_size, format_time
from explorer.options.base.conditions import Load
from explorer.options.base.request_path import Behind
from explorer.workload.workload import NEEDS, Workload

if TYPE_CHECKING:
    from .choice import Choice


@dataclass(frozen=True)
class Assumption:
    """One thing that the answer rests on."""

    id: str
    kind: str  # default, tail, constant, time, limit or price
    value: str
    why: str
    decides: bool = False  # half or twice of it changes the recommended design
    as_of: str = ""
    source_url: str = ""


DEFAULTS: dict[str, tuple[Callable[[Any], str], str]] = {  # field: (how it is shown, why it has this value)
    "peak_rps": (format_number, "no peak was given: five times the mean rate"),
    "request": (format_size, "no request size was given"),
    "runtime.memory": (lambda mb: f"{mb:g} MB", "not given: one vCPU"),
    "configuration.entries": (
        format_number,
        "not given: as many as the total holds at the assumed size",
    ),
    "client.waits": (format_time, "not given"),
    "client.bandwidth": (format_bandwidth, "not given"),
    "targets.success": (str, "not given"),
    "response.kept": (format_time, "not given"),
    "preferences.part_usd": (
        format_number,
        "not given: USD a month that one more part is worth avoiding",
    ),
}
SWITCHES = {  # true-or-false fields that can decide, and why they have their default
    "client.polls": "not given: taken as able to poll",
    "client.uploads": "not given: taken as able to upload to a signed URL",
    "response.divisible": "not given: taken as one piece",
    "runtime.divisible": "not given: taken as one piece",
}


def assumptions(r: Choice) -> list[Assumption]:
    """Defaults first (those that decide before the others), then constants, times, limits and prices."""
    load = Load(r.workload)
    design = r.nearest
    findings(r.workload, design, load)
    quantities = usage(load, design)
    steps(load, design)
    for other in r.evaluation.designs:  # a service is always among the candidates: what it rests on counts
        if other.flow.behind is Behind.CONTAINER:
            usage(load, other)
            break
    defaults = sorted(_defaults(r), key=lambda row: not row.decides)
    return [
        *defaults,
        *_tails(r.workload),
        *_constants(load),
        *_limits(load),
        *_prices(r.workload, quantities),
    ]


def _defaults(r: Choice) -> Iterator[Assumption]:
    w, load = r.workload, Load(r.workload)
    for field, (show, why) in DEFAULTS.items():
        if w.is_given(field) or (field == "configuration.entries" and not w.configuration.total):
            continue
        value = _default(load, field)
        decides = any(_changes(r, {field: value * factor}) for factor in _nudges(field))
        yield Assumption(field, "default", show(value), why, decides)
    for field, why in SWITCHES.items():
        if not w.is_given(field):
            value = load.number(field)
            yield Assumption(field, "default", str(value).lower(), why, _changes(r, {field: not value}))
    if not w.is_given("client.needs"):
        why = "not given: no custom domain, WAF, throttling, usage plans or private access of the door's own"
        decides = any(_changes(r, {"client.needs": [need]}) for need in NEEDS)
        yield Assumption("client.needs", "default", "none", why, decides)


def _nudges(field: str) -> tuple[float, ...]:
    return (0.999, 1.001) if field == "targets.success" else (0.5, 2.0)


def _default(load: Load, field: str) -> float:
    if field == "peak_rps":
        return float(load.peak_rps)
    if field == "request":
        return float(load.request.median)
    if field == "configuration.entries":
        return load.workload.configuration.entry_count
    return float(load.number(field))


def _changes(r: Choice, change: dict[str, Any]) -> bool:
    """Whether the recommended design is another with these fields."""
    from explorer.errors import ExplorerError

    try:
        other = r.workload.replace(change)
    except ExplorerError:  # half the default is no valid value: it cannot be that
        return False
    evaluation = Evaluation(Load(other))
    index = int(evaluation.winner()) if evaluation.designs else -1
    return (evaluation.designs[index] if index >= 0 else None) != r.design


def _tails(w: Workload) -> Iterator[Assumption]:
    for name in ("request", "response", "runtime"):
        spread = getattr(w, name).spread
        if w.is_given(name) and spread.tail:
            yield Assumption(name, "tail", spread.tail, "how its largest values are taken")


def _constants(load: Load) -> Iterator[Assumption]:
    for constant_id in sorted(load.constants):
        row = catalogue.constant(constant_id)
        if row.kind == "assumption":
            yield Assumption(
                row.id,
                "constant",
                f"{row.value:g} {row.unit}",
                row.note,
                False,
                row.as_of,
                row.source_url,
            )
    for time_id in sorted(load.times):
        time = catalogue.time(time_id)
        if time.kind == "assumption":
            value = f"p50 {format_time(time.p50_s)}, p99 {format_time(time.p99_s)}"
            yield Assumption(time.id, "time", value, time.note, False, time.as_of, time.source_url)


def _limits(load: Load) -> Iterator[Assumption]:
    for limit_id in sorted(load.limits):
        row = catalogue.limit(limit_id)
        if not row.verified:
            value = f"{row.value:g} {row.unit}"
            yield Assumption(
                row.id,
                "limit",
                value,
                "not verified: " + row.notes,
                False,
                row.as_of,
                row.source_url,
            )


def _prices(w: Workload, quantities: dict[str, float]) -> Iterator[Assumption]:
    for price_id in sorted(quantities):
        if not quantities[price_id]:
            continue
        tariff = catalogue.tariff(price_id, w.region)
        value = f"{tariff.tiers[0].usd:f} USD a {tariff.unit}"
        if tariff.assumed:
            why = f"no price is known in {w.region}: that of {catalogue.HOME_REGION} is used"
            yield Assumption(price_id, "price", value, why, False, tariff.as_of, tariff.source)
        elif tariff.stale:
            yield Assumption(
                price_id, "price", value, "not seen again since", False, tariff.as_of, tariff.source
            )
