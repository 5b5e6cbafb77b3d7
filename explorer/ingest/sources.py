"""Where lines come from: files, folders, globs, gzip, standard input; whole lines, some at a time."""

from __future__ import annotations

import codecs
import glob
import gzip
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from explorer.errors import ExplorerError

BLOCK = 6 << 20  # bytes that are read at a time
HEAD = 1 << 16  # bytes from which a format is told
LONGEST_LINE = 16 << 20  # bytes; what is longer is no line of a log
GZIP = b"\x1f\x8b"
WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}  # as PowerShell writes
BROKEN = (EOFError, zlib.error, gzip.BadGzipFile)


@dataclass(frozen=True)
class Source:
    """One input: what messages call it, its size [B] where it is known, and how it is opened."""

    name: str
    size: int = 0
    path: Path | None = None

    def open(self) -> Stream:
        """Its bytes, unpacked."""
        if self.path is None:
            return Stream(sys.stdin.buffer)
        raw = self.path.open("rb")
        try:
            return Stream(raw)
        except BaseException:
            raw.close()
            raise


class Stream:
    """The bytes of a source, unpacked if they are gzip, as UTF-8 if they are UTF-16."""

    def __init__(self, raw: IO[bytes]) -> None:
        self.raw, self.taken = raw, 0
        self._decoder: Any = None
        self._broken: Exception | None = None
        self._buffer, self._waiting = self._file(HEAD), b""
        self._packed: Any = None
        if self._buffer.startswith(GZIP):
            self._packed, self._waiting = zlib.decompressobj(wbits=31), self._buffer
            self._buffer = self._unpacked(HEAD)
        for mark, encoding in WIDE.items():
            if self._buffer.startswith(mark):
                self._decoder = codecs.getincrementaldecoder(encoding)("replace")
                self._buffer = self._decoder.decode(self._buffer).encode("utf-8", "replace")
        self._buffer = self._buffer.removeprefix(codecs.BOM_UTF8)
        self.head = self._buffer[:HEAD]

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        if self.raw is not sys.stdin.buffer:
            self.raw.close()

    def read(self, size: int) -> bytes:
        """The next bytes, about so many; none at the end. Raises one of `BROKEN` for broken gzip."""
        if self._broken:
            raise self._broken
        found, self._buffer = self._buffer, b""
        pieces, have = [found] if found else [], len(found)
        try:
            while have < size and (piece := self._more(size - have)):
                pieces.append(piece)
                have += len(piece)
        except BROKEN as error:  # what was good before it is given first
            if not have:
                raise
            self._broken = error
        return b"".join(pieces)

    def _more(self, size: int) -> bytes:
        while True:
            piece = self._unpacked(size) if self._packed else self._file(size)
            if not piece or not self._decoder:
                return piece
            if piece := self._decoder.decode(piece).encode("utf-8", "replace"):
                return piece

    def _file(self, size: int) -> bytes:
        found = self.raw.read(size)
        self.taken += len(found)
        return found

    def _unpacked(self, size: int) -> bytes:
        """The next bytes that the gzip holds, `size` at most; members may follow one another."""
        while True:
            if not self._waiting and not self._packed.eof:
                self._waiting = self._file(HEAD)
            if self._packed.eof:
                self._waiting = (self._waiting or self._file(HEAD)).lstrip(b"\0")
                if not self._waiting:
                    return b""
                self._packed = zlib.decompressobj(wbits=31)
            at_end = not self._waiting
            found = self._packed.decompress(self._waiting, size)
            ended = self._packed.eof
            self._waiting = self._packed.unused_data if ended else self._packed.unconsumed_tail
            if found:
                return found
            if at_end and not ended:
                raise EOFError("the gzip ends in the middle")


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


def found(paths: list[str]) -> list[Source]:
    """The inputs that `paths` name: files, folders with all that is in them, globs, or "-".

    Raises ExplorerError for one that is not there.
    """
    sources: dict[str, Source] = {}
    for given in paths:
        if given == "-":
            sources[given] = Source("standard input")
            continue
        for path in _files(given):
            sources[str(path)] = Source(str(path), path.stat().st_size, path)
    return list(sources.values())


def _files(given: str) -> list[Path]:
    path = Path(given)
    try:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
            if not inside:
                raise ExplorerError(f"{given}: no file in this folder; expected logs")
            return inside
        if path.exists():
            return [path]
        matched = sorted(Path(p) for p in glob.glob(given, recursive=True) if Path(p).is_file())
    except (OSError, ValueError, RecursionError):
        matched = []
    if not matched:
        raise ExplorerError(
            f"{given}: no such file; expected a log, a folder, a glob, or - for standard input"
        )
    return matched
