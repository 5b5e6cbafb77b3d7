"""Designs: the parts of each option, what cannot go together, and what a workload excludes."""

import itertools
from functools import cache

import numpy as np
import pytest

from explorer.engine import designs
from explorer.engine.designs import (
    CONCERNS,
    OPTIONS,
    Design,
    Placement,
    allowed_designs,
    choices,
    combinations,
    table,
)
from explorer.errors import DesignError
from explorer.options.base.conditions import Conditions
from explorer.options.base.paths import Paths
from explorer.options.base.usage import amount
from explorer.workload.workload import Workload
from tests.support.designs import plain

PARTS = {
    "edge": {"none": 0, "cloudfront": 1},
    "door": {"function-url": 0, "http-api": 1, "rest-api": 1, "alb": 3},
    "request": {"inline": 0, "presigned-upload": 2},
    "response": {
        "buffered": 0,
        "streamed": 1,
        "paged": 1,
        "stored": 5,
        "callback": 5,
        "pushed": 6,
        "accepted": 2,
    },
    "compression": {"none": 0, "gzip": 1},
    "execution": {"single": 0, "queued": 2, "recursion": 4, "durable": 1, "step-functions": 2, "express": 2}
    | {"managed-instance": 2, "fargate": 4, "service": 5},
    "initialization": {"on-demand": 0, "provisioned-concurrency": 1, "snap-start": 1},
    "configuration": {"environment": 0, "bundled": 0, "parameter-store": 1, "parameter-store-advanced": 1}
    | {"secrets-manager": 1, "appconfig": 2},
}
JOBS = {"stored", "callback", "pushed", "accepted"}
STARTED = {"single", "queued", "recursion", "durable", "step-functions", "express"}  # environments on demand


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


