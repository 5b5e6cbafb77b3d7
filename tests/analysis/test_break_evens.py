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
