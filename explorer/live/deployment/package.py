"""The code that is shipped: one zip for all functions of a stack, the same bytes for the same content."""

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
CHECK = "check"  # what lies beside the work and is asked before a job is accepted
SETTINGS = "settings.json"
THEN = (1980, 1, 1, 0, 0, 0)  # the time of every file: equal content, equal zip


def files(
    stack: Stack,
    handler: Path | None = None,
    function: str = "",
    overrides: Mapping[str, Any] | None = None,
) -> dict[str, bytes]:
    """What is shipped, by its place in the zip.

    Parameters
    ----------
    stack : what it is shipped for
    handler, function : the file and the name of the user's own work; the sample work if none
    changed : settings of the code with other values, such as a lease that ends sooner
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
    """The files of `files` with other settings."""
    return {**shipped, SETTINGS: _json({**json.loads(shipped[SETTINGS]), **overrides})}


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


@cache
def durable_sdk() -> Mapping[str, bytes]:
    """AWS's SDK for durable functions, as it is installed here; Lambda has no copy of its own."""
    spec = importlib.util.find_spec(DURABLE_SDK)
    if spec is None or spec.origin is None:
        raise missing_error("a durable function", [DURABLE_SDK])
    root = Path(spec.origin).parent
    return {str(path.relative_to(root.parent)): path.read_bytes() for path in sorted(root.rglob("*.py"))}


def zipped(shipped: Mapping[str, bytes]) -> bytes:
    """The zip of `files`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(shipped.items()):
            entry = zipfile.ZipInfo(name, THEN)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return packed.getvalue()


def user_handler(text: str) -> tuple[Path, str]:
    """The file and the function of FILE.py:function. Raises ExplorerError, naming what is expected."""
    place, colon, name = text.rpartition(":")
    path = Path(place)
    if not colon or path.suffix != ".py" or not name.isidentifier():
        raise ExplorerError(f'handler is "{text}": expected FILE.py:function')
    if not path.is_file():
        raise ExplorerError(f'handler is "{text}": there is no file {path}')
    if not path.stem.isidentifier():
        raise ExplorerError(f'handler is "{text}": expected a file that Python can import, such as work.py')
    return path, name
