"""The code that is shipped, on a local cloud: what it promises to callers, and what it survives."""

import base64
import gzip
import hashlib
import json
import os
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.session import get_session

from explorer import encoded_size
from explorer.facts import catalogue
from explorer.live.cloud import supervisor
from tests.support.functions_stack import ME, Stack, request, shipped
from tests.support.local_bench import Bench, until

pytestmark = pytest.mark.live

LONG_LEASE_S = 10  # longer than a busy machine keeps a worker from renewing it
QUICK_RETRY = {"lambda.async.retry_wait_s": 1.5}  # for 60 s
BODY = {"runtime_s": 0.2, "response_bytes": 50_000, "steps": 40, "state_bytes": 1000, "seed": 3}
OTHER = "AIDAEXAMPLE2"
STEPS = {"hops": 50, "slice_steps": 9}


@pytest.fixture(scope="module")
def fn():
    """A cloud in which a broken event is tried again soon."""
    name = f"fn-{os.getpid()}"
    supervisor.stop(name)
    try:
        yield Bench(supervisor.start(name, limits=QUICK_RETRY))
    finally:
        supervisor.stop(name)


@pytest.fixture(scope="module")
def jobs_stack(fn):
    """Jobs that one invocation does."""
    return Stack(fn, "jobs", hand_over="event", lease_s=1.2, upload_bytes=2_000_000).up()


@cache
def shared_session():
    """One session of the SDK for all: it reads its models once."""
    return get_session()


@pytest.fixture
def ship(jobs_stack, tmp_path, monkeypatch):
    """Import the shipped modules with other settings, on the table and buckets of `jobs_stack`."""
    opened, session = [], shared_session()

    def ship(env=None, **settings):
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        more = {"HAND_TO": jobs_stack.arn("work"), **jobs_stack.env, **(env or {})}
        opened.append(shipped(folder, more, jobs_stack.bench.cloud, settings, monkeypatch))
        here = opened[-1].__enter__()
        here.clients._session = lambda: session
        return here

    yield ship
    for each in reversed(opened):
        each.__exit__(None, None, None)


def invocation(seconds=60.0):
    """A Lambda context with so much time left."""
    end = time.monotonic() + seconds
    left_ms = lambda: max(0, int((end - time.monotonic()) * 1000))  # noqa: E731
    return SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=left_ms)


def queued(shipment, owner=ME):
    """A job that waits, and the event of its first hop."""
    row = shipment.jobs.new_row(owner, shipment.jobs.random_name())
    shipment.jobs.put(row, None, "")
    return row["id"], {"id": row["id"], "token": row["token"], "hop": 0, "body": BODY}


def later(shipment, seconds):
    """Let so much time pass for the code that is shipped."""
    before = shipment.row.now
    shipment.row.now = lambda: round(before() + seconds, 3)


def front_answer(shipment, *args, **kwargs):
    """The answer of the front, in this process."""
    answer = shipment.front.handler(request(*args, **kwargs), invocation())
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    return SimpleNamespace(status=answer["statusCode"], headers=headers, body=json.loads(answer["body"]))


# Who may write a job's row ------------------------------------------------------------------------


def test_an_event_that_comes_twice_finds_the_job_held(ship):
    here = ship()
    _, event = queued(here)
    assert here.jobs.claim(event).row["attempts"] == 1
    with pytest.raises(here.jobs.Busy):
        here.jobs.claim(event)


def test_a_late_write_changes_nothing(ship):
    here = ship()
    id, event = queued(here)
    late = here.jobs.claim(event)
    later(here, 31)
    second = here.jobs.claim(event)
    assert second.row["attempts"] == 2
    assert not here.jobs.end(late, "failed")
    with pytest.raises(here.row.Refused):
        here.jobs.renew(late, 0.5)
    assert here.jobs.end(second, "succeeded") and not here.jobs.end(second, "failed")
    assert here.jobs.read(id, ME)["status"] == "succeeded"


@pytest.mark.parametrize("by", ["the next event", "whoever reads the status"])
def test_attempts_used_up_end_the_job(ship, by):
    here = ship(attempts=1)
    id, event = queued(here)
    here.jobs.claim(event)
    later(here, 31)
    if by == "the next event":
        assert here.jobs.claim(event) is None
    status = here.jobs.read(id, ME)
    assert (status["status"], status["error"]["type"]) == ("failed", "WorkerDied")


def test_a_worker_that_dies_as_it_hands_on_counts_as_dead(ship):
    here = ship(attempts=1, hops=5)
    id, event = queued(here)
    here.jobs.await_next_hop(here.jobs.claim(event), 0.5)  # and dies before it has invoked the next
    later(here, 31)
    assert here.jobs.claim(event) is None
    assert here.jobs.read(id, ME)["error"]["type"] == "WorkerDied"


@pytest.mark.parametrize(
    ("seconds", "status"),
    [
        (29 + 60, "running"),
        (31 + 60, "failed"),
    ],
)
def test_a_job_that_nobody_takes_up_again_is_concluded(ship, seconds, status):
    here = ship(lease_s=30, retry_s=60)
    id, event = queued(here)
    here.jobs.claim(event)
    later(here, seconds)
    assert here.jobs.read(id, ME)["status"] == status


def test_an_event_that_was_lost_ends_its_job(ship):
    here = ship(wait_s=60)
    id, _ = queued(here)
    later(here, 50)
    assert here.jobs.read(id, ME)["status"] == "queued"
    later(here, 10)
    assert here.jobs.read(id, ME)["error"]["type"] == "NotTaken"


def test_a_hop_that_waits_for_its_worker_is_not_dead(ship):
    here = ship(attempts=1, hops=5)
    id, event = queued(here)
    claim = here.jobs.claim(event)
    here.jobs.await_next_hop(claim, 0.5)
    later(here, 31)
    assert here.jobs.read(id, ME)["status"] == "running"
    assert here.jobs.claim({**event, "hop": 1, "token": claim.token}).row["attempts"] == 1


def test_an_event_of_an_earlier_hop_is_dropped(ship):
    here = ship()
    _, event = queued(here)
    claim = here.jobs.claim(event)
    here.jobs.claim({**event, "hop": 1, "token": claim.token})
    later(here, 31)
    assert here.jobs.claim(event) is None


@pytest.mark.parametrize("when", ["queued", "running", "between hops"])
def test_a_job_that_was_cancelled_is_not_taken(ship, when):
    here = ship()
    id, event = queued(here)
    claim = here.jobs.claim(event) if when != "queued" else None
    assert here.jobs.cancel(here.jobs.read(id, ME))["cancel"]
    if when == "between hops":
        event = {**event, "hop": 1, "token": claim.token}
    else:
        later(here, 31)
    assert here.jobs.claim(event) is None
    assert here.jobs.read(id, ME)["status"] == "cancelled"
    assert here.jobs.cancel(here.jobs.read(id, ME)) is None


