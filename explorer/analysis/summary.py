"""The answer in sentences, in an architect's words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from explorer.engine.limits import Finding, findings
from explorer.engine.sizing import at_best_size
from explorer.facts import catalogue
from explorer.facts.suggestions import both, either
from explorer.facts.units import Money, format_count, format_rough_usd, format_time
from explorer.facts.verdict import Verdict

from .break_evens import BreakEven, what_moves_along
from .choice import Choice, PartPriceChange
from .flat_rates import cheaper_at_flat_rate, cheaper_flat_rate
from .open_size import size_sentence
from .phrases import (
    FIRST_BYTE_P95,
    besides_pattern,
    breach,
    breach_today,
    broken_requests,
    change_from_today,
    change_in_words,
    completion_in_words,
    describe_design,
    late_answers,
    late_p95,
    limit_name,
    limit_with_value,
    markdown_for_notebooks,
    pattern_name,
    quota_request_briefly,
    sentence,
    use_of_limit,
)
from .plain_reasons import plain_reasons
from .watched_limit import watched_limit

if TYPE_CHECKING:
    from .answer import Answer
    from .ways_out import WayOut


CHANGES = "What would change it"
LONGEST = 30  # upper bound of the words in the first sentence
MOST_REASONS = 2
CENT = 0.01  # [USD]
NEAR = 2.0  # factor of the price of a part within which the answer depends on it: it is a rough judgement,
# and few would put it to more than twice or less than half of what they state
MOST_WAYS = 3


def summary(r: Answer) -> str:
    """The answer in one text: what to build, why, what it costs, what would change it."""
    texts = summary_paragraphs(r)
    return " ".join(f"{title}: {text}" if title == CHANGES else text for title, text in texts.items())


def summary_paragraphs(r: Answer) -> dict[str, str]:
    """The paragraphs of the summary that are not empty, by title."""
    opening, more = _opening(r)
    texts = {
        "Build" if r.feasible else "Nothing is feasible": f"{opening} {more}",
        "The trade": part_price_sentence(r) if r.feasible else "",
        "Why": _reasons_sentence(r) if r.feasible else "",
        CHANGES: _break_even_sentence(r) if r.feasible else "",
        "Against today": _change_sentence(r) if r.feasible else "",
    }
    return {title: text for title, text in texts.items() if text}


def headed_paragraphs(r: Answer) -> list[tuple[str, str]]:
    """The summary as paragraphs under headings; the first heading is the answer itself."""
    _, *others = summary_paragraphs(r).items()
    return [_opening(r), *((f"{title}.", sentence(text, "")) for title, text in others)]


def _opening(r: Answer) -> tuple[str, str]:
    """The answer in one or two sentences, with what belongs to it."""
    if not r.feasible:
        return nothing_feasible_sentence(r), _nearest_miss_sentences(r)
    more = (
        _cost_sentence(r),
        size_sentence(r),
        flat_rate_sentence(r),
        quota_sentence(r),
        _limit_sentence(r),
        lost_request_sentence(r),
        public_address_sentence(r),
        unconfirmed_limit_sentences(r),
    )
    return build_sentence(r), " ".join(filter(None, more))


def summary_markdown(r: Answer) -> str:
    """The summary as Markdown for a notebook, one paragraph per part."""
    parts = (f"**{heading}** {text}" for heading, text in headed_paragraphs(r))
    return markdown_for_notebooks("\n\n".join(parts))


def part_price_sentence(r: Answer) -> str:
    """The part prices at which another design wins, and which, from 0 to 100 USD a month; "" if none."""
    others = [
        f"if a moving part is worth {_worth_in_words(change)}, build it"
        f" {change_in_words(change.design, r.nearest)}"
        for change in r.part_price_changes
    ]
    return sentence("; ".join(others)) if others else ""


def _worth_in_words(change: PartPriceChange) -> str:
    """The range of part prices in which another design wins."""
    if change.part_usd < CENT:
        return "nothing" if not change.above else "anything"
    return f"{'more' if change.above else 'less'} than {format_rough_usd(change.part_usd)} a month"


def build_sentence(r: Answer) -> str:
    """What to build: endpoint, door, other options that are not plain, and whether the part price decides.

    The first sentence has at most 30 words; if needed, the other options go into a second sentence.
    """
    assert r.design is not None
    depends = _part_price_condition(r)
    whole = f"Build {describe_design(r.design)}{depends}."
    if len(whole.split()) <= LONGEST:
        return whole
    return f"Build {pattern_name(r.design)}{depends}. It has {besides_pattern(r.design)}."


def _part_price_condition(r: Answer) -> str:
    """Whether the price of a part decides, or at which price far from today's it would; "" if at none."""
    if not r.part_price_changes:
        return ""

    def distance(change: PartPriceChange) -> float:
        high, low = max(change.part_usd, r.part_usd), min(change.part_usd, r.part_usd)
        return high / low if low else (1.0 if high < CENT else math.inf)

    nearest = min(r.part_price_changes, key=distance)
    if distance(nearest) <= NEAR:
        return "; it depends on what a moving part is worth"
    return f", unless a moving part is worth {_worth_in_words(nearest)}"


