"""An Application Load Balancer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from explorer.facts import catalogue
from explorer.options.base.balancing import balancing
from explorer.options.base.conditions import GB, Conditions
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Behind, RequestPath
from explorer.options.base.resources import (
    Parameter,
    Resource,
    Route,
    Setting,
    Target,
    TemplatePiece,
    Value,
    attribute,
    ref,
    substitute,
)
from explorer.options.base.usage import StepQuantity, UsageLines
from explorer.options.base.web_acl import WEB_ACL_RESOURCE, web_acl_resource
from explorer.options.base.wishes import DOMAIN

from .base import NO_TOKENS, Door

BYTES_A_UNIT = {  # the GB that one load balancer unit carries per hour
    Behind.FUNCTION: "alb.lcu.lambda_gb_per_hour",
    Behind.CONTAINER: "alb.lcu.gb_per_hour",
}


DOMAIN_KNOWN = "HasDomain"  # the condition that a domain name is stated


class Alb(Door):
    id = "alb"
    summary = "an Application Load Balancer"
    phrase = "a load balancer"
    parts = ("load balancer", "VPC with public subnets", DOMAIN)  # HTTPS needs one
    has_domain = True
    auth = ("none", "jwt")
    offers = ("custom-domain", "waf", "private")
    request_limits = (("lambda.sync.request", True), ("alb.lambda.request", False))
    response_limits = (("lambda.sync.response", True), ("alb.lambda.response", True))
    waits = "alb.idle.timeout"
    header_limit = "alb.headers"
    run_limit = "alb.lambda.timeout"
    provides = {
        "run_limit": run_limit,
        "door_time": "door.alb",
        "request_envelope": "encoding.envelope.request.alb",
        "response_envelope": "encoding.envelope.response",
        "response_limits": ("alb.lambda.response",),
        "fronts_containers": True,
    }

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        yield "alb.alb_hour", load.hours
        if load.public:
            yield "vpc.public_ipv4_in_use", load.constant("alb.zones") * load.hours
        per_unit = path.behind.look_up(lambda behind: load.constant(BYTES_A_UNIT[behind]))
        per_hour = load.requests / GB / load.hours
        lcus = [per_hour * term / per_unit for term in self.door_bytes(load, path)]
        rate = load.mean_rps / load.constant("alb.lcu.connections_per_s")
        connections = [rate * term for term in load.exchanges(path)]
        yield "alb.lcu_hour", StepQuantity([lcus, connections], np.maximum, load.hours)

    def undeployable(self, flow: RequestPath) -> str | None:
        return None if flow.behind is Behind.CONTAINER else "alb has a template in front of a service only"

    def unbuilt(self, load: Conditions, flow: RequestPath) -> Iterable[str]:
        if load.workload.client.auth == "jwt":
            yield NO_TOKENS
        if not load.public:
            yield "client.needs private: the network of the callers is not of this stack"

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield Setting("idle_s", self.idle_s(load, path))
        yield Parameter("CertificateArn", "The certificate of the endpoint's domain, of ACM.")
        yield Parameter("DomainName", "The endpoint's domain; its record points to the load balancer.", "")

    def idle_s(self, load: Conditions, path: RequestPath) -> int:
        """The idle timeout of the load balancer [s]: default, or the maximum if a response may be late."""
        usual = load.limit(self.waits)
        if path.asynchronous:
            return int(usual)
        late = float(load.time_limit(self.waits, Paths.of(path)).exceed(load, usual)) * float(load.requests)
        return int(usual if late < 1 else catalogue.limit(self.waits).raised_to or usual)

    def wiring(
        self, load: Conditions, path: RequestPath, routes: Mapping[Route, Target]
    ) -> Iterable[TemplatePiece]:
        yield from balancing(load, self.idle_s(load, path))
        if "waf" in load.workload.client.needs and not path.distribution:
            yield web_acl_resource(load, "REGIONAL")
            guards = {"ResourceArn": ref("Balancer"), "WebACLArn": attribute(WEB_ACL_RESOURCE)}
            yield Resource("BalancerWebAcl", "AWS::WAFv2::WebACLAssociation", guards)

    def conditions(self) -> Mapping[str, Value]:
        return {DOMAIN_KNOWN: {"Fn::Not": [{"Fn::Equals": [ref("DomainName"), ""]}]}}

    def address(self) -> Value:
        own, usual = substitute("https://${DomainName}"), substitute("https://${Balancer.DNSName}")
        return {"Fn::If": [DOMAIN_KNOWN, own, usual]}
