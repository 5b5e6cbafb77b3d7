"""Designs: the parts of each option, what cannot go together, and what a workload excludes."""

import itertools

import numpy as np
import pytest

from explorer.engine import designs
from explorer.engine.designs import (
    CONCERNS,
    OPTIONS,
    Design,
    Placement,
    allowed,
    choices,
    every_combination,
    table,
)
from explorer.errors import DesignError
from explorer.options.base.conditions import Conditions
from explorer.options.base.paths import Paths
from explorer.options.base.usage import amount
from explorer.workload.workload import Workload
from tests.support.designs import plain

PARTS = {
    "door": {"function-url": 0, "http-api": 1, "rest-api": 1, "alb": 2},
    "request": {"inline": 0, "presigned-upload": 2},
    "response": {"buffered": 0, "compressed": 0, "streamed": 1, "paged": 1, "stored": 5, "callback": 5},
    "execution": {"single": 0, "queued": 2, "recursion": 4, "durable": 1, "step-functions": 2}
    | {"managed-instance": 2, "fargate": 4, "service": 5},
    "configuration": {"environment": 0, "bundled": 0, "parameter-store": 1, "parameter-store-advanced": 1}
    | {"secrets-manager": 1, "appconfig": 2},
}
JOBS = {"stored", "callback"}


def test_the_options_and_their_parts_are_those_of_the_contract():
    got = {
        concern: {id: len(option.parts) for id, option in options.items()}
        for concern, options in OPTIONS.items()
    }
    assert got == PARTS


def test_a_design_has_the_parts_of_its_options():
    for design in table().designs:
        assert len(design.parts) == sum(PARTS[concern][option] for concern, option in design.ids.items())
        assert len(set(design.parts)) == len(design.parts) or "network" in design.parts


def clashes(door, request, response, execution, configuration) -> bool:
    """The contract's table, written out once more."""
    return (
        (execution in {"queued", "recursion", "step-functions", "fargate"} and response not in JOBS)
        or (execution == "service" and door != "alb")
        or (response == "streamed" and door not in {"function-url", "rest-api"} and execution != "service")
    )


def test_exactly_the_combinations_that_the_contract_forbids_cannot_be_built():
    for ids in itertools.product(*PARTS.values()):
        assert bool(Design(*ids).clashes) == clashes(*ids), ids


def test_the_table_holds_every_other_combination_once_fewest_parts_first():
    built = table().designs
    assert (
        len(built) == len(set(built)) == sum(not clashes(*ids) for ids in itertools.product(*PARTS.values()))
    )
    assert list(table().parts) == sorted(len(design.parts) for design in built)


def test_a_clash_is_said_in_a_sentence():
    for design in every_combination():
        for sentence in design.clashes:
            assert " needs " in sentence or " stands behind " in sentence


LEAST = {"requests_per_month": 1000, "response": "1 KB", "runtime": "1 s"}
DOORS = set(PARTS["door"])
STORES = {"parameter-store", "parameter-store-advanced", "secrets-manager"}
PLACES = set(PARTS["configuration"])
EXCLUDED = [  # fields, concern, the options that remain
    ({"client": {"auth": "none"}}, "door", DOORS),
    ({"client": {"auth": "jwt"}}, "door", {"http-api", "rest-api", "alb"}),
    ({"client": {"auth": "iam"}}, "door", {"http-api", "rest-api", "function-url"}),
    ({}, "door", DOORS),
    ({"client": {"needs": ["custom-domain"]}}, "door", {"http-api", "rest-api", "alb"}),
    ({"client": {"needs": ["waf"]}}, "door", {"rest-api", "alb"}),
    ({"client": {"needs": ["throttling"]}}, "door", {"http-api", "rest-api"}),
    ({"client": {"needs": ["usage-plans"]}}, "door", {"rest-api"}),
    ({"client": {"needs": ["private"]}}, "door", {"rest-api", "alb"}),
    ({"client": {"needs": ["waf", "throttling"]}}, "door", {"rest-api"}),
    ({"client": {"needs": ["waf"], "auth": "iam"}}, "door", {"rest-api"}),
    ({}, "request", {"inline", "presigned-upload"}),
    ({"client": {"uploads": False}}, "request", {"inline"}),
    ({}, "response", {"buffered", "compressed", "streamed", "stored"}),
    ({"client": {"polls": False}}, "response", {"buffered", "compressed", "streamed"}),
    ({"client": {"receives_callbacks": True}}, "response", set(PARTS["response"]) - {"paged"}),
    ({"client": {"receives_callbacks": True, "polls": False}}, "response",
     {"buffered", "compressed", "streamed", "callback"}),
    ({"response": {"p50": 1, "divisible": True}}, "response", set(PARTS["response"]) - {"callback"}),
    ({}, "execution", set(PARTS["execution"]) - {"recursion"}),
    ({"runtime": {"p50": 1, "divisible": True}}, "execution", set(PARTS["execution"])),
    ({"client": {"polls": False}}, "execution", {"single", "durable", "managed-instance", "service"}),
    ({}, "configuration", PLACES),
    ({"configuration": {"total": 9, "entries": 1, "secrets": 1}}, "configuration", STORES),
    ({"configuration": {"total": 9, "entries": 1, "secrets": 1, "rotation": True}}, "configuration",
     {"secrets-manager"}),
    ({"configuration": {"total": 9, "rotation": True}}, "configuration", PLACES),  # nothing to rotate
    ({"configuration": {"total": 9, "changes_without_deploy": True}}, "configuration", PLACES - {"bundled"}),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "concern", "remain"), EXCLUDED)
