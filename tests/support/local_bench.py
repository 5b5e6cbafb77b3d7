"""The few things that each test puts on a local cloud."""

import io
import json
import time
import urllib.error
import urllib.request
import zipfile
from functools import cache
from types import SimpleNamespace

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from explorer.live.cloud import instance

CODE = """
import json, os, sys, time
import boto3

def handle(event, context):
    at_door = False
    if not isinstance(event, dict):
        return event
    if "requestContext" in event:
        at_door = True
        event = {**event, **json.loads(event.get("body") or "{}")}
    if "say" in event:
        print(event["say"])
    time.sleep(event.get("sleep", 0))
    if "fail" in event:
        raise KeyError(event["fail"])
    if "exit" in event:
        os._exit(event["exit"])
    if "bytes" in event:
        return "x" * (event["bytes"] - 2)
    if "count" in event:
        table = boto3.resource("dynamodb").Table(event["count"])
        update = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": 1}}
        table.update_item(Key={"id": "n"}, **update)
        time.sleep(event.get("hold", 0))
        if event.get("hops", 0) > 1:
            again = json.dumps({**event, "hops": event["hops"] - 1})
            boto3.client("lambda").invoke(
                FunctionName=context.function_name, InvocationType="Event", Payload=again)
    if event.get("size"):
        return {"statusCode": 200, "body": str(len(json.dumps(event["whole"], separators=(",", ":"))))}
    if event.get("environment"):
        return dict(os.environ)
    return {"statusCode": 200, "body": json.dumps({"ok": True})} if at_door else {"ok": True}
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def zipped(code: str = CODE) -> bytes:
    """A package with one file, index.py; the same bytes for the same code at any time."""
    file, index = io.BytesIO(), zipfile.ZipInfo("index.py")
    index.external_attr = 0o600 << 16
    with zipfile.ZipFile(file, "w") as package:
        package.writestr(index, code)
    return file.getvalue()


class Bench:
    """A cloud, its clients, and what tests make there."""

    def __init__(self, up: instance.Cloud) -> None:
        self.cloud, self.session = up, up.session()
        self.client = cache(self.session.client)
        self.functions: dict[str, dict] = {}  # settings by name
        role = self.client("iam").create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(TRUST))
        self.role = role["Role"]["Arn"]
        self.client("iam").put_role_policy(
            RoleName="worker", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING)
        )

    def function(self, name: str = "worker", **settings) -> str:
        """The name of a function, made if there is none. All test files share the cloud, and its names."""
        settings_of_function = {
            "Role": self.role,
            "Runtime": "python3.13",
            "Handler": "index.handle",
            "Code": {"ZipFile": zipped()},
            "Timeout": 10,
        }
        settings_of_function |= settings
        if name not in self.functions:
            self.client("lambda").create_function(FunctionName=name, **settings_of_function)
            self.functions[name] = settings_of_function
        assert self.functions[name] == settings_of_function, f"{name} has other settings: use another name"
        return name

    def invoke(self, payload, name: str | None = None, **kwargs):
        """The answer of Invoke, its payload read."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        answer = self.client("lambda").invoke(FunctionName=name or self.function(), Payload=body, **kwargs)
        return {**answer, "body": answer["Payload"].read()}

    def http_api(self, function: str, auth: str = "NONE") -> str:
        """The address of an HTTP API in front of the function."""
        gateway = self.client("apigatewayv2")
        api = gateway.create_api(Name=function, ProtocolType="HTTP")["ApiId"]
        arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function}"
        integration = gateway.create_integration(
            ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
        )
        target = f"integrations/{integration['IntegrationId']}"
        gateway.create_route(ApiId=api, RouteKey="$default", Target=target, AuthorizationType=auth)
        gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        self._let_in(function, api)
        return f"{self.cloud.endpoint_url}/_aws/execute-api/{api}/$default/"

    def rest_api(self, function: str, auth: str = "NONE", binary: list[str] | None = None) -> str:
        """The address of a REST API in front of the function."""
        gateway = self.client("apigateway")
        api = gateway.create_rest_api(name=function, binaryMediaTypes=binary or [])["id"]
        root = gateway.get_resources(restApiId=api)["items"][0]["id"]
        below = gateway.create_resource(restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
        for place in (root, below):
            self._method({"restApiId": api, "resourceId": place, "httpMethod": "POST"}, function, auth)
        gateway.create_deployment(restApiId=api, stageName="live")
        self._let_in(function, api)
        return f"{self.cloud.endpoint_url}/_aws/execute-api/{api}/live/"

    def _method(self, where: dict, function: str, auth: str) -> None:
        gateway = self.client("apigateway")
        gateway.put_method(**where, authorizationType=auth)
        arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function}"
        uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
        gateway.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)

    def _let_in(self, function: str, api: str) -> None:
        source = f"arn:aws:execute-api:us-east-1:000000000000:{api}/*"
        allowed = {"Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"}
        self.client("lambda").add_permission(
            FunctionName=function, StatementId=api, SourceArn=source, **allowed
        )

    def function_url(self, function: str, auth: str = "NONE") -> str:
        """The address of the function's own URL, as the loopback resolves it."""
        url_config = self.client("lambda").create_function_url_config(FunctionName=function, AuthType=auth)
        id = url_config["FunctionUrl"].split("//")[1].split(".")[0]
        return f"{self.cloud.endpoint_url}/_aws/lambda-url/{id}/"

    def table(self, name: str) -> str:
        """A table with the key `id`."""
        self.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    def counted(self, table: str) -> int:
        """How often functions have counted there."""
        item = self.session.resource("dynamodb").Table(table).get_item(Key={"id": "n"}).get("Item")
        return int(item["n"]) if item else 0

    def post(self, url: str, body: bytes | None, method: str = "POST", **headers: str) -> SimpleNamespace:
        """The answer to a POST of JSON, whatever its status."""
        request = urllib.request.Request(
            url, body, {"Content-Type": "application/json", **headers}, method=method
        )
        return self.fetch(request)

    def fetch(self, request) -> SimpleNamespace:
        """The answer to a request, whatever its status."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return SimpleNamespace(status=answer.status, headers=answer.headers, body=answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return SimpleNamespace(status=error.code, headers=error.headers, body=error.read())

    def signed(self, method: str, path: str, body: bytes, service: str = "lambda", **headers: str):
        """A request that the SDK would not send, signed as it would."""
        request = AWSRequest(method, self.cloud.endpoint_url + path, headers, body)
        SigV4Auth(self.session.get_credentials(), service, "us-east-1").add_auth(request)
        return self.fetch(urllib.request.Request(request.url, body, dict(request.headers), method=method))

    def deploy(self, name: str, resources: dict) -> str:
        """The status in which a stack of these resources ends."""
        formation = self.client("cloudformation")
        if "templates" not in [row["Name"] for row in self.client("s3").list_buckets()["Buckets"]]:
            self.client("s3").create_bucket(Bucket="templates")
        template = json.dumps({"Resources": resources})
        self.client("s3").put_object(Bucket="templates", Key=name, Body=template.encode())
        url = f"{self.cloud.endpoint_url}/templates/{name}"
        formation.create_stack(StackName=name, TemplateURL=url, Capabilities=["CAPABILITY_NAMED_IAM"])
        stack = {"StackStatus": "CREATE_IN_PROGRESS"}
        while stack["StackStatus"].endswith("IN_PROGRESS"):
            time.sleep(0.02)
            stack = formation.describe_stacks(StackName=name)["Stacks"][0]
        return stack["StackStatus"]

    def reasons(self, stack: str) -> str:
        """All that the events of a stack tell."""
        events = self.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
        return " ".join(event.get("ResourceStatusReason", "") for event in events)


class Caller:
    """A user of its own key, who may do what `statements` say."""

    def __init__(self, bench: Bench, name: str, statements: list[dict]) -> None:
        iam = bench.client("iam")
        self.bench, self.id = bench, iam.create_user(UserName=name)["User"]["UserId"]
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self.key = Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    def client(self, service: str):
        """A client of the SDK that is this user's."""
        own = {
            "aws_access_key_id": self.key.access_key,
            "aws_secret_access_key": self.key.secret_key,
            "aws_session_token": None,
        }
        return self.bench.session.client(service, **own)

    def signed(self, method: str, url: str, body: bytes, door: str, **headers: str) -> dict[str, str]:
        """The headers of a request, signed for the door."""
        request = AWSRequest(method, url, {"Content-Type": "application/json", **headers}, body)
        SigV4Auth(self.key, "lambda" if door == "url" else "execute-api", "us-east-1").add_auth(request)
        return dict(request.headers)

    def ask(self, method: str, url: str, body: bytes, door: str, **headers: str) -> SimpleNamespace:
        """The answer of a door to this user's request."""
        return self.bench.post(url, body, method=method, **self.signed(method, url, body, door, **headers))


def until(condition, seconds: float = 60) -> bool:
    """Whether the condition comes true before it is given up."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def refused(call, *args, **kwargs) -> ClientError:
    """The error that boto3 raises for the call."""
    with pytest.raises(ClientError) as caught:
        call(*args, **kwargs)
    return caught.value


def code(error: ClientError) -> tuple[int, str]:
    """Status and code, as AWS gives them."""
    return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
