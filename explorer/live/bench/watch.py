"""Detects during a load that the endpoint is gone, and measures how busy this machine was."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path

from .exchange import Exchanges

QUIET_S = 2.0  # without any answer, before a probe is sent
PROBE_S = 2.5  # time limit of a probe
GONE_S = 7.0  # without any answer, after which the endpoint counts as gone
CHECK_EACH_S = 0.25
SATURATED = 0.9  # share of the cores
STAT = Path("/proc/stat")


async def wait_until_gone(exchanges: Exchanges, url: str) -> str:
    """Return the reason once nothing at `url` has answered a request for `GONE_S`."""
    failed = 0
    while True:
        await asyncio.sleep(CHECK_EACH_S)
        if exchanges.is_waiting:
            quiet_s = time.monotonic() - exchanges.last_s
            if quiet_s > QUIET_S:
                failed = 0 if await exchanges.answers(url, PROBE_S) else failed + 1
            if failed > 1 and time.monotonic() - exchanges.last_s >= GONE_S:
                return f"the endpoint is gone: it has answered nothing for {GONE_S:g} s"
        else:
            failed = 0


@dataclass(frozen=True)
class Usage:
    """How busy this machine was.

    Parameters
    ----------
    cores : their number
    busy : share of all cores, 0 to 1, None if the system does not report it
    generator : share of one core that sending the load took, 0 to 1
    """

    cores: int
    busy: float | None
    generator: float

    def bottleneck(self, is_local: bool) -> str | None:
        """What was slow, if it was this machine; None otherwise."""
        if self.generator > SATURATED:
            return f"sending the load took {self.generator:.0%} of a core: the generator is the bottleneck"
        if self.busy is None or self.busy < SATURATED:
            return None
        cores = f"this machine's {self.cores} cores were {self.busy:.0%} busy"
        return (
            f"{cores}: what is slow is the machine, not the design" if is_local else f"{cores} while it sent"
        )


class Meter:
    """Measures how busy this machine is from now on."""

    def __init__(self) -> None:
        self._began_s, self._process_began_s, self._cores_began = (
            time.monotonic(),
            time.process_time(),
            _cores_s(),
        )

    def usage(self) -> Usage:
        """The use since it was made."""
        wall_s = max(time.monotonic() - self._began_s, 1e-9)
        busy = None
        if self._cores_began and (now := _cores_s()):
            spent, total = now[0] - self._cores_began[0], now[1] - self._cores_began[1]
            busy = spent / total if total > 0 else None
        return Usage(os.cpu_count() or 1, busy, (time.process_time() - self._process_began_s) / wall_s)


def _cores_s() -> tuple[float, float] | None:
    """The busy time and the total time of all cores, in the system's own unit."""
    try:
        ticks = [int(each) for each in STAT.read_text().splitlines()[0].split()[1:9]]
    except (OSError, ValueError, IndexError):
        return None
    idle = ticks[3] + ticks[4]  # idle, and waiting for a disk
    return sum(ticks) - idle, sum(ticks)
