"""Uses of limits by hand: whether one holds, and the chance that a request breaks it, agree at the edge."""

import numpy as np
import pytest

from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import Linear, PeakDemand, SumPerRequest, Term
from explorer.options.base.usage import total
from explorer.workload.workload import Workload

# 2 s of work, and 781,250,000 bytes at 625 Mbit/s (78,125,000 bytes a second), which are 10 s
LOAD = Conditions(Workload(requests_per_month=1e6, request=781_250_000, response="1 KB", runtime=2))
UPLOAD = Term("request", Linear(1 / 78_125_000))


def holds(use, limit: float) -> bool:
    terms, most = use.terms(LOAD, limit)
    return bool(np.all(total(terms) <= most))


@pytest.mark.parametrize(("limit", "fits"), [(12.0, True), (11.999, False), (2.0, False), (1e9, True)])
def test_a_sum_of_two_drivers_is_held_as_a_whole(limit, fits):
    use = SumPerRequest("lambda.timeout", (Term("runtime", Linear()), UPLOAD))
    assert holds(use, limit) == fits
    assert float(use.exceed(LOAD, limit)) == pytest.approx(0 if fits else 1, abs=1e-9)
    assert float(use.used_at(LOAD, 0.99)) == pytest.approx(12)


@pytest.mark.parametrize(("limit", "fits"), [(2.0, True), (1.999, False)])
def test_a_term_that_is_on_no_path_adds_nothing(limit, fits):
    nowhere = Term("request", UPLOAD.measure, np.False_)
    use = SumPerRequest("lambda.timeout", (Term("runtime", Linear()), nowhere))
    assert holds(use, limit) == fits
    assert float(use.exceed(LOAD, limit)) == (0 if fits else 1)


@pytest.mark.parametrize(
    ("limit", "chance"), [(0, 1 - np.exp(-2)), (1, 1 - 3 * np.exp(-2)), (2, 1 - 5 * np.exp(-2))]
)
def test_a_peak_breaks_a_limit_with_the_first_unit_above_it(limit, chance):
    # Poisson of the mean 2: P(0) = e^-2, P(1) = P(2) = 2 e^-2; as many as the limit says are within it
    assert float(PeakDemand("lambda.concurrency", [2.0]).exceed(LOAD, limit)) == pytest.approx(chance)
