"""The health of a load balancer's targets, from health checks: initial, healthy, unhealthy or draining.

A new target is healthy after one passed check, an unhealthy one after as many in a row as its group's
threshold; a healthy target is unhealthy after the group's threshold of failures in a row. A service's task
whose target is unhealthy is stopped and replaced.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from .hook import hook_action, require
from .limits import Limits
from .target_exchange import ExchangeError, exchange
from .task_processes import CLUSTER

INITIAL, HEALTHY, UNHEALTHY, DRAINING, UNUSED = "initial", "healthy", "unhealthy", "draining", "unused"
POLL_S = 0.05
START_S = 60.0  # time for a target to pass its first check: on a busy machine a process starts slowly
FIRST_INTERVAL_S = 0.1  # between checks of a target that has not been healthy yet
REASONS = {
    INITIAL: ("Elb.RegistrationInProgress", "Target registration is in progress"),
    UNUSED: ("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"),
    DRAINING: ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
}
Key = tuple[str, str, int]  # ARN of the target group, address and port of the target


@dataclass
class Health:
    """The state of one target and of its checks; `registered` and `due` are monotonic times [s]."""

    registered: float = field(default_factory=time.monotonic)
    state: str = INITIAL
    reason: tuple[str, str] = REASONS[INITIAL]
    in_a_row: int = 0  # number of passed checks; negative: of failed ones
    due: float = 0.0
    is_checking: bool = False


_targets: dict[Key, Health] = {}
_checks: set[asyncio.Task[None]] = set()


def install(limits: Limits) -> None:
    """Report the checked health of targets in the emulator that is loaded in this process."""
    from ministack.services import alb, ecs

    hook_action(alb, "DescribeTargetHealth", "_describe_target_health", "params", _describe_health)
    hook_action(alb, "RegisterTargets", "_register_targets", "params", _register_by_port)
    hook_action(alb, "DeregisterTargets", "_deregister_targets", "params", _deregister_by_port)
    require(alb, "set_targets_for_group", "tg_arn targets previous_ids")
    require(
        ecs, "_schedule_service_deployment_completion", "cluster_name svc_key account_id region healthy_task"
    )


def health_of(group: str, address: str, port: int) -> Health:
    """The health of the target of a group at an address and port; initial if it has not been checked."""
    return _targets.get((group, address, port)) or Health()


async def watch() -> None:
    """Check the targets of all groups until the task is cancelled."""
    from ministack.services import alb

    while True:
        present = set()
        for group, targets in list(alb._targets._data.items()):
            record = next((r for (_, _, arn), r in alb._tgs.all_items() if arn == group[-1]), None)
            if record is None or record.get("TargetType") == "lambda":
                continue
            for target in targets:
                key = (group[-1], str(target["Id"]), int(target.get("Port") or record["Port"]))
                present.add(key)
                _check_if_due(key, record)
        for absent in _targets.keys() - present:
            del _targets[absent]
        await asyncio.sleep(POLL_S)


def _check_if_due(key: Key, group: Mapping[str, Any]) -> None:
    health = _targets.setdefault(key, Health())
    if not group.get("LoadBalancerArns"):
        health.state, health.reason = UNUSED, REASONS[UNUSED]
        return
    if health.state == UNUSED:
        health.state, health.reason = INITIAL, REASONS[INITIAL]
    if health.is_checking or time.monotonic() < health.due:
        return
    health.is_checking = True
    task = asyncio.create_task(_check(key, health, group))
    _checks.add(task)
    task.add_done_callback(_checks.discard)


async def _check(key: Key, health: Health, group: Mapping[str, Any]) -> None:
    interval_s = float(group["HealthCheckIntervalSeconds"])
    try:
        reason = await _failure(key, group)
    finally:
        health.is_checking = False
    is_new = health.state == INITIAL
    health.due = time.monotonic() + (FIRST_INTERVAL_S if is_new and reason else interval_s)
    if reason is None:
        health.in_a_row = max(health.in_a_row, 0) + 1
        if is_new or health.in_a_row >= int(group["HealthyThresholdCount"]):
            health.state, health.reason = HEALTHY, ("", "")
            if is_new:
                threading.Thread(target=_continue_rollout, args=(key[1],), daemon=True).start()
        return
    health.in_a_row = min(health.in_a_row, 0) - 1
    patience_s = max(interval_s * int(group["UnhealthyThresholdCount"]), START_S)
    if is_new:
        failed = time.monotonic() - health.registered > patience_s
    else:
        failed = -health.in_a_row >= int(group["UnhealthyThresholdCount"])
    if failed:
        health.state, health.reason = UNHEALTHY, reason
        threading.Thread(target=_replace_task, args=(key[0], key[1]), daemon=True).start()


async def _failure(key: Key, group: Mapping[str, Any]) -> tuple[str, str] | None:
    """AWS's reason code and description if a target fails a check; None if it passes."""
    _, address, port = key
    timeout_s = float(group["HealthCheckTimeoutSeconds"])
    headers = [
        ("host", f"{address}:{port}"),
        ("user-agent", "ELB-HealthChecker/2.0"),
        ("connection", "close"),
    ]
    try:
        async with asyncio.timeout(timeout_s):
            answer = await exchange(address, port, "GET", group["HealthCheckPath"], headers, b"", timeout_s)
            answer.close()
    except TimeoutError:
        return "Target.Timeout", "Request timed out"
    except ExchangeError as error:
        if error.timed_out:
            return "Target.Timeout", "Request timed out"
        return "Target.FailedHealthChecks", "Health checks failed"
    if _matches(answer.status, group["Matcher"]["HttpCode"]):
        return None
    return "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{answer.status}]"


