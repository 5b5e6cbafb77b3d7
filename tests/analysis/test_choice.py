"""The nearest design where nothing is feasible: the least factor by which a promise or a limit is missed.

Brute force: a design's factor is looked for from outside, by asking how much wider each promise or limit
would have to be until it holds, and compared with what the choice says.
"""

import itertools
import math

import numpy as np
import pytest

import explorer as ex
from explorer.analysis.choice import Choice, _next_on_envelope, nearest_miss
from explorer.engine.designs import Table, allowed_designs
from explorer.engine.evaluation import Evaluation
from explorer.engine.limits import driven_findings, highest_quota
from explorer.engine.misses import miss_factors
from explorer.options.base.conditions import Conditions
from explorer.workload.workload import Workload

MB = 1024**2
PERCENT = 1.01
PLAIN = {
    "requests_per_month": 3e6,
    "peak_rps": 5,
    "response": {"value": 1024.0},
    "configuration": {"total": 500, "entries": 2},
}
NO_WAY = {"polls": False, "uploads": False, "sockets": False, "receives_callbacks": False}


def workload(**fields) -> Workload:
    return Workload(**{**PLAIN, **fields})


HOPELESS = {
    "patience": {  # of which the body takes 4 s on its way
        "runtime": {"value": 20.0},
        "request": {"value": 4.0 * MB},
        "client": {**NO_WAY, "waits": 5.0, "bandwidth": "8 Mbit/s"},
    },
    "patience with a tail": {
        "runtime": {"p50": 3.0, "p99": 30.0},
        "client": {**NO_WAY, "waits": 5.0, "auth": "jwt"},
        "targets": {"success": 0.99},
    },
    "a promised p95": {"runtime": {"value": 20.0}, "targets": {"latency_p95": 7.0}},
    "a promised first byte": {
        "runtime": {"value": 4.0, "first_byte": 3.0},
        "targets": {"first_byte_p95": 1.0},
        "client": {"auth": "iam"},
    },
    "a request of 40 MB": {
        "runtime": {"value": 1.0},
        "request": {"value": 40.0 * MB},
        "client": {**NO_WAY, "auth": "iam"},
    },
    "both a size and a time": {
        "runtime": {"value": 20.0},
        "request": {"value": 20.0 * MB},
        "client": {**NO_WAY, "waits": 18.0, "auth": "iam"},
    },
}


def factor_of_time(w: Workload, evaluation: Evaluation, index: int) -> float:
    """By how much the promised times of a design are missed, those with a target by their ratio."""
    factor = 1.0
    if w.targets.latency_p95:
        factor = max(factor, float(evaluation.latency_s[index, 1]) / w.targets.latency_p95)
    if w.targets.first_byte_p95:
        factor = max(factor, float(evaluation.first_byte_p95_s[index]) / w.targets.first_byte_p95)
    return factor


def factors_of_patience(w: Workload, designs: Table) -> np.ndarray:
    """By how much longer each design's clients would have to wait: the first of many that is enough."""
    steps = np.concatenate([[1.0], np.geomspace(1.0005, 1e5, 2500)])
    load = Conditions(w, {"client.waits": w.client.waits * steps})
    late = Evaluation(load, designs).late > 1 - w.targets.success + 1e-12
    return np.where(late.any(axis=1), steps[np.minimum(late.sum(axis=1), len(steps) - 1)], 1.0)


def factor_of_limits(w: Workload, design) -> float:
    """By how much the limits of a design are exceeded by the largest request that may not fail.

    All sizes and times here are constant, or their p99 is what may not fail: what the p99 uses decides.
    """
    worst = 1.0
    for finding, _ in driven_findings(w, design):
        if finding.verdict == "breach":
            most = max(highest_quota(finding.limit) or 0.0, finding.limit_value)
            worst = max(worst, finding.used_p99 / most)
    return worst


@pytest.fixture(scope="module", params=HOPELESS.values(), ids=HOPELESS)
def case(request):
    w = workload(**request.param)
    load = Conditions(w)
    evaluation = Evaluation(load, allowed_designs(load))
    assert not evaluation.feasible.any()
    patience = factors_of_patience(w, allowed_designs(load))
    factors = np.array(
        [
            max(factor_of_time(w, evaluation, i), patience[i], factor_of_limits(w, design))
            for i, design in enumerate(evaluation.designs)
        ]
    )
    return w, evaluation, factors


def test_the_nearest_misses_by_the_least_factor_of_all(case):
    w, evaluation, factors = case
    choice = Choice(w)
    assert not choice.feasible and choice.design is None
    place = evaluation.designs.index(choice.nearest)
    assert 1 < factors[place] <= factors.min() * PERCENT * 1.001


def hopeless_workload(seed: int) -> Workload | None:
    """A workload drawn at random, of constant sizes and times; None if something is feasible for it."""
    random = np.random.default_rng(seed)

    def between(low: float, high: float) -> dict[str, float]:
        return {"value": float(np.exp(random.uniform(np.log(low), np.log(high))))}

    w = workload(
        request=between(1e3, 1e9),
        response=between(1e3, 1e9),
        runtime=between(0.1, 3e4),
        client={**NO_WAY, "waits": between(0.5, 300)["value"], "polls": bool(random.integers(2)),
                "auth": random.choice(["none", "iam", "jwt"]).item()},
        targets={"latency_p95": between(0.5, 3e3)["value"]} if random.integers(2) else {},
    )  # fmt: skip
    load = Conditions(w)
    return None if Evaluation(load, allowed_designs(load)).feasible.any() else w


