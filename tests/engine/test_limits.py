"""Verdicts, breach probabilities, and what the caller sees."""

import pytest

import explorer as ex
from explorer.analysis.choice import complete_design
from explorer.engine.evaluation import Evaluation
from explorer.engine.limits import WORST_FIRST, breach_probability, findings, verdict
from explorer.facts import catalogue
from explorer.options.base.conditions import Conditions
from explorer.workload.workload import Workload
from tests.support.designs import whole

SINGLE = "request=inline, response=buffered, execution=single, configuration=bundled"
LEAST = {"requests_per_month": 1_000_000, "response": "1 KB", "runtime": "1 s"}
MB = 1024**2


def workload(**fields) -> Workload:
    return Workload(**{**LEAST, **fields})


def finding_of(design: str, limit: str, **fields):
    w = workload(**fields)
    return next(finding for finding in findings(w, whole(design)) if finding.limit == limit)


@pytest.mark.parametrize(
    ("chance", "raised_chance", "share", "tolerance", "outcome"),
    [  # of 1,000 million requests a month
        (0.0, 0.0, 0.5, 0.001, "fits"),
        (0.0, 0.0, 0.7999, 0.001, "fits"),
        (0.0, 0.0, 0.8, 0.001, "tight"),
        (1e-9, 0.0, 0.5, 0.001, "tight"),
        (0.001, 0.001, 0.5, 0.001, "tight"),
        (0.0011, 0.0011, 0.5, 0.001, "breach"),
        (0.0011, 0.001, 0.5, 0.001, "raise"),
        (1.0, 0.0, 2.0, 0.001, "raise"),
        (1e-9, 1e-9, 0.5, 0.0, "breach"),
    ],
)
def test_verdicts(chance, raised_chance, share, tolerance, outcome):
    assert verdict(chance, raised_chance, share, tolerance, chance * 1e9) == outcome


@pytest.mark.parametrize(
    ("requests", "share", "can_break", "outcome"),
    [
        (0.999, 0.5, True, "fits"),
        (1.0, 0.5, True, "tight"),
        (0.0, 0.8, True, "tight"),
        (0.0, 2.0, False, "fits"),
    ],
)
def test_tight_is_a_broken_request_a_month_or_four_fifths_of_what_can_break(
    requests, share, can_break, outcome
):
    assert verdict(1e-9 * bool(requests), 0.0, share, 0.001, requests, can_break) == outcome


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(23.9, "fits"), (24, "tight"), (30, "tight"), (30.1, "breach")]
)
def test_a_constant_run_time_against_the_30_s_of_an_http_api(seconds, outcome):
    assert finding_of(f"door=http-api, {SINGLE}", "apigw.http.timeout", runtime=seconds).verdict == outcome


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(29, "tight"), (29.1, "raise"), (300, "raise"), (300.1, "breach")]
)
def test_a_quota_is_asked_for_as_far_as_it_is_raised(seconds, outcome):
    finding = finding_of(f"door=rest-api, {SINGLE}", "apigw.rest.timeout", runtime=seconds)
    assert finding.verdict == outcome
    if outcome == "raise":
        assert "L-E5AE38E3" in finding.consequence and "Integration timeout" in finding.consequence


@pytest.mark.parametrize(("seconds", "asks"), [(40, 50), (100, 150), (290, 300)])
def test_a_quota_to_ask_for_is_a_round_number_with_room(seconds, asks):
    finding = finding_of(f"door=rest-api, {SINGLE}", "apigw.rest.timeout", runtime=seconds)
    assert f"timeout from 29 to {asks} seconds" in finding.consequence


def test_a_quota_that_is_raised_leaves_the_design_feasible():
    w = workload(runtime="100 s", client={"waits": "5 min", "polls": False, "auth": "jwt"})
    r = ex.recommend(w)
    assert r.feasible and [
        f.verdict for f in r.answer.findings if f.limit in {"apigw.rest.timeout", "alb.idle.timeout"}
    ] == ["raise"]


@pytest.mark.parametrize(
    ("p99", "success", "outcome"),
    [
        # 30 s are 6.0 deviations of a p99 of 10 s: a request in a thousand months; of 15 s 3.8: 74 a month
        (10, 0.999, "fits"),
        (15, 0.999, "tight"),
        (31, 0.99, "breach"),
        (30, 0.98, "tight"),
        (30, 0.995, "breach"),
    ],
)
def test_the_promise_decides_how_many_may_break(p99, success, outcome):
    fields = {"runtime": {"p50": 5, "p99": p99}, "targets": {"success": success}}
    assert finding_of(f"door=http-api, {SINGLE}", "apigw.http.timeout", **fields).verdict == outcome


@pytest.mark.parametrize(
    ("chances", "any"), [([], 0), ([0.5], 0.5), ([0.5, 0.5], 0.75), ([0, 1], 1), ([1e-3, 1e-3], 1 - 0.999**2)]
)
def test_the_chance_of_any_breach(chances, any):
    assert breach_probability(chances) == pytest.approx(any, rel=1e-9)


