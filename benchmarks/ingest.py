"""`explorer ingest` on a generated log, beside `grep -c REPORT`, and DuckDB with equal work.

Every program runs as a separate process, in turns, for several rounds; the medians count. Equal work is:
exact quantiles of duration, billed duration, memory and initialisation over all REPORT lines, the cold
starts, the failures by kind, the busiest minute and second.

With --formats it also reads some other formats, each generated from a sample line, and prints their rates.

Usage: python benchmarks/ingest.py [--gb 0.5] [--rounds 3] [--dense] [--formats]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

BLOCK = 20_000  # invocations written at a time
FIRST = 1_780_000_000
OURS = """
import json, sys
from explorer.ingest.reader import read_inputs
from explorer.ingest.result import Summary
found = Summary(read_inputs([sys.argv[1]])).to_dict()
init = found["init_ms"] or {"p50": 0}
print(json.dumps([found["invocations"], (found["duration_ms"] or {"p99": 0})["p99"], init["p50"]]))
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


LINES = {  # sample lines of other formats; {id} is a number of 12 digits, {n} one of 6
    "ALB": "http 2026-11-02T08:00:35.186641Z app/lb/50 192.0.2.1:2817 - 0.000 0.{n} 0.000 200 - 2053 {n} "
    '"GET http://a:80/v1/orders HTTP/1.1" "curl/7.46.0" - - arn:aws:x "Root=1-58" "-" "-" 0',
    "combined log format": '192.0.2.1 - - [02/Nov/2026:08:00:35 +0000] "GET /v1/orders HTTP/1.1" 200 {n} '
    '"-" "Mozilla/5.0 (X11; Linux x86_64)" {n}',
    "nginx, JSON": '{"time_iso8601": "2026-11-02T08:00:35+00:00", "request": "GET /v1 HTTP/1.1", '
    '"status": "200", "body_bytes_sent": "{n}", "request_length": "2053", "request_time": "0.{n}"}',
    "API Gateway, JSON": '{"requestId": "a-{id}", "requestTime": "02/Nov/2026:08:00:35 +0000", '
    '"status": "200", "responseLength": "{n}", "integrationLatency": "{n}"}',
    "platform.report": '{"time": "2026-11-02T08:00:35.218Z", "type": "platform.report", "record": '
    '{"requestId": "a-{id}", "metrics": {"durationMs": 385.61, "billedDurationMs": 386, "memorySizeMB": 512, '
    '"maxMemoryUsedMB": 101}, "status": "success"}}',
    "Heroku": '2026-11-02T08:00:35.218000+00:00 heroku[router]: at=info method=GET path="/v1" host=x.example '
    "request_id=a-{id} dyno=web.1 connect=1ms service=385ms status=200 bytes={n}",
    "IIS": "2026-11-02 08:00:35 10.0.0.4 GET /v1/orders - 443 - 198.51.100.62 Mozilla/5.0 - 200 0 0 {n} "
    "2053 385",
}
HEADS = {
    "IIS": "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
    "cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken\n"
}
ENDLESS = ("platform.report",)  # also without line breaks between the records


def make_format(path: Path, name: str, size: float, end: str) -> None:
    """A file of about `size` bytes in one format, with different numbers on every line."""
    line = LINES[name] + end
    with path.open("w") as file:
        size_so_far = file.write(HEADS.get(name, ""))
        n = 0
        while size_so_far < size:
            text = "".join(
                line.replace("{id}", f"{k:012d}").replace("{n}", f"{k % 1_000_000:06d}")
                for k in range(n, n + BLOCK)
            )
            n += BLOCK
            size_so_far += file.write(text)


def measure_formats(folder: str, size: float, rounds: int) -> None:
    """The rate of each other format, the best of the rounds."""
    kinds = [(name, name, "\n") for name in LINES] + [(f"{name}, no lines", name, "") for name in ENDLESS]
    for title, name, end in kinds:
        path = Path(folder, "other.log")
        make_format(path, name, size, end)
        megabytes = path.stat().st_size / 1e6
        runs = [timed([sys.executable, "-c", OURS, str(path)]) for _ in range(rounds)]
        took, peak, spent = (
            min(one[0] for one in runs),
            max(one[1] for one in runs),
            min(one[3] for one in runs),
        )
        rate = f"{took:6.2f} s {megabytes / took:6.0f} MB/s"
        print(f"{title:24s} {rate}  {spent:5.2f} s of processors  {peak:5.0f} MB")


