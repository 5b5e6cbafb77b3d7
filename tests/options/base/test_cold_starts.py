"""The share of cold starts against a plain simulation of environments, newest first."""

import heapq
import math

import numpy as np
import pytest

from explorer.options.base.cold_starts import cold_start_share, mean_environments


def simulated(rate: float, service_s: float, keep_s: float, arrivals: int = 60_000) -> tuple[float, float]:
    """Cold share and mean environments, by running every arrival: Poisson in, exponential service."""
    rng = np.random.default_rng(7)
    now, cold, alive_s = 0.0, 0, 0.0
    busy: list[tuple[float, int]] = []  # (departure, created)
    idle: dict[int, float] = {}  # created: idle since
    born: dict[int, float] = {}
    for number in range(arrivals):
        now += rng.exponential(1 / rate)
        while busy and busy[0][0] <= now:
            left, made = heapq.heappop(busy)
            idle[made] = left
        for made in [made for made, since in idle.items() if now - since > keep_s]:
            alive_s += idle.pop(made) + keep_s - born.pop(made)
        if idle:
            made = max(idle)  # the newest environment is used first
            del idle[made]
        else:
            cold, made = cold + 1, number
            born[made] = now
        heapq.heappush(busy, (now + rng.exponential(service_s), made))
    alive_s += sum(now - since for since in born.values())
    return cold / arrivals, alive_s / now


@pytest.mark.parametrize(
    ("rate", "service_s", "keep_s"),
    [(0.001, 0.2, 600), (0.01, 1, 600), (0.9, 2, 600), (0.05, 30, 600), (5, 2, 60), (20, 0.5, 600)],
)
def test_cold_starts_and_environments_against_a_simulation(rate, service_s, keep_s):
    cold, alive = simulated(rate, service_s, keep_s)
    assert cold_start_share(rate, service_s, keep_s) == pytest.approx(cold, rel=0.5, abs=2e-3)
    assert mean_environments(rate, service_s, keep_s) == pytest.approx(alive, rel=0.25)


@pytest.mark.parametrize("rate", [1e-5, 1e-4, 1e-3])
def test_a_lone_request_meets_a_warm_environment_if_the_last_came_lately(rate):
    # one at a time: cold if the gap since the last is over the time kept
    assert cold_start_share(rate, 0.001, 600) == pytest.approx(math.exp(-rate * 600), rel=1e-3)


def test_a_busy_endpoint_hardly_ever_starts_cold():
    assert cold_start_share(1000.0, 0.1, 600) < 1e-3


@pytest.mark.parametrize("service_s", [0.0, 1e-9, 0.1, 10.0, 900.0])
@pytest.mark.parametrize("rate", [1e-7, 0.01, 1.0, 1e3, 1e7])
def test_shares_are_shares_and_environments_cover_the_busy_ones(rate, service_s):
    assert 0 <= cold_start_share(rate, service_s, 600) <= 1
    assert mean_environments(rate, service_s, 600) >= rate * service_s * 0.99


def test_keeping_longer_never_means_more_cold_starts():
    shares = [cold_start_share(0.5, 2.0, keep) for keep in (1, 10, 60, 300, 600, 3600)]
    assert shares == sorted(shares, reverse=True)


def test_an_array_of_rates_gives_what_each_gives_alone():
    rates, services = np.array([[1e-4], [0.3], [50.0]]), np.array([[0.01, 2.0, 700.0]])
    both = cold_start_share(rates, services, 600)
    alive = mean_environments(rates, services, 600)
    for i, j in np.ndindex(3, 3):
        one = (float(rates[i, 0]), float(services[0, j]), 600)
        assert both[i, j] == pytest.approx(cold_start_share(*one), rel=1e-12)
        assert alive[i, j] == pytest.approx(mean_environments(*one), rel=1e-12)
