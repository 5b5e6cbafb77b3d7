"""Back-pressure: who may start an environment, who waits, and that the cloud answers meanwhile."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from explorer.live.cloud import starts as module
from explorer.live.cloud.process import of_session
from explorer.live.cloud.starts import AT_ONCE, Starts
from tests.support.local_bench import until


class Pool:
    """Environments of one function, as the emulator keeps them."""

    def __init__(self, starts, key="f"):
        self.starts, self.key, self.idle, self.starts_count = starts, key, 0, 0

    def take(self):
        return self.starts.take(self.key, lambda: self.idle > 0, self._lease)

    def _lease(self):
        if self.idle:
            self.idle -= 1
            return "free", False
        self.starts_count += 1
        return "new", True

    def release(self):
        self.idle += 1
        self.starts.fell_free(self.key)


def begun(call):
    """A thread that has made the call, and where its answer will be."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(call()), daemon=True)
    thread.start()
    return thread, answers


def waits(starts, count):
    return until(lambda: len(starts._waiting) == count)


def queue_up(starts, *pools):
    """Let a call of each pool wait, one behind the other; the thread and the answers of each."""
    calls = []
    for pool in pools:
        calls.append(begun(pool.take))
        assert waits(starts, len(calls))
    return calls


def test_as_many_start_at_once_as_may_and_the_next_when_one_has():
    starts = Starts(at_once=2)
    pool = Pool(starts)
    assert [pool.take(), pool.take()] == [("new", True)] * 2
    third, answers = begun(pool.take)
    assert waits(starts, 1) and pool.starts_count == 2
    starts.release()
    third.join(5)
    assert answers == [("new", True)] and pool.starts_count == 3


def test_who_waits_takes_what_falls_free_first_come_first_served():
    starts = Starts(at_once=1)
    pool = Pool(starts)
    pool.take()
    (first, of_first), (second, of_second) = queue_up(starts, pool, pool)
    pool.release()
    first.join(5)
    assert of_first == [("free", False)] and not of_second
    pool.release()
    second.join(5)
    assert of_second == [("free", False)] and pool.starts_count == 1


def test_what_falls_free_goes_to_its_own_function_past_the_others():
    starts = Starts(at_once=1)
    one, other = Pool(starts, "one"), Pool(starts, "other")
    one.take()
    (first, of_first), (second, of_second) = queue_up(starts, one, other)
    other.release()
    second.join(5)
    assert of_second == [("free", False)] and not of_first
    starts.release()
    first.join(5)
    assert of_first == [("new", True)]


@pytest.mark.parametrize(("most", "third"), [(2, "waits"), (1, None)])
def test_one_more_than_may_wait_is_throttled(most, third):
    starts = Starts(at_once=1, most_waiting=most, longest_wait_s=60)
    pool = Pool(starts)
    pool.take()
    begun(pool.take)
    assert waits(starts, 1)
    _, answers = begun(pool.take)
    if third is None:
        assert until(lambda: answers == [None])
    else:
        assert waits(starts, 2) and not answers


@pytest.mark.parametrize(("longest_s", "answer"), [(0.1, None), (30.0, ("free", False))])
def test_who_waits_too_long_is_throttled_and_leaves_the_queue(longest_s, answer):
    starts = Starts(at_once=1, longest_wait_s=longest_s)
    pool = Pool(starts)
    pool.take()
    thread, answers = begun(pool.take)
    assert waits(starts, 1)
    time.sleep(0.3)
    pool.release()
    thread.join(5)
    assert answers == [answer] and not starts._waiting


def test_all_are_served_whatever_the_order():
    starts = Starts(at_once=2)
    pool = Pool(starts)

    def call(_):
        how = pool.take()
        time.sleep(0.001)
        if how[1]:
            starts.release()
        time.sleep(0.002)
        with starts._lock:
            pool.idle += 1
        starts.fell_free("f")
        return how

    with ThreadPoolExecutor(40) as threads:
        began = time.monotonic()
        results = list(threads.map(call, range(400)))
    assert None not in results and pool.idle == pool.starts_count
    assert starts.free == 2 and not starts._waiting
    assert time.monotonic() - began < 30


