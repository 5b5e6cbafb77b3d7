"""The local cloud after a cold start on a machine short of CPU: does it slow down, or stop answering?

Jobs arrive at a fixed rate at a stack that was never called, while one process per core does nothing but
compute. Criteria: no job lost, none refused, and the cloud's event loop answers its health page within
a second.
"""

import argparse
import http.client
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import explorer as ex
from explorer.live.bench.measure import measure
from explorer.live.cloud import supervisor
from explorer.live.deployment import deploy
from explorer.live.deployment.target import Local

NAME = f"pressure-{os.getpid()}"
DESIGN = "door=http-api,request=inline,response=stored,execution={execution},configuration=bundled"
WORKLOAD = {
    "name": "pressure",
    "requests_per_month": 1e6,
    "response": "20 KB",
    "runtime": {"p50": "300 ms"},
    "configuration": {"total": "1 KB", "entries": 4},
}
PROBE_EACH_S = 0.05


class Lag(threading.Thread):
    """The response time of the cloud's event loop [s], measured continuously."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.where, self.seconds, self.over = urlsplit(url).netloc, list[float](), threading.Event()

    def run(self) -> None:
        """Request the health page until the round ends."""
        while not self.over.wait(PROBE_EACH_S):
            began, connection = time.monotonic(), http.client.HTTPConnection(self.where, timeout=60)
            with suppress(OSError):
                connection.request("GET", "/_ministack/health")
                connection.getresponse().read()
            connection.close()
            self.seconds.append(time.monotonic() - began)


@contextmanager
def busy(cores: int) -> Iterator[None]:
    """Keep this many cores busy during the `with` block."""
    burning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    try:
        yield
    finally:
        for process in burning:
            process.kill()
            process.wait()


def main() -> None:
    """Print one line per round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=5.0, help="jobs/s")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--busy", type=int, default=os.cpu_count(), help="cores that compute meanwhile")
    parser.add_argument("--execution", default="single")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print(
        f"{args.rate:g} jobs/s from cold for {args.seconds:g} s, {args.busy} of {os.cpu_count()} cores busy"
    )
    columns = ("round", "jobs", "succeeded", "lost", "p50 s", "p99 s", "starts", "lag p99 s", "lag max s")
    print("".join(f"{column:>11}" for column in (*columns, "  errors")))
    for number in range(args.rounds):
        print(one_round(number, args), flush=True)


def one_round(number: int, args: argparse.Namespace) -> str:
    """Start a cloud, run its jobs, and return the outcome as a line."""
    cloud = supervisor.start(f"{NAME}-{number}")
    try:
        place = Local.find("us-east-1", cloud.name)
        stack = deploy.deploy(ex.Workload(**WORKLOAD), DESIGN.format(execution=args.execution), place)
        lag = Lag(cloud.endpoint_url)
        with busy(args.busy):
            lag.start()
            result = measure(stack, rate=args.rate, duration=args.seconds, arrivals="constant").to_dict()
            lag.over.set()
            lag.join()
    finally:
        supervisor.stop(cloud.name)
    lags, seconds = sorted(lag.seconds), result["latency_s"]
    row = [
        number + 1, result["jobs"], result["succeeded"], result["lost"], f"{seconds.get('p50', 0):.1f}",
        f"{seconds.get('p99', 0):.1f}", result["cold_starts"], f"{lags[int(len(lags) * 0.99)]:.2f}",
        f"{lags[-1]:.2f}",
    ]  # fmt: skip
    return "".join(f"{value:>11}" for value in row) + f"   {result['errors']}"


if __name__ == "__main__":
    main()
