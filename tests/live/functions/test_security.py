"""Attempts to get in, none of which succeeds: at the doors, at the signed URLs, from inside the roles."""

import hashlib
import io
import json
import re
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import pytest

import explorer.live
from explorer.live.cloud import supervisor
from tests.support import intruder
from tests.support.intruder import (
    CLOUD,
    JSON,
    PROBLEM,
    SITES,
    Caller,
    Site,
    attempts,
    clients,
    denied,
    may,
    problem,
    send,
    taken_on,
)
from tests.support.local_bench import until

pytestmark = pytest.mark.live

DOORS = ("function-url", "http-api", "rest-api")
WITH_JOBS = [name for name in SITES if name != "run"]
MB, GB = 1024**2, 1024**3
NEVER = "0" * 32  # an id that never was, and a token of an upload that never was


@pytest.fixture(scope="module")
def sites():
    supervisor.stop(CLOUD)
    try:
        yield {name: Site(name) for name in SITES}
    finally:
        supervisor.stop(CLOUD)


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


CHANGES = {  # after it was signed
    "body": lambda m, p, b, h: (m, p, b"[]", h),
    "path": lambda m, p, b, h: (m, "/uploads", b, h),
    "query": lambda m, p, b, h: (m, f"{p}?upload={NEVER}", b, h),
    "method": lambda m, p, b, h: ("PUT", p, b, h),
    "signed header": lambda m, p, b, h: (m, p, b, {**h, "content-type": "text/plain"}),
    "date": lambda m, p, b, h: (m, p, b, {**h, "x-amz-date": "20200101T000000Z"}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_requests_changed_after_signing_stay_out(site, what):
    headers = site.alice.signed("POST", "/jobs", b"{}", {"content-type": JSON})
    method, path, body, headers = CHANGES[what]("POST", "/jobs", b"{}", headers)
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
        TableName=site.resources["Jobs"],
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
    table = {"TableName": one.resources["Jobs"], "Key": {"id": {"S": row}}}
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
    "an endless number": b"1" * 5000, "UTF-16": '{"seed": 1}'.encode("utf-16"),
    "a mark before it": b"\xef\xbb\xbf{}", "a NUL": b'{"a": "\x00"}',
    "101 deep": b"[" * 101 + b"]" * 101, "100,000 deep": b'{"a":' * 100_000, "closing first": b"]" * 1000,
    "quotes that never end": b'{"a": "' + b'\\"' * 100_000, "backslashes": b'"' + b"\\" * 300_001,
}  # fmt: skip


@pytest.mark.parametrize("what", NOT_JSON)
def test_what_is_not_json_is_refused(one, what):
    began = time.monotonic()
    kept_out(one.alice.ask("POST", "/jobs", NOT_JSON[what]), 400, ours=True)
    assert time.monotonic() - began < 30  # some hundredths of a second here


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
        kept_out(sites[name].alice.ask("POST", "/jobs", body), 422, ours=True)  # read


def test_a_body_at_the_edge_of_depth_is_read(one):
    kept_out(one.alice.ask("POST", "/jobs", b"[" * 100 + b"]" * 100), 422, ours=True)


COSTLY = {  # of 2 MB
    "one long string": b'["' + b"x" * 2_000_000 + b'"]',
    "short strings": b"[" + b'"ab",' * 400_000 + b"1]",
    "escapes": b'["' + b'\\"' * 1_000_000 + b'"]',
    "escapes without an end": b'["' + b'\\"' * 1_000_000,
}
READ = """
import sys, tracemalloc, strict_json
raw = sys.stdin.buffer.read()
tracemalloc.start()
try:
    strict_json.parse(raw)
except strict_json.NotJson:
    pass
print(tracemalloc.get_traced_memory()[1] / len(raw))
"""


@pytest.mark.parametrize("what", COSTLY)
def test_reading_a_body_takes_no_more_than_a_small_function_has(what):
    """It has 256 MB, a good part of them taken by its libraries, and bodies are of up to 6 MB."""
    folder = Path(explorer.live.__file__).parent / "functions"
    command = [sys.executable, "-c", READ]
    result = subprocess.run(command, input=COSTLY[what], cwd=folder, capture_output=True, timeout=10)
    assert float(result.stdout) < 20, f"{float(result.stdout):.0f} bytes for each"


@pytest.mark.parametrize(
    ("kind", "status"),
    [("text/plain", 415), ("", 415), ("application/jsonx", 415), ("application/x-www-form-urlencoded", 415),
     ("multipart/form-data; boundary=x", 415), ("application/json; charset=utf-8", 202),
     ("APPLICATION/JSON", 202)],
)  # fmt: skip
def test_only_json_is_taken(site, kind, status):
    answer = site.alice.ask("POST", "/jobs", b"{}", content_type=kind)
    assert answer.status == status
    if status != 202:
        kept_out(answer, ours=True)


@pytest.mark.parametrize(("size", "status"), [(4 * MB, 422), (6 * MB + 1, 413), (10 * MB + 1, 413)])
def test_an_oversize_body_is_refused(site, size, status):
    """What is not too large is read, and then no job of the sample's."""
    kept_out(site.alice.ask("POST", "/jobs", b'"' + b"x" * (size - 2) + b'"'), status)


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
    declaration = b'{"bytes": 5, "bytes": 7, "content_type": "text/plain"}'
    place = json.loads(one.alice.ask("POST", "/uploads", declaration).body)
    for size in (5, 7):
        right = place["headers"]["Content-Length"] == str(size)
        put = send("PUT", place["upload_url"], b"x" * size, **{"content-type": "text/plain"})
        assert (put.status == 200) == right


def queried(url: str, **changes: str | None) -> str:
    """A URL with other values in its query; None takes one out."""
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query)), **{name.replace("_", "-"): v for name, v in changes.items()}}
    pairs = {name: value for name, value in query.items() if value is not None}
    return urlunsplit(parts._replace(query=urlencode(pairs, quote_via=quote)))


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
    token = site.uploaded()
    never = site.bob.ask("POST", f"{path}?upload={NEVER}")
    others = site.bob.ask("POST", f"{path}?upload={token}")
    kept_out(others, 404, ours=True)
    assert others.body == never.body
    for each in (*TOKENS, f"{token}%2f", f"x%2f..%2f{token}", f"{token}%0a"):
        kept_out(site.alice.ask("POST", f"{path}?upload={each}"), 400, 404, ours=True)
    kept_out(site.alice.ask("POST", f"{path}?upload={token}", b"{}"), 400, ours=True)  # and a body
    assert site.alice.ask("POST", f"{path}?upload={token}").status in (200, 202)


