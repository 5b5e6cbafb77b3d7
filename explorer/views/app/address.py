"""A state of the screen in the page's address: base workload, changes, and what it is compared with.

The state comes after the `#`, which browsers do not send to servers: `w` the base workload, `v` the changed
values, `a` and `av` the same for the workload of the comparison, `s` the same for each scenario with its
name, `m` the axes of the map, `d` the open design.
"""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from explorer.errors import ExplorerError, WorkloadError
from explorer.facts.units import quote_value

from . import sharing
from .controls import CHOICES, DIALS, SWITCHES, Value
from .drawer import ENTRIES
from .history import State
from .scenarios import Scenario, Scenarios

LONGEST = 60_000  # characters of an address; a workload with many samples is saved as a file
LARGEST = 2**16  # bytes of the changed values
NOT_WHOLE = "the address is not whole: expected one that Share gave"
BETWEEN = "."  # separates the parts of scenarios: not in base64, and not escaped in addresses
PARTS = 3  # parts of a scenario: name, base, changed values
TEXTS = ("text", "quantiles", "toml")
FIELDS = {*(dial.field for dial in DIALS), *SWITCHES, *CHOICES}


def checked_values(values: Mapping[str, Any]) -> dict[str, Value]:
    """Validate the values from a browser or an address. Raises ExplorerError for an invalid value."""
    checked: dict[str, Value] = {}
    for field, value in values.items():
        if field in ENTRIES and ENTRIES[field].shape not in TEXTS:
            checked[field] = ENTRIES[field].check_choice(value)
        elif field in FIELDS or field in ENTRIES:
            if not (value is None or isinstance(value, bool | int | float | str)):
                raise ExplorerError(f"{field} is {quote_value(value)}: expected a number or text")
            checked[field] = value
    return checked


def address_of(state: State, compared: State | None, scenarios: Iterable[Scenario] = ()) -> dict[str, str]:
    """The address of a state, the compared state, and scenarios; parts that are too long are left out."""
    letters = {"w": sharing.workload_as_text(state.base), "v": _pack(state.values)}
    if compared:
        letters |= {"a": sharing.workload_as_text(compared.base), "av": _pack(compared.values)}
    if scenario_letters := _scenario_letters(scenarios, letters["w"]):
        letters["s"] = scenario_letters
    return letters if sum(map(len, letters.values())) <= LONGEST else {}


def state_of_address(base_text: str, values_text: str) -> State:
    """The state in an address. Raises ExplorerError in one line if it is not a valid workload."""
    state = State(sharing.workload_of_paste(base_text))
    if values_text:
        state = State(state.base, checked_values(_unpack(values_text)))
        try:
            _ = state.workload
        except (TypeError, ValueError):
            raise ExplorerError("the address holds a value that its field cannot have") from None
    return state


def _scenario_letters(scenarios: Iterable[Scenario], base_text: str) -> str:
    """Name, base and changes of each scenario; an equal base as before (first `base_text`) is left out."""
    parts: list[str] = []
    for scenario in scenarios:
        text, before = sharing.workload_as_text(scenario.state.base), base_text
        base_text = text
        parts += [_letters(scenario.name.encode()), "" if text == before else text]
        parts += [_pack(scenario.state.values)]
    return BETWEEN.join(parts)


def scenarios_of_address(scenario_letters: str, base_text: str) -> Scenarios:
    """The scenarios in an address; `base_text` is the text of `w`. Raises ExplorerError in one line."""
    parts = scenario_letters.split(BETWEEN) if scenario_letters else []
    if len(parts) % PARTS:
        raise WorkloadError(NOT_WHOLE)
    scenarios = Scenarios()
    for name, base, values in zip(parts[::PARTS], parts[1::PARTS], parts[2::PARTS], strict=True):
        base_text = base or base_text
        try:
            scenario_name = _bytes_of(name).decode()
        except ValueError:
            raise WorkloadError(NOT_WHOLE) from None
        scenarios.add(scenario_name, state_of_address(base_text, values))
    return scenarios


def _letters(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _bytes_of(letters: str) -> bytes:
    return urlsafe_b64decode(letters + "=" * (-len(letters) % 4))


def _pack(values: Mapping[str, Value]) -> str:
    if not values:
        return ""
    text = json.dumps(values, separators=(",", ":"))
    return _letters(zlib.compress(text.encode(), 9))


def _unpack(letters: str) -> dict[str, Any]:
    try:
        decompressor = zlib.decompressobj()
        content = json.loads(decompressor.decompress(_bytes_of(letters), LARGEST))
    except (ValueError, zlib.error):
        content = None
    if not isinstance(content, dict):
        raise WorkloadError(NOT_WHOLE)
    return content
