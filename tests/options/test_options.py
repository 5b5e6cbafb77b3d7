"""Every limit that an option binds: at the limit, and one over."""

import pytest
from scipy.stats import poisson

from explorer.engine.cost import cost
from explorer.engine.designs import Placement, table
from explorer.engine.limits import Finding, binding_uses, findings
from explorer.errors import WorkloadError
from explorer.facts import catalogue
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import Offloaded, PeakDemand
from explorer.workload.distribution import constant
from explorer.workload.workload import Workload
from tests.support.designs import whole

KB, MB, GB = 1024, 1024**2, 1024**3
MONTH_S = 730 * 3600
LEAST = {"requests_per_month": 1000, "request": "1 KB", "response": "1 KB", "runtime": "1 s"}
DIVISIBLE = {"divisible": True}
SYNC = "request=inline, response=buffered, execution=single, configuration=bundled"
HTTP, REST, ALB, FURL = (f"door={door}, {SYNC}" for door in ("http-api", "rest-api", "alb", "function-url"))
ON_DEMAND = "initialization=on-demand"
STREAMED = "request=inline, response=streamed, execution=single, configuration=bundled"


def stored(execution: str, configuration: str = "bundled") -> str:
    return f"door=http-api, request=inline, response=stored, {execution=!s}, {configuration=!s}"


def sync(execution: str, configuration: str = "bundled", door: str = "http-api") -> str:
    return f"{door=!s}, request=inline, response=buffered, {execution=!s}, {configuration=!s}"


def workload(**fields) -> Workload:
    return Workload(**{**LEAST, **fields})


def finding_of(design: str, limit: str, **fields) -> Finding:
    w = workload(**fields)
    by_limit = {finding.limit: finding for finding in findings(w, whole(design))}
    assert limit in by_limit, f"{design} does not bind {limit}"
    return by_limit[limit]


def binary(size: int) -> dict:
    return {"p50": size, "binary": True}


def work(seconds: float, **more) -> dict:
    return {"p50": seconds, **more}


def settings(**more) -> dict:
    return {"configuration": more}


def jobs(rate: float, peak: float, seconds: float) -> dict:
    return {"requests_per_month": rate * MONTH_S, "peak_rps": peak, "runtime": seconds}


# One quantity: within the limit no request breaks it, one over every request does -------------------

