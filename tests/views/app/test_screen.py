"""The screen follows what is turned: the workload, the answer, the words; a mistake is one line.

What the browser would say is said to the widget, and what it would be told is kept.
"""

import asyncio
import re
import tomllib
from base64 import b64decode
from html import unescape

import numpy as np
import pytest

import explorer as ex
from explorer.engine.designs import Design, choices
from explorer.facts import catalogue, locations
from explorer.facts.locations import web_dir
from explorer.facts.units import format_quantity, format_time, format_usd
from explorer.views.app import sharing
from explorer.views.app.controls import CHOICES, DIALS, NONE, SWITCHES, workload_with
from explorer.views.app.history import TOGETHER_S, History, State
from explorer.views.app.maps import (
    AXES,
    EDGE,
    EMPTY,
    FINE_POINTS,
    Maps,
    axis_ticks,
    map_over_windows,
    offered_axes,
)
from explorer.views.app.prefetch import Ready
from explorer.views.app.screen import Explorer
from explorer.views.app.view import SCRIPTS, STYLES, joined_web_files
from explorer.views.colours import colours_of
from tests.support.examples import each_example

EXAMPLES = sorted(locations.workloads_dir().glob("*.toml"))
STATEMENTS = locations.workloads_dir() / "statements.toml"
REPORT = (
    "REPORT RequestId: 8f5dbc4e-1f2d-4a6b-9c3e-2b7a5d1e9f0{}\tDuration: {}.52 ms\tBilled Duration: 103 ms\t"
    "Memory Size: 512 MB\tMax Memory Used: 90 MB\n"
)


class Browser:
    """What a view has been told, and what it says."""

    def __init__(self, app: Explorer) -> None:
        self.app, self.messages, self.panels, self.files = app, [], {}, {}
        self.at, self.bar, self.map, self.trouble, self.text, self.why = {}, {}, {}, "", "", ""
        self.cells, self.usd = np.empty(0), np.empty(0)
        app.widget.send = app._answers._send = self.hear
        self.say("hello")

    def hear(self, message, buffers=None):
        self.messages.append(message)
        if message["say"] == "file":
            self.files[message["name"]] = buffers[0]
        elif message["say"] == "share":
            self.text = message["text"]
        elif message["say"] == "why":
            self.why = words(message["html"])
        elif message["say"] == "state":
            self.panels |= message.get("panels", {})
            self.at = message.get("at", self.at)
            self.bar |= message.get("bar", {})
            if "trouble" in message:
                self.trouble = message["trouble"] or message.get("remark", "")
            if "map" in message:
                self.map = message["map"]
                self.cells, self.usd = (
                    np.frombuffer(b, t) for b, t in zip(buffers, ("u1", "f4"), strict=True)
                )

    def say(self, what, buffers=(), **more):
        self.messages.clear()
        self.app._handle_message({"do": what, **more}, list(buffers))

    def turn(self, **values):
        self.say("turn", values={name.replace("__", "."): value for name, value in values.items()}, number=1)

    def panel(self, name):
        return words(self.panels[name])

    def stands(self, field):
        """What the slider of a field says."""
        dial = next(dial for dial in DIALS if dial.field == field)
        return dial.wording(self.app._answers._stops[field][self.at["dials"][field]])


