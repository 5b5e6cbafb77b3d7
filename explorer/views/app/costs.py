"""The monthly bill by service beside the best alternatives, as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from explorer.analysis.phrases import change_in_words
from explorer.analysis.recommendation import Recommendation
from explorer.engine.cost import Bill, cost
from explorer.engine.designs import Design
from explorer.engine.sizing import at_best_size
from explorer.facts import catalogue
from explorer.facts.units import format_count, format_time, format_usd
from explorer.views.figures.bills import by_service, group_services, service_shades

from .html import design_link, list_button, number_button, panel_title

COSTS = 6  # designs
LEAST_SHARE = 0.005  # of the longest bar; a service below this share in every bar is not in the key
CUT = 6.0  # bars longer than this multiple of the first bill are cut


def costs_panel(r: Recommendation, pinned: Recommendation | None = None) -> str:
    """The bills by service of the recommendation, the best alternatives, and the compared answer."""
    designs = [r.nearest, *r.answer.distinct_designs(COSTS - 1 - bool(pinned))]
    bills = [by_service(bill_of_design(r, design)) for design in designs]
    late = {str(Design(**other.design)): other.latency_p95_s for other in r.answer.alternatives}
    seconds = [r.latency_s["p95"], *(late[str(design)] for design in designs[1:])]
    names = [
        "this design" if r.feasible else "the nearest miss",
        *(change_in_words(design, r.nearest) for design in designs[1:]),
    ]
    keys = [f"bill:{index}" for index in range(len(designs))]
    if pinned:
        bills.insert(1, by_service(pinned.bill))
        designs.insert(1, pinned.nearest)
        names.insert(1, f"A: {pinned.workload.name}")
        keys.insert(1, "bill:a")
        seconds.insert(1, pinned.latency_s["p95"])
    shades = service_shades(bills)
    totals = [sum(bill.values()) for bill in bills]
    most = min(max([*totals, 1e-12]), CUT * totals[0] if totals[0] > 0 else max([*totals, 1e-12]))
    parts = [len(design.parts_for(at_best_size(r.answer.load, design))) for design in designs]
    opens = [
        escape(name) if design is r.nearest or key == "bill:a" else design_link(design, r.nearest, name)
        for name, key, design in zip(names, keys, designs, strict=True)
    ]
    rows = zip(opens, keys, parts, bills, seconds, strict=True)
    rows_html = "".join(
        _cost_row(name, key, count, _segments(bill, shades), most, p95, first=index == 0)
        for index, (name, key, count, bill, p95) in enumerate(rows)
    )
    count = len(r.answer.alternatives)
    every = list_button(f"All {format_count(count, 'other design')}", "designs") if count else ""
    legend = "".join(
        f'<span><i class="s{shades[service]}"></i>{escape(catalogue.service_name(service))}</span>'
        for service in shades
        if any(bill.get(service, 0.0) > LEAST_SHARE * most for bill in bills) or service == "other"
    )
    head = f'{panel_title("Cost a month")}<p class="x-key">{legend}</p>'
    return f'{head}<ul class="x-rows">{rows_html}</ul>{every}'


def _cost_row(  # `name` is HTML
    name: str,
    key: str,
    parts: int,
    bill: Sequence[tuple[int, float]],
    most: float,
    p95: float,
    *,
    first: bool,
) -> str:
    total = sum(usd for _, usd in bill)
    pieces = "".join(
        f'<i class="s{shade}" style="width:{100 * min(usd, most) / most:.2f}%"></i>'
        for shade, usd in bill
        if usd > 0
    )
    note = f"{format_count(parts, 'part')}, p95 {format_time(p95)}"
    cut_class = " cut" if total > most * 1.001 else ""
    return (
        f'<li{" class=first" if first else ""} data-why="{key}"><div><span class="name">{name}</span>'
        f"{number_button(format_usd(total), key)}</div>"
        f'<div><div class="track stack{cut_class}">{pieces}</div><em>{note}</em></div></li>'
    )


def _segments(bill: Mapping[str, float], shades: Mapping[str, int]) -> list[tuple[int, float]]:
    """The segments of a bar: colour and money of each service."""
    amounts = group_services(bill, dict.fromkeys(shades, ""))
    return [(shade, amounts[service]) for service, shade in shades.items()]


def bill_of_row(r: Recommendation, index: int) -> Bill | None:
    """The bill of a row of the panel; None if the row no longer exists."""
    designs = [r.nearest, *r.answer.distinct_designs(COSTS - 1)]
    return bill_of_design(r, designs[index]) if index < len(designs) else None


def bill_of_design(r: Recommendation, design: Design) -> Bill:
    """The bill of any design for an answer's workload, at the size that the design needs."""
    return cost(r.workload, design, at_best_size(r.answer.load, design))
