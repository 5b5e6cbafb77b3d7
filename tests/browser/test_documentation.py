"""The documentation, opened from the file system: its search, and what axe finds, in both themes."""

import os
import subprocess
import sys

import pytest

from tests.support.paths import ROOT

axe_playwright = pytest.importorskip("axe_playwright_python.sync_playwright")
sync_api = pytest.importorskip("playwright.sync_api")

pytestmark = pytest.mark.browser

PAGES = [
    "index",
    "how-to/gate",
    "how-to/agents",
    "reference/command-line",
    "reference/workload",
    "reference/python",
    "notebooks/01_payload",
    "architecture",
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The pages as `make docs` builds them."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)]
    env = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=ROOT, env=env, check=True)
    return folder


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(site, browser, name, theme):
    page = browser.new_page(color_scheme=theme, viewport={"width": 1280, "height": 900})
    page.goto((site / f"{name}.html").as_uri())
    page.wait_for_timeout(300)  # until what scrolls has its focus
    violations = axe_playwright.Axe().run(page).response["violations"]
    page.close()
    assert [(one["id"], [node["html"][:160] for node in one["nodes"][:3]]) for one in violations] == []


def test_search_finds_a_page_without_a_server(site, browser):
    page = browser.new_page()
    outside = []
    page.on("request", lambda request: outside.append(request.url) if request.url[:5] != "file:" else None)
    page.goto((site / "index.html").as_uri())
    page.locator("[data-md-component=search-query]").first.click()
    page.keyboard.type("function url", delay=20)
    page.wait_for_selector(".md-search-result__item", timeout=20_000)
    assert page.locator(".md-search-result__item").count() > 0
    assert [url for url in outside if not url.startswith(("data:", "blob:"))] == []
    page.close()
