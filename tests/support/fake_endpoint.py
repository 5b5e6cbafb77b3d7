"""An endpoint in memory, in its own process, that is as slow and as faulty as it is told to be.

`python fake_endpoint.py '{"queue_s": 0.1}'` prints its port and serves until it is ended. For the
benchmark's own tests: what it measures and counts can be held against what was asked for.
"""

import asyncio
import gzip
import hashlib
import json
import math
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from urllib.parse import parse_qs, urlsplit


@dataclass
class Faults:
    """Seconds that things take, and the every how-many-th job that meets a fault (0: none)."""

    submit_s: float = 0.0
    queue_s: float = 0.0
    store_s: float = 0.0
    bytes_per_s: float = 1e9  # into the store
    status_s: float = 0.0
    result_s: float = 0.0  # to the first byte
    sends_per_s: float = 1e12  # bytes of an answer, after its first
    workers: int = 10_000  # jobs at a time; the others wait
    stall_at: int = 0  # nothing is answered from this request on, counted from 1
    stall_s: float = 0.0  # for so long
    clock_s: float = 0.0  # its clock is ahead
    growth: float = 0.1
    gzips: bool = False
    page_bytes: int = 0
    refuses: int = 0
    fails: int = 0
    forgets: int = 0  # 404 after 202
    hangs: int = 0  # never ends
    corrupts: int = 0  # other bytes than the status says
    swaps: int = 0  # the bytes of the job before, reported as its own
    damages: int = 0  # other bytes than were asked for, reported as its own
    lost_results: int = 0  # no result at the URL
    flaky: int = 0  # the first status read is a 500


