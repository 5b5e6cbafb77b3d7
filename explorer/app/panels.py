"""An answer as HTML: what to build, limits used, costs, what is ruled out, what would change it.

Bars are boxes of the page, not a picture: they are drawn in the browser, follow its theme, and their
text can be read aloud. The figures of `explorer.figures` show the same numbers.
"""

from __future__ import annotations

from html import escape

import numpy as np

from .. import facts
from ..around import named
from ..assess import Finding
from ..cost import cost
from ..design import Design
from ..figures.look import NEVER, OTHER, VERDICTS, chance_said
from ..figures.money import best_beside, by_service, grouped, service_colours
from ..reasons import Reason
from ..recommend import Recommendation
from ..units import format_number, format_quantity, format_share, format_time, format_usd
from ..words import described

LIMITS, COSTS, REASONS, TURNS = 8, 7, 5, 5  # rows of each panel
LEAST, DECADES = 1e-3, 4.0  # the track begins at 0.1 % of a limit and ends at ten times of it
AT_LIMIT = 100 * 3 / DECADES  # where the limit stands on the track [%]


def answer(r: Recommendation) -> str:
    """What to build, and its four numbers."""
    name = escape(r.workload.name)
    if not r.feasible:
        return _section("answer no", f"Nothing is feasible for {name}", f"<p>{escape(r.summary)}</p>")
    said = described(r.nearest)
    numbers = (
        (format_usd(r.monthly_usd), "a month"),
        (str(r.parts), "moving part" if r.parts == 1 else "moving parts"),
        (format_time(r.latency_s["p50"], 2), "half of the results"),
        (format_time(r.latency_s["p95"], 2), "95 % of the results"),
    )
    boxes = "".join(f"<div><b>{escape(value)}</b><span>{unit}</span></div>" for value, unit in numbers)
    ids = " ".join(f"<code>{escape(option)}</code>" for option in r.nearest.ids.values())
    body = f'<p>Build {escape(said)}. {ids}</p><div class="numbers">{boxes}</div>{_first(r)}'
    return _section("answer", f"Recommended for {name}", body)


def _first(r: Recommendation) -> str:
    """What to ask AWS for first, and whether the answer turns with what a part is worth."""
    notes = [f"First, {f.consequence.partition(';')[0]}." for f in r.found if f.verdict == "raise"]
    others = {
        str(Design(**choice["design"])): usd
        for usd, choice in r.at_part_usd.items()
        if choice["design"] and choice["design"] != r.nearest.ids
    }
    notes += [
        f"At {format_usd(usd)} a part: {named(Design(**r.at_part_usd[usd]['design']), r.nearest)}."
        for usd in others.values()
    ]
    return f'<p class="note">{escape(" ".join(notes[:3]))}</p>'


def limits(r: Recommendation) -> str:
    """Limits used as bars on a log scale, each with the limit marked at the same place."""
    rows = "".join(_limit(found) for found in r.found[:LIMITS])
    more = len(r.found) - LIMITS
    note = f'<p class="more">{more} more fit.</p>' if more > 0 else ""
    scale = "".join(
        f'<span style="left:{place:.4g}%">{text}</span>'
        for place, text in ((25, "1 %"), (50, "10 %"), (AT_LIMIT, "limit"))
    )
    rest = "<span></span>" * 2
    head = f'<div class="row scale"><span></span><div class="track">{scale}</div>{rest}</div>'
    title = "Limits used" if r.feasible else "Limits used by the nearest miss"
    return _section("limits", title, f"{head}{rows}{note}")


def _limit(found: Finding) -> str:
    row = facts.limit(found.limit)
    dark, light, word = VERDICTS[found.verdict]
    p50, p99 = (_place(used, found.limit_value) for used in (found.used_p50, found.used_p99))
    broken = f"<small>{_over(found.breach_probability)}</small>"
    why = f"{row.service}, {row.name} ({found.limit}): {_in_full(found)}. {found.consequence}"
    return (
        f'<div class="row" title="{escape(why)}"><span class="name">{_breakable(row.name)}</span>'
        f'<div class="track"><i style="width:{p99:.2f}%;background:{light}"></i>'
        f'<i style="width:{p50:.2f}%;background:{dark}" class="half"></i>'
        f'<em style="left:{AT_LIMIT}%"></em></div>'
        f"<span>{_used(found)}</span>"
        f'<span class="verdict {found.verdict}" style="--ink:{word}">{found.verdict} {broken}</span></div>'
    )


def _breakable(name: str) -> str:
    """A name that may go on in a second line after a slash."""
    return escape(name).replace("/", "/<wbr>")


