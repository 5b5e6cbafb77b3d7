"""The explorer alone, as `explorer app` serves it, in a real browser: from a preset to a report."""

import csv
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

import explorer as ex
from explorer.facts import locations
from explorer.facts.units import format_time, format_usd
from explorer.views.app.controls import DIALS, SWITCHES
from explorer.views.app.screen_state import drawer_group
from explorer.views.app.server import LEFT_S
from explorer.views.app.sharing import workload_as_text
from tests.support.paths import ARTEFACTS

pytestmark = pytest.mark.browser

START_S = 120
expect.set_options(timeout=20_000)  # a busy machine is not a failure
NO_TOUR = "localStorage.setItem('explorer-first-steps', '1')"
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
        self.process.communicate(timeout=START_S)
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
        self.page.on("console", lambda m: self._on_console(m.text, m.location) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self._on_request(request.url))

    def _on_console(self, text: str, location: Mapping[str, Any]) -> None:
        # Voila's farewell to a kernel is refused, as it carries nothing against forgery; the server ends
        # the kernel by itself: test_pages_that_are_closed_leave_no_kernel.
        if "/voila/api/shutdown/" not in str(location.get("url")):
            self.wrong.append(text)

    def _on_request(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            self.wrong.append(url)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("app")
    started = serve(folder, str(STATEMENTS))
    yield started
    if started.process.poll() is None:
        started.end()
    assert "ping" not in (folder / "app.log").read_text()  # no connection was cut off


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def watched(server: Server, browser: Browser) -> Iterator[Watched]:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    page.add_init_script(NO_TOUR)
    problems = Watched(page)
    problems.watch()
    visit(page, server.url)
    settled(page)
    yield problems


@pytest.fixture
def page(watched: Watched) -> Iterator[Page]:
    """The page with the account statements as they began."""
    page = watched.page
    preset(page, "Account statements")
    yield page
    assert watched.wrong == []


def visit(page: Page, url: str) -> None:
    """Open an address: the page is there before its kernel is."""
    page.goto(url, wait_until="commit", timeout=1000 * START_S)


def settled(page: Page) -> None:
    """Wait until nothing is to follow."""
    page.locator(".x-turns li, .x-turns p").first.wait_for(timeout=1000 * START_S)
    expect(page.locator(".x-app:not(.stale, .partial)")).to_be_visible(timeout=1000 * START_S)


def preset(page: Page, name: str) -> None:
    page.get_by_label("Workload", exact=True).and_(page.locator("select")).select_option(name)
    expect(page.locator(".x-answer h2 b")).to_have_text(name)
    expect(page.get_by_role("button", name="Reset")).to_be_disabled()  # the same one may have been turned
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
FRAMES = """() => new Promise(drawn => {
  let left = 4; const next = () => left-- ? requestAnimationFrame(next) : drawn(); next(); })"""


def test_every_example_is_on_one_screen_without_scrolling(page: Page) -> None:
    for name in page.locator(".x-bar select option").all_inner_texts():
        preset(page, name.replace("\xa0", " "))
        for width, height in ((1280, 720), (1366, 768), (1920, 1080), (1440, 900)):
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate(FRAMES)
            size = page.evaluate(
                "[document.documentElement.scrollHeight, document.documentElement.scrollWidth]"
            )
            assert size[0] <= height and size[1] <= width, (name, width, height)
            assert page.locator(".x-panel").evaluate_all(CUT) == [], (name, width, height)
        picture(page, f"app-{name.lower().replace(' ', '-')}".replace("\xa0", "-"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1440, 900), (2560, 1440)])
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
def test_axe_finds_nothing(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("button", name="Comparing")).to_be_visible()
    settled(page)
    page.wait_for_timeout(500)  # a panel of the last answer is no longer faded
    usd(page).click()
    page.locator(".x-why").wait_for()
    problems = violations(page)
    page.keyboard.press("Escape")
    for name, inside in (
        ("Report", ".x-choose"),
        ("All fields…", ".x-drawer"),
        ("Share", ".x-dialog textarea"),
        ("Help", ".x-pairs"),
        ("The map as a file", ".x-choose"),
    ):
        page.get_by_role("button", name=name, exact=True).click()
        page.locator(inside).first.wait_for()
        problems += violations(page)
        page.keyboard.press("Escape")
    for opens in ("[data-open]", "[data-list]"):
        page.locator(f".x-costs {opens}").first.click()
        page.locator(".x-page table").first.wait_for()
        problems += violations(page)
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Comparing").click()
    page.emulate_media(color_scheme="light")
    assert problems == []


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds, of any weight."""
    listing = Axe().run(page).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in listing]


# Typing -------------------------------------------------------------------------------------------


def type_into(page: Page, name: str, text: str) -> None:
    field = page.get_by_label(f"{name}: value", exact=True)
    field.fill(text)
    field.press("Enter")


def test_a_value_is_typed_as_people_say_it(page: Page) -> None:
    w = ex.Workload.load(STATEMENTS)
    type_into(page, "Requests a month", "3.14 million")
    more = w.replace(requests_per_month=3.14e6, peak_rps=w.peak_rps * 3.14 / 3)
    expect(usd(page)).to_have_text(format_usd(ex.recommend(more).monthly_usd))
    expect(slider(page, "Requests a month")).to_have_attribute("aria-valuetext", "3.14 million")
    type_into(page, "Response, median", "2.7 MB")
    expect(slider(page, "Response, median")).to_have_attribute("aria-valuetext", "2.7 MB")


RECORD_TYPED = """(() => { const send = WebSocket.prototype.send; window.typed = [];
  WebSocket.prototype.send = function (data) {
    const text = typeof data === "string" ? data : new TextDecoder().decode(data);
    const found = text.match(/"do":"type"[^}]*"text":"([^"]*)"/);
    if (found) window.typed.push(found[1]);
    return send.call(this, data);
  }; })()"""


def test_of_values_typed_in_quick_succession_the_newest_is_computed(server: Server, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.add_init_script(NO_TOUR)
    page.add_init_script(RECORD_TYPED)
    visit(page, server.url)
    settled(page)
    texts = [f"{number} million" for number in range(4, 12)]
    page.get_by_label("Requests a month: value", exact=True).evaluate(
        """(field, texts) => texts.forEach(text => { field.focus(); field.value = text;
          field.dispatchEvent(new Event("input", {bubbles: true}));
          field.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true})); })""",
        texts,
    )
    w = ex.Workload.load(STATEMENTS)
    most = w.replace(requests_per_month=11e6, peak_rps=w.peak_rps * 11 / 3)
    expect(usd(page)).to_have_text(format_usd(ex.recommend(most).monthly_usd))
    expect(slider(page, "Requests a month")).to_have_attribute("aria-valuetext", "11 million")
    assert page.evaluate("window.typed") == [texts[0], texts[-1]]
    page.close()


def test_a_computation_that_lasts_is_said_until_it_is_over(page: Page) -> None:
    started = page.evaluate(
        """() => new Promise(said => {
          const start = performance.now(), bar = document.querySelector(".x-working");
          new MutationObserver(() => { if (!bar.hidden) said([bar.textContent, performance.now() - start]); })
            .observe(bar, { attributes: true });
          document.querySelector("[aria-label='Run time, p99']").focus();
          const slider = document.querySelector("input[aria-label='Memory']");
          slider.value = Number(slider.value) - 1;
          slider.dispatchEvent(new Event("input", { bubbles: true })); })"""
    )
    assert started[0] == "Computing…" and started[1] >= 300
    settled(page)
    expect(page.locator(".x-working")).to_be_hidden()


EMPTY = """window.empty = []; (() => { const look = () => {
  const app = document.querySelector(".x-app");
  if (app) for (const panel of app.querySelectorAll(".x-panel")) {
    const title = panel.querySelector("h2")?.textContent || "", rest = panel.textContent.replace(title, "");
    if (!title || !rest.trim()) window.empty.push(panel.className);
  }
  requestAnimationFrame(look);
}; requestAnimationFrame(look); })()"""


def test_a_page_that_loads_says_what_is_computed(server: Server, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.add_init_script(NO_TOUR)
    page.add_init_script(EMPTY)
    visit(page, server.url)
    for panel in PANELS:
        expect(page.locator(f".x-{panel}")).to_contain_text(re.compile("."))
    settled(page)
    assert page.evaluate("window.empty") == [] and page.locator(".x-skeleton").count() == 0
    page.close()


def test_what_is_being_typed_outlives_an_answer(page: Page) -> None:
    field = page.get_by_label("Requests a month: value", exact=True)
    field.fill("6 mill")
    page.get_by_role("switch", name="Client can be called back").dispatch_event("click")
    settled(page)
    expect(page.get_by_role("button", name="Reset")).to_be_enabled()
    expect(field).to_have_value("6 mill")
    field.press("End")
    field.press_sequentially("ion")
    field.press("Enter")
    expect(slider(page, "Requests a month")).to_have_attribute("aria-valuetext", "6 million")


def test_a_mistake_stays_in_its_field_and_changes_nothing(page: Page) -> None:
    before = usd(page).inner_text()
    type_into(page, "Response, median", "9 MBB")
    expect(page.get_by_role("alert").first).to_contain_text('Response, median is "9 MBB": expected a size')
    field = page.get_by_label("Response, median: value", exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    assert field.input_value() == "9 MBB" and usd(page).inner_text() == before
    field.press("Escape")
    assert field.input_value() == "400 KB"
    expect(field).not_to_have_attribute("aria-invalid", "true")


def test_a_field_without_a_slider_is_in_the_drawer(page: Page) -> None:
    page.get_by_role("button", name="All fields…").click()
    page.get_by_label("Find a field").fill("bandwidth")
    expect(page.get_by_label("Bandwidth: value")).to_be_visible()
    expect(page.get_by_label("Secrets: value")).to_be_hidden()
    before = usd(page).inner_text()
    p50 = page.locator(".x-answer .big").nth(2)
    seconds = p50.inner_text()
    type_into(page, "Bandwidth", "1 Mbit/s")
    expect(p50).not_to_have_text(seconds)
    page.get_by_label("Find a field").fill("needs")
    page.locator(".x-drawer").get_by_label("waf").check()
    expect(usd(page)).not_to_have_text(before)
    picture(page, "app-drawer")
    page.get_by_label("Find a field").fill("")
    page.keyboard.press("Escape")
    expect(page.locator(".x-drawer")).to_be_hidden()


def test_texts_of_the_drawer_leave_the_fields_free(page: Page) -> None:
    page.get_by_role("button", name="All fields…").click()
    gaps = page.locator(".x-drawer .x-text").evaluate_all(
        """all => all.map(e => [e.querySelector("small"), e.querySelector(".x-value")])
          .filter(([text]) => text.textContent)
          .map(([text, field]) => text.getBoundingClientRect().top - field.getBoundingClientRect().bottom)"""
    )
    assert len(gaps) > 10 and min(gaps) >= 2
    page.keyboard.press("Escape")


def test_a_field_is_found_by_other_words_and_on_the_main_screen_too(page: Page) -> None:
    page.get_by_role("button", name="All fields…").click()
    find = page.get_by_label("Find a field")
    find.fill("rps")
    expect(page.get_by_label("Peak: value")).to_be_visible()
    find.fill("no such thing")
    expect(page.locator(".x-drawer [role=status]")).to_be_visible()
    find.fill("timeout")
    page.locator(".x-drawer").get_by_role("button", name="Client waits").click()
    expect(page.locator(".x-drawer")).to_be_hidden()
    expect(page.get_by_label("Client waits: value")).to_be_focused()
    page.get_by_role("button", name="All fields…").click()
    find.fill("region")
    page.locator(".x-drawer").get_by_role("button", name="Region").click()
    expect(page.get_by_label("Region", exact=True)).to_be_focused()
    page.get_by_role("button", name="All fields…").click()
    find.fill("")
    page.keyboard.press("Escape")


def test_a_number_without_a_unit_is_said_to_be_read_in_the_unit_shown(page: Page) -> None:
    type_into(page, "Response, median", "500")
    expect(slider(page, "Response, median")).to_have_attribute("aria-valuetext", "500 KB")
    expect(page.get_by_role("alert").first).to_have_text("500 was read as 500 KB.")
    type_into(page, "Response, median", "600 KB")
    expect(page.get_by_role("alert").first).to_be_empty()


def test_the_language_is_chosen_and_quantiles_are_whole(page: Page) -> None:
    page.get_by_role("button", name="All fields…").click()
    page.get_by_label("Find a field").fill("python")
    page.get_by_label("Language", exact=True).select_option("graalvm java21")
    expect(page.get_by_role("button", name="Reset")).to_be_enabled()
    page.get_by_label("Find a field").fill("quantiles")
    field = page.get_by_label("Response, all quantiles: value")
    many = "p1 1 KB, p25 100 KB, p50 400 KB, p75 900 KB, p90 2.2 MB, p95 4 MB, p99 8.8 MB, max 20 MB"
    type_into(page, "Response, all quantiles", many)
    expect(slider(page, "Response, p99")).to_have_attribute("aria-valuetext", "22.5 × median")
    assert field.evaluate("e => e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight + 1")
    picture(page, "app-quantiles")
    page.get_by_label("Find a field").fill("")
    page.keyboard.press("Escape")


UNCUT = """list => { const pen = document.createElement("canvas").getContext("2d");
  const look = getComputedStyle(list); pen.font = `${look.fontWeight} ${look.fontSize} ${look.fontFamily}`;
  const room = list.clientWidth - parseFloat(look.paddingLeft) - parseFloat(look.paddingRight) - 18;
  return [...list.options].filter(o => pen.measureText(o.text).width > room).map(o => o.text); }"""


def test_regions_and_processors_are_read_whole(page: Page) -> None:
    for width, height in ((1280, 720), (1440, 900), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(FRAMES)
        for name in ("Region", "Processor"):
            assert page.get_by_label(name, exact=True).evaluate(UNCUT) == [], (name, width)
    page.set_viewport_size({"width": 1440, "height": 900})


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
    label = slider(page, "Response, median").get_attribute("aria-valuetext")
    page.locator(".x-dial", has_text="Response, median").locator(".n").click()
    expect(page.locator(".x-why dd").first).to_have_text(label)
    page.keyboard.press("Escape")


def test_another_workload_takes_nothing_of_what_was_just_turned(page: Page) -> None:
    for _ in range(5):
        page.locator(".x-stage").focus()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowRight")  # waits for the answer to the first
        page.keyboard.press("ArrowRight")
        preset(page, "Question pages")
        preset(page, "Account statements")
        expect(slider(page, "Run time, median")).to_have_attribute("aria-valuetext", "2.5 s")
        expect(slider(page, "Response, median")).to_have_attribute("aria-valuetext", "400 KB")


def test_a_switch_changes_the_answer_and_back(page: Page) -> None:
    label, poll = page.locator(".x-answer h2"), page.get_by_role("switch", name="Client can poll")
    poll.uncheck()
    expect(label).to_have_text("Nothing is feasible for Account statements")
    settled(page)
    picture(page, "app-cannot-poll")
    poll.check()
    expect(label).to_have_text("Build an asynchronous endpoint for Account statements")


def test_the_map_tells_and_takes_the_pointer(page: Page) -> None:
    stage = page.locator(".x-stage")
    box = stage.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 90, box["y"] + box["height"] - 80)
    expect(page.locator(".x-tip b")).to_contain_text("synchronous")
    before = usd(page).inner_text()
    page.mouse.down()
    page.mouse.up()
    expect(usd(page)).not_to_have_text(before)
    expect(page.locator(".x-answer .id").nth(3)).to_have_text("Synchronous")
    page.mouse.move(5, 5)
    expect(page.locator(".x-tip")).to_be_hidden()


def test_the_arrows_move_the_workload_on_the_map(page: Page) -> None:
    page.locator(".x-stage").focus()
    before = slider(page, "Run time, median").get_attribute("aria-valuetext")
    page.keyboard.press("ArrowUp")
    assert slider(page, "Run time, median").get_attribute("aria-valuetext") != before
    page.keyboard.press("ArrowRight")
    expect(slider(page, "Response, median")).to_have_attribute("aria-valuetext", "500 KB")


def test_the_map_zooms_pans_and_opens_a_design(page: Page) -> None:
    stage, ticks = page.locator(".x-stage"), page.locator(".x-over .tick")
    box = stage.bounding_box()
    assert box is not None
    before = ticks.all_text_contents()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".x-over .hair .at")).to_have_count(2)
    assert page.locator(".x-ghost:not([hidden])").count() == 2
    page.mouse.wheel(0, -600)
    expect(ticks.first).not_to_have_text(before[0])
    expect(page.locator(".x-over .hair .at")).to_have_count(2)  # the pointer rests on the new map
    page.wait_for_timeout(500)  # it is asked for when the wheel rests
    settled(page)
    expect(page.locator(".x-over .names text").first).to_be_visible()
    assert ticks.all_text_contents() != before
    stage.focus()
    for _ in range(2):  # the second time nothing has changed for Python, which sends no map
        page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("0")  # before the pan is asked for
        page.wait_for_timeout(500)
        settled(page)
        expect(ticks).to_have_text(before)
    page.keyboard.press("Enter")
    expect(page.locator("dialog[open] h2")).to_have_text("The chosen design")
    page.keyboard.press("Escape")
    page.keyboard.down("Shift")
    page.mouse.click(box["x"] + 90, box["y"] + box["height"] - 80)
    page.keyboard.up("Shift")
    expect(page.locator("dialog[open]")).to_contain_text("For the workload at Response, median")
    page.keyboard.press("Escape")


CROSSING = """() => {
  const boxes = [...document.querySelectorAll(".x-over .names text, .x-over .borders text")];
  const stage = document.querySelector(".x-stage canvas"), edge = stage.getBoundingClientRect();
  const rects = boxes.map(e => e.getBoundingClientRect()), touching = [];
  const inside = r => r.left >= edge.left && r.right <= edge.right
    && r.top >= edge.top && r.bottom <= edge.bottom;
  const over = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  rects.forEach((a, i) => { if (!inside(a)) touching.push(boxes[i].textContent + " leaves the map");
    rects.forEach((b, j) => { if (i < j && over(a, b))
      touching.push(boxes[i].textContent + " over " + boxes[j].textContent); }); });
  const pen = stage.getContext("2d"), scale = stage.width / edge.width;
  boxes.filter(e => e.classList.contains("name")).forEach(e => {
    const r = e.getBoundingClientRect(), w = Math.round(r.width * scale), h = Math.round(r.height * scale);
    const x = Math.round((r.left - edge.left) * scale), y = Math.round((r.top - edge.top) * scale);
    const data = new Uint32Array(pen.getImageData(x, y, w, h).data.buffer);
    const kinds = new Map(); data.forEach(v => kinds.set(v, (kinds.get(v) || 0) + 1));
    const most = Math.max(...kinds.values()) / data.length;
    const hatched = /feasible/.test(e.textContent);
    if (!hatched && most < 0.999) touching.push(e.textContent + " crosses a border"); });
  return touching; }"""


def test_names_on_the_map_cross_nothing(page: Page) -> None:
    for name in ("Account statements", "Photo uploads", "Question pages"):
        preset(page, name)
        expect(page.locator(".x-over .borders text").first).to_be_attached()
        assert page.evaluate(CROSSING) == [], name


OVERLAP = """([one, others]) => { const box = e => e.getBoundingClientRect();
  const over = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const shown = e => getComputedStyle(e).visibility === "visible" && e.getClientRects().length;
  return [...document.querySelectorAll(one)].flatMap(a => [...document.querySelectorAll(others)]
    .filter(b => shown(b) && over(box(a), box(b))).map(b => [a.textContent, b.textContent])); }"""


def test_the_box_at_the_pointer_leaves_the_dot_free_and_ticks_give_way(page: Page) -> None:
    box, dot = page.locator(".x-stage").bounding_box(), page.locator(".x-over .dot").bounding_box()
    assert box is not None and dot is not None
    places = [
        (box["x"] + box["width"] * x, box["y"] + box["height"] * y)
        for x in (0.2, 0.5, 0.9)
        for y in (0.1, 0.8)
    ]
    places += [(dot["x"] + dx, dot["y"] + dy) for dx, dy in ((-30, -20), (-30, 30), (25, -30), (20, 20))]
    for x, y in places:
        page.mouse.move(x, y)
        expect(page.locator(".x-tip")).to_be_visible()
        assert page.evaluate(OVERLAP, [".x-tip", ".x-over .dot"]) == [], (x, y)
        assert page.evaluate(OVERLAP, [".x-over .at", ".x-over .tick:not(.rings)"]) == [], (x, y)
    page.mouse.move(5, 5)
    assert page.locator(".x-over .tick.under").count() == 0


def test_the_box_at_the_pointer_is_inside_the_map_and_rings_explain_themselves(page: Page) -> None:
    preset(page, "Radar scenes")  # whose designs have long names
    stage = page.locator(".x-stage")
    box = stage.bounding_box()
    assert box is not None
    for x in (0.3, 0.55, 0.9):
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * 0.45)
        tip = page.locator(".x-tip").bounding_box()
        assert tip is not None
        assert tip["x"] >= box["x"] and tip["x"] + tip["width"] <= box["x"] + box["width"]
    preset(page, "Account statements")
    dot = page.locator(".x-over .dot").bounding_box()
    assert dot is not None
    page.mouse.move(dot["x"] + 12, dot["y"] + 5)
    expect(page.locator(".x-tip")).to_contain_text("inside the ring of the middle 50 % of the requests")
    page.mouse.move(box["x"] + box["width"] - 30, box["y"] + 20)
    expect(page.locator(".x-tip")).not_to_contain_text("ring")
    page.locator(".x-over .rings").hover()
    expect(page.locator(".x-why")).to_contain_text("the middle 50, 80 and 98 % of the requests")
    page.mouse.move(5, 5)


def test_regions_are_named_where_there_is_room(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    settled(page)
    page.evaluate(FRAMES)
    names = page.locator(".x-over .names text")
    expect(names).to_have_count(5)  # of the large regions: two are narrow, their names stand upright
    assert page.locator(".x-over .names [transform*=rotate]").count() >= 2
    assert page.evaluate(OVERLAP, [".x-over .names text", ".x-over .dot"]) == []
    page.set_viewport_size({"width": 1440, "height": 900})


def test_a_share_is_an_axis_and_no_promise_is_none(page: Page) -> None:
    page.get_by_label("Axis across").select_option("Share that computes")
    expect(page.locator(".x-over .axis").first).to_have_text("Share that computes")
    settled(page)
    assert "50 %" in page.locator(".x-over .tick").all_text_contents()
    expect(page.get_by_role("alert").first).to_be_empty()
    options = page.get_by_label("Axis across").locator("option")
    assert "Promised p95" in options.all_text_contents()
    type_into(page, "Promised p95", "none")
    expect(options.filter(has_text=re.compile("^Promised p95$"))).to_have_count(0)
    page.get_by_label("Axis across").select_option("Response")


def test_the_map_is_given_as_a_file(page: Page) -> None:
    settled(page)
    content = {}
    for ending in (".svg", ".png", ".csv"):
        page.get_by_role("button", name="The map as a file").click()
        with page.expect_download() as caught:
            page.get_by_role("button", name=ending).click()
        content[ending] = Path(caught.value.path()).read_bytes()
    assert content[".png"].startswith(b"\x89PNG") and b"What wins where" in content[".svg"]
    rows = content[".csv"].decode().splitlines()
    assert rows[0] == "response [bytes],runtime [seconds],design,monthly_usd" and len(rows) == 160 * 160 + 1
    assert any("door=function-url" in row for row in rows)


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
    for _ in range(160):
        reached.append(page.evaluate(FOCUSED))
        page.keyboard.press("Tab")
        if reached.count(reached[0]) > 1:
            break
    names = {label for _, _, _, label, _ in reached}
    front = [dial.name for dial in DIALS if not dial.group]
    assert {*front, *(f"{name}: value" for name in front)} <= names
    assert {name for path, name in SWITCHES.items() if not drawer_group(path)} <= names
    assert {"All fields…", "Help", "Zoom in (+)", "The map as a file"} <= names
    assert {
        "Open",
        "Share",
        "Compare",
        "Scenarios",
        "Save",
        "Report",
        "Light or dark",
        "Region",
        "Processor",
    } <= names
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


def test_the_arrows_pass_over_rows_that_a_low_screen_leaves_out(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    page.evaluate(FRAMES)
    rows, numbers = page.locator(".x-limits li"), page.locator(".x-limits li:visible .n")
    visible = numbers.count()
    assert 4 <= visible < rows.count()
    numbers.first.focus()
    for _ in range(visible):
        page.keyboard.press("ArrowDown")
    expect(page.locator("[data-list=limits]")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(numbers.first).to_be_focused()
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1440, "height": 900})


def test_a_step_explains_itself_on_hovering(page: Page) -> None:
    page.locator(".x-sequence .step").first.hover()
    expect(page.locator(".x-why")).to_contain_text("at the p99")
    page.mouse.move(5, 5)
    expect(page.locator(".x-why")).to_be_hidden()


def test_an_explanation_that_is_held_follows_the_slider(page: Page) -> None:
    usd(page).click()
    total = page.locator(".x-why tr.total")
    expect(total).to_contain_text(usd(page).inner_text())
    page.get_by_label("Requests a month", exact=True).evaluate(
        "e => { e.value = Number(e.value) + 1; e.dispatchEvent(new Event('input')); }"
    )
    expect(total).to_contain_text(re.compile(r"\$8\d\d"))
    expect(total).to_contain_text(usd(page).inner_text())
    picture(page, "app-explained")
    page.keyboard.press("Escape")


def test_a_word_says_what_it_means(page: Page) -> None:
    page.get_by_role("button", name="moving parts").hover()
    expect(page.locator(".x-why")).to_contain_text("whoever is on call")
    page.mouse.move(5, 5)


def test_an_explanation_fits_its_box_and_money_is_first(page: Page) -> None:
    for width in (400, 760, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        usd(page).click()
        page.locator(".x-why").wait_for()
        assert page.locator(".x-why th").first.inner_text() == "USD"
        assert "of the bill rests on prices last seen in" in page.locator(".x-why").inner_text()
        box = page.locator(".x-why").evaluate(
            "e => [e.scrollWidth - e.clientWidth, e.getBoundingClientRect().right]"
        )
        assert box[0] <= 0 and box[1] <= width
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.keyboard.press("Escape")


def phone(browser: Browser, url: str, *, tour: bool = False) -> Page:
    """A page as on a phone, 400 pixels wide, for fingers."""
    context = browser.new_context(viewport={"width": 400, "height": 800}, has_touch=True, is_mobile=True)
    if not tour:
        context.add_init_script(NO_TOUR)
    page = context.new_page()
    visit(page, url)
    settled(page)
    return page


WHOLE = """elements => elements.filter(e => e.getClientRects().length && (e.scrollWidth > e.clientWidth + 1
  || e.getBoundingClientRect().right > e.closest(".x-panel").getBoundingClientRect().right))
  .map(e => e.textContent)"""


def test_headlines_numbers_and_names_are_whole_on_a_phone(server: Server, browser: Browser) -> None:
    page = phone(browser, server.url)
    for name in ("Radar scenes", "Account statements"):
        preset(page, name)
        page.evaluate(FRAMES)
        for what in (
            ".x-answer h2",
            ".x-numbers > div",
            ".x-map h2",
            ".x-common",
            ".x-rows .name",
            ".x-list li > span",
        ):
            assert page.locator(what).count() and page.locator(what).evaluate_all(WHOLE) == [], (name, what)
        big = page.locator(".x-answer .big").evaluate_all(
            "all => all.map(e => e.getBoundingClientRect().toJSON())"
        )
        for one, other in zip(big[::2], big[1::2], strict=True):  # two beside each other, with room between
            assert one["right"] + 8 <= other["left"]
        assert (
            page.locator(".x-sequence .actor").count() == 0 and page.locator(".x-sequence .title").count() > 2
        )
    page.screenshot(path=ARTEFACTS / "app-phone.png", full_page=True)
    page.context.close()


def swipe(page: Page, x: float, y: float, up: float) -> None:
    """A finger from a place so many pixels up."""
    fingers = page.context.new_cdp_session(page)
    fingers.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 11):
        points = [{"x": x, "y": y - up * step / 10}]
        fingers.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points})
        page.wait_for_timeout(16)
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(300)


def test_a_finger_moves_the_dot_and_elsewhere_on_the_map_scrolls_the_page(
    server: Server, browser: Browser
) -> None:
    page = phone(browser, server.url)
    stage, median = page.locator(".x-stage"), slider(page, "Run time, median")
    before = median.get_attribute("aria-valuetext")
    stage.scroll_into_view_if_needed()
    box, top = stage.bounding_box(), page.evaluate("scrollY")
    assert box is not None
    swipe(page, box["x"] + box["width"] - 40, box["y"] + box["height"] * 0.75, 150)
    assert page.evaluate("scrollY") > top + 75 and median.get_attribute("aria-valuetext") == before
    stage.scroll_into_view_if_needed()
    dot, there = page.locator(".x-over .dot").bounding_box(), stage.bounding_box()
    assert dot is not None and there is not None
    swipe(page, dot["x"] + 4, dot["y"] + 4, 60)
    after = stage.bounding_box()  # the answer above may take more lines: the map stays where the finger is
    assert after is not None and abs(after["y"] - there["y"]) <= 2
    assert median.get_attribute("aria-valuetext") != before
    moved = median.get_attribute("aria-valuetext")
    stage.tap(position={"x": 120, "y": box["height"] * 0.75})
    expect(median).not_to_have_attribute("aria-valuetext", str(moved))
    page.context.close()


def test_a_tap_holds_an_explanation(server: Server, browser: Browser) -> None:
    page = phone(browser, server.url)
    for number, text in enumerate(("USD", "on call", "Half", "95 %")):
        page.locator(".x-answer .big").nth(number).tap()
        page.wait_for_timeout(400)  # longer than the pointer's delay
        expect(page.locator(".x-why.held")).to_contain_text(text)
        box = page.locator(".x-why").bounding_box()
        assert box is not None and box["height"] <= 0.4 * 800  # the rest of the screen stays in view
        page.locator(".x-answer h2").tap()
        expect(page.locator(".x-why")).to_be_hidden()
    page.context.close()


# Every design is a place --------------------------------------------------------------------------


def test_an_alternative_is_opened_beside_the_chosen_one(page: Page) -> None:
    name = page.locator(".x-costs [data-open]").first
    design = dict(pair.split("=") for pair in name.get_attribute("data-open").split(", "))
    name.click()
    dialog = page.locator("dialog[open]")
    other = ex.cost(ex.Workload.load(STATEMENTS), design).total_usd
    expect(dialog).to_contain_text(format_usd(float(other)))
    expect(dialog).to_contain_text("Feasible")
    expect(dialog.locator("tr", has_text="the results are in hand, p95")).to_have_count(1)
    expect(dialog.locator(".x-open-steps .step").first).to_be_visible()
    picture(page, "app-design")
    page.wait_for_url(re.compile(r"d=edge%3D"))
    page.reload(wait_until="commit", timeout=1000 * START_S)
    expect(page.locator("dialog[open] h2")).to_contain_text("Instead:", timeout=1000 * START_S)
    page.keyboard.press("Escape")


WIDE_TRACK = "row => row.querySelector('.track').clientWidth > row.clientWidth / 2"


def test_what_would_change_the_answer_is_whole_on_a_low_screen(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    for name in ("Radar scenes", "Account statements", "Photo uploads"):
        preset(page, name)
        page.evaluate(FRAMES)
        assert page.locator(".x-turns .turn").count() >= 3
        cut = page.locator(".x-turns .turn :is(b, .n)").evaluate_all(
            "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
        )
        assert cut == [], name
    page.locator("[data-list=changes]").click()
    expect(page.locator("dialog[open] h2")).to_contain_text("changes of one value that would change")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1440, "height": 900})


def test_how_many_more_choices_change_is_seen_where_a_name_is_cut(page: Page) -> None:
    narrow = page.add_style_tag(content=".x-turns { max-width: 23.5em }")
    row = page.locator(".x-turns li", has=page.locator(".mark")).first
    name, mark = row.locator(".n.open"), row.locator(".mark")
    assert name.evaluate("e => e.scrollWidth > e.clientWidth + 1")
    box, within = mark.bounding_box(), row.locator(".turn").bounding_box()
    assert mark.inner_text().strip() == "+1" and box is not None and within is not None
    assert box["width"] > 8 and box["x"] + box["width"] <= within["x"] + within["width"] + 1
    narrow.evaluate("e => e.remove()")


def test_what_is_ruled_out_is_opened_and_lists_are_whole(page: Page) -> None:
    page.locator(".x-rejected [data-open]").first.click()
    expect(page.locator("dialog[open]")).to_contain_text("Not feasible")
    page.keyboard.press("Escape")
    r = ex.recommend(ex.Workload.load(STATEMENTS))
    for name, count in (
        ("limits", len(r.answer.findings)),
        ("designs", len(r.answer.alternatives)),
        ("reasons", sum(reason.kind != "combination" for reason in r.answer.rejections)),
    ):
        page.locator(f"[data-list={name}]").click()
        expect(page.locator("dialog[open] h2")).to_contain_text(f"All {count} ")
        rows = page.locator("dialog[open]").locator(".x-rows > li, tbody tr, .x-reasons > li")
        expect(rows).to_have_count(count)
        if name == "limits":
            assert rows.first.evaluate(WIDE_TRACK)  # drawn as in its panel
            picture(page, "app-all-limits")
        page.keyboard.press("Escape")


# The rows whose texts do not begin at one height below their first cell, or do not stay on the screen.
ASKEW = """rows => rows.filter(row => { const texts = [...row.querySelectorAll("td")].map(cell => {
    const range = document.createRange(); range.selectNodeContents(cell);
    return range.getClientRects()[0]; });
  const tops = texts.filter(Boolean).map(text => text.top);
  const right = Math.max(...[...row.children].map(cell => cell.getBoundingClientRect().right));
  return Math.max(...tops) - Math.min(...tops) > 3 || right > innerWidth; }).map(row => row.textContent)"""


def test_a_narrow_page_says_where_a_table_goes_on_and_a_title_is_never_under_its_button(page: Page) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    page.evaluate(FRAMES)
    for opens in (
        *(".x-costs [data-open]", "[data-list=designs]", "[data-list=reasons]"),
        "[data-list=changes]",
    ):
        page.locator(opens).first.click()
        dialog = page.locator("dialog[open]")
        dialog.locator(".x-page > *").first.wait_for()
        page.evaluate(FRAMES)
        assert dialog.locator(".x-page > .x-table tbody tr").evaluate_all(ASKEW) == [], opens
        assert page.evaluate(OVERLAP, ["dialog[open] h2", "dialog[open] .x-close"]) == [], opens
        tables = dialog.locator(".x-table").evaluate_all(
            "all => all.map(e => [e.scrollWidth > e.clientWidth + 1, e.classList.contains('cut')])"
        )
        assert all(is_wide == has_cue for is_wide, has_cue in tables), opens
        if opens.endswith("designs]"):
            assert tables == [[False, False]]  # the p95, the last column, is on the screen
            picture(page, "app-narrow-table")
        assert dialog.evaluate("e => e.scrollWidth <= e.clientWidth"), opens
        page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1440, "height": 900})


# The address --------------------------------------------------------------------------------------


def beginning(page: Page) -> str:
    """The address of the account statements as they began, once it is written."""
    letters = workload_as_text(ex.Workload.load(STATEMENTS))
    page.wait_for_url(lambda url: f"#w={letters}" in url and "v=" not in url.partition("#w=")[2])
    assert "token" not in page.url
    return page.url


def test_reload_back_and_forward_keep_the_state(page: Page) -> None:
    first = beginning(page)
    label = slider(page, "Response, median")
    type_into(page, "Response, median", "2.7 MB")
    expect(label).to_have_attribute("aria-valuetext", "2.7 MB")
    page.wait_for_url(lambda url: url != first)
    there, money = page.url, usd(page).inner_text()
    page.go_back()
    expect(label).to_have_attribute("aria-valuetext", "400 KB")
    page.go_forward()
    expect(label).to_have_attribute("aria-valuetext", "2.7 MB")
    page.reload(wait_until="commit", timeout=1000 * START_S)
    expect(label).to_have_attribute("aria-valuetext", "2.7 MB", timeout=1000 * START_S)
    expect(usd(page)).to_have_text(money)
    page.get_by_role("button", name="Reset").click()
    expect(label).to_have_attribute("aria-valuetext", "400 KB")
    visit(page, there)
    expect(label).to_have_attribute("aria-valuetext", "2.7 MB", timeout=1000 * START_S)


def test_what_is_turned_after_going_back_is_a_place_of_its_own(page: Page) -> None:
    first = beginning(page)
    label = slider(page, "Response, median")
    type_into(page, "Response, median", "2.7 MB")
    page.wait_for_url(lambda url: url != first)
    second = page.url
    page.go_back()
    expect(label).to_have_attribute("aria-valuetext", "400 KB")
    page.go_forward()
    expect(label).to_have_attribute("aria-valuetext", "2.7 MB")
    type_into(page, "Response, median", "3 MB")
    expect(label).to_have_attribute("aria-valuetext", "3 MB")
    page.wait_for_url(lambda url: url != second)
    page.go_back()
    expect(label).to_have_attribute("aria-valuetext", "2.7 MB")
    page.go_back()
    expect(label).to_have_attribute("aria-valuetext", "400 KB")


def test_back_after_a_reload_is_one_step(page: Page) -> None:
    first = beginning(page)
    label, before = slider(page, "Response, median"), first
    for text in ("2.7 MB", "3 MB"):
        type_into(page, "Response, median", text)
        expect(label).to_have_attribute("aria-valuetext", text)
        page.wait_for_url(lambda url, before=before: url != before)
        before = page.url
    page.reload(wait_until="commit", timeout=1000 * START_S)
    expect(label).to_have_attribute("aria-valuetext", "3 MB", timeout=1000 * START_S)
    settled(page)
    page.wait_for_timeout(2000)  # the address is written again
    for text in ("2.7 MB", "400 KB"):
        page.go_back()
        expect(label).to_have_attribute("aria-valuetext", text)


def test_a_link_carries_what_it_is_compared_with(page: Page, browser: Browser) -> None:
    page.get_by_role("button", name="Compare", exact=True).click()
    type_into(page, "Requests a month", "6 million")
    expect(page.locator(".x-answer .against")).to_contain_text("3 million → 6 million")
    page.get_by_role("button", name="Share", exact=True).click()
    link = page.locator("dialog[open]").get_by_label("Link", exact=True).input_value()
    page.keyboard.press("Escape")
    assert "token" not in link
    context = browser.new_context(storage_state=page.context.storage_state())  # the same browser, later
    other = context.new_page()
    visit(other, link)
    expect(other.locator(".x-answer .against")).to_contain_text(
        "3 million → 6 million", timeout=1000 * START_S
    )
    context.close()
    page.get_by_role("button", name="Comparing").click()


def test_an_address_that_is_none_is_one_line(browser: Browser, server: Server) -> None:
    context = browser.new_context()
    context.add_init_script(NO_TOUR)
    other = context.new_page()
    visit(other, f"{server.url}#w=explorer1-nonsense")
    expect(other.locator(".x-trouble")).to_contain_text("is not whole", timeout=1000 * START_S)
    expect(usd(other)).to_be_visible()
    context.close()


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
    label = usd(page).inner_text()
    page.get_by_role("button", name="Share", exact=True).click()
    dialog = page.locator("dialog[open]")
    text = dialog.get_by_label("The workload as text", exact=True).input_value()
    assert 'name = "Account statements"' in dialog.get_by_label("TOML", exact=True).input_value()
    page.keyboard.press("Escape")
    preset(page, "Question pages")
    page.get_by_role("button", name="Open", exact=True).click()
    page.get_by_label("Workload as text").fill(text)
    page.locator("dialog").get_by_role("button", name="Open", exact=True).click()
    expect(usd(page)).to_have_text(label)


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


# Scenarios ----------------------------------------------------------------------------------------


def scenarios(page: Page) -> Locator:
    """The dialog, opened."""
    page.get_by_role("button", name="Scenarios").click()
    dialog = page.get_by_role("dialog", name="Scenarios side by side")
    dialog.wait_for()
    return dialog


def scenarios_in(url: str) -> int:
    """How many an address carries."""
    letters = parse_qs(url.partition("#")[2]).get("s", [""])[0]
    return len(letters.split(".")) // 3


def keep(page: Page, name: str) -> None:
    """Keep the workload on the screen, by keyboard."""
    dialog = scenarios(page)
    expect(dialog.get_by_label("Keep the workload")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name=name, exact=True)).to_be_visible()
    page.keyboard.press("Escape")


def three_workloads() -> dict[str, ex.Workload]:
    """What the test keeps: as it began, ten times the requests, and larger results besides."""
    w = ex.Workload.load(STATEMENTS)
    many = w.replace(requests_per_month=3e7, peak_rps=w.peak_rps * 10)
    return {"Today": w, "Black Friday": many, "Nobody polls": many.replace({"client.polls": False})}


def keep_three(page: Page) -> None:
    keep(page, "Today")
    type_into(page, "Requests a month", "30 million")
    expect(page.get_by_role("button", name="Reset")).to_be_enabled()
    keep(page, "Black Friday")
    page.get_by_role("switch", name="Client can poll").uncheck()
    expect(page.locator(".x-answer h2")).to_contain_text("Nothing is feasible")
    keep(page, "Nobody polls")


def remove_all(page: Page) -> None:
    dialog = scenarios(page)
    for button in reversed(dialog.get_by_role("button", name=re.compile("^Remove ")).all()):
        button.click()
        expect(button).to_have_count(0)
    page.keyboard.press("Escape")


def test_three_scenarios_stand_side_by_side_and_outlive_a_reload(page: Page) -> None:
    keep_three(page)
    page.wait_for_url(lambda url: scenarios_in(url) == 3)
    page.reload(wait_until="commit", timeout=1000 * START_S)
    expect(page.get_by_role("button", name="Scenarios 3")).to_be_visible(timeout=1000 * START_S)
    dialog = scenarios(page)
    for row, (name, w) in zip(dialog.locator("tbody tr").all(), three_workloads().items(), strict=True):
        r = ex.recommend(w)
        cells = row.locator("td")
        expect(row.get_by_role("rowheader")).to_contain_text(name)
        expect(cells.nth(2)).to_contain_text(format_usd(r.monthly_usd))
        expect(cells.nth(3)).to_contain_text(str(r.parts))
        expect(cells.nth(5)).to_contain_text(format_time(r.latency_s["p95"]))
        expect(cells.nth(7)).to_contain_text("fits" if r.feasible else "not feasible")
    expect(dialog.locator("tbody tr").nth(1)).to_contain_text("3 million → 30 million")
    with page.expect_download() as caught:
        dialog.get_by_role("button", name="Download").click()
    assert caught.value.suggested_filename == "scenarios.csv"
    table = list(csv.DictReader(io.StringIO(Path(caught.value.path()).read_text(encoding="utf-8"))))
    figures = {row["scenario"]: float(row["monthly_usd"]) for row in table}
    assert figures == pytest.approx({n: ex.recommend(w).monthly_usd for n, w in three_workloads().items()})
    page.keyboard.press("Escape")
    remove_all(page)


def test_a_scenario_is_loaded_renamed_and_removed(page: Page) -> None:
    keep_three(page)
    page.wait_for_url(lambda url: scenarios_in(url) == 3)
    dialog = scenarios(page)
    dialog.get_by_role("button", name="Today", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(slider(page, "Requests a month")).to_have_attribute("aria-valuetext", "3 million")
    expect(usd(page)).to_have_text(format_usd(ex.recommend(three_workloads()["Today"]).monthly_usd))
    scenarios(page)
    expect(dialog.locator("tbody tr").first).to_contain_text("on the screen")
    dialog.get_by_role("button", name="Rename Black Friday").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("Today")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text('"Today" already')
    page.keyboard.press("Control+a")
    page.keyboard.type("Cyber Monday")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Rename Cyber Monday")).to_be_focused()
    expect(dialog.get_by_role("alert")).to_be_empty()
    dialog.get_by_role("button", name="Remove Today").click()
    expect(dialog.locator("tbody th")).to_have_text(["Cyber Monday", "Nobody polls"])
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: scenarios_in(url) == 2)
    page.go_back()
    expect(page.get_by_role("button", name="Scenarios 3")).to_be_visible()
    remove_all(page)


def test_a_name_that_is_too_long_is_said_and_not_cut(page: Page) -> None:
    dialog = scenarios(page)
    name = dialog.get_by_label("Keep the workload")
    name.fill("a" * 41)
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("expected 1 to 40 letters")
    expect(name).to_have_value("a" * 41)
    name.fill("a" * 40)
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="a" * 40, exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    remove_all(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_scenarios_fit_any_screen_and_axe_finds_nothing(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    keep_three(page)
    dialog = scenarios(page)
    for width, height in ((1280, 720), (400, 800)):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(FRAMES)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert dialog.evaluate("e => e.scrollWidth <= e.clientWidth")
        ring, title = (
            dialog.get_by_label("Keep the workload").bounding_box(),
            dialog.locator("header").bounding_box(),
        )
        assert ring is not None and title is not None
        assert ring["y"] - 4 >= title["y"] + title["height"]  # the focus is drawn 4 pixels around the field
        assert dialog.locator(".x-table").evaluate("e => e.scrollWidth <= e.clientWidth")
        assert violations(page) == []
        picture(page, f"app-scenarios-{width}-{scheme}")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    page.keyboard.press("Escape")
    remove_all(page)


def test_from_a_preset_to_a_report(page: Page, tmp_path: Path) -> None:
    preset(page, "Question pages")
    before = usd(page).inner_text()
    slider(page, "Requests a month").focus()
    page.keyboard.press("ArrowLeft")
    expect(usd(page)).not_to_have_text(before)
    label = usd(page).inner_text()
    page.get_by_role("button", name="Report").click()
    with page.expect_download(timeout=1000 * START_S) as caught:
        page.get_by_role("button", name=".html").click()
    assert caught.value.suggested_filename.endswith(".html")
    assert label in Path(caught.value.path()).read_text(encoding="utf-8")
    with page.expect_download() as caught:
        page.get_by_role("button", name="Save").click()
    saved = tmp_path / caught.value.suggested_filename
    caught.value.save_as(saved)
    assert format_usd(ex.recommend(ex.Workload.load(saved)).monthly_usd) == label


# First steps, keys, words -------------------------------------------------------------------------


def test_first_steps_are_shown_once_and_go_by_keyboard(server: Server, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    visit(page, server.url)
    tour = page.get_by_role("dialog", name="First steps")
    expect(tour).to_contain_text("1 of 4", timeout=1000 * START_S)
    for step in ("2 of 4", "3 of 4", "4 of 4"):
        page.keyboard.press("ArrowRight")
        expect(tour).to_contain_text(step)
    page.keyboard.press("Enter")
    expect(tour).to_be_hidden()
    page.reload(wait_until="commit", timeout=1000 * START_S)
    usd(page).wait_for(timeout=1000 * START_S)
    page.wait_for_timeout(500)
    expect(tour).to_be_hidden()
    page.keyboard.press("?")
    expect(page.locator("dialog[open]")).to_contain_text("Ctrl+Z")
    expect(page.locator("dialog[open]")).to_contain_text("Less than one request a month breaks the limit")
    page.get_by_role("button", name="First steps").click()
    expect(tour).to_contain_text("1 of 4")
    page.keyboard.press("ArrowRight")
    for width in (1280, 700, 400):
        page.set_viewport_size({"width": width, "height": 720})
        page.evaluate(FRAMES)
        box = tour.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width, width
    context.close()


def test_first_steps_speak_of_fingers_on_a_phone_and_leave_the_panel_free(
    server: Server, browser: Browser
) -> None:
    page = phone(browser, server.url, tour=True)
    tour = page.get_by_role("dialog", name="First steps")
    for place in (".x-left h2", ".x-answer h2", ".x-map h2", ".x-costs h2"):
        text = tour.inner_text()
        assert not re.search("wheel|Shift|click|point at", text), text
        title = page.locator(place).bounding_box()
        box = tour.bounding_box()
        assert title is not None and box is not None and 0 <= title["y"] < box["y"] - 20, text
        assert box["y"] + box["height"] <= 800
        tour.locator(".primary").tap()
    expect(tour).to_be_hidden()
    page.context.close()


# Alive --------------------------------------------------------------------------------------------


NOTICED_S = 6  # a kernel's end is on the page


def end_kernels(server: Server) -> None:
    """Kill all kernels of a server: the page's own and the one that is kept ready."""
    for pid in kernels(server.process.pid):
        os.kill(pid, signal.SIGKILL)


