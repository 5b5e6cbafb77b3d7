"""Designs, limits and reasons in words: every function has an example that holds, and edges beside it."""

import doctest
import inspect
import math
from dataclasses import replace

import pytest

from explorer.analysis import phrases
from explorer.analysis.rejections import Rejection
from explorer.engine.designs import OPTIONS
from explorer.engine.limits import Finding
from explorer.facts import key_value, suggestions
from tests.support.designs import plain

DESIGN = plain("http-api", "inline", "stored", "single", "bundled")
OTHER = plain("http-api", "inline", "paged", "single", "environment")
FINDING = Finding(
    limit="apigw.http.timeout",
    limit_value=30.0,
    unit="seconds",
    used_p50=3.0,
    used_p99=40.0,
    breach_probability=0.02,
    broken_per_month=20_000.0,
    verdict="breach",
    consequence="ask AWS to raise the timeout to 50 seconds; until then: a time-out",
    source_url="",
    verified=True,
)
LIMIT = Rejection(
    because="apigw.http.timeout",
    kind="limit",
    why="Integration timeout",
    options=("door=http-api", "door=rest-api", "response=buffered"),
    designs=12,
    breach_probability=0.02,
    nearest=DESIGN.ids,
)
PROMISE = replace(
    LIMIT,
    because="targets.latency_p95",
    kind="promise",
    why="the p95 is promised within 10 s",
    options=("response=paged",),
    breach_probability=None,
)
NAMES = {"finding": FINDING, "limit": LIMIT, "promise": PROMISE, "design": DESIGN}
MODULES = (phrases, suggestions, key_value)
WORDS = [
    (module, name)
    for module in MODULES
    for name, value in vars(module).items()
    if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
]


@pytest.mark.parametrize(("module", "name"), WORDS, ids=[name for _, name in WORDS])
def test_every_function_has_an_example_that_holds(module, name):
    (example,) = doctest.DocTestFinder(recurse=False).find(
        getattr(module, name), name, globs=vars(module) | NAMES
    )
    assert example.examples, f"{name} has no example"
    lines: list[str] = []
    doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE).run(
        example, out=lines.append
    )
    assert not lines, "".join(lines)


def test_what_has_nothing_to_say_has_no_words():
    fits = replace(FINDING, breach_probability=0.0, broken_per_month=0.0)
    assert phrases.broken_a_month(fits) == ""
    assert phrases.design_difference_briefly(DESIGN, DESIGN) == ""
    assert phrases.varying_concerns([]) == []
    assert phrases.label_designs([]) == []


@pytest.mark.parametrize(
    ("broken_per_month", "words"),
    [
        (1.0, "1 a month"),
        (0.999, "less than 1 a month"),
        (9.99, "9.99 a month"),
        (30.3, "30 a month"),
        (102_936, "103,000 a month"),
        (2e6, "2 million a month"),
    ],
)
def test_requests_that_break_a_limit_are_counted_from_one_a_month(broken_per_month, words):
    assert phrases.broken_a_month(replace(FINDING, broken_per_month=broken_per_month)) == words


def test_a_tight_limit_that_no_request_breaks_says_what_the_p99_uses():
    tight = replace(FINDING, used_p99=28.0, breach_probability=0.0)
    assert phrases.tight_limit_at_length(tight) == (
        "Integration timeout of 30 s (API Gateway HTTP API): 28 s at the p99."
    )


def test_a_use_without_end_and_of_nothing():
    assert phrases.used_share(replace(FINDING, limit_value=0.0)) == math.inf
    assert phrases.used_share(replace(FINDING, limit_value=0.0, used_p99=0.0)) == 0.0
    endless = replace(FINDING, used_p99=math.inf)
    assert phrases.use_of_limit_at_length(endless) == "without end of 30 s"
    assert phrases.use_of_limit_briefly(endless) == "endless of 30 s"


