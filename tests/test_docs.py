"""README and the documentation: what they say is run, what they name exists, what they link is there."""

import base64
import io
import os
import re
import shlex
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import griffe
import numpy as np
import pytest
import typer.main
from PIL import Image

import explorer as ex
from explorer.cli.main import COMMANDS, app
from explorer.engine.designs import table
from tests.support.paths import ROOT

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
RUN = [page for page in PAGES if page.parent.name != "reference" and page.name != "option.md"]
FENCE = re.compile(r"^(?:<!-- (.*?) -->\n)?```(\w+)(?: [^\n]*)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
TITLED = re.compile(r'^```\w+ title="([\w./-]+)"\n(.*?)^```', re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")
IMAGE = re.compile(r'"data:image/png;base64,\s*([^"]+)"')
GENERATED = {"command-line.md", "workload.md", "limits.md", "prices.md"}  # by scripts/pages.py
SHORT = {"README.md", "fit.md"}  # their examples in `make test`, those of the others among the long guards
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def fences(page: Path, *languages: str) -> list[tuple[str, str, str]]:
    """(mark, language, code) of a page's fenced blocks."""
    return [block for block in FENCE.findall(page.read_text(encoding="utf-8")) if block[1] in languages]


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


# Reference --------------------------------------------------------------------------------------


def described_functions() -> list[griffe.Function]:
    """The functions, and the methods of the classes, that the reference shows."""
    package = griffe.load("explorer", search_paths=[ROOT])
    paths = [path for page in PAGES for path in re.findall(r"^::: explorer\.(\S+)$", page.read_text(), re.M)]
    functions = []
    for entry in (package[path] for path in paths):
        members = entry.members.values() if entry.is_class else [entry]
        functions += [f for f in members if f.is_function and not f.name.startswith(("_", "model_"))]
    return functions


def test_the_reference_describes_each_parameter_result_and_error():
    functions = described_functions()
    gaps = {function.path: gap for function in functions if (gap := gaps_of(function))}
    assert len(functions) > 40
    assert gaps == {}


def gaps_of(function: griffe.Function) -> list[str]:
    """What the reference would show wrong of a function: its docstring read as the documentation reads it."""
    text = function.docstring.value
    if text.startswith("As `Client."):
        return []
    expected = {parameter.name.lstrip("*") for parameter in function.parameters} - {"self", "cls"}
    sections = {section.kind.value: section.value for section in function.docstring.parse("numpy")}
    entries = sections.get("parameters", [])
    names = {entry.name.lstrip("*") for entry in entries}
    gaps = [f"{name} is no parameter" for name in names - expected]
    if entries or len(expected) > 1:
        gaps += [f"{name} is not described" for name in expected - names]
    for kind in ("parameters", "returns", "raises"):
        gaps += [f"{kind}: no description" for entry in sections.get(kind, []) if not entry.description]
    return gaps + re.findall(r"\b(?:Raises|Returns) [A-Z]\w+", text)


# Examples ---------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """The clone as a reader stands in it, but that nothing is written there."""
    for entry in ROOT.iterdir():
        if not entry.name.startswith(".") and entry.name not in {"build", "dist"}:
            (tmp_path / entry.name).symlink_to(entry)
    return tmp_path


def run(command: list[str], folder: Path, **options) -> subprocess.CompletedProcess:
    here = Path(sys.executable).parent
    plain = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "PYTHONPATH": str(ROOT)}
    env = os.environ | plain | {"PATH": f"{here}{os.pathsep}{os.environ['PATH']}"}
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.run(command, cwd=folder, env=env, text=True, timeout=600, **both, **options)


def examples(page: Path) -> list[tuple[str, str, str]]:
    blocks = fences(page, "bash", "console", "python")
    runs = [block for block in blocks if not block[0].startswith("not run")]
    return [block for block in runs if block[1] != "python" or "import explorer" in block[2]]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=() if page.name in SHORT else pytest.mark.slow)
        for page in RUN
        if examples(page)
    ],
    ids=lambda page: page.stem,
)
def test_the_examples_of_a_page_run_and_print_what_it_says(page, folder):
    for name, content in TITLED.findall(page.read_text(encoding="utf-8")):
        (folder / name).write_text(content, encoding="utf-8")
    for mark, language, code in examples(page):
        if language == "console":
            _as_told(code, folder)
            continue
        program = [sys.executable, "-c"] if language == "python" else ["bash", "-c"]
        ran = run([*program, code], folder)
        assert ran.returncode == (1 if "exits with 1" in mark else 0), code + ran.stdout


