"""The kernels in the fastest form available: compiled where Numba is installed, else plain Python."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, overload

from . import heaps, kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .heaps import Counts, Numbers

WORTH_COMPILING = 300_000  # requests: loading Numba takes as long as running so many in plain Python
_plain_requests = [0.0]  # requests run in plain Python so far
INLINED = (
    heaps.push,
    heaps.pop,
    kernel.occupy,
    kernel.idle_slot,
    kernel.compact,
    kernel.makes_room,
    kernel.count_running,
    kernel.may_start,
    kernel.take,
    kernel.missing_input,
    kernel.start_of_attempt,
    heaps.plan,
    heaps.unplan,
)


def is_worth_compiling(requests: float) -> bool:
    """Whether to compile for about this many further requests; both ways give the same bits."""
    if "numba" in sys.modules:
        return sys.modules["numba"] is not None
    _plain_requests[0] += requests
    return _plain_requests[0] >= WORTH_COMPILING and _is_installed()


@cache
def _is_installed() -> bool:
    return importlib.util.find_spec("numba") is not None


@cache
def compile_kernel(name: str) -> Callable[..., int]:
    """The compiled kernel of that name; its machine code is cached if a cache folder is writable."""
    _register()
    import numba

    plain: Callable[..., int] = getattr(kernel, name)
    unmanaged = {
        "nogil": True,
        "_nrt": False,
    }  # the kernel allocates nothing: without reference counts it is 3 times faster
    machine_code: Callable[..., int]
    try:
        machine_code = numba.njit(cache=True, **unmanaged)(plain)
    except RuntimeError:  # no writable cache folder
        machine_code = numba.njit(**unmanaged)(plain)
    return machine_code


@cache
def _register() -> None:
    """Let compiled code call the kernel's own functions, which stay plain Python for other callers."""
    from numba.extending import register_jitable

    for function in INLINED:
        register_jitable(function)


@overload
def to_kernel(values: NDArray[np.float64], is_compiled: bool) -> Numbers: ...
@overload
def to_kernel(values: NDArray[np.int64], is_compiled: bool) -> Counts: ...
def to_kernel(values: NDArray[np.float64] | NDArray[np.int64], is_compiled: bool) -> Numbers | Counts:
    """`values` in the form that the kernel reads fastest: an array when compiled, else a list."""
    return values if is_compiled else values.tolist()