def test_what_a_workload_excludes(fields, concern, remain):
    left = allowed(Conditions(Workload(**{**LEAST, **fields}))).designs
    assert {design.ids[concern] for design in left} == remain


def test_every_exclusion_names_a_field_of_the_workload_and_says_why():
    hard = Workload(
        **LEAST,
        client={"polls": False, "uploads": False, "auth": "iam", "needs": ["waf"]},
        configuration={
            "total": 9,
            "entries": 1,
            "secrets": 1,
            "rotation": True,
            "changes_without_deploy": True,
        },
    )
    load = Conditions(hard)
    said = {e.because for c in table().placements for e in c.option.excludes(load)}
    assert said == {
        "client.polls", "client.uploads", "client.auth", "client.needs", "client.receives_callbacks",
        "response.divisible", "runtime.divisible", "configuration.secrets", "configuration.rotation",
        "configuration.changes_without_deploy",
    }  # fmt: skip
    for field in said:
        section, name = field.split(".")
        assert name in type(getattr(hard, section)).model_fields


def test_a_service_is_always_among_the_candidates():
    for fields, *_ in EXCLUDED:
        if (
            fields.get("client", {}).get("auth") == "iam"
            or "throttling" in str(fields)
            or "usage" in str(fields)
        ):
            continue  # a load balancer checks no IAM credentials and does not throttle
        left = allowed(Conditions(Workload(**{**LEAST, **fields}))).designs
        assert any(design.execution == "service" for design in left), fields


# Naming a design ---------------------------------------------------------------------------------

WHOLE = plain("http-api", "inline", "stored", "single", "environment")


@pytest.mark.parametrize(
    "given",
    [
        WHOLE,
        WHOLE.ids,
        "door=http-api,request=inline,response=stored,execution=single,configuration=environment",
        " configuration = environment, door=http-api ,request=inline, response=stored,execution=single,",
        str(WHOLE),
    ],
)
def test_a_design_is_named_by_itself_a_mapping_or_a_text(given):
    assert Design(**choices(given)) == WHOLE


def test_concerns_may_be_left_out():
    assert choices("door=alb") == {"door": "alb"}
    assert choices({"door": "alb", "response": None}) == {"door": "alb"}
    assert choices("") == {}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("gate=alb", '"gate" is not a concern.*expected one of door, request'),
        ("door=albb", 'door is "albb".*did you mean "alb".*expected one of function-url'),
        ("door", 'design has "door": expected concern=option, such as door=http-api'),
        ({"door": "x"}, 'door is "x".*expected one of'),
        ("door=http-api,execution=service", "cannot be built: a service stands behind an alb"),
        ("response=buffered,execution=queued", "cannot be built: queued needs a stored or callback response"),
        ("door=http-api,response=streamed", "streamed needs function-url, rest-api or a service"),
        ("door=http-api,door=alb", "door"),
        ({"door": 5}, "door is"),
        ({"door": ["alb"]}, "door is"),
        ({5: "alb"}, "not a concern"),
    ],
)
def test_a_design_that_is_none_is_refused_in_one_line(given, says):
    with pytest.raises(DesignError, match=says) as error:
        choices(given)
    assert "\n" not in str(error.value)


def test_how_many_choices_differ():
    assert WHOLE.differs_from(plain("alb", "inline", "stored", "queued", "environment")) == 2


# An option declares what it reads of the flow --------------------------------------------------------


def answers(option, load: Conditions, path: Paths) -> list:
    """All that an option says of a load on a path, as plain values."""
    uses = [(u.limit, u.driver, float(u.exceed(load, load.limit(u.limit))), float(u.used(load, 0.99)))
            for u in option.limits(load, path) if u.where]  # fmt: skip
    usage = [(price_id, float(amount(quantity))) for price_id, quantity in option.usage(load, path)]
    steps = [
        (step.phase, step.title, np.asarray(step.seconds).tolist())
        for step in option.steps(load, path)
        if step.where
    ]
    return [uses, usage, steps, [(e.because, e.why) for e in option.excludes(load)]]


WORKLOADS = {
    "small": {},
    "large": {"request": {"p50": "1 MB", "p99": "9 MB", "binary": True}}
    | {"response": {"p50": "5 MB", "p99": "90 MB", "divisible": True, "compression": 0.4}}
    | {"runtime": {"p50": "0.1 s", "p99": "40 s", "divisible": True, "steps": 4, "state": "300 KB"}}
    | {
        "configuration": {"total": "6 KB", "entries": 30},
        "client": {"receives_callbacks": True},
        "peak_rps": 300,
    },
    "secret": {"configuration": {"total": 900, "entries": 9, "secrets": 2, "rotation": True}},
}


@pytest.mark.parametrize("fields", WORKLOADS.values(), ids=WORKLOADS)
def test_what_an_option_declares_to_read_is_all_that_it_reads(fields):
    w = Workload(**{**LEAST, **fields})
    for option, flow in {(option, design.flow) for design in table().designs for option in design.options}:
        # fresh loads: nothing that one of them remembers may reach the other
        declared, whole = Placement.of(option, flow).path, Paths.of(flow)
        assert answers(option, Conditions(w), declared) == answers(option, Conditions(w), whole), option.id


def test_what_is_remembered_does_not_depend_on_who_asked_first():
    w = Workload(**{**LEAST, **WORKLOADS["large"]})
    placements = table().placements
    first, last = Conditions(w), Conditions(w)
    forwards = [answers(each.option, first, each.path) for each in placements]
    backwards = [answers(each.option, last, each.path) for each in reversed(placements)]
    assert forwards == backwards[::-1]


def test_concerns_are_in_the_contracts_order():
    assert CONCERNS == ("door", "request", "response", "execution", "configuration") == tuple(designs.OPTIONS)
