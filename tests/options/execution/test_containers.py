"""Services that scale with the load of the day, and a task for each job, on Spot or not: worked by hand."""

import numpy as np
import pytest

import explorer as ex
from explorer.facts import catalogue
from explorer.options.base.conditions import Conditions
from explorer.options.base.containers import fleet, smallest_task, task_hours, uses_spot
from explorer.workload.workload import Workload

HOURS = 730
SERVICE = "edge=none, door=alb, request=inline, response=buffered, compression=none, execution=service"
TASK = "edge=none, door=http-api, request=inline, response=accepted, compression=none, execution=fargate"
REST = "initialization=on-demand, configuration=environment"


def workload(rps: float, peak: float | None = None, runtime=None, **fields) -> Workload:
    return Workload(
        requests_per_month=rps * HOURS * 3600,
        peak_rps=peak or rps,
        request="1 KB",
        response="1 KB",
        runtime={
            **({} if "p50" in (runtime or {}) else {"value": "1 s"}),
            "memory": "512 MB",
            "cpu": 0.1,
            "language": "nodejs22.x",
            **(runtime or {}),
        },
        **{"client": {"waits": "60 s", "collects": False}, **fields},
    )


def quantities(w: Workload, design: str = SERVICE) -> dict[str, float]:
    return {line.id: float(line.quantity) for line in ex.cost(w, f"{design}, {REST}").lines}


@pytest.mark.parametrize(
    ("rps", "tasks", "vcpu", "gb"),
    [
        # 1.3 x 9.2 = 11.96 at once of half a GB: two of 3 GB carry 12. Half a GB buys 0.29 vCPU: the least
        # that is sold with as much is half a one
        (9.2, 2, 0.5, 3),
        (9.3, 2, 0.5, 4),  # 12.09
        (12.3, 2, 0.5, 4),  # 15.99 at once are what two of 4 GB carry
        (12.4, 3, 0.5, 3),  # 16.12: three carry 18 for 0.096 USD an hour, two of 9 GB have two vCPU each
        (0.01, 2, 0.5, 1),  # never under two
    ],
)
def test_a_task_carries_as_many_requests_as_its_memory_holds(rps, tasks, vcpu, gb):
    bill = quantities(workload(rps))
    assert bill["fargate.vcpu_linux_arm"] == pytest.approx(tasks * vcpu * HOURS)
    assert bill["fargate.memory_linux_arm"] == pytest.approx(tasks * gb * HOURS)
    assert bill["vpc.public_ipv4_in_use"] == pytest.approx((tasks + 2) * HOURS)  # and the load balancer's two


@pytest.mark.parametrize(("rps", "vcpu"), [(12.3, 16), (24.6, 32)])
def test_work_that_computes_all_the_time_shares_no_processor(rps, vcpu):
    """1.3 x 12.3 = 15.99 at once need 16 vCPU: any size of whole vCPU has them, the largest with one address
    for each eight or sixteen, and two at least."""
    f = fleet(Conditions(workload(rps, runtime={"cpu": 1.0, "memory": "1769 MB"})))
    assert float(f.most * f.vcpu) == vcpu


@pytest.mark.parametrize(
    ("language", "tasks", "vcpu", "gb"),
    [
        # 1.3 x 24.6 = 31.98 at once of an eighth of a GB. Node.js bears 64 a vCPU: two tasks carry 16 each
        ("nodejs22.x", 2, 0.25, 2),
        # Python 16: two tasks of 1 vCPU for 0.089 USD an hour; four of half a one with 1 GB are 0.099
        ("python3.13", 2, 1, 2),
    ],
)
def test_the_language_bounds_what_a_vcpu_bears(language, tasks, vcpu, gb):
    f = fleet(Conditions(workload(24.6, runtime={"memory": "128 MB", "cpu": 0.01, "language": language})))
    assert (float(f.most), float(f.vcpu), float(f.gb)) == (tasks, vcpu, gb)


# Only 16 vCPU with 120 GB hold 115 GB, and one request: tasks are requests at once, with a third to spare
LARGE = {"memory": "115 GB", "cpu": 1.0, "language": "nodejs22.x"}


