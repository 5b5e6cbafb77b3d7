"""Attempts to get in, none of which succeeds: at the doors, at the signed URLs, from inside the roles."""

import hashlib
import json
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import intruder
import pytest
from botocore.exceptions import ClientError
from intruder import JSON, PROBLEM, Caller, problem, send

import explorer.live
from explorer import Workload
from explorer.live import cloud
from explorer.live.deploying import deploy

pytestmark = pytest.mark.live

CLOUD = "security"
MB, GB = 1024**2, 1024**3
NEVER = "0" * 32  # an id that never was, and a token of an upload that never was
STORED = {"request": "presigned-upload", "response": "stored"}
SITES = {  # name: door, execution, configuration, secrets
    "function-url": ("function-url", "single", "parameter-store", 2),
    "http-api": ("http-api", "queued", "secrets-manager", 2),
    "rest-api": ("rest-api", "step-functions", "parameter-store-advanced", 2),
    "recursion": ("function-url", "recursion", "appconfig", 0),
    "durable": ("http-api", "durable", "environment", 0),
    "run": ("http-api", "single", "secrets-manager", 2),
    "bundled": ("rest-api", "single", "bundled", 0),
}
DOORS = ("function-url", "http-api", "rest-api")


class Site:
    """A stack, its caller Alice, another caller Bob, and what it is made of."""

    def __init__(self, name: str) -> None:
        door, execution, store, secrets = SITES[name]
        answered = {"response": "buffered"} if name == "run" else {}
        workload = Workload(
            name=name,
            requests_per_month=1e4,
            request="2 KB",
            response={"p50": "2 KB", "binary": name == "rest-api"},  # its door then hands bytes over
            runtime={"p50": "1 s", "divisible": True, "steps": 4, "state": "1 KB"},
            configuration={"total": "2 KB", "entries": 5, "secrets": secrets},
        )
        design = {"door": door, "execution": execution, "configuration": store} | STORED | answered
        self.name, self.store, self.execution = name, store, execution
        self.standing = deploy(workload, design, cloud=CLOUD)
        self.stack, self.url, self.admin = (
            self.standing.name,
            self.standing.url,
            self.standing.target.client,
        )
        self.alice, self.bob = Caller(self.url, self.standing.credentials()), self.caller("bob")
        self._gather()

    def caller(self, name: str, admitted: bool = True) -> Caller:
        """Somebody else with a key of the account, with leave to use this endpoint or without."""
        iam, user = self.admin("iam"), f"{self.stack}-{name}"
        iam.create_user(UserName=user)
        if admitted:
            iam.attach_user_policy(UserName=user, PolicyArn=self.standing.outputs["CallerPolicy"])
        key = iam.create_access_key(UserName=user)["AccessKey"]
        kept = {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}
        return Caller(self.url, kept)

    def _gather(self) -> None:
        pages = self.admin("cloudformation").get_paginator("list_stack_resources")
        rows = [
            row for page in pages.paginate(StackName=self.stack) for row in page["StackResourceSummaries"]
        ]
        self.made = {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows}
        self.roles = {
            row["LogicalResourceId"].removesuffix("Role").lower(): row["PhysicalResourceId"]
            for row in rows
            if row["ResourceType"] == "AWS::IAM::Role"
        }
        self.functions = [
            r["PhysicalResourceId"] for r in rows if r["ResourceType"] == "AWS::Lambda::Function"
        ]
        self.buckets = [r["PhysicalResourceId"] for r in rows if r["ResourceType"] == "AWS::S3::Bucket"]
        self.buckets.append(f"{self.stack}-code")

    # What an honest caller does ---------------------------------------------------------------

    def job(self, who: Caller | None = None, body: object = None, **headers: str) -> str:
        """The id of a job that was accepted."""
        answer = (who or self.alice).ask(
            "POST", "/jobs", {"response_bytes": 9} if body is None else body, **headers
        )
        assert answer.status == 202, answer
        return json.loads(answer.body)["id"]

    def ended(self, id: str, who: Caller | None = None) -> dict:
        """A job's last status."""
        until = time.monotonic() + 20
        while True:
            told = json.loads((who or self.alice).ask("GET", f"/jobs/{id}").body)
            if told["status"] not in ("queued", "running"):
                return told
            assert time.monotonic() < until, told
            time.sleep(0.05)

    def upload(self, who: Caller | None = None, content: bytes = b"{}", **more) -> SimpleNamespace:
        """An upload that was signed for; its content is not sent yet."""
        asked = {"bytes": len(content), "content_type": JSON, **more}
        answer = (who or self.alice).ask("POST", "/uploads", asked)
        assert answer.status == 201, answer
        return SimpleNamespace(**json.loads(answer.body), content=content)


@pytest.fixture(scope="module")
def sites():
    cloud.stop(CLOUD)
    try:
        yield {name: Site(name) for name in SITES}
    finally:
        cloud.stop(CLOUD)


@pytest.fixture(params=DOORS)
def site(sites, request):
    """An asynchronous endpoint behind each of the doors."""
    return sites[request.param]


@pytest.fixture
def one(sites):
    """One endpoint, where it is the code behind the door that is tried."""
    return sites["function-url"]


INSIDE = re.compile(rb"(?i)traceback|botocore|/var/task|\.py\b|conditionalcheck|dynamodb|bucket|stack")


def kept_out(answer, *statuses: int, ours: bool = False):
    """Refused, by the door or by the code behind it, and nothing told of what is inside."""
    assert 400 <= answer.status < 500, answer
    assert not statuses or answer.status in statuses, answer
    assert not INSIDE.search(answer.body), answer
    if ours or (answer.kind == PROBLEM and answer.body):
        problem(answer)
        assert b"arn:" not in answer.body  # the door of a REST API names them, as on AWS


