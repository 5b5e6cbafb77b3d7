"""The shipped functions deployed by hand on a local cloud: what the tests of their code need, and no more."""

import base64
import hashlib
import importlib
import io
import json
import shutil
import sys
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode

import explorer.live
from explorer.live.deployment.package import durable_sdk
from tests.support.local_bench import EVERYTHING

CODE = Path(explorer.live.__file__).parent / "functions"
ACCOUNT = "000000000000"
ME = "AIDAEXAMPLE1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                   "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]}}],
}  # fmt: skip


def package(settings: dict, more: dict[str, bytes] | None = None) -> bytes:
    """The zip of the functions with these settings."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for path in CODE.glob("*.py"):
            packed.write(path, path.name)
        packed.writestr("settings.json", json.dumps(settings))
        for name, content in (more or {}).items():
            packed.writestr(name, content)
    return file.getvalue()


def request(method, path, body=None, owner=ME, v1=False, headers=None, query=None, base64d=False):
    """An event as a door makes it of a request; `body` is JSON, or bytes as they come."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    all_headers = {"content-type": "application/json", **(headers or {})}
    arn = f"arn:aws:iam::{ACCOUNT}:user/{owner}"
    text = base64.b64encode(raw).decode() if base64d else raw.decode()
    event = {"headers": all_headers, "isBase64Encoded": base64d, "body": text}
    if v1:
        identity = {"caller": owner, "userArn": arn} if owner else {}
        return {**event, "httpMethod": method, "path": path, "queryStringParameters": query,
                "requestContext": {"stage": "live", "identity": identity}}  # fmt: skip
    signed = {"authorizer": {"iam": {"callerId": owner, "userArn": arn}}} if owner else {}
    return {**event, "version": "2.0", "rawPath": path, "rawQueryString": urlencode(query or {}),
            "requestContext": {"stage": "$default", "http": {"method": method}, **signed}}  # fmt: skip


