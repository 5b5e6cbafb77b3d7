"""Every deployable design as a template: whole, lint-free, with no permission too many and no secret."""

import itertools
import json
import re

import pytest

from explorer import Workload, cost
from explorer.engine.designs import OPTIONS, table
from explorer.errors import DesignError
from explorer.live.deployment.export import readme
from explorer.live.deployment.production import production_template
from explorer.live.deployment.template import Stack, filler, stack_of
from explorer.options.base.resources import (
    CALLER,
    Allow,
    Entry,
    FunctionRole,
    Route,
    Setting,
    TaskRole,
    Variable,
)
from tests.support import cfn_lint
from tests.support.designs import plain
from tests.support.paths import ROOT

DEPLOYABLE = [design for design in table().designs if design.deployable]
DOORS = ("function-url", "http-api", "rest-api")
JOBS = ("single", "queued", "recursion", "durable", "step-functions", "express", "fargate")


def workload(secrets=3, **changes):
    fields = {
        "requests_per_month": 1e5,
        "request": "40 KB",
        "response": {"p50": "800 KB", "divisible": True},
        "runtime": {"p50": "1 s", "divisible": True, "steps": 10, "state": "3 KB"},
        "configuration": {"total": "3 KB", "entries": 12, "secrets": secrets},
    }
    return Workload(**(fields | changes))


def stack(design, **changes):
    if design.edge == "cloudfront":
        changes = {"client": {"auth": "none"}, **changes}
    no_secrets = design.configuration in {"environment", "bundled", "appconfig"}
    return stack_of(workload(0 if no_secrets else 3, **changes), design)


def covering(designs):
    """Few designs that hold every pair of options that any of them holds: the next adds most of them."""
    pairs = {design: set(itertools.combinations(design.ids.items(), 2)) for design in designs}
    missing, selection = set().union(*pairs.values()), []
    while missing:
        selection.append(max(pairs, key=lambda design: len(pairs[design] & missing)))
        missing -= pairs[selection[-1]]
    return selection


COVERING = covering(DEPLOYABLE)


def ids(design):
    return "-".join(design.ids.values())


def policies(template):
    """Every statement of every policy, with the resource that holds it."""
    for name, resource in template["Resources"].items():
        properties = resource["Properties"]
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        if resource["Type"] in {"AWS::IAM::ManagedPolicy", "AWS::S3::BucketPolicy"}:
            documents.append(properties["PolicyDocument"])
        for document in documents:
            for each in document["Statement"]:
                yield name, each


def test_every_combination_that_the_endpoint_promises_is_deployable():
    promised = {
        plain(
            door, request, response, execution, configuration, compression=compression, initialization=ready
        )
        for door in DOORS
        for request in OPTIONS["request"]
        for response, execution in [
            *itertools.product(("buffered", "paged"), ("single",)),
            *itertools.product(("stored", "pushed"), JOBS),
            *itertools.product(("accepted",), (job for job in JOBS if job != "fargate")),
        ]
        for compression in (("none",) if response == "accepted" else ("none", "gzip"))
        for ready in (("on-demand",) if execution == "fargate" else OPTIONS["initialization"])
        for configuration in OPTIONS["configuration"]
    }
    promised |= {
        plain("alb", request, response, "service", configuration, compression=compression)
        for request in OPTIONS["request"]
        for response in ("buffered", "paged", "stored")
        for compression in OPTIONS["compression"]
        for configuration in OPTIONS["configuration"]
    }
    promised |= {
        plain("function-url", request, response, "single", configuration, edge="cloudfront",
              compression=compression, initialization=ready)
        for request in OPTIONS["request"]
        for response in ("buffered", "paged")
        for configuration in OPTIONS["configuration"]
        for compression in OPTIONS["compression"]
        for ready in OPTIONS["initialization"]
    }  # fmt: skip
    assert set(DEPLOYABLE) == promised


WITHOUT_A_TEMPLATE = {
    "callback": {"response": "callback"},
    "streamed": {"door": "function-url", "response": "streamed", "execution": "single"},
    "managed-instance": {"execution": "managed-instance"},
}


