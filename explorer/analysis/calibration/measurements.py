"""The measurements of one benchmark run: quantiles of each phase and part of a phase."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.engine.designs import Design
from explorer.errors import ExplorerError
from explorer.options.base.request_path import LEVELS, Phase
from explorer.workload.kinds import file_exists

from .prediction import NAMES, RunConditions

if TYPE_CHECKING:
    import pandas as pd

METADATA = b"explorer.bench"  # metadata key in a benchmark's Parquet file
COLUMNS = {
    Phase.SUBMIT.value: "submit_s",
    Phase.QUEUE.value: "queue_s",
    Phase.COLD_START.value: "cold_start_s",
    Phase.WORK.value: "work_s",
    Phase.POLL.value: "poll_s",
    Phase.DOWNLOAD.value: "fetch_s",
    "total": "latency_s",
}


@dataclass(frozen=True, eq=False)
class MeasuredRun:
    """The quantiles at `LEVELS` [s] of one run's successful jobs."""

    design: Design | None
    conditions: RunConditions
    seconds: dict[str, np.ndarray]  # of warm jobs, by phase or by equation name in `solve`
    phases: dict[str, np.ndarray]  # of all jobs, by phase and in total
    response: np.ndarray  # bytes
    init: np.ndarray | None  # what a cold start adds to a job
    is_stored: bool

    @classmethod
    def of(cls, frame: pd.DataFrame) -> MeasuredRun:
        """The run from the frame of a result, whose metadata are in `attrs["bench"]`."""
        metadata: dict[str, Any] = frame.attrs.get("bench") or {}
        rows = frame[(frame["status"] == "succeeded") & ~frame["warm_up"].astype(bool)]
        if rows.empty:
            raise ExplorerError("measurements have no job that succeeded: expected one at least")
        warm = rows[~_is_cold(rows)]
        warm = rows if warm.empty else warm
        is_stored = bool(rows["poll_s"].notna().any())
        phases = _phase_quantiles(rows) if is_stored else {"total": _at_levels(rows["latency_s"])}
        conditions, design = metadata.get("conditions") or _conditions_from_rows(rows), metadata.get("design")
        return cls(
            Design(**design) if design else None,
            RunConditions(**conditions),
            _without_gaps(
                {**_phase_quantiles(warm), **_times_within_phases(warm), **_times_beside_rows(metadata)}
            ),
            _without_gaps(phases),
            _at_levels(rows["bytes"]),
            _cold_start_cost(rows, warm, metadata),
            is_stored,
        )


def _is_cold(rows: pd.DataFrame) -> np.ndarray:
    """Which jobs are known to have had a cold start."""
    return np.asarray(rows["cold"].fillna(False), dtype=bool)


def _phase_quantiles(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    return {phase: _at_levels(rows[column]) for phase, column in COLUMNS.items()}


def _times_within_phases(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Times within a phase: the last status exchange, the first byte of a response, the rest of its bytes."""
    whole = rows["fetch_s"].fillna(rows["service_s"])
    return {
        "status": _at_levels(rows["status_s"]),
        "first byte": _at_levels(rows["first_byte_s"]),
        "transfer": _at_levels(whole - rows["first_byte_s"]),
    }


def _times_beside_rows(metadata: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Times measured outside the rows: durations of the front functions, and a round trip."""
    times = {
        f"front {part}": _quantile_array(quantiles)
        for part, quantiles in (metadata.get("functions") or {}).items()
    }
    return times | ({"rtt": _quantile_array(metadata["rtt_s"])} if metadata.get("rtt_s") else {})


def _cold_start_cost(
    rows: pd.DataFrame, warm: pd.DataFrame, metadata: Mapping[str, Any]
) -> np.ndarray | None:
    """What a cold start adds: the initialisation, and the slowdown of the first work afterwards."""
    cold = rows[_is_cold(rows)]
    if cold.empty or len(cold) == len(rows):
        return _quantile_array(metadata["init_s"]) if metadata.get("init_s") else None
    slower = (cold["work_s"] - warm["work_s"].median()).clip(lower=0)
    return _at_levels(cold["cold_start_s"] + slower)


def _without_gaps(times: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: values for name, values in times.items() if np.isfinite(values).all()}


def _at_levels(values: pd.Series) -> np.ndarray:
    known_values = np.asarray(values.dropna(), dtype=float)
    return (
        np.quantile(known_values, LEVELS, method="inverted_cdf") if known_values.size else np.full(3, np.nan)
    )


def _quantile_array(quantiles: Mapping[str, float]) -> np.ndarray:
    return np.array([quantiles[name] for name in NAMES])


def _conditions_from_rows(rows: pd.DataFrame) -> dict[str, Any]:
    """The conditions of a run, inferred from its rows."""
    span = float(rows["scheduled_s"].max() - rows["scheduled_s"].min())
    runtime_s = float(rows["runtime_s"].median())
    return {
        "rate_rps": len(rows) / span if span else 1.0,
        "runtime_s": None if np.isnan(runtime_s) else runtime_s,
        "response_bytes": float(rows["bytes"].median()) if not np.isnan(runtime_s) else None,
        "request_bytes": float(rows["request_bytes"].median()),
    }


def load_runs(measurements: Any) -> list[MeasuredRun]:
    """The runs of one result or of a list of them."""
    many = measurements if isinstance(measurements, list | tuple) else [measurements]
    return [MeasuredRun.of(_benchmark_frame(one)) for one in many]


def _benchmark_frame(one: Any) -> pd.DataFrame:
    import pandas as pd

    if isinstance(one, str | Path):
        return read_benchmark(one)
    frame = one.frame() if hasattr(one, "frame") else one
    if not isinstance(frame, pd.DataFrame) or not {"status", "latency_s", "submit_s"} <= {*frame.columns}:
        raise ExplorerError(
            "measurements: expected the result of a benchmark, its Parquet file, its frame, or several"
        )
    return frame


def read_benchmark(path: str | Path) -> pd.DataFrame:
    """The rows that a benchmark wrote, with the metadata of its run in `attrs["bench"]`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not file_exists(Path(path)):
        raise ExplorerError(f"{path}: no such file; expected the Parquet file of a benchmark")
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise ExplorerError(
            f"{path}: is no Parquet file of a benchmark ({str(error).splitlines()[0]})"
        ) from None
    metadata = (table.schema.metadata or {}).get(METADATA)
    frame: pd.DataFrame = table.to_pandas()
    frame.attrs["bench"] = json.loads(metadata) if metadata else {}
    return frame
