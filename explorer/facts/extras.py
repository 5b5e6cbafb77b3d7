"""Libraries that not every installation has: one gate, one wording, with the command that installs them.

`pyproject.toml` says which extra brings which library; `tests/facts/test_extras.py` holds the table here
against it.
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

DISTRIBUTION = "lambda-design-explorer"  # as pip knows the package

LIBRARIES = {  # as it is imported: as people know it, and the extra that brings it
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
    """Refuse, before anything is made, what a library is missing for.

    Parameters
    ----------
    user : what needs them, as a message begins: "explorer bench", "PDF"
    libraries : by the names that they are imported by
    extra : that brings all of them, where it is not the one that the table has for each; several are
        separated by commas

    Raises MissingExtraError, which names the libraries and the command that installs them.
    """
    if missing := [library for library in libraries if not is_installed(library)]:
        raise missing_error(user, missing, extra)


def is_installed(library: str) -> bool:
    """Whether a library can be imported, as far as can be seen without importing it."""
    try:
        return find_spec(library) is not None
    except (ImportError, ValueError):
        return False


def missing_error(user: str, libraries: list[str], extra: str = "") -> MissingExtraError:
    """The one wording of what is missing and what installs it."""
    names = [LIBRARIES[library][0] for library in libraries]
    extras = extra or ",".join(dict.fromkeys(LIBRARIES[library][1] for library in libraries))
    are = "is" if len(names) == 1 else "are"
    return MissingExtraError(
        f"{user} needs {' and '.join(names)}, which {are} not installed: {install_command(extras)}"
    )


def missing_library(error: ImportError) -> str | None:
    """Which library of the table an import failed for; None for another."""
    names = [error.name or ""]
    trace = error.__traceback__
    while trace is not None:  # a library that is there and cannot be imported names none
        names.append(trace.tb_frame.f_globals.get("__name__") or "")
        trace = trace.tb_next
    return next((top for name in names if (top := name.partition(".")[0]) in LIBRARIES), None)


def install_command(extras: str) -> str:
    """The command that adds extras to this installation: from its clone, or from where it came.

    Parameters: `extras`, such as "aws" or "aws,cloud".
    """
    return " ".join([_relative(sys.executable), "-m", "pip", "install", *_source(extras)])


def _source(extras: str) -> list[str]:
    """What pip installs: the clone, the place that pip recorded, or the name on an index."""
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
    """Where pip installed this package from (PEP 610); empty if from an index, or not at all."""
    try:
        installed = metadata.distribution(DISTRIBUTION)
        text = installed.read_text("direct_url.json")
        record = json.loads(text) if text else {}
    except (metadata.PackageNotFoundError, ValueError, OSError):
        return {}
    path = urlsplit(str(record.get("url", ""))).path if isinstance(record, dict) else ""
    editable = isinstance(record, dict) and record.get("dir_info", {}).get("editable")
    return {} if editable and Path(unquote(path)) != PACKAGE.parent else record  # another clone than this one


def _relative(path: str) -> str:
    """A path as it is typed from here: short where it lies below, "." for this folder."""
    near = os.path.relpath(path) if os.path.isabs(path) else path
    return path if near.startswith("..") else near
