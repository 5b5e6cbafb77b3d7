"""A notebook runs on a workload of your own, given as papermill gives it: `-p workload mine.toml`."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.paths import NOTEBOOKS as FOLDER

MINE = """
name = "Mine"
requests_per_month = 2_000_000
[response]
p50 = "300 KB"
p99 = "7 MB"
[runtime]
p50 = "1 s"
p99 = "35 s"
divisible = true
[configuration]
total = "3 KB"
entries = 20
secrets = 2
"""


def with_parameters(path: Path, **values: str) -> nbformat.NotebookNode:
    """The notebook as papermill makes it: a cell with the values behind the one tagged `parameters`."""
    notebook = nbformat.read(path, 4)
    (at,) = [n for n, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", ())]
    lines = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    notebook.cells.insert(at + 1, nbformat.v4.new_code_cell(lines))
    return notebook


@pytest.mark.parametrize("name", ["01_payload", "02_configuration", "03_runtime", "04_cost"])
def test_a_notebook_runs_on_a_workload_of_your_own(name, tmp_path):
    (tmp_path / "mine.toml").write_text(MINE)
    notebook = with_parameters(FOLDER / f"{name}.ipynb", workload="mine.toml")
    notebook.cells.append(nbformat.v4.new_code_cell("w.name"))
    NotebookClient(notebook, resources={"metadata": {"path": tmp_path}}).execute()
    assert notebook.cells[-1].outputs[0].data["text/plain"] == "'Mine'"
