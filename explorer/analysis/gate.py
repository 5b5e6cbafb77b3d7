"""A workload file held against its limits, for CI: its design today or the recommended one, and in time.

What it finds are findings of `check`, so that a workload stands beside the templates of its stack. All
that answers a workload is imported when the first one is judged: templates alone need none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import ExplorerError
from explorer.facts.verdict import Verdict

if TYPE_CHECKING:
    from explorer.check.findings import Finding, Judge
    from explorer.workload.workload import Workload


class GrowthError(Exception):
    """What was asked of the growth cannot be followed; no fault of the file."""


def workload_assessor(growth: Mapping[str, str], months: int) -> Callable[[Path, Judge], list[Finding]]:
    """What assesses a workload file: its design today, or the recommended one, and what breaks in time."""

    def assess_workload(path: Path, judge: Judge) -> list[Finding]:
        from explorer.workload.workload import Workload

        workload = Workload.load(path)
        findings_now = _findings_today(workload, judge)
        return findings_now + _findings_of_growth(workload, judge, growth, months) if growth else findings_now

    return assess_workload


def _findings_today(workload: Workload, judge: Judge) -> list[Finding]:
    from explorer.analysis.recommendation import recommend
    from explorer.engine.limits import findings

    r = recommend(workload)
    design = r.current or r.nearest
    return [_check_finding(one, judge, workload.name) for one in findings(workload, design)]


def _check_finding(one: Any, judge: Judge, name: str) -> Finding:
    """A workload's finding as this command's: the value is what the p99 uses."""
    from explorer.check.findings import Finding
    from explorer.facts.units import format_share

    verdict = Verdict.TIGHT if one.verdict == Verdict.RAISE else one.verdict
    if (
        verdict == Verdict.FITS
        and judge.warn_at is not None
        and one.used_p99 >= judge.warn_at * one.limit_value
    ):
        verdict = Verdict.TIGHT
    if verdict == Verdict.TIGHT and one.breach_probability == 0 and judge.warn_at is not None:
        verdict = Verdict.TIGHT if one.used_p99 >= judge.warn_at * one.limit_value else Verdict.FITS
    breach_text = f"{format_share(one.breach_probability)} of the requests break it: {one.consequence}"
    use_text = f"the p99 uses {format_share(one.used_p99 / one.limit_value)}" if one.limit_value else ""
    message = breach_text if one.breach_probability > 0 else f"No request breaks it; {use_text}"
    return Finding(
        judge.file,
        1,
        name,
        one.limit,
        one.used_p99,
        one.limit_value,
        one.unit,
        verdict,
        message,
        one.source_url,
    )


def _findings_of_growth(
    workload: Workload, judge: Judge, growth: Mapping[str, str], months: int
) -> list[Finding]:
    """The limits that break as the workload grows, each with its month; today's are found already."""
    from explorer.analysis.forecast import forecast
    from explorer.check.findings import Finding
    from explorer.facts import catalogue

    try:
        frame = forecast(workload, growth=growth, months=months)
    except ExplorerError as error:  # of what was asked, not of the file
        raise GrowthError(str(error)) from None
    breaches = (
        frame[frame["verdict"] == Verdict.BREACH].sort_values("month", kind="stable").drop_duplicates("limit")
    )
    return [
        Finding(
            judge.file,
            1,
            workload.name,
            row.limit,
            float(row.used),
            float(row.limit_value),
            row.unit,
            Verdict.BREACH,
            f"breaks in month {row.month}",
            catalogue.limit(row.limit).source_url,
        )
        for row in breaches.itertuples()
        if row.month > 0
    ]
