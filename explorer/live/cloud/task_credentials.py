"""The credentials of a task's role: its container requests them with a token, as on AWS."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .hook import require

PATH = "/v2/credentials/"
LIFETIME_S = 6 * 3600.0  # lifetime of credentials, as on AWS; the SDK renews them earlier
TASKS_PRINCIPAL = "ecs-tasks.amazonaws.com"


@dataclass(frozen=True)
class Grant:
    """A container's right to credentials: its token, and the ARN of its role."""

    token: str
    role: str
    task: str  # its ARN


_grants: dict[str, Grant] = {}  # by the last part of the path of the request


class RoleError(Exception):
    """A task cannot assume its role."""


def install() -> None:
    """Check the emulator's function that this module calls. Raises CloudError."""
    from ministack.services import sts

    require(sts, "register_session", "access_key session")


def grant(role: str, task: str) -> tuple[str, str]:
    """Allow a container to request credentials.

    Parameters
    ----------
    role : ARN of the role
    task : ARN of the task

    Returns
    -------
    The path of the request and the token for its Authorization header.

    Raises RoleError if the role does not exist or does not trust ECS tasks.
    """
    require_trust(role)
    name, token = secrets.token_urlsafe(24), secrets.token_urlsafe(32)
    _grants[name] = Grant(token, role, task)
    return PATH + name, token


def withdraw(task: str) -> None:
    """End the grants of a task that has stopped."""
    for name in [name for name, one in _grants.items() if one.task == task]:
        del _grants[name]


def require_trust(role: str) -> None:
    """Raise RoleError unless the role exists and ECS tasks may assume it."""
    from ministack.services import iam

    record = iam._roles.get(role.rpartition("/")[2])
    document = (record or {}).get("AssumeRolePolicyDocument") or "{}"
    policy: Mapping[str, Any] = json.loads(document) if isinstance(document, str) else document
    for statement in _as_list(policy.get("Statement", [])):
        principal = statement.get("Principal")
        services = _as_list(principal.get("Service", [])) if isinstance(principal, Mapping) else []
        if statement.get("Effect") == "Allow" and TASKS_PRINCIPAL in services:
            return
    raise RoleError(
        f"ECS was unable to assume the role '{role}' that was provided for this task. "
        "Please verify that the role being passed has the proper trust relationship and permissions "
        "and that your IAM user has permissions to pass this role."
    )


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def answer(path: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer to a container: new credentials, or 403 without a grant."""
    one = _grants.get(path.removeprefix(PATH))
    if one is None or not hmac.compare_digest(headers.get("authorization", "").encode(), one.token.encode()):
        return 403, {"Content-Type": "application/json"}, b'{"message":"no such container"}'
    return 200, {"Content-Type": "application/json"}, json.dumps(_session(one)).encode()


def _session(one: Grant) -> dict[str, str]:
    from ministack.services import sts

    account, role = one.role.split(":")[4], one.role.rpartition("/")[2]
    key = "ASIA" + secrets.token_hex(8).upper()
    secret, token = secrets.token_urlsafe(30), secrets.token_urlsafe(60)
    session = one.task.rpartition("/")[2]
    sts.register_session(
        key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
            "UserId": f"{role}:{session}",
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": time.time() + LIFETIME_S,
        },
    )
    until = datetime.now(UTC) + timedelta(seconds=LIFETIME_S)
    return {
        "RoleArn": one.role,
        "AccessKeyId": key,
        "SecretAccessKey": secret,
        "Token": token,
        "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
