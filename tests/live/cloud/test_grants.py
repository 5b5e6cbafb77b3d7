"""Who has no leave gets nothing done: roles by their policies, services by the function's or their role's."""

import json

import pytest

from tests.support.local_bench import TRUST, Bench, until, zipped

pytestmark = pytest.mark.live

ACCOUNT = "us-east-1:000000000000"
ASK = """
import boto3
def handle(event, context):
    try:
        getattr(boto3.client(event["service"]), event["call"])(**event["named"])
    except Exception as error:
        return str(error)
"""
STATEMENTS = {
    ("dynamodb:PutItem", "dynamodb:DeleteItem"): f"arn:aws:dynamodb:{ACCOUNT}:table/own",
    ("s3:PutObject",): "arn:aws:s3:::own-bucket/results/*",
    ("lambda:InvokeFunction",): f"arn:aws:lambda:{ACCOUNT}:function:callee:live",
    ("sqs:SendMessage",): f"arn:aws:sqs:{ACCOUNT}:own",
    ("states:StartExecution",): f"arn:aws:states:{ACCOUNT}:stateMachine:own",
    ("ssm:GetParametersByPath", "ssm:GetParameters"): f"arn:aws:ssm:{ACCOUNT}:parameter/own/*",
    ("secretsmanager:GetSecretValue",): f"arn:aws:secretsmanager:{ACCOUNT}:secret:own/*",
}
ITEM = {"TableName": "own", "Item": {"id": {"S": "1"}}}
CHECKED = {"TableName": "own", "Key": ITEM["Item"], "ConditionExpression": "attribute_exists(id)"}
OBJECT = {"Bucket": "own-bucket", "Body": "x"}
QUEUE = {"QueueUrl": "http://localhost/000000000000/own"}
MACHINE = {"stateMachineArn": f"arn:aws:states:{ACCOUNT}:stateMachine:own"}
DECRYPTED = {"Recursive": True, "WithDecryption": True}
ALLOWED = [
    ("dynamodb", "put_item", ITEM),
    ("dynamodb", "transact_write_items", {"TransactItems": [{"Put": ITEM}]}),
    ("s3", "put_object", {**OBJECT, "Key": "results/a"}),
    ("lambda", "invoke", {"FunctionName": "callee", "Qualifier": "live"}),
    ("lambda", "invoke", {"FunctionName": f"arn:aws:lambda:{ACCOUNT}:function:callee:live"}),
    ("sqs", "send_message", {**QUEUE, "MessageBody": "x"}),
    ("stepfunctions", "start_execution", MACHINE),
    ("ssm", "get_parameters_by_path", {"Path": "/own/", **DECRYPTED}),
    ("ssm", "get_parameters", {"Names": ["/own/a", "/own/b"], "WithDecryption": True}),
    ("secretsmanager", "get_secret_value", {"SecretId": "own/all"}),
]
DENIED = [
    ("dynamodb", "transact_write_items", {"TransactItems": [{"ConditionCheck": CHECKED}]}),
    ("dynamodb", "scan", {"TableName": "own"}),
    ("s3", "put_object", {**OBJECT, "Key": "other/a"}),
    ("s3", "get_object", {"Bucket": "own-bucket", "Key": "results/a"}),
    ("s3", "list_objects_v2", {"Bucket": "own-bucket"}),
    ("lambda", "invoke", {"FunctionName": "callee"}),
    ("lambda", "invoke", {"FunctionName": "callee", "Qualifier": "$LATEST"}),
    ("sqs", "receive_message", QUEUE),
    ("stepfunctions", "describe_state_machine", MACHINE),
    ("ssm", "get_parameters_by_path", {"Path": "/", **DECRYPTED}),
    ("ssm", "get_parameters_by_path", {"Path": "/other", **DECRYPTED}),
    ("ssm", "get_parameter", {"Name": "/own/a"}),
    ("ssm", "get_parameters", {"Names": ["/own/a", "/other/b"]}),
    ("secretsmanager", "get_secret_value", {"SecretId": "others/all"}),
    ("iam", "list_users", {}),
]


def role(bench: Bench, name: str, *statements: tuple, service: str = "lambda") -> str:
    """The ARN of a role that may do these actions on this resource, and nothing else."""
    trust = json.dumps(TRUST).replace("lambda.", f"{service}.")
    response = bench.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    allowed = [{"Effect": "Allow", "Action": action, "Resource": on} for action, on in statements]
    policy = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    if statements:
        bench.client("iam").put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
    return response["Role"]["Arn"]


