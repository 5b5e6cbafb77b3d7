"""The outcomes of each design in the scenarios, and its regret if it is chosen now."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from explorer.analysis.phrases import label_design
from explorer.analysis.sensitivity.regret import gain, input_noun, pays, trades
from explorer.facts.units import format_share, format_usd
from explorer.facts.verdict import Verdict

from .sensitivity import bare_rows, without_formulas
from .style import BLUE, FAINT, INK, VERDICTS, Picture, canvas, colour_key, in_house_style, subtitle

if TYPE_CHECKING:
    from explorer.analysis.sensitivity.regret import DesignRegret, Regret

OUTCOMES = (
    ("best", BLUE, ""),
    ("dearer", "#f7dca0", ".."),
    ("late", "#ecc9dc", "\\\\\\\\"),
    ("breaks", "#f3bf9c", "////"),
)
OUTCOME_WORDS = {"best": "the best", "dearer": "feasible, not the best", "late": "late", "breaks": "breaks"}
MOST, SELDOM = 7, 0.005  # most designs shown; least share of scenarios won
ROW_IN, LINE_IN = 0.62, 0.16  # height of a row, and of a line of its label
LETTERS, LINES = 42, 3  # of a label


@in_house_style
def regrets(r: Regret) -> Picture:
    """Outcomes of designs in the scenarios: best, not best, late or broken; and regret.

    The first design is the one to choose without measuring: least regret among those that rarely fail.
    """
    rows = [row for row in r.designs if row.choice or row.recommended or row.best >= SELDOM][:MOST]
    notes = _worth_of_measuring(r)
    title = f"The regret of choosing now: {r.workload.name}"
    height = 1.4 + ROW_IN * max(len(rows), 1) + 0.17 * len(notes)
    picture, axes = canvas(
        height, without_formulas(title), f"{title}. {r.summary}", 0.32, 0.86, 0.42 + 0.17 * len(notes)
    )
    subtitle(picture, f"shares of {r.samples:,} scenarios; regret: what a design costs above the best of the"
                      " scenario, parts included, where it is feasible")  # fmt: skip
    box = axes.get_position()
    axes.set_position((box.x0, box.y0, box.width, box.height - 0.24 / height))
    axes.set_xlim(0, 1)
    bare_rows(axes, len(rows))
    axes.grid(axis="x")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.0f} %"))
    for row, judged in enumerate(rows):
        _draw_outcome(picture, axes, len(rows) - 1 - row, judged, _design_label(r, rows, judged))
    colour_key(picture, [(OUTCOME_WORDS[name], colour) for name, colour, _ in OUTCOMES], 0.32, 0.72)
    picture.text(0.871, 1 - 0.72 / height, "mean regret a month", size=8.5, va="center", color=FAINT)
    for line, note in enumerate(reversed(notes)):
        picture.text(0.012, (0.07 + 0.17 * line) / height, note, size=8.5, va="bottom", parse_math=False)
    return picture


def _design_label(r: Regret, rows: Sequence[DesignRegret], judged: DesignRegret) -> str:
    """The options of the first design; for others the difference from it."""
    by_name = {str(design): design for design in r.outcomes.designs}
    design, first = by_name[judged.design], by_name[rows[0].design]
    return label_design(design, first)


def _draw_outcome(picture: Picture, axes: Axes, y: int, judged: DesignRegret, design_label: str) -> None:
    """Draw one design: a bar of its outcomes, and its regret."""
    start = 0.0
    for name, colour, hatch in OUTCOMES:
        share = getattr(judged, name)
        axes.barh(y, share, left=start, height=0.56, color=colour, hatch=hatch, ec="white", lw=0.6, zorder=3)
        if share > 0.055:
            ink = "white" if colour == BLUE else INK
            back = (
                None
                if colour == BLUE
                else {"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.8}
            )
            axes.text(start + share / 2, y, format_share(round(share, 3)), ha="center", va="center", size=8,
                      color=ink, zorder=5, bbox=back)  # fmt: skip
        start += share
    place: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center"}
    _outcome_label(axes, y, design_label, judged, place)
    if np.isfinite(judged.mean_regret_usd):
        weight = "bold" if judged.choice or judged.recommended else "normal"
        axes.text(1.02, y + 0.16, format_usd(judged.mean_regret_usd), size=9.5, weight=weight, **place)
        axes.text(1.02, y - 0.18, f"p95 {format_usd(judged.p95_regret_usd)}", size=7.5, color=FAINT, **place)
    else:
        axes.text(1.02, y, "never feasible", size=8.5, color=VERDICTS[Verdict.BREACH][2], **place)


def _outcome_label(axes: Axes, y: int, name: str, judged: DesignRegret, place: dict[str, Any]) -> None:
    """A design's name, and below it whether it is the recommended one or the one of least regret."""
    role = {
        "best at today's values": judged.recommended,
        "to choose while nothing is measured": judged.choice,
    }
    under = ", ".join(word for word, holds in role.items() if holds)
    wrap: dict[str, Any] = {"break_on_hyphens": False, "max_lines": LINES, "placeholder": "..."}
    lines = textwrap.wrap(name, LETTERS, **wrap)
    count = len(lines) + bool(under)
    weight = "bold" if judged.choice else "normal"
    line_height = LINE_IN / ROW_IN
    top = y + line_height * (count - 1) / 2
    for line, text in enumerate(lines):
        axes.text(-0.02, top - line_height * line, text, ha="right", size=8.5, weight=weight, **place)
    axes.text(-0.02, top - line_height * (count - 1), under, ha="right", size=7.5, color=FAINT, **place)


def _worth_of_measuring(r: Regret) -> list[str]:
    """Note the value of measuring everything, and the inputs worth measuring alone."""
    if not r.measurements or not r.measurements[0].significant:
        return ["Measuring first would change nothing that these scenarios can tell."]
    everything, *each = r.measurements
    paying = [f"{input_noun(row)} alone: {gain(row)}" for row in each if pays(row)][:3]
    trading = [f"{input_noun(row)} alone would trade: {gain(row)}" for row in each if trades(row)][:1]
    others = "no other input alone pays" if paying else "no input alone pays"
    worth_text = "; ".join(
        [f"Worth of measuring first, everything: {gain(everything)}", *paying, others, *trading]
    )
    return textwrap.wrap(worth_text + ".", 165)
