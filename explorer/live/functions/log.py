"""One line of JSON for each invocation, from which a benchmark splits times."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_environment: dict[str, Any] = {"cold": True}
_notes: ContextVar[dict[str, Any]] = ContextVar("notes")  # a container has several invocations at once


@contextmanager
def invocation(part: str, request_id: str) -> Iterator[None]:
    """Write the line when the invocation ends, however it ends."""
    notes = {"part": part, "request": request_id, "cold": _environment["cold"]}
    _notes.set(notes)
    _environment["cold"] = False
    began = time.monotonic()
    try:
        yield
    except BaseException as error:
        notes["raised"] = type(error).__name__
        raise
    finally:
        print(json.dumps({**notes, "all_s": _rounded(time.monotonic() - began)}), flush=True)


def note(**values: Any) -> None:
    """Add to the line of this invocation. Never what a caller sent, nor what a store answered."""
    _notes.get({}).update(values)


def where(error: BaseException) -> str:
    """Where an exception came from, without its text: that may hold what a caller sent."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    file = trace.tb_frame.f_code.co_filename.rpartition("/")[2]
    return f"{type(error).__name__} at {file}:{trace.tb_lineno}"


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Note the seconds that the block takes, added to what it took before."""
    began = time.monotonic()
    try:
        yield
    finally:
        notes = _notes.get({})
        notes[name] = _rounded(notes.get(name, 0) + time.monotonic() - began)


def _rounded(seconds: float) -> float:
    return round(seconds, 4)
