"""The client against an endpoint on this machine that keeps the contract, and breaks it when told to.

Tests that take `place` want an endpoint of the sample work, whichever; those that take `endpoint`
want this one, for its faults and what it has seen. Each runs with both clients.
"""

import asyncio
import gzip
import hashlib
import io
import json
import math
import re
import secrets
import socket
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import CloudError, ExplorerError
from explorer.live.client import exchange
from explorer.live.client.async_client import AsyncClient
from explorer.live.client.bodies import Body
from explorer.live.client.client import Client
from explorer.live.client.exchange import Answer, Backoff, NoAnswer, Pause, Request
from explorer.live.client.inline import largest_inline
from explorer.live.client.signing import Credentials, Scope, Signer

KEYS = {
    "access_key_id": "AKIDEXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG",
    "session_token": "tok/en==",
}
HOME = "/_aws/execute-api/abc123/$default"
QUICK = Backoff(first_s=0.001, cap_s=0.01, tries=4)


# An endpoint ----------------------------------------------------------------------------------------


def sample(body: dict) -> bytes:
    """What the sample work answers: as many bytes as asked, the same for the same seed."""
    block = hashlib.sha256(str(body.get("seed", 1)).encode()).digest()
    size = body.get("response_bytes", 10)
    return (block * (size // 32 + 1))[:size]


class Endpoint:
    """Jobs that take `polls` looks to end; `faults` come first, each as often as it is there."""

    def __init__(self):
        self.jobs, self.keys, self.uploads = {}, {}, {}
        self.requests, self.faults = [], []
        self.polls, self.retry_after, self.routes = 1, "0", {"jobs", "uploads"}
        self.gzipped = False  # what jobs come to
        self.kind, self.page_bytes, self.link = "application/octet-stream", 0, '<?page={}>; rel="next"'
        self.tell = lambda status: status  # what becomes of a status before it is sent
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.root = f"http://127.0.0.1:{self.server.server_port}"
        self.url = self.root + HOME
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def fail(self, method: str, path: str, *faults):
        """Each fault once: a status, (status, headers), "drop", or bytes after which a body is cut."""
        self.faults += [(method, path, fault) for fault in faults]

    def count(self, method: str, path: str = "") -> int:
        return sum(request.method == method and request.path.startswith(path) for request in self.requests)

    def handler(self):
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else each answer waits 40 ms

            def answer(self):
                endpoint.answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_):
                pass

        return Handler

    def answer(self, http):
        parts = urlsplit(http.path)
        body = http.rfile.read(int(http.headers.get("content-length") or 0))
        path = parts.path.removeprefix(HOME)
        request = SimpleNamespace(
            method=http.command, path=path, query=dict(parse_qsl(parts.query)), headers=http.headers,
            body=body, target=http.path, http=http,
        )  # fmt: skip
        self.requests.append(request)
        fault = next((f for f in self.faults if f[0] == request.method and path.startswith(f[1])), None)
        if fault:
            self.faults.remove(fault)
            if self.faulty(request, fault[2]):
                return
        if parts.path.startswith("/s3/"):
            return self.s3(request)
        if why := wrongly_signed(request, self.root):
            return self.say(
                request, 403, {"message": why + "\n\nThe Canonical String was x-amz-security-token:tok"}
            )
        return self.route(request)

    def faulty(self, request, fault) -> bool:
        if fault == "after":  # done, but the answer is lost
            self.route(SimpleNamespace(**vars(request) | {"http": None}))
            fault = "drop"
        if fault == "drop":
            request.http.close_connection = True
            request.http.connection.shutdown(socket.SHUT_RDWR)
        elif isinstance(fault, tuple):
            self.say(request, fault[0], {"title": "Trouble", "detail": "for a while"}, **fault[1])
        elif fault >= 1000:
            request.cut = fault - 1000
            return False
        else:
            self.say(request, fault, {"title": "Trouble", "detail": "for a while"})
        return True

    def say(self, request, status, document=None, content=None, **headers):
        if request.http is None:
            return
        content = json.dumps(document).encode() if content is None else content
        kind = "application/problem+json" if status >= 400 else "application/json"
        request.http.send_response(status)
        for name, value in {"content_type": kind, **headers}.items():
            request.http.send_header(name.replace("_", "-"), value)
        request.http.send_header("content-length", str(len(content)))
        request.http.end_headers()
        request.http.wfile.write(content[: getattr(request, "cut", None)])
        if hasattr(request, "cut"):
            request.http.close_connection = True

    def route(self, request):
        first, _, id = request.path.strip("/").partition("/")
        if first not in self.routes:
            return self.say(request, 404, {"message": "Not Found"})
        if first == "uploads":
            return self.upload(request)
        if first == "run":
            return self.run(request)
        if request.method == "POST":
            return self.submit(request)
        if id not in self.jobs:
            return self.say(request, 404, {"title": "Not Found", "detail": "there is no such job"})
        return self.cancel(request, id) if request.method == "DELETE" else self.status(request, id)

    def body_of(self, request):
        if token := request.query.get("upload"):
            return self.uploads[token].get("body")
        return request.body

    def submit(self, request):
        if "upload" not in request.query and request.headers["content-type"] != "application/json":
            return self.say(request, 415, {"title": "Unsupported Media Type"})
        body, key = self.body_of(request), request.headers["idempotency-key"]
        id, first_body = self.keys.setdefault(key, (secrets.token_urlsafe(24), body))
        if first_body != body:
            detail = "this Idempotency-Key came with another body before"
            return self.say(request, 422, {"title": "Unprocessable Content", "detail": detail})
        self.jobs.setdefault(id, {"id": id, "status": "queued", "looks": 0, "body": body})
        return self.say(request, 202, {"id": id, "status": "queued"}, **self.retry())

    def retry(self):
        return {} if self.retry_after is None else {"retry_after": self.retry_after}

    def status(self, request, id):
        job = self.jobs[id]
        job["looks"] += 1
        if job["status"] == "queued" and job["looks"] >= self.polls:
            body = json.loads(job["body"])
            job["result"], job["status"] = sample(body), "succeeded"
            if self.gzipped:
                job["result"] = gzip.compress(job["result"], mtime=0)
            if body.get("fail_at_step") is not None:
                job["status"], job["error"] = "failed", {"type": "StepFailed", "detail": "at step 0"}
        document = {"id": id, "status": job["status"], "progress": 1, "attempts": 1}
        document |= {"submitted": 1, "updated": 2}
        if job["status"] == "succeeded":
            url = f"{self.root}/s3/{id}?X-Amz-Credential=AKID%2F1%2Fs3&X-Amz-Signature={secrets.token_hex(8)}"
            digest = hashlib.sha256(job["result"]).hexdigest()
            document["result"] = {
                "url": url,
                "bytes": len(job["result"]),
                "sha256": digest,
                "content_type": self.kind,
            }
        if "error" in job:
            document["error"] = job["error"]
        return self.say(request, 200, self.tell(document), **self.retry())

    def cancel(self, request, id):
        if self.jobs[id]["status"] != "queued":
            return self.say(request, 409, {"title": "Conflict", "detail": "the job has ended"})
        self.jobs[id]["status"] = "cancelled"
        return self.say(request, 202, {"id": id, "status": "cancelled"})

    def upload(self, request):
        declaration, token = json.loads(request.body), secrets.token_urlsafe(24)
        self.uploads[token] = declaration
        headers = {"Content-Type": declaration["content_type"], "Content-Length": str(declaration["bytes"])}
        url = f"{self.root}/s3/uploads/{token}?X-Amz-Signature=abc"
        return self.say(request, 201, {"upload_url": url, "headers": headers, "upload": token, "expires": 1})

    def run(self, request):
        content = sample(json.loads(self.body_of(request)))
        if self.kind == "application/json":
            content = json.dumps([{"n": n} for n in range(len(content) // 10)]).encode()
        if self.page_bytes:
            page = int(request.query.get("page", 1))
            more = page * self.page_bytes < len(content)
            headers = {"link": self.link.format(page + 1)} if more else {}
            content = content[(page - 1) * self.page_bytes : page * self.page_bytes]
            return self.say(request, 200, content=content, content_type=self.kind, **headers)
        content = gzip.compress(content)
        return self.say(request, 200, content=content, content_type=self.kind, content_encoding="gzip")

    def s3(self, request):
        name = request.path.removeprefix("/s3/")
        assert "authorization" not in request.headers
        if request.method == "PUT":
            upload = self.uploads[name.removeprefix("uploads/")]
            content_type = request.headers["content-type"]
            fits = len(request.body) == upload["bytes"] and content_type == upload["content_type"]
            upload["body"] = request.body
            return self.say(request, 200 if fits else 403, content=b"")
        whole = self.jobs[name].get("stored", self.jobs[name]["result"])
        encoding = {"content_encoding": "gzip"} if self.gzipped else {}
        if span := request.headers["range"]:
            start = int(re.fullmatch(r"bytes=(\d+)-", span)[1])
            where = f"bytes {start}-{len(whole) - 1}/{len(whole)}"
            return self.say(request, 206, content=whole[start:], content_range=where, **encoding)
        return self.say(request, 200, content=whole, **encoding)


def wrongly_signed(request, root: str, scope=("us-east-1", "execute-api")) -> str | None:
    """Why botocore would not have signed so, None if it would."""
    match = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=(.*?)/(.*), SignedHeaders=(.*), Signature=(\w{64})",
        request.headers.get("authorization", ""),
    )
    if not match:
        return "Missing Authentication Token"
    day = request.headers["x-amz-date"][:8]
    if (match[1], match[2]) != (KEYS["access_key_id"], f"{day}/{'/'.join(scope)}/aws4_request"):
        return "Credential should be scoped to a valid region"
    signed_headers = {name: request.headers[name] for name in match[3].split(";")}
    if not {"host", "x-amz-date", "x-amz-security-token"} <= set(signed_headers):
        return "the signature does not cover enough"
    unsigned = AWSRequest(request.method, root + request.target, headers=signed_headers, data=request.body)
    unsigned.context["timestamp"] = request.headers["x-amz-date"]
    auth = SigV4Auth(BotocoreCredentials(*KEYS.values()), scope[1], scope[0])
    right = auth.signature(auth.string_to_sign(unsigned, auth.canonical_request(unsigned)), unsigned)
    return None if right == match[4] else "The request signature we calculated does not match"


@pytest.fixture
def endpoint():
    """An endpoint of its own for a test."""
    up = Endpoint()
    yield up
    up.close()


@pytest.fixture
def place(endpoint):
    """Where the sample work can be asked for, and as whom: the double; a real stack fits as well."""
    return SimpleNamespace(url=endpoint.url, credentials=KEYS)


class Awaited:
    """An AsyncClient whose methods are waited for."""

    def __init__(self, *args, **options):
        self.loop, self.inner = asyncio.new_event_loop(), AsyncClient(*args, **options)

    def __getattr__(self, name):
        method = getattr(self.inner, name)
        return lambda *args, **options: self.loop.run_until_complete(method(*args, **options))

    def __repr__(self):
        return repr(self.inner)


@pytest.fixture(params=[Client, Awaited], ids=["sync", "async"])
def connect(request):
    """Makes clients of one kind, closed after the test."""
    clients = []

    def make(place, credentials=KEYS, **options):
        clients.append(request.param(place.url, credentials, **{"backoff": QUICK} | options))
        return clients[-1]

    yield make
    for client in clients:
        client.close()
        if isinstance(client, Awaited):
            client.loop.close()


@pytest.fixture
def client(connect, place):
    return connect(place, place.credentials)


def ask(size=10, **more) -> dict:
    return {"runtime_s": 0, "response_bytes": size, "seed": 1, **more}


# Any endpoint ---------------------------------------------------------------------------------------


def test_a_job_is_submitted_waited_for_and_read(client):
    job = client.submit(ask(1000))
    looks = []
    ended = client.wait(job, timeout=30, on_progress=looks.append)
    assert (ended.id, ended.status, ended.result.bytes) == (job.id, "succeeded", 1000)
    assert looks[-1] == ended and client.status(job.id).status == "succeeded"
    assert len(client.result(job.id)) == 1000


def test_all_steps_in_one(client):
    assert client.run(ask(300_000)) == client.run(ask(300_000))


def test_a_result_goes_into_a_file(client, tmp_path):
    path, calls = tmp_path / "result.bin", []
    target = client.download(client.submit(ask(2_000_000)), path, on_progress=lambda *at: calls.append(at))
    assert target == path and path.stat().st_size == 2_000_000 and calls[-1] == (2_000_000, 2_000_000)
    assert list(tmp_path.iterdir()) == [path]


def test_one_key_is_one_job(client):
    key = secrets.token_hex(8)
    first = client.submit(ask(), key)
    assert client.submit(ask(), key).id == first.id
    with pytest.raises(exchange.EndpointError, match=r"POST /jobs: 422 .*Idempotency-Key") as refused:
        client.submit(ask(11), key)
    assert refused.value.status == 422 and "\n" not in str(refused.value)


def test_a_job_that_never_was(client):
    with pytest.raises(exchange.EndpointError, match="404") as refused:
        client.status("A" * 32)
    assert refused.value.status == 404 and isinstance(refused.value, CloudError)


def test_a_job_that_fails_says_why(client):
    with pytest.raises(exchange.JobFailedError, match=r"job \S+ failed: \w+: .*step 0") as failed:
        client.run(ask(fail_at_step=0))
    assert failed.value.job.status == "failed"


def test_a_jobs_error_tells_a_terminal_nothing():
    status = {
        "id": "a",
        "status": "failed",
        "error": {"type": "E", "detail": "red \x1b[31m\x07\u202e", "at": 3},
    }
    answer = exchange.Answer(200, {}, json.dumps(status).encode())
    job = exchange.Job.of(exchange.Request("GET", "http://127.0.0.1/jobs/a"), answer)
    assert job.error == {"type": "E", "detail": "red \ufffd[31m\ufffd\ufffd", "at": 3}


def test_an_ended_job_is_not_cancelled(client):
    job = client.submit(ask())
    client.wait(job, 30)
    with pytest.raises(exchange.EndpointError, match="409"):
        client.cancel(job)


def test_too_large_a_body_is_uploaded(connect, place):
    client = connect(place, place.credentials, inline_bytes=100)
    assert client.run(ask(50, padding="x" * 200)) == client.run(ask(50))


# What is sent ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "uploads"), [(100, 0), (101, 1)])
def test_the_inline_limit_decides_on_uploads(connect, endpoint, size, uploads):
    body = b'{"x":"' + b"y" * (size - 8) + b'"}'
    connect(endpoint, inline_bytes=100).submit(body)
    assert endpoint.count("POST", "/uploads") == uploads
    assert next(iter(endpoint.jobs.values()))["body"] == body


def test_what_is_refused_as_too_large_is_uploaded(client, endpoint):
    endpoint.fail("POST", "/jobs", 413)
    assert len(client.run(ask(20))) == 20
    assert endpoint.count("POST", "/uploads") == 1 and endpoint.count("POST", "/jobs") == 2


def test_a_body_that_cannot_be_uploaded_says_so(connect, endpoint):
    endpoint.routes = {"jobs"}
    with pytest.raises(exchange.EndpointError, match="has 12 bytes, and the endpoint takes no uploads"):
        connect(endpoint, inline_bytes=3).submit({"a": "1234"})


@pytest.mark.parametrize("as_file", [False, True])
def test_a_file_is_streamed_never_read_whole(connect, endpoint, tmp_path, as_file):
    path = tmp_path / "body.json"
    path.write_bytes(b'{"response_bytes": 7}' + b" " * 3_000_000)
    largest, calls = [], []

    class Watched(io.FileIO):
        def read(self, size=-1):
            largest.append(size)
            return super().read(size)

    with Watched(path) as file:
        source = file if as_file else path
        options = {"content_type": "application/json", "on_progress": lambda *at: calls.append(at)}
        job = connect(endpoint, inline_bytes=1000).submit(source, **options)
    assert endpoint.jobs[job.id]["body"] == path.read_bytes()
    assert calls[-1] == (3_000_021, 3_000_021) and len(calls) > 5
    assert not as_file or (min(largest) >= 0 and max(largest) < 1_000_000)


def test_what_is_not_json_is_uploaded_under_its_own_type(client, endpoint, tmp_path):
    path = tmp_path / "scan.pdf"
    path.write_bytes(b"%PDF")
    client.submit(path)
    assert next(iter(endpoint.uploads.values()))["content_type"] == "application/pdf"


def test_an_upload_is_sent_again_to_a_fresh_address(connect, endpoint):
    endpoint.fail("PUT", "/s3/", "drop", 503, 403)
    assert connect(endpoint, inline_bytes=1).run(ask(5)) == sample(ask(5))
    assert (endpoint.count("PUT"), endpoint.count("POST", "/uploads")) == (4, 2)


UNSENDABLE = [({1, 2}, "not JSON"), (math.nan, "not JSON"), (io.StringIO("x"), "binary file")]


@pytest.mark.parametrize(("body", "why"), UNSENDABLE, ids=["set", "nan", "text file"])
def test_what_cannot_be_sent_is_refused_before(client, endpoint, body, why):
    with pytest.raises(ExplorerError, match=f"body: .*{why}"):
        client.submit(body)
    assert endpoint.requests == []


@pytest.mark.parametrize("key", ["", "a b", "a\r\nx: y", "k" * 256])
def test_a_key_that_is_none(client, key):
    with pytest.raises(ExplorerError, match="idempotency_key"):
        client.submit(ask(), key)


@pytest.mark.parametrize("id", ["", ".", "..", None, 7])
def test_an_id_that_is_none(client, endpoint, id):
    with pytest.raises(ExplorerError, match="no id of a job"):
        client.status(id)
    assert endpoint.requests == []


@pytest.mark.parametrize("id", ["../uploads", "a/b", "a?b=c", "a b", "ü%2F", "a#b"])
def test_no_id_leads_elsewhere(client, endpoint, id):
    with pytest.raises(exchange.EndpointError, match="404"):  # 403 if it were signed wrongly
        client.status(id)
    assert endpoint.requests[0].path.startswith("/jobs/") and endpoint.requests[0].path.count("/") == 2


def test_the_default_leaves_room_for_base64_and_the_envelope():
    limit = 6_291_456
    room = largest_inline()
    assert limit - 10 < 4 * math.ceil(room / 3) + 3994 <= limit


# Faults ---------------------------------------------------------------------------------------------

PASSING = [429, 500, 502, 503, 504, (503, {"retry_after": "0"}), (409, {"retry_after": "0"}), "drop", "after"]


@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_a_passing_failure_makes_no_second_job(client, endpoint, fault):
    endpoint.fail("POST", "/jobs", fault, fault)
    client.submit(ask())
    keys = [request.headers["idempotency-key"] for request in endpoint.requests]
    assert len(endpoint.jobs) == 1 and len(keys) == 3 and len(set(keys)) == 1 and keys[0]


@pytest.mark.parametrize("status", [400, 401, 403, 409, 415, 422, 501])
def test_what_will_not_pass_is_not_tried_again(client, endpoint, status):
    endpoint.fail("POST", "/jobs", status)
    with pytest.raises(exchange.EndpointError, match=f"{status} Trouble: for a while"):
        client.submit(ask())
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("fault", [503, "drop"])
def test_tries_are_bounded(client, endpoint, fault):
    endpoint.fail("GET", "/jobs", *[fault] * 9)
    with pytest.raises((exchange.EndpointError, exchange.UnreachableError)):
        client.status("A" * 32)
    assert len(endpoint.requests) == QUICK.tries


def test_an_endpoint_that_is_not_there(connect, endpoint):
    endpoint.close()
    with pytest.raises(exchange.UnreachableError, match=r"^127.0.0.1: GET /jobs/A+: .*\(4 tries\)$"):
        connect(endpoint).status("A" * 32)


def test_a_cancellation_whose_answer_was_lost_is_one(client, endpoint):
    endpoint.polls = 99
    job = client.submit(ask())
    endpoint.fail("DELETE", "/jobs", "after")
    assert client.cancel(job).status == "cancelled"
    with pytest.raises(exchange.JobFailedError, match="was cancelled"):
        client.result(job)


def test_waiting_ends_in_time_and_can_go_on(client, endpoint):
    endpoint.polls, endpoint.retry_after = 10**9, None
    job = client.submit(ask())
    began = time.monotonic()
    with pytest.raises(exchange.WaitTimeoutError, match=f"job {job.id} has not ended after 0.1 s"):
        client.wait(job.id, timeout=0.1)
    assert 0.1 <= time.monotonic() - began < 10
    endpoint.polls = 0
    assert client.wait(job.id).status == "succeeded"


def test_no_retry_after_outlasts_the_time_given(client, endpoint):
    endpoint.polls, endpoint.retry_after = 10**9, "60"
    began = time.monotonic()
    with pytest.raises(exchange.WaitTimeoutError):
        client.wait(client.submit(ask()), timeout=0.1)
    assert time.monotonic() - began < 30  # of the 60 that were asked for


@pytest.mark.parametrize("to_file", [False, True])
def test_a_download_is_gone_on_with(client, endpoint, tmp_path, to_file):
    job = client.wait(client.submit(ask(500_000)))
    endpoint.fail("GET", "/s3/", 301_000, "drop", 503, 101_000)
    if to_file:
        content = client.download(job, tmp_path / "x").read_bytes()
    else:
        content = client.result(job)
    assert content == sample(ask(500_000))
    ranges = [request.headers["range"] for request in endpoint.requests if request.path.startswith("/s3/")]
    assert ranges == [None, *["bytes=300000-"] * 3, "bytes=400000-"]


def test_an_address_that_has_run_out_is_asked_for_again(client, endpoint, tmp_path):
    job = client.wait(client.submit(ask(500_000)))
    endpoint.fail("GET", "/s3/", 101_000, 403)
    looks = endpoint.count("GET", "/jobs")
    assert client.download(job, tmp_path / "x").stat().st_size == 500_000
    assert endpoint.count("GET", "/jobs") == looks + 1
    assert len({request.target for request in endpoint.requests if request.path.startswith("/s3/")}) == 2


def test_an_address_that_is_always_refused_ends(client, endpoint):
    job = client.wait(client.submit(ask()))
    endpoint.fail("GET", "/s3/", *[403] * 20)
    with pytest.raises(exchange.EndpointError, match="403") as refused:
        client.result(job)
    assert "Signature" not in str(refused.value) and endpoint.count("GET", "/s3/") <= QUICK.tries


def test_a_broken_download_is_taken_up_by_the_next(client, connect, endpoint, tmp_path):
    job, path = client.wait(client.submit(ask(500_000))), tmp_path / "x"
    endpoint.fail("GET", "/s3/", 301_000, *["drop"] * 4)
    with pytest.raises(exchange.UnreachableError):
        client.download(job, path)
    assert not path.exists() and [each.suffix for each in tmp_path.iterdir()] == [".part"]
    connect(endpoint).download(job.id, path)
    assert endpoint.requests[-1].headers["range"] == "bytes=300000-"
    assert path.read_bytes() == sample(ask(500_000)) and list(tmp_path.iterdir()) == [path]


def test_a_part_that_was_changed_is_not_built_on(client, endpoint, tmp_path):
    job, path = client.wait(client.submit(ask(5000))), tmp_path / "x"
    (tmp_path / f"x.{job.result.sha256[:12]}.part").write_bytes(b"wrong")
    assert client.download(job, path).read_bytes() == sample(ask(5000))


WRONG = {"other": b"x" * 5000, "longer": b"x" * 5001}


@pytest.mark.parametrize("stored", WRONG.values(), ids=WRONG)
def test_a_wrong_checksum_leaves_nothing(client, endpoint, tmp_path, stored):
    job = client.wait(client.submit(ask(5000)))
    endpoint.jobs[job.id]["stored"] = stored
    for take in (lambda: client.download(job, tmp_path / "x"), lambda: client.result(job)):
        with pytest.raises(exchange.DownloadError, match=job.id):
            take()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("by_status", [False, True])
def test_a_stored_result_that_is_gzipped_is_undone(client, endpoint, tmp_path, by_status):
    """The status says so, or the bucket alone; an interrupted download is continued all the same."""
    endpoint.gzipped, noise = True, ask(30_000_000)
    if by_status:
        endpoint.tell = _with_encoding
    packed = gzip.compress(sample(noise), mtime=0)
    assert 100_000 > len(packed) > 20_000
    job, path = client.wait(client.submit(noise)), tmp_path / "x"
    assert (job.result.bytes, job.result.sha256) == (len(packed), hashlib.sha256(packed).hexdigest())
    endpoint.fail("GET", "/s3/", 1000 + 20_000)
    calls = []
    assert client.download(job, path, on_progress=lambda *at: calls.append(at)) == path
    assert path.read_bytes() == sample(noise) and list(tmp_path.iterdir()) == [path]
    assert calls[-1] == (len(packed), len(packed))
    assert endpoint.requests[-1].headers["range"] == "bytes=20000-"
    assert client.result(job) == sample(noise)


def _with_encoding(status):
    if "result" in status:
        status["result"]["content_encoding"] = "gzip"
    return status


NO_GZIP = {
    "text": b"no gzip",
    "cut off": gzip.compress(b"x" * 5000)[:-9],
    "no deflate": b"\x1f\x8b\x08" + b"\0" * 7 + b"\xff" * 40,
}


@pytest.mark.parametrize("stored", NO_GZIP.values(), ids=NO_GZIP)
def test_what_is_no_gzip_though_it_is_said_to_be_leaves_nothing(client, endpoint, tmp_path, stored):
    endpoint.tell = _with_encoding
    job = client.submit(ask())
    client.wait(job)
    endpoint.jobs[job.id]["result"] = stored
    for take in (lambda: client.download(job.id, tmp_path / "x"), lambda: client.result(job.id)):
        with pytest.raises(exchange.DownloadError, match=f"{job.id} cannot be decompressed"):
            take()
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_stands_until_the_new_one_is_whole(client, endpoint, tmp_path):
    path, job = tmp_path / "x", client.wait(client.submit(ask(50)))
    path.write_bytes(b"old")
    endpoint.fail("GET", "/s3/", *[503] * 9)
    with pytest.raises(exchange.EndpointError, match="503"):
        client.download(job, path)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_an_empty_result(client, tmp_path):
    job = client.submit(ask(0))
    assert client.result(job) == b"" and client.download(job, tmp_path / "x").read_bytes() == b""


@pytest.mark.parametrize(("name", "why"), [("", "is a folder"), ("no/x", "there is no folder")])
def test_a_file_that_cannot_be_is_refused_before(client, endpoint, tmp_path, name, why):
    with pytest.raises(ExplorerError, match=why):
        client.download("A" * 32, tmp_path / name)
    assert endpoint.requests == []


MISTOLD = {
    "no id": lambda status: status | {"id": None},
    "no status": lambda status: status | {"status": "done"},
    "no object": lambda status: [],
    "no sha256": lambda status: status | {"result": {"url": "http://x", "bytes": 1}},
    "a file": lambda status: status | {"result": {"url": "file:///etc/passwd", "bytes": 1, "sha256": ""}},
    "no result": lambda status: status | {"result": None},
}


@pytest.mark.parametrize("tell", MISTOLD.values(), ids=MISTOLD)
def test_an_answer_that_breaks_the_contract(client, endpoint, tell):
    endpoint.tell = tell
    with pytest.raises(exchange.EndpointError):
        client.run(ask())


# POST /run ------------------------------------------------------------------------------------------


def test_run_finds_out_how_the_endpoint_answers_and_remembers(client, endpoint):
    endpoint.routes = {"run"}
    assert client.run(ask(70)) == client.run(ask(70)) == sample(ask(70))  # gzip undone
    assert Counter(request.path for request in endpoint.requests) == {"/jobs": 1, "/run": 2}
    with pytest.raises(ExplorerError, match="use run"):
        client.submit(ask())


@pytest.mark.parametrize("kind", ["MissingAuthenticationTokenException", "AccessDeniedException"])
def test_a_rest_api_refuses_where_it_has_no_route(client, endpoint, kind):
    endpoint.routes = {"run"}
    endpoint.fail("POST", "/jobs", (403, {"x-amzn-errortype": kind}))
    assert client.run(ask(7)) == sample(ask(7))


def test_neither_way_is_told_as_the_first(client, endpoint):
    endpoint.routes = set()
    with pytest.raises(exchange.EndpointError, match="POST /jobs: 404 Not Found"):
        client.run(ask())


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/json"])
@pytest.mark.parametrize("link", ['<?page={}>; rel="next"', '</other>; rel=up, </run?page={}>; rel="next"'])
def test_pages_are_joined(connect, endpoint, kind, link):
    endpoint.routes, endpoint.kind, endpoint.page_bytes, endpoint.link = {"run"}, kind, 150, link
    got = connect(endpoint, answers="run").run(ask(1000))
    assert got == (sample(ask(1000)) if kind != "application/json" else [{"n": n} for n in range(100)])
    assert all(request.body == endpoint.requests[0].body for request in endpoint.requests)


LINKS = [("<http://127.0.0.2/run?page={}>", "on 127.0.0.2"), ("<//evil.example/run>", "on evil"),
         ("<../../../other>", "next page"), ("<?page=1>", "an earlier one")]  # fmt: skip


@pytest.mark.parametrize(("link", "why"), LINKS)
def test_a_page_elsewhere_is_not_asked_for(connect, endpoint, link, why):
    endpoint.routes, endpoint.page_bytes, endpoint.link = {"run"}, 40, link + '; rel="next"'
    with pytest.raises(exchange.EndpointError, match=why):
        connect(endpoint, answers="run").run(ask(100))
    assert len(endpoint.requests) <= 2


@pytest.mark.parametrize(
    ("fault", "tries"),
    [(429, 2), ((503, {"retry_after": "0"}), 2), (500, 1), (503, 1), (504, 1), ("drop", 1)],
    ids=str,
)
def test_work_that_may_have_run_is_not_run_again(connect, endpoint, fault, tries):
    endpoint.routes = {"run"}
    endpoint.fail("POST", "/run", fault)
    client = connect(endpoint, answers="run")
    if tries == 2:
        client.run(ask())
    else:
        with pytest.raises(CloudError):
            client.run(ask())
    assert len(endpoint.requests) == tries


def test_a_large_body_is_uploaded_for_run_too_and_once(connect, endpoint):
    endpoint.routes = {"run", "uploads"}
    assert connect(endpoint, inline_bytes=1).run(ask(9)) == sample(ask(9))
    assert (endpoint.count("PUT"), endpoint.count("POST", "/run")) == (1, 1)


# Who is asked, and as whom --------------------------------------------------------------------------


def test_a_wrong_secret_is_refused_and_nothing_secret_is_said(connect, endpoint):
    client = connect(endpoint, KEYS | {"secret_access_key": "0ther-s3cret"})
    with pytest.raises(exchange.EndpointError, match="403 The request signature") as refused:
        client.submit(ask())
    text = f"{refused.value} {refused.value!r} {client!r} {vars(refused.value)}"
    assert not any(secret in text for secret in (*KEYS.values(), "0ther-s3cret", "tok", "Canonical"))


def test_nothing_shows_more_than_the_host(client):
    job = client.wait(client.submit(ask()))
    assert repr(client).endswith("Client('127.0.0.1')")
    assert "http" not in repr(job) and "Signature" not in repr(job) + str(job)


def test_a_refusal_says_which_region_was_taken_for_granted(connect, endpoint):
    wrong = KEYS | {"secret_access_key": "0ther-s3cret"}
    with pytest.raises(
        exchange.EndpointError, match=r"POST /jobs: 403 .*signed for us-east-1, since no region"
    ):
        connect(endpoint, wrong).run(ask())
    with pytest.raises(exchange.EndpointError, match=r"valid region$"):
        connect(endpoint, KEYS | {"region": "eu-west-1"}).run(ask())


def test_unsigned_if_told_so(connect, endpoint):
    with pytest.raises(exchange.EndpointError, match="Missing Authentication Token"):
        connect(endpoint, False).submit(ask())


def test_an_unsigned_body_comes_with_its_sha256():
    body, request = b'{"a": 1}', Request("POST", "http://127.0.0.1/jobs")
    with Client("http://127.0.0.1", False) as client:
        unsigned = client._arguments(replace(request, body=Body(body)))
        upload = client._arguments(replace(request, body=Body(body), signed=False))
    assert unsigned["headers"]["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest()
    assert "x-amz-content-sha256" not in upload["headers"]  # a signed URL allows no such header


def test_the_usual_chain(connect, endpoint, monkeypatch):
    for name, value in KEYS.items():
        monkeypatch.setenv(f"AWS_{name.upper()}", value)
    assert connect(endpoint, None).run(ask(3)) == sample(ask(3))


def test_no_credentials_anywhere(connect, endpoint, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(CloudError, match="no AWS credentials found"):
        connect(endpoint, None).submit(ask())


def test_no_proxy_stands_between_this_machine_and_itself(connect, endpoint, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert connect(endpoint).run(ask(3)) == sample(ask(3))


ADDRESSES = [
    ("https://a1.execute-api.eu-west-1.amazonaws.com/live", {}, ("execute-api", "eu-west-1")),
    ("https://a1.execute-api.cn-north-1.amazonaws.com.cn", {}, ("execute-api", "cn-north-1")),
    ("https://u1.lambda-url.ap-south-1.on.aws/", {}, ("lambda", "ap-south-1")),
    ("http://127.0.0.1:4566/_aws/execute-api/a1/live/", {}, ("execute-api", "us-east-1")),
    ("http://localhost:4566/_aws/lambda-url/u1/", {"region": "eu-west-1"}, ("lambda", "eu-west-1")),
    ("https://api.example.com", {"service": "lambda", "region": "eu-west-1"}, ("lambda", "eu-west-1")),
]


@pytest.mark.parametrize(("url", "options", "scope"), ADDRESSES)
def test_the_address_tells_what_is_signed_for(url, options, scope):
    with Client(url, KEYS, **options) as client:
        assert client._signer.scope == Scope(*scope)


@pytest.mark.parametrize(
    ("environment", "config", "region"),
    [
        ({"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "us-west-2"}, "", "eu-north-1"),
        ({"AWS_DEFAULT_REGION": "us-west-2"}, "[default]\nregion = sa-east-1\n", "us-west-2"),
        ({}, "[default]\nregion = sa-east-1\n", "sa-east-1"),
        ({"AWS_PROFILE": "own"}, "[profile own]\nregion = eu-west-3\n", "eu-west-3"),
        ({"AWS_REGION": "eu-north-1", "AWS_PROFILE": "none"}, "", "eu-north-1"),
        ({"AWS_PROFILE": "none"}, "", CloudError),
        ({}, "", ExplorerError),
    ],
)
def test_where_the_address_tells_no_region_it_is_the_usual_one(
    environment, config, region, tmp_path, monkeypatch
):
    (tmp_path / "config").write_text(config)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**environment, "AWS_CONFIG_FILE": str(tmp_path / "config")}.items():
        monkeypatch.setenv(name, value)
    if isinstance(region, str):
        assert Scope.of("https://api.example.com", "lambda", None) == Scope("lambda", region)
        return
    with pytest.raises(region, match=r"expected region=\.\.\.$") as refused:
        Scope.of("https://api.example.com", "lambda", None)
    assert type(refused.value) is region


REFUSED = [
    ("https://api.example.com", KEYS, {"region": "eu-west-1"}, 'expected service="execute-api"'),
    ("http://api.example.com", KEYS, {}, "expected https"),
    ("ftp://127.0.0.1/", KEYS, {}, "expected an address"),
    (None, KEYS, {}, "expected an address"),
    ("https://me:pass@x.lambda-url.eu-west-1.on.aws", KEYS, {}, "expected none"),
    ("http://127.0.0.1/_aws/lambda-url/u", {"access_key_id": "a"}, {}, "secret_access_key is missing"),
    ("http://127.0.0.1/_aws/lambda-url/u", "AKID", {}, "credentials is of type str"),
    ("http://127.0.0.1/_aws/lambda-url/u", KEYS, {"answers": "both"}, "expected job, run or None"),
    ("http://127.0.0.1/_aws/lambda-url/u", KEYS, {"service": "s3"}, "expected execute-api or lambda"),
]


@pytest.mark.parametrize(("url", "credentials", "options", "why"), REFUSED)
def test_a_client_that_cannot_be(url, credentials, options, why):
    with pytest.raises(ExplorerError, match=why) as refused:
        Client(url, credentials, **options)
    assert "pass" not in str(refused.value)


TEXT = st.text(st.characters(codec="ascii", min_codepoint=33), max_size=12)


@given(
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    path=st.lists(TEXT.filter(lambda part: part.strip(".")), min_size=1, max_size=3),
    query=st.dictionaries(TEXT, TEXT, max_size=3),
    headers=st.dictionaries(st.sampled_from(["content-type", "idempotency-key", "X-Amz-Meta"]), TEXT),
    body=st.binary(max_size=40),
)
def test_a_signature_is_the_one_that_botocore_makes(method, path, query, headers, body):
    from urllib.parse import quote, urlencode

    target = HOME + "/" + "/".join(quote(part, safe="") for part in path)
    target += "?" + urlencode(query, quote_via=quote) if query else ""
    signer = Signer(Scope("execute-api", "us-east-1"), lambda: Credentials(*KEYS.values()))
    signed = signer.sign(method, "https://EXAMPLE.com:443" + target, headers, body)
    request = SimpleNamespace(method=method, target=target, headers=signed, body=body)
    assert wrongly_signed(request, "https://example.com") is None


# Patience -------------------------------------------------------------------------------------------

SECONDS = st.floats(0.001, 1e4)


@given(SECONDS, st.floats(1.0, 10.0), SECONDS, st.integers(0, 10**9), st.none() | st.floats(0, 1e9))
def test_a_pause_is_within_its_bounds(first_s, growth, cap_s, n, asked_s):
    for draw in (0.0, 0.5, 1.0):
        backoff = Backoff(first_s, growth, cap_s, draw=lambda draw=draw: draw)
        jitter = backoff.jitter(n)
        assert 0 <= jitter <= min(cap_s, first_s * growth**n if n < 60 else cap_s) * (1 + 1e-9)
        least = min(asked_s or 0, backoff.retry_after_cap_s)
        assert least <= backoff.retry(n, asked_s) <= least + cap_s
        assert backoff.poll(n, asked_s) == (jitter if asked_s is None else least)


NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
RETRY_AFTER = [
    ("7", 7),
    ("0", 0),
    ("", None),
    ("soon", None),
    ("-1", None),
    ("1.5", None),
    ("9" * 40, 999_999_999),
    ("Sun, 01 Nov 2026 12:00:30 GMT", 30),
    ("Sun, 01 Nov 2026 11:00:00 GMT", 0),
]


@pytest.mark.parametrize(("header", "seconds"), RETRY_AFTER)
def test_retry_after_in_seconds_or_as_a_date(header, seconds):
    assert exchange.retry_after_s(Answer(503, {"retry-after": header}), NOW) == seconds


def test_a_refusal_waits_as_long_as_it_was_asked_to():
    steps = exchange.send_with_retries(Request("GET", "http://h/jobs/a"), Backoff(draw=lambda: 0.5, tries=3))
    next(steps)
    assert steps.send(Answer(503, {"retry-after": "4"})) == Pause(4 + 0.1)
    next(steps)
    assert steps.send(NoAnswer("gone")) == Pause(0.2)
    next(steps)
    with pytest.raises(exchange.UnreachableError, match=r"gone \(3 tries\)"):
        steps.send(NoAnswer("gone"))


TEXTS = [
    (
        "see https://b.s3.amazonaws.com/k?X-Amz-Signature=abc&X=1 now",
        "see https://b.s3.amazonaws.com/k?... now",
    ),
    ("two\nlines", "two"),
    ("X-Amz-Security-Token: FwoG/abc= was wrong", "X-Amz-Security-Token=... was wrong"),
    ("a\x1b[31mb", "a [31mb"),
    ("x" * 301, "x" * 297 + "..."),
]


@pytest.mark.parametrize(("text", "line"), TEXTS)
def test_what_another_says_is_repeated_with_care(text, line):
    assert exchange.one_line(text) == line


def test_many_jobs_at_once(endpoint):
    async def all_of_them():
        async with AsyncClient(endpoint.url, KEYS, backoff=QUICK) as client:
            return await asyncio.gather(*[client.run(ask(100, seed=n)) for n in range(50)])

    assert asyncio.run(all_of_them()) == [sample(ask(100, seed=n)) for n in range(50)]
    assert len(endpoint.jobs) == 50


def test_both_clients_have_the_same_methods():
    import inspect

    def shape(kind):
        return {
            name: str(inspect.signature(method)).replace("AsyncClient", "Client")
            for name, method in vars(kind).items()
            if not name.startswith("_")
        }

    assert shape(Client) == shape(AsyncClient)
    assert inspect.signature(Client) == inspect.signature(AsyncClient)


@pytest.mark.parametrize("url", ["https://[::1", "ftp://example.com", "example.com", "", None])
def test_what_is_no_address_is_refused_in_one_line(url):
    with pytest.raises(ExplorerError, match=r"^url: expected an address such as https://"):
        Client(url, credentials=False)
