"""`explorer init`: each answer is checked as it is given, and the file says what it leaves out."""

import json
import re
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

import explorer as ex
from explorer.cli.commands.init import QUESTIONS
from explorer.cli.main import app

OPEN_QUESTIONS = [field for field in QUESTIONS if field.is_asked]
SECRET = "hunter2-is-the-word"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prod.env").write_text(f"TOKEN={SECRET}\nMODE=fast\n")
    return tmp_path


def init(*arguments, answers=""):
    return CliRunner().invoke(app, ["init", "new.toml", *arguments], input=answers)


def answered(*changes, **texts):
    """A line for each question: that of `given` (dots as __), else blank."""
    lines = {name.replace("__", "."): text for name, text in texts.items()}
    unless = {field.name for field in OPEN_QUESTIONS if field.only_if and not lines.get(field.only_if)}
    return "".join(f"{lines.get(field.name, '')}\n" for field in OPEN_QUESTIONS if field.name not in unless)


def test_blank_answers_take_the_defaults_that_are_shown(here):
    result = init(answers=answered())
    assert result.exit_code == 0
    assert result.stdout.endswith("Wrote new.toml. Next: explorer recommend new.toml\n")
    workload = ex.Workload.load("new.toml")
    assert workload.name == "new" and workload.requests_per_month == 1e6
    assert workload.is_given("client.polls") and not workload.is_given("peak_rps")


def test_answers_are_written_as_they_were_given():
    lines = {"response__p50": "800 KB", "response__p99": "9 MB", "response__binary": "y"}
    init(answers=answered(**lines, requests_per_month="3,000,000", client__needs="waf, private"))
    workload = ex.Workload.load("new.toml")
    assert workload.response.binary and workload.requests_per_month == 3_000_000
    assert workload.response.spread.quantile(0.99) == pytest.approx(9 * 1024**2)
    assert workload.client.needs == ("waf", "private")


@pytest.mark.parametrize(
    ("field", "wrong", "right", "reason"),
    [
        ("requests_per_month", "many", "5000", 'requests_per_month is "many": expected a number'),
        ("response.p50", "9 MBB", "9 MB", 'response.p50 is "9 MBB": expected a size such as'),
        ("response.p99", "1 KB", "1 MB", "response.p99"),
        ("response.binary", "maybe", "yes", 'response.binary is "maybe": expected true or false'),
        ("runtime.p50", "-3 s", "3 s", "runtime.p50"),
        ("peak_rps", "0.001", "9", "expected at least the mean rate"),
        ("configuration.total", ".env", "prod.env", 'configuration is ".env": no such file'),
        ("runtime.memory", "1 KB", "2 GB", "runtime.memory"),
        ("region", "mars", "eu-west-1", 'region is "mars": expected a region of AWS'),
        ("client.auth", "basic", "iam", 'client.auth is "basic": expected one of none, iam'),
        ("targets.success", "99.9", "0.999", "targets.success"),
        ("current.door", "htp-api", "http-api", 'door is "htp-api" (did you mean'),
    ],
)
def test_a_wrong_answer_gets_its_reason_and_is_asked_again(field, wrong, right, reason):
    result = init(answers=answered(**{field.replace(".", "__"): f"{wrong}\n{right}"}))
    assert result.exit_code == 0
    (line,) = result.stderr.splitlines()
    assert reason in line
    assert result.output.count(f"{field}: ") >= 2
    ex.recommend(ex.Workload.load("new.toml"))


def test_the_defaults_in_the_comments_are_those_of_a_workload(here):
    init("--yes")
    freed = re.sub(r"(?m)^# (?!\[current)(\[\w+\]|\w+ = \S)", r"\1", (here / "new.toml").read_text())
    (here / "freed.toml").write_text(freed)
    plain, full = ex.Workload.load("new.toml"), ex.Workload.load("freed.toml")
    assert full.is_given("client.waits") and not plain.is_given("client.waits")
    assert full.model_dump() == plain.model_dump()
    assert full.request.spread.median == plain.request.spread.median


def test_defaults_that_were_not_asked_for_stay_open():
    init("--yes")
    assumed = {r.id for r in ex.recommend(ex.Workload.load("new.toml")).answer.assumptions}
    assert {"peak_rps", "client.waits", "client.polls"} <= assumed


@pytest.mark.parametrize(
    ("pairs", "toml"),
    [
        (["response=2 MB", "response.binary=yes"], 'p50 = "2 MB"'),
        (["response.p50=1 MB", "response.p99.9=9 MB"], '"p99.9" = "9 MB"'),
        (["runtime.max=40 s", "runtime.p50=4 s"], 'max = "40 s"'),
        (["client.needs=waf,private"], 'needs = ["waf", "private"]'),
        (["configuration=12 KB", "configuration.secrets=2"], 'total = "12 KB"'),
        (["name=42"], 'name = "42"'),
        (["requests_per_month=2 million"], "requests_per_month = 2000000 "),
        (["requests_per_month=1.5 Million"], "requests_per_month = 1500000 "),
        (["targets.success=99.9 %"], "success = 0.999 "),
        (["targets.success=99.95%"], "success = 0.9995 "),
        (["configuration=prod.env"], 'dotenv = "prod.env"'),
        (['name=a " and \\ é\x7f'], "name = "),
        (["preferences.part_usd=0"], "part_usd = 0"),
        (["current.door=rest-api"], 'door = "rest-api"'),
    ],
)
def test_set_answers_a_question_beforehand(pairs, toml, here):
    result = init("--yes", *(word for pair in pairs for word in ("--set", pair)))
    assert result.exit_code == 0, result.stderr
    assert toml in (here / "new.toml").read_text(encoding="utf-8")
    ex.Workload.load("new.toml")


