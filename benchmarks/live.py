"""The live endpoint on the local cloud: deployed, loaded, broken, compared and removed.

All times are those of the local cloud on this machine: they show that no job is lost, and the time of the
code itself. They do not show AWS's times. Prices are AWS's.
"""

import argparse
import hashlib
import io
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

import explorer as ex
from explorer.analysis.calibration.prediction import predict_run
from explorer.engine.designs import Design
from explorer.facts import catalogue
from explorer.live.bench.jobs import Polling
from explorer.live.bench.measure import measure
from explorer.live.bench.result import Result
from explorer.live.client.client import Client
from explorer.live.client.exchange import EndpointError
from explorer.live.client.signing import Credentials, Scope, Signer
from explorer.live.cloud import supervisor
from explorer.live.cloud.process import of_session
from explorer.live.deployment import deploy
from explorer.live.deployment.registry import Standing
from explorer.live.deployment.target import Local

NAME = f"bench-{os.getpid()}"
LEASE_S, RETRY_S = 2, 3  # instead of AWS's 30 s and 60 s
MARGIN_S = 60  # a job that has not ended after this time is stuck
SMALL: dict[str, Any] = {
    "name": "bench",
    "requests_per_month": 1e6,
    "response": {"p50": "20 KB"},
    "runtime": {"p50": "300 ms"},
    "configuration": {"total": "1 KB", "entries": 4},
}


def design(execution: str = "single", response: str = "stored", store: str = "bundled") -> str:
    """The ids of a design behind an HTTP API."""
    return f"door=http-api,request=inline,response={response},execution={execution},configuration={store}"


@contextmanager
def stood(design_text: str, workload: ex.Workload | None = None, **settings: Any) -> Iterator[Standing]:
    """A stack that exists during the `with` block."""
    place = Local.find("us-east-1", NAME)
    stack = deploy.deploy(workload or ex.Workload(**SMALL), design_text, place, settings=settings)
    try:
        yield stack
    finally:
        deploy.destroy(stack)


def title(text: str) -> None:
    """Print the title of a part."""
    print(f"\n{text}", flush=True)


# 1. Deploy, first job, remove -------------------------------------------------------------------------


def up_and_down(rounds: int) -> None:
    """Print the time from deployment to the first job and to removal, and anything left over."""
    title("1. From nothing to a first accepted job, and back (goals: 15 s, 10 s, nothing left)")
    print(f"{'round':>8}{'to a job s':>12}{'destroy s':>11}{'processes left':>16}{'folders left':>14}")
    for number in range(rounds):
        up_s, down_s, processes, folders = one_round(f"{NAME}-{number}")
        print(f"{number + 1:8}{up_s:12.1f}{down_s:11.1f}{processes:16}{folders:14}", flush=True)


