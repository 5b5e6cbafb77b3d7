"""The command line: exit codes, JSON and nothing else, one line for a mistake."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from functools import cache
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

import explorer as ex
from explorer.analysis import summary
from explorer.cli import tables
from explorer.cli.commands.lab import FIRST, NEWS
from explorer.cli.main import COMMANDS, _every, app, command
from explorer.facts import catalogue, locations
from explorer.facts.locations import PACKAGE
from explorer.facts.units import format_quantity
from tests.support.examples import each_example

WORKLOADS = locations.workloads_dir()
STATEMENTS = str(WORKLOADS / "statements.toml")
CONCERNS = {"edge", "door", "request", "response", "compression", "execution"}
CONCERNS |= {"initialization", "configuration"}
USAGE = "id,quantity\nlambda.request_x86,3e6\nlambda.duration_x86,540000\n"


def run(*arguments, text=None):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=text)


def answer(*arguments, text=None):
    """What the command prints with --json, as it must be: JSON without NaN."""
    result = run(*arguments, "--json", text=text)
    return json.loads(result.stdout, parse_constant=pytest.fail)


@cache
def recommended():
    """What `recommend --json` prints for an example; only read."""
    return answer("recommend", STATEMENTS)


def refused(*arguments, text=None):
    """The one line of a command that cannot use what it was given."""
    result = run(*arguments, text=text)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    return line


@pytest.fixture
def impossible(tmp_path):
    """A workload that nothing can serve: 10 GB of undivided answer, at once."""
    path = tmp_path / "impossible.toml"
    fields = 'requests_per_month = 1e6\nresponse = "10 GB"\nruntime = "3 h"\n'
    path.write_text(fields + '[client]\nwaits = "5 s"\npolls = false\n')
    return path


# Every command as people start it: a process with standard output, standard error, a code.


def process(*arguments, **options):
    command = [sys.executable, "-m", "explorer", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, **options)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["recommend", STATEMENTS], 0),
        (["assess", STATEMENTS, "--design", "door=rest-api,response=buffered"], 1),
        (["bill", "-"], 0),
        (["limits", "furl"], 0),
        (["prices", "alb"], 0),
        (["report", STATEMENTS, "-o", "out.md"], 0),
        (["init", "new.toml", "--yes"], 0),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_with_json_standard_output_is_json_and_standard_error_is_empty(arguments, code, tmp_path):
    result = process(*arguments, "--json", cwd=tmp_path, input=USAGE)
    assert (result.returncode, result.stderr) == (code, "")
    assert isinstance(json.loads(result.stdout), dict)


def test_a_mistake_is_one_line_on_standard_error(tmp_path):
    result = process("recommend", tmp_path / "none.toml", "--json")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_reader_who_went_away_is_no_error(form):
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "explorer", "limits", *form]
    result = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (result.returncode, result.stderr) == (141, b"")


# What is asked wrongly.


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["swep"], '"swep" is not a command (did you mean "sweep"?): expected one of init, recommend, '),
        (["--bogus"], "No such option: --bogus. See: explorer --help"),
        (["recommend"], "Missing argument 'WORKLOAD'. See: explorer recommend --help"),
        (["recommend", "none.toml"], "none.toml: no such file; expected a workload in TOML"),
        (["recommend", STATEMENTS, "--region", "mars"], 'region is "mars": expected a region of AWS such as'),
        (["assess", STATEMENTS], "Missing option '--design'"),
        (["assess", STATEMENTS, "--design", "dor=alb"], '"dor" is not a concern (did you mean'),
        (["assess", STATEMENTS, "--design", "door=http"], 'door is "http"'),
        (["assess", STATEMENTS, "--design", "alb"], 'design has "alb": expected concern=option'),
        (["assess", STATEMENTS, "--design", ""], 'design is "": expected concern=option'),
        (["recommend", str(WORKLOADS)], "is a folder; expected a workload in TOML"),
        (["report", STATEMENTS, "-o", "no/such/x.html"], "no folder no/such: expected one that is there"),
        (["report", STATEMENTS, "-o", "/no-such-folder/x.html"], "no folder /no-such-folder"),
        (["bill", "none.csv"], "none.csv: no such file; expected a table with the columns"),
        (["prices", "--region", "mars"], 'region is "mars"'),
        (["report", STATEMENTS], "Missing option '-o'"),
        (["report", STATEMENTS, "-o", "out.docx"], '"out.docx"'),
        (["report", STATEMENTS, STATEMENTS, "-o", "out.md"], "out.md: expected a folder for 2"),
        (["report", STATEMENTS, "-o", "out", "--format", "docx"], '--form is "docx"'),
        (["report", "-", "-", "-o", "out"], "- is there twice: expected it once"),
        (
            ["report", STATEMENTS, "-o", "/dev/full"],
            "/dev/full: is a file: expected a folder, or a name that",
        ),
        (["recommend", STATEMENTS, "--set", "account.lambda.concurency=5"], "--set: account has"),
        (
            ["recommend", STATEMENTS, "--set", "requests_per_month=[1, 2]"],
            "--set: requests_per_month is [1, 2]",
        ),
        (
            ["recommend", STATEMENTS, "--set", "requests_per_month=1e14"],
            "--set: requests_per_month is 100000000000000.0: expected 1 to 10 trillion",
        ),
        (
            ["recommend", STATEMENTS, "--set", "requests_per_month=0"],
            "--set: requests_per_month is 0: expected 1",
        ),
        (["recommend", STATEMENTS, "--set", "runtime=nan"], "--set: runtime is nan: expected a time"),
        (["recommend", STATEMENTS, "-", "-"], "Got unexpected extra argument(s)"),
        (
            ["sweep", STATEMENTS, "--axis", "response=-1:2MB:3"],
            'axis is "response=-1:2MB:3": response is -1.0',
        ),
        (
            ["sweep", STATEMENTS, "--axis", "response=1KB:nan:3"],
            'axis is "response=1KB:nan:3": response is nan',
        ),
        (["sweep", STATEMENTS, "--axis", "rate=1:2:3"], '"rate" is not a numeric field (did you mean "requ'),
        (
            ["forecast", STATEMENTS, "--growth", "rate=3%"],
            '"rate" is not a numeric field (did you mean "requ',
        ),
        (["forecast", STATEMENTS, "--growth", "response=-100%"], 'growth of response is "-100%": expected a'),
        (
            ["forecast", STATEMENTS, "--growth", "response=3%", "--months", "601"],
            "'--months' is \"601\": expected",
        ),
        (
            ["sensitivity", STATEMENTS, "--range", "rate=1..2"],
            '"rate" is not a numeric field (did you mean "re',
        ),
        (["sensitivity", STATEMENTS, "--range", "response=2MB..1MB"], 'range of response is "2MB..1MB"'),
        (["check", "missing.yaml"], "missing.yaml: no such file or folder; expected a template, plan"),
        (["check", STATEMENTS, "--warn-at", "101%"], 'warn-at is "101%": expected a share above 0 and up to'),
        (["check", STATEMENTS, "--warn-at", "0%"], 'warn-at is "0%": expected a share above 0 and up to'),
        (["bill", str(WORKLOADS)], "is a folder; expected a table with the columns id,quantity"),
        (
            ["export", STATEMENTS, "-o", "/dev/full"],
            "/dev/full: is there already: expected a new or empty folder",
        ),
        (["explain", "lambda.timeot"], 'limit is "lambda.timeot": expected an id such as lambda.timeout'),
        (["compare", STATEMENTS], '"compare" is not a command'),
        (["mcp", "x"], "Got unexpected extra argument"),
        (["lab", "--port", "99999"], "'--port' is \"99999\": expected a whole number from 1 to 65535"),
    ],
    ids=lambda value: " ".join(Path(word).name for word in value) if isinstance(value, list) else "",
)
def test_a_wrong_request_is_answered_with_what_would_be_accepted(arguments, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert says in refused(*arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "standard input line 1: no column id: expected id,quantity"),
        ("id,amount\nx,1\n", "standard input line 1: no column quantity: expected id,quantity"),
        ("id,quantity\nlambda.requst_x86,1\n", 'line 2: id is "lambda.requst_x86": expected an id such as'),
        ("id,quantity\n,1\n", 'line 2: id is ""'),
        ("id,quantity\nlambda.request_x86,-1\n", 'line 2: quantity is "-1": expected a number, 0 or more'),
        ("id,quantity\n\nlambda.request_x86,many\n", 'line 3: quantity is "many": expected a number'),
        ("id,quantity\nlambda.request_x86,nan\n", 'line 2: quantity is "nan": expected a number'),
        ("id,quantity\nlambda.request_x86,1,000\n", "line 2: has 3 fields: expected 2"),
        ('id,quantity\n"lambda', "line 2: is not CSV"),
    ],
)
def test_a_wrong_usage_table_is_answered_with_line_field_and_value(content, says):
    assert says in refused("bill", "-", text=content)


def test_a_near_miss_of_a_price_id_names_the_right_one():
    assert "lambda.request_x86" in refused("bill", "-", text="id,quantity\nlambda.requst_x86,1\n")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"id,quantity\n\xe9,1\n"])
def test_a_usage_table_that_is_not_text_is_refused_by_name(content, tmp_path):
    path = tmp_path / "usage.csv"
    path.write_bytes(content)
    assert f"{path}: is not UTF-8" in refused("bill", path)


# The answers.


@each_example
def test_recommend_prints_the_answer_that_python_gives(path):
    r = ex.recommend(ex.Workload.load(path))
    result = run("recommend", path, "--json", "--all")
    assert result.exit_code == (0 if r.feasible else 1)
    assert json.loads(result.stdout) == json.loads(json.dumps(r.to_dict(), allow_nan=False, default=list))


def test_json_has_the_best_50_alternatives_and_all_where_asked():
    best, every = recommended(), answer("recommend", STATEMENTS, "--all")
    assert len(best["alternatives"]) == 50 < len(every["alternatives"])
    assert best == every | {"alternatives": every["alternatives"][:50]}


def test_recommend_has_the_fields_of_the_contract():
    recommendation = recommended()
    fields = "schema design feasible monthly_usd parts part_usd score_usd latency_p50_s latency_p95_s"
    fields += " bill findings alternatives rejected break_evens at_part_usd assumptions changes"
    fields += " memory_mb architecture given first_byte_p95_s ways_out promises"
    assert set(fields.split()) <= recommendation.keys()
    assert set(recommendation["design"]) == CONCERNS and recommendation["feasible"] is True
    assert (recommendation["memory_mb"], recommendation["architecture"]) == (
        1769,
        "arm64",
    )  # the file's defaults
    assert recommendation["given"].keys() == {"memory_mb", "architecture", "monthly_usd", "feasible"}
    assert (
        recommendation["ways_out"] == [] and recommendation["latency_p50_s"] < recommendation["latency_p95_s"]
    )
    promises = {row["field"] for row in recommendation["promises"]}
    assert promises == {"client.waits", "targets.latency_p95"}  # what the file promises


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        (
            "findings",
            "limit limit_value unit used_p50 used_p99 breach_probability verdict consequence source_url",
        ),
        ("alternatives", "design monthly_usd parts latency_p50_s latency_p95_s deployable"),
        ("rejected", "because options designs breach_probability nearest"),
        ("promises", "field value unit binds monthly_usd_without saves_usd saves_score_usd design text"),
    ],
)
def test_each_row_has_the_fields_of_the_contract(table, fields):
    rows = recommended()[table]
    assert rows and all(set(fields.split()) <= row.keys() for row in rows)


def test_each_line_of_a_bill_has_the_fields_of_the_contract():
    bill = recommended()["bill"]
    assert all({"id", "quantity", "unit", "usd", "assumed"} <= line.keys() for line in bill["lines"])
    assert sum(line["usd"] for line in bill["lines"]) == pytest.approx(bill["total_usd"], rel=1e-12)


def test_nothing_feasible_is_a_no_with_a_null_design(impossible):
    result = run("recommend", impossible, "--json")
    recommendation = json.loads(result.stdout)
    assert (result.exit_code, recommendation["design"], recommendation["feasible"]) == (1, None, False)
    assert run("recommend", impossible).exit_code == 1
    fields = {"kind", "field", "from", "to", "unit", "factor", "design", "memory_mb", "architecture"}
    fields |= {"monthly_usd", "parts", "text"}
    assert recommendation["ways_out"] and all(fields <= row.keys() for row in recommendation["ways_out"])


def test_another_region_has_other_prices():
    home, away = (answer("recommend", STATEMENTS, "--region", r) for r in ("us-east-1", "sa-east-1"))
    assert (home["region"], away["region"]) == ("us-east-1", "sa-east-1")
    assert away["monthly_usd"] > home["monthly_usd"]


def test_a_person_reads_sentences_and_tables():
    text = run("recommend", STATEMENTS, "--all").stdout
    titles = ("Limits used", "Bill, a month", "Other designs", "Ruled out", "What a part is worth")
    assert all(title in text for title in (*titles, "Assumptions"))
    assert text.startswith("Build an asynchronous endpoint") and text.count("Build an asynchronous") == 1
    assert "\x1b" not in text


def test_the_words_and_the_moving_parts_are_those_of_the_answer():
    r, text = ex.recommend(ex.Workload.load(STATEMENTS)), run("recommend", STATEMENTS, "--all").stdout
    lines = text.splitlines()
    opening, *others = (heading for heading, _ in summary.headed_paragraphs(r.answer))
    assert " ".join(opening.split()) in " ".join(text.split())
    assert {heading.rstrip(".") for heading in others} <= set(lines)
    start = lines.index("Moving parts") + 1
    assert tuple(line.strip() for line in lines[start : start + r.parts]) == r.nearest.parts


def test_one_screen_has_the_answer_the_five_next_best_and_where_more_is_to_be_had():
    r, result = ex.recommend(ex.Workload.load(STATEMENTS)), run("recommend", STATEMENTS)
    lines = result.stdout.splitlines()
    words = " ".join(result.stdout.split()).lower()
    paragraphs = summary.summary_paragraphs(r.answer).values()
    assert all(" ".join(text.lower().split()).rstrip(".") in words for text in paragraphs)
    start = next(i for i, line in enumerate(lines) if line.startswith("the next best"))
    costs = [re.findall(r"\$([\d,.]+)", line)[0].replace(",", "") for line in lines[start + 2 : start + 7]]
    best = r.answer.distinct_alternatives(5)
    assert len(best) == 5 and [float(usd) for usd in costs] == [round(other.monthly_usd, 2) for other in best]
    assert [line.split("explorer ")[1].split()[0] for line in lines[start + 7 :]] == [
        "recommend",
        "explain",
        "report",
    ]


@each_example
def test_the_answer_fits_one_screen(path):
    assert len(run("recommend", path).stdout.splitlines()) <= 30


def test_quiet_the_answer_is_the_design_that_other_commands_take(impossible):
    result = run("recommend", STATEMENTS, "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    assert answer("assess", STATEMENTS, "--design", result.stdout.strip())["feasible"]
    assert (run("-q", "recommend", impossible).exit_code, run("-q", "recommend", impossible).stdout) == (
        1,
        "",
    )


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_no_number_is_broken_however_narrow(width):
    text = run("recommend", STATEMENTS).stdout  # wide: no row is broken
    numbers = {word for word in text.split() if word.startswith("$") and word[-1].isdigit()}
    columns = ("what", ">USD", ">~of", "why", ">chance")
    rows = [
        (f"id.{n}", number, "1,000 environments", "so long " * 9, "0.011 %")
        for n, number in enumerate(sorted(numbers))
    ]
    console = Console(width=width, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(tables.table(columns, rows, ("why",)))
    lines = captured.get().splitlines()
    assert all(len(line) <= width for line in lines)
    assert numbers <= set(captured.get().split()) and "environments" in captured.get()


def test_the_columns_to_spare_go_first():
    columns, row = ("a", ">b", "c"), ("x" * 20, "1,234,567", "y" * 20)
    for width, count in ((80, 3), (40, 2)):
        console = Console(width=width, color_system=None)
        with console.capture() as captured:
            console.print(tables.table(columns, [row], ("c",)))
        assert captured.get().splitlines()[-1].split() == list(row[:count])


@pytest.mark.parametrize(
    ("value", "unit", "says"),
    [
        (1, "executions", "1 execution"),
        (1, "requests/s", "1 request/s"),
        (2, "executions", "2 executions"),
        (1, "s", "1 s"),
        (1000, "executions", "1,000 executions"),
    ],
)
def test_one_of_a_thing_is_in_the_singular(value, unit, says):
    assert format_quantity(value, unit) == says


def test_all_shows_every_design_reason_and_assumption():
    r, every = ex.recommend(ex.Workload.load(STATEMENTS)), run("recommend", STATEMENTS, "--all").stdout
    lines = every.splitlines()
    start = lines.index("Other designs that work")
    assert len(lines[start + 3 : lines.index("", start)]) == len(r.answer.alternatives)
    assert all(reason.because in every for reason in r.answer.rejections)
    assert all(assumption.id in every for assumption in r.answer.assumptions)


def test_assess_says_what_keeps_a_design_from_being_feasible():
    assessment = answer("assess", STATEMENTS, "--design", "door=rest-api,response=buffered")
    assert {"design", "findings", "bill", "latency_s", "feasible", "excluded"} <= assessment.keys()
    assert set(assessment["design"]) == CONCERNS and assessment["feasible"] is False
    assert {"breach"} <= {row["verdict"] for row in assessment["findings"]}
    breaches = [row["limit"] for row in assessment["findings"] if row["verdict"] == "breach"]
    assert [row["because"] for row in assessment["excluded"]] == [*breaches, "client.waits"]
    assert "3.4 % of the requests exceed the" in assessment["excluded"][0]["why"]
    assert not re.search(r"\d%", str(assessment["excluded"]))
    assert {"work", "total"} <= assessment["latency_s"].keys()


def test_assess_says_which_field_excludes_a_design():
    """A secret in the environment: the field is no limit, so the table of limits does not have it."""
    words = ("assess", "photos", "--design", "door=rest-api,response=buffered,configuration=environment")
    result = run(*words)
    keeps, limits = result.stdout.split("Limits used")
    assert "configuration.secrets: it is no place for secrets" in keeps
    assert "configuration.secrets" not in limits and "lambda.env" in limits
    assert (result.exit_code, result.stderr) == (1, "")


def test_assess_fills_what_is_left_out_by_the_best():
    best = answer("recommend", STATEMENTS)
    door = best["design"]["door"]
    result = run("assess", STATEMENTS, "--design", f"door={door}", "--json")
    assessment = json.loads(result.stdout)
    assert (result.exit_code, assessment["design"]) == (0, best["design"])
    assert assessment["bill"]["total_usd"] == pytest.approx(best["monthly_usd"])
    assert assessment["latency_s"]["total"]["p95"] == pytest.approx(best["latency_p95_s"])


def test_an_excluded_design_is_a_no_with_its_reason():
    result = run("assess", STATEMENTS, "--design", "configuration=bundled", "--json")
    assert result.exit_code == 1
    assert "configuration.secrets" in {row["because"] for row in json.loads(result.stdout)["excluded"]}


def test_a_broken_promise_is_a_no_with_its_reason(tmp_path):
    path = tmp_path / "late.toml"
    fields = 'requests_per_month = 1e6\nresponse = "1 KB"\nruntime = "3 s"\n'
    path.write_text(fields + '[targets]\nlatency_p95 = "2 s"\n')
    assessment = answer("assess", path, "--design", "door=http-api,response=buffered,execution=single")
    assert [row["because"] for row in assessment["excluded"]] == ["targets.latency_p95"]


@each_example
def test_assess_finds_the_recommended_feasible_and_the_others_as_recommend_says(path):
    r = ex.recommend(ex.Workload.load(path))
    design = ",".join(f"{concern}={option}" for concern, option in r.nearest.ids.items())
    assert answer("assess", path, "--design", design)["feasible"] == r.feasible


def test_bill_prices_a_table_from_a_file_or_from_standard_input(tmp_path):
    path = tmp_path / "usage.csv"
    path.write_text("\ufeff" + USAGE, encoding="utf-8")
    bill = answer("bill", path)
    assert bill == answer("bill", "-", text=USAGE)
    assert (bill["region"], bill["free_tier"]) == ("us-east-1", False)
    assert bill["total_usd"] == pytest.approx(9.6, abs=0.01)
    assert bill["lines"][0].keys() >= {"id", "quantity", "unit", "usd", "assumed"}


def test_an_id_given_twice_adds_up():
    twice = answer("bill", "-", text="quantity,id\n1e6,lambda.request_x86\n2e6,lambda.request_x86\n")
    assert [(line["id"], line["quantity"]) for line in twice["lines"]] == [("lambda.request_x86", 3e6)]


def test_the_free_tier_is_off_unless_asked_for():
    off, on = (answer("bill", "-", flag, text=USAGE) for flag in ("--no-free-tier", "--free-tier"))
    assert on["total_usd"] < off["total_usd"] == answer("bill", "-", text=USAGE)["total_usd"]


def test_an_empty_table_costs_nothing():
    assert answer("bill", "-", text="id,quantity\n")["total_usd"] == 0


def test_limits_come_with_value_unit_age_and_source():
    rows = answer("limits")["limits"]
    assert len(rows) == len(ex.limits())
    fields = {"id", "value", "unit", "age_days", "source_url", "verified"}
    assert all(fields <= row.keys() for row in rows)


@pytest.mark.parametrize("text", ["FURL", "furl"])
def test_limits_and_prices_are_found_by_a_text_in_any_case(text):
    assert {row["id"].split(".")[1] for row in answer("limits", f"lambda.{text}")["limits"]} == {"furl"}
    assert answer("prices", "ALB.alb_hour")["prices"] == answer("prices", "alb.alb_hour")["prices"]


def test_a_text_with_a_hyphen_finds_the_same_words_with_a_space():
    """As the help's example has it: the id of an option finds the limits of its service."""
    ids = {row["id"] for row in answer("limits", "function-url")["limits"]}
    assert {"lambda.furl.request", "lambda.furl.response", "lambda.furl.timeout"} <= ids
    assert ids == {row["id"] for row in answer("limits", "Function URL")["limits"]}