PAIRS = [  # design, limit, at the limit, one over
    # Binary bodies are base64 in an event: 3 x floor((limit - envelope) / 4) bytes fit
    (FURL, "lambda.furl.request", {"request": binary(4_716_978)}, {"request": binary(4_716_979)}),
    (FURL, "lambda.furl.response", {"response": binary(4_718_589)}, {"response": binary(4_718_590)}),
    (HTTP, "lambda.sync.request", {"request": binary(4_716_978)}, {"request": binary(4_716_979)}),
    (REST, "lambda.sync.request", {"request": binary(4_715_595)}, {"request": binary(4_715_596)}),
    (ALB, "lambda.sync.request", {"request": binary(4_717_692)}, {"request": binary(4_717_693)}),
    (HTTP, "lambda.sync.response", {"response": binary(4_718_589)}, {"response": binary(4_718_590)}),
    (REST, "lambda.sync.response", {"response": binary(4_718_589)}, {"response": binary(4_718_590)}),
    (ALB, "lambda.sync.response", {"response": binary(4_718_589)}, {"response": binary(4_718_590)}),
    (ALB, "alb.lambda.response", {"response": binary(786_354)}, {"response": binary(786_355)}),
    # Text grows by 8 % of escapes: ceil(1.08 n) and the envelope
    (HTTP, "lambda.sync.response", {"response": 5_825_420}, {"response": 5_825_421}),
    (HTTP, "lambda.sync.request", {"request": 5_823_431}, {"request": 5_823_432}),
    # A gateway and a load balancer count the body as the client sends it
    (HTTP, "apigw.http.payload", {"request": 10 * MB}, {"request": 10 * MB + 1}),
    (HTTP, "apigw.http.payload", {"response": 10 * MB}, {"response": 10 * MB + 1}),
    (REST, "apigw.rest.payload", {"request": 10 * MB}, {"request": 10 * MB + 1}),
    (REST, "apigw.rest.payload", {"response": 10 * MB}, {"response": 10 * MB + 1}),
    (ALB, "alb.lambda.request", {"request": MB}, {"request": MB + 1}),
    # How long a door waits
    (HTTP, "apigw.http.timeout", {"runtime": 30}, {"runtime": 30.001}),
    (REST, "apigw.rest.timeout", {"runtime": 29}, {"runtime": 29.001}),
    (ALB, "alb.idle.timeout", {"runtime": 60}, {"runtime": 60.001}),
    (f"door=rest-api, {STREAMED}", "apigw.stream.idle", {"runtime": 300}, {"runtime": 300.001}),
    # 40 MB past the burst of 6 MB take 20 s at 2 MB/s
    (f"door=rest-api, {STREAMED}", "apigw.stream.duration", {"runtime": 880, "response": 46 * MB},
     {"runtime": 880.001, "response": 46 * MB}),
    (f"door=function-url, {STREAMED}", "lambda.furl.timeout", {"runtime": 880, "response": 46 * MB},
     {"runtime": 880, "response": 46 * MB + 4000}),
    (f"door=function-url, {STREAMED}", "lambda.timeout", {"runtime": 1780, "response": 46 * MB},
     {"runtime": 1780, "response": 46 * MB + 4000}),
    (f"door=function-url, {STREAMED}", "lambda.stream.response", {"response": 200 * MB},
     {"response": 200 * MB + 1}),
    # Behind a function URL and a load balancer nobody says that more than 900 s do
    (FURL, "lambda.furl.timeout", {"runtime": 900}, {"runtime": 900.001}),
    (ALB, "alb.lambda.timeout", {"runtime": 900}, {"runtime": 900.001}),
    # How long the work may run
    (FURL, "lambda.timeout", {"runtime": 1800}, {"runtime": 1800.001}),
    (stored("single"), "lambda.timeout", {"runtime": 1800}, {"runtime": 1800.001}),
    (stored("queued"), "lambda.timeout", {"runtime": 1800}, {"runtime": 1800.001}),
    (stored("durable"), "lambda.timeout", {"runtime": 1800}, {"runtime": 1800.001}),
    (stored("step-functions"), "lambda.timeout", {"runtime": 1800}, {"runtime": 1800.001}),
    (sync("managed-instance", door="function-url"), "lambda.timeout", {"runtime": 1800},
     {"runtime": 1800.001}),
    (sync("durable", door="function-url"), "durable.sync", {"runtime": 900}, {"runtime": 900.001}),
    (sync("durable", door="function-url"), "lambda.timeout", {"runtime": work(1800, **DIVISIBLE, steps=9)},
     {"runtime": work(1800.001, **DIVISIBLE, steps=9)}),
    (stored("managed-instance"), "lambda.timeout.lmi", {"runtime": 5400}, {"runtime": 5400.001}),
    *(
        (stored(execution), "lambda.timeout", {"runtime": work(18_000, **DIVISIBLE, steps=10)},
         {"runtime": work(18_000.01, **DIVISIBLE, steps=10)})
        for execution in ("recursion", "durable", "step-functions")
    ),
    # 29 steps of 60 s fill the 1,740 s that one invocation takes on: 16 invocations hold 464 steps
    (stored("recursion"), "lambda.recursion", {"runtime": work(27_840, **DIVISIBLE, steps=464)},
     {"runtime": work(27_900, **DIVISIBLE, steps=465)}),
    # 26 steps of 1,000 s need 26 invocations, though 1,740 s would hold 26,000 s in 15
    (stored("recursion"), "lambda.recursion", {"runtime": work(16_000, **DIVISIBLE, steps=16)},
     {"runtime": work(26_000, **DIVISIBLE, steps=26)}),
    # 7 events an invocation and 2: 3,571 invocations of 29 steps
    (stored("step-functions"), "sfn.history", {"runtime": work(6_213_540, **DIVISIBLE, steps=103_559)},
     {"runtime": work(6_213_600, **DIVISIBLE, steps=103_560)}),
    (stored("step-functions"), "sfn.duration.std", {"runtime": work(31_536_000, **DIVISIBLE)},
     {"runtime": work(31_536_001, **DIVISIBLE)}),
    (stored("durable"), "durable.ops", {"runtime": work(1, **DIVISIBLE, steps=2998)},
     {"runtime": work(1, **DIVISIBLE, steps=2999)}),
    (stored("durable"), "durable.storage", {"runtime": work(1, **DIVISIBLE, steps=100, state=MB)},
     {"runtime": work(1, **DIVISIBLE, steps=101, state=MB)}),
    # Behind an API the workflow's input is the body alone, its output the response: base64 in 262,144 bytes
    (sync("express"), "sfn.payload", {"request": binary(196_608)}, {"request": binary(196_609)}),
    (sync("express"), "sfn.payload", {"response": binary(196_608)}, {"response": binary(196_609)}),
    (sync("express"), "sfn.duration.exp", {"runtime": 300}, {"runtime": 300.001}),
    (stored("express"), "sfn.duration.exp", {"runtime": 300}, {"runtime": 300.001}),
    (stored("express"), "lambda.timeout", {"runtime": 1800}, {"runtime": 1800.001}),
    # How an environment starts
    (FURL, "lambda.init", {"runtime": work(1, init=10)}, {"runtime": work(1, init=10.001)}),
    (f"{FURL}, initialization=provisioned-concurrency", "lambda.init.extended",
     {"runtime": work(1, init=900)}, {"runtime": work(1, init=900.001)}),
    # Memory
    (FURL, "lambda.memory", {"runtime": work(1, memory=10_240)}, {"runtime": work(1, memory=10_241)}),
    (stored("queued"), "lambda.memory", {"runtime": work(1, memory=10_240)},
     {"runtime": work(1, memory=10_241)}),
    (stored("managed-instance"), "lambda.memory.model", {"runtime": work(1, memory=32_768)},
     {"runtime": work(1, memory=32_769)}),
    # Asynchronous work waits; what it needs at once is bound by its mean, or by how old it may get:
    # a peak of an hour may last 1 + 6 h to work off; a queue keeps jobs for 14 days, so that no peak binds
    (stored("single"), "lambda.concurrency", jobs(10, 10, 100), jobs(10.01, 10.01, 100)),
    (stored("single"), "lambda.concurrency", jobs(3, 70, 100), jobs(3, 70.1, 100)),
    (stored("queued"), "lambda.concurrency", jobs(1.123, 9, 890), jobs(1.124, 9, 890)),
    (stored("managed-instance"), "lmi.async", {"request": MB, "peak_rps": 5},
     {"request": MB, "peak_rps": 5.01}),
    # Most of the day two of the smallest do; one holds one request: 1.3 x 4.6 = 5.98 at the peak are six
    (sync("service", door="alb"), "fargate.vcpu", {"peak_rps": 4.6}, {"peak_rps": 4.7}),
    # Three environments an instance of six requests at once: no more than 15,000 environments
    (sync("managed-instance", door="function-url"), "lmi.environments.max", {"peak_rps": 30_000},
     {"peak_rps": 30_001}),
    # What is reserved and the 100 that must stay unreserved have to fit into the account's concurrency
    (stored("single"), "lambda.concurrency", {"downstream": {"concurrency": 900}},
     {"downstream": {"concurrency": 901}}),
    (stored("queued"), "lambda.concurrency",
     {"downstream": {"concurrency": 1}, "account": {"lambda.concurrency": 101}},
     {"downstream": {"concurrency": 1}, "account": {"lambda.concurrency": 100}}),
    # Where a latency is promised, nothing waits
    (stored("queued"), "lambda.esm.sqs.concurrency", {"peak_rps": 1250, "targets": {"latency_p95": 9}},
     {"peak_rps": 1251, "targets": {"latency_p95": 9}}),
    (stored("fargate"), "fargate.launch.rate", {"peak_rps": 20}, {"peak_rps": 20.1}),
    # What is kept
    ("door=http-api, request=presigned-upload, response=buffered, execution=single, configuration=bundled",
     "s3.put", {"request": 5 * GB}, {"request": 5 * GB + 1}),
    (stored("single"), "s3.object", {"response": "48.8 TB"}, {"response": "48.9 TB"}),
    (stored("single"), "s3.presign.role", {"response": 43_200_000, "client": {"bandwidth": 1000}},
     {"response": 43_201_000, "client": {"bandwidth": 1000}}),
    # Configuration: 6 bytes a variable and one
    (sync("single", "environment"), "lambda.env", settings(total=4035, entries=10),
     settings(total=4036, entries=10)),
    (sync("managed-instance", "environment"), "lambda.env", settings(total=4089, entries=1),
     settings(total=4090, entries=1)),
    (sync("single", "parameter-store"), "ssm.std", settings(total=9000, largest=4096),
     settings(total=9000, largest=4097)),
    (sync("single", "parameter-store"), "ssm.std", settings(total=8192, entries=2),
     settings(total=8194, entries=2)),
    (sync("single", "parameter-store"), "ssm.count.std", settings(total=10_000, entries=10_000),
     settings(total=10_001, entries=10_001)),
    (sync("single", "parameter-store-advanced"), "ssm.adv", settings(total=9000, largest=8192),
     settings(total=9000, largest=8193)),
    (sync("single", "secrets-manager"), "sm.value",
     settings(total=99_999, entries=2, secrets=1, largest=65_536),
     settings(total=99_999, entries=2, secrets=1, largest=65_537)),
    (sync("single", "appconfig"), "appconfig.size", settings(total=2 * MB), settings(total=2 * MB + 1)),
]  # fmt: skip


