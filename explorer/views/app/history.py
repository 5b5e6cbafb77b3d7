"""What was turned, and the way back: a base workload, the values turned since, undo and redo."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from explorer.workload.workload import Workload

from .controls import TAIL, Value, workload_with
from .drawer import QUANTILES

RATE = "requests_per_month"
PEAK = "peak_rps"  # grows with its mean
MOST = 200  # states that can be gone back
TOGETHER_S = 0.8  # turns of the same fields within this are one step back


@dataclass(frozen=True)
class State:
    """A workload as it began, and what has been turned since."""

    base: Workload
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def workload(self) -> Workload:
        """The workload as it stands. Raises WorkloadError for a value that it cannot have."""
        return workload_with(self.base, self.values) if self.values else self.base

    def with_(self, values: Mapping[str, Value]) -> State:
        """The same with further values turned: a peak that was typed grows with its mean.

        A distribution that is typed whole takes the place of what its sliders had made of it.
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
    """The states behind and ahead of the one that is shown."""

    def __init__(self, first: State) -> None:
        self.now = first
        self._behind: list[State] = []
        self._ahead: list[State] = []
        self._last_turn: tuple[frozenset[str], float] = (frozenset(), 0.0)

    @property
    def can_undo(self) -> bool:
        """Whether there is a state behind."""
        return bool(self._behind)

    @property
    def can_redo(self) -> bool:
        """Whether there is a state ahead."""
        return bool(self._ahead)

    def go(self, state: State, fields: frozenset[str] = frozenset()) -> None:
        """Show another state; turns of the same `fields` in quick succession are one step."""
        before, when = self._last_turn
        now = time.monotonic()
        if not (fields and fields == before and now - when < TOGETHER_S):
            self._behind = [*self._behind, self.now][-MOST:]
        self._ahead.clear()
        self._last_turn = (fields, now)
        self.now = state

    def undo(self) -> None:
        """One state back, if there is one."""
        if self._behind:
            self._ahead.append(self.now)
            self.now = self._behind.pop()
            self._last_turn = (frozenset(), 0.0)

    def redo(self) -> None:
        """One state ahead, if there is one."""
        if self._ahead:
            self._behind.append(self.now)
            self.now = self._ahead.pop()
            self._last_turn = (frozenset(), 0.0)
