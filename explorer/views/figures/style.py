"""The common look of all pictures: sizes, colours, tick labels, and a figure that displays itself."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from itertools import combinations
from typing import Any, ParamSpec

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.path import Path
from matplotlib.text import Annotation, Text
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from matplotlib.transforms import Bbox

from explorer.facts.units import format_number, format_percent, format_size, format_time, format_usd
from explorer.facts.verdict import Verdict

P = ParamSpec("P")
WIDTH_IN = 10.5
TITLE_WIDTH, BESIDE_OTHER = 0.97, 0.64  # of the picture: a line of its own, one beside other small print
ROW_IN = 0.46  # height of a bar with two lines of text
DPI = 100
AIR_PX = 2.0  # between a label and what is next to it

# Okabe and Ito's colours, distinguishable with any colour vision
ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#999999"
INK, FAINT, RULE = "#1f2328", "#59636e", "#d0d7de"
VERDICTS = {  # (bar at the p50, bar up to the p99, word): the words have 4.5:1 on white
    Verdict.FITS: (BLUE, "#a9cde6", "#005a8f"),
    Verdict.TIGHT: (ORANGE, "#f7dca0", "#855a00"),
    Verdict.RAISE: (PURPLE, "#ecc9dc", "#8f3f6e"),
    Verdict.BREACH: (VERMILION, "#f3bf9c", "#a84300"),
}
OTHER = "#5b5b5b"

STYLE: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
    "font.size": 9.5,
    "text.color": INK,
    "text.parse_math": False,  # dollar signs are money, not formulas
    "hatch.color": "#a49dbb",
    "hatch.linewidth": 0.6,
    "axes.edgecolor": RULE,
    "axes.labelcolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.linewidth": 0.8,
    "grid.color": "#eaeef2",
    "grid.linewidth": 0.8,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "explorer",
    "path.simplify": True,
}
LOOK = ["default", STYLE]  # ignores a notebook's own settings
UNDATED: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


class Picture(Figure):
    """A matplotlib figure that displays itself in a notebook and has a text description.

    Each save of the same figure gives the same bytes.
    """

    def __init__(self, height_in: float, alt: str) -> None:
        super().__init__(figsize=(WIDTH_IN, height_in))
        FigureCanvasAgg(self)
        self.alt = alt

    def __repr__(self) -> str:
        return f"Picture({self.alt})"

    def savefig(self, fname: Any, *, transparent: bool | None = None, **kwargs: Any) -> None:
        """Save as matplotlib does, in this style, without date and version."""
        kind = kwargs.get("format") or str(fname).rpartition(".")[2].lower()
        kwargs.setdefault("metadata", UNDATED.get(kind, {}))
        with style.context(LOOK):
            super().savefig(fname, transparent=transparent, **kwargs)

    def svg(self) -> str:
        """The picture as SVG, with text as text."""
        out = io.StringIO()
        self.savefig(out, format="svg")
        return out.getvalue()

    def png(self, dpi: float = DPI) -> bytes:
        """The picture as PNG with `dpi` dots per inch."""
        out = io.BytesIO()
        self.savefig(out, format="png", dpi=dpi)
        return out.getvalue()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, dict[str, int]]]:
        """PNG at double resolution in its nominal size; takes precedence over pyplot's formatter."""
        width, height = (round(inches * DPI) for inches in self.get_size_inches())
        image = b64encode(self.png(1.5 * DPI)).decode()
        size = {"image/png": {"width": width, "height": height}}
        return {"text/plain": repr(self), "image/png": image}, size


def in_house_style(draw: Callable[P, Picture]) -> Callable[P, Picture]:
    """Wrap `draw` so that it uses this style, whatever the notebook's settings."""

    @wraps(draw)
    def draw_in_style(*args: P.args, **kwargs: P.kwargs) -> Picture:
        with style.context(LOOK):
            return draw(*args, **kwargs)

    return draw_in_style