def test_an_upload_that_is_gone_fails_its_job(sites):
    """The worker may not list the bucket, so it is told 403 and not 404: as a role not known yet would be."""
    site = sites["http-api"]
    token, functions = site.uploaded(), site.admin("lambda")
    functions.update_event_source_mapping(UUID=site.resources["WorkSource"], Enabled=False)
    try:
        id = site.job(body=b"", query=f"?upload={token}")
        contents = site.admin("s3").list_objects_v2(Bucket=site.resources["UploadsBucket"])["Contents"]
        (key,) = (each["Key"] for each in contents if each["Key"].endswith(token))
        site.admin("s3").delete_object(Bucket=site.resources["UploadsBucket"], Key=key)
    finally:
        functions.update_event_source_mapping(UUID=site.resources["WorkSource"], Enabled=True)
    status = site.ended(id)
    assert (status["attempts"], status["error"]["type"]) == (2, "Unreadable")


# Results --------------------------------------------------------------------------------------


RESULT_OTHERWISE = {  # than was signed for: method, URL; r.key is where it lies, r.other is another's
    "another key": lambda r: ("GET", moved(r.url, r.key, r.other)),
    "another folder": lambda r: ("GET", moved(r.url, "/results/", "/bodies/")),
    "the whole bucket": lambda r: ("GET", moved(r.url, f"/{r.key}", "")),
    "the uploads": lambda r: ("GET", moved(r.url, r.bucket, r.site.resources["UploadsBucket"])),
    "the code": lambda r: ("GET", moved(r.url, f"{r.bucket}/{r.key}", f"{r.site.stack}-code/functions.zip")),
    "above its folder": lambda r: ("GET", moved(r.url, r.key, f"results/../{r.other}")),
    "longer": lambda r: ("GET", queried(r.url, X_Amz_Expires="604800")),
    "another date": lambda r: ("GET", queried(r.url, X_Amz_Date="20300101T000000Z")),
    "another signature": lambda r: ("GET", queried(r.url, X_Amz_Signature="0" * 64)),
    "no signature": lambda r: ("GET", queried(r.url, X_Amz_Signature=None)),
    "no query": lambda r: ("GET", r.url.partition("?")[0]),
    "another's token": lambda r: ("GET", queried(r.url, X_Amz_Security_Token="x")),
    "as a page": lambda r: ("GET", r.url + "&response-content-type=text/html"),
    "its rights": lambda r: ("GET", r.url + "&acl="),
    "its head": lambda r: ("HEAD", r.url),
    "written": lambda r: ("PUT", r.url),
    "deleted": lambda r: ("DELETE", r.url),
}


