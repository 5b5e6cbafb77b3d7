"""Environments by running every request: against queueing theory, a plain simulation, and itself."""

import importlib.util
import json
import math
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from inspect import signature

import numpy as np
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.cli.commands.simulate import simulate as simulate_command
from explorer.cli.console import Commands
from explorer.engine.simulation import compiled, replication
from explorer.engine.simulation.arrivals import Bursts, Periodic
from explorer.engine.simulation.provisioned import provisioned_for
from explorer.engine.simulation.simulate import make_plan, simulate
from explorer.errors import ExplorerError
from explorer.options.base.cold_starts import cold_start_share
from explorer.workload.distribution import constant, from_quantiles

CASE = {
    "arrival_rps": 0.9,
    "warm_s": 1.991,
    "cold_s": 2.244,
    "keep_alive_s": 600,
    "duration_s": 1e5,
    "seed": 1,
}
HAS_NUMBA = importlib.util.find_spec("numba") is not None
numba_only = pytest.mark.skipif(not HAS_NUMBA, reason="Numba is not installed (the extra fast)")


# Against theory ----------------------------------------------------------------------------------


def test_a_run_has_what_the_contract_names():
    result = simulate(**CASE)
    assert result.requests == pytest.approx(90_000, rel=0.02)
    assert result.cold_start_probability == pytest.approx(0.00142, rel=0.3)  # SimFaaS: 0.0014
    assert result.mean_servers == pytest.approx(7.7, rel=0.05)  # SimFaaS: 7.7
    assert result.mean_running == pytest.approx(1.79, rel=0.02)  # SimFaaS: 1.79
    assert result.mean_idle == pytest.approx(result.mean_servers - result.mean_running)
    assert result.rejection_probability == 0


WITH_MEAN_2 = {
    "exponential": 2.0,
    "constant": constant(2.0),
    "quantiles": (wide := from_quantiles({0.5: 1.0, 0.99: 9.0})).with_median(2 / wide.mean),
    "samples": [0.5, 0.5, 5.0],
}


@pytest.mark.parametrize("service", WITH_MEAN_2.values(), ids=WITH_MEAN_2)
def test_rate_times_service_run_on_average_whatever_the_distribution(service):
    # M/G/inf
    result = simulate(5.0, service, keep_alive_s=60, duration_s=3e4)
    assert result.mean_running == pytest.approx(10.0, rel=0.02)


def erlang_b(load: float, servers: int) -> float:
    lost = 1.0
    for k in range(1, servers + 1):
        lost = load * lost / (k + load * lost)
    return lost


@pytest.mark.parametrize("shape", ["exponential", "constant"])
@pytest.mark.parametrize(("load", "servers"), [(0.5, 1), (3.0, 5), (16.0, 20), (180.0, 190)])
def test_what_is_refused_is_erlangs_loss(load, servers, shape):
    # M/M/m/m, and M/D/m/m: the loss does not depend on the distribution
    result = simulate(load, 1.0, duration_s=60_000 / load, max_concurrency=servers, shape=shape)
    assert result.rejection_probability == pytest.approx(erlang_b(load, servers), rel=0.1)
    assert result.mean_running == pytest.approx(load * (1 - erlang_b(load, servers)), rel=0.03)


@pytest.mark.parametrize(("load", "servers"), [(0.5, 1), (4.0, 5), (16.0, 20)])
def test_what_waits_waits_as_long_as_erlang_has_it(load, servers):
    result = simulate(load, 1.0, duration_s=100_000 / load, max_concurrency=servers, queue=True)
    lost = erlang_b(load, servers)
    waits = lost / (1 - load / servers * (1 - lost))
    assert result.mean_wait_s == pytest.approx(waits / (servers - load), rel=0.15)
    assert result.rejection_probability == 0


@pytest.mark.parametrize("rate", [1e-4, 1e-3, 4e-3])
def test_a_lone_request_is_cold_if_the_last_was_long_ago(rate):
    result = simulate(rate, 0.001, keep_alive_s=600, duration_s=5e4 / rate)
    assert result.cold_start_probability == pytest.approx(math.exp(-rate * 600), rel=0.03)


@pytest.mark.parametrize(("rate", "warm_s", "keep_s"), [(0.01, 1, 600), (0.9, 2, 600), (5, 2, 60)])
def test_the_approximation_that_costs_use_is_near(rate, warm_s, keep_s):
    result = simulate(rate, warm_s, keep_alive_s=keep_s, duration_s=1e5 / rate)
    assert cold_start_share(rate, warm_s, keep_s) == pytest.approx(result.cold_start_probability, rel=0.5)