@pytest.mark.parametrize(("design", "limit", "at", "over"), PAIRS)
def test_at_the_limit_nothing_breaks_and_one_over_everything_does(design, limit, at, over):
    within, beyond = finding_of(design, limit, **at), finding_of(design, limit, **over)
    assert (within.breach_probability, beyond.breach_probability) == (0, pytest.approx(1))
    waits = limit == "lambda.concurrency"  # work waits for it: the demand may be over what is needed
    assert waits or within.used_p99 <= within.limit_value * (1 + 1e-12)
    assert beyond.used_p99 > beyond.limit_value
    assert within.verdict in {"fits", "tight"} and beyond.verdict in {"breach", "raise"}
    assert beyond.broken_per_month == pytest.approx(
        beyond.breach_probability * workload(**over).requests_per_month
    )


# A body to hand over that is too large goes through S3 -------------------------------------------------

SPILLS = [  # execution, limit, the largest binary body that is handed over: 3/4 of it
    ("single", "lambda.async.payload", 786_432),
    ("recursion", "lambda.async.payload", 786_432),
    ("managed-instance", "lambda.async.payload", 786_432),
    ("queued", "sqs.message", 786_432),
    ("durable", "durable.payload", 786_432),
    ("step-functions", "sfn.payload", 196_608),
    ("express", "sfn.payload", 196_608),
    ("fargate", "ecs.overrides", 6_144),
]


