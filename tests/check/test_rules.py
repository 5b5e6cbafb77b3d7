"""`explorer check`: limits held against templates, in pairs at the edges."""

import json
from pathlib import Path

import pytest

from explorer.check.runner import Check
from explorer.errors import ExplorerError
from explorer.facts import catalogue

SAMPLES = Path(__file__).parent / "check_samples"
REST, HTTP, VISIBILITY = "apigw.rest.timeout", "apigw.http.timeout", "sqs.visibility"
EDGE = f"{REST}.edge"  # of an API that states no endpoint type


def no_workloads(path, judge):
    raise AssertionError(f"{path} is no workload")


def checked(*paths, warn_at=None, pass_over=False):
    return Check(no_workloads, warn_at, pass_over).run(paths)


@pytest.fixture
def check(tmp_path):
    def of(template, name="template.yaml", **options):
        path = tmp_path / name
        path.write_text(template if isinstance(template, str) else json.dumps(template), encoding="utf-8")
        return checked(path, **options)

    return of


def verdicts(report, limit=None):
    """By resource: the verdict of a limit, or the limits by verdict."""
    return {f.resource: f.verdict for f in report.findings if f.limit == limit}


def the(report, limit):
    """The one finding of a limit."""
    (finding,) = [finding for finding in report.findings if finding.limit == limit]
    return finding


def function(kind="AWS::Serverless::Function", **properties):
    return {"Type": kind, "Properties": properties}


def one(kind="AWS::Lambda::Function", **properties):
    return {"Resources": {"F": function(kind, **properties)}}


# A function alone ---------------------------------------------------------------------------------


def environment(size):
    """Variables of so many bytes as Lambda counts them, with what JSON escapes in them."""
    return {"A": "é" * 10 + '"' * 10, "B": "x" * (size - 13 - 2 - 20 - 20)}


@pytest.mark.parametrize(
    ("size", "verdict"), [(3276, "fits"), (3277, "tight"), (4096, "tight"), (4097, "breach")]
)
def test_the_environment_is_counted_as_lambda_counts_it(check, size, verdict):
    finding = the(check(one(Environment={"Variables": environment(size)})), "lambda.env")
    assert (finding.value, finding.verdict, finding.limit_value, finding.unit) == (
        size,
        verdict,
        4096,
        "bytes",
    )


@pytest.mark.parametrize(  # a Ref to Table is probably 40 + 5 characters
    ("size", "verdict"),
    [(100, "unknown"), (4051, "unknown"), (4052, "tight"), (4096, "tight"), (4097, "breach")],
)
def test_what_is_known_of_an_environment_may_break_the_limit_by_itself(check, size, verdict):
    variables = {"A": "x" * (size - 13 - 2), "B": {"Ref": "Table"}}
    finding = the(check(one(Environment={"Variables": variables})), "lambda.env")
    assert (finding.value, finding.verdict) == (size, verdict)


def test_no_value_of_an_environment_is_shown(check):
    variables = {"KEY": "hunter2" * 700, "OTHER": {"Fn::Sub": "hunter2 ${Table}"}}
    report = check(one(Environment={"Variables": variables}))
    assert "hunter2" not in json.dumps(report.to_dict())


EDGES = [
    ("Timeout", "lambda.timeout", 1800),
    ("MemorySize", "lambda.memory", 10240),
]


@pytest.mark.parametrize(("name", "limit", "most"), EDGES)
@pytest.mark.parametrize(("more", "verdict"), [(-1, "fits"), (0, "tight"), (1, "breach")])
def test_a_setting_is_tight_at_its_limit_and_breaks_one_over(check, name, limit, most, more, verdict):
    for setting in (most + more, str(most + more)):
        assert the(check(one(**{name: setting})), limit).verdict == verdict


@pytest.mark.parametrize(("seconds", "since"), [(900, False), (901, True), (1800, True), (1801, False)])
def test_a_timeout_that_older_tools_refuse_says_since_when(check, seconds, since):
    message = the(check(one(Timeout=seconds)), "lambda.timeout").message
    assert ("since 19 November 2026" in message and "older tools" in message) == since


