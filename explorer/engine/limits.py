"""Checks limits for a load: chances of a breach, verdicts, and what the caller sees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from explorer.facts import catalogue
from explorer.facts.units import Number, format_number, format_share
from explorer.facts.verdict import Verdict
from explorer.options.base.conditions import Conditions, at_stated_size
from explorer.options.base.limit_uses import Driver, LimitUse, Offloaded
from explorer.workload.workload import Workload

from .designs import Design, Placement

DRIVERS = tuple(Driver)
NEVER_BREAKS = "never breaks"  # how the consequence of a limit begins that nothing can break
UNRECORDED = "what the caller sees is not recorded"
TIGHT = 0.8  # share of a limit that the p99 uses
MANY_TIMES = 10  # from this multiple of a quota on, the request states the multiple
NEGLIGIBLE = 1e-12  # a lower chance counts as 0: one request in a trillion
WORST_FIRST = tuple(Verdict)


@dataclass(frozen=True)
class Finding:
    """The result of checking one limit for one workload and one design."""

    limit: str
    limit_value: float
    unit: str
    used_p50: float
    used_p99: float
    breach_probability: float
    broken_per_month: float  # requests; for a rate, of those in the peaks
    verdict: Verdict
    consequence: str
    source_url: str
    verified: bool


def binding_uses(placement: Placement, load: Conditions) -> list[LimitUse]:
    """The uses of limits that bind an option on its path, at any point of the load."""
    uses = placement.option.limits(placement.load(load), placement.path)
    return [use for use in uses if np.any(use.where)]


def raised_limit(use: LimitUse, load: Conditions) -> float:
    """The value of a use's limit with its quota raised as far as possible, in the limit's unit."""
    return max(highest_quota(use.limit) or 0.0, load.limit(use.limit))


@cache
def highest_quota(limit_id: str) -> float | None:
    """The largest value to which the quota can be raised; None if it cannot be raised.

    Where AWS names no maximum, this is a fixed multiple of the default: no account has, say, millions of
    vCPUs.
    """
    limit = catalogue.limit(limit_id)
    if limit.adjustable != "yes":
        return None
    if limit.raised_to is not None or limit.value is None:
        return limit.raised_to
    return limit.value * catalogue.constant("quota.raise_factor").value


def breach_probability(chances: Iterable[Number]) -> Number:
    """The chance that one request breaks any limit, the drivers assumed independent."""
    survives: Number = 1.0
    for chance in chances:
        survives = survives * (1 - chance)
    return 1 - survives


def verdict(
    chance: float,
    raised_chance: float,
    share_p99: float,
    tolerance: float,
    broken_requests: float,
    can_break: bool = True,
) -> Verdict:
    """The verdict on one limit: breach, raise, tight or fits.

    Parameters
    ----------
    chance, raised_chance
        Chance of a breach with today's quota, and with the quota raised.
    share_p99
        Share of the limit that the p99 uses.
    tolerance
        The share of requests that may fail.
    broken_requests
        Requests a month that break the limit.
    can_break
        Whether a larger driver could break the limit: a design can route large requests round it.
    """
    if chance > tolerance:
        return Verdict.RAISE if raised_chance <= tolerance else Verdict.BREACH
    near = can_break and (broken_requests >= 1 or share_p99 >= TIGHT)
    return Verdict.TIGHT if near else Verdict.FITS


def findings(workload: Workload, design: Design, load: Conditions | None = None) -> list[Finding]:
    """The findings on all limits that bind the design, worst first."""
    return [finding for finding, _ in driven_findings(workload, design, load)]


def driven_findings(
    workload: Workload, design: Design, load: Conditions | None = None
) -> list[tuple[Finding, str]]:
    """The findings on all limits that bind the design, worst first, each with its driver (`DRIVERS`)."""
    load = load or at_stated_size(workload)
    worst: dict[str, tuple[Finding, str]] = {}
    for option in design.options:
        placement = Placement.of(option, design.flow)
        # in an asynchronous design, the service that hands the job over refuses it, not the door
        seen_at = "async" if placement.fields.get("asynchronous") else design.door
        for finding, driver in _placement_findings(placement, load, seen_at):
            worst_so_far = worst.get(finding.limit)
            if worst_so_far is None or _rank(finding) < _rank(worst_so_far[0]):
                worst[finding.limit] = finding, driver
    return sorted(worst.values(), key=lambda one: _rank(one[0]))


def _placement_findings(placement: Placement, load: Conditions, seen_at: str) -> list[tuple[Finding, str]]:
    """The findings on an option's limits on its path, computed once for all designs that share it."""

    def make() -> list[tuple[Finding, str]]:
        seen_load = placement.load(load)
        return [(_finding(use, seen_load, seen_at), use.driver) for use in binding_uses(placement, load)]

    return load.memo(("findings", placement, seen_at), make)


