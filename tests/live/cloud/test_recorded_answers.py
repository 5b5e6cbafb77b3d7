"""The refusals that LocalStack's own tests recorded on AWS, asked of the local cloud again.

`recorded_answers.csv` holds them as facts: a row is a request, with AWS's status, code and message where AWS
refused it, and nothing there where it only prepares the next. Source: the snapshots of the tests of lambda,
secretsmanager, ssm and stepfunctions in github.com/localstack/localstack at 8b9a79f0 of 2026-03-23, those
that its files name as validated on AWS. `...` stands for what changes from run to run, `{role}` for a role.
"""

import csv
import json
import re
from collections import defaultdict
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.support.local_bench import Bench, zipped

pytestmark = pytest.mark.live

TABLE = Path(__file__).with_name("recorded_answers.csv")


def recorded() -> dict[str, list[dict[str, str]]]:
    """The requests of each test of LocalStack's, in order."""
    tests = defaultdict(list)
    with TABLE.open(newline="") as file:
        for row in csv.DictReader(file):
            tests[row["test"]].append(row)
    return tests


def own_values(value, role: str):
    """The parameters of a request, for this cloud."""
    if value == "{role}":
        return role
    if isinstance(value, dict):
        if set(value) == {"bytes"}:
            return zipped()
        if set(value) == {"text"}:
            return value["text"].encode()
        return {name: own_values(each, role) for name, each in value.items()}
    return [own_values(each, role) for each in value] if isinstance(value, list) else value


def refusal_of(bench: Bench, row: dict[str, str]) -> tuple[int, str, str]:
    """Status, code and message of the answer; no code if it is no refusal."""
    once = Config(retries={"total_max_attempts": 1}, parameter_validation=False, inject_host_prefix=False)
    client = bench.session.client(row["service"], config=once)
    parameters = own_values(json.loads(row["input"]), bench.role)
    try:
        answer = getattr(client, xform_name(row["operation"]))(**parameters)
    except ClientError as error:
        answer = error.response
    status, error = answer["ResponseMetadata"]["HTTPStatusCode"], answer.get("Error") or {}
    return status, error.get("Code", ""), error.get("Message", "")


def sorted_values(text: str) -> str:
    """A message with the values of an enumeration in the alphabet's order: AWS's own order has no meaning."""
    return re.sub(
        r"(?<=enum value set: \[)[^\]]*", lambda values: ", ".join(sorted(values[0].split(", "))), text
    )


def agrees(row: dict[str, str], answer: tuple[int, str, str]) -> bool:
    """Whether the answer is AWS's."""
    pattern = ".*".join(map(re.escape, sorted_values(row["message"]).split("...")))
    is_same = (str(answer[0]), answer[1]) == (row["status"], row["code"])
    return is_same and re.fullmatch(pattern, sorted_values(answer[2]), re.DOTALL) is not None


def test_what_aws_refused_there_is_refused_here(bench, capsys):
    """Rows that are known to differ say why, and a row that agrees says nothing."""
    wrong, differ, count = [], 0, 0
    for test, rows in recorded().items():
        for row in rows:
            answer = refusal_of(bench, row)
            if row["code"]:
                count, same = count + 1, agrees(row, answer)
                differ += not same
                if same is bool(row["differs"]):
                    aws = (row["status"], row["code"], row["message"])
                    wrong.append(f"{test} {row['operation']}: AWS {aws}: here {answer}")
    with capsys.disabled():
        print(f"\nrefusals recorded on AWS: {count - differ} of {count} agree")
    assert not wrong, "\n".join(wrong)
    assert count - differ >= 10 * differ


def test_an_answer_that_differs_is_seen():
    row = {"status": "400", "code": "A", "message": "no ... of 'x': enum value set: [B, A]"}
    assert agrees(row, (400, "A", "no part of 'x': enum value set: [A, B]"))
    assert not agrees(row, (400, "A", "no part of 'y': enum value set: [A, B]"))
    assert not agrees(row, (404, "A", row["message"])) and not agrees(row, (200, "", ""))
