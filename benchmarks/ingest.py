"""`explorer ingest` on a log that is made for it, beside `grep -c REPORT` and DuckDB doing the same work.

Every contender is a process of its own, in turn, several rounds; the medians count. The same work is: the
quantiles of duration, billed duration, memory and initialisation of every REPORT line, exact, the cold
starts, the failures by kind, the busiest minute and second.

Usage: python benchmarks/ingest.py [--gb 0.5] [--rounds 3] [--dense]
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

BLOCK = 20_000  # invocations that are written at a time
FIRST = 1_780_000_000
OURS = """
import json, sys
from explorer.ingest import Summary, gather
found = Summary(gather([sys.argv[1]])).to_dict()
print(json.dumps([found["invocations"], found["duration_ms"]["p99"], found["init_ms"]["p50"]]))
"""
DUCKDB = r"""
import duckdb, json, sys
lines = (
    "select line from read_csv(?, columns={'line': 'VARCHAR'}, delim='\x01', quote='', escape='',"
    " header=false, auto_detect=false, ignore_errors=true) where contains(line, 'REPORT RequestId')"
)
def number(label, unit):
    return f"try_cast(regexp_extract(line, '{label}: ([0-9.]+) {unit}', 1) as double)"
figures = (
    f"select {number(chr(92) + 't' + 'Duration', 'ms')} d, {number('Billed Duration', 'ms')} b,"
    f" {number('Max Memory Used', 'MB')} u, {number('Init Duration', 'ms')} i,"
    f" {number('Restore Duration', 'ms')} r, substr(line, 1, 16) m, substr(line, 1, 19) s,"
    " regexp_extract(line, 'Status: ([a-z]+)', 1) t, regexp_extract(line, 'Error Type: ([^ ]+)', 1) e"
    " from (" + lines + ")"
)
shares = "[0.5, 0.9, 0.99, 0.999, 1]"
con = duckdb.connect()
con.execute("set threads=2")
con.execute("set enable_progress_bar=false")
con.execute("set memory_limit='4GB'")
con.execute(f"create temp table f as {figures}", [sys.argv[1]])
n, d, b, u, i, cold = con.execute(
    f"select count(*), quantile_cont(d, {shares}), quantile_cont(b, {shares}), quantile_cont(u, {shares}),"
    f" quantile_cont(i, {shares}), count(i) from f"
).fetchone()
for column in "ms":
    con.execute(f"select max(c) from (select {column}, count(*) c from f group by {column})").fetchone()
con.execute("select t, e, count(*) from f where t <> '' group by t, e").fetchall()
print(json.dumps([n, d[2], i[0]]))
"""


def block(rng: np.random.Generator, at: float, dense: bool) -> str:
    """The log of some invocations, ten minutes of them: five lines each, or its REPORT line alone."""
    ids = rng.integers(0, 2**63, (BLOCK, 2))
    stamps = np.datetime_as_string(((at + np.sort(rng.random(BLOCK)) * 600) * 1000).astype("datetime64[ms]"))
    durations = rng.lognormal(4.5, 1.1, BLOCK)
    inits = np.where(rng.random(BLOCK) < 0.02, rng.lognormal(6, 0.3, BLOCK), 0)
    used = rng.integers(60, 900, BLOCK)
    written = []
    for (high, low), stamp, duration, init, memory in zip(ids, stamps, durations, inits, used, strict=True):
        request = f"{high:016x}-{low:016x}"
        start = f"Init Duration: {init:.2f} ms\t" if init else ""
        report = (
            f"{stamp}Z REPORT RequestId: {request}\tDuration: {duration:.2f} ms\tBilled Duration: "
            f"{duration + 1:.0f} ms\tMemory Size: 1024 MB\tMax Memory Used: {memory} MB\t{start}\n"
        )
        if not dense:
            written.append(
                f"{stamp}Z START RequestId: {request} Version: $LATEST\n"
                f"{stamp}Z [INFO]\t{stamp}Z\t{request}\thandling an order of 12 items, paid by card\n"
                f"{stamp}Z [INFO]\t{stamp}Z\t{request}\tanswer of {memory * 100} bytes written\n"
                f"{stamp}Z END RequestId: {request}\n"
            )
        written.append(report)
    return "".join(written)


def make(path: Path, size: float, dense: bool) -> None:
    """A log of about `size` bytes; what is over half a gigabyte repeats."""
    rng, at, written = np.random.default_rng(1), FIRST, 0
    with path.open("w") as file:
        while written < min(size, 5e8):
            written += file.write(block(rng, at, dense))
            at += 600
    part = path.stat().st_size
    if size > part:
        with path.open("ab") as file, path.open("rb") as begun:
            for _ in range(round(size / part) - 1):
                begun.seek(0)
                shutil.copyfileobj(_Limited(begun, part), file, 1 << 20)


class _Limited:
    """The first bytes of a file that grows while it is read."""

    def __init__(self, file, size: int) -> None:
        self.file, self.left = file, size

    def read(self, size: int) -> bytes:
        found = self.file.read(min(size, self.left))
        self.left -= len(found)
        return found


def timed(command: list[str]) -> tuple[float, float, str, float]:
    """Seconds, peak of memory [MB], output and processor seconds of a process.

    The memory of a process that is smaller than this one reads as this one's, which it was begun from.
    """
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    said = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stdout.close()
    assert child.returncode == 0, command
    spent = used.ru_utime + used.ru_stime
    return time.perf_counter() - began, used.ru_maxrss / 1024, said.strip(), spent


def main() -> None:
    """Make the log, run the contenders in turn, print what came of them."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--gb", type=float, default=0.5, help="size of the log")
    given.add_argument("--rounds", type=int, default=3)
    given.add_argument("--dense", action="store_true", help="REPORT lines and nothing else")
    options = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "app.log")
        make(path, options.gb * 1e9, options.dense)
        megabytes = path.stat().st_size / 1e6
        contenders = {
            "explorer ingest": [sys.executable, "-c", OURS, str(path)],
            "grep -c REPORT": ["grep", "-c", "REPORT", str(path)],
            "DuckDB": [sys.executable, "-c", DUCKDB, str(path)],
        }
        runs = {name: [] for name in contenders}
        for _ in range(options.rounds):
            for name, command in contenders.items():
                runs[name].append(timed(command))
    load = os.getloadavg()[0]
    print(f"{megabytes:,.0f} MB, {options.rounds} rounds, {os.cpu_count()} processors, load {load:.1f}")
    medians = {name: statistics.median(one[0] for one in found) for name, found in runs.items()}
    ours = medians["explorer ingest"]
    for name, found in runs.items():
        peak, spent = max(one[1] for one in found), statistics.median(one[3] for one in found)
        took = medians[name]
        print(f"{name:16s} {took:7.2f} s {megabytes / took:7.0f} MB/s  x {took / ours:5.2f}"
              f"  {spent:5.2f} s of processors  {peak:5.0f} MB  {found[0][2][:60]}")  # fmt: skip
    mine, other = (json.loads(runs[name][0][2]) for name in ("explorer ingest", "DuckDB"))
    assert np.allclose(mine, other, rtol=1e-9), (mine, other)
    assert mine[0] == int(runs["grep -c REPORT"][0][2])


if __name__ == "__main__":
    main()
