"""Parts of the panels: a number with an explanation, a panel's title, a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from explorer.analysis.phrases import change_in_words, sentence
from explorer.engine.designs import Design


def number_button(text: str, why: str, *, kind: str = "") -> str:
    """A number as a button; `why` is the key of its explanation."""
    extra = f" {kind}" if kind else ""
    return f'<button type="button" class="n{extra}" data-why="{escape(why)}">{escape(text)}</button>'


def panel_title(text: str, extra: str = "") -> str:
    """The head of a panel; `extra` is HTML beside it."""
    return f"<header><h2>{escape(text)}</h2>{extra}</header>"


def design_link(design: Design, best: Design, text: str = "") -> str:
    """A design's name as a button that opens it; by default its difference from the one shown."""
    words = change_in_words(design, best)
    title = sentence(f"{words or 'the design shown'}: open it", "")
    return (
        f'<button type="button" class="n open" data-open="{escape(str(design))}"'
        f' title="{escape(title)}">{escape(text or words or "the design shown")}</button>'
    )


def list_button(text: str, name: str) -> str:
    """A button from a panel's first rows to the complete list."""
    return f'<button type="button" class="n open more" data-list="{name}">{escape(text)}</button>'


def term(text: str, word: str) -> str:
    """A term with its explanation."""
    return f'<button type="button" class="n term" data-why="word:{escape(word)}">{escape(text)}</button>'


def html_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], label: str = "Table", kind: str = ""
) -> str:
    """A table of HTML cells; the first column names the rows; "words" columns are left-aligned."""
    first = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    body = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for name, *cells in rows
    )
    columns = len(head) - 1  # beside the first, where each row stands in two lines
    table = f"<table><thead><tr>{first}</tr></thead><tbody>{body}</tbody></table>"
    look = " ".join(filter(None, ("x-table", kind)))
    attributes = f'class="{look}" style="--columns: {columns}" tabindex="0" role="group"'
    return f'<div {attributes} aria-label="{escape(label)}">{table}</div>'
