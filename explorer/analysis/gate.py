"""Checks a workload file in CI: the limits of today's or the recommended design, now and under growth.

The results are findings of `check`, so that a workload is listed beside the templates of its stack. The
modules that evaluate a workload are imported when the first one is checked: templates alone do not need them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import ExplorerError
from explorer.facts.verdict import Verdict

if TYPE_CHECKING:
    from explorer.check.findings import Finding, Judge
    from explorer.workload.workload import Workload


class GrowthError(Exception):
    """The growth argument is invalid; the workload file is not at fault."""


def workload_assessor(growth: Mapping[str, str], months: int) -> Callable[[Path, Judge], list[Finding]]:
    """A function that checks a workload file: the limits of its design, and breaches under growth."""

    def assess_workload(path: Path, judge: Judge) -> list[Finding]:
        from explorer.workload.workload import Workload

        workload = Workload.load(path)
        lines = Lines(path.read_text(encoding="utf-8-sig"))
        findings_now = _findings_today(workload, judge, lines)
        if not growth:
            return findings_now
        return findings_now + _findings_of_growth(workload, judge, growth, months, lines)

    return assess_workload


class Lines:
    """The line numbers of the fields in a workload file."""

    HEADER = re.compile(r"\s*\[\s*([A-Za-z0-9_.\s\"']+?)\s*\]\s*(#.*)?$")
    KEY = re.compile(r"\s*([A-Za-z0-9_.\"'-]+)\s*=")

    def __init__(self, content: str) -> None:
        self.first: dict[str, int] = {}
        table = ""
        for number, line in enumerate(content.splitlines(), start=1):
            if header := self.HEADER.match(line):
                table = _plain_key(header[1])
                self.first.setdefault(table, number)
            elif key := self.KEY.match(line):
                name = _plain_key(key[1])
                whole = f"{table}.{name}" if table else name
                self.first.setdefault(whole, number)
                self.first.setdefault(whole.partition(".")[0], number)

    def of(self, *fields: str) -> int:
        """The line of the first of these dotted fields that the file contains; 1 if none."""
        return next((self.first[field] for field in fields if field in self.first), 1)


def _plain_key(text: str) -> str:
    return re.sub(r"[\s\"']", "", text)


STORED = ("lambda.env", "ssm.", "sm.", "appconfig.", "lambda.updatecfg")  # limits on configuration
WORKFLOWS = ("sfn.", "durable.")  # limits on the state passed from step to step
FIELDS = {  # fields that drive a limit, by driver; the first that the file states is used
    "request": ("request",),
    "response": ("response",),
    "runtime": ("runtime",),
    "peak": ("peak_rps", "requests_per_month"),
    "amount": ("runtime",),
}


def _line(lines: Lines, limit: str, driver: str) -> int:
    """The line of the field that drives a limit."""
    if limit.startswith(STORED):
        return lines.of("configuration")
    if limit.startswith(WORKFLOWS) and driver == "amount":
        return lines.of("runtime.state", "runtime.steps", "runtime")
    return lines.of(*FIELDS.get(driver, ()))


def _findings_today(workload: Workload, judge: Judge, lines: Lines) -> list[Finding]:
    from explorer.analysis.recommendation import recommend
    from explorer.engine.limits import driven_findings
    from explorer.engine.sizing import sized_conditions

    r = recommend(workload)
    design = r.current or r.nearest
    return [
        _check_finding(one, judge, workload.name, _line(lines, one.limit, driver))
        for one, driver in driven_findings(workload, design, sized_conditions(workload, design))
    ]


def _check_finding(one: Any, judge: Judge, name: str, line: int) -> Finding:
    """A finding of `check` from a finding on a workload: its value is the use at the p99."""
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
    if one.verdict == Verdict.RAISE:
        message = f"It takes a raised quota, as {breach_text}"
    return Finding(
        judge.file,
        line,
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
    workload: Workload, judge: Judge, growth: Mapping[str, str], months: int, lines: Lines
) -> list[Finding]:
    """The limits that break under growth, each with its month; month 0 is left to `_findings_today`."""
    from explorer.analysis.forecast import forecast
    from explorer.check.findings import Finding
    from explorer.facts import catalogue

    try:
        frame = forecast(workload, growth=growth, months=months)
    except ExplorerError as error:  # the arguments are at fault, not the file
        raise GrowthError(str(error)) from None
    breaches = (
        frame[frame["verdict"] == Verdict.BREACH].sort_values("month", kind="stable").drop_duplicates("limit")
    )
    return [
        Finding(
            judge.file,
            lines.of(*growth),
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
