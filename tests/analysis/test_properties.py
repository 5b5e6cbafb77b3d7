"""What holds for every workload."""

import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import explorer as ex
from explorer.engine.cost import cost
from explorer.engine.designs import table
from explorer.engine.evaluation import Evaluation
from explorer.engine.latency import latency
from explorer.engine.limits import TIGHT, findings
from explorer.errors import ExplorerError
from explorer.options.base.conditions import Conditions
from tests.support.example_count import example_count
from tests.support.workloads import EXAMPLES, workloads

DESIGNS = table().designs
LADDER = ("fits", "tight", "raise", "breach")


RATES = {  # limits on what comes in a second, or is there at once: they break in peaks
    "apigw.throttle", "apigw.ws.connect.rate", "appconfig.tps", "cf.bandwidth", "cf.rps",
    "downstream.concurrency", "durable.checkpoint", "durable.running", "durable.start", "ecs.runtask.rate",
    "fargate.launch.burst", "fargate.launch.rate", "lambda.concurrency", "lambda.scaling", "sfn.start",
    "sfn.start.express", "sm.get", "ssm.tps",
}  # fmt: skip
INPUTS = {
    "lambda.memory",
    "lambda.memory.model",
    "fargate.task",
}  # sizes that a workload asks for: no use that could grow
each = settings(max_examples=example_count(20))
few = settings(max_examples=example_count(8))


@few
@given(workloads())
def test_every_workload_has_an_answer_that_is_plain_json(w):
    r = ex.recommend(w)
    answer = json.loads(json.dumps(r.to_dict(), allow_nan=False))
    assert answer["feasible"] == (answer["design"] is not None)
    assert answer["monthly_usd"] >= 0 and r.summary


@each
@given(workloads())
def test_chances_are_chances_money_is_money_and_quantiles_rise(w):
    e = Evaluation(Conditions(w), table())
    for chance in (e.breach_probability, e.hard_breach, e.late):
        assert ((chance >= 0) & (chance <= 1)).all()
    assert (np.isfinite(e.monthly_usd) & (e.monthly_usd >= 0)).all()
    assert (np.diff(e.latency_s, axis=1) >= -1e-9 * e.latency_s[:, 1:]).all() and (
        e.latency_s[:, 0] > 0
    ).all()


@each
@given(workloads())
def test_the_recommended_design_is_feasible_and_least(w):
    e = Evaluation(Conditions(w))
    index = int(e.winner())
    if index < 0:
        assert not e.feasible.any()
        return
    assert e.feasible[index]
    score = e.monthly_usd + w.preferences.part_usd * e.table.parts
    assert score[index] == pytest.approx(score[e.feasible].min(), rel=1e-12)


@each
@given(workloads(), st.sampled_from(DESIGNS))
def test_feasible_is_no_breach_among_the_findings_and_in_time(w, design):
    load = Conditions(w)
    e = Evaluation(load, table())
    index = DESIGNS.index(design)
    in_time = e.late[index] <= load.tolerance + 1e-12 and bool(e.in_time[index])
    exclusions = [x for o in design.options for x in o.excludes(load)]
    breaches = [f for f in findings(w, design) if f.verdict == "breach"]
    assert e.feasible[index] == (in_time and not exclusions and not breaches)


@each
@given(workloads(), st.sampled_from(DESIGNS))
def test_a_verdict_follows_from_the_numbers_beside_it(w, design):
    for f in findings(w, design):
        assert 0 <= f.breach_probability <= 1
        assert f.used_p50 <= f.used_p99 * (1 + 1e-12)
        breaks = f.breach_probability > 1 - w.targets.success
        assert (f.verdict in {"breach", "raise"}) == (breaks and "S3" not in f.consequence)
        if f.verdict == "fits" and "S3" not in f.consequence:
            is_reserved = f.limit == "lambda.concurrency" and w.downstream.concurrency is not None
            is_input = f.limit in INPUTS or is_reserved  # the workload says how many run at once
            is_near = f.used_p99 >= TIGHT * f.limit_value and not is_input
            assert f.broken_per_month < 1 and not is_near
        # a rate breaks in its peaks: what breaks there is a part of the month's requests
        peak_rps = w.peak_rps or 5 * w.requests_per_month / (w.preferences.month_hours * 3600)
        in_peaks = peak_rps * 3600 * w.preferences.month_hours / 24  # an hour of each day
        in_peaks = min(in_peaks, w.requests_per_month)
        a_task_each = f.limit == "fargate.vcpu" and design.execution == "fargate"
        within = in_peaks if f.limit in RATES or a_task_each else w.requests_per_month
        passed = 1 - w.response.cacheable if design.edge == "cloudfront" else 1  # what no cache answers
        possible = [within, within * passed]
        waits = design.response in {"stored", "callback", "pushed", "accepted"}
        is_kept = design.initialization == "provisioned-concurrency"
        if f.limit in {"lambda.concurrency", "downstream.concurrency"} and (waits or is_kept):
            possible.append(w.requests_per_month)  # jobs that wait, or environments that are always there
        assert any(f.broken_per_month == pytest.approx(f.breach_probability * most) for most in possible)


