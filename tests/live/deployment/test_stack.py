"""A stack deployed, found, used and removed: nothing before, nothing after."""

import itertools
import json
import os
import tempfile
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from explorer import Workload
from explorer.cli.main import app
from explorer.errors import CloudError, ExplorerError
from explorer.live.client.client import Client
from explorer.live.cloud import supervisor
from explorer.live.deployment import create, deploy
from explorer.live.deployment.deploy import NotDeployableError
from explorer.live.deployment.template import Stack
from tests.support.local_bench import until
from tests.support.own_cloud import own_cloud
from tests.support.slow_cases import slow_but

QUICK = "door=http-api,request=inline,response=buffered,execution=single,configuration=environment"
STORED = "door=http-api,request=inline,response=stored,execution=single,configuration=secrets-manager"
SMALL = {
    "name": "small",
    "requests_per_month": 1e4,
    "response": {"p50": "2 KB", "p99": "9 KB"},
    "runtime": {"p50": "10 ms"},
    "configuration": {"total": "1 KB", "entries": 4, "secrets": 2},
}
WORK = {"runtime_s": 0, "response_bytes": 2000, "seed": 1}
SERVICES = {  # what an account holds, by the call that lists it
    "s3": ("list_buckets", "Buckets"),
    "dynamodb": ("list_tables", "TableNames"),
    "sqs": ("list_queues", "QueueUrls"),
    "lambda": ("list_functions", "Functions"),
    "apigatewayv2": ("get_apis", "Items"),
    "apigateway": ("get_rest_apis", "items"),
    "stepfunctions": ("list_state_machines", "stateMachines"),
    "secretsmanager": ("list_secrets", "SecretList"),
    "ssm": ("describe_parameters", "Parameters"),
    "appconfig": ("list_applications", "Items"),
    "logs": ("describe_log_groups", "logGroups"),
    "ecs": ("list_clusters", "clusterArns"),
    "elbv2": ("describe_load_balancers", "LoadBalancers"),
    "ec2": ("describe_security_groups", "SecurityGroups"),
}


@pytest.fixture(scope="module")
def place():
    """A target of its own that is there before the first stack, and stays."""
    with own_cloud("stack", {"lambda.async.retry_wait_s": 0.5}) as place:  # for 60 s
        yield place


@pytest.fixture
def workload():
    return Workload(**SMALL)


def holds(place):
    """All that the account holds, by service."""
    clients = {name: place.client(name) for name in SERVICES}
    holdings = {name: getattr(clients[name], call)().get(key, []) for name, (call, key) in SERVICES.items()}
    iam = place.client("iam")
    holdings["roles"] = iam.list_roles()["Roles"]
    holdings["policies"] = iam.list_policies(Scope="Local")["Policies"]
    holdings["users"] = [user["UserName"] for user in iam.list_users()["Users"]]
    return {name: len(rows) for name, rows in holdings.items()}


EXECUTIONS = ("single", "queued", "recursion", "durable", "step-functions", "express")
SITES = (("function-url", "parameter-store"), ("rest-api", "appconfig"), ("http-api", "bundled"))


@pytest.mark.parametrize(
    ("door", "store", "execution"),
    slow_but(
        [(*site, execution) for site, execution in zip(itertools.cycle(SITES), EXECUTIONS)],
        [(*site, execution) for site in SITES for execution in EXECUTIONS],
    ),
)
def test_a_stack_goes_up_works_and_leaves_nothing(place, door, store, execution):
    before = holds(place)
    secrets = 0 if store in {"appconfig", "bundled"} else 2
    w = Workload(**SMALL | {"configuration": {"total": "1 KB", "entries": 4, "secrets": secrets}})
    design = (
        f"door={door},request=presigned-upload,response=stored,execution={execution},configuration={store}"
    )
    standing = deploy.deploy(w, design, place, settings={"poll_first_s": 0.2})
    with Client(standing.url, standing.credentials()) as client:
        assert len(client.run(WORK)) == 2000
    deploy.destroy(standing)
    assert holds(place) == before


