"""What it takes to try to get in: stacks, their callers, requests as no honest client sends them, and
what may be tried with the leave that a role or a caller has."""

import http.client
import json
import os
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from explorer import Workload
from explorer.live.client.signing import Credentials, Scope, Signer
from explorer.live.deployment.deploy import deploy

CLOUD = f"security-{os.getpid()}"
JSON = "application/json"
PROBLEM = "application/problem+json"
HEARD: list[bytes] = []  # every answer that was given to anybody

# Requests --------------------------------------------------------------------------------------


def send(method: str, url: str, body: bytes = b"", **headers: str) -> SimpleNamespace:
    """The answer to a request, its path and headers as they are written here."""
    parts = urlsplit(url)
    line = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        line.putrequest(method, parts.path + (f"?{parts.query}" if parts.query else ""), skip_host=True)
        for name, value in ({"host": parts.netloc, "content-length": str(len(body))} | headers).items():
            line.putheader(name, value)
        line.endheaders(body)
        answer = line.getresponse()
        reply = SimpleNamespace(
            status=answer.status,
            kind=answer.headers.get_content_type(),
            headers={name.lower(): value for name, value in answer.getheaders()},
            body=answer.read(),
        )
    finally:
        line.close()
    HEARD.append(repr(reply.headers).encode() + reply.body)
    return reply


@dataclass
class Caller:
    """Someone with a key, at the door of one stack."""

    url: str
    key: dict = field(repr=False)

    def ask(self, method: str, path: str, body=b"", *, now=None, **headers: str) -> SimpleNamespace:
        """Signed, for exactly this path and this body. `body` is bytes, or what JSON can say."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        all_headers = {"content-type": JSON} | {
            name.replace("_", "-"): text for name, text in headers.items()
        }
        return send(method, self.url + path, raw, **self.signed(method, path, raw, all_headers, now))

    def signed(self, method: str, path: str, raw: bytes, headers: dict, now=None) -> dict:
        """The headers with their signature."""
        scope = Scope.of(self.url, self.key.get("service"), self.key.get("region"))
        signer = Signer(scope, lambda: Credentials.of(self.key))
        return signer.sign(method, self.url + path, headers, raw, now or datetime.now(UTC))


def problem(answer: SimpleNamespace) -> dict:
    """What a refusal says, which is nothing but its four members."""
    assert answer.kind == PROBLEM, (answer.status, answer.kind, answer.body[:200])
    members = json.loads(answer.body)
    assert set(members) == {"type", "title", "status", "detail"} and members["status"] == answer.status
    return members


# Stacks ----------------------------------------------------------------------------------------

SITES = {  # name: door, execution, configuration, secrets
    "function-url": ("function-url", "single", "parameter-store", 2),
    "http-api": ("http-api", "queued", "secrets-manager", 2),
    "rest-api": ("rest-api", "step-functions", "parameter-store-advanced", 2),
    "recursion": ("function-url", "recursion", "appconfig", 0),
    "durable": ("http-api", "durable", "environment", 0),
    "run": ("http-api", "single", "secrets-manager", 2),
    "bundled": ("rest-api", "single", "bundled", 0),
    "pushed": ("http-api", "single", "bundled", 0),
}
RESPONSES = {"run": "buffered", "pushed": "pushed"}  # of the others: stored


class Site:
    """A stack, its caller Alice, another caller Bob, and what it is made of."""

    def __init__(self, name: str) -> None:
        door, self.execution, self.store, self.secrets = SITES[name]
        self.name = name
        workload = Workload(
            name=name,
            requests_per_month=1e4,
            request="2 KB",
            response={"p50": "2 KB", "binary": name == "rest-api"},  # its door then hands bytes over
            runtime={"p50": "1 s", "divisible": True, "steps": 4, "state": "1 KB"},
            configuration={"total": "2 KB", "entries": 5, "secrets": self.secrets},
        )
        design = {
            "door": door,
            "request": "presigned-upload",
            "response": RESPONSES.get(name, "stored"),
            "execution": self.execution,
            "configuration": self.store,
        }
        self.standing = deploy(workload, design, cloud=CLOUD, settings={"lease_s": 3})
        self.stack, self.url = self.standing.name, self.standing.url
        self.admin = self.standing.target.client
        self.alice, self.bob = Caller(self.url, self.standing.credentials()), self.caller("bob")
        self._gather()

    def _gather(self) -> None:
        pages = self.admin("cloudformation").get_paginator("list_stack_resources")
        row_pages = pages.paginate(StackName=self.stack)
        rows = [each for page in row_pages for each in page["StackResourceSummaries"]]
        self.resources = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in rows}
        of = {each["LogicalResourceId"]: each["ResourceType"] for each in rows}
        kinds = ("AWS::IAM::Role", "AWS::Lambda::Function", "AWS::S3::Bucket")
        roles, functions, buckets = ([id for id in of if of[id] == kind] for kind in kinds)
        self.roles = {id.removesuffix("Role").lower(): self.resources[id] for id in roles}  # by the part
        self.functions = [self.resources[id] for id in functions]
        self.buckets = [*(self.resources[id] for id in buckets), f"{self.stack}-code"]

    @property
    def sockets(self) -> str:
        """The address of the connections of the WebSocket API."""
        cloud = self.standing.target.cloud
        return f"{cloud.endpoint_url}/_aws/execute-api/{self.resources['SocketApi']}/live"

    def arn(self, part: str) -> str:
        """Of the role of a part."""
        return self.admin("iam").get_role(RoleName=self.roles[part])["Role"]["Arn"]

    def caller(self, name: str, admitted: bool = True) -> Caller:
        """Somebody else with a key of the account, with leave to use this endpoint or without."""
        iam, user = self.admin("iam"), f"{self.stack}-{name}"
        iam.create_user(UserName=user)
        if admitted:
            iam.attach_user_policy(UserName=user, PolicyArn=self.standing.outputs["CallerPolicy"])
        key = iam.create_access_key(UserName=user)["AccessKey"]
        return Caller(
            self.url, {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}
        )

    def job(self, who: Caller | None = None, body: object = None, query: str = "", **headers: str) -> str:
        """The id of a job that was accepted."""
        body = {"response_bytes": 9} if body is None else body
        answer = (who or self.alice).ask("POST", f"/jobs{query}", body, **headers)
        assert answer.status == 202, answer
        return json.loads(answer.body)["id"]

    def ended(self, id: str, who: Caller | None = None) -> dict:
        """A job's last status."""
        until = time.monotonic() + 60
        while True:
            job = json.loads((who or self.alice).ask("GET", f"/jobs/{id}").body)
            if job["status"] not in ("queued", "running"):
                return job
            assert time.monotonic() < until, job
            time.sleep(0.05)

    def upload(self, content: bytes = b"{}", **more) -> SimpleNamespace:
        """An upload that was signed for; its content is not sent yet."""
        answer = self.alice.ask("POST", "/uploads", {"bytes": len(content), "content_type": JSON, **more})
        assert answer.status == 201, answer
        return SimpleNamespace(**json.loads(answer.body), content=content)

    def uploaded(self, content: bytes = b"{}") -> str:
        """The token of an upload that is there."""
        signed = self.upload(content)
        assert send("PUT", signed.upload_url, content, **{"content-type": JSON}).status == 200
        return signed.upload


