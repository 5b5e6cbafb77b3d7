"""What AWS answered to sequences of requests, asked of the local cloud again.

`recorded/agreeing.txt` lists the sequences that agree in every answer: one that no longer does is a failure,
one that starts to is added by `python -m tests.live.cloud.recorded_sequences`.
"""

import pytest

from .recorded_sequences import (
    AGREEING,
    Difference,
    Names,
    agreeing_names,
    compare,
    recorded_sequences,
    replay,
    summary,
)

pytestmark = pytest.mark.live


def numbers_and_losses(names: list[str]) -> tuple[str, list[str]]:
    """The summary of a replay, and the differences in sequences that agreed before."""
    sequences = recorded_sequences()
    outcomes = replay({name: sequences[name] for name in names})
    agreeing = set(agreeing_names())
    again = [name for name in names if name in agreeing and any(outcomes[name].values())]
    if again:  # one at a time on another cloud: a busy machine is no difference
        outcomes |= replay({name: sequences[name] for name in again}, at_once=1)
    wrong = [
        f"{name} {answer}: {difference}"
        for name in again
        for answer, difference in outcomes[name].items()
        if difference
    ]
    return summary(outcomes), wrong


def test_a_sample_of_the_answers_that_agree(capsys):
    """Every twenty-fifth of them; the whole is the next test."""
    text, wrong = numbers_and_losses(agreeing_names()[::25])
    with capsys.disabled():
        print(f"\n{text} (a sample of those that agree)")
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_what_aws_answered_is_answered_here(capsys):
    text, wrong = numbers_and_losses(list(recorded_sequences()))
    with capsys.disabled():
        print(f"\n{text}")
    assert not wrong, "\n".join(wrong)


def test_the_list_of_those_that_agree_names_each_once():
    names = agreeing_names()
    assert names == sorted(set(names)) and set(names) <= set(recorded_sequences())
    assert AGREEING.read_text(encoding="utf-8").endswith("\n")


@pytest.mark.parametrize(
    ("recorded", "same", "other"),
    [
        ({"a": 1}, {"a": 1, "more": 2}, {"more": 2}),
        ({"a": "1"}, {"a": "1"}, {"a": 1}),
        ([True], [True], [1]),
        ([1, 2], [1, 2], [1, 2, 3]),
        ({"a": {"b": 1}}, {"a": '{"b":1}'}, {"a": '{"b":2}'}),
        ("arn:<region>:f", "arn:eu-west-1:f", "arn:eu-west-1:g"),
        ({"a": "<id:1>", "b": "<id:1>"}, {"a": "x", "b": "x"}, {"a": "x", "b": "y"}),
        ({"a": "<id:1>", "b": "<id:2>"}, {"a": "x", "b": "y"}, {"a": "x", "b": "x"}),
        ({"VersionStages": ["A", "B"]}, {"VersionStages": ["B", "A"]}, {"VersionStages": ["A"]}),
    ],
)
def test_an_answer_that_differs_is_seen(recorded, same, other):
    compare(recorded, same, Names())
    with pytest.raises(Difference):
        compare(recorded, other, Names())
