"""The local cloud refuses what AWS refuses, with its status, code and words; the answers are in a table."""

import pytest

from .aws_answers import ANSWERS, Place, agrees

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def place(bench):
    return Place(bench)


@pytest.mark.parametrize("answer", ANSWERS, ids=[f"{at}-{one.operation}" for at, one in enumerate(ANSWERS)])
def test_what_aws_refuses_is_refused(place, answer):
    observed = place.ask(answer)
    on_aws = f"AWS {answer.status} {answer.code} {answer.message}"
    assert agrees(answer, observed), f"{answer.name}: {on_aws}: {observed}"


def test_an_answer_that_differs_is_seen():
    first = ANSWERS[0]
    assert agrees(first, (first.status, first.code, first.message))
    assert not agrees(first, (first.status, first.code, first.message + "!"))
    assert not agrees(first, (200, "", ""))
