"""A client is told of its job's end over a WebSocket, and nobody else is."""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from explorer import Workload
from explorer.facts import catalogue
from explorer.live.bench.exchange import exchanges
from explorer.live.bench.jobs import Polling
from explorer.live.bench.measure import endpoint, measure
from explorer.live.client import AsyncClient
from explorer.live.client.exchange import Listen
from explorer.live.client.listening import may_listen, signed_headers
from explorer.live.client.signing import Credentials, Scope, Signer
from explorer.live.deployment.deploy import deploy
from tests.support.intruder import Caller, send
from tests.support.local_bench import until, zipped
from tests.support.own_cloud import own_cloud

pytestmark = pytest.mark.live

KB = 1024
IDLE_S, LONGEST_S = 2.0, 4.0  # in place of 10 minutes and 2 hours
SHORT = {"apigw.ws.idle": IDLE_S, "apigw.ws.duration": LONGEST_S}
SOON = {"poll_first_s": 1000, "poll_growth": 1000}  # no status is polled before the notice
QUICK = {"runtime_s": 0.5, "response_bytes": 2000, "seed": 3}
LONG = {"runtime_s": 60.0, "response_bytes": 2000, "seed": 3, "steps": 600}


def workload(**more) -> Workload:
    fields = {
        "name": "told",
        "requests_per_month": 1e4,
        "response": {"p50": "2 KB"},
        "runtime": {"p50": "500 ms"},
        "configuration": {"total": "1 KB", "entries": 4},
        "client": {"sockets": True},
    }
    return Workload(**fields | more)


def design(door: str = "http-api", execution: str = "single") -> str:
    ids = f"door={door},request=inline,response=pushed,execution={execution}"
    return f"{ids},configuration=bundled"


class Site:
    """An endpoint that pushes, its owner Alice, and Bob, who may use it too."""

    def __init__(self, place, settings=None, **ids):
        self.place, self.jobs = place, []
        self.standing = deploy(workload(), design(**ids), place, settings=SOON | (settings or {}))
        self.url = self.standing.url
        resources = place.client("cloudformation").describe_stack_resources(StackName=self.standing.name)
        self.resources = {
            row["LogicalResourceId"]: row["PhysicalResourceId"] for row in resources["StackResources"]
        }
        self.alice = Caller(self.url, dict(self.standing.credentials()))
        self.bob = Caller(self.url, self._another("bob"))

    def _another(self, name: str) -> dict:
        iam, user = self.place.client("iam"), f"{self.standing.name}-{name}"
        iam.create_user(UserName=user)
        iam.attach_user_policy(UserName=user, PolicyArn=self.standing.outputs["CallerPolicy"])
        key = iam.create_access_key(UserName=user)["AccessKey"]
        return {
            "access_key_id": key["AccessKeyId"],
            "secret_access_key": key["SecretAccessKey"],
            "region": "us-east-1",
        }

    def job(self, who: Caller | None = None, body=QUICK) -> SimpleNamespace:
        """A new job: its id, and the address of its socket."""
        answer = (who or self.alice).ask("POST", "/jobs", body)
        assert answer.status == 202, answer
        job = SimpleNamespace(**json.loads(answer.body))
        self.jobs.append((who or self.alice, job.id))
        return job

    def cancel_all(self) -> None:
        """End what tests have left running."""
        while self.jobs:
            who, id = self.jobs.pop()
            who.ask("DELETE", f"/jobs/{id}")

    def status(self, id: str) -> dict:
        return json.loads(self.alice.ask("GET", f"/jobs/{id}").body)

    def change(self, id: str, **fields) -> None:
        """Write fields of a job's row, as no part of the endpoint would."""
        kinds = {str: "S", int: "N", float: "N"}
        self.place.client("dynamodb").update_item(
            TableName=self.resources["Jobs"],
            Key={"id": {"S": id}},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in fields),
            ExpressionAttributeNames={f"#{name}": name for name in fields},
            ExpressionAttributeValues={
                f":{name}": {kinds[type(value)]: str(value)} for name, value in fields.items()
            },
        )

    def row(self, id: str) -> dict:
        table = {"TableName": self.resources["Jobs"], "Key": {"id": {"S": id}}}
        return self.place.client("dynamodb").get_item(**table)["Item"]


