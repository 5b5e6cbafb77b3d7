"""Notebooks: short cells, outputs stored, nothing of the machine that ran them. nbval runs them."""

import json
import re
from pathlib import Path

import pytest

from tests.support.paths import NOTEBOOKS as FOLDER

NAMES = {
    "00_start_here",
    "01_payload",
    "02_configuration",
    "03_runtime",
    "04_cost",
    "06_live_endpoint",
    "07_your_traffic",
}
PATHS = sorted({*FOLDER.glob("*.ipynb"), *(FOLDER / f"{name}.ipynb" for name in NAMES)})

pytestmark = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def code_cells(path: Path) -> list[dict]:
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


def outputs(path: Path) -> list[dict]:
    return [output for cell in code_cells(path) for output in cell["outputs"]]


def test_it_is_short_to_read(path):
    sources = ["".join(cell["source"]) for cell in code_cells(path)]
    assert 10 <= len(sources) <= 15
    assert max(len(source.splitlines()) for source in sources) <= 8
    assert not re.search(r"^\s*(def|class) ", "\n".join(sources), re.MULTILINE)


def test_one_cell_holds_what_the_reader_may_turn(path):
    tags = [tag for cell in code_cells(path) for tag in cell["metadata"].get("tags", ())]
    assert tags.count("parameters") == 1


def test_it_was_run_from_top_to_bottom(path):
    counts = [cell["execution_count"] for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))
    assert not [output for output in outputs(path) if output["output_type"] == "error"]
    assert not [output for output in outputs(path) if output.get("name") == "stderr"]


def test_it_says_nothing_of_the_machine_that_ran_it(path):
    text = path.read_text()
    assert not re.search(r"at 0x[0-9a-f]{6}|/(home|root|tmp|work|Users)/|127\.0\.0\.1", text)
    assert set(json.loads(text)["metadata"]) == {"kernelspec", "language_info"}


def test_every_picture_has_words_beside_it_and_no_widget_lacks_its_state(path):
    bundles = [output["data"] for output in outputs(path) if "data" in output]
    assert all("text/plain" in bundle for bundle in bundles)
    assert not any("widget" in kind for bundle in bundles for kind in bundle)


def test_its_links_lead_to_other_notebooks(path):
    linked = set(re.findall(r"\]\(([\w./]+\.ipynb)\)", path.read_text()))
    assert linked
    assert all((path.parent / name).is_file() for name in linked)
