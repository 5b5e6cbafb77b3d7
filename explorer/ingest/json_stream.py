"""Read JSON as a stream, without holding all of it: the elements of arrays that contain records."""

from __future__ import annotations

import base64
import codecs
import json
import re
import zlib
from collections.abc import Generator, Iterator
from typing import Any

from .sources import LONGEST_LINE, Stream

OPENS = re.compile(
    r'(?<!\\)"(?:events|logEvents|results)"\s*:\s*\[|(?P<packed>H4sI[A-Za-z0-9+/]{20,}={0,2})(?![A-Za-z0-9+/=])'
)
GROUP = re.compile(r'(?<!\\)"logGroup"\s*:\s*"([^"\\]+)"')
FIRST = re.compile(r"\A\s*\[|" + OPENS.pattern)
SPACE = re.compile(r"[\s,]*")
PIECE = 1 << 20
OVERLAP = 4096  # characters kept between pieces, for the start of an array or its log group
UNPACKED = 64 << 20  # the largest compressed record, unpacked [bytes]
DEEP = 2  # levels of compressed records inside compressed records
decode = json.JSONDecoder().raw_decode


def texts(stream: Stream) -> Iterator[str]:
    """The text of a stream, in pieces."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while piece := stream.read(PIECE):
        yield decoder.decode(piece)


def elements(pieces: Iterator[str], deep: int = DEEP) -> Iterator[Any]:
    """The elements of "events", "logEvents" and "results" arrays, or of an array at the top level.

    Gzip in Base64 is unpacked first. None stands for invalid JSON.
    """
    buffer, more, opens, group = "", True, FIRST, ""
    while True:
        match = opens.search(buffer)
        if match is None and buffer.strip():
            buffer, opens = buffer[-OVERLAP:] if more else "", OPENS
        waits = match is None or (match.end() == len(buffer) and len(buffer) < LONGEST_LINE)
        if more and waits:
            piece = next(pieces, None)
            buffer, more = buffer + (piece or ""), piece is not None
            continue
        if match is None:
            return
        groups = GROUP.findall(buffer, 0, match.start())
        group = groups[-1] if groups else group
        buffer, opens = buffer[match.end() :], OPENS
        if match["packed"]:
            yield from _unpack(match["packed"], deep)
        else:
            buffer, more = yield from _array(buffer, pieces, more, group)


def _array(
    buffer: str, pieces: Iterator[str], more: bool, group: str = ""
) -> Generator[Any, None, tuple[str, bool]]:
    """The elements up to the end of the array; returns the text after it, and whether there is more.

    Each element gets the log group of the enclosing record.
    """
    at = 0
    while True:
        if space := SPACE.match(buffer, at):
            at = space.end()
        if buffer[at : at + 1] == "]":
            return buffer[at + 1 :], more
        try:
            element, end = decode(buffer, at)
        except (ValueError, RecursionError) as error:
            if not more or len(buffer) - at > LONGEST_LINE or isinstance(error, RecursionError):
                if at < len(buffer):
                    yield None
                at = buffer.find("{", at + 1)  # possible start of the next record
                if at < 0:
                    return "", more
                continue
        else:
            if end < len(buffer) or not more or isinstance(element, dict | list):
                if group and isinstance(element, dict):
                    element.setdefault("logGroup", group)
                yield element
                at = end
                continue
        piece = next(pieces, None)
        buffer, at, more = buffer[at:] + (piece or ""), 0, piece is not None


def _unpack(packed: str, deep: int) -> Iterator[Any]:
    try:
        text = zlib.decompressobj(wbits=31).decompress(base64.b64decode(packed), UNPACKED)
    except (ValueError, zlib.error):
        yield None
        return
    if deep:
        yield from elements(iter([text.decode("utf-8", "replace")]), deep - 1)
