"""The answer in sentences, as an architect would say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.engine.limits import findings
from explorer.facts import catalogue
from explorer.facts.key_value import format_pairs
from explorer.facts.units import format_count, format_time, format_usd, format_usd_difference

from . import break_evens
from .flat_rates import cheaper_flat_rate
from .phrases import (
    breach,
    breach_today,
    broken_requests,
    describe,
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
    told = paragraphs(r)
    return " ".join(f"{title}: {text}" if title == TURNS else text for title, text in told.items())


def paragraphs(r: Answer) -> dict[str, str]:
    """The summary in its parts, by what each tells; those that have something to say."""
    if not r.feasible:
        return {"Nothing is feasible": _nothing(r)}
    told = {
        "The trade": _trade(r),
        "Build": " ".join(filter(None, (_build(r), _flat_rate(r), _limits(r), _unconfirmed(r)))),
        "Why": _why(r),
        TURNS: _turns(r),
        "Against today": _change(r),
    }
    return {title: text for title, text in told.items() if text}


def markdown(r: Answer) -> str:
    """The summary for a notebook: a paragraph a part, with nothing that reads as mathematics."""
    parts = (f"**{title}.** {sentence(text, '')}" for title, text in paragraphs(r).items())
    return "\n\n".join(parts).replace("$", r"\$")


def _trade(r: Answer) -> str:
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


def _build(r: Answer) -> str:
    assert r.design is not None
    parts = format_count(r.parts, "moving part", "no")
    return (
        f"For {r.workload.name}, build {describe(r.design)}. It costs {format_usd(r.monthly_usd)} a month "
        f"with {parts}; half of the results are in hand within {format_time(r.latency_s['p50'], 2)}, "
        f"95 % within {format_time(r.latency_s['p95'], 2)}."
    )


def _flat_rate(r: Answer) -> str:
    assert r.design is not None
    return cheaper_flat_rate(r.bill, r.design)


def _limits(r: Answer) -> str:
    """Quotas that must be raised first, and the tightest limit."""
    raised = [found for found in r.found if found.verdict == "raise"]
    if raised:
        return " ".join(f"First, {quota_request(found)}." for found in raised)
    tight = [found for found in r.found if found.verdict == "tight"]
    if not tight:
        return ""
    worst = tight[0]
    if worst.broken_per_month < 1:
        worst = max(tight, key=lambda found: found.used_p99 / found.limit_value)
    if worst.broken_per_month >= 1:
        in_peaks = worst.broken_per_month < 0.999 * worst.breach_probability * r.workload.requests_per_month
        when = " in its peaks" if in_peaks else ""
        limit = limit_with_value(worst.limit, worst.limit_value)
        return f"Now and then it breaks{when}: {broken_requests(worst)} exceed the {limit}."
    return f"Its tightest limit is the {limit_name(worst.limit)}: {use_of_limit(worst)} at the p99."


def _unconfirmed(r: Answer) -> str:
    """What to know of limits that the answer needs and that no page of AWS confirms yet."""
    known = {found.limit: catalogue.unconfirmed(found.limit, found.limit_value) for found in r.found}
    needed = [
        text for found in r.found if (text := known[found.limit]) and found.consequence.startswith(text)
    ]
    return " ".join(f"{text[0].upper()}{text[1:]}." for text in needed)


def _why(r: Answer) -> str:
    held = [rejection(reason, r.nearest) for reason in r.reasons if reason.kind in {"limit", "promise"}][:3]
    return f"Ruled out: {'; '.join(held)}." if held else "No limit rules anything out."


def _turns(r: Answer) -> str:
    """The nearest changes, and where an always-on service takes over."""
    nearest = sorted((turn for turn in r.turns if turn.factor), key=lambda turn: turn.distance)[:3]
    services = [turn for turn in r.turns if turn.service and turn not in nearest]
    said = [turn.says for turn in [*nearest, *services]]
    return f"{'; '.join(said)}." if said else ""


def _change(r: Answer) -> str:
    """What fails today, and what the change costs or saves."""
    usd = next((change.usd for change in r.changed if change.usd is not None), None)
    if usd is None or r.current is None:
        return ""
    broken = [found for found in findings(r.workload, r.current) if found.verdict == "breach"]
    fails = "".join(f"{breach_today(found)} " for found in broken[:1])
    return f"{fails}This design costs {format_usd_difference(usd)} than today's."


def misses(r: Answer) -> list[str]:
    """What the nearest design breaks, each in a few words."""
    said = [breach(found) for found in r.found if found.verdict == "breach"]
    late = float(r.evaluation.late[r.index])
    if late > r.load.tolerance:
        said.append(late_answers(late))
    if not r.evaluation.in_time[r.index]:
        said.append(late_p95(r.latency_s["p95"]))
    return said


def _nothing(r: Answer) -> str:
    """How the nearest design misses, and what would make one feasible."""
    told = [f"For {r.workload.name} nothing is feasible."]
    told.append(f"The nearest miss is {r.nearest}: {'; '.join(misses(r))}.")
    helps = break_evens.relaxations(r)
    if helps:
        told.append(f"It would be feasible if {', or if '.join(helps)}.")
    turns = [turn.says for turn in r.turns]
    return " ".join(told + ([f"{TURNS}: {'; '.join(turns)}."] if turns else []))
