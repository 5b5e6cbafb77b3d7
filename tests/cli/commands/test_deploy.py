"""The commands of the live endpoint on the local cloud: exit codes, JSON and nothing else, one line."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from explorer import Workload
from explorer.cli.main import app
from explorer.live.cloud import supervisor
from explorer.live.deployment import target
from tests.support.holding import Holding

pytestmark = pytest.mark.live

NAME = f"commands-{os.getpid()}"
STORED = "door=http-api,request=inline,response=stored,execution=single,configuration=environment"
SMALL = {
    "name": "small",
    "requests_per_month": 1e4,
    "response": {"p50": "2 KB"},
    "runtime": {"p50": "10 ms"},
    "configuration": {"total": "1 KB", "entries": 2},
}
QUICK = ["--jobs", 2, "--runtime-s", 0, "--response-bytes", 100]


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def answer(*arguments, code=0):
    """What a command prints with --json on the cloud of these tests."""
    result = run(*arguments, "--json")
    assert (result.exit_code, result.stderr) == (code, "")
    return json.loads(result.stdout, parse_constant=pytest.fail)


def refused(*arguments):
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    return line


@pytest.fixture(scope="module")
def workload(tmp_path_factory):
    path = tmp_path_factory.mktemp("workload") / "small.toml"
    path.write_text(Workload(**SMALL).to_toml())
    return path


@pytest.fixture(scope="module")
def place():
    supervisor.start(NAME)
    try:
        yield target.Local.find("us-east-1", NAME)
    finally:
        supervisor.stop(NAME)


@pytest.fixture(scope="module")
def stands(place, workload):
    """What `deploy` answers for a stack that stays for these tests."""
    return answer("deploy", workload, "--design", STORED, "--cloud", NAME)


def test_deploy_tells_what_a_program_needs(stands):
    keys = {"stack", "target", "url", "region", "design", "expires", "seconds", "credentials"}
    assert keys <= stands.keys()
    assert stands["url"].startswith("http://127.0.0.1:") and stands["state"] == "CREATE_COMPLETE"
    assert {"access_key_id", "secret_access_key"} <= stands["credentials"].keys()


def test_stacks_lists_it_for_programs_and_for_people(stands):
    (row,) = answer("stacks", "--cloud", NAME)["stacks"]
    assert {key: row[key] for key in ("stack", "url", "target")} == {
        "stack": stands["stack"],
        "url": stands["url"],
        "target": "local",
    }
    assert stands["stack"] in run("stacks", "--cloud", NAME).stdout


def test_where_nothing_runs_nothing_stands():
    assert answer("stacks", "--cloud", f"{NAME}-none") == {"stacks": []}
    assert run("stacks", "--cloud", f"{NAME}-none").stdout == "No stack stands on the local cloud\n"


def test_a_design_that_cannot_be_put_up_is_a_no_with_the_nearest(workload):
    words = [
        "deploy",
        workload,
        "--design",
        STORED.replace("single", "managed-instance"),
        "--cloud",
        f"{NAME}-none",
    ]
    no = answer(*words, code=1)
    assert no["deployable"] is False and no["because"] and no["nearest"]["execution"] != "managed-instance"
    assert "The nearest that can: --design edge=none,door=" in run(*words).stdout
    assert not supervisor.status(f"{NAME}-none").running


def test_where_nothing_is_feasible_it_says_that_the_nearest_miss_is_taken(workload, tmp_path):
    words = ["export", workload, "--set", "client.waits=0.001", "-o", tmp_path / "own"]
    (line,) = run(*words).stderr.splitlines()
    assert line.startswith("Nothing is feasible for small. The nearest miss is a")
    assert line.endswith("begin after the client stops waiting. That design is taken.")
    assert run("export", workload, "-o", tmp_path / "other").stderr == ""


def test_a_load_is_answered_and_written(stands, tmp_path):
    file = tmp_path / "run.parquet"
    measured = answer("bench", stands["stack"], *QUICK, "--cloud", NAME, "-o", file)
    assert (measured["jobs"], measured["succeeded"], measured["lost"]) == (2, 2, 0) and file.exists()
    assert "expected_usd" not in measured


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_load_that_is_interrupted_tells_what_there_is(stands, place, tmp_path, number, request):
    (table,) = (
        name for name in place.client("dynamodb").list_tables()["TableNames"] if stands["stack"] in name
    )

    def jobs():
        return place.client("dynamodb").scan(TableName=table, Select="COUNT")["Count"]

    before, file = jobs(), tmp_path / "run.parquet"
    words = ["bench", stands["stack"], "--rate", 10, "--duration", 300, "--runtime-s", 0, "--cloud", NAME]
    load = process(*words, "-o", file, "--json")
    request.addfinalizer(load.kill)
    while jobs() < before + 3:
        assert load.poll() is None
        time.sleep(0.05)
    load.send_signal(number)
    out, _ = load.communicate(timeout=60)
    summary = json.loads(out)
    assert summary["interrupted"] and 0 < summary["jobs"] < 3000 and file.exists()
    assert load.returncode == bool(summary["lost"])


def test_a_lost_job_is_a_no(stands, place):
    """Accepted, and then its row is gone: nobody can say what became of it."""
    table = place.client("dynamodb")
    (jobs,) = [name for name in table.list_tables()["TableNames"] if name.startswith(stands["stack"])]

    ended = threading.Event()

    def lose():
        while not ended.wait(0.02):
            for row in table.scan(TableName=jobs)["Items"]:
                if row["status"]["S"] == "running":
                    return table.delete_item(TableName=jobs, Key={"id": row["id"]})

    thief = threading.Thread(target=lose)
    thief.start()
    load = ["--jobs", 1, "--runtime-s", 3, "--response-bytes", 100]
    lost = answer("bench", stands["stack"], *load, "--cloud", NAME, code=1)
    ended.set()
    thief.join()
    assert (lost["jobs"], lost["lost"]) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bench", "{stack}", "-o", "run.csv"], "-o is run.csv: expected a name that ends in .parquet"),
        (["bench", "{stack}", "-o", "no/run.parquet"], "-o is no/run.parquet: there is no folder no"),
        (["bench", "nothing"], 'stack is "nothing": there is none on the local cloud; if it is on AWS'),
        (["bench", "{stack}", "--jobs", 1, "--rate", 1], "jobs is given with rate or duration"),
        (["bench", "{stack}", "--jobs", 1, "--duration", 1], "jobs is given with rate or duration"),
        (["bench", "{stack}", "--rate", "fast"], 'rate is "fast": expected requests a second'),
        (["bench", "{stack}", "--jobs", 0], "'--jobs'"),
        (["bench", "{stack}", "--arrivals", "never"], 'arrivals is "never": expected one of'),
        (["bench", "{stack}", "--jobs", 9, "--max-requests", 8], "expected at most 8, the cap on requests"),
        (["bench", "{stack}", "--target", "moon"], 'target is "moon": expected one of local, aws'),
        (["destroy", "nothing"], 'stack is "nothing": there is none on the local cloud'),
        (["destroy", "{stack}", "--region", "mars"], 'region is "mars": expected a region of AWS such as'),
        (["deploy", "{workload}", "--design", "door=moon"], 'door is "moon"'),
        (["deploy", "{workload}", "--handler", "x.py"], 'handler is "x.py": expected FILE.py:function'),
        (["deploy", "{workload}", "--target", "moon"], 'target is "moon": expected one of local, aws'),
        (["deploy", "{workload}", "--hours", 0], "'--hours'"),
        (["deploy", "none.toml"], "none.toml: no such file"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_what_is_asked_wrongly_is_one_line(stands, workload, arguments, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = [str(word).format(stack=stands["stack"], workload=workload) for word in arguments]
    assert says in refused(*words, "--cloud", NAME)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("full", ["file", "folder"])
def test_an_export_overwrites_nothing(workload, tmp_path, full):
    path = tmp_path / "own"
    path.write_text("mine") if full == "file" else (path / "mine").mkdir(parents=True)
    assert "is there already: expected a new or empty folder" in refused("export", workload, "-o", path)


def test_an_export_tells_its_files(workload, tmp_path):
    export = answer("export", workload, "--design", STORED, "-o", tmp_path / "own")
    assert str(tmp_path / "own/README.md") in export["files"] and export["design"]["response"] == "stored"


HELPS = {  # what a newcomer looks for
    "deploy": [
        "--target",
        "no account",
        "FILE.py:function",
        "--hours",
        "removed again",
        "issuer must be reachable on this machine",
    ],
    "bench": ["--rate", "Requests a second", "--jobs", "FILE.parquet", "--max-usd", "losses"],
    "destroy": ["everything that it created", "--yes"],
    "stacks": ["expired", "AWS_REGION"],
    "export": ["template", "--output"],
    "cloud": ["start", "stop", "status"],
}


@pytest.mark.parametrize("command", HELPS)
def test_its_help_says_what_a_newcomer_looks_for(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    result = run(command, "--help")
    assert result.exit_code == 0 and all(word in result.stdout for word in HELPS[command])
    assert "<path>" not in result.stdout.split("Options")[-1]


# As people start them: processes, with what they wait for and what they are sent.


def process(*arguments, **environment):
    command = [sys.executable, "-m", "explorer", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env={**os.environ, **environment}, **pipes)


@pytest.fixture
def held_up(place, tmp_path):
    """A proxy in front of the cloud that keeps back the answer to one call, and who finds the cloud by it."""

    @contextmanager
    def hold(call):
        with Holding(place.cloud.endpoint_url, call) as proxy:
            folder = tmp_path / f"explorer-{os.getuid()}"
            shutil.copytree(place.cloud.folder, folder / f"{NAME}.run-held", ignore=lambda *_: ["tmp", "s3"])
            folder.chmod(0o700)
            cloud_file = folder / f"{NAME}.run-held/cloud.json"
            cloud_file.write_text(json.dumps({**json.loads(cloud_file.read_text()), "port": proxy.port}))
            yield proxy, {"TMPDIR": str(tmp_path)}

    return hold


def names(place):
    """The stacks and the buckets that are there."""
    stacks = place.client("cloudformation").describe_stacks()["Stacks"]
    buckets = place.client("s3").list_buckets()["Buckets"]
    return {row["StackName"] for row in stacks}, {row["Name"] for row in buckets}


@pytest.mark.parametrize(
    ("call", "number"),
    [("PUT /small-", signal.SIGTERM), ("Action=CreateStack", signal.SIGINT)],
    ids=["bucket", "stack"],
)
def test_a_deploy_that_is_interrupted_says_what_became_of_it(place, workload, held_up, call, number):
    before = names(place)
    with held_up(call) as (proxy, here):
        deploy = process("deploy", workload, "--design", STORED, "--cloud", NAME, "--json", **here)
        proxy.wait(deploy)
        assert names(place) != before
        deploy.send_signal(number)
        out, err = deploy.communicate(timeout=60)
    assert (deploy.returncode, out) == (130, "")
    assert err.startswith("Interrupted. All of small-") and err.endswith(" was taken down again\n")
    assert names(place) == before


SENT_LATE = """
import atexit, os, signal
def late():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(os.getpid(), number)
atexit.register(late)  # runs after all that the command itself has left to be done at the end
from explorer.cli.main import main
main()
"""


def test_what_comes_too_late_leaves_no_stack_unsaid_and_no_answer_half(place, workload, held_up):
    before = names(place)
    with held_up("Action=CreateAccessKey") as (proxy, here):  # of the caller: the stack is whole
        deploy = process("deploy", workload, "--design", STORED, "--cloud", NAME, "--json", **here)
        proxy.wait(deploy)
        deploy.send_signal(signal.SIGTERM)
        out, err = deploy.communicate(timeout=60)
    message, _, remedy = err.partition("goes by: explorer ")
    assert (deploy.returncode, out, message) == (130, "", "Interrupted. What is left of it ")
    assert names(place) != before
    late = [sys.executable, "-c", SENT_LATE, *remedy.split(), "--json"]
    destroy = subprocess.run(late, capture_output=True, text=True, timeout=60)
    assert (destroy.returncode, destroy.stderr) == (0, "") and json.loads(destroy.stdout)["destroyed"]
    assert names(place) == before


def test_with_the_address_of_the_local_cloud_target_aws_is_the_same_code_and_says_where(place, workload):
    """All that stands between this and AWS is the address, and the credentials."""
    key = place.cloud.credentials
    there = {
        "AWS_ENDPOINT_URL": place.cloud.endpoint_url,
        "AWS_ACCESS_KEY_ID": key["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": key["secret_access_key"],
        "AWS_REGION": "us-east-1",
    }

    def on_aws(*arguments):
        out, err = (child := process(*arguments, "--target", "aws", "--json", **there)).communicate(
            timeout=90
        )
        assert f"--target aws goes to {place.cloud.endpoint_url}" in err and child.returncode == 0, err
        return json.loads(out)

    up = on_aws("deploy", workload, "--design", STORED, "--yes")
    assert up["account"] and ".execute-api." in up["url"] and "credentials" not in up
    assert up["stack"] in {row["stack"] for row in on_aws("stacks")["stacks"]}
    assert on_aws("destroy", up["stack"], "--yes")["destroyed"]
    assert up["stack"] not in {row["stack"] for row in on_aws("stacks")["stacks"]}


def test_two_users_do_not_see_each_others_stacks(stands, tmp_path):
    """A user's clouds lie in a folder of their own: another's temporary folder is another user's."""
    out, err = process("stacks", "--cloud", NAME, "--json", TMPDIR=str(tmp_path)).communicate(timeout=60)
    assert (json.loads(out), err) == ({"stacks": []}, "")


def test_destroy_ends_it(stands):
    removal = answer("destroy", stands["stack"], "--cloud", NAME)
    assert removal["destroyed"] is True and removal["seconds"] < 10
    assert "there is none on the local cloud" in refused("destroy", stands["stack"], "--cloud", NAME)
