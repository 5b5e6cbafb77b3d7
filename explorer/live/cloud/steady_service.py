"""Waiting for a steady ECS service: its desired number of tasks runs, and their targets are healthy."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import target_health, task_processes
from .hook import hook
from .limits import Limits

KIND = "AWS::ECS::Service"
PATIENCE_S = 300.0  # time for all tasks of a service to start on this machine
POLL_S = 0.05
FAILED = "FAILED"  # state of a rollout that the circuit breaker has ended


def install(limits: Limits) -> None:
    """Move waits for services to a thread: the event loop has to answer the requests of their tasks."""
    from ministack.services import ecs
    from ministack.services.cloudformation import stacks

    hook(stacks, "_runs_on_worker_thread", "resource_type", _wait_on_thread)
    hook(ecs, "_make_deployment", "task_definition desired_count status", _start_in_progress)
    hook(ecs, "_record_service_task_healthy", "svc_key task", _only_if_target_is_healthy)


def _wait_on_thread(original: Callable[..., bool]) -> Callable[..., bool]:
    def decide(resource_type: str) -> bool:
        return resource_type == KIND or original(resource_type)

    return decide


def _start_in_progress(original: Callable[..., Any]) -> Callable[..., Any]:
    """Start a deployment as IN_PROGRESS: otherwise the circuit breaker cannot end a service's first one."""

    def make(task_definition: str, desired_count: int, status: str = "PRIMARY") -> Any:
        deployment = original(task_definition, desired_count, status)
        if desired_count:
            deployment |= {"rolloutState": "IN_PROGRESS", "rolloutStateReason": "ECS deployment in progress."}
        return deployment

    return make


def _only_if_target_is_healthy(original: Callable[..., None]) -> Callable[..., None]:
    """Count a task as healthy by its target, where it has one: a task may run for a second and then crash."""

    def record(svc_key: str, task: Mapping[str, Any]) -> None:
        from ministack.services import ecs

        service, address = ecs._services.get(svc_key) or {}, ecs._task_ip(task)
        targets = [(each["targetGroupArn"], each["containerPort"]) for each in _balancers(service)]
        states = [target_health.health_of(group, address, port).state for group, port in targets]
        if all(state == target_health.HEALTHY for state in states):
            original(svc_key, task)

    return record


def _balancers(service: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The load balancers of a service, each a target group and the port of a container."""
    return service.get("loadBalancers") or ()


def wait(arn: str, grace_s: float) -> None:
    """Wait until a service is steady.

    Parameters
    ----------
    arn : of the service
    grace_s : health check grace period, which the emulator does not record [s]

    Raises ValueError, with the reason, if its rollout fails or takes longer than PATIENCE_S.
    """
    from ministack.services import ecs

    cluster, name = arn.split("/")[-2:]
    key, until = f"{cluster}/{name}", time.monotonic() + PATIENCE_S
    ecs._services[key]["healthCheckGracePeriodSeconds"] = int(grace_s)
    while time.monotonic() < until:
        service = ecs._services[key]
        if _is_steady(service):
            return
        if any(each.get("rolloutState") == FAILED for each in service["deployments"]):
            break
        time.sleep(POLL_S)
    raise ValueError(f"Service {name} did not become steady: {_reason(ecs, name)}")


def _is_steady(service: Mapping[str, Any]) -> bool:
    from ministack.services import alb

    if service["runningCount"] < service["desiredCount"]:
        return False
    for balancer in _balancers(service):
        group, port = balancer["targetGroupArn"], balancer["containerPort"]
        states = [
            target_health.health_of(group, str(t["Id"]), port).state for t in alb._targets.get(group, [])
        ]
        if states.count(target_health.HEALTHY) < service["desiredCount"]:
            return False
    return True


def _reason(ecs: Any, name: str) -> str:
    """The reason why the service's last stopped task stopped, with its last line of output."""
    stopped = [
        task
        for task in ecs._tasks.values()
        if task.get("group") == f"service:{name}" and task.get("stoppedReason")
    ]
    if not stopped:
        return "its targets did not become healthy in time"
    last = max(stopped, key=lambda task: str(task.get("stoppedAt")))
    line = task_processes.last_line(last["taskArn"])
    return f"{last['stoppedReason']}{f': {line}' if line else ''}"
