"""Terraform plans: each instance keeps its own references; what a plan does not say is unknown."""

import pytest

from explorer.check.nodes import Text, Unknown, of
from explorer.check.plan import Plan, parts_of, split
from explorer.check.runner import Check
from explorer.check.terraform import stack

from .plans import call, plan, references, resource, text

KEYS = references("var.workers")


def worker(timeout, wait):
    """A queue, its reader, and the mapping between them."""
    return (
        resource("aws_lambda_function.this", {"timeout": timeout}),
        resource("aws_sqs_queue.this", {"visibility_timeout_seconds": wait}),
        resource(
            "aws_lambda_event_source_mapping.this",
            {"batch_size": 10},
            function_name=references("aws_lambda_function.this.arn", "aws_lambda_function.this"),
            event_source_arn=references("aws_sqs_queue.this.arn", "aws_sqs_queue.this"),
        ),
    )


@pytest.fixture
def check(tmp_path):
    def of_tree(tree, name="plan.json"):
        path = tmp_path / name
        path.write_text(tree if isinstance(tree, str) else text(tree), encoding="utf-8")
        return Check(lambda path, judge: []).run([path])

    return of_tree


def visibility(report):
    return {
        f.resource: f.verdict
        for f in report.all_findings
        if f.limit == "sqs.visibility" and "lambda" in f.resource
    }


@pytest.mark.parametrize("keys", [('"a"', '"b"'), ("0", "1"), ('"a.b"', '"a[0]"')])
def test_each_instance_of_a_module_has_its_own_queue(check, keys):
    one, other = (f"module.worker[{key}]" for key in keys)
    modules = [(one, worker(900, 30)), (other, worker(60, 400))]
    report = check(plan(modules=modules, calls={"worker": call(worker(0, 0), KEYS)}))
    assert visibility(report) == {
        f"{one}.aws_lambda_function.this": "breach",
        f"{other}.aws_lambda_function.this": "fits",
    }


def test_instances_of_a_resource_keep_their_keys(check):
    queues = [resource(f'aws_sqs_queue.q["{key}"]', {"visibility_timeout_seconds": wait})
              for key, wait in (("a", 30), ("b", 400))]  # fmt: skip
    functions = [resource(f'aws_lambda_function.f["{key}"]', {"timeout": time})
                 for key, time in (("a", 20), ("b", 200))]  # fmt: skip
    mappings = [
        resource(
            f'aws_lambda_event_source_mapping.m["{key}"]',
            {},
            function_name=references("aws_lambda_function.f", "each.key"),
            event_source_arn=references("aws_sqs_queue.q", "each.key"),
        )
        for key in "ab"
    ]
    report = check(plan(*queues, *functions, *mappings))
    assert visibility(report) == {
        'aws_lambda_function.f["a"]': "tight",
        'aws_lambda_function.f["b"]': "tight",
    }


def property_of(tree, address, name):
    """What a property of a resource refers to."""
    result = stack(of(tree), "plan.json")
    value = result.resources[address].properties.get(name)
    return value.refers if isinstance(value, Text | Unknown) else value


FUNCTIONS = [resource(f'aws_lambda_function.f["{key}"]', {"function_name": f"n-{key}"}) for key in "ab"]


def alias(key, names, values=None):
    address = f'aws_lambda_alias.a["{key}"]' if key else "aws_lambda_alias.a"
    return resource(address, values or {}, function_name=references(*names))


@pytest.mark.parametrize(
    ("key", "names", "expected"),
    [
        (
            None,
            ['aws_lambda_function.f["b"].arn', 'aws_lambda_function.f["b"]', "aws_lambda_function.f"],
            "b",
        ),
        ("a", ["aws_lambda_function.f", "each.key"], "a"),
        ("a", ["aws_lambda_function.f"], None),  # values(...)[0]: the plan does not say
        (None, ["aws_lambda_function.f", "var.which"], None),
        ("a", ["aws_lambda_function.f", "local.index"], None),
    ],
)
def test_a_reference_means_one_instance_or_is_said_to_be_unknown(key, names, expected):
    tree = plan(*FUNCTIONS, alias(key, names))
    address = f'aws_lambda_alias.a["{key}"]' if key else "aws_lambda_alias.a"
    assert property_of(tree, address, "FunctionName") == (
        (f'aws_lambda_function.f["{expected}"]',) if expected else ()
    )
    if not expected:
        value = stack(of(tree), "plan.json").resources[address].properties["FunctionName"]
        assert "the plan does not say" in value.why and "aws_lambda_function.f" in value.why


