"""SciPy's special functions as NumPy ufuncs, without the other imports of `scipy.special`.

The `__init__` of `scipy.special` imports array libraries, f2py and test helpers, which takes three times as
long as the compiled module with the functions. Here the compiled module is imported alone; a later import of
`scipy.special` is complete, with the same functions. If SciPy is built differently, it is imported as usual.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .units import Number

NAME = "scipy.special"


class Unary(Protocol):
    """A function of one number or of each element of an array; SciPy has no published types."""

    @overload
    def __call__(self, x: float, /) -> float: ...
    @overload
    def __call__(self, x: NDArray[np.float64], /) -> NDArray[np.float64]: ...
    @overload
    def __call__(self, x: Number, /) -> Number: ...


class Binary(Protocol):
    """A function of two numbers, either of which may be an array."""

    @overload
    def __call__(self, x: float, y: float, /) -> float: ...
    @overload
    def __call__(self, x: NDArray[np.float64], y: Number, /) -> NDArray[np.float64]: ...
    @overload
    def __call__(self, x: Number, y: NDArray[np.float64], /) -> NDArray[np.float64]: ...
    @overload
    def __call__(self, x: Number, y: Number, /) -> Number: ...


def _functions() -> ModuleType:
    """The module with the functions."""
    if NAME in sys.modules:
        return sys.modules[NAME]
    spec = find_spec("scipy")
    places_of_scipy = (spec.submodule_search_locations if spec else None) or ()
    places = [str(Path(place, "special")) for place in places_of_scipy]
    stand_in = ModuleType(NAME)  # a package without its `__init__`
    stand_in.__path__ = places
    sys.modules[NAME] = stand_in
    try:
        return importlib.import_module(f"{NAME}._ufuncs")
    except (ImportError, AttributeError):
        sys.modules.pop(NAME)
        return importlib.import_module(NAME)
    finally:
        if sys.modules.get(NAME) is stand_in:
            del sys.modules[NAME]


_ufuncs = _functions()
gammainc: Binary = _ufuncs.gammainc
gammaincc: Binary = _ufuncs.gammaincc
gammaincinv: Binary = _ufuncs.gammaincinv
gammaln: Unary = _ufuncs.gammaln
log_ndtr: Unary = _ufuncs.log_ndtr
ndtr: Unary = _ufuncs.ndtr
ndtri: Unary = _ufuncs.ndtri
pdtrik: Binary = _ufuncs.pdtrik
stdtrit: Binary = _ufuncs.stdtrit
