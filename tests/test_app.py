"""The screen follows what is turned: the workload, the answer, the words; a mistake is one line."""

import asyncio
import re
from base64 import b64decode
from html import unescape

import pytest

import explorer as ex
from explorer import facts
from explorer.app import Explorer
from explorer.app.controls import DIALS, SWITCHES, turned
from explorer.units import format_usd

EXAMPLES = sorted(facts.workloads_dir().glob("*.toml"))


@pytest.fixture
def app() -> Explorer:
    return ex.explore(facts.workloads_dir() / "statements.toml")


def text(app: Explorer, panel: str) -> str:
    """What a panel says, without its tags."""
    return unescape(re.sub(r"<[^>]+>", " ", app._panels[panel].value))


def slider(app: Explorer, field: str):
    return next(slider.widget for slider in app._sliders if slider.dial.field == field)


def switch(app: Explorer, field: str):
    return next(switch.widget for switch in app._switches if switch.field == field)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_shown_whole(path):
    app = ex.explore(path)
    r = ex.recommend(ex.Workload.load(path))
    assert app.recommendation.design == r.design
    assert format_usd(r.monthly_usd) in text(app, "answer")
    assert all(text(app, panel).strip() for panel in ("limits", "costs", "rejected", "turns"))
    assert text(app, "trouble") == "  "


def test_without_a_workload_the_first_example_is_shown():
    app = ex.explore()
    assert app.workload.name == min(ex.Workload.load(path).name for path in EXAMPLES)


def test_sliders_begin_at_the_workload_and_say_what_people_say(app):
    said = {s.dial.field: s.widget.label for s in app._sliders}
    assert said["response"] == "400 KB" and said["runtime"] == "2.5 s"
    assert said["requests_per_month"] == "3 million" and said["preferences.part_usd"] == "$10 a month"
    assert all(s.widget.description for s in app._sliders)


def test_a_slider_scales_the_whole_distribution(app):
    slider(app, "response").value = 1024.0**2
    spread, before = app.workload.response.spread, ex.Workload.load(EXAMPLES[-1]).response.spread
    assert spread.median == pytest.approx(1024**2)
    assert spread.quantile(0.99) / spread.median == pytest.approx(before.quantile(0.99) / before.median)


def test_a_slider_changes_the_answer(app):
    before = text(app, "answer")
    slider(app, "requests_per_month").value = 6e6
    assert app.workload.requests_per_month == 6e6
    assert app.workload.peak_rps == pytest.approx(2 * 17.4)
    assert text(app, "answer") != before
    assert format_usd(app.recommendation.monthly_usd) in text(app, "answer")


def test_the_answer_is_that_of_recommend(app):
    slider(app, "response").value = 10 * 1024.0**2
    slider(app, "runtime").value = 1.0
    r = ex.recommend(app.workload)
    assert (app.recommendation.design, app.recommendation.monthly_usd) == (r.design, r.monthly_usd)


def test_a_switch_changes_the_answer_and_back(app):
    first = app.recommendation.design
    switch(app, "client.polls").value = False
    assert not app.workload.client.polls and "Nothing is feasible" in text(app, "answer")
    switch(app, "client.polls").value = True
    assert app.recommendation.design == first


def test_a_preset_begins_again(app):
    slider(app, "response").value = 1024.0**2
    app._choice.value = "Question pages"
    assert app.workload.name == "Question pages"
    assert slider(app, "response").label == "3.2 KB"
    assert not switch(app, "client.polls").value


def test_an_impossible_value_is_one_line_and_changes_nothing(app):
    before = app.workload
    app.set("configuration", -1.0)
    assert "configuration" in text(app, "trouble") and "\n" not in text(app, "trouble").strip()
    assert app.workload is before
    app.set("client.waits", 5.0)
    assert text(app, "trouble") == "  " and app.workload.client.waits == 5.0