def _over(chance: float) -> str:
    """The share of requests over a limit, in few letters."""
    if chance < 1e-5:
        return "" if chance < NEVER else "< 0.001 %"
    return format_share(chance) if chance < 0.9995 else "100 %"


def _in_full(found: Finding) -> str:
    values = (found.used_p50, found.used_p99, found.limit_value)
    p50, p99, limit = (_said(value, found.unit) for value in values)
    chance = chance_said(found.breach_probability)
    return f"p50 {p50}, p99 {p99} of {limit}; share of the requests that break it: {chance}"


def _place(used: float, limit: float) -> float:
    """Where a use ends on the track [%]."""
    share = used / limit if limit else np.inf
    if not share > LEAST:
        return 0.0
    return float(min(100.0, 100 * np.log10(share / LEAST) / DECADES))


def _used(found: Finding) -> str:
    """ "9 MB of 6 MB"; a unit that is a phrase is told on hovering."""
    used, limit = (_said(value, found.unit) for value in (found.used_p99, found.limit_value))
    return escape(f"{used.removesuffix(found.unit).rstrip()} of {limit.removesuffix(found.unit).rstrip()}")


def _said(value: float, unit: str) -> str:
    if not np.isfinite(value):
        return "endless"
    return format_quantity(value, unit) if unit in {"bytes", "seconds"} else f"{format_number(value)} {unit}"


def costs(r: Recommendation) -> str:
    """The bill by service beside those of the best alternatives."""
    designs = [r.nearest, *best_beside(r, COSTS - 1)]
    bills = [by_service(cost(r.workload, design)) for design in designs]
    colours = service_colours(bills)
    most = max([sum(bill.values()) for bill in bills] + [1e-12])
    rows = []
    for design, bill in zip(designs, bills, strict=True):
        pieces = "".join(
            f'<i style="width:{100 * usd / most:.2f}%;background:{colours.get(name, OTHER)}"'
            f' title="{escape(name)} {format_usd(usd)}"></i>'
            for name, usd in grouped(bill, colours).items()
            if usd > 0
        )
        first = design == r.nearest
        called = "this design" if first else _differs(design, r.nearest)
        parts = f"{len(design.parts)} part{'' if len(design.parts) == 1 else 's'}"
        rows.append(
            f'<div class="row{" first" if first else ""}"><span class="name">{escape(called)}</span>'
            f'<div class="track stack">{pieces}</div>'
            f"<span><b>{format_usd(sum(bill.values()))}</b> <small>{parts}</small></span></div>"
        )
    keys = "".join(f'<span><i style="background:{c}"></i>{escape(n)}</span>' for n, c in colours.items())
    return _section("costs", "Cost a month", f'<p class="key">{keys}</p>{"".join(rows)}')


def _differs(design: Design, other: Design) -> str:
    """Only the options in which a design differs from another."""
    return ", ".join(option for concern, option in design.ids.items() if option != other.ids[concern])


def rejected(r: Recommendation) -> str:
    """What is ruled out, and by which limit or promise."""
    shown = [reason for reason in r.reasons if reason.kind != "combination"]
    rows = "".join(_reason(reason) for reason in shown[:REASONS])
    more = len(shown) - REASONS
    note = f'<p class="more">{more} more reasons.</p>' if more > 0 else ""
    return _section(
        "rejected", "Ruled out", f"<ul>{rows}</ul>{note}" if rows else "<p>Nothing is ruled out.</p>"
    )


def _reason(reason: Reason) -> str:
    options = ", ".join(option.partition("=")[2] for option in reason.options[:3]) or "several together"
    more = len(reason.options) - 3
    options += f" and {more} more" if more > 0 else ""
    why = reason.why
    if reason.kind == "limit":
        row = facts.limit(reason.because)
        why = f"{row.name}, {format_quantity(row.value or 0.0, row.unit)}"
        if reason.breach_probability is not None:
            why += f": {format_share(reason.breach_probability)} over"
    return f'<li title="{escape(reason.because)}"><b>{escape(options)}:</b> {escape(why)}</li>'


def turns(r: Recommendation) -> str:
    """Where the recommendation changes, and to what."""
    said = [turn.says for turn in r.turns]
    if not r.feasible:
        return _section("turns", "What would change it", "<p>Nothing serves this workload as it is.</p>")
    rows = "".join(f"<li>{escape(text[:1].upper() + text[1:])}.</li>" for text in said[:TURNS])
    return _section("turns", "What would change it", f"<ul>{rows}</ul>")


def _section(kind: str, title: str, body: str) -> str:
    return f'<section class="x-{kind}"><h3>{title}</h3>{body}</section>'
