"""Many reports at once: each file is its own, one that fails costs a row, and the index leads to all."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from explorer.cli.main import app
from explorer.views.report.batch import file_stems

LEAST = 'requests_per_month = 1e6\nresponse = "20 KB"\nruntime = "200 ms"\n'
IMPOSSIBLE = LEAST.replace("200 ms", "5000 s") + "[client]\npolls = false\n"


class Links(HTMLParser):
    """Where a page leads to, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if tag == "a" and name == "href"]

    def handle_data(self, data):
        self.text += data


def run(*arguments):
    return CliRunner().invoke(app, ["report", *map(str, arguments)])


def workload(path: Path, text: str = LEAST, name: str = "") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text((f'name = "{name}"\n' if name else "") + text)
    return path


def test_each_form_of_each_workload_and_an_index_that_leads_to_all(tmp_path):
    paths = [workload(tmp_path / "b.toml", name="Ärger & Co"), workload(tmp_path / "a b.toml", IMPOSSIBLE)]
    result = run(*paths, "-o", tmp_path / "out", "--form", "md", "--form", "html", "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 0 and answer["failed"] == [] and result.stderr == ""
    names = {"b.md", "b.html", "a b.md", "a b.html"}
    assert {Path(file).name for file in answer["reports"]} == names
    page = Links(Path(answer["index"]).read_text())
    assert {link.replace("%20", " ") for link in page.links} == names
    assert "Ärger & Co" in page.text and "not feasible" in page.text and "1 feasible" in page.text


def test_the_same_workloads_give_the_same_index(tmp_path):
    path = workload(tmp_path / "a.toml")
    pages = []
    for out in ("x", "y"):
        assert run(path, "-o", tmp_path / out, "--form", "md").exit_code == 0
        pages.append((tmp_path / out / "index.html").read_bytes())
    assert pages[0] == pages[1]


def test_one_that_fails_is_one_row_and_the_others_are_written(tmp_path):
    good, bad = (
        workload(tmp_path / "good.toml"),
        workload(tmp_path / "bad.toml", LEAST.replace("200 ms", "1 parsec")),
    )
    result = run(bad, good, tmp_path / "none.toml", "-o", tmp_path / "out", "--form", "md", "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 2 and [Path(file).name for file in answer["reports"]] == ["good.md"]
    lines = result.stderr.splitlines()
    assert len(lines) == len(answer["failed"]) == 2 and all(line.startswith("error: ") for line in lines)
    assert "bad.toml" in lines[0] and "none.toml: no such file" in lines[1]
    index = (tmp_path / "out" / "index.html").read_text()
    assert index.count("not read") == 2 and "1 parsec" in index


def test_names_that_are_the_same_do_not_overwrite_each_other(tmp_path):
    paths = [workload(tmp_path / folder / "api.toml") for folder in ("one", "two")]
    result = run(*paths, "-o", tmp_path / "out", "--form", "md", "--json")
    assert [Path(file).name for file in json.loads(result.stdout)["reports"]] == ["api.md", "api-2.md"]


@pytest.mark.parametrize(
    ("names", "stems"),
    [
        (["a", "A", "b"], ["a", "A-2", "b"]),
        (["index", "a"], ["index-2", "a"]),
        (["a", "a", "a-2"], ["a", "a-3", "a-2"]),
        (["a", "a", "a"], ["a", "a-2", "a-3"]),
    ],
)
def test_the_names_of_files_are_told_apart(names, stems):
    assert file_stems([Path(f"{number}/{name}.toml") for number, name in enumerate(names)]) == stems


def test_pictures_are_written_beside_the_report(tmp_path):
    result = run(workload(tmp_path / "a.toml"), "-o", tmp_path / "r.md", "--figures", "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 0 and answer["index"] is None
    files = [Path(file) for file in answer["figures"]]
    assert {file.parent for file in files} == {tmp_path / "r-figures"} and all(f.exists() for f in files)
    assert {file.suffix for file in files} == {".svg", ".png", ".csv"}


def test_what_is_said_in_a_folder_is_each_file_on_a_line(tmp_path):
    result = run(workload(tmp_path / "a.toml"), "-o", tmp_path / "out", "--form", "md")
    assert re.findall(r"Wrote .*?/(\S+)", result.stdout.replace("\n", " ")) is not None
    assert result.stdout.count("Wrote") == 2 and result.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["-o", "x.docx"], 'report is "x.docx": expected a name that ends in .html, .pdf, .md or .ipynb'),
        (["-o", "out", "--form", "docx"], '--form is "docx": expected html, pdf, md or ipynb'),
        (["-o", "x.md", "--form", "pdf"], "--form is pdf: expected a folder"),
        (["-o", "x.md", "--growth", "response"], 'growth is "response": expected FIELD=RATE'),
        (["-o", "x.md", "--growth", "colour=3%"], "colour"),
        (["-o", "x.md", "--measured", "none.parquet"], "none.parquet"),
        (["statements", "-o", "x.md"], "x.md: expected a folder for 2 workloads"),
        (["statements", "-o", "out", "--measured", "x.parquet"], "expected one workload, not 2"),
    ],
)
def test_what_cannot_be_is_one_line(arguments, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("runners", *arguments)
    assert result.exit_code == 2 and len(result.stderr.splitlines()) == 1 and reason in result.stderr
    assert not (tmp_path / "x.md").exists()