@pytest.mark.parametrize(("option", "changes"), WITHOUT_A_TEMPLATE.items(), ids=WITHOUT_A_TEMPLATE)
def test_a_design_without_a_template_names_the_option_that_has_none(option, changes):
    choices = {"door": "http-api", "request": "inline", "response": "stored", "execution": "queued"}
    design = plain(**{**choices, "configuration": "environment", **changes})
    assert not design.deployable
    with pytest.raises(DesignError, match=rf"{option}( has no template here)?: \S+ \S+ \S+"):
        stack_of(workload(0), design)


def test_the_page_on_deploying_says_why_each_option_without_a_template_has_none():
    page = " ".join((ROOT / "docs/how-to/live.md").read_text(encoding="utf-8").split())
    every = {id: option for options in OPTIONS.values() for id, option in options.items()}
    for id in WITHOUT_A_TEMPLATE:
        option = every[id]
        assert f"`{option.concern}={id}` | {option.missing_for_template} |" in page


def test_a_stream_of_a_container_is_refused_for_its_own_reason():
    design = plain("alb", "inline", "streamed", "service", "environment")
    with pytest.raises(DesignError, match="streamed has no template here: the server of a task"):
        stack_of(workload(0), design)


@pytest.mark.parametrize(
    ("door", "response", "why"),
    [
        ("http-api", "buffered", "only in front of a function URL"),
        ("function-url", "stored", "only for an answer at once"),
    ],
)
def test_a_distribution_without_a_template_says_why(door, response, why):
    with pytest.raises(DesignError, match=f"cloudfront has a template {why}"):
        stack(plain(door, "inline", response, "single", "environment", edge="cloudfront"))


def test_a_distribution_opens_the_endpoint_to_all_only_where_that_is_stated():
    design = plain("function-url", "inline", "buffered", "single", "environment", edge="cloudfront")
    with pytest.raises(DesignError, match=r"client\.auth: callers are not known behind a distribution"):
        stack_of(workload(0), design)
    open_stack = stack(design)
    resources = open_stack.template["Resources"]
    assert open_stack.settings["open_to_all"] is True and not open_stack.is_signed
    assert resources["Url"]["Properties"]["AuthType"] == "AWS_IAM"
    kind = "AWS::Lambda::Permission"
    permissions = [each["Properties"] for each in resources.values() if each["Type"] == kind]
    assert {each["Principal"] for each in permissions} == {"cloudfront.amazonaws.com"}
    assert {each["Action"] for each in permissions} == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    assert all("distribution/${Distribution}" in each["SourceArn"]["Fn::Sub"] for each in permissions)
    origin = resources["Distribution"]["Properties"]["DistributionConfig"]["Origins"][0]
    assert origin["OriginAccessControlId"] == {"Fn::GetAtt": ["EdgeAccess", "Id"]}
    assert "Anyone may call" in readme(open_stack)
    signed = stack(plain("function-url", "inline", "buffered", "single", "environment"))
    assert "open_to_all" not in signed.settings and signed.is_signed


def test_every_design_that_can_be_built_is_deployable_or_names_the_option_that_is_not():
    for design in table().designs:
        reasons = design.undeployable
        assert design.deployable == (not reasons)
        for why in reasons:
            assert any(why.startswith(option) for option in design.ids.values()), (design, why)


@pytest.mark.parametrize("execution", ["single", "queued"])
def test_a_load_balancer_has_a_template_in_front_of_containers_alone(execution):
    design = plain("alb", "inline", "stored", execution, "environment")
    with pytest.raises(DesignError, match="alb has a template in front of a service only"):
        stack_of(workload(0), design)


@pytest.mark.parametrize(("door", "execution"), [("alb", "service"), ("http-api", "fargate")])
def test_containers_that_nobody_collects_from_have_no_template(door, execution):
    design = plain(door, "inline", "accepted", execution, "environment")
    with pytest.raises(DesignError, match="has a template only where a result is collected"):
        stack_of(workload(0, client={"collects": False}), design)


def test_notices_have_a_template_only_where_functions_answer():
    with pytest.raises(DesignError, match="pushed has a template only where functions answer"):
        stack_of(workload(0), plain("alb", "inline", "pushed", "service", "environment"))