# Who has no leave to come in ------------------------------------------------------------------

ROUTES = [("POST", "/jobs"), ("POST", "/uploads"), ("GET", f"/jobs/{NEVER}"), ("DELETE", f"/jobs/{NEVER}")]
SIGNED_WRONGLY = {  # how, from Alice's key
    "an unknown key": lambda key: {**key, "access_key_id": "AKIAIOSFODNN7EXAMPLE"},
    "a wrong secret": lambda key: {**key, "secret_access_key": key["secret_access_key"][::-1]},
    "an empty-handed session": lambda key: {**key, "session_token": "x"},
    "another service": lambda key: {**key, "service": "s3"},
}


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_unsigned_requests_stay_out(site, method, path):
    kept_out(send(method, site.url + path, b"{}", **{"content-type": JSON}), 403)


@pytest.mark.parametrize("how", SIGNED_WRONGLY)
def test_wrong_signatures_stay_out(site, how):
    someone = Caller(site.url, SIGNED_WRONGLY[how](site.alice.key))
    for method, path in ROUTES:
        kept_out(someone.ask(method, path, b"{}"), 403)


def test_keys_without_leave_stay_out(sites, site):
    nobody = site.caller("nobody", admitted=False)
    others = [Caller(site.url, other.alice.key) for other in sites.values() if other is not site]
    for someone in (nobody, *others):
        for method, path in ROUTES:
            kept_out(someone.ask(method, path, b"{}"), 403)


CHANGED = {  # after it was signed
    "body": lambda m, p, b, h: (m, p, b"[]", h),
    "path": lambda m, p, b, h: (m, "/uploads", b, h),
    "query": lambda m, p, b, h: (m, f"{p}?upload={NEVER}", b, h),
    "method": lambda m, p, b, h: ("PUT", p, b, h),
    "signed header": lambda m, p, b, h: (m, p, b, {**h, "content-type": "text/plain"}),
    "date": lambda m, p, b, h: (m, p, b, {**h, "x-amz-date": "20200101T000000Z"}),
}


@pytest.mark.parametrize("what", CHANGED)
def test_requests_changed_after_signing_stay_out(site, what):
    headers = site.alice.signed("POST", "/jobs", b"{}", {"content-type": JSON})
    method, path, body, headers = CHANGED[what]("POST", "/jobs", b"{}", headers)
    kept_out(send(method, site.url + path, body, **headers), 403)


@pytest.mark.parametrize("hours", [-1, 1])
def test_old_and_future_signatures_stay_out(site, hours):
    kept_out(site.alice.ask("POST", "/jobs", b"{}", now=datetime.now(UTC) + timedelta(hours=hours)), 403)


# Another's job, and ids that are none ---------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_anothers_job_is_as_one_that_never_was(site, method):
    id = site.job()
    others, never = (site.bob.ask(method, f"/jobs/{each}") for each in (id, NEVER))
    kept_out(others, 404, ours=True)
    assert others.body == never.body and set(others.headers) == set(never.headers)
    assert site.ended(id)["status"] == "succeeded"  # nobody has cancelled it


def expire(site, id: str, in_s: float) -> None:
    at = {"N": str(int(time.time() + in_s))}
    site.admin("dynamodb").update_item(
        TableName=site.made["Jobs"],
        Key={"id": {"S": id}},
        UpdateExpression="SET expires = :at",
        ExpressionAttributeValues={":at": at},
    )


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_job_that_has_expired_is_as_one_that_never_was(one, method):
    id = one.job()
    expire(one, id, -1)
    assert one.alice.ask(method, f"/jobs/{id}").body == one.alice.ask(method, f"/jobs/{NEVER}").body


TRICKS = [  # {id} is a job of Alice's own: what lies around it must not matter
    "%2e%2e/{id}", "..%2f{id}", "%252e%252e%252f{id}", "{id}%2f..", "{id}/", "{id}/x", "%2f{id}", "./{id}",
    "../jobs/{id}", "%00{id}", "{id}%00", "{id}%0a", "{id}%20", "%20{id}", "{id};x", "{id},{id}", "{id}.json",
    "*", "%2a" * 32, "%25", "%", "%zz", "", "a" * 23, "a" * 65, "a" * 6000, "%c3%a9" * 12, "%ed%a0%80" * 8,
    "%f0%9f%94%91" * 8, "%ef%bc%90" * 24, "'%20OR%201=1--", "%7b%22S%22:%22{id}%22%7d", "null", "{id}%23",
]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_ids_that_are_none_find_nothing(site, method):
    id = site.job(body={"runtime_s": 0.2, "response_bytes": 9})
    for trick in TRICKS:
        kept_out(site.alice.ask(method, "/jobs/" + trick.format(id=id)), 403, 404)
    assert site.ended(id)["status"] == "succeeded"


def test_the_rows_of_idempotency_keys_are_no_jobs(one):
    """Their ids can be computed by whoever knows the owner's id, which is no secret."""
    one.job(Idempotency_Key="mine")
    owner = one.admin("iam").get_user(UserName=f"{one.stack}-caller")["User"]["UserId"]
    row = "key#" + hashlib.sha256(f"{len(owner)}:{owner}mine".encode()).hexdigest()
    table = {"TableName": one.made["Jobs"], "Key": {"id": {"S": row}}}
    assert "Item" in one.admin("dynamodb").get_item(**table)
    for method in ("GET", "DELETE"):
        kept_out(one.alice.ask(method, "/jobs/" + quote(row, safe="")), 404, ours=True)


