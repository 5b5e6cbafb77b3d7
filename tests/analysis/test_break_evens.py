"""Break-evens by winners that are made up: where the change stands, and which design lasts beyond it."""

import numpy as np
import pytest

from explorer.analysis import break_evens
from explorer.analysis.break_evens import Bracket
from explorer.analysis.choice import Choice
from explorer.workload.workload import Workload


@pytest.fixture(scope="module")
def choice():
    return Choice(Workload(requests_per_month=1e6, response="1 KB", runtime="1 s"))


@pytest.mark.parametrize(
    ("direction", "outside", "change"),
    [("above", 2.5, 2.0), ("below", 0.4, 0.5)],
)
def test_a_change_is_placed_within_a_fifth_of_a_percent_and_names_what_lasts(
    choice, monkeypatch, direction, outside, change
):
    brief, lasting = [design for design in choice.candidates.designs if design != choice.design][:2]

    def winner(factor: float):
        distance = abs(np.log(factor)) - abs(np.log(change))  # beyond the change, as a share of the value
        return choice.design if distance < 0 else brief if distance < 0.002 else lasting

    monkeypatch.setattr(break_evens, "_winners", lambda r, points: [winner(factor) for _, factor in points])
    bracket = Bracket("runtime", direction, 1.0, outside)
    turn = break_evens._refine(choice, [bracket])[bracket]
    assert turn.factor == pytest.approx(change, rel=0.0017) and (turn.direction == direction)
    assert abs(np.log(turn.factor)) >= abs(np.log(change))  # on the side of the change, not before it
    assert turn.design == lasting.ids


@pytest.mark.parametrize(
    ("direction", "edges"), [("above", (2.0, 20.0, 60.0)), ("below", (1 / 2.0, 1 / 20.0, 1 / 60.0))]
)
def test_a_change_says_up_to_where_its_design_holds(choice, monkeypatch, direction, edges):
    """Today's design, another between 2 and 20 times, a third, and today's again beyond 60 times."""
    other, third = [design for design in choice.candidates.designs if design != choice.design][:2]

    def winner(axis: str, factor: float):
        outward = factor if direction == "above" else 1 / factor
        sizes = sorted(edge if direction == "above" else 1 / edge for edge in edges)
        passed = sum(outward >= size * (1 - 1e-12) for size in sizes)
        return (choice.design, other, third, choice.design)[passed] if axis == "runtime" else choice.design

    monkeypatch.setattr(break_evens, "_winners", lambda r, points: [winner(*point) for point in points])
    (turn,) = (turn for turn in break_evens.break_evens(choice) if turn.axis == "runtime")
    assert (turn.direction, turn.design) == (direction, other.ids)
    assert turn.factor == pytest.approx(edges[0], rel=0.0006)
    assert turn.until == pytest.approx(edges[1], rel=0.0006)  # today's median is 1 s
    words = {
        "above": "above a median run time of 2 s (2 times today's), at most up to 20 s, build it ",
        "below": "below a median run time of 500 ms (0.5 times today's), at most down to 50 ms, build it ",
    }
    assert turn.says.startswith(words[direction])


def test_a_design_that_lasts_as_far_as_the_search_reaches_has_no_end(choice, monkeypatch):
    other = next(design for design in choice.candidates.designs if design != choice.design)
    monkeypatch.setattr(
        break_evens,
        "_winners",
        lambda r, points: [other if axis == "runtime" and f > 2 else choice.design for axis, f in points],
    )
    (turn,) = (turn for turn in break_evens.break_evens(choice) if turn.axis == "runtime")
    assert turn.until is None and "up to" not in turn.says


def test_a_design_that_gives_way_between_two_coarse_points_has_its_end_there(choice, monkeypatch):
    """From 2.4 to 2.6 times one design, then another: both changes lie within one coarse step."""
    other, third = [design for design in choice.candidates.designs if design != choice.design][:2]

    def winner(axis: str, factor: float):
        if axis != "runtime" or factor < 2.4:
            return choice.design
        return other if factor < 2.6 else third

    monkeypatch.setattr(break_evens, "_winners", lambda r, points: [winner(*point) for point in points])
    (turn,) = (turn for turn in break_evens.break_evens(choice) if turn.axis == "runtime")
    assert (turn.design, turn.factor) == (other.ids, pytest.approx(2.4, rel=0.0006))
    assert turn.until == pytest.approx(2.6, rel=0.0006) and "times today's) up to 2.6 s, build" in turn.says


@pytest.mark.parametrize(
    ("fields", "axes", "says"),
    [
        ({}, ["runtime", "requests_per_month"], ""),  # one value each, no peak stated
        ({"peak_rps": 2}, ["requests_per_month"], "The peak moves with the rate."),
        ({"peak_rps": 2}, ["runtime"], ""),
        ({"runtime": {"p50": "1 s", "p99": "4 s"}}, ["runtime"], "Every quantile moves with its median."),
        ({"runtime": {"p50": "1 s", "p99": "4 s"}}, ["response", "configuration"], ""),
    ],
)
def test_what_moves_along_is_said_where_something_does(fields, axes, says):
    w = Workload(**{"requests_per_month": 1e6, "response": "1 KB", "runtime": "1 s", **fields})
    assert break_evens.what_moves_along(w, axes) == says


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {"client": {"auth": "iam"}},
            "an always-on service is not possible: a load balancer does not check IAM credentials itself",
        ),
        (
            {"client": {"needs": ["usage-plans", "throttling"]}},
            "an always-on service is not possible: a load balancer has no usage plans or throttling",
        ),
        ({}, "an always-on service takes over at no rate up to 1,000 times today's"),
    ],
)
def test_no_rate_is_named_for_a_service_that_the_workload_excludes(fields, says):
    # 1,000 times 1,000 short requests a month cost 0.26 USD as a function, and a load balancer alone 16
    small = {"requests_per_month": 1000, "request": "1 KB", "response": "1 KB", "runtime": "50 ms"}
    turns = break_evens.break_evens(Choice(Workload(**small, **fields)))
    assert [turn.says for turn in turns if turn.service] == [says]


def test_a_service_that_wins_between_two_coarse_points_has_its_rate(choice, monkeypatch):
    """From 1.4 to 1.6 times the rate a service wins, and beyond nothing is feasible."""
    service = next(design for design in choice.candidates.designs if design.execution == "service")

    def winner(axis: str, factor: float):
        if axis != "requests_per_month" or factor < 1.4:
            return choice.design
        return service if factor < 1.6 else None

    monkeypatch.setattr(break_evens, "_winners", lambda r, points: [winner(*point) for point in points])
    turns = [turn for turn in break_evens.break_evens(choice) if turn.axis == "requests_per_month"]
    assert [(turn.design, turn.service) for turn in turns] == [(service.ids, True)]
    assert turns[0].factor == pytest.approx(1.4, rel=0.0006)
