"""The answer: what is chosen, what is ruled out and by what, what would change it."""

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import explorer as ex
from explorer.analysis.break_evens import BEYOND
from explorer.engine.designs import CONCERNS, table
from explorer.engine.evaluation import Evaluation
from explorer.engine.limits import findings
from explorer.facts.locations import workloads_dir
from explorer.options.base.conditions import Conditions
from explorer.workload.workload import Workload
from tests.support.examples import FILES

LEAST = {"requests_per_month": 100_000, "response": "1 KB", "runtime": "1 s"}
MB = 1024**2


def recommended(**fields):
    return ex.recommend(Workload(**{**LEAST, **fields}))


@pytest.fixture(scope="module", params=FILES)
def r(request):
    return ex.recommend(Workload.load(request.param))


def test_the_recommended_design_is_feasible(r):
    assert r.feasible and not r.design.clashes
    assert not [finding for finding in r.answer.findings if finding.verdict == "breach"]
    target = r.workload.targets.latency_p95
    assert target is None or r.latency_s["p95"] <= target


def test_the_recommended_design_is_the_least_of_all_feasible_ones(r):
    assert r.score_usd == pytest.approx(r.monthly_usd + r.part_usd * r.parts)
    assert (r.alternatives["score_usd"] >= r.score_usd * (1 - 1e-12)).all()
    assert list(r.alternatives["score_usd"]) == sorted(r.alternatives["score_usd"])


def test_each_distinct_alternative_has_an_option_that_none_before_it_has(r):
    distinct, options = r.answer.distinct_alternatives(12), set(r.nearest.ids.items())
    every = r.answer.alternatives
    assert [every.rows.index(other) for other in distinct] == sorted(every.rows.index(o) for o in distinct)
    for other in distinct:
        assert not options.issuperset(other.design.items())
        options.update(other.design.items())


def test_an_alternative_that_nobody_would_choose_by_is_passed_over():
    small = recommended()  # 1 KB: streamed costs and takes the same, with one part more
    first = small.alternatives.iloc[:4][["response", "configuration"]].to_numpy().tolist()
    assert ["streamed", "environment"] in first and ["buffered", "bundled"] in first
    distinct = small.answer.distinct_alternatives(99)
    assert {other.design["configuration"] for other in distinct} == {"environment"}
    assert distinct[0].design["door"] == "http-api"


def test_where_there_is_configuration_its_place_is_an_alternative():
    some = recommended(configuration="1 KB").answer.distinct_alternatives(99)
    assert {"environment", "parameter-store"} <= {other.design["configuration"] for other in some}


def test_the_bill_the_findings_and_the_latency_are_those_of_the_design(r):
    assert float(r.bill.total_usd) == pytest.approx(r.monthly_usd, rel=1e-9)
    assert ex.cost(r.workload, r.design).total_usd == r.bill.total_usd
    assert ex.assess(r.workload, r.design).equals(r.findings)
    assert ex.latency(r.workload, r.design).loc["total", "p95"] == pytest.approx(r.latency_s["p95"])
    assert len(r.design.parts_for(r.answer.load)) == r.parts


def test_every_design_is_feasible_or_ruled_out(r):
    every = Evaluation(Conditions(r.workload), table())
    exclusions = {i for i, free in enumerate(table().allows(Conditions(r.workload))) if not free}
    feasible = set(np.flatnonzero(every.feasible)) - exclusions
    assert len(r.alternatives) + 1 == len(feasible)
    ruled_out = max(reason.designs for reason in r.answer.rejections)
    assert ruled_out <= len(every.designs) - len(feasible)
    assert sum(reason.designs for reason in r.answer.rejections) >= len(every.designs) - len(feasible)


