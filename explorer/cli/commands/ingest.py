"""The command `ingest`: convert logs, results and live functions to a workload."""

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
    from explorer.ingest.result import Summary
    from explorer.ingest.selection import Selection
    from explorer.ingest.workload import Draft


def ingest(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH",
            help="Logs, traces, results, templates: files, folders, globs; - reads standard input.",
        ),
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
    include: Annotated[
        list[str] | None,
        typer.Option(
            "--include",
            metavar="PATTERN",
            help="Requests that count: a path (/v1/*, *.pdf) or a status (2xx, 404).",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="PATTERN", help="Requests that do not: as --include."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="14d, 36h, or a date such as 2026-11-01; with --function 14d if left out."
        ),
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="now, or as --since.")] = None,
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
    """Turn logs, load-test results or a deployed function into a workload, with questions for the rest."""
    from explorer.ingest.result import Summary
    from explorer.ingest.workload import draft, refuse, write

    if not paths and not function:
        raise ExplorerError("ingest: nothing to read; expected logs, or --function NAME")
    _must_be_writable(output, samples, force)
    selection = _selection(include or [], exclude or [], since, until)
    live = (
        Live(function, since or "14d", until or "now", insights, target, region, cloud) if function else None
    )
    tally = _gather(paths or [], live, selection)
    summary = Summary(tally)
    by_function = _functions_with_figures(tally)
    if not tally.used_lines and not tally.facts and not by_function:
        raise ExplorerError(_nothing(summary, paths or []))
    if output and output.is_dir() and len(by_function) < 2:
        output = output / "workload.toml"
        refuse(output, force)
    workload_draft = draft(summary, output.stem if output else "workload", date.today(), samples)
    _answer(workload_draft, summary, fields or [], region)
    workloads: list[dict[str, Any]] = []
    new_files: list[Path] = []
    if len(by_function) > 1:
        workloads, new_files = _several(by_function, output, samples, force, fields or [], region)
    elif output:
        new_files = write(workload_draft, output, force)
    answer = {**_ingest_to_dict(summary, workload_draft), "workloads": workloads, "written": new_files}
    out(answer, as_json, summary_lines, answer)


def _must_be_writable(output: Path | None, samples: bool, force: bool) -> None:
    """Reject, before reading, samples without a workload file, and output files that exist."""
    from explorer.ingest.workload import refuse

    if samples and not output:
        raise ExplorerError("--samples: expected -o WORKLOAD.toml, which they go beside")
    if output and not output.is_dir():
        refuse(output, force)


def _functions_with_figures(tally: Tally) -> dict[str, Tally]:
    """The functions for which the input has figures, by name."""
    groups = sorted(tally.groups.items())
    return {name: group for name, group in groups if group.used_lines or group.facts}


def _ingest_to_dict(summary: Summary, draft: Draft) -> dict[str, Any]:
    """The figures of the input, its rates and its memory sweep, and the open fields."""
    return {
        **summary.to_dict(),
        **_rates(draft),
        "sweep": _price_sweep(summary.tally.facts.get("sweep", []), draft),
        "missing": list(draft.missing),
        "questions": draft.missing,
    }


def _selection(include: list[str], exclude: list[str], since: str | None, until: str | None) -> Selection:
    """The selection of requests that count. Raises ExplorerError for an invalid pattern or time."""
    from datetime import UTC, datetime

    from explorer.ingest.function import moment
    from explorer.ingest.selection import Pattern, Selection

    now = datetime.now(UTC)
    start, end = (moment(text, now).timestamp() if text else None for text in (since, until))
    if start is not None and end is not None and start >= end:
        raise ExplorerError(f'--since is "{since}": expected a time before --until, "{until}"')
    including = tuple(Pattern.read(text, "--include") for text in include)
    excluding = tuple(Pattern.read(text, "--exclude") for text in exclude)
    return Selection(including, excluding, start, end)


def _several(
    groups: dict[str, Tally],
    output: Path | None,
    samples: bool,
    force: bool,
    fields: list[str],
    region: str | None,
) -> tuple[list[dict[str, Any]], list[Path]]:
    """A workload for each function: its figures, and the files written."""
    from explorer.ingest.result import Summary
    from explorer.ingest.workload import draft, refuse, write

    names = {name: _file(output, name) for name in groups} if output else {}
    for path in names.values():
        refuse(path, force)
    figures, new_files = [], []
    for name, group in groups.items():
        summary = Summary(group)
        workload_draft = draft(summary, name, date.today(), samples)
        _answer(workload_draft, summary, fields, region)
        files = write(workload_draft, names[name], force) if output else []
        new_files += files
        figures.append(
            {
                "name": name,
                **summary.to_dict(),
                **_rates(workload_draft),
                "missing": list(workload_draft.missing),
                "written": files,
            }
        )
    return figures, new_files


