"""The walls of the house, from the code's own imports and the ids that it names."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import explorer
from explorer.engine.cost import usage
from explorer.engine.designs import OPTIONS, Context, table
from explorer.engine.latency import steps
from explorer.engine.limits import findings
from explorer.facts import catalogue
from explorer.options.base.conditions import Load
from explorer.workload.workload import Workload

PACKAGE = Path(explorer.__file__).parent
FLOORS = (  # from the ground up; a module imports from below its own floor alone
    {"errors"},
    {"units", "table", "placing"},
    {"distribution", "record"},
    {"simulate", "simulation", "reported", "facts", "fields", "flow", "pieces"},
    {"encoding", "spread", "lookup", "gateway", "stacked"},
    {"mistakes", "settings", "coldstart"},
    {"workload"},
    {"use", "axes"},
    {"load"},
    {"lines", "parts"},
    {"option"},
    {"work", "doors"},
    {"slices"},
    {"options"},
    {"design"},
    {"assess", "cost", "latency", "template"},
    {"evaluate"},
    {"dominance"},
    {"contest"},
    {"reasons"},
    {"around", "assumptions"},
    {"words"},
    {"recommend", "check", "calibrate"},
    {"one_design"},
    {"tiles"},
    {"sweep", "forecast", "live", "ingest", "refresh", "sensitivity"},
    {"atlas"},
    {"figures"},
    {"report"},
    {"app"},
    {"asking", "lab", "plain", "screen"},
    {"tables", "told"},
    {"console"},
    {"endpoint", "checking", "ingesting", "simulating", "sweeping", "weighing", "serving", "reporting"},
    {"cli"},
    {"__main__"},
)
FLOOR = {module: number for number, modules in enumerate(FLOORS) for module in modules}
CONTENTS = "__init__"  # the contents page names modules of every floor, and imports none
VERSION = "explorer.__version__"  # what it holds itself
SOURCES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The module of a file, or the package that it is in."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def run_time_nodes(tree: ast.AST):
    """The nodes of a module that run: not those for a type checker alone."""
    for node in ast.iter_child_nodes(tree):
        if not is_type_checking(node):
            yield node
            yield from run_time_nodes(node)


@cache
def imports(path: Path, at_import: bool = False) -> frozenset[str]:
    """Dotted names that a file imports, absolute; `at_import`: only those outside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    }
    package = ["explorer", *path.relative_to(PACKAGE).parts[:-1]]
    found: set[str] = set()
    for node in run_time_nodes(tree):
        if at_import and id(node) in inside:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            parts = [*base, *(node.module.split(".") if node.module else [])]
            if node.level and not node.module:
                found |= {".".join([*parts, alias.name]) for alias in node.names}
            else:
                found.add(".".join(parts))
    return frozenset(found)


def rooms_below(path: Path) -> set[str]:
    """The rooms of the house that a file imports, its own aside."""
    own = room(path)
    inner = {name.split(".")[1] for name in imports(path) - {VERSION} if name.startswith("explorer.")}
    return {name for name in inner if name != own}


def files(*rooms: str) -> list[Path]:
    return [path for path in SOURCES if room(path) in rooms]


def importers(library: str) -> set[str]:
    return {room(path) for path in SOURCES if library in {name.split(".")[0] for name in imports(path)}}


def test_every_module_has_its_floor():
    assert {room(path) for path in SOURCES} - {CONTENTS} <= set(FLOOR)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_the_floors(path):
    if room(path) == CONTENTS:
        return
    for below in rooms_below(path):
        assert FLOOR[below] < FLOOR[room(path)], f"{room(path)} imports {below}"


@pytest.mark.parametrize("package", ["options", "figures", "report"])
def test_the_files_of_a_package_import_one_another_in_no_circle(package):
    prefix = f"explorer.{package}."
    inside = {
        path.stem: {name.split(".")[2] for name in imports(path) if name.startswith(prefix)}
        for path in files(package)
    }
    done: set[str] = set()
    while ready := {name for name, needs in inside.items() if name not in done and needs <= done}:
        done |= ready
    assert done == set(inside)


