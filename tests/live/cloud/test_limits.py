"""AWS's limits on the local cloud, in pairs at the edge: at the limit, one over."""

import json
import re
import time
import urllib.request

import pytest
from botocore.config import Config

from explorer.facts import catalogue, encoding
from tests.support.local_bench import CODE, Bench, code, refused, until, zipped

pytestmark = pytest.mark.live

TOO_LARGE = (413, "RequestEntityTooLargeException")


def limit(id: str) -> int:
    return int(catalogue.limit(id).value)


def text(size: int) -> bytes:
    """A JSON string of this size."""
    return b'"' + b"x" * (size - 2) + b'"'


@pytest.mark.parametrize(
    ("id", "kind", "status", "says"),
    [
        (
            "lambda.sync.request",
            "RequestResponse",
            200,
            "must be smaller than 6291456 bytes for the InvokeFunction",
        ),
        ("lambda.async.payload", "Event", 202, r"1048577 byte payload .* \(limit 1048576 bytes\)"),
    ],
)
def test_what_is_handed_to_a_function(bench, id, kind, status, says):
    assert bench.invoke(text(limit(id)), InvocationType=kind)["StatusCode"] == status
    error = refused(bench.invoke, text(limit(id) + 1), InvocationType=kind)
    assert code(error) == TOO_LARGE and re.search(says, str(error))
    assert type(error).__name__ == "ClientError"  # the model has another name for it


def test_what_a_function_hands_to_a_function(bench):
    source = (
        "import boto3\ndef handle(event, context):\n    boto3.client('lambda').invoke(FunctionName='worker', "
    )
    source += "InvocationType='Event', Payload=b'\"' + b'x' * (event - 2) + b'\"')\n    return 1\n"
    bench.function("caller", Code={"ZipFile": zipped(source)})
    most = limit("lambda.async.payload")
    assert bench.invoke(most, "caller")["body"] == b"1"
    assert b"RequestEntityTooLargeException" in bench.invoke(most + 1, "caller")["body"]


def test_what_a_function_answers(bench):
    most = limit("lambda.sync.response")
    whole = bench.invoke({"bytes": most})
    assert "FunctionError" not in whole and len(whole["body"]) == most
    over = bench.invoke({"bytes": most + 1})
    assert over["StatusCode"] == 200 and over["FunctionError"] == "Unhandled"
    assert json.loads(over["body"]) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": f"Response payload size exceeded maximum allowed payload size ({most} bytes).",
    }


def environment(size: int) -> dict:
    """Variables of which Lambda counts this many bytes, one of them a secret."""
    variables = {"PASSWORD": "hunter2" * 4, "FILLER": "é"}
    variables["FILLER"] += "y" * (size - encoding.environment_size(variables))
    assert encoding.environment_size(variables) == size
    return {"Variables": variables}


def test_the_environment_and_its_secrets(bench):
    make, change = (
        bench.client("lambda").create_function,
        bench.client("lambda").update_function_configuration,
    )
    most, name = limit("lambda.env"), bench.function("configured")
    parameters = {
        "Role": bench.role,
        "Runtime": "python3.13",
        "Handler": "index.handle",
        "Code": {"ZipFile": zipped()},
    }
    make(FunctionName="made", Environment=environment(most), **parameters)
    change(FunctionName=name, Environment=environment(most))
    for call, options in ((make, {"FunctionName": "not", **parameters}), (change, {"FunctionName": name})):
        error = refused(call, Environment=environment(most + 1), **options)
        assert code(error) == (400, "InvalidParameterValueException") and "exceeded the 4KB limit" in str(
            error
        )
        assert type(error).__name__ == "InvalidParameterValueException"
        assert "hunter2" not in str(error) and "yyy" not in str(error) and "PASSWORD" in str(error)


def test_the_body_of_a_change(bench):
    most, name = limit("lambda.updatecfg.request"), bench.function("described")
    path = f"/2015-03-31/functions/{name}/configuration"

    def change(size: int):
        return bench.signed("PUT", path, b'{"Description":"x"}'.ljust(size))

    assert change(most).status == 200
    over = change(most + 1)
    assert (over.status, over.headers["x-amzn-errortype"]) == TOO_LARGE
    assert b"smaller than 5120 bytes for the UpdateFunctionConfiguration operation" in over.body


