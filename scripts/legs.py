"""Every command in environments of its own: the core alone, the lowest bounds, the newest Python.

`make legs`: each environment is made by uv in a folder that is removed again, and runs
`tests/legs/every_command.py`. A Python that is not on this machine is skipped, with a line that names it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEWEST = ("python3.15", "python3.14", "python3.13")
LEGS = {  # by name: the Pythons that will do, the first that is here, and how versions are chosen
    "core alone": (("python3.11", "python3"), "highest"),
    "lowest bounds": (("python3.11", "python3"), "lowest-direct"),
    "newest Python": (NEWEST, "highest"),
}


def main(uv: str) -> int:
    """Run every leg; the number of those that failed."""
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
    """Whether a leg failed: its environment could not be made, or a command is not as it should be."""
    here = folder / "bin" / "python"
    steps = (
        [uv, "venv", "--quiet", "--python", python, folder],
        [uv, "pip", "install", "--quiet", "--python", here, "--resolution", resolution, ROOT],
        [here, ROOT / "tests" / "legs" / "every_command.py"],
    )
    return any(subprocess.run(list(map(str, step)), cwd=folder).returncode for step in steps)


def _python(name: str) -> str | None:
    """The path of a Python that starts: a name may be there whose version is not."""
    path = shutil.which(name)
    return path if path and _version(path) else None


def _version(python: str) -> str:
    process = subprocess.run([python, "--version"], capture_output=True, text=True)
    return process.stdout.strip() if process.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(min(1, main(str(Path(sys.argv[1]).absolute()))))
