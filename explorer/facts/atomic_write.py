"""Writes files atomically: to a temporary file next to the target, which is then renamed."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_atomically(path: Path | str, content: str | bytes) -> Path:
    """Write a file in one step; if anything fails, the old file is unchanged.

    Parameters
    ----------
    path
        The file; the target of a link is written, not the link; a device or a pipe is written to directly.
    content
        Text is written as UTF-8, with its line ends unchanged.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    OSError
        With the path as the caller stated it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(Path(folder, "a.txt"), "whole").read_text()
    'whole'
    """
    path = Path(path)
    with atomic_path(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """A temporary file next to `path`, which replaces `path` when the block ends.

    For libraries that write files themselves, such as Parquet. If the block raises, the temporary file is
    removed and `path` is unchanged. A new file gets the usual permissions, an existing file keeps its own.

    Raises
    ------
    OSError
        With the path as the caller stated it.
    """
    path = Path(path)
    try:
        place = path.resolve()
        mode = _mode(place)
        if mode is not None and not stat.S_ISREG(mode):
            yield place  # a device, a pipe or a folder cannot be replaced
            return
        if mode is not None and not os.access(place, os.W_OK):
            raise PermissionError(13, os.strerror(13), str(path))  # a rename would ignore this
        handle, name = tempfile.mkstemp(prefix=f".{place.name[:64]}.", suffix=".part", dir=place.parent)
        os.close(handle)
        part = Path(name)
        try:
            yield part
            _to_disk(part)
            part.chmod(_new_mode() if mode is None else stat.S_IMODE(mode))
            os.replace(part, place)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
    except OSError as error:
        raise _with_path(error, path) from None


@contextmanager
def atomic_folder(folder: Path | str) -> Iterator[Path]:
    """A temporary folder next to `folder`, which replaces `folder` when the block ends.

    If the block raises, the temporary folder is removed. `folder` is new or empty; its parents are created.

    Raises
    ------
    OSError
        With the path as the caller stated it.
    """
    folder = Path(folder)
    try:
        place = folder.resolve()
        place.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{place.name[:64]}.", suffix=".part", dir=place.parent))
        try:
            yield part
            for path in part.rglob("*"):
                if path.is_file():
                    _to_disk(path)
            part.chmod(0o777 & ~_mask())
            if place.is_dir():
                place.rmdir()  # raises unless it is empty
            part.rename(place)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    except OSError as error:
        raise _with_path(error, folder) from None


def _mode(place: Path) -> int | None:
    try:
        return place.stat().st_mode
    except FileNotFoundError:
        return None


def _new_mode() -> int:
    """The permissions of a new file; those of a temporary file are only for its owner."""
    return 0o666 & ~_mask()


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _to_disk(part: Path) -> None:
    """Flush a file to the disk.

    A full disk may be noticed only here, and must be noticed before the old file is replaced.
    """
    with part.open("rb+") as file:
        os.fsync(file.fileno())


def _with_path(error: OSError, path: Path) -> OSError:
    """The error with the path that the caller stated in place of the temporary path."""
    return type(error)(error.errno, error.strerror, str(path)) if error.strerror else error