def spilled(execution: str, limit: str, size: int) -> float:
    w = workload(request=binary(size), runtime=work(1, **DIVISIBLE))
    design = whole(stored(execution))
    load = Conditions(w)
    uses = [use for o in design.options for use in binding_uses(Placement.of(o, design.flow), load)]
    (spill,) = [use for use in uses if isinstance(use, Offloaded)]
    assert spill.limit == limit
    return float(spill.share(load))


@pytest.mark.parametrize(("execution", "limit", "size"), SPILLS)
def test_a_body_is_handed_over_up_to_the_limit_and_goes_through_s3_beyond(execution, limit, size):
    assert (spilled(execution, limit, size), spilled(execution, limit, size + 1)) == (0, 1)


@pytest.mark.parametrize(("execution", "limit", "size"), SPILLS)
def test_a_body_that_goes_through_s3_breaks_nothing(execution, limit, size):
    finding = finding_of(stored(execution), limit, request=binary(size + 1), runtime=work(1, **DIVISIBLE))
    assert (finding.verdict, finding.breach_probability) == ("fits", 0)
    assert "100 %" in finding.consequence and "S3" in finding.consequence


@pytest.mark.parametrize("execution", ["single", "recursion"])
@pytest.mark.parametrize(
    ("size", "more"),
    [  # a binary body is 4/3 as an event: 256 KB are one request, and each 64 KB that begin are one more
        (196_608, 0),
        (196_609, 1),
        (245_760, 1),
        (245_761, 2),
        (786_432, 12),  # 1 MB: (1,024 - 256) / 64
        (786_433, 0),  # through S3: the event is small again
    ],
)
def test_an_asynchronous_event_is_billed_by_what_is_handed_over(execution, size, more):
    def requests(size: int) -> float:
        w = workload(request=binary(size), runtime=work(1))
        (line,) = (
            line for line in cost(w, whole(stored(execution))).lines if line.id == "lambda.request_arm"
        )
        return float(line.quantity) / w.requests_per_month

    assert requests(size) - requests(1) == pytest.approx(more, abs=1e-9)


