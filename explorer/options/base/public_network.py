"""The network of containers and of a load balancer: a VPC in the stack, with public subnets in two zones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .conditions import Conditions
from .resources import Resource, Value, attribute, ref

ZONES = 2
WIDE, OWN = "0.0.0.0/0", "10.0.0.0/16"
SUBNETS = tuple(ref(f"Subnet{number + 1}") for number in range(ZONES))
TASK_GROUP = "TaskGroup"  # logical id of the tasks' security group
PORT = 8080  # port of a task
CONNECTED = "Subnet{}Routes"  # logical ids of the associations of subnets with the route to the internet


def public_network() -> Iterable[Resource]:
    """A VPC, a subnet in each of two zones, and their routes to the internet."""
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


def after_connection() -> Mapping[str, Value]:
    """The attribute that makes a resource wait until the subnets are connected to the internet."""
    return {"DependsOn": ["RouteOut", *(CONNECTED.format(number + 1) for number in range(ZONES))]}


def task_group(inbound: Iterable[Mapping[str, Value]] = ()) -> Resource:
    """The security group of the tasks: outbound TLS, and the `inbound` rules."""
    out = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": WIDE}
    group = {
        "GroupDescription": "The tasks.",
        "VpcId": ref("Network"),
        "SecurityGroupIngress": [{**rule, "Description": "The load balancer."} for rule in inbound],
        "SecurityGroupEgress": [{**out, "Description": "AWS, and the image."}],
    }
    return Resource(TASK_GROUP, "AWS::EC2::SecurityGroup", group)


def task_network() -> Mapping[str, Value]:
    """The network configuration of tasks: public subnets, each task with a public address."""
    groups = [attribute(TASK_GROUP, "GroupId")]
    where = {"Subnets": list(SUBNETS), "SecurityGroups": groups, "AssignPublicIp": "ENABLED"}
    return {"AwsvpcConfiguration": where}


def unbuilt_network(load: Conditions) -> Iterable[str]:
    """What a workload requires of the network of its tasks that the template does not contain."""
    if load.workload.network.vpc:
        yield "network.vpc: the network that the work reaches is not of this stack"
