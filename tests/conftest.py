"""Settings that hold for every test, and the browser that is here."""

import os
import shutil
import signal
from functools import cache

import pytest

# Pictures are drawn without a screen, whatever the machine's own setting.
os.environ["MPLBACKEND"] = "agg"

# A shell starts what runs in the background deaf to Ctrl-C: here it is always heard.
signal.signal(signal.SIGINT, signal.default_int_handler)


@cache
def load_hypothesis_profile() -> None:
    """No deadline, as a busy machine is not a failure; in CI the same examples at every run."""
    from hypothesis import settings

    settings.register_profile("here", deadline=None)
    settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
    settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_pycollect_makemodule(module_path):
    """Load the profile before a module that has property tests, and only then: its import takes a while."""
    if "hypothesis" in module_path.read_text(encoding="utf-8"):
        load_hypothesis_profile()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the system's Chromium: a browser test launches this one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None and os.environ.get("CI"):
        pytest.fail("the browser tests need chromium, and none is on PATH")
    if path is None:
        pytest.skip("no chromium on PATH (Debian, Ubuntu: apt-get install chromium)")
    return path