def _cost_sentence(r: Answer) -> str:
    assert r.design is not None
    parts = format_count(r.parts, "moving part", "no")
    p50, p95 = (format_time(r.latency_s[level]) for level in ("p50", "p95"))
    cost = f"{r.workload.name}: {format_rough_usd(r.monthly_usd)} a month with {parts}"
    return f"{cost}; half of {outcome_in_words(r)} within {p50}, 95 % within {p95}."


def outcome_in_words(r: Choice) -> str:
    """What the latency ends with: "the results are in hand"."""
    return " ".join(completion_in_words(r.nearest, r.workload.client.collects))


def lost_request_sentence(r: Choice) -> str:
    """What a failure means where nobody collects a result and the work is done at once; "" elsewhere."""
    if r.workload.client.collects or r.nearest.flow.asynchronous:
        return ""
    return "What fails or is throttled is lost unless the sender sends it again."


def flat_rate_sentence(r: Answer, money: Money = format_rough_usd) -> str:
    """The flat rate that would be cheaper, for the design or for another one; "" if none."""
    assert r.design is not None
    return cheaper_flat_rate(r.bill, r.design, money) or cheaper_at_flat_rate(r, money)


def quota_sentence(r: Answer) -> str:
    """The quotas to raise before the design is built; "" if none."""
    to_raise = [finding for finding in r.findings if finding.verdict == Verdict.RAISE]
    return f"First {both(map(quota_request_briefly, to_raise))}." if to_raise else ""


def public_address_sentence(r: Answer) -> str:
    """A warning that anyone may call the address, unless the door protects it; "" if not needed."""
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
    """The limit that breaks occasionally, or the tightest limit if it is near; "" if none."""
    worst = next((finding for finding in r.findings if finding.verdict == Verdict.TIGHT), None)
    if worst is not None and worst.broken_per_month < 1:
        worst = watched_limit(r)
    if worst is None or worst.verdict != Verdict.TIGHT:
        return ""
    if worst.broken_per_month >= 1:
        in_peaks = worst.broken_per_month < 0.999 * worst.breach_probability * r.workload.requests_per_month
        when = " in its peaks" if in_peaks else ""
        limit = limit_with_value(worst.limit, worst.limit_value)
        return f"Now and then it breaks{when}: {broken_requests(worst)} exceed the {limit}."
    return f"Its tightest limit is the {limit_name(worst.limit)}: {use_of_limit(worst)} at the p99."


def unconfirmed_limit_sentences(r: Answer) -> str:
    """Notes on limits that the answer needs and that no AWS page confirms yet."""
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


def _reasons_sentence(r: Answer) -> str:
    """Why the design is not the plain one."""
    texts = [reason.text for reason in plain_reasons(r)][:MOST_REASONS]
    return sentence("; ".join(texts)) if texts else plain_design_sentence(r)


def plain_design_sentence(r: Answer) -> str:
    """That the plainest design suffices: it keeps every limit, or breaks some for no more than may fail."""
    if any(finding.broken_per_month >= 1 for finding in r.findings):
        return (
            "The plainest design keeps every promise, and breaks limits for no more requests than may fail."
        )
    return "The plainest design keeps every limit and every promise."


