"""How AWS counts bytes: base64, event envelopes, JSON escapes, the environment, asynchronous events.

Every payload limit applies to the event, not to the body that the client sent: a binary body reaches a
function as base64 inside a JSON event, a text body as a JSON string. Base64 turns 3 bytes into 4, so a door
with a limit of 6 MB passes about 6 x 3 / 4 = 4.5 MB of binary data.
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
    """The encoding of a body of n bytes: n times `factor`, optionally as base64, plus an envelope."""

    base64: bool | np.bool_ | np.ndarray = False
    factor: Number = 1.0  # growth by JSON escapes, or the compressed share
    envelope_bytes: Number = 0.0

    def size(self, body_bytes: Number) -> Number:
        """The bytes of the event for a body of `body_bytes` [B].

        Base64 encodes each started group of 3 bytes as 4 characters: 4 ceil(n / 3). Example: 10 bytes become
        16. The factor 1 - 1e-15 prevents rounding errors from adding a byte.
        """
        event_bytes = np.ceil(body_bytes * self.factor * (1 - 1e-15))
        return np.where(self.base64, 4 * np.ceil(event_bytes / 3), event_bytes)[()] + self.envelope_bytes

    def room(self, limit_bytes: Number) -> Number:
        """The largest body [B] whose `size` is at most `limit_bytes` [B]; negative if there is none.

        4 ceil(n / 3) <= L holds if and only if ceil(n / 3) <= floor(L / 4), that is n <= 3 floor(L / 4).
        Example: L = 6,291,456 (6 MB) gives n = 4,718,592 (4.5 MB).
        """
        event_bytes = np.floor(limit_bytes - self.envelope_bytes)
        return np.where(self.base64, 3 * np.floor(event_bytes / 4), event_bytes)[()] / self.factor


def escapes_non_ascii(language: str) -> bool:
    """Whether a runtime escapes non-ASCII text in responses: Python up to 3.11."""
    name, _, minor = language.partition("3.")
    return name == "python" and minor.isdigit() and int(minor) <= 11


def escaped_bytes(text: str, ascii_only: bool = False) -> int:
    """The bytes of `text` inside a JSON string, without the quotes."""
    return len(json.dumps(text, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")) - 2


def environment_size(variables: Mapping[str, str]) -> int:
    """The bytes of environment variables as Lambda counts them: as one compact JSON object.

    These are the UTF-8 bytes of the JSON-escaped names and values, plus 6 n + 1 for n variables: 4 quotes and
    a colon each, n - 1 commas and 2 braces. In the example 20 + 6 x 2 + 1 = 33. The limit is 4,096 bytes.

    Parameters
    ----------
    variables
        Values by name.

    Raises
    ------
    ExplorerError
        If a name or a value is not text; the message does not contain the value.

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
    """The bytes that Lambda counts for `entries` variables with `total_bytes` of names and values."""
    return np.where(np.asarray(entries) > 0, total_bytes + 6 * entries + 1, 0)[()]


def async_requests(event_bytes: Number, free_bytes: float, chunk_bytes: float) -> Number:
    """The requests billed for one asynchronous event: one, plus one per started chunk beyond the free bytes.

    Example: with 256 KB free and chunks of 64 KB, an event of 300 KB is 1 + ceil(44 / 64) = 2 requests.
    """
    return 1 + np.ceil(np.maximum(event_bytes - free_bytes, 0) / chunk_bytes)
