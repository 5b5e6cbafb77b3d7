"""The first page, complete by itself: the decision, reasons, cost, risks, possible changes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date

from explorer.analysis.assumptions import Assumption, AssumptionKind
from explorer.analysis.break_evens import BreakEven, what_moves_along
from explorer.analysis.old_prices import old_prices_sentence
from explorer.analysis.open_size import chosen_size
from explorer.analysis.phrases import (
    FIRST_BYTE_P95,
    breach_at_length,
    breach_today_at_length,
    broken_requests,
    change_from_today,
    describe_design,
    late_answers_at_length,
    late_p95_at_length,
    limit_with_value,
    quota_request,
    sentence,
    tight_limit_at_length,
    title_design,
    use_of_limit_at_length,
    used_share,
)
from explorer.analysis.plain_reasons import plain_reasons
from explorer.analysis.recommendation import Recommendation
from explorer.analysis.summary import (
    breaches_of_today,
    build_sentence,
    flat_rate_sentence,
    lost_request_sentence,
    outcome_in_words,
    part_price_sentence,
    plain_design_sentence,
    public_address_sentence,
    unconfirmed_limit_sentences,
)
from explorer.analysis.watched_limit import watched_limit
from explorer.engine.limits import Finding
from explorer.engine.sizing import sized_conditions
from explorer.facts import catalogue
from explorer.facts.suggestions import both, either
from explorer.facts.units import (
    format_cents,
    format_number,
    format_rough_share,
    format_share,
    format_time,
    format_usd,
    format_usd_in_words,
)
from explorer.facts.verdict import Verdict
from explorer.options.base.conditions import Conditions
from explorer.workload.fields import SPREADS, by_path

from .blocks import Cell, Table, table
from .document import Prose, SentenceList
from .growth import GrowthForecast
from .typography import one_line
from .workload import field_label, field_wording

MOST_POINTS = 3
STATUSES = {  # the verdict colour of each status
    "proposed": Verdict.TIGHT,
    "accepted": Verdict.FITS,
    "rejected": Verdict.BREACH,
    "deprecated": Verdict.RAISE,
    "superseded": Verdict.RAISE,
}


def record_title(r: Recommendation) -> str:
    """The title: the decision and its subject."""
    name = one_line(r.workload.name) or "Workload"
    if not r.feasible:
        return f"{name}: no design is feasible"
    return f"{name}: {title_design(r.nearest, r.workload.configuration.secrets > 0)}"


def record_status(r: Recommendation) -> Cell:
    """The status of the decision; nothing can be proposed if nothing is feasible."""
    status = r.workload.decision.status
    if not r.feasible and status == "proposed":
        return Cell("nothing to propose: no design is feasible", kind=Verdict.BREACH)
    return Cell(status, kind=STATUSES[status])


def record_lines(r: Recommendation) -> list[Cell]:
    """Who decides, when, and what the record replaces; missing entries are blank, to be filled in."""
    d = r.workload.decision
    day = date.fromisoformat(d.date) if d.date else None
    lines = [
        Cell(f"{day.day} {day:%B %Y}" if day else "", kind="Date"),
        Cell(", ".join(map(one_line, d.deciders)), kind="Deciders"),
    ]
    return [*lines, Cell(one_line(d.supersedes), kind="Supersedes")] if d.supersedes else lines


def lead_sentence(r: Recommendation) -> str:
    """What to build, in one sentence or two."""
    if r.feasible:
        return build_sentence(r.answer)
    return f"Nothing is feasible. The nearest miss is {describe_design(r.nearest)}."


def key_number_tiles(r: Recommendation) -> list[Cell]:
    """The key numbers: each with its label and its derivation."""
    each = format_usd(1000 * r.monthly_usd / r.workload.requests_per_month)
    target = r.workload.targets.latency_p95
    promise = f"; promised {format_time(target)}" if target else ""
    p50, p95 = (format_time(r.latency_s[p]) for p in ("p50", "p95"))
    size = chosen_size(r.answer) if r.feasible else ""
    what = outcome_in_words(r.answer)
    return [
        Cell(format_usd(r.monthly_usd), f"{each} a thousand requests", "Cost a month"),
        Cell(str(r.parts), f"each counts as {format_usd(r.part_usd)} a month", "Moving parts"),
        Cell(p50, f"half of {what}", "Latency, p50"),
        Cell(p95, f"95 % of {what}{promise}", "Latency, p95"),
        *([Cell(size, "costs least of those that keep every promise", "Size")] if size else []),
        watched_limit_tile(r),
    ]


def watched_limit_tile(r: Recommendation) -> Cell:
    """The limit to watch: a quota to raise, an occasional breach, or the limit with the highest use."""
    worst = watched_limit(r.answer)
    if worst is None:
        return Cell("none", "no limit binds this design", "Tightest limit")
    name = catalogue.limit(worst.limit).short_name
    if worst.verdict is Verdict.TIGHT and worst.broken_per_month >= 1:
        return Cell(
            format_share(worst.breach_probability), f"of the requests break it: {name}", "Tightest limit"
        )
    use = f"{name}: {use_of_limit_at_length(worst)} at the p99"
    return Cell(format_rough_share(used_share(worst)), use, "Tightest limit")


def verdict_cell(r: Recommendation) -> Cell:
    """Whether the design fits, and what prevents it."""
    if not r.feasible:
        return Cell("not feasible", kind="breach")
    verdict = r.answer.findings[0].verdict if r.answer.findings else Verdict.FITS
    most_breaches = max(
        (finding.breach_probability for finding in findings_with_verdict(r, Verdict.TIGHT)),
        default=0.0,
    )
    words = {
        Verdict.FITS: "fits",
        Verdict.TIGHT: f"fits but for {format_share(most_breaches)}"
        if most_breaches
        else "fits, a limit is near",
        Verdict.RAISE: "fits once a quota is raised",
    }
    return Cell(words[verdict], kind=verdict)


# The main points ---------------------------------------------------------------------------------


def decision_points(r: Recommendation, forecast: GrowthForecast) -> list[SentenceList]:
    """The main points: headings, each with sentences."""
    point_sentences = [
        ("Context", [context_sentence(r)]),
        ("Missed by", list(map(sentence, miss_sentences(r)))),
        ("What would make it feasible", _way_out_sentences(r)),
        (
            "Why",
            [sentence(reason.text) for reason in plain_reasons(r.answer, format_usd_in_words)[:MOST_POINTS]]
            or _plain(r),
        ),
        ("Risk", list(risk_sentences(r, forecast))),
        ("What would change it", change_sentences(r)),
        ("Compared with today", _today_sentences(r)),
    ]
    return [SentenceList(heading, sentences) for heading, sentences in point_sentences if sentences]


def context_sentence(r: Recommendation) -> str:
    """The reason for the decision, if the user gave one, and the workload."""
    w, context = r.workload, one_line(r.workload.decision.context)
    sizes = []
    for name in SPREADS:
        if w.is_given(name):
            spread, record = getattr(w, name).spread, by_path()[name]
            p50, p99 = (record.kind.show(float(spread.quantile(p))) for p in (0.5, 0.99))
            each = p50 if p50 == p99 else f"{p50}, {p99} at the p99"
            sizes.append(f"{record.label.lower()} {each}")
    peak = format_number(float(f"{float(Conditions(w).peak_rps):.3g}"))
    rate = f"{format_number(w.requests_per_month)} requests a month in {w.region}"
    carries = sentence("; ".join([f"{rate}, {peak} a second at the peak", *sizes]))
    return f"{sentence(context)} {carries}" if context else carries


def _plain(r: Recommendation) -> list[str]:
    return [plain_design_sentence(r.answer)] if r.feasible else []


def _way_out_sentences(r: Recommendation) -> list[str]:
    """The changes that make a design feasible, the smallest first."""
    single = [way.text for way in r.answer.ways_out if way.pair is None][:MOST_POINTS]
    pair = [way.text.removeprefix("feasible if ") for way in r.answer.ways_out if way.pair is not None]
    return [f"It would be {text}." for text in single] or (
        [f"It would be feasible if {both(pair)}."] if pair else []
    )


def risk_sentences(r: Recommendation, forecast: GrowthForecast) -> Iterator[str]:
    """The risks: quotas, breaches, a public address, growth, old prices."""
    for finding in findings_with_verdict(r, Verdict.RAISE):
        yield f"First {quota_request(finding)}: {use_of_limit_at_length(finding)} at the p99."
    for finding in findings_with_verdict(r, Verdict.TIGHT)[:2]:
        if finding.broken_per_month >= 1:
            limit = limit_with_value(finding.limit, finding.limit_value)
            yield sentence(f"{broken_requests(finding)} exceed the {limit}")
        else:
            yield tight_limit_at_length(finding)
    if r.feasible:
        notes = (lost_request_sentence, public_address_sentence, unconfirmed_limit_sentences)
        yield from filter(None, (note(r.answer) for note in notes))
    yield forecast.first
    if old := old_prices_sentence(r.bill):
        yield old


def change_sentences(r: Recommendation) -> list[str]:
    """The price of a part, the nearest break-evens, and deciding assumptions."""
    trade = part_price_sentence(r.answer) if r.feasible else ""
    nearest = nearest_break_evens(r)
    turns = [sentence(turn.says) for turn in nearest]
    moves = what_moves_along(r.workload, (turn.axis for turn in nearest))
    return [text for text in (trade, *turns, moves, deciding_assumptions_sentence(r)) if text]


def nearest_break_evens(r: Recommendation) -> list[BreakEven]:
    """The break-evens nearest to today's values."""
    return sorted((turn for turn in r.answer.break_evens if turn.factor), key=lambda turn: turn.distance)[
        :MOST_POINTS
    ]


