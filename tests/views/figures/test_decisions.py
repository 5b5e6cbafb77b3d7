"""The decision map shows what a sweep says, and names what draws its lines."""

from functools import partial

import numpy as np
import pytest

import explorer as ex
from explorer.analysis.decision_map import (
    DecisionMap,
    border_cells,
    cost_above_best,
    map_decisions,
    why_design_loses,
    winners_by_area,
)
from explorer.options.base.conditions import Conditions
from explorer.views.figures import price_of_being_wrong
from explorer.workload.axes import axis_ends
from tests.support.designs import plain

BUFFERED = plain("http-api", "inline", "buffered", "single", "environment")


@pytest.fixture(scope="module")
def workload():
    return ex.Workload(
        name="Documents",
        requests_per_month=1e6,
        response={"p50": "400 KB", "p99": "4 MB"},
        runtime={"p50": "2 s", "p99": "15 s"},
        client={"waits": "25 s"},
    )


@pytest.fixture(scope="module")
def sweep(workload):
    axes = {name: np.geomspace(*axis_ends(workload, name), 40) for name in ("response", "runtime")}
    return ex.sweep(workload, axes)


def test_the_map_says_in_words_what_wins(workload, sweep):
    picture = ex.decision_map(workload, swept=sweep)
    labels = {text.get_text() for text in picture.axes[0].texts}
    assert "today" in labels and any("asynchronous" in text for text in labels)
    assert "asynchronous" in picture.alt and "response" in picture.alt


def test_the_same_map_has_the_same_bytes(workload, sweep):
    assert ex.decision_map(workload, swept=sweep).png() == ex.decision_map(workload, swept=sweep).png()


@pytest.mark.parametrize("axes", [("requests_per_month", "response"), ("configuration", "runtime")])
def test_other_axes_make_a_map_too(workload, axes, monkeypatch):
    monkeypatch.setattr("explorer.analysis.decision_map.map_decisions", partial(map_decisions, points=12))
    w = workload.replace(configuration={"total": "2 KB", "entries": 8})
    assert ex.decision_map(w, *axes).png()


def test_a_map_on_which_nothing_is_feasible_says_so(workload, monkeypatch):
    monkeypatch.setattr("explorer.analysis.decision_map.map_decisions", partial(map_decisions, points=8))
    picture = ex.decision_map(workload.replace(targets={"latency_p95": "1 ms"}))
    assert "no design is feasible" in {text.get_text() for text in picture.axes[0].texts}


@pytest.mark.parametrize(
    ("point", "because"),
    [
        ({"response": 5e7, "runtime": 0.1}, "lambda.sync.response"),
        ({"response": 1e4, "runtime": 100.0}, "apigw.http.timeout"),
        ({"response": 1e4, "runtime": 0.1}, "cost"),
    ],
)
def test_a_line_is_named_by_what_rules_the_design_out(workload, point, because):
    assert why_design_loses(workload, BUFFERED, point) == because


@pytest.mark.parametrize(
    ("promise", "because"),
    [({"first_byte_p95": 0.5}, "targets.first_byte_p95"), ({"latency_p95": 0.9}, "targets.latency_p95")],
)
def test_a_line_is_named_by_the_promise_that_is_missed(workload, promise, because):
    w, point = workload.replace(targets=promise), {"response": 1e4, "runtime": 1.0}
    assert why_design_loses(w, BUFFERED, point) == because
    assert why_design_loses(workload, BUFFERED, point) == "cost"


def test_borders_are_between_neighbours():
    winner = np.array([[0, 0, 1], [0, 0, 1], [2, 2, 2]])
    borders = border_cells(winner)
    assert set(borders) == {(0, 1), (0, 2), (1, 2)} and len(borders[0, 1]) == len(borders[0, 2]) == 2
    assert winners_by_area(winner) == [0, 2, 1]


def test_an_axis_that_is_none_is_refused(workload):
    with pytest.raises(ex.ExplorerError, match="is not a numeric field"):
        ex.decision_map(workload, x="respons")


# The price of being wrong


@pytest.fixture(scope="module")
def choice(workload):
    return ex.recommend(workload).nearest


@pytest.fixture(scope="module")
def decision_map(workload, sweep):
    return DecisionMap(workload, "response", "runtime", sweep)


@pytest.fixture(scope="module")
def extra(decision_map, choice):
    """What the choice costs more than the best at each point of the map [USD a month]."""
    return cost_above_best(decision_map, choice)


def test_it_costs_nothing_where_the_choice_is_best_and_more_elsewhere(sweep, decision_map, choice, extra):
    its = decision_map.winner == sweep.designs.index(choice)
    assert its.any() and (extra[its] == 0).all()
    assert (extra[~its & (decision_map.winner >= 0)] >= 0).all() and np.isnan(
        extra[decision_map.winner < 0]
    ).all()


@pytest.mark.parametrize("point", [(5, 5), (20, 30), (35, 5), (38, 38)])
def test_it_is_what_recommend_and_assess_say_at_a_point(workload, decision_map, choice, extra, point):
    row, column = point
    axes = {"response": [decision_map.across[column]], "runtime": [decision_map.up[row]]}
    best, only = ex.sweep(workload, axes), ex.sweep(workload, axes, designs=[choice])
    here = extra[row, column]
    if best.winner[0, 0] < 0:
        assert np.isnan(here)
    elif only.winner[0, 0] < 0:
        assert np.isinf(here)
    else:
        mine, its = (
            len(design.parts_for(Conditions(workload)))  # those that the workload asks for among them
            for design in (choice, best.designs[best.winner[0, 0]])
        )
        parts = 10 * (mine - its)
        expected = only.monthly_usd[0, 0, 0] - best.monthly_usd[0, 0] + parts
        assert here == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_its_picture_names_what_it_shows(workload, monkeypatch):
    monkeypatch.setattr("explorer.analysis.decision_map.map_decisions", partial(map_decisions, points=24))
    picture = price_of_being_wrong(workload)
    labels = {text.get_text() for text in picture.axes[0].texts}
    assert {"it is the best", "today"} <= labels and "% of what can be served" in picture.alt
    nothing = workload.replace(targets={"latency_p95": "1 ms"})
    assert "no design is feasible today" in price_of_being_wrong(nothing).alt


@pytest.mark.parametrize(
    "x",
    ["targets.success", "preferences.discount", "response.compression", "runtime.memory",
     "configuration.entries", "configuration.secrets", "configuration.largest"],
)  # fmt: skip
def test_fields_with_narrow_ends_have_a_map_too(x):
    configuration = {"total": "12 KB", "entries": 40, "largest": "3 KB", "secrets": 3}
    w = ex.Workload(requests_per_month=3e6, response="1 MB", runtime="1 s", configuration=configuration)
    decision_map = map_decisions(w, x, "runtime", points=12)
    low, high = decision_map.across[[0, -1]]
    assert low < high and low <= decision_map.today[0] <= high
    assert all(np.isfinite(ring).all() for ring in decision_map.request_cloud)


def test_a_map_needs_a_workload_and_two_fields():
    w = ex.Workload(requests_per_month=3e6, response="1 MB", runtime="1 s")
    for call, reason in (
        (lambda: map_decisions(w, "response", "response"), "expected two fields"),
        (lambda: map_decisions(None), "expected a Workload"),
        (lambda: map_decisions(w, "configuration.secrets"), "expected another axis"),
    ):
        with pytest.raises(ex.ExplorerError, match=reason):
            call()
