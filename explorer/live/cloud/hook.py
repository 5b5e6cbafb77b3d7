"""Hooks into the emulator: its version is pinned, and each name is checked before it is replaced."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from importlib import metadata
from typing import Any

from explorer.errors import CloudError
from explorer.facts.extras import install_command, missing_error

EMULATOR, PINNED = "ministack", "1.5.33"

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


def check_version() -> None:
    """Raise CloudError unless the emulator is installed in the version for which the hooks were written."""
    try:
        version = metadata.version(EMULATOR)
    except metadata.PackageNotFoundError:
        raise missing_error("the local cloud", [EMULATOR]) from None
    if version != PINNED:
        raise CloudError(f"{EMULATOR} is {version}: expected {PINNED}: {install_command('cloud')}")


def require(owner: Any, name: str, parameters: str) -> Any:
    """The callable `name` of `owner`, after a check of its parameters.

    Parameters
    ----------
    owner : module or class of the emulator
    name : of a function or method
    parameters : expected names, in order, separated by spaces

    Raises CloudError if it is missing or takes other parameters.
    """
    place = f"{EMULATOR} {PINNED}: {getattr(owner, '__name__', owner)}.{name}"
    function = getattr(owner, name, None)
    if not callable(function):
        raise CloudError(f"{place} is missing: expected {name}({', '.join(parameters.split())})")
    names = list(inspect.signature(function).parameters)
    if names != parameters.split():
        expected = ", ".join(parameters.split())
        raise CloudError(f"{place} takes ({', '.join(names)}): expected ({expected})")
    return function


def hook(owner: Any, name: str, parameters: str, wrap: Wrap) -> None:
    """Replace `owner.name` by `wrap(original)`; parameters and errors are those of `require`."""
    original = require(owner, name, parameters)
    setattr(owner, name, functools.wraps(original)(wrap(original)))


def hook_action(owner: Any, action: str, name: str, parameters: str, wrap: Wrap) -> None:
    """`hook` for a function that the emulator looks up by an API's action.

    Raises CloudError, also if another function answers the action.
    """
    if owner._ACTION_MAP.get(action) is not getattr(owner, name, None):
        raise CloudError(f"{EMULATOR} {PINNED}: {owner.__name__}: {action} is not answered by {name}")
    hook(owner, name, parameters, wrap)
    owner._ACTION_MAP[action] = getattr(owner, name)