def block(rng: np.random.Generator, at: float, dense: bool) -> str:
    """The log of ten minutes of invocations: five lines each, or only the REPORT line."""
    ids = rng.integers(0, 2**63, (BLOCK, 2))
    stamps = np.datetime_as_string(((at + np.sort(rng.random(BLOCK)) * 600) * 1000).astype("datetime64[ms]"))
    durations = rng.lognormal(4.5, 1.1, BLOCK)
    inits = np.where(rng.random(BLOCK) < 0.02, rng.lognormal(6, 0.3, BLOCK), 0)
    memories = rng.integers(60, 900, BLOCK)
    lines = []
    for (high, low), stamp, duration, init, memory in zip(
        ids, stamps, durations, inits, memories, strict=True
    ):
        request = f"{high:016x}-{low:016x}"
        start = f"Init Duration: {init:.2f} ms\t" if init else ""
        report = (
            f"{stamp}Z REPORT RequestId: {request}\tDuration: {duration:.2f} ms\tBilled Duration: "
            f"{duration + 1:.0f} ms\tMemory Size: 1024 MB\tMax Memory Used: {memory} MB\t{start}\n"
        )
        if not dense:
            lines.append(
                f"{stamp}Z START RequestId: {request} Version: $LATEST\n"
                f"{stamp}Z [INFO]\t{stamp}Z\t{request}\thandling an order of 12 items, paid by card\n"
                f"{stamp}Z [INFO]\t{stamp}Z\t{request}\tanswer of {memory * 100} bytes written\n"
                f"{stamp}Z END RequestId: {request}\n"
            )
        lines.append(report)
    return "".join(lines)


def make(path: Path, size: float, dense: bool) -> None:
    """A log of about `size` bytes; above half a gigabyte it repeats, a year later."""
    rng, at, size_so_far = np.random.default_rng(1), FIRST, 0
    with path.open("w") as file:
        while size_so_far < min(size, 5e8):
            size_so_far += file.write(block(rng, at, dense))
            at += 600
    part = path.stat().st_size
    if size > part:
        with path.open("ab") as file, path.open("rb") as begun:
            for later in range(1, round(size / part)):
                begun.seek(0)
                remaining, year = part, b"%d-" % (2026 + later)
                while remaining > 0:
                    lines = begun.readlines(1 << 20)
                    text = b"".join(lines)[:remaining]
                    remaining -= len(text)
                    file.write(text.replace(b"2026-", year))


def timed(command: list[str]) -> tuple[float, float, str, float]:
    """Wall-clock time [s], peak memory [MB], output and CPU time [s] of a process.

    A process smaller than this one shows this one's peak memory, because it was forked from it.
    """
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stdout.close()
    assert child.returncode == 0, command
    spent = usage.ru_utime + usage.ru_stime
    return time.perf_counter() - began, usage.ru_maxrss / 1024, output.strip(), spent


def main() -> None:
    """Generate the log, run the programs in turns, print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gb", type=float, default=0.5, help="size of the log")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dense", action="store_true", help="REPORT lines and nothing else")
    parser.add_argument("--formats", action="store_true", help="other formats too")
    options = parser.parse_args()
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
        if options.formats:
            measure_formats(folder, options.gb * 2e8, options.rounds)
    load = os.getloadavg()[0]
    print(f"{megabytes:,.0f} MB, {options.rounds} rounds, {os.cpu_count()} processors, load {load:.1f}")
    medians = {name: statistics.median(one[0] for one in results) for name, results in runs.items()}
    ours = medians["explorer ingest"]
    for name, results in runs.items():
        peak, spent = max(one[1] for one in results), statistics.median(one[3] for one in results)
        took = medians[name]
        print(f"{name:16s} {took:7.2f} s {megabytes / took:7.0f} MB/s  x {took / ours:5.2f}"
              f"  {spent:5.2f} s of processors  {peak:5.0f} MB  {results[0][2][:60]}")  # fmt: skip
    mine, other = (json.loads(runs[name][0][2]) for name in ("explorer ingest", "DuckDB"))
    assert np.allclose(mine, other, rtol=1e-9), (mine, other)
    assert mine[0] == int(runs["grep -c REPORT"][0][2])


if __name__ == "__main__":
    main()
