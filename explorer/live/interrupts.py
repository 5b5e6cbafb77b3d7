"""Ctrl-C while something is put up: the first ends it, the others let it be taken down."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Told = Callable[[str], None]  # is called with each thing that is begun
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ENOUGH = 3


@contextmanager
def one_interrupt(told: Told) -> Iterator[Callable[[], None]]:
    """Let the first interrupt through, answer the second, and let the third end whatever runs.

    What is done within has between the first and the third time to take down what it has put up. Only
    the main thread is ever interrupted; what is ignored stays ignored. Yields what is called when it is
    taken down for another reason: the next interrupt is the second then.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    seen: list[int] = []

    def interrupted(number: int, _: Any) -> None:
        seen.append(number)
        if len(seen) in {1, ENOUGH}:
            raise KeyboardInterrupt
        told("taking it down still; once more leaves the rest as it is")

    before = {number: signal.getsignal(number) for number in SIGNALS}
    heard = [number for number, handler in before.items() if handler not in {signal.SIG_IGN, None}]
    for number in heard:
        signal.signal(number, interrupted)
    try:
        yield lambda: seen.extend([0] if not seen else [])
    finally:
        for number in heard:
            signal.signal(number, before[number])
