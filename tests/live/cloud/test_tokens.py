"""An HTTP API takes the tokens of its issuer, and says of others why not, as AWS does."""

import json
from types import SimpleNamespace

import pytest

from tests.support.local_bench import zipped
from tests.support.token_issuer import Issuer

pytestmark = pytest.mark.live

ECHO = """
import json
def handle(event, context):
    return {"statusCode": 200, "body": json.dumps(event["requestContext"].get("authorizer"))}
"""
INVALID = 'Bearer scope="" error="invalid_token"'


@pytest.fixture(scope="module")
def issuer():
    each = Issuer()
    yield each
    each.close()


def guarded(bench, issuer: str, audience: str, scopes: tuple[str, ...] = ()) -> str:
    """The address of an HTTP API whose route wants a token of this issuer."""
    name = bench.function("claims", Code={"ZipFile": zipped(ECHO)})
    url, gateway = bench.http_api(name), bench.client("apigatewayv2")
    api = url.split("/_aws/execute-api/")[1].split("/")[0]
    settings = {"Issuer": issuer, "Audience": [audience]}
    authorizer = gateway.create_authorizer(
        ApiId=api,
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration=settings,
        Name="tokens",
    )
    (route,) = gateway.get_routes(ApiId=api)["Items"]
    asks = {"AuthorizationType": "JWT", "AuthorizerId": authorizer["AuthorizerId"]}
    gateway.update_route(ApiId=api, RouteId=route["RouteId"], AuthorizationScopes=list(scopes), **asks)
    return url


@pytest.fixture(scope="module")
def door(bench, issuer):
    return guarded(bench, issuer.url, "app")


def answer_of(bench, url: str, token: str | None) -> SimpleNamespace:
    return bench.post(url, b"{}", **({"Authorization": f"Bearer {token}"} if token else {}))


@pytest.mark.parametrize(
    "changes",
    [{}, {"aud": ["other", "app"]}, {"aud": None, "client_id": "app"}, {"nbf": 1}, {"exp": 4102444800}],
    ids=str,
)
def test_a_token_of_the_issuer_opens_the_door_and_the_function_sees_its_claims(bench, door, issuer, changes):
    answer = answer_of(bench, door, issuer.token(**changes))
    assert answer.status == 200 and json.loads(answer.body)["jwt"]["claims"]["sub"] == "jane"


AUDIENCE, EXPIRED = "the token does not have a valid audience", "the token has expired"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"aud": "other"}, AUDIENCE),
        ({"aud": "other", "client_id": "app"}, AUDIENCE),  # read only where there is no aud
        ({"exp": 1}, EXPIRED),
        ({"iss": "http://127.0.0.1:1"}, ""),
        ({"nbf": 4102444800}, ""),
        ({"exp": None}, ""),
        ({"exp": "4102444800"}, ""),
        ({"head": {"alg": "none"}}, ""),
        ({"head": {"alg": "HS256"}}, ""),
        ({"head": {"kid": "2"}}, ""),
    ],
    ids=str,
)
def test_a_token_that_is_no_good_is_refused_with_its_fault(bench, door, issuer, changes, why):
    answer = answer_of(bench, door, issuer.token(**changes))
    assert (answer.status, answer.body) == (401, b'{"message":"Unauthorized"}')
    described = f' error_description="{why}"' if why else ""
    assert answer.headers["www-authenticate"] == INVALID + described


def test_a_token_that_another_has_signed_is_refused(bench, door, issuer):
    other = Issuer()
    other.url = issuer.url
    token = other.token()
    other.close()
    for each in (token, "no-token", issuer.token()[:-8] + "AAAAAAAA"):
        answer = answer_of(bench, door, each)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, INVALID)


def test_no_token_is_asked_for_one(bench, door):
    answer = answer_of(bench, door, None)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(("scope", "status"), [("read", 200), ("write", 403), (None, 403)])
def test_a_route_wants_its_scopes(bench, issuer, scope, status):
    answer = answer_of(bench, guarded(bench, issuer.url, "app", ("read",)), issuer.token(scope=scope))
    assert answer.status == status
    assert status == 200 or answer.body == b'{"message":"Forbidden"}'


def test_a_user_pool_of_the_cloud_is_an_issuer_and_its_keys_are_public(bench):
    pools = bench.client("cognito-idp")
    pool = pools.create_user_pool(PoolName="people")["UserPool"]["Id"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    app = pools.create_user_pool_client(UserPoolId=pool, ClientName="app", ExplicitAuthFlows=flows)
    id, who = app["UserPoolClient"]["ClientId"], {"USERNAME": "jane", "PASSWORD": "Hunter2-hunter2"}
    pools.admin_create_user(UserPoolId=pool, Username="jane", MessageAction="SUPPRESS")
    pools.admin_set_user_password(UserPoolId=pool, Username="jane", Password=who["PASSWORD"], Permanent=True)
    flow = "ADMIN_USER_PASSWORD_AUTH"
    signed_in = pools.admin_initiate_auth(UserPoolId=pool, ClientId=id, AuthFlow=flow, AuthParameters=who)
    tokens = signed_in["AuthenticationResult"]
    url = guarded(bench, f"https://cognito-idp.us-east-1.amazonaws.com/{pool}", id)
    for token in (tokens["IdToken"], tokens["AccessToken"]):
        assert answer_of(bench, url, token).status == 200
    keys = bench.post(f"{bench.cloud.endpoint_url}/{pool}/.well-known/jwks.json", None, method="GET")
    assert keys.status == 200 and json.loads(keys.body)["keys"]


@pytest.mark.parametrize("path", ["us-east-1_none/.well-known/jwks.json", "bucket/.well-known/jwks.json"])
def test_what_only_looks_like_keys_is_nobody_s_to_read(bench, path):
    if path.startswith("bucket"):
        bench.client("s3").create_bucket(Bucket="bucket")
        bench.client("s3").put_object(Bucket="bucket", Key=".well-known/jwks.json", Body=b"private")
    answer = bench.post(f"{bench.cloud.endpoint_url}/{path}", None, method="GET")
    assert answer.status == 403 and b"private" not in answer.body
