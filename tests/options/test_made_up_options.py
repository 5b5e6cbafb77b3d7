"""Two options that stand here alone: nothing else has to follow, and every reader has them right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import explorer as ex
from explorer.analysis.phrases import door_lacks, reason_in_words
from explorer.cli.commands.init import QUESTIONS, question
from explorer.engine.answers import Answers
from explorer.engine.cost import cost
from explorer.engine.designs import OPTIONS, Design, allowed_designs, choices, more_options, table
from explorer.engine.encoded_size import encoded_size
from explorer.engine.evaluation import Evaluation
from explorer.engine.latency import latency, steps
from explorer.engine.limits import findings
from explorer.engine.search import best_two
from explorer.errors import DesignError, FactsError
from explorer.facts import catalogue
from explorer.facts.catalogue import Facts
from explorer.facts.locations import PACKAGE
from explorer.facts.refresh.products import products_by_price_id
from explorer.live.client.inline import largest_inline
from explorer.live.deployment.template import stack_of
from explorer.options.base.added_time import AddedTime
from explorer.options.base.conditions import Conditions
from explorer.options.base.design_part import DesignPart
from explorer.options.base.limit_uses import IfMaterial, LimitUse
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import (
    Actor,
    Billing,
    BodyIn,
    Compute,
    Phase,
    RequestPath,
    Start,
    Step,
)
from explorer.options.base.resources import Resource, Route, Target, TemplatePiece, Value, attribute
from explorer.options.base.usage import StepQuantity, UsageLines
from explorer.options.door.base import Door
from explorer.options.execution.base import Execution
from explorer.views.app.costs import costs_panel as costs_on_screen
from explorer.views.colours import SERVICES
from explorer.views.figures.architecture import boxes_by_role, numbered_talks, talks_between_boxes
from explorer.views.figures.bills import service_colours
from explorer.views.figures.resources import resources
from explorer.views.figures.sequence import actor_name, sequence
from explorer.workload.workload import Workload
from tests.support.designs import plain
from tests.support.more_facts import more_facts
from tests.support.plain import in_order
from tests.support.plain import plain as asked_alone


class Hatch(Door):
    """A door that has nothing in common with any other: envelope, limit, wait, time and price are its own."""

    id = "made-up-hatch"
    summary = "a made-up hatch"
    parts = ("hatch",)
    offers = ("custom-domain", "usage-plans")
    request_limits = (("madeup.hatch.request", True),)
    response_limits = (("madeup.hatch.response", False),)
    waits = "madeup.hatch.timeout"
    exchange = "madeup.hatch_call"
    provides = {
        "door_time": "door.made-up-hatch",
        "request_envelope": "encoding.envelope.request.madeup",
        "response_envelope": "encoding.envelope.response.madeup",
        "response_limits": ("madeup.hatch.response",),
        "door_waits": waits,
    }

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        for exchanges in load.exchanges(path):
            yield self.exchange, load.requests * exchanges

    def wiring(
        self, load: Conditions, path: RequestPath, routes: Mapping[Route, Target]
    ) -> Iterable[TemplatePiece]:
        for target in sorted(set(routes.values())):
            yield Resource(f"{target.function}Hatch", "MadeUp::Hatch", {"Opens": target.arn})

    def address(self) -> Value:
        return attribute("WorkHatch", "Address")


@dataclass(frozen=True)
class Boiling(AddedTime):
    """The same time for every request."""

    def measure(self, load: Conditions, path: Paths, least_s: float) -> IfMaterial:
        return IfMaterial(0.0, load.constant("madeup.boil_s"), least_s)

    def held_s(self, load: Conditions, path: Paths) -> float:
        return load.constant("madeup.boil_s")


KETTLE = Compute("made-up kettle", "kettle", Start.ALWAYS_ON, Billing.STANDING, function=True)


class Kettle(Execution):
    """A compute that boils before each answer, has three parts and no template."""

    id = "made-up-kettle"
    summary = "a made-up kettle"
    parts = (
        DesignPart("kettle rack", Actor.HANDS, "kettle rack"),
        "descaling",
        DesignPart("client brings cups", Actor.CLIENT),
    )
    provides = {"compute": KETTLE}
    added_times = (Boiling("runtime"),)

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield load.time_limit("madeup.kettle.time", path)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        for seconds in load.held_s(path):
            yield "madeup.kettle_second", load.requests * seconds
        uploaded = path.body_in.is_(BodyIn.S3)
        if uploaded.any():  # a body that comes by S3 is poured, ten requests a pot
            pots = StepQuantity([[load.requests / 10]], np.ceil, uploaded * 1.0)
            yield "madeup.kettle_pot", pots

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        yield from super().steps(load, path)
        who = (Actor.WORKER, Actor.WORKER)
        poured = load.constant("madeup.boil_s")
        yield Step(Phase.WORK, "pour", who, poured, order=1, where=path.body_in.is_(BodyIn.S3))


SOURCE = "https://example.com/madeup"
ROWS = {
    "limits": f"""
