"""A load balancer in front of tasks: the load balancer, its targets, and the allowed callers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from .conditions import Conditions
from .public_network import OWN, PORT, SUBNETS, WIDE, after_connection, task_group
from .resources import Resource, Value, attribute, ref

KIND = "AWS::ElasticLoadBalancingV2::{}"
HTTPS = 443
BY_TLS = "ELBSecurityPolicy-TLS13-1-2-2021-06"
IDLE, DRAIN = "idle_timeout.timeout_seconds", "deregistration_delay.timeout_seconds"
STRICT = "routing.http.drop_invalid_header_fields.enabled"
HEALTH = "/health"  # path of the health check
IN_A_ROW = 2  # consecutive checks that decide


def balancing(load: Conditions, idle_s: int) -> Iterable[Resource]:
    """The load balancer, its listener and its targets; `idle_s` is its idle timeout [s]."""
    callers = {"IpProtocol": "tcp", "FromPort": HTTPS, "ToPort": HTTPS, "CidrIp": WIDE}
    tasks = {"IpProtocol": "tcp", "FromPort": PORT, "ToPort": PORT}
    group = {
        "GroupDescription": "The load balancer.",
        "VpcId": ref("Network"),
        "SecurityGroupIngress": [{**callers, "Description": "The callers."}],
        "SecurityGroupEgress": [{**tasks, "CidrIp": OWN, "Description": "The tasks."}],
    }
    yield Resource("BalancerGroup", "AWS::EC2::SecurityGroup", group)
    yield task_group([{**tasks, "SourceSecurityGroupId": attribute("BalancerGroup", "GroupId")}])
    balancer = {
        "Type": "application",
        "Scheme": "internet-facing",
        "Subnets": list(SUBNETS),
        "SecurityGroups": [attribute("BalancerGroup", "GroupId")],
        "LoadBalancerAttributes": _attributes({IDLE: str(idle_s), STRICT: "true"}),
    }
    yield Resource("Balancer", KIND.format("LoadBalancer"), balancer, after_connection())
    yield Resource("Targets", KIND.format("TargetGroup"), _targets(load))
    listener = {
        "LoadBalancerArn": ref("Balancer"),
        "Port": HTTPS,
        "Protocol": "HTTPS",
        "SslPolicy": BY_TLS,
        "Certificates": [{"CertificateArn": ref("CertificateArn")}],
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": ref("Targets")}],
    }
    yield Resource("Listener", KIND.format("Listener"), listener)


def _targets(load: Conditions) -> Mapping[str, Value]:
    """The tasks as targets of the load balancer: by address, with health checks."""
    every_s = load.constant("alb.check_s")
    return {
        "Protocol": "HTTP",
        "Port": PORT,
        "VpcId": ref("Network"),
        "TargetType": "ip",
        "HealthCheckPath": HEALTH,
        "HealthCheckIntervalSeconds": int(every_s),
        "HealthCheckTimeoutSeconds": math.ceil(every_s / 2),
        "HealthyThresholdCount": IN_A_ROW,
        "UnhealthyThresholdCount": IN_A_ROW,
        "TargetGroupAttributes": _attributes({DRAIN: str(int(load.constant("alb.drain_s")))}),
    }


def _attributes(values: Mapping[str, str]) -> list[Mapping[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]
