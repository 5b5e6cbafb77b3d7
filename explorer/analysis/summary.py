"""The answer in sentences, as an architect would say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.engine.limits import findings
from explorer.facts import catalogue
from explorer.facts.key_value import format_pairs
from explorer.facts.suggestions import both, either
from explorer.facts.units import format_count, format_rough_usd, format_time, format_usd_difference
from explorer.facts.verdict import Verdict

from .flat_rates import cheaper_flat_rate
from .phrases import (
    breach,
    breach_today,
    broken_requests,
    describe_design,
    difference_in_words,
    late_answers,
    late_p95,
    limit_name,
    limit_with_value,
    quota_request,
    reason_in_words,
    sentence,
    use_of_limit,
)

if TYPE_CHECKING:
    from .answer import Answer


TURNS = "What would change it"
PLAIN = {"request=inline", "response=buffered", "execution=single", "configuration=environment"}


def summary(r: Answer) -> str:
    """What to build, why, what it costs, what would change it."""
    texts = summary_paragraphs(r)
    return " ".join(f"{title}: {text}" if title == TURNS else text for title, text in texts.items())


def summary_paragraphs(r: Answer) -> dict[str, str]:
    """The summary in its parts, by what each tells; those that have something to say."""
    if not r.feasible:
        return {"Nothing is feasible": _nothing_feasible_sentence(r)}
    build = (
        _build_sentence(r),
        _cost_sentence(r),
        _flat_rate_sentence(r),
        _quota_sentence(r),
        _limit_sentence(r),
        _public_address_sentence(r),
        _unconfirmed_limit_sentences(r),
    )
    texts = {
        "The trade": _part_price_sentence(r),
        "Build": " ".join(filter(None, build)),
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
    by_design: dict[str, tuple[list[str], dict[str, str]]] = {}
    for usd, choice in r.at_part_usd.items():
        by_design.setdefault(format_pairs(choice["design"]), ([], choice["design"]))[0].append(f"${usd:g}")
    if len(by_design) == 1:
        return ""
    others = [
        f"at {both(prices)} a part, {difference_in_words(choice, r.design)}"
        for prices, choice in by_design.values()
        if choice != r.nearest.ids
    ]
    return f"The answer depends on what a moving part is worth: {'; '.join(others)}."


def _build_sentence(r: Answer) -> str:
    """What to build, in thirty words at most."""
    assert r.design is not None
    return f"Build {describe_design(r.design)}."


def _cost_sentence(r: Answer) -> str:
    parts = format_count(r.parts, "moving part", "no")
    return (
        f"For {r.workload.name} it costs {format_rough_usd(r.monthly_usd)} a month with {parts}; "
        f"half of the results are in hand within {format_time(r.latency_s['p50'], 2)}, "
        f"95 % within {format_time(r.latency_s['p95'], 2)}."
    )


def _flat_rate_sentence(r: Answer) -> str:
    assert r.design is not None
    return cheaper_flat_rate(r.bill, r.design)


def _quota_sentence(r: Answer) -> str:
    """Quotas that must be raised before it is built."""
    to_raise = [finding for finding in r.findings if finding.verdict == Verdict.RAISE]
    requests = [quota_request(finding).partition(" (quota")[0].partition(",")[0] for finding in to_raise]
    return f"First {both(requests)}." if requests else ""


def _public_address_sentence(r: Answer) -> str:
    """What it means that anybody may call the address."""
    assert r.design is not None
    client, door = r.workload.client, r.design.option("door")
    if client.auth not in (None, "none") or r.design.flow.distribution or not r.load.public:
        return ""
    offers = getattr(door, "offers", ())
    lacking = [name for need, name in (("waf", "a WAF"), ("throttling", "throttling")) if need not in offers]
    if not lacking:
        return ""
    return (
        f"Its address is public, without {either(lacking)} of its own: whoever finds it can run up the bill."
    )


def _limit_sentence(r: Answer) -> str:
    """The limit that breaks now and then, or the tightest one."""
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
    """Why it is not what one would build first: the reasons that rule out plain options."""
    firm = [reason for reason in r.rejections if reason.kind in {"limit", "promise"}]
    telling = [reason for reason in firm if PLAIN.intersection(reason.options)]
    telling.sort(key=lambda reason: -len(PLAIN.intersection(reason.options)))
    texts = [reason_in_words(reason) for reason in telling[:2]]
    return f"{sentence('; '.join(texts), '')}." if texts else "No limit rules out what is plain."


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
    missed = "; ".join(misses_of_nearest(r))
    texts.append(f"The nearest miss is {describe_design(r.nearest)}: {missed}.")
    ways = [way.text for way in r.ways_out if way.pair is None][:3]
    pairs = [way.text.removeprefix("feasible if ") for way in r.ways_out if way.pair is not None]
    if ways:
        texts.append(
            f"It would be {ways[0]}, or if {', or if '.join(w[12:] for w in ways[1:])}."
            if len(ways) > 1
            else f"It would be {ways[0]}."
        )
    elif pairs:
        texts.append(f"It would be feasible if {both(pairs)}.")
    turns = [turn.says for turn in r.break_evens]
    return " ".join(texts + ([f"{TURNS}: {'; '.join(turns)}."] if turns else []))
