"""Permissions to start tasks, as on AWS: for a task definition, in a cluster, with roles to pass."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Any

from .hook import hook, require
from .limits import Limits
from .task_processes import CLUSTER

RUN_TASK, PASS_ROLE = "RunTask", "iam:PassRole"
TASKS_PRINCIPAL = "ecs-tasks.amazonaws.com"
ROLES = ("taskRoleArn", "executionRoleArn")


def install(limits: Limits) -> None:
    """Check the permissions of RunTask in the emulator that is loaded in this process."""
    from ministack import app
    from ministack.core import iam_actions, iam_evaluator

    signature = "service method path headers body query_params region account_id"
    hook(iam_actions, "extract_resource_arn", signature, _use_definition_arn)
    hook(iam_actions, "request_tag_context", "service iam_action body params", _add_cluster_key)
    require(iam_evaluator, "enforce", "access_key_id iam_action service region resource_arn service_context")
    app.SERVICE_HANDLERS["ecs"] = _check_passed_roles(app.SERVICE_HANDLERS["ecs"])


def _request(body: bytes) -> Mapping[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def _use_definition_arn(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make the task definition the resource of RunTask; the cluster is a condition key."""
    from ministack.services import ecs

    def resource(service: str, method: str, path: str, headers: Any, body: bytes, query: Any, region: str,
                 account: str) -> Any:  # fmt: skip
        arn = original(service, method, path, headers, body, query, region, account)
        if service != "ecs" or not headers.get("x-amz-target", "").endswith(f".{RUN_TASK}"):
            return arn
        definition = str(_request(body).get("taskDefinition", "*"))
        key = ecs._resolve_td_key(definition) or definition  # a family's newest revision
        full_arn = f"arn:aws:ecs:{region}:{account}:task-definition/{key}"
        return definition if definition.startswith("arn:") else full_arn

    return resource


def _add_cluster_key(original: Callable[..., Any]) -> Callable[..., Any]:
    def context(service: str, iam_action: str, body: bytes, params: Any) -> dict[str, Any]:
        keys: dict[str, Any] = original(service, iam_action, body, params)
        if iam_action != f"ecs:{RUN_TASK}":
            return keys
        from ministack.core.responses import get_account_id, get_region

        cluster = str(_request(body).get(CLUSTER, "default"))
        full_arn = f"arn:aws:ecs:{get_region()}:{get_account_id()}:cluster/{cluster}"
        return {**keys, "ecs:cluster": cluster if cluster.startswith("arn:") else full_arn}

    return context


def _check_passed_roles(original: Callable[..., Any]) -> Callable[..., Any]:
    """Require that the caller of RunTask may pass the task's roles."""

    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        if headers.get("x-amz-target", "").endswith(f".{RUN_TASK}"):
            refusal = _pass_role_refusal(_request(body), headers, query)
            if refusal:
                return refusal
        return await original(method, path, headers, body, query)

    return handle


def _pass_role_refusal(request: Mapping[str, Any], headers: Any, query: Any) -> Any:
    from ministack.core import iam_evaluator, router
    from ministack.core.responses import error_response_json
    from ministack.services import ecs

    definition = ecs._task_defs.get(ecs._resolve_td_key(str(request.get("taskDefinition", "")))) or {}
    caller, region = router.extract_access_key_id(headers, query), router.extract_region(headers, query)
    for role in (definition.get(name) for name in ROLES):
        if not role:
            continue
        arguments = (caller, PASS_ROLE, "iam", region, role, {"iam:PassedToService": TASKS_PRINCIPAL})
        # in a copied context: the emulator checks a signature once, and has done so for this request
        denied = copy_context().run(iam_evaluator.enforce, *arguments)
        if denied is not None:
            text = f"User is not authorized to perform: {PASS_ROLE} on resource: {role}"
            return error_response_json("AccessDeniedException", text, 400)
    return None
