"""Pieces of the panels: a number that explains itself, a panel's title."""

from __future__ import annotations

from html import escape


def number_button(text: str, why: str, *, kind: str = "") -> str:
    """A number as a button; `why` is the key under which its explanation is asked."""
    extra = f" {kind}" if kind else ""
    return f'<button type="button" class="n{extra}" data-why="{escape(why)}">{escape(text)}</button>'


def panel_title(text: str, extra: str = "") -> str:
    """The head of a panel; `extra` is HTML beside it."""
    return f"<header><h2>{escape(text)}</h2>{extra}</header>"