@pytest.mark.parametrize("on_function", [True, False])
@pytest.mark.parametrize(("seconds", "verdict"), [(899, None), (900, "tight"), (901, "breach")])
def test_a_function_url_is_not_known_to_wait_longer_than_900_s(check, on_function, seconds, verdict):
    url = {"Type": "AWS::Lambda::Url", "Properties": {"TargetFunctionArn": {"Ref": "F"}}}
    config = {"FunctionUrlConfig": {"AuthType": "NONE"}}
    template = behind(seconds, **config) if on_function else behind(seconds, url)
    assert verdicts(check(template), "lambda.furl.timeout") == ({"F": verdict} if verdict else {})


@pytest.mark.parametrize(("seconds", "verdict"), [(899, None), (900, "tight"), (901, "breach")])
def test_a_load_balancer_is_not_known_to_wait_longer_than_900_s_for_a_function(check, seconds, verdict):
    group = {
        "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Properties": {"TargetType": "lambda", "Targets": [{"Id": {"Fn::GetAtt": ["F", "Arn"]}}]},
    }
    result = verdicts(check(behind(seconds, group)), "alb.lambda.timeout")
    assert result == ({"F": verdict} if verdict else {})


SIZED = [
    ({"Layers": ["arn"] * 3}, "lambda.layers", "fits"),
    ({"Layers": ["arn"] * 4}, "lambda.layers", "tight"),
    ({"Layers": ["arn"] * 5}, "lambda.layers", "tight"),
    ({"Layers": ["arn"] * 6}, "lambda.layers", "breach"),
    ({"Layers": {"Ref": "Layers"}}, "lambda.layers", "unknown"),
    ({"EphemeralStorage": {"Size": 10240}}, "lambda.tmp", "tight"),
    ({"EphemeralStorage": {"Size": 10241}}, "lambda.tmp", "breach"),
    (
        {"EphemeralStorage": {"Size": 513}, "SnapStart": {"ApplyOn": "PublishedVersions"}},
        "lambda.snapstart",
        "breach",
    ),
    (
        {"EphemeralStorage": {"Size": 512}, "SnapStart": {"ApplyOn": "PublishedVersions"}},
        "lambda.snapstart",
        "tight",
    ),
    ({"FunctionName": "f" * 64}, "lambda.name", "tight"),
    ({"FunctionName": "f" * 65}, "lambda.name", "breach"),
    ({"Handler": "h" * 129}, "lambda.handler", "breach"),
    ({"Description": "d" * 257}, "lambda.description", "breach"),
    ({"ReservedConcurrentExecutions": 900}, "lambda.concurrency", "tight"),
    ({"ReservedConcurrentExecutions": 901}, "lambda.concurrency", "breach"),
    ({"ReservedConcurrentExecutions": 0}, "lambda.concurrency", "fits"),
    ({"Timeout": 5400, "CapacityProviderConfig": {}}, "lambda.timeout.lmi", "tight"),
    ({"Timeout": 5401, "CapacityProviderConfig": {}}, "lambda.timeout.lmi", "breach"),
    ({"DurableConfig": {"ExecutionTimeout": 31622401}}, "durable.duration", "breach"),
    ({"Timeout": "soon"}, "lambda.timeout", "unknown"),
    ({"Timeout": {"Ref": "Given"}}, "lambda.timeout", "unknown"),
]


@pytest.mark.parametrize(("properties", "limit", "verdict"), SIZED)
def test_a_function_is_held_against_each_limit(check, properties, limit, verdict):
    assert the(check(one(**properties)), limit).verdict == verdict


def test_what_a_function_does_not_set_is_lambdas_own(check):
    report = check(one(Handler="app.handle"))
    assert (the(report, "lambda.timeout").value, the(report, "lambda.memory").value) == (3, 128)


def test_reserved_concurrency_adds_up(check):
    resources = {name: function(ReservedConcurrentExecutions=451) for name in "AB"}
    report = check({"Resources": resources})
    assert [f.value for f in report.findings if f.verdict == "breach"] == [902]


@pytest.mark.parametrize(
    ("retries", "age", "verdicts"), [(2, 21600, ["fits", "fits"]), (3, 21601, ["breach", "breach"])]
)
def test_asynchronous_settings(check, retries, age, verdicts):
    config = {"MaximumRetryAttempts": retries, "MaximumEventAgeInSeconds": age}
    report = check(one("AWS::Serverless::Function", EventInvokeConfig=config))
    assert [f.verdict for f in report.findings if f.limit.startswith("lambda.async")] == verdicts


# Doors --------------------------------------------------------------------------------------------

URI = {"Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${F.Arn}/invocations"}
ASYNCHRONOUS = {"integration.request.header.X-Amz-Invocation-Type": "'Event'"}


