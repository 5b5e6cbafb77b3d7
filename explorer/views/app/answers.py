"""Messages to the browser: first the quick answer to a change, then the slow rest; only differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from explorer.analysis.recommendation import Recommendation
from explorer.errors import ExplorerError
from explorer.workload.kinds import ANY
from explorer.workload.workload import Workload

from . import screen_state
from .history import History, State
from .maps import COARSE, FINE_POINTS, Maps, now_of
from .prefetch import AnswerCache, Ready, states_after_move, states_at_steps
from .scenarios import Scenarios

Send = Callable[..., None]


@dataclass(frozen=True)
class Stage:
    """A slow task: `work` runs in a thread, then `show` sends its result."""

    work: Callable[[], Any]
    show: Callable[[], None] = lambda: None
    waits_for_pause: bool = False  # run it only when the user has paused


class Answers:
    """The answers in the browser, as far as they have been sent."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._in_view: dict[str, Any] = {}
        self._stops: screen_state.Stops = {}
        self._at: dict[str, int] = {}
        self._presets: list[str] = []
        self._offered: Mapping[str, Workload] = {}
        self._endings: list[str] = []
        self._map: Any = None
        self._number: int | None = None
        self._whole = False
        self.maps = Maps()
        self.cache = AnswerCache()
        self.has_view = False
        self.pinned: Recommendation | None = None
        self.pinned_state: State | None = None
        self.scenarios = Scenarios()

    def reset_view(self, presets: Mapping[str, Workload], endings: list[str]) -> None:
        """A new view has opened, to which everything must be sent."""
        self.has_view = True
        self._in_view, self._stops, self._presets, self._map = {}, {}, [], None
        self._offered, self._endings = presets, endings

    def begin(self) -> None:
        """Start from another base workload."""
        self._stops = {}
        self.maps.begin()
        self.cache.clear(self.pinned)

    def axes(self, x: str, y: str) -> None:
        """Choose other axes of the map."""
        self.maps.choose(x, y)
        self._map = None

    def pin(self, r: Recommendation, state: State) -> None:
        """Pin an answer for comparison, or unpin it."""
        self.pinned, self.pinned_state = (None, None) if self.pinned else (r, state)
        self.cache.clear(self.pinned)

    def hold(self, r: Recommendation | None, state: State | None) -> None:
        """Compare with this answer from now on, or with none."""
        if self.pinned or r:
            self.pinned, self.pinned_state = r, state
            self.cache.clear(self.pinned)

    def swap(self, r: Recommendation, state: State) -> None:
        """Pin another answer instead."""
        self.pinned, self.pinned_state = r, state
        self.begin()

    # At once --------------------------------------------------------------------------------------

    def quick(
        self, ready: Ready, history: History, remark: str, number: int | None, error: str, wrong: str = ""
    ) -> None:
        """Send the quick part: the answer, its limits and costs, and the map if it is still valid.

        `remark` says how the change was made, `error` why it was not, `wrong` names the field typed into.
        """
        if not self.has_view:
            return
        r = ready.r
        message: dict[str, Any] = {
            "say": "state",
            "trouble": error,
            "remark": remark,
            "number": number,
            "turned": number,
            "wrong": wrong,
        }
        self._controls(message, ready, history)
        message["panels"] = {name: text for name, text in ready.quick.items() if self._is_new(name, text)}
        if self._is_new("steps", ready.steps):
            message["steps"] = ready.steps
        self.maps.arrive(r.workload)
        pins = self._pins(r.workload)
        if self._is_new("pins", pins):
            message["pins"] = pins
        message["stale"] = True
        buffers = self._with_map(message, r, history.now)
        self._whole = self._is_live(ready)
        message["partial"] = not self._whole  # the map and what is ruled out are still of the last answer
        if self._whole:
            self._ruled_out(message, ready)
            message["live"] = number
        self._number = number
        self._send(message, buffers)

    def _is_live(self, ready: Ready) -> bool:
        """Whether only the break-evens are still missing."""
        return ready.is_whole and self._is_mapped(ready)

    def _is_mapped(self, ready: Ready) -> bool:
        w = ready.r.workload
        return any(self.maps.map_in_store(ready.state, w, points) for points in (FINE_POINTS, COARSE))

    def _ruled_out(self, message: dict[str, Any], ready: Ready) -> None:
        if self._is_new("rejected", ready.rejections):
            message.setdefault("panels", {})["rejected"] = ready.rejections

    def _controls(self, message: dict[str, Any], ready: Ready, history: History) -> None:
        w = ready.r.workload
        stops = screen_state.slider_stops(w, history.now.base, self._stops)
        if stops != self._stops:
            message["controls"] = screen_state.controls_message(stops, self._stops, w)
            self._stops = stops
        if self._is_new("drawer", True):
            message["drawer"] = screen_state.drawer_message()
        message["at"] = screen_state.control_positions(stops, w)
        if self._is_new("texts", ready.texts):
            message["texts"] = ready.texts
        self._at = message["at"]["dials"]
        name = history.now.base.name
        bar = screen_state.toolbar_state(history, name, self.pinned is not None, len(self.scenarios))
        names = list(self._offered)
        if names != self._presets:
            self._presets = names
            bar |= {"presets": names, "endings": self._endings}
        message["bar"] = bar

    def _pins(self, workload: Workload) -> list[tuple[float, float, str]]:
        if not self.pinned:
            return []
        x, y = self.maps.axes(workload)
        return [(now_of(self.pinned.workload, x), now_of(self.pinned.workload, y), "A")]

    def _with_map(self, message: dict[str, Any], r: Recommendation, state: State) -> list[bytes]:
        """Add the finest available map to a message, unless the screen already shows it."""
        for points in (FINE_POINTS, COARSE):
            decisions = self.maps.map_in_store(state, r.workload, points)
            if decisions is not None:
                if decisions is not self._map:
                    message["map"], buffers = self.maps.message(decisions, fine=points == FINE_POINTS)
                    self._map = decisions
                    return buffers
                break
        return []

    def _is_new(self, name: str, value: Any) -> bool:
        if self._in_view.get(name) == value:
            return False
        self._in_view[name] = value
        return True

    def ahead(self, before: State, now: State) -> Iterator[State]:
        """The states that may come next, if a slider was moved between the two states."""
        return states_after_move(before, now, self._stops, self._at)

    def around(self, now: State, field: str) -> Iterator[State]:
        """The states one stop up and one stop down on a slider."""
        return states_at_steps(now, field, (1, -1), self._stops, self._at)

    # Later ----------------------------------------------------------------------------------------

    def stages(self, ready: Ready, ahead: Iterator[State]) -> Iterator[Stage]:
        """The slow tasks after a change, the most urgent first; `ahead` are states that may come next.

        With an open memory size each of these takes seconds: they wait for what is on the screen.
        """
        r, state, w = ready.r, ready.state, ready.r.workload
        if not self._whole:  # missing when the answer was shown
            yield Stage(partial(self._compute_coarse_map, ready))
            yield Stage(ready.complete, lambda: self._live(ready))
        foreseen = (Stage(work) for each in ahead for work in self.foresee(each))
        if w.runtime.memory != ANY:
            yield from foreseen
        yield Stage(
            lambda: ready.changes,
            lambda: self._panel("turns", ready.changes, stale=False),
            waits_for_pause=True,
        )
        yield from foreseen
        yield from map(Stage, self.maps.computations(state, w, FINE_POINTS))
        yield Stage(lambda: None, lambda: self._map_now(r, state))

    def _compute_coarse_map(self, ready: Ready) -> None:
        if not self._is_mapped(ready):
            self.maps.compute_map(ready.state, ready.r.workload, COARSE)

    def foresee(self, state: State) -> Iterator[Callable[[], None]]:
        """The computations for a state that may come next, each short: a change drops those that remain.

        Errors are ignored until the state comes.
        """
        answers: list[Ready] = []

        def take() -> None:
            with suppress(ExplorerError):
                answers.append(self.cache.take(state))

        yield take
        for ready in answers:
            yield partial(self._compute_coarse_map, ready)
            yield ready.complete

    def _live(self, ready: Ready) -> None:
        """Send the coarse map, and the excluded options."""
        message: dict[str, Any] = {"say": "state", "live": self._number, "partial": False}
        self._ruled_out(message, ready)
        self._send(message, self._with_map(message, ready.r, ready.state))

    def _map_now(self, r: Recommendation, state: State) -> None:
        message: dict[str, Any] = {"say": "state"}
        buffers = self._with_map(message, r, state)
        if "map" in message:
            self._send(message, buffers)

    def _panel(self, name: str, html: str, **more: Any) -> None:
        panels_to_send = {name: html} if self._is_new(name, html) else {}
        if panels_to_send or more:
            self._send({"say": "state", "panels": panels_to_send, **more})

    def trouble(self, text: str) -> None:
        """Send one line on what went wrong."""
        self._send({"say": "state", "trouble": text})
