"""One answer as a document to hand on: an architecture decision record, in four forms.

The content is computed once, as tables and sentences; each form only lays it out. The same workload gives the
same bytes: the document has the dates of its facts, not of its creation.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from explorer.analysis.recommendation import Recommendation, recommend
from explorer.workload.workload import Workload

from .sections import ReportRequest, report_document
from .write import FORMS, check_report_path, write_file


def report(
    workload: Workload,
    path: str | Path,
    growth: Mapping[str, str] | None = None,
    months: int = 36,
    measured: str | Path | None = None,
) -> Path:
    """Write a document on what to build for a workload, and why; the ending selects its form.

    Parameters
    ----------
    workload
        The workload.
    path
        A .html file (self-contained, with pictures), .pdf, .md or .ipynb; one missing folder is created.
    growth
        Rates a month by field, such as {"response": "3 %"}; None: an assumption, marked as one.
    months
        The months of growth to follow.
    measured
        The Parquet file of a benchmark, to compare with the prediction.

    Returns
    -------
    Path
        The path that was written. The same workload and name give the same bytes.

    Raises
    ------
    ReportError
        For another ending, a form whose extra is not installed, or a path that cannot be written.

    Examples
    --------
    >>> w = ex.Workload.load(ex.examples()["statements"])
    >>> ex.report(w, "statements.md").name
    'statements.md'
    """
    path = Path(path)
    check_report_path(path)
    request = ReportRequest(growth, months, Path(measured) if measured is not None else None)
    return write_file(render_document(recommend(workload), path.name, request), path)


def render_document(r: Recommendation, name: str, request: ReportRequest | None = None) -> bytes:
    """The document for an answer, in the form of the ending of `name`."""
    ending = Path(name).suffix.lower()
    return FORMS[ending](report_document(r, name, request or ReportRequest()))
