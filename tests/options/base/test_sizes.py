"""Memory and architecture of what does the work: what moves with them, and which a design may take."""

import numpy as np
import pytest

import explorer as ex
from explorer.analysis.choice import complete_design
from explorer.engine.answers import Answers
from explorer.engine.cost import cost
from explorer.engine.designs import OPTIONS, allowed_designs, table
from explorer.engine.evaluation import Evaluation
from explorer.engine.search import best_two
from explorer.engine.sizing import at_best_size, bought_memory_mb, bought_task
from explorer.options.base.conditions import Conditions
from explorer.options.base.sizes import sizes_of, typical
from explorer.workload.workload import Workload

PLAIN = {
    "edge": "none",
    "door": "function-url",
    "request": "inline",
    "response": "buffered",
    "compression": "none",
    "execution": "single",
    "initialization": "on-demand",
    "configuration": "environment",
}
MIDDLE = [{"memory": m, "p50": s} for m, s in (("512 MB", "9 s"), ("1 GB", "3 s"), ("2 GB", "2 s"))]
TUNED = [{"memory": "512 MB", "p50": "9 s", "p99": "27 s"}, {"memory": "2 GB", "p50": "2 s"}]


def workload(runtime=None, **fields) -> Workload:
    runtime = {"p50": "4 s", "p99": "8 s", **(runtime or {})}
    if "value" in runtime:
        runtime = {name: value for name, value in runtime.items() if name not in ("p50", "p99")}
    return Workload(**{"requests_per_month": 1e6, "response": "2 KB", "runtime": runtime, **fields})


def load(axes=None, **runtime) -> Conditions:
    return Conditions(workload(runtime=runtime), axes)


def test_the_run_time_moves_with_the_memory_along_an_axis():
    """At half a vCPU the half that computes takes twice as long: 4 s x 1.5. At two one thread gains none."""
    c = load({"runtime.memory": np.array([884.5, 1769.0, 3538.0])})
    assert c.runtime.quantile(0.5) == pytest.approx([6.0, 4.0, 4.0])
    assert c.runtime.quantile(0.99) == pytest.approx([12.0, 8.0, 8.0])


def test_threads_and_the_computing_share_may_be_axes_as_well():
    memory = np.array([884.5, 3538.0])
    c = load({"runtime.memory": memory, "runtime.cpu": np.array([1.0, 0.25])}, threads=2)
    assert c.runtime.quantile(0.5) == pytest.approx([8.0, 4 * (0.25 / 2 + 0.75)])


def test_what_computes_takes_the_same_seconds_of_a_processor_at_any_memory():
    c = load({"runtime.memory": np.array([442.25, 884.5, 1769.0, 3538.0])}, cpu=0.5)
    assert c.cpu * c.runtime.mean * c.used_vcpu == pytest.approx(np.full(4, 0.5 * load().runtime.mean))


def test_an_axis_of_the_run_time_is_its_median_at_the_memory_of_the_file():
    c = load({"runtime": np.array([1.0, 2.0])}, memory="1 GB", tuned=TUNED)
    assert c.runtime.quantile(0.5) == pytest.approx([1.0, 2.0])


@pytest.mark.parametrize(("memory", "p50", "p99"), [(512.0, 9.0, 27.0), (2048.0, 2.0, 4.0)])
def test_measured_times_are_exact_along_an_axis(memory, p50, p99):
    """The entry of 2 GB names no p99: it keeps its ratio of 2 to the p50."""
    c = load({"runtime.memory": np.array([700.0, memory])}, tuned=TUNED)
    assert c.runtime.quantile(0.5)[1] == pytest.approx(p50)
    assert c.runtime.quantile(0.99)[1] == pytest.approx(p99)


def test_of_several_distributions_each_point_has_its_own():
    axis = np.array([512.0, 1024.0, 2048.0])
    together = load({"runtime.memory": axis}, tuned=TUNED).runtime
    alone = [load(memory=float(m), tuned=TUNED).runtime for m in axis]
    assert together.mean == pytest.approx([one.mean for one in alone])
    assert together.exceed(5.0) == pytest.approx([one.exceed(5.0) for one in alone])
    assert together.excess(5.0) == pytest.approx([one.excess(5.0) for one in alone])
    assert together.mean_ceil(1.0) == pytest.approx([one.mean_ceil(1.0) for one in alone])
    assert together.expect(np.sqrt) == pytest.approx([one.expect(np.sqrt) for one in alone])