# Rates and concurrency: Poisson demand at the peak ---------------------------------------------------

SLOW = {"requests_per_month": MONTH_S, "peak_ramp": 60}  # a mean of one a second, and a fast rise
DEMANDS = [  # design, limit, fields, mean demand, how much of the limit one takes
    (HTTP, "apigw.throttle", {"peak_rps": 9900}, 9900, 1),
    (REST, "apigw.throttle", {"peak_rps": 9900}, 9900, 1),
    ("door=http-api, request=presigned-upload, response=buffered, execution=single, configuration=bundled",
     "apigw.throttle", {"peak_rps": 4950}, 9900, 1),
    (HTTP, "lambda.concurrency", {"peak_rps": 970, "runtime": 1}, 970, 1),
    (f"door=function-url, {STREAMED}", "lambda.concurrency",
     {"peak_rps": 97, "runtime": 9, "response": 8 * MB}, 970, 1),
    (f"{HTTP}, {ON_DEMAND}", "lambda.scaling", {**SLOW, "peak_rps": 292, "runtime": 20}, 970, 1),
    (f"{HTTP}, {ON_DEMAND}", "lambda.scaling", {**SLOW, "peak_rps": 11641, "runtime": 0.5}, 970, 1),
    (HTTP, "lambda.concurrency", {"peak_rps": 9900, "runtime": 0.01}, 990, 1.0),  # a tenth of a second each
    (stored("durable"), "durable.start", {"peak_rps": 290}, 290, 1),
    (stored("durable"), "durable.running", {"peak_rps": 4999, "runtime": work(1000, **DIVISIBLE)},
     4_999_000, 1),
    (stored("durable"), "durable.checkpoint", {"peak_rps": 3300}, 9900, 1),  # one step, a start, an end
    (stored("step-functions"), "sfn.start", {"peak_rps": 290}, 290, 1),
    (stored("express"), "sfn.start.express", {"peak_rps": 5900}, 5900, 1),
    # Of work that takes over 2 hours a client opens a second connection
    (HTTP.replace("buffered", "pushed"), "apigw.ws.connect.rate", {"peak_rps": 490, "runtime": 7200}, 490, 1),
    (HTTP.replace("buffered", "pushed"), "apigw.ws.connect.rate", {"peak_rps": 245, "runtime": 7201}, 490, 1),
    (stored("fargate"), "fargate.vcpu", {"peak_rps": 0.1, "runtime": 15}, 0.1 * (15 + 35), 1),
    (stored("fargate"), "fargate.vcpu", {"peak_rps": 0.1, "runtime": work(15, memory=3538, threads=2)},
     5, 2),
    (stored("fargate"), "fargate.spot.vcpu", {"peak_rps": 0.1, "runtime": work(15, interruptible=True)},
     5, 1),
    (stored("fargate"), "ecs.runtask.rate", {"peak_rps": 18}, 18, 1),
    (stored("fargate"), "fargate.launch.burst", {"peak_rps": 19}, 95, 1),  # in the 5 s that it fills up in
    # A task a job reads each time: one call for ten values
    (stored("fargate", "parameter-store"), "ssm.tps", {"peak_rps": 38, **settings(total=99, entries=10)},
     38, 1),
    (stored("fargate", "parameter-store"), "ssm.tps", {"peak_rps": 19, **settings(total=99, entries=11)},
     38, 1),
    (stored("fargate", "parameter-store-advanced"), "ssm.tps",
     {"peak_rps": 38, **settings(total=99, entries=1)}, 38, 1),
    (stored("fargate", "secrets-manager"), "sm.get",
     {"peak_rps": 4950, **settings(total=99, entries=2, secrets=2)},
     9900, 1),
    (stored("fargate", "appconfig"), "appconfig.tps", {"peak_rps": 980, **settings(total=99)}, 980, 1),
]  # fmt: skip


