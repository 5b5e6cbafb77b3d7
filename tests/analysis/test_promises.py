"""What each promise costs: the answer as a file without it would have it."""

import json

import pytest

import explorer as ex
from explorer.engine.designs import CONCERNS
from explorer.workload.workload import Workload

COLUMNS = [
    "field",
    "value",
    "unit",
    "binds",
    "monthly_usd_without",
    "saves_usd",
    "saves_score_usd",
    "design",
    "text",
]
PLAIN = {
    "requests_per_month": 3e6,
    "peak_rps": 10,
    "response": "20 KB",
    "runtime": {"p50": "100 ms", "p99": "1 s"},
}


def rows_of(**fields):
    r = ex.recommend(Workload(**PLAIN, **fields))
    return r, r.answer.promises.to_dicts()


def test_what_is_not_given_has_no_price():
    r, rows = rows_of()
    assert rows == [] and list(r.promises.columns) == COLUMNS


@pytest.mark.parametrize(
    ("fields", "without"),
    [
        ({"client": {"needs": ["usage-plans"], "auth": "none"}}, {"client": {"auth": "none"}}),
        ({"client": {"auth": "jwt"}}, {}),
        ({"targets": {"latency_p95": "800 ms"}}, {}),
        ({"targets": {"first_byte_p95": "800 ms"}}, {}),
    ],
)
def test_a_promise_costs_what_the_answer_without_it_saves(fields, without):
    r, rows = rows_of(**fields)
    (row,) = rows
    free = ex.recommend(Workload(**PLAIN, **without))
    assert r.feasible and free.feasible
    assert row["design"] == free.design.ids and row["binds"] == (
        free.design != r.design or row["saves_score_usd"] > 1e-9
    )
    assert row["monthly_usd_without"] == pytest.approx(free.monthly_usd, rel=1e-12)
    assert row["saves_usd"] == pytest.approx(r.monthly_usd - free.monthly_usd, abs=1e-9)
    assert row["saves_score_usd"] == pytest.approx(r.score_usd - free.score_usd, abs=1e-9)
    assert row["saves_score_usd"] >= -1e-9  # less is asked for


def test_of_several_wishes_each_is_taken_away_alone():
    _, rows = rows_of(client={"needs": ["throttling", "custom-domain"], "auth": "jwt", "waits": "10 s"})
    assert [(row["field"], row["value"]) for row in rows] == [
        ("client.waits", 10.0),
        ("client.needs", "throttling"),
        ("client.needs", "custom-domain"),
        ("client.auth", "jwt"),
    ]
    for row in rows[1:3]:
        rest = [need for need in ("throttling", "custom-domain") if need != row["value"]]
        free, _ = rows_of(client={"needs": rest, "auth": "jwt", "waits": "10 s"})
        assert row["design"] == free.design.ids
        assert row["monthly_usd_without"] == pytest.approx(free.monthly_usd, rel=1e-12)


def test_a_patience_that_does_not_bind_costs_nothing():
    _, (row,) = rows_of(client={"waits": "10 s"})
    assert (row["value"], row["unit"], row["binds"]) == (10.0, "s", False)
    assert row["saves_usd"] == row["saves_score_usd"] == 0.0


def test_a_wish_whose_door_stays_costs_its_money_and_parts():
    wishes = {"auth": "iam", "needs": ["waf", "usage-plans"]}
    r, rows = rows_of(client=wishes)
    waf, plans = [row for row in rows if row["field"] == "client.needs"]
    assert r.design.door == "rest-api"
    # a web ACL 5 USD, three rules 3 USD, 3 M requests at 0.60 USD a million 1.80 USD; a part is 10 USD
    assert waf["value"] == "waf" and waf["binds"] and waf["design"] == r.design.ids
    assert waf["saves_usd"] == pytest.approx(9.8) and waf["saves_score_usd"] == pytest.approx(19.8)
    assert waf["text"].endswith("(waf) costs $9.80 a month")
    assert plans["binds"] and plans["saves_usd"] == pytest.approx(0, abs=1e-9)
    assert plans["saves_score_usd"] == pytest.approx(10)
    assert plans["text"].endswith("(usage-plans) costs no money, but parts")


def test_patience_that_binds_costs_the_difference():
    """20 s with a client that waits 5 s must poll; one that waits as long as it takes is answered at once."""
    fields = {**PLAIN, "runtime": "20 s", "requests_per_month": 1e5}
    r = ex.recommend(Workload(**fields, client={"waits": "5 s"}))
    (row,) = r.answer.promises.to_dicts()
    assert r.design.response in {"stored", "streamed"} and row["binds"]
    assert row["design"]["response"] == "buffered" and row["saves_score_usd"] > 0


def test_where_nothing_is_feasible_nothing_is_saved_and_the_row_says_what_helps():
    fields = {**PLAIN, "runtime": "20 s", "requests_per_month": 1e5}
    r = ex.recommend(Workload(**fields, targets={"latency_p95": "7 s"}, client={"waits": "60 s"}))
    assert not r.feasible
    rows = {row["field"]: row for row in r.answer.promises.to_dicts()}
    assert set(rows) == {"client.waits", "targets.latency_p95"}
    late, patience = rows["targets.latency_p95"], rows["client.waits"]
    assert late["binds"] and late["saves_usd"] is None and late["saves_score_usd"] is None
    assert late["monthly_usd_without"] > 0 and late["design"]
    assert not patience["binds"] and patience["monthly_usd_without"] is None and patience["design"] is None


def test_a_row_is_plain_json_with_the_contracts_fields():
    _, rows = rows_of(client={"needs": ["custom-domain"], "auth": "jwt"}, targets={"latency_p95": "3 s"})
    for row in json.loads(json.dumps(rows, allow_nan=False)):
        assert list(row) == COLUMNS and set(row["design"]) == set(CONCERNS) and row["text"]
        assert row["unit"] == ("s" if row["field"].startswith("targets") else "")