class Server:
    def __init__(self, faults: Faults) -> None:
        self.faults, self.jobs, self.request_count, self.stalled_until = faults, {}, 0, 0.0
        self.free = asyncio.Semaphore(faults.workers)
        self.tasks = set()

    def clock(self) -> float:
        return time.time() + self.faults.clock_s

    async def talk(self, reader, writer) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in lines if line)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.request_count += 1
                if self.request_count == self.faults.stall_at:
                    self.stalled_until = time.monotonic() + self.faults.stall_s
                await asyncio.sleep(max(0.0, self.stalled_until - time.monotonic()))
                status, more, answer = await self.answer(*first.split(" ")[:2], body)
                header_lines = "".join(f"{name}: {value}\r\n" for name, value in more.items())
                writer.write(
                    f"HTTP/1.1 {status} -\r\n{header_lines}Content-Length: {len(answer)}\r\n\r\n".encode()
                )
                writer.write(answer[:1])
                await asyncio.sleep(len(answer) / self.faults.sends_per_s)
                writer.write(answer[1:])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, method: str, target: str, body: bytes):
        url = urlsplit(target)
        place = url.path.strip("/").split("/")
        if method == "POST" and place == ["run"]:
            return await self.run(json.loads(body), int(parse_qs(url.query).get("page", ["1"])[0]))
        if method == "POST" and place == ["jobs"]:
            return await self.submit(json.loads(body))
        if method == "GET" and place[0] == "jobs":
            return await self.status(int(place[1]))
        if place[0] != "results":
            return problem(404)
        return await self.result(int(place[1]))

    def meets(self, every: int, number: int) -> bool:
        return bool(every) and number % every == every - 1

    async def run(self, request: dict, page: int):
        async with self.free:
            await asyncio.sleep(request["runtime_s"])
        content, size = result_content(request), self.faults.page_bytes
        if not size:
            return 200, *self.encode(content)
        more = page * size < len(content)
        encoding, part = self.encode(content[(page - 1) * size : page * size])
        return 200, encoding | ({"Link": f'<?page={page + 1}>; rel="next"'} if more else {}), part

    async def submit(self, request: dict):
        number = len(self.jobs)
        self.jobs[number] = job = {"id": str(number), "status": "queued", "attempts": 0}
        if self.meets(self.faults.refuses, number):
            return problem(503)
        job["submitted"] = job["updated"] = self.clock()
        await asyncio.sleep(self.faults.submit_s)
        self.tasks.add(asyncio.create_task(self.work(job, request, time.monotonic())))
        return 202, {"Retry-After": 1, "Location": f"/jobs/{number}"}, json.dumps(job).encode()

    async def work(self, job: dict, request: dict, since: float) -> None:
        async with self.free:
            await asyncio.sleep(max(0.0, since + self.faults.queue_s - time.monotonic()))
            job |= {"status": "running", "attempts": 1, "started": self.clock()}
            if self.meets(self.faults.hangs, int(job["id"])):
                return
            stored_s = self.faults.store_s + request["response_bytes"] / self.faults.bytes_per_s
            await asyncio.sleep(request["runtime_s"] + stored_s)
        if self.meets(self.faults.swaps, int(job["id"])):
            request = {**request, "seed": request["seed"] - 1}
        if self.meets(self.faults.damages, int(job["id"])):
            request = {**request, "seed": None}
        _, content = self.encode(result_content(request))
        job["request"] = request
        job["result"] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        failed = self.meets(self.faults.fails, int(job["id"]))
        job |= {"status": "failed" if failed else "succeeded", "ended": self.clock()}
        job["updated"] = job["ended"]

    async def status(self, number: int):
        await asyncio.sleep(self.faults.status_s)
        job = self.jobs[number]
        if self.meets(self.faults.forgets, number):
            return problem(404)
        if self.meets(self.faults.flaky, number) and not job.get("seen"):
            job["seen"] = True
            return problem(500)
        answer = {name: value for name, value in job.items() if name not in {"request", "seen", "result"}}
        if job["status"] == "failed":
            answer["error"] = {"type": "ValueError", "detail": "as asked"}
        if job["status"] == "succeeded":
            url = f"http://127.0.0.1:{self.port}/results/{number}?X-Sig=a%2Fb"
            answer["result"] = {"url": url, **job["result"]}
        again = math.ceil(max(1, self.faults.growth * (self.clock() - job["submitted"])))
        return 200, {"Retry-After": again}, json.dumps(answer).encode()

    async def result(self, number: int):
        await asyncio.sleep(self.faults.result_s)
        if self.meets(self.faults.lost_results, number):
            return problem(404)
        encoding, content = self.encode(result_content(self.jobs[number]["request"]))
        return 200, encoding, content[:-1] + b"?" if self.meets(self.faults.corrupts, number) else content

    def encode(self, content: bytes) -> tuple[dict, bytes]:
        """A result as it goes out, and the header that says so."""
        if not self.faults.gzips:
            return {}, content
        return {"Content-Encoding": "gzip"}, gzip.compress(content, mtime=0)


def result_content(request: dict) -> bytes:
    """The result: the same for the same seed."""
    block = hashlib.sha256(str(request.get("seed")).encode()).digest()
    return (block * (request["response_bytes"] // 32 + 1))[: request["response_bytes"]]


def problem(status: int):
    return status, {"Content-Type": "application/problem+json"}, b'{"title": "refused"}'


async def serve(faults: Faults) -> None:
    server = Server(faults)
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0, backlog=1024, limit=1 << 24)
    server.port = listening.sockets[0].getsockname()[1]
    print(server.port, flush=True)
    await listening.serve_forever()


@contextmanager
def running(with_process=False, **faults):
    """The endpoint in its own process; its URL, and with `with_process` the process."""
    faults_json = json.dumps(asdict(Faults(**faults)))
    child = subprocess.Popen([sys.executable, __file__, faults_json], stdout=subprocess.PIPE, text=True)
    try:
        url = f"http://127.0.0.1:{int(child.stdout.readline())}"
        yield (url, child) if with_process else url
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


if __name__ == "__main__":
    asyncio.run(serve(Faults(**json.loads(sys.argv[1]))))
