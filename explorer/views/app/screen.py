"""One screen: what is turned in the browser is answered from here."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
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

CHANGES = (  # what leads to another state
    *("turn", "type", "preset", "undo", "redo", "reset", "paste", "open"),
    *("axes", "zoom", "pin", "swap", "load", "arrive"),
)
MOST_PLACES = 200  # states that the page's address can go back to
WORKLOAD = "EXPLORER_WORKLOAD"  # the variable in which `explorer app` hands its workload over
SWITCH_S = 1e-3  # a turn waits no longer for what is worked out beside it
REST_S = 0.3  # after the last turn, before what takes longer is worked out


class Explorer:
    """A workload that can be turned, and its answer. Shows itself in a notebook.

    `workload` is the workload as it stands, `recommendation` its answer, `widget` the screen.
    """

    def __init__(self, workload: Workload | None = None, *, alone: bool = False) -> None:
        self._presets = presets() if workload is None else {workload.name: workload, **presets()}
        self._history = History(State(next(iter(self._presets.values()))))
        self._places: dict[tuple[str, str], State] = {}  # by the letters of their address
        self._later: asyncio.Task[None] | None = None
        self._pool = ThreadPoolExecutor(1, "explorer")  # what takes longer, one after the other
        self.widget = View(self._heard, alone=alone)
        self._answers = Answers(self.widget.send)
        self._before = self._history.now
        self._ready = self._answers.shelf.take(self._history.now)

    @property
    def recommendation(self) -> Recommendation:
        """The answer for the workload as it stands."""
        return self._ready.r

    @property
    def workload(self) -> Workload:
        """The workload as it stands."""
        return self._ready.r.workload

    def __repr__(self) -> str:
        r = self.recommendation
        answer_text = (
            f"{r.design}, {format_usd(r.monthly_usd)} a month" if r.feasible else "nothing is feasible"
        )
        return f"Explorer({self.workload.name}: {answer_text})"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The widget, and for viewers without it a picture and a line that do not change."""
        from explorer.views.figures import limits_used

        mime = self.widget._repr_mimebundle_(**kwargs)
        bundle = dict(mime[0] if isinstance(mime, tuple) else mime or {})
        bundle["text/plain"] = repr(self)
        bundle["image/png"] = b64encode(limits_used(self.recommendation).png()).decode()
        return bundle

    def save(self, path: str | Path) -> Path:
        """Write the workload as it stands as TOML, and return where.

        Raises ExplorerError if the file cannot be written.
        """
        path = Path(path)
        try:
            write_atomically(path, self.workload.to_toml())
        except OSError as error:
            raise ExplorerError(f"{path}: cannot be written ({error.strerror})") from None
        return path

    def set(self, field: str, value: Value) -> None:
        """Turn one field, as its slider or switch does: `set("response", 2e6)`.

        A value that the workload cannot have is told in one line on the screen, and changes nothing.
        """
        self._do(partial(self._turn, {field: value}))

    # What is turned ------------------------------------------------------------------------------

    def _go(self, state: State, fields: frozenset[str] = frozenset()) -> None:
        """Another state. Raises ExplorerError if it is no workload, and nothing has changed then."""
        self._ready = self._answers.shelf.take(state)
        self._before = self._history.now
        if state is not self._history.now:
            self._history.go(state, fields)

    def _turn(self, values: Mapping[str, Value]) -> None:
        self._go(self._history.now.with_(values), frozenset(values))

    def _type(self, field: str, text: str) -> None:
        """Turn a field to what someone typed into it."""
        dial = next((dial for dial in DIALS if dial.field == field), None)
        if dial:
            self._turn({field: dial.value_of_text(text, self.workload)})
        elif field in ENTRIES:
            self._turn({field: ENTRIES[field].value_of_text(text)})

    def _begin(self, workload: Workload) -> None:
        """Begin again from a workload, which can be chosen again; another of the same name is numbered."""
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
        """One state back or ahead."""
        base = self._history.now.base
        getattr(self._history, which)()
        self._go(self._history.now)
        if self._history.now.base is not base:
            self._answers.begin()

    def _reset(self) -> None:
        if self._history.now.values:
            self._go(State(self._history.now.base))

    # What the browser says -----------------------------------------------------------------------

    def _heard(self, content: Mapping[str, Any], buffers: list[bytes]) -> None:
        """Do what a message asks; a fault of the screen's own is said there too, and goes into the log."""
        try:
            self._answer(content, buffers)
        except Exception as error:
            self._answers.trouble(
                f"The explorer has a fault here ({type(error).__name__}): nothing has changed."
            )
            raise

    def _answer(self, content: Mapping[str, Any], buffers: list[bytes]) -> None:
        """Do what a message asks; what cannot be done is one line on the screen."""
        what = content.get("do")
        if what == "why":
            key = str(content.get("key"))
            html = explanation_of(self.recommendation, key, self._history.now, self._answers.pinned)
            self.widget.send({"say": "why", "key": key, "html": html})
        elif what == "hello":
            self._answers.hello(self._presets, downloads.report_endings())
            self._do(partial(self._arrive, content))
        elif what == "ping":
            self.widget.send({"say": "pong", "number": content.get("number")})
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
        """Another state, as the browser asks; a remark on it, if there is one."""
        if what == "turn":
            self._turn(address.checked_values(content["values"]))
        elif what == "type":
            self._type(str(content["field"]), str(content["text"]))
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
        """Another state, which may begin from another workload."""
        base = self._history.now.base
        self._go(state)
        if state.base is not base:
            self._presets.setdefault(state.base.name, state.base)
            self._answers.begin()

    def _side_by_side(self, what: str, name: str, new_name: str) -> None:
        """Keep, rename or remove a scenario, and show them all; what cannot be done is a line there."""
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

    # Where it stands, in the page's address -------------------------------------------------------

    def _where(self) -> dict[str, str]:
        """The address of the state that is shown; what it leads back to is kept, undo and all."""
        letters = address.address_of(self._history.now, self._answers.pinned_state, self._answers.scenarios)
        if letters:
            self._places[letters["w"], letters["v"]] = self._history.now
            while len(self._places) > MOST_PLACES:
                self._places.pop(next(iter(self._places)))
        return letters

    def _arrive(self, content: Mapping[str, Any]) -> None:
        """Show the state of an address, and what stands beside it; an empty one changes nothing."""
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
        """The same state; from the preset itself if it begins at what one holds."""
        preset = self._presets.get(state.base.name)
        if preset is not None and preset is not state.base and preset.to_toml() == state.base.to_toml():
            return State(preset, state.values)
        return state

    # A design that is opened ----------------------------------------------------------------------

    def _open(self, what: str, content: Mapping[str, Any]) -> None:
        """A design on a page of its own, or the whole of a list."""
        try:
            if what == "list":
                message = design_page.list_message(self.recommendation, str(content["name"]))
            else:
                message = self._design_page(str(content["key"]), content.get("at") or {})
        except ExplorerError as error:
            self._answers.trouble(str(error))
            return
        self.widget.send({"say": what, **message})

    def _design_page(self, key: str, at: Mapping[str, Any]) -> dict[str, Any]:
        design = Design(**{**self.recommendation.nearest.ids, **choices(key)})
        place = [(dial, float(at[dial.field])) for dial in DIALS if dial.field in at]
        state = self._history.now.with_({dial.field: value for dial, value in place})
        where = ", ".join(f"{dial.name} {dial.wording(value)}" for dial, value in place)
        workload = state.workload if place else self.workload
        page = design_page.DesignPage(workload, self.recommendation.nearest, design, where)
        return {"key": key, "at": dict(at), **page.to_dict()}

    def _do(self, change: Any, number: int | None = None, field: str = "") -> None:
        """Change something and show what follows, or in one line why not; `field` was typed into."""
        remark, wrong = "", ""
        try:
            remark = change() or ""
        except ExplorerError as error:
            remark, wrong = str(error), field
        self._answers.quick(self._ready, self._history, remark, number, wrong)
        self._rest()

    def _give(self, what: str, content: Mapping[str, Any]) -> None:
        """A file or a text for the user."""
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

    # What takes longer ---------------------------------------------------------------------------

    def _rest(self) -> None:
        """Work out what takes longer: beside what is turned, or at once where nothing turns it."""
        if self._later is not None:
            self._later.cancel()
            self._later = None
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

    async def _follow(self, ready: Ready) -> None:
        """What takes longer, and what may come next; once nothing is turned, what takes longest."""
        ahead = self._answers.ahead(self._before, self._history.now)
        for stage in self._answers.stages(ready, ahead):
            if stage.rests:
                await asyncio.sleep(REST_S)
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
    """One screen on which a workload is turned and the recommendation follows.

    Parameters
    ----------
    workload : a workload, its file, or the text that the screen's Share gives; none: the first example
    alone : whether the screen is the whole page, as under `explorer app`

    Raises ExplorerError if the file is no workload.

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
    """Show the screen as the whole page, for the workload that `explorer app` was given."""
    from IPython.display import display

    gc.freeze()  # what is there now stays: looking through it for cycles would only halt a turn
    sys.setswitchinterval(SWITCH_S)
    display(  # type: ignore[no-untyped-call]
        explore(os.environ.get(WORKLOAD) or None, alone=True).widget
    )