def test_a_design_breaks_by_its_worst_limit_of_each_driver():
    # a tenth of the responses is too large, a tenth of the run times too long
    w = workload(response={"p50": MB, "p90": 10 * MB}, runtime={"p50": 3, "p90": 30})
    design = whole(f"door=http-api, {SINGLE}")
    evaluation = Evaluation(Conditions(w))
    index = evaluation.designs.index(design)
    by = {finding.limit: finding.breach_probability for finding in findings(w, design)}
    # Both are lognormal with ln 10 over 1.28155 deviations. An event holds 5,825,420 bytes of the text,
    # 5.55555 MB: ln 5.55555 / ln 10 x 1.28155 = 0.95443 deviations, over which 0.169939 lie. HTTP APIs take
    # 10 MB and 30 s, over which 0.1 lie: that limit on the response is within the narrower one
    assert by["lambda.sync.response"] == pytest.approx(0.169939, rel=1e-5)
    assert by["apigw.http.payload"] == pytest.approx(0.1) == by["apigw.http.timeout"]
    assert evaluation.breach_probability[index] == pytest.approx(1 - (1 - 0.169939) * (1 - 0.1), rel=1e-5)


@pytest.mark.parametrize(
    ("door", "limit", "fields", "status", "symptom"),
    [
        ("http-api", "lambda.sync.response", {"response": "7 MB"}, 500, "Internal Server Error"),
        ("rest-api", "lambda.sync.response", {"response": "7 MB"}, 502, "Internal server error"),
        ("function-url", "lambda.furl.response", {"response": "7 MB"}, 502, ""),
        ("alb", "alb.lambda.response", {"response": "2 MB"}, 502, ""),
        ("http-api", "apigw.http.timeout", {"runtime": 31}, 503, "Service Unavailable"),
        ("rest-api", "apigw.rest.timeout", {"runtime": 301}, 504, "Endpoint request timed out"),
        ("rest-api", "apigw.rest.payload", {"request": "11 MB"}, 413, "exceeded 10485760 bytes"),
    ],
)
def test_what_the_caller_sees_by_door(door, limit, fields, status, symptom):
    finding = finding_of(f"door={door}, {SINGLE}", limit, **fields)
    assert finding.verdict == "breach" and symptom in finding.consequence
    assert catalogue.breach_at_door(limit, door).status == status


@pytest.mark.parametrize("limit", ["lambda.sync.response", "lambda.timeout"])
def test_two_breaches_arrive_as_http_200_where_lambda_is_invoked(limit):
    assert catalogue.breach_at_door(limit, "invoke").status == 200


def test_nobody_listens_when_a_job_breaks():
    stored = "door=http-api, request=inline, response=stored, execution=single, configuration=bundled"
    finding = finding_of(stored, "lambda.timeout", runtime=1801)
    symptom = "202 at the submission, then a job that never ends; the errorType stands in the log alone"
    assert finding.consequence == symptom  # the row lambda.timeout, async of data/breaches.csv


@pytest.mark.parametrize("door", ["function-url", "http-api"])
def test_what_only_a_newer_row_allows_says_since_when(door):
    stored = f"door={door}, request=inline, response=stored, execution=single, configuration=bundled"
    old, new = (finding_of(stored, "lambda.timeout", runtime=seconds) for seconds in (900, 901))
    assert old.consequence == catalogue.breach_at_door("lambda.timeout", "async").seen
    assert new.consequence.startswith("more than 900 s has been possible since 19 November 2026")
    assert new.consequence.endswith(f"; beyond the limit: {old.consequence}") and new.verdict == "fits"


def test_every_finding_says_what_happens():
    for design in ex.recommend(workload()).answer.evaluation.designs[::17]:
        for finding in findings(workload(), design):
            assert finding.consequence and finding.source_url.startswith("https://"), finding.limit


def test_findings_are_worst_first_and_one_a_limit():
    w = workload(response={"p50": MB, "p99": 20 * MB}, runtime={"p50": 20, "p99": 40})
    frame = ex.assess(w, f"door=http-api, {SINGLE}")
    ranks = [WORST_FIRST.index(outcome) for outcome in frame["verdict"]]
    assert ranks == sorted(ranks) and frame["limit"].is_unique
    assert frame["verdict"].iloc[0] == "breach"


def test_a_frame_has_the_contracts_columns():
    frame = ex.assess(workload(), f"door=http-api, {SINGLE}")
    names = {"limit", "limit_value", "unit", "used_p50", "used_p99", "breach_probability", "verdict"}
    assert names | {"consequence", "source_url"} <= set(frame.columns)


def test_a_constant_uses_the_same_at_the_p50_and_the_p99():
    finding = finding_of(f"door=http-api, {SINGLE}", "lambda.sync.response", response="1 MB")
    assert finding.used_p50 == finding.used_p99 == -(-1.08 * MB // 1) + 102


def test_what_nobody_could_notice_is_no_breach():
    finding = finding_of(
        f"door=http-api, {SINGLE}", "lambda.sync.response", response={"p50": "1 KB", "p99": "4 KB"}
    )
    assert (finding.breach_probability, finding.verdict) == (0, "fits")


def test_concerns_left_out_are_filled_by_the_best():
    w = workload(configuration={"total": 900, "entries": 9, "secrets": 1})
    r = ex.recommend(w)
    assert complete_design(w, "") == r.design
    assert complete_design(w, {"door": r.design.door}) == r.design
    assert complete_design(w, "response=stored").ids["configuration"] in {
        "parameter-store",
        "secrets-manager",
    }


def test_a_design_that_the_workload_excludes_can_still_be_assessed():
    w = workload(client={"polls": False})
    frame = ex.assess(w, "response=stored")
    assert {"s3.object", "s3.presign.role"} <= set(frame["limit"])
