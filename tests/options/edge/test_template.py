"""Distributions and web ACLs as templates: whole, lint-free, and closed to everyone else."""

import pytest

from explorer.engine.designs import Design
from explorer.errors import DesignError
from explorer.live.deployment.template import stack_of
from explorer.options.base.conditions import Conditions
from explorer.workload.workload import Workload
from tests.support.cfn_lint import complaints

PLAIN = {
    "edge": "cloudfront",
    "door": "function-url",
    "request": "inline",
    "response": "buffered",
    "compression": "none",
    "execution": "single",
    "initialization": "on-demand",
    "configuration": "environment",
}


def workload(**fields) -> Workload:
    least = {"requests_per_month": 1e6, "response": "100 KB", "runtime": "1 s", "peak_rps": 2}
    client = {"auth": "none", **fields.get("client", {})}
    return Workload(**{**least, **fields, "client": client})


@pytest.fixture
def resources_of():
    """The template of a design, by resource."""

    def template(w: Workload, **others) -> dict:
        design = Design(**{**PLAIN, **others})
        template_body = stack_of(w, design).template
        assert complaints(template_body) == ()
        return template_body["Resources"]

    return template


def test_a_function_url_takes_what_the_distribution_signs_and_nothing_else(resources_of):
    resources = resources_of(workload(client={"auth": "none"}))
    (origin,) = resources["Distribution"]["Properties"]["DistributionConfig"]["Origins"]
    assert origin["OriginAccessControlId"] == {"Fn::GetAtt": ["EdgeAccess", "Id"]}
    assert origin["CustomOriginConfig"]["OriginReadTimeout"] == 120
    assert resources["Url"]["Properties"]["AuthType"] == "AWS_IAM"
    permitted = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::Lambda::Permission"]
    assert {each["Action"] for each in permitted} == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    assert {each["Principal"] for each in permitted} == {"cloudfront.amazonaws.com"}
    assert "Caller" not in resources  # nobody signs requests of their own


@pytest.mark.parametrize(("share", "same"), [(0.0, True), (0.9, False)])
def test_it_caches_where_answers_can_be_cached(resources_of, share, same):
    def policy(w: Workload) -> str:
        config = resources_of(w)["Distribution"]["Properties"]["DistributionConfig"]
        return config["DefaultCacheBehavior"]["CachePolicyId"]

    cacheable = workload(response={"value": "100 KB", "cacheable": share})
    assert (policy(cacheable) == policy(workload())) == same


@pytest.mark.parametrize(
    ("others", "scope"), [({}, "CLOUDFRONT"), ({"edge": "none", "door": "rest-api"}, "REGIONAL")]
)
def test_a_web_acl_is_in_the_template(resources_of, others, scope):
    resources = resources_of(workload(client={"needs": ["waf"]}), **others)
    acl = resources["WebAcl"]["Properties"]
    assert (acl["Scope"], len(acl["Rules"])) == (scope, 3)
    assert acl["Rules"][2]["Statement"]["RateBasedStatement"]["Limit"] == 600  # 2 a second for five minutes
    assert ("StageWebAcl" in resources) == (scope == "REGIONAL")


def test_without_the_wish_there_is_none(resources_of):
    assert "WebAcl" not in resources_of(workload())
    assert "WebAcl" not in resources_of(workload(), edge="none", door="rest-api")


REST = {"edge": "none", "door": "rest-api"}


@pytest.mark.parametrize(
    ("client", "others", "why"),
    [
        ({"needs": ["custom-domain"]}, REST, "client.needs custom-domain: the domain"),
        ({"needs": ["usage-plans"]}, REST, "client.needs usage-plans: whom"),
        ({"needs": ["private"]}, REST, "client.needs private: the network"),
        ({"auth": "jwt"}, REST, "client.auth jwt: only an HTTP API has a template that checks tokens"),
    ],
)
def test_what_the_template_does_not_have_is_said(client, others, why):
    with pytest.raises(DesignError, match=why):
        stack_of(workload(client=client), Design(**{**PLAIN, **others}))


def test_an_http_api_checks_tokens_and_asks_whose_they_are():
    w = workload(client={"auth": "jwt"})
    stack = stack_of(w, Design(**PLAIN | {"edge": "none", "door": "http-api"}))
    assert set(stack.missing) >= {"JwtIssuer", "JwtAudience"} and complaints(stack.template) == ()
    of_type = {each["Type"]: each["Properties"] for each in stack.template["Resources"].values()}
    assert of_type["AWS::ApiGatewayV2::Authorizer"]["JwtConfiguration"] == {
        "Issuer": {"Ref": "JwtIssuer"},
        "Audience": [{"Ref": "JwtAudience"}],
    }


def test_the_web_acl_of_a_distribution_stands_in_one_region_alone():
    w = workload(client={"needs": ["waf"]}, region="eu-west-1")
    assert Design(**PLAIN).unbuilt(Conditions(w)) == (
        "client.needs waf: the web ACL of a distribution stands in us-east-1 alone",
    )


@pytest.mark.parametrize(("auth", "is_refused"), [(None, True), ("none", False)])
def test_an_endpoint_behind_a_distribution_is_open_only_if_that_is_stated(auth, is_refused):
    (why,) = Design(**PLAIN).unbuilt(Conditions(workload(client={"auth": auth}))) or ("",)
    assert why.startswith("client.auth: callers are not known behind a distribution") == is_refused
