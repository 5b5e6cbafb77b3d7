"""When a service of ECS is steady: as many tasks run as it wants, each found healthy by its load balancer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from . import target_health, task_processes
from .hook import hook
from .limits import Limits

KIND = "AWS::ECS::Service"
PATIENCE_S = 300.0  # for all tasks of a service to start on this machine
POLL_S = 0.05
GIVEN_UP = "FAILED"  # a rollout that the circuit breaker has ended


def install(limits: Limits) -> None:
    """Let what waits for a service wait beside the loop that answers requests, those of its tasks too."""
    from ministack.services import ecs
    from ministack.services.cloudformation import stacks

    hook(stacks, "_runs_on_worker_thread", "resource_type", _or_a_service)
    hook(ecs, "_make_deployment", "task_definition desired_count status", _in_progress)


def _or_a_service(original: Callable[..., bool]) -> Callable[..., bool]:
    def decide(resource_type: str) -> bool:
        return resource_type == KIND or original(resource_type)

    return decide


def _in_progress(original: Callable[..., Any]) -> Callable[..., Any]:
    """The first deployment of a service is under way until its tasks run: else no circuit breaker ends it."""

    def make(task_definition: str, desired_count: int, status: str = "PRIMARY") -> Any:
        deployment = original(task_definition, desired_count, status)
        if desired_count:
            deployment |= {"rolloutState": "IN_PROGRESS", "rolloutStateReason": "ECS deployment in progress."}
        return deployment

    return make


def wait(arn: str, grace_s: float) -> None:
    """Wait until a service is steady.

    Parameters
    ----------
    arn : of the service
    grace_s : for which a new task is not judged by its health, which the emulator leaves out [s]

    Raises ValueError, with what kept it, where it does not come to be.
    """
    from ministack.services import ecs

    cluster, name = arn.split("/")[-2:]
    key, until = f"{cluster}/{name}", time.monotonic() + PATIENCE_S
    ecs._services[key]["healthCheckGracePeriodSeconds"] = grace_s
    while time.monotonic() < until:
        service = ecs._services[key]
        if _is_steady(service):
            return
        if any(each.get("rolloutState") == GIVEN_UP for each in service["deployments"]):
            break
        time.sleep(POLL_S)
    raise ValueError(f"Service {name} did not become steady: {_reason(ecs, name)}")


def _is_steady(service: Mapping[str, Any]) -> bool:
    from ministack.services import alb

    if service["runningCount"] < service["desiredCount"]:
        return False
    for balancer in service.get("loadBalancers") or ():
        group, port = balancer["targetGroupArn"], balancer["containerPort"]
        states = [target_health.of(group, str(t["Id"]), port).state for t in alb._targets.get(group, [])]
        if states.count(target_health.HEALTHY) < service["desiredCount"]:
            return False
    return True


def _reason(ecs: Any, name: str) -> str:
    """Why the last task that stopped did so."""
    stopped = [
        task
        for task in ecs._tasks.values()
        if task.get("group") == f"service:{name}" and task.get("stoppedReason")
    ]
    if not stopped:
        return "its tasks were not found healthy in time"
    last = max(stopped, key=lambda task: str(task.get("stoppedAt")))
    line = task_processes.last_line(last["taskArn"])
    return f"{last['stoppedReason']}{f': {line}' if line else ''}"
