"""The local cloud comes up on the loopback alone, keeps to itself and leaves nothing behind."""

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from explorer.errors import ExplorerError
from explorer.live import CloudError
from explorer.live.cloud import hook, instance, supervisor
from explorer.live.cloud.process import Process
from tests.support.local_bench import Bench, code, refused, until

pytestmark = pytest.mark.live

ENDS_S = 20  # less than a function at work has left
BASE = Path(tempfile.gettempdir()).resolve() / f"explorer-{os.getuid()}"


@pytest.fixture
def name(request):
    """A cloud of this test's own, gone afterwards."""
    own = f"test-{os.getpid()}-{abs(hash(request.node.name)) % 10_000}"
    yield own
    supervisor.stop(own)


def port(up: instance.Cloud) -> int:
    return int(up.endpoint_url.rpartition(":")[2])


def listening(number: int) -> list[str]:
    """The addresses, as the kernel writes them, that listen on this port."""
    tables = [Path("/proc/net", table).read_text().splitlines()[1:] for table in ("tcp", "tcp6")]
    rows = [line.split() for table in tables for line in table]
    return [
        row[1].split(":")[0] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == number
    ]


def at_work_in(folder: Path) -> list[int]:
    """Processes whose working folder is under this one."""
    pids = []
    for path in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if Path(os.readlink(path)).is_relative_to(folder):
                pids.append(int(path.parent.name))
        except OSError:
            pass
    return pids


def left_of(up: instance.Cloud, name: str) -> list:
    """Everything of the cloud that is still there."""
    things = [*BASE.glob(f"{name}*"), *at_work_in(up.folder), *listening(port(up))]
    return [*things, *([up.process] if up.process.alive() else [])]


def test_it_is_up_soon_and_gone_without_a_rest(name):
    began = time.monotonic()
    up = supervisor.start(name)
    assert time.monotonic() - began < 10  # a second here
    bench = Bench(up)
    bench.client("s3").create_bucket(Bucket="kept")
    bench.client("s3").put_object(Bucket="kept", Key="body", Body=b"on disk")
    assert any(file.is_file() for file in (up.folder / "s3").rglob("*"))
    bench.invoke({})
    assert supervisor.stop(name) and left_of(up, name) == []


@pytest.fixture
def unhurried(monkeypatch):
    """A cloud that does not end by itself is killed much later than the tests expect it to end."""
    monkeypatch.setattr(supervisor, "STOP_S", 2 * ENDS_S)


def test_functions_at_work_do_not_hold_it_up(name, unhurried):
    up = supervisor.start(name)
    Bench(up).invoke({"sleep": 60}, InvocationType="Event")
    assert until(lambda: len(at_work_in(up.folder)) == 2)
    began = time.monotonic()
    assert supervisor.stop(name) and time.monotonic() - began < ENDS_S
    assert left_of(up, name) == []


