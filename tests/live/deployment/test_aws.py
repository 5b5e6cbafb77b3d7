"""The paths that only AWS has, without AWS: its answers are botocore's Stubber's, and no socket opens."""

import json
import os
import signal
import socket
import time

import boto3
import pytest
from botocore.stub import ANY, Stubber
from typer.testing import CliRunner

from explorer import Workload
from explorer.cli import prompts
from explorer.cli.main import app
from explorer.engine.designs import table
from explorer.errors import CloudError
from explorer.live.bench.schedule import rate_steps
from explorer.live.deployment import create, target, teardown
from explorer.live.deployment import deploy as deploying
from explorer.live.deployment.aws_errors import explain_errors, short_message
from explorer.live.deployment.stack_description import template_of
from explorer.live.deployment.template import stack_of

NAME, REGION, ACCOUNT = "small-000001", "eu-west-1", "123456789012"
STACK_ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{NAME}/1"
DESIGN = "door=http-api,request=inline,response=buffered,execution=single,configuration=parameter-store"
SMALL = {
    "name": "small",
    "region": REGION,
    "requests_per_month": 1e4,
    "response": {"p50": "2 KB"},
    "runtime": {"p50": "10 ms"},
    "configuration": {"total": "1 KB", "entries": 3, "secrets": 2},
}
URL = "https://abc.execute-api.eu-west-1.amazonaws.com"
NO_STACK = ("ValidationError", f"Stack with id {NAME} does not exist")
SECRETS = [f"/{NAME}/CFG_2", f"/{NAME}/CFG_3"]  # the names of the two
SECRET = "hunter2-hunter2"


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """Neither the developer's account nor the network is within reach."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, lambda *_: pytest.fail("a socket was opened"))


class Aws:
    """What AWS is asked, in turn, and what it answers."""

    def __init__(self):
        self.stubs, self.clients = {}, {}

    def client(self, service):
        if service not in self.clients:
            keys = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "none"}
            self.clients[service] = boto3.client(service, region_name=REGION, **keys)
            self.stubs[service] = Stubber(self.clients[service])
            self.stubs[service].activate()
        return self.clients[service]

    def answers(self, service, operation, answer=None, parameters=None):
        self.client(service)
        self.stubs[service].add_response(operation, answer or {}, parameters)

    def refuses(self, service, operation, code, message="no", status=400):
        self.client(service)
        self.stubs[service].add_client_error(operation, code, message, status)

    def finish(self):
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()


@pytest.fixture
def aws(monkeypatch):
    """AWS by a script that has to be played to its end."""
    script = Aws()
    monkeypatch.setattr(target.Aws, "_client", lambda self, service, attempts: script.client(service))
    monkeypatch.setattr(create, "new_name", lambda workload: NAME)
    monkeypatch.setitem(teardown.POLL_S, "aws", 0.0)
    yield script
    script.finish()


@pytest.fixture
def workload(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(Workload(**SMALL).to_toml())
    return str(path)


def run(*arguments, text=None):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=text)


def refused(*arguments):
    """The exit code and the one line of a command that is refused."""
    result = run(*arguments)
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    return result.exit_code, line


def deploy(workload, *more):
    return "deploy", workload, "--design", DESIGN, "--target", "aws", "--yes", "--json", *more


def on_aws(command, *arguments):
    return command, *arguments, "--target", "aws", "--region", REGION, "--json"


# The script of a deploy, and of its end.


def tags(created="2026-01-01T00:00:00Z", expires="2026-01-02T00:00:00Z", name=NAME):
    values = {"explorer:stack": name, "explorer:created": created, "explorer:expires": expires}
    return [{"Key": key, "Value": value} for key, value in values.items()]


ANY_TAGS = tags(ANY, ANY)


def stack_row(state, name=NAME, **more):
    """A stack as CloudFormation describes it."""
    rows = {"Url": URL, "CallerPolicy": "arn:aws:iam::1:policy/c"} if state.endswith("E_COMPLETE") else {}
    outputs = [{"OutputKey": key, "OutputValue": value} for key, value in rows.items()]
    row = {"StackName": name, "StackStatus": state, "CreationTime": 0, "Outputs": outputs}
    return {**row, "Tags": tags(name=name), **more}


def no_code_alone(aws):
    """No bucket is left of what was interrupted."""
    aws.answers("s3", "list_buckets", {"Buckets": [{"Name": "someones"}, {"Name": f"{NAME}-code"}]})


def stacks(*rows):
    return {"Stacks": list(rows)}


def member(logical, kind, physical, state="CREATE_COMPLETE"):
    return {
        "LogicalResourceId": logical,
        "ResourceType": kind,
        "PhysicalResourceId": physical,
        "ResourceStatus": state,
        "LastUpdatedTimestamp": 0,
    }


def members(*rows):
    return {"StackResourceSummaries": [member(*row) for row in rows]}


POLICY = ("Caller", "AWS::IAM::ManagedPolicy", f"arn:aws:iam::{ACCOUNT}:policy/caller")
RESULTS = ("Results", "AWS::S3::Bucket", "small-results")


def event(logical, status, why=None):
    row = {
        "StackId": STACK_ID,
        "EventId": "1",
        "StackName": NAME,
        "Timestamp": 0,
        "LogicalResourceId": logical,
        "ResourceStatus": status,
    }
    return row if why is None else {**row, "ResourceStatusReason": why}


def begun(aws):
    """Who it is, and that the name is free."""
    aws.answers("sts", "get_caller_identity", {"Account": ACCOUNT})
    aws.refuses("cloudformation", "describe_stacks", *NO_STACK)


def shipped(aws):
    bucket = {"Bucket": f"{NAME}-code"}
    where = {"CreateBucketConfiguration": {"LocationConstraint": REGION, "Tags": ANY_TAGS}}
    aws.answers("s3", "create_bucket", parameters={**bucket, **where})
    aws.answers("s3", "put_public_access_block")
    aws.answers("s3", "put_bucket_policy")
    aws.answers("s3", "put_object", parameters={**bucket, "Key": "functions.zip", "Body": ANY})


def created(aws, *states):
    parameters = {"StackName": NAME, "TemplateBody": ANY, "Parameters": ANY, "Tags": ANY_TAGS}
    parameters["Capabilities"] = ["CAPABILITY_IAM"]
    aws.answers("cloudformation", "create_stack", {"StackId": STACK_ID}, parameters)
    for state in states:
        aws.answers("cloudformation", "describe_stacks", stacks(stack_row(state)))


def filled(aws):
    """What CloudFormation does not tag, and what it must not hold."""
    aws.answers("cloudformation", "list_stack_resources", members(POLICY))
    aws.answers("iam", "tag_policy", parameters={"PolicyArn": POLICY[2], "Tags": ANY_TAGS})
    for name in SECRETS:
        parameters = {"Name": name, "Value": ANY, "Type": "SecureString", "Tier": "Standard"}
        aws.answers("ssm", "put_parameter", {"Version": 1}, {**parameters, "Tags": ANY_TAGS})


def template():
    planned = deploying.plan(Workload(**SMALL), DESIGN)
    return {"TemplateBody": template_of(planned.stack)}


def emptied(aws, bucket, *pages):
    """A bucket of several pages, its versions and delete markers removed page by page."""
    for number, (versions, markers) in enumerate(pages):
        more = {"IsTruncated": True, "NextKeyMarker": "k", "NextVersionIdMarker": "v"}
        page = {
            "Versions": [{"Key": key, "VersionId": "1"} for key in versions],
            "DeleteMarkers": [{"Key": key, "VersionId": "2"} for key in markers],
        }
        aws.answers("s3", "list_object_versions", page | (more if number < len(pages) - 1 else {}))
        rows = [(key, "1") for key in versions] + [(key, "2") for key in markers]
        keys = {"Objects": [{"Key": key, "VersionId": version} for key, version in rows], "Quiet": True}
        if rows:
            aws.answers("s3", "delete_objects", {}, {"Bucket": bucket, "Delete": keys})


def values_gone(aws):
    """Also those go that the store does not find yet."""
    aws.answers("ssm", "get_parameters_by_path", {"Parameters": []}, {"Path": f"/{NAME}/"})
    aws.answers("ssm", "delete_parameters", {}, {"Names": SECRETS})


def removed(aws, rows=(), end=NO_STACK):
    """The resources of a stack that is there."""
    aws.answers("cloudformation", "describe_stacks", stacks(stack_row("CREATE_COMPLETE")))
    aws.answers("cloudformation", "list_stack_resources", members(*rows))
    values_gone(aws)
    aws.answers("cloudformation", "delete_stack", {}, {"StackName": NAME})
    aws.answers("cloudformation", "describe_stacks", stacks(stack_row("DELETE_IN_PROGRESS")))
    aws.refuses("cloudformation", "describe_stacks", *end)


def cleared(aws):
    """Its code and its logs; one log has come back."""
    emptied(aws, f"{NAME}-code", (["functions.zip"], []))
    aws.answers("s3", "delete_bucket", parameters={"Bucket": f"{NAME}-code"})
    group = f"/aws/lambda/{NAME}-work"
    aws.answers("logs", "describe_log_groups", {"logGroups": [{"logGroupName": group}]})
    aws.answers("logs", "delete_log_group", parameters={"logGroupName": group})
    for _ in range(2):  # of containers and of state machines
        aws.answers("logs", "describe_log_groups", {"logGroups": []})


# What is told and asked before anything is made.


def test_a_deploy_ships_creates_tags_fills_and_tells(aws, workload):
    begun(aws)
    shipped(aws)
    created(aws, "CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    filled(aws)
    aws.answers("cloudformation", "describe_stacks", stacks(stack_row("CREATE_COMPLETE")))
    aws.answers("cloudformation", "get_template", template())
    result = run(*deploy(workload))
    answer = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (0, "")
    assert {key: answer[key] for key in ("stack", "target", "url", "region", "account", "state")} == {
        "stack": NAME,
        "target": "aws",
        "url": URL,
        "region": REGION,
        "account": ACCOUNT,
        "state": "CREATE_COMPLETE",
    }
    assert answer["standing_usd_month"] >= 0 < answer["usd_per_1000_requests"]
    assert "credentials" not in answer


@pytest.mark.parametrize("reply", ["n\n", ""])
def test_account_region_design_and_cost_are_told_and_a_no_makes_nothing(aws, workload, monkeypatch, reply):
    monkeypatch.setattr(prompts, "someone_answers", lambda: True)
    aws.answers("sts", "get_caller_identity", {"Account": ACCOUNT})
    result = run("deploy", workload, "--design", DESIGN, "--target", "aws", text=reply)
    assert result.exit_code == 1 and "Nothing was changed" in result.stderr
    for part in (ACCOUNT, REGION, "door=http-api", "USD a month to stand", "USD for 1,000 requests", NAME):
        assert part in result.stdout


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize(
    "command", [["deploy", "{workload}", "--design", DESIGN], ["destroy", NAME, "--region", REGION]]
)
def test_where_nobody_can_be_asked_yes_is_expected(aws, workload, command, form):
    code, line = refused(*(word.format(workload=workload) for word in command), "--target", "aws", *form)
    assert code == 2 and line.endswith("expected --yes to go on without asking")


def test_what_aws_tells_of_a_failure_is_one_line_and_all_is_taken_down(aws, workload):
    begun(aws)
    shipped(aws)
    created(aws, "ROLLBACK_COMPLETE")
    measured = f'exceeded the 4KB limit. String measured: {{"PASSWORD":"{SECRET}"}}'
    handled = f'Resource handler returned message: "{measured}" (RequestToken: 1, HandlerErrorCode: Invalid)'
    page = [event(NAME, "ROLLBACK_COMPLETE"), event("Api", "CREATE_FAILED", "Resource creation cancelled")]
    aws.answers("cloudformation", "describe_stack_events", {"StackEvents": page, "NextToken": "2"})
    first = [event("Jobs", "CREATE_FAILED", "later"), event("Work", "CREATE_FAILED", handled)]
    aws.answers("cloudformation", "describe_stack_events", {"StackEvents": first})
    removed(aws)
    cleared(aws)
    code, line = refused(*deploy(workload))
    assert code == 3
    assert "ROLLBACK_COMPLETE: Work: exceeded the 4KB limit. All of small-000001 was taken down" in line
    assert SECRET not in line


# Each thing that can go wrong: what AWS answers, and the line that a person reads.

REFUSALS = [
    ("ExpiredToken", "The security token included in the request is expired", "credentials have expired"),
    ("RequestExpired", "Request has expired", "set this machine's clock"),
    ("SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier than", "machine's clock"),
    ("InvalidClientTokenId", "The security token is invalid", "or a region that the account has enabled"),
    ("UnrecognizedClientException", "The security token is invalid", "does not know these credentials"),
    ("AccessDenied", "User: arn:aws:iam::1:user/x is not authorized to perform: y", "denied: User: arn:aws"),
    ("AccessDeniedException", "", "denied: AccessDeniedException"),
    ("Throttling", "Rate exceeded", "throttled (Throttling): try again later"),
    ("ThrottlingException", "Rate exceeded", "throttled (ThrottlingException)"),
    ("LimitExceededException", "Limit for stack has been exceeded", "a quota of the account is used up"),
    ("OptInRequired", "You are not subscribed", "the account cannot use this region"),
    ("ServiceUnavailable", "Please try\n again", "ServiceUnavailable: Please try again"),
]


@pytest.mark.parametrize(("code", "message", "says"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_what_aws_refuses_is_one_line(aws, code, message, says):
    aws.refuses("cloudformation", "describe_stacks", code, message)
    exit_code, line = refused(*on_aws("stacks"))
    assert exit_code == 3 and line.startswith("error: list stacks: DescribeStacks: ") and says in line


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("BucketAlreadyExists", "CreateBucket: the name is taken by another account"),
        ("AccessDenied", "CreateBucket: denied"),
        ("TooManyBuckets", "CreateBucket: a quota of the account is used up"),
        ("IllegalLocationConstraintException", "CreateBucket: the account cannot use this region"),
    ],
)
def test_where_not_even_the_bucket_is_made_nothing_is_removed(aws, workload, code, says):
    begun(aws)
    aws.refuses("s3", "create_bucket", code)
    exit_code, line = refused(*deploy(workload))
    assert exit_code == 3 and line.count(NAME) == 1
    assert says in line


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("LimitExceededException", "CreateStack: a quota of the account is used up"),
        ("AccessDenied", "CreateStack: denied"),
        ("InsufficientCapabilitiesException", "CreateStack: InsufficientCapabilitiesException"),
    ],
)
def test_a_stack_that_is_refused_leaves_not_even_its_code(aws, workload, code, says):
    begun(aws)
    shipped(aws)
    aws.refuses("cloudformation", "create_stack", code)
    aws.refuses("cloudformation", "describe_stacks", *NO_STACK)
    cleared(aws)
    exit_code, line = refused(*deploy(workload))
    assert exit_code == 3 and says in line and "All of small-000001 was taken down again" in line


def test_what_could_not_be_taken_down_is_told_with_the_command_that_does(aws, workload):
    begun(aws)
    shipped(aws)
    expired = ("ExpiredToken", "expired")
    aws.refuses("cloudformation", "create_stack", *expired)
    aws.refuses("cloudformation", "describe_stacks", *expired)
    aws.refuses("s3", "list_object_versions", *expired)
    aws.refuses("logs", "describe_log_groups", *expired)
    code, line = refused(*deploy(workload))
    assert code == 3 and "credentials have expired" in line
    assert line.endswith(f"explorer destroy {NAME} --target aws --region {REGION}")


def test_a_value_that_a_store_refuses_is_not_repeated(aws, workload):
    begun(aws)
    shipped(aws)
    created(aws, "CREATE_COMPLETE")
    aws.answers("cloudformation", "list_stack_resources", members())
    wrong = f"1 validation error detected: Value '{SECRET}' at 'value' failed to satisfy constraint"
    aws.refuses("ssm", "put_parameter", "ValidationException", wrong)
    removed(aws)
    cleared(aws)
    code, line = refused(*deploy(workload))
    assert code == 3 and SECRET not in line and "Value at 'value' failed to satisfy constraint" in line


@pytest.mark.parametrize(
    ("message", "ending"),
    [
        (f'over. String measured: {{"A":"{SECRET}"}}', "over."),
        (f"Value '{SECRET}' at 'a' is; Value 'it''s' at 'b' is not", "Value at 'b' is not"),
        (f"Invalid type for parameter Value, value: {SECRET}, type: x", "parameter Value, type: x"),
        ("a\n b " + SECRET[:0] + "c" * 600, "ccc ..."),
    ],
)
def test_a_message_is_one_short_line_without_values(message, ending):
    line = short_message(message)
    assert line.endswith(ending) and SECRET not in line and len(line) < 510


# Without credentials, and without a network: botocore's own errors, raised by botocore.

SSO = """[default]
sso_session = work
sso_account_id = 123456789012
sso_role_name = admin
region = eu-west-1
[sso-session work]
sso_region = eu-west-1
sso_start_url = https://example.awsapps.com/start
"""
FAILING = "[default]\ncredential_process = /bin/false\n"


@pytest.mark.parametrize(
    ("environment", "config", "says"),
    [
        ({}, "", "there are no AWS credentials: run `aws configure`"),
        ({"AWS_ACCESS_KEY_ID": "AKID"}, "", "incomplete: Partial credentials found in env"),
        ({"AWS_PROFILE": "nope"}, "", "The config profile (nope) could not be found: set AWS_PROFILE"),
        ({}, SSO, "the sign-in has ended: run `aws sso login`"),
        ({}, FAILING, "the AWS credentials could not be read: Error when retrieving credentials"),
        ({}, "this is no config", "Unable to parse config file"),
    ],
    ids=["none", "partial", "profile", "sso", "process", "config"],
)
@pytest.mark.parametrize("command", ["deploy", "stacks", "destroy"])
def test_without_credentials_it_is_one_line(command, environment, config, says, workload, monkeypatch):
    with open(os.environ["AWS_CONFIG_FILE"], "w") as file:
        file.write(config)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    commands = {
        "deploy": deploy(workload),
        "stacks": on_aws("stacks"),
        "destroy": (*on_aws("destroy", NAME), "--yes"),
    }
    code, line = refused(*commands[command])
    assert code == 3 and says in line


@pytest.fixture
def keys(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")


def test_without_a_network_it_is_one_line_soon(keys, workload, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    began = time.monotonic()
    code, line = refused(*deploy(workload))
    assert code == 3 and 'no answer: Could not connect to the endpoint URL: "https://sts.' in line
    assert line.endswith("expected a network, and a region that exists")
    assert time.monotonic() - began < 15


# What stands, in whatever state.


def test_what_is_half_made_is_listed_with_its_state(aws):
    rows = [stack_row(state, f"s-{n}") for n, state in enumerate(("ROLLBACK_COMPLETE", "DELETE_FAILED"))]
    aws.answers("cloudformation", "describe_stacks", {**stacks(*rows), "NextToken": "2"})
    foreign = stack_row("CREATE_COMPLETE", "foreign") | {"Tags": []}
    unfit = stack_row("CREATE_IN_PROGRESS", "s-2") | {"Tags": tags("x", "soon", "s-2")}
    aws.answers("cloudformation", "describe_stacks", stacks(unfit, foreign, stack_row("CREATE_COMPLETE")))
    aws.answers("cloudformation", "get_template", template())
    no_code_alone(aws)
    answer_rows = json.loads(run(*on_aws("stacks")).stdout)["stacks"]
    assert {row["stack"]: (row["state"], row["url"], row["expired"]) for row in answer_rows} == {
        "s-0": ("ROLLBACK_COMPLETE", None, True),
        "s-1": ("DELETE_FAILED", None, True),
        "s-2": ("CREATE_IN_PROGRESS", None, False),
        NAME: ("CREATE_COMPLETE", URL, True),
    }


@pytest.mark.parametrize(
    "body", ['{"Resources": {}}', '{"Metadata": {"explorer": {"workload": "x ="}}}', "Resources: {}"]
)
def test_what_cannot_be_read_is_listed_and_is_not_put_under_load(aws, body):
    for _ in range(2):
        aws.answers("cloudformation", "describe_stacks", stacks(stack_row("CREATE_COMPLETE")))
        aws.answers("cloudformation", "get_template", {"TemplateBody": body})
    no_code_alone(aws)
    (row,) = json.loads(run(*on_aws("stacks")).stdout)["stacks"]
    assert row["design"] is None
    code, line = refused(*on_aws("bench", NAME), "--jobs", 1)
    assert code == 2 and f"explorer destroy {NAME} --target aws --region {REGION}" in line


def test_code_without_its_stack_is_listed(aws):
    aws.answers("cloudformation", "describe_stacks", stacks())
    aws.answers("s3", "list_buckets", {"Buckets": [{"Name": "theirs-code"}, {"Name": f"{NAME}-code"}]})
    for name, owner in ((NAME, NAME), ("theirs", "else")):  # by name
        parameters = {"Bucket": f"{name}-code"}
        aws.answers("s3", "get_bucket_location", {"LocationConstraint": REGION}, parameters)
        aws.answers("s3", "get_bucket_tagging", {"TagSet": tags("x", "soon", owner)}, parameters)
    (row,) = json.loads(run(*on_aws("stacks")).stdout)["stacks"]
    assert (row["stack"], row["state"], row["url"]) == (NAME, "CODE_ALONE", None)


def test_who_may_not_list_buckets_sees_the_stacks(aws):
    aws.answers("cloudformation", "describe_stacks", stacks(stack_row("DELETE_FAILED")))
    aws.refuses("s3", "list_buckets", "AccessDenied")
    assert len(json.loads(run(*on_aws("stacks")).stdout)["stacks"]) == 1


def test_a_person_sees_the_state_where_the_address_would_be(aws):
    aws.answers("cloudformation", "describe_stacks", stacks(stack_row("DELETE_FAILED")))
    no_code_alone(aws)
    output = run("stacks", "--target", "aws", "--region", REGION).stdout
    assert f"On AWS in {REGION}" in output and "delete failed" in output and ", expired" in output


@pytest.mark.parametrize(
    ("environment", "config", "place"),
    [
        ({"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "us-west-2"}, "", "eu-north-1 (AWS_REGION)"),
        ({"AWS_DEFAULT_REGION": "us-west-2"}, "", "us-west-2 (AWS_DEFAULT_REGION)"),
        ({}, "[default]\nregion = sa-east-1\n", "sa-east-1 (as the AWS profile says)"),
        ({}, "", "us-east-1 (none is configured)"),
    ],
)
def test_the_region_that_is_taken_is_said(aws, monkeypatch, environment, config, place):
    with open(os.environ["AWS_CONFIG_FILE"], "w") as file:
        file.write(config)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    aws.answers("cloudformation", "describe_stacks", stacks())
    aws.answers("s3", "list_buckets", {"Buckets": []})
    assert f"No stack stands on AWS in {place}" in run("stacks", "--target", "aws").stdout


def test_a_stack_that_is_not_there_names_the_region_that_was_searched(aws, monkeypatch):
    monkeypatch.setenv("AWS_REGION", REGION)
    aws.refuses("cloudformation", "describe_stacks", *NO_STACK)
    aws.refuses("s3", "get_bucket_location", "NoSuchBucket")
    code, line = refused("destroy", NAME, "--target", "aws", "--yes")
    assert code == 2 and f"there is none on AWS in {REGION} (AWS_REGION); elsewhere: --region" in line


# Removal.


@pytest.mark.parametrize("state", ["CREATE_COMPLETE", "ROLLBACK_COMPLETE", "CREATE_FAILED", "DELETE_FAILED"])
def test_a_stack_is_removed_in_whatever_state_with_all_pages_of_its_buckets(aws, state):
    aws.answers("cloudformation", "describe_stacks", stacks(stack_row(state)))
    if state == "CREATE_COMPLETE":
        aws.answers("cloudformation", "get_template", template())
    aws.answers("cloudformation", "describe_stacks", stacks(stack_row(state)))
    uploads = ("Uploads", "AWS::S3::Bucket", "small-uploads", "DELETE_COMPLETE")
    aws.answers("cloudformation", "list_stack_resources", members(RESULTS, uploads))
    aws.answers("cloudformation", "get_template", template())
    values_gone(aws)
    emptied(aws, "small-results", (["a", "b"], ["c"]), (["d"], []))
    aws.answers("cloudformation", "delete_stack", {}, {"StackName": NAME})
    aws.refuses("cloudformation", "describe_stacks", *NO_STACK)
    cleared(aws)
    result = run(*on_aws("destroy", NAME), "--yes")
    assert result.exit_code == 0 and json.loads(result.stdout)["destroyed"]


def still_there(aws):
    aws.answers("cloudformation", "describe_stacks", stacks(stack_row("DELETE_FAILED")))
    aws.answers("cloudformation", "describe_stacks", stacks(stack_row("DELETE_FAILED")))
    aws.answers("cloudformation", "list_stack_resources", members(RESULTS))
    aws.answers("cloudformation", "get_template", template())
    values_gone(aws)
    for _ in range(teardown.TRIES):
        emptied(aws, "small-results", ([], []))
        aws.answers("cloudformation", "delete_stack", {}, {"StackName": NAME})
        aws.answers("cloudformation", "describe_stacks", stacks(stack_row("DELETE_FAILED")))


def test_what_cannot_be_removed_is_told_with_its_reason_and_what_is_left(aws):
    still_there(aws)
    events = [event("Caller", "DELETE_FAILED", "attached to entities"), event("Work", "CREATE_FAILED", "old")]
    aws.answers("cloudformation", "describe_stack_events", {"StackEvents": events})
    aws.answers("cloudformation", "list_stack_resources", members(POLICY))
    cleared(aws)
    code, line = refused(*on_aws("destroy", NAME), "--yes")
    assert code == 3
    assert f"DELETE_FAILED: Caller: attached to entities. Left: Caller ({POLICY[2]})" in line


def test_an_object_that_cannot_be_removed_is_told(aws):
    for _ in range(2):
        aws.answers("cloudformation", "describe_stacks", stacks(stack_row("CREATE_FAILED")))
    aws.answers("cloudformation", "list_stack_resources", members(RESULTS))
    aws.answers("cloudformation", "get_template", template())
    values_gone(aws)
    aws.answers("s3", "list_object_versions", {"Versions": [{"Key": "a", "VersionId": "1"}]})
    error = {"Key": "a", "Code": "AccessDenied", "Message": "Access Denied"}
    aws.answers("s3", "delete_objects", {"Errors": [error]})
    cleared(aws)
    code, line = refused(*on_aws("destroy", NAME), "--yes")
    assert code == 3 and "small-results: a: AccessDenied" in line


@pytest.mark.parametrize(("region", "is_there"), [(REGION, True), ("us-east-1", False)])
def test_code_that_a_lost_deploy_left_is_removed_in_its_own_region_alone(aws, region, is_there):
    aws.refuses("cloudformation", "describe_stacks", *NO_STACK)
    aws.answers("s3", "get_bucket_location", {"LocationConstraint": REGION})
    aws.answers("s3", "get_bucket_tagging", {"TagSet": tags()})
    if is_there:
        aws.refuses("cloudformation", "describe_stacks", *NO_STACK)
        cleared(aws)
    result = run("destroy", NAME, "--target", "aws", "--region", region, "--yes", "--json")
    assert result.exit_code == (0 if is_there else 2)


# Interruption.


@pytest.mark.parametrize("presses", [1, 2])
def test_an_interrupted_wait_is_rolled_back_and_told(aws, workload, monkeypatch, presses):
    signals = []

    def impatient(_):
        if len(signals) < presses:
            signals.append(signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(teardown.time, "sleep", impatient)
    begun(aws)
    shipped(aws)
    created(aws, "CREATE_IN_PROGRESS")
    removed(aws)
    cleared(aws)
    result = run(*deploy(workload))
    assert (result.exit_code, result.stdout, len(signals)) == (130, "", presses)
    assert result.stderr == f"Interrupted. All of {NAME} was taken down again\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_third_interrupt_leaves_the_rest_and_says_what_removes_it(aws, workload, monkeypatch):
    monkeypatch.setattr(teardown.time, "sleep", lambda _: os.kill(os.getpid(), signal.SIGINT))
    begun(aws)
    shipped(aws)
    created(aws, "CREATE_IN_PROGRESS")
    aws.answers("cloudformation", "describe_stacks", stacks(stack_row("CREATE_IN_PROGRESS")))
    aws.answers("cloudformation", "list_stack_resources", members())
    values_gone(aws)
    aws.answers("cloudformation", "delete_stack")
    for _ in range(2):
        aws.answers("cloudformation", "describe_stacks", stacks(stack_row("DELETE_IN_PROGRESS")))
    result = run(*deploy(workload))
    assert result.exit_code == 130
    assert result.stderr.endswith(f": explorer destroy {NAME} --target aws --region {REGION}\n")


# What goes to AWS.


def test_an_address_of_the_environment_is_said(aws, monkeypatch):
    where = "http://127.0.0.1:4566"
    here = boto3.client(
        "cloudformation", REGION, endpoint_url=where, aws_access_key_id="a", aws_secret_access_key="b"
    )
    aws.clients["cloudformation"] = here
    aws.stubs["cloudformation"] = Stubber(here)
    aws.stubs["cloudformation"].activate()
    aws.answers("cloudformation", "describe_stacks", stacks())
    aws.answers("s3", "list_buckets", {"Buckets": []})
    result = run(*on_aws("stacks"))
    assert json.loads(result.stdout) == {"stacks": []}
    assert result.stderr.startswith(f"--target aws goes to {where}, as AWS_ENDPOINT_URL")


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_aws_itself_is_nowhere_else(keys, region):
    assert target.Aws(region).custom_endpoint is None


def test_a_template_that_is_too_large_for_the_call_lies_beside_the_code(aws):
    place = target.Aws(REGION)
    assert create._template_argument(NAME, "x" * create.TEMPLATE_BYTES, place) == {"TemplateBody": ANY}
    parameters = {"Bucket": f"{NAME}-code", "Key": "template.json", "Body": ANY}
    aws.answers("s3", "put_object", parameters=parameters)
    url = f"https://{NAME}-code.s3.{REGION}.amazonaws.com/template.json"
    assert create._template_argument(NAME, "x" * (create.TEMPLATE_BYTES + 1), place) == {"TemplateURL": url}


UNTAGGED = {  # no resource of its own in AWS's eyes, but for the policy, which is tagged by hand
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::EC2::Route",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    "AWS::Lambda::Version",
    "AWS::S3::BucketPolicy",
}


def test_cloudformation_gives_the_stacks_tags_to_all_else():
    schemas = pytest.importorskip("cfnlint.schema.manager").PROVIDER_SCHEMA_MANAGER
    w, open_to_all = Workload(**SMALL), Workload(**SMALL, client={"auth": "none"})
    designs = [design for design in table().designs if design.deployable]
    stacks = [stack_of(open_to_all if d.flow.distribution else w, d) for d in designs]
    types = {row["Type"] for stack in stacks for row in stack.template["Resources"].values()}
    for kind in types:
        tagging = schemas.get_resource_schema(REGION, kind).schema.get("tagging", {})
        assert bool(tagging.get("taggable")) is (kind not in UNTAGGED), kind


# A load on AWS: what it costs is told, and has a cap.


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--jobs", 1000, "--max-requests", 999], "expected at most 999, the cap on requests"),
        (["--jobs", 100_000, "--max-usd", 0.0001], "expected at most 0.00, the cap"),
    ],
)
def test_a_load_over_a_cap_is_refused_before_the_first_request(aws, keys, options, says):
    aws.answers("cloudformation", "describe_stacks", stacks(stack_row("CREATE_COMPLETE")))
    aws.answers("cloudformation", "get_template", template())
    code, line = refused(*on_aws("bench", NAME), *options)
    assert code == 2 and says in line


def test_what_a_load_is_expected_to_cost_is_told_before_it_starts(aws, keys):
    aws.answers("cloudformation", "describe_stacks", stacks(stack_row("CREATE_COMPLETE")))
    aws.answers("cloudformation", "get_template", template())
    result = run("bench", NAME, "--target", "aws", "--region", REGION, "--jobs", 500, "--max-requests", 1)
    assert result.exit_code == 2
    assert result.stdout.startswith(f"About 500 requests on AWS in {REGION}, for about 0.0")


@pytest.mark.parametrize("arrivals", ["poisson", "constant"])
def test_as_many_requests_are_told_as_are_due(aws, keys, arrivals):
    aws.answers("cloudformation", "describe_stacks", stacks(stack_row("CREATE_COMPLETE")))
    aws.answers("cloudformation", "get_template", template())
    load = ["--rate", "7,11", "--duration", 13, "--repeat", 2, "--warm-up", 3, "--arrivals", arrivals]
    result = run("bench", NAME, "--target", "aws", "--region", REGION, *load, "--max-requests", 1)
    due = [rate_steps([7, 11], 13, seed if arrivals == "poisson" else None).requests for seed in (1, 2)]
    assert result.stdout.startswith(f"About {sum(due) + 3} requests on AWS in {REGION}")
    assert f"the schedule has {sum(due) + 3} requests: expected at most 1" in result.stderr


@pytest.mark.parametrize("error", [ValueError, KeyError])
def test_what_is_not_the_clouds_is_not_taken_for_it(error):
    with pytest.raises(error), explain_errors("x"):
        raise error
    with pytest.raises(CloudError, match="x: no answer"), explain_errors("x"):
        from botocore.exceptions import ReadTimeoutError

        raise ReadTimeoutError(endpoint_url="https://x")