# What may be tried with somebody's leave: service, call, and its arguments at a stack ------------

ITEM = {"id": {"S": "intruder"}}
EVENT = json.dumps({"id": "nobody", "token": "x", "hop": 0})  # of a job that is not there
CHANGE = {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "b"}}}
QUERY = {"KeyConditionExpression": "id = :i", "ExpressionAttributeValues": {":i": {"S": "x"}}}
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def row(call, **more):
    return "dynamodb", call, lambda at: {"TableName": at.resources["Jobs"], **more}


def thing(call, bucket, key, **more):
    return "s3", call, lambda at: {"Bucket": at.resources[bucket], "Key": key, **more}


def bucket(call, name):
    return "s3", call, lambda at: {"Bucket": at.resources[name]}


def code(call, **more):
    return "s3", call, lambda at: {"Bucket": f"{at.stack}-code", "Key": "functions.zip", **more}


def function(call, which, **more):
    return "lambda", call, lambda at: {"FunctionName": f"{at.stack}-{which}", **more}


def role(call, **more):
    return "iam", call, lambda at: {"RoleName": next(iter(at.roles.values())), **more}


def secret_entry(service, call, name, **more):
    """Of the entry of the configuration that is secret."""
    slash = "/" if service == "ssm" else ""
    return service, call, lambda at: {name: f"{slash}{at.stack}/CFG_5", **more}


def own_resource(service, call, name, logical, **more):
    return service, call, lambda at: {name: at.resources[logical], **more}


def plainly(service, call, **arguments):
    return service, call, lambda at: arguments


def job_receiver(at) -> str:
    """Where the submit function hands its jobs."""
    name = next(name for name in at.functions if name.endswith(("-front", "-submit")))
    settings = at.admin("lambda").get_function_configuration(FunctionName=name)
    return settings["Environment"]["Variables"]["HAND_TO"]


def log_of(at) -> dict:
    return {"logGroupName": f"/aws/lambda/{at.stack}-work"}


