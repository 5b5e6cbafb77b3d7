"""Workloads of every kind, for property tests."""

import numpy as np
from hypothesis import strategies as st

from explorer.facts.locations import workloads_dir
from explorer.workload.workload import Workload

EXAMPLES = [Workload.load(path) for path in sorted(workloads_dir().glob("*.toml"))]

TUNED = [
    {"memory": 512, "p50": "3 s"},
    {"memory": 1769, "p50": "1 s"},
    {"memory": 8192, "p50": "500 ms"},
]


def maybe(value: st.SearchStrategy):
    """A value of a field that may be left out, and mostly is."""
    return st.one_of(st.none(), st.none(), value)


@st.composite
def spreads(draw, least: float, most: float):
    """One value, two or three quantiles, perhaps a maximum, or samples."""
    value = st.floats(np.log(least), np.log(most)).map(lambda log: float(np.exp(log)))
    kind = draw(st.sampled_from(["value", "quantiles", "cut", "samples"]))
    if kind == "value":
        return {"value": draw(value)}
    if kind == "samples":
        return {"samples": draw(st.lists(value, min_size=1, max_size=5))}
    low, middle, high = sorted(draw(st.tuples(value, value, value)))
    points = {"p50": low, "p90": middle, "p99": high}
    return points | ({"max": high * 2} if kind == "cut" else {})


@st.composite
def workloads(draw):
    """A workload of any kind that a file can hold."""
    flag, share = st.booleans(), st.floats(0.01, 1)
    rarely = st.sampled_from([False, False, False, True])
    maybe = lambda value: st.one_of(st.none(), st.none(), value)  # noqa: E731
    entries = draw(st.integers(1, 60))
    memory = draw(st.sampled_from([128, 512, 1769, 8192, 10_240, 30_000]))
    rate = draw(st.floats(0, 9).map(lambda log: 10**log))
    return Workload(
        requests_per_month=rate,
        peak_rps=draw(st.none() | st.floats(1, 100).map(lambda times: rate / (672 * 3600) * times)),
        peak_ramp=draw(st.sampled_from(["1 hour", "1 hour", "1 s", "1 minute"])),
        region=draw(st.sampled_from(["us-east-1", "eu-west-1", "sa-east-1"])),
        request={**draw(spreads(1, 1e9)), "binary": draw(flag)},
        response={
            **draw(spreads(1, 1e10)),
            "binary": draw(flag),
            "divisible": draw(flag),
            "compression": draw(share),
            "cacheable": draw(st.sampled_from([0.0, 0.0, 0.3, 0.97, 1.0])),
            "kept": draw(st.sampled_from(["1 hour", "7 days"])),
        },
        runtime={
            **draw(spreads(1e-4, 1e5)),
            "memory": memory,
            "architecture": draw(st.sampled_from(["arm64", "x86_64"])),
            "divisible": draw(flag),
            "steps": draw(st.integers(1, 100)),  # left out, they grow with the run time
            "state": draw(st.floats(0, 4e6)),
            "cpu": draw(st.sampled_from([0.01, 0.5, 1.0])),
            "threads": draw(st.sampled_from([1, 2, 6])),
            "interruptible": draw(flag),
            "once": draw(rarely),
            "orchestrated": draw(rarely),
            "first_byte": draw(maybe(st.sampled_from(["1 ms", "300 ms", "20 s"]))),
            "used": min(memory, draw(st.sampled_from([128, 128, 1500]))),
            "tuned": draw(st.sampled_from([[], [], TUNED])),
            "network": draw(maybe(st.just("10 MB/s"))),
            "language": draw(st.sampled_from(["python3.13", "python3.13", "nodejs22.x", "java21", "go"])),
        },
        configuration={
            "total": draw(st.floats(0, 3e6)),
            "entries": entries,
            "secrets": draw(st.integers(0, entries)),
            "rotation": draw(flag),
            "changes_without_deploy": draw(flag),
        },
        client={
            "waits": draw(st.floats(0.1, 1000)),
            "polls": draw(flag),
            "uploads": draw(flag),
            "receives_callbacks": draw(flag),
            "sockets": draw(flag),
            "collects": draw(st.sampled_from([True, True, False])),
            "headers": draw(maybe(st.sampled_from(["300 B", "9 KB"]))),
            "bandwidth": draw(st.sampled_from([2.5e6, 2.5e6, 1e5])),
            "auth": draw(st.sampled_from([None, "none", "iam", "jwt"])),
            "needs": draw(
                st.lists(st.sampled_from(["custom-domain", "waf", "throttling", "private"]), unique=True)
            ),
        },
        network={
            "vpc": draw(rarely),
            "internet": draw(flag),
            **draw(st.sampled_from([{}, {"per_request": "5 KB"}])),
        },
        downstream=draw(st.just({}) | st.fixed_dictionaries({"concurrency": st.integers(1, 3000)})),
        account=draw(st.sampled_from([{}, {}, {"lambda.concurrency": 50_000, "apigw.throttle": 20_000}])),
        targets={
            "success": draw(st.sampled_from([0.9, 0.99, 0.999, 1.0])),
            "latency_p95": draw(maybe(st.floats(0.05, 3000))),
            "first_byte_p95": draw(maybe(st.floats(0.05, 100))),
        },
        preferences={
            "part_usd": draw(st.sampled_from([10.0, 10.0, 0.0, 300.0])),
            "discount": draw(st.sampled_from([0.0, 0.0, 0.2])),
            "free_tier": draw(flag),
            "month_hours": draw(st.sampled_from([672, 720, 730, 744])),
            "savings_plan": draw(st.sampled_from(["none", "none", "compute-1y", "compute-3y"])),
        },
    )