def behind(timeout, *others, **properties):
    """A function of a time-out, and what stands before it."""
    resources = {"F": function(Timeout=timeout, **properties)}
    return {"Resources": {**resources, **{f"R{n}": other for n, other in enumerate(others)}}}


def events(**properties):
    return {"Events": {"E": properties}}


REGIONAL = {"Types": ["REGIONAL"]}


def rest_method(endpoint=REGIONAL, **integration):
    api = {"Type": "AWS::ApiGateway::RestApi", "Properties": {"EndpointConfiguration": endpoint}}
    properties = {"RestApiId": {"Ref": "R0"}, "Integration": {"Type": "AWS_PROXY", "Uri": URI, **integration}}
    return api, {"Type": "AWS::ApiGateway::Method", "Properties": properties}


def http_integration(protocol="HTTP", **integration):
    api = {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": protocol}}
    properties = {"ApiId": {"Ref": "R0"}, "IntegrationUri": {"Fn::GetAtt": ["F", "Arn"]}, **integration}
    return api, {"Type": "AWS::ApiGatewayV2::Integration", "Properties": properties}


def openapi(kind="AWS::Serverless::Api", name="DefinitionBody", **integration):
    body = {"paths": {"/": {"get": {"x-amazon-apigateway-integration": {"uri": URI, **integration}}}}}
    return {"Type": kind, "Properties": {name: body}}


DOORS = {
    "a SAM event": (EDGE, lambda t: behind(t, **events(Type="Api"))),
    "a method": (REST, lambda t: behind(t, *rest_method())),
    "an OpenAPI document": (EDGE, lambda t: behind(t, openapi())),
    "an OpenAPI body": (EDGE, lambda t: behind(t, openapi("AWS::ApiGateway::RestApi", "Body"))),
    "an HTTP event": (HTTP, lambda t: behind(t, **events(Type="HttpApi"))),
    "an HTTP integration": (HTTP, lambda t: behind(t, *http_integration())),
    "an HTTP document": (HTTP, lambda t: behind(t, openapi("AWS::Serverless::HttpApi"))),
}


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize("timeout", [28, 29, 30, 31])
def test_a_time_out_over_its_doors_is_a_breach_and_equal_is_tight(check, name, timeout):
    limit, template = DOORS[name]
    most = catalogue.limit(limit).value
    expected = "breach" if timeout > most else "tight" if timeout == most else "fits"
    finding = the(check(template(timeout)), limit)
    assert (finding.verdict, finding.value, finding.limit_value) == (expected, timeout, most)


def test_a_rest_apis_finding_says_where_the_limit_can_be_raised(check):
    assert "Regional and private" in the(check(DOORS["a method"][1](30)), REST).message


NO_DOOR = {
    "a function URL": behind(900, FunctionUrlConfig={"AuthType": "NONE"}),
    "a function URL of CloudFormation": behind(
        900, {"Type": "AWS::Lambda::Url", "Properties": {"TargetFunctionArn": {"Ref": "F"}}}
    ),
    "an asynchronous method": behind(900, *rest_method(RequestParameters=ASYNCHRONOUS)),
    "an asynchronous document": behind(900, openapi(requestParameters=ASYNCHRONOUS)),
    "a schedule": behind(900, **events(Type="Schedule", Properties={"Schedule": "rate(1 day)"})),
}


@pytest.mark.parametrize("name", NO_DOOR)
def test_what_does_not_wait_is_held_against_no_door(check, name):
    assert not {f.limit for f in check(NO_DOOR[name]).findings} & {REST, EDGE, HTTP}


def test_an_asynchronous_integration_by_name_is_one_too(check):
    uri = {
        "Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/x/functions/arn:aws:lambda:"
        "${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-F:live/invocations"
    }
    permission = {
        "Principal": "apigateway.amazonaws.com",
        "FunctionName": {"Ref": "F.Alias"},
        "SourceArn": {"Fn::Sub": "arn:aws:execute-api:x:y:${R0}/*"},
    }
    allowed = {"Type": "AWS::Lambda::Permission", "Properties": permission}
    name = {"Fn::Sub": "${AWS::StackName}-F"}
    waited = check(behind(30, openapi(uri=uri), allowed, FunctionName=name))
    asynchronous = check(
        behind(30, openapi(uri=uri, requestParameters=ASYNCHRONOUS), allowed, FunctionName=name)
    )
    assert verdicts(waited, EDGE) == {"F": "breach"} and verdicts(asynchronous, EDGE) == {}


def test_a_permission_tells_of_an_api_whose_document_lies_elsewhere(check):
    api = {"Type": "AWS::Serverless::Api", "Properties": {"DefinitionUri": "s3://bucket/api.yaml"}}
    source = {"Fn::Sub": "arn:aws:execute-api:x:y:${R0}/*"}
    permission = {"Principal": "apigateway.amazonaws.com", "FunctionName": {"Ref": "F"}, "SourceArn": source}
    allowed = {"Type": "AWS::Lambda::Permission", "Properties": permission}
    assert verdicts(check(behind(30, api, allowed)), EDGE) == {"F": "breach"}


@pytest.mark.parametrize(
    ("wait", "timeout", "expected"),
    [
        (10_000, 10, ["tight"]),
        (10_000, 11, ["breach"]),
        ("10000", 9, ["fits"]),
        (60_000, 60, ["tight", "tight"]),
        (60_000, 61, ["breach", "tight"]),
        (301_000, 10, ["fits", "breach"]),
        ({"Ref": "Wait"}, 10, ["unknown"]),
    ],
)
def test_an_integrations_own_time_out_counts(check, wait, timeout, expected):
    report = check(behind(timeout, *rest_method(TimeoutInMillis=wait)))
    assert sorted(f.verdict for f in report.findings if f.limit == REST) == sorted(expected)


def test_an_http_api_cannot_be_raised(check):
    report = check(behind(10, *http_integration(TimeoutInMillis=30_001)))
    assert {f.verdict for f in report.findings if f.limit == HTTP} == {"fits", "breach"}


def test_a_rest_api_that_streams_waits_for_longer(check):
    for template in (
        behind(900, *rest_method(ResponseTransferMode="STREAM", TimeoutInMillis=900_000)),
        behind(900, openapi(responseTransferMode="STREAM")),
    ):
        report = check(template)
        assert verdicts(report, REST) == {} and verdicts(report, "apigw.stream.duration") == {"F": "tight"}


ENDPOINTS = [
    (None, EDGE),
    ({"Types": ["EDGE"]}, EDGE),
    ({"Types": ["REGIONAL"]}, REST),
    ({"Types": ["PRIVATE"]}, REST),
    ({"Ref": "Endpoint"}, REST),
]


@pytest.mark.parametrize(("endpoint", "limit"), ENDPOINTS)
def test_an_api_is_edge_optimized_unless_it_says_something_else(check, endpoint, limit):
    for wait in (30_000, None):
        report = check(behind(30, *rest_method(endpoint, **({"TimeoutInMillis": wait} if wait else {}))))
        assert {f.limit for f in report.findings if f.limit in (REST, EDGE)} == {limit}
    assert "make it Regional" in the(report, limit).message or limit == REST


@pytest.mark.parametrize(("endpoint", "limit"), [(None, EDGE), ("REGIONAL", REST), ({"Type": "EDGE"}, EDGE)])
def test_the_api_that_sam_makes_is_edge_optimized_unless_its_globals_say_something_else(
    check, endpoint, limit
):
    template = behind(30, **events(Type="Api"))
    template["Globals"] = {"Api": {"EndpointConfiguration": endpoint}} if endpoint else {}
    assert the(check(template), limit).verdict == "breach"
    api = {"Type": "AWS::Serverless::Api", "Properties": {"StageName": "x"}}
    template["Resources"] |= behind(30, api, **events(Type="Api", Properties={"RestApiId": {"Ref": "R0"}}))[
        "Resources"
    ]
    assert the(check(template), limit).verdict == "breach"


@pytest.mark.parametrize(
    ("idle", "timeout", "verdict"), [(None, 60, "tight"), (None, 61, "breach"), ("120", 61, "fits")]
)
def test_a_load_balancer_closes_what_is_idle(check, idle, timeout, verdict):
    attributes = [{"Key": "idle_timeout.timeout_seconds", "Value": idle}] if idle else []
    balancer = {
        "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "Properties": {"LoadBalancerAttributes": attributes},
    }
    group = {
        "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Properties": {"TargetType": "lambda", "Targets": [{"Id": {"Fn::GetAtt": ["F", "Arn"]}}]},
    }
    assert the(check(behind(timeout, balancer, group)), "alb.idle.timeout").verdict == verdict


def test_an_authorizer_is_called_by_no_client(check):
    authorizer = {"Type": "AWS::ApiGateway::Authorizer", "Properties": {"AuthorizerUri": URI}}
    api = {"Type": "AWS::ApiGateway::RestApi", "Properties": {}}
    permission = {
        "Principal": "apigateway.amazonaws.com",
        "FunctionName": {"Ref": "F"},
        "SourceArn": {"Fn::Sub": "x:${R0}/*"},
    }
    allowed = {"Type": "AWS::Lambda::Permission", "Properties": permission}
    assert verdicts(check(behind(30, api, authorizer, allowed)), REST) == {}


@pytest.mark.parametrize(
    ("name", "value", "others", "limit"),
    [
        ("MAX_UPLOAD_MB", "6", DOORS["an HTTP event"], None),
        ("MAX_UPLOAD_MB", "7", DOORS["an HTTP event"], "lambda.sync.request"),
        ("MAX_RESPONSE_SIZE", "6291557", DOORS["a SAM event"], "lambda.sync.response"),
        ("MAX_RESPONSE_SIZE", "6291556", DOORS["a SAM event"], None),
    ],
)
def test_a_size_that_no_door_lets_through_is_a_hint(check, name, value, others, limit):
    template = others[1](10)
    template["Resources"]["F"]["Properties"]["Environment"] = {"Variables": {name: value}}
    hints = [f.limit for f in check(template).findings if f.verdict == "tight"]
    assert hints == ([limit] if limit else [])


def test_a_load_balancer_lets_less_through(check):
    group = {
        "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Properties": {"Targets": [{"Id": {"Fn::GetAtt": ["F", "Arn"]}}]},
    }
    template = behind(10, group, Environment={"Variables": {"MAX_BODY_BYTES": 1048577}})
    assert the(check(template), "alb.lambda.request").verdict == "tight"


# Globals, parameters ------------------------------------------------------------------------------


def test_globals_stand_in_and_a_functions_own_value_wins(check):
    template = {
        "Globals": {"Function": {"Timeout": 1801, "Environment": {"Variables": {"A": "x" * 4096}}}},
        "Resources": {
            "Common": function(),
            "Own": function(Timeout=10, Environment={"Variables": {"A": "short", "B": "more"}}),
            "Ignores": {**function(), "IgnoreGlobals": ["Timeout"]},
            "Plain": function("AWS::Lambda::Function"),
        },
    }
    report = check(template)
    assert verdicts(report, "lambda.timeout") == {
        "Common": "breach",
        "Own": "fits",
        "Ignores": "fits",
        "Plain": "fits",
    }
    assert verdicts(report, "lambda.env") == {"Common": "breach", "Own": "fits", "Ignores": "breach"}


def test_lists_of_globals_and_of_a_function_are_joined(check):
    template = {
        "Globals": {"Function": {"Layers": ["a"] * 3}},
        "Resources": {"F": function(Layers=["b"] * 3)},
    }
    assert the(check(template), "lambda.layers").value == 6


# Queues, loops ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("visibility", "timeout", "verdict"),
    [(None, 5, "fits"), (None, 6, "tight"), (60, 60, "tight"), (60, 61, "breach"), ("360", 60, "fits")],
)
def test_a_queue_waits_for_its_reader(check, visibility, timeout, verdict):
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": visibility} if visibility else {}}
    source = {"EventSourceArn": {"Fn::GetAtt": ["R0", "Arn"]}, "FunctionName": {"Ref": "F"}}
    mapped = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": source}
    assert verdicts(check(behind(timeout, queue, mapped)), VISIBILITY).get("F") == verdict
    sam = events(Type="SQS", Properties={"Queue": {"Fn::GetAtt": ["R0", "Arn"]}})
    assert verdicts(check(behind(timeout, queue, **sam)), VISIBILITY).get("F") == verdict


