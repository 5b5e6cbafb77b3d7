"""Compares limits with the service models in the installed AWS SDK: no network, no credentials.

The SDK (botocore) contains AWS's description of each service: shapes with bounds, and sentences. A probe
names a bound, or a sentence with a number, and the limit that it states. A new release of the SDK can thus
confirm a row, change it, or no longer mention it.
"""

from __future__ import annotations

import gzip
import html
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache
from importlib import metadata, util
from pathlib import Path
from typing import Any

from explorer.facts.catalogue import Facts
from explorer.facts.extras import missing_error
from explorer.facts.probes import Probe
from explorer.facts.records import Limit

CONFIRMED, MOVED, GONE, NEW, SILENT = "confirmed", "moved", "gone", "new", "silent"
OLDER = "older"  # the row is from a later release than the installed one, which has the earlier value
STATES = (MOVED, GONE, NEW, OLDER, CONFIRMED, SILENT)
RELEASE = re.compile(r"botocore (\d+(?:\.\d+)*) service model")
NUMBER = re.compile(r"([\d,]+(?:\.\d+)?) ?([A-Za-z]*)")
SCALES = {"KB": 1024, "KIB": 1024, "MB": 1024**2, "MIB": 1024**2, "GB": 1024**3, "GIB": 1024**3}
BYTES = {"bytes": 1, "characters": 1, "MB": 1024**2, "GB": 1024**3, "GiB": 1024**3}
WORDS = {"one": 1.0}


@dataclass(frozen=True, slots=True)
class ModelComparison:
    """The comparison of a limit with a probe; `says` is in the row's unit, None if the model has no number.

    `state` is one of `STATES`; `where` names model and shape, `sentence` is the text there; `value` and
    `as_of` are those of the row. A limit without a probe is `silent`.
    """

    id: str
    state: str
    column: str
    unit: str
    value: float | None
    says: float | None
    where: str
    sentence: str
    as_of: str
    evidence: str

    def to_dict(self) -> dict[str, Any]:
        """The comparison as plain values."""
        return asdict(self)


class ServiceModels:
    """The service models in `folder`, by default those of the installed SDK.

    Raises MissingExtraError if no SDK is installed.
    """

    def __init__(self, folder: Path | None = None, release: str | None = None) -> None:
        self.folder = folder or _installed_models_folder()
        self.release = release or metadata.version("botocore")
        self._model = lru_cache(maxsize=None)(self._read_model)

    def _read_model(self, service: str) -> dict[str, Any]:
        """The newest model of a service; {} if the SDK has none."""
        files = sorted((self.folder / service).glob("*/service-2.json*"))
        if not files:
            return {}
        raw = files[-1].read_bytes()
        model: dict[str, Any] = json.loads(gzip.decompress(raw) if files[-1].suffix == ".gz" else raw)
        return model

    def figure(self, service: str, shape: str, kind: str) -> float | None:
        """The `max` or `min` of a shape; None if it has none."""
        figure = self._model(service).get("shapes", {}).get(shape, {}).get(kind)
        return None if figure is None else float(figure)

    def documentation(self, service: str, where: str) -> str:
        """The documentation of "Shape", "Shape.member" or "Operation()", without tags."""
        model = self._model(service)
        if where.endswith("()"):
            description = model.get("operations", {}).get(where[:-2], {})
        else:
            shape, _, member = where.partition(".")
            description = model.get("shapes", {}).get(shape, {})
            description = description.get("members", {}).get(member, {}) if member else description
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", description.get("documentation", ""))).split())


def _installed_models_folder() -> Path:
    spec = util.find_spec("botocore")
    if spec is None or spec.origin is None:
        raise missing_error("reading service models", ["botocore"])
    return Path(spec.origin).parent / "data"