@pytest.mark.parametrize(
    ("field", "good", "bad", "says"),
    [
        (
            "Timeout",
            1800,
            1801,
            "Value '1801' at 'timeout' failed to satisfy constraint: Member must have value less",
        ),
        (
            "MemorySize",
            10240,
            10241,
            "Value '10241' at 'memorySize' failed to satisfy constraint: Member must",
        ),
    ],
)
def test_time_and_memory_of_a_function(bench, field, good, bad, says):
    name, change = bench.function("sized"), bench.client("lambda").update_function_configuration
    assert change(FunctionName=name, **{field: good})[field] == good
    error = refused(change, FunctionName=name, **{field: bad})
    assert code(error) == (400, "ValidationException") and says in str(error)


def test_too_little_memory_is_refused_without_the_sdk_too(bench):
    path = f"/2015-03-31/functions/{bench.function('sized')}/configuration"
    assert bench.signed("PUT", path, b'{"MemorySize":128}').status == 200
    assert bench.signed("PUT", path, b'{"MemorySize":127}').status == 400


def function(bench: Bench, **properties) -> dict:
    code = {"ZipFile": CODE}
    common = {"Role": bench.role, "Runtime": "python3.13", "Handler": "index.handle", "Code": code}
    return {"Type": "AWS::Lambda::Function", "Properties": common | properties}


def stored(kind: str, **properties) -> dict:
    return {"Type": kind, "Properties": properties}


@pytest.mark.parametrize(
    ("case", "good", "bad", "says"),
    [
        ("timeout", 1800, 1801, "less than or equal to 1800"),
        ("memory", 10240, 10241, "less than or equal to 10240"),
        ("environment", 4096, 4097, "exceeded the 4KB limit"),
        ("parameter", 4096, 4097, "4096 characters"),
        ("secret", 65536, 65537, "less than or equal to 65536"),
    ],
)
def test_the_same_through_cloudformation(bench, case, good, bad, says):
    def resource(size: int) -> dict:
        return {
            "timeout": function(bench, Timeout=size if case == "timeout" else 3),
            "memory": function(bench, MemorySize=size if case == "memory" else 128),
            "environment": function(bench, Environment=environment(size) if case == "environment" else {}),
            "parameter": stored("AWS::SSM::Parameter", Type="String", Value="hunter2".ljust(size, "x")),
            "secret": stored("AWS::SecretsManager::Secret", SecretString="hunter2".ljust(size, "x")),
        }[case]

    assert bench.deploy(f"good-{case}", {"It": resource(good)}) == "CREATE_COMPLETE"
    assert bench.deploy(f"bad-{case}", {"It": resource(bad)}) in ("ROLLBACK_COMPLETE", "CREATE_FAILED")
    assert says in bench.reasons(f"bad-{case}") and "hunter2" not in bench.reasons(f"bad-{case}")


def test_an_update_through_cloudformation(bench):
    formation = bench.client("cloudformation")
    bench.deploy("changing", {"It": function(bench, Timeout=10)})
    template = json.dumps({"Resources": {"It": function(bench, Timeout=1801)}})
    formation.update_stack(StackName="changing", TemplateBody=template)

    def ended() -> bool:
        status = formation.describe_stacks(StackName="changing")["Stacks"][0]["StackStatus"]
        return status in ("UPDATE_ROLLBACK_COMPLETE", "UPDATE_COMPLETE")

    assert until(ended) and "less than or equal to 1800" in bench.reasons("changing")


@pytest.mark.parametrize(("tier", "id"), [("Standard", "ssm.std"), ("Advanced", "ssm.adv")])
def test_parameters(bench, tier, id):
    put = bench.client("ssm").put_parameter
    put(Name=tier, Type="String", Tier=tier, Value="é" * limit(id), Overwrite=True)
    error = refused(put, Name=tier, Type="String", Tier=tier, Value="é" * (limit(id) + 1), Overwrite=True)
    assert code(error) == (400, "ValidationException") and f"{limit(id)} characters" in str(error)


def test_secrets(bench):
    manager, most = bench.client("secretsmanager"), limit("sm.value")
    manager.create_secret(Name="full", SecretString="s" * most)
    manager.put_secret_value(SecretId="full", SecretBinary=b"b" * most)
    calls = [
        lambda: manager.create_secret(Name="over", SecretString="s" * (most + 1)),
        lambda: manager.put_secret_value(SecretId="full", SecretBinary=b"b" * (most + 1)),
        lambda: manager.update_secret(SecretId="full", SecretString="s" * (most + 1)),
    ]
    for call in calls:
        error = refused(call)
        assert code(error) == (400, "ValidationException") and "less than or equal to 65536" in str(error)
        assert "ssss" not in str(error)