def test_another_callers_idempotency_key_is_another_key(site):
    mine, again, others = (
        site.job(who, Idempotency_Key="the-same") for who in (site.alice, site.alice, site.bob)
    )
    assert mine == again != others


def test_methods_and_paths_without_a_route(site):
    id = site.job()
    routes = {("POST", "/jobs"), ("POST", "/uploads"), ("GET", f"/jobs/{id}"), ("DELETE", f"/jobs/{id}")}
    paths = ("/jobs", f"/jobs/{id}", "/uploads", "/", "/run", "/jobs/", "//jobs", "/JOBS", "/admin")
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECTED"):
        for path in paths:
            if (method, path) not in routes:
                kept_out(site.alice.ask(method, path), 403, 404, 405)


# Bodies that are none -------------------------------------------------------------------------

NOT_JSON = {
    "nothing": b"", "cut off": b'{"seed": 1', "two": b"{}{}", "a comment": b"{} // x", "a word": b"seed=1",
    "NaN": b'{"seed": NaN}', "Infinity": b'{"seed": -Infinity}', "too large a number": b'{"seed": 1e999}',
    "an endless number": b"1" * 5000,
    "UTF-16": '{"seed": 1}'.encode("utf-16"), "a mark before it": b"\xef\xbb\xbf{}", "a NUL": b'{"a": "\x00"}',
    "101 deep": b"[" * 101 + b"]" * 101, "100,000 deep": b'{"a":' * 100_000, "closing first": b"]" * 1000,
    "quotes that never end": b'{"a": "' + b'\\"' * 100_000, "backslashes": b'"' + b"\\" * 300_001,
}  # fmt: skip


@pytest.mark.parametrize("what", NOT_JSON)
def test_what_is_not_json_is_refused(one, what):
    began = time.monotonic()
    kept_out(one.alice.ask("POST", "/jobs", NOT_JSON[what]), 400, ours=True)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("what", ["cut off", "NaN", "101 deep", "a NUL"])
def test_what_is_not_json_is_refused_at_every_door(site, what):
    for path in ("/jobs", "/uploads"):
        kept_out(site.alice.ask("POST", path, NOT_JSON[what]), 400, ours=True)


@pytest.mark.parametrize(
    "body", [b'"\xff\xfe"', b'"\xed\xa0\x80"', b'{"\xc0\x80": 1}', b'"\xf4\x90\x80\x80"']
)
def test_what_is_not_utf8_is_refused(sites, body):
    """By the code, where a door hands it bytes; other doors put U+FFFD for what they cannot read."""
    kept_out(sites["rest-api"].alice.ask("POST", "/jobs", body), 400, ours=True)
    for name in ("function-url", "http-api"):
        assert sites[name].ended(sites[name].job(body=body))["error"]["type"] == "BadBody"


def test_a_body_at_the_edge_of_depth_comes_in(one):
    one.job(body=b"[" * 100 + b"]" * 100)


