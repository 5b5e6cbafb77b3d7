"""PDF, notebook, pictures with their numbers, growth and measurements of a report."""

import io
import itertools
import re
import subprocess
import sys
import tomllib

import nbformat
import pandas as pd
import pytest
from matplotlib.patches import FancyBboxPatch

import explorer as ex
from explorer.analysis.calibration.prediction import RunConditions
from explorer.engine.designs import table
from explorer.errors import MissingExtraError, ReportError
from explorer.live import Result
from explorer.live.bench.endpoint import Endpoint
from explorer.live.bench.row import Row
from explorer.live.bench.schedule import poisson
from explorer.options.base.conditions import Conditions
from explorer.views import figures
from explorer.views.figures.architecture import boxes_by_role, numbered_talks
from explorer.views.report.notebook import workload_as_code
from explorer.views.report.pdf import pages, typst_spans
from explorer.views.report.report import render_document
from explorer.views.report.sections import ReportRequest, report_document
from explorer.views.report.write import write_figures
from tests.support.documents import example_answer, example_document


def simple(**fields) -> ex.Workload:
    least = {"requests_per_month": 1e6, "response": "20 KB", "runtime": "200 ms"}
    return ex.Workload(**(least | fields))


def impossible() -> ex.Recommendation:
    client, targets = {"polls": False, "waits": "10 s"}, {"latency_p95": "60 s"}
    lasting = {"p50": "2000 s", "p99": "5000 s"}
    return ex.recommend(simple(response="90 MB", runtime=lasting, client=client, targets=targets))


@pytest.fixture(scope="module")
def runners() -> ex.Recommendation:
    return example_answer("runners")


# PDF ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("r", [example_answer("runners"), impossible()], ids=["feasible", "impossible"])
def test_a_pdf_is_tagged_and_says_in_words_what_its_pictures_show(r):
    pdf_bytes = render_document(r, "x.pdf")
    assert pdf_bytes.startswith(b"%PDF-") and b"/MarkInfo" in pdf_bytes and b"/StructTreeRoot" in pdf_bytes
    assert b"pdfuaid" in pdf_bytes and len(pdf_bytes) < 2_000_000
    assert pdf_bytes.count(b"/Subtype/Form") + pdf_bytes.count(b"/Subtype /Form") >= 1


def test_every_page_of_a_pdf_has_something_on_it(runners):
    from PIL import Image

    *inner, last = pages(report_document(runners, "x.pdf"), 30)
    for page, least in [*((page, 0.004) for page in inner), (last, 0.001)]:  # the last may hold a few lines
        shades = Image.open(io.BytesIO(page)).convert("L").histogram()
        assert sum(shades[:200]) > least * sum(shades)


def test_a_name_is_text_in_a_pdf():
    name = "a #set page() $x$ [b] *c* _d_ `e` @f <g> \\ // Écran “naïve” ≥ 5 € 報告"
    assert render_document(ex.recommend(simple(name=name)), "x.pdf").startswith(b"%PDF-")


def test_code_stands_apart_from_text():
    assert typst_spans("use `a.b` for 5 MB") == [
        ["text", "use "],
        ["code", "a.b"],
        ["text", " for 5\u00a0MB"],
    ]


def test_without_typst_one_line_names_the_extra(monkeypatch, runners, tmp_path):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(MissingExtraError, match=r"PDF needs typst, which is not installed: .*\[pdf\]"):
        ex.report(runners.workload, tmp_path / "x.pdf")


# Notebook -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def notebook(runners) -> nbformat.NotebookNode:
    return nbformat.reads(render_document(runners, "x.ipynb").decode(), 4)


def test_a_notebook_is_valid_and_reads_without_running(notebook):
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.metadata.get("tags") for cell in code[:2]] == [["parameters"], None]
    assert all(cell.outputs for cell in code[2:]) and len(code) > 10
    pictures = [cell for cell in code[2:] if "image/png" in cell.outputs[0].data]
    assert len(pictures) >= 8 and all(cell.source.find("figures.") >= 0 for cell in pictures)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