@pytest.mark.parametrize("door", DOORS)
def test_a_socket_is_opened_by_a_signature_and_leads_to_the_function_that_answers_the_status(door):
    design_stack = stack(plain(door, "inline", "pushed", "single", "environment"))
    resources = design_stack.template["Resources"]
    front = "Front" if door == "function-url" else "Status"
    routes = {
        each["Properties"]["RouteKey"]: each["Properties"]["AuthorizationType"]
        for each in resources.values()
        if each["Type"] == "AWS::ApiGatewayV2::Route"
        and "SocketApi" in json.dumps(each["Properties"]["ApiId"])
    }
    assert routes == {"$connect": "AWS_IAM", "$default": "NONE"}
    assert f"${{{front}.Arn}}" in json.dumps(resources["SocketIntegration"])
    allowed = {
        name: each["Resource"]["Fn::Sub"].rpartition("}/")[2]
        for name, each in policies(design_stack.template)
        if each["Action"] == ["execute-api:ManageConnections"]
    }
    assert set(allowed) == {f"{name}Role" for name in design_stack.functions}
    assert set(allowed.values()) == {"live/POST/@connections/*"}
    assert "`websockets` to be told of a job's end" in readme(design_stack)
    invoked = [each for name, each in policies(design_stack.template) if "$connect" in json.dumps(each)]
    assert [each["Action"] for each in invoked] == [["execute-api:Invoke"]]


def test_an_exported_socket_logs_connections_and_is_throttled_and_watched():
    workload_ = workload(0, peak_rps=10, client={"sockets": True}, runtime=2)
    design = plain("http-api", "inline", "pushed", "single", "environment")
    resources = production_template(stack_of(workload_, design), alarms=True)["Resources"]
    stage = resources["SocketStage"]["Properties"]
    assert json.loads(stage["AccessLogSettings"]["Format"])["event"] == "$context.eventType"
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 40  # twice a submission and a connection
    alarm = resources["SocketStageErrorsAlarm"]["Properties"]
    assert alarm["MetricName"] == "IntegrationError"
    assert {row["Name"]: row["Value"] for row in alarm["Dimensions"]} == {
        "ApiId": {"Ref": "SocketApi"},
        "Stage": "live",
    }


def test_a_workflow_that_the_door_starts_has_no_template():
    design = plain("http-api", "inline", "buffered", "express", "environment")
    with pytest.raises(DesignError, match="express has a template only where nobody waits for the answer"):
        stack_of(workload(0), design)


def test_an_express_workflow_ends_within_its_five_minutes_and_what_it_never_began_is_given_up():
    design_stack = stack(plain("http-api", "inline", "stored", "express", "environment"))
    machine = design_stack.template["Resources"]["Workflow"]["Properties"]
    states = json.loads(machine["DefinitionString"])
    assert (machine["StateMachineType"], states["TimeoutSeconds"]) == ("EXPRESS", 300)
    (again,) = states["States"]["Work"]["Retry"]
    assert again["IntervalSeconds"] * again["MaxAttempts"] <= 300 and again["IntervalSeconds"] > 30
    assert 300 <= design_stack.settings["wait_s"] <= 360 and design_stack.settings["hand_over"] == "machine"


def test_a_task_that_finds_its_job_held_is_tried_until_no_invocation_can_hold_it_any_more():
    machine = stack(plain("http-api", "inline", "stored", "step-functions", "environment"))
    states = json.loads(machine.template["Resources"]["Workflow"]["Properties"]["DefinitionString"])
    busy, failed = states["States"]["Work"]["Retry"]
    assert (busy["ErrorEquals"], failed["ErrorEquals"]) == (["Busy"], ["States.ALL"])
    lasts_s = machine.template["Resources"]["Work"]["Properties"]["Timeout"]
    assert busy["IntervalSeconds"] * busy["MaxAttempts"] >= lasts_s > failed["MaxAttempts"] * 31


@pytest.mark.parametrize("execution", [execution for execution in JOBS if execution != "fargate"])
def test_what_is_only_acknowledged_has_no_table_and_its_failures_have_a_queue(execution):
    design_stack = stack(plain("http-api", "inline", "accepted", execution, "environment"))
    resources = design_stack.template["Resources"]
    assert set(design_stack.functions) == {"Work", "Submit"}
    assert [route.path for route in design_stack.of(Route)] == ["/jobs"]
    assert "AWS::DynamoDB::Table" not in {resource["Type"] for resource in resources.values()}
    dead = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    if execution in ("single", "recursion"):
        settings = resources["WorkEvents"]["Properties"]
        assert settings["DestinationConfig"] == {"OnFailure": {"Destination": dead}}
    elif execution == "queued":
        assert resources["Queue"]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"] == dead
    elif execution == "durable":
        assert resources["Work"]["Properties"]["DeadLetterConfig"] == {"TargetArn": dead}
    else:
        states = json.loads(resources["Workflow"]["Properties"]["DefinitionString"])["States"]
        (caught,) = states["Work"]["Catch"]
        assert (
            caught["Next"] == "PutAside" and states["PutAside"]["Parameters"]["QueueUrl"] == "${DeadLetters}"
        )


