"""Every command where no extra is installed; `make legs` tries the same in environments of their own."""

import os
import subprocess
import sys

import pytest

from tests.support.paths import ROOT


@pytest.mark.slow
def test_every_command_works_or_says_what_to_install():
    command = [sys.executable, ROOT / "tests" / "legs" / "every_command.py", "--block"]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.run(command, capture_output=True, text=True, env=env)
    assert process.returncode == 0, process.stdout + process.stderr
