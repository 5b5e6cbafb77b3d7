"""Containers on the local cloud: tasks are processes, targets have health, what fails is told as on AWS."""

import json
import os
import signal
import threading
import time
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

import httpx2
import pytest

from explorer import Workload
from explorer.errors import CloudError, ExplorerError
from explorer.live.client.exchange import Backoff
from explorer.live.cloud import steady_service, supervisor
from explorer.live.deployment import deploy, target
from tests.support.local_bench import until
from tests.support.local_tasks import Tasks, processes
from tests.support.own_cloud import own_cloud

pytestmark = pytest.mark.live

IDLE_S = 2.0  # for 60 s
BUFFERED = "door=alb,request=inline,response=buffered,execution=service,configuration=environment"
STORED = "door=alb,request=presigned-upload,response=stored,execution=service,configuration=secrets-manager"
A_TASK_EACH = "door=http-api,request=inline,response=stored,execution=fargate,configuration=environment"
SMALL = {
    "name": "contained",
    "requests_per_month": 1e5,
    "response": "20 KB",
    "runtime": {"p50": "300 ms"},
    "configuration": {"total": "1 KB", "entries": 4},
}
HEAD, BODY = "<head><title>{0}</title></head>", "<center><h1>{0}</h1></center>"
PAGE = f"<html>\r\n{HEAD}\r\n<body>\r\n{BODY}\r\n</body>\r\n</html>\r\n"  # of a load balancer
LOOKS_AROUND = """
import os
import boto3

def handle(body, context):
    answers = {}
    for service, operation in (("sts", "get_caller_identity"), ("s3", "list_buckets"), ("iam", "list_users")):
        try:
            answers[service] = str(getattr(boto3.client(service), operation)().get("Arn"))
        except Exception as error:
            answers[service] = error.response["Error"]["Code"]
    return {"environment": dict(os.environ), "configuration": dict(context.configuration), **answers}
"""


@pytest.fixture(scope="module")
def place():
    """A cloud of its own whose load balancers are less patient."""
    with own_cloud("containers", {"alb.idle.timeout": IDLE_S}) as place:
        yield place


@pytest.fixture(scope="module")
def at_once(place):
    """A service that answers at once."""
    with deploy.deploy(Workload(**SMALL), BUFFERED, place) as standing:
        yield Tasks(standing)


def addresses(tasks):
    """The address of each task's network interface, as ECS describes it."""
    details = [each["attachments"][0]["details"] for each in tasks.tasks_with_status()]
    return {pair["value"] for each in details for pair in each if pair["name"] == "privateIPv4Address"}


def run(tasks, **body):
    """The answer of the endpoint to one request, whatever it is."""
    sample = {"runtime_s": 0, "response_bytes": 1000, "seed": 1, **body}
    return httpx2.post(f"{tasks.standing.url}/run", json=sample, timeout=30)


def test_a_service_stands_behind_its_load_balancer_with_as_many_healthy_tasks_as_it_wants(at_once):
    assert at_once.states() == ["healthy", "healthy"]
    assert [task["lastStatus"] for task in at_once.tasks_with_status()] == ["RUNNING", "RUNNING"]
    assert len(at_once.processes()) == 2
    answer = run(at_once, response_bytes=1000)
    assert (answer.status_code, len(answer.content), answer.headers["content-type"]) == (
        200,
        1000,
        "text/example",
    )
    assert not at_once.standing.is_signed and at_once.standing.credentials() is None


def test_no_task_has_the_address_of_a_task_of_another_cloud(at_once):
    port = urlsplit(at_once.place.cloud.endpoint_url).port
    network = ip_network(f"127.{port // 256}.{port % 256}.0/24")
    assert len(addresses(at_once)) == 2
    assert all(ip_address(each) in network for each in addresses(at_once))


def test_the_client_of_an_endpoint_that_nobody_signs_for_signs_nothing(at_once):
    with at_once.standing.client() as client:
        assert len(client.run({"runtime_s": 0, "response_bytes": 500})) == 500


def test_a_path_that_is_none_and_a_method_that_is_not_taken_are_told_as_of_a_function(at_once):
    url = at_once.standing.url
    missing, wrong = httpx2.get(f"{url}/nothing"), httpx2.get(f"{url}/run")
    assert (missing.status_code, wrong.status_code, wrong.headers["allow"]) == (404, 405, "POST")
    assert missing.headers["content-type"] == "application/problem+json"
    refused = httpx2.post(f"{url}/run", json={"runtime_s": -1})
    assert refused.status_code == 422 and "runtime_s" in refused.json()["detail"]


