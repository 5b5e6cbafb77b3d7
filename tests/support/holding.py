"""A proxy in front of a local cloud that keeps back the answer to one call."""

import socket
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit

CHUNK = 1 << 16
PATIENCE_S = 60


class Holding:
    """Passes on what comes, on 127.0.0.1, but for the answer to the first call in which `marked` stands.

    parameters: the address of the cloud, and some text of the call, its head or its body
    """

    def __init__(self, url: str, marked: str) -> None:
        where = urlsplit(url)
        self._cloud, self._marked = (where.hostname, where.port), marked.encode()
        self._answered, self._go = threading.Event(), threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listening.getsockname()[1]
        self._open = []

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc_info):
        self._go.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def wait(self, process) -> None:
        """Wait until the cloud has answered the call, and the process waits for the answer."""
        end = time.monotonic() + PATIENCE_S
        while not self._answered.wait(0.02):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                asking = self._listening.accept()[0]
                cloud = socket.create_connection(self._cloud)
                self._open += [asking, cloud]
                marked = threading.Event()
                for way in ((self._ask, asking, cloud), (self._answer, cloud, asking)):
                    threading.Thread(target=way[0], args=(*way[1:], marked), daemon=True).start()

    def _ask(self, asking, cloud, marked) -> None:
        tail = b""
        with suppress(OSError):
            while chunk := asking.recv(CHUNK):
                tail = tail[-len(self._marked) :] + chunk
                if self._marked in tail and not self._answered.is_set():
                    marked.set()
                cloud.sendall(chunk)
            cloud.shutdown(socket.SHUT_WR)

    def _answer(self, cloud, asking, marked) -> None:
        with suppress(OSError):
            while chunk := cloud.recv(CHUNK):
                if marked.is_set():
                    self._answered.set()
                    self._go.wait()
                asking.sendall(chunk)
            asking.shutdown(socket.SHUT_WR)