def canvas(
    height_in: float, title: str, alt: str, left: float, right: float, bottom_in: float = 0.5
) -> tuple[Picture, Axes]:
    """A picture with a title and one plot between `left` and `right` [share of the width]."""
    picture = Picture(height_in, alt)
    top_in = 0.62
    box = (left, bottom_in / height_in, right - left, 1 - (top_in + bottom_in) / height_in)
    axes = picture.add_axes(box)
    text = picture.text(0.012, 1 - 0.14 / height_in, title, size=12, weight="bold", va="top")
    if (width := text_width(picture, text)) > TITLE_WIDTH:
        text.set_text(shorten(title, int(len(title) * TITLE_WIDTH / width)))
    return picture, axes


def subtitle(
    picture: Picture, text: str, x: float = 0.012, end: str = "", room: float = TITLE_WIDTH, **style: Any
) -> None:
    """Draw one line of small print below the title: `text`, cut where it does not fit, and then `end`.

    `room` is the longest line [share of the width].
    """
    height = picture.get_size_inches()[1]
    line = picture.text(x, 1 - 0.40 / height, text + end, size=8.5, color=FAINT, va="top", **style)
    letters = len(text)
    while text_width(picture, line) > room and letters > 1:
        letters -= 1
        line.set_text(shorten(text, letters) + end)


def colour_key(picture: Picture, entries: Iterable[tuple[str, str]], x: float, y_in: float = 0.48) -> None:
    """Draw names with squares of their colours in a row [inches below the top], from `x` or further left."""
    width, height = picture.get_size_inches()
    y, gap = 1 - y_in / height, 0.16 / width
    texts = [(picture.text(0, y, name, size=8.5, va="center"), colour) for name, colour in entries]
    widths = [0.15 / width + text_width(picture, text) + gap for text, _ in texts]
    x = max(min(x, 1 - sum(widths)), 0.012)
    for (text, colour), own in zip(texts, widths, strict=True):
        picture.add_artist(_square(picture, x, y, colour))
        text.set_x(x + 0.15 / width)
        x += own


def _square(picture: Picture, x: float, y: float, colour: str) -> Rectangle:
    width, height = picture.get_size_inches()
    size = (0.11 / width, 0.11 / height)
    place = picture.transFigure
    return Rectangle((x, y - size[1] / 2), *size, facecolor=colour, transform=place)


def text_width(picture: Picture, text: Any) -> float:
    """The width of a drawn text [share of the picture]."""
    box = text.get_window_extent()
    return float(box.width / picture.bbox.width)


def shorten(text: str, most: int) -> str:
    """`text`, cut between words to at most `most` characters."""
    if len(text) <= most:
        return text
    return text[: most - 1].rsplit(" ", 1)[0].rstrip(",; ") + "…"


def spread_places(
    ideal_places: Sequence[float], gap: float, low: float = -np.inf, high: float = np.inf
) -> list[float]:
    """Positions as close as possible to `ideal_places`, at least `gap` apart and between `low` and `high`.

    Where there is no room for that, they are evenly spaced from `low` to `high`.
    """
    order = np.argsort(ideal_places, kind="stable")
    count = len(order)
    gap = min(gap, (high - low) / max(count - 1, 1))
    ranks = np.arange(count) * gap
    level = np.array(ideal_places, dtype=float)[order] - ranks  # ascending levels are places far enough apart
    out = np.empty(count)
    out[order] = np.clip(_ascending(level), low, high - (count - 1) * gap) + ranks
    return [float(place) for place in out]


def _ascending(levels: np.ndarray) -> np.ndarray:
    """The ascending values nearest to `levels`: neighbours in the wrong order meet at their mean."""
    blocks: list[tuple[float, int]] = []
    for level in levels.tolist():
        mean, size = level, 1
        while blocks and blocks[-1][0] > mean:
            before, its_size = blocks.pop()
            mean, size = (before * its_size + mean * size) / (size + its_size), size + its_size
        blocks.append((mean, size))
    return np.array([mean for mean, size in blocks for _ in range(size)])


def stack_piece(axes: Axes, y: float, start: float, width: float, colour: str, *texts: str) -> None:
    """Draw one segment of a stacked bar, with the first of `texts` that fits into it.

    The text is black or white, whichever is more readable.
    """
    (bar,) = axes.barh(y, width, left=start, height=0.6, color=colour, zorder=3, ec="white", lw=0.8)
    ink = ink_on(colour)
    style: dict[str, Any] = {"ha": "center", "va": "center", "size": 8, "color": ink, "zorder": 5}
    label = axes.text(start + width / 2, y, "", clip_on=True, **style)
    for text in texts:
        label.set_text(text)
        if label.get_window_extent().width + 2 * AIR_PX < bar.get_window_extent().width:
            return
    label.remove()


