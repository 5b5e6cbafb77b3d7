"""Provisioned concurrency and SnapStart on the local cloud: what is started, when, and what tells of it."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from explorer import Workload
from explorer import bill as price
from explorer.errors import ExplorerError
from explorer.live.bench.charges import bill
from explorer.live.bench.logs import Invocation, parse, without_early_starts
from explorer.live.bench.measure import measure
from explorer.live.client.client import Client
from explorer.live.cloud.initialization import start_in_report
from explorer.live.cloud.provisioned import MOST
from explorer.live.deployment import deploy
from tests.live.deployment.test_stack import holds
from tests.support.designs import whole
from tests.support.local_bench import until, zipped
from tests.support.own_cloud import own_cloud
from tests.support.slow_cases import slow_but

READY, SNAP = "provisioned-concurrency", "snap-start"
SMALL = {
    "name": "small",
    "requests_per_month": 1e4,
    "response": {"p50": "2 KB", "divisible": True},
    "runtime": {"p50": "10 ms", "divisible": True},
    "configuration": {"total": "1 KB", "entries": 4, "secrets": 0},
}
HANDLER = """
import os

def handle(body, context):
    for step in range(context.state or 0, body.get("steps", 0)):
        context.checkpoint(step + 1)
    names = ("AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_LOG_STREAM_NAME")
    return {name.rpartition("_")[2]: os.environ.get(name) for name in names}
"""
TYPED = """
import json, os, time

def handle(event, context):
    time.sleep(event.get("sleep", 0))
    return os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]