def test_a_kernel_that_died_is_said_and_comes_back_where_it_was(tmp_path: Path, browser: Browser) -> None:
    started = serve(tmp_path, str(STATEMENTS))
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.add_init_script(NO_TOUR)
    page = context.new_page()
    visit(page, started.url)
    label, run_time = slider(page, "Response, median"), page.get_by_label("Run time, median: value")
    label.wait_for(timeout=1000 * START_S)
    label.focus()
    page.keyboard.press("ArrowRight")
    expect(label).to_have_attribute("aria-valuetext", "500 KB")
    page.wait_for_url(re.compile("v="))
    end_kernels(started)
    begin = time.monotonic()
    type_into(page, "Requests a month", "3.14 million")  # nothing hears it
    run_time.fill("3 ")  # and this one is not handed over
    said_again = "document.querySelector('.x-gone').textContent.includes('starts again where it was')"
    page.wait_for_function(said_again, timeout=1000 * START_S)
    assert time.monotonic() - begin < NOTICED_S
    run_time.press_sequentially("s")
    page.wait_for_function("!document.querySelector('.x-gone')", timeout=1000 * START_S)  # it loads anew
    expect(page.locator(".x-gone")).to_be_hidden(timeout=1000 * START_S)
    expect(label).to_have_attribute("aria-valuetext", "500 KB", timeout=1000 * START_S)
    rate = slider(page, "Requests a month")
    expect(rate).to_have_attribute("aria-valuetext", "3.14 million")
    expect(run_time).to_have_value("3 s")
    expect(run_time).to_be_focused()
    run_time.press("Enter")
    expect(slider(page, "Run time, median")).to_have_attribute("aria-valuetext", "3 s")
    page.wait_for_url(lambda url: "p=" not in url)
    picture(page, "app-came-back")
    assert started.end() == 0
    expect(page.locator(".x-gone")).to_contain_text("The explorer has ended", timeout=1000 * START_S)
    context.close()