@pytest.fixture(scope="module")
def result(sites):
    """A result of Alice's, and the key of one of Bob's."""
    site = sites["function-url"]
    url, others = (site.ended(site.job(who), who)["result"]["url"] for who in (site.alice, site.bob))
    key, other = (urlsplit(each).path.split("/", 2)[2] for each in (url, others))
    return SimpleNamespace(site=site, url=url, key=key, other=other, bucket=site.resources["ResultsBucket"])


@pytest.mark.parametrize("how", RESULT_OTHERWISE)
def test_a_result_is_read_only_as_it_was_signed(result, how):
    method, url = RESULT_OTHERWISE[how](result)
    assert send(method, url).status in (400, 403, 405)
    assert send("GET", result.url).status == 200


def test_a_result_is_not_read_by_http(result):
    assert send("GET", result.url, **{"x-forwarded-proto": "http"}).status == 403


def test_the_url_of_a_result_expires_with_it(one):
    id = one.job()
    one.ended(id)
    result = {}

    def is_read():
        expire(one, id, 2)
        result.update(one.ended(id)["result"])
        return send("GET", result["url"]).status == 200

    assert until(is_read)  # at once, unless two seconds are too short for this machine
    time.sleep(max(0, result["expires"] - time.time()) + 1.1)
    assert send("GET", result["url"]).status == 403
    kept_out(one.alice.ask("GET", f"/jobs/{id}"), 404, ours=True)


# What the roles and the caller may do ---------------------------------------------------------

TAKE_ON = ("sts", "assume_role", lambda at: {"RoleArn": at.arn("work"), "RoleSessionName": "intruder"})
SEEDED = [("ResultsBucket", f"{each}/x") for each in ("results", "bodies", "state", "elsewhere")]


@pytest.fixture(scope="module")
def things(sites):
    """The stacks, with what the attempts could get if they were let."""
    for site in sites.values():
        for name, key in [*SEEDED, ("UploadsBucket", "uploads/x")]:
            if name in site.resources:
                site.admin("s3").put_object(Bucket=site.resources[name], Key=key, Body=b"{}")
    return sites


@pytest.mark.parametrize("name", SITES)
def test_each_role_may_do_its_part_and_nothing_else(things, name):
    site, other = things[name], things["rest-api" if name == "http-api" else "http-api"]
    others = {what: attempts(other)[what] for part in other.roles for what in may(other, part)}
    wrong = []
    for part, role in site.roles.items():
        client = clients(site, taken_on(site, role))
        its = may(site, part) & attempts(site).keys()
        of_any = its & {"list the logs"}
        allowed = {what for what, attempt in attempts(site).items() if not denied(client, attempt, site)}
        elsewhere = {what for what, attempt in others.items() if not denied(client, attempt, other)}
        assumed = {at.stack for at in (site, other) if not denied(client, TAKE_ON, at)}
        if allowed != its or elsewhere - of_any or assumed:
            differences = f"too much: {allowed - its}, too little: {its - allowed}"
            wrong.append((part, differences, elsewhere, assumed))
    assert not wrong


