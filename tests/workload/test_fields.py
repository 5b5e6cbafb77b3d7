"""A field is stated once: from its record follows all that reads, writes, shows, varies or documents it."""

import ast
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from explorer.cli.commands import init
from explorer.facts.locations import PACKAGE, data_dir
from explorer.workload import axes
from explorer.workload.field_record import REQUIRED
from explorer.workload.fields import FIELDS
from explorer.workload.schema import json_schema
from explorer.workload.workload import Workload

ROOT = PACKAGE.parent
LEAST = {"requests_per_month": 1e6, "response": "2 MB", "runtime": "120 ms"}
LEAVES = [record for record in FIELDS if not record.table]

# A field and a table that are nowhere else ----------------------------------------------------------

FIELD = """
    patience: float = field(
        TIME,
        12.0,
        "how long a caller stays in line",
        question="how long they stay in line",
        suggestion="12 s",
        if_unknown="How long do callers stay in line?",
        label="Callers stay in line",
        phrase="{} at most",
        is_axis=True,
        noun="callers' patience",
        origin="chosen",
        assumption=DefaultAssumption("not given: a guess"),
        relaxation=Relaxation("callers stayed in line {}"),
        break_evens=BreakEvenAxis("patience", "s", 100.0),
        control=Slider(1, 600),
    )
"""
TABLE = '''
class Dish(Section):
    """What is cooked."""

    weight: float = field(SIZE, REQUIRED, "how heavy it is")


class Kitchen(Section):
    """What cooks."""

    cooks: float = field(COUNT, 3, "how many cook", question="how many cook", label="Cooks", is_axis=True)
    vegan: bool = field(
        SWITCH, False, "whether it is vegan", question="whether it is vegan", label="Vegan",
        assumption=DefaultAssumption("not given: with meat"), control=Toggle("Kitchen is vegan"),
    )
    dishes: tuple[Dish, ...] = field(TABLE, (), "what it cooks")
    stock: dict[str, float] = field(TABLE, dict, "what it has")


class Fields(Section):
'''
ATTRIBUTE = """
    kitchen: Kitchen = field(TABLE, Kitchen, "What cooks.", question="what cooks")
    times: dict[str, Timing]"""
SCRIPT = """
import json, sys, tomllib
sys.path.insert(0, "scripts")
import explorer as ex
import pages
from explorer.analysis import break_evens
from explorer.analysis.sensitivity import ranges
from explorer.cli.commands import init
from explorer.cli.assignments import parse_assignments
from explorer.ingest.workload import QUESTIONS
from explorer.views.app import controls
from explorer.views.report.workload import workload_tables
from explorer.workload import axes
from explorer.workload.schema import json_schema

MORE = {"dishes": [{"weight": "1 KB"}], "stock": {"flour": 2}}
least = dict(requests_per_month=1e5, response="1 KB", runtime="1 s")
w = ex.Workload(**least)
given = ex.Workload(**least, client={"patience": "1 min"}, kitchen={"cooks": 7, "vegan": True, **MORE})
again = tomllib.loads(given.to_toml())
rows = [row for table in workload_tables(given) for row in table.rows]
cells = [[str(getattr(cell, "text", cell)) for cell in row] for row in rows]

def refused(**fields):
    try:
        ex.Workload(**least, **fields)
    except ex.ExplorerError as error:
        return str(error)

schema = json_schema()["properties"]
dial = next(dial for dial in controls.DIALS if dial.field == "client.patience")
json.dump({
    "file": ex.__file__,
    "read": [w.client.patience, given.client.patience, w.kitchen.cooks, given.kitchen.vegan],
    "written": [again["client"], again["kitchen"]],
    "whole": refused(kitchen={"cooks": 2.5}),
    "refused": [refused(client={"patience": "1 minit"}), refused(client={"patient": 1}),
                refused(kitchen={"cooks": -1}), refused(kitchen={"vegan": 1}), refused(kichen={})],
    "schema": [schema["client"]["properties"]["patience"], schema["kitchen"]],
    "init": [line for line in init.to_toml({}).splitlines()
             if any(word in line for word in ("patience", "kitchen", "cooks", "vegan"))],
    "questions": [each.name for each in init.QUESTIONS if each.is_asked],
    "set": parse_assignments(["kitchen.vegan=yes", "client.patience=1 min"]),
    "wanted": QUESTIONS["client.patience"],
    "axes": [ex.sweep(w, {"client.patience": ["1 min", 90.0], "kitchen.cooks": [1, 2]}).shape,
             axes.axis_unit("client.patience")],
    "report": [row for row in cells if row[0] in ("Callers stay in line", "Cooks", "Vegan")],
    "break_evens": list(break_evens.AXES),
    "ranges": [(r.low, r.high, r.label, r.format_value(r.low))
               for r in ranges.ranges_of(w, None, ranges.DECISIONS) if r.field == "client.patience"],
    "assumed": [(row.id, row.value, row.why) for row in ex.recommend(w).answer.assumptions
                if row.id in ("client.patience", "kitchen.vegan")],
    "dial": [dial.name, dial.read(w), dial.marks[0], dial.marks[-1], dial.wording(90.0)],
    "switches": controls.SWITCHES["kitchen.vegan"],
    "page": [line for line in pages.workload_file().splitlines()
             if any(word in line for word in ("patience", "kitchen", "cooks", "vegan", "dishes", "stock"))],
}, sys.stdout)
"""


