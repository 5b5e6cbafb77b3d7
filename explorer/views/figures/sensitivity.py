"""Uncertain inputs: which one moves the answer, and where the design changes or breaks."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from explorer.analysis.phrases import cause_in_words, change_in_words, name_design
from explorer.analysis.sensitivity.tornado import FAILS
from explorer.facts.units import format_factor, format_usd_briefly
from explorer.facts.verdict import Verdict

from .style import (
    BLUE,
    FAINT,
    INK,
    VERDICTS,
    Picture,
    canvas,
    colour_key,
    in_house_style,
    log_ticks,
    shorten,
    subtitle,
    text_width,
    usd_tick,
)

if TYPE_CHECKING:
    from explorer.analysis.sensitivity.ranges import Range
    from explorer.analysis.sensitivity.tornado import Path, Sensitivity

ROW_IN = 0.44
WIDE = 20.0  # ratio of the highest to the lowest cost above which the axis is logarithmic
MOST_TICKS = 5
LETTER = 0.0175  # width of a character of an amount [share of the plot]
LESS, MORE = "#a9cde6", BLUE  # cost at the input's low end, and at its high end
STATES = (("#d5ebf8", ""), ("#f7dca0", ".."), ("#f3bf9c", "////"))  # best; another is better; fails
INKS = (INK, "#855a00", VERDICTS[Verdict.BREACH][2])
NAMES = ("the best", "another design is better", "breaks or is late")
LEAST_USD = 0.01  # end of an axis; less than a cent is drawn in fractions of a cent
SLIGHT = 0.01  # of today's cost; smaller swings are not drawn


@in_house_style
def tornado(s: Sensitivity) -> Picture:
    """The effect of each input on the cost of a design, and where the design is not the best or breaks.

    Bars go from the cost at the low end of an input to the cost at its high end, around today's cost. A strip
    beside each shows the same range: where the design is best, where another is, where it breaks or is late.
    """
    rows = [
        (input_range, path)
        for input_range, path in zip(s.ranges, s.paths, strict=True)
        if _matters_to_cost(s, path)
    ]
    none = [
        input_range.label
        for input_range, path in zip(s.ranges, s.paths, strict=True)
        if not _matters_to_cost(s, path)
    ]
    title = f"What moves the answer: {s.workload.name}"
    notes = (
        textwrap.wrap(f"Under 1 % of the cost, and no other design: {', '.join(none)}", 165) if none else []
    )
    height = 1.45 + ROW_IN * max(len(rows), 1) + 0.16 * len(notes)
    picture, axes = canvas(
        height, without_formulas(title), f"{title}. {s.summary}", 0.225, 0.565, 0.55 + 0.16 * len(notes)
    )
    box = axes.get_position()
    top = box.y1 - 0.2 / height
    axes.set_position((box.x0, box.y0, box.width, top - box.y0))
    strip = picture.add_axes((0.625, box.y0, 0.355, top - box.y0))
    subtitle(picture, name_design(s.design), end=f": {format_usd_briefly(s.monthly_usd)} a month")
    _cost_bars(axes, rows, s.monthly_usd)
    _range_strips(picture, strip, rows, s)
    colour_key(picture, [("input low", LESS), ("input high", MORE)], 0.225, 0.70)
    colour_key(
        picture, [(name, colour) for name, (colour, _) in zip(NAMES, STATES, strict=True)], 0.625, 0.70
    )
    for line, note in enumerate(reversed(notes)):
        picture.text(
            0.012, (0.06 + 0.16 * line) / height, note, size=8, color=FAINT, va="bottom", parse_math=False
        )
    return picture


def without_formulas(text: str) -> str:
    """A text whose dollar signs do not start a formula."""
    return text.replace("$", r"\$")


def _matters_to_cost(s: Sensitivity, path: Path) -> bool:
    swing = float(np.ptp(path.usd))
    return swing > SLIGHT * s.monthly_usd or len(set(path.state.tolist())) > 1


def bare_rows(axes: Axes, rows: int) -> None:
    """Set up a number of rows, with an empty axis."""
    axes.set_ylim(-0.55, max(rows, 1) - 0.45)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _cost_bars(axes: Axes, rows: Sequence[tuple[Range, Path]], today: float) -> None:
    """Draw bars from the cost at one end to that at the other, with the amounts."""
    ends = [usd for _, path in rows for usd in (path.usd[0], path.usd[-1])] or [today]
    low, high = min([*ends, today]), max([*ends, today])
    bare_rows(axes, len(rows))
    axes.grid(axis="x")
    axes.set_xlabel("USD a month")
    longest = max((_longest_sum(path) for _, path in rows), default=6)
    room = LETTER * longest + 0.03
    room = room / (1 - 2 * room)  # converted to a share of the range of costs
    if 0 < low < high / WIDE:
        axes.set_xscale("log")
        axes.set_xlim(low * (low / high) ** room, high * (high / low) ** room)
        log_ticks(axes.xaxis, "usd")
    else:
        room *= max(high - low or today, LEAST_USD)
        axes.set_xlim(low - room, high + room)
        axes.xaxis.set_major_locator(MaxNLocator(4, prune="both"))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda usd, _: usd_tick(usd)))
    for row, (input_range, path) in enumerate(rows):
        y = len(rows) - 1 - row
        place: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "ha": "right", "va": "center"}
        axes.text(-0.03, y + 0.14, input_range.label, size=9, weight="bold", **place)
        words = (input_range.format_value(end) for end in (input_range.low, input_range.high))
        axes.text(-0.03, y - 0.2, " to ".join(words), size=7.5, color=FAINT, **place)
        _cost_bar(axes, y, path, today)
    axes.axvline(today, color=INK, lw=1.0, zorder=4)


def _longest_sum(path: Path) -> int:
    """The length of the longest amount of a bar."""
    return max(len(_sum_text(path, end)) for end in (0, -1))


def _sum_text(path: Path, end: int) -> str:
    return format_usd_briefly(float(path.usd[end])) + (" fails" if path.state[end] == FAILS else "")


def _cost_bar(axes: Axes, y: int, path: Path, today: float) -> None:
    """Draw the two ends around today's cost; if both are on one side, the nearer has no amount."""
    sides: set[bool] = set()
    for end in sorted((0, -1), key=lambda end: -abs(path.usd[end] - today)):
        usd, more = float(path.usd[end]), bool(path.usd[end] > today)
        axes.barh(y, usd - today, left=today, height=0.56, color=MORE if end else LESS, zorder=3)
        if abs(usd - today) < 1e-3 * today or more in sides:
            continue
        sides.add(more)
        fails = path.state[end] == FAILS
        axes.annotate(_sum_text(path, end), (usd, y), (4 if more else -4, 0),
                      textcoords="offset points", ha="left" if more else "right", va="center", size=7.5,
                      color=INKS[FAILS] if fails else INK, zorder=5)  # fmt: skip