def test_failed_attempts_are_made_again():
    result = simulate(1.0, 0.1, duration_s=1e5, failure_probability=0.3, retries=2, retry_wait_s=60)
    assert result.failure_probability == pytest.approx(0.3**3, rel=0.1)
    assert result.invocations / result.requests == pytest.approx(1 + 0.3 + 0.09, rel=0.01)


def test_a_chain_makes_its_invocations_one_after_another():
    result = simulate(1.0, 0.5, duration_s=3e4, chain=4)
    assert result.invocations == pytest.approx(4 * result.requests, rel=0.001)
    assert result.mean_running == pytest.approx(4 * 0.5, rel=0.05)


# Against a plain simulation ----------------------------------------------------------------------


def by_hand(times, warm_s, cold_s, keep_s, end_s, most=math.inf):
    """Cold starts, refusals, running and idle seconds: a list of environments, newest last."""
    departures, cold, refused, running, idle = [], 0, 0, 0.0, 0.0
    for t in times:
        for past in [departure for departure in departures if departure + keep_s <= t]:
            departures.remove(past)
            idle += keep_s
        if sum(departure > t for departure in departures) >= most:
            refused += 1
            continue
        free = [slot for slot, departure in enumerate(departures) if departure <= t]
        if free:
            idle += t - departures[free[-1]]
            departures[free[-1]] = t + warm_s
        else:
            cold += 1
            departures.append(t + cold_s)
        running += min(warm_s if free else cold_s, end_s - t)
    idle += sum(min(max(end_s - departure, 0), keep_s) for departure in departures)
    return cold, refused, running, idle


WHEN = st.lists(st.integers(0, 60), min_size=1, max_size=60).map(sorted)
LENGTH = st.integers(1, 20)


@given(WHEN, LENGTH, LENGTH, st.integers(0, 30), st.integers(1, 6) | st.none())
def test_it_is_the_plain_simulation(when, warm_s, cold_s, keep_s, most):
    result = simulate(arrivals=when, warm_s=constant(warm_s), cold_s=constant(cold_s), keep_alive_s=keep_s,
                     duration_s=100, max_concurrency=most)  # fmt: skip
    cold, refused, running, idle = by_hand(when, warm_s, cold_s, keep_s, 100, most or math.inf)
    assert (result.cold_starts, result.rejection_probability) == (cold, refused / len(when))
    assert result.mean_running == pytest.approx(running / 100)
    assert result.mean_idle == pytest.approx(idle / 100)


@pytest.mark.parametrize("most", [None, 300, 1000])
def test_so_it_is_with_hundreds_of_environments(most):
    # above 128 they stand in a tree; waves make them expire and come again
    rng = np.random.default_rng(4)
    times = np.sort(np.concatenate([wave * 50 + rng.random(700) * 9 for wave in range(6)]))
    result = simulate(arrivals=times, warm_s=5, cold_s=7, keep_alive_s=20, duration_s=400, shape="constant",
                     max_concurrency=most)  # fmt: skip
    cold, refused, running, idle = by_hand(times, 5, 7, 20, 400, most or math.inf)
    assert (result.cold_starts, result.requests) == (cold, times.size)
    assert result.rejection_probability == refused / times.size
    assert result.mean_running == pytest.approx(running / 400)
    assert result.mean_idle == pytest.approx(idle / 400)


# Pairs at the edge -------------------------------------------------------------------------------

AT_ONCE = {"warm_s": 10, "shape": "constant", "duration_s": 10_000}


@pytest.mark.parametrize(
    ("limit", "at", "over"),
    [
        ({"max_concurrency": 3}, [0] * 3, [0] * 4),
        ({"max_concurrency": 0}, None, [0]),
        ({"max_concurrency": 1}, [0, 10], [0, 9.999]),  # the departure makes room
        ({"max_concurrency": 300, "provisioned": 200}, [0] * 300, [0] * 301),
        ({"start_limit": 3}, [0] * 3, [0] * 4),
        ({"start_limit": 3, "provisioned": 2}, [0] * 5, [0] * 6),
        ({"start_limit": 1, "start_limit_s": 4}, [0, 4], [0, 3.999]),  # a token has come back
        ({"max_concurrency": 1, "queue": True, "max_age_s": 10}, [0, 0], [0, 0, 0]),
        ({"max_concurrency": 1, "retries": 0}, [0], [0, 0]),
    ],
)
def test_the_last_that_is_served_and_the_first_that_is_not(limit, at, over):
    if at:
        assert simulate(arrivals=at, **AT_ONCE, **limit).rejection_probability == 0
    assert simulate(arrivals=over, **AT_ONCE, **limit).rejection_probability == pytest.approx(1 / len(over))