@pytest.mark.parametrize("more", [[], ["--json"]])
@pytest.mark.parametrize(
    ("command", "text", "says"),
    [
        ("limits", "timeot", 'no limit contains it (did you mean "timeout"?): expected an id such as'),
        ("prices", "lambda.reqest_arm", 'no price contains it (did you mean "lambda.request_arm"?)'),
        ("limits", "xyzzy", "no limit contains it: expected an id such as"),
    ],
)
def test_a_text_that_no_row_contains_is_refused_with_what_is_near(command, text, says, more):
    result = run(command, text, *more)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr and f'TEXT is "{text}"' in result.stderr and result.stderr.count("\n") == 1


def test_prices_of_a_region_are_those_in_force_and_say_what_is_assumed():
    rows = answer("prices", "--region", "eu-west-1")["prices"]
    assert {row["region"] for row in rows} == {"eu-west-1"}
    assert {row["id"] for row in rows} == set(catalogue.price_ids())
    assert {row["assumed"] for row in rows} == {True, False}


def test_stale_prices_and_unverified_limits_are_marked_for_people():
    unverified = next(row["id"] for row in answer("limits")["limits"] if not row["verified"])
    stale = next(row["id"] for row in answer("prices")["prices"] if row["stale"])
    assert " no " in run("limits", unverified).stdout
    assert "stale" in run("prices", stale).stdout


