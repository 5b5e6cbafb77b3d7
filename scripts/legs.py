"""Run every command in separate environments: the core alone, the lowest bounds, the newest Python.

`make legs`: uv creates each environment in a temporary folder, and runs `tests/legs/every_command.py`
there. A Python that is not installed is skipped with a message.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEWEST = ("python3.15", "python3.14", "python3.13")
LEGS = {  # by name: acceptable Pythons, of which the first installed one runs, and how versions are resolved
    "core alone": (("python3.11", "python3"), "highest"),
    "lowest bounds": (("python3.11", "python3"), "lowest-direct"),
    "newest Python": (NEWEST, "highest"),
}


def main(uv: str) -> int:
    """Run every leg; returns the number of failures."""
    failed = 0
    for name, (pythons, resolution) in LEGS.items():
        python = next(filter(None, map(_python, pythons)), None)
        if python is None:
            print(f"== {name}: passed over, none of {', '.join(pythons)} is here")
            continue
        print(f"== {name}: {_version(python)}", flush=True)
        with tempfile.TemporaryDirectory(prefix="explorer-leg-") as folder:
            failed += _has_failed(uv, python, resolution, Path(folder))
    return failed


def _has_failed(uv: str, python: str, resolution: str, folder: Path) -> bool:
    """Whether a leg failed: its environment could not be created, or a command failed."""
    here = folder / "bin" / "python"
    steps = (
        [uv, "venv", "--quiet", "--python", python, folder],
        [uv, "pip", "install", "--quiet", "--python", here, "--resolution", resolution, ROOT],
        [here, ROOT / "tests" / "legs" / "every_command.py"],
    )
    return any(subprocess.run(list(map(str, step)), cwd=folder).returncode for step in steps)


def _python(name: str) -> str | None:
    """The path of a Python that starts: a launcher may exist without its version."""
    path = shutil.which(name)
    return path if path and _version(path) else None


def _version(python: str) -> str:
    process = subprocess.run([python, "--version"], capture_output=True, text=True)
    return process.stdout.strip() if process.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(min(1, main(str(Path(sys.argv[1]).absolute()))))