@each
@given(workloads(), st.sampled_from(DESIGNS))
def test_a_bill_is_the_sum_of_its_lines_and_of_the_float_arithmetic(w, design):
    bill = cost(w, design)
    assert bill.total_usd == sum(line.usd for line in bill.lines)
    e = Evaluation(Conditions(w), table())
    usd = e.monthly_usd[DESIGNS.index(design)]
    assert usd == pytest.approx(float(bill.total_usd), rel=1e-9, abs=1e-9)


@each
@given(workloads(), st.sampled_from(DESIGNS))
def test_the_seconds_of_a_design_are_the_sum_of_its_phases(w, design):
    phases = latency(w, design)
    for level in ("p50", "p95", "p99"):
        total = sum(seconds[level] for name, seconds in phases.items() if name != "total")
        assert phases["total"][level] == pytest.approx(total, rel=1e-9)


# Monotony -----------------------------------------------------------------------------------------

GROWING = {
    "response": np.geomspace(1, 5e9, 23),
    "request": np.geomspace(1, 5e9, 23),
    "runtime": np.geomspace(1e-3, 1e6, 23),
}


@each
@given(workloads(), st.sampled_from(sorted(GROWING)))
def test_a_larger_response_request_or_run_time_never_makes_a_limit_fit_better(w, axis):
    e = Evaluation(Conditions(w, {axis: GROWING[axis]}), table())
    assert (np.diff(e.hard_breach, axis=1) >= -1e-9).all()
    # a queue whose pollers rise too slowly for a promise gets provisioned ones, and needs no raised quota
    changes_mode = np.array([design.execution == "queued" for design in DESIGNS])
    if w.targets.latency_p95 is None:
        changes_mode[:] = False
    assert (np.diff(e.breach_probability[~changes_mode], axis=1) >= -1e-9).all()


@few
@given(workloads(), st.sampled_from(DESIGNS), st.sampled_from(sorted(GROWING)), st.floats(1.01, 1000))
def test_no_finding_gets_better_when_a_distribution_grows(w, design, axis, factor):
    def verdicts(times: float) -> dict[str, tuple[int, float]]:
        load = Conditions(w, {axis: np.array(getattr(w, axis).spread.median * times)})
        return {f.limit: (LADDER.index(f.verdict), f.breach_probability) for f in findings(w, design, load)}

    before, after = verdicts(1.0), verdicts(factor)
    for limit in before.keys() & after.keys():
        assert after[limit][0] >= before[limit][0] and after[limit][1] >= before[limit][1] - 1e-9, limit


NOT_APPCONFIG = table().only(np.array([design.configuration != "appconfig" for design in DESIGNS]))
# Of starts that a busier function no longer has: AppConfig's first read costs 0.0008 USD, a snapshot is
# restored for each, and one more environment kept ready spares a twentieth of the requests theirs.
NO_DEAR_STARTS = NOT_APPCONFIG.only(
    np.array([design.initialization != "snap-start" for design in NOT_APPCONFIG.designs])
)
NO_DEAR_READS = table().only(
    np.array(
        [(d.initialization, d.configuration) != ("provisioned-concurrency", "appconfig") for d in DESIGNS]
    )
)

NOT_QUEUED = table().only(np.array([design.execution != "queued" for design in DESIGNS]))


def saved_usd(w, axes) -> np.ndarray:
    """At most what a busier function no longer pays.

    Its cold starts, which read their configuration (AppConfig's costs 0.0008 USD), initialise or restore a
    snapshot (0.00014 USD for each GB of memory); and what one more environment kept ready takes over from
    those on demand, of the share of requests that may wait, at 7e-6 USD less a GB-second. Behind a cache the
    same happens at more requests a month.
    """

    def of_share(share: float) -> np.ndarray:
        rates = {name: share * axes.get(name, rate) for name, rate in rates_of(w).items()}
        load = Conditions(w, axes | rates)
        every = np.ones(load.shape)
        cold = load.requests * load.cold_share(load.runtime.mean, "work") * every
        start_usd = (2e-4 + 2e-5 * load.init_mean_s) * load.memory_gb
        each_usd = 0.001 + start_usd + 2e-5 * load.config_entries
        held_s = load.runtime.mean + load.response.mean / load.bandwidth  # a stream holds what sends it
        waiting_gb_s = load.share_that_may_wait * load.requests * held_s * load.memory_gb * every
        return np.maximum(-np.diff(cold), 0) * each_usd + 7e-6 * waiting_gb_s[1:]

    return np.maximum(of_share(1.0), of_share(1 - w.response.cacheable))


