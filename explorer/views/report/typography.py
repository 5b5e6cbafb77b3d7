"""Text as a document can hold it."""

from __future__ import annotations


def one_line(text: str) -> str:
    """`text` on one line, without what cannot be printed."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())