def test_what_has_expired_is_not_there(ship):
    here = ship(kept_s=60)
    id, event = queued(here)
    later(here, 50)
    assert here.jobs.read(id, ME) is not None
    later(here, 10)
    assert here.jobs.claim(event) is None and here.jobs.read(id, ME) is None


def test_a_worker_whose_platform_failed_lets_go_at_once(ship, monkeypatch):
    here = ship(env={"RESULTS": "nobody-has-this"}, attempts=1)
    _, event = queued(here)
    for _ in range(2):  # and it counts as no death
        with pytest.raises(here.clients.platform_errors()):
            here.slices.advance(event, lambda: 60.0)
    assert here.jobs.read(event["id"], ME)["status"] == "running"
    monkeypatch.setenv("RESULTS", "jobs-results")
    assert here.slices.advance(event, lambda: 60.0) is None
    assert here.jobs.read(event["id"], ME)["status"] == "succeeded"


def test_a_service_that_goes_on_failing_ends_the_job(ship):
    here = ship(env={"RESULTS": "nobody-has-this"}, retry_s=60)
    id, event = queued(here)
    with pytest.raises(here.clients.platform_errors()):
        here.slices.advance(event, lambda: 60.0)
    later(here, 60)
    assert here.jobs.read(id, ME)["error"]["type"] == "ServiceFailed"


@pytest.mark.parametrize(
    ("passed_s", "ends", "s3"),
    [
        (5 * 60 - 10, None, "jobs-results"),
        (5 * 60 + 10, "ServiceFailed", "jobs-results"),
        (5 * 60 + 10, None, "nobody-has-this"),  # nobody can say, and it may still wait for room
        (6 * 3600 + 5 * 60, "NotTaken", "nobody-has-this"),
    ],
)
@pytest.mark.parametrize("hop", [0, 1])
def test_a_job_that_no_try_could_take_ends_with_the_tries(ship, monkeypatch, hop, passed_s, ends, s3):
    here = ship(hops=5)
    id, event = queued(here)
    if hop:
        claim = here.jobs.claim(event)
        here.jobs.await_next_hop(claim, 0.5)
        event = {**event, "hop": 1, "token": claim.token}
    monkeypatch.setenv("RESULTS", s3)
    with monkeypatch.context() as outage, pytest.raises(here.clients.platform_errors()):
        outage.setenv("JOBS", "nobody-has-this")
        here.slices.advance(event, lambda: 60.0)
    later(here, passed_s)
    status = here.jobs.read(id, ME)
    assert status.get("error", {}).get("type") == ends and (status["status"] == "failed") == bool(ends)
    if ends:
        assert here.slices.advance(event, lambda: 60.0) is None  # the event comes after all
        assert here.jobs.read(id, ME) == status


def test_a_mark_of_an_earlier_hop_ends_no_later_one(ship):
    here = ship(hops=5)
    id, event = queued(here)
    here.untaken.note(id, 0)
    later(here, 20)
    here.jobs.await_next_hop(here.jobs.claim(event), 0.5)
    later(here, 6 * 60)
    assert here.jobs.read(id, ME)["status"] == "running"


# Events that come more than once ------------------------------------------------------------------

SLICED = {"hops": 5, "slice_steps": 1, "attempts": 1, "lease_s": 30}  # the first death would end a job


class Hops:
    """A job of three hops, driven by hand; `at` is called with each point that it comes to."""

    def __init__(self, here, monkeypatch, at):
        self.here, self.at, self.slices = here, at, []
        self.id, event = queued(here)
        self.events = [{**event, "body": {}}]
        monkeypatch.setattr(here.slices, "work_function", lambda: self._handle)

    def _handle(self, body, context):
        state = context.state or 0
        self.slices.append(state)
        self.at(self, f"hop {state} runs")
        if state < 2:
            context.checkpoint(state + 1)
        return {"done": state + 1}

    def advance(self, hop):
        """A hop's event comes: what becomes of it."""
        try:
            following = self.here.slices.advance(self.events[hop], lambda: 60.0)
        except self.here.jobs.Busy:
            return "busy"
        if following and self.here.settings.SETTINGS.hand_over == "event":
            self.here.jobs.confirm_hand_on(following["id"], following["token"], following["hop"])
        return following

    def run(self):
        """Each hop once."""
        self.at(self, "queued")
        for hop in range(3):
            following = self.advance(hop)
            self.at(self, f"hop {hop} is done")
            self.events += [following] if following else []


@pytest.mark.parametrize("point", ["hop 0 runs", "hop 0 is done", "hop 1 runs", "hop 1 is done",
                                   "hop 2 runs", "hop 2 is done"])  # fmt: skip
@pytest.mark.parametrize("hand_over", ["event", "queue", "durable", "machine"])
def test_an_event_that_comes_again_at_any_point_changes_nothing(ship, monkeypatch, hand_over, point):
    here, answers = ship(**SLICED, hand_over=hand_over), []

    def at(hops, reached):
        if reached != point:
            return
        before = here.row.get(hops.id)
        answers.extend(hops.advance(hop) for hop in range(len(hops.events)))
        assert here.row.get(hops.id) == before

    hops = Hops(here, monkeypatch, at)
    hops.run()
    assert answers and set(answers) <= {None, "busy"}
    assert hops.slices == [0, 1, 2] and here.jobs.read(hops.id, ME)["status"] == "succeeded"


@pytest.mark.parametrize("hop", [0, 1])
def test_an_event_of_a_hop_that_was_handed_on_is_dropped_however_late(ship, monkeypatch, hop):
    here = ship(**SLICED, hand_over="event")

    def at(hops, point):
        if point == f"hop {hop} is done":
            later(here, 31)  # the next waits for room, past the lease
            assert [hops.advance(each) for each in range(hop + 1)] == [None] * (hop + 1)

    hops = Hops(here, monkeypatch, at)
    hops.run()
    status = here.jobs.read(hops.id, ME)
    assert (status["status"], status["attempts"], hops.slices) == ("succeeded", 1, [0, 1, 2])


@pytest.mark.parametrize("hand_over", ["durable", "machine"])
@pytest.mark.parametrize("comes", ["never", "after it", "during it", "before it goes on"])
def test_a_late_event_and_the_next_hop_s_end_the_job_once(ship, monkeypatch, hand_over, comes):
    here = ship(**SLICED, hand_over=hand_over)

    def at(hops, point):
        if point == "hop 0 runs" and comes == "during it" and len(hops.events) == 2:
            hops.events.append(hops.advance(1))

    hops = Hops(here, monkeypatch, at)
    hops.events.append(hops.advance(0))
    later(here, 31)
    again = hops.advance(0)  # its answer was lost, or was not
    if comes == "never":
        hops.events[1] = again
    if comes == "before it goes on":
        hops.events.append(hops.advance(1))
        assert {**again, "token": ""} == {**hops.events[1], "token": ""}
        hops.events.append(again)
        assert hops.advance(3) == "busy" and len(hops.slices) == 3  # what it answered goes nowhere
        del hops.events[3]
    if comes in ("never", "after it"):
        hops.events.append(hops.advance(1))
    assert (again is None) is (comes == "during it")
    assert hops.advance(2) is None
    status = here.jobs.read(hops.id, ME)
    assert status["status"] == "succeeded" and hops.slices == [0, 0, 1, 2], status
    assert {hops.advance(hop) for hop in range(3)} == {None}
    assert here.jobs.read(hops.id, ME) == status