def _matches(status: int, codes: str) -> bool:
    """Whether a status is one of `codes`, such as 200,301 or 200-299."""
    for part in str(codes).split(","):
        first, _, last = part.strip().partition("-")
        if int(first) <= status <= int(last or first):
            return True
    return False


def _continue_rollout(address: str) -> None:
    """Let ECS look whether a rollout is complete, now that the target of this task is healthy."""
    from ministack.services import ecs

    for account, region, task in _service_tasks(address):
        cluster, service = _cluster_and_service(task)
        ecs._schedule_service_deployment_completion(
            cluster, f"{cluster}/{service}", account, region, healthy_task=task
        )


def _replace_task(group: str, address: str) -> None:
    """Stop a service's task whose target is unhealthy, after its grace period; the service replaces it."""
    from ministack.core.responses import request_scope
    from ministack.services import ecs

    for account, region, task in _service_tasks(address):
        with request_scope(account, region):
            if time.time() - ecs._ts_to_epoch(task["startedAt"]) < _grace_s(task):
                return
            cluster, service = _cluster_and_service(task)
            name = group.split("/")[1]
            ecs._stop_task(
                {
                    "task": task["taskArn"],
                    CLUSTER: cluster,
                    "reason": f"Task failed ELB health checks in (target-group {name})",
                }
            )
            ecs._reconcile_service_tasks(cluster, f"{cluster}/{service}")


def _service_tasks(address: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The running tasks of services at an address, each with its account and region."""
    from ministack.services import ecs

    for (account, region, _), task in list(ecs._tasks.all_items()):
        of_service = str(task.get("group", "")).startswith("service:")
        if of_service and task.get("lastStatus") == "RUNNING" and ecs._task_ip(task) == address:
            yield account, region, task


def _cluster_and_service(task: Mapping[str, Any]) -> tuple[str, str]:
    """The names of the cluster and of the service of a task."""
    from ministack.services import ecs

    return ecs._cluster_name_from_arn(task["clusterArn"]), task["group"].partition(":")[2]


def _grace_s(task: Mapping[str, Any]) -> float:
    """The health check grace period of a task's service [s]."""
    from ministack.services import ecs

    cluster, service = _cluster_and_service(task)
    record = ecs._services.get(f"{cluster}/{service}") or {}
    return float(record.get("healthCheckGracePeriodSeconds") or 0)


def _register_by_port(original: Callable[..., Any]) -> Callable[..., Any]:
    """Register targets by address and port: an address may be registered with several ports."""
    from ministack.services import alb

    def register(params: Any) -> Any:
        group, requested = alb._p(params, "TargetGroupArn"), alb._parse_targets_param(params)
        earlier = alb._targets.get(group, [])
        answer = original(params)
        if answer[0] == 200 and requested:
            more = [each for each in requested if each not in earlier]
            alb._targets[group] = [*earlier, *more]
        return answer

    return register


def _deregister_by_port(original: Callable[..., Any]) -> Callable[..., Any]:
    """Deregister targets by address and port; without a port, all ports of the address."""
    from ministack.services import alb

    def deregister(params: Any) -> Any:
        group, requested = alb._p(params, "TargetGroupArn"), alb._parse_targets_param(params)
        earlier = alb._targets.get(group, [])
        answer = original(params)
        if answer[0] == 200:
            whole = {each["Id"] for each in requested if "Port" not in each}
            alb._targets[group] = [t for t in earlier if t["Id"] not in whole and t not in requested]
        return answer

    return deregister


def _describe_health(original: Callable[..., Any]) -> Callable[..., Any]:
    from ministack.services import alb

    def describe(params: Any) -> Any:
        group = alb._p(params, "TargetGroupArn")
        record = alb._tgs.get(group)
        if record is None or record.get("TargetType") == "lambda":
            return original(params)
        requested = {str(target["Id"]) for target in alb._parse_targets_param(params)}
        targets = [t for t in alb._targets.get(group, []) if not requested or str(t["Id"]) in requested]
        inner = "".join(_health_xml(group, target, record) for target in targets)
        whole = f"<TargetHealthDescriptions>{inner}</TargetHealthDescriptions>"
        return alb._xml(200, "DescribeTargetHealth", whole)

    return describe


def _health_xml(group: str, target: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    port = int(target.get("Port") or record["Port"])
    health = health_of(group, str(target["Id"]), port)
    code, text = health.reason
    reason_xml = f"<Reason>{code}</Reason><Description>{escape(text)}</Description>" if code else ""
    return (
        f"<member><Target><Id>{target['Id']}</Id><Port>{port}</Port></Target>"
        f"<HealthCheckPort>{port}</HealthCheckPort>"
        f"<TargetHealth><State>{health.state}</State>{reason_xml}</TargetHealth></member>"
    )


def usable_targets(group: str, targets: Iterable[Mapping[str, Any]], port: int) -> list[tuple[str, int]]:
    """Addresses and ports to which a load balancer sends: of healthy targets, else of unhealthy ones.

    Parameters
    ----------
    group : ARN of the target group
    targets : the group's registered targets
    port : for targets that were registered without one
    """
    every = [(str(each["Id"]), int(each.get("Port") or port)) for each in targets]
    healthy = [each for each in every if health_of(group, *each).state == HEALTHY]
    return healthy or [each for each in every if health_of(group, *each).state == UNHEALTHY]
