"""A private network around the worker: how it reaches AWS services and the internet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from explorer.facts.units import Number

from .conditions import GB, Conditions
from .mask import EVERYWHERE, Mask
from .usage import UsageLines

CONTAINER_CALLS = ("ecr.api", "ecr.dkr", "logs")  # a container pulls its image and writes its log


def nat_gateways(load: Conditions, bytes_each: Sequence[Number]) -> UsageLines:
    """The lines for a NAT gateway in each zone, and for the bytes that one request sends through them.

    `bytes_each` are terms with one driver each [B].
    """
    yield "nat.nat_hour", load.constant("network.zones") * load.hours
    for term in bytes_each:
        yield "nat.nat_data", load.requests * term / GB


def interface_endpoints(load: Conditions, *services: str) -> UsageLines:
    """The lines for endpoints in each zone to the services that the work calls, if it has no other route.

    With NAT gateways, the work calls the services through these. S3 and DynamoDB have gateway endpoints,
    which are free. The traffic is small (configuration and messages) and is not counted.
    """
    if load.workload.network.vpc and not load.workload.network.internet:
        for _ in services:
            yield "vpc.interface_endpoint_hour", load.constant("network.zones") * load.hours


def network_parts(load: Conditions) -> Iterable[tuple[str, Mask]]:
    """The parts of a private network that the workload requires."""
    network = load.workload.network
    if network.vpc:
        yield "VPC with private subnets", EVERYWHERE
        if network.internet:
            yield "NAT gateways", EVERYWHERE


def work_network(load: Conditions) -> UsageLines:
    """The lines for the work's route to the internet, if it runs in a VPC and needs one."""
    network = load.workload.network
    if network.vpc and network.internet:
        yield from nat_gateways(load, load.internet_bytes())
