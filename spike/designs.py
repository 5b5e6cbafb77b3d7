"""Which designs there are, and the placements (an option with what it reads of the request path) they are made of.

Eight concerns, 36 options; those of 0.1.0 with the arithmetic that they have there, and made-up ones where the
contract adds some: edge (2), compression (2), initialization (3), a workflow that answers, two more responses.
Nothing here depends on a workload; it is built once a process, by arrays.
"""

from __future__ import annotations

from functools import cache

import numpy as np

CONCERNS = ("edge", "door", "request", "response", "compression", "execution", "initialization", "configuration")
WHOLE, STREAM, PAGE, JOB, NONE = range(5)  # the response's way out
LAMBDA, INSTANCE, TASK, SERVICE = range(4)  # what computes
FUNCTION, CONTAINER, WORKFLOW = range(3)  # what answers the door
SINGLE, QUEUED, RECURSION, DURABLE, MACHINE, EXPRESS, MANAGED, FARGATE, CONTAINERS = range(9)

IDS = dict(
    edge=("none", "cloudfront"),
    door=("function-url", "http-api", "rest-api", "alb"),
    request=("inline", "presigned-upload"),
    response=("buffered", "streamed", "paged", "stored", "callback", "pushed", "accepted"),
    compression=("none", "gzip"),
    execution=("single", "queued", "recursion", "durable", "step-functions", "express", "managed-instance", "fargate", "service"),
    initialization=("on-demand", "provisioned-concurrency", "snap-start"),
    configuration=("environment", "bundled", "parameter-store", "parameter-store-advanced", "secrets-manager", "appconfig"),
)
PARTS = dict(
    edge=(0, 1), door=(0, 1, 1, 2), request=(0, 2), response=(0, 1, 1, 5, 5, 6, 2), compression=(0, 1),
    execution=(0, 2, 4, 1, 2, 2, 2, 4, 5), initialization=(0, 1, 1), configuration=(0, 0, 0, 0, 1, 2),
)
OUT = np.array((WHOLE, STREAM, PAGE, JOB, JOB, JOB, NONE))
COMPUTE = np.array((LAMBDA,) * 6 + (INSTANCE, TASK, SERVICE))
# what each option reads of the path (count.py's count of them: 962 placements)
READS = dict(
    edge=((), ("door", "s3in", "out", "gz", "polls", "behind")),
    door=(("behind", "polls", "s3in", "out", "gz", "edge"),) * 4,
    request=((), ("behind", "compute", "edge")),
    response=(("gz",), ("behind", "compute", "gz"), ("behind", "compute", "door", "gz"), *(("behind", "compute", "edge", "gz"),) * 3, ("behind",)),
    compression=((), ("compute", "out")),
    execution=(("asynchronous", "s3in", "out", "gz", "init"),) * 9,
    initialization=(("compute", "exe"), ("exe", "s3in", "out", "gz"), ("exe", "s3in", "out", "gz")),
    configuration=(("compute",), ("compute",), *(("compute", "out", "init"),) * 4),
)


class Paths:
    """The distinct request paths that one option reads, a row each.  Fields it did not declare are not there."""

    def __init__(self, fields: dict[str, np.ndarray], nd: int = 0) -> None:
        self.fields, self.count, self.nd = fields, (len(next(iter(fields.values()))) if fields else 1), nd
        self._at: dict[int, Paths] = {nd: self}

    def at(self, nd: int) -> Paths:
        """The same, to be broadcast against (paths, sizes, *axes) with so many axes."""
        if nd not in self._at:
            self._at[nd] = Paths(self.fields, nd)
        return self._at[nd]

    def only(self, row: int) -> Paths:
        """One path alone."""
        return Paths({k: v[row : row + 1] for k, v in self.fields.items()}, self.nd)

    def __getattr__(self, name: str) -> np.ndarray:
        if name.startswith("_"):
            raise AttributeError(name)
        value = self._column(KINDS[name](self.fields))
        self.__dict__[name] = value
        return value

    def _column(self, value: np.ndarray) -> np.ndarray:
        return value.reshape((-1, 1) + (1,) * self.nd)