def test_what_was_set_is_not_asked():
    result = init("--set", "name=x", "--set", "response=2 MB", answers=answered())
    assert "name: " not in result.stdout and "response.p50: " not in result.stdout
    assert "runtime.p50: " in result.stdout


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        ("nonsense", '--set is "nonsense": expected FIELD=VALUE'),
        ("respons.p50=1 MB", 'respons is not a field (did you mean "response"?)'),
        ("response.p50=big", 'new.toml: response.p50 is "big": expected a size such as'),
        ("configuration=.env", 'configuration is ".env": no such file; expected'),
        ("current.door=htp", 'new.toml: current: door is "htp"'),
    ],
)
def test_a_wrong_field_is_refused_in_one_line(pair, says, here):
    result = init("--yes", "--set", pair)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr and result.stderr.count("\n") == 1
    assert not (here / "new.toml").exists()


@pytest.mark.parametrize("name", ["x.json", "x.YAML", "x.html"])
def test_a_name_of_another_format_is_refused(name, here):
    result = CliRunner().invoke(app, ["init", name, "--yes"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{name}: a workload is TOML; expected a name such as x.toml" in result.stderr
    assert not (here / name).exists()


def test_a_dotenv_is_counted_and_its_values_go_nowhere(here):
    (here / "sub").mkdir()
    result = CliRunner().invoke(app, ["init", "sub/new.toml", "--yes", "--dotenv", "prod.env", "--json"])
    assert json.loads(result.stdout) == {"path": "sub/new.toml"}
    assert 'dotenv = "../prod.env"' in (here / "sub/new.toml").read_text()
    assert SECRET not in result.output + (here / "sub/new.toml").read_text()
    assert ex.Workload.load("sub/new.toml").configuration.entry_count == 2


def test_a_dotenv_may_be_the_answer_to_the_question_for_the_size():
    init(answers=answered(configuration__total="prod.env"))
    workload = ex.Workload.load("new.toml")
    assert workload.configuration.largest == len(SECRET) and workload.configuration.total < 100


def test_a_missing_dotenv_is_refused_by_name():
    result = init("--yes", "--dotenv", "none.env")
    assert result.exit_code == 2 and '"none.env": no such file' in result.stderr


def test_a_file_that_is_there_stays_unless_forced(here):
    (here / "new.toml").write_text("mine")
    result = init("--yes")
    assert result.exit_code == 2 and "is there already" in result.stderr
    assert (here / "new.toml").read_text() == "mine"
    assert init("--yes", "--force").exit_code == 0
    assert ex.Workload.load("new.toml").name == "new"


def test_a_folder_that_is_not_there_is_refused():
    result = CliRunner().invoke(app, ["init", "no/new.toml", "--yes"])
    assert result.exit_code == 2 and "no such folder" in result.stderr


def test_an_end_of_the_answers_is_one_line_and_writes_nothing(here):
    result = init(answers="a name\n")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: init: no answer for region: ")
    assert not (here / "new.toml").exists()


def test_with_json_the_questions_leave_standard_output_alone():
    result = init("--json", answers=answered())
    assert json.loads(result.stdout) == {"path": "new.toml"}
    assert "requests_per_month: " in result.stderr


def interrupted(here, *answers):
    """What `init` says on standard error when Ctrl-C comes after some answers."""
    # a job in the background ignores interrupts, and so would what it starts
    heard = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = "sys.argv = ['explorer', 'init', 'new.toml']; from explorer.cli.main import main; main()"
    command = [sys.executable, "-c", f"{heard}; {code}"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=here) as process:
        output = b""
        for i, field in enumerate(OPEN_QUESTIONS[: len(answers) + 1]):
            while not output.endswith(b"] "):
                output += process.stdout.read(1)
            assert field.name.encode() in output
            output = b""
            if i < len(answers):
                process.stdin.write(f"{answers[i]}\n".encode())
                process.stdin.flush()
        time.sleep(0.5)  # until it reads: what comes between the question and that is seen late
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        message = process.stderr.read().decode()
    assert not (here / "new.toml").exists()
    return message


def test_an_interrupt_at_once_is_quiet_and_writes_nothing(here):
    assert interrupted(here) == "" and [path.name for path in here.iterdir()] == ["prod.env"]


def test_an_interrupt_keeps_the_answers_and_init_goes_on(here):
    names = [field.name for field in OPEN_QUESTIONS]
    texts = {"name": "Orders", "region": "eu-west-1"}
    first = [texts.get(name, "") for name in names[: names.index("region") + 1]]
    message = interrupted(here, *first)
    assert "kept in new.toml.draft: explorer init new.toml goes on" in message
    rest = answered().splitlines(keepends=True)[len(first) :]
    result = init(answers="".join(rest))
    assert result.exit_code == 0 and "Going on from new.toml.draft" in result.stderr
    workload = ex.Workload.load("new.toml")
    assert (workload.name, workload.region) == ("Orders", "eu-west-1")
    assert not (here / "new.toml.draft").exists()