def one_round(name: str) -> tuple[float, float, int, int]:
    """The same with the command, in separate processes: seconds up and down, processes and folders left."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.toml"
        path.write_text(ex.Workload(**SMALL).to_toml())
        began = time.monotonic()
        up = command("deploy", str(path), "--design", design(), "--cloud", name)
        with Client(up["url"], up["credentials"]) as client:
            client.submit({"runtime_s": 0})
        accepted, running = time.monotonic(), supervisor.status(name)
        command("destroy", up["stack"], "--cloud", name)
        removed = time.monotonic()
    assert running.process and running.folder
    processes = [*of_session(running.process.pid, running.folder), running.process]
    folders = list(running.folder.parent.glob(f"{name}*")) if running.folder.parent.exists() else []
    return accepted - began, removed - accepted, sum(one.alive() for one in processes), len(folders)


def command(*words: str) -> Any:
    """Run a command in a separate process; returns its JSON."""
    run = [sys.executable, "-m", "explorer", *words, "--json"]
    return json.loads(subprocess.run(run, capture_output=True, check=True, text=True).stdout)


# 2. Large results -----------------------------------------------------------------------------------


def large_results(jobs: int) -> None:
    """Print how many jobs of 8 MB are lost or done twice, and their rate."""
    title(f"2. {jobs} jobs of 8 MB results, 4 at a time (goals: lost 0, duplicated 0)")
    with stood(design()) as stack:
        before_mb = resident_mb()
        result = measure(stack, jobs=jobs, concurrency=4, runtime=0.0, response=8_000_000,
                        polling=Polling(0.1, 0.05))  # fmt: skip
    answer, seconds = result.to_dict(), result.to_dict()["latency_s"]
    twice = sum(row.attempts > 1 for row in result.rows)
    print(f"  succeeded {result.succeeded}, lost {result.lost}, ids duplicated {result.duplicated}, "
          f"done twice {twice}, errors {answer['errors'] or 'none'}")  # fmt: skip
    print(f"  {result.throughput_rps:.1f} jobs/s; "
          f"latency p50 {seconds['p50']:.2f} s, p99 {seconds['p99']:.2f} s")  # fmt: skip
    print(f"  the emulator's memory: {before_mb:.0f} MB before, {resident_mb():.0f} MB after")


def resident_mb() -> float:
    """The memory of the cloud's process [MB]; NaN if it is not known."""
    process = supervisor.status(NAME).process
    path = Path(f"/proc/{process.pid if process else 0}/status")
    if not path.exists():
        return float("nan")
    line = next(line for line in path.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


# 3. Killed workers ------------------------------------------------------------------------------------

# time for the platform's own retry after a lease [s]; a state machine waits for the lease of AWS, 30 s
RETRIED_S = {"step-functions": 40}
FORMS = ("single", "queued", "recursion", "durable", "step-functions", "service")
SERVICE = "door=alb,request=inline,response=stored,execution=service,configuration=bundled"
RESULT_BYTES = 8_000_000
COLUMNS = {"jobs": 6, "lost": 6, "stuck": 7, "wrong": 14, "doubled": 12, "again": 12, "failed": 8}


def killed(forms: Sequence[str], jobs: int, kills: int) -> None:
    """Print the outcome of jobs whose worker is killed."""
    title(
        f"3. {jobs} jobs of 0.3 s and {RESULT_BYTES / 1e6:g} MB, 4 at a time; {kills} workers are killed "
        "(goals: lost 0, stuck 0, doubled 0)"
    )
    print(f"  lease {LEASE_S} s and retry {RETRY_S} s for AWS's 30 s and 60 s; "
          "a job whose worker is killed twice ends as failed")  # fmt: skip
    print(f"{'execution':>16}{'jobs':>6}{'lost':>6}{'stuck':>7}{'wrong result':>14}{'ids doubled':>12}"
          f"{'again once':>12}{'failed':>8}")  # fmt: skip
    for form in forms:
        w = ex.Workload(**SMALL | {"runtime": {"p50": "300 ms", "divisible": True, "steps": 3}})
        more = {"slice_steps": 1} if form in ("recursion", "durable", "step-functions") else {}
        text = SERVICE if form == "service" else design(form)
        with stood(text, w, lease_s=LEASE_S, retry_s=RETRIED_S.get(form, 20), **more) as stack:
            counts = outcomes_while_killed(stack, jobs, kills)
        print(
            f"{form:>16}" + "".join(f"{counts[name]:{width}}" for name, width in COLUMNS.items()), flush=True
        )


def outcomes_while_killed(stack: Standing, jobs: int, kills: int) -> Counter[str]:
    """The outcome of jobs, 4 at a time, while workers are killed at random moments."""
    body = {"runtime_s": 0.3, "response_bytes": RESULT_BYTES, "steps": 3, "seed": 7}
    over = threading.Event()
    with stack.client() as client:
        right = hashlib.sha256(client.run(body).encode()).hexdigest()
        killer = threading.Thread(target=kill_workers, args=(stack, kills, over))
        killer.start()

        def one(_: int) -> tuple[str, Any]:
            id = client.submit(body).id
            return id, last_state(client, id)

        try:
            with ThreadPoolExecutor(4) as pool:
                ends = list(pool.map(one, range(jobs)))
        finally:
            over.set()
            killer.join()
    counts = Counter(jobs=len(ends), doubled=len(ends) - len({id for id, _ in ends}))
    for _, end in ends:
        counts["lost"] += end is None
        if end is not None:
            counts["stuck"] += not end.ended
            counts["failed"] += end.status == "failed"
            counts["again"] += end.status == "succeeded" and end.attempts == 2
            counts["wrong"] += bool(end.result) and end.result.sha256 != right
    return counts


def kill_workers(stack: Standing, kills: int, over: threading.Event) -> None:
    """Kill workers of the stack that hold a job, so many, until it is over."""
    dice, up, kill_count = random.Random(1), supervisor.status(NAME), 0
    assert up.process and up.folder
    while kill_count < kills and not over.wait(dice.uniform(0.5, 2)):
        busy = [one for one in of_session(up.process.pid, up.folder) if holds_job(one.pid, stack.name)]
        if busy:
            dice.choice(busy).send(signal.SIGKILL)
            kill_count += 1
    if kill_count < kills:
        print(f"  only {kill_count} workers were killed before the last job had ended")


def holds_job(pid: int, stack_name: str) -> bool:
    """Whether this is a task, or a worker of the function with a second thread, which renews a lease."""
    try:
        if b"task_start.py" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return True
        function = f"AWS_LAMBDA_FUNCTION_NAME={stack_name}-work".encode()
        is_worker = function in Path(f"/proc/{pid}/environ").read_bytes()
        return is_worker and len(os.listdir(f"/proc/{pid}/task")) > 1
    except OSError:
        return False


def last_state(client: Client, id: str) -> Any:
    """The job when it has ended, or its last state at the deadline; None if it does not exist."""
    until, job = time.monotonic() + MARGIN_S, None
    while time.monotonic() < until:
        try:
            job = client.status(id)
        except ex.ExplorerError as error:
            if isinstance(error, EndpointError) and error.status == 404:
                return None
        if job and job.ended:
            return job
        time.sleep(0.2)
    return job


# 4. Long work ---------------------------------------------------------------------------------------

STEPS, STEP_S = 40, 0.1
LONG = {"steps": STEPS, "runtime_s": STEPS * STEP_S, "response_bytes": 50_000, "seed": 3, "state_bytes": 1000}


def long_work(rounds: int) -> None:
    """Print time and price of one long job, for each way to split it."""
    title(f"4. One job of {STEPS} steps of {STEP_S} s, a slice each (medians of {rounds})")
    print(f"{'execution':>16}{'time s':>9}{'overhead ms/step':>18}{'USD a million jobs':>20}  sha256")
    for form in ("recursion", "durable", "step-functions"):
        runtime = {"p50": f"{STEPS * STEP_S} s", "divisible": True, "steps": STEPS, "state": "1000"}
        w = ex.Workload(**SMALL | {"runtime": runtime})
        with stood(design(form), w, slice_steps=1, hops=100) as stack:
            runs = [one_long(stack) for _ in range(rounds + 1)][1:]  # the first run starts environments
        median_s = statistics.median(seconds for seconds, _ in runs)
        sums = {digest for _, digest in runs}
        each_ms = 1000 * (median_s - STEPS * STEP_S) / STEPS
        usd = million_usd(w, Design(*[each.partition("=")[2] for each in design(form).split(",")]))
        print(
            f"{form:>16}{median_s:9.2f}{each_ms:18.1f}{usd:20.2f}  {', '.join(d[:16] for d in sums)}",
            flush=True,
        )
    print(
        "  USD: by the model, at AWS's prices; invocations, transitions, operations and writes of 40 slices"
    )


def one_long(stack: Standing) -> tuple[float, str]:
    """Seconds from acceptance to the end, by the endpoint's clock, and the result's digest."""
    with Client(stack.url, stack.credentials()) as client:
        end = client.wait(client.submit(LONG), timeout=120)
    return end.updated - end.submitted, end.result.sha256


def million_usd(w: ex.Workload, priced: Design) -> float:
    """The cost of a million such jobs: run time of the short work, other usage of work with 40 slices."""
    slice_s = catalogue.limit("lambda.timeout").value - catalogue.constant("hop.margin_s").value
    sliced = w.replace({"runtime.p50": 0.999 * STEPS * slice_s})
    lines = [(ex.cost(w, priced), True), (ex.cost(sliced, priced), False)]
    usd = sum(
        float(line.usd)
        for bill, durations in lines
        for line in bill.lines
        if line.id.startswith("lambda.duration") == durations
    )
    return usd / w.requests_per_month * 1e6


# 5. Configuration -----------------------------------------------------------------------------------

STORES = {  # total size, entries, secrets
    "environment": ("3 KB", 40, 0),
    "bundled": ("12 KB", 40, 0),
    "appconfig": ("12 KB", 40, 0),
    "parameter-store": ("12 KB", 40, 5),
    "parameter-store-advanced": ("12 KB", 40, 5),
    "secrets-manager": ("12 KB", 40, 5),
}


def stores(rounds: int) -> None:
    """Print the time that each store of a configuration takes."""
    title(f"5. Configuration of 12 KB, 40 entries (environment: 3 KB, it holds no more): medians of {rounds}")
    print(f"{'store':>26}{'secrets':>9}{'cold ms':>9}{'refresh ms':>12}{'warm ms':>9}{'init ms':>9}")
    for store, (total, entries, secrets) in STORES.items():
        configuration = {"total": total, "entries": entries, "secrets": secrets}
        w = ex.Workload(**SMALL | {"configuration": configuration})
        design_text = design(response="buffered", store=store)
        with stood(design_text, w, refresh_s=0) as stack:
            cold, refresh, init = read_times(stack, rounds)
        with stood(design_text, w) as stack:
            _, warm, _ = read_times(stack, rounds)
        print(f"{store:>26}{secrets:9}{cold:9.1f}{refresh:12.1f}{warm:9.1f}{init:9.0f}", flush=True)
        if store == "parameter-store":
            calls = reads(w, design_text)
    quota = catalogue.limit("ssm.tps")
    print(f"  computed: {calls} calls of GetParameters a cold start; the quota of {quota.value:g}/s "
          f"(raised: {quota.raised_to:g}/s) is used up by {quota.value / calls:g} cold starts a second "
          f"(raised: {quota.raised_to / calls:g})")  # fmt: skip


def reads(w: ex.Workload, design_text: str) -> int:
    """Calls to Parameter Store by one environment."""
    from explorer.options.base.resources import Entry

    planned = deploy.plan(w, design_text)
    entries = [entry for entry in planned.stack.of(Entry) if entry.kept == "store"]
    return -(-len(entries) // int(catalogue.constant("ssm.batch").value))


def read_times(stack: Standing, rounds: int) -> tuple[float, float, float]:
    """Median times of reading the configuration, cold and warm, and of starting an environment [ms]."""
    work, functions = f"{stack.name}-work", stack.target.client("lambda")
    with Client(stack.url, stack.credentials()) as client:
        for number in range(rounds):
            functions.update_function_configuration(FunctionName=work, Description=f"cold {number}")
            for _ in range(3):
                client.run({"runtime_s": 0})
    lines, inits = logged(stack, work, 3 * rounds)
    spent = {
        cold: [line.get("config_s", 0.0) for line in lines if line["cold"] == cold] for cold in (True, False)
    }
    return tuple(1000 * statistics.median(each) for each in (spent[True], spent[False], inits))


def logged(stack: Standing, function: str, expected: int) -> tuple[list[dict[str, Any]], list[float]]:
    """The function's log of each invocation, and the initialisation times of its environments [s]."""
    client, until = stack.target.client("logs"), time.monotonic() + 5
    while True:
        pages = client.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{function}")
        text = [line for page in pages for event in page["events"] for line in event["message"].splitlines()]
        lines = [json.loads(line) for line in text if line.startswith("{")]
        if len(lines) >= expected or time.monotonic() > until:
            inits = [
                float(line.split("Init Duration: ")[1].split()[0]) for line in text if "Init Duration" in line
            ]
            return lines, [each / 1000 for each in inits]
        time.sleep(0.2)


# 6. Predicted and measured ----------------------------------------------------------------------------

CALIBRATION_RUNS = [(2.0, 0.2, 100_000), (1.5, 0.6, 3_000_000)]  # jobs/s, run time [s], result [B]
UNSEEN = [(1.5, 1.2, 1_000_000), (2.0, 0.4, 2_000_000)]


def prediction(duration_s: float) -> None:
    """Print predicted beside measured times."""
    title("6. Predicted beside measured on runs that the calibration did not see (goal: within 15 %)")
    w = ex.Workload(**SMALL | {"response": {"p50": "1 MB"}})
    with stood(design(), w) as stack:
        measure(stack, jobs=24, concurrency=6, runtime=0.5, response=1000)  # start all environments
        runs = [
            one_run(stack, duration_s, seed, *each) for seed, each in enumerate([*CALIBRATION_RUNS, *UNSEEN])
        ]
    calibrated = ex.calibrate(w, runs[: len(CALIBRATION_RUNS)]).workload
    print(f"{'run':>34}{'measured p50, p95 s':>22}{'as assumed off':>20}{'calibrated off':>20}")
    for (rate, runtime_s, size), result in zip([*CALIBRATION_RUNS, *UNSEEN], runs, strict=True):
        what = f"{rate:g}/s, {runtime_s:g} s, {size / 1e6:g} MB"
        measured = result.measured["total"]
        predicted = [predict_run(each, stack.design, result.conditions)["total"] for each in (w, calibrated)]
        off = [
            "".join(f"{each[name] / measured[name] - 1:+10.1%}" for name in ("p50", "p95"))
            for each in predicted
        ]
        note = "" if (rate, runtime_s, size) in UNSEEN else " (calibrated on)"
        print(f"{what + note:>34}{measured['p50']:14.2f}{measured['p95']:8.2f}{off[0]:>20}{off[1]:>20}")


def one_run(
    stack: Standing, duration_s: float, seed: int, rate: float, runtime_s: float, size: int
) -> Result:
    """Measure jobs at one rate, run time and result size."""
    return measure(stack, rate=rate, duration=duration_s, seed=seed, runtime=runtime_s, response=size,
                   polling=Polling(0.1, 0.05))  # fmt: skip


# 7. A warm read of a status ---------------------------------------------------------------------------

BARE = """
def handle(event, context):
    print("read")
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": "{}"}
"""


def warm_reads(rounds: int) -> None:
    """Print the time of a status read, beside a function that does nothing and the server alone, in turn."""
    title(f"7. A warm read of a status, one at a time: {rounds} of each, in turn")
    with stood(design()) as stack:
        credentials = Credentials.of(stack.credentials() or {})
        signer = Signer(Scope.of(stack.url, None, stack.target.region), lambda: credentials)
        with Client(stack.url, stack.credentials()) as client:
            job = client.wait(client.submit({"runtime_s": 0, "response_bytes": 1000}))
        urls = {
            "status of a job": f"{stack.url}/jobs/{job.id}",
            "function that does nothing": bare_function(stack),
            "server alone": f"{stack.target.cloud.endpoint_url}/_ministack/health",
        }
        times: dict[str, list[float]] = {name: [] for name in urls}
        with httpx2.Client(trust_env=False) as http:
            for number in range(rounds + 5):  # the first start the environments and connections
                for name, url in urls.items():
                    headers = signer.sign("GET", url, {})
                    began = time.perf_counter()
                    http.get(url, headers=headers).raise_for_status()
                    if number >= 5:
                        times[name].append(1000 * (time.perf_counter() - began))
    print(f"{'':>28}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}")
    for name, spent in times.items():
        p50, p95, p99 = (sorted(spent)[int(share * (len(spent) - 1))] for share in (0.5, 0.95, 0.99))
        print(f"{name:>28}{p50:9.1f}{p95:9.1f}{p99:9.1f}", flush=True)


def bare_function(stack: Standing) -> str:
    """The address of an HTTP API in front of a function that does nothing, on the same cloud."""
    functions, gateway = stack.target.client("lambda"), stack.target.client("apigatewayv2")
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w") as package:
            package.writestr("bare.py", BARE)
        code = {"ZipFile": file.getvalue()}
    role = functions.get_function_configuration(FunctionName=f"{stack.name}-status")["Role"]
    arn = functions.create_function(
        FunctionName="bare", Runtime="python3.13", Handler="bare.handle", Role=role, Code=code, MemorySize=256
    )["FunctionArn"]
    api = gateway.create_api(Name="bare", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    gateway.create_route(ApiId=api, RouteKey="$default", Target=f"integrations/{integration}")
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    functions.add_permission(
        FunctionName="bare",
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    return f"{stack.target.cloud.endpoint_url}/_aws/execute-api/{api}/$default/"


def main() -> None:
    """Run the parts named in the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer jobs, kills and rounds")
    parser.add_argument("--only", type=int, nargs="*", help="these parts, 1 to 7", default=range(1, 8))
    arguments = parser.parse_args()
    quick = arguments.quick
    print("THE LOCAL CLOUD'S OWN TIMES on this machine, and not AWS's. Prices are AWS's.")
    parts = {
        1: lambda: up_and_down(1 if quick else 3),
        2: lambda: large_results(40 if quick else 500),
        3: lambda: killed(("single", "service") if quick else FORMS, *((40, 5) if quick else (500, 20))),
        4: lambda: long_work(1 if quick else 3),
        5: lambda: stores(2 if quick else 7),
        6: lambda: prediction(6 if quick else 20),
        7: lambda: warm_reads(50 if quick else 500),
    }
    supervisor.start(NAME, limits={"lambda.async.retry_wait_s": RETRY_S})
    try:
        for number in arguments.only:
            began = time.monotonic()
            parts[number]()
            took_s, load = time.monotonic() - began, os.getloadavg()[0]
            print(f"  ({took_s:.0f} s; load of the machine at the end {load:.1f})", flush=True)
    finally:
        supervisor.stop(NAME)


if __name__ == "__main__":
    main()
