""""""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from explorer.views.app.server import LAST_PORT, Page

from .console import Json, out
from .lab import has_browser


def add_to(app: typer.Typer) -> None:
    """Make this command one of `app`."""
    app.command("app")(run)


def run(
    workload: Annotated[
        str | None,
        typer.Argument(metavar="[WORKLOAD]", help="A file, an example's name, or a text that Share gave."),
    ] = None,
    port: Annotated[
        int, typer.Option(min=1, max=LAST_PORT, help="If it is taken, the next free one.")
    ] = 8866,
    open_browser: Annotated[bool, typer.Option("--browser/--no-browser")] = True,
    as_json: Json = False,
) -> None:
    """Open the explorer alone, without code, and print its address; Ctrl-C ends it."""
    server = Page(workload, port, open_browser and has_browser())

    def ready() -> None:
        out(server.to_dict(), as_json, "page", server)
        sys.stdout.flush()

    server.run(ready)
