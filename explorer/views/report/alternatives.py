"""Sections of a document on rejected designs, possible changes, and assumptions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from explorer.analysis.assumptions import Assumption, AssumptionKind
from explorer.analysis.break_evens import what_moves_along
from explorer.analysis.choice import Alternative
from explorer.analysis.phrases import change_in_words, rejected_options_at_length, sentence
from explorer.analysis.recommendation import Recommendation
from explorer.analysis.rejections import Rejection, clash_rules
from explorer.engine.cost import usage
from explorer.engine.latency import steps
from explorer.engine.limits import findings
from explorer.engine.sizing import sized_conditions
from explorer.facts import catalogue
from explorer.facts.records import Constant, Time
from explorer.facts.units import (
    format_cents,
    format_quantity_at_length,
    format_share,
    format_signed_cents,
    format_time,
    format_usd,
)

from .blocks import Cell, Sources, Table, table
from .front_page import assumption_value, deciding_assumptions_sentence
from .workload import field_label

if TYPE_CHECKING:
    from explorer.analysis.phrases import Choices

MOST_ALTERNATIVES = 10
IDS = re.compile(r" \([a-z]+=[^)]*\)")  # of the options that a rule names, as the command line takes them


def rejections_table(r: Recommendation, sources: Sources) -> Table:
    """The reasons that exclude designs, limits first."""
    rows = [_rejection_table_row(r, reason, sources) for reason in r.answer.rejections]
    head = "Because | Rules out | >Designs | >Least chance of a breach | Nearest of them | Source"
    return table("What rules designs out, limits first", head, rows, look="wide")


def _rejection_table_row(r: Recommendation, reason: Rejection, sources: Sources) -> list[Cell | str]:
    because, source = Cell(sentence(reason.why, ""), f"`{reason.because}`"), Cell("")
    if reason.kind == "limit":
        row = catalogue.limit(reason.because)
        value = format_quantity_at_length(row.value or 0.0, row.unit)
        because = Cell(f"{row.title}, {value}", f"`{row.id}`")
        source = sources.cite(row.source_url, row.as_of, row.id)
    chance = "" if reason.breach_probability is None else format_share(reason.breach_probability)
    return [
        because,
        sentence(rejected_options_at_length(reason, r.nearest), ""),
        f"{reason.designs:,}",
        chance,
        difference_cell(reason.nearest, r),
        source,
    ]


def difference_cell(design: Choices, r: Recommendation) -> str:
    """The difference of a design from the document's design."""
    return sentence(change_in_words(design, r.nearest) or "the same design", "")


def combinations_table(r: Recommendation) -> Table:
    """Combinations of options that are impossible for any workload."""
    rows = [
        (
            sentence(IDS.sub("", rule.why), ""),
            sentence(rejected_options_at_length(rule, r.nearest), ""),
            f"{rule.designs:,}",
        )
        for rule in clash_rules()
    ]
    return table("Combinations that cannot be built", "Because | Rules out | >Combinations", rows)


def alternatives_table(r: Recommendation) -> Table | None:
    """The next best designs."""
    best = r.answer.distinct_alternatives(MOST_ALTERNATIVES)
    rows = [_alternative_row(r, other) for other in best]
    of_all = len(r.answer.alternatives)
    caption = (
        f"The next {len(best)} with other options, of {of_all:,} other feasible designs, "
        f"by cost with each part counted as {format_usd(r.part_usd)} a month"
    )
    head = "Design | >USD a month | >Difference | >Parts | >p50 | >p95"
    return table(caption, head, rows) if rows else None


def _alternative_row(r: Recommendation, other: Alternative) -> list[Cell | str]:
    return [
        difference_cell(other.design, r),
        format_cents(other.monthly_usd),
        format_signed_cents(other.monthly_usd - r.monthly_usd),
        str(other.parts),
        format_time(other.latency_p50_s),
        format_time(other.latency_p95_s),
    ]


def break_evens_table(r: Recommendation) -> Table | None:
    """Where the recommendation changes."""
    rows = []
    for turn in r.answer.break_evens:
        when, comma, then = turn.says.partition(", ")
        rows.append((sentence(when, ""), sentence(then, "") if comma else "no change within reach"))
    moves = what_moves_along(r.workload, (turn.axis for turn in r.answer.break_evens))
    caption = f"Break-evens around this workload{'. ' * bool(moves)}{moves.rstrip('.')}"
    return table(caption, "When | Then", rows) if rows else None


def no_break_evens(r: Recommendation) -> str:
    """The text if no part is worth trading."""
    if r.answer.break_evens:
        return "Nothing is feasible today, so there is nothing to trade for fewer parts."
    return "Nothing is feasible, and no other size, time or rate alone changes that."


def part_price_table(r: Recommendation) -> Table | None:
    """The best design by the price of one more part."""
    rows = [
        (
            format_usd(usd),
            difference_cell(at["design"], r),
            format_cents(at["monthly_usd"]),
            str(at["parts"]),
        )
        for usd, at in r.at_part_usd.items()
        if at["design"]
    ]
    caption = "The answer by what one more part is worth avoiding"
    return table(caption, "A part, a month | Design | >USD a month | >Parts", rows) if rows else None


def assumptions_table(r: Recommendation, sources: Sources) -> Table:
    """Inputs that were not given or measured; those that decide the design come first."""
    rows = [
        [
            _assumed_thing(row),
            row.kind,
            assumption_value(r, row),
            sentence(row.why, ""),
            Cell("decides", kind="decides") if row.decides else "",
            sources.cite(row.source_url, row.as_of, row.id),
        ]
        for row in sorted(r.answer.assumptions, key=lambda row: not row.decides)
    ]
    caption = "What was assumed; what decides the design comes first"
    return table(caption, "Of | Kind | Value | Why | Decides | Source", rows, look="wide")


def _assumed_thing(row: Assumption) -> Cell:
    """What is assumed: its plain name with the id below, or the id where it has no other name."""
    name = ""
    if row.kind in (AssumptionKind.DEFAULT, AssumptionKind.TAIL, AssumptionKind.FEATURE):
        name = field_label(row.id)
    elif row.kind is AssumptionKind.LIMIT:
        name = catalogue.limit(row.id).title
    elif row.kind is AssumptionKind.PRICE:
        name = catalogue.price_title(row.id)
    return Cell(name, f"`{row.id}`") if name else Cell(row.id, kind="code")


def deciding_assumptions(r: Recommendation) -> str:
    """The names of the assumptions that decide the design."""
    return deciding_assumptions_sentence(r) or (
        "None of these decides the design: it stays with half or twice of any default, or its opposite."
    )


def cite_facts_without_table(r: Recommendation, sources: Sources) -> None:
    """Cite facts that no table shows: symptoms of a breach, measured times and metering."""
    load, design = sized_conditions(r.workload, r.nearest), r.nearest
    findings(r.workload, design, load)
    usage(load, design)
    steps(load, design)
    for finding in r.answer.findings:
        if breach := catalogue.breach_at_door(finding.limit, design.door):
            sources.cite(breach.source_url, breach.as_of, f"breach of {finding.limit}")
    times, constants = (
        map(catalogue.time, sorted(load.times)),
        map(catalogue.constant, sorted(load.constants)),
    )
    rows_cited: list[Time | Constant] = [*times, *constants]
    for row in rows_cited:
        sources.cite(row.source_url, row.as_of, row.id)
    cold = load.init
    sources.cite(cold.source_url, cold.as_of, f"cold start of {cold.language}")