@pytest.mark.parametrize("form", ["html", "md"])
def test_report_writes_one_file_a_workload_into_a_folder(form, tmp_path):
    paths = sorted(WORKLOADS.glob("p*.toml"))
    batch = answer("report", *paths, "-o", tmp_path / "new", "--format", form)
    expected = [tmp_path / "new" / f"{path.stem}.{form}" for path in paths]
    assert batch["reports"] == [str(path) for path in expected]
    assert all(path.stat().st_size > 1000 for path in expected)


def test_a_report_gives_the_same_answer_as_recommend(tmp_path):
    assert run("report", STATEMENTS, "-o", tmp_path / "r.md").exit_code == 0
    cost = f"${answer('recommend', STATEMENTS)['monthly_usd']:,.2f}"
    assert cost in (tmp_path / "r.md").read_text(encoding="utf-8")


# What helps on the way.


@pytest.mark.parametrize("arguments", [[], ["--help"], ["recommend", "--help"]])
def test_help_names_the_commands_and_options(arguments):
    result = run(*arguments)
    assert result.exit_code == 0
    assert "recommend" in result.stdout and "--help" in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained_and_a_switch_has_no_type(name):
    for each in _every(command(name)):
        params = each.get_params(each.make_context(name, [], resilient_parsing=True))
        assert [param.name for param in params if not param.help] == []
        assert [param.name for param in params if re.search(r"\[\w+\]", param.help)] == []  # Rich drops it
        text = run(
            *(("cloud", each.name) if name == "cloud" and each.name != "cloud" else (name,)), "--help"
        ).stdout
        assert "<bool>" not in text


