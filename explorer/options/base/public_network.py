"""The network of containers and of a load balancer: a VPC of the stack's own, public subnets in two zones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .conditions import Conditions
from .resources import Resource, Value, attribute, ref

ZONES = 2
WIDE, OWN = "0.0.0.0/0", "10.0.0.0/16"
SUBNETS = tuple(ref(f"Subnet{number + 1}") for number in range(ZONES))
TASK_GROUP = "TaskGroup"  # the logical id of the security group of the tasks
PORT = 8080  # on which a task is called
CONNECTED = "Subnet{}Routes"  # that lead to the internet from a subnet


def public_network() -> Iterable[Resource]:
    """A VPC, a subnet in each of two zones, and their way to the internet."""
    network = {"CidrBlock": OWN, "EnableDnsHostnames": True, "EnableDnsSupport": True}
    yield Resource("Network", "AWS::EC2::VPC", network)
    yield Resource("Gateway", "AWS::EC2::InternetGateway", {})
    attached = {"VpcId": ref("Network"), "InternetGatewayId": ref("Gateway")}
    yield Resource("GatewayAttachment", "AWS::EC2::VPCGatewayAttachment", attached)
    yield Resource("Routes", "AWS::EC2::RouteTable", {"VpcId": ref("Network")})
    out = {"RouteTableId": ref("Routes"), "DestinationCidrBlock": WIDE, "GatewayId": ref("Gateway")}
    yield Resource("RouteOut", "AWS::EC2::Route", out, {"DependsOn": "GatewayAttachment"})
    for number in range(ZONES):
        subnet = {
            "VpcId": ref("Network"),
            "CidrBlock": f"10.0.{number}.0/24",
            "AvailabilityZone": {"Fn::Select": [str(number), {"Fn::GetAZs": ""}]},
        }
        yield Resource(f"Subnet{number + 1}", "AWS::EC2::Subnet", subnet)
        routed = {"SubnetId": ref(f"Subnet{number + 1}"), "RouteTableId": ref("Routes")}
        yield Resource(CONNECTED.format(number + 1), "AWS::EC2::SubnetRouteTableAssociation", routed)


def connected() -> Mapping[str, Value]:
    """That a resource is made once the subnets lead to the internet."""
    return {"DependsOn": ["RouteOut", *(CONNECTED.format(number + 1) for number in range(ZONES))]}


def task_group(inbound: Iterable[Mapping[str, Value]] = ()) -> Resource:
    """The security group of the tasks: they may call out, by TLS, and be called as `inbound` says."""
    out = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": WIDE}
    group = {
        "GroupDescription": "The tasks.",
        "VpcId": ref("Network"),
        "SecurityGroupIngress": [{**rule, "Description": "The load balancer."} for rule in inbound],
        "SecurityGroupEgress": [{**out, "Description": "AWS, and the image."}],
    }
    return Resource(TASK_GROUP, "AWS::EC2::SecurityGroup", group)


def task_network() -> Mapping[str, Value]:
    """Where tasks run: in the public subnets, each with an address of its own."""
    groups = [attribute(TASK_GROUP, "GroupId")]
    where = {"Subnets": list(SUBNETS), "SecurityGroups": groups, "AssignPublicIp": "ENABLED"}
    return {"AwsvpcConfiguration": where}


def unbuilt_network(load: Conditions) -> Iterable[str]:
    """What a workload asks of the network of its tasks that no template of this project has."""
    if load.workload.network.vpc:
        yield "network.vpc: the network that the work reaches is not of this stack"
