"""An Application Load Balancer."""

from __future__ import annotations

import numpy as np

from explorer.options.base.conditions import GB, Conditions
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Behind
from explorer.options.base.usage import StepQuantity, UsageLines
from explorer.options.base.wishes import DOMAIN

from .base import Door

BYTES_A_UNIT = {  # the GB that one load balancer unit carries per hour
    Behind.FUNCTION: "alb.lcu.lambda_gb_per_hour",
    Behind.CONTAINER: "alb.lcu.gb_per_hour",
}


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
    deployable = False
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