@pytest.mark.parametrize(
    ("door", "execution"), [("function-url", "single"), ("rest-api", "queued"), ("http-api", "fargate")]
)
def test_a_stack_that_pushes_goes_up_works_and_leaves_nothing(place, door, execution):
    before = holds(place)
    w = Workload(**SMALL | {"configuration": {"total": "1 KB", "entries": 4}, "client": {"sockets": True}})
    design = (
        f"door={door},request=presigned-upload,response=pushed,execution={execution},configuration=bundled"
    )
    standing = deploy.deploy(w, design, place, settings={"poll_first_s": 1000})
    with standing.client() as client:
        assert len(client.run(WORK, timeout=60)) == 2000
    deploy.destroy(standing)
    assert holds(place) == before


def test_a_distribution_is_refused_here_before_anything_is_made(place):
    before = holds(place)
    w = Workload(**SMALL | {"client": {"auth": "none"}})
    with pytest.raises(ExplorerError, match="the local cloud serves none: expected --target aws"):
        deploy.deploy(w, f"edge=cloudfront,{QUICK.replace('http-api', 'function-url')}", place)
    assert holds(place) == before


DOORS = ("function-url", "http-api", "rest-api")
RESPONSES = ("buffered", "paged", "stored")


@pytest.mark.parametrize(
    ("door", "response", "compression"),
    slow_but(
        [*zip(DOORS, RESPONSES, ("gzip", "none", "gzip")), *zip(DOORS, RESPONSES[1:], ("none", "gzip"))],
        itertools.product(DOORS, RESPONSES, ("none", "gzip")),
    ),
)
def test_an_endpoint_that_answers_gives_the_same_bytes_by_every_way(place, door, response, compression):
    share = 1.0 if compression == "none" else 0.5
    size = {"p50": "2 KB", "divisible": True, "binary": True, "compression": share}
    w = Workload(**SMALL | {"response": size})
    design = f"door={door},request=inline,response={response},execution=single,configuration=secrets-manager"
    standing = deploy.deploy(w, f"{design},compression={compression}", place)
    with Client(standing.url, standing.credentials()) as client:
        got = client.run({**WORK, "response_bytes": 6_000_000 if response == "paged" else 3_000_000})
    deploy.destroy(standing)
    assert len(got) == (6_000_000 if response == "paged" else 3_000_000)


STEPS = ("recursion", "durable", "step-functions", "express")


@pytest.mark.parametrize(
    ("door", "execution"),
    slow_but(
        [
            ("function-url", "single"),
            ("rest-api", "queued"),
            ("http-api", "durable"),
            ("http-api", "express"),
        ],
        [*itertools.product(DOORS, ("single", "queued")), *itertools.product(("http-api",), STEPS)],
    ),
)
def test_what_is_acknowledged_is_done_and_what_fails_lies_in_a_queue(place, door, execution, tmp_path):
    before = holds(place)
    (tmp_path / "hook.py").write_text(
        "def handle(body, context):\n"
        "    if body['fails']:\n"
        "        raise ValueError('a secret of the caller')\n"
        "    print('done', body['n'], len(body['filled']), flush=True)\n"
    )
    w = Workload(**SMALL | {"configuration": {"total": "1 KB", "entries": 4}, "client": {"collects": False}})
    design = f"door={door},request=inline,response=accepted,execution={execution},configuration=environment"
    standing = deploy.deploy(w, design, place, f"{tmp_path / 'hook.py'}:handle", settings={"lease_s": 1})
    logs, sqs = place.client("logs"), place.client("sqs")

    def logged():
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{standing.name}-work")["events"]
        return [event["message"].strip() for event in events]

    with Client(standing.url, standing.credentials()) as client:
        assert client.run({"fails": False, "n": 1, "filled": ""}) is None
        large = {"fails": False, "n": 2, "filled": "x" * 2_000_000}  # more than an event or a message holds
        first, again = client.submit(large, "one-key"), client.submit(large, "one-key")
        other = client.submit(large | {"n": 3}, "one-key")
        assert first.id == again.id != other.id and first.status == "accepted"
        with pytest.raises(CloudError, match="keeps no results"):
            client.result(first)
        for refused in (client.status, client.cancel):
            with pytest.raises(CloudError, match=r"40[345]"):
                refused(first.id)  # 403: an API's callers may use its routes alone
        assert until(lambda: {"done 1 0", "done 2 2000000", "done 3 2000000"} <= set(logged()))
        failed = client.submit({"fails": True, "n": 4, "filled": ""})
    (queue,) = [url for url in sqs.list_queues()["QueueUrls"] if f"{standing.name}-DeadLetters" in url]
    if execution != "queued":  # a message that a worker had comes back after its time-out only
        got = []
        assert until(lambda: got.extend(sqs.receive_message(QueueUrl=queue).get("Messages", [])) or got)
        assert [failed.id in message["Body"] for message in got] == [True]
    assert not [line for line in logged() if "a secret" in line]
    if execution in ("durable", "step-functions"):  # begun once, by the name of its execution
        assert logged().count("done 2 2000000") == 1
    deploy.destroy(standing)
    assert holds(place) == before


