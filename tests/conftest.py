"""Settings that hold for every test, and the browser that is here."""

import os
import shutil
import signal

import pytest
from hypothesis import settings

# Pictures are drawn without a screen, whatever the machine's own setting.
os.environ["MPLBACKEND"] = "agg"

# A shell starts what runs in the background deaf to Ctrl-C: here it is always heard.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: a busy machine is not a failure. In CI the same examples at every run.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the system's Chromium: a browser test launches this one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None and os.environ.get("CI"):
        pytest.fail("the browser tests need chromium, and none is on PATH")
    if found is None:
        pytest.skip("no chromium on PATH (Debian, Ubuntu: apt-get install chromium)")
    return found
