"""A deploy that is killed leaves only what `stacks` lists and `destroy` removes; a crash is told."""

import json
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from explorer import Workload
from explorer.cli.main import app
from explorer.live.cloud import supervisor
from explorer.live.deployment import deploy, target
from tests.live.deployment.test_stack import holds
from tests.support.local_tasks import processes
from tests.support.own_cloud import own_cloud
from tests.support.slow_cases import slow_but

pytestmark = pytest.mark.live

SMALL = {
    "name": "killed",
    "requests_per_month": 1e4,
    "response": "2 KB",
    "runtime": "10 ms",
    "configuration": {"total": "1 KB", "entries": 3, "secrets": 1},
}
DESIGN = "door=http-api,request=inline,response=stored,execution=single,configuration=parameter-store"
CONTAINED = "door=alb,request=inline,response=stored,execution=service,configuration=parameter-store"
DIES = """
import os, signal, sys
from explorer.live.cloud import instance
from explorer.live.deployment import deploy, target
import explorer as ex

service, operation, after, cloud, name, design, toml = sys.argv[1:8]
make = instance.Cloud.session

def session(self, region=None):
    made = make(self, region)
    def die(model, **_):
        if (model.service_model.service_name, model.name) == (service, operation):
            os.kill(os.getpid(), signal.SIGKILL)
    made.events.register("after-call" if after == "after" else "before-call", die)
    return made

instance.Cloud.session = session
place = target.Local.find("us-east-1", cloud)
deploy.deploy_plan(deploy.plan(ex.Workload.load(toml), design), place, name)
"""
POINTS = [
    ("s3", "CreateBucket", "before"),
    ("s3", "CreateBucket", "after"),
    ("s3", "PutObject", "before"),
    ("cloudformation", "CreateStack", "after"),
    ("ssm", "PutParameter", "after"),
]


@pytest.fixture(scope="module")
def place():
    with own_cloud("killed") as place:
        yield place


def run(*words) -> SimpleNamespace:
    result = CliRunner().invoke(app, [*words, "--json"])
    answer = json.loads(result.stdout or "null")
    return SimpleNamespace(code=result.exit_code, answer=answer, errors=result.stderr)


@pytest.mark.parametrize(
    ("service", "operation", "when", "design"),
    slow_but(
        [(*POINTS[1], DESIGN), (*POINTS[-2], CONTAINED)],
        [*((*point, DESIGN) for point in POINTS), *((*point, CONTAINED) for point in POINTS[-2:])],
    ),
)
def test_what_a_killed_deploy_leaves_is_listed_and_goes(place, tmp_path, service, operation, when, design):
    before, cloud = holds(place), place.cloud.name
    toml = tmp_path / "killed.toml"
    toml.write_text(Workload(**SMALL).to_toml())
    name = f"killed-{operation.lower()}-{when}"
    words = [service, operation, when, cloud, name, design, str(toml)]
    died = subprocess.run([sys.executable, "-c", DIES, *words], capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    is_left = holds(place) != before
    names = [row["stack"] for row in run("stacks", "--cloud", cloud).answer["stacks"]]
    assert names == ([name] if is_left else [])
    assert is_left == ((operation, when) != ("CreateBucket", "before"))
    if is_left:
        assert run("destroy", name, "--cloud", cloud).code == 0
    assert holds(place) == before and run("stacks", "--cloud", cloud).answer == {"stacks": []}
    assert processes(place.cloud) == []


def test_a_cloud_that_crashed_is_told_with_what_stood():
    name = f"crashed-{os.getpid()}"
    supervisor.stop(name)
    try:
        place = target.Local("us-east-1", supervisor.start(name))
        assert run("stacks", "--cloud", name).answer == {"stacks": []}
        stood = deploy.deploy(Workload(**SMALL), DESIGN, place)
        went = deploy.deploy(Workload(**SMALL), DESIGN, place)
        deploy.destroy(went)
        leader = supervisor.status(name).process
        leader.send(signal.SIGKILL)
        assert leader.ends_within(10)
        stacks = run("stacks", "--cloud", name)
        assert stacks.code == 3
        assert stacks.answer == {"stacks": [], "crashed": True, "gone": [stood.name]}
        text = CliRunner().invoke(app, ["stacks", "--cloud", name])
        assert "crashed or was killed" in text.stdout and stood.name in text.stdout
        status = run("cloud", "status", "--name", name).answer
        assert (status["running"], status["crashed"], status["gone"]) == (False, True, [stood.name])
        for command in (["destroy", stood.name], ["bench", stood.name, "--jobs", "1"]):
            refused = run(*command, "--cloud", name)
            assert refused.code == 3 and "was lost with the local cloud" in refused.errors
        assert supervisor.stop(name)
        assert run("stacks", "--cloud", name).code == 0
    finally:
        supervisor.stop(name)


def test_a_cloud_that_was_stopped_has_not_crashed():
    name = f"stopped-{os.getpid()}"
    supervisor.start(name)
    supervisor.stop(name)
    assert not supervisor.status(name).crashed and run("stacks", "--cloud", name).answer == {"stacks": []}
