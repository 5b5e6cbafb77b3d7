"""One screen: the workload to the left, the answer to the right."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import ipywidgets

from .. import facts
from ..errors import ExplorerError
from ..recommend import Recommendation, recommend
from ..units import format_usd
from ..workload import Workload
from . import panels
from .controls import DIALS, SWITCHES, Slider, Switch, turned

REST_S = 0.25  # after the last turn, before what takes longer is worked out


class Explorer:
    """A workload that can be turned, and its answer. Shows itself in a notebook.

    `workload` is the workload as it stands, `recommendation` its answer, `widget` the screen.
    """

    def __init__(self, workload: Workload | None = None) -> None:
        self._presets = presets() if workload is None else {workload.name: workload, **presets()}
        self._base = next(iter(self._presets.values()))
        self._values: dict[str, float | bool] = {}
        self._resting: asyncio.Task[None] | None = None
        self._make()
        self._preset(self._base)

    def __repr__(self) -> str:
        r = self.recommendation
        found = f"{r.design}, {format_usd(r.monthly_usd)} a month" if r.feasible else "nothing is feasible"
        return f"Explorer({self.workload.name}: {found})"

    def save(self, path: str | Path) -> Path:
        """Write the workload as it stands as TOML, and return where.

        Raises ExplorerError if the file cannot be written.
        """
        path = Path(path)
        try:
            path.write_text(self.workload.to_toml(), encoding="utf-8")
        except OSError as error:
            raise ExplorerError(f"{path}: cannot be written ({error.strerror})") from None
        return path

    def set(self, field: str, value: float | bool) -> None:
        """Turn one field, as its slider or switch does: `set("response", 2e6)`.

        A value that the workload cannot have is told in one line on the screen, and changes nothing.
        """
        values = {**self._values, field: value}
        try:
            workload = turned(self._base, values)
            recommendation = recommend(workload)
        except ExplorerError as error:
            self._trouble(str(error))
            return
        self._values = values
        self._answered(workload, recommendation)

    def _preset(self, workload: Workload) -> None:
        """Begin again from a workload."""
        try:
            recommendation = recommend(workload)
        except ExplorerError as error:
            self._trouble(str(error))
            return
        self._base, self._values = workload, {}
        for slider in self._sliders:
            slider.show(slider.dial.read(workload))
        for switch in self._switches:
            switch.show(workload)
        self._answered(workload, recommendation)

    # What is shown -------------------------------------------------------------------------------

    def _answered(self, workload: Workload, recommendation: Recommendation) -> None:
        """Show what is quick at once, the rest when the sliders rest."""
        self.workload, self.recommendation = workload, recommendation
        self._trouble("")
        self._show("answer", panels.answer(recommendation))
        self._show("limits", panels.limits(recommendation))
        self._show("costs", panels.costs(recommendation))
        self._later()

    def _later(self) -> None:
        """Show what is below: at once in a script and at first, else when the sliders have rested."""
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._below_answered()
            return
        if not self._panels["turns"].value:
            self._below_answered()
            return
        self._below.add_class("x-stale")
        self._resting = loop.create_task(self._rest(self.recommendation))

    async def _rest(self, r: Recommendation) -> None:
        """Work out in a thread what takes longer than a key may wait, and show it if it still holds."""
        await asyncio.sleep(REST_S)
        await asyncio.to_thread(_work_out, r)
        if r is self.recommendation:
            self._below_answered()

    def _below_answered(self) -> None:
        self._show("rejected", panels.rejected(self.recommendation))
        self._show("turns", panels.turns(self.recommendation))
        self._below.remove_class("x-stale")

    def _show(self, panel: str, html: str) -> None:
        self._panels[panel].value = html  # what is the same is not sent again

    def _trouble(self, text: str) -> None:
        self._panels["trouble"].value = f'<div class="x-trouble" role="alert">{escape(text)}</div>'

    # The screen ----------------------------------------------------------------------------------

    def _make(self) -> None:
        names = ("answer", "limits", "costs", "rejected", "turns", "trouble")
        self._panels = {name: ipywidgets.HTML() for name in names}
        self._sliders = [Slider(dial, self.set) for dial in DIALS]
        self._switches = [Switch(field, self.set) for field in SWITCHES]
        self._choice = ipywidgets.Dropdown(options=list(self._presets), description="Workload")
        self._choice.observe(lambda change: self._preset(self._presets[change["new"]]), names="value")
        controls = [self._choice, *(s.widget for s in self._sliders), *(s.widget for s in self._switches)]
        left = _box(
            ipywidgets.VBox, "x-left", [*controls, self._panels["trouble"], ipywidgets.HTML(_dress())]
        )
        self._below = _box(ipywidgets.Box, "x-pair", [self._panels["rejected"], self._panels["turns"]])
        self._below.add_class("x-even")
        beside = _box(ipywidgets.Box, "x-pair", [self._panels["limits"], self._panels["costs"]])
        right = _box(ipywidgets.VBox, "x-right", [self._panels["answer"], beside, self._below])
        self.widget = _box(ipywidgets.HBox, "x-app", [left, right])

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The widgets, and for viewers without them a picture and a line that do not change."""
        from ..figures import limits_used

        bundle = dict(self.widget._repr_mimebundle_(**kwargs))
        bundle["text/plain"] = repr(self)
        bundle["image/png"] = b64encode(limits_used(self.recommendation).png()).decode()
        return bundle


def _work_out(r: Recommendation) -> None:
    """What a recommendation keeps once it is asked for: `panels` then finds it there."""
    _ = r.reasons, r.turns


def _box(kind: type, name: str, children: list[Any]) -> Any:
    box = kind(children)
    box.add_class(name)
    return box


@cache
def _dress() -> str:
    """The style, and the script that names the sliders; an HTML widget runs none but an image's own."""
    here = files(__package__)
    script = "".join(
        line
        for line in (here / "names.js").read_text(encoding="utf-8").splitlines()
        if not line.startswith("//")
    )
    style = (here / "look.css").read_text(encoding="utf-8")
    return f'<style>{style}</style><img src="data:," alt="" onerror="{escape(script)}">'


def presets() -> dict[str, Workload]:
    """The example workloads by name."""
    found = [Workload.load(path) for path in facts.workloads_dir().glob("*.toml")]
    return {workload.name: workload for workload in sorted(found, key=lambda workload: workload.name)}


def explore(workload: Workload | str | Path | None = None) -> Explorer:
    """One screen on which a workload is turned and the recommendation follows.

    Parameters
    ----------
    workload : a workload or its file; none: the first of the examples

    Raises ExplorerError if the file is no workload, or ipywidgets is not installed.
    """
    given = workload if isinstance(workload, Workload) or workload is None else Workload.load(workload)
    return Explorer(given)
