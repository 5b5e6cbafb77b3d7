"""The nearest design where nothing is feasible, against going through all that can be built."""

import math
from decimal import ROUND_HALF_EVEN, Decimal
from types import SimpleNamespace

import numpy as np
import pytest

from explorer.analysis.choice import Choice, nearest_miss
from explorer.engine.designs import Design, table
from explorer.engine.evaluation import Evaluation
from explorer.options.base.conditions import Conditions
from explorer.workload.workload import Workload

WORKLOADS = 100
KB, MB = 1024, 1024**2


def random_workload(rng: np.random.Generator) -> Workload:
    """A workload that hardly any design serves: it asks for more than one of size, time or patience."""

    def size(least: float, most: float) -> float:
        return float(math.exp(rng.uniform(math.log(least), math.log(most))))

    def maybe(share: float) -> bool:
        return bool(rng.random() < share)

    def spread(least: float, most: float, **more) -> dict:
        middle = size(least, most)
        return {"p50": middle} | ({"p99": middle * size(1.01, 30)} if maybe(0.7) else {}) | more

    few = maybe(0.3)  # so few that several designs are free, and the p95 decides
    entries = int(rng.integers(1, 40))
    runtime = spread(0.5, 9000, divisible=maybe(0.4), memory=int(rng.choice([512, 1769, 8192])))
    # with patience near the run time a share of the answers is late, and not all or none
    near = runtime["p50"] if maybe(0.5) else 15.0
    fields = {
        "requests_per_month": size(1, 100) if few else size(1e3, 3e8),
        "request": spread(1 * KB, 30 * MB, binary=maybe(0.5)),
        "response": spread(
            1 * KB, 300 * MB, binary=maybe(0.5), divisible=maybe(0.3), compression=float(rng.uniform(0.1, 1))
        ),
        "runtime": runtime,
        "configuration": {
            "total": size(200, 50_000),
            "entries": entries,
            "secrets": int(rng.integers(0, entries + 1)) if maybe(0.5) else 0,
            "changes_without_deploy": maybe(0.4),
        },
        "client": {
            "waits": min(near * size(0.1, 10), 900),
            "polls": maybe(0.5),
            "uploads": maybe(0.5),
            "receives_callbacks": maybe(0.3),
            "auth": str(rng.choice(["none", "iam", "jwt"])),
            "needs": ["custom-domain"] if maybe(0.2) else [],
        },
        "targets": {"success": float(rng.choice([0.9, 0.99, 0.999, 1.0]))},
        "preferences": {"part_usd": float(rng.choice([0.0, 10.0, 300.0])), "free_tier": few},
    }
    if maybe(0.5):
        fields["targets"]["latency_p95"] = near * size(0.1, 10)
    return Workload(**fields)


def percent(share: float) -> Decimal:
    """To a percent, a half to the even one."""
    return Decimal(share).quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def buildable(w: Workload) -> list[tuple[Design, dict[str, float]]]:
    """Each design that can be built and that the workload excludes no option of, with its numbers."""
    load = Conditions(w)
    numbers = Evaluation(load, table())
    excluded = {
        c.option.id for c in table().placements if any(np.any(e.where) for e in c.option.excludes(load))
    }
    rows = []
    for index, design in enumerate(table().designs):
        row = {
            "breaks": float(numbers.hard_breach[index]),
            "late": float(numbers.late[index]),
            "p95_s": float(numbers.latency_s[index, 1]),
            "usd": float(numbers.monthly_usd[index]),
            "parts": len(design.parts),
        }
        if not excluded & {*design.ids.values()}:
            rows.append((design, row))
    return rows


def misses(w: Workload, row: dict[str, float]) -> tuple[bool, bool, bool]:
    """Whether a limit breaks or answers are late, for more than may fail; whether the p95 is over."""
    may_fail = 1 - w.targets.success + 1e-12
    target = w.targets.latency_p95
    over = target is not None and row["p95_s"] > target
    return row["breaks"] > may_fail, row["late"] > may_fail, over


def distance(w: Workload, row: dict[str, float]) -> tuple[int, Decimal, float, float]:
    """Least kinds of miss first, then the share that misses, then money and parts, then the p95."""
    score = row["usd"] + w.preferences.part_usd * row["parts"]
    return sum(misses(w, row)), percent(max(row["breaks"], row["late"])), score, row["p95_s"]


def hopeless() -> list[tuple[Workload, list[tuple[Design, dict[str, float]]]]]:
    """A hundred workloads that no design serves, with the numbers of all designs."""
    rng, cases = np.random.default_rng(1), []
    while len(cases) < WORKLOADS:
        w = random_workload(rng)
        rows = buildable(w)
        if rows and not any(sum(misses(w, row)) == 0 for _, row in rows):
            cases.append((w, rows))
    return cases


@pytest.fixture(scope="module")
def cases():
    return hopeless()


