"""The share of cold starts against a plain simulation, and what requests at p50, p95 and p99 see of it."""

import heapq
import math

import numpy as np
import pytest
from scipy.stats import gamma, poisson

import explorer as ex
from explorer.options.base.cold_starts import cold_start_share, fewest_servers, mean_environments
from explorer.options.base.conditions import Conditions
from explorer.workload.workload import Workload
from tests.support.designs import plain


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
            end_s, environment = heapq.heappop(busy)
            idle[environment] = end_s
        for environment in [environment for environment, since in idle.items() if now - since > keep_s]:
            alive_s += idle.pop(environment) + keep_s - born.pop(environment)
        if idle:
            environment = max(idle)  # the newest environment is used first
            del idle[environment]
        else:
            cold, environment = cold + 1, number
            born[environment] = now
        heapq.heappush(busy, (now + rng.exponential(service_s), environment))
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


# What a request sees ------------------------------------------------------------------------------
#
# Two rows of data/cold_starts.csv, zip without SnapStart, in milliseconds:
#
#   language    architecture  memory   p50    p90    p95    p99
#   python3.13  arm64         1024     80.45  86.34  93.98  113.46
#   python3.13  arm64          512     79.94  86.74  91.43  100.03
#
# 1,769 MB, the default, were not measured: the row with the most memory up to it is that of 1,024 MB.
#
# A month has 730 h = 2,628,000 s, and an environment is kept for 600 s. Requests that take no time
# never overlap, so one is cold if nothing came in the 600 s before it: with n requests a month the
# share of cold ones is c = exp(-600 n / 2,628,000) = exp(-n / 4380), and a share c needs n = 4380 ln(1/c).
#
# Cold requests are the slowest, so they are the last c of all. The request at the level p (0.95, 0.99)
# is one of them if 1 - p < c. Then a share (1 - p) / c of the cold ones is slower than it: it stands at
# the quantile 1 - (1 - p) / c of the cold start.

FURL = plain("function-url", "inline", "buffered", "single", "bundled")
LEVELS = ["p50", "p95", "p99"]


def cold_start_ms(requests_per_month: float, **runtime) -> list[float]:
    """What a cold start adds to the requests at the p50, p95 and p99 [ms]; nothing where none is cold."""
    w = Workload(requests_per_month=requests_per_month, response="1 KB", runtime={"p50": 1e-6, **runtime})
    frame = ex.latency(w, FURL)
    seconds = frame.loc["start an environment", LEVELS]
    return [1000 * float(each) for each in seconds]


@pytest.mark.parametrize(
    ("share", "expected_ms"),
    [
        # All are cold with one request a month, but for 0.02 %: each level stands at its own quantile
        (1.0, [80.45, 93.98, 113.46]),
        # With just under a half the median is warm.
        # 1 - 0.05 / 0.5 = 0.90 is the row's p90; 1 - 0.01 / 0.5 = 0.98 lies between p95 and p99, at
        # (2.05375 - 1.64485) / (2.32635 - 1.64485) = 0.6000 of the way in the logarithm:
        # 93.98 x (113.46 / 93.98) ** 0.6 = 105.23
        (0.4999, [0.0, 86.34, 105.23]),
        # 1 - 0.05 / 0.2 = 0.75: 0.67449 / 1.28155 = 0.5263 of the way from p50 to p90:
        # 80.45 x (86.34 / 80.45) ** 0.5263 = 83.50; 1 - 0.01 / 0.2 = 0.95 is the row's p95
        (0.2, [0.0, 83.50, 93.98]),
        # 1 - 0.05 / 0.1 = 0.5 is the row's p50; 1 - 0.01 / 0.1 = 0.9 its p90
        (0.1, [0.0, 80.45, 86.34]),
        # Below 5 % the p95 is warm; 1 - 0.01 / 0.02 = 0.5
        (0.02, [0.0, 0.0, 80.45]),
        # Below 1 % the p99 is warm, too
        (0.009, [0.0, 0.0, 0.0]),
    ],
)
def test_a_level_sees_the_quantile_of_the_cold_start_that_it_has_among_the_cold_ones(share, expected_ms):
    requests = 4380 * math.log(1 / share) if share < 1 else 1
    assert cold_start_ms(requests) == pytest.approx(expected_ms, rel=2e-4)


