"""The design that a document decides for: its key numbers, limits, bill, seconds and consequences."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from explorer.analysis.break_evens import BreakEven, relaxations
from explorer.analysis.phrases import (
    breach_at_length,
    breach_today_at_length,
    broken_a_month,
    describe_design,
    design_difference,
    late_answers_at_length,
    late_p95_at_length,
    quota_request,
    rejection_at_length,
    sentence,
    tight_limit_at_length,
    use_of_limit_at_length,
    used_share,
)
from explorer.analysis.recommendation import Recommendation
from explorer.engine.cost import BillLine
from explorer.engine.designs import Placement
from explorer.engine.designs import table as every_design
from explorer.engine.latency import latency, steps
from explorer.engine.limits import Finding, binding_uses, findings
from explorer.engine.sizing import sized_conditions
from explorer.facts import catalogue
from explorer.facts.units import (
    format_billed_quantity,
    format_cents,
    format_count,
    format_percent,
    format_quantity_at_length,
    format_rough_share,
    format_share,
    format_signed_cents,
    format_time,
    format_usd,
    format_usd_difference,
    split_unit,
)
from explorer.facts.verdict import Verdict
from explorer.options.base.limit_uses import Driver

from .blocks import Cell, Sources, Table, table

MOST_POINTS = 3
LOAD = {*Driver} - {Driver.AMOUNT}  # what drives a limit that more load fills
BILL_MARKS = (
    "Assumed: no price is known in this region; a related one, or that of us-east-1, stands in. "
    "Stale: the price was not seen since 2026 began."
)


def lead_sentence(r: Recommendation) -> str:
    """What to build, in one sentence."""
    if r.feasible:
        return f"Build {describe_design(r.nearest)}."
    return f"Nothing is feasible. The nearest miss is {describe_design(r.nearest)}."


def key_number_tiles(r: Recommendation) -> list[Cell]:
    """The key numbers: each with what it is, and what stands behind it."""
    each = format_usd(1000 * r.monthly_usd / r.workload.requests_per_month)
    target = r.workload.targets.latency_p95
    promise = f"; promised {format_time(target)}" if target else ""
    p50, p95 = (format_time(r.latency_s[p], 2) for p in ("p50", "p95"))
    return [
        Cell(format_usd(r.monthly_usd), f"{each} a thousand requests", "Cost a month"),
        Cell(str(r.parts), f"each counts as {format_usd(r.part_usd)} a month", "Moving parts"),
        Cell(p50, "half of the results in hand", "Latency, p50"),
        Cell(p95, f"95 % in hand{promise}", "Latency, p95"),
        _tightest_limit_tile(r),
    ]


def _tightest_limit_tile(r: Recommendation) -> Cell:
    if not r.answer.findings:
        return Cell("none", "no limit binds this design", "Tightest limit")
    driven_findings = [
        finding for finding in r.answer.findings if LOAD & _drivers_by_limit(r).get(finding.limit, set())
    ]
    worst = r.answer.findings[0]
    if (
        worst.verdict in (Verdict.TIGHT, Verdict.FITS) and driven_findings
    ):  # not a setting that is as large as it should be
        worst = max(driven_findings, key=used_share)
    note = f"{catalogue.limit(worst.limit).name}: {use_of_limit_at_length(worst)} at the p99"
    return Cell(format_rough_share(used_share(worst)), note, "Tightest limit")


def _drivers_by_limit(r: Recommendation) -> dict[str, set[str]]:
    """What drives each limit of the design."""
    load, drivers = sized_conditions(r.workload, r.nearest), dict[str, set[str]]()
    for option in r.nearest.options:
        for use in binding_uses(Placement.of(option, r.nearest.flow), load):
            drivers.setdefault(use.limit, set()).add(use.driver)
    return drivers


# What else to know before reading on -------------------------------------------------------------


def decision_points(r: Recommendation) -> list[tuple[str, list[str]]]:
    """A heading and its sentences each."""
    point_sentences = [
        ("Missed by", list(map(sentence, miss_sentences(r)))),
        ("What would make it feasible", _relaxation_sentences(r)),
        ("It depends", _deciding_sentences(r)),
        ("First", [sentence(quota_request(finding)) for finding in findings_with_verdict(r, Verdict.RAISE)]),
        ("Now and then", _occasional_breach_sentences(r)),
        ("Why not otherwise", _rejection_sentences(r)),
        ("What would change it", [sentence(turn.says) for turn in nearest_break_evens(r)]),
        ("Against today", _change_sentences(r)),
    ]
    return [(heading, sentences) for heading, sentences in point_sentences if sentences]


def _relaxation_sentences(r: Recommendation) -> list[str]:
    helps = [] if r.feasible else relaxations(r.answer)
    return [f"It would be feasible if {help}." for help in helps]


def findings_with_verdict(r: Recommendation, verdict: Verdict) -> list[Finding]:
    """The findings with one verdict."""
    return [finding for finding in r.answer.findings if finding.verdict == verdict]


def _deciding_sentences(r: Recommendation) -> list[str]:
    prices: dict[str, list[str]] = {}
    for usd, choice in r.at_part_usd.items():
        if choice["design"] and choice["design"] != r.nearest.ids:
            prices.setdefault(design_difference(choice["design"], r.nearest), []).append(format_usd(usd))
    return [f"With a part at {' or '.join(usd)} a month, it is {d}." for d, usd in prices.items()]


def _occasional_breach_sentences(r: Recommendation) -> list[str]:
    return [
        tight_limit_at_length(finding)
        for finding in findings_with_verdict(r, Verdict.TIGHT)
        if finding.broken_per_month >= 1
    ][:2]


def nearest_break_evens(r: Recommendation) -> list[BreakEven]:
    """The turns that are nearest to today's values."""
    near = [(max(turn.factor, 1 / turn.factor), turn) for turn in r.answer.break_evens if turn.factor]
    return [turn for _, turn in sorted(near, key=lambda pair: pair[0])][:MOST_POINTS]


