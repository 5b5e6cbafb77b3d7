"""The work's own `check(body)`, called before a body is accepted, so that no job fails for its body."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import results
from problems import Problem, type_and_detail
from settings import SETTINGS

MB = 1024**2
MEMORY_SHARE = 16  # parsed JSON takes many times its size


def check_body(body: Any) -> None:
    """Let the work refuse a body. Raises Problem with what its `check` raised."""
    if not SETTINGS.check:
        return
    check = check_function()
    try:
        check(body)
    except (Exception, SystemExit) as error:
        kind, detail = type_and_detail(error)
        raise Problem(422, detail or kind) from None


def check_function() -> Any:
    """The `check` beside the work."""
    module, _, name = SETTINGS.check.partition(":")
    return getattr(import_module(module), name)


def check_upload(place: results.Place) -> None:
    """Read an upload and let the work refuse it. Raises Problem.

    One that is too large for this function's memory is checked when the work begins.
    """
    try:
        body = results.read_body(place, most_bytes=readable_bytes())
    except results.TooLarge:
        return
    except results.Unreadable as error:
        raise Problem(422, str(error)) from None
    check_body(body)


def readable_bytes() -> int:
    """The largest upload that this function or container can read as JSON [B]."""
    memory_mb = os.environ.get("MEMORY_MB") or os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
    return int(memory_mb) * MB // MEMORY_SHARE