@pytest.mark.parametrize(("runtime", "tries"), [("45 s", 3), ("50 s", 2), ("70 s", 2), ("75 s", 1)])
def test_the_tries_of_an_express_workflow_fit_into_its_five_minutes(runtime, tries):
    changes = {"client": {"collects": False}, "runtime": {"p50": runtime, "divisible": True}}
    accepted_stack = stack(plain("http-api", "inline", "accepted", "express", "environment"), **changes)
    states = json.loads(accepted_stack.template["Resources"]["Workflow"]["Properties"]["DefinitionString"])
    work = states["States"]["Work"]
    assert 1 + sum(each["MaxAttempts"] for each in work.get("Retry", ())) == tries
    waits_s = 2 * (2 ** (tries - 1) - 1)
    assert tries * work["TimeoutSeconds"] + waits_s <= 290 < (tries + 1) * work["TimeoutSeconds"] + waits_s


def test_every_option_is_in_some_template_or_refused_by_name():
    put_up = {option for design in DEPLOYABLE for option in design.ids.values()}
    assert put_up | set(WITHOUT_A_TEMPLATE) == {option for each in OPTIONS.values() for option in each}
    assert not put_up & set(WITHOUT_A_TEMPLATE)


@pytest.mark.parametrize(
    ("door", "client", "field"),
    [
        ("rest-api", {"auth": "jwt"}, "client.auth jwt"),
        ("http-api", {"needs": ["custom-domain"]}, "client.needs custom-domain"),
        ("rest-api", {"needs": ["usage-plans"]}, "client.needs usage-plans"),
        ("rest-api", {"needs": ["private"]}, "client.needs private"),
        ("alb", {"auth": "jwt"}, "client.auth jwt"),
        ("alb", {"needs": ["private"]}, "client.needs private"),
    ],
)
def test_a_wish_that_a_template_cannot_hold_is_refused_by_its_field(door, client, field):
    execution = "service" if door == "alb" else "single"
    design = plain(door, "inline", "buffered", execution, "environment")
    with pytest.raises(DesignError, match=f"cannot be deployed: {field}: "):
        stack_of(workload(0, client=client), design)


def test_a_web_acl_stands_in_front_of_the_stage_that_it_guards():
    design = plain("rest-api", "inline", "buffered", "single", "environment")
    template = stack_of(workload(0, client={"needs": ["waf"]}, peak_rps=0.5), design).template
    kinds = {name: resource["Type"] for name, resource in template["Resources"].items()}
    assert kinds["WebAcl"] == "AWS::WAFv2::WebACL"
    assert kinds["StageWebAcl"] == "AWS::WAFv2::WebACLAssociation"
    assert cfn_lint.complaints(template) == ()


@pytest.mark.parametrize(("door", "execution"), [("alb", "service"), ("http-api", "fargate")])
def test_a_network_of_the_works_own_is_no_part_of_a_stack_of_containers(door, execution):
    design = plain(door, "inline", "stored", execution, "environment")
    with pytest.raises(DesignError, match=r"cannot be deployed: network\.vpc: "):
        stack_of(workload(0, network={"vpc": True}), design)


def at_once(execution, bears, runtime=1):
    """What keeps the work to as many at once: of the function, and of what reads its queue."""
    design = plain("http-api", "inline", "stored", execution, "environment")
    template = stack_of(workload(0, downstream={"concurrency": bears}, runtime=runtime), design).template
    assert cfn_lint.complaints(template) == ()
    work = template["Resources"]["Work"]["Properties"]
    source = template["Resources"].get("WorkSource", {}).get("Properties", {})
    reserved = work.get("ReservedConcurrentExecutions")
    return reserved, source.get("ScalingConfig", {}).get("MaximumConcurrency")