class Stack:
    """Table, buckets, queue and functions of one kind of endpoint."""

    serves = "submit,status,uploads"

    def __init__(
        self, bench, name: str, handler="work.handler", timeout=30, more=None, work=None, **settings
    ):
        self.bench, self.name = bench, name
        self.table, self.results, self.uploads = f"{name}-jobs", f"{name}-results", f"{name}-uploads"
        bench.table(self.table)
        for bucket in (self.results, self.uploads):
            bench.client("s3").create_bucket(Bucket=bucket)
        self.settings = {"slice_margin_s": 1, **({"handler": work} if work else {}), **settings}
        sdk = durable_sdk() if settings.get("hand_over") == "durable" else {}
        self.zip = package(self.settings, {**sdk, **(more or {})})
        self.env = {"JOBS": self.table, "RESULTS": self.results, "UPLOADS": self.uploads}
        self.timeout = timeout
        self.handler = handler

    def arn(self, part: str) -> str:
        return f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{self.name}-{part}"

    def function(self, part: str, handler: str, **env: str) -> str:
        """Make a function of the package."""
        timeout = self.timeout if part == "work" else 30
        durable = {"DurableConfig": {"ExecutionTimeout": 600, "RetentionPeriodInDays": 1}}
        more: dict = durable if handler.startswith("durable") else {}
        more |= {"Handler": handler, "Code": {"ZipFile": self.zip}, "Timeout": timeout}
        self.bench.function(f"{self.name}-{part}", Environment={"Variables": {**self.env, **env}}, **more)
        return self.arn(part)

    def up(self) -> "Stack":
        """Make what a job needs to be handed over, and one function for all routes."""
        way = self.settings.get("hand_over")
        to = {"event": self._worker, "durable": self._worker, "queue": self._queue, "machine": self._machine}
        hand_to = {"HAND_TO": to[way]()} if way else {}
        self.function("front", "front.handler", SERVES=self.serves, **hand_to)
        return self

    def _worker(self) -> str:
        worker = self.function("work", self.handler)
        functions = self.bench.client("lambda")
        if self.settings.get("hops", 1) > 1:
            functions.put_function_recursion_config(FunctionName=f"{self.name}-work", RecursiveLoop="Allow")
        durable = self.settings["hand_over"] == "durable"  # those are invoked by a qualified name alone
        return worker + ":$LATEST" if durable else worker

    def _queue(self) -> str:
        url = self.bench.client("sqs").create_queue(
            QueueName=self.name, Attributes={"VisibilityTimeout": "30"}
        )
        self.function("work", self.handler)
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{self.name}"
        self.bench.client("lambda").create_event_source_mapping(
            EventSourceArn=arn, FunctionName=f"{self.name}-work", BatchSize=1
        )
        return url["QueueUrl"]

    def _machine(self) -> str:
        every = {"IntervalSeconds": 1, "BackoffRate": 1.0}
        # Busy until a test or the clock ends the lease of a worker that died
        busy = {"ErrorEquals": ["Busy"], "MaxAttempts": 300, **every}
        retry = [busy, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 5, **every}]
        task = {
            "Type": "Task",
            "Resource": self.function("work", self.handler),
            "Retry": retry,
            "Next": "More",
        }
        more = {"Type": "Choice", "Default": "End",
                "Choices": [{"Variable": "$.done", "BooleanEquals": False, "Next": "Slice"}]}  # fmt: skip
        states = {"Slice": task, "More": more, "End": {"Type": "Succeed"}}
        machine = self.bench.client("stepfunctions").create_state_machine(
            name=self.name,
            roleArn=self.bench.role,
            definition=json.dumps({"StartAt": "Slice", "States": states}),
        )
        return machine["stateMachineArn"]

    # Use ------------------------------------------------------------------------------------------

    def ask(self, *args, part="front", **kwargs) -> SimpleNamespace:
        """The answer to a request; its body read if it is JSON."""
        answer = self.bench.invoke(request(*args, **kwargs), f"{self.name}-{part}")
        reply = json.loads(answer["body"])
        assert "statusCode" in reply, reply
        headers = {name.lower(): value for name, value in reply["headers"].items()}
        body = reply["body"]
        if "json" in headers["content-type"]:
            body = json.loads(body)
        return SimpleNamespace(status=reply["statusCode"], headers=headers, body=body, raw=answer["body"])

    def submit(self, body, **kwargs) -> str:
        answer = self.ask("POST", "/jobs", body, **kwargs)
        assert answer.status == 202, answer
        return answer.body["id"]

    def status(self, id: str) -> dict:
        return self.ask("GET", f"/jobs/{id}").body

    def ended(self, id: str, seconds: float = 60) -> dict:
        """The job's last status."""
        end = time.monotonic() + seconds
        while (job := self.status(id))["status"] in ("queued", "running"):
            assert time.monotonic() < end, (job, self.row(id))
            time.sleep(0.05)
        return job

    def fetched(self, job: dict) -> bytes:
        """The result behind the signed URL, its length and sum compared."""
        import urllib.request

        answer = self.bench.fetch(urllib.request.Request(job["result"]["url"]))
        assert answer.status == 200, answer
        assert len(answer.body) == job["result"]["bytes"]
        assert hashlib.sha256(answer.body).hexdigest() == job["result"]["sha256"]
        return answer.body

    def row(self, id: str) -> dict:
        table = self.bench.session.resource("dynamodb").Table(self.table)
        return table.get_item(Key={"id": id}, ConsistentRead=True).get("Item")

    def logged(self, part: str = "work") -> list[dict]:
        """The lines that the invocations of a part have written."""
        logs, group = self.bench.client("logs"), f"/aws/lambda/{self.name}-{part}"
        try:
            events = logs.filter_log_events(logGroupName=group)["events"]
        except logs.exceptions.ResourceNotFoundException:  # not invoked yet
            return []
        return [json.loads(line) for each in events for line in each["message"].splitlines()
                if line.startswith("{")]  # fmt: skip


@contextmanager
def shipped(folder: Path, stack_env: dict, cloud, settings: dict, monkeypatch):
    """The modules as they lie in the zip, imported here: `modules.jobs` is jobs.py."""
    for path in CODE.glob("*.py"):
        shutil.copy(path, folder)
    (folder / "settings.json").write_text(json.dumps(settings))
    names = {path.stem for path in CODE.glob("*.py")}
    monkeypatch.syspath_prepend(str(folder))
    for name, value in {**stack_env, **in_cloud(cloud)}.items():
        monkeypatch.setenv(name, value)
    before = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    importlib.invalidate_caches()

    class Modules:
        def __getattr__(self, name: str):
            return importlib.import_module(name)

    try:
        yield Modules()
    finally:
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(before)


def in_cloud(cloud) -> dict[str, str]:
    """The variables with which an SDK finds the cloud."""
    return {
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": cloud.credentials["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": cloud.credentials["secret_access_key"],
    }


__all__ = ["EVERYTHING", "ME", "Stack", "package", "request", "shipped"]