def test_the_first_byte_moves_in_proportion_and_is_never_later_than_the_last():
    c = load({"runtime.memory": np.array([884.5, 1769.0])}, first_byte={"p50": "1 s", "p99": "20 s"})
    assert c.first_byte.quantile(0.5) == pytest.approx([1.5, 1.0])
    assert c.first_byte.quantile(0.99) == pytest.approx([12.0, 8.0])


def test_without_a_first_byte_it_is_the_run_time():
    c = load()
    assert c.first_byte is c.runtime


def test_sizes_are_those_from_the_memory_that_is_needed_up():
    w = workload(runtime={"memory": "any", "used": "5 GB", "architecture": "any"})
    assert [(s.memory_mb, s.architecture) for s in sizes_of(w)][:3] == [
        (5120, "arm64"),
        (5120, "x86_64"),
        (6144, "arm64"),
    ]
    # functions of 5 to 10 GB, and the smallest task with 5 GB: half a vCPU comes with 4 GB at most
    sizes = [(s.memory_mb, s.vcpu) for s in sizes_of(w)[::2]]
    assert sizes == [(5120, None), (6144, None), (8192, None), (10240, None), (5120, 1)]
    assert len(sizes_of(w)) == 10
    assert typical(sizes_of(workload(runtime={"memory": "any"}))).memory_mb == 1769


def test_a_design_takes_the_size_that_costs_least():
    """A GB-second costs the same at any memory: work that only waits is cheapest at the least of it."""
    waits = {"memory": "any", "used": "128 MB", "cpu": 0.001}
    for runtime, best in (
        (waits, 128),  # 4 s x 0.125 GB, a little more for what computes
        ({**waits, "tuned": MIDDLE}, 1024),  # 4.5, 3 and 4 GB-seconds
    ):
        c = Conditions(workload(runtime=runtime))
        top = best_two(Answers(c, table().where(PLAIN)))
        assert c.sizes[int(top.size[0])].memory_mb == best


def test_a_promise_asks_for_a_larger_size():
    runtime = {"memory": "any", "used": "128 MB", "cpu": 1.0}
    w = workload(runtime=runtime, targets={"latency_p95": "12 s"}, client={"waits": "60 s"})
    c = Conditions(w)
    top = best_two(Answers(c, table().where(PLAIN)))
    size = c.sizes[int(top.size[0])]
    p95 = c.at_size(size).runtime.quantile(0.95)
    below = c.at_size(c.sizes[int(top.size[0]) - 1]).runtime.quantile(0.95)
    assert p95 < 12 < below


def test_money_at_a_size_of_many_is_that_of_the_size_alone():
    runtime = {"memory": "any", "architecture": "any", "used": "128 MB"}
    c = Conditions(workload(runtime=runtime))
    designs = table().where({concern: id for concern, id in PLAIN.items() if concern != "execution"})
    assert len(designs) > 1
    together = Answers(c, designs)
    for index in (0, 1, 7, 27):
        alone = Answers(c.at_size(c.sizes[index]), designs)
        for name in together.quantities:
            if name in alone.quantities:
                own = alone.constant[alone.quantities.index(name), :, 0]
                assert together.constant[together.quantities.index(name), :, index] == pytest.approx(own), (
                    name
                )


def test_a_price_of_either_architecture_is_two_lines():
    c = Conditions(workload(runtime={"architecture": "any"})).at_once()
    lines = dict(c.by_size([(c.by_architecture("lambda.request"), 8.0)]))
    assert {name: quantity.ravel().tolist() for name, quantity in lines.items()} == {
        "lambda.request_arm": [8, 0],
        "lambda.request_x86": [0, 8],
    }
    fargate = c.price(c.by_architecture("fargate.vcpu_linux")).ravel()
    assert fargate == pytest.approx([0.03238, 0.04048])


def test_any_size_is_never_dearer_than_one_that_is_feasible():
    """All designs of a workload, at every size."""
    w = workload(
        runtime={"memory": "any", "architecture": "any", "used": "1536 MB"}, targets={"latency_p95": "9 s"}
    )
    c = Conditions(w)
    designs = allowed_designs(c)
    designs = designs.only(np.arange(len(designs.rows)) % 29 == 0)
    together = Evaluation(c, designs).score_usd(10.0)
    for size in c.sizes[::3]:
        alone = Evaluation(c.at_size(size), designs).score_usd(10.0)
        assert (together <= alone * (1 + 1e-12)).all()