def _rates(draft: Draft) -> dict[str, Any]:
    return {name: draft.values.get(name) for name in ("requests_per_month", "peak_rps")}


def _file(output: Path, name: str) -> Path:
    """The workload file of one of several functions: in a folder, or beside the file in the option."""
    plain = "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in name)
    return (
        output / f"{plain}.toml"
        if output.is_dir()
        else output.with_name(f"{output.stem}-{plain}{output.suffix}")
    )


def _answer(draft: Draft, summary: Summary, pairs: list[str], region: str | None) -> None:
    """Apply the answers that the user gives besides the input."""
    from explorer.cli.assignments import parse_assignments
    from explorer.ingest.workload import tune
    from explorer.workload.fields import SPREADS

    if region:
        draft.set("region", region, "as you said")
    answers = parse_assignments(pairs)
    if "requests_per_month" in answers:
        draft.values.pop("peak_rps", None)  # it was measured together with another rate
    for name, value in answers.items():
        section, _, last = name.partition(".")
        if section in SPREADS and last in ("p50", "value", "samples"):
            draft.drop(section)
        draft.set(name, value, "as you said")
    tune(draft, summary)


def _price_sweep(sweep: list[dict[str, Any]], draft: Draft) -> list[dict[str, Any]]:
    """The memory sweep; each size with its recommendation and cost, unless a field for them is open."""
    if not sweep or set(draft.missing) & {"requests_per_month", "response", "runtime"}:
        return sweep
    from explorer.ingest.formats.power_tuning import choices
    from explorer.workload.workload import Workload

    return choices(Workload(**draft.as_tables()), sweep)


def _nothing(summary: Summary, paths: list[str]) -> str:
    """Why nothing was usable: an unread format, else the selection, else an unreadable line."""
    tally = summary.tally
    inputs = " ".join(paths)
    left_out = [(what, count) for what, count in tally.ignored_lines.most_common() if count]
    if tally.notes and not tally.read:
        return tally.notes[0]
    if not tally.selection.is_all and left_out:
        what, count = left_out[0]
        return f"{inputs}: no request is left: {count:,} x {what}; expected another selection"
    example = f" (such as: {tally.examples[0]})" if tally.examples else ""
    return (
        f"{inputs}: no invocation in {tally.read:,} lines{example}; expected REPORT lines, platform.report "
        "events, an access log, traces, a load test's result, a benchmark's Parquet or a Power Tuning result"
    )


def _gather(paths: list[str], live: Live | None, selection: Selection) -> Tally:
    """The tally of all inputs and the live function."""
    from explorer.ingest.frame import Tally
    from explorer.ingest.reader import read_inputs

    with _watch() as progress:
        tally = read_inputs(paths, progress, selection) if paths else Tally(selection)
        if live:
            live.read(tally, progress)
            tally.settle()
    return tally


@dataclass(frozen=True)
class Live:
    """A live function, and the options for reading it."""

    name: str
    since: str
    until: str
    insights: bool
    target: str
    region: str | None
    cloud: str

    def read(self, tally: Tally, progress: Progress | None) -> None:
        """Add the cloud's records of the function to the tally."""
        from explorer.ingest import function
        from explorer.ingest.reader import require_polars
        from explorer.live.deployment.aws_errors import explain_errors

        require_polars()
        place = self._place()
        show_step = (lambda step: progress(0, 0, step)) if progress else (lambda _: None)
        with explain_errors(f"read the function {self.name}"):
            for part in function.read(
                place.client, self.name, self.since, self.until, self.insights, place.name == "aws", show_step
            ):
                tally.add(part)

    def _place(self) -> Any:
        from explorer.facts.catalogue import HOME_REGION
        from explorer.live.deployment.target import TARGETS, Aws, Local

        if self.target not in TARGETS:
            raise ExplorerError(f'--target is "{self.target}": {expected_one_of(TARGETS)}')
        if self.target == "aws":
            return Aws(self.region)
        local_cloud = Local.find(self.region or HOME_REGION, self.cloud)
        if local_cloud is None:
            raise CloudError(f'the local cloud "{self.cloud}" is not running: expected explorer cloud start')
        return local_cloud