@pytest.mark.parametrize(
    ("execution", "bears", "reserved", "mapped"),
    [
        ("single", 50, 50, None),
        ("single", 1, 1, None),
        ("queued", 1, 1, None),  # a mapping is never set to fewer than two
        ("queued", 2, None, 2),
        ("queued", 50, None, 50),
        ("queued", 1000, None, 1000),
        ("queued", 1001, None, 1000),  # nor to more than a thousand
        ("queued", 5000, None, 1000),
    ],
)
def test_work_is_held_to_what_it_calls_will_bear(execution, bears, reserved, mapped):
    assert at_once(execution, bears) == (reserved, mapped)


PUBLISHED = ("provisioned-concurrency", "snap-start")
WORKS = [*itertools.product(("buffered", "paged"), ("single",)),
         *itertools.product(("stored", "accepted"), (job for job in JOBS if job != "fargate"))]  # fmt: skip


def published(door, response, execution, ready, request="inline", **changes):
    """The resources of a stack, and the logical id of the function that does the work."""
    design = plain(door, request, response, execution, "environment", initialization=ready)
    design_stack = stack(design, **changes)
    (work,) = (name for name, (_, plays) in design_stack.functions.items() if "work" in plays)
    return design_stack.template["Resources"], work


def addressed(resources, function):
    """What of each resource names the function itself, or the alias of its version."""
    forms = {f'{{"Fn::GetAtt": ["{function}", "Arn"]}}': "function", f"${{{function}.Arn}}": "function",
             f'{{"Ref": "{function}Live"}}': "alias", f"${{{function}Live}}": "alias",
             ":~-work:live": "alias", "${AWS::StackName}-work:live": "alias"}  # fmt: skip
    texts = {name: json.dumps(resource) for name, resource in resources.items()}
    return {(name, what) for name, text in texts.items() for form, what in forms.items() if form in text}


AT_DOOR = {  # what invokes work that answers at once
    "function-url": {"Caller"},
    "http-api": {"WorkIntegration", "WorkPermission"},
    "rest-api": {"Method1", "Method2", "WorkPermission"},
}
OF_JOBS = {  # and that of jobs; Submit is Front where one function plays several parts
    "single": {"Submit", "SubmitRole"},
    "queued": {"WorkSource"},
    "recursion": {"Submit", "SubmitRole", "WorkRole"},
    "durable": {"Submit"},  # whose role may invoke each version
    "step-functions": {"Workflow", "WorkflowRole"},
    "express": {"Workflow", "WorkflowRole"},
}


@pytest.mark.parametrize("ready", PUBLISHED)
@pytest.mark.parametrize(("response", "execution"), WORKS)
@pytest.mark.parametrize("door", DOORS)
def test_what_invokes_published_work_does_so_through_its_alias(door, response, execution, ready):
    resources, work = published(door, response, execution, ready)
    at_once = response in ("buffered", "paged")
    shared = door == "function-url" and response == "stored"
    jobs = {name.replace("Submit", "Front") if shared else name for name in OF_JOBS[execution]}
    qualified = {
        name: resource["DependsOn"]
        for name, resource in resources.items()
        if resource["Properties"].get("Qualifier") == "live"
    }
    by_url = at_once and door == "function-url"
    assert {name for name, what in addressed(resources, work) if what == "function"} == (
        {"Url"} if by_url else set()
    )
    assert {name for name, what in addressed(resources, work) if what == "alias"} == (
        AT_DOOR[door] if at_once else jobs
    )
    events = {"WorkEvents"} & set(resources)
    assert qualified == dict.fromkeys({"Url"} if by_url else events, "WorkLive")


