"""The shipped code: one zip for all functions of a stack, with the same bytes for the same content."""

from __future__ import annotations

import importlib.util
import io
import json
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from explorer.errors import ExplorerError
from explorer.facts.extras import missing_error
from explorer.facts.locations import functions_dir
from explorer.options.base.resources import Entry

from .template import SAMPLE, Stack, filler

DURABLE_SDK = "aws_durable_execution_sdk_python"
SAMPLE_CHECK = "sample:check"
CHECK = "check"  # the function beside the work that is called before a job is accepted
SETTINGS = "settings.json"
ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the time of every file, so that equal content gives an equal zip


def shipped_files(
    stack: Stack,
    handler: Path | None = None,
    function: str = "",
    overrides: Mapping[str, Any] | None = None,
) -> dict[str, bytes]:
    """The shipped files, by their path in the zip.

    Parameters
    ----------
    stack : that the files are for
    handler, function : the file and the function of the user's own work (default: the sample work)
    overrides : settings of the code with other values, such as a shorter lease

    Raises ExplorerError if the handler's file has the name of one of the endpoint's.
    """
    shipped = {path.name: path.read_bytes() for path in sorted(functions_dir().glob("*.py"))}
    settings: dict[str, Any] = {
        **stack.settings,
        "handler": SAMPLE,
        "check": SAMPLE_CHECK,
        **(overrides or {}),
    }
    if handler:
        if handler.name in shipped:
            raise ExplorerError(f"{handler}: its name is one of the endpoint's own files: expected another")
        shipped[handler.name] = handler.read_bytes()
        settings |= {"handler": f"{handler.stem}:{function}", "check": f"{handler.stem}:{CHECK}"}
    if stack.settings["store"] == "bundled":
        shipped["configuration.json"] = _json({e.name: filler(e) for e in stack.of(Entry)})
    if stack.settings.get("hand_over") == "durable":
        shipped |= durable_sdk()
    return {**shipped, SETTINGS: _json(settings)}


def with_settings(shipped: Mapping[str, bytes], **overrides: Any) -> dict[str, bytes]:
    """The files of `shipped_files` with other settings."""
    return {**shipped, SETTINGS: _json({**json.loads(shipped[SETTINGS]), **overrides})}


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


@cache
def durable_sdk() -> Mapping[str, bytes]:
    """AWS's SDK for durable functions, as installed here; Lambda does not include it."""
    spec = importlib.util.find_spec(DURABLE_SDK)
    if spec is None or spec.origin is None:
        raise missing_error("a durable function", [DURABLE_SDK])
    root = Path(spec.origin).parent
    return {str(path.relative_to(root.parent)): path.read_bytes() for path in sorted(root.rglob("*.py"))}


def zip_files(shipped: Mapping[str, bytes]) -> bytes:
    """The zip of `shipped_files`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(shipped.items()):
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def user_handler(text: str) -> tuple[Path, str]:
    """The file and the function of "FILE.py:function". Raises ExplorerError with what is expected."""
    file, colon, name = text.rpartition(":")
    path = Path(file)
    if not colon or path.suffix != ".py" or not name.isidentifier():
        raise ExplorerError(f'handler is "{text}": expected FILE.py:function')
    if not path.is_file():
        raise ExplorerError(f'handler is "{text}": there is no file {path}')
    if not path.stem.isidentifier():
        raise ExplorerError(f'handler is "{text}": expected a file that Python can import, such as work.py')
    return path, name