@pytest.mark.parametrize("when", ["first", "after a death"])
def test_a_claim_whose_answer_was_lost_is_the_worker_s_own(ship, monkeypatch, when):
    here = ship(attempts=2)
    _, event = queued(here)
    if when == "after a death":
        here.jobs.claim(event)
        later(here, 31)
    calls, client = [], here.row.client

    class Losing:
        def __getattr__(self, name):
            return getattr(client("dynamodb"), name)

        def update_item(self, **arguments):
            answer = client("dynamodb").update_item(**arguments)
            calls.append(answer)
            return client("dynamodb").update_item(**arguments) if len(calls) == 1 else answer

    with monkeypatch.context() as lossy:
        lossy.setattr(here.row, "client", lambda service: Losing())
        claim = here.jobs.claim(event)
    assert claim.row["attempts"] == (1 if when == "first" else 2)
    assert here.jobs.end(claim, "succeeded")


def test_a_repeat_that_fails_does_not_end_a_job_whose_next_hop_waits(ship, monkeypatch):
    here = ship(hops=5, hand_over="event")
    id, event = queued(here)
    claim = here.jobs.claim(event)
    here.jobs.await_next_hop(claim, 0.5)
    with monkeypatch.context() as outage, pytest.raises(here.clients.platform_errors()):
        outage.setenv("JOBS", "nobody-has-this")
        here.slices.advance(event, lambda: 60.0)
    later(here, 5 * 60 + 10)
    assert here.jobs.read(id, ME)["status"] == "running"


def test_a_durable_slice_waits_for_as_long_as_another_holds_its_job(ship):
    here = ship(hand_over="durable")
    assert here.durable_work._retry_decision(here.jobs.Busy(), 50).should_retry
    assert not here.durable_work._retry_decision(OSError(), 5).should_retry


# Long work ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def long_stacks(fn):
    """The forms of long work, one of them the single invocation."""
    names = {
        "single": {"hand_over": "event"},
        "queued": {"hand_over": "queue"},
        "recursion": {"hand_over": "event", **STEPS},
        "durable": {"hand_over": "durable", "handler": "durable_work.handler", **STEPS},
        "steps": {"hand_over": "machine", "handler": "workflow_work.handler", **STEPS},
    }
    return {name: Stack(fn, name, **settings).up() for name, settings in names.items()}


def test_every_form_comes_to_the_same_result(long_stacks):
    ids = {name: stack.submit(BODY) for name, stack in long_stacks.items()}
    statuses = {name: stack.ended(ids[name]) for name, stack in long_stacks.items()}
    assert {each["status"] for each in statuses.values()} == {"succeeded"}, statuses
    results = {long_stacks[name].fetched(each) for name, each in statuses.items()}
    assert len(results) == 1 and len(results.pop()) == BODY["response_bytes"]
    hops = {name: int(long_stacks[name].row(id)["hop"]) for name, id in ids.items()}
    assert hops == {"single": 0, "queued": 0, "recursion": 4, "durable": 4, "steps": 4}


@pytest.mark.parametrize("form", ["recursion", "durable", "steps", "queued"])
def test_long_work_is_cancelled_between_its_steps(long_stacks, form):
    stack = long_stacks[form]
    id = stack.submit({**BODY, "runtime_s": 40})
    assert until(lambda: stack.status(id)["status"] == "running")
    assert stack.ask("DELETE", f"/jobs/{id}").body == {"id": id, "status": "running"}
    assert stack.ended(id)["status"] == "cancelled"
    assert stack.ask("DELETE", f"/jobs/{id}").status == 409


def test_a_hop_that_is_handed_over_twice_is_done_once(ship):
    here = ship(**STEPS)
    id, event = queued(here)
    counts, following = [], [event]

    def advance(hop_event):
        try:
            return here.slices.advance(hop_event, lambda: 60.0)
        except here.jobs.Busy:
            return "busy"

    with ThreadPoolExecutor(2) as pool:
        while following:
            answers = list(pool.map(advance, following * 2))
            assert answers.count("busy") + answers.count(None) >= 1, answers
            following = [answer for answer in answers if isinstance(answer, dict)]
            counts.append(len(following))
    assert counts == [1, 1, 1, 1, 0]
    assert here.jobs.read(id, ME)["attempts"] == 1


def test_a_hop_budget_ends_work_that_does_not(ship):
    here = ship(hops=2, slice_steps=1)
    id, event = queued(here)
    following = here.slices.advance(event, lambda: 60.0)
    assert here.slices.advance(following, lambda: 60.0) is None
    assert here.jobs.read(id, ME)["error"]["type"] == "OutOfHops"


@pytest.mark.parametrize(("over", "field"), [(0, "state"), (1, "state_key")])
def test_a_state_travels_in_the_event_while_it_fits(ship, over, field):
    here = ship(hops=5, state_bytes=2000)
    _, event = queued(here)
    state = "x" * (2000 - here.results.EVENT_OVERHEAD_BYTES - 2 + over)
    payload = here.results.hop_payload(here.jobs.claim(event), event, state)
    assert set(payload) == {"body", field}
    assert here.results.state_of(payload) == state


def test_a_body_that_its_escapes_make_too_large_goes_on_through_s3(ship):
    here = ship(hops=5, hand_bytes=3000)
    _, event = queued(here)
    event["body"] = {"name": "ü" * 1000}  # 2,000 bytes, 6,000 as JSON of ASCII
    claim = here.jobs.claim(event)
    payload = here.results.hop_payload(claim, event, {"done": 1})
    assert set(payload) == {"body_at", "state"}
    assert here.results.body_of(payload, claim) == event["body"]


# Workers that break -------------------------------------------------------------------------------

BREAKS = b"""
import os, sys, time
def handle(body, context):
    if "die" in body and not os.path.exists(body["die"]):
        open(body["die"], "w").close()
        os._exit(1)
    if "always" in body:
        os._exit(1)
    if "sleep" in body:
        time.sleep(body["sleep"])
    if "exit" in body:
        sys.exit("enough")
    if "raise" in body:
        raise KeyError(body["raise"])
    if "state" in body:
        context.checkpoint({1, 2})
    return body["return"] if "return" in body else (1, 2)
"""

DIES = b"""
import os
def handle(body, context):
    done = context.state or []
    for step in range(len(done), body["steps"]):
        if step == 3 and not os.path.exists(body["die"]):
            open(body["die"], "w").close()
            os._exit(1)
        done = [*done, step]
        context.checkpoint(done, len(done) / body["steps"])
    return done
"""