@pytest.mark.parametrize(("second", "cold"), [(9.99, 2), (10, 1), (609.99, 1), (610, 2)])
def test_an_environment_is_idle_from_the_departure_to_its_end(second, cold):
    assert simulate(arrivals=[0, second], **AT_ONCE, keep_alive_s=600).cold_starts == cold


@pytest.mark.parametrize(("provisioned", "cold"), [(3, 0), (2, 1), (0, 3), (200, 0)])
def test_what_is_provisioned_never_starts_cold(provisioned, cold):
    result = simulate(arrivals=[5000] * 3, **AT_ONCE, provisioned=provisioned)
    assert result.cold_starts == cold
    assert result.mean_servers == pytest.approx(provisioned + (3 - provisioned) * 0.061 * (provisioned < 3))


def test_a_client_that_is_refused_tries_again():
    refused = simulate(arrivals=[0, 0], **AT_ONCE, max_concurrency=1, retries=2, retry_wait_s=1)
    served = simulate(arrivals=[0, 0], **AT_ONCE, max_concurrency=1, retries=9, retry_wait_s=1)
    assert (refused.rejection_probability, served.rejection_probability) == (0.5, 0)
    assert refused.throttle_probability == 3 / 4


def test_a_start_limit_delays_what_may_wait():
    result = simulate(arrivals=[0] * 4, **AT_ONCE, start_limit=1, start_limit_s=2, queue=True)
    assert (result.longest_wait_s, result.cold_starts) == (pytest.approx(6), 4)


def test_what_still_waits_at_the_end_is_neither_served_nor_refused():
    result = simulate(
        arrivals=[0] * 3, warm_s=10, shape="constant", duration_s=15, max_concurrency=1, queue=True
    )
    assert (result.unended, result.invocations, result.rejection_probability) == (1, 2, 0)


# The same numbers --------------------------------------------------------------------------------

KINDS = {
    "plain": {},
    "loss": {"max_concurrency": 15},
    "provisioned": {"provisioned": 12},
    "start limit": {"start_limit": 20, "start_limit_s": 60},
    "tree": {"arrival_rps": 200.0, "duration_s": 60, "max_concurrency": 420},
    "queue": {"max_concurrency": 21, "queue": True, "max_age_s": 3},
    "retries": {"max_concurrency": 18, "retries": 3},
    "failures": {"failure_probability": 0.1, "retries": 2, "retry_wait_s": 60, "start_limit": 1000},
    "chain": {"chain": 3, "warm_s": 0.6},
    "bursts": {"arrivals": Bursts(20, 10, 100), "max_concurrency": 30},
}


OPTIONS = {  # of `simulate`, as they are by default
    name: parameter.default
    for name, parameter in signature(simulate).parameters.items()
    if name in signature(make_plan).parameters
}


def counted(is_compiled: bool = False, **options):
    load = (
        OPTIONS
        | {
            "arrival_rps": 10.0,
            "warm_s": 2.0,
            "cold_s": 2.5,
            "keep_alive_s": 100,
            "duration_s": 1000,
        }
        | options
    )
    return replication.run(make_plan(**load), np.random.SeedSequence(5), is_compiled)