def _rejection_sentences(r: Recommendation) -> list[str]:
    reasons = [reason for reason in r.answer.rejections if reason.kind in ("limit", "promise")]
    return [sentence(rejection_at_length(reason, r.nearest)) for reason in reasons[:MOST_POINTS]]


def _change_sentences(r: Recommendation) -> list[str]:
    if r.current is None:
        return []
    breaches = [finding for finding in findings(r.workload, r.current) if finding.verdict == Verdict.BREACH]
    fails = [breach_today_at_length(finding) for finding in breaches[:MOST_POINTS]]
    usd = next((change.usd for change in r.answer.changes if change.usd is not None), None)
    if usd is None:
        return fails
    added_count, removed_count = (
        sum(c.change == kind for c in r.answer.changes) for kind in ("added", "removed")
    )
    parts = f"{format_count(added_count, 'part', 'no')} to add, {removed_count or 'none'} to remove"
    return [*fails, f"It costs {format_usd_difference(usd)}; {parts}."]


def miss_sentences(r: Recommendation) -> Iterator[str]:
    """Why the nearest miss is not feasible, and by how much; nothing if there is an answer."""
    if r.feasible:
        return
    load = sized_conditions(r.workload, r.nearest)
    yield from (
        breach_at_length(finding, load.tolerance) for finding in findings_with_verdict(r, Verdict.BREACH)
    )
    late, target = float(r.answer.evaluation.late[r.answer.index]), r.workload.targets.latency_p95
    if late > load.tolerance + 1e-12:
        yield late_answers_at_length(late, r.workload.client.waits, load.tolerance)
    if target is not None and r.latency_s["p95"] > target:
        yield late_p95_at_length(r.latency_s["p95"], target)


def candidate_counts(r: Recommendation) -> str:
    """How many designs there were to choose from, and how."""
    every = f"{len(every_design().designs):,} designs that can be built"
    if not r.feasible:
        return f"None of the {every} is feasible. This is the one that misses by least."
    feasible = len(r.answer.alternatives) + 1
    most = f"the least cost, each part counted as {format_usd(r.part_usd)} a month"
    return f"Of {every}, {feasible:,} {'is' if feasible == 1 else 'are'} feasible; this one has {most}."


# Tables -------------------------------------------------------------------------------------------


def choices_table(r: Recommendation) -> Table:
    """The choices of the design."""
    parts = r.nearest.parts_by_option(r.answer.load)
    rows = [
        (option.concern, Cell(option.id, kind="code"), option.summary, ", ".join(parts[option]) or "none")
        for option in r.nearest.options
    ]
    return table("The choices of the design", "Concern | Option | What it is | Parts", rows)


def limits_table(r: Recommendation, sources: Sources) -> Table:
    """Every limit that binds the design."""
    head = "Limit | >Allowed | >Used, p50 | >Used, p99 | >Requests that break it | Verdict"
    rows = [_limit_table_row(finding, sources) for finding in r.answer.findings]
    return table("Limits, worst first", f"{head} | What the caller sees | Source", rows, look="wide")


