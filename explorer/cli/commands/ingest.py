"""The command `ingest`: what people have in logs, results and live functions, into a workload."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli.console import Json, Region, out
from explorer.errors import CloudError, ExplorerError
from explorer.facts.suggestions import expected_one_of

if TYPE_CHECKING:
    from rich.console import RenderableType

    from explorer.ingest.frame import Tally
    from explorer.ingest.reader import Progress
    from explorer.ingest.workload import Draft


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
    from explorer.ingest.workload import draft, refuse, write

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
    out(answer, as_json, told, answer)


def _answer(made: Draft, pairs: list[str], region: str | None) -> None:
    """Take in what the user says beside the input."""
    from explorer.cli.assignments import parsed
    from explorer.workload.fields import SPREADS

    if region:
        made.set("region", region, "as you said")
    said = parsed(pairs)
    if "requests_per_month" in said:
        made.known.pop("peak_rps", None)  # it was measured beside another number
    for name, value in said.items():
        section, _, last = name.partition(".")
        if section in SPREADS and last in ("p50", "value", "samples"):
            made.drop(section)
        made.set(name, value, "as you said")


def _swept(sweep: list[dict[str, Any]], made: Draft) -> list[dict[str, Any]]:
    """The memory sweep; each size with its recommendation and cost, if nothing that these need is open."""
    if not sweep or set(made.missing) & {"requests_per_month", "response", "runtime"}:
        return sweep
    from explorer.ingest.formats.power_tuning import choices
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
        from explorer.ingest import function
        from explorer.ingest.reader import needs_polars
        from explorer.live.deployment.aws_errors import spoken

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
            raise ExplorerError(f'--target is "{self.target}": {expected_one_of(TARGETS)}')
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


def told(answer: dict[str, Any]) -> Iterator[RenderableType]:
    """What a person is told: what was read, what it says, what is left to ask."""
    from rich.text import Text

    from explorer.cli.tables import Whole, listed, table, title

    bad = answer["unreadable"]
    yield Text.assemble(
        f"{answer['read']:,} lines read, {answer['used']:,} used, ",
        (f"{bad:,} unreadable", "yellow" if bad else ""),
    )
    yield from listed(answer["examples"])
    rows = [_quantiles(name, answer[name]) for name in SHOWN if answer[name]]
    if rows:
        yield title(f"{answer['invocations']:,} invocations")
        yield table(("", ">p50", ">p90", ">p99", ">p99.9", ">max"), rows)
    yield from listed(_facts(answer))
    if answer["sweep"]:
        yield title("Memory sweep", "mean duration, cost of one invocation, and of the design in a month")
        yield table(
            (">memory", ">ms", ">USD", ">USD a month", "design"), [_row(row) for row in answer["sweep"]]
        )
    if answer["questions"]:
        yield title("Left to you")
        yield from listed(f"{name}: {asked}" for name, asked in answer["questions"].items())
    for path in answer["written"]:
        yield Whole(f"Wrote {path}")
    if answer["written"]:
        path = shlex.quote(str(answer["written"][0]))
        needs = [name for name in answer["missing"] if name in ("requests_per_month", "response", "runtime")]
        if needs:
            yield Whole(f"Next: say {', '.join(needs)} in {path}, then explorer recommend {path}")
        else:
            yield Whole(f"Next: explorer recommend {path}")


SHOWN = {
    "duration_ms": "duration, ms",
    "billed_ms": "billed, ms",
    "init_ms": "init, ms",
    "restore_ms": "restore, ms",
    "max_memory_mb": "memory used, MB",
    "request_bytes": "request, bytes",
    "response_bytes": "response, bytes",
}


def _quantiles(name: str, found: dict[str, float]) -> tuple[str, ...]:
    return SHOWN[name], *(f"{value:,.6g}" if value < 1e6 else f"{value:,.0f}" for value in found.values())


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    from explorer.analysis.phrases import list_options

    monthly = f"{row['monthly_usd']:,.2f}" if "monthly_usd" in row else ""
    design = list_options(row.get("design") or {})
    return f"{row['memory_mb']:g} MB", f"{row['duration_ms']:,.6g}", f"{row['cost_usd']:.3g}", monthly, design


def _facts(answer: dict[str, Any]) -> Iterator[str]:
    from explorer.facts.units import format_number, format_time

    for says, counts in (
        ("failed", answer["errors"]),
        ("initialisations that failed", answer["failed_inits"]),
        ("refused or failed at the door", answer["http_errors"]),
        ("memory size, MB", answer["memory_mb"]),
    ):
        if counts:
            yield f"{says}: {', '.join(f'{count:,} x {kind}' for kind, count in counts.items())}"
    if "timeout" in answer["errors"]:
        yield "a time-out's duration is a lower bound: the work was cut off"
    if answer["cold_start_share"] is not None:
        yield f"cold starts: {answer['cold_start_share']:.3%}"
    if answer["span_s"]:
        yield f"from the first to the last line: {format_time(answer['span_s'])}"
    if answer["requests_per_month"]:
        yield f"requests a month: {format_number(answer['requests_per_month'])}"
    if answer["busiest_minute_rps"]:
        yield (
            f"busiest minute: {format_number(answer['busiest_minute_rps'])} a second; "
            f"busiest second: {format_number(answer['busiest_second_rps'])}"
        )
    yield from answer["notes"]
