"""Ctrl-C during a deployment: the first one stops it, later ones let it be removed.

Any other signal that ends a process counts as Ctrl-C here; otherwise it would leave an unknown stack.
"""

from __future__ import annotations

import atexit
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

OnStep = Callable[[str], None]  # called with the name of each step that begins
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LAST_INTERRUPT = 3


@contextmanager
def allow_one_interrupt(on_step: OnStep) -> Iterator[Callable[[], None]]:
    """Raise at the first interrupt, report the second, and raise again at the third.

    Between the first and the third, the block has time to remove what it has created. Only the main thread is
    ever interrupted, and an ignored signal stays ignored. Yields a function to call when the removal has
    another reason: the next interrupt then counts as the second.
    """
    numbers: list[int] = []

    def on_signal(number: int, _: Any) -> None:
        numbers.append(number)
        if len(numbers) in {1, LAST_INTERRUPT}:
            raise KeyboardInterrupt
        on_step("still removing it; one more interrupt leaves the rest as it is")

    with _handle_signals(on_signal):
        yield lambda: numbers.extend([0] if not numbers else [])


def treat_signals_as_ctrl_c() -> Callable[[], None]:
    """Pass every signal that ends a process to the handler of Ctrl-C. Returns a function that undoes this."""

    def on_signal(number: int, frame: Any) -> None:
        handler = signal.getsignal(signal.SIGINT)
        if not callable(handler):  # Ctrl-C itself is ignored
            raise KeyboardInterrupt
        handler(signal.SIGINT, frame)

    ctrl_c = signal.getsignal(signal.SIGINT)
    before = _replace_handlers({**dict.fromkeys(SIGNALS, on_signal), signal.SIGINT: ctrl_c})
    return lambda: _restore_handlers(before)


def ignore_signals() -> None:
    """Ignore from now on the signals that end the process: only the outcome is still to be reported."""
    _replace_handlers(dict.fromkeys(SIGNALS, signal.SIG_IGN))
    atexit.unregister(ignore_signals)
    # again, as the last: the handlers may have been restored before the shutdown
    atexit.register(ignore_signals)


@contextmanager
def _handle_signals(handler: Callable[[int, Any], None]) -> Iterator[None]:
    before = _replace_handlers(dict.fromkeys(SIGNALS, handler))
    try:
        yield
    finally:
        _restore_handlers(before)


def _replace_handlers(handlers: Mapping[signal.Signals, Any]) -> dict[signal.Signals, Any]:
    """Set other handlers for the signals that are not ignored; the previous handlers."""
    if threading.current_thread() is not threading.main_thread():
        return {}  # only the main thread is ever interrupted
    before = {number: signal.getsignal(number) for number in handlers}
    previous = {
        number: handler for number, handler in before.items() if handler not in {signal.SIG_IGN, None}
    }
    for number in previous:
        signal.signal(number, handlers[number])
    return previous


def _restore_handlers(before: dict[signal.Signals, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)
