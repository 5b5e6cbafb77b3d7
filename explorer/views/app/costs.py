"""The bill by service beside those of the best alternatives, as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from explorer.analysis.phrases import difference_briefly
from explorer.analysis.recommendation import Recommendation
from explorer.engine.cost import Bill, cost
from explorer.engine.designs import Design
from explorer.facts import catalogue
from explorer.facts.units import format_count, format_time, format_usd
from explorer.views.figures.bills import by_service, grouped, service_colours

from .html import number, title

COSTS = 6  # designs
CUT = 6.0  # times the first bill: a longer bar is cut
MORE = 10  # the shade of a service that has none of its own
OTHER = 11


def beside(r: Recommendation, most: int = COSTS - 1) -> list[Design]:
    """The best alternatives of which each has an option that is new among those above it."""
    seen = set(r.nearest.ids.items())
    kept: list[Design] = []
    for other in r.others:
        if len(kept) == most:
            break
        if not seen.issuperset(other.design.items()):
            seen.update(other.design.items())
            kept.append(Design(**other.design))
    return kept


def costs(r: Recommendation, pinned: Recommendation | None = None) -> str:
    """The bill by service beside those of the best alternatives, and of what it is compared with."""
    designs = [r.nearest, *beside(r, COSTS - 1 - bool(pinned))]
    bills = [by_service(cost(r.workload, design, r.load)) for design in designs]
    late = {str(Design(**other.design)): other.latency_p95_s for other in r.others}
    seconds = [r.latency_s["p95"], *(late[str(design)] for design in designs[1:])]
    names = ["this design", *(difference_briefly(design, r.nearest) for design in designs[1:])]
    keys = [f"bill:{index}" for index in range(len(designs))]
    if pinned:
        bills.insert(1, by_service(cost(pinned.workload, pinned.nearest, pinned.load)))
        designs.insert(1, pinned.nearest)
        names.insert(1, f"A: {pinned.workload.name}")
        keys.insert(1, "bill:a")
        seconds.insert(1, pinned.latency_s["p95"])
    services = list(service_colours(bills))
    totals = [sum(bill.values()) for bill in bills]
    most = min(max([*totals, 1e-12]), CUT * totals[0] if totals[0] > 0 else max([*totals, 1e-12]))
    parts = [len(design.parts_for(r.load)) for design in designs]
    rows = zip(names, keys, parts, bills, seconds, strict=True)
    shown = "".join(
        _row(name, key, count, grouped(bill, dict.fromkeys(services, "")), most, p95, first=index == 0)
        for index, (name, key, count, bill, p95) in enumerate(rows)
    )
    legend = "".join(
        f'<span><i class="s{_kind(service)}"></i>{escape(service)}</span>' for service in services
    )
    return f'{title("Cost a month")}<p class="x-key">{legend}</p><ul class="x-rows">{shown}</ul>'


def _row(
    name: str, key: str, parts: int, bill: Mapping[str, float], most: float, p95: float, *, first: bool
) -> str:
    total = sum(bill.values())
    pieces = "".join(
        f'<i class="s{_kind(service)}" style="width:{100 * min(usd, most) / most:.2f}%"></i>'
        for service, usd in bill.items()
        if usd > 0
    )
    told = f"{format_count(parts, 'part')}, p95 {format_time(p95, 2)}"
    cut = " cut" if total > most * 1.001 else ""
    return (
        f'<li{" class=first" if first else ""} data-why="{key}"><span class="name">{escape(name)}</span>'
        f"<small>{told}</small>{number(format_usd(total), key)}"
        f'<div class="track stack{cut}">{pieces}</div></li>'
    )


def _kind(service: str) -> int:
    known = catalogue.services().get(service)
    if known is not None and known.shade is not None:
        return known.shade
    return MORE if service != "other" else OTHER


def bills(r: Recommendation, index: int) -> Bill | None:
    """The bill of a row of the panel, or None if there is no such row any more."""
    designs = [r.nearest, *beside(r)]
    return cost(r.workload, designs[index], r.load) if index < len(designs) else None
