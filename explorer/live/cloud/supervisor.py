"""Starts, finds and stops local clouds; each has one run folder and one process.

A cloud writes only into its run folder, `explorer-<uid>/<name>.run-*` in the temporary folder, which other
users cannot read. The folder holds the credentials and the id and start time of the process. They identify
the cloud later, also after it was killed, so that no other process is stopped.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from explorer.errors import CloudError, ExplorerError
from explorer.facts import catalogue

from .hook import check_version
from .instance import STACKS, Cloud
from .limits import Limits
from .process import POLL_S, Process, of_session

START_S, ANSWER_S, STOP_S = 20.0, 10.0, 5.0  # time-outs of a cloud's start, answer and stop
HOST = "127.0.0.1"


def start(
    name: str = "default",
    region: str = catalogue.HOME_REGION,
    limits: Mapping[str, float] | None = None,
    facts_folder: Path | None = None,
) -> Cloud:
    """Start the local cloud `name` on this machine's loopback, or find it running.

    Parameters
    ----------
    name : of the cloud; clouds of different names are independent
    region : default region of its clients
    limits : other values of limits by id [the limit's unit], for tests
    facts_folder : of the tables with the limits, the project's own if None

    Returns
    -------
    The running cloud.

    Raises CloudError if it does not start or already runs with other limits, ExplorerError for an invalid
    name, region or limit.
    """
    check_version()
    settings = _settings(region, limits, facts_folder)
    with _hold_lock(name) as base:
        existing = _find(base, name)
        if existing.running and existing.folder:
            return _require_same_limits(existing, settings)
        _clear(base, name)
        folder = Path(tempfile.mkdtemp(prefix=f"{name}.run-", dir=base))
        try:
            return _launch(name, folder, settings)
        except BaseException:
            _clear(base, name)
            raise


def stop(name: str = "default") -> bool:
    """Stop the local cloud `name` and remove its files. Returns whether there was one."""
    if not _base().is_dir():
        return False
    with _hold_lock(name) as base:
        return _clear(base, name)


def status(name: str = "default") -> Cloud:
    """The current state of the local cloud `name`."""
    base = _base()
    return _find(_require_private(base), name) if base.is_dir() else Cloud(name, False)


def _settings(region: str, limits: Mapping[str, float] | None, folder: Path | None) -> dict[str, Any]:
    catalogue.check_region(region)
    overrides = Limits(folder, limits).overrides  # refused here, not in the cloud's log
    return {"region": region, "limits": overrides, "facts": str(folder.resolve()) if folder else None}


def _base() -> Path:
    return Path(tempfile.gettempdir()).resolve() / f"explorer-{os.getuid()}"


def _user_folder(base: Path) -> Path:
    """The user's folder, created if missing. Raises CloudError if other users can access it."""
    with suppress(FileExistsError):
        base.mkdir(mode=0o700)
    return _require_private(base)


def _require_private(base: Path) -> Path:
    info = base.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid() or info.st_mode & 0o077:
        raise CloudError(f"{base} is not a private folder of this user: expected mode 0700")
    return base


@contextmanager
def _hold_lock(name: str) -> Iterator[Path]:
    """Hold the lock of the cloud `name`; remove its file, and an empty folder, at the end."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name):
        raise ExplorerError(f'cloud is "{name}": expected 1 to 40 letters, digits, "-" and "_"')
    base = _base()
    path = base / f"{name}.lock"
    handle = _acquire_lock(base, path)
    try:
        yield base
    finally:
        if not _run_folders(base, name):
            path.unlink()
        os.close(handle)
        with suppress(OSError):  # not empty: it holds files of another cloud
            base.rmdir()


def _acquire_lock(base: Path, path: Path) -> int:
    """Wait for the lock at `path`; if its file was removed meanwhile, lock the new one."""
    while True:
        with suppress(FileNotFoundError):
            handle = os.open(_user_folder(base) / path.name, os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if os.stat(path).st_ino == os.fstat(handle).st_ino:
                    return handle
            os.close(handle)


def _run_folders(base: Path, name: str) -> list[Path]:
    return sorted(base.glob(f"{name}.run-*"))


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _find(base: Path, name: str) -> Cloud:
    """The running cloud; else a stopped one, or a crashed one if a run folder of it remains."""
    ended = Cloud(name, False)
    for folder in _run_folders(base, name):
        ready, leader = _read(folder / "cloud.json"), _leader(folder)
        if ready and leader and leader.alive() and _healthy(ready["port"]):
            url = f"http://{HOST}:{ready['port']}"
            return Cloud(name, True, url, ready["region"], ready["credentials"], folder, leader)
        if ready and leader and not leader.alive():
            stack_names = sorted(path.name for path in (folder / STACKS).glob("*"))
            ended = Cloud(name, False, crashed=True, lost_stacks=tuple(stack_names))
    return ended


def _leader(folder: Path) -> Process | None:
    record = _read(folder / "process.json")
    return Process(record["pid"], record["started"]) if record else None


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _require_same_limits(cloud: Cloud, settings: dict[str, Any]) -> Cloud:
    """The cloud, if it has the limits of `settings`. Raises CloudError if not."""
    assert cloud.folder is not None
    current = _read(cloud.folder / "settings.json")
    if any(current.get(key) != settings[key] for key in ("limits", "facts")):
        raise CloudError(f'the local cloud "{cloud.name}" runs with other limits: stop it first')
    return cloud


def _clear(base: Path, name: str) -> bool:
    """End the processes of the cloud `name` and remove its folders. Returns whether there were any."""
    folders = _run_folders(base, name)
    for folder in folders:
        leader = _leader(folder)
        if leader:
            leader.end(STOP_S)
            for worker in of_session(leader.pid, folder):
                worker.end(0)
        shutil.rmtree(folder, ignore_errors=True)
    return bool(folders)


def _environment(folder: Path) -> dict[str, str]:
    """The environment of the cloud's process; it inherits only PATH, LANG and TZ."""
    inherited = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
    places = {"HOME": folder, "TMPDIR": folder / "tmp", "S3_DATA_DIR": folder / "s3"}
    return {
        **inherited,
        **{name: str(path) for name, path in places.items()},
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "AUTH": "true",
        "S3_PERSIST": "1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "ERROR",
        "MINISTACK_HOST": "localhost",
    }


def _launch(name: str, folder: Path, settings: dict[str, Any]) -> Cloud:
    """Start the process and wait until it answers."""
    for part in ("tmp", "s3"):
        (folder / part).mkdir()
    (folder / "settings.json").write_text(json.dumps(settings))
    with open(folder / "log", "wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "explorer.live.cloud.server", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=_environment(folder),
            start_new_session=True,
        )
    note_process(folder, child.pid)
    return _wait_until_ready(name, folder, child)


def note_process(folder: Path, pid: int) -> None:
    """Write the process into the cloud's folder; parent and child both do so, as either may be killed."""
    leader = Process.of(pid)
    if leader:
        part = folder / f"process.json.{os.getpid()}"
        part.write_text(json.dumps({"pid": leader.pid, "started": leader.started}))
        part.rename(folder / "process.json")


def _wait_until_ready(name: str, folder: Path, child: subprocess.Popen[bytes]) -> Cloud:
    until = time.monotonic() + START_S
    while time.monotonic() < until and child.poll() is None:
        if (folder / "cloud.json").exists():
            cloud = _find(folder.parent, name)
            if cloud.running:
                child.returncode = 0  # the process continues: no warning when this object is deleted
                return cloud
        time.sleep(POLL_S)
    lines = (folder / "log").read_text(errors="replace").strip().splitlines()
    raise CloudError(f'the local cloud "{name}" did not start: {lines[-1] if lines else "no reason given"}')