def test_a_queue_of_another_stack_is_unknown(check):
    sam = events(Type="SQS", Properties={"Queue": {"Fn::ImportValue": "queue"}})
    assert verdicts(check(behind(5, **sam)), VISIBILITY) == {"F": "unknown"}


SENDS = {"Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": {"Fn::GetAtt": ["R0", "Arn"]}}]}
INVOKES = {
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["lambda:InvokeFunction"],
            "Resource": {"Fn::Sub": "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:again"},
        }
    ]
}


@pytest.mark.parametrize(
    ("properties", "loops"),
    [
        (
            {"Policies": [SENDS], **events(Type="SQS", Properties={"Queue": {"Fn::GetAtt": ["R0", "Arn"]}})},
            True,
        ),
        (
            {
                "Policies": [{"SQSSendMessagePolicy": {"QueueName": {"Fn::GetAtt": ["R0", "QueueName"]}}}],
                **events(Type="SQS", Properties={"Queue": {"Fn::GetAtt": ["R0", "Arn"]}}),
            },
            True,
        ),
        ({"Policies": [SENDS], **events(Type="SQS", Properties={"Queue": {"Ref": "Another"}})}, False),
        ({"Policies": [INVOKES], "FunctionName": "again"}, True),
        ({"Policies": [INVOKES], "FunctionName": "another"}, False),
        ({"Policies": [INVOKES], "FunctionName": "again", "RecursiveLoop": "Allow"}, False),
    ],
)
def test_a_loop_without_leave_is_reported(check, properties, loops):
    report = check(behind(5, {"Type": "AWS::SQS::Queue", "Properties": {}}, **properties))
    assert verdicts(report, "lambda.recursion") == ({"F": "tight"} if loops else {})


