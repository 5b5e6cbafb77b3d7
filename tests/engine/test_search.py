"""The search leaves out designs and never an answer: it is held against pricing every design everywhere."""

from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.engine import search
from explorer.engine.answers import Answers
from explorer.engine.chances import chances
from explorer.engine.designs import allowed_designs, table
from explorer.engine.grid import Grid
from explorer.engine.latency import counts_for
from explorer.engine.ranking import NOTHING
from explorer.engine.search import best_two
from explorer.options.base.conditions import Conditions
from explorer.options.base.sizes import Size
from explorer.options.base.usage import amount, total
from explorer.workload.workload import Workload
from tests.support.example_count import example_count
from tests.support.plain import in_order, plain
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
COUNTS = ((9, 7), (16, 5), (4, 4, 4), (33,), (1,), (3, 3, 2, 3), (2, 2, 2, 2, 2), (2, 2, 2, 2, 2, 2))


def load_of(workload, axes):
    shapes = [[-1 if i == j else 1 for j in range(len(axes))] for i in range(len(axes))]
    return Conditions(workload, {axis: v.reshape(shape) for (axis, v), shape in zip(axes.items(), shapes)})


def some_of(designs, most=250):
    """Designs spread over the table, so that asking each by itself takes seconds and not hours."""
    every = np.arange(len(designs.designs))
    return designs.only(every % max(1, -(-len(every) // most)) == 0)


def held_against_all(load, most=250):
    """The search against each design asked and summed by itself: who, what it costs, and the chance."""
    designs = some_of(allowed_designs(load), most)
    answers = Answers(load, designs)
    best, every = best_two(answers), plain(load, designs)
    first, second = in_order(every, designs, load.number("preferences.part_usd"))
    usd = [money(every.usd, index) for index in (first, second)]
    score = [money(every.usd + load.number("preferences.part_usd") * column(designs.parts, load), index)
             for index in (first, second)]  # fmt: skip
    for place, index in enumerate((first, second)):
        there = index >= 0
        np.testing.assert_array_equal(best.index[place] >= 0, there)
        # another design of the same score, to 13 digits, may stand in its place: then all else is as good
        np.testing.assert_allclose(best.score[place][there], score[place][there], rtol=1e-12)
        same = best.index[place] == index
        assert same.mean() > 0.999 or same.all() or not there.any()
        np.testing.assert_allclose(best.usd[place][there & same], usd[place][there & same], rtol=1e-9)
        assert np.isnan(best.usd[place][~there]).all()
    chance = chances(load, designs, best.winner)
    np.testing.assert_allclose(chance, money(every.chance, best.winner), rtol=1e-6, atol=1e-12)


def column(values, load):
    return values.reshape((-1,) + (1,) * len(load.shape))


def money(values, index):
    there = np.take_along_axis(values, np.maximum(index, 0)[None], 0)[0]
    return np.where(index >= 0, there, np.nan)


@st.composite
def grids(draw):
    counts = draw(st.sampled_from(COUNTS))
    names = draw(
        st.lists(st.sampled_from(list(AXES)), min_size=len(counts), max_size=len(counts), unique=True)
    )
    return {name: np.geomspace(*AXES[name], n) for name, n in zip(names, counts, strict=True)}


SIZES = [
    (64, 128, 2**17),
    (512, 64, 2**17),
    (100, 4, 30),
    (1, 16, 16),
    (1, 1, 1),
]  # how many cells, of which size, priced at once


@contextmanager
def cut_into(cells, cell, priced):
    with pytest.MonkeyPatch.context() as patch:
        always = {"FEW": 0, "MANY": 0, "NARROWED": 2 * search.FIRST}
        for name, value in ({"CELLS": cells, "CELL": cell, "PRICED": priced} | always).items():
            patch.setattr(f"explorer.engine.search.{name}", value)
        yield


@settings(max_examples=example_count(10), deadline=None)
@given(workloads(), grids(), st.sampled_from(SIZES), st.booleans())
def test_the_two_best_are_those_of_all_designs(workload, axes, sizes, free_tier):
    with cut_into(*sizes):
        held_against_all(load_of(workload.replace({"preferences.free_tier": free_tier}), axes))


def test_a_limit_that_binds_at_some_points_only_is_held_there():
    """Fargate Spot takes short work alone: its quota binds along the run time, the latency elsewhere."""
    workload = Workload(
        requests_per_month=2e8,
        response="10 KB",
        runtime={"p50": "1 s", "interruptible": True},
        client={"polls": True},
    )
    axes = {"runtime": np.geomspace(1, 1e5, 7), "targets.latency_p95": np.geomspace(1, 1e5, 5),
            "runtime.memory": np.geomspace(128, 10240, 4)}  # fmt: skip
    with cut_into(64, 128, 2**17):
        held_against_all(load_of(workload, axes))


@settings(max_examples=example_count(10), deadline=None)
@given(workloads(), st.booleans())
def test_the_two_best_of_one_workload_are_those_of_all_designs(workload, free_tier):
    held_against_all(Conditions(workload.replace({"preferences.free_tier": free_tier})), most=5000)


@settings(max_examples=example_count(10), deadline=None)
@given(workloads(), st.lists(st.sampled_from(list(AXES)), min_size=1, max_size=6, unique=True), st.randoms())
def test_the_two_best_of_varied_workloads_are_those_of_all_designs(workload, names, random):
    points = {
        name: np.array([np.exp(random.uniform(*np.log(AXES[name]))) for _ in range(23)]) for name in names
    }
    held_against_all(Conditions(workload, points))


@pytest.mark.parametrize("workload", EXAMPLES, ids=lambda w: w.name)
def test_it_is_so_for_the_examples_on_a_finer_map(workload):
    axes = {"response": np.geomspace(1e3, 2e8, 16), "runtime": np.geomspace(0.01, 7200, 16)}
    held_against_all(load_of(workload, axes))


@pytest.mark.parametrize("usd", [{"preferences.part_usd": 0}, {"preferences.discount": 0.99}])
def test_where_all_is_free_or_parts_are_ties_fall_as_in_the_table(usd):
    workload = EXAMPLES[0].replace({**usd, "configuration.secrets": 0})
    held_against_all(load_of(workload, {"runtime": np.geomspace(0.01, 100, 30)}))


def test_nobody_is_found_where_nothing_is_feasible():
    workload = EXAMPLES[0].replace({"targets.latency_p95": "1 ms"})
    best = best_two(Answers(load := Conditions(workload), allowed_designs(load)))
    assert best.winner == best.runner_up == NOTHING and np.isnan(best.usd).all()


@pytest.fixture
def pairs_priced(monkeypatch):
    """How many pairs of a design and a cell are priced on a map of an example, and how many there are."""
    priced, real = [], search.Sums.usd
    monkeypatch.setattr(search.Sums, "usd", lambda self: priced.append(len(self.cell)) or real(self))

    def pairs(name, count):
        priced.clear()
        axes = {"response": np.geomspace(1e3, 2e8, count), "runtime": np.geomspace(0.01, 7200, count)}
        load = load_of(Workload.load(name).without_current(), axes)
        designs = allowed_designs(load)
        contest = search.Contest(Answers(load, designs), designs)
        contest.run()
        return sum(priced), len(designs.designs) * contest.grid.cells

    return pairs


def test_few_are_priced(pairs_priced):
    """The point of it: at most one in eight of what could be."""
    priced, all_pairs = pairs_priced("statements", 300)
    assert 0 < priced < all_pairs / 8


def test_bounds_at_points_spare_most_of_what_bounds_of_whole_cells_let_through(pairs_priced, monkeypatch):
    narrowed, _ = pairs_priced("photos", 200)
    monkeypatch.setattr(search, "MANY", np.inf)
    whole, _ = pairs_priced("photos", 200)
    assert narrowed < whole / 3


# Options asked at once ------------------------------------------------------------------------------


@settings(max_examples=example_count(12), deadline=None)
@given(workloads(), st.lists(st.sampled_from(list(AXES)), max_size=3, unique=True), st.randoms())
def test_asked_about_all_paths_at_once_an_option_says_of_each_what_it_says_alone(workload, names, random):
    axes = {name: np.geomspace(*AXES[name], 3) for name in names}
    load = load_of(workload, axes)
    at_once = load.at_once()
    for question in table().questions:
        path = question.paths.along(len(at_once.shape) - 1)
        row = random.randrange(len(question.rows))
        alone = table().placements[question.rows[row]].path
        one, many = answer_of(question.option, load, alone), answer_of(question.option, at_once, path)
        assert one.keys() <= many.keys()
        for name, value in many.items():
            here = one_path(value, len(question.rows), at_once.shape)[
                (..., row, 0, *[slice(None)] * len(axes))
            ]
            constant = np.broadcast_to(one.get(name, 0.0), here.shape)
            np.testing.assert_allclose(
                here, constant, rtol=1e-9, atol=1e-12, err_msg=f"{question.option.id} {name}"
            )


def one_path(value, paths, shape):
    """A row for each path, and all axes, from what may be short of them."""
    whole = np.reshape(value, (1,) * (len(shape) - np.ndim(value)) + np.shape(value))
    return np.broadcast_to(whole, (*whole.shape[: -len(shape)], paths, *shape[1:]))


def answer_of(option, load, path):
    """Sums of what an option says, by name."""
    values = {}

    def add(name, value):
        values[name] = values.get(name, 0.0) + np.asarray(value, dtype=float)

    for price_id, line in option.usage(load, path):
        add(f"usage {price_id}", amount(line))
    for step in option.steps(load, path):
        add(f"seconds {counts_for(step)}", step.where * np.asarray(load.step_s(step)))
    for use in option.limits(load, path):
        terms, most = use.terms(load, load.limit(use.limit))
        add(f"over {use.limit} {use.driver}", np.asarray(total(terms) > most) & use.where)
        add(f"chance {use.limit} {use.driver}", use.exceed(load, load.limit(use.limit)))
    return values


@pytest.mark.parametrize(("shape", "points"), [((7,), 3), ((5, 9), 8), ((3, 4, 5), 60), ((1, 1), 1), ((), 9)])
def test_a_grid_is_split_into_cells_and_joined_again(shape, points):
    grid = Grid(shape, points)
    values = np.random.default_rng(1).random((2, *shape))
    parts = grid.split(values)
    assert parts.shape == (*grid.counts, 2, *grid.side) and np.prod(grid.side) <= points
    by_cell = np.moveaxis(parts.reshape(grid.cells, 2, *grid.side), 1, 0)
    np.testing.assert_array_equal(grid.join(by_cell), values)


def test_the_ends_of_a_cell_are_those_of_its_points():
    grid = Grid((5, 6), 4)
    full, across = np.random.default_rng(1).random((1, 5, 6)), np.arange(6.0).reshape(1, 1, 6)
    for how in (np.minimum, np.maximum):
        parts = grid.split(full)
        np.testing.assert_array_equal(grid.reduce_cells(how, full)[0], how.reduce(parts, axis=(2, 3, 4)))
    assert grid.reduce_cells(np.maximum, across).tolist() == [[[1, 3, 5]]]


# Sizes ------------------------------------------------------------------------------------------------


MEMORIES = (128.0, 512.0, 1769.0, 4096.0, 10240.0)
SIZED = tuple((memory, architecture) for architecture in ("arm64", "x86_64") for memory in MEMORIES)


@settings(max_examples=example_count(8), deadline=None)
@given(workloads(), st.sampled_from([SIZED, SIZED[:5], SIZED[2:3]]), st.sampled_from([{}, {"runtime": 3}]))
def test_each_design_has_its_best_size_and_two_sizes_of_one_are_one_design(workload, sizes, counts):
    axes = {name: np.geomspace(*AXES[name], count) for name, count in counts.items()}
    load_sizes = tuple(Size(memory, architecture) for memory, architecture in sizes)
    load = Conditions(workload, load_of(workload, axes).plain_axes, load_sizes)
    designs = some_of(allowed_designs(load), 120)
    top = best_two(Answers(load, designs))
    part_usd = load.number("preferences.part_usd")
    score = np.full((len(sizes), len(designs.designs), *load.shape), np.inf)
    for number, size in enumerate(load_sizes):
        every = plain(load.at_size(size), designs)
        priced = every.usd + part_usd * column(designs.parts, load)
        score[number] = np.where(every.feasible, priced, np.inf)
    best = np.sort(score.min(axis=0), axis=0)
    for place in (0, 1):
        there = np.isfinite(best[place])
        np.testing.assert_array_equal(top.index[place] >= 0, there)
        np.testing.assert_allclose(top.score[place][there], best[place][there], rtol=1e-12)
        at = score[(np.maximum(top.size[place], 0), np.maximum(top.index[place], 0), *np.indices(load.shape))]
        np.testing.assert_allclose(at[there], best[place][there], rtol=1e-12)
