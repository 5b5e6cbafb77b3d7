"""No request leaves this machine: the cloud's process resolves and connects to the loopback only.

A call of the emulator to a real service, such as an origin at amazonaws.com, fails at once. The processes of
functions are not restricted: their code may call other machines.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

REASON = "the local cloud calls no other machine"


def install() -> None:
    """Block connections of this process to other machines."""
    socket_class: Any = socket.socket
    socket_class.connect = _block_other_hosts(socket.socket.connect)
    socket_class.connect_ex = _block_other_hosts(socket.socket.connect_ex)
    original = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host is not None and not is_loopback_host(host):
            raise socket.gaierror(socket.EAI_NONAME, f"{REASON}: {host!r}")
        return original(host, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo


def is_loopback_host(host: str | bytes) -> bool:
    """Whether a host, a name or an address, is this machine's loopback."""
    name = (host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)).rstrip(".").lower()
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return name in {"", "localhost"} or name.endswith(".localhost")


def _block_other_hosts(connect: Callable[..., Any]) -> Callable[..., Any]:
    def connect_to_loopback(self: socket.socket, address: Any) -> Any:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not is_loopback_host(address[0]):
            raise ConnectionRefusedError(f"{REASON}: {address[0]!r}")
        return connect(self, address)

    return connect_to_loopback
