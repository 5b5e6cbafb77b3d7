"""The engine against its goals: beside version 0.1.0, beside plain evaluation, and its growth with load.

    python benchmarks/engine.py [FOLDER OF 0.1.0]    a checkout of commit 4b2ca58

CPU time, medians of a few runs; the worst workload is named. With the folder of 0.1.0, a separate process
runs the same questions with that version and its examples, so that a busy machine slows both.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
QUESTIONS = {  # goal with all options: median and worst [ms]
    "recommend": (8, 20),
    "28 sizes": (25, 50),
    "to_dict": (200, 200),
    "sweep, one point": (25, 25),
    "48 x 48": (150, 150),
    "200 x 200": (400, 400),
    "process": (700, 700),
}
ANY_SIZE = {"runtime.memory": "any", "runtime.architecture": "any", "runtime.used": 128}
AXES = (("response", 1e3, 2e8), ("runtime", 0.01, 7200))


def main() -> None:
    """Print the table."""
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measured(Path(sys.argv[2]))))
        return
    old = measure_in_process(Path(sys.argv[1])) if len(sys.argv) > 1 else {}
    new = measure_in_process(ROOT)
    names = list(next(iter(new.values())))
    print(
        f"{'':20}{'median':>8}{'worst':>8}  {'workload':18}{'goal':>12}{'0.1.0':>16}{'ratio':>7}  [ms of CPU]"
    )
    for question, (goal, most) in QUESTIONS.items():
        here = [new[question][name] for name in names]
        worst = max(names, key=lambda name: new[question][name])
        line = f"{question:20}{statistics.median(here):8.1f}{max(here):8.1f}  {worst:18}{goal:>6} /{most:>4}"
        if there := old.get(question):
            ratio = statistics.median(there[name] / new[question][name] for name in there)
            line += f"{statistics.median(there.values()):8.1f}{max(there.values()):8.1f}{ratio:7.2f}"
        print(line)
    growth()


def measure_in_process(folder: Path) -> dict[str, dict[str, float]]:
    """The time of each question for each workload [ms], with the package in a folder."""
    command = [sys.executable, __file__, "--measure", str(folder)]
    env = {**os.environ, "PYTHONPATH": str(folder)}
    process = subprocess.run(command, env=env, capture_output=True, text=True, check=True, cwd="/")
    return json.loads(process.stdout)


def measured(folder: Path) -> dict[str, dict[str, float]]:
    """The times of every question for every example of a folder, with its package."""
    import numpy as np

    import explorer as ex

    times: dict[str, dict[str, float]] = {question: {} for question in QUESTIONS}
    for path in sorted((folder / "data" / "workloads").glob("*.toml")):
        w = ex.Workload.load(path)
        alone = w.without_current()

        def sweep(count: int, w: ex.Workload = alone) -> object:
            return ex.sweep(w, {axis: np.geomspace(low, high, count) for axis, low, high in AXES})

        questions: dict[str, Callable[[], object]] = {
            "recommend": lambda w=w: ex.recommend(w),
            "28 sizes": lambda w=w: ex.recommend(w.replace(ANY_SIZE)),
            "to_dict": lambda w=w: ex.recommend(w).to_dict(),
            "sweep, one point": lambda w=alone: ex.sweep(w, {"response": [1e5]}),
            "48 x 48": lambda sweep=sweep: sweep(48),
            "200 x 200": lambda sweep=sweep: sweep(200),
        }
        for question, ask in questions.items():
            if question != "28 sizes" or "tuned" in type(w.runtime).model_fields:  # 0.1.0 has only one size
                times[question][path.stem] = cpu_ms(ask, 7 if question == "recommend" else 3)
        times["process"][path.stem] = process_ms(path)
    return {question: by_name for question, by_name in times.items() if by_name}


def process_ms(path: Path) -> float:
    """The median CPU time of `explorer recommend` as a process whose modules are already compiled [ms]."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "explorer", "recommend", str(path)]
    times_ms = []
    for _ in range(4):
        before = os.times()
        subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=False)  # 1: nothing is feasible
        after = os.times()
        spent_s = after.children_user + after.children_system - before.children_user - before.children_system
        times_ms.append(spent_s * 1000)
    return statistics.median(times_ms[1:])  # the first run compiles


def cpu_ms(ask: Callable[[], object], runs: int) -> float:
    """The median CPU time of a question, after one run to warm up [ms]."""
    ask()
    times_ms = []
    for _ in range(runs):
        start = time.process_time()
        ask()
        times_ms.append((time.process_time() - start) * 1000)
    return statistics.median(times_ms)


def growth() -> None:
    """Growth of one search with points and sizes, beside plain evaluation of the same."""
    import numpy as np

    from explorer.engine.answers import Answers
    from explorer.engine.designs import allowed_designs, more_options
    from explorer.engine.evaluation import Evaluation
    from explorer.engine.search import best_two
    from explorer.options.base.conditions import Conditions
    from explorer.options.base.sizes import Size
    from explorer.workload.workload import Workload

    w = Workload.load(ROOT / "data" / "workloads" / "solver.toml")
    print("\nsolver: search and plain evaluation [ms of CPU]")
    for count in (1, 10, 48, 200, 500):
        axes = {
            axis: np.geomspace(low, high, count).reshape([-1 if i == n else 1 for i in range(2)])
            for n, (axis, low, high) in enumerate(AXES)
        }

        def search(axes: dict[str, np.ndarray] = axes) -> object:
            load = Conditions(w, axes)
            return best_two(Answers(load, allowed_designs(load)))

        line = f"{count:4} x {count:<4}{cpu_ms(search, 2):8.1f}"
        if count <= 48:
            line += f"{cpu_ms(lambda axes=axes: Evaluation(Conditions(w, axes)).winner(), 1):10.1f}"
        print(line)
    for copies in (0, 1, 3, 7):
        with more_options(*clones(copies)):
            load = Conditions(w)
            count = len(allowed_designs(load).designs)
            one = cpu_ms(lambda load=load: best_two(Answers(load, allowed_designs(load))), 5)
            axes = {
                axis: np.geomspace(low, high, 200).reshape([-1 if i == n else 1 for i in range(2)])
                for n, (axis, low, high) in enumerate(AXES)
            }
            load = Conditions(w, axes)
            grid = cpu_ms(lambda load=load: best_two(Answers(load, allowed_designs(load))), 1)
            print(f"{count:6} designs: one point {one:8.1f}, 200 x 200 {grid:8.1f}")
    memories = np.geomspace(128, 10240, 14)
    for architectures in ((), ("arm64",), ("arm64", "x86_64")):
        sizes = tuple(Size(float(memory), each) for each in architectures for memory in memories)

        def sized(sizes: tuple[Size, ...] = sizes) -> object:
            load = Conditions(w, {}, sizes or None)
            return best_two(Answers(load, allowed_designs(load)))

        print(f"{max(len(sizes), 1):4} sizes {cpu_ms(sized, 3):8.1f}")


def clones(copies: int) -> list[object]:
    """More options: several renamed copies of the options of two concerns."""
    from explorer.engine.designs import OPTIONS

    return [
        type(f"{type(option).__name__}{number}", (type(option),), {"id": f"{option.id}-{number}"})()
        for concern in ("configuration", "door")
        for option in list(OPTIONS[concern].values())
        for number in range(copies)
    ]


if __name__ == "__main__":
    main()