@pytest.mark.parametrize("ready", ["on-demand", *PUBLISHED])
@pytest.mark.parametrize(("request_", "work"), [("inline", "Work"), ("presigned-upload", "Front")])
def test_the_function_that_does_the_work_is_published_and_no_other(request_, work, ready):
    resources, plays = published("function-url", "buffered", "single", ready, request_)
    versions = {
        name: resource["Properties"]["FunctionName"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Version"
    }
    assert plays == work
    assert versions == ({} if ready == "on-demand" else {f"{work}Version": {"Ref": work}})
    snap = resources[work]["Properties"].get("SnapStart")
    assert snap == ({"ApplyOn": "PublishedVersions"} if ready == "snap-start" else None)
    alias = resources.get(f"{work}Live", {}).get("Properties", {})
    assert ("ProvisionedConcurrencyConfig" in alias) == (ready == "provisioned-concurrency")


@pytest.mark.parametrize(("peak_rps", "environments"), [(0.04, 1), (6, 11)])
def test_as_many_environments_are_provisioned_as_the_model_bills(peak_rps, environments):
    w = workload(0, peak_rps=peak_rps)
    design = plain("http-api", "inline", "buffered", "single", "environment", initialization=PUBLISHED[0])
    alias = stack_of(w, design).template["Resources"]["WorkLive"]["Properties"]
    assert alias["ProvisionedConcurrencyConfig"] == {"ProvisionedConcurrentExecutions": environments}
    gb_s = {line.id: line.quantity for line in cost(w, design).lines}["lambda.provisioned_concurrency_arm"]
    assert gb_s == pytest.approx(environments * 730 * 3600 * 1769 / 1024)


@pytest.mark.parametrize(
    ("execution", "ready"),
    [("single", "on-demand"), *(("single", ready) for ready in PUBLISHED), ("durable", "on-demand")],
)
def test_new_code_under_another_key_is_another_version(execution, ready):
    is_published = (execution, ready) != ("single", "on-demand")
    response = "accepted" if execution == "durable" else "stored"
    design = plain("http-api", "inline", response, execution, "environment", initialization=ready)
    design_stack = stack(design)
    version = design_stack.template["Resources"].get("WorkVersion", {}).get("Properties", {})
    assert version.get("Description") == ({"Ref": "CodeKey"} if is_published else None)
    assert ("another key" in readme(design_stack)) == is_published


@pytest.mark.parametrize("ready", PUBLISHED)
@pytest.mark.parametrize(("bears", "refused"), [(1, True), (50, False)])
def test_no_more_is_provisioned_than_is_reserved(bears, refused, ready):
    changes = {"downstream": {"concurrency": bears}, "peak_rps": 1}
    if refused and ready == "provisioned-concurrency":
        with pytest.raises(DesignError, match=r"downstream\.concurrency: it reserves a concurrency of 1"):
            published("http-api", "stored", "single", ready, **changes)
        return
    resources, _ = published("http-api", "stored", "single", ready, **changes)
    assert resources["Work"]["Properties"]["ReservedConcurrentExecutions"] == bears


def test_work_that_answers_at_once_is_held_back_by_nobody():
    design = plain("http-api", "inline", "buffered", "single", "environment")
    template = stack_of(workload(0, downstream={"concurrency": 50}), design).template
    assert "ReservedConcurrentExecutions" not in template["Resources"]["Work"]["Properties"]


def test_functions_that_are_not_python_are_refused_by_name():
    design = plain("http-api", "inline", "buffered", "single", "environment")
    with pytest.raises(DesignError, match=r"runtime.language is java21.*expected one of python3.11"):
        stack_of(workload(0, runtime={"p50": "1 s", "language": "java21"}), design)


@pytest.mark.parametrize("design", DEPLOYABLE, ids=ids)
def test_every_part_that_is_spoken_of_is_played_by_one_function(design):
    design_stack = stack(design)
    played = [part for _, plays in design_stack.functions.values() for part in plays]
    for task in design_stack.of(TaskRole):
        played += [task.id, *design_stack.parts_of_task(task)]
    parts = {part.id for kind in (FunctionRole, TaskRole) for part in design_stack.of(kind)}
    assert sorted(played) == sorted(parts)
    spoken = {piece.part for kind in (Allow, Variable, Route) for piece in design_stack.of(kind)} - {CALLER}
    assert spoken <= set(played)


# As it is exported


def with_alarms(design):
    """The template of an export."""
    return production_template(stack(design), alarms=True)


def deployed(design):
    return stack(design).template


PUBLISHED_WORK = [
    plain(door, "presigned-upload", response, execution, "environment", initialization=ready)
    for door, response, execution in (
        ("function-url", "buffered", "single"), ("http-api", "stored", "single"),
        ("rest-api", "paged", "single"), ("rest-api", "stored", "durable"),
        ("http-api", "accepted", "recursion"), ("function-url", "stored", "queued"),
        ("http-api", "stored", "step-functions"), ("rest-api", "accepted", "express"),
    )
    for ready in PUBLISHED
]  # fmt: skip


LINTED = [*((with_alarms, design) for design in (*COVERING, *PUBLISHED_WORK)),
          *((deployed, design) for design in COVERING)]  # fmt: skip
FEW = [LINTED[number] for number in cfn_lint.covering([of(design) for of, design in LINTED])]
FEW += [(deployed, design) for design in COVERING[:2]]  # an export has every property that these have


@pytest.mark.parametrize(
    ("template_of", "design"),
    [
        pytest.param(
            *case, marks=() if case in FEW else pytest.mark.slow, id=f"{case[0].__name__}-{ids(case[1])}"
        )
        for case in LINTED
    ],
)
def test_cfn_lint_has_nothing_to_say(template_of, design):
    """Of few templates that hold every property that any has; of the others in the long guards."""
    assert cfn_lint.complaints(template_of(design)) == ()


def test_cfn_lint_names_a_property_that_no_resource_has():
    template = json.loads(json.dumps(stack(COVERING[0]).template))
    template["Resources"]["Work"]["Properties"]["Bogus"] = 1
    assert "Bogus" in str(cfn_lint.complaints(template))


def exported(door, execution="single", alarms=False):
    response = "buffered" if execution == "single" and not alarms else "stored"
    design = plain(door, "inline", response, execution, "environment")
    return production_template(stack_of(workload(0, peak_rps=10), design), alarms)["Resources"]


def test_an_exported_api_logs_each_request_and_is_throttled():
    resources = exported("http-api")
    stage = resources["Stage"]["Properties"]
    assert json.loads(stage["AccessLogSettings"]["Format"])["status"] == "$context.status"
    assert stage["AccessLogSettings"]["DestinationArn"] == {"Fn::GetAtt": ["StageAccessLog", "Arn"]}
    assert resources["StageAccessLog"]["Type"] == "AWS::Logs::LogGroup"
    routes = stage["DefaultRouteSettings"]
    assert (routes["ThrottlingRateLimit"], routes["ThrottlingBurstLimit"]) == (20, 20)  # twice the peak
    (methods,) = exported("rest-api")["Stage"]["Properties"]["MethodSettings"]
    assert (methods["ResourcePath"], methods["HttpMethod"], methods["ThrottlingRateLimit"]) == ("/*", "*", 20)


def test_polls_are_not_throttled_away():
    assert (
        exported("http-api", alarms=True)["Stage"]["Properties"]["DefaultRouteSettings"][
            "ThrottlingRateLimit"
        ]
        > 20
    )


def test_a_function_url_has_nothing_to_throttle_by():
    assert not any("Throttling" in json.dumps(resource) for resource in exported("function-url").values())


def test_alarms_tell_of_errors_and_of_lost_jobs():
    resources = exported("http-api", "queued", alarms=True)
    alarms = {n: r["Properties"] for n, r in resources.items() if r["Type"] == "AWS::CloudWatch::Alarm"}
    functions = [n for n, r in resources.items() if r["Type"] == "AWS::Lambda::Function"]
    assert {f"{name}{what}Alarm" for name in functions for what in ("Errors", "Throttles")} <= set(alarms)
    assert alarms["DeadLettersFilledAlarm"]["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert alarms["QueueAgeAlarm"]["MetricName"] == "ApproximateAgeOfOldestMessage"
    assert all(alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}] for alarm in alarms.values())
    assert not any("Alarm" in name for name in exported("http-api", "queued"))


