"""Stores finished tiles one by one, so that a stopped sweep can resume, and joins them at the end.

While the sweep runs, FILE.parquet.parts/ next to FILE.parquet holds manifest.json and a Parquet file per
tile. Files get their final name only when they are complete.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Self

from explorer.errors import ExplorerError

from .manifest import other
from .tiling import Tiles

KEY = b"explorer"  # metadata key of the manifest
DICTIONARY_BYTES = 2**26  # large enough for the texts of all designs
UNFINISHED = ".unfinished"


class Checkpoint:
    """The parts of a sweep to a file; a context manager that locks them against other processes.

    Raises ExplorerError where the folder cannot be written, is in use, or holds another sweep's parts.
    """

    def __init__(self, path: Path, request: Mapping[str, Any], tiles: Tiles, rows_a_point: int) -> None:
        self.path, self.folder = path, folder_of(path)
        self.request, self.tiles, self.rows_a_point = request, tiles, rows_a_point

    def __enter__(self) -> Self:
        with ExitStack() as stack, _one_line_errors(self.path):
            self.folder.mkdir(exist_ok=True)
            stack.enter_context(_alone(self.folder))
            for path in self.folder.glob(f"*{UNFINISHED}"):
                path.unlink()
            self._same()
            self.ready = {number for number in self._numbers() if self._whole(number)}
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def missing(self) -> Iterator[int]:
        """The numbers of the tiles that are not finished."""
        return (number for number in range(len(self.tiles)) if number not in self.ready)

    def keep(self, number: int, table: Any) -> None:
        """Write a finished tile; it counts only when it is complete."""
        with _one_line_errors(self.path, f"; {len(self.ready)} of {len(self.tiles)} tiles are kept"):
            _write_parts(self._part(number), [table], self.request)
        self.ready.add(number)

    def join(self) -> None:
        """Join all parts into one file, one row group each, and remove them."""
        import pyarrow.parquet as pq

        with _one_line_errors(self.path, f"; all {len(self.tiles)} tiles are kept"):
            parts = map(self._part, range(len(self.tiles)))
            whole = self.folder / self.path.name
            _write_parts(whole, (pq.read_table(part, partitioning=None) for part in parts), self.request)
            os.replace(whole, self.path)
            shutil.rmtree(self.folder)

    def _part(self, number: int) -> Path:
        return self.folder / f"{number:06d}.part"

    def _numbers(self) -> Iterator[int]:
        return (int(path.stem) for path in self.folder.glob("*.part") if path.stem.isdecimal())

    def _whole(self, number: int) -> bool:
        """Whether a part exists and can be read: after a crash of the machine it may be empty."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            rows = pq.read_metadata(self._part(number)).num_rows
        except (pa.ArrowException, OSError):
            return False
        return number < len(self.tiles) and rows == self.tiles.points(number) * self.rows_a_point

    def _same(self) -> None:
        """Raise for parts of another sweep; write the manifest of a new one."""
        path = self.folder / "manifest.json"
        try:
            old = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            with _write_whole(path) as file:
                file.write(json.dumps(self.request, indent=1).encode())
            return
        except ValueError:
            old = None
        differs = other(old, self.request)
        if differs:
            raise ExplorerError(
                f"{self.folder}: holds the parts of a sweep with another {differs}:"
                f" expected the same sweep, to go on with it, or no such folder, to begin anew"
            )


def folder_of(path: Path) -> Path:
    """The folder that holds the parts of a file while it is made."""
    return path.with_name(path.name + ".parts")


def progress_in_words(path: Path) -> str:
    """How far an unfinished sweep to a file got, in a sentence."""
    folder = folder_of(path)
    try:
        tiles = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["tiles"]
    except (OSError, ValueError, KeyError):
        return "stopped before the first tile was done; the same command begins again"
    count = sum(1 for _ in folder.glob("*.part"))
    return f"stopped with {count:,} of {tiles:,} tiles done, kept in {folder}; the same command goes on"


def write(path: Path, tables: Iterable[Any], request: Mapping[str, Any]) -> None:
    """Write tables as one Parquet file, a row group each; a file of that name is replaced at the end."""
    with _one_line_errors(path):
        _write_parts(path, tables, request)


def _write_parts(path: Path, tables: Iterable[Any], request: Mapping[str, Any]) -> None:
    import pyarrow.parquet as pq

    rest = iter(tables)
    table = next(rest)
    schema = table.schema.with_metadata({KEY: json.dumps(request).encode()})
    settings: Any = {"compression": "zstd", "dictionary_pagesize_limit": DICTIONARY_BYTES}
    with _write_whole(path) as file, pq.ParquetWriter(file, schema, **settings) as writer:
        while table is not None:
            writer.write_table(table.replace_schema_metadata(schema.metadata), row_group_size=len(table))
            table = next(rest, None)


@contextmanager
def _write_whole(path: Path) -> Iterator[BinaryIO]:
    """A file that gets its name only when all of it is on the disk."""
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        with unfinished.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    os.replace(unfinished, path)


@contextmanager
def _one_line_errors(path: Path, rest: str = "") -> Iterator[None]:
    """Turn a refusal by the operating system into one line."""
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error).splitlines()[0]
        raise ExplorerError(f"{path}: cannot be written ({why}){rest}") from None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Lock the folder against other processes; the system releases the lock when this process ends."""
    try:
        import fcntl
    except ImportError:  # not on Windows
        yield
        return
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ExplorerError(
                f"{folder}: another process writes this sweep: expected one at a time"
            ) from None
        yield