KINDS = {
    "door": lambda f: f["door"], "gz": lambda f: f["gz"] > 0, "edge": lambda f: f["edge"] > 0, "s3in": lambda f: f["s3in"] > 0,
    "doorin": lambda f: f["s3in"] == 0, "whole": lambda f: f["out"] == WHOLE, "stream": lambda f: f["out"] == STREAM,
    "page": lambda f: f["out"] == PAGE, "job": lambda f: f["out"] == JOB, "none": lambda f: f["out"] == NONE,
    "through": lambda f: f["out"] < JOB, "asynchronous": lambda f: f["asynchronous"] > 0, "polls": lambda f: f["polls"] > 0,
    "sync": lambda f: f["asynchronous"] == 0,
    "onlambda": lambda f: f["compute"] < TASK, "lam": lambda f: f["compute"] == LAMBDA, "task": lambda f: f["compute"] == TASK,
    "function": lambda f: f["behind"] == FUNCTION, "notcontainer": lambda f: f["behind"] != CONTAINER,
    "container": lambda f: f["behind"] == CONTAINER, "workflow": lambda f: f["behind"] == WORKFLOW,
    "init": lambda f: f["init"], "exe": lambda f: f["exe"], "ondemand": lambda f: f["init"] == 0, "pc": lambda f: f["init"] == 1,
}


class Table:
    """Every design that can be built, fewest parts first."""

    def __init__(self) -> None:
        grid = np.indices([len(ids) for ids in IDS.values()]).reshape(len(CONCERNS), -1)
        o = dict(zip(CONCERNS, grid, strict=True))
        e, r, d = o["execution"], o["response"], o["door"]
        out, compute, jobs = OUT[r], COMPUTE[e], r >= 3
        ok = ~(np.isin(e, (QUEUED, RECURSION, FARGATE, MACHINE)) & ~jobs)
        ok &= ~((e == EXPRESS) & ~jobs) | (np.isin(d, (1, 2)) & np.isin(r, (0, 2)))
        ok &= ~(e == CONTAINERS) | (d == 3)
        ok &= ~((r == 1) & (e != CONTAINERS)) | np.isin(d, (0, 2))
        ok &= ~((o["compression"] == 1) & (r == 6))
        ok &= ~(o["initialization"] > 0) | (e <= EXPRESS)
        parts = sum(np.array(PARTS[c])[o[c]] for c in CONCERNS)
        order = np.flatnonzero(ok)[np.argsort(parts[ok], kind="stable")]
        self.options = grid[:, order].T.astype(np.int16)  # (designs, concerns)
        self.parts = parts[order]
        behind = np.where(e == CONTAINERS, CONTAINER, np.where((e == EXPRESS) & ~jobs, WORKFLOW, FUNCTION))
        fields = dict(edge=o["edge"], door=d, s3in=o["request"], out=out, polls=(r == 3) * 1, gz=o["compression"], compute=compute,
                      exe=e, init=o["initialization"], asynchronous=jobs * 1, behind=behind)
        self.answers = ~jobs[order]
        fields = {k: v[order] for k, v in fields.items()}
        self.rows = np.empty(self.options.shape, np.int32)
        self.asks: list[tuple[str, int, Paths, int]] = []  # concern, option, its paths, the first of its placements
        self.placements = 0
        for k, concern in enumerate(CONCERNS):
            for number, read in enumerate(READS[concern]):
                here = np.flatnonzero(self.options[:, k] == number)
                key = np.zeros(here.size, np.int64)
                for name in read:
                    key = key * 16 + fields[name][here]
                _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
                paths = Paths({name: fields[name][here[first]] for name in read})
                paths.count = len(first)
                self.rows[here, k] = self.placements + inverse
                self.asks.append((concern, number, paths, self.placements))
                self.placements += len(first)

    def name(self, design: int) -> str:
        """Its options, one a concern."""
        return ", ".join(f"{c}={IDS[c][o]}" for c, o in zip(CONCERNS, self.options[design], strict=True))


@cache
def table() -> Table:
    """The table of all designs."""
    return Table()


if __name__ == "__main__":
    import time

    t = time.process_time()
    tab = table()
    print(len(tab.parts), "designs", tab.placements, "placements", f"{(time.process_time() - t) * 1e3:.0f} ms")
