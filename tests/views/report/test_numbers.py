"""The numbers of a report, read back from the page and from the Markdown, are those of the answer."""

import re
from functools import cache
from html.parser import HTMLParser

import pytest

import explorer as ex
from explorer.facts import catalogue
from explorer.facts.units import parse_size, parse_time
from explorer.facts.verdict import Verdict
from explorer.views.report.sections import report_document
from explorer.views.report.sensitivity import report_sensitivity
from tests.support.documents import example_answer, example_document

NAMES = ("access", "passwords", "questions", "research", "satellite", "statements")  # of six kinds
FORMS = ("html", "md")
both = pytest.mark.parametrize("form", FORMS)
every = pytest.mark.parametrize("name", NAMES)
UNITS = {"million": 1e6, "billion": 1e9}
NUMBER = re.compile(r"[\d,]*\.?\d+")


class Tables(HTMLParser):
    """The tables of a page by their captions: rows of cells, without the small print beneath."""

    def __init__(self, html):
        super().__init__()
        self.tables, self.rows, self.cell, self.skip, self.caption = {}, [], None, 0, None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "table":
            self.rows = []
        elif tag == "caption":
            self.caption = ""
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.cell = ""
        elif tag == "span" and (self.skip or "note" in (attributes.get("class") or "")):
            self.skip += 1

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.rows[-1].append(" ".join(self.cell.split()))
            self.cell = None
        elif tag == "caption":
            self.tables[" ".join(self.caption.split())], self.caption = self.rows, None
        elif tag == "span" and self.skip:
            self.skip -= 1

    def handle_data(self, data):
        if self.caption is not None:
            self.caption += data
        elif self.cell is not None and not self.skip:
            self.cell += data


