"""Clients of AWS, created at first use, once in an environment."""

from __future__ import annotations

from functools import cache
from typing import Any

CONNECT_S, ANSWER_S, S3_ANSWER_S = 2, 5, 60  # S3 transfers results, which takes longer
ATTEMPTS = 4


@cache
def _session() -> Any:
    from botocore.session import get_session  # boto3 would add to a cold start what is not needed

    return get_session()


@cache
def client(service: str) -> Any:
    """The client of an AWS service; threads may share it."""
    return session_client(service)


def session_client(service: str, **more: Any) -> Any:
    """A new client of an AWS service, with more arguments of the SDK."""
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_S,
        read_timeout=S3_ANSWER_S if service == "s3" else ANSWER_S,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        signature_version="s3v4" if service == "s3" else None,
        request_checksum_calculation="when_required",  # else a signed upload requires a checksum of no bytes
        response_checksum_validation="when_required",
    )
    return _session().create_client(service, config=config, **more)


def error_code(error: Exception) -> str:
    """The code of an error that AWS returned, "" for any other exception."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def platform_errors() -> tuple[type[Exception], ...]:
    """The SDK's exceptions if AWS does not answer or refuses."""
    from botocore.exceptions import BotoCoreError, ClientError

    return BotoCoreError, ClientError


def task_not_placed(failures: list[dict[str, str]]) -> Exception:
    """The error for tasks that ECS did not place: its answer is a success with a list of failures."""
    from botocore.exceptions import ClientError

    reason = failures[0].get("reason", "") if failures else "no task"
    return ClientError({"Error": {"Code": "TaskNotPlaced", "Message": reason}}, "RunTask")
