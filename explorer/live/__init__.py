"""Live endpoints: deploy, call, break, measure and remove them, on this machine or on AWS.

`deployment` deploys a design as a stack, removes it, or writes it as files. `functions` is the code that is
shipped, `client` calls it, `bench` measures it, and `cloud` is the local cloud. This file lists the public
names of `ex.live`: a module is imported when one of its names is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from explorer.errors import CloudError as CloudError

if TYPE_CHECKING:
    from explorer.live.bench.measure import measure as measure
    from explorer.live.bench.result import Result as Result
    from explorer.live.client.client import Client as Client
    from explorer.live.deployment.deploy import deploy as deploy
    from explorer.live.deployment.deploy import destroy as destroy
    from explorer.live.deployment.deploy import export as export
    from explorer.live.deployment.deploy import find_standing as find_standing
    from explorer.live.deployment.deploy import plan as plan
    from explorer.live.deployment.deploy import stacks as stacks
    from explorer.live.deployment.registry import Standing as Standing

    from .client import AsyncClient as AsyncClient

_CONTENTS = {  # public name: the module that holds it
    "AsyncClient": "client",
    "Client": "client.client",
    "Result": "bench.result",
    "Standing": "deployment.registry",
    "deploy": "deployment.deploy",
    "destroy": "deployment.deploy",
    "export": "deployment.deploy",
    "find_standing": "deployment.deploy",
    "measure": "bench.measure",
    "plan": "deployment.deploy",
    "stacks": "deployment.deploy",
}
__all__ = ["CloudError", *_CONTENTS]


def __getattr__(name: str) -> Any:
    if name not in _CONTENTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_CONTENTS[name]}", __name__), name)