def _rank(finding: Finding) -> tuple[int, float, float]:
    share = finding.used_p99 / finding.limit_value if finding.limit_value else 0.0
    return WORST_FIRST.index(finding.verdict), -finding.breach_probability, -share


def _finding(use: LimitUse, load: Conditions, seen_at: str) -> Finding:
    row, value = catalogue.limit(use.limit), load.limit(use.limit)
    chance, raised_chance = (float(use.exceed(load, most)) for most in (value, raised_limit(use, load)))
    chance = chance if chance > NEGLIGIBLE else 0.0
    used_at = [float(use.used_at(load, p)) for p in (0.5, 0.99)]
    # failed requests are never cached, so the share applies to all requests of the clients
    broken_requests = chance * float(load.clients.requests if use.driver != Driver.PEAK else load.in_peaks)
    outcome = verdict(
        chance, raised_chance, used_at[1] / value, float(load.tolerance), broken_requests, use.can_break
    )
    consequence = _consequence(use, load, seen_at, outcome)
    if outcome in {Verdict.TIGHT, Verdict.FITS} and (new := confirmation_gap(use, load)):
        consequence = f"{new}; beyond the limit: {consequence}"
    return Finding(
        limit=use.limit,
        limit_value=value,
        unit=row.unit,
        used_p50=used_at[0],
        used_p99=used_at[1],
        breach_probability=chance,
        broken_per_month=broken_requests,
        verdict=outcome,
        consequence=consequence,
        source_url=row.source_url,
        verified=row.verified,
    )


def confirmation_gap(use: LimitUse, load: Conditions) -> str:
    """A note where more requests than may fail need a limit value that is not verified yet, else ""."""
    row = catalogue.limit(use.limit)
    if row.verified or (confirmed := catalogue.confirmed_limit(use.limit)) is None or row.value is None:
        return ""
    is_needed = float(use.exceed(load, confirmed)) > load.tolerance
    return catalogue.unconfirmed_note(use.limit, row.value) if is_needed else ""


def _consequence(use: LimitUse, load: Conditions, door: str, outcome: Verdict) -> str:
    """What the caller sees, or what happens instead."""
    if isinstance(use, Offloaded):
        share = float(use.share(load))
        how_many = f", {format_share(share)} of the requests" if share else ""
        return f"{NEVER_BREAKS}: bodies over it go through S3 by reference{how_many}"
    breach = catalogue.breach_at_door(use.limit, door)
    symptom = breach.seen if breach else UNRECORDED
    if outcome == Verdict.RAISE:
        return f"ask AWS to raise {_request(use, load)}; until then: {symptom}"
    return symptom


def _request(use: LimitUse, load: Conditions) -> str:
    """The quota and the value to request: the use at 1 - tolerance / 2, plus 20 %, rounded up."""
    row = catalogue.limit(use.limit)
    tolerance = float(load.tolerance)
    tail = 1 - tolerance / 2 if tolerance else 1 - 1e-9
    need = float(use.used_at(load, min(tail, 1 - 1e-9))) * 1.2
    digits = 10.0 ** np.floor(np.log10(max(need, 1.0)))
    quota = float(np.ceil(need / digits * 2) / 2 * digits)
    quota = quota if row.raised_to is None else min(quota, row.raised_to)
    code = f" (quota {row.quota_code})" if row.quota_code else ""
    most = row.max_if_raised or "for which AWS names no maximum"
    how = f", {most}" if most.startswith(("for ", "on ", "by ")) else f", at most {most}"
    name, today = row.short_name, load.limit(use.limit)
    unit = "" if row.unit.lower() in name.lower() else f" {row.unit}"
    times = f", {format_number(quota / today)} times as much" if quota >= MANY_TIMES * today else ""
    return f"{name} from {format_number(today)} to {quota:,.0f}{unit}{times}{code}{how}"
