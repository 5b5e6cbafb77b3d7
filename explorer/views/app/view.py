"""The widget: the screen in the browser, and the messages to and from it.

`web/` has plain scripts and styles, which are joined when the widget is first created: there is no build
step, and nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import anywidget
import traitlets

from explorer.facts.locations import web_dir

SCRIPTS = (
    "dom",
    "sequence",
    "controls",
    "cells",
    "map",
    "picture",
    "why",
    "bar",
    "scenarios",
    "place",
    "tour",
    "app",
)  # in order of dependency
STYLES = ("look", "panels", "layout")

Heard = Callable[[dict[str, Any], list[bytes]], None]


@cache
def joined_web_files(names: Sequence[str], ending: str) -> str:
    """Files of `web/` joined to one text."""
    folder = web_dir()
    return "\n".join((folder / f"{name}.{ending}").read_text(encoding="utf-8") for name in names)


class View(anywidget.AnyWidget):
    """The browser side. It keeps no state: each new view says hello and is sent everything."""

    _esm = joined_web_files(SCRIPTS, "js")
    _css = joined_web_files(STYLES, "css")
    alone = traitlets.Bool(False).tag(sync=True)  # the screen is the whole page

    def __init__(self, heard: Heard, *, alone: bool = False) -> None:
        super().__init__(alone=alone)
        self.on_msg(lambda _, content, buffers: heard(content, [bytes(buffer) for buffer in buffers]))
