"""Sweeps: at every point what recommend says there, and nothing that cannot be."""

import math
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from explorer import ExplorerError, Workload, examples, recommend, sweep
from explorer import cost as bill_of
from explorer.engine.designs import allowed_designs, table
from explorer.engine.evaluation import Evaluation
from explorer.engine.ranking import NOTHING
from explorer.options.base.conditions import Conditions
from explorer.workload.axes import TOTAL, axis_names
from explorer.workload.fields import SPREADS
from tests.support.designs import plain
from tests.support.workloads import workloads

FIELDS = {
    "requests_per_month": 3e6,
    "peak_rps": 6.0,
    "request": "40 KB",
    "response": {"p50": "800 KB", "p99": "9 MB", "compression": 0.4, "kept": "7 days"},
    "runtime": {"p50": "4 s", "p99": "40 s", "divisible": True, "steps": 10, "state": "300 KB"},
    "configuration": {"total": "12 KB", "entries": 40, "largest": "3 KB", "secrets": 3},
    "client": {"waits": "25 s"},
    "targets": {"latency_p95": "900 s"},
}
VALUES = {  # what a point of each axis may be
    "request": (100, 5e7),
    "response": (100, 5e8),
    "runtime": (0.01, 5e4),
    "configuration": (3072, 60_000),
    "requests_per_month": (1e3, 1e9),
    "peak_rps": (1, 3000),
    "peak_ramp": (60, 86_400),
    "response.compression": (0.05, 1),
    "response.cacheable": (0, 1),
    "response.kept": (3600, 3e6),
    "runtime.cpu": (0.01, 1),
    "runtime.threads": (1, 8),
    "runtime.memory": (128, 10240),
    "runtime.used": (1, 4096),
    "runtime.steps": (1, 500),
    "runtime.state": (0, 5e6),
    "configuration.entries": (10, 100),
    "configuration.largest": (400, 12_288),
    "configuration.secrets": (0, 30),
    "client.waits": (1, 900),
    "client.bandwidth": (1e5, 1e8),
    "client.headers": (0, 20_000),
    "network.per_request": (0, 1e8),
    "downstream.concurrency": (1, 5000),
    "targets.success": (0.9, 0.9999),
    "targets.latency_p95": (1, 4000),
    "targets.first_byte_p95": (0.1, 4000),
    "preferences.part_usd": (0, 500),
    "preferences.discount": (0, 0.5),
}
WHOLE = {
    "runtime.steps",
    "runtime.threads",
    "downstream.concurrency",
    "configuration.entries",
    "configuration.secrets",
}


def at(w, axis, value):
    """The workload with the value, by the same road as an axis takes."""
    return Conditions(w, {axis: np.array(float(value))})


def same_as_evaluation(w, axes, result):
    """Hold a sweep against all designs evaluated at every point."""
    load = Conditions(w, {name: v.reshape([-1 if i == n else 1 for i in range(len(axes))])
                    for n, (name, v) in enumerate(axes.items())})  # fmt: skip
    every = Evaluation(load, allowed_designs(load))
    winner = every.winner()
    names = [*map(str, every.designs), None]
    got = [*map(str, result.designs), None]
    assert np.array_equal(np.array(names)[winner], np.array(got)[result.winner])
    money = np.take_along_axis(every.monthly_usd, np.maximum(winner, 0)[None], 0)[0]
    chance = np.take_along_axis(every.breach_probability, np.maximum(winner, 0)[None], 0)[0]
    there = winner >= 0
    np.testing.assert_array_equal(result.monthly_usd[there], money[there])
    np.testing.assert_allclose(result.breach_probability[there], chance[there], rtol=1e-6, atol=1e-12)
    score = np.sort(every.score_usd(load.number("preferences.part_usd")), axis=0)
    assert np.array_equal(result.runner_up >= 0, np.isfinite(score[1]))


def test_every_axis_that_a_test_knows_is_an_axis():
    assert set(VALUES) == set(axis_names())


@pytest.mark.parametrize("name", sorted(examples()))
def test_a_sweep_over_size_and_time_is_what_all_designs_say(name):
    w = Workload.load(examples()[name]).without_current()
    axes = {"response": np.geomspace(1e3, 3e8, 13), "runtime": np.geomspace(0.01, 9000, 11)}
    same_as_evaluation(w, axes, sweep(w, axes))


@settings(max_examples=40, deadline=None)
@given(axis=st.sampled_from(sorted(VALUES)), share=st.floats(0, 1))
def test_one_point_is_what_recommend_says_there(axis, share):
    w = Workload(**FIELDS)
    low, high = VALUES[axis]
    value = float(low + (high - low) * share**3)
    if axis in WHOLE:
        value = float(round(value))
    result = sweep(w, {axis: [value]})
    every = Evaluation(load := at(w, axis, value), allowed_designs(load))
    winner = int(every.winner())
    assert result.winner.shape == (1,)
    if winner < 0:
        assert result.winner[0] == NOTHING and np.isnan(result.monthly_usd[0])
    else:
        assert result.designs[result.winner[0]] == every.designs[winner]
        assert result.monthly_usd[0] == pytest.approx(every.monthly_usd[winner], rel=1e-9)


