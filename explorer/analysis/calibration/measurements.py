"""What a run of the benchmark measured: quantiles by what they are of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.engine.designs import Design
from explorer.errors import ExplorerError
from explorer.options.base.request_path import LEVELS

from .prediction import NAMES, RunConditions

if TYPE_CHECKING:
    import pandas as pd

METADATA = b"explorer.bench"  # of a benchmark's Parquet file
COLUMNS = {
    "submit": "submit_s",
    "queue": "queue_s",
    "cold start": "cold_start_s",
    "work": "work_s",
    "poll": "poll_s",
    "download": "fetch_s",
    "total": "latency_s",
}


@dataclass(frozen=True, eq=False)
class Measured:
    """What one run's jobs that succeeded took: quantiles at `LEVELS` [s]."""

    design: Design | None
    run: RunConditions
    seconds: dict[str, np.ndarray]  # of warm jobs, by phase or as `solve` names its equations
    phases: dict[str, np.ndarray]  # of all jobs, by phase and in all
    response: np.ndarray  # bytes
    init: np.ndarray | None  # what a cold start adds to a job
    stored: bool

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Measured:
        """From the frame of a result, with what it says of its run in `attrs["bench"]`."""
        told: dict[str, Any] = frame.attrs.get("bench") or {}
        rows = frame[(frame["status"] == "succeeded") & ~frame["warm_up"].astype(bool)]
        if rows.empty:
            raise ExplorerError("measurements have no job that succeeded: expected one at least")
        warm = rows[~_cold(rows)]
        warm = rows if warm.empty else warm
        stored = bool(rows["poll_s"].notna().any())
        phases = _phases(rows) if stored else {"total": _levels(rows["latency_s"])}
        given, design = told.get("conditions") or _seen_conditions(rows), told.get("design")
        return cls(
            Design(**design) if design else None,
            RunConditions(**given),
            _finite({**_phases(warm), **_apart(warm), **_told(told)}),
            _finite(phases),
            _levels(rows["bytes"]),
            _added(rows, warm, told),
            stored,
        )


def _cold(rows: pd.DataFrame) -> np.ndarray:
    """Which jobs are known to have met a cold start."""
    return np.asarray(rows["cold"].fillna(False), dtype=bool)


def _phases(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    return {phase: _levels(rows[column]) for phase, column in COLUMNS.items()}


def _apart(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """What was seen within a phase: the exchange that told the end, an answer's first byte, the rest."""
    whole = rows["fetch_s"].fillna(rows["service_s"])
    return {
        "status": _levels(rows["status_s"]),
        "first byte": _levels(rows["first_byte_s"]),
        "transfer": _levels(whole - rows["first_byte_s"]),
    }


def _told(told: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """What was measured beside the rows: the functions' own durations, a round trip."""
    found = {f"front {part}": _array(seen) for part, seen in (told.get("functions") or {}).items()}
    return found | ({"rtt": _array(told["rtt_s"])} if told.get("rtt_s") else {})


def _added(rows: pd.DataFrame, warm: pd.DataFrame, told: Mapping[str, Any]) -> np.ndarray | None:
    """What a cold start adds: the initialisation, and by how much the first work in it is slower."""
    cold = rows[_cold(rows)]
    if cold.empty or len(cold) == len(rows):
        return _array(told["init_s"]) if told.get("init_s") else None
    slower = (cold["work_s"] - warm["work_s"].median()).clip(lower=0)
    return _levels(cold["cold_start_s"] + slower)


def _finite(found: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: values for name, values in found.items() if np.isfinite(values).all()}


def _levels(values: pd.Series) -> np.ndarray:
    kept = np.asarray(values.dropna(), dtype=float)
    return np.quantile(kept, LEVELS, method="inverted_cdf") if kept.size else np.full(3, np.nan)


def _array(quantiles: Mapping[str, float]) -> np.ndarray:
    return np.array([quantiles[name] for name in NAMES])


def _seen_conditions(rows: pd.DataFrame) -> dict[str, Any]:
    """The conditions of a run as its rows show them."""
    span = float(rows["scheduled_s"].max() - rows["scheduled_s"].min())
    asked = float(rows["runtime_s"].median())
    return {
        "rate_rps": len(rows) / span if span else 1.0,
        "runtime_s": None if np.isnan(asked) else asked,
        "response_bytes": float(rows["bytes"].median()) if not np.isnan(asked) else None,
        "request_bytes": float(rows["request_bytes"].median()),
    }


def runs(measurements: Any) -> list[Measured]:
    many = measurements if isinstance(measurements, list | tuple) else [measurements]
    return [Measured.of(_frame(one)) for one in many]


def _frame(one: Any) -> pd.DataFrame:
    import pandas as pd

    if isinstance(one, str | Path):
        return read(one)
    frame = one.frame() if hasattr(one, "frame") else one
    if not isinstance(frame, pd.DataFrame) or not {"status", "latency_s", "submit_s"} <= {*frame.columns}:
        raise ExplorerError(
            "measurements: expected the result of a benchmark, its Parquet file, its frame, or several"
        )
    return frame


def read(path: str | Path) -> pd.DataFrame:
    """The rows that a benchmark wrote, with what it says of its run in `attrs["bench"]`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise ExplorerError(
            f"{path}: is no Parquet file of a benchmark ({str(error).splitlines()[0]})"
        ) from None
    told = (table.schema.metadata or {}).get(METADATA)
    frame = table.to_pandas()
    frame.attrs["bench"] = json.loads(told) if told else {}
    return frame
