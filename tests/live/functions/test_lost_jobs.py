"""Whatever breaks, an accepted job ends, once, and with the right result."""

import hashlib
import json
import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

import httpx2
import pytest

from explorer import Workload
from explorer.live.client.client import Client
from explorer.live.client.signing import Credentials, Scope, Signer
from explorer.live.cloud.process import of_session
from explorer.live.deployment import deploy
from tests.support.local_bench import until
from tests.support.own_cloud import own_cloud
from tests.support.slow_cases import slow_but

pytestmark = pytest.mark.live

RETRY_S = 3  # for 60 s
QUICK = {"lease_s": 2, "poll_first_s": 0.2, "retry_s": 30}
FORMS = {  # what each needs beside QUICK
    "single": {},
    "queued": {},
    "recursion": {"slice_steps": 1},
}
BODY = {"runtime_s": 0.3, "response_bytes": 20_000, "steps": 3}
SEEDS = 3
SMALL = {
    "name": "lost",
    "requests_per_month": 1e4,
    "response": "20 KB",
    "runtime": {"p50": "300 ms", "divisible": True, "steps": 3},
    "configuration": {"total": "1 KB", "entries": 4},
}
DIES = """
import os
def handle(body, context):
    done = context.state or 0
    for step in range(done, body["steps"]):
        if step == 1 and not (body["die"] and os.path.exists(body["die"])):
            if body["die"]:
                open(body["die"], "w").close()
            os._exit(1)
        context.checkpoint(step + 1, (step + 1) / body["steps"])
    return {"steps": body["steps"]}
"""
HANGS = """
import os, signal
def handle(body, context):
    for step in range(context.state or 0, body["steps"]):
        if step == 1 and not os.path.exists(body["hangs"]):
            open(body["hangs"], "w").close()
            os.kill(os.getpid(), signal.SIGSTOP)  # not even its lease is renewed
        context.checkpoint(step + 1, (step + 1) / body["steps"])
    return {"steps": body["steps"]}
"""


class Endpoint:
    """A stack that stands, and what breaks it."""

    def __init__(self, standing):
        self.standing, self.place = standing, standing.target
        keys = standing.credentials()
        self.client = Client(standing.url, keys)
        self.sign = Signer(Scope.of(standing.url, None, "us-east-1"), lambda: Credentials.of(keys)).sign
        self.work = f"{standing.name}-work"

    @cached_property
    def table(self):
        resource = self.place.client("cloudformation").describe_stack_resource(
            StackName=self.standing.name, LogicalResourceId="Jobs"
        )
        return self.place.session.resource("dynamodb").Table(
            resource["StackResourceDetail"]["PhysicalResourceId"]
        )

    def rows(self):
        return self.table.scan(ConsistentRead=True)["Items"]

    def row(self, id):
        return self.table.get_item(Key={"id": id}, ConsistentRead=True)["Item"]

    def ask(self, method, path, body=b"", **headers):
        """One request, and its answer whatever it is: the client would ask again."""
        url, all_headers = self.standing.url + path, {"content-type": "application/json", **headers}
        return httpx2.request(method, url, headers=self.sign(method, url, all_headers, body), content=body)

    def post(self, key):
        """The answer to a submission."""
        return self.ask("POST", "/jobs", json.dumps(BODY).encode(), **{"idempotency-key": key})

    def submit(self, key=None, **body):
        return self.client.submit({**BODY, **body}, key).id

    def ended(self, id, seconds=120):
        """The job's last status, read as a caller reads it."""
        end = time.monotonic() + seconds
        while not (job := self.client.status(id)).ended:
            assert time.monotonic() < end, (job, self.table.get_item(Key={"id": id}))
            time.sleep(0.1)
        return job

    def running(self, id):
        """Wait until the job has begun."""
        assert until(lambda: self.client.status(id).status != "queued")

    @cached_property
    def sums(self):
        """The sum of the result of each seed, by undisturbed jobs."""
        jobs = [self.ended(self.submit(seed=seed)) for seed in range(SEEDS)]
        return [job.result.sha256 for job in jobs]

    def is_right(self, job, seed=0):
        """Whether a job that succeeded has the right result, in its bytes too."""
        content = self.client.result(job.id).encode()
        return hashlib.sha256(content).hexdigest() == job.result.sha256 == self.sums[seed]

    def workers(self, part="work"):
        """The processes of a part's environments."""
        name = f"AWS_LAMBDA_FUNCTION_NAME={self.standing.name}-{part}".encode()
        up = self.place.cloud
        return [one for one in of_session(up.process.pid, up.folder) if name in _environment(one.pid)]

    @contextmanager
    def denied(self, part, *actions):
        """A service fails for a part: its role is denied these actions meanwhile."""
        iam = self.place.client("iam")
        function = self.place.client("lambda").get_function_configuration(
            FunctionName=f"{self.standing.name}-{part}"
        )
        where = {"RoleName": function["Role"].rpartition("/")[2], "PolicyName": "outage"}
        deny = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
        iam.put_role_policy(**where, PolicyDocument=document)
        try:
            yield
        finally:
            iam.delete_role_policy(**where)

    @contextmanager
    def at_a_time(self, most):
        """No more environments of the work than these."""
        functions = self.place.client("lambda")
        functions.put_function_concurrency(FunctionName=self.work, ReservedConcurrentExecutions=most)
        try:
            yield
        finally:
            functions.delete_function_concurrency(FunctionName=self.work)

    @contextmanager
    def within(self, seconds):
        """An invocation of the work may take no longer."""
        functions = self.place.client("lambda")
        before = functions.get_function_configuration(FunctionName=self.work)["Timeout"]
        functions.update_function_configuration(FunctionName=self.work, Timeout=seconds)
        try:
            yield
        finally:
            functions.update_function_configuration(FunctionName=self.work, Timeout=before)

    def holder(self):
        """A worker that holds a job."""
        holders = []
        assert until(lambda: holders.extend(filter(at_work, self.workers())) or holders)
        return holders[0]


