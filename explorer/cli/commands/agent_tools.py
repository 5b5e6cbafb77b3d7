"""Tools for agents, as a Model Context Protocol server: typed questions, short answers.

A short answer lists under `more` the calls that return the rest. An answer is the `--json` output of the
command with the same name, cut to the parts that matter for the decision.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal, ParamSpec, TypeVar

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from explorer.errors import ExplorerError
from explorer.facts.version import __version__
from explorer.workload.workload import Workload, examples

FEW, MANY = 5, 40  # rows of an answer, and of a table requested by name
CHECK_S = 300  # the longest check of templates against limits [s]
GUIDE = """Whether an API fits AWS Lambda, from numbers, and what to build when it does not.

A workload says how often an API is called, how large requests and responses are, how long the work runs.
Its least is three fields: requests_per_month = 3_000_000, response = "2 MB", runtime = "1 s". Sizes and times
may be quantiles: response = {p50 = "800 KB", p99 = "9 MB"}. Ask `recommend` first; `detail` gives one part of
the answer. `explain` tells all about one limit."""

P = ParamSpec("P")
T = TypeVar("T")
Row = dict[str, Any]

WorkloadText = Annotated[
    str,
    Field(
        description="A workload: its TOML, the path of its file, or an example's name, such as statements."
    ),
]
Changes = Annotated[
    dict[str, str | float | bool | list[str]] | None,
    Field(description='Fields in place of the workload\'s own, such as {"response.p99": "9 MB"}.'),
]
Region = Annotated[str | None, Field(description="An AWS region; the workload's own if not given.")]
DesignText = Annotated[
    str,
    Field(
        description="CONCERN=OPTION,... such as door=http-api,response=stored; what is left out, the best."
    ),
]
Detail = Literal[
    "answer", "findings", "bill", "alternatives", "rejected", "break_evens", "assumptions", "changes"
]


class Answer(TypedDict):
    """What to build, in words and numbers."""

    feasible: bool
    design: dict[str, str] | None
    monthly_usd: float | None
    parts: int
    latency_p95_s: float | None
    words: dict[str, str]
    next_best: list[Row]
    more: dict[str, str]


class Part(TypedDict):
    """One part of the answer, in full."""

    detail: str
    rows: list[Row]


class Assessment(TypedDict):
    """What one design is held against: what does not fit, the rest as a count."""

    feasible: bool
    design: dict[str, str]
    monthly_usd: float
    latency_p95_s: float
    excluded: list[Row]
    not_fitting: list[Row]
    fitting: int
    more: dict[str, str]


class Priced(TypedDict):
    """Quantities priced."""

    region: str
    total_usd: float
    lines: list[Row]


class Ahead(TypedDict):
    """When a limit breaks, and how the design changes by then."""

    design: dict[str, str]
    first_breach: Row | None
    fullest: list[Row]
    design_changes: list[Row]


class Checked(TypedDict):
    """What was found in templates, plans and workloads, what breaks first."""

    verdicts: dict[str, int]
    findings: list[Row]
    unreadable: list[Row]
    skipped: list[Row]
    more: dict[str, str]


class Limits(TypedDict):
    """Limits whose id, service or name contains a text."""

    found: int
    limits: list[Row]
    more: dict[str, str]


def one_line_mistakes(tool: Callable[P, T]) -> Callable[P, T]:
    """A tool that returns a caller's mistake as one readable line."""

    @wraps(tool)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        with _in_one_line():
            return tool(*args, **kwargs)

    return call


@contextmanager
def _in_one_line() -> Iterator[None]:
    try:
        yield
    except (ExplorerError, OSError) as error:
        raise ToolError(" ".join(str(error).split())) from None


def server() -> MCPServer[Any]:
    """The server, with its tools and the limits as resources."""
    mcp_server: MCPServer[Any] = MCPServer("explorer", version=__version__, instructions=GUIDE)
    for tool in (recommend, assess, bill, forecast, check, limits, explain):
        mcp_server.add_tool(one_line_mistakes(tool))
    mcp_server.resource("explorer://limits/{limit_id}", mime_type="application/json")(limit_resource)
    return mcp_server


def recommend(
    workload: WorkloadText, changes: Changes = None, region: Region = None, detail: Detail = "answer"
) -> Answer | Part:
    """The design to build for a workload, why, what it costs, and what would change it."""
    from explorer.analysis.recommendation import recommend as choose
    from explorer.analysis.summary import summary_paragraphs

    r = choose(_workload(workload, changes, region))
    whole = r.to_dict()
    if detail == "bill":
        return {"detail": detail, "rows": [_short(line, LINE) for line in whole["bill"]["lines"]]}
    if detail != "answer":
        return {"detail": detail, "rows": _plain(whole[detail])}
    return {
        "feasible": r.feasible,
        "design": whole["design"],
        "monthly_usd": whole["monthly_usd"],
        "parts": r.parts,
        "latency_p95_s": whole["latency_p95_s"],
        "words": dict(summary_paragraphs(r.answer)),
        "next_best": [_short(row, ALTERNATIVE) for row in whole["alternatives"][:FEW]],
        "more": {f"recommend(detail={name})": f"{len(rows)} rows" for name, rows in _parts(whole)},
    }


def assess(
    workload: WorkloadText, design: DesignText, changes: Changes = None, region: Region = None
) -> Assessment:
    """Limits, bill and latency of one design for a workload, feasible or not."""
    from explorer.analysis.one_design import design_assessment

    answer = design_assessment(_workload(workload, changes, region), design)
    tight = [row for row in answer["findings"] if row["verdict"] != "fits"]
    return {
        "feasible": answer["feasible"],
        "design": answer["design"],
        "monthly_usd": float(answer["bill"]["total_usd"]),
        "latency_p95_s": float(answer["latency_s"]["total"]["p95"]),
        "excluded": _plain(answer["excluded"]),
        "not_fitting": [_short(row, FINDING) for row in tight],
        "fitting": len(answer["findings"]) - len(tight),
        "more": {f"explain({row['limit']})": "what it is, what to do" for row in tight[:FEW]},
    }


