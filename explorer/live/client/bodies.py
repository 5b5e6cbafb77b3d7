"""Bodies on their way: read from memory or a file when they are sent, kept or written when they arrive."""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
import os
import re
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ...errors import ExplorerError

CHUNK_BYTES = 256 * 1024
JSON = "application/json"
OCTETS = "application/octet-stream"
Progress = Callable[[int, int], None]  # bytes done, bytes in all


class Body:
    """What is sent, as often as it takes: a file is never read into memory as a whole.

    `given` is a path or an open binary file, whose bytes are sent; bytes, sent as they are; or
    whatever JSON can say, text included, sent as JSON.
    """

    def __init__(self, source: Any, content_type: str | None = None) -> None:
        self._bytes: bytes | None = None
        self._file: Path | BinaryIO | None = None
        self._start = 0
        if isinstance(source, os.PathLike):
            self._file = Path(source)
            kind = mimetypes.guess_type(self._file.name)[0] or OCTETS
            with _explain_os_error(self._file):
                self.size_bytes = self._file.stat().st_size
                self._file.open("rb").close()
        elif hasattr(source, "read"):
            self._file, kind = source, OCTETS
            self._start, self.size_bytes = _extent(source)
        else:
            self._bytes, kind = _encoded(source), JSON
            self.size_bytes = len(self._bytes)
        self.content_type = content_type or kind

    def read(self) -> bytes:
        """All of it: for what is small."""
        return self._bytes if self._bytes is not None else b"".join(self.chunks())

    def chunks(self, on_sent: Progress | None = None) -> Iterator[bytes]:
        """It from its beginning, piece by piece. Raises ExplorerError if the file has become shorter."""
        sent_bytes = 0
        for chunk in self._pieces():
            yield chunk
            sent_bytes += len(chunk)
            if on_sent:
                on_sent(sent_bytes, self.size_bytes)

    def _pieces(self) -> Iterator[bytes]:
        if self._bytes is not None:
            for at in range(0, self.size_bytes, CHUNK_BYTES):
                yield self._bytes[at : at + CHUNK_BYTES]
        elif isinstance(self._file, Path):
            with _explain_os_error(self._file), self._file.open("rb") as file:
                yield from _exactly(file, self.size_bytes)
        elif self._file is not None:
            self._file.seek(self._start)
            yield from _exactly(self._file, self.size_bytes)