def ink_on(colour: str) -> str:
    """White or black text, whichever has the higher contrast on a colour (WCAG 2).

    >>> ink_on("#0072b2"), ink_on("#e09300")
    ('white', '#1f2328')
    """
    light, ground, dark = (_luminance(each) for each in ("white", colour, INK))
    return "white" if (light + 0.05) / (ground + 0.05) > (ground + 0.05) / (dark + 0.05) else INK


def _luminance(colour: str) -> float:
    """The relative luminance, 0 for black and 1 for white."""
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def settle(axes: Axes, label: Text, places: Iterable[Mapping[str, Any]]) -> bool:
    """Move a label to the first of `places` at which it lies on no line and no text, and inside the plot.

    Parameters
    ----------
    axes
        The plot, with its final limits and all of its lines.
    label
        A text of the plot.
    places
        Its properties at each place, such as `position` and `ha`; the first is taken if none is free.

    Returns
    -------
    Whether one of them was free.
    """
    every = list(places)
    for place in every:
        label.set(**place)
        if _is_clear(axes, label):
            return True
    label.set(**every[0])
    return False


def around(nearest_pt: float = 7.5) -> list[dict[str, Any]]:
    """Places of an annotation around its point [points], below and to the left first, the nearest first."""
    places: list[dict[str, Any]] = []
    for step in range(12):
        out = nearest_pt + 10 * step
        for across, up in ((out, out), (3 * out, out), (nearest_pt, out)) if step else ((out, out),):
            for position in ((-across, -up), (across, -up), (-across, up), (across, up)):
                side = "right" if position[0] < 0 else "left"
                height = "top" if position[1] < 0 else "bottom"
                places.append({"position": position, "ha": side, "va": height})
    return places


def uncross(axes: Axes, labels: Sequence[Annotation]) -> None:
    """Exchange the places of labels whose lines to their points would be shorter together, and so not cross.

    Parameters
    ----------
    axes
        The plot of the labels.
    labels
        Annotations, each with its place as an offset in points.
    """
    per_point = axes.figure.dpi / 72
    points = [axes.transData.transform(label.xy) / per_point for label in labels]
    for one, other in combinations(range(len(labels)), 2):
        ends = [points[at] + labels[at].get_position() for at in (one, other)]
        apart = [np.hypot(*(end - points[at])) for end, at in zip(ends, (one, other), strict=True)]
        swapped = [np.hypot(*(end - points[at])) for end, at in zip(ends, (other, one), strict=True)]
        if sum(swapped) < sum(apart):
            sides = [
                (label.get_horizontalalignment(), label.get_verticalalignment())
                for label in (labels[one], labels[other])
            ]
            for at, end, (ha, va) in zip((other, one), ends, sides, strict=True):
                labels[at].set(position=tuple(end - points[at]), ha=ha, va=va)


def _is_clear(axes: Axes, label: Text) -> bool:
    canvas: Any = axes.figure.canvas  # matplotlib's types do not know that Agg's has a renderer
    renderer = canvas.get_renderer()
    box, leader = _text_box(label, renderer), _leader(label, renderer)
    if not (axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1):
        return False
    if not (axes.bbox.y0 <= box.y0 and box.y1 <= axes.bbox.y1):
        return False
    others = [text for text in axes.texts if text is not label and text.get_text()]
    boxes = [_text_box(other, renderer) for other in others]
    dots = [dot for line in axes.lines if line.get_marker() != "None" for dot in _dot_boxes(line)]
    paths = [line.get_transform().transform_path(line.get_path()) for line in axes.lines]
    paths += [path for other in others if (path := _leader(other, renderer)) is not None]
    return not (
        any(box.overlaps(other) for other in (*boxes, *dots))
        or any(path.intersects_bbox(box, filled=False) for path in paths)
        or (leader is not None and any(leader.intersects_bbox(other, filled=False) for other in boxes))
    )


