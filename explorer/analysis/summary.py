"""The answer in sentences, as an architect would say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.engine.limits import findings
from explorer.facts import catalogue
from explorer.facts.key_value import format_pairs
from explorer.facts.units import format_count, format_time, format_usd, format_usd_difference
from explorer.facts.verdict import Verdict

from . import break_evens
from .flat_rates import cheaper_flat_rate
from .phrases import (
    breach,
    breach_today,
    broken_requests,
    describe_design,
    late_answers,
    late_p95,
    limit_name,
    limit_with_value,
    quota_request,
    rejection,
    sentence,
    use_of_limit,
)

if TYPE_CHECKING:
    from .answer import Answer


TURNS = "What would change it"


def summary(r: Answer) -> str:
    """What to build, why, what it costs, what would change it."""
    texts = summary_paragraphs(r)
    return " ".join(f"{title}: {text}" if title == TURNS else text for title, text in texts.items())


def summary_paragraphs(r: Answer) -> dict[str, str]:
    """The summary in its parts, by what each tells; those that have something to say."""
    if not r.feasible:
        return {"Nothing is feasible": _nothing_feasible_sentence(r)}
    texts = {
        "The trade": _part_price_sentence(r),
        "Build": " ".join(
            filter(
                None,
                (
                    _build_sentence(r),
                    _flat_rate_sentence(r),
                    _limit_sentences(r),
                    _unconfirmed_limit_sentences(r),
                ),
            )
        ),
        "Why": _ruled_out_sentence(r),
        TURNS: _break_even_sentence(r),
        "Against today": _change_sentence(r),
    }
    return {title: text for title, text in texts.items() if text}


def summary_markdown(r: Answer) -> str:
    """The summary for a notebook: a paragraph a part, with nothing that reads as mathematics."""
    parts = (f"**{title}.** {sentence(text, '')}" for title, text in summary_paragraphs(r).items())
    return "\n\n".join(parts).replace("$", r"\$")


def _part_price_sentence(r: Answer) -> str:
    """First, whether the answer depends on what a part is worth."""
    by_design: dict[str, list[str]] = {}
    for usd, choice in r.at_part_usd.items():
        by_design.setdefault(format_pairs(choice["design"]), []).append(format_usd(usd))
    if len(by_design) == 1:
        return ""
    others = [
        f"at {' and '.join(prices)} a part, {design}"
        for design, prices in by_design.items()
        if design != str(r.design)
    ]
    return f"The answer depends on what a moving part is worth: {'; '.join(others)}."


def _build_sentence(r: Answer) -> str:
    assert r.design is not None
    parts = format_count(r.parts, "moving part", "no")
    return (
        f"For {r.workload.name}, build {describe_design(r.design)}. "
        f"It costs {format_usd(r.monthly_usd)} a month with {parts}; "
        f"half of the results are in hand within {format_time(r.latency_s['p50'], 2)}, "
        f"95 % within {format_time(r.latency_s['p95'], 2)}."
    )


def _flat_rate_sentence(r: Answer) -> str:
    assert r.design is not None
    return cheaper_flat_rate(r.bill, r.design)


def _limit_sentences(r: Answer) -> str:
    """Quotas that must be raised first, and the tightest limit."""
    to_raise = [finding for finding in r.findings if finding.verdict == Verdict.RAISE]
    if to_raise:
        return " ".join(f"First, {quota_request(finding)}." for finding in to_raise)
    tight_findings = [finding for finding in r.findings if finding.verdict == Verdict.TIGHT]
    if not tight_findings:
        return ""
    worst = tight_findings[0]
    if worst.broken_per_month < 1:
        worst = max(tight_findings, key=lambda finding: finding.used_p99 / finding.limit_value)
    if worst.broken_per_month >= 1:
        in_peaks = worst.broken_per_month < 0.999 * worst.breach_probability * r.workload.requests_per_month
        when = " in its peaks" if in_peaks else ""
        limit = limit_with_value(worst.limit, worst.limit_value)
        return f"Now and then it breaks{when}: {broken_requests(worst)} exceed the {limit}."
    return f"Its tightest limit is the {limit_name(worst.limit)}: {use_of_limit(worst)} at the p99."


def _unconfirmed_limit_sentences(r: Answer) -> str:
    """What to know of limits that the answer needs and that no page of AWS confirms yet."""
    notes = {
        finding.limit: catalogue.unconfirmed_note(finding.limit, finding.limit_value)
        for finding in r.findings
    }
    needed_notes = [
        text
        for finding in r.findings
        if (text := notes[finding.limit]) and finding.consequence.startswith(text)
    ]
    return " ".join(f"{text[0].upper()}{text[1:]}." for text in needed_notes)


def _ruled_out_sentence(r: Answer) -> str:
    reasons = [
        rejection(reason, r.nearest) for reason in r.rejections if reason.kind in {"limit", "promise"}
    ][:3]
    return f"Ruled out: {'; '.join(reasons)}." if reasons else "No limit rules anything out."


def _break_even_sentence(r: Answer) -> str:
    """The nearest changes, and where an always-on service takes over."""
    nearest = sorted((turn for turn in r.break_evens if turn.factor), key=lambda turn: turn.distance)[:3]
    services = [turn for turn in r.break_evens if turn.service and turn not in nearest]
    texts = [turn.says for turn in [*nearest, *services]]
    return f"{'; '.join(texts)}." if texts else ""


def _change_sentence(r: Answer) -> str:
    """What fails today, and what the change costs or saves."""
    usd = next((change.usd for change in r.changes if change.usd is not None), None)
    if usd is None or r.current is None:
        return ""
    breaches = [finding for finding in findings(r.workload, r.current) if finding.verdict == Verdict.BREACH]
    fails = "".join(f"{breach_today(finding)} " for finding in breaches[:1])
    return f"{fails}This design costs {format_usd_difference(usd)} than today's."


def misses_of_nearest(r: Answer) -> list[str]:
    """What the nearest design breaks, each in a few words."""
    texts = [breach(finding) for finding in r.findings if finding.verdict == Verdict.BREACH]
    late = float(r.evaluation.late[r.index])
    if late > r.load.tolerance:
        texts.append(late_answers(late))
    if not r.evaluation.in_time[r.index]:
        texts.append(late_p95(r.latency_s["p95"]))
    return texts


def _nothing_feasible_sentence(r: Answer) -> str:
    """How the nearest design misses, and what would make one feasible."""
    texts = [f"For {r.workload.name} nothing is feasible."]
    texts.append(f"The nearest miss is {r.nearest}: {'; '.join(misses_of_nearest(r))}.")
    helps = break_evens.relaxations(r)
    if helps:
        texts.append(f"It would be feasible if {', or if '.join(helps)}.")
    turns = [turn.says for turn in r.break_evens]
    return " ".join(texts + ([f"{TURNS}: {'; '.join(turns)}."] if turns else []))