def _environment(pid):
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


@pytest.fixture(scope="module")
def place():
    with own_cloud("lost", {"lambda.async.retry_wait_s": RETRY_S}) as place:
        yield place


@pytest.fixture(scope="module")
def stood(place):
    """Stacks by form of execution and settings, each deployed once."""
    endpoints = {}

    def stand(form, handler=None, **settings):
        key = (form, handler, *sorted(settings.items()))
        if key not in endpoints:
            design = f"door=http-api,request=inline,response=stored,execution={form},configuration=bundled"
            more = {**QUICK, **FORMS.get(form, {}), **settings}
            endpoints[key] = Endpoint(deploy.deploy(Workload(**SMALL), design, place, handler, settings=more))
        return endpoints[key]

    yield stand
    for each in endpoints.values():
        each.client.close()


# Workers that die ---------------------------------------------------------------------------------


def at_work(process):
    """Whether it holds a job: then a second thread renews the lease. One that starts has not taken any."""
    try:
        return len(os.listdir(f"/proc/{process.pid}/task")) > 1
    except OSError:
        return False


def killing(endpoint, times):
    """A thread that kills a worker at its work, at random moments, so many times."""
    dice, killed = random.Random(1), []

    def go():
        while len(killed) < times:
            time.sleep(dice.uniform(0.1, 0.5))
            busy = [one for one in endpoint.workers() if at_work(one)]
            if busy:
                dice.choice(busy).send(signal.SIGKILL)
                killed.append(time.monotonic())

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    return thread, killed


def loaded(endpoint, kills):
    """The ends of jobs that came while so many workers were killed, and the seed of each."""
    with endpoint.at_a_time(4):
        thread, killed = killing(endpoint, kills)
        seeds = {}
        while thread.is_alive():
            seeds[endpoint.submit(seed=len(seeds) % SEEDS)] = len(seeds) % SEEDS
            time.sleep(0.2)
        with ThreadPoolExecutor(4) as pool:
            jobs = list(pool.map(endpoint.ended, seeds))
    assert len(killed) == kills
    return jobs, seeds