@numba_only
@pytest.mark.parametrize("kind", KINDS)
def test_compiled_code_gives_the_bits_of_plain_python(kind):
    assert counted(True, **KINDS[kind]) == counted(False, **KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_of_a_block_changes_nothing(kind, monkeypatch):
    whole = counted(**KINDS[kind])
    monkeypatch.setattr(replication, "BLOCK", 501)
    assert counted(**KINDS[kind]) == whole


def test_a_seed_gives_the_same_numbers_and_another_seed_others():
    load = CASE | {"duration_s": 1e4}
    assert simulate(**load) == simulate(**load)
    assert simulate(**load | {"seed": 2}).mean_running != simulate(**load).mean_running


def test_numba_is_loaded_when_it_pays(monkeypatch):
    monkeypatch.setattr(compiled, "_plain_requests", [0.0])
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    assert not compiled.is_worth_compiling(compiled.WORTH_COMPILING - 1)
    assert compiled.is_worth_compiling(1) == HAS_NUMBA
    monkeypatch.setitem(sys.modules, "numba", None)
    assert not compiled.is_worth_compiling(1e9)


def test_the_general_kernel_agrees_with_the_plain_one():
    # a retry that never comes sends the same load through the other kernel
    plain, full = counted(max_concurrency=99), counted(max_concurrency=99, retries=1)
    assert plain == pytest.approx(full)


def test_memory_does_not_grow_with_the_requests():
    def most(duration_s: float) -> int:
        tracemalloc.start()
        simulate(10.0, 0.5, duration_s=duration_s)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    most(1e3)
    assert most(2e4) < 1.1 * most(2e3)


# Arrivals ----------------------------------------------------------------------------------------


def test_a_period_has_its_quiet_hours():
    result = [
        simulate(1.0, 0.01, arrivals=Periodic([0, 3, 1, 0], 400), duration_s=end) for end in (100, 300, 400)
    ]
    quiet, busy, all_day = (one.requests for one in result)
    assert (quiet, busy) == (0, all_day)
    assert simulate(
        1.0, 0.01, arrivals=Periodic([0, 3, 1, 0], 400), duration_s=4e4
    ).requests == pytest.approx(4e4, rel=0.02)


@pytest.mark.parametrize("pattern", ["day", "week", Bursts(30, 60, 600), Periodic([1, 2], 60)])
def test_a_pattern_keeps_the_mean_rate_and_is_colder_than_none(pattern):
    result = simulate(0.1, 20, arrivals=pattern, duration_s=604_800)
    assert result.requests == pytest.approx(60_480, rel=0.1)
    even = simulate(0.1, 20, duration_s=604_800)
    assert result.cold_start_probability > 0.95 * even.cold_start_probability


def test_recorded_arrivals_end_with_the_last():
    assert simulate(arrivals=np.arange(20_000.0), warm_s=0.5).requests == 20_000
    assert simulate(arrivals=[0.0], warm_s=0.5).requests == 1
    assert simulate(arrivals=[0, 1, 2], warm_s=0.5, duration_s=2).requests == 2


# Replications ------------------------------------------------------------------------------------


def test_an_interval_holds_the_truth_and_narrows():
    few = simulate(3.0, 1.0, duration_s=2000, max_concurrency=5, replications=5)
    many = simulate(3.0, 1.0, duration_s=2000, max_concurrency=5, replications=30, confidence=0.99)
    least, most = many.intervals["rejection_probability"]
    assert least < erlang_b(3.0, 5) < most
    assert most - least < np.diff(few.intervals["rejection_probability"])[0]


def test_replications_are_independent_and_may_run_anywhere():
    with ThreadPoolExecutor(2) as threads:
        there = simulate(**CASE | {"duration_s": 3000}, replications=4, executor=threads)
    here = simulate(**CASE | {"duration_s": 3000}, replications=4)
    assert here == there and np.diff(here.intervals["mean_running"])[0] > 0


# Properties --------------------------------------------------------------------------------------


@given(WHEN, LENGTH, st.sampled_from(["constant", "exponential"]))
def test_keeping_longer_never_starts_more_on_the_same_arrivals(when, warm_s, shape):
    colds = [simulate(arrivals=when, warm_s=warm_s, shape=shape, keep_alive_s=keep).cold_starts
             for keep in (0, 1, 3, 10, 30, math.inf)]  # fmt: skip
    assert colds == sorted(colds, reverse=True)


@settings(max_examples=60)
@given(
    rate=st.floats(1e-3, 50),
    warm_s=st.floats(0, 20),
    options=st.fixed_dictionaries(
        {},
        optional={
            "max_concurrency": st.integers(5, 200),
            "provisioned": st.integers(0, 5),
            "start_limit": st.floats(1, 20),
            "queue": st.booleans(),
            "max_age_s": st.floats(0, 100),
            "failure_probability": st.floats(0, 1),
            "retries": st.integers(0, 3),
            "chain": st.integers(1, 4),
        },
    ),
)
def test_shares_are_shares_and_all_that_exist_run_or_are_idle(rate, warm_s, options):
    result = simulate(rate, warm_s, duration_s=300 / rate, keep_alive_s=60, **options)
    shares = [value for name, value in result.to_dict().items() if name.endswith("probability")]
    assert len(shares) == 4 and all(0 <= share <= 1 for share in shares)
    assert result.mean_servers == result.mean_running + result.mean_idle
    assert min(result.mean_running, result.mean_idle) >= 0
    assert result.mean_running <= options.get("max_concurrency", math.inf) * (1 + 1e-9)
    assert result.mean_servers >= options.get("provisioned", 0) * (1 - 1e-9)


# Provisioned concurrency -------------------------------------------------------------------------

USD = {"provisioned_usd_s": 4.2e-6, "running_usd_s": 9.7e-6, "on_demand_usd_s": 16.7e-6}


@pytest.mark.parametrize("target", [0.0, 0.005, 1.0])
def test_provisioned_is_the_cheapest_that_meets_the_target(target):
    load = {"arrival_rps": 1.0, "warm_s": 2, "cold_s": 3, "keep_alive_s": 30, "duration_s": 3000}
    best = provisioned_for(target, **USD, **load)
    assert best.cold_start_probability <= target

    def usd(count: int) -> float:
        result = simulate(**load, provisioned=count)
        inside = result.mean_provisioned_running
        enough = result.cold_start_probability <= target
        cost = count * 4.2e-6 + inside * 9.7e-6 + (result.mean_running - inside) * 16.7e-6
        return cost if enough else math.inf

    assert best.usd_per_s == min(usd(count) for count in range(15))


# Mistakes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"arrival_rps": 0}, "arrival_rps is 0: expected a number above 0"),
        ({"arrival_rps": math.nan}, "arrival_rps is nan"),
        ({"arrival_rps": math.inf}, "arrival_rps is inf"),
        ({"arrival_rps": None}, "arrival_rps is missing"),
        ({"arrival_rps": True}, "arrival_rps is true"),
        ({"arrival_rps": 1e9}, "arrival_rps x duration_s is 1e+14: expected at most 1e+12"),
        (
            {"arrival_rps": 1e6, "warm_s": 900},
            "arrival_rps x warm_s or cold_s is 9e+08: expected at most 1e+07",
        ),
        ({"warm_s": -1}, "warm_s is -1: expected a time"),
        ({"warm_s": None}, "warm_s is missing"),
        ({"warm_s": []}, "warm_s has no samples"),
        ({"warm_s": [1, -1]}, "warm_s has the sample -1"),
        ({"warm_s": {}}, "warm_s is {}"),
        ({"cold_s": "9 MB"}, 'cold_s is "9 MB": expected a time'),
        (
            {"cold_s": constant(1.0).__class__(np.ones(1), scale=np.ones(2))},
            "cold_s is a distribution of many",
        ),
        ({"keep_alive_s": -1}, "keep_alive_s is -1"),
        ({"keep_alive_s": np.array([1.0, 2.0])}, "keep_alive_s is array([1., 2.]): expected a time"),
        ({"duration_s": np.array(5.0)}, "duration_s is array(5.): expected a time"),
        ({"duration_s": 0}, "duration_s is 0: expected more than 0"),
        ({"duration_s": math.inf}, "duration_s is inf"),
        ({"seed": -1}, "seed is -1: expected a whole number of at least 0"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"replications": 0}, "replications is 0"),
        ({"confidence": 1}, "confidence is 1"),
        ({"executor": 1}, "executor is 1"),
        ({"shape": "normal"}, 'shape is "normal": expected one of exponential, constant'),
        ({"arrivals": "monthly"}, 'arrivals is "monthly": expected one of poisson, day, week'),
        ({"arrivals": [1, 2]}, "arrival_rps is 0.9: recorded arrivals have their own rate"),
        ({"arrivals": [2, 1], "arrival_rps": None}, "arrivals fall"),
        ({"arrivals": [math.nan], "arrival_rps": None}, "arrivals has nan"),
        ({"arrivals": [[1]], "arrival_rps": None}, "arrivals has the shape (1, 1)"),
        ({"max_concurrency": -1}, "max_concurrency is -1"),
        ({"max_concurrency": 2.5}, "max_concurrency is 2.5"),
        ({"provisioned": 4, "max_concurrency": 3}, "provisioned is 4: expected at most max_concurrency = 3"),
        ({"start_limit": 0.5}, "start_limit is 0.5"),
        ({"start_limit_s": 0}, "start_limit_s is 0"),
        ({"queue": "yes"}, 'queue is "yes"'),
        ({"max_age_s": -1}, "max_age_s is -1"),
        ({"failure_probability": 1.1}, "failure_probability is 1.1"),
        ({"retries": 51}, "retries is 51: expected a whole number from 0 to 50"),
        ({"chain": 0}, "chain is 0"),
    ],
)
def test_a_mistake_is_named_in_one_line(options, says):
    with pytest.raises(ExplorerError) as error:
        simulate(**CASE | options)
    assert str(error.value).startswith(says) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: Periodic([]), "weights of Periodic has the shape (0,)"),
        (lambda: Periodic([0, 0]), "weights of Periodic are all 0"),
        (lambda: Periodic([1], 0), "period_s of Periodic is 0"),
        (lambda: Bursts(0, 1, 1), "factor of Bursts is 0"),
        (lambda: provisioned_for(2, **USD, **CASE), "target is 2"),
        (lambda: provisioned_for(0.1, **USD, **CASE, provisioned=1), "provisioned is given"),
        (lambda: provisioned_for(0.1, **USD | {"running_usd_s": -1}, **CASE), "running_usd_s is -1"),
    ],
)
def test_so_is_one_in_a_pattern_or_a_target(wrong, says):
    with pytest.raises(ExplorerError) as error:
        wrong()
    assert str(error.value).startswith(says)