def _break_even_sentence(r: Answer) -> str:
    """The nearest changes, and the rate at which an always-on service takes over."""
    nearest = sorted((turn for turn in r.break_evens if turn.factor), key=lambda turn: turn.distance)[:3]
    services = [turn for turn in r.break_evens if turn.service and turn not in nearest]
    return _break_evens_in_words(r, [*nearest, *services])


def _break_evens_in_words(r: Answer, turns: Sequence[BreakEven]) -> str:
    """Break-evens in one sentence, with what moves along with their values; "" if there are none."""
    moves = what_moves_along(r.workload, (turn.axis for turn in turns if turn.factor))
    return " ".join(filter(None, [f"{'; '.join(turn.says for turn in turns)}.", moves])) if turns else ""


def _change_sentence(r: Answer) -> str:
    """Compared with today's design: cost, parts added and removed, and the first limit that breaks today."""
    usd = next((change.usd for change in r.changes if change.usd is not None), None)
    if usd is None or r.current is None:
        return ""
    fails = "".join(f" {breach_today(finding)}" for finding in breaches_of_today(r)[:1])
    return f"{sentence(change_from_today(r.changes, usd))}{fails}"


def breaches_of_today(r: Answer) -> list[Finding]:
    """The limits that today's design breaks, worst first; empty if the workload states no design."""
    if r.current is None:
        return []
    every = findings(r.workload, r.current, at_best_size(r.load, r.current))
    return [finding for finding in every if finding.verdict == Verdict.BREACH]


def misses_of_nearest(r: Answer) -> list[str]:
    """The limits and promises that the nearest miss breaks, each in a few words."""
    texts = [breach(finding) for finding in r.findings if finding.verdict == Verdict.BREACH]
    late = float(r.evaluation.late[r.index])
    if late > r.load.tolerance:
        texts.append(late_answers(late))
    if not r.evaluation.in_time[r.index]:
        texts.append(late_p95(r.latency_s["p95"]))
    if not r.evaluation.begins_in_time[r.index]:
        texts.append(late_p95(float(r.evaluation.first_byte_p95_s[r.index]), FIRST_BYTE_P95))
    return texts


def nothing_feasible_sentence(r: Answer) -> str:
    """The sentence that nothing is feasible."""
    return sentence(f"nothing is feasible for {r.workload.name}")


def nearest_miss_sentence(r: Answer) -> str:
    """The design with the nearest miss, and how it misses."""
    return f"The nearest miss is {describe_design(r.nearest)}: {'; '.join(misses_of_nearest(r))}."


def infeasible_sentence(r: Answer) -> str:
    """That nothing is feasible, what the nearest design misses, and what would make one feasible."""
    opening = nothing_feasible_sentence(r).rstrip(".")
    misses = f"{opening}: {'; '.join(misses_of_nearest(r))}."
    return " ".join(filter(None, [misses, ways_out_sentence(r)]))


def _nearest_miss_sentences(r: Answer) -> str:
    """How the nearest design misses, and which changes would make one feasible, each said once."""
    fields = {way.field for way in _first_ways_out(r)}
    turns = [turn for turn in r.break_evens if turn.axis not in fields]
    changes = f"{CHANGES}: {'; '.join(turn.says for turn in turns)}." if turns else ""
    moves = what_moves_along(r.workload, fields | {turn.axis for turn in turns if turn.factor})
    return " ".join(filter(None, [nearest_miss_sentence(r), ways_out_sentence(r), changes, moves]))


def _first_ways_out(r: Answer) -> list[WayOut]:
    """The smallest single changes that make a design feasible; the least pair where no single one does."""
    return [way for way in r.ways_out if way.pair is None][:MOST_WAYS] or list(r.ways_out)


def ways_out_sentence(r: Answer) -> str:
    """Which changes would make a design feasible, the smallest first; "" if none is known."""
    ways = _first_ways_out(r)
    if not ways:
        return ""
    conditions = [way.text.removeprefix("feasible if ") for way in ways]
    together = ways[0].pair is not None
    return f"It would be feasible if {both(conditions) if together else ', or if '.join(conditions)}."