def _limit_table_row(finding: Finding, sources: Sources) -> list[Cell | str]:
    row, share = catalogue.limit(finding.limit), used_share(finding)
    return [
        Cell(row.title, f"`{row.id}`"),
        Cell(
            format_quantity_at_length(finding.limit_value, finding.unit),
            "" if finding.verified else "not verified",
        ),
        format_quantity_at_length(finding.used_p50, finding.unit),
        Cell(
            format_quantity_at_length(finding.used_p99, finding.unit),
            format_rough_share(share),
            share=min(share, 1.0),
        ),
        Cell(format_share(finding.breach_probability), broken_a_month(finding)),
        Cell(finding.verdict, kind=finding.verdict),
        Cell(sentence(finding.consequence, ""), kind="prose"),
        sources.cite(finding.source_url, row.as_of, row.id),
    ]


def report_bill_table(r: Recommendation, sources: Sources) -> Table:
    """The bill, dearest line first."""
    lines = sorted(r.bill.lines, key=lambda line: line.usd, reverse=True)
    rows = [_bill_line_row(line, r.bill.total_usd, r.bill.region, sources) for line in lines]
    discount = r.workload.preferences.discount
    less = f", less {format_percent(discount)}" if discount else ""
    caption = f"A month in {r.bill.region}: quantity × price{less} = USD"
    head = "Billed | >Quantity | Unit | >× price, USD | >= USD a month | Marks | Source"
    total = ("Total", "", "", "", format_cents(r.bill.total_usd), "", "")
    return table(caption, head, rows, total, look="bill")


def _bill_line_row(line: BillLine, total: Decimal, region: str, sources: Sources) -> list[Cell | str]:
    marks = {"assumed": line.assumed, "stale": line.stale}
    unit, counting = split_unit(line.unit)
    prices, terms = _unit_price_text(line, region)
    return [
        Cell(line.id, kind="code"),
        Cell(
            format_billed_quantity(line.quantity),
            f"{format_billed_quantity(line.free)} free" if line.free else "",
        ),
        Cell(unit, counting),
        Cell(prices, terms),
        Cell(format_cents(line.usd), share=float(line.usd / total) if total else None),
        ", ".join(mark for mark, stands in marks.items() if stands),
        sources.cite(line.source, line.as_of, line.id),
    ]


def _unit_price_text(line: BillLine, region: str) -> tuple[str, str]:
    """The price of one; of several tiers the first and the last, and what falls into each."""
    billed = line.quantity - line.free
    tiers_in_use = [
        tier for tier in catalogue.tariff(line.id, region).tiers if billed > tier.start or not tier.start
    ]
    prices = [f"{tier.usd.normalize():f}" for tier in tiers_in_use]
    if len(tiers_in_use) == 1:
        return prices[0], ""
    widths = [(billed if tier.end is None else min(billed, tier.end)) - tier.start for tier in tiers_in_use]
    terms = (
        f"{format_billed_quantity(width)} × {price}" for width, price in zip(widths, prices, strict=True)
    )
    return f"{prices[0]} to {prices[-1]}", " + ".join(terms)


def phases_table(r: Recommendation) -> Table:
    """What one request waits for."""
    happens: dict[str, list[str]] = {}
    for step in steps(sized_conditions(r.workload, r.nearest), r.nearest):
        happens.setdefault(step.phase, []).append(step.title)
    seconds = latency(r.workload, r.nearest)
    total = ("In all", "", *_times(seconds.pop("total")))
    rows = [(name, "; ".join(happens[name]), *_times(s)) for name, s in seconds.items()]
    caption = "From submitting to the whole result in hand, as if all steps were slow together"
    return table(caption, "Phase | What happens | >p50 | >p95 | >p99", rows, total)


def _times(seconds: dict[str, float]) -> list[str]:
    return [format_time(s) for s in seconds.values()]


def changes_table(r: Recommendation) -> Table | None:
    """Against what runs today."""
    rows = [(c.change, c.what, "" if c.usd is None else format_signed_cents(c.usd)) for c in r.answer.changes]
    caption = f"Against today's design ({r.current})"
    return table(caption, "Change | What | >USD a month", rows) if rows else None


def why_no_changes(r: Recommendation) -> str:
    """Why there is no table of changes."""
    if r.current is None:
        return "The workload does not say what runs today."
    return "What runs today was not compared: there is no design to change to."
