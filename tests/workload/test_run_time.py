"""How the run time moves with memory: figures worked by hand."""

import pytest

from explorer.errors import WorkloadError
from explorer.workload.run_time import memory_sizes, run_time_at
from explorer.workload.workload import Workload


def runtime(**fields):
    return Workload(requests_per_month=1e6, response="1 KB", runtime={"p50": "1 s", **fields}).runtime


@pytest.mark.parametrize(
    ("cpu", "threads", "memory_mb", "seconds"),
    [
        (0.5, 1, 1769, 1.0),
        (0.5, 1, 884.5, 1.5),  # half of it computes, at half a vCPU: 0.5 x 2 + 0.5
        (1.0, 1, 176.9, 10.0),  # all of it, at a tenth of a vCPU
        (0.5, 1, 3538, 1.0),  # one thread cannot use the second vCPU
        (0.5, 2, 3538, 0.75),  # two can: 0.5 / 2 + 0.5
        (0.5, 2, 7076, 0.75),  # and no more than two
    ],
)
def test_the_computing_share_moves_with_the_vcpu(cpu, threads, memory_mb, seconds):
    spread = run_time_at(runtime(p99="3 s", cpu=cpu, threads=threads), memory_mb)
    assert spread.median == pytest.approx(seconds, rel=1e-12)
    assert spread.quantile(0.99) == pytest.approx(3 * seconds, rel=1e-12)


TUNED = [{"memory": "512 MB", "p50": "9 s"}, {"memory": "2048 MB", "p50": "2.25 s", "p99": "9 s"}]


@pytest.mark.parametrize(
    ("memory_mb", "p50", "p99"),
    [
        (512, 9.0, 90.0),  # no p99 of its own: ten times the p50, as stated
        (2048, 2.25, 9.0),
        (1024, 4.5, 28.460498941515414),  # half way in log memory: sqrt(9 x 2.25), sqrt(90 x 9)
        (256, 13.5, 135.0),  # below the least: half computes at half of the vCPU
        (4096, 2.25, 9.0),  # above the largest: one thread has its vCPU already
    ],
)
def test_measured_times_take_the_place_of_the_formula(memory_mb, p50, p99):
    spread = run_time_at(runtime(p50="4 s", p99="40 s", tuned=TUNED), memory_mb)
    assert spread.median == pytest.approx(p50, rel=1e-9)
    assert spread.quantile(0.99) == pytest.approx(p99, rel=1e-9)


def test_any_memory_takes_the_sizes_from_what_the_work_needs_up():
    assert memory_sizes(runtime(memory="any", used="5120 MB")) == (5120, 6144, 8192, 10240)
    assert memory_sizes(runtime(memory="any", used="5121 MB")) == (6144, 8192, 10240)
    assert memory_sizes(runtime(memory="any", tuned=TUNED)) == (512, 2048)
    assert memory_sizes(runtime(memory="2 GB")) == (2048,)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"memory": "anny"}, 'runtime.memory is "anny": expected a size such as "512 MB" or 512, or "any"'),
        (
            {"memory": "512 MB", "used": "513 MB"},
            "runtime.used is 513 MB: expected at most memory = 512 MB",
        ),
        ({"tuned": [{"p50": "1 s"}]}, 'runtime.tuned.0.memory is missing: expected a size such as "512 MB"'),
        ({"tuned": [TUNED[0], TUNED[0]]}, "runtime.tuned.1.memory is 512 MB again: expected each size once"),
        (
            {"p99": "2 s", "tuned": [{"memory": "1 GB", "p50": "2 s", "p90": "5 s"}]},
            "runtime.tuned.0.p90 is 5 s: expected at most 4 s, the p99 of [runtime] at the ratio of their "
            "p50, for it has no p99; or a p99 of its own",
        ),
        (
            {"p90": "2 s", "p99": "3 s", "tuned": [{"memory": "1 GB", "p50": "2 s", "p99": "3 s"}]},
            "runtime.tuned.0.p99 is 3 s: expected at least 4 s, the p90 of [runtime] at the ratio of their "
            "p50, for it has no p90; or a p90 of its own",
        ),
        ({"cpu": 0}, "runtime.cpu is 0: expected a share from 0.001 to 1"),
        ({"threads": 0}, "runtime.threads is 0: expected a whole number from 1 to 192"),
    ],
)
def test_a_size_that_makes_no_sense_is_one_line(fields, message):
    with pytest.raises(WorkloadError) as error:
        runtime(**fields)
    assert str(error.value) == f"workload: {message}"


def test_what_the_work_needs_may_be_all_of_the_memory():
    assert runtime(memory="512 MB", used="512 MB").memory == 512