def place(w, axis, value):
    """The workload with the value, as its file would have it: of a distribution, each given value scaled."""
    if axis == "runtime.memory":  # the run time moves with it: the share that computes, with the vCPU
        vcpu_now, vcpu = (min(mb / 1769, w.runtime.threads) for mb in (w.runtime.memory, value))
        slower = w.runtime.cpu * vcpu_now / vcpu + 1 - w.runtime.cpu
        w = place(w, "runtime", float(w.runtime.spread.median) * slower)
    if axis not in SPREADS:
        return w.replace({f"{TOTAL}.total" if axis == TOTAL else axis: value})
    factor = value / float(getattr(w, axis).spread.median)
    content = w._content[axis]
    there = w.replace({axis: {name: scaled(content[name], factor) for name in SPREAD if name in content}})
    mean = float(getattr(w, axis).spread.mean) * factor  # but for a tail cut at the largest size there is
    assume(math.isclose(float(getattr(there, axis).spread.mean), mean, rel_tol=1e-12))
    return there


SPREAD = ("value", "p50", "p90", "p99", "max", "samples")


def scaled(value_now, factor):
    return [each * factor for each in value_now] if isinstance(value_now, list) else value_now * factor


@pytest.mark.parametrize("axis", axis_names())
@settings(max_examples=3)
@given(w=workloads(), share=st.floats(0, 1))
def test_at_one_point_it_is_what_is_recommended_along_every_axis(axis, w, share):
    low, high = VALUES[axis]
    value = low + (high - low) * share**3
    if axis in WHOLE:
        value = float(round(value))
    try:
        there = place(w, axis, value)
    except ExplorerError:  # such as more secrets than entries: no workload can be there
        assume(False)
    result, r = sweep(w, {axis: [value]}), recommend(there)
    assert (result.designs[result.winner[0]] if result.winner[0] != NOTHING else None) == r.design
    if r.feasible:
        assert result.monthly_usd[0] == pytest.approx(r.monthly_usd, rel=1e-9, abs=0)


@pytest.mark.parametrize("name", sorted(examples()))
def test_where_it_is_now_is_what_is_recommended(name):
    w = Workload.load(examples()[name])
    result, r = sweep(w, {"requests_per_month": [w.requests_per_month]}), recommend(w)
    assert (result.designs[result.winner[0]] if result.winner[0] >= 0 else None) == r.design
    if r.feasible:
        assert result.monthly_usd[0] == pytest.approx(r.monthly_usd, rel=1e-9)


def test_six_axes_at_once():
    w = Workload(**FIELDS)
    axes = {
        name: np.linspace(*VALUES[name], 3)
        for name in ("response", "runtime", "request", "requests_per_month", "runtime.memory", "client.waits")
    }
    result = sweep(w, axes)
    assert result.shape == (3,) * 6
    same_as_evaluation(w, axes, result)


def test_money_and_parts_as_axes():
    w = Workload(**FIELDS)
    axes = {"preferences.part_usd": np.array([0.0, 10, 100]), "preferences.discount": np.array([0, 0.3])}
    same_as_evaluation(w, axes, sweep(w, axes))


def test_given_designs_have_their_own_money_feasible_or_not():
    w = Workload(**FIELDS)
    buffered = plain("http-api", "inline", "buffered", "single", "secrets-manager")
    stored = plain("http-api", "inline", "stored", "single", "secrets-manager")
    result = sweep(w, {"response": [1e4, 1e8]}, designs=[stored, buffered])
    assert result.designs == (stored, buffered) and result.monthly_usd.shape == (2, 2)
    assert result.breach_probability[1, 1] > 0.9 and result.winner[1] != 1
    now = sweep(w, {"requests_per_month": [3e6]}, designs=[buffered])
    assert now.monthly_usd[0, 0] == pytest.approx(float(bill_of(w, buffered).total_usd), rel=1e-9)


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_an_executor_gives_the_same_bits(pool, monkeypatch):
    module = __import__("sys").modules["explorer.analysis.sweep.sweep"]
    monkeypatch.setattr(module, "TILE", 16)
    w = Workload(**FIELDS)
    axes = {"response": np.geomspace(1e3, 3e8, 9), "runtime": np.geomspace(0.01, 9000, 7)}
    alone = sweep(w, axes)
    with pool(2) as executor:
        together = sweep(w, axes, executor=executor)
    for name in ("winner", "runner_up", "monthly_usd", "breach_probability"):
        assert getattr(alone, name).tobytes() == getattr(together, name).tobytes()