# Stores, workflows, signed URLs -------------------------------------------------------------------

STORED = [
    ("AWS::SSM::Parameter", {"Value": "é" * 4096}, "ssm.std", "tight"),
    ("AWS::SSM::Parameter", {"Value": "x" * 4097}, "ssm.std", "breach"),
    ("AWS::SSM::Parameter", {"Value": "x" * 8192, "Tier": "Advanced"}, "ssm.adv", "tight"),
    ("AWS::SSM::Parameter", {"Value": "x" * 8193, "Tier": "Intelligent-Tiering"}, "ssm.adv", "breach"),
    ("AWS::SSM::Parameter", {"Value": {"Ref": "Given"}}, "ssm.std", "unknown"),
    ("AWS::SecretsManager::Secret", {"SecretString": "s" * 65536}, "sm.value", "tight"),
    ("AWS::SecretsManager::Secret", {"SecretString": "s" * 65537}, "sm.value", "breach"),
    ("AWS::SQS::Queue", {"VisibilityTimeout": 43201}, "sqs.visibility", "breach"),
    ("AWS::SQS::Queue", {"MessageRetentionPeriod": 1209600}, "sqs.retention", "fits"),
    ("AWS::SQS::Queue", {"MessageRetentionPeriod": 1209601}, "sqs.retention", "breach"),
    (
        "AWS::Serverless::StateMachine",
        {"Type": "EXPRESS", "Definition": {"TimeoutSeconds": 301}},
        "sfn.duration.exp",
        "breach",
    ),
    (
        "AWS::StepFunctions::StateMachine",
        {"DefinitionString": '{"TimeoutSeconds": 31536001}'},
        "sfn.duration.std",
        "breach",
    ),
    (
        "AWS::StepFunctions::StateMachine",
        {"Definition": {"States": {"P": {"Type": "Pass", "Result": {"a": "x" * (262144 - 8)}}}}},
        "sfn.payload",
        "tight",
    ),
    (
        "AWS::StepFunctions::StateMachine",
        {"Definition": {"States": {"P": {"Type": "Pass", "Result": {"a": "x" * (262144 - 7)}}}}},
        "sfn.payload",
        "breach",
    ),
    (
        "AWS::Lambda::Function",
        {"Environment": {"Variables": {"PRESIGN_EXPIRES": "43200"}}},
        "s3.presign.role",
        "tight",
    ),
    (
        "AWS::Lambda::Function",
        {"Environment": {"Variables": {"SIGNED_URL_TTL": "43201"}}},
        "s3.presign.role",
        "breach",
    ),
    (
        "AWS::Lambda::Function",
        {"Code": {"ZipFile": "getSignedUrl(c, o, {expiresIn: 604800})"}},
        "s3.presign.role",
        "breach",
    ),
]