def test_limits_are_bars_with_the_limit_marked(app):
    html = app._panels["limits"].value
    rows = re.findall(r'<i style="width:([\d.]+)%[^>]*></i><i style="width:([\d.]+)%', html)
    assert rows and all(0 <= float(p50) <= float(p99) <= 100 for p99, p50 in rows)
    assert html.count('<em style="left:75.0%">') == len(rows)
    assert "974 KB of 6 MB" in text(app, "limits")


def test_bars_of_cost_are_in_proportion(app):
    html = app._panels["costs"].value
    first = html.split('class="row first"')[1].split('class="row"')[0]
    widths = [float(width) for width in re.findall(r"width:([\d.]+)%", first)]
    dearest = max(float(usd.replace(",", "")) for usd in re.findall(r"<b>\$([\d.,]+)</b>", html))
    assert sum(widths) == pytest.approx(100 * app.recommendation.monthly_usd / dearest, abs=0.1)


def test_what_it_saves_is_the_workload(app, tmp_path):
    slider(app, "response").value = 1024.0**2
    switch(app, "response.divisible").value = True
    again = ex.Workload.load(app.save(tmp_path / "turned.toml"))
    assert again.response.divisible and again.response.spread.median == pytest.approx(1024**2)
    assert ex.recommend(again).monthly_usd == pytest.approx(app.recommendation.monthly_usd)
    with pytest.raises(ex.ExplorerError, match="cannot be written"):
        app.save(tmp_path / "no such folder" / "turned.toml")


def test_what_is_shown_without_widgets_does_not_change(app):
    bundle = app._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"] == repr(ex.explore(EXAMPLES[-1])) == repr(app)
    assert "0x" not in repr(app) and "$660.82 a month" in repr(app)
    assert b64decode(bundle["image/png"]).startswith(b"\x89PNG")


def test_in_a_notebook_what_takes_longer_waits_until_the_sliders_rest():
    async def turn_twice() -> tuple[str, str, str]:
        app = ex.explore(EXAMPLES[-1])
        first = text(app, "turns")
        slider(app, "response").value = 10 * 1024.0**2
        slider(app, "runtime").value = 5.0
        during = text(app, "turns")
        await asyncio.sleep(1)
        return first, during, text(app, "turns")

    first, during, after = asyncio.run(turn_twice())
    assert first.strip() and during == first and after != first


@pytest.mark.parametrize("dial", DIALS, ids=lambda dial: dial.field)
def test_a_dial_reads_what_it_sets(dial):
    w = ex.Workload.load(EXAMPLES[-1])
    for mark in (dial.marks[1], dial.marks[len(dial.marks) // 2]):
        assert dial.read(turned(w, {dial.field: mark})) == pytest.approx(mark, rel=1e-9)


def test_marks_are_rising_and_told_apart():
    for dial in DIALS:
        said = [dial.said(mark) for mark in dial.marks]
        assert list(dial.marks) == sorted(set(dial.marks)) and len(set(said)) == len(said), dial.field


@pytest.mark.parametrize("field", SWITCHES)
def test_a_switch_turns_its_field(field):
    w = ex.Workload(requests_per_month=1e6, response="1 MB", runtime="1 s")
    section, name = field.split(".")
    for value in (True, False):
        assert getattr(getattr(turned(w, {field: value, "response": 5e6}), section), name) is value


SPREADS = (
    {"samples": [1e3, 2e3, 4e3]},
    {"p50": "2 KB", "p99.9": "1 MB", "max": "2 MB"},
    {"p50": 2048, "p99": {"9": "1 MB"}},  # as TOML has a bare p99.9
    {"value": "2 KB", "binary": True},
    "2 KB",
    0,
)


@pytest.mark.parametrize("response", SPREADS, ids=str)
def test_any_distribution_can_be_scaled(response):
    w = ex.Workload(requests_per_month=1e6, response=response, runtime="1 s")
    assert turned(w, {"response": 5e4}).response.spread.median == pytest.approx(5e4)