@pytest.mark.parametrize(
    ("requests", "level", "is_cold"),
    [
        (13_121, "p95", True),  # 4380 ln 20 = 13,121.3: one request more a month, and c is below 5 %
        (13_122, "p95", False),
        (20_170, "p99", True),  # 4380 ln 100 = 20,170.6: likewise 1 %
        (20_171, "p99", False),
    ],
)
def test_a_level_is_cold_just_above_its_share_and_warm_just_below(requests, level, is_cold):
    cold_ms = dict(zip(LEVELS, cold_start_ms(requests), strict=True))
    # at the edge it is the least of the cold starts, taken as the p0.1: -3.0902 / 1.28155 = -2.4113
    # of the way from p50 to p90: 80.45 x (86.34 / 80.45) ** -2.4113 = 67.85
    assert cold_ms[level] == pytest.approx(67.85 if is_cold else 0.0, rel=2e-4)


def test_the_row_of_the_memory_is_the_one_that_is_seen():
    # a fifth is cold, so that the p99 sees the p95 of its row
    requests = 4380 * math.log(5)
    assert cold_start_ms(requests, memory=512)[2] == pytest.approx(91.43, rel=2e-4)
    assert cold_start_ms(requests, memory=1023)[2] == pytest.approx(91.43, rel=2e-4)
    assert cold_start_ms(requests, memory=1024)[2] == pytest.approx(93.98, rel=2e-4)


def test_along_an_axis_of_memory_each_point_sees_its_own_row():
    w = Workload(requests_per_month=4380 * math.log(5), response="1 KB", runtime=1e-6)
    load = Conditions(w, {"runtime.memory": np.array([512.0, 1769.0, 512.0])})
    cold_ms = 1000 * load.cold_start(load.runtime.mean, "work")
    assert cold_ms[2] == pytest.approx([91.43, 93.98, 91.43], rel=2e-4)
    assert (cold_ms[0] == 0).all()


def test_a_cold_start_that_the_workload_gives_is_seen_instead_of_the_row():
    # a tenth is cold: the p95 sees its median, the p99 its p90, which lies 1.28155 / 2.32635 = 0.55089
    # of the way from 200 ms to ten times that: 200 x 10 ** 0.55089 = 711.0
    cold_ms = cold_start_ms(4380 * math.log(10), init={"p50": "200 ms", "p99": "2 s"})
    assert cold_ms == pytest.approx([0.0, 200.0, 711.0], rel=5e-4)


@pytest.mark.parametrize("share", [0.5, 0.05, 1e-3, 1e-9])
@pytest.mark.parametrize("mean", [1e-6, 0.04, 0.7, 2.4, 31.0, 900.0, 5000.0, 87654.0])
def test_no_fewer_servers_are_enough(mean, share):
    servers = float(fewest_servers(mean, share))
    assert poisson.sf(servers - 1, mean) <= share * (1 + 1e-9)
    assert servers == 1 or poisson.sf(servers - 2, mean) > share


@pytest.mark.parametrize("servers", [1, 2, 1024, 1025, 1100, 40000])
def test_a_mean_that_just_so_many_servers_bear(servers):
    """P(N >= n) of a Poisson number is the chance that a gamma number of shape n is below its mean."""
    mean = gamma.ppf(0.05, servers)
    assert [float(fewest_servers(mean * factor, 0.05)) for factor in (1 - 1e-9, 1 + 1e-9)] == [
        servers,
        servers + 1,
    ]


def test_many_means_and_shares_are_each_as_they_are_alone():
    means = np.geomspace(1e-3, 3e6, 40)[:, None]
    for shares in (np.array([0.05, 0.001]), np.geomspace(1e-6, 0.9, 11)):
        together = fewest_servers(means, shares)
        alone = [
            [float(fewest_servers(float(mean), float(share))) for share in shares] for mean in means.ravel()
        ]
        assert (together == alone).all()


def test_the_share_of_cold_starts_by_hand():
    # 1 a second for 1 s each, kept for 2 s: N is Poisson of the mean 1. One that finds k busy, P = e^-1 / k!,
    # needs an environment that has idled for P(N <= k) / P(N = k) seconds on average: 1, 2, 5, 16, 65, ...
    terms = [
        (0.367879, 1.0),
        (0.367879, 2.0),
        (0.183940, 5.0),
        (0.061313, 16.0),
        (0.015328, 65.0),
        (0.003066, 326.0),
    ]
    by_hand = sum(share * math.exp(-2 / idle_s) for share, idle_s in terms)
    assert by_hand == pytest.approx(0.38044, abs=1e-5)
    assert cold_start_share(1.0, 1.0, 2.0) == pytest.approx(by_hand + 0.00059, abs=2e-5)  # 6 busy or more
