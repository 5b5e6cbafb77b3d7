"""A report on a workload for which nothing is feasible does not contradict itself."""

import re

import pytest

import explorer as ex
from explorer.analysis.phrases import limit_name
from explorer.facts.verdict import Verdict
from explorer.views.report.report import render_document
from tests.views.report.test_numbers import markdown_tables
from tests.views.report.test_report import impossible

HUGE = {
    "requests_per_month": 9e9,
    "request": {"p50": "40 MB", "p99": "2 GB"},
    "response": {"p50": "300 MB", "p99": "20 GB"},
    "runtime": {"p50": "40 min", "p99": "20 h", "divisible": True, "steps": 500, "state": "4 MB"},
}


@pytest.fixture(scope="module", params=["impossible", "huge"])
def answer(request):
    return impossible() if request.param == "impossible" else ex.recommend(ex.Workload(**HUGE))


@pytest.fixture(scope="module")
def text(answer):
    assert not answer.feasible
    return render_document(answer, "x.md").decode().replace("\u00a0", " ")


def part(text, title):
    return re.search(rf"^#+ {title}\n\n(.*?)(?=^#)", text, flags=re.M | re.S)[1]


def test_what_breaks_is_what_is_to_be_watched(answer, text):
    watched = part(text, "To watch")
    assert "No limit is near" not in text and "No other limit is near" not in text
    for finding in answer.answer.findings:
        if finding.verdict is Verdict.BREACH:
            assert limit_name(finding.limit) in watched


def test_no_design_is_called_chosen_or_best(text):
    assert not re.search(r"chosen design|recommended design|No limit of this design breaks", text)
    assert "the least cost" not in part(text, "Decision")


def test_the_tightest_limit_is_the_first_that_is_missed(answer, text):
    tile = re.search(r"\| Tightest limit \| (.*?) \| (.*?) \|", text)
    first = answer.answer.findings[0]
    assert first.verdict is Verdict.BREACH and limit_name(first.limit).lower() in tile[2].lower()
    row = markdown_tables(text)["Limits, worst first"][1]
    assert limit_name(first.limit).lower() in row[0].lower() and row[5] == "breach"
