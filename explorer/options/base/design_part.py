"""The parts of a design: what someone must know exists, and where a picture shows it."""

from __future__ import annotations

from typing import Self

from .request_path import Actor


class DesignPart(str):
    """The name of a part; `role` is the box that shows it, if that is not the box of its option."""

    __slots__ = ("box", "role")
    role: Actor | None
    box: str

    def __new__(cls, name: str, role: Actor | None = None, box: str = "") -> Self:
        """Make a part named `name`; `box` is the title of its box if no other part has made one."""
        part = super().__new__(cls, name)
        part.role, part.box = role, box
        return part
