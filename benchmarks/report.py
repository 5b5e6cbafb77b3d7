"""Time and size of a report in each form, from the command line, and of a portfolio of twenty.

`python benchmarks/report.py`: one process per form, best of three (wall-clock and CPU time), then a folder
with reports on twenty workloads in HTML. The goal is 5 s and 2 MB per form.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FORMS = ("html", "pdf", "md", "ipynb")
MOST_S, MOST_BYTES = 5.0, 2_000_000
EXAMPLES = ("passwords", "photos", "questions", "research", "runners", "satellite", "solver", "statements")


def timed(*arguments: str) -> tuple[float, float]:
    """Wall-clock and CPU time of `explorer report` with these arguments [s]."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "explorer", "report", *arguments, "--json"], check=True, stdout=-3)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu_s


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'form':6} {'s':>6} {'cpu s':>6} {'KB':>7}")
        for form in FORMS:
            path = Path(folder) / f"statements.{form}"
            seconds, cpu_s = (
                min(column) for column in zip(*(timed("statements", "-o", str(path)) for _ in range(3)))
            )
            size = path.stat().st_size
            late = "" if seconds <= MOST_S and size <= MOST_BYTES else "  over 5 s or 2 MB"
            print(f"{form:6} {seconds:6.2f} {cpu_s:6.2f} {size / 1000:7.0f}{late}")
        twenty = [EXAMPLES[number % len(EXAMPLES)] for number in range(20)]
        seconds, cpu_s = timed(*twenty, "-o", str(Path(folder) / "portfolio"))
        print(f"portfolio of 20 in html: {seconds:.1f} s, {cpu_s:.1f} s of processor time")


if __name__ == "__main__":
    main()