@pytest.fixture(scope="module")
def derived(tmp_path_factory):
    """What a copy of the package says whose fields.py alone has one field and one table more."""
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, copy / "explorer", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "data").symlink_to(data_dir(), target_is_directory=True)
    (copy / "scripts").mkdir()
    (copy / "docs").mkdir()
    shutil.copy(ROOT / "scripts" / "pages.py", copy / "scripts")
    shutil.copy(ROOT / "docs" / "workload-file.md", copy / "docs")
    path = copy / "explorer" / "workload" / "fields.py"
    text = path.read_text(encoding="utf-8")
    for before, replacement in (
        ("\n    polls: bool", FIELD + "    polls: bool"),
        ("\nclass Fields(Section):\n", TABLE),
        ("\n    times: dict[str, Timing]", ATTRIBUTE),
    ):
        assert text.count(before) == 1
        text = text.replace(before, replacement)
    path.write_text(text, encoding="utf-8")
    # JSON alone is read, whatever a library of the documentation warns of
    process = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    answer = json.loads(process.stdout)
    assert Path(answer["file"]).is_relative_to(copy)
    return answer


def test_a_new_field_is_read_and_written(derived):
    assert derived["read"] == [12.0, 60.0, 3, True]
    assert derived["written"] == [
        {"patience": "1 min"},
        {"cooks": 7, "vegan": True, "dishes": [{"weight": "1 KB"}], "stock": {"flour": 2}},
    ]
    assert derived["set"] == {"kitchen.vegan": True, "client.patience": "1 min"}


def test_a_new_field_is_refused_with_what_it_accepts(derived):
    time, unknown, count, switch, table = derived["refused"]
    assert time.startswith('workload: client.patience is "1 minit": expected a time such as "250 ms", "4 s"')
    assert 'client.patient is not a field (did you mean "patience"?)' in unknown
    assert count == "workload: kitchen.cooks is -1: expected a whole number of 0 or more"
    assert switch == "workload: kitchen.vegan is 1: expected true or false"
    assert derived["whole"] == "workload: kitchen.cooks is 2.5: expected a whole number of 0 or more"
    assert 'kichen is not a field (did you mean "kitchen"?)' in table


