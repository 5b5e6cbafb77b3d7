"""A PDF read back: the first page stands alone, no heading hangs at the end of a page, no row is cut."""

import io
import re
import zlib
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

import explorer as ex
from explorer.views.report.pdf import pages
from explorer.views.report.report import render_document
from explorer.views.report.sections import report_document
from tests.support.documents import example_answer, example_bytes
from tests.views.report.test_report import impossible

LAST = 0.15  # of a page
OBJECT = re.compile(rb"(\d+) 0 obj\s(.*?)endobj", re.DOTALL)
MARKED_CONTENT = re.compile(rb"/MCID (\d+)>>BDC\s+q [\d.-]+ [\d.-]+ [\d.-]+ [\d.-]+ ([\d.-]+) ([\d.-]+) cm")


class Pdf:
    """A tagged PDF as typst writes it: its pages, and the elements of its structure with their places."""

    def __init__(self, content):
        self.objects = {int(match[1]): match[2] for match in OBJECT.finditer(content)}
        tree = next(text for text in self.objects.values() if b"/Type/Pages" in text)
        self.pages = [int(number) for number in re.findall(rb"(\d+) 0 R", tree.partition(b"/Kids")[2])]
        self.pages = [number for number in self.pages if b"/Type/Page/" in self.objects[number]]
        self.places = {page: self._places(page) for page in self.pages}

    def _places(self, page):
        """How high each piece of a page stands, as a share of its height."""
        height = float(re.search(rb"/MediaBox\[0 0 [\d.]+ ([\d.]+)\]", self.objects[page])[1])
        stream = self.objects[int(re.search(rb"/Contents (\d+)", self.objects[page])[1])]
        length, begin = int(re.search(rb"/Length (\d+)", stream)[1]), re.search(rb"stream\r?\n", stream).end()
        text = zlib.decompress(stream[begin : begin + length])
        return {int(number): float(y) / height for number, _, y in MARKED_CONTENT.findall(text)}

    def elements(self, kind):
        return [number for number, text in self.objects.items() if b"/S/%b/" % kind in text]

    def title(self, element):
        match = re.search(rb"/T\(([^)]*)\)", self.objects[element])
        return match[1].decode("latin-1") if match else ""

    def pieces(self, element):
        """(page, height) of all that an element holds."""
        text = self.objects[element]
        kids = re.search(rb"/K\s*(\[[^\]]*\]|\d+ 0 R|\d+)", text)
        page = re.search(rb"/Pg (\d+)", text)
        inner = kids[1] if kids else b""
        for number in re.findall(rb"(\d+) 0 R", inner):
            yield from self.pieces(int(number))
        for number in re.findall(rb"(?<![\d ])(?<!\d)(\d+)(?! 0 R)(?!\d)", re.sub(rb"\d+ 0 R", b"", inner)):
            if page and (height := self.places[int(page[1])].get(int(number))) is not None:
                yield int(page[1]), height


@cache
def pdf(name):
    return Pdf(render_document(impossible(), "x.pdf") if name == "impossible" else example_bytes(name, "pdf"))


every_answer = pytest.mark.parametrize("name", ["statements", "satellite", "questions", "impossible"])


@every_answer
def test_no_heading_stands_in_the_last_part_of_a_page(name):
    read = pdf(name)
    headings = [*read.elements(b"H2"), *read.elements(b"H3")]
    places = {read.title(heading): list(read.pieces(heading)) for heading in headings}
    assert len(headings) > 15 and all(places.values())
    assert {title for title, pieces in places.items() if any(height < LAST for _, height in pieces)} == set()


@every_answer
def test_no_row_is_cut_by_the_end_of_a_page(name):
    read = pdf(name)
    rows = [{page for page, _ in read.pieces(row)} for row in read.elements(b"TR")]
    rows = [pages for pages in rows if pages]
    assert len(rows) > 80 and [pages for pages in rows if len(pages) > 1] == []


@every_answer
def test_the_first_page_holds_the_whole_decision_and_the_details_begin_on_the_second(name):
    read = pdf(name)
    at = {
        read.title(h): {page for page, _ in read.pieces(h)}
        for h in (*read.elements(b"H2"), *read.elements(b"H3"))
    }
    first, second = ({page} for page in read.pages[:2])
    on_first = (
        {"In short", "Risk", "What would change it", "Money"}
        if name != "impossible"
        else {"In short", "Missed by"}
    )
    sections = {title: pages for title, pages in at.items() if title in ("Limits", "Decision", "Cost")}
    assert all(first <= at[title] for title in on_first if title in at) and on_first <= at.keys()
    assert all(min(map(read.pages.index, pages)) >= 1 for pages in sections.values())
    assert len(read.pages) > 6 and second


