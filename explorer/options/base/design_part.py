"""The parts of a design: what someone must know exists, and where a picture has it."""

from __future__ import annotations

from typing import Self

from .request_path import Actor


class DesignPart(str):
    """The name of a part; `role` is whose box it is drawn in, where that is not the box of its concern."""

    __slots__ = ("box", "role")
    role: Actor | None
    box: str

    def __new__(cls, name: str, role: Actor | None = None, box: str = "") -> Self:
        """A part named `name`; `box` is the title of its box where no other part has made one."""
        part = super().__new__(cls, name)
        part.role, part.box = role, box
        return part