def clashes(edge, door, request, response, compression, execution, initialization, configuration) -> bool:
    """The contract's table, written out once more."""
    by_the_door = response == "buffered" and door in {"http-api", "rest-api"}
    return (
        (execution in {"queued", "recursion", "step-functions", "fargate"} and response not in JOBS)
        or (execution == "express" and response not in JOBS and not by_the_door)
        or (execution == "service" and door != "alb")
        or (response == "streamed" and door not in {"function-url", "rest-api"} and execution != "service")
        or (compression == "gzip" and response == "accepted")
        or (initialization != "on-demand" and execution not in STARTED)
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
    for sentence, here in combinations().clashes.items():
        assert " needs " in sentence or " stands behind " in sentence
        assert all(sentence in combinations().design(row).clashes for row in np.flatnonzero(here)[::97])


LEAST = {"requests_per_month": 1000, "response": "1 KB", "runtime": "1 s"}
DOORS = set(PARTS["door"])
STORES = {"parameter-store", "parameter-store-advanced", "secrets-manager"}
PLACES = set(PARTS["configuration"])
EXCLUSIONS = [  # fields, concern, the options that remain
    ({"client": {"auth": "none"}}, "door", DOORS),
    ({"client": {"auth": "jwt"}}, "door", {"http-api", "rest-api", "alb"}),
    ({"client": {"auth": "iam"}}, "door", {"http-api", "rest-api", "function-url"}),
    ({}, "door", DOORS),
    # what a function URL and an HTTP API lack, a distribution in front has
    ({"client": {"needs": ["custom-domain"]}}, "door", DOORS),
    ({"client": {"needs": ["waf"]}}, "door", DOORS),
    ({"client": {"needs": ["throttling"]}}, "door", {"http-api", "rest-api"}),
    ({"client": {"needs": ["usage-plans"]}}, "door", {"rest-api"}),
    ({"client": {"needs": ["private"]}}, "door", {"rest-api", "alb"}),
    ({"client": {"needs": ["waf", "throttling"]}}, "door", {"http-api", "rest-api"}),
    ({"client": {"needs": ["waf"], "auth": "iam"}}, "door", {"rest-api"}),
    ({"client": {"needs": ["custom-domain"], "auth": "iam"}}, "door", {"http-api", "rest-api"}),
    ({}, "edge", {"none", "cloudfront"}),
    ({"client": {"auth": "iam"}}, "edge", {"none"}),
    ({"client": {"auth": "jwt"}}, "edge", {"none", "cloudfront"}),
    ({"client": {"needs": ["private"]}}, "edge", {"none"}),
    ({"client": {"needs": ["waf", "custom-domain"]}}, "edge", {"none", "cloudfront"}),
    ({}, "request", {"inline", "presigned-upload"}),
    ({"client": {"uploads": False}}, "request", {"inline"}),
    ({}, "response", {"buffered", "streamed", "stored"}),
    ({"client": {"polls": False}}, "response", {"buffered", "streamed"}),
    ({"client": {"receives_callbacks": True}}, "response", {"buffered", "streamed", "stored", "callback"}),
    ({"client": {"receives_callbacks": True, "polls": False}}, "response",
     {"buffered", "streamed", "callback"}),
    ({"response": {"p50": 1, "divisible": True}}, "response", {"buffered", "streamed", "paged", "stored"}),
    ({"client": {"sockets": True, "polls": False}}, "response", {"buffered", "streamed", "pushed"}),
    ({"client": {"sockets": True, "needs": ["private"]}}, "response", {"buffered", "streamed", "stored"}),
    ({"client": {"collects": False}}, "response", {"buffered", "streamed", "stored", "accepted"}),
    ({"client": {"collects": False, "polls": False}}, "response", {"buffered", "streamed", "accepted"}),
    ({}, "compression", {"none"}),
    ({"response": {"p50": 1, "compression": 0.99}}, "compression", {"none", "gzip"}),
    ({}, "initialization", set(PARTS["initialization"])),
    ({"runtime": {"p50": 1, "language": "go"}}, "initialization", {"on-demand", "provisioned-concurrency"}),
    ({}, "execution", set(PARTS["execution"]) - {"recursion"}),
    ({"runtime": {"p50": 1, "divisible": True}}, "execution", set(PARTS["execution"])),
    ({"client": {"polls": False}}, "execution",
     {"single", "durable", "express", "managed-instance", "service"}),
    ({"runtime": {"p50": 1, "orchestrated": True}}, "execution", {"durable", "step-functions", "express"}),
    ({}, "configuration", PLACES),
    ({"configuration": {"total": 9, "entries": 1, "secrets": 1}}, "configuration", STORES),
    ({"configuration": {"total": 9, "entries": 1, "secrets": 1, "rotation": True}}, "configuration",
     {"secrets-manager"}),
    ({"configuration": {"total": 9, "rotation": True}}, "configuration", PLACES),  # nothing to rotate
    ({"configuration": {"total": 9, "changes_without_deploy": True}}, "configuration", PLACES - {"bundled"}),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "concern", "remain"), EXCLUSIONS)
def test_what_a_workload_excludes(fields, concern, remain):
    allowed = allowed_designs(Conditions(Workload(**{**LEAST, **fields}))).designs
    assert {design.ids[concern] for design in allowed} == remain


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
    reasons = {e.because for c in table().placements for e in c.option.excludes(load)}
    assert reasons == {
        "client.polls", "client.uploads", "client.auth", "client.needs", "client.receives_callbacks",
        "client.collects", "client.sockets", "response.compression", "response.divisible",
        "runtime.divisible", "configuration.secrets", "configuration.rotation",
        "configuration.changes_without_deploy",
    }  # fmt: skip
    for field in reasons:
        section, name = field.split(".")
        assert name in type(getattr(hard, section)).model_fields


def test_a_service_is_always_among_the_candidates():
    for fields, *_ in EXCLUSIONS:
        if (
            fields.get("client", {}).get("auth") == "iam"
            or "throttling" in str(fields)
            or "usage" in str(fields)
            or "orchestrated" in str(fields)
        ):
            continue  # a load balancer checks no IAM credentials and does not throttle, a service is one step
        allowed = allowed_designs(Conditions(Workload(**{**LEAST, **fields}))).designs
        assert any(design.execution == "service" for design in allowed), fields