@pytest.fixture(scope="module")
def asker(bench):
    """A function that may do little, and all that it may want to reach."""
    functions = bench.client("lambda")
    bench.table("own")
    bench.client("s3").create_bucket(Bucket="own-bucket")
    bench.client("sqs").create_queue(QueueName="own")
    bench.function("callee")
    version = functions.publish_version(FunctionName="callee")["Version"]
    functions.create_alias(FunctionName="callee", FunctionVersion=version, Name="live")
    steps = {"definition": '{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}', "roleArn": bench.role}
    bench.client("stepfunctions").create_state_machine(name="own", **steps)
    bench.client("ssm").put_parameter(Name="/own/a", Type="SecureString", Value="hunter2")
    for name in ("own/all", "others/all"):
        bench.client("secretsmanager").create_secret(Name=name, SecretString="hunter2")
    own = role(bench, "asker", *((list(actions), on) for actions, on in STATEMENTS.items()))
    # on a busy machine the SDK's first client alone takes seconds
    return bench.function("asker", Role=own, Code={"ZipFile": zipped(ASK)}, Timeout=60)


@pytest.mark.parametrize(
    ("service", "call", "arguments", "may"),
    [(*case, True) for case in ALLOWED] + [(*case, False) for case in DENIED],
)
def test_a_role_may_do_what_it_says_and_nothing_else(bench, asker, service, call, arguments, may):
    error = json.loads(bench.invoke({"service": service, "call": call, "named": arguments}, asker)["body"])
    assert (error is None) if may else ("not authorized" in error)


@pytest.mark.parametrize(("kind", "status"), [("http_api", 500), ("rest_api", 500)])
def test_a_door_needs_the_function_s_leave(bench, kind, status):
    name = bench.function(f"closed-{kind}")
    url = getattr(bench, kind)(name)
    assert bench.post(url, b"{}").status == 200
    statement = url.split("/_aws/execute-api/")[1].split("/")[0]
    bench.client("lambda").remove_permission(FunctionName=name, StatementId=statement)
    assert bench.post(url, b"{}").status == status


@pytest.mark.parametrize(("of", "ends"), [("worked", "SUCCEEDED"), ("other", "FAILED")])
def test_a_machine_does_what_its_role_may(bench, of, ends):
    name, steps = bench.function("worked"), bench.client("stepfunctions")
    own = role(
        bench,
        f"machine-{of}",
        ("lambda:InvokeFunction", f"arn:aws:lambda:{ACCOUNT}:function:{of}"),
        service="states",
    )
    task = {"Type": "Task", "Resource": f"arn:aws:lambda:{ACCOUNT}:function:{name}", "End": True}
    definition = json.dumps({"StartAt": "A", "States": {"A": task}})
    machine = steps.create_state_machine(name=f"by-{of}", roleArn=own, definition=definition)
    run = steps.start_execution(stateMachineArn=machine["stateMachineArn"], input="{}")["executionArn"]
    assert until(lambda: steps.describe_execution(executionArn=run)["status"] == ends)


def test_a_function_that_may_not_log_has_no_log(bench):
    logs = bench.client("logs")
    for name, on in (("logged", f"arn:aws:logs:{ACCOUNT}:log-group:/own/logged:*"), ("silent", "*")):
        logs.create_log_group(logGroupName=f"/own/{name}")
        actions = ["logs:CreateLogStream", "logs:PutLogEvents"] if name == "logged" else ["s3:GetObject"]
        own = role(bench, name, (actions, on))
        group = {"LogGroup": f"/own/{name}"}
        bench.invoke({"say": "x"}, bench.function(name, Role=own, LoggingConfig=group))
    assert until(lambda: logs.filter_log_events(logGroupName="/own/logged")["events"])
    assert logs.filter_log_events(logGroupName="/own/silent")["events"] == []


QUEUED = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]


@pytest.mark.parametrize(
    ("actions", "hidden_s", "says"),
    [(QUEUED, 10, ""), (QUEUED, 9, "less than Function timeout"), (QUEUED[:2], 10, "GetQueueAttributes")],
)
def test_a_queue_is_mapped_to_who_may_read_it_in_time(bench, actions, hidden_s, says):
    name = f"reader-{len(actions)}-{hidden_s}"
    own = role(bench, name, (actions, f"arn:aws:sqs:{ACCOUNT}:{name}"))
    queue = {"QueueName": name, "VisibilityTimeout": hidden_s}
    source, reader = f"arn:aws:sqs:{ACCOUNT}:{name}", bench.function(name, Role=own)
    mapping = {"EventSourceArn": source, "FunctionName": reader}
    resources = {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": queue},
        "Map": {"Type": "AWS::Lambda::EventSourceMapping", "DependsOn": "Queue", "Properties": mapping},
    }
    ended = bench.deploy(name, resources)
    assert ended == ("ROLLBACK_COMPLETE" if says else "CREATE_COMPLETE") and says in bench.reasons(name)
