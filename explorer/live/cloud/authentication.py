"""The emulator takes a call without a key, or with its well-known one, for the owner's: here it is refused.

Whatever path and host a request is dressed up with, this is where the emulator decides who it is from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .hook import checked, hook

ANONYMOUS = {
    ("apigateway", "execute-api:Invoke"),
    ("lambda", "lambda:InvokeFunctionUrl"),
}  # if they ask for none


def install() -> None:
    """Refuse calls without a key, and those with the emulator's well-known one."""
    from ministack.core import iam_evaluator

    signature = "access_key_id iam_action service region resource_arn service_context"
    enforce = _refuse_strangers(lambda action, service: (service, action) in ANONYMOUS)
    hook(iam_evaluator, "enforce", signature, enforce)
    check = _refuse_strangers(lambda *args: False)
    hook(iam_evaluator, "check_credentials", "access_key_id service", check)


def _refuse_strangers(may_be_nobody: Callable[..., bool]) -> Callable[..., Any]:
    from ministack.core import iam_evaluator

    is_root = checked(iam_evaluator, "is_root_access_key", "access_key_id")
    stranger = iam_evaluator.AuthError(
        "InvalidClientTokenId", "The security token included in the request is invalid."
    )

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def decide(access_key_id: str, *args: Any, **more: Any) -> Any:
            if is_root(access_key_id) and (access_key_id or not may_be_nobody(*args[:2])):
                return stranger
            return original(access_key_id, *args, **more)

        return decide

    return wrap
