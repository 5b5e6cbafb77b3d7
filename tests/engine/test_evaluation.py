"""One arithmetic: an array of points gives what each point gives alone."""

import numpy as np
import pytest

from explorer.engine.cost import cost
from explorer.engine.designs import allowed_designs
from explorer.engine.evaluation import Evaluation
from explorer.engine.latency import latency
from explorer.engine.limits import findings
from explorer.options.base.conditions import Conditions
from explorer.options.base.sizes import Size
from explorer.workload.workload import Workload
from tests.support.examples import each_example

VARIED = Workload(
    requests_per_month=3_000_000,
    peak_rps=40,
    request={"p50": "40 KB", "p99": "900 KB"},
    response={"p50": "800 KB", "p99": "9 MB", "binary": True, "divisible": True, "compression": 0.8},
    runtime={"p50": "4 s", "p99": "40 s", "divisible": True, "steps": 10, "state": "300 KB"},
    configuration={"total": "3 KB", "entries": 10, "largest": "1 KB", "secrets": 1},
    client={"receives_callbacks": True, "waits": "25 s"},
    targets={"latency_p95": "5 min"},
)
PLAIN = VARIED.replace({"configuration.secrets": 0, "runtime.divisible": False, "response.binary": False})
AXES = {
    "response": [1e3, 1e6, 6e6, 3e8],
    "request": [10.0, 3e5, 5e6],
    "runtime": [0.01, 1.0, 30.0, 900.0, 5000.0],
    "configuration": [500.0, 4000.0, 9000.0],
    "requests_per_month": [1e3, 1e6, 1e8],
    "peak_rps": [2.0, 50.0, 2000.0],
    "runtime.memory": [128.0, 512.0, 1769.0, 10240.0, 20000.0],
    "runtime.state": [0.0, 3e5, 2e6],
    "runtime.steps": [1.0, 10.0, 5000.0],
    "response.kept": [0.0, 86400.0, 1e7],
    "response.compression": [0.1, 0.5, 1.0],
    "configuration.secrets": [0.0, 1.0, 10.0],
    "configuration.largest": [100.0, 3000.0],
    "client.waits": [0.5, 25.0, 1000.0],
    "client.bandwidth": [1e4, 2.5e6, 1e9],
    "targets.success": [0.9, 0.999, 1.0],
    "targets.latency_p95": [1.0, 60.0, 1e5],
    "preferences.part_usd": [0.0, 10.0, 1000.0],
    "preferences.month_hours": [672.0, 730.0, 744.0],
    "preferences.discount": [0.0, 0.5],
}


def at(w: Workload, field: str, value: float) -> Workload:
    """The workload with one field set, a distribution scaled to that median."""
    if field == "configuration":
        configuration = w.configuration
        growth = value / configuration.total
        return w.replace(
            {"configuration.total": value, "configuration.largest": configuration.largest * growth}
        )
    if field not in {"response", "request", "runtime"}:
        return w.replace({field: value})
    spread = getattr(w, field).spread
    factor = value / float(spread.median)
    return w.replace({field: {f"p{q}": float(spread.quantile(q / 100)) * factor for q in (50, 99)}})


def measures(evaluation: Evaluation) -> dict[str, np.ndarray]:
    return {
        "money": evaluation.monthly_usd,
        "seconds": np.moveaxis(evaluation.latency_s, 1, 0),
        "breach": evaluation.breach_probability,
        "hard": evaluation.hard_breach,
        "late": evaluation.late,
        "feasible": evaluation.feasible,
    }


def alone_at(w: Workload, field: str, value: float) -> Conditions:
    """The load at one point of an axis: of memory, with the run time that the workload has there."""
    if field == "runtime.memory":
        return Conditions(w, sizes=(Size(value, w.runtime.architecture),))
    return Conditions(at(w, field, value))


@pytest.mark.parametrize("w", [VARIED, PLAIN], ids=["varied", "plain"])
@pytest.mark.parametrize("field", AXES)
def test_an_axis_gives_what_each_of_its_points_gives_alone(w, field):
    values = np.array(AXES[field])
    axis = Evaluation(Conditions(w, {field: values}), allowed_designs(Conditions(w, {field: values})))
    got = measures(axis)
    winner = axis.winner()
    for i, value in enumerate(values):
        one = Evaluation(alone_at(w, field, value), axis.table)
        for name, alone in measures(one).items():
            # a continued tail is made of the same quantiles, to the last bits
            label = f"{name} at {field} = {value}"
            np.testing.assert_allclose(got[name][..., i], alone, rtol=1e-9, atol=1e-12, err_msg=label)
        evaluation_here = Evaluation(alone_at(w, field, value))
        best = int(evaluation_here.winner())
        axis_design = axis.designs[winner[i]] if winner[i] >= 0 else None
        assert axis_design == (evaluation_here.designs[best] if best >= 0 else None), (field, value)