@pytest.mark.parametrize(("runtime_s", "status"), [(IDLE_S - 0.7, 200), (IDLE_S + 0.7, 504)])
def test_the_load_balancer_waits_for_a_byte_as_long_as_its_idle_timeout(at_once, runtime_s, status):
    answer = run(at_once, runtime_s=runtime_s)
    assert answer.status_code == status
    if status == 504:
        assert answer.text == PAGE.format("504 Gateway Time-out")
        assert (answer.headers["server"], answer.headers["content-type"]) == ("awselb/2.0", "text/html")
    assert at_once.states() == ["healthy", "healthy"]


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 400)])
def test_the_headers_of_a_request_are_as_large_as_the_load_balancer_lets_them_be(at_once, more, status):
    body = json.dumps({"runtime_s": 0, "response_bytes": 10}).encode()
    url, limit = f"{at_once.standing.url}/run", 65_536
    request = httpx2.Request(
        "POST", url, content=body, headers={"content-type": "application/json", "x-fill": ""}
    )
    size = len("POST") + len(request.url.raw_path)
    size += sum(len(name) + len(value) + 4 for name, value in request.headers.raw)
    request.headers["x-fill"] = "x" * (limit - size + more)
    with httpx2.Client() as client:
        answer = client.send(request)
    assert answer.status_code == status
    assert (answer.text == PAGE.format("400 Bad Request")) == (status == 400)


def test_a_body_passes_that_no_function_behind_a_load_balancer_would_be_sent_or_may_answer(at_once):
    body = json.dumps({"runtime_s": 0, "response_bytes": 10, "seed": 1}).encode() + b" " * 1_500_000
    headers = {"content-type": "application/json"}
    answer = httpx2.post(f"{at_once.standing.url}/run", content=body, headers=headers, timeout=30)
    assert (answer.status_code, len(answer.content)) == (200, 10)
    assert len(run(at_once, response_bytes=1_500_000).content) == 1_500_000