madeup.hatch.request,Hatch,Request of a hatch,1000000,bytes,request,no,,,,made up,2026,{SOURCE},yes,,
madeup.hatch.response,Hatch,Response of a hatch,2000000,bytes,request,no,,,,made up,2026,{SOURCE},yes,,
madeup.hatch.timeout,Hatch,Wait of a hatch,12,s,request,no,,,,made up,2026,{SOURCE},yes,,
madeup.kettle.time,Kettle,Time of a kettle,40,s,request,no,,,,made up,2026,{SOURCE},yes,,
""",
    "prices": f"""
madeup.hatch_call,us-east-1,request,0,,0.000002,2026-11-01,{SOURCE}
madeup.kettle_second,us-east-1,s,0,,0.0000005,2026-11-01,{SOURCE}
madeup.kettle_pot,us-east-1,request,0,,0.00002,2026-11-01,{SOURCE}
""",
    "products": "madeup.hatch_call,calls,MadeUpHatch,Hatch-Calls,group=Hatches,",
    "services": "madeup,Made Up,3,https://example.com/pricing/",
    "times": f"door.made-up-hatch,6,30,measured,2026,{SOURCE},,",
    "constants": f"""
encoding.envelope.request.madeup,700,bytes,measured,2026,{SOURCE},,
encoding.envelope.response.madeup,50,bytes,measured,2026,{SOURCE},,
madeup.boil_s,0.5,s,measured,2026,{SOURCE},,
""",
    "breaches": f"madeup.hatch.timeout,made-up-hatch,599,,the hatch falls shut,it was too late,{SOURCE},2026",
}


@pytest.fixture(autouse=True)
def made_up(tmp_path):
    with more_facts(tmp_path, ROWS), more_options(Hatch(), Kettle()):
        yield


BOTH = plain("made-up-hatch", "inline", "buffered", "made-up-kettle", "environment")
HATCH = plain("made-up-hatch", "inline", "buffered", "single", "environment")


def workload(**changes: Any) -> Workload:
    fields = {
        "name": "tea",
        "requests_per_month": 1_000_000,
        "request": "1 KB",
        "response": "10 KB",
        "runtime": "2 s",
        "client": {"needs": ["usage-plans"], "waits": "100 s"},
        "preferences": {"part_usd": 0},
    }
    return Workload(**{**fields, **changes})


def finding(w: Workload, design: Design, limit: str):
    (row,) = [row for row in findings(w, design) if row.limit == limit]
    return row


# Designs and words --------------------------------------------------------------------------------


def others(design: Design) -> tuple[tuple[str, str], ...]:
    return tuple((concern, option) for concern, option in design.ids.items() if concern != "door")


def test_every_combination_with_them_is_a_design():
    # all that the HTTP API goes with, but for what an API Gateway alone starts and answers itself
    behind = {
        door: {others(d) for d in table().designs if d.door == door} for door in ("made-up-hatch", "http-api")
    }
    assert behind["http-api"] - behind["made-up-hatch"] == {
        each
        for each in behind["http-api"]
        if {("execution", "express"), ("response", "buffered")} <= set(each)
    }
    assert behind["made-up-hatch"] <= behind["http-api"]
    assert BOTH in table().designs
    assert choices("door=made-up-hatch") == {"door": "made-up-hatch"}
    with pytest.raises(DesignError, match='did you mean "made-up-hatch"'):
        choices("door=made-up-hutch")


class Flap(Hatch):
    id = "made-up-flap"


def test_they_last_as_long_as_their_context():
    with more_options(Flap()):
        assert any(design.door == "made-up-flap" for design in table().designs)
    assert not any(design.door == "made-up-flap" for design in table().designs)
    with pytest.raises(DesignError, match="already"), more_options(Hatch()):
        pass
    assert BOTH in table().designs


def test_their_words():
    assert door_lacks(Hatch()) == "A made-up hatch has no WAF, throttling or private access of its own."
    assert BOTH.parts == ("hatch", "kettle rack", "descaling", "client brings cups")
    assert str(BOTH).startswith("edge=none, door=made-up-hatch, request=inline")
    assert [step.title for step in steps(Conditions(workload()), BOTH)] == [
        "request through a made-up hatch",
        "the work",
        "the result",
    ]


def test_the_question_for_todays_door_names_it():
    (field,) = [field for field in QUESTIONS if field.name == "current.door"]
    *doors, last = OPTIONS["door"]
    assert last == "made-up-hatch"
    assert question(field) == f"today's: {', '.join(doors)} or {last}; left out: none"


# Numbers ------------------------------------------------------------------------------------------


def test_the_envelope_is_its_own():
    assert encoded_size(b"", door="made-up-hatch") == 700
    assert encoded_size(b"abc", door="made-up-hatch", direction="response") == 4 + 50


@pytest.mark.parametrize(
    ("request_bytes", "chance"),
    [(749_475, 0.0), (749_476, 1.0)],  # 4 * 749,475 / 3 + 700 = 1,000,000; one more begins a new group
)
def test_its_limit_counts_base64_and_its_envelope(request_bytes, chance):
    w = workload(request={"value": request_bytes, "binary": True})
    row = finding(w, HATCH, "madeup.hatch.request")
    assert (row.limit_value, row.breach_probability) == (1_000_000, chance)


@pytest.mark.parametrize(("seconds", "chance", "verdict"), [(11.5, 0.0, "tight"), (11.51, 1.0, "breach")])
def test_the_time_of_the_kettle_adds_to_the_wait_of_the_hatch(seconds, chance, verdict):
    row = finding(workload(runtime=f"{seconds} s"), BOTH, "madeup.hatch.timeout")
    assert row.used_p99 == pytest.approx(seconds + 0.5)
    assert (row.breach_probability, row.verdict) == (chance, verdict)


def test_the_wait_of_the_hatch_alone_counts_the_run_time():
    assert finding(workload(runtime="11.9 s"), HATCH, "madeup.hatch.timeout").used_p99 == pytest.approx(11.9)


def test_the_row_of_breaches_says_what_the_caller_sees(tmp_path):
    assert (
        finding(workload(runtime="13 s"), BOTH, "madeup.hatch.timeout").consequence == "the hatch falls shut"
    )
    wrong = tmp_path / "breaches.csv"
    wrong.write_text(wrong.read_text(encoding="utf-8").replace(",made-up-hatch,", ",made-up-hutch,"), "utf-8")
    with pytest.raises(
        FactsError, match=r"door is .made-up-hutch.: expected one of function-url.*made-up-hatch"
    ):
        Facts(tmp_path).breach_at_door("lambda.env", "*")


def test_the_bill():
    # 1,000,000 calls at 0.000002, and (2 s + 0.5 s) each at 0.0000005
    usd = {line.id: float(line.usd) for line in cost(workload(), BOTH).lines}
    assert usd["madeup.hatch_call"] == pytest.approx(2.0)
    assert usd["madeup.kettle_second"] == pytest.approx(1.25)


def test_what_holds_on_some_paths_only():
    # 1,000,005 requests are 100,001 pots at 0.00002; 2.5 s and 1 KB at 78,125,000 bytes/s at 0.0000005
    uploads = plain("made-up-hatch", "presigned-upload", "buffered", "made-up-kettle", "environment")
    w = workload(requests_per_month=1_000_005)
    usd = {line.id: float(line.usd) for line in cost(w, uploads).lines}
    assert usd["madeup.kettle_pot"] == pytest.approx(2.00002)
    assert usd["madeup.kettle_second"] == pytest.approx(1_000_005 * (2.5 + 1024 / 78_125_000) * 0.0000005)
    assert "madeup.kettle_pot" not in {line.id for line in cost(w, BOTH).lines}
    titles = {design: {step.title for step in steps(Conditions(w), design)} for design in (uploads, BOTH)}
    assert "pour" in titles[uploads] and "pour" not in titles[BOTH]


def test_asked_at_once_they_are_what_they_are_alone():
    load = Conditions(workload())
    designs = allowed_designs(load)
    every, alone = Evaluation(load, designs), asked_alone(load, designs)
    np.testing.assert_allclose(every.monthly_usd, alone.usd, rtol=1e-12)
    np.testing.assert_allclose(every.latency_s[:, 1], alone.p95, rtol=1e-12)
    assert every.feasible.tolist() == alone.feasible.tolist()
    best = best_two(Answers(load, designs))
    assert [int(index) for index in best.index] == in_order(alone, designs, 0.0).tolist()


def test_the_seconds():
    # a round trip of 40 ms and the hatch's 6 ms; 1 KB and 10 KB at 20 Mbit/s (2,500,000 bytes/s)
    seconds = latency(workload(), BOTH)
    assert seconds["submit"]["p50"] == pytest.approx(0.046 + 1024 / 2.5e6)
    assert seconds["download"]["p50"] == pytest.approx(10240 / 2.5e6)


# Answers ------------------------------------------------------------------------------------------


def test_they_are_recommended_and_the_break_even_is_where_the_hatch_shuts():
    r = ex.recommend(workload())
    assert (r.design.door, r.design.execution) == ("made-up-hatch", "made-up-kettle")
    (above,) = [row for row in r.answer.break_evens if row.axis == "runtime" and row.direction == "above"]
    assert above.value == pytest.approx(11.5, rel=1e-3)
    assert above.says.startswith("above a median run time of 11.5 s (5.75 times today's)")
    assert above.says.endswith(", build it behind a REST API")


def test_what_it_rules_out_names_it():
    r = ex.recommend(workload(runtime="20 s"))
    (reason,) = [row for row in r.answer.rejections if row.because == "madeup.hatch.timeout"]
    assert "door=made-up-hatch" in reason.options
    assert reason_in_words(reason).startswith(
        "all requests exceed the wait of a hatch of 12 s, which rules out"
    )
    assert reason_in_words(reason).endswith(OPTIONS["door"]["made-up-hatch"].words)


# Pictures -----------------------------------------------------------------------------------------


def test_each_part_has_its_place_in_the_picture_of_the_resources():
    boxes = boxes_by_role(Conditions(workload()), BOTH)
    assert {role: (box.title, box.parts) for role, box in boxes.items()} == {
        "client": ("client", ["client brings cups"]),
        "door": ("made-up hatch", ["hatch"]),
        "hands": ("kettle rack", []),
        "worker": ("made-up kettle", ["descaling"]),
    }
    lines = talks_between_boxes(list(numbered_talks(Conditions(workload()), BOTH, boxes)), boxes)
    assert [*lines] == [("client", "door"), ("door", "client"), ("door", "hands"), ("hands", "worker")]
    assert "made-up kettle (descaling)" in resources(workload(), BOTH).alt


def test_the_sequence_has_its_column():
    assert [actor_name(actor, BOTH) for actor in ("door", "worker")] == ["made-up hatch", "kettle"]
    assert "request through a made-up hatch" in sequence(workload(), BOTH).alt


def test_its_colour_is_that_of_its_row():
    assert service_colours([{"madeup": 3.0, "elsewhere": 1.0}]) == {
        "madeup": SERVICES[3],
        "elsewhere": SERVICES[10],
    }
    assert '<i class="s3"></i>Made Up</span>' in costs_on_screen(ex.recommend(workload()))


# What is deployed, and what is asked of AWS -----------------------------------------------------------


def test_the_template_has_the_hatch():
    template = stack_of(workload(), HATCH).template
    assert template["Resources"]["WorkHatch"] == {
        "Type": "MadeUp::Hatch",
        "Properties": {"Opens": {"Fn::GetAtt": ["Work", "Arn"]}},
    }


def test_a_client_uploads_what_the_hatch_lets_through_no_more():
    assert largest_inline() == 749_475  # as above: the hatch has less room than any other door


def test_the_kettle_has_no_template():
    assert BOTH.undeployable == ("made-up-kettle has no template here",)
    with pytest.raises(DesignError, match="made-up-kettle has no template here"):
        stack_of(workload(), BOTH)


def test_its_price_is_refreshed():
    product = products_by_price_id(catalogue.DEFAULT)["madeup.hatch_call"]
    attributes = {"group": "Hatches", "usagetype": "EU-Hatch-Calls"}
    assert product.service == "MadeUpHatch" and product.fits("", attributes, "eu-west-1")
    assert not product.fits("", {**attributes, "group": "Doors"}, "eu-west-1")


def test_no_other_file_names_them():
    for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.js")]:
        text = path.read_text(encoding="utf-8")
        assert "madeup" not in text and "made-up-" not in text and "kettle" not in text, path
