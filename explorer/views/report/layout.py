"""HTML and Markdown templates; all text is escaped unless marked as markup."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from explorer.facts.locations import templates_dir

from .blocks import Cell, Table
from .document import Block, Document, ReportPicture, Section, kind
from .typography import one_line

TEMPLATES = {".html": "report.html.j2", ".md": "report.md.j2"}
FOLDER = templates_dir()
SPACED = re.compile(r"\n{3,}")  # more than one empty line
CODE = re.compile(r"`([^`]+)`")
UNIT = re.compile(r"(?<=\d) (?=%|[KMGT]?B\b|(?:ms|s|min|h|days?|times|[mb]illion)\b)")
APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")
MARKS = re.compile(r"[\\`*\[\]#|~]|\$(?!\d)|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")  # markup


def html(doc: Document) -> str:
    """The document as one page that loads nothing else."""
    return html_page(TEMPLATES[".html"], doc=doc)


def html_page(template: str, **variables: Any) -> str:
    """An HTML page with its style and its script; no other script may run on it."""
    script = (FOLDER / "report.js").read_text(encoding="utf-8")
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    html_text = _template_environment(".html").get_template(template)
    return html_text.render(script=Markup(script), script_hash=digest, **variables)


def md(doc: Document) -> str:
    """The document as Markdown."""
    return (
        SPACED.sub(
            "\n\n", _template_environment(".md").get_template(TEMPLATES[".md"]).render(doc=doc)
        ).strip()
        + "\n"
    )


def md_head(doc: Document) -> str:
    """The part before the sections, as Markdown."""
    return _md_macro("head", doc)


def md_part(section: Section, blocks: Sequence[Block], doc: Document, headed: bool) -> str:
    """Some blocks of a section, as Markdown, with the heading before the first."""
    return _md_macro("chapter" if headed else "rest", section, blocks, doc)


def _md_macro(name: str, *arguments: Any) -> str:
    macros = _template_environment(".md").get_template("blocks.md.j2").module
    return SPACED.sub("\n\n", getattr(macros, name)(*arguments)).strip()


def _data_address(picture: ReportPicture) -> str:
    """A data URL with the complete picture."""
    return "data:image/svg+xml;base64," + b64encode(picture.svg.encode()).decode()


@cache
def _template_environment(ending: str) -> Environment:
    in_html = ending == ".html"
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        finalize=None if in_html else _md_value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["prose"] = html_prose if in_html else md_prose
    environment.filters.update(kind=kind, embedded=_data_address)
    environment.filters.update(code=md_code, fence=md_fence, table=md_table, address=md_address)
    return environment


def _code_spans(text: str, plain: Callable[[str], str], code: Callable[[str], str]) -> Markup:
    """`text` with the parts between backticks as code."""
    pieces = CODE.split(text)
    return Markup("".join(code(piece) if i % 2 else plain(piece) for i, piece in enumerate(pieces)))


def html_prose(text: str) -> Markup:
    """Text as HTML, with code marked."""
    return _code_spans(text, _typeset, lambda piece: f"<code>{escape(piece)}</code>")


def _typeset(text: str) -> str:
    """Apply typography: a number and its unit stay on one line, apostrophes are curly."""
    return escape(UNIT.sub("\u00a0", APOSTROPHE.sub("\u2019", text)))


def md_text(text: str) -> Markup:
    """`text` escaped for a line of Markdown, so that nothing in it is markup."""
    marked = MARKS.sub(r"\\\g<0>", one_line(text))
    return Markup(marked.replace("&", "&amp;").replace("<", "&lt;"))


def md_prose(text: str) -> Markup:
    """Text as Markdown, with code marked."""
    return _code_spans(text, _md_piece, md_code)


def _md_piece(piece: str) -> str:
    """A part of a line; spaces at its ends are kept."""
    start, end = piece[: len(piece) - len(piece.lstrip())], piece[len(piece.rstrip()) :]
    return f"{start}{md_text(piece)}{end}" if piece.strip() else piece


def md_code(text: str) -> Markup:
    """A code span, also valid in a table."""
    return Markup("`" + one_line(text).replace("`", "'").replace("|", "\\|") + "`")


def md_fence(text: str, language: str) -> Markup:
    """A code block whose content cannot end it."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return Markup(f"{fence}{language}\n{text}\n{fence}")


def md_address(url: str) -> Markup:
    """A URL escaped so that it ends neither a link nor a cell."""
    return Markup(url.translate({ord(c): f"%{ord(c):02X}" for c in " <>()|`\n"}))


def md_table(table: Table) -> Markup:
    """A table in GitHub's Markdown with its caption."""
    rules = ["---:" if i in table.numbers else "---" for i in range(len(table.head))]
    rows = [map(md_text, table.head), rules, *(map(_md_cell, row) for row in table.rows)]
    if table.total:
        rows.append(f"**{text}**" if (text := _md_cell(cell)) else "" for cell in table.total)
    lines = (f"| {' | '.join(row)} |" for row in rows)
    return Markup("\n".join([f"*{md_text(table.caption)}*", "", *lines]))


def _md_cell(cell: Cell) -> str:
    text = md_code(cell.text) if cell.kind == "code" else md_prose(cell.text)
    if cell.url:
        text = Markup(f"[{text}]({md_address(cell.url)})")
    return " · ".join(filter(None, (text, md_prose(cell.note))))


def _md_value(value: Any) -> Any:
    return value if hasattr(value, "__html__") else md_text(str(value))