@pytest.mark.parametrize(
    ("ramp", "ready", "share"),
    [
        # A peak of an hour and both ways, each counted half: 2 of 24 hours. The rest has
        # (5 - 20 / 12) / (11 / 12) = 3.64 a second: x 1.3 = 4.73; in 240 s of an hour it rises by 1
        ("1 hour", 5, 1 / 12),
        # In 240 s it rises by all of 15: (5 - 20 s) / (1 - s) + 15 with s = 3,840 of 86,400 s: 19.3
        ("4 minutes", 20, 3840 / 86400),
        ("1 minute", 20, 3660 / 86400),  # a task takes no longer to come than that
    ],
)
def test_hours_follow_the_load_of_the_day_and_what_rises_faster_is_ready_before(ramp, ready, share):
    f = fleet(Conditions(workload(5, 20, LARGE, peak_ramp=ramp)))
    assert (float(f.vcpu), float(f.gb), float(f.most)) == (16, 120, 26)
    assert float(f.mean) == pytest.approx(26 * share + ready * (1 - share))


def test_a_steady_load_needs_the_same_all_day():
    f = fleet(Conditions(workload(20, 20, LARGE)))
    assert float(f.mean) == float(f.most) == 26


def test_what_cannot_be_started_within_the_rise_is_kept_ready():
    """26,000 tasks at the peak; in 480 s 100 + 20 x 480 = 9,700 can be started: 16,300 are there before."""
    f = fleet(Conditions(workload(5000, 20_000, LARGE, peak_ramp="8 minutes")))
    share = (3600 + 480) / 86400
    assert float(f.mean) == pytest.approx(26_000 * share + 16_300 * (1 - share))


@pytest.mark.parametrize(("threads", "is_excluded"), [(16, False), (17, True)])
def test_what_uses_more_vcpu_than_the_largest_task_has_excludes_a_service(threads, is_excluded):
    w = workload(1, runtime={"memory": "60 GB", "threads": threads})
    assert ("excluded" in set(ex.assess(w, f"{SERVICE}, {REST}").verdict)) is is_excluded


@pytest.mark.parametrize(
    ("memory", "threads", "vcpu", "gb"),
    [
        ("512 MB", 1, 0.5, 1),  # 0.29 vCPU are half a one
        ("256 MB", 1, 0.25, 0.5),
        ("1769 MB", 1, 1, 2),
        ("3538 MB", 1, 1, 4),  # one thread uses one
        ("3538 MB", 2, 2, 4),
        ("10 GB", 1, 2, 10),  # one vCPU is sold with 8 GB at most
        ("31 GB", 1, 8, 32),  # 30 with four, in steps of 4 from there
    ],
)
def test_a_task_for_a_job_is_the_cheapest_that_holds_it(memory, threads, vcpu, gb):
    load = Conditions(workload(0.01, runtime={"memory": memory, "threads": threads}))
    assert tuple(map(float, smallest_task(load))) == (vcpu, gb)


# Spot ---------------------------------------------------------------------------------------------


def test_work_that_may_be_stopped_runs_on_spot():
    bill = quantities(workload(0.01, runtime={"interruptible": True}), TASK)
    assert "fargate.spot_vcpu_linux_arm" in bill and "fargate.vcpu_linux_arm" not in bill


@pytest.mark.parametrize("runtime", [{}, {"interruptible": True, "once": True}])
def test_other_work_runs_on_demand(runtime):
    assert "fargate.spot_vcpu_linux_arm" not in quantities(workload(0.01, runtime=runtime), TASK)


def test_what_is_begun_again_is_billed():
    """At a hundredth of a stop an hour 10 h of work take (e^0.1 - 1) / 0.01 = 10.517 h, and its start."""
    bill = quantities(workload(0.001, runtime={"value": "10 hours", "interruptible": True}), TASK)
    jobs = 0.001 * HOURS * 3600
    assert bill["fargate.spot_vcpu_linux_arm"] == pytest.approx(0.5 * jobs * (10.51709 + 35 / 3600), rel=1e-5)


