"""Workloads by name stand side by side, each with its own answer; what is no scenario is one line."""

import csv
import io
import json
import re

import pytest

import explorer as ex
from explorer.analysis.phrases import pattern_name, sentence
from explorer.errors import ExplorerError
from explorer.facts.units import format_time, format_usd
from explorer.views.app.address import address_of, scenarios_of_address
from explorer.views.app.history import State
from explorer.views.app.scenarios import FULL, LONGEST_NAME, MOST_SCENARIOS, Scenarios, _limit_html
from tests.support.examples import each_example
from tests.views.app.test_screen import STATEMENTS, Browser, words


@pytest.fixture
def app() -> Browser:
    return Browser(ex.explore(STATEMENTS))


@pytest.fixture
def three(app: Browser) -> Browser:
    """Today, a day with ten times the requests, and one on which nobody polls."""
    app.say("keep", name="Today")
    app.turn(requests_per_month=30e6)
    app.say("keep", name="Black Friday")
    app.turn(client__polls=False)
    app.say("keep", name="Nobody polls")
    return app


def dialog_of(app: Browser) -> dict:
    """What the dialog was told last."""
    return next(message for message in reversed(app.messages) if message["say"] == "scenarios")


def rows(app: Browser) -> list[str]:
    """The rows of the table, in words."""
    app.say("scenarios")
    html = dialog_of(app)["html"]
    return [words(row) for row in html.split("<tr>")[2:]]


def names(app: Browser) -> list[str]:
    return [scenario.name for scenario in app.app._answers.scenarios]


def test_each_row_says_what_recommend_says(three):
    for scenario, text in zip(three.app._answers.scenarios, rows(three), strict=True):
        r = ex.recommend(scenario.state.workload)
        assert text.startswith(scenario.name) and sentence(pattern_name(r.nearest), "") in text
        for figure in (format_usd(r.monthly_usd), str(r.parts), format_time(r.latency_s["p95"])):
            assert figure in text
        assert ("not feasible" in text) == (not r.feasible) == ("the nearest miss" in text)


def test_what_differs_is_against_the_first(three):
    first, second, third = rows(three)
    assert "the first the first" not in second and "differs from the first the first" in first
    assert "Requests a month 3 million → 30 million" in second and "Client can poll" not in second
    assert "Client can poll yes → no" in third and "on the screen" in third and "on the screen" not in first


def test_the_least_of_the_feasible_is_marked(three):
    three.say("scenarios")
    html, (first, *_) = dialog_of(three)["html"], three.app._answers.scenarios
    assert f'<b title="the least">{format_usd(first.r.monthly_usd)}</b>' in html
    assert html.count('<b title="the least">$') == 1  # the nearest miss has none


def test_the_least_is_not_marked_where_all_are_the_same(app):
    for name in ("one", "two"):
        app.say("keep", name=name)
    assert "the least" not in dialog_of(app)["html"] and "nothing" in rows(app)[1]


def test_another_workload_names_itself_and_folds_what_is_long(app):
    app.say("keep", name="Today")
    app.say("preset", name="Photo uploads")
    app.say("keep", name="Photos")
    assert "Workload Account statements → Photo uploads" in rows(app)[1]
    assert "<details>" in dialog_of(app)["html"]


def test_one_is_loaded_and_undone(three):
    three.say("load", name="Today")
    assert three.app.workload.requests_per_month == 3e6 and three.app.workload.client.polls
    three.say("undo")
    assert not three.app.workload.client.polls


def test_one_of_another_workload_is_loaded(three):
    three.say("preset", name="Photo uploads")
    three.say("load", name="Black Friday")
    assert three.app.workload.name == "Account statements" and three.bar["preset"] == "Account statements"
    assert three.app.workload.requests_per_month == 30e6 and three.map["fine"]


def test_one_is_renamed_and_removed_in_its_place(three):
    three.say("rename", name="Black Friday", now=" Cyber   Monday ")
    assert names(three) == ["Today", "Cyber Monday", "Nobody polls"]
    three.say("rename", name="Today", now="Today")
    three.say("remove", name="Today")
    assert names(three) == ["Cyber Monday", "Nobody polls"] and "the first" in rows(three)[0]


def test_no_more_than_so_many(app):
    for _ in range(MOST_SCENARIOS):
        app.say("scenarios")
        app.say("keep", name=dialog_of(app)["proposal"])
    assert dialog_of(app)["full"] == FULL and names(app)[:2] == ["Today", "Scenario 2"]
    app.say("keep", name="one more")
    assert (
        dialog_of(app)["trouble"] == FULL and not dialog_of(app)["ok"] and len(names(app)) == MOST_SCENARIOS
    )
    app.say("remove", name="Scenario 3")
    assert dialog_of(app)["full"] == "" and dialog_of(app)["proposal"] == "Scenario 3"


