"""Processes by id and start time: an id that the system has reused is not mistaken for the old process."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Process:
    """One process: its id, and its start time as the system's own text."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """The process that now has the id `pid`, None if none runs."""
        started = _start_time(pid)
        return cls(pid, started) if started else None

    def alive(self) -> bool:
        """Whether this process still runs."""
        return _start_time(self.pid) == self.started

    def send(self, number: int) -> None:
        """Send the signal `number`, if this process still runs."""
        if self.alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def end(self, patience_s: float) -> None:
        """Send SIGTERM, and SIGKILL if it still runs after `patience_s` [s]."""
        self.send(signal.SIGTERM)
        if not self.ends_within(patience_s):
            self.send(signal.SIGKILL)
            self.ends_within(patience_s)

    def ends_within(self, patience_s: float) -> bool:
        """Whether it ends within `patience_s` [s]."""
        until = time.monotonic() + patience_s
        while self.alive():
            _reap(self.pid)
            if time.monotonic() > until:
                return False
            time.sleep(POLL_S)
        return True


def _reap(pid: int) -> None:
    """Collect the exit code of a child of this process, so that it does not stay a zombie."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; empty if the process has ended."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
    return [] if fields[0] in "ZX" else fields


def _start_time(pid: int) -> str:
    if PROC.is_dir():
        return "".join(_fields(pid)[19:20])
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def of_session(leader: int, folder: Path) -> list[Process]:
    """Processes of a session that work in a folder, without the session's leader.

    Parameters
    ----------
    leader : process id of the session's leader
    folder : of the working directories, which may be folders inside it

    Returns
    -------
    The processes; none on a system without /proc.
    """
    if not PROC.is_dir():
        return []
    pids = [int(path.name) for path in PROC.iterdir() if path.name.isdigit()]
    session_pids = [pid for pid in pids if pid != leader and _fields(pid)[3:4] == [str(leader)]]
    processes = [Process.of(pid) for pid in session_pids if _works_in(pid, folder)]
    return [process for process in processes if process]


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(os.readlink(PROC / str(pid) / "cwd")).is_relative_to(folder)
    except OSError:
        return False
