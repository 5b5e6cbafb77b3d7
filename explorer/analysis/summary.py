"""The answer in sentences, as an architect would say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.engine.designs import Design
from explorer.engine.limits import findings
from explorer.facts import catalogue
from explorer.facts.units import format_number, format_quantity, format_share, format_time, format_usd

from . import break_evens

if TYPE_CHECKING:
    from .answer import Answer
    from .rejections import Reason


TURNS = "What would change it"


def described(design: Design) -> str:
    """A design in one phrase, from its options' own summaries."""
    door, request, response, execution, configuration = design.options
    entered = "" if not request.parts else f", {request.summary}"
    return (
        f"{door.summary}{entered}; {response.summary}; the work in {execution.summary}; "
        f"configuration from {configuration.summary}"
    )


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
        "Build": f"{_build(r)} {_limits(r)}".strip(),
        "Why": _why(r),
        TURNS: _turns(r),
        "Against today": _change(r),
    }
    return {title: text for title, text in told.items() if text}


def markdown(r: Answer) -> str:
    """The summary for a notebook: a paragraph a part, with nothing that reads as mathematics."""
    parts = (f"**{title}.** {text[0].upper()}{text[1:]}" for title, text in paragraphs(r).items())
    return "\n\n".join(parts).replace("$", r"\$")


def _trade(r: Answer) -> str:
    """First, whether the answer depends on what a part is worth."""
    by_design: dict[str, list[str]] = {}
    for usd, choice in r.at_part_usd.items():
        key = ", ".join(f"{c}={o}" for c, o in choice["design"].items())
        by_design.setdefault(key, []).append(format_usd(usd))
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
    parts = f"{r.parts} moving part{'s' if r.parts != 1 else ''}" if r.parts else "no moving parts"
    return (
        f"For {r.workload.name}, build {described(r.design)}. It costs {format_usd(r.monthly_usd)} a month "
        f"with {parts}; half of the results are in hand within {format_time(r.latency_s['p50'], 2)}, "
        f"95 % within {format_time(r.latency_s['p95'], 2)}."
    )


def _limits(r: Answer) -> str:
    """Quotas that must be raised first, and the tightest limit."""
    raised = [found for found in r.found if found.verdict == "raise"]
    if raised:
        return " ".join(f"First, {found.consequence.split(';')[0]}." for found in raised)
    tight = [found for found in r.found if found.verdict == "tight"]
    if not tight:
        return ""
    worst = tight[0]
    if worst.broken_per_month < 1:
        worst = max(tight, key=lambda found: found.used_p99 / found.limit_value)
    name, limit = limit_name(worst.limit), format_quantity(worst.limit_value, worst.unit)
    if worst.broken_per_month >= 1:
        share, number = format_share(worst.breach_probability), format_number(worst.broken_per_month)
        broken = f"{share} of the requests ({number} a month)"
        in_peaks = worst.broken_per_month < 0.999 * worst.breach_probability * r.workload.requests_per_month
        when = " in its peaks" if in_peaks else ""
        return f"Now and then it breaks{when}: {broken} exceed the {name} of {limit}."
    used = format_quantity(worst.used_p99, worst.unit)
    return f"Its tightest limit is the {name}: {used} of {limit} at the p99."


def _why(r: Answer) -> str:
    held = [because(reason, r.nearest) for reason in r.reasons if reason.kind in {"limit", "promise"}][:3]
    return f"Ruled out: {'; '.join(held)}." if held else "No limit rules anything out."


def limit_name(limit_id: str) -> str:
    """A limit's name inside a sentence."""
    name = catalogue.limit(limit_id).name
    is_term = any(letter.isupper() for letter in name.split()[0][1:])  # GetSecretValue, PUT
    return name if is_term else name[0].lower() + name[1:]


def because(reason: Reason, chosen: Design) -> str:
    """What a reason rules out, and why."""
    what = ruled_out(reason, chosen) or "other designs"
    if reason.kind != "limit":
        return f"{what} because {reason.why}"
    row = catalogue.limit(reason.because)
    value, chance = (
        format_quantity(row.value or 0.0, row.unit),
        format_share(reason.breach_probability or 0.0),
    )
    return f"{what} by the {limit_name(row.id)} of {value} ({chance} of the requests break it)"


def ruled_out(reason: Reason, chosen: Design) -> str:
    """The options that a reason rules out, those first that a reader would look for."""
    by_concern: dict[str, list[str]] = {}
    for option in reason.options:
        concern, _, name = option.partition("=")
        by_concern.setdefault(concern, []).append(name)
    doors, stores = by_concern.get("door", []), by_concern.get("configuration", [])
    bodies = by_concern.get("request", []) + by_concern.get("response", [])
    work = by_concern.get("execution", [])
    if doors:
        return f"{_listed(bodies)} behind {_listed(doors)}" if bodies else _listed(doors)
    if stores:
        return _listed(stores) + (" with other executions" if chosen.configuration in stores else "")
    return _listed([name for name in work or bodies if name != chosen.execution])


def _listed(names: list[str]) -> str:
    return ", ".join(names[:4]) + (" and others" if len(names) > 4 else "")


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
    fails = "".join(
        f"Today {format_share(found.breach_probability)} of the requests exceed the "
        f"{limit_name(found.limit)} of {format_quantity(found.limit_value, found.unit)}. "
        for found in broken[:1]
    )
    more = "more" if usd > 0 else "less"
    return f"{fails}This design costs {format_usd(abs(usd))} a month {more} than today's."


def misses(r: Answer) -> list[str]:
    """What the nearest design breaks, each in a few words."""
    said = [
        f"{format_share(found.breach_probability)} of the requests break the {limit_name(found.limit)} of "
        f"{format_quantity(found.limit_value, found.unit)}"
        for found in r.found
        if found.verdict == "breach"
    ]
    late = float(r.evaluation.late[r.index])
    if late > r.load.tolerance:
        said.append(f"{format_share(late)} of the answers begin after the client stops waiting")
    if not r.evaluation.in_time[r.index]:
        said.append(f"its p95 is {format_time(r.latency_s['p95'], 2)}, later than promised")
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