def rates_of(w):
    return {"requests_per_month": w.requests_per_month, "peak_rps": w.peak_rps or w.mean_rps * 5}


@each
@given(workloads())
def test_more_requests_never_cost_less_in_the_same_design(w):
    axes = {name: rate * np.geomspace(1, 1e6, 31) for name, rate in rates_of(w).items()}
    usd = Evaluation(Conditions(w, axes), NO_DEAR_READS).monthly_usd
    assert (np.diff(usd, axis=1) >= -saved_usd(w, axes) - 1e-9 * usd[:, 1:]).all()


@each
@given(workloads(), st.floats(1e5, 1e9))
def test_twice_the_requests_never_cost_less_at_the_rates_of_an_api(w, rate):
    axes = {"requests_per_month": np.array([rate, 2 * rate]), "peak_rps": np.array([rate, 2 * rate]) / 5e5}
    e = Evaluation(Conditions(w, axes), NO_DEAR_STARTS)
    less, more = e.monthly_usd.T
    assert (more >= less * (1 - 1e-9)).all()


@each
@given(workloads(), st.sampled_from(["response", "request", "runtime"]))
def test_larger_and_longer_never_costs_less_in_the_same_design(w, axis):
    axes = {axis: GROWING[axis]}
    # a message of 1 MB is 33 requests to a queue: what is larger goes through S3 for less
    designs = NOT_QUEUED if axis == "request" else NO_DEAR_READS
    usd = Evaluation(Conditions(w, axes), designs).monthly_usd
    assert (np.diff(usd, axis=1) >= -saved_usd(w, axes) - 1e-9 * usd[:, 1:]).all()


@each
@given(workloads(), st.sampled_from(["response", "request", "runtime"]))
def test_larger_and_longer_is_never_faster(w, axis):
    seconds = Evaluation(Conditions(w, {axis: GROWING[axis]}), table()).latency_s
    # A busier function starts anew for fewer than 1 % of its requests: the p99 then loses a cold start and
    # its reads. The longest drawn here restores a snapshot and reads four secrets with 128 MB: 2.2 s.
    slack = 2.5
    assert (np.diff(seconds, axis=2) >= -slack).all()


@each
@given(workloads())
def test_a_free_tier_and_a_discount_never_cost_more(w):
    def usd(free_tier: bool, discount: float) -> np.ndarray:
        preferences = {"preferences.free_tier": free_tier, "preferences.discount": discount}
        return Evaluation(Conditions(w.replace(preferences)), table()).monthly_usd

    plain, free, less = usd(False, 0.0), usd(True, 0.0), usd(False, 0.3)
    assert (free <= plain * (1 + 1e-12)).all()
    np.testing.assert_allclose(less, plain * 0.7, rtol=1e-9)


@each
@given(workloads())
def test_asking_for_less_never_rules_out_more(w):
    strict = Evaluation(Conditions(w.replace({"targets.success": 1.0})), table()).feasible
    lax = Evaluation(
        Conditions(w.replace({"targets.success": 0.9, "client.waits": "366 days"})), table()
    ).feasible
    assert (lax | ~strict).all()


# Arrays and scalars -------------------------------------------------------------------------------

FACTORS = np.array([0.01, 1.0, 7.3, 400.0])


@few
@given(workloads(), st.sampled_from(["response", "request", "runtime", "requests_per_month"]))
def test_an_array_gives_what_each_point_gives_alone(w, axis):
    today = w.requests_per_month if axis == "requests_per_month" else getattr(w, axis).spread.median
    values = today * FACTORS
    peak = {} if axis != "requests_per_month" else {"peak_rps": values / 1e6}
    grid = Evaluation(Conditions(w, {axis: values, **peak}), table())
    for i, value in enumerate(values):
        one = Evaluation(Conditions(w, {axis: value, **{name: v[i] for name, v in peak.items()}}), table())
        np.testing.assert_allclose(grid.monthly_usd[:, i], one.monthly_usd, rtol=1e-12)
        np.testing.assert_allclose(grid.latency_s[:, :, i], one.latency_s, rtol=1e-12)
        np.testing.assert_allclose(
            grid.breach_probability[:, i], one.breach_probability, rtol=1e-9, atol=1e-12
        )
        assert (grid.feasible[:, i] == one.feasible).all()


