"""JupyterLab with the notebooks: only for this machine, for any user, with or without a browser."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from explorer.cli.console import Json, out
from explorer.cli.prompts import has_browser
from explorer.cli.tables import UnwrappedLine
from explorer.errors import ExplorerError
from explorer.facts import locations
from explorer.facts.atomic_write import write_atomically
from explorer.facts.extras import require

FIRST = "00_start_here.ipynb"
NEWS = "@jupyterlab/apputils-extension:announcements"
COPY = Path("explorer-notebooks")  # an installed package copies its notebooks here for editing


@dataclass(frozen=True)
class Server:
    """A running server."""

    app: Any
    folder: Path
    asked_port: int
    copied: int  # notebooks copied out of the package
    url: str

    def to_dict(self) -> dict[str, str | int]:
        """Address and process id, for programs that find and stop the server."""
        return {
            "url": self.url,
            "port": self.app.port,
            "notebooks": str(self.folder),
            "pid": os.getpid(),
        }

    def run(self, ready: Callable[[], None]) -> None:
        """Serve until Ctrl-C or a termination signal; call `ready` once the server answers."""
        self.app.io_loop.add_callback(ready)  # runs after the callback that listens
        self.app.start()


def server(port: int, open_browser: bool) -> Server:
    """JupyterLab with the notebooks, at `port` or the next free one.

    Raises MissingExtraError if JupyterLab is not installed, ExplorerError if there are no notebooks.
    """
    require("explorer lab", "jupyterlab", "matplotlib", "ipywidgets")
    app_class = import_module("jupyterlab.labapp").LabApp
    folder, copied = _folder()
    browser = open_browser and has_browser()
    try:
        app = app_class.initialize_server(argv=_arguments(folder, port, browser))
    except SystemExit:
        raise ExplorerError(f"JupyterLab does not start: no free port from {port} on") from None
    app.web_app.settings["page_config_hook"] = _without_news
    identity = app.identity_provider
    identity.token_generated = False  # the address has it already
    query = f"?token={identity.token}" if identity.token else ""
    url = f"http://127.0.0.1:{app.port}{app.base_url}lab/tree/{FIRST}{query}"
    return Server(app, folder, port, copied, url)


def _without_news(_: Any, page_config: dict[str, Any]) -> dict[str, Any]:
    """The configuration of JupyterLab's page, without its question whether it may fetch news."""
    disabled = page_config.get("disabledExtensions", [])
    return {**page_config, "disabledExtensions": [*disabled, NEWS]}


def _arguments(folder: Path, port: int, browser: bool) -> list[str]:
    return [
        f"--ServerApp.root_dir={folder.resolve()}",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.answer_yes=True",
        f"--ServerApp.allow_root={os.name == 'posix' and os.geteuid() == 0}",
        f"--ServerApp.open_browser={browser}",
        "--ServerApp.log_level=ERROR",
        "--LabApp.log_level=ERROR",
        f"--LabApp.default_url=/lab/tree/{FIRST}",
        "--MappingKernelManager.transport_encryption=auto",  # else each kernel warns
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--ServerApp.jpserver_extensions=notebook_shim=False",  # its start warns of a deprecated setting
    ]


def _folder() -> tuple[Path, int]:
    """The notebook folder of a checkout, or a copy of the package's notebooks; and the number of copies."""
    home = locations.notebooks_dir()
    notebooks = sorted(home.glob("*.ipynb"))
    if not notebooks:
        raise ExplorerError(f"{home}: no notebooks there; expected {FIRST}")
    if not locations.are_notebooks_packaged():
        return home, 0
    COPY.mkdir(exist_ok=True)
    new = [notebook for notebook in notebooks if not (COPY / notebook.name).exists()]
    for notebook in new:
        write_atomically(COPY / notebook.name, notebook.read_bytes())
    return COPY, len(new)


def lab(
    port: Annotated[int, typer.Option(min=1, max=65535, help="If it is taken, another.")] = 8888,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True,
    as_json: Json = False,
) -> None:
    """Start JupyterLab on the notebooks and print its address; Ctrl-C ends it."""

    def ready() -> None:
        out(running.to_dict(), as_json, address, running)
        sys.stdout.flush()

    running = server(port, open_browser)
    running.run(ready)


def address(server: Server) -> Iterator[RenderableType]:
    """The address of JupyterLab."""
    if server.copied:
        yield f"Copied into {server.folder}: {server.copied} notebooks, none overwritten"
    if server.app.port != server.asked_port:
        yield f"Port {server.asked_port} is taken: {server.app.port} it is"
    yield f"JupyterLab on {server.folder}, for this machine only; Ctrl-C ends it:"
    yield UnwrappedLine(server.url)