@pytest.mark.parametrize(("kind", "properties", "limit", "verdict"), STORED)
def test_stores_workflows_and_signed_urls(check, kind, properties, limit, verdict):
    report = check(one(kind, **properties))
    assert the(report, limit).verdict == verdict
    assert "ssssss" not in json.dumps(report.to_dict())


def test_a_package_beside_the_template_is_measured(check, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text("x" * 10)
    most = int(catalogue.limit("lambda.zip.unzipped").value)
    template = {"Resources": {"F": function(CodeUri="src/")}}
    assert the(check(template), "lambda.zip.unzipped").value == 10
    with (tmp_path / "src" / "model.bin").open("wb") as file:
        file.truncate(most - 9)
    assert the(check(template), "lambda.zip.unzipped").verdict == "breach"


# Whole projects -----------------------------------------------------------------------------------


def breaches(report):
    return {(Path(f.file).name, f.resource, f.limit) for f in report.findings if f.verdict == "breach"}


def test_a_sam_project_with_a_nested_stack_and_a_document():
    report = checked(SAMPLES / "app")
    assert breaches(report) == {
        ("template.yaml", "Rest", EDGE),
        ("template.yaml", "Http", HTTP),
        ("template.yaml", "Described", REST),
        ("template.yaml", "Worker", VISIBILITY),
        ("inner.yaml", "Inner", "lambda.memory"),
        ("inner.yaml", "Inner", "s3.presign.role"),
    }
    lines = (SAMPLES / "app" / "template.yaml").read_text().splitlines()
    timeout_lines = {
        f.resource: lines[f.line - 1].strip() for f in report.findings if f.limit == "lambda.timeout"
    }
    assert timeout_lines["Rest"] == timeout_lines["Url"].replace("300", "30") == "Timeout: 30"
    assert timeout_lines["Http"] == "Timeout: !Ref Slow"


def test_what_cdk_synthesises():
    assert breaches(checked(SAMPLES / "cdk.out")) == {("Shop.template.json", "FnA1B2C3D4", EDGE)}


def test_a_nested_stack_of_cdk_is_given_its_parameters(check, tmp_path):
    inner = {"Parameters": {"Wait": {"Type": "Number"}}, **one(Timeout={"Ref": "Wait"})}
    (tmp_path / "inner.template.json").write_text(json.dumps(inner))
    asset = {"aws:asset:path": "inner.template.json"}
    properties = {"TemplateURL": {"Fn::Sub": "https://s3.x/y.json"}, "Parameters": {"Wait": 1801}}
    outer = {"Type": "AWS::CloudFormation::Stack", "Properties": properties, "Metadata": asset}
    assert verdicts(check({"Resources": {"N": outer}}), "lambda.timeout") == {"F": "breach"}


def test_stacks_that_nest_one_another_end(check, tmp_path):
    nested = {"Type": "AWS::Serverless::Application", "Properties": {"Location": "template.json"}}
    report = check({"Resources": {"N": nested, "F": function(Timeout=1801)}}, "template.json")
    assert verdicts(report, "lambda.timeout") == {"F": "breach"} and len(report.files) == 1


def test_what_the_serverless_framework_packages():
    framework_breaches = breaches(checked(SAMPLES / ".serverless"))
    assert framework_breaches == {("cloudformation-template-update-stack.json", "HelloLambdaFunction", HTTP)}
    state = checked(SAMPLES / ".serverless" / "serverless-state.json")
    assert breaches(state) == {("serverless-state.json", "F", "lambda.timeout")}


def test_a_terraform_plan():
    report = checked(SAMPLES / "plan.json")
    assert breaches(report) == {
        ("plan.json", "aws_lambda_function.api", EDGE),
        ("plan.json", "module.worker.aws_lambda_function.this", VISIBILITY),
        ("plan.json", "aws_ssm_parameter.long", "ssm.std"),
    }
    assert verdicts(report, HTTP) == {
        "aws_lambda_function.many[0]": "fits",
        "aws_lambda_function.many[1]": "tight",
    }
    assert verdicts(report, "lambda.env") == {"aws_lambda_function.api": "unknown"}


@pytest.mark.parametrize(("size", "verdict"), [(4096, "tight"), (4097, "breach")])
def test_a_dotenv_file(check, size, verdict):
    report = check(f"# words\nexport A=b\nB='{'x' * (size - 16)}'\n", ".env.production")
    assert (the(report, "lambda.env").value, the(report, "lambda.env").verdict) == (size, verdict)


# Files --------------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_read_does_not_stop_the_others(tmp_path):
    (tmp_path / "a.yaml").write_text("Resources: {F: {Type: AWS::Lambda::Function, Properties: [}")
    (tmp_path / "b.yaml").write_text("Resources: {F: {Type: 'AWS::Lambda::Function'}}")
    (tmp_path / "values.yaml").write_text("replicas: {{ .Values.replicas }}")
    report = checked(tmp_path)
    assert [Path(file).name for file in report.files] == ["b.yaml"]
    assert [(Path(file).name, reason[:7]) for file, reason in report.unreadable] == [("a.yaml", "line 1:")]


OTHERS = [
    ("serverless.yml", "service: shop\nprovider: {name: aws}\n", "serverless package"),
    ("cdk.json", '{"app": "python app.py", "context": {}}', "cdk synth"),
    ("main.tf", 'resource "aws_lambda_function" "f" {}', "terraform show -json"),
    ("notes.yaml", "- a\n- b\n", "is no template"),
    ("pyproject.toml", "[project]\n", "is no template"),
]


@pytest.mark.parametrize(("name", "content", "reason"), OTHERS)
def test_what_is_no_template_is_told_when_it_is_asked_for(check, tmp_path, name, content, reason):
    report = check(content, name)
    assert reason in report.unreadable[0][1] and report.files == []
    assert checked(tmp_path).unreadable == []
    assert check(content, name, pass_over=True).unreadable == []


def test_a_path_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ExplorerError, match="no such file"):
        checked(tmp_path / "none.yaml")