@pytest.fixture(scope="module")
def doors(bench):
    """The three doors to one function."""
    name = bench.function("behind")
    return {"http": bench.http_api(name), "rest": bench.rest_api(name), "url": bench.function_url(name)}


@pytest.fixture(scope="module")
def quick_doors(quick):
    name = quick.function("behind")
    return {"http": quick.http_api(name), "rest": quick.rest_api(name), "url": quick.function_url(name)}


@pytest.mark.parametrize(
    ("door", "status", "body"),
    [
        ("http", 500, b'{"message":"Internal Server Error"}'),
        ("rest", 502, b'{"message": "Internal server error"}'),
        ("url", 502, b"Internal Server Error"),
    ],
)
@pytest.mark.parametrize("event", [b'{"fail":"secret"}', b'{"exit":1}', b'{"bytes":6291557}'])
def test_what_a_door_makes_of_a_failed_function(bench, doors, door, status, body, event):
    answer = bench.post(doors[door], event)
    assert (answer.status, answer.body) == (status, body)


@pytest.mark.parametrize(
    ("door", "says"),
    [("http", "Request Entity Too Large"), ("rest", "HTTP content length exceeded 10485760 bytes")],
)
def test_the_body_that_an_api_takes(bench, doors, door, says):
    most = limit(f"apigw.{door}.payload")
    over = bench.post(doors[door], b" " * (most + 1))
    assert over.status == 413 and json.loads(over.body) == {"message": says}
    at = bench.post(doors[door], b" " * most)  # the gateway takes it, Lambda does not
    assert at.status == 413 and json.loads(at.body) == {"message": "Request Entity Too Large"}


@pytest.mark.parametrize("door", ["http", "rest"])
def test_the_event_that_reaches_a_function_through_an_api(bench, doors, door):
    assert bench.post(doors[door], b'{"a":"' + b"x" * 6_200_000 + b'"}').status == 200
    assert bench.post(doors[door], b'{"a":"' + b"x" * 6_300_000 + b'"}').status == 413
    binary = {"Content-Type": "application/octet-stream"}
    assert bench.post(doors["http"], b"{}" + b" " * 4_800_000, **binary).status == 413


def test_a_function_url_takes_an_event_to_the_byte(quick, quick_doors):
    most = 20_000
    source = "import json\ndef handle(event, context):\n"
    source += "    return str(len(json.dumps(event, separators=(',', ':'))))\n"
    url = quick.function_url(quick.function("measuring", Code={"ZipFile": zipped(source)}))
    around = int(quick.post(url, b"x" * 10_000).body) - 10_000
    assert int(quick.post(url, b"x" * (most - around)).body) == most
    over = quick.post(url, b"x" * (most - around + 1))
    assert (over.status, over.headers["x-amzn-errortype"]) == TOO_LARGE
    assert json.loads(over.body) == {
        "Message": f"Request must be smaller than {most} bytes for the InvokeFunction operation"
    }
    assert quick.post(url, b"x" * (most + 1)).status == 413


@pytest.mark.parametrize(
    ("door", "status", "says"),
    [("http", 503, "Service Unavailable"), ("rest", 504, "Endpoint request timed out")],
)
def test_an_api_waits_so_long_and_the_function_goes_on(quick, quick_doors, door, status, says):
    table = quick.table(f"waits-{door}")
    assert quick.post(quick_doors[door], b"{}").status in (200, status)  # warms it up
    assert until(lambda: quick.post(quick_doors[door], b'{"sleep":0.1}').status == 200)
    began = time.monotonic()
    answer = quick.post(quick_doors[door], json.dumps({"count": table, "sleep": 2}).encode())
    assert time.monotonic() - began > 0.15 and quick.counted(table) == 0
    assert answer.status == status and json.loads(answer.body) == {"message": says}
    assert until(lambda: quick.counted(table) == 1)


def test_a_function_has_its_own_time_out(bench):
    name = bench.function("slow", Timeout=1)
    answer = bench.invoke({"sleep": 5}, name)
    error = json.loads(answer["body"])
    assert answer["StatusCode"] == 200 and answer["FunctionError"] == "Unhandled"
    assert (
        error["errorType"] == "Sandbox.Timedout"
        and "Task timed out after 1.00 seconds" in error["errorMessage"]
    )
    assert "Status: timeout" in last_report(bench, name)


