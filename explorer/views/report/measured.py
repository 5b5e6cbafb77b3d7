"""A benchmark in a document: measured values beside the prediction for that run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from explorer.analysis.calibration.calibrate import calibrate
from explorer.analysis.calibration.measurements import read_benchmark
from explorer.analysis.calibration.prediction import RunConditions, predict_run
from explorer.analysis.phrases import describe_design
from explorer.engine.designs import Design
from explorer.errors import ReportError
from explorer.facts.units import format_time
from explorer.workload.workload import Workload

from .blocks import Table, table
from .document import Block, Prose, SentenceList
from .typography import one_line

LOCAL = "These are times of a local cloud on one machine: they prove the model's structure, not AWS's."


@dataclass(frozen=True, eq=False)
class Measurement:
    """The rows of one benchmark from its Parquet file, in the form that the figures need."""

    path: Path
    workload: Workload

    @cached_property
    def frame(self) -> Any:
        """One row per request, with the run's metadata in `attrs["bench"]`."""
        frame = read_benchmark(self.path)
        metadata = frame.attrs.get("bench") or {}
        if not metadata.get("design") or not metadata.get("summary", {}).get("measured"):
            raise ReportError(
                f"{self.path}: expected the Parquet file of explorer bench, of a design that is known"
            )
        return frame

    @property
    def metadata(self) -> dict[str, Any]:
        """The metadata of the run."""
        return dict(self.frame.attrs["bench"])

    @property
    def endpoint(self) -> Measurement:
        """The object itself, which has the workload, design and target that the figures use."""
        return self

    @property
    def design(self) -> Design:
        """The measured design."""
        return Design(**self.metadata["design"])

    @property
    def target(self) -> str:
        """The target: local or aws."""
        return str(self.to_dict().get("target", ""))

    @property
    def conditions(self) -> RunConditions:
        """The parameters of the run."""
        return RunConditions(**self.metadata["conditions"])

    @property
    def rows_that_count(self) -> list[Any]:
        """The requests that count, without warm-up."""
        rows = self.frame[~self.frame["warm_up"].astype(bool)]
        return list(rows.assign(cold=rows["cold"].fillna(False)).itertuples())

    @property
    def measured(self) -> dict[str, dict[str, float]]:
        """Seconds by phase and in total."""
        return dict(self.to_dict()["measured"])

    @cached_property
    def predicted(self) -> dict[str, dict[str, float]]:
        """The model's prediction for the document's workload under the conditions of this run."""
        return predict_run(self.workload, self.design, self.conditions)

    def to_dict(self) -> dict[str, Any]:
        """The stored summary of the run."""
        return dict(self.metadata["summary"])

    @cached_property
    def off(self) -> Any:
        """The error of the prediction before and after calibration, one row per phase."""
        return calibrate(self.workload, self.frame).off.reset_index().drop(columns="run")


def measurement_blocks(run: Measurement) -> list[Block]:
    """The blocks of a document on a run."""
    summary = run.to_dict()
    counts = f"{summary['jobs']:,} jobs, {summary['succeeded']:,} succeeded, {summary['lost']:,} lost"
    notes = [*summary.get("why_not_valid", ()), *summary.get("cannot_vouch_for", ())]
    blocks: list[Block] = [
        Prose(f"{counts}, at {run.conditions.rate_rps:.3g} a second, of {describe_design(run.design)}."),
        _measured_beside_predicted(run),
    ]
    if run.target == "local":
        blocks.insert(1, Prose(LOCAL))
    return (
        [*blocks, SentenceList("What this run cannot show", [f"{one_line(note)}." for note in notes])]
        if notes
        else blocks
    )


def _measured_beside_predicted(run: Measurement) -> Table:
    rows = [
        (row["phase"], *(_seconds(row[f"{who}_{at}_s"]) for at in ("p50", "p95") for who in WHO), _share(row))
        for row in run.off.to_dict("records")
    ]
    columns = " | ".join(f">{who} {at}" for at in ("p50", "p95") for who in WHO)
    caption = "Predicted and measured under the conditions of the run, and the workload calibrated by it"
    return table(caption, f"Phase | {columns} | >Prediction off, p50", rows)


WHO = ("measured", "predicted", "calibrated")


def _seconds(seconds: float) -> str:
    return format_time(seconds) if seconds >= 1e-4 else "0"


def _share(row: dict[str, Any]) -> str:
    off = row["predicted_off_p50"]
    return "" if off != off else f"{100 * off:+.0f} %".replace("-", "−")