@pytest.mark.parametrize("execution", ["recursion", "durable", "step-functions"])
def test_long_work_that_is_acknowledged_goes_on_from_its_state(place, execution, tmp_path):
    (tmp_path / "long.py").write_text(
        "def handle(body, context):\n"
        "    print('from', context.state, len(body['filled']), flush=True)\n"
        "    for step in range(context.state or 0, 3):\n"
        "        context.checkpoint(step + 1)\n"
        "        if body['fails']:\n"
        "            raise ValueError(step)\n"
    )
    w = Workload(**SMALL | {"configuration": {"total": "1 KB", "entries": 4}, "client": {"collects": False}})
    design = f"door=http-api,request=inline,response=accepted,execution={execution},configuration=environment"
    settings, handler = {"slice_steps": 1, "hops": 9, "lease_s": 1}, f"{tmp_path / 'long.py'}:handle"
    standing = deploy.deploy(w, design, place, handler, settings=settings)
    with Client(standing.url, standing.credentials()) as client:
        client.submit({"fails": False, "filled": "x" * 300_000})

    def logged():
        group = f"/aws/lambda/{standing.name}-work"
        events = place.client("logs").filter_log_events(logGroupName=group)["events"]
        return [line for event in events if (line := event["message"].strip()).startswith("from")]

    lines = [f"from {state} 300000" for state in (None, 1, 2, 3)]
    assert until(lambda: len(logged()) >= 4) and sorted(logged()) == sorted(lines)
    deploy.destroy(standing)


def test_stacks_side_by_side_do_not_see_each_other(place, workload):
    first, second = (deploy.deploy(workload, STORED, place) for _ in range(2))
    try:
        assert {s.name for s in deploy.stacks(cloud=place.cloud.name)} >= {first.name, second.name}
        with Client(first.url, second.credentials()) as stranger, pytest.raises(CloudError, match="403"):
            stranger.submit(WORK)
        with Client(first.url, first.credentials()) as client:
            assert client.run(WORK)
    finally:
        deploy.destroy(first)
    with Client(second.url, second.credentials()) as client:
        assert client.run(WORK)
    deploy.destroy(second)


def test_what_stands_tells_what_it_was_made_from(place, workload):
    deployed = deploy.deploy(workload, STORED, place)
    stack = deploy.find_standing(deployed.name, cloud=place.cloud.name)
    deploy.destroy(stack)
    assert stack.design == deployed.design and stack.url == deployed.url
    assert stack.workload.to_toml() == workload.to_toml()
    assert not stack.expired and stack.created < stack.expires


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("at", ["code", "resources", "configuration"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, Interrupted])
def test_a_deploy_that_is_interrupted_leaves_nothing(place, workload, at, error):
    before = holds(place)

    def fail(step):
        if step == at:
            raise error

    with pytest.raises(error):
        deploy.deploy(workload, STORED, place, on_step=fail)
    assert holds(place) == before


def test_a_stack_that_the_cloud_refuses_says_why_and_leaves_nothing(place, workload):
    before = holds(place)
    planned = deploy.plan(Workload(**SMALL | {"configuration": {"total": "5 KB", "entries": 4}}), QUICK)
    with pytest.raises(CloudError, match=r"deploy .*: Work: .*4KB limit") as refused:
        create.create_stack(planned.stack, planned.shipped, place)
    assert "\n" not in str(refused.value) and "explorer-explorer" not in str(refused.value)
    assert holds(place) == before


def test_a_stack_that_is_not_ours_is_left_alone(place):
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    formation = place.client("cloudformation")
    formation.create_stack(StackName="foreign", TemplateBody=json.dumps(template))
    with pytest.raises(ExplorerError, match=r"foreign.*was not made here, and is left alone"):
        deploy.find_standing("foreign", cloud=place.cloud.name)
    assert formation.describe_stacks(StackName="foreign")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    formation.delete_stack(StackName="foreign")


