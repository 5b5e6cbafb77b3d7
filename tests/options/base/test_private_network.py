"""A private network around the work: gateways, endpoints, parts, worked by hand."""

import pytest

import explorer as ex
from explorer.workload.workload import Workload

SINGLE = "edge=none,door=function-url,request=inline,response=buffered,compression=none,execution=single"
HOURS = 2 * 730  # of a thing in each of two zones


def billed(design, network, **fields):
    fields = {"response": "2 KB", "runtime": "100 ms", "requests_per_month": 1e5, **fields}
    w = Workload(network=network, **fields)
    return {line.id: float(line.quantity) for line in ex.cost(w, design).lines}


def test_the_internet_is_reached_by_a_gateway_in_each_zone():
    lines = billed(
        f"{SINGLE},configuration=environment", {"vpc": True, "internet": True, "per_request": 5120}
    )
    assert lines["nat.nat_hour"] == HOURS
    assert lines["nat.nat_data"] == pytest.approx(1e5 * 5 / 1024**2)  # 5 KB in GB


def test_what_is_exchanged_is_request_and_response_unless_given():
    lines = billed(f"{SINGLE},configuration=environment", {"vpc": True, "internet": True}, request="3 KB")
    assert lines["nat.nat_data"] == pytest.approx(1e5 * 5 / 1024**2)


@pytest.mark.parametrize("network", [{}, {"vpc": True}])
def test_without_the_internet_there_is_no_gateway(network):
    assert (
        not {"nat.nat_hour", "nat.nat_data"} & billed(f"{SINGLE},configuration=environment", network).keys()
    )


@pytest.mark.parametrize(
    ("configuration", "endpoints"),
    [("environment", 0), ("parameter-store", 1), ("secrets-manager", 1), ("appconfig", 1)],
)
def test_a_store_is_reached_by_its_endpoint(configuration, endpoints):
    design, store = (
        f"{SINGLE},configuration={configuration}",
        {"configuration": {"total": "1 KB", "entries": 2}},
    )
    hours = billed(design, {"vpc": True}, **store).get("vpc.interface_endpoint_hour", 0)
    assert hours == endpoints * HOURS
    through = billed(design, {"vpc": True, "internet": True}, **store)
    assert "vpc.interface_endpoint_hour" not in through


SERVICE = "edge=none,door=alb,request=inline,response=buffered,compression=none,execution=service"


def test_a_container_has_a_public_address_outside_a_vpc_and_endpoints_in_it():
    outside = billed(f"{SERVICE},configuration=environment", {})
    inside = billed(f"{SERVICE},configuration=environment", {"vpc": True})
    assert "vpc.interface_endpoint_hour" not in outside
    assert inside["vpc.interface_endpoint_hour"] == 3 * HOURS  # two of the registry, one of the log
    # what is left are the load balancer's, one in each zone
    assert inside["vpc.public_ipv4_in_use"] == HOURS < outside["vpc.public_ipv4_in_use"]


def test_managed_instances_reach_the_internet_by_gateways_always():
    lines = billed(
        "edge=none,door=function-url,request=inline,response=buffered,compression=none,"
        "execution=managed-instance,configuration=environment",
        {},
    )
    assert lines["nat.nat_hour"] == HOURS


def test_a_private_network_is_a_part_and_its_gateways_another():
    base = {"response": "2 KB", "runtime": "100 ms", "requests_per_month": 1e5}
    parts = [
        ex.recommend(Workload(**base, network=network)).parts
        for network in ({}, {"vpc": True}, {"vpc": True, "internet": True})
    ]
    assert parts == [parts[0], parts[0] + 1, parts[0] + 2]


def test_a_function_in_a_vpc_does_not_stream_through_its_url():
    w = Workload(response="20 MB", runtime="1 s", requests_per_month=1e5, network={"vpc": True})
    rows = ex.assess(w, "edge=none,door=function-url,response=streamed,execution=single").set_index("limit")
    assert rows.loc["network.vpc"].verdict == "excluded"
    rows = ex.assess(w, "edge=none,door=rest-api,response=streamed,execution=single").set_index("limit")
    assert "network.vpc" not in rows.index