def test_it_ends_under_load_and_leaves_nothing(name, unhurried):
    up = supervisor.start(name)
    bench = Bench(up)
    bench.client("s3").create_bucket(Bucket="loaded")
    name_there, ended = bench.function(), threading.Event()
    once = Config(retries={"total_max_attempts": 1})
    functions, s3 = bench.session.client("lambda", config=once), bench.session.client("s3", config=once)

    def load(number: int) -> None:
        while not ended.is_set():
            with contextlib.suppress(Exception):  # from when it ends, it refuses
                functions.invoke(FunctionName=name_there, InvocationType="Event", Payload=b'{"sleep":1}')
                s3.put_object(Bucket="loaded", Key=str(number), Body=b"x" * 4_000_000)

    threads = [threading.Thread(target=load, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    assert until(lambda: len(at_work_in(up.folder)) > 4)  # itself, and functions
    began = time.monotonic()
    assert supervisor.stop(name) and time.monotonic() - began < ENDS_S
    ended.set()
    for thread in threads:
        thread.join()
    assert left_of(up, name) == []


def test_its_status_is_the_contract_s(name):
    fields = ["running", "endpoint_url", "region", "credentials", "vouches_for", "cannot_vouch_for"]
    assert list(supervisor.status(name).to_dict()) == fields
    assert not supervisor.status(name).running
    up = supervisor.start(name, region="eu-west-1")
    assert supervisor.status(name) == up
    description = up.to_dict()
    assert (
        description["running"]
        and description["region"] == "eu-west-1"
        and description["endpoint_url"].startswith("http://127.0.0.1:")
    )
    assert set(description["credentials"]) == {"access_key_id", "secret_access_key"}
    assert any("network" in line for line in description["cannot_vouch_for"]) and description["vouches_for"]


def test_stopping_what_does_not_run_is_no_error(name):
    assert supervisor.stop(name) is False


def test_only_the_loopback_listens(bench):
    assert listening(port(bench.cloud)) == ["0100007F"]


def test_its_folder_is_the_user_s_alone(bench):
    for folder in (BASE, bench.cloud.folder):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert (bench.cloud.folder / "cloud.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("call", [supervisor.start, supervisor.status, supervisor.stop])
def test_a_folder_that_others_can_open_is_refused(tmp_path, monkeypatch, call):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / f"explorer-{os.getuid()}").mkdir(mode=0o755)
    with pytest.raises(CloudError, match="0700"):
        call()


def test_a_killed_cloud_is_noticed_and_its_rest_cleaned_up(name):
    up = supervisor.start(name)
    bench = Bench(up)
    bench.invoke({"sleep": 60}, InvocationType="Event")
    assert until(lambda: len(at_work_in(up.folder)) == 2)
    os.kill(up.process.pid, signal.SIGKILL)
    assert until(lambda: not supervisor.status(name).running)
    assert at_work_in(up.folder), "a function still at work is the case to show"
    again = supervisor.start(name)
    assert not up.folder.exists() and at_work_in(up.folder) == [] and again.folder != up.folder
    supervisor.stop(name)
    assert left_of(again, name) == []


def test_a_process_that_only_has_the_old_number_is_left_alone(name):
    up = supervisor.start(name)
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        Process(bystander.pid, up.process.started).end(0.1)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_many_starts_at_once_give_one_cloud(name):
    code = f"from explorer.live.cloud import supervisor; print(supervisor.start({name!r}).endpoint_url)"
    starts = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(4)]
    assert len({start.communicate()[0] for start in starts}) == 1
    assert [start.returncode for start in starts] == [0] * 4
    assert len(list(BASE.glob(f"{name}.run-*"))) == 1


def test_starts_and_stops_at_once_leave_nothing(name):
    def turn():
        supervisor.start(name)
        supervisor.stop(name)

    turns = [threading.Thread(target=turn) for _ in range(3)]
    for thread in turns:
        thread.start()
    for thread in turns:
        thread.join()
    assert list(BASE.glob(f"{name}*")) == []


def test_two_clouds_do_not_know_each_other(bench, quick):
    bench.client("s3").create_bucket(Bucket="mine")
    assert "mine" not in [row["Name"] for row in quick.client("s3").list_buckets()["Buckets"]]
    stranger = Bench.__new__(Bench)
    stranger.session = bench.session
    there = stranger.session.client("sts", endpoint_url=quick.cloud.endpoint_url)
    assert code(refused(there.get_caller_identity)) == (403, "InvalidClientTokenId")


def test_it_keeps_the_limits_that_it_was_started_with(quick):
    assert supervisor.status(quick.cloud.name).running
    with pytest.raises(CloudError, match="other limits"):
        supervisor.start(quick.cloud.name)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"name": "../x"}, "letters"),
        ({"region": "mars-1"}, "region"),
        ({"limits": {"lambda.nothing": 1}}, "lambda.nothing"),
        ({"limits": {"lambda.env": -1}}, "from 0"),
    ],
)
def test_what_cannot_be_started_is_said_at_once(settings, says, name):
    with pytest.raises(ExplorerError, match=says) as caught:
        supervisor.start(**{"name": name, **settings})
    assert not isinstance(caught.value, CloudError)  # bad input, not a cloud that fails


def test_another_version_of_the_emulator_is_refused(monkeypatch, name):
    monkeypatch.setattr(hook, "PINNED", "0.0.1")
    with pytest.raises(CloudError, match=r"expected 0\.0\.1"):
        supervisor.start(name)


@pytest.mark.parametrize(("name_there", "says"), [("gone", "is missing"), ("upper", "takes")])
def test_a_name_that_is_not_as_expected_is_refused(name_there, says):
    with pytest.raises(CloudError, match=says):
        hook.hook(str, name_there, "self other", lambda original: original)