COSTLY = {
    "one long string": b'["' + b"x" * 6_000_000 + b'"]',
    "many short strings": b"[" + b'"ab",' * 1_199_999 + b'"ab"]',
    "escapes": b'["' + b'\\"' * 3_000_000 + b'"]',
    "escapes without an end": b'["' + b'\\"' * 3_000_000,
}
READ = """
import resource, sys, strict_json
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
raw = sys.stdin.buffer.read()
try:
    strict_json.parse(raw)
except strict_json.NotJson:
    pass
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize("what", COSTLY)
def test_the_largest_body_fits_into_a_small_function(what):
    """A submit function has 256 MB, half of which are taken by its libraries."""
    folder = Path(explorer.live.__file__).parent / "functions"
    done = subprocess.run(
        [sys.executable, "-c", READ], input=COSTLY[what], cwd=folder, capture_output=True, timeout=8
    )
    assert int(done.stdout) < 128, f"{int(done.stdout)} MB"


@pytest.mark.parametrize(
    ("kind", "status"),
    [("text/plain", 415), ("", 415), ("application/jsonx", 415), ("application/x-www-form-urlencoded", 415),
     ("multipart/form-data; boundary=x", 415), ("application/json; charset=utf-8", 202), ("APPLICATION/JSON", 202)],
)  # fmt: skip
def test_only_json_is_taken(site, kind, status):
    answer = site.alice.ask("POST", "/jobs", b"{}", content_type=kind)
    assert answer.status == status
    if status != 202:
        kept_out(answer, ours=True)


@pytest.mark.parametrize(("size", "taken"), [(4 * MB, True), (6 * MB + 1, False), (10 * MB + 1, False)])
def test_an_oversize_body_is_refused(site, size, taken):
    answer = site.alice.ask("POST", "/jobs", b'"' + b"x" * (size - 2) + b'"')
    assert answer.status == 202 if taken else kept_out(answer, 413) is None


@pytest.mark.parametrize(
    ("key", "status"),
    [("k" * 255, 202), ("k" * 256, 400), ("k" * 8000, 400), ("", 400), ("a b", 400), ("a\tb", 400),
     ("cl\xe9", 400), ("\x7f", 400), ("key#" + "a" * 64, 202), ("../" * 20, 202)],
)  # fmt: skip
def test_idempotency_keys(one, key, status):
    answer = one.alice.ask("POST", "/jobs", {"seed": len(key)}, Idempotency_Key=key)
    assert answer.status == status
    if status == 400:
        kept_out(answer, ours=True)


def test_a_key_with_another_body_is_refused(site):
    site.job(body={"seed": 1}, Idempotency_Key="twice")
    kept_out(site.alice.ask("POST", "/jobs", {"seed": 2}, Idempotency_Key="twice"), 422, ours=True)


# Uploads --------------------------------------------------------------------------------------

DECLARED = [
    ({"bytes": 5 * GB}, 201), ({"bytes": 5 * GB + 1}, 413), ({"bytes": 1}, 201), ({"bytes": 0}, 400),
    ({"bytes": -1}, 400), ({"bytes": 10**4000}, 413), ({"bytes": 1.5}, 400), ({"bytes": 1.0}, 400),
    ({"bytes": True}, 400), ({"bytes": "10"}, 400), ({"bytes": None}, 400), ({"bytes": [1]}, 400),
    ({"content_type": ""}, 400), ({"content_type": "json"}, 400), ({"content_type": 1}, 400),
    ({"content_type": "text/plain\r\nx-amz-acl: public-read"}, 400), ({"content_type": "text/plain\n"}, 400),
    ({"content_type": 'text/plain; a="\r\n"'}, 400), ({"content_type": "text/plain\x00"}, 400),
    ({"content_type": "t\u00e9xt/plain"}, 400), ({"content_type": "a/" + "b" * 128}, 400),
    ({"content_type": "a/b" + "; c=d" * 4}, 201), ({"content_type": "a/b" + "; c=d" * 5}, 400),
    ({"key": "../results/x"}, 400), ({"bucket": "another"}, 400),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "status"), DECLARED)
def test_what_an_upload_may_declare(one, changes, status):
    answer = one.alice.ask("POST", "/uploads", {"bytes": 10, "content_type": JSON} | changes)
    assert answer.status == status, answer
    if status != 201:
        kept_out(answer, ours=True)


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"null", b"1", b'{"bytes": 1}', b'{"content_type": "a/b"}'])
def test_an_upload_that_is_declared_by_halves(site, body):
    kept_out(site.alice.ask("POST", "/uploads", body), 400, ours=True)


def test_a_size_declared_twice_is_signed_for_as_it_is_told(one):
    asked = b'{"bytes": 5, "bytes": 7, "content_type": "text/plain"}'
    told = json.loads(one.alice.ask("POST", "/uploads", asked).body)
    for size in (5, 7):
        right = told["headers"]["Content-Length"] == str(size)
        put = send("PUT", told["upload_url"], b"x" * size, **{"content-type": "text/plain"})
        assert (put.status == 200) == right


def queried(url: str, **changes: str | None) -> str:
    """A URL with other values in its query; None takes one out."""
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query)), **{name.replace("_", "-"): v for name, v in changes.items()}}
    kept = {name: value for name, value in query.items() if value is not None}
    return urlunsplit(parts._replace(query=urlencode(kept, quote_via=quote)))


def moved(url: str, old: str, new: str) -> str:
    """A URL with another place in its path, the query as it was."""
    parts = urlsplit(url)
    assert old in parts.path
    return urlunsplit(parts._replace(path=parts.path.replace(old, new)))


TYPED = {"content-type": JSON}
PUT_OTHERWISE = {  # than was signed for: method, URL, content, headers
    "one byte more": lambda u: ("PUT", u.upload_url, u.content + b" ", TYPED),
    "one byte less": lambda u: ("PUT", u.upload_url, u.content[:-1], TYPED),
    "a length that lies": lambda u: ("PUT", u.upload_url, u.content, {**TYPED, "content-length": "1"}),
    "another type": lambda u: ("PUT", u.upload_url, u.content, {"content-type": "text/html"}),
    "no type": lambda u: ("PUT", u.upload_url, u.content, {}),
    "in the open": lambda u: ("PUT", u.upload_url, u.content, {**TYPED, "x-amz-acl": "public-read"}),
    "with a note": lambda u: ("PUT", u.upload_url, u.content, {**TYPED, "x-amz-meta-a": "b"}),
    "a copy": lambda u: ("PUT", u.upload_url, u.content, {**TYPED, "x-amz-copy-source": "/a/b"}),
    "another key": lambda u: ("PUT", moved(u.upload_url, u.upload, NEVER), u.content, TYPED),
    "above its folder": lambda u: ("PUT", moved(u.upload_url, u.upload, "../x"), u.content, TYPED),
    "later": lambda u: ("PUT", queried(u.upload_url, X_Amz_Expires="604800"), u.content, TYPED),
    "read": lambda u: ("GET", u.upload_url, b"", {}),
    "deleted": lambda u: ("DELETE", u.upload_url, b"", {}),
    "posted": lambda u: ("POST", u.upload_url, u.content, TYPED),
    "in parts": lambda u: ("POST", queried(u.upload_url, uploads=""), b"", TYPED),
    "by http": lambda u: ("PUT", u.upload_url, u.content, {**TYPED, "x-forwarded-proto": "http"}),
}


@pytest.mark.parametrize("how", PUT_OTHERWISE)
def test_an_upload_takes_only_what_it_was_signed_for(one, how):
    signed = one.upload()
    method, url, content, headers = PUT_OTHERWISE[how](signed)
    assert send(method, url, content, **headers).status in (400, 403, 405)
    kept_out(one.alice.ask("POST", f"/jobs?upload={signed.upload}", b""), 404, ours=True)  # nothing is there
    assert send("PUT", signed.upload_url, signed.content, **TYPED).status == 200


TOKENS = [
    "",
    "..",
    "../x",
    "%2e%2e%2fx",
    "%00",
    "a%00",
    "a" * 6000,
    "%c3%a9" * 12,
    "key%23" + "a" * 32,
    "*",
    "%",
]


@pytest.mark.parametrize("name", [*DOORS, "run"])
def test_only_the_callers_own_upload_is_found(sites, name):
    site = sites[name]
    path = "/run" if name == "run" else "/jobs"
    signed = site.upload()
    assert send("PUT", signed.upload_url, signed.content, **TYPED).status == 200
    never = site.bob.ask("POST", f"{path}?upload={NEVER}")
    others = site.bob.ask("POST", f"{path}?upload={signed.upload}")
    kept_out(others, 404, ours=True)
    assert others.body == never.body
    for token in (*TOKENS, f"{signed.upload}%2f", f"x%2f..%2f{signed.upload}", f"{signed.upload}%0a"):
        kept_out(site.alice.ask("POST", f"{path}?upload={token}"), 400, 404, ours=True)
    both = site.alice.ask("POST", f"{path}?upload={signed.upload}", b"{}")
    kept_out(both, 400, ours=True)
    assert site.alice.ask("POST", f"{path}?upload={signed.upload}").status in (200, 202)


# Results --------------------------------------------------------------------------------------

RESULT_OTHERWISE = {  # than was signed for: method, URL; `other` is the key of another's result
    "another key": lambda url, key, other, site: ("GET", moved(url, key, other)),
    "another folder": lambda url, key, other, site: ("GET", moved(url, "/results/", "/bodies/")),
    "the whole bucket": lambda url, key, other, site: ("GET", moved(url, f"/{key}", "")),
    "the uploads": lambda url, key, other, site: ("GET", moved(url, site.made["ResultsBucket"], site.made["UploadsBucket"])),
    "the code": lambda url, key, other, site: ("GET", moved(url, f"{site.made['ResultsBucket']}/{key}", f"{site.stack}-code/functions.zip")),
    "above its folder": lambda url, key, other, site: ("GET", moved(url, key, f"results/../{other}")),
    "longer": lambda url, key, other, site: ("GET", queried(url, X_Amz_Expires="604800")),
    "another date": lambda url, key, other, site: ("GET", queried(url, X_Amz_Date="20300101T000000Z")),
    "another signature": lambda url, key, other, site: ("GET", queried(url, X_Amz_Signature="0" * 64)),
    "no signature": lambda url, key, other, site: ("GET", queried(url, X_Amz_Signature=None)),
    "no query": lambda url, key, other, site: ("GET", url.partition("?")[0]),
    "another's token": lambda url, key, other, site: ("GET", queried(url, X_Amz_Security_Token="x")),
    "as a page": lambda url, key, other, site: ("GET", url + "&response-content-type=text/html"),
    "its rights": lambda url, key, other, site: ("GET", url + "&acl="),
    "its head": lambda url, key, other, site: ("HEAD", url),
    "written": lambda url, key, other, site: ("PUT", url),
    "deleted": lambda url, key, other, site: ("DELETE", url),
}  # fmt: skip


@pytest.fixture(scope="module")
def result(sites):
    """A result of Alice's, and the key of one of Bob's."""
    site = sites["function-url"]
    url, others = (site.ended(site.job(who), who)["result"]["url"] for who in (site.alice, site.bob))
    key, other = (urlsplit(each).path.split("/", 2)[2] for each in (url, others))
    return SimpleNamespace(site=site, url=url, key=key, other=other)


@pytest.mark.parametrize("how", RESULT_OTHERWISE)
def test_a_result_is_read_only_as_it_was_signed(result, how):
    method, url = RESULT_OTHERWISE[how](result.url, result.key, result.other, result.site)
    assert send(method, url).status in (400, 403, 405)
    assert send("GET", result.url).status == 200


def test_a_result_is_not_read_by_http(result):
    assert send("GET", result.url, **{"x-forwarded-proto": "http"}).status == 403


def test_the_url_of_a_result_expires_with_it(one):
    id = one.job()
    one.ended(id)
    expire(one, id, 2)
    told = one.ended(id)["result"]
    assert send("GET", told["url"]).status == 200
    time.sleep(max(0, told["expires"] - time.time()) + 1.1)
    assert send("GET", told["url"]).status == 403
    kept_out(one.alice.ask("GET", f"/jobs/{id}"), 404, ours=True)


# What the roles and the caller may do ---------------------------------------------------------

ITEM = {"id": {"S": "intruder"}}
LATER = json.dumps({"id": "nobody", "token": "x", "hop": 0})


def row(call, **more):
    return "dynamodb", call, lambda at: {"TableName": at.made["Jobs"], **more}


def thing(call, bucket, key, **more):
    return "s3", call, lambda at: {"Bucket": at.made[bucket], "Key": key, **more}


def function(call, which, **more):
    return "lambda", call, lambda at: {"FunctionName": f"{at.stack}-{which}", **more}


def handed(at) -> str:
    """Where the submit function hands its jobs."""
    name = next(name for name in at.functions if name.endswith(("-front", "-submit")))
    variables = at.admin("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    return variables.get("HAND_TO", "none")


def application(at) -> dict:
    return {
        "ApplicationIdentifier": at.made["Application"],
        "EnvironmentIdentifier": at.made["Environment"].rpartition("|")[2],
        "ConfigurationProfileIdentifier": at.made["Profile"].rpartition("|")[2],
    }


CHANGE = {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "b"}}}
HAND_OVER = {
    "single": ("lambda", "invoke", lambda at: {"FunctionName": handed(at), "InvocationType": "Event", "Payload": LATER}),
    "queued": ("sqs", "send_message", lambda at: {"QueueUrl": at.made["Queue"], "MessageBody": LATER}),
    "step-functions": ("stepfunctions", "start_execution", lambda at: {"stateMachineArn": at.made["Workflow"], "input": LATER}),
}  # fmt: skip
HAND_OVER |= dict.fromkeys(("recursion", "durable"), HAND_OVER["single"])
READ_STORE = {
    "parameter-store": ("ssm", "get_parameters", lambda at: {"Names": [f"/{at.stack}/CFG_5"], "WithDecryption": True}),
    "secrets-manager": ("secretsmanager", "get_secret_value", lambda at: {"SecretId": f"{at.stack}/CFG_5"}),
    "appconfig": ("appconfigdata", "start_configuration_session", application),
}  # fmt: skip
READ_STORE["parameter-store-advanced"] = READ_STORE["parameter-store"]

ATTEMPTS = {  # on the stack itself
    "read a row": row("get_item", Key=ITEM),
    "write a row": row("put_item", Item=ITEM),
    "change a row": row("update_item", Key=ITEM, **CHANGE),
    "remove a row": row("delete_item", Key=ITEM),
    "put a result": thing("put_object", "ResultsBucket", "results/x", Body=b"{}"),
    "get a result": thing("get_object", "ResultsBucket", "results/x"),
    "put a body": thing("put_object", "ResultsBucket", "bodies/x", Body=b"{}"),
    "get a body": thing("get_object", "ResultsBucket", "bodies/x"),
    "put a state": thing("put_object", "ResultsBucket", "state/x", Body=b"{}"),
    "get a state": thing("get_object", "ResultsBucket", "state/x"),
    "put an upload": thing("put_object", "UploadsBucket", "uploads/x", Body=b"{}"),
    "get an upload": thing("get_object", "UploadsBucket", "uploads/x"),
}
DENIED = {  # to every one of them
    "scan the rows": row("scan"),
    "query the rows": row("query", KeyConditionExpression="id = :i", ExpressionAttributeValues={":i": {"S": "x"}}),
    "list the tables": ("dynamodb", "list_tables", lambda at: {}),
    "drop the table": row("delete_table"),
    "put elsewhere": thing("put_object", "ResultsBucket", "elsewhere/x", Body=b""),
    "get elsewhere": thing("get_object", "ResultsBucket", "elsewhere/x"),
    "put a prefix alike": thing("put_object", "ResultsBucket", "results", Body=b""),
    "delete a result": thing("delete_object", "ResultsBucket", "results/x"),
    "delete an upload": thing("delete_object", "UploadsBucket", "uploads/x"),
    "open a result": thing("put_object_acl", "ResultsBucket", "results/x", ACL="public-read"),
    "list the results": ("s3", "list_objects_v2", lambda at: {"Bucket": at.made["ResultsBucket"]}),
    "list the uploads": ("s3", "list_objects_v2", lambda at: {"Bucket": at.made["UploadsBucket"]}),
    "list the buckets": ("s3", "list_buckets", lambda at: {}),
    "lift the policy": ("s3", "delete_bucket_policy", lambda at: {"Bucket": at.made["ResultsBucket"]}),
    "get the code": ("s3", "get_object", lambda at: {"Bucket": f"{at.stack}-code", "Key": "functions.zip"}),
    "put the code": ("s3", "put_object", lambda at: {"Bucket": f"{at.stack}-code", "Key": "functions.zip", "Body": b""}),
    "replace the worker": function("update_function_code", "work", ZipFile=b""),
    "look at the worker": function("get_function", "work"),
    "list the functions": ("lambda", "list_functions", lambda at: {}),
    "list the users": ("iam", "list_users", lambda at: {}),
    "make a user": ("iam", "create_user", lambda at: {"UserName": "intruder"}),
    "make a key": ("iam", "create_access_key", lambda at: {"UserName": f"{at.stack}-caller"}),
    "widen a role": ("iam", "put_role_policy", lambda at: {"RoleName": at.roles["work"], "PolicyName": "x", "PolicyDocument": "{}"}),
    "hand a role on": ("iam", "attach_role_policy", lambda at: {"RoleName": at.roles["work"], "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
    "read a parameter": ("ssm", "get_parameter", lambda at: {"Name": f"/{at.stack}/CFG_5"}),
    "read all parameters": ("ssm", "get_parameters_by_path", lambda at: {"Path": "/", "Recursive": True}),
    "write a parameter": ("ssm", "put_parameter", lambda at: {"Name": f"/{at.stack}/CFG_5", "Value": "x", "Overwrite": True}),
    "list the secrets": ("secretsmanager", "list_secrets", lambda at: {}),
    "write a secret": ("secretsmanager", "put_secret_value", lambda at: {"SecretId": f"{at.stack}/CFG_5", "SecretString": "x"}),
    "list the queues": ("sqs", "list_queues", lambda at: {}),
    "list the machines": ("stepfunctions", "list_state_machines", lambda at: {}),
    "list the keys": ("kms", "list_keys", lambda at: {}),
    "look at the stack": ("cloudformation", "describe_stacks", lambda at: {}),
    "take the stack down": ("cloudformation", "delete_stack", lambda at: {"StackName": at.stack}),
    "list the logs": ("logs", "describe_log_groups", lambda at: {}),
    "read the logs": ("logs", "filter_log_events", lambda at: {"logGroupName": f"/aws/lambda/{at.stack}-work"}),
    "list the APIs": ("apigatewayv2", "get_apis", lambda at: {}),
}  # fmt: skip
SLICED = {"recursion", "durable", "step-functions"}


def may(site, part: str) -> set[str]:
    """Which of the attempts are what the part is there for."""
    parts = {
        "uploads": {"put an upload"},
        "status": {"read a row", "change a row", "get a result"},
        "submit": {"read a row", "write a row", "change a row", "remove a row", "put a body", "get an upload", "hand over"},
        "work": {"read a row", "change a row", "put a result", "get a body", "get an upload", "read the store"},
        "workflow": {"call the worker", "list the logs"},  # a machine that writes a log has to
        "caller": set(),
    }  # fmt: skip
    parts["front"] = parts["uploads"] | parts["status"] | parts["submit"]
    if site.name == "run":
        parts["work"] = {"get an upload", "read the store"}
    if site.execution in SLICED:
        parts["work"] |= {"put a state", "get a state"}
    if site.execution == "recursion":
        parts["work"] |= {"hand over", "call the worker"}
    if site.execution in {"single", "recursion"}:  # handing over is calling it
        parts["submit"] |= {"call the worker"}
        parts["front"] |= {"call the worker"}
    if site.execution == "queued":
        parts["work"] |= {"take a message"}
    return parts[part]


def attempts(site) -> dict:
    """All of them that make sense at this stack."""
    found = {**ATTEMPTS, **DENIED}
    if site.name == "run":
        found = {
            name: each
            for name, each in found.items()
            if not re.search("row|table|result|body|state|elsewhere|alike|policy", name)
        }
    else:
        found["hand over"] = HAND_OVER[site.execution]
    found["call the worker"] = function("invoke", "work", Payload=LATER, InvocationType="Event")
    for each in site.functions:
        if not each.endswith("-work"):
            found[f"call {each.rpartition('-')[2]}"] = function(
                "invoke", each.rpartition("-")[2], Payload=b"{}"
            )
    if site.store in READ_STORE:
        found["read the store"] = READ_STORE[site.store]
    if site.execution == "queued":
        found["take a message"] = ("sqs", "receive_message", lambda at: {"QueueUrl": at.made["Queue"]})
        found["purge the queue"] = ("sqs", "purge_queue", lambda at: {"QueueUrl": at.made["Queue"]})
    if site.execution == "step-functions":
        found["look at the machine"] = (
            "stepfunctions",
            "describe_state_machine",
            lambda at: {"stateMachineArn": at.made["Workflow"]},
        )
    return found


def clients(site, key: dict):
    """Clients of the SDK that sign with a key."""
    session, made = site.standing.target.session, {}
    own = {
        "aws_access_key_id": key["access_key_id"],
        "aws_secret_access_key": key["secret_access_key"],
        "aws_session_token": key.get("session_token"),
    }

    def client(service: str):
        if service not in made:
            made[service] = session.client(service, **own)
        return made[service]

    return client


def denied(client, attempt, at) -> bool:
    """Whether the cloud refuses it for want of leave; any other end shows that there was leave."""
    service, call, named = attempt
    try:
        getattr(client(service), call)(**named(at))
    except ClientError as error:
        said = error.response["Error"]["Code"]
        return "AccessDenied" in said or said in {
            "Forbidden",
            "403",
            "AuthorizationError",
            "UnauthorizedOperation",
        }
    return False


@pytest.fixture(scope="module")
def things(sites):
    """What the attempts could get, if they were let."""
    for site in sites.values():
        for name, key in [("ResultsBucket", "results/x"), ("ResultsBucket", "bodies/x"), ("ResultsBucket", "state/x"),
                          ("ResultsBucket", "elsewhere/x"), ("UploadsBucket", "uploads/x")]:  # fmt: skip
            if name in site.made:
                site.admin("s3").put_object(Bucket=site.made[name], Key=key, Body=b"{}")
        if "Jobs" in site.made:
            site.admin("dynamodb").put_item(TableName=site.made["Jobs"], Item=ITEM)
    return sites


def taken_on(site, role: str) -> dict:
    """Credentials of a role, as a function has them."""
    iam, sts = site.admin("iam"), site.admin("sts")
    found, me = iam.get_role(RoleName=role)["Role"], sts.get_caller_identity()["Arn"]
    trusted = json.dumps(found["AssumeRolePolicyDocument"])
    everyone = re.sub(r'\{"Service": "[a-z.]+"\}', json.dumps({"AWS": me}), trusted)
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=everyone)
    made = sts.assume_role(RoleArn=found["Arn"], RoleSessionName="intruder")["Credentials"]
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=trusted)
    return {
        "access_key_id": made["AccessKeyId"],
        "secret_access_key": made["SecretAccessKey"],
        "session_token": made["SessionToken"],
    }


@pytest.mark.parametrize("name", SITES)
def test_each_role_may_do_its_part_and_nothing_else(things, name):
    site, other = things[name], things["http-api" if name != "http-api" else "rest-api"]
    wrong = []
    for part, role in site.roles.items():
        client = clients(site, taken_on(site, role))
        for what, attempt in attempts(site).items():
            if denied(client, attempt, site) == (what in may(site, part)):
                wrong.append(f"{part}: {what}")
        wrong += [
            f"{part}: {what} of another stack"
            for what, attempt in attempts(other).items()
            if not denied(client, attempt, other) and not (part == "workflow" and what == "list the logs")
        ]
        for name in other.roles.values():
            arn = site.admin("iam").get_role(RoleName=name)["Role"]["Arn"]
            if not denied(
                client,
                ("sts", "assume_role", lambda at, arn=arn: {"RoleArn": arn, "RoleSessionName": "intruder"}),
                site,
            ):
                wrong.append(f"{part}: take on {name}")
    assert not wrong


@pytest.mark.parametrize("name", SITES)
def test_the_caller_may_use_the_endpoint_and_nothing_else(things, name):
    site = things[name]
    client = clients(site, site.alice.key)
    assert [what for what, attempt in attempts(site).items() if not denied(client, attempt, site)] == []


def statements(site, role: str):
    iam = site.admin("iam")
    assert not iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield from iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]


def listed(value) -> list:
    return [value] if isinstance(value, str) else list(value)


@pytest.mark.parametrize("name", SITES)
def test_no_role_has_a_wildcard(sites, name):
    site = sites[name]
    policy = {"PolicyArn": site.standing.outputs["CallerPolicy"], "VersionId": "v1"}
    caller = site.admin("iam").get_policy_version(**policy)["PolicyVersion"]["Document"]["Statement"]
    for each in [*caller, *(each for role in site.roles.values() for each in statements(site, role))]:
        actions = listed(each["Action"])
        assert not any("*" in action for action in actions), each
        log_delivery = name == "rest-api" and all(
            a.startswith("logs:") and a != "logs:PutLogEvents" for a in actions
        )
        for resource in listed(each["Resource"]):
            mine = any(place in resource for place in (site.stack, *site.made.values()))
            assert mine or (resource == "*" and log_delivery), each


@pytest.mark.parametrize("name", SITES)
def test_roles_are_taken_on_by_their_service_alone(sites, name):
    site = sites[name]
    for part, role in site.roles.items():
        (trust,) = site.admin("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
        service = "states" if part == "workflow" else "lambda"
        assert (
            trust["Principal"] == {"Service": f"{service}.amazonaws.com"}
            and trust["Action"] == "sts:AssumeRole"
        )


# Buckets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SITES)
def test_buckets_are_private_encrypted_and_reached_by_tls_alone(sites, name):
    s3 = sites[name].admin("s3")
    for bucket in sites[name].buckets:
        closed = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert len(closed) == 4 and all(closed.values()), bucket
        assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"], bucket
        policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
        assert [each["Effect"] for each in policy] == ["Deny"], bucket
        assert policy[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}, bucket


def test_buckets_are_closed_to_strangers(sites):
    for site in sites.values():
        place = site.standing.target.cloud.endpoint_url
        for bucket in site.buckets:
            for method, path in [
                ("GET", ""),
                ("GET", "/x"),
                ("PUT", "/x"),
                ("DELETE", "/x"),
                ("GET", "?policy"),
                ("DELETE", ""),
            ]:
                assert send(method, f"{place}/{bucket}{path}").status == 403


# Secrets --------------------------------------------------------------------------------------


def secret_values(site) -> list[str]:
    """Read back by the administrator; the last entries are the secret ones."""
    names = [f"CFG_{number}" for number in (4, 5)] if SITES[site.name][3] else []
    if site.store == "secrets-manager":
        read = site.admin("secretsmanager").get_secret_value
        return [read(SecretId=f"{site.stack}/{name}")["SecretString"] for name in names]
    read = site.admin("ssm").get_parameter
    return [read(Name=f"/{site.stack}/{name}", WithDecryption=True)["Parameter"]["Value"] for name in names]


def places(site):
    """Everything that a stack shows of itself, by where it is shown."""
    formation, functions, logs = (site.admin(each) for each in ("cloudformation", "lambda", "logs"))
    for stage in ("Original", "Processed"):
        yield "template", formation.get_template(StackName=site.stack, TemplateStage=stage)
    yield "events", formation.describe_stack_events(StackName=site.stack)
    yield "outputs and parameters", formation.describe_stacks(StackName=site.stack)
    for name in site.functions:
        yield name, functions.get_function(FunctionName=name)
    for group in logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{site.stack}")["logGroups"]:
        yield "log", logs.filter_log_events(logGroupName=group["logGroupName"])
    yield "code", site.admin("s3").get_object(Bucket=f"{site.stack}-code", Key="functions.zip")["Body"].read()
    yield "what deploy tells", [site.standing.to_dict(), site.standing, site.alice]
    yield "answers", intruder.HEARD


@pytest.mark.parametrize("name", [name for name, given in SITES.items() if given[3]])
def test_no_secret_is_shown_anywhere(sites, name):
    site = sites[name]
    secrets = secret_values(site)
    assert len(secrets) == 2 and all(len(secret) > 20 for secret in secrets)
    if name == "run":
        assert site.alice.ask("POST", "/run", {"response_bytes": 9}).status == 200
    else:
        assert site.ended(site.job())["status"] == "succeeded"
        assert site.ended(site.job(body={"fail_at_step": 0}))["status"] == "failed"
    for where, shown in places(site):
        text = shown if isinstance(shown, bytes) else repr(shown).encode()
        assert not any(secret.encode() in text for secret in secrets), where
        assert site.alice.key["secret_access_key"].encode() not in text, where


@pytest.mark.parametrize("name", ["run", "rest-api"])
def test_a_store_that_fails_shows_nothing(sites, name):
    """Last of all, as it leaves the stack without one of its secrets."""
    site = sites[name]
    kept = secret_values(site)
    if site.store == "secrets-manager":
        site.admin("secretsmanager").delete_secret(
            SecretId=f"{site.stack}/CFG_5", ForceDeleteWithoutRecovery=True
        )
    else:
        site.admin("ssm").delete_parameter(Name=f"/{site.stack}/CFG_5")
    for name in site.functions:  # environments that have read it already are ended
        site.admin("lambda").update_function_configuration(FunctionName=name, MemorySize=2048)
    if site.name == "run":
        told = site.alice.ask("POST", "/run", {"response_bytes": 9})
        assert told.status == 500 and problem(told)["detail"] == "the configuration has no CFG_5"
    else:
        error = site.ended(site.job())["error"]
        assert error == {"type": "Missing", "detail": "the configuration has no CFG_5"}
    for where, shown in places(site):
        assert not any(secret in repr(shown) for secret in kept), where