def test_errors_are_the_runtime_s_own(bench):
    error = json.loads(bench.invoke({"fail": "here"})["body"])
    assert (error["errorType"], error["errorMessage"]) == ("KeyError", "'here'")
    assert "/var/task/index.py" in error["stackTrace"][0] and error["requestId"]
    ended = json.loads(bench.invoke({"exit": 3})["body"])
    assert ended["errorType"] == "Runtime.ExitError" and ended["errorMessage"].endswith("exit status 3")


def last_report(bench: Bench, function: str) -> str:
    """The last REPORT line of a function."""
    lines: list[str] = []

    def is_there() -> bool:
        events = bench.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
        lines[:] = [event["message"] for event in events if event["message"].startswith("REPORT")]
        return bool(lines)

    assert until(is_there)
    return lines[-1]


def test_reports_have_aws_s_form(bench):
    name = bench.function("reported")
    began = time.monotonic()
    bench.invoke({"sleep": 0.05, "say": "cold"}, name)
    took_ms = (time.monotonic() - began) * 1000
    figures = (
        r"REPORT RequestId: [0-9a-f-]{36}\tDuration: (\d+\.\d\d) ms\tBilled Duration: (\d+) ms"
        r"\tMemory Size: 128 MB\tMax Memory Used: (\d+) MB(?:\tInit Duration: (\d+\.\d\d) ms)?\t"
    )
    duration, billed, memory, init = map(float, re.fullmatch(figures, last_report(bench, name)).groups())
    assert 50 <= duration < duration + init <= took_ms and init > 10 and memory > 10
    assert billed >= duration + init > billed - 1.01
    bench.invoke({}, name)
    assert "Init" not in [m for m in messages(bench, name) if m.startswith("REPORT")][-1]
    assert "cold" in messages(bench, name)


def messages(bench: Bench, function: str) -> list[str]:
    events = bench.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    return [event["message"] for event in sorted(events, key=lambda event: event["timestamp"])]


def test_a_warm_call_does_not_wait_for_logs(bench):
    name, times = bench.function("warm"), {}
    for _ in range(20):
        for event in ({"say": "something"}, {}):
            began = time.monotonic()
            bench.invoke(event, name)
            times.setdefault(bool(event), []).append(time.monotonic() - began)
    assert min(times[False]) < min(times[True]) + 0.025  # 0.05 more before


def test_the_whole_log_of_a_call_is_there_when_it_ends(bench):
    name = bench.function("talking")
    for turn in range(3):
        text = "\n".join(f"{turn}-{line}" for line in range(500))
        bench.invoke({"say": text}, name)
    assert sum("-" in line and line[0].isdigit() for line in messages(bench, name)) == 1500


def test_throttled_events_wait_for_their_turn(bench):
    table, name = bench.table("turns"), bench.function("crowded")
    bench.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
    for _ in range(20):
        bench.invoke({"count": table, "hold": 0.05}, name, InvocationType="Event")
    assert until(lambda: bench.counted(table) == 20)
    time.sleep(0.3)
    assert bench.counted(table) == 20


def test_a_call_that_finds_no_room_is_told_so(bench):
    name = bench.function("single")
    bench.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    url = bench.http_api(name)
    table = bench.table("taken")
    bench.invoke({"count": table, "hold": 30}, name, InvocationType="Event")
    assert until(lambda: bench.counted(table) == 1)
    assert bench.post(url, b"{}").status == catalogue.breach_at_door("lambda.concurrency", "http-api").status
    impatient = bench.session.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    error = refused(impatient.invoke, FunctionName=name, Payload=b"{}")
    assert code(error) == (429, "TooManyRequestsException")
    assert type(error).__name__ == "TooManyRequestsException"


def test_failed_events_go_where_the_function_says(quick):
    queue = quick.client("sqs").create_queue(QueueName="failed")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:000000000000:failed"
    name = quick.function("failing", DeadLetterConfig={"TargetArn": arn})
    quick.invoke({"fail": "x"}, name, InvocationType="Event")
    received = quick.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    assert json.loads(received[0]["Body"])["requestPayload"] == {"fail": "x"}