def test_a_stack_that_is_not_there_is_one_line(place):
    with pytest.raises(ExplorerError, match='stack is "nothing": there is none on the local cloud'):
        deploy.find_standing("nothing", cloud=place.cloud.name)


HANDLERS = {
    "front": "def handle(b, c): ...",
    "mine": "def handle(b, c): ...\ndef one(b): ...\ndef three(b, c, more): ...\n"
    "async def waits(b, c): ...\ndef yields(b, c): yield 1",
    "broken": "def (",
    "number": "handle = 5",
    "lacking": "import not_there\ndef handle(b, c): ...",
    "ends": "import sys\nsys.exit(3)",
    "dies": "import os\nos._exit(0)",
    "hosted": "import os\nos.environ['EXPLORER_OF_THE_HOST']",
    "checked": "def handle(b, c): ...\ndef check(): ...",
}


def test_a_design_that_cannot_be_put_up_names_the_nearest(workload):
    with pytest.raises(
        NotDeployableError, match=r"managed-instance has no template here.*The nearest"
    ) as refused:
        deploy.plan(workload, STORED.replace("single", "managed-instance"))
    assert refused.value.nearest.deployable
    assert refused.value.nearest.differs_from(refused.value.design) == 1


def test_the_estimate_tells_standing_and_use_apart(workload):
    estimate = deploy.plan(workload, STORED).estimate
    secrets_usd = 2 * 0.40
    assert estimate["standing_usd_month"] == pytest.approx(secrets_usd, rel=0.05)
    assert 0 < estimate["usd_per_1000_requests"] < 0.1


def test_the_same_code_is_the_same_zip(workload):
    planned = deploy.plan(workload, STORED)
    assert create.zip_files(planned.shipped) == create.zip_files(dict(reversed(planned.shipped.items())))


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        ("work.py", "expected FILE.py:function"),
        ("missing.py:handle", "there is no file missing.py"),
        ("{folder}/front.py:handle", "one of the endpoint's own files"),
        ("{folder}/mine.py:other", "defines no function other"),
        ("{folder}/broken.py:handle", r"SyntaxError: invalid syntax \(broken.py, line 1\)"),
        ("{folder}/number.py:handle", r"handle is int: expected a function handle\(body, context\)"),
        (
            "{folder}/lacking.py:handle",
            "No module named 'not_there': expected only the standard library, boto3",
        ),
        ("{folder}/mine.py:one", r"one cannot be called as one\(body, context\)"),
        ("{folder}/mine.py:three", "missing a required argument: 'more'"),
        ("{folder}/mine.py:waits", "waits is asynchronous"),
        ("{folder}/mine.py:yields", "yields yields: expected a function"),
        ("{folder}/ends.py:handle", "importing it raised SystemExit"),
        ("{folder}/dies.py:handle", "importing it ended the process"),
        ("{folder}/hosted.py:handle", "KeyError: 'EXPLORER_OF_THE_HOST'"),
        ("{folder}/checked.py:handle", r"check cannot be called as check\(body\)"),
    ],
)
def test_a_handler_that_cannot_work_is_one_clear_line(workload, tmp_path, monkeypatch, handler, reason):
    monkeypatch.setenv("EXPLORER_OF_THE_HOST", "1")  # a function does not see it
    for name, text in HANDLERS.items():
        (tmp_path / f"{name}.py").write_text(text)
    with pytest.raises(ExplorerError, match=reason) as refused:
        deploy.plan(workload, STORED, handler.format(folder=tmp_path))
    assert "\n" not in str(refused.value)


def test_a_handler_sees_what_a_function_sees(workload, tmp_path):
    (tmp_path / "mine.py").write_text(
        "import os, boto3\nfrom context import BadBody\n"
        "ENTRY, S3 = os.environ['CFG_1'], boto3.client('s3')\n"
        "class Work:\n    def __call__(self, body, context): ...\n"
        "handle = Work()\n"
    )
    design = STORED.replace("secrets-manager", "environment")
    w = workload.replace({"configuration.secrets": 0, "configuration.rotation": False})
    planned = deploy.plan(w, design, f"{tmp_path / 'mine.py'}:handle")
    assert json.loads(planned.shipped["settings.json"])["check"] == "" and planned.packages == ()
    assert planned.stack.handler == "mine:handle"


