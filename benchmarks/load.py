"""The load generator against a trivial server in its own process: does it keep its schedule?

For comparison wrk, a closed loop in C, loads the same server in the same run. A third part shows what a
closed loop hides: the server stalls for a second, and both loops report it. Medians of several rounds.
"""

import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from explorer.live.bench.endpoint import Endpoint, Work
from explorer.live.bench.result import Result
from explorer.live.bench.run import bench
from explorer.live.bench.schedule import ClosedLoop, constant

ROUNDS, SECONDS, AT_A_TIME = 3, 4, 16
WORK = Work(b'{"runtime_s": 0}')
SERVER = """
import asyncio, sys, time
ANSWER = b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nContent-Type: application/json\\r\\n\\r\\n{}"
class Trivial(asyncio.Protocol):
    seen, stall_after = b"", int(sys.argv[1])
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data):
        self.seen += data
        while (end := self.seen.find(b"\\r\\n\\r\\n") + 4) > 3:
            head, at = self.seen[:end].lower(), self.seen[:end].lower().find(b"content-length:")
            size = int(head[at + 15 :].split(b"\\r\\n", 1)[0]) if at > 0 else 0
            if len(self.seen) < end + size: return
            self.seen = self.seen[end + size :]
            Trivial.stall_after -= 1
            if Trivial.stall_after == 0: time.sleep(1)
            self.transport.write(ANSWER)
async def main():
    server = await asyncio.get_running_loop().create_server(Trivial, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


@contextmanager
def server(stall_after: int = 0) -> Iterator[str]:
    """The server's URL; after a number of requests it stalls for a second."""
    run = [sys.executable, "-c", SERVER, str(stall_after)]
    child = subprocess.Popen(run, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    try:
        yield f"http://127.0.0.1:{int(child.stdout.readline())}"
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def ours(url: str, schedule) -> Result:
    """Send a schedule to an address."""
    return bench(Endpoint(url, stored=False), schedule, WORK)


def wrk_rps(url: str) -> float:
    """Requests per second of wrk with this many connections and one thread."""
    run = ["wrk", "-t1", f"-c{AT_A_TIME}", f"-d{SECONDS}s", f"{url}/run"]
    output = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    match = re.search(r"Requests/sec:\s+([\d.]+)", output)
    assert match, output
    return float(match[1])


def median(rounds: list[dict], *path: str) -> float:
    """The median over the rounds of one figure of the summaries."""
    values = []
    for one in rounds:
        for name in path:
            one = one[name]
        values.append(float(one))
    return statistics.median(values)


def schedule_kept(url: str) -> None:
    """Print the lateness of requests at several rates."""
    print("  rate/s   sent/s  late p50 ms    p99    max  latency p50 ms    p99  valid")
    for rate in (100, 1000, 2000, 3000):
        rounds = [ours(url, constant(rate, SECONDS)).to_dict() for _ in range(ROUNDS)]
        late = [1000 * median(rounds, "lateness_s", name) for name in ("p50", "p99", "max")]
        took = [1000 * median(rounds, "latency_s", name) for name in ("p50", "p99")]
        sent_rps = median(rounds, "throughput_rps")
        valid = sum(one["valid"] for one in rounds)
        print(
            f"{rate:8}{sent_rps:9.0f}{late[0]:13.2f}{late[1]:7.2f}{late[2]:7.1f}{took[0]:16.2f}{took[1]:7.2f}",
            end="",
        )
        print(f"  {valid} of {ROUNDS}")


def as_fast_as_it_goes(url: str) -> None:
    """Print the highest request rate without a schedule, beside wrk."""
    closed = [ours(url, ClosedLoop(3000 * SECONDS, AT_A_TIME)).throughput_rps for _ in range(ROUNDS)]
    most = statistics.median(closed)
    print(f"\n{AT_A_TIME} at a time, as fast as it goes: ours {most:,.0f}/s", end="")
    if shutil.which("wrk"):
        peer = statistics.median(wrk_rps(url) for _ in range(ROUNDS))
        print(
            f", wrk {peer:,.0f}/s (ratio {most / peer:.2f}); wrk keeps no schedule, signs and checks nothing"
        )
    else:
        print("; wrk is not here (apt-get install wrk): skipped")


def what_a_closed_loop_hides(rate: int = 500) -> None:
    """One second of stall in `SECONDS`, with as many requests sent on schedule and by a closed loop."""
    rounds: dict[str, list[dict]] = {"open": [], "closed": []}
    for _ in range(ROUNDS):
        with server(rate) as url:
            rounds["open"].append(ours(url, constant(rate, SECONDS)).to_dict())
        with server(rate) as url:
            rounds["closed"].append(ours(url, ClosedLoop(rate * SECONDS, 1)).to_dict())
    print(f"\na stall of 1 s among {rate * SECONDS:,} requests: latency in ms")
    names = ("p50", "p90", "p99", "p99_9", "max")
    print(f"{'':>8}" + "".join(f"{name:>9}" for name in names))
    took = {
        loop: [1000 * median(results, "latency_s", name) for name in names]
        for loop, results in rounds.items()
    }
    for loop, values in took.items():
        print(f"{loop:>8}" + "".join(f"{value:9.1f}" for value in values))
    ratios = [high / low for high, low in zip(took["open"], took["closed"], strict=True)]
    print(f"{'ratio':>8}" + "".join(f"{ratio:9.1f}" for ratio in ratios))


def main() -> None:
    """Run the three parts against a server in this process."""
    print("goal: 1,000 requests/s kept, late at most 10 ms at the p99\n")
    with server() as url:
        schedule_kept(url)
        as_fast_as_it_goes(url)
    what_a_closed_loop_hides()


if __name__ == "__main__":
    main()
