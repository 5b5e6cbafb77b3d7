"""Answers with their panels; those for neighbouring slider stops are computed in advance."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from explorer.analysis.recommendation import Recommendation, recommend

from . import panels
from .costs import costs_panel
from .history import State
from .screen_state import Stops, texts_of
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
    def texts(self) -> dict[str, str]:
        """The texts of the drawer's typed fields."""
        return texts_of(self.r.workload)

    @cached_property
    def rejections(self) -> str:
        """The panel of excluded options."""
        return panels.rejections_panel(self.r)

    @cached_property
    def changes(self) -> str:
        """The panel of what would change the answer."""
        return panels.break_evens_panel(self.r)

    @property
    def is_whole(self) -> bool:
        """Whether everything except the break-evens is computed."""
        return "rejections" in vars(self)

    def complete(self) -> None:
        """Compute everything except the break-evens."""
        _ = self.quick, self.steps, self.texts, self.rejections


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


def states_after_move(before: State, now: State, stops: Stops, at: dict[str, int]) -> Iterator[State]:
    """The states that may follow a move of one slider: the next stop, the one before, the next but one."""
    fields = {field for field, value in now.values.items() if before.values.get(field) != value}
    fields &= stops.keys()
    if len(fields) != 1:
        return
    (field,) = fields
    was = before.values.get(field)
    ahead = -1 if isinstance(was, float | int) and was > stops[field][at[field]] else 1
    yield from states_at_steps(now, field, (ahead, -ahead, 2 * ahead), stops, at)


def states_at_steps(
    now: State, field: str, steps: Iterable[int], stops: Stops, at: dict[str, int]
) -> Iterator[State]:
    """The states so many stops away on a slider, as far as it has them."""
    values, index = stops.get(field, []), at.get(field, 0)
    for step in steps:
        if 0 <= index + step < len(values):
            yield now.with_({field: values[index + step]})