def test_what_lambda_does_not_have_is_refused_for_aws_alone(workload, tmp_path):
    (tmp_path / "mine.py").write_text("import numpy\ndef handle(body, context): ...\n")
    planned = deploy.plan(workload, STORED, f"{tmp_path / 'mine.py'}:handle")
    planned.check_target("local")
    with pytest.raises(ExplorerError, match="handler imports numpy: Lambda has no copy"):
        planned.check_target("aws")


def test_own_work_runs_where_the_sample_did(place, workload, tmp_path):
    (tmp_path / "mine.py").write_text(
        "def check(body):\n"
        "    if body.pop('steps') > 3:\n"
        "        raise ValueError('at most 3 steps')\n"
        "def handle(body, context):\n"
        "    done = context.state or []\n"
        "    while len(done) < body['steps']:\n"
        "        done = [*done, len(done)]\n"
        "        context.checkpoint(done)\n"
        "    return {'done': done, 'settings': sorted(context.configuration)[:1]}\n"
    )
    standing = deploy.deploy(workload, STORED, place, handler=f"{tmp_path / 'mine.py'}:handle")
    with Client(standing.url, standing.credentials()) as client:
        got = client.run({"steps": 3})
        for body, why in (({"steps": 4}, "at most 3 steps"), ({}, "'steps'"), ([], "cannot be interpreted")):
            with pytest.raises(CloudError, match=f"422.*{why}"):
                client.submit(body)
    deploy.destroy(standing)
    assert got == {"done": [0, 1, 2], "settings": ["CFG_1"]}


def test_the_commands_from_nothing_to_a_job_and_back(tmp_path):
    """A cloud that a deploy started goes with its last stack: no process, port or folder stays."""
    name, run = f"cmd-{os.getpid()}", CliRunner().invoke
    file = tmp_path / "small.toml"
    file.write_text(Workload(**SMALL).to_toml())
    folders = Path(tempfile.gettempdir()).glob(f"explorer-{os.getuid()}/{name}*")
    began = time.monotonic()
    up = json.loads(run(app, ["deploy", str(file), "--design", STORED, "--cloud", name, "--json"]).stdout)
    with Client(up["url"], up["credentials"]) as client:
        client.submit(WORK)
    assert time.monotonic() - began < 15 and up["seconds"] < 15
    rows = json.loads(run(app, ["stacks", "--cloud", name, "--json"]).stdout)["stacks"]
    assert [each["stack"] for each in rows] == [up["stack"]]
    parquet = tmp_path / "run.parquet"
    load = ["--jobs", "4", "--concurrency", "2", "--runtime-s", "0", "--response-bytes", "1000"]
    load = run(app, ["bench", up["stack"], *load, "--cloud", name, "-o", str(parquet), "--json"])
    measured = json.loads(load.stdout)
    assert (load.exit_code, measured["jobs"], measured["lost"], parquet.exists()) == (0, 4, 0, True)
    began = time.monotonic()
    assert run(app, ["destroy", up["stack"], "--cloud", name, "--json"]).exit_code == 0
    assert time.monotonic() - began < 10
    assert not supervisor.status(name).running and not list(folders)


def test_an_export_is_what_was_tested(workload, tmp_path):
    planned = deploy.plan(workload, STORED)
    paths = deploy.export(planned, tmp_path / "own")
    names = {str(path.relative_to(tmp_path / "own")) for path in paths}
    assert {"README.md", "template.json", "functions/front.py", "client/client.py"} <= names
    template = json.loads((tmp_path / "own/template.json").read_text())
    plain_template = Stack(planned.design, workload, planned.stack.pieces).template
    stages = {"AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage"}  # own ones log requests and throttle them
    own, tested = template["Resources"], plain_template["Resources"]
    assert {**plain_template, "Metadata": template["Metadata"], "Resources": own} == template
    assert all(own[name] == resource for name, resource in tested.items() if resource["Type"] not in stages)
    assert {own[name]["Type"] for name in own.keys() - tested.keys()} <= {"AWS::Logs::LogGroup"}
    for name, content in planned.shipped.items():
        assert (tmp_path / "own/functions" / name).read_bytes() == content
    with pytest.raises(ExplorerError, match="is there already: expected a new or empty folder"):
        deploy.export(planned, tmp_path / "own")