@pytest.fixture(scope="module")
def breaking(fn):
    """Work that ends as its body says."""
    settings = {"hand_over": "event", "lease_s": 1.2, "hops": 9, "slice_steps": 1}
    return Stack(fn, "breaking", timeout=4, more={"breaks.py": BREAKS}, work="breaks:handle", **settings).up()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"raise": "line\nof \ud800 text"}, ("KeyError", r"'line\nof \ud800 text'")),
        ({"exit": 1}, ("SystemExit", "enough")),
        ({"return": 1}, ("TypeError", "handle returned int: expected dict, list, str or bytes")),
        ({}, ("TypeError", "handle returned tuple: expected dict, list, str or bytes")),
        ({"state": 1}, ("TypeError", "Object of type set is not JSON serializable")),
        ([], ("TypeError", "handle returned tuple: expected dict, list, str or bytes")),
    ],
)
def test_what_the_handler_does_wrong_ends_the_job_at_once(breaking, body, error):
    status = breaking.ended(breaking.submit(body))
    assert (status["status"], status["attempts"]) == ("failed", 1)
    assert (status["error"]["type"], status["error"]["detail"]) == error


@pytest.mark.parametrize(
    ("value", "content_type", "raw"),
    [
        ({"a": "ü"}, "application/json", b'{"a":"\\u00fc"}'),
        ("ü", "text/plain; charset=utf-8", "ü".encode()),
    ],
)
def test_what_a_handler_may_answer(breaking, value, content_type, raw):
    status = breaking.ended(breaking.submit({"return": value}))
    assert breaking.fetched(status) == raw
    assert status["result"]["content_type"] == content_type


def ended_after_a_death(stack, id: str, died: Path) -> dict:
    """The job's last status. The test ends the lease of the worker that died.

    A lease that ends by itself while the test runs would have to be so short that a busy machine lets those
    of living workers end too.
    """
    assert until(died.exists)
    table = stack.bench.session.resource("dynamodb").Table(stack.table)

    def is_taken_over() -> bool:  # again and again: a renewal may be on its way while the worker dies
        try:
            table.update_item(
                Key={"id": id},
                UpdateExpression="SET #lease = :past",
                ConditionExpression="#status = :running AND #attempts = :one",
                ExpressionAttributeNames={f"#{name}": name for name in ("lease", "status", "attempts")},
                ExpressionAttributeValues={":past": 1, ":running": "running", ":one": 1},
            )
        except table.meta.client.exceptions.ConditionalCheckFailedException:
            return True
        return False

    assert until(is_taken_over, 120)
    return stack.ended(id, 120)


def test_a_worker_that_dies_once_is_followed_by_another(fn, tmp_path):
    settings = {"hand_over": "event", "lease_s": LONG_LEASE_S, "hops": 9, "slice_steps": 1}
    stack = Stack(fn, "once", more={"breaks.py": BREAKS}, work="breaks:handle", **settings).up()
    died = tmp_path / "died"
    status = ended_after_a_death(stack, stack.submit({"die": str(died), "return": "done"}), died)
    assert (status["status"], status["attempts"]) == ("succeeded", 2)


def test_in_every_form_a_worker_that_dies_is_followed_by_another(fn, tmp_path):
    more = {"dies.py": DIES}
    forms = [{"hand_over": "queue"}, {"hand_over": "event"},
             {"hand_over": "durable", "handler": "durable_work.handler"},
             {"hand_over": "machine", "handler": "workflow_work.handler"}]  # fmt: skip
    stacks = [Stack(fn, f"dies-{form['hand_over']}", more=more, work="dies:handle", lease_s=LONG_LEASE_S,
                    hops=9, slice_steps=2, **form).up() for form in forms]  # fmt: skip
    ids = [stack.submit({"die": str(tmp_path / stack.name), "steps": 5}) for stack in stacks]
    for stack, id in zip(stacks, ids):
        status = ended_after_a_death(stack, id, tmp_path / stack.name)
        assert (status["status"], status["attempts"]) == ("succeeded", 2), (stack.name, status)
        assert stack.fetched(status) == b"[0,1,2,3,4]"


def test_a_job_that_kills_every_worker_fails(breaking):
    status = breaking.ended(breaking.submit({"always": 1}))
    assert (status["status"], status["attempts"], status["error"]["type"]) == ("failed", 2, "WorkerDied")


def test_a_job_that_outlasts_its_invocation_fails_before_it_is_killed(breaking):
    began = time.monotonic()
    status = breaking.ended(breaking.submit({"sleep": 60}))
    assert status["error"]["type"] == "TimedOut" and time.monotonic() - began < 30


def test_a_step_that_fails_as_asked(jobs_stack):
    status = jobs_stack.ended(jobs_stack.submit({**BODY, "fail_at_step": 3}))
    assert status["error"] == {"type": "StepFailed", "detail": "step 3 failed, as asked"}


# Submitting ---------------------------------------------------------------------------------------


def test_the_same_key_and_body_are_the_same_job(jobs_stack):
    key = {"headers": {"Idempotency-Key": "one"}}
    first, again = (jobs_stack.submit(BODY, **key) for _ in range(2))
    assert again == first
    answer = jobs_stack.ask("POST", "/jobs", {**BODY, "seed": 4}, **key)
    assert answer.status == 422
    assert jobs_stack.submit(BODY, owner=OTHER, **key) != first
    assert jobs_stack.ended(first)["attempts"] == 1


def test_the_same_key_at_the_same_time_is_the_same_job(ship):
    here = ship(hand_over="event")
    here.clients.client("dynamodb"), here.clients.client("lambda")
    event = request("POST", "/jobs", BODY, headers={"idempotency-key": "together"})
    parsed = here.request.Request.of(event)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: here.submit.create(parsed, ME), range(4)))
    assert len({json.loads(answer["body"])["id"] for answer in answers}) == 1


def test_a_key_whose_job_could_not_be_handed_over_can_be_used_again(ship, monkeypatch, jobs_stack):
    here = ship(hand_over="event", env={"HAND_TO": jobs_stack.arn("nobody")})
    submission = ("POST", "/jobs", BODY)
    key = {"headers": {"idempotency-key": "again"}}
    before = count(jobs_stack)
    answer = front_answer(here, *submission, **key)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert count(jobs_stack) == before
    monkeypatch.setenv("HAND_TO", jobs_stack.arn("work"))
    assert front_answer(here, *submission, **key).status == 202


def count(stack) -> int:
    return stack.bench.client("dynamodb").scan(TableName=stack.table, Select="COUNT")["Count"]


def test_a_job_that_a_worker_has_is_not_taken_back(ship):
    here = ship()
    id, event = queued(here)
    row = here.jobs.read(id, ME)
    here.jobs.claim(event)
    with pytest.raises(here.row.Refused):
        here.jobs.withdraw(row, None)


