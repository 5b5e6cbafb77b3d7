"""Reports in a real browser: no network, nothing serious for accessibility, and print fits."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

import explorer as ex
from explorer.engine.latency import latency
from explorer.views.report.batch import write_batch
from tests.support.paths import ARTEFACTS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report that is feasible, one that is not, and their index."""
    folder = tmp_path_factory.mktemp("reports")
    (folder / "impossible.toml").write_text(
        'requests_per_month = 1e6\nresponse = "90 MB"\nruntime = "5000 s"\n[client]\npolls = false\n'
    )
    paths = [Path("statements"), folder / "impossible.toml", folder / "none.toml"]
    write_batch(paths, folder, ["html"], ex.Workload.load)
    return folder


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page; what it asks for beyond its file, and what goes wrong on it, fails the test."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    wrong: list[str] = []
    page.on("request", lambda request: wrong.append(request.url))
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    assert [address for address in wrong if not address.startswith(("file:", "data:"))] == []
    page.close()


NAMES = ("statements", "impossible", "index")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_serious(page: Page, folder: Path, name: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.goto(f"file://{folder}/{name}.html")
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"report-{name}-{scheme}.png", full_page=True)
    for details in page.locator("details > summary").all():
        details.click()
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["target"]) for v in violations] == []


@pytest.mark.parametrize("width", [390, 768, 1280, 2560])
@pytest.mark.parametrize("name", NAMES)
def test_no_page_is_wider_than_its_window(page: Page, folder: Path, name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"file://{folder}/{name}.html")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [390, 900, 1100, 1280])
def test_the_money_on_the_first_page_is_whole(page: Page, folder: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"file://{folder}/statements.html")
    assert page.locator(".money .table").evaluate("box => box.scrollWidth <= box.clientWidth")


def test_a_table_is_sorted_by_a_click_and_by_a_key(page: Page, folder: Path) -> None:
    page.goto(f"file://{folder}/statements.html#alternatives")
    table = page.locator("#alternatives .table table")
    parts = table.locator("tbody tr td:nth-child(4)")
    before = parts.all_inner_texts()
    head = table.get_by_role("columnheader", name="Parts")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert parts.all_inner_texts() == sorted(before, key=int) != before
    head.get_by_role("button").press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    assert parts.all_inner_texts() == sorted(before, key=int, reverse=True)


def test_times_are_sorted_by_what_they_are_and_not_by_their_text(page: Page, folder: Path) -> None:
    page.goto(f"file://{folder}/statements.html#latency")
    table = page.locator("#latency .table table")
    table.get_by_role("columnheader", name="p50").get_by_role("button").click()
    names = table.locator("tbody th").all_inner_texts()
    w = ex.Workload.load("statements")
    seconds = latency(w, ex.recommend(w).nearest)
    assert names == sorted(names, key=lambda name: seconds[name]["p50"])


def test_the_rejected_are_filtered_and_counted(page: Page, folder: Path) -> None:
    page.goto(f"file://{folder}/statements.html#rejected")
    rows = page.locator("#rejected > section > .table tbody tr")
    every = rows.count()
    field = page.get_by_label("Show rows with").first
    field.fill("API Gateway")
    visible = [row for row in rows.all() if row.is_visible()]
    assert 0 < len(visible) < every and all("API Gateway" in row.inner_text() for row in visible)
    expect(page.get_by_role("status").first).to_have_text(f"{len(visible)} of {every} rows")
    field.fill("")
    assert all(row.is_visible() for row in rows.all())


def test_without_scripts_the_page_is_whole(browser: Browser, folder: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{folder}/statements.html")
    assert page.locator("main h2").count() >= 14 and page.locator("th button").count() == 0
    assert page.locator("figure img").count() >= 10
    context.close()


def test_every_picture_is_drawn(page: Page, folder: Path) -> None:
    page.goto(f"file://{folder}/statements.html")
    widths = page.locator("figure img").evaluate_all("images => images.map(image => image.naturalWidth)")
    assert len(widths) >= 10 and min(widths) > 400


def test_a_picture_fits_a_small_screen_and_grows_by_a_tap(page: Page, folder: Path) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    page.goto(f"file://{folder}/statements.html#limits")
    picture = page.locator("figure.limits img")
    expect(picture).to_be_visible()  # its section is unfolded by the address
    assert picture.bounding_box()["width"] <= 400
    picture.click()
    assert picture.bounding_box()["width"] > 600
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_first_page_is_short_and_all_unfolds(page: Page, folder: Path) -> None:
    page.goto(f"file://{folder}/statements.html")
    assert page.evaluate("document.documentElement.scrollHeight") < 2500
    page.get_by_role("button", name="Unfold all").click()
    assert page.locator("details.section[open]").count() == page.locator("details.section").count()
    assert page.evaluate("document.documentElement.scrollHeight") > 10_000
    page.get_by_role("button", name="Fold all").click()
    assert page.locator("details.section[open]").count() == 0


def test_the_index_leads_to_its_reports(page: Page, folder: Path) -> None:
    page.goto(f"file://{folder}/index.html")
    page.get_by_role("link", name="html of Account statements").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Account statements: asynchronous endpoint behind a function URL, with secrets in Secrets Manager"
    )


def test_print_is_light_and_whole(page: Page, folder: Path) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"file://{folder}/statements.html")
    pdf = page.pdf(prefer_css_page_size=True)
    pages = pdf.count(b"/Type /Page\n") or pdf.count(b"/Type /Page ")
    assert pdf.startswith(b"%PDF") and 8 <= pages <= 25
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".unfold").is_visible() and not page.locator(".filter").first.is_visible()


WIDER = """() => {
    const scrolls = e => ["auto", "scroll"].includes(getComputedStyle(e).overflowX) && e.tabIndex >= 0;
    const inside = e => e !== null && (scrolls(e) || inside(e.parentElement));
    const isBeyond = e => e.getBoundingClientRect().right > innerWidth + 0.5 && !inside(e.parentElement);
    return [...document.body.querySelectorAll("*")]
        .filter(e => e.checkVisibility() && isBeyond(e))
        .map(e => `${e.tagName} ${e.className} ${e.textContent.trim().slice(0, 40)}`);
}"""
WIDER_BOX = """() => [...document.body.querySelectorAll(".table")]
    .filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1)
    .map(e => `${e.ariaLabel} ${e.scrollWidth} of ${e.clientWidth}`)"""


@pytest.mark.parametrize("width", [320, 400, 768, 1280])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_reaches_beyond_the_window(page: Page, folder: Path, name: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"file://{folder}/{name}.html")
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert page.evaluate(WIDER) == []
    if width <= 400:
        assert page.evaluate(WIDER_BOX) == []