def test_the_version_is_the_packages():
    assert run("--version").stdout == f"explorer {ex.__version__}\n"


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("explorer recommend w.toml --region eu-w", "eu-west-1"),
        ("explorer assess w.toml --design door=http-api,resp", "door=http-api,response=stored"),
        ("explorer rec", "recommend"),
    ],
)
def test_the_shell_completes_commands_regions_and_designs(typed, completed):
    words = typed.split()
    completion = {
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(words) - 1),
        "_EXPLORER_COMPLETE": "complete_bash",
    }
    shell = subprocess.run(
        [Path(sys.executable).with_name("explorer")],
        env=os.environ | completion,
        capture_output=True,
        text=True,
    )
    assert completed in shell.stdout.splitlines()


# JupyterLab, for real: the package as a wheel carries it, away from the checkout.


@pytest.fixture
def installed(tmp_path):
    """How to start `explorer` from a package that carries its notebooks, in an empty folder."""
    package = tmp_path / "site" / "explorer"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(WORKLOADS.parent, package / "data", dirs_exist_ok=True)
    (package / "notebooks").mkdir(exist_ok=True)
    (package / "notebooks" / FIRST).write_text('{"cells":[],"metadata":{},"nbformat":4,"nbformat_minor":5}')
    (tmp_path / "here").mkdir()
    jupyter = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    env = os.environ | jupyter | {"PYTHONPATH": str(package.parent)}
    return {"cwd": tmp_path / "here", "env": env}


