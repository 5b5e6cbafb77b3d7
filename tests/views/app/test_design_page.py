"""Every design is a place: its money, parts, seconds and limits beside the chosen one's; lists are whole."""

import re
from html import unescape

import pytest

import explorer as ex
from explorer.engine.designs import Design
from explorer.facts.units import format_time, format_usd
from explorer.views.app.design_page import MOST_DESIGNS, DesignPage, _usd_difference, list_message


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


@pytest.fixture(scope="module")
def r() -> ex.Recommendation:
    return ex.recommend(ex.Workload.load("statements"))


def test_an_alternative_stands_beside_the_chosen_design(r):
    other = r.answer.alternatives[0]
    page = DesignPage(r.workload, r.nearest, Design(**other.design)).to_dict()
    text = words(page["html"])
    assert page["title"].startswith("Instead: ") and "Feasible" in text
    for figure in (r.monthly_usd, other.monthly_usd):
        assert format_usd(figure) in text
    assert format_time(other.latency_p95_s) in text and f"moving parts {r.parts} {other.parts}" in text
    assert page["steps"]["steps"] and "Bill a month" in text


def test_a_difference_of_nothing_is_the_same():
    w = ex.Workload.load("subscriptions")
    best = ex.recommend(w).nearest
    store = next(each for each in ("secrets-manager", "parameter-store") if each != best.configuration)
    text = words(DesignPage(w, best, Design(**{**best.ids, "configuration": store})).to_dict()["html"])
    assert "+$0.00" not in text and "+0 " not in text
    assert "moving parts" in text and "the same" in text and re.search(r"in all \$\S+ \$\S+ [+-]\$", text)
    assert _usd_difference(12.341, 12.344) == "the same"  # both are $12.34
    assert _usd_difference(12.341, 12.346) == "+$0.005"
    assert _usd_difference(0.0, 0.004) == "+$0.004"


def test_a_design_that_is_ruled_out_says_why(r):
    reason = next(reason for reason in r.answer.rejections if reason.kind == "limit")
    text = words(DesignPage(r.workload, r.nearest, Design(**reason.nearest)).to_dict()["html"])
    assert "Not feasible" in text and "breach" in text


def test_the_chosen_design_is_a_place_too(r):
    page = DesignPage(r.workload, r.nearest, r.nearest).to_dict()
    assert page["title"] == "The chosen design" and "Beside the chosen" not in page["html"]
    for finding in r.answer.findings:
        assert f'data-why="limit:{finding.limit}"' in page["html"]


def test_a_point_of_the_map_is_for_the_workload_there(r):
    there = r.workload.replace({"response": {"p50": "5 MB"}})
    text = words(DesignPage(there, r.nearest, r.nearest, "Response 5 MB").to_dict()["html"])
    assert "For the workload at Response 5 MB" in text
    assert format_usd(float(ex.cost(there, r.nearest).total_usd)) in text


def test_the_lists_are_whole(r):
    limits, reasons, designs = (list_message(r, name) for name in ("limits", "reasons", "designs"))
    assert limits["html"].count('data-why="limit:') >= len(r.answer.findings)
    whole = [reason for reason in r.answer.rejections if reason.kind != "combination"]
    assert reasons["html"].count("data-open=") == len(whole) and str(len(whole)) in reasons["title"]
    assert designs["html"].count("data-open=") == min(len(r.answer.alternatives), MOST_DESIGNS)
    assert designs["title"] == f"All {len(r.answer.alternatives)} other feasible designs"
