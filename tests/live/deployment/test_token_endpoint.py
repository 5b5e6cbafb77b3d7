"""An endpoint for tokens: whom it lets in, whose jobs they are, and what has to be stated for it."""

import base64
import hmac
import json
import re
import urllib.error
import urllib.request

import pytest

import explorer as ex
from explorer import Workload
from explorer.errors import DesignError, ExplorerError
from explorer.live.client import Client, EndpointError
from explorer.live.deployment import deploy
from tests.support import cfn_lint
from tests.support.own_cloud import own_cloud
from tests.support.token_issuer import Issuer, encoded

pytestmark = pytest.mark.live

DESIGN = "door=http-api,request=inline,response=stored,execution=single,configuration=environment"
WORKLOAD = {
    "name": "tokens",
    "requests_per_month": 1e4,
    "response": {"p50": "2 KB"},
    "runtime": {"p50": "10 ms"},
    "configuration": {"total": "1 KB", "entries": 4},
    "client": {"auth": "jwt"},
}
WORK = {"runtime_s": 0, "response_bytes": 2000, "seed": 1}


@pytest.fixture(scope="module")
def issuer():
    each = Issuer()
    yield each
    each.close()


@pytest.fixture(scope="module")
def stack(issuer):
    with own_cloud("tokens", {}) as place:
        workload = Workload(**WORKLOAD)
        with deploy.deploy(workload, DESIGN, place, jwt_issuer=issuer.url, jwt_audience="app") as standing:
            yield standing


def status(stack, headers: dict[str, str], path: str = "/jobs", method: str = "POST") -> int:
    body = json.dumps(WORK).encode() if method == "POST" else None
    headers = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(f"{stack.url}{path}", body, headers, method=method)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_who_has_a_token_has_jobs_and_nobody_else_sees_them(stack, issuer):
    assert stack.tokens == {"issuer": issuer.url, "audience": "app"}
    calls = []

    def token() -> str:  # a fresh one for each call, as one that expires
        calls.append(1)
        return issuer.token(sub="jane")

    with (
        Client(stack.url, {"token": token}) as jane,
        stack.client(credentials={"token": issuer.token(sub="joe")}) as joe,
    ):
        job = jane.submit(WORK)
        jane.wait(job)
        assert len(jane.result(job)) == WORK["response_bytes"] and len(calls) > 2
        with pytest.raises(EndpointError) as caught:
            joe.status(job)
        assert caught.value.status == 404


def confused(issuer: Issuer) -> str:
    """A token that is signed with the public key as if it were a secret."""
    head, claims, _ = issuer.token({"alg": "HS256"}).split(".")
    numbers = issuer.key.public_key().public_numbers()
    secret = encoded(numbers.n.to_bytes(256, "big")).encode()
    return f"{head}.{claims}.{encoded(hmac.digest(secret, f'{head}.{claims}'.encode(), 'sha256'))}"


def unsigned(issuer: Issuer) -> str:
    head, claims, _ = issuer.token({"alg": "none"}).split(".")
    return f"{head}.{claims}."


def of_another(issuer: Issuer) -> str:
    other = Issuer()
    other.url = issuer.url
    try:
        return other.token()
    finally:
        other.close()


def promoted(issuer: Issuer) -> str:
    """A good token whose subject is exchanged after it was signed."""
    head, claims, signature = issuer.token().split(".")
    root_claims = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"sub": "root"}
    return f"{head}.{encoded(json.dumps(root_claims).encode())}.{signature}"


