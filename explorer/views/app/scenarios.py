"""Scenarios: named workloads, with their answers side by side in one table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from typing import Any

from explorer.analysis.phrases import besides_pattern, pattern_name, sentence, used_share
from explorer.analysis.recommendation import Recommendation, recommend
from explorer.analysis.watched_limit import watched_limit
from explorer.errors import ExplorerError
from explorer.facts import catalogue
from explorer.facts.units import format_rough_share, format_time, format_usd
from explorer.views.report.front_page import verdict_cell, watched_limit_tile

from .history import State
from .html import html_table
from .screen_state import Difference, difference_html, workload_difference_rows

MOST_SCENARIOS = 6
MOST_DIFFERENCES = 3  # visible at once
LONGEST_NAME = 40  # characters
FULL = f"{MOST_SCENARIOS} scenarios are the most: remove one to keep another."
EMPTY = "No scenario yet. Name the workload as it is, change it, and name it again."
NOTE = "The first one is what the others are held against. Bold: the least of those that are feasible."
HEADS = (
    *("scenario", "what to build", "differs from the first", "USD a month", "parts", "p50", "p95"),
    *("tightest limit", "verdict", "change"),
)
COLUMNS = (  # of the file
    *("scenario", "workload", "feasible", "verdict", "pattern", "design", "differs_from_first"),
    *("monthly_usd", "parts", "latency_p50_s", "latency_p95_s"),
    *("tightest_limit", "tightest_limit_used_share", "tightest_limit_breach_probability"),
)
FORMULAS = "=+-@"  # characters with which a spreadsheet formula begins


@dataclass(frozen=True)
class Scenario:
    """A named workload."""

    name: str
    state: State

    @cached_property
    def r(self) -> Recommendation:
        """The answer for the workload."""
        return recommend(self.state.workload)


class Scenarios:
    """The scenarios of a screen, in the order of their creation."""

    def __init__(self, rows: Iterable[Scenario] = ()) -> None:
        self._rows: list[Scenario] = []
        for scenario in rows:
            self.add(scenario.name, scenario.state)

    def __iter__(self) -> Iterator[Scenario]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, name: str, state: State) -> None:
        """Add a named workload. Raises ExplorerError if there are too many, or the name is invalid."""
        if len(self) >= MOST_SCENARIOS:
            raise ExplorerError(FULL)
        self._rows.append(Scenario(self._checked_name(name), state))

    def rename(self, name: str, new_name: str) -> None:
        """Rename a scenario. Raises ExplorerError if it does not exist, or the name is invalid."""
        scenario = self.take(name)
        if _plain_name(new_name) != name:
            self._rows[self._rows.index(scenario)] = replace(scenario, name=self._checked_name(new_name))

    def remove(self, name: str) -> None:
        """Remove a scenario. Raises ExplorerError if it does not exist."""
        self._rows.remove(self.take(name))

    def take(self, name: str) -> Scenario:
        """The scenario with a name. Raises ExplorerError if it does not exist."""
        for scenario in self:
            if scenario.name == name:
                return scenario
        raise ExplorerError(f'no scenario is called "{name}"')

    def _checked_name(self, text: str) -> str:
        name = _plain_name(text)
        if not name or len(name) > LONGEST_NAME:
            raise ExplorerError(f'the name is "{name}": expected 1 to {LONGEST_NAME} letters')
        if any(scenario.name == name for scenario in self):
            raise ExplorerError(f'a scenario is called "{name}" already: expected another name')
        return name

    # Side by side ---------------------------------------------------------------------------------

    def to_dict(self, now: State) -> dict[str, Any]:
        """All scenarios for the browser; `now` is the current workload."""
        count = len(self)
        return {
            "html": self._table(now) if count else f"<p>{escape(EMPTY)}</p>",
            "count": count,
            "note": NOTE if count else "",
            "full": FULL if count >= MOST_SCENARIOS else "",
            "proposal": self._proposal(),
            "longest": LONGEST_NAME,
        }

    def _proposal(self) -> str:
        names = {scenario.name for scenario in self}
        proposals = ("Today", *(f"Scenario {number}" for number in range(2, MOST_SCENARIOS + 2)))
        return next(name for name in proposals if name not in names)

    def _table(self, now: State) -> str:
        figures = [_figure_texts(scenario.r) for scenario in self]
        least = [self._least(column) for column in range(len(figures[0]))]
        rows = (
            [
                _name_html(scenario, scenario.state == now),
                *(
                    f'<span class="label" aria-hidden="true">{escape(head)}</span>{cell}'
                    for head, cell in zip(HEADS[1:], self._cells(scenario, texts, least), strict=True)
                ),
            ]
            for scenario, texts in zip(self, figures, strict=True)
        )
        return html_table(HEADS, rows, "Scenarios")

    def _cells(self, scenario: Scenario, figures: tuple[str, ...], least: list[str]) -> Iterator[str]:
        """The cells of a row after its name, as HTML."""
        r = scenario.r
        yield _pattern_html(r)
        yield self._differences_html(scenario)
        for text, best in zip(figures, least, strict=True):
            is_best = r.feasible and text == best
            yield f'<b title="the least">{escape(text)}</b>' if is_best else escape(text)
        verdict = verdict_cell(r)
        yield _limit_html(r)
        yield f'<span class="{"good" if r.feasible else "bad"}">{escape(verdict.text)}</span>'
        name = escape(scenario.name)
        yield "".join(
            f'<button type="button" class="x-button" data-{do}="{name}"'
            f' aria-label="{text} {name}">{text}</button>'
            for do, text in (("rename", "Rename"), ("remove", "Remove"))
        )

    def _least(self, column: int) -> str:
        """The text of the lowest value of a column among the feasible rows; "" if all are equal."""
        pairs = [
            (_figures(scenario.r)[column], _figure_texts(scenario.r)[column])
            for scenario in self
            if scenario.r.feasible
        ]
        return min(pairs)[1] if len({text for _, text in pairs}) > 1 else ""

    def _differences(self, scenario: Scenario) -> list[Difference]:
        """The fields in which a scenario's workload differs from the first one."""
        first, workload = self._rows[0].state.workload, scenario.state.workload
        other = [("Workload", first.name, workload.name)] if workload.name != first.name else []
        return [*other, *workload_difference_rows(workload, first)]

    def _differences_html(self, scenario: Scenario) -> str:
        if scenario is self._rows[0]:
            return "<small>the first</small>"
        rows = self._differences(scenario)
        if not rows:
            return "<small>nothing</small>"
        html, rest = difference_html(rows[:MOST_DIFFERENCES]), rows[MOST_DIFFERENCES:]
        if rest:
            html += f"<details><summary>{len(rest)} more</summary>{difference_html(rest)}</details>"
        return html

    def to_csv(self) -> bytes:
        """All scenarios as CSV, numbers in USD and seconds."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for scenario in self:
            r = scenario.r
            differences = "; ".join(f"{name} {a} → {b}" for name, a, b in self._differences(scenario))
            names = [scenario.name, r.workload.name, "yes" if r.feasible else "no", verdict_cell(r).text]
            names += [pattern_name(r.nearest), str(r.nearest), differences]
            writer.writerow([*map(_cell_text, names), *_figures(r), *_limit_cells(r)])
        return text.getvalue().encode()


def _plain_name(text: str) -> str:
    return " ".join(text.split())


def _figures(r: Recommendation) -> tuple[float, ...]:
    return (r.monthly_usd, r.parts, r.latency_s["p50"], r.latency_s["p95"])


def _figure_texts(r: Recommendation) -> tuple[str, ...]:
    p50, p95 = (format_time(r.latency_s[level]) for level in ("p50", "p95"))
    return (format_usd(r.monthly_usd), str(r.parts), p50, p95)


def _limit_cells(r: Recommendation) -> tuple[str, float, float] | tuple[str, str, str]:
    finding = watched_limit(r.answer)
    if finding is None:
        return ("", "", "")
    return (catalogue.limit(finding.limit).title, used_share(finding), finding.breach_probability)


def _name_html(scenario: Scenario, is_now: bool) -> str:
    """A scenario's name as a button that opens it."""
    name = escape(scenario.name)
    note = " <small>on the screen</small>" if is_now else ""
    button = f'<button type="button" class="n open" data-load="{name}" title="Turn this one">{name}</button>'
    return f"{button}{note}"


def _pattern_html(r: Recommendation) -> str:
    others = besides_pattern(r.nearest)
    note = f" <small>with {escape(others)}</small>" if others else ""
    miss = "" if r.feasible else "<small>the nearest miss:</small> "
    return f"{miss}{escape(sentence(pattern_name(r.nearest), ''))}{note}"


def _limit_html(r: Recommendation) -> str:
    """How much of the tightest limit is used, or how many requests break it."""
    tile, finding = watched_limit_tile(r), watched_limit(r.answer)
    text = tile.text
    if finding is not None and text == format_rough_share(used_share(finding)):
        text += " of the limit" if text.endswith("%") else " the limit"
    return f"{escape(text)} <small>{escape(tile.note)}</small>"


def _cell_text(text: str) -> str:
    """A text that spreadsheets do not read as a formula."""
    return f"'{text}" if text.startswith(tuple(FORMULAS)) else text
