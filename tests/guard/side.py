"""One side of the comparison: a version of the package, recorded by a Python that has it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
LEFT_OUT = ("AWS_", "EXPLORER_", "PYTHON", "FORCE_COLOR", "CLICOLOR")  # what would change an answer
FIXED = {
    "COLUMNS": "100",
    "TERMINAL_WIDTH": "100",
    "LINES": "40",
    "TERM": "dumb",
    "NO_COLOR": "1",
    "MPLBACKEND": "agg",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
}


def recorded(python: str | Path, package: Path, out: Path, tree: Path, *words: str) -> str:
    """Write the answers of the explorer in the folder `package` to `out`; what was said on the way.

    Parameters: `tree`, the checkout that the examples and the samples are taken from; `words`, further
    options of record.py. Raises RuntimeError if it does not end well.
    """
    command = [
        *(str(python), str(HERE / "record.py"), str(out), "--package", str(package)),
        *("--examples", str(examples(tree)), "--samples", str(samples(tree)), *words),
    ]
    passed_on = {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
    env = {**passed_on, **FIXED, "PYTHONPATH": str(package)}
    process = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if process.returncode:
        raise RuntimeError(f"record of {package} ended with {process.returncode}:\n{process.stderr}")
    return process.stderr


def examples(tree: Path) -> Path:
    """The folder of the example workloads."""
    return _folder(tree / "data" / "workloads", tree / "explorer" / "data" / "workloads")


def samples(tree: Path) -> Path:
    """The folder of the templates that the tests of `check` read."""
    return _folder(*sorted((tree / "tests").rglob("check_samples")), tree / "tests" / "check_samples")


def _folder(*places: Path) -> Path:
    for place in places:
        if place.is_dir():
            return place
    raise RuntimeError(f"guard: there is no folder {places[-1]}: expected one of the tree's")
