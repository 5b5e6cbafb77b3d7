"""Draw the rooms (top-level packages) with the imports between them: `python scripts/rooms.py`.

Each room is a band with its description and its folders, from the command line at the top to the errors at
the bottom. An arc leads from each room to the rooms that it imports from. The script also writes the list
of all modules at the end of docs/architecture.md. tests/test_docs.py checks that both are current.
"""

from __future__ import annotations

import ast
import io
import math
import re
import textwrap
import tomllib
from pathlib import Path

import grimp
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path as Curve

from explorer.views.figures.style import LOOK, UNDATED

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
MARK = "<!-- Made by scripts/rooms.py from the modules' own docstrings. -->\n"
PICTURE = ROOT / "docs" / "pictures" / "rooms.svg"
FILLS = ("#eef3f8", "#e3ecf5")
ARC = "#3b6ea8"


def rooms() -> list[str]:
    """The rooms from the top down, as listed in the import contract."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    return next(contract["layers"] for contract in contracts if contract["type"] == "layers")


def sentence(path: Path) -> str:
    """The first sentence of a module's docstring."""
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return re.split(r"(?<=\.)\s", " ".join(doc.split()))[0]


def home(room: str) -> Path:
    """The file whose docstring describes a room."""
    place = ROOT / "explorer" / room / "__init__.py"
    return place if place.exists() else place.parent.with_suffix(".py")


def modules() -> str:
    """The end of the page: every module with its first sentence, one table per folder, from the top down."""
    blocks = []
    for room in rooms():
        folder = ROOT / "explorer" / room
        for inner in sorted({path.parent for path in folder.rglob("*.py")} if folder.is_dir() else ()):
            files = [path for path in sorted(inner.glob("*.py")) if path.name != "__init__.py"]
            rows = [f"| `{path.name}` | {sentence(path)} |" for path in files]
            if rows:
                name = inner.relative_to(ROOT / "explorer").as_posix()
                blocks.append(
                    "\n".join([f"### `{name}/`", "", "| file | what is in it |", "| --- | --- |", *rows])
                )
    return MARK + "\n" + "\n\n".join(blocks) + "\n"


def page() -> str:
    """The architecture page with the current list of modules."""
    return PAGE.read_text(encoding="utf-8").partition(MARK)[0] + modules()


def imports() -> set[tuple[str, str]]:
    """The pairs of rooms where the first imports from the second."""
    graph = grimp.build_graph("explorer", cache_dir=None)
    pairs = set()
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            upper, lower = (name.split(".")[1:2] for name in (module, other))
            if upper and lower and upper not in (lower, ["__main__"]):
                pairs.add((upper[0], lower[0]))
    return pairs


def folders(room: str) -> str:
    """The folders of a room that contain modules."""
    names = {path.parent.name for path in (ROOT / "explorer" / room).glob("*/*.py")}
    return ", ".join(f"{folder}/" for folder in sorted(names))


def picture() -> Figure:
    """The rooms as a figure."""
    names = rooms()
    figure = Figure(figsize=(11, 0.82 * len(names) + 0.2))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, 11)
    axes.set_ylim(0.82 * len(names) + 0.2, 0)
    axes.axis("off")
    middle = {name: 0.82 * row + 0.48 for row, name in enumerate(names)}
    for row, name in enumerate(names):
        top = middle[name] - 0.36
        band = FancyBboxPatch(
            (0.12, top), 8.3, 0.72, boxstyle="round,pad=0,rounding_size=0.06", fc=FILLS[row % 2], ec="#c3d0de"
        )
        axes.add_patch(band)
        axes.text(0.3, middle[name], name, va="center", size=13, weight="bold", color="#1d2a38")
        axes.text(
            1.75, top + 0.1, textwrap.fill(sentence(home(name)), 108), va="top", size=8.6, color="#33414f"
        )
        axes.text(1.75, top + 0.62, folders(name), va="bottom", size=8.2, color="#5a6977")
    for upper, lower in sorted(imports()):
        a, b = middle[upper], middle[lower]
        reach = 8.5 + 2.35 * math.sqrt((b - a) / (0.82 * (len(names) - 1)))
        curve = Curve([(8.42, a), (reach, a), (reach, b), (8.42, b)], [Curve.MOVETO] + [Curve.CURVE4] * 3)
        axes.add_patch(PathPatch(curve, fc="none", ec=ARC, lw=1.4, alpha=0.45))
        axes.plot(8.44, b, marker="<", ms=4, color=ARC)
    return figure


def svg() -> str:
    """The picture as SVG with letters as outlines: it looks the same whatever fonts are installed."""
    out = io.StringIO()
    with style.context([*LOOK, {"svg.fonttype": "path"}]):
        picture().savefig(out, format="svg", metadata=UNDATED["svg"])
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def write() -> None:
    """Draw the picture and write the list of modules."""
    PICTURE.write_text(svg(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
