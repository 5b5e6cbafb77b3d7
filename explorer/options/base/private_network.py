"""A private network around the work: how it reaches AWS's services and the internet from there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from explorer.facts.units import Number

from .conditions import GB, Conditions
from .mask import EVERYWHERE, Mask
from .usage import UsageLines

CONTAINER_CALLS = ("ecr.api", "ecr.dkr", "logs")  # of a container: its image is pulled, its log written


def nat_gateways(load: Conditions, bytes_each: Sequence[Number]) -> UsageLines:
    """The lines for a NAT gateway in each zone, and what they carry for one request: bytes, a term each."""
    yield "nat.nat_hour", load.constant("network.zones") * load.hours
    for term in bytes_each:
        yield "nat.nat_data", load.requests * term / GB


def interface_endpoints(load: Conditions, *services: str) -> UsageLines:
    """The lines for endpoints in each zone to the services that the work calls, where it has no other way.

    With NAT gateways it calls them through these. S3 and DynamoDB have gateways, which are free; what is
    called is small: configuration and messages.
    """
    if load.workload.network.vpc and not load.workload.network.internet:
        for _ in services:
            yield "vpc.interface_endpoint_hour", load.constant("network.zones") * load.hours


def network_parts(load: Conditions) -> Iterable[tuple[str, Mask]]:
    """The parts of a private network that the workload asks for."""
    network = load.workload.network
    if network.vpc:
        yield "VPC with private subnets", EVERYWHERE
        if network.internet:
            yield "NAT gateways", EVERYWHERE


def work_network(load: Conditions) -> UsageLines:
    """The lines for the way of the work to the internet, where it runs in a VPC and needs one."""
    network = load.workload.network
    if network.vpc and network.internet:
        yield from nat_gateways(load, load.exchanged())