def test_an_answer_names_the_size_and_its_money():
    w = workload(runtime={"memory": "any", "used": "128 MB", "tuned": MIDDLE}, client={"waits": "30 s"})
    answer = ex.recommend(w).answer
    assert (answer.memory_mb, answer.architecture) == (1024, "arm64")
    assert answer.monthly_usd == pytest.approx(float(answer.bill.total_usd))
    assert float(ex.cost(w, answer.design).total_usd) == pytest.approx(answer.monthly_usd)


# Sizes by execution -------------------------------------------------------------------------------


def sold_sizes(execution, **runtime):
    w = workload(runtime={"memory": "any", "used": "700 MB", **runtime})
    c = Conditions(w)
    option = OPTIONS["execution"][execution]
    return [(s.memory_mb, s.vcpu) for s in c.sizes if option.sells(c.at_size(s))]


OF_FUNCTIONS = ("single", "queued", "durable", "recursion", "step-functions", "express")
FUNCTIONS = [(mb, None) for mb in (768, 1024, 1536, 1769, 2048, 3008, 4096, 5120, 6144, 8192, 10240)]


@pytest.mark.parametrize(
    ("execution", "sizes"),
    [
        *((each, FUNCTIONS) for each in OF_FUNCTIONS),
        ("managed-instance", [each for each in FUNCTIONS if each[0] >= 2048]),
        ("fargate", [(1024, 0.25), (1024, 0.5), (2048, 1)]),
        ("service", [(1024, 0.25), (1024, 0.5), (2048, 1)]),
    ],
)
def test_each_execution_takes_the_sizes_that_it_sells(execution, sizes):
    """Of 700 MB up: a quarter and half a vCPU come with 1 GB, one vCPU with 2 GB at least."""
    assert sold_sizes(execution) == sizes


def test_tasks_have_as_many_vcpus_as_the_work_has_threads():
    assert [vcpu for _, vcpu in sold_sizes("fargate", threads=3)] == [0.25, 0.5, 1, 2, 4]
    assert [vcpu for _, vcpu in sold_sizes("fargate", threads=4)] == [0.25, 0.5, 1, 2, 4]
    assert [vcpu for _, vcpu in sold_sizes("fargate", threads=5)] == [0.25, 0.5, 1, 2, 4, 8]


def test_measured_sizes_are_all_that_there_are():
    tuned = [{"memory": "768 MB", "p50": "9 s"}, {"memory": "2048 MB", "p50": "4 s"}]
    for execution, sizes in (("single", [768, 2048]), ("fargate", [768, 2048]), ("managed-instance", [2048])):
        assert sold_sizes(execution, tuned=tuned) == [(mb, None) for mb in sizes]


@pytest.mark.parametrize(
    ("execution", "promise", "vcpu", "gb"),
    [("fargate", "3 min", 0.25, 1), ("fargate", "130 s", 0.5, 1), ("service", "3 min", 0.25, 1),
     ("service", "80 s", 0.5, 1), ("service", "60 s", 1, 2)],
)  # fmt: skip
def test_a_task_is_named_priced_and_timed_as_it_is_bought(execution, promise, vcpu, gb):
    """40 s at one vCPU, half of it computing: 100 s on a quarter of one, 60 s on half of one.

    A task of its own takes 51 s more to start in one case of twenty; both are polled.
    """
    runtime = {"value": 40.0, "cpu": 0.5, "memory": "any", "used": "700 MB"}
    w = workload(requests_per_month=1000, runtime=runtime, targets={"latency_p95": promise})
    design = complete_design(w, {"execution": execution, "response": "stored"})
    c = at_best_size(Conditions(w), design)
    assert (bought_task(c, design), bought_memory_mb(c, design)) == ((vcpu, gb), gb * 1024)
    assert float(c.runtime.median) == pytest.approx(20 + 20 / vcpu)
    lines = {line.id: float(line.quantity) for line in cost(w, design, c).lines}
    assert lines["fargate.vcpu_linux_arm"] / lines["fargate.memory_linux_arm"] == pytest.approx(vcpu / gb)