def markdown_tables(text):
    captions_and_rows = re.findall(r"^\*(.+)\*\n\n((?:\|.*\n)+)", text + "\n", flags=re.M)
    return {
        caption.replace("\\", ""): [
            [cell.split(" · ")[0].strip(" *`\\") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in rows.splitlines()
            if not re.fullmatch(r"[|\-: ]+", line)
        ]
        for caption, rows in captions_and_rows
    }


@cache
def tables(name, form):
    text = example_document(name, form)
    return markdown_tables(text) if form == "md" else Tables(text).tables


def rows(name, form, caption):
    """The rows of the table whose caption begins so, without the head and the total."""
    matches = [table for title, table in tables(name, form).items() if title.startswith(caption)]
    assert len(matches) == 1, caption
    return [row for row in matches[0][1:] if row[0] != "Total"]


def value(text):
    """A figure as a report writes it, in its base unit: "1,234.57", "22 s", "400 KB", "3.4 %"."""
    text = text.replace("\u00a0", " ").replace("−", "-").replace("$", "").replace("under ", "").strip()
    number, _, unit = text.partition(" ")
    number = float(number.replace(",", ""))
    if unit == "%":
        return number / 100
    if unit in UNITS:
        return number * UNITS[unit]
    if re.fullmatch(r"[KMGT]?B", unit):
        return parse_size(f"{number} {unit}")
    return parse_time(f"{number} {unit}") if unit in ("ms", "s", "min", "h", "day", "days") else number


def close(text, number, digits=3):
    """Whether a figure is the number, to the digits that it shows."""
    if text.startswith("under "):
        return 0 < number < value(text)
    return value(text) == pytest.approx(number, rel=0.6 * 10 ** (1 - digits), abs=5e-3)


@both
@every
def test_the_tiles_are_the_answer(name, form):
    r, text = example_answer(name), example_document(name, form)
    if form == "html":
        tiles = re.findall(r"<div><dt>([^<]*)</dt><dd><strong>([^<]*)</strong>", text)
    else:
        part = text.partition("## In short")[2].partition("\n\n**")[2]
        tiles = re.findall(r"^\| ([A-Z][^|]*?) \| ([^|]*?) \|", part, flags=re.M)
    values = dict(tiles)
    assert close(values["Cost a month"], r.monthly_usd) and value(values["Moving parts"]) == r.parts
    assert close(values["Latency, p50"], r.latency_s["p50"])
    assert close(values["Latency, p95"], r.latency_s["p95"])


@both
@every
def test_the_bill_is_the_answers_line_by_line(name, form):
    r, by_title = example_answer(name), {row[0]: row for row in rows(name, form, "A month in")}
    title = {line.id: catalogue.price_title(line.id) for line in r.bill.lines}
    assert by_title.keys() == set(title.values()) and len(by_title) == len(r.bill.lines)
    for line in r.bill.lines:
        assert close(by_title[title[line.id]][1], float(line.quantity), 6)
        assert close(by_title[title[line.id]][4], float(line.usd), 6)


@both
@every
def test_each_limit_is_the_answers(name, form):
    r, table = example_answer(name), rows(name, form, "Limits, worst first")
    assert [row[5] for row in table] == [finding.verdict for finding in r.answer.findings]
    for row, finding in zip(table, r.answer.findings, strict=True):
        if finding.unit in ("bytes", "seconds"):
            assert close(row[1], finding.limit_value) and close(row[3], finding.used_p99)
        if 1e-4 < finding.breach_probability < 0.9999:
            assert close(row[4], finding.breach_probability, 2)


@both
@every
def test_the_next_best_are_the_alternatives(name, form):
    best = example_answer(name).answer.distinct_alternatives(10)
    table = rows(name, form, "The next ")
    assert len(table) == len(best)
    for row, other in zip(table, best, strict=True):
        assert close(row[1], other.monthly_usd, 6) and value(row[3]) == other.parts
        assert close(row[5], other.latency_p95_s)


@both
@every
def test_money_under_growth_is_the_bill_of_each_month(name, form):
    """Held against whole answers for the workload of that month, not against the forecast."""
    r, by_month = example_answer(name), {row[0]: row for row in rows(name, form, "USD a month under growth")}
    assert close(by_month["today"][2], r.monthly_usd, 6) and close(by_month["today"][3], r.monthly_usd, 6)
    for month in (12, 36):
        more = 1.03**month
        growth = {"requests_per_month": r.workload.requests_per_month * more}
        if r.workload.peak_rps is not None:
            growth["peak_rps"] = r.workload.peak_rps * more
        then = r.workload.scale_by("response", 1.01**month).replace(growth)
        row = by_month[f"month {month}"]
        assert close(row[2], float(ex.cost(then, r.nearest).total_usd), 6)
        best = ex.recommend(then)
        if not best.feasible:
            assert row[3] == "nothing is feasible"
        elif not close(row[3], best.monthly_usd, 6):  # a design is kept until another scores over 2 % less
            others = best.alternatives
            about_equal = others.monthly_usd + r.part_usd * others.parts <= 1.02 * best.score_usd
            assert any(close(row[3], usd, 6) for usd in others.monthly_usd[about_equal])


@both
@every
def test_text_table_and_first_page_agree_on_break_evens(name, form):
    r = example_answer(name)
    text = re.sub(
        r"[`\\]|<[^>]*>", "", example_document(name, form).replace("\u00a0", " ").replace("\u2019", "'")
    )
    text = " ".join(text.split())
    for turn in r.answer.break_evens:
        when, _, then = turn.says.partition(", ")
        assert when[1:] in text and then[1:] in text
        if turn.factor:
            match = re.search(r"of ([\d.,]+ ?\S*)", when)
            assert match, when
    rows_of_table = rows(name, form, "Break-evens around")
    assert len(rows_of_table) == len(r.answer.break_evens)


@both
@every
def test_a_quota_to_raise_is_one_thing_wherever_it_is_said(name, form):
    r = example_answer(name)
    to_raise = [finding for finding in r.answer.findings if finding.verdict is Verdict.RAISE]
    text = " ".join(example_document(name, form).replace("\u00a0", " ").split())
    growth_rows = (
        list(rows(name, form, "Limits that growth fills")) if "Limits that growth fills" in text else []
    )
    for finding in to_raise:
        (request,) = re.findall(r"ask AWS to (raise .*?) \(quota", finding.consequence) or [
            finding.consequence.split(",")[0].removeprefix("ask AWS to ")
        ]
        assert text.count(f"sk AWS to {request}") >= 2  # on the first page, and among what is to be asked for
    firsts = [row[-1] for row in growth_rows if "raise it first" in row[-1]]
    assert bool(firsts) == bool(to_raise) or not growth_rows
    if to_raise:
        assert re.search(r"once .* (?:is|are) raised\.|In month \d+ this design breaks", text)


@every
def test_the_tightest_limit_is_one_wherever_it_is_said(name):
    html = example_document(name, "html")
    tile = re.search(r"<dt>Tightest limit</dt><dd><strong>([^<]*)</strong><span>(.*?)</span>", html)
    r = example_answer(name)
    assert tile
    if "Its tightest limit is the" in r.summary:
        limit_name = re.search(r"Its tightest limit is the ([^:]+):", r.summary)[1]
        assert limit_name.lower() in tile[2].lower()
    worst = r.answer.findings[0]
    if worst.verdict is Verdict.RAISE:
        assert value(tile[1].replace("times", "").strip().replace("%", "")) > 0 and "vCPU" in tile[2]


# One value has one rounding: as a text, in sentences, tables and pictures ----------------------------


def plain_text(name, form="md"):
    """The whole document as running text, without code marks."""
    text = re.sub(r"[`\\*]|<[^>]*>", "", example_document(name, form).replace("\u00a0", " "))
    return " ".join(text.split())


@cache
def pictures(name):
    """The texts of each picture of a document, by the picture's name."""
    every_picture = report_document(example_answer(name), "x.md").every_picture()
    return {
        each.name: [
            re.sub(r"<[^>]*>", "", text) for text in re.findall(r"<text[^>]*>(.*?)</text>", each.svg, re.S)
        ]
        for each in every_picture
    }


def tile(name, title):
    return re.search(rf"^\| {title} \| ([^|]*?) \|", example_document(name, "md"), flags=re.M)[1].replace(
        "\u00a0", " "
    )


@every
def test_a_latency_is_the_same_text_in_sentence_tile_table_and_picture(name):
    total = rows(name, "md", "From submitting")[-1]
    p50, p95 = total[2].replace("\u00a0", " "), total[3].replace("\u00a0", " ")
    assert (tile(name, "Latency, p50"), tile(name, "Latency, p95")) == (p50, p95)
    assert f"within {p50}, 95 % within {p95}." in example_answer(name).summary
    assert {p50, p95} <= set(pictures(name)["latency"])
    assert any(f"p95 {p95}" in text for text in pictures(name)["costs"])


@every
def test_money_is_the_same_text_in_sentence_tile_and_picture(name):
    usd = tile(name, "Cost a month")
    assert usd in pictures(name)["costs"]
    span = re.search(r"What moves the cost most: .*?, from (\S+) to (\S+) a month\.", plain_text(name))
    assert {span[1], span[2]} <= {text.removesuffix(" fails") for text in pictures(name)["sensitivity"]}


@every
def test_the_edge_of_a_range_is_the_break_even_where_there_is_one(name):
    """By hand: a range of half to twice, cut by the first break-even on either side of today's value."""
    r = example_answer(name)
    checked = 0
    for swing in report_sensitivity(r).swings:
        turns = [turn for turn in r.answer.break_evens if turn.axis == swing.input and turn.value]
        above = [turn.value for turn in turns if swing.now < turn.value < swing.high]
        below = [turn.value for turn in turns if swing.low < turn.value < swing.now]
        if above:
            assert swing.best_to == min(above)
        if below:
            assert swing.best_from == max(below)
        checked += len(above) + len(below)
    assert checked or name not in ("access", "passwords", "research", "statements")


@every
def test_the_shares_of_growth_are_the_same_in_table_and_picture(name):
    text = example_document(name, "md")
    if "Limits that growth fills" not in text:
        pytest.skip("no limit grows")
    lines = " ".join(pictures(name)["growth"])
    for row in rows(name, "md", "Limits that growth fills"):
        today, last = row[2].replace("\u00a0", " "), row[5].replace("\u00a0", " ")
        assert f": {today} → {last}" in lines


@every
def test_memory_is_in_the_same_unit_wherever_it_is_said(name):
    table = {row[0]: row for row in rows(name, "md", "Limits, worst first")}
    if "Lambda: Memory" not in table:
        pytest.skip("no function does the work")
    memory = table["Lambda: Memory"]
    stated = dict(row[:2] for row in rows(name, "md", "What is carried"))["Memory"]
    assert memory[3].replace("\u00a0", " ") == stated.replace("\u00a0", " ")


# Plain names and units ------------------------------------------------------------------------------


@every
def test_no_number_has_a_raw_unit_or_an_exponent(name):
    """Code is left out: it quotes AWS; and so is the workload's own file at the end."""
    text = re.sub(r"`[^`]*`", "", example_document(name, "md").partition("## Make it again")[0])
    raw = r"\b\d+(?:\.\d+)?e[+-]\d+\b|\b\d{4,} ?(?:bytes|seconds|s|B)\b|USD a (?:RRU|LCU|hour|[aeiou])"
    assert re.findall(raw, text) == []
    assert re.findall(raw, "4e+07 bytes/s, 86400 s, 1800 seconds, 0.3 USD a RRU") == [
        *("4e+07", "86400 s", "1800 seconds", "USD a RRU")
    ]


@every
def test_a_cell_is_an_id_alone_only_where_it_has_no_other_name(name):
    """Constants and times of operations have an id and a sentence; all else has a name."""
    nameless = {*catalogue.constants(), *catalogue.times()}
    cells = re.findall(r"(?<=\| )`([a-z0-9_.-]+)`(?= \|)", example_document(name, "md"))
    assert set(cells) <= nameless
    labels = [text for texts in pictures(name).values() for text in texts]
    ids = {*catalogue.limits(), "function-url", "http-api", "rest-api", "alb", "presigned-upload"}
    assert [text for text in labels if ids & set(re.split(r"[\s:,]+", text))] == []
