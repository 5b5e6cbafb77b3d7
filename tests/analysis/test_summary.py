"""The words of an answer, over all examples and what teams built: short, round, without ids, and right."""

import re
from functools import cache
from pathlib import Path

import pytest

import explorer as ex
from explorer.analysis.choice import PartPriceChange
from explorer.analysis.phrases import describe_design, reason_in_words
from explorer.analysis.plain_reasons import plain_reasons
from explorer.analysis.summary import (
    LONGEST,
    build_sentence,
    headed_paragraphs,
    part_price_sentence,
    summary_paragraphs,
)
from explorer.engine.designs import OPTIONS, table
from explorer.facts import catalogue
from explorer.workload.fields import FIELDS
from tests.support.examples import FILES

HERE = Path(__file__).parent
STORIES = [pytest.param(path, id=path.stem) for path in sorted((HERE / "stories").glob("*.toml"))]
every = pytest.mark.parametrize("path", FILES + STORIES)
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
# An id says it is one by its hyphen, its dot or its "="; "service" and "single" are words too.
IDS = {name for options in OPTIONS.values() for name in options if "-" in name}
IDS |= {record.path for record in FIELDS if "." in record.path} | {*catalogue.limits()}
PROPER = {"1.44.7", "1.58"}  # versions of other software


@cache
def answer(path):
    return ex.recommend(ex.Workload.load(path))


def part_price_words(usd, above):
    """The sentence on one change at a part price."""

    class R:
        part_price_changes = (PartPriceChange(usd, above, {"compression": "gzip"}),)
        nearest = {"compression": "none"}

    return part_price_sentence(R())


@pytest.mark.parametrize(
    ("usd", "above", "worth"),
    [
        (30.46, True, "more than $30.5 a month"),
        (7.281, False, "less than $7.28 a month"),
        (0.01, False, "less than $0.01 a month"),
        (0.004, False, "nothing"),  # less than a cent
    ],
)
def test_the_trade_names_the_price_of_a_part_at_which_the_choice_changes(usd, above, worth):
    assert (
        part_price_words(usd, above) == f"If a moving part is worth {worth}, build it with gzipped results."
    )


@pytest.mark.parametrize(
    ("part_usd", "changes", "condition"),
    [
        (10, [], ""),
        (10, [(20.0, True)], "; it depends on what a moving part is worth"),
        (10, [(20.1, True)], ", unless a moving part is worth more than $20.1 a month"),
        (10, [(5.0, False)], "; it depends on what a moving part is worth"),
        (10, [(4.9, False)], ", unless a moving part is worth less than $4.90 a month"),
        (10, [(60.0, True), (2.0, False)], ", unless a moving part is worth less than $2 a month"),
        (
            10,
            [(60.0, True), (1.0, False)],
            ", unless a moving part is worth more than $60 a month",
        ),  # 6 times
        (10, [(0.004, False)], ", unless a moving part is worth nothing"),
        (0, [(0.004, True)], "; it depends on what a moving part is worth"),
        (0, [(30.0, True)], ", unless a moving part is worth more than $30 a month"),
    ],
)
def test_the_first_sentence_says_whether_the_price_of_a_part_decides(part_usd, changes, condition):
    class R:
        design = table().design(0)
        part_price_changes = [PartPriceChange(usd, above, {}) for usd, above in changes]

    R.part_usd = part_usd
    assert build_sentence(R()) == f"Build {describe_design(R.design)}{condition}."


def words(path):
    """The paragraphs without the workload's own name, which may have any number in it."""
    r = answer(path)
    return {k: text.replace(r.workload.name, "NAME") for k, text in summary_paragraphs(r.answer).items()}


@every
def test_the_first_sentence_names_the_pattern_in_thirty_words(path):
    r = answer(path)
    if not r.feasible:
        return
    first = r.summary.split(". ")[0]
    assert len(first.split()) <= 30 and first.startswith("Build a")
    assert OPTIONS["response"][r.design.response].phrase in first
    assert OPTIONS["door"][r.design.door].phrase in first


def test_no_design_at_all_has_a_longer_first_sentence():
    class Depends:
        part_price_changes = (PartPriceChange(33.3, True, {"door": "alb"}),)
        part_usd = 10.0

        def __init__(self, design):
            self.design = design

    longest = max((build_sentence(Depends(design)) for design in table().designs), key=len)
    firsts = [build_sentence(Depends(design)).split(". ")[0] for design in table().designs]
    assert max(len(first.split()) for first in firsts) <= LONGEST
    assert ". It has " in longest and longest.endswith(".")


@every
def test_no_word_is_an_id_and_no_figure_has_more_than_three_digits(path):
    for text in words(path).values():
        tokens = {token.strip(".,;:()") for token in text.split()}
        assert not tokens & IDS and "=" not in text and "_" not in text
        for figure in set(NUMBER.findall(text)) - PROPER:
            digits = figure.replace(",", "").replace(".", "").strip("0")
            assert len(digits) <= 3 or figure.strip(",") == "2026", (figure, text)
            assert "e-0" not in text and "e+" not in text


