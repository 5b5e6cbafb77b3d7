"""What a report says, in order, before it has a form: sections of blocks, made once for all four forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .blocks import Cell, Source, Table


@dataclass(frozen=True)
class Prose:
    """A paragraph. Text between backticks is code."""

    text: str
    small: bool = False


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str


@dataclass(frozen=True)
class SentenceList:
    """Sentences under a heading, or what is said when there are none."""

    heading: str
    sentences: Sequence[str]
    otherwise: str = ""


@dataclass(frozen=True)
class Beside:
    """Lists or tables that stand side by side where there is room."""

    blocks: Sequence[SentenceList | Table]


@dataclass(frozen=True)
class Folded:
    """A table that is folded away under one line until it is asked for, and printed in full."""

    summary: str
    table: Table


@dataclass(frozen=True)
class Code:
    """Lines to copy."""

    text: str
    language: str


@dataclass(frozen=True, eq=False)
class ReportPicture:
    """A picture: drawn when a form first asks for it."""

    name: str
    draw: Callable[[], Any]  # gives an explorer.views.figures.Picture
    expression: str  # that draws it in a notebook, from the names of `Document.names`
    rows: Callable[[], Any]  # gives a DataFrame of what the picture shows

    @cached_property
    def picture(self) -> Any:
        """An explorer.views.figures.Picture."""
        return self.draw()

    @property
    def alt(self) -> str:
        """What it shows, in words."""
        return str(self.picture.alt)

    @cached_property
    def svg(self) -> str:
        """The picture as SVG."""
        return str(self.picture.svg())


@dataclass(frozen=True)
class PictureBlock:
    """The pictures of a section, by the key that `pictures` gives them."""

    key: str


Block = Prose | Heading | SentenceList | Beside | Folded | Code | PictureBlock | Table


@dataclass(frozen=True)
class Section:
    """A part of the document under its own heading."""

    id: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """A report without a form."""

    title: str
    status: Cell
    record: Sequence[Cell]  # who decides and when: each its name as `kind`, "" where it is to be written in
    newest: str  # the newest date among its facts
    version: str
    summary: str
    lead: str
    tiles: Sequence[Cell]
    points: Sequence[SentenceList]
    money: Sequence[Table | Prose]
    sections: Sequence[Section]
    sources: Sequence[Source]
    no_pictures: str = ""  # why there are none
    pictures: dict[str, list[ReportPicture]] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)  # what the expressions of its pictures are about

    def pictures_of(self, key: str) -> list[ReportPicture]:
        """The pictures of one key; none where they cannot be drawn."""
        return self.pictures.get(key, [])

    def every_picture(self) -> Iterator[ReportPicture]:
        """All pictures, in the order of the document."""
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, PictureBlock):
                    yield from self.pictures_of(block.key)


def kind(block: Block) -> str:
    """The name by which the templates know a block."""
    return type(block).__name__.lower()
