"""One line of JSON for each invocation, from which a benchmark computes times."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_state: dict[str, Any] = {"cold": True}
_notes: ContextVar[dict[str, Any]] = ContextVar("notes")  # a container has several invocations at once


@contextmanager
def invocation(part: str, request_id: str) -> Iterator[None]:
    """Write the line at the end of the invocation, also after an exception."""
    notes = {"part": part, "request": request_id, "cold": _state["cold"]}
    _notes.set(notes)
    _state["cold"] = False
    began = time.monotonic()
    try:
        yield
    except BaseException as error:
        notes["raised"] = type(error).__name__
        raise
    finally:
        print(json.dumps({**notes, "all_s": _round_s(time.monotonic() - began)}), flush=True)


def note(**values: Any) -> None:
    """Add to the line of this invocation. Never a caller's input, nor the answer of a store."""
    _notes.get({}).update(values)


def where(error: BaseException) -> str:
    """The origin of an exception without its text, which may contain a caller's input."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    file = trace.tb_frame.f_code.co_filename.rpartition("/")[2]
    return f"{type(error).__name__} at {file}:{trace.tb_lineno}"


@contextmanager
def timer(name: str) -> Iterator[None]:
    """Add the time that the block takes to the line [s]."""
    began = time.monotonic()
    try:
        yield
    finally:
        notes = _notes.get({})
        notes[name] = _round_s(notes.get(name, 0) + time.monotonic() - began)


def _round_s(seconds: float) -> float:
    return round(seconds, 4)
