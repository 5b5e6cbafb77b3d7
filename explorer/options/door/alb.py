"""An Application Load Balancer."""

from __future__ import annotations

import numpy as np

from explorer.options.base.conditions import GB, Conditions
from explorer.options.base.request_path import Behind, UsageLines

from .base import Door


class Alb(Door):
    id = "alb"
    summary = "an Application Load Balancer"
    parts = ("load balancer", "VPC with public subnets")
    auth = ("none", "jwt")
    offers = ("custom-domain", "waf", "private")
    request_limits = (("lambda.sync.request", True), ("alb.lambda.request", False))
    response_limits = (("lambda.sync.response", True), ("alb.lambda.response", True))
    waits = "alb.idle.timeout"
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

    def usage(self, load: Conditions) -> UsageLines:
        yield "alb.alb_hour", load.hours
        if load.public:
            yield "vpc.public_ipv4_in_use", load.constant("alb.zones") * load.hours
        per_hour = load.requests * self.carried(load) / GB / load.hours
        on_function = load.flow.behind is Behind.FUNCTION
        target = "alb.lcu.lambda_gb_per_hour" if on_function else "alb.lcu.gb_per_hour"
        connections = load.mean_rps * load.exchanges / load.constant("alb.lcu.connections_per_s")
        yield "alb.lcu_hour", load.hours * np.maximum(per_hour / load.constant(target), connections)
