"""Setting up: the lock, the conda environment and the wheel tell the same as pyproject.toml."""

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import urllib.request
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {k: v for k, v in PROJECT["optional-dependencies"].items() if k != "all"}
REQUIREMENTS = [
    Requirement(line) for line in (*PROJECT["dependencies"], *(r for v in EXTRAS.values() for r in v))
]
CONDA_NAMES = {"build": "python-build", "matplotlib": "matplotlib-base"}  # where they differ

LOCK = (ROOT / "requirements.lock").read_text()
LOCKED = [
    (Requirement(entry.split(" \\\n")[0]), entry)
    for entry in re.split(r"\n(?=\S)", LOCK)
    if not entry.startswith("#")
]


def conda_requirements() -> list[Requirement]:
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    plain = [entry for entry in entries if isinstance(entry, str)]
    from_pypi = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    assert "-e ." in from_pypi
    return [Requirement(entry) for entry in (*plain, *from_pypi) if entry != "-e ."]


def test_the_extra_all_is_all_extras():
    assert PROJECT["optional-dependencies"]["all"] == [f"{PROJECT['name']}[{','.join(EXTRAS)}]"]


def test_conda_users_get_the_same_requirements_with_the_same_bounds():
    expected = {CONDA_NAMES.get(r.name, r.name): r.specifier for r in REQUIREMENTS}
    python = Requirement(f"python{PROJECT['requires-python']}")
    expected |= {"python": python.specifier, "pip": Requirement("pip").specifier}
    assert {r.name: r.specifier for r in conda_requirements()} == expected


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda r: r.name)
def test_the_lock_pins_what_pyproject_asks_for(requirement):
    pins = [pin for pin, _ in LOCKED if pin.name == canonicalize_name(requirement.name)]
    assert pins, f"{requirement} is not in requirements.lock: run make lock"
    for pin in pins:
        (exact,) = pin.specifier
        assert exact.operator == "==" and requirement.specifier.contains(exact.version)


def test_every_locked_requirement_is_pinned_with_hashes():
    assert len(LOCKED) > len(REQUIREMENTS)
    loose = [
        str(pin)
        for pin, entry in LOCKED
        if not re.search(r" --hash=sha256:[0-9a-f]{64}", entry)
        or [s.operator for s in pin.specifier] != ["=="]
    ]
    assert loose == []


def test_the_lock_holds_no_address():
    addresses = re.findall(r"://|--(?:extra-)?index-url|--find-links|--trusted-host|file:|@ ", LOCK)
    assert addresses == []


def test_a_citation_names_the_version_of_the_package():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    names = ("cff-version", "title", "message", "authors")  # what the format asks for
    assert all(citation[name] for name in names)
    same = ("version", "license", "keywords")
    assert {name: citation[name] for name in same} == {name: PROJECT[name] for name in same}


def test_every_python_that_the_package_supports_runs_the_tests():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())
    versions = workflow["jobs"]["units"]["strategy"]["matrix"]["python"]
    supported = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3." in line]
    assert versions[: len(supported)] == supported and f">={versions[0]}" == PROJECT["requires-python"]


def build(form: str, folder: Path) -> Path:
    """The one file that `python -m build` makes of the checkout: a form is "wheel" or "sdist"."""
    command = [sys.executable, "-m", "build", f"--{form}", "--no-isolation", "--outdir", folder, ROOT]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 0, process.stdout + process.stderr
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build("wheel", tmp_path_factory.mktemp("wheel"))


def test_the_wheel_carries_the_facts_and_the_notebooks(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("data", "notebooks"):
        packed = (p for p in (ROOT / folder).rglob("*") if p.suffix in {".csv", ".toml", ".ipynb"})
        expected = {f"explorer/{p.relative_to(ROOT)}" for p in packed if "checkpoint" not in str(p)}
        assert expected and expected <= names
    assert {"explorer/data/limits.csv", "explorer/notebooks/00_start_here.ipynb"} <= names
    assert "explorer/workload/schema.json" in names
    assert {name.split("/")[0] for name in names} <= {"explorer", wheel_metadata(wheel)}


def test_the_wheel_says_what_it_is_and_names_no_place_that_is_not_there(wheel):
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"{wheel_metadata(wheel)}/METADATA").decode()
    head = text.partition("\n\n")[0]
    assert f"Name: {PROJECT['name']}" in head and f"Summary: {PROJECT['description']}" in head
    assert "License-Expression: MIT" in head and "Requires-Python: >=3.11" in head
    assert "Description-Content-Type: text/markdown" in head and "example.com" not in head
    assert {line.split(": ")[1] for line in head.splitlines() if line.startswith("Provides-Extra")} >= {
        *EXTRAS
    }