@pytest.mark.parametrize("key", ["test", "000000000000", "AKIAAAAAAAAAAAAAAAAA"])
@pytest.mark.parametrize("service", ["iam", "s3", "lambda", "dynamodb", "ssm"])
def test_no_other_key_opens_it(bench, key, service):
    keys = {"aws_access_key_id": key, "aws_secret_access_key": "test"}
    client = bench.session.client(service, **keys)
    calls = {
        "iam": lambda: client.list_users(),
        "s3": lambda: client.list_buckets(),
        "lambda": lambda: client.list_functions(),
        "dynamodb": lambda: client.list_tables(),
        "ssm": lambda: client.describe_parameters(),
    }
    assert code(refused(calls[service]))[0] in (400, 403)


def test_a_wrong_secret_does_not_open_it(bench):
    client = bench.session.client(
        "sts", aws_access_key_id=bench.cloud.credentials["access_key_id"], aws_secret_access_key="wrong"
    )
    assert code(refused(client.get_caller_identity)) == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize(
    "path", ["/", "/kept/key", "/2015-03-31/functions/", "/_ministack/reset", "/_ministack/config"]
)
def test_unsigned_calls_are_refused(bench, path):
    assert bench.post(bench.cloud.endpoint_url + path, b"{}").status == 403
    assert bench.client("iam").get_role(RoleName="worker")


SIGNED = "AWS4-HMAC-SHA256 Credential={}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


@pytest.mark.parametrize(
    "host", ["abcdef12.execute-api.localhost", f"{'a' * 32}.lambda-url.us-east-1.on.aws"]
)
@pytest.mark.parametrize("key", ["", "test", "000000000000"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/iceberg/v1/config"),
        ("GET", "/v20180820/tags/arn%3Aaws%3As3%3A%3A%3Akept"),
        ("GET", "/v2/email/identities"),
        ("POST", "/Execute"),
        ("POST", "/_ministack/reset"),
        ("GET", "/_ministack/lambda-code/worker"),
        ("POST", "/2015-03-31/functions/worker/invocations"),
    ],
)
def test_no_host_name_gets_past_the_check(bench, host, key, method, path):
    headers = {"Host": host} | ({"Authorization": SIGNED.format(key)} if key else {})
    request = urllib.request.Request(bench.cloud.endpoint_url + path, method=method, headers=headers)
    assert bench.fetch(request).status in (403, 404)


def test_a_key_in_the_address_does_not_open_it_either(bench):
    bench.client("s3").create_bucket(Bucket="signed")
    bench.client("s3").put_object(Bucket="signed", Key="k", Body=b"x")
    url = bench.client("s3").generate_presigned_url("get_object", {"Bucket": "signed", "Key": "k"})
    assert bench.fetch(url).body == b"x"
    own = bench.cloud.credentials["access_key_id"]
    for other in ("test", "000000000000", ""):
        assert bench.fetch(url.replace(own, other)).status in (400, 403)


def test_functions_see_nothing_of_the_host(name, monkeypatch):
    monkeypatch.setenv("CANARY", "sings")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a real one")
    bench = Bench(supervisor.start(name))
    function = bench.function(Environment={"Variables": {"OWN": "1"}})
    environment = bench.invoke({"environment": True}, function)["body"].decode()
    assert '"OWN": "1"' in environment
    for foreign in ("CANARY", "a real one", "S3_DATA_DIR", "AUTH", str(Path.home() / ".")):
        assert foreign not in environment


def test_nobody_can_reckon_a_function_s_credentials(bench):
    environment = json.loads(bench.invoke({"environment": True})["body"])
    arn = environment["_LAMBDA_FUNCTION_ARN"]
    guess = hashlib.sha256(f"{arn}:{bench.role}".encode()).hexdigest()
    assert environment["AWS_SECRET_ACCESS_KEY"] != hashlib.sha256(f"secret:{guess}".encode()).hexdigest()
    session = bench.session.client(
        "sts",
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment["AWS_SESSION_TOKEN"],
    )
    assert "assumed-role/worker" in session.get_caller_identity()["Arn"]


def test_least_privilege_holds(bench):
    user = bench.client("iam")
    user.create_user(UserName="reader")
    listing = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    allowed = json.dumps({"Version": "2012-10-17", "Statement": [listing]})
    user.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=allowed)
    key = user.create_access_key(UserName="reader")["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    assert bench.session.client("s3", **keys).list_buckets()
    with pytest.raises(ClientError, match=r"not authorized|AccessDenied"):
        bench.session.client("lambda", **keys).list_functions()


def test_a_port_in_use_is_nobody_s_trouble(name):
    with socket.create_server(("127.0.0.1", 0)):
        assert supervisor.start(name).running
