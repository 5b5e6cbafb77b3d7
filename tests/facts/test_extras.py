"""What not every installation has: one wording, and a command that installs it."""

import json
import shlex
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement

from explorer.errors import MissingExtraError
from explorer.facts import extras
from tests.support.paths import ROOT

EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
BESIDE = {  # what a library of an extra brings along: by which of the extra's own
    "IPython": "ipywidgets",
    "botocore": "boto3",
    "jupyter_server": "jupyterlab",
    "tornado": "jupyterlab",
    "traitlets": "ipywidgets",
}


@pytest.mark.parametrize("library", extras.LIBRARIES)
def test_the_extra_of_a_library_is_that_of_pyproject(library):
    _, extra = extras.LIBRARIES[library]
    brought = {Requirement(line).name.replace("-", "_") for line in EXTRAS[extra]}
    assert BESIDE.get(library, library) in brought


def test_the_distribution_is_that_of_pyproject():
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"] == extras.DISTRIBUTION


@pytest.fixture
def missing(monkeypatch):
    for library in ("boto3", "polars"):
        monkeypatch.setitem(sys.modules, library, None)


def test_what_is_there_is_not_refused(missing):
    extras.require("explorer bench", "numpy", "rich")


def test_one_wording_names_who_needs_what_and_the_command(missing, monkeypatch):
    monkeypatch.setattr(extras, "install_command", lambda extra: f"INSTALL {extra}")
    with pytest.raises(MissingExtraError) as error:
        extras.require("explorer bench", "boto3", "numpy")
    assert str(error.value) == "explorer bench needs boto3, which is not installed: INSTALL aws"
    with pytest.raises(MissingExtraError) as error:
        extras.require("this", "boto3", "polars")
    assert str(error.value) == "this needs boto3 and Polars, which are not installed: INSTALL aws,logs"
    with pytest.raises(MissingExtraError, match=r"INSTALL aws,cloud$"):
        extras.require("this", "boto3", extra="aws,cloud")


class Installed:
    """A distribution as pip recorded it."""

    def __init__(self, origin):
        self.origin = origin

    def read_text(self, name):
        assert name == "direct_url.json"
        return None if self.origin is None else json.dumps(self.origin)


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (None, ["lambda-design-explorer[aws]"]),
        ({"url": "file:///x/a%20b.whl", "archive_info": {}}, ["/x/a b.whl[aws]"]),
        ({"url": "file:///clone", "dir_info": {}}, ["/clone[aws]"]),
        (
            {"url": "https://example.org/e.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            ["lambda-design-explorer[aws] @ git+https://example.org/e.git@abc"],
        ),
    ],
)
def test_an_installation_is_added_to_from_where_it_came(origin, words, monkeypatch, tmp_path):
    monkeypatch.setattr(metadata, "distribution", lambda name: Installed(origin))
    monkeypatch.setattr(extras, "PACKAGE", tmp_path / "explorer")
    command = shlex.split(extras.install_command("aws"))
    assert command[1:] == ["-m", "pip", "install", *words]


@pytest.mark.parametrize("below", [False, True])
def test_from_a_clone_the_command_is_one_that_runs_there(below, monkeypatch, tmp_path):
    def none(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", none)
    monkeypatch.chdir(ROOT if below else tmp_path)
    command = shlex.split(extras.install_command("aws"))
    source = "." if below else str(ROOT)
    assert command[1:] == ["-m", "pip", "install", "-e", f"{source}[aws]"]
    version = subprocess.run([command[0], "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("Python 3.")


@pytest.mark.parametrize(
    ("statement", "library"),
    [("import polars.there", "polars"), ("import boto3", "boto3"), ("import no_such_library", None)],
)
def test_an_import_that_failed_is_told_from_others(statement, library, missing):
    with pytest.raises(ImportError) as error:
        exec(statement)
    assert extras.missing_library(error.value) == library