def bill(
    usage: Annotated[
        dict[str, float],
        Field(description='Quantities a month by price id, such as {"lambda.request_arm": 3e6}.'),
    ],
    region: str = "us-east-1",
    free_tier: bool = False,
) -> Priced:
    """Billable quantities priced, line by line."""
    from decimal import Decimal

    from explorer.engine.cost import bill as price
    from explorer.engine.cost import bill_to_dict

    total = bill_to_dict(price({key: Decimal(str(n)) for key, n in usage.items()}, region, free_tier))
    return {
        "region": region,
        "total_usd": float(total["total_usd"]),
        "lines": [_short(line, LINE) for line in total["lines"]],
    }


def forecast(
    workload: WorkloadText,
    growth: Annotated[
        dict[str, str | float], Field(description='Rates a month by field, such as {"response": "3 %"}.')
    ],
    months: Annotated[int, Field(ge=1, le=600)] = 36,
    changes: Changes = None,
) -> Ahead:
    """In which month a limit breaks under growth, and how the recommended design changes by then."""
    from explorer.analysis.forecast import forecast as look_ahead

    from .forecast import forecast_to_dict

    whole = forecast_to_dict(look_ahead(_workload(workload, changes, None), growth, months))
    last = [row for row in whole["months"] if row["month"] == months]
    fullest = sorted(last, key=lambda row: -row["used"] / row["limit_value"])[:FEW]
    return {
        "design": whole["design"],
        "first_breach": whole["first_breach"],
        "fullest": _plain(fullest),
        "design_changes": _plain(whole["design_changes"]),
    }


def check(
    paths: Annotated[
        list[str],
        Field(description="Files and folders: SAM, CloudFormation, Terraform plans, dotenv, workloads."),
    ],
) -> Checked:
    """Limits held against templates, plans, dotenv files and workload files."""
    command = [sys.executable, "-m", "explorer", "check", "--json", "--", *paths]
    process = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=CHECK_S
    )
    if process.returncode not in (0, 1):
        raise ExplorerError(process.stderr.strip().removeprefix("error: ") or "check failed")
    whole = json.loads(process.stdout)
    notable = [row for row in whole["findings"] if row["verdict"] in ("breach", "tight")]
    notable.sort(key=lambda row: row["verdict"] != "breach")
    limits_met = dict.fromkeys(row["limit"] for row in notable)
    return {
        "verdicts": dict(Counter(row["verdict"] for row in whole["findings"])),
        "findings": [_short(row, CHECKED) for row in notable[:MANY]],
        "unreadable": whole.get("unreadable", [])[:MANY],
        "skipped": whole.get("skipped", [])[:MANY],
        "more": {f"explain({limit})": "what it is, what to do" for limit in [*limits_met][:FEW]},
    }


def limits(
    text: Annotated[str, Field(description="Such as timeout, function-url or lambda.")] = "",
) -> Limits:
    """AWS's limits whose id, service or name contains a text, with value, date and source."""
    from explorer.facts import catalogue

    from .facts import rows

    matches = rows(catalogue.limits_frame(), text, ("id", "service", "name"))
    names = ("id", "name", "value", "unit", "adjustable", "as_of", "verified")
    return {
        "found": len(matches),
        "limits": [_short(row, names) for row in matches[:MANY]],
        "more": {"explain(limit_id)": "how it is counted, what the caller sees, what to do"},
    }


def explain(limit_id: Annotated[str, Field(description="As in findings, such as lambda.timeout.")]) -> Row:
    """One limit: what it is, how AWS counts it, what the caller sees, what to do."""
    from explorer.analysis.limit_explanation import explain_limit

    return dict(_plain(explain_limit(limit_id).to_dict()))


def limit_resource(limit_id: str) -> str:
    """One limit as JSON: what it is, how it is counted, what the caller sees, what to do."""
    return json.dumps(one_line_mistakes(explain)(limit_id), indent=1)


FINDING = (
    "limit", "verdict", "used_p50", "used_p99", "limit_value", "unit", "breach_probability", "consequence"
)  # fmt: skip
CHECKED = ("file", "line", "resource", "limit", "verdict", "value", "limit_value", "unit", "message")
ALTERNATIVE = ("design", "monthly_usd", "parts", "latency_p95_s")
LINE = ("id", "quantity", "unit", "usd", "assumed", "stale")


def _parts(whole: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[Any]]]:
    """The parts of a recommendation that are tables."""
    for name in ("findings", "alternatives", "rejected", "break_evens", "assumptions", "changes"):
        if whole[name]:
            yield name, whole[name]
    yield "bill", whole["bill"]["lines"]


def _workload(text: str, changes: Changes, region: str | None) -> Workload:
    """A workload from a TOML text, from a file, or an example by name."""
    more: dict[str, Any] = dict(changes or {}) | ({"region": region} if region else {})
    if "=" in text or "\n" in text:
        return Workload.from_toml(text, "workload", Path.cwd(), more)
    if text == "-" or not text.strip():
        raise ExplorerError(f'workload is "{text}": expected TOML, a path, or one of {", ".join(examples())}')
    return Workload.load(text, more)


def _short(row: Mapping[str, Any], names: Sequence[str]) -> Row:
    return {name: _plain(row[name]) for name in names if name in row}


def _plain(value: Any) -> Any:
    from explorer.cli.console import plain

    return plain(value)