def opened(url: str, key: dict | None, **scope):
    """A connection, signed with a key or not at all."""
    headers = {}
    if key:
        credentials = Credentials.of(key)
        as_request = url.replace("ws", "http", 1)
        place = Scope(scope.get("service", "execute-api"), scope.get("region", "us-east-1"))
        signer = Signer(place, lambda: credentials)
        headers = signer.sign("GET", as_request, {}, now=scope.get("now", datetime.now(UTC)))
        del headers["host"]
    return connect(url, additional_headers=headers, proxy=None, compression=None, open_timeout=60)


def opened_at_last(url: str, key: dict):
    """A connection, tried again while a busy machine has no environment for the function that admits it."""
    for _ in range(4):
        try:
            return opened(url, key)
        except InvalidStatus as refusal:
            if refusal.response.status_code not in (429, 500, 502, 503, 504):
                raise
            time.sleep(2)
    return opened(url, key)


def refused(url: str, key: dict | None, **scope) -> int:
    """The status with which a connection is refused."""
    with pytest.raises(InvalidStatus) as caught, opened(url, key, **scope):
        pass
    return caught.value.response.status_code


def heard(connection, seconds: float = 30.0) -> dict:
    return json.loads(connection.recv(timeout=seconds))


@pytest.fixture(scope="module")
def place():
    with own_cloud("pushed", {"lambda.async.retry_wait_s": 0.5}) as place:
        yield place


@pytest.fixture(scope="module")
def site_of_all(place):
    return Site(place)


@pytest.fixture
def site(site_of_all):
    yield site_of_all
    site_of_all.cancel_all()


@pytest.fixture(scope="module")
def short_of_all():
    with own_cloud("short", SHORT) as place:
        yield Site(place)


@pytest.fixture
def short(short_of_all):
    """An endpoint on a cloud whose connections end soon."""
    yield short_of_all
    short_of_all.cancel_all()


# The notice -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("door", "execution"),
    [("http-api", "single"), ("function-url", "queued"), ("rest-api", "step-functions"),
     ("http-api", "fargate")],
)  # fmt: skip
def test_the_owner_is_told_of_the_end_with_the_url_of_the_result(place, door, execution):
    site = Site(place, door=door, execution=execution)
    job = site.job()
    with opened(job.socket, site.alice.key) as connection:
        notice, at = heard(connection, 30), time.time()
    assert (notice["id"], notice["status"]) == (job.id, "succeeded")
    assert at - notice["ended"] < 2
    status = site.status(job.id)
    assert {**notice, "result": None} == {**status, "result": None}
    answer = send("GET", notice["result"]["url"])
    assert answer.status == 200 and len(answer.body) == notice["result"]["bytes"] == 2000


@pytest.mark.parametrize(
    ("more", "status"), [({"fail_at_step": 1}, "failed"), ({"fail_at_step": None}, "succeeded")]
)
def test_a_notice_tells_of_every_end(site, more, status):
    job = site.job(body={**QUICK, "runtime_s": 4.0, "steps": 2, **more})
    with opened(job.socket, site.alice.key) as connection:
        assert heard(connection)["status"] == status


def test_a_job_that_is_cancelled_ends_with_a_notice(site):
    job = site.job(body=LONG)
    with opened(job.socket, site.alice.key) as connection:
        assert site.alice.ask("DELETE", f"/jobs/{job.id}").status == 202
        assert heard(connection)["status"] == "cancelled"


def test_a_job_whose_worker_is_dead_ends_with_a_notice_when_its_status_is_read(site):
    job = site.job(body={**LONG, "steps": 1, "runtime_s": 8.0})
    assert until(lambda: site.row(job.id)["status"]["S"] == "running")
    with opened(job.socket, site.alice.key) as connection:
        site.change(job.id, lease=1, updated=1, attempts=9, token="dead")
        assert site.status(job.id)["status"] == "failed"
        assert heard(connection)["error"]["type"] == "WorkerDied"