def session(at) -> dict:
    ids = (at.resources[logical].rpartition("|")[2] for logical in ("Application", "Environment", "Profile"))
    names = ("ApplicationIdentifier", "EnvironmentIdentifier", "ConfigurationProfileIdentifier")
    return dict(zip(names, ids))


def parameters(at) -> dict:
    return {"Names": [f"/{at.stack}/CFG_5"], "WithDecryption": True}


CALLED = {"InvocationType": "Event", "Payload": EVENT}
HAND_OVER = {
    "single": ("lambda", "invoke", lambda at: {"FunctionName": job_receiver(at), **CALLED}),
    "queued": own_resource("sqs", "send_message", "QueueUrl", "Queue", MessageBody=EVENT),
    "step-functions": own_resource(
        "stepfunctions", "start_execution", "stateMachineArn", "Workflow", input=EVENT
    ),
}
HAND_OVER |= dict.fromkeys(("recursion", "durable"), HAND_OVER["single"])
READ_STORE = {
    "parameter-store": ("ssm", "get_parameters", parameters),
    "parameter-store-advanced": ("ssm", "get_parameters", parameters),
    "secrets-manager": secret_entry("secretsmanager", "get_secret_value", "SecretId"),
    "appconfig": ("appconfigdata", "start_configuration_session", session),
}
EVERYWHERE = {
    "put an upload": thing("put_object", "UploadsBucket", "uploads/x", Body=b"{}"),
    "get an upload": thing("get_object", "UploadsBucket", "uploads/x"),
    "call the worker": function("invoke", "work", **CALLED),
    # none of these is anybody's part
    "delete an upload": thing("delete_object", "UploadsBucket", "uploads/x"),
    "list the uploads": bucket("list_objects_v2", "UploadsBucket"),
    "list the buckets": plainly("s3", "list_buckets"),
    "lift the policy": bucket("delete_bucket_policy", "UploadsBucket"),
    "get the code": code("get_object"),
    "put the code": code("put_object", Body=b""),
    "list the tables": plainly("dynamodb", "list_tables"),
    "replace the worker": function("update_function_code", "work", ZipFile=b""),
    "look at the worker": function("get_function", "work"),
    "list the functions": plainly("lambda", "list_functions"),
    "list the users": plainly("iam", "list_users"),
    "make a user": plainly("iam", "create_user", UserName="intruder"),
    "make a key": ("iam", "create_access_key", lambda at: {"UserName": f"{at.stack}-caller"}),
    "widen a role": role("put_role_policy", PolicyName="x", PolicyDocument="{}"),
    "hand a role all": role("attach_role_policy", PolicyArn=ADMINISTRATOR),
    "read a parameter": secret_entry("ssm", "get_parameter", "Name"),
    "read all parameters": plainly("ssm", "get_parameters_by_path", Path="/", Recursive=True),
    "write a parameter": secret_entry("ssm", "put_parameter", "Name", Value="x", Overwrite=True),
    "list the secrets": plainly("secretsmanager", "list_secrets"),
    "write a secret": secret_entry("secretsmanager", "put_secret_value", "SecretId", SecretString="x"),
    "list the queues": plainly("sqs", "list_queues"),
    "list the machines": plainly("stepfunctions", "list_state_machines"),
    "list the keys": plainly("kms", "list_keys"),
    "list the stacks": plainly("cloudformation", "describe_stacks"),
    "take the stack down": ("cloudformation", "delete_stack", lambda at: {"StackName": at.stack}),
    "list the logs": plainly("logs", "describe_log_groups"),
    "read the logs": ("logs", "filter_log_events", log_of),
    "list the APIs": plainly("apigatewayv2", "get_apis"),
}
WITH_JOBS = {
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
    # none of these is anybody's part
    "scan the rows": row("scan"),
    "query the rows": row("query", **QUERY),
    "drop the table": row("delete_table"),
    "put elsewhere": thing("put_object", "ResultsBucket", "elsewhere/x", Body=b""),
    "get elsewhere": thing("get_object", "ResultsBucket", "elsewhere/x"),
    "put a name alike": thing("put_object", "ResultsBucket", "results", Body=b""),
    "delete a result": thing("delete_object", "ResultsBucket", "results/x"),
    "open a result": thing("put_object_acl", "ResultsBucket", "results/x", ACL="public-read"),
    "list the results": bucket("list_objects_v2", "ResultsBucket"),
    "open the results": bucket("delete_public_access_block", "ResultsBucket"),
}
KIND = {
    "queued": {
        "take a message": own_resource("sqs", "receive_message", "QueueUrl", "Queue"),
        "purge the queue": own_resource("sqs", "purge_queue", "QueueUrl", "Queue"),
    },
    "step-functions": {
        "look at the machine": own_resource(
            "stepfunctions", "describe_state_machine", "stateMachineArn", "Workflow"
        )
    },
    "recursion": {
        "bury an event": own_resource("sqs", "send_message", "QueueUrl", "DeadLetters", MessageBody=EVENT)
    },
}


