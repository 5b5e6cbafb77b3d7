"""No request leaves this machine: the cloud's process resolves and reaches the loopback alone.

What the emulator would ask of real services, such as an origin at amazonaws.com, fails at once. A
function's own process is not held back: what its code calls is its own business.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

WHY = "the local cloud asks nobody outside of this machine"


def install() -> None:
    """Close the way out of this process."""
    opened: Any = socket.socket
    opened.connect = _only_here(socket.socket.connect)
    opened.connect_ex = _only_here(socket.socket.connect_ex)
    find = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host is not None and not is_here(host):
            raise socket.gaierror(socket.EAI_NONAME, f"{WHY}: {host!r}")
        return find(host, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo


def is_here(host: str | bytes) -> bool:
    """Whether a name or an address is this machine's loopback."""
    name = (host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)).rstrip(".").lower()
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return name in {"", "localhost"} or name.endswith(".localhost")


def _only_here(connect: Callable[..., Any]) -> Callable[..., Any]:
    def to(self: socket.socket, address: Any) -> Any:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not is_here(address[0]):
            raise ConnectionRefusedError(f"{WHY}: {address[0]!r}")
        return connect(self, address)

    return to
