"""Draw random functions of the package: can a reader guess the place of each from its name alone?

    python scripts/draw_functions.py [--places]

Prints 25 names of functions and methods of more than five lines, public and private; the same code gives the
same names. `--places` adds the file of each.
"""

from __future__ import annotations

import ast
import random
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "explorer"
SEED, COUNT, LINES = 20261129, 25, 5


def functions() -> list[tuple[str, str]]:
    """Name and file of every function of more than `LINES` lines, ordered by file."""
    places = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("__"):
                continue
            if (node.end_lineno or node.lineno) - node.lineno + 1 > LINES:
                places.append((node.name, path.relative_to(PACKAGE).as_posix()))
    return places


if __name__ == "__main__":
    for name, place in random.Random(SEED).sample(functions(), COUNT):
        print(f"{name:<32}{place}" if "--places" in sys.argv else name)
