"""One screen: handles the messages of the browser."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from base64 import b64encode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from explorer.analysis.phrases import sentence
from explorer.analysis.recommendation import Recommendation
from explorer.engine.designs import Design, choices
from explorer.errors import ExplorerError
from explorer.facts import locations
from explorer.facts.atomic_write import write_atomically
from explorer.facts.units import format_usd
from explorer.workload.workload import Workload

from . import address, design_page, downloads, sharing
from .answers import Answers
from .controls import DIALS, Value
from .drawer import ENTRIES
from .glossary import WORDS
from .history import History, State
from .maps import AXES
from .prefetch import Ready
from .scenarios import Scenario, Scenarios
from .view import View
from .why import explanation_of

CHANGES = (  # messages that lead to another state
    *("turn", "type", "preset", "undo", "redo", "reset", "paste", "open"),
    *("axes", "zoom", "pin", "swap", "load", "arrive"),
)
MOST_PLACES = 200  # states kept for the browser's back button
WORKLOAD = "EXPLORER_WORKLOAD"  # environment variable with which `explorer app` passes its workload
SWITCH_S = 1e-4  # thread switch interval, so that changes need not wait for background work
REST_S = 0.5  # pause after the last change before the slowest tasks begin


class Explorer:
    """An interactive workload and its answer. Displays itself in a notebook.

    `workload` is the current workload, `recommendation` its answer, `widget` the screen.
    """

    def __init__(self, workload: Workload | None = None, *, alone: bool = False) -> None:
        self._presets = presets() if workload is None else {workload.name: workload, **presets()}
        self._history = History(State(next(iter(self._presets.values()))))
        self._places: dict[tuple[str, str], State] = {}  # by their address
        self._later: asyncio.Task[None] | None = None
        self._ahead: asyncio.Task[None] | None = None
        self._pool = ThreadPoolExecutor(1, "explorer")  # for slow tasks, one at a time
        self.widget = View(self._handle_message, alone=alone)
        self._answers = Answers(self.widget.send)
        self._before = self._history.now
        self._ready = self._answers.cache.take(self._history.now)

    @property
    def recommendation(self) -> Recommendation:
        """The answer for the current workload."""
        return self._ready.r

    @property
    def workload(self) -> Workload:
        """The current workload."""
        return self._ready.r.workload

    def __repr__(self) -> str:
        r = self.recommendation
        answer_text = (
            f"{r.design}, {format_usd(r.monthly_usd)} a month" if r.feasible else "nothing is feasible"
        )
        return f"Explorer({self.workload.name}: {answer_text})"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The widget; for viewers without widgets a static picture and text."""
        from explorer.views.figures import limits_used

        mime = self.widget._repr_mimebundle_(**kwargs)
        bundle = dict(mime[0] if isinstance(mime, tuple) else mime or {})
        bundle["text/plain"] = repr(self)
        bundle["image/png"] = b64encode(limits_used(self.recommendation).png()).decode()
        return bundle

    def save(self, path: str | Path) -> Path:
        """Write the current workload as TOML, and return the path.

        Raises ExplorerError if the file cannot be written.
        """
        path = Path(path)
        try:
            write_atomically(path, self.workload.to_toml())
        except OSError as error:
            raise ExplorerError(f"{path}: cannot be written ({error.strerror})") from None
        return path

    def set(self, field: str, value: Value) -> None:
        """Set one field, as its slider or switch does: `set("response", 2e6)`.

        If the workload cannot have the value, the screen shows an error, and nothing changes.
        """
        self._do(partial(self._turn, {field: value}))

    # Changes of the state ------------------------------------------------------------------------

    def _go(self, state: State, fields: frozenset[str] = frozenset()) -> None:
        """Go to another state. Raises ExplorerError, without a change, if it is no workload."""
        self._ready = self._answers.cache.take(state)
        self._before = self._history.now
        if state is not self._history.now:
            self._history.go(state, fields)

    def _turn(self, values: Mapping[str, Value]) -> None:
        self._go(self._history.now.with_(values), frozenset(values))

    def _type(self, field: str, text: str) -> str:
        """Set a field to the value that the user typed; returns how a number without a unit was read."""
        dial = next((dial for dial in DIALS if dial.field == field), None)
        control = dial or ENTRIES.get(field)
        if control is None:
            return ""
        whole = control.text_with_unit(text, self.workload)
        value = dial.value_of_text(whole, self.workload) if dial else ENTRIES[field].value_of_text(whole)
        self._turn({field: value})
        if whole == text.strip() or not value:
            return ""
        return (
            f"{text.strip()} was read as {dial.wording(value) if dial else control.record.kind.show(value)}."
        )

    def _begin(self, workload: Workload) -> None:
        """Start from another workload and add it to the presets; a repeated name gets a number."""
        plain = workload.name
        for number in count(2):
            preset = self._presets.get(workload.name)
            if preset is None or preset.to_toml() == workload.to_toml():
                break
            workload = workload.replace(name=f"{plain} ({number})")
        self._go(State(workload))
        self._presets.setdefault(workload.name, workload)
        self._answers.begin()

    def _back(self, which: str) -> None:
        """Undo or redo one step."""
        base = self._history.now.base
        getattr(self._history, which)()
        self._go(self._history.now)
        if self._history.now.base is not base:
            self._answers.begin()

    def _reset(self) -> None:
        if self._history.now.values:
            self._go(State(self._history.now.base))

    # Messages of the browser ---------------------------------------------------------------------

    def _handle_message(self, content: Mapping[str, Any], buffers: list[bytes]) -> None:
        """Handle a message; internal errors are shown on the screen and logged."""
        try:
            self._answer(content, buffers)
        except Exception as error:
            self._answers.trouble(
                f"The explorer has a fault here ({type(error).__name__}): nothing has changed."
            )
            raise

    def _answer(self, content: Mapping[str, Any], buffers: list[bytes]) -> None:
        """Handle a message; what cannot be done is shown as one line on the screen."""
        what = content.get("do")
        if what == "why":
            key = str(content.get("key"))
            html = explanation_of(self.recommendation, key, self._history.now, self._answers.pinned)
            self.widget.send({"say": "why", "key": key, "html": html})
        elif what == "hello":
            self._answers.reset_view(self._presets, downloads.report_endings())
            self._do(partial(self._arrive, content))
        elif what == "ping":
            self.widget.send({"say": "pong", "number": content.get("number")})
        elif what == "ahead":
            if self._ahead is not None:
                self._ahead.cancel()
            self._ahead = self._aside(self._foresee([str(field) for field in content["fields"]]))
        elif what == "where":
            self.widget.send({"say": "where", "number": content.get("number"), **self._where()})
        elif what == "help":
            self.widget.send({"say": "help", "words": WORDS})
        elif what in ("design", "list"):
            self._open(what, content)
        elif what in CHANGES:
            change = partial(self._next_state, what, content, buffers)
            self._do(change, content.get("number"), str(content.get("field", "")))
        elif what in ("scenarios", "keep", "rename", "remove"):
            self._side_by_side(what, str(content.get("name", "")), str(content.get("now", "")))
        elif what in ("share", "save", "export", "table"):
            self._give(what, content)

    def _next_state(self, what: str, content: Mapping[str, Any], buffers: list[bytes]) -> str | None:
        """Go to the state that the browser requests; returns a remark, if any."""
        if what == "turn":
            self._turn(address.checked_values(content["values"]))
        elif what == "type":
            return self._type(str(content["field"]), str(content["text"]))
        elif what == "preset":
            self._begin(self._presets[content["name"]])
        elif what == "arrive":
            self._arrive(content)
        elif what in ("undo", "redo"):
            self._back(what)
        elif what == "reset":
            self._reset()
        elif what == "paste":
            self._begin(sharing.workload_of_paste(str(content["text"])))
        elif what == "open":
            workload, remark = sharing.workload_of_file(str(content["name"]), buffers[0])
            self._begin(workload)
            return remark
        elif what == "axes" and {content["x"], content["y"]} <= set(AXES):
            self._answers.axes(content["x"], content["y"])
        elif what == "zoom":
            self._answers.maps.zoom(content["windows"])
        elif what == "pin":
            self._answers.pin(self.recommendation, self._history.now)
            self._go(self._history.now)
        elif what == "swap" and self._answers.pinned_state:
            there, here = self._answers.pinned_state, (self.recommendation, self._history.now)
            self._answers.swap(*here)
            self._go(there)
        elif what == "load":
            self._lead(self._answers.scenarios.take(str(content["name"])).state)
        return None

    def _lead(self, state: State) -> None:
        """Go to a state that may have another base workload."""
        base = self._history.now.base
        self._go(state)
        if state.base is not base:
            self._presets.setdefault(state.base.name, state.base)
            self._answers.begin()

    def _side_by_side(self, what: str, name: str, new_name: str) -> None:
        """Add, rename or remove a scenario, and send all; errors are shown there as a line."""
        scenarios, trouble, is_done = self._answers.scenarios, "", False
        try:
            if what == "keep":
                scenarios.add(name, self._history.now)
            elif what == "rename":
                scenarios.rename(name, new_name)
            elif what == "remove":
                scenarios.remove(name)
            is_done = True
            if len(scenarios) and not self._where():
                trouble = "These are too much for the page's address: they last until the page is left."
        except ExplorerError as error:
            trouble = sentence(str(error))
        message = {**scenarios.to_dict(self._history.now), "trouble": trouble, "ok": is_done}
        self.widget.send({"say": "scenarios", "did": what, **message})

    # The page's address ---------------------------------------------------------------------------

    def _where(self) -> dict[str, str]:
        """The address of the current state; the state is kept with its undo history."""
        letters = address.address_of(self._history.now, self._answers.pinned_state, self._answers.scenarios)
        if letters:
            self._places[letters["w"], letters["v"]] = self._history.now
            while len(self._places) > MOST_PLACES:
                self._places.pop(next(iter(self._places)))
        return letters

    def _arrive(self, content: Mapping[str, Any]) -> None:
        """Restore the state in an address; an empty address changes nothing."""
        w, v, a, av, s = (str(content.get(name) or "") for name in ("w", "v", "a", "av", "s"))
        if not w:
            return
        state = self._places.get((w, v)) or address.state_of_address(w, v)
        compared = address.state_of_address(a, av) if a else None
        scenarios = address.scenarios_of_address(s, w)
        state = self._from_preset(state)
        self._answers.hold(Recommendation(compared.workload) if compared else None, compared)
        self._answers.scenarios = Scenarios(
            Scenario(each.name, self._from_preset(each.state)) for each in scenarios
        )
        self._lead(state if state != self._history.now else self._history.now)

    def _from_preset(self, state: State) -> State:
        """The same state, based on a preset if its base equals one."""
        preset = self._presets.get(state.base.name)
        if preset is not None and preset is not state.base and preset.to_toml() == state.base.to_toml():
            return State(preset, state.values)
        return state

    # Design pages ---------------------------------------------------------------------------------

    def _open(self, what: str, content: Mapping[str, Any]) -> None:
        """Open a design on its own page, or a complete list."""
        try:
            if what == "list":
                message = design_page.list_message(self.recommendation, str(content["name"]))
            else:
                message = self._design_page(str(content["key"]), content.get("at") or {})
        except ExplorerError as error:
            self._answers.trouble(self._error_text(error))
            return
        self.widget.send({"say": what, **message})

    def _design_page(self, key: str, at: Mapping[str, Any]) -> dict[str, Any]:
        design = Design(**{**self.recommendation.nearest.ids, **choices(key)})
        place = [(dial, float(at[dial.field])) for dial in DIALS if dial.field in at]
        state = self._history.now.with_({dial.field: value for dial, value in place})
        where = ", ".join(f"{dial.name} {dial.wording(value)}" for dial, value in place)
        workload = state.workload if place else self.workload
        r = self.recommendation
        page = design_page.DesignPage(workload, r.nearest, design, where, feasible=r.feasible)
        return {"key": key, "at": dict(at), **page.to_dict()}

    def _do(self, change: Any, number: int | None = None, field: str = "") -> None:
        """Make a change and send the result, or one line with the error; `field` is the one typed into."""
        remark, trouble, wrong = "", "", ""
        try:
            remark = change() or ""
        except ExplorerError as error:
            trouble, wrong = self._error_text(error), field
        self._answers.quick(self._ready, self._history, remark, number, trouble, wrong)
        self._rest()

    def _error_text(self, error: ExplorerError) -> str:
        """The error in one line; the workload's file is not named, as the screen shows its name."""
        base = self._history.now.base
        return str(error).removeprefix(f"{base.origin}: ").replace(base.origin, base.name)

    def _give(self, what: str, content: Mapping[str, Any]) -> None:
        """Send a file or a text to the user."""
        if what == "share":
            text, toml = sharing.workload_as_text(self.workload), self.workload.to_toml()
            self.widget.send({"say": "share", "text": text, "toml": toml, "where": self._where()})
        elif what == "save":
            self._file(".toml", self.workload.to_toml().encode())
        elif what == "table":
            self._file(".csv", self._answers.scenarios.to_csv(), "scenarios.csv")
        else:
            self.widget.send({"say": "working", "text": "Writing the report…"})
            self._aside(self._report(str(content.get("ending"))))

    async def _report(self, ending: str) -> None:
        try:
            content = await self._in_thread(downloads.report_bytes, self.workload, ending)
            self._file(ending, content)
        except ExplorerError as error:
            self._answers.trouble(str(error))
        finally:
            self.widget.send({"say": "working", "text": ""})

    def _file(self, ending: str, content: bytes, name: str = "") -> None:
        name = name or downloads.file_name(self.workload, ending)
        self.widget.send({"say": "file", "name": name, "kind": downloads.KINDS.get(ending, "")}, [content])

    # Slow tasks ----------------------------------------------------------------------------------

    def _rest(self) -> None:
        """Start the slow tasks: in the background, or at once if there is no event loop."""
        for task in filter(None, (self._later, self._ahead)):
            task.cancel()
        self._later = self._ahead = None
        if self._answers.has_view:
            self._later = self._aside(self._follow(self._ready))

    def _aside(self, work: Any) -> asyncio.Task[None] | None:
        try:
            return asyncio.get_running_loop().create_task(work)
        except RuntimeError:
            asyncio.run(work)
            return None

    async def _in_thread(self, call: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call, *arguments)

    async def _foresee(self, fields: list[str]) -> None:
        """Compute the neighbouring stops of sliders that the user may move next."""
        now = self._history.now
        for state in (state for field in fields for state in self._answers.around(now, field)):
            for work in self._answers.foresee(state):
                await self._in_thread(work)

    async def _follow(self, ready: Ready) -> None:
        """Run the slow tasks, then states that may come next; the slowest once the user pauses."""
        start = time.monotonic()
        ahead = self._answers.ahead(self._before, self._history.now)
        for stage in self._answers.stages(ready, ahead):
            if stage.waits_for_pause:
                await asyncio.sleep(max(0.0, start + REST_S - time.monotonic()))
            try:
                await self._in_thread(stage.work)
                stage.show()
            except ExplorerError as error:
                self._answers.trouble(str(error))


