"""Requests as no client sends them, byte by byte, at the doors of three endpoints: none gets in or hangs."""

import base64
import json
import socket
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

import explorer as ex
from explorer.live.deployment import deploy
from tests.support.own_cloud import own_cloud
from tests.support.token_issuer import Issuer

pytestmark = pytest.mark.live

CONFIGURATION = "configuration=environment"
DESIGNS = {
    "tokens": f"door=http-api,request=inline,response=stored,execution=single,{CONFIGURATION}",
    "uploads": f"door=function-url,request=presigned-upload,response=stored,execution=queued,{CONFIGURATION}",
    "task": f"door=http-api,request=inline,response=stored,execution=fargate,{CONFIGURATION}",
}
MOST_S = 10.0
BODY = b'{"runtime_s":0,"response_bytes":9}'
NEVER = "0" * 32
ALIEN = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=") + b".e30."


@dataclass
class Door:
    """An endpoint, and a path below it."""

    url: str

    @property
    def host(self) -> bytes:
        return urlsplit(self.url).netloc.encode()

    @property
    def path(self) -> bytes:
        return urlsplit(self.url).path.rstrip("/").encode()

    def head(self, method: bytes = b"POST", path: bytes = b"/jobs", version: bytes = b"1.1") -> bytes:
        """The first lines of a request."""
        return b"%b %b%b HTTP/%b\r\nHost: %b\r\n" % (method, self.path, path, version, self.host)

    def send(self, data: bytes) -> tuple[int, float]:
        """The status of the answer, 0 for a connection that was closed without one, and the seconds taken."""
        port = self.host.decode().rsplit(":", 1)[1]
        begin, answer = time.monotonic(), b""
        with socket.create_connection(("127.0.0.1", int(port)), timeout=MOST_S) as line:
            try:
                line.sendall(data)
                with suppress(OSError):  # the door may have closed it already
                    line.shutdown(socket.SHUT_WR)
                while not answer.count(b"\r\n") and (part := line.recv(4096)):
                    answer += part
            except ConnectionError:
                pass
        status = int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0
        return status, time.monotonic() - begin


def post(*headers: bytes, body: bytes = BODY, length: bool = True, **first: bytes):
    """A request with these headers after the first lines."""

    def build(door: Door) -> bytes:
        lines = [b"Content-Type: application/json", *headers]
        lines += [b"Content-Length: %d" % len(body)] if length else []
        return door.head(**first) + b"\r\n".join(lines) + b"\r\n\r\n" + body

    return build


def request_in_request(door: Door) -> bytes:
    inner = door.head() + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    return post(b"Transfer-Encoding: chunked", body=b"0\r\n\r\n" + inner)(door)