@pytest.fixture
def lab(installed):
    """A running `explorer lab --json`, and a notebook of the reader's own in its folder."""
    (installed["cwd"] / "explorer-notebooks").mkdir()
    (installed["cwd"] / "explorer-notebooks" / "01_mine.ipynb").write_text("mine")
    command = [sys.executable, "-m", "explorer", "lab", "--no-open", "--json"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **installed)
    yield running
    running.kill()
    running.communicate()


def test_lab_answers_at_the_address_that_it_prints_and_ends_when_told(lab, installed):
    address = json.loads(b"".join(lab.stdout.readline() for _ in range(6)))
    assert address["url"].startswith(f"http://127.0.0.1:{address['port']}/") and address["pid"] == lab.pid
    with urllib.request.urlopen(address["url"], timeout=60) as page:
        assert page.status == 200 and FIRST in page.url
        assert NEWS in page.read().decode()  # among the disabled extensions
    lab.terminate()
    assert lab.wait(60) == 0
    assert b"Warning" not in lab.stderr.read()
    folder = installed["cwd"] / "explorer-notebooks"
    assert (folder / "01_mine.ipynb").read_text() == "mine" and (folder / FIRST).is_file()


def test_lab_without_jupyterlab_says_what_to_install(installed):
    missing = Path(installed["env"]["PYTHONPATH"]) / "jupyterlab.py"
    missing.write_text("raise ImportError")
    result = process("lab", **installed)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: explorer lab needs JupyterLab, which is not installed: ")
    assert result.stderr.endswith("[notebooks]'\n") and not list(installed["cwd"].iterdir())


