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

from .template import Stack, filler

DURABLE_SDK = "aws_durable_execution_sdk_python"
SAMPLE = "sample:handle"
THEN = (1980, 1, 1, 0, 0, 0)  # the time of every file: equal content, equal zip


def files(
    stack: Stack,
    handler: Path | None = None,
    function: str = "",
    changed: Mapping[str, Any] | None = None,
) -> dict[str, bytes]:
    """What is shipped, by its place in the zip.

    Parameters
    ----------
    stack : what it is shipped for
    handler, function : the file and the name of the user's own work; the sample work if none
    changed : settings of the code with other values, such as a lease that ends sooner
    """
    shipped = {path.name: path.read_bytes() for path in sorted(functions_dir().glob("*.py"))}
    settings: dict[str, Any] = {**stack.settings, "handler": SAMPLE, **(changed or {})}
    if handler:
        if handler.name in shipped:
            raise ExplorerError(f"{handler}: its name is one of the endpoint's own files: expected another")
        shipped[handler.name] = handler.read_bytes()
        settings["handler"] = f"{handler.stem}:{function}"
    if stack.settings["store"] == "bundled":
        shipped["configuration.json"] = _json({e.name: filler(e) for e in stack.of(Entry)})
    if stack.settings.get("hand_over") == "durable":
        shipped |= durable_sdk()
    return {**shipped, "settings.json": _json(settings)}


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


@cache
def durable_sdk() -> Mapping[str, bytes]:
    """AWS's SDK for durable functions, as it is installed here; Lambda has no copy of its own."""
    found = importlib.util.find_spec(DURABLE_SDK)
    if found is None or found.origin is None:
        raise missing_error("a durable function", [DURABLE_SDK])
    root = Path(found.origin).parent
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


def user_handler(given: str) -> tuple[Path, str]:
    """The file and the function of FILE.py:function.

    Raises ExplorerError, naming what is expected, if there is no such function.
    """
    place, colon, name = given.rpartition(":")
    path = Path(place)
    if not colon or path.suffix != ".py" or not name.isidentifier():
        raise ExplorerError(f'handler is "{given}": expected FILE.py:function')
    if not path.is_file():
        raise ExplorerError(f'handler is "{given}": there is no file {path}')
    if not path.stem.isidentifier():
        raise ExplorerError(f'handler is "{given}": expected a file that Python can import, such as work.py')
    if name not in _functions(path):
        raise ExplorerError(f'handler is "{given}": {path} defines no function {name}(body, context)')
    return path, name


def _functions(path: Path) -> set[str]:
    import ast

    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError) as error:
        raise ExplorerError(f"handler is {path}: it is not Python: {error}") from None
    kinds = (ast.FunctionDef, ast.Assign, ast.ImportFrom)
    names = set()
    for node in tree.body:
        if isinstance(node, kinds[0]):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return names
