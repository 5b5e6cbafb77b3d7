"""Quotas as this account has them take the place of the defaults."""

import pytest

import explorer as ex
from explorer.workload.workload import Workload

DESIGN = (
    "edge=none,door=function-url,request=inline,response=buffered,execution=single,configuration=environment"
)


@pytest.mark.parametrize(("quota", "verdict"), [(40, "raise"), (1000, "fits"), (5000, "fits")])
def test_a_quota_of_the_account_is_what_is_held(quota, verdict):
    # 50 a second of 2 s each: 100 at once
    base = {"requests_per_month": 1e7, "peak_rps": 50, "response": "1 KB", "runtime": "2 s"}
    w = Workload(**base, account={"lambda.concurrency": quota})
    row = ex.assess(w, DESIGN).set_index("limit").loc["lambda.concurrency"]
    assert (row.limit_value, row.verdict) == (quota, verdict)


@pytest.mark.parametrize(("rps", "verdict"), [(24_000, "tight"), (26_000, "breach")])
def test_an_account_may_have_more_than_a_quota_is_known_to_be_raised_to(rps, verdict):
    """50,000 at once, where 10,000 is what AWS is known to raise to: 2 s each are 48,000 and 52,000."""
    base = {"requests_per_month": 1e9, "peak_rps": rps, "response": "1 KB", "runtime": "2 s"}
    w = Workload(**base, account={"lambda.concurrency": 50_000})
    row = ex.assess(w, DESIGN).set_index("limit").loc["lambda.concurrency"]
    assert (row.limit_value, row.verdict) == (50_000, verdict)
