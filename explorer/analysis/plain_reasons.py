"""Why a design is not the plain one: for each choice that is not plain, what the plain option would do.

The design is compared with a copy in which one choice is plain. The copy breaks a limit or a promise, is
excluded, or costs more. If the copy cannot be built, the reason is the first limit or promise that rules out
the plain option.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.engine.cost import cost
from explorer.engine.designs import OPTIONS, Design
from explorer.engine.limits import findings
from explorer.engine.sizing import sized_conditions
from explorer.facts import catalogue
from explorer.facts.key_value import format_pair
from explorer.facts.units import Money, format_rough_usd

from .one_design import why_infeasible
from .phrases import change_in_words, exclusion_in_words, option_in_words, reason_in_words, too_large_for
from .promises import AUTH, NEEDS

if TYPE_CHECKING:
    from explorer.options.base.option import Option

    from .answer import Answer
    from .rejections import Rejection

# The concerns in the order in which a reader asks about them.
ORDER = ("response", "execution", "request", "configuration", "initialization", "compression", "edge", "door")


@dataclass(frozen=True)
class PlainReason:
    """Why one choice is not the plain option of its concern."""

    concern: str
    text: str
    usd: float | None = None  # monthly cost with the plain option; None where it is ruled out


def plain_reasons(r: Answer, money: Money = format_rough_usd) -> list[PlainReason]:
    """A reason for each choice that is not plain: ruled-out options first, then those that cost more.

    `money` writes the amounts [USD].
    """
    if r.design is None:
        return []
    reasons = list(_reasons(r, r.design, money))
    return sorted(reasons, key=lambda reason: reason.usd is not None)


def _reasons(r: Answer, design: Design, money: Money) -> Iterator[PlainReason]:
    texts: set[str] = set()
    for concern in ORDER:
        plain = next(iter(OPTIONS[concern]))
        if design.ids[concern] == plain:
            continue
        beside = Design(**{**design.ids, concern: plain})
        reason = (
            _ruled_out(r, design, concern, plain)
            if beside.clashes
            else _beside(r, design, beside, concern, money)
        )
        if reason and reason.text not in texts:
            texts.add(reason.text)
            yield reason


def _beside(r: Answer, design: Design, beside: Design, concern: str, money: Money) -> PlainReason:
    """What the design with the plain option breaks, or what it costs."""
    load = sized_conditions(r.workload, beside)
    feasible, reasons = why_infeasible(load, beside, findings(r.workload, beside, load))
    if feasible:
        usd = float(cost(r.workload, beside, load).total_usd)
        change = change_in_words(beside, design)
        return PlainReason(concern, f"{change} it costs {money(usd)} a month", usd)
    return PlainReason(concern, _why_not(reasons[0], concern, beside, design))


def _why_not(reason: dict[str, str], concern: str, beside: Design, design: Design) -> str:
    """The first reason why the design with the plain option is not feasible."""
    plain, because = option_in_words(concern, beside.ids[concern]), reason["because"]
    if concern == "configuration" and because in catalogue.limits():
        return too_large_for(because)
    if because in (NEEDS, AUTH):  # the door does not offer it, whatever the other choices
        says = exclusion_in_words(reason["why"], option_in_words("door", beside.door))
        return says if concern == "door" else f"{change_in_words(beside, design)} {says}"
    if concern == "execution" and _binds(beside.option("door"), because):
        plain += f" behind {option_in_words('door', beside.door)}"
    return exclusion_in_words(reason["why"], plain)


def _binds(door: Option, limit_id: str) -> bool:
    """Whether a limit is one of a door's own, which another door may not have."""
    limits = (*getattr(door, "request_limits", ()), *getattr(door, "response_limits", ()))
    return any(limit_id == own for own, _ in limits)


def _is_about(reason: Rejection, design: Design, concern: str) -> bool:
    """Whether a reason is not only about another edge than the design's."""
    edges = [option for option in reason.options if option.startswith("edge=")]
    return concern == "edge" or not edges or format_pair("edge", design.edge) in edges


def _ruled_out(r: Answer, design: Design, concern: str, plain: str) -> PlainReason | None:
    """The first limit or promise that rules out the plain option in every design."""
    if concern == "door":  # for a door, a limit means something only together with a body
        return None
    pair = format_pair(concern, plain)
    firm = [
        each
        for each in r.rejections
        if each.kind in ("limit", "promise") and pair in each.options and _is_about(each, design, concern)
    ]
    here = (each for each in firm if format_pair("door", design.door) in each.options)
    reason = next(here, firm[0] if firm else None)
    return PlainReason(concern, reason_in_words(reason)) if reason else None
