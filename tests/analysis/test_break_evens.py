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
