"""Requests per second and results of `simulate` beside SimFaaS, in one run on the same cases.

The extra `bench` installs SimFaaS (pip install simfaas); without it, only `simulate` is timed. "within" is
the difference of the two means in standard errors of that difference over the runs: 2 is noise.
"""

import math
import resource
import statistics
import time
from collections.abc import Callable, Sequence

import explorer as ex
from explorer.engine.simulation.compiled import compile_kernel
from explorer.engine.simulation.simulate import simulate

RUNS = 5
KINDS = ("cold_start_probability", "mean_servers", "mean_running")
CASES = {  # arrival_rps, warm_s, cold_s, keep_alive_s, duration_s, max_concurrency
    "SimFaaS's own": (0.9, 1.991, 2.244, 600.0, 1e5, 1000),
    "seldom": (0.002, 1.991, 2.244, 600.0, 2e7, 1000),
    "kept shortly": (0.9, 1.991, 2.244, 10.0, 1e5, 1000),
    "20 at once": (10.0, 2.0, 2.5, 600.0, 3e3, 1000),
    "refuses above 3": (0.9, 1.991, 2.244, 600.0, 1e5, 3),
}
LARGE = {  # arrival_rps, warm_s
    "2 at once": (0.9, 2.0),
    "20 at once": (10.0, 2.0),
    "200 at once": (100.0, 2.0),
    "2,000 at once": (1000.0, 2.0),
    "30,000 at once": (15_000.0, 2.0),
}
MANY = 10_000_000  # requests


def theirs(case: Sequence[float], seed: int) -> tuple[int, list[float]]:
    """Requests and results of one run of SimFaaS."""
    import numpy as np
    from simfaas.ServerlessSimulator import ServerlessSimulator

    rate, warm_s, cold_s, keep_alive_s, duration_s, most = case
    np.random.seed(seed)  # noqa: NPY002 - the simulator draws from it
    simulator = ServerlessSimulator(
        arrival_rate=rate,
        warm_service_rate=1 / warm_s,
        cold_service_rate=1 / cold_s,
        expiration_threshold=keep_alive_s,
        max_time=duration_s,
        maximum_concurrency=most,
    )
    simulator.generate_trace(debug_print=False, progress=False)
    figures = simulator.get_cold_start_prob(), simulator.get_average_server_count()
    return simulator.total_req_count, [*figures, simulator.get_average_server_running_count()]


def ours(case: Sequence[float], seed: int) -> tuple[int, list[float]]:
    """Requests and results of one run of `simulate`."""
    rate, warm_s, cold_s, keep_alive_s, duration_s, most = case
    result = simulate(rate, warm_s, cold_s, keep_alive_s, duration_s, seed, max_concurrency=int(most))
    return result.requests, [getattr(result, kind) for kind in KINDS]


def measured(
    run: Callable[[Sequence[float], int], tuple[int, list[float]]], case: Sequence[float]
) -> tuple[float, list[tuple[float, ...]]]:
    """The median of requests per second, and the results of each run, by kind."""
    rates, answers = [], []
    for seed in range(RUNS):
        start = time.perf_counter()
        requests, answer = run(case, seed)
        rates.append(requests / (time.perf_counter() - start))
        answers.append(answer)
    return statistics.median(rates), list(zip(*answers, strict=True))


def apart(one: Sequence[float], two: Sequence[float]) -> float:
    """The difference of the means in its standard errors."""
    error = math.sqrt((statistics.variance(one) + statistics.variance(two)) / RUNS)
    return abs(statistics.mean(one) - statistics.mean(two)) / error if error else 0.0


def beside() -> None:
    """Time both on every case."""
    print(
        f"{'case':17}{'ours req/s':>12}{'SimFaaS':>10}{'ratio':>7}"
        "  cold, servers, running: ours | SimFaaS | within"
    )
    for name, case in CASES.items():
        fast, our_figures = measured(ours, case)
        slow, peer = measured(theirs, case)
        means = ["/".join(f"{statistics.mean(values):.4g}" for values in one) for one in (our_figures, peer)]
        far = "/".join(f"{apart(a, b):.1f}" for a, b in zip(our_figures, peer, strict=True))
        print(f"{name:17}{fast:12,.0f}{slow:10,.0f}{fast / slow:7,.0f}  {means[0]} | {means[1]} | {far}")


def memory_mb() -> float:
    """The peak memory of this process so far [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def alone() -> None:
    """Time `simulate` with many requests, and the extra memory over a tenth of them."""
    print(f"\n{'10 million requests':20}{'million req/s':>14}{'of the CPU':>12}{'more MB':>9}")
    for name, (rate, warm_s) in LARGE.items():
        times, spent = [], []
        simulate(rate, warm_s, duration_s=MANY / rate / 10)
        before = memory_mb()
        for seed in range(3):
            start, cpu = time.perf_counter(), time.process_time()
            requests = simulate(rate, warm_s, duration_s=MANY / rate, seed=seed).requests
            times.append(requests / (time.perf_counter() - start))
            spent.append(requests / (time.process_time() - cpu))
        rates = (statistics.median(values) / 1e6 for values in (times, spent))
        print(f"{name:20}" + "{:14.1f}{:12.1f}".format(*rates) + f"{memory_mb() - before:9.1f}")


def main() -> None:
    """Time simulations, beside SimFaaS."""
    print(f"explorer {ex.__version__}; goals: 100 times SimFaaS, 10 million requests/s, memory flat\n")
    try:
        import numba

        compile_kernel("plain")
        simulate(10.0, 2.0, duration_s=1e5, max_concurrency=1000)
        print(f"Numba {numba.__version__}, compiled before it is timed")
    except ImportError:
        print("Numba is not installed: the same in plain Python")
    try:
        import simfaas  # noqa: F401

        beside()
    except ImportError:
        print("SimFaaS is not installed (pip install simfaas): ours alone")
    alone()


if __name__ == "__main__":
    main()