def test_a_ping_brings_the_notice_that_was_lost(site):
    job = site.job(body={**QUICK, "runtime_s": 3.0})
    with opened(job.socket, site.alice.key) as connection:
        mine = site.row(job.id)["connection"]["S"]
        site.change(job.id, connection="gone")
        assert until(lambda: site.row(job.id)["status"]["S"] == "succeeded")
        with pytest.raises(TimeoutError):
            connection.recv(timeout=0.5)
        site.change(job.id, connection=mine)
        connection.send(json.dumps({"job": job.id}))
        assert heard(connection)["status"] == "succeeded"


@pytest.mark.parametrize("text", ["", "x", "[]", '{"job": 1}', '{"job": ""}', '{"job": "' + "0" * 32 + '"}'])
def test_other_messages_are_answered_by_nothing(site, text):
    job = site.job(body=LONG)
    with opened(job.socket, site.alice.key) as connection:
        connection.send(text)
        with pytest.raises(TimeoutError):
            connection.recv(timeout=0.5)


def test_a_job_that_has_ended_has_no_socket_and_refuses_a_connection(site):
    job = site.job()
    assert until(lambda: site.status(job.id)["status"] == "succeeded")
    assert "socket" not in site.status(job.id)
    assert refused(job.socket, site.alice.key) == 410


# Who is not let in ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "scope"),
    [
        ("unsigned", None),
        ("unknown key", {}),
        ("wrong secret", {}),
        ("another service", {"service": "lambda"}),
        ("another region", {"region": "eu-west-1"}),
        ("an hour ago", {"now": datetime.now(UTC) - timedelta(hours=1)}),
    ],
)
def test_nobody_connects_without_a_right_signature(site, how, scope):
    key = dict(site.alice.key)
    key |= {"access_key_id": "AKIAIOSFODNN7EXAMPLE"} if how == "unknown key" else {}
    key |= {"secret_access_key": key["secret_access_key"][::-1]} if how == "wrong secret" else {}
    job = site.job(body=LONG)
    assert refused(job.socket, None if scope is None else key, **(scope or {})) == 403
    assert "connection" not in site.row(job.id)


def test_a_caller_without_the_policy_does_not_connect(site):
    iam, user = site.place.client("iam"), f"{site.standing.name}-nobody"
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    job = site.job(body=LONG)
    mine = {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}
    assert refused(job.socket, mine) == 403


def test_anothers_job_is_as_one_that_never_was(site):
    job = site.job(body=LONG)
    never = job.socket.replace(job.id, "0" * 32)
    assert refused(job.socket, site.bob.key) == refused(never, site.bob.key) == 404
    assert "connection" not in site.row(job.id)


def test_anothers_connection_never_gets_a_notice(site):
    """Bob has a connection of his own, and names Alice's job in every message."""
    hers, his = site.job(body={**QUICK, "runtime_s": 4.0}), site.job(site.bob, body=LONG)
    with opened(hers.socket, site.alice.key) as alice, opened(his.socket, site.bob.key) as bob:
        mine = site.row(hers.id)["connection"]["S"]
        bob.send(json.dumps({"job": hers.id}))
        bob.send(json.dumps({"job": hers.id, "connection": mine, "owner": "alice"}))
        assert heard(alice)["id"] == hers.id
        bob.send(json.dumps({"job": hers.id}))
        with pytest.raises(TimeoutError):
            bob.recv(timeout=1)
    assert site.row(hers.id)["connection"]["S"] == mine


def test_a_caller_sends_no_notices_and_closes_no_connection(site):
    job = site.job(body=LONG)
    with opened(job.socket, site.alice.key) as connection:
        id = site.row(job.id)["connection"]["S"]
        base = job.socket.replace("ws", "http", 1).partition("?")[0]
        client = site.place.session.client(
            "apigatewaymanagementapi",
            endpoint_url=base,
            aws_access_key_id=site.bob.key["access_key_id"],
            aws_secret_access_key=site.bob.key["secret_access_key"],
        )
        for call, more in (
            ("post_to_connection", {"Data": b"{}"}),
            ("get_connection", {}),
            ("delete_connection", {}),
        ):
            with pytest.raises(ClientError) as caught:
                getattr(client, call)(ConnectionId=id, **more)
            assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        assert send("POST", f"{base}/@connections/{id}", b"{}").status == 403
        with pytest.raises(TimeoutError):
            connection.recv(timeout=0.5)


