"""`explorer report`: one document, or a folder of documents with an index page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli import tables
from explorer.cli.console import (
    BAD_INPUT,
    STANDARD,
    Fields,
    Json,
    Region,
    check_standard_input,
    load_workload,
    out,
    print_error,
)
from explorer.errors import ExplorerError
from explorer.facts.extras import require
from explorer.facts.suggestions import either

if TYPE_CHECKING:
    from explorer.views.report.batch import Entry, Load
    from explorer.views.report.sections import ReportRequest
    from explorer.workload.workload import Workload

ACCEPTED = ("html", "pdf", "md", "ipynb")
Workloads = Annotated[
    list[Path],
    typer.Argument(
        metavar="WORKLOAD", help="One or more files in TOML, or names of examples; - reads standard input."
    ),
]
Output = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE|FOLDER",
        help="FILE.html, .pdf, .md or .ipynb; a folder, which gets an index.html as well; - prints one.",
    ),
]
Forms = Annotated[
    list[str] | None,
    typer.Option(
        "--form",
        "--format",
        metavar="FORM",
        help="In a folder, or on -: html (if not given), pdf, md or ipynb; may be given again.",
    ),
]
Growth = Annotated[
    list[str] | None,
    typer.Option(metavar="FIELD=RATE", help="Such as response=3%/month; may be given again. Else assumed."),
]
Measured = Annotated[
    Path | None, typer.Option(metavar="FILE.parquet", help="Of explorer bench: predicted beside measured.")
]
Figures = Annotated[
    bool, typer.Option("--figures", help="The pictures too: SVG, PNG and CSV in NAME-figures beside NAME.")
]


def report(
    workloads: Workloads,
    output: Output,
    region: Region = None,
    fields: Fields = None,
    form: Forms = None,
    growth: Growth = None,
    months: Annotated[
        int, typer.Option(min=1, max=600, metavar="MONTHS", help="How far growth is followed.")
    ] = 36,
    measured: Measured = None,
    figures: Figures = False,
    as_json: Json = False,
) -> None:
    """Write the answer as a decision record: one file, or a folder with an index."""
    from explorer.analysis.forecast import parse_growth
    from explorer.views.report.sections import ReportRequest

    def load(path: Path) -> Workload:
        return load_workload(path, region, fields)

    check_standard_input(workloads)
    request = ReportRequest(parse_growth(growth) if growth else None, months, measured)
    if measured and len(workloads) > 1:
        raise ExplorerError(f"--measured is {measured}: expected one workload, not {len(workloads)}")
    if str(output) == STANDARD:
        _print(workloads, load, _forms(form), request, figures or as_json)
    elif output.suffix and not output.is_dir():
        if len(workloads) > 1:
            raise ExplorerError(f"{output}: expected a folder for {len(workloads)} workloads")
        if form:
            raise ExplorerError(
                f"--form is {form[0]}: expected a folder, as {output} has its form by its name"
            )
        _require([output.suffix[1:]], measured, figures)
        _single(workloads[0], output, load, request, figures, as_json)
    else:
        forms = _forms(form)
        _require(forms, measured, figures)
        _folder(workloads, output, load, forms, request, figures, as_json)


def _forms(names: Sequence[str] | None) -> list[str]:
    for form in names or ():
        if form not in ACCEPTED:
            raise ExplorerError(f'--form is "{form}": expected {either(ACCEPTED)}')
    return list(dict.fromkeys(names or ACCEPTED[:1]))


def _require(forms: Sequence[str], measured: Path | None, figures: bool) -> None:
    """Reject, before anything is written, forms whose extra is not installed."""
    if "pdf" in map(str.lower, forms):
        require("a report as PDF", "typst")
    if "ipynb" in map(str.lower, forms):
        require("a report as a notebook", "IPython", "nbformat")
    if measured:
        require("explorer report --measured", "pyarrow")
    if figures:
        require("explorer report --figures", "matplotlib")


def _print(
    workloads: list[Path],
    load: Callable[[Path], Workload],
    forms: list[str],
    request: ReportRequest,
    others: bool,
) -> None:
    """Print one document on standard output, and nothing else."""
    from explorer.analysis.recommendation import recommend
    from explorer.views.report.sections import report_document
    from explorer.views.report.write import FORMS

    if len(workloads) > 1 or len(forms) > 1 or others:
        raise ExplorerError(
            "-o - prints one document: expected one workload, one --form, and no other output"
        )
    _require(forms, request.measured, False)
    doc = report_document(recommend(load(workloads[0])), f"report.{forms[0]}", request)
    sys.stdout.buffer.write(FORMS[f".{forms[0]}"](doc))


def _single(
    path: Path, output: Path, load: Load, request: ReportRequest, figures: bool, as_json: bool
) -> None:
    from explorer.analysis.recommendation import recommend
    from explorer.views.report.sections import report_document
    from explorer.views.report.write import FORMS, check_report_path, write_figures, write_file

    check_report_path(output)
    ending = output.suffix.lower()
    doc = report_document(recommend(load(path)), output.name, request)
    files = [write_file(FORMS[ending](doc), output)]
    figure_files = write_figures(doc, output.with_name(f"{output.stem}-figures")) if figures else []
    answer = {"reports": files, "index": None, "figures": figure_files, "failed": []}
    out(answer, as_json, tables.written_files, *files, *_folders(figure_files))


def _folder(
    paths: list[Path],
    folder: Path,
    load: Load,
    forms: list[str],
    request: ReportRequest,
    figures: bool,
    as_json: bool,
) -> None:
    from explorer.views.report.batch import write_batch
    from explorer.views.report.write import check_folder

    check_folder(folder / "index.html")

    def watch(entries: Sequence[Entry]) -> Iterable[Entry]:
        return entries if as_json else tables.with_progress(entries)

    entries = write_batch(paths, folder, forms, load, request, figures, watch)
    files = [file for entry in entries for file in entry.files]
    figure_files = [file for entry in entries for file in entry.figures]
    failed = [entry for entry in entries if entry.error]
    page = folder / "index.html"
    answer = {
        "reports": files,
        "index": page,
        "figures": figure_files,
        "failed": [{"workload": entry.source, "error": entry.error} for entry in failed],
    }
    out(answer, as_json, tables.written_files, *files, *_folders(figure_files), page)
    for entry in failed:
        print_error(entry.error)
    if failed:
        raise typer.Exit(BAD_INPUT)


def _folders(files: Sequence[Path]) -> list[Path]:
    return list(dict.fromkeys(file.parent for file in files))
