"""The examples in docstrings: each is run, and every public name has one."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import explorer as ex

SHIPPED = "explorer.live.functions."  # lies at a zip's root and imports its neighbours by bare names
NOT_HERE = {
    "explorer.__main__",  # runs the command line
    "explorer.analysis.phrases",  # with findings of its own, in its own test
}
MODULES = [
    module.name
    for module in pkgutil.walk_packages(ex.__path__, "explorer.")
    if not module.name.startswith(SHIPPED) and module.name not in NOT_HERE
]
NO_EXAMPLE = {"__version__"}  # a text
STANDING = {"AsyncClient", "Client", "Standing", "deploy", "measure"}  # of an endpoint


@pytest.mark.parametrize("name", ["explorer", *MODULES])
def test_the_examples_of_a_module_hold(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    output: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    for example in doctest.DocTestFinder().find(module, globs={**vars(module), "ex": ex}):
        runner.run(example, out=output.append)
    assert not output, "".join(output)


@pytest.mark.parametrize("name", sorted(set(ex.__all__) - NO_EXAMPLE))
def test_every_public_name_has_an_example(name):
    assert ">>> " in (inspect.getdoc(getattr(ex, name)) or "")


@pytest.mark.parametrize("name", sorted(set(ex.live.__all__) - STANDING))
def test_every_name_of_live_has_an_example_that_needs_no_endpoint(name):
    assert ">>> " in (inspect.getdoc(getattr(ex.live, name)) or "")