def _as_told(block: str, folder: Path) -> None:
    """Hold what a command prints against the page; `...` stands for what the page leaves out."""
    for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n?)*)", block, re.MULTILINE):
        printed = run(["bash", "-c", command], folder).stdout
        lines = [line.rstrip() for line in printed.splitlines()]
        patterns = [r".*".join(map(re.escape, line.split("..."))) for line in output.rstrip().split("\n")]
        pattern = "\n".join(r"(?:.*\n)*?.*" if line == ".*" else line for line in patterns)
        assert re.fullmatch(f"{pattern}\n*", "\n".join(lines)), f"{command} prints\n{printed}"


def commands(text: str) -> list[list[str]]:
    """The explorer commands of a shell block, as words."""
    whole = re.sub(r"\\\n", " ", text)
    lines = [part for line in whole.splitlines() for part in re.split(r";|&&|\|(?=\s)", line)]
    split = [shlex.split(line.removeprefix("$ "), comments=True) for line in lines if "explorer " in line]
    return [words[words.index("explorer") + 1 :] for words in split if "explorer" in words]


@every_page
def test_every_command_and_option_that_a_page_names_exists(page):
    calls = [words for _, language, code in fences(page, "bash", "sh", "console")
               for words in commands("".join(f"{line}\n" for line in code.splitlines()
                                             if language != "console" or line.startswith("$ ")))]  # fmt: skip
    for inline in re.findall(r"`(explorer [a-z][^`]*)`", prose(page)):
        calls += commands(inline.replace("|", " "))
    for words in calls:
        _exists(words)


