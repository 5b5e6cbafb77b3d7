"""Reads text as editors save it: UTF-8 with or without a byte order mark; the error names UTF-16."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable
from pathlib import Path

from explorer.errors import ExplorerError

from .suggestions import nearest_names

ALIKE = 0.6  # similarity (0 to 1) from which a name may be a typing error
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode(content: bytes, name: str, expected: str, error: type[ExplorerError] = ExplorerError) -> str:
    r"""The text of a file without its byte order mark.

    Parameters
    ----------
    content
        The bytes of the file.
    name
        Name of the file in the message.
    expected
        What it should hold, such as "a workload in TOML".
    error
        The class of the error.

    Raises
    ------
    ExplorerError
        Of the class `error`, for bytes that are not UTF-8; the message says if they are UTF-16.

    Examples
    --------
    >>> decode("\ufeffname = 'é'".encode(), "a.toml", "a workload")
    "name = 'é'"
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    utf_16 = ", it is UTF-16" if content.startswith(UTF_16) else ""
    raise error(f"{name}: is not UTF-8{utf_16}; expected {expected}, saved as UTF-8")


def read_text(
    path: Path | str,
    expected: str,
    error: type[ExplorerError] = ExplorerError,
    others: Iterable[str] = (),
) -> str:
    """The text of a file without its byte order mark.

    Parameters
    ----------
    path
        The file.
    expected
        What it should hold, such as "a workload in TOML".
    error
        The class of the error.
    others
        Names to suggest for a missing file, besides those in its folder.

    Raises
    ------
    ExplorerError
        Of the class `error`, for a file that is missing (with the nearest existing name), cannot be read, or
        is not UTF-8.
    """
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        near = _near(Path(path), [*_beside(Path(path)), *others])
        raise error(f"{path}: no such file{near}; expected {expected}") from None
    except IsADirectoryError:
        raise error(f"{path}: is a folder; expected {expected}") from None
    except (OSError, ValueError) as reason:
        why = getattr(reason, "strerror", None) or str(reason).splitlines()[0]
        raise error(f"{path}: cannot be read ({why}); expected {expected}") from None
    return decode(content, str(path), expected, error)


def _near(path: Path, names: Iterable[str]) -> str:
    """The probable name; a shared extension does not make names similar."""
    by_stem = {str(Path(name).with_suffix("")): name for name in names}
    stem = str(path.with_suffix("")) if path.name else str(path)
    near = nearest_names(stem, by_stem, 1, ALIKE)
    return f' (did you mean "{by_stem[near[0]]}"?)' if near else ""


def _beside(path: Path) -> list[str]:
    """The files with the same extension in the folder of `path`, with its path as prefix."""
    try:
        return [
            str(path.with_name(entry.name))
            for entry in os.scandir(path.parent)
            if entry.is_file() and (not path.suffix or entry.name.endswith(path.suffix))
        ]
    except (OSError, ValueError):
        return []
