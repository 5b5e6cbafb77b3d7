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
CONCURRENCY = replace(FINDING, limit="lambda.concurrency", unit="executions", limit_value=1000, used_p99=6)
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
    assert phrases.change_in_words(DESIGN, DESIGN) == phrases.name_design({}) == ""
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
        ("MB", 512, 10240, "512 MB of 10,240 MB", "512 MB of 10,240 MB",
         "512 MB of 10,240 MB"),
        ("requests/s", 12.5, 10000, "12.5 of 10,000 requests/s", "12.5 of 10,000 requests/s",
         "12.5 of 10,000 requests/s"),
        ("layers", 1, 5, "1 of 5 layers", "1 of 5 layers", "1 of 5 layers"),
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


def test_a_unit_that_the_name_of_a_limit_says_is_not_said_again():
    assert phrases.use_of_limit_briefly(CONCURRENCY) == "6 of 1,000"
    assert phrases.use_of_limit(CONCURRENCY) == "6 of 1,000 executions"


@pytest.mark.parametrize(
    ("options", "at_length", "briefly"),
    [
        ((), "several together", "several together"),
        (("door=alb",), "load balancer", "load balancer"),
        (
            ("door=alb", "response=paged"),
            "paged behind load balancer",
            "paged behind load balancer",
        ),
        (
            ("request=inline", "response=paged"),
            "body in the request or paged",
            "paged or body in the request",
        ),
        (("execution=single",), "single Lambda invocation", "single Lambda invocation"),
        (
            ("execution=queued", "execution=single"),
            "queue before the worker or single Lambda invocation",
            "single Lambda invocation or queue before the worker",
        ),
        (
            ("configuration=bundled", "execution=single"),
            "single Lambda invocation with bundled file",  # the design has a bundled file itself
            "single Lambda invocation or bundled file",
        ),
        (
            ("configuration=environment", "execution=single"),
            "single Lambda invocation",
            "single Lambda invocation or environment variables",
        ),
        (
            ("door=alb", "door=http-api", "response=buffered"),
            "synchronous behind load balancer or HTTP API",
            "synchronous behind HTTP API or load balancer",
        ),
    ],
)
def test_what_a_reason_rules_out(options, at_length, briefly):
    reason = replace(LIMIT, options=options)
    assert phrases.rejected_options_at_length(reason, DESIGN) == at_length
    assert phrases.rejected_options_briefly(reason) == briefly


@pytest.mark.parametrize(
    ("options", "in_words", "briefly"),
    [
        (
            ("door=alb", "door=http-api", "door=rest-api", "request=inline"),
            "the body in the request behind an HTTP API, a REST API or a load balancer",
            "body in the request behind HTTP API or 2 others",
        ),
        (  # four bodies: the third and the fourth are counted
            ("response=buffered", "response=paged", "response=stored", "response=streamed"),
            "a synchronous endpoint, a streaming endpoint or 2 others",
            "synchronous or 3 others",
        ),
        (
            ("execution=fargate", "response=stored"),
            "an asynchronous endpoint or a Fargate task for each job",
            "asynchronous or Fargate task for each job",
        ),
    ],
)
def test_a_sentence_and_a_label_name_the_same_options_and_count_the_others(options, in_words, briefly):
    reason = replace(LIMIT, options=options)
    assert phrases.reason_in_words(reason).endswith(f", which rules out {in_words}")
    assert phrases.rejected_options_briefly(reason) == briefly


def test_a_reason_with_a_clause_for_each_option_is_said_as_it_is():
    why = "SnapStart does not take python3.11; a durable function does not take python3.11"
    assert phrases.exclusion_in_words(why, "SnapStart") == why


def test_a_reason_says_which_body_a_door_does_not_take():
    reason = replace(LIMIT, because="alb.lambda.request", options=("door=alb", "request=inline"))
    assert phrases.reason_in_words(reason) == (
        "2 % of the requests exceed the request body to a Lambda target of 1 MB, "
        "which rules out the body in the request behind a load balancer"
    )


def test_a_reason_that_begins_with_it_is_said_of_what_it_rules_out():
    reason = replace(PROMISE, why="it is no place for secrets", options=("configuration=environment",))
    assert phrases.reason_in_words(reason) == "environment variables are no place for secrets"


@pytest.mark.parametrize(
    ("beside", "ids", "words"),
    [
        (OTHER, "response=stored, configuration=bundled",
         "as an asynchronous endpoint, with configuration in a bundled file"),
        (DESIGN.ids, "the same", ""),
    ],
)  # fmt: skip
def test_how_a_design_differs(beside, ids, words):
    assert phrases.design_difference(DESIGN, beside) == ids
    assert phrases.change_in_words(DESIGN.ids, beside) == words


def test_options_are_told_apart_in_a_list():
    designs = [{"door": "alb", "execution": name} for name in ("single", "service")]
    assert phrases.label_designs(designs) == ["single Lambda invocation", "container service"]
    both = [DESIGN, OTHER]
    assert phrases.label_designs(both) == ["asynchronous, bundled file", "paged"]


def test_every_option_has_a_name_of_its_own_without_an_article():
    for concern, options in OPTIONS.items():
        names = [phrases.option_name(concern, option) for option in options]
        assert len(set(names)) == len(names)
        assert not any(name.startswith(("a ", "an ", "the ")) for name in names)


def test_a_door_that_offers_all_lacks_nothing():
    assert phrases.door_lacks(OPTIONS["door"]["rest-api"]) == ""


@pytest.mark.parametrize(("text", "words"), [("it ends.", "It ends."), ("run `x`", "Run `x`"), ("", ".")])
def test_a_sentence_has_one_end(text, words):
    assert phrases.sentence(text) == words