@given(st.sampled_from(EXAMPLES), st.data())
@few
def test_an_example_with_any_field_changed_is_answered_or_refused_in_one_line(w, data):
    field = data.draw(
        st.sampled_from(["client.waits", "peak_rps", "runtime.memory", "configuration.total", "response"])
    )
    value = data.draw(st.floats(0, 1e12) | st.sampled_from(["", "1 KB", "4 s", None, True]))
    try:
        other = w.replace({field: value})
    except ExplorerError as error:
        assert "\n" not in str(error) and field.split(".")[-1] in str(error)
        return
    assert ex.recommend(other).monthly_usd >= 0


# What a field may do to the answer ----------------------------------------------------------------


def least_score(w, **fields):
    """The score of the recommended design, infinite where nothing is feasible."""
    r = ex.recommend(w.replace(fields) if fields else w)
    return r.score_usd if r.feasible else np.inf


AT_THE_EDGE = NO_DEAR_STARTS.where({"edge": "cloudfront"})
SERVICES = table().where({"execution": "service"})


@few
@given(workloads(), st.floats(1e6, 1e9), st.floats(0, 0.9), st.floats(0, 0.9))
def test_a_larger_share_in_the_cache_never_costs_more_at_the_edge(w, rate, one, other):
    """At the rates of an API: fewer requests behind the edge may start anew more often than more do."""
    w = w.replace({"requests_per_month": rate, "peak_rps": rate / 5e5})
    few_hits, many_hits = (
        Evaluation(Conditions(w.replace({"response.cacheable": share})), AT_THE_EDGE).monthly_usd
        for share in sorted((one, other))
    )
    assert (many_hits <= few_hits * (1 + 1e-9)).all()


@few
@given(workloads(), st.floats(0.01, 1), st.floats(0.01, 1))
def test_work_that_computes_less_never_makes_a_service_dearer(w, one, other):
    w = w.replace({"runtime.tuned": []})  # beyond what was measured, what computes is faster with more memory
    idle, busy = (
        Evaluation(Conditions(w.replace({"runtime.cpu": share})), SERVICES).monthly_usd
        for share in sorted((one, other))
    )
    assert (idle <= busy * (1 + 1e-9)).all()


@few
@given(workloads(), st.sampled_from([128, 1024, 1769, 4096, 10_240]), st.sampled_from(["arm64", "x86_64"]))
def test_any_size_never_scores_worse_than_one_that_is_feasible(w, memory, architecture):
    w = w.replace({"runtime.memory": "any", "runtime.architecture": "any", "runtime.tuned": []})
    assume(memory >= w.runtime.used)
    # of one size the time stands at its own memory: an entry says what it is at 1,769 MB, as "any" has it
    tuned = [{"memory": 1769.0, "p50": float(w.runtime.spread.median)}]
    one = {"runtime.memory": memory, "runtime.architecture": architecture, "runtime.tuned": tuned}
    assert least_score(w) <= least_score(w, **one) * (1 + 1e-9)


@few
@given(workloads(), st.sampled_from(["compute-1y", "compute-3y"]))
def test_a_savings_plan_never_makes_a_bill_higher(w, plan):
    none = Evaluation(Conditions(w.replace({"preferences.savings_plan": "none"})), table()).monthly_usd
    with_plan = Evaluation(Conditions(w.replace({"preferences.savings_plan": plan})), table()).monthly_usd
    assert (with_plan <= none * (1 + 1e-9)).all()


@few
@given(workloads())
def test_a_promise_that_is_dropped_never_scores_worse(w):
    score = least_score(w)
    dropped: list[dict] = [{"targets.latency_p95": None}, {"targets.first_byte_p95": None}]
    inside = [need for need in w.client.needs if need == "private"]  # to clients outside what goes out costs
    dropped += [{"client.needs": inside}, {"client.waits": "366 days"}]
    for change in dropped:
        assert least_score(w, **change) <= score * (1 + 1e-9) + 1e-9, change


@few
@given(workloads(), st.sampled_from(["lambda.concurrency", "apigw.throttle", "sfn.start", "fargate.vcpu"]))
def test_a_larger_quota_never_makes_an_answer_worse(w, quota):
    now = Conditions(w).limit(quota)
    larger = w.replace({"account": {**w.account, quota: now * 10}})
    assert least_score(larger) <= least_score(w) * (1 + 1e-9)