def test_a_task_that_dies_at_its_work_is_a_502_and_another_takes_its_place(at_once):
    answers = []
    asks = [threading.Thread(target=lambda: answers.append(run(at_once, runtime_s=1))) for _ in range(2)]
    for ask in asks:
        ask.start()
    time.sleep(0.5)  # they are at work, one at each task
    before = at_once.processes()
    dead = at_once.kill()
    for ask in asks:
        ask.join()
    assert sorted(answer.status_code for answer in answers) == [200, 502]
    assert next(a.text for a in answers if a.status_code == 502) == PAGE.format("502 Bad Gateway")
    assert until(lambda: at_once.states() == ["healthy", "healthy"], 30)
    after = at_once.processes()
    assert dead not in after and len(after) == 2 and set(after) & set(before)
    (stopped,) = [
        task for task in at_once.tasks_with_status("STOPPED") if task["containers"][0]["exitCode"] == 137
    ]
    assert (stopped["stopCode"], stopped["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container exited",
    )


def test_a_task_that_hangs_is_found_unhealthy_and_replaced(at_once):
    group = {"TargetGroupArn": at_once.members["Targets"]}
    service = {"cluster": at_once.members["Cluster"], "service": at_once.members["Service"]}
    (before,) = at_once.ecs.describe_services(cluster=service["cluster"], services=[service["service"]])[
        "services"
    ]
    at_once.elb.modify_target_group(**group, HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2)
    at_once.ecs.update_service(**service, healthCheckGracePeriodSeconds=5)
    hung = at_once.kill(signal.SIGSTOP)
    try:
        assert until(lambda: hung not in at_once.processes(), 60)
    finally:
        grace_s = before["healthCheckGracePeriodSeconds"]
        at_once.ecs.update_service(**service, healthCheckGracePeriodSeconds=grace_s)
        at_once.elb.modify_target_group(**group, HealthCheckIntervalSeconds=10, HealthCheckTimeoutSeconds=5)
    assert until(lambda: at_once.states() == ["healthy", "healthy"], 30)
    reasons = [task["stoppedReason"] for task in at_once.tasks_with_status("STOPPED")]
    assert any(reason.startswith("Task failed ELB health checks in (target-group ") for reason in reasons)


def test_a_service_without_tasks_is_a_503_until_it_has_some(at_once):
    at_once.scale(0)
    assert at_once.processes() == []
    answer = run(at_once)
    assert (answer.status_code, answer.text) == (503, PAGE.format("503 Service Temporarily Unavailable"))
    at_once.scale(2)
    assert run(at_once).status_code == 200


def test_a_target_is_an_address_and_a_port_and_its_state_what_its_check_shows(at_once):
    elb, network = at_once.elb, at_once.members["Network"]
    request = {"Name": "by-hand", "Protocol": "HTTP", "Port": 80, "VpcId": network, "TargetType": "ip"}
    (group,) = elb.create_target_group(**request)["TargetGroups"]
    where = {"TargetGroupArn": group["TargetGroupArn"]}
    targets = [{"Id": "127.0.0.1", "Port": 1}, {"Id": "127.0.0.1", "Port": 2}]
    elb.register_targets(**where, Targets=targets)
    elb.register_targets(**where, Targets=targets[:1])

    def states():
        answer = elb.describe_target_health(**where)["TargetHealthDescriptions"]
        return [(each["Target"]["Port"], each["TargetHealth"]["State"]) for each in answer]

    assert until(lambda: states() == [(1, "unused"), (2, "unused")], 5)  # no load balancer sends there
    elb.deregister_targets(**where, Targets=targets[:1])
    assert [port for port, _ in states()] == [2]
    elb.delete_target_group(**where)


def test_what_a_container_cannot_be_here_is_refused_by_name(at_once):
    cluster, image = at_once.members["Cluster"], "public.ecr.aws/docker/library/python:3.13"
    whole = {"name": "work", "image": image, "essential": True, "command": ["python", "-m", "service"]}
    network = {"awsvpcConfiguration": {"subnets": [at_once.members["Subnet1"]]}}

    def reason(containers, **more):
        definition = at_once.ecs.register_task_definition(
            **{"family": "other", "networkMode": "awsvpc", "containerDefinitions": containers, **more}
        )["taskDefinition"]["taskDefinitionArn"]
        where = {"cluster": cluster, "taskDefinition": definition, "networkConfiguration": network}
        (task,) = at_once.ecs.run_task(**where, launchType="FARGATE")["tasks"]

        def now():
            return at_once.ecs.describe_tasks(cluster=cluster, tasks=[task["taskArn"]])["tasks"][0]

        assert until(lambda: now()["lastStatus"] == "STOPPED", 20)
        return now()["stoppedReason"]

    assert reason([whole]).startswith(
        f"CannotPullContainerError: {image}: the local cloud does not run images of registries"
    )
    assert "does not run tasks of more than one container" in reason([whole, {**whole, "name": "beside"}])
    assert "does not run volumes of tasks" in reason(
        [whole], volumes=[{"name": "files", "host": {"sourcePath": "/etc"}}]
    )
    assert "another network mode than awsvpc" in reason([whole], networkMode="bridge")
    local = {**whole, "image": f"local/{at_once.standing.name}-code/functions.zip"}
    assert "other than python -m MODULE, such as sh -c id" in reason(
        [{**local, "command": ["sh", "-c", "id"]}]
    )
    with pytest.raises(at_once.ecs.exceptions.InvalidParameterException, match="No Container Instances"):
        at_once.ecs.run_task(cluster=cluster, taskDefinition="other", launchType="EC2")


def test_a_task_has_its_own_role_its_own_variables_and_nothing_of_the_host(place, tmp_path, monkeypatch):
    monkeypatch.setenv("CANARY", "of the host")
    work = tmp_path / "looks.py"
    work.write_text(LOOKS_AROUND)
    with deploy.deploy(Workload(**SMALL), BUFFERED, place, f"{work}:handle") as standing:
        tasks = Tasks(standing)
        tries = (httpx2.post(f"{standing.url}/run", json={}, timeout=30) for _ in range(5))
        answer = next(each for each in tries if each.status_code != 504).json()  # this machine may be busy
        role = tasks.members["WorkTaskRole"].rpartition("/")[2]
        assert f":assumed-role/{role}/" in answer["sts"]
        assert (answer["s3"], answer["iam"]) == ("AccessDenied", "AccessDenied")
        environment = answer["environment"]
        assert "CANARY" not in environment and "AWS_ACCESS_KEY_ID" not in environment
        assert environment["AWS_REGION"] == "us-east-1" and len(answer["configuration"]) == 4
        path = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        assert httpx2.get(path).status_code == 403  # another process, without the container's token
        token = {"authorization": environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}
        assert httpx2.get(path, headers=token).json()["RoleArn"].endswith(role)
        tasks.scale(0)
        assert httpx2.get(path, headers=token).status_code == 403  # it went with the task


def test_what_a_container_writes_is_in_its_log(place):
    before = processes(place.cloud)
    with deploy.deploy(Workload(**SMALL), A_TASK_EACH, place) as standing, standing.client() as client:
        job = client.submit({"runtime_s": 0, "response_bytes": 100})
        assert client.wait(job.id).status == "succeeded"
        logs, tasks = place.client("logs"), Tasks(standing)
        group = tasks.members["WorkLog"]
        assert until(lambda: logs.filter_log_events(logGroupName=group)["events"], 10)
        (event,) = logs.filter_log_events(logGroupName=group)["events"]
        line = json.loads(event["message"])
        assert (line["job"], line["did"]) == (job.id, "succeeded")
        assert until(lambda: tasks.processes() == before)
        assert until(lambda: tasks.tasks_with_status("STOPPED"), 10)
        (task,) = tasks.tasks_with_status("STOPPED")
        assert (task["containers"][0]["exitCode"], task["launchType"]) == (0, "FARGATE")
        assert event["logStreamName"] == f"task/work/{task['taskArn'].rpartition('/')[2]}"


@pytest.mark.parametrize("action", ["ecs:RunTask", "iam:PassRole"])
def test_a_task_is_started_by_who_may_start_it_and_give_it_its_roles(place, action):
    with deploy.deploy(Workload(**SMALL), A_TASK_EACH, place) as standing:
        role = Tasks(standing).members["SubmitRole"]
        deny = {"Effect": "Deny", "Action": action, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
        iam = place.client("iam")
        iam.put_role_policy(RoleName=role, PolicyName="outage", PolicyDocument=document)
        with standing.client(backoff=Backoff(tries=2)) as client:
            with pytest.raises(CloudError, match="503 Service Unavailable: the job could not be handed over"):
                client.submit({"runtime_s": 0, "response_bytes": 100})
            iam.delete_role_policy(RoleName=role, PolicyName="outage")
            assert (
                client.wait(client.submit({"runtime_s": 0, "response_bytes": 100}).id).status == "succeeded"
            )


@pytest.mark.parametrize(("size", "in_s3"), [(7_000, False), (8_000, True)])
def test_a_body_that_is_too_large_for_an_override_goes_through_s3(place, size, in_s3):
    with deploy.deploy(Workload(**SMALL), A_TASK_EACH, place) as standing, standing.client() as client:
        body = json.dumps({"runtime_s": 0, "response_bytes": 100}).encode()
        job = client.submit(body + b" " * (size - len(body)), content_type="application/json")
        assert client.wait(job.id).status == "succeeded"
        bucket = Tasks(standing).members["ResultsBucket"]
        objects = place.client("s3").list_objects_v2(Bucket=bucket, Prefix="bodies/").get("Contents", [])
        assert bool(objects) == in_s3


def test_a_service_that_does_not_come_up_is_told_with_its_last_words_and_leaves_nothing(place):
    before, began = processes(place.cloud), time.monotonic()
    with pytest.raises(CloudError, match=r"did not become steady: .*max_workers.*was taken down again"):
        deploy.deploy(Workload(**SMALL), BUFFERED, place, settings={"at_once": 0})
    took_s = time.monotonic() - began
    assert took_s < steady_service.PATIENCE_S / 3  # its circuit breaker ended it
    assert set(processes(place.cloud)) <= set(before)  # a task of the test before may still be ending


def test_what_only_an_owner_can_state_is_asked_for_before_anything_is_made():
    planned = deploy.plan(Workload(**SMALL), BUFFERED)
    planned.check_target("local")
    with pytest.raises(ExplorerError, match=r"asks for CertificateArn and Image.*expected --target local"):
        planned.check_target("aws")


def test_tasks_go_with_the_stack_and_with_a_cloud_that_is_stopped_or_killed():
    name = f"goes-{os.getpid()}"
    for end in (supervisor.stop, lambda _: supervisor.status(name).process.send(signal.SIGKILL)):
        supervisor.stop(name)
        try:
            place = target.Local("us-east-1", supervisor.start(name))
            deploy.destroy(deploy.deploy(Workload(**SMALL), STORED, place))
            assert processes(place.cloud) == []
            deploy.deploy(Workload(**SMALL), STORED, place)
            assert len(processes(place.cloud)) == 2
            end(name)
            assert until(lambda: processes(place.cloud) == [], 10)  # noqa: B023
        finally:
            supervisor.stop(name)