def deciding_assumptions_sentence(r: Recommendation) -> str:
    """The defaults that decide the design, by name and value; "" if there are none."""
    deciding = [row for row in r.answer.assumptions if row.decides]
    if not deciding:
        return ""
    names = [_assumption_in_words(r, row) for row in deciding]
    return f"It depends on assumptions: another value of {either(names)} changes the recommended design."


def _assumption_in_words(r: Recommendation, row: Assumption) -> str:
    """A default with its field's name and its value: "client collects the result (yes)"."""
    label = field_label(row.id) or row.id
    return f"{label[:1].lower()}{label[1:]} ({assumption_value(r, row)})"


def assumption_value(r: Recommendation, row: Assumption) -> str:
    """The value of an assumption; for the default of a field in words: "yes", not "true"."""
    record = by_path().get(row.id)
    if record is None or not record.label or row.kind is not AssumptionKind.DEFAULT:
        return one_line(row.value)
    return field_wording(r.workload, record) or one_line(row.value)


def findings_with_verdict(r: Recommendation, verdict: Verdict) -> list[Finding]:
    """The findings with one verdict."""
    return [finding for finding in r.answer.findings if finding.verdict == verdict]


def _today_sentences(r: Recommendation) -> list[str]:
    """The costs first, with the parts added and removed; then what fails today."""
    if r.current is None:
        return []
    fails = [breach_today_at_length(finding) for finding in breaches_of_today(r.answer)[:MOST_POINTS]]
    usd = next((change.usd for change in r.answer.changes if change.usd is not None), None)
    return (
        fails
        if usd is None
        else [sentence(change_from_today(r.answer.changes, usd, format_usd_in_words)), *fails]
    )


