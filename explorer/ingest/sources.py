"""Read lines from files, folders, globs, archives or standard input: complete lines, in blocks."""

from __future__ import annotations

import bz2
import codecs
import glob
import gzip
import io
import lzma
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from explorer.errors import ExplorerError

if TYPE_CHECKING:
    import polars as pl


class _Damaged(Exception):
    """Compressed data cannot be unpacked."""


BLOCK = 6 << 20  # bytes read at a time
HEAD = 1 << 16  # bytes from which the format is recognised
LONGEST_LINE = 16 << 20  # bytes; anything longer is not a log line
ZIP = b"PK\x03\x04"
WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}  # as PowerShell writes text
UNPACK_ERRORS = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, zipfile.BadZipFile, _Damaged)
LOG_GROUP = re.compile(r"(?:^|/|\b)aws[/-]lambda[/-]([\w-]+)")
PARTS_OF_NAMES = (
    re.compile(  # parts of a log's file name that are not its subject: dates, instances, copy numbers
        r"\d{4}-?\d{2}-?\d{2}(?:[T_-]?\d[\d:-]*)?|[0-9a-f]{8,}(?:-[0-9a-f]{4,})*|\d+|\$?LATEST|[^\w-]"
        r"|(?<=[_-])(?:logs?|part|copy|old|new)(?=$|[_-])"
    )
)


@dataclass(frozen=True)
class Source:
    """One input: its name in messages, its size [B] if known, and how to open it.

    `group` is the function of the log, from the name of the file or folder; `member` of an archive.
    """

    name: str
    size: int = 0
    path: Path | None = None
    member: str = ""
    group: str = ""

    def open(self) -> Stream:
        """Open the input; its bytes are unpacked."""
        if self.path is None:
            return Stream(sys.stdin.buffer)
        raw: IO[bytes]
        if self.member:
            try:
                raw = zipfile.ZipFile(self.path).open(self.member)  # noqa: SIM115
            except (
                RuntimeError,
                NotImplementedError,
            ) as error:  # encrypted or unsupported
                raise OSError(None, f"{self.name}: {error}") from None
        else:
            raw = self.path.open("rb")
        try:
            return Stream(raw)
        except BaseException:
            raw.close()
            raise


class Unpacker:
    """Unpacks one member of a stream: the same interface for gzip, bzip2 and xz."""

    MAGIC: dict[bytes, Callable[[], Any]] = {
        b"\x1f\x8b": lambda: zlib.decompressobj(wbits=31),
        b"BZh": bz2.BZ2Decompressor,
        b"\xfd7zXZ\x00": lzma.LZMADecompressor,
    }

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make, self._inner, self.rest = make, make(), b""

    @classmethod
    def of(cls, head: bytes) -> Unpacker | None:
        """The unpacker for a stream with this beginning; None if it is not compressed."""
        return next((cls(make) for magic, make in cls.MAGIC.items() if head.startswith(magic)), None)

    @property
    def eof(self) -> bool:
        """Whether the compressed stream has ended."""
        return bool(self._inner.eof)

    def decompress(self, packed: bytes, size: int) -> bytes:
        """The next bytes, at most `size`; `rest` is the input to pass in again."""
        try:
            content: bytes = self._inner.decompress(packed, size)
        except (OSError, ValueError) as error:  # from bzip2
            raise _Damaged(str(error)) from None
        if self.eof:
            self.rest = self._inner.unused_data
        else:
            self.rest = getattr(self._inner, "unconsumed_tail", b"")
        return content

    @property
    def is_full(self) -> bool:
        """Whether it still holds unpacked bytes."""
        return not getattr(self._inner, "needs_input", True)

    def again(self) -> Unpacker:
        """A new unpacker for the next member."""
        return Unpacker(self.make)