@pytest.mark.parametrize("name", ["", "  ", "Today", " Today ", "x" * (LONGEST_NAME + 1)])
def test_a_name_that_is_none_is_one_line(app, name):
    app.say("keep", name="Today")
    app.say("keep", name=name)
    assert "expected" in dialog_of(app)["trouble"] and "\n" not in dialog_of(app)["trouble"]
    assert names(app) == ["Today"]


@pytest.mark.parametrize("what", ["rename", "remove"])
def test_one_that_is_not_there_is_one_line(app, what):
    app.say(what, name="Tomorrow", now="Yesterday")
    assert dialog_of(app)["trouble"] == 'No scenario is called "Tomorrow".'
    app.say("load", name="Tomorrow")
    assert app.trouble == 'no scenario is called "Tomorrow"'


def test_a_name_is_text_and_no_html(app):
    app.say("keep", name='<img src=x> "&')
    assert "<img" not in dialog_of(app)["html"] and rows(app)[0].startswith('<img src=x> "&')


def test_the_address_carries_them_into_another_screen(three):
    three.say("load", name="Today")
    three.say("where", number=1)
    (letters,) = three.messages
    other = Browser(ex.explore(STATEMENTS))
    other.say("hello", **letters)
    assert names(other) == names(three) and rows(other) == rows(three) and other.bar["scenarios"] == 3
    other.say("arrive", w=letters["w"])
    assert names(other) == [] and other.bar["scenarios"] == 0


def test_a_base_is_written_once_into_the_address(three):
    three.say("where", number=1)
    assert "explorer1-" not in three.messages[0]["s"]


def test_scenarios_of_other_bases_go_into_the_address_and_back():
    scenarios = Scenarios()
    for stem in ("photos", "statements", "photos"):
        state = State(ex.Workload.load(stem)).with_({"requests_per_month": 7e6})
        scenarios.add(f"{stem} {len(scenarios)} · ö.~", state)
    letters = address_of(State(ex.Workload.load("statements")), None, scenarios)
    again = scenarios_of_address(letters["s"], letters["w"])
    assert [each.name for each in again] == [each.name for each in scenarios]
    for one, other in zip(again, scenarios, strict=True):
        assert one.state.workload.to_toml() == other.state.workload.to_toml()


@pytest.mark.parametrize("letters", ["x", "a.b", "a.b.c.d", "_w..", "VG8..eJw", "..", "VG8.explorer1-x."])
def test_scenarios_that_are_not_whole_are_one_line_and_change_nothing(three, letters):
    three.say("where", number=1)
    w = three.messages[0]["w"]
    with pytest.raises(ExplorerError) as caught:
        scenarios_of_address(letters, w)
    assert "\n" not in str(caught.value)
    before = names(three), three.app.workload
    three.say("arrive", w=w, s=letters)
    assert three.trouble and (names(three), three.app.workload) == before


def test_an_address_holds_no_more_of_them(app):
    app.say("where", number=1)
    with pytest.raises(ExplorerError, match="the most"):
        scenarios_of_address(".".join(f"{letter}mE.." for letter in "WXYZabcd"), app.messages[0]["w"])


def test_what_is_too_long_for_the_address_is_said(monkeypatch, app):
    monkeypatch.setattr("explorer.views.app.address.LONGEST", 10)
    app.say("keep", name="Today")
    assert "too much for the page's address" in dialog_of(app)["trouble"] and dialog_of(app)["ok"]


def test_they_are_given_as_csv(three):
    three.say("rename", name="Nobody polls", now="=1+1")
    three.say("table")
    text = three.files["scenarios.csv"].decode()
    table = list(csv.DictReader(io.StringIO(text)))
    assert [row["scenario"] for row in table] == ["Today", "Black Friday", "'=1+1"]
    for row, scenario in zip(table, three.app._answers.scenarios, strict=True):
        r = ex.recommend(scenario.state.workload)
        assert float(row["monthly_usd"]) == r.monthly_usd and int(row["parts"]) == r.parts
        assert float(row["latency_p95_s"]) == r.latency_s["p95"] and row["design"] == str(r.nearest)
        assert row["feasible"] == ("yes" if r.feasible else "no")
    assert table[1]["differs_from_first"] == "Requests a month 3 million → 30 million"
    assert float(table[0]["tightest_limit_breach_probability"]) < 1e-3


@each_example
def test_every_example_can_be_a_scenario(path):
    app = Browser(ex.explore(path))
    app.say("keep", name="It")
    assert json.dumps(dialog_of(app))
    app.say("table")
    assert app.files["scenarios.csv"].count(b"\n") == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("satellite", r"^\d[\d.]* times the limit On-Demand vCPUs: 378 of 6"),
        ("access", r"^\d[\d.]* % of the limit "),
        ("statements", r"^\d[\d.]* % of the requests break it: "),
    ],
)
def test_the_figure_of_the_tightest_limit_says_of_what(name, text):
    assert re.search(text, words(_limit_html(ex.recommend(ex.Workload.load(name)))))
