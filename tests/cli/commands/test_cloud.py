"""`explorer cloud`: what a person or a program starts, finds and ends."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.live


@pytest.fixture
def explorer(tmp_path):
    """Run the command with a folder for temporary files of its own; JSON out."""
    env = os.environ | {"TMPDIR": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}

    def run(*words):
        command = [sys.executable, "-m", "explorer", "cloud", *words, "--json"]
        process = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        return process.returncode, process.stdout and json.loads(process.stdout), process.stderr

    yield run
    run("stop", "--name", "commands")


def test_it_is_started_found_and_ended(explorer):
    code, started, _ = explorer("start", "--name", "commands")
    assert code == 0 and started["running"] and started["endpoint_url"].startswith("http://127.0.0.1:")
    assert {"access_key_id", "secret_access_key"} <= started["credentials"].keys()
    assert explorer("status", "--name", "commands")[1] == started
    assert explorer("stop", "--name", "commands")[:2] == (0, {"running": False, "stopped": True})
    code, status, _ = explorer("status", "--name", "commands")
    assert code == 0 and not status["running"] and status["cannot_vouch_for"]


def test_a_name_that_leaves_its_folder_is_refused_in_one_line(explorer):
    code, out, err = explorer("start", "--name", "../elsewhere")
    assert (code, out) == (2, "") and err.startswith("error: ") and err.count("\n") == 1


def test_the_status_fits_on_one_screen_and_all_of_it_is_there_when_asked_for(tmp_path):
    env = os.environ | {"TMPDIR": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "COLUMNS": "80"}
    command = [sys.executable, "-m", "explorer", "cloud", "status", "--name", "none"]
    few, every, record = (
        subprocess.run([*command, *more], env=env, capture_output=True, text=True, timeout=60).stdout
        for more in ([], ["--all"], ["--json"])
    )
    lines = [line for part in ("vouches_for", "cannot_vouch_for") for line in json.loads(record)[part]]
    assert few.count("\n") <= 22 and few.count("explorer cloud status --all") == 2
    assert every.count("\n  - ") == len(lines) > 20
