"""The monthly bill of a design by service, beside the alternatives."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from explorer.analysis.phrases import label_design
from explorer.analysis.recommendation import Recommendation
from explorer.engine.cost import Bill
from explorer.engine.cost import cost as bill_of
from explorer.engine.designs import Design
from explorer.engine.sizing import sized_conditions
from explorer.facts import catalogue
from explorer.facts.units import format_count, format_time, format_usd, format_usd_briefly
from explorer.views.colours import SERVICES

from .style import (
    FAINT,
    ROW_IN,
    Picture,
    canvas,
    colour_key,
    in_house_style,
    stack_piece,
    usd_tick,
)

OTHER = len(SERVICES) - 1  # the number of the colour of all other services
MOST_SERVICES = 8
MOST_LINES = 3  # of the label of a bar
LEAST_USD = 0.01  # end of the axis; less than a cent is drawn in fractions of a cent


@in_house_style
def costs(r: Recommendation, most: int = 6) -> Picture:
    """The monthly bill by service, of the recommended design and the best alternatives.

    An alternative is shown if it has an option that no design above it has, and another bill or latency.

    Parameters
    ----------
    r : a recommendation
    most : the largest number of alternatives
    """
    designs = [r.nearest, *r.answer.distinct_designs(most)]
    bills = [
        by_service(bill_of(r.workload, design, sized_conditions(r.workload, design))) for design in designs
    ]
    totals = [sum(bill.values()) for bill in bills]
    title = f"Monthly cost: {r.workload.name}"
    alt = f"{title}: " + "; ".join(
        f"{label_design(design, r.nearest)} {format_usd(total)}"
        for design, total in zip(designs, totals, strict=True)
    )
    picture, axes = canvas(1.18 + ROW_IN * len(designs), title, alt, 0.30, 0.84)
    limit, services = _cost_axis(axes, totals), service_colours(bills)
    for row, (design, bill) in enumerate(zip(designs, bills, strict=True)):
        y = len(designs) - 1 - row
        _bill_stack(axes, y, group_services(bill, services), services, limit)
        _cost_labels(axes, y, design, r, min(totals[row], limit))
    colour_key(picture, [(catalogue.service_name(name), colour) for name, colour in services.items()], 0.30)
    return picture


def by_service(bill: Bill) -> dict[str, float]:
    """USD by the first part of the price id."""
    services: dict[str, float] = {}
    for line in bill.lines:
        name = line.id.partition(".")[0]
        services[name] = services.get(name, 0.0) + float(line.usd)
    return {name: usd for name, usd in services.items() if usd > 0}


def service_colours(bills: Sequence[Mapping[str, float]]) -> dict[str, str]:
    """Services with their colours, in the order of `service_shades`."""
    return {name: SERVICES[shade] for name, shade in service_shades(bills).items()}


def service_shades(bills: Sequence[Mapping[str, float]]) -> dict[str, int]:
    """The largest services, each with its number in `SERVICES` or a spare one; the rest are "other".

    The services of the first bill are first, the most expensive before the others.

    >>> service_shades([{"lambda": 2.0, "vpc": 1.0}, {"lambda": 2.0, "cloudfront": 3.0}])
    {'lambda': 0, 'vpc': 9, 'cloudfront': 10}
    """
    stated = catalogue.services()
    weight = {
        name: (bills[0].get(name, 0.0), max(bill.get(name, 0.0) for bill in bills))
        for name in {name for bill in bills for name in bill}
    }
    largest = sorted(weight, key=lambda name: (-weight[name][1], name))[:MOST_SERVICES]
    shades = {name: row.shade for name in largest if (row := stated.get(name)) and row.shade is not None}
    spare = iter(shade for shade in range(OTHER - 1, -1, -1) if shade not in shades.values())
    shades |= {name: next(spare, OTHER) for name in largest if name not in shades}
    in_order = sorted(largest, key=lambda name: (-weight[name][0], -weight[name][1], name))
    return {name: shades[name] for name in in_order} | (
        {"other": OTHER} if len(weight) > len(largest) else {}
    )


def group_services(bill: Mapping[str, float], services: Mapping[str, str]) -> dict[str, float]:
    """The bill in the order of `services`; all other services as "other"."""
    rest = sum(usd for name, usd in bill.items() if name not in services)
    amounts = {name: bill.get(name, 0.0) for name in services}
    return {**amounts, "other": rest} if "other" in services else amounts


def _cost_axis(axes: Axes, totals: list[float]) -> float:
    """Set up the axis; a bar far longer than the recommended one is cut. Returns the cut [USD]."""
    limit = min(max(totals), 6 * totals[0]) if totals[0] > 0 else max(totals)
    limit = max(limit, LEAST_USD)
    axes.set_xlim(0, limit * 1.02)
    axes.set_ylim(-0.6, len(totals) - 0.4)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda usd, _: usd_tick(usd)))
    return limit


def _bill_stack(
    axes: Axes, y: int, amounts: Mapping[str, float], colours: Mapping[str, str], limit: float
) -> None:
    """Draw one stacked bar; a segment that is wide enough shows its amount."""
    start = 0.0
    for name, usd in amounts.items():
        width, text = min(usd, limit - start), format_usd_briefly(usd)
        if width > 0:
            stack_piece(axes, y, start, width, colours[name], text)
        start += usd
    if start > limit * 1.001:
        cut_style: dict[str, Any] = {
            "color": "white",
            "size": 15,
            "weight": "bold",
            "ha": "center",
            "va": "center",
        }
        axes.text(limit * 0.985, y, "//", zorder=6, **cut_style)


def _cost_labels(axes: Axes, y: int, design: Design, r: Recommendation, end: float) -> None:
    place = axes.get_yaxis_transform()
    small: dict[str, Any] = {"transform": place, "size": 7.5, "color": FAINT, "va": "center"}
    index = r.answer.evaluation.designs.index(design)
    total = float(r.answer.evaluation.monthly_usd[index])
    parts = format_count(int(r.answer.evaluation.table.parts[index]), "part")
    bold = "bold" if design == r.nearest else "normal"
    text = _wrapped_label(label_design(design, r.nearest))
    size = 8.5 if text.count("\n") < MOST_LINES - 1 else 7.3
    axes.text(-0.02, y, text, transform=place, ha="right", va="center", size=size, weight=bold)
    axes.text(1.02, y + 0.15, format_usd_briefly(total), transform=place, va="center", size=9.5, weight=bold)
    latency = format_time(float(r.answer.evaluation.latency_s[index, 1]))
    axes.text(1.02, y - 0.2, f"{parts}, p95 {latency}", **small)


def _wrapped_label(text: str, width: int = 40) -> str:
    """A label in at most three lines, cut if these do not suffice."""
    how: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
    return textwrap.fill(text, width, max_lines=MOST_LINES, placeholder="…", **how)
