"""Files to download from the screen: the workload, or a report."""

from __future__ import annotations

import re
import tempfile
from importlib.util import find_spec
from pathlib import Path

from explorer.errors import ExplorerError
from explorer.facts.suggestions import expected_one_of
from explorer.workload.workload import Workload

KINDS = {
    ".html": "text/html",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".ipynb": "application/x-ipynb+json",
    ".toml": "application/toml",
    ".csv": "text/csv",
}
ENDINGS = {".html": None, ".pdf": "typst", ".md": None, ".ipynb": "nbformat"}  # and the extra that each needs


def report_endings() -> list[str]:
    """The forms of a report that are available here."""
    return [ending for ending, library in ENDINGS.items() if library is None or find_spec(library)]


def file_name(workload: Workload, ending: str) -> str:
    """A name for a file about this workload."""
    words = re.findall(r"[a-z0-9]+", workload.name.lower())
    return f"{'-'.join(words) or 'workload'}{ending}"


def report_bytes(workload: Workload, ending: str) -> bytes:
    """A report as bytes. Raises ExplorerError if a report cannot have this ending."""
    if ending not in report_endings():
        raise ExplorerError(f'report is "{ending}": {expected_one_of(report_endings())}')
    from explorer.views.report.report import report

    with tempfile.TemporaryDirectory() as folder:
        return report(workload, Path(folder) / file_name(workload, ending)).read_bytes()