@pytest.mark.parametrize("path", files("options"), ids=lambda path: path.stem)
def test_an_option_imports_what_it_may_say_and_nothing_else(path):
    ours = {name for name in imports(path) if name.startswith("explorer")}
    says = {"option", "work", "doors", "slices", "pieces", "parts", "gateway", "encoding", "distribution"}
    assert ours <= {f"explorer.{module}" for module in says}
    others = imports(path) - ours - set(sys.stdlib_module_names) - {"collections.abc", "numpy"}
    assert others == set()


def test_design_alone_imports_the_options():
    assert {room(path) for path in SOURCES if "options" in rooms_below(path)} == {"design"}


@pytest.mark.parametrize("reader", ["assess", "cost", "latency", "template"])
def test_the_readers_never_import_one_another(reader):
    for path in files(reader):
        assert not rooms_below(path) & ({"assess", "cost", "latency", "template"} - {reader})


@pytest.mark.parametrize(
    ("library", "rooms"),
    [
        ("boto3", {"refresh", "ingest", "live"}),
        ("botocore", {"refresh", "ingest", "live"}),
        ("matplotlib", {"figures"}),
        ("ipywidgets", {"app"}),
        (
            "typer",
            {
                "cli",
                "asking",
                "console",
                "endpoint",
                "checking",
                "ingesting",
                "simulating",
                "sweeping",
                "weighing",
                "serving",
                "reporting",
            },
        ),
    ],
)
def test_a_library_lives_in_its_room(library, rooms):
    assert importers(library) <= rooms


@pytest.mark.parametrize("library", ["boto3", "pandas", "numba", "ipywidgets", "IPython"])
def test_a_heavy_library_is_imported_when_it_is_first_needed(library):
    for path in SOURCES:
        if room(path) not in {"app", "figures"}:
            assert library not in {name.split(".")[0] for name in imports(path, at_import=True)}, path.name


HEAVY = {"pandas", "matplotlib", "boto3", "ipywidgets", "pyarrow", "numba", "IPython"}


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import explorer", HEAVY | {"scipy", "numpy", "pydantic"}),
        ("from explorer import Workload, Design, recommend", HEAVY),
    ],
)
def test_an_import_brings_none_of_the_heavy_libraries(statement, heavy):
    code = f"{statement}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {name.split(".")[0] for name in done.stdout.split()} & heavy


def test_facts_alone_knows_where_the_tables_are():
    tables = {table.name for table in catalogue.DEFAULT.folder.glob("*.csv")}
    for path in SOURCES:
        if room(path) != "facts":
            assert not tables & {Path(node.value).name for node in strings(path)}, path.name


