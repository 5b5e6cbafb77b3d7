"""Ctrl-C while something is put up: the first ends it, the others let it be taken down.

Whatever else is sent to end a process counts as Ctrl-C here: else a stack would be left that nobody knows of.
"""

from __future__ import annotations

import atexit
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

OnStep = Callable[[str], None]  # is called with each thing that is begun
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ENOUGH = 3


@contextmanager
def one_interrupt(on_step: OnStep) -> Iterator[Callable[[], None]]:
    """Let the first interrupt through, answer the second, and let the third end whatever runs.

    What is done within has between the first and the third time to take down what it has put up. Only
    the main thread is ever interrupted; what is ignored stays ignored. Yields what is called when it is
    taken down for another reason: the next interrupt is the second then.
    """
    numbers: list[int] = []

    def interrupted(number: int, _: Any) -> None:
        numbers.append(number)
        if len(numbers) in {1, ENOUGH}:
            raise KeyboardInterrupt
        on_step("taking it down still; once more leaves the rest as it is")

    with _handled(interrupted):
        yield lambda: numbers.extend([0] if not numbers else [])


def as_ctrl_c() -> Callable[[], None]:
    """Hand whatever else ends a process to who answers Ctrl-C. Returns what makes it as it was."""

    def interrupted(number: int, frame: Any) -> None:
        answers = signal.getsignal(signal.SIGINT)
        if not callable(answers):  # Ctrl-C itself is ignored
            raise KeyboardInterrupt
        answers(signal.SIGINT, frame)

    ctrl_c = signal.getsignal(signal.SIGINT)
    before = _replaced({**dict.fromkeys(SIGNALS, interrupted), signal.SIGINT: ctrl_c})
    return lambda: _restored(before)


def too_late() -> None:
    """Ignore from now on what is sent to end the process: what is left is to say what became of it."""
    _replaced(dict.fromkeys(SIGNALS, signal.SIG_IGN))
    atexit.unregister(too_late)
    atexit.register(too_late)  # again, last: the handlers may have been restored before the shutdown


@contextmanager
def _handled(handler: Callable[[int, Any], None]) -> Iterator[None]:
    before = _replaced(dict.fromkeys(SIGNALS, handler))
    try:
        yield
    finally:
        _restored(before)


def _replaced(handlers: Mapping[signal.Signals, Any]) -> dict[signal.Signals, Any]:
    """Give the signals that are not ignored other handlers; those that they had."""
    if threading.current_thread() is not threading.main_thread():
        return {}  # only the main thread is ever interrupted
    before = {number: signal.getsignal(number) for number in handlers}
    heard = {number: had for number, had in before.items() if had not in {signal.SIG_IGN, None}}
    for number in heard:
        signal.signal(number, handlers[number])
    return heard


def _restored(before: dict[signal.Signals, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)