ATTACKS = {
    "no algorithm": unsigned,
    "the public key as a secret": confused,
    "another key": of_another,
    "a changed subject": promoted,
    "expired": lambda issuer: issuer.token(exp=1),
    "no expiry": lambda issuer: issuer.token(exp=None),
    "not yet good": lambda issuer: issuer.token(nbf=4102444800),
    "another audience": lambda issuer: issuer.token(aud="other"),
    "no audience": lambda issuer: issuer.token(aud=None),
    "another issuer": lambda issuer: issuer.token(iss="http://127.0.0.1:1"),
    "an unknown key": lambda issuer: issuer.token({"kid": "2"}),
    "no token": lambda issuer: "none",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_bad_token_is_let_in_nowhere(stack, issuer, attack):
    headers = bearer(ATTACKS[attack](issuer))
    assert status(stack, headers) == 401
    assert status(stack, headers, "/jobs/none", "GET") == status(stack, headers, "/", "GET") == 401


def test_the_good_token_beside_them_is_let_in(stack, issuer):
    assert status(stack, bearer(issuer.token())) == 202
    assert status(stack, bearer(issuer.token()), "/jobs/none", "GET") == 404


def test_neither_a_signature_nor_nothing_is_a_token(stack):
    assert status(stack, {}) == 401
    signer = stack.target.session.get_credentials()
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    request = AWSRequest("POST", f"{stack.url}/jobs", {"Content-Type": "application/json"}, json.dumps(WORK))
    SigV4Auth(signer, "execute-api", "us-east-1").add_auth(request)
    assert status(stack, dict(request.headers)) == 401


def test_a_token_without_a_subject_is_nobody_s(stack, issuer):
    assert status(stack, bearer(issuer.token(sub=None, client_id="app"))) == 202  # an application of its own
    assert status(stack, bearer(issuer.token(sub=None))) == 403


def test_a_benchmark_sends_the_token_of_the_environment(stack, issuer, monkeypatch):
    from explorer.live.bench.measure import endpoint

    monkeypatch.delenv("EXPLORER_TOKEN", raising=False)
    with pytest.raises(ExplorerError, match=f"takes tokens of {issuer.url}: expected one in EXPLORER_TOKEN"):
        endpoint(stack)
    monkeypatch.setenv("EXPLORER_TOKEN", issuer.token())
    assert endpoint(stack).sign("GET", stack.url, {}, b"")["authorization"].startswith("Bearer ")


def plan(target: str = "local", **options):
    planned = deploy.plan(Workload(**WORKLOAD), DESIGN, **options)
    planned.check_target(target)
    return planned


@pytest.mark.parametrize(
    "issuer",
    [
        "https://exa mple.com/",
        "https://example.com/a b",
        " https://example.com",
        "https://example.com\n",
        "https://exam\tple.com",
        "https://example\u00a0.com",
        "https://example.com\x00",
        "https://[::1",
        "https://example.com:port",
        "https://example.com:65536",
        "https://",
        "https://example.com?q=1",
        "https://example.com#f",
    ],
)
def test_an_issuer_that_is_no_url_is_refused(issuer):
    says = re.escape(f'--jwt-issuer is "{issuer}": expected a URL such as https://accounts.example.com')
    with pytest.raises(ExplorerError, match=says):
        plan("aws", jwt_issuer=issuer, jwt_audience="app")


@pytest.mark.parametrize("issuer", ["https://example.com/", "https://example.com:65535/a", "https://[::2]/a"])
def test_an_issuer_that_is_one_is_taken(issuer):
    assert plan("aws", jwt_issuer=issuer, jwt_audience="a b").stack.values["JwtIssuer"] == issuer


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "expected --jwt-issuer and --jwt-audience"),
        ({"jwt_issuer": "http://127.0.0.1:1"}, "expected --jwt-audience"),
        ({"jwt_issuer": "idp", "jwt_audience": "app"}, 'is "idp": expected a URL'),
        ({"jwt_issuer": "http://idp.example", "jwt_audience": "app"}, "expected https"),
        ({"jwt_issuer": "https://idp.example", "jwt_audience": " "}, "--jwt-audience is empty"),
        ({"jwt_issuer": "https://idp.example", "jwt_audience": "app"}, "reads keys on this machine alone"),
        ({"jwt_issuer": "http://127.0.0.1:1", "jwt_audience": "app", "target": "aws"}, "AWS cannot read"),
    ],
)
def test_what_is_not_stated_or_cannot_be_checked_is_refused_before_anything_is_made(options, says):
    with pytest.raises(ExplorerError, match=says):
        plan(**options)


def test_an_issuer_of_the_right_place_is_taken():
    assert plan(jwt_issuer="http://127.0.0.1:1", jwt_audience="app").stack.takes_tokens
    assert plan(jwt_issuer="https://cognito-idp.eu-west-1.amazonaws.com/p", jwt_audience="app").stack.values
    assert plan("aws", jwt_issuer="https://idp.example", jwt_audience="app").stack.missing == ()


def test_tokens_for_an_endpoint_that_takes_none_are_refused():
    with pytest.raises(ExplorerError, match=r"client\.auth is not given, and the endpoint takes no tokens"):
        deploy.plan(Workload(**WORKLOAD | {"client": {}}), DESIGN, jwt_issuer="https://idp.example")


def test_a_websocket_s_tokens_have_no_template():
    workload = Workload(**WORKLOAD | {"client": {"auth": "jwt", "sockets": True}})
    with pytest.raises(DesignError, match=r"client\.auth jwt: pushed has no template"):
        deploy.plan(workload, DESIGN.replace("stored", "pushed"))


def test_an_export_asks_for_what_is_not_stated(tmp_path):
    workload = Workload(**WORKLOAD)
    ex.live.export(ex.live.plan(workload, DESIGN), tmp_path / "open")
    text = (tmp_path / "open" / "README.md").read_text()
    assert "ISSUER=...\nAUDIENCE=...\n" in text and "ParameterKey=JwtIssuer,ParameterValue=$ISSUER" in text
    stated = ex.live.plan(workload, DESIGN, jwt_issuer="https://idp.example", jwt_audience="my app")
    ex.live.export(stated, tmp_path / "stated")
    text = (tmp_path / "stated" / "README.md").read_text()
    assert "ISSUER=..." not in text and "ParameterKey=JwtIssuer,ParameterValue=https://idp.example" in text
    assert "ParameterKey=JwtAudience,ParameterValue='my app'" in text  # one word of the shell
    assert 'credentials={"token": "..."}' in text
    template = json.loads((tmp_path / "stated" / "template.json").read_text())
    routes = [
        one["Properties"] for one in template["Resources"].values() if one["Type"].endswith("V2::Route")
    ]
    assert routes and {route["AuthorizationType"] for route in routes} == {"JWT"}
    assert cfn_lint.complaints(template) == ()