@pytest.mark.live
def test_a_burst_of_calls_starts_fewer_environments_than_calls(bench):
    name, calls = bench.function("burst"), 24
    with ThreadPoolExecutor(calls) as threads:
        answers = list(threads.map(lambda _: bench.invoke({"sleep": 0.05}, name), range(calls)))
    assert all(answer["StatusCode"] == 200 and "FunctionError" not in answer for answer in answers)
    reports = [event["message"] for event in bench.client("logs").filter_log_events(
        logGroupName=f"/aws/lambda/{name}", filterPattern="REPORT")["events"]]  # fmt: skip
    cold = sum("Init Duration" in line for report in reports for line in report.splitlines())
    assert AT_ONCE <= cold < calls


@pytest.mark.live
def test_a_function_that_calls_itself_finds_an_environment(bench):
    name = bench.function("nested", Timeout=60)
    counts = bench.table("nested-counts")
    chains = AT_ONCE * 2
    for _ in range(chains):
        bench.invoke({"count": counts, "hops": 3, "hold": 0.2}, name, InvocationType="Event")
    assert until(lambda: bench.counted(counts) == chains * 3, 60)


@pytest.mark.live
def test_a_worker_yields_to_the_cloud_and_one_at_a_door_to_no_other(bench):
    behind, at_door = bench.function("yields"), bench.function("yields-less")
    bench.invoke({}, behind)
    assert bench.post(bench.http_api(at_door), b"{}").status == 200
    own = os.getpriority(os.PRIO_PROCESS, bench.cloud.process.pid)
    for name, yields in ((behind, module.YIELDS), (at_door, module.YIELDS_AT_DOOR)):
        values = {os.getpriority(os.PRIO_PROCESS, pid) for pid in workers_of(bench, name)}
        assert values == {min(own + yields, module.NICEST)}


@pytest.mark.live
def test_what_is_provisioned_is_started_kept_and_counted_as_it_stands(bench):
    name, functions = bench.function("ready"), bench.client("lambda")
    version = functions.publish_version(FunctionName=name)["Version"]
    where = {"FunctionName": name, "Qualifier": version}
    with pytest.raises(functions.exceptions.InvalidParameterValueException, match="unpublished"):
        functions.put_provisioned_concurrency_config(
            FunctionName=name, Qualifier="$LATEST", ProvisionedConcurrentExecutions=1
        )
    put = functions.put_provisioned_concurrency_config(**where, ProvisionedConcurrentExecutions=2)
    assert (put["Status"], put["AvailableProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 0)

    def value_of(key):
        return functions.get_provisioned_concurrency_config(**where)[key]

    assert until(lambda: value_of("Status") == "READY")
    started = workers_of(bench, name)
    assert len(started) == value_of("AvailableProvisionedConcurrentExecutions") == 2
    answers = [bench.invoke({}, name, Qualifier=version) for _ in range(2)]
    assert all("FunctionError" not in answer for answer in answers)
    assert workers_of(bench, name) == started  # none was started for them
    os.kill(min(started), signal.SIGKILL)
    assert until(lambda: value_of("AvailableProvisionedConcurrentExecutions") == 1)
    functions.delete_provisioned_concurrency_config(**where)
    with pytest.raises(functions.exceptions.ProvisionedConcurrencyConfigNotFoundException):
        value_of("Status")


def workers_of(bench, name):
    """Ids of the processes of a function's environments."""
    mark = f"AWS_LAMBDA_FUNCTION_NAME={name}".encode()
    processes = of_session(bench.cloud.process.pid, bench.cloud.folder)
    environments = {one.pid: Path(f"/proc/{one.pid}/environ").read_bytes() for one in processes}
    return {pid for pid, environment in environments.items() if mark in environment.split(b"\0")}