def test_the_reader_of_these_tests_finds_what_is_cut():
    """A row of two pages, and a heading low on its page, as the reader would see them."""
    read = pdf("statements")
    row = next(row for row in read.elements(b"TR") if list(read.pieces(row)))
    (page,) = {page for page, _ in read.pieces(row)}
    other = next(number for number in read.pages if number != page)
    assert {page, other} > {page} and 0 < min(read.places[page].values()) < 1


@every_answer
def test_no_page_but_the_first_and_the_last_is_half_empty(name):
    """Of the height between head and foot, what lies above the lowest ink."""
    r = impossible() if name == "impossible" else example_answer(name)
    for number, page in enumerate(pages(report_document(r, "x.pdf"), 20)[1:-1], 2):
        grey = np.asarray(Image.open(io.BytesIO(page)).convert("L"))
        top, bottom = int(len(grey) * 20 / 297), int(len(grey) * 279 / 297) - 1
        rows = np.flatnonzero((grey[top:bottom] < 200).any(axis=1))
        assert (rows.max() + 1) / (bottom - top) > 0.55, f"page {number}"


def longest_gap(page):
    """The longest run of rows without ink, as a share of a page [PNG]."""
    grey = np.asarray(Image.open(io.BytesIO(page)).convert("L"))
    inked = np.flatnonzero((grey < 200).any(axis=1))
    return int(np.diff(inked).max()) / len(grey)


@pytest.mark.parametrize("name", ["chat", "statements"])
def test_no_quarter_of_the_first_page_is_empty(name):
    """The room above the signatures holds the picture of what is built, where it can be read there."""
    doc = report_document(example_answer(name), "x.pdf")
    with_pictures, without = (pages(each, 40)[0] for each in (doc, replace(doc, pictures={})))
    assert longest_gap(with_pictures) < 0.25
    if name == "chat":  # a short page, which has the room
        assert longest_gap(without) > 0.3


def test_the_pictures_of_the_distributions_stand_together_after_their_quantiles():
    doc = report_document(example_answer("statements"), "x.pdf")
    (context,) = (section for section in doc.sections if section.id == "context")
    assert [type(block).__name__ for block in context.blocks] == ["Table", "PictureBlock", "Beside"]


def runs(mask):
    """(begin, end) of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(int), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def tile_boxes(page, count):
    """The top and the bottom row of a row of `count` boxes, and the columns between them."""
    grey = np.asarray(Image.open(io.BytesIO(page)).convert("L"))
    rows = [(y, runs(grey[y] < 240)) for y in range(len(grey))]
    borders = [(y, each) for y, each in rows if len(each) == count and min(e - b for b, e in each) > 120]
    (top, spans), (bottom, _) = borders[0], borders[-1]
    return grey, top, bottom, [(end, begin) for (_, end), (begin, _) in pairwise(spans)]


@pytest.mark.parametrize("name", ["open", "statements", "impossible"])
def test_the_text_of_each_key_number_stays_in_its_box(name):
    answers = {"open": chosen_size_answer, "impossible": impossible}
    doc = report_document(answers[name]() if name in answers else example_answer(name), "x.pdf")
    grey, top, bottom, gaps = tile_boxes(pages(doc, 200)[0], len(doc.tiles))
    assert len(doc.tiles) == (6 if name == "open" else 5) and bottom - top > 120
    round_px = 12  # a corner, and the border beneath it
    assert all(grey[top:bottom, begin + round_px : end - round_px].min() > 240 for begin, end in gaps)
    assert grey[bottom + 4 : bottom + 10].min() > 240  # nothing hangs out of a box at its foot


def chosen_size_answer():
    """An answer with the longest size: the memory and the architecture are open."""
    w = example_answer("statements").workload
    return ex.recommend(w.replace({"runtime.memory": "any", "runtime.architecture": "any"}))


@pytest.mark.parametrize("name", ["satellite", "statements"])
def test_the_running_head_is_one_line_however_long_the_title_is(name):
    doc = report_document(example_answer(name), "x.pdf")
    assert len(doc.title) > 90
    for page in pages(doc, 100)[1:]:
        grey = np.asarray(Image.open(io.BytesIO(page)).convert("L"))
        head = runs((grey[: int(len(grey) * 19 / 297)] < 200).any(axis=1))
        assert sum(end - begin for begin, end in head) < 16  # of 100 an inch: letters of 8 points, and a rule


@every_answer
def test_every_picture_stands_once(name):
    read = pdf(name)
    texts = [read.objects[number] for number in read.elements(b"Figure")]
    alts = [re.search(rb"/Alt\s*[(<]([^)>]*)", text)[1] for text in texts]
    assert len(alts) > 8 and len(set(alts)) == len(alts)