def words(html: str) -> str:
    """What HTML says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


@pytest.fixture
def app() -> Browser:
    return Browser(ex.explore(STATEMENTS))


# The answer ---------------------------------------------------------------------------------------


@each_example
def test_every_example_is_shown_whole(path):
    app, r = Browser(ex.explore(path)), ex.recommend(ex.Workload.load(path))
    assert app.app.recommendation.design == r.design
    assert format_usd(r.monthly_usd) in app.panel("answer")
    assert all(app.panel(name) for name in ("answer", "limits", "costs", "rejected", "turns"))
    assert app.map["fine"] and app.cells.size == app.usd.size == FINE_POINTS**2 and app.trouble == ""


def test_without_a_workload_the_first_example_is_shown():
    assert ex.explore().workload.name == min(ex.Workload.load(path).name for path in EXAMPLES)


def test_sliders_begin_at_the_workload_and_say_what_people_say(app):
    assert app.stands("response") == "400 KB" and app.stands("runtime") == "2.5 s"
    assert app.stands("requests_per_month") == "3 million"
    assert (
        app.stands("preferences.part_usd") == "$10 a month" and app.stands("targets.latency_p95") == "1.5 min"
    )
    assert app.at["others"]["client.polls"] is True and app.at["others"]["region"] == "eu-west-1"


def test_a_slider_scales_the_whole_distribution(app):
    app.turn(response=1024.0**2)
    spread, before = app.app.workload.response.spread, ex.Workload.load(STATEMENTS).response.spread
    assert spread.median == pytest.approx(1024**2)
    assert spread.quantile(0.99) / spread.median == pytest.approx(before.quantile(0.99) / before.median)


def test_the_answer_is_that_of_recommend(app):
    before = app.panel("answer")
    app.turn(requests_per_month=6e6, runtime=1.0)
    assert app.app.workload.peak_rps == pytest.approx(2 * 17.4)
    r = ex.recommend(app.app.workload)
    assert (app.app.recommendation.design, app.app.recommendation.monthly_usd) == (r.design, r.monthly_usd)
    assert format_usd(r.monthly_usd) in app.panel("answer") and app.panel("answer") != before


def test_a_switch_changes_the_answer_and_back(app):
    first = app.app.recommendation.design
    app.turn(client__polls=False)
    assert not app.app.workload.client.polls and "Nothing is feasible" in app.panel("answer")
    app.turn(client__polls=True)
    assert app.app.recommendation.design == first


def test_a_region_and_a_promise_can_be_chosen_and_left(app):
    app.turn(region="us-east-1", targets__latency_p95=366 * 86400.0)
    assert app.app.workload.region == "us-east-1" and app.app.workload.targets.latency_p95 is None
    assert app.stands("targets.latency_p95") == "none"


def test_an_impossible_value_is_one_line_and_changes_nothing(app):
    before = app.app.workload
    app.app.set("configuration", -1.0)
    assert app.trouble.startswith("configuration") and "\n" not in app.trouble
    assert "/" not in app.trouble.split(":")[0]  # the path of a file is not shown
    assert app.app.workload is before
    app.app.set("client.waits", 5.0)
    assert app.trouble == "" and app.app.workload.client.waits == 5.0


def test_what_no_slider_has_is_not_turned(app):
    before = app.app.workload
    app.turn(nothing="another")
    assert app.app.workload.to_toml() == before.to_toml()


def test_limits_are_bars_with_the_limit_marked(app):
    html = app.panels["limits"]
    bars = re.findall(
        r'class="light" style="width:([\d.]+)%"></i><i class="dark" style="width:([\d.]+)%', html
    )
    assert bars and all(0 <= float(p50) <= float(p99) <= 100 for p99, p50 in bars)
    assert html.count('<b style="left:75%">') == len(bars)
    assert "974 KB of 6 MB" in app.panel("limits")


def test_bars_of_cost_are_in_proportion(app):
    html = app.panels["costs"]
    first = html.split("class=first")[1].split("</li>")[0]
    widths = [float(width) for width in re.findall(r"width:([\d.]+)%", first)]
    dearest = max(float(usd.replace(",", "")) for usd in re.findall(r">\$([\d.,]+)</button>", html))
    assert sum(widths) == pytest.approx(100 * app.app.recommendation.monthly_usd / dearest, abs=0.1)


# The map ------------------------------------------------------------------------------------------


def cell(app: Browser, x: float, y: float) -> int:
    """The kind of cell at a place of the map."""
    spec = app.map
    column, row = (
        round(float(np.log(value / axis["low"]) / np.log(axis["high"] / axis["low"])) * (count - 1))
        for value, axis, count in ((x, spec["x"], spec["nx"]), (y, spec["y"], spec["ny"]))
    )
    return int(app.cells[row * spec["nx"] + column])


@each_example
def test_the_map_says_at_the_workload_what_the_answer_says(path):
    app = Browser(ex.explore(path))
    w, r = app.app.workload, app.app.recommendation
    kind = cell(app, w.response.spread.median, w.runtime.spread.median)
    assert (kind == EMPTY) == (not r.feasible)
    assert set(app.map["names"][kind]["label"]) <= {option.name for option in r.nearest.options}


def test_turning_along_the_maps_axes_leaves_the_map(app):
    app.turn(response=1e6)
    assert not any("map" in message for message in app.messages)
    app.turn(client__waits=600.0)
    assert any("map" in message for message in app.messages)


def test_a_cross_that_leaves_the_map_takes_it_along(app):
    before = app.map["x"]["high"]
    app.turn(response=before / 2)
    assert app.map["x"]["high"] > before


def test_a_workload_that_is_only_foreseen_leaves_the_map_where_it_is(app):
    stops = app.app._answers._stops["response"]
    inside = max(stop for stop in stops if stop <= app.map["x"]["high"] / EDGE)
    app.turn(response=inside)  # the next stop up is beyond the edge: foreseen, it would move the map
    high = app.map["x"]["high"]
    app.turn(runtime=5.0)
    assert app.map["x"]["high"] == high
    app.turn(response=stops[stops.index(inside) + 1])
    assert app.map["x"]["high"] > high


def test_the_map_has_the_colours_of_its_designs(app):
    for name in app.map["names"]:
        design = Design(**choices(name["design"]))
        assert (name["light"], name["dark"]) == (colours_of(design).area, colours_of(design).dark_area)


@pytest.mark.parametrize(("x", "y"), [("requests_per_month", "configuration"), ("client.waits", "request")])
def test_other_axes_can_be_chosen(app, x, y):
    app.say("axes", x=x, y=y)
    assert (app.map["x"]["field"], app.map["y"]["field"]) == (x, y)
    now = [next(d for d in DIALS if d.field == axis).read(app.app.workload) for axis in (x, y)]
    assert set(app.map["names"][cell(app, *now)]["label"]) <= {
        option.name for option in app.app.recommendation.nearest.options
    }


def test_every_axis_that_is_offered_can_be_drawn():
    for path in EXAMPLES:
        w = ex.Workload.load(path)
        assert ("targets.latency_p95" in offered_axes(w)) == (w.targets.latency_p95 is not None), path.stem
        assert {"response", "runtime", "response.cacheable", "runtime.cpu"} <= offered_axes(w).keys()
        for axis in offered_axes(w).keys() - {"response"}:
            maps = Maps()
            maps.choose("response", axis)
            decisions = map_over_windows(w, maps.places(w), 3)
            assert decisions.y == axis and decisions.today, (path.stem, axis)


def test_an_axis_gives_way_once_its_promise_is_withdrawn(app):
    app.say("axes", x="response", y="targets.latency_p95")
    assert app.map["y"]["field"] == "targets.latency_p95"
    app.turn(targets__latency_p95=NONE)
    assert app.map["y"]["field"] == "runtime" and app.app.workload.targets.latency_p95 is None
    assert "targets.latency_p95" not in dict(app.map["axes"])


def test_shares_on_an_axis_are_per_cent():
    assert axis_ticks("share", 0.01, 1.0, 9)[0] == (0.01, "1 %")
    assert [text for _, text in axis_ticks("share", 0.2, 1.0, 9)] == ["20 %", "50 %", "100 %"]


def test_axes_that_are_none_are_not_taken(app):
    app.say("axes", x="name", y="response")
    assert app.map["x"]["field"] == "response" and "name" not in AXES


# Explanations -------------------------------------------------------------------------------------


def test_every_number_explains_itself(app):
    keys = set(re.findall(r'data-why="([^"]+)"', "".join(app.panels.values())))
    keys |= {f"field:{dial.field}" for dial in DIALS} | {f"step:{step}" for step in range(3)}
    assert len(keys) > 40
    for key in keys:
        app.say("why", key=unescape(key))
        assert app.why, key


def test_a_limit_says_its_value_its_source_and_its_date(app):
    worst = app.app.recommendation.answer.findings[0]
    row = catalogue.limit(worst.limit)
    app.say("why", key=f"limit:{worst.limit}")
    assert format_quantity(worst.limit_value, worst.unit) in app.why and row.as_of in app.why
    assert row.source_url.removeprefix("https://")[:40] in app.why


def test_a_break_even_says_what_moves_with_its_value(app):
    axes = [turn.axis for turn in app.app.recommendation.answer.break_evens]
    texts = {}
    for axis in ("runtime", "requests_per_month", "configuration"):
        app.say("why", key=f"turn:{axes.index(axis)}")
        texts[axis] = app.why.replace(" ,", ",")
    assert "Every quantile moves with its median. With --set, one value alone changes." in texts["runtime"]
    assert "The peak moves with the rate. With" in texts["requests_per_month"]
    assert "moves with" not in texts["configuration"]
    app.say("why", key="factors")
    assert "multiple of today's" in app.why and "moves with its median, and the peak with the rate" in app.why


def test_the_changes_of_the_answer_are_a_list(app):
    changes = app.app.recommendation.answer.break_evens
    assert f"All {len(changes)} changes" in app.panel("turns") and "times today’s" in app.panel("turns")
    app.say("list", name="changes")
    title, html = (app.messages[0][name] for name in ("title", "html"))
    assert title == f"All {len(changes)} changes of one value that would change the answer"
    text = words(html)
    for change in changes:
        assert change.design is None or f'data-open="{Design(**change.design)}"' in html
        assert change.value is not None or change.says[1:] in text
    assert "every quantile moves" in text.casefold() and "behind a load balancer, with an always-on" in text


def test_a_change_says_how_far_it_lasts_as_in_the_summary(app):
    rate, run_time = "Requests above 7.04 million", "Run time above 6.18 s"
    panel = words(app.panel("turns"))
    assert re.search(rf"{rate} → container service \+1 2.35 × up to 131 million", panel)
    assert "Computes below 50 % → container service +1 0.625 ×" in panel
    assert "All 7 changes +1: with one more choice changed" in panel
    app.say("list", name="changes")
    text = words(app.messages[0]["html"])
    assert f"{rate}, up to 131 million behind a load balancer" in text
    assert f"{run_time}, up to 6.84 s behind a load balancer" in text
    says = " ".join(turn.says for turn in app.app.recommendation.answer.break_evens)
    assert "7.04 million requests a month (2.35 times today's) up to 131 million," in says
    assert "a median run time of 6.18 s (2.47 times today's) up to 6.84 s only," in says


def test_what_is_only_acknowledged_has_no_results_but_work_that_is_done():
    app = Browser(ex.explore(locations.workloads_dir() / "subscriptions.toml"))
    r = app.app.recommendation
    assert r.design.response == "accepted"
    assert "half of the work" in app.panel("answer") and "95 % of the work" in app.panel("answer")
    assert "results" not in app.panel("answer")
    for level, share in (("p50", "Half"), ("p95", "95 %")):
        app.say("why", key=level)
        assert f"{share} of the work is done within {format_time(r.latency_s[level])}" in app.why
        assert "From submitting to the end of the work." in app.why
    stored = choices(r.design) | {"response": "stored"}
    app.say("design", key=str(Design(**stored)), at={})
    page = words(app.messages[0]["html"])
    assert "finished, p95" in page and "in hand" not in page
    app.say("design", key=str(Design(**r.answer.alternatives[0].design)))
    assert "the work is done, p50" in words(app.messages[0]["html"])


def test_results_in_hand_are_said_of_what_answers(app):
    assert "half of the results" in app.panel("answer") and "95 % of the results" in app.panel("answer")
    app.say("why", key="p50")
    assert "Half of the results are in hand within" in app.why
    assert "From submitting to the whole result in hand." in app.why


def test_a_mark_that_no_row_has_is_not_explained():
    app = Browser(ex.explore(locations.workloads_dir() / "access.toml"))
    panel = words(app.panel("turns"))
    assert "All 6 changes" in panel and "one more choice" not in panel and "+1" not in panel


def test_each_mark_of_further_choices_is_explained(app):
    app.turn(**{"response": 3 * 1024.0**2, "runtime": 40.0, "client.polls": False})
    turns = words(app.panel("turns"))
    assert "single Lambda invocation +2" in turns and "+2: with so many more choices changed" in turns


def test_a_public_address_is_said_unless_callers_are_checked(app):
    warning = "Its address is public, without a WAF or throttling of its own"
    app.say("preset", name=app.app._history.now.base.name)
    assert warning in words(app.panel("answer"))
    app.turn(**{"client.auth": "iam"})
    assert app.trouble == "" and warning not in words(app.panel("answer"))


def test_the_cost_says_which_flat_rate_would_be_cheaper(app):
    app.say("why", key="usd")
    assert "on CloudFront's flat-rate plan Business at $200 a month" in app.why  # for another design
    app.say("preset", name="Radar scenes")
    app.say("why", key="usd")
    assert "flat-rate plan Pro would cost $15 a month" in app.why
    app.say("why", key="bill:1")
    assert app.why and "flat-rate" not in app.why


def test_where_nothing_is_feasible_the_money_is_that_of_the_nearest_miss(app):
    app.say("preset", name=app.app._history.now.base.name)
    assert "a month, the nearest miss" not in app.panel("answer") and "this design" in app.panel("costs")
    app.turn(**{"client.polls": False, "targets.latency_p95": 1.0, "client.waits": 2.0})
    answer = words(app.panel("answer"))
    assert "Nothing is feasible" in answer and "a month, the nearest miss" in answer
    assert "6 MB; 58.4 % of the answers begin after the client stops waiting; and 1 more." in answer
    costs = words(app.panel("costs"))
    assert "the nearest miss" in costs and "this design" not in costs
    app.say("why", key="usd")
    assert app.why.startswith("Cost a month of the nearest miss")
    app.say("list", name="limits")
    assert app.messages[0]["title"].endswith("limits of the nearest miss")
    app.turn(**{"targets.latency_p95": 90.0})
    answer = words(app.panel("answer"))
    assert "stops waiting." in answer and "more." not in answer


def test_ways_out_are_said_beside_what_else_would_change_it(app):
    app.say("preset", name=app.app._history.now.base.name)
    app.turn(**{"client.polls": False})
    turns = words(app.panel("turns"))
    assert "It would be feasible if the client could be called back" in turns
    assert "Run time below 627 ms →" in turns
    app.say("pin")
    app.turn(**{"client.polls": True})
    assert "a month A $615.77, a nearest miss" in words(app.panel("answer"))


@each_example
def test_the_number_of_reasons_is_that_of_the_list(path):
    app = Browser(ex.explore(path))
    note = re.search(r"All (\d+) reasons", app.panel("rejected"))
    app.say("list", name="reasons")
    assert note is None or app.messages[0]["html"].count("<li>") == int(note[1])


def test_times_have_three_digits_as_everywhere(app):
    app.turn(runtime=123.4)
    seconds = app.app.recommendation.latency_s
    assert format_time(seconds["p50"]) in app.panel("answer")
    assert f"p95 {format_time(seconds['p95'])}" in app.panel("costs")
    steps = next(message["steps"] for message in app.messages if "steps" in message)["steps"]
    assert "2.06 min" in [step["said"] for step in steps]  # 123.4 s


def test_rings_say_their_shares_and_what_they_are(app):
    assert app.map["levels"] == [98, 80, 50] and len(app.map["cloud"]) == 3
    app.say("why", key="word:ring")
    assert app.why.startswith("Ring") and "50, 80 and 98 %" in app.why


def test_the_cost_says_its_lines(app):
    app.say("why", key="usd")
    line = max(app.app.recommendation.bill.lines, key=lambda line: line.usd)
    assert line.id in app.why and format_usd(float(line.usd)) in app.why and line.as_of in app.why


@pytest.mark.parametrize(
    "key", ["", "usd:", "limit:none", "bill:99", "bill:a", "step:x", "turn:77", "reason:", "option:"]
)
def test_what_is_no_number_explains_nothing(app, key):
    app.say("why", key=key)
    assert key == "usd:" or app.why == ""


# Back and forth -----------------------------------------------------------------------------------


def test_undo_and_redo(app, monkeypatch):
    app.turn(response=1e6)
    app.turn(runtime=1.0)
    assert app.bar["undo"] and not app.bar["redo"]
    app.say("undo")
    assert app.stands("runtime") == "2.5 s" and app.app.workload.response.spread.median == pytest.approx(1e6)
    app.say("undo")
    assert app.stands("response") == "400 KB" and not app.bar["undo"] and app.bar["redo"]
    app.say("undo")
    app.say("redo")
    app.say("redo")
    assert app.app.workload.runtime.spread.median == pytest.approx(1.0) and not app.bar["redo"]


def test_turns_of_one_slider_in_quick_succession_are_one_step_back():
    first = State(ex.Workload.load(STATEMENTS))
    history, one = History(first), frozenset({"response"})
    for value in (1e5, 2e5, 3e5):
        history.go(first.with_({"response": value}), one)
    history.undo()
    assert history.now is first and TOGETHER_S < 2
    history.go(first.with_({"response": 1e5}), one)
    history.go(first.with_({"runtime": 1.0}), frozenset({"runtime"}))
    history.undo()
    assert history.now.values == {"response": 1e5} and history.can_redo


def test_reset_goes_back_to_where_it_began(app):
    app.turn(response=1e6, client__polls=False)
    assert app.bar["changed"]
    app.say("reset")
    assert app.app.workload.to_toml() == ex.Workload.load(STATEMENTS).to_toml() and not app.bar["changed"]
    app.say("undo")
    assert not app.app.workload.client.polls


def test_a_preset_begins_again(app):
    app.turn(response=1024.0**2)
    app.say("preset", name="Question pages")
    assert app.app.workload.name == "Question pages" and app.stands("response") == "3.2 KB"
    app.say("undo")
    assert app.app.workload.name == "Account statements" and app.stands("response") == "1 MB"


# To and from the screen ---------------------------------------------------------------------------


@each_example
def test_a_shared_workload_opens_as_it_was(path):
    w = ex.Workload.load(path)
    text = sharing.workload_as_text(w)
    assert len(text) < 2000 and re.fullmatch(r"[\w-]+", text)
    wrapped = "\n".join(text[at : at + 76] for at in range(0, len(text), 76))
    assert sharing.workload_of_paste(f"  {wrapped}\n").to_toml() == w.to_toml()
    assert ex.explore(text).recommendation.monthly_usd == ex.recommend(w).monthly_usd


def test_share_and_paste(app):
    app.turn(response=1e6)
    app.say("share")
    other = Browser(ex.explore())
    other.say("paste", text=app.text)
    copy = other.app.workload
    assert other.trouble == "" and copy.name == "Account statements (2)"  # there is one of that name
    assert copy.replace(name="Account statements").to_toml() == app.app.workload.to_toml()


BAD = (
    "",
    "nonsense",
    "explorer1-nonsense",
    sharing.workload_as_text(ex.Workload.load(STATEMENTS))[:-9],
    'requests_per_month = 1\nresponse = "1 KB"',
    'requests_per_month = 1\nruntime = 1\nresponse = {samples = "/etc/passwd"}',
    'requests_per_month = 1\nruntime = 1\nresponse = 1\nconfiguration = {dotenv = "prod.env"}',
    'requests_per_month = 1\nresponse = 1\nruntime = {p50 = 1, init = {samples = "times.csv"}}',
)


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:24])
def test_what_is_no_workload_is_one_line_and_changes_nothing(app, text):
    before = app.app.workload
    app.say("paste", text=text)
    assert app.trouble and "\n" not in app.trouble and "Traceback" not in app.trouble
    app.say("open", [text.encode()], name="given.toml")
    assert app.trouble and "\n" not in app.trouble and app.app.workload is before


@pytest.mark.parametrize(
    ("name", "content"), [("a.toml", b"\xff\xfe"), ("a.log", b"nothing here\n"), ("a", b"")]
)
def test_a_file_that_is_nothing_is_one_line(app, name, content):
    before = app.app.workload
    app.say("open", [content], name=name)
    assert app.trouble.startswith(name) and "\n" not in app.trouble and app.app.workload is before


def test_a_workload_file_is_opened(app):
    path = locations.workloads_dir() / "photos.toml"
    app.say("open", [path.read_bytes()], name="photos.toml")
    assert app.app.workload.name == ex.Workload.load(path).name and app.bar["preset"] == app.app.workload.name


def test_a_log_becomes_a_workload_with_what_it_lacks_named(app):
    log = "".join(REPORT.format(number, 100 + number) for number in range(9))
    app.say("open", [log.encode()], name="my traffic.log")
    assert app.app.workload.name == "my traffic" and app.app.workload.is_given("runtime")
    assert app.app.workload.runtime.spread.median == pytest.approx(0.10452, rel=1e-3)
    assert "9 of 9 lines" in app.trouble and "requests_per_month, response" in app.trouble


def test_save_gives_the_workload_as_toml(app):
    app.turn(response=1024.0**2)
    app.say("save")
    fields = tomllib.loads(app.files["account-statements.toml"].decode())
    assert ex.Workload(**fields).response.spread.median == pytest.approx(1024**2)


def test_a_report_is_given_as_a_file(app):
    app.say("export", ending=".md")
    assert app.files["account-statements.md"].decode().startswith("# ")
    app.say("export", ending=".exe")
    assert ".html" in app.trouble and "\n" not in app.trouble


def test_what_it_saves_is_the_workload(app, tmp_path):
    app.turn(response=1024.0**2, response__divisible=True)
    again = ex.Workload.load(app.app.save(tmp_path / "turned.toml"))
    assert again.response.divisible and again.response.spread.median == pytest.approx(1024**2)
    assert ex.recommend(again).monthly_usd == pytest.approx(app.app.recommendation.monthly_usd)
    with pytest.raises(ex.ExplorerError, match="cannot be written"):
        app.app.save(tmp_path / "no such folder" / "turned.toml")


# Compare ------------------------------------------------------------------------------------------


def test_two_workloads_stand_side_by_side(app):
    before = format_usd(app.app.recommendation.monthly_usd)
    app.say("pin")
    app.turn(requests_per_month=30e6, client__receives_callbacks=True)
    text = app.panel("answer")
    assert f"A {before}" in text and format_usd(app.app.recommendation.monthly_usd) in text
    assert "Requests a month 3 million → 30 million" in text and "Client can be called back no → yes" in text
    assert "A: Account statements" in app.panel("costs") and app.bar["pinned"]
    app.say("why", key="bill:a")
    assert before in app.why
    app.say("pin")
    assert "A " + before not in app.panel("answer") and not app.bar["pinned"]


def test_going_over_to_the_other_keeps_this_one(app):
    app.say("pin")
    app.turn(requests_per_month=30e6)
    app.say("swap")
    assert app.app.workload.requests_per_month == 3e6
    assert "Requests a month 30 million → 3 million" in app.panel("answer")


# In a notebook ------------------------------------------------------------------------------------


def test_what_is_shown_without_widgets_does_not_change(app):
    bundle = app.app._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"] == repr(ex.explore(STATEMENTS)) == repr(app.app)
    assert "0x" not in repr(app.app) and "$660.82 a month" in repr(app.app)
    assert b64decode(bundle["image/png"]).startswith(b"\x89PNG")


def test_a_script_without_a_view_is_told_nothing():
    app, sent_messages = ex.explore(STATEMENTS), []
    app.widget.send = app._answers._send = sent_messages.append
    app.set("response", 1e6)
    assert sent_messages == [] and app.workload.response.spread.median == pytest.approx(1e6)


def test_in_a_notebook_what_takes_longer_waits_until_the_sliders_rest():
    async def turn_twice() -> tuple[str, str, str]:
        app = Browser(ex.explore(STATEMENTS))
        await asyncio.wait_for(wait_for_panel(app, "turns"), 60)
        first = app.panel("turns")
        app.turn(response=10 * 1024.0**2)
        app.turn(runtime=5.0)
        during = app.panel("turns")
        app.panels.pop("turns")
        await asyncio.wait_for(wait_for_panel(app, "turns"), 60)
        return first, during, app.panel("turns")

    first, during, after = asyncio.run(turn_twice())
    assert first and during == first and after != first


async def wait_for_panel(app: Browser, panel: str) -> None:
    while panel not in app.panels:
        await asyncio.sleep(0.05)


def test_the_next_key_is_foreseen():
    async def two_keys() -> bool:
        app = Browser(ex.explore(STATEMENTS))
        await asyncio.wait_for(wait_for_panel(app, "turns"), 60)
        stops = app.app._answers._stops["requests_per_month"]
        index = app.at["dials"]["requests_per_month"]
        app.turn(requests_per_month=stops[index + 1])
        app.panels.pop("turns")
        await asyncio.wait_for(wait_for_panel(app, "turns"), 60)
        app.turn(requests_per_month=stops[index + 2])
        return app.messages[0].get("live") == 1

    assert asyncio.run(two_keys())


async def first_message_of_a_turn(field: str, ahead: list[str]) -> dict:
    """The first message after a slider has gone one stop up, once the browser has named sliders ahead."""
    app = Browser(ex.explore(STATEMENTS))
    await asyncio.wait_for(wait_for_panel(app, "turns"), 60)
    app.say("ahead", fields=ahead)
    await asyncio.wait_for(app.app._ahead, 60)
    stops, index = app.app._answers._stops[field], app.at["dials"][field]
    app.turn(**{field: stops[index + 1]})
    return app.messages[0]


def test_the_first_key_of_a_slider_with_the_focus_is_foreseen():
    assert asyncio.run(first_message_of_a_turn("requests_per_month", ["requests_per_month"]))["live"] == 1
    message = asyncio.run(first_message_of_a_turn("requests_per_month", ["response", "no such slider"]))
    assert message["partial"] and "live" not in message


def test_a_change_drops_what_is_foreseen_after_the_computation_under_way(monkeypatch):
    app = Browser(ex.explore(STATEMENTS))
    answers, now = app.app._answers, app.app._history.now
    state = now.with_({"requests_per_month": 4e6})
    computed = []
    monkeypatch.setattr(answers.maps, "compute_map", lambda *_: computed.append("map"))
    works = answers.foresee(state)
    next(works)()
    ready = answers.cache.take(state)
    assert not computed and not ready.is_whole
    next(works)()
    assert computed == ["map"] and not ready.is_whole
    next(works)()
    assert ready.is_whole and next(works, None) is None
    impossible = answers.foresee(now.with_({"targets.success": 2.0}))
    next(impossible)()
    assert next(impossible, None) is None


@pytest.mark.parametrize(("memory", "expected"), [(1769, ["a", "b", "turns"]), ("any", ["turns", "a", "b"])])
def test_with_an_open_size_what_is_foreseen_waits_for_the_screen(app, monkeypatch, memory, expected):
    answers, order = app.app._answers, []
    state = app.app._history.now
    ready = Ready(State(state.base.replace({"runtime.memory": memory})), None)
    monkeypatch.setattr(answers, "foresee", lambda state: [lambda: order.append(state)])
    monkeypatch.setattr(answers, "_panel", lambda name, *_, **__: order.append(name))
    monkeypatch.setattr(answers.maps, "compute_map", lambda *_: None)
    for stage in answers.stages(ready, iter(["a", "b"])):
        if order[-3:] == expected:
            break
        stage.work()
        stage.show()
    assert order == expected


def test_a_map_of_open_sizes_is_computed_in_bands_that_a_change_drops():
    state = State(ex.Workload.load(STATEMENTS).replace({"runtime.memory": "any"}))
    whole, banded = Maps(), Maps()
    computed_map = whole.compute_map(state, state.workload, 18)
    works = list(banded.computations(state, state.workload, 18))
    assert len(works) == 16 + 2  # the bands, the whole, its borders
    for work in works[:16]:
        work()
        assert banded.map_in_store(state, state.workload, 18) is None
    works[16]()
    joined = banded.map_in_store(state, state.workload, 18)
    assert np.array_equal(joined.winner, computed_map.winner) and joined.designs == computed_map.designs
    assert np.array_equal(joined.up, computed_map.up) and np.array_equal(joined.across, computed_map.across)
    assert np.allclose(joined.sweep.monthly_usd, computed_map.sweep.monthly_usd, rtol=1e-12, equal_nan=True)
    assert len(list(banded.computations(state, state.workload, 18))) == 1  # it is in the store
    one_size = State(ex.Workload.load(STATEMENTS))
    assert len(list(Maps().computations(one_size, one_size.workload, 18))) == 1


def test_two_keys_ahead_are_foreseen_in_the_direction_of_the_last():
    app = Browser(ex.explore(STATEMENTS))
    stops = app.app._answers._stops["requests_per_month"]
    index = app.at["dials"]["requests_per_month"]
    for step in (2, 1):  # down to the place above today's
        app.turn(requests_per_month=stops[index + step])
    states = app.app._answers.ahead(app.app._before, app.app._history.now)
    values = [state.values["requests_per_month"] for state in states]
    assert values == [stops[index], stops[index + 2], stops[index - 1]]


def test_the_browser_is_given_all_of_its_files_and_none_from_elsewhere():
    script, style = joined_web_files(SCRIPTS, "js"), joined_web_files(STYLES, "css")
    folder = web_dir()
    assert {path.stem for path in folder.glob("*.js")} == set(SCRIPTS)
    assert {path.stem for path in folder.glob("*.css")} == set(STYLES)
    urls = set(re.findall(r"https?://[^\s\"']+", script + style))
    assert urls == {"http://www.w3.org/2000/svg"} and "@import" not in style and "import " not in script


# Controls -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dial", DIALS, ids=lambda dial: dial.field)
def test_a_dial_reads_what_it_sets(dial):
    w = ex.Workload.load(STATEMENTS)
    for mark in (dial.marks[1], dial.marks[len(dial.marks) // 2]):
        assert dial.read(workload_with(w, {dial.field: mark})) == pytest.approx(mark, rel=1e-9)


def test_marks_are_rising_and_told_apart():
    for dial in DIALS:
        wordings = [dial.wording(mark) for mark in dial.marks]
        assert list(dial.marks) == sorted(set(dial.marks)) and len(set(wordings)) == len(wordings), dial.field


@pytest.mark.parametrize("field", SWITCHES)
def test_a_switch_turns_its_field(field):
    w = ex.Workload(requests_per_month=1e6, response="1 MB", runtime="1 s")
    section, name = field.split(".")
    for value in (True, False):
        assert getattr(getattr(workload_with(w, {field: value, "response": 5e6}), section), name) is value


def test_a_choice_offers_what_a_workload_takes():
    w = ex.Workload(requests_per_month=1e6, response="1 MB", runtime="1 s")
    for field, (_, options) in CHOICES.items():
        assert all(workload_with(w, {field: option}) for option in options)


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
    assert workload_with(w, {"response": 5e4}).response.spread.median == pytest.approx(5e4)


@pytest.mark.parametrize("response", SPREADS[:-1], ids=str)
def test_the_tail_of_any_distribution_can_be_stretched(response):
    w = ex.Workload(requests_per_month=1e6, response=response, runtime="1 s")
    for median, ratio in ((2e3, 8.0), (5e4, 1.5), (5e4, 1.0)):
        spread = workload_with(w, {"response": median, "response.p99": ratio}).response.spread
        assert (spread.median, spread.quantile(0.99)) == pytest.approx((median, median * ratio))


def test_a_tail_stays_where_the_median_is_turned(app):
    app.turn(response__p99=2.0)
    app.turn(response=3e6)
    spread = app.app.workload.response.spread
    assert (spread.median, spread.quantile(0.99)) == pytest.approx((3e6, 6e6))
    assert app.stands("response.p99") == "2 × median"
    app.say("why", key="field:response.p99")
    assert "6 MB" in app.why and "stretched" in app.why


def test_nothing_has_no_tail():
    w = ex.Workload(requests_per_month=1e6, response=0, runtime="1 s")
    assert workload_with(w, {"response.p99": 8.0}).response.spread.median == 0


@pytest.mark.parametrize("response", SPREADS, ids=str)
def test_any_distribution_has_its_place_on_the_map(response):
    app = Browser(ex.explore(ex.Workload(requests_per_month=1e6, response=response, runtime="1 s")))
    assert app.map["x"]["field"] == "response" and app.trouble == ""