@pytest.mark.parametrize("name", WITH_JOBS)
def test_with_these_permissions_jobs_are_done(sites, name):
    site = sites[name]
    large = b'{"response_bytes": 9}' + b" " * 1_100_000  # goes through S3
    ids = [
        site.job(body={"response_bytes": 9, "steps": 3, "state_bytes": 100}),
        site.job(body=large),
        site.job(body=b"", query=f"?upload={site.uploaded()}"),
    ]
    assert [site.ended(id)["status"] for id in ids] == ["succeeded"] * 3


@pytest.mark.parametrize("name", SITES)
def test_the_caller_may_use_the_endpoint_and_nothing_else(things, name):
    site, client = things[name], clients(things[name], things[name].alice.key)
    assert {what for what, attempt in attempts(site).items() if not denied(client, attempt, site)} == set()


def statements(site):
    """Every statement of every role, with the part that it is for, and those of the caller."""
    iam = site.admin("iam")
    for part, role in site.roles.items():
        assert not iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            yield from ((part, each) for each in document["Statement"])
    policy = iam.get_policy_version(PolicyArn=site.standing.outputs["CallerPolicy"], VersionId="v1")
    yield from (("caller", each) for each in policy["PolicyVersion"]["Document"]["Statement"])


def as_list(value) -> list:
    return [value] if isinstance(value, str) else list(value)


@pytest.mark.parametrize("name", SITES)
def test_no_role_has_a_wildcard(sites, name):
    site = sites[name]
    for part, each in statements(site):
        actions, resources = as_list(each["Action"]), as_list(each["Resource"])
        assert each["Effect"] == "Allow" and not any("*" in action for action in actions), each
        if part == "workflow" and resources == ["*"]:  # delivery of logs takes no other
            assert {action.partition(":")[0] for action in actions} == {"logs"}
            continue
        for resource in resources:
            assert any(place in resource for place in (site.stack, *site.resources.values())), each


