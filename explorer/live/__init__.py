"""The endpoint alive: put up, used, broken, measured and removed, on this machine or on AWS.

`deploying` takes a workload to an endpoint that stands and back to nothing, by `stack`, `standing`,
`package` and `values`; `target` says where. `functions` is what is shipped, `client` calls it, `bench`
measures it, `exporting` hands it over. The local cloud is `cloud` and what its process, `serve`, holds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import CloudError as CloudError

if TYPE_CHECKING:
    from .bench import Result as Result
    from .client import AsyncClient as AsyncClient
    from .client import Client as Client
    from .deploying import deploy as deploy
    from .deploying import destroy as destroy
    from .deploying import export as export
    from .deploying import found as found
    from .deploying import plan as plan
    from .deploying import stacks as stacks
    from .measuring import measure as measure
    from .standing import Standing as Standing

_CONTENTS = {  # public name: the module that holds it
    "AsyncClient": "client",
    "Client": "client",
    "Result": "bench",
    "Standing": "standing",
    "deploy": "deploying",
    "destroy": "deploying",
    "export": "deploying",
    "found": "deploying",
    "measure": "measuring",
    "plan": "deploying",
    "stacks": "deploying",
}
__all__ = ["CloudError", *_CONTENTS]


def __getattr__(name: str) -> Any:
    if name not in _CONTENTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_CONTENTS[name]}", __name__), name)