def is_json(content_type: str) -> bool:
    """Whether a content type is JSON's, or built on it."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == JSON or kind.endswith("+json")


def _encoded(value: Any) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise ExplorerError(f"body: {error}: expected what JSON can say, bytes, a path or a file") from None


def _extent(file: Any) -> tuple[int, int]:
    """Where a file stands, and how many bytes are left."""
    try:
        start = file.tell()
        size = file.seek(0, os.SEEK_END) - start
        file.seek(start)
        binary = isinstance(file.read(0), bytes)
    except (OSError, AttributeError, ValueError):
        binary = False
    if not binary:
        raise ExplorerError("body: expected a binary file that can be read again from where it stands")
    return start, size


def _exactly(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size:
        chunk = file.read(min(CHUNK_BYTES, size))
        if not chunk:
            raise ExplorerError("body: the file has become shorter while it was sent")
        size -= len(chunk)
        yield chunk


@contextmanager
def _explain_os_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExplorerError(f"{path}: {error.strerror or type(error).__name__}") from None


class NotGzip(Exception):
    """What is said to be gzipped is not."""


@contextmanager
def _unpacking() -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise NotGzip from None


class Sink:
    """Takes a result as it arrives, knows how far it has come, and holds it against its checksum.

    `encoding` is what was done to it before it was stored: size and checksum are of what arrives.
    """

    def __init__(
        self, total_bytes: int, sha256: str, on_progress: Progress | None = None, encoding: str = ""
    ) -> None:
        self.total_bytes, self.sha256, self.on_progress = total_bytes, sha256, on_progress
        self.encoding = encoding
        self.size_bytes = 0
        self.overrun = False
        self._hash = hashlib.sha256()

    @property
    def complete(self) -> bool:
        """Whether all bytes are there, right or wrong."""
        return self.size_bytes >= self.total_bytes

    @property
    def matches(self) -> bool:
        """Whether what is there is what was promised."""
        return self.size_bytes == self.total_bytes and self._hash.hexdigest() == self.sha256

    def takes(self, status: int, headers: Mapping[str, str]) -> bool:
        """Whether the body of an answer belongs here: all of it, or just what is missing."""
        if status == 200:
            self.restart()
        else:
            begins = re.match(r"bytes (\d+)-", headers.get("content-range", ""))
            if status != 206 or not begins or int(begins[1]) != self.size_bytes:
                return False
        self.encoding = self.encoding or headers.get("content-encoding", "")
        return True

    def write(self, chunk: bytes) -> bool:
        """Take a piece; False if there is more than was promised, and no more is wanted."""
        self.overrun = self.size_bytes + len(chunk) > self.total_bytes
        if self.overrun:
            return False
        self._put(chunk)
        self._hash.update(chunk)
        self.size_bytes += len(chunk)
        if self.on_progress:
            self.on_progress(self.size_bytes, self.total_bytes)
        return True

    @property
    def gzipped(self) -> bool:
        """Whether what arrives is compressed."""
        return "gzip" in [each.strip() for each in self.encoding.lower().split(",")]

    def restart(self) -> None:
        """Begin anew."""
        self.size_bytes, self._hash = 0, hashlib.sha256()
        self._empty()

    def close(self) -> None:
        """Let go of it, finished or not."""

    def _put(self, chunk: bytes) -> None:
        raise NotImplementedError

    def _empty(self) -> None:
        raise NotImplementedError


class Memory(Sink):
    """A result that is kept in memory."""

    def __init__(self, *promised: Any) -> None:
        super().__init__(*promised)
        self.content = bytearray()

    def finish(self) -> bytes:
        """It as it was before it was compressed. Raises NotGzip."""
        if not self.gzipped:
            return bytes(self.content)
        with _unpacking():
            return gzip.decompress(self.content)

    def _put(self, chunk: bytes) -> None:
        self.content += chunk

    def _empty(self) -> None:
        self.content.clear()


class PartFile(Sink):
    """A result that goes into a file, which is there only once it is whole.

    Until then it lies beside it, under a name that has the checksum in it: what an earlier try left
    of the same result is continued, and never taken for part of another.
    """

    def __init__(self, path: Path, *promised: Any) -> None:
        super().__init__(*promised)
        self.path = path
        self.part = path.with_name(f"{path.name}.{self.sha256[:12]}.part")
        with _explain_os_error(self.part):
            self._file = self.part.open("r+b" if self.part.exists() else "x+b")
        self._take_up()

    def _take_up(self) -> None:
        with _explain_os_error(self.part):
            while chunk := self._file.read(CHUNK_BYTES):
                self._hash.update(chunk)
                self.size_bytes += len(chunk)
        if self.complete and not self.matches:
            self.restart()

    def _put(self, chunk: bytes) -> None:
        with _explain_os_error(self.part):
            self._file.write(chunk)

    def _empty(self) -> None:
        with _explain_os_error(self.part):
            self._file.seek(0)
            self._file.truncate()

    def finish(self) -> Path:
        """Give it its name, in one step. Raises NotGzip."""
        if self.gzipped:
            return self._unpacked()
        with _explain_os_error(self.part):
            _sync_and_close(self._file)
            os.replace(self.part, self.path)
        return self.path

    def _unpacked(self) -> Path:
        whole = self.part.with_suffix(".whole")
        try:
            with _explain_os_error(whole), whole.open("wb") as file, _unpacking():
                self._file.seek(0)
                with gzip.GzipFile(fileobj=self._file, mode="rb") as packed:
                    shutil.copyfileobj(packed, file, CHUNK_BYTES)
                _sync_and_close(file)
            with _explain_os_error(self.path):
                os.replace(whole, self.path)
        finally:
            whole.unlink(missing_ok=True)
        self.restart()  # which leaves no part behind
        return self.path

    def close(self) -> None:
        """Close the file; an empty one is removed."""
        with _explain_os_error(self.part):
            self._file.close()
            if not self.size_bytes:
                self.part.unlink(missing_ok=True)


def _sync_and_close(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()


def writable(path: str | os.PathLike[str]) -> Path:
    """A path that a file can have. Raises ExplorerError for a folder, or where there is none for it."""
    file = Path(path)
    if file.is_dir():
        raise ExplorerError(f"{file} is a folder: expected the name of a file")
    if not file.parent.is_dir():
        raise ExplorerError(f"{file}: there is no folder {file.parent}")
    return file
