"""JSON records not separated by lines: in arrays, one after another, or over several lines each.

They become lines, one record each, without parsing: NumPy finds the quotes and brackets of a piece, and from
them where each record begins and ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from .sources import BLOCK, LONGEST_LINE, Stream

SPACES = bytes.maketrans(b"\n\r\t", b"   ")  # inside a record; JSON texts contain none of these
QUOTE, BACKSLASH, OPEN, CLOSE = 34, 92, b"{[", b"}]"
STEPS = {**dict.fromkeys(OPEN, 1), **dict.fromkeys(CLOSE, 255), QUOTE: 2, BACKSLASH: 2}  # 255 is -1
MARKED = bytes(STEPS.get(code, 0) for code in range(256))


def lines(stream: Stream, after: re.Pattern[bytes] | None = None) -> Iterator[tuple[bytes, list[bytes]]]:
    """Blocks of lines with one record each, and the beginnings of torn records.

    The brackets of an enclosing array, and text between records, are left out. After a torn record, reading
    goes on where the next one begins. `after` matches the start of the array with the records in a document;
    text before it is left out.
    """
    buffer, more = b"", True
    while after and more:
        piece = stream.read(BLOCK)
        buffer, more = buffer + piece, bool(piece)
        if match := after.search(buffer):
            buffer = buffer[match.end() :]
            break
    while more or buffer:
        piece = stream.read(BLOCK) if more else b""
        more = bool(piece)
        buffer += piece
        records, rest, bad = _records(buffer, final=not more or len(buffer) > LONGEST_LINE)
        if records or bad:
            yield b"\n".join(records) + b"\n" if records else b"", bad
        buffer = rest


def _records(text: bytes, final: bool) -> tuple[list[bytes], bytes, list[bytes]]:
    """The complete records of a text, the rest, and the beginnings of torn records."""
    records: list[bytes] = []
    bad: list[bytes] = []
    while True:
        ends, begins = _bounds(text)
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
            if begin < end:
                records.append(text[begin:end].translate(SPACES))
        rest = text[ends[-1] if ends.size else 0 :]
        begun = rest.find(b"{")
        if begun < 0:
            return records, b"" if final else rest[-1:] if rest.strip(b"[], \r\n\t") else b"", bad
        if not final:
            return records, rest[begun:], bad
        bad.append(rest[begun : begun + 200])  # it never ends: the next may begin on a later line
        following = _next(rest, begun + 1)
        if following < 0:
            return records, b"", bad
        text = rest[following:]


def _next(text: bytes, start: int) -> int:
    """The possible start of the next record: after the end of another, or on its own line; -1 if none."""
    positions = [
        at + 1 for at in (text.find(mark, start) for mark in (b"}{", b"\n{", b",{", b" {")) if at >= 0
    ]
    return min(positions, default=-1)


def objects(text: bytes, level: int) -> list[bytes]:
    """The objects at depth `level` of a text, such as the spans of traces."""
    ends, begins = _bounds(text, level, is_array=False)
    return [text[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]


def _bounds(text: bytes, level: int = 0, is_array: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """The ends and begins of the objects at one level of a text, as two arrays of the same shape.

    `is_array`: a bracket at the start opens an array around the records, and is left out.
    """
    marks = np.frombuffer(text.translate(MARKED), np.int8)
    places = np.flatnonzero(marks)
    kinds = marks[places]
    special = np.frombuffer(text, np.uint8)[places]
    quotes = special == QUOTE
    slashes = special == BACKSLASH
    if slashes.any():
        quotes &= ~_are_escaped(places, slashes)
    inside = np.cumsum(quotes, dtype=np.int32) & 1
    structural = (inside == 0) & (kinds != 2)
    at, step, which = places[structural], kinds[structural], special[structural]
    if is_array and at.size and which[0] == 91:
        at, step, which = at[1:], step[1:], which[1:]
    depth = np.cumsum(step, dtype=np.int32)
    depth -= np.minimum.accumulate(np.minimum(depth, 0))  # ignore an end without a beginning
    before = np.concatenate(([0], depth[:-1]))
    ends = np.flatnonzero((depth == level) & (before == level + 1) & (which == 125))
    opened = np.flatnonzero((depth == level + 1) & (which == 123))
    if not ends.size or not opened.size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    first = opened[np.searchsorted(opened, np.concatenate(([0], ends[:-1] + 1)))]
    return at[ends] + 1, at[first]


def _are_escaped(places: np.ndarray, slashes: np.ndarray) -> np.ndarray:
    """Which marks are escaped, that is, follow an odd number of backslashes."""
    escaped = np.zeros(places.size, dtype=bool)
    run = 0
    last = -2
    for index in np.flatnonzero(slashes | np.concatenate(([False], slashes[:-1]))).tolist():
        place = int(places[index])
        run = run if place == last + 1 else 0
        escaped[index] = bool(run % 2)
        run = run + 1 if slashes[index] else 0
        last = place
    return escaped
