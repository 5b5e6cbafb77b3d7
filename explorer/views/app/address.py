"""A state in the page's address: what began, what was turned since, and what it is compared with.

Behind the `#`, which no server is sent: `w` the workload as it began, `v` what was turned, `a` and `av` the
same of the one that is compared with, `m` the axes of the map, `d` the design that is open.
"""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from explorer.errors import ExplorerError, WorkloadError
from explorer.facts.units import quote_value

from . import sharing
from .controls import CHOICES, DIALS, SWITCHES, Value
from .drawer import ENTRIES
from .history import State

LONGEST = 60_000  # letters of an address: what holds many samples is saved as a file
LARGEST = 2**16  # bytes of what was turned
TEXTS = ("text", "quantiles", "toml")
FIELDS = {*(dial.field for dial in DIALS), *SWITCHES, *CHOICES}


def checked_values(values: Mapping[str, Any]) -> dict[str, Value]:
    """What a browser or an address turned, as far as it can be. Raises ExplorerError for a wrong value."""
    checked: dict[str, Value] = {}
    for field, value in values.items():
        if field in ENTRIES and ENTRIES[field].shape not in TEXTS:
            checked[field] = ENTRIES[field].check_choice(value)
        elif field in FIELDS or field in ENTRIES:
            if not (value is None or isinstance(value, bool | int | float | str)):
                raise ExplorerError(f"{field} is {quote_value(value)}: expected a number or text")
            checked[field] = value
    return checked


def address_of(state: State, compared: State | None) -> dict[str, str]:
    """The letters of a state, and of the one that it is compared with; none of what is too long."""
    letters = {"w": sharing.workload_as_text(state.base), "v": _packed(state.values)}
    if compared:
        letters |= {"a": sharing.workload_as_text(compared.base), "av": _packed(compared.values)}
    return letters if sum(map(len, letters.values())) <= LONGEST else {}


def state_of_address(base_text: str, values_text: str) -> State:
    """The state of its letters. Raises ExplorerError in one line for what is no workload."""
    state = State(sharing.workload_of_paste(base_text))
    if values_text:
        state = State(state.base, checked_values(_unpacked(values_text)))
        try:
            _ = state.workload
        except (TypeError, ValueError):
            raise ExplorerError("the address holds a value that its field cannot have") from None
    return state


def _packed(values: Mapping[str, Value]) -> str:
    if not values:
        return ""
    text = json.dumps(values, separators=(",", ":"))
    return urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


def _unpacked(letters: str) -> dict[str, Any]:
    try:
        packed = urlsafe_b64decode(letters + "=" * (-len(letters) % 4))
        decompressor = zlib.decompressobj()
        content = json.loads(decompressor.decompress(packed, LARGEST))
    except (ValueError, zlib.error):
        content = None
    if not isinstance(content, dict):
        raise WorkloadError("the address is not whole: expected one that Share gave")
    return content
