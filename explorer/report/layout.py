"""Templates and escaping: in both forms everything is escaped unless it says otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from .said import one_line

TEMPLATES = {".html": "report.html.j2", ".md": "report.md.j2"}
FOLDER = Path(__file__).parents[1] / "templates"
CODE = re.compile(r"`([^`]+)`")
MARKS = re.compile(r"([\\`*_{}\[\]#|~$@])")
STARTS = re.compile(r"^([-+>=]|\d+[.)])(?=\s|$)")  # of a list, a quotation or a heading


def laid_out(ending: str, **contents: Any) -> str:
    """The document of that form."""
    return _environment(ending).get_template(TEMPLATES[ending]).render(**contents)


@cache
def _environment(ending: str) -> Environment:
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
    environment.filters["code"] = md_code
    environment.filters["fence"] = md_fence
    return environment


def _spans(text: str, plain: Callable[[str], str], code: Callable[[str], str]) -> Markup:
    """`text` with what stands between backticks as code."""
    pieces = CODE.split(text)
    return Markup("".join(code(piece) if i % 2 else plain(piece) for i, piece in enumerate(pieces)))


def html_prose(text: str) -> Markup:
    """Text in HTML, its code marked as such."""
    return _spans(text, escape, lambda piece: f"<code>{escape(piece)}</code>")


def md_text(text: str) -> str:
    """`text` as itself in Markdown: on one line, and nothing in it marks anything up."""
    escaped = MARKS.sub(r"\\\1", one_line(text)).replace("&", "&amp;").replace("<", "&lt;")
    return STARTS.sub(lambda match: match[0][:-1] + "\\" + match[0][-1], escaped)


def md_prose(text: str) -> Markup:
    """Text in Markdown, its code marked as such."""
    return _spans(text, _md_piece, lambda piece: str(md_code(piece)))


def _md_piece(piece: str) -> str:
    """A piece of a line: the blanks that part it from its neighbours are kept."""
    before, after = piece[: len(piece) - len(piece.lstrip())], piece[len(piece.rstrip()) :]
    return before + md_text(piece) + after if piece.strip() else piece


def md_code(text: str) -> Markup:
    """A span of code that can stand in a table."""
    return Markup("`" + one_line(text).replace("`", "'").replace("|", "\\|") + "`")


def md_fence(text: str) -> Markup:
    """A block of TOML that nothing in it can end."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return Markup(f"{fence}toml\n{text}\n{fence}")


def _md_value(value: Any) -> Any:
    return value if hasattr(value, "__html__") else Markup(md_text(str(value)))
