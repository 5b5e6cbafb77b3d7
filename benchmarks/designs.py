"""Five designs for the same work on the local cloud, one after another: functions and containers.

All times are those of the local cloud on this machine. They compare the code and the hand-overs of the
designs; they do not show AWS's times, especially not start times. Prices are AWS's, from the model. The last
column says if this machine, and not the design, was the bottleneck.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import explorer as ex
from explorer.live.bench.jobs import Polling
from explorer.live.bench.measure import measure
from explorer.live.bench.result import Result
from explorer.live.cloud import supervisor
from explorer.live.deployment import deploy
from explorer.live.deployment.registry import Standing
from explorer.live.deployment.target import Local

NAME = f"designs-{os.getpid()}"
WORK = ex.Workload(
    name="designs",
    requests_per_month=1e6,
    response={"p50": "20 KB"},
    runtime={"p50": "300 ms"},
    configuration={"total": "1 KB", "entries": 4},
)
DESIGNS = {
    "function, at once": "door=function-url,response=buffered,execution=single",
    "function, jobs": "door=http-api,response=stored,execution=single",
    "queue before it": "door=http-api,response=stored,execution=queued",
    "container service": "door=alb,response=stored,execution=service",
    "a task a job": "door=http-api,response=stored,execution=fargate",
}
ALIKE = "request=inline,configuration=environment"
HEAD = ("design", "up s", "jobs", "lost", "failed", "jobs/s", "p50 s", "p99 s", "cold", "USD/1,000", "busy")
WIDTHS = (20, 7, 6, 6, 8, 8, 8, 8, 6, 11, 14)


@contextmanager
def stood(design: str) -> Iterator[tuple[Standing, float]]:
    """Deploy a design during the `with` block; yields the time of its deployment [s]."""
    began = time.monotonic()
    stack = deploy.deploy(WORK, f"{design},{ALIKE}", Local.find("us-east-1", NAME))
    try:
        yield stack, time.monotonic() - began
    finally:
        deploy.destroy(stack)


def row(name: str, up_s: float, result: Result, usd: float) -> str:
    """The row of one design in the table."""
    answer = result.to_dict()
    seconds, cold = answer["latency_s"], answer["cold_starts"]
    failed = result.jobs - result.succeeded - result.lost
    busy = "this machine" if result.machine.get("bottleneck") else "no"
    cells = (
        name,
        f"{up_s:.1f}",
        result.jobs,
        result.lost,
        failed,
        f"{result.throughput_rps:.1f}",
        f"{seconds['p50']:.2f}" if seconds else "-",
        f"{seconds['p99']:.2f}" if seconds else "-",
        "-" if cold is None else cold,
        f"{usd:.4f}",
        busy,
    )
    return "".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True))


def main() -> int:
    """Print one row per design; the exit code is 1 if a job was lost or got another job's result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=40, help="of each design")
    parser.add_argument("--concurrency", type=int, default=4, help="jobs at a time")
    parser.add_argument("--runtime-s", type=float, default=0.3, help="of each job's work")
    parser.add_argument("--only", nargs="*", choices=list(DESIGNS), default=list(DESIGNS))
    arguments = parser.parse_args()
    print("THE LOCAL CLOUD'S OWN TIMES on this machine, and not AWS's. Prices are AWS's.")
    print("".join(f"{name:>{width}}" for name, width in zip(HEAD, WIDTHS, strict=True)), flush=True)
    supervisor.start(NAME)
    lost = 0
    try:
        for name in arguments.only:
            with stood(DESIGNS[name]) as (stack, up_s):
                result = measure(
                    stack,
                    jobs=arguments.jobs,
                    concurrency=arguments.concurrency,
                    runtime=arguments.runtime_s,
                    polling=Polling(0.1, 0.05),
                )
                usd = deploy.plan(WORK, stack.design).estimate["usd_per_1000_requests"]
            lost += result.lost + result.corrupted
            print(row(name, up_s, result, usd), flush=True)
    finally:
        supervisor.stop(NAME)
    print(f"(load of the machine at the end: {os.getloadavg()[0]:.1f})")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
