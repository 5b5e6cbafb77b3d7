"""The health of a load balancer's targets, found out by asking them: initial, healthy, unhealthy, draining.

A target is in use once it has passed one check, and again after as many in a row as its group wants; it is
out of use after as many failures. A task of a service whose target is unhealthy is ended and replaced.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from .hook import checked, hook_action
from .limits import Limits
from .target_exchange import ExchangeError, exchange
from .task_processes import CLUSTER

INITIAL, HEALTHY, UNHEALTHY, DRAINING, UNUSED = "initial", "healthy", "unhealthy", "draining", "unused"
LOOK_S = 0.05
STARTS_S = 60.0  # that a target may take to pass its first check: a process here starts as the load lets it
FIRST_S = 0.1  # between the checks of a target that was never healthy
WHY = {
    INITIAL: ("Elb.RegistrationInProgress", "Target registration is in progress"),
    UNUSED: ("Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"),
    DRAINING: ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
}
Key = tuple[str, str, int]  # the target group's ARN, the target's address and port


@dataclass
class Health:
    """What the checks of one target have shown."""

    registered: float = field(default_factory=time.monotonic)
    state: str = INITIAL
    reason: tuple[str, str] = WHY[INITIAL]
    in_a_row: int = 0  # checks that passed, or failed if negative
    due: float = 0.0
    is_asked: bool = False


_targets: dict[Key, Health] = {}
_checks: set[asyncio.Task[None]] = set()


def install(limits: Limits) -> None:
    """Tell the health of targets as it is, in the emulator that is loaded in this process."""
    from ministack.services import alb

    hook_action(alb, "DescribeTargetHealth", "_describe_target_health", "params", _as_it_is)
    hook_action(alb, "RegisterTargets", "_register_targets", "params", _each_port)
    hook_action(alb, "DeregisterTargets", "_deregister_targets", "params", _one_port)
    checked(alb, "set_targets_for_group", "tg_arn targets previous_ids")


def of(group: str, address: str, port: int) -> Health:
    """The health of a target."""
    return _targets.get((group, address, port)) or Health()


async def watch() -> None:
    """Ask the targets of all groups, for as long as the cloud runs."""
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
                _ask_if_due(key, record)
        for absent in _targets.keys() - present:
            del _targets[absent]
        await asyncio.sleep(LOOK_S)


def _ask_if_due(key: Key, group: Mapping[str, Any]) -> None:
    health = _targets.setdefault(key, Health())
    if not group.get("LoadBalancerArns"):
        health.state, health.reason = UNUSED, WHY[UNUSED]
        return
    if health.state == UNUSED:
        health.state, health.reason = INITIAL, WHY[INITIAL]
    if health.is_asked or time.monotonic() < health.due:
        return
    health.is_asked = True
    task = asyncio.create_task(_check(key, health, group))
    _checks.add(task)
    task.add_done_callback(_checks.discard)


async def _check(key: Key, health: Health, group: Mapping[str, Any]) -> None:
    interval_s = float(group["HealthCheckIntervalSeconds"])
    try:
        reason = await _failure(key, group)
    finally:
        health.is_asked = False
    never = health.state == INITIAL
    health.due = time.monotonic() + (FIRST_S if never and reason else interval_s)
    if reason is None:
        health.in_a_row = max(health.in_a_row, 0) + 1
        if never or health.in_a_row >= int(group["HealthyThresholdCount"]):
            health.state, health.reason = HEALTHY, ("", "")
        return
    health.in_a_row = min(health.in_a_row, 0) - 1
    patience_s = max(interval_s * int(group["UnhealthyThresholdCount"]), STARTS_S)
    if never:
        failed = time.monotonic() - health.registered > patience_s
    else:
        failed = -health.in_a_row >= int(group["UnhealthyThresholdCount"])
    if failed:
        health.state, health.reason = UNHEALTHY, reason
        threading.Thread(target=_replaced, args=(key[0], key[1]), daemon=True).start()


async def _failure(key: Key, group: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why a target has failed its check; None if it has passed."""
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
    """Whether a status is among codes such as 200,301 or 200-299."""
    for part in str(codes).split(","):
        first, _, last = part.strip().partition("-")
        if int(first) <= status <= int(last or first):
            return True
    return False


def _replaced(group: str, address: str) -> None:
    """End the task of a service that has failed its checks: the service starts another in its place."""
    from ministack.core.responses import request_scope
    from ministack.services import ecs

    for (account, region, arn), task in list(ecs._tasks.all_items()):
        of_service = str(task.get("group", "")).startswith("service:")
        if not of_service or task.get("lastStatus") != "RUNNING" or ecs._task_ip(task) != address:
            continue
        with request_scope(account, region):
            if time.time() - ecs._ts_to_epoch(task["startedAt"]) < _grace_s(task):
                return
            cluster, service = ecs._cluster_name_from_arn(task["clusterArn"]), task["group"].partition(":")[2]
            name = group.split("/")[1]
            ecs._stop_task(
                {
                    "task": arn,
                    CLUSTER: cluster,
                    "reason": f"Task failed ELB health checks in (target-group {name})",
                }
            )
            ecs._reconcile_service_tasks(cluster, f"{cluster}/{service}")


def _grace_s(task: Mapping[str, Any]) -> float:
    """For how long a new task of its service is not judged by its health [s]."""
    from ministack.services import ecs

    cluster, service = ecs._cluster_name_from_arn(task["clusterArn"]), task["group"].partition(":")[2]
    record = ecs._services.get(f"{cluster}/{service}") or {}
    return float(record.get("healthCheckGracePeriodSeconds") or 0)


def _each_port(original: Callable[..., Any]) -> Callable[..., Any]:
    """A target is an address and a port: the same address may stand there with several."""
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


def _one_port(original: Callable[..., Any]) -> Callable[..., Any]:
    """What is deregistered with a port goes at that port alone."""
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


def _as_it_is(original: Callable[..., Any]) -> Callable[..., Any]:
    from ministack.services import alb

    def describe(params: Any) -> Any:
        group = alb._p(params, "TargetGroupArn")
        record = alb._tgs.get(group)
        if record is None or record.get("TargetType") == "lambda":
            return original(params)
        requested = {str(target["Id"]) for target in alb._parse_targets_param(params)}
        targets = [t for t in alb._targets.get(group, []) if not requested or str(t["Id"]) in requested]
        inner = "".join(_described(group, target, record) for target in targets)
        whole = f"<TargetHealthDescriptions>{inner}</TargetHealthDescriptions>"
        return alb._xml(200, "DescribeTargetHealth", whole)

    return describe


def _described(group: str, target: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    port = int(target.get("Port") or record["Port"])
    health = of(group, str(target["Id"]), port)
    code, text = health.reason
    why = f"<Reason>{code}</Reason><Description>{escape(text)}</Description>" if code else ""
    return (
        f"<member><Target><Id>{target['Id']}</Id><Port>{port}</Port></Target>"
        f"<HealthCheckPort>{port}</HealthCheckPort>"
        f"<TargetHealth><State>{health.state}</State>{why}</TargetHealth></member>"
    )


def in_use(group: str, targets: Iterable[Mapping[str, Any]], port: int) -> list[tuple[str, int]]:
    """The targets that a load balancer sends to: the healthy ones; all of them where none is."""
    every = [(str(each["Id"]), int(each.get("Port") or port)) for each in targets]
    healthy = [each for each in every if of(group, *each).state == HEALTHY]
    return healthy or [each for each in every if of(group, *each).state == UNHEALTHY]