def test_a_signature_goes_to_the_endpoint_alone():
    local, aws = "http://127.0.0.1:4000/_aws/execute-api/a/live", "https://a.lambda-url.eu-west-1.on.aws"
    assert may_listen(local, "ws://127.0.0.1:4000/_aws/execute-api/b/live?job=1")
    assert not may_listen(local, "ws://127.0.0.1:4001/_aws/execute-api/b/live?job=1")
    assert not may_listen(local, "wss://b.execute-api.eu-west-1.amazonaws.com/live?job=1")
    assert may_listen(aws, "wss://b.execute-api.eu-west-1.amazonaws.com/live?job=1")
    assert not may_listen(aws, "ws://b.execute-api.eu-west-1.amazonaws.com/live")
    assert not may_listen(aws, "wss://evil.example/live")
    assert not may_listen(aws, "wss://b.execute-api.eu-west-1.amazonaws.com.evil.example/live")
    assert not may_listen(aws, "ws://127.0.0.1/live")


ECHO = """
import json
def handle(event, context):
    return {"statusCode": 200, "body": json.dumps(event["requestContext"]["identity"])}
"""


@pytest.mark.parametrize("answers", [False, True])
def test_a_route_without_a_signature_tells_nobody_who_the_caller_is(bench, answers):
    """And it sends an answer to the client only where a response of the route says so."""
    name, gateway = bench.function("sockets", Code={"ZipFile": zipped(ECHO)}), bench.client("apigatewayv2")
    choice = {"ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}
    api = gateway.create_api(Name=f"open-{answers}", **choice)["ApiId"]
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    integration = gateway.create_integration(ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=uri)
    to = {"Target": f"integrations/{integration['IntegrationId']}", "AuthorizationType": "NONE"}
    more = {"RouteResponseSelectionExpression": "$default"} if answers else {}
    gateway.create_route(ApiId=api, RouteKey="$default", **to, **more)
    gateway.create_stage(ApiId=api, StageName="live", AutoDeploy=True)
    source = f"arn:aws:execute-api:us-east-1:000000000000:{api}/*"
    allowed = {"Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"}
    bench.client("lambda").add_permission(FunctionName=name, StatementId=api, SourceArn=source, **allowed)
    url = f"{bench.cloud.endpoint_url}/_aws/execute-api/{api}/live".replace("http", "ws", 1)
    with connect(url, proxy=None, compression=None, open_timeout=60) as connection:
        connection.send("{}")
        if answers:
            assert "caller" not in json.loads(connection.recv(timeout=30))
        else:
            with pytest.raises(TimeoutError):
                connection.recv(timeout=3)


# What a connection bears ----------------------------------------------------------------------------


def closed_with(connection, seconds: float = 10.0) -> int:
    with pytest.raises(ConnectionClosed) as caught:
        connection.recv(timeout=seconds)
    return caught.value.rcvd.code


@pytest.mark.parametrize(("size", "ends"), [(128 * KB, False), (128 * KB + 1, True)])
def test_a_message_has_128_kb(site, size, ends):
    job = site.job(body=LONG)
    with opened(job.socket, site.alice.key) as connection:
        connection.send("x" * size)
        if ends:
            assert closed_with(connection) == 1009
        else:
            with pytest.raises(TimeoutError):
                connection.recv(timeout=0.5)


@pytest.mark.parametrize(("size", "refused_with"), [(128 * KB, None), (128 * KB + 1, 413)])
def test_a_notice_has_128_kb(site, size, refused_with):
    job = site.job(body=LONG)
    with opened(job.socket, site.alice.key) as connection:
        base = job.socket.replace("ws", "http", 1).partition("?")[0]
        client = site.place.session.client("apigatewaymanagementapi", endpoint_url=base)
        post = {"ConnectionId": site.row(job.id)["connection"]["S"], "Data": b"x" * size}
        if refused_with is None:
            client.post_to_connection(**post)
            assert len(connection.recv(timeout=10)) == size
            return
        with pytest.raises(ClientError) as caught:
            client.post_to_connection(**post)
        assert caught.value.response["Error"]["Code"] == "PayloadTooLargeException"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == refused_with


def test_a_connection_without_traffic_ends(short):
    job = short.job(body=LONG)
    with opened(job.socket, short.alice.key) as connection:
        began = time.monotonic()
        assert closed_with(connection) == 1001
        assert IDLE_S - 0.1 < time.monotonic() - began < IDLE_S + 1


def test_pings_keep_a_connection_until_it_is_too_old(short):
    job = short.job(body=LONG)
    with opened(job.socket, short.alice.key) as connection:
        began = time.monotonic()
        while time.monotonic() - began < LONGEST_S - 0.8:
            connection.send(json.dumps({"job": job.id}))
            time.sleep(0.5)
        assert closed_with(connection) == 1001
        assert LONGEST_S - 0.1 < time.monotonic() - began < LONGEST_S + 1


def test_a_new_connection_takes_the_place_of_one_that_has_ended(short):
    job = short.job(body=LONG)
    with opened(job.socket, short.alice.key) as connection:
        first = short.row(job.id)["connection"]
        assert closed_with(connection) == 1001
    with opened_at_last(job.socket, short.alice.key) as connection:
        assert short.row(job.id)["connection"] != first
        assert short.alice.ask("DELETE", f"/jobs/{job.id}").status == 202
        assert heard(connection)["status"] == "cancelled"


# Clients --------------------------------------------------------------------------------------------


def test_a_client_waits_by_the_socket_and_polls_nothing(site):
    statuses = []
    with site.standing.client() as client:
        job = client.submit(QUICK)
        end = client.wait(job, on_progress=lambda each: statuses.append(each.status))
        assert statuses == ["queued", "succeeded"]
        assert len(client.result(end)) == 2000
        assert len(client.run(QUICK, timeout=30)) == 2000


def test_an_asynchronous_client_waits_for_many_at_once(site):
    async def run() -> list:
        async with AsyncClient(site.url, site.alice.key) as client:
            return await asyncio.gather(*(client.run(QUICK, timeout=60) for _ in range(4)))

    assert [len(each) for each in asyncio.run(run())] == [2000] * 4


def test_a_client_whose_connection_ends_early_polls(short):
    """The connection ends as idle after 2 s; the notice of a job of 3 s would be missed."""
    site = Site(short.place, {"poll_first_s": 0.2, "poll_growth": 0.01})
    with site.standing.client() as client:
        assert client.wait(client.submit({**QUICK, "runtime_s": 3.0}), timeout=30).status == "succeeded"


def test_a_client_without_the_package_polls(place, monkeypatch):
    site = Site(place, {"poll_first_s": 0.2, "poll_growth": 0.01})
    monkeypatch.setitem(sys.modules, "websockets.sync.client", None)
    with site.standing.client() as client:
        assert len(client.run(QUICK, timeout=30)) == 2000


def test_a_wait_by_the_socket_ends_in_time(site):
    with site.standing.client() as client, pytest.raises(Exception, match="has not ended after 1"):
        client.wait(client.submit(LONG), timeout=1)


def test_clients_ping_as_often_as_the_model_bills():
    assert Listen("", "").ping_s == catalogue.constant("websocket.ping_s").value
    assert 2 * Listen("", "").ping_s <= catalogue.limit("apigw.ws.idle").value


def test_a_benchmark_waits_by_the_socket(site):
    result = measure(site.standing, jobs=8, concurrency=2, runtime=0.1, response=2000, polling=Polling(1000))
    assert (result.jobs, result.succeeded, result.lost) == (8, 8, 0)
    assert sum(row.polls for row in result.rows) <= 2  # a job that ended before its connection


def test_a_notice_may_come_later_than_a_request_may_take(site):
    target = endpoint(site.standing)

    async def wait() -> dict | None:
        job = site.job(body={**QUICK, "runtime_s": 2.5})
        async with exchanges(target.sign, 1.0, target.sign_socket) as http:
            return await http.notice(job.socket, "{}", 300.0, 30.0)

    assert asyncio.run(wait())["status"] == "succeeded"


def test_a_handshake_is_signed_for_an_api_whatever_the_door():
    url = "wss://b.execute-api.eu-west-1.amazonaws.com/live?job=1"
    door = Signer(Scope("lambda", "eu-west-1"), lambda: Credentials("AKID", "secret"))
    headers = signed_headers(url, door)
    assert "/eu-west-1/execute-api/aws4_request" in headers["authorization"] and "host" not in headers
    assert signed_headers(url, None) == {}