@pytest.mark.parametrize(("design", "limit", "fields", "mean", "each"), DEMANDS)
def test_a_rate_breaks_with_the_chance_that_poisson_demand_exceeds_it(design, limit, fields, mean, each):
    finding = finding_of(design, limit, **fields)
    most = finding.limit_value / each
    assert finding.breach_probability == pytest.approx(poisson.sf(most + 1e-6, mean), rel=1e-6, abs=1e-12)
    assert finding.used_p99 == pytest.approx(each * poisson.ppf(0.99, mean))
    assert finding.used_p50 == pytest.approx(each * poisson.ppf(0.5, mean))


def test_demand_at_its_limit_and_one_over():
    load = Conditions(workload())
    at, over = PeakDemand("sfn.start", [300.0]), PeakDemand("sfn.start", [300.0])
    assert at.exceed(load, 300) == pytest.approx(poisson.sf(300, 300.0))
    assert over.exceed(load, 299) == pytest.approx(poisson.sf(299, 300.0))
    assert PeakDemand("sfn.start", [0.0]).exceed(load, 300) == 0
    assert PeakDemand("sfn.start", [0.0]).used_at(load, 0.5) == 0
    assert PeakDemand("sfn.start", [1e9]).exceed(load, float("inf")) == 0


# Limits that no workload reaches, and why ----------------------------------------------------------

PAIRED_BESIDE = "cf."  # in tests/options/edge/test_cloudfront.py
UNREACHED = {
    "ddb.item": "a status document has a few hundred bytes",
    "apigw.ws.message": "a notice has a few hundred bytes: its pair is with others",
    "snapstart.restore": "no restore that was measured takes 10 s: its pair is with others",
    "fargate.task": "a workload of more memory is refused",
    "durable.duration": "so is a longer run time",
    "lambda.async.age": "concurrency is asked for instead",
    "sqs.retention": "likewise",
}


def test_a_workload_ends_where_the_largest_container_and_the_longest_execution_do():
    assert (
        finding_of(stored("fargate"), "fargate.task", runtime=work(1, memory="120 GB")).breach_probability
        == 0
    )
    with pytest.raises(WorkloadError, match="120 GB"):
        workload(runtime=work(1, memory=122_881))
    assert finding_of(stored("durable"), "durable.duration", runtime="366 days").breach_probability == 0
    with pytest.raises(WorkloadError, match="366 days"):
        workload(runtime=31_622_401)


# Limits that only other facts would reach: a longer notice, a slower restore


@pytest.mark.parametrize(("size", "chance"), [(131_072, 0), (131_073, 1)])
def test_a_notice_at_the_limit_of_a_message_and_one_byte_over(monkeypatch, size, chance):
    original = Conditions.constant
    monkeypatch.setattr(
        Conditions, "constant", lambda load, id: size if id == "status.bytes" else original(load, id)
    )
    assert finding_of(HTTP.replace("buffered", "pushed"), "apigw.ws.message").breach_probability == chance


@pytest.mark.parametrize(("seconds", "chance"), [(10, 0), (10.001, 1)])
def test_a_restore_at_its_limit_and_a_little_over(monkeypatch, seconds, chance):
    monkeypatch.setattr(Conditions, "restore_of", lambda load, measure: measure(constant(seconds)))
    design = f"{FURL}, initialization=snap-start"
    assert finding_of(design, "snapstart.restore").breach_probability == chance


@pytest.mark.parametrize("limit", ["lambda.async.age", "sqs.retention"])
def test_waiting_jobs_get_as_old_as_a_peak_makes_them(limit):
    design = stored("single" if limit == "lambda.async.age" else "queued")
    # twice what 1,000 environments work off for an hour: the last job of it waits an hour
    assert finding_of(design, limit, **jobs(1, 20, 100)).used_p99 == pytest.approx(3600)
    assert finding_of(design, limit, **jobs(1, 10, 100)).used_p99 == 0


def test_every_limit_that_an_option_binds_has_its_pair():
    w = workload(
        response={"p50": 1, "divisible": True},
        runtime={"p50": 1, "divisible": True, "interruptible": True},
        configuration={"total": 9, "entries": 3, "secrets": 1},
    )
    load = Conditions(w)
    bound_ids = {use.limit for placement in table().placements for use in binding_uses(placement, load)}
    tested = {limit for _, limit, *_ in [*PAIRS, *SPILLS, *DEMANDS]} | set(UNREACHED)
    assert {limit for limit in bound_ids if not limit.startswith(PAIRED_BESIDE)} == tested


