"""The page's address leads back to the very state; one that is no address is one line."""

import json
import zlib
from base64 import urlsafe_b64encode

import pytest

import explorer as ex
from explorer.errors import ExplorerError
from explorer.views.app.address import address_of, checked_values, state_of_address
from explorer.views.app.history import State

CHANGES = {
    "response": 2.7 * 1024**2,
    "client.polls": False,
    "client.needs": ("waf", "private"),
    "response.quantiles": "p50 40 KB, p99 2 MB",
    "client.bandwidth": None,
    "region": "us-east-1",
}


@pytest.fixture(scope="module")
def state() -> State:
    return State(ex.Workload.load("statements")).with_(CHANGES)


def packed(value: object) -> str:
    return urlsafe_b64encode(zlib.compress(json.dumps(value).encode())).decode().rstrip("=")


def test_an_address_leads_back_to_base_and_turns(state):
    letters = address_of(state, None)
    again = state_of_address(letters["w"], letters["v"])
    assert again.values == state.values and again.base.to_toml() == state.base.to_toml()
    assert again.workload.to_toml() == state.workload.to_toml() and "a" not in letters


def test_what_it_is_compared_with_goes_along(state):
    letters = address_of(state, State(ex.Workload.load("photos")))
    assert state_of_address(letters["a"], letters["av"]).workload.name == ex.Workload.load("photos").name


def test_what_is_too_long_for_an_address_has_none():
    import numpy as np

    samples = np.random.default_rng(7).lognormal(10, 2, 20_000).tolist()
    w = ex.Workload(requests_per_month=1e6, response={"samples": samples}, runtime="1 s")
    assert address_of(State(w), None) == {}


@pytest.mark.parametrize("v", ["x", "!!", packed([1, 2]), packed("text"), "eJw"], ids=str)
def test_an_address_that_is_not_whole_is_one_line(state, v):
    with pytest.raises(ExplorerError, match="not whole") as caught:
        state_of_address(address_of(state, None)["w"], v)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"response": [1, 2]}, {"response": {"p50": 1}}, {"response": "2 MB"}, {"client.auth": "spell"},
        {"peak_rps": [3]}, {"requests_per_month": -5}, {"runtime.quantiles": "p50 9 s, p99 1 s"},
        {"response": float("nan")}, {"configuration": -1},
    ],
    ids=str,
)  # fmt: skip
def test_a_value_that_a_field_cannot_have_is_one_line(state, values):
    with pytest.raises(ExplorerError) as caught:
        state_of_address(address_of(state, None)["w"], packed(values))
    assert "\n" not in str(caught.value) and "Traceback" not in str(caught.value)


def test_what_is_no_field_is_left_out():
    assert checked_values({"nothing": 1, "response": 5.0}) == {"response": 5.0}
