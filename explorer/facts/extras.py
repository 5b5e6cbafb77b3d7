"""Optional libraries: one check and one error message, with the command that installs them.

`pyproject.toml` assigns libraries to extras; `tests/facts/test_extras.py` compares it with the table here.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from explorer.errors import MissingExtraError

from .locations import PACKAGE

DISTRIBUTION = "lambda-design-explorer"  # name of the package for pip

LIBRARIES = {  # by import name: the common name, and the extra that installs it
    "IPython": ("IPython", "notebooks"),
    "aiohttp": ("aiohttp", "aws"),
    "anywidget": ("anywidget", "notebooks"),
    "aws_durable_execution_sdk_python": ("aws-durable-execution-sdk-python", "aws"),
    "boto3": ("boto3", "aws"),
    "botocore": ("botocore", "aws"),
    "httpx2": ("httpx2", "aws"),
    "hypercorn": ("hypercorn", "cloud"),
    "ipywidgets": ("ipywidgets", "notebooks"),
    "jupyter_server": ("jupyter-server", "notebooks"),
    "jupyterlab": ("JupyterLab", "notebooks"),
    "matplotlib": ("matplotlib", "notebooks"),
    "mcp": ("the MCP SDK", "mcp"),
    "ministack": ("ministack", "cloud"),
    "nbformat": ("nbformat", "notebooks"),
    "numba": ("Numba", "fast"),
    "polars": ("Polars", "logs"),
    "pyarrow": ("pyarrow", "samples"),
    "tornado": ("Tornado", "notebooks"),
    "traitlets": ("traitlets", "notebooks"),
    "typst": ("typst", "pdf"),
    "voila": ("Voila", "notebooks"),
}


def require(user: str, *libraries: str, extra: str = "") -> None:
    """Raise an error, before anything is made, if a library is missing.

    Parameters
    ----------
    user
        What needs the libraries, the subject of the message: "explorer bench", "PDF".
    libraries
        Import names of the libraries.
    extra
        The extra that installs all of them, if it is not the one in the table; several extras are separated
        by commas.

    Raises
    ------
    MissingExtraError
        It names the libraries and the command that installs them.
    """
    if missing := [library for library in libraries if not is_installed(library)]:
        raise missing_error(user, missing, extra)


def is_installed(library: str) -> bool:
    """Whether a library can be imported, as far as can be determined without importing it."""
    try:
        return find_spec(library) is not None
    except (ImportError, ValueError):
        return False


def missing_error(user: str, libraries: list[str], extra: str = "") -> MissingExtraError:
    """The error that names missing libraries and the command that installs them."""
    names = [LIBRARIES[library][0] for library in libraries]
    extras = extra or ",".join(dict.fromkeys(LIBRARIES[library][1] for library in libraries))
    are = "is" if len(names) == 1 else "are"
    return MissingExtraError(
        f"{user} needs {' and '.join(names)}, which {are} not installed: {install_command(extras)}"
    )


def missing_library(error: ImportError) -> str | None:
    """The library of the table whose import failed; None for any other."""
    names = [error.name or ""]
    trace = error.__traceback__
    while trace is not None:  # a library that is installed but broken has no name in the error
        names.append(trace.tb_frame.f_globals.get("__name__") or "")
        trace = trace.tb_next
    return next((top for name in names if (top := name.partition(".")[0]) in LIBRARIES), None)


def install_command(extras: str) -> str:
    """The command that adds extras to this installation, from its clone or its origin.

    Parameters: `extras`, such as "aws" or "aws,cloud".
    """
    return " ".join([_relative(sys.executable), "-m", "pip", "install", *_source(extras)])


def _source(extras: str) -> list[str]:
    """The argument for pip: the clone, the origin that pip recorded, or the name on an index."""
    origin = _origin()
    url = str(origin.get("url", ""))
    editable = bool(origin.get("dir_info", {}).get("editable"))
    version = origin.get("vcs_info")
    if version:
        address = f"{version.get('vcs', 'git')}+{url}@{version.get('commit_id', '')}"
        return [shlex.quote(f"{DISTRIBUTION}[{extras}] @ {address}")]
    if url.startswith("file:"):
        path = unquote(urlsplit(url).path)
        return ["-e"] * editable + [shlex.quote(f"{_relative(path)}[{extras}]")]
    clone = PACKAGE.parent
    if not origin and (clone / "pyproject.toml").is_file():
        return ["-e", shlex.quote(f"{_relative(str(clone))}[{extras}]")]
    return [shlex.quote(f"{DISTRIBUTION}[{extras}]")]


def _origin() -> dict[str, Any]:
    """The origin from which pip installed this package (PEP 610); empty if from an index or none."""
    try:
        installed = metadata.distribution(DISTRIBUTION)
        text = installed.read_text("direct_url.json")
        record = json.loads(text) if text else {}
    except (metadata.PackageNotFoundError, ValueError, OSError):
        return {}
    path = urlsplit(str(record.get("url", ""))).path if isinstance(record, dict) else ""
    editable = isinstance(record, dict) and record.get("dir_info", {}).get("editable")
    return {} if editable and Path(unquote(path)) != PACKAGE.parent else record  # not this clone


def _relative(path: str) -> str:
    """A path relative to the current folder if it is inside it, else unchanged."""
    near = os.path.relpath(path) if os.path.isabs(path) else path
    return path if near.startswith("..") else near