class Stream:
    """The bytes of a source, unpacked, and UTF-16 converted to UTF-8."""

    def __init__(self, raw: IO[bytes]) -> None:
        self.raw, self.bytes_read = raw, 0
        self._decoder: Any = None
        self._failure: Exception | None = None
        self._buffer, self._waiting = self._file(HEAD), b""
        self._packed: Any = None
        if unpacker := Unpacker.of(self._buffer):
            self._packed, self._waiting = unpacker, self._buffer
            self._buffer = self._unpack(HEAD)
        for mark, encoding in WIDE.items():
            if self._buffer.startswith(mark):
                self._decoder = codecs.getincrementaldecoder(encoding)("replace")
                self._buffer = self._decoder.decode(self._buffer).encode("utf-8", "replace")
        self._buffer = self._buffer.removeprefix(codecs.BOM_UTF8)
        self._fill()
        self.head = self._buffer[:HEAD]

    def _fill(self) -> None:
        """Read enough to recognise a format, also from small pieces; errors are raised later by `read`."""
        try:
            while len(self._buffer) < HEAD and (piece := self._more(HEAD - len(self._buffer))):
                self._buffer += piece
        except UNPACK_ERRORS as error:
            self._failure = error

    @classmethod
    def of(cls, content: bytes) -> Stream:
        """A stream of bytes in memory."""
        return cls(io.BytesIO(content))

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        if self.raw is not sys.stdin.buffer:
            self.raw.close()

    def read(self, size: int) -> bytes:
        """The next bytes, about `size`; empty at the end. Raises one of `BROKEN` for damaged compression."""
        if self._failure and not self._buffer:
            raise self._failure
        first, self._buffer = self._buffer, b""
        pieces, have = [first] if first else [], len(first)
        try:
            while not self._failure and have < size and (piece := self._more(size - have)):
                pieces.append(piece)
                have += len(piece)
        except UNPACK_ERRORS as error:  # data before the error is returned first
            if not have:
                raise
            self._failure = error
        return b"".join(pieces)

    def _more(self, size: int) -> bytes:
        while True:
            piece: bytes = self._unpack(size) if self._packed else self._file(size)
            if not piece or not self._decoder:
                return piece
            piece = self._decoder.decode(piece).encode("utf-8", "replace")
            if piece:
                return piece

    def _file(self, size: int) -> bytes:
        piece = self.raw.read(size)
        self.bytes_read += len(piece)
        return piece

    def _unpack(self, size: int) -> bytes:
        """The next unpacked bytes, at most `size`; a stream may have several members."""
        while True:
            if not self._waiting and not self._packed.eof and not self._packed.is_full:
                self._waiting = self._file(HEAD)
            if self._packed.eof:
                self._waiting = (self._waiting or self._file(HEAD)).lstrip(b"\0")
                if not self._waiting:
                    return b""
                self._packed = self._packed.again()
            at_end = not self._waiting and not self._packed.is_full
            piece: bytes = self._packed.decompress(self._waiting, size)
            self._waiting = self._packed.rest
            if piece:
                return piece
            if at_end and not self._packed.eof:
                raise EOFError("the packed data ends in the middle")


def lines_of(block: bytes) -> pl.DataFrame:
    """The lines of a block, in the column `line`; invalid UTF-8 is replaced."""
    import polars as pl

    try:
        return pl.read_lines(io.BytesIO(block))
    except pl.exceptions.ComputeError:
        return pl.read_lines(io.BytesIO(block.decode("utf-8", "replace").encode()))


def blocks(stream: Stream) -> Iterator[bytes]:
    """Complete lines, about `BLOCK` bytes at a time; only the beginning of a line that is too long."""
    rest = b""
    while piece := stream.read(BLOCK):
        cut = piece.rfind(b"\n") + 1
        if cut:
            yield b"".join((rest, memoryview(piece)[:cut])) if rest or cut < len(piece) else piece
            rest = piece[cut:]
        else:
            rest = (rest + piece)[:LONGEST_LINE]
    if rest:
        yield rest


def find_sources(paths: list[str]) -> list[Source]:
    """The inputs in `paths`: files, folders with all their files, globs, or "-".

    Raises ExplorerError if one does not exist.
    """
    sources: dict[str, Source] = {}
    for pattern in paths:
        if pattern == "-":
            sources[pattern] = Source("standard input")
            continue
        folder = Path(pattern) if Path(pattern).is_dir() else None
        for path in _files(pattern):
            group = _group(path, folder)
            for member, size in _members(path):
                name = f"{path}:{member}" if member else str(path)
                sources[name] = Source(name, size, path, member, group)
    return list(sources.values())


def _members(path: Path) -> list[tuple[str, int]]:
    """The files in a zip archive with their sizes; any other file itself."""
    whole = [("", path.stat().st_size)]
    try:
        with path.open("rb") as file:
            if file.read(4) != ZIP:
                return whole
        with zipfile.ZipFile(path) as archive:
            inside = [one for one in archive.infolist() if not one.is_dir() and not _is_hidden(one.filename)]
    except (OSError, zipfile.BadZipFile):
        return whole
    if any(one.filename == "[Content_Types].xml" for one in inside):  # an office document
        return whole
    return [(one.filename, one.compress_size) for one in inside] or whole


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def _group(path: Path, folder: Path | None) -> str:
    """The function of a log, from its file name or folder; "" if neither names one."""
    if match := LOG_GROUP.search(path.as_posix()):
        return match[1]
    if folder is None:
        return ""
    inside = path.relative_to(folder).parts
    subject = inside[0] if len(inside) > 1 else path.name.split(".")[0]
    return re.sub(r"[\s_.-]+", "-", PARTS_OF_NAMES.sub("", subject)).strip("-")


def _files(pattern: str) -> list[Path]:
    path = Path(pattern)
    try:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
            if not inside:
                raise ExplorerError(f"{pattern}: no file in this folder; expected logs")
            return inside
        if path.exists():
            return [path]
        matched = sorted(Path(p) for p in glob.glob(pattern, recursive=True) if Path(p).is_file())
    except (OSError, ValueError, RecursionError):
        matched = []
    if not matched:
        raise ExplorerError(
            f"{pattern}: no such file; expected a log, a folder, a glob, or - for standard input"
        )
    return matched
