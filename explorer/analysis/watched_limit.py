"""The limit to watch for a design, which summaries, reports and screens call its tightest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.engine.designs import Placement
from explorer.engine.limits import Finding, binding_uses
from explorer.facts.verdict import Verdict
from explorer.options.base.limit_uses import Driver

from .phrases import used_share

if TYPE_CHECKING:
    from .choice import Choice

SEVERE = (Verdict.BREACH, Verdict.RAISE)


def watched_limit(r: Choice) -> Finding | None:
    """The limit that breaks or must be raised, else one that breaks occasionally, else the fullest.

    The fullest limit has the largest share used at the p99: among the tight limits if there are any, else
    among those that more or larger requests can break. Settings, and limits that the design routes around,
    cannot break. None if no limit can.
    """
    if r.findings and (r.findings[0].verdict in SEVERE or r.findings[0].broken_per_month >= 1):
        return r.findings[0]
    near = [finding for finding in r.findings if finding.verdict is Verdict.TIGHT]
    able = _limits_that_can_break(r)
    return max(near or (f for f in r.findings if f.limit in able), key=used_share, default=None)


def _limits_that_can_break(r: Choice) -> set[str]:
    """The ids of the limits that more or larger requests can break."""
    uses = [
        use
        for option in r.nearest.options
        for use in binding_uses(Placement.of(option, r.nearest.flow), r.sized_load)
    ]
    return {use.limit for use in uses if use.can_break and use.driver != Driver.AMOUNT}