@pytest.mark.parametrize("design", COVERING, ids=ids)
def test_no_policy_allows_a_wildcard(design):
    for name, each in policies(stack(design).template):
        if each["Effect"] == "Allow":
            assert not [action for action in each["Action"] if "*" in action], name
            log_delivery = name == "WorkflowRole" and each["Action"][0] == "logs:CreateLogDelivery"
            pulls = name == "WorkStartRole" and each["Action"] == ["ecr:GetAuthorizationToken"]
            assert log_delivery or pulls or each["Resource"] != "*", name


@pytest.mark.parametrize("design", COVERING, ids=ids)
def test_no_secret_has_a_place_in_the_template(design):
    design_stack = stack(design)
    text = json.dumps(design_stack.template)
    for entry in design_stack.of(Entry):
        forms = ('"{}": "{}"', '{{"Name": "{}", "Value": "{}"}}')  # of a function, of a container
        stands = any(form.format(entry.name, filler(entry)) in text for form in forms)
        assert stands == (entry.kept == "environment")
        assert not (entry.secret and stands)


@pytest.mark.parametrize("design", COVERING, ids=ids)
def test_what_holds_something_goes_with_the_stack_and_logs_end(design):
    for resource in stack(design).template["Resources"].values():
        if resource["Type"] in {"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SQS::Queue"}:
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Delete"
        if resource["Type"] == "AWS::Logs::LogGroup":
            assert resource["Properties"]["RetentionInDays"] == 14


