"""From inputs to a tally: each is told by how it begins, and read a few blocks at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from explorer.errors import ExplorerError
from explorer.facts.extras import require

from . import access, benchmark, envelopes, power_tuning, reports
from .frame import Part, Tally
from .sources import BROKEN, HEAD, Source, Stream, blocks, found

WORKERS = 2  # while one block is read, two are taken apart
Reader = Callable[[bytes], list[Part]]
Progress = Callable[[int, int, str], None]  # bytes done, bytes in all (0: not known), the input
OF_LAMBDA = (b"REPORT RequestId", b"START RequestId", b'"platform.', b'\\"platform.', b"INIT_START")


def gather(paths: list[str], progress: Progress | None = None) -> Tally:
    """All that the inputs hold.

    Parameters: `paths`, files, folders, globs or "-"; `progress`, told of the bytes that are done.
    Raises ExplorerError for a path that is not there, or without Polars.
    """
    needs_polars()
    sources = found(paths)
    tally, done, total = Tally(), 0, sum(source.size for source in sources)
    total = total if all(source.path for source in sources) else 0
    with ThreadPoolExecutor(WORKERS) as pool:
        for source in sources:
            before = done
            for part, taken in _parts(source, pool):
                tally.add(part)
                if progress:
                    progress(before + taken, total, source.name)
            done = before + source.size
    return tally


def needs_polars() -> None:
    """Raise if the engine that takes logs apart is not installed."""
    require("explorer ingest", "polars")


def _parts(source: Source, pool: ThreadPoolExecutor) -> Iterator[tuple[Part, int]]:
    """The parts of one input and the bytes that were taken of it; what breaks within is a bad line."""
    try:
        with source.open() as stream:
            try:
                for part in _of(source, stream, pool):
                    yield part, stream.taken
            except BROKEN as error:
                yield _bad(source, error), stream.taken
    except (OSError, *BROKEN) as error:
        yield _bad(source, error), 0


def _bad(source: Source, error: Exception) -> Part:
    part = Part()
    part.bad(f"{source.name}: {getattr(error, 'strerror', None) or error}")
    return part


def _of(source: Source, stream: Stream, pool: ThreadPoolExecutor) -> Iterator[Part]:
    head = stream.head
    if head.startswith(benchmark.MAGIC):
        if source.path is None:
            raise ExplorerError("standard input is Parquet: expected its file's name")
        return benchmark.read(source.path)
    if power_tuning.is_tuning(head):
        return iter([power_tuning.read(stream.read(power_tuning.LARGEST))])
    if envelopes.is_json(head):
        return envelopes.read_json(stream, lines_reader)
    if envelopes.is_csv(head):
        return envelopes.read_csv(stream, lines_reader)
    if b"\0" in head[:1024]:
        return iter([_bad(source, ValueError("is not text"))])
    return _spread(blocks(stream), lines_reader(head), pool)


def lines_reader(head: bytes) -> Reader:
    """How lines are read, told by the first of them: reports of Lambda unless they are a door's."""
    head = head[:HEAD]
    if any(mark in head for mark in OF_LAMBDA):
        return reports.read
    cut = head.rfind(b"\n") + 1
    return access.reader(head[:cut] or head) or reports.read


def _spread(pieces: Iterator[bytes], read: Reader, pool: ThreadPoolExecutor) -> Iterator[Part]:
    """The parts of each block in order, taken apart on several threads."""
    waiting: deque[Future[list[Part]]] = deque()
    broken: Exception | None = None
    try:
        for piece in pieces:
            waiting.append(pool.submit(read, piece))
            if len(waiting) > WORKERS:
                yield from waiting.popleft().result()
    except BROKEN as error:
        broken = error  # what was good before it counts
    while waiting:
        yield from waiting.popleft().result()
    if broken:
        raise broken
