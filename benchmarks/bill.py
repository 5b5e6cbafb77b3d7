"""Time of the first bill of a process: read and check prices, add up; optionally beside another version.

    python benchmarks/bill.py [--runs 15] [--beside TREE]

Each run is a separate process. CPU time counts, not wall-clock time, because other work may run. TREE is a
folder with another version of the package, such as a checkout of 0.1.0: the bills of both versions are
timed in turns, and the ratio of the medians says which is slower.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent.parent
USAGE = {"lambda.request_arm": 3e6, "lambda.duration_arm": 5.4e5, "transfer.internet_out": 200}
TIMED = f"""
import json, time
import explorer as ex
start, cpu = time.perf_counter(), time.process_time()
total = ex.bill({USAGE!r}, region="eu-west-1").total_usd
print(json.dumps([time.process_time() - cpu, time.perf_counter() - start, time.process_time(), str(total)]))
"""


def first_bill(tree: Path) -> tuple[float, float, float, str]:
    """CPU and time of the first bill [s], CPU of the whole process [s], and the total."""
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    run = [sys.executable, "-c", TIMED]
    process = subprocess.run(run, env=environment, capture_output=True, text=True, check=True, cwd=tree)
    cpu, seconds, whole, total = json.loads(process.stdout)
    return cpu, seconds, whole, total


def main() -> None:
    """Time the first bill of each version in turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--beside", type=Path)
    arguments = parser.parse_args()
    trees = [HERE, *([arguments.beside.resolve()] if arguments.beside else [])]
    runs: dict[Path, list[tuple[float, float, float, str]]] = {tree: [] for tree in trees}
    for _ in range(arguments.runs):
        for tree in trees:
            runs[tree].append(first_bill(tree))
    medians = {}
    for tree, results in runs.items():
        cpu, seconds, whole = (statistics.median(run[i] for run in results) for i in range(3))
        medians[tree] = whole
        print(
            f"{tree}: first bill {cpu * 1000:.0f} ms of CPU ({seconds * 1000:.0f} ms), "
            f"with the imports {whole * 1000:.0f} ms of CPU; {results[0][3]} USD"
        )
    if arguments.beside:
        print(f"with the imports {medians[HERE] / medians[trees[1]]:.2f} times that of {arguments.beside}")


if __name__ == "__main__":
    main()
