"""The variables that states refer to: where a name with a dollar sign is one, and where it is not."""

import pytest

from explorer.live.cloud.variable_references import variable_references

PASS = {"Type": "Pass", "End": True}


def of_state(**fields):
    return variable_references({"StartAt": "S", "States": {"S": {**PASS, **fields}}}).get("S", [])


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"InputPath": "$a"}, ["a"]),
        ({"InputPath": "$.a"}, []),
        ({"InputPath": "$$.a"}, []),
        ({"Parameters": {"x.$": "States.Format('$b is {} {}', $c, $a[0])"}}, ["a", "c"]),
        ({"Parameters": {"x": "$a"}}, []),
        ({"Assign": {"x.$": "$a.b"}}, ["a"]),
        ({"Choices": [{"Variable": "$a", "StringEqualsPath": "$b", "StringEquals": "$c"}]}, ["a", "b"]),
        ({"QueryLanguage": "JSONata", "Output": "{% $a + $states.input.b & '$c' %}"}, ["a"]),
        ({"QueryLanguage": "JSONata", "Output": {"x": ["{% $sum($a) %}", "$b"]}}, ["a"]),
        ({"QueryLanguage": "JSONata", "Output": "{% $map($a, function($v) { $v + $b }) %}"}, ["a", "b"]),
        ({"QueryLanguage": "JSONata", "Output": "{% ($v := $a; $v) %}"}, ["a"]),
    ],
)
def test_a_state_refers_to_these(fields, names):
    assert of_state(**fields) == names


def test_states_inside_a_state_count_by_their_own_names():
    inside = {"StartAt": "In", "States": {"In": {**PASS, "InputPath": "$b"}}}
    states = {
        "Map": {"Type": "Map", "ItemsPath": "$a", "ItemProcessor": inside, "Next": "Both"},
        "Both": {"Type": "Parallel", "Branches": [{"StartAt": "Out", "States": {"Out": {**PASS}}}]},
    }
    assert variable_references({"StartAt": "Map", "States": states}) == {"Map": ["a"], "In": ["b"]}