def test_tiles_and_blocks_leave_no_seam(monkeypatch):
    module = __import__("sys").modules["explorer.analysis.sweep.sweep"]
    w = Workload(**FIELDS)
    axes = {"response": np.geomspace(1e3, 3e8, 37), "runtime": np.geomspace(0.01, 9000, 19)}
    whole = sweep(w, axes)
    monkeypatch.setattr(module, "TILE", 100)
    monkeypatch.setattr("explorer.engine.search.FEW", 0)
    monkeypatch.setattr("explorer.engine.search.PRICED", 30)
    monkeypatch.setattr("explorer.engine.search.CELL", 4)
    cut = sweep(w, axes)
    assert np.array_equal(whole.winner, cut.winner) and np.array_equal(whole.runner_up, cut.runner_up)
    np.testing.assert_array_equal(whole.monthly_usd, cut.monthly_usd)


def test_the_frame_has_a_row_a_point(tmp_path):
    import pandas as pd

    result = sweep(Workload(**FIELDS), {"response": [1e4, 1e6, 1e8], "runtime": [1, 100]})
    frame = result.to_frame()
    assert len(frame) == 6 and list(frame.columns[:2]) == ["response", "runtime"]
    assert (
        frame.response.tolist() == [1e4, 1e4, 1e6, 1e6, 1e8, 1e8] and frame.runtime.tolist() == [1, 100] * 3
    )
    assert frame.winner.cat.codes.tolist() == result.winner.ravel().tolist()
    assert frame.winner_response.tolist() == [result.designs[k].response for k in result.winner.ravel()]
    assert frame.monthly_usd.tolist() == result.monthly_usd.ravel().tolist()
    result.write(tmp_path / "sweep.parquet")
    read = pd.read_parquet(tmp_path / "sweep.parquet")
    assert read.monthly_usd.tolist() == frame.monthly_usd.tolist()
    pd.testing.assert_frame_equal(read, frame)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ({}, "expected 1 to 6"),
        ({f"a{n}": [1] for n in range(7)}, "7: expected 1 to 6"),
        ({"respnse": [1]}, 'did you mean "response"'),
        ({"response": []}, "a list of finite numbers"),
        ({"response": [[1, 2]]}, "a list of finite numbers"),
        ({"response": [1, float("nan")]}, "a list of finite numbers"),
        ({"response": ["x"]}, "expected a size"),
        ({"response": [0]}, "expected more than 0"),
        ({"runtime.memory": [-1]}, "runtime.memory"),
        ({"requests_per_month": [0]}, "requests_per_month"),
    ],
)
def test_axes_that_cannot_be_are_one_line(axes, message):
    with pytest.raises(ExplorerError, match=message):
        sweep(Workload(**FIELDS), axes)


def test_a_design_that_leaves_a_choice_open_is_refused():
    with pytest.raises(ExplorerError, match="names no edge, request"):
        sweep(Workload(**FIELDS), {"response": [1]}, designs=["door=http-api"])


def test_the_index_is_that_of_all_designs():
    result = sweep(Workload(**FIELDS), {"response": [1e5]})
    assert result.designs == table().designs


def test_an_axis_of_the_promised_success_is_more_than_a_block(monkeypatch):
    monkeypatch.setattr("explorer.engine.search.FEW", 0)
    monkeypatch.setattr("explorer.engine.search.PRICED", 4)
    w = Workload(**FIELDS)
    axes = {"targets.success": np.linspace(0.9, 0.9999, 9), "runtime": np.array([0.1, 4.0])}
    same_as_evaluation(w, axes, sweep(w, axes))


def test_values_in_words_are_read_as_the_field_is():
    w = Workload(**FIELDS)
    result = sweep(w, {"response": ["800 KB", 1e6], "client.waits": ["250 ms", "1 min"]})
    assert result.axes["response"].tolist() == [800 * 1024, 1e6]
    assert result.axes["client.waits"].tolist() == [0.25, 60]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: sweep("file.toml", {"response": [1]}), "expected a Workload"),
        (lambda w: sweep(w, {"response": [10**400]}), "expected numbers"),
        (lambda w: sweep(w, {"response": [True]}), "expected numbers"),
        (lambda w: sweep(w, {"response": [1e300]}), "to 5.49756e\\+13"),
        (lambda w: sweep(w, {"response": [1e-300]}), "from 1e-09"),
        (lambda w: sweep(w.replace({"request": 0}), {"request": [1]}), "axis request: its median is 0"),
        (lambda w: sweep(w, {"response": [1]}, designs=[]), "designs is empty"),
        (lambda w: sweep(w, {"response": [1]}, designs="door=alb"), "expected a list of designs"),
        (lambda w: sweep(w, {"response": [1]}, executor=5), "executor is 5"),
    ],
)
def test_what_a_sweep_cannot_take_is_said_in_a_line(call, message):
    with pytest.raises(ExplorerError, match=message) as caught:
        call(Workload(**FIELDS))
    assert "\n" not in str(caught.value)
