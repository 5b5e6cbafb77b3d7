"""What is asked beside the workloads: wrong input, usage tables, templates, answers to `init`, designs.

A case is a command line with the files that lie where it runs. `STATEMENTS` and the other examples are
found by their names.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

LEAST = 'requests_per_month = 1e6\nresponse = "2 MB"\nruntime = "120 ms"\n'
W = "w.toml"


@dataclass(frozen=True)
class Case:
    """A command, what lies beside it, and what is typed."""

    words: tuple[str, ...]
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    typed: str = ""
    reads: tuple[str, ...] = ()  # files whose text is part of the answer


def _workload(text: str, *, name: str = W, **files: str) -> Case:
    return Case(("recommend", name), {name: text, **{key.replace("__", "."): v for key, v in files.items()}})


def _with(line: str) -> Case:
    """The least workload with one line more, or with other tables."""
    return _workload(LEAST + line + "\n")


def _instead(field: str, value: str) -> Case:
    """The least workload with another value of one of its three fields."""
    others = [line for line in LEAST.splitlines() if not line.startswith(field)]
    return _workload("\n".join([f"{field} = {value}", *others]) + "\n")


def _usage(text: str | bytes) -> Case:
    return Case(("bill", "usage.csv"), {"usage.csv": text})


def _command(*words: str, **files: str) -> Case:
    return Case(words, {W: LEAST, **{key.replace("__", "."): v for key, v in files.items()}})


BAD = {
    # Command lines.
    "no such command": _command("swep"),
    "no such option": _command("--bogus"),
    "no such option of a command": _command("recommend", W, "--bogus"),
    "recommend: nothing": _command("recommend"),
    "recommend: two": _command("recommend", W, W),
    "recommend: no file": _command("recommend", "none.toml"),
    "recommend: no example": _command("recommend", "nonesuch"),
    "recommend: a folder": _command("recommend", "."),
    "recommend: no region": _command("recommend", W, "--region", "mars"),
    "recommend: a region without a value": _command("recommend", W, "--region"),
    "assess: no design": _command("assess", W),
    "assess: no concern": _command("assess", W, "--design", "dor=alb"),
    "assess: no option": _command("assess", W, "--design", "door=http"),
    "assess: no equals sign": _command("assess", W, "--design", "alb"),
    "assess: empty": _command("assess", W, "--design", ""),
    "assess: commas": _command("assess", W, "--design", " , "),
    "assess: twice": _command("assess", W, "--design", "door=alb,door=rest-api"),
    "assess: a clash": _command("assess", W, "--design", "door=http-api,response=streamed"),
    "assess: an option that is a pair now": _command("assess", W, "--design", "response=compressed"),
    "assess: no compression": _command("assess", W, "--design", "edge=cloudfront,compression=zip"),
    "assess: a clash of the initialization": _command(
        "assess", W, "--design", "execution=fargate,initialization=snap-start"
    ),
    "assess: another clash": _command(
        "assess", W, "--design", "execution=recursion,response=buffered,door=alb"
    ),
    "forecast: no growth": _command("forecast", W),
    "forecast: no field": _command("forecast", W, "--growth", "respons=3%"),
    "forecast: no rate": _command("forecast", W, "--growth", "response=fast"),
    "forecast: a rate below -100 %": _command("forecast", W, "--growth", "response=-120%"),
    "forecast: no equals sign": _command("forecast", W, "--growth", "response"),
    "forecast: twice": _command("forecast", W, "--growth", "response=3%", "--growth", "response=4%"),
    "forecast: a field that is not given": _command("forecast", W, "--growth", "targets.latency_p95=3%"),
    "forecast: no months": _command("forecast", W, "--growth", "response=3%", "--months", "0"),
    "forecast: months in words": _command("forecast", W, "--growth", "response=3%", "--months", "six"),
    "forecast: too far": _command("forecast", W, "--growth", "response=900%", "--months", "600"),
    "forecast: a success over 1": _command("forecast", W, "--growth", "targets.success=5%"),
    "sweep: no axis": _command("sweep", W),
    "sweep: no field": _command("sweep", W, "--axis", "respons=1KB:1MB:3"),
    "sweep: no count": _command("sweep", W, "--axis", "response=1KB:1MB"),
    "sweep: a count of 0": _command("sweep", W, "--axis", "response=1KB:1MB:0"),
    "sweep: from above": _command("sweep", W, "--axis", "response=1MB:1KB:3"),
    "sweep: from 0": _command("sweep", W, "--axis", "response=0:1KB:3"),
    "sweep: no size": _command("sweep", W, "--axis", "response=small:1MB:3"),
    "sweep: twice": _command("sweep", W, "--axis", "response=1KB:1MB:3", "--axis", "response=1KB:2MB:3"),
    "sweep: another ending": _command("sweep", W, "--axis", "response=1KB:1MB:3", "-o", "out.csv"),
    "sweep: no folder": _command("sweep", W, "--axis", "response=1KB:1MB:3", "-o", "no/out.parquet"),
    "sweep: seven axes": Case(
        (
            "sweep",
            "statements",
            *(
                w
                for a in (
                    "request=1KB:2KB:1",
                    "response=1KB:2KB:1",
                    "runtime=1s:2s:1",
                    "peak_rps=20:30:1",
                    "client.waits=1s:2s:1",
                    "targets.success=0.9:0.99:1",
                    "runtime.memory=512:1024:1",
                )
                for w in ("--axis", a)
            ),
        )
    ),
    "sensitivity: no range": _command("sensitivity", W, "--range", "response"),
    "sensitivity: no field": _command("sensitivity", W, "--range", "respons=1KB..2KB"),
    "sensitivity: turned round": _command("sensitivity", W, "--range", "response=2MB..1MB"),
    "sensitivity: no size": _command("sensitivity", W, "--range", "response=1..x"),
    "sensitivity: twice": _command("sensitivity", W, "--range", "response=2x", "--range", "response=3x"),
    "sensitivity: no samples": _command("sensitivity", W, "--samples", "0"),
    "sensitivity: no risk": _command("sensitivity", W, "--risk", "2"),
    "simulate: nothing": _command("simulate"),
    "simulate: no rate": _command("simulate", "--warm-s", "1"),
    "simulate: a rate below 0": _command("simulate", "--warm-s", "1", "--arrival-rps", "-1"),
    "simulate: no time": _command("simulate", "--warm-s", "soon", "--arrival-rps", "1"),
    "simulate: no quantile": _command("simulate", "--warm-s", "p500=1s", "--arrival-rps", "1"),
    "simulate: falling quantiles": _command("simulate", "--warm-s", "p50=9s,p99=1s", "--arrival-rps", "1"),
    "simulate: no shape": _command("simulate", "--warm-s", "1", "--arrival-rps", "1", "--shape", "normal"),
    "simulate: no pattern": _command("simulate", "--warm-s", "1", "--arrival-rps", "1", "--arrivals", "tide"),
    "simulate: no number in a file": _command(
        "simulate", "--warm-s", "1", "--arrivals", "times.txt", times__txt="1\n2\nx\n"
    ),
    "simulate: an empty file": _command(
        "simulate", "--warm-s", "1", "--arrivals", "times.txt", times__txt="\n"
    ),
    "report: no output": _command("report", W),
    "report: no folder": _command("report", W, "-o", "no/such/x.html"),
    "report: another ending": _command("report", W, "-o", "out.docx"),
    "report: two into a file": _command("report", W, W, "-o", "out.md"),
    "report: another form": _command("report", W, "-o", "out", "--form", "docx"),
    "report: a form of a file": _command("report", W, "-o", "out.md", "--form", "md"),
    "report: no growth": _command("report", W, "-o", "out.md", "--growth", "response"),
    "report: no benchmark": _command("report", W, "-o", "out.md", "--measured", "none.parquet"),
    "report: nothing": _command("report", "-o", "out.md"),
    "check: nothing": _command("check"),
    "check: no file": _command("check", "none.yaml"),
    "check: another format": _command("check", W, "--format", "xml"),
    "check: another failure": _command("check", W, "--fail-on", "fits"),
    "check: no share": _command("check", W, "--warn-at", "lots"),
    "check: no template": _command("check", "notes.md", notes__md="# Notes\n"),
    "check: no TOML": _command("check", "broken.toml", broken__toml="requests_per_month = \n"),
    "check: no YAML": _command("check", "t.yaml", t__yaml="Resources: {F: [\n"),
    "check: no workload": _command("check", "b.toml", b__toml='requests_per_month = "many"\n'),
    "check: no growth": _command("check", W, "--growth", "respons=3%"),
    "check: no months": _command("check", W, "--growth", "response=3%", "--months", "9999"),
    "init: is there already": _command("init", W, "--yes"),
    "init: no folder": _command("init", "no/new.toml", "--yes"),
    "init: no equals sign": _command("init", "new.toml", "--yes", "--set", "nonsense"),
    "init: no field": _command("init", "new.toml", "--yes", "--set", "respons.p50=1 MB"),
    "init: no size": _command("init", "new.toml", "--yes", "--set", "response.p50=big"),
    "init: no dotenv": _command("init", "new.toml", "--yes", "--set", "configuration=.env"),
    "init: no door": _command("init", "new.toml", "--yes", "--set", "current.door=htp"),
    "init: no answer": _command("init", "new.toml"),
    "init: half the answers": Case(("init", "new.toml"), typed="x\nus-east-1\n\n"),
    "export: no output": _command("export", W),
    "export: not empty": _command("export", W, "-o", "."),
    "export: no handler": _command("export", W, "-o", "out", "--handler", "work.py"),
    "export: no such function": _command(
        "export", W, "-o", "out", "--handler", "work.py:handle", work__py="def run(body, context): ...\n"
    ),
    "export: a handler that is no Python": _command(
        "export", W, "-o", "out", "--handler", "work.py:handle", work__py="def handle(:\n"
    ),
    "export: not deployable": _command("export", W, "-o", "out", "--design", "door=alb,execution=service"),
    "export: another language": _command("export", "runners", "-o", "out"),
    "deploy: no target": _command("deploy", W, "--target", "moon"),
    "deploy: no hours": _command("deploy", W, "--hours", "0"),
    "bench: nothing": _command("bench"),
    "bench: another ending": _command("bench", "stack", "-o", "rows.csv"),
    "ingest: nothing": _command("ingest"),
    "ingest: no file": _command("ingest", "none.log"),
    "ingest: nothing in it": _command("ingest", "a.log", a__log="hello\nworld\n"),
    "ingest: samples without a file": _command("ingest", "a.log", "--samples", a__log="hello\n"),
    "limits: a region": _command("limits", "--region", "mars"),
    "prices: no region": _command("prices", "--region", "mars"),
    "lab: no port": _command("lab", "--port", "99999"),
    "app: no workload": _command("app", "none.toml"),
    "app: no port": _command("app", W, "--port", "0"),
    "cloud: no command": _command("cloud", "dance"),
    "cloud: a name that leaves its folder": _command("cloud", "start", "--name", "../elsewhere"),
    # Usage tables.
    "bill: no file": _command("bill", "none.csv"),
    "bill: no region": Case(("bill", "usage.csv", "--region", "mars"), {"usage.csv": "id,quantity\n"}),
    "bill: empty": _usage(""),
    "bill: no quantity": _usage("id,amount\nx,1\n"),
    "bill: no id of a price": _usage("id,quantity\nlambda.requst_x86,1\n"),
    "bill: an empty id": _usage("id,quantity\n,1\n"),
    "bill: below 0": _usage("id,quantity\nlambda.request_x86,-1\n"),
    "bill: in words": _usage("id,quantity\n\nlambda.request_x86,many\n"),
    "bill: not a number": _usage("id,quantity\nlambda.request_x86,nan\n"),
    "bill: too many fields": _usage("id,quantity\nlambda.request_x86,1,000\n"),
    "bill: no CSV": _usage('id,quantity\n"lambda'),
    "bill: far too much": _usage("id,quantity\nlambda.request_x86,1e30\n"),
    "bill: no text": _usage(b"\xff\xfe\x00"),
    # Workload files.
    "no TOML": _workload("requests_per_month = = 1\n"),
    "a key twice": _workload(LEAST + 'runtime = "1 s"\n'),
    "a bare p99.9": _workload(
        'requests_per_month = 1\nresponse = 1\n[runtime]\np99 = "1 s"\np99.9 = "2 s"\n'
    ),
    "not UTF-8": Case(("recommend", W), {W: b"name = '\xff'\n"}),
    "empty": _workload(""),
    "no response": _workload('requests_per_month = 1\nruntime = "1 s"\n'),
    "no such field": _with('respons = "1 MB"'),
    "no such field of a table": _with("[client]\nwait = 3"),
    "no such table": _with("[clients]\nwaits = 3"),
    "requests in words": _instead("requests_per_month", '"many"'),
    "no requests": _instead("requests_per_month", "0"),
    "requests: true": _instead("requests_per_month", "true"),
    "requests: inf": _instead("requests_per_month", "inf"),
    "a peak below the mean": _with("peak_rps = 0.001"),
    "no size": _instead("response", '"2 MBB"'),
    "a size below 0": _instead("response", "-1"),
    "a size over 50 TB": _instead("response", '"60 TB"'),
    "a size that is a list": _instead("response", "[1, 2]"),
    "no time": _instead("runtime", '"soon"'),
    "a time over a year": _instead("runtime", '"400 days"'),
    "falling quantiles": _instead("response", '{ p50 = "2 MB", p99 = "1 MB" }'),
    "a maximum below": _instead("response", '{ p50 = "2 MB", max = "1 MB" }'),
    "p0": _instead("response", '{ p0 = "2 MB" }'),
    "p99.99.9": _instead("response", '{ "p99.999" = "2 MB" }'),
    "a value and quantiles": _instead("response", '{ value = 1, p50 = "2 MB" }'),
    "nothing of a spread": _instead("response", "{ binary = true }"),
    "no samples": _instead("response", "{ samples = [] }"),
    "samples in words": _instead("response", '{ samples = ["a", "b"] }'),
    "samples below 0": _instead("response", "{ samples = [-1.0, 2.0] }"),
    "no file of samples": _instead("response", '{ samples = "none.csv" }'),
    "samples of another ending": _workload(
        'requests_per_month = 1\nruntime = 1\nresponse = { samples = "a.json" }\n', a__json="[1]"
    ),
    "two columns of samples": _workload(
        'requests_per_month = 1\nruntime = 1\nresponse = { samples = "a.csv" }\n', a__csv="x,y\n1,2\n3,4\n"
    ),
    "no such column": _workload(
        'requests_per_month = 1\nruntime = 1\nresponse = { samples = "a.csv", column = "z" }\n',
        a__csv="x,y\n1,2\n3,4\n",
    ),
    "a column without samples": _instead("response", '{ value = 1, column = "z" }'),
    "binary in words": _instead("response", '{ value = 1, binary = "yes" }'),
    "compression 0": _instead("response", "{ value = 1, compression = 0 }"),
    "memory": _instead("runtime", '{ value = 1, memory = "1 KB" }'),
    "architecture": _instead("runtime", '{ value = 1, architecture = "mips" }'),
    "language": _instead("runtime", '{ value = 1, language = "cobol" }'),
    "cpu over 1": _instead("runtime", "{ value = 1, cpu = 1.5 }"),
    "threads 0": _instead("runtime", "{ value = 1, threads = 0 }"),
    "a tuned time without its memory": _instead("runtime", '{ value = 1, tuned = [{ p50 = "1 s" }] }'),
    "cacheable over 1": _instead("response", "{ value = 1, cacheable = 2 }"),
    "steps": _instead("runtime", "{ value = 1, steps = 0 }"),
    "network": _instead("runtime", '{ value = 1, network = "fast" }'),
    "region": _with('region = "mars"'),
    "a number for a name": _with("name = 3"),
    "entries 0": _with('[configuration]\ntotal = "1 KB"\nentries = 0'),
    "more secrets than entries": _with('[configuration]\ntotal = "1 KB"\nentries = 2\nsecrets = 3'),
    "a largest over the total": _with('[configuration]\ntotal = "1 KB"\nlargest = "2 KB"'),
    "no dotenv": _with('[configuration]\ndotenv = "none.env"'),
    "a dotenv and a total": _workload(
        LEAST + '[configuration]\ndotenv = "a.env"\ntotal = 3\n', a__env="A=1\n"
    ),
    "a dotenv with a line that is none": _workload(
        LEAST + '[configuration]\ndotenv = "a.env"\n', a__env='A=1\nB="unclosed\n'
    ),
    "an empty dotenv": _workload(LEAST + '[configuration]\ndotenv = "a.env"\n', a__env="# nothing\n"),
    "waits": _with('[client]\nwaits = "for ever"'),
    "bandwidth": _with("[client]\nbandwidth = 0"),
    "auth": _with('[client]\nauth = "basic"'),
    "needs": _with('[client]\nneeds = ["speed"]'),
    "needs: a text": _with('[client]\nneeds = "waf"'),
    "success over 1": _with("[targets]\nsuccess = 99.9"),
    "first byte": _with('[targets]\nfirst_byte_p95 = "soon"'),
    "no quota": _with('[account]\n"lambda.concurency" = 5'),
    "a quota that nobody raises": _with('[account]\n"lambda.timeout" = 1800'),
    "a savings plan": _with('[preferences]\nsavings_plan = "compute-2y"'),
    "no concurrency downstream": _with("[downstream]\nconcurrency = 0"),
    "latency": _with('[targets]\nlatency_p95 = "-1 s"'),
    "discount 1": _with("[preferences]\ndiscount = 1"),
    "month_hours": _with("[preferences]\nmonth_hours = 800"),
    "part_usd": _with("[preferences]\npart_usd = -1"),
    "free_tier": _with("[preferences]\nfree_tier = 1"),
    "today's door": _with('[current]\ndoor = "htp-api"'),
    "today's clash": _with('[current]\ndoor = "http-api"\nresponse = "streamed"'),
    "no such time": _with('[times]\n"s3.requst" = "1 s"'),
    "a table for a number": _with("[peak_rps]\nvalue = 3"),
}

HUMAN = {  # what a person reads, without --json
    **{f"recommend {name}": ("recommend", name) for name in ("statements", "solver", "runners", "photos")},
    "recommend --all": ("recommend", "statements", "--all"),
    "assess": ("assess", "statements", "--design", "door=rest-api,response=buffered"),
    "assess, infeasible": (
        "assess",
        "photos",
        "--design",
        "door=rest-api,request=inline,response=buffered,execution=single,configuration=environment",
    ),
    "forecast": ("forecast", "statements", "--growth", "response=3%/month"),
    "forecast, two fields": (
        "forecast",
        "photos",
        "--growth",
        "request=30 %/year",
        "--growth",
        "requests_per_month=5%",
        "--months",
        "24",
    ),
    "bill": ("bill", "usage.csv"),
    "bill, elsewhere": ("bill", "usage.csv", "--region", "sa-east-1", "--free-tier"),
    "sweep": ("sweep", "statements", "--axis", "response=1KB:200MB:9", "--axis", "runtime=10ms:2h:9"),
    "sensitivity": ("sensitivity", "statements", "--samples", "400"),
    "sensitivity, ranges": (
        "sensitivity",
        "research",
        "--range",
        "response=0.5x..3x",
        "--range",
        "runtime=2x",
        "--samples",
        "300",
    ),
    "simulate": (
        "simulate",
        "--arrival-rps",
        "0.9",
        "--warm-s",
        "2",
        "--cold-s",
        "2.3",
        "--duration-s",
        "2e4",
    ),
    "simulate, intervals": (
        "simulate",
        "--arrival-rps",
        "3",
        "--warm-s",
        "p50=1s,p99=9s",
        "--duration-s",
        "5000",
        "--replications",
        "5",
        "--max-concurrency",
        "9",
        "--queue",
    ),
    "check": ("check", "statements.toml", "--all"),
    "check, in time": ("check", "statements.toml", "--growth", "response=5%/month", "--months", "24"),
    "version": ("--version",),
    "nothing": (),
}
PLAIN = {  # further commands with --json
    "sensitivity statements": ("sensitivity", "statements", "--samples", "500"),
    "sensitivity photos": (
        "sensitivity",
        "photos",
        "--range",
        "request=1MB..9MB",
        "--design",
        "door=rest-api",
        "--samples",
        "300",
    ),
    "sensitivity solver": ("sensitivity", "solver", "--samples", "200", "--seed", "3", "--risk", "0.2"),
    "simulate": (
        "simulate",
        "--arrival-rps",
        "0.9",
        "--warm-s",
        "2",
        "--cold-s",
        "2.3",
        "--duration-s",
        "2e4",
    ),
    "simulate, week": (
        "simulate",
        "--arrival-rps",
        "0.5",
        "--warm-s",
        "250ms",
        "--arrivals",
        "week",
        "--duration-s",
        "3e5",
        "--provisioned",
        "1",
        "--retries",
        "2",
        "--failure-probability",
        "0.02",
        "--start-limit",
        "5",
    ),
    "limits": ("limits",),
    "limits furl": ("limits", "furl"),
    "prices alb": ("prices", "alb"),
    "prices, two regions": ("prices", "lambda", "--region", "eu-west-1", "--region", "ap-northeast-3"),
    "sweep": ("sweep", "statements", "--axis", "response=1KB:200MB:30", "--axis", "runtime=10ms:2h:30"),
    "sweep, three": (
        "sweep",
        "photos",
        "--axis",
        "request=1KB:200MB:8",
        "--axis",
        "requests_per_month=1e4:1e9:8",
        "--axis",
        "client.waits=1s:900s:5",
    ),
}
USAGE = "id,quantity\nlambda.request_x86,3e6\nlambda.duration_x86,540000\ns3.standard_storage,900\n"

PRICES = (
    "alb.alb_hour", "alb.lcu_hour", "apigateway.http_request", "apigateway.rest_request",
    "appconfig.configuration_received", "appconfig.get_configuration_call", "cloudwatch.logs_storage",
    "cloudwatch.logs_ingest_vended_standard", "dynamodb.ondemand_rru", "dynamodb.ondemand_wru",
    "dynamodb.storage_standard", "eventbridge.pipe_request", "fargate.ephemeral_storage",
    "fargate.memory_linux_arm", "fargate.memory_linux_x86", "fargate.vcpu_linux_arm",
    "fargate.vcpu_linux_x86", "kms.symmetric_request", "kms.customer_managed_key",
    "lambda.durable_data_written", "lambda.durable_operation", "lambda.duration_arm",
    "lambda.duration_x86", "lambda.ephemeral_storage_arm", "lambda.request_arm", "lambda.request_x86",
    "lambda.response_streaming_arm", "nat.nat_data", "nat.nat_hour", "s3.standard_storage",
    "s3.standard_tier1_request", "s3.standard_tier2_request", "secretsmanager.api_call",
    "secretsmanager.secret", "sqs.fifo_request", "sqs.standard_request", "ssm.advanced_api_interaction",
    "ssm.advanced_parameter", "states.express_duration", "states.express_request",
    "states.standard_transition", "transfer.cross_az", "transfer.internet_out",
    "vpc.public_ipv4_in_use",
)  # fmt: skip


def bills(count: int = 60) -> dict[str, Case]:
    """Usage tables, with regions and the free tier."""
    draw = random.Random("guard-bills").random
    tables = {}
    for number in range(count):
        ids = [price for price in PRICES if draw() < 0.2] or ["lambda.request_arm"]
        rows = "".join(f"{price},{10 ** (9 * draw() - 1):.6g}\n" for price in ids)
        region = ("us-east-1", "eu-west-1", "sa-east-1", "ap-south-1", "us-west-2")[int(draw() * 5)]
        free = ("--free-tier",) if draw() < 0.5 else ()
        words = ("bill", "usage.csv", "--region", region, *free, "--json")
        tables[f"b{number:02}"] = Case(words, {"usage.csv": "id,quantity\n" + rows})
    tables["twice"] = Case(
        ("bill", "-", "--json"), typed="quantity,id\n1,sqs.fifo_request\n2.5,sqs.fifo_request\n"
    )
    tables["none"] = Case(("bill", "-", "--json"), typed="id,quantity\n")
    return tables


def _init(*words: str, typed: str = "", **files: str) -> Case:
    beside = {key.replace("__", "."): text for key, text in files.items()}
    return Case(("init", "new.toml", *words), beside, typed, ("new.toml",))


def _set(*pairs: str, **files: str) -> Case:
    return _init("--yes", *(word for pair in pairs for word in ("--set", pair)), **files)


INIT = {
    "defaults": _init("--yes"),
    "defaults, JSON": _init("--yes", "--json"),
    "overwritten": _init("--yes", "--force", new__toml="x"),
    "blank": _init(typed="\n" * 40),
    "blank, JSON": _init("--json", typed="\n" * 40),
    "every answer": _init(
        typed="Mine\neu-west-1\n3 million\n9\n40 KB\n900 KB\ny\n800 KB\n9 MB\nyes\nno\n4 s\n40 s\n2 GB\n"
        "yes\n12 KB\n3\nyes\n25 s\nyes\nno\niam\nwaf, private\n99.9 %\n90 s\nrest-api\nbuffered\n"
    ),
    "answers that are asked again": _init(
        typed="x\nmars\neu-west-1\nmany\n5000\n\n9 MBB\n9 KB\n1 KB\n10 KB\nmaybe\nyes\n" + "\n" * 30
    ),
    "spreads": _set("response=2 MB", "response.binary=yes", "request.p50=1 KB", "request.p99=9 KB"),
    "p99.9": _set("response.p50=1 MB", "response.p99.9=9 MB"),
    "max": _set("runtime.max=40 s", "runtime.p50=4 s"),
    "needs": _set("client.needs=waf,private"),
    "configuration": _set("configuration=12 KB", "configuration.secrets=2"),
    "a number for a name": _set("name=42"),
    "words": _set("requests_per_month=1.5 Million", "targets.success=99.95%", "preferences.part_usd=0"),
    "a dotenv": _set("configuration=prod.env", prod__env="TOKEN=hunter2\nMODE=fast\n"),
    "--dotenv": _init("--yes", "--dotenv", "prod.env", prod__env="TOKEN=hunter2\nMODE=fast\n"),
    "quotes": _set('name=a " and \\ é\x7f'),
    "today": _set("current.door=rest-api", "current.response=stored"),
    "samples": _set("response.samples=sizes.txt", sizes__txt="1000\n2000\n9000\n"),
    "some asked": _init("--set", "name=x", "--set", "response=2 MB", typed="\n" * 40),
    "times": _set("runtime.architecture=x86_64", "runtime.language=go", "runtime.memory=512 MB"),
}

DESIGNS = (  # that are exported, each for the example that is named
    ("statements", ""),
    ("photos", ""),
    ("satellite", "edge=none,door=http-api,response=stored,execution=durable,configuration=appconfig"),
    ("passwords", ""),
    ("research", ""),
    (
        "passwords",
        "door=function-url,request=inline,response=buffered,execution=single,configuration=environment",
    ),
    (
        "passwords",
        "door=http-api,request=inline,response=buffered,compression=gzip,execution=single,configuration=bundled",
    ),
    (
        "passwords",
        "door=rest-api,request=inline,response=buffered,execution=single,configuration=parameter-store",
    ),
    (
        "questions",
        "door=rest-api,request=presigned-upload,response=paged,execution=single,configuration=appconfig",
    ),
    ("statements", "door=http-api,response=stored,execution=queued,configuration=secrets-manager"),
    ("statements", "door=rest-api,response=stored,execution=queued,configuration=parameter-store-advanced"),
    ("statements", "door=function-url,request=presigned-upload,response=stored,execution=queued"),
    ("statements", "door=http-api,response=stored,execution=recursion,configuration=bundled"),
    ("statements", "door=rest-api,response=stored,execution=step-functions,configuration=appconfig"),
    ("statements", "door=function-url,response=stored,execution=durable,configuration=environment"),
    (
        "statements",
        "door=http-api,request=presigned-upload,response=stored,execution=durable,configuration=bundled",
    ),
    ("statements", "door=function-url,request=presigned-upload,response=stored,execution=single"),
    ("satellite", "edge=none,door=rest-api,response=stored,execution=recursion"),
    (
        "satellite",
        "edge=none,door=http-api,response=stored,execution=step-functions,configuration=parameter-store",
    ),
    (
        "statements",
        "door=function-url,request=inline,response=stored,execution=queued,configuration=secrets-manager",
    ),
    (
        "statements",
        "door=rest-api,request=presigned-upload,response=stored,execution=recursion,configuration=appconfig",
    ),
)

FUNCTION = """\
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.13
      Handler: app.handle
      Timeout: {timeout}
      MemorySize: {memory}
      Environment:
        Variables:
          SETTINGS: "{settings}"
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{ Name: api, ProtocolType: HTTP }}
"""
TEMPLATES = {
    "fits.yaml": FUNCTION.format(timeout=30, memory=512, settings="x"),
    "long.yaml": FUNCTION.format(timeout=901, memory=512, settings="x"),
    "near.yaml": FUNCTION.format(timeout=890, memory=10240, settings="x" * 3500),
    "large.yaml": FUNCTION.format(timeout=900, memory=20480, settings="x" * 5000),
    "ignored.yaml": FUNCTION.format(
        timeout="901  # explorer: ignore lambda.timeout we know", memory=512, settings="x"
    ),
    "reference.yaml": "Parameters:\n  T: { Type: Number, Default: 950 }\n"
    + FUNCTION.format(timeout="!Ref T", memory=512, settings="x"),
    "sam.yaml": "Transform: AWS::Serverless-2016-10-31\n"
    "Globals: { Function: { Timeout: 29, MemorySize: 1024 } }\n"
    "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties: { VisibilityTimeout: 10 }\n"
    "  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Handler: a.b\n      Timeout: 60\n"
    "      Events:\n        Get: { Type: Api, Properties: { Path: /x, Method: get } }\n"
    "        Queue: { Type: SQS, Properties: { Queue: !GetAtt Q.Arn } }\n",
    "broken.yaml": "x: {",
    "prod.env": "".join(f"NAME_{n}={'y' * 300}\n" for n in range(16)),
    "small.env": "A=1\nB=2\n",
    "limits.toml": LEAST,
}
CHECKS = {  # of the templates, in all formats
    **{name: (name,) for name in TEMPLATES},
    "everything": (".", "--all"),
    "warned": (".", "--warn-at", "50%", "--fail-on", "tight"),
    "the samples": ("samples",),
    "the samples, everything": ("samples", "--all", "--warn-at", "60%"),
    "passed over": ("prod.env", "broken.yaml", "--pass-over"),
}
