"""Time of an answer: the recommendation, the import, the command; beside a plain loop.

The plain loop does the same calculation one design at a time (assess, cost and latency of each design that is
not excluded), without shared contexts.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import explorer as ex
from explorer.engine.cost import usage
from explorer.engine.designs import allowed_designs
from explorer.engine.latency import latency
from explorer.engine.limits import findings
from explorer.options.base.conditions import Conditions

ROUNDS = 41


def median_ms(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The median of `rounds` runs [ms]."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def one_by_one(workload: ex.Workload) -> None:
    """Evaluate every allowed design for the workload, one by one."""
    for design in allowed_designs(Conditions(workload)).designs:
        findings(workload, design)
        usage(Conditions(workload), design)
        latency(workload, design)


def command_ms(*words: str) -> float:
    """The median of five runs of a Python command in a separate process [ms]."""
    run = [sys.executable, *words]
    return median_ms(lambda: subprocess.run(run, check=False, capture_output=True), 5)


def main() -> None:
    """Time a recommendation for each example, beside one design at a time."""
    print("goals: a recommendation 5 ms; import 200 ms; the command 1,000 ms (medians)\n")
    print(f"{'workload':14}{'designs':>9}{'recommend ms':>14}{'one by one ms':>15}{'ratio':>8}")
    for name in ex.examples():
        workload = ex.Workload.load(name)
        count = len(allowed_designs(Conditions(workload)).designs)
        fast = median_ms(lambda w=workload: ex.recommend(w).monthly_usd)
        slow = median_ms(lambda w=workload: one_by_one(w), 3)
        print(f"{name:14}{count:9}{fast:14.1f}{slow:15.0f}{slow / fast:8.0f}")
    bare = command_ms("-c", "pass")
    print(f"\nimport explorer: {command_ms('-c', 'import explorer') - bare:.0f} ms")
    whole = "import explorer; explorer.recommend"
    print(f"import explorer with all that recommend needs: {command_ms('-c', whole) - bare:.0f} ms")
    path = str(ex.examples()["statements"])
    print(f"explorer recommend --json: {command_ms('-m', 'explorer', 'recommend', path, '--json'):.0f} ms")


if __name__ == "__main__":
    main()
