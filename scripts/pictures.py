"""Draw the pictures of README and the documentation: `python scripts/pictures.py [--app]`.

All of them show `data/workloads/statements.toml`. tests/test_docs.py checks that the stored pictures are
current. `--app` also takes a screenshot of the app with Playwright and the system's Chromium.
"""

import io
import subprocess
import sys
from pathlib import Path

from matplotlib import style
from matplotlib.figure import Figure

import explorer as ex
from explorer.views import figures
from explorer.views.figures.style import LOOK, UNDATED

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
SETTLED_MS, LATEST_MS = 1000, 240_000


GROWTH = {"requests_per_month": "8 %", "response": "3 %"}  # a month, as in docs/questions/growth.md


def pictures() -> dict[str, figures.Picture]:
    """All pictures by name."""
    workload = ex.Workload.load("statements")
    answer = ex.recommend(workload)
    return {
        "decision-map": figures.decision_map(workload),
        "limits": figures.limits_used(answer),
        "costs": figures.costs(answer),
        "latency": figures.latency(answer),
        "sequence": figures.sequence(answer),
        "sensitivity": figures.tornado(ex.sensitivity(workload)),
        "growth": figures.growth(ex.forecast(workload, GROWTH, 36, answer.nearest), name=workload.name),
    }


def svg(picture: figures.Picture) -> str:
    """The picture as SVG with letters as outlines: it looks the same whatever fonts are installed."""
    out = io.StringIO()
    with style.context([*LOOK, {"svg.fonttype": "path"}]):
        Figure.savefig(picture, out, format="svg", metadata=UNDATED["svg"])
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def draw() -> None:
    """Write every picture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures().items():
        (FOLDER / f"{name}.svg").write_text(svg(picture), encoding="utf-8")


def screenshot(workload: str = "statements") -> None:
    """Take a screenshot of the app's first screen, in few colours."""
    import json

    from PIL import Image
    from playwright.sync_api import sync_playwright

    command = [sys.executable, "-m", "explorer", "app", workload, "--no-browser", "--json"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = json.loads(_object(server.stdout))["url"]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.add_init_script("localStorage.setItem('explorer-first-steps', '1')")
            page.goto(url, wait_until="commit", timeout=LATEST_MS)
            page.locator(".x-over .borders text").first.wait_for(timeout=LATEST_MS)  # the finest map is drawn
            page.locator(".x-app:not(.stale) .x-turns li").first.wait_for(timeout=LATEST_MS)
            page.wait_for_timeout(SETTLED_MS)
            image_bytes = page.screenshot()
            browser.close()
    finally:
        server.terminate()
        server.wait(20)
    image = Image.open(io.BytesIO(image_bytes)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    image.save(FOLDER / "app.png", optimize=True)


def _object(lines: io.TextIOBase) -> str:
    """The first JSON object in a stream that stays open."""
    text = ""
    for line in lines:
        text += line
        if line.rstrip() == "}" or (text.startswith("{") and line.rstrip().endswith("}")):
            break
    return text


if __name__ == "__main__":
    draw()
    if "--app" in sys.argv[1:]:
        screenshot()