def test_killing_the_worker_under_load_loses_nothing(stood):
    endpoints = {form: stood(form) for form in FORMS}
    assert all(len(set(endpoint.sums)) == SEEDS for endpoint in endpoints.values())
    before = {form: len(endpoint.rows()) for form, endpoint in endpoints.items()}
    with ThreadPoolExecutor() as pool:
        runs = dict(zip(FORMS, pool.map(lambda form: loaded(endpoints[form], 6), FORMS)))
    for form, (jobs, seeds) in runs.items():
        died = [each for each in jobs if each.status != "succeeded"]  # killed twice
        assert all((each.attempts, each.error["type"]) == (2, "WorkerDied") for each in died), died
        assert all(endpoints[form].is_right(each, seeds[each.id]) for each in jobs if each not in died)
        assert sum(each.attempts for each in jobs) > len(jobs)
        assert len(endpoints[form].rows()) == before[form] + 2 * len(seeds)  # with a key each


def test_killing_the_front_makes_each_job_once(stood):
    endpoint = stood("single")
    before = len(endpoint.rows())
    pool, dice, ids = ThreadPoolExecutor(4), random.Random(2), []

    def submit(number):
        return endpoint.submit(f"front-{number}", runtime_s=0)

    for _ in range(5):
        coming = [pool.submit(submit, len(ids) + number) for number in range(12)]
        time.sleep(dice.uniform(0, 0.1))
        for one in endpoint.workers("submit"):
            one.send(signal.SIGKILL)
        ids += [each.result() for each in coming]
    assert list(pool.map(submit, range(60))) == ids and len(set(ids)) == 60
    assert {endpoint.ended(id).status for id in ids} == {"succeeded"}
    assert len(endpoint.rows()) == before + 2 * 60  # with a key each


def test_a_worker_that_exits_is_followed_by_one_more(stood, tmp_path):
    path = tmp_path / "dies.py"
    path.write_text(DIES)
    endpoints = [stood(form, f"{path}:handle") for form in (*FORMS, "durable")]
    ids = [
        [endpoint.client.submit({"die": die, "steps": 3}).id for die in (str(tmp_path / endpoint.work), None)]
        for endpoint in endpoints
    ]
    for endpoint, (once, always) in zip(endpoints, ids):
        assert endpoint.ended(once).attempts == 2 and endpoint.client.result(once) == {"steps": 3}
        job = endpoint.ended(always)
        assert (job.status, job.attempts, job.error["type"]) == ("failed", 2, "WorkerDied")


# Time ---------------------------------------------------------------------------------------------


def test_a_job_that_outlasts_its_worker_ends_before_it(stood):
    endpoint = stood("single")
    with endpoint.within(3):
        began = time.monotonic()
        job = endpoint.ended(endpoint.submit(runtime_s=60, steps=1))
    assert (job.error["type"], job.attempts) == ("TimedOut", 1) and time.monotonic() - began < 30


def test_a_worker_that_hangs_is_ended_by_its_time_out_and_followed(stood, tmp_path):
    path = tmp_path / "hangs.py"
    path.write_text(HANGS)
    endpoints = [stood(form, f"{path}:handle", lease_s=5) for form in ("single", "recursion")]
    with endpoints[0].within(12), endpoints[1].within(12):
        ids = [each.client.submit({"hangs": str(tmp_path / each.work), "steps": 3}).id for each in endpoints]
        for endpoint, id in zip(endpoints, ids):
            job = endpoint.ended(id)
            assert (job.status, job.attempts) == ("succeeded", 2), job
            assert endpoint.client.result(id) == {"steps": 3}


def test_a_worker_that_wakes_up_late_changes_nothing(stood):
    endpoint = stood("queued")
    id = endpoint.submit(runtime_s=1)
    late = endpoint.holder()
    late.send(signal.SIGSTOP)
    job = endpoint.ended(id)
    row = endpoint.row(id)
    late.send(signal.SIGCONT)
    assert until(lambda: not at_work(late))
    assert (job.status, job.attempts) == ("succeeded", 2) and endpoint.is_right(job)
    assert endpoint.row(id) == row


# Events that come more than once ------------------------------------------------------------------

STEPS = """
import time
def handle(body, context):
    for step in range(context.state or 0, 3):
        with open(body["log"], "a") as log:
            log.write(f"{step} ")
        time.sleep(0.6)
        context.checkpoint(step + 1)
    return {"steps": 3}
"""
SLICED = {"slice_steps": 1, "attempts": 1, "lease_s": 10}  # a death that is counted wrongly would end a job