@pytest.mark.parametrize(
    ("runtime", "promise", "spot"),
    [
        # Stopped are 1 - e^(-0.01 x h): 4.9 % in 5 h, which a p95 bears; 5.1 % in 5 h 15 min
        ("5 hours", "5.1 hours", True),
        ("5.25 hours", "5.3 hours", False),
        # twice the work and its start, a tenth later to be noticed: 2 x 1.1 x 5.26 h = 11.6 h
        ("5.25 hours", "11.5 hours", False),
        ("5.25 hours", "11.7 hours", True),
    ],
)
def test_spot_has_to_keep_the_promise_with_what_is_begun_again(runtime, promise, spot):
    w = workload(0.001, runtime={"value": runtime, "interruptible": True}, targets={"latency_p95": promise})
    assert bool(uses_spot(Conditions(w))) is spot


def test_a_tail_that_goes_on_without_end_does_not_decide_what_is_begun_again():
    """Of p50 10 min and p99 2 h the mean is 600 e^(1.0682^2 / 2) = 1,061.5 s; 0.01 stops an hour."""
    w = workload(0.001, runtime={"p50": "10 min", "p99": "2 hours", "interruptible": True})
    hours = quantities(w, TASK)["fargate.spot_vcpu_linux_arm"] / 0.5 / (0.001 * HOURS * 3600)
    assert 1061.5 / 3600 < hours - 35 / 3600 < 1.01 * 1061.5 / 3600


@pytest.mark.parametrize(("runtime", "spot"), [("140 hours", True), ("142 hours", False)])
def test_what_is_begun_again_too_often_runs_on_demand(runtime, spot):
    """An hour of 0.5 vCPU and 1 GB is 0.02475 USD with its address, on Spot 0.01129: 2.19 times.

    Work of 140 h takes (e^1.4 - 1) / 1.4 = 2.18 times as long on Spot, of 142 h 2.21 times.
    """
    w = workload(0.0001, runtime={"value": runtime, "interruptible": True})
    assert bool(uses_spot(Conditions(w))) is spot


# Walls on starting tasks --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "at", "over"),
    [("fargate.launch.rate", 20, 20.1), ("ecs.runtask.rate", 5, 12)],
)
def test_tasks_start_at_so_many_a_second(limit, at, over):
    def verdict(peak):
        rows = ex.assess(workload(0.1, peak), f"{TASK}, {REST}").set_index("limit")
        return rows.loc[limit].verdict

    assert verdict(at) in ("fits", "tight") and verdict(over) == "raise"


def test_in_the_time_that_the_bucket_takes_to_fill_no_more_start_than_it_holds():
    rows = ex.assess(workload(0.1, 19), f"{TASK}, {REST}").set_index("limit")
    assert rows.loc["fargate.launch.burst"].used_p50 == pytest.approx(19 * 5, abs=1)


def test_every_size_is_sold_once():
    sizes = [(size.vcpu, gb) for size in catalogue.task_sizes() for gb in size.gb]
    assert len(sizes) == len(set(sizes)) == 3 + 4 + 7 + 13 + 23 + 12 + 12


@pytest.mark.parametrize("rps", [0.3, 7, 90, 2500])
@pytest.mark.parametrize("memory", ["128 MB", "900 MB", "5 GB"])
@pytest.mark.parametrize("language", ["nodejs22.x", "python3.13"])
def test_less_that_computes_never_makes_a_service_dearer(rps, memory, language):
    runtime = {"memory": memory, "threads": 4, "language": language}
    load = Conditions(
        workload(rps, 4 * rps, runtime), {"runtime.cpu": np.append(np.geomspace(0.002, 1, 60), 1.0)}
    )
    f = fleet(load)
    usd = sum(load.price(name) * hours for name, hours in task_hours(load, f.mean, f.vcpu, f.gb))
    assert (np.diff(usd) >= -1e-9).all() and usd[-1] > 0


def test_a_service_behind_a_cache_costs_the_same_on_an_axis_of_the_share_that_it_answers_as_at_its_points():
    w = ex.Workload.load("thumbnails")
    design = (
        "edge=cloudfront,door=alb,request=inline,response=buffered,compression=none,execution=service,"
        "initialization=on-demand,configuration=environment"
    )
    shares = [0.5, 0.94]
    sweep = ex.sweep(w, {"response.cacheable": shares}, designs=[design])
    alone = [float(ex.cost(w.replace({"response.cacheable": share}), design).total_usd) for share in shares]
    assert sweep.monthly_usd[0] == pytest.approx(alone, rel=1e-9)
    assert alone[0] > alone[1]
