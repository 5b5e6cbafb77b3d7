"""Distributions against what they were made from, against brute force, and against SciPy."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from explorer.errors import ExplorerError
from explorer.workload.distribution import ByPoint, constant, from_quantiles, from_samples

LOGNORMAL = {0.5: 100.0, 0.99: 1000.0}  # two quantiles are one line: a lognormal
SHAPES = {
    "constant": constant(120.0),
    "samples": from_samples([1.0, 2.0, 2.0, 5.0, 90.0]),
    "two quantiles": from_quantiles(LOGNORMAL),
    "three quantiles": from_quantiles({0.1: 10.0, 0.5: 100.0, 0.95: 120.0}),
    "cut": from_quantiles(LOGNORMAL, 1500.0),
    "p50 and max": from_quantiles({0.5: 100.0}, 400.0),
    "flat": from_quantiles({0.5: 100.0, 0.9: 100.0, 0.99: 300.0}),
    "cut inside": from_quantiles({0.5: 100.0, 0.99: 300.0}, 300.0),
    "steep": from_quantiles({0.5: 1e3, 0.6: 1e6}, 2e6),
    "many samples": from_samples(np.random.default_rng(1).lognormal(3, 1, 2000)),
}
shapes = pytest.mark.parametrize("spread", SHAPES.values(), ids=SHAPES)


def lognormal():
    sigma = np.log(10) / stats.norm.ppf(0.99)
    return stats.lognorm(sigma, scale=100.0)


@st.composite
def quantiles(draw):
    """Rising values at rising probabilities."""
    names = draw(st.lists(st.sampled_from([1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9]), min_size=1, unique=True))
    values = draw(st.lists(st.floats(1e-3, 1e6), min_size=len(names), max_size=len(names)))
    return {p / 100: value for p, value in zip(sorted(names), sorted(values), strict=True)}


@given(quantiles())
def test_the_given_quantiles_come_back(points):
    spread = from_quantiles(points)
    for p, value in points.items():
        assert spread.quantile(p) == pytest.approx(value, rel=1e-9)


@given(quantiles(), st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_quantiles_never_fall(points, one, other):
    spread = from_quantiles(points)
    low, high = sorted((one, other))
    assert spread.quantile(low) <= spread.quantile(high) * (1 + 1e-12)


@given(quantiles(), st.floats(1e-4, 1e7), st.floats(1e-4, 1e7))
def test_exceedance_is_a_probability_that_never_rises(points, one, other):
    low, high = sorted((one, other))
    spread = from_quantiles(points)
    assert 0 <= spread.exceed(high) <= spread.exceed(low) <= 1


@pytest.mark.parametrize("p", [1e-6, 0.01, 0.3, 0.5, 0.9, 0.99, 0.9999, 1 - 1e-9])
def test_between_two_quantiles_and_beyond_lies_a_lognormal(p):
    spread, truth = from_quantiles(LOGNORMAL), lognormal()
    assert spread.quantile(p) == pytest.approx(truth.ppf(p), rel=1e-9)
    assert spread.exceed(truth.ppf(p)) == pytest.approx(1 - p, rel=1e-6)


def test_the_last_segments_are_continued():
    spread = from_quantiles({0.1: 10.0, 0.5: 100.0, 0.9: 200.0})
    z = stats.norm.ppf(0.9)
    assert spread.quantile(stats.norm.cdf(2 * z)) == pytest.approx(400.0)  # doubles once more
    assert spread.quantile(stats.norm.cdf(-2 * z)) == pytest.approx(1.0)  # a tenth once more


@pytest.mark.parametrize("name", ["two quantiles", "three quantiles", "cut"])
@pytest.mark.parametrize("p", [0.05, 0.5, 0.7, 0.9])
def test_exceedance_at_a_quantile_is_what_is_left(name, p):
    spread = SHAPES[name]
    assert spread.exceed(spread.quantile(p)) == pytest.approx(1 - p, rel=1e-9)


def test_a_maximum_is_never_exceeded_and_cuts_the_tail():
    spread, uncut = SHAPES["cut"], SHAPES["two quantiles"]
    assert spread.exceed(1500.0) == 0
    assert spread.exceed(1499.9) == pytest.approx(uncut.exceed(1499.9), rel=1e-9)
    assert spread.quantile(1 - 1e-9) == 1500.0
    assert spread.tail.endswith("cut at max")


def test_a_maximum_beside_one_quantile_is_where_the_line_ends():
    spread = SHAPES["p50 and max"]
    assert (spread.quantile(0.5), spread.exceed(400.0)) == (pytest.approx(100.0), 0)
    assert 0 < spread.exceed(399.0) < 0.01


def test_a_maximum_alone_is_a_constant():
    assert from_quantiles({}, 300.0).quantile(0.1) == 300.0


def test_a_maximum_above_the_continued_tail_changes_nothing_there():
    assert from_quantiles(LOGNORMAL, 1e9).quantile(0.999) == pytest.approx(lognormal().ppf(0.999))


@pytest.mark.parametrize("points", [{0.5: 7.0}, {0.5: 7.0, 0.99: 7.0}])
def test_one_value_is_a_constant_without_a_tail(points):
    spread = from_quantiles(points)
    assert (spread.quantile(0.999), spread.exceed(7.0), spread.exceed(6.999)) == (7.0, 0, 1)
    assert spread.tail == "one value, no tail given"


def test_samples_are_their_own_distribution():
    spread = from_samples([3.0, 1.0, 2.0, 2.0])
    assert [spread.quantile(p) for p in (0.25, 0.26, 0.75, 0.76, 1.0)] == [1, 2, 2, 3, 3]
    assert [spread.exceed(x) for x in (0.5, 1, 2, 3)] == [1, 0.75, 0.25, 0]
    assert (spread.mean, spread.median) == (2.0, 2.0)


@shapes
def test_the_mean_is_the_area_under_the_exceedance(spread):
    top = float(spread.quantile(1 - 1e-13))
    edges = np.concatenate(([0.0], np.geomspace(1e-3, top, 400)))
    if isinstance(getattr(spread, "values", None), np.ndarray):
        assert spread.mean == pytest.approx(np.mean(spread.values))
        return
    area = sum(integrate.quad(spread.exceed, a, b)[0] for a, b in pairwise(edges))
    assert spread.mean == pytest.approx(area, rel=1e-5)


@shapes
@pytest.mark.parametrize("at", [0.0, 50.0, 120.0, 500.0])
def test_the_excess_is_the_mean_of_what_is_over(spread, at):
    p = (np.arange(400_000) + 0.5) / 400_000
    brute = np.mean(np.maximum(spread.quantile(p) - at, 0))
    assert spread.excess(at) == pytest.approx(brute, rel=5e-3, abs=1e-9)


def test_a_lognormal_has_its_textbook_mean():
    assert from_quantiles(LOGNORMAL).mean == pytest.approx(lognormal().mean(), rel=1e-9)


@shapes
@pytest.mark.parametrize("increment", [0.7, 1.0, 37.0, 120.0, 10_000.0])
def test_the_mean_of_started_increments_against_brute_force(spread, increment):
    p = (np.arange(400_000) + 0.5) / 400_000
    brute = np.mean(np.ceil(spread.quantile(p) / increment * (1 - 1e-12)))
    assert spread.mean_ceil(increment) == pytest.approx(brute, rel=5e-3)


@pytest.mark.parametrize(
    ("value", "count"), [(1.0, 1), (512.0, 1), (512.5, 2), (1024, 2), (1025, 3), (1e5, 196)]
)
def test_started_increments_of_one_value(value, count):
    assert constant(value).mean_ceil(512.0) == count


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=30), st.floats(0.5, 1e3))
def test_started_increments_of_samples(values, increment):
    expected = np.mean(np.ceil(np.array(values) / increment * (1 - 1e-12)))
    assert from_samples(values).mean_ceil(increment) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("function", [np.sqrt, np.log1p, lambda x: x])
@pytest.mark.parametrize("name", ["constant", "samples", "two quantiles", "p50 and max"])
def test_the_average_of_a_function_over_a_spread(name, function):
    spread = SHAPES[name]
    p = (np.arange(400_000) + 0.5) / 400_000
    assert spread.expect(function) == pytest.approx(np.mean(function(spread.quantile(p))), rel=0.02)


@shapes
@pytest.mark.parametrize("factor", [0.001, 3.0, 1e4])
def test_a_scaled_median_scales_everything(spread, factor):
    scaled = spread.with_median(spread.median * factor)
    assert scaled.median == pytest.approx(spread.median * factor, rel=1e-12)
    assert scaled.quantile(0.9) == pytest.approx(spread.quantile(0.9) * factor, rel=1e-12)
    assert scaled.mean == pytest.approx(spread.mean * factor, rel=1e-12)
    assert scaled.exceed(70.0 * factor) == pytest.approx(spread.exceed(70.0), rel=1e-9)
    assert scaled.mean_ceil(10.0 * factor) == pytest.approx(spread.mean_ceil(10.0), rel=1e-9)


@shapes
def test_an_array_of_medians_gives_what_each_gives_alone(spread):
    medians = np.array([1e-3, 1.0, 119.0, 120.0, 7e5])
    axis = spread.with_median(medians)
    for measure in (lambda s: s.mean, lambda s: s.exceed(120.0), lambda s: s.quantile(0.99)):
        alone = [measure(spread.with_median(median)) for median in medians]
        assert measure(axis) == pytest.approx(alone, rel=1e-12)
    assert axis.mean_ceil(60.0) == pytest.approx(
        [spread.with_median(m).mean_ceil(60.0) for m in medians], rel=1e-12
    )


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: from_quantiles({0.5: 2.0, 0.99: 1.0}), "p99 is 1: expected at least p50 = 2"),
        (lambda: from_quantiles({0.5: 0.0, 0.99: 1.0}), "p50 is 0: expected more than 0"),
        (lambda: from_quantiles({0.5: 2.0, 0.99: 3.0}, 1.0), "max is 1: expected at least p99 = 3"),
        (lambda: from_quantiles({0.5: 2.0}, 1.0), "max is 1: expected at least p50 = 2"),
        (lambda: from_quantiles({}), "no quantiles: expected"),
        (lambda: from_samples([]), "no samples: expected"),
        (lambda: from_samples([1.0, -2.0]), "sample -2: expected"),
        (lambda: from_samples([1.0, float("nan")]), "sample nan: expected"),
        (lambda: from_samples([1.0, float("inf")]), "sample inf: expected"),
        (lambda: constant(0.0).with_median(1.0), "median 0, which cannot be scaled"),
    ],
)
def test_an_impossible_distribution_is_refused(make, says):
    with pytest.raises(ExplorerError, match=says):
        make()


@given(quantiles())
def test_whatever_the_quantiles_the_mean_is_a_number(points):
    mean = from_quantiles(points, max(points.values()) * 2).mean
    assert 0 < mean <= max(points.values()) * 2 * (1 + 1e-9)


@pytest.mark.parametrize("index", [[[0, 1]], [[0, 1], [0, 1]], [[0, 1], [1, 0]]])
def test_each_point_has_the_distribution_that_its_index_names(index):
    """1 s where the index is 0, 3 s where it is 1: against 2 s, and against a value of each point's own."""
    index = np.array(index)
    spread = ByPoint((constant(1.0), constant(3.0)), index)
    assert spread.exceed(2.0).tolist() == index.tolist()
    value = np.array([[0.5, 4.0], [2.0, 2.0]])
    seconds = np.broadcast_to(np.where(index == 1, 3.0, 1.0), (2, 2))
    assert spread.exceed(value).tolist() == (seconds > value).tolist()


def test_many_started_increments_are_half_of_one_more_than_the_mean():
    # work of about a thousand increments, spread over several of them: the last one is half used on average
    spread = from_quantiles({0.5: 1000.0, 0.99: 1010.0})
    assert float(spread.mean_ceil(1.0)) == pytest.approx(float(spread.mean) + 0.5, abs=1e-6)
    assert float(spread.mean_ceil(2.0)) == pytest.approx(float(spread.mean) / 2 + 0.5, abs=1e-6)