def miss_sentences(r: Recommendation) -> Iterator[str]:
    """Why the nearest miss is not feasible, and by how much; empty if there is an answer."""
    if r.feasible:
        return
    tolerance = float(sized_conditions(r.workload, r.nearest).tolerance)
    yield from (breach_at_length(finding, tolerance) for finding in findings_with_verdict(r, Verdict.BREACH))
    late, target = float(r.answer.evaluation.late[r.answer.index]), r.workload.targets.latency_p95
    if late > tolerance + 1e-12:
        yield late_answers_at_length(late, r.workload.client.waits, tolerance)
    if target is not None and r.latency_s["p95"] > target:
        yield late_p95_at_length(r.latency_s["p95"], target)
    evaluation, first_byte = r.answer.evaluation, r.workload.targets.first_byte_p95
    if first_byte is not None and not evaluation.begins_in_time[r.answer.index]:
        begun_s = float(evaluation.first_byte_p95_s[r.answer.index])
        yield late_p95_at_length(begun_s, first_byte, FIRST_BYTE_P95)


# Money --------------------------------------------------------------------------------------------


def money_table(r: Recommendation, forecast: GrowthForecast) -> Table:
    """The cost of the design today and by year as it grows, beside that month's best design."""
    bills = forecast.frame.bills
    yearly = bills[bills["month"].isin({0, 12, 24, forecast.months})]
    rows = [_money_row(*row) for row in yearly.itertuples(index=False, name=None)]
    caption = f"USD a month under growth ({forecast.rates_text.rstrip('.')})"
    return table(caption, "When | >Requests a month | >This design | >The best then", rows)


def money_blocks(r: Recommendation, forecast: GrowthForecast) -> list[Table | Prose]:
    """The table of costs, and a price by agreement if one is cheaper."""
    flat = flat_rate_sentence(r.answer, format_usd_in_words) if r.feasible else ""
    return [money_table(r, forecast), *([Prose(flat)] if flat else [])]


def _money_row(month: int, requests: float, usd: float, best_usd: float) -> tuple[str, ...]:
    best = format_cents(best_usd) if math.isfinite(best_usd) else "nothing is feasible"
    when = f"month {month}" if month else "today"
    return when, format_number(float(f"{requests:.3g}")), format_cents(usd), best
