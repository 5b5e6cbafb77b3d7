"""A live function on the local cloud, read through boto3: what is configured, counted and logged."""

import io
import json
import os
import time
import zipfile
from types import SimpleNamespace

import pytest

pytest.importorskip("polars")

from typer.testing import CliRunner

from explorer.cli.commands.ingest import ingest
from explorer.ingest import function
from explorer.ingest.frame import Tally
from explorer.ingest.result import Summary
from explorer.ingest.workload import draft
from explorer.live.cloud import supervisor
from tests.support.local_bench import until

pytestmark = pytest.mark.live
CODE = "import time\ndef handle(event, context):\n    time.sleep(event['s'])\n    return {'done': True}\n"
NAME, SECRET = f"ingest-{os.getpid()}", "hush-hush-nobody-sees-this"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture(scope="module")
def tiny():
    """A function that was invoked six times, and once too long."""
    supervisor.stop(NAME)
    running = supervisor.start(NAME)
    try:
        client = running.session(running.region).client
        aws_lambda = client("lambda")
        role = client("iam").create_role(RoleName="tiny", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"][
            "Arn"
        ]
        logging = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        client("iam").attach_role_policy(RoleName="tiny", PolicyArn=logging)
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as packed:
            packed.writestr("tiny.py", CODE)
        aws_lambda.create_function(
            FunctionName="tiny", Runtime="python3.13", Handler="tiny.handle", Role=role, MemorySize=256,
            Timeout=1, Code={"ZipFile": file.getvalue()}, Architectures=["arm64"],
            Environment={"Variables": {"API_KEY": SECRET, "TABLE": "orders", "SECRET_ARN": "arn:x"}},
        )  # fmt: skip
        aws_lambda.get_waiter("function_active_v2").wait(FunctionName="tiny")
        for seconds in (0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 3):
            aws_lambda.invoke(FunctionName="tiny", Payload=json.dumps({"s": seconds}).encode())
        assert until(lambda: len(reported_s(client("logs"))) == 7)
        last_s = max(reported_s(client("logs")))
        assert until(lambda: time.time() > last_s + 1)  # Insights takes whole seconds
        yield SimpleNamespace(client=client, logs=client("logs"))
    finally:
        supervisor.stop(NAME)


def reported_s(logs):
    """When each invocation was logged to its end [s since the epoch]."""
    events = logs.filter_log_events(logGroupName="/aws/lambda/tiny")["events"]
    return [event["timestamp"] / 1000 for event in events if event["message"].startswith("REPORT")]


def tally_of(tiny, **how):
    tally = Tally()
    for part in function.read(tiny.client, "tiny", "1h", "now", filtered=False, **how):
        tally.add(part)
    return tally


@pytest.mark.parametrize("insights", [False, True])
def test_a_live_function_becomes_a_workload(tiny, insights):
    tally = tally_of(tiny, insights=insights)
    summary, document = Summary(tally).to_dict(), draft(Summary(tally), "tiny", "today")
    assert summary["invocations"] == 7 and summary["errors"] == {"timeout": 1}
    assert 10 <= summary["duration_ms"]["p50"] < 1000 <= summary["duration_ms"]["max"]
    assert (
        document.values["runtime.memory"] == "256 MB" and document.values["runtime.architecture"] == "arm64"
    )
    assert document.values["runtime.language"] == "python3.13" and document.values["region"] == "us-east-1"
    assert "requests_per_month" in document.missing  # an hour is no month
    document.check("w.toml", os.curdir)


def test_the_figures_are_those_of_the_log(tiny):
    pages = tiny.logs.get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/tiny")
    lines = [event["message"] for page in pages for event in page["events"]]
    durations = [
        float(line.split("\tDuration: ")[1].split(" ms")[0]) for line in lines if line.startswith("REPORT")
    ]
    assert Summary(tally_of(tiny)).quantiles["duration_ms"]["max"] == max(durations)


def test_cloudwatch_counts_every_invocation(tiny):
    assert any("CloudWatch counted 7 invocations" in note for note in tally_of(tiny).notes)


def test_environment_variables_are_counted_and_never_kept(tiny):
    document = draft(Summary(tally_of(tiny)), "tiny", "today")
    text = document.to_toml()
    assert document.values["configuration.entries"] == 3 and document.values["configuration.secrets"] == 1
    assert SECRET not in text and "API_KEY" not in text and "orders" not in text


def test_the_command_reads_it_on_the_local_cloud(tiny, tmp_path):
    import typer

    app = typer.Typer()
    app.callback()(lambda: None)
    app.command()(ingest)
    arguments = ["ingest", "--function", "tiny", "--target", "local", "--cloud", NAME, "--since", "1h"]
    result = CliRunner().invoke(app, [*arguments, "--json", "-o", str(tmp_path / "w.toml")])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["invocations"] == 7 and SECRET not in result.stdout


def test_a_function_that_is_not_there_is_named(tiny):
    from explorer.errors import CloudError

    with pytest.raises(CloudError, match='no function is called "absent"'):
        list(function.read(tiny.client, "absent", "1h", "now", filtered=False))
