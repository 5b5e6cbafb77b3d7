"""Scaling of a service's tasks with the load, in exported templates."""

from __future__ import annotations

from collections.abc import Iterable

from .containers import Fleet
from .resources import Resource, substitute

KIND = "AWS::ApplicationAutoScaling::{}"
DIMENSION = "ecs:service:DesiredCount"
BUSY = "ECSServiceAverageCPUUtilization"
PERCENT = 100


def scaling(service: str, tasks: Fleet, busy_share: float) -> Iterable[Resource]:
    """The scaling target and policy that keep the mean CPU use of a service's tasks at `busy_share`.

    Parameters
    ----------
    service
        Logical id of the service.
    tasks
        The fleet, with the fewest and the most tasks.
    busy_share
        Mean share of CPU use above which tasks are added.
    """
    name = substitute(f"service/${{Cluster}}/${{{service}.Name}}")
    target = {"ServiceNamespace": "ecs", "ResourceId": name, "ScalableDimension": DIMENSION}
    range_ = {"MinCapacity": int(tasks.ready), "MaxCapacity": int(tasks.most)}
    yield Resource("Scaled", KIND.format("ScalableTarget"), {**target, **range_}, owned_alone=True)
    policy = {
        **target,
        "PolicyName": "busy",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "PredefinedMetricSpecification": {"PredefinedMetricType": BUSY},
            "TargetValue": PERCENT * busy_share,
        },
    }
    after = {"DependsOn": "Scaled"}
    yield Resource("Scaling", KIND.format("ScalingPolicy"), policy, after, owned_alone=True)