"""
BREAKS = "raise ValueError('no connection')\ndef handle(event, context): ..."


@pytest.fixture(scope="module")
def place():
    with own_cloud("initialization", {"lambda.async.retry_wait_s": 0.5}) as place:
        yield place


@pytest.fixture
def handler(tmp_path):
    (tmp_path / "typed.py").write_text(HANDLER)
    return f"{tmp_path / 'typed.py'}:handle"


def design_of(door, response, execution, ready):
    return (
        f"door={door},request=inline,response={response},execution={execution},configuration=environment,"
        f"initialization={ready}"
    )


# A stack


STACKS = [
    ("function-url", "buffered", "single"),
    ("http-api", "stored", "single"),
    ("rest-api", "buffered", "single"),
    ("rest-api", "stored", "durable"),
    ("http-api", "stored", "recursion"),
    ("function-url", "stored", "queued"),
    ("http-api", "stored", "step-functions"),
    ("http-api", "stored", "express"),
]
INITIALIZATIONS = ["on-demand", READY, SNAP]


@pytest.mark.parametrize(
    ("door", "response", "execution", "ready"),
    slow_but(
        [(*stack, ready) for stack, ready in zip(STACKS, itertools.cycle(INITIALIZATIONS))],
        [(*stack, ready) for stack in STACKS for ready in INITIALIZATIONS],
    ),
)
def test_the_work_runs_in_an_environment_of_its_initialization(
    place, handler, door, response, execution, ready
):
    before = holds(place)
    several = execution in ("recursion", "step-functions")
    settings = {"poll_first_s": 0.2, **({"slice_steps": 1, "hops": 9} if several else {})}
    w = Workload(**SMALL, peak_rps=40 if several else 1)  # 4 environments: hops overlap
    standing = deploy.deploy(
        w, design_of(door, response, execution, ready), place, handler, settings=settings
    )
    with Client(standing.url, standing.credentials()) as client:
        variables = client.run({"steps": 3 if several else 0})
    deploy.destroy(standing)
    published = ready != "on-demand" or execution == "durable"
    assert (variables["TYPE"], variables["VERSION"]) == (ready, "1" if published else "$LATEST")
    assert bool(variables["NAME"]) == (ready != SNAP)  # AWS does not say where a SnapStart function logs
    assert holds(place) == before


@pytest.mark.parametrize(
    ("ready", "field"),
    [("on-demand", "Init Duration"), (READY, "Init Duration"), (SNAP, "Restore Duration")],
)
def test_a_benchmark_counts_the_starts_for_which_a_request_waited(place, ready, field):
    standing = deploy.deploy(Workload(**SMALL), design_of("function-url", "buffered", "single", ready), place)
    result = measure(standing, jobs=6, concurrency=1, runtime=0, response=1000, warm_up=0)
    events = place.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{standing.name}-work")[
        "events"
    ]
    lines = [event["message"] for event in events]
    deploy.destroy(standing)
    reports = [line for line in lines if line.startswith("REPORT") and f"\t{field}" in line]
    restored = [line for line in lines if line.startswith(("RESTORE_START", "RESTORE_REPORT"))]
    assert result.succeeded == 6 and result.to_dict()["cost_usd"] > 0
    assert len(reports) == 1 and len(restored) == (2 if ready == SNAP else 0)
    assert (result.cold_starts or 0) <= (0 if ready == READY else 1)
    assert not [line for line in lines if "Init Duration" in line] or ready != SNAP


def test_a_stack_with_more_than_this_machine_keeps_ready_is_for_aws_alone():
    design = design_of("function-url", "buffered", "single", READY)
    few, many = (deploy.plan(Workload(**SMALL, peak_rps=rps), design) for rps in (MOST, 100 * MOST))
    assert few.stack.provisioned_environments <= MOST < many.stack.provisioned_environments
    few.check_target("local")
    many.check_target("aws")
    with pytest.raises(
        ExplorerError, match=rf"{many.stack.provisioned_environments} environments ready.*at most {MOST}"
    ):
        many.check_target("local")


@pytest.mark.parametrize("ready", ["on-demand", READY])
def test_what_is_kept_ready_stands_in_the_estimate(ready):
    w = Workload(**SMALL, peak_rps=20)
    planned = deploy.plan(w, design_of("function-url", "buffered", "single", ready))
    gb_s = planned.stack.provisioned_environments * 730 * 3600 * 1769 / 1024
    usd = price({"lambda.provisioned_concurrency_arm": gb_s}, "us-east-1").total_usd
    assert planned.estimate["standing_usd_month"] == pytest.approx(float(usd), abs=0.01)
    assert (usd > 10) == (ready == READY)


# Provisioned concurrency


def function(place, name, code, **settings):
    """The name of a function with this code, and the client that made it."""
    functions, iam = place.client("lambda"), place.client("iam")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"Service": "lambda.amazonaws.com"}}]}  # fmt: skip
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    functions.create_function(
        FunctionName=name, Role=role, Runtime="python3.13", Handler="index.handle",
        Code={"ZipFile": zipped(code)}, Timeout=20, **settings,
    )  # fmt: skip
    return functions


def type_seen(functions, name, qualifier, sleep=0):
    payload = json.dumps({"sleep": sleep}).encode()
    answer = functions.invoke(FunctionName=name, Qualifier=qualifier, Payload=payload)
    return json.loads(answer["Payload"].read())


def test_calls_beyond_what_is_provisioned_run_on_demand(place):
    functions = function(place, "spills", TYPED)
    version = functions.publish_version(FunctionName="spills")["Version"]
    assert type_seen(functions, "spills", version) == "on-demand"  # it was there before
    functions.create_alias(FunctionName="spills", Name="live", FunctionVersion=version)
    where = {"FunctionName": "spills", "Qualifier": "live"}
    functions.put_provisioned_concurrency_config(**where, ProvisionedConcurrentExecutions=2)
    assert until(lambda: functions.get_provisioned_concurrency_config(**where)["Status"] == "READY")
    with ThreadPoolExecutor(3) as threads:
        types = list(threads.map(lambda _: type_seen(functions, "spills", "live", 1), range(3)))
    assert sorted(types) == ["on-demand", READY, READY]
    assert type_seen(functions, "spills", "live") == READY  # and first of all in those that are kept ready
    functions.put_provisioned_concurrency_config(**where, ProvisionedConcurrentExecutions=1)
    assert until(lambda: functions.get_provisioned_concurrency_config(**where)["Status"] == "READY")
    with ThreadPoolExecutor(2) as threads:
        types = list(threads.map(lambda _: type_seen(functions, "spills", "live", 1), range(2)))
    assert sorted(types) == ["on-demand", READY]
    functions.delete_provisioned_concurrency_config(**where)
    assert type_seen(functions, "spills", "live") == "on-demand"


@pytest.mark.parametrize(("reserved", "fits"), [(2, True), (1, False)])
def test_no_more_is_provisioned_than_is_reserved(place, reserved, fits):
    name = f"reserves-{reserved}"
    functions = function(place, name, TYPED)
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    template = {"Resources": {"Live": {"Type": "AWS::Lambda::Alias", "Properties": {
        "FunctionName": name, "FunctionVersion": version, "Name": "live",
        "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 2}}}}}  # fmt: skip
    status, reasons = stack_up(place, name, template)
    assert (status == "CREATE_COMPLETE") == fits
    assert fits or "should not be greater than the reservedConcurrentExecution" in reasons


# What does not come up


def stack_up(place, name, template):
    """The last status of a stack, and the reasons of its events."""
    formation = place.client("cloudformation")
    formation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    ended = []

    def over():
        ended[:] = [formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]]
        return not ended[0].endswith("_IN_PROGRESS")

    assert until(over, 60)
    events = formation.describe_stack_events(StackName=name)["StackEvents"]
    return ended[0], " ".join(event.get("ResourceStatusReason", "") for event in events)


@pytest.mark.parametrize(("code", "comes_up"), [(TYPED, True), (BREAKS, False)])
@pytest.mark.parametrize("ready", [READY, SNAP])
def test_a_stack_whose_work_does_not_come_up_fails_and_says_why(place, ready, code, comes_up):
    name = f"up-{len(ready)}-{comes_up}"
    snap = {"SnapStart": {"ApplyOn": "PublishedVersions"}} if ready == SNAP else {}
    functions = function(place, name, code, **snap)
    of_function = {"FunctionName": name}
    provisions = (
        {"ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1}} if ready == READY else {}
    )
    version = {"Type": "AWS::Lambda::Version", "Properties": of_function}
    number = {"Fn::GetAtt": ["Version", "Version"]}
    alias = {**of_function, "FunctionVersion": number, "Name": "live", **provisions}
    template = {
        "Resources": {"Version": version, "Live": {"Type": "AWS::Lambda::Alias", "Properties": alias}}
    }
    status, reasons = stack_up(place, name, template)
    if comes_up:
        assert status == "CREATE_COMPLETE" and type_seen(functions, name, "live") == ready
        return
    assert status == "ROLLBACK_COMPLETE" and "no connection" in reasons
    assert not functions.list_aliases(FunctionName=name)["Aliases"]


def test_a_version_with_a_snapshot_takes_no_provisioned_concurrency(place):
    functions = function(place, "both", TYPED, SnapStart={"ApplyOn": "PublishedVersions"})
    version = functions.publish_version(FunctionName="both")["Version"]
    with pytest.raises(ClientError, match="SnapStart"):
        functions.put_provisioned_concurrency_config(
            FunctionName="both", Qualifier=version, ProvisionedConcurrentExecutions=1
        )
    assert type_seen_once_active(functions, "both", version) == SNAP
    assert type_seen(functions, "both", "$LATEST") == "on-demand"  # a snapshot is of a version


def type_seen_once_active(functions, name, version):
    def state():
        return functions.get_function_configuration(FunctionName=name, Qualifier=version)["State"]

    assert until(lambda: state() == "Active")
    return type_seen(functions, name, version)


# The log


CONFIG = {"Runtime": "python3.13", "FunctionArn": "arn:aws:lambda:us-east-1:0:function:f:1"}
WITH_SNAPSHOT = {**CONFIG, "SnapStart": {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}}


@pytest.mark.parametrize(
    ("config", "start_s", "early_s", "fields"),
    [
        (CONFIG, None, None, []),
        (CONFIG, 0.41216, None, ["Init Duration: 412.16 ms"]),
        (CONFIG, None, 0.5, ["Init Duration: 500.00 ms"]),
        (WITH_SNAPSHOT, None, None, []),
        (WITH_SNAPSHOT, 0.41216, None, ["Restore Duration: 412.16 ms", "Billed Restore Duration: 413 ms"]),
    ],
)
def test_a_report_tells_of_the_start_of_its_environment(config, start_s, early_s, fields):
    assert start_in_report(config, start_s, early_s) == fields


REPORT = "REPORT RequestId: r\tDuration: 2.00 ms\tBilled Duration: {} ms\tMemory Size: 1024 MB\t{}"


@pytest.mark.parametrize(
    ("billed_ms", "start", "waited_s"),
    [
        (102, "Init Duration: 100.00 ms", 0.1),  # of an environment on demand: billed
        (2, "Init Duration: 100.00 ms", None),  # of a provisioned one: before the request
        (32, "Restore Duration: 100.00 ms\tBilled Restore Duration: 30 ms", 0.1),
        (2, "", None),
    ],
)
def test_a_start_that_is_not_billed_with_its_invocation_was_not_waited_for(billed_ms, start, waited_s):
    (one,) = parse("work", [REPORT.format(billed_ms, start)])
    if start.startswith("Restore"):
        assert one.init_s == waited_s
    else:
        assert without_early_starts([one])[0].init_s == waited_s


@pytest.mark.parametrize(("ready", "has_ready"), [("on-demand", False), (READY, True)])
def test_a_run_is_billed_with_the_environments_that_the_stack_keeps_ready(ready, has_ready):
    from explorer.analysis.calibration.prediction import RunConditions
    from explorer.live.bench.row import Row

    w = Workload(**SMALL, peak_rps=20)
    design = whole(design_of("function-url", "buffered", "single", ready))
    run = RunConditions(rate_rps=1.0, runtime_s={"p50": 0.01}, response_bytes={"p50": 1000})
    rows = [Row(0, 0.0, status="succeeded", bytes=1000, received_bytes=1000)]
    invocations = [
        Invocation("work", "a", 1.0, 1.0, 1024),
        Invocation("work", "b", 1.0, 3.0, 1024, init_s=2.0),
        Invocation("submit", "c", 1.0, 1.0, 1024),
    ]
    lines = {line.id: line.quantity for line in bill(w, design, run, rows, 1, invocations).lines}
    assert lines["lambda.duration_arm"] == pytest.approx(4 if has_ready else 5)
    assert lines.get("lambda.provisioned_duration_arm") == (pytest.approx(1) if has_ready else None)
    provisions = deploy.plan(w, design).stack.provisioned_environments * 1769 / 1024  # for a second
    assert lines.get("lambda.provisioned_concurrency_arm", 0) == pytest.approx(provisions)
    assert (provisions > 0) == has_ready