def test_a_notebook_tells_what_markdown_tells(notebook, runners):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    text = text.replace(r"<span>\$</span>", "$")  # else two of them would enclose a formula
    lines = [line for line in example_document("runners", "md").splitlines() if line.strip()]
    missing = [line for line in lines if line not in text and "x.md" not in line]
    assert missing == []


def test_a_notebook_gives_its_own_outputs_when_it_is_run(tmp_path, runners):
    (tmp_path / "x.ipynb").write_bytes(render_document(runners, "x.ipynb"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval", "x.ipynb"]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert process.returncode == 0, process.stdout[-3000:]


@pytest.mark.parametrize("name", ["it's '''quoted''' \\ $\\frac{$", "a # b"])
def test_the_workload_of_a_notebook_is_the_workload(name):
    w, names = simple(name=name), {"ex": ex, "tomllib": tomllib}
    exec("\n".join(workload_as_code(w)), names)
    assert names["w"].to_toml() == w.to_toml()


def test_a_workload_that_is_too_long_for_a_notebook_is_read_from_its_file():
    definition, loads = workload_as_code(simple(response={"samples": list(range(1, 20_000))}))
    assert definition == 'toml = "workload"' and loads == "w = ex.Workload.load(toml)"


def test_a_notebook_holds_the_sizes_of_a_dotenv_and_not_its_name(tmp_path):
    (tmp_path / "prod.env").write_text("TOKEN=hunter2-value\nMODE=x\n")
    (tmp_path / "w.toml").write_text(
        'requests_per_month = 1e6\nresponse = "2 KB"\nruntime = "1 s"\n'
        'configuration = { dotenv = "prod.env" }\n'
    )
    w = ex.Workload.load(tmp_path / "w.toml")
    definition, loads = workload_as_code(w)
    names: dict = {"ex": ex, "tomllib": tomllib}
    exec(f"{definition}\n{loads}", names)
    assert "hunter2" not in definition and "entries = 2" in definition and "prod.env" not in definition
    assert names["w"].configuration.largest == w.configuration.largest == len("hunter2-value")


# What all forms say -------------------------------------------------------------------------------


def test_nothing_feasible_is_told_in_a_notebook_as_in_the_other_forms():
    notebook = nbformat.reads(render_document(impossible(), "x.ipynb").decode(), 4)
    assert "not feasible" in "".join(cell.source for cell in notebook.cells)


def test_growth_that_nobody_gave_is_an_assumption(runners):
    text = example_document("runners", "md")
    assert "assumed, because no growth was given" in text and "Growth is an assumption too" in text


def test_growth_that_is_given_is_followed_and_makes_it_again():
    r = ex.recommend(simple(response="4 MB"))
    request = ReportRequest({"response": "5 %"}, 24)
    text = render_document(r, "x.md", request).decode()
    month, limit = ex.forecast(r.workload, {"response": "5 %"}, 24, r.nearest).first_breach
    assert f"In month {month} this design breaks" in text and "an assumption too" not in text
    assert "--growth 'response=5 %' --months 24" in text and f"`{limit}`" in text


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    r = example_answer("statements")
    endpoint = Endpoint("http://localhost", design=r.nearest, workload=r.workload, target="local")
    schedule = poisson(10, 10)
    rows = []
    phase_names = ("submit_s", "queue_s", "work_s", "poll_s", "fetch_s")
    for number, due in enumerate(schedule.at_s):
        cold = number % 11 == 0
        phases = {**dict.fromkeys(phase_names, 0.1 + 0.01 * (number % 7)), "cold_start_s": 0.4 * cold}
        took = sum(phases.values())
        times = {"latency_s": took, "service_s": took, "ended_s": due + took}
        rows.append(Row(number, float(due), status="succeeded", cold=cold, id=str(number), **times, **phases))
    result = Result(rows, schedule, endpoint, RunConditions(10.0, 0.3, 1e5), 0.0, 1.0)
    path = tmp_path_factory.mktemp("run") / "run.parquet"
    result.write(path)
    return path


def test_what_was_measured_stands_beside_what_was_predicted(run):
    r = example_answer("statements")
    text = render_document(r, "x.md", ReportRequest(measured=run)).decode()
    part = text.partition("## Measured")[2].partition("\n## ")[0]
    assert re.search(r"\| total \| [\d.]+ ", part) and "not AWS's" in part and "run.parquet" in text
    assert b"Measured and predicted" in render_document(r, "x.html", ReportRequest(measured=run))


def test_what_is_no_benchmark_is_refused(tmp_path, runners):
    (tmp_path / "x.parquet").write_bytes(b"no")
    with pytest.raises(ex.ExplorerError, match="is no Parquet file of a benchmark"):
        render_document(runners, "x.md", ReportRequest(measured=tmp_path / "x.parquet"))
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "y.parquet")
    with pytest.raises(ReportError, match="expected the Parquet file of explorer bench"):
        render_document(runners, "x.md", ReportRequest(measured=tmp_path / "y.parquet"))


# Pictures with their numbers ----------------------------------------------------------------------


def test_each_picture_is_written_with_its_numbers_and_the_same_twice(tmp_path, runners):
    doc, again = report_document(runners, "x.html"), report_document(runners, "x.html")
    files = write_figures(doc, tmp_path / "x-figures")
    assert len(files) == 3 * len(list(doc.every_picture())) >= 24
    tables = [file.read_text() for file in files if file.suffix == ".csv"]
    assert all(len(csv.splitlines()) > 1 for csv in tables)
    frames = [picture.rows() for picture in again.every_picture()]
    assert tables == [rows.to_csv(index=False, float_format="%.9g") for rows in frames]
    assert [f.read_text() for f in files if f.suffix == ".svg"] == [d.svg for d in again.every_picture()]


# The picture of resources -------------------------------------------------------------------------

EVERYTHING = ex.Workload(
    requests_per_month=1e6,
    request={"p50": "100 KB", "p99": "9 MB"},
    response={"p50": "1 MB", "p99": "90 MB", "divisible": True, "compression": 0.5},
    runtime={"p50": "10 s", "p99": "2000 s", "divisible": True, "steps": 40, "state": "2 MB"},
    configuration={"total": "9 KB", "entries": 40, "secrets": 3},
    client={"receives_callbacks": True},
)
OPTIONS = sorted({option for design in table().designs for option in design.ids.items()})


@pytest.mark.parametrize("option", OPTIONS)
def test_every_part_of_a_design_stands_in_one_box(option):
    concern, name = option
    for design in [d for d in table().designs if d.ids[concern] == name][::97]:
        boxes = boxes_by_role(Conditions(EVERYTHING), design)
        labels = [part for box in boxes.values() for part in (*box.parts, *box.title.split("\n"))]
        assert [part for part in design.parts_for(Conditions(EVERYTHING)) if part not in labels] == []
        talks = list(numbered_talks(Conditions(EVERYTHING), design, boxes))
        assert {end for talk in talks for end in (talk.start, talk.end)} <= set(boxes)


@pytest.mark.parametrize("step", [251, pytest.param(12, marks=pytest.mark.slow)])
def test_the_boxes_of_a_picture_keep_clear_of_one_another(step):
    designs = table().designs[::step]
    assert {option for design in designs for option in design.ids.items()} == set(OPTIONS)
    for design in designs:
        picture = figures.resources(EVERYTHING, design)
        boxes = [patch.get_bbox() for patch in picture.axes[0].patches if isinstance(patch, FancyBboxPatch)]
        assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2)), design


def test_growth_is_drawn_with_where_it_breaks():
    ahead = ex.forecast(simple(response="4 MB"), {"response": "5 %"}, 24, "response=buffered,door=http-api")
    picture = figures.growth(ahead)
    month, limit = ahead.first_breach
    assert limit == "lambda.sync.response"
    assert f"first broken: synchronous buffered response payload in month {month}" in picture.alt
    assert f"breaks in month {month}" in [text.get_text() for text in picture.axes[0].texts]