@pytest.mark.parametrize("size", [3000, 400_000])
def test_a_large_body_goes_through_s3(breaking, size):
    text = "ü\uffff" * (size // 5)  # a character that no message may hold
    status = breaking.ended(breaking.submit({"return": text}))
    assert breaking.fetched(status) == text.encode()
    assert ("body" in breaking.row(status["id"])) == (size > 256_000)


def test_a_queue_is_not_given_what_it_refuses(long_stacks):
    stack = long_stacks["queued"]
    assert stack.ended(stack.submit({"\uffff": 1}))["error"]["type"] == "BadSampleBody"


def test_another_callers_job_is_as_one_that_never_was(jobs_stack):
    id = jobs_stack.submit(BODY)
    for method in ("GET", "DELETE"):
        answers = [jobs_stack.ask(method, f"/jobs/{each}", owner=OTHER).raw for each in (id, "0" * 32)]
        assert answers[0] == answers[1] and b'"statusCode": 404' in answers[0]
    assert jobs_stack.ended(id)["status"] == "succeeded"


def test_sessions_of_one_role_are_one_owner(jobs_stack):
    id = jobs_stack.submit(BODY, owner="AROAROLE:one")
    assert jobs_stack.ask("GET", f"/jobs/{id}", owner="AROAROLE:two").status == 200
    assert jobs_stack.ask("GET", f"/jobs/{id}", owner="AROAROLE2:one").status == 404


def test_what_a_status_tells(jobs_stack):
    answer = jobs_stack.ask("POST", "/jobs", {**BODY, "runtime_s": 3, "steps": 1}, v1=True)
    id = answer.body["id"]
    assert answer.headers["location"] == f"/jobs/{id}" and answer.headers["retry-after"] == "1"
    assert until(lambda: jobs_stack.status(id)["status"] == "running")
    running = jobs_stack.ask("GET", f"/jobs/{id}", v1=True)
    names = {"id", "status", "progress", "attempts", "submitted", "updated"}
    assert names <= set(running.body) and running.headers["retry-after"] == "1"
    status = jobs_stack.ended(id)
    assert set(status["result"]) == {"url", "bytes", "sha256", "content_type", "expires"}
    assert "retry-after" not in jobs_stack.ask("GET", f"/jobs/{id}").headers


# Refusals -----------------------------------------------------------------------------------------

JSON = {"content-type": "application/json"}
UPLOAD = {"bytes": 5, "content_type": "text/plain"}
ID = "0" * 32


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "more"),
    [
        ("POST", "/jobs", b"", 400, {}),
        ("POST", "/jobs", b"{", 400, {}),
        ("POST", "/jobs", b"\xff{}", 400, {"base64d": True}),
        ("POST", "/jobs", b'{"a": NaN}', 400, {}),
        ("POST", "/jobs", b'{"a": 1e999}', 400, {}),
        ("POST", "/jobs", b'{"a": ' + b"9" * 5000 + b"}", 400, {}),
        ("POST", "/jobs", b"[" * 101 + b"]" * 101, 400, {}),
        ("POST", "/jobs", b"[" * 100_000, 400, {}),
        ("POST", "/jobs", b'{"a":' * 100_000, 400, {}),
        ("POST", "/jobs", b"{}", 415, {"headers": {"content-type": "text/plain"}}),
        ("POST", "/jobs", b"{}", 415, {"headers": {"content-type": ""}}),
        ("POST", "/jobs", b"{}", 400, {"headers": {"idempotency-key": "k" * 256}}),
        ("POST", "/jobs", b"{}", 400, {"headers": {"idempotency-key": "a\nb"}}),
        ("POST", "/jobs", b"{}", 400, {"headers": {"idempotency-key": ""}}),
        ("POST", "/jobs", b"{}", 403, {"owner": None}),
        ("POST", "/jobs", b"{}", 400, {"query": {"upload": ID}}),
        ("POST", "/jobs", b"", 404, {"query": {"upload": ID}}),
        ("POST", "/jobs", b"", 404, {"query": {"upload": "../" + ID}}),
        ("POST", "/jobs", b"", 404, {"query": {"upload": ""}}),
        ("PUT", "/jobs", b"{}", 405, {}),
        ("POST", f"/jobs/{ID}", b"{}", 405, {}),
        ("GET", "/jobs/", b"", 404, {}),
        ("GET", "/jobs/a/b", b"", 404, {}),
        ("GET", "/jobs/%2e%2e%2fjobs", b"", 404, {}),
        ("GET", "/jobs/..", b"", 404, {}),
        ("GET", "/jobs/a\0b", b"", 404, {}),
        ("GET", f"/jobs/{ID}\n", b"", 404, {}),
        ("GET", "/jobs/" + "a" * 5000, b"", 404, {}),
        ("GET", "/jobs/key%23" + "a" * 64, b"", 404, {}),
        ("GET", "/jobs/key#" + "a" * 64, b"", 404, {}),
        ("DELETE", f"/jobs/{ID}", b"", 404, {}),
        ("GET", "/", b"", 404, {}),
        ("GET", "//jobs", b"", 404, {}),
        ("POST", "/uploads", b"[]", 400, {}),
        ("POST", "/uploads", {**UPLOAD, "key": "x"}, 400, {}),
        ("POST", "/uploads", {**UPLOAD, "bytes": 0}, 400, {}),
        ("POST", "/uploads", {**UPLOAD, "bytes": True}, 400, {}),
        ("POST", "/uploads", {**UPLOAD, "bytes": 5.0}, 400, {}),
        ("POST", "/uploads", {**UPLOAD, "bytes": "5"}, 400, {}),
        ("POST", "/uploads", {**UPLOAD, "bytes": 2_000_001}, 413, {}),
        ("POST", "/uploads", {**UPLOAD, "bytes": 10**4000}, 413, {}),
        ("POST", "/uploads", {**UPLOAD, "content_type": "text"}, 400, {}),
        ("POST", "/uploads", {**UPLOAD, "content_type": "text/plain\r\nx: y"}, 400, {}),
        ("POST", "/uploads", {**UPLOAD, "content_type": "text/plain\n"}, 400, {}),
        ("POST", "/uploads", {**UPLOAD, "content_type": "a/" + "b" * 200}, 400, {}),
        ("POST", "/uploads", {**UPLOAD, "content_type": None}, 400, {}),
        ("POST", "/uploads", b"{}", 415, {"headers": {"content-type": "text/json"}}),
        ("POST", "/run", b"{", 400, {}),
        ("POST", "/run", b"", 404, {"query": {"upload": ID}}),
        ("GET", "/run", b"", 405, {}),
    ],
)
def test_refusals_are_problems(ship, method, path, body, status, more):
    here = ship(env={"SERVES": "submit,status,uploads,work"}, upload_bytes=2_000_000, hand_over="event")
    for v1 in (False, True):
        answer = front_answer(here, method, path, body, v1=v1, **more)
        assert (answer.status, answer.body["status"]) == (status, status), answer
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "detail"} <= set(answer.body) and len(answer.body["detail"]) < 200
        assert (status == 405) == ("allow" in answer.headers)


