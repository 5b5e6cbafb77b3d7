"""Where lines come from: files, folders, globs, archives, standard input; whole lines, some at a time."""

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
    """What is packed cannot be unpacked."""


BLOCK = 6 << 20  # bytes that are read at a time
HEAD = 1 << 16  # bytes from which a format is recognised
LONGEST_LINE = 16 << 20  # bytes; what is longer is no line of a log
ZIP = b"PK\x03\x04"
WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}  # as PowerShell writes
UNPACK_ERRORS = (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, zipfile.BadZipFile, _Damaged)
LOG_GROUP = re.compile(r"(?:^|/|\b)aws[/-]lambda[/-]([\w-]+)")
PARTS_OF_NAMES = (
    re.compile(  # of a log's name: dates, instances, numbers of copies; what is left is its subject
        r"\d{4}-?\d{2}-?\d{2}(?:[T_-]?\d[\d:-]*)?|[0-9a-f]{8,}(?:-[0-9a-f]{4,})*|\d+|\$?LATEST|[^\w-]"
        r"|(?<=[_-])(?:logs?|part|copy|old|new)(?=$|[_-])"
    )
)


@dataclass(frozen=True)
class Source:
    """One input: what messages call it, its size [B] where it is known, and how it is opened.

    `group` is the function whose log it is, where its name or its folder says so; `member` of an archive.
    """

    name: str
    size: int = 0
    path: Path | None = None
    member: str = ""
    group: str = ""

    def open(self) -> Stream:
        """Its bytes, unpacked."""
        if self.path is None:
            return Stream(sys.stdin.buffer)
        raw: IO[bytes]
        if self.member:
            try:
                raw = zipfile.ZipFile(self.path).open(self.member)  # noqa: SIM115
            except (
                RuntimeError,
                NotImplementedError,
            ) as error:  # encrypted, or packed as nothing here unpacks
                raise OSError(None, f"{self.name}: {error}") from None
        else:
            raw = self.path.open("rb")
        try:
            return Stream(raw)
        except BaseException:
            raw.close()
            raise


class Unpacker:
    """What unpacks one member of a stream: gzip, bzip2 and xz behind one face."""

    MAGIC: dict[bytes, Callable[[], Any]] = {
        b"\x1f\x8b": lambda: zlib.decompressobj(wbits=31),
        b"BZh": bz2.BZ2Decompressor,
        b"\xfd7zXZ\x00": lzma.LZMADecompressor,
    }

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make, self._inner, self.rest = make, make(), b""

    @classmethod
    def of(cls, head: bytes) -> Unpacker | None:
        """The one for a stream that begins so; None if it is not packed."""
        return next((cls(make) for magic, make in cls.MAGIC.items() if head.startswith(magic)), None)

    @property
    def eof(self) -> bool:
        """Whether the compressed stream has ended."""
        return bool(self._inner.eof)

    def decompress(self, packed: bytes, size: int) -> bytes:
        """The next bytes, `size` at most; `rest` is what is to be given again."""
        try:
            content: bytes = self._inner.decompress(packed, size)
        except (OSError, ValueError) as error:  # bzip2's
            raise _Damaged(str(error)) from None
        if self.eof:
            self.rest = self._inner.unused_data
        else:
            self.rest = getattr(self._inner, "unconsumed_tail", b"")
        return content

    @property
    def is_full(self) -> bool:
        """Whether it holds bytes that it has not given yet."""
        return not getattr(self._inner, "needs_input", True)

    def again(self) -> Unpacker:
        """Another one, for the member that follows."""
        return Unpacker(self.make)


class Stream:
    """The bytes of a source, unpacked if they are packed, as UTF-8 if they are UTF-16."""

    def __init__(self, raw: IO[bytes]) -> None:
        self.raw, self.bytes_read = raw, 0
        self._decoder: Any = None
        self._failure: Exception | None = None
        self._buffer, self._waiting = self._file(HEAD), b""
        self._packed: Any = None
        if unpacker := Unpacker.of(self._buffer):
            self._packed, self._waiting = unpacker, self._buffer
            self._buffer = self._unpacked(HEAD)
        for mark, encoding in WIDE.items():
            if self._buffer.startswith(mark):
                self._decoder = codecs.getincrementaldecoder(encoding)("replace")
                self._buffer = self._decoder.decode(self._buffer).encode("utf-8", "replace")
        self._buffer = self._buffer.removeprefix(codecs.BOM_UTF8)
        self._fill()
        self.head = self._buffer[:HEAD]

    def _fill(self) -> None:
        """Read enough to recognise a format, however small the pieces; `read` raises what breaks."""
        try:
            while len(self._buffer) < HEAD and (piece := self._more(HEAD - len(self._buffer))):
                self._buffer += piece
        except UNPACK_ERRORS as error:
            self._failure = error

    @classmethod
    def of(cls, content: bytes) -> Stream:
        """A stream of what is in memory already."""
        return cls(io.BytesIO(content))

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        if self.raw is not sys.stdin.buffer:
            self.raw.close()

    def read(self, size: int) -> bytes:
        """The next bytes, about so many; none at the end. Raises one of `BROKEN` for damaged packing."""
        if self._failure and not self._buffer:
            raise self._failure
        first, self._buffer = self._buffer, b""
        pieces, have = [first] if first else [], len(first)
        try:
            while not self._failure and have < size and (piece := self._more(size - have)):
                pieces.append(piece)
                have += len(piece)
        except UNPACK_ERRORS as error:  # what was good before it is given first
            if not have:
                raise
            self._failure = error
        return b"".join(pieces)

    def _more(self, size: int) -> bytes:
        while True:
            piece: bytes = self._unpacked(size) if self._packed else self._file(size)
            if not piece or not self._decoder:
                return piece
            piece = self._decoder.decode(piece).encode("utf-8", "replace")
            if piece:
                return piece

    def _file(self, size: int) -> bytes:
        piece = self.raw.read(size)
        self.bytes_read += len(piece)
        return piece

    def _unpacked(self, size: int) -> bytes:
        """The next bytes that it holds, `size` at most; members may follow one another."""
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
    """The lines of a block, in the column `line`; bytes that are no text are replaced."""
    import polars as pl

    try:
        return pl.read_lines(io.BytesIO(block))
    except pl.exceptions.ComputeError:
        return pl.read_lines(io.BytesIO(block.decode("utf-8", "replace").encode()))


def blocks(stream: Stream) -> Iterator[bytes]:
    """Whole lines, about `BLOCK` bytes at a time; of a line that is far too long, its beginning."""
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
    """The inputs that `paths` name: files, folders with all that is in them, globs, or "-".

    Raises ExplorerError for one that is not there.
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
    """The files of a zip archive with their sizes; of any other file, itself."""
    whole = [("", path.stat().st_size)]
    try:
        with path.open("rb") as file:
            if file.read(4) != ZIP:
                return whole
        with zipfile.ZipFile(path) as archive:
            inside = [one for one in archive.infolist() if not one.is_dir() and not _is_hidden(one.filename)]
    except (OSError, zipfile.BadZipFile):
        return whole
    if any(one.filename == "[Content_Types].xml" for one in inside):  # a document of an office suite
        return whole
    return [(one.filename, one.compress_size) for one in inside] or whole


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def _group(path: Path, folder: Path | None) -> str:
    """The function that a file's name, or the folder it is in, says that it is of; "" where neither does."""
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
