"""A page on any design, beside the recommended one: cost, parts, seconds, limits.

For an alternative, an excluded design, or a winner elsewhere on the map, with the current workload.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

from explorer.analysis.break_evens import BreakEven, what_moves_along
from explorer.analysis.one_design import design_assessment
from explorer.analysis.phrases import (
    change_in_words,
    completion_in_words,
    reason_in_words,
    rejected_options_at_length,
    sentence,
    use_of_limit_briefly,
)
from explorer.analysis.recommendation import Recommendation
from explorer.engine.cost import Bill, cost
from explorer.engine.designs import Design
from explorer.engine.limits import Finding, findings
from explorer.engine.sizing import sized_conditions
from explorer.facts import catalogue
from explorer.facts.suggestions import both
from explorer.facts.units import (
    format_chance,
    format_count,
    format_multiple_briefly,
    format_number,
    format_signed_usd,
    format_time,
    format_usd,
)
from explorer.facts.verdict import Verdict
from explorer.options.base.conditions import Conditions
from explorer.views.figures.bills import by_service
from explorer.workload.workload import Workload

from .html import design_link, html_table
from .panels import CONCERNS as CONCERN_NAMES
from .panels import (
    limit_bars,
    listed_reasons,
    name_of_best,
    nearest_changes,
    no_design_beyond,
    value_of_change,
)
from .sequence import sequence_of

MOST_DESIGNS = 300  # in a list
SAME = "the same"  # in the place of a difference of nothing


@dataclass(frozen=True)
class Side:
    """One design for one workload."""

    workload: Workload
    design: Design

    @cached_property
    def load(self) -> Conditions:
        """The workload at the memory size of the design."""
        return sized_conditions(self.workload, self.design)

    @cached_property
    def assessment(self) -> dict[str, Any]:
        """Cost, parts and seconds of the design, and why it is not feasible."""
        return design_assessment(self.workload, str(self.design))

    @cached_property
    def seconds(self) -> dict[str, float]:
        """The time from submission to the complete result [s], by percentile."""
        return dict(self.assessment["latency_s"]["total"])

    @cached_property
    def findings(self) -> list[Finding]:
        """Every limit that applies to the design, worst first."""
        return findings(self.workload, self.design, self.load)

    @cached_property
    def bill(self) -> Bill:
        """The monthly bill."""
        return cost(self.workload, self.design, self.load)


class DesignPage:
    """A design beside the recommended one, for the current workload or for that at a point of the map."""

    def __init__(
        self, workload: Workload, best: Design, design: Design, place: str = "", *, feasible: bool = True
    ) -> None:
        self.theirs, self.mine = Side(workload, best), Side(workload, design)
        self.place = place  # the point on the map, in words
        self.best, self.column = name_of_best(feasible), "chosen" if feasible else "nearest miss"

    def to_dict(self) -> dict[str, Any]:
        """The page as a dict for the browser."""
        mine = self.mine.design
        name = change_in_words(mine, self.theirs.design)
        return {
            "title": f"Instead: {name}" if name else sentence(self.best, ""),
            "html": self._html(),
            "steps": sequence_of(self.mine.load, mine),
        }

    def _html(self) -> str:
        same = self.mine.design == self.theirs.design
        others = {} if same else {finding.limit: finding for finding in self.theirs.findings}
        mark = "" if same else f" <small>the thin mark is the p99 of {self.best}</small>"
        beside = f"<h3>Beside {self.best}</h3>{self._comparison()}<h3>What differs</h3>{self._choices()}"
        return (
            f"{self._verdict()}{'' if same else beside}"
            f'<h3>Limits used{mark}</h3><div class="x-limits">{limit_bars(self.mine.findings, others)}</div>'
            f'<h3>One request</h3><div class="x-sequence x-open-steps"></div>'
            f"<h3>Bill a month</h3>{self._bill()}"
        )

    def _verdict(self) -> str:
        where = f"<p>For the workload at {escape(self.place)}.</p>" if self.place else ""
        if self.mine.assessment["feasible"]:
            return f'{where}<p class="good">{escape(self._feasible_text())}</p>'
        whys = "".join(
            f"<li>{escape(sentence(reason['why'], ''))}</li>" for reason in self.mine.assessment["excluded"]
        )
        return f'{where}<p class="bad">Not feasible</p><ul class="x-whys">{whys}</ul>'

    def _feasible_text(self) -> str:
        """On what the feasibility depends: quotas to raise, or requests that may fail."""
        by_verdict = {v: [row for row in self.mine.findings if row.verdict is v] for v in Verdict}
        if quotas := by_verdict[Verdict.RAISE]:
            names = both(dict.fromkeys(catalogue.limit(row.limit).name for row in quotas))
            return f"Feasible once AWS raises a quota: {names}."
        if any(row.breach_probability for row in by_verdict[Verdict.TIGHT]):
            return "Feasible: no more requests break a limit than may fail."
        return "Feasible: every limit and promise is kept."

    def _comparison(self) -> str:
        """Cost, parts, seconds and limits of both designs."""
        theirs, mine = self.theirs, self.mine
        usd, parts = ([side.assessment[key] for side in (theirs, mine)] for key in ("monthly_usd", "parts"))
        rows = [
            ("USD a month", *map(format_usd, usd), _usd_difference(*usd)),
            ("moving parts", *map(str, parts), f"{parts[1] - parts[0]:+d}" if parts[1] != parts[0] else SAME),
        ]
        collects = theirs.workload.client.collects
        ends = {" ".join(completion_in_words(side.design, collects)) for side in (theirs, mine)}
        end = ends.pop() if len(ends) == 1 else "finished"
        for level in ("p50", "p95", "p99"):
            before, now = theirs.seconds[level], mine.seconds[level]
            words = (format_time(before), format_time(now), _signed_time(now - before))
            rows.append((f"{end}, {level}", *words))
        rows.append(("tightest limit", _limit_text(theirs.findings), _limit_text(mine.findings), ""))
        rows.append(
            ("requests over a limit", _breach_share(theirs.findings), _breach_share(mine.findings), "")
        )
        return _table(("what", self.column, "this one", "difference"), rows)

    def _choices(self) -> str:
        pairs = zip(self.theirs.design.options, self.mine.design.options, strict=True)
        rows = [
            (CONCERN_NAMES[mine.concern], best.summary, mine.summary)
            for best, mine in pairs
            if mine.id != best.id
        ]
        return _table(("choice", self.column, "this one"), rows, "words")

    def _bill(self) -> str:
        mine, theirs = by_service(self.mine.bill), by_service(self.theirs.bill)
        rows: list[tuple[str, ...]] = [
            (
                catalogue.service_name(service),
                format_usd(theirs.get(service, 0.0)),
                format_usd(mine.get(service, 0.0)),
                _usd_difference(theirs.get(service, 0.0), mine.get(service, 0.0)),
            )
            for service in sorted({*mine, *theirs}, key=lambda service: -mine.get(service, 0.0))
        ]
        usd = [float(side.bill.total_usd) for side in (self.theirs, self.mine)]
        rows.append(("in all", *map(format_usd, usd), _usd_difference(*usd)))
        lines = [
            (
                line.id,
                f"{format_number(float(line.quantity))} {line.unit}",
                line.as_of,
                format_usd(float(line.usd)),
            )
            for line in sorted(self.mine.bill.lines, key=lambda line: -line.usd)
        ]
        by_line = _table(("line", "a month", "price seen", "USD"), lines, "numbers")
        return (
            _table(("AWS service", self.column, "this one", "difference"), rows)
            + f"<details><summary>{format_count(len(lines), 'line')}</summary>{by_line}</details>"
        )


def _signed_time(seconds: float) -> str:
    if abs(seconds) < 5e-4:
        return SAME
    return f"{'+' if seconds > 0 else '-'}{format_time(abs(seconds))}"


def _usd_difference(before: float, now: float) -> str:
    """The difference of two amounts [USD]; amounts that are written alike are the same."""
    return SAME if format_usd(before) == format_usd(now) else format_signed_usd(now - before)


def _limit_text(rows: Sequence[Finding]) -> str:
    if not rows:
        return "none"
    finding = rows[0]
    return f"{catalogue.limit(finding.limit).name}, {use_of_limit_briefly(finding)} ({finding.verdict})"


def _breach_share(rows: Iterable[Finding]) -> str:
    """The largest share of requests that break a limit; quotas that are raised first do not count."""
    shares = (finding.breach_probability for finding in rows if finding.verdict is not Verdict.RAISE)
    return format_chance(max(shares, default=0.0))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """A table of texts; the first column names the rows."""
    return html_table(head, ([escape(cell) for cell in row] for row in rows), kind=kind)


# Lists --------------------------------------------------------------------------------------------


def _limit_list(r: Recommendation) -> tuple[str, str]:
    bars = limit_bars(r.answer.findings, {})
    title = f"All {len(r.answer.findings)} limits of {name_of_best(r.feasible)}"
    return title, f'<div class="x-limits">{bars}</div>'


def _reason_list(r: Recommendation) -> tuple[str, str]:
    """All reasons that exclude designs, each with the nearest design that it excludes."""
    reasons = listed_reasons(r)
    rows = "".join(
        f"<li><b>{escape(sentence(rejected_options_at_length(reason, r.nearest), ''))}</b>"
        f"<p>{escape(sentence(reason_in_words(reason), ''))}. "
        f"Rules out {format_count(reason.designs, 'design')}; the nearest: "
        f"{design_link(Design(**reason.nearest), r.nearest)}</p></li>"
        for reason in reasons
    )
    return (
        f"All {format_count(len(reasons), 'reason')} that rule designs out",
        f'<ul class="x-reasons">{rows}</ul>',
    )


def _design_list(r: Recommendation) -> tuple[str, str]:
    """Every feasible design compared with the recommended one, lowest score first."""
    others = r.answer.alternatives
    rows = (
        (
            design_link(Design(**other.design), r.nearest),
            format_usd(other.monthly_usd),
            _usd_difference(r.monthly_usd, other.monthly_usd),
            str(other.parts),
            format_time(other.latency_p50_s),
            format_time(other.latency_p95_s),
        )
        for other in others[:MOST_DESIGNS]
    )
    heads = ("instead of the chosen one", "USD a month", "more", "parts", "p50", "p95")
    rest = len(others) - MOST_DESIGNS
    note = f"<p>By cost, with each part counted as {format_usd(r.part_usd)} a month.</p>"
    note += f"<p>{rest:,} more follow.</p>" if rest > 0 else ""
    title = f"All {format_count(len(others), 'other feasible design')}"
    return title, html_table(heads, rows, kind="numbers") + note


def _change_list(r: Recommendation) -> tuple[str, str]:
    """Every value at which the recommendation changes, the nearest first."""
    changes = nearest_changes(r)
    rows = (
        (
            escape(_range_of_change(change) if change.value else sentence(change.says, "")),
            design_link(Design(**change.design), r.nearest) if change.design else no_design_beyond(change),
            escape(format_multiple_briefly(change.factor)) if change.factor else "",
        )
        for _, change in changes
    )
    title = f"All {format_count(len(changes), 'change')} of one value that would change the answer"
    moves = what_moves_along(r.workload, (change.axis for _, change in changes))
    note = f"<p>{escape(moves)}</p>" if moves else ""
    return title, html_table(("value", "then build it", "times today’s"), rows, kind="words") + note


def _range_of_change(change: BreakEven) -> str:
    """The values for which a change holds: "Run time above 6.18 s, up to 6.84 s"."""
    return ", ".join(filter(None, (value_of_change(change), change.end_in_words)))


LISTS = {"limits": _limit_list, "reasons": _reason_list, "designs": _design_list, "changes": _change_list}


def list_message(r: Recommendation, name: str) -> dict[str, str]:
    """The complete list behind a panel that shows only its first rows."""
    title, html = LISTS[name](r)
    return {"title": title, "html": html}
