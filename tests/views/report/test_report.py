"""A report holds the whole answer, in both forms, and is safe to hand on."""

import hashlib
import re
import sys
import tomllib
from base64 import b64encode
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

import explorer as ex
from explorer.analysis.phrases import door_lacks
from explorer.analysis.rejections import clash_rules
from explorer.engine.designs import OPTIONS
from explorer.errors import ReportError
from explorer.facts.units import format_usd
from explorer.views.report.front_page import key_number_tiles
from explorer.views.report.report import render_document as rendered_bytes
from tests.support.documents import example_answer, example_bytes, example_document
from tests.support.examples import each_example


def rendered(r: ex.Recommendation, name: str) -> str:
    return rendered_bytes(r, name).decode()


HOSTILE = "<script>alert(1)</script> | a\n# b `c` $\\frac{$ [d](http://e.example) \u202e\x07"
SECTIONS = ["Context", "Decision", "Limits", "Cost", "Latency", "Consequences", "Rejected alternatives"]
SECTIONS += ["Next best", "What would change it", "Growth", "Assumptions", "Sources", "Make it again"]


def simple(**fields) -> ex.Workload:
    least = {"requests_per_month": 1e6, "response": "20 KB", "runtime": "200 ms"}
    return ex.Workload(**(least | fields))


def impossible() -> ex.Recommendation:
    lasting = {"p50": "2000 s", "p99": "5000 s"}
    client, targets = {"polls": False, "waits": "10 s"}, {"latency_p95": "60 s"}
    return ex.recommend(simple(response="90 MB", runtime=lasting, client=client, targets=targets))


class Page(HTMLParser):
    """A page's text, its elements with their attributes, and whether they nest."""

    VOID = {"meta", "img", "br"}

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return spaced(" ".join(self.words))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def spaced(text: str) -> str:
    return " ".join(text.replace("\u2019", "'").split())


def markdown_text(markdown: str) -> str:
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    inner = [child for token in tokens for child in token.children or [token]]
    return spaced(" ".join(token.content for token in inner))


@pytest.fixture(scope="module")
def statements() -> ex.Recommendation:
    return example_answer("statements")


@pytest.fixture(scope="module", params=["html", "md"])
def text(request, statements) -> str:
    document = example_document("statements", request.param)
    return Page(document).text if request.param == "html" else markdown_text(document)


def test_every_section_stands(text):
    places = [text.find(section) for section in SECTIONS]
    assert -1 not in places


def test_the_key_numbers_are_those_of_the_answer(text, statements):
    assert format_usd(statements.monthly_usd) in text
    assert all(part in text for part in statements.nearest.parts)
    assert all(option in text for option in statements.nearest.ids.values())


def test_every_limit_line_reason_and_assumption_is_there(text, statements):
    ids = [finding.limit for finding in statements.answer.findings]
    ids += [line.id for line in statements.bill.lines]
    ids += [reason.because for reason in statements.answer.rejections]
    ids += [assumed.id for assumed in statements.answer.assumptions]
    assert [id for id in ids if id not in text] == []


def test_every_combination_and_break_even_is_there(text, statements):
    whys = [rule.why.partition(" (")[0][1:] for rule in clash_rules()]  # the ids in brackets are left out
    assert "door=alb" not in text
    whens = [turn.says.partition(", ")[0][1:] for turn in statements.answer.break_evens]
    assert [phrase for phrase in whys + whens if phrase not in text] == []


def test_every_source_is_cited_once(statements):
    page = Page(example_document("statements", "html"))
    urls = {finding.source_url for finding in statements.answer.findings} | {
        line.source for line in statements.bill.lines
    }
    cited_once = [url for url in urls if page.words.count(url) == 1]
    assert sorted(cited_once) == sorted(urls)


def test_the_lines_of_the_bill_add_up_to_its_total(statements):
    table = example_document("statements", "md").partition("## Cost")[2].partition("## Latency")[0]
    usd = [row.split("|")[5].strip(" *") for row in table.splitlines() if re.match(r"\| (\w.*: |\*)", row)]
    *lines, total = [Decimal(cell.replace(",", "").replace("under ", "")) for cell in usd]
    assert len(lines) == len(statements.bill.lines)
    assert abs(sum(lines) - total) <= Decimal("0.01") * len(lines)
    assert abs(total - statements.bill.total_usd) <= Decimal("0.005")