CHUNKED = b"Transfer-Encoding: chunked"
ATTACKS = {
    # Who asks
    "nobody": post(),
    "a token of no algorithm": post(b"Authorization: Bearer " + ALIEN),
    "an empty token": post(b"Authorization: Bearer "),
    "a token of dots": post(b"Authorization: Bearer .."),
    "a token of 60 KB": post(b"Authorization: Bearer " + b"a" * 60_000),
    "basic credentials": post(b"Authorization: Basic dGVzdDp0ZXN0"),
    "two authorizations": post(b"Authorization: Bearer a.b.c", b"Authorization: AWS4-HMAC-SHA256 x"),
    "a signature of nothing": post(
        b"Authorization: AWS4-HMAC-SHA256 Credential=/, SignedHeaders=, Signature="
    ),
    "the emulator's own root": post(
        b"Authorization: AWS4-HMAC-SHA256 Credential=test/20200101/us-east-1/lambda/aws4_request, "
        b"SignedHeaders=host, Signature=0"
    ),
    "an account's number as key": post(
        b"Authorization: AWS4-HMAC-SHA256 Credential=000000000000/20200101/us-east-1/lambda/aws4_request, "
        b"SignedHeaders=host, Signature=0"
    ),
    "a signature in the query": post(path=b"/jobs?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0"),
    "claims as headers": post(b"x-amzn-oidc-data: e30", b"x-amzn-oidc-identity: admin"),
    "an identity as header": post(b"x-amzn-request-context: {}", b"x-amz-cognito-identity: admin"),
    "another's address": post(b"X-Forwarded-For: 127.0.0.1", b"Forwarded: for=127.0.0.1"),
    "another host": post(b"X-Forwarded-Host: localhost", b"X-Original-URL: /_ministack/reset"),
    "another method": post(b"X-HTTP-Method-Override: GET"),
    "a token in unicode": post("Authorization: Bearer ｅ３０．ｅ３０．".encode()),
    "a key in Latin-1": post(b"Authorization: AWS4-HMAC-SHA256 Credential=\xff\xfe"),
    "a cookie for a token": post(b"Cookie: Authorization=Bearer%20e30"),
    "the token in the query": post(path=b"/jobs?authorization=Bearer%20" + ALIEN),
    # Where to
    "a path upwards": post(method=b"GET", path=b"/jobs/../../_ministack/health", body=b""),
    "a path upwards, encoded": post(method=b"GET", path=b"/jobs/%2e%2e%2f%2e%2e%2fetc%2fpasswd", body=b""),
    "a path upwards, encoded twice": post(method=b"GET", path=b"/jobs/%252e%252e%252f", body=b""),
    "an overlong dot": post(method=b"GET", path=b"/jobs/%c0%ae%c0%ae/", body=b""),
    "a backslash": post(method=b"GET", path=b"/jobs/..\\..\\", body=b""),
    "a NUL in the path": post(method=b"GET", path=b"/jobs/%00", body=b""),
    "a line break in the path": post(method=b"GET", path=b"/jobs/%0d%0aSet-Cookie:a", body=b""),
    "a semicolon": post(method=b"GET", path=b"/jobs;a=b/" + NEVER.encode(), body=b""),
    "an id of 10 KB": post(method=b"GET", path=b"/jobs/" + b"a" * 10_000, body=b""),
    "an id in unicode": post(method=b"GET", path="/jobs/٣٣٣".encode(), body=b""),
    "a key of the table": post(method=b"GET", path=b"/jobs/idempotency%23x", body=b""),
    "no job of anyone": post(method=b"GET", path=b"/jobs/" + NEVER.encode(), body=b""),
    "another server": lambda door: b"GET http://169.254.169.254/latest/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "a proxy's request": lambda door: b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n",
    "an asterisk": lambda door: b"OPTIONS * HTTP/1.1\r\nHost: " + door.host + b"\r\n\r\n",
    "no host": lambda door: b"POST " + door.path + b"/jobs HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "two hosts": post(b"Host: evil.example"),
    # How
    "a method of no one": post(method=b"BREW"),
    "TRACE": post(method=b"TRACE", body=b""),
    "a method in small letters": post(method=b"post"),
    "HTTP/0.9": lambda door: b"GET " + door.path + b"/jobs\r\n\r\n",
    "HTTP/9.9": post(version=b"9.9"),
    "HTTP/2 from the start": lambda door: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0",
    "TLS": lambda door: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200,
    "an empty line": lambda door: b"\r\n\r\n",
    "bytes of no meaning": lambda door: bytes(range(256)) * 8,
    "a header of 200 KB": post(b"X-Long: " + b"a" * 200_000),
    "5,000 headers": post(*(b"X-%d: 1" % at for at in range(5_000))),
    "a header without a name": post(b": x"),
    "a space before the colon": post(b"Authorization : Bearer a"),
    "a header over two lines": post(b"X-Long: a\r\n b"),
    "a NUL in a header": post(b"X-Nul: a\0b"),
    "a bare line feed": post(b"X-A: b\nX-Admin: 1"),
    # How long
    "two lengths": post(b"Content-Length: 5"),
    "a negative length": post(b"Content-Length: -1", length=False),
    "a length in hexadecimal": post(b"Content-Length: 0x22", length=False),
    "a length beyond everything": post(b"Content-Length: 99999999999999999999", length=False),
    "a length with a sign": post(b"Content-Length: +34", length=False),
    "a body that is too short": post(b"Content-Length: 1000", length=False),
    "a request in a request": request_in_request,
    "chunks of no size": post(CHUNKED, body=b"zz\r\n" + BODY + b"\r\n0\r\n\r\n", length=False),
    "a chunk beyond everything": post(CHUNKED, body=b"ffffffffffffffffff\r\nx", length=False),
    "a chunk without an end": post(CHUNKED, body=b"22\r\n" + BODY, length=False),
    "a chunk with 100 KB beside it": post(CHUNKED, body=b"1;" + b"a" * 100_000 + b"\r\nx", length=False),
    "an encoding of no one": post(b"Transfer-Encoding: xchunked", length=False),
    "chunks twice": post(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n", length=False),
    "an expectation": post(b"Expect: 200-maybe"),
    "an upgrade": post(b"Connection: Upgrade", b"Upgrade: h2c, websocket", b"HTTP2-Settings: AAMAAABk"),
}


@pytest.fixture(scope="module")
def issuer():
    each = Issuer()
    yield each
    each.close()


@pytest.fixture(scope="module")
def stacks(issuer):
    """An endpoint for tokens, one that takes uploads and one with a task for each job, on one cloud."""
    settings = {"requests_per_month": 1e4, "response": {"p50": "2 KB"}, "runtime": {"p50": "10 ms"}}
    settings |= {"configuration": {"total": "1 KB", "entries": 4}}
    with own_cloud("raw", {}) as place:
        standing = {}
        try:
            for name, design in DESIGNS.items():
                tokens = name == "tokens"
                workload = ex.Workload(
                    name=name, **settings, **({"client": {"auth": "jwt"}} if tokens else {})
                )
                issuer_settings = {"jwt_issuer": issuer.url, "jwt_audience": "app"} if tokens else {}
                standing[name] = deploy.deploy(workload, design, place, **issuer_settings)
            yield standing
        finally:
            for each in standing.values():
                deploy.destroy(each)


@pytest.fixture(scope="module")
def jobs(stacks):
    """The number of jobs of an endpoint."""

    def count(name: str) -> int:
        rows = stacks[name].target.client("cloudformation").list_stack_resources(StackName=stacks[name].name)
        (table,) = [
            row["PhysicalResourceId"]
            for row in rows["StackResourceSummaries"]
            if row["ResourceType"] == "AWS::DynamoDB::Table"
        ]
        return stacks[name].target.client("dynamodb").scan(TableName=table, Select="COUNT")["Count"]

    return count


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_gets_in(stacks, attack, name):
    status, took_s = Door(stacks[name].url).send(ATTACKS[attack](Door(stacks[name].url)))
    assert status == 0 or 400 <= status < 500 or status in {501, 505}, status
    assert took_s < MOST_S


@pytest.mark.parametrize("name", DESIGNS)
def test_after_all_of_them_there_is_no_job_and_the_endpoint_answers(stacks, jobs, name):
    url = stacks[name].url
    for attack in ATTACKS.values():
        Door(url).send(attack(Door(url)))
    assert jobs(name) == 0
    status, took_s = Door(url).send(post()(Door(url)))
    assert (status, took_s < MOST_S) == ((401 if name == "tokens" else 403), True)
    health = f"{stacks[name].target.cloud.endpoint_url}/_ministack/health"
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(health, timeout=10) as answer:
        assert json.loads(answer.read())
