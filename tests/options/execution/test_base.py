"""Long work cut into invocations: how many there are on average, and the bill that follows."""

import math
from statistics import NormalDist

import pytest

import explorer as ex
from explorer.workload.workload import Workload

# An invocation takes on 1,800 s less a margin of 60 s: 1,740 s, in whole steps. With about a million steps
# a step is far shorter than that, and work of x seconds takes x / 1,740 invocations, rounded up. The
# number of steps is a multiple of 31 and of 32, so that so many invocations share them evenly.
BUDGET_S, FINE = 1740.0, 31 * 32 * 1000
N = 1000  # requests a month


def stored(execution: str) -> str:
    return f"door=http-api, request=inline, response=stored, execution={execution}, configuration=bundled"


def quantities(execution: str, steps: int = FINE, **runtime) -> dict[str, float]:
    """What is billed a month, by price id."""
    runtime = {"divisible": True, "steps": steps, **runtime}
    w = Workload(requests_per_month=N, response="1 KB", runtime=runtime)
    return {line.id: float(line.quantity) for line in ex.cost(w, stored(execution)).lines}


def slices(**runtime) -> float:
    """The mean number of invocations: a workflow has two transitions for each, and two more."""
    return (quantities("step-functions", **runtime)["states.standard_transition"] / N - 2) / 2


@pytest.mark.parametrize(
    ("seconds", "invocations"),
    [
        (1739, 1),
        (1740, 1),
        (1741, 2),
        (53_940, 31),  # 31 x 1,740 s
        (53_941, 32),
        (55_680, 32),  # 32 x 1,740 s: the last that is counted
        # Beyond, the count is the straight line through the middle of its treads: half a slice over
        # 32 where the 33rd begins, right at its middle, half over where it ends
        (55_681, 32.5 + 1 / 1740),
        (56_550, 33),
        (57_420, 33.5),
        (1_740_000 - 870, 1000),
    ],
)
def test_one_run_time_takes_as_many_invocations_as_its_budgets(seconds, invocations):
    assert slices(p50=seconds) == pytest.approx(invocations, rel=1e-5)


@pytest.mark.parametrize(
    ("steps", "invocations"),
    [
        # 55,680 s in 384 steps of 145 s: twelve fill the 1,740 s
        (384, 32),
        # in 64 steps of 870 s: two fill them
        (64, 32),
        (32, 32),  # one of 1,740 s each
    ],
)
def test_steps_that_fill_the_budget_lose_nothing(steps, invocations):
    assert slices(p50=55_680, steps=steps) == pytest.approx(invocations, rel=1e-9)


def test_steps_that_do_not_fill_the_budget_take_more_invocations():
    # 30 steps of 1,000 s: one an invocation, though 30,000 s are only 17.2 budgets
    assert slices(p50=30_000, steps=30) == pytest.approx(30, rel=1e-9)
    # 30 steps of 580 s are three an invocation
    assert slices(p50=17_400, steps=30) == pytest.approx(10, rel=1e-9)
    assert slices(p50=17_401, steps=30) == pytest.approx(15, rel=1e-9)


def test_more_than_32_invocations_are_of_whole_steps_as_well():
    # 100 steps of 600 s: two fit into 1,740 s, which makes 50, where 60,000 s are 34.5 budgets
    assert slices(p50=60_000, steps=100) == pytest.approx(50, rel=1e-9)
    # one of 900 s fits, and one of 426 s four times: 100 / 4
    assert slices(p50=90_000, steps=100) == pytest.approx(100, rel=1e-9)
    assert slices(p50=42_600, steps=100) == pytest.approx(25, rel=1e-9)
    # 6,400 steps of 10 s: 174 fit, which makes 36.8, so 37; a straight line counts them to half a slice
    assert slices(p50=64_000, steps=6400) == pytest.approx(37, abs=0.5)


def by_tails(p50: float, p99: float) -> float:
    """The mean of x / 1,740, rounded up, for the lognormal through these quantiles [s].

    It is the sum over k = 0, 1, 2 ... of P(X > 1,740 k), where ln X is normal of the mean ln p50 and of
    the deviation ln(p99 / p50) / 2.3263, and P(Z > z) = erfc(z / sqrt 2) / 2.
    """
    sigma = math.log(p99 / p50) / 2.3263478740408408
    tails = (math.erfc(math.log(BUDGET_S * k / p50) / sigma / math.sqrt(2)) / 2 for k in range(1, 200_000))
    return 1 + math.fsum(tails)


@pytest.mark.parametrize(
    ("p50", "p99"),
    [
        (4_000, 18_000),  # one in 40,000 takes more than 32: all is counted
        (18_600, 53_700),  # one in 120 does
        (55_680, 124_000),  # half of them do
        (83_000, 207_000),  # nearly all do
        (10_000, 207_000),  # a long tail: one in ten does
    ],
)
def test_the_mean_of_a_spread_is_the_sum_of_its_tails(p50, p99):
    # the line that replaces the treads is off by what a density of that width varies within 1,740 s
    assert slices(p50=p50, p99=p99) == pytest.approx(by_tails(p50, p99), rel=3e-4)


def test_the_sum_of_tails_is_the_mean_of_what_is_counted():
    """The sum above against counting at evenly spaced quantiles: neither uses what it checks."""
    spread = NormalDist(math.log(40_000), math.log(2.5) / 2.3263478740408408)
    count = 20_000
    counted = [math.ceil(math.exp(spread.inv_cdf((i + 0.5) / count)) / 1740) for i in range(count)]
    assert by_tails(40_000, 100_000) == pytest.approx(sum(counted) / count, rel=2e-4)


@pytest.mark.parametrize(
    ("seconds", "invocations"),
    [(55_680, 32), (56_550, 33), (174_870, 101)],  # 100.5 x 1,740 s
)
def test_the_bill_of_a_job_that_invokes_itself(seconds, invocations):
    """1,000 jobs of 56,550 s: 33 invocations each, 32 hand-overs."""
    got = quantities("recursion", p50=seconds)
    polls = got["dynamodb.ondemand_rru"]  # one read a poll, each by an invocation of the small function
    assert got["lambda.request_arm"] - polls == pytest.approx(N * (invocations + 1), rel=1e-5)
    # three writes a job: submitted, running, ended; and one for each hand-over
    assert got["dynamodb.ondemand_wru"] == pytest.approx(N * (3 + invocations - 1), rel=1e-5)


def test_the_money_of_a_workflow_on_both_sides_of_32_slices():
    # us-east-1: 25 USD a million transitions; 1,000 jobs of 2 + 2 x 32 = 66 cost 1.65 USD,
    # of 2 + 2 x 33 = 68 cost 1.70 USD
    for seconds, usd in ((55_680, 1.65), (56_550, 1.70)):
        runtime = {"p50": seconds, "divisible": True, "steps": FINE}
        w = Workload(requests_per_month=N, response="1 KB", runtime=runtime)
        (line,) = [
            x for x in ex.cost(w, stored("step-functions")).lines if x.id == "states.standard_transition"
        ]
        assert float(line.usd) == pytest.approx(usd, rel=1e-5)


def test_state_that_does_not_fit_into_a_hand_over_moves_once_a_hand_over():
    # 1 MB and a byte is more than an asynchronous event carries: a PUT and a GET for each of 99 hand-overs
    small = quantities("recursion", p50=173_130, state="1 KB")  # 99.5 x 1,740 s
    large = quantities("recursion", p50=173_130, state=1_048_577)
    for price in ("s3.standard_tier1_request", "s3.standard_tier2_request"):
        assert large[price] - small[price] == pytest.approx(N * 99, rel=1e-5)
