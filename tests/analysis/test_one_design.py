"""One design that somebody has in mind: what excludes it, its steps in order, and sizes that are open."""

import json

import pandas as pd
import pytest

import explorer as ex
from explorer.workload.workload import Workload
from tests.support.designs import plain

FIELDS = {"requests_per_month": 100_000, "response": "1 MB", "runtime": {"p50": "1 s", "p99": "4 s"}}
URL = plain("function-url", "inline", "buffered", "single", "environment")


def workload(**fields) -> Workload:
    return Workload(**{**FIELDS, **fields})


# What excludes it ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "design", "field"),
    [
        ({"client": {"auth": "jwt"}}, {}, "client.auth"),
        ({"client": {"needs": ["custom-domain"]}}, {}, "client.needs"),
        ({"client": {"polls": False}}, {"response": "stored"}, "client.polls"),
        ({}, {"response": "pushed"}, "client.sockets"),
        ({}, {"response": "callback"}, "client.receives_callbacks"),
        ({}, {"response": "accepted"}, "client.collects"),
        ({}, {"response": "paged"}, "response.divisible"),
        ({}, {"compression": "gzip"}, "response.compression"),
        ({"client": {"auth": "iam"}}, {"edge": "cloudfront"}, "client.auth"),
        ({"runtime": {"p50": "1 s", "language": "go"}}, {"initialization": "snap-start"}, "runtime.language"),
        ({"configuration": {"total": 99, "entries": 2, "secrets": 1}}, {}, "configuration.secrets"),
    ],
)
def test_what_excludes_a_design_is_answered_not_refused(fields, design, field):
    design_ids, w = {**URL.ids, **design}, workload(**fields)
    findings = ex.assess(w, design_ids)
    exclusions = findings[findings["verdict"] == "excluded"]
    assert field in set(exclusions["limit"]) and exclusions["consequence"].str.len().gt(0).all()
    assert list(findings["verdict"]).index("excluded") == 0  # it stands first
    assert exclusions[["limit_value", "used_p50", "used_p99", "breach_probability"]].isna().all().all()
    assert (findings["verdict"] != "excluded").any()  # its limits are held all the same
    assert float(ex.cost(w, design_ids).total_usd) > 0
    assert ex.latency(w, design_ids).loc["total", "p50"] > 0


def test_what_fits_has_no_such_row():
    assert "excluded" not in set(ex.assess(workload(), URL)["verdict"])


def test_what_can_never_be_built_is_an_error():
    with pytest.raises(ex.ExplorerError, match="cannot be built"):
        ex.assess(workload(), {**URL.ids, "door": "http-api", "response": "streamed"})


def test_an_exclusion_is_plain_json():
    rows = ex.recommend(workload()).to_dict()["findings"]
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


# Step by step -------------------------------------------------------------------------------------


def test_the_steps_add_up_to_the_total():
    frame = ex.latency(workload(), {**URL.ids, "response": "stored"})
    assert list(frame.columns) == ["p50", "p95", "p99"]
    assert list(frame.index[-2:]) == ["first_byte", "total"] and len(frame) > 4
    pd.testing.assert_series_equal(frame.iloc[:-2].sum(), frame.loc["total"], check_names=False)
    assert (frame.loc["first_byte"] <= frame.loc["total"]).all()
    assert (frame >= 0).all().all()


@pytest.mark.parametrize(("response", "of"), [("buffered", "4 s"), ("streamed", "600 ms")])
def test_the_first_byte_of_a_stream_is_there_before_the_work_ends(response, of):
    """20 Mbit/s are 2.5 MB/s: of 50 MB the last byte comes 20 s after the first, a quantity by hand."""
    w = workload(
        response=50e6 / 10 if response == "buffered" else 50e6,
        runtime={"value": 4.0, "first_byte": "600 ms"},
        client={"bandwidth": "20 Mbit/s"},
    )
    frame = ex.latency(w, {**URL.ids, "response": response})["p50"]
    begun = {"4 s": 4.0, "600 ms": 0.6}[of]
    assert begun <= frame["first_byte"] < begun + 0.5
    least = {"buffered": 4.0 + 5e6 / 2.5e6, "streamed": 50e6 / 2.5e6}[response]
    assert least <= frame["total"] < least + 5.0


def test_of_what_is_only_acknowledged_the_first_byte_is_the_202():
    w = workload(runtime={"value": 100.0}, client={"collects": False})
    frame = ex.latency(w, {**URL.ids, "response": "accepted"})["p50"]
    assert frame["first_byte"] < 1.0


def test_the_answers_first_byte_is_that_of_the_steps():
    r = ex.recommend(workload(client={"polls": False}))
    steps = ex.latency(r.workload, r.design)
    assert r.to_dict()["first_byte_p95_s"] == pytest.approx(steps.loc["first_byte", "p95"], rel=1e-9)
    assert r.latency_s["p95"] == pytest.approx(steps.loc["total", "p95"], rel=1e-9)


# Sizes that are open ------------------------------------------------------------------------------

SIZES = [128, 256, 512, 768, 1024, 1536, 1769, 2048, 3008, 4096, 5120, 6144, 8192, 10240]


def test_sizes_that_a_file_names_are_those_of_the_answer_and_given():
    answer = ex.recommend(
        workload(runtime={"value": 1.0, "memory": "3008 MB", "architecture": "x86_64"})
    ).to_dict()
    assert (answer["memory_mb"], answer["architecture"]) == (3008, "x86_64")
    assert answer["given"] == {
        "memory_mb": 3008,
        "architecture": "x86_64",
        "monthly_usd": answer["monthly_usd"],
        "feasible": True,
    }


def test_any_size_is_the_cheapest_of_all():
    """Each size by itself: the answer with "any" is the least score among them."""
    runtime = {"value": 1.0, "cpu": 0.9, "used": "300 MB", "memory": "any", "architecture": "any"}
    r = ex.recommend(workload(runtime=runtime))
    assert r.to_dict()["given"] is None and r.memory_mb >= 300
    best = []
    for memory in (size for size in SIZES if size >= 300):
        for architecture in ("arm64", "x86_64"):
            # the time is that at 1,769 MB: it moves as the contract's formula says
            scale = 0.9 * 1 / min(memory / 1769, 1) + 0.1
            fixed = {**runtime, "value": scale, "memory": f"{memory} MB", "architecture": architecture}
            one = ex.recommend(workload(runtime=fixed))
            best.append((one.score_usd, one.memory_mb, one.architecture))
    score, memory, architecture = min(best)
    assert r.score_usd == pytest.approx(score, rel=1e-9)
    assert (r.memory_mb, r.architecture) == (memory, architecture)


@pytest.mark.parametrize("waits", ["21 s", "60 s"])
def test_what_only_a_larger_size_has_in_time_is_feasible_with_any(waits):
    """20 s at one vCPU are 44 s at 512 MB with half of it computing: the least size is late, not all."""
    runtime = {"value": 20.0, "cpu": 0.5}
    client = {"waits": waits, "polls": False, "auth": "iam"}
    at_one = ex.recommend(workload(runtime={**runtime, "memory": "1769 MB"}, client=client))
    any_size = ex.recommend(workload(runtime={**runtime, "memory": "any"}, client=client))
    assert at_one.feasible and any_size.feasible
    assert any_size.score_usd <= at_one.score_usd * (1 + 1e-9)


@pytest.mark.parametrize("designs", [["response=buffered"], "response=buffered", None])
def test_designs_without_names_are_one_line(designs):
    with pytest.raises(ex.ExplorerError, match=r"designs is .*: expected designs by name, such as \{"):
        ex.compare(workload(), designs)
