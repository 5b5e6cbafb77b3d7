"""Files that are written whole or not at all."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from explorer.facts.atomic_write import atomic_folder, atomic_path, write_atomically

ROOT_USER = hasattr(os, "geteuid") and os.geteuid() == 0


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_has_what_was_written_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "new.txt"
    assert write_atomically(path, "one\r\ntwo é\n") == path
    assert path.read_bytes() == b"one\r\ntwo \xc3\xa9\n" and names(tmp_path) == ["new.txt"]


def test_a_new_file_may_be_read_by_whom_the_mask_lets(tmp_path):
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "new.txt", "")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new.txt").stat().st_mode) == 0o640


def test_an_old_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "old.txt"
    path.write_text("old")
    path.chmod(0o604)
    write_atomically(path, b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o604)


def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "real.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    write_atomically(link, "new")
    assert link.is_symlink() and target.read_text() == "new"
    assert names(tmp_path / "there") == ["real.txt"]


def test_a_device_is_written_to_and_stays_one():
    write_atomically("/dev/null", "gone")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_what_was_there_is_still_there_when_writing_fails(error, tmp_path):
    path = tmp_path / "old.txt"
    path.write_text("old")
    with pytest.raises(type(error)) as caught, atomic_path(path) as part:
        part.write_text("half of the n")
        raise error
    assert path.read_text() == "old" and names(tmp_path) == ["old.txt"]
    if isinstance(error, OSError):
        assert caught.value.filename == str(path) and caught.value.errno == errno.ENOSPC


FULL = """
import resource, signal, sys
from explorer.facts.atomic_write import write_atomically
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomically(sys.argv[1], "x" * 5000)
except OSError as error:
    print(error.filename, error.strerror)
"""


def test_a_disk_that_takes_no_more_leaves_what_was_there(tmp_path):
    path = tmp_path / "old.txt"
    path.write_text("old")
    process = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True
    )
    assert process.stdout == f"{path} File too large\n"
    assert path.read_text() == "old" and names(tmp_path) == ["old.txt"]


def test_a_folder_that_is_not_there_is_named_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError) as caught:
        write_atomically("no/new.txt", "")
    assert caught.value.filename == "no/new.txt"


@pytest.mark.skipif(ROOT_USER, reason="nothing is read-only for root")
def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path):
    path = tmp_path / "old.txt"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(PermissionError):
        write_atomically(path, "new")
    assert path.read_text() == "old"


@pytest.mark.parametrize("is_there", [False, True])
def test_a_folder_appears_whole(is_there, tmp_path):
    folder = tmp_path / "new"
    if is_there:
        folder.mkdir()
    with atomic_folder(folder) as part:
        (part / "inner").mkdir()
        (part / "inner" / "a.txt").write_text("a")
        assert not is_there or not names(folder)
    assert (folder / "inner" / "a.txt").read_text() == "a" and names(tmp_path) == ["new"]


def test_nothing_is_left_of_a_folder_that_could_not_be_filled(tmp_path):
    with pytest.raises(OSError, match="No space"), atomic_folder(tmp_path / "new") as part:
        (part / "a.txt").write_text("a")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert names(tmp_path) == []