def test_a_limit_rules_out_the_designs_whose_findings_break_it():
    w = Workload.load(workloads_dir() / "photos.toml")
    breaches: dict[str, list[float]] = {}
    load = Conditions(w)
    for design in table().designs:
        for finding in findings(w, design, load):
            if finding.verdict == "breach":
                breaches.setdefault(finding.limit, []).append(finding.breach_probability)
    got = {reason.because: reason for reason in ex.recommend(w).answer.rejections if reason.kind == "limit"}
    assert {limit: reason.designs for limit, reason in got.items()} == {
        limit: len(p) for limit, p in breaches.items()
    }
    for limit, chances in breaches.items():
        assert got[limit].breach_probability == pytest.approx(min(chances), rel=1e-6), limit


def test_a_reason_names_a_limit_a_promise_or_a_field(r):
    limits = set(ex.limits()["id"])
    for reason in r.answer.rejections:
        fields = {
            "limit": limits,
            "promise": {"client.waits", "targets.latency_p95", "targets.first_byte_p95"},
        }.get(reason.kind)
        if fields is None:
            section, name = reason.because.split(".")
            fields = {reason.because} if name in type(getattr(r.workload, section)).model_fields else set()
        assert reason.because in fields and reason.designs > 0 and reason.why
        assert set(reason.nearest) == set(CONCERNS)
        assert all(option.split("=")[0] in CONCERNS for option in reason.options)
        assert reason.breach_probability is None or reason.breach_probability > 1 - r.workload.targets.success


def test_a_break_even_is_where_the_answer_turns(r):
    for axis in ("response", "request", "runtime", "configuration"):
        for turn in (turn for turn in r.answer.break_evens if turn.axis == axis and turn.value is not None):
            sign = 1 if turn.direction == "above" else -1
            before, at, after = (
                around(r.workload, axis, turn.value * f, turn.factor * f)
                for f in (1.001**-sign, 1.0, BEYOND**sign)  # narrowed to one in two thousand
            )
            assert before == r.design != at, turn.says
            after = at if after == r.design else after  # today's wins again
            assert (after.ids if after else None) == turn.design, turn.says


@pytest.mark.parametrize("name", ["runners", "satellite"])
def test_what_wins_for_a_moment_only_is_not_what_to_build_beyond(name):
    r = ex.recommend(ex.Workload.load(workloads_dir() / f"{name}.toml"))
    (turn,) = (turn for turn in r.answer.break_evens if (turn.axis, turn.direction) == ("runtime", "above"))
    assert turn.design is None and turn.says.endswith("no design is feasible")
    assert around(r.workload, "runtime", turn.value * 1.5, turn.factor * 1.5) is None


def test_the_answer_changes_again_where_a_break_even_says_its_design_ends():
    """Satellite scenes: a service wins from 184,000 requests a month, and no longer above 226,000."""
    w = ex.Workload.load(workloads_dir() / "satellite.toml")
    turns = ex.recommend(w).answer.break_evens
    (turn,) = (turn for turn in turns if turn.axis == "requests_per_month" and turn.direction == "above")
    assert "of 184,000 requests a month (11.9 times today's) up to 226,000, build it" in turn.says
    peak = w.peak_rps / w.requests_per_month  # goes along
    rates = (turn.value * 1.001, turn.until * 0.999, turn.until * 1.001)
    designs = [
        ex.recommend(w.replace({"requests_per_month": rate, "peak_rps": peak * rate})).design
        for rate in map(round, rates)
    ]
    assert [design.execution == "service" for design in designs] == [True, True, False]


def around(w: Workload, axis: str, value: float, factor: float):
    if axis == "configuration":
        largest = w.configuration.largest
        growth = {"configuration.total": value} | (
            {"configuration.largest": largest * factor} if largest else {}
        )
        return ex.recommend(
            w.replace({"configuration.entries": w.configuration.entry_count, **growth})
        ).design
    evaluation = Evaluation(Conditions(w, {axis: np.array([value])}))
    index = int(evaluation.winner()[0])
    return evaluation.designs[index] if index >= 0 else None


