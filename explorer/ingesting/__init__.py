"""The command `ingest`: what people have in logs, results and live functions, into a workload."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..console import Json, Region
from ..errors import CloudError, ExplorerError

if TYPE_CHECKING:
    from explorer.ingest.frame import Tally
    from explorer.ingest.reader import Progress
    from explorer.ingest.workload import Draft


def add_to(app: typer.Typer) -> None:
    """Make this command one of `app`."""
    app.command()(ingest)


def ingest(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH...", help="Logs: files, folders, globs, gzip; - reads standard input."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="WORKLOAD.toml", help="Without it, only the figures are shown."
        ),
    ] = None,
    samples: Annotated[
        bool, typer.Option("--samples", help="Keep the numbers themselves, as Parquet beside the workload.")
    ] = False,
    function: Annotated[
        str | None, typer.Option(metavar="NAME", help="A live function: its configuration, metrics and logs.")
    ] = None,
    since: Annotated[
        str, typer.Option(metavar="TIME", help="With --function: 14d, 36h, or a date such as 2026-11-01.")
    ] = "14d",
    until: Annotated[str, typer.Option(metavar="TIME", help="With --function: now, or as --since.")] = "now",
    insights: Annotated[
        bool, typer.Option("--insights", help="With --function: by Logs Insights, billed by the GB it scans.")
    ] = False,
    target: Annotated[
        str, typer.Option("--target", metavar="local|aws", help="With --function: where it is.")
    ] = "aws",
    region: Region = None,
    cloud: Annotated[
        str, typer.Option("--cloud", help="The local cloud, of several side by side.")
    ] = "default",
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=VALUE", help="What the input does not hold: response.p99='9 MB'."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite WORKLOAD.toml.")] = False,
    as_json: Json = False,
) -> None:
    """Turn logs, access logs, results or a live function into a workload, with questions for the rest."""
    from explorer.ingest.result import Summary
    from explorer.ingest.workload import draft, write

    from ..ingest.workload import refuse

    if not paths and not function:
        raise ExplorerError("ingest: nothing to read; expected logs, or --function NAME")
    if samples and not output:
        raise ExplorerError("--samples: expected -o WORKLOAD.toml, which they go beside")
    if output:
        refuse(output, force)
    live = Live(function, since, until, insights, target, region, cloud) if function else None
    tally = _gathered(paths or [], live)
    summary = Summary(tally)
    if not tally.used and not tally.facts:
        raise ExplorerError(_nothing(tally, paths or []))
    made = draft(summary, output.stem if output else "workload", date.today(), samples)
    _answer(made, fields or [], region)
    written = write(made, output, force) if output else []
    answer = {
        **summary.to_dict(),
        "requests_per_month": made.known.get("requests_per_month"),
        "peak_rps": made.known.get("peak_rps"),
        "sweep": _swept(tally.facts.get("sweep", []), made),
        "missing": list(made.missing),
        "questions": made.missing,
        "written": written,
    }
    if as_json:
        import json

        from ..plain import plain

        print(json.dumps(plain(answer), indent=2, allow_nan=False))
    else:
        from .. import screen
        from .shown import told

        screen.show(told(answer))


def _answer(made: Draft, pairs: list[str], region: str | None) -> None:
    """Take in what the user says beside the input."""
    from ..asking import parsed

    if region:
        made.set("region", region, "as you said")
    said = parsed(pairs)
    if "requests_per_month" in said:
        made.known.pop("peak_rps", None)  # it was measured beside another number
    for name, value in said.items():
        section, _, last = name.partition(".")
        if section in ("request", "response", "runtime") and last in ("p50", "value", "samples"):
            made.drop(section)
        made.set(name, value, "as you said")


def _swept(sweep: list[dict[str, Any]], made: Draft) -> list[dict[str, Any]]:
    """The memory sweep; each size with its recommendation and cost, if nothing that these need is open."""
    if not sweep or set(made.missing) & {"requests_per_month", "response", "runtime"}:
        return sweep
    from explorer.ingest.power_tuning import choices
    from explorer.workload.workload import Workload

    return choices(Workload(**made.nested()), sweep)


def _nothing(tally: Tally, paths: list[str]) -> str:
    seen = f" (such as: {tally.examples[0]})" if tally.examples else ""
    return (
        f"{' '.join(paths)}: no invocation in {tally.read:,} lines{seen}; expected REPORT lines, "
        "platform.report events, an access log, a benchmark's Parquet or a Power Tuning result"
    )


def _gathered(paths: list[str], live: Live | None) -> Tally:
    """All that the inputs hold, and the live function."""
    from explorer.ingest.frame import Tally
    from explorer.ingest.reader import gather

    with _watched() as progress:
        tally = gather(paths, progress) if paths else Tally()
        if live:
            live.read(tally, progress)
    return tally


@dataclass(frozen=True)
class Live:
    """A live function and what is asked of it."""

    name: str
    since: str
    until: str
    insights: bool
    target: str
    region: str | None
    cloud: str

    def read(self, tally: Tally, progress: Progress | None) -> None:
        """Take in what the cloud knows of the function."""
        from explorer.ingest.reader import needs_polars
        from explorer.live.deployment.aws_errors import spoken

        from ..ingest import function

        needs_polars()
        place = self._place()
        told = (lambda step: progress(0, 0, step)) if progress else (lambda _: None)
        with spoken(f"read the function {self.name}"):
            for part in function.read(
                place.client, self.name, self.since, self.until, self.insights, place.name == "aws", told
            ):
                tally.add(part)

    def _place(self) -> Any:
        from explorer.facts.catalogue import HOME_REGION
        from explorer.live.deployment.target import TARGETS, Aws, Local

        if self.target not in TARGETS:
            raise ExplorerError(f'--target is "{self.target}": expected one of {", ".join(TARGETS)}')
        if self.target == "aws":
            return Aws(self.region)
        found = Local.found(self.region or HOME_REGION, self.cloud)
        if found is None:
            raise CloudError(f'the local cloud "{self.cloud}" is not running: expected explorer cloud start')
        return found


@contextmanager
def _watched() -> Iterator[Progress | None]:
    """Show on standard error how far the reading is, where a person looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Reading", total=None)

        def progress(done: int, total: int, name: str) -> None:
            said = Path(name).name[-40:].replace("[", r"\[")
            bar.update(task, completed=done, total=total or None, description=said)

        yield progress