def test_warn_at_moves_where_it_gets_tight(check):
    template = behind(15, **events(Type="HttpApi"), Environment={"Variables": environment(3500)})
    assert verdicts(check(template), HTTP) == {"F": "fits"}
    assert verdicts(check(template, warn_at=0.5), HTTP) == {"F": "tight"}
    assert verdicts(check(template), "lambda.env") == {"F": "tight"}
    assert verdicts(check(template, warn_at=0.9), "lambda.env") == {"F": "fits"}


# Suppressed ---------------------------------------------------------------------------------------

SLOW = """\
Resources:
  F:{above}
    Type: AWS::Lambda::Function
    Properties:
      MemorySize: 20000
      Timeout: 1801{beside}
"""
REASON = " # explorer: ignore lambda.timeout because I say so"


@pytest.mark.parametrize("place", ["above", "beside"])
def test_a_comment_with_a_reason_suppresses_one_limit(check, place):
    report = check(SLOW.format(**{"above": "", "beside": "", place: REASON}))
    assert [f.limit for f in report.findings if f.verdict == "breach"] == ["lambda.memory"]
    assert [f.reason for f in report.suppressed_findings] == ["because I say so"]


def test_a_comment_on_a_line_of_its_own_is_about_the_line_below(check):
    text = SLOW.format(above="", beside="").replace("      Timeout", f"     {REASON}\n      Timeout")
    assert [f.limit for f in check(text).suppressed_findings] == ["lambda.timeout"]


def test_nothing_is_suppressed_without_a_reason(check):
    report = check(SLOW.format(above="", beside=" # explorer: ignore lambda.timeout"))
    finding = the(report, "lambda.timeout")
    assert finding.verdict == "breach" and "no reason is given" in finding.message


@pytest.mark.parametrize(
    "ignore",
    [{"lambda.timeout": "why"}, [{"limit": "lambda.time*", "reason": "why"}]],
    ids=["mapping", "list"],
)
def test_metadata_suppresses(check, ignore):
    template = one(Timeout=1801)
    template["Resources"]["F"]["Metadata"] = {"explorer": {"ignore": ignore}}
    assert [f.limit for f in check(template).suppressed_findings] == ["lambda.timeout"]


def test_a_configuration_file_suppresses_excludes_and_warns(check, tmp_path):
    settings = tmp_path / ".explorer-check.toml"
    settings.write_text(
        'warn_at = "50%"\n[[ignore]]\nlimit = "lambda.timeout"\nresource = "F"\nreason = "why"\n'
    )
    report = check(one(Timeout=1801, MemorySize=6000))
    assert [f.limit for f in report.suppressed_findings] == ["lambda.timeout"]
    assert verdicts(report, "lambda.memory") == {"F": "tight"}
    settings.write_text('exclude = ["template.*"]')
    assert checked(tmp_path).files == []


@pytest.mark.parametrize(
    "content",
    [
        "[[ignore]]\nlimit = 'x'",
        "ignores = []",
        "[[ignore]]\nlimit='x'\nreason='y'\nwhy='z'",
        "=",
        "ignore = 3",
    ],
)
def test_a_wrong_configuration_file_is_refused_by_name(check, tmp_path, content):
    (tmp_path / ".explorer-check.toml").write_text(content)
    with pytest.raises(ExplorerError, match="explorer-check"):
        check(one())