def send_again(endpoint, form, event):
    """An event of a job reaches the work once more, by the way that its form has."""
    payload, place = json.dumps(event), endpoint.place
    if form == "queued":
        url = place.client("cloudformation").describe_stack_resource(
            StackName=endpoint.standing.name, LogicalResourceId="Queue"
        )["StackResourceDetail"]["PhysicalResourceId"]
        place.client("sqs").send_message(QueueUrl=url, MessageBody=payload)
    elif form == "step-functions":
        machine = f"arn:aws:states:us-east-1:000000000000:stateMachine:{endpoint.standing.name}-workflow"
        place.client("stepfunctions").start_execution(stateMachineArn=machine, input=payload)
    else:
        name = endpoint.work + (":live" if form == "durable" else "")
        place.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=payload)


def test_each_event_once_more_at_every_point_changes_nothing(stood, tmp_path):
    path = tmp_path / "steps.py"
    path.write_text(STEPS)
    forms = ("single", "queued", "recursion", "durable", "step-functions")
    endpoints = {form: stood(form, f"{path}:handle", **SLICED) for form in forms}
    sliced = forms[2:]

    def repeated(form):
        endpoint, points = endpoints[form], set()
        body = {"log": str(tmp_path / form)}
        id = endpoint.client.submit(body).id
        while (row := endpoint.row(id))["status"] in ("queued", "running"):
            point = (row["status"], row["hop"], row["waiting"])
            for hop in range(int(row["hop"]) + 1 if point not in points and row["lease"] else 0):
                event = {"id": id, "token": "used", "hop": hop, "body": body}
                send_again(endpoint, form, event | ({"state": hop} if hop else {}))
            points.add(point)
            time.sleep(0.02)
        send_again(endpoint, form, {"id": id, "token": "used", "hop": 0, "body": body})
        return endpoint, id, endpoint.row(id), len({hop for _, hop, _ in points})

    with ThreadPoolExecutor() as pool:
        ends = dict(zip(forms, pool.map(repeated, forms)))
    time.sleep(2 * RETRY_S + 1)  # a worker that found its job held has come again by then
    for form, (endpoint, id, row, hops) in ends.items():
        assert (row["status"], row["attempts"]) == ("succeeded", 1), (form, row)
        assert endpoint.row(id) == row and endpoint.client.result(id) == {"steps": 3}
        assert (tmp_path / form).read_text() == "0 1 2 ", form
        assert hops == (4 if form in sliced else 1), form


# Services that fail -------------------------------------------------------------------------------

PATIENT = {"lease_s": 5, "attempts": 3}  # a worker that a busy machine keeps waiting has not died
OUTAGES = {
    "S3": ("s3:PutObject", "s3:GetObject"),
    "DynamoDB": ("dynamodb:UpdateItem", "dynamodb:GetItem"),
    "both": ("s3:*", "dynamodb:*"),
}


@pytest.mark.parametrize("outage", slow_but([("both",)], [(name,) for name in OUTAGES]))
def test_a_service_that_fails_for_a_while_loses_nothing(stood, outage):
    endpoints = [stood(form, **PATIENT) for form in FORMS]

    def jobs_in_outage(endpoint):
        ids = [endpoint.submit(runtime_s=0.9)]
        endpoint.running(ids[0])
        with endpoint.denied("work", *OUTAGES[outage]):
            ids.append(endpoint.submit())  # its claim fails
            time.sleep(1)  # less than until the retry
        return [endpoint.ended(id) for id in ids]

    with ThreadPoolExecutor() as pool:  # one after the other, an outage would outlast the retries
        for endpoint, jobs in zip(endpoints, pool.map(jobs_in_outage, endpoints)):
            for job in jobs:
                assert job.status == "succeeded" and endpoint.is_right(job), (endpoint.work, job)


def test_a_service_that_goes_on_failing_ends_the_job(stood):
    endpoints = [stood(form, retry_s=5) for form in ("single", "recursion")]
    endpoints.append(stood("single", retry_s=5, attempts=1))
    with ExitStack() as over:
        for endpoint, action in zip(endpoints, ["s3:PutObject", "s3:PutObject", "dynamodb:UpdateItem"]):
            over.enter_context(endpoint.denied("work", action))
        ids = [endpoint.submit(runtime_s=0, steps=1) for endpoint in endpoints]
        jobs = [endpoint.ended(id) for endpoint, id in zip(endpoints, ids)]
    assert {(each.status, each.error["type"]) for each in jobs} == {("failed", "ServiceFailed")}
    assert [each.attempts > 0 for each in jobs] == [True, True, False]  # the last could not even begin


