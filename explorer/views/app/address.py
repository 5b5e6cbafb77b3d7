"""A state in the page's address: what began, what was turned since, what stands beside it.

Behind the `#`, which no server is sent: `w` the workload as it began, `v` what was turned, `a` and `av` the
same of the one that is compared with, `s` the same of each scenario with its name, `m` the axes of the map,
`d` the design that is open.
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

LONGEST = 60_000  # letters of an address: what holds many samples is saved as a file
LARGEST = 2**16  # bytes of what was turned
NOT_WHOLE = "the address is not whole: expected one that Share gave"
BETWEEN = "."  # the parts of scenarios: no letter of base64, and spelt as it is in an address
PARTS = 3  # of a scenario: name, base, turns
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


def address_of(state: State, compared: State | None, scenarios: Iterable[Scenario] = ()) -> dict[str, str]:
    """The letters of a state, of the one that it is compared with, of scenarios; none of what is too long."""
    letters = {"w": sharing.workload_as_text(state.base), "v": _packed(state.values)}
    if compared:
        letters |= {"a": sharing.workload_as_text(compared.base), "av": _packed(compared.values)}
    if scenario_letters := _scenario_letters(scenarios, letters["w"]):
        letters["s"] = scenario_letters
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


def _scenario_letters(scenarios: Iterable[Scenario], base_text: str) -> str:
    """Name, base and turns of each; no base where it is that of the one before, first `base_text`."""
    parts: list[str] = []
    for scenario in scenarios:
        text, before = sharing.workload_as_text(scenario.state.base), base_text
        base_text = text
        parts += [_letters(scenario.name.encode()), "" if text == before else text]
        parts += [_packed(scenario.state.values)]
    return BETWEEN.join(parts)


def scenarios_of_address(scenario_letters: str, base_text: str) -> Scenarios:
    """The scenarios of their letters, `base_text` those of `w`. Raises ExplorerError in one line."""
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


def _packed(values: Mapping[str, Value]) -> str:
    if not values:
        return ""
    text = json.dumps(values, separators=(",", ":"))
    return _letters(zlib.compress(text.encode(), 9))


def _unpacked(letters: str) -> dict[str, Any]:
    try:
        decompressor = zlib.decompressobj()
        content = json.loads(decompressor.decompress(_bytes_of(letters), LARGEST))
    except (ValueError, zlib.error):
        content = None
    if not isinstance(content, dict):
        raise WorkloadError(NOT_WHOLE)
    return content
