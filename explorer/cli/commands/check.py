"""The `check` command for CI: check templates, plans, dotenv files and workloads against limits."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli.console import BAD_INPUT, NO, STANDARD, Json, check_standard_input, standard_input
from explorer.errors import ExplorerError
from explorer.facts.atomic_write import write_atomically
from explorer.facts.suggestions import expected_one_of

if TYPE_CHECKING:
    from explorer.check.runner import Report

NAME_OF_INPUT = "standard input"
MONTHS = 12  # months of growth checked
FAILURES = {  # verdicts with exit code 1, by --fail-on
    "breach": {"breach"},
    "tight": {"breach", "tight"},
    "skipped": {"breach"},  # and anything not checked
}


def check(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Files or folders; - reads standard input.")
    ],
    form: Annotated[
        str,
        typer.Option("--format", metavar="FORMAT", help="Of the report: text, json, sarif, junit, github or"
                     " gitlab."),
    ] = "text",
    warn_at: Annotated[
        str | None,
        typer.Option(metavar="SHARE", help="Of any limit, such as 70%: from here on it is tight. Else"
                     " 80 % of what grows, and all of a setting."),
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option("--parameter", metavar="NAME=VALUE", help="Of templates, as a deployment gives it, or a"
                     " parameter file. Else samconfig's, those of parameter files beside the template, or"
                     " the defaults."),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What an earlier run found, as --json wrote it: only what is new"
                     " or worse fails."),
    ] = None,
    growth: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=RATE", help="Of workloads, such as response=3%/month: a limit"
                     " that breaks in time is a breach."),
    ] = None,
    months: Annotated[
        int, typer.Option(min=1, max=600, metavar="MONTHS", help="How far ahead to look for that.")
    ] = MONTHS,
    fail_on: Annotated[
        str,
        typer.Option(metavar="VERDICT", help="What ends with exit code 1: breach, tight (also what is near a"
                     " limit, or breaks until its quota is raised), or skipped (also what was not checked)."),
    ] = "breach",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write the report there; do not print it."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="What fits, and what is unknown, too.")] = False,
    pass_over: Annotated[
        bool, typer.Option("--pass-over", help="Say nothing of files that are no template: for hooks.")
    ] = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Check templates, plans, dotenv files and workloads against the limits; exit code 1 where one breaks."""
    from explorer.analysis.gate import GrowthError, workload_assessor
    from explorer.check.baseline import Baseline
    from explorer.check.formats import FORMATS, format_report, step_summary
    from explorer.check.runner import Check, share
    from explorer.facts.version import __version__

    form = "json" if as_json else form
    if form not in FORMATS:
        raise ExplorerError(f'--format is "{form}": {expected_one_of(FORMATS)}')
    if fail_on not in FAILURES:
        raise ExplorerError(f'--fail-on is "{fail_on}": {expected_one_of(FAILURES)}')
    warn_share = None if warn_at is None else share(warn_at)
    try:
        workloads = workload_assessor(_rates(growth or []), months)
        check_standard_input(paths)
        with _standard_input_as_file(paths) as (files, name):
            report = Check(workloads, warn_share, pass_over, parameters or ()).run(files)
        report.rename(name, NAME_OF_INPUT)
    except GrowthError as error:
        raise typer.BadParameter(str(error)) from None
    report.baseline = None if baseline is None else Baseline.load(baseline)
    _write(format_report(report, form, __version__, every), output)
    if form == "github":
        _write_step_summary(step_summary(report))
    _exit_by_findings(report, fail_on, pass_over)


@contextmanager
def _standard_input_as_file(paths: list[Path]) -> Iterator[tuple[list[Path], str]]:
    """The paths with a file in place of `-`, and its name; its ending says what it is."""
    if STANDARD not in map(str, paths):
        yield paths, ""
        return
    text = standard_input("a template, a plan or a workload")
    with TemporaryDirectory() as folder:
        ending = ".toml" if _is_toml(text) else ".json" if text.lstrip().startswith("{") else ".yaml"
        file = Path(folder) / f"input{ending}"
        file.write_text(text, encoding="utf-8")
        yield [file if str(path) == STANDARD else path for path in paths], file.as_posix()


def _is_toml(text: str) -> bool:
    with suppress(tomllib.TOMLDecodeError):
        return bool(tomllib.loads(text))
    return False


def _write_step_summary(text: str) -> None:
    """Append to GitHub's job summary if GitHub names the file for it."""
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with open(summary, "a", encoding="utf-8", errors="replace") as file:
            file.write(text)


def _exit_by_findings(report: Report, fail_on: str, pass_over: bool) -> None:
    """Exit with 1 if findings fail, with 2 if nothing was read or a file is unreadable."""
    if not (pass_over and not report.unreadable):
        _must_have_files(report)
    has_failed = any(finding.verdict in FAILURES[fail_on] for finding in report.new)
    if has_failed or (fail_on == "skipped" and report.newly_skipped):
        raise typer.Exit(NO)
    _must_be_readable(report)


def _write(text: str, output: Path | None) -> None:
    """Write the report to the file of `-o`, or print it; unpaired surrogates become question marks."""
    if output:
        write_atomically(output, (text + "\n").encode("utf-8", "replace"))
    else:
        print(text.encode("utf-8", "replace").decode())


def _must_have_files(report: Report) -> None:
    """Exit with 2 and the first reasons if no template and no workload was checked."""
    if not report.files:
        refusals = [*report.unreadable, *((one.file, one.text) for one in report.skipped)]
        reason = "; ".join(f"{file}: {why}" for file, why in refusals[:3])
        print(f"error: nothing to check: {reason or 'no template or workload in it'}", file=sys.stderr)
        raise typer.Exit(BAD_INPUT)


def _must_be_readable(report: Report) -> None:
    """Exit with 2 if a file in the arguments, or a template or workload in a folder, is unreadable."""
    bad = report.unreadable
    if bad:
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        print(f"error: {bad[0][0]}: {bad[0][1]}{more}", file=sys.stderr)
        raise typer.Exit(BAD_INPUT)


def _rates(growth: list[str]) -> dict[str, str]:
    """Growth rates by field."""
    if not growth:
        return {}
    from explorer.analysis.forecast import parse_growth

    return parse_growth(growth)
