"""Explanations of numbers: value, components, source and date, as HTML."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html import escape

import numpy as np

from explorer.analysis.break_evens import what_moves_along
from explorer.analysis.old_prices import old_prices_sentence
from explorer.analysis.phrases import (
    completion_in_words,
    latency_in_words,
    name_design,
    rejected_options_at_length,
    sentence,
)
from explorer.analysis.recommendation import Recommendation
from explorer.analysis.summary import flat_rate_sentence
from explorer.engine.cost import Bill, BillLine
from explorer.engine.designs import Placement
from explorer.engine.latency import steps as steps_of
from explorer.facts import catalogue
from explorer.facts.key_value import format_pair
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
from .drawer import ENTRIES, Entry, content_of
from .glossary import definition

LINES = 9  # of a bill
LEVELS = (0.5, 0.9, 0.95, 0.99, 0.999)
SCALED, STRETCHED = "its distribution is scaled with it", "the quantiles above the median are stretched to it"

Pairs = Iterable[tuple[str, str]]


def explanation_of(
    r: Recommendation, key: str, state: history.State, pinned: Recommendation | None = None
) -> str:
    """The explanation of a number by its key; "" if there is none."""
    kind, _, rest = key.partition(":")
    explain = KINDS.get(kind)
    if kind == "bill" and rest == "a" and pinned:
        return explain_bill(pinned.bill, pinned)
    return explain(r, rest, state) if explain else ""


def _explanation_box(title: str, *parts: str) -> str:
    return f"<h3>{escape(title)}</h3>{''.join(parts)}"


def _sentence_line(text: str, kind: str = "") -> str:
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))  # a text that AWS answers
    return f"<p{f' class={kind}' if kind else ''}>{marked}</p>"


def _value_rows(pairs: Pairs) -> str:
    return "<dl>" + "".join(f"<dt>{escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in pairs) + "</dl>"


def _source_link(url: str, as_of: str, remark: str = "") -> str:
    """The source, as a link if it is a URL, with its date."""
    address = escape(url.removeprefix("https://"))
    address_cut = address if len(address) < 74 else address[:70] + "…"
    link = (
        f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{address_cut}</a>'
        if url.startswith("https://")
        else address_cut
    )
    dated = f", seen {escape(as_of)}" if as_of else ""
    return f'<p class="source">{link}{dated}{escape(remark)}</p>'


# The four numbers ---------------------------------------------------------------------------------


def _explain_usd(r: Recommendation, _: str, __: history.State) -> str:
    return explain_bill(r.bill, r)


def explain_bill(bill: Bill, r: Recommendation) -> str:
    """The most expensive lines of a bill: quantity, price, money; and the sources of the prices."""
    lines = sorted(bill.lines, key=lambda line: -line.usd)
    rows = "".join(_bill_line(line) for line in lines[:LINES])
    rest = lines[LINES:]
    if rest:
        usd = format_usd(float(sum(line.usd for line in rest)))
        rows += f"<tr><td>{usd}</td><td>{len(rest)} more</td><td></td><td></td><td></td></tr>"
    usd = format_usd(float(bill.total_usd))
    total = f"<tr class=total><td>{usd}</td><td>in all</td><td></td><td></td><td></td></tr>"
    heads = (
        "<th>USD</th>",
        "<th>what</th>",
        "<th>a month</th>",
        "<th class=wide>price</th>",
        "<th class=wide>seen</th>",
    )
    assumed_count = sum(line.assumed for line in lines)
    note = f"Prices of {bill.region}" + (f"; * not known there: {assumed_count}" if assumed_count else "")
    share = r.workload.preferences.discount
    discount = f"; {format_share(share)} discount" if share else ""
    flat_rate = flat_rate_sentence(r.answer) if r.feasible and bill is r.bill else ""
    sources = "".join(
        _source_link(source, "") for source in dict.fromkeys(line.source for line in lines[:LINES])
    )
    return _explanation_box(
        "Cost a month, line by line" if r.feasible else "Cost a month of the nearest miss, line by line",
        f"<table><tr>{''.join(heads)}</tr>{rows}{total}</table>",
        _sentence_line(" ".join(filter(None, [f"{note}{discount}.", old_prices_sentence(bill), flat_rate]))),
        sources,
    )


def _bill_line(line: BillLine) -> str:
    price = float(line.usd / line.quantity) if line.quantity else 0.0
    mark = " *" if line.assumed else ""
    return (
        f"<tr><td>{format_usd(float(line.usd))}</td><td>{escape(line.id)}{mark}</td>"
        f"<td>{escape(_bill_amount(line))}</td><td class=wide>{escape(format_unit_price(price))}</td>"
        f"<td class=wide>{escape(line.as_of)}</td></tr>"
    )


def _bill_amount(line: BillLine) -> str:
    unit, _ = split_unit(line.unit)  # the source names the counted thing
    return f"{format_number(float(line.quantity))} {unit}"


def _explain_parts(r: Recommendation, _: str, __: history.State) -> str:
    by_option = r.nearest.parts_by_option(r.answer.sized_load)
    names = [(option.name, ", ".join(parts)) for option, parts in by_option.items() if parts]
    worth = format_usd(r.part_usd)
    explanation = (
        f"What whoever is on call must know exists, and the steps that a client must take. Each counts as "
        f"{worth} a month when designs are compared: score {format_usd(r.score_usd)}."
    )
    return _explanation_box(
        format_count(r.parts, "moving part"), _value_rows(names), _sentence_line(explanation)
    )


def _explain_latency(level: str) -> Callable[[Recommendation, str, history.State], str]:
    index = {"p50": 0, "p95": 1}[level]

    def explain_seconds(r: Recommendation, _: str, __: history.State) -> str:
        phases: dict[str, float] = {}
        for step in steps_of(r.answer.sized_load, r.nearest):
            seconds = np.broadcast_to(step.seconds, (3,))[index]
            phases[step.phase] = phases.get(step.phase, 0.0) + float(seconds)
        rows = [(phase, format_time(s)) for phase, s in phases.items() if s > 0]
        rows.append(("in all", format_time(r.latency_s[level])))
        what, comes = completion_in_words(r.nearest, r.workload.client.collects)
        span = sentence(latency_in_words(r.nearest))
        explanation = f"{span} Steps that are slow are taken as slow together."
        share = "Half" if index == 0 else "95 %"
        return _explanation_box(
            f"{share} of {what} {comes} within {format_time(r.latency_s[level])}",
            _value_rows(rows),
            _sentence_line(explanation),
        )

    return explain_seconds


# Design, steps, limits ----------------------------------------------------------------------------


def _explain_option(r: Recommendation, concern: str, _: history.State) -> str:
    option = next((each for each in r.nearest.options if each.concern == concern), None)
    if option is None:
        return ""
    placement = Placement.of(option, r.nearest.flow)
    lines = option.usage(placement.load(r.answer.sized_load), placement.path)
    tariffs = [catalogue.tariff(price_id, r.workload.region) for price_id, _ in lines]
    billed = ", ".join(dict.fromkeys(tariff.id for tariff in tariffs)) or "nothing of its own"
    parts = ", ".join(r.nearest.parts_by_option(r.answer.sized_load)[option]) or "none of its own"
    return _explanation_box(
        f"{panels.CONCERNS[concern]}: {option.name}",
        _sentence_line(sentence(option.summary, "") + "."),
        _value_rows(
            [("moving parts", parts), ("billed", billed), ("as a choice", format_pair(concern, option.id))]
        ),
    )


def _explain_step(r: Recommendation, index: str, _: history.State) -> str:
    from explorer.views.figures.sequence import timed_steps

    arrows = timed_steps(r.answer.sized_load, r.nearest)
    arrow = arrows[int(index)] if index.isdigit() and int(index) < len(arrows) else None
    if arrow is None:
        return ""
    rows = [("at the p50", format_time(arrow.p50_s)), ("at the p99", format_time(arrow.p99_s))]
    share = arrow.p50_s / max(sum(each.p50_s for each in arrows), 1e-12)
    rows.append(("of the whole", format_share(share)))
    who = arrow.start if arrow.start == arrow.end else f"{arrow.start} to {arrow.end}"
    return _explanation_box(
        sentence(arrow.title, ""), _value_rows([("who", who), ("phase", arrow.phase), *rows])
    )


def _explain_limit(r: Recommendation, name: str, _: history.State) -> str:
    finding = next((each for each in r.answer.findings if each.limit == name), None)
    if finding is None:
        return ""
    row = catalogue.limit(name)
    value, p50, p99 = (
        format_quantity_as_listed(v, finding.unit)
        for v in (finding.limit_value, finding.used_p50, finding.used_p99)
    )
    share = finding.used_p99 / finding.limit_value if finding.limit_value else 0.0
    rows = [
        ("limit", value),
        ("used at the p50", p50),
        ("used at the p99", f"{p99}, {format_share(share)} of it"),
        ("over it", f"{format_share(finding.breach_probability)} of the requests"),
        ("may be raised", row.adjustable),
        (str(finding.verdict), definition(str(finding.verdict))),
    ]
    sure = "" if row.verified else ", not verified"
    return _explanation_box(
        row.title,
        _value_rows(rows),
        _sentence_line(sentence(finding.consequence, "")),
        _source_link(row.source_url, row.as_of, sure),
    )


def _explain_bill_row(r: Recommendation, index: str, _: history.State) -> str:
    bill = costs.bill_of_row(r, int(index)) if index.isdigit() else None
    return explain_bill(bill, r) if bill else ""


def _explain_rejection(r: Recommendation, because: str, _: history.State) -> str:
    reason = next((each for each in r.answer.rejections if each.because == because), None)
    if reason is None:
        return ""
    rows = [
        ("rules out", rejected_options_at_length(reason, r.nearest)),
        ("designs", f"{reason.designs:,}"),
        ("nearest of them", name_design(reason.nearest)),
    ]
    if reason.breach_probability is not None:
        rows.append(("over it, at least", f"{format_share(reason.breach_probability)} of the requests"))
    if reason.kind != "limit":
        return _explanation_box(
            sentence(reason.why, ""), _value_rows(rows), _sentence_line(f"From the workload: {because}.")
        )
    row = catalogue.limit(because)
    value = format_quantity(row.value or 0.0, row.unit)
    return _explanation_box(
        row.title, _value_rows([("limit", value), *rows]), _source_link(row.source_url, row.as_of)
    )


def _explain_break_even(r: Recommendation, index: str, _: history.State) -> str:
    turn = (
        r.answer.break_evens[int(index)]
        if index.isdigit() and int(index) < len(r.answer.break_evens)
        else None
    )
    if turn is None:
        return ""
    explanation = "The best design was asked for at values up to a thousand times more and less than today's."
    design_text = name_design(turn.design) if turn.design else "no design is feasible"
    return _explanation_box(
        sentence(turn.says, ""),
        _value_rows([("then", design_text)]),
        _sentence_line(explanation),
        _moves_line(r, [turn.axis]),
    )


def _explain_factors(r: Recommendation, _: str, __: history.State) -> str:
    """Explain the column of multiples, and what moves with the values along which they were found."""
    return _explanation_box(
        "Times today's",
        _sentence_line("The value at which the answer changes, as a multiple of today's value."),
        _moves_line(r, [turn.axis for turn in r.answer.break_evens]),
    )


def _moves_line(r: Recommendation, axes: Iterable[str]) -> str:
    """What moves together with a value, as with its slider."""
    moves = what_moves_along(r.workload, axes)
    return _sentence_line(f"{moves} With `--set`, one value alone changes.") if moves else ""


# The workload -------------------------------------------------------------------------------------


def _explain_field(r: Recommendation, name: str, state: history.State) -> str:
    dial = next((each for each in DIALS if each.field == name), None)
    if dial is None:
        return _explain_entry(r, ENTRIES[name], state) if name in ENTRIES else ""
    base = dial.read(state.base)
    rows = [("now", dial.wording(dial.read(r.workload))), ("began at", dial.wording(base))]
    driver = name.removesuffix(TAIL)
    if driver in SPREADS:
        distribution = getattr(r.workload, driver).spread
        wording = next(each.wording for each in DIALS if each.field == driver)
        rows += [(f"p{100 * level:g}", wording(float(distribution.quantile(level)))) for level in LEVELS]
        rows.append(("largest values", distribution.tail))
    if name == "requests_per_month":
        rows += [
            ("mean", f"{format_number(r.workload.mean_rps)} a second"),
            ("peak", f"{format_number(float(r.answer.sized_load.peak_rps))} a second"),
        ]
    origin = (
        "given by the workload" if state.base.is_given(driver) else "a default: the workload does not say"
    )
    if name in state.values:
        origin = "turned here"
        origin += f"; {STRETCHED if name.endswith(TAIL) else SCALED}" if driver in SPREADS else ""
    return _explanation_box(dial.name, _value_rows(rows), _sentence_line(sentence(origin, "") + "."))


def _explain_entry(r: Recommendation, entry: Entry, state: history.State) -> str:
    """Explain a field of the drawer: its meaning, and the origin of its value."""
    workload, key = r.workload, entry.record.path
    text = (
        entry.text_of(workload, content_of(workload))
        if entry.shape not in ("switch", "menu", "several")
        else ""
    )
    origin = (
        "turned here"
        if entry.key in state.values
        else "given by the workload"
        if workload.is_given(key)
        else "not given"
    )
    rows = [("now", text or "not given")] if entry.shape not in ("switch", "menu", "several") else []
    rows += [("in the file", key), ("may be", entry.record.kind.accepted), ("default", entry.placeholder)]
    return _explanation_box(
        entry.name,
        _value_rows(rows),
        _sentence_line(sentence(entry.record.sentence)),
        _sentence_line(sentence(origin)),
    )


def _explain_word(r: Recommendation, word: str, _: history.State) -> str:
    meaning = definition(word)
    return _explanation_box(sentence(word, ""), _sentence_line(meaning)) if meaning else ""


KINDS: dict[str, Callable[[Recommendation, str, history.State], str]] = {
    "usd": _explain_usd,
    "parts": _explain_parts,
    "p50": _explain_latency("p50"),
    "p95": _explain_latency("p95"),
    "option": _explain_option,
    "step": _explain_step,
    "limit": _explain_limit,
    "bill": _explain_bill_row,
    "reason": _explain_rejection,
    "turn": _explain_break_even,
    "factors": _explain_factors,
    "field": _explain_field,
    "word": _explain_word,
}
