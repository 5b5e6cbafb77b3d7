"""A server for the explorer's page, only for this machine."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import sys
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

from explorer.errors import ExplorerError
from explorer.facts.extras import require
from explorer.facts.locations import page_dir

PORTS = 50  # ports tried, from the requested one on
LAST_PORT = 65535
LEFT_S = 20  # after its page is closed, a kernel ends unless the page comes back
POLL_S = 0.5  # between two looks whether a kernel's process still runs
NO_PINGS = {"ws_ping_interval": 0}  # a local connection reports its own end


@dataclass
class Page:
    """A server for the explorer's page."""

    workload: str | None
    asked_port: int
    browser: bool
    url: str = ""
    port: int = 0

    def to_dict(self) -> dict[str, str | int]:
        """Address and process id, for programs that find and stop the server."""
        return {"url": self.url, "port": self.port, "pid": os.getpid()}

    def run(self, ready: Callable[[], None]) -> None:
        """Serve until Ctrl-C or a termination signal; call `ready` once the server answers.

        Raises MissingExtraError if Voila is not installed, and ExplorerError if no port is free or the
        workload is invalid.
        """
        require("explorer app", "voila", "anywidget", "ipywidgets", "matplotlib")
        argument = workload_argument(self.workload)
        application = _voila_application(self, ready)
        os.environ[import_module("explorer.views.app.screen").WORKLOAD] = argument  # kernels inherit it
        application.initialize(argv=_voila_arguments(self.browser))
        application.start()


def workload_argument(path_or_text: str | None) -> str:
    """The workload in the form that a kernel reads: an absolute path, a shared text, or "".

    Raises WorkloadError if it is not a valid workload.
    """
    if path_or_text is None:
        return ""
    from explorer.workload.workload import Workload, examples

    sharing = import_module("explorer.views.app.sharing")
    if sharing.is_shared(path_or_text):
        sharing.workload_of_paste(path_or_text)
        return path_or_text.strip()
    Workload.load(path_or_text)
    path = Path(path_or_text)
    return str(
        examples()[path_or_text] if path_or_text in examples() and not path.exists() else path.absolute()
    )


def _voila_arguments(browser: bool) -> list[str]:
    return [
        str(_folder() / "explorer.ipynb"),
        "--Voila.ip=127.0.0.1",
        f"--Voila.open_browser={browser}",
        "--Voila.auto_token=True",
        "--Voila.log_level=CRITICAL",
        "--VoilaConfiguration.preheat_kernel=True",
        "--VoilaConfiguration.show_tracebacks=True",
        "--KernelManager.autorestart=False",  # a new kernel has no screen: the page asks for its own
    ]


def _folder() -> Path:
    return page_dir()


def _voila_application(page: Page, ready: Callable[[], None]) -> Any:
    """The Voila application with the explorer's page, listening on a free port."""
    # jsonschema's URI check, which is not used here, takes a second to build a grammar.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    voila = import_module("voila.app")

    managing = import_module("jupyter_server.services.kernels.kernelmanager").AsyncMappingKernelManager

    class Quiet(managing):  # type: ignore[misc, valid-type]
        """Kernels that print nothing in this terminal; errors are shown on the page.

        A kernel whose process has ended is removed at once, so that its page is answered "not found", and no
        new page is given one.
        """

        def __init__(self, **arguments: Any) -> None:
            self._watches: dict[str, asyncio.Task[None]] = {}
            super().__init__(**arguments)

        async def start_kernel(self, **arguments: Any) -> str:
            kernel_id = str(await super().start_kernel(stdout=DEVNULL, stderr=DEVNULL, **arguments))
            self._watches[kernel_id] = asyncio.create_task(self._watch(kernel_id))
            return kernel_id

        async def _watch(self, kernel_id: str) -> None:
            """Wait until a kernel's process has ended or the kernel was shut down."""
            try:
                while kernel_id in self and await self.get_kernel(kernel_id).is_alive():
                    await asyncio.sleep(POLL_S)
                if kernel_id in self:
                    with suppress(Exception):  # nothing is left to shut down
                        await self.shutdown_kernel(kernel_id, now=True)
                    self.fill_if_needed(delay=0, notebook_name=self.notebook_path)
            finally:
                del self._watches[kernel_id]

        def notify_disconnect(self, kernel_id: str) -> None:
            super().notify_disconnect(kernel_id)
            if not self._kernel_connections.get(kernel_id):
                loop = import_module("tornado.ioloop").IOLoop.current()
                loop.call_later(LEFT_S, self._end_if_left, kernel_id)

        async def _end_if_left(self, kernel_id: str) -> None:
            if kernel_id in self and not self._kernel_connections.get(kernel_id):
                with suppress(Exception):  # the kernel may have ended meanwhile
                    await self.shutdown_kernel(kernel_id)

    class Alone(voila.Voila):  # type: ignore[name-defined, misc]
        """Voila with another page and port."""

        def setup_template_dirs(self) -> None:
            super().setup_template_dirs()
            self.voila_configuration.multi_kernel_manager_class = Quiet
            self.template_paths.insert(0, str(_folder()))

        def listen(self) -> None:
            for name in ("access", "general", "application"):  # a closed page sends what Voila refuses
                logging.getLogger(f"tornado.{name}").setLevel(logging.ERROR)
            page.port = self.port = _free_port(self.app, page.asked_port)
            token = self.identity_provider.token
            page.url = f"http://127.0.0.1:{page.port}/?token={token}"
            self.ioloop = import_module("tornado.ioloop").IOLoop.current()
            signal.signal(signal.SIGINT, self._handle_signal_stop)  # as for SIGTERM: open work is finished
            self.ioloop.add_callback(ready)
            if self.open_browser:
                webbrowser.open(page.url)
            try:
                self.ioloop.start()
            finally:
                self.stop()

        def stop(self) -> None:
            with suppress(
                import_module("tornado.web").HTTPError
            ):  # a kernel that starts now ends with this process
                super().stop()

    return Alone(tornado_settings={**NO_PINGS, "kernel_websocket_connection_class": prompt_connection()})


def prompt_connection() -> Any:
    """A kernel's connection to a page on which no message waits until the last one is acknowledged.

    By default the end of a longer message waits for it (Nagle's algorithm), which a browser delays by 40 ms.
    """
    channels = import_module("jupyter_server.services.kernels.connection.channels")

    class Prompt(channels.ZMQChannelsWebsocketConnection):  # type: ignore[name-defined, misc]
        def connect(self) -> Any:
            self.websocket_handler.set_nodelay(True)
            return super().connect()

    return Prompt


def _free_port(app: Any, first: int) -> int:
    """Listen on the first free port from `first` on."""
    for port in range(first, min(first + PORTS, LAST_PORT + 1)):
        try:
            app.listen(port, "127.0.0.1")
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                continue
            raise
        return port
    raise ExplorerError(f"the explorer does not start: no free port from {first} on")
