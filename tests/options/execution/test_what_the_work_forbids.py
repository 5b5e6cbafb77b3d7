"""Work that must not run twice, and work in steps of several services: which executions can serve it."""

import pytest

from explorer.engine.designs import allowed_designs
from explorer.options.base.conditions import Conditions
from explorer.workload.workload import Workload

WAITED_FOR = {"single", "managed-instance", "durable", "express", "service"}
ONLY_LATER = {"queued", "recursion", "fargate", "step-functions"}


def executions(asynchronous: bool, **runtime) -> set[str]:
    """The executions of designs that nothing excludes."""
    w = Workload(
        requests_per_month=1e5, response="2 KB", runtime={"p50": "1 s", "divisible": True, **runtime}
    )
    designs = allowed_designs(Conditions(w)).designs
    return {design.execution for design in designs if design.flow.asynchronous is asynchronous}


def test_at_first_all_serve():
    assert executions(False) == WAITED_FOR
    assert executions(True) == WAITED_FOR | ONLY_LATER


def test_work_that_must_not_run_twice_is_not_handed_to_what_may_repeat_it():
    assert executions(True, once=True) == {"durable", "step-functions", "fargate", "service"}


def test_what_answers_at_once_runs_once():
    assert executions(False, once=True) == WAITED_FOR


@pytest.mark.parametrize(
    ("asynchronous", "remaining"),
    [(False, {"durable", "express"}), (True, {"durable", "express", "step-functions"})],
)
def test_steps_of_several_services_need_a_workflow(asynchronous, remaining):
    assert executions(asynchronous, orchestrated=True) == remaining
