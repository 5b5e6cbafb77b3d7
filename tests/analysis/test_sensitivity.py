"""Uncertain inputs: what moves the answer, the regret of choosing now, what measuring first is worth."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

import explorer as ex
from explorer import ExplorerError, Workload, recommend, regret, sensitivity
from explorer.analysis.one_design import design_assessment
from explorer.analysis.sensitivity.ranges import MEASURED, ranges_of
from explorer.analysis.sensitivity.regret import measurement_sentences
from explorer.analysis.sensitivity.scenarios import Scenarios
from explorer.analysis.sensitivity.tail import can_stretch, stretch
from explorer.analysis.sensitivity.value_of_information import (
    EVERYTHING,
    MeasurementValue,
    best_choice,
    measurement_values,
)
from explorer.facts.units import format_usd
from explorer.views import figures
from explorer.workload.distribution import Quantiles, constant, from_quantiles

FIELDS = {
    "requests_per_month": 3e6,
    "peak_rps": 6.0,
    "request": "40 KB",
    "response": {"p10": "100 KB", "p50": "800 KB", "p99": "9 MB", "kept": "7 days"},
    "runtime": {"p10": "500 ms", "p50": "2 s", "p99": "14 s"},
    "configuration": {"total": "12 KB", "secrets": 3},
    "client": {"waits": "25 s"},
}
RANGES = {"response": "0.05x..8x", "runtime": ("0.2 s", "20 s"), "requests_per_month": (1e4, 3e7)}


@pytest.fixture(scope="module")
def w():
    return Workload(**FIELDS)


@pytest.fixture(scope="module")
def many(w):
    return regret(w, RANGES, samples=1000)


@pytest.fixture(scope="module")
def swings(w):
    return sensitivity(w)


def scaled(w, name, median):
    """The workload with all quantiles of a spread scaled to another median."""
    spread = getattr(w, name).spread
    stated = {f"p{p}": float(spread.quantile(p / 100)) * median / float(spread.median) for p in (10, 50, 99)}
    return w.replace({f"{name}.{quantile}": value for quantile, value in stated.items()})


def as_recommended(w, inputs):
    """What `recommend` says of one scenario."""
    other = w
    for field, value in inputs.items():
        if field in {"response", "runtime"}:
            other = scaled(other, field, float(value))
        elif field == "requests_per_month":
            peak = float(w.peak_rps * value / w.requests_per_month)
            other = other.replace({field: float(value), "peak_rps": peak})
        else:
            other = other.replace({field: float(value)})
    return recommend(other)


# Choosing now --------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", range(0, 1000, 83))
def test_the_best_of_a_scenario_is_what_is_recommended_there(w, many, scenario):
    r = as_recommended(w, {field: values[scenario] for field, values in many.inputs.items()})
    index = many.winner[scenario]
    assert (many.outcomes.designs[index] if index >= 0 else None) == r.design
    if r.feasible:
        assert many.outcomes.usd[index, scenario] == pytest.approx(r.monthly_usd, rel=1e-9)
        assert many.outcomes.score[index, scenario] == pytest.approx(r.score_usd, rel=1e-9)


@pytest.mark.parametrize("p99", ["2 MB", "9 MB", "60 MB"])
def test_a_stretched_tail_is_the_workload_with_another_p99(w, p99):
    result = regret(w, {"response.p99": (p99, p99)}, samples=100)
    r = recommend(w.replace({"response.p99": p99}))
    assert result.outcomes.designs[result.winner[7]] == r.design
    assert result.outcomes.usd[result.winner[7], 7] == pytest.approx(r.monthly_usd, rel=1e-9)


@pytest.mark.parametrize("scenario", [5, 600, 938])
def test_a_design_holds_where_it_is_assessed_as_feasible(w, many, scenario):
    other = as_recommended(w, {field: values[scenario] for field, values in many.inputs.items()}).workload
    for index, design in enumerate(many.outcomes.designs):
        assessment = design_assessment(other, str(design))
        assert many.outcomes.holds[index, scenario] == assessment["feasible"]
        assert many.outcomes.usd[index, scenario] == pytest.approx(assessment["monthly_usd"], rel=1e-9)
        late = {"client.waits", "targets.latency_p95"} >= {row["because"] for row in assessment["excluded"]}
        assert many.outcomes.late[index, scenario] == (late and not assessment["feasible"])


def test_regret_is_never_negative_and_nothing_for_the_best(many):
    each = np.flatnonzero(many.winner >= 0)
    assert np.nanmin(many.regret_usd) == 0.0
    assert (many.regret_usd[many.winner[each], each] == 0).all()
    assert len(set(many.winner[each].tolist())) > 2, "the ranges decide nothing: a test that shows nothing"


def test_a_design_that_is_not_feasible_has_no_regret_and_is_counted(many):
    assert np.isnan(many.regret_usd[~many.outcomes.holds]).all() and not many.outcomes.holds.all()
    frame = many.frame
    assert (frame[["best", "dearer", "breaks", "late"]].sum(axis=1) - 1).abs().max() < 1e-12
    assert frame.best.sum() + many.infeasible == pytest.approx(1)
    assert frame.breaks.max() > 0 and frame.late.max() > 0


def test_the_frame_tells_what_the_arrays_hold(many):
    row = many.frame.iloc[0]
    index = [str(design) for design in many.outcomes.designs].index(row.design)
    assert row.choice and many.frame.choice.sum() == 1 and str(many.choice) == row.design
    assert row.mean_regret_usd == pytest.approx(np.nanmean(many.regret_usd[index]))
    assert row.p95_regret_usd == pytest.approx(np.nanquantile(many.regret_usd[index], 0.95))
    today = many.frame[many.frame.recommended].design.item()
    assert today == str(recommend(many.workload).design)


def test_the_choice_regrets_least_among_those_that_hardly_fail_more_than_the_safest(many):
    fails = 1 - many.outcomes.holds.mean(axis=1)
    able = fails <= fails.min() + many.risk
    mean = [
        np.nanmean(row) if is_able else np.inf for row, is_able in zip(many.regret_usd, able, strict=True)
    ]
    assert many.outcomes.designs[int(np.argmin(mean))] == many.choice


def test_more_risk_allows_a_choice_of_less_regret(w):
    """With IAM no load balancer is in the way: a body inline costs less, and breaks where it is over 6 MB."""
    w, ranges = w.replace({"client.auth": "iam"}), {"request.p99": (40961, "20 MB")}
    safe, bold = (regret(w, ranges, 400, risk=risk) for risk in (0.0, 1.0))
    assert safe.choice != bold.choice
    least = [r.frame.iloc[0] for r in (safe, bold)]
    assert least[0].breaks < least[1].breaks and least[0].mean_regret_usd > least[1].mean_regret_usd


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(w):
    one, two, other = (regret(w, RANGES, 100, seed=seed) for seed in (5, 5, 6))
    assert one.regret_usd.tobytes() == two.regret_usd.tobytes() and one.to_dict() == two.to_dict()
    assert one.inputs["response"].tobytes() != other.inputs["response"].tobytes()


def test_another_input_leaves_the_draws_of_the_others_alone(w, many):
    fewer = regret(w, {"response": RANGES["response"]}, samples=1000)
    assert np.array_equal(fewer.inputs["response"], many.inputs["response"])


def test_draws_are_log_uniform_between_the_ends(many):
    values = many.inputs["requests_per_month"]
    assert values.min() >= 1e4 and values.max() <= 3e7
    share = np.log(np.sort(values) / 1e4) / np.log(3e3)
    assert np.abs(share - (np.arange(1000) + 0.5) / 1000).max() <= 0.001, "one in each interval"


def test_memory_is_one_of_a_few_sizes_and_a_count_is_whole(w):
    result = regret(w, {"runtime.memory": (512, 4096), "configuration.secrets": (1, 9)}, samples=100)
    sizes, secrets = (result.inputs[field] for field in ("runtime.memory", "configuration.secrets"))
    assert 4 < len(np.unique(sizes)) <= 16 and sizes.min() == 512 and sizes.max() == 4096
    assert set(secrets.tolist()) == set(range(1, 10))


def test_tiles_leave_no_seam(w, many, monkeypatch):
    from explorer.analysis.sensitivity import scenarios

    monkeypatch.setattr(scenarios, "TILE", 600)
    monkeypatch.setattr("explorer.engine.search.FEW", 0)
    monkeypatch.setattr("explorer.engine.search.PRICED", 250)
    cut = regret(w, RANGES, samples=1000)
    names = [[r.outcomes.designs[i] if i >= 0 else None for i in r.winner] for r in (cut, many)]
    assert names[0] == names[1] and cut.choice == many.choice


def test_a_range_of_one_value_decides_nothing(w):
    result = regret(w, {"response": ("800 KB", "800 KB"), "runtime": "1x"}, samples=100)
    assert result.frame.best.tolist() == [1.0]
    assert result.measuring[["saves_usd", "averts", "changes"]].to_numpy().max() == 0
    assert not result.measuring.significant.any() and "nothing that these" in result.summary


def test_nothing_is_ever_feasible():
    w = Workload(
        requests_per_month=1e5, response="2 MB", runtime="5 h", client={"polls": False, "waits": "1 s"}
    )
    result = regret(w, {"response": "2x"}, samples=100)
    assert result.choice is None and result.infeasible == 1 and result.measurements == ()
    assert "No design is feasible" in result.summary
    assert figures.regrets(result).png()


# Measuring first -----------------------------------------------------------------------------------


def test_one_input_is_worth_no_more_than_all_and_all_no_more_than_the_regret(many):
    everything = many.measuring.iloc[0]
    assert everything.input == EVERYTHING
    assert 0 <= everything.saves_usd <= many.frame.iloc[0].mean_regret_usd + 1e-9
    assert (many.measuring.saves_usd <= everything.saves_usd + 1e-9).all()
    assert (many.measuring.averts <= everything.averts + 1e-12).all()
    assert set(many.measuring.input[1:]) == set(RANGES)


def decided(x):
    """Two designs: the first costs more by as much as x is above 0, the second as it is below."""
    return np.ones((2, x.size), dtype=bool), np.stack([np.maximum(x, 0), np.maximum(-x, 0)])


def test_the_input_that_decides_is_worth_all_and_another_nothing():
    rng = np.random.default_rng(3)
    x, other = rng.uniform(-1, 1, 8000), rng.uniform(0, 1, 8000)
    holds, loss = decided(x)
    rows = {
        r.input: r
        for r in measurement_values({"x": x, "other": other}, holds, loss, np.argmin(loss, axis=0), 0, 0.0)
    }
    assert rows[EVERYTHING].saves_usd == pytest.approx(0.25, abs=0.02)
    assert rows["x"].saves_usd == pytest.approx(rows[EVERYTHING].saves_usd, rel=0.02)
    assert rows["x"].significant and rows["x"].changes == pytest.approx(0.5, abs=0.03)
    assert not rows["other"].significant and rows["other"].saves_usd < 0.02


def test_knowing_averts_failures_where_each_design_fails_on_one_side():
    x = np.random.default_rng(3).uniform(-1, 1, 8000)
    holds = np.stack([x < 0, x >= 0])
    loss = np.where(holds, 0.0, np.nan)
    everything, one = measurement_values({"x": x}, holds, loss, np.argmax(holds, axis=0), 0, 0.05)
    assert everything.averts == pytest.approx(0.5, abs=0.02) and one.averts == pytest.approx(0.5, abs=0.03)
    assert one.saves_usd == 0


ALL = MeasurementValue(EVERYTHING, 50.0, 1.0, 0.0, 0.0, 0.4, True)


@pytest.mark.parametrize(
    ("everything", "one", "message"),
    [
        ({"significant": False}, {}, "Measuring first would change nothing that these scenarios can tell."),
        ({"saves_usd": 0.99, "saves_se": 0.01}, {}, "is worth less than $1.00 a month."),
        ({"saves_usd": 1.0, "saves_se": 0.01}, {}, "everything first is worth $1.00 a month."),
        ({}, {"saves_usd": 2.9}, "is worth $50.00 a month. No input alone is worth measuring."),
        ({}, {"saves_usd": 3.1}, "$50.00 a month. The median response alone: $3.10 a month."),
        ({}, {"saves_usd": 9, "averts": -0.01, "averts_se": 0.001}, "though the choice fails in 1 % more."),
        (
            {},
            {"saves_usd": 9, "averts": -0.011, "averts_se": 0.001},
            "alone would trade: $9.00 a month, though the choice fails in 1.1 % more.",
        ),
        ({}, {"averts": 0.2, "averts_se": 0.01}, "alone: 20 % fewer scenarios in which the choice fails."),
        (
            {},
            {"saves_usd": -9, "averts": 0.2, "averts_se": 0.01},
            "alone would trade: 20 % fewer scenarios in which the choice fails, for $9.00 a month more.",
        ),
        (
            {"averts": 0.2, "averts_se": 0.01},
            {},
            "worth $50.00 a month and 20 % fewer scenarios in which the choice fails.",
        ),
    ],
)
def test_what_measuring_is_worth_is_said_and_noise_as_noise(everything, one, message):
    alone = replace(ALL, **{"input": "response", "saves_usd": 0.0, **one})
    assert message in " ".join(measurement_sentences([replace(ALL, **everything), alone]))


@pytest.mark.parametrize(("risk", "index"), [(0.0, 1), (0.09, 1), (0.11, 0), (1.0, 0)])
def test_a_design_is_chosen_within_the_risk(risk, index):
    holds = np.ones((2, 10), dtype=bool)
    holds[0, 0] = False  # cheaper, and fails in one scenario of ten
    assert best_choice(holds, np.stack([np.zeros(10), np.ones(10)]), risk) == index


# One input at a time -------------------------------------------------------------------------------


def test_the_ends_are_what_is_recommended_and_billed_there(w, swings):
    rows = swings.frame.set_index("input")
    for field in ("response", "runtime", "requests_per_month", "client.waits", "preferences.part_usd"):
        for end in ("low", "high"):
            r = as_recommended(w, {field: rows.at[field, end]})
            assert rows.at[field, f"design_{end}"] == str(r.design)
            if r.design == swings.design:
                assert rows.at[field, f"usd_{end}"] == pytest.approx(r.monthly_usd, rel=1e-9)


def test_inputs_are_sorted_by_their_swing(swings):
    frame = swings.to_frame()
    assert frame.swing_usd.tolist() == pytest.approx(sorted(frame.swing_usd, reverse=True), abs=1e-6)
    assert (frame.swing_usd - (frame.usd_high - frame.usd_low).abs()).abs().max() == 0
    assert (frame.low <= frame.now).all() and (frame.now <= frame.high).all()
    assert frame.why.str.startswith("assumed").all()


def test_a_design_breaks_from_the_size_at_which_its_limit_does(w):
    buffered = "door=http-api,request=inline,response=buffered,execution=single,configuration=secrets-manager"
    w = w.replace(runtime="1 s")
    s = sensitivity(w, {"response": ("10 KB", "4 MB")}, buffered)
    row = s.frame.iloc[0]
    assert row.because == "lambda.sync.response" and not row.feasible and row.feasible_from == row.low
    inside, beyond = (
        ex.assess(scaled(w, "response", value), buffered).verdict.eq("breach").any()
        for value in (row.feasible_to, row.feasible_to * (row.high / row.low) ** (1 / 48))
    )
    assert not inside and beyond


def test_a_promise_that_is_missed_is_named(w):
    target = w.replace({"targets.latency_p95": "30 s"})
    s = sensitivity(target, {"targets.latency_p95": "100ms..30s"})
    row = s.frame.iloc[0]
    assert row.because == "targets.latency_p95" and row.feasible_to == 30 and row.feasible_from > 0.1


def test_a_first_byte_that_comes_too_late_is_named_and_no_answer_in_time(w):
    target = w.replace({"targets.first_byte_p95": "30 s"})
    row = sensitivity(target, {"targets.first_byte_p95": "100ms..30s"}).frame.iloc[0]
    assert row.because == "targets.first_byte_p95" and row.feasible_to == 30 and row.feasible_from > 0.1
    outcomes = regret(target, {"targets.first_byte_p95": "100ms..30s"}, samples=100).outcomes
    assert np.isfinite(outcomes.score[outcomes.holds]).all() and outcomes.late.any()


def test_a_peak_goes_along_with_its_mean_given_or_not(w):
    alone = w.replace({"peak_rps": None})
    for one in (w, alone):
        s = sensitivity(one, {"requests_per_month": "4x", "peak_rps": "4x"})
        result = s.frame.set_index("input").at["requests_per_month", "usd_high"]
        peak = None if one is alone else 24.0
        other = one.replace({"requests_per_month": 1.2e7, "peak_rps": peak})
        assert result == pytest.approx(float(ex.cost(other, s.design).total_usd), rel=1e-9)


# Ranges --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "stated", "low", "high"),
    [
        ("response", "400KB..2MB", 400 * 1024, 2 * 1024**2),
        ("response", ("400 KB", 2e6), 400 * 1024, 2e6),
        ("response", "0.5x..3x", 400 * 1024, 2400 * 1024),
        ("response", "2x", 400 * 1024, 1600 * 1024),
        ("runtime.p99", "10s..20s", 10, 20),
        ("peak_rps", "3 .. 12", 3, 12),
        ("configuration", "6KB..24KB", 6144, 24576),
        ("targets.success", [0.99, 0.999], 0.99, 0.999),
        ("client.bandwidth", "10 Mbit/s..40 Mbit/s", 1.25e6, 5e6),
        ("response.p99", ("800 KB", "9 MB"), 800 * 1024, 9 * 1024**2),  # from the median itself
    ],
)
def test_ranges_are_read_as_the_field_is(w, field, stated, low, high):
    (result,) = ranges_of(w, {field: stated}, ())
    assert (result.low, result.high) == (pytest.approx(low), pytest.approx(high)) and result.why == "given"


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({}, r"ranges is \{\}: expected \(low, high\) by field"),
        ({"respnse": (1, 2)}, 'did you mean "response"'),
        ({"response": (2e6, 1e6)}, "not above the high end"),
        ({"response": (0, 1e6)}, "above 0"),
        ({"response": (1e6,)}, "expected low..high"),
        ({"response": 3}, "expected low..high"),
        ({"response": "x"}, "expected low..high"),
        ({"response": "0.5x"}, "expected low..high"),
        ({"response": "1KB..many"}, 'is "many": expected a size'),
        ({"response": "0.5..2"}, "today's is 800 KB: expected .* factors"),
        ({"response": (1e6, float("inf"))}, "response"),
        ({"response": (float("nan"), 1e6)}, "response"),
        ({"runtime.memory": (127, 256)}, "expected 128 MB"),
        ({"response.p99": ("799 KB", "9 MB")}, "expected from its median of 800 KB"),
        ({"request.p99": "2x..4x", "response.p999": "2x"}, "response.p999"),
        ({"targets.latency_p95": "2x"}, "gives no targets.latency_p95"),
    ],
)
def test_ranges_that_cannot_be_are_one_line(w, ranges, message):
    for ask in (sensitivity, regret):
        with pytest.raises(ExplorerError, match=message) as caught:
            ask(w, ranges)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"samples": 99}, "samples is 99: expected 100 to 200,000"),
        ({"samples": 1e4}, "samples is 10000.0"),
        ({"seed": -1}, "seed is -1"),
        ({"risk": 1.01}, "risk is 1.01: expected a share from 0 to 1"),
        ({"risk": float("nan")}, "risk is nan"),
        ({"designs": ["door=nothing"]}, "door is"),
    ],
)
def test_other_numbers_that_cannot_be_are_one_line(w, stated, message):
    with pytest.raises(ExplorerError, match=message):
        regret(w, RANGES, **stated)


def test_samples_have_a_median_but_no_tail_to_stretch(w):
    sampled = w.replace({"response": {"samples": [1e5, 2e5, 9e6]}})
    with pytest.raises(ExplorerError, match="samples or has no tail: expected its median"):
        sensitivity(sampled, {"response.p99": "2x"})
    assert "response.p99" not in {stated.field for stated in ranges_of(sampled, None, MEASURED)}


@pytest.mark.parametrize("most", [14.0, 14.1])
def test_a_p99_goes_up_to_the_largest_value_and_no_further(w, most):
    capped = w.replace({"runtime.max": 14.05})
    if most < 14.05:
        assert ranges_of(capped, {"runtime.p99": (10.0, most)}, ())[0].high == most
    else:
        with pytest.raises(ExplorerError, match=r"to its largest value of 14\.1 s"):
            ranges_of(capped, {"runtime.p99": (10.0, most)}, ())


# Tails ---------------------------------------------------------------------------------------------

SPREAD = from_quantiles({0.1: 2.0, 0.5: 10.0, 0.9: 30.0, 0.99: 100.0}, 400.0)


def by_integral(spread, value):
    """E[(X - value)+] by many quantiles."""
    p = (np.arange(200_000) + 0.5) / 200_000
    return float(np.maximum(spread.quantile(p) - value, 0).mean())


@pytest.mark.parametrize("ratio", [2.0, 10.0, 25.0])
@pytest.mark.parametrize("spread", [SPREAD, constant(10.0)], ids=["quantiles", "one value"])
def test_a_stretched_distribution_agrees_with_its_own_quantiles(spread, ratio):
    other = stretch(spread, ratio)
    assert float(other.median) == pytest.approx(10) and float(other.quantile(0.99)) == pytest.approx(
        10 * ratio
    )
    for p in (0.51, 0.7, 0.95):
        assert float(other.exceed(other.quantile(p))) == pytest.approx(1 - p, abs=1e-9)
    assert float(other.quantile(0.3)) == pytest.approx(float(spread.quantile(0.3)))
    for value in (0.0, 8.0, 50.0):
        assert float(other.excess(value)) == pytest.approx(by_integral(other, value), rel=2e-3, abs=1e-6)
    assert float(other.expect(lambda x: x)) == pytest.approx(float(other.mean), rel=0.02)


def test_a_tail_as_it_is_changes_nothing_and_a_list_is_each_of_its_own():
    ratios = np.array([4.0, 10.0, 20.0])
    other = stretch(SPREAD, ratios)
    levels = np.array([[0.1], [0.5], [0.95]])
    for at, ratio in enumerate(ratios):
        alone = stretch(SPREAD, ratio)
        assert other.quantile(levels)[:, at] == pytest.approx(alone.quantile(levels)[:, 0])
        for measure in (lambda d: d.mean, lambda d: d.excess(20.0), lambda d: d.mean_ceil(3.0)):
            assert measure(other)[at] == pytest.approx(float(measure(alone)))
    same = stretch(SPREAD, 10.0)
    assert float(same.mean) == pytest.approx(float(SPREAD.mean), rel=1e-12)
    assert same.exceed(77.0) == pytest.approx(SPREAD.exceed(77.0), rel=1e-9)


def test_the_largest_value_stays():
    other = stretch(SPREAD, 30.0)
    assert float(other.quantile(0.99999)) == pytest.approx(400) and other.exceed(400.0 * (1 + 1e-9)) == 0
    assert other.exceed(399.0) > 0
    assert isinstance(SPREAD, Quantiles) and can_stretch(SPREAD) and not can_stretch(constant(0))


def test_one_value_gets_a_tail_that_the_answer_can_turn_on():
    w = Workload(requests_per_month=1e6, response="2 MB", runtime="1 s")
    s = sensitivity(w, {"response.p99": "2MB..40MB"})
    row = s.frame.iloc[0]
    assert not row.feasible and row.feasible_from == row.low


# Pictures ------------------------------------------------------------------------------------------


def texts(picture):
    return [text.get_text() for axes in picture.axes for text in axes.texts] + [
        t.get_text() for t in picture.texts
    ]


def test_the_tornado_holds_the_numbers(w, swings):
    picture = figures.tornado(swings)
    words, first = texts(picture), swings.swings[0]
    assert format_usd(first.usd_low) in " ".join(words) and "requests a month" in words
    bars = sorted(bar.get_width() for bar in picture.axes[0].patches[:2])
    assert bars == pytest.approx([first.usd_low - swings.monthly_usd, first.usd_high - swings.monthly_usd])
    assert swings.summary in picture.alt


def test_the_regrets_hold_the_shares(many):
    picture = figures.regrets(many)
    rows = [bar.get_width() for bar in picture.axes[0].patches[:4]]
    first = many.designs[0]
    assert rows == pytest.approx([first.best, first.dearer, first.late, first.breaks])
    assert format_usd(first.mean_regret_usd) in texts(picture) and many.summary in picture.alt


def test_a_workload_that_nothing_serves_is_told_and_drawn_as_such():
    w = Workload(
        requests_per_month=1e5,
        response="2 MB",
        runtime="5 h",
        name="$5 and $6^",
        client={"waits": "1 s", "polls": False},
    )
    s = sensitivity(w, {"response": "2x", "runtime": "3x"})
    assert "is not feasible, nor anywhere in a range" in s.summary and not s.frame.feasible.any()
    mended = sensitivity(w, {"runtime": ("100 ms", "5 h")})
    assert "it is somewhere in the range of median run time" in mended.summary
    assert figures.tornado(s).png() and figures.tornado(mended).png()


@pytest.mark.parametrize("draw", [figures.tornado, figures.regrets])
def test_what_is_drawn_stays_inside_and_is_the_same_again(draw, swings, many):
    subject = swings if draw is figures.tornado else many
    picture = draw(subject)
    assert picture.png() == draw(subject).png()
    width, height = picture.bbox.width, picture.bbox.height
    for text in [*picture.texts, *(t for axes in picture.axes for t in axes.texts)]:
        box = text.get_window_extent(picture.canvas.get_renderer())
        assert box.x0 >= -1 and box.x1 <= width + 1 and box.y0 >= -1 and box.y1 <= height + 1, text.get_text()


@pytest.mark.parametrize("name", ["request", "response", "runtime"])
def test_another_p99_gives_another_mean_by_hand(name):
    """Lognormal above the median m: E[X; X > m] = m exp(s^2 / 2) Phi(s); below, the old spread stays."""
    w = Workload(
        **{**FIELDS, "request": "1 KB", "response": "1 KB", "runtime": "1 s", name: {"p50": 1, "p99": 8}}
    )
    quantile, p99 = 2.3263478740408408, np.array([4.0, 8.0, 30.0])
    s0, s = np.log(8) / quantile, np.log(p99) / quantile
    lower = np.exp(s0**2 / 2) * ndtr(-s0)
    load = Scenarios(w, {f"{name}.p99": p99})
    assert load.spread(name).quantile(0.99) == pytest.approx(p99)
    assert load.spread(name).mean == pytest.approx(lower + np.exp(s**2 / 2) * ndtr(s))


def test_measuring_the_only_input_is_worth_as_much_as_measuring_everything(w):
    everything, alone = regret(w, {"runtime": "0.1x..10x"}, samples=1000).measurements
    assert (alone.saves_usd, alone.averts) == (everything.saves_usd, everything.averts)
    assert everything.changes > 0
