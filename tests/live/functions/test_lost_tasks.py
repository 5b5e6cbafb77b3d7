"""Whatever becomes of tasks, an accepted job of a service or of a task of its own ends, once, and right."""

import hashlib
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from explorer import Workload
from explorer.errors import CloudError
from explorer.live.deployment import deploy
from tests.support.local_bench import until
from tests.support.local_tasks import Tasks
from tests.support.own_cloud import own_cloud

pytestmark = pytest.mark.live

SERVICE = "door=alb,request=inline,response=stored,execution=service,configuration=environment"
A_TASK_EACH = "door=http-api,request=inline,response=stored,execution=fargate,configuration=environment"
QUICK = {"lease_s": 2, "poll_first_s": 0.2, "retry_s": 30}
JOBS, KILLS, AT_ONCE = 40, 5, 4
BODY = {"runtime_s": 0.3, "response_bytes": 20_000, "steps": 3}
SMALL = {
    "name": "lost-tasks",
    "requests_per_month": 1e4,
    "response": "20 KB",
    "runtime": {"p50": "300 ms"},
    "configuration": {"total": "1 KB", "entries": 4},
}


@pytest.fixture(scope="module")
def place():
    with own_cloud("lost-tasks") as place:
        yield place


@pytest.fixture(scope="module")
def service(place):
    """A service whose jobs are taken over soon."""
    attempts = 1 + KILLS  # by chance each kill may hit the same job
    with deploy.deploy(
        Workload(**SMALL), SERVICE, place, settings={**QUICK, "attempts": attempts}
    ) as standing:
        yield Tasks(standing)


@pytest.fixture(scope="module")
def tasks(place):
    """A task for each job."""
    with deploy.deploy(Workload(**SMALL), A_TASK_EACH, place, settings={**QUICK, "lease_s": 8}) as standing:
        yield Tasks(standing)


def rows(stack):
    table = stack.place.session.resource("dynamodb").Table(stack.members["Jobs"])
    items = table.scan(ConsistentRead=True)["Items"]
    return [item for item in items if "owner" in item]  # a key has a row of its own


def open_jobs(stack):
    """The events of jobs that have not ended."""
    answer = stack.place.client("s3").list_objects_v2(
        Bucket=stack.members["ResultsBucket"], Prefix="bodies/jobs/"
    )
    return [each["Key"] for each in answer.get("Contents", [])]


def is_steady(stack):
    return stack.states() == ["healthy", "healthy"]


def ended(client, id, seconds=60):
    """The job's last status, read as a caller reads it."""
    until_s = time.monotonic() + seconds
    while True:
        try:
            job = client.status(id)
        except CloudError:  # both tasks are being replaced
            job = None
        if job and job.ended:
            return job
        assert time.monotonic() < until_s, job
        time.sleep(0.2)


def test_no_job_of_a_service_is_lost_or_stuck_or_wrong_while_its_tasks_are_killed(service):
    before, killed = {row["id"] for row in rows(service)}, []

    def kills():
        for _ in range(KILLS):
            time.sleep(1)
            assert until(lambda: is_steady(service))
            killed.append(service.kill())

    with service.standing.client() as client:

        def one(seed):
            id = client.submit({**BODY, "seed": seed}).id
            job = ended(client, id)
            return seed, id, job, client.result(id).encode()

        killer = threading.Thread(target=kills)
        killer.start()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            outcomes = list(pool.map(one, range(JOBS)))
        killer.join()
        assert len(killed) == KILLS
        assert {job.status for _, _, job, _ in outcomes} == {"succeeded"}
        assert len({id for _, id, _, _ in outcomes}) == JOBS
        assert len({row["id"] for row in rows(service)} - before) == JOBS  # none was taken on twice
        assert all(
            hashlib.sha256(content).hexdigest() == job.result.sha256 for _, _, job, content in outcomes
        )
        assert len({job.result.sha256 for _, _, job, _ in outcomes}) == JOBS  # each has its own seed's
        assert any(job.attempts > 1 for _, _, job, _ in outcomes)
        assert until(lambda: open_jobs(service) == [], 20)
    assert until(lambda: is_steady(service))


