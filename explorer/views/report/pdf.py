"""A document as PDF: a typst template gets tables and sentences as JSON, and pictures as SVG."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from explorer.facts.extras import require

from .blocks import Cell, Table
from .document import (
    Beside,
    Block,
    Code,
    Document,
    Folded,
    Heading,
    PictureBlock,
    Prose,
    ReportPicture,
    SentenceList,
)
from .layout import CODE, FOLDER, UNIT

STANDARD = "ua-1"  # PDF/UA: tagged; compilation fails if a picture has no alternative text
BUILT_IN = re.compile(r"[\x00-\u024f\u0370-\u052f\u2010-\u2044\u20ac\u2190-\u21ff\u2200-\u22ff]*")
WIDEST = 60  # characters; longer text does not widen a column


def pdf_bytes(doc: Document) -> bytes:
    """The document as PDF/UA. The same document gives the same bytes: its date is that of its facts.

    Raises MissingExtraError if typst is not installed.
    """
    document: bytes = _compile_typst(doc, "pdf")
    return document


def pages(doc: Document, dots_an_inch: float = 80) -> list[bytes]:
    """Each page of the PDF as PNG."""
    pictures: list[bytes] = _compile_typst(doc, "png", ppi=dots_an_inch)
    return pictures


def _compile_typst(doc: Document, form: str, **more: Any) -> Any:
    require("PDF", "typst")
    import typst

    source = _typst_document(doc)
    text = json.dumps(source, ensure_ascii=False)
    if form == "pdf":
        more["pdf_standards"] = STANDARD
    inputs = {
        "main.typ": (FOLDER / "report.typ").read_bytes(),
        "report.json": text.encode(),
        **{f"{picture.name}.svg": picture.svg.encode() for picture in doc.every_picture()},
    }
    compiled: Any = typst.compile  # typst's type stub does not have inputs by name
    return compiled(
        inputs,
        format=form,
        font_paths=_font_folder(),
        ignore_system_fonts=BUILT_IN.fullmatch(text) is not None,
        timestamp=0,
        **more,
    )


def _font_folder() -> list[str]:
    """The folder of the pictures' fonts; none if there are no pictures."""
    try:
        from explorer.views.figures.fonts import FOLDER
    except ImportError:
        return []
    return [str(FOLDER)]


# Input of the template ----------------------------------------------------------------------------


def _typst_document(doc: Document) -> dict[str, Any]:
    return {
        "title": doc.title,
        "status": {"kind": doc.status.kind, "text": doc.status.text},
        "record": [{"kind": line.kind, "text": line.text} for line in doc.record],
        "newest": doc.newest,
        "version": doc.version,
        "summary": doc.summary,
        "lead": typst_spans(doc.lead),
        "tiles": [
            {"kind": tile.kind, "text": tile.text, "note": typst_spans(tile.note)} for tile in doc.tiles
        ],
        "points": [[_typst_block(doc, block) for block in column] for column in _two_columns(doc.points)],
        "money": [_typst_block(doc, block) for block in doc.money],
        "cover": next((_typst_picture(one) for one in doc.pictures_of("resources")), None),
        "signatures": _signatures(doc),
        "no_pictures": doc.no_pictures,
        "sections": [
            {"id": s.id, "title": s.title, "blocks": [_typst_block(doc, block) for block in s.blocks]}
            for s in doc.sections
        ],
        "sources": [
            {"place": s.place, "url": s.url, "seen": s.dates, "facts": ", ".join(sorted(s.facts))}
            for s in doc.sources
        ],
    }


def _signatures(doc: Document) -> list[str]:
    """The signature lines; a blank name is filled in by hand."""
    deciders = next((line.text for line in doc.record if line.kind == "Deciders"), "")
    return [f"{name}, date" for name in deciders.split(", ") if name] or ["Name, date", "Name, date"]


def _two_columns(points: Sequence[SentenceList]) -> tuple[Sequence[SentenceList], Sequence[SentenceList]]:
    """Two columns of about equal length, in order."""
    sizes = [2 + sum(1 + len(text) // 55 for text in point.sentences) for point in points]
    at = min(range(len(points) + 1), key=lambda at: abs(sum(sizes[:at]) - sum(sizes[at:])))
    return points[:at], points[at:]


def _typst_block(doc: Document, block: Block) -> dict[str, Any]:
    match block:
        case Table():
            return _typst_table(block)
        case Prose():
            return {"kind": "prose", "text": typst_spans(block.text), "small": block.small}
        case Heading():
            return {"kind": "heading", "text": block.text}
        case SentenceList():
            items, heading = [typst_spans(text) for text in block.sentences], block.heading
            return {"kind": "sentences", "heading": heading, "items": items, "otherwise": block.otherwise}
        case Beside():
            return {"kind": "beside", "blocks": [_typst_block(doc, one) for one in block.blocks]}
        case Folded():
            return _typst_table(block.table)
        case Code():
            return {"kind": "code", "text": block.text, "language": block.language}
        case PictureBlock():
            pictures = [_typst_picture(one) for one in doc.pictures_of(block.key)]
            return {"kind": "pictureblock", "pictures": pictures, "half": len(pictures) > 1}


def _typst_picture(picture: ReportPicture) -> dict[str, str]:
    return {"file": f"{picture.name}.svg", "alt": picture.alt}


def _typst_table(table: Table) -> dict[str, Any]:
    """A table, and each column's share of the width."""
    return {
        "kind": "table",
        "caption": table.caption,
        "head": list(table.head),
        "rows": [[_typst_cell(cell) for cell in row] for row in table.rows],
        "total": [_typst_cell(cell) for cell in table.total],
        "numbers": sorted(table.numbers),
        "widths": [_column_width(table, column) for column in range(len(table.head))],
        "small": table.look != "" or len(table.head) > 6,
        "short": len(table.rows) <= 8,
    }


def _column_width(table: Table, column: int) -> float:
    """The width of a column, as the square root of its longest text, so that no column is too narrow."""
    cells = [row[column] for row in table.rows if column < len(row)]
    longest = max((max(len(cell.text), len(cell.note) * 0.8) for cell in cells), default=1.0)
    word = max((len(word) for word in table.head[column].split()), default=1)
    return float(max(min(longest, WIDEST) ** 0.75, word * 1.1, 3.5))


def _typst_cell(cell: Cell) -> dict[str, Any]:
    text = [["code", cell.text]] if cell.kind == "code" else typst_spans(cell.text)
    return {
        "text": text,
        "note": typst_spans(cell.note),
        "kind": cell.kind,
        "share": cell.share,
        "url": cell.url,
    }


def typst_spans(text: str) -> list[list[str]]:
    """Parts of a line: text, and code between backticks; numbers stay with their units."""
    pieces: Iterable[str] = CODE.split(text)
    return [
        ["code", piece] if place % 2 else ["text", UNIT.sub("\u00a0", piece)]
        for place, piece in enumerate(pieces)
        if piece
    ]
