"""`explorer app`: the explorer as a page in the browser, without a notebook."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import RenderableType

from explorer.cli.console import Json, out
from explorer.cli.prompts import has_browser
from explorer.cli.tables import UnwrappedLine
from explorer.views.app.server import LAST_PORT, Page


def run(
    workload: Annotated[
        str | None,
        typer.Argument(metavar="[WORKLOAD]", help="A file, an example's name, or a text that Share gave."),
    ] = None,
    port: Annotated[
        int, typer.Option(min=1, max=LAST_PORT, help="If it is taken, the next free one.")
    ] = 8866,
    open_browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open it in the browser.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Open the interactive explorer in a browser, without code, and print its address; Ctrl-C ends it."""
    server = Page(workload, port, open_browser and has_browser())

    def ready() -> None:
        out(server.to_dict(), as_json, page, server)
        sys.stdout.flush()

    server.run(ready)


def page(server: Page) -> Iterator[RenderableType]:
    """Lines that show the address of the explorer's page."""
    if server.port != server.asked_port:
        yield f"Port {server.asked_port} is taken: {server.port} it is"
    yield "The explorer, for this machine only; Ctrl-C ends it:"
    yield UnwrappedLine(server.url)
