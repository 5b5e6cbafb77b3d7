"""The locations of the files that come with the package.

Facts and notebooks are inside the package in a wheel, and next to it in a clone; all other files are in their
room. No other module knows a path of the package's files.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

PACKAGE = Path(str(files("explorer")))


def beside(name: str) -> Path:
    """A folder inside the package, as in a wheel, or next to it, as in a clone."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def data_dir() -> Path:
    """The folder of the tables of AWS's figures."""
    return beside("data")


def workloads_dir() -> Path:
    """The folder of the example workloads."""
    return data_dir() / "workloads"


def notebooks_dir() -> Path:
    """The folder of the notebooks."""
    return beside("notebooks")


def templates_dir() -> Path:
    """The folder of the report templates."""
    return PACKAGE / "views" / "report" / "templates"


def schema_file() -> Path:
    """The JSON Schema of the workload file, for editors."""
    return PACKAGE / "workload" / "schema.json"


def web_dir() -> Path:
    """The folder of the app's scripts and styles."""
    return PACKAGE / "views" / "app" / "web"


def page_dir() -> Path:
    """The folder of the page that shows only the app: a notebook and its frame."""
    return PACKAGE / "views" / "app" / "page"


def task_start_file() -> Path:
    """The file that starts a container's program on the local cloud."""
    return PACKAGE / "live" / "cloud" / "task_start.py"


def functions_dir() -> Path:
    """The folder of the code that is shipped to Lambda; each file is at the root of a zip."""
    return PACKAGE / "live" / "functions"


def client_dir() -> Path:
    """The folder of the endpoint's client, which an export contains as its own package."""
    return PACKAGE / "live" / "client"


def errors_file() -> Path:
    """The file of all errors, which an export contains next to the client."""
    return PACKAGE / "errors.py"


def are_notebooks_packaged() -> bool:
    """Whether the notebooks are inside the package, where users should not change them."""
    return notebooks_dir().parent == PACKAGE
