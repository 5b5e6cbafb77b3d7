"""The cases of a test that `make test` leaves to the long guards."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def slow_but(few: Collection[tuple], cases: Iterable[tuple]) -> list[Any]:
    """The cases, each that is not one of the few marked as slow."""
    cases = list(cases)
    assert set(few) <= set(cases), f"not among the cases: {set(few) - set(cases)}"
    return [pytest.param(*case, marks=() if case in few else pytest.mark.slow) for case in cases]
