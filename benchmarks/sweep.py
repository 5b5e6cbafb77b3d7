"""A million scenarios beside a plain loop over `recommend`, with several executors, and to a file.

Each case runs in a separate process: seconds are the median of its runs after the first, which is shown too;
memory is the peak of the process. The loop runs on a sample of the same points, and its time is extrapolated;
on that sample, the benchmark checks that both give the same designs and costs.
"""

import math
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import numpy as np

import explorer as ex

WORKLOAD = "statements"
RUNS = 4
SAMPLE = 40  # points for the loop
CORES = os.cpu_count() or 1
ENDS = {"response": (1024, 200 * 1024**2), "runtime": (0.01, 7200), "requests_per_month": (1e4, 1e8)}
MILLION = {"response": 1000, "runtime": 1000}
CUBE = {"response": 100, "runtime": 100, "requests_per_month": 100}
MAP = {"response": 200, "runtime": 200}
FOUR = {"response": 2000, "runtime": 2000}
DESIGNS = 2  # compared point by point


def axes(counts: dict[str, int]) -> dict[str, np.ndarray]:
    """Axes with points spaced evenly on a log scale."""
    return {name: np.geomspace(*ENDS[name], count) for name, count in counts.items()}


def peak_mb() -> float:
    """The peak memory of this process so far [MB]."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def timed(run: Callable[[], object], runs: int = RUNS) -> tuple[float, float, float]:
    """Seconds of the first run, the median of the later runs (or the first), and the peak [MB]."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return seconds[0], statistics.median(seconds[1:] or seconds), peak_mb()


def time_sweep(counts: dict[str, int], how: str = "alone", runs: int = RUNS) -> tuple[float, float, float]:
    """A sweep in this process, through one of its executors, or to a file."""
    workload, grid = ex.Workload.load(WORKLOAD), axes(counts)
    with tempfile.TemporaryDirectory() as folder, executor(how) as pool:
        to = Path(folder, "sweep.parquet") if how == "to a file" else None
        return timed(lambda: ex.sweep(workload, grid, executor=pool, to=to), runs)


def executor(how: str) -> Executor | nullcontext[None]:
    """The executor with this name: threads, processes, or none."""
    if how == "threads":
        return ThreadPoolExecutor(CORES)
    if how == "processes":
        return ProcessPoolExecutor(CORES, multiprocessing.get_context("spawn"))
    return nullcontext()


def compared(counts: dict[str, int]) -> tuple[float, float, float]:
    """The cost and breach probability of given designs."""
    workload, grid = ex.Workload.load(WORKLOAD), axes(counts)
    designs = [r["design"] for r in ex.recommend(workload).to_dict()["alternatives"]][:DESIGNS]
    return timed(lambda: ex.sweep(workload, grid, designs))


def looped(counts: dict[str, int]) -> tuple[float, int]:
    """Seconds per point of a plain loop over `recommend`, and the number of points where both agree."""
    workload, grid = ex.Workload.load(WORKLOAD), axes(counts)
    sweep = ex.sweep(workload, grid)
    rng = np.random.default_rng(1)
    points = [tuple(int(rng.integers(count)) for count in counts.values()) for _ in range(SAMPLE)]
    workloads = [
        scaled(workload, {axis: values[at] for (axis, values), at in zip(grid.items(), point, strict=True)})
        for point in points
    ]
    ex.recommend(workload)
    start = time.perf_counter()
    answers = [ex.recommend(each) for each in workloads]
    seconds = (time.perf_counter() - start) / SAMPLE
    return seconds, sum(same(sweep, point, r) for point, r in zip(points, answers, strict=True))


def scaled(workload: ex.Workload, values: dict[str, float]) -> ex.Workload:
    """The workload with the distributions scaled to these medians."""
    fields = {}
    for axis, value in values.items():
        if axis not in {"response", "runtime"}:
            fields[axis] = value
            continue
        spread = getattr(workload, axis).spread
        factor = value / float(spread.median)
        quantiles = {"p50": 0.5, "p90": 0.9, "p99": 0.99} if axis == "response" else {"p50": 0.5, "p99": 0.99}
        fields |= {f"{axis}.{name}": float(spread.quantile(p)) * factor for name, p in quantiles.items()}
        if axis == "runtime":
            fields["runtime.max"] = float(spread.quantile(1.0)) * factor
    if "requests_per_month" in fields:  # the peak must not be below the mean
        mean = fields["requests_per_month"] / (workload.preferences.month_hours * 3600)
        fields["peak_rps"] = max(workload.peak_rps or 0.0, mean)
    return workload.replace(fields)


def same(sweep: ex.Sweep, point: tuple[int, ...], r: ex.Recommendation) -> bool:
    """Whether a sweep has the winner and the cost of a recommendation at a point."""
    winner = sweep.winner[point]
    if winner < 0 or r.design is None:
        return winner < 0 and r.design is None
    return sweep.designs[winner] == r.design and math.isclose(
        sweep.monthly_usd[point], r.monthly_usd, rel_tol=1e-9
    )


def apart(function: Callable, *arguments: object) -> tuple[float, ...]:
    """The result of a function that runs in a separate process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def line(name: str, counts: dict[str, int], timing: tuple[float, ...]) -> float:
    """Print a case; returns its seconds."""
    first, seconds, memory = timing
    points = math.prod(counts.values())
    size = " x ".join(f"{count:,}" for count in counts.values())
    print(
        f"{name:34}{size:>18}{first:9.3f}{seconds:9.3f}{points / seconds / 1e6:11.2f}{memory:9,.0f}",
        flush=True,
    )
    return seconds


def main() -> None:
    """Time sweeps in memory, to files and on several cores."""
    print(
        f"explorer {ex.__version__}, {CORES} cores; {WORKLOAD}: winner, runner-up, money, breach probability"
    )
    print("goals: a million points in 2 s on 2 cores and under 1 GB; 200 x 200 in 0.1 s\n")
    print(f"{'':34}{'points':>18}{'first s':>9}{'s':>9}{'million/s':>11}{'peak MB':>9}")
    alone = line("in memory", MILLION, apart(time_sweep, MILLION))
    line("in memory", CUBE, apart(time_sweep, CUBE))
    line("a map", MAP, apart(time_sweep, MAP))
    line(f"{DESIGNS} given designs", MILLION, apart(compared, MILLION))
    times = {
        how: line(f"{CORES} {how}", MILLION, apart(time_sweep, MILLION, how))
        for how in ("threads", "processes")
    }
    for counts in (MILLION, FOUR):
        line("to a file, once", counts, apart(time_sweep, counts, "to a file", 1))
    each, agree = apart(looped, MILLION)
    points = math.prod(MILLION.values())
    print(f"\na loop over recommend: {each * 1000:.1f} ms a point, the mean of {SAMPLE} points", end="")
    print(f" ({agree} of them the same design and money as the sweep)")
    print(
        f"extrapolated to {points:,} points: {each * points:,.0f} s,"
        f" {each * points / alone:,.0f} times as long"
    )
    print(f"against one thread: {', '.join(f'{how} {alone / s:.2f} x' for how, s in times.items())}")


if __name__ == "__main__":
    main()