def test_a_sweep_tells_where_each_design_wins(tmp_path):
    file = tmp_path / "sweep.parquet"
    result = run(
        "sweep",
        STATEMENTS,
        "--axis",
        "response=1KB:200MB:9",
        "--axis",
        "runtime=10ms:2h:7",
        "-o",
        file,
        "--json",
    )
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["points"], file.exists()) == (0, 63, True)
    assert sum(row["points"] for row in answer["winners"]) == 63
    assert answer["axes"]["response"] == {"from": 1024, "to": 200 * 1024**2, "count": 9}


def test_a_forecast_tells_the_month_of_the_first_breach():
    growth = (
        "--growth",
        "response=30%/month",
        "--months",
        "12",
        "--design",
        "door=http-api,response=buffered",
    )
    answer = json.loads(run("forecast", STATEMENTS, *growth, "--json").stdout)
    assert answer["first_breach"]["month"] >= 0 and answer["months"][0]["month"] == 0
    assert answer["design_changes"][0]["month"] == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("sweep", "--axis", "response=1KB:200MB"), "expected FIELD=FROM:TO:COUNT"),
        (("sweep", "--axis", "response=2MB:1MB:3"), "not above the last"),
        (("sweep", "--axis", "nothing=1:2:3"), "is not a numeric field"),
        (("sweep", "--axis", "response=1KB:1MB:3", "-o", "x.csv"), "ends in .parquet"),
        (("forecast", "--growth", "response"), "expected FIELD=RATE"),
        (("forecast", "--growth", "response=much"), "expected a rate such as"),
    ],
)
def test_axes_and_growth_that_cannot_be_are_one_line(arguments, reason):
    command, *rest = arguments
    result = run(command, STATEMENTS, *rest)
    assert result.exit_code == 2 and reason in result.stderr and result.stderr.count("\n") == 1