def wheel_metadata(wheel: Path) -> str:
    return "-".join(wheel.name.split("-")[:2]) + ".dist-info"


@pytest.fixture(scope="module")
def away(wheel, tmp_path_factory):
    """How to run the package of the wheel, from an empty folder far from the checkout."""
    site, here = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("here")
    zipfile.ZipFile(wheel).extractall(site)
    jupyter = {f"JUPYTER_{name}_DIR": str(site.parent / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {"cwd": here, "env": env | jupyter | {"PYTHONPATH": str(site)}}


def ran(away, *words: str) -> str:
    process = subprocess.run([sys.executable, *words], capture_output=True, text=True, **away)
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_the_wheel_reads_its_own_facts_away_from_the_checkout(away):
    program = "import explorer as ex; print(ex.__file__, len(ex.limits()), len(ex.prices()))"
    module, limits, prices = ran(away, "-c", program).split()
    assert Path(module).is_relative_to(away["env"]["PYTHONPATH"])
    assert int(limits) > 0 and int(prices) > 0


def test_the_wheel_recommends_reports_and_exports(away):
    answer = json.loads(ran(away, "-m", "explorer", "recommend", "statements", "--json"))
    assert answer["feasible"]
    ran(away, "-m", "explorer", "report", "statements", "-o", "decision.html")
    ran(away, "-m", "explorer", "export", "statements", "-o", "stack", "--design", "response=stored")
    here = away["cwd"]
    assert "data:image/svg+xml" in (here / "decision.html").read_text(encoding="utf-8")
    assert {path.name for path in (here / "stack").iterdir()} >= {"template.json", "functions", "client"}
    assert (here / "stack" / "client" / "errors.py").is_file()


@pytest.mark.parametrize("words", [("lab", "--no-open"), ("app", "statements", "--no-browser")])
def test_the_wheel_serves_the_notebooks_and_the_app(away, words):
    command = [sys.executable, "-m", "explorer", *words, "--json"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **away)
    try:
        lines = iter(server.stdout.readline, "")
        text = ""
        for line in lines:
            text += line
            if line.rstrip() == "}":
                break
        with urllib.request.urlopen(json.loads(text)["url"], timeout=60) as page:
            assert page.status == 200
    finally:
        server.terminate()
        server.communicate(timeout=60)


# The source archive -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The source archive, unpacked where no clone is near."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build("sdist", folder)) as tar:
        tar.extractall(folder, filter="data")
    (unpacked,) = (path for path in folder.iterdir() if path.is_dir())
    return unpacked


def in_archive(archive: Path, *words: str) -> subprocess.CompletedProcess:
    """A module run in the archive, on the package that lies there."""
    env = {**os.environ, "PYTHONPATH": str(archive), "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=archive, env=env, capture_output=True, text=True
    )


def test_the_source_archive_holds_what_the_clone_holds(archive):
    names = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    names -= {"build", "dist"}
    assert names <= {path.name for path in archive.iterdir()}


@pytest.mark.slow
def test_the_source_archive_builds_its_documentation(archive):
    process = in_archive(archive, "mkdocs", "build", "--quiet", "--strict")
    assert process.returncode == 0, process.stdout + process.stderr
    assert (archive / "build" / "site" / "index.html").is_file()


@pytest.mark.slow
def test_the_source_archive_runs_its_tests(archive):
    tests = ["tests/facts/test_units.py", "tests/analysis/test_phrases.py", "tests/workload/test_schema.py"]
    process = in_archive(archive, "pytest", "-p", "no:cacheprovider", "-p", "no:nbval", *tests)
    assert process.returncode == 0, process.stdout[-3000:]