@pytest.mark.parametrize("door", DOORS)
def test_every_route_asks_for_a_signature(door):
    template = stack(plain(door, "presigned-upload", "stored", "single", "environment")).template
    kinds = {"AWS::ApiGatewayV2::Route", "AWS::ApiGateway::Method", "AWS::Lambda::Url"}
    kinds_of_auth = [
        resource["Properties"].get("AuthorizationType", resource["Properties"].get("AuthType"))
        for resource in template["Resources"].values()
        if resource["Type"] in kinds
    ]
    assert kinds_of_auth == ["AWS_IAM"] * (1 if door == "function-url" else 5)


@pytest.mark.parametrize(("door", "functions"), [("function-url", 2), ("http-api", 4), ("rest-api", 4)])
def test_a_function_url_leads_to_one_function_an_api_to_one_a_part(door, functions):
    design_stack = stack(plain(door, "presigned-upload", "stored", "single", "environment"))
    assert len(design_stack.functions) == functions


@pytest.mark.parametrize(("door", "seconds"), [("http-api", 29), ("rest-api", 28), ("function-url", 900)])
def test_a_function_works_no_longer_than_its_door_waits(door, seconds):
    design_stack = stack(plain(door, "inline", "buffered", "single", "environment"))
    assert design_stack.template["Resources"]["Work"]["Properties"]["Timeout"] == seconds


@pytest.mark.parametrize("execution", ["single", "queued"])
@pytest.mark.parametrize(("runtime", "seconds"), [(840, 900), (841, 1800)])
def test_a_timeout_is_longer_than_older_tools_take_where_the_work_is(execution, runtime, seconds):
    design_stack = stack(plain("http-api", "inline", "stored", execution, "environment"), runtime=runtime)
    resources = design_stack.template["Resources"]
    assert resources["Work"]["Properties"]["Timeout"] == seconds
    if execution == "queued":
        assert resources["Queue"]["Properties"]["VisibilityTimeout"] == seconds
    assert ("since 19 November 2026" in readme(design_stack)) == (seconds > 900)


def test_entries_have_the_sizes_that_the_workload_gives():
    design_stack = stack(plain("http-api", "inline", "stored", "single", "parameter-store"))
    sizes = [len(entry.name) + entry.value_bytes for entry in design_stack.of(Entry)]
    assert len(sizes) == 12 and sum(sizes) == pytest.approx(3 * 1024, abs=12)
    assert sum(entry.secret for entry in design_stack.of(Entry)) == 3


def test_a_stack_that_names_two_resources_alike_is_refused():
    design_stack = stack(plain("http-api", "inline", "buffered", "single", "environment"))
    doubled = Stack(
        design_stack.design,
        design_stack.workload,
        (*design_stack.pieces, *design_stack.pieces[-1:], *design_stack.pieces),
    )
    with pytest.raises(ValueError, match="two resources are named"):
        _ = doubled.template


def test_settings_are_literals_and_variables_what_cloudformation_alone_knows():
    for design in COVERING:
        design_stack = stack(design)
        assert json.loads(json.dumps(design_stack.settings)) == design_stack.settings
        assert {setting.name for setting in design_stack.of(Setting)} <= set(design_stack.settings)
        variables = {variable.name for variable in design_stack.of(Variable)}
        where = {"CLUSTER", "SUBNETS", "SECURITY_GROUP", "SOCKET"}  # tasks run, notices go
        assert variables <= {"JOBS", "RESULTS", "UPLOADS", "HAND_TO", "CONFIGURATION", *where}
        assert not [v for v in design_stack.of(Variable) if isinstance(v.value, str)]


def test_names_of_this_machine_and_of_an_account_are_in_no_template():
    for design in COVERING:
        assert not re.search(r"\b\d{12}\b|127\.0\.0\.1|localhost|/tmp", json.dumps(stack(design).template))
