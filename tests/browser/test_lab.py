"""A real JupyterLab in a real browser: the explorer opens, a slider moves, the right number changes."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.request import urlopen

import nbformat
import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect, sync_playwright

from tests.support.paths import ARTEFACTS

pytestmark = pytest.mark.browser

START_S = 60
CELL = "import explorer as ex\nex.explore()"


def _free_port() -> int:
    with socket.socket() as free_socket:
        free_socket.bind(("127.0.0.1", 0))
        return int(free_socket.getsockname()[1])


def _answers(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers."""
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        assert process.poll() is None, "JupyterLab ended"
        try:
            with urlopen(f"{url}/api"):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not answer within {START_S} s")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a notebook that shows the explorer, in a JupyterLab of its own."""
    folder = tmp_path_factory.mktemp("lab")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / "explore.ipynb")
    news = folder / ".settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text('{"fetchNews": "false", "checkForUpdates": false, "doNotDisturbMode": true}')
    port = _free_port()
    own = {f"JUPYTER_{name}_DIR": str(folder / f".{name}") for name in ("CONFIG", "RUNTIME", "DATA")}
    own |= {"JUPYTERLAB_WORKSPACES_DIR": str(folder / ".workspaces"), "IPYTHONDIR": str(folder / ".ipython")}
    own |= {"JUPYTERLAB_SETTINGS_DIR": str(folder / ".settings")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token="]
    command += [f"--ServerApp.root_dir={folder}"]
    with open(folder / "lab.log", "wb") as log:
        process = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)
        try:
            _answers(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}/doc/tree/explore.ipynb"
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="module")
def page(lab: str, chromium: str) -> Iterator[Page]:
    """The notebook, run, with the explorer on the screen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(lab)
        _run(page)
        yield page
        browser.close()


def _run(page: Page) -> None:
    """Run the cell; a command sent right after the page opens is lost, so try again."""
    cell = page.locator(".jp-CodeCell .cm-content").first
    cell.wait_for(timeout=1000 * START_S)
    for _ in range(START_S // 5):
        cell.click()
        page.keyboard.press("Control+Enter")
        try:
            page.locator(".x-app .x-turns li").first.wait_for(timeout=8000)
            return
        except TimeoutError:  # the kernel was not up, or the command was lost
            continue
    pytest.fail(f"the explorer is not on the screen: {page.locator('.jp-OutputArea').inner_text()}")


def _slider(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def _picture(page: Page, name: str) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png")


def _preset(page: Page, name: str) -> None:
    page.locator(".x-bar select").select_option(name)
    expect(page.locator(".x-answer h2")).to_contain_text(name)
    expect(page.locator(".x-app:not(.stale)")).to_be_visible(timeout=1000 * START_S)


CUT = """panels => panels.filter(e => e.scrollWidth > e.clientWidth + 1
  || e.scrollHeight > e.clientHeight + 1).map(e => e.className)"""
BARS = "tracks => Math.min(...tracks.map(e => e.getBoundingClientRect().width))"


@pytest.mark.parametrize("width", (500, 700, 900, 1100, 1280, 1440))
def test_at_any_width_panels_are_whole_and_bars_are_long(page: Page, width: int) -> None:
    app = page.locator(".x-app")
    for name in ("Account statements", "Radar scenes"):
        page.set_viewport_size({"width": 1440, "height": 900})
        _preset(page, name)
        # The app is as wide as its cell: what stands beside it comes on top, and changes with the width.
        for _ in range(3):
            box = app.bounding_box()
            assert box is not None and page.viewport_size is not None
            beside = page.viewport_size["width"] - box["width"]
            page.set_viewport_size({"width": round(width + beside), "height": 1700})
            page.wait_for_timeout(300)
        assert page.locator(".x-limits .track, .x-costs .track").evaluate_all(BARS) >= 120
        assert page.locator(".x-panel").evaluate_all(CUT) == []
        assert app.evaluate("e => e.scrollWidth <= e.clientWidth")
        _picture(page, f"lab-{width}-{name.lower().replace(' ', '-')}")
    page.set_viewport_size({"width": 1440, "height": 900})


def test_a_key_on_the_rate_changes_the_cost_and_back(page: Page) -> None:
    _preset(page, "Account statements")
    cost = page.locator(".x-answer .big").first
    before, slider = cost.inner_text(), _slider(page, "Requests a month")
    label = slider.get_attribute("aria-valuetext")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(cost).not_to_have_text(before)
    assert slider.get_attribute("aria-valuetext") != label
    page.keyboard.press("ArrowLeft")
    expect(cost).to_have_text(before)


def test_a_key_turned_on_a_slider_runs_no_command_of_the_notebook(page: Page) -> None:
    cells = page.locator(".jp-Cell").count()
    _slider(page, "Requests a month").focus()
    for key in ("a", "b", "d", "d"):
        page.keyboard.press(key)
    assert page.locator(".jp-Cell").count() == cells


def test_it_follows_the_theme_of_the_notebook(page: Page) -> None:
    app = page.locator(".x-app")
    light = page.evaluate("document.body.dataset.jpThemeLight")
    for own, theme in (("false", "dark"), ("true", "light")):
        page.evaluate("own => document.body.dataset.jpThemeLight = own", own)
        expect(app).to_have_attribute("data-theme", theme)
    page.evaluate("own => document.body.dataset.jpThemeLight = own", light)


def test_a_client_that_cannot_poll_changes_the_answer_and_back(page: Page) -> None:
    _preset(page, "Account statements")
    label, poll = page.locator(".x-answer h2"), page.get_by_role("switch", name="Client can poll")
    poll.uncheck()
    expect(label).to_have_text("Nothing is feasible for Account statements")
    poll.check()
    expect(label).to_have_text("Build an asynchronous endpoint for Account statements")
