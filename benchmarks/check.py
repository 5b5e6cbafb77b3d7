"""CPU time of checking 1,000 templates [s]: read, resolve, compare with every limit; beside cfn-lint.

By default it checks copies of the project in the tests; `python benchmarks/check.py FOLDER` checks a folder.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from explorer.check.runner import Check, Report

TEMPLATES, LINTED = 1000, 5
TARGET_S = 4.0  # of CPU for all templates
SAMPLE = Path(__file__).parent.parent / "tests" / "check" / "check_samples" / "app"


def copies(folder: Path) -> None:
    """Write copies of templates, each in its own folder."""
    for number in range(TEMPLATES // 2):  # each nests another template
        shutil.copytree(SAMPLE, folder / f"{number:03}")


def checked(folder: Path) -> tuple[Report, float]:
    """The report, and its CPU time [s]."""
    start = time.process_time()
    report = Check(lambda path, judge: []).run([folder])
    return report, time.process_time() - start


def linted(paths: list[str]) -> float:
    """The time of cfn-lint for the same templates [s]; it has other, and many more, rules."""
    start = time.perf_counter()
    subprocess.run([Path(sys.executable).with_name("cfn-lint"), *paths], capture_output=True, check=False)
    return time.perf_counter() - start


def main() -> None:
    """Time a check of a folder: the one in the argument, or a thousand copies of templates."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch)
        if len(sys.argv) == 1:
            copies(folder)
        report, seconds = checked(folder)
        files = max(1, len(report.files))
        each_ms = 1000 * seconds / files
        per_target = seconds * TEMPLATES / files
        print(
            f"{files} templates, {len(report.all_findings)} findings: {seconds:.2f} s of CPU,"
            f" {each_ms:.1f} ms each"
        )
        print(f"{TEMPLATES:,} templates: {per_target:.2f} s, of {TARGET_S:g} s")
        once = linted(report.files[:1])
        more = (linted(report.files[: LINTED + 1]) - once) / LINTED
        print(f"cfn-lint: {once:.2f} s for the first, {1000 * more:.0f} ms for each more")


if __name__ == "__main__":
    main()