@every
def test_a_sentence_begins_with_a_capital_and_nothing_is_said_twice(path):
    for title, text in words(path).items():
        assert text.endswith("."), title
        sentences = re.split(r"(?<=\.) (?=[A-Z])", text)
        assert len(set(sentences)) == len(sentences)
        assert text.count("First ") <= 1 and ".." not in text and "  " not in text
        assert not re.search(r"\b1 (?:moving )?parts\b|\b(?:[2-9]|\d\d+) (?:moving )?part\b", text)


@every
def test_the_answer_itself_is_the_first_heading_and_the_text_below_does_not_repeat_it(path):
    (heading, text), *others = headed_paragraphs(answer(path).answer)
    assert heading.startswith("Build ") == answer(path).feasible and heading.endswith(".")

    assert not text.startswith(heading.split()[0]) and heading not in text
    assert all(not below.startswith(title.rstrip(".")) for title, below in others)


@every
def test_a_reason_tells_what_the_plain_choice_would_break_or_cost(path):
    """Each reason is held against the plain choice itself, not against the words."""
    r = answer(path)
    for reason in plain_reasons(r.answer):
        plain = {**r.design.ids, reason.concern: next(iter(OPTIONS[reason.concern]))}
        if reason.usd is not None:
            assert float(ex.cost(r.workload, plain).total_usd) == pytest.approx(reason.usd)
            others = r.alternatives
            same = others[(others[list(plain)] == list(plain.values())).all(axis=1)]
            assert len(same) == 1 and reason.usd >= 0
        else:
            others = r.alternatives
            assert others[(others[list(plain)] == list(plain.values())).all(axis=1)].empty


def test_a_plain_design_has_nothing_to_explain():
    r = ex.recommend(ex.Workload(requests_per_month=1e4, response="2 KB", runtime="20 ms"))
    assert list(plain_reasons(r.answer)) == []
    assert "The plainest design keeps every limit and every promise." in r.summary


@pytest.mark.parametrize(
    ("p99", "says"), [("1.5 MB", "keeps every limit"), ("5.5 MB", "no more requests than may fail")]
)
def test_a_plain_design_that_breaks_a_limit_now_and_then_is_said_to(p99, says):
    """6 MB is ln 6 / ln 1.5 x 2.33 = 10 deviations above a median of 1 MB; or ln 6 / ln 5.5 x 2.33 = 2.4."""
    response = {"p50": "1 MB", "p99": p99}
    w = ex.Workload(requests_per_month=1e6, response=response, runtime="20 ms", targets={"success": 0.99})
    r = ex.recommend(w)
    assert r.feasible and list(plain_reasons(r.answer)) == []
    assert says in r.summary


def test_a_limit_of_a_door_rules_a_single_invocation_out_only_there():
    """Behind a load balancer a request of a function has at most 1 MB; behind a function URL it has 6 MB."""
    w = ex.Workload.load("statements").replace({"requests_per_month": 8e6})
    r = ex.recommend(w)
    assert (r.design.door, r.design.execution) == ("alb", "service")
    assert "which rules out a single Lambda invocation behind a load balancer" in r.summary
    assert (r.alternatives.execution == "single").any()


def test_beside_today_the_money_stands_first_then_what_comes_and_goes():
    r = ex.recommend(ex.Workload.load("statements"))
    text = summary_paragraphs(r.answer)["Against today"]
    phrases = ("$40.7 a month more", "parts added: submit function", "parts removed: REST API")
    places = [text.index(words) for words in phrases]
    assert places == sorted(places) and text.index("Today 3.4 %") > places[-1]
    assert r.answer.changes[0].change == "cost"


def test_a_difference_below_a_cent_is_none():
    r = ex.recommend(ex.Workload.load("thumbnails"))
    usd = next(change.usd for change in r.answer.changes if change.change == "cost")
    assert abs(usd) < 0.01 and "as much as today" in r.summary


def test_a_quota_that_is_raised_many_times_over_is_said_with_its_multiple_and_as_an_assumption():
    """The solver's tasks need 400 of 6 vCPUs; AWS says that it grants "a few thousand"."""
    r = ex.recommend(ex.Workload.load("solver"))
    assert "First ask AWS to raise On-Demand vCPUs from 6 to 400, 66.7 times as much." in r.summary
    (row,) = [row for row in r.answer.assumptions if row.id == "fargate.vcpu"]
    assert row.value == "raised to 4,000 vCPU at most" and "a few thousand" in row.why