def _exists(words: list[str]) -> None:
    command, rest = typer.main.get_command(app), list(words)
    options_of_all = {"-h", "--help", "-V", "--version", "--install-completion"}
    while rest and not rest[0].startswith("-") and hasattr(command, "list_commands"):
        word = rest.pop(0)
        assert word in command.list_commands(None), f"explorer {' '.join(words)}: no command {word}"
        command = command.get_command(None, word)
    options_of_all |= {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
    options = {word.split("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
    assert options <= options_of_all, f"explorer {' '.join(words)}: {sorted(options - options_of_all)}"


def test_readme_lists_every_command():
    table = (ROOT / "README.md").read_text().split("## The commands")[1].split("\n\n")[1]
    assert re.findall(r"`explorer (\w+)`", table) and set(re.findall(r"`explorer (\w+)`", table)) == set(
        COMMANDS
    )


def test_readme_runs_every_block_but_the_two_commands_that_install():
    marks = [
        mark for mark, language, _ in fences(ROOT / "README.md", "bash", "sh", "console", "python") if mark
    ]
    assert marks == ["not run: installs, and opens a browser"]


# Names ------------------------------------------------------------------------------------------


@every_page
def test_every_python_name_that_a_page_uses_exists(page):
    for name in set(re.findall(r"\bex\.(\w+(?:\.\w+)?)", page.read_text(encoding="utf-8"))):
        first, _, inner = name.partition(".")
        attribute = getattr(ex, first)
        assert not inner or hasattr(attribute, inner), name


def test_the_reference_holds_every_public_name():
    documented = set(re.findall(r"^::: (\S+)$", (DOCS / "reference" / "python.md").read_text(), re.MULTILINE))
    public = [getattr(ex, name) for name in ex.__all__ if name != "__version__"]
    public += [getattr(ex.live, name) for name in ex.live.__all__]
    assert documented == {f"{each.__module__}.{each.__qualname__}" for each in public}


def test_readme_tells_why_of_every_dependency():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirements = [
        *project["dependencies"],
        *(r for each in project["optional-dependencies"].values() for r in each),
    ]
    names = {re.split(r"[>=<\[]", requirement)[0] for requirement in requirements} - {project["name"]}
    table = (ROOT / "README.md").read_text().split("## Dependencies")[1].split("\n## ")[0].lower()
    with_parent = {"nbclient", "nbformat", "build", "editables", "hatchling", "packaging", "pandas-stubs"}
    missing = {name for name in names - with_parent if name.lower() not in table}
    spelled = {"python-dotenv", "tomli-w"}
    assert missing - spelled == set()


def test_readme_names_the_doors_and_the_responses_that_can_be_deployed():
    sentence = re.search(r"^What can be deployed: .*?\.", (ROOT / "README.md").read_text(), re.M | re.S)
    can = [design for design in table().designs if design.deployable]
    doors, responses = {design.door for design in can}, {design.response for design in can}
    assert set(re.findall(r"`([\w-]+)`", sentence[0])) == doors | responses


# Links ------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings make."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {re.sub(r"\s+", "-", heading.strip()) for heading in plain}


@every_page
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(<?([^)\s>]+)>?\)", prose(page)):
        if "://" in target:
            assert re.fullmatch(r"https://[\w.-]+\.[a-z]+(/[^\s]*)?", target), target
            continue
        path, _, anchor = target.partition("#")
        file = page if not path else (page.parent / path).resolve()
        if file.name in GENERATED or file.parent.name == "notebooks":
            stored = file.with_suffix(".ipynb").name if file.suffix == ".md" else file.name
            assert file.name in GENERATED or (ROOT / "notebooks" / stored).is_file(), target
            continue  # of the made pages, `make docs` checks the anchors
        assert file.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(file), f"{page.name}: {target}"


# Pictures ---------------------------------------------------------------------------------------


def script(name: str):
    spec = spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def drawing():
    return script("pictures")


@pytest.fixture(scope="module")
def pictures(drawing):
    answers = {name: drawing.svg(picture) for name, picture in drawing.pictures().items()}
    return answers | {"rooms": script("rooms").svg()}


def test_the_pictures_are_what_the_code_draws(pictures):
    stored = {path.stem: path.read_text(encoding="utf-8") for path in (DOCS / "pictures").glob("*.svg")}
    assert stored.keys() == pictures.keys()
    for name, text in pictures.items():
        assert same(stored[name], text), f"docs/pictures/{name}.svg is of other code: run make outputs"


def test_the_list_of_modules_is_that_of_the_code():
    rooms = script("rooms")
    stored = (DOCS / "architecture.md").read_text(encoding="utf-8")
    assert stored == rooms.page(), "docs/architecture.md lists other modules: run python scripts/rooms.py"
    assert stored.count("| `cost.py` |") == 1


def test_a_picture_with_another_number_is_another_picture(pictures):
    text = pictures["costs"]
    moved = re.sub(
        r'transform="translate\((\d+)', lambda at: f'transform="translate({int(at[1]) + 1}', text, count=1
    )
    assert moved != text and not same(text, moved) and same(text, text)


def same(one: str, other: str) -> bool:
    """Whether two SVGs show the same: to a hundredth of a point, and to a shade in what is not lines."""
    images = [[_pixels(data) for data in IMAGE.findall(text)] for text in (one, other)]
    texts = [
        re.sub(r"\b(?:[mpc]|image|DejaVuSans\w*-)[0-9a-f]{6,}\b", "id", IMAGE.sub('""', t))
        for t in (one, other)
    ]
    if len(images[0]) != len(images[1]) or NUMBER.sub("0", texts[0]) != NUMBER.sub("0", texts[1]):
        return False
    alike = all(a.shape == b.shape and np.abs(a - b).mean() < 0.5 for a, b in zip(*images))
    numbers = [np.array(NUMBER.findall(text), dtype=float) for text in texts]
    return alike and bool(np.allclose(*numbers, rtol=0, atol=0.01))


def _pixels(data: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA"), dtype=float)


@every_page
def test_a_picture_has_words_and_is_small(page):
    for alt, target in re.findall(r"!\[(.*?)\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        assert len(alt) > 20, target
        assert (page.parent / target).stat().st_size < 300_000