def test_every_answer_says_at_which_rate_a_service_takes_over(r):
    rates = [turn for turn in r.answer.break_evens if turn.axis == "requests_per_month"]
    assert any(
        "always-on" in turn.says or (turn.design or {}).get("execution") == "service" or "Lambda" in turn.says
        or r.design.execution == "service"
        for turn in rates
    )  # fmt: skip


def test_the_trade_is_shown_at_0_10_and_100_usd_a_part(r):
    assert list(r.at_part_usd) == [0, 10, 100]
    parts = [choice["parts"] for choice in r.at_part_usd.values()]
    assert parts == sorted(parts, reverse=True)
    if r.part_usd == 10:
        assert r.at_part_usd[10]["design"] == r.design.ids
    several = len({json.dumps(choice["design"]) for choice in r.at_part_usd.values()}) > 1
    assert several == bool(re.search("(depends on what|unless) a moving part", r.summary.split(". ")[0]))


def test_another_design_wins_on_the_other_side_of_each_price_of_a_part(r):
    if not r.feasible:
        assert r.answer.part_price_changes == []
        return
    by_side = {True: r.design.ids, False: r.design.ids}
    for change in r.answer.part_price_changes:
        assert 0 <= change.part_usd <= 100 and (change.part_usd > r.part_usd) == change.above
        before, after = (0.999, 1.001) if change.above else (1.001, 0.999)
        prices = (change.part_usd * before, change.part_usd * after)
        designs = [ex.recommend(r.workload.replace({"preferences.part_usd": p})).design.ids for p in prices]
        assert designs == [by_side[change.above], change.design]
        by_side[change.above] = change.design
    assert (r.at_part_usd[100]["design"], r.at_part_usd[0]["design"]) == (by_side[True], by_side[False])


def test_the_answer_is_plain_json_with_the_contracts_fields(r):
    answer = json.loads(json.dumps(r.to_dict(), allow_nan=False))
    fields = {
        "schema",
        "design",
        "feasible",
        "monthly_usd",
        "parts",
        "part_usd",
        "score_usd",
        "latency_p50_s",
    }
    fields |= {"memory_mb", "architecture", "given", "first_byte_p95_s", "ways_out", "promises"}
    fields |= {"latency_p95_s", "bill", "findings", "alternatives", "rejected", "break_evens", "at_part_usd"}
    assert fields | {"assumptions", "changes"} <= set(answer)
    assert set(answer["design"]) == set(CONCERNS)
    assert {"id", "quantity", "unit", "usd", "assumed"} <= set(answer["bill"]["lines"][0])
    finding = {"limit", "limit_value", "unit", "used_p50", "used_p99", "breach_probability", "verdict"}
    assert finding | {"consequence", "source_url"} <= set(answer["findings"][0])
    other = {"design", "monthly_usd", "parts", "latency_p50_s", "latency_p95_s", "deployable"}
    assert other <= set(answer["alternatives"][0])
    reason = {"because", "options", "designs", "breach_probability", "nearest"}
    assert reason <= set(answer["rejected"][0])
    assert sum(line["usd"] for line in answer["bill"]["lines"]) == pytest.approx(answer["monthly_usd"])


def test_the_frames_are_frames(r):
    for frame in (r.findings, r.alternatives, r.rejected, r.break_evens, r.assumptions, r.changes):
        assert isinstance(frame, pd.DataFrame)
    assert len(r.findings) and len(r.rejected) and len(r.assumptions)


def test_the_answer_is_the_same_when_it_is_asked_again(r):
    assert ex.recommend(r.workload).to_dict() == r.to_dict()