@pytest.mark.parametrize(
    ("unit", "use", "limit", "plain", "at_length", "briefly"),
    [
        ("bytes", 4 * 1024**2, 6 * 1024**2, "4 MB of 6 MB", "4 MB of 6 MB", "4 MB of 6 MB"),
        ("MB", 512, 10240, "512 MB of 10,240 MB", "512 MB of 10 GB", "512 of 10,240"),
        ("requests/s", 12.5, 10000, "12.5 of 10,000 requests/s", "12.5 of 10,000 requests/s",
         "12.5 of 10,000"),
        ("layers", 1, 5, "1 of 5 layers", "1 of 5 layers", "1 of 5"),
    ],
)  # fmt: skip
def test_the_use_of_a_limit_in_three_lengths(unit, use, limit, plain, at_length, briefly):
    finding = replace(FINDING, unit=unit, used_p99=use, limit_value=limit)
    assert phrases.use_of_limit(finding) == plain
    assert phrases.use_of_limit_at_length(finding) == at_length
    assert phrases.use_of_limit_briefly(finding) == briefly


@pytest.mark.parametrize(
    ("limit_id", "name"),
    [
        ("apigw.rest.timeout", "integration timeout"),
        ("s3.write", "PUT/COPY/POST/DELETE per prefix"),
        ("sm.get", "GetSecretValue"),
    ],
)
def test_the_name_of_a_limit_begins_small_unless_it_is_a_term(limit_id, name):
    assert phrases.limit_name(limit_id) == name


@pytest.mark.parametrize(
    ("options", "plain", "at_length"),
    [
        ((), "", "several together"),
        (("door=alb",), "alb", "alb"),
        (("door=alb", "response=paged"), "paged behind alb", "paged behind alb"),
        (("request=inline", "response=paged"), "inline, paged", "inline, paged"),
        (("execution=single",), "", "single"),  # the one that is chosen
        (("execution=single", "execution=queued"), "queued", "single, queued"),
        (
            ("configuration=bundled", "execution=single"),
            "bundled with other executions",
            "single with bundled",
        ),
        (("configuration=environment", "execution=single"), "environment", "environment"),
        (("door=a", "door=b", "door=c", "door=d"), "a, b, c, d", "a, b, c, d"),
        (("door=a", "door=b", "door=c", "door=d", "door=e"), "a, b, c, d and others", "a, b, c, d, e"),
    ],
)
def test_what_a_reason_rules_out(options, plain, at_length):
    reason = replace(LIMIT, options=options)
    assert phrases.rejected_options(reason, DESIGN) == plain
    assert phrases.rejected_options_at_length(reason, DESIGN) == at_length


def test_a_reason_that_rules_out_no_option_of_its_own_rules_out_other_designs():
    reason = replace(PROMISE, options=("execution=single",))
    assert phrases.rejection(reason, DESIGN) == "other designs because the p95 is promised within 10 s"


@pytest.mark.parametrize(
    ("count", "words"), [(0, "several together"), (2, "a, b"), (3, "a, b +1"), (9, "a, b +7")]
)
def test_few_of_the_options_that_a_reason_rules_out(count, words):
    options = tuple(f"door={letter}" for letter in "abcdefghi"[:count])
    assert phrases.rejected_options_briefly(replace(LIMIT, options=options), 2) == words


@pytest.mark.parametrize(
    ("beside", "words", "or_all", "briefly"),
    [
        (OTHER, "response=stored, configuration=bundled", "response=stored, configuration=bundled",
         "stored, bundled"),
        (DESIGN.ids, "the same", str(DESIGN), ""),
    ],
)  # fmt: skip
def test_how_a_design_differs(beside, words, or_all, briefly):
    assert phrases.design_difference(DESIGN, beside) == words
    assert phrases.design_difference_or_all(DESIGN, beside) == or_all
    assert phrases.design_difference_briefly(DESIGN.ids, beside) == briefly


def test_a_door_that_offers_all_lacks_nothing():
    assert phrases.door_lacks(OPTIONS["door"]["rest-api"]) == ""


@pytest.mark.parametrize(("text", "words"), [("it ends.", "It ends."), ("run `x`", "Run `x`"), ("", ".")])
def test_a_sentence_has_one_end(text, words):
    assert phrases.sentence(text) == words
