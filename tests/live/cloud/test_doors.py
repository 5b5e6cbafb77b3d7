"""What each door tells the function of its caller, and what it tells a caller who may not come in."""

import base64
import json
import time

import pytest

from tests.support.local_bench import Caller, code, refused, zipped

pytestmark = pytest.mark.live

ECHO = """
import base64, json
def handle(event, context):
    if (event.get("queryStringParameters") or {}).get("binary"):
        body = base64.b64encode(bytes(range(256))).decode()
        return {"statusCode": 200, "body": body, "isBase64Encoded": True}
    return {"statusCode": 200, "body": json.dumps(event)}
"""
DOORS = ["http", "rest", "url"]
FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


@pytest.fixture(scope="module")
def doors(bench):
    """Three doors that want a signature, to one function that gives its event back."""
    name = bench.function("echo", Code={"ZipFile": zipped(ECHO)})
    return {
        "http": bench.http_api(name, "AWS_IAM"),
        "rest": bench.rest_api(name, "AWS_IAM", binary=["*/*"]),
        "url": bench.function_url(name, "AWS_IAM"),
    }


@pytest.fixture(scope="module")
def alice(bench):
    """She may come in by the doors, and may not call the function behind them herself."""
    through = {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}
    doors = {"Effect": "Allow", "Action": ["execute-api:Invoke", "lambda:InvokeFunctionUrl"], "Resource": "*"}
    behind = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*", "Condition": through}
    return Caller(bench, "alice", [doors, behind])


@pytest.fixture(scope="module")
def nobody(bench):
    return Caller(bench, "nobody", [])


def called(door: str, event: dict) -> tuple[str, str]:
    """Id and ARN of who called, from where AWS puts them."""
    context = event["requestContext"]
    if door == "rest":
        return context["identity"]["caller"], context["identity"]["userArn"]
    return context["authorizer"]["iam"]["callerId"], context["authorizer"]["iam"]["userArn"]


@pytest.mark.parametrize("door", DOORS)
def test_the_function_learns_who_calls(doors, alice, door):
    event = json.loads(alice.ask("POST", doors[door] + "jobs?a=1", b"{}", door).body)
    assert called(door, event) == (alice.id, "arn:aws:iam::000000000000:user/alice")
    assert event["version"] == ("1.0" if door == "rest" else "2.0")
    assert event["path" if door == "rest" else "rawPath"] == "/jobs"
    assert event["queryStringParameters"] == {"a": "1"}


def test_nobody_gets_past_the_door_with_an_event_of_her_own(doors, alice):
    error = refused(alice.client("lambda").invoke, FunctionName="echo", Payload=b"{}")
    assert code(error) == (403, "AccessDeniedException")


def test_a_url_wants_both_permissions(bench, doors):
    half = [{"Effect": "Allow", "Action": "lambda:InvokeFunctionUrl", "Resource": "*"}]
    assert Caller(bench, "half", half).ask("POST", doors["url"], b"{}", "url").status == 403


@pytest.mark.parametrize("door", DOORS)
def test_bytes_come_in_and_go_out_as_they_are(doors, alice, door):
    content = bytes([0, 255, 1])
    binary = {"Content-Type": "application/octet-stream"}
    event = json.loads(alice.ask("POST", doors[door] + "jobs", content, door, **binary).body)
    assert event["isBase64Encoded"] and base64.b64decode(event["body"]) == content
    assert alice.ask("POST", doors[door] + "jobs?binary=1", b"{}", door).body == bytes(range(256))


@pytest.mark.parametrize(
    ("door", "says"),
    [
        ("http", {"message": "Forbidden"}),
        ("url", {"Message": FORBIDDEN}),
        ("rest", None),
    ],
)
def test_who_may_not_is_told_as_on_aws(doors, nobody, door, says):
    answer = nobody.ask("POST", doors[door] + "jobs", b"{}", door)
    fields = json.loads(answer.body)
    assert answer.status == 403 and answer.headers["Content-Type"] == "application/json"
    denied = "user/nobody is not authorized to perform: execute-api:Invoke"
    assert fields == says or denied in fields["Message"]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("change", ["body", "query", "nothing signed"])
def test_what_was_signed_cannot_be_changed(bench, doors, alice, door, change):
    body = b"{ }" if change == "body" else b"{}"
    url = doors[door] + "jobs" + ("?a=1" if change == "query" else "")
    headers = alice.signed("POST", doors[door] + "jobs", b"{}", door)
    answer = bench.post(url, body, **({} if change == "nothing signed" else headers))
    assert answer.status == 403 and b"version" not in answer.body


@pytest.fixture(scope="module")
def store(bench):
    """A bucket for TLS alone, and a caller who may read and write under `in/` but not list it."""
    s3 = bench.client("s3")
    s3.create_bucket(Bucket="upload-here")
    denied = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::upload-here/*"}
    tls = {**denied, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [tls]})
    s3.put_bucket_policy(Bucket="upload-here", Policy=policy)
    may = {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"]}
    return Caller(bench, "uploader", [{**may, "Resource": "arn:aws:s3:::upload-here/in/*"}]).client("s3")


WHERE = {"Bucket": "upload-here", "Key": "in/k"}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"12345", {}, 200),
        (b"123456", {}, 403),
        (b"1234", {}, 403),
        (b"12345", {"Content-Type": "text/plain"}, 403),
        (b"12345", {"X-Amz-Meta-Own": "1"}, 403),
        (b"12345", {"X-Amz-Acl": "public-read"}, 403),
        (b"12345", {"X-Forwarded-Proto": "http"}, 403),
    ],
)
def test_an_upload_is_what_was_signed(bench, store, body, headers, status):
    signed = {**WHERE, "ContentLength": 5, "ContentType": "application/json"}
    url = store.generate_presigned_url("put_object", signed)
    assert bench.post(url, body, method="PUT", **headers).status == status


def test_a_download_goes_on_where_it_stopped_until_it_expires(bench, store):
    store.put_object(**WHERE, Body=b"0123456789")
    url, brief = (store.generate_presigned_url("get_object", WHERE, ExpiresIn=s) for s in (60, 1))
    rest = bench.post(url, None, method="GET", Range="bytes=7-")
    assert (rest.status, rest.body, rest.headers["Content-Range"]) == (206, b"789", "bytes 7-9/10")
    assert bench.post(url, None, method="GET", Range="bytes=10-").status == 416
    time.sleep(2)
    assert bench.post(url, None, method="GET").status == 200
    assert bench.post(brief, None, method="GET").status == 403


@pytest.mark.parametrize("call", ["get_object", "head_object"])
def test_who_may_not_list_does_not_learn_what_is_missing(bench, store, call):
    missing = {"Bucket": "upload-here", "Key": "in/none"}
    for client, status in ((store, 403), (bench.client("s3"), 404)):
        with pytest.raises(client.exceptions.ClientError) as caught:
            getattr(client, call)(**missing)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize("path", ["jobs", "jobs/", "jobs/1", "jobs/1/"])
def test_a_path_of_an_api_without_a_stage_keeps_its_last_slash(bench, path):
    url = bench.http_api(bench.function("paths", Code={"ZipFile": zipped(ECHO)}))
    answer = bench.post(url.replace("/$default/", f"/{path}"), b"{}")
    assert json.loads(answer.body)["rawPath"] == f"/{path}"
