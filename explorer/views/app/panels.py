"""The panels of an answer as HTML: recommendation, limits used, excluded options, possible changes.

Bars are HTML elements, not pictures: the browser draws them in its theme, and screen readers can read their
text. The figures of `explorer.views.figures` show the same numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape

import numpy as np

from explorer.analysis.break_evens import BreakEven
from explorer.analysis.open_size import size_sentence
from explorer.analysis.phrases import (
    change_briefly,
    completion_in_words,
    endpoint_name,
    rejected_options_briefly,
    sentence,
    use_of_limit_briefly,
)
from explorer.analysis.recommendation import Recommendation
from explorer.analysis.rejections import Rejection
from explorer.analysis.summary import (
    misses_of_nearest,
    part_price_sentence,
    public_address_sentence,
    quota_sentence,
    unconfirmed_limit_sentences,
    ways_out_sentence,
)
from explorer.engine.designs import Design
from explorer.engine.limits import Finding
from explorer.facts import catalogue
from explorer.facts.units import (
    format_chance_briefly,
    format_count,
    format_multiple_briefly,
    format_number,
    format_quantity,
    format_share,
    format_time,
    format_usd,
    plural,
)
from explorer.facts.verdict import Verdict
from explorer.workload.fields import fields_with

from .html import design_link, list_button, number_button, panel_title, term
from .screen_state import workload_differences

LIMITS, REASONS, CHANGES = 8, 5, 4  # rows of each panel
MISSES = 2  # of the nearest miss, in its note
LEAST_ROWS, LEAST_CHANGES = 3, 2  # rows visible on every screen
LEAST, DECADES = 1e-3, 4.0  # the scale begins at 0.1 % of a limit and ends at ten times the limit
SAID_AS_FACTOR = 2.0  # from this multiple of a limit, the use is shown as a factor
AT_LIMIT = 100 * 3 / DECADES  # position of the limit on the scale [%]
AXES = {  # names of the break-evens' axes on the screen
    record.path: record.label for record in fields_with("break_evens")
}
CONCERNS = {
    "edge": "Edge",
    "door": "Door",
    "request": "Request",
    "response": "Response",
    "compression": "Compression",
    "execution": "Work",
    "initialization": "Start",
    "configuration": "Configuration",
}


def name_of_best(feasible: bool) -> str:
    """What the design is that the screen shows: the one chosen, or the nearest miss."""
    return "the chosen design" if feasible else "the nearest miss"


def answer_panel(r: Recommendation, beside: Recommendation | None = None) -> str:
    """The recommendation and its four numbers; `beside` is the compared answer."""
    name = escape(r.workload.name)
    heading = f"Build {escape(endpoint_name(r.nearest))}" if r.feasible else "Nothing is feasible"
    heading += f" for <b>{name}</b>"
    kind = "" if r.feasible else ' class="no"'
    head = f"<header><h2{kind}>{heading}</h2></header>"
    note = _comparison(r, beside) if beside else _answer_note(r)
    return f"{head}{_number_tiles(r, beside)}{_choice_lines(r.nearest, beside)}{note}"


def _comparison(r: Recommendation, beside: Recommendation) -> str:
    """The differences from the compared workload, and a button to switch to it."""
    swap = '<button type="button" class="x-button" data-do="swap">Go to A</button>'
    differences = workload_differences(r.workload, beside.workload)
    return f'<p class="note against"><span>A to this: {differences}</span>{swap}</p>'


def _number_tiles(r: Recommendation, beside: Recommendation | None) -> str:
    what, _ = completion_in_words(r.nearest, r.workload.client.collects)
    tiles = (
        ("usd", format_usd, "a month" if r.feasible else "a month, the nearest miss"),
        ("parts", str, term(plural(r.parts, "moving part"), "part")),
        ("p50", format_time, f"half of {what}"),
        ("p95", format_time, f"95 % of {what}"),
    )
    values, others = _key_figures(r), _key_figures(beside) if beside else {}
    boxes = []
    for key, value_text, unit in tiles:
        miss = ", a nearest miss" if key == "usd" and beside and not beside.feasible else ""
        other = f'<small class="a">A {escape(value_text(others[key]))}{miss}</small>' if beside else ""
        boxes.append(
            f"<div>{number_button(value_text(values[key]), key, kind='big')}<span>{unit}</span>{other}</div>"
        )
    return f'<div class="x-numbers">{"".join(boxes)}</div>'


def _key_figures(r: Recommendation) -> dict[str, float]:
    seconds = r.latency_s
    return {"usd": r.monthly_usd, "parts": r.parts, "p50": seconds["p50"], "p95": seconds["p95"]}


def _choice_lines(design: Design, beside: Recommendation | None) -> str:
    """The eight choices in words, one line each."""
    rows = []
    for option in design.options:
        other = beside.nearest.option(option.concern) if beside else option
        was = f' <small class="a">A {escape(other.name)}</small>' if other.id != option.id else ""
        button = number_button(sentence(option.name, ""), f"option:{option.concern}", kind="id")
        option_text = "" if option.summary.endswith(option.name) else escape(option.summary)
        kind = "" if option.phrase or was else " class=plain"
        concern = term(CONCERNS[option.concern], option.concern)
        choice = f"{button} <span>{option_text}</span>{was}"
        rows.append(f"<dt{kind}>{concern}</dt><dd{kind}>{choice}</dd>")
    return f'<dl class="x-choices-made">{"".join(rows)}</dl>'


def _answer_note(r: Recommendation) -> str:
    """What belongs to the answer, as in its summary; or why no design is feasible."""
    if not r.feasible:
        return f'<p class="note">The nearest miss is shown. {escape(_misses_briefly(r))}</p>'
    notes = (
        quota_sentence(r.answer),
        public_address_sentence(r.answer),
        size_sentence(r.answer),
        unconfirmed_limit_sentences(r.answer),
        part_price_sentence(r.answer),
    )
    return f'<p class="note">{escape(" ".join(filter(None, notes)))}</p>'


def _misses_briefly(r: Recommendation) -> str:
    """The first limits and promises that the nearest miss breaks, and how many more there are."""
    misses = misses_of_nearest(r.answer)
    rest = len(misses) - MISSES
    more = f"; and {rest} more" if rest > 0 else ""
    return f"{sentence('; '.join(misses[:MISSES]), '')}{more}."


def limits_panel(r: Recommendation, beside: Recommendation | None = None) -> str:
    """The use of limits as bars on a log scale, with the limit at the same position in each."""
    others = {finding.limit: finding for finding in beside.answer.findings} if beside else {}
    count = len(r.answer.findings)
    note = list_button(f"All {count} limits", "limits") if count > LEAST_ROWS else ""
    head = panel_title(
        "Limits used" if r.feasible else "Limits used by the nearest miss",
        '<span class="x-key"><i class="dark"></i>p50 <i class="light"></i>p99</span>',
    )
    return f"{head}{limit_bars(r.answer.findings[:LIMITS], others)}{note}"


def limit_bars(rows: Iterable[Finding], others: Mapping[str, Finding]) -> str:
    """Limits as bars on one scale; `others` are those of the compared answer, by id."""
    marks = ((25, "1 %"), (50, "10 %"), (AT_LIMIT, "limit"), (100, "10\u202f×"))
    scale = "".join(f'<span style="left:{place:.4g}%">{text}</span>' for place, text in marks)
    bars = "".join(_limit_bar(finding, others.get(finding.limit)) for finding in rows)
    columns = '<em>over it</em><em class="share">p99</em>'
    return f'<div class="x-scale"><div>{scale}</div>{columns}</div><ul class="x-rows">{bars}</ul>'


def _limit_bar(finding: Finding, other: Finding | None) -> str:
    row = catalogue.limit(finding.limit)
    p50, p99 = (_track_percent(use, finding.limit_value) for use in (finding.used_p50, finding.used_p99))
    over = format_chance_briefly(finding.breach_probability)
    share = _share_of_limit(finding.used_p99 / finding.limit_value) if finding.limit_value else ""
    word = "" if finding.verdict == Verdict.FITS else f"{finding.verdict} {over}".strip()
    ghost = (
        f'<i class="a" style="left:{_track_percent(other.used_p99, other.limit_value):.2f}%"></i>'
        if other
        else ""
    )
    return (
        f'<li class="{finding.verdict}" data-why="limit:{escape(finding.limit)}">'
        f'<div><span class="name">{escape(row.name)}</span>'
        f"{number_button(use_of_limit_briefly(finding), f'limit:{finding.limit}')}</div>"
        f'<div><div class="track"><i class="light" style="width:{p99:.2f}%"></i>'
        f'<i class="dark" style="width:{p50:.2f}%"></i>{ghost}<b style="left:{AT_LIMIT:g}%"></b></div>'
        f"<em>{escape(word)}</em><em class=share>{escape(share)}</em></div></li>"
    )


def _share_of_limit(share: float) -> str:
    """The use of a limit, in at most eight characters.

    >>> _share_of_limit(0.045), _share_of_limit(49_666.7), _share_of_limit(1e-7)
    ('4.5 %', '49,700 ×', '< 0.1 %')
    """
    if not np.isfinite(share):
        return "endless"
    if share >= SAID_AS_FACTOR:
        return f"{format_number(float(f'{share:.3g}'))} ×"
    return "< 0.1 %" if 0 < share < LEAST else format_share(share)


def _track_percent(use: float, limit: float) -> float:
    """The end of a bar on the scale [%]."""
    share = use / limit if limit else np.inf
    if not share > LEAST:
        return 0.0
    return float(min(100.0, 100 * np.log10(share / LEAST) / DECADES))


def rejections_panel(r: Recommendation) -> str:
    """The excluded options, and the limit or promise that excludes them."""
    reasons = list(r.answer.rejections)
    rows = "".join(_rejection_item(reason, r) for reason in reasons[:REASONS])
    count = len(listed_reasons(r))
    note = list_button(f"All {count} reasons", "reasons") if count > LEAST_ROWS else ""
    return panel_title("Ruled out") + (
        f'<ul class="x-list">{rows}</ul>{note}' if rows else "<p>Nothing is ruled out.</p>"
    )


def listed_reasons(r: Recommendation) -> list[Rejection]:
    """The reasons of the complete list: those that rule an option out by itself."""
    return [reason for reason in r.answer.rejections if reason.kind != "combination"]


def _rejection_item(reason: Rejection, r: Recommendation) -> str:
    options = design_link(Design(**reason.nearest), r.nearest, rejected_options_briefly(reason))
    key = f"reason:{reason.because}"
    reason_text, figure = escape(reason.why), format_count(reason.designs, "design")
    if reason.kind == "limit":
        row = catalogue.limit(reason.because)
        reason_text = f"{escape(format_quantity(row.value or 0.0, row.unit))}, {escape(row.name)}"
        figure = f"{format_chance_briefly(reason.breach_probability or 0.0) or 'some'} over"
    button = number_button(figure, key)
    return f'<li data-why="{escape(key)}"><span><b>{options}</b> {reason_text}</span>{button}</li>'


def break_evens_panel(r: Recommendation) -> str:
    """Where the recommendation changes, and to which design."""
    changes = nearest_changes(r)
    rows = "".join(_break_even_item(index, turn, r) for index, turn in changes[:CHANGES])
    title = "What would change the answer"
    ways = "" if r.feasible else ways_out_sentence(r.answer)
    if not rows:
        return f"{panel_title(title)}<p>{escape(ways or 'Nothing within reach.')}</p>"
    factor = f'<span class="x-key">{number_button("times today’s", "factors", kind="term")}</span>'
    count = len(changes)
    every = list_button(f"All {count} changes", "changes") if count > LEAST_CHANGES else ""
    marks = sorted(set(re.findall(r" (\+\d)<", rows)))
    meaning = "with one more choice changed" if marks == ["+1"] else "with so many more choices changed"
    mark = f'<span class="x-key">{", ".join(marks)}: {meaning}</span>' if marks else ""
    note = f'<p class="x-note">{every}{mark}</p>' if every or mark else ""
    first = f"<p>{escape(ways)}</p>" if ways else ""
    return f'{panel_title(title, factor)}{first}<ul class="x-list">{rows}</ul>{note}'


def nearest_changes(r: Recommendation) -> list[tuple[int, BreakEven]]:
    """The break-evens with their places in the answer, the nearest to today first."""
    return sorted(enumerate(r.answer.break_evens), key=lambda pair: pair[1].distance)


def value_of_change(turn: BreakEven) -> str:
    """The value of a break-even in words: "Response above 3 MB"."""
    return f"{AXES[turn.axis].removesuffix(' a month')} {turn.direction} {turn.value_in_words}"


def no_design_beyond(turn: BreakEven) -> str:
    """What stands in the place of a design where there is none."""
    return "nothing is feasible" if turn.value is not None else ""


def _break_even_item(index: int, turn: BreakEven, r: Recommendation) -> str:
    """The value, then the design beyond it."""
    key = f"turn:{index}"
    if turn.value is None:
        return f'<li data-why="{key}"><span class="whole">{escape(sentence(turn.says, ""))}</span></li>'
    then = no_design_beyond(turn)
    if turn.design:
        name, plus, more = change_briefly(turn.design, r.nearest).rpartition(" +")
        mark = f'<span class="mark">{plus}{more}</span>' if plus else ""  # whole where the name is cut
        then = design_link(Design(**turn.design), r.nearest, name or more) + mark
    button = number_button(format_multiple_briefly(turn.factor or 1.0), key)
    where = escape(value_of_change(turn))
    end = f"<small>{escape(turn.end_in_words)}</small>" if turn.until is not None else ""
    return f'<li data-why="{key}"><span class="turn">{where} → <b>{then}</b></span>{button}{end}</li>'