def test_a_new_field_is_in_the_schema(derived):
    patience, kitchen = derived["schema"]
    assert patience == {
        "description": "how long a caller stays in line",
        "allOf": [{"$ref": "#/definitions/time"}],
        "default": "12 s",
    }
    dishes, stock = (kitchen["properties"][name] for name in ("dishes", "stock"))
    assert dishes["type"] == "array" and dishes["items"]["required"] == ["weight"]
    assert stock["additionalProperties"] == {"type": "number"}
    assert kitchen["properties"]["cooks"]["maximum"] == 1e9 and kitchen["additionalProperties"] is False


def test_a_new_field_is_asked_for(derived):
    assert derived["init"] == [
        '# patience = "12 s"                 # how long they stay in line',
        "# [kitchen]                         # what cooks",
        "# cooks = 3                         # how many cook",
        "# vegan = false                     # whether it is vegan",
    ]
    assert {"client.patience", "kitchen.cooks", "kitchen.vegan"} <= set(derived["questions"])
    assert derived["wanted"] == "How long do callers stay in line?"


def test_a_new_field_is_shown(derived):
    assert derived["report"] == [
        ["Callers stay in line", "1 min at most", "given"],
        ["Cooks", "7", "given"],
        ["Vegan", "yes", "given"],
    ]
    assert derived["dial"] == ["Callers stay in line", 12.0, 1.0, 600.0, "1.5 min"]
    assert derived["switches"] == "Kitchen is vegan"
    assert derived["page"] == [
        "| `patience` | how long a caller stays in line | a time of at most 366 days | 12 s |",
        "## `[kitchen]`",
        "What cooks.",
        "| `cooks` | how many cook | a whole number of 0 or more | `3` |",
        "| `vegan` | whether it is vegan | `true` or `false` | `false` |",
        "| `dishes` | what it cooks | a table of fields |  |",
        "| `stock` | what it has | a table of fields |  |",
    ]


def test_a_new_field_varies_and_may_decide(derived):
    assert derived["axes"] == [[2, 2], "seconds"]
    assert "client.patience" in derived["break_evens"]
    assert derived["ranges"] == [[6.0, 24.0, "callers' patience", "6 s"]]
    assert derived["assumed"] == [
        ["client.patience", "12 s", "not given: a guess"],
        ["kitchen.vegan", "false", "not given: with meat"],
    ]


# The fields that there are --------------------------------------------------------------------------

VALUES = {  # one of each kind, as a file has it, with what it is
    "size": ("3 KB", 3072.0),
    "time": ("1.5 s", 1.5),
    "bandwidth": ("8 Mbit/s", 1e6),
    "memory": ("2 GB", 2048.0),
    "memory_or_any": ("2 GB", 2048.0),
    "switch": (True, True),
    "table": ({"lambda.concurrency": 500}, {"lambda.concurrency": 500.0}),
    "region": ("eu-west-1", "eu-west-1"),
    "date": ("2026-11-30", "2026-11-30"),
}


def value_for(record):
    """A value that a field takes, and what is read of it."""
    if record.choices and not record.kind.options:
        return ([record.choices[0]], (record.choices[0],)) if record.is_list else (record.choices[0],) * 2
    if record.kind.schema == "number":
        within = min(max(record.kind.least, 0.75), record.kind.most)
        whole = 3.0 if record.kind.is_whole else max(within, 3.0) if record.kind.most > 3 else within
        number = min(max(whole, record.kind.least), record.kind.most)
        return number, number
    if record.is_list:
        return ["A. Architect", "B. Board"], ("A. Architect", "B. Board")
    return VALUES.get(record.kind.schema, ("nodejs22.x", "nodejs22.x"))


@pytest.mark.parametrize("record", LEAVES, ids=lambda record: record.path)
def test_every_field_is_read_and_written_as_it_was_given(record, tmp_path):
    input_value, expected = value_for(record)
    (tmp_path / "nodejs22.x").write_text("A=1\n")  # of the one field that names a file
    beside = {**LEAST, "request": "1 KB"}
    if record.section == "configuration" and record.name != "dotenv":
        beside["configuration"] = {"total": "9 KB", "entries": 9}
    w = Workload("w.toml", tmp_path, **beside).replace({record.path: input_value})
    (tmp_path / "w.toml").write_text(w.to_toml(), encoding="utf-8")
    again = Workload.load(tmp_path / "w.toml")
    value = again
    for part in record.path.split("."):
        value = getattr(value, part)
    assert value == expected and again.is_given(record.path)
    assert again.replace(name=w.name).model_dump() == w.model_dump()


