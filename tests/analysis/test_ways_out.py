"""Ways out where nothing is feasible: each is tried by itself, and nothing that would help is left out."""

import json

import pytest

import explorer as ex
from explorer.engine.designs import CONCERNS
from explorer.workload.workload import Workload

KINDS = {"ability", "promise", "quota", "size"}
COLUMNS = ["kind", "field", "from", "to", "unit", "factor", "design", "memory_mb", "architecture"]
COLUMNS += ["monthly_usd", "parts", "text", "with"]
ABILITIES = ["client.polls", "client.sockets", "client.receives_callbacks", "client.uploads"]
ABILITIES += ["response.divisible", "runtime.divisible", "runtime.interruptible"]
NONE_OF_THEM = {"polls": False, "sockets": False, "receives_callbacks": False, "uploads": False}
SMALL = {"value": 1024.0}
CASES = {
    "patience": {"runtime": {"p50": 20.0, "p99": 40.0}, "client": {**NONE_OF_THEM, "waits": "5 s"}},
    "a promised p95": {"runtime": {"value": 20.0}, "targets": {"latency_p95": "7 s"}},
    "a promised first byte": {
        "runtime": {"value": 20.0, "first_byte": 3.0},
        "targets": {"first_byte_p95": "1 s"},
    },
    "a request that cannot be uploaded": {
        "request": {"value": 4e7},
        "client": {**NONE_OF_THEM, "auth": "iam"},  # a load balancer in front of containers knows no IAM
    },
    "what the work calls": {
        "requests_per_month": 3e7,
        "peak_rps": 40,
        "runtime": {"value": 2.0},
        "client": NONE_OF_THEM,
        "downstream": {"concurrency": 5},
    },
}


def workload(**fields) -> Workload:
    return Workload(**{"requests_per_month": 100_000, "response": SMALL, "runtime": {"value": 1.0}, **fields})


def workload_with(w: Workload, rows) -> Workload:
    """The workload with the changes of these rows, as its file would have them."""
    for row in rows:
        if row["kind"] == "quota":
            w = w.replace({"account": {**w.account, row["field"]: row["to"]}})
        elif row["kind"] == "size":
            factor = row["to"] / row["from"]
            fields = w._content[row["field"]].items()
            scaled = {name: value * factor for name, value in fields if name != "first_byte"}
            w = w.replace({row["field"]: scaled})
        else:
            w = w.replace({row["field"]: row["to"]})
    return w


def nearer(row, share: float):
    """The row with its change taken back by a share."""
    return {**row, "to": row["to"] * (1 + share if row["kind"] == "size" else 1 - share)}


@pytest.fixture(scope="module", params=CASES.values(), ids=CASES)
def case(request):
    w = workload(**request.param)
    r = ex.recommend(w)
    assert not r.feasible
    return w, r.answer.ways_out.to_dicts()


def test_each_way_makes_its_design_feasible_at_its_price(case):
    w, rows = case
    assert rows
    for row in rows:
        r = ex.recommend(workload_with(w, [row]))
        assert r.feasible and r.design.ids == row["design"], row["text"]
        assert (r.memory_mb, r.architecture, r.parts) == (row["memory_mb"], row["architecture"], row["parts"])
        assert r.monthly_usd == pytest.approx(row["monthly_usd"], rel=1e-6)


def test_one_percent_less_is_not_enough(case):
    w, rows = case
    for row in rows:
        if row["kind"] != "ability":
            assert not ex.recommend(workload_with(w, [nearer(row, 0.01)])).feasible, row["text"]


def test_every_ability_that_helps_is_listed_and_no_other(case):
    w, rows = case
    helps = set()
    for field in ABILITIES:
        section, name = field.split(".")
        if not getattr(getattr(w, section), name) and ex.recommend(w.replace({field: True})).feasible:
            helps.add(field)
    assert {row["field"] for row in rows if row["kind"] == "ability"} == helps


def test_abilities_come_first_then_the_least_factor(case):
    _, rows = case
    order = [(row["kind"] != "ability", row["factor"] or 1.0) for row in rows]
    assert order == sorted(order)
    for row in rows:
        if row["kind"] == "ability":
            assert row["factor"] is None and (row["from"], row["to"]) == (False, True)
        else:
            most, least = sorted((row["from"], row["to"]), reverse=True)
            assert row["factor"] == pytest.approx(most / least) and row["factor"] > 1
            assert (row["to"] < row["from"]) == (row["kind"] == "size")


def test_a_row_is_plain_json_with_the_contracts_fields(case):
    _, rows = case
    for row in json.loads(json.dumps(rows, allow_nan=False)):
        assert set(row) == set(COLUMNS) and row["kind"] in KINDS
        assert set(row["design"]) == set(CONCERNS) and row["with"] is None
        assert row["text"].startswith("feasible if ")
        times = {"client.waits", "targets.latency_p95", "targets.first_byte_p95", "runtime"}
        assert (row["unit"] == "s") == (row["field"] in times)


def test_where_something_is_feasible_there_is_no_way_out():
    frame = ex.recommend(workload()).ways_out
    assert list(frame.columns) == COLUMNS and len(frame) == 0


def test_patience_and_run_time_by_hand():
    """A constant 20 s, a client that waits 5 s: over 4 times the patience, or a run time under 5 s."""
    w = workload(runtime={"value": 20.0}, client={**NONE_OF_THEM, "waits": "5 s"})
    rows = {row["field"]: row for row in ex.recommend(w).answer.ways_out.to_dicts()}
    assert 20 < rows["client.waits"]["to"] < 20.6
    assert 4.7 < rows["runtime"]["to"] < 5
    assert {"client.polls", "client.sockets", "client.receives_callbacks"} <= set(rows)


@pytest.mark.slow
def test_where_no_single_change_does_the_least_pair_is_told():
    """20 minutes and a download of 1 GB: neither patience nor a p95 nor a body is enough alone."""
    w = workload(
        runtime={"value": 1200.0},
        response={"value": 2.0**30},
        client={**NONE_OF_THEM, "waits": "5 s", "bandwidth": "10 Mbit/s"},
        targets={"latency_p95": "5 min"},
    )
    rows = ex.recommend(w).answer.ways_out.to_dicts()
    first, second = rows
    assert first["with"] == second["with"] is not None
    assert first["design"] == second["design"] and first["monthly_usd"] == second["monthly_usd"]
    both = ex.recommend(workload_with(w, rows))
    assert both.feasible and both.design.ids == first["design"]
    assert both.monthly_usd == pytest.approx(first["monthly_usd"], rel=1e-6)
    for alone in rows:
        assert not ex.recommend(workload_with(w, [alone])).feasible
        other = second if alone is first else first
        if alone["kind"] != "ability":
            assert not ex.recommend(workload_with(w, [nearer(alone, 0.01), other])).feasible


def test_the_value_as_it_is_written_suffices_and_the_one_before_it_does_not():
    w = Workload.load("photos")
    (way,) = ex.recommend(w.replace({"client.waits": "1 ms"})).answer.ways_out
    assert way.text == "feasible if the client waited 135 ms"
    assert ex.recommend(w.replace({"client.waits": "135 ms"})).feasible
    assert not ex.recommend(w.replace({"client.waits": "134 ms"})).feasible
