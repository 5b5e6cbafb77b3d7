"""The example workloads, each answered as AWS's own guidance and the published figures have it."""

import re
import tomllib

import pytest

import explorer as ex
from explorer.engine.designs import table
from explorer.engine.evaluation import Evaluation
from explorer.facts.locations import workloads_dir
from explorer.options.base.conditions import Conditions
from explorer.workload.workload import Workload

EXAMPLES = {path.stem: path for path in sorted(workloads_dir().glob("*.toml"))}
LAMBDA = {"single", "queued", "recursion", "durable", "step-functions", "managed-instance"}
ANSWERS = {  # example: what the guidance fixes
    "access": {
        "response": {"buffered"},
        "execution": {"single"},
        "initialization": {"provisioned-concurrency"},
        "configuration": {"parameter-store", "secrets-manager"},
    },
    "chat": {"door": {"function-url", "rest-api"}, "response": {"streamed"}, "execution": {"single"}},
    "passwords": {
        "request": {"inline"},
        "execution": {"single"},
        "configuration": {"environment", "bundled"},
    },
    "photos": {"request": {"presigned-upload"}, "execution": {"single"}},
    "questions": {"door": {"alb"}, "execution": {"service"}},
    "research": {
        "response": {"stored", "callback"},
        "execution": {"single"},
        "configuration": {"secrets-manager"},
    },
    "reviews": {"response": {"accepted"}, "execution": {"single", "queued"}},
    "runners": {"response": {"buffered"}, "configuration": {"parameter-store", "secrets-manager"}},
    "satellite": {"response": {"stored"}, "execution": {"recursion", "durable", "step-functions", "fargate"}},
    "solver": {"response": {"stored"}, "execution": {"fargate"}},
    "statements": {"response": {"stored"}, "execution": {"single"}, "configuration": {"secrets-manager"}},
    "subscriptions": {"response": {"accepted"}, "execution": {"single", "queued"}},
    "thumbnails": {"edge": {"cloudfront"}, "response": {"buffered"}, "execution": {"single"}},
}
RULED_OUT = [  # example, the limit that decides, an option that it rules out
    ("chat", "targets.first_byte_p95", "response=buffered"),
    ("photos", "lambda.sync.request", "request=inline"),
    ("research", "apigw.http.timeout", "response=buffered"),
    ("reviews", "client.waits", "response=buffered"),
    ("runners", "lambda.env", "configuration=environment"),
    ("satellite", "lambda.timeout", "execution=single"),
    ("solver", "lambda.timeout", "execution=single"),
    ("solver", "lambda.timeout.lmi", "execution=managed-instance"),
    ("statements", "lambda.sync.response", "response=buffered"),
    ("subscriptions", "downstream.concurrency", "execution=service"),
]


@pytest.fixture(scope="module")
def answers():
    return {name: ex.recommend(Workload.load(path)) for name, path in EXAMPLES.items()}


def test_there_is_an_answer_for_every_example():
    assert set(ANSWERS) == set(EXAMPLES) and len(EXAMPLES) >= 6


@pytest.mark.parametrize("name", ANSWERS)
def test_the_answer_is_the_one_that_the_guidance_fixes(answers, name):
    design = answers[name].design
    for concern, options in ANSWERS[name].items():
        assert design.ids[concern] in options, (concern, str(design))


@pytest.mark.parametrize(("name", "limit", "option"), RULED_OUT)
def test_the_limit_that_decides_is_named_with_what_it_rules_out(answers, name, limit, option):
    reasons = {reason.because: reason for reason in answers[name].answer.rejections}
    assert option in reasons[limit].options


def test_the_fine_one_breaks_no_limit(answers):
    assert {finding.verdict for finding in answers["passwords"].answer.findings} == {"fits"}


def test_no_lambda_design_serves_the_solver():
    w = Workload.load(EXAMPLES["solver"])
    evaluation = Evaluation(Conditions(w), table())
    feasible = {
        design.execution for design, ok in zip(table().designs, evaluation.feasible, strict=True) if ok
    }
    assert not feasible & LAMBDA


def test_the_service_turns_at_a_lower_rate_of_the_question_pages(answers):
    turns = [turn for turn in answers["questions"].answer.break_evens if turn.axis == "requests_per_month"]
    below = [turn for turn in turns if turn.direction == "below" and turn.value]
    assert below and below[0].design["execution"] in LAMBDA and below[0].factor < 1


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_names_its_sources_and_what_it_assumes(name):
    text = EXAMPLES[name].read_text(encoding="utf-8")
    assert text.count("https://") >= 2 and "assumed" in text
    references = set(
        re.findall(r"\[(\d+)\]", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    )
    numbers = set(re.findall(r"^#\s+\[(\d+)\]", text, re.MULTILINE))
    assert references <= numbers


def test_the_three_problems_of_2022_are_among_them(answers):
    decided = {
        name: {reason.because for reason in r.answer.rejections if reason.kind == "limit"}
        for name, r in answers.items()
    }
    assert "lambda.sync.response" in decided["statements"]
    assert "lambda.env" in decided["runners"]
    assert "lambda.timeout" in decided["satellite"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_read_as_written(name):
    w = Workload.load(EXAMPLES[name])
    content = tomllib.loads(EXAMPLES[name].read_text(encoding="utf-8"))
    assert (w.name, w.requests_per_month) == (content["name"], content["requests_per_month"])
    assert w.source == EXAMPLES[name].name


def test_the_rare_requests_keep_their_promise_only_with_an_environment_that_is_ready():
    w = Workload.load(EXAMPLES["access"])
    feasible = ex.recommend(w).alternatives.query("execution == 'single' and response == 'buffered'")
    assert set(feasible["initialization"]) == {"provisioned-concurrency"}
    on_demand = {**ex.recommend(w).design.ids, "initialization": "on-demand"}
    p95 = ex.latency(w, on_demand).loc["total", "p95"]
    assert p95 > w.client.waits > ex.latency(w, ex.recommend(w).design).loc["total", "p95"]


def test_the_cache_pays_for_itself_in_front_of_the_thumbnails():
    w = Workload.load(EXAMPLES["thumbnails"])
    design = "door=function-url,response=buffered,execution=single,edge="
    with_cache, without = (float(ex.cost(w, design + edge).total_usd) for edge in ("cloudfront", "none"))
    # Work that the cache saves: 0.94 x 83.8 M x 0.28 s or more x 1.25 GB x 0.0000133334 USD = 368 USD.
    # Requests to the cache: 83.8 USD.
    assert without - with_cache > 368 - 83.8