@pytest.mark.parametrize(("loop", "hops"), [("Terminate", 16), ("Allow", 20)])
def test_recursion_ends_unless_it_is_allowed(quick, loop, hops):
    table, name = quick.table(f"hops-{loop}"), quick.function(f"recursive-{loop}")
    quick.client("lambda").put_function_recursion_config(FunctionName=name, RecursiveLoop=loop)
    quick.invoke({"count": table, "hops": 20}, name, InvocationType="Event")
    assert until(lambda: quick.counted(table) == hops)
    time.sleep(0.5)
    assert quick.counted(table) == hops == min(20, limit("lambda.recursion") if loop == "Terminate" else 20)


def machine(bench: Bench, name: str, **state) -> str:
    task = {"Type": "Task", "Resource": f"arn:aws:lambda:us-east-1:000000000000:function:{bench.function()}"}
    definition = {"StartAt": "A", "States": {"A": {**task, "Next": "B", **state}, "B": {"Type": "Succeed"}}}
    client = bench.client("stepfunctions")
    response = client.create_state_machine(name=name, roleArn=bench.role, definition=json.dumps(definition))
    return response["stateMachineArn"]


def ended(bench: Bench, arn: str, text: str) -> dict:
    client = bench.client("stepfunctions")
    run = client.start_execution(stateMachineArn=arn, input=text)["executionArn"]
    assert until(lambda: client.describe_execution(executionArn=run)["status"] != "RUNNING")
    return client.describe_execution(executionArn=run)


def test_what_a_state_hands_on(bench):
    arn, most = machine(bench, "hands-on"), limit("sfn.payload")
    assert ended(bench, arn, json.dumps({"bytes": most}))["status"] == "SUCCEEDED"
    over = ended(bench, arn, json.dumps({"bytes": most + 1}))
    assert (over["status"], over["error"]) == ("FAILED", "States.DataLimitExceeded")


@pytest.mark.parametrize(
    ("caught", "status"), [("States.ALL", "FAILED"), ("States.DataLimitExceeded", "SUCCEEDED")]
)
def test_too_much_data_is_caught_by_its_name_alone(bench, caught, status):
    name = caught.replace(".", "-")
    arn = machine(bench, name, Catch=[{"ErrorEquals": [caught], "Next": "B"}])
    assert ended(bench, arn, json.dumps({"bytes": limit("sfn.payload") + 1}))["status"] == status


def test_what_an_execution_is_given(bench):
    arn, most = machine(bench, "given"), limit("sfn.payload")
    start = bench.client("stepfunctions").start_execution
    assert ended(bench, arn, text(most).decode())["status"] == "SUCCEEDED"
    error = refused(start, stateMachineArn=arn, input=text(most + 1).decode())
    assert code(error) == (400, "ValidationException") and "xxx" not in str(error)


def test_a_policy_that_wants_tls_does_not_shut_the_loopback_out(bench):
    s3 = bench.client("s3")
    s3.create_bucket(Bucket="tls-only")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::tls-only/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="tls-only", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    s3.put_object(Bucket="tls-only", Key="k", Body=b"x")
    url = s3.generate_presigned_url("get_object", {"Bucket": "tls-only", "Key": "k"})
    assert bench.fetch(url).body == b"x"
    for scheme, status in (("https", 200), ("http", 403)):
        request = urllib.request.Request(url, headers={"X-Forwarded-Proto": scheme})
        assert bench.fetch(request).status == status


def test_the_text_of_an_error_has_the_name_that_its_model_gives_it(bench):
    error = refused(bench.client("secretsmanager").get_secret_value, SecretId="nobody-s")
    assert error.response["Message"] == error.response["Error"]["Message"] != ""
    error = refused(bench.client("secretsmanager").get_secret_value, SecretId="two words")  # not in the model
    assert error.response["Error"]["Code"] == "ValidationException" and "Message" not in error.response
    error = refused(bench.client("lambda").get_function, FunctionName="nobody-s")
    assert error.response["Message"] == error.response["Error"]["Message"] != ""
    arn = "arn:aws:states:us-east-1:000000000000:execution:m:none"
    error = refused(bench.client("stepfunctions").describe_execution, executionArn=arn)
    assert error.response["message"] == error.response["Error"]["Message"] != ""


def test_a_function_runs_on_a_version_of_its_runtime(bench):
    configuration = bench.client("lambda").get_function_configuration(FunctionName=bench.function())
    arn = configuration["RuntimeVersionConfig"]["RuntimeVersionArn"]
    assert re.fullmatch(r"arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}", arn)
