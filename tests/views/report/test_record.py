"""A report as a decision record: who decides, a first page that is enough, details folded after it."""

import re
import sys

import pytest

import explorer as ex
from explorer.views.report.front_page import record_title
from explorer.views.report.report import render_document
from tests.support.documents import example_document
from tests.views.report.test_report import Page, markdown_text, simple

RECORD = {
    "context": "The export of the monolith times out",
    "date": "2026-11-30",
    "deciders": ["A. Architect", "B. Board"],
    "status": "accepted",
    "supersedes": "ADR 7",
}


@pytest.fixture(scope="module", params=["html", "md"])
def text(request):
    document = render_document(
        ex.recommend(simple(name="Orders", decision=RECORD)), f"x.{request.param}"
    ).decode()
    return Page(document).text if request.param == "html" else markdown_text(document)


def test_a_record_says_who_decided_what_when_and_instead_of_what(text):
    assert "Orders: synchronous endpoint behind a function URL" in text
    assert "The export of the monolith times out." in text
    for phrase in ("30 November 2026", "A. Architect, B. Board", "ADR 7"):
        assert phrase in text
    assert re.search(r"\b[Aa]ccepted\b", text)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        (
            "photos",
            "Photo uploads: synchronous endpoint behind an HTTP API, with uploads to S3 first and secrets"
            " in Parameter Store",
        ),
        (
            "questions",
            "Question pages: always-on container service behind a load balancer, with secrets in Parameter"
            " Store",
        ),
        ("chat", "Chat with a language model: streaming endpoint behind a function URL"),
    ],
)
def test_the_title_names_what_is_built_as_people_call_it(name, title):
    assert record_title(ex.recommend(ex.Workload.load(name))) == title


def test_the_first_page_is_enough():
    text = Page(example_document("statements", "html")).text
    first = text.partition("Sizes before any encoding")[0]
    for heading in ("Context", "Why", "Risk", "What would change it", "Compared with today", "Money"):
        assert heading in first
    for phrase in (
        "Build an asynchronous endpoint",
        "$660.82",
        "month 36",
        "of the bill rests on prices last seen",
    ):
        assert phrase in first
    assert (
        "memory (1,769 MB)" in first and "client collects the result (yes)" in first
    )  # the assumption that decides, by name


@pytest.fixture(scope="module")
def page() -> Page:
    """The report on a workload without a record."""
    return Page(render_document(ex.recommend(simple()), "x.html").decode())


def test_nobody_is_named_where_nobody_was_said(page):
    assert page.text.count("not named") == 2 and "proposed" in page.text


def test_all_but_the_first_page_is_folded_and_each_fold_is_named(page):
    folds = [a for a in page.all("details") if a.get("class") == "section"]
    assert len(folds) >= 12 and not any("open" in a for a in folds)
    assert len({a["id"] for a in folds}) == len(folds)


def test_awss_own_pages_come_first_among_the_sources():
    text = example_document("statements", "md")
    sources = re.findall(r"^(\d+)\. <(https://[^>]+)>", text.partition("## Sources")[2], flags=re.M)
    own = ["aws.amazon.com/" in url or "github.com/boto/" in url for _, url in sources]
    assert own == sorted(own, reverse=True) and own[0] and not own[-1]
    assert [int(number) for number, _ in sources] == list(range(1, len(sources) + 1))
    cited = {int(n) for n in re.findall(r"\[\\\[(\d+)\\\]\]", text)}
    assert cited <= set(range(1, len(sources) + 1)) and max(cited) > 5


def test_a_picture_that_is_missing_is_said_where_it_would_be(monkeypatch):
    monkeypatch.setitem(sys.modules, "explorer.views.figures", None)
    monkeypatch.delattr("explorer.views.figures", raising=False)
    page = Page(render_document(ex.recommend(simple()), "x.html").decode())
    assert page.all("img") == []
    assert page.text.count("A picture here needs matplotlib, which is not installed") >= 8
    assert render_document(ex.recommend(simple()), "x.pdf").startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("field", "value", "accepted"),
    [
        ("date", "30.11.2026", 'decision.date is "30.11.2026": expected a day such as 2026-11-30'),
        ("date", "2026-02-30", 'decision.date is "2026-02-30": expected a day such as 2026-11-30'),
        ("status", "done", 'decision.status is "done": expected one of proposed, accepted'),
        ("deciders", 3, "decision.deciders is 3: expected a list"),
        ("owner", "x", "decision.owner is not a field"),
    ],
)
def test_a_wrong_field_of_the_record_is_one_line(field, value, accepted):
    with pytest.raises(ex.ExplorerError, match=re.escape(accepted)):
        simple(decision={field: value})


def test_the_record_chooses_nothing_and_travels_with_the_file():
    with_record, without = simple(decision=RECORD), simple()
    assert ex.recommend(with_record).design == ex.recommend(without).design
    assert ex.Workload.from_toml(with_record.to_toml()).decision == with_record.decision
    assert simple(decision={"deciders": "C. Chair"}).decision.deciders == ("C. Chair",)
