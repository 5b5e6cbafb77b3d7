"""How AWS counts bytes: base64, event envelopes, JSON escapes, the environment, asynchronous events.

Every limit on a payload is on what travels, not on what the client sent: a binary body reaches a
function as base64 inside a JSON event, a text body as a JSON string. About 4.5 MB of binary is what
fits through a 6 MB door.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from explorer.errors import ExplorerError

if TYPE_CHECKING:
    from .units import Number


@dataclass(frozen=True)
class Codec:
    """A body of n bytes as it travels: n times `factor`, perhaps as base64, in an envelope."""

    base64: bool | np.bool_ | np.ndarray = False
    factor: Number = 1.0  # JSON escapes of text, or what compression leaves
    envelope_bytes: Number = 0.0

    def size(self, body_bytes: Number) -> Number:
        """Bytes that travel for a body of `body_bytes` [B]."""
        event_bytes = np.ceil(body_bytes * self.factor * (1 - 1e-15))
        return np.where(self.base64, 4 * np.ceil(event_bytes / 3), event_bytes)[()] + self.envelope_bytes

    def room(self, limit_bytes: Number) -> Number:
        """The largest body [B] whose `size` is within `limit_bytes` [B]; below 0 if none is."""
        event_bytes = np.floor(limit_bytes - self.envelope_bytes)
        return np.where(self.base64, 3 * np.floor(event_bytes / 4), event_bytes)[()] / self.factor


def escapes_non_ascii(language: str) -> bool:
    """Whether a runtime answers with non-ASCII text escaped: Python up to 3.11."""
    name, _, minor = language.partition("3.")
    return name == "python" and minor.isdigit() and int(minor) <= 11


def escaped_bytes(text: str, ascii_only: bool = False) -> int:
    """Bytes of `text` inside a JSON string, its quotes not counted."""
    return len(json.dumps(text, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")) - 2


def environment_size(variables: Mapping[str, str]) -> int:
    """Bytes of environment variables as Lambda counts them: one compact JSON object.

    That is the UTF-8 bytes of the JSON-escaped names and values, and 6 n + 1 for n variables;
    the limit is 4,096. Raises ExplorerError, without the value, if one is not text.

    Examples
    --------
    >>> ex.environment_size({"STAGE": "live", "TABLE": "orders"})
    33
    """
    if not isinstance(variables, Mapping):
        raise ExplorerError(f"variables is {type(variables).__name__}: expected names with their values")
    for name, value in variables.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise ExplorerError(f"the value of {name!r} is {type(value).__name__}: expected text")
    text = json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)
    return len(text.encode("utf-8", "surrogatepass"))


def environment_total(total_bytes: Number, entries: Number) -> Number:
    """Bytes that Lambda counts for `entries` variables whose names and values have `total_bytes`."""
    return np.where(np.asarray(entries) > 0, total_bytes + 6 * entries + 1, 0)[()]


def async_requests(event_bytes: Number, free_bytes: float, chunk_bytes: float) -> Number:
    """Requests billed for one asynchronous event: one, and one for each started chunk beyond the free."""
    return 1 + np.ceil(np.maximum(event_bytes - free_bytes, 0) / chunk_bytes)