def test_the_free_tier_and_tiers_are_spelt_out():
    w = simple(response="2 MB", preferences={"free_tier": True, "discount": 0.25})
    text = rendered(ex.recommend(w), "x.md")
    assert "less 25 %" in text and re.search(r"[\d,]+ free", text)


def test_a_line_of_several_tiers_shows_what_falls_into_each():
    # CloudFront's first 10 TB are 0.085 USD a GB, the next 40 TB 0.080.
    assert re.search(r"10,240 × 0\.085 \+ [\d,.]+ × 0\.08", example_document("satellite", "md"))


@each_example
def test_every_example_makes_a_small_page_that_nests(path):
    html = example_document(path.stem, "html")
    assert Page(html).open == [] and len(html) < 2_000_000


@pytest.mark.parametrize("ending", ["html", "md", "pdf", "ipynb"])
def test_the_same_input_gives_the_same_bytes(tmp_path, ending):
    again = ex.report(ex.Workload.load("statements"), tmp_path / "folder" / f"x.{ending}")
    assert again.read_bytes() == example_bytes("statements", ending)


def test_the_date_is_that_of_the_newest_fact(statements):
    newest = max(assumed.as_of for assumed in statements.answer.assumptions)
    match = re.search(r"Facts as of ([\d-]+)", example_document("statements", "md"))
    assert match and match[1] >= newest


def test_nothing_is_loaded_and_only_its_own_script_runs(statements):
    html = example_document("statements", "html")
    page = Page(html)
    assert not {"link", "iframe", "object", "form"} & {tag for tag, _ in page.elements}
    assert all(image["src"].startswith("data:image/svg+xml;base64,") for image in page.all("img"))
    outside = [(t, a) for t, a in page.elements if t != "a" and re.search("https?:", str(a.get("src")))]
    style = html.partition("<style>")[2].partition("</style>")[0]
    assert outside == [] and "url(" not in style and "@import" not in style
    (script,) = re.findall(r"<script>(.*?)</script>", html, flags=re.S)
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [m["content"] for m in page.all("meta") if "http-equiv" in m]
    assert "default-src 'none'" in policy and f"script-src 'sha256-{digest}';" in policy
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)