def test_a_file_beside_the_code_is_found_by_its_own_room():
    named = {room(path) for path in SOURCES for node in ast.walk(parsed(path))
             if isinstance(node, ast.Name) and node.id == "__file__"}  # fmt: skip
    assert named <= {"facts", "lab", "report", "live"}  # tables and notebooks, templates, code to ship


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def strings(path: Path) -> list[ast.Constant]:
    """The texts of a file, docstrings aside."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    docs = {
        id(node.body[0].value)
        for node in ast.walk(parsed(path))
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    every = (node for node in ast.walk(parsed(path)) if isinstance(node, ast.Constant))
    return [node for node in every if isinstance(node.value, str) and id(node) not in docs]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_fits_on_300_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("path", files("options"), ids=lambda path: path.stem)
def test_an_option_holds_no_figure_of_aws(path):
    # small numbers count things; a unit, a rounding or a number of terms is no figure
    figures = {
        node.value
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
    }
    assert {figure for figure in figures if 2 < abs(figure) < 1e200} <= {
        8,
        10.0,
        32,
        1024,
        3600,
        86400,
        1e6,
        1e9,
    }


# Ids ----------------------------------------------------------------------------------------------

EVERYTHING = Workload(
    requests_per_month=1e6,
    request={"p50": "100 KB", "p99": "9 MB"},
    response={"p50": "1 MB", "p99": "90 MB", "divisible": True, "compression": 0.5},
    runtime={"p50": "10 s", "p99": "2000 s", "divisible": True, "steps": 40, "state": "2 MB"},
    configuration={"total": "9 KB", "entries": 40, "secrets": 3},
    client={"receives_callbacks": True, "needs": ["private"]},
)
NAMES = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_-]+)+")


def known_ids() -> set[str]:
    fields = {f"{section}.{name}" for section in ("request", "response", "runtime", "configuration", "client")
              for name in type(getattr(EVERYTHING, section)).model_fields}  # fmt: skip
    return (
        set(catalogue.limits())
        | set(catalogue.constants())
        | set(catalogue.times())
        | set(catalogue.price_ids())
        | fields
    )


@pytest.mark.parametrize("path", files("options"), ids=lambda path: path.stem)
def test_every_id_that_is_written_in_an_option_has_its_row(path):
    written = {node.value for node in strings(path) if NAMES.fullmatch(node.value)}
    suffixed = {"lambda.request", "lambda.duration", "lambda.response_streaming", "lambda.ephemeral_storage"}
    assert written - suffixed - known_ids() == set()
    for prefix in written & suffixed:
        assert {f"{prefix}_arm", f"{prefix}_x86"} <= set(catalogue.price_ids())


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_every_id_that_an_option_asks_for_has_its_row(architecture):
    w = EVERYTHING.replace({"runtime.architecture": architecture})
    for context in table().contexts:
        view = Load(w).under(context.flow)
        option = context.option
        assert {use.limit for use in option.limits(view)} <= set(catalogue.limits())
        assert {price_id for price_id, _ in option.usage(view)} <= set(catalogue.price_ids())
        assert list(option.steps(view)) is not None
        assert set(view.constants) <= set(catalogue.constants()) and set(view.times) <= set(catalogue.times())


def bound_limits() -> set[str]:
    """Limits that a use is of, or that an option reads to work out another."""
    plain = EVERYTHING.replace({"configuration.secrets": 0, "response.divisible": False})
    asked: set[str] = set()
    for w in (EVERYTHING, plain):
        for design in table().designs[::5]:
            load = Load(w)
            findings(w, design, load)
            usage(load, design)
            steps(load, design)
            asked |= set(load.limits)
        for context in table().contexts:
            asked |= {use.limit for use in context.option.limits(Load(w).under(context.flow))}
    return asked


def test_every_limit_is_bound_by_an_option_or_says_why_not():
    bound = bound_limits()
    silent = {limit.id for limit in catalogue.limits().values() if not limit.not_bound} - bound
    assert silent == set(), "neither bound by an option nor explained"


def test_no_limit_that_is_bound_says_that_it_is_not():
    uses = {use.limit for c in table().contexts for use in c.option.limits(Load(EVERYTHING).under(c.flow))}
    assert {limit.id for limit in catalogue.limits().values() if limit.not_bound} & uses == set()


def test_every_constant_and_time_is_used():
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    unused = {id for id in {*catalogue.constants(), *catalogue.times()} if f'"{id}"' not in text}
    explained = {"sqs.fifo.to_lambda", "sfn.express.to_lambda"}  # measured beside those that are
    assert unused - explained <= {id for id in catalogue.constants() if id.startswith("ddb.")}


# Options -----------------------------------------------------------------------------------------


def test_an_option_is_stated_once_and_nothing_else_knows_its_name():
    ids = {id for options in OPTIONS.values() for id in options}
    common = {"single", "inline", "environment", "service", "stored", "callback", "buffered"}  # words as well
    common |= {said for options in OPTIONS.values() for o in options.values() for said in o.says.values()}
    for path in SOURCES:
        if room(path) in {
            "options",
            "encoding",
            "facts",
            "record",
            "cli",
            "asking",
            "report",
            "figures",
            "app",
            "live",
        }:
            continue
        named = {node.value for node in strings(path) if node.value in ids - common}
        assert named == set(), f"{path.name} names {named}"


def test_an_option_keeps_no_state():
    for options in OPTIONS.values():
        for option in options.values():
            assert vars(option) == {} and option.summary and option.concern


def test_what_an_option_reads_and_says_are_quantities_of_the_flow():
    names = set(
        Context.of(next(iter(OPTIONS["door"].values())), table().designs[0].flow).flow.__dataclass_fields__
    )
    for options in OPTIONS.values():
        for option in options.values():
            assert {*option.reads, *option.says} <= names