def connection_of(at: Site) -> dict:
    return {"ConnectionId": "none"}


SOCKETS = {
    "send a notice": (
        "apigatewaymanagementapi",
        "post_to_connection",
        lambda at: {**connection_of(at), "Data": b""},
    ),
    "look at a connection": ("apigatewaymanagementapi", "get_connection", connection_of),
    "close a connection": ("apigatewaymanagementapi", "delete_connection", connection_of),
}


def attempts(site: Site) -> dict:
    """All that can be tried at a stack."""
    names = {name.removeprefix(f"{site.stack}-") for name in site.functions} - {"work"}
    calls = EVERYWHERE | {f"call {name}": function("invoke", name, Payload=b"{}") for name in names}
    if site.store in READ_STORE:
        calls |= {"read the store": READ_STORE[site.store]}
    if site.name != "run":
        calls |= WITH_JOBS | {"hand over": HAND_OVER[site.execution]} | KIND.get(site.execution, {})
    if site.name == "pushed":
        calls |= SOCKETS
    return calls


SLICED = {"recursion", "durable", "step-functions"}
ROW = {"read a row", "change a row"}
PARTS = {
    "caller": set(),
    "uploads": {"put an upload"},
    "status": {*ROW, "get a result"},
    "submit": {*ROW, "write a row", "remove a row", "put a body", "get an upload", "hand over"},
    "work": {*ROW, "get a body", "put a result", "get an upload", "read the store"},
    "workflow": {"call the worker", "list the logs"},  # a machine that writes a log has to
}
PARTS["front"] = PARTS["uploads"] | PARTS["status"] | PARTS["submit"]


def may(site: Site, part: str) -> set[str]:
    """Which of the attempts are what the part is there for."""
    if site.name == "run":
        return PARTS[part] & {"put an upload"} if part == "uploads" else {"get an upload", "read the store"}
    its = set(PARTS[part])
    if site.name == "pushed" and part in ("submit", "status", "work"):
        its |= {"send a notice", *({"get a result"} if part == "work" else ())}
    if part == "work":
        its |= {"put a state", "get a state"} if site.execution in SLICED else set()
        its |= {"hand over", "call the worker", "bury an event"} if site.execution == "recursion" else set()
        its |= {"take a message"} if site.execution == "queued" else set()
    elif "hand over" in its and site.execution in {"single", "recursion"}:  # by a call
        its |= {"call the worker"}
    return its


def clients(site: Site, key: dict):
    """Clients of the SDK that sign with a key."""
    by_service, shared = {}, site.standing.target.session
    own = {
        "aws_access_key_id": key["access_key_id"],
        "aws_secret_access_key": key["secret_access_key"],
        "aws_session_token": key.get("session_token"),
    }

    def client(service: str):
        if service not in by_service:
            place = {"endpoint_url": site.sockets} if service == "apigatewaymanagementapi" else {}
            by_service[service] = shared.client(service, **own, **place)
        return by_service[service]

    return client


REFUSED = {"Forbidden", "403", "AuthorizationError", "UnauthorizedOperation"}


def denied(client, attempt, at: Site) -> bool:
    """Whether the cloud refuses it for want of leave; any other end shows that there was leave."""
    service, call, arguments = attempt
    try:
        getattr(client(service), call)(**arguments(at))
    except ClientError as error:
        error_code = error.response["Error"]["Code"]
        return "AccessDenied" in error_code or error_code in REFUSED
    return False


def taken_on(site: Site, name: str) -> dict:
    """Credentials of a role, as a function has them: for a moment it trusts the administrator too."""
    iam, sts = site.admin("iam"), site.admin("sts")
    role_row, me = iam.get_role(RoleName=name)["Role"], sts.get_caller_identity()["Arn"]
    trusted = json.dumps(role_row["AssumeRolePolicyDocument"])
    mine = re.sub(r'\{"Service": "[a-z.]+"\}', json.dumps({"AWS": me}), trusted)
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=mine)
    got = sts.assume_role(RoleArn=role_row["Arn"], RoleSessionName="intruder")["Credentials"]
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trusted)
    return {
        "access_key_id": got["AccessKeyId"],
        "secret_access_key": got["SecretAccessKey"],
        "session_token": got["SessionToken"],
    }