def _text_box(label: Text, renderer: Any) -> Bbox:
    """The box of a text without its leader [pixels], with a little air."""
    if isinstance(label, Annotation):
        label.update_positions(renderer)
    return Text.get_window_extent(label, renderer).padded(AIR_PX)


def _leader(label: Text, renderer: Any) -> Path | None:
    """The line from a label to its point [pixels]; None without one."""
    if not (isinstance(label, Annotation) and label.arrow_patch and label.arrow_patch.get_visible()):
        return None
    box = _text_box(label, renderer)
    middle = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    axes: Any = label.axes
    return Path([axes.transData.transform(label.xy), middle])


def _dot_boxes(line: Line2D) -> list[Bbox]:
    """The boxes of a line's markers [pixels]."""
    half = (line.get_markersize() + line.get_markeredgewidth()) / 2 * DPI / 72
    return [Bbox([at - half, at + half]) for at in line.get_transform().transform(line.get_xydata())]


# Numbers as people say them ---------------------------------------------------------------------


def short_number(number: float) -> str:
    """A rate in short form: "300 k", "3 M", "1.2 B"."""
    for factor, letter in ((1e12, " T"), (1e9, " B"), (1e6, " M"), (1e3, " k")):
        if number >= factor * (1 - 1e-9):
            return f"{number / factor:.3g}{letter}"
    return format_number(number)


WORDINGS: dict[str, Callable[[float], str]] = {
    "bytes": format_size,
    "seconds": format_time,
    "usd": format_usd,
    "requests": short_number,
    "share": format_percent,
}
TICKS = {
    "bytes": [m * 1024.0**p for p in range(5) for m in (1, 10, 100)],
    "seconds": [1e-3, 1e-2, 0.1, 1, 10, 60, 600, 3600, 36000, 86400 * 2, 864000, 8640000],
    "usd": [10.0**p for p in range(-6, 13)],
    "requests": [10.0**p for p in range(15)],
    "share": [10.0**p for p in range(-12, 13)],
}
FINE = {  # used if fewer than four ticks are in view
    "bytes": [m * 1024.0**p for p in range(5) for m in (1, 2, 5, 10, 20, 50, 100, 200, 500)],
    "seconds": [
        *(m * 10.0**p for p in range(-3, 1) for m in (1, 2, 5)),
        *(10, 20, 60, 120, 300, 600, 1200, 3600, 7200, 18000, 43200),
        *(m * 86400.0 for m in (1, 2, 5, 10, 20, 50, 100)),
    ],
}
FORMATS: dict[str, Callable[[float], str]] = {
    "usd": lambda usd: usd_tick(usd),
    "share": lambda share: _share_tick(share),
}


def usd_tick(usd: float) -> str:
    """Money on an axis: "$0.002", "$2.5", "$1,200", "$3 M"; negative values have no tick."""
    if usd < 0:
        return ""
    if usd >= 1e6:
        return f"${short_number(usd)}"
    return f"${usd:,.0f}" if usd >= 10 else f"${usd:.3g}" if usd >= 0.01 or not usd else format_usd(usd)


def _share_tick(share: float) -> str:
    """A share on an axis: "1 in 10 M", "0.01 %", "100 %", "1 M ×"."""
    if share >= 10:
        return f"{short_number(share)} ×"
    return f"{100 * share:,.6g} %" if share > 9e-6 else f"1 in {short_number(1 / share)}"


def log_ticks(axis: Any, unit: str) -> None:
    """Set ticks of a log axis at round values with readable units."""
    ticks = TICKS[unit]
    low, high = sorted(axis.get_view_interval())
    values = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
    if len(values) < 4 and unit in FINE:
        values = [tick for tick in FINE[unit] if low * 0.999 <= tick <= high * 1.001]
    if len(values) > 12:
        values = values[:: -(-len(values) // 12)]
    axis.set_major_locator(FixedLocator(values))
    axis.set_minor_locator(NullLocator())
    wording = FORMATS.get(unit, WORDINGS[unit])
    axis.set_major_formatter(FuncFormatter(lambda value, _: wording(value)))
