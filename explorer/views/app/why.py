"""Where a number comes from: its value, what it is made of, the source and its date, as HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

from explorer.analysis.phrases import list_options, sentence
from explorer.analysis.recommendation import Recommendation
from explorer.engine.cost import Bill, BillLine
from explorer.engine.cost import cost as bill_of
from explorer.engine.designs import Placement
from explorer.engine.latency import steps as steps_of
from explorer.facts import catalogue
from explorer.facts.units import (
    format_count,
    format_number,
    format_quantity,
    format_quantity_as_listed,
    format_share,
    format_time,
    format_unit_price,
    format_usd,
    split_unit,
)
from explorer.workload.fields import SPREADS

from . import costs, history, panels
from .controls import DIALS, TAIL

LINES = 9  # of a bill
LEVELS = (0.5, 0.9, 0.95, 0.99, 0.999)
SCALED, STRETCHED = "its distribution is scaled with it", "the quantiles above the median are stretched to it"

Pairs = Iterable[tuple[str, str]]


def why(r: Recommendation, key: str, state: history.State, pinned: Recommendation | None = None) -> str:
    """The explanation of a number by its key; "" where there is nothing to explain."""
    kind, _, rest = key.partition(":")
    tell = KINDS.get(kind)
    if kind == "bill" and rest == "a" and pinned:
        return bill(bill_of(pinned.workload, pinned.nearest, pinned.load), pinned)
    return tell(r, rest, state) if tell else ""


def _box(title: str, *parts: str) -> str:
    return f"<h3>{escape(title)}</h3>{''.join(parts)}"


def _said(text: str, kind: str = "") -> str:
    return f"<p{f' class={kind}' if kind else ''}>{escape(text)}</p>"


def _rows(pairs: Pairs) -> str:
    return "<dl>" + "".join(f"<dt>{escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in pairs) + "</dl>"


def _source(url: str, as_of: str, remark: str = "") -> str:
    """The source as a link where it is one, with its date."""
    said = escape(url.removeprefix("https://"))
    shown = said if len(said) < 74 else said[:70] + "…"
    link = (
        f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{shown}</a>'
        if url.startswith("https://")
        else shown
    )
    dated = f", seen {escape(as_of)}" if as_of else ""
    return f'<p class="source">{link}{dated}{escape(remark)}</p>'


# The four numbers ---------------------------------------------------------------------------------


def _usd(r: Recommendation, _: str, __: history.State) -> str:
    return bill(r.bill, r)


def bill(found: Bill, r: Recommendation) -> str:
    """The dearest lines of a bill: quantity, price, money; and where the prices are from."""
    lines = sorted(found.lines, key=lambda line: -line.usd)
    rows = "".join(_line(line) for line in lines[:LINES])
    rest = lines[LINES:]
    if rest:
        usd = format_usd(float(sum(line.usd for line in rest)))
        rows += f"<tr><td>{len(rest)} more</td><td></td><td></td><td></td><td>{usd}</td></tr>"
    usd = format_usd(float(found.total_usd))
    total = f"<tr class=total><td>in all</td><td></td><td></td><td></td><td>{usd}</td></tr>"
    head = "<tr><th>what</th><th>a month</th><th>price</th><th>seen</th><th>USD</th></tr>"
    assumed = sum(line.assumed for line in lines)
    seen = f"Prices of {found.region}" + (f"; * not known there: {assumed}" if assumed else "")
    cut = f"; {r.workload.preferences.discount:.0%} discount" if r.workload.preferences.discount else ""
    sources = "".join(_source(source, "") for source in dict.fromkeys(line.source for line in lines[:LINES]))
    return _box(
        "Cost a month, line by line", f"<table>{head}{rows}{total}</table>", _said(f"{seen}{cut}."), sources
    )


def _line(line: BillLine) -> str:
    price = float(line.usd / line.quantity) if line.quantity else 0.0
    mark = " *" if line.assumed else ""
    return (
        f"<tr><td>{escape(line.id)}{mark}</td><td>{escape(_amount(line))}</td>"
        f"<td>{escape(format_unit_price(price))}</td><td>{escape(line.as_of)}</td><td>{format_usd(float(line.usd))}</td></tr>"
    )


def _amount(line: BillLine) -> str:
    unit, _ = split_unit(line.unit)  # what it counts is told by the source
    return f"{format_number(float(line.quantity))} {unit}"


def _parts(r: Recommendation, _: str, __: history.State) -> str:
    by_option = r.nearest.parts_by_option(r.load)
    names = [(option.id, ", ".join(parts)) for option, parts in by_option.items() if parts]
    worth = format_usd(r.part_usd)
    said = (
        f"What whoever is on call must know exists, and the steps that a client must take. Each counts as "
        f"{worth} a month when designs are compared: score {format_usd(r.score_usd)}."
    )
    return _box(format_count(r.parts, "moving part"), _rows(names), _said(said))


def _latency(level: str) -> Callable[[Recommendation, str, history.State], str]:
    index = {"p50": 0, "p95": 1}[level]

    def tell(r: Recommendation, _: str, __: history.State) -> str:
        phases: dict[str, float] = {}
        for step in steps_of(r.load, r.nearest):
            seconds = step.seconds[index] if hasattr(step.seconds, "__len__") else step.seconds
            phases[step.phase] = phases.get(step.phase, 0.0) + float(seconds)
        rows = [(phase, format_time(s, 3)) for phase, s in phases.items() if s > 0]
        rows.append(("in all", format_time(r.latency_s[level], 3)))
        said = "From submitting to the whole result in hand. Steps that are slow are taken as slow together."
        title = "Half of the results are in hand" if index == 0 else "95 % of the results are in hand"
        return _box(f"{title} within {format_time(r.latency_s[level], 3)}", _rows(rows), _said(said))

    return tell


# Design, steps, limits ----------------------------------------------------------------------------


def _option(r: Recommendation, concern: str, _: history.State) -> str:
    option = next((each for each in r.nearest.options if each.concern == concern), None)
    if option is None:
        return ""
    lines = option.usage(r.load, Placement.of(option, r.nearest.flow).path)
    tariffs = [catalogue.tariff(price_id, r.workload.region) for price_id, _ in lines]
    billed = ", ".join(dict.fromkeys(tariff.id for tariff in tariffs)) or "nothing of its own"
    parts = ", ".join(r.nearest.parts_by_option(r.load)[option]) or "none of its own"
    return _box(
        f"{panels.CONCERNS[concern]}: {option.id}",
        _said(sentence(option.summary, "") + "."),
        _rows([("moving parts", parts), ("billed", billed)]),
    )


def _step(r: Recommendation, index: str, _: history.State) -> str:
    from explorer.views.figures.sequence import exchanged

    arrows = exchanged(r.load, r.nearest)
    arrow = arrows[int(index)] if index.isdigit() and int(index) < len(arrows) else None
    if arrow is None:
        return ""
    rows = [("at the p50", format_time(arrow.p50_s, 3)), ("at the p99", format_time(arrow.p99_s, 3))]
    share = arrow.p50_s / max(sum(each.p50_s for each in arrows), 1e-12)
    rows.append(("of the whole", format_share(share)))
    who = arrow.start if arrow.start == arrow.end else f"{arrow.start} to {arrow.end}"
    return _box(sentence(arrow.title, ""), _rows([("who", who), ("phase", arrow.phase), *rows]))


def _limit(r: Recommendation, name: str, _: history.State) -> str:
    found = next((each for each in r.found if each.limit == name), None)
    if found is None:
        return ""
    row = catalogue.limit(name)
    value, p50, p99 = (
        format_quantity_as_listed(v, found.unit) for v in (found.limit_value, found.used_p50, found.used_p99)
    )
    share = found.used_p99 / found.limit_value if found.limit_value else 0.0
    rows = [
        ("limit", value),
        ("used at the p50", p50),
        ("used at the p99", f"{p99}, {format_share(share)} of it"),
        ("over it", f"{format_share(found.breach_probability)} of the requests"),
        ("may be raised", row.adjustable),
    ]
    sure = "" if row.verified else ", not verified"
    return _box(
        row.title,
        _rows(rows),
        _said(sentence(found.consequence, "")),
        _source(row.source_url, row.as_of, sure),
    )


def _bill(r: Recommendation, index: str, _: history.State) -> str:
    found = costs.bills(r, int(index)) if index.isdigit() else None
    return bill(found, r) if found else ""


def _reason(r: Recommendation, because: str, _: history.State) -> str:
    reason = next((each for each in r.reasons if each.because == because), None)
    if reason is None:
        return ""
    rows = [
        ("rules out", ", ".join(option.replace("=", " ") for option in reason.options[:8])),
        ("designs", f"{reason.designs:,}"),
        ("nearest of them", list_options(reason.nearest)),
    ]
    if reason.breach_probability is not None:
        rows.append(("over it, at least", f"{format_share(reason.breach_probability)} of the requests"))
    if reason.kind != "limit":
        return _box(sentence(reason.why, ""), _rows(rows), _said(f"From the workload: {because}."))
    row = catalogue.limit(because)
    value = format_quantity(row.value or 0.0, row.unit)
    return _box(row.title, _rows([("limit", value), *rows]), _source(row.source_url, row.as_of))


def _turn(r: Recommendation, index: str, _: history.State) -> str:
    turn = r.turns[int(index)] if index.isdigit() and int(index) < len(r.turns) else None
    if turn is None:
        return ""
    said = "The best design was asked for at values up to a thousand times more and less than today's."
    built = list_options(turn.design) if turn.design else "no design is feasible"
    return _box(sentence(turn.says, ""), _rows([("then", built)]), _said(said))


# The workload -------------------------------------------------------------------------------------


def _field(r: Recommendation, name: str, state: history.State) -> str:
    dial = next((each for each in DIALS if each.field == name), None)
    if dial is None:
        return ""
    base = dial.read(state.base)
    rows = [("now", dial.said(dial.read(r.workload))), ("began at", dial.said(base))]
    driver = name.removesuffix(TAIL)
    if driver in SPREADS:
        spread = getattr(r.workload, driver).spread
        said = next(each.said for each in DIALS if each.field == driver)
        rows += [(f"p{100 * level:g}", said(float(spread.quantile(level)))) for level in LEVELS]
        rows.append(("largest values", spread.tail))
    if name == "requests_per_month":
        rows += [
            ("mean", f"{format_number(r.workload.mean_rps)} a second"),
            ("peak", f"{format_number(float(r.load.peak_rps))} a second"),
        ]
    given = "given by the workload" if state.base.is_given(driver) else "a default: the workload does not say"
    if name in state.values:
        given = "turned here"
        given += f"; {STRETCHED if name.endswith(TAIL) else SCALED}" if driver in SPREADS else ""
    return _box(dial.name, _rows(rows), _said(sentence(given, "") + "."))


KINDS: dict[str, Callable[[Recommendation, str, history.State], str]] = {
    "usd": _usd,
    "parts": _parts,
    "p50": _latency("p50"),
    "p95": _latency("p95"),
    "option": _option,
    "step": _step,
    "limit": _limit,
    "bill": _bill,
    "reason": _reason,
    "turn": _turn,
    "field": _field,
}
