"""More tasks of a service as the load rises, and fewer as it falls: in a template that is owned."""

from __future__ import annotations

from collections.abc import Iterable

from .containers import Fleet
from .resources import Resource, joined

KIND = "AWS::ApplicationAutoScaling::{}"
DIMENSION = "ecs:service:DesiredCount"
BUSY = "ECSServiceAverageCPUUtilization"
PERCENT = 100


def scaling(service: str, tasks: Fleet, busy_share: float) -> Iterable[Resource]:
    """What keeps the processors of a service's tasks as busy as they should be.

    Parameters
    ----------
    service : its logical id
    tasks : the fewest and the most
    busy_share : of the processors, on average, at which more tasks are called for
    """
    name = joined(f"service/${{Cluster}}/${{{service}.Name}}")
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
