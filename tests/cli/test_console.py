"""The manners of every command: options that each takes, mistakes in one line, standard input."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import tomllib

import pytest
from rich.text import Text
from typer import Context
from typer.main import get_command
from typer.testing import CliRunner

import explorer as ex
from explorer.cli.assignments import changes
from explorer.cli.main import COMMANDS, app
from explorer.cli.manners import note
from explorer.cli.tables import show, table
from explorer.facts import locations

WORKLOADS = locations.workloads_dir()
STATEMENTS = WORKLOADS / "statements.toml"
PARTIAL = 'response = "2 MB"\nruntime = "1 s"\n'
LINE = re.compile(r"error: .+\n")


def run(*arguments, text=None):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=text)


def refused(*arguments, text=None):
    result = run(*arguments, text=text)
    assert (result.exit_code, result.stdout) == (2, "") and LINE.fullmatch(result.stderr), result.output
    return result.stderr.removeprefix("error: ").rstrip("\n")


EVERY = [[name] if name != "cloud" else [name, "status"] for name in COMMANDS]
each = pytest.mark.parametrize("words", EVERY, ids=" ".join)


# What every command takes.


@each
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_has_help_with_an_example(words, option):
    result = run(*words, option)
    assert result.exit_code == 0 and "Usage: explorer" in result.stdout
    assert "--json" in result.stdout and "--quiet" in result.stdout and "--no-color" in result.stdout
    if len(words) == 1:
        example = COMMANDS[words[0]].example
        assert f"Example: {example}" in " ".join(result.stdout.split()).replace("│", "")


NESTED = [[name] for name in COMMANDS] + [["cloud", name] for name in ("start", "stop", "status")]


@pytest.mark.parametrize("words", NESTED, ids=" ".join)
def test_a_help_reads_well_in_eighty_columns(words, monkeypatch):
    """An example, no type of Python, no name and no value that is cut or broken over two lines."""
    monkeypatch.setenv("COLUMNS", "80")
    result = run(*words, "--help")
    text = result.stdout
    assert result.exit_code == 0 and max(map(len, text.splitlines())) <= 80
    assert "Example: explorer" in text and "…" not in text and re.search(r"<\w|list\[", text) is None
    command = get_command(app)
    for word in words:
        command = command.get_command(Context(command), word)
    options = [param for param in command.get_params(Context(command)) if param.param_type_name == "option"]
    assert [param.opts for param in options if param.opts[0] not in text] == []
    assert [param.metavar for param in options if param.metavar and f"{param.metavar} " not in text] == []


@each
def test_every_command_tells_the_version(words):
    assert run(*words, "-V").stdout == run("-V").stdout == f"explorer {ex.__version__}\n"


def test_the_commands_stand_in_groups():
    text = run("-h").stdout
    places = [text.index(f"─ {entry.group} ─") for entry in COMMANDS.values()]
    assert len(set(places)) == 6 and places == sorted(places)
    for name, entry in COMMANDS.items():
        assert re.search(rf"^│ {name} ", text[text.index(f"─ {entry.group} ─") :], re.MULTILINE)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_an_example_is_a_command_that_exists(name):
    words = COMMANDS[name].example.split()
    assert words[:2] == ["explorer", name]


# On a terminal.


def on_a_terminal(*words, **more):
    """What a command shows where a person looks."""
    main, side = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"} | more
    process = subprocess.Popen(
        [sys.executable, "-m", "explorer", *map(str, words)], stdout=side, stderr=side, stdin=side, env=env
    )
    os.close(side)
    output = b""
    while select.select([main], [], [], 60)[0]:
        try:
            part = os.read(main, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        output += part
    process.wait(60)
    os.close(main)
    return output.decode()


def test_colours_are_for_a_terminal_that_wants_them():
    words = ("limits", "lambda.timeout")
    assert "\x1b[" in on_a_terminal(*words)
    assert "\x1b" not in on_a_terminal(*words, NO_COLOR="1")
    assert "\x1b" not in on_a_terminal(*words, "--no-color")
    assert "\x1b" not in on_a_terminal("--no-color", *words)


def test_no_color_holds_for_one_run_alone(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    run("limits", "lambda.timeout", "--no-color")
    assert "NO_COLOR" not in os.environ


# Standard input and output.


def test_a_workload_is_read_from_standard_input():
    text = STATEMENTS.read_text(encoding="utf-8")
    text = text.replace('dotenv = "', f'dotenv = "{WORKLOADS}/')  # names in it are relative to this folder
    answer = json.loads(run("recommend", "-", "--json", text="\ufeff" + text).stdout)
    assert answer["design"] == json.loads(run("recommend", STATEMENTS, "--json").stdout)["design"]
    assert refused("recommend", "-", text="").startswith("standard input: requests_per_month is missing")


def test_standard_input_that_is_utf_16_is_said():
    assert "standard input: is not UTF-8, it is UTF-16" in refused(
        "bill", "-", text="id,quantity\n".encode("utf-16")
    )


@pytest.mark.parametrize("form", ["md", "html"])
def test_a_report_is_printed(form):
    result = run("report", "runners", "-o", "-", "--form", form)
    assert result.exit_code == 0 and "Lambda" in result.stdout
    assert result.stdout.startswith({"md": "#", "html": "<!"}[form])


def test_arrivals_are_read_from_standard_input():
    words = ("simulate", "--warm-s", "1", "--arrivals", "-", "--json")
    assert json.loads(run(*words, text="0\n1\n5\n").stdout)["requests"] == 3
    assert refused(*words, text="0\nx\n") == 'standard input line 2: is "x": expected a time [s]'


# --set


def recommended(*words, text=None):
    return json.loads(run("recommend", *words, "--json", text=text).stdout)


def test_a_field_is_set_in_place_of_the_files(tmp_path):
    path = tmp_path / "w.toml"
    path.write_text(PARTIAL + "requests_per_month = 5\n")
    once, twice = (
        [f"--set=requests_per_month={count}" for count in counts] for counts in ([1e6], [1e9, 1e6])
    )
    base = recommended(path, "--set", "requests_per_month=1_000_000")
    assert base == recommended(path, *once) == recommended(path, *twice)
    path.write_text(PARTIAL + "requests_per_month = 1e6\n")
    assert base == recommended(path)


@pytest.mark.parametrize(
    ("pair", "line"),
    [
        ('name="Other name"', 'name = "Other name"'),
        ("name=2024", 'name = "2024"'),
        ("response=4 MB", 'response = "4 MB"'),
        ('response="4 MB"', 'response = "4 MB"'),
        ('response={p50="1 MB", p99="4 MB"}', 'response = {p50 = "1 MB", p99 = "4 MB"}'),
        ('client.needs=["waf"]', 'client.needs = ["waf"]'),
        ("client.needs=waf", 'client.needs = ["waf"]'),
        ("client.polls=false", "client.polls = false"),
        ("targets.success=0.5", "targets.success = 0.5"),
        ("configuration=12 KB", 'configuration = "12 KB"'),
        ("request.binary=true", "request = {binary = true}"),  # of the default size
    ],
)
def test_a_value_is_tomls_or_as_people_write_it(pair, line):
    text = "requests_per_month = 1e6\n" + PARTIAL
    workload = ex.Workload.from_toml(text, changes=changes([pair]))
    lines = [each for each in text.splitlines() if each.split()[0] != line.split()[0]]
    stated = ex.Workload.from_toml("\n".join([*lines, line]))
    assert tomllib.loads(workload.to_toml()) == tomllib.loads(stated.to_toml())


def test_what_the_file_lacks_may_be_set():
    assert recommended("-", "--set", "requests_per_month=1e6", text=PARTIAL)["feasible"]


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        ("response.p99=9 MBB", '--set: response.p99 is "9 MBB": expected a size'),
        ("respons=9 MB", "--set: respons is not a field (did you mean"),
        ("client.need=1", "--set: client.need is not a field (did you mean"),
        ("rate=5", '--set: rate is not a field (did you mean "requests_per_month"?)'),
        ("client.timeout=5 s", '--set: client.timeout is not a field (did you mean "client.waits"?)'),
        ("timeout=5 s", '--set: timeout is not a field (did you mean "'),
        ("targets.success=2", "--set: targets.success is 2: expected"),
        ("response.p99", '--set is "response.p99": expected FIELD=VALUE'),
        ("=1", '--set is "=1": expected FIELD=VALUE'),
        ("client.needs=[1", "--set client.needs=[1: is not a value of TOML"),
        ("name=1\nregion = 2", "--set name: expected one value"),
    ],
)
@pytest.mark.parametrize(
    "words", [["recommend"], ["assess", "--design=door=alb"], ["sweep", "--axis=runtime=1s:2s:2"]]
)
def test_a_field_that_is_set_wrongly_is_told_of_the_option(words, pair, says):
    command, *rest = words
    assert refused(command, STATEMENTS, *rest, "--set", pair).startswith(says)


@pytest.mark.parametrize(
    "words",
    [
        ["recommend"],
        ["assess", "--design", "door=alb"],
        ["forecast", "--growth", "response=1%"],
        ["sensitivity", "--samples", "100"],
        ["sweep", "--axis", "runtime=1s:2s:2"],
        ["report", "-o", "-"],
        ["deploy"],
        ["export", "-o", "own"],
    ],
    ids=lambda words: words[0],
)
def test_wherever_a_workload_is_read_a_field_can_be_set(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command, *rest = words
    line = refused(command, STATEMENTS, *rest, "--set", "response.p99=9 MBB")
    assert line.startswith("--set: response.p99") and not list(tmp_path.iterdir())


# Mistakes.

GROWTH, AXIS = ["forecast", "x", "--growth", "a=1"], ["sweep", "x", "--axis", "a"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["recomend"], '"recomend" is not a command (did you mean "recommend"?): expected one of init,'),
        (["cloud", "strat"], '"strat" is not a command (did you mean "start"?): expected one of start,'),
        (["recommend", "x", "--regoin", "y"], 'No such option: --regoin (did you mean "--region"?). See:'),
        (["recommend", "statments"], 'statments: no such file (did you mean "statements"?); expected a'),
        ([*GROWTH, "--months", "601"], "'--months' is \"601\": expected a whole number from 1 to 600"),
        ([*GROWTH, "--months=0"], "'--months' is \"0\": expected a whole number from 1 to 600"),
        (["app", "--port", "70000"], "'--port' is \"70000\": expected a whole number from 1 to "),
        ([*AXIS, "--workers", "many"], "'--workers' is \"many\": expected a whole number from 1 to 256"),
        (["deploy", "x", "--hours", "0"], "'--hours' is \"0\": expected a number from 0.01 to 87600"),
        (["sensitivity", "x", "--samples", "1.5"], "'--samples' is \"1.5\": expected a whole number"),
        (["sensitivity", "x", "--risk", "much"], "'--risk' is \"much\": expected a number"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_a_mistake_names_what_was_meant_and_both_ends(words, says):
    assert refused(*words).startswith(says)


def test_a_file_is_named_as_it_was_given(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "w.toml").write_text(PARTIAL)
    monkeypatch.chdir(tmp_path)
    for name in ("in/w.toml", tmp_path / "in" / "w.toml"):
        assert refused("recommend", name).startswith(f"{name}: requests_per_month is missing")


def test_quiet_leaves_hints_and_notes_out(tmp_path):
    result = run("init", tmp_path / "w.toml", "--yes", "-q")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert (tmp_path / "w.toml").is_file()
    assert "explorer explain" not in run("assess", STATEMENTS, "--design", "door=alb", "-q").stdout
    assert "explorer explain" in run("assess", STATEMENTS, "--design", "door=alb").stdout


# What others' texts may do to a terminal.

OBEYED = "\x1b[2J\x1b]0;title\x07 \u202e"


def test_an_error_tells_a_terminal_nothing(tmp_path):
    path = tmp_path / "w.toml"
    path.write_text(f'name = "x"\nresponse = {json.dumps(OBEYED)}\n')
    line = refused("recommend", path)
    assert line.isprintable()


def test_a_table_tells_a_terminal_nothing(capsys):
    show([f"a {OBEYED}", Text(f"b {OBEYED}"), table(["c"], [[f"d {OBEYED}"]])])
    text = capsys.readouterr().out
    assert [sign for sign in "abcd" if sign in text] == list("abcd")
    assert all(sign.isprintable() or sign == "\n" for sign in text)


def test_a_note_tells_a_terminal_nothing(capsys):
    note(f"taken down {OBEYED}")
    assert capsys.readouterr().err.rstrip("\n").isprintable()