# The choice ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "concern", "option"),
    [
        ({"request": "8 MB"}, "request", "presigned-upload"),
        ({"response": "8 MB", "client": {"auth": "jwt"}}, "response", "streamed"),  # cheaper than five parts
        ({"response": "300 MB", "client": {"waits": "5 min"}}, "response", "stored"),
        ({"response": {"p50": "8 MB", "compression": 0.2}}, "compression", "gzip"),  # 1.6 MB, 2.2 in base64
        ({"response": {"p50": "8 MB", "compression": 0.2}}, "response", "buffered"),
        ({"runtime": "20 min"}, "response", "stored"),
        ({"runtime": {"p50": "20 min", "divisible": True, "steps": 10}, "requests_per_month": 1000},
         "execution", "single"),
        ({"runtime": {"p50": "40 min", "divisible": True, "steps": 10}, "requests_per_month": 1000},
         "execution", "durable"),
        ({"configuration": {"total": "6 KB"}}, "configuration", "bundled"),
        ({"configuration": {"total": "6 KB", "changes_without_deploy": True}}, "configuration",
         "parameter-store"),
        ({"configuration": {"total": 99, "entries": 1, "secrets": 1}}, "configuration", "parameter-store"),
        ({"configuration": {"total": 99, "entries": 1, "secrets": 1, "rotation": True}}, "configuration",
         "secrets-manager"),
        ({}, "door", "function-url"),
        ({"client": {"auth": "jwt"}}, "door", "http-api"),
        ({"client": {"needs": ["usage-plans"]}}, "door", "rest-api"),
        ({"requests_per_month": 3e9, "peak_rps": 1300, "runtime": "50 ms"}, "execution", "service"),
    ],
)  # fmt: skip
def test_what_aws_guidance_would_choose(fields, concern, option):
    assert recommended(**fields).design.ids[concern] == option


def test_a_simple_workload_needs_no_parts():
    r = recommended()
    assert (r.parts, r.design.execution, r.design.response) == (0, "single", "buffered")


def test_the_worth_of_a_part_decides_between_money_and_parts():
    fields = {
        "requests_per_month": 3e7,
        "runtime": "200 ms",
        "configuration": {"total": 99, "entries": 1, "secrets": 1},
    }
    cheap, dear = (recommended(**fields, preferences={"part_usd": usd}) for usd in (0, 10_000))
    assert cheap.monthly_usd <= dear.monthly_usd and cheap.parts >= dear.parts


# Nothing is feasible ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hopeless():
    return recommended(runtime={"p50": "20 s", "p99": "40 s"}, client={"waits": "5 s", "polls": False})


def test_where_nothing_is_feasible_the_nearest_miss_is_told(hopeless):
    assert not hopeless.feasible and hopeless.design is None
    answer = json.loads(json.dumps(hopeless.to_dict(), allow_nan=False))
    assert answer["design"] is None and answer["feasible"] is False
    assert hopeless.summary.startswith("Nothing is feasible for workload. The nearest miss is a")
    assert (hopeless.nearest.door, hopeless.nearest.response) == ("function-url", "buffered")
    assert "The nearest miss is a synchronous endpoint behind a function URL" in hopeless.summary
    assert "waits" in {row.split(".")[-1] for row in hopeless.rejected["because"]}


def test_where_nothing_is_feasible_there_is_no_alternative_but_a_way_to_one(hopeless):
    assert len(hopeless.alternatives) == 0 and len(hopeless.changes) == 0
    assert all(
        turn.design for turn in hopeless.answer.break_evens
    )  # a break-even is where something becomes feasible
    assert all(choice["design"] is None for choice in hopeless.at_part_usd.values())


# Against what runs today ----------------------------------------------------------------------------


def test_what_would_change_against_today():
    w = Workload.load(workloads_dir() / "statements.toml")
    r = ex.recommend(w)
    today = ex.cost(w, r.current).total_usd
    additions, removed = (set(r.changes.query("change == @kind")["what"]) for kind in ("added", "removed"))
    assert additions == set(r.design.parts) - set(r.current.parts)
    assert removed == set(r.current.parts) - set(r.design.parts)
    (cost,) = r.changes.query("change == 'cost'")["usd"]
    assert cost == pytest.approx(r.monthly_usd - float(today))


