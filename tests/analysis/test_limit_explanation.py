"""One limit explained: what it is, how it is counted, what the caller sees, what to do."""

import json

import pytest
from typer.testing import CliRunner

from explorer.analysis.limit_explanation import explain_limit
from explorer.cli.main import app
from explorer.errors import UnknownIdError
from explorer.facts import catalogue


def test_a_time_out_by_all_its_parts():
    explanation = explain_limit("lambda.timeout")
    assert explanation.what.startswith("Lambda: Function timeout (default compute): 30 min, per function")
    assert explanation.what.endswith("not verified.")
    assert explanation.counts[0] == "It is held against the run time of each call, in seconds."
    assert explanation.counts[-1].startswith("More than 900 s has been possible since 19 November 2026")
    assert {one.door for one in explanation.seen} >= {"invoke", "function-url", "async"}
    assert "execution=single" in explanation.binds and "execution=service" not in explanation.binds
    assert explanation.freed_by == ("execution=fargate", "execution=service")
    assert explanation.advice[0] == "AWS does not raise it."
    assert [row.value for row in explanation.history] == [900, 1800]


def test_a_quota_says_what_to_ask_for():
    explanation = explain_limit("apigw.rest.timeout")
    assert explanation.advice[0].startswith("Ask AWS to raise it by quota L-E5AE38E3 to 5 min at most")
    assert "response=stored" in explanation.freed_by and "door=http-api" in explanation.freed_by
    assert explanation.binds == ("door=rest-api",)


def test_a_limit_that_no_option_binds_says_why():
    explanation = explain_limit("apigw.ws.timeout")
    assert not explanation.binds and not explanation.freed_by
    assert (
        explanation.advice[-1]
        == "No option of a design is held against it: the functions behind it take milliseconds."
    )


@pytest.mark.parametrize("limit_id", sorted(catalogue.limits()))
def test_every_limit_has_something_to_say(limit_id):
    explanation = explain_limit(limit_id)
    assert explanation.what.endswith(".") and explanation.advice and json.dumps(explanation.to_dict())
    assert all(line[0] == line[0].upper() for line in (*explanation.counts, *explanation.advice))


def test_an_unknown_limit_names_what_comes_near():
    with pytest.raises(UnknownIdError, match=r"lambda\.timeout"):
        explain_limit("lambda.timeou")


def test_the_command_tells_all_and_its_json_holds_the_row():
    run = CliRunner().invoke
    output = run(app, ["explain", "lambda.sync.response"])
    assert output.exit_code == 0
    for heading in ("How it is counted", "What the caller sees", "What to do"):
        assert heading in output.output
    answer = json.loads(run(app, ["explain", "lambda.timeout", "--json"]).output)
    assert (answer["id"], answer["value"], answer["unit"]) == ("lambda.timeout", 1800, "seconds")
    assert set(answer) >= {"what", "counts", "seen", "binds", "freed_by", "advice", "history", "source_url"}
    assert run(app, ["explain", "nothing"]).exit_code == 2
