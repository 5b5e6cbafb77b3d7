"""Time from a key press on a slider to the new pixels: the app, and for comparison a page with one label.

Voila serves both pages in one run, and one headless Chromium presses 40 keys on each in turn. The page times
a key, from its event to the frame after the new value is visible. "answer" is the app's numbers, steps,
limits and costs; "live" is every panel that follows the slider, including map and excluded options. The
break-evens are computed when the slider rests and are not timed.

    python benchmarks/app.py [--moves 40] [--field requests_per_month] [--workload satellite]
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

import nbformat
import numpy as np
from playwright.sync_api import Page, sync_playwright

MOST_P50, MOST_P95 = 1.6, 2.0  # multiples of the label's time
START_S = 60
PAUSE_MS = 350  # between two keys, as a person presses them
BARE = """import ipywidgets
slider, label = ipywidgets.IntSlider(0, 0, 1000), ipywidgets.Label("0")
slider.observe(lambda change: setattr(label, "value", str(change["new"])), "value")
ipywidgets.VBox([slider, label])"""
TIMED = """([slider, key, done]) => new Promise(resolve => {
  const target = document.querySelector(slider), now = new Function("return " + done);
  const before = now();
  target.focus();
  const input = target.tagName === "INPUT";
  const start = performance.now();
  if (input) {
    target.value = Number(target.value) + (key === "ArrowRight" ? 1 : -1);
    target.dispatchEvent(new Event("input", {bubbles: true}));
  } else target.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
  const look = () => now() !== before
    ? requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)))
    : performance.now() - start > 10000 ? resolve(NaN) : requestAnimationFrame(look);
  look();
})"""


def free_port() -> int:
    """A port that is currently free."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def bare(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """A page with only a slider and a label."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(BARE)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path, port = folder / "bare.ipynb", free_port()
    nbformat.write(notebook, path)
    command = [
        sys.executable,
        "-m",
        "voila",
        str(path),
        "--no-browser",
        f"--port={port}",
        "--Voila.ip=127.0.0.1",
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        try:
            with urlopen(f"http://127.0.0.1:{port}/voila/static/"):
                break
        except OSError as error:
            if "refused" not in str(error):
                break
            time.sleep(0.2)
    return server, f"http://127.0.0.1:{port}"


def app(workload: str) -> tuple[subprocess.Popen[str], str, float]:
    """Start the explorer; its address, and the start time."""
    start = time.perf_counter()
    command = [
        sys.executable,
        "-m",
        "explorer",
        "app",
        workload,
        "--no-browser",
        "--json",
        f"--port={free_port()}",
    ]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    text = ""
    assert server.stdout is not None
    for line in server.stdout:
        text += line
        if line.startswith("}"):
            break
    return server, json.loads(text)["url"], start


def moves(page: Page, slider: str, value: str, count: int) -> np.ndarray:
    """The times of a number of keys, up and down [ms]."""
    times_ms = []
    for number in range(count + 3):
        key = "ArrowRight" if number % 20 < 10 else "ArrowLeft"
        times_ms.append(page.evaluate(TIMED, [slider, key, value]))
        page.wait_for_timeout(PAUSE_MS)
    return np.array(times_ms[3:])


def main() -> None:
    """Print the times, and whether they are within their bounds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--moves", type=int, default=40)
    parser.add_argument("--field", default="requests_per_month")
    parser.add_argument("--workload", default="satellite", help="the heaviest example")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = shutil.which("chromium") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        servers: list[subprocess.Popen[str]] = []
        try:
            explorer, url, start = app(arguments.workload)
            servers.append(explorer)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.add_init_script("localStorage.setItem('explorer-first-steps', '1')")
            page.goto(url)
            page.locator(".x-answer .big").first.wait_for(timeout=1000 * START_S)
            print(f"first usable after {time.perf_counter() - start:.1f} s")
            page.locator(".x-turns li").first.wait_for(timeout=1000 * START_S)
            page.wait_for_timeout(1500)
            server, address = bare(Path(folder))
            servers.append(server)
            other = browser.new_page(viewport={"width": 1440, "height": 900})
            other.goto(address)
            other.locator("[role=slider]").wait_for(timeout=1000 * START_S)
            other.wait_for_timeout(1500)
            slider = f"input[id^='x-{arguments.field.replace('.', '-')}-']"
            dataset = "document.querySelector('.x-app').dataset.{}"
            rows = {"label": [], "answer": [], "live": []}  # type: dict[str, list[np.ndarray]]
            for _ in range(2):
                other.bring_to_front()
                last = "[...document.querySelectorAll('.widget-label')].at(-1).textContent"
                rows["label"].append(moves(other, "[role=slider]", last, arguments.moves // 2))
                page.bring_to_front()
                rows["answer"].append(moves(page, slider, dataset.format("shown"), arguments.moves // 2))
                rows["live"].append(moves(page, slider, dataset.format("live"), arguments.moves // 2))
            report({name: np.concatenate(parts) for name, parts in rows.items()})
        finally:
            browser.close()
            for each in servers:
                each.send_signal(signal.SIGINT)
                each.wait(20)


def report(rows: dict[str, np.ndarray]) -> None:
    """Print the quantiles, and their ratio to the label's."""
    p50, p95 = (np.quantile(rows["label"], q) for q in (0.5, 0.95))
    for name, times_ms in rows.items():
        a, b = np.quantile(times_ms, (0.5, 0.95))
        print(
            f"{name:7} {times_ms.size} moves  p50 {a:4.0f} ms ({a / p50:.2f} x)"
            f"  p95 {b:4.0f} ms ({b / p95:.2f} x)"
        )
    a, b = np.quantile(rows["live"], (0.5, 0.95))
    good = a <= MOST_P50 * p50 and b <= MOST_P95 * p95
    print("within" if good else "NOT within", f"{MOST_P50} x at the p50 and {MOST_P95} x at the p95")


if __name__ == "__main__":
    main()