def test_a_job_survives_all_tasks_at_once(service):
    assert until(lambda: is_steady(service))
    with service.standing.client() as client:
        id = client.submit({**BODY, "runtime_s": 2}).id
        assert until(lambda: client.status(id).status == "running")
        for pid in service.processes():
            os.kill(pid, signal.SIGKILL)
        job = ended(client, id)
    assert (job.status, job.attempts) == ("succeeded", 2)
    assert until(lambda: is_steady(service))


def test_a_job_that_waits_behind_others_in_a_task_is_taken_by_one_that_has_room(service):
    assert until(lambda: is_steady(service))
    with service.standing.client() as client:
        began = time.monotonic()
        ids = [client.submit({**BODY, "runtime_s": 2, "seed": seed}).id for seed in range(6)]
        jobs = [ended(client, id) for id in ids]
    assert {(job.status, job.attempts) for job in jobs} == {("succeeded", 1)}
    assert time.monotonic() - began > 5  # one at a time a task: the workload's work fills it


def test_a_service_that_goes_ends_what_it_has_begun_and_leaves_the_rest_to_others(service):
    assert until(lambda: is_steady(service))
    with service.standing.client() as client:
        ids = [client.submit({**BODY, "runtime_s": 2, "seed": seed}).id for seed in range(4)]
        assert until(lambda: any(client.status(id).status == "running" for id in ids))
        service.kill(signal.SIGTERM)
        jobs = [ended(client, id) for id in ids]
    assert {(job.status, job.attempts) for job in jobs} == {("succeeded", 1)}
    assert until(lambda: is_steady(service))


def test_a_cancelled_job_of_a_service_stops_at_its_next_step(service):
    assert until(lambda: is_steady(service))
    with service.standing.client() as client:
        id = client.submit({**BODY, "runtime_s": 9}).id
        assert until(lambda: client.status(id).status == "running")
        client.cancel(id)
        assert ended(client, id).status == "cancelled"
    assert until(lambda: open_jobs(service) == [], 20)


def test_the_same_key_is_the_same_job_whichever_task_it_meets(service):
    assert until(lambda: is_steady(service))
    with service.standing.client() as client:
        ids = {client.submit(BODY, "the-same").id for _ in range(4)}
        assert len(ids) == 1 and ended(client, ids.pop()).attempts == 1


def test_a_job_whose_task_is_killed_ends_as_failed_soon_and_is_not_begun_again(tasks):
    with tasks.standing.client() as client:
        id = client.submit({**BODY, "runtime_s": 9}).id
        assert until(lambda: client.status(id).status == "running")
        tasks_before = tasks.processes()
        os.kill(tasks_before[-1], signal.SIGKILL)
        job = ended(client, id, 20)
    assert (job.status, job.error["type"], job.attempts) == ("failed", "WorkerDied", 1)


def test_a_task_that_is_told_to_end_has_its_job_begun_again_by_another(tasks):
    with tasks.standing.client() as client:
        id = client.submit({**BODY, "runtime_s": 4}).id
        assert until(lambda: client.status(id).status == "running")
        (first,) = [task["taskArn"] for task in tasks.tasks_with_status()]
        tasks.ecs.stop_task(cluster=tasks.members["Cluster"], task=first)
        job = ended(client, id)
    assert (job.status, job.attempts) == ("succeeded", 2)
    assert until(lambda: len(tasks.tasks_with_status("STOPPED")) >= 2)


def test_jobs_of_tasks_of_their_own_come_side_by_side_and_none_twice(tasks):
    before = {row["id"] for row in rows(tasks)}
    with tasks.standing.client() as client, ThreadPoolExecutor(AT_ONCE) as pool:
        ids = list(pool.map(lambda seed: client.submit({**BODY, "seed": seed}).id, range(6)))
        jobs = [ended(client, id) for id in ids]
    assert {(job.status, job.attempts) for job in jobs} == {("succeeded", 1)}
    assert len({row["id"] for row in rows(tasks)} - before) == 6