def test_the_page_says_itself_without_being_seen(statements):
    page = Page(example_document("statements", "html"))
    assert all(image["alt"] for image in page.all("img")) and len(page.all("img")) >= 6
    assert all(cell["scope"] in ("col", "row") for cell in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert len(page.all("h1")) == 1
    targets = {a["id"] for _, a in page.elements if "id" in a}
    assert {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")} <= targets


def test_markdown_tables_are_whole(statements):
    blocks = re.findall(r"(?:^\|.*\n)+", example_document("statements", "md"), flags=re.M)
    widths = [{len(re.split(r"(?<!\\)\|", row)) for row in block.splitlines()} for block in blocks]
    assert len(blocks) > 10 and all(len(width) == 1 for width in widths)


def test_markdown_makes_as_many_tables_as_there_are(statements):
    document = example_document("statements", "md")
    tokens = MarkdownIt("commonmark").enable("table").parse(document)
    tables = sum(token.type == "table_open" for token in tokens)
    assert tables == len(re.findall(r"^\|[-:| ]+\|$", document, flags=re.M))


def test_a_hostile_name_is_text_in_html():
    page = Page(rendered(ex.recommend(simple(name=HOSTILE)), "x.html"))
    assert len(page.all("script")) == 1 and "<script>alert(1)</script> | a # b" in page.text
    assert "\u202e" not in page.text.partition("Context")[0]


def test_a_hostile_name_is_one_heading_in_markdown():
    document = rendered(ex.recommend(simple(name=HOSTILE)), "x.md")
    tokens = MarkdownIt("commonmark").enable("table").parse(document)
    heading = tokens[1]
    assert {child.type for child in heading.children or []} <= {"text", "text_special", "html_entity"}
    assert "".join(child.content for child in heading.children or []).startswith(
        "<script>alert(1)</script> | a # b"
    )
    assert [token for token in tokens if token.type == "html_block"] == []
    assert sum(token.type == "heading_open" and token.tag == "h1" for token in tokens) == 1


def test_the_workload_comes_back_out_of_the_report(tmp_path):
    w = simple(name="a ``` b\n``` c")
    document = ex.report(w, tmp_path / "x.md").read_text()
    tokens = MarkdownIt("commonmark").parse(document)
    (toml,) = [token.content for token in tokens if token.info == "toml"]
    assert tomllib.loads(toml) == tomllib.loads(w.to_toml())


def test_secrets_and_samples_stay_outside(tmp_path):
    (tmp_path / "prod.env").write_text("TOKEN=hunter2-value\nMODE=x\n")
    (tmp_path / "w.toml").write_text(
        'requests_per_month = 1e6\nresponse = "2 KB"\nruntime = "1 s"\n'
        'configuration = { dotenv = "prod.env", secrets = 1 }\n'
    )
    secret = rendered(ex.recommend(ex.Workload.load(tmp_path / "w.toml")), "x.html")
    many = rendered(ex.recommend(simple(response={"samples": list(range(1, 5001))})), "x.md")
    assert "hunter2" not in secret and str(tmp_path) not in secret
    assert "5,000 values: too many to print" in many and len(many) < 50_000


def test_the_command_makes_it_again(text):
    assert "explorer report statements.toml -o x." in text and ex.__version__ in text


@pytest.mark.parametrize("ending", ["html", "md"])
def test_nothing_feasible_names_the_nearest_miss_and_by_how_much(ending):
    r = impossible()
    document = rendered(r, f"x.{ending}")
    text = Page(document).text if ending == "html" else markdown_text(document)
    assert not r.feasible and "Nothing is feasible. The nearest miss is" in text
    assert "Missed by" in text and "where 0.1 % may" in text and "where 1 min is promised" in text


@pytest.mark.parametrize("ending", ["html", "md"])
def test_nothing_feasible_says_what_would_help_and_what_fails_today(ending):
    client, current = {"polls": False, "waits": "10 s"}, {"door": "http-api", "response": "buffered"}
    r = ex.recommend(simple(response="90 MB", runtime="80 s", client=client, current=current))
    document = rendered(r, f"x.{ending}")
    text = Page(document).text if ending == "html" else markdown_text(document)
    assert not r.feasible and r.answer.break_evens
    assert "It would be feasible if the client polled a status." in text
    assert all(turn.says.partition(", ")[0][1:] in text for turn in r.answer.break_evens)
    assert "What runs today fails" in text and "nothing turns" not in text


def test_what_the_door_does_not_offer_is_a_consequence(text, statements):
    assert statements.nearest.door == "function-url"
    assert "has no custom domain, WAF, throttling, usage plans or private access of its own." in text


def test_a_door_that_offers_all_lacks_nothing():
    doors = OPTIONS["door"]
    assert door_lacks(doors["rest-api"]) == ""
    assert door_lacks(doors["http-api"]).endswith("has no WAF, usage plans or private access of its own.")


def test_the_tightest_limit_is_one_that_load_fills():
    r = ex.recommend(simple(response="2 KB", runtime={"value": "20 ms", "memory": "8 GB"}))
    assert r.answer.findings[0].limit == "lambda.memory"
    assert "of 10 GB" not in key_number_tiles(r)[-1].note and "Memory" not in key_number_tiles(r)[-1].note


@pytest.mark.parametrize("path", ["/no-such-folder/x.md", "no/such/x.md"])
def test_a_folder_is_made_only_beside_others(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReportError, match=r"no folder .*: expected one that is there"):
        ex.report(simple(), path)
    assert not list(tmp_path.iterdir())


def test_what_runs_today_is_held_against_the_same_limits(text):
    assert "It costs $40.72 a month more than today; parts added: submit function" in text
    assert "parts removed: REST API." in text and text.index("It costs $40.72") < text.index(
        "What runs today fails"
    )


@pytest.mark.parametrize("name", ["x.docx", "x", ".html", "x.htm"])
def test_another_ending_is_refused(tmp_path, name):
    with pytest.raises(
        ReportError, match=r'report is ".*": expected a name that ends in .html, .pdf, .md or .ipynb'
    ):
        ex.report(simple(), tmp_path / name)


def test_what_cannot_be_written_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.md").mkdir()
    for path in (tmp_path / "file" / "x.md", tmp_path / "folder.md", tmp_path / "\0.md"):
        with pytest.raises(ReportError, match=r"cannot be written|file: is a file: expected a folder"):
            ex.report(simple(), path)


def test_without_matplotlib_the_page_is_whole_but_for_pictures(monkeypatch, statements):
    monkeypatch.setitem(sys.modules, "explorer.views.figures", None)
    monkeypatch.delattr("explorer.views.figures", raising=False)
    page = Page(rendered(statements, "x.html"))
    assert page.all("img") == [] and "Rejected alternatives" in page.text