def test_the_same_numbers_to_twelve_digits_where_the_distribution_is_the_same():
    values = np.array([1e5, 3e6, 7e7])
    axis = Evaluation(Conditions(VARIED, {"requests_per_month": values}))
    for i, value in enumerate(values):
        one = Evaluation(Conditions(VARIED.replace(requests_per_month=value)), axis.table)
        assert axis.monthly_usd[:, i] == pytest.approx(one.monthly_usd, rel=1e-12)
        assert axis.latency_s[:, :, i] == pytest.approx(one.latency_s, rel=1e-12)


def test_two_axes_give_a_grid_of_points():
    sizes, times = np.geomspace(1e3, 1e8, 4)[:, None], np.geomspace(0.01, 1000, 3)[None, :]
    grid = Evaluation(Conditions(VARIED, {"response": sizes, "runtime": times}))
    assert grid.monthly_usd.shape == (len(grid.designs), 4, 3)
    assert grid.latency_s.shape == (len(grid.designs), 3, 4, 3)
    for i, j in np.ndindex(4, 3):
        point = at(at(VARIED, "response", float(sizes[i, 0])), "runtime", float(times[0, j]))
        one = Evaluation(Conditions(point), grid.table)
        assert grid.monthly_usd[:, i, j] == pytest.approx(one.monthly_usd, rel=1e-9)
        assert grid.winner()[i, j] == one.winner()


@each_example
def test_a_design_together_with_all_is_the_design_by_itself(path):
    w = Workload.load(path)
    evaluation = Evaluation(Conditions(w))
    for index in range(0, len(evaluation.designs), 31):
        design = evaluation.designs[index]
        assert evaluation.monthly_usd[index] == pytest.approx(float(cost(w, design).total_usd), rel=1e-9)
        total = list(latency(w, design)["total"].values())
        assert evaluation.latency_s[index].tolist() == pytest.approx(total, rel=1e-12)
        worst = max(finding.breach_probability for finding in findings(w, design))
        assert evaluation.breach_probability[index] >= worst - 1e-15


def test_a_part_of_the_table_gives_the_same_as_the_whole():
    whole = Evaluation(Conditions(VARIED))
    every_seventh = np.arange(len(whole.designs)) % 7 == 3
    part = Evaluation(Conditions(VARIED), whole.table.only(every_seventh))
    assert part.designs == tuple(d for d, k in zip(whole.designs, every_seventh, strict=True) if k)
    assert part.monthly_usd.tolist() == whole.monthly_usd[every_seventh].tolist()
    assert part.breach_probability.tolist() == whole.breach_probability[every_seventh].tolist()


def test_where_nothing_is_feasible_there_is_no_winner():
    slow = VARIED.replace({"targets.latency_p95": "1 ms"})
    evaluation = Evaluation(Conditions(slow))
    assert not evaluation.feasible.any() and evaluation.winner() == -1
    assert np.isinf(evaluation.score_usd(10.0)).all()


def test_the_winner_is_the_least_of_money_and_parts():
    evaluation = Evaluation(Conditions(VARIED))
    for part_usd in (0.0, 3.0, 10.0, 1e4):
        score = evaluation.monthly_usd + part_usd * evaluation.table.parts
        best = np.flatnonzero(evaluation.feasible)[np.argmin(score[evaluation.feasible])]
        assert score[int(evaluation.winner(part_usd))] == score[best]


def test_ties_go_to_fewer_parts_and_then_to_the_lower_p95():
    # nothing is stored: the environment and a bundled file cost and take the same
    w = Workload(requests_per_month=1e5, response="1 KB", runtime="1 s")
    evaluation = Evaluation(Conditions(w))
    index, score = int(evaluation.winner(0.0)), evaluation.score_usd(0.0)
    tied = np.flatnonzero(score == score[index])
    assert len(tied) > 1
    parts = evaluation.table.parts[tied]
    assert evaluation.table.parts[index] == parts.min()
    fewest = tied[parts == parts.min()]
    assert evaluation.latency_s[index, 1] == evaluation.latency_s[fewest, 1].min()
