"""The local cloud: started, found again and ended; one run folder and one process a cloud.

Everything that a cloud writes lies in its own run folder, `explorer-<uid>/<name>.run-*` in the
temporary folder, which nobody else can read. The folder holds the credentials and the process's id
and start time, so that a cloud is found again, also after it was killed, and only it is ended.
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

START_S, ANSWER_S, STOP_S = 20.0, 10.0, 5.0  # how long a cloud may take before it is given up
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
    name : of the cloud; clouds of different names do not know each other
    region : that its clients take if they name none
    limits : other values of limits by id, for tests
    facts_folder : the tables to take limits from, the project's own if none

    Raises CloudError if it does not come up, or is up with other limits, ExplorerError for a name, region
    or limit that cannot be.
    """
    check_version()
    settings = _settings(region, limits, facts_folder)
    with _locked(name) as base:
        up = _find(base, name)
        if up.running and up.folder:
            return _same(up, settings)
        _clear(base, name)
        folder = Path(tempfile.mkdtemp(prefix=f"{name}.run-", dir=base))
        try:
            return _launch(name, folder, settings)
        except BaseException:
            _clear(base, name)
            raise


def stop(name: str = "default") -> bool:
    """End the local cloud `name` and remove all that it wrote. Returns whether there was one."""
    if not _base().is_dir():
        return False
    with _locked(name) as base:
        return _clear(base, name)


def status(name: str = "default") -> Cloud:
    """The local cloud `name` as it is now."""
    base = _base()
    return _find(_checked(base), name) if base.is_dir() else Cloud(name, False)


def _settings(region: str, limits: Mapping[str, float] | None, folder: Path | None) -> dict[str, Any]:
    catalogue.check_region(region)
    overrides = Limits(folder, limits).overrides  # refused here rather than in the cloud's log
    return {"region": region, "limits": overrides, "facts": str(folder.resolve()) if folder else None}


def _base() -> Path:
    return Path(tempfile.gettempdir()).resolve() / f"explorer-{os.getuid()}"


def _own(base: Path) -> Path:
    """The user's own folder, made if need be. Raises CloudError if anyone else could reach into it."""
    with suppress(FileExistsError):
        base.mkdir(mode=0o700)
    return _checked(base)


def _checked(base: Path) -> Path:
    info = base.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid() or info.st_mode & 0o077:
        raise CloudError(f"{base} is not this user's alone: expected a folder with mode 0700")
    return base


@contextmanager
def _locked(name: str) -> Iterator[Path]:
    """Hold the lock of the cloud `name`; the lock file, and the folder if empty, go with the last."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name):
        raise ExplorerError(f'cloud is "{name}": expected 1 to 40 letters, digits, "-" and "_"')
    base = _base()
    path = base / f"{name}.lock"
    handle = _lock(base, path)
    try:
        yield base
    finally:
        if not _runs(base, name):
            path.unlink()
        os.close(handle)
        with suppress(OSError):  # not empty: another cloud has its files here
            base.rmdir()


def _lock(base: Path, path: Path) -> int:
    """Wait for the lock at `path`; one that was removed meanwhile is not it."""
    while True:
        with suppress(FileNotFoundError):
            handle = os.open(_own(base) / path.name, os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if os.stat(path).st_ino == os.fstat(handle).st_ino:
                    return handle
            os.close(handle)


def _runs(base: Path, name: str) -> list[Path]:
    return sorted(base.glob(f"{name}.run-*"))


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _find(base: Path, name: str) -> Cloud:
    """The cloud that runs, else one that does not: stopped, or crashed, which its folder shows."""
    ended = Cloud(name, False)
    for folder in _runs(base, name):
        ready, leader = _read(folder / "cloud.json"), _leader(folder)
        if ready and leader and leader.alive() and _healthy(ready["port"]):
            url = f"http://{HOST}:{ready['port']}"
            return Cloud(name, True, url, ready["region"], ready["credentials"], folder, leader)
        if ready and leader and not leader.alive():
            stood = sorted(path.name for path in (folder / STACKS).glob("*"))
            ended = Cloud(name, False, crashed=True, lost_stacks=tuple(stood))
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


def _same(cloud: Cloud, settings: dict[str, Any]) -> Cloud:
    """The cloud, if its limits are those of `settings`."""
    assert cloud.folder is not None
    has = _read(cloud.folder / "settings.json")
    if any(has.get(key) != settings[key] for key in ("limits", "facts")):
        raise CloudError(f'the local cloud "{cloud.name}" runs with other limits: stop it first')
    return cloud


def _clear(base: Path, name: str) -> bool:
    """End what is left of the cloud `name` and remove its folders."""
    folders = _runs(base, name)
    for folder in folders:
        leader = _leader(folder)
        if leader:
            leader.end(STOP_S)
            for worker in of_session(leader.pid, folder):
                worker.end(0)
        shutil.rmtree(folder, ignore_errors=True)
    return bool(folders)


def _environment(folder: Path) -> dict[str, str]:
    """The environment of the cloud's process: of the user's own, PATH, LANG and TZ alone."""
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
    return _ready(name, folder, child)


def note_process(folder: Path, pid: int) -> None:
    """Note in a cloud's folder which process it is; parent and child both do, as either may be killed."""
    leader = Process.of(pid)
    if leader:
        part = folder / f"process.json.{os.getpid()}"
        part.write_text(json.dumps({"pid": leader.pid, "started": leader.started}))
        part.rename(folder / "process.json")


def _ready(name: str, folder: Path, child: subprocess.Popen[bytes]) -> Cloud:
    until = time.monotonic() + START_S
    while time.monotonic() < until and child.poll() is None:
        if (folder / "cloud.json").exists():
            cloud = _find(folder.parent, name)
            if cloud.running:
                child.returncode = 0  # it lives on by itself: no warning when this object goes
                return cloud
        time.sleep(POLL_S)
    lines = (folder / "log").read_text(errors="replace").strip().splitlines()
    raise CloudError(f'the local cloud "{name}" did not start: {lines[-1] if lines else "no reason given"}')
