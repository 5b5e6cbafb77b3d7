"""Refuses calls without a key and with the emulator's well-known key.

The emulator treats both as calls of the account's owner. Every request reaches this check, whatever its path
and host: here the emulator decides who sent it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .hook import hook, require

ANONYMOUS = {
    ("apigateway", "execute-api:Invoke"),
    ("lambda", "lambda:InvokeFunctionUrl"),
}  # service and action of doors that may need no authorisation


def install() -> None:
    """Refuse calls without a key and calls with the emulator's well-known key."""
    from ministack.core import iam_evaluator

    signature = "access_key_id iam_action service region resource_arn service_context"
    enforce = _refuse_root(lambda action, service: (service, action) in ANONYMOUS)
    hook(iam_evaluator, "enforce", signature, enforce)
    check = _refuse_root(lambda *args: False)
    hook(iam_evaluator, "check_credentials", "access_key_id service", check)


def _refuse_root(allows_anonymous: Callable[..., bool]) -> Callable[..., Any]:
    from ministack.core import iam_evaluator

    is_root = require(iam_evaluator, "is_root_access_key", "access_key_id")
    error = iam_evaluator.AuthError(
        "InvalidClientTokenId", "The security token included in the request is invalid."
    )

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def decide(access_key_id: str, *args: Any, **kwargs: Any) -> Any:
            if is_root(access_key_id) and (access_key_id or not allows_anonymous(*args[:2])):
                return error
            return original(access_key_id, *args, **kwargs)

        return decide

    return wrap
