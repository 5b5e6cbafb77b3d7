"""Where the files that travel with the package lie.

Facts and notebooks lie inside the package in a wheel, and beside it in a clone; all others lie in the
room that they belong to. Nothing else in the package knows a path of its own files.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

PACKAGE = Path(str(files("explorer")))


def beside(name: str) -> Path:
    """A folder as the wheel carries it, inside the package, or as a clone has it, beside."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def data_dir() -> Path:
    """Where the tables of AWS's figures are."""
    return beside("data")


def workloads_dir() -> Path:
    """Where the example workloads are."""
    return data_dir() / "workloads"


def notebooks_dir() -> Path:
    """Where the notebooks are."""
    return beside("notebooks")


def templates_dir() -> Path:
    """Where the templates of reports are."""
    return PACKAGE / "views" / "report" / "templates"


def schema_file() -> Path:
    """The JSON Schema of the workload file, for editors."""
    return PACKAGE / "workload" / "schema.json"


def web_dir() -> Path:
    """Where the scripts and styles of the app are."""
    return PACKAGE / "views" / "app" / "web"


def page_dir() -> Path:
    """Where the page is that shows the app alone: a notebook and its frame."""
    return PACKAGE / "views" / "app" / "page"


def task_start_file() -> Path:
    """What begins a container's program on the local cloud, run as a file."""
    return PACKAGE / "live" / "cloud" / "task_start.py"


def functions_dir() -> Path:
    """Where the code is that is shipped to Lambda: each file lies at the root of a zip."""
    return PACKAGE / "live" / "functions"


def client_dir() -> Path:
    """Where the client of the endpoint is, which an export carries as a package of its own."""
    return PACKAGE / "live" / "client"


def errors_file() -> Path:
    """The file of all errors, which an export carries beside the client."""
    return PACKAGE / "errors.py"


def are_notebooks_packaged() -> bool:
    """Whether the notebooks lie inside the package, where nobody should change them."""
    return notebooks_dir().parent == PACKAGE
