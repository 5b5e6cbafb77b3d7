"""Undo and redo: a base workload, and the values changed since."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from explorer.workload.workload import Workload

from .controls import TAIL, Value, workload_with
from .drawer import QUANTILES

RATE = "requests_per_month"
PEAK = "peak_rps"  # it grows with the mean rate
MOST = 200  # states that can be undone
TOGETHER_S = 0.8  # changes of the same fields within this time are one undo step


@dataclass(frozen=True)
class State:
    """A base workload, and the values changed since."""

    base: Workload
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def workload(self) -> Workload:
        """The current workload. Raises WorkloadError if it cannot have a value."""
        return workload_with(self.base, self.values) if self.values else self.base

    def with_(self, values: Mapping[str, Value]) -> State:
        """The state with more changes: a typed peak grows with its mean.

        A distribution typed as a whole replaces changes by its sliders.
        """
        earlier = dict(self.values)
        rate, peak = values.get(RATE), earlier.get(PEAK) if PEAK not in values else None
        before = earlier.get(RATE, self.base.requests_per_month)
        if isinstance(peak, float) and isinstance(rate, int | float) and isinstance(before, int | float):
            earlier[PEAK] = peak * rate / before
        for key in values:
            if key.endswith(QUANTILES):
                path = key.removesuffix(QUANTILES)
                earlier = {name: value for name, value in earlier.items() if name not in (path, path + TAIL)}
        return State(self.base, {**earlier, **values})


class History:
    """The states before and after the current one."""

    def __init__(self, first: State) -> None:
        self.now = first
        self._behind: list[State] = []
        self._ahead: list[State] = []
        self._last_turn: tuple[frozenset[str], float] = (frozenset(), 0.0)

    @property
    def can_undo(self) -> bool:
        """Whether undo is possible."""
        return bool(self._behind)

    @property
    def can_redo(self) -> bool:
        """Whether redo is possible."""
        return bool(self._ahead)

    def go(self, state: State, fields: frozenset[str] = frozenset()) -> None:
        """Go to a new state; quick changes of the same `fields` are one step."""
        before, when = self._last_turn
        now = time.monotonic()
        if not (fields and fields == before and now - when < TOGETHER_S):
            self._behind = [*self._behind, self.now][-MOST:]
        self._ahead.clear()
        self._last_turn = (fields, now)
        self.now = state

    def undo(self) -> None:
        """Undo one step if possible."""
        if self._behind:
            self._ahead.append(self.now)
            self.now = self._behind.pop()
            self._last_turn = (frozenset(), 0.0)

    def redo(self) -> None:
        """Redo one step if possible."""
        if self._ahead:
            self._behind.append(self.now)
            self.now = self._ahead.pop()
            self._last_turn = (frozenset(), 0.0)
