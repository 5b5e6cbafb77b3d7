"""The facts by id, and what was worked out, each remembered."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import numpy as np

from explorer.facts import catalogue

from .request_path import LEVELS

T = TypeVar("T")


class Lookup:
    """Facts by id, for arrays of `shape`; what was asked for stays, as the assumptions of an answer."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.levels = np.array(LEVELS).reshape((3,) + (1,) * len(shape))
        self.limits: dict[str, float] = {}
        self.constants: dict[str, float] = {}
        self.times: dict[str, np.ndarray] = {}
        self._memo: dict[Hashable, Any] = {}

    def memo(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returns, worked out once for all views of this load."""
        try:
            if key not in self._memo:
                self._memo[key] = make()
        except TypeError:  # an array among the key's parts: nothing to remember it by
            return make()
        return self._memo[key]

    def forget(self) -> None:
        """Let go of what was worked out: it refers back here, and would stay until cycles are looked for."""
        self._memo.clear()

    def limit(self, limit_id: str) -> float:
        """The value of a limit, in its unit."""
        if limit_id not in self.limits:
            value = catalogue.limit(limit_id).value
            assert value is not None, f"{limit_id} has no number in limits.csv"
            self.limits[limit_id] = value
        return self.limits[limit_id]

    def constant(self, constant_id: str) -> float:
        """A metering or modelling constant."""
        if constant_id not in self.constants:
            self.constants[constant_id] = catalogue.constant(constant_id).value
        return self.constants[constant_id]

    def time(self, time_id: str) -> np.ndarray:
        """What an operation takes at each of `LEVELS` [s], shape (3, ...)."""
        if time_id not in self.times:
            row = catalogue.time(time_id)
            seconds = np.array([row.p50_s, row.p95_s, row.p99_s])
            self.times[time_id] = seconds.reshape(self.levels.shape)
        return self.times[time_id]

    def typical_s(self, time_id: str) -> float:
        """The p50 of an operation [s], where its mean is wanted: no other figure is published."""
        return self.time(time_id)[0].item()
