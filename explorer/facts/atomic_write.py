"""Files that are written whole or not at all: beside their place first, then renamed into it."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write_atomically(path: Path | str, content: str | bytes) -> Path:
    """Write a file in one step; whatever goes wrong, what was there is still there.

    Parameters
    ----------
    path : the file; what a link leads to is written, not the link; a device or a pipe is written to directly
    content : text is written as UTF-8, its ends of lines as they are

    Returns the path. Raises OSError with the path as it was given.

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
    """A temporary file beside `path` to write to, which takes its place once the block has ended.

    For what a library writes by itself, such as Parquet. If the block raises, the temporary file is removed
    and `path` is what it was. A new file has the permissions that any new file has, an old one its own.

    Raises OSError with the path as it was given.
    """
    path = Path(path)
    try:
        place = path.resolve()
        mode = _mode(place)
        if mode is not None and not stat.S_ISREG(mode):
            yield place  # a device, a pipe, or a folder: that cannot be replaced
            return
        if mode is not None and not os.access(place, os.W_OK):
            raise PermissionError(13, os.strerror(13), str(path))  # a rename would not mind
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
    """A temporary folder beside `folder`, which takes its place once the block has ended.

    If the block raises, nothing of it is left. `folder` is new or empty; the folders above it are made.
    Raises OSError with the path as it was given.
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
                place.rmdir()  # empty, or it raises
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
    """The permissions that a new file gets: a temporary one is for its owner alone."""
    return 0o666 & ~_mask()


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _to_disk(part: Path) -> None:
    """A full disk may be noticed only now, and must be before the old file goes."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())


def _with_path(error: OSError, path: Path) -> OSError:
    """The error with the path that was asked for in place of the temporary one."""
    return type(error)(error.errno, error.strerror, str(path)) if error.strerror else error