@pytest.mark.parametrize(
    ("memory", "architecture", "size"),
    [
        ("any", "any", "Of the sizes that keep every promise, 4 GB of memory on Arm costs least"),
        ("any", "x86_64", "Of the sizes that keep every promise, 4 GB of memory costs least"),
        ("4096 MB", "any", "Of the sizes that keep every promise, Arm costs least"),
        ("4096 MB", "arm64", None),
    ],
)
def test_a_size_that_the_answer_chose_is_named(memory, architecture, size):
    # 2 s on the one vCPU of 1,769 MB are 0.86 s on the 2.3 of 4,096 MB, and 1.18 s on those of 3,008 MB.
    p50 = "2 s" if memory == "any" else "0.86 s"
    runtime = {"p50": p50, "cpu": 1.0, "threads": 4, "memory": memory, "architecture": architecture}
    w = {"requests_per_month": 1e6, "request": "1 KB", "response": "1 KB", "client": {"waits": "20 s"}}
    r = ex.recommend(ex.Workload(**w, runtime=runtime, targets={"latency_p95": "1 s"}))
    assert r.feasible and r.memory_mb == 4096
    assert (size in r.summary) if size else "Of the sizes" not in r.summary


@pytest.mark.parametrize(
    ("memory", "least", "sentence"),
    [
        # 0.2 s + 0.2 s x 1769 / 128 = 2.96 s of 0.125 GB, or 0.4 s of 1.7275 GB: for 3 million requests
        # 1.11 and 2.07 million GB-seconds, at 13.3334 millionths of a dollar $14.8 and $27.6
        ("any", "128 MB", "128 MB of memory costs least; 1,769 MB costs $12.8 a month more and takes 446 ms"
         " in place of 3.01 s at the median."),
        # 0.2 s + 0.2 s x 1769 / 1024 = 546 ms, with 45 ms at the door 1.33 times as long: not worth a word
        ("any", "1 GB", "1 GB of memory costs least."),
        ("128 MB", "128 MB", None),
    ],
)  # fmt: skip
def test_what_an_open_size_trades_is_said_where_it_matters(memory, least, sentence):
    w = {"requests_per_month": 3e6, "request": "1 KB", "response": "1 KB", "client": {"waits": "20 s"}}
    runtime = {"value": 0.4, "cpu": 0.5, "memory": memory, "used": least}
    r = ex.recommend(ex.Workload(**w, runtime=runtime, region="us-east-1"))
    whole = f"Of the sizes that keep every promise, {sentence}"
    assert (whole in r.summary) if sentence else "Of the sizes" not in r.summary


def test_what_would_make_a_design_feasible_is_said_once():
    # 20 million requests a month are 38 a second at the peak: 68 at once that take 1.8 s, of which 30 may run
    load = {"requests_per_month": 2e7, "request": "3 KB", "response": "1 KB", "runtime": "1.8 s"}
    load |= {"client": {"waits": "25 s", "polls": False}}
    many_ways = ex.recommend(ex.Workload(**load, downstream={"concurrency": 30}))
    once = {"p50": "1.8 s", "once": True}  # what must not run twice neither waits in a queue nor is retried
    one_way = ex.recommend(ex.Workload(**load | {"runtime": once}, downstream={"concurrency": 30}))
    for r in (many_ways, one_way):
        assert not r.feasible
        axes = {turn.axis for turn in r.answer.break_evens}
        assert axes == {"runtime", "requests_per_month"} and "below a rate of" in r.summary
        assert r.summary.count("median run time") == 1
    assert "below a median run time of" in many_ways.summary  # three abilities are asked for first
    assert "feasible if the median run time were" in one_way.summary


HOOK = {"requests_per_month": 1e6, "request": "4 KB", "response": "200 B"}
LOST = "What fails or is throttled is lost unless the sender sends it again."


@pytest.mark.parametrize(
    ("runtime", "collects", "outcome", "is_lost"),
    [
        ("60 ms", True, "half of the results are in hand within", False),
        ("60 ms", False, "half of the requests are answered within", True),
        ("60 s", False, "half of the work is done within", False),  # a 202 first: the client waits 29 s
    ],
)
def test_what_nobody_collects_is_answered_or_done(runtime, collects, outcome, is_lost):
    client = {"polls": False, "collects": collects, "waits": "29 s"}
    text = ex.recommend(ex.Workload(**HOOK, runtime=runtime, client=client)).summary
    assert outcome in text and (LOST in text) == is_lost


STREAM = {
    "requests_per_month": 1e5,
    "response": "6 KB",
    "runtime": {"p50": "300 s", "first_byte": "1 s"},
    "client": {"waits": "10 s", "polls": False},
}


def test_a_late_first_byte_has_its_subject():
    """A synchronous answer begins after 300 s of work, a stream after 1 s; the client waits 10 s."""
    text = ex.recommend(ex.Workload(**STREAM)).summary
    late = "first byte of a synchronous endpoint comes after the 10 s that the client waits, in all requests."
    assert late in text


def test_a_limit_of_the_edge_names_the_bodies_that_break_it():
    """CloudFront waits 180 s at most, once raised: a first byte after 300 s breaks it, after 1 s not."""
    reasons = ex.recommend(ex.Workload(**STREAM)).answer.rejections
    (reason,) = (each for each in reasons if each.because == "cf.origin.timeout")
    assert reason.options == ("edge=cloudfront", "response=buffered", "response=paged")
    expected = ", which rules out a synchronous endpoint or a paged endpoint with CloudFront in front"
    assert reason_in_words(reason).endswith(expected)
