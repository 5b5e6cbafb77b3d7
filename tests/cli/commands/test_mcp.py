"""`explorer mcp`, asked by the protocol's own client in a process of its own."""

import asyncio
import json
import os
import sys

import pytest

if os.environ.get("CI"):
    import mcp
else:
    mcp = pytest.importorskip("mcp")

WORKLOAD = 'requests_per_month = 3_000_000\nresponse = {p50 = "800 KB", p99 = "9 MB"}\nruntime = "1 s"\n'
LEAST = 'requests_per_month = 1000\nresponse = "1 KB"\nruntime = "1 s"\n'


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Every answer that the tests look at, from one run of the server."""
    folder = tmp_path_factory.mktemp("here")
    (folder / "mine.toml").write_text(WORKLOAD)
    (folder / "template.json").write_text(json.dumps({"Resources": {"Slow": FUNCTION}}))
    return asyncio.run(_ask_all(folder))


FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {"Timeout": 5000, "Runtime": "python3.13", "Handler": "a.b", "Code": {}, "Role": "r"},
}
CALLS = {
    "text": ("recommend", {"workload": WORKLOAD}),
    "file": ("recommend", {"workload": "mine.toml"}),
    "example": ("recommend", {"workload": "statements", "region": "eu-west-1"}),
    "changed": ("recommend", {"workload": "mine.toml", "changes": {"response": "1 KB"}}),
    "part": ("recommend", {"workload": "mine.toml", "detail": "findings"}),
    "lines": ("recommend", {"workload": "mine.toml", "detail": "bill"}),
    "wrong": ("recommend", {"workload": "mine.toml", "changes": {"response.p99": "9 MBB"}}),
    "nothing": ("recommend", {"workload": "nowhere.toml"}),
    "design": ("assess", {"workload": "mine.toml", "design": "door=http-api,response=buffered"}),
    "bill": ("bill", {"usage": {"lambda.request_x86": 3e6, "lambda.duration_x86": 540_000}}),
    "growth": ("forecast", {"workload": LEAST, "growth": {"runtime": "100 %"}, "months": 12}),
    "check": ("check", {"paths": ["template.json"]}),
    "unread": ("check", {"paths": ["none.yaml"]}),
    "limits": ("limits", {"text": "lambda.timeout"}),
    "limit": ("explain", {"limit_id": "lambda.timeout"}),
    "near": ("explain", {"limit_id": "lambda.timeot"}),
}


async def _ask_all(folder):
    server = mcp.StdioServerParameters(
        command=sys.executable,
        args=["-m", "explorer", "mcp"],
        cwd=folder,
        env={name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME") if name in os.environ},
    )
    async with mcp.Client(server) as client:
        answers = {name: await client.call_tool(tool, arguments) for name, (tool, arguments) in CALLS.items()}
        answers["tools"] = (await client.list_tools()).tools
        answers["resource"] = await client.read_resource("explorer://limits/lambda.timeout")
    return answers


def answer(result):
    assert not result.is_error, result.content
    return result.structured_content.get("result", result.structured_content)


def line(result):
    assert result.is_error
    (content,) = result.content
    assert "\n" not in content.text
    return content.text


def test_every_tool_has_typed_arguments_and_a_sentence(answers):
    tools = {tool.name: tool for tool in answers["tools"]}
    assert {"recommend", "assess", "bill", "check", "limits", "forecast", "explain"} == set(tools)
    for tool in tools.values():
        assert tool.description and tool.input_schema["properties"] and tool.output_schema
    detail = tools["recommend"].input_schema["properties"]["detail"]
    assert detail["default"] == "answer" and "findings" in detail["enum"]
    assert tools["bill"].input_schema["properties"]["usage"]["additionalProperties"]["type"] == "number"


def test_a_workload_is_a_text_a_file_or_an_example(answers):
    text, file, example = (answer(answers[name]) for name in ("text", "file", "example"))
    assert text["design"] == file["design"] and text["monthly_usd"] == file["monthly_usd"]
    assert example["feasible"] and "Account statements" in example["words"]["Build"]


def test_an_answer_is_short_and_links_to_more(answers):
    short = answer(answers["file"])
    assert len(json.dumps(short)) < 6000 and len(short["next_best"]) == 5
    assert {"recommend(detail=findings)", "recommend(detail=bill)"} <= set(short["more"])
    part, lines = answer(answers["part"]), answer(answers["lines"])
    assert short["more"]["recommend(detail=findings)"] == f"{len(part['rows'])} rows"
    assert sum(row["usd"] for row in lines["rows"]) == pytest.approx(short["monthly_usd"])


def test_fields_may_be_changed(answers):
    assert answer(answers["changed"])["monthly_usd"] < answer(answers["file"])["monthly_usd"]


def test_a_mistake_is_one_line(answers):
    assert 'mine.toml: response.p99 is "9 MBB": expected a size' in line(answers["wrong"])
    assert "nowhere.toml: no such file; expected a workload in TOML" in line(answers["nothing"])
    assert "lambda.timeout" in line(answers["near"])
    assert "none.yaml" in line(answers["unread"])


def test_a_design_is_assessed(answers):
    assessment = answer(answers["design"])
    assert assessment["feasible"] is False and assessment["design"]["door"] == "http-api"
    assert {row["verdict"] for row in assessment["not_fitting"]} >= {"breach"} and assessment["fitting"] > 0
    assert any(key.startswith("explain(") for key in assessment["more"])


def test_quantities_are_priced(answers):
    # 3,000,000 x 0.20 USD a million + 540,000 GB-s x 0.0000166667 USD, as AWS's page of prices has them
    assert answer(answers["bill"])["total_usd"] == pytest.approx(0.6 + 9.000018, abs=1e-6)


def test_growth_breaks_a_limit_in_its_month(answers):
    # 1 s doubled each month: 512 s after 9 months, 1,024 s after 10
    forecast = answer(answers["growth"])
    assert forecast["first_breach"]["month"] <= 12 and len(forecast["fullest"]) <= 5


def test_a_template_is_checked(answers):
    report = answer(answers["check"])
    assert report["verdicts"]["breach"] >= 1
    assert "lambda.timeout" in {row["limit"] for row in report["findings"]}


def test_limits_are_found_and_explained(answers):
    assert answer(answers["limits"])["limits"][0]["id"].startswith("lambda.timeout")
    explained = answer(answers["limit"])
    (resource,) = answers["resource"].contents
    assert json.loads(resource.text) == explained
    assert {"what", "counts", "advice"} <= set(explained)
