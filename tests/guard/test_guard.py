"""The tree answers as the baseline commit did: sample workloads, and all else that `make guard` compares.

The answers of the baseline are in answers/, as `tests/guard/run.py --record-sample` wrote them.
"""

import copy
import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def loaded(name):
    """A module beside this file, whatever the import mode: none of them is on the path."""
    spec = importlib.util.spec_from_file_location(f"guard_{name}", HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


compare, side = loaded("compare"), loaded("side")
OLD = compare.read(HERE / "answers")
MOST = 20  # differences that a failure lists
ACCEPTED = compare.accepted(HERE / "accepted.txt")


@pytest.fixture(scope="session")
def new(tmp_path_factory):
    """The answers of the tree, recorded in a process of their own."""
    out = tmp_path_factory.mktemp("guard")
    messages = side.recorded(sys.executable, ROOT, out, ROOT, "--sample")
    assert not messages
    return compare.read(out)


@pytest.mark.slow
@pytest.mark.parametrize("subject", compare.SUBJECTS)
def test_the_tree_answers_as_before(subject, new):
    unaccepted = compare.refused(compare.compared(OLD, new, subject), ACCEPTED)
    more = [f"and {len(unaccepted) - MOST} more"] if len(unaccepted) > MOST else []
    assert not unaccepted, "\n".join([*map(str, unaccepted[:MOST]), *more])


def test_every_subject_has_answers_of_before():
    assert set(OLD) == set(compare.SUBJECTS)
    assert len(OLD["recommend"]) == 35  # 22 that are generated, 13 examples
    assert len(OLD["bad"]) >= 100 and len(OLD["export"]) >= 20


# The guard notices.


def differences(old, new, subject="recommend"):
    return [str(one) for one in compare.compared({subject: old}, {subject: new}, subject)]


def with_change(*path_and_value):
    """The answers of one example, with another value at a path."""
    *path, last, value = path_and_value
    answers = {"statements": copy.deepcopy(OLD["recommend"]["statements"])}
    inner = answers["statements"]["out"]
    for step in path:
        inner = inner[step]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return answers


STATEMENTS = {"statements": OLD["recommend"]["statements"]}
USD = STATEMENTS["statements"]["out"]["monthly_usd"]


def test_the_same_answers_are_no_difference():
    assert not differences(STATEMENTS, copy.deepcopy(STATEMENTS))


@pytest.mark.parametrize(("share", "count"), [(1e-8, 1), (-1e-8, 1), (2e-9, 1), (5e-10, 0), (-1e-12, 0)])
def test_a_number_is_held_to_a_billionth(share, count):
    assert len(differences(STATEMENTS, with_change("monthly_usd", USD * (1 + share)))) == count


def test_a_difference_says_where_it_is():
    (one,) = differences(STATEMENTS, with_change("findings", 3, "used_p99", 1e9))
    assert one.startswith("recommend/statements.out.findings[3].used_p99: ")
    assert one.endswith(" => 1000000000.0")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("design", "door"), "alb"),
        (("summary",), STATEMENTS["statements"]["out"]["summary"].replace("cost", "prize", 1)),
        (("summary",), STATEMENTS["statements"]["out"]["summary"].replace("$", "$1", 1)),
        (("feasible",), 1),
        (("feasible",), False),
        (("region",), None),
        (("more",), "than before"),
        (("findings",), STATEMENTS["statements"]["out"]["findings"][:-1]),
        (("alternatives",), STATEMENTS["statements"]["out"]["alternatives"][::-1]),
    ],
)
def test_another_word_key_row_or_order_is_a_difference(path, value):
    assert differences(STATEMENTS, with_change(*path, value))


def test_rows_that_tie_may_stand_in_any_order():
    rows = [{"design": {"door": door}, "score_usd": 5.0} for door in ("alb", "rest-api")]
    old, new = ({"w": {"alternatives": order}} for order in (rows, rows[::-1]))
    assert not differences(old, new)
    rows[0]["score_usd"] = 5.1
    assert differences({"w": {"alternatives": rows}}, {"w": {"alternatives": rows[::-1]}})


def test_what_excludes_a_design_may_stand_in_any_order():
    rows = [{"because": because, "why": "so"} for because in ("client.polls", "runtime.divisible")]
    assert not differences({"w": {"excluded": rows}}, {"w": {"excluded": rows[::-1]}})
    assert differences({"w": {"excluded": rows}}, {"w": {"excluded": rows[:1]}})


def test_lines_of_text_are_matched_before_they_are_compared():
    (one,) = differences({"w": ["a", "b", "c"]}, {"w": ["a", "x", "b", "c"]})
    assert one == 'recommend/w[1:]: [] => ["x"]'


@pytest.mark.parametrize("text", ["it costs $660.820001 a month", "it costs  $660.82 a month"])
def test_a_number_within_a_text_is_held_to_a_billionth_too(text):
    old = {"w": "it costs $660.82 a month"}
    assert differences(old, {"w": text})
    assert not differences(old, {"w": "it costs $660.8200000001 a month"})


def test_what_must_be_the_same_bytes_has_no_numbers():
    assert differences({"w": "1.0"}, {"w": "1.00"}, "export") and not differences({"w": "1.0"}, {"w": "1.00"})


@pytest.mark.parametrize(
    ("old", "new"), [({}, {"w": 1}), ({"w": 1}, {}), ({}, {}), ({"w": 1, "x": 1}, {"w": 1})]
)
def test_an_answer_that_is_missing_on_either_side_is_a_difference(old, new):
    assert differences(old, new)


def test_an_error_that_is_no_answer_is_a_difference_though_both_sides_have_it():
    crashed = {"w": {"exit": 0, "unexpected": "KeyError: 'x'"}}
    assert differences(crashed, crashed)


# What is accepted.


def test_an_accepted_difference_has_its_reason(tmp_path):
    path = tmp_path / "accepted.txt"
    wrong = "recommend/*.findings[?].used_p99 | 1* => 2* | it was wrong"
    path.write_text(f"# why\n\n{wrong}\nhelp/* | another word\n")
    lines = compare.accepted(path)
    differences = [
        compare.Difference("recommend/w017.out.findings[3].used_p99", "1.5", "2.5"),
        compare.Difference("recommend/w017.out.findings[3].used_p99", "3.5", "2.5"),
        compare.Difference("recommend/w017.out.findings[13].used_p99", "1.5", "2.5"),
        compare.Difference("help/explorer sweep.out[3]", "a", "b"),
    ]
    assert compare.refused(differences, lines) == differences[1:3]
    assert lines[0].reason == "it was wrong"


@pytest.mark.parametrize("line", ["recommend/*", "recommend/* | ", "a | b | c", "a | b => c | d | e"])
def test_a_line_without_its_reason_is_refused(line, tmp_path):
    path = tmp_path / "accepted.txt"
    path.write_text(line + "\n")
    with pytest.raises(ValueError, match="line 1: expected PATTERN"):
        compare.accepted(path)