@pytest.mark.parametrize(
    ("for_each", "variables", "names", "expected"),
    [
        (references("aws_lambda_function.f"), {}, ["each.value.arn", "each.value"], "a"),  # chained
        (references("var.x"), {"x": {"value": {"a": {"to": "b"}}}}, ["aws_lambda_function.f", "each.value.to",
                                                                   "each.value"], "b"),
        ({"constant_value": {"a": "b"}}, {}, ["aws_lambda_function.f", "each.value"], "b"),
        ({}, {}, ["aws_lambda_function.f", "each.value"], "a"),  # a set: its values are its keys
        (references("local.x"), {}, ["aws_lambda_function.f", "each.value.to", "each.value"], None),
    ],
)  # fmt: skip
def test_each_value_is_followed(for_each, variables, names, expected):
    tree = plan(*FUNCTIONS, alias("a", names), variables=variables)
    for one in tree["configuration"]["root_module"]["resources"]:
        if one["address"] == "aws_lambda_alias.a":
            one["for_each_expression"] = for_each
    value = property_of(tree, 'aws_lambda_alias.a["a"]', "FunctionName")
    assert value == ((f'aws_lambda_function.f["{expected}"]',) if expected else ())


INNER = (resource("aws_lambda_function.this", {"timeout": 60}),)
OUTPUTS = {"arn": ["aws_lambda_function.this.arn", "aws_lambda_function.this"]}


@pytest.mark.parametrize(
    ("names", "for_each"),
    [
        (['module.m["b"].arn', 'module.m["b"]'], None),
        (["module.m", "each.key"], KEYS),
        (["each.value.arn", "each.value"], references("module.m")),
    ],
)
def test_an_output_is_that_of_its_instance(names, for_each):
    modules = [(f'module.m["{key}"]', INNER) for key in "ab"]
    tree = plan(alias("b", names), modules=modules, calls={"m": call(INNER, KEYS, OUTPUTS)})
    tree["configuration"]["root_module"]["resources"][0]["for_each_expression"] = for_each
    assert property_of(tree, 'aws_lambda_alias.a["b"]', "FunctionName") == (
        'module.m["b"].aws_lambda_function.this',
    )


def test_a_variable_is_followed_to_the_callers_instance():
    inner = (alias(None, ["var.function"]),)
    modules = [(f'module.m["{key}"]', inner) for key in "ab"]
    calls = {"m": call(inner, KEYS, function=references("aws_lambda_function.f", "each.key"))}
    tree = plan(*FUNCTIONS, modules=modules, calls=calls)
    for key in "ab":
        value = property_of(tree, f'module.m["{key}"].aws_lambda_alias.a', "FunctionName")
        assert value == (f'aws_lambda_function.f["{key}"]',)


def test_what_is_known_later_is_unknown_and_what_is_null_is_not_set():
    later = {"address": "aws_lambda_function.f", "change": {"after_unknown": {"timeout": True, "arn": True}}}
    tree = plan(resource("aws_lambda_function.f", {"memory_size": None}, timeout=references("var.t")))
    tree["resource_changes"] = [later]
    properties = stack(of(tree), "plan.json").resources["aws_lambda_function.f"].properties
    assert (
        isinstance(properties["Timeout"], Unknown)
        and "MemorySize" not in properties
        and "Arn" not in properties
    )


def test_a_state_refers_by_arns(check):
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:f"
    queue = "arn:aws:sqs:eu-west-1:123456789012:q"
    resources = [
        {
            "address": "aws_lambda_function.f",
            "type": "aws_lambda_function",
            "values": {"timeout": 31, "arn": arn},
        },
        {"address": "aws_sqs_queue.q", "type": "aws_sqs_queue", "values": {"arn": queue}},
        {
            "address": "aws_lambda_event_source_mapping.m",
            "type": "aws_lambda_event_source_mapping",
            "values": {"function_name": arn, "event_source_arn": queue},
        },
    ]
    report = check({"terraform_version": "1.11.4", "values": {"root_module": {"resources": resources}}})
    assert visibility(report) == {"aws_lambda_function.f": "breach"}  # a queue's own 30 s


def test_a_finding_stands_at_its_resource(check):
    tree = plan(resource("aws_lambda_function.f", {"environment": [{"variables": {"A": "x" * 5000}}]}))
    lines = text(tree).splitlines()
    (finding,) = [one for one in check(tree).all_findings if one.limit == "lambda.env"]
    assert '"resources"' in lines[finding.line - 2] and lines[finding.line - 1].strip() == "{"


@pytest.mark.parametrize(
    "wrapped",
    [
        "[command]/bin/terraform-bin show -json plan\n{}\n\n::debug::stdout: x\n",
        "Loading ...\n{}",
        '{{"plan": {}}}',
        '[{{"name": "prod", "plan": {}}}]',
    ],
)
def test_a_plan_in_a_wrapper_is_read(check, wrapped):
    report = check(wrapped.format(text(plan(resource("aws_lambda_function.f", {"timeout": 1801})))))
    assert [f.limit for f in report.all_findings if f.verdict == "breach"] == ["lambda.timeout"]


def test_addresses_are_cut_outside_of_keys():
    assert parts_of('a.b["x.y[0]\\"z"].c[1]') == [("a", None), ("b", '"x.y[0]\\"z"'), ("c", "1")]
    assert split('module.m["a.b"].aws_sqs_queue.q[0]') == (
        (("m", '"a.b"'),),
        [("aws_sqs_queue", None), ("q", "0")],
    )


def test_a_plan_without_configuration_has_no_references():
    assert Plan(of({})).configuration == {}
