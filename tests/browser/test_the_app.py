"""The explorer alone, as `explorer app` serves it, in a real browser: from a preset to a report."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

import explorer as ex
from explorer.facts import locations
from explorer.facts.units import format_usd
from explorer.views.app.controls import DIALS, SWITCHES
from tests.support.paths import ARTEFACTS

pytestmark = pytest.mark.browser

START_S = 60
STATEMENTS = locations.workloads_dir() / "statements.toml"
PANELS = ("answer", "steps", "limits", "costs", "rejected", "turns")


@dataclass
class Server:
    """`explorer app` in a process of its own."""

    process: subprocess.Popen[str]
    url: str
    port: int

    def end(self, by: int = signal.SIGINT) -> int:
        """End it as Ctrl-C does."""
        self.process.send_signal(by)
        self.process.communicate(timeout=30)
        return self.process.returncode


def serve(folder: Path, *arguments: str) -> Server:
    """Start it and wait until it says where it is."""
    command = [sys.executable, "-m", "explorer", "app", *arguments, "--no-browser", "--json"]
    environment = {**os.environ, "IPYTHONDIR": str(folder / ".ipython"), "JUPYTER_RUNTIME_DIR": str(folder)}
    with open(folder / "app.log", "wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    text = ""
    assert process.stdout is not None
    for line in process.stdout:
        text += line
        if line.startswith("}"):
            answer = json.loads(text)
            return Server(process, answer["url"], answer["port"])
    pytest.fail(f"explorer app ended: {(folder / 'app.log').read_text()}")


@dataclass
class Watched:
    """A page, and what went wrong on it or left this machine."""

    page: Page
    wrong: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", lambda m: self.wrong.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self._asked(request.url))

    def _asked(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            self.wrong.append(url)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = serve(tmp_path_factory.mktemp("app"), str(STATEMENTS))
    yield started
    if started.process.poll() is None:
        started.end()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def watched(server: Server, browser: Browser) -> Iterator[Watched]:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    found = Watched(page)
    found.watch()
    page.goto(server.url)
    settled(page)
    yield found


@pytest.fixture
def page(watched: Watched) -> Iterator[Page]:
    """The page with the account statements as they began."""
    page = watched.page
    preset(page, "Account statements")
    yield page
    assert watched.wrong == []


def settled(page: Page) -> None:
    """Wait until nothing is to follow."""
    page.locator(".x-turns li, .x-turns p").first.wait_for(timeout=1000 * START_S)
    expect(page.locator(".x-app:not(.stale)")).to_be_visible(timeout=1000 * START_S)


def preset(page: Page, name: str) -> None:
    page.get_by_label("Workload", exact=True).and_(page.locator("select")).select_option(name)
    expect(page.locator(".x-answer h2")).to_contain_text(name)
    settled(page)


def slider(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name, exact=True)


def usd(page: Page) -> Locator:
    return page.locator(".x-answer .big").first


def picture(page: Page, name: str) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png")


# One screen ---------------------------------------------------------------------------------------

CUT = """panels => panels.filter(e => e.scrollHeight > e.clientHeight + 1
  || e.scrollWidth > e.clientWidth + 1).map(e => e.className)"""


def test_every_example_is_on_one_screen_without_scrolling(page: Page) -> None:
    for name in page.locator(".x-bar select option").all_inner_texts():
        preset(page, name.replace("\xa0", " "))
        size = page.evaluate("[document.documentElement.scrollHeight, document.documentElement.scrollWidth]")
        assert size[0] <= 900 and size[1] <= 1440, name
        assert page.locator(".x-panel").evaluate_all(CUT) == [], name
        picture(page, f"app-{name.lower().replace(' ', '-')}".replace("\xa0", "-"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1440, 900), (2560, 1440)])
def test_it_is_whole_at_any_size_and_in_the_dark(page: Page, width: int, height: int, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert page.locator(".x-panel").evaluate_all(CUT) == []
    assert page.locator(".x-app").get_attribute("data-theme") == scheme
    picture(page, f"app-{width}x{height}-{scheme}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.get_by_role("button", name="Compare").click()
    usd(page).click()
    page.locator(".x-why").wait_for()
    found = Axe().run(page).response["violations"]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Report").click()
    found += Axe().run(page).response["violations"]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Comparing").click()
    page.emulate_media(color_scheme="light")
    serious = [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found
               if each["impact"] in ("serious", "critical")]  # fmt: skip
    assert serious == []


# Turning ------------------------------------------------------------------------------------------


def test_a_key_on_a_slider_changes_the_right_number_and_back(page: Page) -> None:
    before = usd(page).inner_text()
    w = ex.Workload.load(STATEMENTS)
    assert before == format_usd(ex.recommend(w).monthly_usd)
    rate = slider(page, "Requests a month")
    rate.focus()
    page.keyboard.press("ArrowRight")
    assert rate.get_attribute("aria-valuetext") == "4 million"
    more = w.replace(requests_per_month=4e6, peak_rps=w.peak_rps * 4 / 3)
    expect(usd(page)).to_have_text(format_usd(ex.recommend(more).monthly_usd))
    page.keyboard.press("ArrowLeft")
    expect(usd(page)).to_have_text(before)


def test_many_keys_in_a_row_end_where_the_slider_stands(page: Page) -> None:
    slider(page, "Response, median").focus()
    for _ in range(15):
        page.keyboard.press("ArrowRight")
    settled(page)
    said = slider(page, "Response, median").get_attribute("aria-valuetext")
    page.locator(".x-dial", has_text="Response, median").locator(".n").click()
    expect(page.locator(".x-why dd").first).to_have_text(said)
    page.keyboard.press("Escape")


def test_a_switch_changes_the_answer_and_back(page: Page) -> None:
    said, poll = page.locator(".x-answer h2"), page.get_by_role("switch", name="Client can poll")
    poll.uncheck()
    expect(said).to_have_text("Nothing is feasible for Account statements")
    settled(page)
    picture(page, "app-cannot-poll")
    poll.check()
    expect(said).to_have_text("Build this for Account statements")


def test_the_map_tells_and_takes_the_pointer(page: Page) -> None:
    stage = page.locator(".x-stage")
    box = stage.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 90, box["y"] + box["height"] - 80)
    expect(page.locator(".x-tip b")).to_contain_text("buffered")
    before = usd(page).inner_text()
    page.mouse.down()
    page.mouse.up()
    expect(usd(page)).not_to_have_text(before)
    expect(page.locator(".x-answer .id").nth(2)).to_have_text("buffered")
    page.mouse.move(5, 5)
    expect(page.locator(".x-tip")).to_be_hidden()


def test_the_arrows_move_the_workload_on_the_map(page: Page) -> None:
    page.locator(".x-stage").focus()
    before = slider(page, "Run time, median").get_attribute("aria-valuetext")
    page.keyboard.press("ArrowUp")
    assert slider(page, "Run time, median").get_attribute("aria-valuetext") != before
    page.keyboard.press("ArrowRight")
    expect(slider(page, "Response, median")).to_have_attribute("aria-valuetext", "500 KB")


def test_other_axes_of_the_map(page: Page) -> None:
    page.get_by_label("Axis across").select_option("Requests")
    expect(page.locator(".x-over .axis").first).to_have_text("Requests")
    settled(page)
    picture(page, "app-other-axes")
    page.get_by_label("Axis across").select_option("Response")


# Keyboard and explanations ------------------------------------------------------------------------

FOCUSED = """() => { const e = document.activeElement; return [e.tagName, e.className, e.id,
  e.getAttribute("aria-label") || e.labels?.[0]?.textContent || e.textContent || "",
  e.closest("[data-panel]")?.dataset.panel || ""]; }"""


def test_the_keyboard_reaches_every_control(page: Page) -> None:
    page.get_by_label("Workload", exact=True).and_(page.locator("select")).focus()
    reached = []
    for _ in range(120):
        reached.append(page.evaluate(FOCUSED))
        page.keyboard.press("Tab")
        if reached.count(reached[0]) > 1:
            break
    names = {said for _, _, _, said, _ in reached}
    assert {dial.name for dial in DIALS} | set(SWITCHES.values()) <= names
    assert {"Open", "Share", "Compare", "Save", "Report", "Light or dark", "Region", "Processor"} <= names
    assert {"Axis across", "Axis up"} <= names and any("Decision map" in name for name in names)
    assert {panel for *_, panel in reached} >= {"answer", "limits", "costs", "rejected", "turns", "map"}


def test_the_arrows_go_from_number_to_number_and_focus_explains(page: Page) -> None:
    page.locator(".x-limits .n").first.focus()
    page.keyboard.press("ArrowDown")
    second = page.locator(".x-limits .n").nth(1)
    expect(second).to_be_focused()
    expect(page.locator(".x-why")).to_contain_text("limit")
    assert second.get_attribute("aria-describedby") == page.locator(".x-why").get_attribute("id")
    page.keyboard.press("Escape")
    expect(page.locator(".x-why")).to_be_hidden()


def test_a_step_explains_itself_on_hovering(page: Page) -> None:
    page.locator(".x-sequence .step").first.hover()
    expect(page.locator(".x-why")).to_contain_text("at the p99")
    page.mouse.move(5, 5)
    expect(page.locator(".x-why")).to_be_hidden()


def test_an_explanation_that_is_held_follows_the_slider(page: Page) -> None:
    usd(page).click()
    total = page.locator(".x-why tr.total td").last
    expect(total).to_have_text(usd(page).inner_text())
    page.get_by_label("Requests a month", exact=True).evaluate(
        "e => { e.value = Number(e.value) + 1; e.dispatchEvent(new Event('input')); }"
    )
    expect(total).to_have_text(re.compile(r"\$8\d\d"))
    expect(total).to_have_text(usd(page).inner_text())
    picture(page, "app-explained")
    page.keyboard.press("Escape")


# Back, forth, away --------------------------------------------------------------------------------


def test_undo_redo_and_reset(page: Page) -> None:
    before = usd(page).inner_text()
    rate = slider(page, "Requests a month")
    rate.focus()
    page.keyboard.press("ArrowRight")
    expect(usd(page)).not_to_have_text(before)
    after = usd(page).inner_text()
    page.keyboard.press("Control+z")
    expect(usd(page)).to_have_text(before)
    expect(rate).to_have_attribute("aria-valuetext", "3 million")
    page.get_by_role("button", name="Redo").click()
    expect(usd(page)).to_have_text(after)
    page.get_by_role("button", name="Reset").click()
    expect(usd(page)).to_have_text(before)
    expect(page.get_by_role("button", name="Reset")).to_be_disabled()


def test_share_and_open(page: Page) -> None:
    before = usd(page).inner_text()
    slider(page, "Requests a month").focus()
    page.keyboard.press("ArrowRight")
    expect(usd(page)).not_to_have_text(before)
    said = usd(page).inner_text()
    page.get_by_role("button", name="Share").click()
    text = page.get_by_label("The workload as text").input_value()
    page.keyboard.press("Escape")
    preset(page, "Question pages")
    page.get_by_role("button", name="Open", exact=True).click()
    page.get_by_label("Workload as text").fill(text)
    page.locator("dialog").get_by_role("button", name="Open", exact=True).click()
    expect(usd(page)).to_have_text(said)


def test_what_is_no_workload_is_one_line_and_changes_nothing(page: Page, tmp_path: Path) -> None:
    before = usd(page).inner_text()
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("name = 1")
    page.locator("input[type=file]").set_input_files(wrong)
    expect(page.get_by_role("alert")).to_contain_text("wrong.toml")
    assert usd(page).inner_text() == before
    page.locator("input[type=file]").set_input_files(locations.workloads_dir() / "photos.toml")
    expect(page.get_by_role("alert")).to_be_empty()
    expect(page.locator(".x-answer h2")).not_to_contain_text("Account statements")


def test_compare_two_workloads(page: Page) -> None:
    before = usd(page).inner_text()
    page.get_by_role("button", name="Compare").click()
    slider(page, "Requests a month").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".x-answer .against")).to_contain_text("Requests a month 3 million → 4 million")
    expect(page.locator(".x-answer small.a").first).to_have_text(f"A {before}")
    settled(page)
    picture(page, "app-compare")
    page.get_by_role("button", name="Go to A").click()
    expect(usd(page)).to_have_text(before)
    page.get_by_role("button", name="Comparing").click()
    expect(page.locator(".x-answer .against")).to_have_count(0)


def test_from_a_preset_to_a_report(page: Page, tmp_path: Path) -> None:
    preset(page, "Question pages")
    before = usd(page).inner_text()
    slider(page, "Requests a month").focus()
    page.keyboard.press("ArrowLeft")
    expect(usd(page)).not_to_have_text(before)
    said = usd(page).inner_text()
    page.get_by_role("button", name="Report").click()
    with page.expect_download(timeout=1000 * START_S) as caught:
        page.get_by_role("button", name=".html").click()
    assert caught.value.suggested_filename.endswith(".html")
    assert said in Path(caught.value.path()).read_text(encoding="utf-8")
    with page.expect_download() as caught:
        page.get_by_role("button", name="Save").click()
    saved = tmp_path / caught.value.suggested_filename
    caught.value.save_as(saved)
    assert format_usd(ex.recommend(ex.Workload.load(saved)).monthly_usd) == said


# The server ---------------------------------------------------------------------------------------


def kernels(parent: int) -> list[int]:
    """The processes that a process has started and that still run."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True)
    return [int(pid) for pid in listed.stdout.split()]


def is_running(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_with_its_kernels(by: int, tmp_path: Path) -> None:
    started = serve(tmp_path, "photos")
    end = time.monotonic() + START_S
    while not (running := kernels(started.process.pid)) and time.monotonic() < end:
        time.sleep(0.2)
    assert running
    assert started.end(by) == 0
    assert not any(map(is_running, running))
    assert "Traceback" not in (tmp_path / "app.log").read_text()


def test_a_port_that_is_taken_gives_way_to_the_next(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        started = serve(tmp_path, "--port", str(port))
        assert port < started.port <= port + 50 and f":{started.port}/" in started.url
        assert started.end() == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such.toml"], "no such file"),
        (["explorer1-nonsense"], "is not whole"),
        (["--port", "0"], "--port"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], said: str) -> None:
    command = [sys.executable, "-m", "explorer", "app", *arguments, "--no-browser"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=START_S)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr
