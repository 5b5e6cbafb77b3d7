"""Templates as wholes, policies, callers that wait less, event sources, CloudFront, tasks: at their edges."""

import json

import pytest

from explorer.check.runner import Check

FUNCTION, SAM = "AWS::Lambda::Function", "AWS::Serverless::Function"


@pytest.fixture
def check(tmp_path):
    def of(template):
        path = tmp_path / "template.json"
        path.write_text(template if isinstance(template, str) else json.dumps(template))
        report = Check(lambda path, judge: []).run([path])
        assert not report.unreadable
        return report

    return of


@pytest.fixture
def verdict(check):
    """The verdicts of one limit; of a resource, where there is one."""

    def of(limit, template):
        return [one.verdict for one in check(template).findings if one.limit == limit]

    return of


def resources(**types):
    return {
        "Resources": {
            name: {"Type": kind, "Properties": properties} for name, (kind, properties) in types.items()
        }
    }


def arn(name):
    return {"Fn::GetAtt": [name, "Arn"]}


# Templates ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "expected", "words"),
    [
        (399, "fits", "399, within the limit of 500"),
        (400, "tight", "400, near the limit of 500"),
        (500, "tight", "500, all of the limit of 500"),
        (501, "breach", "501, over the limit of 500"),
    ],
)
def test_a_template_has_so_many_resources(check, count, expected, words):
    template = {"Resources": {f"T{n}": {"Type": "AWS::SNS::Topic"} for n in range(count)}}
    (finding,) = (one for one in check(template).findings if one.limit == "cfn.resources")
    assert finding.verdict == expected
    assert finding.message.partition(". ")[0] == f"The number of resources is {words}"


def test_a_length_is_that_of_what_has_it(check):
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q" * 81}}
    messages = [one.message for one in check({"Resources": {"Q": queue}}).findings]
    assert "The length of the name of the queue is 81 characters, over the limit of 80 characters" in messages


@pytest.mark.parametrize(
    ("size", "expected"),
    [(800_000, []), (1_000_000, ["tight"]), (1_048_576, ["tight"]), (1_048_577, ["breach"])],
)
def test_a_template_has_so_many_bytes(check, size, expected):
    text = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
    findings = [one for one in check(text + " " * (size - len(text))).findings if one.limit == "cfn.body"]
    assert [one.verdict for one in findings] == expected
    assert all("1,000,000 bytes" in one.message for one in findings if 1_000_000 < size <= 1_048_576)


SECTIONS = [("Parameters", "cfn.parameters", {"Type": "String"}), ("Outputs", "cfn.outputs", {"Value": "x"}),
            ("Mappings", "cfn.mappings", {"a": {"b": "c"}})]  # fmt: skip


@pytest.mark.parametrize(("name", "limit", "entry"), SECTIONS)
@pytest.mark.parametrize(("count", "expected"), [(100, []), (200, ["tight"]), (201, ["breach"])])
def test_a_section_has_so_many_entries(verdict, name, limit, entry, count, expected):
    template = {"Resources": {"T": {"Type": "AWS::SNS::Topic"}}, name: {f"E{n}": entry for n in range(count)}}
    assert verdict(limit, template) == expected


@pytest.mark.parametrize(("size", "expected"), [(100, []), (4096, ["tight"]), (4097, ["breach"])])
def test_a_parameters_value_has_so_many_bytes_and_is_not_shown(check, size, expected):
    own = {
        "Resources": {"T": {"Type": "AWS::SNS::Topic"}},
        "Parameters": {"P": {"Type": "String", "Default": "s" * size}},
    }
    nested = resources(
        N=("AWS::CloudFormation::Stack", {"TemplateURL": "https://x", "Parameters": {"P": "s" * size}})
    )
    for template in (own, nested):
        report = check(template)
        assert [one.verdict for one in report.findings if one.limit == "cfn.parameter.value"] == expected
        assert "ssss" not in json.dumps(report.to_dict())


def test_a_whole_template_is_no_resource_of_the_summary(check):
    report = check({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
    assert report.summary["checked"] == 0 and report.summary["resources"] == 1


# Policies -----------------------------------------------------------------------------------------


def policy(size):
    """A document of so many characters, with white space that does not count."""
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "x", "Resource": ["a b"]}],
    }
    short = len(json.dumps(document, separators=(",", ":")).replace(" ", ""))
    document["Statement"][0]["Resource"] = ["a b" + "r" * (size - short)]
    return document


@pytest.mark.parametrize(("size", "expected"), [(5000, []), (10_240, ["tight"]), (10_241, ["breach"])])
def test_the_inline_policies_of_a_role_count_together(verdict, size, expected):
    half = size // 2
    one, other = policy(half), policy(size - half)
    role = {
        "Policies": [{"PolicyName": "a", "PolicyDocument": one}, {"PolicyName": "b", "PolicyDocument": other}]
    }
    assert verdict("iam.role.inline", resources(R=("AWS::IAM::Role", role))) == expected
    apart = resources(
        R=("AWS::IAM::Role", {"Policies": [{"PolicyName": "a", "PolicyDocument": one}]}),
        P=("AWS::IAM::Policy", {"Roles": [{"Ref": "R"}], "PolicyDocument": other}),
    )
    assert verdict("iam.role.inline", apart) == expected
    assert verdict("iam.role.inline", resources(F=(SAM, {"Policies": [one, other]}))) == expected


@pytest.mark.parametrize(("size", "expected"), [(3000, []), (6144, ["tight"]), (6145, ["breach"])])
def test_a_managed_policy_has_so_many_characters(verdict, size, expected):
    template = resources(P=("AWS::IAM::ManagedPolicy", {"PolicyDocument": policy(size)}))
    assert verdict("iam.policy", template) == expected


def test_references_in_a_policy_count_by_their_usual_length(verdict):
    many = {
        "Statement": [{"Effect": "Allow", "Action": "x", "Resource": [arn(f"Queue{n}") for n in range(120)]}]
    }
    role = {"Policies": [{"PolicyName": "a", "PolicyDocument": many}]}
    assert verdict("iam.role.inline", resources(R=("AWS::IAM::Role", role))) == ["tight"]


@pytest.mark.parametrize(("count", "expected"), [(20, []), (90, ["tight"])])
def test_permissions_make_a_functions_policy(verdict, count, expected):
    permission = {
        "FunctionName": {"Ref": "F"},
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": {"Fn::Sub": "arn:${Api}/*"},
    }
    permissions = {f"Permission{n}": ("AWS::Lambda::Permission", permission) for n in range(count)}
    assert verdict("lambda.policy", resources(F=(FUNCTION, {}), **permissions)) == expected


# Callers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("timeout", "expected"), [(9, "fits"), (10, "tight"), (11, "breach")])
def test_an_http_api_waits_10_s_for_its_authorizer(verdict, timeout, expected):
    function, limit = (SAM, {"Timeout": timeout}), "apigw.http.authorizer.timeout"
    auth = {"Authorizers": {"A": {"FunctionArn": arn("F")}}}
    assert verdict(limit, resources(F=function, Api=("AWS::Serverless::HttpApi", {"Auth": auth}))) == [
        expected
    ]
    uri = {
        "Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${F.Arn}/invocations"
    }
    authorizer = ("AWS::ApiGatewayV2::Authorizer", {"ApiId": {"Ref": "Api"}, "AuthorizerUri": uri})
    for protocol, verdicts in (("HTTP", [expected]), ("WEBSOCKET", [])):
        api = ("AWS::ApiGatewayV2::Api", {"ProtocolType": protocol})
        assert verdict(limit, resources(F=function, Api=api, A=authorizer)) == verdicts


@pytest.mark.parametrize(("timeout", "expected"), [(4, "fits"), (5, "tight"), (30, "tight")])
def test_cognito_waits_5_s_for_a_trigger(verdict, timeout, expected):
    function = (SAM, {"Timeout": timeout})
    for config in ({"PreSignUp": arn("F")}, {"PreTokenGenerationConfig": {"LambdaArn": arn("F")}}):
        pool = ("AWS::Cognito::UserPool", {"LambdaConfig": config})
        assert verdict("cognito.trigger", resources(F=function, P=pool)) == [expected]
    sender = ("AWS::Cognito::UserPool", {"LambdaConfig": {"CustomSMSSender": {"LambdaArn": arn("F")}}})
    assert verdict("cognito.trigger", resources(F=function, P=sender)) == []
    event = {"E": {"Type": "Cognito", "Properties": {"UserPool": {"Ref": "P"}, "Trigger": "PreSignUp"}}}
    assert verdict("cognito.trigger", resources(F=(SAM, {"Timeout": timeout, "Events": event}))) == [expected]


@pytest.mark.parametrize(("timeout", "expected"), [(299, "fits"), (300, "tight"), (301, "breach")])
def test_firehose_waits_300_s_for_a_transformation(verdict, timeout, expected):
    parameters = [{"ParameterName": "LambdaArn", "ParameterValue": arn("F")}]
    processing = {"ProcessingConfiguration": {"Processors": [{"Type": "Lambda", "Parameters": parameters}]}}
    stream = ("AWS::KinesisFirehose::DeliveryStream", {"ExtendedS3DestinationConfiguration": processing})
    assert verdict("firehose.transform", resources(F=(FUNCTION, {"Timeout": timeout}), S=stream)) == [
        expected
    ]


def workflow(timeout, whole=None, kind="STANDARD", **state):
    task = {"Type": "Task", "Resource": arn("F"), "End": True, **state}
    definition = {"StartAt": "A", "States": {"A": task}, **({"TimeoutSeconds": whole} if whole else {})}
    machine = ("AWS::Serverless::StateMachine", {"Type": kind, "Definition": definition})
    return resources(F=(SAM, {"Timeout": timeout}), M=machine)


STATES = [
    (workflow(60, TimeoutSeconds=60), "sfn.duration.std", []),
    (workflow(61, TimeoutSeconds=60), "sfn.duration.std", ["tight"]),
    (workflow(61, whole=60), "sfn.duration.std", ["fits", "tight"]),
    (workflow(301, kind="EXPRESS"), "sfn.duration.exp", ["tight"]),
    (workflow(300, kind="EXPRESS"), "sfn.duration.exp", []),
    (workflow(1, TimeoutSeconds=60, HeartbeatSeconds=59), "sfn.heartbeat", []),
    (workflow(1, TimeoutSeconds=60, HeartbeatSeconds=60), "sfn.heartbeat", ["breach"]),
    (
        workflow(
            61,
            TimeoutSeconds=60,
            Resource="arn:aws:states:::lambda:invoke",
            Parameters={"FunctionName": {"Ref": "F"}},
        ),
        "sfn.duration.std",
        ["tight"],
    ),
    (
        workflow(
            61,
            TimeoutSeconds=60,
            Resource="arn:aws:states:::lambda:invoke",
            Parameters={"FunctionName": {"Ref": "F"}, "InvocationType": "Event"},
        ),
        "sfn.duration.std",
        [],
    ),
]


@pytest.mark.parametrize(("template", "limit", "expected"), STATES)
def test_a_state_and_its_workflow_wait_for_the_function(verdict, template, limit, expected):
    assert sorted(verdict(limit, template)) == expected


@pytest.mark.parametrize(
    ("seconds", "door", "sync"), [(30, "tight", "fits"), (31, "breach", "fits"), (901, "breach", "breach")]
)
def test_a_caller_waits_for_the_whole_of_a_durable_execution(verdict, seconds, door, sync):
    events = {"E": {"Type": "HttpApi"}}
    properties = {"Timeout": 10, "Events": events, "DurableConfig": {"ExecutionTimeout": seconds}}
    assert verdict("apigw.http.timeout", resources(F=(SAM, properties))) == [door]
    assert verdict("durable.sync", resources(F=(SAM, properties))) == [sync]
    assert verdict("durable.sync", resources(F=(SAM, {**properties, "Events": {}}))) == []


# Event sources ------------------------------------------------------------------------------------


def mapped(queue=None, **mapping):
    source = {"EventSourceArn": arn("Q"), "FunctionName": {"Ref": "F"}, **mapping}
    return resources(
        F=(FUNCTION, {"Timeout": 5}),
        Q=("AWS::SQS::Queue", {"VisibilityTimeout": 2000, **(queue or {})}),
        M=("AWS::Lambda::EventSourceMapping", source),
    )


def evented(**properties):
    event = {"E": {"Type": "SQS", "Properties": {"Queue": arn("Q"), **properties}}}
    return resources(
        F=(SAM, {"Timeout": 5, "Events": event}), Q=("AWS::SQS::Queue", {"VisibilityTimeout": 2000})
    )


FIFO = {"FifoQueue": True}
WINDOWLESS = "lambda.esm.batch_size.windowless"
MAPPINGS = [
    (mapped(BatchSize=10), WINDOWLESS, []),
    (mapped(BatchSize=11), WINDOWLESS, ["breach"]),
    (mapped(BatchSize=11, MaximumBatchingWindowInSeconds=1), WINDOWLESS, []),
    (mapped(BatchSize=11, MaximumBatchingWindowInSeconds=0), WINDOWLESS, ["breach"]),
    (mapped(BatchSize=11, MaximumBatchingWindowInSeconds={"Ref": "W"}), WINDOWLESS, []),
    (evented(BatchSize=11), WINDOWLESS, ["breach"]),
    (mapped(FIFO, BatchSize=10), "lambda.esm.batch_size.fifo", []),
    (mapped(FIFO, BatchSize=11), "lambda.esm.batch_size.fifo", ["breach"]),
    (mapped({"QueueName": "q.fifo"}, BatchSize=11), "lambda.esm.batch_size.fifo", ["breach"]),
    (mapped(FIFO, MaximumBatchingWindowInSeconds=1), "lambda.esm.window", ["fits", "breach"]),
    (mapped(MaximumRecordAgeInSeconds=-1), "lambda.esm.age", ["fits"]),
    (mapped(MaximumRecordAgeInSeconds=59), "lambda.esm.age", ["breach", "fits"]),
    (mapped(MaximumRecordAgeInSeconds=60), "lambda.esm.age", ["fits"]),
    (evented(ScalingConfig={"MaximumConcurrency": 1}), "lambda.esm.sqs.max_concurrency", ["breach"]),
    (
        mapped(ScalingConfig={"MaximumConcurrency": 5}, ProvisionedPollerConfig={"MaximumPollers": 2}),
        "lambda.esm.sqs.max_concurrency",
        ["fits", "breach"],
    ),
]


@pytest.mark.parametrize(("template", "limit", "expected"), MAPPINGS)
def test_a_mapping_is_held_against_what_its_source_allows(verdict, template, limit, expected):
    assert sorted(verdict(limit, template)) == sorted(expected)


@pytest.mark.parametrize(("reserved", "expected"), [(5, ["fits"]), (4, ["fits", "tight"])])
def test_what_is_reserved_is_enough_for_the_queues(verdict, reserved, expected):
    template = mapped(ScalingConfig={"MaximumConcurrency": 5})
    template["Resources"]["F"]["Properties"]["ReservedConcurrentExecutions"] = reserved
    assert sorted(verdict("lambda.esm.sqs.max_concurrency", template)) == expected


@pytest.mark.parametrize(("visibility", "expected"), [(659, "tight"), (660, "fits")])
def test_a_queues_visibility_covers_the_batching_window(verdict, visibility, expected):
    template = evented(MaximumBatchingWindowInSeconds=300)
    template["Resources"]["F"]["Properties"]["Timeout"] = 60
    template["Resources"]["Q"]["Properties"]["VisibilityTimeout"] = visibility
    assert expected in verdict("sqs.visibility", template)


# CloudFront ---------------------------------------------------------------------------------------


def distributed(timeout, domain, read=None, **others):
    custom = {"OriginReadTimeout": read} if read else {}
    origin = {"Id": "o", "DomainName": domain, "CustomOriginConfig": custom}
    front = ("AWS::CloudFront::Distribution", {"DistributionConfig": {"Origins": [origin]}})
    return resources(F=(FUNCTION, {"Timeout": timeout}), D=front, **others)


URL = {"U": ("AWS::Lambda::Url", {"TargetFunctionArn": {"Ref": "F"}})}
OF_URL = {"Fn::Select": [2, {"Fn::Split": ["/", {"Fn::GetAtt": ["U", "FunctionUrl"]}]}]}
API = {
    "A": ("AWS::ApiGatewayV2::Api", {"ProtocolType": "HTTP"}),
    "I": ("AWS::ApiGatewayV2::Integration", {"ApiId": {"Ref": "A"}, "IntegrationUri": arn("F")}),
}
OF_API = {"Fn::Sub": "${A}.execute-api.${AWS::Region}.amazonaws.com"}


@pytest.mark.parametrize(("domain", "others"), [(OF_URL, URL), (OF_API, API)])
@pytest.mark.parametrize(
    ("timeout", "read", "expected"),
    [(30, None, "tight"), (31, None, "breach"), (60, 60, "tight"), (61, 60, "breach"), (29, None, "fits")],
)
def test_cloudfront_waits_30_s_for_its_origin_unless_it_is_set(
    verdict, domain, others, timeout, read, expected
):
    assert expected in verdict("cf.origin.timeout", distributed(timeout, domain, read, **others))


def test_a_distribution_before_a_bucket_waits_for_no_function(verdict):
    template = distributed(900, arn("B"), B=("AWS::S3::Bucket", {}))
    assert verdict("cf.origin.timeout", template) == []


@pytest.mark.parametrize(
    ("properties", "limit"),
    [({"Environment": {"Variables": {"AB": "x"}}}, "edge.env"), ({"Layers": ["arn"]}, "edge.layers"),
     ({"PackageType": "Image"}, "edge.package")],
)  # fmt: skip
def test_a_function_at_the_edge_has_no_environment_no_layers_and_no_image(verdict, properties, limit):
    association = {
        "LambdaFunctionAssociations": [{"EventType": "viewer-request", "LambdaFunctionARN": {"Ref": "V"}}]
    }
    front = ("AWS::CloudFront::Distribution", {"DistributionConfig": {"DefaultCacheBehavior": association}})
    version = ("AWS::Lambda::Version", {"FunctionName": {"Ref": "F"}})
    assert verdict(limit, resources(F=(FUNCTION, properties), V=version, D=front)) == ["breach"]
    assert verdict(limit, resources(F=(FUNCTION, properties), V=version)) == []


# Concurrency, caches, tasks -----------------------------------------------------------------------


@pytest.mark.parametrize(("provisioned", "expected"), [(10, ["fits"]), (11, ["breach"])])
def test_provisioned_concurrency_comes_out_of_what_is_reserved(verdict, provisioned, expected):
    config = {"ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": provisioned}}
    limit, reserved = "lambda.concurrency.provisioned", {"ReservedConcurrentExecutions": 10}
    assert verdict(limit, resources(F=(SAM, {**reserved, **config}))) == expected
    alias = ("AWS::Lambda::Alias", {"FunctionName": {"Ref": "F"}, **config})
    assert verdict(limit, resources(F=(FUNCTION, reserved), A=alias)) == expected


SNAPPED = {"SnapStart": {"ApplyOn": "PublishedVersions"}}


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({}, []),
        ({"FileSystemConfigs": [{"Arn": "a"}]}, ["breach"]),
        ({"PackageType": "Image"}, ["breach"]),
        ({"ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1}}, ["breach"]),
    ],
)
def test_snapstart_excludes(verdict, other, expected):
    assert verdict("lambda.snapstart", resources(F=(SAM, {**SNAPPED, **other}))) == expected


def test_a_reservation_is_said_to_be_refused_in_new_accounts(check):
    (finding,) = [one for one in check(resources(F=(FUNCTION, {"ReservedConcurrentExecutions": 1}))).findings
                if one.limit == "lambda.concurrency"]  # fmt: skip
    assert finding.verdict == "fits" and "new" in finding.message and "100" in finding.message


CACHES = [
    ("PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE", 1000, "ext.cache.items"),
    ("SSM_PARAMETER_STORE_TTL", 300, "ext.cache.ttl"),
    ("SECRETS_MANAGER_TTL", 300, "ext.cache.ttl"),
]


@pytest.mark.parametrize(("name", "most", "limit"), CACHES)
def test_the_extensions_cache_ends(verdict, name, most, limit):
    for value, expected in ((most, "fits"), (most + 1, "breach")):
        assert verdict(limit, resources(F=(FUNCTION, {"Environment": {"Variables": {name: value}}}))) == [
            expected
        ]


TASKS = [
    ("256", "512", []),
    ("256", "4096", ["breach"]),
    ("300", "1024", ["breach"]),
    ("1024", "8192", []),
    ("1024", "8193", ["breach"]),
    ("1024", "1024", ["breach"]),
    ("16 vCPU", "120 GB", []),
    ("16 vCPU", "121 GB", ["breach"]),
    ("8 vCPU", "20 GB", []),  # from 8 vCPU on, memory is sold in steps of 4 and 8 GB
    ("8 vCPU", "21 GB", ["breach"]),
    ("16 vCPU", "40 GB", []),
    ("16 vCPU", "36 GB", ["breach"]),
    ("256", "2048", []),
    ("256", "1536", ["breach"]),  # 0.25 vCPU: 0.5, 1 or 2 GB
]


@pytest.mark.parametrize(("cpu", "memory", "expected"), TASKS)
def test_a_fargate_task_has_one_of_its_sizes(verdict, cpu, memory, expected):
    properties = {"RequiresCompatibilities": ["FARGATE"], "Cpu": cpu, "Memory": memory}
    assert verdict("fargate.task", resources(T=("AWS::ECS::TaskDefinition", properties))) == expected
    assert (
        verdict(
            "fargate.task",
            resources(T=("AWS::ECS::TaskDefinition", {**properties, "RequiresCompatibilities": ["EC2"]})),
        )
        == []
    )


COUNTS = [
    ("AWS::ApiGatewayV2::Route", "ApiId", "AWS::ApiGatewayV2::Api", 300, "apigw.http.routes", "tight"),
    (
        "AWS::ApiGateway::Resource",
        "RestApiId",
        "AWS::ApiGateway::RestApi",
        300,
        "apigw.rest.resources",
        "tight",
    ),
    (
        "AWS::Logs::SubscriptionFilter",
        "LogGroupName",
        "AWS::Logs::LogGroup",
        2,
        "logs.subscriptions",
        "breach",
    ),
]


@pytest.mark.parametrize(("kind", "name", "owner", "most", "limit", "expected"), COUNTS)
def test_an_owner_takes_so_many(verdict, kind, name, owner, most, limit, expected):
    for count, verdicts in ((most, []), (most + 1, [expected])):
        members = {f"M{n}": (kind, {name: {"Ref": "O"}}) for n in range(count)}
        assert verdict(limit, resources(O=(owner, {}), **members)) == verdicts
