"""Reality into a workload: logs, results and live functions become one frame, and that a workload.

`sources` finds the bytes, `reading` tells their format. `reports` and `access` read lines, `containers` and
`documents` what wraps them, `tuning` and `benchmark` results, `function` a live function: each gives parts
of the one `frame`, which a tally keeps. `summary` says what it holds; `workload` writes the file and its
questions.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .frame import Tally as Tally
    from .reading import gather as gather
    from .summary import Summary as Summary
    from .workload import Draft as Draft
    from .workload import draft as draft
    from .workload import write as write

_CONTENTS = {  # public name: the module that holds it
    "Draft": "workload",
    "Summary": "summary",
    "Tally": "frame",
    "draft": "workload",
    "gather": "reading",
    "write": "workload",
}
__all__ = list(_CONTENTS)


def __getattr__(name: str) -> Any:
    if name not in _CONTENTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_CONTENTS[name]}", __name__), name)