def test_a_body_at_the_edge_of_depth_is_taken(ship):
    here = ship()
    assert here.strict_json.parse(b"[" * 100 + b"]" * 100)
    assert here.strict_json.parse(b'"' + b"[" * 5000 + rb"\"{" + b'"') == "[" * 5000 + '"{'


def test_each_part_answers_for_its_own_paths(ship):
    here = ship(env={"AWS_LAMBDA_FUNCTION_NAME": "a-stack-status"})
    assert front_answer(here, "POST", "/uploads", UPLOAD).status == 404
    answer = front_answer(here, "DELETE", f"/jobs/{ID}")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")


def test_what_fails_behind_is_told_without_its_text(ship, capsys):
    here = ship(env={"JOBS": "nobody-has-this-table"})
    answer = front_answer(here, "GET", f"/jobs/{ID}")
    assert answer.status == 503 and "table" not in json.dumps(answer.body)
    assert "nobody-has-this-table" not in capsys.readouterr().out


# Uploads ------------------------------------------------------------------------------------------


def put(stack, place, content: bytes, **headers) -> int:
    all_headers = {**place["headers"], "Content-Length": str(len(content)), **headers}
    request = urllib.request.Request(place["upload_url"], content, all_headers, method="PUT")
    return stack.bench.fetch(request).status


def test_an_upload_is_signed_for_its_bytes_and_its_type(jobs_stack):
    raw = json.dumps(BODY).encode()
    declared = {"bytes": len(raw), "content_type": "application/json"}
    answer = jobs_stack.ask("POST", "/uploads", declared)
    place = answer.body
    assert answer.status == 201 and set(place) == {"upload_url", "headers", "upload", "expires"}
    assert put(jobs_stack, place, raw + b" ") == 403
    assert put(jobs_stack, place, raw[:-1]) == 403
    assert put(jobs_stack, place, raw, **{"Content-Type": "text/html"}) == 403
    upload = {"query": {"upload": place["upload"]}, "headers": {"content-type": ""}}
    assert jobs_stack.ask("POST", "/jobs", **upload).status == 404  # nothing is there yet
    assert put(jobs_stack, place, raw) == 200
    assert jobs_stack.ask("POST", "/jobs", owner=OTHER, **upload).status == 404
    status = jobs_stack.ended(jobs_stack.submit(None, **upload))
    assert len(jobs_stack.fetched(status)) == BODY["response_bytes"]


@pytest.mark.parametrize(
    ("content", "kind", "error"),
    [
        (b"{", "application/json", "the body is not JSON"),
        (b"{}", "text/plain", "the body is not an object"),  # the handler is given bytes
    ],
)
def test_an_upload_that_is_no_body_fails_its_job(ship, jobs_stack, content, kind, error):
    here = ship()
    id, event = queued(here)
    place = uploaded(here, jobs_stack, content, kind)
    here.slices.advance({**without(event, "body"), "body_at": place}, lambda: 60.0)
    assert here.jobs.read(id, ME)["error"]["detail"].startswith(error)


SAMPLE = {"check": "sample:check"}
BAD_BODIES = [
    (b"[]", "not an object"),
    (b"null", "not an object"),
    (b'"text"', "not an object"),
    (b"7", "not an object"),
    (b'{"runtime": 1}', 'has "runtime"'),
    (b'{"runtime_s": -0.1}', "runtime_s is -0.1"),
    (b'{"runtime_s": 86401}', "runtime_s is 86401"),
    (b'{"runtime_s": "1"}', "runtime_s is '1'"),
    (b'{"runtime_s": true}', "runtime_s is True"),
    (b'{"runtime_s": null}', "runtime_s is None"),
    (b'{"response_bytes": 1.5}', "response_bytes is 1.5"),
    (b'{"response_bytes": 209715201}', "response_bytes is 209715201"),
    (b'{"steps": 0}', "steps is 0"),
    (b'{"steps": 10001}', "steps is 10001"),
    (b'{"state_bytes": -1}', "state_bytes is -1"),
    (b'{"seed": [1]}', "seed is"),
    (b'{"seed": 9223372036854775809}', "seed is"),
    (b'{"fail_at_step": 1}', "fail_at_step is 1"),
]


@pytest.mark.parametrize(("raw", "why"), BAD_BODIES)
def test_what_the_work_would_refuse_is_not_accepted(ship, jobs_stack, raw, why):
    here = ship(**SAMPLE)
    before = rows_of(jobs_stack)
    answer = front_answer(here, "POST", "/jobs", raw)
    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    assert why in answer.body["detail"] and rows_of(jobs_stack) == before
    here = ship(response="whole", **SAMPLE)
    assert front_answer(here, "POST", "/run", raw).status == 422


def rows_of(stack):
    return stack.bench.client("dynamodb").scan(TableName=stack.table, Select="COUNT")["Count"]


@pytest.mark.parametrize(
    "raw", [b'{"response_bytes": 209715200, "runtime_s": 86400}', b'{"steps": 10000}', b"{}"]
)
def test_the_most_that_the_sample_takes_passes_its_check(ship, raw):
    here = ship(**SAMPLE)
    here.body_check.check_body(json.loads(raw))


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b"\xff", "application/json", 422),
        (b'{"steps": 0}', "application/json", 422),
        (b"{}", "text/plain", 422),
        (b'{"steps": 1}', "application/json; charset=utf-8", 202),
    ],
)
def test_an_upload_is_checked_when_its_job_is_submitted(ship, jobs_stack, content, kind, status):
    for settings in (SAMPLE, {"response": "whole", **SAMPLE}):
        here = ship(hand_over="event", **settings)
        query = {"upload": uploaded(here, jobs_stack, content, kind)["key"].rpartition("/")[2]}
        path = "/run" if "response" in settings else "/jobs"
        answer = here.front.handler(request("POST", path, query=query), invocation())
        assert answer["statusCode"] == (200 if status == 202 and path == "/run" else status)


def test_an_upload_that_is_larger_than_can_be_read_is_checked_by_the_work(ship, jobs_stack, monkeypatch):
    here = ship(hand_over="event", **SAMPLE)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1")
    most = here.body_check.readable_bytes()
    for size, status in ((most, 422), (most + 1, 202)):
        raw = json.dumps({"steps": 0, "x": ""})[:-2] + "x" * size
        raw = raw[: size - 2] + '"}'
        place = uploaded(here, jobs_stack, raw.encode(), "application/json")
        assert len(raw) == size
        query = {"upload": place["key"].rpartition("/")[2]}
        assert front_answer(here, "POST", "/jobs", query=query).status == status
    id, event = queued(here)
    here.slices.advance({**without(event, "body"), "body_at": place}, lambda: 60.0)
    assert here.jobs.read(id, ME)["error"]["type"] == "BadSampleBody"