# Naming a design ---------------------------------------------------------------------------------

WHOLE = plain("http-api", "inline", "stored", "single", "environment")


@pytest.mark.parametrize(
    "choice",
    [
        WHOLE,
        WHOLE.ids,
        "edge=none,door=http-api,request=inline,response=stored,compression=none,execution=single,"
        "initialization=on-demand,configuration=environment",
        " configuration = environment, door=http-api ,request=inline, response=stored,execution=single,"
        "compression=none ,edge = none, initialization=on-demand,",
        str(WHOLE),
    ],
)
def test_a_design_is_named_by_itself_a_mapping_or_a_text(choice):
    assert Design(**choices(choice)) == WHOLE


def test_concerns_may_be_left_out():
    assert choices("door=alb") == {"door": "alb"}
    assert choices({"door": "alb", "response": None}) == {"door": "alb"}
    assert choices("") == {}


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ("gate=alb", '"gate" is not a concern.*expected one of edge, door, request'),
        ("door=albb", 'door is "albb".*did you mean "alb".*expected one of function-url'),
        ("door", 'design has "door": expected concern=option, such as door=http-api'),
        ({"door": "x"}, 'door is "x".*expected one of'),
        (
            "door=http-api,execution=service",
            r"needs a load balancer in front of it \(door=alb\)",
        ),
        (
            "response=buffered,execution=queued",
            "cannot be built: a queue before the worker needs a response that nobody waits",
        ),
        (
            "door=http-api,response=streamed",
            r"streaming needs a function URL, .* \(door=function-url, ",
        ),
        ("response=compressed", "expected response=buffered, compression=gzip in its place"),
        ("response=accepted,compression=gzip", "gzip needs a response that has a body"),
        ("execution=fargate,initialization=snap-start", "SnapStart needs a function that is started on"),
        ("door=alb,response=buffered,execution=express", r"a REST API \(door=http-api, door=rest-api\)"),
        ("door=http-api,door=alb", "door"),
        ({"door": 5}, "door is"),
        ({"door": ["alb"]}, "door is"),
        ({5: "alb"}, "not a concern"),
    ],
)
def test_a_design_that_is_none_is_refused_in_one_line(choice, says):
    with pytest.raises(DesignError, match=says) as error:
        choices(choice)
    assert "\n" not in str(error.value)


def test_how_many_choices_differ():
    assert WHOLE.differs_from(plain("alb", "inline", "stored", "queued", "environment")) == 2


# An option declares what it reads of the flow --------------------------------------------------------


def answers(option, load: Conditions, path: Paths) -> list:
    """All that an option says of a load on a path, as plain values."""
    uses = [(u.limit, u.driver, float(u.exceed(load, load.limit(u.limit))), float(u.used_at(load, 0.99)))
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
    for option, flow in flows_of_placements():
        # fresh loads: nothing that one of them remembers may reach the other
        declared, whole = Placement.of(option, flow).path, Paths.of(flow)
        assert answers(option, Conditions(w), declared) == answers(option, Conditions(w), whole), option.id


@cache
def flows_of_placements() -> list:
    """For what each option reads, the first and the last flow of a design that has it so."""
    flows: dict = {}
    for row, design in zip(table().rows, table().designs, strict=True):
        for number in row.tolist():
            flows.setdefault(number, []).append(design.flow)
    placements = table().placements
    return [(placements[n].option, each[at]) for n, each in flows.items() for at in (0, -1)]


def test_what_is_remembered_does_not_depend_on_who_asked_first():
    w = Workload(**{**LEAST, **WORKLOADS["large"]})
    placements = table().placements
    first, last = Conditions(w), Conditions(w)
    forwards = [answers(each.option, first, each.path) for each in placements]
    backwards = [answers(each.option, last, each.path) for each in reversed(placements)]
    assert forwards == backwards[::-1]


def test_concerns_are_in_the_contracts_order():
    order = (
        "edge",
        "door",
        "request",
        "response",
        "compression",
        "execution",
        "initialization",
        "configuration",
    )
    assert CONCERNS == order == tuple(designs.OPTIONS)