def test_sensitivity_tells_what_moves_the_answer_and_the_regret_of_choosing_now():
    ranges = ("--range", "request.p99=900KB..4MB", "--range", "requests_per_month=2x", "--samples", "200")
    answer = json.loads(run("sensitivity", STATEMENTS, *ranges, "--json").stdout)
    assert {row["input"] for row in answer["inputs"]} == {"request.p99", "requests_per_month"}
    assert answer["inputs"][0]["input"] == "requests_per_month"
    regret = answer["regret"]
    assert regret["samples"] == 200 and sum(row["choice"] for row in regret["designs"]) == 1
    assert regret["measuring"][0]["input"] == "everything"
    again = json.loads(run("sensitivity", STATEMENTS, *ranges, "--json").stdout)
    assert again == answer
    screen = run("sensitivity", STATEMENTS, *ranges).stdout
    assert "p99 of the request" in screen and "900 KB" in screen
    words = " ".join(screen.split())
    assert "buffered request payload" in words and "door=" not in words  # names, not ids
    assert "today's" in screen and regret["summary"].split(";")[0] in " ".join(screen.split())


def test_sensitivity_of_what_is_infeasible_begins_with_what_would_make_it_feasible(tmp_path):
    path = tmp_path / "slow.toml"
    path.write_text(
        'requests_per_month = 1e6\nresponse = "90 MB"\nruntime = "2000 s"\n'
        '[client]\npolls = false\nuploads = false\nwaits = "10 s"\n'
    )
    screen = " ".join(run("sensitivity", path, "--samples", "100").stdout.split())
    # 2,000 s are beyond every time limit in front of a container, and a client that polls need not wait
    assert screen.startswith("Nothing is feasible for slow: ")
    assert "if the client polled a status" in screen
    assert "mean regret" not in screen  # the table of designs would have no row


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("--range=response", "expected FIELD=LOW..HIGH"),
        ("--range=response=2MB..1MB", "not above the high end"),
        ("--range=nothing=1..2", "is not a numeric field"),
        ("--samples=99", "samples is 99: expected 100"),
        ("--risk=2", "risk is 2"),
        ("--design=door=none", "door is"),
    ],
)
def test_ranges_that_cannot_be_are_one_line(option, reason):
    result = run("sensitivity", STATEMENTS, option)
    assert result.exit_code == 2 and reason in result.stderr and result.stderr.count("\n") == 1