@pytest.mark.parametrize(("method", "path"), [("POST", "/jobs"), ("POST", "/run")])
def test_an_upload_where_there_are_none_is_refused(ship, monkeypatch, method, path):
    here = ship()
    monkeypatch.delenv("UPLOADS")
    answer = front_answer(here, method, path, query={"upload": "0" * 32})
    assert answer.status == 400 and "takes no uploads" in answer.body["detail"]


def test_a_check_sees_a_body_of_its_own(ship, tmp_path, monkeypatch):
    (tmp_path / "own_work.py").write_text(
        "def check(body):\n    if body.pop('n') > 1:\n        raise SystemExit\n"
        "def handle(body, context):\n    return {'n': body['n']}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    here = ship(response="whole", handler="own_work:handle", check="own_work:check")
    assert front_answer(here, "POST", "/run", {"n": 1}).body == {"n": 1}
    refused = front_answer(here, "POST", "/run", {"n": 2})
    assert (refused.status, refused.body["detail"]) == (422, "SystemExit")


@pytest.mark.parametrize(("then", "error"), [(b"[1]", "was changed"), (None, "no longer kept")])
def test_an_upload_that_is_not_as_it_was_fails_its_job(ship, jobs_stack, then, error):
    here = ship()
    id, event = queued(here)
    place = uploaded(here, jobs_stack, b"{}", "application/json")
    s3, where = jobs_stack.bench.client("s3"), {"Bucket": jobs_stack.uploads, "Key": place["key"]}
    s3.put_object(**where, Body=then) if then else s3.delete_object(**where)
    here.slices.advance({**without(event, "body"), "body_at": place}, lambda: 60.0)
    assert error in here.jobs.read(id, ME)["error"]["detail"]


@pytest.mark.parametrize(("known_later", "ends"), [(True, "succeeded"), (False, "failed")])
def test_a_role_that_is_not_known_yet_has_a_second_try(ship, jobs_stack, known_later, ends):
    """Denied is also what is missing for who may not list: it is taken for that when it is denied again."""
    here = ship(handler="sample:handle")
    id, event = queued(here)
    place = uploaded(here, jobs_stack, json.dumps(BODY).encode(), "application/json")
    s3, bucket = jobs_stack.bench.client("s3"), jobs_stack.uploads
    where = f"arn:aws:s3:::{bucket}/{place['key']}"
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": where}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    event = {**without(event, "body"), "body_at": place}
    try:
        with pytest.raises(here.clients.platform_errors(), match="AccessDenied"):
            here.slices.advance(event, lambda: 60.0)
        assert here.jobs.read(id, ME)["status"] == "running"
        if known_later:
            s3.delete_bucket_policy(Bucket=bucket)
        here.slices.advance(event, lambda: 60.0)
    finally:
        s3.delete_bucket_policy(Bucket=bucket)
    status = here.jobs.read(id, ME)
    assert status["status"] == ends and (known_later or "no longer kept" in status["error"]["detail"])


def uploaded(here, stack, content: bytes, kind: str):
    token = here.jobs.random_name()
    where = {"Bucket": stack.uploads, "Key": here.uploads._key(ME, token)}
    stack.bench.client("s3").put_object(**where, Body=content, ContentType=kind)
    return here.uploads.find(token, ME)


def without(event, name):
    return {key: value for key, value in event.items() if key != name}


# Answers while the caller waits -------------------------------------------------------------------


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("door", ["http-api", "rest-api", "function-url"])
def test_an_answer_is_as_long_as_was_predicted(ship, binary, door):
    here = ship(response="whole", binary=binary)
    for size in (0, 1, 2, 3, 12, 13, 999, 100_000):
        event = request("POST", "/run", {"response_bytes": size}, v1=door == "rest-api")
        text = json.dumps(here.front.handler(event, invocation()))  # as Lambda's runtime does
        predicted = encoded_size(size, binary=binary, door=door, direction="response")
        assert len(text) == predicted, size


def test_one_byte_more_than_an_answer_may_have(fn):
    stack = Stack(fn, "whole", response="whole")
    stack.serves = "work"
    stack.up()
    most = int(catalogue.limit("lambda.sync.response").value)
    size = next(n for n in range(int(most / 1.08), 0, -1) if encoded_size(n, direction="response") <= most)
    assert encoded_size(size + 1, direction="response") > most
    answers = [
        fn.invoke(request("POST", "/run", {"response_bytes": each}), "whole-front")
        for each in (size, size + 1)
    ]
    assert len(answers[0]["body"]) == encoded_size(size, direction="response")
    assert "FunctionError" not in answers[0] and b"ResponseSizeTooLarge" in answers[1]["body"]


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_compressed_answer_is_as_small_as_was_said(ship, binary, share):
    here = ship(response="whole", gzip=True, compression=share, binary=binary)
    event = request("POST", "/run", {"response_bytes": 400_000})
    answer = here.front.handler(event, invocation())
    packed = base64.b64decode(answer["body"])
    assert answer["headers"]["Content-Encoding"] == "gzip" and answer["isBase64Encoded"]
    assert gzip.decompress(packed) == here.sample.answer(400_000, 0).content
    assert len(packed) / 400_000 == pytest.approx(share, abs=0.05)


def test_pages_together_are_the_whole(ship):
    here = ship(response="page", page_bytes=30_000)
    got, query = b"", {}
    while query is not None:
        answer = here.front.handler(request("POST", "/run", BODY, query=query), invocation())
        got += answer["body"].encode()
        link = answer["headers"].get("Link")
        query = {"page": link.split("page=")[1].split(">")[0]} if link else None
    assert got == here.sample.answer(BODY["response_bytes"], BODY["seed"]).content
    for page, status in (("3", 404), ("0", 400), ("x", 400), ("-1", 400), ("²", 400)):
        assert front_answer(here, "POST", "/run", BODY, query={"page": page}).status == status


@pytest.mark.parametrize("binary", [False, True])
def test_each_page_is_compressed_by_itself(ship, binary):
    here = ship(response="page", page_bytes=30_000, gzip=True, compression=0.1, binary=binary)
    pages = []
    for page in ("1", "2"):
        answer = here.front.handler(request("POST", "/run", BODY, query={"page": page}), invocation())
        assert answer["headers"]["Content-Encoding"] == "gzip" and answer["isBase64Encoded"]
        pages.append(gzip.decompress(base64.b64decode(answer["body"])))
    assert [len(page) for page in pages] == [30_000, 20_000]
    assert b"".join(pages) == here.sample.answer(BODY["response_bytes"], BODY["seed"]).content


@pytest.mark.parametrize("packed", [False, True])
def test_a_stored_result_is_told_as_it_is_downloaded(ship, jobs_stack, packed):
    here = ship(gzip=packed, compression=0.1)
    id, event = queued(here)
    here.slices.advance(event, lambda: 60.0)
    result = here.description._signed_result(here.jobs.read(id, ME))
    with urllib.request.urlopen(result["url"]) as answer:
        got, encoding = answer.read(), answer.headers["Content-Encoding"]
    assert (result["bytes"], result["sha256"]) == (len(got), hashlib.sha256(got).hexdigest())
    assert (encoding, result.get("content_encoding")) == (("gzip", "gzip") if packed else (None, None))
    whole = gzip.decompress(got) if packed else got
    assert whole == here.sample.answer(BODY["response_bytes"], BODY["seed"]).content
    assert (len(got) < 0.2 * len(whole)) == packed


def test_a_page_does_not_cut_a_character(ship, tmp_path):
    here = ship(response="page", page_bytes=5)
    result = here.results.Result.of("aüöäß€" * 3)
    pages = [
        here.answer._page_answer(result, page, SimpleNamespace(query={}))["body"] for page in range(1, 9)
    ]
    assert "".join(pages) == "aüöäß€" * 3


def test_run_with_an_upload_and_with_a_failure(ship, jobs_stack):
    here = ship(response="whole")
    raw = json.dumps({"response_bytes": 10}).encode()
    place = uploaded(here, jobs_stack, raw, "application/json")
    query = {"upload": place["key"].rpartition("/")[2]}
    answer = here.front.handler(request("POST", "/run", query=query), invocation())
    assert (answer["statusCode"], len(answer["body"])) == (200, 10)
    failed = front_answer(here, "POST", "/run", {**BODY, "fail_at_step": 0})
    assert (failed.status, failed.body["title"]) == (500, "StepFailed")


# Configuration ------------------------------------------------------------------------------------

NAMES = [f"CFG_{number}" for number in range(1, 13)]  # two calls of Parameter Store
VALUES = {name: f"value of {name}" for name in NAMES}


def stored(fn, store: str) -> dict:
    """Put the values where the store has them; what the functions are told."""
    if store == "ssm":
        for name, value in VALUES.items():
            fn.client("ssm").put_parameter(
                Name=f"/st/{name}", Value=value, Type="SecureString", Overwrite=True
            )
        return {"CONFIGURATION": "/st/"}
    if store == "secretsmanager":
        secrets = {"CFG_1": VALUES["CFG_1"], "plain": json.dumps({n: VALUES[n] for n in NAMES[1:]})}
        for name, value in secrets.items():
            fn.client("secretsmanager").create_secret(Name=f"st/{name}", SecretString=value)
        return {"CONFIGURATION": "st/"}
    if store == "appconfig":
        return {"CONFIGURATION": _appconfig(fn.client("appconfig"))}
    return dict(VALUES) if store == "environment" else {}


def _appconfig(client) -> str:
    application = client.create_application(Name="st")["Id"]
    where = {"ApplicationId": application}
    environment = client.create_environment(**where, Name="live")["Id"]
    profile = client.create_configuration_profile(**where, Name="p", LocationUri="hosted")["Id"]
    client.create_hosted_configuration_version(
        **where, ConfigurationProfileId=profile, Content=json.dumps(VALUES), ContentType="application/json"
    )
    strategy = client.create_deployment_strategy(
        Name="s", DeploymentDurationInMinutes=0, GrowthFactor=100, ReplicateTo="NONE"
    )["Id"]
    client.start_deployment(
        **where, EnvironmentId=environment, DeploymentStrategyId=strategy, ConfigurationProfileId=profile,
        ConfigurationVersion="1",
    )  # fmt: skip
    return f"{application}/{environment}/{profile}"


@pytest.mark.parametrize("store", ["environment", "bundled", "ssm", "secretsmanager", "appconfig"])
def test_configuration_is_read_from_each_store(fn, ship, store, capsys):
    settings = {"plain": "store", "packs": ["plain"], "refresh_s": 60}
    here = ship(env=stored(fn, store), store=store, entries=NAMES, **settings)
    if store == "bundled":
        path = here.configuration.Path(here.configuration.__file__)
        path.with_name("configuration.json").write_text(json.dumps(VALUES))
    for _ in range(2):
        with here.log.invocation("work", "r"):
            first = here.configuration.entries()
            assert dict(first) == VALUES and here.configuration.entries() is first  # once
        here.configuration._cache.until = 0  # its time is over
    assert "value of" not in capsys.readouterr().out


def test_a_store_that_fails_leaves_what_was_read(fn, ship, monkeypatch):
    here = ship(env=stored(fn, "ssm"), store="ssm", entries=NAMES)
    first = here.configuration.entries()
    here.configuration._cache.until = 0  # its time is over
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    monkeypatch.setattr(here.clients, "_session", get_session)  # a new one, with this key
    here.clients.client.cache_clear()
    with pytest.raises(here.clients.platform_errors()):
        here.configuration._read()
    assert here.configuration.entries() == first


def test_an_entry_that_is_missing_fails_the_job_by_its_name(ship):
    here = ship(entries=["CFG_77"])
    id, event = queued(here)
    here.slices.advance(event, lambda: 60.0)
    assert here.jobs.read(id, ME)["error"] == {"type": "Missing", "detail": "the configuration has no CFG_77"}


# The log ------------------------------------------------------------------------------------------


def test_an_invocation_writes_one_line_without_what_callers_sent(breaking):
    id = breaking.submit({"raise": "a secret of the caller"})
    breaking.ended(id)
    assert until(lambda: any(line.get("job") == id for line in breaking.logged()))
    line = next(line for line in breaking.logged() if line.get("job") == id)
    names = {"part", "request", "cold", "job", "hop", "claim_s", "slice_s", "config_s", "did", "all_s"}
    assert names - {"config_s"} <= set(line) and line["did"] == "failed"
    for part in ("work", "front"):
        assert "a secret" not in json.dumps(breaking.logged(part))


def test_the_sample_is_the_same_wherever_it_runs(ship):
    for binary, digest in ((False, "9c9ed56f"), (True, "c022b8a2")):
        content = ship(binary=binary, compression=0.3).sample.answer(10_000, 7).content
        assert hashlib.sha256(content).hexdigest().startswith(digest)


@pytest.mark.parametrize(("settings", "status"), [({}, 403), ({"open_to_all": True}, 200)])
def test_an_unsigned_request_is_served_only_behind_a_distribution_that_signs(ship, settings, status):
    here = ship(response="whole", **SAMPLE, **settings)
    unsigned_request = request("POST", "/run", {"response_bytes": 9}, owner=None)
    assert here.front.handler(unsigned_request, invocation())["statusCode"] == status


@pytest.mark.parametrize("more", [{}, {"SOCKET": "wss://a.execute-api.us-east-1.amazonaws.com/live"}])
def test_an_event_of_a_socket_is_for_stacks_that_have_one(ship, monkeypatch, more):
    here = ship(**SAMPLE)
    for name, value in more.items():
        monkeypatch.setenv(name, value)
    event = {"requestContext": {"connectionId": "a", "eventType": "MESSAGE"}, "body": "{}"}
    status = here.front.handler(event, invocation())["statusCode"]
    assert status == (200 if more else 404)