# The command -------------------------------------------------------------------------------------


def command(capsys, *words):
    app = typer.Typer(cls=Commands)
    app.callback()(lambda: None)
    app.command("simulate")(simulate_command)
    with pytest.raises(SystemExit) as ended:
        app(["simulate", *words])
    return ended.value.code, capsys.readouterr()


def test_the_command_prints_the_same_fields(capsys):
    words = (
        "--arrival-rps 0.9 --warm-s 1.991 --cold-s 2.244 --keep-alive-s 600 --duration-s 1e4 --seed 1 --json"
    )
    code, output = command(capsys, *words.split())
    assert code == 0 and json.loads(output.out) == simulate(**CASE | {"duration_s": 1e4}).to_dict()


def test_the_command_takes_quantiles(capsys):
    words = "--arrival-rps 2 --warm-s p50=1s,p99=9s,max=20s --cold-s p50=2s --duration-s 1e4 --seed 3 --json"
    code, output = command(capsys, *words.split())
    warm, cold = from_quantiles({0.5: 1, 0.99: 9}, 20), constant(2.0)
    assert code == 0 and json.loads(output.out) == simulate(2, warm, cold, duration_s=1e4, seed=3).to_dict()


def test_the_command_reads_recorded_times_and_shows_intervals(capsys, tmp_path):
    (tmp_path / "times.txt").write_text("0\n1\n\n2\n")
    code, output = command(
        capsys, "--warm-s", "500 ms", "--arrivals", str(tmp_path / "times.txt"), "--replications", "3"
    )
    assert code == 0 and "95 % interval" in output.out and "requests" in output.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--arrival-rps 0 --warm-s 1", "arrival_rps is 0.0"),
        ("--warm-s 1", "arrival_rps is missing"),
        ("--arrival-rps 1", "Missing option '--warm-s'"),
        ("--arrival-rps 1 --warm-s p50=1s,9s", 'warm_s is "p50=1s,9s": expected quantiles'),
        ("--arrival-rps 1 --warm-s p50=2s,p50=1s", 'warm_s is "p50=2s,p50=1s": expected quantiles'),
        ("--arrival-rps 1 --warm-s p50=9s,p99=1s", "warm_s p99 is 1: expected at least p50 = 9"),
        ("--arrival-rps 1 --warm-s p0=1s,p99=1s", 'warm_s is "p0=1s,p99=1s": expected quantiles'),
        ("--warm-s 1 --arrivals no.txt", "no.txt: no such file"),
        ("--warm-s 1 --arrivals pyproject.toml", "pyproject.toml line 1: is"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(capsys, words, says):
    code, output = command(capsys, *words.split())
    assert code == 2 and says in output.err and output.err.count("\n") == 1 and not output.out


def test_a_file_that_is_no_text_is_one_line_and_exit_2(capsys, tmp_path):
    file = tmp_path / "times.bin"
    file.write_bytes(b"\xff\xfe\x00\x80")
    code, output = command(capsys, "--warm-s", "1", "--arrivals", str(file))
    assert (code, output.out) == (2, "")
    assert output.err.strip().endswith(
        f"{file}: is not UTF-8, it is UTF-16; expected one time [s] a line, saved as UTF-8"
    )
