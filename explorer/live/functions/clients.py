"""Clients of AWS, made once in an environment, when first used."""

from __future__ import annotations

from functools import cache
from typing import Any

CONNECT_S, ANSWER_S, CARRY_S = 2, 5, 60  # S3 carries results: its answers take longer
ATTEMPTS = 4


@cache
def _session() -> Any:
    from botocore.session import get_session  # boto3 would add what is not needed to a cold start

    return get_session()


@cache
def client(service: str) -> Any:
    """The client of an AWS service; safe to share between threads."""
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_S,
        read_timeout=CARRY_S if service == "s3" else ANSWER_S,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        signature_version="s3v4" if service == "s3" else None,
        request_checksum_calculation="when_required",  # else a signed upload wants a checksum of nothing
        response_checksum_validation="when_required",
    )
    return _session().create_client(service, config=config)


def code(error: Exception) -> str:
    """The code of an error that AWS answered, "" of any other."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def platform_errors() -> tuple[type[Exception], ...]:
    """What the SDK raises when AWS does not answer, or refuses."""
    from botocore.exceptions import BotoCoreError, ClientError

    return BotoCoreError, ClientError


def not_started(failures: list[dict[str, str]]) -> Exception:
    """The error for tasks that ECS took on and did not place: it answers them as failures, with success."""
    from botocore.exceptions import ClientError

    reason = failures[0].get("reason", "") if failures else "no task"
    return ClientError({"Error": {"Code": "TaskNotPlaced", "Message": reason}}, "RunTask")