def test_a_kernel_that_dies_while_its_page_loads_is_replaced(tmp_path: Path, browser: Browser) -> None:
    started = serve(tmp_path, str(STATEMENTS))
    context = browser.new_context()
    page = context.new_page()
    visit(page, started.url)
    usd(page).wait_for(timeout=1000 * START_S)
    end_kernels(started)
    page.reload(wait_until="commit", timeout=1000 * START_S)
    usd(page).wait_for(timeout=1000 * START_S)
    expect(page.locator("body")).not_to_contain_text("Traceback")
    context.close()
    assert started.end() == 0


def test_pages_that_are_closed_leave_no_kernel(tmp_path: Path, browser: Browser) -> None:
    started = serve(tmp_path, str(STATEMENTS))
    context = browser.new_context()
    for _ in range(3):
        page = context.new_page()
        visit(page, started.url)
        usd(page).wait_for(timeout=1000 * START_S)
        page.close()
    end = time.monotonic() + LEFT_S + START_S
    while len(kernels(started.process.pid)) > 1 and time.monotonic() < end:
        time.sleep(0.5)
    assert len(kernels(started.process.pid)) == 1  # the one that is kept ready
    context.close()
    assert started.end() == 0


# The server ---------------------------------------------------------------------------------------


def kernels(parent: int) -> list[int]:
    """The processes that a process has started and that still run."""
    listing = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True)
    return [int(pid) for pid in listing.stdout.split()]


def kernel_of(page: Page, parent: int) -> int:
    """The kernel of a page; another is kept ready for the next one."""
    config = "JSON.parse(document.getElementById('jupyter-config-data').textContent)"
    kernel_id = page.evaluate(f"{config}.kernelId").encode()
    (own,) = (pid for pid in kernels(parent) if kernel_id in Path(f"/proc/{pid}/cmdline").read_bytes())
    return own


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
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        started = serve(tmp_path, "--port", str(port))
        assert port < started.port <= port + 50 and f":{started.port}/" in started.url
        assert started.end() == 0


@pytest.mark.parametrize(
    ("arguments", "label"),
    [
        (["no-such.toml"], "no such file"),
        (["explorer1-nonsense"], "is not whole"),
        (["--port", "0"], "--port"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], label: str) -> None:
    command = [sys.executable, "-m", "explorer", "app", *arguments, "--no-browser"]
    process = subprocess.run(command, capture_output=True, text=True, timeout=START_S)
    assert process.returncode == 2 and label in process.stderr and "Traceback" not in process.stderr