def _range_strips(picture: Picture, axes: Axes, rows: Sequence[tuple[Range, Path]], s: Sensitivity) -> None:
    """Draw each range in multiples of today's value, with the design's outcome along it."""
    factors = [path.values / input_range.now for input_range, path in rows] or [np.array([0.5, 2.0])]
    low, high = min(f.min() for f in factors), max(f.max() for f in factors)
    axes.set_xscale("log")
    axes.set_xlim(min(low, 0.97), max(high, 1.03))
    bare_rows(axes, len(rows))
    base = next(b for b in (2.0, 4.0, 10.0, 100.0, 1e4) if np.log(high / low) / np.log(b) <= MOST_TICKS)
    powers = [base**power for power in range(-40, 41) if low * 0.999 <= base**power <= high * 1.001]
    axes.xaxis.set_major_locator(FixedLocator(sorted({1.0, *powers})))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda factor, _: _multiple_ticks(factor)))
    axes.set_xlabel("times today's value")
    for row, ((_, path), factor) in enumerate(zip(rows, factors, strict=False)):
        _range_strip(picture, axes, len(rows) - 1 - row, path, factor, s)
    axes.axvline(1.0, color=INK, lw=1.0, zorder=4)


def _multiple_ticks(factor: float) -> str:
    if abs(factor - 1) < 1e-9:
        return "today"
    return format_factor(factor, "x")


def _state_runs(path: Path) -> Iterator[tuple[int, int, int]]:
    """(state, first point, last point) of each run of equal states."""
    for state, run in groupby(range(len(path.state)), lambda i: int(path.state[i])):
        inside = list(run)
        yield state, inside[0], inside[-1]


def _range_strip(
    picture: Picture, axes: Axes, y: int, path: Path, factor: np.ndarray, s: Sensitivity
) -> None:
    edges = np.sqrt(factor[1:] * factor[:-1])
    edges = np.concatenate((factor[:1], edges, factor[-1:]))
    for state, first, last in _state_runs(path):
        colour, hatch = STATES[state]
        start, end = edges[first], edges[last + 1]
        axes.barh(
            y, end - start, left=start, height=0.56, color=colour, hatch=hatch, ec="white", lw=0, zorder=3
        )
        if state:
            _stretch_reason(picture, axes, y, (start, end), INKS[state], _failure_text(path, first, state, s))


def _failure_text(path: Path, point: int, state: int, s: Sensitivity) -> str:
    """The broken limit, or the difference of the better design."""
    if state == FAILS:
        return cause_in_words(path.because[point])
    better = path.designs[point]
    return change_in_words(better, s.design) if better else ""


def _stretch_reason(
    picture: Picture, axes: Axes, y: int, ends: tuple[float, float], ink: str, reason_text: str
) -> None:
    """The reason inside its stretch if it fits, else beside it, away from today first, else across it."""
    limits = axes.get_xlim()
    start, end = ((np.log(e) - np.log(limits[0])) / np.log(limits[1] / limits[0]) for e in ends)
    style: dict[str, Any] = {"size": 7.5, "color": ink, "va": "center", "zorder": 6,
                             "transform": axes.get_yaxis_transform()}  # fmt: skip
    text = axes.text((start + end) / 2, y, shorten(reason_text, 44), ha="center", **style)
    width = text_width(picture, text) / axes.get_position().width
    text.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.92, "pad": 0.6})
    if width < end - start:
        return
    fits_before, fits_after = start - width >= 0.01, end + width < 0.99
    if not (fits_before or fits_after):
        text.set_x(min(max((start + end) / 2, width / 2), 1 - width / 2))
        return
    is_later = ends[0] * ends[1] > 1
    after = fits_after if is_later else not fits_before
    text.set_x(end + 0.012 if after else start - 0.012)
    text.set_horizontalalignment("left" if after else "right")