def presets() -> dict[str, Workload]:
    """The example workloads by name."""
    workloads = [Workload.load(path) for path in locations.workloads_dir().glob("*.toml")]
    return {workload.name: workload for workload in sorted(workloads, key=lambda workload: workload.name)}


def explore(workload: Workload | str | Path | None = None, *, alone: bool = False) -> Explorer:
    """Open a screen on which the user changes a workload and the recommendation follows.

    Parameters
    ----------
    workload
        A workload, its file, or a text from the screen's Share; None: the first example.
    alone
        Whether the screen is the whole page, as under `explorer app`.

    Raises
    ------
    ExplorerError
        If the file is not a valid workload.

    Examples
    --------
    >>> ex.explore(ex.examples()["statements"]).workload.name
    'Account statements'
    """
    if isinstance(workload, str) and sharing.is_shared(workload):
        return Explorer(sharing.workload_of_paste(workload), alone=alone)
    first_workload = (
        workload if isinstance(workload, Workload) or workload is None else Workload.load(workload)
    )
    return Explorer(first_workload, alone=alone)


def page() -> None:
    """Show the screen as the whole page, for the workload passed to `explorer app`."""
    from IPython.display import display

    gc.freeze()  # excluded from the search for cycles, which would delay changes
    sys.setswitchinterval(SWITCH_S)
    display(  # type: ignore[no-untyped-call]
        explore(os.environ.get(WORKLOAD) or None, alone=True).widget
    )
