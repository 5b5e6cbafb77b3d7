"""Appends rows to a table of `data/`: all or none, without changing existing rows."""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from explorer.errors import FactsError
from explorer.facts.catalogue import Facts


def path_of(tables: Facts, table: str) -> Path:
    """The file of the table "prices" or "limits"."""
    return (tables.folder / f"{table}.csv").resolve()


def check_writable(path: Path) -> None:
    """Raise FactsError, before any request to AWS, if rows cannot be appended there."""
    with _one_line_write_errors(path), tempfile.TemporaryFile(dir=path.parent):
        pass
    if path.exists() and not os.access(path, os.W_OK):
        raise _unwritable(path, "Permission denied")


def append(tables: Facts, table: str, rows: Sequence[Mapping[str, str]]) -> None:
    """Append `rows` to the table in one step, after the reader of the tables has accepted all of them.

    Raises FactsError if it does not, or if the file cannot be written or was changed meanwhile; the file is
    then unchanged.
    """
    if not rows:
        return
    path = path_of(tables, table)
    with (
        _one_line_write_errors(path),
        tempfile.TemporaryDirectory(dir=path.parent, prefix=".refresh-") as beside,
    ):
        before = path.read_bytes()
        new = Path(beside) / path.name
        for other in tables.folder.glob("*.csv"):
            shutil.copyfile(other, Path(beside) / other.name)
        with new.open("wb") as file:
            file.write(before + _csv_lines(before, rows))
            file.flush()
            os.fsync(file.fileno())
        _check_tables(Facts(Path(beside)))
        shutil.copymode(path, new)
        if path.read_bytes() != before:
            raise FactsError(f"{path} was changed by another program meanwhile: refresh again")
        os.replace(new, path)
    _forget_tables(tables)


def _csv_lines(before: bytes, rows: Sequence[Mapping[str, str]]) -> bytes:
    """The rows in the format of the file: its columns and its line ends."""
    header = next(csv.reader(io.StringIO(before.decode(), newline="")))
    end = "\r\n" if b"\r\n" in before else "\n"
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, lineterminator=end, extrasaction="ignore")
    writer.writerows(rows)
    joint = "" if before.endswith(b"\n") else end
    return (joint + text.getvalue()).encode()


def _check_tables(tables: Facts) -> None:
    """Read every table that refers to these rows."""
    tables.limits()
    tables.free(tables.price_ids()[0])
    tables.breach_at_door("", "")


def _forget_tables(tables: Facts) -> None:
    """Clear the tables, so that they are read again on the next access."""
    folder = tables.folder
    vars(tables).clear()
    tables.folder = folder


@contextmanager
def _one_line_write_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from None


def _unwritable(path: Path, why: str) -> FactsError:
    return FactsError(
        f"{path} cannot be written: {why}: the refreshed rows go there; expected a folder that you may "
        "write to, such as the data/ of a clone"
    )
