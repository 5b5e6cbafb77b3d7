"""Read inputs into a tally: each is recognised by its beginning, and read a few blocks at a time."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from explorer.errors import ExplorerError
from explorer.facts.extras import require

from . import envelopes, record_stream, template
from .formats import (
    aws_cli_text,
    execution_log,
    json_records,
    key_value,
    load_tests,
    parquet,
    power_tuning,
    reports,
    tables,
    text_lines,
    traces,
    unread,
    w3c,
)
from .frame import Part, Tally
from .selection import Selection
from .sources import HEAD, UNPACK_ERRORS, Source, Stream, blocks, find_sources

WORKERS = 2  # two blocks are parsed while the next is read
SAMPLED = 400  # lines from which a block is recognised if no earlier one was
Reader = Callable[[bytes], list[Part]]
Progress = Callable[[int, int, str], None]  # bytes done, total bytes (0: not known), the input
OF_LAMBDA = re.compile(
    rb'REPORT RequestId|START RequestId|\\?"platform\.(?:report|runtimeDone|start|initStart)|INIT_START'
)
INSIDE = re.compile(
    rb'"(?:entries|Traces|TraceSummaries|resourceSpans)"\s*:\s*\['
)  # fields of a JSON document that hold requests
OF_JSON = re.compile(rb'\s*(?:\{|\[\s*[\[{"\]])')
ARRAY = re.compile(rb'\s*\[\s*[\[{"\]]')  # but not "[INFO]", with which a log line may begin
DOCUMENT = re.compile(
    rb'"http_req_duration"|"aggregate"|"latencies"|"latencyPercentiles"|"latency"|"percentiles1"|"response_times"'
)


def read_inputs(
    paths: list[str], progress: Progress | None = None, selection: Selection | None = None
) -> Tally:
    """The tally of all inputs.

    Parameters
    ----------
    paths
        Files, folders, globs or "-".
    progress
        Called with the bytes done, the total bytes, and the input.
    selection
        Which requests count; None means all.

    Raises
    ------
    ExplorerError
        If a path does not exist, or Polars is not installed.
    """
    require_polars()
    sources = find_sources(paths)
    tally, bytes_done, total = Tally(selection or Selection()), 0, sum(source.size for source in sources)
    total = total if all(source.path for source in sources) else 0
    is_apart = len({source.group for source in sources}) > 1
    with ThreadPoolExecutor(WORKERS) as pool:
        for source in sources:
            before = bytes_done
            for part, bytes_read in _parts(source, pool):
                part.group = part.group or (source.group if is_apart else "")
                tally.add(part)
                if progress:
                    progress(before + bytes_read, total, source.name)
            bytes_done = before + source.size
    tally.settle()
    return tally


def require_polars() -> None:
    """Raise ExplorerError if Polars, which parses the logs, is not installed."""
    require("explorer ingest", "polars")


def _parts(source: Source, pool: ThreadPoolExecutor) -> Iterator[tuple[Part, int]]:
    """The parts of one input and the bytes read so far; an error inside it counts as an unreadable line."""
    try:
        with source.open() as stream:
            try:
                for part in _parts_of_stream(source, stream, pool):
                    yield part, stream.bytes_read
            except UNPACK_ERRORS as error:
                yield _unreadable_part(source, error), stream.bytes_read
    except (OSError, *UNPACK_ERRORS) as error:
        yield _unreadable_part(source, error), 0


def _unreadable_part(source: Source, error: Exception) -> Part:
    part = Part()
    part.count_unreadable(f"{source.name}: {getattr(error, 'strerror', None) or error}")
    return part


def _parts_of_stream(source: Source, stream: Stream, pool: ThreadPoolExecutor) -> Iterator[Part]:
    """The parts of a stream, in the format recognised by its beginning."""
    head = stream.head
    if head.startswith(parquet.MAGIC):
        if source.path is None:
            raise ExplorerError("standard input is Parquet: expected its file's name")
        if source.member:
            return iter([_unreadable_part(source, ValueError("is Parquet within an archive: unpack it"))])
        return parquet.read(source.path)
    if unread_format := unread.recognise(head):
        return iter([_unread_part(source, unread_format)])
    if b"\0" in head[:1024]:
        return iter([_unreadable_part(source, ValueError("is not text"))])
    if source.path and template.is_template(source.path, head):
        return template.read(source.path)
    if power_tuning.is_tuning(head):
        return iter([power_tuning.read(stream.read(power_tuning.LARGEST))])
    if load_tests.is_csv(head):
        return iter([load_tests.read_csv(stream.read(load_tests.LARGEST))])
    if tool := load_tests.tool(head):
        return iter([load_tests.read_text(stream.read(load_tests.LARGEST), tool)])
    if w3c.is_w3c(head):
        return _parse_in_threads(((read, block) for read, block in w3c.pieces(blocks(stream))), pool)
    if envelopes.is_json(head):
        return envelopes.read_json(stream, lines_reader)
    if envelopes.is_csv(head):
        return envelopes.read_csv(stream, lines_reader)
    if OF_JSON.match(head) and not _is_lines(head):
        return _json(source, stream, pool)
    read = lines_reader(head)
    return _parse_in_threads(((read, block) for block in blocks(stream)), pool)


def _unread_part(source: Source, unread_format: unread.Unread) -> Part:
    part = Part(notes=[f"{source.name} is {unread_format.name}, which is not read: {unread_format.hint}"])
    part.ignored_lines[f"{unread_format.name}: {unread_format.hint}"] += 1
    return part


# Lines ----------------------------------------------------------------------------------------------


def lines_reader(head: bytes) -> Reader:
    """A reader for lines, chosen from the first of them; if not recognised, chosen for each block."""
    return _find_reader(head) or _unknown


def _find_reader(head: bytes) -> Reader | None:
    """A reader for lines, chosen from the first of them; None if they are not recognised."""
    is_cut = len(head) >= HEAD  # then its last line is incomplete
    head = head[:HEAD]
    whole = (head[: head.rfind(b"\n") + 1] if is_cut else b"") or head
    text = whole.lstrip()
    if text.startswith(b"{") and (wraps := envelopes.find_wrapped_reader(whole, _find_reader)):
        return wraps
    if aws_cli_text.is_events(whole):
        return aws_cli_text.reader(whole, _find_reader)
    if OF_LAMBDA.search(head):
        return reports.read
    if text.startswith(b"{") and traces.is_otlp(head):
        return traces.read_otlp
    if text.startswith(b"{") and traces.is_xray(head):
        return traces.read_xray
    lines = [line for line in whole.decode("utf-8", "replace").splitlines() if line.strip()]
    if not lines:
        return None
    if execution_log.is_execution_log(lines):
        return execution_log.read
    for reader in (text_lines.reader, lambda _: json_records.reader(whole), lambda _: tables.reader(whole)):
        if read := reader(lines):
            return read
    return key_value.reader(lines)


def _unknown(block: bytes) -> list[Part]:
    """The parts of a block that was not recognised by its beginning: sample lines from all over it."""
    lines = block.splitlines(keepends=True)
    step = max(len(lines) // SAMPLED, 1)
    read = None if step == 1 else _find_reader(b"".join(lines[::step]))
    return (read or reports.read)(block)


def _parse_in_threads(pieces: Iterator[tuple[Reader, bytes]], pool: ThreadPoolExecutor) -> Iterator[Part]:
    """The parts of the blocks in order, parsed on several threads."""
    waiting: deque[Future[list[Part]]] = deque()
    failure: Exception | None = None
    try:
        for read, piece in pieces:
            waiting.append(pool.submit(read, piece))
            if len(waiting) > WORKERS:
                yield from waiting.popleft().result()
    except UNPACK_ERRORS as error:
        failure = error  # earlier blocks still count
    while waiting:
        yield from waiting.popleft().result()
    if failure:
        raise failure


# JSON that is not split into lines --------------------------------------------------------------------


def _is_lines(head: bytes) -> bool:
    """Whether a file that begins as JSON has one record per line."""
    first, newline, rest = head.lstrip().partition(b"\n")
    if not newline or not first.startswith(b"{"):
        return False
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return rest.strip() != b"" and ARRAY.match(rest) is None


def _json(source: Source, stream: Stream, pool: ThreadPoolExecutor) -> Iterator[Part]:
    """The parts of records not separated by lines, or of one document."""
    head = stream.head
    if INSIDE.search(head):
        return _records(record_stream.lines(stream, INSIDE), head, pool)
    if DOCUMENT.search(head):
        content = stream.read(load_tests.LARGEST)
        document = load_tests.document(content)
        if part := load_tests.read_json(document):
            return iter([part])
        return _in_document(source, document, content, pool)
    return _records(record_stream.lines(stream), head, pool)


def _records(
    pieces: Iterator[tuple[bytes, list[bytes]]], head: bytes, pool: ThreadPoolExecutor
) -> Iterator[Part]:
    """The parts of records, one per line; torn records are counted."""
    read: Reader | None = None
    torn = Part()

    def pieces_with_reader() -> Iterator[tuple[Reader, bytes]]:
        nonlocal read
        for block, bad in pieces:
            for line in bad:
                torn.read += 1
                torn.count_unreadable(line)
            if block:
                read = read or _of_records(block)
                yield read, block

    read_any = False
    for part in _parse_in_threads(pieces_with_reader(), pool):
        read_any |= part.read > 0
        yield part
    if not read_any and not torn.read:
        torn.read = 1
        torn.count_unreadable(head[:1000].lstrip() or "JSON without a record")
    if torn.read:
        yield torn


def _of_records(block: bytes) -> Reader:
    """A reader for records, chosen from the first; records nested in others are extracted."""
    sample = block[:HEAD] if block.find(b"\n") < HEAD else block[: block.find(b"\n") + 1]
    if read := _find_reader(sample):
        return read
    try:
        first = json.loads(block.split(b"\n", 1)[0])
    except (ValueError, RecursionError):
        return _unknown
    if not any(_record_lists(first)):
        return _unknown

    def inner(block: bytes) -> list[Part]:
        records = [one for line in block.splitlines() for one in _records_inside(line)]
        text = "\n".join(json.dumps(one) for one in records).encode()
        return (_find_reader(text) or _unknown)(text) if records else []

    return inner


def _record_lists(document: Any, deep: int = 3) -> Iterator[list[dict[str, Any]]]:
    """The lists of records inside a document."""
    if isinstance(document, list):
        records = [one for one in document if isinstance(one, dict)]
        if records:
            yield records
    elif isinstance(document, dict) and deep:
        for value in document.values():
            if isinstance(value, dict | list):
                yield from _record_lists(value, deep - 1)


def _records_inside(line: bytes) -> list[dict[str, Any]]:
    """The longest list of records inside a one-line document; the document itself if it holds none."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return []
    return max(_record_lists(document), key=len, default=[document] if isinstance(document, dict) else [])


def _in_document(source: Source, document: Any, content: bytes, pool: ThreadPoolExecutor) -> Iterator[Part]:
    """The parts of a document that is no load test result: of the records inside it."""
    records = max(_record_lists(document), key=len, default=[])
    if not records:
        return _records(record_stream.lines(Stream.of(content)), content[:HEAD], pool)
    text = "\n".join(json.dumps(one) for one in records).encode()
    read = lines_reader(text)
    return iter(read(text))
