"""What the local cloud says that it cannot show is read from what it holds."""

from explorer.live.cloud import refusals, refusals_services, request_models, task_processes
from explorer.live.cloud.vouch import CANNOT_VOUCH_FOR, about_a_run, gaps


def test_what_is_held_is_named_and_all_else_is_not(monkeypatch):
    text = " ".join(gaps())
    assert all(service in text for service in request_models.SERVICES.values())
    assert all(kind.removeprefix("AWS::") in text for kind in refusals.KINDS)
    assert set(gaps()) <= set(CANNOT_VOUCH_FOR)


def test_what_is_held_no_more_is_told(monkeypatch):
    less = {"ssm": {}, "sqs": refusals_services.CHECKS["sqs"]}
    monkeypatch.setattr(refusals_services, "CHECKS", less)
    (line,) = [line for line in gaps() if line.startswith("what a service refuses beyond")]
    assert "stepfunctions" in line and "secretsmanager" in line


def test_what_no_task_can_be_here_is_told_as_it_is_refused(monkeypatch):
    monkeypatch.setattr(task_processes, "NOT_RUN", {"tasks that fly": lambda *_: False})
    (line,) = [line for line in gaps() if "tasks that fly" in line]
    assert task_processes.COMMANDS in line


def test_of_a_run_the_lines_on_times_are_named_and_the_rest_is_counted():
    lines = about_a_run([*CANNOT_VOUCH_FOR, "the loop is closed"])
    assert [line.partition(":")[0] for line in lines[:3]] == ["network", "speed", "rates"]
    assert lines[3] == "the loop is closed" and len(lines) == 5
    assert lines[4].startswith(f"{len(CANNOT_VOUCH_FOR) - 3} more ") and "explorer cloud status" in lines[4]
    assert about_a_run(["the loop is closed"]) == ["the loop is closed"]