def test_today_is_filled_by_the_best_and_kept_as_given():
    r = recommended(current={"door": "rest-api", "response": "buffered"})
    assert (r.current.door, r.current.response) == ("rest-api", "buffered")
    assert recommended().current is None and len(recommended().changes) == 0


@pytest.mark.parametrize(
    ("current", "says"),
    [
        ({"door": "gateway"}, 'door is "gateway"'),
        ({"door": "http-api", "execution": "service"}, "cannot be built"),
    ],
)
def test_a_current_design_that_is_none_is_named_with_its_file(current, says):
    with pytest.raises(ex.ExplorerError, match=says) as error:
        r = recommended(current=current)
        r.to_dict()
    assert "workload: current" in str(error.value)


# What it rests on ----------------------------------------------------------------------------------


def test_a_default_that_decides_is_named():
    fields = {"response": "8 MB", "runtime": "20 s", "client": {"waits": "10 s"}}
    decides = {row.id for row in recommended(**fields).answer.assumptions if row.decides}
    assert "client.polls" in decides


def test_a_peak_that_was_not_given_is_named():
    assert "peak_rps" in set(recommended().assumptions["id"])
    assert "peak_rps" not in set(recommended(peak_rps=3).assumptions["id"])


def test_a_tail_an_unverified_limit_and_a_stale_or_assumed_price_are_named():
    w = Workload(**{**LEAST, "response": {"p50": "1 MB", "p99": "20 MB"}, "region": "sa-east-1"})
    ids = set(ex.recommend(w.replace({"client.auth": "jwt"})).assumptions["id"])
    assert {"response", "peak_rps"} <= ids
    kinds = set(ex.recommend(w).assumptions["kind"])
    assert {"default", "tail", "constant", "time"} <= kinds


def test_the_words_name_the_workload_and_the_money(r):
    assert r.workload.name in r.summary and "a month" in r.summary
    markdown = r._repr_markdown_()
    opening = markdown.split("**")[1]
    assert opening.startswith(("Build a", "Nothing is feasible for ")) and opening.endswith(".")
    assert markdown.count(opening.split()[0]) == 1 and markdown.count("$") == markdown.count(
        r"\$"
    )  # nothing reads as mathematics


def test_importing_and_recommending_needs_no_pandas():
    code = (
        "import sys, explorer as ex\n"
        "r = ex.recommend(ex.Workload(requests_per_month=1000, response='1 KB', runtime='1 s'))\n"
        "assert r.feasible and r.bill.total_usd > 0\n"
        "print(sorted({'pandas', 'matplotlib', 'boto3', 'ipywidgets'} & set(sys.modules)))"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "[]"


def test_what_is_said_of_an_open_size_is_said_of_the_size_that_the_answer_chose():
    from explorer.views.report.decision import phases_table

    # 40 s at one vCPU, half of it computing, are 20 + 20 / 0.5 = 60 s on the half vCPU of a task of 1 GB
    runtime = {"p50": "40 s", "p99": "20 min", "memory": "any", "used": "700 MB"}
    client = {"waits": "29 s", "polls": True, "uploads": True}
    w = ex.Workload(
        requests_per_month=60_000, request="12 MB", response="2 MB", runtime=runtime, client=client
    )
    r = ex.recommend(w)
    assert (r.design.execution, r.memory_mb) == ("fargate", 1024)
    steps = ex.latency(w, r.design)["p50"]
    assert 60 in {round(seconds) for seconds in steps}
    rows = {row[0].text: row[2].text for row in phases_table(r).rows}
    assert rows["work"] == "1.01 min"  # and 0.26 s to read the body, 0.13 to store the result
    (vcpu,) = (f.used_p99 for f in r.answer.findings if f.limit == "fargate.vcpu")
    now = ex.forecast(w, {"requests_per_month": 0.01}, months=1).query("month == 0").set_index("limit")
    assert now.loc["fargate.vcpu", "used"] == vcpu
    assert ex.sensitivity(w).monthly_usd == pytest.approx(r.monthly_usd)
