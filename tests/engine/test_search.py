"""The contest leaves out designs and never an answer: it is held against pricing every design everywhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.engine.bounds import Grid, Stacked
from explorer.engine.evaluation import Evaluation, possible
from explorer.engine.search import NOTHING, Contest
from explorer.options.base.conditions import Conditions
from tests.support.workloads import EXAMPLES, workloads

AXES = {
    "response": (1e2, 1e10),
    "request": (1e2, 1e9),
    "runtime": (1e-3, 1e5),
    "requests_per_month": (1, 1e10),
    "peak_rps": (1e-4, 1e5),
    "configuration": (1, 3e6),
    "client.waits": (0.01, 1e3),
    "targets.latency_p95": (0.01, 1e5),
    "preferences.part_usd": (1e-3, 1e3),
    "preferences.discount": (0.01, 1),  # at 1 money is nothing, and parts decide
    "runtime.memory": (128, 10240),
    "runtime.steps": (1, 1000),
    "targets.success": (0.5, 0.9999),
    "client.bandwidth": (1e3, 1e9),
}
COUNTS = ((9, 7), (16, 5), (4, 4, 4), (33,))


def loads(workload, axes, block=None):
    block = block or [slice(None)] * len(axes)
    shapes = [[-1 if i == j else 1 for j in range(len(axes))] for i in range(len(axes))]
    cut = zip(axes, block, shapes, strict=True)
    return Conditions(workload, {axis: axes[axis][part].reshape(shape) for axis, part, shape in cut})


def everywhere(evaluation):
    """Best and second best by score, parts, p95 and place in the table, with every design priced."""
    score = evaluation.score_usd(evaluation.load.number("preferences.part_usd"))
    parts = np.broadcast_to(evaluation.column(evaluation.table.parts), score.shape)
    order = np.lexsort((evaluation.latency_s[:, 1], parts, score), axis=0)
    ranked = np.take_along_axis(score, order, axis=0)
    return [np.where(np.isfinite(ranked[place]), order[place], NOTHING) for place in (0, 1)]


def held_against_all(workload, axes):
    load = loads(workload, axes)
    evaluation = Evaluation(load, possible(load))
    if len(evaluation.designs) < 2:
        return
    winner, runner_up, usd = Contest(evaluation, lambda block: loads(workload, axes, block)).places()
    first, second = everywhere(evaluation)
    np.testing.assert_array_equal(winner, first)
    np.testing.assert_array_equal(runner_up, second)
    money = np.take_along_axis(evaluation.monthly_usd, np.maximum(first, 0)[None], axis=0)[0]
    np.testing.assert_allclose(usd[first >= 0], money[first >= 0], rtol=1e-12)
    assert np.isnan(usd[first < 0]).all()


@st.composite
def grids(draw):
    counts = draw(st.sampled_from(COUNTS))
    names = draw(
        st.lists(st.sampled_from(list(AXES)), min_size=len(counts), max_size=len(counts), unique=True)
    )
    return {name: np.geomspace(*AXES[name], n) for name, n in zip(names, counts, strict=True)}


@settings(max_examples=80)
@given(workloads(), grids(), st.sampled_from([(8192, 128), (30, 4), (16, 16), (1, 1)]))
def test_the_contest_is_won_by_who_wins_when_all_are_priced(workload, axes, sizes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("explorer.engine.search.BLOCK", sizes[0])
        patch.setattr("explorer.engine.search.CELL", sizes[1])
        held_against_all(workload, axes)


@pytest.mark.parametrize("workload", EXAMPLES, ids=lambda w: w.name)
def test_it_is_so_for_the_examples_on_a_finer_map(workload):
    axes = {"response": np.geomspace(1e3, 2e8, 24), "runtime": np.geomspace(0.01, 7200, 24)}
    held_against_all(workload, axes)


def test_few_are_priced(monkeypatch):
    """The point of it: at most one in ten of what could be."""
    from explorer.engine import search

    priced, real = [], search.Round._usd
    monkeypatch.setattr(search.Round, "_usd", lambda self, contexts: priced.append(1) or real(self, contexts))
    workload = next(w for w in EXAMPLES if w.name == "Account statements")
    axes = {"response": np.geomspace(1e3, 2e8, 300), "runtime": np.geomspace(0.01, 7200, 300)}
    load = loads(workload, axes)
    evaluation = Evaluation(load, possible(load))
    found = Contest(evaluation, lambda block: loads(workload, axes, block))
    found.places()
    assert 0 < len(priced) < 0.2 * len(evaluation.designs) * len(list(found.grid))


@pytest.mark.parametrize(("shape", "points"), [((7,), 3), ((5, 9), 8), ((3, 4, 5), 60), ((1, 1), 1)])
def test_blocks_cover_the_grid_once_and_cells_lie_in_one_block(shape, points):
    blocks, cells = Grid(shape, points), Grid(shape, max(1, points // 4))
    seen, of_block = np.zeros(shape, dtype=int), np.zeros(cells.counts, dtype=int)
    for block in blocks:
        seen[block] += 1
        of_block[cells.within(block)] += 1
    assert (seen == 1).all() and (of_block == 1).all()


def test_the_ends_of_a_cell_are_those_of_its_points():
    cells = Grid((5, 6), 4)
    full, across = np.random.default_rng(1).random((5, 6)), np.arange(6.0).reshape(1, 6)
    stacked = Stacked([full, across, 3.0], cells)
    for number, block in enumerate(cells):
        at = np.unravel_index(number, cells.counts)
        assert stacked.least[0][at] == full[block].min() and stacked.most[0][at] == full[block].max()
        assert stacked.most[1][at] == across[:, block[1]].max() and stacked.least[2][at] == 3