def test_the_nearest_design_is_the_first_of_all_that_can_be_built(cases):
    for number, (w, rows) in enumerate(cases):
        choice = Choice(w)
        first, numbers = min(rows, key=lambda pair: distance(w, pair[1]))  # the first of equal ones
        assert not choice.feasible and choice.design is None, number
        assert choice.nearest == first, number
        assert choice.monthly_usd == pytest.approx(numbers["usd"], rel=1e-12)
        assert choice.parts == numbers["parts"]


OTHER_ORDERS = {
    "no kinds": lambda w, row: distance(w, row)[1:],
    "no share": lambda w, row: [distance(w, row)[i] for i in (0, 2, 3)],
    "no money": lambda w, row: [distance(w, row)[i] for i in (0, 1, 3)],
    "no p95": lambda w, row: distance(w, row)[:3],
    "no parts": lambda w, row: [*distance(w, row)[:2], row["usd"], row["p95_s"]],
    "share not rounded": lambda w, row: [
        distance(w, row)[0],
        max(row["breaks"], row["late"]),
        *distance(w, row)[2:],
    ],
    "share of one kind": lambda w, row: [distance(w, row)[0], percent(row["breaks"]), *distance(w, row)[2:]],
}


@pytest.mark.parametrize("order", OTHER_ORDERS)
def test_the_hundred_workloads_tell_the_order_from_every_other(cases, order):
    """Otherwise the comparison above would hold without a part of the distance."""
    other = OTHER_ORDERS[order]
    changed = 0
    for w, rows in cases:
        first, _ = min(rows, key=lambda pair: distance(w, pair[1]))
        changed += first != min(rows, key=lambda pair: other(w, pair[1]))[0]
    assert changed > 0


# Two designs each, the nearer one first: the chance that a limit breaks, the share of late answers,
# whether the p95 is in time, the bill, the parts, the p50 and the p95. 1 % may fail, a part is worth 10 USD.
PAIRS = {
    "one kind that always misses is nearer than two that miss a little": [
        (1.0, 0.0, True, 9.0, 0, 1.0, 2.0),
        (0.02, 0.02, True, 1.0, 0, 1.0, 2.0),
    ],
    "a p95 over the target is a kind": [
        (0.9, 0.0, True, 9.0, 0, 1.0, 2.0),
        (0.02, 0.0, False, 1.0, 0, 1.0, 2.0),
    ],
    "and alone it misses by nothing": [
        (0.01, 0.01, False, 9.0, 0, 1.0, 2.0),
        (0.03, 0.0, True, 1.0, 0, 1.0, 2.0),
    ],
    "what may fail is no miss, and one in a thousand more is": [
        (0.01, 0.02, True, 9.0, 0, 1.0, 2.0),
        (0.011, 0.02, True, 1.0, 0, 1.0, 2.0),
    ],
    "fewer miss": [(0.5, 0.0, True, 9.0, 0, 1.0, 2.0), (0.0, 0.52, True, 1.0, 0, 1.0, 2.0)],
    "the worse share counts": [(0.5, 0.5, True, 9.0, 0, 1.0, 2.0), (0.1, 0.52, True, 1.0, 0, 1.0, 2.0)],
    "within a percent money decides": [
        (0.504, 0.0, True, 1.0, 0, 1.0, 2.0),
        (0.496, 0.0, True, 9.0, 0, 1.0, 2.0),
    ],
    "beyond it the share does": [(0.494, 0.0, True, 9.0, 0, 1.0, 2.0), (0.496, 0.0, True, 1.0, 0, 1.0, 2.0)],
    "a part is worth 10 USD": [(0.5, 0.0, True, 10.9, 0, 1.0, 2.0), (0.5, 0.0, True, 1.0, 1, 1.0, 2.0)],
    "and not more": [(0.5, 0.0, True, 1.0, 1, 1.0, 2.0), (0.5, 0.0, True, 11.1, 0, 1.0, 2.0)],
    "then the lower p95, whatever the p50": [
        (0.5, 0.0, True, 1.0, 0, 1.5, 2.0),
        (0.5, 0.0, True, 1.0, 0, 1.0, 2.1),
    ],
}


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_of_two_designs_one_is_nearer_wherever_it_stands(pair, swapped):
    breaks, late, in_time, usd, parts, p50_s, p95_s = map(
        np.array, zip(*pair[:: 1 - 2 * swapped], strict=True)
    )
    evaluation = SimpleNamespace(
        hard_breach=breaks,
        late=late,
        in_time=in_time,
        monthly_usd=usd,
        latency_s=np.stack([p50_s, p95_s, p95_s], axis=1),
        table=SimpleNamespace(parts=parts),
        load=Conditions(Workload(requests_per_month=1, response=1, runtime=1, targets={"success": 0.99})),
    )
    assert nearest_miss(evaluation) == (1 if swapped else 0)