def test_every_option_that_binds_a_payload_a_time_or_a_rate_is_paired():
    bound_pairs = {
        (placement.option.id, use.limit)
        for placement in table().placements
        for use in binding_uses(placement, Conditions(workload()))
    }
    tested = set()
    for design_text, limit, *_ in [*PAIRS, *((stored(e), limit) for e, limit, _ in SPILLS), *DEMANDS]:
        design = whole(design_text)
        tested |= {(option, limit) for option in design.ids.values()}
    missing = {(option, limit) for option, limit in bound_pairs - tested if limit not in UNREACHED}
    # options that share their class's limits with one that is paired
    shared = {
        "lambda.memory",
        "lambda.concurrency",
        "lambda.scaling",
        "s3.object",
        "s3.presign.role",
    }
    beside = {(option, limit) for option, limit in missing if limit.startswith(PAIRED_BESIDE)}
    assert {(option, limit) for option, limit in missing - beside if limit not in shared} == set()


# What varies: the share of requests over the limit -------------------------------------------------


@pytest.mark.parametrize(
    ("design", "limit", "field", "size"),
    [
        (HTTP, "apigw.http.payload", "request", 10 * MB),
        (HTTP, "apigw.http.timeout", "runtime", 30),
        (HTTP, "lambda.sync.response", "response", 5_825_420),
        (stored("single"), "lambda.timeout", "runtime", 1800),
    ],
)
def test_a_limit_at_the_p90_breaks_for_one_request_in_ten(design, limit, field, size):
    finding = finding_of(design, limit, **{field: {"p50": size / 9, "p90": size}})
    assert finding.breach_probability == pytest.approx(0.1, rel=1e-5)
    assert finding.broken_per_month == pytest.approx(100, rel=1e-5)


def test_run_time_and_streaming_time_are_large_together():
    # of 1 in 4 requests the run takes 600 s and the stream (606 - 6) / 2 = 300 s; of 1 in 4 more
    samples = {"runtime": {"samples": [1, 1, 600, 601]}, "response": {"samples": [1, 1, 606 * MB, 606 * MB]}}
    finding = finding_of(f"door=function-url, {STREAMED}", "lambda.furl.timeout", **samples)
    assert finding.breach_probability == pytest.approx(0.25, abs=1e-6)


def test_compression_counts_the_compressed_size_as_base64():
    design = f"{HTTP}, compression=gzip"
    at = {"p50": 18_874_356, "compression": 0.25}  # a quarter of it is 4,718,589
    assert finding_of(design, "lambda.sync.response", response=at).breach_probability == 0
    over = {"p50": 18_874_360, "compression": 0.25}
    assert finding_of(design, "lambda.sync.response", response=over).breach_probability == 1
    assert finding_of(design, "apigw.http.payload", response=over).used_p99 == 4_718_590


def test_a_page_never_breaks_the_limit_that_it_is_cut_to():
    design = "door=http-api, request=inline, response=paged, execution=single, configuration=bundled"
    finding = finding_of(design, "lambda.sync.response", response={"p50": "5 GB", "divisible": True})
    assert (finding.breach_probability, finding.verdict) == (0, "fits")


@pytest.mark.parametrize(
    ("design", "freed"),
    [
        (
            sync("service", "environment", "alb"),
            {"lambda.sync.request", "alb.lambda.request", "lambda.timeout"},
        ),
        (
            sync("service", "environment", "alb"),
            {"lambda.sync.response", "alb.lambda.response", "lambda.env"},
        ),
        (HTTP.replace("inline", "presigned-upload"), {"lambda.sync.request"}),
        (stored("single"), {"lambda.sync.response", "apigw.http.timeout"}),
    ],
)
def test_what_frees_a_limit(design, freed):
    w = workload()
    assert not freed & {finding.limit for finding in findings(w, whole(design))}


def test_limits_carry_their_source_and_whether_they_are_verified():
    finding = finding_of(f"door=function-url, {STREAMED}", "lambda.stream.response")
    assert finding.source_url == catalogue.limit("lambda.stream.response").source_url and finding.verified
    assert not finding_of(f"door=function-url, {STREAMED}", "lambda.timeout").verified
