"""Write a document in its four forms, and its pictures with their numbers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from explorer.errors import ReportError
from explorer.facts.atomic_write import write_atomically
from explorer.facts.extras import require
from explorer.facts.suggestions import either

from .document import Document

DPI = 200  # resolution of pictures as PNG
DIGITS = "%.9g"  # format of numbers in CSV


def check_report_path(path: Path) -> None:
    """Raise ReportError unless `path` has a known ending, in a folder that exists or can be created."""
    if path.suffix.lower() not in FORMS:
        raise ReportError(f'report is "{path}": expected a name that ends in {either(FORMS)}')
    check_folder(path)


def check_folder(path: Path) -> None:
    """Raise ReportError unless the folder of a file is there, or can be made in one that is."""
    if path.parent.exists() and not path.parent.is_dir():
        raise ReportError(
            f"{path.parent}: is a file: expected a folder, or a name that ends in {either(FORMS)}"
        )
    above = path.absolute().parent.parent
    if not os.path.exists(path.parent) and (above == Path(above.anchor) or not above.is_dir()):
        raise ReportError(f"{path}: no folder {path.parent}: expected one that is there")


def write_file(content: bytes, path: Path) -> Path:
    """Write a file, and create its folder if necessary. Raises ReportError."""
    try:
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, content)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ReportError(
            f"{path}: cannot be written ({reason}): expected a file in a folder that can be written to"
        ) from None
    return path


def write_figures(doc: Document, folder: Path) -> list[Path]:
    """Write each picture as SVG and PNG, and its numbers as CSV.

    Raises ReportError, and MissingExtraError if matplotlib is not installed.
    """
    require("figures", "matplotlib")
    paths: list[Path] = []
    for number, picture in enumerate(doc.every_picture(), 1):
        name = f"{number:02}-{picture.name}"
        paths.append(write_file(picture.svg.encode(), folder / f"{name}.svg"))
        paths.append(write_file(picture.picture.png(DPI), folder / f"{name}.png"))
        rows = picture.rows().to_csv(index=False, lineterminator="\n", float_format=DIGITS)
        paths.append(write_file(rows.encode(), folder / f"{name}.csv"))
    return paths


# The forms: each is imported when it is first asked for -------------------------------------------


def _html(doc: Document) -> bytes:
    from .layout import html

    return html(doc).encode()


def _md(doc: Document) -> bytes:
    from .layout import md

    return md(doc).encode()


def _pdf(doc: Document) -> bytes:
    from .pdf import pdf_bytes

    return pdf_bytes(doc)


def _ipynb(doc: Document) -> bytes:
    from .notebook import notebook_json

    return notebook_json(doc)


FORMS: dict[str, Callable[[Document], bytes]] = {".html": _html, ".pdf": _pdf, ".md": _md, ".ipynb": _ipynb}
