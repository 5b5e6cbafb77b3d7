"""Reports on many workloads in one folder, and their index page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from explorer.analysis.phrases import describe_design
from explorer.analysis.recommendation import Recommendation, recommend
from explorer.errors import ExplorerError
from explorer.facts.units import format_time, format_usd
from explorer.facts.version import __version__
from explorer.workload.workload import Workload

from . import front_page
from .blocks import Cell
from .sections import ReportRequest, document_under_name, report_document
from .typography import one_line
from .write import FORMS, write_figures, write_file

INDEX = "index"
Load = Callable[[Path], Workload]


@dataclass
class Entry:
    """A workload of a batch: its files, and its row in the index."""

    source: Path
    stem: str  # of its file names
    name: str = ""
    design: str = ""
    usd: float = 0.0
    usd_said: str = ""
    p95: str = ""
    tightest: Cell = field(default_factory=lambda: Cell(""))
    verdict: Cell = field(default_factory=lambda: Cell(""))
    files: list[Path] = field(default_factory=list)
    figures: list[Path] = field(default_factory=list)
    error: str = ""


def write_batch(
    paths: Sequence[Path],
    folder: Path,
    forms: Sequence[str],
    load: Load,
    request: ReportRequest | None = None,
    figures: bool = False,
    watch: Callable[[Sequence[Entry]], Iterable[Entry]] = iter,
) -> list[Entry]:
    """Write the report of each workload in each form, then `index.html`; a failure becomes a row there.

    Parameters
    ----------
    paths : of the workload files
    folder : output folder, created if necessary
    forms : file endings without the dot
    load : function that reads a workload
    figures : whether to write each workload's pictures, with their numbers
    watch : shows progress

    Raises ReportError if the folder cannot be written.
    """
    entries = [Entry(path, stem) for path, stem in zip(paths, file_stems(paths))]
    for entry in watch(entries):
        try:
            _write_one_report(entry, load(entry.source), folder, forms, request or ReportRequest(), figures)
        except (ExplorerError, OSError, UnicodeError) as error:
            entry.error = one_line(str(error))
    page = folder / f"{INDEX}.html"
    write_file(index_page(entries), page)
    return entries


def file_stems(paths: Sequence[Path]) -> list[str]:
    """File names for each workload, unique even on file systems that ignore case."""
    first = {INDEX, *(path.stem.lower() for path in paths)}
    stems_in_use, stems_found = {INDEX}, []
    for path in paths:
        stem, number = path.stem, 2
        while stem.lower() in stems_in_use or (number > 2 and stem.lower() in first):
            stem, number = f"{path.stem}-{number}", number + 1
        stems_in_use.add(stem.lower())
        stems_found.append(stem)
    return stems_found


def _write_one_report(
    entry: Entry,
    workload: Workload,
    folder: Path,
    forms: Sequence[str],
    request: ReportRequest,
    figures: bool,
) -> None:
    """Write the files of one workload."""
    r = recommend(workload)
    _fill_entry(entry, r)
    doc = report_document(r, entry.stem, request)
    for form in forms:
        path = folder / f"{entry.stem}.{form}"
        entry.files.append(
            write_file(FORMS[path.suffix](document_under_name(doc, r, path.name, request)), path)
        )
    if figures:
        entry.figures = write_figures(doc, folder / f"{entry.stem}-figures")


def _fill_entry(entry: Entry, r: Recommendation) -> None:
    """Fill in the index entry of an answer."""
    entry.name, entry.usd = one_line(r.workload.name), r.monthly_usd if r.feasible else 0.0
    entry.design = describe_design(r.nearest)
    if not r.feasible:
        entry.design = f"none is feasible; nearest: {entry.design}"
    entry.usd_said, entry.p95 = format_usd(r.monthly_usd), format_time(r.latency_s["p95"])
    tightest = front_page.watched_limit_tile(r)
    entry.tightest = Cell(tightest.text, tightest.note)
    entry.verdict = front_page.verdict_cell(r)


def index_page(entries: Iterable[Entry]) -> bytes:
    """The index page of the reports, sorted by name."""
    from .layout import html_page

    rows = sorted(entries, key=lambda entry: (entry.error != "", entry.name.lower(), entry.stem))
    rows_with_answer = [entry for entry in rows if not entry.error]
    total = format_usd(sum(entry.usd for entry in rows_with_answer))
    return html_page(
        "index.html.j2", rows=rows, answers=rows_with_answer, total=total, version=__version__
    ).encode()
