"""Bodies of requests and results: read from memory or a file, stored in memory or a file."""

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
Progress = Callable[[int, int], None]  # bytes done, bytes in total


class Body:
    """A body that can be sent several times; a file is never read into memory as a whole.

    `source` is a path or an open binary file, whose bytes are sent; bytes, sent as they are; or any
    value that JSON can represent, text included, sent as JSON. Raises ExplorerError for other values.
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
            self._start, self.size_bytes = _start_and_size(source)
        else:
            self._bytes, kind = _encode(source), JSON
            self.size_bytes = len(self._bytes)
        self.content_type = content_type or kind

    def read(self) -> bytes:
        """The whole body, for small ones."""
        return self._bytes if self._bytes is not None else b"".join(self.chunks())

    def chunks(self, on_sent: Progress | None = None) -> Iterator[bytes]:
        """The body from its beginning, in pieces. Raises ExplorerError if the file has become shorter."""
        sent_bytes = 0
        for chunk in self._pieces():
            yield chunk
            sent_bytes += len(chunk)
            if on_sent:
                on_sent(sent_bytes, self.size_bytes)

    def _pieces(self) -> Iterator[bytes]:
        if self._bytes is not None:
            for start in range(0, self.size_bytes, CHUNK_BYTES):
                yield self._bytes[start : start + CHUNK_BYTES]
        elif isinstance(self._file, Path):
            with _explain_os_error(self._file), self._file.open("rb") as file:
                yield from _read_exactly(file, self.size_bytes)
        elif self._file is not None:
            self._file.seek(self._start)
            yield from _read_exactly(self._file, self.size_bytes)


def is_json(content_type: str) -> bool:
    """Whether a content type is JSON, or based on it."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == JSON or kind.endswith("+json")


def _encode(value: Any) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise ExplorerError(f"body: {error}: expected what JSON can say, bytes, a path or a file") from None


def _start_and_size(file: Any) -> tuple[int, int]:
    """The position in a file, and the number of bytes from there to its end."""
    try:
        start = file.tell()
        size = file.seek(0, os.SEEK_END) - start
        file.seek(start)
        binary = isinstance(file.read(0), bytes)
    except (OSError, AttributeError, ValueError):
        binary = False
    if not binary:
        raise ExplorerError("body: expected a binary file that is seekable")
    return start, size


def _read_exactly(file: BinaryIO, size: int) -> Iterator[bytes]:
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
    """Content that is declared as gzip is not gzip."""


@contextmanager
def _raise_not_gzip() -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise NotGzip from None


class Sink:
    """Receives a result, counts its bytes and compares it with its checksum.

    `encoding` is the coding that was applied before the result was stored. Size and checksum are those of the
    bytes that arrive.
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
        """Whether all bytes have arrived, correct or not."""
        return self.size_bytes >= self.total_bytes

    @property
    def matches(self) -> bool:
        """Whether size and checksum are the expected ones."""
        return self.size_bytes == self.total_bytes and self._hash.hexdigest() == self.sha256

    def takes(self, status: int, headers: Mapping[str, str]) -> bool:
        """Whether the body of an answer belongs here: the whole result, or exactly the missing part."""
        if status == 200:
            self.restart()
        else:
            begins = re.match(r"bytes (\d+)-", headers.get("content-range", ""))
            if status != 206 or not begins or int(begins[1]) != self.size_bytes:
                return False
        self.encoding = self.encoding or headers.get("content-encoding", "")
        return True

    def write(self, chunk: bytes) -> bool:
        """Store a piece; False if the result is longer than expected, so that no more is needed."""
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
    def is_gzipped(self) -> bool:
        """Whether the bytes that arrive are compressed."""
        return "gzip" in [each.strip() for each in self.encoding.lower().split(",")]

    def restart(self) -> None:
        """Discard what has arrived and start again."""
        self.size_bytes, self._hash = 0, hashlib.sha256()
        self._empty()

    def close(self) -> None:
        """Release the resources, whether the result is complete or not."""

    def _put(self, chunk: bytes) -> None:
        raise NotImplementedError

    def _empty(self) -> None:
        raise NotImplementedError


class MemorySink(Sink):
    """A result that is kept in memory."""

    def __init__(self, *expectation: Any) -> None:
        super().__init__(*expectation)
        self.content = bytearray()

    def finish(self) -> bytes:
        """The content, decompressed. Raises NotGzip."""
        if not self.is_gzipped:
            return bytes(self.content)
        with _raise_not_gzip():
            return gzip.decompress(self.content)

    def _put(self, chunk: bytes) -> None:
        self.content += chunk

    def _empty(self) -> None:
        self.content.clear()


class PartFile(Sink):
    """A result that is written to a file, which exists only once it is complete.

    Until then the bytes are in a file beside it, whose name contains the checksum. A later attempt continues
    that file, and never mistakes it for a part of another result.
    """

    def __init__(self, path: Path, *expectation: Any) -> None:
        super().__init__(*expectation)
        self.path = path
        self.part = path.with_name(f"{path.name}.{self.sha256[:12]}.part")
        with _explain_os_error(self.part):
            self._file = self.part.open("r+b" if self.part.exists() else "x+b")
        self._resume_part()

    def _resume_part(self) -> None:
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
        """Rename the file to its final name in one step. Raises NotGzip."""
        if self.is_gzipped:
            return self._write_decompressed()
        with _explain_os_error(self.part):
            _sync_and_close(self._file)
            os.replace(self.part, self.path)
        return self.path

    def _write_decompressed(self) -> Path:
        whole = self.part.with_suffix(".whole")
        try:
            with _explain_os_error(whole), whole.open("wb") as file, _raise_not_gzip():
                self._file.seek(0)
                with gzip.GzipFile(fileobj=self._file, mode="rb") as gzip_file:
                    shutil.copyfileobj(gzip_file, file, CHUNK_BYTES)
                _sync_and_close(file)
            with _explain_os_error(self.path):
                os.replace(whole, self.path)
        finally:
            whole.unlink(missing_ok=True)
        self.restart()  # `close` removes a part file that is empty
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


def writable_path(path: str | os.PathLike[str]) -> Path:
    """A path where a file can be written. Raises ExplorerError for a folder, or without a parent folder."""
    file = Path(path)
    if file.is_dir():
        raise ExplorerError(f"{file} is a folder: expected the name of a file")
    if not file.parent.is_dir():
        raise ExplorerError(f"{file}: there is no folder {file.parent}")
    return file