@pytest.mark.parametrize("name", SITES)
def test_roles_are_taken_on_by_their_service_alone(sites, name):
    for part, role in sites[name].roles.items():
        (trust,) = (
            sites[name].admin("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
        )
        service = "states" if part == "workflow" else "lambda"
        assert trust["Principal"] == {"Service": f"{service}.amazonaws.com"}


# Buckets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SITES)
def test_buckets_are_private_encrypted_and_reached_by_tls_alone(sites, name):
    s3 = sites[name].admin("s3")
    for bucket in sites[name].buckets:
        closed = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert len(closed) == 4 and all(closed.values()), bucket
        assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"], bucket
        (policy,) = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
        assert (policy["Effect"], policy["Principal"]) == ("Deny", "*"), bucket
        assert policy["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}, bucket


STRANGE = [
    ("GET", ""),
    ("PUT", ""),
    ("DELETE", ""),
    ("GET", "/x"),
    ("PUT", "/x"),
    ("DELETE", "/x"),
    ("GET", "?policy"),
]


def test_buckets_are_closed_to_strangers(sites):
    for site in sites.values():
        for bucket in site.buckets:
            for method, path in STRANGE:
                url = f"{site.standing.target.cloud.endpoint_url}/{bucket}{path}"
                assert send(method, url).status == 403


# Secrets --------------------------------------------------------------------------------------


def secret_values(site) -> list[str]:
    """Read back from the store by the administrator."""
    names = [f"CFG_{number}" for number in (4, 5)]
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
        for group in logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]:
            yield "log", logs.filter_log_events(logGroupName=group["logGroupName"])
    code = site.admin("s3").get_object(Bucket=f"{site.stack}-code", Key="functions.zip")["Body"].read()
    with zipfile.ZipFile(io.BytesIO(code)) as packed:
        yield from ((f"code: {name}", packed.read(name)) for name in packed.namelist())
    yield "what deploy tells", [site.standing.to_dict(), site.standing, site.alice]
    yield "answers", intruder.HEARD
    if site.execution == "step-functions":
        machine, states = site.resources["Workflow"], site.admin("stepfunctions")
        for run in states.list_executions(stateMachineArn=machine)["executions"]:
            yield "history", states.get_execution_history(executionArn=run["executionArn"])
    for file in Path(site.standing.target.cloud.folder).rglob("*.log"):
        yield "the cloud's own log", file.read_bytes()


@pytest.mark.parametrize("name", ["function-url", "http-api", "rest-api", "run"])
def test_no_secret_is_shown_anywhere(sites, name):
    site = sites[name]
    secrets = [*secret_values(site), site.alice.key["secret_access_key"]]
    assert len(set(secrets)) == 3 and all(len(secret) > 20 for secret in secrets)
    if name == "run":
        assert site.alice.ask("POST", "/run", {"response_bytes": 9}).status == 200
    else:
        assert site.ended(site.job())["status"] == "succeeded"
        assert site.ended(site.job(body={"fail_at_step": 0}))["status"] == "failed"
    for where, content in places(site):
        text = repr(content)
        assert not any(secret in text for secret in secrets), where


@pytest.mark.parametrize("name", ["run", "rest-api"])
def test_a_store_that_fails_shows_nothing(sites, name):
    """Last of all, as it leaves the stack without one of its secrets."""
    site = sites[name]
    secrets = secret_values(site)
    if site.store == "secrets-manager":
        deletion = {"SecretId": f"{site.stack}/CFG_5", "ForceDeleteWithoutRecovery": True}
        site.admin("secretsmanager").delete_secret(**deletion)
    else:
        site.admin("ssm").delete_parameter(Name=f"/{site.stack}/CFG_5")
    for each in site.functions:  # environments that have read it already are ended
        site.admin("lambda").update_function_configuration(FunctionName=each, MemorySize=2048)
    if name == "run":
        answer = site.alice.ask("POST", "/run", {"response_bytes": 9})
        assert answer.status == 500 and problem(answer)["detail"] == "the configuration has no CFG_5"
    else:
        error = site.ended(site.job())["error"]
        assert error == {"type": "Missing", "detail": "the configuration has no CFG_5"}
    for where, content in places(site):
        assert not any(secret in repr(content) for secret in secrets), where


WORKLOAD = """
requests_per_month = 1000
request = "2 KB"
response = "2 KB"
runtime = "1 s"
[configuration]
total = "2 KB"
entries = 5
secrets = 2
"""


def test_deploy_tells_no_secret_but_the_callers_own_key(sites, tmp_path):
    workload, out = tmp_path / "work.toml", tmp_path / "out"
    workload.write_text(WORKLOAD)
    design = "door=http-api,request=inline,response=stored,execution=single,configuration=parameter-store"

    def explorer(*words: str) -> str:
        command = [sys.executable, "-m", "explorer", *words]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stderr[-2000:]
        return result.stdout + result.stderr

    output = explorer("deploy", str(workload), "--design", design, "--cloud", CLOUD, "--yes", "--json")
    stack = json.loads(output)
    assert set(stack["credentials"]) <= {"access_key_id", "secret_access_key", "region"}
    site = SimpleNamespace(stack=stack["stack"], store="parameter-store", admin=sites["run"].admin)
    secrets = secret_values(site)
    exported = explorer("export", str(workload), "--design", design, "--output", str(out))
    files = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert not any(secret in text for secret in secrets for text in (output, exported, str(files)))
    administrator = sites["run"].standing.target.cloud.credentials["secret_access_key"]
    assert administrator not in output and administrator not in str(files)