def compare_limits_with_models(tables: Facts, models: ServiceModels | None = None) -> list[ModelComparison]:
    """Every limit compared with the service models, those that moved first.

    Parameters: `tables`, with the limits and probes; `models`, by default those of the installed SDK. Raises
    CloudError if no SDK is installed.
    """
    models = models or ServiceModels()
    limits = tables.limits()
    rows = [
        _compare_with_model(probe, tables.limit_history(probe.limit), models) for probe in tables.probes()
    ]
    silent = limits.keys() - {row.id for row in rows}
    for limit in (limit for limit in limits.values() if limit.id in silent):
        source = (limit.as_of, limit.evidence)
        rows.append(
            ModelComparison(limit.id, SILENT, "value", limit.unit, limit.value, None, "", "", *source)
        )
    return sorted(rows, key=lambda row: STATES.index(row.state))


def _compare_with_model(probe: Probe, history: tuple[Limit, ...], models: ServiceModels) -> ModelComparison:
    row = history[-1]
    says, sentence = _model_sentence(probe, row.unit, models)
    value = getattr(row, probe.column)
    is_older = _is_older(models.release, row)
    if says is None:
        state = OLDER if is_older else GONE
    elif value is None:
        state = NEW
    elif _equal(value, says):
        state = CONFIRMED
    elif is_older and any(_equal(getattr(earlier, probe.column), says) for earlier in history[:-1]):
        state = OLDER
    else:
        state = MOVED
    where = f"{probe.model} {probe.shape}"
    source = (row.as_of, row.evidence)
    return ModelComparison(row.id, state, probe.column, row.unit, value, says, where, sentence, *source)


def _model_sentence(probe: Probe, unit: str, models: ServiceModels) -> tuple[float | None, str]:
    """The number in the model, in the row's unit, and its sentence."""
    if probe.read in ("max", "min"):
        figure = models.figure(probe.model, probe.shape, probe.read)
        if figure is None:
            return None, ""
        return figure * probe.factor, f"{probe.read} of {probe.shape} is {figure:,.0f}"
    text = models.documentation(probe.model, probe.shape)
    match = re.search(probe.pattern, text)
    if not match:
        return None, ""
    start = text.rfind(". ", 0, match.start()) + 1
    end = text.find(". ", match.end())
    return number_in(match[1], unit) * probe.factor, text[start : None if end < 0 else end + 1].strip()


def number_in(text: str, unit: str) -> float:
    """The number of "6 MB", "29,000 milliseconds" or "one hour" in a unit of the tables.

    Raises ValueError if there is no number.
    """
    head, _, tail = text.partition(" ")
    match = NUMBER.fullmatch(text.strip())
    if head in WORDS:
        number, word = WORDS[head], tail
    elif match:
        number, word = float(match[1].replace(",", "")), match[2]
    else:
        raise ValueError(f'"{text}" is no number')
    if unit in BYTES and word.upper() in SCALES:
        return number * SCALES[word.upper()] / BYTES[unit]
    if unit == "seconds":
        return number * {"mill": 0.001, "hour": 3600.0, "minu": 60.0}.get(word.lower()[:4], 1.0)
    return number


def _equal(one: float | None, other: float) -> bool:
    return one is not None and abs(one - other) <= 1e-9 * max(abs(one), abs(other))


def _is_older(release: str, row: Limit) -> bool:
    """Whether an SDK release is older than the one from which a row was read."""
    match = RELEASE.search(row.evidence)
    return match is not None and _version(release) < _version(match[1])


def _version(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", release)[:3])


def moved_row(comparison: ModelComparison, limit: Limit, today: date, release: str) -> dict[str, Any]:
    """The line of `limits.csv` for a limit that moved: not verified until an AWS page confirms it."""
    assert comparison.says is not None
    model = comparison.where.partition(" ")[0]
    return {
        **asdict(limit),
        "value": _text(limit.value),
        "raised_to": _text(limit.raised_to),
        comparison.column: _text(comparison.says),
        "evidence": f"botocore {release} service model",
        "as_of": today.isoformat(),
        "source_url": f"https://github.com/boto/botocore/tree/{release}/botocore/data/{model}",
        "verified": "no",
    }


def _text(value: float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if value == int(value) else repr(value)


def count_states(rows: Iterable[ModelComparison]) -> dict[str, int]:
    """The number of rows in each state."""
    states = [row.state for row in rows]
    return {state: states.count(state) for state in STATES}
