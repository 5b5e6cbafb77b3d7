"""What holds the house together beside the walls that `make lint` checks: names, places, ids."""

import ast
import csv
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import explorer as ex
from explorer.engine.cost import usage
from explorer.engine.designs import OPTIONS, table
from explorer.engine.latency import steps
from explorer.engine.limits import binding_uses, findings
from explorer.facts import catalogue, units
from explorer.facts.locations import PACKAGE
from explorer.options.base.conditions import Conditions
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import DERIVED, RequestPath
from explorer.workload.fields import FIELDS
from explorer.workload.workload import Workload

SOURCES = sorted(PACKAGE.rglob("*.py"))
SHIPPED = PACKAGE / "live" / "functions"
BESIDE = {"__init__.py", "__main__.py", "py.typed", "data", "notebooks"}  # the last two in a wheel
PAGES = {"", "live", "live/client", "views/figures"}  # packages whose `__init__` holds public names
LISTS = {f"options/{concern}" for concern in OPTIONS}  # and those that list the options of a concern


def room(path: Path) -> str:
    """The room of a file: the first folder below the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def files(*rooms: str) -> list[Path]:
    return [path for path in SOURCES if room(path) in rooms]


OPTION_FILES = [
    path for path in files("options") if path.parent.name in OPTIONS and path.name != "__init__.py"
]


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


# Places -------------------------------------------------------------------------------------------


def test_tests_have_the_folders_of_the_package():
    tests = Path(__file__).parent
    folders = {path.parent.relative_to(tests).as_posix() for path in tests.rglob("test_*.py")}
    beside_the_rooms = {".", "browser", "guard"}
    assert [folder for folder in folders - beside_the_rooms if not (PACKAGE / folder).is_dir()] == []


def test_the_root_holds_rooms_and_the_errors():
    entries = {path.name for path in PACKAGE.iterdir() if not path.name.startswith(("_", "."))} - BESIDE
    assert entries == {
        "analysis", "check", "cli", "engine", "errors.py", "facts", "ingest", "live", "options", "views",
        "workload",
    }  # fmt: skip


def test_a_package_says_what_it_is_and_holds_nothing_else():
    for path in SOURCES:
        if path.name != "__init__.py" or path.is_relative_to(SHIPPED):
            continue
        (doc, *rest) = parsed(path).body
        assert isinstance(doc, ast.Expr) and ast.get_docstring(parsed(path)), name(path)
        folder = path.parent.relative_to(PACKAGE).as_posix().removeprefix(".")
        assert not rest or folder in PAGES | LISTS, f"{name(path)} holds more than its docstring"


def test_no_two_files_of_a_room_share_a_name():
    free = {"__init__", "base"}
    for one in {room(path) for path in SOURCES}:
        own = [path for path in files(one) if path.parent != SHIPPED and "commands" not in path.parts]
        stems = Counter(path.stem for path in own if path.stem not in free)
        assert {stem for stem, count in stems.items() if count > 1} <= TWICE.get(one, set()), one


TWICE = {  # reviewed: may only shrink
    "views": {"growth", "measured", "resources", "sensitivity", "sequence", "workload"},
    "live": {"doors", "durable", "limits", "run", "exchange"},
}


def test_what_is_shipped_imports_its_neighbours_by_their_bare_names():
    own = {path.stem for path in SHIPPED.glob("*.py")}
    for path in SHIPPED.glob("*.py"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0 and not (node.module or "").startswith("explorer"), name(path)
            elif isinstance(node, ast.Import):
                assert all(not alias.name.startswith("explorer") for alias in node.names), name(path)
    assert {"front", "work", "sample"} <= own  # names of handlers


HEAVY = {"pandas", "matplotlib", "boto3", "ipywidgets", "pyarrow", "numba", "IPython"}


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import explorer", HEAVY | {"scipy", "numpy", "pydantic"}),
        ("from explorer import Workload, Design, recommend", HEAVY),
        ("import explorer.cli.main", HEAVY | {"scipy", "numpy", "pydantic", "rich.table"}),
    ],
)
def test_an_import_brings_none_of_the_heavy_libraries(statement, heavy):
    code = f"{statement}\nimport sys; print(*sys.modules)"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(process.stdout.split())
    assert not (modules | {module.split(".")[0] for module in modules}) & heavy


@pytest.mark.parametrize("library", ["boto3", "pandas", "numba", "ipywidgets", "IPython"])
def test_a_heavy_library_is_imported_when_it_is_first_needed(library):
    for path in SOURCES:
        if not path.is_relative_to(PACKAGE / "views"):
            assert library not in at_import(path), name(path)


def at_import(path: Path) -> set[str]:
    """The libraries that a module imports as it is imported: not in functions, not for a type checker."""

    def walk(node: ast.AST):
        for child in ast.iter_child_nodes(node):
            checked = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            if not checked and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield child
                yield from walk(child)

    nodes = list(walk(parsed(path)))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    plain |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {module.split(".")[0] for module in plain}


def test_facts_alone_knows_where_the_tables_are():
    tables = {path.name for path in catalogue.DEFAULT.folder.glob("*.csv")}
    for path in SOURCES:
        if room(path) != "facts":
            assert not tables & {Path(node.value).name for node in strings(path)}, name(path)


def test_one_module_knows_where_the_files_of_the_package_are():
    own = [path for path in SOURCES if not path.is_relative_to(SHIPPED)]
    for path in own:
        if path.name == "locations.py":
            continue
        for node in ast.walk(parsed(path)):
            assert not (isinstance(node, ast.Name) and node.id == "__file__"), name(path)
            resources = isinstance(node, ast.ImportFrom) and node.module == "importlib.resources"
            assert not resources, name(path)


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


@pytest.mark.parametrize("path", OPTION_FILES, ids=lambda path: path.stem)
def test_an_option_holds_no_figure_of_aws(path):
    # small numbers count things; a unit, a rounding or a number of terms is no figure
    figures = {
        node.value
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
    }
    assert {figure for figure in figures if 2 < abs(figure) < 1e200} <= {32, 60, 128, 1024, 3600, 86400, 1e9}


# Names --------------------------------------------------------------------------------------------

PARTICIPLES = {
    "added", "asked", "binding", "bound", "broken", "carried", "changed", "chosen", "done", "drawn",
    "excluded", "found", "given", "gone", "grown", "handed", "held", "kept", "known", "left", "listed",
    "made", "meant", "met", "named", "needed", "paid", "picked", "placed", "raised", "ranked", "reduced",
    "said", "seen", "sent", "shown", "summed", "swept", "taken", "told", "turned", "used", "wanted",
    "worked", "written",
}  # fmt: skip
PLAIN = (
    "facts",
    "workload",
    "options",
    "engine",
    "analysis",
    "views",
    "cli",
    "live",
    "check",
    "ingest",
)
BARE = {  # reviewed: columns of tables, fields of the workload file and of public answers; may only shrink
    "analysis/limit_explanation.py": {"seen"},
    "cli/commands/agent_tools.py": {"excluded", "found"},
    "facts/records.py": {"seen"},
    "facts/refresh/prices.py": {"added", "changed"},
    "facts/refresh/quotas.py": {"added", "held"},
    "facts/refresh/result.py": {"added", "changed", "gone", "held"},
    "facts/refresh/service_models.py": {"gone"},
    "options/base/resources.py": {"kept"},
    "views/figures/decisions.py": {"swept"},
    "views/figures/resources.py": {"left"},
    "views/figures/sequence.py": {"left"},
    "views/figures/style.py": {"left"},
    "workload/fields.py": {"kept", "used"},
}


def names_of(path: Path) -> set[str]:
    """What a file names: definitions, parameters, variables, attributes, without underscores around."""
    nodes = list(ast.walk(parsed(path)))
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    names = {node.name for node in nodes if isinstance(node, definitions)}
    names |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names |= {
        node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    names |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    return {name.strip("_").lower() for name in names}


def test_a_name_is_a_noun_or_a_verb():
    bare = {name(path): names_of(path) & PARTICIPLES for path in files(*PLAIN)}
    assert {file: words for file, words in bare.items() if words} == BARE


def test_a_name_in_a_test_or_a_script_is_a_noun_or_a_verb():
    root = Path(__file__).parents[1]
    paths = [
        path
        for folder in ("tests", "scripts", "benchmarks")
        for path in sorted((root / folder).rglob("*.py"))
    ]
    bare = {path.relative_to(root).as_posix(): names_of(path) & PARTICIPLES for path in paths}
    assert {file: words for file, words in bare.items() if words} == {}


# Of functions, methods and properties: those that answers and exported clients promise; may only shrink.
PROMISED = {
    "analysis/recommendation.py": {"rejected"},
    "live/bench/result.py": {"corrupted", "duplicated", "measured", "predicted", "succeeded"},
    "live/bench/row.py": {"accepted"},
    "live/client/exchange.py": {"ended"},
    "live/deployment/registry.py": {"created", "expired"},
    "views/figures/measured.py": {"served"},
    "views/report/measured.py": {"measured", "predicted"},
}
VERBS = {"exceed", "feed", "need", "speed"}


def test_a_function_is_not_named_by_a_bare_participle():
    bare = {name(path): bare_participles(path) for path in files(*PLAIN)}
    assert {file: words for file, words in bare.items() if words} == PROMISED


def bare_participles(path: Path) -> set[str]:
    nodes = ast.walk(parsed(path))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    words = {node.name.strip("_") for node in functions}
    return {word for word in words if word.endswith("ed") and "_" not in word} - VERBS


# Docstrings ---------------------------------------------------------------------------------------

PARAMETERS = re.compile(r"^Parameters\n-+\n(.*?)(?=^\w[\w ]*\n-{3,}$|\Z)", re.DOTALL | re.MULTILINE)
ROOMS_WITH_SECTIONS = ("check", "engine", "facts", "ingest", "options", "workload")


def parameters_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    every = function.args
    rest = [argument for argument in (every.vararg, every.kwarg) if argument]
    names = {argument.arg for argument in (*every.posonlyargs, *every.args, *every.kwonlyargs, *rest)}
    return names - {"self", "cls"}


@pytest.mark.parametrize("path", files(*ROOMS_WITH_SECTIONS), ids=name)
def test_a_section_of_parameters_lists_each_of_them_and_nothing_else(path):
    for node in ast.walk(parsed(path)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if section := PARAMETERS.search(ast.get_docstring(node) or ""):
            headings = [line for line in section[1].splitlines() if line and not line.startswith(" ")]
            names = [word.lstrip("*") for heading in headings for word in heading.split(", ")]
            assert set(names) == parameters_of(node), node.name


# Types --------------------------------------------------------------------------------------------

CASTS = {  # what a type checker is told, not shown; may only shrink
    "engine/designs.py": 1,  # a path with the declared fields alone, so that an undeclared one is an error
    "workload/field_record.py": 1,  # pydantic keeps records beside a JSON Schema, but types what JSON has
}
IGNORED = {  # `type: ignore`, each for a library whose types say less than it does; may only shrink
    "analysis/answer_rows.py": 2,  # typeshed: a TypeVar is no dataclass
    "check/parse.py": 1,  # typeshed: the decoder's scanner
    "check/template.py": 1,
    "cli/main.py": 1,  # Typer: Rich's panel of a command
    "cli/prompts.py": 1,  # typing: the metadata of Annotated
    "engine/cost.py": 1,  # pandas: a frame's HTML
    "views/app/screen.py": 1,  # IPython has no types
    "views/app/server.py": 4,  # Voila has no types
}
UNTYPED = {"engine": 9, "options": 10}  # how often `Any` stands where numbers are made; may only shrink


def count(path: Path, holds) -> int:
    return sum(holds(node) for node in ast.walk(parsed(path)))


def is_cast(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in {"cast", "typing.cast"}


def is_any(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "Any"


def is_plain_json(node: ast.AST) -> bool:
    """Whether it is the type of a mapping of texts to whatever, as a template or an answer has it."""
    return isinstance(node, ast.Subscript) and ast.unparse(node) in {"dict[str, Any]", "Mapping[str, Any]"}


def test_a_type_is_shown_not_claimed():
    casts = {name(path): count(path, is_cast) for path in SOURCES}
    assert {file: times for file, times in casts.items() if times} == CASTS
    ignored = {name(path): path.read_text(encoding="utf-8").count("# type: ignore") for path in SOURCES}
    assert {file: times for file, times in ignored.items() if times} == IGNORED


def test_no_any_hides_a_number():
    assert units.Number == "float | NDArray[np.float64]"
    for one, most in UNTYPED.items():
        assert sum(count(path, is_any) - count(path, is_plain_json) for path in files(one)) <= most, one


def test_request_paths_offer_each_field_as_a_mask_or_a_column():
    types = {field: str(hint) for field, hint in RequestPath.__annotations__.items()}
    types |= dict.fromkeys(DERIVED, "bool")
    masks = {field: "Mask" if hint == "bool" else f"Column[{hint}]" for field, hint in types.items()}
    assert Paths.__annotations__ == masks


def test_a_type_checker_sees_each_public_name():
    """A list that is computed is none to a type checker: it would refuse `ex.recommend`."""
    nodes = parsed(PACKAGE / "__init__.py").body
    (names,) = (ast.literal_eval(node.value) for node in nodes if ast.unparse(node).startswith("__all__ ="))
    assert names == [*ex._CONTENTS, "__version__"]
    block = next(node for node in nodes if isinstance(node, ast.If))
    imports = {alias.asname or alias.name for node in block.body for alias in node.names}
    assert imports == {*ex._CONTENTS, *ex._PAGES}


# Ids ----------------------------------------------------------------------------------------------

EVERYTHING = Workload(
    requests_per_month=1e6,
    request={"p50": "100 KB", "p99": "9 MB"},
    response={"p50": "1 MB", "p99": "90 MB", "divisible": True, "compression": 0.5},
    runtime={"p50": "10 s", "p99": "2000 s", "divisible": True, "steps": 40, "state": "2 MB"},
    configuration={"total": "9 KB", "entries": 40, "secrets": 3},
    client={"receives_callbacks": True, "needs": ["private"], "headers": "2 KB"},
)
NAMES = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_-]+)+")


def known_ids() -> set[str]:
    sections = ("request", "response", "runtime", "configuration", "client", "network")
    fields = {f"{section}.{name}" for section in sections
              for name in type(getattr(EVERYTHING, section)).model_fields}  # fmt: skip
    return (
        set(catalogue.limits())
        | set(catalogue.constants())
        | set(catalogue.times())
        | set(catalogue.price_ids())
        | fields
    )


@pytest.mark.parametrize("path", OPTION_FILES, ids=lambda path: path.stem)
def test_every_id_that_is_written_in_an_option_has_its_row(path):
    ids = {node.value for node in strings(path) if NAMES.fullmatch(node.value)}
    ids -= {text for text in ids if text.endswith(".amazonaws.com")}  # names of services
    suffixed = {
        "lambda.request",
        "lambda.duration",
        "lambda.provisioned_concurrency",
        "lambda.response_streaming",
        "lambda.ephemeral_storage",
    }
    assert ids - suffixed - known_ids() == set()
    for prefix in ids & suffixed:
        assert {f"{prefix}_arm", f"{prefix}_x86"} <= set(catalogue.price_ids())


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_every_id_that_an_option_asks_for_has_its_row(architecture):
    w = EVERYTHING.replace({"runtime.architecture": architecture})
    for placement in table().placements:
        load, option, path = Conditions(w), placement.option, placement.path
        assert {use.limit for use in option.limits(load, path)} <= set(catalogue.limits())
        assert {price_id for price_id, _ in option.usage(load, path)} <= set(catalogue.price_ids())
        assert list(option.steps(load, path)) is not None
        assert set(load.constants) <= set(catalogue.constants()) and set(load.times) <= set(catalogue.times())


def bound_limits() -> set[str]:
    """Limits that a use is of, or that an option reads to work out another."""
    plain = EVERYTHING.replace({"configuration.secrets": 0, "response.divisible": False})
    limit_ids: set[str] = set()
    for w in (EVERYTHING, plain):
        load = Conditions(w)
        for design in table().designs[::5]:
            findings(w, design, load)
            usage(load, design)
            steps(load, design)
        limit_ids |= set(load.limits)
        for placement in table().placements:
            limit_ids |= {use.limit for use in binding_uses(placement, Conditions(w))}
    return limit_ids | limits_of_executions()


def limits_of_executions() -> set[str]:
    """Those that executions read for work of another kind."""
    limit_ids: set[str] = set()
    fast = {"peak_rps": 5000.0, "peak_ramp": "1 minute", "targets.latency_p95": "1 hour"}
    others: list[dict] = [{"runtime.language": name} for name in ("nodejs22.x", "java21", "dotnet8")]
    for other in (*others, fast, {"downstream.concurrency": 9}, {"runtime.interruptible": True}):
        load = Conditions(EVERYTHING.replace(other))
        for placement in table().placements:
            if placement.option.concern == "execution":
                limit_ids |= {use.limit for use in binding_uses(placement, load)}
                list(placement.option.usage(load, placement.path))
        limit_ids |= set(load.limits)
    return limit_ids


def test_every_limit_is_bound_by_an_option_or_says_why_not():
    limits_with_use = bound_limits()
    silent = {limit.id for limit in catalogue.limits().values() if not limit.not_bound} - limits_with_use
    assert silent == set(), "neither bound by an option nor explained"


def test_no_limit_that_is_bound_says_that_it_is_not():
    load = Conditions(EVERYTHING)
    uses = {use.limit for placement in table().placements for use in binding_uses(placement, load)}
    assert {limit.id for limit in catalogue.limits().values() if limit.not_bound} & uses == set()


def test_every_constant_and_time_is_used_or_says_why_not():
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    rows = {**catalogue.constants(), **catalogue.times()}
    ids_in_code = {id for id in rows if f'"{id}"' in text} | {
        id for id in catalogue.constants() if id.startswith(("ddb.", "encoding.copies.", "encoding.headers."))
    }
    unused = rows.keys() - ids_in_code
    assert unused == {id for id, row in rows.items() if row.not_used}


def known_names() -> set[str]:
    """Options, concerns, and the parts of a workload."""
    return {*OPTIONS, *(id for options in OPTIONS.values() for id in options), *Workload.model_fields}


def test_what_is_to_come_with_something_new_is_not_there_yet():
    coming = {limit.not_bound.removeprefix("to come with ") for limit in catalogue.limits().values()
              if limit.not_bound.startswith("to come with ")}  # fmt: skip
    assert not coming & known_names()


def test_what_is_to_come_in_an_option_names_one():
    names = {limit.not_bound.removeprefix("to come in ") for limit in catalogue.limits().values()
             if limit.not_bound.startswith("to come in ")}  # fmt: skip
    assert names - {"check"} <= known_names()


CHECKED = re.compile(rf"({'|'.join(sorted({id.split('.')[0] for id in catalogue.limits()}))})(\.[a-z0-9_]+)+")


@pytest.mark.parametrize("path", files("check"), ids=lambda path: path.stem)
def test_every_id_that_a_rule_of_check_names_has_its_row(path):
    ids = {node.value for node in strings(path) if CHECKED.fullmatch(node.value)}
    assert ids - {*catalogue.limits(), *catalogue.constants()} == set()


def test_what_is_to_come_in_check_is_not_held_there_yet():
    check_texts = {node.value for path in files("check") for node in strings(path)}
    coming = {limit.id for limit in catalogue.limits().values() if limit.not_bound == "to come in check"}
    assert coming and not coming & check_texts


# Options -----------------------------------------------------------------------------------------


OPTION_WORDS = {  # reviewed, may only shrink: what else a text means that is an option's id or part
    "workload/fields.py": {"accepted"},  # the status of a decision
    "views/report/front_page.py": {"accepted"},  # the same
    "check/parameters.py": {"parameters"},  # a folder, a key of samconfig
    "check/terraform_arguments.py": {"environment", "parameters", "queue"},  # an attribute in a plan
    "check/rules_concurrency.py": {"provisioned concurrency"},  # a property, in AWS's words
    "check/recognition.py": {"environment", "service"},  # keys in files of other frameworks
    "check/sources/serverless.py": {"alb", "environment", "service"},  # keys in the framework's file
    "check/template.py": {"service"},
    "cli/commands/agent_tools.py": {"service"},  # a column
    "cli/commands/facts.py": {"service"},  # a column
    "engine/encoded_size.py": {"http-api"},  # the default of a public function
    "facts/catalogue.py": {"service"},
    "facts/records.py": {"service"},
    "facts/runtimes.py": {"durable"},  # a column
    "live/bench/exchange.py": {"gzip"},  # HTTP's name of the coding
    "live/bench/jobs.py": {"gzip"},
    "live/bench/result.py": {"queue"},
    "live/bench/row.py": {"queue"},
    "live/client/bodies.py": {"gzip"},
    "live/client/caller.py": {"gzip"},
    "live/client/exchange.py": {"accepted", "queued"},  # the status of a job
    "live/cloud/actions.py": {"appconfig"},  # AWS's name of a service
    "live/cloud/doors.py": {"function-url", "http-api"},  # the local cloud stands in for these doors
    "live/cloud/history.py": {"parameters"},  # AWS's name of a field
    "live/cloud/limits.py": {"function-url", "http-api", "rest-api"},
    "live/cloud/initialization.py": {  # values of Lambda's own variable
        "on-demand",
        "provisioned-concurrency",
        "snap-start",
    },
    "live/cloud/limits_at_door.py": {"function-url"},
    "live/cloud/task_processes.py": {"cluster"},  # AWS's name of a field
    "live/cloud/limits_inside.py": {"function-url", "http-api", "rest-api"},
    "live/deployment/config_values.py": {"appconfig"},
    "live/deployment/export.py": {"appconfig"},
    "live/deployment/package.py": {"bundled", "durable"},  # settings of the code that is shipped
    "live/deployment/template.py": {"environment"},
    "live/functions/configuration.py": {"appconfig", "bundled", "environment"},
    "live/functions/handing.py": {"durable", "environment", "queue"},  # one a key of ECS
    "live/functions/jobs.py": {"queued"},
    "live/functions/results.py": {"gzip"},
    "live/functions/settings.py": {"environment", "queue"},
    "live/functions/submit.py": {"queued"},
    "views/figures/__init__.py": {"distribution"},  # the figure of one
    "views/report/notebook.py": {"parameters"},  # a tag of a notebook's cell
}


def test_an_option_is_stated_once_and_nothing_else_knows_its_name():
    every = [option for options in OPTIONS.values() for option in options.values()]
    own = {option.id for option in every} | {str(part) for option in every for part in option.parts}
    own -= {"none"}  # a word of its own
    ids_in_code = {
        name(path): {node.value for node in strings(path)} & own
        for path in SOURCES
        if room(path) != "options"
    }
    assert {file: words for file, words in ids_in_code.items() if words} == OPTION_WORDS


def test_an_option_keeps_no_state():
    for options in OPTIONS.values():
        for option in options.values():
            assert vars(option) == {} and option.summary and option.concern


def test_what_an_option_reads_and_says_are_quantities_of_the_flow():
    names = set(RequestPath.__dataclass_fields__)
    for options in OPTIONS.values():
        for option in options.values():
            assert {*option.depends_on, *option.provides, *option.clash_fields} <= names


def test_what_an_option_offers_and_rests_on_is_known():
    needs = {choice for record in FIELDS if record.path == "client.needs" for choice in record.choices}
    rows = csv.DictReader((PACKAGE.parent / "data" / "regions.csv").read_text(encoding="utf-8").splitlines())
    features = {feature for row in rows for feature in row["lacks"].split()}
    features |= {"durable"}  # no region lacks it today
    for options in OPTIONS.values():
        for option in options.values():
            assert set(getattr(option, "offers", ())) <= needs, option.id
            assert not option.region_feature or option.region_feature in features, option.id