@pytest.mark.slow
def test_no_design_of_a_hundred_workloads_misses_by_less_than_the_nearest():
    """The factor of the nearest, and of 20 others drawn at random, each looked for from outside."""
    hopeless = filter(None, map(hopeless_workload, itertools.count()))
    for number, w in enumerate(itertools.islice(hopeless, 100)):
        load, nearest = Conditions(w), Choice(w).nearest
        every = allowed_designs(load)
        sample = np.random.default_rng(number).choice(len(every), min(20, len(every)), replace=False)
        some = every.only(np.isin(np.arange(len(every)), [*sample, every.designs.index(nearest)]))
        evaluation, patience = Evaluation(load, some), factors_of_patience(w, some)
        factors = [
            max(factor_of_time(w, evaluation, i), patience[i], factor_of_limits(w, design))
            for i, design in enumerate(some.designs)
        ]
        assert 1 < factors[some.designs.index(nearest)] <= min(factors) * PERCENT * 1.001, w


def test_of_those_that_miss_alike_it_scores_least(case):
    w, evaluation, factors = case
    choice = Choice(w)
    place = evaluation.designs.index(choice.nearest)
    score = evaluation.monthly_usd + w.preferences.part_usd * evaluation.table.parts
    alike = np.isclose(factors, factors[place], rtol=1e-12)
    assert score[place] == pytest.approx(score[alike].min(), rel=1e-12)
    assert choice.monthly_usd == pytest.approx(evaluation.monthly_usd[place], rel=1e-12)


def test_every_factor_is_what_is_found_from_outside(case):
    _, evaluation, factors = case
    own = miss_factors(evaluation)
    excess = own / factors
    assert excess.min() > 1 / PERCENT and excess.max() < PERCENT, (
        str(evaluation.designs[int(np.argmax(abs(np.log(excess))))]),
        float(own[np.argmax(abs(np.log(excess)))]),
        float(factors[np.argmax(abs(np.log(excess)))]),
    )


@pytest.mark.parametrize(("target_s", "is_near"), [(20.0, True), (10.0, False)])
def test_what_is_missed_by_twice_as_much_is_twice_as_far(target_s, is_near):
    """At a constant run time of 22 s: over a target of 20 s by a tenth, of 10 s by more than twice."""
    load = Conditions(workload(runtime={"value": 22.0}, targets={"latency_p95": target_s}))
    least = miss_factors(Evaluation(load, allowed_designs(load))).min()
    assert 22 / target_s <= least < 22 / target_s * 1.05 and (least < 1.2) == is_near


def test_what_is_feasible_misses_nothing():
    load = Conditions(workload(runtime={"value": 1.0}))
    evaluation = Evaluation(load, allowed_designs(load))
    own = miss_factors(evaluation)
    assert np.array_equal(own == 1.0, evaluation.feasible)


# Two designs each, the nearer one first: the factor, the bill, the parts and the p95. A part is worth 10 USD.
PAIRS = {
    "the least factor, whatever it costs": [(1.5, 900.0, 9, 9.0), (2.0, 1.0, 0, 1.0)],
    "within a percent money decides": [(1.502, 1.0, 0, 2.0), (1.498, 9.0, 0, 1.0)],
    "beyond it the factor does": [(1.50, 9.0, 0, 2.0), (1.53, 1.0, 0, 1.0)],
    "a part is worth 10 USD": [(1.5, 10.9, 0, 2.0), (1.5, 1.0, 1, 1.0)],
    "and not more": [(1.5, 1.0, 1, 2.0), (1.5, 11.1, 0, 1.0)],
    "then the lower p95": [(1.5, 1.0, 0, 2.0), (1.5, 1.0, 0, 2.1)],
}


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_of_two_designs_one_is_nearer_wherever_it_stands(pair, swapped, monkeypatch):
    from types import SimpleNamespace

    factor, usd, parts, p95_s = map(np.array, zip(*pair[:: 1 - 2 * swapped], strict=True))
    monkeypatch.setattr("explorer.analysis.choice.miss_factors", lambda evaluation: factor)
    evaluation = SimpleNamespace(
        monthly_usd=usd,
        latency_s=np.stack([p95_s, p95_s, p95_s], axis=1),
        table=SimpleNamespace(parts=parts),
        load=Conditions(workload(runtime={"value": 1.0})),
    )
    assert nearest_miss(evaluation) == (1 if swapped else 0)


def test_a_design_that_is_asked_for_is_filled_by_what_is_nearest_where_nothing_is_feasible():
    w = workload(**HOPELESS["patience"])
    choice = Choice(w)
    nearest = choice.nearest
    (row,) = ex.compare(w, {"mine": {"configuration": "bundled"}}).to_dict("records")
    assert row["parts"] == choice.parts and math.isfinite(row["monthly_usd"])
    assert ex.cost(w, {"door": nearest.door}).total_usd == ex.cost(w, nearest).total_usd


@pytest.mark.parametrize(
    ("index", "above", "step"),
    [  # from 10 USD with 1 part: 3 USD less for 1 part more; then 3 USD less for 3 parts more
        (0, False, (1, 3.0)),
        (1, False, (2, 1.0)),
        (2, False, None),
        (2, True, (1, 1.0)),
        (1, True, (0, 3.0)),
        (0, True, None),  # nothing has fewer parts and is feasible
    ],
)
def test_designs_take_turns_where_their_lines_over_the_price_of_a_part_cross(index, above, step):
    usd = np.array([10.0, 7.0, 4.0, np.inf, 9.5])  # the last never wins: its line lies above the others
    parts = np.array([1, 2, 5, 0, 3])
    assert _next_on_envelope(usd, parts, index, above) == step
