"""Answers with their panels; those for neighbouring slider stops are computed in advance."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from explorer.analysis.recommendation import Recommendation, recommend

from . import panels
from .costs import costs_panel
from .history import State
from .screen_state import Stops
from .sequence import sequence_message

MOST_ANSWERS = 64  # in the cache
Key = frozenset[tuple[str, Any]]


class Ready:
    """The answer of one state; its panels are computed on first use."""

    def __init__(self, state: State, pinned: Recommendation | None) -> None:
        self.state, self.pinned = state, pinned
        self.r = recommend(state.workload)

    @cached_property
    def quick(self) -> dict[str, str]:
        """The panels that are sent first after a change."""
        return {
            "answer": panels.answer_panel(self.r, self.pinned),
            "limits": panels.limits_panel(self.r, self.pinned),
            "costs": costs_panel(self.r, self.pinned),
        }

    @cached_property
    def steps(self) -> dict[str, Any]:
        """One request, step by step."""
        return sequence_message(self.r)

    @cached_property
    def rejections(self) -> str:
        """The panel of excluded options."""
        return panels.rejections_panel(self.r)

    @property
    def is_whole(self) -> bool:
        """Whether everything except the break-evens is computed."""
        return "rejections" in vars(self)

    def complete(self) -> None:
        """Compute everything except the break-evens."""
        _ = self.quick, self.steps, self.rejections


class AnswerCache:
    """The cache of answers."""

    def __init__(self) -> None:
        self._cache: OrderedDict[Key, Ready] = OrderedDict()
        self.pinned: Recommendation | None = None

    def clear(self, pinned: Recommendation | None) -> None:
        """Clear the cache: another base workload, or another compared answer."""
        self._cache.clear()
        self.pinned = pinned

    def take(self, state: State) -> Ready:
        """The answer of a state, computed if it is not cached. Raises ExplorerError if it is no workload."""
        key: Key = frozenset(state.values.items())
        ready = self._cache.get(key)
        if ready is None or ready.state.base is not state.base or ready.pinned is not self.pinned:
            ready = self._cache[key] = Ready(state, self.pinned)
        self._cache.move_to_end(key)
        while len(self._cache) > MOST_ANSWERS:
            self._cache.popitem(last=False)
        return ready


def neighbouring_states(before: State, now: State, stops: Stops, at: dict[str, int]) -> Iterator[State]:
    """The states one stop up and one stop down on the slider that was moved last."""
    fields = {field for field, value in now.values.items() if before.values.get(field) != value}
    fields &= stops.keys()
    if len(fields) != 1:
        return
    (field,) = fields
    values, index = stops[field], at[field]
    was = before.values.get(field)
    ahead = -1 if isinstance(was, float | int) and was > values[index] else 1
    for step in (ahead, -ahead):
        if 0 <= index + step < len(values):
            yield now.with_({field: values[index + step]})
