"""Clean text for documents."""

from __future__ import annotations


def one_line(text: str) -> str:
    """`text` on one line, without unprintable characters."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())
