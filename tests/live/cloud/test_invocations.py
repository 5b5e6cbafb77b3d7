"""What a function, its caller and whoever comes to a door see, as AWS shows it."""

import base64
import json
import re
import urllib.request

import pytest

from explorer.live.cloud.proxy_answers import MalformedError, answer_of
from tests.support.local_bench import Caller, until, zipped

SOURCE = """
import os

def handle(event, context):
    if isinstance(event, dict) and "body" in event:
        return eval(event["body"])
    print("said " + str(event))
    return {"environment": dict(os.environ), "id": context.aws_request_id}
"""


@pytest.fixture(scope="module")
def mirror(bench):
    """A function that shows what it sees; behind a door it answers what the body says."""
    return bench.function("shown", Code={"ZipFile": zipped(SOURCE)}, Handler="index.handle")


@pytest.mark.live
def test_the_environment_is_lambdas(bench, mirror):
    environment = json.loads(bench.invoke({}, mirror)["body"])["environment"]
    assert environment["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert environment["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert environment["_HANDLER"] == "index.handle"
    assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/shown"
    assert re.fullmatch(
        r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", environment["AWS_LAMBDA_LOG_STREAM_NAME"]
    )
    assert re.fullmatch(r"127\.0\.0\.1:\d+", environment["AWS_LAMBDA_RUNTIME_API"])
    assert re.match(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};", environment["_X_AMZN_TRACE_ID"])


@pytest.mark.live
def test_the_caller_and_the_function_see_one_id(bench, mirror):
    answer = bench.invoke({}, mirror)
    assert json.loads(answer["body"])["id"] == answer["ResponseMetadata"]["RequestId"]


@pytest.mark.live
def test_an_asynchronous_call_has_the_id_that_its_caller_was_told(bench, mirror):
    id = bench.invoke({"asked": "later"}, mirror, InvocationType="Event")["ResponseMetadata"]["RequestId"]
    logs = bench.client("logs")

    def is_there() -> bool:
        events = logs.filter_log_events(logGroupName="/aws/lambda/shown")["events"]
        return any(one["message"].startswith(f"START RequestId: {id} ") for one in events)

    assert until(is_there, 20)


@pytest.mark.live
def test_the_tail_of_the_log_is_the_whole_invocation(bench, mirror):
    answer = bench.invoke("hello", mirror, LogType="Tail")
    id = answer["ResponseMetadata"]["RequestId"]
    tail = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert tail[0] == f"START RequestId: {id} Version: $LATEST"
    assert tail[1:3] == ["said hello", f"END RequestId: {id}"]
    assert tail[3].startswith(f"REPORT RequestId: {id}\tDuration: ")
    assert "LogResult" not in bench.invoke("hello", mirror)


@pytest.mark.live
def test_the_tail_has_the_last_4_kb(bench, mirror):
    answer = bench.invoke("x" * 10_000, mirror, LogType="Tail")
    assert len(base64.b64decode(answer["LogResult"])) == 4096


# Answers at doors

MALFORMED = ["{}", "'text'", "{'statusCode': 200, 'wrong': 1}", "{'statusCode': 'test'}", "[1]", "None"]
MALFORMED += ["{'statusCode': 200, 'multiValueHeaders': {'a': 'b'}}", "{'statusCode': 200, 'body': {'a': 1}}"]


@pytest.fixture(scope="module")
def doors(bench, mirror):
    return {"rest": bench.rest_api(mirror), "http": bench.http_api(mirror), "url": bench.function_url(mirror)}


@pytest.mark.live
@pytest.mark.parametrize("answer", MALFORMED)
def test_a_rest_api_passes_nothing_malformed_on(bench, doors, answer):
    reply = bench.post(doors["rest"], answer.encode())
    assert (reply.status, json.loads(reply.body)) == (502, {"message": "Internal server error"})


@pytest.mark.live
def test_a_rest_api_gives_values_their_form(bench, doors):
    only = bench.post(doors["rest"], b"{'headers': {'test-header': 'value'}}")
    assert (only.status, only.body, only.headers["test-header"]) == (200, b"", "value")
    true = bench.post(doors["rest"], b"{'statusCode': '201', 'headers': {'a': True, 'b': 3}}")
    assert (true.status, true.headers["a"], true.headers["b"]) == (201, "true", "3")


@pytest.mark.live
@pytest.mark.parametrize("door", ["http", "url"])
@pytest.mark.parametrize(
    ("answer", "body"),
    [
        ("{'hello': 'world'}", b'{"hello":"world"}'),
        ("['hello', 3, True]", b'["hello",3,true]'),
        ("'hello'", b"hello"),
        ("3.1", b"3.1"),
        ("True", b"true"),
        ("{'statusCode': 200, 'body': 'body123'}", b"body123"),
    ],
)
def test_other_doors_take_any_json_for_the_body(bench, doors, door, answer, body):
    reply = bench.post(doors[door], answer.encode())
    assert (reply.status, reply.body, reply.headers["content-type"]) == (200, body, "application/json")


@pytest.mark.live
@pytest.mark.parametrize(("door", "status"), [("http", 500), ("url", 502)])
def test_other_doors_want_a_status_that_is_one(bench, doors, door, status):
    assert bench.post(doors[door], b"{'statusCode': 'test'}").status == status


@pytest.mark.parametrize(("status", "good"), [(99, False), (100, True), (599, True), (600, False)])
def test_the_edges_of_a_status(status, good):
    if good:
        assert answer_of({"statusCode": status}, one_form=False)["statusCode"] == status
    else:
        with pytest.raises(MalformedError):
            answer_of({"statusCode": status}, one_form=False)


# Who may come in


@pytest.fixture(scope="module")
def signed_doors(bench):
    name = bench.function("signed", Code={"ZipFile": zipped(SOURCE)}, Handler="index.handle")
    return {"rest": bench.rest_api(name, "AWS_IAM"), "url": bench.function_url(name, "AWS_IAM")}


@pytest.mark.live
def test_an_unsigned_call_of_a_url_is_forbidden(bench, signed_doors):
    reply = bench.post(signed_doors["url"], b"1")
    assert (reply.status, reply.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
    assert json.loads(reply.body)["Message"].startswith("Forbidden")


@pytest.mark.live
@pytest.mark.parametrize("door", ["rest", "url"])
def test_a_signature_for_another_region_is_refused(bench, signed_doors, door):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    everything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    caller = Caller(bench, f"far-{door}", everything)
    good = caller.ask("POST", signed_doors[door], b"{'statusCode': 200}", door)
    assert good.status == 200
    request = AWSRequest("POST", signed_doors[door], {"Content-Type": "application/json"}, b"1")
    SigV4Auth(caller.key, "lambda" if door == "url" else "execute-api", "eu-west-1").add_auth(request)
    reply = bench.fetch(urllib.request.Request(request.url, b"1", dict(request.headers), method="POST"))
    assert (reply.status, reply.headers["x-amzn-errortype"]) == (403, "InvalidSignatureException")
    assert b"scoped to a valid region" in reply.body
