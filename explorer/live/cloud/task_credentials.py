"""The credentials of a task's own role, which its container asks for as on AWS, by a token of its own."""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .hook import checked

PATH = "/v2/credentials/"
LAST_S = 6 * 3600.0  # of one pair of credentials, as on AWS; the SDK asks again before
TASKS = "ecs-tasks.amazonaws.com"


@dataclass(frozen=True)
class Grant:
    """What a container may ask for."""

    token: str
    role: str
    task: str  # its ARN


_grants: dict[str, Grant] = {}  # by the last part of the path


class RoleError(Exception):
    """A task cannot take its role on."""


def install() -> None:
    """Check what of the emulator is used."""
    from ministack.services import sts

    checked(sts, "register_session", "access_key session")


def grant(role: str, task: str) -> tuple[str, str]:
    """Let a container have credentials: the path that it asks, and the token with which.

    Raises RoleError where the role does not trust tasks.
    """
    must_trust(role)
    name, token = secrets.token_urlsafe(24), secrets.token_urlsafe(32)
    _grants[name] = Grant(token, role, task)
    return PATH + name, token


def withdraw(task: str) -> None:
    """A task has ended: nobody asks for its credentials any more."""
    for name in [name for name, one in _grants.items() if one.task == task]:
        del _grants[name]


def must_trust(role: str) -> None:
    """Raise RoleError unless the role is there and ECS tasks may take it on."""
    from ministack.services import iam

    record = iam._roles.get(role.rpartition("/")[2])
    document = (record or {}).get("AssumeRolePolicyDocument") or "{}"
    policy: Mapping[str, Any] = json.loads(document) if isinstance(document, str) else document
    for statement in _many(policy.get("Statement", [])):
        principal = statement.get("Principal")
        services = _many(principal.get("Service", [])) if isinstance(principal, Mapping) else []
        if statement.get("Effect") == "Allow" and TASKS in services:
            return
    raise RoleError(
        f"ECS was unable to assume the role '{role}' that was provided for this task. "
        "Please verify that the role being passed has the proper trust relationship and permissions "
        "and that your IAM user has permissions to pass this role."
    )


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def answer(path: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
    """What is answered to a container that asks: credentials that last a while."""
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
            "Expiration": time.time() + LAST_S,
        },
    )
    until = datetime.now(UTC) + timedelta(seconds=LAST_S)
    return {
        "RoleArn": one.role,
        "AccessKeyId": key,
        "SecretAccessKey": secret,
        "Token": token,
        "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