@contextmanager
def _watch() -> Iterator[Progress | None]:
    """Show reading progress on standard error if it is a terminal."""
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

        def progress(bytes_read: int, total: int, name: str) -> None:
            label = Path(name).name[-40:].replace("[", r"\[")
            bar.update(task, completed=bytes_read, total=total or None, description=label)

        yield progress


def summary_lines(answer: dict[str, Any]) -> Iterator[RenderableType]:
    """The answer as text: what was read, its figures, the open questions."""
    from rich.text import Text

    from explorer.cli.tables import UnwrappedLine, indented_lines, table, title

    bad = answer["unreadable"]
    yield Text.assemble(
        f"{answer['read']:,} lines read, {answer['used']:,} used, ",
        (f"{bad:,} unreadable", "yellow" if bad else ""),
    )
    yield from indented_lines(answer["examples"])
    rows = [_quantiles(name, answer[name]) for name in QUANTITIES if answer[name]]
    if rows:
        yield title(f"{answer['invocations']:,} invocations")
        yield table(("", ">p50", ">p90", ">p99", ">p99.9", ">max"), rows)
    yield from indented_lines(_facts(answer))
    if answer["workloads"]:
        yield title("By function")
        yield table(
            ("function", ">invocations", ">p50 ms", ">p99 ms", ">requests a month"),
            [_function(one) for one in answer["workloads"]],
        )
    if answer["ignored"]:
        yield title("Read and not used")
        yield from indented_lines(_unused_rows(answer["ignored"]))
    if answer["sweep"]:
        yield title("Memory sweep", "mean duration, cost of one invocation, and of the design in a month")
        yield table(
            (">memory", ">ms", ">USD", ">USD a month", "design"), [_row(row) for row in answer["sweep"]]
        )
    if answer["questions"]:
        yield title("Left to you")
        yield from indented_lines(f"{name}: {question}" for name, question in answer["questions"].items())
    for path in answer["written"]:
        yield UnwrappedLine(f"Wrote {path}")
    if answer["written"]:
        path = shlex.quote(str(answer["written"][0]))
        needs = [name for name in answer["missing"] if name in ("requests_per_month", "response", "runtime")]
        if needs:
            yield UnwrappedLine(f"Next: say {', '.join(needs)} in {path}, then explorer recommend {path}")
        else:
            yield UnwrappedLine(f"Next: explorer recommend {path}")


MOST_UNUSED = 8  # of unused content, listed one by one


def _function(one: dict[str, Any]) -> tuple[str, ...]:
    from explorer.facts.units import format_number

    durations, month = one["duration_ms"] or {}, one["requests_per_month"]
    levels = (f"{durations[level]:,.6g}" if durations.get(level) else "" for level in ("p50", "p99"))
    return one["name"], f"{one['invocations']:,}", *levels, format_number(month) if month else ""


def _unused_rows(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Lines with a reason one by one, field names together."""
    reasons = [row for row in rows if " " in row["what"]]
    yield from (f"{row['lines']:,} x {row['what']}" for row in reasons[:MOST_UNUSED])
    fields = [row["what"] for row in rows if " " not in row["what"]]
    if fields:
        more = f" and {len(fields) - MOST_UNUSED} more" if len(fields) > MOST_UNUSED else ""
        yield f"fields: {', '.join(fields[:MOST_UNUSED])}{more}"


QUANTITIES = {
    "duration_ms": "duration, ms",
    "billed_ms": "billed, ms",
    "init_ms": "init, ms",
    "restore_ms": "restore, ms",
    "max_memory_mb": "memory used, MB",
    "request_bytes": "request, bytes",
    "response_bytes": "response, bytes",
}


LEVELS = ("p50", "p90", "p99", "p99_9", "max")


def _quantiles(name: str, levels: dict[str, float]) -> tuple[str, ...]:
    values = (levels.get(level) for level in LEVELS)
    return QUANTITIES[name], *(
        "" if value is None else f"{value:,.6g}" if value < 1e6 else f"{value:,.0f}" for value in values
    )


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    from explorer.analysis.phrases import name_design

    monthly = f"{row['monthly_usd']:,.2f}" if "monthly_usd" in row else ""
    design = name_design(row.get("design") or {})
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
    if answer["cpu"] is not None:
        yield f"of the time {answer['cpu']:.0%} computes, the rest waits for calls"
    if answer["requests_per_month"]:
        yield f"requests a month: {format_number(answer['requests_per_month'])}"
    if answer["busiest_minute_rps"]:
        yield (
            f"busiest minute: {format_number(answer['busiest_minute_rps'])} a second; "
            f"busiest second: {format_number(answer['busiest_second_rps'])}"
        )
    yield from answer["notes"]