@pytest.mark.parametrize("record", FIELDS, ids=lambda record: record.path)
def test_every_field_has_its_place_in_the_schema_and_a_sentence(record):
    table = json_schema()
    for part in record.path.split("."):
        table = next(each for each in [table, *table.get("anyOf", ())] if part in each.get("properties", {}))
        table = table["properties"][part]
    assert table["description"] == record.sentence and record.sentence


@pytest.mark.parametrize("record", [r for r in LEAVES if r.question], ids=lambda record: record.path)
def test_what_init_writes_as_a_default_is_the_default(record):
    (question,) = (each for each in init.QUESTIONS if each.name == record.path)
    if record.default is REQUIRED or question.default is None:
        return
    assert record.kind.read(question.default) == record.default


def test_an_axis_is_a_number():
    plain = [record for record in FIELDS if record.is_axis and not record.table]
    assert {type(record.kind.read(value_for(record)[0])) for record in plain} == {float}
    assert set(axes.axis_names()) == {record.path for record in FIELDS if record.is_axis}


def test_a_field_that_another_makes_useful_names_one_that_there_is():
    paths = {record.path for record in FIELDS}
    assert {record.only_if for record in FIELDS} - {""} <= paths


def test_a_file_of_defaults_is_valid_toml_with_every_question():
    text = init.to_toml({"name": "x"})
    free = "\n".join(line.removeprefix("# ") for line in text.splitlines()[1:] if "= " in line or "[" in line)
    keys = tomllib.loads(
        "\n".join(line for line in free.splitlines() if not line.split("#")[0].strip().endswith("="))
    )
    assert {"region", "response", "client", "targets"} <= set(keys)


# No second list -------------------------------------------------------------------------------------

PATHS = {record.path for record in FIELDS if "." in record.path} | {"requests_per_month", "peak_rps"}
LISTS = {  # reviewed: how many lists of fields a module may still have; may only shrink
    "analysis/calibration/prediction.py": 1,  # the load of a run
    "analysis/calibration/solve.py": 2,  # the two rates that are measured
    "analysis/gate.py": 1,  # what drives a limit: where check points
    "analysis/promises.py": 2,  # those that have a price of their own
    "analysis/sensitivity/scenarios.py": 1,  # a peak goes along with its mean
    "analysis/variations.py": 1,  # likewise
    "cli/commands/ingest.py": 1,  # what was measured
    "ingest/function.py": 1,  # what a live function says
    "ingest/function_configuration.py": 1,  # and its configuration
    "ingest/workload.py": 1,  # likewise
    "live/deployment/deploy.py": 1,  # the load that a stack is sized for
    "options/base/conditions.py": 2,  # what the options read
    "workload/axes.py": 1,  # entries and secrets bound each other
}


def lists_of(path: Path) -> int:
    """How many displays of a module name two or more fields; a display in another counts once."""
    count = 0

    def walk(node: ast.AST) -> None:
        nonlocal count
        display = isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict)
        if display and len(PATHS & {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)
                                    and isinstance(n.value, str)}) > 1:  # fmt: skip
            count += 1
            return
        for child in ast.iter_child_nodes(node):
            walk(child)

    walk(ast.parse(path.read_text(encoding="utf-8")))
    return count


def test_no_other_module_lists_fields():
    counts = {p.relative_to(PACKAGE).as_posix(): lists_of(p) for p in sorted(PACKAGE.rglob("*.py"))}
    assert {name: count for name, count in counts.items() if count} == LISTS