def test_a_status_that_cannot_be_read_is_there_later(stood):
    endpoint = stood("single")
    id = endpoint.submit()
    with endpoint.denied("status", "dynamodb:GetItem"):
        answer = endpoint.ask("GET", f"/jobs/{id}")
        assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert endpoint.ended(id).status == "succeeded"


# Handing over -------------------------------------------------------------------------------------

HANDED_BY = {"single": "lambda:InvokeFunction", "queued": "sqs:SendMessage"}


@pytest.mark.parametrize("form", HANDED_BY)
def test_a_job_that_cannot_be_handed_over_is_not_accepted_and_can_come_again(stood, form):
    endpoint, key = stood(form), "again"
    before = len(endpoint.rows())
    with endpoint.denied("submit", HANDED_BY[form]):
        answer = endpoint.post(key)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert len(endpoint.rows()) == before
    accepted = endpoint.post(key)
    assert accepted.status_code == 202
    assert endpoint.is_right(endpoint.ended(accepted.json()["id"]))


@pytest.mark.parametrize("form", HANDED_BY)
def test_a_job_that_was_accepted_stays_when_it_cannot_be_handed_over_again(stood, form):
    endpoint, key = stood(form), "stays"
    with endpoint.at_a_time(0):
        id = endpoint.post(key).json()["id"]
        with endpoint.denied("submit", HANDED_BY[form]):
            assert endpoint.post(key).status_code == 503
        assert endpoint.client.status(id).status == "queued"
    job = endpoint.ended(id)
    assert endpoint.is_right(job) and job.attempts == 1


def test_a_hop_that_cannot_be_handed_on_is_done_again(stood):
    endpoint = stood("recursion", attempts=1)  # nobody has died
    id = endpoint.submit(runtime_s=0.9)
    endpoint.running(id)
    with endpoint.denied("work", "lambda:InvokeFunction"):
        time.sleep(1.5)
    job = endpoint.ended(id)
    assert job.status == "succeeded" and endpoint.is_right(job)


def test_jobs_that_find_no_room_wait_for_it(stood):
    endpoints = [stood(form) for form in FORMS]
    with ExitStack() as over:
        for endpoint in endpoints:
            over.enter_context(endpoint.at_a_time(1))
        ids = [[endpoint.submit(runtime_s=0.1) for _ in range(8)] for endpoint in endpoints]
        for endpoint, own_ids in zip(endpoints, ids):
            jobs = [endpoint.ended(id) for id in own_ids]
            assert [each.attempts for each in jobs] == [1] * 8
            assert all(map(endpoint.is_right, jobs))


def test_a_job_that_never_begins_is_ended_for_good(stood):
    endpoints = [stood(form, wait_s=1.5) for form in ("single", "queued", "durable")]
    with ExitStack() as over:
        for endpoint in endpoints:
            over.enter_context(endpoint.at_a_time(0))
        ids = [endpoint.submit(runtime_s=0) for endpoint in endpoints]
        for endpoint, id in zip(endpoints, ids):
            job = endpoint.ended(id)
            assert (job.status, job.error["type"], job.attempts) == ("failed", "NotTaken", 0)
        before = [endpoint.row(id) for endpoint, id in zip(endpoints, ids)]
    time.sleep(2)  # the events come late
    assert [endpoint.row(id) for endpoint, id in zip(endpoints, ids)] == before


def test_a_job_that_is_cancelled_ends_so_whoever_works_on_it(stood):
    endpoints = [stood(form) for form in FORMS]
    ids = [[endpoint.submit(runtime_s=20, steps=40) for _ in range(2)] for endpoint in endpoints]
    for endpoint, own_ids in zip(endpoints, ids):
        for id in own_ids:
            endpoint.running(id)
            assert endpoint.client.cancel(id).status == "running"
        endpoint.holder().send(signal.SIGKILL)
    for endpoint, own_ids in zip(endpoints, ids):
        assert {endpoint.ended(id).status for id in own_ids} == {"cancelled"}
